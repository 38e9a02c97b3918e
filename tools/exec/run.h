/*
 * run - one case on one target, in a process of its own, and its result
 *
 * A target may crash, hang or exhaust memory. So it runs as a child with a fixed environment and
 * bounds on time and memory, in a process group that ends with it. Its report
 * (oracle/result_json.h) and what a sanitizer printed (sanitizer.h) become findings.
 *
 * No report is not a pass: a target that ends without a report and without a finding is
 * UP_RUN_UNRUNNABLE.
 */
#ifndef UP_TOOLS_EXEC_RUN_H
#define UP_TOOLS_EXEC_RUN_H

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "case/case.h"
#include "oracle/result_json.h"
#include "tools/exec/flavour.h"

/**
 * The environment of a target, independent of the user's: a case has the same outcome on any
 * machine. An array of "NAME=value" for g_environ_setenv(); g_strfreev() frees it.
 */
char **up_run_environment(void);

enum up_run_status {
        UP_RUN_PASSED,
        UP_RUN_FOUND,       /* there are findings */
        UP_RUN_UNRUNNABLE,  /* no statement about the case: see `reason` */
        UP_RUN_INTERRUPTED, /* by up_tool_interrupt_fd() */
};

/** What to run, and how. All of it stays the caller's. */
struct up_run_request {
        const struct up_flavour *flavour;
        const char *target;
        const char *path;
        unsigned limit_s;       /* of processor time, then it is a `hang`; 0: the flavour's */
        const char *fault;      /* to be planted into the target's pipeline; NULL: none */
        unsigned trace_columns; /* width of the trace; 0: no trace */
        bool repeat;            /* run it twice in the process; a difference is a finding */
        bool tight_memory; /* a `memory` finding is expected: an eighth of the bounds will do */
};

struct up_run {
        enum up_run_status status;
        struct up_input_result result;
        GPtrArray *frames; /* of struct up_frame (sanitizer.h); empty without a stack */
        char *outcome;     /* the part of the report that each run of the case must repeat, as JSON;
                            * NULL when the process did not end normally */
        bool leaks_unchecked; /* LeakSanitizer does not work here, which is no fault of the case */
        char *output;         /* the last of what the target printed */
        GPtrArray *lines;     /* of the report of a batch; else NULL */
        char *reason;         /* one line, with the remedy; only with UP_RUN_UNRUNNABLE */
        double seconds;
};

/**
 * The processor seconds that the request allows. Where edges are counted, fuel ends a case, and the
 * clock is the last resort.
 */
unsigned up_run_limit_s(const struct up_run_request *request);

/** The same for a case of which a hang is expected: less. */
unsigned up_run_hang_limit_s(const struct up_run_request *request);

/**
 * Runs one file on one target. Never fails: errors are a status. May be called from several threads
 * at once.
 */
struct up_run *up_run_case(const struct up_run_request *request);

/**
 * Runs all of @paths in one process, in this order; the request's path is ignored, its limit is
 * that of each. Findings are those that ended the process alone, until up_run_compare_batch().
 */
struct up_run *up_run_batch(const struct up_run_request *request, char *const *paths);

/**
 * Compares each of the paths that up_run_batch() ran with its @outcomes (the member of struct
 * up_run). A difference means that the cases before it, or the process, changed it: a
 * `nondeterministic` finding that names the path.
 */
void up_run_compare_batch(struct up_run *run, char *const *paths, char *const *outcomes);

/**
 * Runs all of @paths in one process, in this order, and judges the last one as up_run_case() would.
 * The request's path is ignored, its limit is that of each. Those before the last one must pass;
 * where the process ended before it came to the last one it is UP_RUN_UNRUNNABLE. One path alone is
 * allowed.
 */
struct up_run *up_run_sequence(const struct up_run_request *request, char *const *paths);

/** The run's first finding that the head of @c expects, owned by the run; NULL without. */
struct up_finding *up_run_expected_finding(const struct up_run *run, const struct up_case *c);

/**
 * "pending, no-progress: …; lost: …": class, evidence and signature of each; "" without findings.
 * The caller owns the result.
 */
char *up_run_describe_findings(const struct up_run *run);

/**
 * One finding of the run: that of @slug, if it is not NULL; of several the first that the head of
 * @c expects, else the first. NULL when there is none. Owned by the run.
 */
struct up_finding *up_run_select_finding(
    const struct up_run *run, const struct up_case *c, const char *slug);

/** The run's finding of the same class, evidence, role and signature; NULL without. Likewise. */
struct up_finding *up_run_find_same(const struct up_run *run, const struct up_finding *wanted);

/** Removes a finding, or NULL, from the run and returns it; the caller owns it from now on. */
struct up_finding *up_run_steal_finding(struct up_run *run, struct up_finding *finding);

/**
 * Runs cases as up_run_case() does, but in forks of fork servers (child.h) that it starts once for
 * each flavour, target and fault. May be shared by threads.
 */
struct up_runner;
struct up_runner *up_runner_new(void);
struct up_run *up_runner_run(struct up_runner *runner, const struct up_run_request *request);
void up_runner_free(struct up_runner *runner);

/** Appends the run as an object. */
void up_run_build_json(const struct up_run *run, JsonBuilder *json);

void up_run_free(struct up_run *run);
typedef struct up_run up_run;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(up_run, up_run_free)

#endif
