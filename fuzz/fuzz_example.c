/*
 * example - a mail pipeline behind pipeline.h, and the target that fuzzes it
 *
 * Copy this file to begin a target for a pipeline of your own. This one accepts mail for a single
 * recipient, has it scanned, and sends it to the next hop. Whatever fails, it quarantines at once,
 * so every message reaches a disposition. It claims no capability, so it is judged only by what is
 * visible from outside.
 */
#include "case/policy.h"
#include "pipeline.h"
#include "run/judge_case.h"
#include "scan_submit/received.h"
#include "target/target.h"

struct mail {
        up_id id;
        char *from, *to;
        GBytes *bytes;
        up_request request; /* the scan or transaction in progress; 0: none */
        int64_t due_ms;     /* its time-out */
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
static void start_scan(struct example *self, struct mail *mail, int64_t now_ms)
{
        mail->request =
            self->ports->scan(self->ports->world, mail->id, UP_LEVEL_TRANSPORT, mail->bytes);
        mail->due_ms = now_ms + self->policy.scan_timeout_ms;
}

/* Your own code would talk to the next server here. */
static void start_send(struct example *self, struct mail *mail, int64_t now_ms)
{
        const char *const to[] = { mail->to, NULL };
        const unsigned recipients[] = { 0 };
        const struct up_transaction transaction = { .message = mail->id,
                .from = mail->from,
                .to = to,
                .recipients = recipients,
                .bytes = mail->bytes };

        mail->request = self->ports->send(self->ports->world, &transaction);
        mail->due_ms = now_ms + self->policy.send_timeout_ms;
}

static void finish(struct mail *mail, enum up_disposition disposition)
{
        mail->disposition = disposition;
        mail->request = 0;
        mail->due_ms = UP_NEVER_MS;
}

static enum up_receipt submit(
    void *data, const struct up_mail *submitted, int64_t now_ms, up_id *ret_id)
{
        struct example *self = data;
        struct mail *mail;

        if (submitted->to[1] != NULL || self->policy.store_scan != 0)
                return UP_RECEIPT_DEFERRED; /* not supported */
        if (up_received_count(submitted->bytes) > self->policy.max_hops)
                return UP_RECEIPT_REJECTED; /* a loop */
        mail = g_new0(struct mail, 1);
        mail->id = self->mails->len + 1;
        mail->from = g_strdup(submitted->from);
        mail->to = g_strdup(submitted->to[0]);
        mail->bytes = up_received_prepend(submitted->bytes, mail->id, submitted->origin, 0);
        g_ptr_array_add(self->mails, mail);
        start_scan(self, mail, now_ms);
        *ret_id = mail->id;
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
        if (answer->verdict == UP_VERDICT_CLEAN && answer->message == mail->id)
                start_send(self, mail, now_ms);
        else
                finish(mail, UP_DISPOSITION_QUARANTINED);
}

static void sent(
    void *data, up_request request, const struct up_send_answer *answer, int64_t now_ms)
{
        struct mail *mail = find_by_request(data, request);
        bool delivered = up_send_outcome(answer, 0) == UP_OUTCOME_DELIVERED;

        (void)now_ms;
        if (mail != NULL)
                finish(mail, delivered ? UP_DISPOSITION_DELIVERED : UP_DISPOSITION_QUARANTINED);
}

static void run(void *data, int64_t now_ms)
{
        struct example *self = data;

        for (guint i = 0; i < self->mails->len; i++) {
                struct mail *mail = g_ptr_array_index(self->mails, i);
                if (mail->due_ms <= now_ms)
                        finish(mail, UP_DISPOSITION_QUARANTINED); /* timed out */
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
