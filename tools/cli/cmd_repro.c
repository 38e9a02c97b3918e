/*
 * unpend repro - one case, run once, and its trace
 *
 * The statuses are those that `git bisect run` understands: 1 is a bad commit, 125 skips it, 129
 * stops the search.
 */
#include <string.h>

#include "case/case.h"
#include "faults/faults.h"
#include "fuzz/targets.h"
#include "mail/header.h"
#include "tools/exec/built_from.h"
#include "tools/promote/private.h"
#include "tools/exec/run.h"
#include "tools/exec/sanitizer.h"
#include "tools/cli/tool.h"

#define STACK_LINES 12

struct repro {
        const struct up_flavour *flavour;
        char **targets;    /* empty: by the case's folder, else all that take mail */
        const char *fault; /* to be planted; NULL: none */
        unsigned columns;  /* of the trace; 0: no trace */
        JsonBuilder *json; /* NULL: text */
        bool found;
        bool unrunnable;
        bool interrupted;
};

static void print_items(const char *name, GPtrArray *items)
{
        g_autofree char *wrapped = NULL;

        if (items->len == 0)
                return;
        g_ptr_array_add(items, NULL);
        wrapped = up_tool_wrap_items((char **)items->pdata, ",", UP_TOOL_INDENT);
        up_tool_print_field(name, "%s", wrapped);
}

static void print_faults(const char *names)
{
        g_auto(GStrv) each = up_fault_names(names);

        for (char **name = each; *name != NULL; name++) {
                g_autofree char *text =
                    g_strdup_printf("%s: %s", *name, up_fault_find(*name)->what);
                up_tool_print_wrapped("fault", text);
        }
}

static char *item_of(const char *name, uint64_t count)
{
        return g_strdup_printf("%s %" G_GUINT64_FORMAT, name, count);
}

static void print_counts(const struct up_run *run)
{
        g_autoptr(GPtrArray) read = g_ptr_array_new_with_free_func(g_free);
        g_autoptr(GPtrArray) judged = g_ptr_array_new_with_free_func(g_free);

        for (int i = 0; i < UP_COUNTS; i++)
                if (run->result.counts[i] > 0)
                        g_ptr_array_add(read, item_of(up_count_names[i], run->result.counts[i]));
        for (int i = 0; i < UP_ORACLE_COUNT; i++)
                if (run->result.judged[i] > 0)
                        g_ptr_array_add(
                            judged, item_of(up_oracle_rows[i].name, run->result.judged[i]));
        print_items("read", read);
        print_items("judged", judged);
        for (char **limit = run->result.limits; *limit != NULL; limit++)
                up_tool_print_wrapped("limit", *limit);
}

static void print_outage(const struct up_outage *outage)
{
        g_autofree char *after = up_ledger_time(outage->earliest_ms);

        if (outage->bounced > 0)
                up_tool_print_field("outage",
                    "%" G_GUINT64_FORMAT " recipient%s bounced without a verdict or a rejection, "
                    "the first after %s",
                    outage->bounced, outage->bounced == 1 ? "" : "s", after);
}

/* The frames of ours and of the libraries; all of them where none is. */
static void print_stack(const struct up_run *run)
{
        enum up_frame_owner most = UP_FRAME_RUNTIME;
        unsigned lines = 0;

        for (guint i = 0; i < run->frames->len; i++) {
                const struct up_frame *frame = g_ptr_array_index(run->frames, i);
                if (frame->owner <= UP_FRAME_OPENSSL)
                        most = UP_FRAME_OPENSSL;
        }
        for (guint i = 0; i < run->frames->len && lines < STACK_LINES; i++) {
                const struct up_frame *frame = g_ptr_array_index(run->frames, i);
                if (frame->owner <= most)
                        up_tool_print_field(
                            lines++ == 0 ? "stack" : "", "%s  %s", frame->function, frame->place);
        }
}

static void print_evidence(const struct up_evidence_row *evidence)
{
        g_autofree char *text = g_strdup_printf("%s: %s", evidence->name, evidence->what);

        up_tool_print_wrapped("evidence", text);
}

static void print_finding(const struct up_finding *finding)
{
        const struct up_class_row *class = &up_class_rows[finding->class];

        putchar('\n');
        up_tool_print_coloured(stdout, UP_RED, "  %s", class->name);
        printf(": %s\n", class->what);
        if (finding->evidence != UP_EVIDENCE_NONE)
                print_evidence(&up_evidence_rows[finding->evidence]);
        up_tool_print_field("signature", "%s", finding->signature);
        up_tool_print_wrapped("detail", finding->detail);
}

/* Without the fault that it names, a case passes. */
static void print_fault_hint(
    const struct repro *repro, const struct up_case *c, const char *target, const char *path)
{
        g_autofree char *file = up_tool_quote(path);
        g_autofree char *fault = up_tool_fault_option(c->fault);

        if (c->fault == NULL || repro->fault != NULL || !up_tool_has_pipeline(target))
                return;
        printf("\n  The case names a fault; this run was without it. With the fault:\n"
               "    %s repro --flavour %s --target %s%s --trace %s\n",
            up_tool_program(), repro->flavour->name, target, fault, file);
}

static void print_trace(const struct up_run *run)
{
        g_auto(GStrv) lines = NULL;

        if (run->result.trace == NULL)
                return;
        putchar('\n');
        lines = g_strsplit(g_strchomp(run->result.trace), "\n", -1);
        for (char **at = lines; *at != NULL; at++) {
                g_autofree char *printable = up_printable(*at);
                puts(printable);
        }
}

/* Is it a regression, or a private one? */
static bool is_kept(const char *path)
{
        g_autofree char *root = up_tool_case_root(path);

        return g_str_has_suffix(root, "/regressions") || up_private_holds(path);
}

static void print_commands(
    const struct repro *repro, const char *target, const char *path, const struct up_run *run)
{
        g_autofree char *file = up_tool_quote(path);
        g_autofree char *binary = up_flavour_binary(repro->flavour, target);
        g_autofree char *fault = up_tool_fault_option(repro->fault);
        const char *trace = up_tool_has_pipeline(target) && repro->columns == 0 ? " --trace" : "";

        puts("\n  To go on:");
        printf("    %s repro --flavour %s --target %s%s%s %s\n", up_tool_program(),
            repro->flavour->name, target, fault, trace, file);
        printf("    %s inspect %s\n", up_tool_program(), file);
        printf("    %s minimize --flavour %s --target %s%s %s\n", up_tool_program(),
            repro->flavour->name, target, fault, file);
        printf("    %s%s%sgdb --args %s %s\n", repro->fault != NULL ? "UNPEND_FAULT=" : "",
            repro->fault != NULL ? repro->fault : "", repro->fault != NULL ? " " : "", binary,
            file);
        if (!is_kept(path)) {
                g_autofree char *promote = up_tool_promote_command(repro->flavour->name, target,
                    repro->fault, g_ptr_array_index(run->result.findings, 0), path);
                printf("    %s\n", promote);
        }
}

static void print_run(const struct repro *repro, const struct up_case *c, const char *target,
    const char *path, const struct up_run *run)
{
        g_autofree char *libraries = up_libraries_text(repro->flavour);

        up_tool_print_field("target", "%s, %s (%s)", target, repro->flavour->name, libraries);
        if (repro->fault != NULL)
                print_faults(repro->fault);
        up_tool_print_coloured(stdout, UP_DIM, "  %-10s", "outcome");
        if (run->result.findings->len == 0)
                up_tool_print_coloured(stdout, UP_GREEN, "passed");
        else
                up_tool_print_coloured(stdout, UP_RED, "%u finding%s", run->result.findings->len,
                    run->result.findings->len == 1 ? "" : "s");
        printf("%s, %.2f s\n", run->result.unscannable ? ", unscannable" : "", run->seconds);
        print_counts(run);
        print_outage(&run->result.outage);
        if (run->leaks_unchecked)
                up_tool_print_field(
                    "leaks", "not checked: LeakSanitizer does not work here, see unpend doctor");
        print_trace(run);
        for (guint i = 0; i < run->result.findings->len; i++)
                print_finding(g_ptr_array_index(run->result.findings, i));
        print_stack(run);
        if (run->result.findings->len > 0)
                print_commands(repro, target, path, run);
        print_fault_hint(repro, c, target, path);
}

static void build_run(
    const struct repro *repro, const char *target, const char *path, const struct up_run *run)
{
        JsonBuilder *json = repro->json;

        json_builder_begin_object(json);
        up_tool_json_text(json, "case", path);
        up_tool_json_text(json, "target", target);
        up_tool_json_text(json, "fault", repro->fault);
        json_builder_set_member_name(json, "run");
        up_run_build_json(run, json);
        json_builder_end_object(json);
}

/* False if the target does not match the sources: its result would be another one's. */
static bool check_target(struct repro *repro, const char *target)
{
        g_autofree char *problem = NULL, *note = NULL;

        if (!up_built_from_check_target(repro->flavour, target, &problem)) {
                up_tool_fail(0, "%s", problem);
                repro->unrunnable = true;
                return false;
        }
        note = up_built_from_note(repro->flavour, target);
        if (note != NULL)
                up_tool_fail(0, "%s", note);
        return true;
}

static void run_target(
    struct repro *repro, const struct up_case *c, const char *target, const char *path)
{
        if (!check_target(repro, target))
                return;
        g_autoptr(up_run) run = up_run_case(&(struct up_run_request){
            .flavour = repro->flavour,
            .target = target,
            .path = path,
            .fault = repro->fault,
            .trace_columns = repro->columns,
        });

        repro->found |= run->status == UP_RUN_FOUND;
        repro->unrunnable |= run->status == UP_RUN_UNRUNNABLE;
        repro->interrupted |= run->status == UP_RUN_INTERRUPTED;
        if (repro->json != NULL)
                build_run(repro, target, path, run);
        else if (run->status == UP_RUN_PASSED || run->status == UP_RUN_FOUND)
                print_run(repro, c, target, path, run);
        if (run->status == UP_RUN_UNRUNNABLE)
                up_tool_fail(0, "%s", run->reason);
}

/* Title, and mistakes in the head. The caller owns the case; NULL: it cannot be read. */
static struct up_case *print_case(const struct repro *repro, const char *path)
{
        g_autoptr(GPtrArray) complaints = up_complaints_new();
        g_autoptr(GError) error = NULL;
        g_autoptr(GBytes) bytes = up_tool_read_file(path, &error);
        g_autoptr(up_case) c = NULL;
        const void *data;
        gsize size;

        if (bytes == NULL) {
                up_tool_fail(0, "%s", error->message);
                return NULL;
        }
        data = g_bytes_get_data(bytes, &size);
        c = up_case_read(data, size, complaints);
        if (repro->json == NULL) {
                up_tool_print_coloured(stdout, UP_BOLD, "%s", path);
                putchar('\n');
                if (c->title != NULL)
                        up_tool_print_wrapped("title", c->title);
                if (c->reference != NULL)
                        up_tool_print_field("reference", "%s", c->reference);
                if (c->known.name != NULL)
                        up_tool_print_field(
                            "known", "%s %s %s", c->known.name, c->known.version, c->known.url);
        }
        for (guint i = 0; i < complaints->len; i++) {
                const struct up_complaint *complaint = g_ptr_array_index(complaints, i);
                up_tool_fail(0, "%s:%u:%u: ignored: %s", path, complaint->place.line,
                    complaint->place.column, complaint->text);
        }
        return g_steal_pointer(&c);
}

/* Is a case that names no target run on this one? */
static bool is_run_by_itself(const struct repro *repro, const struct up_target_row *row)
{
        return row->takes_mail && up_tool_faults_apply(row->name, repro->fault);
}

/* Any bytes are a message, but a file of the user's without a header is probably the wrong one. */
static void warn_without_header(const struct up_case *c, const char *path)
{
        struct up_header header = up_header_of(c->message);
        struct up_field field;

        while (up_header_next(&header, &field))
                if (field.name.end > field.name.begin)
                        return;
        up_tool_fail(0, "%s: has no header field and may not be mail; it is run as it is", path);
}

static void run_case(struct repro *repro, const char *argument)
{
        g_autoptr(GError) error = NULL;
        g_autofree char *path = up_tool_input_path(argument, &error);

        if (path == NULL) {
                up_tool_fail(0, "%s", error->message);
                repro->unrunnable = true;
                return;
        }
        g_autoptr(up_case) c = print_case(repro, path);
        const char *named = up_tool_target_of_path(path);

        if (c == NULL) {
                repro->unrunnable = true;
                return;
        }
        if (repro->targets[0] != NULL) {
                for (char **target = repro->targets; *target != NULL; target++)
                        run_target(repro, c, *target, path);
        } else if (up_tool_faults_apply(named, repro->fault)) {
                run_target(repro, c, named, path);
        } else {
                warn_without_header(c, path);
                for (size_t i = 0; i < G_N_ELEMENTS(up_target_rows); i++)
                        if (is_run_by_itself(repro, &up_target_rows[i]))
                                run_target(repro, c, up_target_rows[i].name, path);
        }
}

static int run_cases(struct repro *repro, char **paths)
{
        g_autofree char *problem = NULL;

        if (!up_built_from_check_program(&problem))
                return up_tool_fail(UP_STATUS_UNRUNNABLE, "%s", problem);
        up_tool_interrupt_fd();
        if (repro->json != NULL)
                json_builder_begin_array(repro->json);
        for (; *paths != NULL && !repro->interrupted; paths++)
                run_case(repro, *paths);
        if (repro->json != NULL) {
                json_builder_end_array(repro->json);
                up_tool_print_json(repro->json);
        }
        if (repro->interrupted)
                return up_tool_fail(UP_STATUS_INTERRUPTED, "interrupted");
        if (repro->found)
                return UP_STATUS_FOUND;
        return repro->unrunnable ? UP_STATUS_UNRUNNABLE : UP_STATUS_PASSED;
}

/* Usage errors are printed; -1 is none. */
static int check_arguments(const struct repro *repro, char **paths)
{
        if (paths[0] == NULL)
                return up_tool_usage("which case?");
        if (!up_tool_check_selection(repro->targets, repro->fault))
                return UP_STATUS_BISECT_USAGE;
        for (; *paths != NULL; paths++)
                if (g_file_test(*paths, G_FILE_TEST_IS_DIR))
                        return up_tool_usage("%s is a folder: name the files in it, or run "
                                             "%s gate %s",
                            *paths, up_tool_program(), *paths);
        return -1;
}

int up_tool_repro(int argc, char **argv)
{
        g_autofree char *flavour = NULL;
        g_auto(GStrv) targets = NULL;
        g_autofree char *fault = NULL;
        gboolean json = FALSE, trace = FALSE;
        g_autofree char *flavours = up_flavour_names();
        const GOptionEntry entries[] = {
                { "target", 't', 0, G_OPTION_ARG_STRING_ARRAY, &targets,
                    "run it on this target (may be repeated)", "NAME" },
                { "flavour", 'f', 0, G_OPTION_ARG_STRING, &flavour, flavours, "NAME" },
                { "fault", 0, 0, G_OPTION_ARG_STRING, &fault,
                    "plant this fault into the pipeline (see unpend faults)", "NAME" },
                { "trace", 0, 0, G_OPTION_ARG_NONE, &trace,
                    "print the trace: calls, answers and timers in virtual time", NULL },
                { "json", 0, 0, G_OPTION_ARG_NONE, &json, "print JSON", NULL },
                G_OPTION_ENTRY_NULL,
        };
        struct repro repro = { 0 };
        g_autoptr(JsonBuilder) builder = NULL;
        int status = up_tool_options(&argc, &argv, entries, "CASE…",
            "CASE is a case file or any message; - is standard input. It is run on the target that its folder\n"
            "names (regressions/TARGET/, seeds/TARGET/, TARGET/findings/ of a campaign), else\n"
            "on every target that takes messages; with a fault, on those that have a\n"
            "pipeline. A fault that the case names is planted only when --fault says so.\n"
            "Exit status: 0 passed, 1 finding, 125 cannot be run, 129 wrong usage (2 in the\n"
            "other commands: `git bisect run` stops at 129 only).");

        if (status >= 0)
                return status;
        if (targets == NULL)
                targets = g_new0(char *, 1);
        repro.targets = targets;
        repro.fault = fault;
        repro.columns = trace ? up_tool_columns() : 0;
        repro.flavour = up_flavour_find(flavour);
        if (repro.flavour == NULL)
                return UP_STATUS_BISECT_USAGE;
        status = check_arguments(&repro, argv + 1);
        if (status >= 0)
                return status;
        if (json)
                repro.json = builder = json_builder_new();
        return run_cases(&repro, argv + 1);
}
