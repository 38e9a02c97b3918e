/*
 * fuzzing - runs explorers and examiners of a campaign, and shows their progress
 *
 * A *lane* is a target explored by an engine. With no more lanes than jobs, all run all the time.
 * Otherwise as many lanes as there are jobs run at once, and the others are paused. Every few
 * seconds the time goes to the lanes that reached the most new edges a second when they last ran;
 * but each lane gets at least half of an even share. A lane's process is started once, so that it
 * reads the seeds once.
 *
 * Each target has an examiner (examiner.h) for each explorer of it that can run at a time.
 * Examiners are not paused: they work on what is in their inbox, which is little once a target
 * brings nothing new.
 */
#ifndef UP_TOOLS_CAMPAIGN_FUZZING_H
#define UP_TOOLS_CAMPAIGN_FUZZING_H

#include <stdbool.h>

#include "tools/campaign/campaign_report.h"
#include "tools/campaign/engine.h"
#include "tools/campaign/examiner.h"
#include "tools/campaign/sightings.h"

struct up_campaign_target {
        struct up_result result; /* first, so that an array of targets is one of results */
        struct up_folders folders;
        GPtrArray *examiners; /* of struct up_examiner, owned */
};

struct up_fuzzing {
        GPtrArray *targets; /* of struct up_campaign_target */
        GPtrArray *engines; /* of const struct up_engine */
        const struct up_mutator *mutator;
        unsigned time_s; /* of wall clock, for all of it, merging included */
        unsigned jobs;   /* explorers at once */
        unsigned engine_seed;
};

/**
 * Fuzzes each target by each engine, then merges the corpora, for which it leaves at most a fifth
 * of the time: what is not merged then stays as it is. Adds to each target what was counted and
 * seen. An interruption is no error. False with @error when an engine or an examiner cannot run.
 */
bool up_fuzz(const struct up_fuzzing *fuzzing, GError **error);

#endif
