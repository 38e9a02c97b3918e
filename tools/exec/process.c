#include "tools/exec/process.h"

#include <gio/gio.h>
#include <signal.h>

#include "tools/exec/child.h"

struct up_process {
        struct up_process_request request; /* argv and environment are not used any more */
        GSubprocess *child;
        pid_t pid;
        bool has_ended;
};

static void on_ended(GObject *source, GAsyncResult *result, void *data)
{
        struct up_process *process = data;

        g_subprocess_wait_finish(G_SUBPROCESS(source), result, NULL);
        process->has_ended = true;
        fflush(process->request.log);
        process->request.ended(
            process->request.data, g_subprocess_get_status(G_SUBPROCESS(source)));
}

static void on_line(GObject *source, GAsyncResult *result, void *data)
{
        GDataInputStream *lines = G_DATA_INPUT_STREAM(source);
        struct up_process *process = data;
        g_autofree char *line = g_data_input_stream_read_line_finish(lines, result, NULL, NULL);

        if (line == NULL) {
                g_subprocess_wait_async(process->child, NULL, on_ended, process);
                return;
        }
        fprintf(process->request.log, "%s\n", line);
        if (process->request.line != NULL)
                process->request.line(process->request.data, line);
        g_data_input_stream_read_line_async(lines, G_PRIORITY_DEFAULT, NULL, on_line, process);
}

struct up_process *up_process_start(const struct up_process_request *request, GError **error)
{
        g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new(
            G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE);
        struct up_process *process;
        GSubprocess *child;
        const char *identifier;

        g_subprocess_launcher_set_environ(launcher, (char **)request->environment);
        g_subprocess_launcher_set_child_setup(launcher, up_child_lead_group, NULL, NULL);
        child = g_subprocess_launcher_spawnv(launcher, request->argv, error);
        if (child == NULL)
                return NULL;
        process = g_new0(struct up_process, 1);
        process->request = *request;
        process->child = child;
        identifier = g_subprocess_get_identifier(child); /* NULL when it has ended already */
        process->pid = identifier != NULL ? (pid_t)g_ascii_strtoll(identifier, NULL, 10) : 0;

        g_autoptr(GDataInputStream) lines =
            g_data_input_stream_new(g_subprocess_get_stdout_pipe(child));
        g_data_input_stream_read_line_async(lines, G_PRIORITY_DEFAULT, NULL, on_line, process);
        return process;
}

pid_t up_process_id(const struct up_process *process)
{
        return process->pid;
}

void up_process_signal(struct up_process *process, int signal)
{
        g_subprocess_send_signal(process->child, signal);
}

/* GLib reaps a child soon, but its group keeps the number as long as a member lives. */
void up_process_kill(struct up_process *process)
{
        if (!process->has_ended && process->pid > 0)
                kill(-process->pid, SIGKILL);
}

void up_process_free(struct up_process *process)
{
        if (process == NULL)
                return;
        g_object_unref(process->child);
        g_free(process);
}
