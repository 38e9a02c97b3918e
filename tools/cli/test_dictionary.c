/*
 * test_dictionary - the command `unpend dictionary`, run as a user runs it
 *
 * What it prints is read as the engines read it. The program is the one in build/, or where
 * UNPEND_BUILD says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <gmime/gmime.h>
#include <openssl/objects.h>

#include "case/case.h"
#include "fuzz/targets.h"
#include "mail/charset.h"
#include "cms/cms.h"
#include "cms/open_layer.h"
#include "mail/words.h"

#define WORD_BYTES 64 /* libFuzzer leaves out what is longer, AFL++ from 128 on */

/* --- the program ------------------------------------------------------------------------------ */

struct outcome {
        int status;
        char *out;
        char *err;
};

static struct outcome run(const char *first, const char *second)
{
        const char *build = g_getenv("UNPEND_BUILD");
        g_autofree char *program =
            g_build_filename(build != NULL ? build : "build", "unpend", NULL);
        const char *words[] = { program, "dictionary", first, second, NULL };
        g_autoptr(GError) error = NULL;
        struct outcome outcome = { 0 };
        int wait_status;

        if (!g_spawn_sync(NULL, (char **)(uintptr_t)words, NULL, G_SPAWN_DEFAULT, NULL, NULL,
                &outcome.out, &outcome.err, &wait_status, &error))
                fail_msg("%s", error->message);
        assert_true(WIFEXITED(wait_status));
        outcome.status = WEXITSTATUS(wait_status);
        return outcome;
}

static void outcome_clear(struct outcome *outcome)
{
        g_free(outcome->out);
        g_free(outcome->err);
}

/* --- a dictionary as an engine reads it ------------------------------------------------------- */

/* The bytes between the quotes; only \xAB is an escape that both engines know alike. */
static GBytes *word_of(const char *line)
{
        const char *at = line + strspn(line, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_");
        g_autoptr(GByteArray) word = g_byte_array_new();
        size_t end = strlen(line) - 1;

        if (at > line && *at++ != '=')
                fail_msg("%s: no equals sign after the name", line);
        if (*at++ != '"' || line[end] != '"' || at > line + end)
                fail_msg("%s: no quotes", line);
        while (at < line + end) {
                guint8 byte = (guint8)*at;
                if (!g_ascii_isprint(*at) || *at == '"')
                        fail_msg("%s: a byte that has to be escaped", line);
                if (*at == '\\') {
                        if (at[1] != 'x' || !g_ascii_isxdigit(at[2]) || !g_ascii_isxdigit(at[3]))
                                fail_msg("%s: an escape that is not \\xAB", line);
                        byte = (guint8)(g_ascii_xdigit_value(at[2]) * 16 +
                                        g_ascii_xdigit_value(at[3]));
                        at += 3;
                }
                g_byte_array_append(word, &byte, 1);
                at++;
        }
        if (word->len < 1 || word->len > WORD_BYTES)
                fail_msg("%s: %u bytes", line, word->len);
        return g_byte_array_free_to_bytes(g_steal_pointer(&word));
}

/* All words of the target's dictionary; none of them twice. */
static GHashTable *words_of(const char *target)
{
        struct outcome outcome = run(target, NULL);
        g_auto(GStrv) lines = g_strsplit(outcome.out, "\n", -1);
        GHashTable *words =
            g_hash_table_new_full(g_bytes_hash, g_bytes_equal, (GDestroyNotify)g_bytes_unref, NULL);

        assert_int_equal(outcome.status, 0);
        assert_string_equal(outcome.err, "");
        for (char **line = lines; *line != NULL; line++)
                if (**line != '\0' && **line != '#' && !g_hash_table_add(words, word_of(*line)))
                        fail_msg("%s: %s stands twice", target, *line);
        outcome_clear(&outcome);
        return words;
}

/* Has the dictionary a word with that in it? */
static bool helps_with(GHashTable *words, const void *data, size_t bytes)
{
        GHashTableIter iter;
        gpointer key;

        g_hash_table_iter_init(&iter, words);
        while (g_hash_table_iter_next(&iter, &key, NULL)) {
                gsize size;
                const void *word = g_bytes_get_data(key, &size);
                if (memmem(word, size, data, bytes) != NULL)
                        return true;
        }
        return false;
}

static void expect(GHashTable *words, const char *word, const char *after)
{
        g_autofree char *whole = g_strconcat(word, after, NULL);

        if (!helps_with(words, whole, strlen(whole)))
                fail_msg("%s is in no word", whole);
}

static void expect_list(GHashTable *words, const char *const *list, const char *after)
{
        for (; *list != NULL; list++)
                expect(words, *list, after);
}

/* --- tests ------------------------------------------------------------------------------------ */

static void each_target_has_one_that_engines_read(void **state)
{
        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(up_target_rows); i++) {
                g_autoptr(GHashTable) words = words_of(up_target_rows[i].name);
                assert_int_not_equal(g_hash_table_size(words), 0);
        }
}

static void a_case_can_be_written_with_any(void **state)
{
        (void)state;
        for (size_t t = 0; t < G_N_ELEMENTS(up_target_rows); t++) {
                g_autoptr(GHashTable) words = words_of(up_target_rows[t].name);
                for (size_t i = 0; i < UP_CASE_KEY_COUNT; i++)
                        expect(words, up_case_key_rows[i].name, ":");
                for (size_t i = 0; i < UP_POLICY_ROWS; i++)
                        expect(words, up_policy_rows[i].name, "=");
                for (size_t i = 0; i < UP_LIMIT_ROWS; i++)
                        expect(words, up_limit_rows[i].name, "=");
                expect(words, "unscannable=", "quarantine");
        }
}

/* The reader makes nothing of half an event. */
static void scan_submit_has_whole_events(void **state)
{
        g_autoptr(GHashTable) words = words_of("scan_submit");
        GHashTableIter iter;
        gpointer key;
        unsigned events = 0;

        (void)state;
        for (size_t i = 0; i < UP_VERB_COUNT; i++) {
                g_autofree char *begin = g_strconcat("  ", up_verb_rows[i].name, NULL);
                expect(words, begin, *up_verb_rows[i].arguments != '\0' ? " " : "\n");
        }
        g_hash_table_iter_init(&iter, words);
        while (g_hash_table_iter_next(&iter, &key, NULL)) {
                gsize bytes;
                const char *word = g_bytes_get_data(key, &bytes);
                if (bytes < 3 || memcmp(word, "  ", 2) != 0 || !g_ascii_islower(word[2]))
                        continue;
                g_autofree char *file =
                    g_strdup_printf("unpend-case: 1\nscript:\n%.*smessage:\n", (int)bytes, word);
                g_autoptr(GPtrArray) complaints = up_complaints_new();
                g_autoptr(up_case) c =
                    up_case_read((const uint8_t *)file, strlen(file), complaints);
                if (complaints->len > 0 || c->script->len != 1)
                        fail_msg("%s is no event", file);
                events++;
        }
        assert_true(events > UP_VERB_COUNT);
}

static void pipeline_targets_know_values(void **state)
{
        static const char *const targets[] = { "scan_submit", "machine" };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(targets); i++) {
                g_autoptr(GHashTable) words = words_of(targets[i]);
                expect(words, "attempts=1", "");
                expect(words, "lifetime=2d", "");
                expect(words, "backoff=1m..1h", "");
        }
}

static void mime_has_the_words_of_mail(void **state)
{
        g_autoptr(GHashTable) words = words_of("mime");

        (void)state;
        for (size_t form = 0; form < UP_FORMS; form++)
                expect_list(words, up_fields[form], ": ");
        expect_list(words, up_type_parameters, "=");
        expect_list(words, up_disposition_parameters, "=");
        expect_list(words, up_dispositions, "");
        expect_list(words, up_media_types, "");
        expect_list(words, up_charsets, "");
        expect_list(words, up_text_marks, "");
}

static void mime_has_each_encoding_of_gmime(void **state)
{
        g_autoptr(GHashTable) words = words_of("mime");

        (void)state;
        for (const char *const *name = up_encodings; *name != NULL; name++)
                assert_int_not_equal(
                    g_mime_content_encoding_from_string(*name), GMIME_CONTENT_ENCODING_DEFAULT);
        for (int encoding = GMIME_CONTENT_ENCODING_7BIT;
             encoding <= GMIME_CONTENT_ENCODING_UUENCODE; encoding++)
                expect(
                    words, g_mime_content_encoding_to_string((GMimeContentEncoding)encoding), "");
}

static void smime_has_types_that_carry_cms(void **state)
{
        g_autoptr(GHashTable) words = words_of("smime");

        (void)state;
        for (size_t i = 0; up_carriers[i].type != NULL; i++) {
                expect(words, up_carriers[i].type, "/");
                expect(words, up_carriers[i].subtype, "");
                if (up_carriers[i].suffixes != NULL)
                        expect_list(words, up_carriers[i].suffixes, "");
        }
        expect_list(words, up_smime_types, "");
        expect(words, "multipart/signed", "");
}

static void smime_has_the_parts_of_cms(void **state)
{
        static const char end_of_contents[] = { 0, 0 };
        static const char signing_time[] = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x05";
        g_autoptr(GHashTable) words = words_of("smime");
        int nid;

        (void)state;
        assert_int_equal(up_cms_content_type(0), NID_pkcs7_data);
        for (size_t i = 0; (nid = up_cms_content_type(i)) != NID_undef; i++) {
                const ASN1_OBJECT *object = OBJ_nid2obj(nid);
                if (!helps_with(words, OBJ_get0_data(object), OBJ_length(object)))
                        fail_msg("%s is in no word", OBJ_nid2sn(nid));
        }
        assert_true(helps_with(words, signing_time, strlen(signing_time)));
        assert_true(helps_with(words, end_of_contents, sizeof end_of_contents));
}

static void usage_errors_name_the_argument(void **state)
{
        struct outcome nothing = run(NULL, NULL);
        struct outcome unknown = run("smine", NULL);
        struct outcome excess = run("smime", "mime");

        (void)state;
        assert_int_equal(nothing.status, 2);
        assert_non_null(strstr(nothing.err, "target"));
        assert_int_equal(unknown.status, 2);
        assert_non_null(strstr(unknown.err, "smine"));
        assert_int_equal(excess.status, 2);
        assert_non_null(strstr(excess.err, "argument mime"));
        assert_string_equal(excess.out, "");
        outcome_clear(&nothing);
        outcome_clear(&unknown);
        outcome_clear(&excess);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(each_target_has_one_that_engines_read),
                cmocka_unit_test(a_case_can_be_written_with_any),
                cmocka_unit_test(scan_submit_has_whole_events),
                cmocka_unit_test(pipeline_targets_know_values),
                cmocka_unit_test(mime_has_the_words_of_mail),
                cmocka_unit_test(mime_has_each_encoding_of_gmime),
                cmocka_unit_test(smime_has_types_that_carry_cms),
                cmocka_unit_test(smime_has_the_parts_of_cms),
                cmocka_unit_test(usage_errors_name_the_argument),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
