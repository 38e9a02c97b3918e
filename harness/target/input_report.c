#include "target/input_report.h"

#include <json-glib/json-glib.h>
#include <stdio.h>

#include "target/fuel.h"

static void add_number(JsonBuilder *json, const char *name, uint64_t number)
{
        json_builder_set_member_name(json, name);
        json_builder_add_int_value(json, (gint64)number);
}

static void add_text(JsonBuilder *json, const char *name, const char *text)
{
        g_autofree char *valid = g_utf8_make_valid(text, -1);

        json_builder_set_member_name(json, name);
        json_builder_add_string_value(json, valid);
}

static void add_finding(JsonBuilder *json, const struct up_finding *finding)
{
        g_autofree char *slug = up_finding_slug(finding);

        json_builder_begin_object(json);
        add_text(json, "class", up_class_rows[finding->class].name);
        add_text(json, "evidence", up_evidence_rows[finding->evidence].name);
        add_text(json, "role", up_role_names[finding->role]);
        add_text(json, "signature", finding->signature);
        add_text(json, "detail", finding->detail);
        add_text(json, "slug", slug);
        if (finding->message != 0)
                add_number(json, "message", finding->message);
        if (finding->recipient != G_MAXUINT)
                add_number(json, "recipient", finding->recipient);
        if (finding->shown_at != G_MAXUINT)
                add_number(json, "shown-at", finding->shown_at);
        if (finding->critical_at != G_MAXUINT)
                add_number(json, "critical-at", finding->critical_at);
        json_builder_end_object(json);
}

static void add_counts(JsonBuilder *json, const struct up_case_result *result)
{
        json_builder_set_member_name(json, "counts");
        json_builder_begin_object(json);
        for (int i = 0; i < UP_COUNTS; i++)
                add_number(json, up_count_names[i], result->observed.counts[i]);
        for (int i = 0; i < UP_ORACLES; i++)
                if (result->judged[i] > 0)
                        add_number(json, up_oracle_rows[i].name, result->judged[i]);
        json_builder_end_object(json);
}

static void add_limits(JsonBuilder *json, const struct up_observations *observed)
{
        json_builder_set_member_name(json, "unscannable");
        json_builder_add_boolean_value(json, observed->unscannable);
        json_builder_set_member_name(json, "limits");
        json_builder_begin_array(json);
        for (guint i = 0; i < observed->remarks->len; i++) {
                const struct up_remark *remark = g_ptr_array_index(observed->remarks, i);
                if (remark->kind == UP_REMARK_LIMIT)
                        json_builder_add_string_value(json, remark->detail);
        }
        json_builder_end_array(json);
}

bool up_input_report_append(const char *report, const char *input,
    const struct up_case_result *result, uint64_t fuel, const char *trace)
{
        g_autoptr(JsonBuilder) json = json_builder_new();
        FILE *file = fopen(report, "ae");

        if (file == NULL)
                return false;
        json_builder_begin_object(json);
        add_text(json, "input", input);
        json_builder_set_member_name(json, "findings");
        json_builder_begin_array(json);
        for (guint i = 0; i < result->findings->len; i++)
                add_finding(json, g_ptr_array_index(result->findings, i));
        json_builder_end_array(json);
        add_counts(json, result);
        add_limits(json, &result->observed);
        if (up_fuel_counts())
                add_number(json, "fuel", fuel);
        if (trace != NULL)
                add_text(json, "trace", trace);
        json_builder_end_object(json);

        g_autoptr(JsonNode) root = json_builder_get_root(json);
        g_autofree char *text = json_to_string(root, FALSE);
        fprintf(file, "%s\n", text);
        return fclose(file) == 0;
}
