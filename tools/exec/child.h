/*
 * child - cases in a process of their own, watched
 *
 * The process is a fresh one, or a fork of a *warm parent*: a target that has started, and waits.
 * Starting a program under AddressSanitizer, with GMime and OpenSSL, takes 200 ms of processor time
 * or more; a fork takes a tenth of that. A fork shows what a fresh process shows. When a fork takes
 * too much memory, the caller runs the case again in a fresh process, where the sanitizer reports
 * the allocation; if only a fork can run it, the bound is all that is reported.
 */
#ifndef UP_TOOLS_EXEC_CHILD_H
#define UP_TOOLS_EXEC_CHILD_H

#include <glib.h>
#include <stdbool.h>

/** What to run. All of it stays the caller's. */
struct up_child_request {
        const char *binary;
        char *const *inputs;      /* run one after the other; NULL ends them */
        const char *report;       /* where the target appends its report (target/target.h) */
        char *const *environment; /* of a fresh process */
        unsigned
            limit_s; /* of processor time; after that it gets SIGABRT: a sanitizer prints where */
};

enum up_wake {
        UP_WAKE_ENDED,
        UP_WAKE_LATE,        /* by its processor time, or by very much of the clock's */
        UP_WAKE_LARGE,       /* a fork alone: it took more than UP_CHILD_MEMORY_MB */
        UP_WAKE_INTERRUPTED, /* by up_tool_interrupt_fd() */
};

#define UP_CHILD_MEMORY_MB 2048
#define UP_CHILD_WAITS     10

struct up_child_end {
        enum up_wake wake;
        int wait_status; /* as waitpid() has it */
        char *output;    /* its standard error, of very much the beginning and the end; owned */
        double seconds;
};

/**
 * Runs it in a fresh process and waits. False with @error when it could not be started. May be
 * called from several threads at once.
 */
bool up_child_run(
    const struct up_child_request *order, struct up_child_end *ret_end, GError **error);

/** A warm parent. Not for two threads at once. */
struct up_fork_server;

/**
 * Starts @binary, a target, to wait for cases (target/fork_server.h). NULL with @error when it
 * could not be started.
 */
struct up_fork_server *up_fork_server_new(
    const char *binary, char *const *environment, GError **error);

/**
 * up_child_run() in a fork of it; the order's binary and environment are not looked at.
 */
bool up_fork_server_run(struct up_fork_server *warm, const struct up_child_request *order,
    struct up_child_end *ret_end, GError **error);

/** False once it is no more: then all that can be done with it is to free it. */
bool up_fork_server_is_alive(const struct up_fork_server *warm);

/** Ends it, and whatever runs in it. NULL is allowed. */
void up_fork_server_free(struct up_fork_server *warm);

/**
 * For between fork and exec: the child leads a process group of its own, so that a Ctrl-C at the
 * terminal is ours to pass on, and dies with this process. @data is not used.
 */
void up_child_lead_group(void *data);

#endif
