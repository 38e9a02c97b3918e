/*
 * harvest - from what a campaign left lying about to findings
 *
 * A hundred inputs that break one promise by one mechanism are one finding: the smallest of them,
 * minimised by the engine's own means, run again to see that it still shows the same, written to
 * findings/SLUG.case. What findings/ held before the campaign is not new.
 */
#ifndef UP_TOOLS_HARVEST_H
#define UP_TOOLS_HARVEST_H

#include "oracle/finding.h"
#include "tools/worker.h"

struct up_catch {
        char *path; /* findings/SLUG.case */
        char *slug;
        struct up_finding *finding;
        char *known; /* URL of the known breakage that a regression holds; NULL without */
        gsize bytes;
        bool is_new; /* neither known nor found by an earlier campaign in this folder */
};

/**
 * The known breakages of a target: its regressions with a `known:` line are run, and the slug of
 * each finding is mapped to the URL. g_hash_table_unref() frees it.
 */
GHashTable *up_harvest_known(const char *regressions, const char *target);

/**
 * Harvests a target, at most @minimise_s seconds for each finding. Tells @step, before each longer
 * step, what is done ("minimising leak-1234"). Returns an array of struct up_catch, ordered by
 * slug, which frees them. When interrupted, those that were done.
 */
GPtrArray *up_harvest(const struct up_folders *folders, const char *target, const char *binary,
    GHashTable *known, unsigned minimise_s, void (*step)(const char *text));

#endif
