/*
 * report_text - TAP 13 on standard output, and the summary on standard error
 *
 * The plan of TAP comes last: a batch or an oracle has a line only if it failed.
 */
#include "fuzz/targets.h"
#include "tools/cli/tool.h"
#include "tools/gate/gate.h"

/* So many are listed that took longest, where there are more. */
#define SLOWEST 3

/* --- an item ------------------------------------------------------------------------------ */

const struct up_run *up_gate_shown(const struct up_gate_item *item)
{
        return item->faulted != NULL ? item->faulted : item->run;
}

char *up_gate_reason(const struct up_gate_item *item)
{
        const struct up_run *shown = up_gate_shown(item);
        g_autofree char *text = item->problem != NULL ? g_strdup(item->problem)
                                : shown != NULL       ? up_run_describe_findings(shown)
                                                      : g_strdup("");

        return up_printable(text);
}

char *up_gate_command(const struct up_gate *gate, const struct up_gate_item *item)
{
        g_autofree char *path = up_tool_quote(item->path);
        g_autofree char *fault =
            up_tool_fault_option(item->faulted != NULL ? item->c->fault : gate->fault);
        const char *trace = up_tool_has_pipeline(item->target) ? " --trace" : "";

        if (item->kind != UP_GATE_CASE)
                return NULL;
        if (item->run != NULL)
                return g_strdup_printf("%s repro --flavour %s --target %s%s%s %s",
                    up_tool_program(), gate->flavour->name, item->target, fault, trace, path);
        if (item->c != NULL && item->target != NULL)
                return g_strdup_printf("%s inspect --strict %s", up_tool_program(), path);
        return NULL;
}

double up_gate_seconds(const struct up_gate_item *item)
{
        return (item->run != NULL ? item->run->seconds : 0) +
               (item->faulted != NULL ? item->faulted->seconds : 0);
}

/* --- TAP ---------------------------------------------------------------------------------- */

static void begin(FILE *file)
{
        fputs("TAP version 13\n", file);
}

/* A string of JSON is one of YAML. */
static void print_yaml(FILE *file, const char *indent, const char *name, const char *text)
{
        g_autoptr(JsonNode) node = json_node_init_string(json_node_alloc(), text);
        g_autofree char *quoted = json_to_string(node, FALSE);

        fprintf(file, "%s%s: %s\n", indent, name, quoted);
}

static void print_finding(FILE *file, const struct up_finding *finding)
{
        print_yaml(file, "    ", "- class", up_class_rows[finding->class].name);
        if (finding->evidence != UP_EVIDENCE_NONE)
                print_yaml(file, "      ", "evidence", up_evidence_rows[finding->evidence].name);
        print_yaml(file, "      ", "signature", finding->signature);
        print_yaml(file, "      ", "detail", finding->detail);
}

static void print_diagnostics(
    FILE *file, const struct up_gate *gate, const struct up_gate_item *item)
{
        const struct up_run *shown = up_gate_shown(item);
        g_autofree char *command = up_gate_command(gate, item);

        fputs("  ---\n", file);
        if (item->problem != NULL)
                print_yaml(file, "  ", "problem", item->problem);
        if (shown != NULL && shown->result.findings->len > 0) {
                fputs("  findings:\n", file);
                for (guint i = 0; i < shown->result.findings->len; i++)
                        print_finding(file, shown->result.findings->pdata[i]);
        }
        if (command != NULL)
                print_yaml(file, "  ", item->run != NULL ? "reproduce" : "inspect", command);
        fputs("  ...\n", file);
}

static void print_item(
    FILE *file, const struct up_gate *gate, guint number, const struct up_gate_item *item)
{
        bool ok = item->outcome == UP_GATE_PASSED || item->outcome == UP_GATE_SKIPPED;
        g_auto(GStrv) pieces = g_strsplit(item->path, "#", -1);
        g_autofree char *name = g_strjoinv("\\#", pieces); /* "#" begins a TAP directive */

        if (item->outcome == UP_GATE_INTERRUPTED)
                return;
        fprintf(file, "%s %u - %s", ok ? "ok" : "not ok", number, name);
        if (item->outcome == UP_GATE_KNOWN)
                fprintf(file, " # TODO known breakage: %s %s %s", item->c->known.name,
                    item->c->known.version, item->c->known.url);
        if (item->outcome == UP_GATE_SKIPPED)
                fprintf(file, " # SKIP known breakage not visible here: %s %s", item->c->known.name,
                    item->c->known.version);
        fputc('\n', file);
        if (item->outcome == UP_GATE_FAILED)
                print_diagnostics(file, gate, item);
}

static void end(FILE *file, const struct up_gate *gate)
{
        if (gate->counts[UP_GATE_INTERRUPTED] > 0)
                fputs("Bail out! interrupted\n", file);
        fprintf(file, "1..%u%s%s\n", gate->items->len, gate->unchanged != NULL ? " # SKIP " : "",
            gate->unchanged != NULL ? gate->unchanged : "");
        fprintf(file, "%u passed, %u failed",
            gate->counts[UP_GATE_PASSED] + gate->counts[UP_GATE_KNOWN],
            gate->counts[UP_GATE_FAILED]);
        if (gate->counts[UP_GATE_SKIPPED] > 0)
                fprintf(file, ", %u skipped", gate->counts[UP_GATE_SKIPPED]);
        fputc('\n', file);
}

const struct up_gate_report up_gate_tap = { "tap", "TAP on standard output", begin, print_item,
        end };

/* --- the summary -------------------------------------------------------------------------- */

/* "scan_submit 92 cases: 90 passed, 2 failed"; nothing for a target without cases. */
static void print_target(const struct up_gate *gate, const char *target)
{
        unsigned cases = 0, counts[UP_GATE_OUTCOME_COUNT] = { 0 };
        const char *comma = "";

        for (guint i = 0; i < gate->items->len; i++) {
                const struct up_gate_item *item = gate->items->pdata[i];
                if (g_strcmp0(item->target, target) != 0 || item->kind != UP_GATE_CASE)
                        continue;
                cases++;
                counts[item->outcome]++;
        }
        if (cases == 0)
                return;
        fprintf(stderr, "  %-12s %5u case%s", target != NULL ? target : "(no target)", cases,
            cases == 1 ? ":  " : "s: ");
        for (int i = 0; i < UP_GATE_OUTCOME_COUNT; i++) {
                if (counts[i] == 0)
                        continue;
                fprintf(stderr, "%s%u %s", comma, counts[i], up_gate_outcome_names[i]);
                comma = ", ";
        }
        fputc('\n', stderr);
}

static int by_seconds(gconstpointer a, gconstpointer b)
{
        double left = up_gate_seconds(*(const struct up_gate_item *const *)a);
        double right = up_gate_seconds(*(const struct up_gate_item *const *)b);

        return (left < right) - (left > right);
}

static void print_slowest(const struct up_gate *gate)
{
        g_autoptr(GPtrArray) items = g_ptr_array_new();

        for (guint i = 0; i < gate->items->len; i++)
                g_ptr_array_add(items, gate->items->pdata[i]);
        g_ptr_array_sort(items, by_seconds);
        for (guint i = 0; i < SLOWEST && items->len > SLOWEST; i++) {
                const struct up_gate_item *item = items->pdata[i];
                fprintf(stderr, "  %-12s %5.1f s      %s\n", i == 0 ? "slowest" : "",
                    up_gate_seconds(item), item->path);
        }
}

static void print_failed(const struct up_gate *gate)
{
        for (guint i = 0; i < gate->items->len; i++) {
                const struct up_gate_item *item = gate->items->pdata[i];
                if (item->outcome != UP_GATE_FAILED)
                        continue;
                g_autofree char *reason = up_gate_reason(item);
                g_autofree char *command = up_gate_command(gate, item);
                up_tool_print_coloured(stderr, UP_RED, "failed: ");
                fprintf(stderr, "%s: %s\n", item->path, reason);
                if (command != NULL)
                        fprintf(stderr, "  %s\n", command);
        }
}

void up_gate_print_summary(const struct up_gate *gate)
{
        if (gate->items->len > 1) {
                for (size_t i = 0; i < G_N_ELEMENTS(up_target_rows); i++)
                        print_target(gate, up_target_rows[i].name);
                print_target(gate, NULL);
                print_slowest(gate);
        }
        print_failed(gate);
}
