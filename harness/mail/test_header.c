/*
 * Every field of a header is found with its exact bytes, however it is written; the fields reported
 * cover the header whatever its bytes; and a long header takes linear time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "mail/header.h"

static void append_slice(GString *text, const char *data, struct up_slice slice)
{
        g_string_append_c(text, '[');
        g_string_append_len(text, data + slice.begin, (gssize)(slice.end - slice.begin));
        g_string_append_c(text, ']');
}

/* "[NAME][VALUE]" of each field, "[WHOLE]" of what is not one. */
static char *fields_text(const char *message)
{
        g_autoptr(GBytes) bytes = g_bytes_new(message, strlen(message));
        struct up_header header = up_header_of(bytes);
        GString *text = g_string_new(NULL);
        struct up_field field;

        while (up_header_next(&header, &field)) {
                if (field.name.end > field.name.begin) {
                        append_slice(text, header.data, field.name);
                        append_slice(text, header.data, field.value);
                } else {
                        append_slice(text, header.data, field.whole);
                }
        }
        return g_string_free(text, FALSE);
}

static void each_field_is_found_with_its_bytes(void **state)
{
        static const struct {
                const char *message, *fields;
        } rows[] = {
                { "", "" },
                { "\n", "" },
                { "\r\n", "" },
                { "A: 1", "[A][ 1]" },
                { "A: 1\r", "[A][ 1\r]" },
                { "A:\n", "[A][]" },
                { "A:", "[A][]" },
                { "A: 1\nB: 2\n\nC: 3\n", "[A][ 1][B][ 2]" },
                { "A: 1\r\nB: 2\r\n\r\nC: 3\r\n", "[A][ 1][B][ 2]" },
                { "A: 1\nB: 2\r\nC: 3\n\r\n", "[A][ 1][B][ 2][C][ 3]" },
                { "A: 1\rB: 2\n", "[A][ 1\rB: 2]" },
                { "A: 1\n 2\n\t3\nB: 4\n", "[A][ 1\n 2\n\t3][B][ 4]" },
                { "A: 1\r\n 2\r\n\r\n", "[A][ 1\r\n 2]" },
                { "A: 1\n \n\nB: 2\n", "[A][ 1\n ]" },
                { "A:\n B: 2\n", "[A][\n B: 2]" },
                { "A : 1\nB\t: 2\nC \t :3\n", "[A][ 1][B][ 2][C][3]" },
                { "A: 1\nA: 2\na: 3\n", "[A][ 1][A][ 2][a][ 3]" },
                { "A:: 1\n", "[A][: 1]" },
                { ": 1\n", "[: 1\n]" },
                { "A\n : 1\nB: 2\n", "[A\n : 1\n][B][ 2]" },
                { "A b: 1\nC: 2\n", "[A b: 1\n][C][ 2]" },
                { "\xc3\xa4: 1\nC: 2\n", "[\xc3\xa4: 1\n][C][ 2]" },
                { "From a@b Thu Jan  1 00:00:00 2026\nA: 1\n",
                    "[From a@b Thu Jan  1 00:00:00 2026\n][A][ 1]" },
                { " A: 1\nB: 2\n", "[ A: 1\n][B][ 2]" },
                { "no colon\n goes on\nA: 1\n", "[no colon\n goes on\n][A][ 1]" },
                { "A: \xff\x01\n", "[A][ \xff\x01]" },
        };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                g_autofree char *fields = fields_text(rows[i].message);
                assert_string_equal(fields, rows[i].fields);
        }
}

static void repeated_fields_are_found_by_name_in_order(void **state)
{
        static const char message[] = "a: 1\nAb: x\nA : 2\n y\nB: x\n A: x\n: x\nA:\n\nA: x\n";
        static const char *const values[] = { "1", "2 y", "" };
        g_autoptr(GBytes) bytes = g_bytes_new_static(message, strlen(message));
        struct up_header header = up_header_of(bytes);
        struct up_field field;
        size_t count = 0;

        (void)state;
        for (; up_header_find(&header, "A", &field); count++) {
                g_autoptr(GString) value = up_field_value(message, &field);
                assert_true(count < G_N_ELEMENTS(values));
                assert_string_equal(value->str, values[count]);
                assert_true(up_field_begins(message, &field, "a"));
                assert_true(up_field_is(message, &field, "a"));
                assert_false(up_field_begins(message, &field, "ab"));
        }
        assert_int_equal(count, G_N_ELEMENTS(values));
}

static void values_are_unfolded_and_trimmed(void **state)
{
        static const struct {
                const char *field, *value;
        } rows[] = {
                { "A:", "" },
                { "A: \t\n", "" },
                { "A:x\n", "x" },
                { "A:\t x y \t\r\n", "x y" },
                { "A: x\n y\r\n\tz\n \n", "x y\tz" },
                { "A:\r\n x\r\n", "x" },
                { "A: x\ry\n", "x\ry" },
        };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                g_autoptr(GBytes) bytes = g_bytes_new(rows[i].field, strlen(rows[i].field));
                struct up_header header = up_header_of(bytes);
                struct up_field field;

                assert_true(up_header_next(&header, &field));
                g_autoptr(GString) value = up_field_value(header.data, &field);
                assert_string_equal(value->str, rows[i].value);
        }
}

static void header_inside_a_message_ends_with_its_slice(void **state)
{
        static const char data[] = "X: 0\nA: 1\nB: 2\nC: 3\n";
        struct up_header header = up_header_in(data, (struct up_slice){ 5, 14 });
        struct up_field field;

        (void)state;
        assert_true(up_header_next(&header, &field));
        assert_int_equal(field.whole.begin, 5);
        assert_true(up_header_next(&header, &field));
        assert_int_equal(field.whole.end, 14);
        assert_false(up_header_next(&header, &field));
}

static void line_end_is_that_of_the_first_line(void **state)
{
        static const struct {
                const char *data, *line_end;
        } rows[] = { { "", "\r\n" }, { "x", "\r\n" }, { "\n", "\n" }, { "\r\n", "\r\n" },
                { "x\ny\r\n", "\n" }, { "x\r\ny\n", "\r\n" }, { "\rx\n", "\n" } };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
                assert_string_equal(
                    up_line_end_of(rows[i].data, strlen(rows[i].data)), rows[i].line_end);
}

static void fields_of_noise_cover_its_header(void **state)
{
        static const char alphabet[] = "\n\n\r\r  \t::Ab\0\xff-";
        g_autoptr(GRand) rng = g_rand_new_with_seed(1);
        unsigned fields = 0;

        (void)state;
        for (unsigned round = 0; round < 20000; round++) {
                char data[24];
                size_t size = (size_t)g_rand_int_range(rng, 0, sizeof data + 1);
                size_t at = 0;
                struct up_field field;

                for (size_t i = 0; i < size; i++)
                        data[i] = alphabet[g_rand_int_range(rng, 0, sizeof alphabet - 1)];
                struct up_header header = up_header_in(data, (struct up_slice){ 0, size });
                for (; up_header_next(&header, &field); at = field.whole.end) {
                        assert_int_equal(field.whole.begin, at);
                        assert_true(field.whole.end > at);
                        assert_true(field.whole.end <= size);
                        if (field.name.end == field.name.begin)
                                continue;
                        fields++;
                        assert_int_equal(field.name.begin, at);
                        assert_non_null(
                            memchr(data + field.name.end, ':', field.value.begin - field.name.end));
                        assert_true(field.value.begin <= field.value.end);
                        assert_true(field.value.end <= field.whole.end);
                }
                assert_true(at == size || data[at] == '\n' ||
                            (data[at] == '\r' && at + 1 < size && data[at + 1] == '\n'));
        }
        assert_true(fields > 1000);
}

/* Bytes that a quadratic search would pass over again and again. */
static void long_headers_take_linear_time(void **state)
{
        static const char *const units[] = { "A: 1\n", " folded\n", "x", "A ", "\r", ":" };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
                g_autoptr(GString) text = g_string_new("A: ");
                struct up_field field;
                unsigned count = 0;

                while (text->len < (4 << 20))
                        g_string_append(text, units[i]);
                clock_t start = clock();
                struct up_header header =
                    up_header_in(text->str, (struct up_slice){ 0, text->len });
                while (up_header_next(&header, &field)) {
                        g_string_free(up_field_value(text->str, &field), TRUE);
                        count++;
                }
                assert_true(count > 0);
                assert_true((double)(clock() - start) / CLOCKS_PER_SEC < 5);
        }
}

static void semicolons_in_strings_and_comments_do_not_count(void **state)
{
        /* A bar marks each semicolon that separates parameters. */
        static const char *const rows[] = { "", "a/b", "a/b|", "a|b=c|d=e", "a|b=\";\"|c",
                "a|b=\"\\\";\"|c", "a(;)|b", "a((;);)|b", "a(\\);)|b", "a|b=\"(\"|c", "a(\";)|b",
                "a)|b", "a\\|b", "a|b=\";c", "a|b(;c" };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                g_autofree char *text = g_strdelimit(g_strdup(rows[i]), "|", ';');
                size_t end = strlen(text);

                for (size_t at = 0; at <= end; at++) {
                        at = up_field_semicolon(text, at, end);
                        if (at < end)
                                text[at] = '|';
                }
                assert_string_equal(text, rows[i]);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(each_field_is_found_with_its_bytes),
                cmocka_unit_test(repeated_fields_are_found_by_name_in_order),
                cmocka_unit_test(values_are_unfolded_and_trimmed),
                cmocka_unit_test(semicolons_in_strings_and_comments_do_not_count),
                cmocka_unit_test(header_inside_a_message_ends_with_its_slice),
                cmocka_unit_test(line_end_is_that_of_the_first_line),
                cmocka_unit_test(fields_of_noise_cover_its_header),
                cmocka_unit_test(long_headers_take_linear_time),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
