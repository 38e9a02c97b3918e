/*
 * pipeline - the contract: what a mail pipeline under test offers
 *
 * A pipeline takes messages in, has them scanned, hands them on, and says what became of each
 * recipient. Put your own behind this struct and unpend drives it: world/ plays everybody whom the
 * pipeline talks to, ledger/ writes down what happened, oracle/ says which promise was broken. None
 * of them knows which pipeline it is. fuzz/fuzz_example.c is a complete one.
 *
 * How it goes. The world calls the functions of `struct up_pipeline`, one at a time, in one thread,
 * and tells each what time it is. The pipeline answers through `struct up_ports`, from within
 * those calls. Nothing may wait: a scan and a transaction are asked for through a port, and their
 * answer comes in a later call. Time is the world's: a pipeline asks no clock of its own and
 * starts no thread; it says in next_ms() when it wants to be run again.
 *
 * What is owed to the pipeline is little: it is run when it wants to be; after a crash it is
 * restarted; crashes, commands and jumps of the clock are finitely many. Nobody owes it an answer.
 *
 * Times are milliseconds of a monotonic clock that goes on through crashes. All strings are UTF-8.
 */
#ifndef UP_PIPELINE_H
#define UP_PIPELINE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct up_policy; /* case/policy.h */

/** A message that the pipeline accepted, or made itself. Never 0, never used twice, crash or not.
 */
typedef uint64_t up_id;

/** Something that a port was asked for; the world gives the numbers, each once. */
typedef uint64_t up_request;

#define UP_NEVER_MS INT64_MAX

/* --- what comes in ---------------------------------------------------------------------------- */

enum up_origin { UP_ORIGIN_LOCAL, UP_ORIGIN_SMTP };

struct up_mail {
        enum up_origin origin;
        const char *from;      /* "" is the null sender (RFC 5321 section 4.5.5) */
        const char *const *to; /* NULL-terminated, not empty */
        bool notify;           /* may a failure be reported? false is NOTIFY=NEVER (RFC 3461) */
        GBytes *bytes;         /* header and body, as handed in; take a reference to keep it */
};

/** Only an accepted message is promised anything. */
enum up_receipt {
        UP_RECEIPT_ACCEPTED, /* 250 after the dot: durable from here on */
        UP_RECEIPT_LATER,    /* 4xx: whoever hands it in keeps it */
        UP_RECEIPT_REJECTED, /* 5xx */
};

/* --- what comes back -------------------------------------------------------------------------- */

/** At which gate a message is scanned: before it is submitted, or before it can be read. */
enum up_level { UP_LEVEL_TRANSPORT, UP_LEVEL_STORE };

enum up_verdict {
        UP_VERDICT_CLEAN,
        UP_VERDICT_INFECTED,
        UP_VERDICT_UNSCANNABLE, /* encrypted, over a limit, malformed: definite, policy decides */
        UP_VERDICT_REWRITTEN,   /* the scanner wants other bytes delivered */
        UP_VERDICT_NONE,        /* no verdict; the code may say why */
};
#define UP_VERDICTS 5

struct up_scan_answer {
        up_id message; /* of which message the scanner speaks: it may be the wrong one */
        enum up_verdict verdict;
        uint32_t code; /* error code; with UP_VERDICT_NONE, 0 gives no reason at all */
};

/** What the next hop says at one point of a transaction (RFC 5321 section 4.2.1). */
enum up_reply {
        UP_REPLY_ACCEPT, /* 2xx, 354 */
        UP_REPLY_DEFER,  /* 4xx */
        UP_REPLY_REJECT, /* 5xx */
        UP_REPLY_LOST,   /* the connection is gone, no reply was seen */
};

struct up_send_answer {
        enum up_reply mail;
        const enum up_reply *rcpt; /* by the place of the recipient in the request */
        unsigned recipients;       /* how many */
        enum up_reply data;
        enum up_reply dot;
};

/** What a whole transaction means for one of its recipients. */
enum up_outcome {
        UP_OUTCOME_DELIVERED,
        UP_OUTCOME_DEFERRED, /* try again */
        UP_OUTCOME_REJECTED, /* never */
        UP_OUTCOME_UNKNOWN,  /* reply lost after the dot: delivered or not (RFC 1047) */
};

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

/* --- whom the pipeline talks to --------------------------------------------------------------- */

/** What the next hop offers (RFC 6152, 6531, 1870). */
enum up_hop_capability {
        UP_HOP_8BITMIME = 1 << 0,
        UP_HOP_SMTPUTF8 = 1 << 1,
        UP_HOP_SIZE = 1 << 2, /* it takes no more than UP_HOP_SIZE_BYTES */
};
#define UP_HOP_SIZE_BYTES 16384

struct up_transaction {
        up_id message;
        const char *from;
        const char *const *to;      /* NULL-terminated */
        const unsigned *recipients; /* which recipients of the message those are, from 0 */
        GBytes *bytes;
        bool gated; /* deposited, but not to be read before ports->open() */
};

/** An entry of the event log, as an operator reads it. */
struct up_log {
        unsigned event; /* 348: could not be scanned, will be retried later */
        const char *source;
        const char *category;
        up_id message;
        const char *message_id; /* of the header field; "" without */
        bool failure;           /* something failed: then there must be a reason */
        uint32_t code;          /* error code; 0 is none */
        const char *text;
};

/** All pointers are valid during the call alone. None of these calls back into the pipeline. */
struct up_ports {
        void *world; /* first argument of each */

        /* Asks the scanner about a message. */
        up_request (*scan)(void *world, up_id message, enum up_level level, GBytes *bytes);
        /* Hands a message to the next hop, for some of its recipients. */
        up_request (*send)(void *world, const struct up_transaction *transaction);
        /* A message that was deposited gated may be read from now on. */
        void (*open)(void *world, up_id message);
        void (*log)(void *world, const struct up_log *log);
        /* The wall clock, in seconds since 1970. It may jump, both ways. */
        int64_t (*wall_s)(void *world);
        /* Of the next hop: a set of enum up_hop_capability. */
        unsigned (*capabilities)(void *world);
        /* Asked before each operation on durable storage. False: the power is out; neither this
         * nor any later operation may change anything, until restart(). */
        bool (*power)(void *world);
};

/* --- what the pipeline tells ------------------------------------------------------------------ */

enum up_disposition {
        UP_DISPOSITION_NONE, /* not yet */
        UP_DISPOSITION_DELIVERED,
        UP_DISPOSITION_BOUNCED,
        UP_DISPOSITION_QUARANTINED,
        UP_DISPOSITION_DISCARDED, /* by policy, or by an administrator */
        UP_DISPOSITION_ABANDONED, /* a notice that could not be delivered */
};
#define UP_DISPOSITIONS 6

/** Who will move a recipient on that has no disposition yet. */
enum up_owner {
        UP_OWNER_NONE,          /* nobody */
        UP_OWNER_QUEUE,         /* ready: taken as soon as a worker is free */
        UP_OWNER_TIMER,         /* waits for its next attempt */
        UP_OWNER_WORKER,        /* an attempt is under way, and watched by a time-out */
        UP_OWNER_ADMINISTRATOR, /* held by command */
};
#define UP_OWNERS 5

/** Can a message that was deposited gated be read? */
enum up_reading { UP_READING_OPEN, UP_READING_UNDECIDED, UP_READING_REFUSED };

/** What the pipeline knows of one recipient of one message. Fields that it cannot tell are 0. */
struct up_view {
        up_id message;
        up_id parent; /* of a notice: the message that it reports on; else 0 */
        const char *from;
        unsigned recipient; /* from 0 */
        const char *to;
        const char *state; /* in the pipeline's own words, e.g. "scan-wait/waiting" */
        enum up_disposition disposition;
        enum up_reading reading;
        enum up_owner owner; /* UP_CAN_OWNER */
        int64_t owner_ms;    /* when the timer or the worker's time-out is due; UP_NEVER_MS */
        int64_t expiry_ms;   /* when it is given up at last; UP_NEVER_MS: never */
        uint64_t rank;       /* UP_CAN_RANK: 0 with a disposition */
        bool eligible;       /* UP_CAN_ELIGIBILITY: could be worked on now */
};

typedef void (*up_view_visitor)(const struct up_view *view, void *data);

enum up_command { UP_COMMAND_HOLD, UP_COMMAND_RELEASE, UP_COMMAND_DELETE };

/** What a pipeline can tell, or can have done to it. The more, the sooner a fault shows. */
enum up_capability {
        UP_CAN_OWNER = 1 << 0,       /* who will move a message on, and when it expires */
        UP_CAN_RANK = 1 << 1,        /* a number that every attempt and every timer lowers */
        UP_CAN_DIGEST = 1 << 2,      /* digest() */
        UP_CAN_ELIGIBILITY = 1 << 3, /* what waits only for its turn */
        UP_CAN_CRASH = 1 << 4,       /* power() and restart() */
        UP_CAN_COMMANDS = 1 << 5,    /* command(), reload(), signatures() */
};

/**
 * A pipeline under test. `self` is what open() returned; no function but close() frees anything of
 * the caller's. Functions whose capability is not claimed may be NULL.
 */
struct up_pipeline {
        const char *name;
        unsigned can;        /* a set of enum up_capability */
        const void *variant; /* for open(): whatever tells one pipeline of a kind from another */

        /* A new pipeline with nothing in it. @policy is copied; @ports outlives it. Never fails. */
        void *(*open)(const struct up_pipeline *pipeline, const struct up_policy *policy,
            const struct up_ports *ports);
        void (*close)(void *self);

        /* Takes a message in. @ret_id is set only if it is accepted. */
        enum up_receipt (*submit)(
            void *self, const struct up_mail *mail, int64_t now_ms, up_id *ret_id);

        /* An answer, of a request of any age: it may come late, twice, or after a restart. */
        void (*scanned)(
            void *self, up_request request, const struct up_scan_answer *answer, int64_t now_ms);
        void (*sent)(
            void *self, up_request request, const struct up_send_answer *answer, int64_t now_ms);

        /* Does what is due at @now_ms; next_ms() is when it wants that, or UP_NEVER_MS. */
        void (*run)(void *self, int64_t now_ms);
        int64_t (*next_ms)(void *self);

        /* Tells @see of each recipient of each message that was ever accepted or made, in a
         * lasting order, those with a disposition too. */
        void (*each)(void *self, up_view_visitor see, void *data);

        /* A digest of everything that decides what it will do next: times relative to @now_ms and
         * those that are past alike, no statistics, no request numbers. */
        uint64_t (*digest)(void *self, int64_t now_ms);

        /* An administrator at work. A message that is unknown or done with is left alone. */
        void (*command)(void *self, enum up_command command, up_id message, int64_t now_ms);

        /* Another policy, for what is accepted from now on. */
        void (*reload)(void *self, const struct up_policy *policy, int64_t now_ms);
        /* The scanner knows new signatures. */
        void (*signatures)(void *self, int64_t now_ms);

        /* The process died, and is started again: what was not durable is gone. */
        void (*restart)(void *self, int64_t now_ms);
};

#endif
