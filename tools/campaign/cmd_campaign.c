/*
 * unpend campaign - fuzz all targets on all cores, then report what was reached and what broke
 *
 * A campaign has a folder, and goes on where the last one in it stopped:
 *
 *     DIR/TARGET/corpus/     inputs that add coverage
 *     DIR/TARGET/findings/   SLUG.case: each finding once, minimised; reported: their slugs
 *     DIR/TARGET/crashes/    inputs that ended the process; done/ those that were triaged
 *     DIR/TARGET/kept/       the smallest input of each finding that the process survived
 *     DIR/TARGET/inbox/      inputs that wait to be examined
 *     DIR/TARGET/work/       logs and temporary files
 *     DIR/fault              the planted faults: corpus and findings are of one pipeline
 *
 * Any engine may go on where another stopped (engine.h). Progress goes to standard error, the
 * result to standard output.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "fuzz/targets.h"
#include "tools/campaign/campaign_findings.h"
#include "tools/campaign/corpus.h"
#include "tools/campaign/fuzzing.h"
#include "tools/cli/status_line.h"
#include "tools/cli/tool.h"
#include "tools/exec/run.h"

#define DEFAULT_S 60

/* For minimising all findings, within these bounds a third as long as the campaign. */
#define MINIMISE_LEAST_S 20
#define MINIMISE_MOST_S  600

struct campaign_options {
        char **targets, **seeds; /* NULL: the default ones */
        char *time, *folder, *fault, *engine, *mutator;
        int jobs, engine_seed;
        gboolean json;
};

/* The folder of that name in the tree that the program was built in. */
static char *folder_of_tree(const char *name)
{
        g_autofree char *top = g_path_get_dirname(up_tool_build());
        return g_build_filename(top, name, NULL);
}

/* --- folders ---------------------------------------------------------------------------------- */

static char *make_folder(const char *parent, const char *name)
{
        char *path = g_build_filename(parent, name, NULL);
        g_mkdir_with_parents(path, 0777);
        return path;
}

static struct up_campaign_target *target_new(
    const char *folder, const char *fault, const struct up_target_row *row)
{
        struct up_campaign_target *target = g_new0(struct up_campaign_target, 1);
        struct up_folders *folders = &target->folders;
        g_autofree char *base = make_folder(folder, row->name);

        target->result.target = row->name;
        target->result.verifies = row->verifies;
        target->result.fault = folders->fault = fault;
        target->result.findings = up_campaign_findings_new();
        folders->binary = up_flavour_binary(&up_flavours[UP_FLAVOUR_LIBFUZZER], row->name);
        folders->corpus = g_build_filename(base, "corpus", NULL);
        up_corpus_recover(folders);
        g_mkdir_with_parents(folders->corpus, 0777);
        folders->crashes = make_folder(base, "crashes");
        folders->kept = make_folder(base, "kept");
        folders->findings = make_folder(base, "findings");
        folders->inbox = make_folder(base, "inbox");
        folders->work = make_folder(base, "work");
        up_sightings_init(&target->result.sightings, row->name, folders);
        return target;
}

static void target_free(void *data)
{
        struct up_campaign_target *target = data;

        g_free(target->folders.binary);
        g_free(target->folders.corpus);
        g_free(target->folders.crashes);
        g_free(target->folders.kept);
        g_free(target->folders.findings);
        g_free(target->folders.inbox);
        g_free(target->folders.work);
        up_sightings_clear(&target->result.sightings);
        if (target->examiners != NULL)
                g_ptr_array_unref(target->examiners);
        g_ptr_array_unref(target->result.findings);
        g_free(target);
}

/* Two campaigns in one folder would delete each other's corpus. -1 when it was reported. */
static int lock_folder(const char *folder)
{
        g_autofree char *path = g_build_filename(folder, "lock", NULL);
        int fd;

        if (g_mkdir_with_parents(folder, 0777) != 0 ||
            (fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666)) < 0) {
                up_tool_fail(0, "cannot write to %s: %s; choose another with --out", folder,
                    g_strerror(errno));
                return -1;
        }
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
                return fd;
        close(fd);
        up_tool_fail(0, "another campaign runs in %s; choose another with --out", folder);
        return -1;
}

/* Names the faults of a new folder in it. False when it is of others, which was reported. */
static bool check_fault_of_folder(const char *folder, const char *fault)
{
        g_autofree char *path = g_build_filename(folder, "fault", NULL);
        g_autoptr(GError) error = NULL;
        g_autofree char *before = NULL;

        if (!g_file_get_contents(path, &before, NULL, NULL)) {
                if (g_file_set_contents(path, fault != NULL ? fault : "", -1, &error))
                        return true;
                up_tool_fail(0, "%s; choose another folder with --out", error->message);
                return false;
        }
        if (strcmp(g_strchomp(before), fault != NULL ? fault : "") == 0)
                return true;
        up_tool_fail(0, "the campaign in %s has %s%s; choose another folder with --out", folder,
            *before != '\0' ? "the planted fault " : "no planted fault", before);
        return false;
}

/* --- before ----------------------------------------------------------------------------------- */

static bool is_chosen(const struct campaign_options *options, const struct up_target_row *row)
{
        return options->targets != NULL
                   ? g_strv_contains((const char *const *)options->targets, row->name)
                   : !row->on_request && up_tool_faults_apply(row->name, options->fault);
}

/* The line to print when something is not built or not installed; the caller owns it. */
static char *find_missing(const struct up_fuzzing *fuzzing, const char *target)
{
        static const enum up_flavour_id always[] = { UP_FLAVOUR_LIBFUZZER, UP_FLAVOUR_ASAN };
        char *missing = NULL;

        for (size_t i = 0; i < G_N_ELEMENTS(always) && missing == NULL; i++)
                missing = up_flavour_check_built(&up_flavours[always[i]], target);
        for (guint i = 0; i < fuzzing->engines->len && missing == NULL; i++) {
                const struct up_engine *engine = fuzzing->engines->pdata[i];
                const struct up_flavour *flavour = up_flavour_find(engine->flavour);
                g_autofree char *program =
                    engine->program != NULL ? g_find_program_in_path(engine->program) : NULL;
                missing = up_flavour_check_built(flavour, target);
                if (missing == NULL && engine->program != NULL && program == NULL)
                        missing = g_strdup_printf(
                            "%s is not installed: %s", engine->program, flavour->remedy);
        }
        return missing;
}

/* A target without seeds of its own begins with an empty corpus. */
static bool add_seeds(const struct up_campaign_target *target, char **seeds, GError **error)
{
        g_autofree char *all = folder_of_tree("seeds");
        g_autofree char *own = g_build_filename(all, target->result.target, NULL);
        char *own_only[] = { g_file_test(own, G_FILE_TEST_IS_DIR) ? own : NULL, NULL };

        for (char **folder = seeds != NULL ? seeds : own_only; *folder != NULL; folder++)
                if (!up_corpus_add(&target->folders, *folder, error))
                        return false;
        return true;
}

/* An exit status when there can be no campaign, negative otherwise. */
static int prepare(
    struct up_fuzzing *fuzzing, const struct campaign_options *options, const char *folder)
{
        for (size_t i = 0; i < G_N_ELEMENTS(up_target_rows); i++) {
                const struct up_target_row *row = &up_target_rows[i];
                g_autofree char *missing = NULL;
                if (!is_chosen(options, row))
                        continue;
                missing = find_missing(fuzzing, row->name);
                if (missing != NULL)
                        return up_tool_fail(UP_STATUS_UNRUNNABLE, "%s", missing);
                g_ptr_array_add(fuzzing->targets, target_new(folder, options->fault, row));
        }
        for (guint i = 0; i < fuzzing->targets->len; i++) {
                const struct up_campaign_target *target = fuzzing->targets->pdata[i];
                g_autoptr(GError) error = NULL;

                if (!add_seeds(target, options->seeds, &error))
                        return up_tool_fail(UP_STATUS_USAGE,
                            "--seeds wants a folder of messages: %s", error->message);
                for (size_t j = 0; j < UP_ENGINE_COUNT; j++)
                        if (up_engines[j]->recover != NULL)
                                up_engines[j]->recover(&target->folders);
        }
        return -1;
}

/* --- after ------------------------------------------------------------------------------------ */

/* What may still be spent on minimising is shared by the targets that something was found in. */
static bool collect(const struct up_fuzzing *fuzzing, struct up_status_line *line, GError **error)
{
        g_autofree char *regressions = folder_of_tree("regressions");
        unsigned all_s = CLAMP(fuzzing->time_s / 3, MINIMISE_LEAST_S, MINIMISE_MOST_S);
        gint64 end_us = g_get_monotonic_time() + all_s * G_TIME_SPAN_SECOND;
        unsigned found = 0, left = 0;

        for (guint i = 0; i < fuzzing->targets->len; i++) {
                const struct up_campaign_target *target = fuzzing->targets->pdata[i];
                found += target->result.sightings.seen->len;
                left += target->result.sightings.seen->len > 0;
        }
        if (found > 0)
                fprintf(stderr, "minimising what was found, %u inputs, for about %u s%s\n", found,
                    all_s, line->terminal ? "; Ctrl-C ends it with what there is" : "");
        for (guint i = 0; i < fuzzing->targets->len && !up_tool_interrupted(); i++) {
                struct up_campaign_target *target = fuzzing->targets->pdata[i];
                gint64 left_us = MAX(0, end_us - g_get_monotonic_time());
                const struct up_collection collection = {
                        .folders = &target->folders,
                        .target = target->result.target,
                        .regressions = regressions,
                        .minimise_s = (unsigned)(left_us / G_TIME_SPAN_SECOND / MAX(left, 1)),
                        .line = line,
                };
                if (!up_collect_findings(&collection, target->result.findings, error))
                        return false;
                left -= target->result.sightings.seen->len > 0;
        }
        return true;
}

static int run_campaign(const struct up_fuzzing *fuzzing, const char *folder, bool json)
{
        g_autoptr(GError) error = NULL;
        struct up_status_line line;
        unsigned new_findings = 0, seen = 0;

        if (!up_fuzz(fuzzing, &error))
                return up_tool_fail(UP_STATUS_UNRUNNABLE, "%s", error->message);
        up_status_line_init(&line);
        if (!up_tool_interrupted())
                collect(fuzzing, &line, &error);
        up_status_line_clear(&line);
        for (guint i = 0; i < fuzzing->targets->len; i++) {
                const struct up_campaign_target *target = fuzzing->targets->pdata[i];
                new_findings += up_result_new(&target->result);
                seen += up_sightings_new(&target->result.sightings);
        }
        /* Findings that were reported are not new the next time: they are printed at any rate. */
        if (!up_tool_interrupted() || new_findings > 0 || seen > 0) {
                if (json)
                        up_result_print_json(fuzzing->targets, folder);
                else
                        up_result_print_text(fuzzing->targets, up_tool_interrupted());
        }
        if (up_tool_interrupted())
                return up_tool_fail(UP_STATUS_INTERRUPTED,
                    "interrupted; nothing is lost, the same command goes on");
        if (error != NULL)
                return up_tool_fail(UP_STATUS_UNRUNNABLE, "%s", error->message);
        return new_findings > 0 ? UP_STATUS_FOUND : UP_STATUS_PASSED;
}

/* --- the command ------------------------------------------------------------------------------ */

static char *default_folder(const char *fault)
{
        g_autofree char *name = g_strconcat("campaign", fault != NULL ? "-" : "", fault, NULL);

        return g_build_filename(up_tool_build(), name, NULL);
}

static int run(const struct campaign_options *options)
{
        g_autoptr(GPtrArray) targets = g_ptr_array_new_with_free_func(target_free);
        struct up_fuzzing fuzzing = {
                .targets = targets,
                .time_s = DEFAULT_S,
                .jobs = options->jobs > 0 ? (unsigned)options->jobs : g_get_num_processors(),
                .engine_seed = (unsigned)options->engine_seed,
        };
        int status, lock;

        if (options->time != NULL && !up_tool_parse_seconds(options->time, &fuzzing.time_s))
                return up_tool_usage(
                    "--time %s: want a time such as 90s, 10m or 2h", options->time);
        if (options->jobs < 0 || options->jobs > 1024 || options->engine_seed < 0)
                return up_tool_usage(
                    "--jobs and --engine-seed take numbers from 1, jobs at most 1024");
        if (!up_tool_check_selection(options->targets, options->fault))
                return UP_STATUS_USAGE;
        g_autoptr(GPtrArray) engines = up_engines_find(options->engine);
        fuzzing.engines = engines;
        fuzzing.mutator = up_mutator_find(options->mutator);
        if (engines == NULL || fuzzing.mutator == NULL)
                return UP_STATUS_USAGE;
        g_autofree char *folder =
            options->folder != NULL ? g_strdup(options->folder) : default_folder(options->fault);
        lock = lock_folder(folder);
        if (lock < 0)
                return UP_STATUS_UNRUNNABLE;
        status = check_fault_of_folder(folder, options->fault) ? prepare(&fuzzing, options, folder)
                                                               : UP_STATUS_UNRUNNABLE;
        if (status < 0)
                status = run_campaign(&fuzzing, folder, options->json);
        close(lock);
        return status;
}

static char *targets_help(void)
{
        GString *help = g_string_new("Targets:");

        for (size_t i = 0; i < G_N_ELEMENTS(up_target_rows); i++)
                g_string_append_printf(
                    help, "\n  %-11s  %s", up_target_rows[i].name, up_target_rows[i].what);
        return g_string_free(g_string_append_c(help, '\n'), FALSE);
}

int up_tool_campaign(int argc, char **argv)
{
        struct campaign_options options = { 0 };
        const GOptionEntry entries[] = {
                { "target", 't', 0, G_OPTION_ARG_STRING_ARRAY, &options.targets,
                    "fuzz this target only (may be repeated)", "NAME" },
                { "time", 0, 0, G_OPTION_ARG_STRING, &options.time,
                    "how long: 90s, 10m, 2h (standard: 60s)", "TIME" },
                { "jobs", 'j', 0, G_OPTION_ARG_INT, &options.jobs,
                    "explorers at once (standard: cores)", "N" },
                { "seeds", 's', 0, G_OPTION_ARG_FILENAME_ARRAY, &options.seeds,
                    "instead of seeds/TARGET (may be repeated)", "DIR" },
                { "out", 'o', 0, G_OPTION_ARG_FILENAME, &options.folder,
                    "its folder (standard: see below)", "DIR" },
                { "fault", 0, 0, G_OPTION_ARG_STRING, &options.fault,
                    "plant this fault (see unpend faults)", "NAME" },
                { "engine", 'e', 0, G_OPTION_ARG_STRING, &options.engine,
                    "the fuzz engine (see below)", "NAME" },
                { "mutator", 0, 0, G_OPTION_ARG_STRING, &options.mutator, "see below", "NAME" },
                { "engine-seed", 0, 0, G_OPTION_ARG_INT, &options.engine_seed,
                    "of the engine's random numbers", "N" },
                { "json", 0, 0, G_OPTION_ARG_NONE, &options.json, "print the result as JSON",
                    NULL },
                G_OPTION_ENTRY_NULL,
        };
        g_autofree char *targets = targets_help();
        g_autofree char *engines = up_engine_help();
        g_autofree char *help = g_strconcat(targets, engines,
            "\n\nFuzzes all targets; with a fault, those that have a pipeline. Each is explored\n"
            "without sanitizers; what is new is examined with them. The time is that of all but\n"
            "minimising, which takes about a third as long again. A campaign lives in\n"
            "build/campaign, with a fault in build/campaign-FAULT, and goes on there.\n"
            "Exit status: 0 no new finding, 1 new findings, 2 wrong usage, 125 it cannot\n"
            "run, 130 interrupted.",
            NULL);
        int status = up_tool_options(&argc, &argv, entries, NULL, help);

        if (status < 0)
                status =
                    argc > 1 ? up_tool_usage("unexpected argument %s", argv[1]) : run(&options);
        g_strfreev(options.targets);
        g_strfreev(options.seeds);
        g_free(options.time);
        g_free(options.folder);
        g_free(options.fault);
        g_free(options.engine);
        g_free(options.mutator);
        return status;
}
