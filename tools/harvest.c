/*
 * harvest - group by slug, minimise, verify
 *
 * libFuzzer minimises to "still crashes", which drifts to other crashes; a result that no longer
 * shows the finding it came from is thrown away in favour of where it started. A hang or a memory
 * bound takes as long as its limit each time, and is kept as it is.
 */
#include "tools/harvest.h"

#include <glib/gstdio.h>
#include <string.h>

#include "case/case.h"
#include "fuzz/target.h"
#include "tools/corpus.h"
#include "tools/run.h"
#include "tools/tool.h"

static const struct up_flavour *flavour(void)
{
        return up_flavour_find("libfuzzer");
}

static void catch_free(void *data)
{
        struct up_catch *catch = data;

        g_free(catch->path);
        g_free(catch->slug);
        up_finding_free(catch->finding);
        g_free(catch->known);
        g_free(catch);
}

static gsize file_bytes(const char *path)
{
        GStatBuf status;
        return g_stat(path, &status) == 0 ? (gsize)status.st_size : G_MAXSIZE;
}

static GPtrArray *files_in(const char *folder)
{
        GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
        g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
        const char *name;

        while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
                char *path = g_build_filename(folder, name, NULL);
                if (g_file_test(path, G_FILE_TEST_IS_REGULAR))
                        g_ptr_array_add(paths, path);
                else
                        g_free(path);
        }
        return paths;
}

/* The finding of that slug which the file shows; of any slug if NULL. The caller owns it. */
static struct up_finding *shown_by(const char *target, const char *path, const char *slug)
{
        g_autoptr(up_run) run = up_run_case(flavour(), target, path, UP_RUN_LIMIT_S);

        for (guint i = 0; i < run->findings->len; i++) {
                const struct up_finding *finding = g_ptr_array_index(run->findings, i);
                g_autofree char *its = up_finding_slug(finding);
                if (slug == NULL || strcmp(its, slug) == 0)
                        return up_finding_new(finding->class, finding->signature, finding->detail);
        }
        return NULL;
}

GHashTable *up_harvest_known(const char *regressions, const char *target)
{
        g_autofree char *folder = g_build_filename(regressions, target, NULL);
        g_autoptr(GPtrArray) paths = files_in(folder);
        GHashTable *known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);

        for (guint i = 0; i < paths->len && !up_tool_interrupted(); i++) {
                const char *path = g_ptr_array_index(paths, i);
                g_autoptr(GBytes) bytes = up_tool_read_file(path, NULL);
                if (bytes == NULL)
                        continue;
                g_autoptr(up_case) c =
                    up_case_read(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), NULL);
                if (c->known.url == NULL)
                        continue;
                g_autoptr(up_run) run = up_run_case(flavour(), target, path, UP_RUN_LIMIT_S);
                for (guint j = 0; j < run->findings->len; j++)
                        g_hash_table_insert(known,
                            up_finding_slug(g_ptr_array_index(run->findings, j)),
                            g_strdup(c->known.url));
        }
        return known;
}

/* --- the smallest of each --------------------------------------------------------------------- */

/* Maps slug to path; keeps the smaller file. */
static void offer(GHashTable *smallest, const char *slug, const char *path)
{
        const char *best = g_hash_table_lookup(smallest, slug);

        if (best == NULL || file_bytes(path) < file_bytes(best))
                g_hash_table_insert(smallest, g_strdup(slug), g_strdup(path));
}

static void move_away(
    const struct up_folders *folders, const char *path, GHashTable *smallest, const char *slug)
{
        g_autofree char *done = g_build_filename(folders->crashes, "done", NULL);
        g_autofree char *name = g_path_get_basename(path);
        g_autofree char *to = g_build_filename(done, name, NULL);

        g_mkdir_with_parents(done, 0777);
        if (g_rename(path, to) == 0 && slug != NULL)
                offer(smallest, slug, to);
}

/*
 * Runs each artifact to know its slug. One that shows nothing when run alone is the harness's own
 * fault: it had two outcomes.
 */
static void sort_crashes(const struct up_folders *folders, const char *target, GHashTable *smallest)
{
        g_autoptr(GPtrArray) paths = files_in(folders->crashes);

        for (guint i = 0; i < paths->len && !up_tool_interrupted(); i++) {
                const char *path = g_ptr_array_index(paths, i);
                struct up_finding *finding = shown_by(target, path, NULL);
                if (finding == NULL && !up_tool_interrupted())
                        finding = up_finding_new(
                            UP_CLASS_NONDETERMINISTIC, "broke in the campaign, passes alone", path);
                if (finding == NULL)
                        return;
                g_autofree char *slug = up_finding_slug(finding);
                move_away(folders, path, smallest, slug);
                up_finding_free(finding);
        }
}

/* What the target kept is named by its slug, but for leaks, which LeakSanitizer names now. */
static void sort_kept(const struct up_folders *folders, const char *target, GHashTable *smallest)
{
        g_autoptr(GPtrArray) paths = files_in(folders->kept);

        for (guint i = 0; i < paths->len && !up_tool_interrupted(); i++) {
                const char *path = g_ptr_array_index(paths, i);
                g_autofree char *name = g_path_get_basename(path);
                if (!g_str_has_prefix(name, UP_TARGET_LEAKS)) {
                        offer(smallest, name, path);
                        continue;
                }
                g_autoptr(up_run) run = up_run_case(flavour(), target, path, UP_RUN_LIMIT_S);
                for (guint j = 0; j < run->findings->len; j++) {
                        const struct up_finding *finding = g_ptr_array_index(run->findings, j);
                        g_autofree char *slug = up_finding_slug(finding);
                        if (finding->class == UP_CLASS_LEAK)
                                offer(smallest, slug, path);
                }
        }
}

/* --- minimising ------------------------------------------------------------------------------- */

static bool is_quick(const struct up_finding *finding)
{
        return finding->class != UP_CLASS_HANG && finding->class != UP_CLASS_MEMORY &&
               finding->class != UP_CLASS_NONDETERMINISTIC;
}

/* The path of a smaller input that shows the same; NULL when there is none. Caller owns it. */
static char *minimised(const struct up_folders *folders, const char *target, const char *binary,
    const char *path, const struct up_finding *finding, unsigned minimise_s)
{
        g_autofree char *slug = up_finding_slug(finding);
        g_autofree char *small = g_build_filename(folders->work, slug, NULL);
        g_autofree char *artifact = g_strdup_printf("-exact_artifact_path=%s", small);
        g_autofree char *seconds = g_strdup_printf("-max_total_time=%u", minimise_s);
        char *words[] = { (char *)binary, "-minimize_crash=1", seconds, artifact, (char *)path,
                NULL };
        g_autofree char *only = g_strconcat("UNPEND_ONLY=", slug, NULL);
        char *leaks = finding->class == UP_CLASS_LEAK ? "ASAN_OPTIONS=detect_leaks=1" : NULL;
        char *variables[] = { only, leaks, NULL };

        g_remove(small);
        if (up_engine_run(folders, "minimise", variables, words, 3 * minimise_s + 1, NULL) < 0 ||
            file_bytes(small) >= file_bytes(path))
                return NULL;
        struct up_finding *shown = shown_by(target, small, slug);
        bool same = shown != NULL;
        up_finding_free(shown);
        return same ? g_steal_pointer(&small) : NULL;
}

static bool copy(const char *from, const char *to)
{
        g_autofree char *data = NULL;
        gsize bytes;

        return g_file_get_contents(from, &data, &bytes, NULL) &&
               g_file_set_contents(to, data, (gssize)bytes, NULL);
}

static struct up_catch *bring_in(const struct up_folders *folders, const char *target,
    const char *binary, const char *slug, const char *path, unsigned minimise_s,
    void (*step)(const char *text))
{
        g_autofree char *name = g_strconcat(slug, ".case", NULL);
        g_autofree char *result = g_build_filename(folders->findings, name, NULL);
        bool is_new = !g_file_test(result, G_FILE_TEST_EXISTS);
        struct up_finding *finding = shown_by(target, path, slug);

        if (finding == NULL)
                finding = up_finding_new(
                    UP_CLASS_NONDETERMINISTIC, "broke in the campaign, passes alone", path);
        if (file_bytes(path) < file_bytes(result)) {
                g_autofree char *text = g_strdup_printf("minimising %s", slug);
                step(text);
                g_autofree char *small = is_quick(finding) ? minimised(folders, target, binary,
                                                                 path, finding, minimise_s)
                                                           : NULL;
                copy(small != NULL ? small : path, result);
                if (small != NULL)
                        g_remove(small);
        }
        struct up_catch *catch = g_new0(struct up_catch, 1);
        catch->path = g_steal_pointer(&result);
        catch->slug = g_strdup(slug);
        catch->finding = finding;
        catch->bytes = file_bytes(catch->path);
        catch->is_new = is_new;
        return catch;
}

static int by_slug(const void *a, const void *b)
{
        const struct up_catch *const *left = a, *const *right = b;
        return strcmp((*left)->slug, (*right)->slug);
}

GPtrArray *up_harvest(const struct up_folders *folders, const char *target, const char *binary,
    GHashTable *known, unsigned minimise_s, void (*step)(const char *text))
{
        g_autoptr(GHashTable) smallest =
            g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        GPtrArray *catches = g_ptr_array_new_with_free_func(catch_free);
        GHashTableIter iterator;
        void *slug, *path;

        step("sorting what was found");
        sort_kept(folders, target, smallest);
        sort_crashes(folders, target, smallest);
        g_hash_table_iter_init(&iterator, smallest);
        while (g_hash_table_iter_next(&iterator, &slug, &path) && !up_tool_interrupted()) {
                struct up_catch *catch =
                    bring_in(folders, target, binary, slug, path, minimise_s, step);
                catch->known = g_strdup(g_hash_table_lookup(known, slug));
                catch->is_new &= catch->known == NULL;
                g_ptr_array_add(catches, catch);
        }
        g_ptr_array_sort(catches, by_slug);
        return catches;
}
