/*
 * quoted_printable - byte by byte; a blank at the end of a line is encoded
 */
#include "mail/quoted_printable.h"

#include <stdbool.h>
#include <string.h>

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

static bool is_digit(char byte)
{
        return g_ascii_isdigit(byte) || (byte >= 'A' && byte <= 'F');
}

/* Appends the byte of "=XY" at @text, of which @bytes are there. */
static bool append_pair(GByteArray *to, const char *text, size_t bytes)
{
        if (bytes < 3 || !is_digit(text[1]) || !is_digit(text[2]))
                return false;
        const guint8 byte =
            (guint8)(g_ascii_xdigit_value(text[1]) * 16 + g_ascii_xdigit_value(text[2]));
        g_byte_array_append(to, &byte, 1);
        return true;
}

static bool append_line(GByteArray *to, const char *text, const struct up_line *line)
{
        size_t at = line->begin;

        for (; at < line->end; at++) {
                if (text[at] == '=' && at + 1 == line->end)
                        return line->next > line->end;
                if (text[at] == '=') {
                        if (!append_pair(to, text + at, line->end - at))
                                return false;
                        at += 2;
                } else if (is_plain(text[at], at + 1 == line->end)) {
                        g_byte_array_append(to, (const guint8 *)text + at, 1);
                } else {
                        return false;
                }
        }
        g_byte_array_append(to, (const guint8 *)text + line->end, (guint)(line->next - line->end));
        return true;
}

GBytes *up_quoted_printable_decode(const char *text, size_t bytes)
{
        g_autoptr(GByteArray) decoded = g_byte_array_new();

        for (size_t at = 0; at < bytes;) {
                struct up_line line = up_line_at(text, bytes, at);
                if (!append_line(decoded, text, &line))
                        return NULL;
                at = line.next;
        }
        return g_byte_array_free_to_bytes(g_steal_pointer(&decoded));
}

GBytes *up_q_encoding_decode(const char *text)
{
        g_autoptr(GByteArray) decoded = g_byte_array_new();

        for (size_t bytes = strlen(text); bytes > 0; text++, bytes--) {
                if (*text == '=') {
                        if (!append_pair(decoded, text, bytes))
                                return NULL;
                        text += 2;
                        bytes -= 2;
                } else if (*text > ' ' && *text <= '~' && *text != '?') {
                        const guint8 byte = *text == '_' ? ' ' : (guint8)*text;
                        g_byte_array_append(decoded, &byte, 1);
                } else {
                        return NULL;
                }
        }
        return g_byte_array_free_to_bytes(g_steal_pointer(&decoded));
}
