/*
 * unpend gate - every regression must pass
 *
 * Each case is run in a process of its own (up_runner_run()), some at once by a pool of threads
 * that only wait; the main thread prints the results in the order of their paths, as TAP.
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
#include <errno.h>
#include <string.h>

#include "case/case.h"
#include "faults/faults.h"
#include "fuzz/targets.h"
#include "tools/libraries.h"
#include "tools/run.h"
#include "tools/tool.h"

#define FOLDER "regressions"

/* A gate of so many named cases may leave an oracle idle; a larger one, or one of all, may not. */
#define FEW_CASES 20

/* Endings of cases: any bytes are one. */
static const char *const endings[] = { ".case", ".eml", ".p7m" };

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

enum outcome {
        PASSED,
        FAILED,
        KNOWN,        /* failed as its known: line says: passed */
        OUT_OF_SIGHT, /* a known breakage that this flavour need not show: skipped */
        INTERRUPTED,
};

static const char *const outcome_names[] = {
        [PASSED] = "passed",
        [FAILED] = "failed",
        [KNOWN] = "known",
        [OUT_OF_SIGHT] = "skipped",
        [INTERRUPTED] = "interrupted",
};

struct item {
        char *path;
        struct up_case *c;      /* NULL when it is none, or cannot be read */
        struct up_run *run;     /* NULL when it was not run */
        struct up_run *faulted; /* under the fault that it names; NULL without */
        char *problem;          /* why it failed, if not by its findings */
        enum outcome outcome;
        bool done;
};

struct gate {
        const struct up_flavour *flavour;
        const char *fault;    /* planted into all of them, to look what it does; NULL: none */
        GPtrArray *items;     /* of struct item */
        GPtrArray *libraries; /* of struct up_library */
        struct up_runner *runner;
        GMutex lock; /* of each item's `done` */
        GCond changed;
        unsigned counts[G_N_ELEMENTS(outcome_names)];
        bool blind_to_leaks;
        bool demands_judgement; /* of each oracle */
};

static void item_free(void *data)
{
        struct item *item = data;

        g_free(item->path);
        up_case_free(item->c);
        up_run_free(item->run);
        up_run_free(item->faulted);
        g_free(item->problem);
        g_free(item);
}

/* --- what there is to run ----------------------------------------------------------------- */

/* @problem, if not NULL, says why it cannot be a case. */
static void add_item(struct gate *gate, const char *path, const char *problem)
{
        struct item *item = g_new0(struct item, 1);

        item->path = g_strdup(path);
        item->problem = g_strdup(problem);
        g_ptr_array_add(gate->items, item);
}

static bool is_named_as_case(const char *name)
{
        for (size_t i = 0; i < G_N_ELEMENTS(endings); i++)
                if (g_str_has_suffix(name, endings[i]))
                        return true;
        return false;
}

static bool names_target(const char *folder)
{
        g_autofree char *inside = g_build_filename(folder, "case", NULL);

        return up_tool_target_of(inside) != NULL;
}

static bool add_folder(struct gate *gate, const char *folder);

static void add_entry(struct gate *gate, const char *folder, const char *name)
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
static bool add_folder(struct gate *gate, const char *folder)
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
        const struct item *const *left = a;
        const struct item *const *right = b;

        return strcmp((*left)->path, (*right)->path);
}

/* --- judging one -------------------------------------------------------------------------- */

static bool built_from_source(const struct gate *gate, const struct up_known *known)
{
        for (guint i = 0; gate->flavour->from_source && i < gate->libraries->len; i++) {
                const struct up_library *library = g_ptr_array_index(gate->libraries, i);
                if (g_strcmp0(library->name, known->library) == 0)
                        return g_strcmp0(library->version, known->version) == 0;
        }
        return false;
}

static bool all_of_class(const struct up_run *run, const char *class)
{
        for (guint i = 0; i < run->findings->len; i++) {
                const struct up_finding *finding = g_ptr_array_index(run->findings, i);
                if (g_strcmp0(up_class_rows[finding->class].name, class) != 0)
                        return false;
        }
        return true;
}

static enum outcome judge_known(const struct gate *gate, struct item *item)
{
        if (item->run->status == UP_RUN_FOUND) {
                if (all_of_class(item->run, item->c->finding))
                        return KNOWN;
                item->problem =
                    g_strdup_printf("not the known breakage, which is a finding of class %s",
                        item->c->finding != NULL ? item->c->finding
                                                 : "(the case has no finding: line)");
                return FAILED;
        }
        if (!built_from_source(gate, &item->c->known))
                return OUT_OF_SIGHT;
        item->problem = g_strdup("known breakage vanished: take the known: line away");
        return FAILED;
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
static int judge_status(struct item *item, const struct up_run *run)
{
        switch (run->status) {
        case UP_RUN_INTERRUPTED:
                return INTERRUPTED;
        case UP_RUN_CANNOT:
                item->problem = g_strdup(run->why);
                return FAILED;
        case UP_RUN_PASSED:
        case UP_RUN_FOUND:
                break;
        }
        return -1;
}

static enum outcome judge(const struct gate *gate, struct item *item)
{
        int outcome = judge_status(item, item->run);

        if (outcome >= 0)
                return (enum outcome)outcome;
        if (item->c->known.library != NULL)
                return judge_known(gate, item);
        return item->run->status == UP_RUN_PASSED ? PASSED : FAILED;
}

/* What is wrong with the test, or NULL. The caller owns the result. */
static char *fault_problem(const struct item *item)
{
        const struct up_case *c = item->c;
        const char *comma = c->evidence != NULL ? ", " : "";
        const char *evidence = c->evidence != NULL ? c->evidence : "";
        g_autofree char *found = NULL;

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
        if (up_fault_find(c->fault) == NULL)
                return g_strdup_printf(
                    "there is no fault `%s`: unpend faults lists what there is", c->fault);
        if (!up_tool_has_pipeline(target))
                return g_strdup_printf(
                    "target %s has no pipeline to plant a fault into: take `fault:` away", target);
        return NULL;
}

/* Reads the case strictly: a regression is a valid file. What is wrong with it, or NULL. */
static char *read_case(struct item *item)
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
static enum outcome run_faulted(
    const struct gate *gate, struct item *item, struct up_run_order *order)
{
        order->fault = item->c->fault;
        item->faulted = up_runner_run(gate->runner, order);
        int outcome = judge_status(item, item->faulted);
        if (outcome >= 0)
                return (enum outcome)outcome;
        item->problem = fault_problem(item);
        return item->problem == NULL ? PASSED : FAILED;
}

static enum outcome run_item(const struct gate *gate, struct item *item)
{
        const char *target = up_tool_target_of(item->path);

        if (item->problem == NULL)
                item->problem = read_case(item);
        if (item->problem != NULL)
                return FAILED;
        if (target == NULL) {
                item->problem =
                    g_strdup("its folder names no target: move it to " FOLDER "/TARGET/");
                return FAILED;
        }
        if (item->c->fault != NULL && gate->fault == NULL)
                item->problem = fault_complaint(item->c, target);
        if (item->problem != NULL)
                return FAILED;
        struct up_run_order order = {
                .flavour = gate->flavour, .target = target, .path = item->path, .fault = gate->fault
        };
        item->run = up_runner_run(gate->runner, &order);
        enum outcome outcome = judge(gate, item);
        if (outcome != PASSED || item->c->fault == NULL || gate->fault != NULL)
                return outcome;
        return run_faulted(gate, item, &order);
}

/* In a thread of the pool. */
static void work(gpointer data, gpointer user_data)
{
        struct item *item = data;
        struct gate *gate = user_data;
        enum outcome outcome = up_tool_interrupted() ? INTERRUPTED : run_item(gate, item);

        g_mutex_lock(&gate->lock);
        item->outcome = outcome;
        item->done = true;
        g_cond_signal(&gate->changed);
        g_mutex_unlock(&gate->lock);
}

/* --- TAP ---------------------------------------------------------------------------------- */

/* A string of JSON is one of YAML. */
static void print_yaml(const char *indent, const char *name, const char *text)
{
        g_autoptr(JsonNode) node = json_node_init_string(json_node_alloc(), text);
        g_autofree char *quoted = json_to_string(node, FALSE);

        printf("%s%s: %s\n", indent, name, quoted);
}

static void print_finding(const struct up_finding *finding)
{
        print_yaml("    ", "- class", up_class_rows[finding->class].name);
        if (finding->evidence != UP_EVIDENCE_NONE)
                print_yaml("      ", "evidence", up_evidence_rows[finding->evidence].name);
        print_yaml("      ", "signature", finding->signature);
        print_yaml("      ", "detail", finding->detail);
}

static void print_diagnostics(const struct gate *gate, const struct item *item)
{
        g_autofree char *path = up_tool_quote(item->path);
        const char *target = up_tool_target_of(item->path);
        const struct up_run *shown = item->faulted != NULL ? item->faulted : item->run;
        g_autofree char *fault =
            up_tool_fault_option(item->faulted != NULL ? item->c->fault : gate->fault);
        const char *trace = up_tool_has_pipeline(target) ? " --trace" : "";

        puts("  ---");
        if (item->problem != NULL)
                print_yaml("  ", "problem", item->problem);
        if (shown != NULL && shown->findings->len > 0) {
                puts("  findings:");
                for (guint i = 0; i < shown->findings->len; i++)
                        print_finding(g_ptr_array_index(shown->findings, i));
        }
        if (item->run != NULL) {
                g_autofree char *command =
                    g_strdup_printf("%s repro --flavour %s --target %s%s%s %s", up_tool_program(),
                        gate->flavour->name, target, fault, trace, path);
                print_yaml("  ", "reproduce", command);
        } else if (item->c != NULL && target != NULL) {
                g_autofree char *command =
                    g_strdup_printf("%s inspect --strict %s", up_tool_program(), path);
                print_yaml("  ", "inspect", command);
        }
        puts("  ...");
}

static void print_item(const struct gate *gate, guint number, const struct item *item)
{
        const char *ok = item->outcome == PASSED || item->outcome == OUT_OF_SIGHT ? "ok" : "not ok";
        g_auto(GStrv) pieces = g_strsplit(item->path, "#", -1);
        g_autofree char *name = g_strjoinv("\\#", pieces); /* "#" begins a TAP directive */

        printf("%s %u - %s", ok, number, name);
        if (item->outcome == KNOWN)
                printf(" # TODO known breakage: %s %s %s", item->c->known.library,
                    item->c->known.version, item->c->known.url);
        if (item->outcome == OUT_OF_SIGHT)
                printf(" # SKIP known breakage not visible here: %s %s", item->c->known.library,
                    item->c->known.version);
        putchar('\n');
        if (item->outcome == FAILED)
                print_diagnostics(gate, item);
        fflush(stdout);
}

/* --- JSON --------------------------------------------------------------------------------- */

static void build_item(JsonBuilder *json, const struct item *item)
{
        json_builder_begin_object(json);
        up_tool_json_text(json, "case", item->path);
        up_tool_json_text(json, "target", up_tool_target_of(item->path));
        up_tool_json_text(json, "outcome", outcome_names[item->outcome]);
        up_tool_json_text(json, "problem", item->problem);
        up_tool_json_text(json, "known", item->c != NULL ? item->c->known.url : NULL);
        up_tool_json_text(json, "fault", item->c != NULL ? item->c->fault : NULL);
        if (item->run != NULL) {
                json_builder_set_member_name(json, "run");
                up_run_build_json(item->run, json);
        }
        if (item->faulted != NULL) {
                json_builder_set_member_name(json, "run-under-fault");
                up_run_build_json(item->faulted, json);
        }
        json_builder_end_object(json);
}

/* --- all of them -------------------------------------------------------------------------- */

static bool is_blind(const struct up_run *run)
{
        return run != NULL && run->blind_to_leaks;
}

static void finish_item(struct gate *gate, guint i, JsonBuilder *json)
{
        struct item *item = g_ptr_array_index(gate->items, i);

        g_mutex_lock(&gate->lock);
        while (!item->done)
                g_cond_wait(&gate->changed, &gate->lock);
        g_mutex_unlock(&gate->lock);

        gate->counts[item->outcome]++;
        gate->blind_to_leaks |= is_blind(item->run) || is_blind(item->faulted);
        if (json != NULL)
                build_item(json, item);
        else if (item->outcome != INTERRUPTED)
                print_item(gate, i + 1, item);
}

static void run_all(struct gate *gate, int jobs, JsonBuilder *json)
{
        GThreadPool *pool = g_thread_pool_new(work, gate, jobs, FALSE, NULL);

        gate->runner = up_runner_new();
        for (guint i = 0; i < gate->items->len; i++)
                g_thread_pool_push(pool, g_ptr_array_index(gate->items, i), NULL);
        for (guint i = 0; i < gate->items->len; i++)
                finish_item(gate, i, json);
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

static void add_target(struct sums *sums, const struct gate *gate, const char *name)
{
        for (guint i = 0; name != NULL && i < gate->items->len; i++) {
                const struct item *item = g_ptr_array_index(gate->items, i);
                if (g_strcmp0(up_tool_target_of(item->path), name) != 0)
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
static void add_idle_readers(const struct gate *gate, GPtrArray *idle)
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
static void add_idle_judges(const struct gate *gate, GPtrArray *idle)
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
static GPtrArray *idle_oracles(const struct gate *gate)
{
        GPtrArray *idle = g_ptr_array_new_with_free_func(g_free);

        if (gate->demands_judgement && gate->counts[INTERRUPTED] == 0) {
                add_idle_readers(gate, idle);
                add_idle_judges(gate, idle);
        }
        return idle;
}

static void build_totals(const struct gate *gate, const GPtrArray *idle, JsonBuilder *json)
{
        up_tool_json_number(json, "passed", gate->counts[PASSED] + gate->counts[KNOWN]);
        up_tool_json_number(json, "failed", gate->counts[FAILED]);
        up_tool_json_number(json, "skipped", gate->counts[OUT_OF_SIGHT]);
        up_tool_json_number(json, "interrupted", gate->counts[INTERRUPTED]);
        json_builder_set_member_name(json, "not-judged");
        json_builder_begin_array(json);
        for (guint i = 0; i < idle->len; i++)
                json_builder_add_string_value(json, g_ptr_array_index(idle, i));
        json_builder_end_array(json);
}

static void print_totals(const struct gate *gate)
{
        if (gate->counts[INTERRUPTED] > 0)
                puts("Bail out! interrupted");
        printf("%u passed, %u failed", gate->counts[PASSED] + gate->counts[KNOWN],
            gate->counts[FAILED]);
        if (gate->counts[OUT_OF_SIGHT] > 0)
                printf(", %u skipped", gate->counts[OUT_OF_SIGHT]);
        putchar('\n');
}

/* On standard error, how it ended. Returns the exit status. */
static int conclude(const struct gate *gate, const GPtrArray *idle, double seconds)
{
        g_autofree char *libraries = up_libraries_text(gate->flavour);
        unsigned failed = gate->counts[FAILED];

        if (gate->blind_to_leaks)
                up_tool_fail(0,
                    "leaks were not looked for, LeakSanitizer cannot work here; see unpend doctor");
        if (gate->counts[INTERRUPTED] > 0)
                return up_tool_fail(UP_STATUS_INTERRUPTED,
                    "interrupted, %u of %u cases were not run to their end",
                    gate->counts[INTERRUPTED], gate->items->len);
        for (guint i = 0; i < idle->len; i++)
                up_tool_fail(0, "%s", (const char *)g_ptr_array_index(idle, i));
        fprintf(stderr, "gate: %u case%s on %s (%s) in %.1f s: ", gate->items->len,
            gate->items->len == 1 ? "" : "s", gate->flavour->name, libraries, seconds);
        if (failed > 0)
                up_tool_paint(stderr, UP_RED, "%u failed\n", failed);
        else if (idle->len > 0)
                up_tool_paint(stderr, UP_RED, "not all was judged\n");
        else
                up_tool_paint(stderr, UP_GREEN, "all is well\n");
        return failed > 0 || idle->len > 0 ? UP_STATUS_FOUND : UP_STATUS_PASSED;
}

static int print_end(const struct gate *gate, JsonBuilder *json, double seconds)
{
        g_autoptr(GPtrArray) idle = idle_oracles(gate);

        if (json != NULL) {
                json_builder_end_array(json);
                build_totals(gate, idle, json);
                json_builder_end_object(json);
                up_tool_print_json(json);
        } else {
                print_totals(gate);
        }
        fflush(stdout);
        return conclude(gate, idle, seconds);
}

static int nothing_in(const char *path)
{
        return up_tool_fail(UP_STATUS_USAGE,
            "nothing to gate in %s: put a case into " FOLDER "/TARGET/NAME.case", path);
}

/* A fault shows nothing where there is no pipeline. */
static void leave_out_without_pipeline(struct gate *gate)
{
        for (guint i = gate->items->len; i > 0; i--) {
                const struct item *item = g_ptr_array_index(gate->items, i - 1);
                if (!up_tool_has_pipeline(up_tool_target_of(item->path)))
                        g_ptr_array_remove_index(gate->items, i - 1);
        }
}

/* Usage errors are told; -1 is success. */
static int collect(struct gate *gate, char **paths)
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
                leave_out_without_pipeline(gate);
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
static int check_built(const struct gate *gate)
{
        for (guint i = 0; i < gate->items->len; i++) {
                const struct item *item = g_ptr_array_index(gate->items, i);
                const char *target = up_tool_target_of(item->path);
                g_autofree char *missing =
                    target != NULL ? up_run_missing(gate->flavour, target) : NULL;
                if (missing != NULL)
                        return up_tool_fail(UP_STATUS_USAGE, "nothing was run: %s", missing);
        }
        return -1;
}

static void gate_clear(struct gate *gate)
{
        g_ptr_array_unref(gate->items);
        g_ptr_array_unref(gate->libraries);
        g_mutex_clear(&gate->lock);
        g_cond_clear(&gate->changed);
}

static int run_gate(
    const struct up_flavour *flavour, const char *fault, char **paths, int jobs, bool as_json)
{
        g_autoptr(JsonBuilder) json = as_json ? json_builder_new() : NULL;
        gint64 begin_us = g_get_monotonic_time();
        struct gate gate = { .flavour = flavour, .fault = fault };
        int status;

        g_mutex_init(&gate.lock);
        g_cond_init(&gate.changed);
        gate.items = g_ptr_array_new_with_free_func(item_free);
        gate.libraries = up_libraries_of(flavour);
        status = collect(&gate, paths);
        if (status < 0)
                status = check_built(&gate);
        if (status < 0) {
                if (json != NULL) {
                        json_builder_begin_object(json);
                        up_tool_json_text(json, "flavour", flavour->name);
                        up_tool_json_text(json, "fault", fault);
                        json_builder_set_member_name(json, "cases");
                        json_builder_begin_array(json);
                } else {
                        printf("TAP version 13\n1..%u\n", gate.items->len);
                        fflush(stdout);
                }
                up_tool_interrupts();
                run_all(&gate, jobs, json);
                status = print_end(
                    &gate, json, (double)(g_get_monotonic_time() - begin_us) / G_TIME_SPAN_SECOND);
        }
        gate_clear(&gate);
        return status;
}

int up_tool_gate(int argc, char **argv)
{
        g_autofree char *flavour = NULL, *fault = NULL;
        int jobs = (int)g_get_num_processors();
        gboolean json = FALSE;
        const GOptionEntry entries[] = {
                { "flavour", 'f', 0, G_OPTION_ARG_STRING, &flavour, "replay or libfuzzer", "NAME" },
                { "jobs", 'j', 0, G_OPTION_ARG_INT, &jobs, "cases at once (standard: cores)", "N" },
                { "fault", 0, 0, G_OPTION_ARG_STRING, &fault,
                    "plant this fault into every pipeline, to look what it does (see unpend "
                    "faults)",
                    "NAME" },
                { "json", 0, 0, G_OPTION_ARG_NONE, &json, "one JSON object in place of TAP", NULL },
                G_OPTION_ENTRY_NULL,
        };
        const struct up_flavour *chosen;
        int status = up_tool_options(&argc, &argv, entries, "[PATH…]",
            "Runs the cases in PATH, " FOLDER "/ by itself; the folder of a case names\n"
            "its target. In a folder, only README.md and names with a dot in front may be\n"
            "anything else than a case (.case, .eml, .p7m).\n"
            "A case with a fault: line must pass as it is, and with that fault planted show\n"
            "its finding:, or pass again if it has no such line.\n"
            "An oracle that had nothing to judge in any case fails a gate without PATH,\n"
            "or of more than " G_STRINGIFY(
                FEW_CASES) " cases.\n"
                           "Exit status: 0 all passed, 1 some failed, 2 nothing was run.");

        if (status >= 0)
                return status;
        if (jobs < 1 || jobs > 1024)
                return up_tool_usage("--jobs %d: must be between 1 and 1024", jobs);
        chosen = up_flavour_find(flavour);
        if (chosen == NULL)
                return UP_STATUS_USAGE;
        if (fault != NULL && !up_tool_is_fault(fault))
                return UP_STATUS_USAGE;
        return run_gate(chosen, fault, argv + 1, jobs, json);
}
