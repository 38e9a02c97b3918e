/*
 * promote_report - what became of a finding, as text and as JSON
 */
#include <stdio.h>

#include "tools/cli/tool.h"
#include "tools/promote/private.h"
#include "tools/promote/promotion.h"

static const struct {
        const char *name, *gate; /* in JSON */
        const char *what;
} owner_rows[] = {
        [UP_OWNER_FAULT] = { "fault", "green",
            "The gate is green now: the case passes, and shows its finding under the fault." },
        [UP_OWNER_OWN] = { "own", "red", "The gate is red until the bug is fixed." },
        [UP_OWNER_KNOWN] = { "known", "green",
            "The gate is green now: it expects the finding, and where it is built from that very "
            "source reports when it is gone." },
        [UP_OWNER_PRIVATE] = { "private", "none",
            "No gate runs it there. Campaigns count the finding as known. Once it is published:" },
};

static void print_verified(const struct up_promotion *promotion)
{
        const struct up_triaged *triaged = promotion->triaged;
        g_autoptr(GString) text = g_string_new(NULL);
        bool once = triaged->times == 1;
        g_autofree char *times =
            once ? g_strdup("once") : g_strdup_printf("%u times", triaged->times);

        g_string_append_printf(
            text, "%s in %s, ", times, once ? "a fresh process" : "fresh processes");
        if (triaged->others > 0)
                g_string_append_printf(text, "%s after %u other%s in one, ", times, triaged->others,
                    triaged->others == 1 ? "" : "s");
        g_string_append(text, "and as written");
        if (promotion->result_fault != NULL)
                g_string_append_printf(text, "; passes without %s", promotion->result_fault);
        up_tool_print_wrapped("verified", text->str);
}

static void print_next(const struct up_promotion *promotion)
{
        g_autofree char *place = up_tool_quote(promotion->place);
        g_autofree char *input = up_tool_quote(promotion->path);
        const char *flavour = promotion->run.flavour->name;
        g_autofree char *wrapped = up_tool_wrap(owner_rows[promotion->owner].what, 2);

        if (promotion->private) {
                printf("\n  %s\n    %s promote --flavour %s --target %s --name %s "
                       "--known \"LIBRARY VERSION URL\" %s\n",
                    wrapped, up_tool_program(), flavour, promotion->target, promotion->name, place);
                return;
        }
        puts("\n  To go on:");
        if (up_private_can_git_add(promotion->place))
                printf("    git add %s\n", place);
        printf("    %s gate --flavour %s %s\n", up_tool_program(), flavour, place);
        if (up_private_holds(promotion->path))
                printf("    rm %s\n", input);
        printf("\n  %s\n", wrapped);
}

void up_promotion_print_text(const struct up_promotion *promotion)
{
        const struct up_finding *finding = promotion->triaged->finding;
        const struct up_class_row *class = &up_class_rows[finding->class];
        const struct up_evidence_row *evidence = &up_evidence_rows[finding->evidence];
        g_autofree char *class_text = g_strdup_printf("%s: %s", class->name, class->what);
        g_autofree char *evidence_text = g_strdup_printf("%s: %s", evidence->name, evidence->what);
        g_autofree char *before = up_minimize_size_text(&promotion->triaged->small->before);
        g_autofree char *after = up_minimize_size_text(&promotion->triaged->small->after);

        up_tool_print_coloured(stdout, UP_BOLD, "%s", promotion->path);
        putchar('\n');
        up_tool_print_wrapped("finding", class_text);
        if (finding->evidence != UP_EVIDENCE_NONE)
                up_tool_print_wrapped("evidence", evidence_text);
        up_tool_print_wrapped("signature", finding->signature);
        up_tool_print_wrapped("title", promotion->result->title);
        if (promotion->result_fault != NULL)
                up_tool_print_wrapped("fault", promotion->result_fault);
        print_verified(promotion);
        up_tool_print_wrapped("before", before);
        up_tool_print_wrapped("after", after);
        up_tool_print_wrapped("written", promotion->place);
        print_next(promotion);
}

void up_promotion_print_json(const struct up_promotion *promotion)
{
        const struct up_triaged *triaged = promotion->triaged;
        g_autoptr(JsonBuilder) json = json_builder_new();

        json_builder_begin_object(json);
        up_tool_json_text(json, "case", promotion->path);
        up_tool_json_text(json, "target", promotion->target);
        up_tool_json_text(json, "flavour", promotion->run.flavour->name);
        up_tool_json_text(json, "fault", promotion->result_fault);
        json_builder_set_member_name(json, "finding");
        up_finding_build_json(triaged->finding, json);
        up_tool_json_text(json, "title", promotion->result->title);
        json_builder_set_member_name(json, "verified");
        json_builder_begin_object(json);
        up_tool_json_number(json, "fresh", triaged->times);
        up_tool_json_number(json, "after-others", triaged->others > 0 ? triaged->times : 0);
        up_tool_json_number(json, "others", triaged->others);
        json_builder_end_object(json);
        up_minimize_build_size(json, "before", &triaged->small->before);
        up_minimize_build_size(json, "after", &triaged->small->after);
        up_tool_json_text(json, "owner", owner_rows[promotion->owner].name);
        up_tool_json_text(json, "gate", owner_rows[promotion->owner].gate);
        up_tool_json_text(json, "written", promotion->place);
        json_builder_end_object(json);
        up_tool_print_json(json);
}
