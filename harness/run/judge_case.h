/*
 * play - a case, played on a pipeline: does every message come to an end, and to the right one?
 *
 * The target of a pipeline is this one call (scan_submit.c, example.c). The case is run as its
 * environment was, twice, for one case has one outcome; healed after the script; healthy from the
 * start, to compare; and, where the wall clock jumps, with a steady one. The oracles judge the
 * records together (oracle/judge.h); the feedback tells the fuzzer how messages waited
 * (feedback.h).
 */
#ifndef UP_RUN_JUDGE_CASE_H
#define UP_RUN_JUDGE_CASE_H

#include "case/case.h"
#include "target/target.h"
#include "pipeline.h"

/**
 * Fills in findings and counts (those observed are what the scanner saw in the first run, each
 * message once), and the trace if one is asked for: of the record as it was, and of the healed one
 * where something shows in that alone.
 */
void up_judge_case(const struct up_case *c, const struct up_pipeline *pipeline,
    struct up_examination *examination);

#endif
