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
 *     UNPEND_ONLY=SLUG       abort on the finding of that name alone: for minimising
 *     UNPEND_FINDINGS=DIR    keep the smallest input that shows it as DIR/SLUG, go on: campaigns
 *                            (and of leaks not named yet as DIR/leak-of-N)
 *     UNPEND_REPORT=FILE     append one line of JSON for each input, go on: repro and gate
 *     UNPEND_PROGRESS=FILE   count in a shared file (progress.h), whatever else is asked
 *
 * A line of the report: {"input": PATH, "findings": [{"class", "signature", "detail", "slug"}],
 * "counts": {NAME: N}, "unscannable": BOOL, "limits": [TEXT]}. An input that crashes leaves no
 * line; what the sanitizer printed tells the rest.
 */
#ifndef UP_FUZZ_TARGET_H
#define UP_FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>

#include "case/case.h"
#include "mail/exam.h"

/** How the name of a kept input begins whose leak is not named yet. */
#define UP_TARGET_LEAKS "leak-of-"

struct up_target {
        const char *name;
        /* Reads the case's message into the exam. No failure: any case has some outcome. */
        void (*examine)(const struct up_case *c, struct up_exam *exam);
};

/** Each target's own file defines it. */
extern const struct up_target up_target;

/** The engines' entry points, by their own conventions. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** Names the input of the next LLVMFuzzerTestOneInput() for the report; not copied. */
void up_target_name_input(const char *path);

/** How many findings there were so far in this process. */
unsigned up_target_findings(void);

#endif
