/*
 * mutate - structure-aware mutation of a case
 *
 * Takes any bytes and makes a readable case file that differs from them. The line `mutation:` of
 * its head names the operators that were applied, and how much of the signature should still hold.
 * The same bytes and seed make the same file on any machine.
 *
 * A plain fuzzer breaks a signature with the first bit that it flips. Here the content is changed
 * first and signed afterwards, by a test identity; or it is signed and then damaged, and graded.
 */
#ifndef UP_MUTATE_MUTATE_H
#define UP_MUTATE_MUTATE_H

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

#include "mutate/draft.h"

/**
 * A mutant of the case in @data, at most @most_bytes long. It differs from @data in more than what
 * its head says about it, and reads without complaint: where there is too little room for a head,
 * it is a bare message, and where there is none at all, no bytes. Time is linear in the size, but
 * for a bounded number of signatures and decryptions. Restarts cms/random.h. The caller owns the
 * result.
 */
GBytes *up_mutate(const uint8_t *data, size_t bytes, size_t most_bytes, uint64_t seed);

/** As up_mutate(), of a case that was already read from @data. Takes over @c. */
GBytes *up_mutate_case(
    struct up_case *c, const uint8_t *data, size_t bytes, size_t most_bytes, uint64_t seed);

/**
 * As up_mutate_case(), of a case whose message is no mail but a list of events, each of one byte:
 * changes these and the policy, and signs nothing. First puts some events of @other in, unless it
 * is NULL. NULL if the mutant does not fit.
 */
GBytes *up_mutate_events(
    struct up_case *c, const struct up_case *other, size_t most_bytes, uint64_t seed);

/**
 * A case made of two: parts, header fields, script events and policy of the other are put into the
 * one in @data. Otherwise as up_mutate().
 */
GBytes *up_crossover(const uint8_t *data, size_t bytes, const uint8_t *other, size_t other_bytes,
    size_t most_bytes, uint64_t seed);

/** Drops what the head says about the case and is not true of a mutant: fault, finding, known. */
void up_mutate_clear_claims(struct up_case *c);

#endif
