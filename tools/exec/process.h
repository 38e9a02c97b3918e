/*
 * process - a child that runs for long, its output read line by line on the main loop
 *
 * For fuzz engines and examiners; cases run in child.h. The process leads a group of its own and
 * dies with this one. Needs a running GMainLoop.
 */
#ifndef UP_TOOLS_EXEC_PROCESS_H
#define UP_TOOLS_EXEC_PROCESS_H

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

struct up_process_request {
        const char *const *argv; /* NULL-terminated */
        char *const *environment;
        FILE *log; /* gets all output; stays the caller's, and open until @ended */
        void (*line)(void *data, const char *line); /* of its output; NULL: not read */
        /* Once, when it has ended and its output was read; as waitpid() has it. May free it. */
        void (*ended)(void *data, int wait_status);
        void *data;
};

struct up_process;

/** What the request points to is copied or, like the log, used until @ended. NULL with @error. */
struct up_process *up_process_start(const struct up_process_request *request, GError **error);

/** 0 if it had ended before it was looked at. */
pid_t up_process_id(const struct up_process *process);

/** Sends a signal to the process alone; harmless when it has ended. */
void up_process_signal(struct up_process *process, int signal);

/** Kills its whole group; @ended comes soon. */
void up_process_kill(struct up_process *process);

/** Only once it has ended; NULL is allowed. */
void up_process_free(struct up_process *process);

#endif
