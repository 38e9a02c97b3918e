/*
 * views - the last view of each recipient, and how many recipients are pending
 *
 * A look has the pipeline report all recipients, or those that it says have changed
 * (UP_CAN_CHANGES). Only views that changed are recorded. A pending recipient that a look at all no
 * longer finds is recorded once, with the state "" and no owner: the pipeline lost it.
 */
#ifndef UP_WORLD_VIEWS_H
#define UP_WORLD_VIEWS_H

#include <glib.h>
#include <stdbool.h>

#include "pipeline.h"

/** Keeps a view that has changed. Returns a copy that lasts as long as the views do. */
typedef const struct up_view *(*up_keep_view)(void *data, const struct up_view *view);

struct up_views {
        GArray *seen;           /* of struct seen, in the order first seen */
        GHashTable *places;     /* where in @seen a recipient is */
        guint waiting;          /* how many wait for the pipeline */
        guint looks;            /* how often the pipeline reported */
        guint present;          /* how many the pipeline has, as far as is known */
        guint64 reported_total; /* work done: recipients reported in all looks */
};

void up_views_init(struct up_views *views);
void up_views_clear(struct up_views *views);

/**
 * Has the pipeline report all recipients, and passes each view that is new or has changed to @keep.
 * @shift_ms is subtracted from the times in them, except from 0 and UP_NEVER_MS.
 */
void up_views_update(struct up_views *views, const struct up_pipeline *pipeline, void *self,
    int64_t shift_ms, up_keep_view keep, void *data);

/** The same for the recipients that the pipeline says have changed: it has UP_CAN_CHANGES. */
void up_views_update_changed(struct up_views *views, const struct up_pipeline *pipeline, void *self,
    int64_t shift_ms, up_keep_view keep, void *data);

/** Was there ever a recipient of that message? */
bool up_views_has(const struct up_views *views, up_id message);

#endif
