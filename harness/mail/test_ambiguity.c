/*
 * For each row of the table, a message that hits it and no other, and its neighbour on the right
 * side of the line, which hits none; and conforming messages, however odd, that hit none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mail/ambiguity.h"

#define HEAD        "From: a@example.com\nMIME-Version: 1.0\n"
#define TYPE(type)  HEAD "Content-Type: " type "\n\n"
#define MIXED       TYPE("multipart/mixed; boundary=b")
#define PARTS       "--b\n\none\n--b--\n"
#define LEAF(type)  TYPE(type) "text\n"
#define PART(field) MIXED "--b\n" field "\n\ntext\n--b--\n"
#define CODED(encoding, body)                                                                      \
        HEAD "Content-Type: text/plain\nContent-Transfer-Encoding: " encoding "\n\n" body
#define SIXTY   "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define LONG    SIXTY SIXTY SIXTY SIXTY SIXTY SIXTY SIXTY SIXTY
#define SEVENTY SIXTY "xxxxxxxxxx"

/* Text with NUL bytes in it has its length. */
struct text {
        const char *text;
        size_t bytes;
};
#define T(literal)                                                                                 \
        {                                                                                          \
                literal, sizeof(literal) - 1                                                       \
        }

static const struct {
        struct text hits, passes;
} lines[UP_AMBIGUITY_COUNT] = {
        [UP_AMBIGUITY_REPEATED_TYPE] = { T(HEAD "Content-Type: text/plain\n"
                                                "Content-Type: text/html\n\ntext\n"),
            T(HEAD "Content-Type: text/plain\nContent-Types: text/html\n\ntext\n") },
        [UP_AMBIGUITY_REPEATED_ENCODING] = { T(CODED("7bit\nContent-Transfer-Encoding: 7bit", "")),
            T(CODED("7bit\nX-Content-Transfer-Encoding: base64", "")) },
        [UP_AMBIGUITY_REPEATED_DISPOSITION] = { T(PART("Content-Disposition: inline\n"
                                                       "Content-Disposition: attachment")),
            T(PART("Content-Disposition: inline\nContent-Description: attachment")) },
        [UP_AMBIGUITY_REPEATED_PARAMETER] = { T(PART("Content-Type: text/plain; name=a.txt;"
                                                     " name*0=b; name*1=.txt")),
            T(PART("Content-Type: text/plain; x-name=a.txt; name*0=b; name*1=.txt")) },
        [UP_AMBIGUITY_BROKEN_EXTENSION] = { T(PART("Content-Type: text/plain;"
                                                   " name*0=a; name*2=.txt")),
            T(PART("Content-Type: text/plain; name*1=.txt; name*0=a")) },
        [UP_AMBIGUITY_TWO_NAMES] = { T(PART("Content-Type: text/plain; name=a.txt\n"
                                            "Content-Disposition: attachment; filename=a.com")),
            T(PART("Content-Type: text/plain; name=a.txt\n"
                   "Content-Disposition: attachment; filename=b.TXT")) },
        [UP_AMBIGUITY_MIME_VERSION] = { T("From: a@example.com\nMIME-Version: 1.1\n\ntext\n"),
            T("From: a@example.com\nMIME-Version: (by hand) 1 . 0 (of it)\n\ntext\n") },
        [UP_AMBIGUITY_MALFORMED_TYPE] = { T(LEAF("text/plain/html")), T(LEAF("text / plain")) },
        [UP_AMBIGUITY_MALFORMED_PARAMETER] = { T(LEAF("text/plain; charset us-ascii")),
            T(LEAF("text/plain ; charset = us-ascii ;")) },
        [UP_AMBIGUITY_UNQUOTED_VALUE] = { T(LEAF("text/plain; name=a b.txt")),
            T(LEAF("text/plain; name=\"a b.txt\"")) },
        [UP_AMBIGUITY_COMMENT] = { T(LEAF("text/plain; charset=(is)us-ascii")),
            T(LEAF("text/plain (is); charset=\"(us)-ascii\"")) },
        [UP_AMBIGUITY_ENCODED_WORD] = { T(CODED("=?us-ascii?Q?7bit?=", "text\n")),
            T(LEAF("text/plain; name=\"=?us-ascii?Q?b.txt?=\"")) },
        [UP_AMBIGUITY_CONTROL_CHARACTER] = { T(LEAF("text/plain;\f charset=us-ascii")),
            T(HEAD "Content-Description: a\fb\n\ntext\n") },
        [UP_AMBIGUITY_LONG_LINE] = { T(LEAF("text/plain; x=" LONG LONG SIXTY)),
            T(LEAF("text/plain; x=" LONG LONG)) },
        [UP_AMBIGUITY_LONG_BODY_LINE] = { T(CODED("base64", LONG LONG SIXTY "\n")),
            T(CODED("base64", LONG LONG "\n" SIXTY "\n")) },
        [UP_AMBIGUITY_NUL_IN_HEADER] = { T(HEAD "Subject: a\0b\n\ntext\n"),
            T(HEAD "Subject: a\\0b\n\ntext\n") },
        [UP_AMBIGUITY_NUL_IN_BODY] = { T(CODED("8bit", "a\0b\n")), T(CODED("binary", "a\0b\n")) },
        [UP_AMBIGUITY_BARE_CR] = { T(HEAD "Subject: a\rb\n\ntext\n"),
            T("From: a@example.com\r\nSubject: a\r\n b\r\n\r\nte\rxt\r\n") },
        [UP_AMBIGUITY_MIXED_LINE_ENDS] = { T("From: a@example.com\r\nSubject: a\n\ntext\n"),
            T("From: a@example.com\r\nSubject: a\r\n\r\ntext\n") },
        [UP_AMBIGUITY_NOT_A_FIELD] = { T(HEAD "no field\n\ntext\n"), T(HEAD "a:\n\nno field\n") },
        [UP_AMBIGUITY_BLANK_LINE_IN_HEADER] = { T(HEAD "Subject: a\n \n\ntext\n"),
            T(HEAD "Subject: a\n b\n\n \n\ntext\n") },
        [UP_AMBIGUITY_BLANK_BEFORE_COLON] = { T(HEAD "Content-Type : text/plain\n\ntext\n"),
            T(HEAD "Subject: a : b\n\ntext\n") },
        [UP_AMBIGUITY_FIELDS_IN_BODY] = { T(MIXED "--b\n\nContent-Type: text/html\n\n--b--\n"),
            T(MIXED "--b\n\nSubject: text/html\n\n--b--\n") },
        [UP_AMBIGUITY_BOUNDARY_MISSING] = { T(TYPE("multipart/mixed") PARTS),
            T(LEAF("multipart-mixed/x")) },
        [UP_AMBIGUITY_BOUNDARY_EMPTY] = { T(TYPE("multipart/mixed; boundary=\"\"") "text\n"),
            T(TYPE("multipart/mixed; boundary=\"0\"") "--0\n--0--\n") },
        [UP_AMBIGUITY_BOUNDARY_LONG] = { T(TYPE(
                                             "multipart/mixed; boundary=x" SEVENTY) "--x" SEVENTY
                                                                                    "\n--x" SEVENTY
                                                                                    "--\n"),
            T(TYPE("multipart/mixed; boundary=" SEVENTY) "--" SEVENTY "\n--" SEVENTY "--\n") },
        [UP_AMBIGUITY_BOUNDARY_BLANK] = { T(TYPE("multipart/mixed; boundary=\"b \"") "--b "
                                                                                     "\n\none\n--b "
                                                                                     "--\n"),
            T(TYPE("multipart/mixed; boundary=\"b b\"") "--b b\n\none\n--b b--\n") },
        [UP_AMBIGUITY_BOUNDARY_CHARACTER] = { T(TYPE(
                                                  "multipart/mixed; boundary=\"b;\"") "--b;"
                                                                                      "\n\none\n--"
                                                                                      "b;--\n"),
            T(TYPE(
                "multipart/mixed; boundary=\"b:'()+_,-./=?\"") "--b:'()+_,-./"
                                                               "=?\n\none\n--b:'()+_,-./=?--\n") },
        [UP_AMBIGUITY_BOUNDARY_ENCODED] = { T(TYPE("multipart/mixed; boundary*=us-ascii''b") PARTS),
            T(TYPE("multipart/mixed; boundary*0=\"b\"") PARTS) },
        [UP_AMBIGUITY_BOUNDARY_PREFIX] = { T(MIXED "--b\nContent-Type: multipart/mixed;"
                                                   " boundary=bb\n\n--bb\n\none\n--bb--\n--b--\n"),
            T(MIXED "--b\nContent-Type: multipart/mixed;"
                    " boundary=cb\n\n--cb\n\none\n--cb--\n--b--\n") },
        [UP_AMBIGUITY_BOUNDARY_OF_LEAF] = { T(TYPE("text/plain; boundary=b") PARTS),
            T(TYPE("text/plain; boundary=b") "--c\n\none\n") },
        [UP_AMBIGUITY_PADDED_SEPARATOR] = { T(MIXED "--b \n\none\n--b--\n"),
            T(MIXED "--b\n\n-- b\n--b--\n") },
        [UP_AMBIGUITY_ODD_SEPARATOR] = { T(MIXED "--b\n\none\n--b x\n--b--\n"),
            T(MIXED "--b\n\none\n-b\n-- b\n--a\nx --b\n--b--\n") },
        [UP_AMBIGUITY_NO_SEPARATOR] = { T(MIXED "text\n"), T(MIXED "text\n--b\n--b--\n") },
        [UP_AMBIGUITY_UNCLOSED] = { T(MIXED "--b\n\none\n"), T(MIXED "--b\n\none\n--b--") },
        [UP_AMBIGUITY_PART_IN_PREAMBLE] = { T(MIXED "Content-Type: text/html\n" PARTS),
            T(MIXED "Contents: text/html\n" PARTS) },
        [UP_AMBIGUITY_PART_IN_EPILOGUE] = { T(MIXED PARTS "--b\n\ntwo\n--b--\n"),
            T(MIXED PARTS "-- \ntwo\n") },
        [UP_AMBIGUITY_UNKNOWN_ENCODING] = { T(CODED("7-bit", "")), T(CODED("7BIT", "")) },
        [UP_AMBIGUITY_ENCODED_COMPOSITE] = { T(HEAD "Content-Type: message/rfc822\n"
                                                    "Content-Transfer-Encoding: base64\n\n"
                                                    "QTogYgo=\n"),
            T(HEAD "Content-Type: message/global\nContent-Transfer-Encoding: base64\n\n"
                   "QTogYgo=\n") },
        [UP_AMBIGUITY_BASE64_STRAY] = { T(CODED("base64", "aGVs!bG8h\n")),
            T(CODED("base64", "\naGVs \nbG8h\n\n")) },
        [UP_AMBIGUITY_BASE64_AFTER_PADDING] = { T(CODED("base64", "aGU=\nbGxv\n")),
            T(CODED("base64", "bGxvaGU=\n\n")) },
        [UP_AMBIGUITY_BASE64_INCOMPLETE] = { T(CODED("base64", "aGVsbA\n")),
            T(CODED("base64", "aGVsbA==\n")) },
        [UP_AMBIGUITY_QP_ESCAPE] = { T(CODED("quoted-printable", "a=3 b\n")),
            T(CODED("quoted-printable", "a=3db=3D= \nc=")) },
        [UP_AMBIGUITY_QP_STRAY] = { T(CODED("quoted-printable", "a\xe4\n")),
            T(CODED("8bit", "a\xe4\n")) },
        [UP_AMBIGUITY_PARTIAL] = { T(LEAF("message/partial; id=a; number=1; total=2")),
            T(LEAF("message/x-partial; id=a; number=1; total=2")) },
        [UP_AMBIGUITY_EXTERNAL_BODY] = { T(LEAF("message/external-body; access-type=x-a")),
            T(LEAF("message/x-external-body; access-type=x-a")) },
        [UP_AMBIGUITY_FILE_IN_TEXT] = { T(LEAF("text/plain") "begin 644 a\n#86)C\n`\nend\n"),
            T(LEAF("text/plain") "begin 644 a\nand more of it\n`\nend\n") },
};

static const struct text conforming[] = {
        T(HEAD "\n"),
        T(""),
        T("no message at all"),
        T("Received: by example.com\nno message at all\n"),
        T("From a@example.com Thu Jan  1 00:00:00 1970\n" HEAD "\ntext\n"),
        T("content-TYPE:\n MULTIPART/Mixed\n ;\n\tBoundary\n =\n \"b\"\n\n" PARTS),
        T(TYPE("multipart/mixed; boundary=\"\\b\"") PARTS),
        T(TYPE("multipart/mixed; x=\"; boundary=a\"; boundary=b") PARTS),
        T(TYPE("multipart/mixed; x=\"\\\"; boundary=a\"; boundary=b") PARTS),
        T(MIXED "A preamble,\n\n--\n--a\nof lines.\n" PARTS "An epilogue.\n"),
        T(MIXED "--b\n--b\n\n--b\nContent-Type: text/plain\n--b\n\n\n--b--\n"),
        T(MIXED "--b\nContent-Type: multipart/alternative; boundary=c\n\n--c\n\none\n--c--\n\n"
                "--b\nContent-Type: message/rfc822\n\n" HEAD "\ntext\n--b--\n"),
        T(TYPE("multipart/digest; boundary=b") "--b\n\nContent-Type: text/html\n\none\n--b--\n"),
        T(PART("Content-Type: text/plain; charset=utf-8; format=flowed; delsp=yes\n"
               "Content-Disposition: attachment; filename*=utf-8'en'%c3%a4.txt; size=4")),
        T(PART("Content-Type: text/plain; name=\"\xc3\xa4.txt\"")),
        T(PART("Content-Disposition: attachment;\n filename*0*=utf-8''%c3%a4;\n filename*1*=%20;"
               "\n filename*2=.txt")),
        T(CODED("8bit", "\xc3\xa4\n")),
        T(HEAD "\nA line.\nContent-Type: text/html\n"),
        T(CODED("7bit", LONG LONG LONG "\n")),
        T(CODED("7bit", SIXTY LONG "\nbegin with a word\nbegin 644\n")),
        T(CODED("base64 ", "aGVs\r\nbG8h\r\n")),
        T(CODED("quoted-printable", "a=\nb =20\n=E4=e4\n")),
        T("From: a@example.com\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
          "--b\r\n\r\none\r\n--b--\r\n"),
};

static struct up_ambiguities find(const struct text *text, bool with_crlf)
{
        g_autoptr(GBytes) message = g_bytes_new(text->text, text->bytes);
        struct up_observations observed;
        struct up_limits limits;

        if (with_crlf) {
                g_autoptr(GBytes) lf = g_steal_pointer(&message);
                GString *crlf = up_lines_as_crlf(g_bytes_get_data(lf, NULL), g_bytes_get_size(lf));
                message = g_string_free_to_bytes(crlf);
        }
        up_limits_init(&limits);
        up_observations_init(&observed, &limits, 0);
        g_autoptr(GPtrArray) entities = up_entities_read(message, &observed);
        struct up_ambiguities found = up_ambiguities_find(message, entities);
        for (unsigned i = 0; i < found.count; i++) {
                assert_true(found.hits[i].offset <= g_bytes_get_size(message));
                assert_in_range(found.hits[i].entity, 0, entities->len - 1);
        }
        up_observations_clear(&observed);
        return found;
}

static void expect_none(const struct text *text, const char *name)
{
        for (int with_crlf = 0; with_crlf < 2; with_crlf++) {
                struct up_ambiguities found = find(text, with_crlf);
                if (found.count > 0)
                        fail_msg("%s: hits %s at %zu:\n%s", name,
                            up_ambiguity_rows[found.hits[0].row].name, found.hits[0].offset,
                            text->text);
        }
}

static void each_row_has_a_line_that_it_draws(void **state)
{
        unsigned checked = 0;

        (void)state;
        for (unsigned row = 0; row < UP_AMBIGUITY_COUNT; row++) {
                const char *name = up_ambiguity_rows[row].name;

                assert_non_null(name);
                assert_non_null(up_ambiguity_rows[row].what);
                assert_non_null(up_ambiguity_rows[row].source);
                if (row == UP_AMBIGUITY_DEEP)
                        continue; /* by the test below */
                assert_non_null(lines[row].hits.text);
                /* Whose line ends are mixed has none of the other kind alone. */
                for (int with_crlf = 0; with_crlf < (row == UP_AMBIGUITY_MIXED_LINE_ENDS ? 1 : 2);
                     with_crlf++) {
                        struct up_ambiguities found = find(&lines[row].hits, with_crlf);
                        if (found.count != 1 || found.hits[0].row != row)
                                fail_msg("%s: %u hits, the first is %s", name, found.count,
                                    found.count > 0 ? up_ambiguity_rows[found.hits[0].row].name
                                                    : "none");
                }
                expect_none(&lines[row].passes, name);
                checked++;
        }
        assert_int_equal(checked, UP_AMBIGUITY_COUNT - 1);
}

static void conforming_mail_hits_none(void **state)
{
        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(conforming); i++)
                expect_none(&conforming[i], "conforming");
}

/* Of rows that more than one thing hits. */
static void each_way_to_hit_a_row_is_seen(void **state)
{
        static const struct {
                struct text text;
                enum up_ambiguity row;
        } others[] = {
                { T(MIXED "--b\n\none\r\n--b--\n"), UP_AMBIGUITY_MIXED_LINE_ENDS },
                { T(MIXED "--b\n\none\n --b\n--b--\n"), UP_AMBIGUITY_ODD_SEPARATOR },
                { T(MIXED "--b\n\none\r--b\n--b--\n"), UP_AMBIGUITY_ODD_SEPARATOR },
                { T(MIXED "--b\n\none\n--b-\n--b--\n"), UP_AMBIGUITY_ODD_SEPARATOR },
                { T(MIXED PARTS "Content-Type: text/html\n"), UP_AMBIGUITY_PART_IN_EPILOGUE },
                { T(MIXED "text\n--b--\n"), UP_AMBIGUITY_NO_SEPARATOR },
                { T(HEAD "Subject : text\n\ntext\n"), UP_AMBIGUITY_BLANK_BEFORE_COLON },
                { T(HEAD "X: " LONG LONG SIXTY "\n\ntext\n"), UP_AMBIGUITY_LONG_LINE },
                { T(LEAF("text/plain; name*=a.txt")), UP_AMBIGUITY_BROKEN_EXTENSION },
                { T(LEAF("text/plain; name*=utf-8''a%2")), UP_AMBIGUITY_BROKEN_EXTENSION },
                { T(LEAF("text/plain; name*=utf-8''a%x0")), UP_AMBIGUITY_BROKEN_EXTENSION },
                { T(LEAF("text/plain; name*0*=utf-8''a; name*1*=utf-8''b")),
                    UP_AMBIGUITY_BROKEN_EXTENSION },
                { T(LEAF("text/plain; name*0x=a")), UP_AMBIGUITY_BROKEN_EXTENSION },
                { T(" a: b\n" HEAD "\ntext\n"), UP_AMBIGUITY_NOT_A_FIELD },
                { T(LEAF("text")), UP_AMBIGUITY_MALFORMED_TYPE },
                { T(LEAF("/plain")), UP_AMBIGUITY_MALFORMED_TYPE },
                { T(LEAF("text//plain")), UP_AMBIGUITY_MALFORMED_TYPE },
                { T(LEAF("")), UP_AMBIGUITY_MALFORMED_TYPE },
                { T(LEAF("=?us-ascii?Q?text?=/plain")), UP_AMBIGUITY_ENCODED_WORD },
                { T(TYPE("multipart/mixed; boundary=\"=?b?=b?=\"") "--=?b?=b?=\n--=?b?=b?=--\n"),
                    UP_AMBIGUITY_ENCODED_WORD },
                { T(LEAF("text/plain;; charset=x")), UP_AMBIGUITY_MALFORMED_PARAMETER },
                { T(LEAF("text/plain; charset=\"x")), UP_AMBIGUITY_MALFORMED_PARAMETER },
                { T(LEAF("text/plain; charset=\"x\"y")), UP_AMBIGUITY_MALFORMED_PARAMETER },
                { T(LEAF("text/plain; charset=")), UP_AMBIGUITY_MALFORMED_PARAMETER },
                { T(PART("Content-Disposition: filename=a")), UP_AMBIGUITY_MALFORMED_PARAMETER },
                { T(LEAF("text/plain; name=a[1]")), UP_AMBIGUITY_UNQUOTED_VALUE },
                { T(LEAF("text/plain; name*01=a")), UP_AMBIGUITY_BROKEN_EXTENSION },
                { T(LEAF("text/plain; charset=x; CHARSET*=''x")), UP_AMBIGUITY_REPEATED_PARAMETER },
                { T(LEAF("(a) text/plain")), UP_AMBIGUITY_COMMENT },
                { T(LEAF("text/plain; (a) charset=x")), UP_AMBIGUITY_COMMENT },
                { T(LEAF("text/plain; charset=x (a)")), UP_AMBIGUITY_COMMENT },
                { T(CODED("base64 (a)", "")), UP_AMBIGUITY_COMMENT },
                { T("MIME-Version: 1.0\n" LEAF("text/plain")), UP_AMBIGUITY_MIME_VERSION },
                { T("MIME-Version: 1.0.1\n\ntext\n"), UP_AMBIGUITY_MIME_VERSION },
                { T("MIME-Version: x\n\ntext\n"), UP_AMBIGUITY_MIME_VERSION },
                { T(CODED("", "")), UP_AMBIGUITY_UNKNOWN_ENCODING },
                { T(CODED("base64 7bit", "")), UP_AMBIGUITY_UNKNOWN_ENCODING },
                { T(CODED("base64", "aG Vs\n")), UP_AMBIGUITY_BASE64_STRAY },
                { T(CODED("base64", "aGV=======\n")), UP_AMBIGUITY_BASE64_INCOMPLETE },
                { T(CODED("quoted-printable", "a=4")), UP_AMBIGUITY_QP_ESCAPE },
                { T(CODED("quoted-printable", "a\rb\n")), UP_AMBIGUITY_QP_STRAY },
                { T(CODED("quoted-printable", "a\0b\n")), UP_AMBIGUITY_QP_STRAY },
                { T(LEAF("text/plain") "=ybegin line=128 size=1 name=a\n"),
                    UP_AMBIGUITY_FILE_IN_TEXT },
                { T(LEAF("text/plain") "(This file must be converted with BinHex 4.0)\n"),
                    UP_AMBIGUITY_FILE_IN_TEXT },
                { T("\nContent-Type: text/html\n\ntext\n"), UP_AMBIGUITY_FIELDS_IN_BODY },
                { T("\n\n\nA: b\nContent-Type: text/html\n\ntext\n"), UP_AMBIGUITY_FIELDS_IN_BODY },
                { T(HEAD "\nContent-Type: text/html\n\ntext\n"), UP_AMBIGUITY_FIELDS_IN_BODY },
                { T(CODED("quoted-printable", LONG LONG SIXTY "\n")), UP_AMBIGUITY_LONG_BODY_LINE },
                { T(" \n" HEAD "\ntext\n"), UP_AMBIGUITY_BLANK_LINE_IN_HEADER },
                { T(TYPE("multipart/mixed; boundary=\" b\"") "-- b\n-- b--\n"),
                    UP_AMBIGUITY_BOUNDARY_BLANK },
        };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
                struct up_ambiguities found = find(&others[i].text, false);
                if (found.count != 1 || found.hits[0].row != others[i].row)
                        fail_msg("%u hits, the first %s:\n%s", found.count,
                            found.count > 0 ? up_ambiguity_rows[found.hits[0].row].name : "none",
                            others[i].text.text);
        }
}

/* So many messages inside each other. */
static GString *nested(unsigned depth)
{
        GString *text = g_string_new(NULL);

        for (unsigned i = 0; i < depth; i++)
                g_string_append(text, HEAD "Content-Type: message/rfc822\n\n");
        return g_string_append(text, HEAD "\ntext\n");
}

static void depth_has_a_limit(void **state)
{
        g_autoptr(GString) within = nested(UP_AMBIGUITY_DEPTH);
        g_autoptr(GString) beyond = nested(UP_AMBIGUITY_DEPTH + 1);
        const struct text deep = { beyond->str, beyond->len };
        const struct text flat = { within->str, within->len };
        struct up_ambiguities found = find(&deep, false);

        (void)state;
        assert_int_equal(found.count, 1);
        assert_int_equal(found.hits[0].row, UP_AMBIGUITY_DEEP);
        expect_none(&flat, "deep-nesting");
}

/* Where it is seen is what a person looks for. */
static void a_hit_has_a_place(void **state)
{
        static const struct text text =
            T(MIXED "--b\n\none\n--b\nContent-Transfer-Encoding: base64\n"
                    "\naGVs\nbG!8h\n--b--\n");
        struct up_ambiguities found = find(&text, false);
        g_autoptr(GBytes) message = g_bytes_new_static(text.text, text.bytes);
        struct up_observations observed;
        struct up_limits limits;

        (void)state;
        up_limits_init(&limits);
        up_observations_init(&observed, &limits, 0);
        g_autoptr(GPtrArray) entities = up_entities_read(message, &observed);
        assert_int_equal(found.count, 1);
        g_autofree char *path = up_entity_path(entities, found.hits[0].entity);
        assert_string_equal(path, "2");
        assert_int_equal(text.text[found.hits[0].offset], '!');
        up_observations_clear(&observed);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(each_row_has_a_line_that_it_draws),
                cmocka_unit_test(each_way_to_hit_a_row_is_seen),
                cmocka_unit_test(conforming_mail_hits_none),
                cmocka_unit_test(depth_has_a_limit),
                cmocka_unit_test(a_hit_has_a_place),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
