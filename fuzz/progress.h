/*
 * progress - counters that a target shares with whoever watches it
 *
 * A file of the size of this struct, mapped by the target and by the watcher. The target alone
 * writes, so no lock is needed; what it counted survives its crash.
 */
#ifndef UP_FUZZ_PROGRESS_H
#define UP_FUZZ_PROGRESS_H

#include <stdint.h>

#include "mail/exam.h"

struct up_progress {
        uint64_t executions;
        uint64_t verified;          /* executions in which a signature held */
        uint64_t digest_only;       /* none held, but one failed by its content digest alone */
        uint64_t findings;          /* executions with a finding, repeated ones too */
        uint64_t unscannable;       /* executions that hit a limit */
        uint64_t counts[UP_COUNTS]; /* sums over all executions */
};

/** Maps @path, made and enlarged when needed. NULL when that fails (errno). Never unmapped. */
struct up_progress *up_progress_map(const char *path);

#endif
