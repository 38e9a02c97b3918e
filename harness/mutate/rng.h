/*
 * rng - the mutator's own random numbers: one seed gives the same numbers on any machine
 *
 * splitmix64 (https://prng.di.unimi.it/splitmix64.c). It shares nothing with the stream that
 * OpenSSL and GMime draw from (cms/random.h).
 */
#ifndef UP_MUTATE_RNG_H
#define UP_MUTATE_RNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct up_rng {
        uint64_t state; /* begin with the seed */
};

static inline uint64_t up_rng_next(struct up_rng *rng)
{
        uint64_t z = (rng->state += UINT64_C(0x9e3779b97f4a7c15));

        z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
        return z ^ (z >> 31);
}

/** A number from 0 to @limit - 1; 0 if @limit is 0. */
static inline size_t up_rng_below(struct up_rng *rng, size_t limit)
{
        return limit > 0 ? (size_t)(up_rng_next(rng) % limit) : 0;
}

/** True with the probability 1 / @count. */
static inline bool up_rng_one_in(struct up_rng *rng, unsigned count)
{
        return up_rng_below(rng, count) == 0;
}

/**
 * The index of one of @count rows, chosen by weight. @weight points to that of the first row, and
 * rows are @row_bytes apart.
 */
static inline size_t up_rng_weighted(
    struct up_rng *rng, const unsigned *weight, size_t count, size_t row_bytes)
{
        const char *first = (const char *)weight;
        size_t sum = 0, at, i = 0;

        for (size_t j = 0; j < count; j++)
                sum += *(const unsigned *)(const void *)(first + j * row_bytes);
        at = up_rng_below(rng, sum);
        for (; i + 1 < count; i++) {
                size_t of_row = *(const unsigned *)(const void *)(first + i * row_bytes);
                if (at < of_row)
                        break;
                at -= of_row;
        }
        return i;
}

#endif
