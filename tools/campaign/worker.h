/*
 * worker - one process of a fuzz engine, watched and started again
 *
 * A worker explores one target on a corpus that other workers of the target share. When it dies,
 * because it found something, it is started again. It can be paused, which keeps its process and
 * all that it read. Needs a running GMainLoop.
 */
#ifndef UP_TOOLS_CAMPAIGN_WORKER_H
#define UP_TOOLS_CAMPAIGN_WORKER_H

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>

#include "depth.h"
#include "target/progress.h"
#include "tools/campaign/engine.h"
#include "tools/campaign/folders.h"
#include "tools/exec/process.h"

/** Files that an engine writes in folders of its own. */
enum up_output_kind { UP_OUTPUT_INPUTS, UP_OUTPUT_CRASHES, UP_OUTPUT_HANGS, UP_OUTPUT_COUNT };

/** How many of them were imported. */
struct up_imported {
        unsigned seen[UP_OUTPUT_COUNT];
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
        bool alone;           /* no other worker does */
        unsigned engine_seed; /* of its random numbers; 0 lets it choose */
        struct up_progress *progress;
        char *error; /* why it was given up; NULL: it was not */
        bool running;

        struct up_process *process;
        FILE *log;
        bool stopping;
        gint64 start_us; /* of the process that runs */
        uint64_t start_executions;
        uint64_t seen_executions;
        gint64 moved_us;   /* when their number last changed, or it was paused */
        gint64 active_us;  /* time that it ran, not paused, before @resumed_us */
        gint64 resumed_us; /* monotonic; 0 while it is paused, or has ended */
        guint killing;     /* source id of the timer that kills what does not stop */
        guint polling;     /* and of the one that polls the engine */
        struct up_imported imported;
        unsigned failures; /* deaths in a row that came at once and left nothing */
        bool found;        /* it left a crash since it was started */
        void (*line)(void *data, const char *line); /* gets all that it prints */
        void (*ended)(void *data);
        void *data;
};

/**
 * Starts a worker. @ended is called, from the main loop, once it has ended. The strings that the
 * worker points to stay the caller's and must outlive it.
 */
void up_worker_start(struct up_worker *worker);

/** Pauses it, or lets it go on. AFL++ stops at once, libFuzzer before the next mutant. */
void up_worker_pause(struct up_worker *worker, bool paused);

/** Seconds that it ran, without pauses. */
double up_worker_seconds(const struct up_worker *worker);

/** Asks it to end now; @ended comes soon. Harmless when it has ended. */
void up_worker_stop(struct up_worker *worker);

void up_worker_clear(struct up_worker *worker);

/**
 * libFuzzer's options of a target out of the file BINARY.options, whose syntax ClusterFuzz defines:
 * "-max_len=131072", ... A dict is looked for beside the file. The caller owns the result.
 */
char **up_worker_options(const char *binary);

/** The environment of a process of a campaign that runs inputs at @depth. g_strfreev() frees it. */
char **up_worker_environment(const struct up_folders *folders, enum up_depth depth);

#endif
