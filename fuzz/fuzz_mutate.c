/*
 * mutate - the mutator itself: does it keep the promises of mutate.h for any input?
 *
 * The bytes of the input, head included, are mutated, and crossed with the mutant and with
 * themselves, in rooms from no byte at all to more than enough. The seed is a hash of the input, so
 * that one input has one outcome and needs no format of its own. At the end one room, chosen by the
 * hash, is repeated: nothing that went before may change its results.
 *
 * A result has to fit, to differ from the input, and to read without complaint; its signature has
 * to hold as its grade promises, verified by OpenSSL. No grade is judged if a limit was hit.
 *
 * The mutator restarts the random numbers of OpenSSL at each call, as the target does at each
 * input.
 */
#include <string.h>

#include "fnv.h"
#include "target/target.h"
#include "mutate/mutate.h"

/* Of a mutant. */
#define MOST_BYTES ((size_t)64 << 10)

#define ROOM_OF_INPUT SIZE_MAX
static const size_t rooms[] = { 0, 1, 50, ROOM_OF_INPUT, MOST_BYTES };

enum way { MUTATED, CROSSED_WITH_MUTATION, CROSSED_WITH_ITSELF, WAY_COUNT };
static const char *const way_names[WAY_COUNT] = {
        [MUTATED] = "mutation",
        [CROSSED_WITH_MUTATION] = "crossover with a mutation",
        [CROSSED_WITH_ITSELF] = "crossover with itself",
};

struct made {
        enum way way;
        size_t most_bytes;
        GBytes *file; /* owned */
};

static void made_free(void *data)
{
        struct made *made = data;

        g_bytes_unref(made->file);
        g_free(made);
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

static GBytes *crossed(GBytes *input, GBytes *other, size_t most_bytes, uint64_t seed)
{
        gsize bytes, other_bytes;
        const uint8_t *data = g_bytes_get_data(input, &bytes);
        const uint8_t *other_data = g_bytes_get_data(other, &other_bytes);

        return up_crossover(data, bytes, other_data, other_bytes, most_bytes, seed);
}

static void add_made(GPtrArray *all, enum way way, size_t most_bytes, GBytes *file)
{
        struct made *made = g_new(struct made, 1);

        *made = (struct made){ .way = way, .most_bytes = most_bytes, .file = file };
        g_ptr_array_add(all, made);
}

/* Each way in that room, of struct made. Each has a seed of its own. */
static GPtrArray *make_all(GBytes *input, size_t room)
{
        GPtrArray *all = g_ptr_array_new_with_free_func(made_free);
        uint64_t seed = hash_of(input) + room * WAY_COUNT;
        gsize bytes;
        const uint8_t *data = g_bytes_get_data(input, &bytes);
        size_t most_bytes = rooms[room] == ROOM_OF_INPUT ? bytes : rooms[room];
        GBytes *mutation = up_mutate(data, bytes, most_bytes, seed++);

        add_made(all, MUTATED, most_bytes, mutation);
        add_made(
            all, CROSSED_WITH_MUTATION, most_bytes, crossed(input, mutation, most_bytes, seed++));
        add_made(all, CROSSED_WITH_ITSELF, most_bytes, crossed(input, input, most_bytes, seed));
        return all;
}

/* --- judging ---------------------------------------------------------------------------------- */

static void found(struct up_case_result *result, enum up_class class, const struct made *made,
    const char *how, const char *more)
{
        g_autofree char *signature = g_strdup_printf("%s: %s", way_names[made->way], how);
        g_autofree char *detail = g_strdup_printf("%s, with room for %zu bytes: %s%s%s",
            way_names[made->way], made->most_bytes, how, *more != '\0' ? ": " : "", more);

        g_ptr_array_add(result->findings, up_finding_new(class, signature, detail));
}

/* GMime's and OpenSSL's behaviour is judged by other targets: only counts are kept here. */
static void judge_grade(
    struct up_case_result *result, const struct made *made, const struct up_case *c)
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
                found(result, UP_CLASS_HARNESS, made, "the signature is not worth its grade",
                    c->mutation);
        up_observations_clear(&observed);
}

static void judge_file(struct up_case_result *result, GBytes *input, const struct made *made)
{
        gsize bytes;
        const uint8_t *data = g_bytes_get_data(made->file, &bytes);
        g_autoptr(GPtrArray) complaints = up_complaints_new();
        g_autoptr(up_case) c = up_case_read(data, bytes, complaints);

        if (bytes > made->most_bytes)
                found(result, UP_CLASS_HARNESS, made, "longer than there is room", "");
        if (made->most_bytes > 0 && g_bytes_equal(made->file, input))
                found(result, UP_CLASS_HARNESS, made, "nothing was changed", "");
        if (complaints->len > 0) {
                const struct up_complaint *first = g_ptr_array_index(complaints, 0);
                found(
                    result, UP_CLASS_HARNESS, made, "does not read without complaint", first->text);
        }
        judge_grade(result, made, c);
}

static void judge_repetition(
    struct up_case_result *result, const GPtrArray *all, const GPtrArray *again)
{
        for (guint i = 0; i < all->len; i++) {
                const struct made *first = g_ptr_array_index(all, i);
                const struct made *second = g_ptr_array_index(again, i);
                if (!g_bytes_equal(first->file, second->file))
                        found(result, UP_CLASS_NONDETERMINISTIC, first,
                            "another one the second time", "");
        }
}

static void examine(
    const struct up_case *c, const struct up_target_input *input, struct up_case_result *result)
{
        size_t repeated = (size_t)(hash_of(input->bytes) % G_N_ELEMENTS(rooms));
        g_autoptr(GPtrArray) before = NULL;
        (void)c;

        for (size_t room = 0; room < G_N_ELEMENTS(rooms); room++) {
                g_autoptr(GPtrArray) all = make_all(input->bytes, room);
                for (guint i = 0; i < all->len; i++)
                        judge_file(result, input->bytes, g_ptr_array_index(all, i));
                if (room == repeated)
                        before = g_ptr_array_ref(all);
        }
        g_autoptr(GPtrArray) after = make_all(input->bytes, repeated);
        judge_repetition(result, before, after);
}

const struct up_target up_target = {
        .name = "mutate", .examine = examine, .fuel = { 1000000000, 250000 }
};
