/*
 * example - a mail pipeline behind pipeline.h, and the target that fuzzes it
 *
 * Copy this file to begin a target for a pipeline of your own. This one accepts mail for a single
 * recipient, has it scanned, and sends it to the next hop. After a failure it tries again, as often
 * as policy allows; then policy decides, and the sender of a message that bounces gets a notice. It
 * claims no capability, so it is judged only by what is visible from outside.
 */
#include "case/policy.h"
#include "pipeline.h"
#include "run/judge_case.h"
#include "scan_submit/notice.h"
#include "scan_submit/received.h"
#include "target/target.h"

struct mail {
        up_id id, parent; /* 0: it was submitted */
        char *from, *to;
        bool notify;
        GBytes *bytes;
        bool is_cleared;    /* may be sent */
        int64_t tries;      /* scans, then transactions */
        up_request request; /* the scan or transaction in progress; 0: none */
        int64_t due_ms;     /* its time-out, or the next attempt */
        int64_t expiry_ms;
        enum up_disposition disposition;
};

struct example {
        const struct up_ports *ports;
        struct up_policy policy;
        GPtrArray *mails; /* of struct mail */
};

static void mail_free(void *data)
{
        struct mail *mail = data;

        g_free(mail->from);
        g_free(mail->to);
        g_bytes_unref(mail->bytes);
        g_free(mail);
}

static void *open_example(const struct up_pipeline *pipeline, const struct up_policy *policy,
    const struct up_ports *ports)
{
        struct example *self = g_new0(struct example, 1);

        (void)pipeline;
        self->ports = ports;
        self->policy = *policy;
        self->mails = g_ptr_array_new_with_free_func(mail_free);
        return self;
}

static void close_example(void *data)
{
        struct example *self = data;

        g_ptr_array_unref(self->mails);
        g_free(self);
}

/* Your own code would talk to its scanner here. */
static up_request scan(const struct example *self, const struct mail *mail)
{
        return self->ports->scan(self->ports->world, mail->id, UP_LEVEL_TRANSPORT, mail->bytes);
}

/* Your own code would talk to the next server here. */
static up_request send(const struct example *self, const struct mail *mail)
{
        const char *const to[] = { mail->to, NULL };
        const unsigned recipients[] = { 0 };
        const struct up_transaction transaction = { .message = mail->id,
                .from = mail->from,
                .to = to,
                .recipients = recipients,
                .bytes = mail->bytes };

        return self->ports->send(self->ports->world, &transaction);
}

static void start(struct example *self, struct mail *mail, int64_t now_ms)
{
        mail->tries++;
        mail->request = mail->is_cleared ? send(self, mail) : scan(self, mail);
        mail->due_ms = now_ms + (mail->is_cleared ? self->policy.send_timeout_ms
                                                  : self->policy.scan_timeout_ms);
}

static void clear(struct example *self, struct mail *mail, int64_t now_ms)
{
        mail->is_cleared = true;
        mail->tries = 0;
        start(self, mail, now_ms);
}

static void finish(struct mail *mail, enum up_disposition disposition)
{
        mail->disposition = disposition;
        mail->request = 0;
        mail->due_ms = UP_NEVER_MS;
}

/* Takes ownership of @bytes. */
static struct mail *add(
    struct example *self, const char *from, const char *to, GBytes *bytes, int64_t now_ms)
{
        struct mail *mail = g_new0(struct mail, 1);

        mail->id = self->mails->len + 1;
        mail->from = g_strdup(from);
        mail->to = g_strdup(to);
        mail->bytes = bytes;
        mail->expiry_ms = now_ms + self->policy.lifetime_ms;
        g_ptr_array_add(self->mails, mail);
        return mail;
}

/* A notice that fails is abandoned, and what has no sender to report to is dropped. */
static void bounce(struct example *self, struct mail *mail, int64_t now_ms)
{
        const struct up_notice_failure failure = { mail->to, "5.0.0", NULL };
        const struct up_notice text = { .parent = mail->id,
                .serial = 1,
                .sender = mail->from,
                .original = mail->bytes,
                .failures = &failure,
                .count = 1 };

        finish(mail, mail->parent != 0 ? UP_DISPOSITION_ABANDONED : UP_DISPOSITION_BOUNCED);
        if (!mail->notify || mail->from[0] == '\0')
                return;
        struct mail *notice = add(self, "", mail->from, up_notice_compose(&text), now_ms);
        notice->parent = mail->id;
        clear(self, notice, now_ms);
}

/* What policy says of a message that is not clean. */
static void decide(struct example *self, struct mail *mail, enum up_verdict verdict, int64_t now_ms)
{
        const struct up_policy *policy = &self->policy;

        if (verdict == UP_VERDICT_INFECTED)
                finish(mail, policy->infected == UP_INFECTED_DISCARD ? UP_DISPOSITION_DISCARDED
                                                                     : UP_DISPOSITION_QUARANTINED);
        else if (verdict == UP_VERDICT_REWRITTEN ? policy->rewritten == UP_REWRITTEN_QUARANTINE
                                                 : policy->unscannable == UP_UNSCANNABLE_QUARANTINE)
                finish(mail, UP_DISPOSITION_QUARANTINED);
        else if (verdict != UP_VERDICT_REWRITTEN && policy->unscannable == UP_UNSCANNABLE_DELIVER)
                clear(self, mail, now_ms);
        else
                bounce(self, mail, now_ms);
}

/* After the last attempt there will be no verdict, or no delivery. */
static void retry(struct example *self, struct mail *mail, int64_t now_ms)
{
        int64_t most = mail->is_cleared ? self->policy.send_attempts : self->policy.attempts;

        if (mail->tries < most && now_ms < mail->expiry_ms) {
                mail->request = 0;
                mail->due_ms = now_ms + self->policy.backoff_min_ms;
        } else if (mail->is_cleared) {
                bounce(self, mail, now_ms);
        } else {
                decide(self, mail, UP_VERDICT_UNSCANNABLE, now_ms);
        }
}

static enum up_receipt submit(
    void *data, const struct up_mail *submitted, int64_t now_ms, up_id *ret_id)
{
        struct example *self = data;

        if (submitted->to[1] != NULL || self->policy.store_scan != 0)
                return UP_RECEIPT_REJECTED; /* not supported */
        if (up_received_count(submitted->bytes) > self->policy.max_hops)
                return UP_RECEIPT_REJECTED; /* a loop */
        *ret_id = self->mails->len + 1;
        struct mail *mail = add(self, submitted->from, submitted->to[0],
            up_received_prepend(submitted->bytes, *ret_id, submitted->origin, 0), now_ms);
        mail->notify = submitted->notify;
        mail->is_cleared = self->policy.transport_scan == 0;
        start(self, mail, now_ms);
        return UP_RECEIPT_ACCEPTED;
}

/* NULL for an answer that comes twice, or after the time-out. */
static struct mail *find_by_request(struct example *self, up_request request)
{
        for (guint i = 0; i < self->mails->len; i++) {
                struct mail *mail = g_ptr_array_index(self->mails, i);
                if (mail->request == request)
                        return mail;
        }
        return NULL;
}

static void scanned(
    void *data, up_request request, const struct up_scan_answer *answer, int64_t now_ms)
{
        struct example *self = data;
        struct mail *mail = find_by_request(self, request);

        if (mail == NULL)
                return;
        if (answer->verdict == UP_VERDICT_NONE || answer->message != mail->id)
                retry(self, mail, now_ms);
        else if (answer->verdict == UP_VERDICT_CLEAN)
                clear(self, mail, now_ms);
        else
                decide(self, mail, answer->verdict, now_ms);
}

static void sent(
    void *data, up_request request, const struct up_send_answer *answer, int64_t now_ms)
{
        struct example *self = data;
        struct mail *mail = find_by_request(self, request);
        enum up_outcome outcome = up_send_outcome(answer, 0);

        if (mail == NULL)
                return;
        if (outcome == UP_OUTCOME_DELIVERED)
                finish(mail, UP_DISPOSITION_DELIVERED);
        else if (outcome == UP_OUTCOME_REJECTED)
                bounce(self, mail, now_ms);
        else
                retry(self, mail, now_ms);
}

static void run(void *data, int64_t now_ms)
{
        struct example *self = data;

        for (guint i = 0; i < self->mails->len; i++) {
                struct mail *mail = g_ptr_array_index(self->mails, i);
                if (mail->due_ms > now_ms)
                        continue;
                if (mail->request != 0)
                        retry(self, mail, now_ms); /* timed out */
                else
                        start(self, mail, now_ms);
        }
}

static int64_t next_ms(void *data)
{
        struct example *self = data;
        int64_t next_ms = UP_NEVER_MS;

        for (guint i = 0; i < self->mails->len; i++) {
                const struct mail *mail = g_ptr_array_index(self->mails, i);
                next_ms = MIN(next_ms, mail->due_ms);
        }
        return next_ms;
}

static void for_each_recipient(void *data, up_view_visitor visit, void *visit_data)
{
        struct example *self = data;

        for (guint i = 0; i < self->mails->len; i++) {
                const struct mail *mail = g_ptr_array_index(self->mails, i);
                const struct up_view view = { .message = mail->id,
                        .parent = mail->parent,
                        .from = mail->from,
                        .to = mail->to,
                        .state = "waiting",
                        .disposition = mail->disposition };
                visit(&view, visit_data);
        }
}

static const struct up_pipeline example = {
        .name = "example",
        .open = open_example,
        .close = close_example,
        .submit = submit,
        .scanned = scanned,
        .sent = sent,
        .run = run,
        .next_ms = next_ms,
        .for_each_recipient = for_each_recipient,
};

static void examine(
    const struct up_case *c, const struct up_target_input *input, struct up_case_result *result)
{
        (void)input;
        up_judge_case(c, &example, result);
}

const struct up_target up_target = {
        .name = "example", .examine = examine, .fuel = { 5000000000, 2500000 }, .linear = true
};
