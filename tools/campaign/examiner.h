/*
 * examiner - runs with sanitizers what the explorers of a target hand on
 *
 * One process of the target in the flavour asan (target/inbox.h), started again whenever it ends.
 * When it dies, the input that it ran is kept as a crash. Needs a running GMainLoop.
 */
#ifndef UP_TOOLS_CAMPAIGN_EXAMINER_H
#define UP_TOOLS_CAMPAIGN_EXAMINER_H

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>

#include "target/progress.h"
#include "tools/campaign/sightings.h"
#include "tools/exec/process.h"

struct up_examiner {
        struct up_sightings *sightings; /* which it adds to; not owned */
        const struct up_progress *progress;
        char *error; /* why it was given up; NULL: it was not */

        char *binary;
        unsigned number;
        struct up_process *process;
        GString *output;   /* of the process, the last of it */
        FILE *log;         /* work/examiner-NUMBER.log */
        gint64 start_us;   /* of the process */
        unsigned failures; /* deaths in a row that came at once and left nothing */
        bool stopping;
};

/** Starts it. False with examiner->error when it cannot run. */
bool up_examiner_start(
    struct up_examiner *examiner, struct up_sightings *sightings, unsigned number);

/** Ends it at once; what it was running goes back into the inbox. */
void up_examiner_stop(struct up_examiner *examiner);

bool up_examiner_is_running(const struct up_examiner *examiner);

/** Only when it is not running. */
void up_examiner_clear(struct up_examiner *examiner);

#endif
