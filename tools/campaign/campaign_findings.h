/*
 * campaign_findings - the inputs that broke a target become findings
 *
 * All inputs with one slug (class and signature) are one finding: the smallest of them, triaged
 * (promote/triage.h) and written to findings/SLUG.case. findings/reported lists the slugs that
 * earlier campaigns in the folder reported: those are not new.
 *
 * A finding whose case shows a graver one as well is a consequence of that one, its root cause; so
 * is one of the same class that shares a consequence with it, and a pending message of which
 * stronger evidence is there: the same kind of message in the same state. Consequences are listed
 * with their root cause and not counted. But what is new is never a consequence of what is not, and
 * a consequence that stays when its root cause is gone is new.
 */
#ifndef UP_TOOLS_CAMPAIGN_CAMPAIGN_FINDINGS_H
#define UP_TOOLS_CAMPAIGN_CAMPAIGN_FINDINGS_H

#include <glib.h>

#include "oracle/finding.h"
#include "tools/campaign/folders.h"
#include "tools/cli/status_line.h"

struct up_campaign_finding {
        char *path; /* findings/SLUG.case */
        char *slug;
        char *fault; /* the planted faults that it needs; NULL: none */
        struct up_finding *finding;
        char *known; /* URL or path of the known case that asks for it; NULL: none does */
        gsize bytes;
        GStrv shown;                                  /* slugs of the other findings of its case */
        const struct up_campaign_finding *root_cause; /* NULL: it is one itself */
        bool is_new; /* neither known nor reported by an earlier campaign in this folder */
};

/** What to collect from, and how. All of it stays the caller's. */
struct up_collection {
        const struct up_folders *folders;
        const char *target;
        const char *regressions; /* folder */
        unsigned minimise_s;     /* for all findings together, about */
        struct up_status_line *line;
};

/**
 * Appends the findings of a target to @findings, an array from up_campaign_findings_new(), by slug.
 * False with @error when the target cannot be run, or when it was interrupted; then @findings has
 * those that were done, and all inputs stay where they are.
 */
bool up_collect_findings(
    const struct up_collection *collection, GPtrArray *findings, GError **error);

/** Slugs that earlier campaigns in the folder reported, as keys. The caller owns the table. */
GHashTable *up_reported_read(const struct up_folders *folders);

/** An empty array of struct up_campaign_finding, which frees them. */
GPtrArray *up_campaign_findings_new(void);

#endif
