/*
 * header - lines, and what continues them
 */
#include "mail/header.h"

#include <string.h>

static bool is_blank(char c)
{
        return c == ' ' || c == '\t';
}

/* RFC 5322 section 3.6.8: printable ASCII but the colon. */
static bool is_name(char c)
{
        return c > ' ' && c < 0x7f && c != ':';
}

struct up_header up_header_in(const char *data, struct up_slice slice)
{
        return (struct up_header){ data, slice.begin, slice.end };
}

struct up_header up_header_of(GBytes *message)
{
        gsize size;
        const char *data = g_bytes_get_data(message, &size);

        return (struct up_header){ data, 0, size };
}

/* Finds name and value on the field's first line; without name and colon it is not a field. */
static void split_at_colon(
    const char *data, const struct up_line *first, size_t value_end, struct up_field *field)
{
        size_t name_end = first->begin;
        size_t colon;

        while (name_end < first->end && is_name(data[name_end]))
                name_end++;
        for (colon = name_end; colon < first->end && is_blank(data[colon]);)
                colon++;
        if (name_end == first->begin || colon == first->end || data[colon] != ':')
                return;
        field->name = (struct up_slice){ first->begin, name_end };
        field->value = (struct up_slice){ colon + 1, value_end };
}

bool up_header_next(struct up_header *header, struct up_field *ret_field)
{
        const char *data = header->data;
        struct up_line first, last;

        if (header->at >= header->end)
                return false;
        first = up_line_at(data, header->end, header->at);
        if (first.end == first.begin)
                return false;
        for (last = first; last.next < header->end && is_blank(data[last.next]);)
                last = up_line_at(data, header->end, last.next);
        header->at = last.next;
        *ret_field = (struct up_field){ .whole = { first.begin, last.next } };
        split_at_colon(data, &first, last.end, ret_field);
        return true;
}

bool up_header_find(struct up_header *header, const char *name, struct up_field *ret_field)
{
        struct up_field field;

        while (up_header_next(header, &field)) {
                if (up_field_is(header->data, &field, name)) {
                        *ret_field = field;
                        return true;
                }
        }
        return false;
}

bool up_field_begins(const char *data, const struct up_field *field, const char *prefix)
{
        size_t bytes = strlen(prefix);

        return field->name.end - field->name.begin >= bytes &&
               g_ascii_strncasecmp(data + field->name.begin, prefix, bytes) == 0;
}

bool up_field_is(const char *data, const struct up_field *field, const char *name)
{
        return field->name.end - field->name.begin == strlen(name) &&
               up_field_begins(data, field, name);
}

GString *up_field_value(const char *data, const struct up_field *field)
{
        struct up_slice rest = field->value;
        GString *value = g_string_sized_new(rest.end - rest.begin);

        while (rest.begin < rest.end && g_ascii_isspace(data[rest.begin]))
                rest.begin++;
        while (rest.end > rest.begin && g_ascii_isspace(data[rest.end - 1]))
                rest.end--;
        while (rest.begin < rest.end) {
                struct up_line line = up_line_at(data, rest.end, rest.begin);
                g_string_append_len(value, data + line.begin, (gssize)(line.end - line.begin));
                rest.begin = line.next;
        }
        return value;
}

size_t up_field_semicolon(const char *data, size_t at, size_t end)
{
        bool quoted = false;
        unsigned comments = 0;

        for (; at < end; at++) {
                if (data[at] == '\\' && (quoted || comments > 0))
                        at++;
                else if (data[at] == '"' && comments == 0)
                        quoted = !quoted;
                else if (data[at] == '(' && !quoted)
                        comments++;
                else if (data[at] == ')' && comments > 0)
                        comments--;
                else if (data[at] == ';' && !quoted && comments == 0)
                        return at;
        }
        return end;
}
