/*
 * progress - counters that a target shares with the process that watches it
 *
 * A file of the size of this struct, mapped by the target and by the watcher. The target alone
 * writes, but for `paused`, so no lock is needed; what it counted survives its crash.
 */
#ifndef UP_TARGET_PROGRESS_H
#define UP_TARGET_PROGRESS_H

#include <stdint.h>

#include "target/feedback.h"
#include "mail/observations.h"
#include "oracle/judge.h"

struct up_progress {
        uint64_t executions;
        uint64_t verified;            /* executions in which a signature held */
        uint64_t digest_only;         /* none held, but one failed by its content digest alone */
        uint64_t findings;            /* executions with a finding, repeated ones too */
        uint64_t first_finding;       /* the first such execution, counted from 1; 0: none */
        uint64_t first_finding_ms;    /* when it came, in real time since the target began */
        uint64_t unscannable;         /* executions that hit a limit */
        uint64_t mutants;             /* executions of what a mutator made */
        uint64_t mutants_verified;    /* as verified, of mutants alone */
        uint64_t mutants_digest_only; /* likewise */
        uint64_t new_edges; /* that no process of the campaign reached before (novelty.h) */
        uint64_t paused;    /* by the watcher: not 0 while no mutant is to be run */
        uint64_t transitions[UP_FEEDBACK_WORDS]; /* up_feedback_transitions() */
        uint64_t counts[UP_COUNTS];              /* sums over all executions */
        uint64_t judged[UP_ORACLE_COUNT];        /* likewise, by oracle */
};

/** Maps @path, made and enlarged when needed. NULL when that fails (errno). Never unmapped. */
struct up_progress *up_progress_map(const char *path);

/** How many distinct steps of the machines of pipelines were seen. */
unsigned up_progress_transitions(const struct up_progress *progress);

/** Adds what another target counted. Of two first findings the earlier one is the first. */
void up_progress_add(struct up_progress *sum, const struct up_progress *part);

#endif
