/*
 * warm - the process that waits, and its forks
 *
 * Nothing in it knows of an engine: an engine's program comes here before its engine has begun
 * (target.c).
 */
#include "target/fork_server.h"

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

#include "target/leaks.h"
#include "target/target.h"
#include "world/bystander.h"

/* Nobody watches until the first case is asked for. */
#define WARM_UP_S 10

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
                if (!up_target_run_file(program, paths[i]))
                        exit(2);
                left = i > 0 && strcmp(paths[i - 1], paths[i]) == 0 ? up_leaks_live() - live : 1;
                live = up_leaks_live();
        }
        if (left > 0)
                exit(up_target_findings() > findings ? 1 : 0);
        _exit(up_target_findings() > findings ? 1 : 0);
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

static void run(const uint8_t *data, size_t size)
{
        LLVMFuzzerTestOneInput(data, size);
}

/* What is found in this message, or lost, is no case's. */
static void warm_up(void)
{
        g_autoptr(GBytes) message = up_bystander("signed");
        gsize size;
        const void *data = g_bytes_get_data(message, &size);

        setenv("UNPEND_REPORT", "/dev/null", 1);
        alarm(WARM_UP_S);
        up_leaks_forgive(run, data, size);
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

int up_warm_serve(const char *program)
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
