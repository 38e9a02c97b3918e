/*
 * engine - the fuzz engines that a campaign can use, and who mutates for them
 *
 * An engine is a kind of worker (worker.h): it fuzzes a target on the corpus of the campaign, and
 * what it finds comes to lie in the campaign's folders under the names that libFuzzer gives.
 * Merging and measuring are libFuzzer's whatever the engine is (corpus.h), so that one engine goes
 * on where another stopped.
 *
 * Engines and mutators are tables: one more is a row in engine.c.
 */
#ifndef UP_TOOLS_CAMPAIGN_ENGINE_H
#define UP_TOOLS_CAMPAIGN_ENGINE_H

#include <glib.h>
#include <stdbool.h>

struct up_worker;
struct up_folders;

/** How an engine's process is started, understood, and what it left is brought in. */
struct up_engine {
        const char *name;
        const char *what;
        const char *flavour; /* whose targets it runs */
        const char *program; /* that must be installed; NULL: the target is the engine */
        unsigned grace_s; /* it ends by itself with its time, late by so much; 0: it is stopped */

        /* Once, before the first worker of a target: what a killed campaign left is brought in. */
        void (*recover)(const struct up_folders *folders, const char *binary); /* may be NULL */
        /* What to run, NULL-terminated, for so many seconds. The caller owns it. */
        char **(*command)(const struct up_worker *worker, unsigned seconds);
        /* Takes an environment, and returns it with what the engine needs added. */
        char **(*environment)(const struct up_worker *worker, char **environment);
        /* Understands a line that the process printed. May be NULL. */
        void (*hear)(struct up_worker *worker, const char *line);
        /* Now and then, and once when the process has @ended: reads its files. May be NULL. */
        void (*look)(struct up_worker *worker, bool ended);
};

#define UP_ENGINES 2
extern const struct up_engine *const up_engines[UP_ENGINES]; /* the first one is the standard */

/** Each in a file of its own. */
extern const struct up_engine up_engine_libfuzzer, up_engine_afl;

struct up_mutator {
        const char *name;
        const char *what;
        bool is_ours; /* harness/mutate; else what the engine itself does to bytes */
};

#define UP_MUTATORS 2
extern const struct up_mutator up_mutators[UP_MUTATORS];

/**
 * The engines of that name, const struct up_engine *: one, or with "both" all. NULL stands for the
 * first one. NULL when there is none of that name, which was told as a usage error. The caller
 * owns the array.
 */
GPtrArray *up_engines_find(const char *name);

/** The same for what mutates, of which there is one. */
const struct up_mutator *up_mutator_find(const char *name);

/** Lists both tables, for help, without a line end behind it. The caller owns the result. */
char *up_engine_help(void);

#endif
