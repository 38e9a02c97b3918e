/*
 * afl_mutator - the structure-aware mutator as AFL++ calls it
 *
 * A shared object, build/afl/mutator.so, that afl-fuzz loads when AFL_CUSTOM_MUTATOR_LIBRARY names
 * it; the functions and their convention are AFL++'s (docs/custom_mutators.md there). It is made
 * without sanitizers and with the system's libraries: it lives in the process of the engine, and
 * what it mutates is not under test there.
 *
 * Used with AFL_CUSTOM_MUTATOR_ONLY=1: AFL++'s own mutators change bytes, and a case whose head is
 * broken is a message with a strange beginning. For the same reason nothing is trimmed.
 *
 * AFL_INPUT_LEN_MAX is kept here. AFL++ itself would cut what is longer, and with it the signature
 * off; so the variable is set for the mutator, and -G is not given to afl-fuzz.
 *
 * Deterministic by the seed and by the engine's calls. Neither the environment nor the
 * locale is touched; in the engine's process OpenSSL's generator is replaced (cms/random.h), which
 * no other code there uses.
 */
#include <glib.h>
#include <stdlib.h>

#include "mutate/mutate.h"

/* Of so many mutations one takes something from another case, where there is one. */
#define CROSSOVER_ONE_IN 3

struct mutator {
        struct up_rng rng;
        size_t most_bytes;
        GBytes *mutated; /* what the engine was given last, and may read until the next call */
};

/* The engine's interface; it finds these functions by name. */
void *afl_custom_init(void *engine, unsigned int seed);
size_t afl_custom_fuzz(void *data, uint8_t *buffer, size_t bytes, uint8_t **ret_mutated,
    uint8_t *other, size_t other_bytes, size_t most_bytes);
int32_t afl_custom_init_trim(void *data, uint8_t *buffer, size_t bytes);
size_t afl_custom_trim(void *data, uint8_t **ret_trimmed);
int32_t afl_custom_post_trim(void *data, uint8_t success);
void afl_custom_deinit(void *data);

void *afl_custom_init(void *engine, unsigned int seed)
{
        struct mutator *mutator = g_new0(struct mutator, 1);
        const char *longest = getenv("AFL_INPUT_LEN_MAX");
        guint64 most_bytes = longest != NULL ? g_ascii_strtoull(longest, NULL, 10) : 0;

        (void)engine;
        mutator->rng = (struct up_rng){ seed };
        mutator->most_bytes = most_bytes > 0 ? most_bytes : G_MAXSIZE;
        return mutator;
}

/* What is returned stays the mutator's. The engine takes no bytes at all for "leave this one". */
size_t afl_custom_fuzz(void *data, uint8_t *buffer, size_t bytes, uint8_t **ret_mutated,
    uint8_t *other, size_t other_bytes, size_t most_bytes)
{
        struct mutator *mutator = data;
        bool cross =
            other != NULL && other_bytes > 0 && up_rng_one_in(&mutator->rng, CROSSOVER_ONE_IN);
        uint64_t seed = up_rng_next(&mutator->rng);
        gsize mutated_bytes;
        static uint8_t nothing;

        most_bytes = MIN(most_bytes, mutator->most_bytes);
        g_clear_pointer(&mutator->mutated, g_bytes_unref);
        mutator->mutated = cross ? up_crossover(buffer, bytes, other, other_bytes, most_bytes, seed)
                                 : up_mutate(buffer, bytes, most_bytes, seed);
        *ret_mutated = (uint8_t *)g_bytes_get_data(mutator->mutated, &mutated_bytes);
        if (mutated_bytes == 0)
                *ret_mutated = &nothing;
        return mutated_bytes;
}

/* The number of trimming steps. The engine requires the other two functions all the same. */
int32_t afl_custom_init_trim(void *data, uint8_t *buffer, size_t bytes)
{
        (void)data, (void)buffer, (void)bytes;
        return 0;
}

size_t afl_custom_trim(void *data, uint8_t **ret_trimmed)
{
        (void)data;
        *ret_trimmed = NULL;
        return 0;
}

int32_t afl_custom_post_trim(void *data, uint8_t success)
{
        (void)data, (void)success;
        return 0;
}

void afl_custom_deinit(void *data)
{
        struct mutator *mutator = data;

        g_clear_pointer(&mutator->mutated, g_bytes_unref);
        g_free(mutator);
}
