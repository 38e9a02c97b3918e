/*
 * fork_server - runs cases in forks of one process
 *
 *     build/replay/fuzz/TARGET --fork-server
 *
 * First runs a message of its own, so that whatever a process does once is done. Then it reads
 * requests from standard input, texts that each end in a NUL: the file to append the report to, the
 * files to run, and an empty text. It runs the files in this order in one fork and prints the
 * fork's process id as a line. On UP_FORK_SERVER_REAP it kills what is left of the fork's process
 * group, waits for the fork, and prints its wait status. It ends with its input.
 *
 * If the last file is given twice in a row, LeakSanitizer runs only if the second time left blocks
 * behind (leaks.h).
 */
#ifndef UP_TARGET_FORK_SERVER_H
#define UP_TARGET_FORK_SERVER_H

#include <stddef.h>
#include <stdint.h>

#define UP_FORK_SERVER_OPTION "--fork-server"
#define UP_FORK_SERVER_REAP   "reap"

struct up_fork_server_target {
        void (*run)(const uint8_t *data, size_t size);
        int (*run_file)(const char *path); /* returns how many findings it has; -1: failure */
};

/** Serves until the end of input; returns the exit status. Call it before any engine starts. */
int up_fork_server_serve(const struct up_fork_server_target *target);

#endif
