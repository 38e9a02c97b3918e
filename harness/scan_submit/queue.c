/*
 * queue - the interface of pipeline.h
 *
 * BUGS: a crash between the sync and the effects is not handled, and the world cannot cause one:
 * the power fails at operations of the store. A real queue would call make_readable() again after a
 * restart.
 */
#include "scan_submit/queue.h"

#include "scan_submit/notice.h"
#include "scan_submit/received.h"

/* --- messages --------------------------------------------------------------------------------- */

static void message_free(void *data)
{
        struct up_message *message = data;

        up_record_free(message->record);
        g_ptr_array_unref(message->jobs);
        g_array_unref(message->failures);
        g_array_unref(message->touched);
        g_free(message);
}

/* Takes ownership of the record. */
static struct up_message *add_message(struct up_queue *queue, struct up_record *record)
{
        struct up_message *message = g_new0(struct up_message, 1);

        message->record = record;
        message->jobs = g_ptr_array_new_with_free_func(g_free);
        message->failures = g_array_new(FALSE, FALSE, sizeof(struct up_failure));
        message->due_ms = UP_NEVER_MS;
        message->touched = g_array_new(FALSE, FALSE, sizeof(unsigned));
        message->reported = true;
        for (unsigned i = 0; i < record->recipients; i++) {
                const struct up_digest digest = up_recipient_digest(record, i);
                up_digest_add(&message->recipients_digest, &digest);
                message->in_state[record->recipient[i].state]++;
        }
        g_ptr_array_add(queue->messages, message);
        up_queue_touch_all(queue, message);
        return message;
}

/* Ids count up from 1, and no record is ever deleted. */
static struct up_message *find_message(const struct up_queue *queue, up_id id)
{
        return id >= 1 && id <= queue->messages->len ? queue->messages->pdata[id - 1] : NULL;
}

static struct up_record *record_new(
    const struct up_queue *queue, const struct up_mail *mail, up_id parent)
{
        struct up_record *record = g_new0(struct up_record, 1);
        int64_t wall_s = queue->ports->wall_s(queue->ports->world);
        g_autofree char *message_id = up_event_log_message_id(mail->bytes);

        record->id = queue->messages->len + 1;
        record->parent = parent;
        record->origin = mail->origin;
        record->notify = mail->notify && mail->from[0] != '\0';
        record->from = g_ref_string_new(mail->from);
        record->to = up_record_addresses(mail->to);
        record->bytes = up_received_prepend(mail->bytes, record->id, mail->origin, wall_s);
        record->message_id = g_ref_string_new(message_id);
        record->look = up_client_look(queue->parts.client, record->bytes, &queue->policy);
        record->policy = queue->policy;
        record->accepted_wall_s = wall_s;
        record->content[UP_LEVEL_TRANSPORT] = up_content_init(&record->policy);
        record->recipients = g_strv_length(record->to);
        record->recipient = g_new(struct up_recipient, record->recipients);
        for (unsigned i = 0; i < record->recipients; i++)
                record->recipient[i] = up_recipient_init(&record->policy, mail->from[0] == '\0');
        return record;
}

static struct up_message *accept(struct up_queue *queue, const struct up_mail *mail, up_id parent)
{
        struct up_message *message = add_message(queue, record_new(queue, mail, parent));

        up_queue_step_content(queue, message, UP_LEVEL_TRANSPORT, UP_CONTENT_ACCEPT, 0);
        up_queue_refresh(queue, message);
        return message;
}

/* --- notices ---------------------------------------------------------------------------------- */

/* One notice reports all recipients that failed in one call. */
static void send_notice(struct up_queue *queue, struct up_message *message)
{
        struct up_record *record = message->record;
        g_autoptr(GArray) failures = g_array_new(FALSE, FALSE, sizeof(struct up_notice_failure));

        for (guint i = 0; i < message->failures->len; i++) {
                const struct up_failure *failure =
                    &g_array_index(message->failures, struct up_failure, i);
                const struct up_notice_failure reported = {
                        .to = record->to[failure->recipient],
                        .status = up_reason_rows[failure->reason].status,
                        .text = up_reason_rows[failure->reason].text,
                };
                g_array_append_val(failures, reported);
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
        up_queue_log(queue, accept(queue, &mail, record->id), UP_LOG_NOTICE_MADE, 0);
}

static bool send_notices(struct up_queue *queue)
{
        bool sent = false;

        for (guint i = 0; i < queue->changed->len; i++) {
                struct up_message *message = queue->changed->pdata[i];
                if (message->failures->len == 0)
                        continue;
                send_notice(queue, message);
                sent = true;
        }
        return sent;
}

/* --- begin and end of every call -------------------------------------------------------------- */

/* False: the power is out, and the process is dead until restart(). */
static bool begin_call(struct up_queue *queue, int64_t now_ms)
{
        queue->now_ms = now_ms;
        return !up_store_is_dead(queue->store);
}

static bool make_durable(struct up_queue *queue)
{
        bool ok = true;

        for (guint i = 0; i < queue->changed->len; i++) {
                struct up_message *message = queue->changed->pdata[i];
                ok = ok && up_store_put(queue->store, message->record);
                message->changed = false;
        }
        if (queue->changed->len > 0)
                ok = ok && up_store_sync(queue->store);
        g_ptr_array_set_size(queue->changed, 0);
        return ok;
}

static void carry_out(struct up_queue *queue, const struct up_effect *effect)
{
        const struct up_record *record = effect->message != NULL ? effect->message->record : NULL;

        switch (effect->kind) {
        case UP_EFFECT_BEGIN_JOB:
                up_queue_begin_job(queue, effect->job);
                break;
        case UP_EFFECT_MAKE_READABLE:
                queue->ports->make_readable(queue->ports->world, record->id);
                break;
        case UP_EFFECT_LOG:
                up_event_log(queue->ports, effect->event, record != NULL ? record->id : 0,
                    record != NULL ? record->message_id : "", effect->code);
                break;
        }
}

/* False: the power failed. */
static bool end_call(struct up_queue *queue)
{
        for (guint i = 0; i < queue->changed->len; i++)
                up_queue_refresh(queue, queue->changed->pdata[i]);
        /* A notice needs a worker, too, and may cause the next notice without one. */
        do {
                up_queue_assign_workers(queue);
        } while (send_notices(queue));

        bool ok = make_durable(queue);
        for (guint i = 0; ok && i < queue->effects->len; i++)
                carry_out(queue, &g_array_index(queue->effects, struct up_effect, i));
        g_array_set_size(queue->effects, 0);
        return ok;
}

/* --- submissions and answers ------------------------------------------------------------------ */

static void *open_queue(const struct up_pipeline *pipeline, const struct up_policy *policy,
    const struct up_ports *ports)
{
        struct up_queue *queue = g_new0(struct up_queue, 1);

        queue->parts = *(const struct up_scan_submit_parts *)pipeline->variant;
        queue->ports = ports;
        queue->policy = *policy;
        queue->store = up_store_new(ports);
        queue->messages = g_ptr_array_new_with_free_func(message_free);
        queue->changed = g_ptr_array_new();
        queue->touched = g_ptr_array_new();
        queue->timers = g_sequence_new(NULL);
        queue->jobs = g_hash_table_new(g_int64_hash, g_int64_equal);
        g_queue_init(&queue->ready);
        queue->effects = g_array_new(FALSE, FALSE, sizeof(struct up_effect));
        return queue;
}

static void close_queue(void *self)
{
        struct up_queue *queue = self;

        g_queue_clear(&queue->ready);
        g_hash_table_unref(queue->jobs);
        g_ptr_array_unref(queue->changed);
        g_ptr_array_unref(queue->touched);
        g_sequence_free(queue->timers);
        g_ptr_array_unref(queue->messages);
        g_array_unref(queue->effects);
        up_store_free(queue->store);
        g_free(queue);
}

static enum up_receipt submit(void *self, const struct up_mail *mail, int64_t now_ms, up_id *ret_id)
{
        struct up_queue *queue = self;

        if (!begin_call(queue, now_ms))
                return UP_RECEIPT_DEFERRED;
        if (up_received_count(mail->bytes) > queue->policy.max_hops) {
                g_autofree char *message_id = up_event_log_message_id(mail->bytes);
                up_event_log(
                    queue->ports, UP_LOG_LOOP, 0, message_id, up_reason_rows[UP_REASON_LOOP].code);
                return UP_RECEIPT_REJECTED;
        }
        up_id id = accept(queue, mail, 0)->record->id;
        if (!end_call(queue))
                return UP_RECEIPT_DEFERRED;
        *ret_id = id;
        return UP_RECEIPT_ACCEPTED;
}

static void scanned(
    void *self, up_request request, const struct up_scan_answer *answer, int64_t now_ms)
{
        struct up_queue *queue = self;
        const struct up_job *job = g_hash_table_lookup(queue->jobs, &request);

        if (!begin_call(queue, now_ms) || job == NULL || job->kind != UP_JOB_SCAN)
                return;
        struct up_message *message = job->message;
        const struct up_client_question question = {
                .message = message->record->id,
                .origin = message->record->origin,
                .level = job->level,
                .look = message->record->look,
        };
        struct up_client_reading reading = up_client_read(queue->parts.client, &question, answer);

        up_queue_step_content(queue, message, job->level, reading.event, reading.code);
        end_call(queue);
}

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
        struct up_queue *queue = self;
        const struct up_job *job = g_hash_table_lookup(queue->jobs, &request);

        if (!begin_call(queue, now_ms) || job == NULL || job->kind != UP_JOB_SEND)
                return;
        for (unsigned i = 0; i < MIN(job->count, answer->recipients); i++) {
                enum up_outcome outcome = up_send_outcome(answer, i);
                up_queue_step_recipient(queue, job->message, job->recipients[i],
                    outcomes[outcome].event, outcomes[outcome].reason);
        }
        end_call(queue);
}

/* --- timers ----------------------------------------------------------------------------------- */

static void expire(struct up_queue *queue, struct up_message *message)
{
        struct up_record *record = message->record;
        uint32_t code = up_reason_rows[UP_REASON_EXPIRED].code;

        record->expired = true;
        for (unsigned i = 0; i < record->recipients; i++) {
                if (record->recipient[i].state != UP_RECIPIENT_FINAL) {
                        up_queue_log(queue, message, UP_LOG_EXPIRED, code);
                        break;
                }
        }
        up_queue_step_recipients(queue, message, UP_RECIPIENT_EXPIRE, UP_REASON_EXPIRED);
        up_queue_step_content(queue, message, UP_LEVEL_TRANSPORT, UP_CONTENT_EXPIRE, code);
        up_queue_mark_changed(queue, message);
}

static void run_timers(struct up_queue *queue, struct up_message *message)
{
        struct up_record *record = message->record;
        const int64_t now_ms = queue->now_ms;

        if (record->content[UP_LEVEL_TRANSPORT].expiry_ms <= now_ms)
                expire(queue, message);
        if (record->deposited && record->content[UP_LEVEL_STORE].expiry_ms <= now_ms)
                up_queue_step_content(queue, message, UP_LEVEL_STORE, UP_CONTENT_EXPIRE,
                    up_reason_rows[UP_REASON_EXPIRED].code);
        for (unsigned level = 0; level < up_record_levels(record); level++) {
                const struct up_content *content = &record->content[level];
                if (content->watch_ms <= now_ms)
                        up_queue_step_content(queue, message, (enum up_level)level,
                            UP_CONTENT_TIMEOUT, UP_CLIENT_TIMEOUT);
                else if (content->retry_ms <= now_ms)
                        up_queue_step_content(
                            queue, message, (enum up_level)level, UP_CONTENT_RETRY, 0);
        }
        for (unsigned i = 0; i < record->recipients; i++) {
                const struct up_recipient *recipient = &record->recipient[i];
                if (recipient->watch_ms <= now_ms)
                        up_queue_step_recipient(queue, message, i, UP_RECIPIENT_TIMEOUT,
                            recipient->expired ? UP_REASON_EXPIRED : UP_REASON_TIMEOUT);
                else if (recipient->retry_ms <= now_ms)
                        up_queue_step_recipient(
                            queue, message, i, UP_RECIPIENT_RETRY, UP_REASON_NONE);
        }
}

static gint by_id(gconstpointer a, gconstpointer b)
{
        const struct up_message *one = *(const struct up_message *const *)a;
        const struct up_message *other = *(const struct up_message *const *)b;

        return one->record->id < other->record->id ? -1 : one->record->id > other->record->id;
}

/* In the order of their acceptance, whichever is due first. */
static void run(void *self, int64_t now_ms)
{
        struct up_queue *queue = self;
        g_autoptr(GPtrArray) due = g_ptr_array_new();

        if (!begin_call(queue, now_ms))
                return;
        for (GSequenceIter *at = g_sequence_get_begin_iter(queue->timers);
             !g_sequence_iter_is_end(at); at = g_sequence_iter_next(at)) {
                struct up_message *message = g_sequence_get(at);
                if (message->due_ms > now_ms)
                        break;
                g_ptr_array_add(due, message);
        }
        g_ptr_array_sort(due, by_id);
        for (guint i = 0; i < due->len; i++)
                run_timers(queue, due->pdata[i]);
        end_call(queue);
}

static int64_t next_ms(void *self)
{
        const struct up_queue *queue = self;
        GSequenceIter *first = g_sequence_get_begin_iter(queue->timers);

        return g_sequence_iter_is_end(first)
                   ? UP_NEVER_MS
                   : ((const struct up_message *)g_sequence_get(first))->due_ms;
}

/* --- reports ---------------------------------------------------------------------------------- */

static void report(
    const struct up_message *message, unsigned index, up_view_visitor visit, void *data)
{
        struct up_view view = up_record_view(message->record, index);

        visit(&view, data);
}

static void report_all(const struct up_message *message, up_view_visitor visit, void *data)
{
        for (unsigned i = 0; i < message->record->recipients; i++)
                report(message, i, visit, data);
}

static void set_all_reported(struct up_queue *queue)
{
        for (guint i = 0; i < queue->touched->len; i++) {
                struct up_message *message = queue->touched->pdata[i];
                g_array_set_size(message->touched, 0);
                message->all_touched = false;
                message->reported = true;
        }
        g_ptr_array_set_size(queue->touched, 0);
}

static void for_each_recipient(void *self, up_view_visitor visit, void *data)
{
        struct up_queue *queue = self;

        for (guint i = 0; i < queue->messages->len; i++)
                report_all(queue->messages->pdata[i], visit, data);
        set_all_reported(queue);
}

static gint by_number(gconstpointer a, gconstpointer b)
{
        unsigned one = *(const unsigned *)a, other = *(const unsigned *)b;

        return one < other ? -1 : one > other;
}

/* In the order of for_each_recipient(). */
static void for_each_changed(void *self, up_view_visitor visit, void *data)
{
        struct up_queue *queue = self;

        g_ptr_array_sort(queue->touched, by_id);
        for (guint i = 0; i < queue->touched->len; i++) {
                const struct up_message *message = queue->touched->pdata[i];
                if (message->all_touched) {
                        report_all(message, visit, data);
                        continue;
                }
                g_array_sort(message->touched, by_number);
                for (guint j = 0; j < message->touched->len; j++)
                        report(message, g_array_index(message->touched, unsigned, j), visit, data);
        }
        set_all_reported(queue);
}

/* Finished messages do not affect what happens next. No timer is in the past, because the world
 * runs what is due before time moves on. */
static uint64_t digest(void *self, int64_t now_ms)
{
        const struct up_queue *queue = self;

        return up_digest_at(&queue->digest, now_ms);
}

/* --- commands and restarts -------------------------------------------------------------------- */

static void command(void *self, enum up_command command, up_id id, int64_t now_ms)
{
        struct up_queue *queue = self;
        struct up_message *message = find_message(queue, id);

        if (!begin_call(queue, now_ms) || message == NULL || message->done)
                return;
        struct up_record *record = message->record;
        switch (command) {
        case UP_COMMAND_HOLD:
                record->hold = true;
                up_queue_step_recipients(queue, message, UP_RECIPIENT_HOLD, UP_REASON_NONE);
                up_queue_log(queue, message, UP_LOG_HELD, 0);
                break;
        case UP_COMMAND_RELEASE:
                record->hold = false;
                up_queue_step_recipients(queue, message, UP_RECIPIENT_RELEASE, UP_REASON_NONE);
                up_queue_apply_decision(queue, message);
                if (record->expired)
                        up_queue_step_recipients(
                            queue, message, UP_RECIPIENT_EXPIRE, UP_REASON_EXPIRED);
                up_queue_log(queue, message, UP_LOG_RELEASED, 0);
                break;
        case UP_COMMAND_DELETE:
                record->deleted = true;
                up_queue_step_recipients(queue, message, UP_RECIPIENT_DELETE, UP_REASON_NONE);
                up_queue_log(queue, message, UP_LOG_DELETED, 0);
                break;
        default:
                g_assert_not_reached();
        }
        up_queue_mark_changed(queue, message);
        end_call(queue);
}

/* Accepted messages keep their policy. */
static void reload(void *self, const struct up_policy *policy, int64_t now_ms)
{
        struct up_queue *queue = self;

        if (!begin_call(queue, now_ms))
                return;
        queue->policy = *policy;
        end_call(queue);
}

static void signatures_updated(void *self, int64_t now_ms)
{
        struct up_queue *queue = self;

        if (!begin_call(queue, now_ms))
                return;
        for (guint i = 0; i < queue->messages->len; i++) {
                struct up_message *message = queue->messages->pdata[i];
                if (!message->done)
                        up_queue_step_contents(queue, message, UP_CONTENT_SIGNATURES, 0);
        }
        end_call(queue);
}

static void restart(void *self, int64_t now_ms)
{
        struct up_queue *queue = self;
        g_autoptr(GPtrArray) records = up_store_recover(queue->store);

        g_queue_clear(&queue->ready);
        g_hash_table_remove_all(queue->jobs);
        g_ptr_array_set_size(queue->changed, 0);
        g_ptr_array_set_size(queue->touched, 0);
        g_sequence_remove_range(
            g_sequence_get_begin_iter(queue->timers), g_sequence_get_end_iter(queue->timers));
        g_ptr_array_set_size(queue->messages, 0);
        g_array_set_size(queue->effects, 0);
        queue->digest = (struct up_digest){ 0 };
        queue->busy = 0;
        queue->now_ms = now_ms;
        for (guint i = 0; i < records->len; i++)
                add_message(queue, g_steal_pointer(&records->pdata[i]));
        for (guint i = 0; i < queue->messages->len; i++) {
                struct up_message *message = queue->messages->pdata[i];
                up_queue_step_contents(queue, message, UP_CONTENT_RESTART, UP_CLIENT_INTERRUPTED);
                up_queue_step_recipients(
                    queue, message, UP_RECIPIENT_RESTART, UP_REASON_INTERRUPTED);
                up_queue_refresh(queue, message);
        }
        up_queue_log(queue, NULL, UP_LOG_RESTARTED, records->len);
        end_call(queue);
}

/* --- the pipeline ----------------------------------------------------------------------------- */

struct up_pipeline up_scan_submit_with(const char *name, const struct up_scan_submit_parts *parts)
{
        struct up_pipeline pipeline = up_scan_submit;

        pipeline.name = name;
        pipeline.variant = parts;
        return pipeline;
}

static const struct up_scan_submit_parts reference_parts = { &up_machine, &up_client };

const struct up_pipeline up_scan_submit = {
        .name = "scan-submit",
        .capabilities = UP_CAN_OWNER | UP_CAN_RANK | UP_CAN_DIGEST | UP_CAN_ELIGIBILITY |
                        UP_CAN_CRASH | UP_CAN_COMMANDS | UP_CAN_CHANGES | UP_CAN_SEVERAL |
                        UP_CAN_STORE,
        .variant = &reference_parts,
        .open = open_queue,
        .close = close_queue,
        .submit = submit,
        .scanned = scanned,
        .sent = sent,
        .run = run,
        .next_ms = next_ms,
        .for_each_recipient = for_each_recipient,
        .for_each_changed = for_each_changed,
        .digest = digest,
        .command = command,
        .reload = reload,
        .signatures_updated = signatures_updated,
        .restart = restart,
};

const struct up_machine *up_scan_submit_machine(const struct up_pipeline *pipeline)
{
        return pipeline->open == open_queue
                   ? ((const struct up_scan_submit_parts *)pipeline->variant)->machine
                   : NULL;
}
