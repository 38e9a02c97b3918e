/*
 * pending - what shows that a recipient waits for ever
 *
 * From the strongest evidence to the weakest: first those that one step shows, then those that need
 * the run to end. Each oracle reports a recipient once, at the first step that shows it.
 *
 * A recipient on hold by an administrator's command is exempt. One that claims to be, without such
 * a command, is not: a pipeline that parks messages has to move them on.
 */
#include "oracle/oracles.h"

#include <string.h>

/* --- findings --------------------------------------------------------------------------------- */

static bool can(const struct up_ledger_index *index, enum up_capability capability)
{
        return (index->ledger->capabilities & capability) != 0;
}

/* A disposition is the end, whatever rank comes with it. */
static uint64_t rank_of(const struct up_view *view)
{
        return view->disposition != UP_DISPOSITION_NONE ? 0 : view->rank;
}

/* The last change that lowered the rank; before the first, the entry that created the message. */
static guint critical_entry(
    const struct up_ledger_index *index, const struct up_index_recipient *recipient, guint shown_at)
{
        const struct up_index_change *before = recipient->first_change;

        if (!can(index, UP_CAN_RANK) || before == NULL)
                return recipient->message->born;
        guint critical = before->entry;
        for (const struct up_index_change *after = before->next;
             after != NULL && after->entry <= shown_at; before = after, after = after->next)
                if (rank_of(after->view) < rank_of(before->view))
                        critical = after->entry;
        return critical;
}

/* What the recipient waits for, by the pipeline's own views. */
static char *describe_owner(const struct up_ledger_index *index, const struct up_view *view)
{
        g_autofree char *due = up_ledger_time(view->owner_ms);

        if (!can(index, UP_CAN_OWNER))
                return g_strdup("an unknown event");
        switch (view->owner) {
        case UP_OWNER_QUEUE:
                return g_strdup("a free worker");
        case UP_OWNER_TIMER:
                return g_strdup_printf("its timer, due %s", due);
        case UP_OWNER_WORKER:
                return g_strdup_printf("an attempt, time-out %s", due);
        case UP_OWNER_ADMINISTRATOR:
                return g_strdup("an administrator");
        case UP_OWNER_NONE:
        default:
                return g_strdup("nothing");
        }
}

/* @what: the clause that says what showed it; @mechanism: the signature after the evidence. */
static void report_as(const struct up_ledger_index *index, GPtrArray *findings,
    enum up_evidence evidence, const struct up_index_change *change, guint shown_at,
    const char *what, const char *mechanism)
{
        const struct up_index_message *message = change->recipient->message;
        g_autofree char *owner = describe_owner(index, change->view);
        g_autofree char *since = up_ledger_time(up_index_entry(index, change->entry)->at_ms);
        g_autofree char *bound = up_ledger_time(message->bound_ms);
        g_autofree char *signature =
            g_strdup_printf("%s: %s", up_evidence_rows[evidence].name, mechanism);
        struct up_finding *finding =
            up_report(index, findings, UP_CLASS_PENDING, message, change->recipient, shown_at,
                signature, "%s; in state %s since %s after %u attempts, waiting for %s; bound %s",
                what, up_state_of(change), since, message->attempts, owner, bound);

        finding->evidence = evidence;
        finding->critical_at = critical_entry(index, change->recipient, shown_at);
}

static void report(const struct up_ledger_index *index, GPtrArray *findings,
    enum up_evidence evidence, const struct up_index_change *change, guint shown_at,
    const char *what)
{
        report_as(index, findings, evidence, change, shown_at, what, up_state_of(change));
}

/* --- unowned ---------------------------------------------------------------------------------- */

/* What is wrong with the owner; NULL: nothing. */
static const char *owner_problem(const struct up_view *view, bool held)
{
        switch (view->owner) {
        case UP_OWNER_QUEUE:
                return view->expiry_ms == UP_NEVER_MS ? "it is queued and never expires" : NULL;
        case UP_OWNER_TIMER:
        case UP_OWNER_WORKER:
                return view->owner_ms == UP_NEVER_MS    ? "its timer is never due"
                       : view->expiry_ms == UP_NEVER_MS ? "it never expires"
                                                        : NULL;
        case UP_OWNER_ADMINISTRATOR:
                return held ? NULL : "it is held without an administrator's command";
        case UP_OWNER_NONE:
        default:
                return "nothing will move it on";
        }
}

uint64_t up_judge_unowned(const struct up_ledger_index *index, GPtrArray *findings)
{
        uint64_t judged = 0;

        for (guint i = 0; i < index->recipients->len; i++) {
                const struct up_index_recipient *recipient = up_index_recipient(index, i);
                struct up_index_span span;
                bool more = up_is_promised(recipient->message) &&
                            up_index_span_first(index, recipient, &span);

                for (; more; more = up_index_span_next(index, &span)) {
                        if (!up_is_unfinished(span.change))
                                continue;
                        judged++;
                        const char *what = owner_problem(span.change->view, span.held);
                        if (what == NULL)
                                continue;
                        report(index, findings, UP_EVIDENCE_UNOWNED, span.change,
                            span.begin == span.change->step
                                ? span.change->entry
                                : up_index_step(index, span.begin)->end - 1,
                            what);
                        break;
                }
        }
        return judged;
}

/* --- no-progress ------------------------------------------------------------------------------ */

/* A recipient during the walk through the steps. */
struct progress {
        const struct up_index_change *current;      /* before the step; NULL: none yet */
        const struct up_index_request *transaction; /* under way; NULL: none */
        const char *demand; /* why the rank must be lower at the end of this step; NULL */
        bool reported;
};

/* An answer that comes in time demands that the rank is lower when the step ends. */
struct walk {
        const struct up_ledger_index *index;
        GPtrArray *findings;
        uint64_t judged;
        struct progress *progress; /* by recipient */
        GPtrArray *demanded;       /* recipients with a demand in this step */
};

static void report_no_progress(
    struct walk *walk, const struct up_index_change *change, guint shown_at, const char *what)
{
        struct progress *progress = &walk->progress[change->recipient->place];

        if (!progress->reported)
                report(
                    walk->index, walk->findings, UP_EVIDENCE_NO_PROGRESS, change, shown_at, what);
        progress->reported = true;
}

static void demand(
    struct walk *walk, struct up_index_recipient *recipient, int64_t at_ms, const char *why)
{
        struct progress *progress = &walk->progress[recipient->place];
        const struct up_index_change *change = progress->current;

        if (change == NULL || !up_is_promised(recipient->message) || !up_is_unfinished(change) ||
            change->view->owner != UP_OWNER_WORKER || change->view->owner_ms <= at_ms ||
            progress->demand != NULL)
                return;
        progress->demand = why;
        g_ptr_array_add(walk->demanded, recipient);
        walk->judged++;
}

/* An answer about another message may be ignored: the time-out is still set. */
static void walk_scanned(struct walk *walk, guint at, const struct up_index_request *request)
{
        const struct up_entry *entry = up_index_entry(walk->index, at);

        if (request->message == NULL || request->answered_at != at || !request->in_time ||
            entry->as.scan.answer.message != request->message->id)
                return;
        for (struct up_index_recipient *recipient = request->message->first_recipient;
             recipient != NULL; recipient = recipient->next)
                if (walk->progress[recipient->place].transaction == NULL)
                        demand(walk, recipient, entry->at_ms,
                            "a scan was answered and its rank is no lower");
}

static void walk_transaction(struct walk *walk, guint at, const struct up_index_request *request)
{
        const struct up_entry *entry = up_index_entry(walk->index, at);

        if (request->asked->kind != UP_ENTRY_SEND)
                return;
        for (unsigned i = 0; i < request->asked->as.send.count; i++) {
                struct up_index_recipient *recipient =
                    up_index_send_recipient(walk->index, request->asked, i);
                if (recipient == NULL)
                        continue;
                struct progress *progress = &walk->progress[recipient->place];
                if (entry->kind == UP_ENTRY_SEND) {
                        progress->transaction = request;
                } else if (progress->transaction == request) {
                        progress->transaction = NULL;
                        if (request->answered_at == at && !request->crashed)
                                demand(walk, recipient, entry->at_ms,
                                    "a transaction was answered and its rank is no lower");
                }
        }
}

static void walk_change(struct walk *walk, const struct up_index_change *after)
{
        struct progress *progress = &walk->progress[after->recipient->place];
        const struct up_index_change *before = progress->current;
        const char *why = progress->demand;

        progress->demand = NULL;
        progress->current = after;
        if (before == NULL || !up_is_unfinished(before) || after->gone ||
            !up_is_promised(after->recipient->message))
                return;
        walk->judged++;
        if (!up_is_unfinished(after))
                return;
        if (rank_of(after->view) > rank_of(before->view))
                report_no_progress(walk, after, after->entry, "its rank rose");
        else if (why != NULL && rank_of(after->view) == rank_of(before->view))
                report_no_progress(walk, after, after->entry, why);
}

static void walk_step(struct walk *walk, const struct up_index_step *step)
{
        for (guint at = step->begin; at < step->end; at++) {
                const struct up_index_subject *subject = &walk->index->subjects[at];
                enum up_entry_kind kind = up_index_entry(walk->index, at)->kind;

                if (kind == UP_ENTRY_CRASH)
                        for (guint i = 0; i < walk->index->recipients->len; i++)
                                walk->progress[i].transaction = NULL;
                if (subject->change != NULL)
                        walk_change(walk, subject->change);
                if (subject->request == NULL)
                        continue;
                if (kind == UP_ENTRY_SCANNED && can(walk->index, UP_CAN_OWNER))
                        walk_scanned(walk, at, subject->request);
                else if (kind == UP_ENTRY_SEND || kind == UP_ENTRY_SENT)
                        walk_transaction(walk, at, subject->request);
        }
        for (guint i = 0; i < walk->demanded->len; i++) {
                const struct up_index_recipient *recipient = g_ptr_array_index(walk->demanded, i);
                struct progress *progress = &walk->progress[recipient->place];
                if (progress->demand != NULL && step->whole)
                        report_no_progress(
                            walk, progress->current, step->end - 1, progress->demand);
                progress->demand = NULL;
        }
        g_ptr_array_set_size(walk->demanded, 0);
}

/* The steps in which everything that was due was done: the pipeline wants no run at once. */
static GArray *finished_runs(const struct up_ledger_index *index)
{
        GArray *runs = g_array_new(FALSE, FALSE, sizeof(guint));

        for (guint i = 0; i < index->steps->len; i++) {
                const struct up_index_step *step = up_index_step(index, i);
                if (step->run && step->whole && !step->crashed && step->next_ms > step->at_ms)
                        g_array_append_val(runs, i);
        }
        return runs;
}

/* The first of them after @step that is not before @due_ms; UP_NOWHERE. */
static guint find_run(
    const struct up_ledger_index *index, const GArray *runs, guint step, int64_t due_ms)
{
        guint low = 0, high = runs->len;

        while (low < high) {
                guint middle = low + (high - low) / 2, run = g_array_index(runs, guint, middle);
                if (run > step && up_index_step(index, run)->at_ms >= due_ms)
                        high = middle;
                else
                        low = middle + 1;
        }
        return low < runs->len ? g_array_index(runs, guint, low) : UP_NOWHERE;
}

static void judge_timer(struct walk *walk, const GArray *runs, const struct up_index_change *before)
{
        const struct up_view *view = before->view;
        const struct up_index_change *after = before->next;

        if (!up_is_unfinished(before) || !up_is_promised(before->recipient->message) ||
            (view->owner != UP_OWNER_TIMER && view->owner != UP_OWNER_WORKER))
                return;
        guint run = find_run(walk->index, runs, before->step, view->owner_ms);
        if (run == UP_NOWHERE || (after != NULL && after->step < run))
                return; /* not fired, or moved on before */
        walk->judged++;
        if (after == NULL || after->step > run)
                report_no_progress(walk, before, up_index_step(walk->index, run)->end - 1,
                    "its timer fired and nothing changed");
        else if (up_is_unfinished(after) && rank_of(after->view) >= rank_of(view))
                report_no_progress(
                    walk, after, after->entry, "its timer fired and its rank is no lower");
}

uint64_t up_judge_no_progress(const struct up_ledger_index *index, GPtrArray *findings)
{
        g_autofree struct progress *progress = g_new0(struct progress, index->recipients->len + 1);
        g_autoptr(GPtrArray) demanded = g_ptr_array_new();
        g_autoptr(GArray) runs = finished_runs(index);
        struct walk walk = {
                .index = index, .findings = findings, .progress = progress, .demanded = demanded
        };

        for (guint i = 0; i < index->steps->len; i++)
                walk_step(&walk, up_index_step(index, i));
        for (guint i = 0; can(index, UP_CAN_OWNER) && i < index->changes->len; i++)
                judge_timer(&walk, runs, up_index_change(index, i));
        return walk.judged;
}

/* --- how the run ended ------------------------------------------------------------------------ */

static bool ended_as(const struct up_ledger_index *index, enum up_ending ending)
{
        return index->end != UP_NOWHERE && up_index_entry(index, index->end)->as.ending == ending;
}

static bool is_held_at_end(const struct up_ledger_index *index, const struct up_index_change *last)
{
        return up_index_on_hold(index, last->recipient->message, index->steps->len - 1) &&
               (!can(index, UP_CAN_OWNER) || last->view->owner == UP_OWNER_ADMINISTRATOR);
}

static uint64_t digest_after(const struct up_ledger_index *index, guint step)
{
        return up_index_entry(index, up_index_step(index, step)->end - 1)->as.step.digest;
}

/* The first step of the last round of a cycle; the last step if there was no round. */
static guint round_begin(const struct up_ledger_index *index)
{
        guint last = index->steps->len - 1;

        if (last > 0 && !up_index_step(index, last)->whole)
                last--; /* what follows the last step is none */
        for (guint step = last; step > 0; step--)
                if (digest_after(index, step - 1) == digest_after(index, last))
                        return step;
        return last;
}

static gint by_name(gconstpointer a, gconstpointer b)
{
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* All states of a round, the same wherever in it the run stopped. The caller owns the result. */
static char *round_states(const struct up_ledger_index *index, const struct up_index_change *last)
{
        g_autoptr(GPtrArray) states = g_ptr_array_new();
        guint begin = round_begin(index);

        g_ptr_array_add(states, (char *)up_state_of(last));
        for (const struct up_index_change *change = last->recipient->first_change; change != NULL;
             change = change->next) {
                const char *state = up_state_of(change);
                if (change->step >= begin &&
                    !g_ptr_array_find_with_equal_func(states, state, g_str_equal, NULL))
                        g_ptr_array_add(states, (char *)state);
        }
        g_ptr_array_sort(states, by_name);
        g_ptr_array_add(states, NULL);
        return g_strjoinv(", ", (char **)states->pdata);
}

/* If the run ended like this, whatever waits then waits for ever. Returns how many recipients were
 * judged: none if it ended otherwise. */
static uint64_t judge_ending(const struct up_ledger_index *index, GPtrArray *findings,
    enum up_evidence evidence, enum up_ending ending, const char *what)
{
        uint64_t judged = 0;

        for (guint i = 0; ended_as(index, ending) && i < index->recipients->len; i++) {
                const struct up_index_recipient *recipient = up_index_recipient(index, i);
                const struct up_index_change *last = recipient->last_change;

                if (!up_is_promised(recipient->message) || last == NULL)
                        continue;
                judged++;
                if (!up_is_waiting(last) || is_held_at_end(index, last))
                        continue;
                g_autofree char *states = evidence == UP_EVIDENCE_CYCLE
                                              ? round_states(index, last)
                                              : g_strdup(up_state_of(last));
                report_as(index, findings, evidence, last, index->end, what, states);
        }
        return judged;
}

/* In a settled run each recipient has a disposition, but delivered mail may stay unreadable. */
uint64_t up_judge_no_wakeup(const struct up_ledger_index *index, GPtrArray *findings)
{
        static const char what[] = "nothing is due or outstanding";

        return judge_ending(index, findings, UP_EVIDENCE_NO_WAKEUP, UP_ENDING_IDLE, what) +
               judge_ending(index, findings, UP_EVIDENCE_NO_WAKEUP, UP_ENDING_SETTLED, what);
}

static uint64_t count_entries(
    const struct up_ledger_index *index, enum up_entry_kind kind, guint begin)
{
        uint64_t count = 0;

        for (guint at = begin; at < index->ledger->entries->len; at++)
                count += up_index_entry(index, at)->kind == kind;
        return count;
}

/* Counts the states that the world compared with each other: those after the script. */
uint64_t up_judge_cycle(const struct up_ledger_index *index, GPtrArray *findings)
{
        judge_ending(index, findings, UP_EVIDENCE_CYCLE, UP_ENDING_CYCLE, "the same state recurs");
        return count_entries(index, UP_ENTRY_STEP, index->script_end);
}

/* More than a recipient needs for all attempts that a policy can allow, with a scan in transport, a
 * scan in the store and a transaction in each, and three steps for each of these. */
#define STEPS_PER_RECIPIENT 10000

/* A pipeline that keeps busy is at fault even if nothing waits: the next message will. A large case
 * reaches the world's limit of steps on a good pipeline, too. */
uint64_t up_judge_spin(const struct up_ledger_index *index, GPtrArray *findings)
{
        guint before = findings->len;

        judge_ending(index, findings, UP_EVIDENCE_SPIN, UP_ENDING_SPIN,
            "the pipeline takes step after step while time stands still");
        if (ended_as(index, UP_ENDING_SPIN) && findings->len == before) {
                struct up_finding *finding = up_finding_new(UP_CLASS_PENDING, "spin: nothing waits",
                    "the pipeline takes step after step while time stands still, and nothing "
                    "waits");
                finding->evidence = UP_EVIDENCE_SPIN;
                finding->shown_at = index->end;
                g_ptr_array_add(findings, finding);
        }
        if (index->steps->len > (guint64)STEPS_PER_RECIPIENT * index->recipients->len)
                judge_ending(index, findings, UP_EVIDENCE_SPIN, UP_ENDING_STEPS,
                    "the run has too many steps");
        return count_entries(index, UP_ENTRY_RUN, 0);
}

/* --- past-bound ------------------------------------------------------------------------------- */

/* At its bound a recipient may still reach its disposition. While it is held, its time stops. */
uint64_t up_judge_past_bound(const struct up_ledger_index *index, GPtrArray *findings)
{
        uint64_t judged = 0;

        for (guint i = 0; i < index->recipients->len; i++) {
                const struct up_index_recipient *recipient = up_index_recipient(index, i);
                int64_t bound_ms = recipient->message->bound_ms;
                struct up_index_span span;
                bool more = up_is_promised(recipient->message) &&
                            up_index_span_first(index, recipient, &span);

                for (; more; more = up_index_span_next(index, &span)) {
                        int64_t end_ms = up_index_span_end_ms(index, &span);

                        if (!up_is_waiting(span.change)) {
                                judged += span.end == index->steps->len && !span.change->gone;
                        } else if (span.held) {
                                bound_ms = MAX(bound_ms, end_ms + recipient->message->length_ms);
                        } else if (end_ms > bound_ms) {
                                judged++;
                                report(index, findings, UP_EVIDENCE_PAST_BOUND, span.change,
                                    up_index_first_after(index, bound_ms), "its bound has passed");
                                break;
                        }
                }
        }
        return judged;
}
