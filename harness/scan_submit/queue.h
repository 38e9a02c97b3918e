/*
 * queue - what the parts of the queue share
 *
 *     queue.c        the interface of pipeline.h: submissions, answers, timers, commands, restarts
 *     transitions.c  steps of the machine, and what they cause
 *     workers.c      jobs: which message comes next, and requests to the scanner and the next hop
 *
 * Each call of the pipeline does the same: it takes steps of the machine, gives ready messages to
 * free workers, turns failures into notices, makes all changes durable with one sync, and only then
 * carries out the effects: requests, and entries of the event log. If the power fails before the
 * sync is done, there are no effects, and the call has not happened.
 */
#ifndef UP_SCAN_SUBMIT_QUEUE_H
#define UP_SCAN_SUBMIT_QUEUE_H

#include "scan_submit/event_log.h"
#include "scan_submit/reason.h"
#include "scan_submit/scan_submit.h"
#include "scan_submit/store.h"
#include "scan_submit/view.h"

/* RFC 5321 section 4.5.3.1.8: every server accepts this many recipients in one transaction. */
#define UP_TRANSACTION_RECIPIENTS 100

enum up_job_kind { UP_JOB_SCAN, UP_JOB_SEND };

/**
 * A worker's task: a scan, or a transaction for some recipients of one message. It ends with its
 * answer, with its time-out, or with its message. An answer finds its job by the request, so a late
 * or repeated one finds none.
 */
struct up_job {
        enum up_job_kind kind;
        enum up_level level; /* of a scan */
        struct up_message *message;
        up_request request; /* 0 until it has begun */
        unsigned count;     /* of a transaction */
        unsigned recipients[UP_TRANSACTION_RECIPIENTS];
};

struct up_failure {
        unsigned recipient;
        enum up_reason reason;
};

struct up_message {
        struct up_record *record;
        GPtrArray *jobs;  /* of struct up_job, owned */
        GArray *failures; /* of struct up_failure, to be reported in this call */
        unsigned in_state[UP_RECIPIENT_STATE_COUNT]; /* how many recipients are */
        unsigned next_turn;   /* the recipient that the next transaction begins with */
        int64_t due_ms;       /* the first of its timers */
        GSequenceIter *timer; /* in the queue's `timers`; NULL: due_ms is UP_NEVER_MS */
        bool changed;         /* since the last sync */
        bool queued;          /* it is in the queue's `ready` */
        bool done;            /* it will never change again */

        /* What for_each_changed() has to report. */
        GArray *touched; /* of unsigned: recipients, some more than once */
        bool all_touched;
        bool reported; /* it is not in the queue's `touched` */

        struct up_digest recipients_digest;
        struct up_digest digest; /* its part of the queue's; zero when done */
};

/** What to do once all changes are durable. */
enum up_effect_kind { UP_EFFECT_BEGIN_JOB, UP_EFFECT_MAKE_READABLE, UP_EFFECT_LOG };

struct up_effect {
        enum up_effect_kind kind;
        struct up_message *message; /* NULL: a log entry about no message */
        struct up_job *job;
        enum up_log_event event;
        uint32_t code;
};

struct up_queue {
        struct up_scan_submit_parts parts;
        const struct up_ports *ports;
        struct up_policy policy; /* for messages accepted from now on */
        struct up_store *store;
        int64_t now_ms;      /* of the current call */
        GPtrArray *messages; /* of struct up_message, owned, by id */
        GPtrArray *changed;  /* of struct up_message */
        GPtrArray *touched;  /* of struct up_message */
        GSequence *timers;   /* of struct up_message, those with a timer, by due_ms and id */
        GHashTable *jobs;    /* those that have begun, by request */
        GQueue ready;        /* of struct up_message */
        GArray *effects;     /* of struct up_effect */
        int64_t busy;        /* workers */
        uint64_t changes;    /* of any message, so far */
        struct up_digest digest;
};

/* --- transitions.c ---------------------------------------------------------------------------- */

/**
 * Takes a step, if the machine has a row for it, and notes what the step causes. @code and @reason
 * explain a failure. Returns the actions of the row (enum up_action), or 0.
 */
unsigned up_queue_step_content(struct up_queue *queue, struct up_message *message,
    enum up_level level, enum up_content_event event, uint32_t code);
unsigned up_queue_step_recipient(struct up_queue *queue, struct up_message *message, unsigned index,
    enum up_recipient_event event, enum up_reason reason);

/** The same step for each content or recipient that the message has. */
void up_queue_step_contents(
    struct up_queue *queue, struct up_message *message, enum up_content_event event, uint32_t code);
void up_queue_step_recipients(struct up_queue *queue, struct up_message *message,
    enum up_recipient_event event, enum up_reason reason);

/** Ends the recipients of a message whose content may not be delivered. */
void up_queue_apply_decision(struct up_queue *queue, struct up_message *message);

/** The message has to be made durable. */
void up_queue_mark_changed(struct up_queue *queue, struct up_message *message);

/** The views of all its recipients may have changed. */
void up_queue_touch_all(struct up_queue *queue, struct up_message *message);

/** Notes an entry of the event log; @message may be NULL. */
void up_queue_log(
    struct up_queue *queue, struct up_message *message, enum up_log_event event, uint32_t code);

/* --- workers.c -------------------------------------------------------------------------------- */

/** Occupies a worker; the request is made when the call's effects are carried out. */
struct up_job *up_queue_add_job(
    struct up_queue *queue, struct up_message *message, enum up_job_kind kind, enum up_level level);

/** Frees a worker. A job that ends in the call that added it never begins. */
void up_queue_end_job(struct up_queue *queue, struct up_job *job);

/** Makes the request of a job. */
void up_queue_begin_job(struct up_queue *queue, struct up_job *job);

/**
 * Updates what follows from the message's record: its jobs, next timer, place in `ready`, and part
 * of the digest.
 */
void up_queue_refresh(struct up_queue *queue, struct up_message *message);

/** Gives ready messages to free workers, first come, first served. */
void up_queue_assign_workers(struct up_queue *queue);

#endif
