/*
 * input_report - the line of JSON that a target writes about an input
 *
 * An object with "input", the path, and the members of oracle/result_json.h. "fuel" is there in
 * builds that count edges (fuel.h), "trace" if the run has one. An input that ends the process
 * leaves no line.
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
