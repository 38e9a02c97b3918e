/*
 * machine - the pure machine alone, driven by the bytes of the message
 *
 * Each byte lets some time pass, then says what happens: one event of the content or of its
 * recipient, if the machine has a row for it. Timers fire by themselves, when time reaches them, as
 * the queue would let them; so the events that are a timer's are not for the bytes to choose. When
 * the bytes are at their end nothing comes from outside any more, and timers alone must bring the
 * message to its end, within the bound.
 *
 * After each step every rule of the table below is asked. The first one broken is the finding, for
 * what comes after it follows from it.
 *
 * One message with one recipient, no store, no ports: what those add is seen by scan_submit.c, some
 * ten to twenty times slower.
 */
#include <string.h>

#include "target/feedback.h"
#include "target/target.h"
#include "oracle/judge.h"
#include "scan_submit/machine.h"
#include "scan_submit/scan_submit.h"

/* More timers than this at one instant, and it would go on for ever. */
#define SPIN_STEPS 1000

/* What is final stays so; that has been seen after so many bytes more. */
#define BYTES_AFTER_END 8

enum part { CONTENT, RECIPIENT };
static const char *const part_names[] = { "content", "recipient" };

struct states {
        struct up_content content;
        struct up_recipient recipient;
};

/* What one step did, for the rules. */
struct step {
        enum part part;
        unsigned event;
        struct states before;
};

struct play {
        const struct up_machine *machine;
        const struct up_policy *policy;
        struct up_case_result *result;
        struct states states;
        int64_t now_ms;
        int64_t given_up_ms; /* when the lifetime is over */
        int64_t bound_ms;    /* when it has to be at its end */
        unsigned at_once;    /* timers that fired at this instant */
        bool over;           /* a rule is broken: nothing that follows counts */
        GString *trace;      /* NULL: none is needed */
        unsigned trace_columns;
};

/* --- names ------------------------------------------------------------------------------------ */

static const char *state_name(const struct states *states, enum part part)
{
        return part == CONTENT ? up_content_state_names[states->content.state]
                               : up_recipient_state_names[states->recipient.state];
}

static const char *event_name(enum part part, unsigned event)
{
        return part == CONTENT ? up_content_event_names[event] : up_recipient_event_names[event];
}

static uint64_t rank_of(const struct states *states, enum part part)
{
        return part == CONTENT ? up_content_rank(&states->content)
                               : up_recipient_rank(&states->recipient);
}

static int64_t attempts_left(const struct states *states, enum part part)
{
        return part == CONTENT ? states->content.attempts_left : states->recipient.attempts_left;
}

/* --- the rules -------------------------------------------------------------------------------- */

/* Is the event the result of an attempt, or a timer that fired? */
static bool ends_something(const struct step *step)
{
        return step->part == CONTENT ? up_content_results[step->event]
                                     : up_recipient_results[step->event];
}

static bool rank_falls(const struct play *play, const struct step *step)
{
        uint64_t before = rank_of(&step->before, step->part);
        uint64_t after = rank_of(&play->states, step->part);

        return ends_something(step) ? after < before : after <= before;
}

static bool attempts_are_left(const struct play *play, const struct step *step)
{
        return attempts_left(&play->states, step->part) >= 0;
}

static bool decided_stays(const struct play *play, const struct step *step)
{
        return !up_content_is_decided(&step->before.content) ||
               play->states.content.state == step->before.content.state;
}

static bool final_stays(const struct play *play, const struct step *step)
{
        return step->before.recipient.state != UP_RECIPIENT_FINAL ||
               (play->states.recipient.state == UP_RECIPIENT_FINAL &&
                   play->states.recipient.disposition == step->before.recipient.disposition);
}

/* Who waits has a timer that will wake it; the queue itself takes what is ready. */
static bool is_owned(const struct play *play, const struct step *step)
{
        const struct up_content *content = &play->states.content;
        const struct up_recipient *recipient = &play->states.recipient;
        (void)step;

        return (content->state != UP_CONTENT_SCANNING || content->watch_ms != UP_NEVER_MS) &&
               (content->state != UP_CONTENT_SCAN_WAIT || content->retry_ms != UP_NEVER_MS) &&
               (recipient->state != UP_RECIPIENT_SENDING || recipient->watch_ms != UP_NEVER_MS) &&
               (recipient->state != UP_RECIPIENT_SEND_WAIT || recipient->retry_ms != UP_NEVER_MS);
}

static bool is_at_its_end(const struct up_recipient *recipient)
{
        return recipient->state == UP_RECIPIENT_FINAL;
}

/* Until its lifetime is over there is a last timer, besides all the others. */
static bool expiry_is_armed(const struct play *play, const struct step *step)
{
        (void)step;
        return is_at_its_end(&play->states.recipient) || play->now_ms >= play->given_up_ms ||
               play->states.content.expiry_ms == play->given_up_ms;
}

/* A transaction under way is waited for, once; who was held by an administrator stays so. */
static bool expiry_ends_it(const struct play *play, const struct step *step)
{
        if (step->part == CONTENT)
                return step->event != UP_CONTENT_EXPIRE ||
                       up_content_is_decided(&play->states.content);
        return step->event != UP_RECIPIENT_EXPIRE || is_at_its_end(&play->states.recipient) ||
               play->states.recipient.state == UP_RECIPIENT_HELD ||
               (play->states.recipient.state == UP_RECIPIENT_SENDING &&
                   play->states.recipient.expired);
}

static bool has_disposition(const struct play *play, const struct step *step)
{
        const struct up_recipient *recipient = &play->states.recipient;
        (void)step;

        return is_at_its_end(recipient) == (recipient->disposition != UP_DISPOSITION_NONE);
}

static const struct rule {
        enum up_class class;
        enum up_evidence evidence;
        const char *broken; /* what it means when it does not hold */
        bool (*holds)(const struct play *play, const struct step *step);
} rules[] = {
        { UP_CLASS_PENDING, UP_EVIDENCE_NO_PROGRESS,
            "the rank rose, or a result or a timer did not lower it", rank_falls },
        { UP_CLASS_PENDING, UP_EVIDENCE_NO_PROGRESS, "more attempts were made than there were",
            attempts_are_left },
        { UP_CLASS_PENDING, UP_EVIDENCE_NO_PROGRESS, "a content that was decided is so no more",
            decided_stays },
        { UP_CLASS_LOST, UP_EVIDENCE_NONE, "a recipient has another disposition than it had",
            final_stays },
        { UP_CLASS_PENDING, UP_EVIDENCE_UNOWNED, "it waits, and no timer will wake it", is_owned },
        { UP_CLASS_PENDING, UP_EVIDENCE_UNOWNED,
            "its expiry is not the one that it was accepted with", expiry_is_armed },
        { UP_CLASS_PENDING, UP_EVIDENCE_PAST_BOUND, "its lifetime is over, and it goes on",
            expiry_ends_it },
        { UP_CLASS_LOST, UP_EVIDENCE_NONE, "it is final without a disposition, or the reverse",
            has_disposition },
};

/* --- telling ---------------------------------------------------------------------------------- */

/* Each rule counts for the oracle that finds the same by a ledger. */
static void count(struct up_case_result *result, enum up_class class, enum up_evidence evidence)
{
        for (size_t i = 0; i < UP_ORACLE_COUNT; i++)
                if (up_oracle_rows[i].class == class && up_oracle_rows[i].evidence == evidence)
                        result->judged[i]++;
}

static void fail(struct play *play, enum up_class class, enum up_evidence evidence,
    const char *where, const char *what)
{
        const char *name = evidence != UP_EVIDENCE_NONE ? up_evidence_rows[evidence].name
                                                        : up_class_rows[class].name;
        g_autofree char *signature = g_strdup_printf("%s: %s", name, where);
        g_autofree char *time = up_ledger_time(play->now_ms);
        g_autofree char *detail = g_strdup_printf("at %s: %s (content %s, recipient %s)", time,
            what, state_name(&play->states, CONTENT), state_name(&play->states, RECIPIENT));
        struct up_finding *finding = up_finding_new(class, signature, detail);

        finding->evidence = evidence;
        g_ptr_array_add(play->result->findings, finding);
        play->over = true;
        if (play->trace != NULL)
                g_string_append_printf(play->trace, "  >>> %s\n", what);
}

/* What does not fit goes below, as in the traces of other targets. */
#define STORY_INDENT 16

static void tell_actions(const struct play *play, size_t at, unsigned actions)
{
        size_t columns = play->trace_columns;

        for (unsigned i = 0; i < UP_ACTIONS; i++) {
                const char *name = up_action_names[i];
                if ((actions & (1U << i)) == 0)
                        continue;
                if (at + 1 + strlen(name) > columns) {
                        g_string_append_printf(play->trace, "\n%*s", STORY_INDENT, "");
                        at = STORY_INDENT;
                }
                g_string_append_printf(play->trace, " %s", name);
                at += 1 + strlen(name);
        }
}

static void tell_step(const struct play *play, const struct step *step, unsigned actions)
{
        g_autofree char *time = up_ledger_time(play->now_ms);
        g_autofree char *line =
            g_strdup_printf("%12s  %-9s %s + %s -> %s, rank %" G_GUINT64_FORMAT "%s", time,
                part_names[step->part], state_name(&step->before, step->part),
                event_name(step->part, step->event), state_name(&play->states, step->part),
                rank_of(&play->states, step->part), actions != 0 ? ":" : "");

        g_string_append(play->trace, line);
        tell_actions(play, strlen(line), actions);
        g_string_append_c(play->trace, '\n');
}

/* --- steps ------------------------------------------------------------------------------------ */

static void judge_step(struct play *play, const struct step *step)
{
        g_autofree char *where = g_strdup_printf(
            "%s + %s", state_name(&step->before, step->part), event_name(step->part, step->event));

        for (size_t i = 0; i < G_N_ELEMENTS(rules) && !play->over; i++) {
                count(play->result, rules[i].class, rules[i].evidence);
                if (!rules[i].holds(play, step))
                        fail(play, rules[i].class, rules[i].evidence, where, rules[i].broken);
        }
}

static bool allows(const struct play *play, enum part part, unsigned event)
{
        return part == CONTENT ? up_content_allows(&play->states.content, play->machine,
                                     (enum up_content_event)event)
                               : up_recipient_allows(&play->states.recipient, play->machine,
                                     (enum up_recipient_event)event);
}

/* One event, if there is a row for it and all has gone well so far. */
static void take(struct play *play, enum part part, unsigned event)
{
        const struct step step = { part, event, play->states };
        unsigned actions;

        if (play->over || !allows(play, part, event))
                return;
        actions = part == CONTENT ? up_content_step(&play->states.content, play->machine,
                                        play->policy, (enum up_content_event)event, play->now_ms)
                                  : up_recipient_step(&play->states.recipient, play->machine,
                                        play->policy, (enum up_recipient_event)event, play->now_ms);
        up_feedback_step(part_names[part], state_name(&step.before, part),
            state_name(&play->states, part), (uint64_t)MAX(attempts_left(&play->states, part), 0));
        if (play->trace != NULL)
                tell_step(play, &step, actions);
        judge_step(play, &step);
}

/* What the queue does at once: a content that may not go is its recipients' fate. */
static void tell_fate(struct play *play)
{
        const struct up_content *content = &play->states.content;

        if (!play->over && up_content_is_decided(content) &&
            !up_content_may_go(content, play->policy))
                take(play, RECIPIENT, up_content_fate(content, play->policy));
}

/* In the order of the queue: whoever expires does so by itself, not by its content's fate. */
static void take_both(struct play *play, unsigned content_event, unsigned recipient_event)
{
        take(play, RECIPIENT, recipient_event);
        take(play, CONTENT, content_event);
}

/* --- time ------------------------------------------------------------------------------------- */

static int64_t next_ms(const struct play *play)
{
        const struct states *states = &play->states;
        const int64_t timers[] = { states->content.watch_ms, states->content.retry_ms,
                states->recipient.watch_ms, states->recipient.retry_ms, states->content.expiry_ms };
        int64_t next = UP_NEVER_MS;

        for (size_t i = 0; i < G_N_ELEMENTS(timers); i++)
                next = MIN(next, timers[i]);
        return next;
}

static void fire(struct play *play)
{
        struct states *states = &play->states;

        if (states->content.watch_ms <= play->now_ms)
                take(play, CONTENT, UP_CONTENT_TIMEOUT);
        else if (states->content.retry_ms <= play->now_ms)
                take(play, CONTENT, UP_CONTENT_RETRY);
        else if (states->recipient.watch_ms <= play->now_ms)
                take(play, RECIPIENT, UP_RECIPIENT_TIMEOUT);
        else if (states->recipient.retry_ms <= play->now_ms)
                take(play, RECIPIENT, UP_RECIPIENT_RETRY);
        else
                take_both(play, UP_CONTENT_EXPIRE, UP_RECIPIENT_EXPIRE);
        tell_fate(play);
}

/* Lets time pass until then; what is due on the way fires, and what is due then. */
static void pass_until(struct play *play, int64_t until_ms)
{
        while (!play->over && next_ms(play) <= until_ms) {
                int64_t due_ms = MAX(next_ms(play), play->now_ms);
                play->at_once = due_ms == play->now_ms ? play->at_once + 1 : 0;
                play->now_ms = due_ms;
                count(play->result, UP_CLASS_PENDING, UP_EVIDENCE_SPIN);
                if (play->at_once > SPIN_STEPS)
                        fail(play, UP_CLASS_PENDING, UP_EVIDENCE_SPIN,
                            state_name(&play->states, CONTENT), "timers fire without end");
                else
                        fire(play);
        }
        if (!play->over)
                play->now_ms = MAX(play->now_ms, until_ms);
}

/* How time passes before an event: by so much, or to the next timer. */
enum passing { NOT, TICK, SECOND, MINUTE, HOUR, DAY, BEFORE_TIMER, AT_TIMER, PASSINGS };

static void pass(struct play *play, enum passing passing)
{
        static const int64_t times_ms[] = { 0, 1, 1000, 60000, 3600000, 86400000 };
        int64_t next;

        pass_until(play, play->now_ms);
        next = next_ms(play);
        if (passing < BEFORE_TIMER)
                pass_until(play, play->now_ms + times_ms[passing]);
        else if (next != UP_NEVER_MS)
                play->now_ms = passing == AT_TIMER ? next : MAX(play->now_ms, next - 1);
}

/* --- a case ----------------------------------------------------------------------------------- */

/* A timer's event, and what a step itself replaces, are not for the environment to choose. */
static bool is_for_bytes(const struct play *play, enum part part, unsigned event)
{
        const struct up_content *content = &play->states.content;

        if (part == CONTENT)
                return event != UP_CONTENT_TIMEOUT && event != UP_CONTENT_RETRY &&
                       event != UP_CONTENT_EXPIRE && event != UP_CONTENT_EXHAUSTED &&
                       event != UP_CONTENT_RESTART;
        return event != UP_RECIPIENT_TIMEOUT && event != UP_RECIPIENT_RETRY &&
               event != UP_RECIPIENT_EXPIRE && event != UP_RECIPIENT_EXHAUSTED &&
               event != UP_RECIPIENT_RESTART && event != UP_RECIPIENT_RETURN &&
               event != UP_RECIPIENT_QUARANTINE && event != UP_RECIPIENT_DISCARD &&
               (event != UP_RECIPIENT_BEGIN ||
                   (up_content_is_decided(content) && up_content_may_go(content, play->policy)));
}

/* Who was held has the whole bound again, but for a lifetime that is over: that ends it at once. */
static void release(struct play *play)
{
        if (play->over || play->states.recipient.state != UP_RECIPIENT_HELD)
                return;
        take(play, RECIPIENT, UP_RECIPIENT_RELEASE);
        play->bound_ms = MAX(play->bound_ms, play->now_ms + up_policy_bound_ms(play->policy));
        tell_fate(play);
        if (play->now_ms >= play->given_up_ms)
                take(play, RECIPIENT, UP_RECIPIENT_EXPIRE);
}

/* A byte: three bits of time, five that say what happens. */
#define EVENT_BITS 5
#define RESTART    ((1U << EVENT_BITS) - 1)
G_STATIC_ASSERT(UP_CONTENT_EVENT_COUNT + UP_RECIPIENT_EVENT_COUNT <= RESTART);
G_STATIC_ASSERT(PASSINGS == 1 << (8 - EVENT_BITS));

static void read_byte(struct play *play, uint8_t byte)
{
        unsigned choice = byte & RESTART;
        enum part part = choice < UP_CONTENT_EVENT_COUNT ? CONTENT : RECIPIENT;
        unsigned event = part == CONTENT ? choice : choice - UP_CONTENT_EVENT_COUNT;

        pass(play, (enum passing)(byte >> EVENT_BITS));
        if (choice == RESTART)
                take_both(play, UP_CONTENT_RESTART, UP_RECIPIENT_RESTART);
        else if (part == RECIPIENT && event == UP_RECIPIENT_RELEASE)
                release(play);
        else if (event < UP_RECIPIENT_EVENT_COUNT && is_for_bytes(play, part, event))
                take(play, part, event);
        tell_fate(play);
}

/* The queue takes what is ready; nobody else does anything any more. */
static void work(struct play *play)
{
        take(play, CONTENT, UP_CONTENT_BEGIN);
        if (is_for_bytes(play, RECIPIENT, UP_RECIPIENT_BEGIN))
                take(play, RECIPIENT, UP_RECIPIENT_BEGIN);
}

static void settle(struct play *play)
{
        release(play);
        count(play->result, UP_CLASS_PENDING, UP_EVIDENCE_NO_WAKEUP);
        count(play->result, UP_CLASS_PENDING, UP_EVIDENCE_PAST_BOUND);
        while (!play->over && !is_at_its_end(&play->states.recipient)) {
                g_autofree char *where = g_strdup_printf("%s + %s",
                    state_name(&play->states, CONTENT), state_name(&play->states, RECIPIENT));
                work(play);
                if (play->over)
                        return;
                if (next_ms(play) == UP_NEVER_MS)
                        fail(play, UP_CLASS_PENDING, UP_EVIDENCE_NO_WAKEUP, where,
                            "nothing is due, and it is not at its end");
                else if (next_ms(play) > play->bound_ms)
                        fail(play, UP_CLASS_PENDING, UP_EVIDENCE_PAST_BOUND, where,
                            "by timers alone it does not end within its bound");
                else
                        pass_until(play, next_ms(play));
        }
}

static const struct up_machine *machine_of(const struct up_pipeline *faulty)
{
        return faulty != NULL ? up_scan_submit_machine(faulty) : &up_machine;
}

static void examine(
    const struct up_case *c, const struct up_target_input *input, struct up_case_result *result)
{
        gsize bytes;
        const uint8_t *data = g_bytes_get_data(c->message, &bytes);
        unsigned after_end = 0;
        g_autoptr(GString) trace = input->trace_columns > 0 ? g_string_new(NULL) : NULL;
        struct play play = {
                .machine = machine_of(input->faulty),
                .policy = &c->policy,
                .result = result,
                .states = { up_content_init(&c->policy),
                    up_recipient_init(&c->policy, c->envelope.from[0] == '\0') },
                .given_up_ms = c->policy.lifetime_ms,
                .bound_ms = up_policy_bound_ms(&c->policy),
                .trace = trace,
                .trace_columns = input->trace_columns,
        };

        take(&play, CONTENT, UP_CONTENT_ACCEPT);
        for (gsize i = 0; i < bytes && !play.over && after_end < BYTES_AFTER_END; i++) {
                read_byte(&play, data[i]);
                after_end += is_at_its_end(&play.states.recipient);
        }
        up_feedback_step("waits", state_name(&play.states, CONTENT),
            state_name(&play.states, RECIPIENT), (uint64_t)play.now_ms);
        settle(&play);
        if (trace != NULL)
                result->trace = g_strdup(trace->str);
}

const struct up_target up_target = {
        .name = "machine", .examine = examine, .fuel = { 1000000, 10000 }, .linear = true
};
