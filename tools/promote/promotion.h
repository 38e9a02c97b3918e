/*
 * promotion - a finding on its way to become a regression: cmd_promote.c takes the steps,
 * promote_report.c prints the result
 */
#ifndef UP_TOOLS_PROMOTE_PROMOTION_H
#define UP_TOOLS_PROMOTE_PROMOTION_H

#include <glib.h>

#include "case/case.h"
#include "tools/promote/triage.h"

enum up_bug_owner {
        UP_OWNER_FAULT,   /* planted */
        UP_OWNER_OWN,     /* the pipeline under test, or this suite */
        UP_OWNER_KNOWN,   /* a library; published */
        UP_OWNER_PRIVATE, /* a library; not published */
};

/** Where regressions are by default. */
#define UP_PROMOTION_FOLDER "regressions"

struct up_promotion {
        /* The options; NULL or false where not given. All owned but the path. */
        char *name, *target, *flavour, *fault, *slug, *title, *reference, *known_text, *into, *time;
        gboolean private, ours, as_json;
        const char *path;

        struct up_known known;
        enum up_bug_owner owner;
        char *root;       /* folder of the regressions */
        char *place;      /* file to write */
        unsigned seconds; /* for minimising; 0: no limit */
        struct up_run_request run;
        struct up_status_line line;
        struct up_triage *triage;
        struct up_triaged *triaged;
        const char *result_fault; /* that the result needs; NULL: none */
        struct up_case *result;
};

/** Prints what was written, and what to do next, to standard output. */
void up_promotion_print_text(const struct up_promotion *promotion);
void up_promotion_print_json(const struct up_promotion *promotion);

#endif
