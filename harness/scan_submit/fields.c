/*
 * fields - lines, and what continues them
 *
 * A line that begins with a blank belongs to the one before it, be that a field or not. A line that
 * is no field (the "From " of an mbox, a line without a colon) does not end the header: software
 * differs about what it does, and slice.c goes on.
 */
#include "scan_submit/fields.h"

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

static size_t next_line(const struct up_fields *fields, size_t at)
{
        const char *lf = memchr(fields->data + at, '\n', fields->size - at);

        return lf != NULL ? (size_t)(lf - fields->data) + 1 : fields->size;
}

static bool is_empty_line(const char *line, size_t bytes)
{
        return (bytes == 1 && line[0] == '\n') ||
               (bytes == 2 && line[0] == '\r' && line[1] == '\n');
}

struct up_fields up_fields_of(GBytes *message)
{
        struct up_fields fields = { 0 };

        fields.data = g_bytes_get_data(message, &fields.size);
        return fields;
}

/* Finds name and colon; without both it is no field. */
static void find_name(struct up_field *field)
{
        size_t name = 0;
        size_t colon;

        while (name < field->raw_bytes && is_name(field->raw[name]))
                name++;
        for (colon = name; colon < field->raw_bytes && is_blank(field->raw[colon]);)
                colon++;
        if (name == 0 || colon == field->raw_bytes || field->raw[colon] != ':')
                return;
        field->name_bytes = name;
        field->value = colon + 1;
}

bool up_fields_next(struct up_fields *fields, struct up_field *ret_field)
{
        size_t begin = fields->at;
        size_t end;

        if (begin == fields->size)
                return false;
        end = next_line(fields, begin);
        if (is_empty_line(fields->data + begin, end - begin))
                return false;
        while (end < fields->size && is_blank(fields->data[end]))
                end = next_line(fields, end);
        fields->at = end;
        *ret_field = (struct up_field){ .raw = fields->data + begin, .raw_bytes = end - begin };
        find_name(ret_field);
        return true;
}

bool up_field_is(const struct up_field *field, const char *name)
{
        return field->name_bytes == strlen(name) &&
               g_ascii_strncasecmp(field->raw, name, field->name_bytes) == 0;
}

char *up_field_value(const struct up_field *field, size_t most)
{
        const char *end = field->raw + field->raw_bytes;
        const char *at = field->raw + field->value;
        g_autoptr(GString) value = g_string_new(NULL);

        while (at < end && (is_blank(*at) || *at == '\r' || *at == '\n'))
                at++;
        for (; at < end && value->len < most; at++) {
                bool is_line_end = *at == '\n' || (*at == '\r' && at + 1 < end && at[1] == '\n');
                if (!is_line_end)
                        g_string_append_c(value, *at == '\t'            ? ' '
                                                 : g_ascii_isprint(*at) ? *at
                                                                        : '?');
        }
        return g_strchomp(g_strdup(value->str));
}
