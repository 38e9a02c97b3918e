/*
 * pending - what shows that a recipient waits for ever
 *
 * From the strongest evidence to the weakest: those that need one step first, then those that need
 * the run to end. A recipient is spoken of once by each oracle, at the first step that shows it.
 *
 * Exempt is who is held by an administrator's command. Who says so without such a command is not:
 * a message that was parked by itself has no owner.
 */
#include "oracle/themes.h"

#include <string.h>

/* --- findings --------------------------------------------------------------------------------- */

static bool can(const struct up_account *account, enum up_capability capability)
{
        return (account->ledger->capabilities & capability) != 0;
}

/* A disposition is the end, whatever rank is told with it. */
static uint64_t rank_of(const struct up_view *view)
{
        return view->disposition != UP_DISPOSITION_NONE ? 0 : view->rank;
}

static bool is_unfinished(const struct up_account_change *change)
{
        return !change->gone && change->view->disposition == UP_DISPOSITION_NONE;
}

/* The last time that it came nearer to its end; before that, when it was first seen. */
static guint critical_entry(const struct up_account *account, guint index, guint shown_at)
{
        const struct up_account_recipient *recipient = up_account_recipient_at(account, index);
        guint critical = up_account_message_at(account, recipient->message)->born;

        if (!can(account, UP_CAN_RANK) || recipient->first_change == UP_NOWHERE)
                return critical;
        const struct up_account_change *before =
            up_account_change_at(account, recipient->first_change);
        critical = before->entry;
        while (before->next != UP_NOWHERE) {
                const struct up_account_change *after = up_account_change_at(account, before->next);
                if (after->entry > shown_at)
                        break;
                if (rank_of(after->view) < rank_of(before->view))
                        critical = after->entry;
                before = after;
        }
        return critical;
}

static char *name_time(int64_t at_ms)
{
        return at_ms == UP_NEVER_MS ? g_strdup("never") : up_ledger_time(at_ms);
}

/* What it waits for, by its own account. */
static char *name_next(const struct up_account *account, const struct up_view *view)
{
        g_autofree char *due = name_time(view->owner_ms);

        if (!can(account, UP_CAN_OWNER))
                return g_strdup("for what is not known");
        switch (view->owner) {
        case UP_OWNER_QUEUE:
                return g_strdup("for a free worker");
        case UP_OWNER_TIMER:
                return g_strdup_printf("for its timer, due %s", due);
        case UP_OWNER_WORKER:
                return g_strdup_printf("for an attempt, given up %s", due);
        case UP_OWNER_ADMINISTRATOR:
                return g_strdup("for an administrator");
        case UP_OWNER_NONE:
        default:
                return g_strdup("for nobody");
        }
}

static const char *state_of(const struct up_account_change *change)
{
        const char *state = change->view->state;

        return state != NULL && *state != '\0' ? state : "state not known";
}

/* @what says what showed it, as a whole clause; @mechanism is what it is told from others by. */
static void add_as(const struct up_account *account, GPtrArray *findings, enum up_evidence evidence,
    const struct up_account_change *change, guint shown_at, const char *what, const char *mechanism)
{
        const struct up_account_message *message = up_account_message_at(
            account, up_account_recipient_at(account, change->recipient)->message);
        g_autofree char *next = name_next(account, change->view);
        g_autofree char *since =
            up_ledger_time(up_ledger_at(account->ledger, change->entry)->at_ms);
        g_autofree char *bound = name_time(message->bound_ms);
        g_autofree char *signature =
            g_strdup_printf("%s: %s", up_evidence_rows[evidence].name, mechanism);
        struct up_finding *finding = up_account_find(account, findings, UP_CLASS_PENDING,
            up_account_recipient_at(account, change->recipient)->message, change->recipient,
            shown_at, signature, "%s; in state %s since %s, %u attempts in all, waits %s; bound %s",
            what, state_of(change), since, message->attempts, next, bound);

        finding->evidence = evidence;
        finding->critical_at = critical_entry(account, change->recipient, shown_at);
}

static void add(const struct up_account *account, GPtrArray *findings, enum up_evidence evidence,
    const struct up_account_change *change, guint shown_at, const char *what)
{
        add_as(account, findings, evidence, change, shown_at, what, state_of(change));
}

static bool is_promised(const struct up_account *account, guint recipient)
{
        return up_account_is_promised(
            up_account_message_at(account, up_account_recipient_at(account, recipient)->message));
}

/* --- unowned ---------------------------------------------------------------------------------- */

/* What is missing; NULL: nothing is. */
static const char *missing(const struct up_view *view, bool held)
{
        switch (view->owner) {
        case UP_OWNER_QUEUE:
                return view->expiry_ms == UP_NEVER_MS ? "it is queued, and will never expire"
                                                      : NULL;
        case UP_OWNER_TIMER:
        case UP_OWNER_WORKER:
                return view->owner_ms == UP_NEVER_MS    ? "what it waits for is never due"
                       : view->expiry_ms == UP_NEVER_MS ? "it will never expire"
                                                        : NULL;
        case UP_OWNER_ADMINISTRATOR:
                return held ? NULL : "it is held, and no administrator has put it on hold";
        case UP_OWNER_NONE:
        default:
                return "nobody will move it on";
        }
}

uint64_t up_judge_unowned(const struct up_account *account, GPtrArray *findings)
{
        uint64_t judged = 0;

        for (guint i = 0; i < account->recipients->len; i++) {
                struct up_span span;
                bool more = is_promised(account, i) && up_span_first(account, i, &span);
                for (; more; more = up_span_next(account, &span)) {
                        if (!is_unfinished(span.change))
                                continue;
                        judged++;
                        const char *what = missing(span.change->view, span.held);
                        if (what == NULL)
                                continue;
                        guint shown = span.begin == span.change->step
                                          ? span.change->entry
                                          : up_account_step_at(account, span.begin)->end - 1;
                        add(account, findings, UP_EVIDENCE_UNOWNED, span.change, shown, what);
                        break;
                }
        }
        return judged;
}

/* --- no-progress ------------------------------------------------------------------------------ */

/*
 * One walk through the steps. An answer that comes in time *demands* that the rank is lower when
 * the step ends. What a view said before the step is `current`.
 */
struct walk {
        const struct up_account *account;
        GPtrArray *findings;
        uint64_t judged;
        guint step;
        guint *current;      /* by recipient: its change; UP_NOWHERE: none yet */
        guint *transaction;  /* by recipient: the request that is under way; UP_NOWHERE */
        const char **demand; /* by recipient: why its rank must fall in this step; NULL */
        bool *found;         /* by recipient */
        GArray *demanded;    /* of guint: recipients, in this step */
};

static void speak(
    struct walk *walk, const struct up_account_change *change, guint shown_at, const char *what)
{
        if (!walk->found[change->recipient])
                add(walk->account, walk->findings, UP_EVIDENCE_NO_PROGRESS, change, shown_at, what);
        walk->found[change->recipient] = true;
}

static void demand(struct walk *walk, guint recipient, int64_t at_ms, const char *why)
{
        const struct up_account_change *change;

        if (recipient == UP_NOWHERE || walk->current[recipient] == UP_NOWHERE ||
            !is_promised(walk->account, recipient))
                return;
        change = up_account_change_at(walk->account, walk->current[recipient]);
        if (!is_unfinished(change) || change->view->owner != UP_OWNER_WORKER ||
            change->view->owner_ms <= at_ms || walk->demand[recipient] != NULL)
                return;
        walk->demand[recipient] = why;
        g_array_append_val(walk->demanded, recipient);
        walk->judged++;
}

/* An answer about another message may be passed over: the time-out is still there. */
static void take_scanned(struct walk *walk, guint at, const struct up_account_request *request)
{
        const struct up_account *account = walk->account;
        const struct up_entry *entry = up_ledger_at(account->ledger, at);

        if (request->message == UP_NOWHERE || request->answered != at || !request->in_time ||
            entry->as.scan.answer.message != up_account_message_at(account, request->message)->id)
                return;
        for (guint i = up_account_message_at(account, request->message)->first_recipient;
             i != UP_NOWHERE; i = up_account_recipient_at(account, i)->next)
                if (walk->transaction[i] == UP_NOWHERE)
                        demand(
                            walk, i, entry->at_ms, "a scan was answered, and its rank is no lower");
}

static void take_transaction(struct walk *walk, guint at, guint index)
{
        const struct up_account *account = walk->account;
        const struct up_account_request *request = up_account_request_at(account, index);
        const struct up_entry *asked = up_ledger_at(account->ledger, request->asked);
        const struct up_entry *entry = up_ledger_at(account->ledger, at);

        for (unsigned i = 0; i < asked->as.send.count; i++) {
                guint who = up_account_find_recipient(
                    account, asked->message, asked->as.send.recipients[i]);
                if (who == UP_NOWHERE)
                        continue;
                if (entry->kind == UP_ENTRY_SEND) {
                        walk->transaction[who] = index;
                } else if (walk->transaction[who] == index) {
                        walk->transaction[who] = UP_NOWHERE;
                        if (request->answered == at && !request->crashed)
                                demand(walk, who, entry->at_ms,
                                    "a transaction was answered, and its rank is no lower");
                }
        }
}

static void take_view(struct walk *walk, const struct up_account_change *after)
{
        guint who = after->recipient;
        const struct up_account_change *before =
            walk->current[who] != UP_NOWHERE
                ? up_account_change_at(walk->account, walk->current[who])
                : NULL;
        const char *why = walk->demand[who];

        walk->demand[who] = NULL;
        walk->current[who] = walk->account->subjects[after->entry];
        if (before == NULL || !is_unfinished(before) || after->gone ||
            !is_promised(walk->account, who))
                return;
        walk->judged++;
        if (is_unfinished(after) && rank_of(after->view) > rank_of(before->view))
                speak(walk, after, after->entry, "its rank rose");
        else if (is_unfinished(after) && why != NULL &&
                 rank_of(after->view) == rank_of(before->view))
                speak(walk, after, after->entry, why);
}

static void end_of_step(struct walk *walk)
{
        guint shown = up_account_step_at(walk->account, walk->step)->end - 1;

        for (guint i = 0; i < walk->demanded->len; i++) {
                guint who = g_array_index(walk->demanded, guint, i);
                if (walk->demand[who] != NULL &&
                    up_account_step_at(walk->account, walk->step)->whole)
                        speak(walk, up_account_change_at(walk->account, walk->current[who]), shown,
                            walk->demand[who]);
                walk->demand[who] = NULL;
        }
        g_array_set_size(walk->demanded, 0);
}

static void walk_step(struct walk *walk)
{
        const struct up_account *account = walk->account;
        const struct up_account_step *step = up_account_step_at(account, walk->step);

        for (guint at = step->begin; at < step->end; at++) {
                guint subject = account->subjects[at];
                enum up_entry_kind kind = up_ledger_at(account->ledger, at)->kind;

                if (kind == UP_ENTRY_CRASH)
                        memset(walk->transaction, 0xff, account->recipients->len * sizeof(guint));
                if (subject == UP_NOWHERE)
                        continue;
                if (kind == UP_ENTRY_VIEW)
                        take_view(walk, up_account_change_at(account, subject));
                else if (kind == UP_ENTRY_SCANNED && can(account, UP_CAN_OWNER))
                        take_scanned(walk, at, up_account_request_at(account, subject));
                else if (kind == UP_ENTRY_SEND || kind == UP_ENTRY_SENT)
                        take_transaction(walk, at, subject);
        }
        end_of_step(walk);
}

/* The steps in which all that was due was to be done: the pipeline wants nothing more at once. */
static GArray *finished_runs(const struct up_account *account)
{
        GArray *runs = g_array_new(FALSE, FALSE, sizeof(guint));

        for (guint i = 0; i < account->steps->len; i++) {
                const struct up_account_step *step = up_account_step_at(account, i);
                if (step->run && step->whole && !step->crashed && step->next_ms > step->at_ms)
                        g_array_append_val(runs, i);
        }
        return runs;
}

/* The first of them after @step that is not before @due_ms; UP_NOWHERE. */
static guint run_for(
    const struct up_account *account, const GArray *runs, guint step, int64_t due_ms)
{
        guint low = 0, high = runs->len;

        while (low < high) {
                guint middle = low + (high - low) / 2, run = g_array_index(runs, guint, middle);
                if (run > step && up_account_step_at(account, run)->at_ms >= due_ms)
                        high = middle;
                else
                        low = middle + 1;
        }
        return low < runs->len ? g_array_index(runs, guint, low) : UP_NOWHERE;
}

static void judge_timer(
    struct walk *walk, const GArray *runs, const struct up_account_change *before)
{
        const struct up_account *account = walk->account;
        const struct up_view *view = before->view;
        const struct up_account_change *after =
            before->next != UP_NOWHERE ? up_account_change_at(account, before->next) : NULL;

        if (!is_unfinished(before) || !is_promised(account, before->recipient) ||
            (view->owner != UP_OWNER_TIMER && view->owner != UP_OWNER_WORKER))
                return;
        guint run = run_for(account, runs, before->step, view->owner_ms);
        if (run == UP_NOWHERE || (after != NULL && after->step < run))
                return; /* not fired, or moved on before */
        walk->judged++;
        if (after == NULL || after->step > run)
                speak(walk, before, up_account_step_at(account, run)->end - 1,
                    "its timer fired, and nothing came of it");
        else if (is_unfinished(after) && rank_of(after->view) >= rank_of(view))
                speak(walk, after, after->entry, "its timer fired, and its rank is no lower");
}

static void judge_timers(struct walk *walk)
{
        g_autoptr(GArray) runs = finished_runs(walk->account);

        for (guint i = 0; i < walk->account->changes->len; i++)
                judge_timer(walk, runs, up_account_change_at(walk->account, i));
}

uint64_t up_judge_no_progress(const struct up_account *account, GPtrArray *findings)
{
        guint count = account->recipients->len;
        g_autofree guint *current = g_new(guint, count + 1);
        g_autofree guint *transaction = g_new(guint, count + 1);
        g_autofree const char **demands = g_new0(const char *, count + 1);
        g_autofree bool *found = g_new0(bool, count + 1);
        g_autoptr(GArray) demanded = g_array_new(FALSE, FALSE, sizeof(guint));
        struct walk walk = { .account = account, .findings = findings, .current = current };

        walk.transaction = transaction;
        walk.demand = demands;
        walk.found = found;
        walk.demanded = demanded;
        memset(current, 0xff, count * sizeof(guint));
        memset(transaction, 0xff, count * sizeof(guint));
        for (walk.step = 0; walk.step < account->steps->len; walk.step++)
                walk_step(&walk);
        if (can(account, UP_CAN_OWNER))
                judge_timers(&walk);
        return walk.judged;
}

/* --- how the run ended ------------------------------------------------------------------------ */

static bool held_at_last(const struct up_account *account, const struct up_account_change *last)
{
        const struct up_account_message *message = up_account_message_at(
            account, up_account_recipient_at(account, last->recipient)->message);

        return up_account_on_hold(account, message, account->steps->len - 1) &&
               (!can(account, UP_CAN_OWNER) || last->view->owner == UP_OWNER_ADMINISTRATOR);
}

/* Of a whole step. */
static uint64_t digest_after(const struct up_account *account, guint step)
{
        return up_ledger_at(account->ledger, up_account_step_at(account, step)->end - 1)
            ->as.step.digest;
}

/* Of the last round of a cycle the first step; the last step where there was no round. */
static guint round_begin(const struct up_account *account)
{
        guint last = account->steps->len - 1;

        if (last > 0 && !up_account_step_at(account, last)->whole)
                last--; /* what stands behind the last step is none */
        for (guint step = last; step > 0; step--)
                if (digest_after(account, step - 1) == digest_after(account, last))
                        return step;
        return last;
}

static gint by_name(gconstpointer a, gconstpointer b)
{
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* All states of a round: the same wherever in it the run stopped. The caller owns the result. */
static char *round_states(const struct up_account *account, const struct up_account_change *last)
{
        g_autoptr(GPtrArray) states = g_ptr_array_new();
        guint begin = round_begin(account);

        g_ptr_array_add(states, (char *)state_of(last));
        for (guint i = 0; i < account->changes->len; i++) {
                const struct up_account_change *change = up_account_change_at(account, i);
                const char *state = state_of(change);
                if (change->recipient == last->recipient && change->step >= begin &&
                    !g_ptr_array_find_with_equal_func(states, state, g_str_equal, NULL))
                        g_ptr_array_add(states, (char *)state);
        }
        g_ptr_array_sort(states, by_name);
        g_ptr_array_add(states, NULL);
        return g_strjoinv(", ", (char **)states->pdata);
}

/* Whoever waits when the world stops for one of these reasons, a set of bits, waits for ever. How
 * many recipients were there to be judged: none if it stopped for another reason. */
static uint64_t judge_ending(const struct up_account *account, GPtrArray *findings,
    enum up_evidence evidence, unsigned endings, const char *what)
{
        uint64_t judged = 0;

        if (account->end == UP_NOWHERE)
                return 0;
        if ((1U << up_ledger_at(account->ledger, account->end)->as.ending & endings) == 0)
                return 0;
        for (guint i = 0; i < account->recipients->len; i++) {
                const struct up_account_recipient *recipient = up_account_recipient_at(account, i);
                if (!is_promised(account, i) || recipient->last_change == UP_NOWHERE)
                        continue;
                const struct up_account_change *last =
                    up_account_change_at(account, recipient->last_change);
                judged++;
                if (!up_account_waits(last) || held_at_last(account, last))
                        continue;
                g_autofree char *states = evidence == UP_EVIDENCE_CYCLE
                                              ? round_states(account, last)
                                              : g_strdup(state_of(last));
                add_as(account, findings, evidence, last, account->end, what, states);
        }
        return judged;
}

/* Settled is a run in which each has a disposition: but can what was delivered be read? */
uint64_t up_judge_no_wakeup(const struct up_account *account, GPtrArray *findings)
{
        return judge_ending(account, findings, UP_EVIDENCE_NO_WAKEUP,
            1U << UP_ENDING_IDLE | 1U << UP_ENDING_SETTLED, "nothing is due or outstanding");
}

/* The states that the world compared with each other: those after the script. */
uint64_t up_judge_cycle(const struct up_account *account, GPtrArray *findings)
{
        uint64_t judged = 0;
        bool script_ended = false;

        for (guint at = 0; at < account->ledger->entries->len; at++) {
                const struct up_entry *entry = up_ledger_at(account->ledger, at);
                script_ended |= entry->kind == UP_ENTRY_SCRIPT_END;
                judged += script_ended && entry->kind == UP_ENTRY_STEP;
        }
        judge_ending(account, findings, UP_EVIDENCE_CYCLE, 1U << UP_ENDING_CYCLE,
            "the same state came again and again");
        return judged;
}

/* More than whoever takes each attempt that a policy can allow, at a scan in transport, a scan in
 * the store and a transaction, three steps for each. */
#define STEPS_A_RECIPIENT 10000

/* The world's own limit is reached by a large case on a good pipeline, too. */
static bool has_too_many_steps(const struct up_account *account)
{
        return account->end != UP_NOWHERE &&
               up_ledger_at(account->ledger, account->end)->as.ending == UP_ENDING_STEPS &&
               account->steps->len > (guint64)STEPS_A_RECIPIENT * account->recipients->len;
}

/* A pipeline that turns on the spot is sick even when nobody waits: the next one will. */
uint64_t up_judge_spin(const struct up_account *account, GPtrArray *findings)
{
        guint before = findings->len;
        uint64_t judged = 0;

        for (guint at = 0; at < account->ledger->entries->len; at++)
                judged += up_ledger_at(account->ledger, at)->kind == UP_ENTRY_RUN;
        judge_ending(account, findings, UP_EVIDENCE_SPIN, 1U << UP_ENDING_SPIN,
            "the pipeline takes step upon step, and time stands still");
        if (account->end != UP_NOWHERE && findings->len == before &&
            up_ledger_at(account->ledger, account->end)->as.ending == UP_ENDING_SPIN) {
                struct up_finding *finding = up_finding_new(UP_CLASS_PENDING, "spin: nobody waits",
                    "the pipeline takes step upon step, time stands still, and nobody waits");
                finding->evidence = UP_EVIDENCE_SPIN;
                finding->shown_at = account->end;
                g_ptr_array_add(findings, finding);
        }
        if (has_too_many_steps(account))
                judge_ending(account, findings, UP_EVIDENCE_SPIN, 1U << UP_ENDING_STEPS,
                    "the run has too many steps");
        return judged;
}

/* --- past-bound ------------------------------------------------------------------------------- */

/* Exactly at its bound a recipient may still come to its end. Held, its time stands still. */
uint64_t up_judge_past_bound(const struct up_account *account, GPtrArray *findings)
{
        uint64_t judged = 0;

        for (guint i = 0; i < account->recipients->len; i++) {
                const struct up_account_message *message =
                    up_account_message_at(account, up_account_recipient_at(account, i)->message);
                int64_t bound_ms = message->bound_ms;
                struct up_span span;
                bool more = is_promised(account, i) && up_span_first(account, i, &span);

                for (; more; more = up_span_next(account, &span)) {
                        int64_t end_ms = up_span_end_ms(account, &span);
                        if (!up_account_waits(span.change)) {
                                if (span.end == account->steps->len && !span.change->gone)
                                        judged++;
                        } else if (span.held) {
                                bound_ms = MAX(bound_ms, end_ms + message->length_ms);
                        } else if (end_ms > bound_ms) {
                                judged++;
                                add(account, findings, UP_EVIDENCE_PAST_BOUND, span.change,
                                    up_account_first_after(account, bound_ms),
                                    "the clock is past its bound");
                                break;
                        }
                }
        }
        return judged;
}
