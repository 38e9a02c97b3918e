/*
 * cycle_detector - one candidate for the period at a time: the distance to the same digest before
 *
 * A way round on which no time passes is none of its business: that is a pipeline which spins.
 */
#include "world/cycle_detector.h"

#define ROUNDS_MORE 3

struct knot {
        uint64_t digest;
        int64_t at_ms;
};

void up_cycle_detector_init(struct up_cycle_detector *cycle_detector)
{
        *cycle_detector = (struct up_cycle_detector){
                .knots = g_array_new(FALSE, FALSE, sizeof(struct knot)),
                .last = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL),
        };
}

void up_cycle_detector_clear(struct up_cycle_detector *cycle_detector)
{
        g_array_unref(cycle_detector->knots);
        g_hash_table_unref(cycle_detector->last);
}

static const struct knot *knot_at(const struct up_cycle_detector *cycle_detector, guint place)
{
        return &g_array_index(cycle_detector->knots, struct knot, place);
}

/* Places are kept from 1: NULL is none. */
static guint place_before(const struct up_cycle_detector *cycle_detector, uint64_t digest)
{
        return GPOINTER_TO_UINT(g_hash_table_lookup(cycle_detector->last, &digest));
}

bool up_cycle_detector_add(struct up_cycle_detector *cycle_detector, uint64_t digest, int64_t at_ms)
{
        const struct knot knot = { digest, at_ms };
        guint here = cycle_detector->knots->len;

        if (cycle_detector->period > 0 &&
            knot_at(cycle_detector, here - cycle_detector->period)->digest == digest) {
                cycle_detector->matched++;
        } else {
                guint before = place_before(cycle_detector, digest);
                cycle_detector->period = before > 0 ? here - (before - 1) : 0;
                cycle_detector->matched = before > 0 ? 1 : 0;
        }
        g_array_append_val(cycle_detector->knots, knot);
        g_hash_table_replace(
            cycle_detector->last, g_memdup2(&digest, sizeof digest), GUINT_TO_POINTER(here + 1));
        return cycle_detector->period > 0 &&
               cycle_detector->matched > ROUNDS_MORE * cycle_detector->period &&
               at_ms > knot_at(cycle_detector, here - cycle_detector->period)->at_ms;
}
