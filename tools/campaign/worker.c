/*
 * worker - start, read the output, start again
 *
 * What differs between engines is in their rows (engine.h).
 */
#include "tools/campaign/worker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/exec/child.h"
#include "tools/exec/run.h"

#define MAX_FAILURES 5
#define AT_ONCE_US   (3 * G_USEC_PER_SEC)
#define MIN_REST_S   2 /* a shorter rest is not worth a start */
#define POLL_EVERY_S 3

/*
 * A small quarantine keeps the heap in the processor's cache, and short stacks of allocations are
 * quicker to record. What is found is run again with more of both. Leaks: see target/leaks.h.
 */
#define FUZZING_ASAN                                                                               \
        "detect_leaks=0:handle_abort=1:quarantine_size_mb=4:malloc_context_size=4:"                \
        "allocator_may_return_null=0:detect_odr_violation=0"

static void start_process(struct up_worker *worker);

char **up_worker_environment(const struct up_folders *folders)
{
        char **environment =
            g_environ_setenv(up_run_environment(), "ASAN_OPTIONS", FUZZING_ASAN, TRUE);

        environment = g_environ_setenv(environment, "UNPEND_FINDINGS", folders->kept, TRUE);
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
        g_clear_handle_id(&worker->overtime, g_source_remove);
        g_clear_handle_id(&worker->polling, g_source_remove);
        worker->ended(worker->data);
}

static unsigned seconds_left(const struct up_worker *worker)
{
        gint64 left_us = worker->end_us - g_get_monotonic_time();
        return left_us > 0 ? (unsigned)((left_us + G_USEC_PER_SEC - 1) / G_USEC_PER_SEC) : 0;
}

static void on_ended(GObject *source, GAsyncResult *result, void *data)
{
        struct up_worker *worker = data;
        bool at_once = g_get_monotonic_time() - worker->start_us < AT_ONCE_US;

        g_subprocess_wait_finish(G_SUBPROCESS(source), result, NULL);
        g_clear_object(&worker->process);
        fflush(worker->log);
        if (worker->engine->poll != NULL)
                worker->engine->poll(worker, true);
        worker->failures = at_once && !worker->found ? worker->failures + 1 : 0;
        worker->found = false;
        if (seconds_left(worker) < MIN_REST_S) {
                finish(worker);
        } else if (worker->failures >= MAX_FAILURES) {
                worker->error = g_strdup_printf("%s does not run; see the end of %s/%u.log",
                    worker->binary, worker->folders->work, worker->number);
                finish(worker);
        } else {
                start_process(worker);
        }
}

static void on_line(GObject *source, GAsyncResult *result, void *data)
{
        GDataInputStream *lines = G_DATA_INPUT_STREAM(source);
        struct up_worker *worker = data;
        g_autofree char *line = g_data_input_stream_read_line_finish(lines, result, NULL, NULL);

        if (line == NULL) {
                g_subprocess_wait_async(worker->process, NULL, on_ended, worker);
                return;
        }
        fprintf(worker->log, "%s\n", line);
        if (worker->engine->parse_line != NULL)
                worker->engine->parse_line(worker, line);
        g_data_input_stream_read_line_async(lines, G_PRIORITY_DEFAULT, NULL, on_line, worker);
}

static void start_process(struct up_worker *worker)
{
        g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new(
            G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE);
        g_autofree char *progress =
            g_strdup_printf("%s/%u.progress", worker->folders->work, worker->number);
        g_auto(GStrv) environment = up_worker_environment(worker->folders);
        g_auto(GStrv) words = worker->engine->command(worker, MAX(1, seconds_left(worker)));
        g_autoptr(GError) error = NULL;

        environment = g_environ_setenv(environment, "UNPEND_PROGRESS", progress, TRUE);
        environment = worker->engine->environment(worker, environment);
        g_subprocess_launcher_set_environ(launcher, environment);
        g_subprocess_launcher_set_child_setup(launcher, up_child_lead_group, NULL, NULL);
        worker->start_us = g_get_monotonic_time();
        worker->process =
            g_subprocess_launcher_spawnv(launcher, (const char *const *)words, &error);
        if (worker->process == NULL) {
                worker->error = g_strdup(error->message);
                finish(worker);
                return;
        }
        g_autoptr(GDataInputStream) lines =
            g_data_input_stream_new(g_subprocess_get_stdout_pipe(worker->process));
        g_data_input_stream_read_line_async(lines, G_PRIORITY_DEFAULT, NULL, on_line, worker);
}

static gboolean on_overtime(void *data)
{
        struct up_worker *worker = data;

        worker->overtime = 0;
        up_worker_stop(worker);
        return G_SOURCE_REMOVE;
}

static gboolean on_poll(void *data)
{
        struct up_worker *worker = data;

        worker->engine->poll(worker, false);
        return G_SOURCE_CONTINUE;
}

void up_worker_start(
    struct up_worker *worker, unsigned seconds, void (*ended)(void *data), void *data)
{
        g_autofree char *log = g_strdup_printf("%s/%u.log", worker->folders->work, worker->number);
        g_autofree char *progress =
            g_strdup_printf("%s/%u.progress", worker->folders->work, worker->number);

        worker->ended = ended;
        worker->data = data;
        worker->running = true;
        worker->began_us = g_get_monotonic_time();
        worker->end_us = g_get_monotonic_time() + (gint64)seconds * G_USEC_PER_SEC;
        unlink(progress);
        worker->progress = up_progress_map(progress);
        worker->log = fopen(log, "we");
        if (worker->progress == NULL || worker->log == NULL) {
                worker->error = g_strdup_printf(
                    "cannot write to %s: %s", worker->folders->work, strerror(errno));
                finish(worker);
                return;
        }
        worker->overtime =
            g_timeout_add_seconds(seconds + worker->engine->grace_s, on_overtime, worker);
        if (worker->engine->poll != NULL)
                worker->polling = g_timeout_add_seconds(POLL_EVERY_S, on_poll, worker);
        start_process(worker);
}

void up_worker_stop(struct up_worker *worker)
{
        worker->end_us = 0;
        if (worker->process != NULL)
                g_subprocess_send_signal(worker->process, SIGINT);
}

void up_worker_clear(struct up_worker *worker)
{
        g_clear_pointer(&worker->log, fclose);
        g_clear_pointer(&worker->error, g_free);
        g_clear_pointer(&worker->options, g_strfreev);
        g_clear_pointer(&worker->binary, g_free);
}
