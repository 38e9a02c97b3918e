/*
 * For each rule one structure that OpenSSL accepts and the rule refuses, and one just on the right
 * side of the line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "case/case.h"
#include "cms/cms.h"
#include "cms/identity.h"
#include "cms/standard.h"

#define TEXT "Content-Type: text/plain\r\n\r\nhello\r\n"

/* --- structures ------------------------------------------------------------------------------- */

static GBytes *der_and_free(CMS_ContentInfo *cms)
{
        unsigned char *der = NULL;
        int bytes = i2d_CMS_ContentInfo(cms, &der);

        assert_true(bytes > 0);
        GBytes *encoded = g_bytes_new(der, (gsize)bytes);
        OPENSSL_free(der);
        CMS_ContentInfo_free(cms);
        return encoded;
}

/* A certificate of its own for alice's key. The caller owns it. */
static X509 *certificate_for(const char *usage)
{
        const struct up_identity *alice = up_identity_find("alice-ec");
        X509 *certificate = X509_new();
        X509_NAME *name = X509_get_subject_name(certificate);
        X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, NID_key_usage, usage);

        X509_set_version(certificate, 2);
        ASN1_INTEGER_set(X509_get_serialNumber(certificate), 7);
        X509_NAME_add_entry_by_txt(
            name, "CN", MBSTRING_ASC, (const unsigned char *)usage, -1, -1, 0);
        X509_set_issuer_name(certificate, name);
        ASN1_TIME_set(X509_getm_notBefore(certificate), UP_CASE_TIME_S - 1000);
        ASN1_TIME_set(X509_getm_notAfter(certificate), UP_CASE_TIME_S + 1000000000);
        X509_set_pubkey(certificate, alice->key);
        assert_non_null(extension);
        X509_add_ext(certificate, extension, -1);
        X509_EXTENSION_free(extension);
        assert_true(X509_sign(certificate, alice->key, EVP_sha256()) > 0);
        return certificate;
}

/* Content of @type; it becomes @renamed after it was signed, unless that is 0. */
static GBytes *signed_by(
    X509 *certificate, const void *content, size_t bytes, unsigned flags, int type, int renamed)
{
        const struct up_identity *alice = up_identity_find("alice-ec");
        BIO *in = BIO_new_mem_buf(content, (int)bytes);
        CMS_ContentInfo *cms = CMS_sign(certificate != NULL ? certificate : alice->certificate,
            alice->key, NULL, in, CMS_BINARY | CMS_PARTIAL | flags);

        assert_non_null(cms);
        assert_int_equal(CMS_set1_eContentType(cms, OBJ_nid2obj(type)), 1);
        assert_int_equal(CMS_final(cms, in, NULL, CMS_BINARY), 1);
        if (renamed != 0)
                CMS_set1_eContentType(cms, OBJ_nid2obj(renamed));
        BIO_free(in);
        return der_and_free(cms);
}

static GBytes *signed_text(unsigned flags, int type, int renamed)
{
        return signed_by(NULL, TEXT, strlen(TEXT), flags, type, renamed);
}

static GBytes *as_it_should_be(void)
{
        return signed_text(0, NID_pkcs7_data, 0);
}

static GBytes *another_type(void)
{
        return signed_text(0, NID_pkcs7_data, NID_id_smime_ct_TSTInfo);
}

static GBytes *same_other_type(void)
{
        return signed_text(0, NID_id_smime_ct_TSTInfo, 0);
}

static GBytes *other_type_without_attributes(void)
{
        return signed_text(CMS_NOATTR, NID_id_smime_ct_TSTInfo, 0);
}

static GBytes *data_without_attributes(void)
{
        return signed_text(CMS_NOATTR, NID_pkcs7_data, 0);
}

/* SET OF Attribute: a content type and, with @digest, the digest of some message. */
static GBytes *attributes_signed(bool digest, unsigned flags)
{
        static const unsigned char type[] = { 0x30, 0x18, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d,
                1, 9, 3, 0x31, 11, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1 };
        unsigned char set[2 + sizeof type + 19] = { 0x31, sizeof type };
        static const unsigned char of_digest[] = { 0x30, 17, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7,
                0x0d, 1, 9, 4, 0x31, 4, 4, 2, 1, 2 };
        size_t bytes = 2 + sizeof type;

        memcpy(set + 2, type, sizeof type);
        if (digest) {
                memcpy(set + bytes, of_digest, sizeof of_digest);
                bytes += sizeof of_digest;
                set[1] = (unsigned char)(bytes - 2);
        }
        return signed_by(NULL, set, bytes, flags, NID_pkcs7_data, 0);
}

static GBytes *attributes_as_content(void)
{
        return attributes_signed(true, CMS_NOATTR);
}

static GBytes *attributes_with_attributes(void)
{
        return attributes_signed(true, 0);
}

static GBytes *set_without_digest(void)
{
        return attributes_signed(false, CMS_NOATTR);
}

static GBytes *signed_with_usage(const char *usage)
{
        X509 *certificate = certificate_for(usage);
        GBytes *encoded = signed_by(certificate, TEXT, strlen(TEXT), 0, NID_pkcs7_data, 0);

        X509_free(certificate);
        return encoded;
}

static GBytes *usage_for_keys(void)
{
        return signed_with_usage("keyEncipherment");
}

static GBytes *usage_for_promises(void)
{
        return signed_with_usage("nonRepudiation,keyEncipherment");
}

/* Shortens each length that the bytes at @at, in two bytes, are in. */
static void shorten(unsigned char *at, unsigned by)
{
        unsigned length = at[0] * 256U + at[1] - by;

        at[0] = (unsigned char)(length >> 8);
        at[1] = (unsigned char)length;
}

/* The mac stands last: an OCTET STRING of 16 bytes. */
static GBytes *with_tag_of(unsigned tag_bytes)
{
        const struct up_identity *bob = up_identity_find("bob");
        STACK_OF(X509) *to = sk_X509_new_null();
        BIO *in = BIO_new_mem_buf(TEXT, -1);
        sk_X509_push(to, bob->certificate);
        CMS_ContentInfo *cms = CMS_encrypt(to, in, EVP_aes_128_gcm(), CMS_BINARY);
        assert_non_null(cms);
        g_autoptr(GBytes) whole = der_and_free(cms);
        gsize bytes;
        unsigned char *der = g_memdup2(g_bytes_get_data(whole, &bytes), g_bytes_get_size(whole));
        unsigned char *inside = der + 4 + 2 + der[5]; /* SEQUENCE, object identifier, then [0] */

        assert_true(der[1] == 0x82 && inside[1] == 0x82 && inside[5] == 0x82);
        assert_true(der[bytes - 18] == 4 && der[bytes - 17] == 16);
        der[bytes - 17] = (unsigned char)tag_bytes;
        shorten(der + 2, 16 - tag_bytes);
        shorten(inside + 2, 16 - tag_bytes);
        shorten(inside + 6, 16 - tag_bytes);
        sk_X509_free(to);
        BIO_free(in);
        return g_bytes_new_take(der, bytes - 16 + tag_bytes);
}

static GBytes *short_tag(void)
{
        return with_tag_of(8);
}

static GBytes *other_tag(void)
{
        return with_tag_of(12);
}

static GBytes *whole_tag(void)
{
        return with_tag_of(16);
}

static GBytes *with_bytes_after(void)
{
        g_autoptr(GBytes) whole = as_it_should_be();
        GByteArray *more = g_byte_array_new();

        g_byte_array_append(more, g_bytes_get_data(whole, NULL), (guint)g_bytes_get_size(whole));
        g_byte_array_append(more, (const guint8 *)"", 1);
        return g_byte_array_free_to_bytes(more);
}

/* --- rules ------------------------------------------------------------------------------------ */

static const struct row {
        const char *rule;
        GBytes *(*breaks)(void);
        GBytes *(*keeps)(void);
} rows[] = {
        { "content-type attribute", another_type, same_other_type },
        { "no signed attributes", other_type_without_attributes, data_without_attributes },
        { "attributes as content", attributes_as_content, attributes_with_attributes },
        { "attributes as content", attributes_as_content, set_without_digest },
        { "key usage", usage_for_keys, usage_for_promises },
        { "tag length", short_tag, whole_tag },
        { "tag length", other_tag, whole_tag },
        { "bytes after the structure", with_bytes_after, as_it_should_be },
};

/* The rules that the structure breaks; it was judged. */
static char *broken_by(GBytes *encoded, enum up_depth depth)
{
        GString *names = g_string_new(NULL);
        struct up_limits limits;
        struct up_observations observed;
        struct up_cms_report report;

        up_limits_init(&limits);
        up_observations_init(&observed, &limits, UP_CASE_TIME_S);
        observed.depth = depth;
        up_cms_examine(encoded, NULL, &observed, &report);
        assert_int_equal(observed.counts[UP_COUNT_ACCEPTED_JUDGED], 1);
        for (guint i = 0; i < observed.remarks->len; i++) {
                const struct up_remark *remark = g_ptr_array_index(observed.remarks, i);
                if (remark->kind == UP_REMARK_ACCEPTED)
                        g_string_append(names, remark->site);
        }
        up_cms_report_clear(&report);
        up_observations_clear(&observed);
        return g_string_free(names, FALSE);
}

static void each_rule_is_kept_and_broken(void **state)
{
        (void)state;
        up_identities_load();
        for (size_t i = 0; i < up_standard_count; i++) {
                bool tested = false;
                for (size_t j = 0; j < G_N_ELEMENTS(rows) && !tested; j++)
                        tested = strcmp(rows[j].rule, up_standard_rows[i].name) == 0;
                if (!tested)
                        fail_msg("no structure for %s", up_standard_rows[i].name);
        }
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                g_autoptr(GBytes) breaks = rows[i].breaks();
                g_autoptr(GBytes) keeps = rows[i].keeps();
                for (int depth = 0; depth < 2; depth++) {
                        enum up_depth how = depth == 0 ? UP_DEPTH_JUDGE : UP_DEPTH_EXPLORE;
                        g_autofree char *broken = broken_by(breaks, how);
                        g_autofree char *kept = broken_by(keeps, how);
                        assert_string_equal(broken, rows[i].rule);
                        assert_string_equal(kept, "");
                }
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(each_rule_is_kept_and_broken),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
