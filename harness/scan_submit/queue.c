/*
 * queue - the shell round the machine: messages, timers, workers, durability
 *
 * Every call of the pipeline goes the same way: steps of the machine are taken and what they want
 * done is noted down; free workers take what is ready, in the order in which it became ready;
 * failures become notices; everything that changed is made durable by one sync; and only then is
 * anybody told: the scanner, the next hop, the event log. If the power goes out before the sync is
 * done, nobody is told, and the call has not happened.
 *
 * A *job* is one worker at work: a scan, or a transaction for some recipients of one message. It
 * ends with its answer, with its time-out, or with its message. Answers find their job by the
 * request, so one that comes too late, twice or after a restart finds none.
 *
 * Not done here: what a state means, how often something is tried (machine.c).
 *
 * BUGS: a crash between the sync and the telling is not thought of, which the world cannot make:
 * the power goes out at operations of the store. A real queue would open a deposit again at a
 * restart.
 */
#include "scan_submit/scan_submit.h"

#include <string.h>

#include "fnv.h"
#include "scan_submit/event_log.h"
#include "scan_submit/notice.h"
#include "scan_submit/reason.h"
#include "scan_submit/store.h"
#include "scan_submit/received.h"
#include "scan_submit/view.h"

/* RFC 5321 section 4.5.3.1.8: so many recipients every server takes in one transaction. */
#define TRANSACTION_RECIPIENTS 100

/* So often a recipient is tried together with others. If that did not go well it is tried alone:
 * it may be the one that breaks the connection, and takes the others with it. */
#define SHARED_ATTEMPTS 2

enum job_kind { JOB_TRANSPORT_SCAN, JOB_STORE_SCAN, JOB_SEND };

struct message;

struct job {
        enum job_kind kind;
        struct message *message;
        up_request request; /* 0 before it has begun */
        unsigned count;
        unsigned recipients[TRANSACTION_RECIPIENTS];
};

struct failure {
        unsigned recipient;
        enum up_reason reason;
};

struct message {
        struct up_record *record;
        GPtrArray *jobs;  /* of struct job, owned */
        GArray *failures; /* of struct failure: to be reported in this call */
        unsigned turn;    /* the recipient that is taken first by the next transaction */
        int64_t due_ms;   /* the first of its timers */
        bool changed;     /* since the last sync */
        bool queued;      /* among the ready */
        bool done;        /* nothing will ever happen to it again */
};

/* What is to be done once everything is durable. */
enum effect_kind { EFFECT_BEGIN, EFFECT_OPEN, EFFECT_LOG };

struct effect {
        enum effect_kind kind;
        struct message *message; /* NULL: of a log entry about the pipeline as a whole */
        struct job *job;
        enum up_log_event event;
        uint32_t code;
};

struct queue {
        struct up_scan_submit_parts parts;
        const struct up_ports *ports;
        struct up_policy policy; /* for what is accepted from now on */
        struct up_store *store;
        GPtrArray *messages; /* of struct message, owned, by id */
        GPtrArray *changed;  /* of struct message */
        GHashTable *jobs;    /* those that have begun, by request */
        GQueue ready;        /* of struct message */
        GArray *effects;
        int64_t busy;     /* workers */
        uint64_t changes; /* of any message, so far */
};

/* --- messages and jobs ------------------------------------------------------------------------ */

static void message_free(void *data)
{
        struct message *message = data;

        up_record_free(message->record);
        g_ptr_array_unref(message->jobs);
        g_array_unref(message->failures);
        g_free(message);
}

/* Takes the record. */
static struct message *add_message(struct queue *queue, struct up_record *record)
{
        struct message *message = g_new0(struct message, 1);

        message->record = record;
        message->jobs = g_ptr_array_new_with_free_func(g_free);
        message->failures = g_array_new(FALSE, FALSE, sizeof(struct failure));
        message->due_ms = UP_NEVER_MS;
        g_ptr_array_add(queue->messages, message);
        return message;
}

/* Ids are given one after the other, and no record is ever deleted. */
static up_id next_id(const struct queue *queue)
{
        return queue->messages->len + 1;
}

static struct message *find_message(const struct queue *queue, up_id id)
{
        return id >= 1 && id <= queue->messages->len ? queue->messages->pdata[id - 1] : NULL;
}

static void mark(struct queue *queue, struct message *message)
{
        if (!message->changed)
                g_ptr_array_add(queue->changed, message);
        message->changed = true;
        queue->changes++;
}

static struct job *add_job(struct queue *queue, struct message *message, enum job_kind kind)
{
        struct job *job = g_new0(struct job, 1);
        const struct effect begin = { EFFECT_BEGIN, message, job, 0, 0 };

        job->kind = kind;
        job->message = message;
        g_ptr_array_add(message->jobs, job);
        g_array_append_val(queue->effects, begin);
        queue->busy++;
        return job;
}

/* A job that ends in the very call in which it was taken up never begins. */
static void end_job(struct queue *queue, struct job *job)
{
        for (guint i = 0; i < queue->effects->len; i++) {
                struct effect *effect = &g_array_index(queue->effects, struct effect, i);
                if (effect->job == job)
                        g_array_remove_index(queue->effects, i--);
        }
        if (job->request != 0)
                g_hash_table_remove(queue->jobs, &job->request);
        queue->busy--;
        g_ptr_array_remove(job->message->jobs, job);
}

static void end_scan(struct queue *queue, struct message *message, enum job_kind kind)
{
        for (guint i = 0; i < message->jobs->len; i++) {
                struct job *job = message->jobs->pdata[i];
                if (job->kind == kind) {
                        end_job(queue, job);
                        return;
                }
        }
}

static void note(
    struct queue *queue, struct message *message, enum up_log_event event, uint32_t code)
{
        const struct effect effect = { EFFECT_LOG, message, NULL, event, code };

        g_array_append_val(queue->effects, effect);
}

/* --- steps ------------------------------------------------------------------------------------ */

static struct up_content *content_at(struct message *message, enum up_level level)
{
        return level == UP_LEVEL_STORE ? &message->record->deposit : &message->record->transport;
}

static void step_content(struct queue *queue, struct message *message, enum up_level level,
    enum up_content_event event, int64_t now_ms, uint32_t code);

/* Some recipient has the message: from now on it is in the store, where it is scanned again. Its
 * reading is decided within the same bound as all else. */
static void deposit(struct queue *queue, struct message *message, int64_t now_ms)
{
        struct up_record *record = message->record;

        record->deposited = true;
        record->deposit = up_content_init(&record->policy);
        step_content(queue, message, UP_LEVEL_STORE, UP_CONTENT_ACCEPT, now_ms, 0);
        record->deposit.expiry_ms =
            record->expired ? now_ms + record->policy.backoff_max_ms : record->transport.expiry_ms;
}

/* The sender of an infected message is not told: the address is most likely forged. */
static void report_failure(struct message *message, unsigned index, enum up_reason reason)
{
        const struct up_record *record = message->record;
        const struct failure failure = { index, reason };
        bool infected = record->deposited && record->deposit.state == UP_CONTENT_CONDEMNED;

        if (record->notify && !infected)
                g_array_append_val(message->failures, failure);
}

/* @reason is why it failed, if it does. Returns what the machine wants done: nothing, if it knows
 * no such event in that state. */
static unsigned step_recipient(struct queue *queue, struct message *message, unsigned index,
    enum up_recipient_event event, int64_t now_ms, enum up_reason reason)
{
        struct up_record *record = message->record;
        struct up_recipient *recipient = &record->recipient[index];
        struct up_recipient before = *recipient;

        if (!up_recipient_allows(recipient, queue->parts.machine, event))
                return 0;
        unsigned actions =
            up_recipient_step(recipient, queue->parts.machine, &record->policy, event, now_ms);
        if (actions != 0 || memcmp(&before, recipient, sizeof before) != 0)
                mark(queue, message);
        if ((actions & UP_DO_LOG_RETRY) != 0)
                note(queue, message, UP_LOG_DEFERRED, up_reason_rows[reason].code);
        if ((actions & UP_DO_LOG_FAILURE) != 0)
                note(queue, message,
                    recipient->null_sender ? UP_LOG_NOTICE_ABANDONED : UP_LOG_FAILED,
                    up_reason_rows[reason].code);
        if ((actions & UP_DO_NOTIFY) != 0)
                report_failure(message, index, reason);
        if (before.disposition == UP_DISPOSITION_NONE &&
            recipient->disposition == UP_DISPOSITION_DELIVERED && record->policy.store_scan != 0 &&
            !record->deposited)
                deposit(queue, message, now_ms);

        /* What an administrator wanted while a transaction was under way. */
        if (record->deleted)
                step_recipient(queue, message, index, UP_RECIPIENT_DELETE, now_ms, reason);
        else if (record->hold)
                step_recipient(queue, message, index, UP_RECIPIENT_HOLD, now_ms, reason);
        return actions;
}

static void step_recipients(struct queue *queue, struct message *message,
    enum up_recipient_event event, int64_t now_ms, enum up_reason reason)
{
        for (unsigned i = 0; i < message->record->recipients; i++)
                step_recipient(queue, message, i, event, now_ms, reason);
}

/* What a state says that ends a scan without clearance. */
static const struct {
        enum up_log_event event;
        enum up_reason reason;
} decisions[UP_CONTENT_STATE_COUNT] = {
        [UP_CONTENT_CONDEMNED] = { UP_LOG_INFECTED, UP_REASON_INFECTED },
        [UP_CONTENT_UNSCANNABLE] = { UP_LOG_UNSCANNABLE, UP_REASON_UNSCANNABLE },
        [UP_CONTENT_REWRITTEN] = { UP_LOG_REWRITTEN, UP_REASON_REWRITTEN },
};

/* What a decided content that may not go is to the recipients. */
static void meet_fate(struct queue *queue, struct message *message, int64_t now_ms)
{
        const struct up_record *record = message->record;

        if (up_content_is_decided(&record->transport) &&
            !up_content_may_go(&record->transport, &record->policy))
                step_recipients(queue, message,
                    up_content_fate(&record->transport, &record->policy), now_ms,
                    decisions[record->transport.state].reason);
}

static void decide(
    struct queue *queue, struct message *message, enum up_level level, int64_t now_ms)
{
        const struct effect open = { EFFECT_OPEN, message, NULL, 0, 0 };

        if (level == UP_LEVEL_TRANSPORT)
                meet_fate(queue, message, now_ms);
        else if (up_content_may_go(&message->record->deposit, &message->record->policy))
                g_array_append_val(queue->effects, open);
}

/* @code is the reason, if something has failed. */
static void step_content(struct queue *queue, struct message *message, enum up_level level,
    enum up_content_event event, int64_t now_ms, uint32_t code)
{
        enum job_kind scan = level == UP_LEVEL_STORE ? JOB_STORE_SCAN : JOB_TRANSPORT_SCAN;
        struct up_content *content = content_at(message, level);
        struct up_content before = *content;

        if (!up_content_allows(content, queue->parts.machine, event))
                return;
        unsigned actions =
            up_content_step(content, queue->parts.machine, &message->record->policy, event, now_ms);
        if (actions != 0 || memcmp(&before, content, sizeof before) != 0)
                mark(queue, message);
        if (before.state == UP_CONTENT_SCANNING && content->state != UP_CONTENT_SCANNING)
                end_scan(queue, message, scan);
        if ((actions & UP_DO_SCAN) != 0)
                add_job(queue, message, scan);
        if ((actions & UP_DO_LOG_RETRY) != 0)
                note(queue, message, UP_LOG_SCAN_RETRY, code);
        if ((actions & UP_DO_LOG_FAILURE) != 0)
                note(queue, message,
                    code == UP_CLIENT_LIMIT ? UP_LOG_OVER_LIMIT : decisions[content->state].event,
                    code);
        if ((actions & UP_DO_DECIDE) != 0)
                decide(queue, message, level, now_ms);
}

/* --- what follows from a message's state ------------------------------------------------------ */

static bool is_content_ready(const struct up_content *content)
{
        return content->state == UP_CONTENT_PENDING;
}

static bool may_go(const struct up_record *record)
{
        return up_content_is_decided(&record->transport) &&
               up_content_may_go(&record->transport, &record->policy);
}

static bool all_have_dispositions(const struct up_record *record)
{
        for (unsigned i = 0; i < record->recipients; i++)
                if (record->recipient[i].state != UP_RECIPIENT_FINAL)
                        return false;
        return true;
}

static bool is_final(const struct up_record *record)
{
        return all_have_dispositions(record) &&
               (!record->deposited || up_content_is_decided(&record->deposit));
}

static bool is_ready(const struct message *message)
{
        const struct up_record *record = message->record;

        if (message->done)
                return false;
        if (is_content_ready(&record->transport) ||
            (record->deposited && is_content_ready(&record->deposit)))
                return true;
        for (unsigned i = 0; may_go(record) && i < record->recipients; i++)
                if (record->recipient[i].state == UP_RECIPIENT_WAITING)
                        return true;
        return false;
}

static int64_t content_due_ms(const struct up_content *content)
{
        return MIN(MIN(content->retry_ms, content->watch_ms), content->expiry_ms);
}

static int64_t due_ms(const struct up_record *record)
{
        int64_t due_ms = content_due_ms(&record->transport);

        if (record->deposited)
                due_ms = MIN(due_ms, content_due_ms(&record->deposit));
        for (unsigned i = 0; i < record->recipients; i++)
                due_ms =
                    MIN(due_ms, MIN(record->recipient[i].retry_ms, record->recipient[i].watch_ms));
        return due_ms;
}

static bool is_sending(const struct job *job)
{
        for (unsigned i = 0; i < job->count; i++)
                if (job->message->record->recipient[job->recipients[i]].state ==
                    UP_RECIPIENT_SENDING)
                        return true;
        return false;
}

/* Ends the jobs that nobody waits for, and sees when the message is due next and whether it is
 * ready for a worker. */
static void refresh(struct queue *queue, struct message *message)
{
        message->done = is_final(message->record);
        for (guint i = message->jobs->len; i-- > 0;) {
                struct job *job = message->jobs->pdata[i];
                if (message->done || (job->kind == JOB_SEND && !is_sending(job)))
                        end_job(queue, job);
        }
        message->due_ms = message->done ? UP_NEVER_MS : due_ms(message->record);
        if (!message->queued && is_ready(message)) {
                g_queue_push_tail(&queue->ready, message);
                message->queued = true;
        }
}

/* --- work ------------------------------------------------------------------------------------- */

/* A message that the next hop cannot take as it is may not be changed to suit it: it is signed. An
 * address that it cannot take is the affair of that recipient alone. */
static bool is_beyond_hop(
    const struct up_record *record, unsigned index, unsigned offers, enum up_reason *ret_reason)
{
        bool unicode = !g_str_is_ascii(record->from) || !g_str_is_ascii(record->to[index]);

        if ((offers & UP_HOP_SIZE) != 0 && g_bytes_get_size(record->bytes) > UP_HOP_SIZE_BYTES)
                *ret_reason = UP_REASON_TOO_LARGE;
        else if ((offers & UP_HOP_SMTPUTF8) == 0 && (unicode || record->look.header_8bit))
                *ret_reason = UP_REASON_NO_SMTPUTF8;
        else if ((offers & UP_HOP_8BITMIME) == 0 && record->look.body_8bit)
                *ret_reason = UP_REASON_NO_8BITMIME;
        else
                return false;
        return true;
}

static bool goes_alone(const struct up_record *record, unsigned index)
{
        return record->policy.send_attempts - record->recipient[index].attempts_left >=
               SHARED_ATTEMPTS;
}

/* May the recipient join those of the job? */
static bool fits(const struct job *job, const struct up_record *record, unsigned index)
{
        return job == NULL || (job->count < TRANSACTION_RECIPIENTS && !goes_alone(record, index) &&
                                  !goes_alone(record, job->recipients[0]));
}

/* One transaction. Whoever is left over waits for the next worker, and comes first then: else those
 * who fail at once and are soon tried again would keep it from its turn. */
static void begin_sending(struct queue *queue, struct message *message, int64_t now_ms)
{
        struct up_record *record = message->record;
        unsigned offers = queue->ports->hop_capabilities(queue->ports->world);
        unsigned first = message->turn;
        struct job *job = NULL;
        bool left_over = false;

        for (unsigned seen = 0; seen < record->recipients; seen++) {
                unsigned i = (first + seen) % record->recipients;
                enum up_reason reason = UP_REASON_NONE;

                if (record->recipient[i].state != UP_RECIPIENT_WAITING)
                        continue;
                if (!fits(job, record, i)) {
                        if (!left_over)
                                message->turn = i;
                        left_over = true;
                        continue;
                }
                if (!left_over)
                        message->turn = i + 1;
                bool beyond = is_beyond_hop(record, i, offers, &reason);
                unsigned actions =
                    step_recipient(queue, message, i, UP_RECIPIENT_BEGIN, now_ms, reason);
                if ((actions & UP_DO_SEND) == 0)
                        continue;
                if (beyond) {
                        step_recipient(queue, message, i, UP_RECIPIENT_REJECTED, now_ms, reason);
                        continue;
                }
                if (job == NULL)
                        job = add_job(queue, message, JOB_SEND);
                job->recipients[job->count++] = i;
        }
}

static void begin_scanning(
    struct queue *queue, struct message *message, enum up_level level, int64_t now_ms)
{
        const struct up_record *record = message->record;
        bool wanted = level == UP_LEVEL_STORE || record->policy.transport_scan != 0;

        if (!wanted || record->parent != 0)
                step_content(queue, message, level, UP_CONTENT_PASS, now_ms, 0);
        else if (!record->look.within_limits)
                step_content(queue, message, level, UP_CONTENT_OPAQUE, now_ms, UP_CLIENT_LIMIT);
        else
                step_content(queue, message, level, UP_CONTENT_BEGIN, now_ms, 0);
}

static void begin_work(struct queue *queue, struct message *message, int64_t now_ms)
{
        const struct up_record *record = message->record;

        if (is_content_ready(&record->transport))
                begin_scanning(queue, message, UP_LEVEL_TRANSPORT, now_ms);
        else if (record->deposited && is_content_ready(&record->deposit))
                begin_scanning(queue, message, UP_LEVEL_STORE, now_ms);
        else
                begin_sending(queue, message, now_ms);
}

/* Whoever became ready first is taken first, and goes to the end of the line for its next job: so
 * nobody is passed over for ever. */
static void pump(struct queue *queue, int64_t now_ms)
{
        while (queue->busy < queue->policy.workers && !g_queue_is_empty(&queue->ready)) {
                struct message *message = g_queue_pop_head(&queue->ready);

                uint64_t changes = queue->changes;

                message->queued = false;
                if (!is_ready(message))
                        continue;
                begin_work(queue, message, now_ms);
                if (queue->changes != changes) /* a machine may have no row for it */
                        refresh(queue, message);
        }
}

/* --- notices ---------------------------------------------------------------------------------- */

static struct up_record *record_new(const struct queue *queue, const struct up_mail *mail)
{
        struct up_record *record = g_new0(struct up_record, 1);
        int64_t wall_s = queue->ports->wall_s(queue->ports->world);

        record->id = next_id(queue);
        record->origin = mail->origin;
        record->notify = mail->notify && mail->from[0] != '\0';
        record->from = g_ref_string_new(mail->from);
        record->to = up_record_addresses(mail->to);
        record->bytes = up_received_prepend(mail->bytes, record->id, mail->origin, wall_s);
        g_autofree char *message_id = up_event_log_message_id(mail->bytes);
        record->message_id = g_ref_string_new(message_id);
        record->look = up_client_look(queue->parts.client, record->bytes, &queue->policy);
        record->policy = queue->policy;
        record->accepted_wall_s = wall_s;
        record->transport = up_content_init(&record->policy);
        record->recipients = g_strv_length(record->to);
        record->recipient = g_new(struct up_recipient, record->recipients);
        for (unsigned i = 0; i < record->recipients; i++)
                record->recipient[i] = up_recipient_init(&record->policy, mail->from[0] == '\0');
        return record;
}

static struct message *accept(
    struct queue *queue, const struct up_mail *mail, up_id parent, int64_t now_ms)
{
        struct message *message = add_message(queue, record_new(queue, mail));

        message->record->parent = parent;
        step_content(queue, message, UP_LEVEL_TRANSPORT, UP_CONTENT_ACCEPT, now_ms, 0);
        refresh(queue, message);
        return message;
}

/* One notice tells of all recipients that failed in one call. */
static void make_notice(struct queue *queue, struct message *message, int64_t now_ms)
{
        struct up_record *record = message->record;
        g_autoptr(GArray) failures = g_array_new(FALSE, FALSE, sizeof(struct up_notice_failure));

        for (guint i = 0; i < message->failures->len; i++) {
                const struct failure *failure =
                    &g_array_index(message->failures, struct failure, i);
                const struct up_notice_failure told = {
                        .to = record->to[failure->recipient],
                        .status = up_reason_rows[failure->reason].status,
                        .text = up_reason_rows[failure->reason].text,
                };
                g_array_append_val(failures, told);
        }
        const struct up_notice notice = {
                .parent = record->id,
                .serial = ++record->notices,
                .sender = record->from,
                .wall_s = queue->ports->wall_s(queue->ports->world),
                .arrival_s = record->accepted_wall_s,
                .original = record->bytes,
                .failures = (const struct up_notice_failure *)(void *)failures->data,
                .count = failures->len,
        };
        g_autoptr(GBytes) bytes = up_notice_compose(&notice);
        const char *const to[] = { record->from, NULL };
        const struct up_mail mail = { UP_ORIGIN_LOCAL, "", to, false, bytes };

        g_array_set_size(message->failures, 0);
        note(queue, accept(queue, &mail, record->id, now_ms), UP_LOG_NOTICE_MADE, 0);
}

static bool make_notices(struct queue *queue, int64_t now_ms)
{
        bool made = false;

        for (guint i = 0; i < queue->changed->len; i++) {
                struct message *message = queue->changed->pdata[i];
                if (message->failures->len == 0)
                        continue;
                make_notice(queue, message, now_ms);
                made = true;
        }
        return made;
}

/* --- the end of every call -------------------------------------------------------------------- */

static bool make_durable(struct queue *queue)
{
        bool ok = true;

        for (guint i = 0; i < queue->changed->len; i++) {
                struct message *message = queue->changed->pdata[i];
                ok = ok && up_store_put(queue->store, message->record);
                message->changed = false;
        }
        if (queue->changed->len > 0)
                ok = ok && up_store_sync(queue->store);
        g_ptr_array_set_size(queue->changed, 0);
        return ok;
}

static up_request ask_to_send(struct queue *queue, const struct job *job)
{
        const struct up_record *record = job->message->record;
        const char *to[TRANSACTION_RECIPIENTS + 1];
        const struct up_transaction transaction = {
                .message = record->id,
                .from = record->from,
                .to = to,
                .recipients = job->recipients,
                .bytes = record->bytes,
                .gated = record->policy.store_scan != 0,
        };

        for (unsigned i = 0; i < job->count; i++)
                to[i] = record->to[job->recipients[i]];
        to[job->count] = NULL;
        return queue->ports->send(queue->ports->world, &transaction);
}

static void begin_job(struct queue *queue, struct job *job)
{
        const struct up_record *record = job->message->record;

        if (job->kind == JOB_SEND)
                job->request = ask_to_send(queue, job);
        else
                job->request = queue->ports->scan(queue->ports->world, record->id,
                    job->kind == JOB_STORE_SCAN ? UP_LEVEL_STORE : UP_LEVEL_TRANSPORT,
                    record->bytes);
        g_hash_table_insert(queue->jobs, &job->request, job);
}

static void carry_out(struct queue *queue, const struct effect *effect)
{
        const struct up_record *record = effect->message != NULL ? effect->message->record : NULL;

        switch (effect->kind) {
        case EFFECT_BEGIN:
                begin_job(queue, effect->job);
                break;
        case EFFECT_OPEN:
                queue->ports->make_readable(queue->ports->world, record->id);
                break;
        case EFFECT_LOG:
                up_event_log(queue->ports, effect->event, record != NULL ? record->id : 0,
                    record != NULL ? record->message_id : "", effect->code);
                break;
        }
}

/* False: the power went out. */
static bool finish(struct queue *queue, int64_t now_ms)
{
        for (guint i = 0; i < queue->changed->len; i++)
                refresh(queue, queue->changed->pdata[i]);
        /* A notice wants a worker too; and what needs no worker to fail makes another notice. */
        do {
                pump(queue, now_ms);
        } while (make_notices(queue, now_ms));

        bool ok = make_durable(queue);
        for (guint i = 0; ok && i < queue->effects->len; i++)
                carry_out(queue, &g_array_index(queue->effects, struct effect, i));
        g_array_set_size(queue->effects, 0);
        return ok;
}

/* --- the pipeline: opened, fed, run, looked at ------------------------------------------------ */

static void *open_queue(const struct up_pipeline *pipeline, const struct up_policy *policy,
    const struct up_ports *ports)
{
        struct queue *queue = g_new0(struct queue, 1);

        queue->parts = *(const struct up_scan_submit_parts *)pipeline->variant;
        queue->ports = ports;
        queue->policy = *policy;
        queue->store = up_store_new(ports);
        queue->messages = g_ptr_array_new_with_free_func(message_free);
        queue->changed = g_ptr_array_new();
        queue->jobs = g_hash_table_new(g_int64_hash, g_int64_equal);
        g_queue_init(&queue->ready);
        queue->effects = g_array_new(FALSE, FALSE, sizeof(struct effect));
        return queue;
}

static void close_queue(void *self)
{
        struct queue *queue = self;

        g_queue_clear(&queue->ready);
        g_hash_table_unref(queue->jobs);
        g_ptr_array_unref(queue->changed);
        g_ptr_array_unref(queue->messages);
        g_array_unref(queue->effects);
        up_store_free(queue->store);
        g_free(queue);
}

/* A process without power does nothing more. */
static bool is_dead(const struct queue *queue)
{
        return up_store_is_dead(queue->store);
}

static enum up_receipt submit(void *self, const struct up_mail *mail, int64_t now_ms, up_id *ret_id)
{
        struct queue *queue = self;

        if (is_dead(queue))
                return UP_RECEIPT_DEFERRED;
        if (up_received_count(mail->bytes) > queue->policy.max_hops) {
                g_autofree char *message_id = up_event_log_message_id(mail->bytes);
                up_event_log(
                    queue->ports, UP_LOG_LOOP, 0, message_id, up_reason_rows[UP_REASON_LOOP].code);
                return UP_RECEIPT_REJECTED;
        }
        up_id id = accept(queue, mail, 0, now_ms)->record->id;
        if (!finish(queue, now_ms))
                return UP_RECEIPT_DEFERRED;
        *ret_id = id;
        return UP_RECEIPT_ACCEPTED;
}

static void scanned(
    void *self, up_request request, const struct up_scan_answer *answer, int64_t now_ms)
{
        struct queue *queue = self;
        const struct job *job = g_hash_table_lookup(queue->jobs, &request);

        if (is_dead(queue) || job == NULL || job->kind == JOB_SEND)
                return;
        struct message *message = job->message;
        const struct up_client_question question = {
                .message = message->record->id,
                .origin = message->record->origin,
                .level = job->kind == JOB_STORE_SCAN ? UP_LEVEL_STORE : UP_LEVEL_TRANSPORT,
                .look = message->record->look,
        };
        struct up_client_reading reading = up_client_read(queue->parts.client, &question, answer);

        step_content(queue, message, question.level, reading.event, now_ms, reading.code);
        finish(queue, now_ms);
}

/* What an outcome is to the machine, and why. */
static const struct {
        enum up_recipient_event event;
        enum up_reason reason;
} outcomes[] = {
        [UP_OUTCOME_DELIVERED] = { UP_RECIPIENT_ACCEPTED, UP_REASON_NONE },
        [UP_OUTCOME_DEFERRED] = { UP_RECIPIENT_DEFERRED, UP_REASON_DEFERRED },
        [UP_OUTCOME_REJECTED] = { UP_RECIPIENT_REJECTED, UP_REASON_REJECTED },
        [UP_OUTCOME_UNKNOWN] = { UP_RECIPIENT_UNKNOWN, UP_REASON_UNKNOWN },
};

static void sent(
    void *self, up_request request, const struct up_send_answer *answer, int64_t now_ms)
{
        struct queue *queue = self;
        const struct job *job = g_hash_table_lookup(queue->jobs, &request);

        if (is_dead(queue) || job == NULL || job->kind != JOB_SEND)
                return;
        for (unsigned i = 0; i < MIN(job->count, answer->recipients); i++) {
                enum up_outcome outcome = up_send_outcome(answer, i);
                step_recipient(queue, job->message, job->recipients[i], outcomes[outcome].event,
                    now_ms, outcomes[outcome].reason);
        }
        finish(queue, now_ms);
}

static void expire(struct queue *queue, struct message *message, int64_t now_ms)
{
        struct up_record *record = message->record;

        record->expired = true;
        if (!all_have_dispositions(record))
                note(queue, message, UP_LOG_EXPIRED, up_reason_rows[UP_REASON_EXPIRED].code);
        step_recipients(queue, message, UP_RECIPIENT_EXPIRE, now_ms, UP_REASON_EXPIRED);
        step_content(queue, message, UP_LEVEL_TRANSPORT, UP_CONTENT_EXPIRE, now_ms,
            up_reason_rows[UP_REASON_EXPIRED].code);
        mark(queue, message);
}

static void run_content(
    struct queue *queue, struct message *message, enum up_level level, int64_t now_ms)
{
        const struct up_content *content = content_at(message, level);

        if (content->watch_ms <= now_ms)
                step_content(queue, message, level, UP_CONTENT_TIMEOUT, now_ms, UP_CLIENT_TIMEOUT);
        else if (content->retry_ms <= now_ms)
                step_content(queue, message, level, UP_CONTENT_RETRY, now_ms, 0);
}

static void run_message(struct queue *queue, struct message *message, int64_t now_ms)
{
        struct up_record *record = message->record;

        if (record->transport.expiry_ms <= now_ms)
                expire(queue, message, now_ms);
        if (record->deposited && record->deposit.expiry_ms <= now_ms)
                step_content(queue, message, UP_LEVEL_STORE, UP_CONTENT_EXPIRE, now_ms,
                    up_reason_rows[UP_REASON_EXPIRED].code);
        run_content(queue, message, UP_LEVEL_TRANSPORT, now_ms);
        if (record->deposited)
                run_content(queue, message, UP_LEVEL_STORE, now_ms);
        for (unsigned i = 0; i < record->recipients; i++) {
                const struct up_recipient *recipient = &record->recipient[i];
                if (recipient->watch_ms <= now_ms)
                        step_recipient(queue, message, i, UP_RECIPIENT_TIMEOUT, now_ms,
                            recipient->expired ? UP_REASON_EXPIRED : UP_REASON_TIMEOUT);
                else if (recipient->retry_ms <= now_ms)
                        step_recipient(
                            queue, message, i, UP_RECIPIENT_RETRY, now_ms, UP_REASON_NONE);
        }
}

static void run(void *self, int64_t now_ms)
{
        struct queue *queue = self;

        if (is_dead(queue))
                return;
        for (guint i = 0; i < queue->messages->len; i++) {
                struct message *message = queue->messages->pdata[i];
                if (message->due_ms <= now_ms)
                        run_message(queue, message, now_ms);
        }
        finish(queue, now_ms);
}

static int64_t next_ms(void *self)
{
        const struct queue *queue = self;
        int64_t next_ms = UP_NEVER_MS;

        for (guint i = 0; i < queue->messages->len; i++)
                next_ms = MIN(next_ms, ((struct message *)queue->messages->pdata[i])->due_ms);
        return next_ms;
}

/* --- what it tells ---------------------------------------------------------------------------- */

static void each(void *self, up_view_visitor see, void *data)
{
        const struct queue *queue = self;

        for (guint i = 0; i < queue->messages->len; i++) {
                const struct message *message = queue->messages->pdata[i];
                for (unsigned j = 0; j < message->record->recipients; j++) {
                        struct up_view view = up_record_view(message->record, j);
                        see(&view, data);
                }
        }
}

/* What is done with decides nothing any more. */
static uint64_t digest(void *self, int64_t now_ms)
{
        const struct queue *queue = self;
        uint64_t digest = UP_FNV_BASIS;

        for (guint i = 0; i < queue->messages->len; i++) {
                const struct message *message = queue->messages->pdata[i];
                if (message->done)
                        continue;
                digest = up_fnv_number(digest, (int64_t)i);
                digest = up_fnv_number(digest, message->turn % message->record->recipients);
                digest = up_record_digest(digest, message->record, now_ms);
        }
        return digest;
}

/* --- administrators, and the end of the process ----------------------------------------------- */

static void command(void *self, enum up_command command, up_id id, int64_t now_ms)
{
        struct queue *queue = self;
        struct message *message = find_message(queue, id);

        if (is_dead(queue) || message == NULL || message->done)
                return;
        struct up_record *record = message->record;
        switch (command) {
        case UP_COMMAND_HOLD:
                record->hold = true;
                step_recipients(queue, message, UP_RECIPIENT_HOLD, now_ms, UP_REASON_NONE);
                note(queue, message, UP_LOG_HELD, 0);
                break;
        case UP_COMMAND_RELEASE:
                record->hold = false;
                step_recipients(queue, message, UP_RECIPIENT_RELEASE, now_ms, UP_REASON_NONE);
                meet_fate(queue, message, now_ms);
                if (record->expired)
                        step_recipients(
                            queue, message, UP_RECIPIENT_EXPIRE, now_ms, UP_REASON_EXPIRED);
                note(queue, message, UP_LOG_RELEASED, 0);
                break;
        case UP_COMMAND_DELETE:
                record->deleted = true;
                step_recipients(queue, message, UP_RECIPIENT_DELETE, now_ms, UP_REASON_NONE);
                note(queue, message, UP_LOG_DELETED, 0);
                break;
        default:
                g_assert_not_reached();
        }
        mark(queue, message);
        finish(queue, now_ms);
}

/* What was accepted keeps the policy it was accepted under. */
static void reload(void *self, const struct up_policy *policy, int64_t now_ms)
{
        struct queue *queue = self;

        if (is_dead(queue))
                return;
        queue->policy = *policy;
        finish(queue, now_ms);
}

static void signatures(void *self, int64_t now_ms)
{
        struct queue *queue = self;

        if (is_dead(queue))
                return;
        for (guint i = 0; i < queue->messages->len; i++) {
                struct message *message = queue->messages->pdata[i];
                if (message->done)
                        continue;
                step_content(queue, message, UP_LEVEL_TRANSPORT, UP_CONTENT_SIGNATURES, now_ms, 0);
                if (message->record->deposited)
                        step_content(
                            queue, message, UP_LEVEL_STORE, UP_CONTENT_SIGNATURES, now_ms, 0);
        }
        finish(queue, now_ms);
}

static void forget(struct queue *queue)
{
        g_queue_clear(&queue->ready);
        g_hash_table_remove_all(queue->jobs);
        g_ptr_array_set_size(queue->changed, 0);
        g_ptr_array_set_size(queue->messages, 0);
        g_array_set_size(queue->effects, 0);
        queue->busy = 0;
}

static void wake(struct queue *queue, struct message *message, int64_t now_ms)
{
        step_content(
            queue, message, UP_LEVEL_TRANSPORT, UP_CONTENT_RESTART, now_ms, UP_CLIENT_INTERRUPTED);
        if (message->record->deposited)
                step_content(queue, message, UP_LEVEL_STORE, UP_CONTENT_RESTART, now_ms,
                    UP_CLIENT_INTERRUPTED);
        step_recipients(queue, message, UP_RECIPIENT_RESTART, now_ms, UP_REASON_INTERRUPTED);
        refresh(queue, message);
}

static void restart(void *self, int64_t now_ms)
{
        struct queue *queue = self;
        g_autoptr(GPtrArray) records = up_store_recover(queue->store);

        forget(queue);
        for (guint i = 0; i < records->len; i++)
                add_message(queue, g_steal_pointer(&records->pdata[i]));
        for (guint i = 0; i < records->len; i++)
                wake(queue, queue->messages->pdata[i], now_ms);
        note(queue, NULL, UP_LOG_RESTARTED, records->len);
        finish(queue, now_ms);
}

/* --- the contract ----------------------------------------------------------------------------- */

struct up_pipeline up_scan_submit_with(const char *name, const struct up_scan_submit_parts *parts)
{
        struct up_pipeline pipeline = up_scan_submit;

        pipeline.name = name;
        pipeline.variant = parts;
        return pipeline;
}

static const struct up_scan_submit_parts reference_parts = {
        .machine = &up_machine,
        .client = &up_client,
};

const struct up_pipeline up_scan_submit = {
        .name = "scan-submit",
        .capabilities = UP_CAN_OWNER | UP_CAN_RANK | UP_CAN_DIGEST | UP_CAN_ELIGIBILITY |
                        UP_CAN_CRASH | UP_CAN_COMMANDS,
        .variant = &reference_parts,
        .open = open_queue,
        .close = close_queue,
        .submit = submit,
        .scanned = scanned,
        .sent = sent,
        .run = run,
        .next_ms = next_ms,
        .for_each_recipient = each,
        .digest = digest,
        .command = command,
        .reload = reload,
        .signatures_updated = signatures,
        .restart = restart,
};

const struct up_machine *up_scan_submit_machine(const struct up_pipeline *pipeline)
{
        return pipeline->open == open_queue
                   ? ((const struct up_scan_submit_parts *)pipeline->variant)->machine
                   : NULL;
}
