/*
 * test_sign - what is signed again verifies, what is broken on purpose is broken in that way, and
 * the same seed makes the same bytes
 *
 * Signatures are verified by cms/smime.h, on the raw bytes of the message.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cms/random.h"
#include "mail/compose.h"
#include "cms/identity.h"
#include "mutate/peel.h"
#include "mutate/raw.h"
#include "mutate/sign.h"
#include "mutate/drafts.h"

static const char *const folders[] = { "seeds/smime", "seeds/mime", NULL };
static GPtrArray *seeds;

static int set_up(void **state)
{
        (void)state;
        up_random_restart(0);
        up_identities_load();
        seeds = read_seeds(folders);
        return seeds->len > 100 ? 0 : -1;
}

static int tear_down(void **state)
{
        (void)state;
        g_ptr_array_unref(seeds);
        return 0;
}

static const struct up_operator *find(const char *name)
{
        return operator_named(&up_sign_layer, name);
}

/* --- the grade is the truth ------------------------------------------------------------------- */

static void assert_true_grade(const struct up_draft *draft, const char *name, const char *path)
{
        struct up_signatures found = judge(draft->c);

        if (!found.unscannable && !up_expected_grade_holds(draft->expected, &found))
                fail_msg("%s of %s is graded %s, but valid %u (untrusted %u), digest %u, broken %u",
                    name, path, up_expected_grade_names[draft->expected],
                    found.count[UP_GRADE_VALID], found.untrusted, found.count[UP_GRADE_DIGEST],
                    found.count[UP_GRADE_BROKEN]);
}

/* Judging costs fifty times what signing does, so each operator is judged on some of the seeds. */
#define JUDGE_ONE_IN 8

static void every_grade_is_true(void **state)
{
        unsigned graded[UP_EXPECTED_COUNT] = { 0 };

        (void)state;
        for (guint i = 0; i < seeds->len; i++) {
                const struct seed *seed = g_ptr_array_index(seeds, i);
                if (g_bytes_get_size(seed->file) > SMALL_BYTES)
                        continue;
                for (size_t at = i % JUDGE_ONE_IN; at < up_sign_layer.count; at += JUDGE_ONE_IN) {
                        const struct up_operator *row = &up_sign_layer.operators[at];
                        struct up_draft draft;
                        draft_init(&draft, seed->file, i);
                        if (row->apply(&draft)) {
                                assert_true_grade(&draft, row->name, seed->path);
                                graded[draft.expected]++;
                        }
                        up_draft_clear(&draft);
                }
        }
        for (size_t i = 0; i < UP_EXPECTED_COUNT; i++)
                assert_true(graded[i] > 0);
}

static void signed_again_is_mostly_valid(void **state)
{
        unsigned graded[UP_EXPECTED_COUNT] = { 0 };
        const struct seed *seed = seed_named(seeds, "seeds/smime/clear-rsa.eml");

        (void)state;
        for (uint64_t rng = 0; rng < 200; rng++) {
                struct up_draft draft;
                draft_init(&draft, seed->file, rng);
                assert_true(up_sign_again(&draft));
                assert_true(draft.applied->len > 0);
                if (rng % 20 == 0)
                        assert_true_grade(&draft, draft.applied->str, seed->path);
                graded[draft.expected]++;
                up_draft_clear(&draft);
        }
        assert_true(graded[UP_EXPECTED_VALID] + graded[UP_EXPECTED_DIGEST] > 100);
        assert_true(graded[UP_EXPECTED_VALID] > graded[UP_EXPECTED_DIGEST]);
        for (size_t i = UP_EXPECTED_VALID; i < UP_EXPECTED_COUNT; i++)
                assert_true(graded[i] > 0);
}

/* A signed structure that is changed and signed again is worth little if no signature of it holds.
 */
static void changed_structures_often_hold(void **state)
{
        static const char *const names[] = { "sign-structure", "sign-attributes-again" };
        const struct seed *seed = seed_named(seeds, "seeds/smime/clear-ec.eml");

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
                unsigned held = 0, times = 0;
                for (uint64_t rng = 0; rng < 40; rng++) {
                        struct up_draft draft;
                        draft_init(&draft, seed->file, rng);
                        if (find(names[i])->apply(&draft)) {
                                struct up_signatures found = judge(draft.c);
                                assert_int_equal(draft.expected, UP_EXPECTED_STRUCTURE);
                                held += found.count[UP_GRADE_VALID];
                                times++;
                        }
                        up_draft_clear(&draft);
                }
                assert_true(times > 20);
                assert_true(held > times / 8);
                assert_true(held < times); /* or there would be nothing to see */
        }
}

/* The case's time decides which certificates are valid. */
static void grade_depends_on_the_time_of_the_case(void **state)
{
        static const int64_t years[] = { INT64_C(0), INT64_C(33000000000) }; /* 1970, 3015 */
        const struct seed *seed = seed_named(seeds, "seeds/smime/clear-rsa.eml");

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(years); i++)
                for (uint64_t rng = 0; rng < 10; rng++) {
                        struct up_draft draft;
                        draft_init(&draft, seed->file, rng);
                        draft.c->time_s = years[i];
                        if (find("sign-clear")->apply(&draft))
                                assert_int_equal(draft.expected, UP_EXPECTED_UNKNOWN);
                        up_draft_clear(&draft);
                }
}

/* --- what is signed ----------------------------------------------------------------------------
 */

static void draft_of_text(struct up_draft *draft, const char *text, uint64_t rng)
{
        g_autoptr(GBytes) file = up_compose_lines(text);

        draft_init(draft, file, rng);
}

static char *text_of(const struct up_draft *draft)
{
        return g_strndup(
            g_bytes_get_data(draft->c->message, NULL), g_bytes_get_size(draft->c->message));
}

static void content_fields_go_inside(void **state)
{
        struct up_draft draft;
        g_autofree char *text = NULL;
        char *inside;

        (void)state;
        draft_of_text(&draft,
            "From: a@example.com\nContent-Type: text/html;\n charset=utf-8\nSubject: s\n\nhello\n",
            1);
        assert_true(find("sign-clear")->apply(&draft));
        text = text_of(&draft);
        assert_true(g_str_has_prefix(
            text, "From: a@example.com\r\nSubject: s\r\nContent-Type: multipart/signed;"));
        inside = strstr(text, "Content-Type: text/html;\r\n charset=utf-8\r\n\r\nhello\r\n");
        assert_non_null(inside);
        assert_true(inside > strstr(text, "\r\n\r\n"));
        up_draft_clear(&draft);
}

/* However deep it was, what was inside is signed, and nothing of the layers is left. */
static void innermost_is_signed(void **state)
{
        static const char *const paths[] = { "seeds/smime/triple-rsa.eml",
                "seeds/smime/opaque-twice.eml", "seeds/smime/signed-compressed-encrypted.eml",
                "seeds/smime/forwarded-pss.eml", "seeds/smime/list-footer.eml",
                "seeds/smime/bare.p7m" };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
                struct up_draft draft;
                g_autofree char *text = NULL;
                const char *first;
                draft_init(&draft, seed_named(seeds, paths[i])->file, i);
                assert_true(find("sign-clear")->apply(&draft));
                text = text_of(&draft);
                assert_non_null(strstr(text, "the minutes are ready."));
                first = strstr(text, "multipart/signed");
                assert_non_null(first);
                assert_null(strstr(first + 1, "multipart/signed"));
                assert_null(strstr(text, "pkcs7-mime"));
                up_draft_clear(&draft);
        }
}

static void unwrapped_is_what_was_signed(void **state)
{
        struct up_draft draft;
        g_autofree char *text = NULL;

        (void)state;
        draft_init(&draft, seed_named(seeds, "seeds/smime/triple-ec.eml")->file, 1);
        assert_true(find("unwrap")->apply(&draft));
        assert_int_equal(draft.expected, UP_EXPECTED_UNSIGNED);
        text = text_of(&draft);
        assert_non_null(strstr(text, "the minutes are ready."));
        assert_null(strstr(text, "pkcs7"));
        assert_false(find("unwrap")->apply(&draft));
        up_draft_clear(&draft);
}

/* Lines that would be boundaries of what stands around must not end what is signed. */
static void odd_contents_are_signed_whole(void **state)
{
        static const char *const texts[] = {
                "",
                "\n",
                "\n\n",
                "From: a@example.com",
                "Content-Type: text/plain\n",
                "no colon\nContent-Type: text/plain; x=\"",
                " continued\nContent-Type: text/plain\n\n.",
                "\n--\n----\n--b--\n",
                "Content-Type: multipart/mixed; boundary=\"\"\n\n--\n\n--\n",
                "Content-Type: multipart/mixed; boundary=b\n\n--b\n\n{{EICAR}}",
                "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: a/b\n\n--b--\n",
        };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
                for (uint64_t rng = 0; rng < 4; rng++) {
                        struct up_draft draft;
                        const char *name = rng % 2 == 0 ? "sign-clear" : "sign-digest";
                        draft_of_text(&draft, texts[i], rng);
                        assert_true(find(name)->apply(&draft));
                        assert_true_grade(&draft, name, texts[i]);
                        up_draft_clear(&draft);
                }
}

/* Nothing that becomes something else when a case is written and read again is signed. */
static void a_case_file_keeps_its_signature(void **state)
{
        (void)state;
        for (uint64_t rng = 0; rng < 4; rng++) {
                struct up_draft draft, again;
                g_autoptr(GBytes) file = NULL;
                struct up_signatures found;
                draft_of_text(&draft, "Subject: virus\n\n{{EICAR}} {{EICAR}}\n", rng);
                assert_true(find("sign-clear")->apply(&draft));
                file = up_case_write(draft.c);
                draft_init(&again, file, 0);
                found = judge(again.c);
                assert_int_equal(found.count[UP_GRADE_VALID], 1);
                up_draft_clear(&again);
                up_draft_clear(&draft);
        }
}

/* --- bytes ------------------------------------------------------------------------------------ */

static void operators_are_sound(void **state)
{
        (void)state;
        assert_sound_layer(&up_sign_layer, seeds, 24);
}

static void another_seed_makes_other_bytes(void **state)
{
        const struct seed *seed = seed_named(seeds, "seeds/smime/clear-rsa.eml");

        (void)state;
        for (size_t at = 0; at < up_sign_layer.count; at++) {
                const struct up_operator *row = &up_sign_layer.operators[at];
                g_autoptr(GHashTable) seen = g_hash_table_new_full(
                    g_bytes_hash, g_bytes_equal, (GDestroyNotify)g_bytes_unref, NULL);
                for (uint64_t rng = 0; rng < 12; rng++) {
                        GBytes *made = applied(row, seed, rng, MOST_BYTES);
                        if (made != NULL)
                                g_hash_table_add(seen, made);
                }
                assert_true(g_hash_table_size(seen) > (strcmp(row->name, "unwrap") == 0 ? 0u : 2u));
        }
}

/* The message, whose body is base64, with the same content in quoted-printable. */
static GBytes *in_quoted_printable(GBytes *message)
{
        static const char encoding[] = "base64";
        g_autoptr(GPtrArray) entities = up_raw_entities(message);
        const struct up_entity *root = g_ptr_array_index(entities, 0);
        g_autoptr(GBytes) content = up_entity_content(message, root, G_MAXSIZE);
        gsize bytes;
        const guint8 *data = g_bytes_get_data(content, &bytes);
        GString *text = g_string_new_len(g_bytes_get_data(message, NULL), (gssize)root->body.begin);

        assert_int_equal(g_string_replace(text, encoding, "quoted-printable", 1), 1);
        for (gsize i = 0; i < bytes; i++)
                g_string_append_printf(text, "=%02X%s", data[i], i % 20 == 19 ? "=\r\n" : "");
        return g_string_free_to_bytes(text);
}

/* A reader decodes the body, whatever its encoding is: what it can open, the mutator must see. */
static void layers_are_seen_in_each_encoding(void **state)
{
        static const char *const paths[] = { "seeds/smime/opaque-rsa.eml",
                "seeds/smime/encrypted-rsa.eml", "seeds/smime/compressed.eml" };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
                GBytes *message = seed_named(seeds, paths[i])->file;
                g_autoptr(GBytes) other = in_quoted_printable(message);
                struct up_peeled peeled, peeled_other;

                assert_true(up_peel_holds_more(message));
                assert_true(up_peel_holds_more(other));
                up_peel(message, false, MOST_BYTES, &peeled);
                up_peel(other, false, MOST_BYTES, &peeled_other);
                assert_true(peeled.layers && peeled_other.layers);
                assert_true(g_bytes_equal(peeled.inside, peeled_other.inside));
                up_peeled_clear(&peeled);
                up_peeled_clear(&peeled_other);
        }
}

/* A reader may look for the signature of the multipart/signed around it alone. */
static void a_signature_around_is_another(void **state)
{
        GBytes *message = seed_named(seeds, "seeds/smime/opaque-in-clear.eml")->file;
        gsize bytes;
        const char *data = g_bytes_get_data(message, &bytes);
        GString *text = g_string_new_len(data, (gssize)bytes);
        struct up_peeled peeled;

        (void)state;
        /* Its signature is no CMS: it is not opened, and not seen beside what is opened. */
        assert_int_equal(
            g_string_replace(text, "application/pkcs7-signature;", "text/plain;", 0), 1);
        assert_int_equal(g_string_replace(text, "smime.p7s", "signature.txt", 0), 2);
        g_autoptr(GBytes) unreadable = g_string_free_to_bytes(text);
        up_peel(unreadable, false, MOST_BYTES, &peeled);
        assert_true(peeled.layers);
        assert_true(peeled.others);
        up_peeled_clear(&peeled);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_grade_is_true),
                cmocka_unit_test(signed_again_is_mostly_valid),
                cmocka_unit_test(changed_structures_often_hold),
                cmocka_unit_test(grade_depends_on_the_time_of_the_case),
                cmocka_unit_test(content_fields_go_inside),
                cmocka_unit_test(innermost_is_signed),
                cmocka_unit_test(unwrapped_is_what_was_signed),
                cmocka_unit_test(odd_contents_are_signed_whole),
                cmocka_unit_test(a_case_file_keeps_its_signature),
                cmocka_unit_test(layers_are_seen_in_each_encoding),
                cmocka_unit_test(a_signature_around_is_another),
                cmocka_unit_test(operators_are_sound),
                cmocka_unit_test(another_seed_makes_other_bytes),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
