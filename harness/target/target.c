/*
 * target - the part that all targets share: entry points, fixed environment, report
 *
 * GLib reads G_SLICE and the C library reads the locale before main() runs, so a process that was
 * started with another environment starts itself again with the right one. That happens in
 * LLVMFuzzerInitialize(), which every engine calls first.
 */
#include "target/target.h"

#include <errno.h>
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "target/environment.h"
#include "target/feedback.h"
#include "target/growth.h"
#include "target/leaks.h"
#include "target/progress.h"
#include "target/fork_server.h"
#include "cms/random.h"
#include "oracle/finding.h"

#define LEAK_KINDS   8
#define COLUMNS_MOST 1000

static const char *input_path = "(memory)";
static unsigned findings_so_far;
static struct up_progress *progress;
static gint64 began_us; /* in real time, for statistics alone */
static bool next_is_mutant;
static const struct up_pipeline *sick;
static unsigned columns;

static bool environment_is_fixed(void)
{
        for (size_t i = 0; i < G_N_ELEMENTS(up_fixed_environment); i++)
                if (g_strcmp0(
                        getenv(up_fixed_environment[i].name), up_fixed_environment[i].value) != 0)
                        return false;
        return true;
}

static void start_again_in_fixed_environment(char **argv)
{
        for (size_t i = 0; i < G_N_ELEMENTS(up_fixed_environment); i++)
                setenv(up_fixed_environment[i].name, up_fixed_environment[i].value, 1);
        execv("/proc/self/exe", argv);
        fprintf(stderr, "%s: cannot start again in a fixed environment: %s\n", argv[0],
            strerror(errno));
        _exit(125);
}

/* A fault that is not planted would make a sick pipeline look well. */
static void read_fault(const char *program)
{
        const char *names = getenv("UNPEND_FAULT");

        if (names == NULL)
                return;
        sick = up_fault_plant(names);
        if (sick == NULL) {
                fprintf(stderr, "%s: UNPEND_FAULT=%s: there is no such fault\n", program, names);
                _exit(125);
        }
}

static void read_columns(void)
{
        const char *text = getenv("UNPEND_TRACE");

        if (text != NULL)
                columns = (unsigned)CLAMP(strtol(text, NULL, 10), 0, COLUMNS_MOST);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
        const char *path = getenv("UNPEND_PROGRESS");

        if (!environment_is_fixed())
                start_again_in_fixed_environment(*argv);
        read_fault((*argv)[0]);
        read_columns();
        if (getenv("UNPEND_FINDINGS") != NULL)
                up_leaks_start();
        if (path != NULL) {
                began_us = g_get_monotonic_time();
                progress = up_progress_map(path);
                if (progress == NULL) {
                        fprintf(
                            stderr, "%s: cannot map %s: %s\n", (*argv)[0], path, strerror(errno));
                        _exit(125);
                }
        }
        if (*argc == 2 && strcmp((*argv)[1], UP_WARM_OPTION) == 0)
                exit(up_warm_serve((*argv)[0]));
        return 0;
}

static void count_signatures(const struct up_examination *examination)
{
        const struct up_observations *observed = &examination->observed;
        bool verified = observed->counts[UP_COUNT_VERIFIED] > 0;
        bool digest_only = !verified && observed->counts[UP_COUNT_DIGEST_ONLY] > 0;

        progress->verified += verified;
        progress->digest_only += digest_only;
        if (examination->mutated) {
                progress->mutants++;
                progress->mutants_verified += verified;
                progress->mutants_digest_only += digest_only;
        }
}

static void count_progress(const struct up_examination *examination, bool finding)
{
        const struct up_observations *observed = &examination->observed;

        progress->executions++;
        count_signatures(examination);
        if (finding && progress->findings++ == 0) {
                progress->first_finding = progress->executions;
                progress->first_finding_ms = (uint64_t)(g_get_monotonic_time() - began_us) / 1000;
        }
        if (observed->unscannable)
                progress->unscannable++;
        for (int i = 0; i < UP_COUNTS; i++)
                progress->counts[i] += observed->counts[i];
        for (int i = 0; i < UP_ORACLES; i++)
                progress->judged[i] += examination->judged[i];
        up_feedback_transitions(progress->transitions);
}

static void build_count(JsonBuilder *json, const char *name, uint64_t count)
{
        json_builder_set_member_name(json, name);
        json_builder_add_int_value(json, (gint64)count);
}

/* Whose, and where in the ledger; nothing of what there is none. */
static void build_place(JsonBuilder *json, const struct up_finding *finding)
{
        if (finding->message != 0)
                build_count(json, "message", finding->message);
        if (finding->recipient != G_MAXUINT)
                build_count(json, "recipient", finding->recipient);
        if (finding->shown_at != G_MAXUINT)
                build_count(json, "shown-at", finding->shown_at);
        if (finding->critical_at != G_MAXUINT)
                build_count(json, "critical-at", finding->critical_at);
}

static void build_findings(JsonBuilder *json, const GPtrArray *findings)
{
        json_builder_set_member_name(json, "findings");
        json_builder_begin_array(json);
        for (guint i = 0; i < findings->len; i++) {
                const struct up_finding *finding = g_ptr_array_index(findings, i);
                g_autofree char *slug = up_finding_slug(finding);
                const char *const members[][2] = {
                        { "class", up_class_rows[finding->class].name },
                        { "evidence", up_evidence_rows[finding->evidence].name },
                        { "role", up_role_names[finding->role] },
                        { "signature", finding->signature },
                        { "detail", finding->detail },
                        { "slug", slug },
                };
                json_builder_begin_object(json);
                for (size_t j = 0; j < G_N_ELEMENTS(members); j++) {
                        json_builder_set_member_name(json, members[j][0]);
                        json_builder_add_string_value(json, members[j][1]);
                }
                build_place(json, finding);
                json_builder_end_object(json);
        }
        json_builder_end_array(json);
}

static void build_counts(JsonBuilder *json, const struct up_examination *examination)
{
        json_builder_set_member_name(json, "counts");
        json_builder_begin_object(json);
        for (int i = 0; i < UP_COUNTS; i++)
                build_count(json, up_count_names[i], examination->observed.counts[i]);
        for (int i = 0; i < UP_ORACLES; i++)
                if (examination->judged[i] > 0)
                        build_count(json, up_oracle_rows[i].name, examination->judged[i]);
        json_builder_end_object(json);
}

static void build_limits(JsonBuilder *json, const struct up_observations *observed)
{
        json_builder_set_member_name(json, "unscannable");
        json_builder_add_boolean_value(json, observed->unscannable);
        json_builder_set_member_name(json, "limits");
        json_builder_begin_array(json);
        for (guint i = 0; i < observed->remarks->len; i++) {
                const struct up_remark *remark = g_ptr_array_index(observed->remarks, i);
                if (remark->kind == UP_REMARK_LIMIT)
                        json_builder_add_string_value(json, remark->detail);
        }
        json_builder_end_array(json);
}

static void append_report(const char *path, const struct up_examination *examination)
{
        g_autoptr(JsonBuilder) json = json_builder_new();
        g_autofree char *input = g_utf8_make_valid(input_path, -1); /* JSON is UTF-8 */
        g_autofree char *text = NULL;
        FILE *file = fopen(path, "ae");

        if (file == NULL) {
                fprintf(stderr, "cannot append to %s: %s\n", path, strerror(errno));
                _exit(125);
        }
        json_builder_begin_object(json);
        json_builder_set_member_name(json, "input");
        json_builder_add_string_value(json, input);
        build_findings(json, examination->findings);
        build_counts(json, examination);
        build_limits(json, &examination->observed);
        if (up_fuel_counts())
                build_count(json, "fuel", examination->fuel);
        if (examination->trace != NULL) {
                g_autofree char *trace = g_utf8_make_valid(examination->trace, -1);
                json_builder_set_member_name(json, "trace");
                json_builder_add_string_value(json, trace);
        }
        json_builder_end_object(json);
        g_autoptr(JsonNode) root = json_builder_get_root(json);
        text = json_to_string(root, FALSE);
        fprintf(file, "%s\n", text);
        fclose(file);
}

/* Of all the inputs that show a finding a campaign wants the smallest. */
static void keep_smallest(const char *folder, const char *slug, const uint8_t *data, size_t size)
{
        g_autofree char *path = g_build_filename(folder, slug, NULL);
        g_autoptr(GError) error = NULL;
        g_autoptr(GMappedFile) kept = g_mapped_file_new(path, FALSE, NULL);

        if (kept != NULL && g_mapped_file_get_length(kept) <= size)
                return;
        if (!g_file_set_contents(path, (const char *)data, (gssize)size, &error)) {
                fprintf(stderr, "cannot keep a finding: %s\n", error->message);
                _exit(125);
        }
}

static G_GNUC_NORETURN void print_and_abort(const struct up_finding *finding)
{
        fprintf(stderr, "unpend: %s: %s\n  %s\n  %s\n", up_class_rows[finding->class].name,
            finding->signature, up_class_rows[finding->class].what, finding->detail);
        abort();
}

static void tell(const struct up_examination *examination, const uint8_t *data, size_t size)
{
        const GPtrArray *findings = examination->findings;
        const char *report = getenv("UNPEND_REPORT");
        const char *folder = getenv("UNPEND_FINDINGS");

        if (report != NULL)
                append_report(report, examination);
        for (guint i = 0; i < findings->len; i++) {
                const struct up_finding *finding = g_ptr_array_index(findings, i);
                g_autofree char *slug = up_finding_slug(finding);
                if (report == NULL && folder == NULL)
                        print_and_abort(finding);
                if (folder != NULL)
                        keep_smallest(folder, slug, data, size);
        }
}

static void examination_clear(struct up_examination *examination)
{
        up_observations_clear(&examination->observed);
        g_ptr_array_unref(examination->findings);
        g_free(examination->trace);
}

static void examine_case(const struct up_case *c, GBytes *input, struct up_examination *examination)
{
        *examination = (struct up_examination){
                .sick = sick,
                .columns = columns,
                .input = input,
                .mutated = c->mutation != NULL || next_is_mutant,
                .findings = g_ptr_array_new_with_free_func((GDestroyNotify)up_finding_free),
        };
        up_random_restart(0);
        up_observations_init(&examination->observed, &c->policy.limits, c->time_s);
        up_target.examine(c, examination);
        examination->input = NULL;
        up_oracle_mail(&examination->observed, examination->findings);
}

/* What is found in a part of a case is not the case's. */
static uint64_t spend(const struct up_case *c)
{
        struct up_examination examination;

        up_fuel_begin(up_target.name, &up_target.fuel, g_bytes_get_size(c->message));
        examine_case(c, c->message, &examination);
        examination_clear(&examination);
        return up_fuel_end();
}

/* One input from bytes to findings; they are all in the examination then. */
static void examine(const uint8_t *data, size_t size, struct up_examination *examination)
{
        g_autoptr(GBytes) input = g_bytes_new_static(data, size);
        g_autoptr(up_case) c = NULL;

        up_fuel_begin(up_target.name, &up_target.fuel, size);
        c = up_case_read(data, size, NULL);
        examine_case(c, input, examination);
        examination->fuel = up_fuel_end();
        if (up_target.linear && up_fuel_counts())
                up_growth_judge(c, examination->fuel, spend, up_target.name, examination->findings);
}

static void examine_silently(const uint8_t *data, size_t size)
{
        struct up_examination examination;

        examine(data, size, &examination);
        examination_clear(&examination);
}

/* What leaked is not known yet; inputs that lose the same number of blocks count as alike. */
static void keep_leak(const char *folder, const uint8_t *data, size_t size)
{
        int64_t blocks = up_leaks_of(examine_silently, data, size);

        if (blocks > 0) {
                g_autofree char *name =
                    g_strdup_printf(UP_TARGET_LEAKS "%d", (int)MIN(blocks, LEAK_KINDS));
                keep_smallest(folder, name, data, size);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const char *folder = getenv("UNPEND_FINDINGS");
        int64_t live = up_leaks_live();
        struct up_examination examination;

        examine(data, size, &examination);
        findings_so_far += examination.findings->len;
        if (progress != NULL)
                count_progress(&examination, examination.findings->len > 0);
        tell(&examination, data, size);
        examination_clear(&examination);
        next_is_mutant = false;
        if (folder != NULL && up_leaks_live() > live)
                keep_leak(folder, data, size);
        return 0;
}

void up_target_mutated(void)
{
        next_is_mutant = true;
}

bool up_target_run_file(const char *program, const char *path)
{
        g_autoptr(GError) error = NULL;
        g_autofree char *data = NULL;
        gsize size;

        if (!g_file_get_contents(path, &data, &size, &error)) {
                fprintf(stderr, "%s: %s\n", program, error->message);
                return false;
        }
        input_path = path;
        LLVMFuzzerTestOneInput((const uint8_t *)data, size);
        return true;
}

unsigned up_target_findings(void)
{
        return findings_so_far;
}
