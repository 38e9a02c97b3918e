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

#define UP_FORK_SERVER_OPTION "--fork-server"
#define UP_FORK_SERVER_REAP   "reap"

/** Serves until the end of input; returns the exit status. To be called before any engine starts.
 */
int up_fork_server_serve(const char *program);

#endif
