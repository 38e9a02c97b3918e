/*
 * mutator - the structure-aware mutator, as fuzz engines call it
 *
 * A target linked with this file mutates cases (mutate/mutate.h) in place of plain bytes: libFuzzer
 * looks for these two functions and then uses no mutation of its own. Its own are still good at
 * words of the dictionary and values from comparisons: so one in some mutations is left to them, on
 * the message alone, with the head kept.
 *
 * Both follow libFuzzer's convention: the result is put into @data, or @out, and is at most
 * @max_size long; its size is returned, and 0 means no mutation. AFL++ calls the same mutator by
 * its own convention (afl_mutator.c).
 *
 * UNPEND_MUTATOR=engine in the environment leaves all mutations to the engine, for comparisons.
 */
#ifndef UP_TARGET_MUTATOR_H
#define UP_TARGET_MUTATOR_H

#include <stddef.h>
#include <stdint.h>

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);

/** @out must not overlap @data or @other. */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *data, size_t size, const uint8_t *other,
    size_t other_size, uint8_t *out, size_t max_out_size, unsigned int seed);

#endif
