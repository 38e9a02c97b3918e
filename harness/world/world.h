/*
 * world - the simulated environment of a pipeline
 *
 * Runs one case on one pipeline and records the run in a ledger. The script says how the
 * environment behaves; otherwise it is healthy. The world has two clocks (a monotonic one, and a
 * wall clock that the script can make jump), the scanner, the next hop, the power of the storage,
 * and an administrator. Nothing is random and no real clock is read: one case always gives the same
 * ledger, byte for byte.
 *
 * After the script the environment keeps its last behaviour for ever, or it heals: the scanner
 * answers, and the next hop accepts. Time jumps from event to event until no recipient is pending,
 * or until it is certain that one will be pending for ever (enum up_ending).
 *
 * The scanner reads content, too (readings.h): it decodes what it is given by GMime, opens and
 * verifies what is signed by OpenSSL, and calls a message infected that has EICAR's test file in
 * it, unless the script says otherwise. The verb `allocation` makes OpenSSL run out of memory once
 * while it does so: then there is no verdict, and its error is the code, or 0 if it left
 * none. This is part of the environment: a healthy or healed one does not run out of memory.
 *
 * What stands in the ledger:
 *
 *   - A step is one call of the pipeline. First comes the entry that says which call it is (SUBMIT,
 *     SCANNED, SENT, RUN, COMMAND, RESTART), then what the pipeline asked and logged in it, then
 * the views that have changed, then STEP.
 *   - When the power goes out in a call, the rest of that call is not seen. CRASH and RESTART
 * follow at once, in the same step. A message that was being handed in then has the receipt LATER,
 * and number and message of what is found of it after all are seen in its views. The verb `restart`
 *     is RESTART without CRASH.
 *   - Answers to what was asked before a crash still come after it.
 *   - COMMAND with a message is an administrator's; without one its text is the line of the script:
 *     another policy, new signatures.
 *   - A recipient that the pipeline no longer reports is lost: see views.h.
 *   - After a call of a pipeline that names its changes (UP_CAN_CHANGES) only these are looked at,
 *     and before END all recipients: views between the last STEP and END were not named.
 *   - What the pipeline cannot do (crash, commands) leaves only the EVENT.
 */
#ifndef UP_WORLD_WORLD_H
#define UP_WORLD_WORLD_H

#include "case/case.h"
#include "case/latency.h"
#include "ledger/ledger.h"
#include "pipeline.h"
#include "world/readings.h"

/** How the environment differs from the script. */
enum up_mode {
        UP_MODE_BASELINE, /* not at all */
        UP_MODE_HEALED,   /* healthy after the script */
        UP_MODE_HEALTHY,  /* all is well from the start: verbs that make something sick are left out
                           */
        UP_MODE_NO_CLOCK_JUMPS, /* the wall clock never jumps */
};

/* With `loop on`: when a delivered message is submitted again, and how many times at most. */
#define UP_WORLD_LOOP_MS 1000
#define UP_WORLD_HOPS    150

/** How often a case is run at most: see run/judge_case.h. */
#define UP_WORLD_RUNS 5

/**
 * Limits: runs at one instant without an external event, steps, entries of the ledger, bytes
 * submitted, and recipients looked at in all runs of a case, of which each has an equal share. All
 * but the first end a run as UP_ENDING_STEPS; a large case can reach them on a correct pipeline.
 */
#define UP_WORLD_SPIN_STEPS 4096
#define UP_WORLD_STEPS      50000
#define UP_WORLD_ENTRIES    250000
#define UP_WORLD_BYTES      (128 << 20)
#define UP_WORLD_VIEWS      (20 * 1000 * 1000)

/**
 * Runs the case. Never fails. The caller owns the result. The scanner captures GLib's log while it
 * reads, so no caller may do so at the same time (mail/observations.h).
 */
struct up_ledger *up_world_run(
    const struct up_case *c, const struct up_pipeline *pipeline, enum up_mode mode);

/** The same, with a cache of what the scanner found, shared by several runs. */
struct up_ledger *up_world_run_sharing(const struct up_case *c, const struct up_pipeline *pipeline,
    enum up_mode mode, struct up_readings *readings);

#endif
