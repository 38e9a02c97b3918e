#include "target/input_report.h"

#include <stdio.h>
#include <string.h>

#include "oracle/result_json.h"

static char **hit_limits(const struct up_observations *observed)
{
        g_autoptr(GStrvBuilder) limits = g_strv_builder_new();

        for (guint i = 0; i < observed->remarks->len; i++) {
                const struct up_remark *remark = g_ptr_array_index(observed->remarks, i);
                if (remark->kind == UP_REMARK_LIMIT)
                        g_strv_builder_add(limits, remark->detail);
        }
        return g_strv_builder_end(limits);
}

bool up_input_report_append(const char *report, const char *input,
    const struct up_case_result *result, uint64_t fuel, const char *trace)
{
        g_autoptr(JsonBuilder) json = json_builder_new();
        g_autofree char *valid = g_utf8_make_valid(input, -1); /* JSON is UTF-8 */
        g_auto(GStrv) limits = hit_limits(&result->observed);
        struct up_input_result line = {
                .findings = result->findings,
                .fuel = fuel,
                .unscannable = result->observed.unscannable,
                .limits = limits,
                .trace = (char *)trace,
        };
        FILE *file = fopen(report, "ae");

        if (file == NULL)
                return false;
        memcpy(line.counts, result->observed.counts, sizeof line.counts);
        memcpy(line.judged, result->judged, sizeof line.judged);
        line.outage = result->outage;
        json_builder_begin_object(json);
        json_builder_set_member_name(json, "input");
        json_builder_add_string_value(json, valid);
        up_input_result_build_members(&line, json);
        json_builder_end_object(json);

        g_autoptr(JsonNode) root = json_builder_get_root(json);
        g_autofree char *text = json_to_string(root, FALSE);
        fprintf(file, "%s\n", text);
        return fclose(file) == 0;
}
