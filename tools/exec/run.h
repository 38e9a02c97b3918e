/*
 * run - one case on one target, in a process of its own, and what happened
 *
 * A target may crash, hang, eat all memory: that is what it is for. So it runs as a child with a
 * fixed environment, a bound on time and on memory, in a process group that ends with it. What it
 * says in its report (target/target.h) and what a sanitizer printed (sanitizer.h) become findings.
 *
 * Silence is no pass: a target that ends without a report and without a finding "cannot run".
 */
#ifndef UP_TOOLS_EXEC_RUN_H
#define UP_TOOLS_EXEC_RUN_H

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "case/case.h"
#include "mail/observations.h"
#include "oracle/judge.h"

/** A way of building the targets: BUILD/NAME/fuzz/TARGET. */
struct up_flavour {
        const char *name;
        const char *what;
        const char *remedy; /* what to run when it is not built */
        bool from_source;   /* its GMime and OpenSSL are built from pinned source */
        bool engine;        /* a fuzz engine runs the files, and some of them more than once */
        bool counts_edges;  /* so that hangs and growth are seen without a clock (fuel.h) */
};

#define UP_FLAVOUR_COUNT 5
extern const struct up_flavour up_flavours[UP_FLAVOUR_COUNT];

/**
 * By name; NULL stands for the first one, which can be built anywhere. NULL when there is none of
 * that name, which was told as a usage error.
 */
const struct up_flavour *up_flavour_find(const char *name);

/** All names, for help. The caller owns the result. */
char *up_flavour_names(void);

/** The path of a target's binary. The caller owns the result. */
char *up_flavour_binary(const struct up_flavour *flavour, const char *target);

/** Is the binary there? If not, the line to print: what is missing and its remedy. Caller owns. */
char *up_flavour_check_built(const struct up_flavour *flavour, const char *target);

/**
 * The environment that a target runs in, whatever the user's own is: the same case has the same
 * outcome on any machine. An array of "NAME=value"; g_strfreev() frees it. Add to it with
 * g_environ_setenv().
 */
char **up_run_environment(void);

enum up_run_status {
        UP_RUN_PASSED,
        UP_RUN_FOUND,       /* there are findings */
        UP_RUN_UNRUNNABLE,  /* no statement about the case: `why` says why */
        UP_RUN_INTERRUPTED, /* by up_tool_interrupt_fd() */
};

/** What to run, and how. All of it stays the caller's. */
struct up_run_request {
        const struct up_flavour *flavour;
        const char *target;
        const char *path;
        unsigned limit_s;       /* after that it is a `hang`; 0: the flavour's */
        const char *fault;      /* to be planted into the target's pipeline; NULL: none */
        unsigned trace_columns; /* width of the trace; 0: no trace */
        bool repeat;            /* and again in the same process: not the same is a finding */
};

struct up_run {
        enum up_run_status status;
        GPtrArray *findings; /* of struct up_finding */
        GPtrArray *frames;   /* of struct up_frame (sanitizer.h); empty without a stack */
        uint64_t counts[UP_COUNTS];
        uint64_t judged[UP_ORACLES]; /* of a target with a pipeline: by oracle */
        uint64_t fuel;               /* edges; 0 where the flavour counts none */
        char *trace;                 /* NULL: none was asked for, or there is none */
        char *outcome; /* what another run of the case must show, too: findings, counts, limits, as
                        * JSON; NULL when the process did not end well */
        bool unscannable;
        char **limits;        /* those that were hit; never NULL */
        bool leaks_unchecked; /* LeakSanitizer could not work, which is no fault of the case */
        char *output;         /* the last of what the target printed */
        char *reason;         /* one line, with the remedy; only when it cannot run */
        double seconds;
};

/**
 * The seconds of processor time that the order gives a case. Where work is counted fuel ends it,
 * and the clock stands far behind.
 */
unsigned up_run_limit_s(const struct up_run_request *order);

/** Those that a case of which a hang is expected gets in the same place: it is waited for less. */
unsigned up_run_hang_limit_s(const struct up_run_request *order);

/**
 * Runs one file on one target. Never fails: what went wrong is a status. May be called from several
 * threads at once.
 */
struct up_run *up_run_case(const struct up_run_request *order);

/**
 * Runs all of @paths in one process, in this order; the order's own path is not looked at, and its
 * limit is that of each. What each does must be its @outcomes (the member of struct up_run); where
 * it is not, whatever ran before it in the process changed it, or the process itself did: a finding
 * of class `nondeterministic` that names the path.
 */
struct up_run *up_run_batch(
    const struct up_run_request *order, char *const *paths, char *const *outcomes);

/**
 * Runs all of @paths in one process, in this order, and says of the last one what up_run_case()
 * would: what it found, its report or how it ended the process. The order's own path is not looked
 * at, and its limit is that of each. Those before the last one must be such as pass; where the
 * process ended before the last one was begun, or was not done with an earlier one in time, this
 * cannot be said (UP_RUN_UNRUNNABLE). One path alone is allowed.
 */
struct up_run *up_run_sequence(const struct up_run_request *order, char *const *paths);

/** The run's first finding that the head of @c asks for; NULL when it has none. Owned by the run.
 */
struct up_finding *up_run_expected_finding(const struct up_run *run, const struct up_case *c);

/** "pending, no-progress: …; lost: …", class, evidence and signature; "" without any. Caller owns
 * it. */
char *up_run_describe_findings(const struct up_run *run);

/**
 * Which of the run's findings is meant: that of the @slug, if it is not NULL; of several the first
 * that the head of @c asks for, else the first. NULL when there is none. Owned by the run.
 */
struct up_finding *up_run_select_finding(
    const struct up_run *run, const struct up_case *c, const char *slug);

/** The run's finding of the same class, evidence, role and signature; NULL without. Likewise. */
struct up_finding *up_run_find_same(const struct up_run *run, const struct up_finding *wanted);

/** Takes a finding of the run, or NULL, out of it; the caller owns it from now on. Returns it. */
struct up_finding *up_run_steal_finding(struct up_run *run, struct up_finding *finding);

/**
 * Runs cases as up_run_case() does, but in forks of processes that it starts once for each flavour,
 * target and fault, and keeps (child.h). For any number of threads at once.
 */
struct up_runner;
struct up_runner *up_runner_new(void);
struct up_run *up_runner_run(struct up_runner *runner, const struct up_run_request *order);
void up_runner_free(struct up_runner *runner);

/**
 * Appends the members of a finding to an object that is begun. `evidence` is null without any;
 * whose it is and where in the ledger are left out where it is of no message, or names no entry.
 */
void up_finding_build_members(const struct up_finding *finding, JsonBuilder *json);

/** Appends the finding as an object: these members, and its slug. */
void up_finding_build_json(const struct up_finding *finding, JsonBuilder *json);

/** Appends the run as an object. */
void up_run_build_json(const struct up_run *run, JsonBuilder *json);

void up_run_free(struct up_run *run);
typedef struct up_run up_run;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(up_run, up_run_free)

#endif
