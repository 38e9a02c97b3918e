/*
 * target - entry points, fixed environment, and what is done with findings
 *
 * GLib reads G_SLICE and the C library reads the locale before main() runs. So a process with
 * another environment starts itself again with the right one, in LLVMFuzzerInitialize(), which
 * every engine calls first.
 */
#include "target/target.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cms/random.h"
#include "faults/faults.h"
#include "fnv.h"
#include "target/death.h"
#include "target/environment.h"
#include "target/feedback.h"
#include "target/fork_server.h"
#include "target/growth.h"
#include "target/inbox.h"
#include "target/leaks.h"
#include "target/novelty.h"
#include "target/pipeline_fuel.h"
#include "target/progress.h"
#include "target/input_report.h"

#define LEAK_KINDS      8
#define PAUSE_US        20000
#define TRACE_MAX_WIDTH 1000

static const char *input_path = "(memory)";
static const char *program = "";
static unsigned last_findings;
static struct up_progress *progress;
static gint64 start_us; /* real time, for statistics only */
static bool next_is_mutant;
static const struct up_pipeline *faulty;
static unsigned trace_columns;
static enum up_depth depth = UP_DEPTH_JUDGE;
static const char *inbox; /* of an examiner; NULL: none */

/* --- start ------------------------------------------------------------------------------------ */

static bool environment_is_fixed(void)
{
        for (size_t i = 0; i < G_N_ELEMENTS(up_fixed_environment); i++)
                if (g_strcmp0(
                        getenv(up_fixed_environment[i].name), up_fixed_environment[i].value) != 0)
                        return false;
        return true;
}

static G_GNUC_NORETURN void restart_in_fixed_environment(char **argv)
{
        for (size_t i = 0; i < G_N_ELEMENTS(up_fixed_environment); i++)
                setenv(up_fixed_environment[i].name, up_fixed_environment[i].value, 1);
        execv("/proc/self/exe", argv);
        fprintf(
            stderr, "%s: cannot restart in a fixed environment: %s\n", argv[0], strerror(errno));
        _exit(125);
}

static void plant_faults(void)
{
        const char *names = getenv("UNPEND_FAULT");

        if (names == NULL)
                return;
        faulty = up_fault_plant(names);
        if (faulty == NULL) { /* the healthy pipeline must not pass for one with a fault */
                fprintf(stderr, "%s: UNPEND_FAULT=%s: unknown fault\n", program, names);
                _exit(125);
        }
}

static void map_progress(void)
{
        const char *path = getenv("UNPEND_PROGRESS");

        if (path == NULL)
                return;
        start_us = g_get_monotonic_time();
        progress = up_progress_map(path);
        if (progress == NULL) {
                fprintf(stderr, "%s: cannot map %s: %s\n", program, path, strerror(errno));
                _exit(125);
        }
}

static void open_inbox(void)
{
        const char *reached = getenv("UNPEND_REACHED");

        inbox = getenv("UNPEND_INBOX");
        if (inbox != NULL && !up_novelty_is_afl())
                up_death_catch(inbox);
        if (reached != NULL && !up_novelty_start(reached)) {
                fprintf(stderr, "%s: cannot write to %s: %s\n", program, reached, strerror(errno));
                _exit(125);
        }
}

static void set_depth(void)
{
        const char *name = getenv("UNPEND_DEPTH");
        int found = UP_DEPTH_COUNT;

        if (name == NULL)
                return;
        for (int i = 0; i < UP_DEPTH_COUNT; i++)
                if (strcmp(name, up_depth_names[i]) == 0)
                        found = i;
        if (found == UP_DEPTH_COUNT) {
                fprintf(
                    stderr, "%s: UNPEND_DEPTH=%s: want explore, examine or judge\n", program, name);
                _exit(125);
        }
        depth = (enum up_depth)found;
}

static void run_input(const uint8_t *data, size_t size)
{
        LLVMFuzzerTestOneInput(data, size);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
        const char *columns = getenv("UNPEND_TRACE");

        if (!environment_is_fixed())
                restart_in_fixed_environment(*argv);
        program = (*argv)[0];
        plant_faults();
        set_depth();
        map_progress();
        open_inbox();
        if (columns != NULL)
                trace_columns = (unsigned)CLAMP(strtol(columns, NULL, 10), 0, TRACE_MAX_WIDTH);
        if (getenv("UNPEND_FINDINGS") != NULL)
                up_leaks_start();
        if (up_fuel_counts())
                up_hooks_set(&up_pipeline_fuel);
        if (*argc == 2 && strcmp((*argv)[1], UP_FORK_SERVER_OPTION) == 0)
                exit(up_fork_server_serve(
                    &(struct up_fork_server_target){ run_input, up_target_run_file }));
        return 0;
}

/* --- examining -------------------------------------------------------------------------------- */

/* The caller clears the result. */
static void examine_case(const struct up_case *c, GBytes *bytes, struct up_case_result *result)
{
        const struct up_target_input input = { bytes, faulty, trace_columns };

        up_random_restart(0);
        up_case_result_init(result, c);
        result->observed.depth = depth;
        result->observed.hash = up_fnv_bytes(
            UP_FNV_BASIS, g_bytes_get_data(c->message, NULL), g_bytes_get_size(c->message));
        up_target.examine(c, &input, result);
        up_oracle_mail(&result->observed, result->findings);
}

/* What is found in a part of a case is not a finding of the case. */
static uint64_t measure_fuel(const struct up_case *c)
{
        struct up_case_result result;

        up_fuel_begin(up_target.name, &up_target.fuel, g_bytes_get_size(c->message));
        examine_case(c, c->message, &result);
        up_case_result_clear(&result);
        return up_fuel_end();
}

/* Returns the fuel that was spent. The caller clears the result. */
static uint64_t examine(
    const uint8_t *data, size_t size, struct up_case_result *result, bool *ret_mutant)
{
        g_autoptr(GBytes) bytes = g_bytes_new_static(data, size);
        g_autoptr(up_case) c = NULL;
        uint64_t fuel;

        up_fuel_begin(up_target.name, &up_target.fuel, size);
        c = up_case_read(data, size, NULL);
        *ret_mutant = c->mutation != NULL;
        examine_case(c, bytes, result);
        fuel = up_fuel_end();
        if (up_target.linear && up_fuel_counts())
                up_growth_judge(c, fuel, measure_fuel, up_target.name, result->findings);
        return fuel;
}

/* --- what is done with the result ------------------------------------------------------------- */

static void count_progress(const struct up_case_result *result, bool mutant)
{
        bool verified = result->observed.counts[UP_COUNT_VERIFIED] > 0;
        bool digest_only = !verified && result->observed.counts[UP_COUNT_DIGEST_ONLY] > 0;

        progress->executions++;
        progress->verified += verified;
        progress->digest_only += digest_only;
        progress->unscannable += result->observed.unscannable;
        if (mutant) {
                progress->mutants++;
                progress->mutants_verified += verified;
                progress->mutants_digest_only += digest_only;
        }
        if (result->findings->len > 0 && progress->findings++ == 0) {
                progress->first_finding = progress->executions;
                progress->first_finding_ms = (uint64_t)(g_get_monotonic_time() - start_us) / 1000;
        }
        for (int i = 0; i < UP_COUNTS; i++)
                progress->counts[i] += result->observed.counts[i];
        for (int i = 0; i < UP_ORACLE_COUNT; i++)
                progress->judged[i] += result->judged[i];
        up_feedback_transitions(progress->transitions);
}

static void append_report(const char *report, const struct up_case_result *result, uint64_t fuel)
{
        g_autofree char *trace = NULL;

        if (trace_columns > 0)
                trace = result->trace != NULL ? g_strdup(result->trace)
                                              : up_case_result_trace(result, trace_columns);
        if (!up_input_report_append(report, input_path, result, fuel, trace)) {
                fprintf(stderr, "cannot append to %s: %s\n", report, strerror(errno));
                _exit(125);
        }
}

/* Says whether it was kept. */
static bool keep_smallest(const char *folder, const char *name, const uint8_t *data, size_t size)
{
        g_autofree char *path = g_build_filename(folder, name, NULL);
        g_autoptr(GError) error = NULL;
        g_autoptr(GMappedFile) kept = g_mapped_file_new(path, FALSE, NULL);

        if (kept != NULL && g_mapped_file_get_length(kept) <= size)
                return false;
        if (!g_file_set_contents(path, (const char *)data, (gssize)size, &error)) {
                fprintf(stderr, "cannot keep a finding: %s\n", error->message);
                _exit(125);
        }
        return true;
}

/* Once for each; the campaign reads it. */
static void announce(const char *slug, const char *class, const char *signature)
{
        static GHashTable *announced;

        if (announced == NULL)
                announced = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        if (!g_hash_table_add(announced, g_strdup(slug)))
                return;
        fprintf(stderr, UP_TARGET_FOUND "\t%s\t%s\t%s\n", slug, class, signature);
        fflush(stderr);
}

/* Says whether one was kept. */
static bool keep_findings(
    const char *folder, const GPtrArray *findings, const uint8_t *data, size_t size)
{
        bool kept = false;

        for (guint i = 0; i < findings->len; i++) {
                const struct up_finding *finding = g_ptr_array_index(findings, i);
                g_autofree char *slug = up_finding_slug(finding);
                kept |= keep_smallest(folder, slug, data, size);
                announce(slug, up_class_rows[finding->class].name, finding->signature);
        }
        return kept;
}

static G_GNUC_NORETURN void print_and_abort(const GPtrArray *findings)
{
        for (guint i = 0; i < findings->len; i++) {
                const struct up_finding *finding = g_ptr_array_index(findings, i);
                fprintf(stderr, "unpend: %s: %s\n  %s\n  %s\n", up_class_rows[finding->class].name,
                    finding->signature, up_class_rows[finding->class].what, finding->detail);
        }
        abort();
}

static void examine_only(const uint8_t *data, size_t size)
{
        struct up_case_result result;
        bool mutant;

        examine(data, size, &result, &mutant);
        up_case_result_clear(&result);
}

/* What leaked has no name yet: inputs that leak the same number of blocks count as one, and are not
 * looked at again. */
static void keep_leak(const char *folder, int64_t left, const uint8_t *data, size_t size)
{
        static bool is_kept[LEAK_KINDS + 1];
        int64_t blocks = is_kept[MIN(left, LEAK_KINDS)] ? 0 : up_leaks_of(examine_only, data, size);

        if (blocks > 0) {
                int kind = (int)MIN(blocks, LEAK_KINDS);
                g_autofree char *name = g_strdup_printf(UP_TARGET_LEAKS "%d", kind);
                g_autofree char *what = g_strdup_printf("%d blocks", kind);
                is_kept[kind] = true;
                keep_smallest(folder, name, data, size);
                announce(name, up_class_rows[UP_CLASS_LEAK].name, what);
        }
}

static void put_into_inbox(bool found, unsigned edges, const uint8_t *data, size_t size)
{
        enum up_inbox_kind kind = found       ? UP_INBOX_FOUND
                                  : edges > 0 ? UP_INBOX_NEW
                                              : UP_INBOX_SAMPLE;

        if ((kind != UP_INBOX_SAMPLE || up_inbox_is_sample(data, size)) &&
            !up_inbox_put(inbox, kind, data, size)) {
                fprintf(stderr, "cannot write to %s: %s\n", inbox, strerror(errno));
                _exit(125);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const char *report = getenv("UNPEND_REPORT");
        const char *folder = getenv("UNPEND_FINDINGS");
        int64_t live = up_leaks_live();
        struct up_case_result result;
        bool mutant, kept = false;
        unsigned edges;
        uint64_t fuel;

        up_death_input(data, size);
        fuel = examine(data, size, &result, &mutant);
        if (result.runs.baseline != NULL)
                up_feedback_ledger(result.runs.baseline);
        last_findings = result.findings->len;
        if (progress != NULL)
                count_progress(&result, mutant || next_is_mutant);
        next_is_mutant = false;
        if (report != NULL)
                append_report(report, &result, fuel);
        else if (folder == NULL && result.findings->len > 0)
                print_and_abort(result.findings);
        if (folder != NULL)
                kept = keep_findings(folder, result.findings, data, size);
        edges = up_novelty_count();
        if (progress != NULL)
                progress->new_edges += edges;
        if (inbox != NULL)
                put_into_inbox(kept, edges, data, size);
        up_case_result_clear(&result);
        if (folder != NULL && up_leaks_live() > live)
                keep_leak(folder, up_leaks_live() - live, data, size);
        up_death_input(NULL, 0);
        return 0;
}

void up_target_mutated(void)
{
        while (progress != NULL && __atomic_load_n(&progress->paused, __ATOMIC_RELAXED))
                g_usleep(PAUSE_US);
        next_is_mutant = true;
}

int up_target_run_file(const char *path)
{
        g_autoptr(GError) error = NULL;
        g_autofree char *data = NULL;
        gsize size;

        if (!g_file_get_contents(path, &data, &size, &error)) {
                fprintf(stderr, "%s: %s\n", program, error->message);
                return -1;
        }
        input_path = path;
        last_findings = 0;
        LLVMFuzzerTestOneInput((const uint8_t *)data, size);
        return (int)last_findings;
}
