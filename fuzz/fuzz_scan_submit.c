/*
 * scan_submit - the reference pipeline, or one with a planted fault: does every message come to an
 * end?
 */
#include "run/judge_case.h"
#include "scan_submit/scan_submit.h"
#include "target/target.h"

static void examine(
    const struct up_case *c, const struct up_target_input *input, struct up_case_result *result)
{
        up_judge_case(c, input->faulty != NULL ? input->faulty : &up_scan_submit, result);
}

const struct up_target up_target = { .name = "scan_submit", .examine = examine, .linear = true };
