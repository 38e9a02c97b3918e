/*
 * The mutator as AFL++ calls it: it may be called for days in the engine's process, whose memory
 * and whose bound on an input's length it keeps to.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <glib.h>

#include "case/case.h"

void *afl_custom_init(void *engine, unsigned int seed);
size_t afl_custom_fuzz(void *data, uint8_t *buffer, size_t bytes, uint8_t **ret_mutated,
    uint8_t *other, size_t other_bytes, size_t most_bytes);
int32_t afl_custom_init_trim(void *data, uint8_t *buffer, size_t bytes);
void afl_custom_deinit(void *data);

#define CALLS 200

static const char seed[] = "unpend-case: 1\nscript:\n  submit 1 local\nmessage:\n"
                           "Subject: one\n\nThe text of the one.\n";
static const char other[] = "unpend-case: 1\nscript:\n  scan 1 busy\n  submit 1 smtp\nmessage:\n"
                            "X-Of-The-Other: only\n\nThe text of the other.\n";

static GBytes *next(void *mutator, const char *beside, size_t most_bytes)
{
        uint8_t *mutated = NULL;
        size_t bytes = afl_custom_fuzz(mutator, (uint8_t *)seed, strlen(seed), &mutated,
            (uint8_t *)beside, beside != NULL ? strlen(beside) : 0, most_bytes);

        assert_non_null(mutated); /* the engine would end */
        return g_bytes_new(mutated, bytes);
}

static void what_comes_out_is_another_case_that_reads_without_complaint(void **state)
{
        void *mutator = afl_custom_init(NULL, 1);

        (void)state;
        for (unsigned i = 0; i < CALLS; i++) {
                g_autoptr(GBytes) mutated = next(mutator, other, 4096);
                g_autoptr(GPtrArray) complaints = up_complaints_new();
                gsize bytes;
                const uint8_t *data = g_bytes_get_data(mutated, &bytes);
                g_autoptr(up_case) c = up_case_read(data, bytes, complaints);
                assert_int_equal(complaints->len, 0);
                assert_non_null(c->mutation);
                assert_false(bytes == strlen(seed) && memcmp(data, seed, bytes) == 0);
        }
        afl_custom_deinit(mutator);
}

/* Two engines of one chance go one way; of another chance, another. */
static void chance_is_of_the_seed_alone(void **state)
{
        void *one = afl_custom_init(NULL, 7);
        void *same = afl_custom_init(NULL, 7);
        void *another = afl_custom_init(NULL, 8);
        unsigned alike = 0;

        (void)state;
        for (unsigned i = 0; i < CALLS / 10; i++) {
                g_autoptr(GBytes) a = next(one, other, 4096);
                g_autoptr(GBytes) b = next(same, other, 4096);
                g_autoptr(GBytes) c = next(another, other, 4096);
                assert_true(g_bytes_equal(a, b));
                alike += g_bytes_equal(a, c) ? 1 : 0;
        }
        assert_in_range(alike, 0, CALLS / 20);
        afl_custom_deinit(one);
        afl_custom_deinit(same);
        afl_custom_deinit(another);
}

/* How many of them have the field that only the other case has. */
static unsigned crossed(const char *beside)
{
        void *mutator = afl_custom_init(NULL, 3);
        unsigned count = 0;

        for (unsigned i = 0; i < CALLS; i++) {
                g_autoptr(GBytes) mutated = next(mutator, beside, 4096);
                count += g_strstr_len(g_bytes_get_data(mutated, NULL),
                             (gssize)g_bytes_get_size(mutated), "X-Of-The-Other") != NULL;
        }
        afl_custom_deinit(mutator);
        return count;
}

static void something_is_taken_from_the_other_case_now_and_then(void **state)
{
        (void)state;
        assert_int_equal(crossed(NULL), 0);
        assert_in_range(crossed(other), 1, CALLS / 3);
}

/* What is too long AFL++ would cut, and what is cut is signed no more. */
static void nothing_is_longer_than_either_bound(void **state)
{
        void *mutator;

        (void)state;
        setenv("AFL_INPUT_LEN_MAX", "150", 1);
        mutator = afl_custom_init(NULL, 1);
        unsetenv("AFL_INPUT_LEN_MAX");
        for (unsigned i = 0; i < CALLS; i++) {
                size_t most_bytes = i % 2 == 0 ? 4096 : i / 2;
                g_autoptr(GBytes) mutated = next(mutator, other, most_bytes);
                assert_in_range(g_bytes_get_size(mutated), 0, MIN(most_bytes, 150));
        }
        afl_custom_deinit(mutator);
}

static void there_is_nothing_to_trim(void **state)
{
        void *mutator = afl_custom_init(NULL, 1);

        (void)state;
        assert_int_equal(afl_custom_init_trim(mutator, (uint8_t *)seed, strlen(seed)), 0);
        afl_custom_deinit(mutator);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_comes_out_is_another_case_that_reads_without_complaint),
                cmocka_unit_test(chance_is_of_the_seed_alone),
                cmocka_unit_test(something_is_taken_from_the_other_case_now_and_then),
                cmocka_unit_test(nothing_is_longer_than_either_bound),
                cmocka_unit_test(there_is_nothing_to_trim),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
