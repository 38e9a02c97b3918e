/*
 * play - five records of one case, and what is to be said of them
 *
 * The entries that a finding names are those of the record as it was. What shows in the healed one
 * alone names none: for a trace that record is judged once more, by itself.
 */
#include "run/judge_case.h"

#include <string.h>

#include "target/feedback.h"
#include "target/metered.h"
#include "oracle/judge.h"
#include "world/world.h"

struct ledgers {
        struct up_ledger *baseline, *repeat, *healed, *healthy, *no_clock_jumps;
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

/* The scanner reads each message once for all runs, and the first counts what it read. */
static struct ledgers run(
    const struct up_case *c, const struct up_pipeline *pipeline, struct up_observations *observed)
{
        g_autoptr(up_readings) readings = up_readings_new();
        struct ledgers ledgers;

        ledgers.baseline = up_world_run_sharing(c, pipeline, UP_MODE_BASELINE, readings);
        up_readings_count(readings, observed);
        ledgers.repeat = up_world_run_sharing(c, pipeline, UP_MODE_BASELINE, readings);
        ledgers.healed = up_world_run_sharing(c, pipeline, UP_MODE_HEALED, readings);
        ledgers.healthy = up_world_run_sharing(c, pipeline, UP_MODE_HEALTHY, readings);
        ledgers.no_clock_jumps =
            clock_jumps(c) ? up_world_run_sharing(c, pipeline, UP_MODE_NO_CLOCK_JUMPS, readings)
                           : NULL;
        return ledgers;
}

static void ledgers_clear(struct ledgers *ledgers)
{
        up_ledger_free(ledgers->baseline);
        up_ledger_free(ledgers->repeat);
        up_ledger_free(ledgers->healed);
        up_ledger_free(ledgers->healthy);
        if (ledgers->no_clock_jumps != NULL)
                up_ledger_free(ledgers->no_clock_jumps);
}

/* --- the trace -------------------------------------------------------------------------------- */

static void mark_free(void *data)
{
        struct up_trace_mark *mark = data;

        g_free((char *)mark->text);
        g_free(mark);
}

static void add_mark(GPtrArray *marks, const struct up_ledger *ledger, guint entry, char *text)
{
        struct up_trace_mark *mark = g_new(struct up_trace_mark, 1);

        *mark = (struct up_trace_mark){ MIN(entry, ledger->entries->len), text };
        g_ptr_array_add(marks, mark);
}

static gint by_entry(gconstpointer a, gconstpointer b)
{
        guint left = (*(const struct up_trace_mark *const *)a)->entry;
        guint right = (*(const struct up_trace_mark *const *)b)->entry;

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
static char *trace_of(const struct up_ledger *ledger, const GPtrArray *findings, unsigned columns)
{
        g_autoptr(GPtrArray) marks = g_ptr_array_new_with_free_func(mark_free);
        g_autofree struct up_trace_mark *plain = NULL;

        for (guint i = 0; i < findings->len; i++)
                mark_finding(marks, ledger, g_ptr_array_index(findings, i));
        g_ptr_array_sort(marks, by_entry);
        plain = g_new(struct up_trace_mark, marks->len + 1);
        for (guint i = 0; i < marks->len; i++)
                plain[i] = *(const struct up_trace_mark *)g_ptr_array_index(marks, i);
        return up_ledger_trace(ledger, columns, plain, marks->len);
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

static GPtrArray *findings_of(const struct up_runs *runs)
{
        GPtrArray *findings = g_ptr_array_new_with_free_func((GDestroyNotify)up_finding_free);
        uint64_t judged[UP_ORACLES] = { 0 };

        up_judge(runs, &(struct up_judgement){ findings, judged });
        return findings;
}

/* Of @findings those that the record as it was does not show, as the healed one's entries. */
static GPtrArray *healed_findings(const struct up_runs *runs, const GPtrArray *findings)
{
        g_autoptr(GPtrArray) before = findings_of(&(struct up_runs){ .baseline = runs->baseline });
        GPtrArray *healed = findings_of(&(struct up_runs){ .baseline = runs->healed });

        for (guint i = healed->len; i > 0; i--) {
                const struct up_finding *finding = g_ptr_array_index(healed, i - 1);
                if (holds(before, finding) || !holds(findings, finding))
                        g_ptr_array_remove_index(healed, i - 1);
        }
        return healed;
}

static char *tell(const struct up_runs *runs, const GPtrArray *findings, unsigned columns)
{
        g_autofree char *first = trace_of(runs->baseline, findings, columns);
        g_autoptr(GPtrArray) healed = healed_findings(runs, findings);

        if (healed->len == 0)
                return g_steal_pointer(&first);
        g_autofree char *second = trace_of(runs->healed, healed, columns);
        return g_strdup_printf("as it was:\n%s\nhealed after the script:\n%s", first, second);
}

/* --- the whole ------------------------------------------------------------------------------- */

void up_judge_case(
    const struct up_case *c, const struct up_pipeline *pipeline, struct up_examination *examination)
{
        const struct up_pipeline metered = up_metered(pipeline);
        struct ledgers ledgers = run(c, &metered, &examination->observed);
        const struct up_runs runs = {
                .baseline = ledgers.baseline,
                .repeat = ledgers.repeat,
                .healed = ledgers.healed,
                .healthy = ledgers.healthy,
                .no_clock_jumps = ledgers.no_clock_jumps,
        };

        up_judge(&runs, &(struct up_judgement){ examination->findings, examination->judged });
        up_feedback_ledger(ledgers.baseline);
        if (examination->columns > 0)
                examination->trace = tell(&runs, examination->findings, examination->columns);
        ledgers_clear(&ledgers);
}
