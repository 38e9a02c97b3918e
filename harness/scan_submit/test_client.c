/*
 * The scan client sees of every seed how its outermost layer protects it, whether the header says
 * so or only the content; a message is over a limit from exactly one byte, part or level too many
 * on, and looking at it costs no more then; and no answer of the scanner is read as a failure that
 * has no reason.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <openssl/cms.h>

#include "case/case.h"
#include "gmime/objects.h"
#include "scan_submit/client.h"

#define NOW_S 1767225600

static GBytes *message_of_text(const char *text)
{
        return g_bytes_new(text, strlen(text));
}

static GBytes *message_of_seed(const char *path)
{
        g_autofree char *data = NULL;
        gsize bytes;

        assert_true(g_file_get_contents(path, &data, &bytes, NULL));
        g_autoptr(up_case) c = up_case_read((const uint8_t *)data, bytes, NULL);
        return g_bytes_ref(c->message);
}

static struct up_look look(GBytes *message)
{
        struct up_policy policy;

        up_policy_init(&policy);
        return up_client_look(&up_client, message, &policy);
}

/* --- protection ------------------------------------------------------------------------------- */

#define NONE      UP_PROTECTION_NONE
#define CLEAR     UP_PROTECTION_CLEAR_SIGNED
#define OPAQUE    UP_PROTECTION_OPAQUE_SIGNED
#define ENCRYPTED UP_PROTECTION_ENCRYPTED

static void seeds_are_protected_as_they_are_named(void **state)
{
        static const struct {
                const char *seed;
                enum up_protection protection;
        } seeds[] = {
                { "smime/clear-rsa.eml", CLEAR },
                { "smime/clear-ec.eml", CLEAR },
                { "smime/clear-eicar.case", CLEAR },
                { "smime/old-names-clear.eml", CLEAR },
                { "smime/octet-stream-clear.eml", CLEAR },
                { "smime/signed-lf.eml", CLEAR },
                { "smime/tampered.eml", CLEAR },
                { "smime/triple-rsa.eml", CLEAR },
                { "smime/encrypted-signed.eml", CLEAR },
                { "smime/opaque-in-clear.eml", CLEAR },
                { "mime/pgp-signed.eml", CLEAR },
                { "smime/opaque-rsa.eml", OPAQUE },
                { "smime/opaque-eicar.case", OPAQUE },
                { "smime/old-names-opaque.eml", OPAQUE },
                { "smime/octet-stream-opaque.eml", OPAQUE },
                { "smime/indefinite-opaque.eml", OPAQUE },
                { "smime/encrypted-rsa.eml", ENCRYPTED },
                { "smime/signed-encrypted-rsa.eml", ENCRYPTED },
                { "smime/auth-enveloped.eml", ENCRYPTED },
                { "smime/password.eml", ENCRYPTED },
                { "smime/old-names-encrypted.eml", ENCRYPTED },
                { "smime/octet-stream-encrypted.eml", ENCRYPTED },
                { "smime/indefinite-encrypted.eml", ENCRYPTED },
                { "smime/compressed.eml", NONE },
                { "smime/octet-stream-compressed.eml", NONE },
                { "smime/signed-compressed.eml", NONE },
                { "smime/certs-only.eml", NONE },
                { "smime/forwarded-rsa.eml", NONE },
                { "smime/list-footer.eml", NONE },
                { "smime/bare.p7m", NONE },
                { "mime/plain.eml", NONE },
                { "mime/pgp-encrypted.eml", NONE },
                { "mime/no-header.eml", NONE },
                { "mime/nul-bytes.eml", NONE },
        };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(seeds); i++) {
                g_autofree char *path = g_strconcat("seeds/", seeds[i].seed, NULL);
                g_autoptr(GBytes) message = message_of_seed(path);
                enum up_protection protection = look(message).protection;
                if (protection != seeds[i].protection)
                        fail_msg("%s: %d", path, (int)protection);
        }
}

/* What GMime and OpenSSL make of the message's own entity, whole. */
static enum up_protection protection_by_openssl(GBytes *message)
{
        enum up_protection protection = NONE;
        struct up_limits limits;
        struct up_observations observed;

        up_limits_init(&limits);
        up_observations_init(&observed, &limits, NOW_S);
        g_autoptr(GMimeMessage) parsed = up_mime_parse(message, &observed);
        GMimeObject *body = parsed != NULL ? g_mime_message_get_mime_part(parsed) : NULL;
        if (GMIME_IS_MULTIPART_SIGNED(body)) {
                protection = CLEAR;
        } else if (GMIME_IS_PART(body)) {
                g_autoptr(GBytes) content = up_mime_decoded(GMIME_PART(body), G_MAXINT32);
                gsize bytes;
                const unsigned char *der = g_bytes_get_data(content, &bytes);
                CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &der, (long)bytes);
                int nid = cms != NULL ? OBJ_obj2nid(CMS_get0_type(cms)) : NID_undef;

                if (nid == NID_pkcs7_signed)
                        protection = OPAQUE;
                else if (nid == NID_pkcs7_enveloped || nid == NID_id_smime_ct_authEnvelopedData)
                        protection = ENCRYPTED;
                CMS_ContentInfo_free(cms);
        }
        up_observations_clear(&observed);
        return protection;
}

/* The same message, whose header does not say any more of which kind its CMS is. */
static GBytes *without_smime_type(GBytes *message)
{
        GByteArray *bytes = g_bytes_unref_to_array(g_bytes_ref(message));
        char *hit = memmem(bytes->data, bytes->len, "smime-type=", strlen("smime-type="));

        if (hit != NULL)
                memcpy(hit, "other", strlen("other"));
        return g_byte_array_free_to_bytes(bytes);
}

/* Certificates without a signature: only the header tells. */
static bool is_exception(const char *name)
{
        return strcmp(name, "certs-only.eml") == 0;
}

static void a_signature_that_only_the_content_shows_is_seen(void **state)
{
        g_autoptr(GDir) folder = g_dir_open("seeds/smime", 0, NULL);
        unsigned protected = 0;

        (void)state;
        assert_non_null(folder);
        for (const char *name; (name = g_dir_read_name(folder)) != NULL;) {
                g_autofree char *path = g_build_filename("seeds/smime", name, NULL);
                g_autoptr(GBytes) message = message_of_seed(path);
                g_autoptr(GBytes) untyped = without_smime_type(message);
                enum up_protection expected = protection_by_openssl(message);

                if (look(untyped).protection != expected)
                        fail_msg("%s: without smime-type", path);
                if (look(message).protection != expected && !is_exception(name))
                        fail_msg("%s: with smime-type", path);
                protected += expected != NONE;
        }
        assert_true(protected > 60);
}

static void odd_bodies_are_no_protection(void **state)
{
        static const char *const bodies[] = { "", "M", "MA==", "MIA=", "MIAG", "MIAGCQ==", "MP8=",
                "MIIFnwYJKoZIhvcNAQc=", "BgkqhkiG9w0BBwI=", "not base64 at all" };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(bodies); i++) {
                g_autofree char *text = g_strconcat("Content-Type: application/pkcs7-mime\n"
                                                    "Content-Transfer-Encoding: base64\n\n",
                    bodies[i], NULL);
                g_autoptr(GBytes) message = message_of_text(text);
                assert_int_equal(look(message).protection, NONE);
        }
        g_autoptr(GBytes) blanks =
            message_of_text("Content-Type : multipart/signed; boundary=b\n\n");
        assert_int_equal(look(blanks).protection, CLEAR);
        /* As many bytes as name the kind are enough; in any encoding and case of letters. */
        g_autoptr(GBytes) begun = message_of_text("content-type: APPLICATION/PKCS7-MIME\r\n"
                                                  "content-transfer-encoding: BASE64\r\n\r\n"
                                                  "MIIF\r\nnwYJKoZI\r\nhvcNAQcC");
        g_autoptr(GBytes) named =
            message_of_text("Content-Type: application/pkcs7-mime; smime-type=Enveloped-DATA\n");
        assert_int_equal(look(begun).protection, OPAQUE);
        assert_int_equal(look(named).protection, ENCRYPTED);
}

/* --- limits ----------------------------------------------------------------------------------- */

static const char nested[] = "Content-Type: multipart/mixed; boundary=a\n\n"
                             "--a\nContent-Type: multipart/mixed; boundary=b\n\n"
                             "--b\n\none\n--b\n\ntwo\n--b--\n--a--\n";

static void limits_hold_at_their_edge(void **state)
{
        static const struct {
                const char *limit;
                uint64_t value; /* that the message has */
        } edges[] = {
                { "max-message", sizeof nested - 1 },
                { "max-header", 42 },
                { "max-depth", 2 },
                { "max-parts", 4 },
        };
        g_autoptr(GBytes) message = message_of_text(nested);

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(edges); i++) {
                for (size_t j = 0; j < UP_LIMIT_ROWS; j++) {
                        const struct up_limit_row *row = &up_limit_rows[j];
                        struct up_policy policy;

                        if (strcmp(row->name, edges[i].limit) != 0)
                                continue;
                        up_policy_init(&policy);
                        *up_limit_field(&policy.limits, row) = edges[i].value;
                        assert_true(up_client_look(&up_client, message, &policy).within_limits);
                        *up_limit_field(&policy.limits, row) = edges[i].value - 1;
                        assert_false(up_client_look(&up_client, message, &policy).within_limits);
                        *up_limit_field(&policy.limits, row) = 0;
                        assert_false(up_client_look(&up_client, message, &policy).within_limits);
                }
        }
}

static void a_large_message_is_recognised_by_its_header(void **state)
{
        g_autoptr(GBytes) message = message_of_seed("seeds/smime/clear-rsa.eml");
        struct up_policy policy;

        (void)state;
        up_policy_init(&policy);
        policy.limits.message_bytes = g_bytes_get_size(message) / 2;
        assert_false(up_client_look(&up_client, message, &policy).within_limits);
        assert_int_equal(up_client_look(&up_client, message, &policy).protection, CLEAR);
}

/* Every message that is accepted is looked at. Sanitizers included, a generous bound. */
static void looking_is_quick(void **state)
{
        g_autoptr(GBytes) message = message_of_seed("seeds/smime/clear-rsa.eml");
        clock_t begin = clock();

        (void)state;
        for (unsigned i = 0; i < 1000; i++)
                assert_true(look(message).within_limits);
        assert_true(clock() - begin < 5 * CLOCKS_PER_SEC);
}

/* --- reading ---------------------------------------------------------------------------------- */

static void answers_are_read_as_what_they_are(void **state)
{
        static const struct {
                struct up_scan_answer answer;
                struct up_client_reading reading;
        } readings[] = {
                { { 7, UP_VERDICT_CLEAN, 0, NULL }, { UP_CONTENT_CLEAN, 0 } },
                { { 7, UP_VERDICT_INFECTED, 0, NULL }, { UP_CONTENT_INFECTED, 0 } },
                { { 7, UP_VERDICT_UNSCANNABLE, 0, NULL },
                    { UP_CONTENT_OPAQUE, UP_CLIENT_UNSCANNABLE } },
                { { 7, UP_VERDICT_UNSCANNABLE, 5, NULL }, { UP_CONTENT_OPAQUE, 5 } },
                { { 7, UP_VERDICT_REWRITTEN, 0, NULL }, { UP_CONTENT_CHANGED, 0 } },
                { { 7, UP_VERDICT_NONE, 0, NULL },
                    { UP_CONTENT_NO_VERDICT, UP_CLIENT_NO_VERDICT } },
                { { 7, UP_VERDICT_NONE, 0x1234, NULL }, { UP_CONTENT_ERROR, 0x1234 } },
                { { 8, UP_VERDICT_CLEAN, 0, NULL }, { UP_CONTENT_ERROR, UP_CLIENT_WRONG_MESSAGE } },
                { { 0, UP_VERDICT_INFECTED, 9, NULL },
                    { UP_CONTENT_ERROR, UP_CLIENT_WRONG_MESSAGE } },
        };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(readings); i++) {
                /* Protection and origin change nothing: that they did was KB843545. */
                for (unsigned j = 0; j < 8; j++) {
                        struct up_client_question question = { 7, j & 1, UP_LEVEL_TRANSPORT,
                                { .protection = (enum up_protection)(j >> 1),
                                    .within_limits = true } };
                        struct up_client_reading reading =
                            up_client_read(&up_client, &question, &readings[i].answer);
                        assert_int_equal(reading.event, readings[i].reading.event);
                        assert_int_equal(reading.code, readings[i].reading.code);
                }
        }
}

static gsize peeked_bytes;

static void peek(GBytes *read, const struct up_policy *policy)
{
        peeked_bytes = g_bytes_get_size(read);
        (void)policy;
}

static void a_decorator_reads_no_more_than_the_reference(void **state)
{
        const struct up_client client = { .peek = peek, .within = &up_client };
        g_autoptr(GBytes) message = g_bytes_new_static("A: b\n\nc\n", 8);
        struct up_policy policy;

        (void)state;
        up_policy_init(&policy);
        assert_true(up_client_look(&client, message, &policy).within_limits);
        assert_int_equal(peeked_bytes, 8);
        policy.limits.message_bytes = 5;
        assert_false(up_client_look(&client, message, &policy).within_limits);
        assert_int_equal(peeked_bytes, 5);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(seeds_are_protected_as_they_are_named),
                cmocka_unit_test(a_signature_that_only_the_content_shows_is_seen),
                cmocka_unit_test(odd_bodies_are_no_protection),
                cmocka_unit_test(limits_hold_at_their_edge),
                cmocka_unit_test(a_large_message_is_recognised_by_its_header),
                cmocka_unit_test(looking_is_quick),
                cmocka_unit_test(answers_are_read_as_what_they_are),
                cmocka_unit_test(a_decorator_reads_no_more_than_the_reference),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
