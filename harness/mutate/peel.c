/*
 * peel - from the message to the first layer, then from layer to layer
 *
 * BUGS: password recipients are not opened, because that cost is the message's to choose.
 */
#include "mutate/peel.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <zlib.h>

#include "cms/identity.h"
#include "cms/smime.h"
#include "mutate/raw.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(BIO, BIO_free_all)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CMS_ContentInfo, CMS_ContentInfo_free)

#define LAYERS_PEELED    8
#define RECIPIENTS_TRIED 16

/* --- opening ---------------------------------------------------------------------------------- */

static CMS_ContentInfo *parse(GBytes *encoded)
{
        gsize bytes;
        const unsigned char *data = g_bytes_get_data(encoded, &bytes);

        return d2i_CMS_ContentInfo(NULL, &data, (long)bytes);
}

static bool is_addressed_to(CMS_RecipientInfo *recipient, X509 *certificate)
{
        STACK_OF(CMS_RecipientEncryptedKey) * keys;

        switch (CMS_RecipientInfo_type(recipient)) {
        case CMS_RECIPINFO_TRANS:
                return CMS_RecipientInfo_ktri_cert_cmp(recipient, certificate) == 0;
        case CMS_RECIPINFO_AGREE:
                keys = CMS_RecipientInfo_kari_get0_reks(recipient);
                return sk_CMS_RecipientEncryptedKey_num(keys) > 0 &&
                       CMS_RecipientEncryptedKey_cert_cmp(
                           sk_CMS_RecipientEncryptedKey_value(keys, 0), certificate) == 0;
        default:
                return false;
        }
}

static const struct up_identity *find_reader(CMS_ContentInfo *cms)
{
        STACK_OF(CMS_RecipientInfo) *recipients = CMS_get0_RecipientInfos(cms);
        int count = MIN(sk_CMS_RecipientInfo_num(recipients), RECIPIENTS_TRIED);

        for (int i = 0; i < count; i++)
                for (size_t j = 0; j < up_identities_count; j++)
                        if (is_addressed_to(sk_CMS_RecipientInfo_value(recipients, i),
                                up_identities[j].certificate))
                                return &up_identities[j];
        return NULL;
}

static GBytes *decrypted(CMS_ContentInfo *cms)
{
        const struct up_identity *reader = find_reader(cms);
        g_autoptr(BIO) out = BIO_new(BIO_s_mem());
        char *data;
        long bytes;

        if (reader == NULL ||
            CMS_decrypt(cms, reader->key, reader->certificate, NULL, out, CMS_BINARY) != 1)
                return NULL;
        bytes = BIO_get_mem_data(out, &data);
        return g_bytes_new(data, (gsize)bytes);
}

static GBytes *inflated(const ASN1_OCTET_STRING *octets, size_t most)
{
        g_autofree Bytef *out = g_malloc(most + 1);
        uLongf bytes = most;

        if (uncompress(out, &bytes, octets->data, (uLong)octets->length) != Z_OK)
                return NULL;
        return g_bytes_new(out, bytes);
}

/*
 * What the structure holds, whatever its signature is worth; NULL when that cannot be had, or when
 * it is more than could be put in its place.
 */
static GBytes *opened(GBytes *encoded, size_t most)
{
        g_autoptr(CMS_ContentInfo) cms = parse(encoded);
        ASN1_OCTET_STRING **content = cms != NULL ? CMS_get0_content(cms) : NULL;
        bool has_content = content != NULL && *content != NULL;
        GBytes *inside = NULL;

        if (cms != NULL) {
                switch (OBJ_obj2nid(CMS_get0_type(cms))) {
                case NID_pkcs7_signed:
                        if (has_content)
                                inside = g_bytes_new((*content)->data, (gsize)(*content)->length);
                        break;
                case NID_id_smime_ct_compressedData:
                        if (has_content)
                                inside = inflated(*content, most);
                        break;
                case NID_pkcs7_enveloped:
                case NID_id_smime_ct_authEnvelopedData:
                        inside = decrypted(cms);
                        break;
                default:
                        break;
                }
        }
        ERR_clear_error();
        return inside;
}

/* --- where they stand ------------------------------------------------------------------------- */

void up_peeled_clear(struct up_peeled *peeled)
{
        g_clear_pointer(&peeled->outside, g_bytes_unref);
        g_clear_pointer(&peeled->inside, g_bytes_unref);
}

/* What is in the entity at @index, one layer further in; NULL when it is no layer. */
static GBytes *peel_entity(GBytes *message, GPtrArray *entities, guint index, size_t most)
{
        const struct up_entity *entity = g_ptr_array_index(entities, index);
        struct up_carried carried;
        guint first, second;
        GBytes *inside;

        if (up_raw_is_clear_signed(entities, index, &first, &second))
                return up_slice_bytes(message, up_entity_whole(g_ptr_array_index(entities, first)));
        if (!up_carries_cms(entity) || !up_raw_carried(message, entity, &carried))
                return NULL;
        inside = opened(carried.encoded, most);
        up_carried_clear(&carried);
        return inside;
}

/* Takes @inside, returns what is in its innermost layer. */
static GBytes *peel_further(GBytes *inside, size_t most)
{
        for (unsigned layer = 0; layer < LAYERS_PEELED; layer++) {
                g_autoptr(GPtrArray) entities = up_raw_entities(inside);
                GBytes *next = peel_entity(inside, entities, 0, most);
                if (next == NULL)
                        break;
                g_bytes_unref(inside);
                inside = next;
        }
        return inside;
}

/* The header's fields about content, or the others, each of which ends its line. */
static void append_fields(GByteArray *to, GBytes *message, struct up_slice header, bool content)
{
        g_autoptr(GArray) fields = up_raw_fields(message, header);

        for (guint i = 0; i < fields->len; i++) {
                const struct up_field *field = &g_array_index(fields, struct up_field, i);
                if (up_raw_is_content(message, field) == content)
                        up_raw_append(to, message, field->whole);
        }
        if (!content && to->len > 0 && to->data[to->len - 1] != '\n')
                g_byte_array_append(to, (const guint8 *)"\r\n", 2);
}

static GBytes *outside_of(GBytes *message, const struct up_entity *entity)
{
        GByteArray *fields = g_byte_array_new();

        append_fields(fields, message, entity->header, false);
        return g_byte_array_free_to_bytes(fields);
}

static GBytes *inside_of(GBytes *message, const struct up_entity *entity)
{
        GByteArray *inside = g_byte_array_new();

        append_fields(inside, message, entity->header, true);
        up_raw_append(inside, message, (struct up_slice){ entity->header.end, entity->body.end });
        return g_byte_array_free_to_bytes(inside);
}

static bool is_cut_by_parents(GPtrArray *entities, int parent, GBytes *inside)
{
        gsize bytes;
        const char *data = g_bytes_get_data(inside, &bytes);

        while (parent >= 0) {
                const struct up_entity *entity = g_ptr_array_index(entities, (guint)parent);
                const char *boundary = g_mime_content_type_get_parameter(entity->type, "boundary");
                g_autofree char *line = g_strconcat("--", boundary, NULL);
                if (boundary != NULL && bytes > 0 &&
                    memmem(data, bytes, line, strlen(line)) != NULL)
                        return true;
                parent = entity->parent;
        }
        return false;
}

/* A structure that can be read at all, and is more than certificates. */
static bool is_structure(GBytes *encoded)
{
        g_autoptr(CMS_ContentInfo) cms = parse(encoded);
        bool is = cms != NULL && (OBJ_obj2nid(CMS_get0_type(cms)) != NID_pkcs7_signed ||
                                     sk_CMS_SignerInfo_num(CMS_get0_SignerInfos(cms)) > 0);

        ERR_clear_error();
        return is;
}

static bool is_layer(GBytes *message, const struct up_entity *entity)
{
        struct up_carried carried;
        bool is;

        if (!up_carries_cms(entity) || !up_raw_carried(message, entity, &carried))
                return false;
        is = is_structure(carried.encoded);
        up_carried_clear(&carried);
        return is;
}

/* What begins as DER is read as a structure, and as an entity too. */
static bool is_bare_structure(GBytes *message)
{
        return up_raw_is_bare(message) && is_structure(message);
}

/* Is there any of it in these entities, but for a slice? */
static bool is_any_layer_beside(GBytes *message, GPtrArray *entities, struct up_slice slice)
{
        for (guint i = 0; i < entities->len; i++) {
                const struct up_entity *entity = g_ptr_array_index(entities, i);
                struct up_slice whole = up_entity_whole(entity);
                bool beside = whole.begin >= slice.end || whole.end <= slice.begin;
                if (beside && is_layer(message, entity))
                        return true;
        }
        return false;
}

bool up_peel_holds_more(GBytes *inside)
{
        g_autoptr(GPtrArray) entities = up_raw_entities(inside);

        return is_bare_structure(inside) ||
               is_any_layer_beside(inside, entities, (struct up_slice){ 0, 0 });
}

/* In what calls itself signed, a reader may look for that signature alone. */
static bool is_in_signed(GPtrArray *entities, int parent)
{
        while (parent >= 0) {
                const struct up_entity *entity = g_ptr_array_index(entities, (guint)parent);
                if (g_mime_content_type_is_type(entity->type, "multipart", "signed"))
                        return true;
                parent = entity->parent;
        }
        return false;
}

static bool peel_first(GBytes *message, GPtrArray *entities, size_t most, struct up_peeled *peeled)
{
        for (guint i = 0; i < entities->len; i++) {
                const struct up_entity *entity = g_ptr_array_index(entities, i);
                GBytes *inside = peel_entity(message, entities, i, most);
                if (inside == NULL)
                        continue;
                peeled->where = up_entity_whole(entity);
                peeled->outside = outside_of(message, entity);
                peeled->inside = peel_further(inside, most);
                peeled->layers = true;
                peeled->cut = is_cut_by_parents(entities, entity->parent, peeled->inside);
                peeled->others = is_in_signed(entities, entity->parent) ||
                                 is_any_layer_beside(message, entities, peeled->where);
                return true;
        }
        return false;
}

void up_peel(GBytes *message, bool as_it_is, size_t most, struct up_peeled *ret_peeled)
{
        g_autoptr(GPtrArray) entities = up_raw_entities(message);
        const struct up_entity *root = g_ptr_array_index(entities, 0);
        GBytes *bare = !as_it_is && up_raw_is_bare(message) ? opened(message, most) : NULL;
        struct up_peeled peeled = { .where = { 0, g_bytes_get_size(message) } };

        if (bare != NULL) {
                peeled.outside = g_bytes_new(NULL, 0);
                peeled.inside = peel_further(bare, most);
                peeled.layers = true;
        } else if (as_it_is || !peel_first(message, entities, most, &peeled)) {
                peeled.outside = outside_of(message, root);
                peeled.inside = inside_of(message, root);
        }
        if (bare == NULL && is_bare_structure(message))
                peeled.others = true;
        *ret_peeled = peeled;
}

GBytes *up_peeled_put(GBytes *message, const struct up_peeled *peeled, GBytes *entity)
{
        GByteArray *whole = g_byte_array_new();
        GBytes *put;

        up_raw_append(
            whole, peeled->outside, (struct up_slice){ 0, g_bytes_get_size(peeled->outside) });
        up_raw_append(whole, entity, (struct up_slice){ 0, g_bytes_get_size(entity) });
        put = up_raw_replace(message, peeled->where, whole->data, whole->len);
        g_byte_array_unref(whole);
        return put;
}
