/*
 * harvest - from what a campaign left lying about to findings
 *
 * A hundred inputs that break one promise by one mechanism are one finding: the smallest of them,
 * minimised (minimize.h), written to findings/SLUG.case. What a campaign in the folder told before
 * is not new: findings/told has the slugs.
 *
 * Where the smallest case of a finding shows a graver one as well, it is a consequence of that one
 * or a part of it: it is told with it, and counts for nothing by itself. "Event 348, error code 0"
 * is logged of a message that waits for ever because it waits for ever. And where two that are of
 * one class have such a consequence in common, they are one: a message waits for ever, held by an
 * administrator or not. But one that is not new does not stand for one that is. And a consequence
 * that stays when what it came of is mended is new: it was not told by itself before.
 */
#ifndef UP_TOOLS_CAMPAIGN_HARVEST_H
#define UP_TOOLS_CAMPAIGN_HARVEST_H

#include "oracle/finding.h"
#include "tools/campaign/worker.h"

struct up_catch {
        char *path; /* findings/SLUG.case */
        char *slug;
        char *fault; /* the planted faults that it takes; NULL: none */
        struct up_finding *finding;
        char *known; /* URL of the known breakage that a regression holds, or path of the private
                      * case that holds it; NULL without */
        gsize bytes;
        GPtrArray *shows;            /* other catches that its case shows, too; not owned */
        const struct up_catch *with; /* the one that it is told with; NULL: it is told by itself */
        bool is_new; /* neither known nor told by an earlier campaign in this folder */
};

/** What is harvested, and how. All of it stays the caller's. */
struct up_harvest {
        const struct up_folders *folders;
        const char *target;
        const char *regressions;        /* folder; those with a `known:` line are run */
        unsigned minimise_s;            /* for all findings together, about */
        void (*step)(const char *text); /* told before each longer step what is done */
        void (*warn)(const char *text); /* told what was passed over, and why */
};

/**
 * Harvests a target. Appends to @catches, an array from up_catches_new(), ordered by slug. False
 * with @error when the target cannot be run, or when it was interrupted; then @catches has those
 * that were done, and what was not looked at stays where it is.
 */
bool up_harvest(const struct up_harvest *harvest, GPtrArray *catches, GError **error);

/** An empty array of struct up_catch, which frees them. */
GPtrArray *up_catches_new(void);

#endif
