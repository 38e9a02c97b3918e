/*
 * carriers - the CMS structures of one message as files, for judges that are not our code
 *
 *     carriers case FILE DIR       the message of a case file, or of an .eml
 *     carriers message FILE DIR    these bytes, whatever they look like
 *     carriers inflate FILE DIR    what is in a CompressedData: DIR/inside
 *
 * Writes DIR/N.der, and DIR/N.content where it signs what stands beside it, N from 1 on; layers
 * that are encrypted or opaque stay shut, for a judge to open. Prints the time of the case, in
 * seconds since 1970, then N for each structure, outer ones first. What a signature is worth is not
 * looked at.
 *
 * Debian's OpenSSL is built without zlib, so what is compressed is inflated here. Exit status 1 if
 * a file cannot be read or written, 2 for wrong usage.
 */
#include <stdio.h>
#include <string.h>

#include <openssl/cms.h>
#include <zlib.h>

#include "case/case.h"
#include "gmime/objects.h"
#include "cms/open_layer.h"

#define INFLATED_MOST (1 << 22)

static bool write_file(const char *folder, const char *name, GBytes *bytes)
{
        g_autofree char *path = g_build_filename(folder, name, NULL);
        g_autoptr(GError) error = NULL;
        gsize size;
        const char *data = g_bytes_get_data(bytes, &size);

        if (g_file_set_contents(path, size > 0 ? data : "", (gssize)size, &error))
                return true;
        fprintf(stderr, "carriers: %s\n", error->message);
        return false;
}

/* --- where the structures are ----------------------------------------------------------------- */

static GBytes *decoded(GBytes *message, const struct up_entity *entity)
{
        g_autoptr(GBytes) body = up_slice_bytes(message, entity->body);
        gsize bytes;
        const char *data = g_bytes_get_data(body, &bytes);
        GMimeEncoding decoder;
        char *out;
        size_t length;

        g_mime_encoding_init_decode(&decoder, entity->encoding);
        out = g_malloc(g_mime_encoding_outlen(&decoder, bytes) + 1);
        length = g_mime_encoding_step(&decoder, data, bytes, out);
        length += g_mime_encoding_flush(&decoder, "", 0, out + length);
        return g_bytes_new_take(out, length);
}

/* Of a multipart/signed: which part is signed, and which carries the signature; else false. */
static bool is_signed_here(const GPtrArray *entities, guint index,
    const struct up_entity **ret_content, const struct up_entity **ret_carrier)
{
        const struct up_entity *entity = g_ptr_array_index(entities, index);

        if (!g_mime_content_type_is_type(entity->type, "multipart", "signed"))
                return false;
        *ret_content = *ret_carrier = NULL;
        for (guint i = index + 1; i < entities->len && *ret_carrier == NULL; i++) {
                const struct up_entity *part = g_ptr_array_index(entities, i);
                if (part->parent != (int)index)
                        continue;
                if (*ret_content == NULL)
                        *ret_content = part;
                else if (up_carries_cms(part))
                        *ret_carrier = part;
        }
        return *ret_carrier != NULL;
}

static bool write_structure(
    const char *folder, unsigned nth, GBytes *message, GBytes *der, const struct up_entity *content)
{
        g_autofree char *name = g_strdup_printf("%u.der", nth);
        g_autofree char *beside = g_strdup_printf("%u.content", nth);
        g_autoptr(GBytes) raw =
            content != NULL ? up_slice_bytes(message, up_entity_whole(content)) : NULL;

        printf("%u\n", nth);
        return write_file(folder, name, der) && (raw == NULL || write_file(folder, beside, raw));
}

static bool write_structures(GBytes *message, const char *folder)
{
        gsize bytes;
        const uint8_t *data = g_bytes_get_data(message, &bytes);
        struct up_limits limits;
        struct up_observations observed;
        unsigned nth = 0;
        bool written = true;

        up_limits_init(&limits);
        up_observations_init(&observed, &limits, UP_CASE_TIME_S);
        if (bytes > 1 && data[0] == 0x30 && data[1] >= 0x80)
                written = write_structure(folder, ++nth, message, message, NULL);
        g_autoptr(GPtrArray) entities = up_entities_read(message, &observed);
        g_autoptr(GHashTable) done = g_hash_table_new(NULL, NULL);
        for (guint i = 0; i < entities->len && written; i++) {
                const struct up_entity *entity = g_ptr_array_index(entities, i);
                const struct up_entity *content = NULL, *carrier = entity;
                if (!is_signed_here(entities, i, &content, &carrier)) {
                        content = NULL;
                        carrier = entity;
                }
                if (g_hash_table_contains(done, carrier) || !up_carries_cms(carrier))
                        continue;
                g_autoptr(GBytes) der = decoded(message, carrier);
                g_hash_table_add(done, (void *)carrier);
                written = write_structure(folder, ++nth, message, der, content);
        }
        up_observations_clear(&observed);
        return written;
}

/* --- what is compressed ----------------------------------------------------------------------- */

static bool inflate_file(GBytes *file, const char *folder)
{
        gsize bytes;
        const unsigned char *data = g_bytes_get_data(file, &bytes);
        g_autofree unsigned char *out = g_malloc(INFLATED_MOST);
        uLongf length = INFLATED_MOST;
        CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &data, (long)bytes);
        ASN1_OCTET_STRING **content = cms != NULL ? CMS_get0_content(cms) : NULL;
        bool done = content != NULL && *content != NULL &&
                    uncompress(out, &length, ASN1_STRING_get0_data(*content),
                        (uLong)ASN1_STRING_length(*content)) == Z_OK;

        CMS_ContentInfo_free(cms);
        if (!done) {
                fprintf(stderr, "carriers: cannot inflate\n");
                return false;
        }
        g_autoptr(GBytes) inside = g_bytes_new(out, length);
        return write_file(folder, "inside", inside);
}

int main(int argc, char **argv)
{
        g_autoptr(GError) error = NULL;
        g_autoptr(GBytes) file = NULL;
        g_autoptr(up_case) c = up_case_new();
        char *data;
        gsize bytes;

        if (argc != 4)
                return 2;
        if (!g_file_get_contents(argv[2], &data, &bytes, &error)) {
                fprintf(stderr, "carriers: %s\n", error->message);
                return 1;
        }
        file = g_bytes_new_take(data, bytes);
        if (strcmp(argv[1], "inflate") == 0)
                return inflate_file(file, argv[3]) ? 0 : 1;
        if (strcmp(argv[1], "case") == 0) {
                up_case_free(c);
                c = up_case_read((const uint8_t *)data, bytes, NULL);
        } else if (strcmp(argv[1], "message") == 0) {
                g_bytes_unref(c->message);
                c->message = g_bytes_ref(file);
        } else {
                return 2;
        }
        printf("%" G_GINT64_FORMAT "\n", c->time_s);
        return write_structures(c->message, argv[3]) ? 0 : 1;
}
