/*
 * The walk reaches what it claims and stops at its limits, no input makes it leak or overflow its
 * stack, and what a gateway sets again from what it read still reads the same.
 */
#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "gmime/accessors.h"
#include "gmime/mime.h"
#include "gmime/parse_ways.h"
#include "gmime/rewrite.h"
#include "mail/charset.h"

#define NOW_S       1800000000
#define GMIME_DEPTH 1024

/* A bit of everything: each kind of part, and each kind of header value. */
static const char everything[] =
    "Return-Path: <u@example.com>\r\n"
    "Received: from a.example ([192.0.2.1]) by b.example with ESMTP id 1; "
    "Tue, 24 Nov 2026 06:49:05 +0100\r\n"
    "From: =?utf-8?q?J=C3=BCrgen?= <u@example.com>\r\n"
    "To: Team: v@example.com, \"W, X\" <w@xn--bcher-kva.example>;, x@b\u00fccher.example\r\n"
    "Cc: y@example.com\r\n"
    "Date: Tue, 24 Nov 2026 06:49:05 +0100\r\n"
    "Message-ID: <1@example.com>\r\n"
    "References: <0@example.com>\r\n <00@example.com>\r\n"
    "Subject: =?iso-8859-1?q?Gr=FC=DFe?= =?utf-8?b?w7xiZXI=?=\r\n"
    "Autocrypt: addr=u@example.com; prefer-encrypt=mutual; keydata=AAAA\r\n"
    "MIME-Version: 1.0\r\n"
    "Content-Type: multipart/mixed; boundary=\"outer\"\r\n"
    "\r\n"
    "preamble\r\n"
    "--outer\r\n"
    "Content-Type: text/html; charset=iso-8859-1\r\n"
    "Content-Transfer-Encoding: quoted-printable\r\n"
    "\r\n"
    "<p>Gr=FC=DFe</p>\r\n"
    "--outer\r\n"
    "Content-Type: application/octet-stream; name*0*=utf-8'de'%C3%BC; name*1*=ber.bin\r\n"
    "Content-Disposition: attachment; filename=\"=?utf-8?q?=C3=BCber.bin?=\"\r\n"
    "Content-Transfer-Encoding: base64\r\n"
    "Content-MD5: XUFAKrxLKna5cZ2REBfFkg==\r\n"
    "Content-ID: <part@example.com>\r\n"
    "\r\n"
    "aGVsbG8=\r\n"
    "--outer\r\n"
    "Content-Type: message/rfc822\r\n"
    "\r\n"
    "Subject: inner\r\n"
    "\r\n"
    "inner text\r\n"
    "--outer\r\n"
    "Content-Type: message/partial; id=\"p@example.com\"; number=1; total=1\r\n"
    "\r\n"
    "Subject: whole\r\n"
    "\r\n"
    "text\r\n"
    "--outer\r\n"
    "Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\r\n"
    "Content-Transfer-Encoding: base64\r\n"
    "\r\n"
    "MAA=\r\n"
    "--outer--\r\n"
    "epilogue\r\n";

struct run {
        struct up_limits limits;
        struct up_observations observed;
        GMimeMessage *message; /* as parsed; NULL when GMime makes none of it */
        GBytes *bytes;
};

static void start(struct run *run, const void *data, size_t size)
{
        up_mail_start();
        up_observations_init(&run->observed, &run->limits, NOW_S);
        run->bytes = g_bytes_new(data, size);
        run->message = up_mime_parse(run->bytes, &run->observed);
}

static void finish(struct run *run)
{
        g_clear_object(&run->message);
        g_bytes_unref(run->bytes);
        up_observations_clear(&run->observed);
}

static const struct up_remark *find_remark(const struct up_observations *observed, const char *site)
{
        for (guint i = 0; i < observed->remarks->len; i++) {
                const struct up_remark *remark = g_ptr_array_index(observed->remarks, i);
                if (strcmp(remark->site, site) == 0)
                        return remark;
        }
        return NULL;
}

static void accessors_count_every_part(void **state)
{
        struct run run;

        (void)state;
        up_limits_init(&run.limits);
        start(&run, everything, strlen(everything));
        up_observations_listen(&run.observed);
        up_mime_call_accessors(run.message, &run.observed);
        up_observations_unlisten(&run.observed);
        /* the multipart, its five parts, and the text in the message/rfc822 */
        assert_int_equal(run.observed.counts[UP_COUNT_PARTS], 7);
        assert_false(run.observed.unscannable);
        assert_true(run.observed.decoded_bytes > strlen("hello"));
        assert_int_equal(run.observed.remarks->len, 0);
        finish(&run);
}

static void accessors_change_nothing(void **state)
{
        struct run run;
        GBytes *before;
        GBytes *after;

        (void)state;
        up_limits_init(&run.limits);
        start(&run, everything, strlen(everything));
        before = up_mime_written(run.message, NULL);
        up_mime_call_accessors(run.message, &run.observed);
        after = up_mime_written(run.message, NULL);
        assert_true(g_bytes_equal(before, after));
        g_bytes_unref(before);
        g_bytes_unref(after);
        finish(&run);
}

static void each_limit_makes_unscannable(void **state)
{
        static const struct {
                const char *name;
                size_t offset;
        } limited[] = {
                { "max-depth", offsetof(struct up_limits, depth) },
                { "max-parts", offsetof(struct up_limits, parts) },
                { "max-header", offsetof(struct up_limits, header_bytes) },
                { "max-decoded", offsetof(struct up_limits, decoded_bytes) },
        };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(limited); i++) {
                struct run run;

                up_limits_init(&run.limits);
                *(uint64_t *)(void *)((char *)&run.limits + limited[i].offset) = 1;
                start(&run, everything, strlen(everything));
                up_mime_call_accessors(run.message, &run.observed);
                assert_true(run.observed.unscannable);
                assert_non_null(find_remark(&run.observed, limited[i].name));
                finish(&run);
        }
}

/* A part deeper than the limit is not walked, its shallower siblings are. */
static void depth_leaves_out_what_is_deeper(void **state)
{
        struct run run;

        (void)state;
        up_limits_init(&run.limits);
        run.limits.depth = 1;
        start(&run, everything, strlen(everything));
        up_mime_call_accessors(run.message, &run.observed);
        assert_int_equal(run.observed.counts[UP_COUNT_PARTS], 6);
        finish(&run);
}

static char *nested(unsigned depth, const char *head)
{
        GString *text = g_string_new("Subject: deep\n");

        for (unsigned i = 0; i < depth; i++)
                g_string_append_printf(text, head, i, i);
        g_string_append(text, "\ntext\n");
        return g_string_free(text, FALSE);
}

static void deepest_nesting_fits_the_stack(void **state)
{
        static const char *const heads[] = {
                "Content-Type: multipart/mixed; boundary=b%u\n\n--b%u\n",
                "Content-Type: message/rfc822\nX-Depth: %u %u\n\n",
        };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(heads); i++) {
                g_autofree char *text = nested(GMIME_DEPTH + 1, heads[i]);
                struct run run;

                up_limits_init(&run.limits);
                start(&run, text, strlen(text));
                assert_non_null(run.message);
                up_mime_call_accessors(run.message, &run.observed);
                up_mime_rewrite(run.message, &run.observed);
                up_mime_parse_ways(run.bytes, &run.observed);
                /* message/rfc822 costs GMime two levels each */
                assert_true(run.observed.counts[UP_COUNT_PARTS] > GMIME_DEPTH / 2);
                finish(&run);
        }
}

#define ODD(parts, text)                                                                           \
        {                                                                                          \
                text, sizeof text - 1, parts                                                       \
        }

static void odd_input_is_walked_without_complaint(void **state)
{
        const struct {
                const char *data;
                size_t size;
                unsigned parts; /* 0: GMime makes no message of it */
        } odd[] = {
                ODD(0, ""),
                ODD(1, "\n"),
                ODD(1, "\r\n\r\n\r\n"),
                ODD(0, "From "),
                ODD(1, "From \n\n"),
                ODD(0, "Subject"),
                ODD(1, "Content-Type: multipart/mixed\n\n--\n"),
                ODD(2, "Content-Type: multipart/mixed; boundary=\"\"\n\n--\n\n--\n"),
                ODD(1,
                    "Content-Type: multipart/signed; boundary=a\n\n--a\nContent-Type: x/y\n--a--"),
                ODD(1, "To: a: b: c: d: e: f;;;;;,,,<<>>@\n\n"),
                ODD(0, "\0\xff\x80\r\r\n\n:\0: =?\xe2\x82 --\n--\n"),
                { everything, sizeof everything / 2, 1 },
                { everything, sizeof everything / 3, 1 },
        };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(odd); i++) {
                struct run run;

                up_limits_init(&run.limits);
                start(&run, odd[i].data, odd[i].size);
                up_observations_listen(&run.observed);
                assert_int_equal(run.message != NULL, odd[i].parts > 0);
                if (run.message != NULL) {
                        up_mime_call_accessors(run.message, &run.observed);
                        up_mime_rewrite(run.message, &run.observed);
                }
                up_mime_parse_ways(run.bytes, &run.observed);
                up_observations_unlisten(&run.observed);
                assert_int_equal(run.observed.counts[UP_COUNT_PARTS], odd[i].parts);
                assert_false(run.observed.unscannable);
                for (guint j = 0; j < run.observed.remarks->len; j++) {
                        const struct up_remark *remark = g_ptr_array_index(run.observed.remarks, j);
                        assert_int_equal(remark->kind, UP_REMARK_REWRITTEN);
                }
                finish(&run);
        }
}

static char *recipients(GMimeMessage *message, GMimeAddressType type)
{
        return internet_address_list_to_string(
            g_mime_message_get_addresses(message, type), NULL, FALSE);
}

/* The html part of `everything`, wherever rewriting has put it. */
static char *html_text(GMimeMessage *message, struct up_observations *observed)
{
        g_autoptr(GPtrArray) objects = up_mime_objects(message, observed);

        for (guint i = 0; i < objects->len; i++) {
                GMimeObject *object = g_ptr_array_index(objects, i);
                if (GMIME_IS_TEXT_PART(object) &&
                    g_mime_content_type_is_type(
                        g_mime_object_get_content_type(object), "text", "html"))
                        return g_mime_text_part_get_text(GMIME_TEXT_PART(object));
        }
        return NULL;
}

static void what_is_set_again_reads_the_same(void **state)
{
        struct run run;

        (void)state;
        up_limits_init(&run.limits);
        start(&run, everything, strlen(everything));

        g_autofree char *subject = g_strdup(g_mime_message_get_subject(run.message));
        g_autofree char *from = recipients(run.message, GMIME_ADDRESS_TYPE_FROM);
        g_autofree char *html = html_text(run.message, &run.observed);
        assert_string_equal(subject, "Gr\u00fc\u00dfe\u00fcber");
        assert_string_equal(html, "<p>Gr\u00fc\u00dfe</p>");

        up_mime_rewrite(run.message, &run.observed);
        g_autofree char *from_after = recipients(run.message, GMIME_ADDRESS_TYPE_FROM);
        g_autofree char *cc_after = recipients(run.message, GMIME_ADDRESS_TYPE_CC);
        g_autofree char *html_after = html_text(run.message, &run.observed);
        assert_string_equal(g_mime_message_get_subject(run.message), subject);
        assert_string_equal(g_mime_message_get_message_id(run.message), "1@example.com");
        assert_string_equal(from_after, from);
        assert_string_equal(cc_after, "y@example.com, J\u00fcrgen <archive@example.com>");
        assert_string_equal(html_after, html);
        finish(&run);
}

static void rewriting_has_one_outcome(void **state)
{
        GBytes *results[2];

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(results); i++) {
                struct run run;

                up_limits_init(&run.limits);
                start(&run, everything, strlen(everything));
                up_mime_rewrite(run.message, &run.observed);
                results[i] = up_mime_written(run.message, NULL);
                finish(&run);
        }
        assert_true(g_bytes_equal(results[0], results[1]));
        g_bytes_unref(results[0]);
        g_bytes_unref(results[1]);
}

static void differences_have_a_kind(void **state)
{
        static const struct {
                const char *before;
                const char *after;
                const char *site;
        } rows[] = {
                { "A: b\r\n\r\nc\r\n", "A: b\n\nc", "x: line ends" },
                { "A: b\n\nc \n", "A: b\n\nc\n", "x: trailing blanks" },
                { "A: b\n c\n\nd\n", "A: b c\n\nd\n", "x: folding" },
                { "A: b\n\nd\n", "A: c\n\nd\n", "x: header" },
                { "A: b\n\nd\n", "A: b\n\ne\n", "x: content" },
                { "A: b\n\n--d\n", "A: b\n\ne\n", "x: structure" },
        };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                g_autoptr(GBytes) before =
                    g_bytes_new_static(rows[i].before, strlen(rows[i].before));
                g_autoptr(GBytes) after = g_bytes_new_static(rows[i].after, strlen(rows[i].after));
                struct up_limits limits;
                struct up_observations observed;

                up_limits_init(&limits);
                up_observations_init(&observed, &limits, NOW_S);
                up_mime_remark_difference(&observed, "x", before, before);
                assert_int_equal(observed.remarks->len, 0);
                up_mime_remark_difference(&observed, "x", before, after);
                assert_int_equal(observed.remarks->len, 1);
                assert_non_null(find_remark(&observed, rows[i].site));
                up_observations_clear(&observed);
        }
}

/* Stands in front of GMime's function for all code in this program. */
static unsigned addresses_set;
void internet_address_mailbox_set_addr(InternetAddressMailbox *mailbox, const char *address)
{
        void (*set)(InternetAddressMailbox *, const char *) =
            dlsym(RTLD_NEXT, "internet_address_mailbox_set_addr");

        addresses_set++;
        set(mailbox, address);
}

/* GMime encodes the whole field for each. */
static void of_many_addresses_some_are_set_again(void **state)
{
        static const struct {
                unsigned addresses, least, most;
        } rows[] = { { 3, 3, 12 }, { 64, 64, 256 }, { 5000, 32, 256 } };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                g_autoptr(GString) text = g_string_new("To: a@example.com");
                struct run run;

                for (unsigned j = 1; j < rows[i].addresses; j++)
                        g_string_append_printf(text, ",\r\n a%u@example.com", j);
                g_string_append(text, "\r\n\r\nhi\r\n");
                addresses_set = 0;
                up_limits_init(&run.limits);
                start(&run, text->str, text->len);
                up_mime_rewrite(run.message, &run.observed);
                finish(&run);
                assert_in_range(addresses_set, rows[i].least, rows[i].most);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(accessors_count_every_part),
                cmocka_unit_test(accessors_change_nothing),
                cmocka_unit_test(each_limit_makes_unscannable),
                cmocka_unit_test(depth_leaves_out_what_is_deeper),
                cmocka_unit_test(deepest_nesting_fits_the_stack),
                cmocka_unit_test(odd_input_is_walked_without_complaint),
                cmocka_unit_test(what_is_set_again_reads_the_same),
                cmocka_unit_test(rewriting_has_one_outcome),
                cmocka_unit_test(differences_have_a_kind),
                cmocka_unit_test(of_many_addresses_some_are_set_again),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
