/*
 * growth - does the work of a case grow faster than its message?
 *
 * A parser that goes over everything again for each line is harmless on the small messages of a
 * fuzzer and stops a gateway on a large one. So a message of some size is cut to a half and to a
 * quarter, and what each takes is compared, in edges (fuel.h), where they are counted: work that
 * grows as the message does about doubles each time; that it more than trebles, twice in a row, is
 * a finding of class `superlinear`. Twice, because cutting can take the work itself away: half a
 * signed message has no signature.
 *
 * BUGS: the script is not cut. What grows faster, but begins to beyond the message's size, or is
 * still small beside the rest there, is not seen.
 */
#ifndef UP_TARGET_GROWTH_H
#define UP_TARGET_GROWTH_H

#include "case/case.h"

/** Of a message that is smaller nothing is said, nor of one that takes less. */
#define UP_GROWTH_LEAST_BYTES 4096
#define UP_GROWTH_LEAST_EDGES 2000000

/** Runs the case to its end, and returns the fuel that it spent. */
typedef uint64_t (*up_growth_spend)(const struct up_case *c);

/**
 * Appends a struct up_finding to @findings if it does. @spent is what the case took, all the first
 * steps of the process included; @spend is called for parts of it, and to be sure. @target is the
 * name of who examines it.
 */
void up_growth_judge(const struct up_case *c, uint64_t spent, up_growth_spend spend,
    const char *target, GPtrArray *findings);

#endif
