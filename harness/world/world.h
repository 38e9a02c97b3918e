/*
 * world - everybody whom a pipeline talks to, and the clock
 *
 * Runs one case on one pipeline and writes down what was seen. The script says what the
 * environment does; what it does not say is healthy. The world holds two clocks (monotonic, and the
 * wall clock, which the script may make jump), the scanner, the next hop, the power switch of the
 * storage and an administrator. Nothing is left to chance and no real clock is read: one case, one
 * ledger, byte for byte.
 *
 * After the script the environment goes on as it last behaved, for ever; or it heals: the scanner
 * answers, the next hop accepts. Time then jumps from one thing that is due to the next, until
 * nobody waits any more, or it is shown that somebody will wait for ever (enum up_ending).
 *
 * The scanner reads content, too (readings.h): it decodes what it is given by GMime, opens and
 * verifies what is signed by OpenSSL, and calls a message infected that has EICAR's test file in
 * it, unless the script has something else to say. The verb `allocation` lets OpenSSL run out of
 * memory once on the way: then there is no verdict, and its error is the code, or 0 if it left
 * none. That belongs to the environment: who heals it, or is healthy, has memory enough.
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
 *   - A recipient of whom the pipeline tells no more is forgotten: see views.h.
 *   - What the pipeline cannot do (crash, commands) leaves only the EVENT.
 */
#ifndef UP_WORLD_WORLD_H
#define UP_WORLD_WORLD_H

#include "case/case.h"
#include "ledger/ledger.h"
#include "pipeline.h"
#include "world/readings.h"

/** How a run goes on after the script, and how it went before. */
enum up_mode {
        UP_MODE_BASELINE, /* no heal */
        UP_MODE_HEALED,   /* all is well from the end of the script on */
        UP_MODE_HEALTHY,  /* all is well from the start: verbs that make something sick are left out
                           */
        UP_MODE_NO_CLOCK_JUMPS, /* no heal, and the wall clock never jumps */
};

/* How long the healthy take, and when a late answer comes after the time-out. */
#define UP_WORLD_SCAN_MS 200
#define UP_WORLD_SEND_MS 500
#define UP_WORLD_LATE_MS 1000

/* Under `loop on`: when a delivered message is handed in again, and how many times at most. */
#define UP_WORLD_LOOP_MS 1000
#define UP_WORLD_HOPS    150

/**
 * At most so many runs at one instant with nothing from outside between them; so many steps in all,
 * so many views looked at in all, and so many bytes handed in in all. The last three end a run as
 * UP_ENDING_STEPS: a large case can come to them on a good pipeline.
 */
#define UP_WORLD_SPIN_STEPS 4096
#define UP_WORLD_STEPS      50000
#define UP_WORLD_VIEWS      (20 * 1000 * 1000)
#define UP_WORLD_BYTES      (128 << 20)

/**
 * Runs the case. Never fails: the worst is a ledger that ends badly. The caller owns the result.
 * The scanner listens to GLib's log while it reads, so nobody else may (mail/observations.h).
 */
struct up_ledger *up_world_run(
    const struct up_case *c, const struct up_pipeline *pipeline, enum up_mode mode);

/** As above, with what the scanner found in other runs, which gets what it finds in this one. */
struct up_ledger *up_world_run_sharing(const struct up_case *c, const struct up_pipeline *pipeline,
    enum up_mode mode, struct up_readings *readings);

#endif
