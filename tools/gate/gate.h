/*
 * gate - what a gate runs, and its result items
 *
 * cmd_gate.c is the command: it collects the cases and runs them on a pool of threads. gate_run.c
 * runs and judges one case, or all of a target in one process, and looks for oracles that had
 * nothing to judge; gate_changed.c leaves out what a change cannot affect. report_text.c and
 * report_files.c are views of the items: TAP and the summary; JSON, JUnit and SARIF.
 */
#ifndef UP_TOOLS_GATE_GATE_H
#define UP_TOOLS_GATE_GATE_H

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>

#include "case/case.h"
#include "tools/exec/run.h"

enum up_gate_outcome {
        UP_GATE_PASSED,
        UP_GATE_FAILED,
        UP_GATE_KNOWN,   /* failed as its known: line says: counts as passed */
        UP_GATE_SKIPPED, /* a known breakage that is not visible in this flavour */
        UP_GATE_INTERRUPTED,
        UP_GATE_OUTCOME_COUNT
};

/** Their names in JSON and in the summary. */
extern const char *const up_gate_outcome_names[UP_GATE_OUTCOME_COUNT];

/** The folder whose cases are gated where no other is named. */
#define UP_GATE_FOLDER "regressions"

/** Only cases are reported when they pass. The `path` of the others is a description. */
enum up_gate_kind {
        UP_GATE_CASE,
        UP_GATE_BATCH,  /* all cases of a target in one process */
        UP_GATE_ORACLE, /* it had nothing to judge */
};

struct up_gate_item {
        enum up_gate_kind kind;
        char *path;
        const char *target; /* NULL: the folder names none */

        struct up_case *c;      /* NULL if it cannot be read, or is no case */
        struct up_run *run;     /* NULL if it was not run */
        struct up_run *faulted; /* under the fault that the case names; NULL without */
        char *problem;          /* why it failed, if not by its findings */
        enum up_gate_outcome outcome;

        GPtrArray *cases; /* of a batch: the items in it, not owned */
        gsize cost;       /* the larger, the earlier it is run */
        bool done;
};

struct up_gate {
        const struct up_flavour *flavour;
        const char *fault;    /* planted into all of them, to see its effect; NULL: none */
        GPtrArray *items;     /* of struct up_gate_item */
        GPtrArray *libraries; /* of struct up_library */
        char *unchanged;      /* why there was nothing to run; NULL: there was */
        unsigned counts[UP_GATE_OUTCOME_COUNT];
        bool leaks_unchecked;
        double seconds; /* that all of it took */

        /* Not for reports. */
        struct up_runner *runner;
        GMutex lock; /* of each item's `done` */
        GCond changed;
        bool demands_judgement; /* of each oracle */
};

/* --- running ---------------------------------------------------------------------------------- */

/** Reads the case, and sets its problem and its cost. */
void up_gate_read_case(const struct up_gate *gate, struct up_gate_item *item);

/** Runs a case that was read and judges it. For any number of threads, each with its own item. */
enum up_gate_outcome up_gate_run_case(const struct up_gate *gate, struct up_gate_item *item);

/**
 * One item for the cases of each target in one process, in disorder: those that are expected to
 * end normally, or with @settled, once all were run, those that did. The caller owns the array and
 * its items.
 */
GPtrArray *up_gate_batches(const struct up_gate *gate, bool settled);

/** Runs a batch. Its cases may still be running: the outcome is that of up_gate_judge_batch(). */
void up_gate_run_batch(const struct up_gate *gate, struct up_gate_item *batch);

/** Did all cases of the batch end normally in a process of their own? Once all were run. */
bool up_gate_is_settled(const struct up_gate_item *batch);

/** Compares a batch that was run with its cases. */
enum up_gate_outcome up_gate_judge_batch(struct up_gate_item *batch);

/** A failed item for each oracle that had nothing to judge. Owned as those of the batches. */
GPtrArray *up_gate_idle_oracles(const struct up_gate *gate);

/**
 * Keeps of the items those that differ from the commit @ref, or from where this branch left it; all
 * if anything else changed on which cases depend. A @ref of NULL is the upstream branch, or else
 * the commit before. False with @error, one line with a remedy, where git cannot say.
 */
bool up_gate_keep_changed(struct up_gate *gate, const char *ref, GError **error);

/* --- describing an item ----------------------------------------------------------------------- */

/** The run whose findings a failed item shows; NULL if there was none. */
const struct up_run *up_gate_shown(const struct up_gate_item *item);

/** "pending, no-progress; lost", and other problems; one line. The caller owns the result. */
char *up_gate_reason(const struct up_gate_item *item);

/** The command that reproduces a failed item; NULL if there is none. The caller owns the result. */
char *up_gate_command(const struct up_gate *gate, const struct up_gate_item *item);

/** Seconds that its runs took. */
double up_gate_seconds(const struct up_gate_item *item);

/* --- reports ---------------------------------------------------------------------------------- */

/** A view of the items. Each function prints to the file; NULL: it prints nothing then. */
struct up_gate_report {
        const char *name; /* of its option */
        const char *help;
        void (*begin)(FILE *file);
        /* As soon as it and all items before it are done. */
        void (*item)(
            FILE *file, const struct up_gate *gate, guint number, const struct up_gate_item *item);
        void (*end)(FILE *file, const struct up_gate *gate);
};

extern const struct up_gate_report up_gate_tap, up_gate_json, up_gate_junit, up_gate_sarif;

/** On standard error: counts by target, the slowest, and failures with their commands. */
void up_gate_print_summary(const struct up_gate *gate);

#endif
