#include "run/judge_case.h"

#include <string.h>

#include "ledger/trace.h"
#include "world/world.h"

static bool clock_jumps(const struct up_case *c)
{
        for (guint i = 0; i < c->script->len; i++) {
                const struct up_event *event = g_ptr_array_index(c->script, i);
                if (up_event_id(event) == UP_VERB_CLOCK)
                        return true;
        }
        return false;
}

static struct up_ledger_index *run_mode(const struct up_case *c, const struct up_pipeline *pipeline,
    enum up_mode mode, struct up_readings *readings)
{
        return up_ledger_index_new(up_world_run_sharing(c, pipeline, mode, readings));
}

/* The scanner reads each message once for all runs; the first run counts what was read. */
static struct up_runs run_modes(
    const struct up_case *c, const struct up_pipeline *pipeline, struct up_observations *observed)
{
        g_autoptr(up_readings) readings = up_readings_new();
        struct up_runs runs = { 0 };

        runs.baseline = run_mode(c, pipeline, UP_MODE_BASELINE, readings);
        up_readings_count(readings, observed);
        if (observed->depth == UP_DEPTH_EXPLORE)
                return runs;
        if (observed->depth == UP_DEPTH_JUDGE)
                runs.repeat = up_world_run_sharing(c, pipeline, UP_MODE_BASELINE, readings);
        runs.with_healing = run_mode(c, pipeline, UP_MODE_HEALED, readings);
        runs.healthy = run_mode(c, pipeline, UP_MODE_HEALTHY, readings);
        if (clock_jumps(c))
                runs.no_clock_jumps = run_mode(c, pipeline, UP_MODE_NO_CLOCK_JUMPS, readings);
        return runs;
}

void up_case_result_init(struct up_case_result *result, const struct up_case *c)
{
        *result = (struct up_case_result){
                .findings = g_ptr_array_new_with_free_func((GDestroyNotify)up_finding_free),
        };
        up_observations_init(&result->observed, &c->policy.limits, c->time_s);
}

static void runs_clear(struct up_runs *runs)
{
        const struct up_ledger_index *indexes[] = { runs->baseline, runs->with_healing,
                runs->healthy, runs->no_clock_jumps };

        for (size_t i = 0; i < G_N_ELEMENTS(indexes); i++) {
                if (indexes[i] == NULL)
                        continue;
                up_ledger_free((struct up_ledger *)indexes[i]->ledger);
                up_ledger_index_free((struct up_ledger_index *)indexes[i]);
        }
        up_ledger_free((struct up_ledger *)runs->repeat);
        *runs = (struct up_runs){ 0 };
}

void up_case_result_clear(struct up_case_result *result)
{
        up_observations_clear(&result->observed);
        g_ptr_array_unref(result->findings);
        runs_clear(&result->runs);
        g_free(result->trace);
}

void up_judge_case(
    const struct up_case *c, const struct up_pipeline *pipeline, struct up_case_result *result)
{
        result->runs = run_modes(c, pipeline, &result->observed);
        up_judge(&result->runs, &(struct up_judgement){ result->findings, result->judged });
        if (result->observed.depth != UP_DEPTH_EXPLORE)
                result->outage = up_outage_of(result->runs.baseline);
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

static gint compare_entries(gconstpointer a, gconstpointer b)
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

static char *trace_ledger(
    const struct up_ledger_index *index, const GPtrArray *findings, unsigned columns)
{
        g_autoptr(GPtrArray) marks = g_ptr_array_new_with_free_func(mark_free);
        g_autofree struct up_trace_mark *sorted = NULL;

        for (guint i = 0; i < findings->len; i++)
                mark_finding(marks, index->ledger, g_ptr_array_index(findings, i));
        g_ptr_array_sort(marks, compare_entries);
        sorted = g_new(struct up_trace_mark, marks->len + 1);
        for (guint i = 0; i < marks->len; i++)
                sorted[i] = *(const struct up_trace_mark *)g_ptr_array_index(marks, i);
        return up_ledger_trace(index, columns, sorted, marks->len);
}

static bool contains(const GPtrArray *findings, const struct up_finding *wanted)
{
        for (guint i = 0; i < findings->len; i++) {
                const struct up_finding *finding = g_ptr_array_index(findings, i);
                if (finding->class == wanted->class &&
                    strcmp(finding->signature, wanted->signature) == 0)
                        return true;
        }
        return false;
}

static GPtrArray *judge_alone(const struct up_ledger_index *index)
{
        GPtrArray *findings = g_ptr_array_new_with_free_func((GDestroyNotify)up_finding_free);
        uint64_t judged[UP_ORACLE_COUNT] = { 0 };

        up_judge(
            &(struct up_runs){ .baseline = index }, &(struct up_judgement){ findings, judged });
        return findings;
}

/*
 * Findings name entries of the run without healing. Those that only the run with healing shows name
 * none, so that run is judged again by itself.
 */
static GPtrArray *healed_only(const struct up_case_result *result)
{
        g_autoptr(GPtrArray) baseline = judge_alone(result->runs.baseline);
        GPtrArray *healed = judge_alone(result->runs.with_healing);

        for (guint i = healed->len; i > 0; i--) {
                const struct up_finding *finding = g_ptr_array_index(healed, i - 1);
                if (contains(baseline, finding) || !contains(result->findings, finding))
                        g_ptr_array_remove_index(healed, i - 1);
        }
        return healed;
}

char *up_case_result_trace(const struct up_case_result *result, unsigned columns)
{
        if (result->runs.baseline == NULL)
                return NULL;

        g_autofree char *first = trace_ledger(result->runs.baseline, result->findings, columns);
        g_autoptr(GPtrArray) healed = healed_only(result);
        if (healed->len == 0)
                return g_steal_pointer(&first);
        g_autofree char *second = trace_ledger(result->runs.with_healing, healed, columns);
        return g_strdup_printf(
            "without healing:\n%s\nwith healing after the script:\n%s", first, second);
}
