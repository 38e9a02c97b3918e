/*
 * delivery - what was delivered to which recipient, how often, and was it allowed?
 *
 * All of this is safety: one entry shows it, and nothing later repairs it.
 *
 * A transaction is *ambiguous* (RFC 1047) if the pipeline cannot know how it ended: the reply to
 * the dot was lost, the process died before it took the answer in, or the answer came after the
 * time-out. A transmission after an ambiguous one is legal; one after an acceptance that the
 * pipeline received in time is a duplicate.
 */
#include "oracle/oracles.h"

#include <string.h>

/* --- lost ------------------------------------------------------------------------------------- */

/* Has that recipient a view when the step ends that accepted it? Two recipients with one address
 * may be one to the pipeline. */
static bool is_listed(const struct up_ledger_index *index, const struct up_index_message *message,
    const char *address, unsigned number)
{
        const struct up_index_recipient *recipient =
            up_index_find_recipient(index, message->id, number);

        if (recipient == NULL) {
                recipient = message->first_recipient;
                while (recipient != NULL && g_strcmp0(recipient->to, address) != 0)
                        recipient = recipient->next;
        }
        return recipient != NULL && recipient->first_change != NULL &&
               recipient->first_change->step <= message->born_step;
}

static uint64_t judge_acceptance(const struct up_ledger_index *index, GPtrArray *findings, guint at)
{
        const struct up_entry *entry = up_index_entry(index, at);
        const struct up_index_message *message = index->subjects[at].message;
        unsigned count = g_strv_length((char **)(gpointer)entry->as.submit.to), missing = 0;

        if (message == NULL) {
                up_report(index, findings, UP_CLASS_LOST,
                    up_index_find_message(index, entry->message), NULL, at,
                    "accepted with an invalid id",
                    "message %u was accepted with the id of another message, or with id 0",
                    entry->number);
                return count;
        }
        const struct up_index_step *step = up_index_step(index, message->born_step);
        if (!step->whole)
                return 0;
        for (unsigned i = 0; i < count; i++)
                missing += !is_listed(index, message, entry->as.submit.to[i], i);
        if (missing > 0)
                up_report(index, findings, UP_CLASS_LOST, message, NULL, step->end - 1,
                    missing == count ? "accepted and not listed" : "a recipient is not listed",
                    "it was accepted, and %u of its %u recipients are not listed", missing, count);
        return count;
}

/* By recipient: the first answer that accepted it; UP_NOWHERE. After a lost reply to the dot it may
 * have been delivered, and may not. */
static guint *first_acceptances(const struct up_ledger_index *index)
{
        guint *first = g_new(guint, index->recipients->len + 1);

        memset(first, 0xff, (index->recipients->len + 1) * sizeof(guint));
        for (guint at = 0; at < index->ledger->entries->len; at++) {
                const struct up_entry *sent = up_index_entry(index, at);
                const struct up_index_request *request = index->subjects[at].request;

                if (sent->kind != UP_ENTRY_SENT || request == NULL)
                        continue;
                for (unsigned i = 0; i < request->asked->as.send.count; i++) {
                        const struct up_index_recipient *recipient =
                            up_index_send_recipient(index, request->asked, i);
                        if (recipient != NULL && first[recipient->place] == UP_NOWHERE &&
                            up_outcome_of(request->asked, sent, i) == UP_OUTCOME_DELIVERED)
                                first[recipient->place] = at;
                }
        }
        return first;
}

static bool was_deleted(const struct up_index_message *message)
{
        const struct up_index_command *command = message->first_command;

        while (command != NULL && command->command != UP_COMMAND_DELETE)
                command = command->next;
        return command != NULL;
}

/* The loss that a disposition hides; NULL: none. A message from the null sender or with
 * NOTIFY=NEVER cannot be reported, so it may be dropped after a failure. */
static const char *false_disposition(const struct up_index_change *change, guint accepted)
{
        const struct up_index_message *message = change->recipient->message;
        bool unreportable = message->parent_id != 0 || message->from == NULL ||
                            *message->from == '\0' ||
                            (message->submit != NULL && !message->submit->as.submit.notify);

        switch (change->view->disposition) {
        case UP_DISPOSITION_DELIVERED:
                return accepted < change->entry ? NULL : "delivered, but never accepted";
        case UP_DISPOSITION_DISCARDED:
                return unreportable || message->maybe_infected || was_deleted(message)
                           ? NULL
                           : "discarded, but neither infected nor deleted";
        case UP_DISPOSITION_ABANDONED:
                return unreportable ? NULL : "abandoned, but not a notice";
        default:
                return NULL;
        }
}

/* The loss between two changes; NULL: none. The caller owns the result. */
static char *describe_loss(
    const struct up_index_change *before, const struct up_index_change *after, guint accepted)
{
        enum up_disposition was = before != NULL ? before->view->disposition : UP_DISPOSITION_NONE;
        enum up_disposition is = after->view->disposition;

        if (after->gone)
                return g_strdup_printf("gone: %s", up_state_of(before));
        if (was == is)
                return NULL;
        if (was == UP_DISPOSITION_NONE)
                return g_strdup(false_disposition(after, accepted));
        if (is == UP_DISPOSITION_NONE)
                return g_strdup_printf("taken back: %s", up_disposition_of(before));
        return g_strdup_printf(
            "two dispositions: %s, then %s", up_disposition_of(before), up_disposition_of(after));
}

uint64_t up_judge_lost(const struct up_ledger_index *index, GPtrArray *findings)
{
        guint count = index->recipients->len;
        g_autofree guint *accepted = first_acceptances(index);
        g_autofree const struct up_index_change **last =
            g_new0(const struct up_index_change *, count + 1);
        uint64_t judged = 0;

        for (guint at = 0; at < index->ledger->entries->len; at++) {
                const struct up_entry *entry = up_index_entry(index, at);
                if (entry->kind == UP_ENTRY_SUBMIT &&
                    entry->as.submit.receipt == UP_RECEIPT_ACCEPTED)
                        judged += judge_acceptance(index, findings, at);
        }
        for (guint i = 0; i < index->changes->len; i++) {
                const struct up_index_change *change = up_index_change(index, i);
                const struct up_index_recipient *recipient = change->recipient;
                const struct up_index_change *before = last[recipient->place];

                last[recipient->place] = change;
                if (!up_is_promised(recipient->message))
                        continue;
                g_autofree char *loss = describe_loss(before, change, accepted[recipient->place]);
                judged++;
                if (loss != NULL)
                        up_report(index, findings, UP_CLASS_LOST, recipient->message, recipient,
                            change->entry, loss, "%s; its state is %s", loss, up_state_of(change));
        }
        return judged;
}

/* --- duplicate -------------------------------------------------------------------------------- */

/* Had the pipeline given the transaction up when the answer came? One that does not report
 * time-outs shows it by a change of the recipient in between. @change is the one after the SEND. */
static bool was_given_up(const struct up_ledger_index *index,
    const struct up_index_request *request, const struct up_index_change *change)
{
        if (change == NULL || request->asked_step == request->answered_step)
                return false;
        if ((index->ledger->capabilities & UP_CAN_OWNER) != 0)
                return change->view->owner == UP_OWNER_WORKER &&
                       change->view->owner_ms <= up_index_entry(index, request->answered_at)->at_ms;
        return change->next != NULL && change->next->step < request->answered_step;
}

struct delivered {
        const struct up_index_change *change; /* when the latest transaction began; NULL */
        guint accepted;                       /* the answer that accepted it, in time; UP_NOWHERE */
        bool reported;
};

/* Moves on to the last change that is not after the step. */
static const struct up_index_change *change_at_step(
    struct delivered *delivered, const struct up_index_recipient *recipient, guint step)
{
        if (delivered->change == NULL && recipient->first_change != NULL &&
            recipient->first_change->step <= step)
                delivered->change = recipient->first_change;
        while (delivered->change != NULL && delivered->change->next != NULL &&
               delivered->change->next->step <= step)
                delivered->change = delivered->change->next;
        return delivered->change;
}

static void judge_transmission(const struct up_ledger_index *index, GPtrArray *findings,
    const struct up_index_request *request, const struct up_index_recipient *recipient,
    struct delivered *delivered)
{
        const struct up_index_change *change =
            change_at_step(delivered, recipient, request->asked_step);

        if (delivered->accepted == UP_NOWHERE) {
                if (!request->crashed && !was_given_up(index, request, change))
                        delivered->accepted = request->answered_at;
                return;
        }
        if (delivered->reported || findings == NULL)
                return;
        delivered->reported = true;
        g_autofree char *signature = g_strdup_printf("transmitted again: %s", up_state_of(change));
        g_autofree char *first = up_ledger_time(up_index_entry(index, delivered->accepted)->at_ms);
        up_report(index, findings, UP_CLASS_DUPLICATE, recipient->message, recipient,
            request->answered_at, signature,
            "the next hop had accepted it at %s beyond doubt, and it was transmitted again", first);
}

/* Delivered, then not, then delivered again: by the pipeline's own views. */
static void judge_views(const struct up_ledger_index *index, GPtrArray *findings,
    const struct up_index_recipient *recipient)
{
        bool delivered = false, since = false;

        for (const struct up_index_change *change = recipient->first_change; change != NULL;
             change = change->next) {
                bool is = change->view->disposition == UP_DISPOSITION_DELIVERED;
                if (is && delivered && since) {
                        up_report(index, findings, UP_CLASS_DUPLICATE, recipient->message,
                            recipient, change->entry, "delivered a second time",
                            "it was delivered, then it was not, then it was delivered again");
                        return;
                }
                since = delivered && !is;
                delivered = delivered || is;
        }
}

/* Follows all accepted transmissions, and reports duplicates if @findings is not NULL. By
 * recipient; the caller owns the result. */
static struct delivered *follow_transmissions(
    const struct up_ledger_index *index, GPtrArray *findings, uint64_t *judged)
{
        guint count = index->recipients->len;
        struct delivered *delivered = g_new0(struct delivered, count + 1);

        for (guint i = 0; i < count; i++)
                delivered[i].accepted = UP_NOWHERE;
        for (guint i = 0; i < index->requests->len; i++) {
                const struct up_index_request *request = up_index_request(index, i);
                const struct up_entry *send = request->asked;

                if (send->kind != UP_ENTRY_SEND || request->answered_at == UP_NOWHERE)
                        continue;
                const struct up_entry *sent = up_index_entry(index, request->answered_at);
                for (unsigned j = 0; j < send->as.send.count; j++) {
                        const struct up_index_recipient *recipient =
                            up_index_send_recipient(index, send, j);
                        if (recipient == NULL ||
                            up_outcome_of(send, sent, j) != UP_OUTCOME_DELIVERED)
                                continue;
                        (*judged)++;
                        judge_transmission(
                            index, findings, request, recipient, &delivered[recipient->place]);
                }
        }
        return delivered;
}

uint64_t up_judge_duplicate(const struct up_ledger_index *index, GPtrArray *findings)
{
        uint64_t judged = 0;

        g_free(follow_transmissions(index, findings, &judged));
        for (guint i = 0; i < index->recipients->len; i++)
                judge_views(index, findings, up_index_recipient(index, i));
        return judged;
}

/* --- against-policy/outcome ------------------------------------------------------------------- */

/* The first change that brought a disposition; NULL: none. */
static const struct up_index_change *end_of(const struct up_index_recipient *recipient)
{
        const struct up_index_change *change = recipient->first_change;

        while (change != NULL && change->view->disposition == UP_DISPOSITION_NONE)
                change = change->next;
        return change;
}

uint64_t up_judge_outcome(const struct up_ledger_index *index, GPtrArray *findings)
{
        uint64_t judged = 0;
        g_autofree struct delivered *delivered = follow_transmissions(index, NULL, &judged);

        for (guint i = 0; i < index->recipients->len; i++) {
                const struct up_index_recipient *recipient = up_index_recipient(index, i);
                const struct up_index_change *end = end_of(recipient);

                if (end == NULL || end->view->disposition == UP_DISPOSITION_DELIVERED ||
                    end->entry < delivered[i].accepted)
                        continue;
                g_autofree char *signature =
                    g_strdup_printf("delivered, and %s", up_disposition_of(end));
                up_report(index, findings, UP_CLASS_AGAINST_POLICY, recipient->message, recipient,
                    end->entry, signature,
                    "the next hop had accepted it beyond doubt, and its disposition is %s",
                    up_disposition_of(end));
        }
        return judged;
}

/* --- delivered-infected, delivered-unscanned -------------------------------------------------- */

/* Calls @problem_of for each SEND and OPEN of a known message, and reports what it returns, once
 * per message. Returns how many it judged. */
static uint64_t judge_releases(const struct up_ledger_index *index, GPtrArray *findings,
    enum up_class class,
    bool (*problem_of)(const struct up_index_message *message, const struct up_entry *entry,
        guint at, const char **ret_problem))
{
        g_autofree bool *reported = g_new0(bool, index->messages->len + 1);
        uint64_t judged = 0;

        for (guint at = 0; at < index->ledger->entries->len; at++) {
                const struct up_entry *entry = up_index_entry(index, at);
                const struct up_index_message *message = index->subjects[at].message;
                const char *problem = NULL;

                if ((entry->kind != UP_ENTRY_SEND && entry->kind != UP_ENTRY_OPEN) ||
                    message == NULL || !problem_of(message, entry, at, &problem))
                        continue;
                judged++;
                if (problem == NULL || reported[message->place])
                        continue;
                reported[message->place] = true;
                up_report(index, findings, class, message, NULL, at, problem, "it was %s", problem);
        }
        return judged;
}

/* A notice has no submission; if the pipeline has it scanned, the verdict counts. */
static bool infected_problem(const struct up_index_message *message, const struct up_entry *entry,
    guint at, const char **ret_problem)
{
        if (entry->kind == UP_ENTRY_SEND &&
            (message->submit == NULL || message->policy->transport_scan) &&
            message->infected[UP_LEVEL_TRANSPORT] < at)
                *ret_problem = "sent after the scanner called it infected";
        if (entry->kind == UP_ENTRY_OPEN && message->infected[UP_LEVEL_STORE] < at)
                *ret_problem = "opened after the store's scan called it infected";
        return true;
}

uint64_t up_judge_delivered_infected(const struct up_ledger_index *index, GPtrArray *findings)
{
        uint64_t judged = 0;

        for (guint i = 0; i < index->messages->len; i++)
                for (size_t level = 0; level < G_N_ELEMENTS(up_level_names); level++)
                        judged += up_index_message(index, i)->infected[level] != UP_NOWHERE;
        if (judged > 0)
                judge_releases(index, findings, UP_CLASS_DELIVERED_INFECTED, infected_problem);
        return judged;
}

/* Policy may allow delivery of what cannot be scanned; whether that is so cannot be judged. */
static bool unscanned_problem(const struct up_index_message *message, const struct up_entry *entry,
    guint at, const char **ret_problem)
{
        const struct up_index_request *asked = message->last_scan[UP_LEVEL_TRANSPORT];
        const struct up_policy *policy = message->policy;

        if (message->submit == NULL || policy->unscannable == UP_UNSCANNABLE_DELIVER ||
            !(policy->transport_scan || policy->store_scan))
                return false;
        if (entry->kind == UP_ENTRY_OPEN) {
                if (policy->store_scan && message->clean[UP_LEVEL_STORE] > at)
                        *ret_problem = "opened without a clean verdict";
        } else if (policy->transport_scan && message->clean[UP_LEVEL_TRANSPORT] > at) {
                *ret_problem = asked == NULL || asked->asked_at > at
                                   ? "sent and never scanned"
                                   : "sent without a clean verdict";
        } else if (policy->store_scan && !entry->as.send.gated) {
                *ret_problem = "deposited readable before its scan";
        }
        return true;
}

uint64_t up_judge_delivered_unscanned(const struct up_ledger_index *index, GPtrArray *findings)
{
        return judge_releases(index, findings, UP_CLASS_DELIVERED_UNSCANNED, unscanned_problem);
}

/* --- stray ------------------------------------------------------------------------------------ */

/* The address most likely stands at its own place in the submission. */
static bool is_recipient(
    const struct up_entry *submit, size_t addresses, const char *address, size_t place)
{
        return (place < addresses && strcmp(address, submit->as.submit.to[place]) == 0) ||
               g_strv_contains(submit->as.submit.to, address);
}

/* What is wrong with that transaction; NULL: nothing. */
static const char *send_problem(
    const struct up_index_message *message, const struct up_entry *send, size_t addresses)
{
        if (message != NULL && message->parent_id != 0) {
                if (message->parent == NULL)
                        return "a notice on an unknown message";
                for (unsigned i = 0; message->parent->from != NULL && i < send->as.send.count; i++)
                        if (strcmp(send->as.send.to[i], message->parent->from) != 0)
                                return "a notice to an address other than the sender's";
                return NULL;
        }
        if (message == NULL || message->submit == NULL)
                return "a message that was never submitted";
        for (unsigned i = 0; i < send->as.send.count; i++)
                if (!is_recipient(message->submit, addresses, send->as.send.to[i],
                        send->as.send.recipients[i]))
                        return "a copy to an address that is not a recipient";
        return NULL;
}

/* The sender of infected mail is most likely forged: a report on it goes to an innocent address. */
static const char *notice_problem(const struct up_index_message *notice)
{
        const struct up_index_message *parent = notice->parent;

        if (parent == NULL)
                return NULL;
        for (size_t level = 0; level < G_N_ELEMENTS(up_level_names); level++)
                if (parent->infected[level] < notice->born)
                        return "backscatter";
        if (parent->submit != NULL && !parent->submit->as.submit.notify)
                return "a notice in spite of NOTIFY=NEVER";
        return NULL;
}

uint64_t up_judge_stray(const struct up_ledger_index *index, GPtrArray *findings)
{
        g_autofree size_t *addresses = g_new0(size_t, index->messages->len + 1);
        uint64_t judged = 0;

        for (guint i = 0; i < index->messages->len; i++) {
                const struct up_index_message *message = up_index_message(index, i);
                const char *problem = notice_problem(message);

                if (message->submit != NULL)
                        addresses[i] =
                            g_strv_length((char **)(gpointer)message->submit->as.submit.to);
                judged += message->parent_id != 0;
                if (problem != NULL)
                        up_report(index, findings, UP_CLASS_STRAY, message, NULL, message->born,
                            problem, "the pipeline created %s", problem);
        }
        for (guint i = 0; i < index->requests->len; i++) {
                const struct up_index_request *request = up_index_request(index, i);
                const struct up_index_message *message = request->message;

                if (request->asked->kind != UP_ENTRY_SEND)
                        continue;
                judged++;
                const char *problem = send_problem(
                    message, request->asked, message != NULL ? addresses[message->place] : 0);
                if (problem != NULL)
                        up_report(index, findings, UP_CLASS_STRAY, message, NULL, request->asked_at,
                            problem, "the pipeline sent %s", problem);
        }
        return judged;
}
