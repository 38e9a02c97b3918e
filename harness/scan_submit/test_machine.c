/*
 * test_machine - the pure machine reaches an end from any state
 *
 * Small enough to be walked through completely: from the first state by every event that is
 * allowed, to every state that can be reached, with two attempts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "scan_submit/machine.h"

#define NOW_MS   INT64_C(5000)
#define ATTEMPTS 2

static struct up_policy small_policy(void)
{
        struct up_policy policy;

        up_policy_init(&policy);
        policy.attempts = policy.send_attempts = ATTEMPTS;
        return policy;
}

static struct up_content accepted(const struct up_policy *policy)
{
        struct up_content content = up_content_init(policy);

        up_content_step(&content, &up_machine, policy, UP_CONTENT_ACCEPT, NOW_MS);
        return content;
}

static unsigned walk_content(struct up_content content, bool *reached)
{
        const struct up_policy policy = small_policy();
        unsigned steps = 0;

        reached[content.state] = true;
        for (int event = 0; event < UP_CONTENT_EVENT_COUNT; event++) {
                struct up_content next = content;
                if (!up_content_allows(&content, &up_machine, (enum up_content_event)event))
                        continue;
                up_content_step(&next, &up_machine, &policy, (enum up_content_event)event, NOW_MS);
                uint64_t before = up_content_rank(&content), after = up_content_rank(&next);
                assert_true(after <= before);
                assert_true(after < before || !up_content_results[event]);
                assert_true(up_content_is_decided(&next) == (after == 0));
                assert_true(next.attempts_left >= 0);
                assert_true((next.state == UP_CONTENT_SCANNING) == (next.watch_ms != UP_NEVER_MS));
                assert_true((next.state == UP_CONTENT_SCAN_WAIT) == (next.retry_ms != UP_NEVER_MS));
                steps++;
                if (after < before)
                        steps += walk_content(next, reached);
        }
        return steps;
}

static void content_ends(void **state)
{
        const struct up_policy policy = small_policy();
        bool reached[UP_CONTENT_STATE_COUNT] = { false };
        (void)state;

        assert_true(walk_content(up_content_init(&policy), reached) > 50);
        for (int i = 0; i < UP_CONTENT_STATE_COUNT; i++)
                if (!reached[i])
                        fail_msg("%s is never reached", up_content_state_names[i]);
}

static unsigned walk_recipient(struct up_recipient recipient, bool *reached)
{
        const struct up_policy policy = small_policy();
        unsigned steps = 0;

        reached[recipient.state] = true;
        for (int event = 0; event < UP_RECIPIENT_EVENT_COUNT; event++) {
                struct up_recipient next = recipient;
                if (!up_recipient_allows(&recipient, &up_machine, (enum up_recipient_event)event))
                        continue;
                up_recipient_step(
                    &next, &up_machine, &policy, (enum up_recipient_event)event, NOW_MS);
                uint64_t before = up_recipient_rank(&recipient), after = up_recipient_rank(&next);
                assert_true(after <= before);
                assert_true(after < before || !up_recipient_results[event]);
                assert_true((next.state == UP_RECIPIENT_FINAL) ==
                            (next.disposition != UP_DISPOSITION_NONE));
                assert_true((next.state == UP_RECIPIENT_FINAL) == (after == 0));
                assert_true((next.state == UP_RECIPIENT_SENDING) == (next.watch_ms != UP_NEVER_MS));
                assert_true(
                    (next.state == UP_RECIPIENT_SEND_WAIT) == (next.retry_ms != UP_NEVER_MS));
                assert_true(recipient.state != UP_RECIPIENT_FINAL ||
                            next.disposition == recipient.disposition);
                steps++;
                if (after < before || (next.state == UP_RECIPIENT_HELD && !reached[next.state]))
                        steps += walk_recipient(next, reached);
        }
        return steps;
}

static void recipient_ends(void **state)
{
        const struct up_policy policy = small_policy();
        bool reached[UP_RECIPIENT_STATE_COUNT] = { false };
        (void)state;

        assert_true(walk_recipient(up_recipient_init(&policy, false), reached) > 50);
        for (int i = 0; i < UP_RECIPIENT_STATE_COUNT; i++)
                if (!reached[i])
                        fail_msg("%s is never reached", up_recipient_state_names[i]);
}

static void every_state_can_expire_and_restart(void **state)
{
        (void)state;
        for (int i = UP_CONTENT_PENDING; i < UP_CONTENT_STATE_COUNT; i++) {
                assert_true(up_machine.content[i][UP_CONTENT_EXPIRE].allowed);
                assert_true(up_machine.content[i][UP_CONTENT_RESTART].allowed);
        }
        for (int i = 0; i < UP_RECIPIENT_STATE_COUNT; i++) {
                assert_true(up_machine.recipient[i][UP_RECIPIENT_EXPIRE].allowed);
                assert_true(up_machine.recipient[i][UP_RECIPIENT_RESTART].allowed);
        }
}

static void a_single_attempt_is_the_last(void **state)
{
        struct up_policy policy = small_policy();
        (void)state;

        policy.attempts = 1;
        struct up_content content = accepted(&policy);
        up_content_step(&content, &up_machine, &policy, UP_CONTENT_BEGIN, NOW_MS);
        unsigned actions =
            up_content_step(&content, &up_machine, &policy, UP_CONTENT_ERROR, NOW_MS);
        assert_int_equal(content.state, UP_CONTENT_UNSCANNABLE);
        assert_true((actions & UP_DO_DECIDE) != 0);
        assert_true((actions & UP_DO_ARM_RETRY) == 0);
        assert_int_equal(up_content_fate(&content, &policy), UP_RECIPIENT_RETURN);
}

static void retry_intervals_double_up_to_the_maximum(void **state)
{
        struct up_policy policy = small_policy();
        const int64_t gaps_ms[] = { 60000, 120000, 240000, 300000, 300000 };
        (void)state;

        policy.attempts = 10;
        policy.backoff_max_ms = 300000;
        struct up_content content = accepted(&policy);
        for (size_t i = 0; i < G_N_ELEMENTS(gaps_ms); i++) {
                up_content_step(&content, &up_machine, &policy, UP_CONTENT_BEGIN, NOW_MS);
                up_content_step(&content, &up_machine, &policy, UP_CONTENT_ERROR, NOW_MS);
                assert_int_equal(content.retry_ms, NOW_MS + gaps_ms[i]);
                up_content_step(&content, &up_machine, &policy, UP_CONTENT_RETRY, NOW_MS);
        }
        assert_int_equal(content.expiry_ms, NOW_MS + policy.lifetime_ms);
}

/* At the end of the lifetime the transaction under way may finish, but no other begins. */
static void a_transaction_may_finish_after_expiry(void **state)
{
        const struct up_policy policy = small_policy();
        struct up_recipient recipient = up_recipient_init(&policy, false);
        (void)state;

        up_recipient_step(&recipient, &up_machine, &policy, UP_RECIPIENT_BEGIN, NOW_MS);
        up_recipient_step(&recipient, &up_machine, &policy, UP_RECIPIENT_EXPIRE, NOW_MS);
        assert_int_equal(recipient.state, UP_RECIPIENT_SENDING);
        struct up_recipient deferred = recipient;
        up_recipient_step(&recipient, &up_machine, &policy, UP_RECIPIENT_ACCEPTED, NOW_MS);
        assert_int_equal(recipient.disposition, UP_DISPOSITION_DELIVERED);
        unsigned actions =
            up_recipient_step(&deferred, &up_machine, &policy, UP_RECIPIENT_DEFERRED, NOW_MS);
        assert_int_equal(deferred.disposition, UP_DISPOSITION_BOUNCED);
        assert_true((actions & UP_DO_NOTIFY) != 0);
}

static void a_failed_notice_is_not_reported(void **state)
{
        const struct up_policy policy = small_policy();
        struct up_recipient recipient = up_recipient_init(&policy, true);
        (void)state;

        unsigned actions =
            up_recipient_step(&recipient, &up_machine, &policy, UP_RECIPIENT_EXPIRE, NOW_MS);
        assert_int_equal(recipient.disposition, UP_DISPOSITION_ABANDONED);
        assert_true((actions & UP_DO_NOTIFY) == 0);
}

static void policy_decides_fates(void **state)
{
        static const struct {
                enum up_content_event verdict;
                int64_t infected, unscannable, rewritten;
                enum up_recipient_event fate;
        } cases[] = {
                { UP_CONTENT_INFECTED, UP_INFECTED_QUARANTINE, 0, 0, UP_RECIPIENT_QUARANTINE },
                { UP_CONTENT_INFECTED, UP_INFECTED_DISCARD, 0, 0, UP_RECIPIENT_DISCARD },
                { UP_CONTENT_OPAQUE, 0, UP_UNSCANNABLE_BOUNCE, 0, UP_RECIPIENT_RETURN },
                { UP_CONTENT_OPAQUE, 0, UP_UNSCANNABLE_QUARANTINE, 0, UP_RECIPIENT_QUARANTINE },
                { UP_CONTENT_CHANGED, 0, UP_UNSCANNABLE_DELIVER, UP_REWRITTEN_BOUNCE,
                    UP_RECIPIENT_RETURN },
                { UP_CONTENT_CHANGED, 0, 0, UP_REWRITTEN_QUARANTINE, UP_RECIPIENT_QUARANTINE },
        };
        (void)state;

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                struct up_policy policy = small_policy();
                policy.infected = cases[i].infected;
                policy.unscannable = cases[i].unscannable;
                policy.rewritten = cases[i].rewritten;
                struct up_content content = accepted(&policy);
                up_content_step(&content, &up_machine, &policy, UP_CONTENT_BEGIN, NOW_MS);
                up_content_step(&content, &up_machine, &policy, cases[i].verdict, NOW_MS);
                assert_false(up_content_may_go(&content, &policy));
                assert_int_equal(up_content_fate(&content, &policy), cases[i].fate);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(content_ends),
                cmocka_unit_test(recipient_ends),
                cmocka_unit_test(every_state_can_expire_and_restart),
                cmocka_unit_test(a_single_attempt_is_the_last),
                cmocka_unit_test(retry_intervals_double_up_to_the_maximum),
                cmocka_unit_test(a_transaction_may_finish_after_expiry),
                cmocka_unit_test(a_failed_notice_is_not_reported),
                cmocka_unit_test(policy_decides_fates),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
