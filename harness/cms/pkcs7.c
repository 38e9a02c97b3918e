/*
 * pkcs7 - OpenSSL's older PKCS7 functions, which much software still calls (RFC 2315)
 *
 * Parses a CMS structure as PKCS #7 v1.5. OpenSSL implements these functions separately from CMS,
 * so their failures differ. The results do not change the structure's grade.
 */
#include <openssl/err.h>
#include <openssl/pkcs7.h>

#include "cms/cms.h"
#include "cms/identity.h"
#include "cms/open_layer.h"
#include "cms/openssl.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(PKCS7, PKCS7_free)

static const struct way {
        const char *name;
        int flags;
        enum up_given given;
        bool output;
        bool examined; /* unlike the others, or the one of several that are alike */
} ways[] = {
        { "no flags", 0, UP_GIVEN_MEMORY, true, true },
        { "PKCS7_NOVERIFY", PKCS7_NOVERIFY, UP_GIVEN_MEMORY, true, false },
        { "PKCS7_NOINTERN", PKCS7_NOINTERN, UP_GIVEN_MEMORY, false, true },
        { "PKCS7_NOCHAIN", PKCS7_NOCHAIN, UP_GIVEN_MEMORY, true, false },
        { "PKCS7_NOSIGS", PKCS7_NOSIGS, UP_GIVEN_MEMORY, true, true },
        { "PKCS7_TEXT", PKCS7_TEXT | PKCS7_NOVERIFY, UP_GIVEN_MEMORY, true, true },
        { "PKCS7_BINARY", PKCS7_BINARY | PKCS7_NOVERIFY, UP_GIVEN_MEMORY, true, false },
        { "PKCS7_NO_DUAL_CONTENT", PKCS7_NO_DUAL_CONTENT, UP_GIVEN_MEMORY, true, false },
        { "content absent", PKCS7_NOVERIFY, UP_GIVEN_NOTHING, true, true },
        { "content empty", PKCS7_NOVERIFY | PKCS7_BINARY, UP_GIVEN_EMPTY, true, false },
        { "content in a file", PKCS7_NOVERIFY, UP_GIVEN_FILE, true, false },
};

static PKCS7 *parse(GBytes *encoded)
{
        gsize bytes;
        const unsigned char *data = g_bytes_get_data(encoded, &bytes);

        ERR_clear_error();
        return d2i_PKCS7(NULL, &data, (long)bytes);
}

/* These functions parse some structures that the CMS functions reject: check costs here, too. */
static bool costs_are_affordable(const PKCS7 *p7, struct up_observations *observed)
{
        const STACK_OF(X509) *certificates = NULL;
        const STACK_OF(X509_ALGOR) *digests = NULL;
        const STACK_OF(PKCS7_SIGNER_INFO) *signers = NULL;
        const STACK_OF(PKCS7_RECIP_INFO) *recipients = NULL;
        int largest_count;

        if (p7->d.ptr == NULL)
                return true;
        if (PKCS7_type_is_signed(p7)) {
                certificates = p7->d.sign->cert;
                digests = p7->d.sign->md_algs;
                signers = p7->d.sign->signer_info;
        } else if (PKCS7_type_is_enveloped(p7)) {
                recipients = p7->d.enveloped->recipientinfo;
        } else if (PKCS7_type_is_signedAndEnveloped(p7)) {
                certificates = p7->d.signed_and_enveloped->cert;
                digests = p7->d.signed_and_enveloped->md_algs;
                signers = p7->d.signed_and_enveloped->signer_info;
                recipients = p7->d.signed_and_enveloped->recipientinfo;
        }
        largest_count = MAX(sk_X509_ALGOR_num(digests), sk_PKCS7_SIGNER_INFO_num(signers));
        largest_count = MAX(largest_count, sk_PKCS7_RECIP_INFO_num(recipients));
        bool affordable = up_openssl_affords(observed, certificates) &&
                          up_observations_within(
                              observed, &observed->limits.signers, (uint64_t)MAX(0, largest_count));
        ERR_clear_error();
        return affordable;
}

static void verify_in_every_way(PKCS7 *p7, GBytes *detached, struct up_observations *observed)
{
        for (size_t i = 0; i < G_N_ELEMENTS(ways); i++) {
                if (!up_observations_take(
                        observed, "PKCS7_verify", i, G_N_ELEMENTS(ways), ways[i].examined))
                        continue;
                g_autoptr(BIO) content = up_openssl_give(detached, ways[i].given);
                g_autoptr(BIO) out =
                    ways[i].output ? up_openssl_sink(observed->limits.decoded_bytes) : NULL;
                int result = PKCS7_verify(p7, up_openssl_certificates(),
                    up_openssl_store(observed->now_s), content, out, ways[i].flags);
                up_openssl_judge(observed, "PKCS7_verify", ways[i].name, result == 1);
        }
}

/* By design the PKCS7 functions are not extended to newer algorithms (RFC 2315 has none of them).
 */
static const int cms_only[] = { NID_rsassaPss, NID_ED25519, NID_ED448 };

static bool has_cms_algorithms(PKCS7 *p7)
{
        STACK_OF(PKCS7_SIGNER_INFO) *infos = PKCS7_get_signer_info(p7);

        for (int i = 0; i < sk_PKCS7_SIGNER_INFO_num(infos); i++) {
                const X509_ALGOR *algorithm = sk_PKCS7_SIGNER_INFO_value(infos, i)->digest_enc_alg;
                const ASN1_OBJECT *object;
                X509_ALGOR_get0(&object, NULL, NULL, algorithm);
                for (size_t j = 0; j < G_N_ELEMENTS(cms_only); j++)
                        if (OBJ_obj2nid(object) == cms_only[j])
                                return true;
        }
        return false;
}

/* Both are given the content byte for byte. */
static void compare_with_cms(
    PKCS7 *p7, GBytes *encoded, GBytes *detached, struct up_observations *observed)
{
        g_autoptr(CMS_ContentInfo) cms = up_cms_parse(encoded);
        X509_STORE *store = up_openssl_store(observed->now_s);
        STACK_OF(X509) *certificates = up_openssl_certificates();
        g_autoptr(BIO) one = up_openssl_give(detached, UP_GIVEN_MEMORY);
        g_autoptr(BIO) other = up_openssl_give(detached, UP_GIVEN_MEMORY);

        ERR_clear_error();
        if (cms == NULL || OBJ_obj2nid(CMS_get0_type(cms)) != NID_pkcs7_signed ||
            has_cms_algorithms(p7))
                return;
        bool by_pkcs7 =
            PKCS7_verify(p7, certificates, store, one, NULL, PKCS7_NOVERIFY | PKCS7_BINARY) == 1;
        bool by_cms = CMS_verify(cms, certificates, store, other, NULL,
                          CMS_NO_SIGNER_CERT_VERIFY | CMS_BINARY) == 1;
        g_autofree char *reason = up_openssl_reason();
        ERR_clear_error();
        up_observations_count(observed, UP_COUNT_DECODERS_JUDGED);
        if (by_pkcs7 != by_cms)
                up_observations_remark(observed, UP_REMARK_DISAGREE,
                    by_cms ? "signature: valid by CMS, not by PKCS7"
                           : "signature: valid by PKCS7, not by CMS",
                    "both read the structure; the one that refuses it says: %s", reason);
}

static void call_signer_accessors(PKCS7 *p7)
{
        STACK_OF(PKCS7_SIGNER_INFO) *infos = PKCS7_get_signer_info(p7);
        STACK_OF(X509) *signers = PKCS7_get0_signers(p7, up_openssl_certificates(), 0);

        for (int i = 0; i < sk_PKCS7_SIGNER_INFO_num(infos); i++) {
                PKCS7_SIGNER_INFO *info = sk_PKCS7_SIGNER_INFO_value(infos, i);
                EVP_PKEY *key;
                X509_ALGOR *digest, *signature;
                PKCS7_SIGNER_INFO_get0_algs(info, &key, &digest, &signature);
                PKCS7_get_signed_attribute(info, NID_pkcs9_signingTime);
                PKCS7_get_attribute(info, NID_pkcs9_countersignature);
                STACK_OF(X509_ALGOR) *capabilities = PKCS7_get_smimecap(info);
                sk_X509_ALGOR_pop_free(capabilities, X509_ALGOR_free);
                if (sk_X509_ATTRIBUTE_num(info->auth_attr) > 0)
                        PKCS7_digest_from_attributes(info->auth_attr);
        }
        sk_X509_free(signers);
        ERR_clear_error();
}

static void decrypt(GBytes *encoded, struct up_observations *observed)
{
        static const char *const readers[] = { "bob", "bob-ec" };

        for (size_t i = 0; i < G_N_ELEMENTS(readers); i++) {
                const struct up_identity *reader = up_identity_find(readers[i]);
                g_autoptr(PKCS7) p7 = parse(encoded);
                g_autoptr(BIO) out = up_openssl_sink(observed->limits.decoded_bytes);
                up_openssl_judge(observed, "PKCS7_decrypt", NULL,
                    PKCS7_decrypt(p7, reader->key, reader->certificate, out, 0) == 1);
        }
}

/* PKCS7_decrypt() rejects signed-and-enveloped data, so callers use PKCS7_dataDecode() for it. */
static void decode_signed_and_enveloped(GBytes *encoded, struct up_observations *observed)
{
        const struct up_identity *reader = up_identity_find("bob");
        g_autoptr(PKCS7) p7 = parse(encoded);
        g_autoptr(BIO) content = PKCS7_dataDecode(p7, reader->key, NULL, reader->certificate);
        char chunk[4096];

        if (!up_openssl_judge(observed, "PKCS7_dataDecode", NULL, content != NULL))
                return;
        while (BIO_read(content, chunk, sizeof chunk) > 0)
                continue;
        ERR_clear_error();
}

void up_pkcs7_examine(GBytes *encoded, GBytes *detached, struct up_observations *observed)
{
        g_autoptr(PKCS7) p7 = parse(encoded);
        g_autoptr(BIO) null = BIO_new(BIO_s_null());

        if (!up_openssl_judge(observed, "d2i_PKCS7", NULL, p7 != NULL) ||
            !costs_are_affordable(p7, observed))
                return;
        PKCS7_print_ctx(null, p7, 0, NULL);
        i2d_PKCS7_bio(null, p7);
        PKCS7_get_octet_string(p7);
        ERR_clear_error();
        if (PKCS7_type_is_signed(p7)) {
                verify_in_every_way(p7, detached, observed);
                if (observed->depth != UP_DEPTH_EXPLORE)
                        compare_with_cms(p7, encoded, detached, observed);
                call_signer_accessors(p7);
        } else if (PKCS7_type_is_enveloped(p7)) {
                decrypt(encoded, observed);
        } else if (PKCS7_type_is_signedAndEnveloped(p7)) {
                decode_signed_and_enveloped(encoded, observed);
        }
}
