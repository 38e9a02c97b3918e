/*
 * views - what the pipeline said last of each recipient, and how many of them wait
 *
 * A pipeline tells of all recipients whenever it is asked. That is compared with what it told
 * before, so that only what has changed is written down. A recipient that waited and of whom it
 * tells no more is written down once with the state "" and no owner: it was forgotten.
 */
#ifndef UP_WORLD_VIEWS_H
#define UP_WORLD_VIEWS_H

#include <glib.h>
#include <stdbool.h>

#include "pipeline.h"

/** Keeps a view that has changed. Returns a copy that lasts as long as the views do. */
typedef const struct up_view *(*up_keep_view)(void *data, const struct up_view *view);

struct up_views {
        GArray *seen;        /* of struct seen, in the order first seen */
        GHashTable *places;  /* where in @seen a recipient is */
        guint waiting;       /* how many wait for the pipeline */
        guint looks;         /* how often it was asked */
        guint present;       /* how many were told of, the last time */
        guint64 told_in_all; /* work done: recipients told of, each time counted */
};

void up_views_init(struct up_views *views);
void up_views_clear(struct up_views *views);

/**
 * Asks the pipeline about all. Each view that is new or has changed is given to @keep. Times in
 * them are as @shift_ms later: it is taken off, but from 0 and UP_NEVER_MS, which are no times.
 */
void up_views_take(struct up_views *views, const struct up_pipeline *pipeline, void *self,
    int64_t shift_ms, up_keep_view keep, void *data);

/** Was there ever a recipient of that message? */
bool up_views_know(const struct up_views *views, up_id message);

#endif
