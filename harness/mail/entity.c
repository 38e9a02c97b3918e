/*
 * entity - one pass over the lines, with a stack of open multiparts
 *
 * The reader is in one of two states: in the header of the newest entity, or in some body. A
 * boundary line of any open multipart ends every entity inside that multipart. No recursion: the
 * depth of a message costs heap, not stack.
 */
#include "mail/entity.h"

#include <string.h>

#include "mail/charset.h"
#include "mail/header.h"

struct open_multipart {
        char *boundary; /* of the line: "--" and the parameter's value */
        size_t boundary_bytes;
        int entity;
};

struct reader {
        const char *data;
        size_t size;
        struct up_observations *observed;
        GPtrArray *entities;
        GArray *multiparts; /* open ones, innermost last */
        GArray *nested;     /* int: indices of the entities that are open, innermost last */
        bool in_header;
};

static void entity_free(void *data)
{
        struct up_entity *entity = data;

        g_clear_object(&entity->type);
        g_free(entity->filename);
        g_free(entity);
}

static void multipart_clear(void *data)
{
        struct open_multipart *multipart = data;
        g_free(multipart->boundary);
}

static struct up_entity *entity_at(const struct reader *reader, int index)
{
        return g_ptr_array_index(reader->entities, index);
}

static int innermost(const struct reader *reader)
{
        return g_array_index(reader->nested, int, reader->nested->len - 1);
}

/* RFC 2046 section 5.1.5: what says nothing is text, but in a digest it is a message. */
static const char *default_type(const struct reader *reader, const struct up_entity *entity)
{
        const struct up_entity *parent =
            entity->parent >= 0 ? entity_at(reader, entity->parent) : NULL;
        bool in_digest =
            parent != NULL && g_mime_content_type_is_type(parent->type, "multipart", "digest");

        return in_digest ? "message/rfc822" : "text/plain";
}

/* Of repeated fields the first counts. Values are read as C strings: up to a NUL byte. */
static void read_fields(const struct reader *reader, struct up_entity *entity)
{
        struct up_header header = up_header_in(reader->data, entity->header);
        g_autoptr(GString) type = NULL;
        g_autoptr(GString) encoding = NULL;
        g_autoptr(GString) disposition = NULL;
        struct up_field field;
        const char *filename = NULL;

        while (up_header_next(&header, &field)) {
                if (!up_field_begins(header.data, &field, "Content-"))
                        continue;
                if (type == NULL && up_field_is(header.data, &field, "Content-Type"))
                        type = up_field_value(header.data, &field);
                else if (encoding == NULL &&
                         up_field_is(header.data, &field, "Content-Transfer-Encoding"))
                        encoding = up_field_value(header.data, &field);
                else if (disposition == NULL &&
                         up_field_is(header.data, &field, "Content-Disposition"))
                        disposition = up_field_value(header.data, &field);
        }
        entity->type = g_mime_content_type_parse(
            NULL, type != NULL ? type->str : default_type(reader, entity));
        if (encoding != NULL)
                entity->encoding = g_mime_content_encoding_from_string(encoding->str);
        if (disposition != NULL) {
                GMimeContentDisposition *parsed =
                    g_mime_content_disposition_parse(NULL, disposition->str);
                filename = g_mime_content_disposition_get_parameter(parsed, "filename");
                entity->filename = g_strdup(filename);
                g_object_unref(parsed);
        }
        if (filename == NULL)
                entity->filename =
                    g_strdup(g_mime_content_type_get_parameter(entity->type, "name"));
}

/* False when a limit says that it is not to be read; the message itself always is. */
static bool open_entity(struct reader *reader, int parent, size_t begin)
{
        struct up_observations *observed = reader->observed;
        unsigned depth = parent < 0 ? 0 : entity_at(reader, parent)->depth + 1;
        struct up_entity *entity;
        int index = (int)reader->entities->len;
        bool within =
            up_observations_within(observed, &observed->limits.depth, depth) &&
            up_observations_within(observed, &observed->limits.parts, (uint64_t)index + 1);

        if (!within && parent >= 0)
                return false;
        entity = g_new0(struct up_entity, 1);
        entity->parent = parent;
        entity->depth = depth;
        entity->header = (struct up_slice){ begin, begin };
        entity->body = entity->header;
        g_ptr_array_add(reader->entities, entity);
        g_array_append_val(reader->nested, index);
        reader->in_header = true;
        return true;
}

static bool is_message(const struct up_entity *entity)
{
        return g_mime_content_type_is_type(entity->type, "message", "rfc822") ||
               g_mime_content_type_is_type(entity->type, "message", "global");
}

static bool is_decoded(const struct up_entity *entity)
{
        return entity->encoding == GMIME_CONTENT_ENCODING_BASE64 ||
               entity->encoding == GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE ||
               entity->encoding == GMIME_CONTENT_ENCODING_UUENCODE;
}

/* Ends the header of the innermost entity; what its type says decides what its body holds. */
static void end_header(struct reader *reader, size_t header_end, size_t body_begin)
{
        int index = innermost(reader);
        struct up_entity *entity = entity_at(reader, index);
        const char *boundary;

        reader->in_header = false;
        entity->header.end = header_end;
        entity->body = (struct up_slice){ body_begin, body_begin };
        if (!up_observations_within(reader->observed, &reader->observed->limits.header_bytes,
                header_end - entity->header.begin)) {
                entity->type = g_mime_content_type_new("text", "plain");
                return;
        }
        read_fields(reader, entity);
        boundary = g_mime_content_type_get_parameter(entity->type, "boundary");
        if (g_mime_content_type_is_type(entity->type, "multipart", "*") && boundary != NULL) {
                struct open_multipart multipart = { .boundary = g_strconcat("--", boundary, NULL),
                        .entity = index };
                multipart.boundary_bytes = strlen(multipart.boundary);
                g_array_append_val(reader->multiparts, multipart);
        } else if (is_message(entity) && !is_decoded(entity)) {
                open_entity(reader, index, body_begin);
        }
}

/* Between "--b" and "--b" right after it there is no part: not one line of it. */
static bool drop_if_nothing(struct reader *reader, size_t end)
{
        int index = innermost(reader);

        if (index == 0 || entity_at(reader, index)->header.begin < end)
                return false;
        g_array_set_size(reader->nested, reader->nested->len - 1);
        g_ptr_array_set_size(reader->entities, index);
        return true;
}

/*
 * Ends every open entity inside @outer, which stays open; -1 ends them all. An empty line whose
 * end belongs to the boundary after it leaves its entity without a body.
 */
static void close_inside(struct reader *reader, int outer, size_t end)
{
        while (reader->in_header && !drop_if_nothing(reader, end))
                end_header(reader, end, end);
        reader->in_header = false;
        while (reader->nested->len > 0 && innermost(reader) != outer) {
                struct up_entity *entity = entity_at(reader, innermost(reader));
                entity->body = (struct up_slice){ MIN(entity->body.begin, end), end };
                g_array_set_size(reader->nested, reader->nested->len - 1);
        }
}

static bool is_boundary(const struct reader *reader, const struct up_line *line,
    const struct open_multipart *multipart, bool *ret_last)
{
        const char *text = reader->data + line->begin;
        size_t bytes = line->end - line->begin;
        size_t at = multipart->boundary_bytes;

        if (bytes < at || memcmp(text, multipart->boundary, at) != 0)
                return false;
        bool last = bytes >= at + 2 && text[at] == '-' && text[at + 1] == '-';
        for (at += last ? 2 : 0; at < bytes; at++)
                if (text[at] != ' ' && text[at] != '\t')
                        return false;
        *ret_last = last;
        return true;
}

/* True when the line was a boundary of an open multipart, and what it ends and begins is done. */
static bool take_boundary(struct reader *reader, const struct up_line *line, size_t previous_end)
{
        if (line->end - line->begin < 2 || memcmp(reader->data + line->begin, "--", 2) != 0)
                return false;
        for (guint i = reader->multiparts->len; i-- > 0;) {
                const struct open_multipart *multipart =
                    &g_array_index(reader->multiparts, struct open_multipart, i);
                int owner = multipart->entity;
                bool last;

                if (!is_boundary(reader, line, multipart, &last))
                        continue;
                close_inside(reader, owner, previous_end);
                g_array_set_size(reader->multiparts, last ? i : i + 1);
                if (!last)
                        open_entity(reader, owner, line->next);
                return true;
        }
        return false;
}

GPtrArray *up_entities_read(GBytes *message, struct up_observations *observed)
{
        struct reader reader = { .observed = observed };
        size_t previous_end = 0;

        up_mail_start();
        reader.data = g_bytes_get_data(message, &reader.size);
        reader.entities = g_ptr_array_new_with_free_func(entity_free);
        reader.multiparts = g_array_new(FALSE, FALSE, sizeof(struct open_multipart));
        g_array_set_clear_func(reader.multiparts, multipart_clear);
        reader.nested = g_array_new(FALSE, FALSE, sizeof(int));

        open_entity(&reader, -1, 0);
        for (size_t at = 0; at < reader.size;) {
                struct up_line line = up_line_at(reader.data, reader.size, at);
                bool empty = line.begin == line.end;
                if (!take_boundary(&reader, &line, previous_end) && reader.in_header && empty)
                        end_header(&reader, line.begin, line.next);
                previous_end = line.end;
                at = line.next;
        }
        close_inside(&reader, -1, reader.size);

        g_array_unref(reader.nested);
        g_array_unref(reader.multiparts);
        return reader.entities;
}

struct up_slice up_entity_whole(const struct up_entity *entity)
{
        return (struct up_slice){ entity->header.begin, entity->body.end };
}

GBytes *up_entity_content(GBytes *message, const struct up_entity *entity, size_t most)
{
        struct up_slice body = entity->body;
        GMimeEncoding decoder;

        if (body.end - body.begin > most)
                body.end = body.begin + most;
        if (!is_decoded(entity))
                return up_slice_bytes(message, body);

        const char *data = (const char *)g_bytes_get_data(message, NULL) + body.begin;
        size_t bytes = body.end - body.begin;
        g_mime_encoding_init_decode(&decoder, entity->encoding);
        char *out = g_malloc(g_mime_encoding_outlen(&decoder, bytes) + 1);
        size_t length = g_mime_encoding_step(&decoder, data, bytes, out);
        length += g_mime_encoding_flush(&decoder, "", 0, out + length);
        return g_bytes_new_take(out, length);
}

bool up_entity_is_encoded_composite(const struct up_entity *entity)
{
        return is_decoded(entity) &&
               (is_message(entity) || g_mime_content_type_is_type(entity->type, "multipart", "*"));
}

GBytes *up_entity_decoded_composite(GBytes *message, const struct up_entity *entity)
{
        const char *data = g_bytes_get_data(message, NULL);
        struct up_header header = up_header_in(data, entity->header);
        struct up_field type;

        if (!up_entity_is_encoded_composite(entity))
                return NULL;
        g_autoptr(GBytes) content = up_entity_content(message, entity, G_MAXSIZE);
        if (is_message(entity) || !up_header_find(&header, "Content-Type", &type))
                return g_steal_pointer(&content);
        GByteArray *whole = g_byte_array_new();
        g_byte_array_append(whole, (const guint8 *)data + type.whole.begin,
            (guint)(type.whole.end - type.whole.begin));
        g_byte_array_append(whole, (const guint8 *)"\n", 1);
        g_byte_array_append(
            whole, g_bytes_get_data(content, NULL), (guint)g_bytes_get_size(content));
        return g_byte_array_free_to_bytes(whole);
}

char *up_entity_path(const GPtrArray *entities, int index)
{
        GString *path = g_string_new(NULL);

        while (index > 0) {
                const struct up_entity *entity = g_ptr_array_index(entities, (guint)index);
                unsigned place = 1;

                for (int i = entity->parent + 1; i < index; i++) {
                        const struct up_entity *other = g_ptr_array_index(entities, (guint)i);
                        place += other->parent == entity->parent;
                }
                g_autofree char *number = g_strdup_printf(path->len > 0 ? "%u." : "%u", place);
                g_string_prepend(path, number);
                index = entity->parent;
        }
        return g_string_free(path, FALSE);
}
