/*
 * engine_afl - afl-fuzz beside the target; its files say how it goes
 *
 * AFL++ keeps a folder of its own for each worker, DIR/TARGET/work/afl/NUMBER, in which the workers
 * of one target read each other's finds. Of an earlier campaign it would take up nothing: what it
 * kept is in the corpus already, which each start begins with, merged and measured by libFuzzer in
 * between. So every few seconds what is new in it is brought in: queue/ into corpus/, crashes/ and
 * hangs/ into crashes/, all by their SHA-1. A campaign that is killed loses some seconds; the next
 * one brings in what it finds lying there, and removes it.
 *
 * CMPLOG is not used. It replaces what the target compares by what it compares with, at places in
 * the file, and a case whose signature holds has no such places. Where any bytes are a case it did
 * not pay either: mime by AFL++'s own mutations, 75 s side by side, once: 4,946 edges without it,
 * 4,839 with it.
 *
 * AFL++ has no bound on memory but that of the address space, which AddressSanitizer needs whole:
 * a single allocation that is too large stops the target, a thousand small ones do not.
 */
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/campaign/corpus.h"
#include "tools/campaign/engine.h"
#include "tools/exec/run.h"
#include "tools/cli/tool.h"
#include "tools/campaign/worker.h"

/* A process of the target serves so many runs; then a fresh one is forked. What a run leaves behind
 * does not heap up. */
#define RUNS_PER_PROCESS "-1000"

/* --- what AFL++ keeps ------------------------------------------------------------------------- */

/* Its folders, and what becomes of a file there. */
static const struct {
        const char *folder;
        const char *kind; /* of a crash, as libFuzzer names it; NULL: it is an input */
} kept[UP_LEFT_KINDS] = {
        { "queue", NULL },
        { "crashes", "crash" },
        { "hangs", "timeout" },
};

static char *sync_folder(const struct up_folders *folders)
{
        return g_build_filename(folders->work, "afl", NULL);
}

static char *worker_folder(const struct up_worker *worker)
{
        return g_strdup_printf("%s/afl/%u", worker->folders->work, worker->number);
}

/* With all that is in it. A link is removed, and not followed. */
static void remove_tree(const char *path)
{
        g_autoptr(GDir) folder = NULL;
        GStatBuf status;
        const char *name;

        if (g_lstat(path, &status) != 0)
                return;
        if (S_ISDIR(status.st_mode))
                folder = g_dir_open(path, 0, NULL);
        while (folder != NULL && (name = g_dir_read_name(folder)) != NULL) {
                g_autofree char *inside = g_build_filename(path, name, NULL);
                remove_tree(inside);
        }
        g_remove(path);
}

static int by_name(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names of what was kept, in the order in which it was: AFL++ numbers it. */
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

/*
 * Brings in what is new since the last time. The newest may be half written while AFL++ runs, and
 * waits for the next time. False when a file could not be brought in; it is tried again then.
 */
static bool bring_in_kind(const struct up_folders *folders, const char *binary,
    const char *instance, size_t kind, bool all, struct up_left *left)
{
        g_autofree char *path = g_build_filename(instance, kept[kind].folder, NULL);
        g_autoptr(GPtrArray) names = names_in(path);
        guint whole = all || names->len == 0 ? names->len : names->len - 1;

        for (unsigned *seen = &left->seen[kind]; *seen < whole; (*seen)++) {
                g_autofree char *file =
                    g_build_filename(path, g_ptr_array_index(names, *seen), NULL);
                bool is_new = false;
                if (kept[kind].kind == NULL
                        ? !up_corpus_add_file(folders, binary, file, NULL)
                        : !up_corpus_add_crash(folders, file, kept[kind].kind, &is_new, NULL))
                        return false;
                left->crashes += is_new;
        }
        return true;
}

static bool bring_in(const struct up_folders *folders, const char *binary, const char *instance,
    bool all, struct up_left *left)
{
        bool ok = true;

        for (size_t kind = 0; kind < UP_LEFT_KINDS; kind++)
                ok &= bring_in_kind(folders, binary, instance, kind, all, left);
        return ok;
}

/* AFL++ does not begin with nothing at all. */
static void have_an_input(const struct up_folders *folders)
{
        g_autofree char *path = NULL;
        g_autofree char *sum = NULL;

        if (up_corpus_count(folders) > 0)
                return;
        sum = g_compute_checksum_for_string(G_CHECKSUM_SHA1, "\n", 1);
        path = g_build_filename(folders->corpus, sum, NULL);
        g_file_set_contents(path, "\n", 1, NULL);
}

static void recover(const struct up_folders *folders, const char *binary)
{
        g_autofree char *sync = sync_folder(folders);
        g_autoptr(GDir) folder = g_dir_open(sync, 0, NULL);
        const char *name;
        bool ok = true;

        while (folder != NULL && (name = g_dir_read_name(folder)) != NULL) {
                g_autofree char *instance = g_build_filename(sync, name, NULL);
                struct up_left left = { 0 };
                ok &= bring_in(folders, binary, instance, true, &left);
        }
        if (ok)
                remove_tree(sync);
        have_an_input(folders);
}

/* --- starting --------------------------------------------------------------------------------- */

/* For containers, and machines whose settings are not ours to change. */
static const struct {
        const char *name, *value;
        bool ours_only; /* where our mutator is the only one */
        const char *why;
} settings[] = {
        { "AFL_NO_UI", "1", false, "the campaign has its own" },
        { "AFL_NO_COLOR", "1", false, "a log is read in any program" },
        { "AFL_SKIP_CPUFREQ", "1", false, "the governor is not ours to change" },
        { "AFL_NO_AFFINITY", "1", false, "cores are shared with other work" },
        { "AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES", "1", false, "nor is the core pattern" },
        { "AFL_IGNORE_PROBLEMS", "1", false, "an input that vanished is none" },
        { "AFL_NO_CRASH_README", "1", false, "harvest reads what lies there" },
        { "AFL_FAST_CAL", "1", false, "runs are slow: three tell whether one is steady" },
        { "AFL_SYNC_TIME", "1", false, "campaigns of minutes have several workers too" },
        { "AFL_DISABLE_TRIM", "1", true, "a case without its head is no case" },
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

/* AFL++ wants to see a signal, and runs no target that would look symbols up before it dies. */
static char **set_sanitizers(const struct up_worker *worker, char **environment)
{
        const char *memory_mb = option(worker, "-rss_limit_mb=");
        g_autofree char *address = g_strdup_printf("%s:abort_on_error=1:symbolize=0%s%s",
            g_environ_getenv(environment, "ASAN_OPTIONS"),
            memory_mb != NULL ? ":max_allocation_size_mb=" : "",
            memory_mb != NULL ? memory_mb : "");

        environment = g_environ_setenv(environment, "ASAN_OPTIONS", address, TRUE);
        return g_environ_setenv(environment, "UBSAN_OPTIONS", "abort_on_error=1:symbolize=0", TRUE);
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
        environment = set_number(environment, "AFL_INPUT_LEN_MAX", option(worker, "-max_len="), "");
        environment = set_number(environment, "AFL_HANG_TMOUT", option(worker, "-timeout="), "000");
        return set_sanitizers(worker, environment);
}

static void add_pair(GPtrArray *words, const char *option, char *value)
{
        g_ptr_array_add(words, g_strdup(option));
        g_ptr_array_add(words, value);
}

/* The time is the worker's to keep: AFL++ would begin to count behind its first look at it all. */
static char **command(const struct up_worker *worker, unsigned seconds)
{
        const char *timeout_s = option(worker, "-timeout=");
        const char *dictionary = option(worker, "-dict=");
        GPtrArray *words = g_ptr_array_new();

        (void)seconds;
        g_ptr_array_add(words, g_strdup("afl-fuzz"));
        add_pair(words, "-i", g_strdup(worker->folders->corpus));
        add_pair(words, "-o", sync_folder(worker->folders));
        add_pair(words, worker->first ? "-M" : "-S", g_strdup_printf("%u", worker->number));
        if (worker->first && worker->shared)
                add_pair(words, "-F", g_strdup(worker->folders->corpus));
        add_pair(words, "-m", g_strdup("none"));
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

/* --- looking ---------------------------------------------------------------------------------- */

/*
 * fuzzer_stats is written when the corpus was read, each minute, and at the end; what it says of
 * edges is all that there is of them. How many inputs there are shows in the folder.
 */
static void read_stats(struct up_worker *worker, const char *instance)
{
        g_autofree char *path = g_build_filename(instance, "fuzzer_stats", NULL);
        g_autofree char *text = NULL;
        const char *edges;
        unsigned count;

        if (!g_file_get_contents(path, &text, NULL, NULL))
                return;
        edges = strstr(text, "\nedges_found ");
        if (edges != NULL && sscanf(edges, "\nedges_found : %u", &count) == 1)
                worker->edges = count;
}

static void look(struct up_worker *worker, bool ended)
{
        g_autofree char *instance = worker_folder(worker);

        bool ok;

        read_stats(worker, instance);
        ok = bring_in(worker->folders, worker->binary, instance, ended, &worker->left);
        worker->corpus = MAX(worker->corpus, worker->left.seen[0]);
        if (ok && ended) {
                remove_tree(instance);
                memset(worker->left.seen, 0, sizeof worker->left.seen);
        }
        worker->crashes = worker->left.crashes;
}

const struct up_engine up_engine_afl = {
        .name = "afl",
        .what = "AFL++, a process beside the target",
        .flavour = "afl",
        .program = "afl-fuzz",
        .recover = recover,
        .command = command,
        .environment = environment,
        .look = look,
};
