/*
 * compare_runs - oracles that compare two runs of one case
 *
 * Ids may differ between runs, so messages are compared by their place: the n-th submission, the
 * n-th message seen.
 */
#include "oracle/oracles.h"

/* --- worse-when-healed ------------------------------------------------------------------------ */

/* The submissions that are no copies, in order; NULL for those that were not accepted. */
static GPtrArray *submissions(const struct up_ledger_index *index)
{
        GPtrArray *messages = g_ptr_array_new();

        for (guint at = 0; at < index->ledger->entries->len; at++) {
                const struct up_entry *entry = up_index_entry(index, at);
                if (entry->kind == UP_ENTRY_SUBMIT && !entry->as.submit.copy)
                        g_ptr_array_add(messages, index->subjects[at].message);
        }
        return messages;
}

/* The last change up to an entry; NULL: none. */
static const struct up_index_change *change_at(const struct up_index_recipient *recipient, guint at)
{
        const struct up_index_change *found = NULL;

        for (const struct up_index_change *change = recipient->first_change;
             change != NULL && change->entry <= at; change = change->next)
                found = change;
        return found;
}

/* When the last worker is free that was busy at the end of the script. */
static int64_t workers_free_ms(const struct up_ledger_index *index)
{
        int64_t free_ms = up_index_entry(index, index->script_end)->at_ms;

        for (guint i = 0; i < index->recipients->len; i++) {
                const struct up_index_change *change =
                    change_at(up_index_recipient(index, i), index->script_end);
                if (change != NULL && change->view->disposition == UP_DISPOSITION_NONE &&
                    change->view->owner == UP_OWNER_WORKER)
                        free_ms = MAX(free_ms, change->view->owner_ms);
        }
        return free_ms;
}

struct comparison {
        const struct up_ledger_index *healing;
        const struct up_ledger_index *healthy;
        int64_t free_ms;
        int64_t turns_ms;
        GPtrArray *findings;
};

/* Does one more attempt fit before it expires? */
static bool has_time(
    const struct comparison *comparison, const struct up_policy *policy, const struct up_view *view)
{
        int64_t begin_ms = comparison->free_ms;

        if (view->owner != UP_OWNER_QUEUE && view->owner != UP_OWNER_TIMER)
                return false;
        if (view->owner == UP_OWNER_TIMER)
                begin_ms = MAX(begin_ms, view->owner_ms);
        return view->expiry_ms == UP_NEVER_MS ||
               (begin_ms <= view->expiry_ms &&
                   view->expiry_ms - begin_ms >=
                       up_policy_healthy_bound_ms(policy) + comparison->turns_ms);
}

/* Was a verdict given before the environment healed? It may differ from that of a healthy scanner,
 * and it stays. Without one the message would be delivered, so only another outcome counts. */
static bool has_verdict(const struct up_ledger_index *index, const struct up_index_message *message)
{
        for (guint i = 0; i < index->requests->len; i++) {
                const struct up_index_request *request = up_index_request(index, i);

                if (request->asked_at > index->script_end)
                        return false;
                if (request->message != message || request->asked->kind != UP_ENTRY_SCAN)
                        continue;
                if (message->policy->unscannable == UP_UNSCANNABLE_DELIVER)
                        return true;
                if (request->answered_at < index->script_end &&
                    up_index_entry(index, request->answered_at)->as.scan.answer.verdict !=
                        UP_VERDICT_NONE)
                        return true;
        }
        return false;
}

/* A recipient that waited may be spared a failure that it met in the healthy run: a restart in the
 * midst of its only attempt, for example. */
static bool is_worse(enum up_disposition is, enum up_disposition wanted)
{
        return is != wanted &&
               !(is == UP_DISPOSITION_DELIVERED && wanted == UP_DISPOSITION_BOUNCED);
}

static uint64_t compare_recipient(const struct comparison *comparison,
    const struct up_index_recipient *healing, const struct up_index_recipient *healthy)
{
        const struct up_index_change *then = change_at(healing, comparison->healing->script_end);
        const struct up_index_change *is = healing->last_change, *wanted = healthy->last_change;

        if (then == NULL || !up_is_unfinished(then) ||
            !has_time(comparison, healing->message->policy, then->view) || wanted == NULL ||
            wanted->view->disposition == UP_DISPOSITION_NONE)
                return 0;
        if (wanted->view->disposition != UP_DISPOSITION_DELIVERED &&
            has_verdict(comparison->healing, healing->message))
                return 0;
        if (!is_worse(is->view->disposition, wanted->view->disposition))
                return 1;
        g_autofree char *signature = g_strdup_printf("%s: %s instead of %s", up_state_of(then),
            up_disposition_of(is), up_disposition_of(wanted));
        up_report(comparison->healing, comparison->findings, UP_CLASS_WORSE_WHEN_HEALED,
            healing->message, healing, UP_NOWHERE, signature,
            "in state %s when the environment healed, and in the end %s; in a healthy environment "
            "it ends %s",
            up_state_of(then), up_disposition_of(is), up_disposition_of(wanted));
        return 1;
}

static uint64_t compare_message(const struct comparison *comparison,
    const struct up_index_message *healing, const struct up_index_message *healthy)
{
        uint64_t judged = 0;

        if (healing->submit->number != healthy->submit->number || healing->first_command != NULL ||
            healthy->first_command != NULL ||
            healing->policy->transport_scan != healthy->policy->transport_scan ||
            healing->policy->store_scan != healthy->policy->store_scan)
                return 0;
        for (const struct up_index_recipient *recipient = healing->first_recipient;
             recipient != NULL; recipient = recipient->next) {
                const struct up_index_recipient *other = up_index_find_recipient(
                    comparison->healthy, healthy->id, recipient->key.number);
                if (other != NULL)
                        judged += compare_recipient(comparison, recipient, other);
        }
        return judged;
}

uint64_t up_compare_healing(const struct up_runs *runs, GPtrArray *findings)
{
        const struct up_ledger_index *healing = runs->with_healing;
        uint64_t judged = 0;

        /* A run that the world's own limit cut off has no outcome. */
        if (healing == NULL || runs->healthy == NULL || healing->script_end == UP_NOWHERE ||
            (healing->end != UP_NOWHERE &&
                up_index_entry(healing, healing->end)->as.ending == UP_ENDING_STEPS))
                return 0;
        g_autoptr(GPtrArray) one = submissions(healing);
        g_autoptr(GPtrArray) other = submissions(runs->healthy);
        const struct comparison comparison = { .healing = healing,
                .healthy = runs->healthy,
                .free_ms = workers_free_ms(healing),
                .turns_ms = up_turns_ms(healing),
                .findings = findings };
        for (guint i = 0; i < MIN(one->len, other->len); i++)
                if (one->pdata[i] != NULL && other->pdata[i] != NULL)
                        judged += compare_message(&comparison, one->pdata[i], other->pdata[i]);
        return judged;
}

/* --- nondeterministic ------------------------------------------------------------------------- */

uint64_t up_compare_repeat(const struct up_runs *runs, GPtrArray *findings)
{
        if (runs->repeat == NULL)
                return 0;
        const struct up_ledger *one = runs->baseline->ledger, *other = runs->repeat;
        guint count = MIN(one->entries->len, other->entries->len), at = 0;

        while (at < count && up_entry_is_same(up_ledger_at(one, at), up_ledger_at(other, at)))
                at++;
        if (at == count && one->entries->len == other->entries->len)
                return 1;
        const char *kind =
            at < one->entries->len ? up_entry_kind_names[up_ledger_at(one, at)->kind] : "end";
        g_autofree char *signature = g_strdup_printf("first difference: %s", kind);
        g_autofree char *detail =
            g_strdup_printf("two runs have %u and %u entries and first differ in entry %u (%s)",
                one->entries->len, other->entries->len, at, kind);
        struct up_finding *finding = up_finding_new(UP_CLASS_NONDETERMINISTIC, signature, detail);
        finding->shown_at = at < one->entries->len ? at : G_MAXUINT;
        g_ptr_array_add(findings, finding);
        return 1;
}

/* --- metamorphic ------------------------------------------------------------------------------ */

struct cursor {
        const struct up_ledger_index *index;
        guint next;
};

/* The next change that brought a disposition; NULL: no more. */
static const struct up_index_change *next_disposition(struct cursor *cursor)
{
        while (cursor->next < cursor->index->changes->len) {
                const struct up_index_change *change =
                    up_index_change(cursor->index, cursor->next++);
                if (change->view->disposition != UP_DISPOSITION_NONE)
                        return change;
        }
        return NULL;
}

static bool is_same_disposition(const struct up_runs *runs, const struct up_index_change *one,
    const struct up_index_change *other)
{
        if (one == NULL || other == NULL)
                return one == other;
        return one->recipient->message->place == other->recipient->message->place &&
               one->recipient->key.number == other->recipient->key.number &&
               one->view->disposition == other->view->disposition &&
               up_index_entry(runs->baseline, one->entry)->at_ms ==
                   up_index_entry(runs->no_clock_jumps, other->entry)->at_ms;
}

/* Timers run on the monotonic clock, so jumps of the wall clock must not matter. */
uint64_t up_compare_clock(const struct up_runs *runs, GPtrArray *findings)
{
        struct cursor jumping = { runs->baseline, 0 }, steady = { runs->no_clock_jumps, 0 };
        const struct up_index_change *one, *other;
        uint64_t judged = 0;

        if (runs->no_clock_jumps == NULL)
                return 0;
        do {
                one = next_disposition(&jumping);
                other = next_disposition(&steady);
                judged += one != NULL || other != NULL;
        } while (one != NULL && is_same_disposition(runs, one, other));
        if (one == NULL && other == NULL)
                return judged;
        const struct up_index_change *shown = one != NULL ? one : other;
        up_report(one != NULL ? runs->baseline : runs->no_clock_jumps, findings,
            UP_CLASS_METAMORPHIC, shown->recipient->message, shown->recipient,
            one != NULL ? one->entry : UP_NOWHERE, "the wall clock decides",
            one != NULL ? "%s; without jumps of the wall clock not, or at another time"
                        : "%s only without jumps of the wall clock",
            up_disposition_of(shown));
        return judged;
}
