/*
 * mutator - the structure-aware mutator, as fuzz engines call it
 *
 * A target that is linked with this file mutates cases (mutate/mutate.h) in place of anonymous
 * bytes: libFuzzer looks for these two functions and uses no mutation of its own besides. What its
 * own are good at, words of the dictionary and values that it saw compared, is not lost: now and
 * then the message alone is handed to them, and the head is kept.
 *
 * Both follow libFuzzer's convention: what comes out stands in @data and is at most @max_size
 * long; its size is returned, and 0 is no mutation. AFL++ calls the same mutator by its own
 * convention (afl_mutator.c).
 *
 * UNPEND_MUTATOR=engine in the environment leaves all mutating to the engine, for comparisons.
 */
#ifndef UP_TARGET_MUTATOR_H
#define UP_TARGET_MUTATOR_H

#include <stddef.h>
#include <stdint.h>

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);

/** @out is not one of the two that are crossed. */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *data, size_t size, const uint8_t *other,
    size_t other_size, uint8_t *out, size_t max_out_size, unsigned int seed);

#endif
