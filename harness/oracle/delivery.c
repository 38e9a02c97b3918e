/*
 * delivery - who got what, how often, and might it be given to them?
 *
 * All of this is safety: one entry shows it, and nothing that comes later mends it.
 *
 * A transaction is *ambiguous* (RFC 1047) when the pipeline cannot know how it ended: the reply to
 * the dot was lost, the power went out before the answer was taken in, or it came after the
 * time-out. A transmission after an ambiguous one is legal; one after an acceptance that the
 * pipeline was told in time is a duplicate.
 */
#include "oracle/themes.h"

#include <string.h>

/* What a SEND was for: the recipient at a place of it; UP_NOWHERE: unknown. */
static guint recipient_of(const struct up_account *account, const struct up_entry *send, unsigned i)
{
        return up_account_find_recipient(account, send->message, send->as.send.recipients[i]);
}

static enum up_outcome outcome_of(
    const struct up_entry *send, const struct up_entry *sent, unsigned index)
{
        const struct up_send_answer answer = { .mail = sent->as.send.mail,
                .rcpt = sent->as.send.rcpt,
                .recipients = send->as.send.count,
                .data = sent->as.send.data,
                .dot = sent->as.send.dot };

        return up_send_outcome(&answer, index);
}

static const char *state_of(const struct up_account_change *change)
{
        return change->view->state != NULL ? change->view->state : "state not known";
}

/* --- lost ------------------------------------------------------------------------------------- */

/* Is there a view of that recipient when the call ends that accepted it? Two of one address may
 * be one to the pipeline. */
static bool is_known(const struct up_account *account, const struct up_account_message *message,
    const char *address, unsigned number)
{
        guint index = up_account_find_recipient(account, message->id, number);

        if (index == UP_NOWHERE)
                for (guint i = message->first_recipient; i != UP_NOWHERE && index == UP_NOWHERE;
                     i = up_account_recipient_at(account, i)->next)
                        if (g_strcmp0(up_account_recipient_at(account, i)->to, address) == 0)
                                index = i;
        if (index == UP_NOWHERE)
                return false;
        guint first = up_account_recipient_at(account, index)->first_change;
        return first != UP_NOWHERE &&
               up_account_change_at(account, first)->step <= message->born_step;
}

static uint64_t judge_acceptance(const struct up_account *account, GPtrArray *findings, guint at)
{
        const struct up_entry *entry = up_ledger_at(account->ledger, at);
        guint index = account->subjects[at];
        unsigned count = g_strv_length((char **)(gpointer)entry->as.submit.to), unknown = 0;

        if (index == UP_NOWHERE) {
                up_account_find(account, findings, UP_CLASS_LOST,
                    up_account_find_message(account, entry->message), UP_NOWHERE, at,
                    "accepted under an id that is none",
                    "message %u was accepted under the id of another, or under 0", entry->number);
                return count;
        }
        const struct up_account_message *message = up_account_message_at(account, index);
        const struct up_account_step *step = up_account_step_at(account, message->born_step);
        if (!step->whole)
                return 0;
        for (unsigned i = 0; i < count; i++)
                if (!is_known(account, message, entry->as.submit.to[i], i))
                        unknown++;
        if (unknown > 0)
                up_account_find(account, findings, UP_CLASS_LOST, index, UP_NOWHERE, step->end - 1,
                    unknown == count ? "accepted and not known" : "a recipient is not known",
                    "it was accepted, and of its %u recipients %u are nowhere", count, unknown);
        return count;
}

/* By recipient: the first answer after which it may have been delivered; UP_NOWHERE. */
static guint *first_handovers(const struct up_account *account)
{
        guint *handed = g_new(guint, account->recipients->len + 1);

        memset(handed, 0xff, (account->recipients->len + 1) * sizeof(guint));
        for (guint at = 0; at < account->ledger->entries->len; at++) {
                const struct up_entry *sent = up_ledger_at(account->ledger, at);
                if (sent->kind != UP_ENTRY_SENT || account->subjects[at] == UP_NOWHERE)
                        continue;
                const struct up_entry *send = up_ledger_at(
                    account->ledger, up_account_request_at(account, account->subjects[at])->asked);
                for (unsigned i = 0; i < send->as.send.count; i++) {
                        enum up_outcome outcome = outcome_of(send, sent, i);
                        guint who = recipient_of(account, send, i);
                        if (who != UP_NOWHERE && handed[who] == UP_NOWHERE &&
                            (outcome == UP_OUTCOME_DELIVERED || outcome == UP_OUTCOME_UNKNOWN))
                                handed[who] = at;
                }
        }
        return handed;
}

static bool was_deleted(const struct up_account *account, const struct up_account_message *message)
{
        for (guint i = message->first_command; i != UP_NOWHERE;) {
                const struct up_account_command *command =
                    &g_array_index(account->commands, struct up_account_command, i);
                if (up_ledger_at(account->ledger, command->entry)->as.command.command ==
                    UP_COMMAND_DELETE)
                        return true;
                i = command->next;
        }
        return false;
}

/*
 * A disposition that hides a loss: what is wrong with it; NULL: nothing. Nobody can be told of a
 * message from the null sender or with NOTIFY=NEVER, so that one may be dropped when it has failed.
 */
static const char *false_disposition(
    const struct up_account *account, const struct up_account_change *change, guint handed)
{
        const struct up_account_message *message = up_account_message_at(
            account, up_account_recipient_at(account, change->recipient)->message);
        bool silent = message->parent != 0 || message->from == NULL || *message->from == '\0' ||
                      (message->submit != NULL && !message->submit->as.submit.notify);

        switch (change->view->disposition) {
        case UP_DISPOSITION_DELIVERED:
                return handed < change->entry ? NULL : "delivered, and never handed over";
        case UP_DISPOSITION_DISCARDED:
                return silent || message->maybe_infected || was_deleted(account, message)
                           ? NULL
                           : "discarded, and neither infected nor deleted";
        case UP_DISPOSITION_ABANDONED:
                return silent ? NULL : "abandoned, and no notice";
        default:
                return NULL;
        }
}

/* What became of it between two views; NULL: nothing that was lost. The caller owns the result. */
static char *loss(const struct up_account *account, const struct up_account_change *before,
    const struct up_account_change *after, guint handed)
{
        enum up_disposition was = before != NULL ? before->view->disposition : UP_DISPOSITION_NONE;
        enum up_disposition is = after->view->disposition;
        const char *wrong;

        if (after->gone)
                return g_strdup_printf(
                    "gone: %s", before != NULL ? state_of(before) : "before it was seen");
        if (was == is)
                return NULL;
        if (was != UP_DISPOSITION_NONE && is == UP_DISPOSITION_NONE)
                return g_strdup_printf("taken back: %s", up_account_disposition(was));
        if (was != UP_DISPOSITION_NONE)
                return g_strdup_printf("two dispositions: %s, then %s", up_account_disposition(was),
                    up_account_disposition(is));
        wrong = false_disposition(account, after, handed);
        return g_strdup(wrong);
}

uint64_t up_judge_lost(const struct up_account *account, GPtrArray *findings)
{
        g_autofree guint *handed = first_handovers(account);
        g_autofree guint *before = g_new(guint, account->recipients->len + 1);
        uint64_t judged = 0;

        memset(before, 0xff, (account->recipients->len + 1) * sizeof(guint));
        for (guint at = 0; at < account->ledger->entries->len; at++) {
                const struct up_entry *entry = up_ledger_at(account->ledger, at);
                if (entry->kind == UP_ENTRY_SUBMIT &&
                    entry->as.submit.receipt == UP_RECEIPT_ACCEPTED)
                        judged += judge_acceptance(account, findings, at);
        }
        for (guint i = 0; i < account->changes->len; i++) {
                const struct up_account_change *change = up_account_change_at(account, i);
                guint who = change->recipient, previous = before[who];
                guint message = up_account_recipient_at(account, who)->message;

                before[who] = i;
                if (!up_account_is_promised(up_account_message_at(account, message)))
                        continue;
                g_autofree char *what = loss(account,
                    previous != UP_NOWHERE ? up_account_change_at(account, previous) : NULL, change,
                    handed[who]);
                judged++;
                if (what != NULL)
                        up_account_find(account, findings, UP_CLASS_LOST, message, who,
                            change->entry, what, "%s; its state is %s", what, state_of(change));
        }
        return judged;
}

/* --- duplicate -------------------------------------------------------------------------------- */

/* Had the pipeline given it up when the answer came? One that does not tell its time-outs shows
 * that it did by what it says of the recipient in between. @change is what holds after the SEND. */
static bool was_given_up(const struct up_account *account, const struct up_account_request *request,
    const struct up_account_change *change)
{
        if (change == NULL || request->asked_step == request->answered_step)
                return false;
        if ((account->ledger->capabilities & UP_CAN_OWNER) != 0)
                return change->view->owner == UP_OWNER_WORKER &&
                       change->view->owner_ms <=
                           up_ledger_at(account->ledger, request->answered)->at_ms;
        return change->next != UP_NOWHERE &&
               up_account_change_at(account, change->next)->step < request->answered_step;
}

struct delivered {
        guint cursor; /* the change that held when the latest transaction was opened */
        guint clean;  /* the answer that said accepted, in time; UP_NOWHERE */
        bool found;
};

static const struct up_account_change *holds_at(
    const struct up_account *account, struct delivered *delivered, guint recipient, guint step)
{
        guint index = delivered->cursor != UP_NOWHERE
                          ? delivered->cursor
                          : up_account_recipient_at(account, recipient)->first_change;

        if (index == UP_NOWHERE || up_account_change_at(account, index)->step > step)
                return NULL;
        for (guint next = index; next != UP_NOWHERE;
             next = up_account_change_at(account, next)->next) {
                if (up_account_change_at(account, next)->step > step)
                        break;
                index = next;
        }
        delivered->cursor = index;
        return up_account_change_at(account, index);
}

static void judge_handover(const struct up_account *account, GPtrArray *findings,
    const struct up_account_request *request, guint recipient, struct delivered *delivered)
{
        const struct up_account_change *change =
            holds_at(account, delivered, recipient, request->asked_step);

        if (delivered->clean == UP_NOWHERE) {
                if (!request->crashed && !was_given_up(account, request, change))
                        delivered->clean = request->answered;
                return;
        }
        if (delivered->found)
                return;
        delivered->found = true;
        const char *state = change != NULL ? state_of(change) : "state not known";
        g_autofree char *signature = g_strdup_printf("handed over again: %s", state);
        g_autofree char *first =
            up_ledger_time(up_ledger_at(account->ledger, delivered->clean)->at_ms);
        up_account_find(account, findings, UP_CLASS_DUPLICATE,
            up_account_recipient_at(account, recipient)->message, recipient, request->answered,
            signature, "the next hop accepted it at %s beyond doubt, and it was handed over again",
            first);
}

/* Delivered, then not, then delivered again: by the pipeline's own words. */
static void judge_words(const struct up_account *account, GPtrArray *findings, guint recipient)
{
        bool delivered = false, since = false;

        for (guint i = up_account_recipient_at(account, recipient)->first_change; i != UP_NOWHERE;
             i = up_account_change_at(account, i)->next) {
                const struct up_account_change *change = up_account_change_at(account, i);
                bool is = change->view->disposition == UP_DISPOSITION_DELIVERED;
                if (is && delivered && since) {
                        up_account_find(account, findings, UP_CLASS_DUPLICATE,
                            up_account_recipient_at(account, recipient)->message, recipient,
                            change->entry, "delivered a second time",
                            "it was delivered, then it was not, then it was delivered again");
                        return;
                }
                since = delivered && !is;
                delivered = delivered || is;
        }
}

uint64_t up_judge_duplicate(const struct up_account *account, GPtrArray *findings)
{
        g_autofree struct delivered *delivered =
            g_new0(struct delivered, account->recipients->len + 1);
        uint64_t judged = 0;

        for (guint i = 0; i < account->recipients->len; i++)
                delivered[i].cursor = delivered[i].clean = UP_NOWHERE;
        for (guint i = 0; i < account->requests->len; i++) {
                const struct up_account_request *request = up_account_request_at(account, i);
                const struct up_entry *send = up_ledger_at(account->ledger, request->asked);
                if (send->kind != UP_ENTRY_SEND || request->answered == UP_NOWHERE)
                        continue;
                for (unsigned j = 0; j < send->as.send.count; j++) {
                        guint who = recipient_of(account, send, j);
                        if (who == UP_NOWHERE ||
                            outcome_of(send, up_ledger_at(account->ledger, request->answered), j) !=
                                UP_OUTCOME_DELIVERED)
                                continue;
                        judged++;
                        judge_handover(account, findings, request, who, &delivered[who]);
                }
        }
        for (guint i = 0; i < account->recipients->len; i++)
                judge_words(account, findings, i);
        return judged;
}

/* --- delivered-infected ----------------------------------------------------------------------- */

/* Without a submission it is a notice, and whoever has it scanned wants to know. */
static bool wants_transport_scan(const struct up_account_message *message)
{
        return message->submit == NULL || message->submit->as.submit.transport_scan;
}

uint64_t up_judge_delivered_infected(const struct up_account *account, GPtrArray *findings)
{
        g_autofree bool *found = g_new0(bool, account->messages->len + 1);
        uint64_t judged = 0;

        for (guint i = 0; i < account->messages->len; i++)
                for (size_t level = 0; level < 2; level++)
                        judged += up_account_message_at(account, i)->infected[level] != UP_NOWHERE;
        for (guint at = 0; judged > 0 && at < account->ledger->entries->len; at++) {
                enum up_entry_kind kind = up_ledger_at(account->ledger, at)->kind;
                guint index = account->subjects[at];

                if ((kind != UP_ENTRY_SEND && kind != UP_ENTRY_OPEN) || index == UP_NOWHERE)
                        continue;
                if (kind == UP_ENTRY_SEND)
                        index = up_account_request_at(account, index)->message;
                if (index == UP_NOWHERE || found[index])
                        continue;
                const struct up_account_message *message = up_account_message_at(account, index);
                if (kind == UP_ENTRY_SEND && wants_transport_scan(message) &&
                    message->infected[UP_LEVEL_TRANSPORT] < at) {
                        found[index] = true;
                        up_account_find(account, findings, UP_CLASS_DELIVERED_INFECTED, index,
                            UP_NOWHERE, at, "sent after the verdict",
                            "the scanner had called it infected, and it was handed over");
                } else if (kind == UP_ENTRY_OPEN && message->infected[UP_LEVEL_STORE] < at) {
                        found[index] = true;
                        up_account_find(account, findings, UP_CLASS_DELIVERED_INFECTED, index,
                            UP_NOWHERE, at, "opened after the verdict",
                            "the store's scan had called it infected, and it may be read");
                }
        }
        return judged;
}

/* --- delivered-unscanned ---------------------------------------------------------------------- */

/* What is wrong with handing it over, or with opening it; NULL: nothing. */
static const char *unscanned(
    const struct up_account *account, const struct up_account_message *message, guint at)
{
        const struct up_entry *entry = up_ledger_at(account->ledger, at);
        guint asked = message->last_scan[UP_LEVEL_TRANSPORT];

        if (entry->kind == UP_ENTRY_OPEN)
                return message->submit->as.submit.store_scan && message->clean[UP_LEVEL_STORE] > at
                           ? "opened without a clean verdict"
                           : NULL;
        if (message->submit->as.submit.transport_scan && message->clean[UP_LEVEL_TRANSPORT] > at)
                return asked == UP_NOWHERE || up_account_request_at(account, asked)->asked > at
                           ? "sent and never scanned"
                           : "sent without a clean verdict";
        if (message->submit->as.submit.store_scan && !entry->as.send.gated)
                return "deposited ungated";
        return NULL;
}

/* Policy may say that what cannot be scanned is delivered; whether it can, we cannot know. */
uint64_t up_judge_delivered_unscanned(const struct up_account *account, GPtrArray *findings)
{
        g_autofree bool *found = g_new0(bool, account->messages->len + 1);
        uint64_t judged = 0;

        for (guint at = 0; at < account->ledger->entries->len; at++) {
                enum up_entry_kind kind = up_ledger_at(account->ledger, at)->kind;
                guint index = account->subjects[at];

                if ((kind != UP_ENTRY_SEND && kind != UP_ENTRY_OPEN) || index == UP_NOWHERE)
                        continue;
                if (kind == UP_ENTRY_SEND)
                        index = up_account_request_at(account, index)->message;
                if (index == UP_NOWHERE)
                        continue;
                const struct up_account_message *message = up_account_message_at(account, index);
                if (message->submit == NULL || message->submit->as.submit.deliver_unscanned ||
                    !(message->submit->as.submit.transport_scan ||
                        message->submit->as.submit.store_scan))
                        continue;
                judged++;
                const char *what = unscanned(account, message, at);
                if (what != NULL && !found[index]) {
                        found[index] = true;
                        up_account_find(account, findings, UP_CLASS_DELIVERED_UNSCANNED, index,
                            UP_NOWHERE, at, what, "policy wants it scanned; it was %s", what);
                }
        }
        return judged;
}

/* --- stray ------------------------------------------------------------------------------------ */

/* The place of an address in a submission is most likely its own. */
static bool is_among(const char *address, const char *const *list, size_t length, size_t place)
{
        return (place < length && strcmp(address, list[place]) == 0) ||
               g_strv_contains(list, address);
}

static const char *stray_notice(const struct up_account *account,
    const struct up_account_message *message, const struct up_entry *send)
{
        const struct up_account_message *parent;

        if (message->parent_message == UP_NOWHERE)
                return "a notice on a message that never was";
        parent = up_account_message_at(account, message->parent_message);
        for (unsigned i = 0; parent->from != NULL && i < send->as.send.count; i++)
                if (strcmp(send->as.send.to[i], parent->from) != 0)
                        return "a notice to somebody who is not the sender";
        return NULL;
}

/* What is wrong with sending that to those; NULL: nothing. */
static const char *stray_send(const struct up_account *account,
    const struct up_account_request *request, const size_t *addresses)
{
        const struct up_entry *send = up_ledger_at(account->ledger, request->asked);
        const struct up_account_message *message;

        if (request->message == UP_NOWHERE)
                return "a message that nobody handed in";
        message = up_account_message_at(account, request->message);
        if (message->parent != 0)
                return stray_notice(account, message, send);
        if (message->submit == NULL)
                return "a message that nobody handed in";
        for (unsigned i = 0; i < send->as.send.count; i++)
                if (!is_among(send->as.send.to[i], message->submit->as.submit.to,
                        addresses[request->message], send->as.send.recipients[i]))
                        return "to somebody who is not a recipient";
        return NULL;
}

/* Infected mail is most likely forged: a report on it goes to somebody who never wrote it. */
static const char *unwanted_notice(
    const struct up_account *account, const struct up_account_message *notice)
{
        const struct up_account_message *parent;

        if (notice->parent == 0 || notice->parent_message == UP_NOWHERE)
                return NULL;
        parent = up_account_message_at(account, notice->parent_message);
        for (size_t level = 0; level < 2; level++)
                if (parent->infected[level] < notice->born)
                        return "backscatter";
        if (parent->submit != NULL && !parent->submit->as.submit.notify)
                return "a notice in spite of NOTIFY=NEVER";
        return NULL;
}

uint64_t up_judge_stray(const struct up_account *account, GPtrArray *findings)
{
        g_autofree size_t *addresses = g_new0(size_t, account->messages->len + 1);
        uint64_t judged = 0;

        for (guint i = 0; i < account->messages->len; i++) {
                const struct up_account_message *message = up_account_message_at(account, i);
                const char *what = unwanted_notice(account, message);
                if (message->submit != NULL)
                        addresses[i] =
                            g_strv_length((char **)(gpointer)message->submit->as.submit.to);
                judged += message->parent != 0;
                if (what != NULL)
                        up_account_find(account, findings, UP_CLASS_STRAY, i, UP_NOWHERE,
                            message->born, what, "nobody wants it: %s", what);
        }
        for (guint i = 0; i < account->requests->len; i++) {
                const struct up_account_request *request = up_account_request_at(account, i);
                if (up_ledger_at(account->ledger, request->asked)->kind != UP_ENTRY_SEND)
                        continue;
                judged++;
                const char *what = stray_send(account, request, addresses);
                if (what != NULL)
                        up_account_find(account, findings, UP_CLASS_STRAY, request->message,
                            UP_NOWHERE, request->asked, what, "what was sent is %s", what);
        }
        return judged;
}
