/*
 * corpus - files named by their SHA-1, and the engine run on them
 *
 * A merge writes into a new folder, which takes the old one's place by two renames; the old one is
 * removed last. What an interruption can leave is an old folder without a new one.
 */
#include "tools/campaign/corpus.h"

#include <glib/gstdio.h>
#include <gio/gio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "target/inbox.h"
#include "tools/campaign/worker.h"
#include "tools/cli/tool.h"
#include "tools/exec/process.h"

static const char *const crash_kinds[] = { "crash", "leak", "timeout", "oom" };

static bool crashed_before(const struct up_folders *folders, const char *sum)
{
        for (size_t i = 0; i < G_N_ELEMENTS(crash_kinds); i++) {
                g_autofree char *name = g_strdup_printf("%s-%s", crash_kinds[i], sum);
                g_autofree char *path = g_build_filename(folders->crashes, name, NULL);
                g_autofree char *done =
                    g_build_filename(folders->crashes, UP_CRASHES_DONE, name, NULL);
                if (g_file_test(path, G_FILE_TEST_EXISTS) || g_file_test(done, G_FILE_TEST_EXISTS))
                        return true;
        }
        return false;
}

/* libFuzzer cuts a longer file, and names what it writes by the SHA-1 of what is left. */
static gsize longest_input(const struct up_folders *folders)
{
        g_auto(GStrv) options = up_worker_options(folders->binary);
        gsize bytes = G_MAXSIZE;

        for (char **option = options; *option != NULL; option++)
                if (g_str_has_prefix(*option, "-max_len="))
                        bytes = (gsize)g_ascii_strtoull(strchr(*option, '=') + 1, NULL, 10);
        return bytes;
}

static bool add(
    const struct up_folders *folders, const char *path, gsize most_bytes, GError **error)
{
        g_autoptr(GDir) folder = NULL;
        g_autofree char *data = NULL;
        const char *name;
        gsize size;

        if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
                folder = g_dir_open(path, 0, error);
                while (folder != NULL && (name = g_dir_read_name(folder)) != NULL) {
                        g_autofree char *inside = g_build_filename(path, name, NULL);
                        if (!add(folders, inside, most_bytes, error))
                                return false;
                }
                return folder != NULL;
        }
        if (!g_file_get_contents(path, &data, &size, error))
                return false;
        size = MIN(size, most_bytes);
        g_autofree char *sum =
            g_compute_checksum_for_data(G_CHECKSUM_SHA1, (const guchar *)data, size);
        g_autofree char *copy = g_build_filename(folders->corpus, sum, NULL);
        if (crashed_before(folders, sum) || g_file_test(copy, G_FILE_TEST_EXISTS))
                return true;
        return g_file_set_contents(copy, data, (gssize)size, error);
}

bool up_corpus_add(const struct up_folders *folders, const char *path, GError **error)
{
        return add(folders, path, longest_input(folders), error);
}

bool up_corpus_add_crash(const struct up_folders *folders, const char *path, const char *kind,
    char **ret_crash, bool *ret_is_new, GError **error)
{
        g_autofree char *data = NULL;
        gsize size;

        if (!g_file_get_contents(path, &data, &size, error))
                return false;
        g_autofree char *sum =
            g_compute_checksum_for_data(G_CHECKSUM_SHA1, (const guchar *)data, size);
        g_autofree char *name = g_strdup_printf("%s-%s", kind, sum);
        g_autofree char *crash = g_build_filename(folders->crashes, name, NULL);
        g_autofree char *input = g_build_filename(folders->corpus, sum, NULL);
        bool is_new = !crashed_before(folders, sum);
        if (is_new && !g_file_set_contents(crash, data, (gssize)size, error))
                return false;
        g_unlink(input);
        if (ret_crash != NULL)
                *ret_crash = g_steal_pointer(&crash);
        *ret_is_new = is_new;
        return true;
}

void up_corpus_remove_crash(const struct up_folders *folders, const char *path)
{
        g_autofree char *data = NULL;
        gsize size;

        if (!g_file_get_contents(path, &data, &size, NULL))
                return;
        g_autofree char *sum =
            g_compute_checksum_for_data(G_CHECKSUM_SHA1, (const guchar *)data, size);
        for (size_t i = 0; i < G_N_ELEMENTS(crash_kinds); i++) {
                g_autofree char *name = g_strdup_printf("%s-%s", crash_kinds[i], sum);
                g_autofree char *crash = g_build_filename(folders->crashes, name, NULL);
                g_unlink(crash);
        }
        g_autofree char *input = g_build_filename(folders->corpus, sum, NULL);
        g_unlink(input);
}

void up_corpus_hand_on(const struct up_folders *folders, const char *path)
{
        g_autofree char *data = NULL;
        gsize size;

        if (g_file_get_contents(path, &data, &size, NULL))
                up_inbox_put(folders->inbox, UP_INBOX_FOUND, (const uint8_t *)data, size);
}

gsize up_file_bytes(const char *path)
{
        GStatBuf status;
        return g_stat(path, &status) == 0 ? (gsize)status.st_size : G_MAXSIZE;
}

unsigned up_corpus_count(const struct up_folders *folders)
{
        g_autoptr(GDir) folder = g_dir_open(folders->corpus, 0, NULL);
        unsigned count = 0;

        while (folder != NULL && g_dir_read_name(folder) != NULL)
                count++;
        return count;
}

/* --- the engine ------------------------------------------------------------------------------- */

struct engine_run {
        struct up_process *process;
        int wait_status;
        bool ended;
};

static void on_ended(void *data, int wait_status)
{
        struct engine_run *run = data;

        run->wait_status = wait_status;
        run->ended = true;
}

static gboolean on_tick(void *data)
{
        (void)data;
        return G_SOURCE_CONTINUE; /* the loop looks at the time */
}

/* Runs libFuzzer's target with its own options and @words until @end_us, its output in
 * work/NAME.log. False with @error when it fails, or is killed for its time or an interruption. */
static bool run_engine(const struct up_folders *folders, const char *name, const char *const *words,
    gint64 end_us, GError **error)
{
        g_autoptr(GPtrArray) arguments = g_ptr_array_new();
        g_auto(GStrv) options = up_worker_options(folders->binary);
        g_autofree char *artifacts = g_strdup_printf("-artifact_prefix=%s/", folders->crashes);
        g_autofree char *path = g_strdup_printf("%s/%s.log", folders->work, name);
        g_auto(GStrv) environment = up_worker_environment(folders, UP_DEPTH_EXPLORE);
        struct engine_run run = { 0 };
        FILE *log = fopen(path, "we");
        bool late = false;

        if (log == NULL) {
                g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "cannot write to %s", path);
                return false;
        }
        g_ptr_array_add(arguments, folders->binary);
        for (char **option = options; *option != NULL; option++)
                g_ptr_array_add(arguments, *option);
        g_ptr_array_add(arguments, artifacts);
        for (; *words != NULL; words++)
                g_ptr_array_add(arguments, (char *)*words);
        g_ptr_array_add(arguments, NULL);
        environment = g_environ_setenv(environment, "UNPEND_REACHED", folders->work, TRUE);
        run.process = up_process_start(
            &(struct up_process_request){
                .argv = (const char *const *)arguments->pdata,
                .environment = environment,
                .log = log,
                .ended = on_ended,
                .data = &run,
            },
            error);
        guint tick = g_timeout_add(100, on_tick, NULL);
        while (run.process != NULL && !run.ended) {
                g_main_context_iteration(NULL, TRUE);
                late |= g_get_monotonic_time() > end_us;
                /* libFuzzer merges in processes of its own, so the whole group ends. */
                if (late || up_tool_interrupted())
                        up_process_kill(run.process);
        }
        g_source_remove(tick);
        up_process_free(run.process);
        fclose(log);
        if (run.process == NULL || run.wait_status == 0)
                return run.process != NULL;
        if (late || up_tool_interrupted())
                g_set_error_literal(
                    error, G_IO_ERROR, G_IO_ERROR_CANCELLED, late ? "out of time" : "interrupted");
        else
                g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED,
                    "libFuzzer cannot merge the corpus; see %s", path);
        return false;
}

/* --- merging ---------------------------------------------------------------------------------- */

void up_remove_tree(const char *path)
{
        g_autoptr(GDir) folder =
            g_file_test(path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open(path, 0, NULL);
        const char *name;

        while (folder != NULL && (name = g_dir_read_name(folder)) != NULL) {
                g_autofree char *inside = g_build_filename(path, name, NULL);
                up_remove_tree(inside);
        }
        g_remove(path);
}

void up_corpus_recover(const struct up_folders *folders)
{
        g_autofree char *old = g_strconcat(folders->corpus, ".old", NULL);

        if (!g_file_test(folders->corpus, G_FILE_TEST_IS_DIR))
                g_rename(old, folders->corpus);
        up_remove_tree(old);
}

bool up_corpus_merge(const struct up_folders *folders, gint64 end_us, GError **error)
{
        g_autofree char *merged = g_strconcat(folders->corpus, ".merged", NULL);
        g_autofree char *old = g_strconcat(folders->corpus, ".old", NULL);
        const char *words[] = { "-merge=1", merged, folders->corpus, NULL };

        up_remove_tree(merged);
        g_mkdir_with_parents(merged, 0777);
        if (run_engine(folders, "merge", words, end_us, error) &&
            g_rename(folders->corpus, old) == 0 && g_rename(merged, folders->corpus) == 0) {
                up_remove_tree(old);
                return true;
        }
        up_corpus_recover(folders);
        up_remove_tree(merged);
        return false;
}
