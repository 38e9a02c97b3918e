/*
 * display - escapes, ellipses and lists
 */
#include "ledger/display.h"

#include <stdbool.h>
#include <string.h>

#include "ledger/page.h"

/* Of a longer text both ends are shown. An address has 320 bytes at most (RFC 5321). */
#define VALUE_BYTES    320
#define SENTENCE_BYTES 1000

static bool is_visible(gunichar c)
{
        GUnicodeType type = g_unichar_type(c);

        return g_unichar_isprint(c) && type != G_UNICODE_LINE_SEPARATOR &&
               type != G_UNICODE_PARAGRAPH_SEPARATOR && type != G_UNICODE_PRIVATE_USE;
}

/* Appends text up to @end. */
static void put_printable(GString *out, const char *text, const char *end)
{
        while (text < end) {
                unsigned char byte = (unsigned char)*text;
                gunichar c = byte < 0x80 ? byte : g_utf8_get_char_validated(text, end - text);
                bool valid = c != (gunichar)-1 && c != (gunichar)-2;

                if (byte >= ' ' && byte < 0x7f)
                        g_string_append_c(out, *text);
                else if (valid && is_visible(c))
                        g_string_append_unichar(out, c);
                else if (valid && byte >= 0x80)
                        g_string_append_printf(out, "\\u{%x}", c);
                else
                        g_string_append_printf(out, "\\x%02x", byte);
                text += valid && byte >= 0x80 ? g_utf8_next_char(text) - text : 1;
        }
}

static const char *character_start(const char *text, const char *at)
{
        while (at > text && ((unsigned char)*at & 0xc0) == 0x80)
                at--;
        return at;
}

static char *printable(const char *text, size_t most)
{
        GString *out = g_string_new(NULL);
        size_t bytes = text != NULL ? strlen(text) : 0, tail = most / 3;

        if (bytes <= most) {
                put_printable(out, text, text + bytes);
        } else {
                put_printable(out, text, character_start(text, text + most - tail));
                g_string_append(out, "…");
                put_printable(out, character_start(text, text + bytes - tail), text + bytes);
        }
        return g_string_free(out, FALSE);
}

char *up_display_value(const char *text)
{
        return printable(text, VALUE_BYTES);
}

char *up_display_sentence(const char *text)
{
        g_autofree char *one_line = g_strdup(text);

        if (one_line != NULL)
                g_strdelimit(one_line, "\r\n\t", ' ');
        return printable(one_line, SENTENCE_BYTES);
}

char *up_display_address(const char *text)
{
        g_autofree char *shown = up_display_value(text);

        return g_strdup_printf("<%s>", shown);
}

#define MOST_ADDRESSES 8

char *up_display_addresses(const char *const *list)
{
        guint count = list == NULL ? 0 : g_strv_length((char **)(gpointer)list);
        guint shown = count <= MOST_ADDRESSES ? count : 3;
        GString *out = g_string_new(count == 0 ? "no recipient" : NULL);

        for (guint i = 0; i < shown; i++) {
                g_autofree char *one = up_display_address(list[i]);
                g_string_append_printf(out, "%s%s", i == 0 ? "" : ", ", one);
        }
        if (shown < count) {
                g_autofree char *more = up_page_counted(count - shown, "more", "more");
                g_string_append_printf(out, " and %s", more);
        }
        return g_string_free(out, FALSE);
}

char *up_display_size(GBytes *bytes)
{
        return up_page_counted(bytes == NULL ? 0 : g_bytes_get_size(bytes), "byte", "bytes");
}

char *up_display_time(int64_t ms)
{
        g_autofree char *time = up_page_time(ms);

        return g_strconcat(UP_PAGE_VARIES_BEGIN, g_strdelimit(time, " ", *UP_PAGE_FIXED_BLANK),
            UP_PAGE_VARIES_END, NULL);
}
