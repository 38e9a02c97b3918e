/*
 * engine - the fuzz engines and mutators that a campaign can use
 *
 * An engine is a kind of worker (worker.h). It fuzzes a target on the corpus of the campaign; what
 * it finds is stored in the campaign's folders under the names that libFuzzer gives. libFuzzer
 * merges for all engines (corpus.h), so one engine goes on where another stopped.
 *
 * Engines and mutators are tables: one more is a row in engine.c.
 */
#ifndef UP_TOOLS_CAMPAIGN_ENGINE_H
#define UP_TOOLS_CAMPAIGN_ENGINE_H

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

struct up_worker;
struct up_folders;

struct up_engine {
        const char *name;
        const char *what;
        const char *flavour; /* of the targets that it runs */
        const char *program; /* that must be installed; NULL: the target is the engine */

        /* Imports what a killed campaign left, before the first worker. May be NULL. */
        void (*recover)(const struct up_folders *folders);
        /* The command line, NULL-terminated. The caller owns it. */
        char **(*command)(const struct up_worker *worker);
        /* Takes an environment, and returns it with the engine's variables added. */
        char **(*environment)(const struct up_worker *worker, char **environment);
        /* Reads a line that the process printed. May be NULL. */
        void (*parse_line)(struct up_worker *worker, const char *line);
        /* Takes what the process left that it died of, once it has ended. May be NULL. */
        void (*died)(const struct up_worker *worker, pid_t pid);
        /* Imports its files, every few seconds and once it has @ended. May be NULL. */
        void (*poll)(struct up_worker *worker, bool ended);
};

#define UP_ENGINE_COUNT 2
extern const struct up_engine *const up_engines[UP_ENGINE_COUNT]; /* the first one is the default */

/** Each in a file of its own. */
extern const struct up_engine up_engine_libfuzzer, up_engine_afl;

struct up_mutator {
        const char *name;
        const char *what;
        bool is_ours; /* harness/mutate; else what the engine itself does to bytes */
};

#define UP_MUTATOR_COUNT 2
extern const struct up_mutator up_mutators[UP_MUTATOR_COUNT];

/**
 * The engines of that name, const struct up_engine *: one, or with "both" all. NULL stands for the
 * first one. NULL when there is none of that name, which was reported as a usage error. The caller
 * owns the array.
 */
GPtrArray *up_engines_find(const char *name);

/** The mutator of that name, likewise. */
const struct up_mutator *up_mutator_find(const char *name);

/** Lists both tables, for help, without a line end behind it. The caller owns the result. */
char *up_engine_help(void);

#endif
