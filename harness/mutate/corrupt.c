/*
 * corrupt - tables of changes to a tree of SignedData
 *
 * For broken attributes it is the last bit of a signature, of the signed digest, or a digit of the
 * time. The structure is changed where the signature does not reach, or in the signed attributes,
 * which are then signed again here: the composer has no way to sign what is not as it should be.
 */
#include "mutate/corrupt.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <string.h>

#include "cms/identity.h"
#include "cms/open_layer.h"
#include "mutate/der.h"
#include "mutate/raw.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_MD_CTX, EVP_MD_CTX_free)

/* --- content ---------------------------------------------------------------------------------- */

/* Changes one letter of these, or says that there is none. */
static bool change_letter(struct up_rng *rng, guint8 *data, size_t bytes)
{
        size_t start = up_rng_below(rng, bytes);

        for (size_t i = 0; i < bytes; i++) {
                guint8 *octet = &data[(start + i) % bytes];
                if (g_ascii_isalnum(*octet)) {
                        *octet = *octet == 'x' ? 'y' : 'x';
                        return true;
                }
        }
        return false;
}

/* Where its body begins; it has no header when it begins with a line end. */
static size_t body_of(const guint8 *data, size_t bytes)
{
        const guint8 *end;

        if (bytes > 0 && (data[0] == '\n' || data[0] == '\r'))
                return 0;
        end = memmem(data, bytes, "\r\n\r\n", 4);
        return end != NULL ? (size_t)(end - data) : 0;
}

GBytes *up_corrupt_content(struct up_rng *rng, GBytes *entity)
{
        g_autoptr(GPtrArray) entities = up_raw_entities(entity);
        bool is_layer = up_carries_cms(g_ptr_array_index(entities, 0));
        gsize bytes;
        const guint8 *data = g_bytes_get_data(entity, &bytes);
        GByteArray *changed = g_byte_array_sized_new((guint)bytes + 2);
        size_t body = body_of(data, bytes);

        g_byte_array_append(changed, data, (guint)bytes);
        if (is_layer) /* a letter of it would break what is inside, too; a line end does not */
                g_byte_array_append(changed, (const guint8 *)"\r\n", 2);
        else if (!change_letter(rng, changed->data + body, bytes - body))
                g_byte_array_append(changed, (const guint8 *)"x", 1);
        return g_byte_array_free_to_bytes(changed);
}

/* --- breaking it ------------------------------------------------------------------------------ */

/* A SignedData that we made, as a tree. */
struct opened_tree {
        struct up_tlv *root;
        struct up_tlv_signed parts;
        struct up_rng *rng;
        const struct up_signer *signer; /* the only one */
};

static struct up_tlv *a_signer(const struct opened_tree *tree)
{
        const GPtrArray *signers = tree->parts.signers->elements;

        return g_ptr_array_index(signers, up_rng_below(tree->rng, signers->len));
}

/* Its [0]: by key identifier there is a primitive one before. */
static struct up_tlv *attributes_of(const struct up_tlv *signer)
{
        return up_tlv_find(signer, UP_DER_CONTEXT_0, 0);
}

static struct up_tlv *value_of(const struct up_tlv *attributes, int nid)
{
        for (guint i = 0; up_tlv_at(attributes, i) != NULL; i++) {
                const struct up_tlv *attribute = up_tlv_at(attributes, i);
                if (up_tlv_is_object(up_tlv_at(attribute, 0), nid))
                        return up_tlv_at(up_tlv_at(attribute, 1), 0);
        }
        return NULL;
}

static bool flip_last(struct up_tlv *tlv)
{
        if (tlv == NULL || tlv->contents == NULL || tlv->contents->len == 0)
                return false;
        tlv->contents->data[tlv->contents->len - 1] ^= 1;
        return true;
}

/* One signer's signature, digest or time: the message is as good as the worst of them. */
static bool break_attributes(struct opened_tree *tree)
{
        struct up_tlv *signer = a_signer(tree);
        struct up_tlv *attributes = attributes_of(signer);

        switch (up_rng_below(tree->rng, 4)) {
        case 0:
                return flip_last(value_of(attributes, NID_pkcs9_messageDigest));
        case 1: {
                struct up_tlv *time = value_of(attributes, NID_pkcs9_signingTime);
                if (time == NULL || time->contents == NULL)
                        return false;
                time->contents->data[0] ^= 1; /* a digit is one still */
                return true;
        }
        default:
                return flip_last(up_tlv_find(signer, UP_DER_OCTETS, 3));
        }
}

static bool break_opaque_content(struct opened_tree *tree)
{
        struct up_tlv *content = up_tlv_at(up_tlv_at(tree->parts.encapsulated, 1), 0);
        GBytes *whole, *changed;
        gsize bytes;
        const void *data;

        if (content == NULL || content->contents == NULL)
                return false;
        whole = g_bytes_new(content->contents->data, content->contents->len);
        changed = up_corrupt_content(tree->rng, whole);
        data = g_bytes_get_data(changed, &bytes);
        up_tlv_set(content, data, bytes);
        g_bytes_unref(whole);
        g_bytes_unref(changed);
        return true;
}

/* --- changing its structure ------------------------------------------------------------------- */

static const int attribute_nids[] = { NID_pkcs9_contentType, NID_pkcs9_messageDigest,
        NID_pkcs9_signingTime, NID_pkcs9_countersignature, NID_SMIMECapabilities,
        NID_id_smime_aa_receiptRequest, NID_id_smime_aa_securityLabel,
        NID_id_smime_aa_mlExpandHistory, NID_id_smime_aa_contentHint, NID_id_smime_aa_encrypKeyPref,
        NID_id_smime_aa_signingCertificate, NID_id_smime_aa_signingCertificateV2,
        NID_id_smime_aa_timeStampToken, NID_pkcs9_challengePassword };

static void add_values(struct up_rng *rng, const struct opened_tree *tree, struct up_tlv *set)
{
        static const guint8 zeros[300];
        size_t count = up_rng_below(rng, 3);

        while (count-- > 0) {
                struct up_tlv *value;
                switch (up_rng_below(rng, 5)) {
                case 0:
                        value = up_tlv_new(UP_DER_SEQUENCE, NULL, 0);
                        break;
                case 1:
                        value = up_tlv_new(UP_DER_OCTETS, zeros, up_rng_below(rng, sizeof zeros));
                        break;
                case 2:
                        value = up_tlv_new(UP_DER_UTC_TIME, "491231235959Z", 13);
                        break;
                case 3: /* a countersignature, of the signer's own making */
                        value = up_tlv_copy(a_signer(tree));
                        break;
                default:
                        value = up_tlv_new_object(NID_pkcs7_data);
                        break;
                }
                up_tlv_insert(set, -1, value);
        }
}

static struct up_tlv *new_attribute(struct up_rng *rng, const struct opened_tree *tree)
{
        struct up_tlv *attribute = up_tlv_new(UP_DER_SEQUENCE, NULL, 0);
        struct up_tlv *values = up_tlv_new(UP_DER_SET, NULL, 0);
        int nid = attribute_nids[up_rng_below(rng, G_N_ELEMENTS(attribute_nids))];

        add_values(rng, tree, values);
        up_tlv_insert(attribute, -1, up_tlv_new_object(nid));
        up_tlv_insert(attribute, -1, values);
        return attribute;
}

static bool add_unsigned_attributes(struct opened_tree *tree)
{
        struct up_tlv *set = up_tlv_new(UP_DER_CONTEXT_1, NULL, 0);
        size_t count = up_rng_below(tree->rng, 4);

        while (count-- > 0)
                up_tlv_insert(set, -1, new_attribute(tree->rng, tree));
        up_tlv_insert(a_signer(tree), -1, set);
        return true;
}

static bool change_version(struct opened_tree *tree)
{
        static const guint8 versions[] = { 0, 1, 2, 3, 4, 5, 6, 0x7f, 0x80, 0xff };
        struct up_tlv *of_signer = up_tlv_at(a_signer(tree), 0);
        struct up_tlv *version = up_rng_one_in(tree->rng, 2) ? tree->parts.version : of_signer;
        guint8 other = versions[up_rng_below(tree->rng, G_N_ELEMENTS(versions))];

        if (version->contents == NULL || version->contents->len != 1 ||
            version->contents->data[0] == other)
                return false;
        version->contents->data[0] = other;
        return true;
}

static struct up_tlv *certificate_of(const char *name)
{
        unsigned char *der = NULL;
        int bytes = i2d_X509(up_identity_find(name)->certificate, &der);
        struct up_tlv *read, *certificate;

        g_assert(bytes > 0);
        read = up_tlv_read(der, (size_t)bytes);
        certificate = up_tlv_copy(up_tlv_at(read, 0));
        up_tlv_free(read);
        OPENSSL_free(der);
        return certificate;
}

/* More of them, in other formats (RFC 5652 section 10.2.2), twice, in disorder, or none. */
static bool change_certificates(struct opened_tree *tree)
{
        struct up_tlv *certificates = tree->parts.certificates;
        struct up_tlv *more;
        size_t other;

        if (certificates == NULL || certificates->elements == NULL ||
            certificates->elements->len == 0)
                return false;
        switch (up_rng_below(tree->rng, 5)) {
        case 0: /* OpenSSL and others look for a signer's among all of them */
                more = up_tlv_copy(up_tlv_at(certificates, 0));
                break;
        case 1:
                other = up_rng_below(tree->rng, up_identities_count);
                more = certificate_of(up_identities[other].name);
                break;
        case 2: /* extendedCertificate [0], v1AttrCert [1], v2AttrCert [2], other [3] */
                more = up_tlv_copy(up_tlv_at(certificates, 0));
                more->identifier = (guint8)(UP_DER_CONTEXT_0 + up_rng_below(tree->rng, 4));
                break;
        case 3:
                g_ptr_array_set_size(certificates->elements, 0);
                return true;
        default:
                more = up_tlv_new(UP_DER_SEQUENCE, NULL, 0);
                break;
        }
        up_tlv_insert(
            certificates, (int)up_rng_below(tree->rng, certificates->elements->len + 1), more);
        return true;
}

/* RFC 5652 section 10.2.1: [1], of lists or of anything under an identifier of its own. */
static bool add_revocations(struct opened_tree *tree)
{
        struct up_tlv *lists = up_tlv_new(UP_DER_CONTEXT_1, NULL, 0);
        struct up_tlv *other = up_tlv_new(UP_DER_CONTEXT_1, NULL, 0);
        guint at = 0;

        up_tlv_insert(other, -1, up_tlv_new_object(NID_ad_OCSP));
        up_tlv_insert(other, -1, up_tlv_new(UP_DER_SEQUENCE, NULL, 0));
        if (up_rng_one_in(tree->rng, 2))
                up_tlv_insert(lists, -1, other);
        else
                up_tlv_free(other);
        while (up_tlv_at(tree->parts.data, at) != tree->parts.signers)
                at++;
        up_tlv_insert(tree->parts.data, (int)at, lists);
        return true;
}

static bool change_digests(struct opened_tree *tree)
{
        struct up_tlv *digest_set = tree->parts.digests;
        size_t copies = (size_t)1 << up_rng_below(tree->rng, 5);

        if (up_tlv_at(digest_set, 0) == NULL)
                return false;
        if (up_rng_one_in(tree->rng, 4)) {
                g_ptr_array_set_size(digest_set->elements, 0);
                return true;
        }
        while (copies-- > 0)
                up_tlv_insert(digest_set, 0, up_tlv_copy(up_tlv_at(digest_set, 0)));
        return true;
}

static bool repeat_signers(struct opened_tree *tree)
{
        struct up_tlv *signers = tree->parts.signers;
        size_t copies = (size_t)1 << up_rng_below(tree->rng, 4);

        while (copies-- > 0)
                up_tlv_insert(signers, 0, up_tlv_copy(a_signer(tree)));
        return true;
}

/* Each of them leaves what is signed, and its signature, alone. */
static bool (*const structure_changes[])(struct opened_tree *tree) = { add_unsigned_attributes,
        change_version, change_certificates, add_revocations, change_digests, repeat_signers };

static bool change_structure(struct opened_tree *tree)
{
        bool changed = false;

        for (unsigned tries = 0; tries < 4 && !(changed && up_rng_one_in(tree->rng, 2)); tries++)
                changed |=
                    structure_changes[up_rng_below(tree->rng, G_N_ELEMENTS(structure_changes))](
                        tree);
        return changed;
}

/* --- changing what is signed, and signing it again -------------------------------------------- */

static bool add_attribute(struct opened_tree *tree, struct up_tlv *attributes)
{
        up_tlv_insert(attributes, -1, new_attribute(tree->rng, tree));
        return true;
}

/* contentType and messageDigest too, without which no reader should take it. */
static bool drop_attribute(struct opened_tree *tree, struct up_tlv *attributes)
{
        if (attributes->elements->len == 0)
                return false;
        g_ptr_array_remove_index(
            attributes->elements, (guint)up_rng_below(tree->rng, attributes->elements->len));
        return true;
}

static bool repeat_attribute(struct opened_tree *tree, struct up_tlv *attributes)
{
        const struct up_tlv *one = up_tlv_at(
            attributes, (guint)up_rng_below(tree->rng, MAX(1, attributes->elements->len)));
        size_t copies = (size_t)1 << up_rng_below(tree->rng, 7);

        while (one != NULL && copies-- > 0)
                up_tlv_insert(attributes, -1, up_tlv_copy(one));
        return one != NULL;
}

/* An attribute has one value or more; of these that matter it must be one. */
static bool repeat_value(struct opened_tree *tree, struct up_tlv *attributes)
{
        struct up_tlv *values =
            up_tlv_at(up_tlv_at(attributes,
                          (guint)up_rng_below(tree->rng, MAX(1, attributes->elements->len))),
                1);

        if (up_tlv_at(values, 0) == NULL)
                return false;
        if (up_rng_one_in(tree->rng, 3))
                g_ptr_array_set_size(values->elements, 0);
        else
                up_tlv_insert(values, -1, up_tlv_copy(up_tlv_at(values, 0)));
        return true;
}

static bool change_signing_time(struct opened_tree *tree, struct up_tlv *attributes)
{
        static const char *const times[] = { "", "Z", "500101000000Z", "491231235959Z",
                "250230250061Z", "2506011200Z", "250601120000+0200", "99991231235959Z",
                "00000101000000Z" };
        struct up_tlv *time = value_of(attributes, NID_pkcs9_signingTime);
        const char *other = times[up_rng_below(tree->rng, G_N_ELEMENTS(times))];

        if (time == NULL)
                return false;
        time->identifier = strlen(other) > 13 && other[12] != '+' ? UP_DER_TIME : UP_DER_UTC_TIME;
        up_tlv_set(time, other, strlen(other));
        return true;
}

static bool change_content_type(struct opened_tree *tree, struct up_tlv *attributes)
{
        static const int nids[] = { NID_pkcs7_signed, NID_pkcs7_enveloped, NID_id_smime_ct_TSTInfo,
                NID_id_smime_ct_receipt };
        struct up_tlv *type = value_of(attributes, NID_pkcs9_contentType);

        if (type == NULL)
                return false;
        g_autoptr(up_tlv) other =
            up_tlv_new_object(nids[up_rng_below(tree->rng, G_N_ELEMENTS(nids))]);
        up_tlv_set(type, other->contents->data, other->contents->len);
        return true;
}

static bool (*const attribute_changes[])(
    struct opened_tree *tree, struct up_tlv *attributes) = { add_attribute, drop_attribute,
        repeat_attribute, repeat_value, change_signing_time, change_content_type };

/* X.690 section 11.6: a SET OF in DER is in the order of its elements' bytes. */
static gint compare_bytes(gconstpointer a, gconstpointer b)
{
        return g_bytes_compare(*(GBytes *const *)a, *(GBytes *const *)b);
}

static void bytes_unref(void *bytes)
{
        g_bytes_unref(bytes);
}

/* What the signature of attributes is over (RFC 5652 section 5.4): a SET OF in DER, not the [0]. */
static GBytes *attributes_signed(struct up_tlv *attributes)
{
        g_autoptr(GPtrArray) sorted = g_ptr_array_new_with_free_func(bytes_unref);
        g_autoptr(up_tlv) set = up_tlv_new(UP_DER_SET, NULL, 0);

        for (guint i = 0; i < attributes->elements->len; i++)
                g_ptr_array_add(sorted, up_tlv_write(g_ptr_array_index(attributes->elements, i)));
        g_ptr_array_sort(sorted, compare_bytes);
        for (guint i = 0; i < sorted->len; i++) {
                gsize bytes;
                const guint8 *data = g_bytes_get_data(g_ptr_array_index(sorted, i), &bytes);
                struct up_tlv *read = up_tlv_read(data, bytes);
                up_tlv_insert(set, -1, read);
        }
        return up_tlv_write(set);
}

static GBytes *sign_bytes(const struct up_signer *signer, GBytes *bytes)
{
        EVP_PKEY *key = up_identity_find(signer->identity)->key;
        const EVP_MD *digest =
            EVP_get_digestbyname(signer->digest != NULL ? signer->digest : "sha256");
        g_autoptr(EVP_MD_CTX) context = EVP_MD_CTX_new();
        EVP_PKEY_CTX *parameters;
        unsigned char signature[1024];
        size_t size = sizeof signature;

        if (EVP_DigestSignInit(context, &parameters, digest, NULL, key) != 1 ||
            (signer->pss &&
                (EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) != 1 ||
                    EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) != 1)) ||
            EVP_DigestSign(context, signature, &size, g_bytes_get_data(bytes, NULL),
                g_bytes_get_size(bytes)) != 1) {
                ERR_clear_error();
                return NULL;
        }
        return g_bytes_new(signature, size);
}

static bool change_attributes(struct opened_tree *tree)
{
        struct up_tlv *signer = up_tlv_at(tree->parts.signers, 0);
        struct up_tlv *attributes = attributes_of(signer);
        struct up_tlv *value = up_tlv_find(signer, UP_DER_OCTETS, 3);
        g_autoptr(GBytes) covered = NULL;
        g_autoptr(GBytes) signature = NULL;

        if (attributes == NULL || value == NULL ||
            !attribute_changes[up_rng_below(tree->rng, G_N_ELEMENTS(attribute_changes))](
                tree, attributes))
                return false;
        covered = attributes_signed(attributes);
        signature = sign_bytes(tree->signer, covered);
        if (signature == NULL)
                return false;
        up_tlv_set(value, g_bytes_get_data(signature, NULL), g_bytes_get_size(signature));
        return true;
}

/* --- the whole -------------------------------------------------------------------------------- */

static bool (*const corruptors[])(struct opened_tree *tree) = {
        [UP_CORRUPT_DIGEST] = break_opaque_content,
        [UP_CORRUPT_ATTRIBUTES] = break_attributes,
        [UP_CORRUPT_STRUCTURE] = change_structure,
        [UP_CORRUPT_ATTRIBUTES_AGAIN] = change_attributes,
};

GBytes *up_corrupt(
    GBytes *der, enum up_corruption corruption, const struct up_signer *signer, struct up_rng *rng)
{
        gsize bytes;
        const guint8 *data = g_bytes_get_data(der, &bytes);
        g_autoptr(up_tlv) root = up_tlv_read(data, bytes);
        struct opened_tree tree = { .root = root, .rng = rng, .signer = signer };

        g_assert(corruption < G_N_ELEMENTS(corruptors));
        if (corruptors[corruption] == NULL)
                return g_bytes_ref(der);
        if (!up_tlv_signed(root, &tree.parts) || up_tlv_at(tree.parts.signers, 0) == NULL ||
            !corruptors[corruption](&tree))
                return NULL;
        return up_tlv_write(root);
}
