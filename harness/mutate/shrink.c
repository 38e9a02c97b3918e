/*
 * shrink - the table of passes, and those that are not about the message
 */
#include "mutate/shrink.h"

#include <string.h>

#include "mutate/shrink_mail.h"

/* --- script ----------------------------------------------------------------------------------- */

static size_t count_events(const struct up_case *c)
{
        return c->script->len;
}

/* A script is never empty; without any event it is the standard one. */
static void leave_out_events(const struct up_case *c, size_t from, size_t to, GPtrArray *candidates)
{
        struct up_case *less = up_case_copy(c);

        if (to - from == c->script->len) {
                g_autoptr(up_case) standard = up_case_new();
                GPtrArray *script = less->script;
                less->script = standard->script;
                standard->script = script;
        } else {
                g_ptr_array_remove_range(less->script, (guint)from, (guint)(to - from));
        }
        g_ptr_array_add(candidates, less);
}

/* --- envelope --------------------------------------------------------------------------------- */

static size_t count_recipients(const struct up_case *c)
{
        return c->envelope.to->len;
}

/* Without any it is the standard one. */
static void leave_out_recipients(
    const struct up_case *c, size_t from, size_t to, GPtrArray *candidates)
{
        struct up_case *less = up_case_copy(c);

        if (to - from == c->envelope.to->len) {
                g_autoptr(up_case) standard = up_case_new();
                GPtrArray *recipients = less->envelope.to;
                less->envelope.to = standard->envelope.to;
                standard->envelope.to = recipients;
        } else {
                g_ptr_array_remove_range(less->envelope.to, (guint)from, (guint)(to - from));
        }
        g_ptr_array_add(candidates, less);
}

/* --- policy ----------------------------------------------------------------------------------- */

static size_t count_settings(const struct up_case *c)
{
        size_t count = 0;

        for (size_t i = 0; i < UP_POLICY_SETTINGS; i++) {
                const struct up_policy_row setting = up_policy_setting(i);
                count += up_policy_is_standard(&c->policy, &setting) ? 0 : 1;
        }
        return count;
}

static void make_standard(struct up_policy *policy, const struct up_policy_row *setting)
{
        struct up_policy standard;
        g_autofree char *text = NULL;

        up_policy_init(&standard);
        text = up_policy_get(&standard, setting);
        if (!up_policy_set(policy, setting, text, NULL))
                g_assert_not_reached();
}

static void leave_out_settings(
    const struct up_case *c, size_t from, size_t to, GPtrArray *candidates)
{
        struct up_case *less = up_case_copy(c);
        size_t at = 0;

        for (size_t i = 0; i < UP_POLICY_SETTINGS; i++) {
                const struct up_policy_row setting = up_policy_setting(i);
                if (up_policy_is_standard(&c->policy, &setting))
                        continue;
                if (at >= from && at < to)
                        make_standard(&less->policy, &setting);
                at++;
        }
        g_ptr_array_add(candidates, less);
}

/* --- head ------------------------------------------------------------------------------------- */

static void take_text(char **text, bool *present, bool drop)
{
        *present = *text != NULL;
        if (drop)
                g_clear_pointer(text, g_free);
}

static void take_title(struct up_case *c, bool *present, bool drop)
{
        take_text(&c->title, present, drop);
}

static void take_reference(struct up_case *c, bool *present, bool drop)
{
        take_text(&c->reference, present, drop);
}

static void take_mutation(struct up_case *c, bool *present, bool drop)
{
        take_text(&c->mutation, present, drop);
}

static void take_time(struct up_case *c, bool *present, bool drop)
{
        *present = c->time_s != UP_CASE_TIME_S;
        if (drop)
                c->time_s = UP_CASE_TIME_S;
}

static void take_sender(struct up_case *c, bool *present, bool drop)
{
        g_autoptr(up_case) standard = up_case_new();

        *present = strcmp(c->envelope.from, standard->envelope.from) != 0;
        if (drop) {
                g_free(c->envelope.from);
                c->envelope.from = g_strdup(standard->envelope.from);
        }
}

static void take_notify(struct up_case *c, bool *present, bool drop)
{
        *present = c->envelope.notify_never;
        if (drop)
                c->envelope.notify_never = false;
}

/* What else a head may say: is it there, and, if wanted, away with it. */
static void (*const head_things[])(struct up_case *c, bool *present, bool drop) = { take_title,
        take_reference, take_mutation, take_time, take_sender, take_notify };

static size_t walk_head(struct up_case *c, size_t from, size_t to)
{
        size_t at = 0;

        for (size_t i = 0; i < G_N_ELEMENTS(head_things); i++) {
                bool present;
                head_things[i](c, &present, false);
                if (present && at >= from && at < to)
                        head_things[i](c, &present, true);
                at += present ? 1 : 0;
        }
        return at;
}

static size_t count_head(const struct up_case *c)
{
        return walk_head((struct up_case *)c, 0, 0);
}

static void leave_out_head(const struct up_case *c, size_t from, size_t to, GPtrArray *candidates)
{
        struct up_case *less = up_case_copy(c);

        walk_head(less, from, to);
        g_ptr_array_add(candidates, less);
}

/* --- the table -------------------------------------------------------------------------------- */

#define ROW(function, name, single, what)                                                          \
        { name, what, single, up_shrink_count_##function, up_shrink_leave_out_##function },

const struct up_shrink_pass up_shrink_passes[] = { { "events", "events of the script", false,
                                                       count_events, leave_out_events },
        { "recipients", "recipients of the envelope", false, count_recipients,
            leave_out_recipients },
        { "policy", "settings that are not the standard", false, count_settings,
            leave_out_settings },
        { "head", "title, reference, mutation, time, sender, wish for no notice", false, count_head,
            leave_out_head },
        UP_SHRINK_MAIL(ROW) };
const size_t up_shrink_passes_count = G_N_ELEMENTS(up_shrink_passes);

/* --- size ------------------------------------------------------------------------------------- */

struct up_shrink_size up_shrink_measure(const struct up_case *c)
{
        g_autoptr(GBytes) file = up_case_write(c);
        struct up_shrink_size size = {
                .events = c->script->len,
                .recipients = c->envelope.to->len,
                .settings = (unsigned)count_settings(c),
                .bytes = g_bytes_get_size(file),
        };

        up_shrink_count_mail(c, &size.parts, &size.fields);
        return size;
}

static unsigned things(const struct up_shrink_size *size)
{
        return size->events + size->recipients + size->settings + size->parts + size->fields;
}

bool up_shrink_is_smaller(const struct up_shrink_size *one, const struct up_shrink_size *other)
{
        if (things(one) != things(other))
                return things(one) < things(other);
        return one->bytes < other->bytes;
}

GPtrArray *up_shrink_without(const struct up_shrink_pass *pass, const struct up_case *c,
    const struct up_shrink_size *size, size_t from, size_t to)
{
        GPtrArray *candidates = g_ptr_array_new_with_free_func((GDestroyNotify)up_case_free);

        g_assert(from < to && to <= pass->count(c));
        if (pass->single && to - from > 1)
                return candidates;
        pass->leave_out(c, from, to, candidates);
        for (guint i = candidates->len; i-- > 0;) {
                struct up_shrink_size less = up_shrink_measure(g_ptr_array_index(candidates, i));
                if (!up_shrink_is_smaller(&less, size))
                        g_ptr_array_remove_index(candidates, i);
        }
        return candidates;
}
