/*
 * unpend campaign - fuzz all targets on all cores, then say what was reached and what broke
 *
 * A campaign lives in a folder and goes on where the last one in it stopped:
 *
 *     DIR/TARGET/corpus/     inputs that add coverage
 *     DIR/TARGET/findings/   SLUG.case: each finding once, minimised; told: those that are not new
 *     DIR/TARGET/crashes/    what the engine wrote; done/ holds those that findings came from
 *     DIR/TARGET/kept/       the smallest input of each finding that the target survived
 *     DIR/TARGET/work/       logs, and what is being made
 *
 * Any engine may go on where another stopped (engine.h).
 *
 * With a planted fault the corpus is not that of the healthy pipeline, and what is found is no
 * finding of it: such a campaign lives in a folder of its own, where DIR/fault has its name.
 *
 * Targets share the cores evenly, and the engines do it in each: with more cores than there are of
 * both each gets several workers, with fewer they take turns. What is printed while it runs goes to
 * standard error, the result to standard output.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "fuzz/targets.h"
#include "tools/campaign/corpus.h"
#include "tools/campaign/engine.h"
#include "tools/campaign/harvest.h"
#include "tools/campaign/result.h"
#include "tools/exec/run.h"
#include "tools/cli/tool.h"
#include "tools/campaign/worker.h"

#define LINE_EVERY_S     10 /* where there is no terminal */
#define MINIMISE_LEAST_S 20 /* for all findings of a target, by how long the campaign was */
#define MINIMISE_MOST_S  600

struct sums {
        struct up_progress counted;
        double seconds; /* of workers, added up */
        unsigned edges, corpus, crashes;
};

struct target {
        struct up_result result; /* first, so that an array of targets is one of results */
        char *binary;            /* libFuzzer's, which merges and measures */
        struct up_folders folders;
        struct sums ended; /* of workers that run no more */
};

/* A target as it is fuzzed by an engine: what the workers are shared among. */
struct lane {
        struct target *target;
        const struct up_engine *engine;
        char *binary;
};

struct slot {
        struct up_worker worker;
        const struct lane *lane;
        gint64 began_us;
};

struct campaign {
        GPtrArray *targets; /* of struct target, owned */
        GPtrArray *lanes;   /* of struct lane, owned: each target with each engine */
        GPtrArray *slots;   /* of struct slot, owned: those of the round that runs */
        GMainLoop *loop;
        const char *folder;
        const char *fault;  /* NULL: none */
        GPtrArray *engines; /* of const struct up_engine */
        const struct up_mutator *mutator;
        unsigned time_s;
        unsigned jobs;
        unsigned engine_seed;
        bool terminal;
        unsigned lines; /* of status on the terminal, to be overwritten */
        gint64 began_us;
        gint64 last_line_us;
        char *error;
};

/* The project's own folder of that name stands beside the one that is built in. */
static char *beside_build(const char *name)
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

static struct target *target_new(const struct campaign *campaign, const struct up_target_row *row)
{
        const char *name = row->name;
        const char *fault = campaign->fault;
        g_autofree char *base = make_folder(campaign->folder, name);
        g_autofree char *corpus = g_build_filename(base, "corpus", NULL);
        struct target *target = g_new0(struct target, 1);

        target->result.target = name;
        target->result.verifies = row->verifies;
        target->result.fault = fault;
        target->folders.fault = fault;
        target->result.catches = up_catches_new();
        target->binary = up_flavour_binary(up_flavour_find("libfuzzer"), name);
        target->folders.corpus = g_strdup(corpus);
        up_corpus_recover(&target->folders);
        g_mkdir_with_parents(corpus, 0777);
        target->folders.crashes = make_folder(base, "crashes");
        target->folders.kept = make_folder(base, "kept");
        target->folders.findings = make_folder(base, "findings");
        target->folders.work = make_folder(base, "work");
        return target;
}

static void target_free(void *data)
{
        struct target *target = data;

        g_free(target->binary);
        g_free(target->folders.corpus);
        g_free(target->folders.crashes);
        g_free(target->folders.kept);
        g_free(target->folders.findings);
        g_free(target->folders.work);
        g_clear_pointer(&target->result.catches, g_ptr_array_unref);
        g_free(target);
}

static struct lane *lane_new(struct target *target, const struct up_engine *engine)
{
        struct lane *lane = g_new(struct lane, 1);

        *lane = (struct lane){ target, engine,
                up_flavour_binary(up_flavour_find(engine->flavour), target->result.target) };
        return lane;
}

static void lane_free(void *data)
{
        struct lane *lane = data;

        g_free(lane->binary);
        g_free(lane);
}

/* Two campaigns in one folder would merge each other's corpus away. -1 when it was told. */
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

/* A corpus is of one pipeline, and so are its findings. False when it was told. */
static bool folder_is_of(const char *folder, const char *fault)
{
        g_autofree char *path = g_build_filename(folder, "fault", NULL);
        g_autoptr(GError) error = NULL;
        g_autofree char *before = NULL;

        if (g_file_get_contents(path, &before, NULL, NULL))
                g_strchomp(before);
        for (size_t i = 0; before == NULL && i < G_N_ELEMENTS(up_target_rows); i++) {
                g_autofree char *target = g_build_filename(folder, up_target_rows[i].name, NULL);
                if (g_file_test(target, G_FILE_TEST_IS_DIR))
                        before = g_strdup("");
        }
        if (before == NULL) {
                if (g_file_set_contents(path, fault != NULL ? fault : "", -1, &error))
                        return true;
                up_tool_fail(0, "%s; choose another folder with --out", error->message);
                return false;
        }
        if (strcmp(before, fault != NULL ? fault : "") == 0)
                return true;
        up_tool_fail(0, "the campaign in %s has %s%s; choose another folder with --out", folder,
            *before != '\0' ? "the planted fault " : "no planted fault", before);
        return false;
}

/* --- status ----------------------------------------------------------------------------------- */

static void add_worker(struct sums *sums, const struct slot *slot)
{
        const struct up_worker *worker = &slot->worker;

        if (worker->progress != NULL)
                up_progress_add(&sums->counted, worker->progress);
        sums->seconds += (double)(g_get_monotonic_time() - slot->began_us) / G_USEC_PER_SEC;
        sums->crashes += worker->crashes;
        sums->edges = MAX(sums->edges, worker->edges);
        sums->corpus = MAX(sums->corpus, worker->corpus);
}

static struct sums sums_of(const struct campaign *campaign, const struct target *target)
{
        struct sums sums = target->ended;

        for (guint i = 0; i < campaign->slots->len; i++) {
                const struct slot *slot = g_ptr_array_index(campaign->slots, i);
                if (slot->lane->target == target)
                        add_worker(&sums, slot);
        }
        return sums;
}

static double percent(uint64_t part, uint64_t whole)
{
        return whole > 0 ? 100.0 * (double)part / (double)whole : 0;
}

/* A terminal too narrow for a line cuts it off, so that the lines can be overwritten. */
#define CUT_LINES  "\033[?7l"
#define WRAP_LINES "\033[?7h"

static void print_status(struct campaign *campaign)
{
        unsigned elapsed_s =
            (unsigned)((g_get_monotonic_time() - campaign->began_us) / G_USEC_PER_SEC);

        if (campaign->lines > 0)
                fprintf(stderr, "\033[%uA", campaign->lines);
        for (guint i = 0; i < campaign->targets->len; i++) {
                const struct target *target = g_ptr_array_index(campaign->targets, i);
                struct sums sums = sums_of(campaign, target);
                /* AFL++ says so only now and then. */
                g_autofree char *edges =
                    sums.edges > 0 ? g_strdup_printf("%u", sums.edges) : g_strdup("-");
                g_autofree char *verified =
                    target->result.verifies
                        ? g_strdup_printf("%5.1f%% verified",
                              percent(sums.counted.verified, sums.counted.executions))
                        : g_strdup_printf("%5s         ", "-");
                fprintf(stderr,
                    "%s%02u:%02u %-11s%8" G_GUINT64_FORMAT " runs%6.0f/s%6s edges%5u corpus"
                    "%s%3u crashes%s\n",
                    campaign->terminal ? CUT_LINES "\033[K" : "", elapsed_s / 60, elapsed_s % 60,
                    target->result.target, sums.counted.executions,
                    sums.seconds > 0 ? (double)sums.counted.executions / sums.seconds : 0, edges,
                    sums.corpus, verified, sums.crashes, campaign->terminal ? WRAP_LINES : "");
        }
        campaign->lines = campaign->terminal ? campaign->targets->len : 0;
}

static void step(const char *text)
{
        if (isatty(STDERR_FILENO))
                fprintf(stderr, "\r\033[K%s...", text);
        else
                fprintf(stderr, "%s\n", text);
}

static void steps_end(void)
{
        if (isatty(STDERR_FILENO))
                fprintf(stderr, "\r\033[K");
}

static void warn(const char *text)
{
        steps_end();
        up_tool_fail(0, "%s", text);
}

/* --- fuzzing ---------------------------------------------------------------------------------- */

static void stop_workers(struct campaign *campaign)
{
        for (guint i = 0; i < campaign->slots->len; i++)
                up_worker_stop(&((struct slot *)g_ptr_array_index(campaign->slots, i))->worker);
}

static void on_worker_ended(void *data)
{
        struct campaign *campaign = data;
        bool running = false;

        for (guint i = 0; i < campaign->slots->len; i++) {
                const struct slot *slot = g_ptr_array_index(campaign->slots, i);
                running |= slot->worker.running;
                if (slot->worker.error != NULL && campaign->error == NULL) {
                        campaign->error = g_strdup(slot->worker.error);
                        stop_workers(campaign);
                }
        }
        if (!running)
                g_main_loop_quit(campaign->loop);
}

static gboolean on_interrupt(int fd, GIOCondition condition, void *data)
{
        (void)fd, (void)condition;
        stop_workers(data);
        return G_SOURCE_REMOVE;
}

static gboolean on_tick(void *data)
{
        struct campaign *campaign = data;
        gint64 now_us = g_get_monotonic_time();

        if (campaign->terminal ||
            now_us - campaign->last_line_us >= LINE_EVERY_S * G_USEC_PER_SEC) {
                campaign->last_line_us = now_us;
                print_status(campaign);
        }
        return G_SOURCE_CONTINUE;
}

static void slot_free(void *data)
{
        struct slot *slot = data;

        up_worker_clear(&slot->worker);
        g_free(slot);
}

static bool is_first_of(const struct campaign *campaign, const struct lane *lane)
{
        for (guint i = 0; i < campaign->slots->len; i++)
                if (((struct slot *)g_ptr_array_index(campaign->slots, i))->lane == lane)
                        return false;
        return true;
}

static void start_slot(struct campaign *campaign, const struct lane *lane, unsigned seconds)
{
        struct slot *slot = g_new0(struct slot, 1);
        unsigned number = campaign->slots->len;

        slot->lane = lane;
        slot->began_us = g_get_monotonic_time();
        slot->worker.target = lane->target->result.target;
        slot->worker.engine = lane->engine;
        slot->worker.mutator = campaign->mutator;
        slot->worker.first = is_first_of(campaign, lane);
        slot->worker.shared = campaign->engines->len > 1;
        slot->worker.binary = lane->binary;
        slot->worker.folders = &lane->target->folders;
        slot->worker.options = up_worker_options(lane->binary);
        slot->worker.number = number;
        slot->worker.engine_seed = campaign->engine_seed > 0 ? campaign->engine_seed + number : 0;
        g_ptr_array_add(campaign->slots, slot);
        up_worker_start(&slot->worker, seconds, on_worker_ended, campaign);
}

/* The workers of one round: those of lanes first, first + 1, ... */
static void fuzz_round(struct campaign *campaign, guint first, unsigned seconds)
{
        guint left = campaign->lanes->len - first;

        for (guint job = 0; job < campaign->jobs; job++) {
                guint index = left >= campaign->jobs ? first + job : first + job % left;
                start_slot(campaign, g_ptr_array_index(campaign->lanes, index), seconds);
        }
        if (campaign->error == NULL)
                g_main_loop_run(campaign->loop);
        for (guint i = 0; i < campaign->slots->len; i++) {
                const struct slot *slot = g_ptr_array_index(campaign->slots, i);
                add_worker(&slot->lane->target->ended, slot);
        }
        g_ptr_array_set_size(campaign->slots, 0);
}

static void fuzz(struct campaign *campaign)
{
        guint rounds = (campaign->lanes->len + campaign->jobs - 1) / campaign->jobs;
        guint tick = g_timeout_add(campaign->terminal ? 500 : 1000, on_tick, campaign);
        guint interrupt = g_unix_fd_add(up_tool_interrupt_fd(), G_IO_IN, on_interrupt, campaign);

        campaign->began_us = campaign->last_line_us = g_get_monotonic_time();
        for (guint round = 0; round < rounds && campaign->error == NULL && !up_tool_interrupted();
             round++)
                fuzz_round(campaign, round * campaign->jobs, MAX(1, campaign->time_s / rounds));
        if (!up_tool_interrupted())
                g_source_remove(interrupt);
        g_source_remove(tick);
        print_status(campaign);
}

/* --- afterwards ------------------------------------------------------------------------------- */

/* Merging and measuring run inputs too, and may find something: the harvest comes between. */
static bool conclude(struct campaign *campaign, struct target *target, GError **error)
{
        g_autofree char *regressions = beside_build("regressions");
        g_autofree char *merging =
            g_strdup_printf("merging the corpus of %s", target->result.target);
        g_autofree char *measuring =
            g_strdup_printf("measuring the corpus of %s", target->result.target);
        const struct up_harvest harvest = {
                .folders = &target->folders,
                .target = target->result.target,
                .regressions = regressions,
                .minimise_s = CLAMP(campaign->time_s, MINIMISE_LEAST_S, MINIMISE_MOST_S),
                .step = step,
                .warn = warn,
        };

        step(merging);
        if (!up_corpus_merge(&target->folders, target->binary, error))
                return false;
        if (!up_harvest(&harvest, target->result.catches, error))
                return false;
        step(measuring);
        if (!up_corpus_measure(&target->folders, target->binary, &target->result.coverage, error))
                return false;
        target->result.corpus = up_corpus_count(&target->folders);
        return true;
}

/* --- the command ------------------------------------------------------------------------------ */

static void choose_targets(struct campaign *campaign, char **targets)
{
        for (size_t i = 0; i < G_N_ELEMENTS(up_target_rows); i++) {
                const struct up_target_row *row = &up_target_rows[i];
                bool chosen =
                    targets != NULL
                        ? g_strv_contains((const char *const *)targets, row->name)
                        : !row->on_request && up_tool_faults_apply(row->name, campaign->fault);
                if (chosen)
                        g_ptr_array_add(campaign->targets, target_new(campaign, row));
        }
}

/* What a target begins with; a target without seeds of its own begins with nothing. */
static bool add_seeds(const struct target *target, char **seeds, GError **error)
{
        g_autofree char *all = beside_build("seeds");
        g_autofree char *own = g_build_filename(all, target->result.target, NULL);
        char *standard[] = { own, NULL };

        if (seeds == NULL && !g_file_test(own, G_FILE_TEST_IS_DIR))
                return true;
        for (char **folder = seeds != NULL ? seeds : standard; *folder != NULL; folder++)
                if (!up_corpus_add(&target->folders, target->binary, *folder, error))
                        return false;
        return true;
}

/* What has to be there; the line to print when it is not. The caller owns it. */
static char *what_is_missing(const struct lane *lane)
{
        const struct up_flavour *flavour = up_flavour_find(lane->engine->flavour);
        const char *name = lane->engine->program;
        g_autofree char *program = name != NULL ? g_find_program_in_path(name) : NULL;
        char *missing =
            up_flavour_check_built(up_flavour_find("libfuzzer"), lane->target->result.target);

        if (missing == NULL)
                missing = up_flavour_check_built(flavour, lane->target->result.target);
        if (missing == NULL && name != NULL && program == NULL)
                missing = g_strdup_printf("%s is not installed: %s", name, flavour->remedy);
        return missing;
}

/* Whatever engine the campaign had that was killed. */
static void recover(const struct target *target)
{
        for (size_t i = 0; i < UP_ENGINES; i++)
                if (up_engines[i]->recover != NULL)
                        up_engines[i]->recover(&target->folders, target->binary);
}

static void add_lanes(struct campaign *campaign)
{
        for (guint i = 0; i < campaign->targets->len; i++)
                for (guint j = 0; j < campaign->engines->len; j++)
                        g_ptr_array_add(campaign->lanes,
                            lane_new(campaign->targets->pdata[i], campaign->engines->pdata[j]));
}

/* Before the first worker; an exit status when there can be none, negative otherwise. */
static int prepare(struct campaign *campaign, char **targets, char **seeds)
{
        choose_targets(campaign, targets);
        add_lanes(campaign);
        for (guint i = 0; i < campaign->lanes->len; i++) {
                g_autofree char *missing = what_is_missing(campaign->lanes->pdata[i]);
                if (missing != NULL)
                        return up_tool_fail(UP_STATUS_UNRUNNABLE, "%s", missing);
        }
        for (guint i = 0; i < campaign->targets->len; i++) {
                const struct target *target = g_ptr_array_index(campaign->targets, i);
                g_autoptr(GError) error = NULL;

                if (!add_seeds(target, seeds, &error))
                        return up_tool_fail(UP_STATUS_USAGE,
                            "--seeds wants a folder of messages: %s", error->message);
                recover(target);
        }
        return -1;
}

static void print_result(const struct campaign *campaign, bool json)
{
        if (json)
                up_result_print_json(campaign->targets, campaign->folder);
        else
                up_result_print_text(campaign->targets);
}

static int run_campaign(struct campaign *campaign, bool json)
{
        g_autoptr(GError) error = NULL;
        unsigned fresh = 0;

        fuzz(campaign);
        if (campaign->error != NULL)
                return up_tool_fail(UP_STATUS_UNRUNNABLE, "%s", campaign->error);
        for (guint i = 0; i < campaign->targets->len && !up_tool_interrupted() && error == NULL;
             i++)
                conclude(campaign, g_ptr_array_index(campaign->targets, i), &error);
        steps_end();
        for (guint i = 0; i < campaign->targets->len; i++) {
                struct target *target = g_ptr_array_index(campaign->targets, i);
                target->result.counted = target->ended.counted;
                target->result.worker_s = target->ended.seconds;
                fresh += up_result_new(&target->result);
        }
        if (!up_tool_interrupted() || fresh > 0) /* they would not be new the next time */
                print_result(campaign, json);
        if (up_tool_interrupted())
                return up_tool_fail(UP_STATUS_INTERRUPTED,
                    "interrupted; nothing is lost, the same command goes on");
        if (error != NULL)
                return up_tool_fail(UP_STATUS_UNRUNNABLE, "%s", error->message);
        return fresh > 0 ? UP_STATUS_FOUND : UP_STATUS_PASSED;
}

static char *standard_folder(const char *fault)
{
        g_autofree char *name =
            fault != NULL ? g_strconcat("campaign-", fault, NULL) : g_strdup("campaign");

        return g_build_filename(up_tool_build(), name, NULL);
}

/* In its folder, which is locked and of this fault. Returns the exit status. */
static int campaign_in_folder(struct campaign *campaign, char **targets, char **seeds, bool json)
{
        int status;

        campaign->targets = g_ptr_array_new_with_free_func(target_free);
        campaign->lanes = g_ptr_array_new_with_free_func(lane_free);
        campaign->slots = g_ptr_array_new_with_free_func(slot_free);
        campaign->loop = g_main_loop_new(NULL, FALSE);
        status = prepare(campaign, targets, seeds);
        if (status < 0)
                status = run_campaign(campaign, json);
        g_main_loop_unref(campaign->loop);
        g_ptr_array_unref(campaign->slots);
        g_ptr_array_unref(campaign->lanes);
        g_ptr_array_unref(campaign->targets);
        g_free(campaign->error);
        return status;
}

/* What was asked for. */
struct wishes {
        char **targets, **seeds; /* NULL: the standard ones */
        char *time, *folder, *fault, *engine, *mutator;
        int jobs, engine_seed;
        gboolean json;
};

static void wishes_clear(struct wishes *wishes)
{
        g_strfreev(wishes->targets);
        g_strfreev(wishes->seeds);
        g_free(wishes->time);
        g_free(wishes->folder);
        g_free(wishes->fault);
        g_free(wishes->engine);
        g_free(wishes->mutator);
}

/* Usage errors are told; -1 is none. */
static int check_wishes(const struct wishes *wishes, unsigned *ret_seconds)
{
        if (wishes->time != NULL && !up_tool_parse_seconds(wishes->time, ret_seconds))
                return up_tool_usage("--time %s: want a time such as 90s, 10m or 2h", wishes->time);
        if (wishes->jobs < 0 || wishes->jobs > 1024 || wishes->engine_seed < 0)
                return up_tool_usage(
                    "--jobs and --engine-seed take numbers from 1, jobs at most 1024");
        return up_tool_check_selection(wishes->targets, wishes->fault) ? -1 : UP_STATUS_USAGE;
}

static int campaign_as_wished(const struct wishes *wishes)
{
        unsigned jobs =
            wishes->jobs > 0 ? (unsigned)wishes->jobs : (unsigned)g_get_num_processors();
        struct campaign campaign = {
                .time_s = 60,
                .jobs = jobs,
                .fault = wishes->fault,
                .engine_seed = (unsigned)wishes->engine_seed,
                .terminal = isatty(STDERR_FILENO),
        };
        int status = check_wishes(wishes, &campaign.time_s);

        if (status >= 0)
                return status;
        g_autoptr(GPtrArray) engines = up_engines_find(wishes->engine);
        if (engines == NULL)
                return UP_STATUS_USAGE;
        campaign.engines = engines;
        campaign.mutator = up_mutator_find(wishes->mutator);
        if (campaign.mutator == NULL)
                return UP_STATUS_USAGE;
        g_autofree char *folder =
            wishes->folder != NULL ? g_strdup(wishes->folder) : standard_folder(wishes->fault);
        int lock = lock_folder(folder);
        if (lock < 0)
                return UP_STATUS_UNRUNNABLE;
        campaign.folder = folder;
        status = folder_is_of(folder, wishes->fault)
                     ? campaign_in_folder(&campaign, wishes->targets, wishes->seeds, wishes->json)
                     : UP_STATUS_UNRUNNABLE;
        close(lock);
        return status;
}

int up_tool_campaign(int argc, char **argv)
{
        struct wishes wishes = { 0 };
        const GOptionEntry entries[] = {
                { "target", 't', 0, G_OPTION_ARG_STRING_ARRAY, &wishes.targets,
                    "fuzz this target only (may be repeated)", "NAME" },
                { "time", 0, 0, G_OPTION_ARG_STRING, &wishes.time,
                    "how long: 90s, 10m, 2h (standard: 60s)", "TIME" },
                { "jobs", 'j', 0, G_OPTION_ARG_INT, &wishes.jobs,
                    "workers at once (standard: cores)", "N" },
                { "seeds", 's', 0, G_OPTION_ARG_FILENAME_ARRAY, &wishes.seeds,
                    "begin with these, not with seeds/TARGET (may be repeated)", "DIR" },
                { "out", 'o', 0, G_OPTION_ARG_FILENAME, &wishes.folder,
                    "where it lives, and goes on (standard: see below)", "DIR" },
                { "fault", 0, 0, G_OPTION_ARG_STRING, &wishes.fault,
                    "plant this fault into the pipeline (see unpend faults)", "NAME" },
                { "engine", 'e', 0, G_OPTION_ARG_STRING, &wishes.engine, "what fuzzes (see below)",
                    "NAME" },
                { "mutator", 0, 0, G_OPTION_ARG_STRING, &wishes.mutator, "what mutates (see below)",
                    "NAME" },
                { "engine-seed", 0, 0, G_OPTION_ARG_INT, &wishes.engine_seed,
                    "of the engine's chance, for comparisons", "N" },
                { "json", 0, 0, G_OPTION_ARG_NONE, &wishes.json, "the result as JSON", NULL },
                G_OPTION_ENTRY_NULL,
        };
        g_autofree char *engines = up_engine_help();
        g_autofree char *help = g_strconcat(engines,
            "\n\nFuzzes all targets; with a fault, those that have a pipeline. A campaign lives\n"
            "in build/campaign, with a fault in build/campaign-FAULT, and goes on there.\n"
            "Exit status: 0 no new finding, 1 new findings, 2 wrong usage, 125 it cannot\n"
            "run, 130 interrupted.",
            NULL);
        int status = up_tool_options(&argc, &argv, entries, NULL, help);

        if (status < 0)
                status = argc > 1 ? up_tool_usage("unexpected argument %s", argv[1])
                                  : campaign_as_wished(&wishes);
        wishes_clear(&wishes);
        return status;
}
