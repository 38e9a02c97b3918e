/*
 * lasso - one candidate for the period at a time: the distance to the same digest before
 *
 * A way round on which no time passes is none of its business: that is a pipeline which spins.
 */
#include "world/lasso.h"

#define ROUNDS_MORE 3

struct knot {
        uint64_t digest;
        int64_t at_ms;
};

void up_lasso_init(struct up_lasso *lasso)
{
        *lasso = (struct up_lasso){
                .knots = g_array_new(FALSE, FALSE, sizeof(struct knot)),
                .last = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL),
        };
}

void up_lasso_clear(struct up_lasso *lasso)
{
        g_array_unref(lasso->knots);
        g_hash_table_unref(lasso->last);
}

static const struct knot *knot_at(const struct up_lasso *lasso, guint place)
{
        return &g_array_index(lasso->knots, struct knot, place);
}

/* Places are kept from 1: NULL is none. */
static guint place_before(const struct up_lasso *lasso, uint64_t digest)
{
        return GPOINTER_TO_UINT(g_hash_table_lookup(lasso->last, &digest));
}

bool up_lasso_add(struct up_lasso *lasso, uint64_t digest, int64_t at_ms)
{
        const struct knot knot = { digest, at_ms };
        guint here = lasso->knots->len;

        if (lasso->period > 0 && knot_at(lasso, here - lasso->period)->digest == digest) {
                lasso->matched++;
        } else {
                guint before = place_before(lasso, digest);
                lasso->period = before > 0 ? here - (before - 1) : 0;
                lasso->matched = before > 0 ? 1 : 0;
        }
        g_array_append_val(lasso->knots, knot);
        g_hash_table_replace(
            lasso->last, g_memdup2(&digest, sizeof digest), GUINT_TO_POINTER(here + 1));
        return lasso->period > 0 && lasso->matched > ROUNDS_MORE * lasso->period &&
               at_ms > knot_at(lasso, here - lasso->period)->at_ms;
}
