/*
 * cms - read, weigh, grade, exercise, open
 *
 * One parsed structure serves all, as it does in a program that tries again with other flags:
 * parsing a certificate's key costs more than checking a signature with it. What must start without
 * the signers, or without the key that was set before, parses anew.
 *
 * BUGS: of several recipients only the first one that matches a test identity is tried.
 */
#include "cms/cms.h"

#include <openssl/asn1t.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "cms/identity.h"
#include "cms/open_layer.h"
#include "cms/openssl.h"
#include "cms/standard.h"

const char *const up_grade_names[UP_GRADES] = {
        [UP_GRADE_UNSIGNED] = "unsigned",
        [UP_GRADE_VALID] = "valid",
        [UP_GRADE_DIGEST] = "content digest broken",
        [UP_GRADE_BROKEN] = "broken",
        [UP_GRADE_UNKNOWN] = "not looked at",
};

struct structure {
        GBytes *encoded;
        GBytes *detached; /* NULL without */
        struct up_observations *observed;
};

/* --- kinds ------------------------------------------------------------------------------------ */

static void open_data(const struct structure *s, CMS_ContentInfo *cms, BIO *out);
static void open_enveloped(const struct structure *s, CMS_ContentInfo *cms, BIO *out);
static void open_signed(const struct structure *s, CMS_ContentInfo *cms, BIO *out);
static void open_digested(const struct structure *s, CMS_ContentInfo *cms, BIO *out);
static void open_encrypted(const struct structure *s, CMS_ContentInfo *cms, BIO *out);
static void open_compressed(const struct structure *s, CMS_ContentInfo *cms, BIO *out);

static const struct kind {
        int nid;
        const char *name;
        void (*open)(const struct structure *s, CMS_ContentInfo *cms, BIO *out);
        bool needs_key;
} kinds[] = {
        { NID_pkcs7_data, "data", open_data, false },
        { NID_pkcs7_signed, "signed-data", open_signed, false },
        { NID_pkcs7_enveloped, "enveloped-data", open_enveloped, true },
        { NID_id_smime_ct_authEnvelopedData, "authEnveloped-data", open_enveloped, true },
        { NID_pkcs7_digest, "digested-data", open_digested, false },
        { NID_pkcs7_encrypted, "encrypted-data", open_encrypted, true },
        { NID_id_smime_ct_compressedData, "compressed-data", open_compressed, false },
};

static const struct kind *kind_of(const CMS_ContentInfo *cms)
{
        int nid = OBJ_obj2nid(CMS_get0_type(cms));

        for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
                if (kinds[i].nid == nid)
                        return &kinds[i];
        return NULL;
}

int up_cms_content_type(size_t index)
{
        return index < G_N_ELEMENTS(kinds) ? kinds[index].nid : NID_undef;
}

static CMS_ContentInfo *parse(const struct structure *s)
{
        ERR_clear_error();
        return up_cms_parse(s->encoded);
}

/* --- depth ------------------------------------------------------------------------------------ */

/* How many of 64 inputs each is done for; the others get none. Those that parse anew cost most. */
static const unsigned weights[UP_CMS_EXTRAS] = {
        [UP_CMS_VERIFY_WAYS] = 24,
        [UP_CMS_ACCESSORS] = 1,
        [UP_CMS_TRUST] = 6,
        [UP_CMS_NO_INTERN] = 2,
        [UP_CMS_PKCS7] = 4,
        [UP_CMS_SMIME_READER] = 2,
};
#define WEIGHTS 64

bool up_cms_takes(const struct up_observations *observed, enum up_cms_extra extra)
{
        size_t drawn = up_observations_draw(observed, "CMS", WEIGHTS);

        for (unsigned i = 0; i < extra; i++)
                drawn -= weights[i]; /* below 0 it wraps to a large number */
        return observed->depth != UP_DEPTH_EXPLORE || drawn < weights[extra];
}

/* --- costs ------------------------------------------------------------------------------------ */

/* A reader may take a negative number for a large one. */
static uint64_t magnitude(const ASN1_INTEGER *integer)
{
        int64_t value;

        if (ASN1_INTEGER_get_int64(&value, integer) != 1)
                return UINT64_MAX;
        return value < 0 ? -(uint64_t)value : (uint64_t)value;
}

/* PBKDF2-params of RFC 8018, PBEParameter of the same and of RFC 7292: salt, then iterations. */
static bool iterations_at(const unsigned char *data, long bytes, uint64_t *ret_iterations)
{
        const unsigned char *at = data;
        PBKDF2PARAM *kdf = d2i_PBKDF2PARAM(NULL, &at, bytes);
        PBEPARAM *pbe = NULL;
        const ASN1_INTEGER *iterations = kdf != NULL ? kdf->iter : NULL;

        if (kdf == NULL) {
                at = data;
                pbe = d2i_PBEPARAM(NULL, &at, bytes);
                iterations = pbe != NULL ? pbe->iter : NULL;
        }
        bool found = iterations != NULL;
        if (found)
                *ret_iterations = magnitude(iterations);
        PBKDF2PARAM_free(kdf);
        PBEPARAM_free(pbe);
        return found;
}

/* scrypt-params of RFC 7914; OpenSSL bounds the memory they ask for, but not the work. */
static bool scrypt_work_at(const unsigned char *data, long bytes, uint64_t *ret_iterations)
{
        SCRYPT_PARAMS *params = d2i_SCRYPT_PARAMS(NULL, &data, bytes);
        uint64_t work;

        if (params == NULL)
                return false;
        if (!g_uint64_checked_mul(
                &work, magnitude(params->costParameter), magnitude(params->blockSize)) ||
            !g_uint64_checked_mul(&work, work, magnitude(params->parallelizationParameter)))
                work = UINT64_MAX;
        *ret_iterations = work;
        SCRYPT_PARAMS_free(params);
        return true;
}

/* How a key may be derived from a password: object identifiers that begin so, @rest bytes more. */
static const struct derivation {
        unsigned char oid[9];
        size_t oid_bytes, rest;
        bool (*iterations_at)(const unsigned char *data, long bytes, uint64_t *ret_iterations);
} derivations[] = {
        { { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5 }, 8, 1, iterations_at },     /* PKCS #5 */
        { { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 1 }, 9, 1, iterations_at }, /* PKCS #12 */
        { { 0x2b, 6, 1, 4, 1, 0xda, 0x47, 4, 11 }, 9, 0, scrypt_work_at },
};

/*
 * A password recipient's key derivation is not in OpenSSL's public interface, so it is looked for
 * in the encoding: an object identifier, then its parameters.
 */
static bool derivation_is_affordable(const struct structure *s)
{
        gsize bytes;
        const unsigned char *data = g_bytes_get_data(s->encoded, &bytes);
        const unsigned char *end = data + bytes;

        for (size_t i = 0; i < G_N_ELEMENTS(derivations); i++) {
                const struct derivation *derivation = &derivations[i];
                const unsigned char *at = data;
                while ((at = memmem(at, (size_t)(end - at), derivation->oid,
                            derivation->oid_bytes)) != NULL) {
                        uint64_t iterations;
                        at += derivation->oid_bytes;
                        if ((size_t)(end - at) > derivation->rest &&
                            derivation->iterations_at(at + derivation->rest,
                                (long)(end - at) - (long)derivation->rest, &iterations) &&
                            !up_observations_within(
                                s->observed, &s->observed->limits.pbkdf2_iterations, iterations))
                                return false;
                }
        }
        return true;
}

/* Into the element at @at, or past it; how many bytes it holds, negative when it is none. */
static long step(const unsigned char **at, const unsigned char *end, bool into)
{
        long bytes;
        int tag, class;

        if ((ASN1_get_object(at, &bytes, &tag, &class, end - *at) & 0x80) != 0)
                return -1;
        if (!into)
                *at += bytes;
        return bytes;
}

/*
 * How many digests the structure lists. OpenSSL's public interface does not return the number, so
 * the elements of digestAlgorithms (RFC 5652 section 5.1) are counted.
 */
static uint64_t count_digests(CMS_ContentInfo *cms)
{
        /* ContentInfo, contentType, content, SignedData, version, digestAlgorithms */
        static const bool into[] = { true, false, true, true, false, true };
        unsigned char *der = NULL;
        int der_bytes = i2d_CMS_ContentInfo(cms, &der);
        const unsigned char *at = der, *end;
        long bytes = 0;
        uint64_t count = 0;

        if (der_bytes <= 0) /* no memory */
                return 0;
        end = der + der_bytes;
        for (size_t i = 0; i < G_N_ELEMENTS(into) && bytes >= 0; i++)
                bytes = step(&at, end, into[i]);
        if (bytes >= 0)
                end = at + bytes;
        while (bytes >= 0 && at < end && step(&at, end, false) >= 0)
                count++;
        OPENSSL_free(der);
        return count;
}

static bool costs_are_affordable(const struct structure *s, CMS_ContentInfo *cms)
{
        STACK_OF(X509) *certificates = CMS_get1_certs(cms);
        STACK_OF(CMS_SignerInfo) *signers = CMS_get0_SignerInfos(cms);
        STACK_OF(CMS_RecipientInfo) *recipients = CMS_get0_RecipientInfos(cms);
        uint64_t people = (uint64_t)MAX(
            0, MAX(sk_CMS_SignerInfo_num(signers), sk_CMS_RecipientInfo_num(recipients)));
        uint64_t digests =
            OBJ_obj2nid(CMS_get0_type(cms)) == NID_pkcs7_signed ? count_digests(cms) : 0;
        bool affordable =
            up_openssl_affords(s->observed, certificates) &&
            up_observations_within(s->observed, &s->observed->limits.signers, digests) &&
            up_observations_within(s->observed, &s->observed->limits.signers, people) &&
            derivation_is_affordable(s);

        sk_X509_pop_free(certificates, X509_free);
        affordable = !up_openssl_ran_out(s->observed) && affordable;
        ERR_clear_error();
        return affordable;
}

/* --- the signature's grade ------------------------------------------------------------------- */

/*
 * A finding is named after the call that is at fault. One that fails without a reason may only pass
 * on what a step of it does, so such a step is made alone. Leaves the error queue empty.
 */
static bool is_signer_silent(CMS_ContentInfo *cms)
{
        STACK_OF(CMS_SignerInfo) *signers = CMS_get0_SignerInfos(cms);
        bool silent = false;

        for (int i = 0; i < sk_CMS_SignerInfo_num(signers) && !silent; i++) {
                CMS_SignerInfo *signer = sk_CMS_SignerInfo_value(signers, i);
                ERR_clear_error();
                silent = CMS_signed_get_attr_count(signer) >= 0 &&
                         up_openssl_is_silent(CMS_SignerInfo_verify(signer) == 1);
        }
        ERR_clear_error();
        return silent;
}

static bool judge_verify(const struct structure *s, CMS_ContentInfo *cms, const char *way, bool ok)
{
        if (!ok && up_openssl_ran_out(s->observed))
                return false;

        bool of_signer = up_openssl_is_silent(ok) && is_signer_silent(cms);
        return up_openssl_judge(
            s->observed, of_signer ? "CMS_SignerInfo_verify" : "CMS_verify", way, ok);
}

/* One careful verification. On failure *ret_reason, unless NULL, becomes OpenSSL's reason. */
static bool holds(const struct structure *s, CMS_ContentInfo *cms, const char *way, unsigned flags,
    char **ret_reason)
{
        g_autoptr(BIO) content = up_openssl_give(s->detached, UP_GIVEN_MEMORY);
        bool given = content != NULL || s->detached == NULL;
        bool ok = given && CMS_verify(cms, up_openssl_certificates(),
                               up_openssl_store(s->observed->now_s), content, NULL, flags) == 1;

        if (!ok && ret_reason != NULL) {
                g_free(*ret_reason);
                *ret_reason = up_openssl_reason();
        }
        return judge_verify(s, cms, way, ok);
}

static bool every_signer_has_attributes(CMS_ContentInfo *cms)
{
        STACK_OF(CMS_SignerInfo) *signers = CMS_get0_SignerInfos(cms);

        for (int i = 0; i < sk_CMS_SignerInfo_num(signers); i++)
                if (CMS_signed_get_attr_count(sk_CMS_SignerInfo_value(signers, i)) < 0)
                        return false;
        return sk_CMS_SignerInfo_num(signers) > 0;
}

/* The one careful way, which says nothing of certificates: text as it came, then what it may be. */
static void grade(const struct structure *s, CMS_ContentInfo *cms, struct up_cms_report *report)
{
        const unsigned whoever = CMS_NO_SIGNER_CERT_VERIFY;
        struct up_observations *observed = s->observed;

        if (sk_CMS_SignerInfo_num(CMS_get0_SignerInfos(cms)) <= 0)
                return;
        if (holds(s, cms, "as text", whoever, &report->grade_reason) ||
            (!observed->out_of_memory &&
                holds(s, cms, "as it is", whoever | CMS_BINARY, &report->grade_reason))) {
                report->grade = UP_GRADE_VALID;
                up_observations_count(observed, UP_COUNT_VERIFIED);
        } else if (!observed->out_of_memory && every_signer_has_attributes(cms) &&
                   holds(s, cms, "attributes alone", whoever | CMS_NO_CONTENT_VERIFY, NULL)) {
                report->grade = UP_GRADE_DIGEST;
                up_observations_count(observed, UP_COUNT_DIGEST_ONLY);
        } else {
                report->grade = observed->out_of_memory ? UP_GRADE_UNKNOWN : UP_GRADE_BROKEN;
        }
        if (report->grade == UP_GRADE_VALID || report->grade == UP_GRADE_UNKNOWN)
                g_clear_pointer(&report->grade_reason, g_free);
}

static void weigh_trust(
    const struct structure *s, CMS_ContentInfo *cms, struct up_cms_report *report)
{
        report->trusted = holds(s, cms, "certificates too", 0, &report->trust_reason) ||
                          holds(s, cms, "certificates too", CMS_BINARY, &report->trust_reason);
        if (report->trusted) {
                g_clear_pointer(&report->trust_reason, g_free);
                up_observations_count(s->observed, UP_COUNT_TRUSTED);
        }
}

/* The first value of the signingTime attribute (RFC 5652 section 11.3). */
static char *signing_time_text(const CMS_SignerInfo *signer)
{
        int at = CMS_signed_get_attr_by_NID(signer, NID_pkcs9_signingTime, -1);
        X509_ATTRIBUTE *attribute = at >= 0 ? CMS_signed_get_attr(signer, at) : NULL;
        const ASN1_TYPE *time = attribute != NULL ? X509_ATTRIBUTE_get0_type(attribute, 0) : NULL;
        struct tm tm;

        if (time == NULL ||
            (time->type != V_ASN1_UTCTIME && time->type != V_ASN1_GENERALIZEDTIME) ||
            ASN1_TIME_to_tm(time->value.utctime, &tm) != 1)
                return NULL;
        return g_strdup_printf("%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900, tm.tm_mon + 1,
            tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static char *name_text(const X509_NAME *name)
{
        g_autoptr(BIO) memory = BIO_new(BIO_s_mem());
        char *text;
        long bytes;

        X509_NAME_print_ex(memory, name, 0, XN_FLAG_RFC2253);
        bytes = BIO_get_mem_data(memory, &text);
        return g_strndup(text, (gsize)bytes);
}

static char *signer_who(CMS_SignerInfo *signer, X509 *certificate)
{
        X509_NAME *issuer = NULL;
        ASN1_INTEGER *serial = NULL;

        if (certificate != NULL)
                return name_text(X509_get_subject_name(certificate));
        if (CMS_SignerInfo_get0_signer_id(signer, NULL, &issuer, &serial) == 1 && issuer != NULL) {
                g_autofree char *name = name_text(issuer);
                g_autofree char *number = i2s_ASN1_INTEGER(NULL, serial);
                return g_strdup_printf("issued by %s, serial %s", name, number);
        }
        return g_strdup("known by its key identifier alone");
}

static void list_signers(CMS_ContentInfo *cms, struct up_cms_report *report)
{
        STACK_OF(CMS_SignerInfo) *signers = CMS_get0_SignerInfos(cms);

        CMS_set1_signers_certs(cms, up_openssl_certificates(), 0);
        for (int i = 0; i < sk_CMS_SignerInfo_num(signers); i++) {
                CMS_SignerInfo *info = sk_CMS_SignerInfo_value(signers, i);
                struct up_cms_signer *signer = g_new0(struct up_cms_signer, 1);
                X509 *certificate;
                X509_ALGOR *digest, *signature;
                const ASN1_OBJECT *digest_id, *signature_id;

                CMS_SignerInfo_get0_algs(info, NULL, &certificate, &digest, &signature);
                X509_ALGOR_get0(&digest_id, NULL, NULL, digest);
                X509_ALGOR_get0(&signature_id, NULL, NULL, signature);
                signer->who = signer_who(info, certificate);
                signer->algorithm = g_strdup_printf("%s, %s", OBJ_nid2sn(OBJ_obj2nid(signature_id)),
                    OBJ_nid2sn(OBJ_obj2nid(digest_id)));
                signer->signed_at = signing_time_text(info);
                g_ptr_array_add(report->signers, signer);
        }
        ERR_clear_error();
}

/* --- every way to verify ---------------------------------------------------------------------- */

static const struct way {
        const char *name;
        unsigned flags;
        enum up_given given;
        bool output;
        bool examined; /* unlike the others, or the one of several that are alike */
} ways[] = {
        { "no flags", 0, UP_GIVEN_MEMORY, true, true },
        { "CMS_TEXT", CMS_TEXT, UP_GIVEN_MEMORY, true, true },
        { "CMS_NOCRL", CMS_NOCRL, UP_GIVEN_MEMORY, false, false },
        { "CMS_CADES", CMS_CADES, UP_GIVEN_MEMORY, false, true },
        { "CMS_ASCIICRLF", CMS_ASCIICRLF | CMS_NO_SIGNER_CERT_VERIFY, UP_GIVEN_MEMORY, true,
            false },
        { "nothing verified", CMS_NOVERIFY | CMS_NO_ATTR_VERIFY | CMS_NO_CONTENT_VERIFY,
            UP_GIVEN_MEMORY, true, true },
        { "content absent", CMS_NO_SIGNER_CERT_VERIFY, UP_GIVEN_NOTHING, true, true },
        { "content empty", CMS_NO_SIGNER_CERT_VERIFY | CMS_BINARY, UP_GIVEN_EMPTY, true, false },
        { "content in a file", CMS_NO_SIGNER_CERT_VERIFY, UP_GIVEN_FILE, true, false },
};

static void verify_every_way(const struct structure *s, CMS_ContentInfo *cms)
{
        for (size_t i = 0; i < G_N_ELEMENTS(ways); i++) {
                const struct way *way = &ways[i];
                if (!up_observations_take(
                        s->observed, "CMS_verify", i, G_N_ELEMENTS(ways), way->examined))
                        continue;
                g_autoptr(BIO) content = up_openssl_give(s->detached, way->given);
                g_autoptr(BIO) out =
                    way->output ? up_openssl_sink(s->observed->limits.decoded_bytes) : NULL;
                int result = CMS_verify(cms, up_openssl_certificates(),
                    up_openssl_store(s->observed->now_s), content, out, way->flags);
                judge_verify(s, cms, way->name, result == 1);
        }
}

/* With CMS_NOINTERN nothing may be known of the signers yet. */
static void verify_by_given_certificates(const struct structure *s)
{
        g_autoptr(CMS_ContentInfo) cms = parse(s);

        holds(s, cms, "CMS_NOINTERN", CMS_NOINTERN, NULL);
}

/* --- every accessor --------------------------------------------------------------------------- */

static void touch_signer(CMS_SignerInfo *signer)
{
        CMS_ReceiptRequest *request = NULL;

        for (int i = 0; i < CMS_signed_get_attr_count(signer); i++)
                X509_ATTRIBUTE_count(CMS_signed_get_attr(signer, i));
        for (int i = 0; i < CMS_unsigned_get_attr_count(signer); i++)
                X509_ATTRIBUTE_count(CMS_unsigned_get_attr(signer, i));
        for (size_t i = 0; i < up_identities_count; i++)
                CMS_SignerInfo_cert_cmp(signer, up_identities[i].certificate);
        if (CMS_get1_ReceiptRequest(signer, &request) == 1) {
                ASN1_STRING *content_id;
                int all_or_first;
                STACK_OF(GENERAL_NAMES) * from, *to;
                CMS_ReceiptRequest_get0_values(request, &content_id, &all_or_first, &from, &to);
        }
        CMS_ReceiptRequest_free(request);
        ASN1_STRING_length(CMS_SignerInfo_get0_signature(signer));
}

static void touch_recipient(CMS_RecipientInfo *recipient)
{
        ASN1_OCTET_STRING *id;
        X509_NAME *issuer;
        ASN1_INTEGER *serial;
        X509_ALGOR *algorithm;

        switch (CMS_RecipientInfo_type(recipient)) {
        case CMS_RECIPINFO_TRANS:
                CMS_RecipientInfo_ktri_get0_signer_id(recipient, &id, &issuer, &serial);
                CMS_RecipientInfo_ktri_get0_algs(recipient, NULL, NULL, &algorithm);
                break;
        case CMS_RECIPINFO_AGREE:
                CMS_RecipientInfo_kari_get0_alg(recipient, &algorithm, &id);
                CMS_RecipientInfo_kari_get0_orig_id(
                    recipient, &algorithm, NULL, &id, &issuer, &serial);
                break;
        case CMS_RECIPINFO_KEK:
                CMS_RecipientInfo_kekri_get0_id(recipient, &algorithm, &id, NULL, NULL, NULL);
                break;
        default:
                break;
        }
}

/* As gateways write on what they have read; clear-signed again, with a digest made anew or not. */
static void write_every_way(const struct structure *s, CMS_ContentInfo *cms)
{
        static const int flags[] = { 0, CMS_DETACHED, CMS_DETACHED | CMS_REUSE_DIGEST };
        g_autoptr(BIO) null = BIO_new(BIO_s_null());

        for (size_t i = 0; i < G_N_ELEMENTS(flags); i++) {
                g_autoptr(BIO) content = up_openssl_give(s->detached, UP_GIVEN_MEMORY);
                if (content != NULL || flags[i] == 0)
                        SMIME_write_CMS(null, cms, content, flags[i]);
        }
        PEM_write_bio_CMS_stream(null, cms, NULL, CMS_BINARY);
        i2d_CMS_bio(null, cms);
}

static void touch(const struct structure *s, CMS_ContentInfo *cms)
{
        g_autoptr(BIO) null = BIO_new(BIO_s_null());
        STACK_OF(CMS_SignerInfo) *signers = CMS_get0_SignerInfos(cms);
        STACK_OF(CMS_RecipientInfo) *recipients = CMS_get0_RecipientInfos(cms);
        STACK_OF(X509_CRL) *crls = CMS_get1_crls(cms);

        for (int i = 0; i < sk_CMS_SignerInfo_num(signers); i++)
                touch_signer(sk_CMS_SignerInfo_value(signers, i));
        for (int i = 0; i < sk_CMS_RecipientInfo_num(recipients); i++)
                touch_recipient(sk_CMS_RecipientInfo_value(recipients, i));
        CMS_get0_eContentType(cms);
        CMS_is_detached(cms);
        CMS_ContentInfo_print_ctx(null, cms, 0, NULL);
        write_every_way(s, cms);
        sk_X509_CRL_pop_free(crls, X509_CRL_free);
        ERR_clear_error();
}

/* --- opening ---------------------------------------------------------------------------------- */

static void open_data(const struct structure *s, CMS_ContentInfo *cms, BIO *out)
{
        up_openssl_judge(s->observed, "CMS_data", NULL, CMS_data(cms, out, 0) == 1);
}

static void open_signed(const struct structure *s, CMS_ContentInfo *cms, BIO *out)
{
        const unsigned unchecked = CMS_NOVERIFY | CMS_NO_ATTR_VERIFY | CMS_NO_CONTENT_VERIFY;

        ASN1_OCTET_STRING **content = CMS_get0_content(cms);

        /* A detached content is a part of the message, and is read as one anyway. */
        if (CMS_is_detached(cms) == 1)
                return;
        bool ok = CMS_verify(cms, up_openssl_certificates(), NULL, NULL, out, unchecked) == 1;
        if (judge_verify(s, cms, "nothing verified, to open", ok) || s->observed->out_of_memory)
                return;
        /* Without a signer, or when none is known, OpenSSL gives nothing out; others read on. */
        if (content != NULL && *content != NULL)
                BIO_write(out, ASN1_STRING_get0_data(*content), ASN1_STRING_length(*content));
}

static void open_digested(const struct structure *s, CMS_ContentInfo *cms, BIO *out)
{
        g_autoptr(BIO) content = up_openssl_give(s->detached, UP_GIVEN_MEMORY);

        up_openssl_judge(
            s->observed, "CMS_digest_verify", NULL, CMS_digest_verify(cms, content, out, 0) == 1);
}

static void open_encrypted(const struct structure *s, CMS_ContentInfo *cms, BIO *out)
{
        g_autoptr(BIO) content = up_openssl_give(s->detached, UP_GIVEN_MEMORY);

        if (up_openssl_judge(s->observed, "CMS_EncryptedData_decrypt", NULL,
                CMS_EncryptedData_decrypt(cms, up_test_key, sizeof up_test_key, content, out, 0) ==
                    1))
                up_observations_count(s->observed, UP_COUNT_DECRYPTED);
}

static bool has_recipient_of(CMS_ContentInfo *cms, int type)
{
        STACK_OF(CMS_RecipientInfo) *recipients = CMS_get0_RecipientInfos(cms);

        for (int i = 0; i < sk_CMS_RecipientInfo_num(recipients); i++)
                if (CMS_RecipientInfo_type(sk_CMS_RecipientInfo_value(recipients, i)) == type)
                        return true;
        return false;
}

/* As is_signer_silent(). */
static bool is_key_silent(CMS_ContentInfo *cms, EVP_PKEY *key, X509 *certificate)
{
        bool silent =
            key != NULL && up_openssl_is_silent(CMS_decrypt_set1_pkey(cms, key, certificate) == 1);

        ERR_clear_error();
        return silent;
}

/*
 * Without a key one was set before. What a failure leaves was not decrypted: only a success reaches
 * @out, unless it is NULL.
 */
static bool decrypt(const struct structure *s, CMS_ContentInfo *cms, const char *way, EVP_PKEY *key,
    X509 *certificate, BIO *out)
{
        g_autoptr(BIO) content = up_openssl_give(s->detached, UP_GIVEN_MEMORY);
        g_autoptr(BIO) opened = up_openssl_sink(s->observed->limits.decoded_bytes);
        bool ok = CMS_decrypt(cms, key, certificate, content, opened, 0) == 1;
        bool of_key = up_openssl_is_silent(ok) && is_key_silent(cms, key, certificate);
        g_autofree char *call = of_key ? g_strdup("CMS_decrypt_set1_pkey")
                                       : g_strconcat("CMS_decrypt of ", kind_of(cms)->name, NULL);

        if (ok && out != NULL) {
                g_autoptr(GBytes) bytes = up_openssl_sink_bytes(opened);
                BIO_write(out, g_bytes_get_data(bytes, NULL), (int)g_bytes_get_size(bytes));
        }
        return up_openssl_judge(s->observed, call, way, ok);
}

/*
 * With a certificate OpenSSL opens that recipient's key, without one it tries each and answers a
 * failure with a drawn key, so that a sender learns nothing (RFC 3218). The second is tried where
 * the first does not open; it may make up its content, so that is not looked at.
 */
static bool open_with_key(const struct structure *s, CMS_ContentInfo *cms, BIO *out)
{
        const struct up_identity *reader = up_cms_find_reader(cms);

        if (reader != NULL &&
            decrypt(s, cms, "certificate known", reader->key, reader->certificate, out))
                return true;
        if (reader == NULL)
                reader = up_identity_find("bob");
        g_autoptr(CMS_ContentInfo) again = parse(s);
        decrypt(s, again, "certificate unknown", reader->key, NULL, NULL);
        return false;
}

static bool open_with_secret(const struct structure *s, CMS_ContentInfo *cms, BIO *out)
{
        unsigned char *key = g_memdup2(up_test_key, sizeof up_test_key);
        g_autofree char *password = g_strdup(UP_TEST_PASSWORD);
        bool ready = has_recipient_of(cms, CMS_RECIPINFO_KEK) &&
                     up_openssl_judge(s->observed, "CMS_decrypt_set1_key", NULL,
                         CMS_decrypt_set1_key(cms, key, sizeof up_test_key, NULL, 0) == 1);

        if (!ready && has_recipient_of(cms, CMS_RECIPINFO_PASS))
                ready = up_openssl_judge(s->observed, "CMS_decrypt_set1_password", NULL,
                    CMS_decrypt_set1_password(cms, (unsigned char *)password, -1) == 1);
        g_free(key);
        return ready && decrypt(s, cms, "key set before", NULL, NULL, out);
}

static void open_enveloped(const struct structure *s, CMS_ContentInfo *cms, BIO *out)
{
        if (open_with_key(s, cms, out) || open_with_secret(s, cms, out))
                up_observations_count(s->observed, UP_COUNT_DECRYPTED);
}

/* Where OpenSSL is built without zlib, it says so. */
static void uncompress_by_openssl(const struct structure *s, CMS_ContentInfo *cms)
{
        const struct up_limits *limits = &s->observed->limits;
        g_autoptr(BIO) unused =
            up_openssl_sink(MIN(limits->decompressed_bytes, limits->decoded_bytes));

        up_openssl_judge(
            s->observed, "CMS_uncompress", NULL, CMS_uncompress(cms, NULL, unused, 0) == 1);
}

static void open_compressed(const struct structure *s, CMS_ContentInfo *cms, BIO *out)
{
        const struct up_limits *limits = &s->observed->limits;
        ASN1_OCTET_STRING **content = CMS_get0_content(cms);
        g_autoptr(GByteArray) bytes = g_byte_array_new();
        uint64_t total;

        uncompress_by_openssl(s, cms);
        if (content == NULL || *content == NULL)
                return;
        if (up_inflate(
                *content, MIN(limits->decompressed_bytes, limits->decoded_bytes), bytes, &total))
                up_observations_count(s->observed, UP_COUNT_DECOMPRESSED);
        if (up_observations_within(s->observed, &limits->decompressed_bytes, total))
                up_observations_within(s->observed, &limits->decoded_bytes, total);
        BIO_write(out, bytes->data, (int)bytes->len);
}

static void open_content(const struct structure *s, CMS_ContentInfo *cms, const struct kind *kind,
    struct up_cms_report *report)
{
        g_autoptr(BIO) out = up_openssl_sink(s->observed->limits.decoded_bytes);

        if (!up_openssl_judge(s->observed, "BIO_new", NULL, out != NULL))
                return;
        kind->open(s, cms, out);
        ERR_clear_error();
        report->content = up_openssl_sink_bytes(out);
        if (g_bytes_get_size(report->content) == 0)
                g_clear_pointer(&report->content, g_bytes_unref);
}

/* --- the whole -------------------------------------------------------------------------------- */

static void signer_free(void *data)
{
        struct up_cms_signer *signer = data;

        g_free(signer->who);
        g_free(signer->algorithm);
        g_free(signer->signed_at);
        g_free(signer);
}

void up_cms_report_clear(struct up_cms_report *report)
{
        g_free(report->grade_reason);
        g_free(report->trust_reason);
        g_clear_pointer(&report->signers, g_ptr_array_unref);
        g_clear_pointer(&report->content, g_bytes_unref);
}

static void grade_and_open(const struct structure *s, CMS_ContentInfo *cms, const struct kind *kind,
    struct up_cms_report *report)
{
        if (kind->nid == NID_pkcs7_signed) {
                up_observations_count(s->observed, UP_COUNT_SIGNED);
                grade(s, cms, report);
        }
        if (!s->observed->out_of_memory)
                open_content(s, cms, kind, report);
}

static void verify_further(
    const struct structure *s, CMS_ContentInfo *cms, struct up_cms_report *report)
{
        if (report->grade == UP_GRADE_VALID && up_cms_takes(s->observed, UP_CMS_TRUST))
                weigh_trust(s, cms, report);
        if (s->observed->depth != UP_DEPTH_EXPLORE)
                list_signers(cms, report);
        if (up_cms_takes(s->observed, UP_CMS_VERIFY_WAYS))
                verify_every_way(s, cms);
        if (up_cms_takes(s->observed, UP_CMS_NO_INTERN))
                verify_by_given_certificates(s);
}

/* Writing comes last: it may take the content out of the structure. */
static void examine_affordable(const struct structure *s, CMS_ContentInfo *cms,
    const struct kind *kind, struct up_cms_report *report)
{
        uint64_t decrypted = s->observed->counts[UP_COUNT_DECRYPTED];

        if (kind != NULL) {
                grade_and_open(s, cms, kind, report);
                if (report->grade == UP_GRADE_VALID ||
                    s->observed->counts[UP_COUNT_DECRYPTED] > decrypted)
                        up_standard_judge(cms, s->encoded, s->detached, s->observed);
                if (kind->nid == NID_pkcs7_signed)
                        verify_further(s, cms, report);
        }
        if (up_cms_takes(s->observed, UP_CMS_ACCESSORS))
                touch(s, cms);
}

/* Reads the structure; NULL when it is none. */
static CMS_ContentInfo *begin(
    const struct structure *s, struct up_cms_report *report, const struct kind **ret_kind)
{
        g_autoptr(CMS_ContentInfo) cms = NULL;

        *report = (struct up_cms_report){ .signers = g_ptr_array_new_with_free_func(signer_free) };
        up_identities_load();
        cms = parse(s);
        if (!up_openssl_judge(s->observed, "d2i_CMS_ContentInfo", NULL, cms != NULL))
                return NULL;
        *ret_kind = kind_of(cms);
        up_observations_count(s->observed, UP_COUNT_CMS);
        report->kind = *ret_kind != NULL ? (*ret_kind)->name : "unknown";
        return g_steal_pointer(&cms);
}

void up_cms_examine(GBytes *encoded, GBytes *detached, struct up_observations *observed,
    struct up_cms_report *report)
{
        const struct structure s = { encoded, detached, observed };
        const struct kind *kind;
        g_autoptr(CMS_ContentInfo) cms = begin(&s, report, &kind);

        if (cms != NULL) {
                if (!costs_are_affordable(&s, cms)) {
                        report->grade = UP_GRADE_UNKNOWN;
                        return;
                }
                examine_affordable(&s, cms, kind, report);
        }
        if (up_cms_takes(observed, UP_CMS_PKCS7))
                up_pkcs7_examine(encoded, detached, observed);
}

void up_cms_open(GBytes *encoded, GBytes *detached, struct up_observations *observed,
    struct up_cms_report *report)
{
        const struct structure s = { encoded, detached, observed };
        const struct kind *kind;
        g_autoptr(CMS_ContentInfo) cms = begin(&s, report, &kind);

        if (cms == NULL || kind == NULL || kind->needs_key)
                return;
        if (!costs_are_affordable(&s, cms)) {
                report->grade = UP_GRADE_UNKNOWN;
                return;
        }
        grade_and_open(&s, cms, kind, report);
}
