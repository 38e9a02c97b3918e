/*
 * mock - the fixed pipeline, the faulty actions, and the table
 *
 * Each message has one recipient, and there is one worker, which has a message scanned and then
 * sends it. After a failure it is retried after a gap, as often as policy allows attempts of both
 * kinds, and within the lifetime; then it bounces, and its sender gets a notice, which is a message
 * too. Work is done in run(); a call that brings an answer only handles the event.
 *
 * The rank of a message is the number of state changes left. One attempt takes three (queued,
 * started, waiting), so it bounds the attempts.
 *
 * BUGS: it accepts no message with several recipients or with a scan in the store, quarantines
 * everything that is not clean, whatever policy says, and keeps nothing across a crash.
 */
#include "faults/mock.h"

#include <string.h>

#include "case/policy.h"
#include "fnv.h"
#include "scan_submit/event_log.h"
#include "scan_submit/notice.h"
#include "scan_submit/reason.h"
#include "scan_submit/received.h"

enum state { QUEUED, STARTED, WAITING, DONE };

static const char *const state_names[] = { "queued", "started", "waiting", "done" };
static const enum up_owner owners[] = { UP_OWNER_QUEUE, UP_OWNER_WORKER, UP_OWNER_TIMER,
        UP_OWNER_NONE };

#define MOVES 3 /* of one attempt */

struct up_mock_message {
        up_id id;
        up_id parent; /* of a notice */
        char *from, *to;
        bool notify;
        GBytes *bytes;
        enum state state;
        bool is_clean;      /* the scanner said so */
        up_request request; /* the latest */
        int64_t due_ms;     /* of its timer or time-out; since when it is queued */
        int64_t expiry_ms;
        uint64_t rank;
        enum up_disposition disposition;
        bool is_unnamed; /* left out of what has changed */
};

struct up_mock {
        const struct up_mock_row *row; /* NULL: fixed */
        unsigned capabilities;
        const struct up_ports *ports;
        struct up_policy policy;
        GPtrArray *messages; /* of struct up_mock_message; the id is the index plus one */
        GQueue queue;        /* of messages that are ready for the worker */
        struct up_mock_message *current; /* that the worker has; NULL: it is free */
};

static up_mock_action *const actions[UP_MOCK_EVENT_COUNT];

static void handle(
    struct up_mock *self, struct up_mock_message *message, enum up_mock_event event, int64_t now_ms)
{
        bool is_faulty = self->row != NULL && self->row->event == event;

        (is_faulty ? self->row->action : actions[event])(self, message, now_ms);
}

/* --- messages --------------------------------------------------------------------------------- */

static void message_free(void *data)
{
        struct up_mock_message *message = data;

        g_free(message->from);
        g_free(message->to);
        g_bytes_unref(message->bytes);
        g_free(message);
}

static uint64_t highest_rank(const struct up_mock *self)
{
        return MOVES * (uint64_t)(self->policy.attempts + self->policy.send_attempts);
}

/* Takes ownership of @bytes. */
static struct up_mock_message *add(
    struct up_mock *self, const char *from, const char *to, GBytes *bytes, int64_t now_ms)
{
        struct up_mock_message *message = g_new(struct up_mock_message, 1);

        *message = (struct up_mock_message){ .id = self->messages->len + 1,
                .from = g_strdup(from),
                .to = g_strdup(to),
                .bytes = bytes,
                .expiry_ms = now_ms + self->policy.lifetime_ms,
                .rank = highest_rank(self) };
        g_ptr_array_add(self->messages, message);
        return message;
}

static void enter(
    struct up_mock *self, struct up_mock_message *message, enum state state, int64_t due_ms)
{
        if (self->current == message)
                self->current = NULL;
        g_queue_remove(&self->queue, message);
        message->state = state;
        message->due_ms = due_ms;
        message->rank--;
}

static void end(
    struct up_mock *self, struct up_mock_message *message, enum up_disposition disposition)
{
        enter(self, message, DONE, UP_NEVER_MS);
        message->rank = 0;
        message->disposition = disposition;
}

/* --- the actions of the fixed pipeline -------------------------------------------------------- */

static void queue(struct up_mock *self, struct up_mock_message *message, int64_t now_ms)
{
        handle(self, message, UP_MOCK_QUEUED, now_ms);
}

static void enqueue(struct up_mock *self, struct up_mock_message *message, int64_t now_ms)
{
        enter(self, message, QUEUED, now_ms);
        g_queue_push_tail(&self->queue, message);
}

static void start(struct up_mock *self, struct up_mock_message *message, int64_t now_ms)
{
        const unsigned first = 0;
        const char *const to[] = { message->to, NULL };
        const struct up_transaction send = { message->id, message->from, to, &first, message->bytes,
                false };
        void *world = self->ports->world;

        enter(self, message, STARTED,
            now_ms +
                (message->is_clean ? self->policy.send_timeout_ms : self->policy.scan_timeout_ms));
        self->current = message;
        message->request = message->is_clean ? self->ports->send(world, &send)
                                             : self->ports->scan(world, message->id,
                                                   UP_LEVEL_TRANSPORT, message->bytes);
}

static void queue_for_sending(struct up_mock *self, struct up_mock_message *message, int64_t now_ms)
{
        message->is_clean = true;
        queue(self, message, now_ms);
}

static void quarantine(struct up_mock *self, struct up_mock_message *message, int64_t now_ms)
{
        (void)now_ms;
        end(self, message, UP_DISPOSITION_QUARANTINED);
}

static void deliver(struct up_mock *self, struct up_mock_message *message, int64_t now_ms)
{
        (void)now_ms;
        end(self, message, UP_DISPOSITION_DELIVERED);
}

/* Neither a notice nor a message with NOTIFY=NEVER or the null sender is reported. */
static void bounce(struct up_mock *self, struct up_mock_message *message, int64_t now_ms)
{
        end(self, message,
            message->parent != 0 ? UP_DISPOSITION_ABANDONED : UP_DISPOSITION_BOUNCED);
        if (message->parent == 0 && message->notify && *message->from != '\0')
                handle(self, message, UP_MOCK_BOUNCED, now_ms);
}

static void report_from(
    struct up_mock *self, const struct up_mock_message *message, const char *from, int64_t now_ms)
{
        const struct up_notice_failure failure = { message->to, "5.0.0", NULL };
        int64_t wall_s = self->ports->wall_s(self->ports->world);
        const struct up_notice text = { .parent = message->id,
                .serial = 1,
                .sender = message->from,
                .wall_s = wall_s,
                .arrival_s = wall_s,
                .original = message->bytes,
                .failures = &failure,
                .count = 1 };
        struct up_mock_message *notice =
            add(self, from, message->from, up_notice_compose(&text), now_ms);

        notice->parent = message->id;
        queue_for_sending(self, notice, now_ms);
}

static void report(struct up_mock *self, struct up_mock_message *message, int64_t now_ms)
{
        report_from(self, message, "", now_ms);
}

static void check_loop(struct up_mock *self, struct up_mock_message *message, int64_t now_ms)
{
        if (up_received_count(message->bytes) > self->policy.max_hops)
                bounce(self, message, now_ms);
        else
                queue(self, message, now_ms);
}

static void log_failure(struct up_mock *self, struct up_mock_message *message, int64_t now_ms)
{
        (void)now_ms;
        up_event_log(
            self->ports, UP_LOG_DEFERRED, message->id, "", up_reason_rows[UP_REASON_DEFERRED].code);
}

/* A retry needs moves for a scan and for the transaction after it. */
static void retry(struct up_mock *self, struct up_mock_message *message, int64_t now_ms)
{
        handle(self, message, UP_MOCK_LOGGED, now_ms);
        if (message->rank < 2 * MOVES || message->expiry_ms <= now_ms)
                bounce(self, message, now_ms);
        else
                handle(self, message, UP_MOCK_DELAYED, now_ms);
}

static void delay(struct up_mock *self, struct up_mock_message *message, int64_t now_ms)
{
        enter(self, message, WAITING, now_ms + self->policy.backoff_min_ms);
}

static up_mock_action *const actions[UP_MOCK_EVENT_COUNT] = {
        [UP_MOCK_ACCEPTED] = check_loop,
        [UP_MOCK_QUEUED] = enqueue,
        [UP_MOCK_STARTED] = start,
        [UP_MOCK_CLEAN] = queue_for_sending,
        [UP_MOCK_NOT_CLEAN] = quarantine,
        [UP_MOCK_DELIVERED] = deliver,
        [UP_MOCK_REJECTED] = bounce,
        [UP_MOCK_FAILED] = retry,
        [UP_MOCK_LOGGED] = log_failure,
        [UP_MOCK_DELAYED] = delay,
        [UP_MOCK_DUE] = queue,
        [UP_MOCK_BOUNCED] = report,
};

/* --- the interface ---------------------------------------------------------------------------- */

static void *open_mock(const struct up_pipeline *pipeline, const struct up_policy *policy,
    const struct up_ports *ports)
{
        struct up_mock *self = g_new(struct up_mock, 1);

        *self = (struct up_mock){ .row = pipeline->variant,
                .capabilities = pipeline->capabilities,
                .ports = ports,
                .policy = *policy };
        self->messages = g_ptr_array_new_with_free_func(message_free);
        g_queue_init(&self->queue);
        return self;
}

static void close_mock(void *data)
{
        struct up_mock *self = data;

        g_queue_clear(&self->queue);
        g_ptr_array_unref(self->messages);
        g_free(self);
}

static enum up_receipt submit(
    void *data, const struct up_mail *given, int64_t now_ms, up_id *ret_id)
{
        struct up_mock *self = data;
        up_id id = self->messages->len + 1;

        if (given->to[1] != NULL || self->policy.store_scan != 0)
                return UP_RECEIPT_DEFERRED;
        struct up_mock_message *message = add(self, given->from, given->to[0],
            up_received_prepend(
                given->bytes, id, given->origin, self->ports->wall_s(self->ports->world)),
            now_ms);
        message->notify = given->notify;
        handle(self, message, UP_MOCK_ACCEPTED, now_ms);
        *ret_id = id;
        return UP_RECEIPT_ACCEPTED;
}

/* An answer that comes late or twice is not the one that the worker waits for. */
static void handle_answer(
    struct up_mock *self, up_request request, enum up_mock_event event, int64_t now_ms)
{
        if (self->current != NULL && self->current->request == request)
                handle(self, self->current, event, now_ms);
}

static void scanned(
    void *data, up_request request, const struct up_scan_answer *answer, int64_t now_ms)
{
        static const enum up_mock_event events[UP_VERDICT_COUNT] = { [UP_VERDICT_CLEAN] =
                                                                         UP_MOCK_CLEAN,
                [UP_VERDICT_INFECTED] = UP_MOCK_NOT_CLEAN,
                [UP_VERDICT_UNSCANNABLE] = UP_MOCK_NOT_CLEAN,
                [UP_VERDICT_REWRITTEN] = UP_MOCK_NOT_CLEAN,
                [UP_VERDICT_NONE] = UP_MOCK_FAILED };
        struct up_mock *self = data;
        bool is_current = self->current != NULL && self->current->id == answer->message;

        handle_answer(self, request, is_current ? events[answer->verdict] : UP_MOCK_FAILED, now_ms);
}

static void sent(
    void *data, up_request request, const struct up_send_answer *answer, int64_t now_ms)
{
        static const enum up_mock_event events[] = { [UP_OUTCOME_DELIVERED] = UP_MOCK_DELIVERED,
                [UP_OUTCOME_DEFERRED] = UP_MOCK_FAILED,
                [UP_OUTCOME_REJECTED] = UP_MOCK_REJECTED,
                [UP_OUTCOME_UNKNOWN] = UP_MOCK_FAILED };

        handle_answer(data, request, events[up_send_outcome(answer, 0)], now_ms);
}

static void check_timers(struct up_mock *self, struct up_mock_message *message, int64_t now_ms)
{
        if (message->state == STARTED && message->due_ms <= now_ms)
                handle(self, message, UP_MOCK_FAILED, now_ms);
        else if (message->state != STARTED && message->state != DONE &&
                 message->expiry_ms <= now_ms)
                bounce(self, message, now_ms);
        else if (message->state == WAITING && message->due_ms <= now_ms)
                handle(self, message, UP_MOCK_DUE, now_ms);
}

static void run(void *data, int64_t now_ms)
{
        struct up_mock *self = data;

        for (guint i = 0; i < self->messages->len; i++)
                check_timers(self, g_ptr_array_index(self->messages, i), now_ms);
        if (self->current == NULL && !g_queue_is_empty(&self->queue))
                handle(self, g_queue_peek_head(&self->queue), UP_MOCK_STARTED, now_ms);
}

/* A queued message is due at once if the worker is free. */
static int64_t next_ms(void *data)
{
        const struct up_mock *self = data;
        int64_t next_ms = UP_NEVER_MS;

        for (guint i = 0; i < self->messages->len; i++) {
                const struct up_mock_message *message = g_ptr_array_index(self->messages, i);
                if (message->state == STARTED || message->state == WAITING || self->current == NULL)
                        next_ms = MIN(next_ms, message->due_ms);
                if (message->state == QUEUED || message->state == WAITING)
                        next_ms = MIN(next_ms, message->expiry_ms);
        }
        return next_ms;
}

static void hide_unclaimed(struct up_view *view, unsigned capabilities)
{
        if ((capabilities & UP_CAN_OWNER) == 0) {
                view->owner = UP_OWNER_NONE;
                view->owner_ms = view->expiry_ms = 0;
        }
        if ((capabilities & UP_CAN_RANK) == 0)
                view->rank = 0;
        if ((capabilities & UP_CAN_ELIGIBILITY) == 0)
                view->eligible = false;
}

static void report_view(const struct up_mock *self, const struct up_mock_message *message,
    up_view_visitor visit, void *visit_data)
{
        struct up_view view = { .message = message->id,
                .parent = message->parent,
                .from = message->from,
                .to = message->to,
                .state = state_names[message->state],
                .disposition = message->disposition,
                .owner = owners[message->state],
                .owner_ms = message->due_ms,
                .expiry_ms = message->expiry_ms,
                .rank = message->rank,
                .eligible = message->state == QUEUED };

        hide_unclaimed(&view, self->capabilities);
        visit(&view, visit_data);
}

static void for_each_recipient(void *data, up_view_visitor visit, void *visit_data)
{
        const struct up_mock *self = data;

        for (guint i = 0; i < self->messages->len; i++)
                report_view(self, g_ptr_array_index(self->messages, i), visit, visit_data);
}

/* Any of them may have changed. */
static void for_each_changed(void *data, up_view_visitor visit, void *visit_data)
{
        const struct up_mock *self = data;

        for (guint i = 0; i < self->messages->len; i++) {
                const struct up_mock_message *message = g_ptr_array_index(self->messages, i);
                if (!message->is_unnamed)
                        report_view(self, message, visit, visit_data);
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

        for (guint i = 0; i < self->messages->len; i++) {
                const struct up_mock_message *message = g_ptr_array_index(self->messages, i);
                hash = up_fnv_number(hash, (int64_t)message->state);
                hash = up_fnv_number(hash, (int64_t)message->disposition);
                hash = up_fnv_number(hash, (int64_t)message->rank);
                hash = up_fnv_number(hash, left_ms(message->due_ms, now_ms));
                hash = up_fnv_number(hash, left_ms(message->expiry_ms, now_ms));
                hash = up_fnv_byte(hash, message->is_clean);
                hash = up_fnv_number(hash, g_queue_index((GQueue *)&self->queue, message));
        }
        return hash;
}

/* --- faulty actions --------------------------------------------------------------------------- */

static void do_nothing(struct up_mock *self, struct up_mock_message *message, int64_t now_ms)
{
        (void)self;
        (void)message;
        (void)now_ms;
}

static void wait_for_ever(struct up_mock *self, struct up_mock_message *message, int64_t now_ms)
{
        (void)now_ms;
        enter(self, message, WAITING, UP_NEVER_MS);
}

/* As in KB843545: neither the attempt nor the time counts. */
static void reset_attempts(struct up_mock *self, struct up_mock_message *message, int64_t now_ms)
{
        message->rank = highest_rank(self);
        message->expiry_ms = now_ms + self->policy.lifetime_ms;
        delay(self, message, now_ms);
}

static void start_without_timeout(
    struct up_mock *self, struct up_mock_message *message, int64_t now_ms)
{
        start(self, message, now_ms);
        message->due_ms = UP_NEVER_MS;
}

static void queue_first(struct up_mock *self, struct up_mock_message *message, int64_t now_ms)
{
        enter(self, message, QUEUED, now_ms);
        g_queue_push_head(&self->queue, message);
}

static void discard(struct up_mock *self, struct up_mock_message *message, int64_t now_ms)
{
        (void)now_ms;
        end(self, message, UP_DISPOSITION_DISCARDED);
}

static void send_again(struct up_mock *self, struct up_mock_message *message, int64_t now_ms)
{
        if (message->rank >= MOVES)
                queue(self, message, now_ms);
        else
                deliver(self, message, now_ms);
}

static void deliver_unnamed(struct up_mock *self, struct up_mock_message *message, int64_t now_ms)
{
        deliver(self, message, now_ms);
        message->is_unnamed = true;
}

static void change_line_ends(struct up_mock *self, struct up_mock_message *message, int64_t now_ms)
{
        gsize bytes;
        const char *data = g_bytes_get_data(message->bytes, &bytes);
        g_autoptr(GString) text = g_string_new_len(data, (gssize)bytes);

        g_string_replace(text, "\r\n", "\n", 0);
        g_bytes_unref(message->bytes);
        message->bytes = g_bytes_new(text->str, text->len);
        check_loop(self, message, now_ms);
}

static void add_footer(struct up_mock *self, struct up_mock_message *message, int64_t now_ms)
{
        static const char footer[] = "-- \r\nThis message was scanned.\r\n";
        GByteArray *data = g_bytes_unref_to_array(message->bytes);

        g_byte_array_append(data, (const guint8 *)footer, (guint)strlen(footer));
        message->bytes = g_byte_array_free_to_bytes(data);
        queue_for_sending(self, message, now_ms);
}

static void report_with_sender(
    struct up_mock *self, struct up_mock_message *message, int64_t now_ms)
{
        report_from(self, message, "postmaster@example.com", now_ms);
}

static void log_code_0(struct up_mock *self, struct up_mock_message *message, int64_t now_ms)
{
        (void)now_ms;
        up_event_log(self->ports, UP_LOG_DEFERRED, message->id, "", 0);
}

/* Keeps state across runs, so two runs of one case differ. */
static void delay_by_history(struct up_mock *self, struct up_mock_message *message, int64_t now_ms)
{
        static int64_t longer_ms;

        enter(self, message, WAITING, now_ms + self->policy.backoff_min_ms + ++longer_ms);
}

static void delay_to_full_hour(
    struct up_mock *self, struct up_mock_message *message, int64_t now_ms)
{
        int64_t past_s = self->ports->wall_s(self->ports->world) % 3600;

        enter(self, message, WAITING, now_ms + (3600 - past_s) * 1000);
}

/* --- the table -------------------------------------------------------------------------------- */

#define ALL (UP_CAN_OWNER | UP_CAN_RANK | UP_CAN_DIGEST | UP_CAN_ELIGIBILITY)

/*
 * The strongest evidence is reported that a pipeline's claims allow. So a canary of weaker evidence
 * claims less: the same action is found by the rank, by the digest, or, if nothing is claimed, by
 * the clock.
 */
#define SUBMIT_AFTER(event) "script:\n  " event "\n  submit 1 local\n"

/* clang-format off */
const struct up_mock_row up_mock_rows[] = {
        { "no-retry-time", "waits for a retry without a timer",
            ALL, UP_MOCK_DELAYED, wait_for_ever, "unowned: waiting",
            SUBMIT_AFTER("scan 1 busy") },
        { "uncounted-attempts", "does not count attempts, and reports its rank",
            ALL, UP_MOCK_DELAYED, reset_attempts, "no-progress: waiting",
            SUBMIT_AFTER("scan 1 busy") },
        { "no-time-out", "waits for an answer without a time-out",
            ALL & ~UP_CAN_OWNER, UP_MOCK_STARTED, start_without_timeout, "no-wakeup: started",
            SUBMIT_AFTER("scan 1 never") },
        { "uncounted-attempts-digest", "does not count attempts, and reports a digest",
            UP_CAN_DIGEST, UP_MOCK_DELAYED, reset_attempts, "cycle: started, waiting",
            SUBMIT_AFTER("scan 1 busy") },
        { "ignored-time-out", "does nothing after a time-out",
            ALL, UP_MOCK_FAILED, do_nothing, "spin: started",
            SUBMIT_AFTER("scan 1 never") },
        { "newest-first", "works on the newest message first",
            ALL, UP_MOCK_QUEUED, queue_first, "starved: queued",
            "policy: backoff=1s..1s send-attempts=40\n"
            SUBMIT_AFTER("hop 0 dot defer")
            "  submit 2 local\n"
            "  submit 3 local\n"
            "  submit 4 local\n" },
        { "uncounted-attempts-silent", "does not count attempts, and reports nothing",
            0, UP_MOCK_DELAYED, reset_attempts, "past-bound: ",
            "policy: lifetime=1h backoff=1m..1m\n" SUBMIT_AFTER("scan 1 busy") },
        { "dropped-rejection", "discards rejected messages",
            ALL, UP_MOCK_REJECTED, discard, "discarded, but neither infected nor deleted",
            SUBMIT_AFTER("hop 1 dot reject") },
        { "sent-again", "sends delivered messages again",
            ALL, UP_MOCK_DELIVERED, send_again, "transmitted again: ",
            "policy: attempts=1 send-attempts=2\n"
            "script:\n"
            "  submit 1 local\n" },
        /* Policy allows unscanned mail, so that this is not reported, too. */
        { "all-verdicts-clean", "treats every verdict as clean",
            ALL, UP_MOCK_NOT_CLEAN, queue_for_sending, "sent after the scanner called it infected",
            "policy: unscannable=deliver\n" SUBMIT_AFTER("scan 1 infected") },
        { "no-answer-clean", "treats a missing answer as clean",
            ALL, UP_MOCK_FAILED, queue_for_sending, "sent without a clean verdict",
            SUBMIT_AFTER("scan 1 never") },
        { "changed-line-ends", "changes line ends",
            ALL, UP_MOCK_ACCEPTED, change_line_ends, "multipart/signed: content",
            "script:\n"
            "  bystander 1 signed local\n" },
        { "unreported-bounce", "bounces without a notice",
            ALL, UP_MOCK_BOUNCED, do_nothing, "bounced without a notice",
            SUBMIT_AFTER("hop 1 dot reject") },
        { "notice-with-sender", "sends notices with a sender",
            ALL, UP_MOCK_BOUNCED, report_with_sender, "a notice with a sender",
            SUBMIT_AFTER("hop 1 dot reject") },
        { "uncounted-hops", "does not count hops",
            ALL, UP_MOCK_ACCEPTED, queue, "a looping copy was accepted",
            SUBMIT_AFTER("loop on") },
        { "bounced-infection", "bounces infected messages",
            ALL, UP_MOCK_NOT_CLEAN, bounce, "backscatter",
            SUBMIT_AFTER("scan 1 infected") },
        { "footer-after-scan", "adds a footer after the scan",
            ALL, UP_MOCK_CLEAN, add_footer, "scanned and sent",
            "script:\n"
            "  submit 1 local\n" },
        { "log-code-0", "logs a failure with code 0",
            ALL, UP_MOCK_LOGGED, log_code_0, "unpend, Next Hop, event 3101: error code 0",
            SUBMIT_AFTER("scan 1 busy") },
        { "unnamed-change", "does not name a delivered message among those that have changed",
            UP_CAN_CHANGES, UP_MOCK_DELIVERED, deliver_unnamed, "a change was not named: done",
            "script:\n"
            "  submit 1 local\n" },
        { "bounced-retry", "bounces messages that waited for a retry",
            ALL, UP_MOCK_DUE, bounce, "waiting: bounced instead of delivered",
            SUBMIT_AFTER("scan 1 busy")
            "  wait 1s\n" },
        { "state-across-runs", "keeps state from earlier runs",
            ALL, UP_MOCK_DELAYED, delay_by_history, "first difference: ",
            SUBMIT_AFTER("scan 1 busy") },
        { "wall-clock-timer", "sets timers by the wall clock",
            ALL, UP_MOCK_DELAYED, delay_to_full_hour, "the wall clock decides",
            "script:\n"
            "  clock forward 30m\n"
            "  scan 1 busy\n"
            "  submit 1 local\n"
            "  wait 1s\n"
            "  scan 1 clean\n" },
};
/* clang-format on */

const size_t up_mock_count = G_N_ELEMENTS(up_mock_rows);

const struct up_mock_row *up_mock_find(const char *name)
{
        for (size_t i = 0; i < up_mock_count; i++)
                if (strcmp(up_mock_rows[i].name, name) == 0)
                        return &up_mock_rows[i];
        return NULL;
}

struct up_pipeline up_mock_pipeline(const struct up_mock_row *row)
{
        return (struct up_pipeline){ .name = row != NULL ? row->name : "fixed",
                .capabilities = row != NULL ? row->capabilities : ALL | UP_CAN_CHANGES,
                .variant = row,
                .open = open_mock,
                .close = close_mock,
                .submit = submit,
                .scanned = scanned,
                .sent = sent,
                .run = run,
                .next_ms = next_ms,
                .for_each_recipient = for_each_recipient,
                .for_each_changed = for_each_changed,
                .digest = digest };
}
