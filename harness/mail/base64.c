/*
 * base64 - strict syntax
 */
#include "mail/base64.h"

#include <glib.h>

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
