/*
 * input_report - the line of JSON that a target writes about an input
 *
 *     {"input": PATH,
 *      "findings": [{"class", "evidence", "role", "signature", "detail", "slug",
 *                    "message": N, "recipient": N, "shown-at": N, "critical-at": N}],
 *      "counts": {NAME: N}, "unscannable": BOOL, "limits": [TEXT], "fuel": N, "trace": TEXT}
 *
 * A finding without a message or an entry has no such members. Counts are those of the observed,
 * and those of oracles that had something to judge, by their names. "fuel" is there in builds that
 * count edges (fuel.h), "trace" if the run has one. An input that ends the process leaves no line.
 */
#ifndef UP_TARGET_INPUT_REPORT_H
#define UP_TARGET_INPUT_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "run/judge_case.h"

/** Appends the line to the file @report. @trace may be NULL. False when it cannot (errno). */
bool up_input_report_append(const char *report, const char *input,
    const struct up_case_result *result, uint64_t fuel, const char *trace);

#endif
