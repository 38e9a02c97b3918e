/*
 * standard - checks on a parsed structure, and on the bytes that it was read from
 */
#include "cms/standard.h"

#include <openssl/asn1t.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#define GCM_TAG_LEAST 12 /* RFC 5084 section 3.2 */

/* --- signed-data ------------------------------------------------------------------------------ */

typedef bool (*signer_check)(CMS_ContentInfo *cms, CMS_SignerInfo *signer);

static bool any_signer(CMS_ContentInfo *cms, signer_check check)
{
        STACK_OF(CMS_SignerInfo) *signers = NULL;

        if (OBJ_obj2nid(CMS_get0_type(cms)) == NID_pkcs7_signed)
                signers = CMS_get0_SignerInfos(cms);
        for (int i = 0; i < sk_CMS_SignerInfo_num(signers); i++)
                if (check(cms, sk_CMS_SignerInfo_value(signers, i)))
                        return true;
        return false;
}

static bool has_attributes(CMS_SignerInfo *signer)
{
        return CMS_signed_get_attr_count(signer) > 0;
}

static bool names_another_type(CMS_ContentInfo *cms, CMS_SignerInfo *signer)
{
        const ASN1_OBJECT *type = CMS_signed_get0_data_by_OBJ(
            signer, OBJ_nid2obj(NID_pkcs9_contentType), -3, V_ASN1_OBJECT);

        return type != NULL && OBJ_cmp(type, CMS_get0_eContentType(cms)) != 0;
}

static bool lacks_attributes(CMS_ContentInfo *cms, CMS_SignerInfo *signer)
{
        return !has_attributes(signer) && OBJ_obj2nid(CMS_get0_eContentType(cms)) != NID_pkcs7_data;
}

static bool key_may_not_sign(CMS_ContentInfo *cms, CMS_SignerInfo *signer)
{
        X509 *certificate = NULL;

        (void)cms;
        CMS_SignerInfo_get0_algs(signer, NULL, &certificate, NULL, NULL);
        return certificate != NULL &&
               (X509_get_extension_flags(certificate) & EXFLAG_KUSAGE) != 0 &&
               (X509_get_key_usage(certificate) & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) == 0;
}

static bool content_type_differs(CMS_ContentInfo *cms, GBytes *encoded, GBytes *detached)
{
        (void)encoded;
        (void)detached;
        return any_signer(cms, names_another_type);
}

static bool attributes_are_missing(CMS_ContentInfo *cms, GBytes *encoded, GBytes *detached)
{
        (void)encoded;
        (void)detached;
        return any_signer(cms, lacks_attributes);
}

static bool key_usage_forbids(CMS_ContentInfo *cms, GBytes *encoded, GBytes *detached)
{
        (void)encoded;
        (void)detached;
        return any_signer(cms, key_may_not_sign);
}

/* SET OF Attribute in DER, to the last byte, with a digest of something. */
static bool are_signed_attributes(const unsigned char *data, long bytes)
{
        const unsigned char *at = data, *end = data + bytes;
        bool has_digest = false;
        long length;
        int tag, class;

        if (bytes <= 0 ||
            (ASN1_get_object(&at, &length, &tag, &class, bytes) & ~V_ASN1_CONSTRUCTED) != 0 ||
            tag != V_ASN1_SET || class != V_ASN1_UNIVERSAL || at + length != end)
                return false;
        while (at < end) {
                X509_ATTRIBUTE *attribute = d2i_X509_ATTRIBUTE(NULL, &at, end - at);
                if (attribute == NULL)
                        return false;
                has_digest |=
                    OBJ_obj2nid(X509_ATTRIBUTE_get0_object(attribute)) == NID_pkcs9_messageDigest;
                X509_ATTRIBUTE_free(attribute);
        }
        return has_digest;
}

static bool signs_without_attributes(CMS_ContentInfo *cms, CMS_SignerInfo *signer)
{
        (void)cms;
        return !has_attributes(signer);
}

static bool attributes_are_content(CMS_ContentInfo *cms, GBytes *encoded, GBytes *detached)
{
        ASN1_OCTET_STRING **content = CMS_get0_content(cms);
        gsize bytes = 0;
        const unsigned char *data = NULL;

        (void)encoded;
        if (content != NULL && *content != NULL) {
                data = ASN1_STRING_get0_data(*content);
                bytes = (gsize)ASN1_STRING_length(*content);
        } else if (detached != NULL) {
                data = g_bytes_get_data(detached, &bytes);
        }
        return any_signer(cms, signs_without_attributes) && data != NULL &&
               are_signed_attributes(data, (long)bytes);
}

/* --- authEnveloped-data ----------------------------------------------------------------------- */

/* The element at @at; the place behind it is *ret_next. False when there is none. */
static bool element_at(const unsigned char *at, const unsigned char *end, int *ret_tag,
    const unsigned char **ret_inside, long *ret_bytes, const unsigned char **ret_next)
{
        int class;

        *ret_inside = at;
        if (at >= end ||
            (ASN1_get_object(ret_inside, ret_bytes, ret_tag, &class, end - at) & 0x81) != 0)
                return false;
        *ret_next = *ret_inside + *ret_bytes;
        return true;
}

/* ICVlen of GCMParameters or CCMParameters: the second element, by default 12. */
static long announced_tag_bytes(const X509_ALGOR *algorithm)
{
        const ASN1_STRING *sequence = NULL;
        const unsigned char *inside, *next, *end;
        const void *value;
        int type, tag;
        long bytes;

        X509_ALGOR_get0(NULL, &type, &value, algorithm);
        if (type != V_ASN1_SEQUENCE)
                return -1;
        sequence = value;
        inside = ASN1_STRING_get0_data(sequence);
        end = inside + ASN1_STRING_length(sequence);
        if (!element_at(inside, end, &tag, &inside, &bytes, &next) ||
            !element_at(inside, next, &tag, &inside, &bytes, &next))
                return -1;
        if (!element_at(next, end, &tag, &inside, &bytes, &next))
                return GCM_TAG_LEAST;
        return bytes == 1 ? *inside : -1;
}

/*
 * AuthEnvelopedData (RFC 5083 section 2.1): its encrypted content's algorithm, and the bytes of its
 * mac, which OpenSSL's interface does not return. False when it is none.
 */
static bool find_tag(GBytes *encoded, X509_ALGOR **ret_algorithm, long *ret_tag_bytes)
{
        gsize size;
        const unsigned char *at = g_bytes_get_data(encoded, &size);
        const unsigned char *end = at + size, *next;
        int tag;
        long bytes;

        /* ContentInfo, contentType, [0], AuthEnvelopedData */
        if (!element_at(at, end, &tag, &at, &bytes, &next) ||
            !element_at(at, next, &tag, &at, &bytes, &at) ||
            !element_at(at, end, &tag, &at, &bytes, &next) ||
            !element_at(at, next, &tag, &at, &bytes, &next))
                return false;
        end = next;
        *ret_algorithm = NULL;
        *ret_tag_bytes = -1;
        while (element_at(at, end, &tag, &at, &bytes, &next)) {
                if (tag == V_ASN1_SEQUENCE && *ret_algorithm == NULL) {
                        const unsigned char *inside = at, *algorithm;
                        /* EncryptedContentInfo: contentType, contentEncryptionAlgorithm */
                        if (!element_at(inside, next, &tag, &inside, &bytes, &algorithm))
                                break;
                        *ret_algorithm = d2i_X509_ALGOR(NULL, &algorithm, next - algorithm);
                } else if (tag == V_ASN1_OCTET_STRING) {
                        *ret_tag_bytes = bytes;
                }
                at = next;
        }
        return *ret_algorithm != NULL && *ret_tag_bytes >= 0;
}

static bool tag_is_short(CMS_ContentInfo *cms, GBytes *encoded, GBytes *detached)
{
        g_autoptr(GBytes) der = NULL;
        X509_ALGOR *algorithm = NULL;
        unsigned char *data = NULL;
        long tag_bytes, announced;
        int bytes;
        bool found;

        (void)encoded;
        (void)detached;
        if (OBJ_obj2nid(CMS_get0_type(cms)) != NID_id_smime_ct_authEnvelopedData ||
            (bytes = i2d_CMS_ContentInfo(cms, &data)) <= 0)
                return false;
        der = g_bytes_new(data, (gsize)bytes);
        OPENSSL_free(data);
        found = find_tag(der, &algorithm, &tag_bytes);
        announced = found ? announced_tag_bytes(algorithm) : -1;
        X509_ALGOR_free(algorithm);
        return found && (tag_bytes < GCM_TAG_LEAST || (announced >= 0 && tag_bytes != announced));
}

/* --- the encoding ----------------------------------------------------------------------------- */

/* Where the length is not given, what was read says where it ends. */
static bool has_more_bytes(CMS_ContentInfo *cms, GBytes *encoded, GBytes *detached)
{
        gsize size;
        const unsigned char *data = g_bytes_get_data(encoded, &size), *at = data;
        long bytes;
        int tag, class;

        (void)cms;
        (void)detached;
        if ((ASN1_get_object(&at, &bytes, &tag, &class, (long)size) & 1) == 0)
                return at + bytes < data + size;
        at = data;
        CMS_ContentInfo_free(d2i_CMS_ContentInfo(NULL, &at, (long)size));
        return at < data + size;
}

/* --- the table -------------------------------------------------------------------------------- */

const struct up_standard_row up_standard_rows[] = {
        { "content-type attribute",
            "the content-type attribute names another type than the content's",
            "RFC 5652 sections 5.3 and 11.1", content_type_differs },
        { "no signed attributes",
            "a content of another type than data is signed without attributes",
            "RFC 5652 section 5.3", attributes_are_missing },
        { "attributes as content",
            "what is signed as content is the signed attributes of a message",
            "draft-ietf-lamps-cms-euf-cma-signeddata", attributes_are_content },
        { "key usage", "the key usage of the signer's certificate does not allow signatures",
            "RFC 5280 section 4.2.1.3, RFC 8550 section 4.4.2", key_usage_forbids },
        { "tag length",
            "the tag of authenticated encryption is shorter than 12 bytes, or than announced",
            "RFC 5084 sections 3.1 and 3.2", tag_is_short },
        { "bytes after the structure", "more bytes follow the structure",
            "RFC 5652 section 3: one ContentInfo; X.690 section 8.1", has_more_bytes },
};
const size_t up_standard_count = G_N_ELEMENTS(up_standard_rows);

void up_standard_judge(
    CMS_ContentInfo *cms, GBytes *encoded, GBytes *detached, struct up_observations *observed)
{
        up_observations_count(observed, UP_COUNT_ACCEPTED_JUDGED);
        for (size_t i = 0; i < up_standard_count; i++) {
                const struct up_standard_row *row = &up_standard_rows[i];
                if (row->is_broken(cms, encoded, detached))
                        up_observations_remark(observed, UP_REMARK_ACCEPTED, row->name,
                            "%s, and OpenSSL accepts it (%s)", row->what, row->source);
        }
        ERR_clear_error();
}
