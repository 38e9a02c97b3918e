/*
 * test_mutate - any bytes go in, and what comes out can be read, fits, differs, is the same each
 * time, and is worth what its head says
 *
 * Each test uses the same seeds on every machine.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <glib.h>

#include "mail/eicar.h"
#include "mutate/mutate.h"
#include "mutate/drafts.h"

#define HEAD  "unpend-case: 1\n"
#define CLEAR "seeds/smime/clear-rsa.eml"

static const char *const folders[] = { "seeds/machine", "seeds/mime", "seeds/scan_submit",
        "seeds/smime", NULL };
static GPtrArray *seeds;

static int read_all_seeds(void **state)
{
        (void)state;
        seeds = read_seeds(folders);
        return seeds->len > 150 ? 0 : -1;
}

static int free_all_seeds(void **state)
{
        (void)state;
        g_ptr_array_unref(seeds);
        return 0;
}

static GBytes *mutated(GBytes *file, size_t most_bytes, uint64_t seed)
{
        gsize bytes;
        const uint8_t *data = g_bytes_get_data(file, &bytes);

        return up_mutate(data, bytes, most_bytes, seed);
}

static GBytes *crossed(GBytes *file, GBytes *other, size_t most_bytes, uint64_t seed)
{
        gsize bytes, other_bytes;
        const uint8_t *data = g_bytes_get_data(file, &bytes);
        const uint8_t *other_data = g_bytes_get_data(other, &other_bytes);

        return up_crossover(data, bytes, other_data, other_bytes, most_bytes, seed);
}

static GBytes *text(const char *string)
{
        return g_bytes_new_static(string, strlen(string));
}

/* What every result is, whatever went in. The caller frees it. */
static struct up_case *assert_sound(GBytes *result, GBytes *file, size_t most_bytes)
{
        g_autoptr(GPtrArray) complaints = up_complaints_new();
        gsize bytes;
        const uint8_t *data = g_bytes_get_data(result, &bytes);
        struct up_case *c = up_case_read(data, bytes, complaints);

        assert_in_range(g_bytes_get_size(result), 0, most_bytes);
        if (complaints->len > 0) {
                const struct up_complaint *first = complaints->pdata[0];
                fail_msg("%u:%u: %s", first->place.line, first->place.column, first->text);
        }
        assert_false(g_bytes_equal(result, file));
        return c;
}

/* --- what comes out --------------------------------------------------------------------------- */

static void count_names(GHashTable *names, const struct up_case *c)
{
        g_autofree char *done = g_strndup(c->mutation, strcspn(c->mutation, ";"));
        g_auto(GStrv) each = g_strsplit(done, ",", -1);

        for (char **name = each; *name != NULL; name++)
                g_hash_table_add(names, g_strdup(*name));
}

static bool layer_occurs(const struct up_layer *layer, GHashTable *names)
{
        for (size_t i = 0; i < layer->count; i++)
                if (g_hash_table_contains(names, layer->operators[i].name))
                        return true;
        return false;
}

/* Tests of the layers make sure that each of their operators applies. */
static void every_seed_becomes_a_readable_case_that_says_what_was_done(void **state)
{
        g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

        (void)state;
        for (guint i = 0; i < seeds->len; i++) {
                const struct seed *seed = g_ptr_array_index(seeds, i);
                size_t most_bytes = 2 * g_bytes_get_size(seed->file) + MOST_BYTES;

                for (uint64_t nth = 0; nth < 2; nth++) {
                        g_autoptr(GBytes) result = mutated(seed->file, most_bytes, i + nth);
                        g_autoptr(up_case) c = assert_sound(result, seed->file, most_bytes);
                        assert_non_null(c->mutation);
                        assert_non_null(strstr(c->mutation, "; graded "));
                        count_names(names, c);
                }
        }
        for (int i = 0; i < UP_LAYER_COUNT; i++)
                if (!layer_occurs(up_layers[i], names))
                        fail_msg("no operator of %s occurs", up_layers[i]->name);
}

static void grades_are_read_as_they_are_written(void **state)
{
        (void)state;
        for (int i = 0; i < UP_EXPECTED_COUNT; i++) {
                g_autofree char *line =
                    g_strdup_printf("a; graded b,c; graded %s", up_expected_grade_names[i]);
                assert_int_equal(up_expected_grade_of(line), i);
        }
        assert_int_equal(up_expected_grade_of(NULL), UP_EXPECTED_UNKNOWN);
        assert_int_equal(up_expected_grade_of("a"), UP_EXPECTED_UNKNOWN);
        assert_int_equal(up_expected_grade_of("a; graded validated"), UP_EXPECTED_UNKNOWN);
}

static void the_same_bytes_and_seed_make_the_same_case(void **state)
{
        (void)state;
        for (guint i = 0; i < seeds->len; i += 5) {
                GBytes *file = ((const struct seed *)g_ptr_array_index(seeds, i))->file;
                GBytes *other = ((const struct seed *)g_ptr_array_index(seeds, i / 2))->file;

                for (uint64_t nth = 0; nth < 2; nth++) {
                        g_autoptr(GBytes) first = mutated(file, MOST_BYTES, nth);
                        g_autoptr(GBytes) first_cross = crossed(file, other, MOST_BYTES, nth);
                        g_autoptr(GBytes) between = mutated(other, MOST_BYTES, nth + 1);
                        g_autoptr(GBytes) second = mutated(file, MOST_BYTES, nth);
                        g_autoptr(GBytes) second_cross = crossed(file, other, MOST_BYTES, nth);

                        assert_true(g_bytes_equal(first, second));
                        assert_true(g_bytes_equal(first_cross, second_cross));
                        assert_int_not_equal(g_bytes_get_size(between), 0);
                }
        }
}

#define MUTATIONS 1000

static void mutations_of_a_signed_message_are_distinct(void **state)
{
        (void)state;
        GBytes *file = seed_named(seeds, CLEAR)->file;
        g_autoptr(GHashTable) distinct =
            g_hash_table_new_full(g_bytes_hash, g_bytes_equal, (GDestroyNotify)g_bytes_unref, NULL);

        for (uint64_t nth = 0; nth < MUTATIONS; nth++) {
                g_autoptr(GBytes) result = mutated(file, MOST_BYTES, nth);
                g_autoptr(up_case) c = assert_sound(result, file, MOST_BYTES);
                g_clear_pointer(&c->mutation, g_free);
                g_hash_table_add(distinct, up_case_write(c));
        }
        assert_in_range(g_hash_table_size(distinct), MUTATIONS - 10, MUTATIONS);
}

static void what_was_expected_of_a_case_is_not_of_its_mutation(void **state)
{
        (void)state;
        g_autoptr(GBytes) file =
            text(HEAD "title: kept\nreference: kept too\nfault: kb843545\nfinding: pending\n"
                      "evidence: no-progress\nknown: gmime 3.2.13 https://example.com/1\n"
                      "mutation: of before; graded valid\nmessage:\nSubject: x\n\nbody\n");

        for (uint64_t nth = 0; nth < 50; nth++) {
                g_autoptr(GBytes) result = mutated(file, MOST_BYTES, nth);
                g_autoptr(up_case) c = assert_sound(result, file, MOST_BYTES);

                assert_string_equal(c->title, "kept");
                assert_string_equal(c->reference, "kept too");
                assert_null(c->fault);
                assert_null(c->finding);
                assert_null(c->evidence);
                assert_null(c->known.name);
                assert_null(strstr(c->mutation, "of before"));
        }
}

/* A mutant that differs in its head alone would waste a run. */
static void more_is_changed_than_what_is_said(void **state)
{
        (void)state;
        g_autoptr(GBytes) file = text("Subject: x\n\nbody\n");
        g_autoptr(GBytes) plain = text(HEAD "message:\nSubject: x\n\nbody\n");

        for (uint64_t nth = 0; nth < 500; nth++) {
                g_autoptr(GBytes) result = mutated(file, MOST_BYTES, nth);
                g_autoptr(up_case) c = assert_sound(result, file, MOST_BYTES);
                g_clear_pointer(&c->mutation, g_free);
                g_autoptr(GBytes) unsaid = up_case_write(c);

                assert_false(g_bytes_equal(unsaid, plain));
        }
}

/* --- bounds ----------------------------------------------------------------------------------- */

/* Bytes of any kind, bits of a head among them. */
static GBytes *noise(struct up_rng *rng, size_t bytes)
{
        static const char *const pieces[] = { HEAD, "message:\n", "title: x\n", "script:\n",
                "  wait 1h\n", "  submit 1 smtp\n", "policy: attempts=3\n", "Subject: x\n", "\n",
                "\r\n", "unpend-case", "mutation: ", UP_EICAR_PLACEHOLDER, "\x30\x80" };
        GString *string = g_string_new(up_rng_one_in(rng, 2) ? HEAD : "");

        while (string->len < bytes)
                if (up_rng_one_in(rng, 2))
                        g_string_append(string, pieces[up_rng_below(rng, G_N_ELEMENTS(pieces))]);
                else
                        g_string_append_c(string, (char)up_rng_next(rng));
        g_string_truncate(string, bytes);
        return g_string_free_to_bytes(string);
}

static void no_result_is_longer_than_asked(void **state)
{
        (void)state;
        struct up_rng rng = { 1 };

        for (size_t most_bytes = 0; most_bytes <= 4096; most_bytes += 1 + most_bytes / 8) {
                for (int i = 0; i < 3; i++) {
                        g_autoptr(GBytes) file = noise(&rng, 1 + up_rng_below(&rng, 5000));
                        g_autoptr(GBytes) other = noise(&rng, up_rng_below(&rng, 5000));
                        uint64_t nth = up_rng_next(&rng);
                        g_autoptr(GBytes) result = mutated(file, most_bytes, nth);
                        g_autoptr(GBytes) cross = crossed(file, other, most_bytes, nth);

                        up_case_free(assert_sound(result, file, most_bytes));
                        up_case_free(assert_sound(cross, file, most_bytes));
                }
        }
}

/* As a fuzzer begins: with little room, at what is there already. */
static void little_room_is_no_reason_to_change_nothing(void **state)
{
        (void)state;
        static const char *const files[] = { "", "x", "\n", "\n\n", HEAD, HEAD "message:\n",
                HEAD "message:\nx", HEAD "script:\n  restart\nmessage:\n" };

        for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
                g_autoptr(GBytes) file = text(files[i]);
                for (size_t most_bytes = 1; most_bytes < 100; most_bytes++) {
                        g_autoptr(GBytes) result = mutated(file, most_bytes, most_bytes);
                        up_case_free(assert_sound(result, file, most_bytes));
                }
        }
}

static void no_room_is_no_bytes(void **state)
{
        (void)state;
        g_autoptr(GBytes) empty = up_mutate(NULL, 0, 0, 1);
        g_autoptr(GBytes) emptied = up_mutate((const uint8_t *)"x", 1, 0, 1);
        g_autoptr(GBytes) crossed_empty = up_crossover(NULL, 0, NULL, 0, 0, 1);

        assert_int_equal(g_bytes_get_size(empty), 0);
        assert_int_equal(g_bytes_get_size(emptied), 0);
        assert_int_equal(g_bytes_get_size(crossed_empty), 0);
}

/* A script is not thrown away because a title is too long. */
static void a_title_goes_before_the_script_does(void **state)
{
        (void)state;
        g_autoptr(GBytes) file = text(
            HEAD "title: as long as what was done to it, and that is what the room is wanted for\n"
                 "script:\n  submit 1 smtp\n  wait 1h\n  restart\nmessage:\nSubject: x\n\nbody\n");
        unsigned scripts = 0;

        for (uint64_t nth = 0; nth < 100; nth++) {
                g_autoptr(GBytes) result = mutated(file, g_bytes_get_size(file), nth);
                g_autoptr(up_case) c = assert_sound(result, file, g_bytes_get_size(file));
                scripts += c->script->len > 1;
        }
        assert_in_range(scripts, 80, 100);
}

/* --- operators -------------------------------------------------------------------------------- */

/* Names stand in the heads of cases with commas between them, and help lists them. */
static void the_tables_are_sound(void **state)
{
        (void)state;
        g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);

        for (int i = 0; i < UP_LAYER_COUNT; i++) {
                const struct up_layer *layer = up_layers[i];

                assert_int_not_equal(layer->count, 0);
                for (size_t j = 0; j < layer->count; j++) {
                        const struct up_operator *operator= & layer->operators[j];
                        assert_int_equal(
                            strspn(operator->name, "abcdefghijklmnopqrstuvwxyz0123456789-"),
                            strlen(operator->name));
                        assert_in_range(strlen(operator->name), 2, 30);
                        assert_in_range(operator->weight, 1, 1000);
                        assert_true(strlen(operator->what) > 0);
                        if (!g_hash_table_add(names, (char *)operator->name))
                                fail_msg("there are two operators %s", operator->name);
                }
        }
}

/* --- signatures ------------------------------------------------------------------------------- */

static void every_promise_is_kept(void **state)
{
        unsigned kept[UP_EXPECTED_COUNT] = { 0 };
        unsigned structures_that_hold = 0, unscannable = 0;

        (void)state;
        for (guint i = 0; i < seeds->len * 3; i++) {
                const struct seed *seed = g_ptr_array_index(seeds, i / 3);
                if (!g_str_has_prefix(seed->path, "seeds/smime/") ||
                    g_bytes_get_size(seed->file) > SMALL_BYTES)
                        continue;
                g_autoptr(GBytes) result = mutated(seed->file, MOST_BYTES, i);
                g_autoptr(up_case) c = read_case(result);
                enum up_expected_grade expected = up_expected_grade_of(c->mutation);
                if (!up_expected_grade_is_promise(expected) && expected != UP_EXPECTED_STRUCTURE)
                        continue;
                struct up_signatures found = judge(c);
                unscannable += found.unscannable;
                if (found.unscannable)
                        continue;
                /* A changed structure may hold or not; its content is as it was signed. */
                if (!up_expected_grade_holds(expected, &found) ||
                    (expected == UP_EXPECTED_STRUCTURE && found.count[UP_GRADE_DIGEST] > 0))
                        fail_msg("mutant %u of %s: %s; valid %u (untrusted %u), digest %u, "
                                 "broken %u",
                            i, seed->path, c->mutation, found.count[UP_GRADE_VALID],
                            found.untrusted, found.count[UP_GRADE_DIGEST],
                            found.count[UP_GRADE_BROKEN]);
                kept[expected]++;
                structures_that_hold +=
                    expected == UP_EXPECTED_STRUCTURE && found.count[UP_GRADE_VALID] > 0;
        }
        print_message("kept: %u valid, %u digest, %u attributes, %u structure (%u hold); %u hit a "
                      "limit\n",
            kept[UP_EXPECTED_VALID], kept[UP_EXPECTED_DIGEST], kept[UP_EXPECTED_ATTRIBUTES],
            kept[UP_EXPECTED_STRUCTURE], structures_that_hold, unscannable);
        assert_true(kept[UP_EXPECTED_VALID] > 30);
        assert_true(kept[UP_EXPECTED_DIGEST] > 8);
        assert_true(kept[UP_EXPECTED_ATTRIBUTES] > 0);
        assert_true(structures_that_hold > 0);
        assert_true(structures_that_hold < kept[UP_EXPECTED_STRUCTURE]);
        assert_true(unscannable < 10);
}

/* --- past the signature ----------------------------------------------------------------------- */

/* As an engine does it: a mutation of a mutation, and every other one with another case. */
static GBytes *mutated_often(guint at, unsigned generations)
{
        struct up_rng rng = { at };
        GBytes *file = g_bytes_ref(((const struct seed *)g_ptr_array_index(seeds, at))->file);

        while (generations-- > 0) {
                const struct seed *other =
                    g_ptr_array_index(seeds, (at + 7 * generations + 1) % seeds->len);
                GBytes *next = up_rng_one_in(&rng, 2)
                                   ? mutated(file, MOST_BYTES, up_rng_next(&rng))
                                   : crossed(file, other->file, MOST_BYTES, up_rng_next(&rng));
                g_bytes_unref(file);
                file = next;
        }
        return file;
}

/* Three of these in four hold, or fail by the digest alone; the limits leave room for chance. */
static void assert_come_past(const char *folder, guint each)
{
        unsigned all = 0, verified = 0, digest_only = 0;

        for (guint i = 0; i < seeds->len; i++) {
                const struct seed *seed = g_ptr_array_index(seeds, i);
                if (!g_str_has_prefix(seed->path, folder))
                        continue;
                for (guint generations = 1 + i % each; generations <= each; generations += each) {
                        g_autoptr(GBytes) result = mutated_often(i, generations);
                        g_autoptr(up_case) c = read_case(result);
                        struct up_signatures found = judge(c);
                        all++;
                        verified += found.count[UP_GRADE_VALID] > 0;
                        digest_only +=
                            found.count[UP_GRADE_VALID] == 0 && found.count[UP_GRADE_DIGEST] > 0;
                }
        }
        print_message("%s: of %u mutants %u verify, %u fail by the digest alone\n", folder, all,
            verified, digest_only);
        assert_true(verified * 100 >= all * 40);
        assert_true((verified + digest_only) * 100 >= all * 55);
        assert_true((verified + digest_only) * 100 <= all * 95); /* damage finds bugs too */
}

static void most_mutants_come_past_the_signature(void **state)
{
        (void)state;
        assert_come_past("seeds/smime/", 3);
        assert_come_past("seeds/scan_submit/", 3);
}

/* --- crossing --------------------------------------------------------------------------------- */

static void a_crossover_takes_from_both(void **state)
{
        (void)state;
        g_autoptr(GBytes) file = text(HEAD "script:\n  submit 7 smtp\nmessage:\n"
                                           "From: a@example.com\nSubject: mine\n\nmine\n");
        g_autoptr(GBytes) other = text(HEAD "policy: attempts=3\nscript:\n  submit 1 local\n"
                                            "  hold 1\nmessage:\n"
                                            "From: b@example.com\nX-Other: theirs\n\ntheirs\n");
        unsigned mine = 0, theirs = 0, script = 0, policy = 0;

        for (uint64_t nth = 0; nth < 200; nth++) {
                g_autoptr(GBytes) result = crossed(file, other, MOST_BYTES, nth);
                g_autoptr(up_case) c = assert_sound(result, file, MOST_BYTES);
                gsize bytes;
                const char *data = g_bytes_get_data(c->message, &bytes);

                mine += g_strstr_len(data, (gssize)bytes, "mine") != NULL;
                theirs += g_strstr_len(data, (gssize)bytes, "heirs") != NULL;
                for (guint i = 0; i < c->script->len; i++)
                        script += up_event_id(c->script->pdata[i]) == UP_VERB_HOLD;
                policy += c->policy.attempts == 3;
        }
        assert_in_range(mine, 100, 200);
        assert_in_range(theirs, 20, 200);
        assert_in_range(script, 10, 2000);
        assert_in_range(policy, 10, 200);
}

static void mutants_of_events_are_unsigned_and_distinct(void **state)
{
        static const char events[] = "unpend-case: 1\nmessage:\n\x02\x43\x0f\x50";
        g_autoptr(GHashTable) all =
            g_hash_table_new_full(g_bytes_hash, g_bytes_equal, (GDestroyNotify)g_bytes_unref, NULL);
        static const char marked[] = "unpend-case: 1\nmessage:\n\xf7\xf7\xf7\xf7";
        g_autoptr(up_case) other = up_case_read((const uint8_t *)marked, strlen(marked), NULL);
        g_autoptr(GBytes) file = text(events);
        unsigned policies = 0, crossed = 0;

        (void)state;
        for (uint64_t seed = 0; seed < 200; seed++) {
                struct up_case *from = up_case_read((const uint8_t *)events, strlen(events), NULL);
                GBytes *result =
                    up_mutate_events(from, seed % 2 == 0 ? other : NULL, MOST_BYTES, seed);
                g_autoptr(up_case) c = assert_sound(result, file, MOST_BYTES);
                g_autoptr(up_case) standard = up_case_new();
                assert_int_equal(up_expected_grade_of(c->mutation), UP_EXPECTED_UNSIGNED);
                assert_int_equal(c->script->len, 1);
                crossed += memchr(g_bytes_get_data(c->message, NULL), 0xf7,
                               g_bytes_get_size(c->message)) != NULL;
                policies += memcmp(&c->policy, &standard->policy, sizeof c->policy) != 0;
                g_hash_table_add(all, result);
        }
        assert_in_range(g_hash_table_size(all), 150, 200);
        assert_in_range(policies, 5, 100);
        assert_in_range(crossed, 50, 100);
        assert_null(up_mutate_events(up_case_new(), NULL, 5, 1));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_tables_are_sound),
                cmocka_unit_test(every_seed_becomes_a_readable_case_that_says_what_was_done),
                cmocka_unit_test(the_same_bytes_and_seed_make_the_same_case),
                cmocka_unit_test(mutations_of_a_signed_message_are_distinct),
                cmocka_unit_test(what_was_expected_of_a_case_is_not_of_its_mutation),
                cmocka_unit_test(more_is_changed_than_what_is_said),
                cmocka_unit_test(no_result_is_longer_than_asked),
                cmocka_unit_test(little_room_is_no_reason_to_change_nothing),
                cmocka_unit_test(no_room_is_no_bytes),
                cmocka_unit_test(a_title_goes_before_the_script_does),
                cmocka_unit_test(grades_are_read_as_they_are_written),
                cmocka_unit_test(every_promise_is_kept),
                cmocka_unit_test(most_mutants_come_past_the_signature),
                cmocka_unit_test(a_crossover_takes_from_both),
                cmocka_unit_test(mutants_of_events_are_unsigned_and_distinct),
        };

        return cmocka_run_group_tests(tests, read_all_seeds, free_all_seeds);
}
