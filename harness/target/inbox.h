/*
 * inbox - the inputs that an explorer hands to an examiner
 *
 *     build/asan/fuzz/TARGET --examine FOLDER
 *
 * A campaign runs a target twice: at every execution of a fuzz engine without sanitizers (the
 * explorer), and with them on what deserves it (the examiner). Between the two is a folder. The
 * explorer, which UNPEND_INBOX names it to, writes an input there
 *
 *     found-HASH   that shows a finding, when it is the smallest yet
 *     new-HASH     that reached an edge of the code that none before it reached (novelty.h)
 *     sample-N     of all others one in 64, by a hash of its bytes: the last 8 of them stay, so
 *                  that a slow examiner is not flooded
 *
 * under a temporary name, and renames it. Names that begin with a dot belong to neither.
 *
 * The examiner takes them in this order, runs each, and deletes it. Samples get a fifth of its time
 * at most; with nothing else to do it waits. While an input runs it is called .examining-PID: when
 * the examiner dies, that is the input that it died of. On an input that takes too much processor
 * time it prints UP_INBOX_TOO_SLOW and aborts, on which a sanitizer prints the stack. It ends with
 * status 0 when it has grown large, and is to be started again.
 */
#ifndef UP_TARGET_INBOX_H
#define UP_TARGET_INBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define UP_INBOX_EXAMINE_OPTION "--examine"
#define UP_INBOX_LIMIT_S        10 /* of processor time for an input, as in fuzz/default.options */

#define UP_INBOX_TOO_SLOW "unpend: the examined input takes too long"

enum up_inbox_kind { UP_INBOX_FOUND, UP_INBOX_NEW, UP_INBOX_SAMPLE, UP_INBOX_KIND_COUNT };

/** For the explorer: writes the input. False when that fails (errno). */
bool up_inbox_put(const char *folder, enum up_inbox_kind kind, const uint8_t *data, size_t size);

/** For the explorer: is an input of no other kind one to sample? Each input always or never. */
bool up_inbox_is_sample(const uint8_t *data, size_t size);

/** Runs what is in the folder and what comes, until the process is ended. Returns the status. */
int up_inbox_examine(const char *folder, int (*run_file)(const char *path));

/** Inputs in the folder that wait or run. */
unsigned up_inbox_length(const char *folder);

/** The path of what the examiner @pid runs. The caller owns the result. */
char *up_inbox_running(const char *folder, pid_t pid);

/** Of an examiner that was stopped: what it ran waits again. */
void up_inbox_return(const char *folder, const char *running);

#endif
