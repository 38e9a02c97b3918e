/*
 * promotion - a finding on its way to become a regression, for the files of `unpend promote`
 *
 * promote.c is the command, and what was asked; promotion.c has the steps, each of which may
 * refuse; promotion_tell.c tells what came of it.
 */
#ifndef UP_TOOLS_PROMOTE_PROMOTION_H
#define UP_TOOLS_PROMOTE_PROMOTION_H

#include <glib.h>

#include "case/case.h"
#include "tools/minimize/minimize.h"
#include "tools/exec/run.h"
#include "tools/cli/status_line.h"

enum up_whose { UP_WHOSE_PLANT, UP_WHOSE_USER, UP_WHOSE_KNOWN, UP_WHOSE_PRIVATE };

#define UP_WHOSE_ROWS 4

/** Whose finding it is, and what the gate makes of it. */
struct up_whose_row {
        const char *name, *gate; /* in JSON */
        const char *what;
};

/** By enum up_whose. */
extern const struct up_whose_row up_whose_rows[UP_WHOSE_ROWS];

/** Where regressions are, if nothing else is said. */
#define UP_PROMOTION_FOLDER "regressions"

struct up_promotion {
        /* What was asked; NULL or false where it was not. All owned but the path. */
        char *name, *target, *flavour, *fault, *slug, *title, *reference, *known, *into, *time;
        gboolean private, ours, as_json;
        const char *path;

        enum up_whose owner;
        struct up_known known_as;
        char *root;  /* where regressions are; those of the target are in a folder of it */
        char *place; /* the file to be written */
        GBytes *input;
        struct up_case *c;
        unsigned seconds;            /* to make it small in; 0: until it is */
        struct up_run_request order; /* for the input, and without its path for all others */
        struct up_runner *runner;
        struct up_telling telling;

        GPtrArray *peers; /* the other cases of the target; of promotion.c alone */
        struct up_finding *finding;
        unsigned times;  /* that it showed the finding, each way */
        unsigned others; /* before it in one process */
        struct up_minimized *small;
        struct up_case *dressed;
        GBytes *result;
};

/** Takes all steps. An exit status: UP_STATUS_PASSED when it is written; else that was told. */
int up_promotion_run(struct up_promotion *promotion);

/** On standard output, what was written and what to do next; as text, or as JSON. */
void up_promotion_tell(const struct up_promotion *promotion);
void up_promotion_tell_json(const struct up_promotion *promotion);

#endif
