/*
 * rng - the mutator's own chance: the same seed throws the same numbers, on any machine
 *
 * splitmix64 (https://prng.di.unimi.it/splitmix64.c), a stream of its own, so that what OpenSSL
 * and GMime draw (cms/random.h) is neither disturbed nor disturbs.
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

/** A number from 0 to @sides - 1; 0 when there are no sides. */
static inline size_t up_rng_below(struct up_rng *rng, size_t sides)
{
        return sides > 0 ? (size_t)(up_rng_next(rng) % sides) : 0;
}

/** True once in @times. */
static inline bool up_rng_one_in(struct up_rng *rng, unsigned times)
{
        return up_rng_below(rng, times) == 0;
}

#endif
