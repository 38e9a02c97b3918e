/*
 * test_script_operators - operators on script, policy, envelope and time write what a case can
 * hold, and reach the edges at which pipelines fail
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <glib.h>

#include "mutate/drafts.h"
#include "mutate/script_operators.h"

#define HEAD  "unpend-case: 1\n"
#define TIMES 20000

static struct up_case *case_of(const char *text)
{
        return up_case_read((const uint8_t *)text, strlen(text), NULL);
}

/* Checks the case after the operator; @changed: the operator did something. */
typedef void (*visitor)(const struct up_case *c, bool changed, void *data);

/* Applies the operator to that many copies of the case. */
static void apply_to_copies(
    const char *text, const char *name, unsigned times, visitor visit, void *data)
{
        const struct up_operator *operator= operator_named(&up_script_layer, name);
        g_autoptr(up_case) c = case_of(text);
        unsigned changes = 0;

        for (uint64_t seed = 0; seed < times; seed++) {
                struct up_draft draft;
                up_draft_init(&draft, up_case_copy(c), (struct up_rng){ seed }, MOST_BYTES);
                bool changed = operator->apply(&draft);
                visit(draft.c, changed, data);
                changes += changed;
                up_draft_clear(&draft);
        }
        if (changes == 0)
                fail_msg("%s never applies", name);
}

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

/* One draft is changed again and again, so that each operator meets what the others leave. */
static void operators_write_what_reads_without_complaint(void **state)
{
        g_autoptr(GBytes) file = g_bytes_new_static("Subject: x\n\nbody\n", 17);
        g_autofree unsigned *changes = g_new0(unsigned, up_script_layer.count);
        GBytes *before;
        struct up_draft draft;

        (void)state;
        draft_init(&draft, file, 1);
        before = up_case_write(draft.c);
        for (int i = 0; i < 4000; i++) {
                size_t chosen = up_rng_below(&draft.rng, up_script_layer.count);
                const struct up_operator *operator= & up_script_layer.operators[chosen];
                bool changed = operator->apply(&draft);
                GBytes *after = up_case_write(draft.c);

                if (changed == g_bytes_equal(before, after))
                        fail_msg("%s returns %d wrongly", operator->name, changed);
                if (changed)
                        assert_reads_as_written(after);
                changes[chosen] += changed;
                assert_in_range(draft.c->script->len, 1, UP_SCRIPT_EVENTS);
                assert_in_range(draft.c->envelope.to->len, 1, UP_CASE_RECIPIENTS);
                g_bytes_unref(before);
                before = after;
        }
        for (size_t i = 0; i < up_script_layer.count; i++)
                if (changes[i] == 0)
                        fail_msg("%s never applies", up_script_layer.operators[i].name);
        g_bytes_unref(before);
        up_draft_clear(&draft);
}

/* --- scripts ---------------------------------------------------------------------------------- */

static const struct up_event *find_event(const struct up_case *c, enum up_verb_id id)
{
        for (guint i = 0; i < c->script->len; i++)
                if (up_event_id(c->script->pdata[i]) == id)
                        return c->script->pdata[i];
        return NULL;
}

/* Words that operators put into events: "wait 0 1h", where 0 is the place of the word. */
static void collect_words(const struct up_case *c, bool changed, void *words)
{
        for (guint i = 0; changed && i < c->script->len; i++) {
                const struct up_event *event = c->script->pdata[i];
                for (int place = 0; event->words[place] != NULL; place++)
                        g_hash_table_add(words, g_strdup_printf("%s %d %s", event->verb->name,
                                                    place, event->words[place]));
        }
}

static void words_are_those_that_matter(void **state)
{
        static const struct {
                const char *file;
                const char *words[26];
        } rows[] = {
                /* The times of the policy, a millisecond off, and the bounds of a wait. */
                { HEAD "policy: lifetime=3h backoff=2m..20m scan-timeout=40s send-timeout=50s\n"
                       "script:\n  submit 1 local\n  wait 7m\nmessage:\n",
                    { "wait 0 10799999ms", "wait 0 3h", "wait 0 10800001ms", "wait 0 119999ms",
                        "wait 0 2m", "wait 0 120001ms", "wait 0 1199999ms", "wait 0 20m",
                        "wait 0 1200001ms", "wait 0 39999ms", "wait 0 40s", "wait 0 40001ms",
                        "wait 0 49999ms", "wait 0 50s", "wait 0 50001ms",
                        /* the bound on the disposition: their sum */
                        "wait 0 12049999ms", "wait 0 12050s", "wait 0 12050001ms", "wait 0 1ms",
                        "wait 0 2ms", "wait 0 60d", "wait 0 5183999999ms" } },
                /* The midst and the end of a scan, of a transaction, of a scan in the store. */
                { HEAD "script:\n  submit 1 local\n  wait 7m\nmessage:\n",
                    { "wait 0 100ms", "wait 0 199ms", "wait 0 200ms", "wait 0 201ms",
                        "wait 0 450ms", "wait 0 700ms", "wait 0 800ms", "wait 0 900ms" } },
                /* After an attempt or two that fail: the next one begins, is under way, ends. */
                { HEAD "policy: backoff=2m..3m scan-timeout=40s\n"
                       "script:\n  submit 1 local\n  wait 9m\nmessage:\n",
                    { "wait 0 160s", "wait 0 3m", "wait 0 200s", "wait 0 199999ms", "wait 0 380s",
                        "wait 0 7m" } },
                /* Counted from the beginning of the case. */
                { HEAD "policy: lifetime=3h\nscript:\n  wait 1h\n  submit 1 local\n"
                       "  clock back 1s\nmessage:\n",
                    { "clock 1 2h" } },
                /* Numbers of messages and recipients, and the bounds. */
                { HEAD "envelope: from=a to=b,c,d\nscript:\n  submit 37 local\n  hold 1\n"
                       "  rcpt 1 defer\nmessage:\n",
                    { "hold 0 37", "hold 0 64", "rcpt 0 3", "rcpt 0 1024", "rcpt 1 lost" } },
                { HEAD "script:\n  allocation 77\nmessage:\n",
                    { "allocation 0 1", "allocation 0 1000000" } },
        };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                g_autoptr(GHashTable) words =
                    g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
                apply_to_copies(rows[i].file, "word-change", TIMES, collect_words, words);
                for (const char *const *word = rows[i].words; *word != NULL; word++)
                        if (!g_hash_table_contains(words, *word))
                                fail_msg("row %zu: %s never occurs", i, *word);
        }
}

static void see_magnitude(const struct up_case *c, bool changed, void *seen)
{
        const struct up_event *event = find_event(c, UP_VERB_ALLOCATION);

        if (changed)
                ((bool *)seen)[g_bit_storage(g_ascii_strtoull(event->words[0], NULL, 10)) - 1] =
                    true;
}

static void allocations_come_in_every_magnitude(void **state)
{
        bool seen[20] = { false };

        (void)state;
        apply_to_copies(
            HEAD "script:\n  allocation 77\nmessage:\n", "word-change", TIMES, see_magnitude, seen);
        for (int magnitude = 0; magnitude < 13; magnitude++)
                assert_true(seen[magnitude]);
}

static void a_full_script_gets_no_more_events(void **state)
{
        static const char *const growing[] = { "event-insert", "phrase-insert", "event-repeat",
                "events-copy", "command-insert", "lifetime-tick" };
        g_autoptr(GString) text = g_string_new(HEAD "script:\n");

        (void)state;
        for (int i = 0; i < UP_SCRIPT_EVENTS + 10; i++)
                g_string_append_printf(text, "  submit %d local\n", i % 64 + 1);
        g_string_append(text, "message:\n");
        for (size_t i = 0; i < G_N_ELEMENTS(growing); i++) {
                struct up_draft draft;
                up_draft_init(&draft, case_of(text->str), (struct up_rng){ i }, MOST_BYTES);
                assert_false(operator_named(&up_script_layer, growing[i])->apply(&draft));
                assert_int_equal(draft.c->script->len, UP_SCRIPT_EVENTS + 10);
                up_draft_clear(&draft);
        }
}

struct verbs {
        bool seen[UP_VERB_COUNT];
        bool phrase; /* a hold and the release of the same message */
};

static void see_verbs(const struct up_case *c, bool changed, void *data)
{
        struct verbs *verbs = data;
        const struct up_event *hold = find_event(c, UP_VERB_HOLD);
        const struct up_event *release = find_event(c, UP_VERB_RELEASE);

        (void)changed;
        for (guint i = 0; i < c->script->len; i++)
                verbs->seen[up_event_id(c->script->pdata[i])] = true;
        verbs->phrase |=
            hold != NULL && release != NULL && strcmp(hold->words[0], release->words[0]) == 0;
}

static void every_verb_is_inserted_and_so_are_phrases(void **state)
{
        struct verbs verbs = { .phrase = false };

        (void)state;
        apply_to_copies("x", "event-insert", 500, see_verbs, &verbs);
        for (size_t i = 0; i < UP_VERB_COUNT; i++)
                if (!verbs.seen[i])
                        fail_msg("%s is never inserted", up_verb_rows[i].name);
        verbs.phrase = false;
        apply_to_copies("x", "phrase-insert", 500, see_verbs, &verbs);
        assert_true(verbs.phrase);
}

/* A restart in the midst of each: bits by what is under way. */
static void see_restart(const struct up_case *c, bool changed, void *data)
{
        static const char *const midst[] = { "100ms", "450ms", "800ms" };
        unsigned *seen = data;

        for (guint i = 2; changed && i < c->script->len; i++) {
                const struct up_event *event = c->script->pdata[i];
                const struct up_event *wait = c->script->pdata[i - 1];
                const struct up_event *submit = c->script->pdata[i - 2];
                if (up_event_id(event) != UP_VERB_RESTART || up_event_id(wait) != UP_VERB_WAIT ||
                    up_event_id(submit) != UP_VERB_SUBMIT)
                        continue;
                for (unsigned j = 0; j < G_N_ELEMENTS(midst); j++)
                        if (strcmp(wait->words[0], midst[j]) == 0)
                                *seen |= 1U << j;
        }
}

static void commands_come_while_something_is_under_way(void **state)
{
        unsigned seen = 0;

        (void)state;
        apply_to_copies("x", "command-insert", 2000, see_restart, &seen);
        assert_int_equal(seen, 7);
}

/* --- policy ----------------------------------------------------------------------------------- */

/* Below, at and above a value: -1, 0 and 1 from it. */
struct around {
        int64_t value;
        bool seen[3];
};

static void see_around(struct around *around, int64_t value)
{
        int64_t off = value - around->value;

        if (off >= -1 && off <= 1)
                around->seen[off + 1] = true;
}

static void see_lifetime(const struct up_case *c, bool changed, void *data)
{
        (void)changed;
        see_around(data, c->policy.lifetime_ms);
}

struct failing {
        struct around lifetime;
        const char *word; /* of the event that stands first */
};

static void see_failing(const struct up_case *c, bool changed, void *data)
{
        struct failing *failing = data;
        const struct up_event *event = c->script->pdata[0];

        if (changed && event->words[1] != NULL && strcmp(event->words[1], failing->word) == 0)
                see_around(&failing->lifetime, c->policy.lifetime_ms);
}

/* After one attempt that failed, at the tick of the next one's time-out or answer. */
static void a_lifetime_ends_with_an_attempt(void **state)
{
        static const struct {
                const char *word;
                int64_t ms;
        } rows[] = { { "never", 40000 + 120000 + 40000 }, { "busy", 200 + 120000 + 200 },
                { "dot", 200 + 500 + 120000 + 500 } };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                struct failing failing = { { .value = rows[i].ms }, rows[i].word };
                apply_to_copies(HEAD "policy: backoff=2m..3m scan-timeout=40s\nmessage:\n",
                    "lifetime-tick", TIMES, see_failing, &failing);
                for (size_t j = 0; j < G_N_ELEMENTS(failing.lifetime.seen); j++)
                        if (!failing.lifetime.seen[j])
                                fail_msg("%s: no lifetime %zu", rows[i].word, j);
        }
}

static void see_message_limit(const struct up_case *c, bool changed, void *data)
{
        struct around *around = data;

        (void)changed;
        around->value = (int64_t)g_bytes_get_size(c->message);
        see_around(around, (int64_t)c->policy.limits.message_bytes);
}

static void see_time(const struct up_case *c, bool changed, void *data)
{
        (void)changed;
        see_around(data, c->time_s);
}

static void values_come_close_to_others(void **state)
{
        static const struct {
                const char *text, *name;
                visitor visit;
                int64_t value;
        } rows[] = {
                /* A lifetime becomes as long as a gap. */
                { HEAD "policy: backoff=5m..50m\nmessage:\n", "policy-relation", see_lifetime,
                    50 * 60000 },
                { "Subject: sized\n\n0123456789\n", "policy-size", see_message_limit, 0 },
                /* The certificate "expired" ceases to be valid at the end of 2000-12-31, UTC. */
                { "x", "time-change", see_time, 978307200 },
        };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                struct around around = { .value = rows[i].value };
                apply_to_copies(rows[i].text, rows[i].name, TIMES, rows[i].visit, &around);
                for (int off = 0; off < 3; off++)
                        if (!around.seen[off])
                                fail_msg("%s: never %d off", rows[i].name, off - 1);
        }
}

struct bounds {
        bool least[UP_POLICY_SETTINGS], most[UP_POLICY_SETTINGS];
};

static void see_bounds(const struct up_case *c, bool changed, void *data)
{
        struct bounds *bounds = data;

        (void)changed;
        for (size_t i = 0; i < UP_POLICY_SETTINGS; i++) {
                struct up_policy_row setting = up_policy_setting(i);
                int64_t value =
                    *(const int64_t *)(const void *)((const char *)&c->policy + setting.offset);
                bounds->least[i] |= value == setting.least;
                bounds->most[i] |= value == setting.most;
        }
}

static void settings_come_to_their_bounds(void **state)
{
        struct bounds bounds = { .least = { false } };

        (void)state;
        apply_to_copies("x", "policy-edge", TIMES, see_bounds, &bounds);
        for (size_t i = 0; i < UP_POLICY_SETTINGS; i++)
                if (!bounds.least[i] || !bounds.most[i])
                        fail_msg("%s never comes to its bounds", up_policy_setting(i).name);
}

/* --- envelope --------------------------------------------------------------------------------- */

struct envelopes {
        bool null_sender, eight_bit, longest, repeated;
        unsigned many; /* drafts with more than a few recipients */
        guint most;
};

static void see_envelope(const struct up_case *c, bool changed, void *data)
{
        struct envelopes *seen = data;
        const GPtrArray *to = c->envelope.to;

        (void)changed;
        seen->null_sender |= *c->envelope.from == '\0';
        for (guint i = 0; i < to->len; i++) {
                seen->eight_bit |= !g_str_is_ascii(to->pdata[i]);
                seen->longest |= strlen(to->pdata[i]) == UP_CASE_ADDRESS_BYTES;
        }
        seen->repeated |= to->len > 1 && strcmp(to->pdata[0], to->pdata[to->len - 1]) == 0;
        seen->many += to->len > 16;
        seen->most = MAX(seen->most, to->len);
}

static void senders_and_recipients_are_of_every_kind(void **state)
{
        static const char *const names[] = { "sender-null", "recipient-add", "recipient-repeat",
                "recipients-many" };
        struct envelopes seen = { .many = 0 };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
                apply_to_copies("x", names[i], 500, see_envelope, &seen);
        assert_true(seen.null_sender && seen.eight_bit && seen.longest && seen.repeated);
        assert_int_equal(seen.most, UP_CASE_RECIPIENTS);
        assert_in_range(seen.many, 1, 500 / 2); /* which is rare, because it is slow */
}

/* --- crossing --------------------------------------------------------------------------------- */

static void crossing_takes_from_each_part_of_the_head(void **state)
{
        g_autoptr(up_case) mine = case_of("mine");
        g_autoptr(GBytes) before = up_case_write(mine);
        g_autoptr(up_case) other =
            case_of(HEAD "time: 2003-11-05T08:30:59Z\nenvelope: from=<> to=w@example.com\n"
                         "policy: attempts=3\nscript:\n  submit 1 smtp\n  hold 1\nmessage:\nother");
        bool time = false, envelope = false, policy = false, script = false;

        (void)state;
        for (uint64_t seed = 0; seed < 200; seed++) {
                struct up_draft draft;
                up_draft_init(&draft, up_case_copy(mine), (struct up_rng){ seed }, MOST_BYTES);
                bool crossed = up_script_cross(&draft, other);
                g_autoptr(GBytes) after = up_case_write(draft.c);

                assert_int_equal(crossed, !g_bytes_equal(before, after));
                assert_reads_as_written(after);
                assert_int_equal(g_bytes_get_size(draft.c->message), 4);
                time |= draft.c->time_s == other->time_s;
                envelope |= *draft.c->envelope.from == '\0';
                policy |= draft.c->policy.attempts == 3;
                script |= find_event(draft.c, UP_VERB_HOLD) != NULL;
                up_draft_clear(&draft);
        }
        assert_true(time && envelope && policy && script);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(operators_write_what_reads_without_complaint),
                cmocka_unit_test(words_are_those_that_matter),
                cmocka_unit_test(allocations_come_in_every_magnitude),
                cmocka_unit_test(a_full_script_gets_no_more_events),
                cmocka_unit_test(every_verb_is_inserted_and_so_are_phrases),
                cmocka_unit_test(commands_come_while_something_is_under_way),
                cmocka_unit_test(values_come_close_to_others),
                cmocka_unit_test(a_lifetime_ends_with_an_attempt),
                cmocka_unit_test(settings_come_to_their_bounds),
                cmocka_unit_test(senders_and_recipients_are_of_every_kind),
                cmocka_unit_test(crossing_takes_from_each_part_of_the_head),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
