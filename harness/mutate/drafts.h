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

#define MOST_BYTES  ((size_t)64 << 10)
#define SMALL_BYTES ((size_t)8 << 10) /* seeds beyond that take long */

struct seed {
        char *path;
        GBytes *file;
};

static G_GNUC_UNUSED void seed_free(void *data)
{
        struct seed *seed = data;

        g_free(seed->path);
        g_bytes_unref(seed->file);
        g_free(seed);
}

static G_GNUC_UNUSED gint compare_paths(gconstpointer a, gconstpointer b)
{
        const struct seed *const *first = a, *const *second = b;

        return strcmp((*first)->path, (*second)->path);
}

/* The files of a folder whose messages fit into a draft, by name. */
static G_GNUC_UNUSED void add_seeds(GPtrArray *seeds, const char *folder)
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

static G_GNUC_UNUSED GPtrArray *read_seeds(const char *const *folders)
{
        GPtrArray *seeds = g_ptr_array_new_with_free_func(seed_free);

        for (; *folders != NULL; folders++)
                add_seeds(seeds, *folders);
        return seeds;
}

static G_GNUC_UNUSED struct up_case *read_case(GBytes *file)
{
        gsize bytes;
        const uint8_t *data = g_bytes_get_data(file, &bytes);

        return up_case_read(data, bytes, NULL);
}

static G_GNUC_UNUSED void draft_init(struct up_draft *draft, GBytes *file, uint64_t rng)
{
        up_draft_init(draft, read_case(file), (struct up_rng){ rng }, MOST_BYTES);
}

static G_GNUC_UNUSED struct up_signatures judge(const struct up_case *c)
{
        struct up_signatures signatures;
        struct up_limits limits;
        struct up_observations observed;

        up_limits_init(&limits);
        up_observations_init(&observed, &limits, c->time_s);
        signatures = up_signatures_count(c->message, &observed);
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
    const struct up_layer *layer, const char *name)
{
        for (size_t i = 0; i < layer->count; i++)
                if (strcmp(layer->operators[i].name, name) == 0)
                        return &layer->operators[i];
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
                   draft.expected != UP_EXPECTED_UNSIGNED) {
                fail_msg("%s says that it left %s alone, and did not", row->name, seed->path);
        }
        up_draft_clear(&draft);
        return result;
}

/* Within its bounds, and the same again. Did it change anything? */
static G_GNUC_UNUSED bool assert_sound_operator(
    const struct up_operator *row, const struct seed *seed, uint64_t rng, size_t most_bytes)
{
        g_autoptr(GBytes) first = applied(row, seed, rng, most_bytes);
        g_autoptr(GBytes) second = applied(row, seed, rng, most_bytes);

        if ((first == NULL) != (second == NULL) || (first != NULL && !g_bytes_equal(first, second)))
                fail_msg("%s of %s makes other bytes the second time", row->name, seed->path);
        return first != NULL;
}

/*
 * Each operator of the layer on one in @one_in of the small seeds, and on more of them until it
 * changes one: with little room, and with enough.
 */
static G_GNUC_UNUSED void assert_sound_layer(
    const struct up_layer *layer, GPtrArray *seeds, guint one_in)
{
        for (size_t at = 0; at < layer->count; at++) {
                const struct up_operator *operator= & layer->operators[at];
                unsigned tried = 0, changed = 0;
                for (guint i = 0; i < seeds->len * one_in; i++) {
                        guint index = (guint)(at + i * one_in + i / seeds->len) % seeds->len;
                        const struct seed *seed = g_ptr_array_index(seeds, index);
                        size_t bytes = g_bytes_get_size(seed->file);
                        if (bytes > SMALL_BYTES)
                                continue;
                        if (tried >= seeds->len / one_in && changed > 0)
                                break;
                        tried++;
                        size_t most_bytes = tried % 8 == 4   ? bytes / 2
                                            : tried % 4 == 0 ? bytes + 40
                                                             : MOST_BYTES;
                        changed += assert_sound_operator(operator, seed, i, most_bytes);
                }
                if (tried < 5 || changed == 0)
                        fail_msg("%s changed %u of %u seeds", operator->name, changed, tried);
        }
}

#endif
