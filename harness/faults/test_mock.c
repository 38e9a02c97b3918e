/*
 * The sick pipelines, each before all oracles: only its own may speak, and it has to. In the same
 * cases they have nothing against the healthy one, and that not for want of something to judge.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <glib/gstdio.h>

#include "faults/canaries.h"
#include "tools/exec/run.h"

struct place {
        struct up_runner *runner;
        char *path; /* of the case */
};

static int set_up(void **state)
{
        struct place *place = g_new(struct place, 1);

        g_setenv("UNPEND_BUILD", "build", TRUE);
        place->runner = up_runner_new();
        g_close(g_file_open_tmp("unpend-XXXXXX.case", &place->path, NULL), NULL);
        *state = place;
        return 0;
}

static int tear_down(void **state)
{
        struct place *place = *state;

        up_runner_free(place->runner);
        g_remove(place->path);
        g_free(place->path);
        g_free(place);
        return 0;
}

static char *case_of(const struct up_canary *canary, const char *name)
{
        return g_strconcat("unpend-case: 1\n", canary->head, "message:\n", name, "\n", NULL);
}

static struct up_run *run_case(
    const struct place *place, const struct up_canary *canary, const char *name)
{
        g_autofree char *text = case_of(canary, name);

        assert_true(g_file_set_contents(place->path, text, -1, NULL));
        return up_runner_run(
            place->runner, &(struct up_run_request){ .flavour = up_flavour_find("replay"),
                               .target = "canary",
                               .path = place->path,
                               .twice = true });
}

/* --- the table -------------------------------------------------------------------------------- */

static void each_oracle_has_its_row(void **state)
{
        (void)state;
        for (size_t i = 0; i < UP_ORACLES; i++) {
                assert_string_equal(up_mock_rows[i].oracle, up_oracle_rows[i].name);
                assert_ptr_equal(up_mock_find(up_oracle_rows[i].name), &up_mock_rows[i]);
        }
        assert_null(up_mock_find(UP_CANARY_HEALTHY));
}

static void each_can_be_seen_by_its_oracle(void **state)
{
        (void)state;
        for (size_t i = 0; i < UP_ORACLES; i++)
                assert_int_equal(up_mock_rows[i].capabilities & up_oracle_rows[i].needs,
                    up_oracle_rows[i].needs);
}

/* What the reader of a case passes over does not happen. */
static void each_case_is_valid(void **state)
{
        (void)state;
        for (size_t i = 0; i < UP_ORACLES; i++) {
                const struct up_canary canary = up_canary_of_oracle(i);
                g_autoptr(GPtrArray) complaints = up_complaints_new();
                g_autofree char *text = case_of(&canary, canary.name);
                g_autoptr(up_case) c =
                    up_case_read((const uint8_t *)text, strlen(text), complaints);

                if (complaints->len > 0)
                        fail_msg("%s: %s", canary.name,
                            ((const struct up_complaint *)complaints->pdata[0])->text);
                assert_true(g_bytes_get_size(c->message) == strlen(canary.name) + 1);
        }
}

/* --- before the oracles ----------------------------------------------------------------------- */

static void assert_only(const struct up_run *run, const struct up_canary *canary)
{
        const struct up_finding *finding;

        for (guint i = 1; i < run->findings->len; i++) {
                finding = run->findings->pdata[i];
                fail_msg("%s: and %s: %s", canary->name, up_class_rows[finding->class].name,
                    finding->signature);
        }
        if (run->findings->len == 0)
                fail_msg("%s: nothing was found", canary->name);
        finding = run->findings->pdata[0];
        if (finding->class != canary->class || finding->evidence != canary->evidence ||
            !g_str_has_prefix(finding->signature, canary->signature))
                fail_msg("%s: %s: %s", canary->name, up_class_rows[finding->class].name,
                    finding->signature);
}

static void each_is_sick_in_one_way(void **state)
{
        for (size_t i = 0; i < UP_ORACLES; i++) {
                const struct up_canary canary = up_canary_of_oracle(i);
                g_autoptr(up_run) run = run_case(*state, &canary, canary.name);

                assert_only(run, &canary);
        }
}

static void the_healthy_one_is_judged_and_cleared(void **state)
{
        for (size_t i = 0; i < UP_ORACLES; i++) {
                const struct up_canary canary = up_canary_of_oracle(i);
                g_autoptr(up_run) run = run_case(*state, &canary, UP_CANARY_HEALTHY);

                if (run->status != UP_RUN_PASSED)
                        fail_msg("%s: %s", canary.name, run->output);
                if (run->judged[i] == 0)
                        fail_msg("%s: nothing to judge", canary.name);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(each_oracle_has_its_row),
                cmocka_unit_test(each_can_be_seen_by_its_oracle),
                cmocka_unit_test(each_case_is_valid),
                cmocka_unit_test(each_is_sick_in_one_way),
                cmocka_unit_test(the_healthy_one_is_judged_and_cleared),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
