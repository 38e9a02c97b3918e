#include "tools/campaign/sightings.h"

#include <glib/gstdio.h>
#include <string.h>

#include "target/target.h"
#include "tools/campaign/campaign_findings.h"
#include "tools/campaign/corpus.h"

static void sighting_free(void *data)
{
        struct up_sighting *sighting = data;

        g_free(sighting->slug);
        g_free(sighting->class);
        g_free(sighting->signature);
        g_free(sighting->path);
        g_free(sighting);
}

void up_sightings_init(
    struct up_sightings *sightings, const char *target, const struct up_folders *folders)
{
        *sightings = (struct up_sightings){ .target = target, .folders = folders };
        sightings->seen = g_ptr_array_new_with_free_func(sighting_free);
}

void up_sightings_clear(struct up_sightings *sightings)
{
        g_ptr_array_unref(sightings->seen);
}

static struct up_sighting *find(const struct up_sightings *sightings, const char *slug)
{
        for (guint i = 0; i < sightings->seen->len; i++) {
                struct up_sighting *sighting = g_ptr_array_index(sightings->seen, i);
                if (strcmp(sighting->slug, slug) == 0)
                        return sighting;
        }
        return NULL;
}

static bool was_reported(const struct up_sightings *sightings, const char *slug)
{
        g_autoptr(GHashTable) reported = up_reported_read(sightings->folders);

        return g_hash_table_contains(reported, slug);
}

/* Takes over the path. */
static void add(struct up_sightings *sightings, const char *slug, const char *class,
    const char *signature, char *path, gsize bytes)
{
        struct up_sighting *sighting = g_new0(struct up_sighting, 1);

        sighting->slug = g_strdup(slug);
        sighting->class = g_strdup(class);
        sighting->signature = g_strdup(signature);
        sighting->path = path;
        sighting->bytes = bytes;
        sighting->is_new = !was_reported(sightings, slug);
        g_ptr_array_add(sightings->seen, sighting);
        if (sightings->show != NULL)
                sightings->show(sightings->data, sightings->target, sighting);
}

void up_sightings_parse_line(struct up_sightings *sightings, const char *line)
{
        g_auto(GStrv) words = NULL;

        if (!g_str_has_prefix(line, UP_TARGET_FOUND "\t"))
                return;
        words = g_strsplit(line, "\t", 4);
        if (g_strv_length(words) == 4 && find(sightings, words[1]) == NULL)
                add(sightings, words[1], words[2], words[3],
                    g_build_filename(sightings->folders->kept, words[1], NULL), 0);
}

/* As libFuzzer names what ended it. */
static const char *kind_of(const struct up_finding *finding)
{
        return finding->class == UP_CLASS_HANG     ? "timeout"
               : finding->class == UP_CLASS_MEMORY ? "oom"
                                                   : "crash";
}

void up_sightings_add_crash(
    struct up_sightings *sightings, const struct up_finding *finding, const char *path)
{
        g_autofree char *slug = up_finding_slug(finding);
        struct up_sighting *before = find(sightings, slug);
        g_autofree char *crash = NULL;
        gsize bytes = up_file_bytes(path);
        bool is_new;

        if (before != NULL && before->bytes <= bytes) {
                up_corpus_remove_crash(sightings->folders, path);
        } else if (up_corpus_add_crash(
                       sightings->folders, path, kind_of(finding), &crash, &is_new, NULL)) {
                if (before == NULL) {
                        add(sightings, slug, up_class_rows[finding->class].name, finding->signature,
                            g_steal_pointer(&crash), bytes);
                } else {
                        g_unlink(before->path);
                        g_free(before->path);
                        before->path = g_steal_pointer(&crash);
                        before->bytes = bytes;
                }
        }
        g_unlink(path);
}

unsigned up_sightings_new(const struct up_sightings *sightings)
{
        unsigned count = 0;

        for (guint i = 0; i < sightings->seen->len; i++)
                count += ((const struct up_sighting *)sightings->seen->pdata[i])->is_new;
        return count;
}
