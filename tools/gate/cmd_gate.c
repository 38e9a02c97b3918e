/*
 * unpend gate - every regression must pass
 *
 * Each case is run in a process of its own (up_runner_run()), some at once by a pool of threads
 * that only wait; the main thread hands the results to the reports in the order of their paths.
 *
 * One case has one outcome: each is run twice in its process, and then once more in another, with
 * all others of its target and in disorder (up_run_batch()). That one is started afresh, so that
 * its addresses are others, too. Cases that crash have no second outcome; a fault that is planted
 * for one case is compared within its process alone.
 *
 * Nothing is passed over in silence: what lies among the cases and is none fails, and so does an
 * oracle that had nothing to judge, in a run large enough to expect it.
 */
#include <string.h>

#include "case/case.h"
#include "faults/faults.h"
#include "fuzz/targets.h"
#include "tools/gate/gate.h"
#include "tools/exec/flavour.h"
#include "tools/gate/report.h"
#include "tools/exec/run.h"
#include "tools/cli/tool.h"

/* A gate of so many named cases may leave an oracle idle; a larger one, or one of all, may not. */
#define FEW_CASES 20

const char *const up_gate_outcome_names[UP_GATE_OUTCOMES] = {
        [UP_GATE_PASSED] = "passed",
        [UP_GATE_FAILED] = "failed",
        [UP_GATE_KNOWN] = "known",
        [UP_GATE_OUT_OF_SIGHT] = "skipped",
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
                                           : "no case by its name, which ends in .case, .eml or "
                                             ".p7m: rename or remove it");
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

/* In a thread of the pool. */
static void work(gpointer data, gpointer user_data)
{
        struct up_gate_item *item = data;
        struct up_gate *gate = user_data;
        enum up_gate_outcome outcome = up_tool_interrupted() ? UP_GATE_INTERRUPTED
                                       : item->kind == UP_GATE_TOGETHER
                                           ? up_gate_run_together(gate, item)
                                           : up_gate_run_case(gate, item);

        g_mutex_lock(&gate->lock);
        item->outcome = outcome;
        item->done = true;
        g_cond_signal(&gate->changed);
        g_mutex_unlock(&gate->lock);
}

/* --- all of them -------------------------------------------------------------------------- */

static bool is_blind(const struct up_run *run)
{
        return run != NULL && run->leaks_unchecked;
}

static void wait_for(struct up_gate *gate, struct up_gate_item *item)
{
        g_mutex_lock(&gate->lock);
        while (!item->done)
                g_cond_wait(&gate->changed, &gate->lock);
        g_mutex_unlock(&gate->lock);
}

static void tell_item(
    struct up_gate *gate, guint number, const struct up_gate_item *item, GPtrArray *reports)
{
        gate->counts[item->outcome]++;
        gate->leaks_unchecked |= is_blind(item->run) || is_blind(item->faulted);
        for (guint i = 0; i < reports->len; i++)
                up_report_item(reports->pdata[i], number, item);
}

/* What is no case, and is told behind them. The gate owns the item from now on. */
static void add_late(struct up_gate *gate, struct up_gate_item *item, GPtrArray *reports)
{
        g_ptr_array_add(gate->items, item);
        tell_item(gate, gate->items->len, item, reports);
}

/* Those that went well are not told: each of the cases has a line already. */
static void run_all_together(struct up_gate *gate, GThreadPool *pool, GPtrArray *reports)
{
        g_autoptr(GPtrArray) all = up_gate_together(gate);

        for (guint i = 0; i < all->len; i++)
                g_thread_pool_push(pool, all->pdata[i], NULL);
        for (guint i = 0; i < all->len; i++) {
                struct up_gate_item *item = all->pdata[i];
                wait_for(gate, item);
                if (item->outcome == UP_GATE_PASSED) {
                        gate->leaks_unchecked |= is_blind(item->run);
                        item_free(item);
                        continue;
                }
                add_late(gate, item, reports);
        }
}

static void tell_idle_oracles(struct up_gate *gate, GPtrArray *reports)
{
        g_autoptr(GPtrArray) idle = up_gate_idle_oracles(gate);

        for (guint i = 0; i < idle->len; i++)
                add_late(gate, idle->pdata[i], reports);
}

static void run_all(struct up_gate *gate, int jobs, GPtrArray *reports)
{
        GThreadPool *pool = g_thread_pool_new(work, gate, jobs, FALSE, NULL);

        gate->runner = up_runner_new();
        for (guint i = 0; i < gate->items->len; i++)
                g_thread_pool_push(pool, g_ptr_array_index(gate->items, i), NULL);
        for (guint i = 0; i < gate->items->len; i++) {
                struct up_gate_item *item = g_ptr_array_index(gate->items, i);
                wait_for(gate, item);
                tell_item(gate, i + 1, item, reports);
        }
        if (gate->counts[UP_GATE_INTERRUPTED] == 0)
                run_all_together(gate, pool, reports);
        tell_idle_oracles(gate, reports);
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

/* On standard error, how it ended. Returns the exit status. */
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
                    "leaks were not looked for, LeakSanitizer cannot work here; see unpend doctor");
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

/* Usage errors are told; -1 is success. */
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

/* Nothing can run without the targets: better told once than for each case. */
static int check_built(const struct up_gate *gate)
{
        for (guint i = 0; i < gate->items->len; i++) {
                const struct up_gate_item *item = g_ptr_array_index(gate->items, i);
                const char *target = item->target;
                g_autofree char *missing =
                    target != NULL ? up_flavour_check_built(gate->flavour, target) : NULL;
                if (missing != NULL)
                        return up_tool_fail(UP_STATUS_USAGE, "nothing was run: %s", missing);
        }
        return -1;
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

/* What the user asked for. */
struct order {
        const char *fault, *junit, *sarif;
        gboolean json;
        int jobs;
};

static void report_free(void *data)
{
        struct up_report *report = data;

        up_report_clear(report);
        g_free(report);
}

/* Usage errors are told; false then. */
static bool begin_reports(const struct up_gate *gate, const struct order *order, GPtrArray *reports)
{
        const struct {
                const struct up_report_row *row;
                const char *path;
                bool wanted;
        } wanted[] = {
                { &up_report_junit, order->junit, order->junit != NULL },
                { &up_report_sarif, order->sarif, order->sarif != NULL },
                { &up_report_json, NULL, order->json },
                { &up_report_tap, NULL, !order->json },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(wanted); i++) {
                if (!wanted[i].wanted)
                        continue;
                struct up_report *report = g_new0(struct up_report, 1);
                g_ptr_array_add(reports, report);
                if (!up_report_begin(report, wanted[i].row, gate, wanted[i].path))
                        return false;
        }
        return true;
}

/* What is told of a run is told of what was run: reports come to their end whatever it was. */
static int run_reported(struct up_gate *gate, int jobs, GPtrArray *reports)
{
        gint64 begin_us = g_get_monotonic_time();
        bool written = true;

        up_tool_interrupt_fd();
        run_all(gate, jobs, reports);
        gate->seconds = (double)(g_get_monotonic_time() - begin_us) / G_TIME_SPAN_SECOND;
        for (guint i = 0; i < reports->len; i++)
                written &= up_report_end(reports->pdata[i]);
        int status = conclude(gate);
        return written ? status : UP_STATUS_UNRUNNABLE;
}

/* Usage errors are told; -1 is success. */
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

static int run_gate(const struct up_flavour *flavour, const struct order *order, char **paths)
{
        g_autoptr(GPtrArray) reports = g_ptr_array_new_with_free_func(report_free);
        struct up_gate gate = { .flavour = flavour, .fault = order->fault };
        int status;

        g_mutex_init(&gate.lock);
        g_cond_init(&gate.changed);
        gate.items = g_ptr_array_new_with_free_func(item_free);
        gate.libraries = up_libraries_of(flavour);
        status = collect(&gate, paths);
        if (status < 0)
                status = select_changed(&gate);
        if (status < 0)
                status = check_built(&gate);
        if (status < 0)
                status = begin_reports(&gate, order, reports)
                             ? run_reported(&gate, order->jobs, reports)
                             : UP_STATUS_USAGE;
        gate_clear(&gate);
        return status;
}

static gboolean take_changed(const char *option, const char *value, void *data, GError **error)
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
                   "Exit status: 0 all passed, 1 some failed, 2 nothing was run.";

int up_tool_gate(int argc, char **argv)
{
        g_autofree char *flavour = NULL, *fault = NULL, *junit = NULL, *sarif = NULL;
        struct order order = { .jobs = (int)g_get_num_processors() };
        g_autofree char *flavours = up_flavour_names();
        const GOptionEntry entries[] = {
                { "flavour", 'f', 0, G_OPTION_ARG_STRING, &flavour, flavours, "NAME" },
                { "jobs", 'j', 0, G_OPTION_ARG_INT, &order.jobs, "cases at once (standard: cores)",
                    "N" },
                { "changed", 0, G_OPTION_FLAG_OPTIONAL_ARG, G_OPTION_ARG_CALLBACK,
                    (gpointer)take_changed, "only the cases that a change can have touched",
                    "REF" },
                { "fault", 0, 0, G_OPTION_ARG_STRING, &fault,
                    "plant this fault into every pipeline, to look what it does (see unpend "
                    "faults)",
                    "NAME" },
                { "json", 0, 0, G_OPTION_ARG_NONE, &order.json, up_report_json.what, NULL },
                { "junit", 0, 0, G_OPTION_ARG_FILENAME, &junit, up_report_junit.what, "FILE" },
                { "sarif", 0, 0, G_OPTION_ARG_FILENAME, &sarif, up_report_sarif.what, "FILE" },
                G_OPTION_ENTRY_NULL,
        };
        const struct up_flavour *chosen;
        int status = up_tool_options(&argc, &argv, entries, "[PATH…]", text);

        if (status >= 0)
                return status;
        if (order.jobs < 1 || order.jobs > 1024)
                return up_tool_usage("--jobs %d: must be between 1 and 1024", order.jobs);
        chosen = up_flavour_find(flavour);
        if (chosen == NULL)
                return UP_STATUS_USAGE;
        if (fault != NULL && !up_tool_check_faults(fault))
                return UP_STATUS_USAGE;
        order.fault = fault;
        order.junit = junit;
        order.sarif = sarif;
        status = run_gate(chosen, &order, argv + 1);
        g_clear_pointer(&changed_since, g_free);
        return status;
}
