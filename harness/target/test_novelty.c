/*
 * Counters as an engine leaves them after an execution: which are new?
 *
 * This program has the section that libFuzzer's instrumentation fills, and sets its bytes itself.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <glib.h>
#include <glib/gstdio.h>

#include "target/novelty.h"

__attribute__((section("__sancov_cntrs"))) static uint8_t counters[1001];

static void edges_are_new_once(void **state)
{
        static const struct {
                int places[3]; /* that the execution sets; -1: none */
                unsigned added;
        } rows[] = {
                { { -1, -1, -1 }, 0 },
                { { 0, 63, 64 }, 3 },
                { { 0, 63, 65 }, 1 },
                { { 1000, 999, 65 }, 2 },
                { { 1000, 999, 0 }, 0 },
        };
        g_autofree char *folder = g_dir_make_tmp("unpend-test-XXXXXX", NULL);
        struct up_reached reached;
        unsigned all = 0;

        (void)state;
        assert_int_equal(up_novelty_count(), 0);
        assert_false(up_novelty_read(folder, &reached));
        assert_true(up_novelty_start(folder));
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                memset(counters, 0, sizeof counters);
                for (size_t j = 0; j < G_N_ELEMENTS(rows[i].places); j++)
                        if (rows[i].places[j] >= 0)
                                counters[rows[i].places[j]] = (uint8_t)(1 + i);
                assert_int_equal(up_novelty_count(), rows[i].added);
                all += rows[i].added;
                assert_true(up_novelty_read(folder, &reached));
                assert_int_equal(reached.covered[UP_CODE_OURS], all);
                assert_int_equal(reached.total[UP_CODE_OURS], sizeof counters);
                assert_int_equal(reached.total[UP_CODE_GMIME], 0);
        }
        assert_int_equal(all, 6);

        /* Another process maps the same record. */
        assert_true(up_novelty_start(folder));
        assert_int_equal(up_novelty_count(), 0);
        up_novelty_forget(folder);
        assert_false(up_novelty_read(folder, &reached));
        assert_int_equal(g_rmdir(folder), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(edges_are_new_once),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
