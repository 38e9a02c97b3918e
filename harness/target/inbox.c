#include "target/inbox.h"

#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "fnv.h"

#define SAMPLE_ONE_IN 64
#define SAMPLES       8
#define SAMPLE_SHARE  5 /* one part in so many of the time */
#define WAIT_US       20000
#define LARGEST_MB    1024
#define RUNNING       ".examining-"

static const char *const prefixes[UP_INBOX_KIND_COUNT] = {
        [UP_INBOX_FOUND] = "found-",
        [UP_INBOX_NEW] = "new-",
        [UP_INBOX_SAMPLE] = "sample-",
};

/* --- the explorer ----------------------------------------------------------------------------- */

bool up_inbox_is_sample(const uint8_t *data, size_t size)
{
        return up_fnv_bytes(UP_FNV_BASIS, data, size) % SAMPLE_ONE_IN == 0;
}

static bool write_file(const char *path, const uint8_t *data, size_t size)
{
        FILE *file = fopen(path, "we");
        bool written;

        if (file == NULL)
                return false;
        written = fwrite(data, 1, size, file) == size;
        return (fclose(file) == 0) & written;
}

bool up_inbox_put(const char *folder, enum up_inbox_kind kind, const uint8_t *data, size_t size)
{
        static unsigned samples;
        g_autofree char *temporary = g_strdup_printf("%s/.writing-%d", folder, (int)getpid());
        uint64_t hash =
            kind == UP_INBOX_SAMPLE ? samples++ % SAMPLES : up_fnv_bytes(UP_FNV_BASIS, data, size);
        g_autofree char *path =
            g_strdup_printf("%s/%s%" G_GINT64_MODIFIER "x", folder, prefixes[kind], hash);

        return write_file(temporary, data, size) && rename(temporary, path) == 0;
}

/* --- the folder ------------------------------------------------------------------------------- */

static enum up_inbox_kind kind_of(const char *name)
{
        enum up_inbox_kind kind = 0;

        while (kind < UP_INBOX_KIND_COUNT && !g_str_has_prefix(name, prefixes[kind]))
                kind++;
        return kind;
}

unsigned up_inbox_length(const char *folder)
{
        g_autoptr(GDir) files = g_dir_open(folder, 0, NULL);
        unsigned length = 0;
        const char *name;

        while (files != NULL && (name = g_dir_read_name(files)) != NULL)
                length += kind_of(name) < UP_INBOX_KIND_COUNT || g_str_has_prefix(name, RUNNING);
        return length;
}

char *up_inbox_running(const char *folder, pid_t pid)
{
        return g_strdup_printf("%s/" RUNNING "%d", folder, (int)pid);
}

void up_inbox_return(const char *folder, const char *running)
{
        g_autofree char *path =
            g_strdup_printf("%s/%sagain-%x", folder, prefixes[UP_INBOX_NEW], g_str_hash(running));

        (void)!rename(running, path);
}

/* --- the examiner ----------------------------------------------------------------------------- */

/* The first of a kind before @end, of the first kind that there is; its name is the caller's. */
static char *first_before(const char *folder, enum up_inbox_kind end, enum up_inbox_kind *ret_kind)
{
        g_autoptr(GDir) files = g_dir_open(folder, 0, NULL);
        char *first = NULL;
        const char *name;

        while (files != NULL && (name = g_dir_read_name(files)) != NULL) {
                enum up_inbox_kind kind = kind_of(name);
                if (kind < end) {
                        end = *ret_kind = kind;
                        g_free(first);
                        first = g_strdup(name);
                }
        }
        return first;
}

static void on_limit(int signal)
{
        static const char text[] = UP_INBOX_TOO_SLOW "\n";

        (void)signal;
        (void)!write(STDERR_FILENO, text, strlen(text));
        abort();
}

static void set_limit(time_t seconds)
{
        const struct itimerval limit = { .it_value.tv_sec = seconds };

        signal(SIGPROF, on_limit);
        setitimer(ITIMER_PROF, &limit, NULL);
}

static bool is_large(void)
{
        g_autofree char *text = NULL;
        unsigned long all, resident;

        return g_file_get_contents("/proc/self/statm", &text, NULL, NULL) &&
               sscanf(text, "%lu %lu", &all, &resident) == 2 &&
               (guint64)resident * (guint64)sysconf(_SC_PAGESIZE) > (guint64)LARGEST_MB << 20;
}

int up_inbox_examine(const char *folder, int (*run_file)(const char *path))
{
        g_autofree char *running = up_inbox_running(folder, getpid());
        gint64 sample_after_us = 0;

        while (!is_large()) {
                gint64 now_us = g_get_monotonic_time();
                enum up_inbox_kind kind = UP_INBOX_SAMPLE;
                g_autofree char *name = first_before(folder,
                    now_us >= sample_after_us ? UP_INBOX_KIND_COUNT : UP_INBOX_SAMPLE, &kind);
                g_autofree char *path = g_build_filename(folder, name != NULL ? name : "", NULL);

                /* It may be another examiner's by now. */
                if (name == NULL || rename(path, running) != 0) {
                        g_usleep(WAIT_US);
                        continue;
                }
                set_limit(UP_INBOX_LIMIT_S);
                if (run_file(running) < 0)
                        return 2;
                set_limit(0);
                unlink(running);
                if (kind == UP_INBOX_SAMPLE) {
                        gint64 took_us = g_get_monotonic_time() - now_us;
                        sample_after_us = now_us + SAMPLE_SHARE * took_us;
                }
        }
        return 0;
}
