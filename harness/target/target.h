/*
 * target - what a fuzz target is, and how it tells what it found
 *
 * A target is one small file that defines `up_target`. Everything else is shared (target.c): the
 * entry points that libFuzzer, AFL++'s driver and the replayer (replay.c) call, the environment
 * that makes one case have one outcome, and the report.
 *
 * How a target is told what to do with a finding, by environment variable:
 *
 *     (none)                 print it and abort: what any fuzz engine understands
 *     UNPEND_FINDINGS=DIR    keep the smallest input that shows it as DIR/SLUG, go on: campaigns
 *                            (and of leaks not named yet as DIR/leak-of-N)
 *     UNPEND_REPORT=FILE     append one line of JSON for each input, go on: repro and gate
 *     UNPEND_PROGRESS=FILE   count in a shared file (progress.h), whatever else is asked
 *
 * And what else it is to do:
 *
 *     UNPEND_FAULT=NAME,…    plant these faults (faults/faults.h) into its pipeline, if it has one;
 *                            a name that is none ends the target with status 125
 *     UNPEND_TRACE=COLUMNS   tell the trace of each input in the report, so wide
 *
 * A line of the report: {"input": PATH, "findings": [{"class", "evidence", "role", "signature",
 * "detail", "slug", "message": N, "recipient": N, "shown-at": N, "critical-at": N}], "counts":
 * {NAME: N}, "unscannable": BOOL, "limits": [TEXT], "fuel": N, "trace": TEXT}. Of a finding that
 * has no message or no entry, those members are left out. The counts are those of @observed, and
 * those of the oracles that had something to judge, by their names; fuel is what the case spent,
 * where that is counted (fuel.h); a trace is there only if it was asked for, and the target has
 * one. An input that crashes leaves no line; what the sanitizer printed tells the rest.
 */
#ifndef UP_TARGET_TARGET_H
#define UP_TARGET_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "case/case.h"
#include "faults/faults.h"
#include "target/fuel.h"
#include "mail/observations.h"
#include "oracle/judge.h"

/** How the name of a kept input begins whose leak is not named yet. */
#define UP_TARGET_LEAKS "leak-of-"

/** What a target is asked, and what it has to say about one case. */
struct up_examination {
        const struct up_pipeline
            *sick;        /* instead of the healthy one: a fault is planted; or NULL */
        unsigned columns; /* of the trace; 0: none is wanted */
        GBytes *input;    /* the case as it came, head and all; for examine() alone */
        bool mutated;     /* a mutator made the case: its head says so, or the engine's hook */

        struct up_observations observed; /* what the readers of mail see; findings are made of it */
        GPtrArray *findings;             /* of struct up_finding: the target's own, besides */
        uint64_t judged[UP_ORACLES];     /* how often each oracle had something to judge */
        uint64_t fuel;                   /* that the case spent; 0 where nothing is counted */
        char *trace; /* for a person; NULL: none; freed by who made the struct */
};

struct up_target {
        const char *name;
        /* Examines the case. No failure: any case has some outcome. */
        void (*examine)(const struct up_case *c, struct up_examination *examination);
        /*
         * Of a case, by the bytes of its file, those of its message when a part is run alone.
         * Measured on all seeds and regressions (the member "fuel" of the report, `make fuel`),
         * each in a fresh process, which pays for starting OpenSSL: some ten times what the
         * smallest takes, and some ten times the most that any other takes for each byte more.
         * Where OpenSSL is at work the start is 1,000 million: the standard limits (mail/limits.h)
         * let a value of a few bytes ask for that much. A policy that raises them can make an
         * honest case run out.
         */
        struct up_fuel_budget fuel;
        bool linear; /* work should grow as the message does (growth.h) */
};

/** Each target's own file defines it. */
extern const struct up_target up_target;

/** The engines' entry points, by their own conventions. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** The next input comes right out of a mutator, whatever its head says. */
void up_target_mutated(void);

/** Runs a file, whose path the report names. False when it cannot be read, which was told. */
bool up_target_run_file(const char *program, const char *path);

/** How many findings there were so far in this process. */
unsigned up_target_findings(void);

#endif
