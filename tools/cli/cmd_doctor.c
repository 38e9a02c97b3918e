/*
 * unpend doctor - what this machine can do, and whether planted faults are found
 *
 * First the facts, then the canaries: each planted fault of faults/canaries.h is run in each
 * flavour that is built, as a case would be. A fault that is not found makes every pass worthless,
 * so one missed canary is a failure. The canary of an oracle is a case on a faulty pipeline; the
 * fixed pipeline runs it as well, and must pass with something judged.
 */
#include <gmime/gmime.h>
#include <openssl/crypto.h>
#include <openssl/opensslv.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "faults/canaries.h"
#include "tools/exec/flavour.h"
#include "tools/exec/run.h"
#include "tools/cli/tool.h"

/* Programs that the suite uses, and their purpose. */
static const struct {
        const char *name;
        const char *what;
        const char *remedy;
} programs[] = {
        { "gcc", "builds replay and unpend itself", "apt-get install gcc" },
        { "clang", "builds libfuzzer and asan", "apt-get install clang" },
        { "llvm-symbolizer", "names functions in clang's reports", "apt-get install llvm" },
        { "gdb", "looks into a finding", "apt-get install gdb" },
};

enum outcome { FOUND, EXPECTED_MISS, MISSED, FALSE_ALARM, CANNOT_RUN, OUTCOME_COUNT };

static const struct {
        const char *name;
        const char *colour;
} outcomes[OUTCOME_COUNT] = {
        [FOUND] = { "found", UP_GREEN },
        [EXPECTED_MISS] = { "missed (expected)", UP_DIM },
        [MISSED] = { "MISSED", UP_RED },
        [FALSE_ALARM] = { "FALSE ALARM", UP_RED },
        [CANNOT_RUN] = { "cannot run", UP_RED },
};

struct doctor {
        struct up_runner *runner; /* canaries are run as the gate runs cases */
        JsonBuilder *json;        /* NULL: print text */
        char **named;             /* flavours by option; NULL: all that are built */
        unsigned flavours;        /* built */
        unsigned canaries;        /* run */
        unsigned missed;
        unsigned alarms; /* findings on the fixed pipeline */
        bool interrupted;
        const struct up_flavour *absent; /* the first that was named and is not built */
};

/* --- output: text or JSON -------------------------------------------------------------------- */

/* @of: a flavour, or NULL. */
static void begin_section(struct doctor *doctor, const char *name, const char *of)
{
        if (doctor->json != NULL) {
                g_autofree char *key = g_strjoin("-", name, of, NULL);
                json_builder_set_member_name(doctor->json, key);
                json_builder_begin_array(doctor->json);
        } else {
                up_tool_print_coloured(stdout, UP_BOLD, "%s%s%s\n", name, of != NULL ? ", " : "",
                    of != NULL ? of : "");
        }
}

static void end_section(struct doctor *doctor)
{
        if (doctor->json != NULL)
                json_builder_end_array(doctor->json);
}

/* @remedy: what to do about it, or NULL. */
static void fact(struct doctor *doctor, const char *name, const char *value, const char *remedy)
{
        if (doctor->json != NULL) {
                json_builder_begin_object(doctor->json);
                up_tool_json_text(doctor->json, "name", name);
                up_tool_json_text(doctor->json, "value", value);
                if (remedy != NULL) {
                        up_tool_json_text(doctor->json, "remedy", remedy);
                }
                json_builder_end_object(doctor->json);
                return;
        }
        printf("  %-16s %s", name, value);
        if (remedy != NULL)
                printf(": %s", remedy);
        putchar('\n');
}

/* --- facts -------------------------------------------------------------------------------- */

/* The first line of `PROGRAM --version` with a digit; NULL if there is no such program. */
static char *version_of(const char *program)
{
        const char *argv[] = { program, "--version", NULL };
        g_autofree char *output = NULL;
        g_auto(GStrv) lines = NULL;

        if (!g_spawn_sync(NULL, (char **)argv, NULL,
                G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, &output, NULL, NULL,
                NULL))
                return NULL;
        lines = g_strsplit(output, "\n", -1);
        for (char **line = lines; *line != NULL; line++)
                if (strpbrk(*line, "0123456789") != NULL)
                        return g_strdup(g_strstrip(*line));
        return g_strdup("unknown version");
}

static void print_programs(struct doctor *doctor)
{
        begin_section(doctor, "programs", NULL);
        for (size_t i = 0; i < G_N_ELEMENTS(programs); i++) {
                g_autofree char *version = version_of(programs[i].name);
                g_autofree char *missing = g_strdup_printf("missing, it %s", programs[i].what);
                fact(doctor, programs[i].name, version != NULL ? version : missing,
                    version != NULL ? NULL : programs[i].remedy);
        }
        end_section(doctor);
}

static void print_library(
    struct doctor *doctor, const char *name, const char *compiled, const char *running)
{
        g_autofree char *both = g_strdup_printf("%s, compiled with %s", running, compiled);

        if (strcmp(compiled, running) == 0)
                fact(doctor, name, running, NULL);
        else
                fact(doctor, name, both, "make clean, and build again");
}

static void print_system_libraries(struct doctor *doctor)
{
        g_autofree char *gmime_compiled = g_strdup_printf(
            "%d.%d.%d", GMIME_MAJOR_VERSION, GMIME_MINOR_VERSION, GMIME_MICRO_VERSION);
        g_autofree char *gmime_running = g_strdup_printf(
            "%u.%u.%u", gmime_major_version, gmime_minor_version, gmime_micro_version);
        g_autofree char *glib_compiled =
            g_strdup_printf("%d.%d.%d", GLIB_MAJOR_VERSION, GLIB_MINOR_VERSION, GLIB_MICRO_VERSION);
        g_autofree char *glib_running =
            g_strdup_printf("%u.%u.%u", glib_major_version, glib_minor_version, glib_micro_version);

        begin_section(doctor, "libraries", "system");
        print_library(doctor, "gmime", gmime_compiled, gmime_running);
        print_library(
            doctor, "openssl", OPENSSL_VERSION_STR, OpenSSL_version(OPENSSL_VERSION_STRING));
        print_library(doctor, "glib", glib_compiled, glib_running);
        end_section(doctor);
}

static void print_built_libraries(struct doctor *doctor, const struct up_flavour *flavour)
{
        g_autoptr(GPtrArray) libraries = up_libraries_of(flavour);

        begin_section(doctor, "libraries", flavour->name);
        for (guint i = 0; i < libraries->len; i++) {
                const struct up_library *library = g_ptr_array_index(libraries, i);
                g_autofree char *text =
                    g_strdup_printf("%s, from %s", library->version, library->source);
                fact(doctor, library->name, text, NULL);
        }
        if (libraries->len == 0)
                fact(doctor, flavour->name, "not built", flavour->remedy);
        end_section(doctor);
}

/* A tracer of this process also traces its children, which LeakSanitizer must trace itself. */
static bool is_traced(void)
{
        g_autofree char *status = NULL;
        const char *tracer;

        if (!g_file_get_contents("/proc/self/status", &status, NULL, NULL))
                return false;
        tracer = strstr(status, "\nTracerPid:");
        return tracer != NULL && g_ascii_strtoull(tracer + strlen("\nTracerPid:"), NULL, 10) != 0;
}

/* Where tools/build/libraries.sh keeps its builds. */
static char *cache_folder(void)
{
        const char *own = g_getenv("UNPEND_CACHE");

        if (own != NULL && own[0] != '\0')
                return g_strdup(own);
        return g_build_filename(g_get_user_cache_dir(), "unpend", NULL);
}

static void print_machine(struct doctor *doctor)
{
        g_autofree char *cores = g_strdup_printf("%u", g_get_num_processors());
        g_autofree char *cache = cache_folder();
        struct sysinfo info;
        struct statvfs disk;

        begin_section(doctor, "machine", NULL);
        fact(doctor, "cores", cores, NULL);
        if (sysinfo(&info) == 0) {
                g_autofree char *memory = g_format_size_full(
                    (guint64)info.totalram * info.mem_unit, G_FORMAT_SIZE_IEC_UNITS);
                fact(doctor, "memory", memory, NULL);
        }
        fact(doctor, "cache", cache, NULL);
        if (statvfs(cache, &disk) == 0) {
                guint64 bytes = (guint64)disk.f_bavail * disk.f_frsize;
                g_autofree char *room = g_format_size_full(bytes, G_FORMAT_SIZE_IEC_UNITS);
                fact(doctor, "free in it", room,
                    bytes < (1 << 30) ? "instrumented libraries need 1 GB" : NULL);
        }
        fact(doctor, "traced", is_traced() ? "yes, LeakSanitizer cannot work" : "no",
            is_traced() ? "run it without strace or gdb" : NULL);
        end_section(doctor);
}

/* --- canaries ----------------------------------------------------------------------------- */

static bool has_finding(const struct up_run *run, const struct up_canary *canary)
{
        for (guint i = 0; i < run->result.findings->len; i++) {
                const struct up_finding *finding = g_ptr_array_index(run->result.findings, i);
                if (finding->class == canary->class && finding->evidence == canary->evidence &&
                    g_str_has_prefix(finding->signature, canary->signature))
                        return true;
        }
        return false;
}

/* The case that makes the target commit the fault @name, as a file. The caller owns and unlinks. */
static char *write_case(const struct up_canary *canary, const char *name, GError **error)
{
        gsize padding = MAX(canary->bytes, strlen(name) + 1) - strlen(name) - 1;
        g_autofree char *dots = g_strnfill(padding, '.');
        g_autofree char *message = g_strconcat(name, "\n", dots, NULL);
        g_autofree char *whole =
            canary->head != NULL
                ? g_strconcat("unpend-case: 1\n", canary->head, "message:\n\n", message, NULL)
                : g_strdup(message);

        return up_tool_write_temporary_case(whole, strlen(whole), error);
}

/* Canaries of a kind are printed together, in columns of their own. */
static const struct kind {
        const char *name;
        unsigned name_columns;
        unsigned outcome_columns;
} faults = { "canaries", 16, 17 }, oracles = { "oracles", 23, 11 };

static unsigned indent_of(const struct kind *kind)
{
        return 2 + kind->name_columns + 1 + kind->outcome_columns + 1;
}

static void print_note(const struct kind *kind, const char *text)
{
        g_autofree char *wrapped = up_tool_wrap(text, indent_of(kind));

        printf("%*s%s\n", (int)indent_of(kind), "", wrapped);
}

/* A note below the canary's line; NULL: none. The caller owns the result. */
static char *note_of(const struct up_canary *canary, const struct up_run *run, enum outcome outcome)
{
        const struct up_finding *finding =
            run->result.findings->len > 0 ? g_ptr_array_index(run->result.findings, 0) : NULL;
        const char *came = finding != NULL ? finding->signature : "nothing";

        switch (outcome) {
        case CANNOT_RUN:
                return g_strdup(run->reason);
        case MISSED:
                return g_strdup_printf("expected: %s, %s...; got: %s",
                    up_class_rows[canary->class].name, canary->signature, came);
        case FALSE_ALARM:
                return g_strdup_printf("reported on the fixed pipeline: %s", came);
        default:
                return NULL;
        }
}

static const char *name_of(const struct up_canary *canary)
{
        return canary->oracle != NULL ? canary->oracle->name : canary->name;
}

static void print_canary(struct doctor *doctor, const struct kind *kind,
    const struct up_canary *canary, const struct up_run *run, enum outcome outcome)
{
        g_autofree char *what = up_tool_wrap(canary->what, indent_of(kind));
        g_autofree char *more = note_of(canary, run, outcome);

        if (doctor->json != NULL) {
                json_builder_begin_object(doctor->json);
                up_tool_json_text(doctor->json, "canary", name_of(canary));
                up_tool_json_text(doctor->json, "outcome", outcomes[outcome].name);
                json_builder_set_member_name(doctor->json, "run");
                up_run_build_json(run, doctor->json);
                json_builder_end_object(doctor->json);
                return;
        }
        printf("  %-*s", (int)kind->name_columns, name_of(canary));
        if (strlen(name_of(canary)) > kind->name_columns)
                printf("\n%*s", (int)kind->name_columns + 2, "");
        putchar(' ');
        up_tool_print_coloured(stdout, outcomes[outcome].colour, "%-*s", (int)kind->outcome_columns,
            outcomes[outcome].name);
        printf(" %s\n", what);
        if (more != NULL)
                print_note(kind, more);
        fflush(stdout);
}

static bool is_claimed(const struct up_canary *canary, const struct up_flavour *flavour)
{
        switch (canary->claim) {
        case UP_CANARY_SANITIZED:
                return flavour->sanitized;
        case UP_CANARY_FROM_SOURCE:
                return flavour->sanitized && flavour->from_source;
        case UP_CANARY_COUNTED:
                return flavour->counts_edges;
        case UP_CANARY_EVERYWHERE:
                break;
        }
        return true;
}

/* Runs the canary's case with that name in it, twice as the gate does, so that only real leaks are
 * reported. NULL: interrupted, or the case could not be written, which was printed. */
static struct up_run *run_case(struct doctor *doctor, const struct up_flavour *flavour,
    const struct up_canary *canary, const char *name)
{
        g_autoptr(GError) error = NULL;
        g_autofree char *path = write_case(canary, name, &error);
        g_autoptr(up_run) run = NULL;

        if (path == NULL) {
                up_tool_fail(0, "%s", error->message);
                doctor->missed++;
                return NULL;
        }
        run = up_runner_run(doctor->runner,
            &(struct up_run_request){
                .flavour = flavour, .target = "canary", .path = path, .repeat = true });
        unlink(path);
        if (run->status == UP_RUN_INTERRUPTED) {
                doctor->interrupted = true;
                return NULL;
        }
        return g_steal_pointer(&run);
}

static enum outcome outcome_of(
    const struct up_run *run, const struct up_canary *canary, const struct up_flavour *flavour)
{
        if (run->status == UP_RUN_UNRUNNABLE)
                return CANNOT_RUN;
        if (has_finding(run, canary))
                return FOUND;
        return is_claimed(canary, flavour) ? MISSED : EXPECTED_MISS;
}

/* A pass without anything judged would prove nothing. */
static enum outcome outcome_of_fixed(const struct up_run *run, const struct up_oracle_row *oracle)
{
        return run->status == UP_RUN_UNRUNNABLE                  ? CANNOT_RUN
               : run->status == UP_RUN_FOUND                     ? FALSE_ALARM
               : run->result.judged[oracle - up_oracle_rows] > 0 ? FOUND
                                                                 : MISSED;
}

static void run_canary(struct doctor *doctor, const struct kind *kind,
    const struct up_flavour *flavour, const struct up_canary *canary)
{
        g_autoptr(up_run) run = run_case(doctor, flavour, canary, canary->name);
        g_autoptr(up_run) fixed = NULL;
        const struct up_run *shown = run;
        enum outcome outcome;

        if (run == NULL)
                return;
        outcome = outcome_of(run, canary, flavour);
        if (outcome == FOUND && canary->oracle != NULL) {
                shown = fixed = run_case(doctor, flavour, canary, UP_CANARY_FIXED);
                if (fixed == NULL)
                        return;
                outcome = outcome_of_fixed(fixed, canary->oracle);
                if (outcome == FOUND)
                        shown = run;
        }
        doctor->canaries++;
        doctor->missed += outcome == MISSED || outcome == CANNOT_RUN;
        doctor->alarms += outcome == FALSE_ALARM;
        print_canary(doctor, kind, canary, shown, outcome);
}

static void run_canaries(struct doctor *doctor, const struct up_flavour *flavour)
{
        begin_section(doctor, faults.name, flavour->name);
        for (size_t i = 0; i < G_N_ELEMENTS(up_canaries) && !doctor->interrupted; i++)
                if (!up_canaries[i].endless || flavour->counts_edges)
                        run_canary(doctor, &faults, flavour, &up_canaries[i]);
        end_section(doctor);
        begin_section(doctor, oracles.name, flavour->name);
        for (size_t i = 0; i < UP_ORACLE_COUNT && !doctor->interrupted; i++) {
                const struct up_canary canary = up_canary_of_oracle(&up_oracle_rows[i]);
                run_canary(doctor, &oracles, flavour, &canary);
        }
        end_section(doctor);
}

static void run_flavour(struct doctor *doctor, const struct up_flavour *flavour)
{
        g_autofree char *missing = up_flavour_check_built(flavour, "canary");

        if (missing == NULL) {
                doctor->flavours++;
                run_canaries(doctor, flavour);
        } else {
                if (doctor->named != NULL && doctor->absent == NULL)
                        doctor->absent = flavour;
                begin_section(doctor, faults.name, flavour->name);
                fact(doctor, flavour->name, "not built", flavour->remedy);
                end_section(doctor);
        }
}

static int end(const struct doctor *doctor)
{
        if (doctor->interrupted)
                return up_tool_fail(UP_STATUS_INTERRUPTED, "interrupted");
        if (doctor->absent != NULL)
                return up_tool_fail(UP_STATUS_FOUND,
                    "%s is not built, so its canaries were not run: %s", doctor->absent->name,
                    doctor->absent->remedy);
        if (doctor->flavours == 0)
                return up_tool_fail(
                    UP_STATUS_FOUND, "nothing is built, so no canary can run: make replay");
        if (doctor->missed > 0)
                return up_tool_fail(UP_STATUS_FOUND,
                    "%u of %u canaries missed: faults of their kind would not be found here",
                    doctor->missed, doctor->canaries);
        if (doctor->alarms > 0)
                return up_tool_fail(UP_STATUS_FOUND,
                    "%u of %u canaries prove nothing: oracles reported findings on the fixed "
                    "pipeline",
                    doctor->alarms, doctor->canaries);
        return UP_STATUS_PASSED;
}

/* Prints usage errors; false then. */
static bool are_flavours(char **names)
{
        for (char **name = names; name != NULL && *name != NULL; name++)
                if (up_flavour_find(*name) == NULL)
                        return false;
        return true;
}

/* All that are built, or the named ones. */
static void run_flavours(struct doctor *doctor)
{
        const char *const *named = (const char *const *)doctor->named;

        for (size_t i = 0; i < UP_FLAVOUR_COUNT; i++)
                if (named == NULL || g_strv_contains(named, up_flavours[i].name))
                        run_flavour(doctor, &up_flavours[i]);
}

int up_tool_doctor(int argc, char **argv)
{
        gboolean as_json = FALSE;
        g_auto(GStrv) flavours = NULL;
        const GOptionEntry entries[] = {
                { "flavour", 'f', 0, G_OPTION_ARG_STRING_ARRAY, &flavours,
                    "run the canaries in this one alone (may be repeated)", "NAME" },
                { "json", 0, 0, G_OPTION_ARG_NONE, &as_json, "print JSON", NULL },
                G_OPTION_ENTRY_NULL,
        };
        g_autoptr(JsonBuilder) json = NULL;
        struct doctor doctor = { 0 };
        int status = up_tool_options(&argc, &argv, entries, NULL,
            "A canary is a planted fault, run in each flavour that is built.\n"
            "Exit status: 0, or 1 if a canary was missed that should have been found, or a named\n"
            "flavour is not built.");

        if (status >= 0)
                return status;
        if (argc > 1)
                return up_tool_usage("unexpected argument %s", argv[1]);
        if (!are_flavours(flavours))
                return UP_STATUS_USAGE;
        up_tool_interrupt_fd();
        doctor.named = flavours;
        doctor.runner = up_runner_new();
        if (as_json) {
                doctor.json = json = json_builder_new();
                json_builder_begin_object(json);
        }
        print_programs(&doctor);
        print_system_libraries(&doctor);
        for (size_t i = 0; i < UP_FLAVOUR_COUNT; i++)
                if (up_flavours[i].from_source)
                        print_built_libraries(&doctor, &up_flavours[i]);
        print_machine(&doctor);
        run_flavours(&doctor);
        up_runner_free(doctor.runner);
        if (json != NULL) {
                json_builder_end_object(json);
                up_tool_print_json(json);
        }
        return end(&doctor);
}
