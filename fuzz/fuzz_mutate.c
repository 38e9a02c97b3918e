/*
 * mutate - the mutator itself: does it keep what mutate.h promises, whatever goes in?
 *
 * The input's own bytes, head and all, are mutated, and crossed with the mutation and with
 * themselves, with room for almost nothing up to more than enough. The seed is a hash of the bytes,
 * so that one input has one outcome and needs no format of its own. When all rooms are
 * done, one of them, which the hash chooses too, is done again: nothing that went before may show.
 *
 * What comes out has to fit, to differ, and to read without complaint; and a signature has to be
 * worth what the head says of it, by OpenSSL's word. A grade is not judged where a limit forbids to
 * look, nor are `structure` and `unknown`, which promise nothing.
 *
 * It links what the fuzzer's hooks link, and shares the stream of chance with them: each of its
 * calls restarts it, and so does the target for each input.
 */
#include <string.h>

#include "fnv.h"
#include "target/target.h"
#include "cms/smime.h"
#include "mutate/mutate.h"

/* Of the file that comes out, at most; of an input that is longer, nothing more is asked. */
#define MOST_BYTES ((size_t)64 << 10)

#define ROOM_OF_INPUT SIZE_MAX
static const size_t rooms[] = { 0, 1, 50, ROOM_OF_INPUT, MOST_BYTES };

enum way { MUTATED, CROSSED_WITH_MUTATION, CROSSED_WITH_ITSELF };
#define WAYS 3
static const char *const way_names[WAYS] = {
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

/* In that room each way, of struct made. Seeds differ, or every room would see the same rng. */
static GPtrArray *make_all(GBytes *input, size_t room)
{
        GPtrArray *all = g_ptr_array_new_with_free_func(made_free);
        uint64_t seed = hash_of(input) + room * WAYS;
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

struct grades {
        unsigned count[UP_GRADES];
        unsigned untrusted; /* of those that are valid */
};

static void count_grade(unsigned layer, GBytes *message, const struct up_entity *entity,
    const struct up_cms_report *report, void *data)
{
        struct grades *grades = data;
        (void)layer;
        (void)message;
        (void)entity;

        grades->count[report->grade]++;
        grades->untrusted += report->grade == UP_GRADE_VALID && !report->trusted ? 1 : 0;
}

static bool promises(enum up_intended graded)
{
        return graded == UP_INTENDED_VALID || graded == UP_INTENDED_DIGEST ||
               graded == UP_INTENDED_ATTRIBUTES;
}

/* As mutate/sign.h has it. */
static bool is_kept(enum up_intended graded, const struct grades *grades)
{
        unsigned valid = grades->count[UP_GRADE_VALID], digest = grades->count[UP_GRADE_DIGEST];
        unsigned broken = grades->count[UP_GRADE_BROKEN];

        if (graded == UP_INTENDED_VALID)
                return valid > 0 && digest == 0 && broken == 0 && grades->untrusted == 0;
        if (graded == UP_INTENDED_DIGEST)
                return digest > 0 && broken == 0;
        return broken > 0;
}

/* What GMime and OpenSSL do to it is for the targets of their own: only counts are kept. */
static void judge_grade(
    struct up_case_result *result, const struct made *made, const struct up_case *c)
{
        static const enum up_count kept[] = { UP_COUNT_SIGNED, UP_COUNT_VERIFIED,
                UP_COUNT_DIGEST_ONLY };
        enum up_intended graded = up_intended_of(c->mutation);
        struct grades grades = { .untrusted = 0 };
        struct up_limits limits;
        struct up_observations observed;

        if (!promises(graded))
                return;
        up_limits_init(&limits);
        up_observations_init(&observed, &limits, c->time_s);
        up_smime_walk(c->message, &observed, count_grade, &grades);
        for (size_t i = 0; i < G_N_ELEMENTS(kept); i++)
                result->observed.counts[kept[i]] += observed.counts[kept[i]];
        if (!observed.unscannable && !is_kept(graded, &grades))
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
