/*
 * warm - how a replay target that waits is told what to run
 *
 *     build/replay/fuzz/TARGET --warm
 *
 * It reads orders from standard input: two texts, each with a NUL after it, the file that the
 * report is appended to and the file to run. It runs the one in a fork of itself and prints the
 * fork's process id, in a line. When it then reads UP_WARM_REAP it kills what is left of the fork's
 * process group, waits for the fork, and prints its wait status. It ends with its input.
 */
#ifndef UP_FUZZ_WARM_H
#define UP_FUZZ_WARM_H

#define UP_WARM_OPTION "--warm"
#define UP_WARM_REAP   "reap"

#endif
