/*
 * unpend minimize - the smallest case with the same finding, as a file
 *
 * The file is written whenever the case became smaller, so that a killed program leaves the
 * smallest case so far.
 */
#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "case/case.h"
#include "fuzz/targets.h"
#include "tools/cli/status_line.h"
#include "tools/cli/tool.h"
#include "tools/minimize/minimize.h"

struct minimize {
        const char *path;
        const char *out;
        GBytes *input;
        const char *target; /* that shows the finding */
        struct up_minimize_request request;
        struct up_status_line line;
        gint64 began_us; /* monotonic */
        GError *error;   /* of the first write that failed */
};

static void write_result(struct minimize *minimize, GBytes *bytes)
{
        if (minimize->error == NULL)
                g_file_set_contents(minimize->out, g_bytes_get_data(bytes, NULL),
                    (gssize)g_bytes_get_size(bytes), &minimize->error);
}

static void on_step(const struct up_minimize_step *step, void *data)
{
        struct minimize *minimize = data;
        g_autofree char *text = up_minimize_step_text(step);

        if (step->smallest != NULL)
                write_result(minimize, step->smallest);
        up_status_line_show(&minimize->line, text);
}

/* --- the result ------------------------------------------------------------------------------- */

static void print_text(const struct minimize *minimize, const struct up_minimized *result)
{
        static const char *const end_texts[] = {
                [UP_MINIMIZE_COMPLETE] = "nothing more can be left out",
                [UP_MINIMIZE_TIME] = "the time was over, a smaller case may exist",
                [UP_MINIMIZE_INTERRUPTED] = "interrupted, a smaller case may exist",
        };
        const struct up_finding *finding = result->finding;
        const char *flavour = minimize->request.run.flavour->name;
        g_autofree char *what = g_strdup_printf("%s%s%s: %s", up_class_rows[finding->class].name,
            finding->evidence != UP_EVIDENCE_NONE ? ", " : "",
            up_evidence_rows[finding->evidence].name, finding->signature);
        g_autofree char *before = up_minimize_size_text(&result->before);
        g_autofree char *after = up_minimize_size_text(&result->after);
        g_autofree char *runs = g_strdup_printf("%u in %.1f s: %s", result->runs,
            (double)(g_get_monotonic_time() - minimize->began_us) / G_TIME_SPAN_SECOND,
            end_texts[result->end]);
        g_autofree char *fault = up_tool_fault_option(result->fault);
        g_autofree char *file = up_tool_quote(minimize->out);
        g_autofree char *promote = up_tool_promote_command(
            flavour, minimize->target, result->fault, finding, minimize->out);

        up_tool_print_coloured(stdout, UP_BOLD, "%s", minimize->path);
        putchar('\n');
        up_tool_print_wrapped("finding", what);
        up_tool_print_wrapped("before", before);
        up_tool_print_wrapped("after", after);
        up_tool_print_wrapped("runs", runs);
        up_tool_print_wrapped("written", minimize->out);
        printf("\n  To go on:\n    %s repro --flavour %s --target %s%s %s\n    %s\n",
            up_tool_program(), flavour, minimize->target, fault, file, promote);
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
        up_minimize_build_size(json, "before", &result->before);
        up_minimize_build_size(json, "after", &result->after);
        up_tool_json_number(json, "runs", result->runs);
        up_tool_json_bool(json, "whole", result->end == UP_MINIMIZE_COMPLETE);
        up_tool_json_text(json, "written", minimize->out);
        json_builder_end_object(json);
        up_tool_print_json(json);
}

static int report_absent(const struct minimize *minimize, const struct up_minimized *result)
{
        g_autofree char *shown = NULL;

        if (result->others->len == 0)
                return up_tool_fail(
                    UP_STATUS_FOUND, "%s shows no finding: nothing to minimise", minimize->path);
        g_ptr_array_add(result->others, NULL);
        shown = g_strjoinv(", ", (char **)result->others->pdata);
        return up_tool_fail(UP_STATUS_FOUND, "%s shows no %s, but %s", minimize->path,
            minimize->request.slug, shown);
}

static int report(struct minimize *minimize, const struct up_minimized *result, bool as_json)
{
        up_status_line_clear(&minimize->line);
        if (result->end == UP_MINIMIZE_ABSENT)
                return report_absent(minimize, result);
        if (result->end == UP_MINIMIZE_UNRUNNABLE)
                return up_tool_fail(UP_STATUS_UNRUNNABLE, "%s", result->reason);
        if (result->bytes == NULL)
                return up_tool_fail(UP_STATUS_INTERRUPTED, "interrupted: nothing was written");
        write_result(minimize, result->bytes);
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

/* --- the command ------------------------------------------------------------------------------ */

/* On @target; NULL stands for the first target, of those that take messages, that shows it. */
static struct up_minimized *minimize_on(struct minimize *minimize, const char *target)
{
        struct up_minimized *result = NULL;

        for (size_t i = 0; i < G_N_ELEMENTS(up_target_rows); i++) {
                const struct up_target_row *row = &up_target_rows[i];
                if (target != NULL ? strcmp(target, row->name) != 0
                                   : !row->takes_mail || !up_tool_faults_apply(row->name,
                                                             minimize->request.run.fault))
                        continue;
                up_minimized_free(result);
                minimize->target = minimize->request.run.target = row->name;
                result = up_minimize(&minimize->request, minimize->input);
                if (result->end != UP_MINIMIZE_ABSENT)
                        break;
        }
        return result;
}

static int run(struct minimize *minimize, const char *target, bool as_json)
{
        g_autoptr(up_minimized) result = NULL;

        up_tool_interrupt_fd();
        up_status_line_init(&minimize->line);
        minimize->began_us = g_get_monotonic_time();
        minimize->request.runner = up_runner_new();
        minimize->request.jobs = g_get_num_processors();
        minimize->request.step = on_step;
        minimize->request.data = minimize;
        result = minimize_on(minimize, target);
        up_runner_free(minimize->request.runner);
        return report(minimize, result, as_json);
}

/* NAME.min.case in the current folder, where no gate runs it. The caller owns the result. */
static char *default_out(const char *path)
{
        g_autofree char *name = g_path_get_basename(path);

        name[strlen(name) - strlen(up_tool_case_ending(name))] = '\0';
        return g_strconcat(name, ".min.case", NULL);
}

static bool is_gated_folder(void)
{
        g_autofree char *folder = g_get_current_dir();

        return strstr(folder, "/regressions/") != NULL || g_str_has_suffix(folder, "/regressions");
}

/* False with @error. A file that is made for the trial is removed again. */
static bool is_writable(const char *path, GError **error)
{
        bool exists = g_file_test(path, G_FILE_TEST_EXISTS);
        g_autofree char *folder = g_path_get_dirname(path);
        int fd =
            g_access(folder, W_OK) == 0 ? g_open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666) : -1;

        if (fd < 0) {
                g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
                    "cannot write %s: %s; choose another file by --out", path, g_strerror(errno));
                return false;
        }
        close(fd);
        if (!exists)
                g_unlink(path);
        return true;
}

/* The fault that the head names, unless the target has no pipeline. The caller owns the result. */
static char *fault_of_case(GBytes *input, const char *target)
{
        gsize bytes;
        const uint8_t *data = g_bytes_get_data(input, &bytes);
        g_autoptr(up_case) c = up_case_read(data, bytes, NULL);

        return target == NULL || up_tool_has_pipeline(target) ? g_strdup(c->fault) : NULL;
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
                    "plant this fault (standard: the case's own)", "NAME" },
                { "finding", 0, 0, G_OPTION_ARG_STRING, &slug,
                    "which of several findings, as in repro --json", "SLUG" },
                { "out", 'o', 0, G_OPTION_ARG_FILENAME, &out,
                    "write to this file (standard: NAME.min.case here)", "FILE" },
                { "time", 0, 0, G_OPTION_ARG_STRING, &time,
                    "stop after that (standard: when complete)", "TIME" },
                { "json", 0, 0, G_OPTION_ARG_NONE, &json, "print the result as JSON", NULL },
                G_OPTION_ENTRY_NULL,
        };
        g_autoptr(GBytes) input = NULL;
        g_autoptr(GError) error = NULL;
        struct minimize minimize = { 0 };
        int status = up_tool_options(&argc, &argv, entries, "CASE",
            "Leaves out of a case, or of any message, all that its finding does not need:\n"
            "events, recipients, settings, parts, header fields, lines, bytes. What was signed\n"
            "is signed again. The finding stays the same by class, signature and evidence;\n"
            "of several it is the one that the head names, or the first. A case that\n"
            "passes without its fault goes on doing so. The result goes to the current\n"
            "folder unless --out names a file. Ctrl-C keeps the smallest case so far.\n"
            "Exit status: 0 minimised, 1 the case shows no such finding, 2 wrong usage,\n"
            "125 cannot be run or written, 130 interrupted.");

        if (status >= 0)
                return status;
        if (argc != 2)
                return up_tool_usage(argc < 2 ? "which case?" : "one case at a time");
        if (!up_tool_check_selection((char *[]){ target, NULL }, fault))
                return UP_STATUS_USAGE;
        minimize.request.run.flavour = up_flavour_find(flavour);
        if (minimize.request.run.flavour == NULL)
                return UP_STATUS_USAGE;
        if (time != NULL && !up_tool_parse_seconds(time, &minimize.request.seconds))
                return up_tool_usage("--time %s: want a time such as 90s, 10m or 2h", time);
        minimize.input = input = up_tool_read_file(argv[1], &error);
        if (input == NULL)
                return up_tool_fail(UP_STATUS_UNRUNNABLE, "%s", error->message);
        if (target == NULL && up_tool_faults_apply(up_tool_target_of_path(argv[1]), fault))
                target = g_strdup(up_tool_target_of_path(argv[1]));
        if (fault == NULL)
                fault = fault_of_case(input, target);
        if (fault != NULL && !up_tool_check_faults(fault))
                return UP_STATUS_USAGE;
        if (out == NULL) {
                out = default_out(argv[1]);
                if (is_gated_folder())
                        return up_tool_usage("--out FILE: the gate would run what is written here");
        }
        if (!is_writable(out, &error))
                return up_tool_fail(UP_STATUS_UNRUNNABLE, "%s", error->message);
        minimize.path = argv[1];
        minimize.out = out;
        minimize.request.run.fault = fault;
        minimize.request.slug = slug;
        status = run(&minimize, target, json);
        g_clear_error(&minimize.error);
        return status;
}
