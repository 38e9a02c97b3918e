/*
 * unpend gate - every regression must pass
 *
 * Each case is run twice in one process (up_runner_run()), by a pool of threads that only wait, the
 * longest first. Beside them all cases of each target run in one process, in disorder
 * (up_run_batch()), started afresh, so that its addresses are others. The main thread reports the
 * items in the order of their paths.
 *
 * Nothing is skipped silently: a file among the cases that is none fails, and so does an oracle
 * that had nothing to judge, in a run large enough to expect it.
 */
#include <errno.h>
#include <string.h>

#include "case/case.h"
#include "faults/faults.h"
#include "fuzz/targets.h"
#include "tools/cli/tool.h"
#include "tools/exec/built_from.h"
#include "tools/gate/gate.h"

/* A gate of so many named cases may leave an oracle idle; a larger one, or one of all, may not. */
#define FEW_CASES 20

const char *const up_gate_outcome_names[UP_GATE_OUTCOME_COUNT] = {
        [UP_GATE_PASSED] = "passed",
        [UP_GATE_FAILED] = "failed",
        [UP_GATE_KNOWN] = "known",
        [UP_GATE_SKIPPED] = "skipped",
        [UP_GATE_INTERRUPTED] = "interrupted",
};

static void item_free(void *data)
{
        struct up_gate_item *item = data;

        g_free(item->path);
        up_case_free(item->c);
        up_run_free(item->run);
        up_run_free(item->faulted);
        g_free(item->problem);
        if (item->cases != NULL)
                g_ptr_array_unref(item->cases);
        g_free(item);
}

/* --- what there is to run ----------------------------------------------------------------- */

/* @problem, if not NULL, says why it cannot be a case. */
static void add_item(struct up_gate *gate, const char *path, const char *problem)
{
        struct up_gate_item *item = g_new0(struct up_gate_item, 1);

        item->path = g_strdup(path);
        item->target = up_tool_target_of_path(path);
        item->problem = g_strdup(problem);
        g_ptr_array_add(gate->items, item);
}

static bool is_named_as_case(const char *name)
{
        return *up_tool_case_ending(name) != '\0';
}

static bool names_target(const char *folder)
{
        g_autofree char *inside = g_build_filename(folder, "case", NULL);

        return up_tool_target_of_path(inside) != NULL;
}

static bool add_folder(struct up_gate *gate, const char *folder);

static void add_entry(struct up_gate *gate, const char *folder, const char *name)
{
        g_autofree char *path = g_build_filename(folder, name, NULL);

        if (name[0] == '.' || strcmp(name, "README.md") == 0)
                return;
        if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
                if (!add_folder(gate, path) && !names_target(path))
                        add_item(gate, path, "no case is in it, and it names no target: remove it");
        } else {
                add_item(gate, path,
                    is_named_as_case(name) ? NULL
                                           : "not a case file: expected .case, .eml or .p7m: "
                                             "rename or remove it");
        }
}

/* Was there anything in it? */
static bool add_folder(struct up_gate *gate, const char *folder)
{
        g_autoptr(GError) error = NULL;
        g_autoptr(GDir) dir = g_dir_open(folder, 0, &error);
        guint before = gate->items->len;
        const char *name;

        if (dir == NULL)
                add_item(gate, folder, error->message);
        while (dir != NULL && (name = g_dir_read_name(dir)) != NULL)
                add_entry(gate, folder, name);
        return gate->items->len > before;
}

static int by_path(gconstpointer a, gconstpointer b)
{
        const struct up_gate_item *const *left = a;
        const struct up_gate_item *const *right = b;

        return strcmp((*left)->path, (*right)->path);
}

/* --- running ------------------------------------------------------------------------------ */

/* In a thread of the pool. */
static void work(gpointer data, gpointer user_data)
{
        struct up_gate_item *item = data;
        struct up_gate *gate = user_data;
        enum up_gate_outcome outcome = UP_GATE_INTERRUPTED;

        if (!up_tool_interrupted() && item->kind == UP_GATE_BATCH)
                up_gate_run_batch(gate, item);
        else if (!up_tool_interrupted())
                outcome = up_gate_run_case(gate, item);
        g_mutex_lock(&gate->lock);
        item->outcome = outcome;
        item->done = true;
        g_cond_signal(&gate->changed);
        g_mutex_unlock(&gate->lock);
}

static int by_cost(gconstpointer a, gconstpointer b)
{
        const struct up_gate_item *left = *(const struct up_gate_item *const *)a;
        const struct up_gate_item *right = *(const struct up_gate_item *const *)b;

        return (left->cost < right->cost) - (left->cost > right->cost);
}

static void wait_for(struct up_gate *gate, struct up_gate_item *item)
{
        g_mutex_lock(&gate->lock);
        while (!item->done)
                g_cond_wait(&gate->changed, &gate->lock);
        g_mutex_unlock(&gate->lock);
}

static void check_leaks(struct up_gate *gate, const struct up_run *run)
{
        gate->leaks_unchecked |= run != NULL && run->leaks_unchecked;
}

/* A report that is being written. */
struct output {
        const struct up_gate_report *report;
        const char *path; /* NULL: standard output */
        FILE *file;
};

static void report_item(
    struct up_gate *gate, guint number, const struct up_gate_item *item, GArray *outputs)
{
        gate->counts[item->outcome]++;
        check_leaks(gate, item->run);
        check_leaks(gate, item->faulted);
        for (guint i = 0; i < outputs->len; i++) {
                const struct output *output = &g_array_index(outputs, struct output, i);
                if (output->report->item != NULL)
                        output->report->item(output->file, gate, number, item);
                fflush(output->file);
        }
}

/* Reports an item that is no case, behind the cases. The gate owns it from now on. */
static void add_late(struct up_gate *gate, struct up_gate_item *item, GArray *outputs)
{
        g_ptr_array_add(gate->items, item);
        report_item(gate, gate->items->len, item, outputs);
}

/* Batches that passed are not reported: each of their cases has a line already. */
static void report_batches(struct up_gate *gate, const GPtrArray *batches, GArray *outputs)
{
        for (guint i = 0; i < batches->len; i++) {
                struct up_gate_item *batch = batches->pdata[i];
                wait_for(gate, batch);
                if (batch->run != NULL)
                        batch->outcome = up_gate_judge_batch(batch);
                if (batch->outcome != UP_GATE_PASSED) {
                        add_late(gate, batch, outputs);
                        continue;
                }
                check_leaks(gate, batch->run);
                item_free(batch);
        }
}

static bool are_settled(struct up_gate *gate, const GPtrArray *batches)
{
        bool settled = true;

        for (guint i = 0; i < batches->len; i++) {
                wait_for(gate, batches->pdata[i]);
                settled &= up_gate_is_settled(batches->pdata[i]);
        }
        return settled;
}

static void run_all(struct up_gate *gate, int jobs, GArray *outputs)
{
        GThreadPool *pool = g_thread_pool_new(work, gate, jobs, FALSE, NULL);
        g_autoptr(GPtrArray) queue = g_ptr_array_new();
        g_autoptr(GPtrArray) batches = NULL, idle = NULL;
        guint cases = gate->items->len;

        gate->runner = up_runner_new();
        batches = up_gate_batches(gate, false);
        for (guint i = 0; i < cases; i++)
                g_ptr_array_add(queue, gate->items->pdata[i]);
        if (jobs > 1)
                g_ptr_array_extend(queue, batches, NULL, NULL);
        g_ptr_array_sort(queue, by_cost);
        if (jobs == 1) /* nothing to run beside them: cases have results first */
                g_ptr_array_extend(queue, batches, NULL, NULL);
        for (guint i = 0; i < queue->len; i++)
                g_thread_pool_push(pool, queue->pdata[i], NULL);
        for (guint i = 0; i < cases; i++) {
                wait_for(gate, gate->items->pdata[i]);
                report_item(gate, i + 1, gate->items->pdata[i], outputs);
        }
        if (!are_settled(gate, batches)) {
                for (guint i = 0; i < batches->len; i++)
                        item_free(batches->pdata[i]);
                g_clear_pointer(&batches, g_ptr_array_unref);
                batches = up_gate_batches(gate, true);
                for (guint i = 0; i < batches->len; i++)
                        g_thread_pool_push(pool, batches->pdata[i], NULL);
        }
        report_batches(gate, batches, outputs);
        idle = up_gate_idle_oracles(gate);
        for (guint i = 0; i < idle->len; i++)
                add_late(gate, idle->pdata[i], outputs);
        g_thread_pool_free(pool, FALSE, TRUE);
        up_runner_free(gate->runner);
}

static unsigned count_cases(const struct up_gate *gate)
{
        unsigned cases = 0;

        for (guint i = 0; i < gate->items->len; i++)
                cases += ((const struct up_gate_item *)gate->items->pdata[i])->kind == UP_GATE_CASE;
        return cases;
}

/* Prints on standard error how it ended. Returns the exit status. */
static int conclude(const struct up_gate *gate)
{
        g_autofree char *libraries = up_libraries_text(gate->flavour);
        unsigned failed = gate->counts[UP_GATE_FAILED], cases = count_cases(gate);

        if (gate->unchanged != NULL) {
                fprintf(stderr, "gate: nothing to run: %s\n", gate->unchanged);
                return UP_STATUS_PASSED;
        }
        up_gate_print_summary(gate);
        if (gate->leaks_unchecked)
                up_tool_fail(0,
                    "leaks were not checked, LeakSanitizer does not work here: see unpend doctor");
        if (gate->counts[UP_GATE_INTERRUPTED] > 0)
                return up_tool_fail(UP_STATUS_INTERRUPTED,
                    "interrupted, %u of %u cases were not run to their end",
                    gate->counts[UP_GATE_INTERRUPTED], cases);
        fprintf(stderr, "gate: %u case%s on %s (%s) in %.1f s: ", cases, cases == 1 ? "" : "s",
            gate->flavour->name, libraries, gate->seconds);
        if (failed > 0)
                up_tool_print_coloured(stderr, UP_RED, "%u failed\n", failed);
        else
                up_tool_print_coloured(stderr, UP_GREEN, "all is well\n");
        return failed > 0 ? UP_STATUS_FOUND : UP_STATUS_PASSED;
}

static int nothing_in(const char *path)
{
        return up_tool_fail(UP_STATUS_USAGE,
            "nothing to gate in %s: put a case into " UP_GATE_FOLDER "/TARGET/NAME.case", path);
}

/* A fault shows nothing where it changes nothing. */
static void leave_out_untouched(struct up_gate *gate)
{
        for (guint i = gate->items->len; i > 0; i--) {
                const struct up_gate_item *item = g_ptr_array_index(gate->items, i - 1);
                if (!up_tool_faults_apply(item->target, gate->fault))
                        g_ptr_array_remove_index(gate->items, i - 1);
        }
}

/* Usage errors are printed; -1 is success. */
static int collect(struct up_gate *gate, char **paths)
{
        static char *standard[] = { (char *)UP_GATE_FOLDER, NULL };
        bool all = *paths == NULL;
        g_autofree char *text = NULL;

        if (all)
                paths = standard;
        text = g_strjoinv(" ", paths);
        for (; *paths != NULL; paths++) {
                if (!g_file_test(*paths, G_FILE_TEST_EXISTS))
                        return up_tool_fail(
                            UP_STATUS_USAGE, "%s: there is no such file or folder", *paths);
                if (!g_file_test(*paths, G_FILE_TEST_IS_DIR))
                        add_item(gate, *paths, NULL);
                else if (!add_folder(gate, *paths) && !names_target(*paths))
                        return nothing_in(*paths);
        }
        if (gate->fault != NULL && gate->items->len > 0) {
                leave_out_untouched(gate);
                if (gate->items->len == 0)
                        return up_tool_fail(UP_STATUS_USAGE,
                            "no case in %s is of a target with a pipeline to plant a fault into",
                            text);
        }
        if (gate->items->len == 0)
                return nothing_in(text);
        g_ptr_array_sort(gate->items, by_path);
        gate->demands_judgement = gate->fault == NULL && (all || gate->items->len > FEW_CASES);
        return -1;
}

/* Reads all cases. Usage errors are printed: without the targets nothing can run; -1 is success. */
static int check_targets(struct up_gate *gate)
{
        const char *checked = NULL;

        for (guint i = 0; i < gate->items->len; i++) {
                struct up_gate_item *item = g_ptr_array_index(gate->items, i);
                g_autofree char *problem = NULL, *note = NULL;
                up_gate_read_case(gate, item);
                if (item->target == NULL || item->target == checked)
                        continue;
                checked = item->target;
                problem = up_flavour_check_built(gate->flavour, item->target);
                if (problem == NULL)
                        up_built_from_check_target(gate->flavour, item->target, &problem);
                if (problem != NULL)
                        return up_tool_fail(UP_STATUS_USAGE, "nothing was run: %s", problem);
                note = up_built_from_note(gate->flavour, item->target);
                if (note != NULL)
                        up_tool_fail(0, "%s", note);
        }
        return -1;
}

static int check_program(void)
{
        g_autofree char *problem = NULL;

        if (up_built_from_check_program(&problem))
                return -1;
        return up_tool_fail(UP_STATUS_USAGE, "nothing was run: %s", problem);
}

static void gate_clear(struct up_gate *gate)
{
        g_ptr_array_unref(gate->items);
        g_ptr_array_unref(gate->libraries);
        g_free(gate->unchanged);
        g_mutex_clear(&gate->lock);
        g_cond_clear(&gate->changed);
}

/* GOption has options with a value or none as functions only, and these get nothing of ours. */
static bool only_changed;
static char *changed_since;

struct gate_options {
        const char *fault, *junit, *sarif;
        gboolean json;
        int jobs;
};

/* False after a usage error, which was printed. */
static bool begin_reports(const struct gate_options *options, GArray *outputs)
{
        const struct {
                struct output output;
                bool requested;
        } rows[] = {
                { { &up_gate_junit, options->junit, NULL }, options->junit != NULL },
                { { &up_gate_sarif, options->sarif, NULL }, options->sarif != NULL },
                { { options->json ? &up_gate_json : &up_gate_tap, NULL, NULL }, true },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                struct output output = rows[i].output;
                if (!rows[i].requested)
                        continue;
                output.file = output.path != NULL ? fopen(output.path, "we") : stdout;
                if (output.file == NULL) {
                        up_tool_usage("--%s %s: cannot be written: %s", output.report->name,
                            output.path, g_strerror(errno));
                        return false;
                }
                g_array_append_val(outputs, output);
                if (output.report->begin != NULL)
                        output.report->begin(output.file);
                fflush(output.file);
        }
        return true;
}

static bool end_report(const struct output *output, const struct up_gate *gate)
{
        output->report->end(output->file, gate);
        if (fflush(output->file) == 0 && ferror(output->file) == 0)
                return true;
        if (output->path != NULL)
                up_tool_fail(0, "--%s %s: not all of it could be written: is the disk full?",
                    output->report->name, output->path);
        return false;
}

/* Reports come to their end even if the gate is interrupted. */
static int run_reported(struct up_gate *gate, int jobs, GArray *outputs)
{
        gint64 begin_us = g_get_monotonic_time();
        bool written = true;

        up_tool_interrupt_fd();
        run_all(gate, jobs, outputs);
        gate->seconds = (double)(g_get_monotonic_time() - begin_us) / G_TIME_SPAN_SECOND;
        for (guint i = 0; i < outputs->len; i++)
                written &= end_report(&g_array_index(outputs, struct output, i), gate);
        int status = conclude(gate);
        return written ? status : UP_STATUS_UNRUNNABLE;
}

/* Usage errors are printed; -1 is success. */
static int select_changed(struct up_gate *gate)
{
        g_autoptr(GError) error = NULL;

        if (!only_changed)
                return -1;
        if (!up_gate_keep_changed(gate, changed_since, &error))
                return up_tool_fail(UP_STATUS_USAGE, "--changed: %s", error->message);
        if (gate->items->len <= FEW_CASES)
                gate->demands_judgement = false;
        return -1;
}

static int run_gate(
    const struct up_flavour *flavour, const struct gate_options *options, char **paths)
{
        g_autoptr(GArray) outputs = g_array_new(FALSE, FALSE, sizeof(struct output));
        struct up_gate gate = { .flavour = flavour, .fault = options->fault };
        int status;

        g_mutex_init(&gate.lock);
        g_cond_init(&gate.changed);
        gate.items = g_ptr_array_new_with_free_func(item_free);
        gate.libraries = up_libraries_of(flavour);
        status = collect(&gate, paths);
        if (status < 0)
                status = select_changed(&gate);
        if (status < 0 && gate.items->len > 0)
                status = check_program();
        if (status < 0)
                status = check_targets(&gate);
        if (status < 0)
                status = begin_reports(options, outputs)
                             ? run_reported(&gate, options->jobs, outputs)
                             : UP_STATUS_USAGE;
        for (guint i = 0; i < outputs->len; i++)
                if (g_array_index(outputs, struct output, i).path != NULL)
                        fclose(g_array_index(outputs, struct output, i).file);
        gate_clear(&gate);
        return status;
}

static gboolean parse_changed(const char *option, const char *value, void *data, GError **error)
{
        (void)option, (void)data, (void)error;
        only_changed = true;
        g_free(changed_since);
        changed_since = g_strdup(value);
        return TRUE;
}

static const char text[] =
    "Runs the cases in PATH, " UP_GATE_FOLDER "/ by itself; the folder of a case names\n"
    "its target. In a folder, only README.md and names with a dot in front may be\n"
    "anything else than a case (.case, .eml, .p7m).\n"
    "A case with a fault: line must pass as it is, and with that fault planted show\n"
    "its finding:, or pass again if it has no such line.\n"
    "Each case is run twice in one process, and once more in another with all cases\n"
    "of its target, in disorder: not the same outcome fails.\n"
    "An oracle that had nothing to judge in any case fails a gate without PATH,\n"
    "or of more than " G_STRINGIFY(
        FEW_CASES) " cases.\n"
                   "With --changed only the cases that are not as in REF, or as where this branch\n"
                   "left it, are run, and all where anything changed on which they depend. REF is\n"
                   "the upstream branch by itself, else the commit before; PATH stands before it.\n"
                   "Exit status: 0 all passed, 1 some failed, 2 nothing was run (wrong usage, "
                   "too),\n"
                   "125 a report cannot be written, 130 interrupted.";

int up_tool_gate(int argc, char **argv)
{
        g_autofree char *flavour = NULL, *fault = NULL, *junit = NULL, *sarif = NULL;
        struct gate_options options = { .jobs = (int)g_get_num_processors() };
        g_autofree char *flavours = up_flavour_names();
        const GOptionEntry entries[] = {
                { "flavour", 'f', 0, G_OPTION_ARG_STRING, &flavour, flavours, "NAME" },
                { "jobs", 'j', 0, G_OPTION_ARG_INT, &options.jobs,
                    "cases at once (standard: cores)", "N" },
                { "changed", 0, G_OPTION_FLAG_OPTIONAL_ARG, G_OPTION_ARG_CALLBACK,
                    (gpointer)parse_changed, "only the cases that a change can have touched",
                    "REF" },
                { "fault", 0, 0, G_OPTION_ARG_STRING, &fault,
                    "plant this fault into every pipeline (see unpend faults)", "NAME" },
                { "json", 0, 0, G_OPTION_ARG_NONE, &options.json, up_gate_json.help, NULL },
                { "junit", 0, 0, G_OPTION_ARG_FILENAME, &junit, up_gate_junit.help, "FILE" },
                { "sarif", 0, 0, G_OPTION_ARG_FILENAME, &sarif, up_gate_sarif.help, "FILE" },
                G_OPTION_ENTRY_NULL,
        };
        const struct up_flavour *chosen;
        int status = up_tool_options(&argc, &argv, entries, "[PATH…]", text);

        if (status >= 0)
                return status;
        if (options.jobs < 1 || options.jobs > 1024)
                return up_tool_usage("--jobs %d: must be between 1 and 1024", options.jobs);
        chosen = up_flavour_find(flavour);
        if (chosen == NULL)
                return UP_STATUS_USAGE;
        if (fault != NULL && !up_tool_check_faults(fault))
                return UP_STATUS_USAGE;
        options.fault = fault;
        options.junit = junit;
        options.sarif = sarif;
        status = run_gate(chosen, &options, argv + 1);
        g_clear_pointer(&changed_since, g_free);
        return status;
}
