/*
 * growth - three sizes of one message, the largest last
 *
 * The case has run before, and paid for what a process does once. So where it seems to have grown
 * too fast it is run again, and that run counts.
 */
#include "target/growth.h"

#include "oracle/finding.h"

#define SIZES       3 /* a quarter, a half, the whole */
#define MOST_FACTOR 3.0

static double factor(const uint64_t edges[SIZES], size_t size)
{
        return (double)edges[size] / (double)MAX(edges[size - 1], 1);
}

static bool grows_too_fast(const uint64_t edges[SIZES])
{
        return factor(edges, 1) > MOST_FACTOR && factor(edges, 2) > MOST_FACTOR;
}

/* The case with only the first bytes of its message. */
static uint64_t spend_on_first(const struct up_case *c, gsize bytes, up_growth_spend spend)
{
        g_autoptr(GBytes) message = g_bytes_new_from_bytes(c->message, 0, bytes);
        struct up_case cut = *c;

        cut.message = message;
        return spend(&cut);
}

void up_growth_judge(const struct up_case *c, uint64_t spent, up_growth_spend spend,
    const char *target, GPtrArray *findings)
{
        gsize bytes = g_bytes_get_size(c->message);
        uint64_t edges[SIZES];

        if (bytes < UP_GROWTH_LEAST_BYTES || spent < UP_GROWTH_LEAST_EDGES)
                return;
        edges[0] = spend_on_first(c, bytes / 4, spend);
        edges[1] = spend_on_first(c, bytes / 2, spend);
        edges[2] = spent;
        if (!grows_too_fast(edges))
                return;
        edges[2] = spend(c);
        if (edges[2] < UP_GROWTH_LEAST_EDGES || !grows_too_fast(edges))
                return;

        g_autofree char *signature = g_strdup_printf("%s: faster than the message", target);
        g_autofree char *detail = g_strdup_printf(
            "work grew by a factor of %.1f, then of %.1f, as the message doubled: "
            "its first %" G_GSIZE_FORMAT " bytes take %" G_GUINT64_FORMAT " edges, %" G_GSIZE_FORMAT
            " take %" G_GUINT64_FORMAT ", all %" G_GSIZE_FORMAT " take %" G_GUINT64_FORMAT,
            factor(edges, 1), factor(edges, 2), bytes / 4, edges[0], bytes / 2, edges[1], bytes,
            edges[2]);
        g_ptr_array_add(findings, up_finding_new(UP_CLASS_SUPERLINEAR, signature, detail));
}
