/*
 * objects - parsing, the walk over the tree, and comparing two writings
 *
 * The walk keeps its own stack: GMime reads a thousand parts inside each other, and its own
 * recursion needs all the stack that there is.
 */
#include "gmime/objects.h"

#include <string.h>

#include "mail/charset.h"
#include "mail/lines.h"

GMimeMessage *up_mime_parse(GBytes *message, struct up_observations *observed)
{
        gsize size;
        const char *data = g_bytes_get_data(message, &size);

        up_mail_start();
        if (!up_observations_within(observed, &observed->limits.message_bytes, size))
                return NULL;

        g_autoptr(GMimeStream) stream =
            g_mime_stream_mem_new_with_buffer(data != NULL ? data : "", size);
        g_autoptr(GMimeParser) parser = g_mime_parser_new_with_stream(stream);
        return g_mime_parser_construct_message(parser, NULL);
}

GBytes *up_mime_decoded(GMimePart *part, size_t most)
{
        GMimeDataWrapper *content = g_mime_part_get_content(part);
        g_autoptr(GByteArray) bytes = g_byte_array_new();

        if (content != NULL) {
                g_autoptr(GMimeStream) memory = g_mime_stream_mem_new_with_byte_array(bytes);
                g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(memory), FALSE);
                g_mime_data_wrapper_write_to_stream(content, memory);
        }
        if (bytes->len > most)
                g_byte_array_set_size(bytes, (guint)most);
        return g_byte_array_free_to_bytes(g_steal_pointer(&bytes));
}

struct visit {
        GMimeObject *object; /* kept alive by its parent */
        unsigned depth;      /* of its entity; the message itself has 0 */
};

static void push(GArray *stack, GMimeObject *object, unsigned depth)
{
        struct visit visit = { object, depth };

        if (object != NULL)
                g_array_append_val(stack, visit);
}

static void push_children(GArray *stack, const struct visit *parent)
{
        if (GMIME_IS_MESSAGE(parent->object)) {
                GMimeMessage *message = GMIME_MESSAGE(parent->object);
                push(stack, g_mime_message_get_mime_part(message), parent->depth);
        } else if (GMIME_IS_MESSAGE_PART(parent->object)) {
                GMimeMessagePart *part = GMIME_MESSAGE_PART(parent->object);
                push(
                    stack, (GMimeObject *)g_mime_message_part_get_message(part), parent->depth + 1);
        } else if (GMIME_IS_MULTIPART(parent->object)) {
                GMimeMultipart *multipart = GMIME_MULTIPART(parent->object);
                for (int i = g_mime_multipart_get_count(multipart) - 1; i >= 0; i--)
                        push(stack, g_mime_multipart_get_part(multipart, i), parent->depth + 1);
        }
}

GPtrArray *up_mime_objects(GMimeMessage *message, struct up_observations *observed)
{
        return up_mime_objects_and_depths(message, observed, NULL);
}

GPtrArray *up_mime_objects_and_depths(
    GMimeMessage *message, struct up_observations *observed, GArray *depths)
{
        GPtrArray *objects = g_ptr_array_new_with_free_func(g_object_unref);
        g_autoptr(GArray) stack = g_array_new(FALSE, FALSE, sizeof(struct visit));
        uint64_t parts = 0;

        push(stack, GMIME_OBJECT(message), 0);
        while (stack->len > 0) {
                struct visit visit = g_array_index(stack, struct visit, stack->len - 1);

                g_array_set_size(stack, stack->len - 1);
                if (!up_observations_within(observed, &observed->limits.depth, visit.depth))
                        continue;
                if (!GMIME_IS_MESSAGE(visit.object) &&
                    !up_observations_within(observed, &observed->limits.parts, ++parts))
                        break;
                g_ptr_array_add(objects, g_object_ref(visit.object));
                if (depths != NULL)
                        g_array_append_val(depths, visit.depth);
                push_children(stack, &visit);
        }
        return objects;
}

void up_mime_call_common_accessors(GMimeMessage *message)
{
        g_autoptr(InternetAddressList) recipients = g_mime_message_get_all_recipients(message);
        GMimeObject *body = g_mime_message_get_body(message);

        g_mime_message_get_subject(message);
        g_mime_message_get_date(message);
        g_mime_message_get_message_id(message);
        if (recipients != NULL)
                g_free(internet_address_list_to_string(recipients, NULL, FALSE));
        if (GMIME_IS_TEXT_PART(body))
                g_free(g_mime_text_part_get_text(GMIME_TEXT_PART(body)));
}

GBytes *up_mime_written(GMimeMessage *message, GMimeFormatOptions *options)
{
        GByteArray *bytes = g_byte_array_new();
        g_autoptr(GMimeStream) memory = g_mime_stream_mem_new_with_byte_array(bytes);

        g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(memory), FALSE);
        g_mime_object_write_to_stream(GMIME_OBJECT(message), options, memory);
        return g_byte_array_free_to_bytes(bytes);
}

static bool is_blank(char c)
{
        return c == ' ' || c == '\t';
}

/* Appends @line without its end; a caller that cares for less than the bytes puts it there. */
typedef void (*reduce)(GString *reduced, const char *line, size_t length);

static void as_line(GString *reduced, const char *line, size_t length)
{
        while (length > 0 && line[length - 1] == '\r')
                length--;
        g_string_append_len(reduced, line, (gssize)length);
        g_string_append_c(reduced, '\n');
}

static void as_line_without_trailing_blanks(GString *reduced, const char *line, size_t length)
{
        while (length > 0 && (is_blank(line[length - 1]) || line[length - 1] == '\r'))
                length--;
        g_string_append_len(reduced, line, (gssize)length);
        g_string_append_c(reduced, '\n');
}

static void as_words(GString *reduced, const char *line, size_t length)
{
        for (size_t i = 0; i < length; i++)
                if (!is_blank(line[i]) && line[i] != '\r')
                        g_string_append_c(reduced, line[i]);
}

/* From the smallest difference to the largest: the first that makes both the same is the kind. */
static const struct kind {
        const char *name;
        reduce reduce;
} kinds[] = {
        { "line ends", as_line },
        { "trailing blanks", as_line_without_trailing_blanks },
        { "folding", as_words },
};

static GString *reduced(GBytes *bytes, reduce reduce_line)
{
        gsize size;
        const char *data = g_bytes_get_data(bytes, &size);
        GString *result = g_string_sized_new(size);

        for (size_t at = 0; at < size;) {
                struct up_line line = up_line_at(data, size, at);
                reduce_line(result, data + line.begin, line.end - line.begin);
                at = line.next;
        }
        while (result->len > 0 && result->str[result->len - 1] == '\n')
                g_string_truncate(result, result->len - 1);
        return result;
}

/* Where the first difference stands, when all but line ends is compared. */
static const char *place_of_difference(GBytes *before, GBytes *after)
{
        g_autoptr(GString) a = reduced(before, as_line_without_trailing_blanks);
        g_autoptr(GString) b = reduced(after, as_line_without_trailing_blanks);
        size_t at = 0;
        size_t line = 0;
        bool in_body = false;

        for (; at < a->len && at < b->len && a->str[at] == b->str[at]; at++) {
                if (a->str[at] != '\n')
                        continue;
                in_body = in_body || at == line;
                line = at + 1;
        }
        if (g_str_has_prefix(a->str + line, "--") || g_str_has_prefix(b->str + line, "--"))
                return "structure";
        return in_body ? "content" : "header";
}

void up_mime_remark_difference(
    struct up_observations *observed, const char *what, GBytes *before, GBytes *after)
{
        const char *name = NULL;

        if (g_bytes_equal(before, after))
                return;
        for (size_t i = 0; i < G_N_ELEMENTS(kinds) && name == NULL; i++) {
                g_autoptr(GString) a = reduced(before, kinds[i].reduce);
                g_autoptr(GString) b = reduced(after, kinds[i].reduce);
                if (g_string_equal(a, b))
                        name = kinds[i].name;
        }
        if (name == NULL)
                name = place_of_difference(before, after);

        g_autofree char *site = g_strdup_printf("%s: %s", what, name);
        up_observations_remark(observed, UP_REMARK_REWRITTEN, site, "%zu bytes became %zu",
            g_bytes_get_size(before), g_bytes_get_size(after));
}
