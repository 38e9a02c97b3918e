/*
 * test_play - operators on script, policy, envelope and time keep within what a case can say, and
 * reach the edges at which pipelines go wrong
 *
 * Each test throws the same rng on every machine.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <glib.h>

#include "mutate/script_operators.h"

#define HEAD   "unpend-case: 1\n"
#define THROWS 3000

#define HOUR_MS (INT64_C(60) * 60 * 1000)
#define DAY_MS  (24 * HOUR_MS)

static void draft_init(struct up_draft *draft, const char *file, uint64_t seed)
{
        *draft = (struct up_draft){
                .c = up_case_read((const uint8_t *)file, strlen(file), NULL),
                .rng = { seed },
                .most_bytes = 65536,
                .done = g_string_new(NULL),
        };
}

static void draft_clear(struct up_draft *draft)
{
        up_case_free(draft->c);
        g_string_free(draft->done, TRUE);
}

static const struct up_operator *operator_named(const char *name)
{
        for (size_t i = 0; i < up_script_operators_count; i++)
                if (strcmp(up_script_operators[i].name, name) == 0)
                        return &up_script_operators[i];
        fail_msg("there is no operator %s", name);
        return NULL;
}

/* Says so with the file if a person would be told of a mistake in it. */
static void assert_reads_as_written(GBytes *file)
{
        gsize bytes;
        const uint8_t *data = g_bytes_get_data(file, &bytes);
        g_autoptr(GPtrArray) complaints = up_complaints_new();
        g_autoptr(up_case) c = up_case_read(data, bytes, complaints);
        g_autoptr(GBytes) again = up_case_write(c);

        if (complaints->len > 0) {
                const struct up_complaint *first = complaints->pdata[0];
                fail_msg("%u:%u: %s in:\n%.*s", first->place.line, first->place.column, first->text,
                    (int)bytes, (const char *)data);
        }
        assert_true(g_bytes_equal(file, again));
}

/* --- all operators ---------------------------------------------------------------------------- */

/* One draft is changed on and on, so that each operator meets what the others leave. */
static void what_operators_write_reads_without_complaint(void **state)
{
        (void)state;
        struct up_draft draft;

        draft_init(&draft, "Subject: x\n\nbody\n", 1);
        for (int i = 0; i < 5 * THROWS; i++) {
                size_t chosen = up_rng_below(&draft.rng, up_script_operators_count);
                const struct up_operator *row = &up_script_operators[chosen];
                g_autoptr(GBytes) before = up_case_write(draft.c);
                bool applied = row->apply(&draft);
                g_autoptr(GBytes) after = up_case_write(draft.c);

                if (applied == g_bytes_equal(before, after))
                        fail_msg("%s says %d and did otherwise", row->name, applied);
                if (applied)
                        assert_reads_as_written(after);
                assert_in_range(draft.c->script->len, 1, UP_PLAY_EVENTS);
                assert_in_range(draft.c->envelope.to->len, 1, UP_CASE_RECIPIENTS);
        }
        draft_clear(&draft);
}

static void every_operator_finds_something_to_do(void **state)
{
        (void)state;
        static const char rich[] =
            HEAD "envelope: from=a@example.com to=b@example.com,c\n"
                 "policy: attempts=3\n"
                 "script:\n  submit 1 smtp\n  wait 1h\n  restart\nmessage:\nx";

        for (size_t i = 0; i < up_script_operators_count; i++) {
                int applied = 0;
                for (uint64_t seed = 0; seed < 100; seed++) {
                        struct up_draft draft;
                        draft_init(&draft, rich, seed);
                        applied += up_script_operators[i].apply(&draft);
                        draft_clear(&draft);
                }
                if (applied == 0)
                        fail_msg("%s never does anything", up_script_operators[i].name);
        }
}

/* --- scripts ---------------------------------------------------------------------------------- */

static const struct up_event *find_event(const struct up_case *c, enum up_verb_id id, guint from)
{
        for (guint i = from; i < c->script->len; i++)
                if (up_event_id(c->script->pdata[i]) == id)
                        return c->script->pdata[i];
        return NULL;
}

/* Is @word what the word at that place of the only event of that verb can become? */
static bool becomes(const char *file, enum up_verb_id id, size_t place, const char *word)
{
        bool found = false;

        for (uint64_t seed = 0; seed < THROWS && !found; seed++) {
                struct up_draft draft;
                draft_init(&draft, file, seed);
                operator_named("word-change")->apply(&draft);
                found = strcmp(find_event(draft.c, id, 0)->words[place], word) == 0;
                draft_clear(&draft);
        }
        return found;
}

static void a_wait_becomes_what_the_policy_says_and_a_millisecond_off(void **state)
{
        (void)state;
        static const char file[] =
            HEAD "policy: lifetime=3h backoff=2m..20m scan-timeout=40s send-timeout=50s\n"
                 "script:\n  submit 1 local\n  wait 7m\nmessage:\n";
        static const int64_t moments_ms[] = { 3 * HOUR_MS, 120000, 1200000, 40000, 50000,
                3 * HOUR_MS + 1200000 + 50000 /* the bound */ };

        for (size_t i = 0; i < G_N_ELEMENTS(moments_ms); i++)
                for (int64_t off_ms = -1; off_ms <= 1; off_ms++) {
                        g_autofree char *word = up_policy_print_time(moments_ms[i] + off_ms);
                        if (!becomes(file, UP_VERB_WAIT, 0, word))
                                fail_msg("never waits %s", word);
                }
        assert_true(becomes(file, UP_VERB_WAIT, 0, "1ms"));
        assert_true(becomes(file, UP_VERB_WAIT, 0, "2ms"));
        assert_true(becomes(file, UP_VERB_WAIT, 0, "60d"));
        assert_true(becomes(file, UP_VERB_WAIT, 0, "5183999999ms"));
}

static void a_wait_is_counted_from_the_beginning_too(void **state)
{
        (void)state;
        static const char file[] = HEAD "policy: lifetime=3h\nscript:\n  wait 1h\n"
                                        "  submit 1 local\n  clock back 1s\nmessage:\n";

        assert_true(becomes(file, UP_VERB_CLOCK, 1, "2h"));
}

static void numbers_are_those_of_messages_and_recipients(void **state)
{
        (void)state;
        static const char file[] = HEAD "envelope: from=a to=b,c,d\nscript:\n  submit 37 local\n"
                                        "  hold 1\n  rcpt 1 defer\nmessage:\n";

        assert_true(becomes(file, UP_VERB_HOLD, 0, "37"));
        assert_true(becomes(file, UP_VERB_HOLD, 0, "64"));
        assert_true(becomes(file, UP_VERB_RCPT, 0, "3"));
        assert_true(becomes(file, UP_VERB_RCPT, 0, "1024"));
        assert_true(becomes(file, UP_VERB_RCPT, 1, "lost"));
}

/* The first, some of each magnitude that a look at mail has, and both bounds. */
static void allocations_come_in_every_magnitude(void **state)
{
        (void)state;
        static const char file[] = HEAD "script:\n  allocation 77\nmessage:\n";
        bool seen[20] = { false };

        for (uint64_t seed = 0; seed < THROWS; seed++) {
                struct up_draft draft;
                draft_init(&draft, file, seed);
                if (operator_named("word-change")->apply(&draft)) {
                        const struct up_event *event = find_event(draft.c, UP_VERB_ALLOCATION, 0);
                        guint64 k = g_ascii_strtoull(event->words[0], NULL, 10);
                        seen[g_bit_storage(k) - 1] = true;
                }
                draft_clear(&draft);
        }
        for (int magnitude = 0; magnitude < 13; magnitude++)
                assert_true(seen[magnitude]);
        assert_true(becomes(file, UP_VERB_ALLOCATION, 0, "1"));
        assert_true(becomes(file, UP_VERB_ALLOCATION, 0, "1000000"));
}

static void a_full_script_gets_no_more_events(void **state)
{
        (void)state;
        static const char *const growing[] = { "event-insert", "phrase-insert", "event-repeat",
                "events-copy" };
        GString *file = g_string_new(HEAD "script:\n");

        for (int i = 0; i < UP_PLAY_EVENTS + 10; i++)
                g_string_append_printf(file, "  submit %d local\n", i % 64 + 1);
        g_string_append(file, "message:\n");
        for (size_t i = 0; i < G_N_ELEMENTS(growing); i++) {
                struct up_draft draft;
                draft_init(&draft, file->str, i);
                assert_false(operator_named(growing[i])->apply(&draft));
                assert_int_equal(draft.c->script->len, UP_PLAY_EVENTS + 10);
                draft_clear(&draft);
        }
        g_string_free(file, TRUE);
}

/* Each verb can come into a script that has only a submission, and phrases put in whole traces. */
static void scripts_come_to_everything_that_there_is(void **state)
{
        (void)state;
        bool seen[UP_VERB_COUNT] = { false };
        bool trace = false;

        for (uint64_t seed = 0; seed < THROWS; seed++) {
                struct up_draft draft;
                draft_init(&draft, "x", seed);
                operator_named(seed % 2 == 0 ? "event-insert" : "phrase-insert")->apply(&draft);
                for (guint i = 0; i < draft.c->script->len; i++)
                        seen[up_event_id(draft.c->script->pdata[i])] = true;
                const struct up_event *hold = find_event(draft.c, UP_VERB_HOLD, 0);
                const struct up_event *release = find_event(draft.c, UP_VERB_RELEASE, 0);
                trace = trace || (hold != NULL && release != NULL &&
                                     strcmp(hold->words[0], release->words[0]) == 0);
                draft_clear(&draft);
        }
        for (size_t i = 0; i < UP_VERB_COUNT; i++)
                if (!seen[i])
                        fail_msg("%s never comes", up_verb_rows[i].name);
        assert_true(trace);
}

/* --- policy ----------------------------------------------------------------------------------- */

static void a_lifetime_becomes_shorter_than_a_gap(void **state)
{
        (void)state;
        bool below = false, equal = false, above = false;

        for (uint64_t seed = 0; seed < THROWS; seed++) {
                struct up_draft draft;
                draft_init(&draft, HEAD "policy: backoff=5m..50m\nmessage:\n", seed);
                operator_named("policy-relation")->apply(&draft);
                below = below || draft.c->policy.lifetime_ms == 50 * 60000 - 1;
                equal = equal || draft.c->policy.lifetime_ms == 50 * 60000;
                above = above || draft.c->policy.lifetime_ms == 50 * 60000 + 1;
                draft_clear(&draft);
        }
        assert_true(below && equal && above);
}

/* Each setting comes to its least and its most. */
static void settings_come_to_their_bounds(void **state)
{
        (void)state;
        bool least[UP_POLICY_SETTINGS] = { false }, most[UP_POLICY_SETTINGS] = { false };

        for (uint64_t seed = 0; seed < 4 * THROWS; seed++) {
                struct up_draft draft;
                draft_init(&draft, "x", seed);
                operator_named("policy-edge")->apply(&draft);
                for (size_t i = 0; i < UP_POLICY_SETTINGS; i++) {
                        struct up_policy_row setting = up_policy_setting(i);
                        int64_t value =
                            *(const int64_t *)(const void *)((const char *)&draft.c->policy +
                                                             setting.offset);
                        least[i] = least[i] || value == setting.least;
                        most[i] = most[i] || value == setting.most;
                }
                draft_clear(&draft);
        }
        for (size_t i = 0; i < UP_POLICY_SETTINGS; i++)
                if (!least[i] || !most[i])
                        fail_msg("%s never comes to its bounds", up_policy_setting(i).name);
}

static void a_limit_becomes_what_the_message_needs(void **state)
{
        (void)state;
        bool below = false, equal = false;

        for (uint64_t seed = 0; seed < THROWS; seed++) {
                struct up_draft draft;
                draft_init(&draft, "Subject: sized\n\n0123456789\n", seed);
                operator_named("policy-size")->apply(&draft);
                uint64_t size = g_bytes_get_size(draft.c->message);
                below = below || draft.c->policy.limits.message_bytes == size - 1;
                equal = equal || draft.c->policy.limits.message_bytes == size;
                draft_clear(&draft);
        }
        assert_true(below && equal);
}

/* --- envelope and time ------------------------------------------------------------------------ */

static void recipients_are_few_mostly(void **state)
{
        (void)state;
        unsigned many = 0, most = 0;

        for (uint64_t seed = 0; seed < THROWS; seed++) {
                struct up_draft draft;
                draft_init(&draft, "x", seed);
                for (int i = 0; i < 30; i++)
                        up_script_operators[up_rng_below(&draft.rng, up_script_operators_count)]
                            .apply(&draft);
                many += draft.c->envelope.to->len > 16;
                most = MAX(most, draft.c->envelope.to->len);
                draft_clear(&draft);
        }
        assert_in_range(many, 1, THROWS / 2);
        assert_int_equal(most, UP_CASE_RECIPIENTS);
}

static void senders_and_recipients_are_of_every_kind(void **state)
{
        (void)state;
        bool null = false, eight_bit = false, longest = false, twice = false;

        for (uint64_t seed = 0; seed < THROWS; seed++) {
                struct up_draft draft;
                draft_init(&draft, "x", seed);
                operator_named("sender-null")->apply(&draft);
                null = null || *draft.c->envelope.from == '\0';
                operator_named("recipient-add")->apply(&draft);
                operator_named("recipient-repeat")->apply(&draft);
                const GPtrArray *to = draft.c->envelope.to;
                for (guint i = 0; i < to->len; i++) {
                        eight_bit = eight_bit || !g_str_is_ascii(to->pdata[i]);
                        longest = longest || strlen(to->pdata[i]) == UP_CASE_ADDRESS_BYTES;
                }
                twice = twice || strcmp(to->pdata[0], to->pdata[to->len - 1]) == 0;
                draft_clear(&draft);
        }
        assert_true(null && eight_bit && longest && twice);
}

/* The certificate "expired" ceases to be valid at the end of 2000-12-31, UTC. */
static void a_case_begins_where_a_certificate_ends(void **state)
{
        (void)state;
        static const int64_t expiry_s = 978307200;
        bool seen[3] = { false };

        for (uint64_t seed = 0; seed < THROWS; seed++) {
                struct up_draft draft;
                draft_init(&draft, "x", seed);
                operator_named("time-change")->apply(&draft);
                int64_t off_s = draft.c->time_s - expiry_s;
                if (off_s >= -1 && off_s <= 1)
                        seen[off_s + 1] = true;
                draft_clear(&draft);
        }
        assert_true(seen[0] && seen[1] && seen[2]);
}

/* --- crossing --------------------------------------------------------------------------------- */

static void crossing_takes_of_everything(void **state)
{
        (void)state;
        static const char file[] =
            HEAD "time: 2003-11-05T08:30:59Z\nenvelope: from=<> to=w@example.com\n"
                 "policy: attempts=3\nscript:\n  submit 1 smtp\n  hold 1\nmessage:\nother";
        g_autoptr(up_case) other = up_case_read((const uint8_t *)file, strlen(file), NULL);
        bool time = false, envelope = false, policy = false, script = false;

        for (uint64_t seed = 0; seed < 200; seed++) {
                struct up_draft draft;
                draft_init(&draft, "mine", seed);
                g_autoptr(GBytes) before = up_case_write(draft.c);
                bool crossed = up_play_cross(&draft, other);
                g_autoptr(GBytes) after = up_case_write(draft.c);

                assert_int_equal(crossed, !g_bytes_equal(before, after));
                assert_reads_as_written(after);
                assert_int_equal(g_bytes_get_size(draft.c->message), 4);
                time = time || draft.c->time_s == other->time_s;
                envelope = envelope || *draft.c->envelope.from == '\0';
                policy = policy || draft.c->policy.attempts == 3;
                script = script || find_event(draft.c, UP_VERB_HOLD, 0) != NULL;
                draft_clear(&draft);
        }
        assert_true(time && envelope && policy && script);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_operators_write_reads_without_complaint),
                cmocka_unit_test(every_operator_finds_something_to_do),
                cmocka_unit_test(a_wait_becomes_what_the_policy_says_and_a_millisecond_off),
                cmocka_unit_test(a_wait_is_counted_from_the_beginning_too),
                cmocka_unit_test(numbers_are_those_of_messages_and_recipients),
                cmocka_unit_test(allocations_come_in_every_magnitude),
                cmocka_unit_test(a_full_script_gets_no_more_events),
                cmocka_unit_test(scripts_come_to_everything_that_there_is),
                cmocka_unit_test(a_lifetime_becomes_shorter_than_a_gap),
                cmocka_unit_test(settings_come_to_their_bounds),
                cmocka_unit_test(a_limit_becomes_what_the_message_needs),
                cmocka_unit_test(recipients_are_few_mostly),
                cmocka_unit_test(senders_and_recipients_are_of_every_kind),
                cmocka_unit_test(a_case_begins_where_a_certificate_ends),
                cmocka_unit_test(crossing_takes_of_everything),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
