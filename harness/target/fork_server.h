/*
 * warm - how a target that waits is told what to run
 *
 *     build/replay/fuzz/TARGET --warm
 *
 * It first runs a message of its own, so that whatever is made once in a process is made once for
 * all. Then it reads orders from standard input, texts with a NUL after each: the file that the
 * report is appended to, the files to run, and an empty one. It runs them, in this order, in one
 * fork of itself and prints the fork's process id, in a line. When it then reads UP_WARM_REAP it
 * kills what is left of the fork's process group, waits for the fork, and prints its wait status.
 * It ends with its input.
 *
 * A file that comes twice, at the end, is asked for leaks at less cost: LeakSanitizer looks only if
 * the second time left blocks behind (leaks.h).
 */
#ifndef UP_TARGET_FORK_SERVER_H
#define UP_TARGET_FORK_SERVER_H

#define UP_WARM_OPTION "--warm"
#define UP_WARM_REAP   "reap"

/** Waits and runs; returns the exit status of the process. Before any engine has begun. */
int up_warm_serve(const char *program);

#endif
