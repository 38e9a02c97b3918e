/*
 * A loop is counted by the Received fields of the top header and by nothing that only looks like
 * one; and what is put before a message leaves each of its bytes as it was.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "scan_submit/received.h"

#define WALL_S INT64_C(1767225600)

static void hops_are_fields_of_the_top_header(void **state)
{
        static const struct {
                const char *message;
                unsigned hops;
        } messages[] = {
                { "", 0 },
                { "Received: by a\n", 1 },
                { "Received: by a", 1 },
                { "Received:", 1 },
                { "Received: by a\nReceived: by b\n\nReceived: in the body\n", 2 },
                { "Received: by a\r\nRECEIVED: by b\r\n\r\nReceived: in the body\r\n", 2 },
                { "Received: by a\r\n with x\r\n\tReceived: folded\r\nSubject: x\r\n\r\n", 1 },
                { "X-Received: by a\nReceived-SPF: pass\nReceive: d\n\n", 0 },
                { "received : by a\nReceived\t:by b\n\n", 2 },
                { "From a@b Thu Jan  1 00:00:00 2026\nReceived: by a\n\n", 1 },
                { "what is this\nReceived: by a\n\n", 1 },
                { "\nReceived: in the body\n", 0 },
                { "\r\nReceived: in the body\n", 0 },
                { " Received: continues nothing\nReceived: by a\n\n", 1 },
                { "Subject: x\n \nReceived: by a\n\n", 1 },
        };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(messages); i++) {
                const char *text = messages[i].message;
                g_autoptr(GBytes) message = g_bytes_new(text, strlen(text));
                unsigned hops = up_received_count(message);
                if (hops != messages[i].hops)
                        fail_msg("%u hops in: %s", hops, text);
        }
}

static char *prepended(const char *text, enum up_origin origin, int64_t wall_s)
{
        g_autoptr(GBytes) message = g_bytes_new(text, strlen(text));
        g_autoptr(GBytes) traced = up_received_prepend(message, 42, origin, wall_s);

        assert_int_equal(up_received_count(traced), up_received_count(message) + 1);
        return g_strndup(g_bytes_get_data(traced, NULL), g_bytes_get_size(traced));
}

#define FIELD(origin)                                                                              \
        "Received: by unpend.example with " origin " id 42; Thu, 01 Jan 2026 00:00:00 +0000"

static void one_field_is_put_before_the_message(void **state)
{
        static const struct {
                const char *message, *traced;
        } messages[] = {
                { "Subject: x\r\n\r\nbody", FIELD("ESMTP") "\r\nSubject: x\r\n\r\nbody" },
                { "Subject: x\n\nbody\r\n", FIELD("ESMTP") "\nSubject: x\n\nbody\r\n" },
                { "\n", FIELD("ESMTP") "\n\n" },
                { "no line end", FIELD("ESMTP") "\r\nno line end" },
                { "", FIELD("ESMTP") "\r\n" },
        };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(messages); i++) {
                g_autofree char *traced = prepended(messages[i].message, UP_ORIGIN_SMTP, WALL_S);
                assert_string_equal(traced, messages[i].traced);
        }
        g_autofree char *local = prepended("", UP_ORIGIN_LOCAL, WALL_S);
        assert_string_equal(local, FIELD("LOCAL") "\r\n");
}

static void bytes_after_the_field_are_kept(void **state)
{
        uint8_t data[512];

        (void)state;
        for (size_t i = 0; i < sizeof data; i++)
                data[i] = (uint8_t)(i * 7);
        g_autoptr(GBytes) message = g_bytes_new(data, sizeof data);
        g_autoptr(GBytes) traced = up_received_prepend(message, 1, UP_ORIGIN_LOCAL, WALL_S);
        g_autoptr(GBytes) rest =
            g_bytes_new_from_bytes(traced, g_bytes_get_size(traced) - sizeof data, sizeof data);
        assert_true(g_bytes_equal(rest, message));
}

static void a_clock_that_jumps_has_a_date(void **state)
{
        static const struct {
                int64_t wall_s;
                const char *date;
        } dates[] = {
                { 0, "Thu, 01 Jan 1970 00:00:00 +0000" },
                { -1, "Wed, 31 Dec 1969 23:59:59 +0000" },
                { 1709208000, "Thu, 29 Feb 2024 12:00:00 +0000" },
                { INT64_MAX, "Fri, 31 Dec 9999 23:59:59 +0000" },
                { INT64_MIN, "Mon, 01 Jan 1900 00:00:00 +0000" },
        };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(dates); i++) {
                g_autofree char *date = up_received_date(dates[i].wall_s);
                assert_string_equal(date, dates[i].date);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(hops_are_fields_of_the_top_header),
                cmocka_unit_test(one_field_is_put_before_the_message),
                cmocka_unit_test(bytes_after_the_field_are_kept),
                cmocka_unit_test(a_clock_that_jumps_has_a_date),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
