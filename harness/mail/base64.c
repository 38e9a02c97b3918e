/*
 * base64 - strict syntax, and lines of GLib's encoding
 */
#include "mail/base64.h"

#include <string.h>

bool up_base64_is_well_formed(const uint8_t *text, size_t bytes)
{
        size_t digits = 0, padding = 0;

        for (size_t i = 0; i < bytes; i++) {
                if (text[i] == '\n' || (text[i] == '\r' && i + 1 < bytes && text[i + 1] == '\n'))
                        continue;
                if (text[i] == '=')
                        padding++;
                else if ((g_ascii_isalnum(text[i]) || text[i] == '+' || text[i] == '/') &&
                         padding == 0)
                        digits++;
                else
                        return false;
        }
        return padding <= 2 && (digits + padding) % 4 == 0;
}

void up_base64_append(
    GString *to, const void *data, size_t bytes, size_t line_bytes, const char *line_end)
{
        g_autofree char *digits = g_base64_encode(data, bytes);
        size_t size = strlen(digits);

        for (size_t at = 0; at < size; at += MIN(line_bytes, size - at)) {
                g_string_append_len(to, digits + at, (gssize)MIN(line_bytes, size - at));
                g_string_append(to, line_end);
        }
}
