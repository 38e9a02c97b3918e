/*
 * report_sarif - the gate as SARIF 2.1.0, for code scanning
 *
 * A rule is a class of finding, or "gate" for a regression that does not hold in another way. A
 * result is a finding; of a known breakage too, which is suppressed with its URL. Where it is: the
 * innermost frame of ours, else the case, else the harness source of the target, since a server
 * takes no result without a place in the repository.
 */
#include <string.h>

#include "tools/exec/flavour.h"
#include "tools/gate/report.h"
#include "tools/exec/sanitizer.h"
#include "tools/cli/tool.h"

#define SCHEMA                                                                                     \
        "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/"                      \
        "sarif-schema-2.1.0.json"
#define RULE_GATE "gate"

/* --- the tool ----------------------------------------------------------------------------- */

static void begin_object(JsonBuilder *json, const char *name)
{
        if (name != NULL)
                json_builder_set_member_name(json, name);
        json_builder_begin_object(json);
}

static void begin_array(JsonBuilder *json, const char *name)
{
        json_builder_set_member_name(json, name);
        json_builder_begin_array(json);
}

static void build_message(JsonBuilder *json, const char *name, const char *text)
{
        g_autofree char *valid = g_utf8_make_valid(text, -1);

        begin_object(json, name);
        json_builder_set_member_name(json, "text");
        json_builder_add_string_value(json, valid);
        json_builder_end_object(json);
}

static void build_rule(JsonBuilder *json, const char *id, const char *what)
{
        begin_object(json, NULL);
        up_tool_json_text(json, "id", id);
        build_message(json, "shortDescription", what);
        begin_object(json, "defaultConfiguration");
        up_tool_json_text(json, "level", "error");
        json_builder_end_object(json);
        json_builder_end_object(json);
}

static void build_tool(struct up_report *report)
{
        g_autofree char *libraries = up_libraries_text(report->gate->flavour);
        JsonBuilder *json = report->json;

        begin_object(json, "tool");
        begin_object(json, "driver");
        up_tool_json_text(json, "name", "unpend");
        up_tool_json_text(json, "version", UP_VERSION);
        build_message(json, "shortDescription",
            "does every message that a mail pipeline accepts come to an end?");
        begin_array(json, "rules");
        for (int i = 0; i < UP_CLASS_COUNT; i++)
                build_rule(json, up_class_rows[i].name, up_class_rows[i].what);
        build_rule(
            json, RULE_GATE, "a regression does not hold: its case, its fault, or its known: line");
        json_builder_end_array(json);
        begin_object(json, "properties");
        up_tool_json_text(json, "flavour", report->gate->flavour->name);
        up_tool_json_text(json, "libraries", libraries);
        json_builder_end_object(json);
        json_builder_end_object(json);
        json_builder_end_object(json);
}

static void begin(struct up_report *report)
{
        JsonBuilder *json = report->json;

        json_builder_begin_object(json);
        up_tool_json_text(json, "$schema", SCHEMA);
        up_tool_json_text(json, "version", "2.1.0");
        begin_array(json, "runs");
        json_builder_begin_object(json);
        build_tool(report);
        up_tool_json_text(json, "columnKind", "utf16CodeUnits");
        begin_array(json, "results");
}

/* --- where -------------------------------------------------------------------------------- */

struct place {
        char *path; /* owned */
        gint64 line;
};

/* "FILE:LINE" or "FILE:LINE:COLUMN" of the innermost frame of ours, if the file is here. */
static struct place place_of_frames(const struct up_run *run)
{
        for (guint i = 0; run != NULL && i < run->frames->len; i++) {
                const struct up_frame *frame = run->frames->pdata[i];
                g_auto(GStrv) pieces = g_strsplit(frame->place, ":", 3);
                if (frame->owner == UP_FRAME_OURS && g_strv_length(pieces) > 1 &&
                    g_file_test(pieces[0], G_FILE_TEST_IS_REGULAR))
                        return (struct place){ g_strdup(pieces[0]),
                                MAX(g_ascii_strtoll(pieces[1], NULL, 10), 1) };
        }
        return (struct place){ NULL, 1 };
}

static bool is_below_here(const char *path)
{
        return !g_path_is_absolute(path) && strstr(path, "..") == NULL;
}

static struct place place_of(const struct up_gate_item *item, const struct up_run *run)
{
        struct place place = place_of_frames(run);

        if (place.path == NULL && item->kind == UP_GATE_CASE && is_below_here(item->path))
                place.path =
                    g_strdup(g_str_has_prefix(item->path, "./") ? item->path + 2 : item->path);
        if (place.path == NULL)
                place.path = item->target != NULL ? g_strdup_printf("fuzz/fuzz_%s.c", item->target)
                                                  : g_strdup("fuzz/targets.h");
        return place;
}

static void build_location(JsonBuilder *json, const struct place *place)
{
        g_autofree char *uri = g_uri_escape_string(place->path, "/", FALSE);

        begin_array(json, "locations");
        json_builder_begin_object(json);
        begin_object(json, "physicalLocation");
        begin_object(json, "artifactLocation");
        up_tool_json_text(json, "uri", uri);
        json_builder_end_object(json);
        begin_object(json, "region");
        up_tool_json_number(json, "startLine", place->line);
        json_builder_end_object(json);
        json_builder_end_object(json);
        json_builder_end_object(json);
        json_builder_end_array(json);
}

/* --- results ------------------------------------------------------------------------------ */

/* The number of a rule in the table above. */
static gint64 rule_index(const char *rule)
{
        enum up_class class;

        return up_class_by_name(rule, &class) ? (gint64) class : UP_CLASS_COUNT;
}

static void build_suppression(JsonBuilder *json, const struct up_known *known)
{
        g_autofree char *why =
            g_strdup_printf("known: %s %s %s", known->name, known->version, known->url);

        begin_array(json, "suppressions");
        json_builder_begin_object(json);
        up_tool_json_text(json, "kind", "external");
        up_tool_json_text(json, "status", "accepted");
        up_tool_json_text(json, "justification", why);
        json_builder_end_object(json);
        json_builder_end_array(json);
        begin_array(json, "workItemUris");
        json_builder_add_string_value(json, known->url);
        json_builder_end_array(json);
}

/* @slug is what makes the result the same one in the next run. */
static void build_result(struct up_report *report, const struct up_gate_item *item,
    const char *rule, const char *slug, const char *text)
{
        bool known = item->outcome == UP_GATE_KNOWN;
        g_autofree char *command = up_gate_command(report->gate, item);
        g_autofree char *message = g_strdup_printf("%s: %s%s%s", item->path, text,
            command != NULL ? "\n" : "", command != NULL ? command : "");
        struct place place = place_of(item, up_gate_shown(item));
        JsonBuilder *json = report->json;

        json_builder_begin_object(json);
        up_tool_json_text(json, "ruleId", rule);
        up_tool_json_number(json, "ruleIndex", rule_index(rule));
        up_tool_json_text(json, "level", known ? "warning" : "error");
        build_message(json, "message", message);
        build_location(json, &place);
        begin_object(json, "partialFingerprints");
        up_tool_json_text(json, "unpendSlug/v1", slug);
        json_builder_end_object(json);
        if (known)
                build_suppression(json, &item->c->known);
        json_builder_end_object(json);
        g_free(place.path);
}

static void build_findings(
    struct up_report *report, const struct up_gate_item *item, const struct up_run *run)
{
        for (guint i = 0; run != NULL && i < run->result.findings->len; i++) {
                const struct up_finding *finding = run->result.findings->pdata[i];
                g_autofree char *slug = up_finding_slug(finding);
                g_autofree char *text =
                    g_strdup_printf("%s. %s", up_class_rows[finding->class].what, finding->detail);
                build_result(report, item, up_class_rows[finding->class].name, slug, text);
        }
}

/* What a fault shows that was planted is no finding, but it may be the wrong one: a problem. */
static void build_item(struct up_report *report, guint number, const struct up_gate_item *item)
{
        (void)number;

        build_findings(report, item, item->run);
        if (item->problem == NULL)
                return;
        g_autofree char *slug = g_strdup_printf(RULE_GATE "-%s", item->path);
        build_result(report, item, RULE_GATE, slug, item->problem);
}

static void end(struct up_report *report)
{
        JsonBuilder *json = report->json;
        bool whole = report->gate->counts[UP_GATE_INTERRUPTED] == 0;

        json_builder_end_array(json);
        begin_array(json, "invocations");
        json_builder_begin_object(json);
        up_tool_json_bool(json, "executionSuccessful", whole);
        json_builder_end_object(json);
        json_builder_end_array(json);
        json_builder_end_object(json);
        json_builder_end_array(json);
        json_builder_end_object(json);
        g_autoptr(JsonNode) root = json_builder_get_root(json);
        g_autofree char *text = json_to_string(root, TRUE);
        fprintf(report->file, "%s\n", text);
}

const struct up_report_row up_report_sarif = { "sarif", "write SARIF 2.1.0 there, too", begin,
        build_item, end };
