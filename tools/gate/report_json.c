/*
 * report_json - the gate as one JSON object
 */
#include "tools/gate/report.h"
#include "tools/cli/tool.h"

static void begin(struct up_report *report)
{
        JsonBuilder *json = report->json;

        json_builder_begin_object(json);
        up_tool_json_text(json, "flavour", report->gate->flavour->name);
        up_tool_json_text(json, "fault", report->gate->fault);
        json_builder_set_member_name(json, "cases");
        json_builder_begin_array(json);
}

static void build_run(JsonBuilder *json, const char *name, const struct up_run *run)
{
        if (run == NULL)
                return;
        json_builder_set_member_name(json, name);
        up_run_build_json(run, json);
}

static void build_item(struct up_report *report, guint number, const struct up_gate_item *item)
{
        JsonBuilder *json = report->json;
        (void)number;

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

static void end(struct up_report *report)
{
        const struct up_gate *gate = report->gate;
        JsonBuilder *json = report->json;

        json_builder_end_array(json);
        up_tool_json_number(
            json, "passed", gate->counts[UP_GATE_PASSED] + gate->counts[UP_GATE_KNOWN]);
        up_tool_json_number(json, "failed", gate->counts[UP_GATE_FAILED]);
        up_tool_json_number(json, "skipped", gate->counts[UP_GATE_OUT_OF_SIGHT]);
        up_tool_json_number(json, "interrupted", gate->counts[UP_GATE_INTERRUPTED]);
        json_builder_end_object(json);
        up_tool_print_json(json);
}

const struct up_report_row up_report_json = { "json", "one JSON object in place of TAP", begin,
        build_item, end };
