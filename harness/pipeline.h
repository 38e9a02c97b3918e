/*
 * pipeline - the interface that a mail pipeline under test implements
 *
 * A pipeline accepts messages, has them scanned, sends them to the next hop, and reports the state
 * of each recipient. Implement `struct up_pipeline` for your own pipeline and unpend can test it:
 * world/ simulates its environment, ledger/ records the run, oracle/ reports broken promises. None
 * of these depends on a particular pipeline. fuzz/fuzz_example.c is a complete implementation.
 *
 * Calls. The world calls the functions of `struct up_pipeline` one at a time, in one thread, and
 * passes the current time. During such a call the pipeline may use the functions of `struct
 * up_ports`. No call may block: a pipeline requests a scan or a transaction through a port, and a
 * later call brings the answer. A pipeline reads no clock of its own and starts no thread;
 * next_ms() returns when it must run next.
 *
 * Guarantees. The world runs the pipeline whenever it asks to run, and restarts it after a crash.
 * Crashes, commands, reloads and clock jumps are finite in number. Nothing else is guaranteed: an
 * answer may come late, twice, or never.
 *
 * Times are milliseconds on a monotonic clock that continues across crashes. Strings are UTF-8.
 */
#ifndef UP_PIPELINE_H
#define UP_PIPELINE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct up_policy; /* case/policy.h */

/**
 * Identifies a message that the pipeline accepted or generated. Never 0, and never reused, not even
 * after a crash.
 */
typedef uint64_t up_id;

/** Identifies a request made through a port. The world assigns each number once. */
typedef uint64_t up_request;

#define UP_NEVER_MS INT64_MAX

/* --- input ------------------------------------------------------------------------------------ */

enum up_origin { UP_ORIGIN_LOCAL, UP_ORIGIN_SMTP, UP_ORIGIN_COUNT };

struct up_mail {
        enum up_origin origin;
        const char *from;      /* "" is the null sender (RFC 5321 section 4.5.5) */
        const char *const *to; /* NULL-terminated, not empty */
        bool notify;           /* false: send no failure report, NOTIFY=NEVER (RFC 3461) */
        GBytes *bytes;         /* header and body as submitted; take a reference to keep it */
};

/** The result of a submission. Only an accepted message is covered by the promises. */
enum up_receipt {
        UP_RECEIPT_ACCEPTED, /* 250 after the final dot: the message is durable */
        UP_RECEIPT_DEFERRED, /* 4xx: the client keeps the message */
        UP_RECEIPT_REJECTED, /* 5xx */
        UP_RECEIPT_COUNT,
};

/* --- answers ---------------------------------------------------------------------------------- */

/** When a message is scanned: before it is submitted for delivery, or before it can be read. */
enum up_level { UP_LEVEL_TRANSPORT, UP_LEVEL_STORE, UP_LEVEL_COUNT };

enum up_verdict {
        UP_VERDICT_CLEAN,
        UP_VERDICT_INFECTED,
        UP_VERDICT_UNSCANNABLE, /* encrypted, over a limit, malformed: final; policy decides */
        UP_VERDICT_REWRITTEN,   /* the scanner wants other bytes delivered; policy decides */
        UP_VERDICT_NONE,        /* no verdict; the code may give the reason */
        UP_VERDICT_COUNT,
};

struct up_scan_answer {
        up_id message; /* which message the scanner examined; a faulty one may name another */
        enum up_verdict verdict;
        uint32_t code;      /* error code; 0 with UP_VERDICT_NONE means that no reason was given */
        const char *reason; /* why a message is unscannable, in a word; static; NULL: not given */
};

/** The next hop's reply at one point of a transaction (RFC 5321 section 4.2.1). */
enum up_reply {
        UP_REPLY_ACCEPT, /* 2xx, 354 */
        UP_REPLY_DEFER,  /* 4xx */
        UP_REPLY_REJECT, /* 5xx */
        UP_REPLY_LOST,   /* the connection broke before a reply arrived */
        UP_REPLY_COUNT,
};

struct up_send_answer {
        enum up_reply mail;
        const enum up_reply *rcpt; /* one for each recipient of the transaction, in its order */
        unsigned recipients;       /* length of rcpt */
        enum up_reply data;
        enum up_reply dot;
};

/** The result of a whole transaction for one of its recipients. */
enum up_outcome {
        UP_OUTCOME_DELIVERED,
        UP_OUTCOME_DEFERRED, /* temporary failure */
        UP_OUTCOME_REJECTED, /* permanent failure */
        UP_OUTCOME_UNKNOWN,  /* reply lost after the dot: possibly delivered (RFC 1047) */
};

/** The result for the recipient at @index of the transaction. */
static inline enum up_outcome up_send_outcome(const struct up_send_answer *answer, unsigned index)
{
        const enum up_reply before_dot[] = { answer->mail, answer->rcpt[index], answer->data };

        for (unsigned i = 0; i < G_N_ELEMENTS(before_dot); i++) {
                if (before_dot[i] == UP_REPLY_REJECT)
                        return UP_OUTCOME_REJECTED;
                if (before_dot[i] != UP_REPLY_ACCEPT)
                        return UP_OUTCOME_DEFERRED;
        }
        return answer->dot == UP_REPLY_ACCEPT   ? UP_OUTCOME_DELIVERED
               : answer->dot == UP_REPLY_DEFER  ? UP_OUTCOME_DEFERRED
               : answer->dot == UP_REPLY_REJECT ? UP_OUTCOME_REJECTED
                                                : UP_OUTCOME_UNKNOWN;
}

/* --- ports: what the pipeline calls ----------------------------------------------------------- */

/** Extensions that the next hop offers (RFC 6152, 6531, 1870). */
enum up_hop_capability {
        UP_HOP_8BITMIME = 1 << 0,
        UP_HOP_SMTPUTF8 = 1 << 1,
        UP_HOP_SIZE = 1 << 2, /* it accepts at most UP_HOP_SIZE_BYTES */
};
#define UP_HOP_SIZE_BYTES 16384

struct up_transaction {
        up_id message;
        const char *from;
        const char *const *to;      /* NULL-terminated */
        const unsigned *recipients; /* their indices among the message's recipients */
        GBytes *bytes;
        bool gated; /* deposit the message, but make it readable only after make_readable() */
};

/** An entry of the event log, written for operators. */
struct up_log_entry {
        unsigned event; /* 348: the message could not be scanned and will be retried later */
        const char *source;
        const char *category;
        up_id message;
        const char *message_id; /* value of the header field; "" if there is none */
        bool failure;           /* the entry reports a failure, so it must give a reason */
        uint32_t code;          /* error code; 0 is none */
        const char *text;
};

/**
 * The functions that the world offers to a pipeline. Pointers passed to them need be valid during
 * the call only. None of them calls back into the pipeline.
 */
struct up_ports {
        void *world; /* first argument of each function */

        /* Requests a scan; scanned() brings the answer. */
        up_request (*scan)(void *world, up_id message, enum up_level level, GBytes *bytes);
        /* Sends a message to the next hop, for some of its recipients; sent() brings the answer. */
        up_request (*send)(void *world, const struct up_transaction *transaction);
        /* Makes a message readable that was sent with `gated` set. */
        void (*make_readable)(void *world, up_id message);
        void (*log)(void *world, const struct up_log_entry *entry);
        /* The wall clock, in seconds since 1970. It may jump in both directions. */
        int64_t (*wall_s)(void *world);
        /* What the next hop offers: a set of enum up_hop_capability. */
        unsigned (*hop_capabilities)(void *world);
        /* To be called before each write to durable storage. False means that the power failed:
         * neither this write nor any later one may take effect until restart(). */
        bool (*has_power)(void *world);
};

/* --- views: what the pipeline reports --------------------------------------------------------- */

/** The final state of a recipient. */
enum up_disposition {
        UP_DISPOSITION_NONE, /* not final yet */
        UP_DISPOSITION_DELIVERED,
        UP_DISPOSITION_BOUNCED,
        UP_DISPOSITION_QUARANTINED,
        UP_DISPOSITION_DISCARDED, /* by policy, or by an administrator */
        UP_DISPOSITION_ABANDONED, /* an undeliverable notice */
        UP_DISPOSITION_COUNT,
};

/** What will advance a recipient that has no disposition yet. */
enum up_owner {
        UP_OWNER_NONE,          /* nothing: the recipient is stuck */
        UP_OWNER_QUEUE,         /* it is ready, and starts when a worker is free */
        UP_OWNER_TIMER,         /* the timer of its next attempt */
        UP_OWNER_WORKER,        /* an attempt in progress, which has a time-out */
        UP_OWNER_ADMINISTRATOR, /* held by a command */
        UP_OWNER_COUNT,
};

/** Can the recipient read a message that was sent with `gated` set? */
enum up_access { UP_ACCESS_OPEN, UP_ACCESS_UNDECIDED, UP_ACCESS_REFUSED, UP_ACCESS_COUNT };

/** The state of one recipient of one message. Fields that the pipeline cannot report are 0. */
struct up_view {
        up_id message;
        up_id parent;       /* of a notice: the message that it reports on; otherwise 0 */
        const char *from;   /* never changes */
        unsigned recipient; /* index, from 0 */
        const char *to;     /* never changes */
        const char *state;  /* the pipeline's own name of it, e.g. "scan-wait/waiting" */
        enum up_disposition disposition;
        enum up_access access;
        enum up_owner owner; /* UP_CAN_OWNER */
        int64_t owner_ms;    /* when the timer or the attempt's time-out fires; UP_NEVER_MS */
        int64_t expiry_ms;   /* when the pipeline gives up on it; UP_NEVER_MS: never */
        uint64_t rank;       /* UP_CAN_RANK; 0 with a disposition */
        bool eligible;       /* UP_CAN_ELIGIBILITY: a free worker could take it now */
};

/** Called once for each recipient. @view and its strings are valid during the call only. */
typedef void (*up_view_visitor)(const struct up_view *view, void *data);

/* --- the pipeline ----------------------------------------------------------------------------- */

enum up_command { UP_COMMAND_HOLD, UP_COMMAND_RELEASE, UP_COMMAND_DELETE, UP_COMMAND_COUNT };

/**
 * What a pipeline supports. None is required; each one lets the oracles find more, or find it
 * sooner.
 */
enum up_capability {
        UP_CAN_OWNER = 1 << 0,       /* views have owner, owner_ms and expiry_ms */
        UP_CAN_RANK = 1 << 1,        /* views have a rank, which each attempt and timer lowers */
        UP_CAN_DIGEST = 1 << 2,      /* digest() */
        UP_CAN_ELIGIBILITY = 1 << 3, /* views have `eligible` */
        UP_CAN_CRASH = 1 << 4,       /* calls has_power(); restart() */
        UP_CAN_COMMANDS = 1 << 5,    /* command(), reload(), signatures_updated() */
        UP_CAN_CHANGES = 1 << 6,     /* for_each_changed() */
        UP_CAN_SEVERAL = 1 << 7,     /* accepts mail for several recipients */
        UP_CAN_STORE = 1 << 8,       /* can have mail scanned in the store */
};

/**
 * A pipeline under test. `self` is what open() returned. Arguments belong to the caller. Functions
 * of a capability that is not claimed may be NULL.
 */
struct up_pipeline {
        const char *name;
        unsigned capabilities; /* a set of enum up_capability */
        const void *variant;   /* for open(): distinguishes pipelines that share their functions */

        /* Creates an empty pipeline. Copies @policy; @ports stays valid until close(). Never fails.
         */
        void *(*open)(const struct up_pipeline *pipeline, const struct up_policy *policy,
            const struct up_ports *ports);
        void (*close)(void *self);

        /* Submits a message. Sets @ret_id only if it is accepted. */
        enum up_receipt (*submit)(
            void *self, const struct up_mail *mail, int64_t now_ms, up_id *ret_id);

        /* The answer to a request. It may come late, twice, or after a restart. */
        void (*scanned)(
            void *self, up_request request, const struct up_scan_answer *answer, int64_t now_ms);
        void (*sent)(
            void *self, up_request request, const struct up_send_answer *answer, int64_t now_ms);

        /* Does what is due at @now_ms. next_ms() returns when to call it again, or UP_NEVER_MS. */
        void (*run)(void *self, int64_t now_ms);
        int64_t (*next_ms)(void *self);

        /* Calls @visit for each recipient of each message that was ever accepted or generated, also
         * for those with a disposition, and always in the same order. */
        void (*for_each_recipient)(void *self, up_view_visitor visit, void *data);

        /* Calls @visit at least for each recipient whose view may have changed since the last call
         * of this function or of for_each_recipient(), new ones included, in any order. With it the
         * world looks at all recipients only after a restart and at the end of a run; a change that
         * shows only then is a finding. Without it the cost of a run is quadratic in recipients. */
        void (*for_each_changed)(void *self, up_view_visitor visit, void *data);

        /* A digest of all state that determines future behaviour. Times count relative to @now_ms,
         * and all past times are equal; statistics and request numbers do not count. */
        uint64_t (*digest)(void *self, int64_t now_ms);

        /* An administrator's command. Has no effect on an unknown or finished message. */
        void (*command)(void *self, enum up_command command, up_id message, int64_t now_ms);

        /* Changes the policy for messages accepted from now on. */
        void (*reload)(void *self, const struct up_policy *policy, int64_t now_ms);
        /* The scanner has received new signatures. */
        void (*signatures_updated)(void *self, int64_t now_ms);

        /* Restarts the process after a crash: all state that was not durable is gone. */
        void (*restart)(void *self, int64_t now_ms);
};

#endif
