/*
 * feedback - tells the fuzzer that a message waits as none did before
 *
 * Edges of code alone do not: the tenth retry runs the same code as the second. Each way of waiting
 * is a counter in libFuzzer's section of extra counters and a place in AFL++'s map; an input that
 * sets one which no other has set is kept. Under any other engine, and in the replayer, the
 * counters are memory like any other.
 *
 * A way of waiting is, of a recipient at the end of a run: its state, the last verdict on its
 * message, how often something was tried (log2), how long the oldest one waited (log2), and its
 * disposition. And it is each step from one state to another, for all machines that have any.
 */
#ifndef UP_TARGET_FEEDBACK_H
#define UP_TARGET_FEEDBACK_H

#include <stdint.h>

#include "ledger/ledger.h"

/** Sets the counters of every recipient in the ledger, and of every step that its views show. */
void up_feedback_ledger(const struct up_ledger *ledger);

/**
 * Sets the counter of a step: in a machine of that name, between states of those names, with so
 * much left of what it may try.
 */
void up_feedback_step(const char *machine, const char *from, const char *to, uint64_t left);

/** A set of steps is so many words. */
#define UP_FEEDBACK_WORDS 64

/**
 * Adds to a set the distinct steps, from a state to another one, that this process has seen so far.
 * A step is a bit by its hash: of a hundred steps one may share another one's.
 */
void up_feedback_transitions(uint64_t seen[UP_FEEDBACK_WORDS]);

/** How many counters are set. libFuzzer clears them before each input; others never do. */
unsigned up_feedback_count(void);

#endif
