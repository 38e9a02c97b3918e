/*
 * script - what each verb does
 *
 * The reader of the case has checked the words, so they are taken as they are. Before an event all
 * that is due already is done: events at one instant come to a pipeline that is up to date.
 */
#include "world/hooks.h"
#include "world/world_private.h"

#include <string.h>

#include "world/bystander.h"

static unsigned number_of(const char *word)
{
        return (unsigned)g_ascii_strtoull(word, NULL, 10);
}

static int64_t time_of(const char *word)
{
        int64_t time_ms = 0;

        if (!up_policy_parse_time(word, &time_ms))
                g_assert_not_reached();
        return time_ms;
}

static bool is(const char *word, const char *expected)
{
        return strcmp(word, expected) == 0;
}

/* --- mail ------------------------------------------------------------------------------------- */

static void submit_bytes(
    struct up_world *world, const char *number, const char *origin, GBytes *bytes)
{
        const struct up_envelope *envelope = &world->c->envelope;
        g_autofree const char **to = g_new0(const char *, envelope->to->len + 1);
        struct up_submission submission = {
                .number = number_of(number),
                .notify = !envelope->notify_never,
                .origin = is(origin, "local") ? UP_ORIGIN_LOCAL : UP_ORIGIN_SMTP,
                .from = envelope->from,
                .to = to,
                .bytes = bytes,
        };

        for (guint i = 0; i < envelope->to->len; i++)
                to[i] = envelope->to->pdata[i];
        up_world_submit(world, &submission);
}

static void submit(struct up_world *world, char *const *words, const char *line)
{
        (void)line;
        submit_bytes(world, words[0], words[1], world->c->message);
}

static void bystander(struct up_world *world, char *const *words, const char *line)
{
        (void)line;
        g_autoptr(GBytes) bytes = up_bystander(words[1]);
        submit_bytes(world, words[0], words[2], bytes);
}

/* --- scanner and next hop --------------------------------------------------------------------- */

static void scan(struct up_world *world, char *const *words, const char *line)
{
        (void)line;
        up_scanner_set(&world->scanner, number_of(words[0]), words[1]);
}

static void allocation(struct up_world *world, char *const *words, const char *line)
{
        (void)line;
        up_scanner_starve(&world->scanner, number_of(words[0]));
}

static void hop(struct up_world *world, char *const *words, const char *line)
{
        (void)line;
        up_next_hop_set(&world->hop, number_of(words[0]), words[1], words[2]);
}

static void rcpt(struct up_world *world, char *const *words, const char *line)
{
        (void)line;
        up_next_hop_set_recipient(&world->hop, number_of(words[0]) - 1, words[1]);
}

static void offers(struct up_world *world, char *const *words, const char *line)
{
        (void)line;
        up_next_hop_offer(&world->hop, words[0], is(words[1], "on"));
}

static void loop(struct up_world *world, char *const *words, const char *line)
{
        (void)line;
        world->loop = is(words[0], "on");
}

/* --- time and power --------------------------------------------------------------------------- */

static void wait_for(struct up_world *world, char *const *words, const char *line)
{
        (void)line;
        up_world_pass(world, world->now_ms + time_of(words[0]));
}

static void jump_clock(struct up_world *world, char *const *words, const char *line)
{
        (void)line;
        int64_t by_s = time_of(words[1]) / 1000;
        struct up_entry entry = {
                .kind = UP_ENTRY_CLOCK,
                .as.jump_s = is(words[0], "forward") ? by_s : -by_s,
        };

        world->jump_s += entry.as.jump_s;
        up_world_write(world, &entry);
}

/* Sorted by operation; two at one operation are one. */
static void crash(struct up_world *world, char *const *words, const char *line)
{
        (void)line;
        unsigned operation = world->operations + number_of(words[0]);
        guint place = 0;

        if ((world->pipeline->capabilities & UP_CAN_CRASH) == 0)
                return;
        while (place < world->crashes->len &&
               g_array_index(world->crashes, unsigned, place) < operation)
                place++;
        if (place == world->crashes->len ||
            g_array_index(world->crashes, unsigned, place) != operation)
                g_array_insert_val(world->crashes, place, operation);
}

static void restart(struct up_world *world, char *const *words, const char *line)
{
        (void)words;
        (void)line;
        if ((world->pipeline->capabilities & UP_CAN_CRASH) == 0)
                return;
        up_world_restart(world);
        up_world_step(world);
}

/* --- the administrator ------------------------------------------------------------------------ */

static void command(
    struct up_world *world, enum up_command command_id, const char *word, const char *line)
{
        unsigned number = number_of(word);
        struct up_entry entry = {
                .kind = UP_ENTRY_COMMAND,
                .number = number,
                .message = world->accepted[number],
                .text = line,
                .as.command.command = command_id,
        };

        if (entry.message == 0 || (world->pipeline->capabilities & UP_CAN_COMMANDS) == 0)
                return;
        /* While it was held the promise rested: it counts anew. */
        if (command_id == UP_COMMAND_RELEASE)
                world->last_bound_ms =
                    MAX(world->last_bound_ms, world->now_ms + up_policy_bound_ms(&world->policy));
        up_world_write(world, &entry);
        up_hooks_before(UP_HOOK_COMMAND, world->mail_bytes);
        world->pipeline->command(
            world->self, command_id, entry.message, up_world_pipeline_ms(world));
        up_hooks_after();
        up_world_step(world);
}

static void hold(struct up_world *world, char *const *words, const char *line)
{
        command(world, UP_COMMAND_HOLD, words[0], line);
}

static void release(struct up_world *world, char *const *words, const char *line)
{
        command(world, UP_COMMAND_RELEASE, words[0], line);
}

static void delete (struct up_world *world, char *const *words, const char *line)
{
        command(world, UP_COMMAND_DELETE, words[0], line);
}

static void reload(struct up_world *world, int64_t *setting, const char *word, const char *line)
{
        struct up_entry entry = { .kind = UP_ENTRY_COMMAND, .text = line };

        if ((world->pipeline->capabilities & UP_CAN_COMMANDS) == 0)
                return;
        *setting = is(word, "on");
        up_world_write(world, &entry);
        up_hooks_before(UP_HOOK_RELOAD, world->mail_bytes);
        world->pipeline->reload(world->self, &world->policy, up_world_pipeline_ms(world));
        up_hooks_after();
        up_world_step(world);
}

static void transport_scan(struct up_world *world, char *const *words, const char *line)
{
        reload(world, &world->policy.transport_scan, words[0], line);
}

static void store_scan(struct up_world *world, char *const *words, const char *line)
{
        reload(world, &world->policy.store_scan, words[0], line);
}

static void signatures(struct up_world *world, char *const *words, const char *line)
{
        struct up_entry entry = { .kind = UP_ENTRY_COMMAND, .text = line };

        (void)words;
        if ((world->pipeline->capabilities & UP_CAN_COMMANDS) == 0)
                return;
        up_world_write(world, &entry);
        up_hooks_before(UP_HOOK_SIGNATURES, world->mail_bytes);
        world->pipeline->signatures_updated(world->self, up_world_pipeline_ms(world));
        up_hooks_after();
        up_world_step(world);
}

/* --- the whole -------------------------------------------------------------------------------- */

/* @line is the event as it is written. */
typedef void (*act)(struct up_world *world, char *const *words, const char *line);

static const act acts[UP_VERB_COUNT] = {
        [UP_VERB_SUBMIT] = submit,
        [UP_VERB_BYSTANDER] = bystander,
        [UP_VERB_SCAN] = scan,
        [UP_VERB_ALLOCATION] = allocation,
        [UP_VERB_HOP] = hop,
        [UP_VERB_RCPT] = rcpt,
        [UP_VERB_OFFERS] = offers,
        [UP_VERB_LOOP] = loop,
        [UP_VERB_WAIT] = wait_for,
        [UP_VERB_CLOCK] = jump_clock,
        [UP_VERB_CRASH] = crash,
        [UP_VERB_RESTART] = restart,
        [UP_VERB_HOLD] = hold,
        [UP_VERB_RELEASE] = release,
        [UP_VERB_DELETE] = delete,
        [UP_VERB_TRANSPORT_SCAN] = transport_scan,
        [UP_VERB_STORE_SCAN] = store_scan,
        [UP_VERB_SIGNATURES] = signatures,
};

static bool is_skipped(const struct up_event *event, enum up_mode mode)
{
        return (mode == UP_MODE_HEALTHY && event->verb->disturbs) ||
               (mode == UP_MODE_NO_CLOCK_JUMPS && up_event_id(event) == UP_VERB_CLOCK);
}

bool up_world_stays_healthy(const struct up_case *c, enum up_mode mode)
{
        for (guint i = 0; i < c->script->len; i++) {
                const struct up_event *event = c->script->pdata[i];
                if (event->verb->disturbs && !is_skipped(event, mode))
                        return false;
        }
        return true;
}

void up_world_run_script(struct up_world *world, enum up_mode mode)
{
        const GPtrArray *script = world->c->script;

        for (guint i = 0; i < script->len && !world->ended; i++) {
                const struct up_event *event = script->pdata[i];
                if (is_skipped(event, mode))
                        continue;
                up_world_pass(world, world->now_ms);
                if (world->ended)
                        break;

                g_autofree char *line = up_event_line(event);
                struct up_entry entry = { .kind = UP_ENTRY_EVENT, .text = line };
                world->runs_in_a_row = 0;
                up_world_write(world, &entry);
                acts[up_event_id(event)](world, event->words, line);
        }
        up_world_pass(world, world->now_ms);
}
