/*
 * mutate - structure-aware mutation of a case
 *
 * Any bytes go in, a readable case file comes out, different from what went in, whose head says in
 * its `mutation:` line what was done and what the signature is now meant to be worth. The same
 * bytes and seed make the same file on any machine: nothing is drawn from clock or chance.
 *
 * A plain fuzzer breaks a signature with the first bit that it flips. Here what is inside is
 * changed first and signed afterwards, by a test identity; or it is signed first and then damaged,
 * on purpose and graded.
 */
#ifndef UP_MUTATE_MUTATE_H
#define UP_MUTATE_MUTATE_H

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

#include "mutate/draft.h"

/**
 * A mutation of the case that @data is, at most @most_bytes long: never longer, whatever goes in.
 * It differs from @data, and reads without complaint: where there is too little room for a head, it
 * is a bare message, and where there is none at all, no bytes. Time grows with the size. It
 * restarts cms/random.h. The caller owns the result.
 */
GBytes *up_mutate(const uint8_t *data, size_t bytes, size_t most_bytes, uint64_t seed);

/**
 * A case made of two: parts, header fields, script events and policy of the one in the other.
 * Otherwise as up_mutate().
 */
GBytes *up_crossover(const uint8_t *data, size_t bytes, const uint8_t *other, size_t other_bytes,
    size_t most_bytes, uint64_t seed);

/** Drops what was said about the case, and is not true of a mutation: fault, finding, known, ... */
void up_mutate_forget(struct up_case *c);

#endif
