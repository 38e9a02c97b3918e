/*
 * drafts - what the tests of the mutator's layers share: all seeds, and drafts of them. After
 * cmocka.h
 */
#ifndef UP_MUTATE_DRAFTS_H
#define UP_MUTATE_DRAFTS_H

#include <glib.h>
#include <string.h>

#include "cms/smime.h"
#include "mutate/draft.h"

#define MOST_BYTES ((size_t)64 << 10)

struct seed {
        char *path;
        GBytes *file;
};

static void seed_free(void *data)
{
        struct seed *seed = data;

        g_free(seed->path);
        g_bytes_unref(seed->file);
        g_free(seed);
}

static gint compare_paths(gconstpointer a, gconstpointer b)
{
        const struct seed *const *first = a, *const *second = b;

        return strcmp((*first)->path, (*second)->path);
}

/* The files of a folder whose messages fit into a draft, by name. */
static void add_seeds(GPtrArray *seeds, const char *folder)
{
        g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
        const char *name;

        while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
                g_autofree char *path = g_build_filename(folder, name, NULL);
                gchar *data;
                gsize bytes;
                if (!g_file_get_contents(path, &data, &bytes, NULL))
                        continue;
                struct seed *seed = g_new(struct seed, 1);
                seed->path = g_steal_pointer(&path);
                seed->file = g_bytes_new_take(data, bytes);
                g_ptr_array_add(seeds, seed);
        }
        g_ptr_array_sort(seeds, compare_paths);
}

static GPtrArray *read_seeds(const char *const *folders)
{
        GPtrArray *seeds = g_ptr_array_new_with_free_func(seed_free);

        for (; *folders != NULL; folders++)
                add_seeds(seeds, *folders);
        return seeds;
}

static void draft_init(struct up_draft *draft, GBytes *file, uint64_t rng)
{
        gsize bytes;
        const uint8_t *data = g_bytes_get_data(file, &bytes);

        *draft = (struct up_draft){ .c = up_case_read(data, bytes, NULL),
                .rng = { rng },
                .most_bytes = MOST_BYTES,
                .done = g_string_new(NULL) };
}

static void draft_clear(struct up_draft *draft)
{
        up_case_free(draft->c);
        g_string_free(draft->done, TRUE);
}

/* The worst that is said of any signature of a message. */
struct signatures {
        unsigned count[UP_GRADES];
        unsigned untrusted; /* of those that are valid */
        bool unscannable;
};

static void count_signature(unsigned layer, GBytes *message, const struct up_entity *entity,
    const struct up_cms_report *report, void *data)
{
        struct signatures *signatures = data;

        (void)layer;
        (void)message;
        (void)entity;
        signatures->count[report->grade]++;
        signatures->untrusted += report->grade == UP_GRADE_VALID && !report->trusted ? 1 : 0;
}

static struct signatures judge(const struct up_case *c)
{
        struct signatures signatures = { .untrusted = 0 };
        struct up_limits limits;
        struct up_observations observed;

        up_limits_init(&limits);
        up_observations_init(&observed, &limits, c->time_s);
        up_smime_walk(c->message, &observed, count_signature, &signatures);
        signatures.unscannable = observed.unscannable;
        up_observations_clear(&observed);
        return signatures;
}

static G_GNUC_UNUSED const struct seed *seed_named(GPtrArray *seeds, const char *path)
{
        for (guint i = 0; i < seeds->len; i++) {
                const struct seed *seed = g_ptr_array_index(seeds, i);
                if (strcmp(seed->path, path) == 0)
                        return seed;
        }
        fail_msg("there is no %s", path);
        return NULL;
}

static G_GNUC_UNUSED const struct up_operator *operator_named(
    const struct up_operator *rows, size_t count, const char *name)
{
        for (size_t i = 0; i < count; i++)
                if (strcmp(rows[i].name, name) == 0)
                        return &rows[i];
        fail_msg("no operator is called %s", name);
        return NULL;
}

/* The case as it is written afterwards; NULL when nothing was done, and then nothing is changed. */
static G_GNUC_UNUSED GBytes *applied(
    const struct up_operator *row, const struct seed *seed, uint64_t rng, size_t most_bytes)
{
        struct up_draft draft;
        g_autoptr(GBytes) before = NULL;
        GBytes *result = NULL;

        draft_init(&draft, seed->file, rng);
        draft.most_bytes = most_bytes;
        before = g_bytes_ref(draft.c->message);
        if (row->apply(&draft)) {
                result = up_case_write(draft.c);
                if (g_bytes_get_size(draft.c->message) > most_bytes)
                        fail_msg("%s makes %s too long", row->name, seed->path);
        } else if (!g_bytes_equal(before, draft.c->message) ||
                   draft.graded != UP_INTENDED_UNSIGNED) {
                fail_msg("%s says that it left %s alone, and did not", row->name, seed->path);
        }
        draft_clear(&draft);
        return result;
}

/* Within its bounds, and the same again. */
static G_GNUC_UNUSED void assert_sound_operator(
    const struct up_operator *row, const struct seed *seed, uint64_t rng, size_t most_bytes)
{
        g_autoptr(GBytes) first = applied(row, seed, rng, most_bytes);
        g_autoptr(GBytes) second = applied(row, seed, rng, most_bytes);

        if ((first == NULL) != (second == NULL) || (first != NULL && !g_bytes_equal(first, second)))
                fail_msg("%s of %s makes other bytes the second time", row->name, seed->path);
}

#endif
