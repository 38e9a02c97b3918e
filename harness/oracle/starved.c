/*
 * starved - who could be worked on, and sees others taken first
 *
 * A recipient is eligible from some step on. Each scan or transaction that is begun for one that
 * became eligible later has passed it over. That happens to everybody now and then; more often
 * than UP_STARVED_LEAST plus one start of each message for each recipient of its own it is no
 * accident: messages may take turns, and the recipients of one message as well.
 *
 * To count without looking at all that wait, each start is put into a tree of sums (Fenwick's) by
 * the step at which the one that was started had become eligible. Who became eligible in step n
 * was passed over by all starts above n. A start cannot be above n before n, so nothing that came
 * earlier is counted.
 */
#include "oracle/themes.h"

#include <string.h>

#define UP_STARVED_LEAST 64

struct start {
        guint entry;
        guint since; /* the step at which it had become eligible */
};

struct queue {
        const struct up_account *account;
        GPtrArray *findings;
        uint64_t judged;
        guint step;
        guint *since;    /* by recipient: the step since which it is eligible; UP_NOWHERE */
        guint *current;  /* by recipient: its change */
        guint *sums;     /* of starts, by step + 1 */
        GArray *starts;  /* of struct start */
        GArray *started; /* of guint: recipients that were taken in this step */
};

static void count_start(struct queue *queue, guint since)
{
        for (guint i = since + 1; i <= queue->account->steps->len; i += i & -i)
                queue->sums[i]++;
}

/* Starts of those that became eligible after @since. */
static guint passings(const struct queue *queue, guint since)
{
        guint others = 0;

        for (guint i = since + 1; i > 0; i -= i & -i)
                others += queue->sums[i];
        return queue->starts->len - others;
}

/* Passings that are still an accident. */
static guint most_passings(const struct up_account *account, guint recipient)
{
        guint message = up_account_recipient_at(account, recipient)->message;

        return UP_STARVED_LEAST +
               account->messages->len * up_account_message_at(account, message)->recipients;
}

/* The start that was one too many. */
static guint last_straw(const struct queue *queue, guint since, guint most)
{
        guint count = 0;

        for (guint i = 0; i < queue->starts->len; i++) {
                const struct start *start = &g_array_index(queue->starts, struct start, i);
                if (start->since > since && ++count > most)
                        return start->entry;
        }
        return UP_NOWHERE;
}

static guint born(const struct up_account *account, guint recipient)
{
        return up_account_message_at(account, up_account_recipient_at(account, recipient)->message)
            ->born;
}

static void stop_waiting(struct queue *queue, guint recipient)
{
        guint since = queue->since[recipient], most, times;

        if (since == UP_NOWHERE)
                return;
        queue->since[recipient] = UP_NOWHERE;
        times = passings(queue, since);
        const struct up_account *account = queue->account;
        most = most_passings(account, recipient);
        if (times <= most)
                return;
        const char *state = up_account_change_at(account, queue->current[recipient])->view->state;
        g_autofree char *signature = g_strdup_printf("%s: %s",
            up_evidence_rows[UP_EVIDENCE_STARVED].name, state != NULL ? state : "state not known");
        g_autofree char *since_when = up_ledger_time(up_account_step_at(account, since)->at_ms);
        struct up_finding *finding = up_account_find(account, queue->findings, UP_CLASS_PENDING,
            up_account_recipient_at(account, recipient)->message, recipient,
            last_straw(queue, since, most), signature,
            "it could go on since %s, and was passed over %u times by others that could only later",
            since_when, times);
        finding->evidence = UP_EVIDENCE_STARVED;
        finding->critical_at = born(account, recipient);
        if (since > 0)
                finding->critical_at = up_account_step_at(account, since)->end - 1;
}

static bool is_eligible(const struct up_account_change *change)
{
        return !change->gone && change->view->disposition == UP_DISPOSITION_NONE &&
               change->view->eligible;
}

static void start_waiting(struct queue *queue, guint recipient)
{
        const struct up_account *account = queue->account;

        if (queue->since[recipient] != UP_NOWHERE ||
            !up_account_is_promised(up_account_message_at(
                account, up_account_recipient_at(account, recipient)->message)))
                return;
        queue->since[recipient] = queue->step;
        queue->judged++;
}

/* A recipient is taken; returns since when it had waited, or @earliest if that is earlier. */
static guint take(struct queue *queue, guint recipient, guint earliest)
{
        guint since = queue->since[recipient];

        g_array_append_val(queue->started, recipient);
        stop_waiting(queue, recipient);
        return MIN(since, earliest);
}

static void take_request(struct queue *queue, const struct up_account_request *request)
{
        const struct up_account *account = queue->account;
        const struct up_entry *entry = up_ledger_at(account->ledger, request->asked);
        struct start start = { request->asked, queue->step };

        if (request->message == UP_NOWHERE)
                return;
        if (entry->kind == UP_ENTRY_SCAN) {
                for (guint i = up_account_message_at(account, request->message)->first_recipient;
                     i != UP_NOWHERE; i = up_account_recipient_at(account, i)->next)
                        start.since = take(queue, i, start.since);
        } else {
                for (unsigned i = 0; i < entry->as.send.count; i++) {
                        guint who = up_account_find_recipient(
                            account, entry->message, entry->as.send.recipients[i]);
                        if (who != UP_NOWHERE)
                                start.since = take(queue, who, start.since);
                }
        }
        g_array_append_val(queue->starts, start);
        count_start(queue, start.since);
}

static void take_view(struct queue *queue, const struct up_account_change *change, guint index)
{
        queue->current[change->recipient] = index;
        if (is_eligible(change))
                start_waiting(queue, change->recipient);
        else
                stop_waiting(queue, change->recipient);
}

static void take_step(struct queue *queue)
{
        const struct up_account *account = queue->account;
        const struct up_account_step *step = up_account_step_at(account, queue->step);

        for (guint at = step->begin; at < step->end; at++) {
                enum up_entry_kind kind = up_ledger_at(account->ledger, at)->kind;
                guint subject = account->subjects[at];

                if (subject == UP_NOWHERE)
                        continue;
                if (kind == UP_ENTRY_SCAN || kind == UP_ENTRY_SEND)
                        take_request(queue, up_account_request_at(account, subject));
                else if (kind == UP_ENTRY_VIEW)
                        take_view(queue, up_account_change_at(account, subject), subject);
        }
        /* Who was taken and is eligible nonetheless waits anew: a crash, most likely. */
        for (guint i = 0; i < queue->started->len; i++) {
                guint who = g_array_index(queue->started, guint, i);
                if (queue->current[who] != UP_NOWHERE &&
                    is_eligible(up_account_change_at(account, queue->current[who])))
                        start_waiting(queue, who);
        }
        g_array_set_size(queue->started, 0);
}

uint64_t up_judge_starved(const struct up_account *account, GPtrArray *findings)
{
        guint count = account->recipients->len;
        g_autofree guint *since = g_new(guint, count + 1);
        g_autofree guint *current = g_new(guint, count + 1);
        g_autofree guint *sums = g_new0(guint, account->steps->len + 2);
        g_autoptr(GArray) starts = g_array_new(FALSE, FALSE, sizeof(struct start));
        g_autoptr(GArray) started = g_array_new(FALSE, FALSE, sizeof(guint));
        struct queue queue = { .account = account, .findings = findings, .since = since };

        memset(since, 0xff, count * sizeof(guint));
        memset(current, 0xff, count * sizeof(guint));
        queue.current = current;
        queue.sums = sums;
        queue.starts = starts;
        queue.started = started;
        for (; queue.step < account->steps->len; queue.step++)
                take_step(&queue);
        for (guint i = 0; i < count; i++)
                stop_waiting(&queue, i);
        return queue.judged;
}
