/*
 * mutate - tests the mutator: does it do what mutate.h documents, for any input?
 *
 * Mutates the whole input, head included, and crosses it with its mutant and with itself, under
 * size limits from zero to more than enough. The seed is a hash of the input, so each input has one
 * outcome and needs no format of its own. At the end the mutations for one size limit, chosen by
 * the hash, are repeated: the calls in between must not change their results.
 *
 * Each mutant must respect the size limit, differ from the input, and parse without complaints.
 * OpenSSL must verify its signature as its grade says; this is not checked if a limit was exceeded.
 *
 * The mutator restarts OpenSSL's random numbers at each call, and the target does so for each
 * input.
 */
#include <string.h>

#include "fnv.h"
#include "target/target.h"
#include "mutate/mutate.h"

#define MAX_MUTANT_BYTES ((size_t)64 << 10)

#define SIZE_OF_INPUT SIZE_MAX
static const size_t size_limits[] = { 0, 1, 50, SIZE_OF_INPUT, MAX_MUTANT_BYTES };

enum way { MUTATED, CROSSED_WITH_MUTATION, CROSSED_WITH_ITSELF, WAY_COUNT };
static const char *const way_names[WAY_COUNT] = {
        [MUTATED] = "mutation",
        [CROSSED_WITH_MUTATION] = "crossover with a mutation",
        [CROSSED_WITH_ITSELF] = "crossover with itself",
};

struct mutant {
        enum way way;
        size_t max_bytes;
        GBytes *file; /* owned */
};

static void mutant_free(void *data)
{
        struct mutant *mutant = data;

        g_bytes_unref(mutant->file);
        g_free(mutant);
}

/* --- mutating --------------------------------------------------------------------------------- */

static uint64_t hash_of(GBytes *bytes)
{
        gsize size;
        const uint8_t *data = g_bytes_get_data(bytes, &size);
        uint64_t hash = UP_FNV_BASIS;

        for (gsize i = 0; i < size; i++)
                hash = up_fnv_byte(hash, data[i]);
        return hash;
}

static GBytes *cross_over(GBytes *input, GBytes *other, size_t max_bytes, uint64_t seed)
{
        gsize bytes, other_bytes;
        const uint8_t *data = g_bytes_get_data(input, &bytes);
        const uint8_t *other_data = g_bytes_get_data(other, &other_bytes);

        return up_crossover(data, bytes, other_data, other_bytes, max_bytes, seed);
}

static void add_mutant(GPtrArray *all, enum way way, size_t max_bytes, GBytes *file)
{
        struct mutant *mutant = g_new(struct mutant, 1);

        *mutant = (struct mutant){ .way = way, .max_bytes = max_bytes, .file = file };
        g_ptr_array_add(all, mutant);
}

/* One mutant for each way, under one size limit. Each has its own seed. */
static GPtrArray *make_mutants(GBytes *input, size_t limit_row)
{
        GPtrArray *all = g_ptr_array_new_with_free_func(mutant_free);
        uint64_t seed = hash_of(input) + limit_row * WAY_COUNT;
        gsize bytes;
        const uint8_t *data = g_bytes_get_data(input, &bytes);
        size_t max_bytes = size_limits[limit_row] == SIZE_OF_INPUT ? bytes : size_limits[limit_row];
        GBytes *mutation = up_mutate(data, bytes, max_bytes, seed++);

        add_mutant(all, MUTATED, max_bytes, mutation);
        add_mutant(
            all, CROSSED_WITH_MUTATION, max_bytes, cross_over(input, mutation, max_bytes, seed++));
        add_mutant(all, CROSSED_WITH_ITSELF, max_bytes, cross_over(input, input, max_bytes, seed));
        return all;
}

/* --- checking --------------------------------------------------------------------------------- */

static void add_finding(struct up_case_result *result, enum up_class class,
    const struct mutant *mutant, const char *what, const char *more)
{
        g_autofree char *signature = g_strdup_printf("%s: %s", way_names[mutant->way], what);
        g_autofree char *detail = g_strdup_printf("%s, limited to %zu bytes: %s%s%s",
            way_names[mutant->way], mutant->max_bytes, what, *more != '\0' ? ": " : "", more);

        g_ptr_array_add(result->findings, up_finding_new(class, signature, detail));
}

/* Keeps only the counts: other targets check the behaviour of GMime and OpenSSL. */
static void check_grade(
    struct up_case_result *result, const struct mutant *mutant, const struct up_case *c)
{
        static const enum up_count kept[] = { UP_COUNT_SIGNED, UP_COUNT_VERIFIED,
                UP_COUNT_DIGEST_ONLY };
        enum up_expected_grade expected = up_expected_grade_of(c->mutation);
        struct up_signatures signatures;
        struct up_limits limits;
        struct up_observations observed;

        if (!up_expected_grade_is_promise(expected))
                return;
        up_limits_init(&limits);
        up_observations_init(&observed, &limits, c->time_s);
        signatures = up_signatures_count(c->message, &observed);
        for (size_t i = 0; i < G_N_ELEMENTS(kept); i++)
                result->observed.counts[kept[i]] += observed.counts[kept[i]];
        if (!signatures.unscannable && !up_expected_grade_holds(expected, &signatures))
                add_finding(result, UP_CLASS_HARNESS, mutant,
                    "the signature does not match its grade", c->mutation);
        up_observations_clear(&observed);
}

static void check_mutant(struct up_case_result *result, GBytes *input, const struct mutant *mutant)
{
        gsize bytes;
        const uint8_t *data = g_bytes_get_data(mutant->file, &bytes);
        g_autoptr(GPtrArray) complaints = up_complaints_new();
        g_autoptr(up_case) c = up_case_read(data, bytes, complaints);

        if (bytes > mutant->max_bytes)
                add_finding(result, UP_CLASS_HARNESS, mutant, "exceeds the size limit", "");
        if (mutant->max_bytes > 0 && g_bytes_equal(mutant->file, input))
                add_finding(result, UP_CLASS_HARNESS, mutant, "identical to the input", "");
        if (complaints->len > 0) {
                const struct up_complaint *first = g_ptr_array_index(complaints, 0);
                add_finding(result, UP_CLASS_HARNESS, mutant, "does not parse without complaints",
                    first->text);
        }
        check_grade(result, mutant, c);
}

static void check_repetition(
    struct up_case_result *result, const GPtrArray *all, const GPtrArray *again)
{
        for (guint i = 0; i < all->len; i++) {
                const struct mutant *first = g_ptr_array_index(all, i);
                const struct mutant *second = g_ptr_array_index(again, i);
                if (!g_bytes_equal(first->file, second->file))
                        add_finding(
                            result, UP_CLASS_NONDETERMINISTIC, first, "differs when repeated", "");
        }
}

static void examine(
    const struct up_case *c, const struct up_target_input *input, struct up_case_result *result)
{
        size_t repeated = (size_t)(hash_of(input->bytes) % G_N_ELEMENTS(size_limits));
        g_autoptr(GPtrArray) before = NULL;
        (void)c;

        for (size_t limit_row = 0; limit_row < G_N_ELEMENTS(size_limits); limit_row++) {
                g_autoptr(GPtrArray) all = make_mutants(input->bytes, limit_row);
                for (guint i = 0; i < all->len; i++)
                        check_mutant(result, input->bytes, g_ptr_array_index(all, i));
                if (limit_row == repeated)
                        before = g_ptr_array_ref(all);
        }
        g_autoptr(GPtrArray) after = make_mutants(input->bytes, repeated);
        check_repetition(result, before, after);
}

const struct up_target up_target = {
        .name = "mutate", .examine = examine, .fuel = { 1000000000, 250000 }
};
