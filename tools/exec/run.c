/*
 * run - what the child's report and its last words say
 */
#include "tools/exec/run.h"

#include <gio/gio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "target/environment.h"
#include "tools/exec/child.h"
#include "tools/exec/sanitizer.h"
#include "tools/cli/tool.h"

/* Of cases that ran well alone: so much of processor time for each of them together, besides. */
#define EACH_S 2

/* Of processor time. */
#define LIMIT_S         60
#define COUNTED_LIMIT_S 600
#define HANG_LIMIT_S    5

const struct up_flavour up_flavours[UP_FLAVOUR_COUNT] = {
        { "replay", "gcc, ASan and UBSan, the system's libraries", "make replay", false, false,
            false },
        { "libfuzzer", "clang, libFuzzer, ASan and UBSan, instrumented libraries", "make libfuzzer",
            true, true, false },
        { "afl", "clang, AFL++, ASan and UBSan, instrumented libraries", "make afl", true, true,
            false },
        { "fuel", "clang, edges counted, ASan and UBSan, instrumented libraries", "make fuel", true,
            false, true },
        { "fuel-gcc", "gcc, edges counted, ASan and UBSan, instrumented libraries", "make fuel-gcc",
            true, false, true },
};

/* What a target always sees of the user's environment. */
static const char *const passed_on[] = { "PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH" };

/* What it sees besides, and the fixed environment of every target. */
static const struct {
        const char *name, *value;
} sanitizing[] = {
        { "ASAN_OPTIONS", "detect_leaks=1:handle_abort=1:handle_sigtrap=1:hard_rss_limit_mb=2048:"
                          "max_allocation_size_mb=256:allocator_may_return_null=0" },
        { "UBSAN_OPTIONS", "print_stacktrace=1" },
};

/* llvm-symbolizer by its names; gcc's sanitizers need none. */
static const char *const symbolizers[] = { "llvm-symbolizer", "llvm-symbolizer-19",
        "llvm-symbolizer-16", "llvm-symbolizer-15", "llvm-symbolizer-14" };

const struct up_flavour *up_flavour_find(const char *name)
{
        g_autoptr(GPtrArray) names = g_ptr_array_new();

        if (name == NULL)
                return &up_flavours[0];
        for (size_t i = 0; i < UP_FLAVOUR_COUNT; i++) {
                if (strcmp(up_flavours[i].name, name) == 0)
                        return &up_flavours[i];
                g_ptr_array_add(names, (char *)up_flavours[i].name);
        }
        up_tool_unknown_name("flavour", name, names);
        return NULL;
}

char *up_flavour_names(void)
{
        g_autoptr(GString) names = g_string_new(NULL);

        for (size_t i = 0; i < UP_FLAVOUR_COUNT; i++)
                g_string_append_printf(names, "%s%s", i > 0 ? ", " : "", up_flavours[i].name);
        return g_strdup(names->str);
}

char *up_flavour_binary(const struct up_flavour *flavour, const char *target)
{
        return g_build_filename(up_tool_build(), flavour->name, "fuzz", target, NULL);
}

char *up_flavour_check_built(const struct up_flavour *flavour, const char *target)
{
        g_autofree char *binary = up_flavour_binary(flavour, target);

        if (g_file_test(binary, G_FILE_TEST_IS_EXECUTABLE))
                return NULL;
        return g_strdup_printf("%s is not built: %s", binary, flavour->remedy);
}

char **up_run_environment(void)
{
        char **environment = g_new0(char *, 1);

        for (size_t i = 0; i < G_N_ELEMENTS(passed_on); i++)
                if (g_getenv(passed_on[i]) != NULL)
                        environment = g_environ_setenv(
                            environment, passed_on[i], g_getenv(passed_on[i]), TRUE);
        for (size_t i = 0; i < G_N_ELEMENTS(up_fixed_environment); i++)
                environment = g_environ_setenv(
                    environment, up_fixed_environment[i].name, up_fixed_environment[i].value, TRUE);
        for (size_t i = 0; i < G_N_ELEMENTS(sanitizing); i++)
                environment =
                    g_environ_setenv(environment, sanitizing[i].name, sanitizing[i].value, TRUE);
        for (size_t i = 0; i < G_N_ELEMENTS(symbolizers); i++) {
                g_autofree char *path = g_find_program_in_path(symbolizers[i]);
                if (path != NULL)
                        return g_environ_setenv(environment, "ASAN_SYMBOLIZER_PATH", path, TRUE);
        }
        return environment;
}

/* --- what happened ------------------------------------------------------------------------ */

static void add_finding(struct up_run *run, struct up_finding *finding)
{
        g_ptr_array_add(run->findings, finding);
        run->status = UP_RUN_FOUND;
}

static unsigned index_member(JsonObject *object, const char *name)
{
        return (unsigned)json_object_get_int_member_with_default(object, name, G_MAXUINT);
}

/* NULL: it is of no class that there is. */
static struct up_finding *read_finding(JsonObject *object)
{
        struct up_finding *finding;
        enum up_class class;

        if (!up_class_by_name(json_object_get_string_member(object, "class"), &class))
                return NULL;
        finding = up_finding_new(class, json_object_get_string_member(object, "signature"),
            json_object_get_string_member(object, "detail"));
        up_evidence_by_name(
            json_object_get_string_member_with_default(object, "evidence", ""), &finding->evidence);
        finding->message = (uint64_t)json_object_get_int_member_with_default(object, "message", 0);
        finding->recipient = index_member(object, "recipient");
        finding->role =
            up_role_by_name(json_object_get_string_member_with_default(object, "role", ""));
        finding->shown_at = index_member(object, "shown-at");
        finding->critical_at = index_member(object, "critical-at");
        return finding;
}

static void read_report_findings(struct up_run *run, JsonArray *findings)
{
        for (guint i = 0; i < json_array_get_length(findings); i++) {
                struct up_finding *finding =
                    read_finding(json_array_get_object_element(findings, i));
                if (finding != NULL)
                        add_finding(run, finding);
        }
}

/* One line of it; false when it is no whole one. */
static bool read_report(struct up_run *run, const char *line)
{
        g_autoptr(JsonParser) parser = json_parser_new();
        g_autoptr(GStrvBuilder) limits = g_strv_builder_new();
        JsonObject *report, *counts;
        JsonArray *array;

        if (!json_parser_load_from_data(parser, line, -1, NULL) ||
            json_parser_get_root(parser) == NULL)
                return false;
        report = json_node_get_object(json_parser_get_root(parser));
        counts = json_object_get_object_member(report, "counts");
        for (int i = 0; i < UP_COUNTS; i++)
                run->counts[i] =
                    (uint64_t)json_object_get_int_member_with_default(counts, up_count_names[i], 0);
        for (int i = 0; i < UP_ORACLES; i++)
                run->judged[i] = (uint64_t)json_object_get_int_member_with_default(
                    counts, up_oracle_rows[i].name, 0);
        run->fuel = (uint64_t)json_object_get_int_member_with_default(report, "fuel", 0);
        run->trace = g_strdup(json_object_get_string_member_with_default(report, "trace", NULL));
        run->unscannable = json_object_get_boolean_member(report, "unscannable");
        array = json_object_get_array_member(report, "limits");
        for (guint i = 0; i < json_array_get_length(array); i++)
                g_strv_builder_add(limits, json_array_get_string_element(array, i));
        g_strfreev(run->limits);
        run->limits = g_strv_builder_end(limits);
        read_report_findings(run, json_object_get_array_member(report, "findings"));
        return true;
}

/* --- the same again --------------------------------------------------------------------------- */

/* What of a report is the same however often, and wherever, the case is run. */
static const char *const compared[] = { "findings", "counts", "unscannable", "limits" };

static char *text_of(JsonObject *object, const char *name)
{
        JsonNode *node = json_object_get_member(object, name);

        return node != NULL ? json_to_string(node, FALSE) : g_strdup("nothing");
}

/* The caller owns the result; NULL when it is no whole line. */
static char *outcome_of(const char *line)
{
        g_autoptr(JsonNode) report = json_from_string(line, NULL);
        g_autoptr(JsonNode) outcome = json_node_new(JSON_NODE_OBJECT);
        JsonObject *object = json_object_new();

        json_node_take_object(outcome, object);
        if (report == NULL || !JSON_NODE_HOLDS_OBJECT(report))
                return NULL;
        for (size_t i = 0; i < G_N_ELEMENTS(compared); i++) {
                JsonNode *node = json_object_get_member(json_node_get_object(report), compared[i]);
                if (node != NULL)
                        json_object_set_member(object, compared[i], json_node_copy(node));
        }
        return json_to_string(outcome, FALSE);
}

/* Of two objects the first member, in order of the first one, that they do not share. */
static char *different_member(JsonObject *before, JsonObject *after, char **ret_was, char **ret_is)
{
        g_autoptr(GList) names = json_object_get_members(before);

        for (GList *name = names; name != NULL; name = name->next) {
                g_autofree char *was = text_of(before, name->data);
                g_autofree char *is = text_of(after, name->data);
                if (strcmp(was, is) == 0)
                        continue;
                *ret_was = g_steal_pointer(&was);
                *ret_is = g_steal_pointer(&is);
                return g_strdup(name->data);
        }
        *ret_was = g_strdup("nothing");
        *ret_is = g_strdup("more");
        return g_strdup("members");
}

/* Of counts the very one; of findings all, which are few. */
static char *name_difference(JsonObject *before, JsonObject *after, char **ret_was, char **ret_is)
{
        g_autofree char *name = different_member(before, after, ret_was, ret_is);
        JsonNode *was = json_object_get_member(before, name);
        JsonNode *is = json_object_get_member(after, name);

        if (was == NULL || is == NULL || !JSON_NODE_HOLDS_OBJECT(was) ||
            !JSON_NODE_HOLDS_OBJECT(is))
                return g_steal_pointer(&name);
        g_clear_pointer(ret_was, g_free);
        g_clear_pointer(ret_is, g_free);
        g_autofree char *inner =
            different_member(json_node_get_object(was), json_node_get_object(is), ret_was, ret_is);
        return g_strdup_printf("%s, %s", name, inner);
}

/* Adds a finding if they are not the same; @when tells of the second one. */
static void compare(struct up_run *run, const char *before, const char *after, const char *when)
{
        g_autofree char *was = NULL, *is = NULL, *name = NULL, *detail = NULL;

        if (strcmp(before, after) == 0)
                return;
        g_autoptr(JsonNode) first = json_from_string(before, NULL);
        g_autoptr(JsonNode) second = json_from_string(after, NULL);
        name =
            name_difference(json_node_get_object(first), json_node_get_object(second), &was, &is);
        detail = g_strdup_printf("%s: %.400s, and %s %.400s", name, was, when, is);
        add_finding(run, up_finding_new(UP_CLASS_NONDETERMINISTIC, name, detail));
}

/* --- how it ended ----------------------------------------------------------------------------- */

/* The lines of a report, as far as it got. An array that frees them. */
static GPtrArray *read_lines(const char *path)
{
        GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
        g_autofree char *text = NULL;
        g_auto(GStrv) pieces = NULL;

        if (!g_file_get_contents(path, &text, NULL, NULL))
                return lines;
        pieces = g_strsplit(text, "\n", -1);
        for (char **piece = pieces; *piece != NULL; piece++)
                if (**piece != '\0')
                        g_ptr_array_add(lines, g_strdup(*piece));
        return lines;
}

/* The first line is what the case did; false when there is no whole line of each time. */
static bool read_reports(struct up_run *run, const struct up_child_request *order)
{
        g_autoptr(GPtrArray) lines = read_lines(order->report);

        if (lines->len == 0 || !read_report(run, lines->pdata[0]))
                return false;
        run->outcome = outcome_of(lines->pdata[0]);
        for (guint i = 1; i < lines->len; i++) {
                g_autofree char *again = outcome_of(lines->pdata[i]);
                if (again == NULL)
                        return false;
                compare(run, run->outcome, again, "the second time in one process");
        }
        /* libFuzzer looks twice where something is left behind. */
        return lines->len >= g_strv_length((char **)order->inputs);
}

static char *last_line(const char *text)
{
        g_autofree char *owned = g_strchomp(g_strdup(text));
        const char *line = strrchr(owned, '\n');

        return g_strdup(line != NULL ? line + 1 : owned);
}

static void cannot(struct up_run *run, char *why)
{
        run->status = UP_RUN_UNRUNNABLE;
        run->reason = why;
}

/* What killed the process, if anything did. */
static bool judge_end(struct up_run *run, int wait_status)
{
        struct up_finding *fault = up_sanitizer_read(run->output, run->frames);

        run->leaks_unchecked = strstr(run->output, "LeakSanitizer has encountered a fatal") != NULL;
        if (fault == NULL && WIFSIGNALED(wait_status))
                fault = up_sanitizer_signal(WTERMSIG(wait_status));
        if (fault == NULL)
                return false;
        g_clear_pointer(&run->outcome, g_free);
        add_finding(run, fault);
        return true;
}

static void judge(struct up_run *run, const char *binary, int wait_status, bool reported)
{
        if (judge_end(run, wait_status))
                return;
        if (!reported ||
            (WEXITSTATUS(wait_status) != 0 && run->findings->len == 0 && !run->leaks_unchecked)) {
                g_autofree char *said = last_line(run->output);
                cannot(run, g_strdup_printf("%s %s, exit status %d%s%s", binary,
                                reported ? "did not end well" : "left no report",
                                WEXITSTATUS(wait_status), said[0] != '\0' ? ": " : "", said));
        }
}

static struct up_run *run_new(void)
{
        struct up_run *run = g_new0(struct up_run, 1);

        run->status = UP_RUN_PASSED;
        run->findings = g_ptr_array_new_with_free_func((GDestroyNotify)up_finding_free);
        run->frames = up_frames_new();
        run->limits = g_new0(char *, 1);
        run->output = g_strdup("");
        return run;
}

/* What the target sees of the order, and of the user's environment. */
static char **environment_of(const struct up_run_request *order, bool whole_stacks)
{
        char **environment = up_run_environment();

        if (order->fault != NULL)
                environment = g_environ_setenv(environment, "UNPEND_FAULT", order->fault, TRUE);
        if (order->trace_columns > 0) {
                g_autofree char *columns = g_strdup_printf("%u", order->trace_columns);
                environment = g_environ_setenv(environment, "UNPEND_TRACE", columns, TRUE);
        }
        if (whole_stacks) {
                g_autofree char *options =
                    g_strconcat(g_environ_getenv(environment, "ASAN_OPTIONS"),
                        ":fast_unwind_on_malloc=0:max_allocation_size_mb=64:malloc_context_size=20",
                        NULL);
                environment = g_environ_setenv(environment, "ASAN_OPTIONS", options, TRUE);
        }
        return environment;
}

/* False when nobody need look further: it was stopped. */
static bool take_end(
    struct up_run *run, const struct up_child_request *order, const struct up_child_end *end)
{
        run->seconds = end->seconds;
        g_free(run->output);
        run->output = end->output;
        if (end->wake == UP_WAKE_INTERRUPTED)
                run->status = UP_RUN_INTERRUPTED;
        else if (end->wake == UP_WAKE_LATE)
                add_finding(run, up_sanitizer_hang(run->output, order->limit_s, run->frames));
        else if (end->wake == UP_WAKE_LARGE)
                add_finding(run, up_sanitizer_large());
        return end->wake == UP_WAKE_ENDED;
}

static void understand(
    struct up_run *run, const struct up_child_request *order, const struct up_child_end *end)
{
        if (take_end(run, order, end))
                judge(run, order->binary, end->wait_status, read_reports(run, order));
}

/* In a fork, as far as that goes. False: it did not, and nothing is known. */
static bool run_warm(
    struct up_run *run, struct up_fork_server *warm, const struct up_child_request *order)
{
        struct up_child_end end;

        if (!up_fork_server_run(warm, order, &end, NULL))
                return false;
        if (end.wake != UP_WAKE_LARGE) {
                understand(run, order, &end);
                return true;
        }
        g_free(end.output);
        return false;
}

static void run_fresh(struct up_run *run, const struct up_child_request *order)
{
        struct up_child_end end;
        g_autoptr(GError) error = NULL;

        if (up_child_run(order, &end, &error))
                understand(run, order, &end);
        else
                cannot(run, g_strdup(error->message));
}

static void run_once(
    struct up_run *run, struct up_fork_server *warm, const struct up_child_request *child)
{
        if (warm != NULL && run_warm(run, warm, child))
                return;
        if (truncate(child->report, 0) == 0) /* a fork may have begun it */
                run_fresh(run, child);
        else
                cannot(run, g_strdup_printf("cannot write to %s", child->report));
}

/* A leak, or too much memory: who asked for it is what names the finding. */
static bool is_of_allocation(const struct up_run *run)
{
        for (guint i = 0; i < run->findings->len; i++) {
                const struct up_finding *finding = g_ptr_array_index(run->findings, i);
                if (finding->class == UP_CLASS_LEAK || finding->class == UP_CLASS_MEMORY)
                        return true;
        }
        return false;
}

unsigned up_run_limit_s(const struct up_run_request *order)
{
        return order->limit_s > 0             ? order->limit_s
               : order->flavour->counts_edges ? COUNTED_LIMIT_S
                                              : LIMIT_S;
}

unsigned up_run_hang_limit_s(const struct up_run_request *order)
{
        return order->flavour->counts_edges ? up_run_limit_s(order) : HANG_LIMIT_S;
}

/* An empty file for the report; NULL when there can be none. */
static char *new_report(struct up_run *run)
{
        g_autoptr(GError) error = NULL;
        char *path = NULL;
        int fd = g_file_open_tmp("unpend-XXXXXX.json", &path, &error);

        if (fd >= 0)
                close(fd);
        else
                cannot(run, g_strdup(error->message));
        return path;
}

static struct up_run *run_order(
    const struct up_run_request *order, struct up_fork_server *warm, bool whole_stacks)
{
        struct up_run *run = run_new();
        g_autofree char *binary = up_flavour_binary(order->flavour, order->target);
        g_auto(GStrv) environment = environment_of(order, whole_stacks);
        char *const inputs[] = { (char *)order->path, order->repeat ? (char *)order->path : NULL,
                NULL };
        g_autofree char *report = new_report(run);

        if (report == NULL)
                return run;
        run_once(run, warm,
            &(struct up_child_request){
                .binary = binary,
                .inputs = inputs,
                .report = report,
                .environment = environment,
                .limit_s = up_run_limit_s(order),
            });
        unlink(report);
        return run;
}

/*
 * Who allocated is only seen by unwinding that would slow down all the rest. Takes both runs, and
 * gives back the one that counts.
 */
static struct up_run *better_of(struct up_run *run, struct up_run *with_whole_stacks)
{
        bool better =
            is_of_allocation(with_whole_stacks) || with_whole_stacks->status == UP_RUN_INTERRUPTED;

        up_run_free(better ? run : with_whole_stacks);
        return better ? with_whole_stacks : run;
}

/* --- many in one process ---------------------------------------------------------------------- */

static void compare_all(
    struct up_run *run, const GPtrArray *lines, char *const *paths, char *const *outcomes)
{
        guint cases = g_strv_length((char **)paths);

        for (guint i = 0; i < MIN(lines->len, cases); i++) {
                g_autofree char *outcome = outcome_of(lines->pdata[i]);
                g_autofree char *when = g_strdup_printf("among the others %s", paths[i]);
                if (outcome != NULL)
                        compare(run, outcomes[i], outcome, when);
        }
        if (lines->len >= cases || run->status == UP_RUN_INTERRUPTED)
                return;
        g_autofree char *detail = g_strdup_printf(
            "%s ended well in a process of its own, and not among the others", paths[lines->len]);
        add_finding(run, up_finding_new(UP_CLASS_NONDETERMINISTIC, "how it ended", detail));
}

/* What a case finds is known: here counts whether it is the same, and how all of it ended. */
static void understand_all(struct up_run *run, const struct up_child_request *order,
    const struct up_child_end *end, char *const *outcomes)
{
        g_autoptr(GPtrArray) lines = read_lines(order->report);

        if (take_end(run, order, end))
                judge_end(run, end->wait_status);
        compare_all(run, lines, order->inputs, outcomes);
}

/* Each file, once done with, has its line. */
static void understand_last(
    struct up_run *run, const struct up_child_request *order, const struct up_child_end *end)
{
        g_autoptr(GPtrArray) lines = read_lines(order->report);
        guint last = g_strv_length((char **)order->inputs) - 1;
        bool done = lines->len > last;
        bool ended = take_end(run, order, end);

        if (lines->len < last && run->status != UP_RUN_INTERRUPTED) {
                g_ptr_array_set_size(run->findings, 0);
                cannot(run, g_strdup_printf("the process did not come to %s, for %s",
                                order->inputs[last], order->inputs[lines->len]));
        } else if (ended) {
                judge(run, order->binary, end->wait_status,
                    done && read_report(run, lines->pdata[last]));
        }
}

/*
 * An engine may look at a file twice, and names none in its reports: its program runs them in a
 * fork of a parent that is started for it, where no engine has begun.
 */
static bool run_several(const struct up_run_request *order, const struct up_child_request *child,
    struct up_child_end *ret_end, GError **error)
{
        struct up_fork_server *warm;
        bool done;

        if (!order->flavour->engine)
                return up_child_run(child, ret_end, error);
        warm = up_fork_server_new(child->binary, child->environment, error);
        done = warm != NULL && up_fork_server_run(warm, child, ret_end, error);
        up_fork_server_free(warm);
        return done;
}

/* With @outcomes they are to be the same again; without, it is the last one that counts. */
static struct up_run *run_many(const struct up_run_request *order, char *const *paths,
    char *const *outcomes, bool whole_stacks)
{
        struct up_run *run = run_new();
        g_autofree char *binary = up_flavour_binary(order->flavour, order->target);
        g_auto(GStrv) environment = environment_of(order, whole_stacks);
        unsigned limit_s = up_run_limit_s(order);
        g_autoptr(GError) error = NULL;
        g_autofree char *report = new_report(run);
        struct up_child_end end;

        if (report == NULL)
                return run;
        const struct up_child_request child = {
                .binary = binary,
                .inputs = paths,
                .report = report,
                .environment = environment,
                .limit_s = limit_s + EACH_S * g_strv_length((char **)paths),
        };
        if (!run_several(order, &child, &end, &error))
                cannot(run, g_strdup(error->message));
        else if (outcomes != NULL)
                understand_all(run, &child, &end, outcomes);
        else
                understand_last(run, &child, &end);
        unlink(report);
        return run;
}

struct up_run *up_run_batch(
    const struct up_run_request *order, char *const *paths, char *const *outcomes)
{
        return run_many(order, paths, outcomes, false);
}

struct up_run *up_run_sequence(const struct up_run_request *order, char *const *paths)
{
        struct up_run *run = run_many(order, paths, NULL, false);

        return is_of_allocation(run) ? better_of(run, run_many(order, paths, NULL, true)) : run;
}

/* --- which finding ---------------------------------------------------------------------------- */

static bool is_asked_for(const struct up_finding *finding, const struct up_case *c)
{
        return g_strcmp0(c->finding, up_class_rows[finding->class].name) == 0 &&
               (c->evidence == NULL ||
                   strcmp(c->evidence, up_evidence_rows[finding->evidence].name) == 0);
}

struct up_finding *up_run_expected_finding(const struct up_run *run, const struct up_case *c)
{
        for (guint i = 0; i < run->findings->len; i++)
                if (is_asked_for(run->findings->pdata[i], c))
                        return run->findings->pdata[i];
        return NULL;
}

char *up_run_describe_findings(const struct up_run *run)
{
        GString *text = g_string_new(NULL);

        for (guint i = 0; i < run->findings->len; i++) {
                const struct up_finding *finding = g_ptr_array_index(run->findings, i);
                const char *evidence = up_evidence_rows[finding->evidence].name;
                g_string_append_printf(text, "%s%s%s%s: %s", text->len > 0 ? "; " : "",
                    up_class_rows[finding->class].name, *evidence != '\0' ? ", " : "", evidence,
                    finding->signature);
        }
        return g_string_free(text, FALSE);
}

struct up_finding *up_run_select_finding(
    const struct up_run *run, const struct up_case *c, const char *slug)
{
        struct up_finding *first = NULL;

        for (guint i = 0; i < run->findings->len; i++) {
                struct up_finding *finding = g_ptr_array_index(run->findings, i);
                g_autofree char *its = up_finding_slug(finding);
                if (slug != NULL && strcmp(its, slug) != 0)
                        continue;
                if (is_asked_for(finding, c))
                        return finding;
                if (first == NULL)
                        first = finding;
        }
        return first;
}

struct up_finding *up_run_find_same(const struct up_run *run, const struct up_finding *wanted)
{
        for (guint i = 0; i < run->findings->len; i++) {
                struct up_finding *finding = g_ptr_array_index(run->findings, i);
                if (finding->class == wanted->class && finding->evidence == wanted->evidence &&
                    finding->role == wanted->role &&
                    strcmp(finding->signature, wanted->signature) == 0)
                        return finding;
        }
        return NULL;
}

struct up_finding *up_run_steal_finding(struct up_run *run, struct up_finding *finding)
{
        guint index;

        if (finding == NULL)
                return NULL;
        g_ptr_array_find(run->findings, finding, &index);
        return g_ptr_array_steal_index(run->findings, index);
}

/* --- warm ------------------------------------------------------------------------------------- */

/* A warm parent that waits for its next case, and what it was started for. */
struct idle {
        const struct up_flavour *flavour;
        char *target, *fault;
        unsigned trace_columns;
        bool whole_stacks;
        struct up_fork_server *warm;
};

struct up_runner {
        GMutex lock;
        GPtrArray *idle; /* of struct idle, owned */
};

static void idle_free(void *data)
{
        struct idle *idle = data;

        up_fork_server_free(idle->warm);
        g_free(idle->target);
        g_free(idle->fault);
        g_free(idle);
}

static bool is_for(const struct idle *idle, const struct up_run_request *order, bool whole_stacks)
{
        return idle->flavour == order->flavour && strcmp(idle->target, order->target) == 0 &&
               g_strcmp0(idle->fault, order->fault) == 0 &&
               idle->trace_columns == order->trace_columns && idle->whole_stacks == whole_stacks;
}

static struct idle *idle_new(const struct up_run_request *order, bool whole_stacks)
{
        g_autofree char *binary = up_flavour_binary(order->flavour, order->target);
        g_auto(GStrv) environment = environment_of(order, whole_stacks);
        struct up_fork_server *warm = up_fork_server_new(binary, environment, NULL);
        struct idle *idle;

        if (warm == NULL)
                return NULL;
        idle = g_new0(struct idle, 1);
        idle->flavour = order->flavour;
        idle->target = g_strdup(order->target);
        idle->fault = g_strdup(order->fault);
        idle->trace_columns = order->trace_columns;
        idle->whole_stacks = whole_stacks;
        idle->warm = warm;
        return idle;
}

/* The caller's alone until it is given back. NULL where there can be none. */
static struct idle *take(
    struct up_runner *runner, const struct up_run_request *order, bool whole_stacks)
{
        struct idle *idle = NULL;

        g_mutex_lock(&runner->lock);
        for (guint i = 0; i < runner->idle->len && idle == NULL; i++)
                if (is_for(runner->idle->pdata[i], order, whole_stacks))
                        idle = g_ptr_array_steal_index_fast(runner->idle, i);
        g_mutex_unlock(&runner->lock);
        return idle != NULL ? idle : idle_new(order, whole_stacks);
}

static void give_back(struct up_runner *runner, struct idle *idle)
{
        g_mutex_lock(&runner->lock);
        g_ptr_array_add(runner->idle, idle);
        g_mutex_unlock(&runner->lock);
}

struct up_runner *up_runner_new(void)
{
        struct up_runner *runner = g_new0(struct up_runner, 1);

        g_mutex_init(&runner->lock);
        runner->idle = g_ptr_array_new_with_free_func(idle_free);
        return runner;
}

/* In a fork, unless @runner is NULL. */
static struct up_run *run_whole(
    struct up_runner *runner, const struct up_run_request *order, bool whole_stacks)
{
        struct idle *idle = runner != NULL ? take(runner, order, whole_stacks) : NULL;
        struct up_run *run = run_order(order, idle != NULL ? idle->warm : NULL, whole_stacks);

        if (idle != NULL && up_fork_server_is_alive(idle->warm))
                give_back(runner, idle);
        else if (idle != NULL)
                idle_free(idle);
        return run;
}

static struct up_run *run_case(struct up_runner *runner, const struct up_run_request *order)
{
        char *missing = up_flavour_check_built(order->flavour, order->target);
        struct up_run *run;

        if (missing != NULL) {
                run = run_new();
                cannot(run, missing);
                return run;
        }
        run = run_whole(runner, order, false);
        return is_of_allocation(run) ? better_of(run, run_whole(runner, order, true)) : run;
}

struct up_run *up_run_case(const struct up_run_request *order)
{
        return run_case(NULL, order);
}

struct up_run *up_runner_run(struct up_runner *runner, const struct up_run_request *order)
{
        return run_case(runner, order);
}

void up_runner_free(struct up_runner *runner)
{
        g_ptr_array_unref(runner->idle);
        g_mutex_clear(&runner->lock);
        g_free(runner);
}

/* --- JSON --------------------------------------------------------------------------------- */

static void add_text(JsonBuilder *json, const char *name, const char *text)
{
        up_tool_json_text(json, name, text);
}

static void add_index(JsonBuilder *json, const char *name, unsigned index)
{
        if (index != G_MAXUINT)
                up_tool_json_number(json, name, index);
}

void up_finding_build_members(const struct up_finding *finding, JsonBuilder *json)
{
        bool has_evidence = finding->evidence != UP_EVIDENCE_NONE;

        add_text(json, "class", up_class_rows[finding->class].name);
        add_text(json, "evidence", has_evidence ? up_evidence_rows[finding->evidence].name : NULL);
        add_text(json, "signature", finding->signature);
        add_text(json, "detail", finding->detail);
        if (finding->message != 0)
                up_tool_json_number(json, "message", (gint64)finding->message);
        if (finding->role != UP_ROLE_NONE)
                add_text(json, "role", up_role_names[finding->role]);
        add_index(json, "recipient", finding->recipient);
        add_index(json, "shown-at", finding->shown_at);
        add_index(json, "critical-at", finding->critical_at);
}

void up_finding_build_json(const struct up_finding *finding, JsonBuilder *json)
{
        g_autofree char *slug = up_finding_slug(finding);

        json_builder_begin_object(json);
        up_finding_build_members(finding, json);
        add_text(json, "slug", slug);
        json_builder_end_object(json);
}

static void build_frame(JsonBuilder *json, const struct up_frame *frame)
{
        json_builder_begin_object(json);
        add_text(json, "function", frame->function);
        add_text(json, "place", frame->place);
        json_builder_end_object(json);
}

static void build_counts(JsonBuilder *json, const struct up_run *run)
{
        json_builder_set_member_name(json, "counts");
        json_builder_begin_object(json);
        for (int i = 0; i < UP_COUNTS; i++)
                up_tool_json_number(json, up_count_names[i], (gint64)run->counts[i]);
        for (int i = 0; i < UP_ORACLES; i++)
                if (run->judged[i] > 0)
                        up_tool_json_number(json, up_oracle_rows[i].name, (gint64)run->judged[i]);
        json_builder_end_object(json);
}

void up_run_build_json(const struct up_run *run, JsonBuilder *json)
{
        static const char *const status_names[] = {
                [UP_RUN_PASSED] = "passed",
                [UP_RUN_FOUND] = "found",
                [UP_RUN_UNRUNNABLE] = "cannot-run",
                [UP_RUN_INTERRUPTED] = "interrupted",
        };

        json_builder_begin_object(json);
        add_text(json, "status", status_names[run->status]);
        if (run->reason != NULL)
                add_text(json, "why", run->reason);
        json_builder_set_member_name(json, "seconds");
        json_builder_add_double_value(json, run->seconds);
        json_builder_set_member_name(json, "findings");
        json_builder_begin_array(json);
        for (guint i = 0; i < run->findings->len; i++)
                up_finding_build_json(g_ptr_array_index(run->findings, i), json);
        json_builder_end_array(json);
        json_builder_set_member_name(json, "stack");
        json_builder_begin_array(json);
        for (guint i = 0; i < run->frames->len; i++)
                build_frame(json, g_ptr_array_index(run->frames, i));
        json_builder_end_array(json);
        build_counts(json, run);
        if (run->fuel > 0)
                up_tool_json_number(json, "fuel", (gint64)run->fuel);
        up_tool_json_bool(json, "unscannable", run->unscannable);
        json_builder_set_member_name(json, "limits");
        json_builder_begin_array(json);
        for (char **limit = run->limits; *limit != NULL; limit++)
                json_builder_add_string_value(json, *limit);
        json_builder_end_array(json);
        if (run->trace != NULL) {
                json_builder_set_member_name(json, "trace");
                json_builder_add_string_value(json, run->trace);
        }
        json_builder_end_object(json);
}

void up_run_free(struct up_run *run)
{
        if (run == NULL)
                return;
        g_ptr_array_unref(run->findings);
        g_ptr_array_unref(run->frames);
        g_strfreev(run->limits);
        g_free(run->output);
        g_free(run->outcome);
        g_free(run->trace);
        g_free(run->reason);
        g_free(run);
}
