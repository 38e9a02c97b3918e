/*
 * quoted_printable - byte by byte; blanks are encoded only at the end of a line
 */
#include "mail/quoted_printable.h"

#include <stdbool.h>

#include "mail/lines.h"

static bool is_plain(char byte, bool is_last)
{
        return byte == ' ' || byte == '\t' ? !is_last : byte > ' ' && byte <= '~' && byte != '=';
}

void up_quoted_printable_append(
    GString *to, const char *data, size_t bytes, size_t line_bytes, const char *line_end)
{
        for (size_t at = 0; at < bytes;) {
                struct up_line line = up_line_at(data, bytes, at);
                size_t column = 0;

                for (; at < line.end; at++) {
                        bool plain = is_plain(data[at], at + 1 == line.end);
                        if (column + 4 > line_bytes && column > 0) {
                                g_string_append_printf(to, "=%s", line_end);
                                column = 0;
                        }
                        if (plain)
                                g_string_append_c(to, data[at]);
                        else
                                g_string_append_printf(to, "=%02X", (unsigned char)data[at]);
                        column += plain ? 1 : 3;
                }
                g_string_append_len(to, data + line.end, (gssize)(line.next - line.end));
                at = line.next;
        }
}
