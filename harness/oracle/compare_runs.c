/*
 * compare - two runs of one case beside each other
 *
 * Ids need not be the same in two runs, so messages are compared by their place: the n-th that was
 * handed in, the n-th that was seen.
 */
#include "oracle/themes.h"

/* --- worse-when-healed ------------------------------------------------------------------------ */

/* Time for a scan and a transaction when all is well, and for those of each recipient before. */
#define ATTEMPT_MS (15 * INT64_C(60) * 1000)
#define TURN_MS    1000

/* The messages that were handed in and are no copies, by the place of their SUBMIT in the run;
 * one that was not accepted is UP_NOWHERE. */
static GArray *submissions(const struct up_account *account)
{
        GArray *places = g_array_new(FALSE, FALSE, sizeof(guint));

        for (guint at = 0; at < account->ledger->entries->len; at++) {
                const struct up_entry *entry = up_ledger_at(account->ledger, at);
                if (entry->kind == UP_ENTRY_SUBMIT && !entry->as.submit.copy)
                        g_array_append_val(places, account->subjects[at]);
        }
        return places;
}

/* What held at an entry; NULL: nothing was known. */
static const struct up_account_change *change_at(
    const struct up_account *account, guint recipient, guint at)
{
        const struct up_account_change *held = NULL;

        for (guint i = up_account_recipient_at(account, recipient)->first_change; i != UP_NOWHERE;
             i = up_account_change_at(account, i)->next) {
                if (up_account_change_at(account, i)->entry > at)
                        break;
                held = up_account_change_at(account, i);
        }
        return held;
}

static enum up_disposition outcome(const struct up_account *account, guint recipient)
{
        guint last = up_account_recipient_at(account, recipient)->last_change;

        return last != UP_NOWHERE ? up_account_change_at(account, last)->view->disposition
                                  : UP_DISPOSITION_NONE;
}

/* When the last worker is free that still waits for those who were sick. */
static int64_t workers_free_ms(const struct up_account *account)
{
        int64_t free_ms = up_ledger_at(account->ledger, account->script_end)->at_ms;

        for (guint i = 0; i < account->recipients->len; i++) {
                const struct up_account_change *change = change_at(account, i, account->script_end);
                if (change != NULL && change->view->disposition == UP_DISPOSITION_NONE &&
                    change->view->owner == UP_OWNER_WORKER)
                        free_ms = MAX(free_ms, change->view->owner_ms);
        }
        return free_ms;
}

struct pair {
        const struct up_account *healed;
        const struct up_account *healthy;
        int64_t free_ms;
        int64_t turns_ms; /* how long all others take, one by one */
        GPtrArray *findings;
};

/* Does one more attempt fit, before it expires? */
static bool is_in_time(const struct pair *pair, const struct up_view *view)
{
        int64_t begin_ms = pair->free_ms;

        if (view->owner != UP_OWNER_QUEUE && view->owner != UP_OWNER_TIMER)
                return false;
        if (view->owner == UP_OWNER_TIMER)
                begin_ms = MAX(begin_ms, view->owner_ms);
        return view->expiry_ms == UP_NEVER_MS ||
               (begin_ms <= view->expiry_ms &&
                   view->expiry_ms - begin_ms >= ATTEMPT_MS + pair->turns_ms);
}

/*
 * A verdict that was given while all was not well may differ from what the scanner would have said
 * from the start, and it stands. To be delivered is the fate of whoever has none, so only another
 * fate can come of it.
 */
static bool is_decided(const struct up_account *account, const struct up_account_message *message)
{
        for (guint i = 0; i < account->requests->len; i++) {
                const struct up_account_request *request = up_account_request_at(account, i);
                const struct up_entry *asked = up_ledger_at(account->ledger, request->asked);
                if (request->asked > account->script_end)
                        return false;
                if (request->message == UP_NOWHERE || asked->kind != UP_ENTRY_SCAN ||
                    up_account_message_at(account, request->message) != message)
                        continue;
                if (message->submit->as.submit.deliver_unscanned)
                        return true;
                if (request->answered < account->script_end &&
                    up_ledger_at(account->ledger, request->answered)->as.scan.answer.verdict !=
                        UP_VERDICT_NONE)
                        return true;
        }
        return false;
}

static uint64_t compare_recipient(const struct pair *pair, guint sick, guint well)
{
        const struct up_account_change *then =
            change_at(pair->healed, sick, pair->healed->script_end);
        enum up_disposition now = outcome(pair->healed, sick);
        enum up_disposition wanted = outcome(pair->healthy, well);

        if (then == NULL || then->gone || then->view->disposition != UP_DISPOSITION_NONE ||
            !is_in_time(pair, then->view) || wanted == UP_DISPOSITION_NONE)
                return 0;
        if (wanted != UP_DISPOSITION_DELIVERED &&
            is_decided(pair->healed, up_account_message_at(pair->healed,
                                         up_account_recipient_at(pair->healed, sick)->message)))
                return 0;
        if (now == wanted)
                return 1;
        const char *state = then->view->state != NULL ? then->view->state : "state not known";
        g_autofree char *signature = g_strdup_printf("%s: %s instead of %s", state,
            up_account_disposition(now), up_account_disposition(wanted));
        up_account_find(pair->healed, pair->findings, UP_CLASS_WORSE_WHEN_HEALED,
            up_account_recipient_at(pair->healed, sick)->message, sick, UP_NOWHERE, signature,
            "it was in state %s when all became well; it came to %s, and would have come to %s "
            "had all been well from the start",
            state, up_account_disposition(now), up_account_disposition(wanted));
        return 1;
}

static uint64_t compare_message(const struct pair *pair, guint sick_index, guint well_index)
{
        const struct up_account_message *sick = up_account_message_at(pair->healed, sick_index);
        const struct up_account_message *well = up_account_message_at(pair->healthy, well_index);
        uint64_t judged = 0;

        if (sick->submit->number != well->submit->number || sick->first_command != UP_NOWHERE ||
            well->first_command != UP_NOWHERE ||
            sick->submit->as.submit.transport_scan != well->submit->as.submit.transport_scan ||
            sick->submit->as.submit.store_scan != well->submit->as.submit.store_scan)
                return 0;
        for (guint i = sick->first_recipient; i != UP_NOWHERE;
             i = up_account_recipient_at(pair->healed, i)->next) {
                guint other = up_account_find_recipient(
                    pair->healthy, well->id, up_account_recipient_at(pair->healed, i)->number);
                if (other != UP_NOWHERE)
                        judged += compare_recipient(pair, i, other);
        }
        return judged;
}

/* By the world's own limit: who knows what would have become of them? */
static bool was_cut_off(const struct up_account *account)
{
        return account->end != UP_NOWHERE &&
               up_ledger_at(account->ledger, account->end)->as.ending == UP_ENDING_STEPS;
}

uint64_t up_compare_healed(const struct up_accounts *accounts, GPtrArray *findings)
{
        struct pair pair = { accounts->healed, accounts->healthy, .findings = findings };
        uint64_t judged = 0;

        if (pair.healed == NULL || pair.healthy == NULL || pair.healed->script_end == UP_NOWHERE ||
            was_cut_off(pair.healed))
                return 0;
        g_autoptr(GArray) sick = submissions(pair.healed);
        g_autoptr(GArray) well = submissions(pair.healthy);
        pair.free_ms = workers_free_ms(pair.healed);
        pair.turns_ms = TURN_MS * (int64_t)pair.healed->recipients->len;
        for (guint i = 0; i < MIN(sick->len, well->len); i++) {
                guint one = g_array_index(sick, guint, i), other = g_array_index(well, guint, i);
                if (one != UP_NOWHERE && other != UP_NOWHERE)
                        judged += compare_message(&pair, one, other);
        }
        return judged;
}

/* --- nondeterministic ------------------------------------------------------------------------- */

uint64_t up_compare_again(const struct up_accounts *accounts, GPtrArray *findings)
{
        if (accounts->repeat == NULL)
                return 0;
        const struct up_ledger *one = accounts->baseline->ledger;
        const struct up_ledger *other = accounts->repeat->ledger;
        guint count = MIN(one->entries->len, other->entries->len), at = 0;

        while (at < count && up_entry_is_same(up_ledger_at(one, at), up_ledger_at(other, at)))
                at++;
        if (at == count && one->entries->len == other->entries->len)
                return 1;
        const char *kind =
            at < one->entries->len ? up_entry_kind_names[up_ledger_at(one, at)->kind] : "end";
        g_autofree char *signature = g_strdup_printf("first difference: %s", kind);
        g_autofree char *detail =
            g_strdup_printf("the runs have %u and %u entries, and differ first in entry %u (%s)",
                one->entries->len, other->entries->len, at, kind);
        struct up_finding *finding = up_finding_new(UP_CLASS_NONDETERMINISTIC, signature, detail);
        finding->shown_at = at < one->entries->len ? at : G_MAXUINT;
        g_ptr_array_add(findings, finding);
        return 1;
}

/* --- metamorphic ------------------------------------------------------------------------------ */

struct cursor {
        const struct up_account *account;
        guint at; /* the next change */
};

/* The next change that brought a disposition; NULL: no more. */
static const struct up_account_change *next_disposition(struct cursor *cursor)
{
        while (cursor->at < cursor->account->changes->len) {
                const struct up_account_change *change =
                    up_account_change_at(cursor->account, cursor->at++);
                if (change->view->disposition != UP_DISPOSITION_NONE)
                        return change;
        }
        return NULL;
}

static bool same_disposition(const struct up_account *one_account,
    const struct up_account_change *one, const struct up_account *other_account,
    const struct up_account_change *other)
{
        const struct up_account_recipient *a, *b;

        if (one == NULL || other == NULL)
                return one == other;
        a = up_account_recipient_at(one_account, one->recipient);
        b = up_account_recipient_at(other_account, other->recipient);
        return a->message == b->message && a->number == b->number &&
               one->view->disposition == other->view->disposition &&
               up_ledger_at(one_account->ledger, one->entry)->at_ms ==
                   up_ledger_at(other_account->ledger, other->entry)->at_ms;
}

/* Who waits on the monotonic clock does not care where the hands of the other one are. */
uint64_t up_compare_steady(const struct up_accounts *accounts, GPtrArray *findings)
{
        struct cursor jumping = { accounts->baseline, 0 }, steady = { accounts->no_clock_jumps, 0 };
        const struct up_account_change *one, *other;
        uint64_t judged = 0;

        if (steady.account == NULL)
                return 0;
        do {
                one = next_disposition(&jumping);
                other = next_disposition(&steady);
                judged += one != NULL || other != NULL;
        } while (one != NULL && same_disposition(jumping.account, one, steady.account, other));
        if (one == NULL && other == NULL)
                return judged;
        const struct up_account *account = one != NULL ? jumping.account : steady.account;
        const struct up_account_change *shown = one != NULL ? one : other;
        up_account_find(account, findings, UP_CLASS_METAMORPHIC,
            up_account_recipient_at(account, shown->recipient)->message, shown->recipient,
            one != NULL ? one->entry : UP_NOWHERE, "the wall clock decides",
            "it came to %s %s; without jumps of the wall clock that is otherwise, or at another "
            "time",
            up_account_disposition(shown->view->disposition),
            one != NULL ? "when the clock jumped" : "only when it did not");
        return judged;
}
