/*
 * The number of a structure's digests is checked before any is computed. What OpenSSL's CMS cannot
 * parse is still read as PKCS #7; what could not be decrypted is not content.
 */
#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/cms.h>
#include <openssl/pkcs7.h>

#include "cms/cms.h"
#include "cms/identity.h"

#define NOW_S 1767225600

/* A signed structure with so many digests. */
static GBytes *signed_with(unsigned digests)
{
        const struct up_identity *alice = up_identity_find("alice-ec");
        BIO *content = BIO_new_mem_buf("content", -1);
        PKCS7 *p7 = PKCS7_sign(alice->certificate, alice->key, NULL, content, PKCS7_BINARY);
        unsigned char *der = NULL;

        assert_non_null(p7);
        while ((unsigned)sk_X509_ALGOR_num(p7->d.sign->md_algs) < digests) {
                X509_ALGOR *first = sk_X509_ALGOR_value(p7->d.sign->md_algs, 0);
                sk_X509_ALGOR_push(p7->d.sign->md_algs, X509_ALGOR_dup(first));
        }
        int bytes = i2d_PKCS7(p7, &der);
        GBytes *encoded = g_bytes_new(der, (gsize)bytes);
        OPENSSL_free(der);
        PKCS7_free(p7);
        BIO_free(content);
        return encoded;
}

static enum up_grade grade_of_bytes(GBytes *encoded, bool *ret_unscannable)
{
        struct up_limits limits;
        struct up_observations observed;
        struct up_cms_report report;

        up_limits_init(&limits);
        limits.signers = 3;
        up_observations_init(&observed, &limits, NOW_S);
        up_cms_examine(encoded, NULL, &observed, &report);
        enum up_grade grade = report.grade;
        *ret_unscannable = observed.unscannable;
        up_cms_report_clear(&report);
        up_observations_clear(&observed);
        return grade;
}

static enum up_grade grade_of(unsigned digests, bool *ret_unscannable)
{
        g_autoptr(GBytes) encoded = signed_with(digests);

        return grade_of_bytes(encoded, ret_unscannable);
}

static void digests_are_counted_before_they_are_computed(void **state)
{
        bool unscannable;

        (void)state;
        up_identities_load();
        assert_int_equal(grade_of(1, &unscannable), UP_GRADE_VALID);
        assert_false(unscannable);
        assert_int_equal(grade_of(3, &unscannable), UP_GRADE_VALID);
        assert_false(unscannable);
        assert_int_equal(grade_of(4, &unscannable), UP_GRADE_UNKNOWN);
        assert_true(unscannable);
}

/* --- signed and enveloped, which is PKCS #7 alone --------------------------------------------- */

static unsigned decoded;

/* Stands in front of OpenSSL's function for all code in this program. */
BIO *PKCS7_dataDecode(PKCS7 *p7, EVP_PKEY *key, BIO *content, X509 *certificate)
{
        BIO *(*decode)(PKCS7 *, EVP_PKEY *, BIO *, X509 *) = dlsym(RTLD_NEXT, "PKCS7_dataDecode");
        BIO *bio = decode(p7, key, content, certificate);

        if (bio != NULL && PKCS7_type_is_signedAndEnveloped(p7))
                decoded++;
        return bio;
}

static GBytes *signed_and_enveloped_with(int digests)
{
        PKCS7 *p7 = PKCS7_new();
        unsigned char *der = NULL;

        assert_int_equal(PKCS7_set_type(p7, NID_pkcs7_signedAndEnveloped), 1);
        assert_int_equal(PKCS7_set_cipher(p7, EVP_aes_128_cbc()), 1);
        assert_non_null(PKCS7_add_recipient(p7, up_identity_find("bob")->certificate));
        for (int i = 0; i < digests; i++) {
                X509_ALGOR *digest = X509_ALGOR_new();
                X509_ALGOR_set_md(digest, EVP_sha256());
                sk_X509_ALGOR_push(p7->d.signed_and_enveloped->md_algs, digest);
        }
        BIO *content = PKCS7_dataInit(p7, NULL);
        assert_non_null(content);
        BIO_write(content, "content", 7);
        assert_int_equal(BIO_flush(content), 1);
        assert_int_equal(PKCS7_dataFinal(p7, content), 1);
        int bytes = i2d_PKCS7(p7, &der);
        assert_true(bytes > 0);
        GBytes *encoded = g_bytes_new(der, (gsize)bytes);
        OPENSSL_free(der);
        BIO_free_all(content);
        PKCS7_free(p7);
        return encoded;
}

static void signed_and_enveloped_is_decoded_within_limits(void **state)
{
        static const struct {
                int digests;
                unsigned decoded;
        } rows[] = { { 1, 1 }, { 3, 1 }, { 4, 0 } };

        (void)state;
        up_identities_load();
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                g_autoptr(GBytes) encoded = signed_and_enveloped_with(rows[i].digests);
                bool unscannable;

                decoded = 0;
                assert_int_equal(grade_of_bytes(encoded, &unscannable), UP_GRADE_UNSIGNED);
                assert_int_equal(decoded, rows[i].decoded);
                assert_int_equal(unscannable, rows[i].decoded == 0);
        }
}

/* --- what could not be decrypted -------------------------------------------------------------- */

static const char plain[48] = "three blocks of AES, then one of padding alone";

static GBytes *encrypted(void)
{
        STACK_OF(X509) *readers = sk_X509_new_null();
        BIO *content = BIO_new_mem_buf(plain, sizeof plain);
        unsigned char *der = NULL;

        sk_X509_push(readers, up_identity_find("bob")->certificate);
        CMS_ContentInfo *cms = CMS_encrypt(readers, content, EVP_aes_128_cbc(), CMS_BINARY);
        assert_non_null(cms);
        int bytes = i2d_CMS_ContentInfo(cms, &der);
        GBytes *encoded = g_bytes_new(der, (gsize)bytes);
        OPENSSL_free(der);
        CMS_ContentInfo_free(cms);
        BIO_free(content);
        sk_X509_free(readers);
        return encoded;
}

static void content_is_what_was_decrypted_to_its_end(void **state)
{
        (void)state;
        up_identities_load();
        for (int damaged = 0; damaged < 2; damaged++) {
                gsize bytes;
                g_autoptr(GBytes) encoded = encrypted();
                unsigned char *der = g_bytes_unref_to_data(g_steal_pointer(&encoded), &bytes);
                struct up_limits limits;
                struct up_observations observed;
                struct up_cms_report report;

                /* The block before last decides what the padding's last byte becomes. */
                if (damaged)
                        der[bytes - 17] ^= 0xff;
                encoded = g_bytes_new_take(der, bytes);
                up_limits_init(&limits);
                up_observations_init(&observed, &limits, NOW_S);
                up_cms_examine(encoded, NULL, &observed, &report);
                assert_int_equal(observed.counts[UP_COUNT_DECRYPTED], !damaged);
                if (damaged) {
                        assert_null(report.content);
                } else {
                        assert_int_equal(g_bytes_get_size(report.content), sizeof plain);
                        assert_memory_equal(
                            g_bytes_get_data(report.content, NULL), plain, sizeof plain);
                }
                up_cms_report_clear(&report);
                up_observations_clear(&observed);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(digests_are_counted_before_they_are_computed),
                cmocka_unit_test(signed_and_enveloped_is_decoded_within_limits),
                cmocka_unit_test(content_is_what_was_decrypted_to_its_end),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
