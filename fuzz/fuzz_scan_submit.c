/*
 * scan_submit - the reference pipeline, or a sick one: does every message come to an end?
 */
#include "run/judge_case.h"
#include "scan_submit/scan_submit.h"

static void examine(const struct up_case *c, struct up_examination *examination)
{
        up_judge_case(
            c, examination->sick != NULL ? examination->sick : &up_scan_submit, examination);
}

const struct up_target up_target = { .name = "scan_submit", .examine = examine, .linear = true };
