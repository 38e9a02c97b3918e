/*
 * child - the process, its watchdog, its output
 *
 * The child leads a process group of its own. Every member of the group is killed before the child
 * is reaped: until then no other process can get its process id, which names the group. A fork is
 * reaped by its warm parent, on request. A child dies with its parent.
 *
 * A child that exceeds its time gets SIGABRT first, so that a sanitizer prints where it was.
 */
#include "tools/exec/child.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "target/fork_server.h"
#include "tools/cli/tool.h"

#define FIRST_BYTES  ((gsize)64 << 10)  /* of what the child prints: a report begins early, */
#define OUTPUT_BYTES ((gsize)256 << 10) /* and its last words tell the rest */
#define LAST_WORDS_S 10                 /* for a sanitizer's report after SIGABRT */
#define MEASURE_MS   100                /* how often the memory of a fork is looked at */

struct child {
        pid_t pid;
        int pidfd;
        int output_fd; /* -1 once it is closed */
        GString *output;
        bool measured; /* its memory is for us to bound */
};

struct up_fork_server {
        pid_t pid;
        FILE *orders;
        FILE *answers;
        int output_fd;
        bool ended;
};

/* A warm parent ends with its orders; a signal would come when the thread ends that started it. */
static void lead_group(void *data)
{
        (void)data;
        setpgid(0, 0);
}

/* Between fork and exec: async-signal-safe calls only. */
void up_child_lead_group(void *data)
{
        (void)data;
        setpgid(0, 0);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static void close_fd(int *fd)
{
        if (*fd >= 0)
                close(*fd);
        *fd = -1;
}

/* Takes what the child has printed by now; of very much, what is in the middle is dropped. */
static void read_output(struct child *child)
{
        char buffer[16384];
        ssize_t got = 0;

        while (child->output_fd >= 0 && (got = read(child->output_fd, buffer, sizeof buffer)) > 0) {
                g_string_append_len(child->output, buffer, got);
                if (child->output->len > 2 * OUTPUT_BYTES)
                        g_string_erase(child->output, FIRST_BYTES,
                            (gssize)(child->output->len - OUTPUT_BYTES));
        }
        if (got == 0 || (errno != EAGAIN && errno != EINTR))
                close_fd(&child->output_fd);
}

/* --- waiting ---------------------------------------------------------------------------------- */

static bool is_too_large(const struct child *child)
{
        g_autofree char *path = g_strdup_printf("/proc/%d/statm", (int)child->pid);
        g_autofree char *text = NULL;
        unsigned long all, resident;

        return child->measured && g_file_get_contents(path, &text, NULL, NULL) &&
               sscanf(text, "%lu %lu", &all, &resident) == 2 &&
               (guint64)resident * (guint64)sysconf(_SC_PAGESIZE) > (guint64)UP_CHILD_MEMORY_MB
                                                                        << 20;
}

/* Of all the child's threads, without its children; 0 when it is not known. */
static gint64 processor_us(const struct child *child)
{
        clockid_t clock;
        struct timespec spent;

        if (clock_getcpuclockid(child->pid, &clock) != 0 || clock_gettime(clock, &spent) != 0)
                return 0;
        return (gint64)spent.tv_sec * G_TIME_SPAN_SECOND + spent.tv_nsec / 1000;
}

/* The earlier one counts. */
struct deadline {
        gint64 processor_us;
        gint64 clock_us;
};

static struct deadline deadline_in(unsigned limit_s)
{
        gint64 limit_us = limit_s * G_TIME_SPAN_SECOND;

        return (struct deadline){ limit_us, g_get_monotonic_time() + UP_CHILD_WAITS * limit_us };
}

/* An estimate: threads that run in parallel use processor time faster; the caller checks again. */
static gint64 left_until(const struct child *child, const struct deadline *deadline)
{
        return MIN(deadline->processor_us - processor_us(child),
            deadline->clock_us - g_get_monotonic_time());
}

static enum up_wake wait_for(struct child *child, const struct deadline *deadline)
{
        for (;;) {

                struct pollfd fds[] = {
                        { .fd = child->pidfd, .events = POLLIN },
                        { .fd = child->output_fd, .events = POLLIN },
                        { .fd = up_tool_interrupt_fd(), .events = POLLIN },
                };
                gint64 left_us = left_until(child, deadline);
                gint64 left_ms = left_us / 1000 + 1;

                if (left_us <= 0)
                        return UP_WAKE_LATE;
                left_ms = MIN(left_ms, child->measured ? MEASURE_MS : G_MAXINT);
                int woken = poll(fds, G_N_ELEMENTS(fds), (int)left_ms);
                if (woken == 0 && is_too_large(child))
                        return UP_WAKE_LARGE;
                if (woken <= 0)
                        continue;
                if (fds[1].revents != 0)
                        read_output(child);
                if (fds[0].revents != 0)
                        return UP_WAKE_ENDED;
                if (fds[2].revents != 0)
                        return UP_WAKE_INTERRUPTED;
        }
}

/* Until it has ended, or has been given its time for last words. */
static enum up_wake watch(struct child *child, unsigned limit_s)
{
        struct deadline deadline = deadline_in(limit_s);
        enum up_wake wake = wait_for(child, &deadline);

        if (wake != UP_WAKE_LATE)
                return wake;
        kill(child->pid, SIGABRT);
        deadline = deadline_in(LAST_WORDS_S);
        deadline.processor_us += processor_us(child);
        return wait_for(child, &deadline) == UP_WAKE_INTERRUPTED ? UP_WAKE_INTERRUPTED
                                                                 : UP_WAKE_LATE;
}

static bool watch_pid(struct child *child, GError **error)
{
        child->pidfd = pidfd_open(child->pid, 0);
        if (child->pidfd >= 0)
                return true;
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "cannot watch a process: pidfd_open: %s",
            g_strerror(errno));
        return false;
}

/* --- a fresh process -------------------------------------------------------------------------- */

/* Ends whatever is left of the child's group. Returns its wait status. */
static int end_group(pid_t pid)
{
        int wait_status = 0;

        kill(-pid, SIGKILL);
        while (waitpid(pid, &wait_status, 0) < 0 && errno == EINTR)
                ;
        return wait_status;
}

static bool start_fresh(struct child *child, const struct up_child_request *order, GError **error)
{
        g_autoptr(GPtrArray) argv = g_ptr_array_new();
        g_auto(GStrv) environment = g_environ_setenv(
            g_strdupv((char **)order->environment), "UNPEND_REPORT", order->report, TRUE);

        g_ptr_array_add(argv, (char *)order->binary);
        for (char *const *input = order->inputs; *input != NULL; input++)
                g_ptr_array_add(argv, *input);
        g_ptr_array_add(argv, NULL);
        if (!g_spawn_async_with_pipes(NULL, (char **)argv->pdata, environment,
                G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL, up_child_lead_group, NULL,
                &child->pid, NULL, NULL, &child->output_fd, error))
                return false;
        g_unix_set_fd_nonblocking(child->output_fd, TRUE, NULL);
        if (watch_pid(child, error))
                return true;
        end_group(child->pid);
        close_fd(&child->output_fd);
        return false;
}

bool up_child_run(
    const struct up_child_request *order, struct up_child_end *ret_end, GError **error)
{
        struct child child = { .output_fd = -1, .pidfd = -1 };
        gint64 begin_us = g_get_monotonic_time();

        if (!start_fresh(&child, order, error))
                return false;
        child.output = g_string_new(NULL);
        ret_end->wake = watch(&child, order->limit_s);
        ret_end->wait_status = end_group(child.pid);
        read_output(&child);
        close_fd(&child.output_fd);
        close_fd(&child.pidfd);
        ret_end->output = g_string_free(child.output, FALSE);
        ret_end->seconds = (double)(g_get_monotonic_time() - begin_us) / G_TIME_SPAN_SECOND;
        return true;
}

/* --- a fork of a warm parent ------------------------------------------------------------------ */

struct up_fork_server *up_fork_server_new(
    const char *binary, char *const *environment, GError **error)
{
        const char *const argv[] = { binary, UP_FORK_SERVER_OPTION, NULL };
        struct up_fork_server *warm = g_new0(struct up_fork_server, 1);
        int orders, answers;

        if (!g_spawn_async_with_pipes(NULL, (char **)argv, (char **)environment,
                G_SPAWN_DO_NOT_REAP_CHILD, lead_group, NULL, &warm->pid, &orders, &answers,
                &warm->output_fd, error)) {
                g_free(warm);
                return NULL;
        }
        g_unix_set_fd_nonblocking(warm->output_fd, TRUE, NULL);
        warm->orders = fdopen(orders, "w");
        warm->answers = fdopen(answers, "r");
        return warm;
}

static bool is_no_more(struct up_fork_server *warm, GError **error)
{
        warm->ended = true;
        g_set_error_literal(
            error, G_IO_ERROR, G_IO_ERROR_CLOSED, "the process that cases are forked from ended");
        return false;
}

static void say(struct up_fork_server *warm, const char *text)
{
        fwrite(text, 1, strlen(text) + 1, warm->orders);
}

/* One that has ended is no reason for us to end: no SIGPIPE. False when it has. */
static bool send_orders(struct up_fork_server *warm)
{
        const struct timespec now = { 0 };
        sigset_t broken, before;
        bool sent;

        sigemptyset(&broken);
        sigaddset(&broken, SIGPIPE);
        pthread_sigmask(SIG_BLOCK, &broken, &before);
        sent = fflush(warm->orders) == 0;
        if (!sent)
                sigtimedwait(&broken, NULL, &now);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        return sent;
}

static bool hear(struct up_fork_server *warm, int *ret_number)
{
        return fscanf(warm->answers, "%d", ret_number) == 1;
}

static bool start_fork(struct up_fork_server *warm, struct child *child,
    const struct up_child_request *order, GError **error)
{
        say(warm, order->report);
        for (char *const *input = order->inputs; *input != NULL; input++)
                say(warm, *input);
        say(warm, "");
        return (send_orders(warm) && hear(warm, &child->pid)) || is_no_more(warm, error);
}

bool up_fork_server_run(struct up_fork_server *warm, const struct up_child_request *order,
    struct up_child_end *ret_end, GError **error)
{
        struct child child = { .output_fd = warm->output_fd, .pidfd = -1, .measured = true };
        gint64 begin_us = g_get_monotonic_time();
        bool heard;

        if (!start_fork(warm, &child, order, error))
                return false;
        if (!watch_pid(&child, error)) {
                warm->ended = true;
                return false;
        }
        child.output = g_string_new(NULL);
        ret_end->wake = watch(&child, order->limit_s);
        if (ret_end->wake != UP_WAKE_ENDED)
                kill(-child.pid, SIGKILL);
        say(warm, UP_FORK_SERVER_REAP);
        heard = send_orders(warm) && hear(warm, &ret_end->wait_status);
        read_output(&child);
        warm->output_fd = child.output_fd;
        close_fd(&child.pidfd);
        ret_end->output = g_string_free(child.output, FALSE);
        ret_end->seconds = (double)(g_get_monotonic_time() - begin_us) / G_TIME_SPAN_SECOND;
        if (heard)
                return true;
        g_clear_pointer(&ret_end->output, g_free);
        return is_no_more(warm, error);
}

bool up_fork_server_is_alive(const struct up_fork_server *warm)
{
        return !warm->ended;
}

void up_fork_server_free(struct up_fork_server *warm)
{
        if (warm == NULL)
                return;
        end_group(warm->pid);   /* its child dies with it */
        __fpurge(warm->orders); /* it has no reader any more */
        fclose(warm->orders);
        fclose(warm->answers);
        close_fd(&warm->output_fd);
        g_free(warm);
}
