/*
 * hooks - what is called before and after each call of the pipeline, and of its ports
 *
 * For measuring what a pipeline does. A port leaves the pipeline: its call lies within one of the
 * pipeline's and ends before that.
 */
#ifndef UP_WORLD_HOOKS_H
#define UP_WORLD_HOOKS_H

#include <stdint.h>

enum up_hook {
        /* The functions of struct up_pipeline. */
        UP_HOOK_OPEN,
        UP_HOOK_CLOSE,
        UP_HOOK_SUBMIT,
        UP_HOOK_SCANNED,
        UP_HOOK_SENT,
        UP_HOOK_RUN,
        UP_HOOK_NEXT,
        UP_HOOK_EACH,
        UP_HOOK_DIGEST,
        UP_HOOK_COMMAND,
        UP_HOOK_RELOAD,
        UP_HOOK_SIGNATURES,
        UP_HOOK_RESTART,
        /* Calls back into the world: the port scan(), which reads the message; any other one. */
        UP_HOOK_SCAN,
        UP_HOOK_WORLD,
        UP_HOOK_COUNT
};

struct up_hooks {
        /* @bytes: all mail handed in so far, envelopes included; of UP_HOOK_SCAN, the message. */
        void (*before)(enum up_hook hook, uint64_t bytes);
        void (*after)(void);
};

/** Sets the hooks of all runs that begin after this. Not copied. NULL, as at first: none. */
void up_hooks_set(const struct up_hooks *hooks);

/** For the world: call the hook that is set, if any. */
void up_hooks_before(enum up_hook hook, uint64_t bytes);
void up_hooks_after(void);

#endif
