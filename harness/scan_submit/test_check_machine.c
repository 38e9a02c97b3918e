/*
 * test_check_machine - each rule is broken by a machine with one wrong row
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "scan_submit/check_machine.h"

/* Bytes of a run: an event at once, and the next timer with an event that is never external. */
#define CONTENT(event)   (UP_CONTENT_##event)
#define RECIPIENT(event) (UP_CONTENT_EVENT_COUNT + UP_RECIPIENT_##event)
#define RESTART          0x1f
#define BEFORE_TIMER     (6 << 5 | CONTENT(EXPIRE))
#define AT_TIMER         (7 << 5 | CONTENT(EXPIRE))
#define MOST_EVENTS      8
#define END              0xff /* a restart at the next timer: not used here */

static const struct {
        const char *where; /* as reported */
        enum up_machine_rule rule;
        uint8_t events[MOST_EVENTS + 1];
        bool null_sender;

        /* The wrong row; one left empty is a row that is missing. */
        bool of_recipient;
        unsigned state, event;
        struct up_content_row content;
        struct up_recipient_row recipient;
} faults[] = {
        { .where = "scanning + error",
            .rule = UP_RULE_ATTEMPTS_LEFT,
            .events = { CONTENT(BEGIN), CONTENT(ERROR), AT_TIMER, CONTENT(BEGIN), CONTENT(ERROR),
                AT_TIMER, CONTENT(BEGIN), CONTENT(ERROR), END },
            .state = UP_CONTENT_SCANNING,
            .event = UP_CONTENT_EXHAUSTED },
        { .where = "scanning + error",
            .rule = UP_RULE_RANK_FALLS,
            .events = { CONTENT(BEGIN), CONTENT(ERROR), END },
            .state = UP_CONTENT_SCANNING,
            .event = UP_CONTENT_ERROR,
            .content = { true, UP_CONTENT_SCAN_WAIT, UP_DO_ARM_RETRY } },
        { .where = "cleared + restart",
            .rule = UP_RULE_DECISION_STAYS,
            .events = { CONTENT(BEGIN), CONTENT(CLEAN), RESTART, END },
            .state = UP_CONTENT_CLEARED,
            .event = UP_CONTENT_RESTART,
            .content = { true, UP_CONTENT_CONDEMNED, 0 } },
        { .where = "final + restart",
            .rule = UP_RULE_DISPOSITION_STAYS,
            .events = { CONTENT(BEGIN), CONTENT(CLEAN), RECIPIENT(BEGIN), RECIPIENT(ACCEPTED),
                RESTART, END },
            .null_sender = true,
            .of_recipient = true,
            .state = UP_RECIPIENT_FINAL,
            .event = UP_RECIPIENT_RESTART,
            .recipient = { true, UP_RECIPIENT_FINAL, UP_DISPOSITION_NONE, UP_DO_NOTIFY } },
        { .where = "scanning + error",
            .rule = UP_RULE_TIMER_ARMED,
            .events = { CONTENT(BEGIN), CONTENT(ERROR), END },
            .state = UP_CONTENT_SCANNING,
            .event = UP_CONTENT_ERROR,
            .content = { true, UP_CONTENT_SCAN_WAIT, UP_DO_COUNT } },
        { .where = "new + accept",
            .rule = UP_RULE_EXPIRY_ARMED,
            .events = { END },
            .state = UP_CONTENT_NEW,
            .event = UP_CONTENT_ACCEPT,
            .content = { true, UP_CONTENT_PENDING, 0 } },
        { .where = "waiting + expire",
            .rule = UP_RULE_EXPIRY_ENDS,
            .events = { AT_TIMER, RESTART, END },
            .of_recipient = true,
            .state = UP_RECIPIENT_WAITING,
            .event = UP_RECIPIENT_EXPIRE,
            .recipient = { true, UP_RECIPIENT_WAITING, UP_DISPOSITION_NONE, 0 } },
        { .where = "sending + accepted",
            .rule = UP_RULE_FINAL_HAS_DISPOSITION,
            .events = { CONTENT(BEGIN), CONTENT(CLEAN), RECIPIENT(BEGIN), RECIPIENT(ACCEPTED),
                END },
            .of_recipient = true,
            .state = UP_RECIPIENT_SENDING,
            .event = UP_RECIPIENT_ACCEPTED,
            .recipient = { true, UP_RECIPIENT_FINAL, UP_DISPOSITION_NONE, 0 } },
        { .where = "scanning + clean",
            .rule = UP_RULE_MEANING_HEEDED,
            .events = { CONTENT(BEGIN), CONTENT(CLEAN), END },
            .state = UP_CONTENT_SCANNING,
            .event = UP_CONTENT_CLEAN,
            .content = { true, UP_CONTENT_UNSCANNABLE, UP_DO_DECIDE } },
        { .where = "sending + rejected",
            .rule = UP_RULE_MEANING_HEEDED,
            .events = { CONTENT(BEGIN), CONTENT(CLEAN), RECIPIENT(BEGIN), RECIPIENT(REJECTED),
                END },
            .null_sender = true,
            .of_recipient = true,
            .state = UP_RECIPIENT_SENDING,
            .event = UP_RECIPIENT_REJECTED,
            .recipient = { true, UP_RECIPIENT_FINAL, UP_DISPOSITION_QUARANTINED, 0 } },
        { .where = "pending + final",
            .rule = UP_RULE_NO_SPIN,
            .events = { AT_TIMER, RESTART, END },
            .state = UP_CONTENT_PENDING,
            .event = UP_CONTENT_EXPIRE },
        { .where = "unscannable + held",
            .rule = UP_RULE_WAKEUP,
            .events = { RECIPIENT(HOLD), END },
            .of_recipient = true,
            .state = UP_RECIPIENT_HELD,
            .event = UP_RECIPIENT_RELEASE },
        { .where = "cleared + waiting",
            .rule = UP_RULE_WITHIN_BOUND,
            .events = { CONTENT(BEGIN), CONTENT(CLEAN), BEFORE_TIMER, RECIPIENT(BEGIN), AT_TIMER,
                END },
            .of_recipient = true,
            .state = UP_RECIPIENT_SENDING,
            .event = UP_RECIPIENT_EXHAUSTED,
            .recipient = { true, UP_RECIPIENT_SEND_WAIT, UP_DISPOSITION_NONE,
                UP_DO_COUNT | UP_DO_ARM_RETRY } },
};

static void run(struct up_machine_check *check, size_t fault)
{
        struct up_policy policy;
        const uint8_t *events = faults[fault].events;
        const uint8_t *end = memchr(events, END, sizeof faults[fault].events);

        assert_non_null(end);
        up_policy_init(&policy);
        policy.attempts = policy.send_attempts = 2;
        policy.backoff_min_ms = policy.backoff_max_ms;
        check->policy = &policy;
        check->null_sender = faults[fault].null_sender;
        up_check_machine(check, events, (size_t)(end - events));
}

static void each_rule_reports_a_wrong_row(void **state)
{
        bool reported[UP_RULE_COUNT] = { false };
        (void)state;

        for (size_t i = 0; i < G_N_ELEMENTS(faults); i++) {
                struct up_machine machine = up_machine;
                struct up_machine_check check = { .machine = &machine };
                if (faults[i].of_recipient)
                        machine.recipient[faults[i].state][faults[i].event] = faults[i].recipient;
                else
                        machine.content[faults[i].state][faults[i].event] = faults[i].content;
                run(&check, i);
                g_autofree char *where = check.where;
                if (check.broken == NULL)
                        fail_msg("fault %zu: no rule is broken", i);
                assert_string_equal(where, faults[i].where);
                assert_int_equal(check.rule, faults[i].rule);
                reported[check.rule] = true;
        }
        for (size_t i = 0; i < UP_RULE_COUNT; i++)
                if (!reported[i])
                        fail_msg("no wrong row breaks rule %zu", i);
}

/* A row that leaves all as it is breaks a rule, if its event is a result. */
static void each_result_lowers_the_rank(void **state)
{
        static const unsigned results[] = { UP_CONTENT_CLEAN, UP_CONTENT_INFECTED,
                UP_CONTENT_OPAQUE, UP_CONTENT_CHANGED, UP_CONTENT_NO_VERDICT, UP_CONTENT_ERROR };
        struct up_policy policy;

        (void)state;
        up_policy_init(&policy);
        for (size_t i = 0; i < G_N_ELEMENTS(results); i++) {
                const uint8_t events[] = { CONTENT(BEGIN), (uint8_t)results[i] };
                struct up_machine machine = up_machine;
                struct up_machine_check check = { .machine = &machine, .policy = &policy };

                machine.content[UP_CONTENT_SCANNING][results[i]] =
                    (struct up_content_row){ true, UP_CONTENT_SCANNING, 0 };
                up_check_machine(&check, events, sizeof events);
                g_autofree char *where = check.where;
                assert_non_null(where);
                assert_non_null(check.broken);
                assert_int_equal(check.rule, UP_RULE_RANK_FALLS);
        }
}

static void right_rows_break_no_rule(void **state)
{
        unsigned checked[UP_RULE_COUNT] = { 0 };
        (void)state;

        for (size_t i = 0; i < G_N_ELEMENTS(faults); i++) {
                struct up_machine_check check = { .machine = &up_machine };
                run(&check, i);
                g_autofree char *where = check.where;
                if (check.broken != NULL)
                        fail_msg("events %zu: %s at %s", i, check.broken, where);
                assert_string_equal(check.recipient, "final");
                for (size_t rule = 0; rule < UP_RULE_COUNT; rule++)
                        checked[rule] += check.checked[rule];
        }
        for (size_t i = 0; i < UP_RULE_COUNT; i++)
                assert_true(checked[i] > 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(each_rule_reports_a_wrong_row),
                cmocka_unit_test(each_result_lowers_the_rank),
                cmocka_unit_test(right_rows_break_no_rule),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
