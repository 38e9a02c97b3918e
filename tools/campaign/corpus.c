/*
 * corpus - files named by their SHA-1, and the engine run on them
 *
 * A merge writes into a new folder, which takes the old one's place by two renames; the old one is
 * removed last. What an interruption can leave is an old folder without a new one.
 */
#include "tools/campaign/corpus.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/exec/child.h"
#include "tools/exec/run.h"
#include "tools/cli/tool.h"

const char *const up_code_names[UP_CODE_COUNT] = {
        [UP_CODE_OURS] = "ours",
        [UP_CODE_GMIME] = "GMime",
        [UP_CODE_OPENSSL] = "OpenSSL",
};

static bool crashed_before(const struct up_folders *folders, const char *sum)
{
        static const char *const kinds[] = { "crash", "leak", "timeout", "oom" };

        for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
                g_autofree char *name = g_strdup_printf("%s-%s", kinds[i], sum);
                g_autofree char *path = g_build_filename(folders->crashes, name, NULL);
                g_autofree char *done = g_build_filename(folders->crashes, "done", name, NULL);
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
    bool *ret_is_new, GError **error)
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
        *ret_is_new = is_new;
        return true;
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

static void on_ended(GObject *source, GAsyncResult *result, void *data)
{
        bool *ended = data;

        g_subprocess_wait_finish(G_SUBPROCESS(source), result, NULL);
        *ended = true;
}

/* libFuzzer merges in processes of its own, so the whole group ends. */
static gboolean on_tick(void *data)
{
        const char *pid = g_subprocess_get_identifier(data);

        if (pid != NULL && up_tool_interrupted())
                kill(-(pid_t)g_ascii_strtoll(pid, NULL, 10), SIGKILL);
        return G_SOURCE_CONTINUE;
}

/* Runs libFuzzer's target with its own options and @words, its output in work/NAME.log. Its exit
 * status, 128 and the signal that ended it, or -1 with @error. */
static int run_engine(
    const struct up_folders *folders, const char *name, const char *const *words, GError **error)
{
        g_autoptr(GSubprocessLauncher) launcher =
            g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDERR_MERGE);
        g_autoptr(GPtrArray) arguments = g_ptr_array_new();
        g_auto(GStrv) options = up_worker_options(folders->binary);
        g_autofree char *artifacts = g_strdup_printf("-artifact_prefix=%s/", folders->crashes);
        g_autofree char *log = g_strdup_printf("%s/%s.log", folders->work, name);
        g_auto(GStrv) environment = up_worker_environment(folders);
        bool ended = false;

        g_ptr_array_add(arguments, folders->binary);
        for (char **option = options; *option != NULL; option++)
                g_ptr_array_add(arguments, *option);
        g_ptr_array_add(arguments, artifacts);
        for (; *words != NULL; words++)
                g_ptr_array_add(arguments, (char *)*words);
        g_ptr_array_add(arguments, NULL);
        g_subprocess_launcher_set_environ(launcher, environment);
        g_subprocess_launcher_set_stdout_file_path(launcher, log);
        g_subprocess_launcher_set_child_setup(launcher, up_child_lead_group, NULL, NULL);
        g_autoptr(GSubprocess) process =
            g_subprocess_launcher_spawnv(launcher, (const char *const *)arguments->pdata, error);
        if (process == NULL)
                return -1;
        guint tick = g_timeout_add(100, on_tick, process);
        g_subprocess_wait_async(process, NULL, on_ended, &ended);
        while (!ended)
                g_main_context_iteration(NULL, TRUE);
        g_source_remove(tick);
        if (up_tool_interrupted()) {
                g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "interrupted");
                return -1;
        }
        return g_subprocess_get_if_exited(process) ? g_subprocess_get_exit_status(process)
                                                   : 128 + g_subprocess_get_term_sig(process);
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

bool up_corpus_merge(const struct up_folders *folders, GError **error)
{
        g_autofree char *merged = g_strconcat(folders->corpus, ".merged", NULL);
        g_autofree char *old = g_strconcat(folders->corpus, ".old", NULL);
        const char *words[] = { "-merge=1", merged, folders->corpus, NULL };

        up_remove_tree(merged);
        g_mkdir_with_parents(merged, 0777);
        int status = run_engine(folders, "merge", words, error);
        if (status == 0 && g_rename(folders->corpus, old) == 0 &&
            g_rename(merged, folders->corpus) == 0) {
                up_remove_tree(old);
                return true;
        }
        up_corpus_recover(folders);
        up_remove_tree(merged);
        if (error != NULL && *error == NULL)
                g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED,
                    "libFuzzer cannot merge the corpus; see %s/merge.log", folders->work);
        return false;
}

/* --- measuring -------------------------------------------------------------------------------- */

/* An input that fuzzing would call a hang is measured, too. */
#define MEASURING_TIMEOUT "-timeout=1200"

/* The paths that debug information gives to each library's files, as it was built. */
static enum up_code code_of(const char *place)
{
        if (g_str_has_prefix(place, "gmime"))
                return UP_CODE_GMIME;
        return g_str_has_prefix(place, "openssl") ? UP_CODE_OPENSSL : UP_CODE_OURS;
}

/* "COVERED_FUNC: hits: 81 edges: 2/4 examine fuzz/fuzz_smime.c:9" */
static void parse_coverage(const char *line, struct up_coverage *coverage)
{
        unsigned covered, total;
        const char *edges =
            strstr(line, "COVERED_FUNC: ") != NULL ? strstr(line, " edges: ") : NULL;

        if (edges != NULL && sscanf(edges, " edges: %u/%u", &covered, &total) == 2) {
                enum up_code code = code_of(strrchr(line, ' ') + 1);
                coverage->covered[code] += covered;
                coverage->total[code] += total;
        }
}

bool up_corpus_measure(
    const struct up_folders *folders, struct up_coverage *ret_coverage, GError **error)
{
        const char *words[] = { "-runs=0", "-print_coverage=1", MEASURING_TIMEOUT, folders->corpus,
                NULL };
        g_autofree char *log = g_build_filename(folders->work, "coverage.log", NULL);
        struct up_coverage coverage = { 0 };
        int status = run_engine(folders, "coverage", words, error);
        g_autofree char *text = NULL;

        if (status < 0 || !g_file_get_contents(log, &text, NULL, error))
                return false;
        g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
        for (char **line = lines; *line != NULL; line++)
                parse_coverage(*line, &coverage);
        if (status != 0 || coverage.total[UP_CODE_OURS] == 0) {
                g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED,
                    "libFuzzer cannot measure the corpus; see %s", log);
                return false;
        }
        *ret_coverage = coverage;
        return true;
}
