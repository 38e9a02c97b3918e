/*
 * fuzzing - runs the workers of a campaign, and shows their progress
 */
#ifndef UP_TOOLS_CAMPAIGN_FUZZING_H
#define UP_TOOLS_CAMPAIGN_FUZZING_H

#include <stdbool.h>

#include "tools/campaign/campaign_report.h"
#include "tools/campaign/engine.h"

struct up_campaign_target {
        struct up_result result; /* first, so that an array of targets is one of results */
        struct up_folders folders;
        unsigned edges, corpus, crashes; /* as workers last reported */
};

struct up_fuzzing {
        GPtrArray *targets; /* of struct up_campaign_target */
        GPtrArray *engines; /* of const struct up_engine */
        const struct up_mutator *mutator;
        unsigned time_s; /* of wall clock, for all of it */
        unsigned jobs;   /* workers at once */
        unsigned engine_seed;
};

/**
 * Fuzzes each target by each engine. They share the workers evenly, or the time where there are
 * fewer workers. Adds to each target what its workers counted. An interruption is no error. False
 * with @error when an engine cannot run.
 */
bool up_fuzz(const struct up_fuzzing *fuzzing, GError **error);

#endif
