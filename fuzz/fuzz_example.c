/*
 * example - a pipeline of one's own behind pipeline.h, and the target that fuzzes it
 *
 * Copy this file, put your own code behind these functions, add a row to targets.h. This one takes
 * mail for one recipient, has it scanned, delivers it, and puts aside for the postmaster whatever
 * does not go well at once. It claims no capability; what shows from outside is held against it.
 */
#include "case/policy.h"
#include "run/judge_case.h"
#include "target/target.h"
#include "pipeline.h"
#include "scan_submit/received.h"

struct mail {
        char *from, *to;
        GBytes *bytes;
        up_request request; /* under way: a scan, then a transaction */
        bool cleared;       /* by the scanner */
        int64_t due_ms;     /* when nobody is waited for any longer */
        enum up_disposition disposition;
};

struct example {
        const struct up_ports *ports;
        struct up_policy policy;
        GArray *mails; /* of struct mail; its id is its index plus one */
};

#define MAIL(self, index) (&g_array_index((self)->mails, struct mail, (index)))

static void mail_clear(void *data)
{
        struct mail *mail = data;

        g_free(mail->from);
        g_free(mail->to);
        g_bytes_unref(mail->bytes);
}

static void *open_example(const struct up_pipeline *pipeline, const struct up_policy *policy,
    const struct up_ports *ports)
{
        struct example *self = g_new0(struct example, 1);
        (void)pipeline;

        *self = (struct example){ ports, *policy, g_array_new(FALSE, TRUE, sizeof(struct mail)) };
        g_array_set_clear_func(self->mails, mail_clear);
        return self;
}

static void close_example(void *data)
{
        g_array_unref(((struct example *)data)->mails);
        g_free(data);
}

static void end(struct mail *mail, enum up_disposition disposition)
{
        mail->disposition = disposition;
        mail->request = 0;
        mail->due_ms = UP_NEVER_MS;
}

/* Here your own code would talk to its scanner, or to the next server. */
static void begin(struct example *self, guint index, int64_t now_ms)
{
        struct mail *mail = MAIL(self, index);
        const unsigned first = 0;
        const char *const to[] = { mail->to, NULL };
        const struct up_transaction send = { index + 1, mail->from, to, &first, mail->bytes,
                false };
        void *world = self->ports->world;

        mail->request = mail->cleared
                            ? self->ports->send(world, &send)
                            : self->ports->scan(world, index + 1, UP_LEVEL_TRANSPORT, mail->bytes);
        mail->due_ms = now_ms + self->policy.scan_timeout_ms;
}

static enum up_receipt submit(
    void *data, const struct up_mail *given, int64_t now_ms, up_id *ret_id)
{
        struct example *self = data;

        if (given->to[1] != NULL || self->policy.store_scan != 0)
                return UP_RECEIPT_DEFERRED;
        if (up_received_count(given->bytes) > self->policy.max_hops)
                return UP_RECEIPT_REJECTED;
        *ret_id = self->mails->len + 1;
        const struct mail mail = { .from = g_strdup(given->from),
                .to = g_strdup(given->to[0]),
                .bytes = up_received_prepend(given->bytes, *ret_id, given->origin, 0) };
        g_array_append_val(self->mails, mail);
        begin(self, self->mails->len - 1, now_ms);
        return UP_RECEIPT_ACCEPTED;
}

/* An answer that comes late, or twice, finds nobody who waits for it. */
static void answered(struct example *self, up_request request, bool good, int64_t now_ms)
{
        for (guint i = 0; i < self->mails->len; i++) {
                struct mail *mail = MAIL(self, i);
                if (mail->request != request)
                        continue;
                if (!good || mail->cleared)
                        end(mail, good ? UP_DISPOSITION_DELIVERED : UP_DISPOSITION_QUARANTINED);
                mail->cleared = good;
                if (mail->request != 0)
                        begin(self, i, now_ms);
        }
}

static void scanned(
    void *data, up_request request, const struct up_scan_answer *answer, int64_t now)
{
        const struct example *self = data;
        bool known = answer->message <= self->mails->len && answer->message > 0;
        bool mine = known && MAIL(self, answer->message - 1)->request == request;

        answered(data, request, mine && answer->verdict == UP_VERDICT_CLEAN, now);
}

static void sent(void *data, up_request request, const struct up_send_answer *answer, int64_t now)
{
        answered(data, request, up_send_outcome(answer, 0) == UP_OUTCOME_DELIVERED, now);
}

static void run(void *data, int64_t now_ms)
{
        struct example *self = data;

        for (guint i = 0; i < self->mails->len; i++)
                if (MAIL(self, i)->due_ms <= now_ms)
                        end(MAIL(self, i), UP_DISPOSITION_QUARANTINED);
}

static int64_t next_ms(void *data)
{
        const struct example *self = data;
        int64_t next_ms = UP_NEVER_MS;

        for (guint i = 0; i < self->mails->len; i++)
                next_ms = MIN(next_ms, MAIL(self, i)->due_ms);
        return next_ms;
}

static void each(void *data, up_view_visitor see, void *see_data)
{
        const struct example *self = data;

        for (guint i = 0; i < self->mails->len; i++) {
                const struct mail *mail = MAIL(self, i);
                const struct up_view view = { .message = i + 1,
                        .from = mail->from,
                        .to = mail->to,
                        .state = "mail",
                        .disposition = mail->disposition };
                see(&view, see_data);
        }
}

static const struct up_pipeline example = { "example", 0, NULL, open_example, close_example, submit,
        scanned, sent, run, next_ms, each, NULL, NULL, NULL, NULL, NULL };

static void examine(
    const struct up_case *c, const struct up_target_input *input, struct up_case_result *result)
{
        (void)input;
        up_judge_case(c, &example, result);
}

const struct up_target up_target = {
        .name = "example", .examine = examine, .fuel = { 5000000000, 2500000 }, .linear = true
};
