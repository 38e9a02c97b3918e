/*
 * unpend gate - every regression must pass
 *
 * Each case is run in a process of its own (up_runner_run()), some at once by a pool of threads
 * that only wait; the main thread hands the results to the reports in the order of their paths.
 *
 * One case has one outcome: each is run twice in its process, and then once more in another, with
 * all others of its target and in disorder (up_run_together()). That one is started afresh, so that
 * its addresses are others, too. Cases that crash have no second outcome; a fault that is planted
 * for one case is compared within its process alone.
 *
 * A case with a `known:` line shows a bug in a library. Where that library is built from source
 * at that very version, the case must fail as its `finding:` says. The system's library may have
 * been patched by the distribution, and is not instrumented: there the bug may be out of sight.
 *
 * A case with a `fault:` line is run twice: as it is it must pass, and with that fault planted it
 * must show the finding that it names. So the test is tested, each time. Where it names no finding
 * it must pass even then: what a fault does not touch belongs to its description.
 *
 * Nothing is passed over in silence: what lies among the cases and is none fails, and so does an
 * oracle that had nothing to judge, in a run large enough to expect it.
 */
#include <string.h>

#include "case/case.h"
#include "faults/faults.h"
#include "fuzz/targets.h"
#include "tools/gate.h"
#include "tools/libraries.h"
#include "tools/report.h"
#include "tools/run.h"
#include "tools/tool.h"

#define FOLDER "regressions"

/* A gate of so many named cases may leave an oracle idle; a larger one, or one of all, may not. */
#define FEW_CASES 20

/*
 * Each oracle counts how often it had something to judge: where it must not be never. Besides
 * these, which judge what was read, there are those of oracle/judge.h.
 */
static const struct {
        enum up_count judged;
        enum up_class class;    /* what the oracle finds */
        const char *targets[2]; /* any of them gives it something */
} oracles[] = {
        { UP_COUNT_LOGS_JUDGED, UP_CLASS_LIBRARY_CRITICAL, { "mime", "smime" } },
        { UP_COUNT_REASONS_JUDGED, UP_CLASS_ERROR_WITHOUT_REASON, { "smime" } },
        { UP_COUNT_DECODERS_JUDGED, UP_CLASS_DISAGREE, { "mime", "smime" } },
};

/* The target whose cases give the others something. */
#define PIPELINE "scan_submit"

const char *const up_gate_outcome_names[UP_GATE_OUTCOMES] = {
        [UP_GATE_PASSED] = "passed",
        [UP_GATE_FAILED] = "failed",
        [UP_GATE_KNOWN] = "known",
        [UP_GATE_OUT_OF_SIGHT] = "skipped",
        [UP_GATE_INTERRUPTED] = "interrupted",
};

/* What has to hang, by the clock, is not waited for as long as what must not. */
#define HANG_LIMIT_S 5

/* So many cases are run in one process; more of a target are run in several. */
#define TOGETHER 500

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
        item->target = up_tool_target_of(path);
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

        return up_tool_target_of(inside) != NULL;
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

/* --- judging one -------------------------------------------------------------------------- */

static bool built_from_source(const struct up_gate *gate, const struct up_known *known)
{
        for (guint i = 0; gate->flavour->from_source && i < gate->libraries->len; i++) {
                const struct up_library *library = g_ptr_array_index(gate->libraries, i);
                if (g_strcmp0(library->name, known->name) == 0)
                        return g_strcmp0(library->version, known->version) == 0;
        }
        return false;
}

/* Where edges are counted a loop that eats memory is out of fuel before memory is full. */
static bool is_of_class(
    const struct up_gate *gate, const struct up_finding *finding, const char *class)
{
        return g_strcmp0(up_class_rows[finding->class].name, class) == 0 ||
               (gate->flavour->counts && finding->class == UP_CLASS_HANG &&
                   g_strcmp0(class, up_class_rows[UP_CLASS_MEMORY].name) == 0);
}

static bool all_of_class(const struct up_gate *gate, const struct up_run *run, const char *class)
{
        for (guint i = 0; i < run->findings->len; i++) {
                const struct up_finding *finding = g_ptr_array_index(run->findings, i);
                if (!is_of_class(gate, finding, class))
                        return false;
        }
        return true;
}

static enum up_gate_outcome judge_known(const struct up_gate *gate, struct up_gate_item *item)
{
        if (item->run->status == UP_RUN_FOUND) {
                if (all_of_class(gate, item->run, item->c->finding))
                        return UP_GATE_KNOWN;
                item->problem =
                    g_strdup_printf("not the known breakage, which is a finding of class %s",
                        item->c->finding != NULL ? item->c->finding
                                                 : "(the case has no finding: line)");
                return UP_GATE_FAILED;
        }
        if (!built_from_source(gate, &item->c->known))
                return UP_GATE_OUT_OF_SIGHT;
        item->problem = g_strdup("known breakage vanished: take the known: line away");
        return UP_GATE_FAILED;
}

/* The finding that the case is about, if the run has it. */
static bool shows_finding(const struct up_run *run, const struct up_case *c)
{
        for (guint i = 0; i < run->findings->len; i++) {
                const struct up_finding *finding = g_ptr_array_index(run->findings, i);
                if (g_strcmp0(up_class_rows[finding->class].name, c->finding) == 0 &&
                    (c->evidence == NULL ||
                        strcmp(up_evidence_rows[finding->evidence].name, c->evidence) == 0))
                        return true;
        }
        return false;
}

/* "pending, no-progress; lost". The caller owns the result. */
static char *findings_text(const struct up_run *run)
{
        GString *text = g_string_new(NULL);

        for (guint i = 0; i < run->findings->len; i++) {
                const struct up_finding *finding = g_ptr_array_index(run->findings, i);
                const char *evidence = up_evidence_rows[finding->evidence].name;
                g_string_append_printf(text, "%s%s%s%s", text->len > 0 ? "; " : "",
                    up_class_rows[finding->class].name, *evidence != '\0' ? ", " : "", evidence);
        }
        return g_string_free(text, FALSE);
}

/* Negative: the run says something about the case. */
static int judge_status(struct up_gate_item *item, const struct up_run *run)
{
        switch (run->status) {
        case UP_RUN_INTERRUPTED:
                return UP_GATE_INTERRUPTED;
        case UP_RUN_CANNOT:
                item->problem = g_strdup(run->why);
                return UP_GATE_FAILED;
        case UP_RUN_PASSED:
        case UP_RUN_FOUND:
                break;
        }
        return -1;
}

static enum up_gate_outcome judge(const struct up_gate *gate, struct up_gate_item *item)
{
        int outcome = judge_status(item, item->run);

        if (outcome >= 0)
                return (enum up_gate_outcome)outcome;
        if (item->c->known.name != NULL)
                return judge_known(gate, item);
        return item->run->status == UP_RUN_PASSED ? UP_GATE_PASSED : UP_GATE_FAILED;
}

static bool has_class(const struct up_run *run, enum up_class class)
{
        for (guint i = 0; i < run->findings->len; i++) {
                const struct up_finding *finding = g_ptr_array_index(run->findings, i);
                if (finding->class == class)
                        return true;
        }
        return false;
}

/* What is wrong with the test, or NULL. The caller owns the result. */
static char *fault_problem(const struct up_gate_item *item)
{
        const struct up_case *c = item->c;
        const char *comma = c->evidence != NULL ? ", " : "";
        const char *evidence = c->evidence != NULL ? c->evidence : "";
        g_autofree char *found = NULL;

        if (has_class(item->faulted, UP_CLASS_NONDETERMINISTIC))
                return g_strdup_printf("under --fault %s it had two outcomes", c->fault);
        if (c->finding == NULL ? item->faulted->status == UP_RUN_PASSED
                               : shows_finding(item->faulted, c))
                return NULL;
        if (item->faulted->findings->len == 0)
                return g_strdup_printf("under --fault %s it passed, and should show %s%s%s",
                    c->fault, c->finding, comma, evidence);
        found = findings_text(item->faulted);
        if (c->finding == NULL)
                return g_strdup_printf("under --fault %s it showed %s, and should pass: it has no "
                                       "`finding:` line",
                    c->fault, found);
        return g_strdup_printf("under --fault %s it showed %s, and should show %s%s%s", c->fault,
            found, c->finding, comma, evidence);
}

/* What cannot be judged at all, before anything is run; NULL: all is well. */
static char *fault_complaint(const struct up_case *c, const char *target)
{
        if (up_fault_plant(c->fault) == NULL)
                return g_strdup_printf(
                    "there is no fault `%s`: unpend faults lists what there is", c->fault);
        if (!up_tool_takes_faults(target, c->fault))
                return g_strdup_printf(
                    "%s changes nothing in target %s: take `fault:` away", c->fault, target);
        return NULL;
}

/* Reads the case strictly: a regression is a valid file. What is wrong with it, or NULL. */
static char *read_case(struct up_gate_item *item)
{
        g_autoptr(GPtrArray) complaints = up_complaints_new();
        g_autoptr(GError) error = NULL;
        g_autoptr(GBytes) bytes = up_tool_read_file(item->path, &error);
        const struct up_complaint *complaint;
        const void *data;
        gsize size;

        if (bytes == NULL)
                return g_strdup(error->message);
        data = g_bytes_get_data(bytes, &size);
        item->c = up_case_read(data, size, complaints);
        if (complaints->len == 0)
                return NULL;
        complaint = g_ptr_array_index(complaints, 0);
        return g_strdup_printf("%s:%u:%u: %s", item->path, complaint->place.line,
            complaint->place.column, complaint->text);
}

/* A case that passes as it is, and names a fault. */
static enum up_gate_outcome run_faulted(
    const struct up_gate *gate, struct up_gate_item *item, struct up_run_order *order)
{
        order->fault = item->c->fault;
        if (!gate->flavour->counts &&
            g_strcmp0(item->c->finding, up_class_rows[UP_CLASS_HANG].name) == 0)
                order->limit_s = HANG_LIMIT_S;
        item->faulted = up_runner_run(gate->runner, order);
        int outcome = judge_status(item, item->faulted);
        if (outcome >= 0)
                return (enum up_gate_outcome)outcome;
        item->problem = fault_problem(item);
        return item->problem == NULL ? UP_GATE_PASSED : UP_GATE_FAILED;
}

static enum up_gate_outcome run_item(const struct up_gate *gate, struct up_gate_item *item)
{
        const char *target = item->target;

        if (item->problem == NULL)
                item->problem = read_case(item);
        if (item->problem != NULL)
                return UP_GATE_FAILED;
        if (target == NULL) {
                item->problem =
                    g_strdup("its folder names no target: move it to " FOLDER "/TARGET/");
                return UP_GATE_FAILED;
        }
        if (item->c->fault != NULL && gate->fault == NULL)
                item->problem = fault_complaint(item->c, target);
        if (item->problem != NULL)
                return UP_GATE_FAILED;
        struct up_run_order order = { .flavour = gate->flavour,
                .target = target,
                .path = item->path,
                .fault = gate->fault,
                .twice = true };
        item->run = up_runner_run(gate->runner, &order);
        enum up_gate_outcome outcome = judge(gate, item);
        if (outcome != UP_GATE_PASSED || item->c->fault == NULL || gate->fault != NULL)
                return outcome;
        return run_faulted(gate, item, &order);
}

/* --- each once more, in one process ------------------------------------------------------- */

/* What the process that runs a case among others must show again. */
static const char *settled_outcome(const struct up_gate_item *item)
{
        return item->run != NULL && !has_class(item->run, UP_CLASS_NONDETERMINISTIC)
                   ? item->run->outcome
                   : NULL;
}

/* The same disorder each time: no two that were neighbours stay so. */
static GPtrArray *in_disorder(const GPtrArray *items)
{
        g_autofree bool *taken = g_new0(bool, items->len);
        GPtrArray *mixed = g_ptr_array_new();
        guint at = 0;

        for (guint i = 0; i < items->len; i++) {
                at = (at + 7919) % items->len;
                while (taken[at])
                        at = (at + 1) % items->len;
                taken[at] = true;
                g_ptr_array_add(mixed, items->pdata[at]);
        }
        return mixed;
}

static struct up_gate_item *together_new(const char *target)
{
        struct up_gate_item *item = g_new0(struct up_gate_item, 1);

        item->path = g_strdup_printf("%s: cases in one process, in disorder", target);
        item->target = target;
        item->together = true;
        item->cases = g_ptr_array_new();
        return item;
}

/* Appends, for a target, as many as its cases need. */
static void add_together(const struct up_gate *gate, GPtrArray *all, const char *target)
{
        g_autoptr(GPtrArray) settled = g_ptr_array_new();
        g_autoptr(GPtrArray) mixed = NULL;
        struct up_gate_item *item = NULL;

        for (guint i = 0; i < gate->items->len; i++) {
                struct up_gate_item *one = gate->items->pdata[i];
                if (g_strcmp0(one->target, target) == 0 && settled_outcome(one) != NULL)
                        g_ptr_array_add(settled, one);
        }
        mixed = in_disorder(settled);
        for (guint i = 0; i < mixed->len; i++) {
                if (i % TOGETHER == 0) {
                        item = together_new(target);
                        g_ptr_array_add(all, item);
                }
                g_ptr_array_add(item->cases, mixed->pdata[i]);
        }
}

static enum up_gate_outcome run_together(const struct up_gate *gate, struct up_gate_item *item)
{
        g_autoptr(GPtrArray) paths = g_ptr_array_new();
        g_autoptr(GPtrArray) outcomes = g_ptr_array_new();

        for (guint i = 0; i < item->cases->len; i++) {
                const struct up_gate_item *one = item->cases->pdata[i];
                g_ptr_array_add(paths, one->path);
                g_ptr_array_add(outcomes, one->run->outcome);
        }
        g_ptr_array_add(paths, NULL);
        item->run = up_run_together(
            &(struct up_run_order){
                .flavour = gate->flavour, .target = item->target, .fault = gate->fault },
            (char *const *)paths->pdata, (char *const *)outcomes->pdata);
        int outcome = judge_status(item, item->run);
        if (outcome >= 0)
                return (enum up_gate_outcome)outcome;
        return item->run->findings->len > 0 ? UP_GATE_FAILED : UP_GATE_PASSED;
}

/* In a thread of the pool. */
static void work(gpointer data, gpointer user_data)
{
        struct up_gate_item *item = data;
        struct up_gate *gate = user_data;
        enum up_gate_outcome outcome = up_tool_interrupted() ? UP_GATE_INTERRUPTED
                                       : item->together      ? run_together(gate, item)
                                                             : run_item(gate, item);

        g_mutex_lock(&gate->lock);
        item->outcome = outcome;
        item->done = true;
        g_cond_signal(&gate->changed);
        g_mutex_unlock(&gate->lock);
}

/* --- all of them -------------------------------------------------------------------------- */

static bool is_blind(const struct up_run *run)
{
        return run != NULL && run->blind_to_leaks;
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
        gate->blind_to_leaks |= is_blind(item->run) || is_blind(item->faulted);
        for (guint i = 0; i < reports->len; i++)
                up_report_item(reports->pdata[i], number, item);
}

/* Those that went well are not told: each of the cases has a line already. */
static void run_all_together(struct up_gate *gate, GThreadPool *pool, GPtrArray *reports)
{
        g_autoptr(GPtrArray) all = g_ptr_array_new();

        for (size_t i = 0; i < G_N_ELEMENTS(up_target_rows); i++)
                add_together(gate, all, up_target_rows[i].name);
        for (guint i = 0; i < all->len; i++)
                g_thread_pool_push(pool, all->pdata[i], NULL);
        for (guint i = 0; i < all->len; i++) {
                struct up_gate_item *item = all->pdata[i];
                wait_for(gate, item);
                if (item->outcome == UP_GATE_PASSED) {
                        gate->blind_to_leaks |= is_blind(item->run);
                        item_free(item);
                        continue;
                }
                g_ptr_array_add(gate->items, item);
                tell_item(gate, gate->items->len, item, reports);
        }
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
        if (gate->counts[UP_GATE_INTERRUPTED] == 0 && gate->flavour->forks)
                run_all_together(gate, pool, reports);
        g_thread_pool_free(pool, FALSE, TRUE);
        up_runner_free(gate->runner);
}

/* --- what the oracles saw ----------------------------------------------------------------- */

/* All that ran on a target, added up. Without a case that ran, nothing could have been judged. */
struct sums {
        bool ran;
        uint64_t counts[UP_COUNTS];
        uint64_t judged[UP_ORACLES];
};

static void add_run(struct sums *sums, const struct up_run *run)
{
        if (run == NULL)
                return;
        sums->ran = true;
        for (int i = 0; i < UP_COUNTS; i++)
                sums->counts[i] += run->counts[i];
        for (int i = 0; i < UP_ORACLES; i++)
                sums->judged[i] += run->judged[i];
}

static void add_target(struct sums *sums, const struct up_gate *gate, const char *name)
{
        for (guint i = 0; name != NULL && i < gate->items->len; i++) {
                const struct up_gate_item *item = g_ptr_array_index(gate->items, i);
                if (g_strcmp0(item->target, name) != 0 || item->together)
                        continue;
                add_run(sums, item->run);
                add_run(sums, item->faulted);
        }
}

/* What is told of an oracle that saw nothing. */
static void add_idle(GPtrArray *idle, const char *name, char *why)
{
        g_ptr_array_add(
            idle, g_strdup_printf("nothing was judged by the oracle of %s: %s", name, why));
        g_free(why);
}

/* Of those that judge what was read. */
static void add_idle_readers(const struct up_gate *gate, GPtrArray *idle)
{
        for (size_t i = 0; i < G_N_ELEMENTS(oracles); i++) {
                struct sums sums = { 0 };
                for (size_t j = 0; j < G_N_ELEMENTS(oracles[i].targets); j++)
                        add_target(&sums, gate, oracles[i].targets[j]);
                if (!sums.ran || sums.counts[oracles[i].judged] > 0)
                        continue;
                add_idle(idle, up_class_rows[oracles[i].class].name,
                    g_strdup_printf("it saw nothing (%s is 0)", up_count_names[oracles[i].judged]));
        }
}

/* Of those that judge a run of the pipeline. */
static void add_idle_judges(const struct up_gate *gate, GPtrArray *idle)
{
        struct sums sums = { 0 };

        add_target(&sums, gate, PIPELINE);
        for (int i = 0; sums.ran && i < UP_ORACLES; i++) {
                if (sums.judged[i] > 0)
                        continue;
                add_idle(idle, up_oracle_rows[i].name,
                    g_strdup_printf("no case gave it %s", up_oracle_rows[i].what));
        }
}

/* What there is to say of each; none where that is not demanded. The caller owns the result. */
static GPtrArray *idle_oracles(const struct up_gate *gate)
{
        GPtrArray *idle = g_ptr_array_new_with_free_func(g_free);

        if (gate->demands_judgement && gate->counts[UP_GATE_INTERRUPTED] == 0) {
                add_idle_readers(gate, idle);
                add_idle_judges(gate, idle);
        }
        return idle;
}

/* On standard error, how it ended. Returns the exit status. */
static int conclude(const struct up_gate *gate)
{
        g_autofree char *libraries = up_libraries_text(gate->flavour);
        unsigned failed = gate->counts[UP_GATE_FAILED];

        if (gate->unchanged != NULL) {
                fprintf(stderr, "gate: nothing to run: %s\n", gate->unchanged);
                return UP_STATUS_PASSED;
        }
        up_gate_print_summary(gate);
        if (gate->blind_to_leaks)
                up_tool_fail(0,
                    "leaks were not looked for, LeakSanitizer cannot work here; see unpend doctor");
        if (gate->counts[UP_GATE_INTERRUPTED] > 0)
                return up_tool_fail(UP_STATUS_INTERRUPTED,
                    "interrupted, %u of %u cases were not run to their end",
                    gate->counts[UP_GATE_INTERRUPTED], gate->items->len);
        for (guint i = 0; i < gate->idle->len; i++)
                up_tool_fail(0, "%s", (const char *)g_ptr_array_index(gate->idle, i));
        fprintf(stderr, "gate: %u case%s on %s (%s) in %.1f s: ", gate->items->len,
            gate->items->len == 1 ? "" : "s", gate->flavour->name, libraries, gate->seconds);
        if (failed > 0)
                up_tool_paint(stderr, UP_RED, "%u failed\n", failed);
        else if (gate->idle->len > 0)
                up_tool_paint(stderr, UP_RED, "not all was judged\n");
        else
                up_tool_paint(stderr, UP_GREEN, "all is well\n");
        return failed > 0 || gate->idle->len > 0 ? UP_STATUS_FOUND : UP_STATUS_PASSED;
}

static int nothing_in(const char *path)
{
        return up_tool_fail(UP_STATUS_USAGE,
            "nothing to gate in %s: put a case into " FOLDER "/TARGET/NAME.case", path);
}

/* A fault shows nothing where it changes nothing. */
static void leave_out_untouched(struct up_gate *gate)
{
        for (guint i = gate->items->len; i > 0; i--) {
                const struct up_gate_item *item = g_ptr_array_index(gate->items, i - 1);
                if (!up_tool_takes_faults(item->target, gate->fault))
                        g_ptr_array_remove_index(gate->items, i - 1);
        }
}

/* Usage errors are told; -1 is success. */
static int collect(struct up_gate *gate, char **paths)
{
        static char *standard[] = { (char *)FOLDER, NULL };
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
                    target != NULL ? up_run_missing(gate->flavour, target) : NULL;
                if (missing != NULL)
                        return up_tool_fail(UP_STATUS_USAGE, "nothing was run: %s", missing);
        }
        return -1;
}

static void gate_clear(struct up_gate *gate)
{
        g_ptr_array_unref(gate->items);
        g_ptr_array_unref(gate->libraries);
        g_clear_pointer(&gate->idle, g_ptr_array_unref);
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

        up_tool_interrupts();
        run_all(gate, jobs, reports);
        gate->seconds = (double)(g_get_monotonic_time() - begin_us) / G_TIME_SPAN_SECOND;
        gate->idle = idle_oracles(gate);
        for (guint i = 0; i < reports->len; i++)
                written &= up_report_end(reports->pdata[i]);
        int status = conclude(gate);
        return written ? status : UP_STATUS_CANNOT;
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
    "Runs the cases in PATH, " FOLDER "/ by itself; the folder of a case names\n"
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
        g_autofree char *flavours = up_flavour_help();
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
        if (fault != NULL && !up_tool_are_faults(fault))
                return UP_STATUS_USAGE;
        order.fault = fault;
        order.junit = junit;
        order.sarif = sarif;
        status = run_gate(chosen, &order, argv + 1);
        g_clear_pointer(&changed_since, g_free);
        return status;
}
