/*
 * machine - the two tables, and the one function for each that takes a step
 *
 * How the attempts are counted: at the result of an attempt, and at a restart in the midst of one,
 * so that a message that kills the process is given up like any other. A row that counts the last
 * attempt is replaced by the EXHAUSTED row of the same state.
 *
 * Not done here: choosing the next message or recipient, and anything about more than one message.
 */
#include "scan_submit/machine.h"

const char *const up_content_state_names[UP_CONTENT_STATE_COUNT] = {
        [UP_CONTENT_NEW] = "new",
        [UP_CONTENT_PENDING] = "pending",
        [UP_CONTENT_SCANNING] = "scanning",
        [UP_CONTENT_SCAN_WAIT] = "scan-wait",
        [UP_CONTENT_CLEARED] = "cleared",
        [UP_CONTENT_CONDEMNED] = "condemned",
        [UP_CONTENT_UNSCANNABLE] = "unscannable",
        [UP_CONTENT_REWRITTEN] = "rewritten",
};

const char *const up_content_event_names[UP_CONTENT_EVENT_COUNT] = {
        [UP_CONTENT_ACCEPT] = "accept",
        [UP_CONTENT_PASS] = "pass",
        [UP_CONTENT_BEGIN] = "begin",
        [UP_CONTENT_CLEAN] = "clean",
        [UP_CONTENT_INFECTED] = "infected",
        [UP_CONTENT_OPAQUE] = "opaque",
        [UP_CONTENT_CHANGED] = "changed",
        [UP_CONTENT_NO_VERDICT] = "no-verdict",
        [UP_CONTENT_ERROR] = "error",
        [UP_CONTENT_TIMEOUT] = "timeout",
        [UP_CONTENT_EXHAUSTED] = "exhausted",
        [UP_CONTENT_RETRY] = "retry",
        [UP_CONTENT_SIGNATURES] = "signatures",
        [UP_CONTENT_RESTART] = "restart",
        [UP_CONTENT_EXPIRE] = "expire",
};

const char *const up_recipient_state_names[UP_RECIPIENT_STATE_COUNT] = {
        [UP_RECIPIENT_WAITING] = "waiting",
        [UP_RECIPIENT_SENDING] = "sending",
        [UP_RECIPIENT_SEND_WAIT] = "send-wait",
        [UP_RECIPIENT_HELD] = "held",
        [UP_RECIPIENT_FINAL] = "final",
};

const char *const up_recipient_event_names[UP_RECIPIENT_EVENT_COUNT] = {
        [UP_RECIPIENT_BEGIN] = "begin",
        [UP_RECIPIENT_ACCEPTED] = "accepted",
        [UP_RECIPIENT_DEFERRED] = "deferred",
        [UP_RECIPIENT_UNKNOWN] = "unknown",
        [UP_RECIPIENT_TIMEOUT] = "timeout",
        [UP_RECIPIENT_EXHAUSTED] = "exhausted",
        [UP_RECIPIENT_REJECTED] = "rejected",
        [UP_RECIPIENT_RETRY] = "retry",
        [UP_RECIPIENT_RETURN] = "return",
        [UP_RECIPIENT_QUARANTINE] = "quarantine",
        [UP_RECIPIENT_DISCARD] = "discard",
        [UP_RECIPIENT_HOLD] = "hold",
        [UP_RECIPIENT_RELEASE] = "release",
        [UP_RECIPIENT_DELETE] = "delete",
        [UP_RECIPIENT_RESTART] = "restart",
        [UP_RECIPIENT_EXPIRE] = "expire",
};

const bool up_content_results[UP_CONTENT_EVENT_COUNT] = {
        [UP_CONTENT_CLEAN] = true,
        [UP_CONTENT_INFECTED] = true,
        [UP_CONTENT_OPAQUE] = true,
        [UP_CONTENT_CHANGED] = true,
        [UP_CONTENT_NO_VERDICT] = true,
        [UP_CONTENT_ERROR] = true,
        [UP_CONTENT_TIMEOUT] = true,
        [UP_CONTENT_RETRY] = true,
};

const bool up_recipient_results[UP_RECIPIENT_EVENT_COUNT] = {
        [UP_RECIPIENT_ACCEPTED] = true,
        [UP_RECIPIENT_DEFERRED] = true,
        [UP_RECIPIENT_UNKNOWN] = true,
        [UP_RECIPIENT_TIMEOUT] = true,
        [UP_RECIPIENT_REJECTED] = true,
        [UP_RECIPIENT_RETRY] = true,
};

const char *const up_action_names[] = {
        "count",
        "arm-retry",
        "arm-expiry",
        "watch",
        "scan",
        "send",
        "decide",
        "log-retry",
        "log-failure",
        "notify",
};
const unsigned up_action_count = G_N_ELEMENTS(up_action_names);

/* --- the tables ------------------------------------------------------------------------------- */

/* A failed attempt is counted and logged, and another one follows. */
#define TRY_AGAIN (UP_DO_COUNT | UP_DO_ARM_RETRY | UP_DO_LOG_RETRY)
/* There will be no verdict; policy decides. */
#define GIVE_UP (UP_DO_DECIDE | UP_DO_LOG_FAILURE)
/* A recipient has failed; the sender gets a notice. */
#define REPORT (UP_DO_LOG_FAILURE | UP_DO_NOTIFY)

/* clang-format off: one row, one line */
#define ON(event, state, actions) [UP_CONTENT_##event] = { true, UP_CONTENT_##state, (actions) }
#define DECIDED(state)                                                                             \
        {                                                                                          \
                ON(SIGNATURES, state, 0), ON(RESTART, state, 0), ON(EXPIRE, state, 0),             \
        }
#define CONTENT_TABLE                                                                              \
        {                                                                                          \
                [UP_CONTENT_NEW] = { \
                ON(ACCEPT,     PENDING,     UP_DO_ARM_EXPIRY), \
        }, \
        [UP_CONTENT_PENDING] = { \
                ON(PASS,       CLEARED,     UP_DO_DECIDE), \
                ON(BEGIN,      SCANNING,    UP_DO_SCAN | UP_DO_WATCH), \
                ON(OPAQUE,     UNSCANNABLE, GIVE_UP), \
                ON(SIGNATURES, PENDING,     0), \
                ON(RESTART,    PENDING,     0), \
                ON(EXPIRE,     UNSCANNABLE, GIVE_UP), \
        }, \
        [UP_CONTENT_SCANNING] = { \
                ON(CLEAN,      CLEARED,     UP_DO_DECIDE), \
                ON(INFECTED,   CONDEMNED,   GIVE_UP), \
                ON(OPAQUE,     UNSCANNABLE, GIVE_UP), \
                ON(CHANGED,    REWRITTEN,   GIVE_UP), \
                ON(NO_VERDICT, SCAN_WAIT,   TRY_AGAIN), \
                ON(ERROR,      SCAN_WAIT,   TRY_AGAIN), \
                ON(TIMEOUT,    SCAN_WAIT,   TRY_AGAIN), \
                ON(EXHAUSTED,  UNSCANNABLE, UP_DO_COUNT | GIVE_UP), \
                ON(SIGNATURES, SCANNING,    0), \
                ON(RESTART,    SCAN_WAIT,   TRY_AGAIN), \
                ON(EXPIRE,     UNSCANNABLE, GIVE_UP), \
        }, \
        [UP_CONTENT_SCAN_WAIT] = { \
                ON(RETRY,      PENDING,     0), \
                ON(SIGNATURES, PENDING,     0), \
                ON(RESTART,    SCAN_WAIT,   0), \
                ON(EXPIRE,     UNSCANNABLE, GIVE_UP), \
        }, \
        [UP_CONTENT_CLEARED]     = DECIDED(CLEARED), \
        [UP_CONTENT_CONDEMNED]   = DECIDED(CONDEMNED), \
        [UP_CONTENT_UNSCANNABLE] = DECIDED(UNSCANNABLE), \
        [UP_CONTENT_REWRITTEN]   = DECIDED(REWRITTEN),                                                             \
        }

#define TO(event, state, actions)                                                                  \
        [UP_RECIPIENT_##event] = { true, UP_RECIPIENT_##state, UP_DISPOSITION_NONE, (actions) }
#define END(event, disposition, actions)                                                           \
        [UP_RECIPIENT_##                                                                           \
            event] = { true, UP_RECIPIENT_FINAL, UP_DISPOSITION_##disposition, (actions) }
#define RECIPIENT_TABLE                                                                            \
        {                                                                                          \
                [UP_RECIPIENT_WAITING] = { \
                TO(BEGIN,       SENDING, UP_DO_SEND | UP_DO_WATCH), \
                END(RETURN,     BOUNCED, REPORT), \
                END(QUARANTINE, QUARANTINED, 0), \
                END(DISCARD,    DISCARDED, 0), \
                TO(HOLD,        HELD, 0), \
                END(DELETE,     DISCARDED, 0), \
                TO(RESTART,     WAITING, 0), \
                END(EXPIRE,     BOUNCED, REPORT), \
        }, \
        [UP_RECIPIENT_SENDING] = { \
                END(ACCEPTED,   DELIVERED, 0), \
                TO(DEFERRED,    SEND_WAIT, TRY_AGAIN), \
                TO(UNKNOWN,     SEND_WAIT, TRY_AGAIN), \
                TO(TIMEOUT,     SEND_WAIT, TRY_AGAIN), \
                END(EXHAUSTED,  BOUNCED, UP_DO_COUNT | REPORT), \
                END(REJECTED,   BOUNCED, REPORT), \
                TO(RESTART,     SEND_WAIT, TRY_AGAIN), \
                TO(EXPIRE,      SENDING, 0), \
        }, \
        [UP_RECIPIENT_SEND_WAIT] = { \
                TO(RETRY,       WAITING, 0), \
                TO(HOLD,        HELD, 0), \
                END(DELETE,     DISCARDED, 0), \
                TO(RESTART,     SEND_WAIT, 0), \
                END(EXPIRE,     BOUNCED, REPORT), \
        }, \
        [UP_RECIPIENT_HELD] = { \
                TO(RELEASE,     WAITING, 0), \
                END(DELETE,     DISCARDED, 0), \
                TO(RESTART,     HELD, 0), \
                TO(EXPIRE,      HELD, 0), \
        }, \
        [UP_RECIPIENT_FINAL] = { \
                TO(RESTART,     FINAL, 0), \
                TO(EXPIRE,      FINAL, 0), \
        },                                                       \
        }
/* clang-format on */

const struct up_machine up_machine = { CONTENT_TABLE, RECIPIENT_TABLE };

/* --- steps ------------------------------------------------------------------------------------ */

/* Rank: attempts first, then how far the next result is away. */
#define STAGES 3

struct up_content up_content_init(const struct up_policy *policy)
{
        return (struct up_content){
                .state = UP_CONTENT_NEW,
                .attempts_left = policy->attempts,
                .retry_ms = UP_NEVER_MS,
                .watch_ms = UP_NEVER_MS,
                .expiry_ms = UP_NEVER_MS,
        };
}

struct up_recipient up_recipient_init(const struct up_policy *policy, bool null_sender)
{
        return (struct up_recipient){
                .state = UP_RECIPIENT_WAITING,
                .attempts_left = policy->send_attempts,
                .retry_ms = UP_NEVER_MS,
                .watch_ms = UP_NEVER_MS,
                .null_sender = null_sender,
        };
}

bool up_content_allows(
    const struct up_content *content, const struct up_machine *machine, enum up_content_event event)
{
        return machine->content[content->state][event].allowed;
}

bool up_recipient_allows(const struct up_recipient *recipient, const struct up_machine *machine,
    enum up_recipient_event event)
{
        return machine->recipient[recipient->state][event].allowed;
}

/* The longest gap is a bound, so the gaps double up to it. */
static int64_t next_gap_ms(int64_t gap_ms, const struct up_policy *policy)
{
        return gap_ms == 0 ? policy->backoff_min_ms : MIN(2 * gap_ms, policy->backoff_max_ms);
}

unsigned up_content_step(struct up_content *content, const struct up_machine *machine,
    const struct up_policy *policy, enum up_content_event event, int64_t now_ms)
{
        const struct up_content_row *row = &machine->content[content->state][event];
        uint64_t rank = up_content_rank(content);

        if (row->allowed && (row->actions & UP_DO_COUNT) != 0 && content->attempts_left <= 1 &&
            up_content_allows(content, machine, UP_CONTENT_EXHAUSTED))
                row = &machine->content[content->state][UP_CONTENT_EXHAUSTED];
        g_assert(row->allowed);

        if (row->next != content->state)
                content->retry_ms = content->watch_ms = UP_NEVER_MS;
        content->state = row->next;
        if (event == UP_CONTENT_EXPIRE)
                content->expiry_ms = UP_NEVER_MS;
        if ((row->actions & UP_DO_COUNT) != 0)
                content->attempts_left--;
        if ((row->actions & UP_DO_ARM_EXPIRY) != 0)
                content->expiry_ms = now_ms + policy->lifetime_ms;
        if ((row->actions & UP_DO_WATCH) != 0)
                content->watch_ms = now_ms + policy->scan_timeout_ms;
        if ((row->actions & UP_DO_ARM_RETRY) != 0) {
                content->gap_ms = next_gap_ms(content->gap_ms, policy);
                content->retry_ms = now_ms + content->gap_ms;
        }
        g_assert(machine != &up_machine ||
                 up_content_rank(content) + (up_content_results[event] ? 1 : 0) <= rank);
        return row->actions;
}

unsigned up_recipient_step(struct up_recipient *recipient, const struct up_machine *machine,
    const struct up_policy *policy, enum up_recipient_event event, int64_t now_ms)
{
        const struct up_recipient_row *row = &machine->recipient[recipient->state][event];
        bool last = recipient->attempts_left <= 1 || recipient->expired;
        uint64_t rank = up_recipient_rank(recipient);

        if (row->allowed && (row->actions & UP_DO_COUNT) != 0 && last &&
            up_recipient_allows(recipient, machine, UP_RECIPIENT_EXHAUSTED))
                row = &machine->recipient[recipient->state][UP_RECIPIENT_EXHAUSTED];
        g_assert(row->allowed);

        unsigned actions = row->actions;
        if (row->next != recipient->state)
                recipient->retry_ms = recipient->watch_ms = UP_NEVER_MS;
        if (row->next == UP_RECIPIENT_FINAL && recipient->state != UP_RECIPIENT_FINAL)
                recipient->disposition = row->disposition;
        if (row->next == UP_RECIPIENT_SENDING && event == UP_RECIPIENT_EXPIRE)
                recipient->expired = true;
        recipient->state = row->next;
        if (recipient->null_sender && (actions & UP_DO_NOTIFY) != 0) {
                recipient->disposition = UP_DISPOSITION_ABANDONED;
                actions &= ~(unsigned)UP_DO_NOTIFY;
        }
        if ((actions & UP_DO_COUNT) != 0)
                recipient->attempts_left--;
        if ((actions & UP_DO_WATCH) != 0)
                recipient->watch_ms = now_ms + policy->send_timeout_ms;
        if ((actions & UP_DO_ARM_RETRY) != 0) {
                recipient->gap_ms = next_gap_ms(recipient->gap_ms, policy);
                recipient->retry_ms = now_ms + recipient->gap_ms;
        }
        g_assert(machine != &up_machine ||
                 up_recipient_rank(recipient) + (up_recipient_results[event] ? 1 : 0) <= rank);
        return actions;
}

/* --- rank and fate ---------------------------------------------------------------------------- */

uint64_t up_content_rank(const struct up_content *content)
{
        static const unsigned stage[UP_CONTENT_STATE_COUNT] = {
                [UP_CONTENT_NEW] = 2,
                [UP_CONTENT_SCAN_WAIT] = 2,
                [UP_CONTENT_PENDING] = 1,
                [UP_CONTENT_SCANNING] = 0,
        };

        if (up_content_is_decided(content))
                return 0;
        return STAGES * (uint64_t)content->attempts_left + stage[content->state];
}

uint64_t up_recipient_rank(const struct up_recipient *recipient)
{
        static const unsigned stage[UP_RECIPIENT_STATE_COUNT] = {
                [UP_RECIPIENT_SEND_WAIT] = 2,
                [UP_RECIPIENT_WAITING] = 1,
                [UP_RECIPIENT_HELD] = 1,
                [UP_RECIPIENT_SENDING] = 0,
        };

        if (recipient->state == UP_RECIPIENT_FINAL)
                return 0;
        return STAGES * (uint64_t)recipient->attempts_left + stage[recipient->state];
}

bool up_content_is_decided(const struct up_content *content)
{
        return content->state >= UP_CONTENT_CLEARED;
}

bool up_content_may_go(const struct up_content *content, const struct up_policy *policy)
{
        return content->state == UP_CONTENT_CLEARED ||
               (content->state == UP_CONTENT_UNSCANNABLE &&
                   policy->unscannable == UP_UNSCANNABLE_DELIVER);
}

enum up_recipient_event up_content_fate(
    const struct up_content *content, const struct up_policy *policy)
{
        switch (content->state) {
        case UP_CONTENT_CONDEMNED:
                return policy->infected == UP_INFECTED_DISCARD ? UP_RECIPIENT_DISCARD
                                                               : UP_RECIPIENT_QUARANTINE;
        case UP_CONTENT_UNSCANNABLE:
                return policy->unscannable == UP_UNSCANNABLE_QUARANTINE ? UP_RECIPIENT_QUARANTINE
                                                                        : UP_RECIPIENT_RETURN;
        case UP_CONTENT_REWRITTEN:
                return policy->rewritten == UP_REWRITTEN_QUARANTINE ? UP_RECIPIENT_QUARANTINE
                                                                    : UP_RECIPIENT_RETURN;
        default:
                g_assert_not_reached();
        }
}
