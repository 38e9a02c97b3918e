/*
 * report_tap - the gate as TAP 13, each item as soon as it is known
 *
 * The plan comes last: whether all cases of a target have the same outcome in one process is known
 * when each was run, and makes a line of its own only where it is not so.
 */
#include "tools/gate/report.h"
#include "tools/cli/tool.h"

static void begin(struct up_report *report)
{
        fputs("TAP version 13\n", report->file);
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

static void print_diagnostics(const struct up_report *report, const struct up_gate_item *item)
{
        const struct up_run *shown = up_gate_shown(item);
        g_autofree char *command = up_gate_command(report->gate, item);
        FILE *file = report->file;

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

static void print_item(struct up_report *report, guint number, const struct up_gate_item *item)
{
        bool ok = item->outcome == UP_GATE_PASSED || item->outcome == UP_GATE_OUT_OF_SIGHT;
        g_auto(GStrv) pieces = g_strsplit(item->path, "#", -1);
        g_autofree char *name = g_strjoinv("\\#", pieces); /* "#" begins a TAP directive */
        FILE *file = report->file;

        if (item->outcome == UP_GATE_INTERRUPTED)
                return;
        fprintf(file, "%s %u - %s", ok ? "ok" : "not ok", number, name);
        if (item->outcome == UP_GATE_KNOWN)
                fprintf(file, " # TODO known breakage: %s %s %s", item->c->known.name,
                    item->c->known.version, item->c->known.url);
        if (item->outcome == UP_GATE_OUT_OF_SIGHT)
                fprintf(file, " # SKIP known breakage not visible here: %s %s", item->c->known.name,
                    item->c->known.version);
        fputc('\n', file);
        if (item->outcome == UP_GATE_FAILED)
                print_diagnostics(report, item);
}

static void end(struct up_report *report)
{
        const struct up_gate *gate = report->gate;
        FILE *file = report->file;

        if (gate->counts[UP_GATE_INTERRUPTED] > 0)
                fputs("Bail out! interrupted\n", file);
        fprintf(file, "1..%u%s%s\n", gate->items->len, gate->unchanged != NULL ? " # SKIP " : "",
            gate->unchanged != NULL ? gate->unchanged : "");
        fprintf(file, "%u passed, %u failed",
            gate->counts[UP_GATE_PASSED] + gate->counts[UP_GATE_KNOWN],
            gate->counts[UP_GATE_FAILED]);
        if (gate->counts[UP_GATE_OUT_OF_SIGHT] > 0)
                fprintf(file, ", %u skipped", gate->counts[UP_GATE_OUT_OF_SIGHT]);
        fputc('\n', file);
}

const struct up_report_row up_report_tap = { "tap", "TAP on standard output", begin, print_item,
        end };
