/*
 * promotion_tell - what became of a finding, as text and as JSON
 */
#include <stdio.h>

#include "tools/promote/private.h"
#include "tools/promote/promotion.h"
#include "tools/cli/tool.h"

static void tell_finding(const struct up_finding *finding)
{
        const struct up_class_row *class = &up_class_rows[finding->class];
        const struct up_evidence_row *evidence = &up_evidence_rows[finding->evidence];
        g_autofree char *what = g_strdup_printf("%s: %s", class->name, class->what);
        g_autofree char *why = g_strdup_printf("%s: %s", evidence->name, evidence->what);

        up_tool_print_wrapped("finding", what);
        if (finding->evidence != UP_EVIDENCE_NONE)
                up_tool_print_wrapped("evidence", why);
        up_tool_print_wrapped("signature", finding->signature);
}

static void tell_verified(const struct up_promotion *promote)
{
        g_autoptr(GString) text = g_string_new(NULL);
        bool once = promote->times == 1;
        g_autofree char *times =
            once ? g_strdup("once") : g_strdup_printf("%u times", promote->times);

        g_string_append_printf(
            text, "%s in %s, ", times, once ? "a fresh process" : "fresh processes");
        if (promote->others > 0)
                g_string_append_printf(text, "%s after %u other%s in one, ", times, promote->others,
                    promote->others == 1 ? "" : "s");
        g_string_append(text, "and as written");
        if (promote->order.fault != NULL)
                g_string_append_printf(text, "; passes without %s", promote->order.fault);
        up_tool_print_wrapped("verified", text->str);
}

static void tell_next(const struct up_promotion *promote)
{
        g_autofree char *place = up_tool_quote(promote->place);
        g_autofree char *input = up_tool_quote(promote->path);
        const char *flavour = promote->order.flavour->name;
        g_autofree char *wrapped = up_tool_wrap(up_whose_rows[promote->owner].what, 2);

        if (promote->private) {
                printf("\n  %s\n    %s promote --flavour %s --target %s --name %s "
                       "--known \"LIBRARY VERSION URL\" %s\n",
                    wrapped, up_tool_program(), flavour, promote->target, promote->name, place);
                return;
        }
        printf("\n  To go on:\n    git add %s\n    %s gate --flavour %s %s\n", place,
            up_tool_program(), flavour, place);
        if (up_private_holds(promote->path))
                printf("    rm %s\n", input);
        printf("\n  %s\n", wrapped);
}

void up_promotion_tell(const struct up_promotion *promote)
{
        g_autofree char *before = up_telling_size(&promote->small->before);
        g_autofree char *after = up_telling_size(&promote->small->after);

        up_tool_print_coloured(stdout, UP_BOLD, "%s", promote->path);
        putchar('\n');
        tell_finding(promote->finding);
        up_tool_print_wrapped("title", promote->dressed->title);
        if (promote->order.fault != NULL)
                up_tool_print_wrapped("fault", promote->order.fault);
        tell_verified(promote);
        up_tool_print_wrapped("before", before);
        up_tool_print_wrapped("after", after);
        up_tool_print_wrapped("written", promote->place);
        tell_next(promote);
}

static void build_verified(const struct up_promotion *promote, JsonBuilder *json)
{
        json_builder_set_member_name(json, "verified");
        json_builder_begin_object(json);
        up_tool_json_number(json, "fresh", promote->times);
        up_tool_json_number(json, "after-others", promote->others > 0 ? promote->times : 0);
        up_tool_json_number(json, "others", promote->others);
        json_builder_end_object(json);
}

void up_promotion_tell_json(const struct up_promotion *promote)
{
        g_autoptr(JsonBuilder) json = json_builder_new();

        json_builder_begin_object(json);
        up_tool_json_text(json, "case", promote->path);
        up_tool_json_text(json, "target", promote->target);
        up_tool_json_text(json, "flavour", promote->order.flavour->name);
        up_tool_json_text(json, "fault", promote->order.fault);
        json_builder_set_member_name(json, "finding");
        up_finding_build_json(promote->finding, json);
        up_tool_json_text(json, "title", promote->dressed->title);
        build_verified(promote, json);
        up_telling_build_size(json, "before", &promote->small->before);
        up_telling_build_size(json, "after", &promote->small->after);
        up_tool_json_text(json, "owner", up_whose_rows[promote->owner].name);
        up_tool_json_text(json, "gate", up_whose_rows[promote->owner].gate);
        up_tool_json_text(json, "written", promote->place);
        json_builder_end_object(json);
        up_tool_print_json(json);
}
