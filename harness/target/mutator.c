/*
 * mutator - libFuzzer's two hooks
 *
 * With UNPEND_MUTATOR=engine, the engine mutates the bytes of the file as if these hooks were not
 * there.
 *
 * The engine's own mutations get the message with the placeholder of the anti-virus test file, as
 * it stands in a case file: they copy words and numbers, and would tear the 68 bytes apart.
 *
 * Signing draws random numbers and uses OpenSSL's error queue; the target resets both for each
 * input.
 */
#include "target/mutator.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "case/case.h"
#include "target/target.h"
#include "mail/eicar.h"
#include "mutate/mutate.h"

/* One in so many mutations is the engine's: of mail, and of a message that is not mail. */
#define ENGINE_ONE_IN       12
#define ENGINE_ONE_IN_NOISE 3

/* libFuzzer's own; NULL where the engine is another. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size) __attribute__((weak));

/* Returns the size; 0, and nothing is copied, if it does not fit. */
static size_t copy_out(uint8_t *out, size_t max_size, GBytes *bytes)
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

/* Takes over @from. */
static size_t mutate_by_engine(struct up_case *from, uint8_t *data, size_t max_size)
{
        g_autoptr(up_case) c = from;
        g_autofree uint8_t *message = NULL;
        g_autoptr(GBytes) file = NULL;
        size_t bytes;

        up_mutate_clear_claims(c);
        c->mutation = g_strdup("engine; graded unknown");
        message = message_of(c, max_size, &bytes);
        bytes = LLVMFuzzerMutate(message, bytes, max_size);
        g_bytes_unref(c->message);
        c->message = up_eicar_expand(message, bytes);
        file = up_case_write(c);
        return copy_out(data, max_size, file);
}

/* A message that begins with a control byte, a high one or a blank is not mail. */
static bool is_noise(const struct up_case *c)
{
        gsize bytes;
        const uint8_t *message = g_bytes_get_data(c->message, &bytes);

        return bytes > 0 && (message[0] <= ' ' || message[0] > '~');
}

static bool leaves_all_to_engine(void)
{
        static int leaves = -1; /* looked up once: this is called for each mutant */

        if (leaves < 0)
                leaves = g_strcmp0(getenv("UNPEND_MUTATOR"), "engine") == 0;
        return leaves != 0;
}

static size_t mutate(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
        struct up_rng rng = { seed };
        g_autoptr(up_case) c = NULL;
        g_autoptr(GBytes) file = NULL;

        if (leaves_all_to_engine())
                return LLVMFuzzerMutate != NULL ? LLVMFuzzerMutate(data, size, max_size) : 0;
        c = up_case_read(data, size, NULL);
        if (up_target.takes_events) {
                file = up_mutate_events(g_steal_pointer(&c), NULL, max_size, up_rng_next(&rng));
                return file != NULL ? copy_out(data, max_size, file) : 0;
        }
        if (LLVMFuzzerMutate != NULL &&
            up_rng_one_in(&rng, is_noise(c) ? ENGINE_ONE_IN_NOISE : ENGINE_ONE_IN)) {
                size_t mutated = mutate_by_engine(g_steal_pointer(&c), data, max_size);
                if (mutated > 0)
                        return mutated;
                c = up_case_read(data, size, NULL);
        }
        file = up_mutate_case(g_steal_pointer(&c), data, size, max_size, up_rng_next(&rng));
        return copy_out(data, max_size, file);
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
        if (up_target.takes_events) {
                g_autoptr(up_case) other_case = up_case_read(other, other_size, NULL);
                file = up_mutate_events(
                    up_case_read(data, size, NULL), other_case, max_out_size, seed);
        } else {
                file = up_crossover(data, size, other, other_size, max_out_size, seed);
        }
        return file != NULL ? copy_out(out, max_out_size, file) : 0;
}
