/*
 * engine_afl - afl-fuzz beside the target, watched through its files
 *
 * AFL++ has a folder for each worker, DIR/TARGET/work/afl/NUMBER, in which the workers of one
 * target read each other's finds. Every few seconds the new files are imported: queue/ into
 * corpus/, crashes/ and hangs/ into crashes/, all by their SHA-1. Each start begins with the
 * corpus, merged by libFuzzer. A campaign that is killed loses nothing: the next one
 * imports the files that it left, and removes them.
 *
 * CMPLOG is not used. It replaces bytes of the file by what the target compares them with, and a
 * case with a valid signature has no such bytes. It did not pay for plain bytes either: mime by
 * AFL++'s own mutations, 75 s side by side, once: 4,946 edges without it, 4,839 with it.
 *
 * AFL++ bounds the address space, not what is resident.
 */
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/campaign/corpus.h"
#include "tools/campaign/engine.h"
#include "tools/exec/run.h"
#include "tools/cli/tool.h"
#include "tools/campaign/worker.h"

/* The target forks a fresh process after so many runs, so that what runs leave behind is freed. */
#define RUNS_PER_PROCESS "-1000"

/* --- importing -------------------------------------------------------------------------------- */

static const struct {
        const char *folder; /* of AFL++ */
        const char *kind;   /* of a crash, as libFuzzer names it; NULL: an input */
} output_rows[UP_OUTPUT_COUNT] = {
        [UP_OUTPUT_INPUTS] = { "queue", NULL },
        [UP_OUTPUT_CRASHES] = { "crashes", "crash" },
        [UP_OUTPUT_HANGS] = { "hangs", "timeout" },
};

static char *sync_folder(const struct up_folders *folders)
{
        return g_build_filename(folders->work, "afl", NULL);
}

static char *worker_folder(const struct up_worker *worker)
{
        return g_strdup_printf("%s/afl/%u", worker->folders->work, worker->number);
}

static int by_name(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names in a folder of AFL++, in the order of its numbers. */
static GPtrArray *names_in(const char *path)
{
        GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
        g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
        const char *name;

        while (folder != NULL && (name = g_dir_read_name(folder)) != NULL)
                if (g_str_has_prefix(name, "id:"))
                        g_ptr_array_add(names, g_strdup(name));
        g_ptr_array_sort(names, by_name);
        return names;
}

/* The newest file may be half written unless AFL++ has @ended. False when a file cannot be
 * imported; it is tried again the next time. */
static bool import_kind(const struct up_folders *folders, const char *instance,
    enum up_output_kind kind, bool ended, struct up_imported *imported)
{
        g_autofree char *path = g_build_filename(instance, output_rows[kind].folder, NULL);
        g_autoptr(GPtrArray) names = names_in(path);
        guint complete = ended || names->len == 0 ? names->len : names->len - 1;

        for (unsigned *seen = &imported->seen[kind]; *seen < complete; (*seen)++) {
                const char *crash = output_rows[kind].kind;
                g_autofree char *file = g_build_filename(path, names->pdata[*seen], NULL);
                bool is_new = false;
                if (crash == NULL ? !up_corpus_add(folders, file, NULL)
                                  : !up_corpus_add_crash(folders, file, crash, NULL, &is_new, NULL))
                        return false;
                if (is_new)
                        up_corpus_hand_on(folders, file);
        }
        return true;
}

static bool import_all(const struct up_folders *folders, const char *instance, bool ended,
    struct up_imported *imported)
{
        bool ok = true;

        for (enum up_output_kind kind = 0; kind < UP_OUTPUT_COUNT; kind++)
                ok &= import_kind(folders, instance, kind, ended, imported);
        return ok;
}

static void recover(const struct up_folders *folders)
{
        g_autofree char *sync = sync_folder(folders);
        g_autoptr(GDir) folder = g_dir_open(sync, 0, NULL);
        const char *name;
        bool ok = true;

        while (folder != NULL && (name = g_dir_read_name(folder)) != NULL) {
                g_autofree char *instance = g_build_filename(sync, name, NULL);
                struct up_imported imported = { 0 };
                ok &= import_all(folders, instance, true, &imported);
        }
        if (ok)
                up_remove_tree(sync);
        if (up_corpus_count(folders) == 0) { /* AFL++ does not start without an input */
                g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA1, "\n", 1);
                g_autofree char *path = g_build_filename(folders->corpus, sum, NULL);
                g_file_set_contents(path, "\n", 1, NULL);
        }
}

/* --- starting --------------------------------------------------------------------------------- */

/* AFL++ must run in containers, and must not depend on settings of the machine. */
static const struct {
        const char *name, *value;
        bool ours_only; /* with our mutator alone */
        const char *why;
} settings[] = {
        { "AFL_NO_UI", "1", false, "the campaign prints its own status" },
        { "AFL_NO_COLOR", "1", false, "its output goes to a log" },
        { "AFL_SKIP_CPUFREQ", "1", false, "the governor is not ours to change" },
        { "AFL_NO_AFFINITY", "1", false, "cores are shared with other work" },
        { "AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES", "1", false, "nor is the core pattern" },
        { "AFL_IGNORE_PROBLEMS", "1", false, "an input that vanished is no error" },
        { "AFL_NO_CRASH_README", "1", false, "each file there is read as a crash" },
        { "AFL_FAST_CAL", "1", false, "runs are slow, and deterministic" },
        { "AFL_SYNC_TIME", "1", false, "campaigns of minutes have several workers too" },
        { "AFL_DISABLE_TRIM", "1", true, "the head of a case must stay" },
        { "AFL_CUSTOM_MUTATOR_ONLY", "1", true, "the same" },
};

/* The value of libFuzzer's option of that name, out of the target's own; NULL without. */
static const char *option(const struct up_worker *worker, const char *name)
{
        for (char **words = worker->options; *words != NULL; words++)
                if (g_str_has_prefix(*words, name))
                        return *words + strlen(name);
        return NULL;
}

static char **set_number(char **environment, const char *name, const char *text, const char *unit)
{
        g_autofree char *value = g_strconcat(text != NULL ? text : "", unit, NULL);

        return text != NULL ? g_environ_setenv(environment, name, value, TRUE) : environment;
}

static char **environment(const struct up_worker *worker, char **environment)
{
        g_autofree char *library = g_build_filename(up_tool_build(), "afl", "mutator.so", NULL);
        bool ours = worker->mutator->is_ours;

        for (size_t i = 0; i < G_N_ELEMENTS(settings); i++)
                if (ours || !settings[i].ours_only)
                        environment = g_environ_setenv(
                            environment, settings[i].name, settings[i].value, TRUE);
        if (ours)
                environment =
                    g_environ_setenv(environment, "AFL_CUSTOM_MUTATOR_LIBRARY", library, TRUE);
        /* There are no sanitizers, and AFL++ refuses options that it does not like. */
        environment = g_environ_unsetenv(environment, "ASAN_OPTIONS");
        environment = g_environ_unsetenv(environment, "UBSAN_OPTIONS");
        environment = set_number(environment, "AFL_INPUT_LEN_MAX", option(worker, "-max_len="), "");
        environment = set_number(environment, "AFL_HANG_TMOUT", option(worker, "-timeout="), "000");
        return environment;
}

static void add_pair(GPtrArray *words, const char *option, char *value)
{
        g_ptr_array_add(words, g_strdup(option));
        g_ptr_array_add(words, value);
}

static char **command(const struct up_worker *worker)
{
        const char *timeout_s = option(worker, "-timeout=");
        const char *dictionary = option(worker, "-dict=");
        const char *memory_mb = option(worker, "-rss_limit_mb=");
        GPtrArray *words = g_ptr_array_new();

        g_ptr_array_add(words, g_strdup("afl-fuzz"));
        add_pair(words, "-i", g_strdup(worker->folders->corpus));
        add_pair(words, "-o", sync_folder(worker->folders));
        add_pair(words, worker->first ? "-M" : "-S", g_strdup_printf("%u", worker->number));
        if (worker->first && worker->shared)
                add_pair(words, "-F", g_strdup(worker->folders->corpus));
        add_pair(words, "-m", g_strdup(memory_mb != NULL ? memory_mb : "none"));
        if (timeout_s != NULL)
                add_pair(words, "-t", g_strconcat(timeout_s, "000", NULL));
        if (dictionary != NULL)
                add_pair(words, "-x", g_strdup(dictionary));
        if (worker->engine_seed > 0)
                add_pair(words, "-s", g_strdup_printf("%u", worker->engine_seed));
        /* Each bit of each input in turn would take the first worker days. */
        g_ptr_array_add(words, g_strdup("-d"));
        g_ptr_array_add(words, g_strdup("--"));
        add_pair(words, worker->binary, g_strdup(RUNS_PER_PROCESS));
        g_ptr_array_add(words, NULL);
        return (char **)g_ptr_array_free(words, FALSE);
}

/* --- polling ---------------------------------------------------------------------------------- */

static void poll_files(struct up_worker *worker, bool ended)
{
        g_autofree char *instance = worker_folder(worker);
        struct up_imported *imported = &worker->imported;
        bool ok;

        ok = import_all(worker->folders, instance, ended, imported);
        if (ok && ended) {
                up_remove_tree(instance);
                memset(imported->seen, 0, sizeof imported->seen);
        }
}

const struct up_engine up_engine_afl = {
        .name = "afl",
        .what = "AFL++, a process beside the target",
        .flavour = "afl",
        .program = "afl-fuzz",
        .recover = recover,
        .command = command,
        .environment = environment,
        .poll = poll_files,
};
