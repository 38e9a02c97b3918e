/*
 * mutator - libFuzzer's two hooks
 *
 * Where UNPEND_MUTATOR is "engine" all is left to the engine, on the file's own bytes and without a
 * look at them, as if these hooks were not there.
 *
 * The engine's own mutations see the message without its placeholder for the test virus, as the
 * file has it: they copy words and numbers, and would only tear the 68 bytes apart.
 *
 * It signs, and so draws from chance and from OpenSSL's error queue; the target restarts both for
 * each input.
 */
#include "target/mutator.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "case/case.h"
#include "target/target.h"
#include "mail/eicar.h"
#include "mutate/mutate.h"

/* Of so many mutations one is the engine's: of what is mail, and of what is only bytes. */
#define ENGINE_ONE_IN       12
#define ENGINE_ONE_IN_NOISE 3

/* libFuzzer's own. Absent in another engine, and then nothing is left to it. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size) __attribute__((weak));

/* Returns the size; 0, and nothing is copied, if it does not fit. */
static size_t give(uint8_t *out, size_t max_size, GBytes *bytes)
{
        gsize size;
        const uint8_t *data = g_bytes_get_data(bytes, &size);

        if (size > max_size)
                return 0;
        if (size > 0)
                memcpy(out, data, size);
        return size;
}

/* The message as it stands in a file, in a buffer with room for more. */
static uint8_t *message_of(const struct up_case *c, size_t max_size, size_t *ret_size)
{
        gsize size;
        const uint8_t *data = g_bytes_get_data(c->message, &size);
        g_autoptr(GBytes) folded = up_eicar_fold(data, size);
        uint8_t *buffer = g_malloc0(max_size + 1);

        data = g_bytes_get_data(folded, &size);
        *ret_size = MIN(size, max_size);
        if (*ret_size > 0)
                memcpy(buffer, data, *ret_size);
        return buffer;
}

static size_t mutate_by_engine(uint8_t *data, size_t size, size_t max_size)
{
        g_autoptr(up_case) c = up_case_read(data, size, NULL);
        g_autofree uint8_t *message = NULL;
        g_autoptr(GBytes) file = NULL;
        size_t bytes;

        up_mutate_forget(c);
        c->mutation = g_strdup("engine; graded unknown");
        message = message_of(c, max_size, &bytes);
        bytes = LLVMFuzzerMutate(message, bytes, max_size);
        g_bytes_unref(c->message);
        c->message = up_eicar_expand(message, bytes);
        file = up_case_write(c);
        return give(data, max_size, file);
}

/* A message that begins with a control byte, a high one or a blank is no mail. */
static bool is_noise(const uint8_t *data, size_t size)
{
        g_autoptr(up_case) c = up_case_read(data, size, NULL);
        gsize bytes;
        const uint8_t *message = g_bytes_get_data(c->message, &bytes);

        return bytes > 0 && (message[0] <= ' ' || message[0] > '~');
}

/* At each call, so it is looked up once. */
static bool leaves_all_to_engine(void)
{
        static int leaves = -1;
        const char *mutator;

        if (leaves < 0) {
                mutator = getenv("UNPEND_MUTATOR");
                leaves = mutator != NULL && strcmp(mutator, "engine") == 0;
        }
        return leaves != 0;
}

static size_t mutate(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
        g_autoptr(GBytes) file = NULL;
        struct up_rng rng = { seed };

        if (leaves_all_to_engine())
                return LLVMFuzzerMutate != NULL ? LLVMFuzzerMutate(data, size, max_size) : 0;
        if (LLVMFuzzerMutate != NULL &&
            up_rng_one_in(&rng, is_noise(data, size) ? ENGINE_ONE_IN_NOISE : ENGINE_ONE_IN)) {
                size_t mutated = mutate_by_engine(data, size, max_size);
                if (mutated > 0)
                        return mutated;
        }
        file = up_mutate(data, size, max_size, up_rng_next(&rng));
        return give(data, max_size, file);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
        up_target_mutated();
        return mutate(data, size, max_size, seed);
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *data, size_t size, const uint8_t *other,
    size_t other_size, uint8_t *out, size_t max_out_size, unsigned int seed)
{
        g_autoptr(GBytes) file = NULL;

        /* libFuzzer takes the other hook then, behind which it crosses by its own means. */
        if (leaves_all_to_engine())
                return 0;
        up_target_mutated();
        file = up_crossover(data, size, other, other_size, max_out_size, seed);
        return give(out, max_out_size, file);
}
