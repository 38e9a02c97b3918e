/*
 * run - a request becomes a process, its report and its end become a run
 */
#include "tools/exec/run.h"

#include <gio/gio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "target/environment.h"
#include "tools/cli/tool.h"
#include "tools/exec/child.h"
#include "tools/exec/sanitizer.h"

/* Processor time. */
#define LIMIT_S         60
#define COUNTED_LIMIT_S 600
#define HANG_LIMIT_S    5
#define BATCH_CASE_S    2 /* of several cases in one process, for each, on top of the limit */

/* What a target always sees of the user's environment. */
static const char *const passed_on[] = { "PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH" };

#define FRAMES "stack_trace_format='" UP_FRAME_FORMAT "'"

/* What it sees besides, and the fixed environment of every target. */
static const struct {
        const char *name, *value;
} sanitizing[] = {
        { "ASAN_OPTIONS", "detect_leaks=1:handle_abort=1:handle_sigtrap=1:hard_rss_limit_mb=2048:"
                          "max_allocation_size_mb=256:allocator_may_return_null=0:" FRAMES },
        { "UBSAN_OPTIONS", "print_stacktrace=1:" FRAMES },
};

/* Finds the caller of each allocation, for LeakSanitizer to name: slow. */
#define WHOLE_STACKS ":fast_unwind_on_malloc=0:max_allocation_size_mb=64:malloc_context_size=20"

#define TIGHT_MEMORY ":max_allocation_size_mb=32:hard_rss_limit_mb=256"

/* llvm-symbolizer by its names; gcc's sanitizers need none. */
static const char *const symbolizers[] = { "llvm-symbolizer", "llvm-symbolizer-19",
        "llvm-symbolizer-16", "llvm-symbolizer-15", "llvm-symbolizer-14" };

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

static char **request_environment(const struct up_run_request *request, bool whole_stacks)
{
        char **environment = up_run_environment();

        if (request->fault != NULL)
                environment = g_environ_setenv(environment, "UNPEND_FAULT", request->fault, TRUE);
        if (request->trace_columns > 0) {
                g_autofree char *columns = g_strdup_printf("%u", request->trace_columns);
                environment = g_environ_setenv(environment, "UNPEND_TRACE", columns, TRUE);
        }
        g_autofree char *options = g_strconcat(g_environ_getenv(environment, "ASAN_OPTIONS"),
            whole_stacks ? WHOLE_STACKS : "", request->tight_memory ? TIGHT_MEMORY : "", NULL);
        return g_environ_setenv(environment, "ASAN_OPTIONS", options, TRUE);
}

unsigned up_run_limit_s(const struct up_run_request *request)
{
        if (request->limit_s > 0)
                return request->limit_s;
        return request->flavour->counts_edges ? COUNTED_LIMIT_S : LIMIT_S;
}

unsigned up_run_hang_limit_s(const struct up_run_request *request)
{
        return request->flavour->counts_edges ? up_run_limit_s(request) : HANG_LIMIT_S;
}

/* --- a run -------------------------------------------------------------------------------- */

static struct up_run *run_new(void)
{
        struct up_run *run = g_new0(struct up_run, 1);

        run->status = UP_RUN_PASSED;
        up_input_result_init(&run->result);
        run->frames = up_frames_new();
        run->output = g_strdup("");
        return run;
}

void up_run_free(struct up_run *run)
{
        if (run == NULL)
                return;
        up_input_result_clear(&run->result);
        g_ptr_array_unref(run->frames);
        g_free(run->output);
        g_clear_pointer(&run->lines, g_ptr_array_unref);
        g_free(run->outcome);
        g_free(run->reason);
        g_free(run);
}

static void add_finding(struct up_run *run, struct up_finding *finding)
{
        g_ptr_array_add(run->result.findings, finding);
        run->status = UP_RUN_FOUND;
}

/* Takes @reason. */
static void set_unrunnable(struct up_run *run, char *reason)
{
        run->status = UP_RUN_UNRUNNABLE;
        run->reason = reason;
}

/* --- comparing outcomes ------------------------------------------------------------------- */

/* The members of a report that do not depend on how often or where a case is run. */
static const char *const compared[] = { "findings", "counts", "unscannable", "limits" };

static char *text_of(JsonObject *object, const char *name)
{
        JsonNode *node = json_object_get_member(object, name);

        return node != NULL ? json_to_string(node, FALSE) : g_strdup("nothing");
}

/* The caller owns the result; NULL when it is no complete line. */
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

/* The first member, in the order of @before, that differs in two objects. */
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

/* Names the count that differs; of findings, which are few, all are quoted. */
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

/* Adds a finding if two outcomes differ; @when describes the second one. */
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

/* --- judging a process -------------------------------------------------------------------- */

/* How the files of a process are judged. */
enum mode {
        ONE_CASE, /* repetitions of one case: all the same */
        BATCH,    /* each must repeat its outcome: see up_run_compare_batch() */
        SEQUENCE, /* the last one counts */
};

/* The lines of a report so far. An array that frees them. */
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

/* False when it is no complete line. */
static bool read_report(struct up_run *run, const char *line)
{
        g_autoptr(JsonNode) report = json_from_string(line, NULL);

        if (report == NULL || !JSON_NODE_HOLDS_OBJECT(report) ||
            !up_input_result_read(&run->result, json_node_get_object(report)))
                return false;
        if (run->result.findings->len > 0)
                run->status = UP_RUN_FOUND;
        return true;
}

/* Reads the first report, and compares the others with it. False without a line of each. */
static bool read_repetitions(struct up_run *run, const GPtrArray *lines, guint inputs)
{
        if (lines->len == 0 || !read_report(run, lines->pdata[0]))
                return false;
        run->outcome = outcome_of(lines->pdata[0]);
        for (guint i = 1; i < lines->len; i++) {
                g_autofree char *again = outcome_of(lines->pdata[i]);
                if (again == NULL)
                        return false;
                compare(run, run->outcome, again, "the second time in one process");
        }
        /* libFuzzer runs a file again when memory is left behind: there may be more lines. */
        return lines->len >= inputs;
}

static char *last_line(const char *text)
{
        g_autofree char *owned = g_strchomp(g_strdup(text));
        const char *line = strrchr(owned, '\n');

        return g_strdup(line != NULL ? line + 1 : owned);
}

/* Adds what killed the process; false when it exited. */
static bool judge_death(struct up_run *run, int wait_status)
{
        struct up_finding *death = up_sanitizer_parse(run->output, run->frames);

        run->leaks_unchecked = strstr(run->output, "LeakSanitizer has encountered a fatal") != NULL;
        if (death == NULL && WIFSIGNALED(wait_status))
                death = up_sanitizer_signal(WTERMSIG(wait_status));
        if (death == NULL)
                return false;
        g_clear_pointer(&run->outcome, g_free);
        add_finding(run, death);
        return true;
}

/* A case, @reported or not, whose process has ended by itself. */
static void judge_end(struct up_run *run, const char *binary, int wait_status, bool reported)
{
        int status = WEXITSTATUS(wait_status);

        if (judge_death(run, wait_status))
                return;
        if (reported && (status == 0 || run->result.findings->len > 0 || run->leaks_unchecked))
                return;
        g_autofree char *line = last_line(run->output);
        set_unrunnable(run, g_strdup_printf("%s %s, exit status %d%s%s", binary,
                                reported ? "did not end well" : "left no report", status,
                                line[0] != '\0' ? ": " : "", line));
}

void up_run_compare_batch(struct up_run *run, char *const *paths, char *const *outcomes)
{
        const GPtrArray *lines = run->lines;
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

static void judge(struct up_run *run, enum mode mode, const struct up_child_request *child,
    const struct up_child_end *end)
{
        g_autoptr(GPtrArray) lines = read_lines(child->report);
        guint inputs = g_strv_length((char **)child->inputs);
        bool ended = end->wake == UP_WAKE_ENDED;

        run->seconds = end->seconds;
        g_free(run->output);
        run->output = end->output;
        if (end->wake == UP_WAKE_INTERRUPTED)
                run->status = UP_RUN_INTERRUPTED;
        else if (mode == SEQUENCE && lines->len < inputs - 1)
                set_unrunnable(run, g_strdup_printf("the process did not come to %s, for %s",
                                        child->inputs[inputs - 1], child->inputs[lines->len]));
        else if (end->wake == UP_WAKE_LATE)
                add_finding(run, up_sanitizer_hang(run->output, child->limit_s, run->frames));
        else if (end->wake == UP_WAKE_LARGE)
                add_finding(run, up_sanitizer_large());

        if (mode == BATCH) {
                if (ended)
                        judge_death(run, end->wait_status);
                run->lines = g_steal_pointer(&lines);
        } else if (ended && run->status != UP_RUN_UNRUNNABLE) {
                bool reported = mode == ONE_CASE ? read_repetitions(run, lines, inputs)
                                                 : lines->len >= inputs &&
                                                       read_report(run, lines->pdata[inputs - 1]);
                judge_end(run, child->binary, end->wait_status, reported);
        }
}

/* --- running ------------------------------------------------------------------------------ */

/*
 * In a fork of @server, or in a fresh process where there is none, where it died, or where the fork
 * grew too large: in a fresh process a sanitizer reports that.
 */
static bool run_child(struct up_fork_server *server, const struct up_child_request *child,
    struct up_child_end *ret_end, GError **error)
{
        if (server != NULL && up_fork_server_run(server, child, ret_end, NULL)) {
                if (ret_end->wake != UP_WAKE_LARGE)
                        return true;
                g_free(ret_end->output);
        }
        if (truncate(child->report, 0) != 0) { /* a fork may have written to it */
                g_set_error(
                    error, G_IO_ERROR, G_IO_ERROR_FAILED, "cannot write to %s", child->report);
                return false;
        }
        return up_child_run(child, ret_end, error);
}

/*
 * A fuzz engine may run a file twice, and its reports name none. So several files run in a fork of
 * a server that is started for them: there no engine has begun.
 */
static bool run_without_engine(
    const struct up_child_request *child, struct up_child_end *ret_end, GError **error)
{
        struct up_fork_server *server =
            up_fork_server_new(child->binary, child->environment, error);
        bool done = server != NULL && up_fork_server_run(server, child, ret_end, error);

        up_fork_server_free(server);
        return done;
}

/* All of @paths in one process, with the report in memory, so that no file outlives a kill. */
static struct up_run *run_paths(const struct up_run_request *request, enum mode mode,
    char *const *paths, struct up_fork_server *server, bool whole_stacks)
{
        struct up_run *run = run_new();
        g_autofree char *binary = up_flavour_binary(request->flavour, request->target);
        g_auto(GStrv) environment = request_environment(request, whole_stacks);
        g_autoptr(GError) error = NULL;
        int report_fd = memfd_create("report", MFD_CLOEXEC);
        g_autofree char *report = g_strdup_printf("/proc/%d/fd/%d", (int)getpid(), report_fd);
        unsigned more_s = mode == ONE_CASE ? 0 : BATCH_CASE_S * g_strv_length((char **)paths);
        const struct up_child_request child = {
                .binary = binary,
                .inputs = paths,
                .report = report,
                .environment = environment,
                .limit_s = up_run_limit_s(request) + more_s,
        };
        struct up_child_end end;
        bool done;

        if (report_fd < 0) {
                set_unrunnable(run, g_strdup("no file in memory can be made for the report"));
                return run;
        }
        if (mode != ONE_CASE && request->flavour->engine)
                done = run_without_engine(&child, &end, &error);
        else
                done = run_child(server, &child, &end, &error);
        if (done)
                judge(run, mode, &child, &end);
        else
                set_unrunnable(run, g_strdup(error->message));
        close(report_fd);
        return run;
}

/* A leak, or too much memory, without the function that allocated it. */
static bool needs_whole_stacks(const struct up_run *run)
{
        for (guint i = 0; i < run->result.findings->len; i++) {
                const struct up_finding *finding = g_ptr_array_index(run->result.findings, i);
                if (finding->class == UP_CLASS_LEAK ||
                    (finding->class == UP_CLASS_MEMORY && run->frames->len == 0))
                        return true;
        }
        return false;
}

static bool has_allocation(const struct up_run *run)
{
        for (guint i = 0; i < run->result.findings->len; i++) {
                const struct up_finding *finding = g_ptr_array_index(run->result.findings, i);
                if (finding->class == UP_CLASS_LEAK || finding->class == UP_CLASS_MEMORY)
                        return true;
        }
        return false;
}

/* Takes both runs; returns the one with the better signature. */
static struct up_run *better_of(struct up_run *run, struct up_run *with_whole_stacks)
{
        bool better =
            has_allocation(with_whole_stacks) || with_whole_stacks->status == UP_RUN_INTERRUPTED;

        up_run_free(better ? run : with_whole_stacks);
        return better ? with_whole_stacks : run;
}

struct up_run *up_run_batch(const struct up_run_request *request, char *const *paths)
{
        return run_paths(request, BATCH, paths, NULL, false);
}

struct up_run *up_run_sequence(const struct up_run_request *request, char *const *paths)
{
        struct up_run *run = run_paths(request, SEQUENCE, paths, NULL, false);

        if (!needs_whole_stacks(run))
                return run;
        return better_of(run, run_paths(request, SEQUENCE, paths, NULL, true));
}

/* --- fork servers ------------------------------------------------------------------------- */

/* A fork server that waits for its next case, and the requests that it serves. */
struct idle {
        const struct up_flavour *flavour;
        char *target, *fault;
        unsigned trace_columns;
        bool tight_memory, whole_stacks;
        struct up_fork_server *server;
};

struct up_runner {
        GMutex lock;
        GPtrArray *idle; /* of struct idle, owned */
};

static void idle_free(void *data)
{
        struct idle *idle = data;

        up_fork_server_free(idle->server);
        g_free(idle->target);
        g_free(idle->fault);
        g_free(idle);
}

static bool serves(const struct idle *idle, const struct up_run_request *request, bool whole_stacks)
{
        return idle->flavour == request->flavour && strcmp(idle->target, request->target) == 0 &&
               g_strcmp0(idle->fault, request->fault) == 0 &&
               idle->trace_columns == request->trace_columns &&
               idle->tight_memory == request->tight_memory && idle->whole_stacks == whole_stacks;
}

static struct idle *idle_new(const struct up_run_request *request, bool whole_stacks)
{
        g_autofree char *binary = up_flavour_binary(request->flavour, request->target);
        g_auto(GStrv) environment = request_environment(request, whole_stacks);
        struct up_fork_server *server = up_fork_server_new(binary, environment, NULL);
        struct idle *idle;

        if (server == NULL)
                return NULL;
        idle = g_new0(struct idle, 1);
        idle->flavour = request->flavour;
        idle->target = g_strdup(request->target);
        idle->fault = g_strdup(request->fault);
        idle->trace_columns = request->trace_columns;
        idle->tight_memory = request->tight_memory;
        idle->whole_stacks = whole_stacks;
        idle->server = server;
        return idle;
}

/* Belongs to the caller until put_back(). NULL where there can be none. */
static struct idle *get_idle(
    struct up_runner *runner, const struct up_run_request *request, bool whole_stacks)
{
        struct idle *idle = NULL;

        g_mutex_lock(&runner->lock);
        for (guint i = 0; i < runner->idle->len && idle == NULL; i++)
                if (serves(runner->idle->pdata[i], request, whole_stacks))
                        idle = g_ptr_array_steal_index_fast(runner->idle, i);
        g_mutex_unlock(&runner->lock);
        return idle != NULL ? idle : idle_new(request, whole_stacks);
}

static void put_back(struct up_runner *runner, struct idle *idle)
{
        if (!up_fork_server_is_alive(idle->server)) {
                idle_free(idle);
                return;
        }
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

void up_runner_free(struct up_runner *runner)
{
        g_ptr_array_unref(runner->idle);
        g_mutex_clear(&runner->lock);
        g_free(runner);
}

static struct up_run *run_case(
    struct up_runner *runner, const struct up_run_request *request, bool whole_stacks)
{
        char *const paths[] = { (char *)request->path,
                request->repeat ? (char *)request->path : NULL, NULL };
        struct idle *idle = runner != NULL ? get_idle(runner, request, whole_stacks) : NULL;
        struct up_run *run =
            run_paths(request, ONE_CASE, paths, idle != NULL ? idle->server : NULL, whole_stacks);

        if (idle != NULL)
                put_back(runner, idle);
        return run;
}

struct up_run *up_runner_run(struct up_runner *runner, const struct up_run_request *request)
{
        char *missing = up_flavour_check_built(request->flavour, request->target);
        struct up_run *run;

        if (missing != NULL) {
                run = run_new();
                set_unrunnable(run, missing);
                return run;
        }
        run = run_case(runner, request, false);
        return needs_whole_stacks(run) ? better_of(run, run_case(runner, request, true)) : run;
}

struct up_run *up_run_case(const struct up_run_request *request)
{
        return up_runner_run(NULL, request);
}

/* --- choosing a finding ------------------------------------------------------------------- */

static bool is_expected(const struct up_finding *finding, const struct up_case *c)
{
        return g_strcmp0(c->finding, up_class_rows[finding->class].name) == 0 &&
               (c->evidence == NULL ||
                   strcmp(c->evidence, up_evidence_rows[finding->evidence].name) == 0);
}

struct up_finding *up_run_expected_finding(const struct up_run *run, const struct up_case *c)
{
        for (guint i = 0; i < run->result.findings->len; i++)
                if (is_expected(run->result.findings->pdata[i], c))
                        return run->result.findings->pdata[i];
        return NULL;
}

char *up_run_describe_findings(const struct up_run *run)
{
        GString *text = g_string_new(NULL);

        for (guint i = 0; i < run->result.findings->len; i++) {
                const struct up_finding *finding = g_ptr_array_index(run->result.findings, i);
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

        for (guint i = 0; i < run->result.findings->len; i++) {
                struct up_finding *finding = g_ptr_array_index(run->result.findings, i);
                g_autofree char *its_slug = up_finding_slug(finding);
                if (slug != NULL && strcmp(its_slug, slug) != 0)
                        continue;
                if (is_expected(finding, c))
                        return finding;
                if (first == NULL)
                        first = finding;
        }
        return first;
}

struct up_finding *up_run_find_same(const struct up_run *run, const struct up_finding *wanted)
{
        for (guint i = 0; i < run->result.findings->len; i++) {
                struct up_finding *finding = g_ptr_array_index(run->result.findings, i);
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
        g_ptr_array_find(run->result.findings, finding, &index);
        return g_ptr_array_steal_index(run->result.findings, index);
}

/* --- JSON --------------------------------------------------------------------------------- */

void up_run_build_json(const struct up_run *run, JsonBuilder *json)
{
        static const char *const status_names[] = {
                [UP_RUN_PASSED] = "passed",
                [UP_RUN_FOUND] = "found",
                [UP_RUN_UNRUNNABLE] = "cannot-run",
                [UP_RUN_INTERRUPTED] = "interrupted",
        };

        json_builder_begin_object(json);
        up_tool_json_text(json, "status", status_names[run->status]);
        if (run->reason != NULL)
                up_tool_json_text(json, "reason", run->reason);
        up_tool_json_number(json, "milliseconds", (gint64)(run->seconds * 1000));
        up_input_result_build_members(&run->result, json);
        json_builder_set_member_name(json, "stack");
        json_builder_begin_array(json);
        for (guint i = 0; i < run->frames->len; i++) {
                const struct up_frame *frame = g_ptr_array_index(run->frames, i);
                json_builder_begin_object(json);
                up_tool_json_text(json, "function", frame->function);
                up_tool_json_text(json, "place", frame->place);
                json_builder_end_object(json);
        }
        json_builder_end_array(json);
        json_builder_end_object(json);
}
