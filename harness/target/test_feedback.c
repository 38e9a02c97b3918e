/*
 * A new way of waiting sets a counter, and a known one sets none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "target/feedback.h"

#define MINUTE INT64_C(60000)

static const struct up_pipeline pipeline = { .name = "test" };

/* A message that is in @state after so many scans, each a minute after the one before. */
static struct up_ledger *waiting(const char *state, unsigned scans, enum up_verdict verdict)
{
        struct up_ledger *ledger = up_ledger_new(&pipeline, false);
        struct up_entry view = { .kind = UP_ENTRY_VIEW, .message = 1 };
        struct up_entry scan = { .kind = UP_ENTRY_SCAN, .message = 1 };
        struct up_entry scanned = { .kind = UP_ENTRY_SCANNED, .message = 1 };
        struct up_entry end = { .kind = UP_ENTRY_END, .text = "" };

        view.as.view = (struct up_view){ .message = 1, .from = "", .to = "v", .state = "accepted" };
        scanned.as.scan.answer.verdict = verdict;
        up_ledger_add(ledger, &view);
        for (unsigned i = 0; i < scans; i++) {
                scan.at_ms = scanned.at_ms = i * MINUTE;
                up_ledger_add(ledger, &scan);
                up_ledger_add(ledger, &scanned);
        }
        view.at_ms = end.at_ms = scans * MINUTE;
        view.as.view.state = state;
        up_ledger_add(ledger, &view);
        up_ledger_add(ledger, &end);
        return ledger;
}

/* How many ways of waiting are seen in it that were not seen before. */
static unsigned news(struct up_ledger *ledger)
{
        unsigned before = up_feedback_count();

        struct up_ledger_index *index = up_ledger_index_new(ledger);

        up_feedback_ledger(index);
        up_ledger_index_free(index);
        up_ledger_free(ledger);
        return up_feedback_count() - before;
}

static void another_way_of_waiting_is_news(void **state)
{
        (void)state;
        assert_int_equal(news(waiting("scan-wait", 1, UP_VERDICT_NONE)), 2); /* and a step to it */
        assert_int_equal(news(waiting("scan-wait", 1, UP_VERDICT_NONE)), 0);
        assert_int_equal(news(waiting("scan-wait", 1, UP_VERDICT_CLEAN)), 1);
        assert_int_equal(news(waiting("held", 1, UP_VERDICT_NONE)), 2);
}

/* Or every input that waits one minute more would be kept. */
static void longer_is_news_when_it_is_twice_as_long(void **state)
{
        unsigned found = 0;

        (void)state;
        news(waiting("send-wait", 1, UP_VERDICT_NONE));
        for (unsigned scans = 2; scans <= 64; scans++)
                found += news(waiting("send-wait", scans, UP_VERDICT_NONE));
        assert_in_range(found, 6, 14);
}

static void empty_run_is_no_news(void **state)
{
        (void)state;
        assert_int_equal(news(up_ledger_new(&pipeline, false)), 0);
}

static void steps_differ_by_machine_state_and_magnitude(void **state)
{
        unsigned before = up_feedback_count();

        (void)state;
        up_feedback_step("content", "pending", "scanning", 8);
        up_feedback_step("content", "pending", "scanning", 9);
        assert_int_equal(up_feedback_count() - before, 1);
        up_feedback_step("content", "pending", "scanning", 16);
        up_feedback_step("recipient", "pending", "scanning", 8);
        up_feedback_step("content", "pendingscanning", "", 8);
        assert_int_equal(up_feedback_count() - before, 4);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(another_way_of_waiting_is_news),
                cmocka_unit_test(longer_is_news_when_it_is_twice_as_long),
                cmocka_unit_test(empty_run_is_no_news),
                cmocka_unit_test(steps_differ_by_machine_state_and_magnitude),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
