/*
 * A notice is read by GMime as a report with all its recipients, for one of them and for a
 * thousand; nothing that an address, a text or an original is made of adds a header line, a
 * recipient or a part; and the original's body never goes back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "case/case.h"
#include "gmime/objects.h"
#include "scan_submit/client.h"
#include "scan_submit/event_log.h"
#include "scan_submit/notice.h"
#include "scan_submit/reason.h"

#define ARRIVAL_S INT64_C(1767225600)

static const char original[] = "Received: by somebody\r\nSubject: hello\r\n there\r\n"
                               "Message-ID: <a@b>\r\n\r\nthe body\r\n";

static struct up_notice notice_of(
    GBytes *message, const struct up_notice_failure *failures, unsigned count)
{
        return (struct up_notice){
                .parent = 7,
                .serial = 2,
                .sender = "u@example.com",
                .wall_s = ARRIVAL_S + 3600,
                .arrival_s = ARRIVAL_S,
                .original = message,
                .failures = failures,
                .count = count,
        };
}

/* --- a notice as GMime reads it --------------------------------------------------------------- */

typedef struct reading {
        GBytes *bytes;
        GMimeMessage *message;
        char *person, *program, *header; /* decoded content of the three parts, line ends as LF, NUL
                                            as a question mark */
} reading;

static char *content_of(GMimeMultipart *report, int index, const char *type, const char *subtype)
{
        GMimeObject *part = g_mime_multipart_get_part(report, index);
        g_autoptr(GMimeStream) memory = g_mime_stream_mem_new();
        GString *text;

        assert_true(
            g_mime_content_type_is_type(g_mime_object_get_content_type(part), type, subtype));
        assert_true(GMIME_IS_PART(part));
        g_mime_data_wrapper_write_to_stream(g_mime_part_get_content(GMIME_PART(part)), memory);
        GByteArray *bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(memory));
        for (guint i = 0; i < bytes->len; i++)
                if (bytes->data[i] == 0)
                        bytes->data[i] = (guint8)'?';
        text = g_string_new_len((const char *)bytes->data, bytes->len);
        g_string_replace(text, "\r\n", "\n", 0);
        return g_string_free(text, FALSE);
}

/* After the top header the boundary stands four times, all of them where it parts. */
static void assert_parts_are_ours(GBytes *bytes)
{
        g_autofree char *text = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
        const char *at = strstr(text, "\r\n\r\n");
        unsigned count = 0;

        assert_non_null(at);
        for (; (at = strstr(at, "=_unpend.")) != NULL; at++, count++)
                assert_memory_equal(at - 4, "\r\n--", 4);
        assert_int_equal(count, 4);
}

/* Whatever went in: three parts, 7-bit, no line too long, lines ended by CRLF. */
static void assert_is_sound(GBytes *bytes, size_t wide_header)
{
        gsize size;
        const char *data = g_bytes_get_data(bytes, &size);
        size_t line = 0;

        for (size_t i = 0; i < size; i++) {
                assert_true(i < wide_header || (g_ascii_isprint(data[i]) || data[i] == '\t' ||
                                                   data[i] == '\r' || data[i] == '\n'));
                assert_int_equal(data[i] == '\r', i + 1 < size && data[i + 1] == '\n');
                line = data[i] == '\n' ? 0 : line + 1;
                assert_true(line <= 999);
        }
}

static reading compose(const struct up_notice *notice)
{
        reading seen = { .bytes = up_notice_compose(notice) };
        g_autoptr(GBytes) again = up_notice_compose(notice);
        struct up_limits limits;
        struct up_observations observed;
        bool is_wide = !g_str_is_ascii(notice->sender);

        assert_is_sound(seen.bytes, is_wide ? 1200 : 0);
        assert_parts_are_ours(seen.bytes);
        assert_true(g_bytes_equal(seen.bytes, again));
        up_limits_init(&limits);
        up_observations_init(&observed, &limits, ARRIVAL_S);
        seen.message = up_mime_parse(seen.bytes, &observed);
        up_observations_clear(&observed);
        assert_non_null(seen.message);
        GMimeObject *body = g_mime_message_get_mime_part(seen.message);
        assert_true(GMIME_IS_MULTIPART(body));
        GMimeMultipart *report = GMIME_MULTIPART(body);
        assert_int_equal(g_mime_multipart_get_count(report), 3);
        assert_null(g_mime_multipart_get_prologue(report));
        seen.person = content_of(report, 0, "text", "plain");
        seen.program = content_of(report, 1, "message", "delivery-status");
        seen.header = content_of(report, 2, "text", "rfc822-headers");
        return seen;
}

static void reading_clear(reading *seen)
{
        g_bytes_unref(seen->bytes);
        g_object_unref(seen->message);
        g_free(seen->person);
        g_free(seen->program);
        g_free(seen->header);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(reading, reading_clear)

static const char *header_of(const reading *seen, const char *name)
{
        return g_mime_object_get_header(GMIME_OBJECT(seen->message), name);
}

/* How many lines of the text begin so? */
static unsigned lines_with(const char *text, const char *prefix)
{
        g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
        unsigned count = 0;

        for (char **line = lines; *line != NULL; line++)
                count += g_str_has_prefix(*line, prefix) ? 1 : 0;
        return count;
}

/* The fields about the message, then those about each recipient. */
static unsigned groups_of(const char *program)
{
        g_auto(GStrv) groups = g_strsplit(program, "\n\n", -1);

        return g_strv_length(groups);
}

/* --- tests ------------------------------------------------------------------------------------ */

static void a_notice_is_a_report_of_its_failure(void **state)
{
        static const struct up_notice_failure failure = { "v@example.com", "5.7.1",
                "550 no such user" };
        g_autoptr(GBytes) message = g_bytes_new(original, strlen(original));
        struct up_notice notice = notice_of(message, &failure, 1);
        g_auto(reading) seen = compose(&notice);
        GMimeContentType *type =
            g_mime_object_get_content_type(g_mime_message_get_mime_part(seen.message));

        (void)state;
        assert_true(g_mime_content_type_is_type(type, "multipart", "report"));
        assert_string_equal(
            g_mime_content_type_get_parameter(type, "report-type"), "delivery-status");
        assert_string_equal(
            header_of(&seen, "From"), "Mail Delivery System <MAILER-DAEMON@unpend.example>");
        assert_string_equal(header_of(&seen, "To"), "<u@example.com>");
        assert_string_equal(header_of(&seen, "Date"), "Thu, 01 Jan 2026 01:00:00 +0000");
        assert_string_equal(header_of(&seen, "Message-ID"), "<notice.7.2@unpend.example>");
        assert_string_equal(header_of(&seen, "Auto-Submitted"), "auto-replied");
        assert_string_equal(seen.program, "Reporting-MTA: dns; unpend.example\n"
                                          "Arrival-Date: Thu, 01 Jan 2026 00:00:00 +0000\n"
                                          "\n"
                                          "Final-Recipient: rfc822; v@example.com\n"
                                          "Action: failed\n"
                                          "Status: 5.7.1\n"
                                          "Diagnostic-Code: smtp; 550 no such user\n");
        assert_string_equal(seen.header, "Received: by somebody\nSubject: hello\n there\n"
                                         "Message-ID: <a@b>\n");
        assert_non_null(strstr(seen.person, "    v@example.com\n        550 no such user\n"));
}

static void a_thousand_recipients_have_a_group_each(void **state)
{
        g_autoptr(GPtrArray) addresses = g_ptr_array_new_with_free_func(g_free);
        struct up_notice_failure failures[1000];
        g_autoptr(GBytes) message = g_bytes_new(original, strlen(original));

        (void)state;
        for (unsigned i = 0; i < G_N_ELEMENTS(failures); i++) {
                g_ptr_array_add(addresses, g_strdup_printf("r%u@example.com", i));
                failures[i] =
                    (struct up_notice_failure){ g_ptr_array_index(addresses, i), "5.4.7", NULL };
        }
        struct up_notice notice = notice_of(message, failures, G_N_ELEMENTS(failures));
        g_auto(reading) seen = compose(&notice);
        assert_int_equal(groups_of(seen.program), 1001);
        assert_int_equal(lines_with(seen.program, "Final-Recipient: rfc822; r"), 1000);
        assert_int_equal(lines_with(seen.program, "Final-Recipient: rfc822; r999@"), 1);
        assert_int_equal(lines_with(seen.program, "Diagnostic-Code:"), 0);
        assert_int_equal(lines_with(seen.person, "    r"), 1000);
}

static void hostile_addresses_stay_in_their_line(void **state)
{
        static const struct {
                const char *address, *shown;
        } addresses[] = {
                { "v@example.com\r\nAction: delivered", "utf-8; "
                                                        "v@example.com\\x{0D}\\x{0A}Action:\\x{20}"
                                                        "delivered" },
                { "v\n\nFinal-Recipient: rfc822;x",
                    "utf-8; v\\x{0A}\\x{0A}Final-Recipient:\\x{20}rfc822;x" },
                { "v@\r\n--=_unpend.7.2--\r\n",
                    "utf-8; v@\\x{0D}\\x{0A}--\\x{3D}_unpend.7.2--\\x{0D}\\x{0A}" },
                { "--=_unpend.7.2", "utf-8; --\\x{3D}_unpend.7.2" },
                { "j\xc3\xb6rg@example.com", "utf-8; j\\x{F6}rg@example.com" },
                { "\xf0\x9f\x93\xac+a@example.com", "utf-8; \\x{1F4EC}\\x{2B}a@example.com" },
                { "bad\xff\xc3@x", "utf-8; bad\\x{FFFD}\\x{FFFD}@x" },
                { "\x7f\x01", "utf-8; \\x{7F}\\x{01}" },
                { "\"a b\"@example.com", "rfc822; \"a b\"@example.com" },
                { "bounce+a=b@example.com", "rfc822; bounce+a=b@example.com" },
                { " v", "utf-8; \\x{20}v" },
        };
        g_autoptr(GBytes) message = g_bytes_new(original, strlen(original));

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(addresses); i++) {
                struct up_notice_failure failure = { addresses[i].address, "5.1.1",
                        "x\r\n--=_unpend.7.2\r\ny: z" };
                struct up_notice notice = notice_of(message, &failure, 1);
                notice.sender = addresses[i].address;
                g_auto(reading) seen = compose(&notice);
                g_autofree char *field =
                    g_strconcat("\nFinal-Recipient: ", addresses[i].shown, "\n", NULL);
                assert_non_null(strstr(seen.program, field));
                assert_int_equal(groups_of(seen.program), 2);
                assert_int_equal(lines_with(seen.program, ""), 8);
                assert_int_equal(lines_with(seen.program, "Diagnostic-Code: x-unpend; "), 1);
                assert_int_equal(g_mime_header_list_get_count(
                                     g_mime_object_get_header_list(GMIME_OBJECT(seen.message))),
                    7);
        }
}

static void the_sender_is_named_where_he_can_be(void **state)
{
        static const struct {
                const char *sender, *to;
        } senders[] = {
                { "u@example.com", "\r\nTo: <u@example.com>\r\n" },
                { "j\xc3\xb6rg@example.com", "\r\nTo: <j\xc3\xb6rg@example.com>\r\n" },
                { "u@example.com\r\nBcc: x@y", "\r\nTo: undisclosed-recipients:;\r\n" },
                { "u>, <v@example.com", "\r\nTo: undisclosed-recipients:;\r\n" },
                { "bad\xff@x", "\r\nTo: undisclosed-recipients:;\r\n" },
                { "overlong\xc0\xaf@x", "\r\nTo: undisclosed-recipients:;\r\n" },
        };
        static const struct up_notice_failure failure = { "v@example.com", "5.7.1", NULL };
        g_autoptr(GBytes) message = g_bytes_new(original, strlen(original));

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(senders); i++) {
                struct up_notice notice = notice_of(message, &failure, 1);
                notice.sender = senders[i].sender;
                g_auto(reading) seen = compose(&notice);
                gsize size;
                const char *data = g_bytes_get_data(seen.bytes, &size);
                assert_non_null(g_strstr_len(data, (gssize)size, senders[i].to));
        }
}

static void long_addresses_and_texts_are_cut(void **state)
{
        g_autofree char *plain = g_strnfill(100000, 'a');
        GString *wide = g_string_new(NULL);
        g_autoptr(GBytes) message = g_bytes_new(original, strlen(original));

        (void)state;
        for (unsigned i = 0; i < 50000; i++)
                g_string_append(wide, "\xc3\xb6");
        g_autofree char *wide_text = g_string_free(wide, FALSE);
        const struct up_notice_failure failures[] = { { plain, "5.1.1", plain },
                { wide_text, "5.1.1", wide_text }, { "", "5.1.1", "" } };
        struct up_notice notice = notice_of(message, failures, G_N_ELEMENTS(failures));
        notice.sender = plain;
        g_auto(reading) seen = compose(&notice);
        assert_int_equal(groups_of(seen.program), 4);
        assert_non_null(strstr(seen.program, "aaa...\n"));
        assert_non_null(strstr(seen.program, "\\x{F6}...\n"));
}

/* What the notice returns of an original. */
static char *returned(const char *data, size_t size)
{
        static const struct up_notice_failure failure = { "v@example.com", "5.7.1", NULL };
        g_autoptr(GBytes) message = g_bytes_new(data, size);
        struct up_notice notice = notice_of(message, &failure, 1);
        g_auto(reading) seen = compose(&notice);

        return g_steal_pointer(&seen.header);
}

static void of_the_original_only_header_fields_go_back(void **state)
{
        static const struct {
                const char *message, *header;
        } messages[] = {
                { "", "" },
                { "\r\nthe body: no header\r\n", "" },
                { "no header at all", "" },
                { "Subject: x", "Subject: x\n" },
                { "Subject: x\nFrom: y\n\nbody: z\n", "Subject: x\nFrom: y\n" },
                { "Subject: x\nthis is no field\nBody: z\n", "Subject: x\n" },
                { "From a@b Thu Jan  1 00:00:00 2026\nSubject: x\n\n", "Subject: x\n" },
                { "Subject: x\nFrom a@b Thu Jan  1 00:00:00 2026\nTo: z\n\n", "Subject: x\n" },
                { " continues nothing\nSubject: x\n\n", "" },
                { "Subject: \xe4 = \x01\r\n\r\n", "Subject: \xe4 = \x01\n" },
                { "Subject: x \t\n\n", "Subject: x \t\n" },
                { "Subject: \xe4\t \n \n\n", "Subject: \xe4\t \n \n" },
                { "--=_unpend.7.2: a\nX: =_unpend.7.2--\n\n",
                    "--=_unpend.7.2: a\nX: =_unpend.7.2--\n" },
        };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(messages); i++) {
                const char *text = messages[i].message;
                g_autofree char *header = returned(text, strlen(text));
                assert_string_equal(header, messages[i].header);
        }
}

static void a_header_that_is_not_plain_is_quoted(void **state)
{
        static const struct up_notice_failure failure = { "v@example.com", "5.7.1", NULL };
        GString *text = g_string_new("Subject: blank \nX: ");

        (void)state;
        for (unsigned i = 0; i < 300; i++)
                g_string_append(text, i % 3 == 0 ? "\xe4" : "x");
        g_autoptr(GBytes) message = g_string_free_to_bytes(text);
        struct up_notice notice = notice_of(message, &failure, 1);
        g_auto(reading) seen = compose(&notice);
        g_autofree char *raw =
            g_strndup(g_bytes_get_data(seen.bytes, NULL), g_bytes_get_size(seen.bytes));
        const char *quoted = strstr(raw, "quoted-printable");

        assert_non_null(quoted);
        assert_non_null(strstr(quoted, "Subject: blank=20\r\n"));
        g_auto(GStrv) lines = g_strsplit(quoted, "\r\n", -1);
        for (char **line = lines; *line != NULL; line++)
                assert_true(strlen(*line) <= 76);
        assert_true(g_strv_length(lines) > 7);
}

static void a_large_header_goes_back_in_whole_fields(void **state)
{
        g_autofree char *filler = g_strnfill(1000, 'x');
        g_autofree char *much = g_strnfill(UP_NOTICE_HEADER_BYTES, 'y');
        g_autofree char *too_much = g_strconcat("Subject: x\nY: ", much, "\nTo: z\n\n", NULL);
        GString *text = g_string_new(NULL);

        (void)state;
        for (unsigned i = 0; i < 100; i++)
                g_string_append_printf(text, "X-%u: %s\n", i, filler);
        g_autofree char *many = g_string_free(text, FALSE);
        g_autofree char *of_many = returned(many, strlen(many));
        assert_int_equal(lines_with(of_many, "X-"), 32);
        assert_true(g_str_has_suffix(of_many, "xx\n"));
        g_autofree char *of_one = returned(too_much, strlen(too_much));
        assert_string_equal(of_one, "Subject: x\n");
}

static void every_seed_can_be_reported_on(void **state)
{
        static const char *const folders[] = { "seeds/mime", "seeds/smime" };
        unsigned reported = 0;

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(folders); i++) {
                g_autoptr(GDir) folder = g_dir_open(folders[i], 0, NULL);
                assert_non_null(folder);
                for (const char *name; (name = g_dir_read_name(folder)) != NULL; reported++) {
                        g_autofree char *path = g_build_filename(folders[i], name, NULL);
                        g_autofree char *data = NULL;
                        gsize size;
                        assert_true(g_file_get_contents(path, &data, &size, NULL));
                        g_autofree char *header = returned(data, size);
                        assert_true(strlen(header) <= UP_NOTICE_HEADER_BYTES);
                }
        }
        assert_true(reported > 100);
}

static void each_reason_is_reported(void **state)
{
        struct up_notice_failure failures[UP_REASON_COUNT];
        g_autoptr(GBytes) message = g_bytes_new(original, strlen(original));

        (void)state;
        for (size_t i = 0; i < UP_REASON_COUNT; i++) {
                assert_true((up_reason_rows[i].code == 0) == (i == UP_REASON_NONE));
                failures[i] = (struct up_notice_failure){ "v@example.com", up_reason_rows[i].status,
                        up_reason_rows[i].text };
        }
        struct up_notice notice = notice_of(message, failures, UP_REASON_COUNT);
        g_auto(reading) seen = compose(&notice);
        assert_int_equal(lines_with(seen.program, "Status: 5."), UP_REASON_COUNT);
        assert_int_equal(lines_with(seen.program, "Diagnostic-Code: smtp; 550"), 1);
        assert_int_equal(
            lines_with(seen.program, "Diagnostic-Code: x-unpend; "), UP_REASON_COUNT - 1);
}

static void another_serial_is_another_notice(void **state)
{
        static const struct up_notice_failure failure = { "v@example.com", "5.7.1", NULL };
        g_autoptr(GBytes) message = g_bytes_new(original, strlen(original));
        struct up_notice notice = notice_of(message, &failure, 1);
        g_auto(reading) first = compose(&notice);

        (void)state;
        notice.serial++;
        g_auto(reading) second = compose(&notice);
        assert_string_not_equal(header_of(&first, "Message-ID"), header_of(&second, "Message-ID"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_notice_is_a_report_of_its_failure),
                cmocka_unit_test(a_thousand_recipients_have_a_group_each),
                cmocka_unit_test(hostile_addresses_stay_in_their_line),
                cmocka_unit_test(the_sender_is_named_where_he_can_be),
                cmocka_unit_test(long_addresses_and_texts_are_cut),
                cmocka_unit_test(of_the_original_only_header_fields_go_back),
                cmocka_unit_test(a_header_that_is_not_plain_is_quoted),
                cmocka_unit_test(a_large_header_goes_back_in_whole_fields),
                cmocka_unit_test(every_seed_can_be_reported_on),
                cmocka_unit_test(each_reason_is_reported),
                cmocka_unit_test(another_serial_is_another_notice),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
