/*
 * triage - which cases are known, and how an input is reproduced
 */
#include "tools/promote/triage.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>

#include "faults/faults.h"
#include "tools/cli/tool.h"
#include "tools/promote/private.h"

#define TIMES       3  /* each way; a hang, which takes its whole limit, once */
#define OTHERS_MOST 20 /* cases before the input in one process */

static void known_case_free(void *data)
{
        struct up_known_case *known = data;

        g_free(known->path);
        up_case_free(known->c);
        up_run_free(known->run);
        g_free(known);
}

void up_triaged_free(struct up_triaged *triaged)
{
        if (triaged == NULL)
                return;
        g_free(triaged->reason);
        g_clear_pointer(&triaged->input, g_bytes_unref);
        up_case_free(triaged->input_case);
        up_finding_free(triaged->finding);
        up_run_free(triaged->run);
        up_minimized_free(triaged->small);
        g_free(triaged);
}

/* --- known cases ------------------------------------------------------------------------------ */

static bool is_same_file(const char *one, const char *other)
{
        GStatBuf first, second;

        return g_stat(one, &first) == 0 && g_stat(other, &second) == 0 &&
               first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

static void add_known_cases(
    struct up_triage *triage, const char *root, bool is_private, const char *except)
{
        g_autofree char *folder = g_build_filename(root, triage->run.target, NULL);
        g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
        const char *name;

        while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
                g_autofree char *path = g_build_filename(folder, name, NULL);
                g_autoptr(GError) error = NULL;
                g_autoptr(GBytes) bytes = NULL;
                struct up_known_case *known;

                if (name[0] == '.' || *up_tool_case_ending(name) == '\0' ||
                    (except != NULL && is_same_file(path, except)))
                        continue;
                bytes = up_tool_read_file(path, &error);
                if (bytes == NULL) {
                        up_status_line_clear(triage->line);
                        up_tool_fail(0, "passed over: %s", error->message);
                        continue;
                }
                known = g_new0(struct up_known_case, 1);
                known->path = g_steal_pointer(&path);
                known->c =
                    up_case_read(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), NULL);
                known->is_private = is_private;
                g_ptr_array_add(triage->known, known);
        }
}

static gint by_path(gconstpointer a, gconstpointer b)
{
        const struct up_known_case *const *left = a, *const *right = b;

        return strcmp((*left)->path, (*right)->path);
}

struct up_triage *up_triage_new(const struct up_run_request *run, const char *regressions,
    const char *path, struct up_status_line *line)
{
        struct up_triage *triage = g_new0(struct up_triage, 1);
        g_autofree char *private = up_private_folder();

        triage->run = *run;
        triage->line = line;
        triage->runner = up_runner_new();
        triage->rand = g_rand_new_with_seed(1); /* the same order each time */
        triage->known = g_ptr_array_new_with_free_func(known_case_free);
        add_known_cases(triage, regressions, false, path);
        add_known_cases(triage, private, true, path);
        g_ptr_array_sort(triage->known, by_path);
        return triage;
}

void up_triage_free(struct up_triage *triage)
{
        up_runner_free(triage->runner);
        g_ptr_array_unref(triage->known);
        g_clear_pointer(&triage->passing, g_ptr_array_unref);
        g_rand_free(triage->rand);
        g_free(triage);
}

/* A run of one known case, in a thread of the pool. */
struct job {
        const struct up_known_case *known;
        const char *fault;
        struct up_run *run;
};

static void run_job(gpointer data, gpointer user_data)
{
        const struct up_triage *triage = user_data;
        struct up_run_request request = triage->run;
        struct job *job = data;

        request.path = job->known->path;
        request.fault = job->fault;
        job->run = up_runner_run(triage->runner, &request);
}

static void run_jobs(struct up_triage *triage, GArray *jobs)
{
        GThreadPool *pool =
            g_thread_pool_new(run_job, triage, (gint)g_get_num_processors(), FALSE, NULL);

        for (guint i = 0; i < jobs->len; i++)
                g_thread_pool_push(pool, &g_array_index(jobs, struct job, i), NULL);
        g_thread_pool_free(pool, FALSE, TRUE);
}

static bool asks_for_finding(const struct up_known_case *known, const char *fault)
{
        return known->c->finding != NULL && up_fault_same(known->c->fault, fault);
}

static bool shows(
    const struct up_known_case *known, const struct up_finding *finding, bool expected_only)
{
        const struct up_finding *found = up_run_find_same(known->run, finding);
        const struct up_case *c = known->c;

        return found != NULL &&
               (!expected_only ||
                   (strcmp(c->finding, up_class_rows[found->class].name) == 0 &&
                       (c->evidence == NULL ||
                           strcmp(c->evidence, up_evidence_rows[found->evidence].name) == 0)));
}

const struct up_known_case *up_triage_find_known(struct up_triage *triage,
    const struct up_finding *finding, const char *fault, bool expected_only)
{
        g_autoptr(GArray) jobs = g_array_new(FALSE, TRUE, sizeof(struct job));

        up_status_line_show(triage->line, "comparing with the cases that are known");
        for (guint i = 0; i < triage->known->len; i++) {
                const struct up_known_case *known = triage->known->pdata[i];
                struct job job = { known, known->c->fault, NULL };
                if (known->run == NULL && asks_for_finding(known, fault))
                        g_array_append_val(jobs, job);
        }
        run_jobs(triage, jobs);
        for (guint i = 0, j = 0; j < jobs->len; i++) {
                struct up_known_case *known = triage->known->pdata[i];
                struct job *job = &g_array_index(jobs, struct job, j);
                if (known != job->known)
                        continue;
                known->run = job->run;
                j++;
                if (known->run->status == UP_RUN_UNRUNNABLE) {
                        up_status_line_clear(triage->line);
                        up_tool_fail(0, "passed over: %s: %s", known->path, known->run->reason);
                }
        }
        /* A public case rather than a private one. */
        for (int is_private = 0; is_private < 2; is_private++)
                for (guint i = 0; i < triage->known->len; i++) {
                        const struct up_known_case *known = triage->known->pdata[i];
                        if (known->is_private == is_private && asks_for_finding(known, fault) &&
                            shows(known, finding, expected_only))
                                return known;
                }
        return NULL;
}

static void shuffle(struct up_triage *triage, GPtrArray *array)
{
        for (guint i = array->len; i > 1; i--) {
                gint32 other = g_rand_int_range(triage->rand, 0, (gint32)i);
                void *kept = array->pdata[i - 1];
                array->pdata[i - 1] = array->pdata[other];
                array->pdata[other] = kept;
        }
}

/* Some public cases that pass where the finding is looked for; they do not ask for one. */
static void choose_passing(struct up_triage *triage)
{
        g_autoptr(GPtrArray) some = g_ptr_array_new();
        g_autoptr(GArray) jobs = g_array_new(FALSE, TRUE, sizeof(struct job));

        if (triage->passing != NULL)
                return;
        for (guint i = 0; i < triage->known->len; i++) {
                struct up_known_case *known = triage->known->pdata[i];
                if (!known->is_private && !asks_for_finding(known, triage->run.fault))
                        g_ptr_array_add(some, known);
        }
        shuffle(triage, some);
        for (guint i = 0; i < MIN(some->len, OTHERS_MOST); i++) {
                struct job job = { some->pdata[i], triage->run.fault, NULL };
                g_array_append_val(jobs, job);
        }
        run_jobs(triage, jobs);
        triage->passing = g_ptr_array_new();
        for (guint i = 0; i < jobs->len; i++) {
                struct job *job = &g_array_index(jobs, struct job, i);
                if (job->run->status == UP_RUN_PASSED)
                        g_ptr_array_add(triage->passing, job->known->path);
                up_run_free(job->run);
        }
}

/* --- one input -------------------------------------------------------------------------------- */

static bool set_status(struct up_triaged *triaged, enum up_triage_status status, char *reason)
{
        triaged->status = up_tool_interrupted() ? UP_TRIAGE_INTERRUPTED : status;
        g_free(triaged->reason);
        triaged->reason = reason;
        return status == UP_TRIAGE_FOUND;
}

/* What the run found, or why there is nothing. The caller owns the result. */
static char *describe(const struct up_run *run)
{
        if (run->result.findings->len > 0)
                return up_run_describe_findings(run);
        return g_strdup(run->reason != NULL ? run->reason : "nothing");
}

struct up_triaged *up_triage_identify(struct up_triage *triage, const char *path, const char *slug)
{
        struct up_triaged *triaged = g_new0(struct up_triaged, 1);
        struct up_run_request request = triage->run;
        g_autoptr(GError) error = NULL;
        struct up_finding *finding;

        triaged->path = path;
        triaged->input = up_tool_read_file(path, &error);
        if (triaged->input == NULL) {
                set_status(triaged, UP_TRIAGE_UNRUNNABLE, g_strdup(error->message));
                return triaged;
        }
        triaged->input_case = up_case_read(
            g_bytes_get_data(triaged->input, NULL), g_bytes_get_size(triaged->input), NULL);
        up_status_line_show(triage->line, "looking for the finding");
        request.path = path;
        triaged->run = up_run_case(&request);
        finding = up_run_select_finding(triaged->run, triaged->input_case, slug);
        if (triaged->run->status == UP_RUN_INTERRUPTED)
                set_status(triaged, UP_TRIAGE_INTERRUPTED, g_strdup("interrupted"));
        else if (triaged->run->status == UP_RUN_UNRUNNABLE)
                set_status(triaged, UP_TRIAGE_UNRUNNABLE, g_strdup(triaged->run->reason));
        else if (triaged->run->result.findings->len == 0)
                set_status(triaged, UP_TRIAGE_NOTHING, g_strdup("it shows no finding"));
        else if (finding == NULL)
                set_status(triaged, UP_TRIAGE_OTHER, describe(triaged->run));
        else
                triaged->finding = up_run_steal_finding(triaged->run, finding);
        return triaged;
}

static bool check_reproduced(struct up_triaged *triaged, const struct up_run *run, const char *when)
{
        g_autofree char *shown = describe(run);

        if (up_run_find_same(run, triaged->finding) != NULL)
                return true;
        return set_status(triaged,
            run->status == UP_RUN_UNRUNNABLE ? UP_TRIAGE_UNRUNNABLE : UP_TRIAGE_FLAKY,
            g_strdup_printf("%s it showed %s", when, shown));
}

/* How the gate will run it. */
static struct up_run_request gate_request(
    const struct up_triage *triage, const struct up_finding *finding, const char *path)
{
        struct up_run_request request = triage->run;

        request.path = path;
        if (finding->class == UP_CLASS_HANG)
                request.limit_s = up_run_hang_limit_s(&request);
        return request;
}

static bool reproduce_alone(struct up_triage *triage, struct up_triaged *triaged)
{
        const struct up_run_request request = gate_request(triage, triaged->finding, triaged->path);
        bool same = true;

        triaged->times = triaged->finding->class == UP_CLASS_HANG ? 1 : TIMES;
        for (unsigned i = 1; i <= triaged->times && same; i++) {
                g_autofree char *when =
                    g_strdup_printf("in a fresh process, time %u of %u,", i, triaged->times);
                up_status_line_show(triage->line, when);
                g_autoptr(up_run) run = up_run_case(&request);
                same = check_reproduced(triaged, run, when);
        }
        return same;
}

static bool reproduce_after_others(struct up_triage *triage, struct up_triaged *triaged)
{
        const struct up_run_request request = gate_request(triage, triaged->finding, triaged->path);
        bool same = true;

        choose_passing(triage);
        for (unsigned i = 1; same && triage->passing->len > 0 && i <= triaged->times; i++) {
                g_autoptr(GPtrArray) paths = NULL;
                g_autofree char *when = NULL;
                triaged->others = triage->passing->len;
                when = g_strdup_printf("after %u other%s in one process, time %u of %u,",
                    triaged->others, triaged->others == 1 ? "" : "s", i, triaged->times);
                up_status_line_show(triage->line, when);
                shuffle(triage, triage->passing);
                paths = g_ptr_array_copy(triage->passing, NULL, NULL);
                g_ptr_array_add(paths, (char *)triaged->path);
                g_ptr_array_add(paths, NULL);
                g_autoptr(up_run) run = up_run_sequence(&request, (char *const *)paths->pdata);
                same = check_reproduced(triaged, run, when);
        }
        return same;
}

/* The gate demands it of a case that names a fault. */
static bool passes_without_fault(
    struct up_triage *triage, struct up_triaged *triaged, const char *path, const char *fault)
{
        struct up_run_request request = triage->run;
        g_autoptr(up_run) run = NULL;
        g_autofree char *shown = NULL;

        request.path = path;
        request.fault = NULL;
        request.repeat = true;
        run = up_run_case(&request);
        if (run->status == UP_RUN_PASSED)
                return true;
        shown = describe(run);
        return set_status(triaged, UP_TRIAGE_FAILS_WITHOUT_FAULT,
            g_strdup_printf("it does not pass without %s, where it showed %s", fault, shown));
}

bool up_triage_verify(
    struct up_triage *triage, struct up_triaged *triaged, GBytes *bytes, const char *fault)
{
        g_autoptr(GError) error = NULL;
        g_autofree char *path = up_tool_write_temporary_case(
            g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), &error);
        struct up_run_request request = gate_request(triage, triaged->finding, path);
        bool ok;

        if (path == NULL)
                return set_status(triaged, UP_TRIAGE_UNRUNNABLE, g_strdup(error->message));
        up_status_line_show(triage->line, "running the result as the gate will");
        request.fault = fault;
        request.repeat = true;
        up_run_free(triaged->run);
        triaged->run = up_run_case(&request);
        ok = check_reproduced(triaged, triaged->run, "minimised, with its head,");
        up_finding_free(
            up_run_steal_finding(triaged->run, up_run_find_same(triaged->run, triaged->finding)));
        ok = ok && (fault == NULL || passes_without_fault(triage, triaged, path, fault));
        g_remove(path);
        return ok;
}

/* --- minimising ------------------------------------------------------------------------------- */

static void on_step(const struct up_minimize_step *step, void *data)
{
        g_autofree char *text = up_minimize_step_text(step);

        up_status_line_show(data, text);
}

/* Unless triage did it before: then the input is the result. */
static struct up_minimized *minimize_once(
    const struct up_triage *triage, const struct up_triaged *triaged, unsigned seconds)
{
        g_autofree char *slug = up_finding_slug(triaged->finding);
        struct up_minimized *small;

        if (!up_minimize_is_marked(triaged->input_case) ||
            !up_fault_same(triaged->input_case->fault, triage->run.fault))
                return up_minimize(
                    &(struct up_minimize_request){
                        .run = triage->run,
                        .runner = triage->runner,
                        .slug = slug,
                        .seconds = seconds,
                        .jobs = g_get_num_processors(),
                        .step = on_step,
                        .data = triage->line,
                    },
                    triaged->input);
        small = g_new0(struct up_minimized, 1);
        small->end = UP_MINIMIZE_COMPLETE;
        small->bytes = g_bytes_ref(triaged->input);
        small->fault = g_strdup(triage->run.fault);
        small->before = small->after = up_shrink_measure(triaged->input_case);
        small->others = g_ptr_array_new();
        return small;
}

bool up_triage_reduce(
    struct up_triage *triage, struct up_triaged *triaged, unsigned seconds, bool strict)
{
        const char *fault = triage->run.fault;

        if (!reproduce_alone(triage, triaged) ||
            (strict && !reproduce_after_others(triage, triaged)) ||
            (strict && fault != NULL &&
                !passes_without_fault(triage, triaged, triaged->path, fault)))
                return false;
        triaged->small = minimize_once(triage, triaged, seconds);
        if (triaged->small->end == UP_MINIMIZE_INTERRUPTED)
                return set_status(triaged, UP_TRIAGE_INTERRUPTED, g_strdup("interrupted"));
        if (triaged->small->end == UP_MINIMIZE_UNRUNNABLE)
                return set_status(triaged, UP_TRIAGE_UNRUNNABLE, g_strdup(triaged->small->reason));
        if (triaged->small->bytes == NULL)
                return set_status(triaged, UP_TRIAGE_FLAKY, g_strdup("it passed at last"));
        if (triaged->small->finding != NULL) {
                up_finding_free(triaged->finding);
                triaged->finding = g_steal_pointer(&triaged->small->finding);
        }
        return true;
}
