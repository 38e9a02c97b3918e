/*
 * fuzzing - rounds of workers on a main loop, with a line of status for each target
 */
#include "tools/campaign/fuzzing.h"

#include <glib-unix.h>
#include <unistd.h>

#include "tools/campaign/worker.h"
#include "tools/cli/tool.h"
#include "tools/exec/run.h"

#define PRINT_EVERY_S 10 /* where there is no terminal */

/* What workers are assigned to. */
struct lane {
        struct up_campaign_target *target;
        const struct up_engine *engine;
};

struct run {
        const struct up_fuzzing *fuzzing;
        GPtrArray *workers; /* of struct up_worker, owned: those of this round */
        GMainLoop *loop;
        bool terminal;
        unsigned lines; /* of status on the terminal, to be overwritten */
        gint64 began_us;
        gint64 printed_us;
        guint interrupt; /* id of the source */
        char *error;
};

static struct up_campaign_target *target_of(const struct run *run, const struct up_worker *worker)
{
        for (guint i = 0; i < run->fuzzing->targets->len; i++) {
                struct up_campaign_target *target = run->fuzzing->targets->pdata[i];
                if (&target->folders == worker->folders)
                        return target;
        }
        g_assert_not_reached();
}

static void add_worker(struct up_campaign_target *sum, const struct up_worker *worker)
{
        if (worker->progress != NULL)
                up_progress_add(&sum->result.counted, worker->progress);
        sum->result.worker_s +=
            (double)(g_get_monotonic_time() - worker->began_us) / G_USEC_PER_SEC;
        sum->crashes += worker->crashes;
        sum->edges = MAX(sum->edges, worker->edges);
        sum->corpus = MAX(sum->corpus, worker->corpus);
}

/* --- status ----------------------------------------------------------------------------------- */

/* A terminal cuts a line that is too long off, so that the lines can be overwritten. */
#define WRAP_OFF "\033[?7l"
#define WRAP_ON  "\033[?7h"

static void print_target(const struct run *run, struct up_campaign_target sum)
{
        const struct up_progress *counted = &sum.result.counted;
        unsigned elapsed_s = (unsigned)((g_get_monotonic_time() - run->began_us) / G_USEC_PER_SEC);
        double executions = (double)counted->executions;
        /* AFL++ reports edges once a minute. */
        g_autofree char *edges = sum.edges > 0 ? g_strdup_printf("%u", sum.edges) : g_strdup("-");
        g_autofree char *verified =
            sum.result.verifies
                ? g_strdup_printf("%5.1f%% verified",
                      executions > 0 ? 100 * (double)counted->verified / executions : 0)
                : g_strdup_printf("%5s         ", "-");

        fprintf(stderr,
            "%s%02u:%02u %-11s%8" G_GUINT64_FORMAT " runs%6.0f/s%6s edges%5u corpus"
            "%s%3u crashes%s\n",
            run->terminal ? WRAP_OFF "\033[K" : "", elapsed_s / 60, elapsed_s % 60,
            sum.result.target, counted->executions,
            sum.result.worker_s > 0 ? executions / sum.result.worker_s : 0, edges, sum.corpus,
            verified, sum.crashes, run->terminal ? WRAP_ON : "");
}

/* On a terminal the line below the status may hold an echoed "^C": it is erased first. */
static void print_status(struct run *run)
{
        if (run->lines > 0)
                fprintf(stderr, "\r\033[K\033[%uA", run->lines);
        for (guint i = 0; i < run->fuzzing->targets->len; i++) {
                const struct up_campaign_target *target = run->fuzzing->targets->pdata[i];
                struct up_campaign_target sum = *target;
                for (guint j = 0; j < run->workers->len; j++) {
                        const struct up_worker *worker = run->workers->pdata[j];
                        if (worker->folders == &target->folders)
                                add_worker(&sum, worker);
                }
                print_target(run, sum);
        }
        run->lines = run->terminal ? run->fuzzing->targets->len : 0;
        run->printed_us = g_get_monotonic_time();
}

/* --- workers ---------------------------------------------------------------------------------- */

static void stop_workers(struct run *run)
{
        for (guint i = 0; i < run->workers->len; i++)
                up_worker_stop(run->workers->pdata[i]);
}

static void on_worker_ended(void *data)
{
        struct run *run = data;
        bool running = false;

        for (guint i = 0; i < run->workers->len; i++) {
                const struct up_worker *worker = run->workers->pdata[i];
                running |= worker->running;
                if (worker->error != NULL && run->error == NULL) {
                        run->error = g_strdup(worker->error);
                        stop_workers(run);
                }
        }
        if (!running)
                g_main_loop_quit(run->loop);
}

static gboolean on_interrupt(int fd, GIOCondition condition, void *data)
{
        struct run *run = data;

        (void)fd, (void)condition;
        run->interrupt = 0;
        stop_workers(run);
        return G_SOURCE_REMOVE;
}

static gboolean on_tick(void *data)
{
        struct run *run = data;

        if (run->terminal ||
            g_get_monotonic_time() - run->printed_us >= PRINT_EVERY_S * G_USEC_PER_SEC)
                print_status(run);
        return G_SOURCE_CONTINUE;
}

static void worker_free(void *data)
{
        up_worker_clear(data);
        g_free(data);
}

static void start_worker(struct run *run, const struct lane *lane, unsigned seconds)
{
        const struct up_fuzzing *fuzzing = run->fuzzing;
        struct up_worker *worker = g_new0(struct up_worker, 1);

        worker->engine = lane->engine;
        worker->mutator = fuzzing->mutator;
        worker->folders = &lane->target->folders;
        worker->shared = fuzzing->engines->len > 1;
        worker->binary =
            up_flavour_binary(up_flavour_find(lane->engine->flavour), lane->target->result.target);
        worker->options = up_worker_options(worker->binary);
        worker->number = run->workers->len;
        worker->engine_seed = fuzzing->engine_seed > 0 ? fuzzing->engine_seed + worker->number : 0;
        worker->first = true;
        for (guint i = 0; i < run->workers->len; i++) {
                const struct up_worker *other = run->workers->pdata[i];
                if (other->folders == worker->folders && other->engine == worker->engine)
                        worker->first = false;
        }
        g_ptr_array_add(run->workers, worker);
        up_worker_start(worker, seconds, on_worker_ended, run);
}

/* The workers of the lanes from @first on: with more workers than lanes, several for each. */
static void fuzz_round(struct run *run, const GArray *lanes, guint first, unsigned seconds)
{
        guint left = MIN(lanes->len - first, run->fuzzing->jobs);

        for (guint job = 0; job < run->fuzzing->jobs; job++)
                start_worker(run, &g_array_index(lanes, struct lane, first + job % left), seconds);
        if (run->error == NULL)
                g_main_loop_run(run->loop);
        for (guint i = 0; i < run->workers->len; i++)
                add_worker(target_of(run, run->workers->pdata[i]), run->workers->pdata[i]);
        g_ptr_array_set_size(run->workers, 0);
}

bool up_fuzz(const struct up_fuzzing *fuzzing, GError **error)
{
        g_autoptr(GArray) lanes = g_array_new(FALSE, FALSE, sizeof(struct lane));
        struct run run = {
                .fuzzing = fuzzing,
                .workers = g_ptr_array_new_with_free_func(worker_free),
                .loop = g_main_loop_new(NULL, FALSE),
                .terminal = isatty(STDERR_FILENO),
                .began_us = g_get_monotonic_time(),
        };
        guint tick = g_timeout_add(run.terminal ? 500 : 1000, on_tick, &run);
        bool ok;

        run.interrupt = g_unix_fd_add(up_tool_interrupt_fd(), G_IO_IN, on_interrupt, &run);
        for (guint i = 0; i < fuzzing->targets->len; i++)
                for (guint j = 0; j < fuzzing->engines->len; j++) {
                        struct lane lane = { fuzzing->targets->pdata[i],
                                fuzzing->engines->pdata[j] };
                        g_array_append_val(lanes, lane);
                }
        run.printed_us = run.began_us;
        guint rounds = (lanes->len + fuzzing->jobs - 1) / fuzzing->jobs;
        for (guint i = 0; i < rounds && run.error == NULL && !up_tool_interrupted(); i++)
                fuzz_round(&run, lanes, i * fuzzing->jobs, MAX(1, fuzzing->time_s / rounds));
        g_clear_handle_id(&run.interrupt, g_source_remove);
        g_source_remove(tick);
        print_status(&run);
        ok = run.error == NULL;
        if (!ok)
                g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_FAILED, run.error);
        g_free(run.error);
        g_main_loop_unref(run.loop);
        g_ptr_array_unref(run.workers);
        return ok;
}
