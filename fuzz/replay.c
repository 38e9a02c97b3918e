/*
 * replay - a target as a plain program, without any fuzz engine
 *
 *     build/replay/fuzz/smime FILE...
 *     build/replay/fuzz/smime --warm
 *
 * Runs each file once. Exit status 0, 1 when there was a finding, 2 when a file cannot be read.
 * With none of the variables of target.h set, the first finding aborts, as under an engine.
 *
 * With --warm it starts, and then runs the files that it is told of in forks (warm.h).
 */
#include "fuzz/warm.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz/leaks.h"
#include "fuzz/target.h"
#include "world/bystander.h"

/* Nobody watches until the first case is asked for. */
#define WARM_UP_S 10

static bool run_file(const char *program, const char *path)
{
        g_autoptr(GError) error = NULL;
        g_autofree char *data = NULL;
        gsize size;

        if (!g_file_get_contents(path, &data, &size, &error)) {
                fprintf(stderr, "%s: %s\n", program, error->message);
                return false;
        }
        up_target_name_input(path);
        LLVMFuzzerTestOneInput((const uint8_t *)data, size);
        return true;
}

static int status_after(unsigned findings)
{
        return up_target_findings() > findings ? 1 : 0;
}

/* --- warm ------------------------------------------------------------------------------------- */

/* Reads the next text; false at the end of the input. */
static bool hear(char **text, size_t *size)
{
        return getdelim(text, size, '\0', stdin) > 0;
}

/* Nobody else's input and output: what is read and said here belongs to the parent. */
static void leave_parent(pid_t parent)
{
        int nowhere = open("/dev/null", O_RDWR);

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
                _exit(2); /* it died before that */
        setpgid(0, 0);
        dup2(nowhere, STDIN_FILENO);
        dup2(nowhere, STDOUT_FILENO);
        close(nowhere);
}

/*
 * LeakSanitizer takes longer than most cases. Where the same file was run twice at the end, and the
 * second time left nothing behind, there is nothing for it to name.
 */
static G_GNUC_NORETURN void run_and_end(const char *program, char **paths)
{
        unsigned findings = up_target_findings();
        int64_t live = 0, left = 1;

        for (int i = 0; paths[i] != NULL; i++) {
                if (!run_file(program, paths[i]))
                        exit(2);
                left = i > 0 && strcmp(paths[i - 1], paths[i]) == 0 ? up_leaks_live() - live : 1;
                live = up_leaks_live();
        }
        if (left > 0)
                exit(status_after(findings));
        _exit(status_after(findings));
}

static pid_t fork_and_tell(const char *program, const char *report, char **paths)
{
        pid_t parent = getpid();
        pid_t pid = fork();

        if (pid == 0) {
                leave_parent(parent);
                setenv("UNPEND_REPORT", report, 1);
                run_and_end(program, paths);
        }
        if (pid < 0)
                return pid;
        setpgid(pid, pid); /* whoever comes first */
        printf("%d\n", pid);
        fflush(stdout);
        return pid;
}

static void reap(pid_t pid)
{
        int wait_status = 0;

        kill(-pid, SIGKILL);
        while (waitpid(pid, &wait_status, 0) < 0 && errno == EINTR)
                ;
        printf("%d\n", wait_status);
        fflush(stdout);
}

/* What it finds in this one is nobody's. */
static void warm_up(void)
{
        g_autoptr(GBytes) message = up_bystander("signed");
        gsize size;
        const void *data = g_bytes_get_data(message, &size);

        setenv("UNPEND_REPORT", "/dev/null", 1);
        alarm(WARM_UP_S);
        LLVMFuzzerTestOneInput(data, size);
        alarm(0);
        up_leaks_start();
}

/* The files of an order; NULL at the end of the input. */
static char **hear_paths(char **text, size_t *size)
{
        g_autoptr(GStrvBuilder) paths = g_strv_builder_new();

        while (hear(text, size)) {
                if (**text == '\0')
                        return g_strv_builder_end(paths);
                g_strv_builder_add(paths, *text);
        }
        return NULL;
}

static int run_warm(const char *program)
{
        char *report = NULL, *text = NULL;
        size_t report_size = 0, text_size = 0;

        warm_up();
        while (hear(&report, &report_size)) {
                g_auto(GStrv) paths = hear_paths(&text, &text_size);
                if (paths == NULL)
                        break;
                pid_t pid = fork_and_tell(program, report, paths);
                if (pid < 0 || !hear(&text, &text_size) || strcmp(text, UP_WARM_REAP) != 0)
                        break; /* its fork dies with it */
                reap(pid);
        }
        free(report);
        free(text);
        return 0;
}

int main(int argc, char **argv)
{
        if (argc < 2) {
                fprintf(stderr, "usage: %s FILE... | %s\n", argv[0], UP_WARM_OPTION);
                return 2;
        }
        LLVMFuzzerInitialize(&argc, &argv);
        if (strcmp(argv[1], UP_WARM_OPTION) == 0)
                return run_warm(argv[0]);
        for (int i = 1; i < argc; i++)
                if (!run_file(argv[0], argv[i]))
                        return 2;
        return status_after(0);
}
