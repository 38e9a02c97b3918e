/*
 * The committed seeds and regressions: no file is taken for a virus, and no seed of the pipeline
 * gives a planted fault away.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <glib.h>

#include "cms/random.h"
#include "faults/faults.h"
#include "mail/eicar.h"
#include "run/judge_case.h"
#include "scan_submit/scan_submit.h"
#include "world/world.h"

#define PIPELINE_SEED_BYTES 4096 /* the fuzzer combines small seeds */

typedef void visit_file(const char *path, const char *data, gsize bytes);

/* Returns how many files were visited. */
static guint visit_files(const char *folder, visit_file *visit)
{
        g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
        const char *name;
        guint files = 0;

        assert_non_null(dir);
        while ((name = g_dir_read_name(dir)) != NULL) {
                g_autofree char *path = g_build_filename(folder, name, NULL);
                g_autofree char *data = NULL;
                gsize bytes;

                if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
                        files += visit_files(path, visit);
                } else {
                        assert_true(g_file_get_contents(path, &data, &bytes, NULL));
                        visit(path, data, bytes);
                        files++;
                }
        }
        return files;
}

static bool holds(const char *data, gsize bytes, const void *text, gsize text_bytes)
{
        return memmem(data, bytes, text, text_bytes) != NULL;
}

/* Base64 has three alignments; the middle of each is the same whatever surrounds it. */
static bool holds_in_base64(const char *data, gsize bytes, const guint8 *virus)
{
        for (size_t skipped = 0; skipped < 3; skipped++) {
                g_autofree char *text = g_base64_encode(virus + skipped, 30);
                if (holds(data, bytes, text, strlen(text)))
                        return true;
        }
        return false;
}

static void assert_is_no_virus(const char *path, const char *data, gsize bytes)
{
        const char *placeholder = UP_EICAR_PLACEHOLDER;
        g_autoptr(GBytes) virus =
            up_eicar_expand((const uint8_t *)placeholder, strlen(placeholder));
        const guint8 *text = g_bytes_get_data(virus, NULL);

        if (holds(data, bytes, text, UP_EICAR_BYTES) ||
            (!g_str_has_suffix(path, ".case") && holds_in_base64(data, bytes, text)))
                fail_msg("%s holds EICAR", path);
}

static void no_file_is_taken_for_a_virus(void **state)
{
        (void)state;
        assert_in_range(visit_files("seeds", assert_is_no_virus), 180, G_MAXUINT);
        assert_in_range(visit_files("regressions", assert_is_no_virus), 130, G_MAXUINT);
}

/* A seed of the pipeline has no mistakes in its head. */
static struct up_case *read_seed(const char *path, const char *data, gsize bytes)
{
        g_autoptr(GPtrArray) complaints = up_complaints_new();
        struct up_case *c = up_case_read((const uint8_t *)data, bytes, complaints);

        if (complaints->len > 0)
                fail_msg("%s: %s", path, ((struct up_complaint *)complaints->pdata[0])->text);
        assert_in_range(bytes, 1, PIPELINE_SEED_BYTES);
        return c;
}

static bool used_verbs[UP_VERB_COUNT];

static void collect_verbs(const char *path, const char *data, gsize bytes)
{
        g_autoptr(up_case) c = read_seed(path, data, bytes);

        for (guint i = 0; i < c->script->len; i++)
                used_verbs[up_event_id(c->script->pdata[i])] = true;
}

static void pipeline_seeds_use_each_verb(void **state)
{
        (void)state;
        assert_in_range(visit_files("seeds/scan_submit", collect_verbs), 25, G_MAXUINT);
        for (size_t i = 0; i < UP_VERB_COUNT; i++)
                if (!used_verbs[i])
                        fail_msg("no seed of scan_submit uses `%s`", up_verb_rows[i].name);
}

/* A campaign must construct the message that shows a fault; a seed must not contain it. */
static void assert_shows_no_fault(const char *path, const char *data, gsize bytes)
{
        g_autoptr(up_case) c = read_seed(path, data, bytes);

        for (size_t i = 0; i < up_fault_count; i++) {
                struct up_case_result result;

                up_random_restart(0);
                up_case_result_init(&result, c);
                up_judge_case(c, up_fault_plant(up_fault_rows[i].name), &result);
                if (result.findings->len > 0)
                        fail_msg("%s under %s: %s", path, up_fault_rows[i].name,
                            ((struct up_finding *)result.findings->pdata[0])->signature);
                up_case_result_clear(&result);
        }
}

static void pipeline_seeds_show_no_fault(void **state)
{
        (void)state;
        assert_in_range(visit_files("seeds/scan_submit", assert_shows_no_fault), 25, G_MAXUINT);
}

/* A look at all recipients after each call sees the same as one at those that have changed. */
static void assert_names_changes(
    const char *path, const struct up_case *c, const struct up_pipeline *pipeline)
{
        struct up_pipeline silent = *pipeline;

        silent.capabilities &= ~(unsigned)UP_CAN_CHANGES;
        g_autoptr(up_ledger) named = up_world_run(c, pipeline, UP_MODE_HEALED);
        g_autoptr(up_ledger) all = up_world_run(c, &silent, UP_MODE_HEALED);

        assert_int_not_equal(named->capabilities, all->capabilities);
        for (guint at = 0; at < all->entries->len; at++)
                if (at >= named->entries->len ||
                    !up_entry_is_same(up_ledger_at(named, at), up_ledger_at(all, at)))
                        fail_msg("%s: entry %u differs", path, at);
        assert_int_equal(named->entries->len, all->entries->len);
}

static void assert_names_changes_of_seed(const char *path, const char *data, gsize bytes)
{
        g_autoptr(up_case) c = read_seed(path, data, bytes);

        assert_names_changes(path, c, &up_scan_submit);
        for (size_t i = 0; i < up_fault_count; i++)
                assert_names_changes(path, c, up_fault_plant(up_fault_rows[i].name));
}

/* In a large case it would take too long to look at all recipients. */
static void assert_names_changes_of_regression(const char *path, const char *data, gsize bytes)
{
        g_autoptr(up_case) c = up_case_read((const uint8_t *)data, bytes, NULL);

        if (bytes <= PIPELINE_SEED_BYTES)
                assert_names_changes(path, c, &up_scan_submit);
}

static void each_change_is_seen_as_it_is_named(void **state)
{
        (void)state;
        assert_in_range(
            visit_files("seeds/scan_submit", assert_names_changes_of_seed), 25, G_MAXUINT);
        assert_in_range(visit_files("regressions/scan_submit", assert_names_changes_of_regression),
            80, G_MAXUINT);
}

/* In a seed of the machine the five lower bits of a byte choose the event (fuzz/fuzz_machine.c). */
static void assert_always_has_a_verdict(const char *path, const char *data, gsize bytes)
{
        g_autoptr(up_case) c = read_seed(path, data, bytes);
        gsize size;
        const guint8 *events = g_bytes_get_data(c->message, &size);

        assert_true(size > 0);
        for (gsize i = 0; i < size; i++)
                assert_int_not_equal(events[i] & 31, UP_CONTENT_NO_VERDICT);
}

static void machine_seeds_show_no_fault(void **state)
{
        (void)state;
        assert_in_range(visit_files("seeds/machine", assert_always_has_a_verdict), 6, G_MAXUINT);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(no_file_is_taken_for_a_virus),
                cmocka_unit_test(pipeline_seeds_use_each_verb),
                cmocka_unit_test(pipeline_seeds_show_no_fault),
                cmocka_unit_test(each_change_is_seen_as_it_is_named),
                cmocka_unit_test(machine_seeds_show_no_fault),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
