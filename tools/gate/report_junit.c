/*
 * report_junit - the gate as the JUnit XML that CI servers read
 *
 * There is no one standard. What is written here is what GitLab, Jenkins and the actions for
 * GitHub agree on: a suite for each target, a case for each item, with the file it is in. A
 * known breakage counts as skipped, or a server would show it as red for ever.
 */
#include <string.h>

#include "fuzz/targets.h"
#include "tools/exec/flavour.h"
#include "tools/gate/report.h"
#include "tools/cli/tool.h"

static void begin(struct up_report *report)
{
        (void)report; /* the counts stand before the items */
}

static void add(struct up_report *report, guint number, const struct up_gate_item *item)
{
        (void)report, (void)number, (void)item;
}

/* XML 1.0 has no control characters, escaped or not; and it is UTF-8. The caller owns it. */
static char *escaped(const char *text)
{
        g_autofree char *valid = g_utf8_make_valid(text, -1);
        GString *kept = g_string_new(NULL);
        char *result;

        for (const char *at = valid; *at != '\0'; at = g_utf8_next_char(at)) {
                gunichar c = g_utf8_get_char(at);
                bool forbidden = (c < 0x20 && c != '\t' && c != '\n') || c == 0xfffe ||
                                 c == 0xffff || (c >= 0x7f && c < 0xa0);
                g_string_append_unichar(kept, forbidden ? 0xfffd : c);
        }
        result = g_markup_escape_text(kept->str, (gssize)kept->len);
        g_string_free(kept, TRUE);
        return result;
}

static void attribute(FILE *file, const char *name, const char *text)
{
        g_autofree char *value = escaped(text);

        fprintf(file, " %s=\"%s\"", name, value);
}

/* --- one item ----------------------------------------------------------------------------- */

static bool is_skipped(const struct up_gate_item *item)
{
        return item->outcome != UP_GATE_PASSED && item->outcome != UP_GATE_FAILED;
}

static void print_skipped(FILE *file, const struct up_gate_item *item)
{
        g_autofree char *known =
            item->outcome == UP_GATE_INTERRUPTED
                ? g_strdup("interrupted")
                : g_strdup_printf("known breakage%s: %s %s %s",
                      item->outcome == UP_GATE_KNOWN ? "" : " not visible here",
                      item->c->known.name, item->c->known.version, item->c->known.url);

        fputs("      <skipped", file);
        attribute(file, "message", known);
        fputs("/>\n", file);
}

static void add_findings(GString *text, const struct up_run *run)
{
        for (guint i = 0; run != NULL && i < run->result.findings->len; i++) {
                const struct up_finding *finding = run->result.findings->pdata[i];
                g_string_append_printf(text, "%s: %s\nsignature %s\n%s\n\n",
                    up_class_rows[finding->class].name, up_class_rows[finding->class].what,
                    finding->signature, finding->detail);
        }
}

static void print_failure(const struct up_report *report, const struct up_gate_item *item)
{
        const struct up_run *shown = up_gate_shown(item);
        const struct up_finding *first =
            shown != NULL && shown->result.findings->len > 0 ? shown->result.findings->pdata[0] : NULL;
        g_autofree char *reason = up_gate_reason(item);
        g_autofree char *command = up_gate_command(report->gate, item);
        g_autoptr(GString) text = g_string_new(NULL);
        FILE *file = report->file;

        if (item->problem != NULL)
                g_string_append_printf(text, "%s\n\n", item->problem);
        add_findings(text, shown);
        if (command != NULL)
                g_string_append_printf(text, "%s\n", command);
        g_autofree char *body = escaped(text->str);
        fputs("      <failure", file);
        attribute(file, "type",
            item->problem != NULL || first == NULL ? "gate" : up_class_rows[first->class].name);
        attribute(file, "message", reason);
        fprintf(file, ">%s</failure>\n", body);
}

static void print_item(const struct up_report *report, const struct up_gate_item *item)
{
        g_autofree char *class =
            g_strdup_printf("unpend.%s", item->target != NULL ? item->target : "none");
        g_autofree char *name = g_path_get_basename(item->path);
        char seconds[G_ASCII_DTOSTR_BUF_SIZE];
        FILE *file = report->file;

        fputs("    <testcase", file);
        attribute(file, "name", item->kind != UP_GATE_CASE ? item->path : name);
        attribute(file, "classname", class);
        if (item->kind == UP_GATE_CASE)
                attribute(file, "file", item->path);
        attribute(
            file, "time", g_ascii_formatd(seconds, sizeof seconds, "%.3f", up_gate_seconds(item)));
        if (item->outcome == UP_GATE_PASSED) {
                fputs("/>\n", file);
                return;
        }
        fputs(">\n", file);
        if (is_skipped(item))
                print_skipped(file, item);
        else
                print_failure(report, item);
        fputs("    </testcase>\n", file);
}

/* --- all of them -------------------------------------------------------------------------- */

struct sums {
        unsigned tests, failures, skipped;
        double seconds;
};

static void count(struct sums *sums, const struct up_gate_item *item)
{
        sums->tests++;
        sums->failures += item->outcome == UP_GATE_FAILED;
        sums->skipped += is_skipped(item);
        sums->seconds += up_gate_seconds(item);
}

static void print_sums(FILE *file, const struct sums *sums)
{
        char seconds[G_ASCII_DTOSTR_BUF_SIZE];

        fprintf(file, " tests=\"%u\" failures=\"%u\" errors=\"0\"", sums->tests, sums->failures);
        attribute(file, "time", g_ascii_formatd(seconds, sizeof seconds, "%.3f", sums->seconds));
}

static void print_properties(const struct up_report *report)
{
        g_autofree char *libraries = up_libraries_text(report->gate->flavour);
        const char *const properties[][2] = {
                { "flavour", report->gate->flavour->name },
                { "libraries", libraries },
        };

        fputs("    <properties>\n", report->file);
        for (size_t i = 0; i < G_N_ELEMENTS(properties); i++) {
                fputs("      <property", report->file);
                attribute(report->file, "name", properties[i][0]);
                attribute(report->file, "value", properties[i][1]);
                fputs("/>\n", report->file);
        }
        fputs("    </properties>\n", report->file);
}

/* The suite of a target, NULL: of what is in no target's folder. */
static void print_suite(const struct up_report *report, const char *target)
{
        const GPtrArray *items = report->gate->items;
        struct sums sums = { 0 };

        for (guint i = 0; i < items->len; i++) {
                const struct up_gate_item *item = items->pdata[i];
                if (g_strcmp0(item->target, target) == 0)
                        count(&sums, item);
        }
        if (sums.tests == 0)
                return;
        fputs("  <testsuite", report->file);
        attribute(report->file, "name", target != NULL ? target : "of no target");
        print_sums(report->file, &sums);
        fprintf(report->file, " skipped=\"%u\"", sums.skipped);
        fputs(">\n", report->file);
        print_properties(report);
        for (guint i = 0; i < items->len; i++) {
                const struct up_gate_item *item = items->pdata[i];
                if (g_strcmp0(item->target, target) == 0)
                        print_item(report, item);
        }
        fputs("  </testsuite>\n", report->file);
}

static void end(struct up_report *report)
{
        struct sums sums = { 0 };

        for (guint i = 0; i < report->gate->items->len; i++)
                count(&sums, report->gate->items->pdata[i]);
        fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"unpend gate\"",
            report->file);
        print_sums(report->file, &sums);
        fputs(">\n", report->file);
        for (size_t i = 0; i < G_N_ELEMENTS(up_target_rows); i++)
                print_suite(report, up_target_rows[i].name);
        print_suite(report, NULL);
        fputs("</testsuites>\n", report->file);
}

const struct up_report_row up_report_junit = { "junit", "write JUnit XML there, too", begin, add,
        end };
