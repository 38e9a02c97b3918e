/*
 * feedback - makes the fuzzer keep inputs whose messages wait in a new way
 *
 * Edges of code alone do not: the tenth retry runs the same code as the second. Each way of waiting
 * is a counter in libFuzzer's section of extra counters and a place in AFL++'s map; an input that
 * sets a new one is kept. Under any other engine, and in the replayer, the counters have no effect.
 *
 * A way of waiting is, for a recipient at the end of a run: its state, the last verdict on its
 * message, the number of attempts (log2), how long the oldest recipient waited (log2), and its
 * disposition. Each transition from one state to another, of any machine, is one as well.
 */
#ifndef UP_TARGET_FEEDBACK_H
#define UP_TARGET_FEEDBACK_H

#include <stdint.h>

#include "ledger/index.h"

/** Sets the counters of every recipient, and of every transition that its views show. */
void up_feedback_ledger(const struct up_ledger_index *index);

/** Sets the counter of a transition of a machine, with so many attempts left (log2). */
void up_feedback_step(const char *machine, const char *from, const char *to, uint64_t left);

/** Words in a set of transitions. */
#define UP_FEEDBACK_WORDS 64

/**
 * Adds the transitions to another state that this process has seen so far to a set. Each is a bit
 * by its hash: of a hundred, one may share another's.
 */
void up_feedback_transitions(uint64_t seen[UP_FEEDBACK_WORDS]);

#define UP_FEEDBACK_PLACES 32768 /* a power of two */

/** The counters: UP_FEEDBACK_PLACES bytes, 0 or 1. */
const uint8_t *up_feedback_counters(void);

/** Counters that are set. libFuzzer clears them before each input, other engines never. */
unsigned up_feedback_count(void);

#endif
