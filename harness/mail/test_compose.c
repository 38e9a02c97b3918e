/*
 * Composed entities are exactly the expected bytes; lines of base64 have the length given.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mail/base64.h"
#include "mail/compose.h"
#include "mail/quoted_printable.h"

static void assert_text(GBytes *bytes, const char *text)
{
        g_autofree char *got = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));

        assert_string_equal(got, text);
}

static void wrapping_is_exact(void **state)
{
        g_autoptr(GBytes) body = up_compose_lines("one\ntwo\r\nthree");
        g_autoptr(GBytes) first = up_compose_entity("Content-Type: a/b\n", body);
        g_autoptr(GBytes) second = up_compose_base64("", body);
        GBytes *const parts[] = { first, second, NULL };
        g_autoptr(GBytes) multipart = up_compose_multipart("multipart/mixed", "b", parts);
        g_autoptr(GBytes) message = up_compose_message("Subject: s\n", second);

        (void)state;
        assert_text(body, "one\r\ntwo\r\nthree");
        assert_text(multipart, "Content-Type: multipart/mixed; boundary=\"b\"\r\n\r\n"
                               "--b\r\nContent-Type: a/b\r\n\r\none\r\ntwo\r\nthree\r\n"
                               "--b\r\n\r\nb25lDQp0d28NCnRocmVl\r\n\r\n--b--\r\n");
        assert_text(message, "Subject: s\r\n\r\nb25lDQp0d28NCnRocmVl\r\n");
}

static void base64_lines_are_full(void **state)
{
        static const struct {
                size_t bytes, line_bytes;
                const char *text;
        } rows[] = {
                { 0, 4, "" },
                { 1, 4, "YQ==\n" },
                { 6, 4, "YWFh\nYWFh\n" },
                { 6, 5, "YWFhY\nWFh\n" },
                { 7, SIZE_MAX, "YWFhYWFhYQ==\n" },
        };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                g_autoptr(GString) lines = g_string_new(NULL);
                up_base64_append(lines, "aaaaaaa", rows[i].bytes, rows[i].line_bytes, "\n");
                assert_string_equal(lines->str, rows[i].text);
        }
}

static void quoted_printable_is_exact(void **state)
{
        static const char *const rows[][2] = {
                { "", "" },
                { "a b\tc \r\n\t\n ", "a b\tc=20\r\n=09\n=20" },
                { "a=\xff\r", "a=3D=FF=\n=0D" },
                { "12345678", "1234567=\n8" },
                { "1234567\xff", "1234567=\n=FF" },
        };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                g_autoptr(GString) text = g_string_new(NULL);
                up_quoted_printable_append(text, rows[i][0], strlen(rows[i][0]), 10, "\n");
                assert_string_equal(text->str, rows[i][1]);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(wrapping_is_exact),
                cmocka_unit_test(base64_lines_are_full),
                cmocka_unit_test(quoted_printable_is_exact),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
