/*
 * novelty - a byte for each counter of the engine, in a shared file
 *
 * The linker lays out counters in the order of what it links: our code, GMime, OpenSSL. Two empty
 * objects between them (Makefile) mark where the code changes. AFL++'s map has no such order: its
 * record counts all edges as ours.
 */
#include "target/novelty.h"

#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "target/feedback.h"

#define LIBFUZZER_RECORD "reached-libfuzzer"
#define AFL_RECORD       "reached-afl"

#define BLOCK 64 /* counters that are looked at together */

const char *const up_code_names[UP_CODE_COUNT] = {
        [UP_CODE_OURS] = "ours",
        [UP_CODE_GMIME] = "GMime",
        [UP_CODE_OPENSSL] = "OpenSSL",
};

/* Made by the linker where code is instrumented for libFuzzer, and by the Makefile; absent
 * elsewhere. */
#define OPTIONAL __attribute__((weak, visibility("hidden")))
extern uint8_t __start___sancov_cntrs[] OPTIONAL, __stop___sancov_cntrs[] OPTIONAL;
extern uint8_t up_counters_of_gmime[] OPTIONAL, up_counters_of_openssl[] OPTIONAL;

/* Of AFL++'s runtime; absent without it. The map has the places of feedback.h, too. */
extern uint8_t *__afl_area_ptr __attribute__((weak));
extern uint32_t __afl_map_size __attribute__((weak));

/* The file: a byte for each edge, in the order of the code, then one for each way of waiting; it is
 * 1 when one was reached. */
struct record {
        uint64_t edges[UP_CODE_COUNT];
        uint8_t reached[];
};

static struct record *record; /* NULL: nothing is recorded */
static uint64_t edges;        /* of all code */

/* --- the record ------------------------------------------------------------------------------- */

bool up_novelty_is_afl(void)
{
        return &__afl_area_ptr != NULL;
}

static uint64_t distance(const uint8_t *from, const uint8_t *to)
{
        return from != NULL && to != NULL ? (uint64_t)(to - from) : 0;
}

static void count_edges(uint64_t ret_edges[UP_CODE_COUNT])
{
        uint64_t all = up_novelty_is_afl()
                           ? __afl_map_size
                           : distance(__start___sancov_cntrs, __stop___sancov_cntrs);

        memset(ret_edges, 0, UP_CODE_COUNT * sizeof *ret_edges);
        if (all > 0 && !up_novelty_is_afl()) {
                ret_edges[UP_CODE_GMIME] = distance(up_counters_of_gmime, up_counters_of_openssl);
                ret_edges[UP_CODE_OPENSSL] =
                    distance(up_counters_of_openssl, __stop___sancov_cntrs);
        }
        ret_edges[UP_CODE_OURS] = all - ret_edges[UP_CODE_GMIME] - ret_edges[UP_CODE_OPENSSL];
}

bool up_novelty_start(const char *folder)
{
        g_autofree char *path = NULL;
        uint64_t counts[UP_CODE_COUNT];
        void *map = MAP_FAILED;
        size_t size;
        int fd;

        count_edges(counts);
        edges = counts[UP_CODE_OURS] + counts[UP_CODE_GMIME] + counts[UP_CODE_OPENSSL];
        size = sizeof *record + edges + UP_FEEDBACK_PLACES;
        path = g_build_filename(folder, up_novelty_is_afl() ? AFL_RECORD : LIBFUZZER_RECORD, NULL);
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
        if (fd < 0)
                return false;
        if (ftruncate(fd, (off_t)size) == 0)
                map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        close(fd);
        if (map == MAP_FAILED)
                return false;
        record = map;
        memcpy(record->edges, counts, sizeof counts);
        return true;
}

bool up_novelty_read(const char *folder, struct up_reached *ret_reached)
{
        g_autofree char *path = g_build_filename(folder, LIBFUZZER_RECORD, NULL);
        g_autoptr(GMappedFile) file = g_mapped_file_new(path, FALSE, NULL);
        const struct record *read;
        uint64_t at = 0, left;

        if (file == NULL || g_mapped_file_get_length(file) < sizeof *read)
                return false;
        read = (const struct record *)(const void *)g_mapped_file_get_contents(file);
        left = g_mapped_file_get_length(file) - sizeof *read;
        memset(ret_reached, 0, sizeof *ret_reached);
        for (int code = 0; code < UP_CODE_COUNT; code++) {
                uint64_t count = MIN(read->edges[code], left - at);
                ret_reached->total[code] = (unsigned)count;
                for (uint64_t end = at + count; at < end; at++)
                        ret_reached->covered[code] += read->reached[at];
        }
        return true;
}

void up_novelty_forget(const char *folder)
{
        static const char *const names[] = { LIBFUZZER_RECORD, AFL_RECORD };

        for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
                g_autofree char *path = g_build_filename(folder, names[i], NULL);
                g_unlink(path);
        }
}

/* --- after an execution ----------------------------------------------------------------------- */

static unsigned add(const uint8_t *counters, uint8_t *reached, size_t count)
{
        unsigned added = 0;

        for (size_t i = 0; i < count; i++)
                if (counters[i] != 0 && reached[i] == 0) {
                        reached[i] = 1;
                        added++;
                }
        return added;
}

static unsigned add_all(const uint8_t *counters, uint8_t *reached, size_t count)
{
        unsigned added = 0;
        size_t at = 0;

        for (; at + BLOCK <= count; at += BLOCK) {
                uint64_t words[BLOCK / sizeof(uint64_t)], any = 0;

                memcpy(words, counters + at, BLOCK);
                for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
                        any |= words[i];
                if (any != 0)
                        added += add(counters + at, reached + at, BLOCK);
        }
        return added + add(counters + at, reached + at, count - at);
}

unsigned up_novelty_count(void)
{
        unsigned added;

        if (record == NULL)
                return 0;
        added = add_all(
            up_novelty_is_afl() ? __afl_area_ptr : __start___sancov_cntrs, record->reached, edges);
        if (!up_novelty_is_afl())
                added +=
                    add_all(up_feedback_counters(), record->reached + edges, UP_FEEDBACK_PLACES);
        return added;
}
