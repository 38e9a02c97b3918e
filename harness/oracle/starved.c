/*
 * starved - a recipient that could be worked on while others are always taken first
 *
 * A recipient is eligible from some step on. Each scan or transaction that begins for one that
 * became eligible later *overtakes* it. That is normal now and then; more than LEAST_OVERTAKES plus
 * one start of each message for each recipient of its own is not: messages may take turns, and the
 * recipients of one message as well.
 *
 * To count without looking at all that wait, each start goes into a tree of sums (Fenwick's) by the
 * step at which the recipient that was started had become eligible. A recipient that became
 * eligible in step n was overtaken by all starts above n. No start is above n before step n, so
 * nothing earlier is counted.
 */
#include "oracle/oracles.h"

#define LEAST_OVERTAKES 64

struct start {
        guint entry;
        guint since; /* the step at which it had become eligible */
};

/* A recipient during the walk through the steps. */
struct place {
        guint since; /* the step since which it is eligible; UP_NOWHERE */
        const struct up_index_change *current;
};

struct queue {
        const struct up_ledger_index *index;
        GPtrArray *findings;
        uint64_t judged;
        guint step;
        struct place *places; /* by recipient */
        guint *sums;          /* of starts, by step + 1 */
        GArray *starts;       /* of struct start */
        GPtrArray *started;   /* recipients that were started in this step */
};

static void count_start(struct queue *queue, guint since)
{
        for (guint i = since + 1; i <= queue->index->steps->len; i += i & -i)
                queue->sums[i]++;
}

/* Starts of recipients that became eligible after @since. */
static guint count_overtakes(const struct queue *queue, guint since)
{
        guint others = 0;

        for (guint i = since + 1; i > 0; i -= i & -i)
                others += queue->sums[i];
        return queue->starts->len - others;
}

/* The entry of the first start beyond @most that overtook it. */
static guint find_excess(const struct queue *queue, guint since, guint most)
{
        guint count = 0;

        for (guint i = 0; i < queue->starts->len; i++) {
                const struct start *start = &g_array_index(queue->starts, struct start, i);
                if (start->since > since && ++count > most)
                        return start->entry;
        }
        return UP_NOWHERE;
}

static void stop_waiting(struct queue *queue, const struct up_index_recipient *recipient)
{
        struct place *place = &queue->places[recipient->place];
        guint since = place->since;

        if (since == UP_NOWHERE)
                return;
        place->since = UP_NOWHERE;
        guint times = count_overtakes(queue, since);
        guint most = LEAST_OVERTAKES + queue->index->messages->len * recipient->message->recipients;
        if (times <= most)
                return;
        g_autofree char *signature = g_strdup_printf(
            "%s: %s", up_evidence_rows[UP_EVIDENCE_STARVED].name, up_state_of(place->current));
        g_autofree char *since_time = up_ledger_time(up_index_step(queue->index, since)->at_ms);
        struct up_finding *finding = up_report(queue->index, queue->findings, UP_CLASS_PENDING,
            recipient->message, recipient, find_excess(queue, since, most), signature,
            "eligible since %s, and overtaken %u times by recipients that became eligible later",
            since_time, times);
        finding->evidence = UP_EVIDENCE_STARVED;
        finding->critical_at =
            since > 0 ? up_index_step(queue->index, since)->end - 1 : recipient->message->born;
}

static bool is_eligible(const struct up_index_change *change)
{
        return up_is_unfinished(change) && change->view->eligible;
}

static void start_waiting(struct queue *queue, const struct up_index_recipient *recipient)
{
        struct place *place = &queue->places[recipient->place];

        if (place->since != UP_NOWHERE || !up_is_promised(recipient->message))
                return;
        place->since = queue->step;
        queue->judged++;
}

/* Returns since when the recipient was eligible, or @earliest if that is earlier. */
static guint start(struct queue *queue, struct up_index_recipient *recipient, guint earliest)
{
        guint since = queue->places[recipient->place].since;

        g_ptr_array_add(queue->started, recipient);
        stop_waiting(queue, recipient);
        return MIN(since, earliest);
}

static void start_request(struct queue *queue, const struct up_index_request *request)
{
        struct start begun = { request->asked_at, queue->step };

        if (request->message == NULL)
                return;
        if (request->asked->kind == UP_ENTRY_SCAN) {
                for (struct up_index_recipient *recipient = request->message->first_recipient;
                     recipient != NULL; recipient = recipient->next)
                        begun.since = start(queue, recipient, begun.since);
        } else {
                for (unsigned i = 0; i < request->asked->as.send.count; i++) {
                        struct up_index_recipient *recipient =
                            up_index_send_recipient(queue->index, request->asked, i);
                        if (recipient != NULL)
                                begun.since = start(queue, recipient, begun.since);
                }
        }
        g_array_append_val(queue->starts, begun);
        count_start(queue, begun.since);
}

static void walk_step(struct queue *queue)
{
        const struct up_index_step *step = up_index_step(queue->index, queue->step);

        for (guint at = step->begin; at < step->end; at++) {
                const struct up_index_subject *subject = &queue->index->subjects[at];
                const struct up_index_change *change = subject->change;

                if (subject->request != NULL && subject->request->asked_at == at)
                        start_request(queue, subject->request);
                if (change == NULL)
                        continue;
                queue->places[change->recipient->place].current = change;
                if (is_eligible(change))
                        start_waiting(queue, change->recipient);
                else
                        stop_waiting(queue, change->recipient);
        }
        /* A recipient that was started and is still eligible waits again: after a crash, say. */
        for (guint i = 0; i < queue->started->len; i++) {
                const struct up_index_recipient *recipient = g_ptr_array_index(queue->started, i);
                const struct up_index_change *current = queue->places[recipient->place].current;
                if (current != NULL && is_eligible(current))
                        start_waiting(queue, recipient);
        }
        g_ptr_array_set_size(queue->started, 0);
}

uint64_t up_judge_starved(const struct up_ledger_index *index, GPtrArray *findings)
{
        guint count = index->recipients->len;
        g_autofree struct place *places = g_new0(struct place, count + 1);
        g_autofree guint *sums = g_new0(guint, index->steps->len + 2);
        g_autoptr(GArray) starts = g_array_new(FALSE, FALSE, sizeof(struct start));
        g_autoptr(GPtrArray) started = g_ptr_array_new();
        struct queue queue = { .index = index,
                .findings = findings,
                .places = places,
                .sums = sums,
                .starts = starts,
                .started = started };

        for (guint i = 0; i < count; i++)
                places[i].since = UP_NOWHERE;
        for (; queue.step < index->steps->len; queue.step++)
                walk_step(&queue);
        for (guint i = 0; i < count; i++)
                stop_waiting(&queue, up_index_recipient(index, i));
        return queue.judged;
}
