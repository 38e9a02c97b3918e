/*
 * check_machine - the rules, and a simulation of time without a queue
 */
#include "scan_submit/check_machine.h"

/* More timers at one instant than this count as an endless loop. */
#define SPIN_STEPS 1000

/* A final state must not change; that is checked for this many more bytes. */
#define BYTES_AFTER_END 8

enum part { CONTENT, RECIPIENT };
static const char *const part_names[] = { "content", "recipient" };

struct states {
        struct up_content content;
        struct up_recipient recipient;
};

struct step {
        enum part part;
        unsigned event;
        struct states before;
};

struct run {
        struct up_machine_check *check;
        struct states states;
        int64_t now_ms;
        int64_t lifetime_end_ms;
        int64_t bound_ms;
        unsigned fired; /* timers at this instant */
};

/* --- what events mean --------------------------------------------------------------------------
 */

/* Not those of the machine: it is under test. An event that is the result of an attempt or of a
 * timer lowers the rank; one that decides leaves one state or disposition. */
static const struct {
        bool is_result, decides;
        enum up_content_state state;
} content_meanings[UP_CONTENT_EVENT_COUNT] = {
        [UP_CONTENT_PASS] = { false, true, UP_CONTENT_CLEARED },
        [UP_CONTENT_CLEAN] = { true, true, UP_CONTENT_CLEARED },
        [UP_CONTENT_INFECTED] = { true, true, UP_CONTENT_CONDEMNED },
        [UP_CONTENT_OPAQUE] = { true, true, UP_CONTENT_UNSCANNABLE },
        [UP_CONTENT_CHANGED] = { true, true, UP_CONTENT_REWRITTEN },
        [UP_CONTENT_NO_VERDICT] = { .is_result = true },
        [UP_CONTENT_ERROR] = { .is_result = true },
        [UP_CONTENT_TIMEOUT] = { .is_result = true },
        [UP_CONTENT_RETRY] = { true, true, UP_CONTENT_PENDING },
};

static const struct {
        bool is_result;
        enum up_disposition disposition; /* UP_DISPOSITION_NONE: it decides nothing */
} recipient_meanings[UP_RECIPIENT_EVENT_COUNT] = {
        [UP_RECIPIENT_ACCEPTED] = { true, UP_DISPOSITION_DELIVERED },
        [UP_RECIPIENT_DEFERRED] = { .is_result = true },
        [UP_RECIPIENT_UNKNOWN] = { .is_result = true },
        [UP_RECIPIENT_TIMEOUT] = { .is_result = true },
        [UP_RECIPIENT_REJECTED] = { true, UP_DISPOSITION_BOUNCED },
        [UP_RECIPIENT_RETRY] = { .is_result = true },
        [UP_RECIPIENT_RETURN] = { false, UP_DISPOSITION_BOUNCED },
        [UP_RECIPIENT_QUARANTINE] = { false, UP_DISPOSITION_QUARANTINED },
        [UP_RECIPIENT_DISCARD] = { false, UP_DISPOSITION_DISCARDED },
        [UP_RECIPIENT_DELETE] = { false, UP_DISPOSITION_DISCARDED },
};

/* --- one interface to both parts -------------------------------------------------------------- */

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

static bool is_final(const struct run *run)
{
        return run->states.recipient.state == UP_RECIPIENT_FINAL;
}

/* --- the rules -------------------------------------------------------------------------------- */

static bool rank_falls(const struct run *run, const struct step *step)
{
        uint64_t before = rank_of(&step->before, step->part);
        uint64_t after = rank_of(&run->states, step->part);
        bool is_result = step->part == CONTENT ? content_meanings[step->event].is_result
                                               : recipient_meanings[step->event].is_result;

        return is_result ? after < before : after <= before;
}

static bool has_attempts_left(const struct run *run, const struct step *step)
{
        return attempts_left(&run->states, step->part) >= 0;
}

static bool decision_stays(const struct run *run, const struct step *step)
{
        return !up_content_is_decided(&step->before.content) ||
               run->states.content.state == step->before.content.state;
}

static bool disposition_stays(const struct run *run, const struct step *step)
{
        return step->before.recipient.state != UP_RECIPIENT_FINAL ||
               (is_final(run) &&
                   run->states.recipient.disposition == step->before.recipient.disposition);
}

static bool timer_is_armed(const struct run *run, G_GNUC_UNUSED const struct step *step)
{
        const struct up_content *content = &run->states.content;
        const struct up_recipient *recipient = &run->states.recipient;

        return (content->state != UP_CONTENT_SCANNING || content->watch_ms != UP_NEVER_MS) &&
               (content->state != UP_CONTENT_SCAN_WAIT || content->retry_ms != UP_NEVER_MS) &&
               (recipient->state != UP_RECIPIENT_SENDING || recipient->watch_ms != UP_NEVER_MS) &&
               (recipient->state != UP_RECIPIENT_SEND_WAIT || recipient->retry_ms != UP_NEVER_MS);
}

static bool expiry_is_armed(const struct run *run, G_GNUC_UNUSED const struct step *step)
{
        return is_final(run) || run->now_ms >= run->lifetime_end_ms ||
               run->states.content.expiry_ms == run->lifetime_end_ms;
}

/* A transaction in progress may finish, and a held recipient stays held. */
static bool expiry_ends(const struct run *run, const struct step *step)
{
        const struct up_recipient *recipient = &run->states.recipient;

        if (step->part == CONTENT)
                return step->event != UP_CONTENT_EXPIRE ||
                       up_content_is_decided(&run->states.content);
        return step->event != UP_RECIPIENT_EXPIRE || is_final(run) ||
               recipient->state == UP_RECIPIENT_HELD ||
               (recipient->state == UP_RECIPIENT_SENDING && recipient->expired);
}

static bool final_has_disposition(const struct run *run, G_GNUC_UNUSED const struct step *step)
{
        return is_final(run) == (run->states.recipient.disposition != UP_DISPOSITION_NONE);
}

/* The failure of mail from the null sender is not reported. */
static bool meaning_is_heeded(const struct run *run, const struct step *step)
{
        const struct up_recipient *recipient = &run->states.recipient;
        enum up_disposition wanted;

        if (step->part == CONTENT)
                return !content_meanings[step->event].decides ||
                       run->states.content.state == content_meanings[step->event].state;
        wanted = recipient_meanings[step->event].disposition;
        if (wanted == UP_DISPOSITION_BOUNCED && recipient->null_sender)
                wanted = UP_DISPOSITION_ABANDONED;
        return wanted == UP_DISPOSITION_NONE || recipient->disposition == wanted;
}

/* Those without a function are checked as time passes. */
static const struct {
        const char *broken;
        bool (*holds)(const struct run *run, const struct step *step);
} rules[UP_RULE_COUNT] = {
        [UP_RULE_ATTEMPTS_LEFT] = { "more attempts were made than allowed", has_attempts_left },
        [UP_RULE_RANK_FALLS] = { "the rank rose, or a result or timer did not lower it",
            rank_falls },
        [UP_RULE_DECISION_STAYS] = { "the decision about a content changed", decision_stays },
        [UP_RULE_DISPOSITION_STAYS] = { "the disposition of a recipient changed",
            disposition_stays },
        [UP_RULE_TIMER_ARMED] = { "it waits without a timer", timer_is_armed },
        [UP_RULE_EXPIRY_ARMED] = { "its expiry is not the one set at acceptance", expiry_is_armed },
        [UP_RULE_EXPIRY_ENDS] = { "its lifetime is over, but it continues", expiry_ends },
        [UP_RULE_FINAL_HAS_DISPOSITION] = { "it is final without a disposition, or the reverse",
            final_has_disposition },
        [UP_RULE_MEANING_HEEDED] = { "an event did not have the outcome that it stands for",
            meaning_is_heeded },
        [UP_RULE_NO_SPIN] = { "timers fire without end", NULL },
        [UP_RULE_WAKEUP] = { "it is not final, and no timer is armed", NULL },
        [UP_RULE_WITHIN_BOUND] = { "timers alone do not finish it within its bound", NULL },
};

static void check_rule(
    struct run *run, enum up_machine_rule rule, bool holds, const char *before, const char *event)
{
        struct up_machine_check *check = run->check;

        if (check->broken != NULL)
                return;
        check->checked[rule]++;
        if (holds)
                return;
        check->broken = rules[rule].broken;
        check->rule = rule;
        check->where = g_strdup_printf("%s + %s", before, event);
}

/* --- steps ------------------------------------------------------------------------------------ */

static bool allows(const struct run *run, enum part part, unsigned event)
{
        const struct up_machine *machine = run->check->machine;

        return part == CONTENT ? machine->content[run->states.content.state][event].allowed
                               : machine->recipient[run->states.recipient.state][event].allowed;
}

static void report_step(const struct run *run, const struct up_machine_step *step)
{
        if (run->check->on_step != NULL)
                run->check->on_step(step, run->check->data);
}

/* Takes one event if the machine has a row for it. */
static void take(struct run *run, enum part part, unsigned event)
{
        struct up_machine_check *check = run->check;
        const struct step step = { part, event, run->states };
        const char *before = state_name(&step.before, part);

        if (check->broken != NULL || !allows(run, part, event))
                return;
        unsigned actions = part == CONTENT
                               ? up_content_step(&run->states.content, check->machine,
                                     check->policy, (enum up_content_event)event, run->now_ms)
                               : up_recipient_step(&run->states.recipient, check->machine,
                                     check->policy, (enum up_recipient_event)event, run->now_ms);
        report_step(run, &(struct up_machine_step){ run->now_ms, part_names[part], before,
                             event_name(part, event), state_name(&run->states, part),
                             (uint64_t)MAX(attempts_left(&run->states, part), 0),
                             rank_of(&run->states, part), actions });
        for (size_t i = 0; i < UP_RULE_COUNT; i++)
                if (rules[i].holds != NULL)
                        check_rule(run, (enum up_machine_rule)i, rules[i].holds(run, &step), before,
                            event_name(part, event));
}

/* As the queue does after each step: a content that may not be sent ends its recipients. */
static void apply_decision(struct run *run)
{
        const struct up_content *content = &run->states.content;

        if (up_content_is_decided(content) && !up_content_may_go(content, run->check->policy))
                take(run, RECIPIENT, up_content_fate(content, run->check->policy));
}

/* In the queue's order, so that an expired recipient is not refused by its content first. */
static void take_both(struct run *run, unsigned content_event, unsigned recipient_event)
{
        take(run, RECIPIENT, recipient_event);
        take(run, CONTENT, content_event);
        apply_decision(run);
}

/* --- time ------------------------------------------------------------------------------------- */

static int64_t next_ms(const struct run *run)
{
        const struct up_content *content = &run->states.content;
        const struct up_recipient *recipient = &run->states.recipient;

        return MIN(MIN(MIN(content->watch_ms, content->retry_ms),
                       MIN(recipient->watch_ms, recipient->retry_ms)),
            content->expiry_ms);
}

static void fire_timer(struct run *run)
{
        const struct up_content *content = &run->states.content;
        const struct up_recipient *recipient = &run->states.recipient;

        if (content->watch_ms <= run->now_ms)
                take(run, CONTENT, UP_CONTENT_TIMEOUT);
        else if (content->retry_ms <= run->now_ms)
                take(run, CONTENT, UP_CONTENT_RETRY);
        else if (recipient->watch_ms <= run->now_ms)
                take(run, RECIPIENT, UP_RECIPIENT_TIMEOUT);
        else if (recipient->retry_ms <= run->now_ms)
                take(run, RECIPIENT, UP_RECIPIENT_RETRY);
        else
                take_both(run, UP_CONTENT_EXPIRE, UP_RECIPIENT_EXPIRE);
        apply_decision(run);
}

/* Advances time to @until_ms and fires every timer that is due by then. */
static void advance(struct run *run, int64_t until_ms)
{
        while (run->check->broken == NULL && next_ms(run) <= until_ms) {
                int64_t due_ms = MAX(next_ms(run), run->now_ms);

                run->fired = due_ms == run->now_ms ? run->fired + 1 : 0;
                run->now_ms = due_ms;
                check_rule(run, UP_RULE_NO_SPIN, run->fired <= SPIN_STEPS,
                    state_name(&run->states, CONTENT), state_name(&run->states, RECIPIENT));
                fire_timer(run);
        }
        if (run->check->broken == NULL)
                run->now_ms = MAX(run->now_ms, until_ms);
}

/* How much time passes before a byte's event: a fixed time, or up to the next timer. */
enum interval { NO_TIME, TICK, SECOND, MINUTE, HOUR, DAY, BEFORE_TIMER, AT_TIMER, INTERVAL_COUNT };

static void pass_interval(struct run *run, enum interval interval)
{
        static const int64_t times_ms[] = { 0, 1, 1000, 60000, 3600000, 86400000 };

        advance(run, run->now_ms);
        int64_t next = next_ms(run);
        if (interval < BEFORE_TIMER)
                advance(run, run->now_ms + times_ms[interval]);
        else if (next != UP_NEVER_MS)
                run->now_ms = interval == AT_TIMER ? next : MAX(run->now_ms, next - 1);
}

/* --- a run ------------------------------------------------------------------------------------ */

/* Events that timers, decisions or the machine itself make are not for the environment. */
static bool is_external(const struct run *run, enum part part, unsigned event)
{
        const struct up_content *content = &run->states.content;

        if (part == CONTENT)
                return event != UP_CONTENT_TIMEOUT && event != UP_CONTENT_RETRY &&
                       event != UP_CONTENT_EXPIRE && event != UP_CONTENT_EXHAUSTED &&
                       event != UP_CONTENT_RESTART;
        return event != UP_RECIPIENT_TIMEOUT && event != UP_RECIPIENT_RETRY &&
               event != UP_RECIPIENT_EXPIRE && event != UP_RECIPIENT_EXHAUSTED &&
               event != UP_RECIPIENT_RESTART && event != UP_RECIPIENT_RETURN &&
               event != UP_RECIPIENT_QUARANTINE && event != UP_RECIPIENT_DISCARD &&
               (event != UP_RECIPIENT_BEGIN || (up_content_is_decided(content) &&
                                                   up_content_may_go(content, run->check->policy)));
}

/* A released recipient has the whole bound again, unless its lifetime is over. */
static void release(struct run *run)
{
        if (run->check->broken != NULL || run->states.recipient.state != UP_RECIPIENT_HELD)
                return;
        take(run, RECIPIENT, UP_RECIPIENT_RELEASE);
        run->bound_ms = MAX(run->bound_ms, run->now_ms + up_policy_bound_ms(run->check->policy));
        apply_decision(run);
        if (run->now_ms >= run->lifetime_end_ms)
                take(run, RECIPIENT, UP_RECIPIENT_EXPIRE);
}

/* A byte: three bits of time, then five bits of event. */
#define EVENT_BITS 5
#define RESTART    ((1U << EVENT_BITS) - 1)
G_STATIC_ASSERT(UP_CONTENT_EVENT_COUNT + UP_RECIPIENT_EVENT_COUNT <= RESTART);
G_STATIC_ASSERT(INTERVAL_COUNT == 1 << (8 - EVENT_BITS));

static void take_byte(struct run *run, uint8_t byte)
{
        unsigned choice = byte & RESTART;
        enum part part = choice < UP_CONTENT_EVENT_COUNT ? CONTENT : RECIPIENT;
        unsigned event = part == CONTENT ? choice : choice - UP_CONTENT_EVENT_COUNT;

        pass_interval(run, (enum interval)(byte >> EVENT_BITS));
        if (choice == RESTART)
                take_both(run, UP_CONTENT_RESTART, UP_RECIPIENT_RESTART);
        else if (part == RECIPIENT && event == UP_RECIPIENT_RELEASE)
                release(run);
        else if (event < UP_RECIPIENT_EVENT_COUNT && is_external(run, part, event))
                take(run, part, event);
        apply_decision(run);
}

/* No more external events: begins what is ready and fires timers until the recipient is final. */
static void settle(struct run *run)
{
        release(run);
        run->check->checked[UP_RULE_WAKEUP]++;
        run->check->checked[UP_RULE_WITHIN_BOUND]++;
        while (run->check->broken == NULL && !is_final(run)) {
                const char *content = state_name(&run->states, CONTENT);
                const char *recipient = state_name(&run->states, RECIPIENT);

                take(run, CONTENT, UP_CONTENT_BEGIN);
                if (is_external(run, RECIPIENT, UP_RECIPIENT_BEGIN))
                        take(run, RECIPIENT, UP_RECIPIENT_BEGIN);
                check_rule(run, UP_RULE_WAKEUP, next_ms(run) != UP_NEVER_MS, content, recipient);
                check_rule(
                    run, UP_RULE_WITHIN_BOUND, next_ms(run) <= run->bound_ms, content, recipient);
                advance(run, run->check->broken == NULL ? next_ms(run) : run->now_ms);
        }
}

void up_check_machine(struct up_machine_check *check, const uint8_t *events, size_t bytes)
{
        struct run run = {
                .check = check,
                .states = { up_content_init(check->policy),
                    up_recipient_init(check->policy, check->null_sender) },
                .lifetime_end_ms = check->policy->lifetime_ms,
                .bound_ms = up_policy_bound_ms(check->policy),
        };
        unsigned after_end = 0;

        take(&run, CONTENT, UP_CONTENT_ACCEPT);
        for (size_t i = 0; i < bytes && check->broken == NULL && after_end < BYTES_AFTER_END; i++) {
                take_byte(&run, events[i]);
                after_end += is_final(&run);
        }
        report_step(&run, &(struct up_machine_step){ .now_ms = run.now_ms,
                              .part = "waits",
                              .before = state_name(&run.states, CONTENT),
                              .after = state_name(&run.states, RECIPIENT) });
        settle(&run);
        check->content = state_name(&run.states, CONTENT);
        check->recipient = state_name(&run.states, RECIPIENT);
        check->now_ms = run.now_ms;
}
