/*
 * engine_libfuzzer - the target is the engine, and reports on standard error
 *
 * libFuzzer ends at its first crash. Its fork mode goes on, but runs short jobs that load the
 * corpus each time; a worker loads it once for each crash. An input that crashes is taken out of
 * the corpus, or the next start would die of it at once, and handed on to the examiner. Workers of
 * one target read each other's finds out of the corpus.
 */
#include <gio/gio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "target/death.h"
#include "tools/campaign/corpus.h"
#include "tools/campaign/engine.h"
#include "tools/campaign/worker.h"

#define ARTIFACT "Test unit written to "

/* "crash-0a4d55a8d778e5022fab701977c5d840bbc486d0" is the corpus file of that SHA-1. */
static void hand_on_crash(const struct up_worker *worker, const char *artifact)
{
        const char *dash = strrchr(artifact, '-');

        up_corpus_hand_on(worker->folders, artifact);
        if (dash != NULL) {
                g_autofree char *path = g_build_filename(worker->folders->corpus, dash + 1, NULL);
                unlink(path);
        }
}

static void parse_line(struct up_worker *worker, const char *line)
{
        const char *artifact = strstr(line, ARTIFACT);

        if (artifact != NULL) {
                worker->found = true;
                hand_on_crash(worker, artifact + strlen(ARTIFACT));
        }
}

/* What it died of is a crash, and for an examiner to look at. */
static void take_dead_input(const struct up_worker *worker, pid_t pid)
{
        g_autofree char *path = up_death_path(worker->folders->inbox, pid);
        bool is_new = false;

        if (up_corpus_add_crash(worker->folders, path, "crash", NULL, &is_new, NULL) && is_new)
                up_corpus_hand_on(worker->folders, path);
        unlink(path);
}

static char **command(const struct up_worker *worker)
{
        GPtrArray *words = g_ptr_array_new();

        g_ptr_array_add(words, g_strdup(worker->binary));
        for (char **option = worker->options; *option != NULL; option++)
                g_ptr_array_add(words, g_strdup(*option));
        g_ptr_array_add(words, g_strdup_printf("-artifact_prefix=%s/", worker->folders->crashes));
        g_ptr_array_add(words, g_strdup_printf("-seed=%u", worker->engine_seed));
        g_ptr_array_add(words, g_strdup(worker->alone ? "-reload=0" : "-reload=1"));
        g_ptr_array_add(words, g_strdup("-detect_leaks=0"));
        g_ptr_array_add(words, g_strdup(worker->folders->corpus));
        g_ptr_array_add(words, NULL);
        return (char **)g_ptr_array_free(words, FALSE);
}

/* Each target has hooks for our mutator; the variable switches them off. */
static char **environment(const struct up_worker *worker, char **environment)
{
        if (worker->mutator->is_ours)
                return environment;
        return g_environ_setenv(environment, "UNPEND_MUTATOR", "engine", TRUE);
}

const struct up_engine up_engine_libfuzzer = {
        .name = "libfuzzer",
        .what = "clang's libFuzzer, inside the target",
        .flavour = "libfuzzer",
        .command = command,
        .environment = environment,
        .parse_line = parse_line,
        .died = take_dead_input,
};
