/*
 * campaign_report - the result of a campaign as text and as JSON
 */
#ifndef UP_TOOLS_CAMPAIGN_CAMPAIGN_REPORT_H
#define UP_TOOLS_CAMPAIGN_CAMPAIGN_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "target/novelty.h"
#include "target/progress.h"
#include "tools/campaign/campaign_findings.h"
#include "tools/campaign/sightings.h"

/** Of one target. */
struct up_result {
        const char *target;
        const char *fault; /* that was planted; NULL: none */
        bool verifies;     /* signatures: else `verified` means nothing */
        struct up_progress
            counted;       /* by all explorers; their first finding, of the first of them */
        double worker_s;   /* seconds that explorers ran, added up */
        uint64_t examined; /* executions by examiners */
        unsigned waiting;  /* inputs that no examiner came to */
        unsigned corpus;   /* inputs, after merging */
        bool unmerged;     /* there was no time to merge them */
        struct up_reached reached;
        struct up_sightings sightings; /* all that was seen, triaged or not */
        GPtrArray *findings;           /* of struct up_campaign_finding, owned */
};

/** How many of its findings are new. */
unsigned up_result_new(const struct up_result *result);

/**
 * A line for each target, then each finding with the commands to go on; on standard output. After
 * an interruption what was seen and not triaged, too.
 */
void up_result_print_text(GPtrArray *results, bool interrupted);

/** The same as one JSON object; @folder is where the campaign lives. */
void up_result_print_json(GPtrArray *results, const char *folder);

#endif
