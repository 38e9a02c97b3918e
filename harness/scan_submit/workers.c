/*
 * workers - jobs, and the order in which messages get them
 *
 * Messages are served in the order in which they became ready, and go to the end of the queue for
 * their next job, so that none waits for ever.
 */
#include "scan_submit/queue.h"

/* A recipient is tried this often together with others, and then alone: it may be the one that
 * breaks the connection for all. */
#define SHARED_ATTEMPTS 2

/* --- jobs ------------------------------------------------------------------------------------- */

struct up_job *up_queue_add_job(
    struct up_queue *queue, struct up_message *message, enum up_job_kind kind, enum up_level level)
{
        struct up_job *job = g_new0(struct up_job, 1);
        const struct up_effect begin = { UP_EFFECT_BEGIN_JOB, message, job, 0, 0 };

        job->kind = kind;
        job->level = level;
        job->message = message;
        g_ptr_array_add(message->jobs, job);
        g_array_append_val(queue->effects, begin);
        queue->busy++;
        return job;
}

void up_queue_end_job(struct up_queue *queue, struct up_job *job)
{
        for (guint i = 0; i < queue->effects->len; i++)
                if (g_array_index(queue->effects, struct up_effect, i).job == job)
                        g_array_remove_index(queue->effects, i--);
        if (job->request != 0)
                g_hash_table_remove(queue->jobs, &job->request);
        queue->busy--;
        g_ptr_array_remove(job->message->jobs, job);
}

static up_request request_transaction(struct up_queue *queue, const struct up_job *job)
{
        const struct up_record *record = job->message->record;
        const char *to[UP_TRANSACTION_RECIPIENTS + 1];
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

void up_queue_begin_job(struct up_queue *queue, struct up_job *job)
{
        const struct up_record *record = job->message->record;

        job->request = job->kind == UP_JOB_SEND ? request_transaction(queue, job)
                                                : queue->ports->scan(queue->ports->world,
                                                      record->id, job->level, record->bytes);
        g_hash_table_insert(queue->jobs, &job->request, job);
}

/* --- readiness -------------------------------------------------------------------------------- */

static bool may_send(const struct up_record *record)
{
        const struct up_content *content = &record->content[UP_LEVEL_TRANSPORT];

        return up_content_is_decided(content) && up_content_may_go(content, &record->policy);
}

static bool is_final(const struct up_message *message)
{
        const struct up_record *record = message->record;

        if (message->in_state[UP_RECIPIENT_FINAL] < record->recipients)
                return false;
        return !record->deposited || up_content_is_decided(&record->content[UP_LEVEL_STORE]);
}

static bool is_ready(const struct up_message *message)
{
        const struct up_record *record = message->record;

        if (message->done)
                return false;
        for (unsigned level = 0; level < up_record_levels(record); level++)
                if (record->content[level].state == UP_CONTENT_PENDING)
                        return true;
        return message->in_state[UP_RECIPIENT_WAITING] > 0 && may_send(record);
}

static int64_t next_timer_ms(const struct up_record *record)
{
        int64_t next_ms = UP_NEVER_MS;

        for (unsigned level = 0; level < up_record_levels(record); level++) {
                const struct up_content *content = &record->content[level];
                next_ms = MIN(
                    MIN(next_ms, content->expiry_ms), MIN(content->retry_ms, content->watch_ms));
        }
        for (unsigned i = 0; i < record->recipients; i++) {
                const struct up_recipient *recipient = &record->recipient[i];
                next_ms = MIN(next_ms, MIN(recipient->retry_ms, recipient->watch_ms));
        }
        return next_ms;
}

static bool is_sending(const struct up_job *job)
{
        for (unsigned i = 0; i < job->count; i++)
                if (job->message->record->recipient[job->recipients[i]].state ==
                    UP_RECIPIENT_SENDING)
                        return true;
        return false;
}

static gint by_timer(gconstpointer a, gconstpointer b, gpointer data)
{
        const struct up_message *one = a, *other = b;

        (void)data;
        if (one->due_ms != other->due_ms)
                return one->due_ms < other->due_ms ? -1 : 1;
        return one->record->id < other->record->id ? -1 : one->record->id > other->record->id;
}

static void set_timer(struct up_queue *queue, struct up_message *message, int64_t due_ms)
{
        if (message->due_ms == due_ms)
                return;
        message->due_ms = due_ms;
        if (due_ms == UP_NEVER_MS) {
                g_sequence_remove(message->timer);
                message->timer = NULL;
        } else if (message->timer != NULL) {
                g_sequence_sort_changed(message->timer, by_timer, NULL);
        } else {
                message->timer = g_sequence_insert_sorted(queue->timers, message, by_timer, NULL);
        }
}

static void refresh_digest(struct up_queue *queue, struct up_message *message)
{
        up_digest_subtract(&queue->digest, &message->digest);
        message->digest = (struct up_digest){ 0 };
        if (message->done)
                return;
        message->digest = up_record_digest(message->record, message->next_turn);
        up_digest_add(&message->digest, &message->recipients_digest);
        up_digest_add(&queue->digest, &message->digest);
}

void up_queue_refresh(struct up_queue *queue, struct up_message *message)
{
        message->done = is_final(message);
        for (guint i = message->jobs->len; i-- > 0;) {
                struct up_job *job = message->jobs->pdata[i];
                if (message->done || (job->kind == UP_JOB_SEND && !is_sending(job)))
                        up_queue_end_job(queue, job);
        }
        set_timer(queue, message, message->done ? UP_NEVER_MS : next_timer_ms(message->record));
        refresh_digest(queue, message);
        if (!message->queued && is_ready(message)) {
                g_queue_push_tail(&queue->ready, message);
                message->queued = true;
        }
}

/* --- assignment ------------------------------------------------------------------------------- */

/*
 * Why the next hop cannot accept the message for this recipient, or UP_REASON_NONE. The message may
 * not be converted, because it may be signed.
 */
static enum up_reason find_obstacle(
    const struct up_record *record, unsigned index, unsigned capabilities)
{
        bool unicode = !g_str_is_ascii(record->from) || !g_str_is_ascii(record->to[index]);

        if ((capabilities & UP_HOP_SIZE) != 0 &&
            g_bytes_get_size(record->bytes) > UP_HOP_SIZE_BYTES)
                return UP_REASON_TOO_LARGE;
        if ((capabilities & UP_HOP_SMTPUTF8) == 0 && (unicode || record->look.header_8bit))
                return UP_REASON_NO_SMTPUTF8;
        if ((capabilities & UP_HOP_8BITMIME) == 0 && record->look.body_8bit)
                return UP_REASON_NO_8BITMIME;
        return UP_REASON_NONE;
}

static bool goes_alone(const struct up_record *record, unsigned index)
{
        return record->policy.send_attempts - record->recipient[index].attempts_left >=
               SHARED_ATTEMPTS;
}

static bool can_join(const struct up_job *job, const struct up_record *record, unsigned index)
{
        return job == NULL ||
               (job->count < UP_TRANSACTION_RECIPIENTS && !goes_alone(record, index) &&
                   !goes_alone(record, job->recipients[0]));
}

/* Begins one transaction. The recipients left over come first in the next one; otherwise those that
 * fail quickly and are retried soon would keep them waiting. */
static void begin_sending(struct up_queue *queue, struct up_message *message)
{
        struct up_record *record = message->record;
        unsigned capabilities = queue->ports->hop_capabilities(queue->ports->world);
        unsigned first = message->next_turn;
        struct up_job *job = NULL;
        bool left_over = false;

        for (unsigned seen = 0; seen < record->recipients; seen++) {
                unsigned i = (first + seen) % record->recipients;

                if (record->recipient[i].state != UP_RECIPIENT_WAITING)
                        continue;
                if (!can_join(job, record, i)) {
                        if (!left_over)
                                message->next_turn = i;
                        left_over = true;
                        if (job->count == UP_TRANSACTION_RECIPIENTS)
                                break;
                        continue;
                }
                if (!left_over)
                        message->next_turn = i + 1;
                enum up_reason obstacle = find_obstacle(record, i, capabilities);
                unsigned actions =
                    up_queue_step_recipient(queue, message, i, UP_RECIPIENT_BEGIN, obstacle);
                if ((actions & UP_DO_SEND) == 0)
                        continue;
                if (obstacle != UP_REASON_NONE) {
                        up_queue_step_recipient(queue, message, i, UP_RECIPIENT_REJECTED, obstacle);
                        continue;
                }
                if (job == NULL)
                        job = up_queue_add_job(queue, message, UP_JOB_SEND, UP_LEVEL_TRANSPORT);
                job->recipients[job->count++] = i;
        }
}

static void begin_scanning(struct up_queue *queue, struct up_message *message, enum up_level level)
{
        const struct up_record *record = message->record;
        bool wanted = level == UP_LEVEL_STORE || record->policy.transport_scan != 0;

        if (!wanted || record->parent != 0)
                up_queue_step_content(queue, message, level, UP_CONTENT_PASS, 0);
        else if (!record->look.within_limits)
                up_queue_step_content(queue, message, level, UP_CONTENT_OPAQUE, UP_CLIENT_LIMIT);
        else
                up_queue_step_content(queue, message, level, UP_CONTENT_BEGIN, 0);
}

static void begin_work(struct up_queue *queue, struct up_message *message)
{
        for (unsigned level = 0; level < up_record_levels(message->record); level++) {
                if (message->record->content[level].state == UP_CONTENT_PENDING) {
                        begin_scanning(queue, message, (enum up_level)level);
                        return;
                }
        }
        begin_sending(queue, message);
}

void up_queue_assign_workers(struct up_queue *queue)
{
        while (queue->busy < queue->policy.workers && !g_queue_is_empty(&queue->ready)) {
                struct up_message *message = g_queue_pop_head(&queue->ready);
                uint64_t changes = queue->changes;

                message->queued = false;
                if (!is_ready(message))
                        continue;
                begin_work(queue, message);
                if (queue->changes != changes) /* a faulty machine may lack the row */
                        up_queue_refresh(queue, message);
                else
                        refresh_digest(queue, message);
        }
}
