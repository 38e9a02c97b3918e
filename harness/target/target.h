/*
 * target - what a fuzz target is, and how it reports
 *
 * A target is one small file that defines `up_target`. The rest is shared (target.c): the entry
 * points that libFuzzer, AFL++'s driver and fuzz/replay.c call, the fixed environment, the report.
 *
 * Environment variables say what happens with a finding:
 *
 *     (none)                 print it and abort: what any fuzz engine expects
 *     UNPEND_FINDINGS=DIR    keep the smallest input that shows it as DIR/SLUG, go on (campaign);
 *                            inputs that leak as DIR/leak-of-N, N being the number of blocks
 *     UNPEND_REPORT=FILE     append a line of JSON for each input (input_report.h), go on
 *                            (repro, gate)
 *
 * and what else is done:
 *
 *     UNPEND_PROGRESS=FILE   count in a shared file (progress.h)
 *     UNPEND_FAULT=NAME,...  plant these faults (faults/faults.h) into the target's pipeline; an
 *                            unknown name ends the target with status 125
 *     UNPEND_TRACE=COLUMNS   put the trace of each input into the report, that wide
 *     UNPEND_DEPTH=NAME      run inputs at this depth (depth.h): explore, examine, or judge, which
 *                            is the default; another name ends the target with status 125
 *     UNPEND_REACHED=DIR     record there which edges were reached (novelty.h)
 *     UNPEND_INBOX=DIR       write there what an examiner should run (inbox.h)
 *
 * With UNPEND_FINDINGS the target announces each finding the first time, by a line on standard
 * error: UP_TARGET_FOUND, slug, class and signature, between tabs.
 */
#ifndef UP_TARGET_TARGET_H
#define UP_TARGET_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "run/judge_case.h"
#include "target/fuel.h"

#define UP_TARGET_FOUND "unpend-found"

/** How the name of a kept input that leaks begins. */
#define UP_TARGET_LEAKS "leak-of-"

struct up_target_input {
        GBytes *bytes;                    /* the whole case file */
        const struct up_pipeline *faulty; /* to run instead of the target's own; NULL: none */
        unsigned trace_columns;           /* 0: no trace is needed */
};

struct up_target {
        const char *name;
        /*
         * Fills in the result, which is empty, to the depth of result->observed. Never fails: any
         * case has an outcome.
         */
        void (*examine)(const struct up_case *c, const struct up_target_input *input,
            struct up_case_result *result);
        /*
         * By the bytes of the case file. Measured on all seeds and regressions (`make fuel`, the
         * report's "fuel"), each in a fresh process, in which OpenSSL starts: about ten times what
         * the smallest takes, and ten times the most that any other takes for each byte more. With
         * OpenSSL the start is 1,000 million: the standard limits (mail/limits.h) let a few bytes
         * ask for that much. A policy that raises the limits can make an honest case run out.
         */
        struct up_fuel_budget fuel;
        bool takes_events; /* the message is no mail, but a list of events, each a byte */
        bool linear;       /* work should grow as the message does (growth.h) */
};

/** Defined by each target's own file. */
extern const struct up_target up_target;

/** The engines' entry points, by their own conventions. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** For the mutator: the next input is a mutant, whatever its head says. Waits while the campaign
 * pauses this process (progress.h). */
void up_target_mutated(void);

/** Runs a file, which the report names; returns how many findings it has, -1 if it cannot be read.
 */
int up_target_run_file(const char *path);

#endif
