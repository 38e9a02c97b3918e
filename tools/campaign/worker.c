/*
 * worker - start, pause, start again
 *
 * What differs between engines is in their rows (engine.h).
 */
#include "tools/campaign/worker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/exec/run.h"

#define MAX_FAILURES 5
#define AT_ONCE_US   (3 * G_USEC_PER_SEC)
#define KILL_AFTER_S 5
#define STALLED_S    60 /* well above the time-out for an input */
#define POLL_EVERY_S 3

/*
 * A small quarantine keeps the heap in the processor's cache, and short stacks of allocations are
 * quicker to record. What is found is run again with more of both. Leaks: see target/leaks.h.
 */
#define FUZZING_ASAN                                                                               \
        "detect_leaks=0:handle_abort=1:quarantine_size_mb=4:malloc_context_size=4:"                \
        "allocator_may_return_null=0:detect_odr_violation=0"

static void start_process(struct up_worker *worker);

char **up_worker_environment(const struct up_folders *folders, enum up_depth depth)
{
        char **environment =
            g_environ_setenv(up_run_environment(), "ASAN_OPTIONS", FUZZING_ASAN, TRUE);

        environment = g_environ_setenv(environment, "UNPEND_FINDINGS", folders->kept, TRUE);
        environment = g_environ_setenv(environment, "UNPEND_DEPTH", up_depth_names[depth], TRUE);
        if (folders->fault != NULL)
                environment = g_environ_setenv(environment, "UNPEND_FAULT", folders->fault, TRUE);
        return environment;
}

char **up_worker_options(const char *binary)
{
        g_autofree char *path = g_strconcat(binary, ".options", NULL);
        g_autofree char *folder = g_path_get_dirname(binary);
        g_autoptr(GKeyFile) file = g_key_file_new();
        GPtrArray *options = g_ptr_array_new();

        if (g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, NULL)) {
                g_auto(GStrv) keys = g_key_file_get_keys(file, "libfuzzer", NULL, NULL);
                for (char **key = keys; key != NULL && *key != NULL; key++) {
                        g_autofree char *value =
                            g_key_file_get_string(file, "libfuzzer", *key, NULL);
                        g_ptr_array_add(options, strcmp(*key, "dict") == 0
                                                     ? g_strdup_printf("-dict=%s/%s", folder, value)
                                                     : g_strdup_printf("-%s=%s", *key, value));
                }
        }
        /* A slow input is no finding. */
        g_ptr_array_add(options, g_strdup("-report_slow_units=86400"));
        g_ptr_array_add(options, NULL);
        return (char **)g_ptr_array_free(options, FALSE);
}

static void finish(struct up_worker *worker)
{
        worker->running = false;
        up_worker_pause(worker, true);
        g_clear_handle_id(&worker->killing, g_source_remove);
        g_clear_handle_id(&worker->polling, g_source_remove);
        worker->ended(worker->data);
}

static void on_ended(void *data, int wait_status)
{
        struct up_worker *worker = data;
        /* It may die again and again of inputs that an examiner has yet to take away. */
        bool at_once = g_get_monotonic_time() - worker->start_us < AT_ONCE_US &&
                       worker->progress->executions == worker->start_executions;

        (void)wait_status;
        if (worker->engine->died != NULL)
                worker->engine->died(worker, up_process_id(worker->process));
        g_clear_pointer(&worker->process, up_process_free);
        if (worker->engine->poll != NULL)
                worker->engine->poll(worker, true);
        worker->failures = at_once && !worker->found ? worker->failures + 1 : 0;
        worker->found = false;
        if (worker->stopping) {
                finish(worker);
        } else if (worker->failures >= MAX_FAILURES) {
                worker->error = g_strdup_printf("%s does not run; see the end of %s/%u.log",
                    worker->binary, worker->folders->work, worker->number);
                finish(worker);
        } else {
                start_process(worker);
        }
}

static void on_line(void *data, const char *line)
{
        struct up_worker *worker = data;

        if (worker->engine->parse_line != NULL)
                worker->engine->parse_line(worker, line);
        worker->line(worker->data, line);
}

static void start_process(struct up_worker *worker)
{
        g_autofree char *progress =
            g_strdup_printf("%s/%u.progress", worker->folders->work, worker->number);
        g_auto(GStrv) environment = up_worker_environment(worker->folders, UP_DEPTH_EXPLORE);
        g_auto(GStrv) words = worker->engine->command(worker);
        g_autoptr(GError) error = NULL;

        environment = g_environ_setenv(environment, "UNPEND_PROGRESS", progress, TRUE);
        environment = g_environ_setenv(environment, "UNPEND_INBOX", worker->folders->inbox, TRUE);
        environment = g_environ_setenv(environment, "UNPEND_REACHED", worker->folders->work, TRUE);
        environment = worker->engine->environment(worker, environment);
        worker->start_us = worker->moved_us = g_get_monotonic_time();
        worker->start_executions = worker->seen_executions = worker->progress->executions;
        worker->process = up_process_start(
            &(struct up_process_request){
                .argv = (const char *const *)words,
                .environment = environment,
                .log = worker->log,
                .line = on_line,
                .ended = on_ended,
                .data = worker,
            },
            &error);
        if (worker->process == NULL) {
                worker->error = g_strdup(error->message);
                finish(worker);
        }
}

/* A corrupted heap can make even the engine's own watchdog hang. */
static void kill_if_stalled(struct up_worker *worker)
{
        gint64 now_us = g_get_monotonic_time();

        if (worker->seen_executions != worker->progress->executions || worker->resumed_us == 0) {
                worker->seen_executions = worker->progress->executions;
                worker->moved_us = now_us;
        }
        if (now_us - worker->moved_us > STALLED_S * G_USEC_PER_SEC && worker->process != NULL)
                up_process_kill(worker->process);
}

static gboolean on_poll(void *data)
{
        struct up_worker *worker = data;

        if (worker->engine->poll != NULL)
                worker->engine->poll(worker, false);
        else
                kill_if_stalled(worker);
        return G_SOURCE_CONTINUE;
}

void up_worker_start(struct up_worker *worker)
{
        g_autofree char *log = g_strdup_printf("%s/%u.log", worker->folders->work, worker->number);
        g_autofree char *progress =
            g_strdup_printf("%s/%u.progress", worker->folders->work, worker->number);

        worker->running = true;
        worker->resumed_us = g_get_monotonic_time();
        unlink(progress);
        worker->progress = up_progress_map(progress);
        worker->log = fopen(log, "we");
        if (worker->progress == NULL || worker->log == NULL) {
                worker->error = g_strdup_printf(
                    "cannot write to %s: %s", worker->folders->work, strerror(errno));
                finish(worker);
                return;
        }
        worker->polling = g_timeout_add_seconds(POLL_EVERY_S, on_poll, worker);
        start_process(worker);
}

void up_worker_pause(struct up_worker *worker, bool paused)
{
        gint64 now_us = g_get_monotonic_time();

        if (paused == (worker->resumed_us == 0))
                return;
        worker->active_us += paused ? now_us - worker->resumed_us : 0;
        worker->resumed_us = paused ? 0 : now_us;
        if (worker->engine->program != NULL && worker->process != NULL)
                up_process_signal(worker->process, paused ? SIGSTOP : SIGCONT);
        else if (worker->engine->program == NULL && worker->progress != NULL)
                __atomic_store_n(&worker->progress->paused, paused, __ATOMIC_RELAXED);
}

double up_worker_seconds(const struct up_worker *worker)
{
        gint64 since_us = worker->resumed_us > 0 ? g_get_monotonic_time() - worker->resumed_us : 0;

        return (double)(worker->active_us + since_us) / G_USEC_PER_SEC;
}

static gboolean on_killing(void *data)
{
        struct up_worker *worker = data;

        worker->killing = 0;
        if (worker->process != NULL)
                up_process_kill(worker->process);
        return G_SOURCE_REMOVE;
}

void up_worker_stop(struct up_worker *worker)
{
        if (!worker->running || worker->stopping)
                return;
        worker->stopping = true;
        up_worker_pause(worker, false);
        worker->killing = g_timeout_add_seconds(KILL_AFTER_S, on_killing, worker);
        if (worker->process != NULL)
                up_process_signal(worker->process, SIGINT);
}

void up_worker_clear(struct up_worker *worker)
{
        g_clear_pointer(&worker->log, fclose);
        g_clear_pointer(&worker->error, g_free);
        g_clear_pointer(&worker->options, g_strfreev);
        g_clear_pointer(&worker->binary, g_free);
}
