/*
 * machine - the pure state machine of a message and of each of its recipients
 *
 * Two tables, state x event. A message has one *content*, which is scanned or not, and recipients,
 * each of which is delivered to or not. Both are plain data: no pointers, no clock, no I/O. A step
 * takes one event, finds its row, enters the row's state, and says what is to be done about it as a
 * set of actions; the queue (queue.c) does that.
 *
 * Why it ends. Each has a rank: attempts left, then stage. Every result of an attempt and every
 * timer that fires lowers it, nothing raises it; a step asserts that, unless it runs on a table
 * that is not the machine's own. Beside it there is one expiry, armed when the message is accepted.
 *
 * The tables are data so that all else comes from them: the picture, the coverage, the check that
 * no row is missing, and the planted faults, which are tables with a row replaced.
 */
#ifndef UP_SCAN_SUBMIT_MACHINE_H
#define UP_SCAN_SUBMIT_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "case/policy.h"
#include "pipeline.h"

/* --- content ---------------------------------------------------------------------------------- */

enum up_content_state {
        UP_CONTENT_NEW,         /* not accepted yet */
        UP_CONTENT_PENDING,     /* accepted, waits for a scan worker */
        UP_CONTENT_SCANNING,    /* a scan is under way */
        UP_CONTENT_SCAN_WAIT,   /* no verdict, waits for its next attempt */
        UP_CONTENT_CLEARED,     /* may be delivered */
        UP_CONTENT_CONDEMNED,   /* infected */
        UP_CONTENT_UNSCANNABLE, /* will never have a verdict; policy decides */
        UP_CONTENT_REWRITTEN,   /* the scanner wants other bytes delivered; policy decides */
        UP_CONTENT_STATE_COUNT,
};

enum up_content_event {
        UP_CONTENT_ACCEPT,     /* the message was taken in */
        UP_CONTENT_PASS,       /* policy wants no scan of it */
        UP_CONTENT_BEGIN,      /* a worker takes it */
        UP_CONTENT_CLEAN,      /* verdict */
        UP_CONTENT_INFECTED,   /* verdict */
        UP_CONTENT_OPAQUE,     /* verdict: unscannable */
        UP_CONTENT_CHANGED,    /* verdict: rewritten */
        UP_CONTENT_NO_VERDICT, /* the scan client returned success without a verdict: 0x0 */
        UP_CONTENT_ERROR,      /* the scan client says that it failed */
        UP_CONTENT_TIMEOUT,    /* no answer within the time-out */
        UP_CONTENT_EXHAUSTED,  /* one of the three above, at the last attempt */
        UP_CONTENT_RETRY,      /* the retry timer fired */
        UP_CONTENT_SIGNATURES, /* the scanner has new signatures */
        UP_CONTENT_RESTART,    /* the process died and is back */
        UP_CONTENT_EXPIRE,     /* the lifetime is over */
        UP_CONTENT_EVENT_COUNT,
};

/* --- recipient -------------------------------------------------------------------------------- */

enum up_recipient_state {
        UP_RECIPIENT_WAITING,   /* for its content to be cleared, then for a worker */
        UP_RECIPIENT_SENDING,   /* a transaction is under way */
        UP_RECIPIENT_SEND_WAIT, /* deferred, waits for its next attempt */
        UP_RECIPIENT_HELD,      /* by an administrator */
        UP_RECIPIENT_FINAL,     /* has a disposition */
        UP_RECIPIENT_STATE_COUNT,
};

enum up_recipient_event {
        UP_RECIPIENT_BEGIN,      /* a worker takes it */
        UP_RECIPIENT_ACCEPTED,   /* by the next hop */
        UP_RECIPIENT_DEFERRED,   /* 4xx, or the connection was lost before the dot */
        UP_RECIPIENT_UNKNOWN,    /* the reply to the dot was lost */
        UP_RECIPIENT_TIMEOUT,    /* no reply within the time-out */
        UP_RECIPIENT_EXHAUSTED,  /* one of the three above, at the last attempt */
        UP_RECIPIENT_REJECTED,   /* 5xx */
        UP_RECIPIENT_RETRY,      /* the retry timer fired */
        UP_RECIPIENT_RETURN,     /* its content may not be delivered: back to the sender */
        UP_RECIPIENT_QUARANTINE, /* its content may not be delivered: put aside */
        UP_RECIPIENT_DISCARD,    /* its content may not be delivered: drop it */
        UP_RECIPIENT_HOLD,       /* an administrator's command */
        UP_RECIPIENT_RELEASE,    /* an administrator's command */
        UP_RECIPIENT_DELETE,     /* an administrator's command */
        UP_RECIPIENT_RESTART,    /* the process died and is back */
        UP_RECIPIENT_EXPIRE,     /* the lifetime is over */
        UP_RECIPIENT_EVENT_COUNT,
};

/** The events that are the result of an attempt or of a timer: each lowers the rank. */
extern const bool up_content_results[UP_CONTENT_EVENT_COUNT];
extern const bool up_recipient_results[UP_RECIPIENT_EVENT_COUNT];

/* --- actions ---------------------------------------------------------------------------------- */

/** What a row does besides entering its state. */
enum up_action {
        UP_DO_COUNT = 1 << 0, /* an attempt is used up; at the last one the EXHAUSTED row goes */
        UP_DO_ARM_RETRY = 1 << 1,   /* the retry timer, by the policy's backoff */
        UP_DO_ARM_EXPIRY = 1 << 2,  /* the expiry timer, by the policy's lifetime from now */
        UP_DO_WATCH = 1 << 3,       /* the attempt's own time-out */
        UP_DO_SCAN = 1 << 4,        /* request a scan */
        UP_DO_SEND = 1 << 5,        /* open a transaction */
        UP_DO_DECIDE = 1 << 6,      /* the content is decided: apply that to the recipients */
        UP_DO_LOG_RETRY = 1 << 7,   /* "will be retried later" */
        UP_DO_LOG_FAILURE = 1 << 8, /* a final failure */
        UP_DO_NOTIFY = 1 << 9,      /* report the failure to the sender */
};

struct up_content_row {
        bool allowed; /* false: no row; the event is impossible in this state */
        enum up_content_state next;
        unsigned actions;
};

struct up_recipient_row {
        bool allowed;
        enum up_recipient_state next;
        enum up_disposition disposition; /* of UP_RECIPIENT_FINAL */
        unsigned actions;
};

/** The two tables together are a machine. */
struct up_machine {
        struct up_content_row content[UP_CONTENT_STATE_COUNT][UP_CONTENT_EVENT_COUNT];
        struct up_recipient_row recipient[UP_RECIPIENT_STATE_COUNT][UP_RECIPIENT_EVENT_COUNT];
};

/** The machine. A fault copies it and replaces rows. */
extern const struct up_machine up_machine;

/** Names as in traces and pictures: "scan-wait", "no-verdict". */
extern const char *const up_content_state_names[UP_CONTENT_STATE_COUNT];
extern const char *const up_content_event_names[UP_CONTENT_EVENT_COUNT];
extern const char *const up_recipient_state_names[UP_RECIPIENT_STATE_COUNT];
extern const char *const up_recipient_event_names[UP_RECIPIENT_EVENT_COUNT];
extern const char *const up_action_names[]; /* by bit of enum up_action */
extern const unsigned up_action_count;

/* --- steps ------------------------------------------------------------------------------------ */

/** Times are milliseconds of the monotonic clock; UP_NEVER_MS where nothing is armed. */
struct up_content {
        enum up_content_state state;
        int64_t attempts_left;
        int64_t gap_ms;    /* of the last retry; 0 before the first */
        int64_t retry_ms;  /* when the retry timer fires */
        int64_t watch_ms;  /* when the attempt under way is given up */
        int64_t expiry_ms; /* when the message is given up */
};

struct up_recipient {
        enum up_recipient_state state;
        enum up_disposition disposition;
        int64_t attempts_left;
        int64_t gap_ms;
        int64_t retry_ms;
        int64_t watch_ms;
        bool expired;     /* the lifetime was over while a transaction was under way */
        bool null_sender; /* failures cannot be reported: abandoned, not bounced */
};

/** The state in which a message and its recipients begin, before UP_CONTENT_ACCEPT. */
struct up_content up_content_init(const struct up_policy *policy);
struct up_recipient up_recipient_init(const struct up_policy *policy, bool null_sender);

/**
 * Takes one event at @now_ms and enters the new state. Arms the timers, and returns all actions for
 * the caller to carry out (enum up_action). Asserts that the state has a row for the event.
 */
unsigned up_content_step(struct up_content *content, const struct up_machine *machine,
    const struct up_policy *policy, enum up_content_event event, int64_t now_ms);
unsigned up_recipient_step(struct up_recipient *recipient, const struct up_machine *machine,
    const struct up_policy *policy, enum up_recipient_event event, int64_t now_ms);

/** Is there a row for that event in this state? */
bool up_content_allows(const struct up_content *content, const struct up_machine *machine,
    enum up_content_event event);
bool up_recipient_allows(const struct up_recipient *recipient, const struct up_machine *machine,
    enum up_recipient_event event);

/** The distance from the end; 0 is the end. */
uint64_t up_content_rank(const struct up_content *content);
uint64_t up_recipient_rank(const struct up_recipient *recipient);

/** Has the content a fate yet, and may it be delivered (by verdict, or by policy without one)? */
bool up_content_is_decided(const struct up_content *content);
bool up_content_may_go(const struct up_content *content, const struct up_policy *policy);

/**
 * The event that a decided content which may not go is to its recipients: RETURN, QUARANTINE or
 * DISCARD, as the policy says.
 */
enum up_recipient_event up_content_fate(
    const struct up_content *content, const struct up_policy *policy);

#endif
