/*
 * fuzzing - explorers and examiners on a main loop, with a line of status for each target
 */
#include "tools/campaign/fuzzing.h"

#include <gio/gio.h>
#include <glib-unix.h>
#include <unistd.h>

#include "target/inbox.h"
#include "tools/campaign/corpus.h"
#include "tools/campaign/worker.h"
#include "tools/cli/tool.h"
#include "tools/exec/flavour.h"

#define PRINT_EVERY_S  10 /* where there is no terminal */
#define TICK_MS        200
#define LONGEST_TURN_S 5
#define MERGE_SHARE    5   /* at most one part in so many of the time */
#define MERGE_START_S  0.2 /* of each target, beside its inputs */

struct run;

struct lane {
        struct run *run;
        struct up_campaign_target *target;
        const struct up_engine *engine;
        GPtrArray *workers; /* of struct up_worker, owned; empty before its first turn */
        unsigned jobs;      /* workers that it is to have */
        bool runs;
        double turn_s; /* up_worker_seconds() of its workers, when its turn began */
        uint64_t turn_edges;
        double yield; /* new edges a second in its last turn */
};

struct run {
        const struct up_fuzzing *fuzzing;
        GPtrArray *lanes; /* of struct lane, owned */
        GMainLoop *loop;
        bool terminal;
        unsigned lines; /* of status on the terminal, to be overwritten */
        gint64 began_us, end_us;
        gint64 turn_us; /* how long a turn is */
        gint64 turn_ends_us;
        gint64 printed_us;
        bool stopping;
        guint interrupt; /* id of the source */
        char *error;
};

/* --- counting --------------------------------------------------------------------------------- */

static double seconds_of(const struct lane *lane)
{
        double seconds = 0;

        for (guint i = 0; i < lane->workers->len; i++)
                seconds += up_worker_seconds(lane->workers->pdata[i]);
        return seconds;
}

static uint64_t new_edges_of(const struct lane *lane)
{
        uint64_t edges = 0;

        for (guint i = 0; i < lane->workers->len; i++) {
                const struct up_worker *worker = lane->workers->pdata[i];
                edges += worker->progress != NULL ? worker->progress->new_edges : 0;
        }
        return edges;
}

/* What the lanes of a target and its examiners did so far. */
struct sum {
        struct up_progress explored, examined;
        double seconds;
        unsigned waiting;
};

static void add_worker(struct sum *sum, const struct up_worker *worker)
{
        if (worker->progress != NULL)
                up_progress_add(&sum->explored, worker->progress);
        sum->seconds += up_worker_seconds(worker);
}

static struct sum sum_of(const struct run *run, const struct up_campaign_target *target)
{
        struct sum sum = { .waiting = up_inbox_length(target->folders.inbox) };

        for (guint i = 0; i < run->lanes->len; i++) {
                const struct lane *lane = run->lanes->pdata[i];
                for (guint j = 0; lane->target == target && j < lane->workers->len; j++)
                        add_worker(&sum, lane->workers->pdata[j]);
        }
        for (guint i = 0; i < target->examiners->len; i++) {
                const struct up_examiner *examiner = target->examiners->pdata[i];
                if (examiner->progress != NULL)
                        up_progress_add(&sum.examined, examiner->progress);
        }
        return sum;
}

/* --- status ----------------------------------------------------------------------------------- */

/* A terminal cuts a line that is too long off, so that the lines can be overwritten. */
#define WRAP_OFF "\033[?7l"
#define WRAP_ON  "\033[?7h"

static void print_target(const struct run *run, const struct up_campaign_target *target)
{
        struct sum sum = sum_of(run, target);
        unsigned elapsed_s = (unsigned)((g_get_monotonic_time() - run->began_us) / G_USEC_PER_SEC);
        double runs = (double)sum.explored.executions;
        g_autofree char *verified =
            target->result.verifies ? g_strdup_printf("%3.0f%% verify",
                                          runs > 0 ? 100 * (double)sum.explored.verified / runs : 0)
                                    : g_strdup_printf("%3s        ", "-");

        fprintf(stderr,
            "%s%02u:%02u %-11s%8" G_GUINT64_FORMAT " runs%6.0f/s%7" G_GUINT64_FORMAT
            " edges %s%6" G_GUINT64_FORMAT " examined%5u wait%3u found%s\n",
            run->terminal ? WRAP_OFF "\033[K" : "", elapsed_s / 60, elapsed_s % 60,
            target->result.target, sum.explored.executions,
            sum.seconds > 0 ? runs / sum.seconds : 0, sum.explored.new_edges, verified,
            sum.examined.executions, sum.waiting, up_sightings_new(&target->result.sightings),
            run->terminal ? WRAP_ON : "");
}

/* On a terminal the line below the status may hold an echoed "^C": it is erased first. */
static void erase_status(struct run *run)
{
        if (run->lines > 0)
                fprintf(stderr, "\r\033[K\033[%uA\033[J", run->lines);
        run->lines = 0;
}

static void print_status(struct run *run)
{
        erase_status(run);
        for (guint i = 0; i < run->fuzzing->targets->len; i++)
                print_target(run, run->fuzzing->targets->pdata[i]);
        run->lines = run->terminal ? run->fuzzing->targets->len : 0;
        run->printed_us = g_get_monotonic_time();
}

static void show_sighting(void *data, const char *target, const struct up_sighting *sighting)
{
        struct run *run = data;

        erase_status(run);
        up_tool_print_coloured(stderr, sighting->is_new ? UP_RED : UP_DIM,
            "found in %s%s: %s: ", target, sighting->is_new ? "" : ", seen before",
            sighting->class);
        fprintf(stderr, "%s\n", sighting->signature);
        if (run->terminal)
                print_status(run);
}

/* --- explorers and examiners ------------------------------------------------------------------ */

static void stop_explorers(struct run *run)
{
        run->stopping = true;
        for (guint i = 0; i < run->lanes->len; i++) {
                const struct lane *lane = run->lanes->pdata[i];
                for (guint j = 0; j < lane->workers->len; j++)
                        up_worker_stop(lane->workers->pdata[j]);
        }
}

static void fail(struct run *run, const char *error)
{
        if (run->error == NULL)
                run->error = g_strdup(error);
        stop_explorers(run);
}

static void quit_if_all_ended(struct run *run)
{
        bool running = false;

        for (guint i = 0; i < run->lanes->len; i++) {
                const struct lane *lane = run->lanes->pdata[i];
                for (guint j = 0; j < lane->workers->len; j++) {
                        const struct up_worker *worker = lane->workers->pdata[j];
                        if (worker->error != NULL && run->error == NULL)
                                fail(run, worker->error);
                        running |= worker->running;
                }
        }
        if (!running)
                g_main_loop_quit(run->loop);
}

static void on_worker_ended(void *data)
{
        quit_if_all_ended(((struct lane *)data)->run);
}

static void on_worker_line(void *data, const char *line)
{
        up_sightings_parse_line(&((struct lane *)data)->target->result.sightings, line);
}

static void worker_free(void *data)
{
        up_worker_clear(data);
        g_free(data);
}

static void start_worker(struct run *run, struct lane *lane, unsigned number)
{
        const struct up_fuzzing *fuzzing = run->fuzzing;
        struct up_worker *worker = g_new0(struct up_worker, 1);

        worker->engine = lane->engine;
        worker->mutator = fuzzing->mutator;
        worker->folders = &lane->target->folders;
        worker->shared = fuzzing->engines->len > 1;
        worker->alone = fuzzing->engines->len == 1 && lane->jobs == 1;
        worker->binary =
            up_flavour_binary(up_flavour_find(lane->engine->flavour), lane->target->result.target);
        worker->options = up_worker_options(worker->binary);
        worker->number = number;
        worker->engine_seed = fuzzing->engine_seed > 0 ? fuzzing->engine_seed + number : 0;
        worker->first = lane->workers->len == 0;
        worker->line = on_worker_line;
        worker->ended = on_worker_ended;
        worker->data = lane;
        g_ptr_array_add(lane->workers, worker);
        up_worker_start(worker);
}

static void examiner_free(void *data)
{
        up_examiner_clear(data);
        g_free(data);
}

static void start_examiners(struct run *run, struct up_campaign_target *target)
{
        unsigned count = MAX(1, run->fuzzing->jobs / run->fuzzing->targets->len);

        while (target->examiners->len < count && run->error == NULL) {
                struct up_examiner *examiner = g_new0(struct up_examiner, 1);
                if (!up_examiner_start(examiner, &target->result.sightings, target->examiners->len))
                        fail(run, examiner->error);
                g_ptr_array_add(target->examiners, examiner);
        }
}

static void check_examiners(struct run *run)
{
        for (guint i = 0; i < run->fuzzing->targets->len; i++) {
                const struct up_campaign_target *target = run->fuzzing->targets->pdata[i];
                for (guint j = 0; j < target->examiners->len; j++) {
                        const struct up_examiner *examiner = target->examiners->pdata[j];
                        if (examiner->error != NULL && run->error == NULL)
                                fail(run, examiner->error);
                }
        }
}

/* What the explorers left behind is still examined, as long as there is time. */
static void wait_for_examiners(const struct run *run)
{
        bool waiting = true;

        while (waiting && g_get_monotonic_time() < run->end_us && !up_tool_interrupted()) {
                waiting = false;
                for (guint i = 0; i < run->fuzzing->targets->len; i++) {
                        const struct up_campaign_target *target = run->fuzzing->targets->pdata[i];
                        waiting |= up_inbox_length(target->folders.inbox) > 0;
                }
                if (waiting)
                        g_main_context_iteration(NULL, TRUE);
        }
}

static void stop_examiners(struct run *run)
{
        bool running = true;

        for (guint i = 0; i < run->fuzzing->targets->len; i++) {
                const struct up_campaign_target *target = run->fuzzing->targets->pdata[i];
                for (guint j = 0; j < target->examiners->len; j++)
                        up_examiner_stop(target->examiners->pdata[j]);
        }
        while (running) {
                running = false;
                for (guint i = 0; i < run->fuzzing->targets->len; i++) {
                        const struct up_campaign_target *target = run->fuzzing->targets->pdata[i];
                        for (guint j = 0; j < target->examiners->len; j++)
                                running |= up_examiner_is_running(target->examiners->pdata[j]);
                }
                if (running)
                        g_main_context_iteration(NULL, TRUE);
        }
}

/* --- turns ------------------------------------------------------------------------------------ */

static void begin_turn(struct run *run, struct lane *lane)
{
        unsigned number = 0;

        for (guint i = 0; i < run->lanes->len; i++)
                number += ((const struct lane *)run->lanes->pdata[i])->workers->len;
        start_examiners(run, lane->target);
        while (lane->workers->len < lane->jobs && run->error == NULL)
                start_worker(run, lane, number++);
        for (guint i = 0; i < lane->workers->len; i++)
                up_worker_pause(lane->workers->pdata[i], false);
        lane->runs = true;
        lane->turn_s = seconds_of(lane);
        lane->turn_edges = new_edges_of(lane);
}

static void end_turn(struct lane *lane)
{
        double seconds = seconds_of(lane) - lane->turn_s;

        lane->runs = false;
        if (seconds > 0)
                lane->yield = (double)(new_edges_of(lane) - lane->turn_edges) / seconds;
}

/* Half of an even share of the time so far. */
static bool is_owed(const struct run *run, const struct lane *lane)
{
        double elapsed_s = (double)(g_get_monotonic_time() - run->began_us) / G_USEC_PER_SEC;

        return lane->workers->len == 0 ||
               seconds_of(lane) < elapsed_s * run->fuzzing->jobs / run->lanes->len / 2;
}

/* Should @a run rather than @b? */
static bool precedes(const struct run *run, const struct lane *a, const struct lane *b)
{
        bool owed = is_owed(run, a);

        if (owed != is_owed(run, b))
                return owed;
        if (owed || a->yield == b->yield)
                return seconds_of(a) < seconds_of(b);
        return a->yield > b->yield;
}

static struct lane *next_lane(const struct run *run)
{
        struct lane *next = NULL;

        for (guint i = 0; i < run->lanes->len; i++) {
                struct lane *lane = run->lanes->pdata[i];
                if (!lane->runs && (next == NULL || precedes(run, lane, next)))
                        next = lane;
        }
        return next;
}

static void change_turns(struct run *run)
{
        guint jobs = MIN(run->fuzzing->jobs, run->lanes->len);

        for (guint i = 0; i < run->lanes->len; i++) {
                struct lane *lane = run->lanes->pdata[i];
                if (lane->runs)
                        end_turn(lane);
        }
        for (guint i = 0; i < jobs && run->error == NULL; i++)
                begin_turn(run, next_lane(run));
        for (guint i = 0; i < run->lanes->len; i++) {
                struct lane *lane = run->lanes->pdata[i];
                for (guint j = 0; !lane->runs && j < lane->workers->len; j++)
                        up_worker_pause(lane->workers->pdata[j], true);
        }
        run->turn_ends_us = g_get_monotonic_time() + run->turn_us;
}

/* How long merging takes, if it takes as long for each input as exploring did. */
static gint64 merge_us(const struct run *run, const struct up_campaign_target *target)
{
        struct sum sum = sum_of(run, target);
        double runs = (double)sum.explored.executions;
        double run_s = runs > 0 ? sum.seconds / runs : 0;

        return (
            gint64)(G_USEC_PER_SEC * (MERGE_START_S + up_corpus_count(&target->folders) * run_s));
}

/*
 * Chooses the targets to be merged, those first that take least, as long as there is time for all
 * of them; the rest is left to a longer campaign. Returns how long they take.
 */
static gint64 plan_merges(const struct run *run)
{
        gint64 limit_us = run->fuzzing->time_s * G_TIME_SPAN_SECOND / MERGE_SHARE, sum_us = 0;
        guint count = run->fuzzing->targets->len;
        g_autofree gint64 *needed_us = g_new(gint64, count);

        for (guint i = 0; i < count; i++) {
                struct up_campaign_target *target = run->fuzzing->targets->pdata[i];
                needed_us[i] = merge_us(run, target);
                target->result.unmerged = true;
        }
        for (;;) {
                guint least = 0;
                for (guint i = 1; i < count; i++)
                        if (needed_us[i] < needed_us[least])
                                least = i;
                if (needed_us[least] > limit_us - sum_us)
                        return sum_us;
                sum_us += needed_us[least];
                needed_us[least] = G_MAXINT64;
                ((struct up_campaign_target *)run->fuzzing->targets->pdata[least])
                    ->result.unmerged = false;
        }
}

static gboolean on_tick(void *data)
{
        struct run *run = data;
        gint64 now_us = g_get_monotonic_time();

        if (run->terminal || now_us - run->printed_us >= PRINT_EVERY_S * G_USEC_PER_SEC)
                print_status(run);
        check_examiners(run);
        if (run->stopping)
                quit_if_all_ended(run);
        else if (now_us >= run->end_us - plan_merges(run))
                stop_explorers(run);
        else if (now_us >= run->turn_ends_us)
                change_turns(run);
        return G_SOURCE_CONTINUE;
}

static gboolean on_interrupt(int fd, GIOCondition condition, void *data)
{
        struct run *run = data;

        (void)fd, (void)condition;
        run->interrupt = 0;
        stop_explorers(run);
        return G_SOURCE_REMOVE;
}

/* --- all of it -------------------------------------------------------------------------------- */

static void lane_free(void *data)
{
        struct lane *lane = data;

        g_ptr_array_unref(lane->workers);
        g_free(lane);
}

static void make_lanes(struct run *run)
{
        const struct up_fuzzing *fuzzing = run->fuzzing;
        guint lanes, turns;

        for (guint i = 0; i < fuzzing->targets->len; i++)
                for (guint j = 0; j < fuzzing->engines->len; j++) {
                        struct lane *lane = g_new0(struct lane, 1);
                        lane->run = run;
                        lane->target = fuzzing->targets->pdata[i];
                        lane->engine = fuzzing->engines->pdata[j];
                        lane->workers = g_ptr_array_new_with_free_func(worker_free);
                        g_ptr_array_add(run->lanes, lane);
                }
        lanes = run->lanes->len;
        for (guint i = 0; i < lanes; i++) {
                struct lane *lane = run->lanes->pdata[i];
                lane->jobs = MAX(1, (fuzzing->jobs + lanes - 1 - i) / lanes);
        }
        /* Each lane gets two turns, be the time ever so short. */
        turns = 2 * ((lanes + fuzzing->jobs - 1) / fuzzing->jobs);
        run->turn_us = lanes <= fuzzing->jobs ? G_MAXINT32 * G_TIME_SPAN_SECOND
                                              : MIN(LONGEST_TURN_S * G_TIME_SPAN_SECOND,
                                                    fuzzing->time_s * G_TIME_SPAN_SECOND *
                                                        (MERGE_SHARE - 1) / MERGE_SHARE / turns);
}

/* False with @error, unless it was only too late for it. */
static bool merge_all(struct run *run, GError **error)
{
        for (guint i = 0; i < run->fuzzing->targets->len; i++) {
                struct up_campaign_target *target = run->fuzzing->targets->pdata[i];
                GError *failure = NULL;

                if (target->result.unmerged ||
                    up_corpus_merge(&target->folders, run->end_us, &failure))
                        continue;
                if (!g_error_matches(failure, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
                        g_propagate_error(error, failure);
                        return false;
                }
                target->result.unmerged = true;
                g_error_free(failure);
        }
        return true;
}

static void fill_in_result(const struct run *run, struct up_campaign_target *target)
{
        struct sum sum = sum_of(run, target);
        struct up_result *result = &target->result;

        result->counted = sum.explored;
        result->examined = sum.examined.executions;
        result->waiting = sum.waiting;
        result->worker_s = sum.seconds;
        result->corpus = up_corpus_count(&target->folders);
        up_novelty_read(target->folders.work, &result->reached);
        result->sightings.show = NULL;
        g_ptr_array_set_size(target->examiners, 0);
}

bool up_fuzz(const struct up_fuzzing *fuzzing, GError **error)
{
        struct run run = {
                .fuzzing = fuzzing,
                .lanes = g_ptr_array_new_with_free_func(lane_free),
                .loop = g_main_loop_new(NULL, FALSE),
                .terminal = isatty(STDERR_FILENO),
                .began_us = g_get_monotonic_time(),
        };
        guint tick = g_timeout_add(TICK_MS, on_tick, &run);
        bool ok = true;

        run.end_us = run.began_us + fuzzing->time_s * G_TIME_SPAN_SECOND;
        run.printed_us = run.began_us;
        run.interrupt = g_unix_fd_add(up_tool_interrupt_fd(), G_IO_IN, on_interrupt, &run);
        for (guint i = 0; i < fuzzing->targets->len; i++) {
                struct up_campaign_target *target = fuzzing->targets->pdata[i];
                target->examiners = g_ptr_array_new_with_free_func(examiner_free);
                target->result.sightings.show = show_sighting;
                target->result.sightings.data = &run;
                up_novelty_forget(target->folders.work);
        }
        make_lanes(&run);
        change_turns(&run);
        g_main_loop_run(run.loop);
        if (run.error == NULL && !up_tool_interrupted())
                ok = merge_all(&run, error);
        if (run.error == NULL)
                wait_for_examiners(&run);
        stop_examiners(&run);
        g_clear_handle_id(&run.interrupt, g_source_remove);
        g_source_remove(tick);
        print_status(&run);
        for (guint i = 0; i < fuzzing->targets->len; i++)
                fill_in_result(&run, fuzzing->targets->pdata[i]);
        if (run.error != NULL) {
                g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_FAILED, run.error);
                ok = false;
        }
        g_free(run.error);
        g_main_loop_unref(run.loop);
        g_ptr_array_unref(run.lanes);
        return ok;
}
