/*
 * view - the views and the digest of a record
 *
 * A view's state names the state of the content and that of the recipient. A digest covers all that
 * the machine reads.
 */
#include "scan_submit/view.h"

#include "fnv.h"

/* --- views ------------------------------------------------------------------------------------ */

/* "scan-wait/waiting", "store scanning/final"; interned, and made once per process. */
static const char *state_name(
    const char *level, enum up_content_state content, enum up_recipient_state recipient)
{
        static const char *names[2][UP_CONTENT_STATE_COUNT][UP_RECIPIENT_STATE_COUNT];
        const char **name = &names[level[0] != '\0'][content][recipient];

        if (*name == NULL) {
                g_autofree char *text = g_strdup_printf("%s%s/%s", level,
                    up_content_state_names[content], up_recipient_state_names[recipient]);
                *name = g_intern_string(text);
        }
        return *name;
}

static void set_owner(struct up_view *view, enum up_owner owner, int64_t at_ms)
{
        view->owner = owner;
        view->owner_ms = at_ms;
        view->eligible = owner == UP_OWNER_QUEUE;
}

static void view_content(struct up_view *view, const struct up_content *content)
{
        if (content->state == UP_CONTENT_SCANNING)
                set_owner(view, UP_OWNER_WORKER, content->watch_ms);
        else if (content->state == UP_CONTENT_SCAN_WAIT)
                set_owner(view, UP_OWNER_TIMER, content->retry_ms);
        else
                set_owner(view, UP_OWNER_QUEUE, UP_NEVER_MS);
}

static void view_waiting(
    struct up_view *view, const struct up_record *record, const struct up_recipient *recipient)
{
        view->rank =
            up_content_rank(&record->content[UP_LEVEL_TRANSPORT]) + up_recipient_rank(recipient);
        view->expiry_ms = recipient->expired ? recipient->watch_ms
                                             : record->content[UP_LEVEL_TRANSPORT].expiry_ms;
        if (recipient->state == UP_RECIPIENT_HELD)
                set_owner(view, UP_OWNER_ADMINISTRATOR, UP_NEVER_MS);
        else if (!up_content_is_decided(&record->content[UP_LEVEL_TRANSPORT]))
                view_content(view, &record->content[UP_LEVEL_TRANSPORT]);
        else if (recipient->state == UP_RECIPIENT_SENDING)
                set_owner(view, UP_OWNER_WORKER, recipient->watch_ms);
        else if (recipient->state == UP_RECIPIENT_SEND_WAIT)
                set_owner(view, UP_OWNER_TIMER, recipient->retry_ms);
        else
                set_owner(view, UP_OWNER_QUEUE, UP_NEVER_MS);
}

static enum up_access access_to(const struct up_record *record)
{
        if (record->policy.store_scan == 0)
                return UP_ACCESS_OPEN;
        if (!record->deposited || !up_content_is_decided(&record->content[UP_LEVEL_STORE]))
                return UP_ACCESS_UNDECIDED;
        return up_content_may_go(&record->content[UP_LEVEL_STORE], &record->policy)
                   ? UP_ACCESS_OPEN
                   : UP_ACCESS_REFUSED;
}

struct up_view up_record_view(const struct up_record *record, unsigned index)
{
        const struct up_recipient *recipient = &record->recipient[index];
        bool in_store = recipient->disposition == UP_DISPOSITION_DELIVERED && record->deposited;
        const struct up_content *content =
            in_store ? &record->content[UP_LEVEL_STORE] : &record->content[UP_LEVEL_TRANSPORT];
        struct up_view view = {
                .message = record->id,
                .parent = record->parent,
                .from = record->from,
                .recipient = index,
                .to = record->to[index],
                .state = state_name(in_store ? "store " : "", content->state, recipient->state),
                .disposition = recipient->disposition,
                .owner_ms = UP_NEVER_MS,
                .expiry_ms = UP_NEVER_MS,
        };

        if (recipient->state != UP_RECIPIENT_FINAL) {
                view_waiting(&view, record, recipient);
        } else if (recipient->disposition == UP_DISPOSITION_DELIVERED) {
                view.access = access_to(record);
                if (view.access == UP_ACCESS_UNDECIDED) {
                        view_content(&view, &record->content[UP_LEVEL_STORE]);
                        view.expiry_ms = record->content[UP_LEVEL_STORE].expiry_ms;
                }
        }
        return view;
}

/* --- digest ----------------------------------------------------------------------------------- */

enum timer { RETRY, WATCH, EXPIRY };

/* @hash identifies what the timer belongs to. */
static void add_timer(struct up_digest *digest, uint64_t hash, enum timer timer, int64_t at_ms)
{
        uint64_t weight = up_fnv_number(hash, timer) | 1;

        if (at_ms == UP_NEVER_MS)
                return;
        digest->sum += weight * (uint64_t)at_ms;
        digest->weight += weight;
}

struct up_digest up_recipient_digest(const struct up_record *record, unsigned index)
{
        const struct up_recipient *recipient = &record->recipient[index];
        uint64_t hash = up_fnv_number(UP_FNV_BASIS, (int64_t)record->id);
        struct up_digest digest = { 0 };

        hash = up_fnv_number(hash, index);
        hash = up_fnv_number(hash, recipient->state << 1 | recipient->expired);
        hash = up_fnv_number(hash, recipient->attempts_left);
        hash = up_fnv_number(hash, recipient->gap_ms);
        digest.sum = hash;
        add_timer(&digest, hash, RETRY, recipient->retry_ms);
        add_timer(&digest, hash, WATCH, recipient->watch_ms);
        return digest;
}

struct up_digest up_record_digest(const struct up_record *record, unsigned next_turn)
{
        uint64_t hash = up_fnv_number(UP_FNV_BASIS, ~(int64_t)record->id);
        struct up_digest digest = { 0 };

        hash = up_fnv_number(hash, record->expired | record->hold << 1 | record->deleted << 2);
        hash = up_fnv_number(hash, next_turn % record->recipients);
        for (unsigned level = 0; level < up_record_levels(record); level++) {
                const struct up_content *content = &record->content[level];
                hash = up_fnv_number(hash, content->state);
                hash = up_fnv_number(hash, content->attempts_left);
                hash = up_fnv_number(hash, content->gap_ms);
                add_timer(&digest, hash, RETRY, content->retry_ms);
                add_timer(&digest, hash, WATCH, content->watch_ms);
                add_timer(&digest, hash, EXPIRY, content->expiry_ms);
        }
        digest.sum += hash;
        return digest;
}
