/*
 * worker - one process of a fuzz engine, watched and started again
 *
 * A worker fuzzes one target on a corpus that other workers of the target share. It ends with its
 * time; when it dies before, because it found something, it is started again for what is left.
 * Needs a running GMainLoop.
 */
#ifndef UP_TOOLS_CAMPAIGN_WORKER_H
#define UP_TOOLS_CAMPAIGN_WORKER_H

#include <gio/gio.h>
#include <stdbool.h>
#include <stdio.h>

#include "target/progress.h"
#include "tools/campaign/engine.h"

/** The files of a target's campaign: DIR/TARGET/... */
struct up_folders {
        char *binary;      /* libFuzzer's target, which merges and measures for all engines */
        char *corpus;      /* inputs that add coverage, named by SHA-1 as libFuzzer names them */
        char *crashes;     /* inputs that ended the process: KIND-SHA1, as libFuzzer names them */
        char *kept;        /* smallest input of each finding that the target survived, by slug */
        char *findings;    /* SLUG.case: minimised; the result */
        char *work;        /* logs, progress, what is being made */
        const char *fault; /* planted into the target's pipeline in all of it; NULL: none */
};

/** Files that an engine writes in folders of its own. */
enum up_output_kind { UP_OUTPUT_INPUTS, UP_OUTPUT_CRASHES, UP_OUTPUT_HANGS, UP_OUTPUT_COUNT };

/** How many of them were imported. */
struct up_imported {
        unsigned seen[UP_OUTPUT_COUNT];
        unsigned crashes; /* crashes and hangs that were new */
};

struct up_worker {
        const struct up_engine *engine;
        const struct up_mutator *mutator;
        char *binary; /* owned, as are the options */
        const struct up_folders *folders;
        char **options;       /* libFuzzer's, NULL-terminated; other engines translate them */
        unsigned number;      /* of the worker; names its files in work/ */
        bool first;           /* of its target and engine */
        bool shared;          /* another engine adds to the corpus meanwhile */
        unsigned engine_seed; /* of its random numbers; 0 lets it choose */
        const struct up_progress *progress;
        unsigned edges, corpus; /* as the engine last reported */
        unsigned crashes;
        char *error; /* why it was given up; NULL: it was not */
        bool running;

        GSubprocess *process;
        FILE *log;
        gint64 end_us;   /* monotonic */
        gint64 start_us; /* of the process that runs */
        gint64 began_us; /* of the worker */
        guint overtime;  /* source id of the timer that ends it */
        guint polling;   /* and of the one that polls the engine */
        struct up_imported imported;
        unsigned failures; /* deaths in a row that came at once and left nothing */
        bool found;        /* it left a crash since it was started */
        void (*ended)(void *data);
        void *data;
};

/**
 * Starts a worker for @seconds. @ended is called, from the main loop, once it has ended.
 * The strings that the worker points to stay the caller's and must outlive it.
 */
void up_worker_start(
    struct up_worker *worker, unsigned seconds, void (*ended)(void *data), void *data);

/** Asks it to end now; @ended comes soon. Harmless when it has ended. */
void up_worker_stop(struct up_worker *worker);

void up_worker_clear(struct up_worker *worker);

/**
 * libFuzzer's options of a target out of the file BINARY.options, whose syntax ClusterFuzz defines:
 * "-max_len=131072", ... A dict is looked for beside the file. The caller owns the result.
 */
char **up_worker_options(const char *binary);

/** The environment of a fuzzing process of a campaign. g_strfreev() frees it. */
char **up_worker_environment(const struct up_folders *folders);

#endif
