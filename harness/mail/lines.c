/*
 * lines - the one place that finds line ends
 */
#include "mail/lines.h"

#include <string.h>

struct up_line up_line_at(const char *data, size_t size, size_t begin)
{
        const char *lf = begin < size ? memchr(data + begin, '\n', size - begin) : NULL;
        size_t end = lf != NULL ? (size_t)(lf - data) : size;
        size_t next = lf != NULL ? end + 1 : size;

        if (lf != NULL && end > begin && data[end - 1] == '\r')
                end--;
        return (struct up_line){ begin, end, next };
}

const char *up_line_end_of(const char *data, size_t size)
{
        struct up_line first = up_line_at(data, size, 0);

        return first.next == first.end + 1 ? "\n" : "\r\n";
}

GString *up_lines_as_crlf(const char *text, size_t bytes)
{
        GString *lines = g_string_sized_new(bytes);

        for (size_t i = 0; i < bytes; i++) {
                if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r'))
                        g_string_append_c(lines, '\r');
                g_string_append_c(lines, text[i]);
        }
        return lines;
}

GBytes *up_slice_bytes(GBytes *message, struct up_slice slice)
{
        return g_bytes_new_from_bytes(message, slice.begin, slice.end - slice.begin);
}
