/*
 * report_files - the gate as one JSON object, as JUnit XML and as SARIF 2.1.0
 *
 * JUnit has no standard. This is what GitLab, Jenkins and the actions for GitHub agree on: a suite
 * for each target, a case for each item, with its file. A known breakage counts as skipped, or a
 * server would show it as red for ever.
 *
 * A rule of SARIF is a class of finding, or "gate" for a regression that does not hold in another
 * way. A result is a finding; of a known breakage too, which is suppressed with its URL. Its place
 * is the innermost frame of our code, else the case, else the source of the target, since a server
 * takes no result without a place in the repository.
 */
#include <libxml/xmlwriter.h>
#include <string.h>

#include "fuzz/targets.h"
#include "tools/cli/tool.h"
#include "tools/exec/sanitizer.h"
#include "tools/gate/gate.h"

#define SCHEMA                                                                                     \
        "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/"                      \
        "sarif-schema-2.1.0.json"
#define RULE_GATE "gate"

/* --- JSON --------------------------------------------------------------------------------- */

static void build_run(JsonBuilder *json, const char *name, const struct up_run *run)
{
        if (run == NULL)
                return;
        json_builder_set_member_name(json, name);
        up_run_build_json(run, json);
}

static void build_item(JsonBuilder *json, const struct up_gate_item *item)
{
        json_builder_begin_object(json);
        up_tool_json_text(json, "case", item->path);
        up_tool_json_text(json, "target", item->target);
        up_tool_json_text(json, "outcome", up_gate_outcome_names[item->outcome]);
        up_tool_json_text(json, "problem", item->problem);
        up_tool_json_text(json, "known", item->c != NULL ? item->c->known.url : NULL);
        up_tool_json_text(json, "fault", item->c != NULL ? item->c->fault : NULL);
        build_run(json, "run", item->run);
        build_run(json, "run-under-fault", item->faulted);
        json_builder_end_object(json);
}

static void print_json(FILE *file, const struct up_gate *gate)
{
        g_autoptr(JsonBuilder) json = json_builder_new();
        (void)file; /* standard output */

        json_builder_begin_object(json);
        up_tool_json_text(json, "flavour", gate->flavour->name);
        up_tool_json_text(json, "fault", gate->fault);
        json_builder_set_member_name(json, "cases");
        json_builder_begin_array(json);
        for (guint i = 0; i < gate->items->len; i++)
                build_item(json, gate->items->pdata[i]);
        json_builder_end_array(json);
        up_tool_json_number(
            json, "passed", gate->counts[UP_GATE_PASSED] + gate->counts[UP_GATE_KNOWN]);
        up_tool_json_number(json, "failed", gate->counts[UP_GATE_FAILED]);
        up_tool_json_number(json, "skipped", gate->counts[UP_GATE_SKIPPED]);
        up_tool_json_number(json, "interrupted", gate->counts[UP_GATE_INTERRUPTED]);
        json_builder_end_object(json);
        up_tool_print_json(json);
}

const struct up_gate_report up_gate_json = { "json", "one JSON object in place of TAP", NULL, NULL,
        print_json };

/* --- JUnit -------------------------------------------------------------------------------- */

/* XML 1.0 has no control characters, escaped or not; and it is UTF-8. The caller owns it. */
static char *xml_text(const char *text)
{
        g_autofree char *valid = g_utf8_make_valid(text, -1);
        GString *kept = g_string_new(NULL);

        for (const char *at = valid; *at != '\0'; at = g_utf8_next_char(at)) {
                gunichar c = g_utf8_get_char(at);
                bool forbidden = (c < 0x20 && c != '\t' && c != '\n') || c == 0xfffe ||
                                 c == 0xffff || (c >= 0x7f && c < 0xa0);
                g_string_append_unichar(kept, forbidden ? 0xfffd : c);
        }
        return g_string_free(kept, FALSE);
}

static void start(xmlTextWriter *xml, const char *element)
{
        xmlTextWriterStartElement(xml, BAD_CAST element);
}

static void attribute(xmlTextWriter *xml, const char *name, const char *text)
{
        g_autofree char *value = xml_text(text);

        xmlTextWriterWriteAttribute(xml, BAD_CAST name, BAD_CAST value);
}

static void number_attribute(xmlTextWriter *xml, const char *name, unsigned number)
{
        xmlTextWriterWriteFormatAttribute(xml, BAD_CAST name, "%u", number);
}

static void time_attribute(xmlTextWriter *xml, double seconds)
{
        char text[G_ASCII_DTOSTR_BUF_SIZE];

        attribute(xml, "time", g_ascii_formatd(text, sizeof text, "%.3f", seconds));
}

static bool is_skipped(const struct up_gate_item *item)
{
        return item->outcome != UP_GATE_PASSED && item->outcome != UP_GATE_FAILED;
}

static void write_skipped(xmlTextWriter *xml, const struct up_gate_item *item)
{
        g_autofree char *reason =
            item->outcome == UP_GATE_INTERRUPTED
                ? g_strdup("interrupted")
                : g_strdup_printf("known breakage%s: %s %s %s",
                      item->outcome == UP_GATE_KNOWN ? "" : " not visible here",
                      item->c->known.name, item->c->known.version, item->c->known.url);

        start(xml, "skipped");
        attribute(xml, "message", reason);
        xmlTextWriterEndElement(xml);
}

static void write_failure(
    xmlTextWriter *xml, const struct up_gate *gate, const struct up_gate_item *item)
{
        const struct up_run *shown = up_gate_shown(item);
        g_autofree char *reason = up_gate_reason(item);
        g_autofree char *command = up_gate_command(gate, item);
        g_autoptr(GString) text = g_string_new(NULL);
        const char *type = RULE_GATE;

        if (item->problem != NULL)
                g_string_append_printf(text, "%s\n\n", item->problem);
        for (guint i = 0; shown != NULL && i < shown->result.findings->len; i++) {
                const struct up_finding *finding = shown->result.findings->pdata[i];
                const struct up_class_row *class = &up_class_rows[finding->class];
                if (i == 0 && item->problem == NULL)
                        type = class->name;
                g_string_append_printf(text, "%s: %s\nsignature %s\n%s\n\n", class->name,
                    class->what, finding->signature, finding->detail);
        }
        if (command != NULL)
                g_string_append_printf(text, "%s\n", command);
        g_autofree char *body = xml_text(text->str);
        start(xml, "failure");
        attribute(xml, "type", type);
        attribute(xml, "message", reason);
        xmlTextWriterWriteString(xml, BAD_CAST body);
        xmlTextWriterEndElement(xml);
}

static void write_item(
    xmlTextWriter *xml, const struct up_gate *gate, const struct up_gate_item *item)
{
        g_autofree char *class =
            g_strdup_printf("unpend.%s", item->target != NULL ? item->target : "none");
        g_autofree char *name = g_path_get_basename(item->path);

        start(xml, "testcase");
        attribute(xml, "name", item->kind != UP_GATE_CASE ? item->path : name);
        attribute(xml, "classname", class);
        if (item->kind == UP_GATE_CASE)
                attribute(xml, "file", item->path);
        time_attribute(xml, up_gate_seconds(item));
        if (is_skipped(item))
                write_skipped(xml, item);
        else if (item->outcome == UP_GATE_FAILED)
                write_failure(xml, gate, item);
        xmlTextWriterEndElement(xml);
}

/* The counts of the items of a target, or of all. Returns how many there are. */
static unsigned write_sums(
    xmlTextWriter *xml, const struct up_gate *gate, const char *target, bool all)
{
        unsigned tests = 0, failures = 0, skipped = 0;
        double seconds = 0;

        for (guint i = 0; i < gate->items->len; i++) {
                const struct up_gate_item *item = gate->items->pdata[i];
                if (!all && g_strcmp0(item->target, target) != 0)
                        continue;
                tests++;
                failures += item->outcome == UP_GATE_FAILED;
                skipped += is_skipped(item);
                seconds += up_gate_seconds(item);
        }
        number_attribute(xml, "tests", tests);
        number_attribute(xml, "failures", failures);
        number_attribute(xml, "errors", 0);
        time_attribute(xml, seconds);
        if (!all)
                number_attribute(xml, "skipped", skipped);
        return tests;
}

static bool has_items(const struct up_gate *gate, const char *target)
{
        for (guint i = 0; i < gate->items->len; i++)
                if (g_strcmp0(
                        ((const struct up_gate_item *)gate->items->pdata[i])->target, target) == 0)
                        return true;
        return false;
}

/* The suite of a target; NULL: of items in no target's folder. */
static void write_suite(xmlTextWriter *xml, const struct up_gate *gate, const char *target)
{
        g_autofree char *libraries = up_libraries_text(gate->flavour);
        const char *const properties[][2] = {
                { "flavour", gate->flavour->name },
                { "libraries", libraries },
        };

        if (!has_items(gate, target))
                return;
        start(xml, "testsuite");
        attribute(xml, "name", target != NULL ? target : "of no target");
        write_sums(xml, gate, target, false);
        start(xml, "properties");
        for (size_t i = 0; i < G_N_ELEMENTS(properties); i++) {
                start(xml, "property");
                attribute(xml, "name", properties[i][0]);
                attribute(xml, "value", properties[i][1]);
                xmlTextWriterEndElement(xml);
        }
        xmlTextWriterEndElement(xml);
        for (guint i = 0; i < gate->items->len; i++) {
                const struct up_gate_item *item = gate->items->pdata[i];
                if (g_strcmp0(item->target, target) == 0)
                        write_item(xml, gate, item);
        }
        xmlTextWriterEndElement(xml);
}

static void print_junit(FILE *file, const struct up_gate *gate)
{
        xmlTextWriter *xml = xmlNewTextWriter(xmlOutputBufferCreateFile(file, NULL));

        xmlTextWriterSetIndent(xml, 1);
        xmlTextWriterSetIndentString(xml, BAD_CAST "  ");
        xmlTextWriterStartDocument(xml, NULL, "UTF-8", NULL);
        start(xml, "testsuites");
        attribute(xml, "name", "unpend gate");
        write_sums(xml, gate, NULL, true);
        for (size_t i = 0; i < G_N_ELEMENTS(up_target_rows); i++)
                write_suite(xml, gate, up_target_rows[i].name);
        write_suite(xml, gate, NULL);
        xmlTextWriterEndDocument(xml);
        xmlFreeTextWriter(xml);
}

const struct up_gate_report up_gate_junit = { "junit", "write JUnit XML there, too", NULL, NULL,
        print_junit };

/* --- SARIF -------------------------------------------------------------------------------- */

static GVariant *make_rule(const char *id, const char *what)
{
        return g_variant_new_parsed("{'id': <%s>, 'shortDescription': <{'text': %s}>, "
                                    "'defaultConfiguration': <{'level': 'error'}>}",
            id, what);
}

static GVariant *make_tool(const struct up_gate *gate)
{
        g_autofree char *libraries = up_libraries_text(gate->flavour);
        GVariantBuilder rules;

        g_variant_builder_init(&rules, G_VARIANT_TYPE("aa{sv}"));
        for (int i = 0; i < UP_CLASS_COUNT; i++)
                g_variant_builder_add_value(
                    &rules, make_rule(up_class_rows[i].name, up_class_rows[i].what));
        g_variant_builder_add_value(
            &rules, make_rule(RULE_GATE,
                        "a regression does not hold: its case, its fault, or its known: line"));
        return g_variant_new_parsed("{'driver': <{'name': <'unpend'>, 'version': <%s>, "
                                    "'shortDescription': <{'text': %s}>, 'rules': <%*>, "
                                    "'properties': <{'flavour': %s, 'libraries': %s}>}>}",
            UP_VERSION, "does every message that a mail pipeline accepts come to an end?",
            g_variant_builder_end(&rules), gate->flavour->name, libraries);
}

struct place {
        char *path; /* owned */
        gint64 line;
};

/* "FILE:LINE" of the innermost frame of our code, if the file is here. */
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

static GVariant *make_location(const struct place *place)
{
        g_autofree char *uri = g_uri_escape_string(place->path, "/", FALSE);

        return g_variant_new_parsed("{'physicalLocation': <{'artifactLocation': <{'uri': %s}>, "
                                    "'region': <{'startLine': %x}>}>}",
            uri, place->line);
}

/* The number of a rule in make_tool(). */
static gint64 rule_index(const char *rule)
{
        enum up_class class;

        return up_class_by_name(rule, &class) ? (gint64) class : UP_CLASS_COUNT;
}

/* @slug identifies the result in the next run. */
static void add_result(GVariantBuilder *results, const struct up_gate *gate,
    const struct up_gate_item *item, const char *rule, const char *slug, const char *text)
{
        bool known = item->outcome == UP_GATE_KNOWN;
        g_autofree char *command = up_gate_command(gate, item);
        g_autofree char *message = g_strdup_printf("%s: %s%s%s", item->path, text,
            command != NULL ? "\n" : "", command != NULL ? command : "");
        g_autofree char *valid = g_utf8_make_valid(message, -1);
        g_autofree char *fingerprint = up_printable(slug);
        struct place place = place_of(item, up_gate_shown(item));
        GVariantDict result;

        g_variant_dict_init(
            &result, g_variant_new_parsed("{'ruleId': <%s>, 'ruleIndex': <%x>, 'level': <%s>, "
                                          "'message': <{'text': %s}>, 'locations': <[%*]>, "
                                          "'partialFingerprints': <{'unpendSlug/v1': %s}>}",
                         rule, rule_index(rule), known ? "warning" : "error", valid,
                         make_location(&place), fingerprint));
        if (known) {
                g_autofree char *why = g_strdup_printf("known: %s %s %s", item->c->known.name,
                    item->c->known.version, item->c->known.url);
                g_variant_dict_insert_value(&result, "suppressions",
                    g_variant_new_parsed(
                        "[{'kind': 'external', 'status': 'accepted', 'justification': %s}]", why));
                g_variant_dict_insert_value(
                    &result, "workItemUris", g_variant_new_parsed("[%s]", item->c->known.url));
        }
        g_variant_builder_add_value(results, g_variant_dict_end(&result));
        g_free(place.path);
}

/* A planted fault shows no finding of ours, but it may show the wrong one: a problem. */
static void add_results(
    GVariantBuilder *results, const struct up_gate *gate, const struct up_gate_item *item)
{
        for (guint i = 0; item->run != NULL && i < item->run->result.findings->len; i++) {
                const struct up_finding *finding = item->run->result.findings->pdata[i];
                const struct up_class_row *class = &up_class_rows[finding->class];
                g_autofree char *slug = up_finding_slug(finding);
                g_autofree char *text = g_strdup_printf("%s. %s", class->what, finding->detail);
                add_result(results, gate, item, class->name, slug, text);
        }
        if (item->problem == NULL)
                return;
        g_autofree char *slug = g_strdup_printf(RULE_GATE "-%s", item->path);
        add_result(results, gate, item, RULE_GATE, slug, item->problem);
}

static void print_sarif(FILE *file, const struct up_gate *gate)
{
        bool whole = gate->counts[UP_GATE_INTERRUPTED] == 0;
        GVariantBuilder results;

        g_variant_builder_init(&results, G_VARIANT_TYPE("aa{sv}"));
        for (guint i = 0; i < gate->items->len; i++)
                add_results(&results, gate, gate->items->pdata[i]);
        g_autoptr(GVariant) log = g_variant_ref_sink(g_variant_new_parsed(
            "{'$schema': <%s>, 'version': <'2.1.0'>, 'runs': <[{'tool': <%*>, 'results': <%*>, "
            "'invocations': <[{'executionSuccessful': %b}]>}]>}",
            SCHEMA, make_tool(gate), g_variant_builder_end(&results), (gboolean)whole));
        g_autoptr(JsonNode) root = json_gvariant_serialize(log);
        g_autofree char *text = json_to_string(root, TRUE);
        fprintf(file, "%s\n", text);
}

const struct up_gate_report up_gate_sarif = { "sarif", "write SARIF 2.1.0 there, too", NULL, NULL,
        print_sarif };
