#include "target/growth.h"

#include "oracle/finding.h"

/* Edges of a quarter of the message, of a half, of the whole. */
#define SIZES      3
#define MAX_FACTOR 3.0

static double factor(const uint64_t edges[SIZES], size_t size)
{
        return (double)edges[size] / (double)MAX(edges[size - 1], 1);
}

static bool grows_too_fast(const uint64_t edges[SIZES])
{
        return factor(edges, 1) > MAX_FACTOR && factor(edges, 2) > MAX_FACTOR;
}

static uint64_t measure_first(const struct up_case *c, gsize bytes, up_growth_measure measure)
{
        g_autoptr(GBytes) message = g_bytes_new_from_bytes(c->message, 0, bytes);
        struct up_case cut = *c;

        cut.message = message;
        return measure(&cut);
}

void up_growth_judge(const struct up_case *c, uint64_t fuel, up_growth_measure measure,
    const char *target, GPtrArray *findings)
{
        gsize bytes = g_bytes_get_size(c->message);
        uint64_t edges[SIZES];

        if (bytes < UP_GROWTH_MIN_BYTES || fuel < UP_GROWTH_MIN_EDGES)
                return;
        edges[0] = measure_first(c, bytes / 4, measure);
        edges[1] = measure_first(c, bytes / 2, measure);
        edges[2] = fuel;
        if (!grows_too_fast(edges))
                return;
        edges[2] = measure(c); /* without what a process does once */
        if (edges[2] < UP_GROWTH_MIN_EDGES || !grows_too_fast(edges))
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
