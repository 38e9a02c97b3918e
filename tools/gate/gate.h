/*
 * gate - what a gate has run, for those who report it (report.h)
 *
 * gate.c is the command: it collects the cases and has them run, many at once. What is done with
 * one of them is in gate_case.c, with all of a target together in gate_together.c; gate_oracles.c
 * looks whether each oracle had something to judge, and changed.c leaves out what a change cannot
 * have touched.
 */
#ifndef UP_TOOLS_GATE_GATE_H
#define UP_TOOLS_GATE_GATE_H

#include <glib.h>
#include <stdbool.h>

#include "case/case.h"
#include "tools/exec/run.h"

enum up_gate_outcome {
        UP_GATE_PASSED,
        UP_GATE_FAILED,
        UP_GATE_KNOWN,        /* failed as its known: line says: passed */
        UP_GATE_OUT_OF_SIGHT, /* a known breakage that this flavour need not show: skipped */
        UP_GATE_INTERRUPTED,
};

#define UP_GATE_OUTCOMES 5

/** As they are called in JSON and in the summary. */
extern const char *const up_gate_outcome_names[UP_GATE_OUTCOMES];

/** The folder whose cases are gated where no other is named. */
#define UP_GATE_FOLDER "regressions"

/** What is no case is told only if it failed; its `path` says what it is. */
enum up_gate_kind {
        UP_GATE_CASE,
        UP_GATE_TOGETHER, /* all cases of a target, once more, in one process */
        UP_GATE_ORACLE,   /* it had nothing to judge */
};

struct up_gate_item {
        enum up_gate_kind kind;
        char *path;
        const char *target; /* NULL: the folder names none */

        struct up_case *c;      /* NULL when it is none, or cannot be read */
        struct up_run *run;     /* NULL when it was not run */
        struct up_run *faulted; /* under the fault that it names; NULL without */
        char *problem;          /* why it failed, if not by its findings */
        enum up_gate_outcome outcome;

        GPtrArray *cases; /* of those together: the items that are run; not owned */
        bool done;
};

struct up_gate {
        const struct up_flavour *flavour;
        const char *fault;    /* planted into all of them, to look what it does; NULL: none */
        GPtrArray *items;     /* of struct up_gate_item */
        GPtrArray *libraries; /* of struct up_library */
        char *unchanged;      /* why there was nothing to run; NULL: there was */
        unsigned counts[UP_GATE_OUTCOMES];
        bool leaks_unchecked;
        double seconds; /* that all of it took */

        /* Of the gate alone, not for reports. */
        struct up_runner *runner;
        GMutex lock; /* of each item's `done` */
        GCond changed;
        bool demands_judgement; /* of each oracle */
};

/* --- running ---------------------------------------------------------------------------------- */

/** Runs a case and judges it. For any number of threads at once, each with an item of its own. */
enum up_gate_outcome up_gate_run_case(const struct up_gate *gate, struct up_gate_item *item);

/**
 * The items, not run yet, that run all settled cases of each target together. The caller owns the
 * array, and has to free the items or add them to the gate's.
 */
GPtrArray *up_gate_together(const struct up_gate *gate);

/** Runs such an item, once all cases were run. */
enum up_gate_outcome up_gate_run_together(const struct up_gate *gate, struct up_gate_item *item);

/**
 * An item that failed for each oracle that had nothing to judge; none where that is not demanded.
 * Owned as those of up_gate_together().
 */
GPtrArray *up_gate_idle_oracles(const struct up_gate *gate);

/** The outcome, and the problem, of a run that says nothing about its case; negative for others. */
int up_gate_judge_status(struct up_gate_item *item, const struct up_run *run);

/** Has the run a finding of that class? */
bool up_gate_has_class(const struct up_run *run, enum up_class class);

/* --- telling ---------------------------------------------------------------------------------- */

/** The run whose findings are told of an item that failed: NULL if there was none. */
const struct up_run *up_gate_shown(const struct up_gate_item *item);

/** "pending, no-progress; lost", and what else is wrong; one line. The caller owns the result. */
char *up_gate_reason(const struct up_gate_item *item);

/** The command that shows an item that failed; NULL: there is none. The caller owns the result. */
char *up_gate_command(const struct up_gate *gate, const struct up_gate_item *item);

/** Seconds that its runs took. */
double up_gate_seconds(const struct up_gate_item *item);

/** On standard error: counts by target, the slowest, and what failed with the way to see it. */
void up_gate_print_summary(const struct up_gate *gate);

/**
 * Leaves of the items those alone that differ from the commit @ref, or from where this branch
 * left it; all, if something else changed on which cases depend. With NULL for @ref from where it
 * left its upstream, or else from the commit before. False with @error, one line with a remedy,
 * where git cannot tell.
 */
bool up_gate_keep_changed(struct up_gate *gate, const char *ref, GError **error);

#endif
