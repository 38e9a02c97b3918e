#include "tools/campaign/examiner.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "target/inbox.h"
#include "tools/campaign/worker.h"
#include "tools/exec/flavour.h"
#include "tools/exec/sanitizer.h"

#define MAX_FAILURES 5
#define AT_ONCE_US   (3 * G_USEC_PER_SEC)
#define OUTPUT_BYTES (256 << 10)

/* A report that it died of memory needs more than what an input may take (fuzz/default.options). */
#define MEMORY_OPTION ":hard_rss_limit_mb=2560"

static void start_process(struct up_examiner *examiner);

static void on_line(void *data, const char *line)
{
        struct up_examiner *examiner = data;

        g_string_append(examiner->output, line);
        g_string_append_c(examiner->output, '\n');
        if (examiner->output->len > 2 * OUTPUT_BYTES)
                g_string_erase(examiner->output, 0, OUTPUT_BYTES);
        up_sightings_parse_line(examiner->sightings, line);
}

/* What the process showed that ended so. */
static struct up_finding *finding_of(const struct up_examiner *examiner, int wait_status)
{
        g_autoptr(GPtrArray) frames = up_frames_new();
        struct up_finding *finding;

        if (strstr(examiner->output->str, UP_INBOX_TOO_SLOW) != NULL)
                return up_sanitizer_hang(examiner->output->str, UP_INBOX_LIMIT_S, frames);
        finding = up_sanitizer_parse(examiner->output->str, frames);
        if (finding == NULL)
                finding =
                    up_sanitizer_signal(WIFSIGNALED(wait_status) ? WTERMSIG(wait_status) : SIGABRT);
        return finding;
}

static void on_ended(void *data, int wait_status)
{
        struct up_examiner *examiner = data;
        const char *inbox = examiner->sightings->folders->inbox;
        g_autofree char *running = up_inbox_running(inbox, up_process_id(examiner->process));
        bool at_once = g_get_monotonic_time() - examiner->start_us < AT_ONCE_US;
        bool was_running = g_file_test(running, G_FILE_TEST_EXISTS);

        g_clear_pointer(&examiner->process, up_process_free);
        if (examiner->stopping) {
                if (was_running)
                        up_inbox_return(inbox, running);
                return;
        }
        if (was_running) {
                struct up_finding *finding = finding_of(examiner, wait_status);
                up_sightings_add_crash(examiner->sightings, finding, running);
                up_finding_free(finding);
        }
        examiner->failures = at_once && !was_running ? examiner->failures + 1 : 0;
        if (examiner->failures >= MAX_FAILURES)
                examiner->error =
                    g_strdup_printf("%s does not examine; see the end of %s/examiner-%u.log",
                        examiner->binary, examiner->sightings->folders->work, examiner->number);
        else
                start_process(examiner);
}

static char **environment_of(const struct up_examiner *examiner)
{
        g_autofree char *progress = g_strdup_printf(
            "%s/examiner-%u.progress", examiner->sightings->folders->work, examiner->number);
        char **environment = up_worker_environment(examiner->sightings->folders, UP_DEPTH_EXAMINE);
        g_autofree char *address =
            g_strconcat(g_environ_getenv(environment, "ASAN_OPTIONS"), MEMORY_OPTION, NULL);

        environment = g_environ_setenv(environment, "ASAN_OPTIONS", address, TRUE);
        return g_environ_setenv(environment, "UNPEND_PROGRESS", progress, TRUE);
}

static void start_process(struct up_examiner *examiner)
{
        const char *argv[] = { examiner->binary, UP_INBOX_EXAMINE_OPTION,
                examiner->sightings->folders->inbox, NULL };
        g_auto(GStrv) environment = environment_of(examiner);
        g_autoptr(GError) error = NULL;

        g_string_truncate(examiner->output, 0);
        examiner->start_us = g_get_monotonic_time();
        examiner->process = up_process_start(
            &(struct up_process_request){
                .argv = argv,
                .environment = environment,
                .log = examiner->log,
                .line = on_line,
                .ended = on_ended,
                .data = examiner,
            },
            &error);
        if (examiner->process == NULL)
                examiner->error = g_strdup(error->message);
}

bool up_examiner_start(
    struct up_examiner *examiner, struct up_sightings *sightings, unsigned number)
{
        const char *work = sightings->folders->work;
        g_autofree char *log = g_strdup_printf("%s/examiner-%u.log", work, number);
        g_autofree char *progress = g_strdup_printf("%s/examiner-%u.progress", work, number);

        *examiner = (struct up_examiner){ .sightings = sightings, .number = number };
        examiner->binary = up_flavour_binary(&up_flavours[UP_FLAVOUR_ASAN], sightings->target);
        examiner->output = g_string_new(NULL);
        g_unlink(progress);
        examiner->progress = up_progress_map(progress);
        examiner->log = fopen(log, "we");
        if (examiner->progress == NULL || examiner->log == NULL)
                examiner->error =
                    g_strdup_printf("cannot write to %s: %s", work, g_strerror(errno));
        else
                start_process(examiner);
        return examiner->error == NULL;
}

void up_examiner_stop(struct up_examiner *examiner)
{
        examiner->stopping = true;
        if (examiner->process != NULL)
                up_process_kill(examiner->process);
}

bool up_examiner_is_running(const struct up_examiner *examiner)
{
        return examiner->process != NULL;
}

void up_examiner_clear(struct up_examiner *examiner)
{
        g_clear_pointer(&examiner->log, fclose);
        g_clear_pointer(&examiner->error, g_free);
        g_clear_pointer(&examiner->binary, g_free);
        if (examiner->output != NULL)
                g_string_free(g_steal_pointer(&examiner->output), TRUE);
}
