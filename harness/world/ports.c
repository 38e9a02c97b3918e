/*
 * ports - the pipeline's calls back into the world
 *
 * During a power failure they have no effect, although requests still get a number: a dead process
 * cannot call.
 */
#include "world/hooks.h"
#include "world/world_private.h"

/* --- the scanner ------------------------------------------------------------------------------ */

static gint by_due(gconstpointer a, gconstpointer b, gpointer data)
{
        const struct up_arrival *first = a, *second = b;

        (void)data;
        if (first->due_ms != second->due_ms)
                return first->due_ms < second->due_ms ? -1 : 1;
        return first->order < second->order ? -1 : first->order > second->order;
}

void up_world_expect(struct up_world *world, struct up_arrival *arrival, int64_t after_ms)
{
        arrival->due_ms = world->now_ms + after_ms;
        arrival->order = ++world->arrival_order;
        if (arrival->kind != UP_ARRIVAL_COPY)
                world->answers++;
        g_sequence_insert_sorted(world->arrivals, arrival, by_due, NULL);
}

/* The message that the answer `other` names: the first other one whose scan is outstanding. */
static up_id other_message(const struct up_world *world, up_id message)
{
        for (GSequenceIter *at = g_sequence_get_begin_iter(world->arrivals);
             !g_sequence_iter_is_end(at); at = g_sequence_iter_next(at)) {
                const struct up_arrival *arrival = g_sequence_get(at);
                const struct up_entry *asked = up_ledger_at(world->ledger, arrival->asked);
                if (arrival->kind == UP_ARRIVAL_SCANNED && asked->message != message)
                        return asked->message;
        }
        return message + 1;
}

static up_request scan(void *data, up_id message, enum up_level level, GBytes *bytes)
{
        struct up_world *world = data;
        up_request request = ++world->last_request;

        if (world->power_out)
                return request;

        struct up_entry entry = {
                .kind = UP_ENTRY_SCAN,
                .number = up_world_find_submission(world, message).number,
                .message = message,
                .request = request,
                .bytes = bytes,
                .as.scan.level = level,
        };
        guint asked = up_world_write(world, &entry);
        struct up_scanner_plan plan =
            up_scanner_ask(&world->scanner, entry.number, bytes, world->policy.scan_timeout_ms);
        const struct up_scan_answer answer = {
                .message = plan.other ? other_message(world, message) : message,
                .verdict = plan.verdict,
                .code = plan.code,
                .reason = plan.reason,
        };
        for (unsigned i = 0; i < plan.answers; i++) {
                struct up_arrival *arrival = g_new0(struct up_arrival, 1);
                arrival->kind = UP_ARRIVAL_SCANNED;
                arrival->asked = asked;
                arrival->scan = answer;
                arrival->starved_at = plan.starved_at;
                up_world_expect(world, arrival, plan.after_ms[i]);
        }
        return request;
}

/* --- the next hop ----------------------------------------------------------------------------- */

static up_request send(void *data, const struct up_transaction *transaction)
{
        struct up_world *world = data;
        up_request request = ++world->last_request;

        if (world->power_out)
                return request;

        struct up_entry entry = {
                .kind = UP_ENTRY_SEND,
                .number = up_world_find_submission(world, transaction->message).number,
                .message = transaction->message,
                .request = request,
                .bytes = transaction->bytes,
                .as.send = {
                        .from = transaction->from,
                        .to = transaction->to,
                        .recipients = transaction->recipients,
                        .count = g_strv_length((char **)transaction->to),
                        .gated = transaction->gated,
                },
        };
        struct up_send_answer answer;
        g_autofree enum up_reply *rcpt = g_new0(enum up_reply, entry.as.send.count + 1);
        guint asked = up_world_write(world, &entry);
        if (!up_next_hop_ask(&world->hop, entry.number, transaction, &answer, rcpt))
                return request;

        struct up_arrival *arrival = g_new0(struct up_arrival, 1);
        arrival->kind = UP_ARRIVAL_SENT;
        arrival->asked = asked;
        arrival->send = answer;
        arrival->rcpt = g_steal_pointer(&rcpt);
        up_world_expect(world, arrival, UP_WORLD_SEND_MS);
        return request;
}

static void make_readable(void *data, up_id message)
{
        struct up_world *world = data;
        struct up_entry entry = {
                .kind = UP_ENTRY_OPEN,
                .number = up_world_find_submission(world, message).number,
                .message = message,
        };

        if (!world->power_out)
                up_world_write(world, &entry);
}

static unsigned hop_capabilities(void *data)
{
        const struct up_world *world = data;

        return world->hop.offers;
}

/* --- the machine it runs on ------------------------------------------------------------------- */

static void write_log(void *data, const struct up_log_entry *log)
{
        struct up_world *world = data;
        struct up_entry entry = {
                .kind = UP_ENTRY_LOG,
                .number = up_world_find_submission(world, log->message).number,
                .message = log->message,
                .text = log->text,
                .as.log = *log,
        };

        if (!world->power_out)
                up_world_write(world, &entry);
}

static int64_t wall_s(void *data)
{
        const struct up_world *world = data;

        return world->c->time_s + world->now_ms / 1000 + world->jump_s;
}

static bool has_power(void *data)
{
        struct up_world *world = data;

        if (world->power_out)
                return false;
        world->operations++;
        if (world->crashes->len > 0 &&
            g_array_index(world->crashes, unsigned, 0) == world->operations) {
                g_array_remove_index(world->crashes, 0);
                world->power_out = true;
        }
        return !world->power_out;
}

/* --- each port, with the hooks around it ------------------------------------------------------ */

static up_request hooked_scan(void *world, up_id message, enum up_level level, GBytes *bytes)
{
        up_hooks_before(UP_HOOK_SCAN, g_bytes_get_size(bytes));
        up_request request = scan(world, message, level, bytes);
        up_hooks_after();
        return request;
}

static up_request hooked_send(void *world, const struct up_transaction *transaction)
{
        up_hooks_before(UP_HOOK_WORLD, 0);
        up_request request = send(world, transaction);
        up_hooks_after();
        return request;
}

static void hooked_make_readable(void *world, up_id message)
{
        up_hooks_before(UP_HOOK_WORLD, 0);
        make_readable(world, message);
        up_hooks_after();
}

static void hooked_log(void *world, const struct up_log_entry *log)
{
        up_hooks_before(UP_HOOK_WORLD, 0);
        write_log(world, log);
        up_hooks_after();
}

/* The rest takes a few instructions, which may count as the pipeline's. */
const struct up_ports up_world_ports = {
        .scan = hooked_scan,
        .send = hooked_send,
        .make_readable = hooked_make_readable,
        .log = hooked_log,
        .wall_s = wall_s,
        .hop_capabilities = hop_capabilities,
        .has_power = has_power,
};
