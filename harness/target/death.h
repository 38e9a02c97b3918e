/*
 * death - keeps the input that an explorer died of
 *
 * Without a sanitizer a memory error may corrupt the heap, and what libFuzzer does on a signal
 * needs the heap. So the input is written by system calls alone, to FOLDER/.died-PID, and the
 * signal then has its way. After a corruption it need not be the input at fault. For libFuzzer
 * alone: AFL++ keeps what its target died of.
 */
#ifndef UP_TARGET_DEATH_H
#define UP_TARGET_DEATH_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/** Once per process, before an engine installs handlers of its own, which then leaves these. */
void up_death_catch(const char *folder);

/** The input that runs from now on; NULL: none. */
void up_death_input(const uint8_t *data, size_t size);

/** Where the process @pid leaves it. The caller owns the result. */
char *up_death_path(const char *folder, pid_t pid);

#endif
