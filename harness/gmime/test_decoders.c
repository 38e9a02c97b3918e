/*
 * Only well-formed content is judged, all of it is, nested messages included; a decoder that lies
 * is caught; and which charsets there are does not depend on the machine.
 */
#include <dlfcn.h>
#include <errno.h>
#include <iconv.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "mail/charset.h"
#include "gmime/decoders.h"
#include "mail/base64.h"

#define NOW_S 1800000000

/* --- decoders that can be made to lie --------------------------------------------------------- */

static bool decoders_lie;

/* These stand in front of the libraries' functions for all code in this program. */
char *g_convert(const char *text, gssize bytes, const char *to, const char *from, gsize *ret_read,
    gsize *ret_written, GError **error)
{
        char *(*convert)(const char *, gssize, const char *, const char *, gsize *, gsize *,
            GError **) = dlsym(RTLD_NEXT, "g_convert");
        char *converted = convert(text, bytes, to, from, ret_read, ret_written, error);

        if (decoders_lie && converted != NULL)
                converted[0] ^= 1;
        return converted;
}

int EVP_DecodeUpdate(
    EVP_ENCODE_CTX *context, unsigned char *out, int *ret_bytes, const unsigned char *in, int bytes)
{
        int (*decode)(EVP_ENCODE_CTX *, unsigned char *, int *, const unsigned char *, int) =
            dlsym(RTLD_NEXT, "EVP_DecodeUpdate");
        int result = decode(context, out, ret_bytes, in, bytes);

        if (decoders_lie)
                --*ret_bytes;
        return result;
}

/* --- one message compared --------------------------------------------------------------------- */

static void compare(struct up_observations *observed, const char *message, size_t bytes)
{
        struct up_limits limits;
        g_autoptr(GBytes) data = g_bytes_new(message, bytes);

        up_limits_init(&limits);
        up_observations_init(observed, &limits, NOW_S);
        up_mail_start();
        up_observations_listen(observed);
        GMimeMessage *parsed = up_mime_parse(data, observed);
        assert_non_null(parsed);
        up_mime_compare_decoders(parsed, observed);
        g_object_unref(parsed);
        up_observations_unlisten(observed);
}

static void compare_text(
    struct up_observations *observed, const char *header, const char *body, size_t bytes)
{
        g_autoptr(GString) message = g_string_new(header);

        g_string_append_c(message, '\n');
        g_string_append_len(message, body, (gssize)bytes);
        compare(observed, message->str, message->len);
}

#define BYTES(text) text, sizeof text - 1
#define BASE64      "Content-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n"

/* --- base64 ----------------------------------------------------------------------------------- */

static void base64_leaves_no_freedom_or_is_not_judged(void **state)
{
        static const struct {
                const char *text;
                size_t bytes;
                bool well_formed;
        } rows[] = {
                { BYTES(""), true },
                { BYTES("\r\n\n"), true },
                { BYTES("QUJD"), true },
                { BYTES("QUJD\n"), true },
                { BYTES("Q\nU\r\nJ\n\nD\r\n"), true },
                { BYTES("QUI=\n"), true },
                { BYTES("QQ==\r\n\r\n"), true },
                { BYTES("QQ=\n=\n"), true },
                { BYTES("+/+/"), true },
                { BYTES("QUJDQUI="), true },
                { BYTES("QUJ"), false },
                { BYTES("QUJDQ"), false },
                { BYTES("="), false },
                { BYTES("Q==="), false },
                { BYTES("===="), false },
                { BYTES("QQ="), false },
                { BYTES("QUI=="), false },
                { BYTES("QUJD="), false },
                { BYTES("QUJD===="), false },
                { BYTES("QQ==QQ=="), false },
                { BYTES("Q=Q="), false },
                { BYTES("QU JD"), false },
                { BYTES("QUJD "), false },
                { BYTES("QU\rJD"), false },
                { BYTES("QUJD\r"), false },
                { BYTES("QU\0JD"), false },
                { BYTES("QU-_"), false },
                { BYTES("QUJ\xc3"), false },
                { BYTES("QUJD\n--\n"), false },
        };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                struct up_observations observed;

                if (up_base64_is_well_formed((const uint8_t *)rows[i].text, rows[i].bytes) !=
                    rows[i].well_formed)
                        fail_msg("\"%s\"", rows[i].text);
                compare_text(&observed, BASE64, rows[i].text, rows[i].bytes);
                assert_int_equal(observed.counts[UP_COUNT_DECODERS_JUDGED],
                    rows[i].well_formed && rows[i].bytes > 0 ? 2 : 0);
                assert_int_equal(observed.remarks->len, 0);
                up_observations_clear(&observed);
        }
}

/* Lines of any length, empty ones, both line ends, with and without a last one. */
static void decoders_agree_on_well_formed_base64(void **state)
{
        g_autoptr(GRand) chance = g_rand_new_with_seed(1);

        (void)state;
        for (unsigned round = 0; round < 500; round++) {
                guchar data[300];
                gsize bytes = (gsize)g_rand_int_range(chance, 1, (int)sizeof data);
                int width = g_rand_int_range(chance, 1, 100);
                g_autoptr(GString) text = g_string_new(NULL);
                struct up_observations observed;

                for (gsize i = 0; i < bytes; i++)
                        data[i] = (guchar)g_rand_int_range(chance, 0, 256);
                g_autofree char *digits = g_base64_encode(data, bytes);
                for (int at = 0; digits[at] != '\0'; at++) {
                        g_string_append_c(text, digits[at]);
                        if ((at + 1) % width == 0)
                                g_string_append(text, &"\r\n\n"[g_rand_int_range(chance, 0, 3)]);
                }
                compare_text(&observed, BASE64, text->str, text->len);
                assert_int_equal(observed.counts[UP_COUNT_DECODERS_JUDGED], 2);
                assert_int_equal(observed.remarks->len, 0);
                up_observations_clear(&observed);
        }
}

/* --- charsets --------------------------------------------------------------------------------- */

/* Names as mail writes them. */
static const char *const known[] = { "ascii", "us-ascii", "US-ASCII", "ANSI_X3.4-1968", "utf-8",
        "UTF8", "utf-7", "utf-16", "UTF-16BE", "utf-16le", "utf-32", "ucs-2", "ucs-4", "latin1",
        "iso-8859-1", "ISO_8859-1", "iso-8859-2", "iso-8859-3", "iso-8859-4", "iso-8859-5",
        "iso-8859-6", "iso-8859-7", "iso-8859-8", "iso-8859-9", "iso-8859-10", "iso-8859-13",
        "iso-8859-14", "iso-8859-15", "cp437", "cp850", "cp866", "cp932", "cp936", "cp949", "cp950",
        "cp1250", "cp1251", "cp1252", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258",
        "windows-1250", "windows-1251", "Windows-1252", "windows-1253", "windows-1254",
        "windows-1255", "windows-1256", "windows-1257", "windows-1258", "koi8-r", "koi8-u",
        "gb2312", "gbk", "gb18030", "euc-cn", "big5", "big5-hkscs", "euc-jp", "shift-jis", "sjis",
        "iso-2022-jp", "euc-kr", "iso-2022-kr", "tis-620" };

static const char *const unknown[] = { "", "/", "//", "utf-8//TRANSLIT", "utf-8//IGNORE",
        "iso-8859-16", "ebcdic-us", "ibm037", "macintosh", "hz-gb-2312", "jis", "iso-2022-cn",
        "unknown-8bit", "x-nonsense", "-", "utf", "utf-8-and-more-than-any-name-of-a-charset",
        "\xc3\xbctf-9" };

static char *folded(const char *name)
{
        GString *letters = g_string_new(NULL);

        for (; *name != '\0'; name++)
                if (g_ascii_isalnum(*name))
                        g_string_append_c(letters, g_ascii_tolower(*name));
        return g_string_free(letters, FALSE);
}

static bool opens(const char *to, const char *from)
{
        iconv_t converter = iconv_open(to, from);

        if (converter == (iconv_t)-1) {
                assert_int_equal(errno, EINVAL);
                return false;
        }
        iconv_close(converter);
        return true;
}

static bool gmime_opens(const char *charset)
{
        iconv_t converter = g_mime_iconv_open("UTF-8", charset);

        if (converter != (iconv_t)-1)
                g_mime_iconv_close(converter);
        return converter != (iconv_t)-1;
}

static bool glib_opens(const char *charset)
{
        GIConv converter = g_iconv_open("UTF-8", charset);

        if (converter != (GIConv)-1)
                g_iconv_close(converter);
        return converter != (GIConv)-1;
}

static void known_charsets_open_everywhere(void **state)
{
        (void)state;
        up_mail_start();
        for (size_t i = 0; i < G_N_ELEMENTS(known); i++)
                if (!opens("UTF-8", known[i]) || !opens(known[i], "UTF-8") ||
                    !gmime_opens(known[i]) || !glib_opens(known[i]))
                        fail_msg("%s does not open", known[i]);
}

static void unknown_charsets_open_nowhere(void **state)
{
        (void)state;
        up_mail_start();
        for (size_t i = 0; i < G_N_ELEMENTS(unknown); i++)
                if (opens("UTF-8", unknown[i]) || opens(unknown[i], "UTF-8") ||
                    gmime_opens(unknown[i]) || glib_opens(unknown[i]))
                        fail_msg("\"%s\" opens", unknown[i]);
}

static void each_row_of_the_table_is_a_charset(void **state)
{
        (void)state;
        for (size_t row = 0; up_charsets[row] != NULL; row++) {
                bool found = false;
                for (size_t i = 0; i < G_N_ELEMENTS(known) && !found; i++) {
                        g_autofree char *name = folded(known[i]);
                        found = strcmp(name, up_charsets[row]) == 0;
                }
                if (!found)
                        fail_msg("no name above is %s", up_charsets[row]);
        }
}

static void text_is_judged_when_it_can_be_converted(void **state)
{
        static const struct {
                const char *charset, *body;
                size_t bytes;
                bool judged;
        } rows[] = {
                { "utf-8", BYTES("Gr\xc3\xbc\xc3\x9f"), true },
                { "utf-8", BYTES("Gr\xfc\xdf"), false },
                { "utf-8", BYTES("Gr\xc3"), false },
                { "utf-8", BYTES(""), false },
                { "utf-8", BYTES("a\0b"), false },
                { "iso-8859-1", BYTES("Gr\xfc\xdf"), true },
                { "windows-1252", BYTES("\x80"), true },
                { "windows-1252", BYTES("\x81"), false },
                { "iso-2022-jp", BYTES("\x1b$B4A;z\x1b(B"), true },
                { "utf-7", BYTES("+AGEA8Q-"), true },
                { "utf-16", BYTES("\xff\xfe\x61"), false },
                { "utf-16be", BYTES("\x4e\x00\x4e\x8c"), true },
                { "utf-16be", BYTES("\x00\x00\x4e\x8c"), false },
                { "x-unknown", BYTES("text"), false },
                /* GMime reads it as GBK, in which this dot is another one. */
                { "gb2312", BYTES("\xa1\xa4"), true },
                /* No name of a charset: converters differ on it. */
                { "iso88591", BYTES("Gr\xfc\xdf"), false },
        };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                g_autofree char *header =
                    g_strdup_printf("Content-Type: text/plain; charset=%s\n", rows[i].charset);
                struct up_observations observed;

                compare_text(&observed, header, rows[i].body, rows[i].bytes);
                if (observed.counts[UP_COUNT_DECODERS_JUDGED] != rows[i].judged)
                        fail_msg("%s, row %zu", rows[i].charset, i);
                assert_int_equal(observed.remarks->len, 0);
                up_observations_clear(&observed);
        }
}

static void quoted_printable_leaves_no_freedom_or_is_not_judged(void **state)
{
        static const struct {
                const char *text;
                size_t bytes;
                bool well_formed;
        } rows[] = {
                { BYTES("plain\n"), true },
                { BYTES("a=3D=C3=BC\r\nb\tc d\n\n"), true },
                { BYTES("so=\nft =\r\nbreak"), true },
                { BYTES("=\n"), true },
                { BYTES("a=20\n=09"), true },
                { BYTES("blank \n"), false },
                { BYTES("tab\t\r\n"), false },
                { BYTES("small=c3\n"), false },
                { BYTES("half=C\n"), false },
                { BYTES("none=G0\n"), false },
                { BYTES("end="), false },
                { BYTES("padded= \n"), false },
                { BYTES("\xc3\xbc"), false },
                { BYTES("bell\x07"), false },
        };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                struct up_observations observed;

                compare_text(&observed,
                    "Content-Type: application/octet-stream\n"
                    "Content-Transfer-Encoding: quoted-printable\n",
                    rows[i].text, rows[i].bytes);
                if (observed.counts[UP_COUNT_DECODERS_JUDGED] != rows[i].well_formed ||
                    observed.remarks->len > 0)
                        fail_msg("\"%s\"", rows[i].text);
                up_observations_clear(&observed);
        }
}

static void text_without_charset_is_not_judged(void **state)
{
        static const char *const headers[] = { "", "Content-Type: text/plain\n",
                "Content-Type: application/octet-stream; charset=utf-8\n" };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(headers); i++) {
                struct up_observations observed;

                compare_text(&observed, headers[i], BYTES("text"));
                assert_int_equal(observed.counts[UP_COUNT_DECODERS_JUDGED], 0);
                up_observations_clear(&observed);
        }
}

/* --- encoded words ---------------------------------------------------------------------------- */

static void phrases_leave_no_freedom_or_are_not_judged(void **state)
{
        static const struct {
                const char *from;
                unsigned judged, remarks;
        } rows[] = {
                { "=?utf-8?B?R3LDvMOf?= <a@example.com>", 1, 0 },
                { "=?utf-8?Q?Gr=C3=BC=C3=9Fe?=\n <a@example.com>", 1, 0 },
                { "=?utf-8?B?R3LDvMOf?= =?utf-8?B?R3LDvMOf?= <a@example.com>", 1, 0 },
                { "=?utf-8?B?R3LDvA==?= =?utf-8?B?R3LDvMOf?= <a@example.com>", 1, 1 },
                { "=?utf-8?Q?a,b?= <a@example.com>", 0, 0 },
                { "=?utf-8?B?R3LDvMOf?= Alice <a@example.com>", 0, 0 },
                { "\"=?utf-8?B?R3LDvMOf?=\" <a@example.com>", 0, 0 },
                { "=?utf-8?B?R3LDvMOf?= <a@example.com>, b@example.com", 0, 0 },
                { "Alice <a@example.com>", 0, 0 },
        };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                g_autofree char *message = g_strdup_printf("From: %s\n\n", rows[i].from);
                struct up_observations observed;

                compare(&observed, message, strlen(message));
                if (observed.counts[UP_COUNT_DECODERS_JUDGED] != rows[i].judged ||
                    observed.remarks->len != rows[i].remarks)
                        fail_msg("\"%s\"", rows[i].from);
                up_observations_clear(&observed);
        }
}

static void encoded_words_leave_no_freedom_or_are_not_judged(void **state)
{
        static const struct {
                const char *subject;
                bool judged;
        } rows[] = {
                { "=?utf-8?B?R3LDvMOf?=", true },
                { "=?UTF-8?b?R3LDvMOf?=", true },
                { "=?iso-8859-1?B?R3L83w==?=", true },
                { "=?utf-8?B?R3LDvMOf?= =?iso-8859-1?B?R3L83w==?=", true },
                { "=?utf-8?B?R3LDvMOf?=\n =?utf-8?B?R3LDvMOf?= \t =?utf-8?B?IGF1cyAg?=", true },
                { "", false },
                { "text", false },
                { "=?utf-8?Q?text?=", true },
                { "=?utf-8?q?Gr=C3=BC=C3=9Fe_aus?= =?utf-8?Q?_K=C3=B6ln?=", true },
                { "=?utf-8?Q?te=c3=bc?=", false },
                { "=?utf-8?Q?te=4?=", false },
                { "=?utf-8?Q?te\xc3\xbc?=", false },
                { "=?utf-8?B?R3LDvMOf?= text", false },
                { "text =?utf-8?B?R3LDvMOf?=", false },
                { "=?utf-8?B?R3LDvMOf?==?utf-8?B?R3LDvMOf?=", false },
                { "=?utf-8?B?"
                  "?=",
                    false },
                { "=?utf-8?B?R3LDvMO?=", false },
                { "=?utf-8?B?QQ==QQ==?=", false },
                { "=?utf-8?B?R3LDvMOf=", false },
                { "=?utf-8?B?R3LDvMOf?=?=", false },
                { "=?utf-8?B?w4TD?= =?utf-8?B?lg==?=", false },
                { "=?utf-8?B?AA==?=", false },
                { "=?utf-8?B?YQpi?=", false },
                { "=?x-unknown?B?R3LD?=", false },
                { "=?utf-8*de?B?R3LDvMOf?=", false },
                { "=??B?YWJj?=", false },
                { "=?utf-8?B?" /* 72 bytes, and 76 */
                  "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFh"
                  "?=",
                    true },
                { "=?utf-8?B?"
                  "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFh"
                  "?=",
                    false },
        };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                g_autofree char *message = g_strdup_printf("Subject: %s\n\n", rows[i].subject);
                struct up_observations observed;

                compare(&observed, message, strlen(message));
                if (observed.counts[UP_COUNT_DECODERS_JUDGED] != rows[i].judged)
                        fail_msg("\"%s\"", rows[i].subject);
                assert_int_equal(observed.remarks->len, 0);
                up_observations_clear(&observed);
        }
}

/* --- every leaf, and every lie ---------------------------------------------------------------- */

static const char nested[] =
    "Content-Type: multipart/mixed; boundary=o\n\n"
    "--o\nContent-Type: text/plain; charset=utf-8\n\ntext\n"
    "--o\n" BASE64 "\nQUJD\n"
    "--o\nContent-Type: message/rfc822\n\n"
    "Subject: =?utf-8?B?R3LDvMOf?=\nComments: =?utf-8?B?R3LDvMOf?= =?utf-8?B?R3LDvMOf?=\n"
    "Content-Type: multipart/mixed; boundary=i\n\n"
    "--i\nContent-Type: text/html; charset=iso-8859-1\n"
    "Content-Description: =?utf-8?B?R3LDvMOf?=\n\ntext\n"
    "--i\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\nQUJD\n"
    "--i--\n"
    "--o--\n";

#define NESTED_JUDGED 10 /* three texts, two contents in base64 by two decoders each, headers */

static void leaves_in_nested_messages_are_judged_too(void **state)
{
        struct up_observations observed;

        (void)state;
        compare(&observed, nested, strlen(nested));
        assert_int_equal(observed.counts[UP_COUNT_DECODERS_JUDGED], NESTED_JUDGED);
        assert_int_equal(observed.remarks->len, 0);
        up_observations_clear(&observed);
}

static unsigned times_remarked(const struct up_observations *observed, const char *site)
{
        for (guint i = 0; i < observed->remarks->len; i++) {
                const struct up_remark *remark = g_ptr_array_index(observed->remarks, i);
                if (remark->kind == UP_REMARK_DISAGREE && strcmp(remark->site, site) == 0)
                        return remark->times;
        }
        return 0;
}

static void decoder_that_lies_is_caught(void **state)
{
        struct up_observations observed;

        (void)state;
        decoders_lie = true;
        compare(&observed, nested, strlen(nested));
        decoders_lie = false;
        assert_int_equal(observed.counts[UP_COUNT_DECODERS_JUDGED], NESTED_JUDGED);
        assert_int_equal(observed.remarks->len, 4);
        assert_int_equal(times_remarked(&observed, "encoded word: GMime and GLib"), 2);
        assert_int_equal(times_remarked(&observed, "encoded words in a row: GMime and GLib"), 1);
        assert_int_equal(times_remarked(&observed, "charset: GMime and GLib"), 3);
        assert_int_equal(times_remarked(&observed, "base64: GMime and OpenSSL"), 2);
        up_observations_clear(&observed);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(base64_leaves_no_freedom_or_is_not_judged),
                cmocka_unit_test(decoders_agree_on_well_formed_base64),
                cmocka_unit_test(known_charsets_open_everywhere),
                cmocka_unit_test(unknown_charsets_open_nowhere),
                cmocka_unit_test(each_row_of_the_table_is_a_charset),
                cmocka_unit_test(text_is_judged_when_it_can_be_converted),
                cmocka_unit_test(text_without_charset_is_not_judged),
                cmocka_unit_test(quoted_printable_leaves_no_freedom_or_is_not_judged),
                cmocka_unit_test(phrases_leave_no_freedom_or_are_not_judged),
                cmocka_unit_test(encoded_words_leave_no_freedom_or_are_not_judged),
                cmocka_unit_test(leaves_in_nested_messages_are_judged_too),
                cmocka_unit_test(decoder_that_lies_is_caught),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
