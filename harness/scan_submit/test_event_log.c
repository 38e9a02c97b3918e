/*
 * An operator reads event 348 as Exchange writes it, finds the message again by its Message-ID
 * whatever stands in that field, and never sees a failure of ours without a code; a sick pipeline's
 * code 0 is shown as it is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "scan_submit/event_log.h"

struct seen {
        struct up_log_entry log;
        char *text; /* owned */
        unsigned count;
};

static void see(void *world, const struct up_log_entry *log)
{
        struct seen *seen = world;

        g_free(seen->text);
        seen->log = *log;
        seen->text = g_strdup(log->text);
        seen->count++;
}

static struct seen written(enum up_log_event event, const char *message_id, uint32_t code)
{
        struct seen seen = { 0 };
        struct up_ports ports = { .world = &seen, .log = see };

        up_event_log(&ports, event, 12, message_id, code);
        assert_int_equal(seen.count, 1);
        assert_int_equal(seen.log.message, 12);
        assert_string_equal(seen.log.message_id, message_id);
        return seen;
}

static void event_348_is_worded_as_in_the_article(void **state)
{
        struct seen seen = written(UP_LOG_SCAN_RETRY, "<a@example.com>", 0);

        (void)state;
        assert_int_equal(seen.log.event, 348);
        assert_string_equal(seen.log.source, "MSExchangeTransport");
        assert_string_equal(seen.log.category, "Exchange Store Driver");
        assert_true(seen.log.failure);
        assert_int_equal(seen.log.code, 0);
        assert_string_equal(seen.text,
            "A message could not be virus scanned - this operation will be retried later. "
            "Internet Message ID <a@example.com>, Error Code 0x0");
        g_free(seen.text);

        seen = written(UP_LOG_SCAN_RETRY, "", 0x80040103);
        assert_int_equal(seen.log.code, 0x80040103);
        assert_non_null(strstr(seen.text, "Message ID , Error Code 0x80040103"));
        g_free(seen.text);
}

static void every_event_has_its_number_and_code(void **state)
{
        g_autoptr(GHashTable) numbers = g_hash_table_new(NULL, NULL);

        (void)state;
        for (unsigned i = 0; i < UP_LOG_EVENT_COUNT; i++) {
                const struct up_log_row *row = &up_log_rows[i];
                struct seen seen = written((enum up_log_event)i, "<b@example.com>", 0x1c2);
                struct seen without = written((enum up_log_event)i, "<b@example.com>", 0);

                assert_true(g_hash_table_add(numbers, GUINT_TO_POINTER(row->event)));
                assert_true(row->event == 348 || row->event >= 3000);
                assert_true(row->source != NULL && row->category != NULL);
                assert_true(g_str_has_prefix(seen.text, row->text));
                assert_int_equal(seen.log.code, row->counts ? 0 : 0x1c2);
                assert_int_equal(strstr(seen.text, "0x1c2") != NULL, !row->counts);
                assert_int_equal(strstr(without.text, "Error Code 0x0") != NULL, row->failure);
                g_free(seen.text);
                g_free(without.text);
        }
}

static void a_restart_reports_the_number_of_messages(void **state)
{
        struct seen seen = written(UP_LOG_RESTARTED, "", 17);

        (void)state;
        assert_non_null(strstr(seen.text, "store: 17"));
        assert_int_equal(seen.log.code, 0);
        assert_false(seen.log.failure);
        g_free(seen.text);
}

static void message_id_is_found_and_made_readable(void **state)
{
        static const struct {
                const char *message, *id;
        } messages[] = {
                { "Message-ID: <a@b>\n\n", "<a@b>" },
                { "Message-ID: <a@b>", "<a@b>" },
                { "Subject: x\r\nmessage-id:<a@b>\r\n\r\nbody", "<a@b>" },
                { "MESSAGE-ID \t:\r\n <a@b>  \r\n\r\n", "<a@b>" },
                { "Message-ID: <a\r\n @b>\r\nMessage-ID: <second@b>\r\n\r\n", "<a @b>" },
                { "Message-ID: <\x01\xc3\xa4\r@b>\n\n", "<????@b>" },
                { "From x@y Thu Jan  1 00:00:00 2026\nMessage-ID: <a@b>\n\n", "<a@b>" },
                { "no header line\nMessage-ID: <a@b>\n\n", "<a@b>" },
                { "Message-ID:\n\n", "" },
                { "X: y\n Message-ID: <continued@b>\n\n", "" },
                { "X-Message-ID: <a@b>\nMessage-ID2: <a@b>\n\n", "" },
                { "Subject: x\n\nMessage-ID: <in.the.body@b>\n\n", "" },
                { "\nMessage-ID: <in.the.body@b>\n\n", "" },
                { "", "" },
        };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(messages); i++) {
                const char *text = messages[i].message;
                g_autoptr(GBytes) message = g_bytes_new(text, strlen(text));
                g_autofree char *id = up_event_log_message_id(message);
                assert_string_equal(id, messages[i].id);
        }
}

static void message_id_is_bounded_and_survives_nul(void **state)
{
        static const char nul[] = "Message-ID: <a\0b>\n\n";
        g_autofree char *long_id = g_strnfill(100000, 'x');
        g_autofree char *text = g_strconcat("Message-ID: ", long_id, "\n\n", NULL);
        g_autoptr(GBytes) long_message = g_bytes_new(text, strlen(text));
        g_autoptr(GBytes) nul_message = g_bytes_new(nul, sizeof nul - 1);
        g_autofree char *bounded = up_event_log_message_id(long_message);
        g_autofree char *readable = up_event_log_message_id(nul_message);

        (void)state;
        assert_int_equal(strlen(bounded), UP_EVENT_LOG_ID_BYTES);
        assert_string_equal(readable, "<a?b>");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(event_348_is_worded_as_in_the_article),
                cmocka_unit_test(every_event_has_its_number_and_code),
                cmocka_unit_test(a_restart_reports_the_number_of_messages),
                cmocka_unit_test(message_id_is_found_and_made_readable),
                cmocka_unit_test(message_id_is_bounded_and_survives_nul),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
