/*
 * triage - from an input that broke a target to a minimised, verified, new finding
 *
 * Shared by `campaign` and `promote`. An input is first identified: run, and compared with the
 * cases that are known. Then it is reduced: reproduced in fresh processes and, for a regression,
 * after other cases in one process; minimised unless its head says that this was done, and run as
 * the gate will run it. An address, or what a library keeps from case to case, must not decide.
 *
 * What is known are the cases of the target in the folder of regressions and in the private folder
 * (private.h) that ask for a finding under the same fault.
 *
 * For one thread at a time.
 */
#ifndef UP_TOOLS_PROMOTE_TRIAGE_H
#define UP_TOOLS_PROMOTE_TRIAGE_H

#include <glib.h>
#include <stdbool.h>

#include "case/case.h"
#include "tools/cli/status_line.h"
#include "tools/exec/run.h"
#include "tools/minimize/minimize.h"

/** A case of the target that is known. */
struct up_known_case {
        char *path;
        struct up_case *c;
        bool is_private;
        struct up_run *run; /* under the fault that it names; NULL: not run yet */
};

struct up_triage {
        struct up_run_request run;   /* path unused */
        struct up_status_line *line; /* shows progress; not owned */
        struct up_runner *runner;
        GPtrArray *known; /* of struct up_known_case, by path */
        GPtrArray
            *passing; /* paths of those that pass, to run before an input; NULL: not run yet */
        GRand *rand;
};

enum up_triage_status {
        UP_TRIAGE_FOUND,   /* as asked for */
        UP_TRIAGE_NOTHING, /* the input shows no finding */
        UP_TRIAGE_OTHER,   /* it shows findings, but not that one */
        UP_TRIAGE_FLAKY,   /* not each time */
        UP_TRIAGE_FAILS_WITHOUT_FAULT,
        UP_TRIAGE_UNRUNNABLE,
        UP_TRIAGE_INTERRUPTED,
};

/** What is known of an input; what a step has not reached is NULL or 0. */
struct up_triaged {
        enum up_triage_status status;
        char *reason; /* one line, unless the status is UP_TRIAGE_FOUND */
        const char *path;
        GBytes *input;
        struct up_case *input_case;
        struct up_finding *finding; /* as the smallest case shows it */
        struct up_run *run;         /* by which it was identified or verified, without it */
        unsigned times;             /* how often it was reproduced, each way */
        unsigned others;            /* cases that ran before it in one process */
        struct up_minimized *small; /* its own finding is NULL */
};

/**
 * Reads the known cases, but for the file @path itself; one that cannot be read is named on
 * standard error and skipped. @run and @line must outlive the result.
 */
struct up_triage *up_triage_new(const struct up_run_request *run, const char *regressions,
    const char *path, struct up_status_line *line);
void up_triage_free(struct up_triage *triage);

/**
 * Runs the file @path once, and selects the finding of the @slug, or if it is NULL the one that the
 * head asks for, or the first. The caller owns the result; @path must outlive it.
 */
struct up_triaged *up_triage_identify(struct up_triage *triage, const char *path, const char *slug);

/**
 * The known case that shows the finding under @fault; NULL when none does. With @expected_only it
 * is one whose head asks for it.
 */
const struct up_known_case *up_triage_find_known(struct up_triage *triage,
    const struct up_finding *finding, const char *fault, bool expected_only);

/**
 * Reproduces and minimises what was identified; at most so many @seconds, 0 without a limit, go
 * into minimising. @strict demands what a regression needs: the finding shows after other cases in
 * one process, too, and where a fault is planted, the input passes without it. False when the
 * status is no longer UP_TRIAGE_FOUND.
 */
bool up_triage_reduce(
    struct up_triage *triage, struct up_triaged *triaged, unsigned seconds, bool strict);

/**
 * Runs the case @bytes twice in one process, within the gate's limit for the finding, under @fault
 * or NULL. False, with the status set, when it lacks the finding or does not pass without @fault.
 */
bool up_triage_verify(
    struct up_triage *triage, struct up_triaged *triaged, GBytes *bytes, const char *fault);

void up_triaged_free(struct up_triaged *triaged);
typedef struct up_triaged up_triaged;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(up_triaged, up_triaged_free)

#endif
