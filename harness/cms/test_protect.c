/*
 * What is signed can be verified; what is encrypted can be read; the same calls make the same
 * bytes.
 *
 * The judge is OpenSSL's reading side, given the raw bytes between the boundaries as a mail client
 * would cut them out, never an object that the tested code made.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <glib.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509_vfy.h>
#include <zlib.h>

#include "cms/random.h"
#include "cms/protect.h"
#include "mail/compose.h"
#include "cms/identity.h"

#define NOW_S    INT64_C(1767225600) /* 2026-01-01 */
#define SIGNED_S INT64_C(1748779200) /* 2025-06-01 12:00:00 */
#define BOUNDARY "=_b"

static const char entity_text[] = "Content-Type: text/plain\n\ntrailing blank \n\n.\nlast\n";

/* --- reading ---------------------------------------------------------------------------------- */

static bool same(GBytes *bytes, const void *data, size_t size)
{
        g_autoptr(GBytes) other = g_bytes_new(data, size);

        return g_bytes_equal(bytes, other);
}

static const char *text_of(GBytes *bytes)
{
        return g_bytes_get_data(bytes, NULL);
}

static bool holds(GBytes *bytes, const char *text)
{
        return memmem(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), text, strlen(text)) !=
               NULL;
}

static char *whole_text(GBytes *bytes)
{
        return g_strndup(text_of(bytes), g_bytes_get_size(bytes));
}

/* The body of an entity in base64. */
static GBytes *decoded(const char *entity)
{
        const char *body = strstr(entity, "\r\n\r\n");
        gsize size;
        guchar *data;

        assert_non_null(body);
        data = g_base64_decode(body, &size);
        return g_bytes_new_take(data, size);
}

static CMS_ContentInfo *parse(GBytes *der)
{
        const unsigned char *data = g_bytes_get_data(der, NULL);
        CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &data, (long)g_bytes_get_size(der));

        assert_non_null(cms);
        return cms;
}

static CMS_ContentInfo *parse_entity(GBytes *entity)
{
        g_autofree char *text = whole_text(entity);
        g_autoptr(GBytes) der = decoded(text);

        return parse(der);
}

/* The raw bytes of both parts of a multipart/signed. */
static void cut(GBytes *entity, GBytes **ret_first, CMS_ContentInfo **ret_signature)
{
        g_autofree char *text = whole_text(entity);
        g_auto(GStrv) parts = NULL;
        g_autoptr(GBytes) der = NULL;

        parts = g_strsplit(text, "--" BOUNDARY, -1);
        assert_int_equal(g_strv_length(parts), 4);
        assert_true(g_str_has_prefix(parts[1], "\r\n") && g_str_has_suffix(parts[1], "\r\n"));
        *ret_first = g_bytes_new(parts[1] + 2, strlen(parts[1]) - 4);
        der = decoded(parts[2]);
        *ret_signature = parse(der);
}

static X509_STORE *trusting_root(void)
{
        X509_STORE *store = X509_STORE_new();

        X509_STORE_add_cert(store, up_identity_find("root")->certificate);
        X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(store), (time_t)NOW_S);
        X509_STORE_set_purpose(store, X509_PURPOSE_SMIME_SIGN);
        return store;
}

static bool verifies(CMS_ContentInfo *cms, GBytes *content, GBytes **ret_content)
{
        X509_STORE *store = trusting_root();
        BIO *in = content == NULL
                      ? NULL
                      : BIO_new_mem_buf(text_of(content), (int)g_bytes_get_size(content));
        BIO *out = BIO_new(BIO_s_mem());
        bool held = CMS_verify(cms, NULL, store, in, out, CMS_BINARY) == 1;
        char *data;
        long size = BIO_get_mem_data(out, &data);

        if (ret_content != NULL)
                *ret_content = g_bytes_new(data, (gsize)size);
        BIO_free(in);
        BIO_free(out);
        X509_STORE_free(store);
        ERR_clear_error();
        return held;
}

static GBytes *sign(const struct up_signing *options)
{
        g_autoptr(GBytes) entity = up_compose_lines(entity_text);
        g_autoptr(GError) error = NULL;
        struct up_signing signing = *options;
        GBytes *result;

        signing.boundary = BOUNDARY;
        signing.time_s = SIGNED_S;
        result = up_sign_entity(entity, &signing, &error);
        if (result == NULL)
                fail_msg("%s", error->message);
        return result;
}

/* Detached: the first part is what was given, byte for byte, and the signature is of it alone. */
static void assert_signed_clear(const struct up_signing *signing)
{
        g_autoptr(GBytes) given = up_compose_lines(entity_text);
        g_autoptr(GBytes) entity = sign(signing);
        g_autoptr(GBytes) first = NULL;
        g_autoptr(GBytes) shorter = NULL;
        CMS_ContentInfo *cms;

        cut(entity, &first, &cms);
        assert_true(g_bytes_equal(first, given));
        assert_true(verifies(cms, first, NULL));
        shorter = g_bytes_new_from_bytes(first, 0, g_bytes_get_size(first) - 1);
        assert_false(verifies(cms, shorter, NULL));
        CMS_ContentInfo_free(cms);
}

static void assert_signed_opaque(const struct up_signing *signing)
{
        g_autoptr(GBytes) given = up_compose_lines(entity_text);
        g_autoptr(GBytes) entity = sign(signing);
        g_autoptr(GBytes) content = NULL;
        CMS_ContentInfo *cms = parse_entity(entity);

        assert_true(verifies(cms, NULL, &content));
        assert_true(g_bytes_equal(content, given));
        CMS_ContentInfo_free(cms);
}

/* --- signing ---------------------------------------------------------------------------------- */

static const struct up_signing signings[] = {
        { .signers = { { .identity = "alice" } } },
        { .signers = { { .identity = "alice", .digest = "sha1" } } },
        { .signers = { { .identity = "alice", .pss = true } } },
        { .signers = { { .identity = "alice-pss", .pss = true, .digest = "sha512" } } },
        { .signers = { { .identity = "alice-ec" } } },
        { .signers = { { .identity = "alice-ec", .digest = "sha384" } }, .by_key = true },
        { .signers = { { .identity = "alice" }, { .identity = "carol", .digest = "sha512" } } },
        { .signers = { { .identity = "alice" } }, .without_attributes = true },
        { .signers = { { .identity = "alice-ec" } }, .without_attributes = true },
        { .signers = { { .identity = "alice", .pss = true } }, .without_attributes = true },
        { .signers = { { .identity = "alice-middle" } }, .chain = "middle" },
        { .signers = { { .identity = "alice" } }, .indefinite = true },
};

static void every_signature_verifies(void **state)
{
        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(signings); i++) {
                struct up_signing opaque = signings[i];
                opaque.opaque = true;
                assert_signed_clear(&signings[i]);
                assert_signed_opaque(&opaque);
        }
}

static void bad_identities_do_not_verify(void **state)
{
        static const char *const bad[] = { "expired", "future", "untrusted" };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
                struct up_signing signing = { .signers = { { .identity = bad[i] } },
                        .opaque = true };
                g_autoptr(GBytes) entity = sign(&signing);
                CMS_ContentInfo *cms = parse_entity(entity);
                assert_false(verifies(cms, NULL, NULL));
                CMS_ContentInfo_free(cms);
        }
}

static void signing_time_is_the_given_one(void **state)
{
        g_autoptr(GBytes) entity =
            sign(&(struct up_signing){ .signers = { { .identity = "alice-ec" } }, .opaque = true });
        CMS_ContentInfo *cms = parse_entity(entity);
        CMS_SignerInfo *signer = sk_CMS_SignerInfo_value(CMS_get0_SignerInfos(cms), 0);
        ASN1_TIME *time = CMS_signed_get0_data_by_OBJ(
            signer, OBJ_nid2obj(NID_pkcs9_signingTime), -3, V_ASN1_UTCTIME);

        (void)state;
        assert_non_null(time);
        assert_string_equal((const char *)ASN1_STRING_get0_data(time), "250601120000Z");
        CMS_ContentInfo_free(cms);
}

static void what_is_left_out_is_not_there(void **state)
{
        g_autoptr(GBytes) entity =
            sign(&(struct up_signing){ .signers = { { .identity = "alice" } },
                .opaque = true,
                .without_attributes = true,
                .without_certificates = true });
        CMS_ContentInfo *cms = parse_entity(entity);
        CMS_SignerInfo *signer = sk_CMS_SignerInfo_value(CMS_get0_SignerInfos(cms), 0);

        (void)state;
        assert_null(CMS_get1_certs(cms));
        assert_int_equal(CMS_signed_get_attr_count(signer), -1);
        CMS_ContentInfo_free(cms);
}

static void indefinite_length_is_written(void **state)
{
        g_autoptr(GBytes) entity = sign(&(struct up_signing){
            .signers = { { .identity = "alice" } }, .opaque = true, .indefinite = true });
        g_autofree char *text = whole_text(entity);
        g_autoptr(GBytes) ber = decoded(text);

        (void)state;
        assert_memory_equal(g_bytes_get_data(ber, NULL), "\x30\x80", 2);
}

static void headers_say_what_it_is(void **state)
{
        struct up_signing signing = { .signers = { { .identity = "alice" },
                                          { .identity = "carol", .digest = "sha1" },
                                          { .identity = "alice-ec" } } };
        g_autoptr(GBytes) standard = sign(&signing);
        g_autoptr(GBytes) old = NULL;
        g_autoptr(GBytes) opaque = NULL;

        (void)state;
        assert_true(g_str_has_prefix(text_of(standard),
            "Content-Type: multipart/signed;\r\n protocol=\"application/pkcs7-signature\";\r\n"
            " micalg=\"sha-256,sha1\"; boundary=\"" BOUNDARY "\"\r\n\r\n--" BOUNDARY "\r\n"));
        signing.naming = UP_NAMING_OLD;
        old = sign(&signing);
        assert_true(holds(old, "protocol=\"application/x-pkcs7-signature\""));
        assert_true(holds(old, "\r\nContent-Type: application/x-pkcs7-signature;"));
        signing.naming = UP_NAMING_OCTET_STREAM;
        signing.opaque = true;
        opaque = sign(&signing);
        assert_true(g_str_has_prefix(
            text_of(opaque), "Content-Type: application/octet-stream; name=\"smime.p7m\"\r\n"));
        assert_false(holds(opaque, "smime-type"));
}

static void certificates_alone(void **state)
{
        static const char *const names[] = { "alice", "middle", NULL };
        g_autoptr(GBytes) entity = up_entity_of_certificates(names, NULL);
        CMS_ContentInfo *cms = parse_entity(entity);
        STACK_OF(X509) *certificates = CMS_get1_certs(cms);

        (void)state;
        assert_true(holds(entity, "smime-type=certs-only"));
        assert_int_equal(sk_X509_num(certificates), 2);
        assert_int_equal(sk_CMS_SignerInfo_num(CMS_get0_SignerInfos(cms)), 0);
        sk_X509_pop_free(certificates, X509_free);
        CMS_ContentInfo_free(cms);
}

/* --- encrypting and compressing --------------------------------------------------------------- */

static void assert_opens(GBytes *entity, const char *reader, const char *password)
{
        g_autoptr(GBytes) given = up_compose_lines(entity_text);
        CMS_ContentInfo *cms = parse_entity(entity);
        BIO *out = BIO_new(BIO_s_mem());
        char *data;
        long size;

        if (reader != NULL) {
                const struct up_identity *who = up_identity_find(reader);
                assert_int_equal(CMS_decrypt_set1_pkey(cms, who->key, who->certificate), 1);
        } else {
                g_autofree char *copy = g_strdup(password);
                assert_int_equal(CMS_decrypt_set1_password(cms, (unsigned char *)copy, -1), 1);
        }
        assert_int_equal(CMS_decrypt(cms, NULL, NULL, NULL, out, CMS_BINARY), 1);
        size = BIO_get_mem_data(out, &data);
        assert_true(same(given, data, (size_t)size));
        BIO_free(out);
        CMS_ContentInfo_free(cms);
}

static void every_recipient_can_read(void **state)
{
        static const struct up_encrypting ways[] = {
                { .recipients = { "bob", "bob-ec", "alice" } },
                { .recipients = { "bob", "bob-ec" }, .oaep = true, .by_key = true },
                { .recipients = { "bob-ec" }, .cipher = "aes-128-gcm" },
                { .recipients = { "bob" }, .cipher = "des-ede3-cbc", .indefinite = true },
                { .recipients = { "bob" }, .password = "secret", .iterations = 2 },
                { .password = "secret", .iterations = 2, .cipher = "aes-256-gcm" },
        };
        g_autoptr(GBytes) given = up_compose_lines(entity_text);

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(ways); i++) {
                g_autoptr(GBytes) entity = up_encrypt_entity(given, &ways[i], NULL);
                bool gcm = ways[i].cipher != NULL && g_str_has_suffix(ways[i].cipher, "gcm");
                assert_non_null(entity);
                assert_true(holds(entity, gcm ? "=authEnveloped-data\r\n" : "=enveloped-data\r\n"));
                for (size_t j = 0; ways[i].recipients[j] != NULL; j++)
                        assert_opens(entity, ways[i].recipients[j], NULL);
                if (ways[i].password != NULL)
                        assert_opens(entity, NULL, ways[i].password);
        }
}

static void compressed_inflates(void **state)
{
        static const size_t sizes[] = { 0, 1, 100, 100000 }; /* lengths in DER of every form */

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
                g_autofree guchar *data = g_malloc(sizes[i] + 1);
                g_autofree guchar *inflated = g_malloc(sizes[i] + 1);
                uLongf size = sizes[i] + 1;
                g_autoptr(GBytes) given = NULL;
                g_autoptr(GBytes) entity = NULL;
                CMS_ContentInfo *cms;
                ASN1_OCTET_STRING *octets;

                for (size_t at = 0; at < sizes[i]; at++)
                        data[at] = (guchar)((at * at) >> 3);
                given = g_bytes_new(data, sizes[i]);
                entity = up_compress_entity(given, UP_NAMING_STANDARD);
                cms = parse_entity(entity);
                assert_int_equal(OBJ_obj2nid(CMS_get0_type(cms)), NID_id_smime_ct_compressedData);
                octets = *CMS_get0_content(cms);
                assert_int_equal(
                    uncompress(inflated, &size, octets->data, (uLong)octets->length), Z_OK);
                assert_true(same(given, inflated, size));
                CMS_ContentInfo_free(cms);
        }
}

static void errors_name_what_is_wrong(void **state)
{
        static const struct up_signing nobody = { .signers = { { .identity = "nobody" } } };
        static const struct up_signing digest = {
                .signers = { { .identity = "alice", .digest = "sha3000" } }
        };
        static const struct up_encrypting cipher = { .recipients = { "bob" }, .cipher = "rot13" };
        static const struct up_signing pss_ec = { .signers = {
                                                      { .identity = "alice-ec", .pss = true } } };
        static const struct up_encrypting unreadable = { .recipients = { "alice-pss" } };
        g_autoptr(GBytes) given = up_compose_lines(entity_text);
        g_autoptr(GError) error = NULL;

        (void)state;
        assert_null(up_sign_entity(given, &nobody, &error));
        assert_string_equal(error->message, "no identity is called nobody");
        g_clear_error(&error);
        assert_null(up_sign_entity(given, &digest, &error));
        assert_string_equal(error->message, "no digest is called sha3000");
        g_clear_error(&error);
        assert_null(up_encrypt_entity(given, &cipher, &error));
        assert_string_equal(error->message, "no cipher is called rot13");
        g_clear_error(&error);
        assert_null(up_sign_entity(given, &pss_ec, &error));
        assert_string_equal(error->message, "alice-ec: OpenSSL refused, and did not say why");
        g_clear_error(&error);
        assert_null(up_encrypt_entity(given, &unreadable, &error));
        assert_true(g_str_has_prefix(error->message, "signing or encrypting: error:"));
        assert_int_equal(ERR_peek_error(), 0);
}

/* --- determinism ------------------------------------------------------------------------------ */

/* Each algorithm that draws: blinding, PSS salt, ECDSA nonce, session key, ephemeral key, salt. */
static char *fingerprint(uint64_t seed)
{
        static const struct up_signing signing = { .signers = { { .identity = "alice" },
                                                       { .identity = "carol", .pss = true },
                                                       { .identity = "alice-ec" } },
                .boundary = BOUNDARY };
        static const struct up_encrypting encrypting = {
                .recipients = { "bob", "bob-ec" }, .password = "secret", .iterations = 2
        };
        g_autoptr(GBytes) given = up_compose_lines(entity_text);
        g_autoptr(GBytes) signature = NULL;
        g_autoptr(GBytes) encrypted = NULL;

        up_random_restart(seed);
        signature = up_sign_entity(given, &signing, NULL);
        encrypted = up_encrypt_entity(signature, &encrypting, NULL);
        return g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, encrypted);
}

/* How often the process has used a key before must not matter. */
static void same_calls_make_the_same_bytes(void **state)
{
        g_autofree char *first = fingerprint(1);
        g_autofree char *other = fingerprint(2);

        (void)state;
        assert_string_not_equal(first, other);
        for (unsigned i = 0; i < 40; i++) {
                g_autofree char *again = NULL;
                g_bytes_unref(sign(&signings[0]));
                again = fingerprint(1);
                assert_string_equal(first, again);
        }
}

static void randomness_is_a_stream(void **state)
{
        unsigned char first[16], second[16], again[16], private[16], other[17];

        (void)state;
        up_random_restart(7);
        assert_int_equal(RAND_bytes(first, sizeof first), 1);
        assert_int_equal(RAND_bytes(second, sizeof second), 1);
        assert_memory_not_equal(first, second, sizeof first);
        up_random_restart(7);
        assert_int_equal(RAND_bytes(other, sizeof other), 1);
        assert_int_equal(RAND_priv_bytes(private, sizeof private), 1);
        assert_int_equal(RAND_bytes(again, sizeof again), 1);
        assert_memory_equal(private, first, sizeof first);
        assert_memory_equal(again, second, sizeof second);
        assert_memory_not_equal(other, first, sizeof first);
        assert_int_equal(RAND_status(), 1);
}

/* --- identities ----------------------------------------------------------------------------- */

static bool may_sign(const struct up_identity *identity)
{
        X509_STORE *store = trusting_root();
        X509_STORE_CTX *context = X509_STORE_CTX_new();
        STACK_OF(X509) *between = sk_X509_new_null();
        bool trusted;

        sk_X509_push(between, up_identity_find("middle")->certificate);
        assert_int_equal(X509_STORE_CTX_init(context, store, identity->certificate, between), 1);
        trusted = X509_verify_cert(context) == 1;
        sk_X509_free(between);
        X509_STORE_CTX_free(context);
        X509_STORE_free(store);
        return trusted;
}

static void identities_are_what_they_say(void **state)
{
        static const char *const no_signers[] = { "root", "middle", "expired", "future",
                "untrusted", NULL };

        (void)state;
        assert_null(up_identity_find("ali"));
        for (size_t i = 0; i < up_identities_count; i++) {
                const struct up_identity *identity = &up_identities[i];
                bool expected = !g_strv_contains(no_signers, identity->name);
                assert_ptr_equal(up_identity_find(identity->name), identity);
                assert_int_equal(X509_check_private_key(identity->certificate, identity->key), 1);
                if (may_sign(identity) != expected)
                        fail_msg("%s may %ssign", identity->name, expected ? "not " : "");
        }
        assert_true(EVP_PKEY_is_a(up_identity_find("alice-pss")->key, "RSA-PSS"));
        assert_int_equal(
            X509_check_email(up_identity_find("mallory")->certificate, "alice@example.com", 0, 0),
            0);
        assert_int_equal(
            X509_check_email(up_identity_find("alice")->certificate, "alice@example.com", 0, 0), 1);
}

static int load(void **state)
{
        (void)state;
        up_identities_load();
        up_identities_load();
        up_random_restart(0);
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_signature_verifies),
                cmocka_unit_test(bad_identities_do_not_verify),
                cmocka_unit_test(signing_time_is_the_given_one),
                cmocka_unit_test(what_is_left_out_is_not_there),
                cmocka_unit_test(indefinite_length_is_written),
                cmocka_unit_test(headers_say_what_it_is),
                cmocka_unit_test(certificates_alone),
                cmocka_unit_test(every_recipient_can_read),
                cmocka_unit_test(compressed_inflates),
                cmocka_unit_test(errors_name_what_is_wrong),
                cmocka_unit_test(same_calls_make_the_same_bytes),
                cmocka_unit_test(randomness_is_a_stream),
                cmocka_unit_test(identities_are_what_they_say),
        };

        return cmocka_run_group_tests(tests, load, NULL);
}
