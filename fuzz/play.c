/*
 * play - five records of one case, and what is to be said of them
 *
 * A finding names entries of one record, and does not say of which: it is of the healed one if the
 * oracles do not find it without that. They are asked again for a story alone.
 */
#include "fuzz/play.h"

#include <string.h>

#include "fuzz/feedback.h"
#include "oracle/judge.h"
#include "world/world.h"

struct ledgers {
        struct up_ledger *as_it_was, *again, *healed, *healthy, *steady;
};

static bool clock_jumps(const struct up_case *c)
{
        for (guint i = 0; i < c->script->len; i++) {
                const struct up_event *event = g_ptr_array_index(c->script, i);
                if (up_event_id(event) == UP_VERB_CLOCK)
                        return true;
        }
        return false;
}

static struct ledgers run(const struct up_case *c, const struct up_pipeline *pipeline)
{
        return (struct ledgers){
                .as_it_was = up_world_run(c, pipeline, UP_MODE_AS_IT_WAS),
                .again = up_world_run(c, pipeline, UP_MODE_AS_IT_WAS),
                .healed = up_world_run(c, pipeline, UP_MODE_HEALED),
                .healthy = up_world_run(c, pipeline, UP_MODE_HEALTHY),
                .steady = clock_jumps(c) ? up_world_run(c, pipeline, UP_MODE_STEADY) : NULL,
        };
}

static void ledgers_clear(struct ledgers *ledgers)
{
        up_ledger_free(ledgers->as_it_was);
        up_ledger_free(ledgers->again);
        up_ledger_free(ledgers->healed);
        up_ledger_free(ledgers->healthy);
        if (ledgers->steady != NULL)
                up_ledger_free(ledgers->steady);
}

/* --- the story -------------------------------------------------------------------------------- */

static void mark_free(void *data)
{
        struct up_story_mark *mark = data;

        g_free((char *)mark->text);
        g_free(mark);
}

static void add_mark(GPtrArray *marks, const struct up_ledger *ledger, guint entry, char *text)
{
        struct up_story_mark *mark = g_new(struct up_story_mark, 1);

        *mark = (struct up_story_mark){ MIN(entry, ledger->entries->len), text };
        g_ptr_array_add(marks, mark);
}

static gint by_entry(gconstpointer a, gconstpointer b)
{
        guint left = (*(const struct up_story_mark *const *)a)->entry;
        guint right = (*(const struct up_story_mark *const *)b)->entry;

        return (left > right) - (left < right);
}

static void mark_finding(
    GPtrArray *marks, const struct up_ledger *ledger, const struct up_finding *finding)
{
        if (finding->critical_at != G_MAXUINT)
                add_mark(marks, ledger, finding->critical_at + 1,
                    g_strdup("critical step: the last point from which it could still have ended "
                             "well"));
        if (finding->shown_at != G_MAXUINT)
                add_mark(marks, ledger, finding->shown_at,
                    g_strdup_printf(
                        "%s: %s", up_class_rows[finding->class].name, finding->signature));
}

/* The caller owns the result. */
static char *story_of(const struct up_ledger *ledger, const GPtrArray *findings, unsigned columns)
{
        g_autoptr(GPtrArray) marks = g_ptr_array_new_with_free_func(mark_free);
        g_autofree struct up_story_mark *plain = NULL;

        for (guint i = 0; i < findings->len; i++)
                mark_finding(marks, ledger, g_ptr_array_index(findings, i));
        g_ptr_array_sort(marks, by_entry);
        plain = g_new(struct up_story_mark, marks->len + 1);
        for (guint i = 0; i < marks->len; i++)
                plain[i] = *(const struct up_story_mark *)g_ptr_array_index(marks, i);
        return up_ledger_story(ledger, columns, plain, marks->len);
}

static bool holds(const GPtrArray *findings, const struct up_finding *wanted)
{
        for (guint i = 0; i < findings->len; i++) {
                const struct up_finding *finding = g_ptr_array_index(findings, i);
                if (finding->class == wanted->class &&
                    strcmp(finding->signature, wanted->signature) == 0)
                        return true;
        }
        return false;
}

static char *tell(const struct up_runs *runs, GPtrArray *findings, unsigned columns)
{
        g_autoptr(GPtrArray) unhealed =
            g_ptr_array_new_with_free_func((GDestroyNotify)up_finding_free);
        g_autoptr(GPtrArray) plain = g_ptr_array_new();
        g_autoptr(GPtrArray) healed = g_ptr_array_new();
        uint64_t judged[UP_ORACLES] = { 0 };
        struct up_runs without = *runs;

        without.healed = NULL;
        up_judge(&without, &(struct up_judgement){ unhealed, judged });
        for (guint i = 0; i < findings->len; i++) {
                struct up_finding *finding = g_ptr_array_index(findings, i);
                g_ptr_array_add(holds(unhealed, finding) ? plain : healed, finding);
        }
        char *story = story_of(runs->as_it_was, plain, columns);
        if (healed->len == 0)
                return story;
        g_autofree char *first = story;
        g_autofree char *second = story_of(runs->healed, healed, columns);
        return g_strdup_printf("as it was:\n%s\nhealed after the script:\n%s", first, second);
}

/* --- the whole ------------------------------------------------------------------------------- */

void up_play(
    const struct up_case *c, const struct up_pipeline *pipeline, struct up_examination *examination)
{
        struct ledgers ledgers = run(c, pipeline);
        const struct up_runs runs = {
                .as_it_was = ledgers.as_it_was,
                .again = ledgers.again,
                .healed = ledgers.healed,
                .healthy = ledgers.healthy,
                .steady = ledgers.steady,
        };

        up_judge(&runs, &(struct up_judgement){ examination->findings, examination->judged });
        up_feedback_ledger(ledgers.as_it_was);
        if (examination->columns > 0)
                examination->story = tell(&runs, examination->findings, examination->columns);
        ledgers_clear(&ledgers);
}
