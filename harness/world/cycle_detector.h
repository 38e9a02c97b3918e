/*
 * cycle_detector - detects that the pipeline repeats the same states
 *
 * When a deterministic pipeline returns to an earlier state and its environment does not change, it
 * repeats what it did since then for ever. To rule out a collision of digests, the whole cycle must
 * be seen three more times.
 */
#ifndef UP_WORLD_CYCLE_DETECTOR_H
#define UP_WORLD_CYCLE_DETECTOR_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct up_cycle_detector {
        GArray *knots;    /* of struct knot: each state, in order */
        GHashTable *last; /* where a digest stands last */
        guint period;     /* how many states ago this one was seen; 0 is never */
        guint matched;    /* for how many states that has been so */
};

void up_cycle_detector_init(struct up_cycle_detector *cycle_detector);
void up_cycle_detector_clear(struct up_cycle_detector *cycle_detector);

/**
 * Takes in the digest of the state at @at_ms. True when time passes on the way round, and all of
 * that way was gone three times more after the state had come back.
 */
bool up_cycle_detector_add(
    struct up_cycle_detector *cycle_detector, uint64_t digest, int64_t at_ms);

#endif
