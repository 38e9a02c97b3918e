/*
 * unpend minimize - the smallest case with the same finding, as a file
 *
 * The file is written whenever the case became smaller, whole each time: whoever loses patience has
 * the best so far.
 */
#include <gio/gio.h>
#include <string.h>

#include "case/case.h"
#include "case/policy.h"
#include "fuzz/targets.h"
#include "tools/minimize/minimize.h"
#include "tools/cli/status_line.h"
#include "tools/cli/tool.h"

struct minimize {
        const char *path;
        const char *out;
        GBytes *input;
        const char *target; /* that shows the finding */
        struct up_minimize_request order;
        struct up_telling telling;
        GError *error; /* it could not be written */
};

/* --- while it goes on ------------------------------------------------------------------------- */

static void keep(struct minimize *minimize, GBytes *bytes)
{
        if (minimize->error == NULL)
                g_file_set_contents(minimize->out, g_bytes_get_data(bytes, NULL),
                    (gssize)g_bytes_get_size(bytes), &minimize->error);
}

static void step(const struct up_minimize_step *step, void *data)
{
        struct minimize *minimize = data;

        if (step->smallest != NULL)
                keep(minimize, step->smallest);
        up_telling_step(&minimize->telling, step);
}

/* --- what came out ---------------------------------------------------------------------------- */

static const char *end_text(enum up_minimize_end end)
{
        switch (end) {
        case UP_MINIMIZE_WHOLE:
                return "nothing more can be left out";
        case UP_MINIMIZE_TIME:
                return "the time was over, and it may become smaller";
        default:
                return "interrupted, and it may become smaller";
        }
}

static void print_text(const struct minimize *minimize, const struct up_minimized *result)
{
        const struct up_finding *finding = result->finding;
        g_autofree char *what = g_strdup_printf("%s%s%s: %s", up_class_rows[finding->class].name,
            finding->evidence != UP_EVIDENCE_NONE ? ", " : "",
            up_evidence_rows[finding->evidence].name, finding->signature);
        g_autofree char *before = up_telling_size(&result->before);
        g_autofree char *after = up_telling_size(&result->after);
        g_autofree char *runs = g_strdup_printf("%u in %.1f s: %s", result->runs,
            (double)(g_get_monotonic_time() - minimize->telling.begin_us) / G_TIME_SPAN_SECOND,
            end_text(result->end));
        g_autofree char *fault = up_tool_fault_option(result->fault);
        g_autofree char *file = up_tool_quote(minimize->out);
        g_autofree char *promote = up_tool_promote_command(minimize->order.run.flavour->name,
            minimize->target, result->fault, finding, minimize->out);

        up_tool_print_coloured(stdout, UP_BOLD, "%s", minimize->path);
        putchar('\n');
        up_tool_print_wrapped("finding", what);
        up_tool_print_wrapped("before", before);
        up_tool_print_wrapped("after", after);
        up_tool_print_wrapped("runs", runs);
        up_tool_print_wrapped("written", minimize->out);
        printf("\n  To go on:\n    %s repro --flavour %s --target %s%s %s\n    %s\n",
            up_tool_program(), minimize->order.run.flavour->name, minimize->target, fault, file,
            promote);
}

static void print_json(const struct minimize *minimize, const struct up_minimized *result)
{
        g_autoptr(JsonBuilder) json = json_builder_new();

        json_builder_begin_object(json);
        up_tool_json_text(json, "case", minimize->path);
        up_tool_json_text(json, "target", minimize->target);
        up_tool_json_text(json, "fault", result->fault);
        json_builder_set_member_name(json, "finding");
        up_finding_build_json(result->finding, json);
        up_telling_build_size(json, "before", &result->before);
        up_telling_build_size(json, "after", &result->after);
        up_tool_json_number(json, "runs", result->runs);
        up_tool_json_bool(json, "whole", result->end == UP_MINIMIZE_WHOLE);
        up_tool_json_text(json, "written", minimize->out);
        json_builder_end_object(json);
        up_tool_print_json(json);
}

static int absent(const struct minimize *minimize, const struct up_minimized *result)
{
        g_autofree char *shown = NULL;

        g_ptr_array_add(result->others, NULL);
        shown = g_strjoinv(", ", (char **)result->others->pdata);
        if (shown[0] == '\0')
                return up_tool_fail(UP_STATUS_FOUND,
                    "%s shows no finding: there is nothing to keep", minimize->path);
        return up_tool_fail(
            UP_STATUS_FOUND, "%s shows no %s, but %s", minimize->path, minimize->order.slug, shown);
}

static int finish(struct minimize *minimize, const struct up_minimized *result, bool as_json)
{
        up_telling_end(&minimize->telling);
        if (result->end == UP_MINIMIZE_ABSENT)
                return absent(minimize, result);
        if (result->end == UP_MINIMIZE_UNRUNNABLE)
                return up_tool_fail(UP_STATUS_UNRUNNABLE, "%s", result->why);
        if (result->bytes == NULL)
                return up_tool_fail(UP_STATUS_INTERRUPTED, "interrupted: nothing was written");
        keep(minimize, result->bytes);
        if (minimize->error != NULL)
                return up_tool_fail(UP_STATUS_UNRUNNABLE, "%s", minimize->error->message);
        if (as_json)
                print_json(minimize, result);
        else
                print_text(minimize, result);
        if (result->end == UP_MINIMIZE_INTERRUPTED)
                return up_tool_fail(UP_STATUS_INTERRUPTED, "interrupted");
        return UP_STATUS_PASSED;
}

/* --- on which target -------------------------------------------------------------------------- */

static bool may_show(const struct minimize *minimize, const struct up_target_row *row)
{
        return row->takes_mail && up_tool_faults_apply(row->name, minimize->order.run.fault);
}

static struct up_minimized *minimize_on(struct minimize *minimize, const char *target)
{
        minimize->target = minimize->order.run.target = target;
        return up_minimize(&minimize->order, minimize->input);
}

/* On the one that is named, by the option or the folder, or on the first that shows something. */
static struct up_minimized *minimize_somewhere(struct minimize *minimize, const char *target)
{
        struct up_minimized *result = NULL;

        if (target != NULL)
                return minimize_on(minimize, target);
        for (size_t i = 0; i < G_N_ELEMENTS(up_target_rows); i++) {
                if (!may_show(minimize, &up_target_rows[i]))
                        continue;
                up_minimized_free(result);
                result = minimize_on(minimize, up_target_rows[i].name);
                if (result->end != UP_MINIMIZE_ABSENT)
                        break;
        }
        return result;
}

static int run(struct minimize *minimize, const char *target, bool as_json)
{
        g_autoptr(up_minimized) result = NULL;
        int status;

        up_tool_interrupt_fd();
        up_telling_begin(&minimize->telling);
        minimize->order.runner = up_runner_new();
        minimize->order.jobs = g_get_num_processors();
        minimize->order.step = step;
        minimize->order.data = minimize;
        result = minimize_somewhere(minimize, target);
        status = finish(minimize, result, as_json);
        up_runner_free(minimize->order.runner);
        g_clear_error(&minimize->error);
        return status;
}

/* --- what was asked --------------------------------------------------------------------------- */

static char *standard_out(const char *path)
{
        return g_strdup_printf(
            "%.*s.min.case", (int)(strlen(path) - strlen(up_tool_case_ending(path))), path);
}

/* The fault that the case names is what its finding is about. */
static char *fault_of(GBytes *input, const char *target)
{
        gsize bytes;
        const uint8_t *data = g_bytes_get_data(input, &bytes);
        g_autoptr(up_case) c = up_case_read(data, bytes, NULL);

        if (c->fault == NULL || (target != NULL && !up_tool_has_pipeline(target)))
                return NULL;
        return g_strdup(c->fault);
}

int up_tool_minimize(int argc, char **argv)
{
        g_autofree char *flavour = NULL, *target = NULL, *fault = NULL, *slug = NULL, *out = NULL,
                        *time = NULL;
        gboolean json = FALSE;
        g_autofree char *flavours = up_flavour_names();
        const GOptionEntry entries[] = {
                { "target", 't', 0, G_OPTION_ARG_STRING, &target, "run it on this target", "NAME" },
                { "flavour", 'f', 0, G_OPTION_ARG_STRING, &flavour, flavours, "NAME" },
                { "fault", 0, 0, G_OPTION_ARG_STRING, &fault,
                    "plant this fault (standard: the one that the case names)", "NAME" },
                { "finding", 0, 0, G_OPTION_ARG_STRING, &slug,
                    "which of several findings, as repro --json names them", "SLUG" },
                { "out", 'o', 0, G_OPTION_ARG_FILENAME, &out,
                    "write it here (standard: CASE.min.case)", "FILE" },
                { "time", 0, 0, G_OPTION_ARG_STRING, &time,
                    "stop after that with the smallest so far (standard: when it is done)",
                    "TIME" },
                { "json", 0, 0, G_OPTION_ARG_NONE, &json, "tell it as JSON", NULL },
                G_OPTION_ENTRY_NULL,
        };
        g_autoptr(GBytes) input = NULL;
        g_autoptr(GError) error = NULL;
        struct minimize minimize = { 0 };
        char *targets[2] = { NULL, NULL };
        int status = up_tool_options(&argc, &argv, entries, "CASE",
            "Leaves out of a case, or of any message, all that its finding does not need:\n"
            "events, recipients, settings, parts, header fields, lines, bytes. What was signed\n"
            "is signed again. The finding stays the same by class, signature and evidence;\n"
            "which one, the head of the case says, or it is the first. A case that passes\n"
            "without its fault goes on doing so. Ctrl-C keeps the smallest so far.\n"
            "Exit status: 0 minimised, 1 the case shows no such finding, 2 wrong usage,\n"
            "125 cannot be run, 130 interrupted.");

        if (status >= 0)
                return status;
        if (argc != 2)
                return up_tool_usage(argc < 2 ? "which case?" : "one case at a time");
        targets[0] = target;
        if (!up_tool_check_selection(targets, fault))
                return UP_STATUS_USAGE;
        minimize.order.run.flavour = up_flavour_find(flavour);
        if (minimize.order.run.flavour == NULL)
                return UP_STATUS_USAGE;
        status = time != NULL && !up_tool_parse_seconds(time, &minimize.order.seconds)
                     ? up_tool_usage("--time %s: want a time such as 90s, 10m or 2h", time)
                     : -1;
        if (status >= 0)
                return status;
        minimize.input = input = up_tool_read_file(argv[1], &error);
        if (input == NULL)
                return up_tool_fail(UP_STATUS_UNRUNNABLE, "%s", error->message);
        if (target == NULL && up_tool_faults_apply(up_tool_target_of_path(argv[1]), fault))
                target = g_strdup(up_tool_target_of_path(argv[1]));
        if (fault == NULL)
                fault = fault_of(input, target);
        if (fault != NULL && !up_tool_check_faults(fault))
                return UP_STATUS_USAGE;
        if (out == NULL)
                out = standard_out(argv[1]);
        minimize.path = argv[1];
        minimize.out = out;
        minimize.order.run.fault = fault;
        minimize.order.slug = slug;
        return run(&minimize, target, json);
}
