/*
 * sick - the healthy pipeline first, then what can be wrong with it, then the table
 *
 * Each mail has one recipient, and there is one worker: it has a mail scanned, then sends it. What
 * does not go well is tried again after a gap, as often as policy has attempts of both kinds, and
 * within the lifetime; then the mail bounces, and its sender is told by a notice, which is a mail
 * too. What is to be done is done in run(); a call with news only says what has happened.
 *
 * A mail has a rank: how many more times it may change its state. One attempt takes three (ready,
 * at work, waiting), so who counts them counts the attempts, and nobody can go in circles.
 *
 * It takes no mail for several recipients and none that is to be scanned in the store, and whatever
 * is not clean is put aside, whatever policy says. It keeps nothing through a crash.
 */
#include "faults/mock.h"

#include <string.h>

#include "case/policy.h"
#include "fnv.h"
#include "scan_submit/event_log.h"
#include "scan_submit/notice.h"
#include "scan_submit/reason.h"
#include "scan_submit/received.h"

enum state { READY, AT_WORK, WAITING, DONE };

static const char *const state_names[] = { "ready", "at-work", "waiting", "done" };
static const enum up_owner owners[] = { UP_OWNER_QUEUE, UP_OWNER_WORKER, UP_OWNER_TIMER,
        UP_OWNER_NONE };

#define MOVES 3 /* of one attempt */

struct up_mock_mail {
        up_id id;
        up_id parent; /* of a notice */
        char *from, *to;
        bool notify;
        GBytes *bytes;
        enum state state;
        bool cleared;       /* by the scanner */
        up_request request; /* the latest */
        int64_t due_ms;     /* of who waits, or is at work; since when one is ready */
        int64_t expiry_ms;
        uint64_t rank;
        enum up_disposition disposition;
};

struct up_mock {
        const struct up_mock_row *row; /* NULL: healthy */
        unsigned capabilities;
        const struct up_ports *ports;
        struct up_policy policy;
        GPtrArray *mails; /* of struct up_mock_mail; its id is its index plus one */
        GQueue ready;     /* of them */
        struct up_mock_mail *at_work;
};

static up_mock_action *const healthy[UP_MOCK_EVENTS];

static void happen(
    struct up_mock *self, struct up_mock_mail *mail, enum up_mock_event event, int64_t now_ms)
{
        bool is_sick = self->row != NULL && self->row->event == event;

        (is_sick ? self->row->instead : healthy[event])(self, mail, now_ms);
}

/* --- mails ------------------------------------------------------------------------------------ */

static void mail_free(void *data)
{
        struct up_mock_mail *mail = data;

        g_free(mail->from);
        g_free(mail->to);
        g_bytes_unref(mail->bytes);
        g_free(mail);
}

static uint64_t highest_rank(const struct up_mock *self)
{
        return MOVES * (uint64_t)(self->policy.attempts + self->policy.send_attempts);
}

/* Takes @bytes over. */
static struct up_mock_mail *add(
    struct up_mock *self, const char *from, const char *to, GBytes *bytes, int64_t now_ms)
{
        struct up_mock_mail *mail = g_new(struct up_mock_mail, 1);

        *mail = (struct up_mock_mail){ .id = self->mails->len + 1,
                .from = g_strdup(from),
                .to = g_strdup(to),
                .bytes = bytes,
                .expiry_ms = now_ms + self->policy.lifetime_ms,
                .rank = highest_rank(self) };
        g_ptr_array_add(self->mails, mail);
        return mail;
}

static void enter(struct up_mock *self, struct up_mock_mail *mail, enum state state, int64_t due_ms)
{
        if (self->at_work == mail)
                self->at_work = NULL;
        g_queue_remove(&self->ready, mail);
        mail->state = state;
        mail->due_ms = due_ms;
        mail->rank--;
}

static void end(struct up_mock *self, struct up_mock_mail *mail, enum up_disposition disposition)
{
        enter(self, mail, DONE, UP_NEVER_MS);
        mail->rank = 0;
        mail->disposition = disposition;
}

/* --- what a healthy pipeline does ------------------------------------------------------------- */

static void ready(struct up_mock *self, struct up_mock_mail *mail, int64_t now_ms)
{
        happen(self, mail, UP_MOCK_READY, now_ms);
}

static void line_up(struct up_mock *self, struct up_mock_mail *mail, int64_t now_ms)
{
        enter(self, mail, READY, now_ms);
        g_queue_push_tail(&self->ready, mail);
}

static void begin(struct up_mock *self, struct up_mock_mail *mail, int64_t now_ms)
{
        const unsigned first = 0;
        const char *const to[] = { mail->to, NULL };
        const struct up_transaction send = { mail->id, mail->from, to, &first, mail->bytes, false };
        void *world = self->ports->world;

        enter(self, mail, AT_WORK,
            now_ms + (mail->cleared ? self->policy.send_timeout_ms : self->policy.scan_timeout_ms));
        self->at_work = mail;
        mail->request = mail->cleared
                            ? self->ports->send(world, &send)
                            : self->ports->scan(world, mail->id, UP_LEVEL_TRANSPORT, mail->bytes);
}

static void clear(struct up_mock *self, struct up_mock_mail *mail, int64_t now_ms)
{
        mail->cleared = true;
        ready(self, mail, now_ms);
}

static void put_aside(struct up_mock *self, struct up_mock_mail *mail, int64_t now_ms)
{
        (void)now_ms;
        end(self, mail, UP_DISPOSITION_QUARANTINED);
}

static void deliver(struct up_mock *self, struct up_mock_mail *mail, int64_t now_ms)
{
        (void)now_ms;
        end(self, mail, UP_DISPOSITION_DELIVERED);
}

/* A notice breeds none, nor does what nobody wants to be told of. */
static void bounce(struct up_mock *self, struct up_mock_mail *mail, int64_t now_ms)
{
        end(self, mail, mail->parent != 0 ? UP_DISPOSITION_ABANDONED : UP_DISPOSITION_BOUNCED);
        if (mail->parent == 0 && mail->notify && *mail->from != '\0')
                happen(self, mail, UP_MOCK_BOUNCED, now_ms);
}

static void report_from(
    struct up_mock *self, const struct up_mock_mail *mail, const char *from, int64_t now_ms)
{
        const struct up_notice_failure failure = { mail->to, "5.0.0", NULL };
        int64_t wall_s = self->ports->wall_s(self->ports->world);
        const struct up_notice text = { .parent = mail->id,
                .serial = 1,
                .sender = mail->from,
                .wall_s = wall_s,
                .arrival_s = wall_s,
                .original = mail->bytes,
                .failures = &failure,
                .count = 1 };
        struct up_mock_mail *notice = add(self, from, mail->from, up_notice_compose(&text), now_ms);

        notice->parent = mail->id;
        clear(self, notice, now_ms);
}

static void report(struct up_mock *self, struct up_mock_mail *mail, int64_t now_ms)
{
        report_from(self, mail, "", now_ms);
}

static void look_for_loop(struct up_mock *self, struct up_mock_mail *mail, int64_t now_ms)
{
        if (up_received_count(mail->bytes) > self->policy.max_hops)
                bounce(self, mail, now_ms);
        else
                ready(self, mail, now_ms);
}

static void log_failure(struct up_mock *self, struct up_mock_mail *mail, int64_t now_ms)
{
        (void)now_ms;
        up_event_log(
            self->ports, UP_LOG_DEFERRED, mail->id, "", up_reason_rows[UP_REASON_DEFERRED].code);
}

/* Whoever waits must have moves for a scan, which may go well, and the transaction after it. */
static void try_again(struct up_mock *self, struct up_mock_mail *mail, int64_t now_ms)
{
        happen(self, mail, UP_MOCK_LOGGED, now_ms);
        if (mail->rank < 2 * MOVES || mail->expiry_ms <= now_ms)
                bounce(self, mail, now_ms);
        else
                happen(self, mail, UP_MOCK_POSTPONED, now_ms);
}

static void wait_a_while(struct up_mock *self, struct up_mock_mail *mail, int64_t now_ms)
{
        enter(self, mail, WAITING, now_ms + self->policy.backoff_min_ms);
}

static up_mock_action *const healthy[UP_MOCK_EVENTS] = {
        [UP_MOCK_ARRIVED] = look_for_loop,
        [UP_MOCK_READY] = line_up,
        [UP_MOCK_BEGUN] = begin,
        [UP_MOCK_CLEAN] = clear,
        [UP_MOCK_CONDEMNED] = put_aside,
        [UP_MOCK_DELIVERED] = deliver,
        [UP_MOCK_REFUSED] = bounce,
        [UP_MOCK_FAILED] = try_again,
        [UP_MOCK_LOGGED] = log_failure,
        [UP_MOCK_POSTPONED] = wait_a_while,
        [UP_MOCK_DUE] = ready,
        [UP_MOCK_BOUNCED] = report,
};

/* --- the contract ----------------------------------------------------------------------------- */

static void *open_sick(const struct up_pipeline *pipeline, const struct up_policy *policy,
    const struct up_ports *ports)
{
        struct up_mock *self = g_new(struct up_mock, 1);

        *self = (struct up_mock){ .row = pipeline->variant,
                .capabilities = pipeline->capabilities,
                .ports = ports,
                .policy = *policy };
        self->mails = g_ptr_array_new_with_free_func(mail_free);
        g_queue_init(&self->ready);
        return self;
}

static void close_sick(void *data)
{
        struct up_mock *self = data;

        g_queue_clear(&self->ready);
        g_ptr_array_unref(self->mails);
        g_free(self);
}

static enum up_receipt submit(
    void *data, const struct up_mail *given, int64_t now_ms, up_id *ret_id)
{
        struct up_mock *self = data;
        up_id id = self->mails->len + 1;

        if (given->to[1] != NULL || self->policy.store_scan != 0)
                return UP_RECEIPT_DEFERRED;
        struct up_mock_mail *mail = add(self, given->from, given->to[0],
            up_received_prepend(
                given->bytes, id, given->origin, self->ports->wall_s(self->ports->world)),
            now_ms);
        mail->notify = given->notify;
        happen(self, mail, UP_MOCK_ARRIVED, now_ms);
        *ret_id = id;
        return UP_RECEIPT_ACCEPTED;
}

/* An answer that comes late, or twice, finds nobody at work who has asked for it. */
static void answered(
    struct up_mock *self, up_request request, enum up_mock_event event, int64_t now_ms)
{
        if (self->at_work != NULL && self->at_work->request == request)
                happen(self, self->at_work, event, now_ms);
}

static void scanned(
    void *data, up_request request, const struct up_scan_answer *answer, int64_t now_ms)
{
        static const enum up_mock_event events[UP_VERDICT_COUNT] = { [UP_VERDICT_CLEAN] =
                                                                         UP_MOCK_CLEAN,
                [UP_VERDICT_INFECTED] = UP_MOCK_CONDEMNED,
                [UP_VERDICT_UNSCANNABLE] = UP_MOCK_CONDEMNED,
                [UP_VERDICT_REWRITTEN] = UP_MOCK_CONDEMNED,
                [UP_VERDICT_NONE] = UP_MOCK_FAILED };
        struct up_mock *self = data;
        bool of_it = self->at_work != NULL && self->at_work->id == answer->message;

        answered(self, request, of_it ? events[answer->verdict] : UP_MOCK_FAILED, now_ms);
}

static void sent(
    void *data, up_request request, const struct up_send_answer *answer, int64_t now_ms)
{
        static const enum up_mock_event events[] = { [UP_OUTCOME_DELIVERED] = UP_MOCK_DELIVERED,
                [UP_OUTCOME_DEFERRED] = UP_MOCK_FAILED,
                [UP_OUTCOME_REJECTED] = UP_MOCK_REFUSED,
                [UP_OUTCOME_UNKNOWN] = UP_MOCK_FAILED };

        answered(data, request, events[up_send_outcome(answer, 0)], now_ms);
}

static void look_at_clock(struct up_mock *self, struct up_mock_mail *mail, int64_t now_ms)
{
        if (mail->state == AT_WORK && mail->due_ms <= now_ms)
                happen(self, mail, UP_MOCK_FAILED, now_ms);
        else if (mail->state != AT_WORK && mail->state != DONE && mail->expiry_ms <= now_ms)
                bounce(self, mail, now_ms);
        else if (mail->state == WAITING && mail->due_ms <= now_ms)
                happen(self, mail, UP_MOCK_DUE, now_ms);
}

/* A notice that is born meanwhile stands at the end. */
static void run(void *data, int64_t now_ms)
{
        struct up_mock *self = data;

        for (guint i = 0; i < self->mails->len; i++)
                look_at_clock(self, g_ptr_array_index(self->mails, i), now_ms);
        if (self->at_work == NULL && !g_queue_is_empty(&self->ready))
                happen(self, g_queue_peek_head(&self->ready), UP_MOCK_BEGUN, now_ms);
}

/* Who is ready is due at once if the worker is free. */
static int64_t next_ms(void *data)
{
        const struct up_mock *self = data;
        int64_t next_ms = UP_NEVER_MS;

        for (guint i = 0; i < self->mails->len; i++) {
                const struct up_mock_mail *mail = g_ptr_array_index(self->mails, i);
                if (mail->state == AT_WORK || mail->state == WAITING || self->at_work == NULL)
                        next_ms = MIN(next_ms, mail->due_ms);
                if (mail->state == READY || mail->state == WAITING)
                        next_ms = MIN(next_ms, mail->expiry_ms);
        }
        return next_ms;
}

static void leave_out_what_is_not_claimed(struct up_view *view, unsigned can)
{
        if ((can & UP_CAN_OWNER) == 0) {
                view->owner = UP_OWNER_NONE;
                view->owner_ms = view->expiry_ms = 0;
        }
        if ((can & UP_CAN_RANK) == 0)
                view->rank = 0;
        if ((can & UP_CAN_ELIGIBILITY) == 0)
                view->eligible = false;
}

static void each(void *data, up_view_visitor see, void *see_data)
{
        const struct up_mock *self = data;

        for (guint i = 0; i < self->mails->len; i++) {
                const struct up_mock_mail *mail = g_ptr_array_index(self->mails, i);
                struct up_view view = { .message = mail->id,
                        .parent = mail->parent,
                        .from = mail->from,
                        .to = mail->to,
                        .state = state_names[mail->state],
                        .disposition = mail->disposition,
                        .owner = owners[mail->state],
                        .owner_ms = mail->due_ms,
                        .expiry_ms = mail->expiry_ms,
                        .rank = mail->rank,
                        .eligible = mail->state == READY };
                leave_out_what_is_not_claimed(&view, self->capabilities);
                see(&view, see_data);
        }
}

static int64_t left_ms(int64_t at_ms, int64_t now_ms)
{
        return at_ms == UP_NEVER_MS ? UP_NEVER_MS : MAX(at_ms - now_ms, 0);
}

static uint64_t digest(void *data, int64_t now_ms)
{
        const struct up_mock *self = data;
        uint64_t hash = UP_FNV_BASIS;

        for (guint i = 0; i < self->mails->len; i++) {
                const struct up_mock_mail *mail = g_ptr_array_index(self->mails, i);
                hash = up_fnv_number(hash, (int64_t)mail->state);
                hash = up_fnv_number(hash, (int64_t)mail->disposition);
                hash = up_fnv_number(hash, (int64_t)mail->rank);
                hash = up_fnv_number(hash, left_ms(mail->due_ms, now_ms));
                hash = up_fnv_number(hash, left_ms(mail->expiry_ms, now_ms));
                hash = up_fnv_byte(hash, mail->cleared);
                hash = up_fnv_number(hash, g_queue_index((GQueue *)&self->ready, mail));
        }
        return hash;
}

/* --- what can be wrong ------------------------------------------------------------------------ */

static void do_nothing(struct up_mock *self, struct up_mock_mail *mail, int64_t now_ms)
{
        (void)self;
        (void)mail;
        (void)now_ms;
}

static void park(struct up_mock *self, struct up_mock_mail *mail, int64_t now_ms)
{
        (void)now_ms;
        enter(self, mail, WAITING, UP_NEVER_MS);
}

/* Neither the attempt nor the time counts: KB843545. */
static void begin_anew(struct up_mock *self, struct up_mock_mail *mail, int64_t now_ms)
{
        mail->rank = highest_rank(self);
        mail->expiry_ms = now_ms + self->policy.lifetime_ms;
        wait_a_while(self, mail, now_ms);
}

static void begin_without_timeout(struct up_mock *self, struct up_mock_mail *mail, int64_t now_ms)
{
        begin(self, mail, now_ms);
        mail->due_ms = UP_NEVER_MS;
}

static void push_in(struct up_mock *self, struct up_mock_mail *mail, int64_t now_ms)
{
        enter(self, mail, READY, now_ms);
        g_queue_push_head(&self->ready, mail);
}

static void drop(struct up_mock *self, struct up_mock_mail *mail, int64_t now_ms)
{
        (void)now_ms;
        end(self, mail, UP_DISPOSITION_DISCARDED);
}

static void deliver_again(struct up_mock *self, struct up_mock_mail *mail, int64_t now_ms)
{
        if (mail->rank >= MOVES)
                ready(self, mail, now_ms);
        else
                deliver(self, mail, now_ms);
}

static void change_line_ends(struct up_mock *self, struct up_mock_mail *mail, int64_t now_ms)
{
        gsize bytes;
        const char *data = g_bytes_get_data(mail->bytes, &bytes);
        g_autoptr(GString) text = g_string_new_len(data, (gssize)bytes);

        g_string_replace(text, "\r\n", "\n", 0);
        g_bytes_unref(mail->bytes);
        mail->bytes = g_bytes_new(text->str, text->len);
        look_for_loop(self, mail, now_ms);
}

static void add_footer(struct up_mock *self, struct up_mock_mail *mail, int64_t now_ms)
{
        static const char footer[] = "-- \r\nThis message was scanned.\r\n";
        GByteArray *data = g_bytes_unref_to_array(mail->bytes);

        g_byte_array_append(data, (const guint8 *)footer, (guint)strlen(footer));
        mail->bytes = g_byte_array_free_to_bytes(data);
        clear(self, mail, now_ms);
}

static void report_by_name(struct up_mock *self, struct up_mock_mail *mail, int64_t now_ms)
{
        report_from(self, mail, "postmaster@example.com", now_ms);
}

static void log_code_0(struct up_mock *self, struct up_mock_mail *mail, int64_t now_ms)
{
        (void)now_ms;
        up_event_log(self->ports, UP_LOG_DEFERRED, mail->id, "", 0);
}

/* It outlives the pipeline, so two runs of one case differ. */
static void wait_longer_each_time(struct up_mock *self, struct up_mock_mail *mail, int64_t now_ms)
{
        static int64_t longer_ms;

        enter(self, mail, WAITING, now_ms + self->policy.backoff_min_ms + ++longer_ms);
}

static void wait_for_full_hour(struct up_mock *self, struct up_mock_mail *mail, int64_t now_ms)
{
        int64_t past_s = self->ports->wall_s(self->ports->world) % 3600;

        enter(self, mail, WAITING, now_ms + (3600 - past_s) * 1000);
}

/* --- the table -------------------------------------------------------------------------------- */

#define ALL (UP_CAN_OWNER | UP_CAN_RANK | UP_CAN_DIGEST | UP_CAN_ELIGIBILITY)

/*
 * A pipeline is convicted by the strongest evidence that it gives itself. So who is to be seen by a
 * weaker one claims less: with the very same deed one is seen by its rank, one by its digest, and
 * one that tells nothing by the clock.
 */
/* clang-format off */
const struct up_mock_row up_mock_rows[] = {
        { "pending/unowned", "waits, and for no time",
            ALL, UP_MOCK_POSTPONED, park, "unowned: waiting",
            "script:\n"
            "  scan 1 busy\n"
            "  submit 1 local\n" },
        { "pending/no-progress", "does not count attempts, and tells its rank",
            ALL, UP_MOCK_POSTPONED, begin_anew, "no-progress: waiting",
            "script:\n"
            "  scan 1 busy\n"
            "  submit 1 local\n" },
        { "pending/no-wakeup", "sets no time-out for an answer",
            ALL & ~UP_CAN_OWNER, UP_MOCK_BEGUN, begin_without_timeout, "no-wakeup: at-work",
            "script:\n"
            "  scan 1 never\n"
            "  submit 1 local\n" },
        { "pending/cycle", "does not count attempts, and tells a digest",
            UP_CAN_DIGEST, UP_MOCK_POSTPONED, begin_anew, "cycle: at-work, waiting",
            "script:\n"
            "  scan 1 busy\n"
            "  submit 1 local\n" },
        { "pending/spin", "does nothing when a time-out has passed",
            ALL, UP_MOCK_FAILED, do_nothing, "spin: at-work",
            "script:\n"
            "  scan 1 never\n"
            "  submit 1 local\n" },
        { "pending/starved", "takes the newest first",
            ALL, UP_MOCK_READY, push_in, "starved: ready",
            "policy: backoff=1s..1s send-attempts=40\n"
            "script:\n"
            "  hop 0 dot defer\n"
            "  submit 1 local\n"
            "  submit 2 local\n"
            "  submit 3 local\n"
            "  submit 4 local\n" },
        { "pending/past-bound", "does not count attempts, and tells nothing",
            0, UP_MOCK_POSTPONED, begin_anew, "past-bound: ",
            "policy: lifetime=1h backoff=1m..1m\n"
            "script:\n"
            "  scan 1 busy\n"
            "  submit 1 local\n" },
        { "lost", "drops what is refused",
            ALL, UP_MOCK_REFUSED, drop, "discarded, and neither infected nor deleted",
            "script:\n"
            "  hop 1 dot reject\n"
            "  submit 1 local\n" },
        { "duplicate", "sends again what is delivered",
            ALL, UP_MOCK_DELIVERED, deliver_again, "handed over again: ",
            "policy: attempts=1 send-attempts=2\n"
            "script:\n"
            "  submit 1 local\n" },
        /* Where unscanned mail may be delivered, too, that is not what is wrong with it. */
        { "delivered-infected", "takes every verdict for clean",
            ALL, UP_MOCK_CONDEMNED, clear, "sent after the verdict",
            "policy: unscannable=deliver\n"
            "script:\n"
            "  scan 1 infected\n"
            "  submit 1 local\n" },
        { "delivered-unscanned", "takes silence for clean",
            ALL, UP_MOCK_FAILED, clear, "sent without a clean verdict",
            "script:\n"
            "  scan 1 never\n"
            "  submit 1 local\n" },
        { "altered", "changes line ends",
            ALL, UP_MOCK_ARRIVED, change_line_ends, "multipart/signed: content",
            "script:\n"
            "  bystander 1 signed local\n" },
        { "no-notice", "bounces, and tells nobody",
            ALL, UP_MOCK_BOUNCED, do_nothing, "bounced without a notice",
            "script:\n"
            "  hop 1 dot reject\n"
            "  submit 1 local\n" },
        { "notice-loop", "signs its notices",
            ALL, UP_MOCK_BOUNCED, report_by_name, "a notice with a sender",
            "script:\n"
            "  hop 1 dot reject\n"
            "  submit 1 local\n" },
        { "mail-loop", "counts no hops",
            ALL, UP_MOCK_ARRIVED, ready, "a copy was taken in again",
            "script:\n"
            "  loop on\n"
            "  submit 1 local\n" },
        { "stray", "bounces what is infected",
            ALL, UP_MOCK_CONDEMNED, bounce, "backscatter",
            "script:\n"
            "  scan 1 infected\n"
            "  submit 1 local\n" },
        { "disagree/scanned-sent", "adds a footer after the scan",
            ALL, UP_MOCK_CLEAN, add_footer, "scanned and sent",
            "script:\n"
            "  submit 1 local\n" },
        { "error-without-reason", "logs a failure with code 0",
            ALL, UP_MOCK_LOGGED, log_code_0, "unpend, Next Hop, event 3101: error code 0",
            "script:\n"
            "  scan 1 busy\n"
            "  submit 1 local\n" },
        { "worse-when-healed", "bounces whoever has waited",
            ALL, UP_MOCK_DUE, bounce, "waiting: bounced instead of delivered",
            "script:\n"
            "  scan 1 busy\n"
            "  submit 1 local\n"
            "  wait 1s\n" },
        { "nondeterministic", "remembers what was before it",
            ALL, UP_MOCK_POSTPONED, wait_longer_each_time, "first difference: ",
            "script:\n"
            "  scan 1 busy\n"
            "  submit 1 local\n" },
        { "metamorphic", "waits by the wall clock",
            ALL, UP_MOCK_POSTPONED, wait_for_full_hour, "the wall clock decides",
            "script:\n"
            "  clock forward 30m\n"
            "  scan 1 busy\n"
            "  submit 1 local\n"
            "  wait 1s\n"
            "  scan 1 clean\n" },
};
/* clang-format on */

/* A new oracle needs a canary. */
G_STATIC_ASSERT(G_N_ELEMENTS(up_mock_rows) == UP_ORACLES);

const struct up_mock_row *up_mock_find(const char *oracle)
{
        for (size_t i = 0; i < UP_ORACLES; i++)
                if (strcmp(up_mock_rows[i].oracle, oracle) == 0)
                        return &up_mock_rows[i];
        return NULL;
}

struct up_pipeline up_mock_pipeline(const struct up_mock_row *row)
{
        return (struct up_pipeline){ .name = row != NULL ? row->oracle : "healthy",
                .capabilities = row != NULL ? row->capabilities : ALL,
                .variant = row,
                .open = open_sick,
                .close = close_sick,
                .submit = submit,
                .scanned = scanned,
                .sent = sent,
                .run = run,
                .next_ms = next_ms,
                .for_each_recipient = each,
                .digest = digest };
}
