/*
 * raw - slices of the message by mail/entity.h, and the decoding of base64 by GMime
 *
 * BUGS: CMS in quoted-printable or uuencode is not changed; no known client sends it.
 */
#include "mutate/raw.h"

#include <string.h>

#include "cms/open_layer.h"
#include "mail/base64.h"
#include "mail/observations.h"

#define DER_SEQUENCE     0x30
#define BASE64_LINE_MOST 76 /* RFC 2045 section 6.8 */

GPtrArray *up_raw_entities(GBytes *message)
{
        struct up_limits limits;
        struct up_observations observed;
        GPtrArray *entities;

        up_limits_init(&limits);
        up_observations_init(&observed, &limits, 0);
        up_observations_listen(&observed);
        entities = up_entities_read(message, &observed);
        up_observations_unlisten(&observed);
        up_observations_clear(&observed);
        return entities;
}

/* --- header fields ---------------------------------------------------------------------------- */

GArray *up_raw_fields(GBytes *message, struct up_slice slice)
{
        struct up_header header = up_header_in(g_bytes_get_data(message, NULL), slice);
        GArray *fields = g_array_new(FALSE, FALSE, sizeof(struct up_field));
        struct up_field field;

        while (up_header_next(&header, &field))
                g_array_append_val(fields, field);
        return fields;
}

/* --- CMS -------------------------------------------------------------------------------------- */

bool up_raw_is_bare(GBytes *message)
{
        gsize bytes;
        const guint8 *data = g_bytes_get_data(message, &bytes);

        /* A header field may begin with this byte too, which is the digit 0. */
        return bytes > 1 && data[0] == DER_SEQUENCE && data[1] >= 0x80;
}

static void read_lines(const char *data, size_t bytes, struct up_carried *carried)
{
        size_t line_bytes = up_line_at(data, bytes, 0).end;

        carried->line_end = up_line_end_of(data, bytes);
        carried->line_bytes = CLAMP(line_bytes, 4, BASE64_LINE_MOST) / 4 * 4;
}

bool up_raw_carried(GBytes *message, const struct up_entity *entity, struct up_carried *ret_carried)
{
        const char *data = (const char *)g_bytes_get_data(message, NULL) + entity->body.begin;
        size_t bytes = entity->body.end - entity->body.begin;

        *ret_carried = (struct up_carried){ .body = entity->body };
        switch (entity->encoding) {
        case GMIME_CONTENT_ENCODING_BASE64:
                ret_carried->base64 = true;
                ret_carried->encoded = up_entity_content(message, entity, G_MAXSIZE);
                read_lines(data, bytes, ret_carried);
                return true;
        case GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE:
        case GMIME_CONTENT_ENCODING_UUENCODE:
                return false;
        default:
                ret_carried->encoded = up_slice_bytes(message, entity->body);
                return true;
        }
}

void up_carried_clear(struct up_carried *carried)
{
        g_clear_pointer(&carried->encoded, g_bytes_unref);
}

static void carried_clear(void *data)
{
        up_carried_clear(data);
}

GArray *up_raw_all_carried(GBytes *message)
{
        g_autoptr(GPtrArray) entities = up_raw_entities(message);
        GArray *all = g_array_new(FALSE, FALSE, sizeof(struct up_carried));
        struct up_carried carried;

        g_array_set_clear_func(all, carried_clear);
        if (up_raw_is_bare(message)) {
                carried = (struct up_carried){ .body = { 0, g_bytes_get_size(message) },
                        .encoded = g_bytes_ref(message) };
                g_array_append_val(all, carried);
                return all;
        }
        for (guint i = 0; i < entities->len; i++) {
                const struct up_entity *entity = g_ptr_array_index(entities, i);
                if (up_carries_cms(entity) && up_raw_carried(message, entity, &carried))
                        g_array_append_val(all, carried);
        }
        return all;
}

/* --- putting ---------------------------------------------------------------------------------- */

void up_raw_append(GByteArray *to, GBytes *message, struct up_slice slice)
{
        const guint8 *data = g_bytes_get_data(message, NULL);

        if (slice.end > slice.begin)
                g_byte_array_append(to, data + slice.begin, (guint)(slice.end - slice.begin));
}

GBytes *up_raw_replace(GBytes *message, struct up_slice slice, const void *data, size_t bytes)
{
        size_t size = g_bytes_get_size(message);
        GByteArray *whole = g_byte_array_sized_new((guint)(size + bytes));

        up_raw_append(whole, message, (struct up_slice){ 0, slice.begin });
        if (bytes > 0)
                g_byte_array_append(whole, data, (guint)bytes);
        up_raw_append(whole, message, (struct up_slice){ slice.end, size });
        return g_byte_array_free_to_bytes(whole);
}

GBytes *up_raw_put(GBytes *message, const struct up_carried *carried, GBytes *encoded)
{
        gsize bytes;
        const guint8 *data = g_bytes_get_data(encoded, &bytes);
        const char *old = g_bytes_get_data(message, NULL);
        size_t body_bytes = carried->body.end - carried->body.begin;

        if (!carried->base64)
                return up_raw_replace(message, carried->body, data, bytes);
        g_autoptr(GString) lines = g_string_new(NULL);
        up_base64_append(lines, data, bytes, carried->line_bytes, carried->line_end);
        if (lines->len > 0 && (body_bytes == 0 || old[carried->body.end - 1] != '\n'))
                g_string_truncate(lines, lines->len - strlen(carried->line_end));
        return up_raw_replace(message, carried->body, lines->str, lines->len);
}
