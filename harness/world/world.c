/*
 * world - calls the pipeline, advances time, and decides when a run is over
 *
 * Time stands still during a call and jumps from event to event: arrivals first, then runs that the
 * pipeline asked for. All times here and in the ledger count from the start of the run; the
 * pipeline's clock differs (up_world_pipeline_ms()).
 */
#include "world/world.h"

#include <string.h>

#include "fnv.h"
#include "world/hooks.h"
#include "world/world_private.h"

#define RECIPIENT_BYTES 100

/* --- writing ---------------------------------------------------------------------------------- */

guint up_world_write(struct up_world *world, struct up_entry *entry)
{
        entry->at_ms = world->now_ms;
        return up_ledger_add(world->ledger, entry);
}

static void write_kind(struct up_world *world, enum up_entry_kind kind)
{
        struct up_entry entry = { .kind = kind };

        up_world_write(world, &entry);
}

int64_t up_world_pipeline_ms(const struct up_world *world)
{
        return UP_WORLD_BEGIN_MS + world->now_ms;
}

static void end(struct up_world *world, enum up_ending ending)
{
        world->ended = true;
        world->ending = ending;
}

/* --- submissions ------------------------------------------------------------------------------ */

static void remember(struct up_world *world, up_id message, const struct up_submission *submission)
{
        struct up_submission *kept = g_memdup2(submission, sizeof *submission);

        kept->from = NULL;
        kept->to = NULL;
        kept->bytes = NULL;
        g_hash_table_replace(world->submissions, g_memdup2(&message, sizeof message), kept);
        world->last_bound_ms =
            MAX(world->last_bound_ms, world->now_ms + up_policy_bound_ms(&world->policy));
}

/* A pipeline may use the id of a message before submit() has returned it. The first unknown id is
 * taken for that of the submitted message, any other for that of a notice on it. */
struct up_submission up_world_find_submission(struct up_world *world, up_id message)
{
        const struct up_submission *submission = g_hash_table_lookup(world->submissions, &message);

        if (submission == NULL && world->submitting != NULL) {
                if (world->submitting_id == 0)
                        world->submitting_id = message;
                if (message == 0 || message == world->submitting_id)
                        submission = world->submitting;
        }
        return submission != NULL ? *submission : (struct up_submission){ .notify = true };
}

/* A message that was not submitted was made by the pipeline, unless the power failed during its
 * submission. */
static void register_message(struct up_world *world, const struct up_view *view)
{
        const struct up_submission born = { .notify = true };
        bool saved = world->interrupted != NULL && view->parent == 0;

        if (g_hash_table_contains(world->submissions, &view->message))
                return;
        remember(world, view->message, saved ? world->interrupted : &born);
}

/* --- the rest of a step ----------------------------------------------------------------------- */

static const struct up_view *keep_view(void *data, const struct up_view *view)
{
        struct up_world *world = data;

        register_message(world, view);
        struct up_entry entry = {
                .kind = UP_ENTRY_VIEW,
                .number = up_world_find_submission(world, view->message).number,
                .message = view->message,
                .as.view = *view,
        };
        return &up_ledger_at(world->ledger, up_world_write(world, &entry))->as.view;
}

/* Whatever the pipeline says has changed: a lost recipient, or a change that it did not name. */
static void look_at_all(struct up_world *world)
{
        up_hooks_before(UP_HOOK_EACH, world->mail_bytes);
        up_views_update(
            &world->views, world->pipeline, world->self, UP_WORLD_BEGIN_MS, keep_view, world);
        up_hooks_after();
        world->look_at_all = false;
}

static void look_at_changed(struct up_world *world)
{
        up_hooks_before(UP_HOOK_EACH, world->mail_bytes);
        up_views_update_changed(
            &world->views, world->pipeline, world->self, UP_WORLD_BEGIN_MS, keep_view, world);
        up_hooks_after();
}

static bool names_changes(const struct up_world *world)
{
        return (world->pipeline->capabilities & UP_CAN_CHANGES) != 0;
}

static void ask_next_run(struct up_world *world)
{
        up_hooks_before(UP_HOOK_NEXT, world->mail_bytes);
        int64_t next_ms = world->pipeline->next_ms(world->self);
        up_hooks_after();

        world->next_run_ms = next_ms == UP_NEVER_MS ? UP_NEVER_MS : next_ms - UP_WORLD_BEGIN_MS;
}

static uint64_t digest_now(const struct up_world *world)
{
        uint64_t digest = 0;

        if ((world->pipeline->capabilities & UP_CAN_DIGEST) != 0) {
                up_hooks_before(UP_HOOK_DIGEST, world->mail_bytes);
                digest = world->pipeline->digest(world->self, up_world_pipeline_ms(world));
                up_hooks_after();
        }
        return digest;
}

/* The world's own state is what is still to come; all else stays as it is after the script. */
static void mix_arrivals(const struct up_world *world, uint64_t *digest)
{
        for (GSequenceIter *at = g_sequence_get_begin_iter(world->arrivals);
             !g_sequence_iter_is_end(at); at = g_sequence_iter_next(at)) {
                const struct up_arrival *arrival = g_sequence_get(at);
                *digest = up_fnv_number(*digest, arrival->due_ms - world->now_ms);
                *digest = up_fnv_number(*digest, (int64_t)arrival->kind);
                *digest = up_fnv_number(*digest, arrival->submission.hops);
                *digest = up_fnv_number(*digest, (int64_t)arrival->scan.verdict);
                *digest = up_fnv_number(*digest, arrival->scan.code);
                for (unsigned i = 0; i < arrival->send.recipients; i++)
                        *digest =
                            up_fnv_number(*digest, (int64_t)up_send_outcome(&arrival->send, i));
        }
        *digest = up_fnv_number(*digest,
            world->crashes->len > 0 ? g_array_index(world->crashes, unsigned, 0) - world->operations
                                    : 0);
        *digest = up_fnv_number(*digest, (int64_t)world->scanner.failing);
}

static bool has_pending(const struct up_world *world)
{
        return world->views.waiting > 0 || world->unreported != 0;
}

static void check_end(struct up_world *world, uint64_t digest)
{
        bool can_tell = (world->pipeline->capabilities & UP_CAN_DIGEST) != 0;

        if (world->script_ended && can_tell && has_pending(world)) {
                mix_arrivals(world, &digest);
                if (up_cycle_detector_add(&world->cycle_detector, digest, world->now_ms))
                        end(world, UP_ENDING_CYCLE);
        }
        if (world->runs_in_a_row > UP_WORLD_SPIN_STEPS)
                end(world, UP_ENDING_SPIN);
        if (world->steps >= UP_WORLD_STEPS || world->ledger->entries->len >= UP_WORLD_ENTRIES ||
            world->views.reported_total >= UP_WORLD_VIEWS / UP_WORLD_RUNS ||
            world->bytes > UP_WORLD_BYTES)
                end(world, UP_ENDING_STEPS);
}

static void recover(struct up_world *world)
{
        struct up_entry entry = { .kind = UP_ENTRY_CRASH, .as.operation = world->operations };

        up_world_write(world, &entry);
        world->power_out = false;
        up_world_restart(world);
}

void up_world_restart(struct up_world *world)
{
        write_kind(world, UP_ENTRY_RESTART);
        up_hooks_before(UP_HOOK_RESTART, world->mail_bytes);
        world->pipeline->restart(world->self, up_world_pipeline_ms(world));
        up_hooks_after();
        world->look_at_all = true;
}

void up_world_step(struct up_world *world)
{
        while (world->power_out)
                recover(world);
        if (world->look_at_all || !names_changes(world))
                look_at_all(world);
        else
                look_at_changed(world);
        if (world->unreported != 0 && up_views_has(&world->views, world->unreported))
                world->unreported = 0;

        ask_next_run(world);
        struct up_entry entry = {
                .kind = UP_ENTRY_STEP,
                .as.step = {
                        .digest = digest_now(world),
                        .next_ms = world->next_run_ms,
                        .outstanding = world->answers,
                },
        };
        world->steps++;
        up_world_write(world, &entry);
        check_end(world, entry.as.step.digest);
}

/* --- calls ------------------------------------------------------------------------------------ */

/* The entry stands before what the pipeline does in the call; the receipt is put in afterwards. */
static void write_receipt(
    struct up_world *world, guint place, enum up_receipt receipt, up_id message)
{
        struct up_entry *entry = &g_array_index(world->ledger->entries, struct up_entry, place);

        entry->as.submit.receipt = receipt;
        entry->message = message;
}

static guint write_submission(struct up_world *world, const struct up_submission *submission)
{
        struct up_entry entry = {
                .kind = UP_ENTRY_SUBMIT,
                .number = submission->number,
                .bytes = submission->bytes,
                .as.submit = {
                        .origin = submission->origin,
                        .receipt = UP_RECEIPT_DEFERRED,
                        .from = submission->from,
                        .to = submission->to,
                        .notify = submission->notify,
                        .copy = submission->copy,
                        .hops = submission->hops,
                        .bound_ms = world->now_ms + up_policy_bound_ms(&world->policy),
                        .policy = &world->policy,
                },
        };

        return up_world_write(world, &entry);
}

/* For the hooks: a recipient counts for more than its characters, because it is kept by itself. */
static uint64_t envelope_bytes(const struct up_submission *submission)
{
        uint64_t bytes = strlen(submission->from);

        for (const char *const *to = submission->to; *to != NULL; to++)
                bytes += strlen(*to) + RECIPIENT_BYTES;
        return bytes;
}

void up_world_submit(struct up_world *world, const struct up_submission *submission)
{
        const struct up_mail mail = {
                .origin = submission->origin,
                .from = submission->from,
                .to = submission->to,
                .notify = submission->notify,
                .bytes = submission->bytes,
        };
        guint place = write_submission(world, submission);
        up_id message = 0;

        world->bytes += g_bytes_get_size(submission->bytes);
        world->mail_bytes += g_bytes_get_size(submission->bytes) + envelope_bytes(submission);

        world->submitting = submission;
        world->submitting_id = 0;
        up_hooks_before(UP_HOOK_SUBMIT, world->mail_bytes);
        enum up_receipt receipt =
            world->pipeline->submit(world->self, &mail, up_world_pipeline_ms(world), &message);
        up_hooks_after();
        world->submitting = NULL;

        bool accepted = receipt == UP_RECEIPT_ACCEPTED && !world->power_out;
        world->interrupted = world->power_out ? submission : NULL;
        write_receipt(
            world, place, world->power_out ? UP_RECEIPT_DEFERRED : receipt, accepted ? message : 0);
        if (accepted) {
                remember(world, message, submission);
                world->unreported = message;
                if (!submission->copy)
                        world->accepted[submission->number] = message;
        }
        up_world_step(world);
        world->interrupted = NULL;
}

static void answer_scan(struct up_world *world, const struct up_arrival *arrival)
{
        g_autofree char *why = arrival->starved_at == 0
                                   ? NULL
                                   : g_strdup_printf("OpenSSL got no memory for its allocation "
                                                     "%" G_GUINT64_FORMAT,
                                         arrival->starved_at);
        const struct up_entry *asked = up_ledger_at(world->ledger, arrival->asked);
        up_request request = asked->request;
        struct up_entry entry = {
                .kind = UP_ENTRY_SCANNED,
                .number = asked->number,
                .message = asked->message,
                .request = request,
                .text = why,
                .as.scan = { .level = asked->as.scan.level, .answer = arrival->scan },
        };

        world->answers--;
        up_world_write(world, &entry);
        up_hooks_before(UP_HOOK_SCANNED, world->mail_bytes);
        world->pipeline->scanned(world->self, request, &arrival->scan, up_world_pipeline_ms(world));
        up_hooks_after();
        up_world_step(world);
}

/* A delivered message comes back by SMTP, for the recipients to which it was delivered. */
static void schedule_copy(
    struct up_world *world, guint asked_at, const struct up_send_answer *answer)
{
        const struct up_entry *asked = up_ledger_at(world->ledger, asked_at);
        struct up_submission submission = up_world_find_submission(world, asked->message);
        g_autofree const char **to = g_new0(const char *, asked->as.send.count + 1);
        unsigned count = 0;

        for (unsigned i = 0; i < answer->recipients; i++)
                if (up_send_outcome(answer, i) == UP_OUTCOME_DELIVERED)
                        to[count++] = asked->as.send.to[i];
        if (count == 0 || submission.hops >= UP_WORLD_HOPS)
                return;

        struct up_arrival *arrival = g_new0(struct up_arrival, 1);
        submission.hops++;
        submission.copy = true;
        submission.origin = UP_ORIGIN_SMTP;
        submission.from = asked->as.send.from;
        submission.to = to;
        submission.bytes = asked->bytes;
        arrival->kind = UP_ARRIVAL_COPY;
        arrival->asked = asked_at;
        arrival->submission = submission;
        arrival->to = g_steal_pointer(&to);
        up_world_expect(world, arrival, UP_WORLD_LOOP_MS);
}

static void answer_send(struct up_world *world, const struct up_arrival *arrival)
{
        const struct up_entry *asked = up_ledger_at(world->ledger, arrival->asked);
        up_request request = asked->request;
        struct up_entry entry = {
                .kind = UP_ENTRY_SENT,
                .number = asked->number,
                .message = asked->message,
                .request = request,
                .as.send = asked->as.send,
        };

        entry.as.send.mail = arrival->send.mail;
        entry.as.send.rcpt = arrival->send.rcpt;
        entry.as.send.data = arrival->send.data;
        entry.as.send.dot = arrival->send.dot;
        world->answers--;
        up_world_write(world, &entry);
        if (world->loop)
                schedule_copy(world, arrival->asked, &arrival->send);
        up_hooks_before(UP_HOOK_SENT, world->mail_bytes);
        world->pipeline->sent(world->self, request, &arrival->send, up_world_pipeline_ms(world));
        up_hooks_after();
        up_world_step(world);
}

static void run_pipeline(struct up_world *world)
{
        world->runs_in_a_row++;
        write_kind(world, UP_ENTRY_RUN);
        up_hooks_before(UP_HOOK_RUN, world->mail_bytes);
        world->pipeline->run(world->self, up_world_pipeline_ms(world));
        up_hooks_after();
        up_world_step(world);
}

/* --- time ------------------------------------------------------------------------------------- */

static void arrival_free(void *data)
{
        struct up_arrival *arrival = data;

        g_free(arrival->rcpt);
        g_free(arrival->to);
        g_free(arrival);
}

static void free_each(void *data, void *unused)
{
        (void)unused;
        arrival_free(data);
}

/* NULL when nothing will come. */
static const struct up_arrival *first_arrival(const struct up_world *world)
{
        GSequenceIter *first = g_sequence_get_begin_iter(world->arrivals);

        return g_sequence_iter_is_end(first) ? NULL : g_sequence_get(first);
}

/* What has arrived is no longer to come, so it is taken out first. */
static void take_first_arrival(struct up_world *world)
{
        GSequenceIter *first = g_sequence_get_begin_iter(world->arrivals);
        struct up_arrival *arrival = g_sequence_get(first);

        g_sequence_remove(first);
        world->runs_in_a_row = 0;
        if (arrival->kind == UP_ARRIVAL_SCANNED)
                answer_scan(world, arrival);
        else if (arrival->kind == UP_ARRIVAL_SENT)
                answer_send(world, arrival);
        else
                up_world_submit(world, &arrival->submission);
        arrival_free(arrival);
}

/* Of what is long due, it is due now. */
static int64_t next_due_ms(const struct up_world *world)
{
        const struct up_arrival *arrival = first_arrival(world);
        int64_t next_ms = world->next_run_ms;

        if (arrival != NULL)
                next_ms = MIN(next_ms, arrival->due_ms);
        return MAX(next_ms, world->now_ms);
}

static void move_to(struct up_world *world, int64_t at_ms)
{
        if (at_ms > world->now_ms)
                world->runs_in_a_row = 0;
        world->now_ms = at_ms;
}

static void do_next(struct up_world *world)
{
        const struct up_arrival *arrival = first_arrival(world);

        move_to(world, next_due_ms(world));
        if (arrival == NULL || arrival->due_ms > world->now_ms)
                run_pipeline(world);
        else
                take_first_arrival(world);
}

void up_world_pass(struct up_world *world, int64_t until_ms)
{
        while (!world->ended && next_due_ms(world) <= until_ms)
                do_next(world);
        if (!world->ended)
                move_to(world, until_ms);
}

void up_world_heal(struct up_world *world)
{
        up_scanner_heal(&world->scanner);
        up_next_hop_heal(&world->hop);
        world->loop = false;
        g_array_set_size(world->crashes, 0);
}

/* --- the whole -------------------------------------------------------------------------------- */

/* After the script: until it is over. */
static void run_until_end(struct up_world *world)
{
        while (!world->ended) {
                bool waits = has_pending(world);
                int64_t next_ms = next_due_ms(world);
                int64_t deadline_ms = world->last_bound_ms + world->policy.backoff_max_ms;

                if (next_ms == UP_NEVER_MS) {
                        end(world, waits ? UP_ENDING_IDLE : UP_ENDING_SETTLED);
                } else if (next_ms <= deadline_ms ||
                           (!waits && !g_sequence_is_empty(world->arrivals))) {
                        do_next(world);
                } else {
                        if (waits)
                                move_to(world, MAX(world->now_ms, deadline_ms + 1));
                        end(world, waits ? UP_ENDING_BOUND : UP_ENDING_SETTLED);
                }
        }
}

static void world_init(struct up_world *world, const struct up_case *c,
    const struct up_pipeline *pipeline, struct up_readings *readings)
{
        *world = (struct up_world){
                .c = c,
                .pipeline = pipeline,
                .ports = up_world_ports,
                .policy = c->policy,
                .arrivals = g_sequence_new(NULL),
                .submissions = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free),
                .crashes = g_array_new(FALSE, FALSE, sizeof(unsigned)),
        };
        world->ports.world = world;
        up_scanner_init(&world->scanner, readings);
        up_next_hop_heal(&world->hop);
        up_views_init(&world->views);
        up_cycle_detector_init(&world->cycle_detector);
}

static void world_clear(struct up_world *world)
{
        g_sequence_foreach(world->arrivals, free_each, NULL);
        g_sequence_free(world->arrivals);
        g_hash_table_unref(world->submissions);
        g_array_unref(world->crashes);
        up_views_clear(&world->views);
        up_cycle_detector_clear(&world->cycle_detector);
}

static void run_case(struct up_world *world, enum up_mode mode)
{
        up_world_run_script(world, mode);
        if (!world->ended) {
                write_kind(world, UP_ENTRY_SCRIPT_END);
                world->script_ended = true;
                if (mode == UP_MODE_HEALED)
                        up_world_heal(world);
                run_until_end(world);
        }

        if (names_changes(world))
                look_at_all(world);

        struct up_entry entry = { .kind = UP_ENTRY_END, .as.ending = world->ending };
        up_world_write(world, &entry);
}

struct up_ledger *up_world_run(
    const struct up_case *c, const struct up_pipeline *pipeline, enum up_mode mode)
{
        g_autoptr(up_readings) readings = up_readings_new();

        return up_world_run_sharing(c, pipeline, mode, readings);
}

struct up_ledger *up_world_run_sharing(const struct up_case *c, const struct up_pipeline *pipeline,
    enum up_mode mode, struct up_readings *readings)
{
        struct up_world world;

        world_init(&world, c, pipeline, readings);
        world.ledger = up_ledger_new(pipeline, mode == UP_MODE_HEALED);
        world.ledger->healthy = up_world_stays_healthy(c, mode);
        up_hooks_before(UP_HOOK_OPEN, 0);
        world.self = pipeline->open(pipeline, &world.policy, &world.ports);
        up_hooks_after();
        ask_next_run(&world);
        run_case(&world, mode);
        up_hooks_before(UP_HOOK_CLOSE, world.mail_bytes);
        pipeline->close(world.self);
        up_hooks_after();
        world_clear(&world);
        return world.ledger;
}
