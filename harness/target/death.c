#include "target/death.h"

#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <unistd.h>

static const int signals[] = { SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE };

static char *path; /* made before, as a handler must not */
static const uint8_t *volatile input;
static volatile size_t input_bytes;

static void on_signal(int signal)
{
        int fd = input != NULL ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644) : -1;

        (void)signal;
        for (size_t at = 0; fd >= 0 && at < input_bytes;) {
                ssize_t written = write(fd, input + at, input_bytes - at);
                if (written <= 0)
                        break;
                at += (size_t)written;
        }
}

void up_death_catch(const char *folder)
{
        static uint8_t stack[1 << 16]; /* for when the other one overflowed */
        const struct sigaction action = { .sa_handler = on_signal,
                .sa_flags = (int)(SA_ONSTACK | SA_RESETHAND) };

        path = up_death_path(folder, getpid());
        sigaltstack(&(stack_t){ .ss_sp = stack, .ss_size = sizeof stack }, NULL);
        for (size_t i = 0; i < G_N_ELEMENTS(signals); i++)
                sigaction(signals[i], &action, NULL);
}

void up_death_input(const uint8_t *data, size_t size)
{
        input = data;
        input_bytes = size;
}

char *up_death_path(const char *folder, pid_t pid)
{
        return g_strdup_printf("%s/.died-%d", folder, (int)pid);
}
