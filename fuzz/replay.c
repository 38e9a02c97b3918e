/*
 * replay - a target as a plain program, without any fuzz engine
 *
 *     build/replay/fuzz/smime FILE...
 *     build/replay/fuzz/smime --warm
 *
 * Runs each file once. Exit status 0, 1 when there was a finding, 2 when a file cannot be read.
 * With none of the variables of target.h set, the first finding aborts, as under an engine.
 *
 * With --warm it starts, and then runs each file that it is told of in a fork (warm.h).
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

#include "fuzz/target.h"

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

static int status_now(void)
{
        return up_target_findings() > 0 ? 1 : 0;
}

/* --- warm ------------------------------------------------------------------------------------- */

/* Reads the next text; false at the end of the input. */
static bool hear(char **text, size_t *size)
{
        return getdelim(text, size, '\0', stdin) > 0;
}

/* Nobody else's input and output: what is read and said here belongs to the parent. */
static void leave_parent(void)
{
        int nowhere = open("/dev/null", O_RDWR);

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        setpgid(0, 0);
        dup2(nowhere, STDIN_FILENO);
        dup2(nowhere, STDOUT_FILENO);
        close(nowhere);
}

static pid_t fork_and_tell(const char *program, const char *report, const char *path)
{
        pid_t pid = fork();

        if (pid == 0) {
                leave_parent();
                setenv("UNPEND_REPORT", report, 1);
                exit(run_file(program, path) ? status_now() : 2);
        }
        if (pid > 0)
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

static int run_warm(const char *program)
{
        char *report = NULL, *path = NULL, *word = NULL;
        size_t report_size = 0, path_size = 0, word_size = 0;

        while (hear(&report, &report_size) && hear(&path, &path_size)) {
                pid_t pid = fork_and_tell(program, report, path);
                if (!hear(&word, &word_size) || strcmp(word, UP_WARM_REAP) != 0)
                        break; /* its fork dies with it */
                reap(pid);
        }
        free(report);
        free(path);
        free(word);
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
        return status_now();
}
