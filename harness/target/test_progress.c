/*
 * What several workers counted, as one: sums, the earliest finding, and steps that two of them have
 * seen counted once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "target/progress.h"

static void mutants_of_all_workers_are_added_up(void **state)
{
        (void)state;
        const struct up_progress first = {
                .mutants = 10, .mutants_verified = 6, .mutants_digest_only = 2
        };
        const struct up_progress second = {
                .mutants = 5, .mutants_verified = 1, .mutants_digest_only = 3
        };
        struct up_progress sum = { 0 };

        up_progress_add(&sum, &first);
        up_progress_add(&sum, &second);
        assert_int_equal(sum.mutants, 15);
        assert_int_equal(sum.mutants_verified, 7);
        assert_int_equal(sum.mutants_digest_only, 5);
}

static void the_earliest_finding_is_the_first(void **state)
{
        (void)state;
        const struct up_progress none = { .first_finding = 0 };
        const struct up_progress late = { .first_finding = 70, .first_finding_ms = 700 };
        const struct up_progress early = { .first_finding = 7, .first_finding_ms = 500 };
        struct up_progress sum = { 0 };

        up_progress_add(&sum, &late);
        up_progress_add(&sum, &none);
        assert_int_equal(sum.first_finding, 70);
        up_progress_add(&sum, &early);
        assert_int_equal(sum.first_finding, 7);
}

/* In one process there is one set, so the workers here see ever more of the steps. */
static void a_step_that_two_workers_saw_is_one(void **state)
{
        (void)state;
        struct up_progress first = { 0 }, second = { 0 }, sum = { 0 };

        up_feedback_step("test", "accepted", "accepted", 3); /* it stays where it is */
        up_feedback_transitions(first.transitions);
        assert_int_equal(up_progress_transitions(&first), 0);
        up_feedback_step("test", "accepted", "scanning", 3);
        up_feedback_step("test", "accepted", "scanning", 2); /* less is left; the same step */
        up_feedback_transitions(first.transitions);
        assert_int_equal(up_progress_transitions(&first), 1);
        up_feedback_step("test", "scanning", "accepted", 2);
        up_feedback_transitions(second.transitions);
        assert_int_equal(up_progress_transitions(&second), 2);

        up_progress_add(&sum, &first);
        up_progress_add(&sum, &second);
        assert_int_equal(up_progress_transitions(&sum), 2);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(mutants_of_all_workers_are_added_up),
                cmocka_unit_test(the_earliest_finding_is_the_first),
                cmocka_unit_test(a_step_that_two_workers_saw_is_one),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
