/*
 * open_layer - a table of carriers, and one function for each way of hiding content
 */
#include "cms/open_layer.h"

#include <openssl/err.h>
#include <string.h>
#include <zlib.h>

#include "cms/identity.h"

#define INFLATED_AT_ONCE 16384

G_DEFINE_AUTOPTR_CLEANUP_FUNC(BIO, BIO_free_all)

const struct up_carrier up_carriers[] = {
        { "application", "pkcs7-mime", NULL },
        { "application", "x-pkcs7-mime", NULL },
        { "application", "pkcs7-signature", NULL },
        { "application", "x-pkcs7-signature", NULL },
        { "application", "octet-stream",
            (const char *const[]){ ".p7m", ".p7s", ".p7c", ".p7z", NULL } },
        { NULL, NULL, NULL },
};

static bool has_suffix(const char *filename, const char *const *suffixes)
{
        g_autofree char *lower = g_ascii_strdown(filename != NULL ? filename : "", -1);

        for (; *suffixes != NULL; suffixes++)
                if (g_str_has_suffix(lower, *suffixes))
                        return true;
        return false;
}

bool up_carries_cms(const struct up_entity *entity)
{
        for (const struct up_carrier *carrier = up_carriers; carrier->type != NULL; carrier++)
                if (g_mime_content_type_is_type(entity->type, carrier->type, carrier->subtype) &&
                    (carrier->suffixes == NULL || has_suffix(entity->filename, carrier->suffixes)))
                        return true;
        return false;
}

bool up_is_clear_signed(
    const GPtrArray *entities, guint index, guint *ret_content, guint *ret_signature)
{
        const struct up_entity *whole = g_ptr_array_index(entities, index);
        guint parts[2] = { 0, 0 };
        unsigned count = 0;

        if (!g_mime_content_type_is_type(whole->type, "multipart", "signed"))
                return false;
        for (guint i = index + 1; i < entities->len && count < 2; i++) {
                const struct up_entity *part = g_ptr_array_index(entities, i);
                if (part->parent == (int)index)
                        parts[count++] = i;
        }
        if (count < 2 || !up_carries_cms(g_ptr_array_index(entities, parts[1])))
                return false;
        *ret_content = parts[0];
        *ret_signature = parts[1];
        return true;
}

CMS_ContentInfo *up_cms_parse(GBytes *encoded)
{
        gsize bytes;
        const unsigned char *data = g_bytes_get_data(encoded, &bytes);

        return d2i_CMS_ContentInfo(NULL, &data, (long)bytes);
}

bool up_cms_is_layer(GBytes *encoded)
{
        g_autoptr(CMS_ContentInfo) cms = up_cms_parse(encoded);
        bool is_layer = cms != NULL && (OBJ_obj2nid(CMS_get0_type(cms)) != NID_pkcs7_signed ||
                                           sk_CMS_SignerInfo_num(CMS_get0_SignerInfos(cms)) > 0);

        ERR_clear_error();
        return is_layer;
}

static bool is_addressed_to(CMS_RecipientInfo *recipient, X509 *certificate)
{
        STACK_OF(CMS_RecipientEncryptedKey) * keys;

        switch (CMS_RecipientInfo_type(recipient)) {
        case CMS_RECIPINFO_TRANS:
                return CMS_RecipientInfo_ktri_cert_cmp(recipient, certificate) == 0;
        case CMS_RECIPINFO_AGREE:
                keys = CMS_RecipientInfo_kari_get0_reks(recipient);
                for (int i = 0; i < sk_CMS_RecipientEncryptedKey_num(keys); i++)
                        if (CMS_RecipientEncryptedKey_cert_cmp(
                                sk_CMS_RecipientEncryptedKey_value(keys, i), certificate) == 0)
                                return true;
                return false;
        default:
                return false;
        }
}

const struct up_identity *up_cms_find_reader(CMS_ContentInfo *cms)
{
        STACK_OF(CMS_RecipientInfo) *recipients = CMS_get0_RecipientInfos(cms);

        for (int i = 0; i < sk_CMS_RecipientInfo_num(recipients); i++)
                for (size_t j = 0; j < up_identities_count; j++)
                        if (is_addressed_to(sk_CMS_RecipientInfo_value(recipients, i),
                                up_identities[j].certificate))
                                return &up_identities[j];
        return NULL;
}

/* Distributions build OpenSSL without zlib, so zlib is called directly: one outcome everywhere. */
bool up_inflate(const ASN1_OCTET_STRING *data, uint64_t most, GByteArray *to, uint64_t *ret_total)
{
        unsigned char chunk[INFLATED_AT_ONCE];
        z_stream stream = { .next_in = data->data, .avail_in = (uInt)data->length };
        int state = inflateInit(&stream);

        *ret_total = 0;
        if (state != Z_OK)
                return false;
        while (state == Z_OK && *ret_total <= most) {
                stream.next_out = chunk;
                stream.avail_out = sizeof chunk;
                state = inflate(&stream, Z_NO_FLUSH);
                *ret_total += sizeof chunk - stream.avail_out;
                if (*ret_total <= most)
                        g_byte_array_append(to, chunk, (guint)(sizeof chunk - stream.avail_out));
        }
        inflateEnd(&stream);
        return state == Z_STREAM_END && *ret_total <= most;
}

static GBytes *inflated(const ASN1_OCTET_STRING *octets, size_t most)
{
        g_autoptr(GByteArray) bytes = g_byte_array_new();
        uint64_t total;

        if (!up_inflate(octets, most, bytes, &total))
                return NULL;
        return g_byte_array_free_to_bytes(g_steal_pointer(&bytes));
}

static GBytes *decrypted(CMS_ContentInfo *cms)
{
        const struct up_identity *reader = up_cms_find_reader(cms);
        g_autoptr(BIO) out = BIO_new(BIO_s_mem());
        char *data;
        long bytes;

        if (reader == NULL ||
            CMS_decrypt(cms, reader->key, reader->certificate, NULL, out, CMS_BINARY) != 1)
                return NULL;
        bytes = BIO_get_mem_data(out, &data);
        return g_bytes_new(data, (gsize)bytes);
}

GBytes *up_cms_open_layer(GBytes *encoded, size_t most)
{
        g_autoptr(CMS_ContentInfo) cms = up_cms_parse(encoded);
        ASN1_OCTET_STRING **field = cms != NULL ? CMS_get0_content(cms) : NULL;
        const ASN1_OCTET_STRING *content = field != NULL ? *field : NULL;
        GBytes *inside = NULL;

        switch (cms != NULL ? OBJ_obj2nid(CMS_get0_type(cms)) : NID_undef) {
        case NID_pkcs7_signed:
                if (content != NULL)
                        inside = g_bytes_new(content->data, (gsize)content->length);
                break;
        case NID_id_smime_ct_compressedData:
                if (content != NULL)
                        inside = inflated(content, most);
                break;
        case NID_pkcs7_enveloped:
        case NID_id_smime_ct_authEnvelopedData:
                inside = decrypted(cms);
                break;
        default:
                break;
        }
        ERR_clear_error();
        return inside;
}
