/*
 * growth - does the work of a case grow faster than its message?
 *
 * A parser that starts over for each line is harmless on the small messages of a fuzzer and stops a
 * gateway on a large one. So a message is cut to a half and to a quarter, and the edges that each
 * executes are compared (fuel.h). Linear work doubles each time; work that more than trebles, twice
 * in a row, is a finding of class `superlinear`. Twice, because cutting can remove the work itself:
 * half a signed message has no signature.
 *
 * BUGS: the script is not cut. Growth that sets in beyond the message's size, or that is small
 * beside the rest of the work, is missed.
 */
#ifndef UP_TARGET_GROWTH_H
#define UP_TARGET_GROWTH_H

#include "case/case.h"

/** Smaller messages, and those that execute fewer edges, are not judged. */
#define UP_GROWTH_MIN_BYTES 4096
#define UP_GROWTH_MIN_EDGES 2000000

/** Runs the case and returns the fuel that it spent. */
typedef uint64_t (*up_growth_measure)(const struct up_case *c);

/**
 * Appends a struct up_finding to @findings if it does. @fuel is what the case spent, including what
 * a process does once. @measure is called for parts of the case, and again for the whole before a
 * finding. @target is the target's name.
 */
void up_growth_judge(const struct up_case *c, uint64_t fuel, up_growth_measure measure,
    const char *target, GPtrArray *findings);

#endif
