/*
 * test_readings - the test file is found wherever OpenSSL can open without a key, and nowhere else;
 * signatures are counted, and no reason to refuse mail; memory that runs out is no verdict
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/err.h>

#include "cms/random.h"
#include "cms/protect.h"
#include "mail/compose.h"
#include "mail/eicar.h"
#include "cms/identity.h"
#include "world/readings.h"

#define HEADER "Subject: x\r\nMIME-Version: 1.0\r\n"
#define TYPE   "Content-Type: text/plain\r\n\r\n"

static const struct up_signing opaque = {
        .signers = { { .identity = "alice-ec" } },
        .opaque = true,
        .time_s = 1748779200,
        .boundary = "b",
};

/* The text with the test file in place of {{EICAR}}. */
static GBytes *expanded(const char *text)
{
        return up_eicar_expand((const uint8_t *)text, strlen(text));
}

static GBytes *infected_entity(void)
{
        return expanded(TYPE UP_EICAR_PLACEHOLDER "\r\n");
}

static enum up_verdict verdict_of_message(GBytes *message)
{
        g_autoptr(up_readings) readings = up_readings_new();

        return up_readings_read(readings, message, 0).verdict;
}

static enum up_verdict verdict_of_entity(GBytes *entity)
{
        g_autoptr(GBytes) message = up_compose_message(HEADER, entity);

        assert_non_null(entity);
        return verdict_of_message(message);
}

static GBytes *signed_by(const struct up_signing *signing, GBytes *entity)
{
        GBytes *result = up_sign_entity(entity, signing, NULL);

        assert_non_null(result);
        return result;
}

static void it_is_found_in_signed_content(void **state)
{
        (void)state;
        g_autoptr(GBytes) entity = infected_entity();
        struct up_signing signing = opaque;
        g_autoptr(GBytes) der = signed_by(&signing, entity);
        signing.indefinite = true;
        g_autoptr(GBytes) ber = signed_by(&signing, entity);
        g_autoptr(GBytes) compressed = up_compress_entity(entity, UP_NAMING_STANDARD);
        g_autoptr(GBytes) both = signed_by(&opaque, compressed);
        g_autoptr(GBytes) harmless = expanded(TYPE "nothing\r\n");
        g_autoptr(GBytes) harmless_signed = signed_by(&opaque, harmless);
        g_autoptr(GBytes) encoded = up_compose_base64("Content-Type: text/plain\r\n"
                                                      "Content-Transfer-Encoding: base64\r\n",
            entity);
        signing = opaque;
        signing.opaque = false;
        g_autoptr(GBytes) clear = signed_by(&signing, encoded);

        assert_int_equal(verdict_of_entity(der), UP_VERDICT_INFECTED);
        assert_int_equal(verdict_of_entity(ber), UP_VERDICT_INFECTED);
        assert_int_equal(verdict_of_entity(compressed), UP_VERDICT_INFECTED);
        assert_int_equal(verdict_of_entity(both), UP_VERDICT_INFECTED);
        assert_int_equal(verdict_of_entity(clear), UP_VERDICT_INFECTED);
        assert_int_equal(verdict_of_entity(harmless_signed), UP_VERDICT_CLEAN);
}

static void encrypted_content_is_not_opened(void **state)
{
        (void)state;
        const struct up_encrypting encrypting = { .recipients = { "bob-ec" } };
        g_autoptr(GBytes) entity = infected_entity();
        g_autoptr(GBytes) encrypted = up_encrypt_entity(entity, &encrypting, NULL);

        assert_int_equal(verdict_of_entity(encrypted), UP_VERDICT_CLEAN);
}

/* An element of indefinite length around @inside, and the end of it. */
static void put_indefinite(GByteArray *out, guint8 tag, GByteArray *inside)
{
        const guint8 begin[] = { tag, 0x80 }, end[] = { 0, 0 };

        g_byte_array_append(out, begin, sizeof begin);
        g_byte_array_append(out, inside->data, inside->len);
        g_byte_array_append(out, end, sizeof end);
}

static GByteArray *indefinite(guint8 tag, GByteArray *inside)
{
        GByteArray *out = g_byte_array_new();

        put_indefinite(out, tag, inside);
        g_byte_array_unref(inside);
        return out;
}

static GByteArray *after(const guint8 *begin, guint size, GByteArray *rest)
{
        g_byte_array_prepend(rest, begin, size);
        return rest;
}

/* SignedData without a signer, whose content comes in pieces of so many bytes, at most 127. */
static GBytes *in_pieces_of(gsize most, GBytes *content)
{
        static const guint8 data_type[] = { 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0xd, 1, 7, 1 };
        static const guint8 signed_type[] = { 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0xd, 1, 7, 2 };
        static const guint8 version_and_digests[] = { 2, 1, 1, 0x31, 0 }, signers[] = { 0x31, 0 };
        GByteArray *pieces = g_byte_array_new();
        gsize size;
        const guint8 *data = g_bytes_get_data(content, &size);

        for (gsize at = 0; at < size; at += most) {
                const guint8 piece[] = { 4, (guint8)MIN(most, size - at) };
                g_byte_array_append(pieces, piece, sizeof piece);
                g_byte_array_append(pieces, data + at, piece[1]);
        }
        GByteArray *encapsulated = indefinite(
            0x30, after(data_type, sizeof data_type, indefinite(0xa0, indefinite(0x24, pieces))));
        g_byte_array_append(encapsulated, signers, sizeof signers);
        after(version_and_digests, sizeof version_and_digests, encapsulated);
        return g_byte_array_free_to_bytes(
            indefinite(0x30, after(signed_type, sizeof signed_type,
                                 indefinite(0xa0, indefinite(0x30, encapsulated)))));
}

/* Nowhere in the structure do the bytes of the test file stand together. */
static void it_is_found_in_pieces(void **state)
{
        (void)state;
        static const char header[] = "Content-Type: application/pkcs7-mime; smime-type=signed-data"
                                     "\r\nContent-Transfer-Encoding: base64\r\n";
        static const gsize sizes[] = { 1, 17, 60, 127 };
        g_autoptr(GBytes) infected = infected_entity();

        for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
                g_autoptr(GBytes) structure = in_pieces_of(sizes[i], infected);
                g_autoptr(GBytes) entity = up_compose_base64(header, structure);
                assert_int_equal(verdict_of_entity(entity), UP_VERDICT_INFECTED);
                assert_int_equal(verdict_of_message(structure), UP_VERDICT_INFECTED);
        }
}

static GBytes *wrapped(unsigned layers)
{
        GBytes *entity = infected_entity();

        for (unsigned i = 0; i < layers; i++) {
                GBytes *outer = i % 2 != 0 ? signed_by(&opaque, entity)
                                           : up_compress_entity(entity, UP_NAMING_STANDARD);
                g_bytes_unref(entity);
                entity = outer;
        }
        return entity;
}

static void layers_are_opened_to_the_limit(void **state)
{
        (void)state;
        struct up_limits limits;
        up_limits_init(&limits);
        g_autoptr(GBytes) deepest = wrapped((unsigned)limits.layers);
        g_autoptr(GBytes) too_deep = wrapped((unsigned)limits.layers + 1);

        assert_int_equal(verdict_of_entity(deepest), UP_VERDICT_INFECTED);
        assert_int_equal(verdict_of_entity(too_deep), UP_VERDICT_UNSCANNABLE);
}

/* --- readers that differ ---------------------------------------------------------------------- */

/* The test file in base64, and a message that holds it so, in base64 again. */
#define ENCODED_TEST_FILE                                                                          \
        "WDVPIVAlQEFQWzRcUFpYNTQoUF4pN0NDKTd9JEVJQ0FSLVNUQU5EQVJELUFOVElWSVJVUy1URVNU\r\n"         \
        "LUZJTEUhJEgrSCo=\r\n"
#define BASE64 "Content-Transfer-Encoding: base64\r\n"

static void encoded_composites_are_opened(void **state)
{
        (void)state;
        g_autoptr(GBytes) entity = expanded(TYPE UP_EICAR_PLACEHOLDER "\r\n");
        g_autoptr(GBytes) encoded =
            up_compose_base64("Content-Type: message/rfc822\r\n" BASE64, entity);
        g_autoptr(GBytes) twice =
            up_compose_base64("Content-Type: message/rfc822\r\n" BASE64, encoded);
        g_autoptr(GBytes) parts = expanded("--b\r\n" BASE64 "\r\n" ENCODED_TEST_FILE "--b--\r\n");
        g_autoptr(GBytes) multipart =
            up_compose_base64("Content-Type: multipart/mixed; boundary=b\r\n" BASE64, parts);

        assert_int_equal(verdict_of_entity(encoded), UP_VERDICT_INFECTED);
        assert_int_equal(verdict_of_entity(twice), UP_VERDICT_INFECTED);
        assert_int_equal(verdict_of_entity(multipart), UP_VERDICT_INFECTED);
}

static void ambiguous_mail_is_unscannable(void **state)
{
        static const struct {
                const char *entity;
                enum up_verdict verdict;
                const char *reason;
        } rows[] = {
                { TYPE "text\r\n", UP_VERDICT_CLEAN, NULL },
                { "Content-Type: text/html\r\n" TYPE "text\r\n", UP_VERDICT_UNSCANNABLE,
                    "repeated-content-type" },
                { "Content-Type: text/html\r\n" BASE64 TYPE ENCODED_TEST_FILE, UP_VERDICT_INFECTED,
                    NULL },
        };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                g_autoptr(GBytes) entity =
                    g_bytes_new_static(rows[i].entity, strlen(rows[i].entity));
                g_autoptr(GBytes) message = up_compose_message(HEADER, entity);
                g_autoptr(up_readings) readings = up_readings_new();
                struct up_found found = up_readings_read(readings, message, 0);
                assert_int_equal(found.verdict, rows[i].verdict);
                if (rows[i].reason != NULL)
                        assert_string_equal(found.reason, rows[i].reason);
                else
                        assert_null(found.reason);
        }
}

/* --- signatures ------------------------------------------------------------------------------- */

static void count_of(GBytes *message, uint64_t *ret_verified, uint64_t *ret_digest_only)
{
        g_autoptr(up_readings) readings = up_readings_new();
        struct up_limits limits;
        struct up_observations observed;

        up_limits_init(&limits);
        up_observations_init(&observed, &limits, 0);
        for (int i = 0; i < 3; i++)
                assert_int_equal(up_readings_read(readings, message, 0).verdict, UP_VERDICT_CLEAN);
        up_readings_read(readings, message, 1);
        up_readings_count(readings, &observed);
        assert_int_equal(observed.counts[UP_COUNT_REASONS_JUDGED], 0);
        *ret_verified = observed.counts[UP_COUNT_VERIFIED];
        *ret_digest_only = observed.counts[UP_COUNT_DIGEST_ONLY];
        up_observations_clear(&observed);
}

static void signatures_are_counted_once_and_refuse_no_mail(void **state)
{
        (void)state;
        struct up_signing signing = opaque;
        uint64_t verified, digest_only;
        g_autoptr(GBytes) text = expanded(TYPE "this is signed\r\n");
        g_autoptr(GBytes) other = expanded(TYPE "this was not signed\r\n");
        signing.opaque = false;
        g_autoptr(GBytes) signature = up_sign_content(text, &signing, NULL);
        g_autoptr(GBytes) good = up_entity_of_signature(text, signature, &signing);
        g_autoptr(GBytes) changed = up_entity_of_signature(other, signature, &signing);
        g_autoptr(GBytes) garbage = g_bytes_new_static("\x30\x03\x02\x01\x01", 5);
        g_autoptr(GBytes) unreadable = up_entity_of_signature(text, garbage, &signing);

        count_of(good, &verified, &digest_only);
        assert_int_equal(verified, 1);
        assert_int_equal(digest_only, 0);
        count_of(changed, &verified, &digest_only);
        assert_int_equal(verified, 0);
        assert_int_equal(digest_only, 1);
        count_of(unreadable, &verified, &digest_only);
        assert_int_equal(verified + digest_only, 0);
}

/* --- trace fields ----------------------------------------------------------------------------- */

static uint64_t parts_read(const char *first, const char *second)
{
        g_autoptr(up_readings) readings = up_readings_new();
        g_autoptr(GBytes) one = expanded(first), other = expanded(second);
        struct up_limits limits;
        struct up_observations observed;

        up_limits_init(&limits);
        up_observations_init(&observed, &limits, 0);
        up_readings_read(readings, one, 0);
        up_readings_read(readings, other, 0);
        up_readings_count(readings, &observed);
        uint64_t parts = observed.counts[UP_COUNT_PARTS];
        up_observations_clear(&observed);
        return parts;
}

static void only_trace_fields_are_left_out(void **state)
{
        (void)state;
        static const struct {
                const char *first, *second;
                unsigned decoded; /* how many of the two */
        } rows[] = {
                { "Received: a\r\n" HEADER TYPE,
                    "Received: b\r\n c\r\nreceived:\td\r\n" HEADER TYPE, 1 },
                { HEADER TYPE, "Received: a\n" HEADER TYPE, 1 },
                { "X: 1\r\n" HEADER TYPE, "X: 2\r\n" HEADER TYPE, 2 },
                { HEADER TYPE, "Received: \x7f\r\n" HEADER TYPE, 2 },
                { HEADER TYPE, "Received: \xc3\xbc\r\n" HEADER TYPE, 2 },
                { HEADER TYPE, "Received: a\rb\r\n" HEADER TYPE, 2 },
                { HEADER TYPE, "Received : a\r\n" HEADER TYPE, 2 },
                { HEADER TYPE, "X: 1\r\nReceived: a\r\n" HEADER TYPE, 2 },
                /* another line before the header: readers differ in what they make of it */
                { "Received: a\r\nFrom u\r\n" HEADER TYPE, "Received: b\r\nFrom u\r\n" HEADER TYPE,
                    2 },
                { "Received: a\r\n\r\nx", "Received: b\r\n\r\nx", 2 },
                { HEADER TYPE, "Received: " UP_EICAR_PLACEHOLDER "\r\n" HEADER TYPE, 2 },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
                if (parts_read(rows[i].first, rows[i].second) != rows[i].decoded)
                        fail_msg("row %zu", i);
        g_autoptr(GBytes) infected = expanded("Received: " UP_EICAR_PLACEHOLDER "\r\n" HEADER TYPE);
        assert_int_equal(verdict_of_message(infected), UP_VERDICT_INFECTED);
}

/* --- memory ----------------------------------------------------------------------------------- */

static void memory_that_runs_out_is_no_verdict(void **state)
{
        (void)state;
        g_autoptr(up_readings) readings = up_readings_new();
        g_autoptr(GBytes) text = expanded(TYPE "harmless\r\n");
        g_autoptr(GBytes) entity = signed_by(&opaque, text);
        g_autoptr(GBytes) infected = infected_entity();
        g_autoptr(GBytes) message = up_compose_message(HEADER, entity);
        g_autoptr(GBytes) plain = up_compose_message(HEADER, infected);
        struct up_found found = up_readings_read(readings, message, 1);

        assert_int_equal(found.verdict, UP_VERDICT_NONE);
        assert_int_equal(ERR_GET_REASON(found.code), ERR_R_MALLOC_FAILURE);
        assert_int_equal(up_readings_read(readings, message, 0).verdict, UP_VERDICT_CLEAN);
        assert_int_equal(up_readings_read(readings, message, 1000000).verdict, UP_VERDICT_CLEAN);
        assert_int_equal(up_readings_read(readings, message, 1).verdict, UP_VERDICT_NONE);
        /* where OpenSSL has nothing to do, it needs no memory */
        assert_int_equal(up_readings_read(readings, plain, 1).verdict, UP_VERDICT_INFECTED);
}

static int start(void **state)
{
        (void)state;
        up_identities_load();
        up_random_restart(0);
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(it_is_found_in_signed_content),
                cmocka_unit_test(encrypted_content_is_not_opened),
                cmocka_unit_test(it_is_found_in_pieces),
                cmocka_unit_test(layers_are_opened_to_the_limit),
                cmocka_unit_test(encoded_composites_are_opened),
                cmocka_unit_test(ambiguous_mail_is_unscannable),
                cmocka_unit_test(signatures_are_counted_once_and_refuse_no_mail),
                cmocka_unit_test(only_trace_fields_are_left_out),
                cmocka_unit_test(memory_that_runs_out_is_no_verdict),
        };

        return cmocka_run_group_tests(tests, start, NULL);
}
