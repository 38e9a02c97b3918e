/*
 * seal - what a SignedData says of its signers, as orders for the composer
 *
 * Not kept of the old signature: attributes other than the usual ones, certificates that are no
 * test identity's, more than UP_SIGNERS signers, and of the chain more than one certificate.
 */
#include "mutate/seal.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <string.h>

#include "cms/random.h"
#include "cms/protect.h"
#include "cms/identity.h"
#include "mail/base64.h"
#include "mail/lines.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(CMS_ContentInfo, CMS_ContentInfo_free)

#define LINE_BYTES 64 /* of base64, where the old body has no usable line */

struct up_seal {
        struct up_signing signing;
        GBytes *content;
        bool base64;
        size_t line_bytes;
};

void up_seal_free(struct up_seal *seal)
{
        if (seal == NULL)
                return;
        if (seal->content != NULL)
                g_bytes_unref(seal->content);
        g_free(seal);
}

GBytes *up_seal_content(const struct up_seal *seal)
{
        return g_bytes_ref(seal->content);
}

bool up_seal_is_opaque(const struct up_seal *seal)
{
        return seal->signing.opaque;
}

/* --- reading ---------------------------------------------------------------------------------- */

static struct up_node *part_at(const struct up_node *node, guint index)
{
        return node->parts != NULL && node->parts->len > index
                   ? g_ptr_array_index(node->parts, index)
                   : NULL;
}

/* Where the structure stands: in the second part, or in the node itself. */
static const struct up_node *carrier_of(const struct up_node *node)
{
        const struct up_node *second = part_at(node, 1);

        if (strcmp(node->type, "multipart/signed") != 0)
                return node;
        return second != NULL && node->parts->len == 2 ? second : NULL;
}

static GBytes *structure_of(const struct up_node *carrier)
{
        gsize bytes;
        const char *data = g_bytes_get_data(carrier->body, &bytes);
        g_autofree guchar *decoded = NULL;
        int state = 0;
        unsigned save = 0;

        if (carrier->encoding != GMIME_CONTENT_ENCODING_BASE64)
                return g_bytes_ref(carrier->body);
        decoded = g_malloc(bytes + 3);
        bytes = g_base64_decode_step(data, bytes, decoded, &state, &save);
        return g_bytes_new(decoded, bytes);
}

static const char *identity_of(CMS_SignerInfo *info)
{
        for (size_t i = 0; i < up_identities_count; i++)
                if (CMS_SignerInfo_cert_cmp(info, up_identities[i].certificate) == 0)
                        return up_identities[i].name;
        return NULL;
}

static struct up_signer signer_of(CMS_SignerInfo *info)
{
        struct up_signer signer = { .identity = identity_of(info) };
        X509_ALGOR *digest, *signature;
        const EVP_MD *type;

        if (signer.identity == NULL)
                return (struct up_signer){ .identity = "alice" };
        CMS_SignerInfo_get0_algs(info, NULL, NULL, &digest, &signature);
        type = EVP_get_digestbyobj(digest->algorithm);
        signer.digest = type != NULL ? EVP_MD_get0_name(type) : NULL;
        signer.pss = OBJ_obj2nid(signature->algorithm) == NID_rsassaPss;
        return signer;
}

static bool signs(const struct up_signing *signing, const char *identity)
{
        for (size_t i = 0; i < UP_SIGNERS && signing->signers[i].identity != NULL; i++)
                if (strcmp(signing->signers[i].identity, identity) == 0)
                        return true;
        return false;
}

/* A certificate cannot stand in a structure twice. */
static void read_signers(CMS_ContentInfo *cms, struct up_signing *signing)
{
        STACK_OF(CMS_SignerInfo) *infos = CMS_get0_SignerInfos(cms);
        size_t count = 0;

        for (int i = 0; i < sk_CMS_SignerInfo_num(infos) && count < UP_SIGNERS; i++) {
                CMS_SignerInfo *info = sk_CMS_SignerInfo_value(infos, i);
                struct up_signer signer = signer_of(info);
                ASN1_OCTET_STRING *key = NULL;
                if (signs(signing, signer.identity))
                        continue;
                signing->signers[count++] = signer;
                CMS_SignerInfo_get0_signer_id(info, &key, NULL, NULL);
                signing->by_key = key != NULL;
                signing->without_attributes = CMS_signed_get_attr_count(info) <= 0;
        }
}

static void read_certificates(CMS_ContentInfo *cms, struct up_signing *signing)
{
        STACK_OF(X509) *certificates = CMS_get1_certs(cms);

        signing->without_certificates = sk_X509_num(certificates) <= 0;
        for (int i = 0; i < sk_X509_num(certificates); i++)
                for (size_t j = 0; j < up_identities_count; j++)
                        if (X509_cmp(sk_X509_value(certificates, i),
                                up_identities[j].certificate) == 0 &&
                            !signs(signing, up_identities[j].name))
                                signing->chain = up_identities[j].name;
        sk_X509_pop_free(certificates, X509_free);
}

static size_t line_bytes_of(GBytes *body)
{
        gsize bytes;
        const char *data = g_bytes_get_data(body, &bytes);
        struct up_line first = up_line_at(data, bytes, 0);

        return first.next > first.end && first.end >= 4 ? first.end / 4 * 4 : LINE_BYTES;
}

static bool read_structure(struct up_seal *seal, GBytes *structure, int64_t time_s)
{
        gsize bytes;
        const unsigned char *data = g_bytes_get_data(structure, &bytes);
        const unsigned char *at = data;
        g_autoptr(CMS_ContentInfo) cms = d2i_CMS_ContentInfo(NULL, &at, (long)bytes);
        ASN1_OCTET_STRING **content;

        if (cms == NULL || OBJ_obj2nid(CMS_get0_type(cms)) != NID_pkcs7_signed)
                return false;
        read_signers(cms, &seal->signing);
        if (seal->signing.signers[0].identity == NULL) /* certificates alone */
                return false;
        read_certificates(cms, &seal->signing);
        seal->signing.time_s = time_s;
        content = CMS_get0_content(cms);
        if (!seal->signing.opaque)
                return true;
        if (content == NULL || *content == NULL)
                return false;
        seal->signing.indefinite = bytes > 1 && data[1] == 0x80;
        seal->content = g_bytes_new((*content)->data, (gsize)(*content)->length);
        return true;
}

struct up_seal *up_seal_read(const struct up_node *node, int64_t time_s)
{
        const struct up_node *carrier = carrier_of(node);
        g_autoptr(up_seal) seal = NULL;
        g_autoptr(GBytes) structure = NULL;
        bool understood;

        if (carrier == NULL || carrier->body == NULL || g_bytes_get_size(carrier->body) == 0)
                return NULL;
        up_identities_load();
        structure = structure_of(carrier);
        seal = g_new0(struct up_seal, 1);
        seal->signing.opaque = carrier == node;
        seal->base64 = carrier->encoding == GMIME_CONTENT_ENCODING_BASE64;
        seal->line_bytes = line_bytes_of(carrier->body);
        if (carrier != node)
                seal->content = up_node_bytes(part_at(node, 0));
        understood = read_structure(seal, structure, time_s);
        ERR_clear_error();
        return understood ? g_steal_pointer(&seal) : NULL;
}

/* --- writing ---------------------------------------------------------------------------------- */

/* What a verifier makes of lines that end with LF alone. */
static GBytes *canonical(GBytes *entity)
{
        gsize bytes;
        const char *data = g_bytes_get_data(entity, &bytes);

        return g_string_free_to_bytes(up_lines_as_crlf(data, bytes));
}

static GString *written(const struct up_seal *seal, GBytes *der, const char *line_end)
{
        gsize bytes;
        const guchar *data = g_bytes_get_data(der, &bytes);
        GString *body = g_string_new(NULL);

        if (seal->base64)
                up_base64_append(body, data, bytes, seal->line_bytes, line_end);
        else
                g_string_append_len(body, (const char *)data, (gssize)bytes);
        return body;
}

bool up_seal_again(const struct up_seal *seal, struct up_node *node, GBytes *entity)
{
        struct up_node *carrier = seal->signing.opaque ? node : part_at(node, 1);
        g_autoptr(GBytes) lines = NULL, der = NULL;

        if (carrier == NULL)
                return false;
        lines = seal->signing.opaque ? g_bytes_ref(entity) : canonical(entity);
        up_random_restart(0);
        der = up_sign_content(lines, &seal->signing, NULL);
        ERR_clear_error();
        if (der == NULL)
                return false;
        up_node_set_body(carrier, written(seal, der, carrier->line_end));
        return true;
}
