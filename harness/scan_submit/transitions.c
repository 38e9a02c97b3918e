/*
 * transitions - the only place where a content or a recipient enters a state
 */
#include "scan_submit/queue.h"

#include <string.h>

void up_queue_mark_changed(struct up_queue *queue, struct up_message *message)
{
        if (!message->changed)
                g_ptr_array_add(queue->changed, message);
        message->changed = true;
        queue->changes++;
}

/* --- what for_each_changed() has to report ---------------------------------------------------- */

static void touch(struct up_queue *queue, struct up_message *message)
{
        if (message->reported)
                g_ptr_array_add(queue->touched, message);
        message->reported = false;
}

static void touch_recipient(struct up_queue *queue, struct up_message *message, unsigned index)
{
        touch(queue, message);
        if (!message->all_touched)
                g_array_append_val(message->touched, index);
}

void up_queue_touch_all(struct up_queue *queue, struct up_message *message)
{
        touch(queue, message);
        message->all_touched = true;
}

void up_queue_log(
    struct up_queue *queue, struct up_message *message, enum up_log_event event, uint32_t code)
{
        const struct up_effect effect = { UP_EFFECT_LOG, message, NULL, event, code };

        g_array_append_val(queue->effects, effect);
}

/* --- recipients ------------------------------------------------------------------------------- */

/* The first recipient has been delivered to: the message is in the store, where it is scanned again
 * within the same bound. */
static void deposit(struct up_queue *queue, struct up_message *message)
{
        struct up_record *record = message->record;
        struct up_content *content = &record->content[UP_LEVEL_STORE];

        record->deposited = true;
        up_queue_touch_all(queue, message);
        *content = up_content_init(&record->policy);
        up_queue_step_content(queue, message, UP_LEVEL_STORE, UP_CONTENT_ACCEPT, 0);
        content->expiry_ms = record->expired ? queue->now_ms + record->policy.backoff_max_ms
                                             : record->content[UP_LEVEL_TRANSPORT].expiry_ms;
}

/* An infected message is not reported: its sender address is most likely forged. */
static void add_failure(struct up_message *message, unsigned index, enum up_reason reason)
{
        const struct up_record *record = message->record;
        const struct up_failure failure = { index, reason };
        bool infected =
            record->deposited && record->content[UP_LEVEL_STORE].state == UP_CONTENT_CONDEMNED;

        if (record->notify && !infected)
                g_array_append_val(message->failures, failure);
}

unsigned up_queue_step_recipient(struct up_queue *queue, struct up_message *message, unsigned index,
    enum up_recipient_event event, enum up_reason reason)
{
        struct up_record *record = message->record;
        struct up_recipient *recipient = &record->recipient[index];
        const struct up_recipient before = *recipient;

        if (!up_recipient_allows(recipient, queue->parts.machine, event))
                return 0;
        const struct up_digest digest_before = up_recipient_digest(record, index);
        unsigned actions = up_recipient_step(
            recipient, queue->parts.machine, &record->policy, event, queue->now_ms);
        if (actions != 0 || memcmp(&before, recipient, sizeof before) != 0) {
                const struct up_digest digest = up_recipient_digest(record, index);
                up_digest_subtract(&message->recipients_digest, &digest_before);
                up_digest_add(&message->recipients_digest, &digest);
                message->in_state[before.state]--;
                message->in_state[recipient->state]++;
                touch_recipient(queue, message, index);
                up_queue_mark_changed(queue, message);
        }
        if ((actions & UP_DO_LOG_RETRY) != 0)
                up_queue_log(queue, message, UP_LOG_DEFERRED, up_reason_rows[reason].code);
        if ((actions & UP_DO_LOG_FAILURE) != 0)
                up_queue_log(queue, message,
                    recipient->null_sender ? UP_LOG_NOTICE_ABANDONED : UP_LOG_FAILED,
                    up_reason_rows[reason].code);
        if ((actions & UP_DO_NOTIFY) != 0)
                add_failure(message, index, reason);
        if (before.disposition == UP_DISPOSITION_NONE &&
            recipient->disposition == UP_DISPOSITION_DELIVERED && record->policy.store_scan != 0 &&
            !record->deposited)
                deposit(queue, message);

        /* A command may have come during a transaction. */
        if (record->deleted)
                up_queue_step_recipient(queue, message, index, UP_RECIPIENT_DELETE, reason);
        else if (record->hold)
                up_queue_step_recipient(queue, message, index, UP_RECIPIENT_HOLD, reason);
        return actions;
}

void up_queue_step_recipients(struct up_queue *queue, struct up_message *message,
    enum up_recipient_event event, enum up_reason reason)
{
        for (unsigned i = 0; i < message->record->recipients; i++)
                up_queue_step_recipient(queue, message, i, event, reason);
}

/* --- contents --------------------------------------------------------------------------------- */

/* How a state that ends a scan without clearance is reported. */
static const struct {
        enum up_log_event event;
        enum up_reason reason;
} decisions[UP_CONTENT_STATE_COUNT] = {
        [UP_CONTENT_CONDEMNED] = { UP_LOG_INFECTED, UP_REASON_INFECTED },
        [UP_CONTENT_UNSCANNABLE] = { UP_LOG_UNSCANNABLE, UP_REASON_UNSCANNABLE },
        [UP_CONTENT_REWRITTEN] = { UP_LOG_REWRITTEN, UP_REASON_REWRITTEN },
};

void up_queue_apply_decision(struct up_queue *queue, struct up_message *message)
{
        const struct up_content *content = &message->record->content[UP_LEVEL_TRANSPORT];
        const struct up_policy *policy = &message->record->policy;

        if (up_content_is_decided(content) && !up_content_may_go(content, policy))
                up_queue_step_recipients(queue, message, up_content_fate(content, policy),
                    decisions[content->state].reason);
}

static void end_scan(struct up_queue *queue, struct up_message *message, enum up_level level)
{
        for (guint i = 0; i < message->jobs->len; i++) {
                struct up_job *job = message->jobs->pdata[i];
                if (job->kind == UP_JOB_SCAN && job->level == level) {
                        up_queue_end_job(queue, job);
                        return;
                }
        }
}

unsigned up_queue_step_content(struct up_queue *queue, struct up_message *message,
    enum up_level level, enum up_content_event event, uint32_t code)
{
        const struct up_policy *policy = &message->record->policy;
        struct up_content *content = &message->record->content[level];
        const struct up_content before = *content;

        if (!up_content_allows(content, queue->parts.machine, event))
                return 0;
        unsigned actions =
            up_content_step(content, queue->parts.machine, policy, event, queue->now_ms);
        if (actions != 0 || memcmp(&before, content, sizeof before) != 0) {
                up_queue_touch_all(queue, message);
                up_queue_mark_changed(queue, message);
        }
        if (before.state == UP_CONTENT_SCANNING && content->state != UP_CONTENT_SCANNING)
                end_scan(queue, message, level);
        if ((actions & UP_DO_SCAN) != 0)
                up_queue_add_job(queue, message, UP_JOB_SCAN, level);
        if ((actions & UP_DO_LOG_RETRY) != 0)
                up_queue_log(queue, message, UP_LOG_SCAN_RETRY, code);
        if ((actions & UP_DO_LOG_FAILURE) != 0)
                up_queue_log(queue, message,
                    code == UP_CLIENT_LIMIT ? UP_LOG_OVER_LIMIT : decisions[content->state].event,
                    code);
        if ((actions & UP_DO_DECIDE) != 0 && level == UP_LEVEL_TRANSPORT) {
                up_queue_apply_decision(queue, message);
        } else if ((actions & UP_DO_DECIDE) != 0 && up_content_may_go(content, policy)) {
                const struct up_effect effect = { UP_EFFECT_MAKE_READABLE, message, NULL, 0, 0 };
                g_array_append_val(queue->effects, effect);
        }
        return actions;
}

void up_queue_step_contents(
    struct up_queue *queue, struct up_message *message, enum up_content_event event, uint32_t code)
{
        for (unsigned level = 0; level < up_record_levels(message->record); level++)
                up_queue_step_content(queue, message, (enum up_level)level, event, code);
}
