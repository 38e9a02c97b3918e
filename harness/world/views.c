/*
 * views - compares by place, looks up only where the order has changed
 *
 * Most pipelines report their recipients in one order, so a look costs one comparison for each. The
 * table is for new recipients, for pipelines that keep no order, and for the first of those of a
 * message that have changed.
 */
#include "world/views.h"

#include <string.h>

#include "ledger/index.h"
#include "world/hooks.h"

struct seen {
        struct up_view view;
        guint look; /* the number of the look that last reported it */
        bool forgotten;
};

/* One look at all recipients, or at those that have changed. */
struct look {
        struct up_views *views;
        guint number;
        guint place;   /* where the next one is expected */
        guint present; /* how many were reported */
        guint back;    /* of them, how many had been forgotten before */
        int64_t shift_ms;
        up_keep_view keep;
        void *data;
};

void up_views_init(struct up_views *views)
{
        *views = (struct up_views){
                .seen = g_array_new(FALSE, FALSE, sizeof(struct seen)),
                .places = g_hash_table_new_full(
                    up_recipient_key_hash, up_recipient_key_equal, g_free, NULL),
        };
}

void up_views_clear(struct up_views *views)
{
        g_array_unref(views->seen);
        g_hash_table_unref(views->places);
}

static struct seen *seen_at(const struct up_views *views, guint place)
{
        return &g_array_index(views->seen, struct seen, place);
}

static bool is_of(const struct seen *seen, up_id message, unsigned recipient)
{
        return seen->view.message == message && seen->view.recipient == recipient;
}

/* False if no such recipient was seen. The table has places from 1, because NULL is none. */
static bool find_place(
    const struct up_views *views, up_id message, unsigned recipient, guint *ret_place)
{
        const struct up_recipient_key key = { message, recipient };
        guint place = GPOINTER_TO_UINT(g_hash_table_lookup(views->places, &key));

        if (place == 0)
                return false;
        *ret_place = place - 1;
        return true;
}

bool up_views_has(const struct up_views *views, up_id message)
{
        guint place;

        return find_place(views, message, 0, &place);
}

/* --- one view --------------------------------------------------------------------------------- */

/* A held recipient waits for the administrator, not for the pipeline. */
static bool waits(const struct up_view *view)
{
        bool held =
            view->disposition == UP_DISPOSITION_NONE && view->owner == UP_OWNER_ADMINISTRATOR;

        return !held &&
               (view->disposition == UP_DISPOSITION_NONE || view->access == UP_ACCESS_UNDECIDED);
}

static bool same_text(const char *a, const char *b)
{
        return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static int64_t shifted(int64_t ms, int64_t shift_ms)
{
        return ms == 0 || ms == UP_NEVER_MS ? ms : ms - shift_ms;
}

/* Sender and recipient never change (pipeline.h). */
static bool same_view(const struct up_view *kept, const struct up_view *reported, int64_t shift_ms)
{
        return kept->parent == reported->parent && kept->disposition == reported->disposition &&
               kept->access == reported->access && kept->owner == reported->owner &&
               kept->owner_ms == shifted(reported->owner_ms, shift_ms) &&
               kept->expiry_ms == shifted(reported->expiry_ms, shift_ms) &&
               kept->rank == reported->rank && kept->eligible == reported->eligible &&
               same_text(kept->state, reported->state);
}

static void keep(struct look *look, guint place, const struct up_view *reported)
{
        struct up_views *views = look->views;
        struct up_view view = *reported;

        view.owner_ms = shifted(view.owner_ms, look->shift_ms);
        view.expiry_ms = shifted(view.expiry_ms, look->shift_ms);
        const struct up_view *kept = look->keep(look->data, &view);

        views->waiting -= waits(&seen_at(views, place)->view) ? 1 : 0;
        seen_at(views, place)->view = *kept;
        views->waiting += waits(kept) ? 1 : 0;
}

static guint add(struct look *look, const struct up_view *view)
{
        struct up_views *views = look->views;
        const struct up_recipient_key key = { view->message, view->recipient };
        const struct seen blank = { .view = { .disposition = UP_DISPOSITION_DISCARDED } };

        g_array_append_val(views->seen, blank);
        g_hash_table_insert(
            views->places, g_memdup2(&key, sizeof key), GUINT_TO_POINTER(views->seen->len));
        keep(look, views->seen->len - 1, view);
        return views->seen->len - 1;
}

static void visit(const struct up_view *view, void *data)
{
        struct look *look = data;
        struct up_views *views = look->views;
        guint place = look->place;

        up_hooks_before(UP_HOOK_WORLD, 0);
        bool expected = place < views->seen->len &&
                        is_of(seen_at(views, place), view->message, view->recipient);
        if (!expected && !find_place(views, view->message, view->recipient, &place))
                place = add(look, view);
        else if (!same_view(&seen_at(views, place)->view, view, look->shift_ms))
                keep(look, place, view);

        struct seen *seen = seen_at(views, place);
        look->present += seen->look != look->number ? 1 : 0;
        seen->look = look->number;
        look->back += seen->forgotten ? 1 : 0;
        seen->forgotten = false;
        look->place = place + 1;
        views->reported_total++;
        up_hooks_after();
}

/* --- recipients no longer reported ------------------------------------------------------------ */

static void mark_forgotten(struct look *look, guint place)
{
        struct seen *seen = seen_at(look->views, place);
        struct up_view view = seen->view;

        seen->forgotten = true;
        if (view.disposition != UP_DISPOSITION_NONE && view.access != UP_ACCESS_UNDECIDED)
                return;
        view.state = "";
        view.owner = UP_OWNER_NONE;
        view.owner_ms = view.expiry_ms = 0;
        view.rank = 0;
        view.eligible = false;
        keep(look, place, &view);
}

static struct look begin_look(
    struct up_views *views, int64_t shift_ms, up_keep_view keep_view, void *data)
{
        return (struct look){
                .views = views,
                .number = ++views->looks,
                .shift_ms = shift_ms,
                .keep = keep_view,
                .data = data,
        };
}

void up_views_update_changed(struct up_views *views, const struct up_pipeline *pipeline, void *self,
    int64_t shift_ms, up_keep_view keep_view, void *data)
{
        struct look look = begin_look(views, shift_ms, keep_view, data);
        guint before = views->seen->len;

        pipeline->for_each_changed(self, visit, &look);
        views->present += (views->seen->len - before) + look.back;
}

void up_views_update(struct up_views *views, const struct up_pipeline *pipeline, void *self,
    int64_t shift_ms, up_keep_view keep_view, void *data)
{
        struct look look = begin_look(views, shift_ms, keep_view, data);
        guint before = views->seen->len;

        pipeline->for_each_recipient(self, visit, &look);
        if (look.present < views->present + (views->seen->len - before) + look.back) {
                for (guint i = 0; i < before; i++)
                        if (seen_at(views, i)->look != look.number && !seen_at(views, i)->forgotten)
                                mark_forgotten(&look, i);
        }
        views->present = look.present;
}
