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
#include "world/bystander.h"

/* No watchdog runs before the first request. */
#define WARM_UP_S 10

/* The next text; false at the end of input. */
static bool read_text(char **text, size_t *size)
{
        return getdelim(text, size, '\0', stdin) > 0;
}

/* Standard input and output carry the server's own messages. */
static void detach_from_server(pid_t server)
{
        int null = open("/dev/null", O_RDWR);

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != server)
                _exit(2); /* it died before that */
        setpgid(0, 0);
        dup2(null, STDIN_FILENO);
        dup2(null, STDOUT_FILENO);
        close(null);
}

/* LeakSanitizer, which runs in exit(), takes longer than most cases. */
static G_GNUC_NORETURN void run_files(const struct up_fork_server_target *target, char **paths)
{
        int64_t live = 0, left = 1;
        int status = 0;

        for (int i = 0; paths[i] != NULL; i++) {
                int findings = target->run_file(paths[i]);
                if (findings < 0)
                        exit(2);
                status = findings > 0 ? 1 : status;
                left = i > 0 && strcmp(paths[i - 1], paths[i]) == 0 ? up_leaks_live() - live : 1;
                live = up_leaks_live();
        }
        if (left > 0)
                exit(status);
        _exit(status);
}

static pid_t start_fork(
    const struct up_fork_server_target *target, const char *report, char **paths)
{
        pid_t server = getpid();
        pid_t pid = fork();

        if (pid == 0) {
                detach_from_server(server);
                setenv("UNPEND_REPORT", report, 1);
                run_files(target, paths);
        }
        if (pid < 0)
                return pid;
        setpgid(pid, pid); /* server or fork, whichever runs first */
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

static void warm_up(const struct up_fork_server_target *target)
{
        g_autoptr(GBytes) message = up_bystander("signed");
        gsize size;
        const void *data = g_bytes_get_data(message, &size);

        setenv("UNPEND_REPORT", "/dev/null", 1);
        alarm(WARM_UP_S);
        up_leaks_run_unreported(target->run, data, size);
        alarm(0);
        up_leaks_start();
}

/* The files of a request; NULL at the end of input. */
static char **read_paths(char **text, size_t *size)
{
        g_autoptr(GStrvBuilder) paths = g_strv_builder_new();

        while (read_text(text, size)) {
                if (**text == '\0')
                        return g_strv_builder_end(paths);
                g_strv_builder_add(paths, *text);
        }
        return NULL;
}

int up_fork_server_serve(const struct up_fork_server_target *target)
{
        char *report = NULL, *text = NULL;
        size_t report_size = 0, text_size = 0;

        warm_up(target);
        while (read_text(&report, &report_size)) {
                g_auto(GStrv) paths = read_paths(&text, &text_size);
                if (paths == NULL)
                        break;
                pid_t pid = start_fork(target, report, paths);
                if (pid < 0 || !read_text(&text, &text_size) ||
                    strcmp(text, UP_FORK_SERVER_REAP) != 0)
                        break; /* the fork dies with this process */
                reap(pid);
        }
        free(report);
        free(text);
        return 0;
}
