/*
 * mock - the fixed pipeline, the faulty actions, and the table
 *
 * Each message has one recipient. A worker has it scanned, sends it, and if policy wants that has
 * it scanned in the store before it may be read. After a failure it is retried after a gap, as
 * often as policy allows attempts of that kind, and within the lifetime; then policy decides. A
 * message that bounces causes a notice, which is a message too. Work is done in run(); a call that
 * brings an answer only handles the event.
 *
 * The rank of a message is the number of state changes left, without those by command. One attempt
 * takes three (queued, started, waiting), so it bounds the attempts.
 *
 * BUGS: it rejects messages with several recipients, and keeps nothing across a crash.
 */
#include "faults/mock.h"

#include <string.h>

#include "case/policy.h"
#include "fnv.h"
#include "scan_submit/event_log.h"
#include "scan_submit/notice.h"
#include "scan_submit/reason.h"
#include "scan_submit/received.h"

enum state { QUEUED, STARTED, WAITING, HELD, DONE };

static const char *const state_names[] = { "queued", "started", "waiting", "held", "done" };
static const enum up_owner owners[] = { UP_OWNER_QUEUE, UP_OWNER_WORKER, UP_OWNER_TIMER,
        UP_OWNER_ADMINISTRATOR, UP_OWNER_NONE };

/* What a worker does next with a message. */
enum stage { SCAN, SEND, SCAN_STORED };

#define MOVES 3 /* of one attempt */

struct up_mock_message {
        up_id id;
        up_id parent; /* of a notice */
        char *from, *to;
        bool notify;
        GBytes *bytes;
        struct up_policy policy; /* under which it was accepted */
        enum state state;
        enum stage stage;
        int64_t tries; /* at this stage */
        enum up_verdict verdict;
        up_request request; /* the latest */
        int64_t due_ms;     /* of its timer or time-out; since when it is queued */
        int64_t expiry_ms;
        uint64_t rank;
        enum up_disposition disposition;
        enum up_access access;
        enum up_command command; /* the latest */
        bool is_held, is_deleted;
        bool is_refused; /* at its submission */
        bool is_unnamed; /* left out of what has changed */
};

struct up_mock {
        const struct up_mock_row *row; /* NULL: fixed */
        unsigned capabilities;
        const struct up_ports *ports;
        struct up_policy policy;
        GPtrArray *messages; /* of struct up_mock_message; the id is the index plus one */
        GQueue queue;        /* of messages that are ready for a worker */
        int64_t busy;        /* workers */
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

static uint64_t highest_rank(const struct up_policy *policy)
{
        return MOVES * (uint64_t)(2 * policy->attempts + policy->send_attempts);
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
                .policy = self->policy,
                .expiry_ms = now_ms + self->policy.lifetime_ms,
                .rank = highest_rank(&self->policy) };
        g_ptr_array_add(self->messages, message);
        return message;
}

static void enter(
    struct up_mock *self, struct up_mock_message *message, enum state state, int64_t due_ms)
{
        bool by_command = state == HELD || message->state == HELD;

        self->busy += (state == STARTED) - (message->state == STARTED);
        g_queue_remove(&self->queue, message);
        message->state = state;
        message->due_ms = due_ms;
        message->rank -= !by_command;
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

static void queue_for(
    struct up_mock *self, struct up_mock_message *message, enum stage stage, int64_t now_ms)
{
        message->stage = stage;
        message->tries = 0;
        queue(self, message, now_ms);
}

static up_request request_scan(
    const struct up_mock *self, const struct up_mock_message *message, enum up_level level)
{
        return self->ports->scan(self->ports->world, message->id, level, message->bytes);
}

static up_request request_transaction(
    const struct up_mock *self, const struct up_mock_message *message)
{
        const unsigned first = 0;
        const char *const to[] = { message->to, NULL };
        const struct up_transaction transaction = { message->id, message->from, to, &first,
                message->bytes, message->policy.store_scan != 0 };

        return self->ports->send(self->ports->world, &transaction);
}

static void start(struct up_mock *self, struct up_mock_message *message, int64_t now_ms)
{
        bool sends = message->stage == SEND;

        message->tries++;
        enter(self, message, STARTED,
            now_ms + (sends ? message->policy.send_timeout_ms : message->policy.scan_timeout_ms));
        message->request = sends
                               ? request_transaction(self, message)
                               : request_scan(self, message,
                                     message->stage == SCAN ? UP_LEVEL_TRANSPORT : UP_LEVEL_STORE);
}

static void queue_for_sending(struct up_mock *self, struct up_mock_message *message, int64_t now_ms)
{
        queue_for(self, message, SEND, now_ms);
}

static void quarantine(struct up_mock *self, struct up_mock_message *message, int64_t now_ms)
{
        (void)now_ms;
        end(self, message, UP_DISPOSITION_QUARANTINED);
}

static void deliver(struct up_mock *self, struct up_mock_message *message, int64_t now_ms)
{
        if (message->policy.store_scan == 0) {
                end(self, message, UP_DISPOSITION_DELIVERED);
                return;
        }
        message->disposition = UP_DISPOSITION_DELIVERED;
        message->access = UP_ACCESS_UNDECIDED;
        queue_for(self, message, SCAN_STORED, now_ms);
}

static void open_deposit(struct up_mock *self, struct up_mock_message *message, int64_t now_ms)
{
        (void)now_ms;
        message->access = UP_ACCESS_OPEN;
        end(self, message, UP_DISPOSITION_DELIVERED);
        self->ports->make_readable(self->ports->world, message->id);
}

/* Neither a notice nor a message with NOTIFY=NEVER or the null sender is reported. */
static void bounce(struct up_mock *self, struct up_mock_message *message, int64_t now_ms)
{
        end(self, message,
            message->parent != 0 ? UP_DISPOSITION_ABANDONED : UP_DISPOSITION_BOUNCED);
        if (message->parent == 0 && message->notify && *message->from != '\0')
                handle(self, message, UP_MOCK_BOUNCED, now_ms);
}

static void pass(struct up_mock *self, struct up_mock_message *message, int64_t now_ms)
{
        handle(self, message, message->stage == SCAN ? UP_MOCK_CLEAN : UP_MOCK_READABLE, now_ms);
}

/* What policy wants done with a message that is not clean. */
static void decide(struct up_mock *self, struct up_mock_message *message, int64_t now_ms)
{
        const struct up_policy *policy = &message->policy;
        bool unscannable = message->verdict == UP_VERDICT_UNSCANNABLE;

        if (unscannable && policy->unscannable == UP_UNSCANNABLE_DELIVER) {
                pass(self, message, now_ms);
        } else if (message->stage == SCAN_STORED) {
                message->access = UP_ACCESS_REFUSED;
                end(self, message, UP_DISPOSITION_DELIVERED);
        } else if (message->verdict == UP_VERDICT_INFECTED) {
                end(self, message,
                    policy->infected == UP_INFECTED_DISCARD ? UP_DISPOSITION_DISCARDED
                                                            : UP_DISPOSITION_QUARANTINED);
        } else if (unscannable ? policy->unscannable == UP_UNSCANNABLE_BOUNCE
                               : policy->rewritten == UP_REWRITTEN_BOUNCE) {
                bounce(self, message, now_ms);
        } else {
                quarantine(self, message, now_ms);
        }
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
        if (up_received_count(message->bytes) > message->policy.max_hops)
                bounce(self, message, now_ms);
        else
                queue_for(self, message, message->policy.transport_scan != 0 ? SCAN : SEND, now_ms);
}

static void log_failure(struct up_mock *self, struct up_mock_message *message, int64_t now_ms)
{
        (void)now_ms;
        up_event_log(
            self->ports, UP_LOG_DEFERRED, message->id, "", up_reason_rows[UP_REASON_DEFERRED].code);
}

/* After the last attempt there will be no verdict, and no delivery. */
static void retry(struct up_mock *self, struct up_mock_message *message, int64_t now_ms)
{
        const struct up_policy *policy = &message->policy;
        bool sends = message->stage == SEND;

        handle(self, message, UP_MOCK_LOGGED, now_ms);
        if (message->tries < (sends ? policy->send_attempts : policy->attempts) &&
            message->expiry_ms > now_ms) {
                handle(self, message, UP_MOCK_DELAYED, now_ms);
        } else if (sends) {
                bounce(self, message, now_ms);
        } else {
                message->verdict = UP_VERDICT_UNSCANNABLE;
                handle(self, message, UP_MOCK_NOT_CLEAN, now_ms);
        }
}

static void delay(struct up_mock *self, struct up_mock_message *message, int64_t now_ms)
{
        enter(self, message, WAITING, now_ms + message->policy.backoff_min_ms);
}

static void note_command(struct up_mock *self, struct up_mock_message *message, int64_t now_ms)
{
        (void)self;
        (void)now_ms;
        message->is_deleted |= message->command == UP_COMMAND_DELETE;
        message->is_held = message->command == UP_COMMAND_HOLD;
}

static up_mock_action *const actions[UP_MOCK_EVENT_COUNT] = {
        [UP_MOCK_ACCEPTED] = check_loop,
        [UP_MOCK_QUEUED] = enqueue,
        [UP_MOCK_STARTED] = start,
        [UP_MOCK_CLEAN] = queue_for_sending,
        [UP_MOCK_NOT_CLEAN] = decide,
        [UP_MOCK_DELIVERED] = deliver,
        [UP_MOCK_READABLE] = open_deposit,
        [UP_MOCK_REJECTED] = bounce,
        [UP_MOCK_FAILED] = retry,
        [UP_MOCK_LOGGED] = log_failure,
        [UP_MOCK_DELAYED] = delay,
        [UP_MOCK_DUE] = queue,
        [UP_MOCK_BOUNCED] = report,
        [UP_MOCK_COMMANDED] = note_command,
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

        if (given->to[1] != NULL)
                return UP_RECEIPT_REJECTED;
        struct up_mock_message *message = add(self, given->from, given->to[0],
            up_received_prepend(
                given->bytes, id, given->origin, self->ports->wall_s(self->ports->world)),
            now_ms);
        message->notify = given->notify;
        handle(self, message, UP_MOCK_ACCEPTED, now_ms);
        if (message->is_refused) {
                g_ptr_array_remove(self->messages, message);
                return UP_RECEIPT_DEFERRED;
        }
        *ret_id = id;
        return UP_RECEIPT_ACCEPTED;
}

/* What a worker has is left to it: a command waits until then. */
static void obey(struct up_mock *self, struct up_mock_message *message, int64_t now_ms)
{
        if (message->state == STARTED || message->disposition != UP_DISPOSITION_NONE)
                return;
        if (message->is_deleted)
                end(self, message, UP_DISPOSITION_DISCARDED);
        else if (message->is_held && message->state != HELD)
                enter(self, message, HELD, UP_NEVER_MS);
        else if (!message->is_held && message->state == HELD)
                queue(self, message, now_ms);
}

/* The message for which a worker waits; NULL: the answer comes late or twice. */
static struct up_mock_message *find_started(const struct up_mock *self, up_request request)
{
        for (guint i = 0; i < self->messages->len; i++) {
                struct up_mock_message *message = g_ptr_array_index(self->messages, i);
                if (message->state == STARTED && message->request == request)
                        return message;
        }
        return NULL;
}

static void scanned(
    void *data, up_request request, const struct up_scan_answer *answer, int64_t now_ms)
{
        struct up_mock *self = data;
        struct up_mock_message *message = find_started(self, request);

        if (message == NULL)
                return;
        message->verdict = answer->message == message->id ? answer->verdict : UP_VERDICT_NONE;
        if (message->verdict == UP_VERDICT_CLEAN)
                pass(self, message, now_ms);
        else
                handle(self, message,
                    message->verdict == UP_VERDICT_NONE ? UP_MOCK_FAILED : UP_MOCK_NOT_CLEAN,
                    now_ms);
        obey(self, message, now_ms);
}

static void sent(
    void *data, up_request request, const struct up_send_answer *answer, int64_t now_ms)
{
        static const enum up_mock_event events[] = { [UP_OUTCOME_DELIVERED] = UP_MOCK_DELIVERED,
                [UP_OUTCOME_DEFERRED] = UP_MOCK_FAILED,
                [UP_OUTCOME_REJECTED] = UP_MOCK_REJECTED,
                [UP_OUTCOME_UNKNOWN] = UP_MOCK_FAILED };
        struct up_mock *self = data;
        struct up_mock_message *message = find_started(self, request);

        if (message == NULL)
                return;
        handle(self, message, events[up_send_outcome(answer, 0)], now_ms);
        obey(self, message, now_ms);
}

/* A held message stays held, and what was delivered is opened or refused. */
static void expire(struct up_mock *self, struct up_mock_message *message, int64_t now_ms)
{
        if (message->stage != SCAN_STORED) {
                bounce(self, message, now_ms);
                return;
        }
        message->verdict = UP_VERDICT_UNSCANNABLE;
        handle(self, message, UP_MOCK_NOT_CLEAN, now_ms);
}

static bool can_expire(const struct up_mock_message *message)
{
        return message->state == QUEUED || message->state == WAITING;
}

static void check_timers(struct up_mock *self, struct up_mock_message *message, int64_t now_ms)
{
        if (message->state == STARTED && message->due_ms <= now_ms)
                handle(self, message, UP_MOCK_FAILED, now_ms);
        else if (can_expire(message) && message->expiry_ms <= now_ms)
                expire(self, message, now_ms);
        else if (message->state == WAITING && message->due_ms <= now_ms)
                handle(self, message, UP_MOCK_DUE, now_ms);
        obey(self, message, now_ms);
}

static struct up_mock_message *first_ready(const struct up_mock *self, int64_t now_ms)
{
        for (GList *at = self->queue.head; at != NULL; at = at->next) {
                struct up_mock_message *message = at->data;
                if (message->due_ms <= now_ms)
                        return message;
        }
        return NULL;
}

static void run(void *data, int64_t now_ms)
{
        struct up_mock *self = data;

        for (guint i = 0; i < self->messages->len; i++)
                check_timers(self, g_ptr_array_index(self->messages, i), now_ms);
        struct up_mock_message *message = first_ready(self, now_ms);
        if (message != NULL && self->busy < self->policy.workers)
                handle(self, message, UP_MOCK_STARTED, now_ms);
}

/* A queued message is due if a worker is free. */
static int64_t next_ms(void *data)
{
        const struct up_mock *self = data;
        bool is_free = self->busy < self->policy.workers;
        int64_t next_ms = UP_NEVER_MS;

        for (guint i = 0; i < self->messages->len; i++) {
                const struct up_mock_message *message = g_ptr_array_index(self->messages, i);
                if (message->state != QUEUED || is_free)
                        next_ms = MIN(next_ms, message->due_ms);
                if (can_expire(message))
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
                .access = message->access,
                .owner = owners[message->state],
                .owner_ms = message->due_ms,
                .expiry_ms = message->expiry_ms,
                .rank = message->disposition == UP_DISPOSITION_NONE ? message->rank : 0,
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
                hash = up_fnv_number(hash, (int64_t)message->stage);
                hash = up_fnv_number(hash, message->tries);
                hash = up_fnv_number(hash, (int64_t)message->disposition);
                hash = up_fnv_number(hash, (int64_t)message->rank);
                hash = up_fnv_number(hash, left_ms(message->due_ms, now_ms));
                hash = up_fnv_number(hash, left_ms(message->expiry_ms, now_ms));
                hash = up_fnv_byte(hash, message->is_held);
                hash = up_fnv_byte(hash, message->is_deleted);
                hash = up_fnv_number(hash, g_queue_index((GQueue *)&self->queue, message));
        }
        return hash;
}

/* A message with a disposition is finished. */
static void command(void *data, enum up_command command, up_id id, int64_t now_ms)
{
        struct up_mock *self = data;

        if (id < 1 || id > self->messages->len)
                return;
        struct up_mock_message *message = g_ptr_array_index(self->messages, id - 1);
        if (message->disposition != UP_DISPOSITION_NONE)
                return;
        message->command = command;
        handle(self, message, UP_MOCK_COMMANDED, now_ms);
        obey(self, message, now_ms);
}

static void reload(void *data, const struct up_policy *policy, int64_t now_ms)
{
        struct up_mock *self = data;

        (void)now_ms;
        self->policy = *policy;
}

static void update_signatures(void *data, int64_t now_ms)
{
        (void)data;
        (void)now_ms;
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
        message->rank = highest_rank(&message->policy);
        message->expiry_ms = now_ms + message->policy.lifetime_ms;
        message->tries = 0;
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
        if (message->tries < message->policy.send_attempts)
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

static void append_footer(struct up_mock_message *message)
{
        static const char footer[] = "-- \r\nThis message was scanned.\r\n";
        GByteArray *data = g_bytes_unref_to_array(message->bytes);

        g_byte_array_append(data, (const guint8 *)footer, (guint)strlen(footer));
        message->bytes = g_byte_array_free_to_bytes(data);
}

static void add_footer(struct up_mock *self, struct up_mock_message *message, int64_t now_ms)
{
        append_footer(message);
        queue_for_sending(self, message, now_ms);
}

static void add_footer_in_store(
    struct up_mock *self, struct up_mock_message *message, int64_t now_ms)
{
        append_footer(message);
        deliver(self, message, now_ms);
}

static void cut_body(struct up_mock *self, struct up_mock_message *message, int64_t now_ms)
{
        GBytes *whole = message->bytes;

        message->bytes = g_bytes_new_from_bytes(whole, 0, g_bytes_get_size(whole) - 4);
        g_bytes_unref(whole);
        check_loop(self, message, now_ms);
}

static void forget_sender(struct up_mock *self, struct up_mock_message *message, int64_t now_ms)
{
        g_free(message->from);
        message->from = g_strdup("");
        check_loop(self, message, now_ms);
}

static void report_with_sender(
    struct up_mock *self, struct up_mock_message *message, int64_t now_ms)
{
        report_from(self, message, "postmaster@example.com", now_ms);
}

static void quarantine_with_notice(
    struct up_mock *self, struct up_mock_message *message, int64_t now_ms)
{
        quarantine(self, message, now_ms);
        report(self, message, now_ms);
}

/* It stands in no queue, so no worker takes it before it expires. */
static void leave_out_of_queue(
    struct up_mock *self, struct up_mock_message *message, int64_t now_ms)
{
        (void)now_ms;
        enter(self, message, QUEUED, UP_NEVER_MS);
}

static void queue_in_minutes(struct up_mock *self, struct up_mock_message *message, int64_t now_ms)
{
        enqueue(self, message, now_ms + 2 * 60 * 1000);
}

static void wait_until_next_day(
    struct up_mock *self, struct up_mock_message *message, int64_t now_ms)
{
        enter(self, message, WAITING, now_ms + 24 * 60 * 60 * 1000);
}

static void refuse(struct up_mock *self, struct up_mock_message *message, int64_t now_ms)
{
        (void)self;
        (void)now_ms;
        message->is_refused = true;
}

static void bounce_delivered(struct up_mock *self, struct up_mock_message *message, int64_t now_ms)
{
        if (message->parent != 0)
                deliver(self, message, now_ms);
        else
                bounce(self, message, now_ms);
}

static void say_opened(struct up_mock *self, struct up_mock_message *message, int64_t now_ms)
{
        (void)now_ms;
        message->access = UP_ACCESS_OPEN;
        end(self, message, UP_DISPOSITION_DELIVERED);
}

static void report_in_8bit(struct up_mock *self, struct up_mock_message *message, int64_t now_ms)
{
        report(self, message, now_ms);
        struct up_mock_message *notice = self->messages->pdata[self->messages->len - 1];
        GByteArray *data = g_bytes_unref_to_array(notice->bytes);

        g_byte_array_append(data, (const guint8 *)"\xe9\r\n", 3);
        notice->bytes = g_byte_array_free_to_bytes(data);
}

static void abandon_notice(struct up_mock *self, struct up_mock_message *message, int64_t now_ms)
{
        if (message->parent != 0)
                end(self, message, UP_DISPOSITION_ABANDONED);
        else
                retry(self, message, now_ms);
}

static void report_delivery(struct up_mock *self, struct up_mock_message *message, int64_t now_ms)
{
        deliver(self, message, now_ms);
        if (message->parent == 0)
                report(self, message, now_ms);
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

        enter(self, message, WAITING, now_ms + message->policy.backoff_min_ms + ++longer_ms);
}

static void delay_to_full_hour(
    struct up_mock *self, struct up_mock_message *message, int64_t now_ms)
{
        int64_t past_s = self->ports->wall_s(self->ports->world) % 3600;

        enter(self, message, WAITING, now_ms + (3600 - past_s) * 1000);
}

/* --- the table -------------------------------------------------------------------------------- */

#define ALL (UP_CAN_OWNER | UP_CAN_RANK | UP_CAN_DIGEST | UP_CAN_ELIGIBILITY | UP_CAN_STORE)

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
            "policy: backoff=1s..1s send-attempts=40 workers=1\n"
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
        { "cut-at-intake", "loses the end of each message",
            ALL, UP_MOCK_ACCEPTED, cut_body, "submitted and scanned",
            "script:\n"
            "  submit 1 local\n" },
        { "forgotten-sender", "sends everything with the null sender",
            ALL, UP_MOCK_ACCEPTED, forget_sender, "another sender",
            "script:\n"
            "  submit 1 local\n" },
        { "unreported-bounce", "bounces without a notice",
            ALL, UP_MOCK_BOUNCED, do_nothing, "bounced without a notice",
            SUBMIT_AFTER("hop 1 dot reject") },
        { "eight-bit-notice", "sends notices with 8-bit content",
            ALL, UP_MOCK_BOUNCED, report_in_8bit, "it has 8-bit content",
            SUBMIT_AFTER("hop 1 dot reject") },
        { "notice-sent-once", "gives a notice up after its first failure",
            ALL, UP_MOCK_FAILED, abandon_notice,
            "abandoned before its attempts and lifetime were used up",
            "script:\n"
            "  hop 0 dot defer\n"
            "  hop 1 dot reject\n"
            "  submit 1 local\n" },
        { "reported-delivery", "reports delivered messages as failed",
            ALL, UP_MOCK_DELIVERED, report_delivery, "a delivered recipient is reported as failed",
            SUBMIT_AFTER("hop 1 dot reject")
            "  submit 2 local\n" },
        { "notice-with-sender", "sends notices with a sender",
            ALL, UP_MOCK_BOUNCED, report_with_sender, "a notice with a sender",
            SUBMIT_AFTER("hop 1 dot reject") },
        { "uncounted-hops", "does not count hops",
            ALL, UP_MOCK_ACCEPTED, queue, "a looping copy was accepted",
            SUBMIT_AFTER("loop on") },
        { "reported-infection", "sends a notice on infected messages",
            ALL, UP_MOCK_NOT_CLEAN, quarantine_with_notice, "backscatter",
            SUBMIT_AFTER("scan 1 infected") },
        { "footer-after-scan", "adds a footer after the scan",
            ALL, UP_MOCK_CLEAN, add_footer, "scanned and sent",
            "script:\n"
            "  submit 1 local\n" },
        { "unqueued-for-minutes", "starts work on messages in its queue minutes later",
            ALL, UP_MOCK_QUEUED, queue_in_minutes, "idle: queued",
            "script:\n"
            "  submit 1 local\n" },
        { "parked-without-verdict", "quarantines messages whose scan failed",
            ALL, UP_MOCK_FAILED, quarantine, "parked: done",
            SUBMIT_AFTER("scan 1 busy") },
        { "unopened-deposit", "does not open what may be read",
            ALL, UP_MOCK_READABLE, say_opened, "never opened",
            "policy: store-scan=on\n"
            "script:\n"
            "  submit 1 local\n" },
        { "never-scanned", "does not scan what policy delivers unscanned if need be",
            ALL, UP_MOCK_ACCEPTED, queue_for_sending, "released and never scanned",
            "policy: unscannable=deliver\n"
            "script:\n"
            "  submit 1 local\n" },
        { "refused-at-intake", "defers every submission",
            ALL, UP_MOCK_ACCEPTED, refuse, "deferred at submission",
            "script:\n"
            "  submit 1 local\n" },
        { "scanned-next-day", "begins with a scan on the next day",
            ALL, UP_MOCK_ACCEPTED, wait_until_next_day, "started",
            "script:\n"
            "  submit 1 local\n" },
        { "discarded-for-quarantine", "discards infected messages that policy wants quarantined",
            ALL, UP_MOCK_NOT_CLEAN, discard, "discarded: infected, for quarantine",
            SUBMIT_AFTER("scan 1 infected") },
        { "bounced-delivery", "bounces delivered messages",
            ALL, UP_MOCK_DELIVERED, bounce_delivered, "delivered, and bounced",
            "policy: send-attempts=1\n"
            "script:\n"
            "  submit 1 local\n" },
        { "ignored-command", "does nothing at a command",
            ALL | UP_CAN_COMMANDS, UP_MOCK_COMMANDED, do_nothing, "sent after its deletion",
            "script:\n"
            "  submit 1 local\n"
            "  delete 1\n" },
        { "footer-in-store", "adds a footer to what it has deposited",
            ALL, UP_MOCK_DELIVERED, add_footer_in_store, "deposited and scanned",
            "policy: store-scan=on\n"
            "script:\n"
            "  submit 1 local\n" },
        { "log-code-0", "logs a failure with code 0",
            ALL, UP_MOCK_LOGGED, log_code_0, "unpend, Next Hop, event 3101: error code 0",
            SUBMIT_AFTER("scan 1 busy") },
        { "unnamed-change", "does not name a delivered message among those that have changed",
            UP_CAN_CHANGES, UP_MOCK_DELIVERED, deliver_unnamed, "a change was not named: done",
            "script:\n"
            "  submit 1 local\n" },
        { "unqueued-retry", "does not queue messages that waited for a retry",
            ALL & ~(unsigned)UP_CAN_ELIGIBILITY, UP_MOCK_DUE, leave_out_of_queue,
            "waiting: bounced instead of delivered",
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
                .capabilities =
                    row != NULL ? row->capabilities : ALL | UP_CAN_CHANGES | UP_CAN_COMMANDS,
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
                .digest = digest,
                .command = command,
                .reload = reload,
                .signatures_updated = update_signatures };
}
