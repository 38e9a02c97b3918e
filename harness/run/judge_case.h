/*
 * judge_case - runs a case on a pipeline in all modes, and judges it
 *
 *     struct up_case_result result;
 *
 *     up_case_result_init(&result, c);
 *     up_judge_case(c, &my_pipeline, &result);
 *     for (guint i = 0; i < result.findings->len; i++)
 *             print_finding(g_ptr_array_index(result.findings, i));
 *     up_case_result_clear(&result);
 *
 * The case runs without healing, twice, because one case has one outcome; with healing after the
 * script; in an environment that is healthy from the start, to compare; and, if its wall clock
 * jumps, without jumps. The oracles judge the ledgers together (oracle/judge.h). By
 * result.observed.depth, which is UP_DEPTH_JUDGE unless the caller changes it: UP_DEPTH_EXAMINE
 * leaves out the repetition, UP_DEPTH_EXPLORE all but the run without healing.
 *
 * Not reentrant: GLib's log is captured while the scanner reads (mail/observations.h).
 */
#ifndef UP_RUN_JUDGE_CASE_H
#define UP_RUN_JUDGE_CASE_H

#include "case/case.h"
#include "mail/observations.h"
#include "oracle/judge.h"
#include "oracle/outage.h"
#include "pipeline.h"

struct up_case_result {
        struct up_observations observed; /* what was read in the message */
        GPtrArray *findings;             /* of struct up_finding */
        uint64_t judged[UP_ORACLE_COUNT];
        struct up_outage outage; /* of the run without healing; not explored */
        struct up_runs runs; /* indexes and their ledgers, owned; all NULL when no pipeline ran */
        char *trace;         /* of what runs no pipeline; owned; NULL: none */
};

/** An empty result, under the limits of the case's policy and at its time. Free with _clear. */
void up_case_result_init(struct up_case_result *result, const struct up_case *c);
void up_case_result_clear(struct up_case_result *result);

/**
 * Fills in the indexed ledgers, the findings and their counts. The observed's counts are those of
 * the first run, each message once. Never fails: any case has an outcome. Call it once per result.
 */
void up_judge_case(
    const struct up_case *c, const struct up_pipeline *pipeline, struct up_case_result *result);

/**
 * The trace of the case as text, in lines of at most @columns: of the run without healing, and of
 * the one with healing if that alone shows a finding. NULL when no pipeline ran. The caller owns
 * the result.
 */
char *up_case_result_trace(const struct up_case_result *result, unsigned columns);

#endif
