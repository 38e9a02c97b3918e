/*
 * unpend faults - the planted faults, from their table
 *
 * A fault is named in a case as `fault: NAME`, and planted by `--fault NAME` of repro, gate and
 * campaign.
 */
#include "faults/faults.h"
#include "tools/cli/tool.h"

#define INDENT 4

static void print_wrapped(const char *text)
{
        g_autofree char *wrapped = up_tool_wrap(text, INDENT);

        printf("%*s%s\n", INDENT, "", wrapped);
}

static void print_text(void)
{
        for (size_t i = 0; i < up_fault_count; i++) {
                g_autofree char *seen = g_strconcat("seen in ", up_fault_rows[i].seen, NULL);

                up_tool_print_coloured(stdout, UP_BOLD, "%s", up_fault_rows[i].name);
                putchar('\n');
                print_wrapped(up_fault_rows[i].what);
                print_wrapped(seen);
        }
}

static void print_json(void)
{
        g_autoptr(JsonBuilder) json = json_builder_new();

        json_builder_begin_array(json);
        for (size_t i = 0; i < up_fault_count; i++) {
                json_builder_begin_object(json);
                up_tool_json_text(json, "name", up_fault_rows[i].name);
                up_tool_json_text(json, "what", up_fault_rows[i].what);
                up_tool_json_text(json, "seen", up_fault_rows[i].seen);
                json_builder_end_object(json);
        }
        json_builder_end_array(json);
        up_tool_print_json(json);
}

int up_tool_faults(int argc, char **argv)
{
        gboolean json = FALSE;
        const GOptionEntry entries[] = {
                { "json", 0, 0, G_OPTION_ARG_NONE, &json, "print JSON", NULL },
                G_OPTION_ENTRY_NULL,
        };
        int status = up_tool_options(&argc, &argv, entries, NULL,
            "What can be planted into the pipeline by --fault NAME of repro, gate and campaign,\n"
            "and where it was seen. Each must be found; without any of them nothing may be.");

        if (status >= 0)
                return status;
        if (argc > 1)
                return up_tool_usage("unexpected argument %s", argv[1]);
        if (json)
                print_json();
        else
                print_text();
        return UP_STATUS_PASSED;
}
