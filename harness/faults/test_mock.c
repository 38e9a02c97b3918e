/*
 * On each faulty pipeline its own oracle reports, and no other. In the same cases they report
 * nothing on the fixed pipeline, although they had something to judge.
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
        return g_strconcat("unpend-case: 1\n", canary->head, "message:\n\n", name, "\n", NULL);
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
                               .repeat = true });
}

/* --- the table -------------------------------------------------------------------------------- */

static void each_oracle_has_its_own_canary(void **state)
{
        g_autoptr(GHashTable) used = g_hash_table_new(NULL, NULL);

        (void)state;
        for (size_t i = 0; i < UP_ORACLE_COUNT; i++) {
                const struct up_mock_row *mock = up_mock_find(up_oracle_rows[i].canary);

                if (mock == NULL || !g_hash_table_add(used, (gpointer)mock))
                        fail_msg("%s: canary %s does not exist, or is another oracle's",
                            up_oracle_rows[i].name, up_oracle_rows[i].canary);
                assert_int_equal(
                    mock->capabilities & up_oracle_rows[i].needs, up_oracle_rows[i].needs);
        }
        assert_int_equal(g_hash_table_size(used), up_mock_count);
        assert_null(up_mock_find(UP_CANARY_FIXED));
}

/* The reader of a case ignores lines that it cannot parse. */
static void each_case_is_valid(void **state)
{
        (void)state;
        for (size_t i = 0; i < UP_ORACLE_COUNT; i++) {
                const struct up_canary canary = up_canary_of_oracle(&up_oracle_rows[i]);
                g_autoptr(GPtrArray) complaints = up_complaints_new();
                g_autofree char *text = case_of(&canary, canary.name);
                g_autoptr(up_case) c =
                    up_case_read((const uint8_t *)text, strlen(text), complaints);

                if (complaints->len > 0)
                        fail_msg("%s: %s", canary.name,
                            ((const struct up_complaint *)complaints->pdata[0])->text);
                assert_true(g_bytes_get_size(c->message) == strlen(canary.name) + 2);
        }
}

/* --- findings --------------------------------------------------------------------------------- */

static void assert_only(const struct up_run *run, const struct up_canary *canary)
{
        const struct up_finding *finding;

        for (guint i = 1; i < run->result.findings->len; i++) {
                finding = run->result.findings->pdata[i];
                fail_msg("%s: and %s: %s", canary->name, up_class_rows[finding->class].name,
                    finding->signature);
        }
        if (run->result.findings->len == 0)
                fail_msg("%s: nothing was found", canary->name);
        finding = run->result.findings->pdata[0];
        if (finding->class != canary->class || finding->evidence != canary->evidence ||
            !g_str_has_prefix(finding->signature, canary->signature))
                fail_msg("%s: %s: %s", canary->name, up_class_rows[finding->class].name,
                    finding->signature);
}

static void each_has_one_fault(void **state)
{
        for (size_t i = 0; i < UP_ORACLE_COUNT; i++) {
                const struct up_canary canary = up_canary_of_oracle(&up_oracle_rows[i]);
                g_autoptr(up_run) run = run_case(*state, &canary, canary.name);

                assert_only(run, &canary);
        }
}

static void the_fixed_pipeline_is_judged_and_passes(void **state)
{
        for (size_t i = 0; i < UP_ORACLE_COUNT; i++) {
                const struct up_canary canary = up_canary_of_oracle(&up_oracle_rows[i]);
                g_autoptr(up_run) run = run_case(*state, &canary, UP_CANARY_FIXED);

                if (run->status != UP_RUN_PASSED)
                        fail_msg("%s: %s", canary.name, run->output);
                if (run->result.judged[i] == 0)
                        fail_msg("%s: nothing to judge", canary.name);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(each_oracle_has_its_own_canary),
                cmocka_unit_test(each_case_is_valid),
                cmocka_unit_test(each_has_one_fault),
                cmocka_unit_test(the_fixed_pipeline_is_judged_and_passes),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
