/*
 * scan_submit - the reference pipeline, or a sick one: does every message come to an end?
 */
#include "fuzz/play.h"
#include "scan_submit/scan_submit.h"

static void examine(const struct up_case *c, struct up_examination *examination)
{
        up_play(c, examination->sick != NULL ? examination->sick : &up_scan_submit, examination);
}

const struct up_target up_target = { .name = "scan_submit", .examine = examine, .linear = true };
