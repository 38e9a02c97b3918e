/*
 * campaign_report - the result of a campaign as text and as JSON
 */
#ifndef UP_TOOLS_CAMPAIGN_CAMPAIGN_REPORT_H
#define UP_TOOLS_CAMPAIGN_CAMPAIGN_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "target/progress.h"
#include "tools/campaign/corpus.h"
#include "tools/campaign/campaign_findings.h"

/** Of one target. */
struct up_result {
        const char *target;
        const char *fault;          /* that was planted; NULL: none */
        bool verifies;              /* signatures: else `verified` means nothing */
        struct up_progress counted; /* by all workers; their first finding, of the first of them */
        double worker_s;            /* seconds that workers ran, added up */
        unsigned corpus;            /* inputs, after merging */
        struct up_coverage coverage;
        GPtrArray *findings; /* of struct up_campaign_finding, owned */
};

/** How many of its findings are new. */
unsigned up_result_new(const struct up_result *result);

/** A line for each target, then each finding with the commands to go on; on standard output. */
void up_result_print_text(GPtrArray *results);

/** The same as one JSON object; @folder is where the campaign lives. */
void up_result_print_json(GPtrArray *results, const char *folder);

#endif
