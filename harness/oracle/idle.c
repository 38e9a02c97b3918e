/*
 * idle - a recipient that could be worked on while workers are idle and time passes
 *
 * A worker is busy with a request until its answer or its time-out, and no longer than the process
 * lives. Where fewer are busy than policy has workers, a recipient that is eligible should be
 * started at once; a pipeline may take up to LONGEST_MS to notice.
 *
 * While workers are idle, of the eligible recipients the one that became so first has waited
 * longest. So those are kept in that order, and only the first is looked at when the idle time
 * ends.
 */
#include "oracle/oracles.h"

#define LONGEST_MS (60 * INT64_C(1000))

/* Requests of one kind, which time out in the order in which they were made. */
struct requests {
        int64_t timeout_ms;
        GArray *places; /* of guint: in index->requests */
        guint first;    /* those before it keep no worker busy */
};

struct place {
        bool is_eligible;
        int64_t since_ms;
        guint turn; /* where it stands in the queue */
        const struct up_index_change *change;
};

struct workers {
        const struct up_ledger_index *index;
        GPtrArray *findings;
        uint64_t judged;
        int64_t count, busy;
        int64_t idle_since_ms; /* while not all are busy */
        struct requests scans, transactions;
        bool *keeps_busy;     /* by request */
        struct place *places; /* by recipient */
        GArray *queue;        /* of guint: recipients as they became eligible, some no longer */
        guint head;
};

/* --- workers ---------------------------------------------------------------------------------- */

static guint place_of(const struct up_ledger_index *index, const struct up_index_request *request)
{
        return (guint)(request - up_index_request(index, 0));
}

static void occupy(struct workers *workers, const struct up_index_request *request)
{
        struct requests *kind =
            request->asked->kind == UP_ENTRY_SCAN ? &workers->scans : &workers->transactions;
        guint place = place_of(workers->index, request);

        g_array_append_val(kind->places, place);
        workers->keeps_busy[place] = true;
        workers->busy++;
}

static void release(struct workers *workers, guint request, int64_t at_ms)
{
        if (!workers->keeps_busy[request])
                return;
        workers->keeps_busy[request] = false;
        if (workers->busy-- == workers->count)
                workers->idle_since_ms = at_ms;
}

/* Those that are not answered by now, and have timed out. */
static void time_out(struct workers *workers, struct requests *kind, int64_t now_ms)
{
        for (; kind->first < kind->places->len; kind->first++) {
                guint place = g_array_index(kind->places, guint, kind->first);
                int64_t due_ms =
                    up_index_request(workers->index, place)->asked->at_ms + kind->timeout_ms;
                if (due_ms > now_ms)
                        return;
                release(workers, place, due_ms);
        }
}

static void release_all(struct workers *workers, struct requests *kind, int64_t now_ms)
{
        for (; kind->first < kind->places->len; kind->first++)
                release(workers, g_array_index(kind->places, guint, kind->first), now_ms);
}

/* --- recipients ------------------------------------------------------------------------------- */

/* The eligible recipient that became so first; NULL: there is none. */
static struct place *first_eligible(struct workers *workers)
{
        for (; workers->head < workers->queue->len; workers->head++) {
                guint recipient = g_array_index(workers->queue, guint, workers->head);
                struct place *place = &workers->places[recipient];
                if (place->is_eligible && place->turn == workers->head)
                        return place;
        }
        return NULL;
}

/* Up to @now_ms nothing has changed. */
static void check_first(struct workers *workers, int64_t now_ms)
{
        struct place *place = first_eligible(workers);

        if (place == NULL || workers->busy >= workers->count)
                return;
        int64_t since_ms = MAX(place->since_ms, workers->idle_since_ms);
        if (now_ms - since_ms <= LONGEST_MS)
                return;
        const struct up_index_recipient *recipient = place->change->recipient;
        g_autofree char *signature = g_strdup_printf(
            "%s: %s", up_evidence_rows[UP_EVIDENCE_IDLE].name, up_state_of(place->change));
        g_autofree char *since = up_ledger_time(since_ms);
        struct up_finding *finding =
            up_report(workers->index, workers->findings, UP_CLASS_PENDING, recipient->message,
                recipient, up_index_first_after(workers->index, since_ms), signature,
                "it could be worked on, and since %s at most %" G_GINT64_FORMAT
                " of %" G_GINT64_FORMAT " workers are busy",
                since, workers->busy, workers->count);
        finding->evidence = UP_EVIDENCE_IDLE;
        finding->critical_at = place->change->entry;
        workers->head++; /* once for each time it waits */
}

static void take_change(
    struct workers *workers, const struct up_index_change *change, int64_t now_ms)
{
        struct place *place = &workers->places[change->recipient->place];
        bool is = up_is_unfinished(change) && change->view->eligible &&
                  up_is_promised(change->recipient->message);

        place->change = change;
        if (is && !place->is_eligible) {
                place->since_ms = now_ms;
                place->turn = workers->queue->len;
                g_array_append_val(workers->queue, change->recipient->place);
                workers->judged++;
        }
        place->is_eligible = is;
}

/* --- the walk --------------------------------------------------------------------------------- */

static void take_entry(struct workers *workers, guint at)
{
        const struct up_entry *entry = up_index_entry(workers->index, at);
        const struct up_index_subject *subject = &workers->index->subjects[at];
        const struct up_index_request *request = subject->request;

        if (entry->kind == UP_ENTRY_RESTART) {
                release_all(workers, &workers->scans, entry->at_ms);
                release_all(workers, &workers->transactions, entry->at_ms);
        }
        if (request != NULL && request->asked_at == at)
                occupy(workers, request);
        else if (request != NULL)
                release(workers, place_of(workers->index, request), entry->at_ms);
        if (subject->change != NULL)
                take_change(workers, subject->change, entry->at_ms);
}

static const struct up_policy *policy_of(const struct up_ledger_index *index)
{
        for (guint i = 0; i < index->messages->len; i++)
                if (up_index_message(index, i)->policy != NULL)
                        return up_index_message(index, i)->policy;
        return NULL;
}

uint64_t up_judge_idle(const struct up_ledger_index *index, GPtrArray *findings)
{
        const struct up_policy *policy = policy_of(index);
        int64_t now_ms = 0;

        if (policy == NULL)
                return 0;
        g_autofree bool *keeps_busy = g_new0(bool, index->requests->len + 1);
        g_autofree struct place *places = g_new0(struct place, index->recipients->len + 1);
        g_autoptr(GArray) scans = g_array_new(FALSE, FALSE, sizeof(guint));
        g_autoptr(GArray) transactions = g_array_new(FALSE, FALSE, sizeof(guint));
        g_autoptr(GArray) queue = g_array_new(FALSE, FALSE, sizeof(guint));
        struct workers workers = { .index = index,
                .findings = findings,
                .count = policy->workers,
                .scans = { policy->scan_timeout_ms, scans, 0 },
                .transactions = { policy->send_timeout_ms, transactions, 0 },
                .keeps_busy = keeps_busy,
                .places = places,
                .queue = queue };

        for (guint at = 0; at < index->ledger->entries->len; at++) {
                int64_t at_ms = up_index_entry(index, at)->at_ms;
                if (at_ms > now_ms) {
                        /* Idle so far, or since one of them timed out. */
                        check_first(&workers, at_ms);
                        time_out(&workers, &workers.scans, at_ms);
                        time_out(&workers, &workers.transactions, at_ms);
                        check_first(&workers, at_ms);
                        now_ms = at_ms;
                }
                take_entry(&workers, at);
        }
        return workers.judged;
}
