/*
 * seed_mime - the seeds about MIME: texts, and functions for what is too long or too raw for one
 */
#include "tools/seed_table.h"

#include <string.h>

#include "mail/eicar.h"

/* --- made by function ------------------------------------------------------------------------- */

static GBytes *lines_of(GString *text)
{
        g_autofree char *owned = g_string_free(text, FALSE);

        return up_compose_lines(owned);
}

/* @levels multiparts inside each other; closing lines are left out for the sake of size. */
static GBytes *nested_multiparts(unsigned levels)
{
        GString *text = g_string_new(UP_SEED_USUAL("multiparts inside each other"));

        for (unsigned i = 0; i < levels; i++)
                g_string_append_printf(
                    text, "Content-Type:multipart/mixed;boundary=%x\n\n--%x\n", i, i);
        g_string_append(text, "\nthe innermost\n");
        return lines_of(text);
}

static GBytes *make_nesting_1023(void)
{
        return nested_multiparts(1023);
}

static GBytes *make_nesting_1024(void)
{
        return nested_multiparts(1024);
}

static GBytes *make_nesting_1025(void)
{
        return nested_multiparts(1025);
}

/* GMime counts two for each: the part, and the message in it. */
static GBytes *make_nesting_rfc822(void)
{
        GString *text = g_string_new(UP_SEED_USUAL("messages inside each other"));

        for (unsigned i = 0; i < 512; i++)
                g_string_append(text, "Content-Type:message/rfc822\n\n");
        g_string_append(text, "Subject: the innermost\n\n.\n");
        return lines_of(text);
}

/* 998 bytes and CRLF is the longest line that RFC 5322 allows. */
static GBytes *make_long_lines(void)
{
        GString *text = g_string_new(UP_SEED_USUAL("lines as long as RFC 5322 allows") "X-Long: ");

        for (size_t i = strlen("X-Long: "); i < 998; i++)
                g_string_append_c(text, 'h');
        g_string_append(text, "\n\n");
        for (size_t length = 997; length <= 999; length++) {
                for (size_t i = 0; i < length; i++)
                        g_string_append_c(text, 'b');
                g_string_append_c(text, '\n');
        }
        return lines_of(text);
}

static GBytes *make_nul_bytes(void)
{
        static const char text[] = UP_SEED_USUAL("NUL bytes") "X-Nul: a\0b\n\nbefore\0after\n";

        return g_bytes_new_static(text, sizeof text - 1);
}

static void put_le(GByteArray *to, guint32 value, unsigned bytes)
{
        for (unsigned i = 0; i < bytes; i++) {
                guint8 octet = (guint8)(value >> (8 * i));
                g_byte_array_append(to, &octet, 1);
        }
}

/* MS-OXTNEF section 2.1.3.2: level, id, length, data, checksum. */
static void put_tnef(GByteArray *to, guint8 level, guint32 id, const void *data, guint bytes)
{
        const guint8 *octets = data;
        guint32 sum = 0;

        for (guint i = 0; i < bytes; i++)
                sum += octets[i];
        put_le(to, level, 1);
        put_le(to, id, 4);
        put_le(to, bytes, 4);
        g_byte_array_append(to, octets, bytes);
        put_le(to, sum, 2);
}

static GBytes *make_tnef(void)
{
        enum { MESSAGE = 1, ATTACHMENT = 2 };
        static const guint8 version[] = { 0, 0, 1, 0 };
        static const guint8 codepage[] = { 0xe4, 4, 0, 0, 0, 0, 0, 0 }; /* 1252 */
        static const guint8 rendering[] = { 1, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0 };
        GByteArray *tnef = g_byte_array_new();
        g_autoptr(GBytes) winmail = NULL;
        g_autoptr(GBytes) entity = NULL;

        put_le(tnef, 0x223e9f78, 4);
        put_le(tnef, 1, 2);
        put_tnef(tnef, MESSAGE, 0x00089006, version, sizeof version);
        put_tnef(tnef, MESSAGE, 0x00069007, codepage, sizeof codepage);
        put_tnef(tnef, MESSAGE, 0x00078008, "IPM.Microsoft Mail.Note", 24);
        put_tnef(tnef, MESSAGE, 0x00018004, "The minutes", 12);
        put_tnef(tnef, ATTACHMENT, 0x00069002, rendering, sizeof rendering);
        put_tnef(tnef, ATTACHMENT, 0x00018010, "minutes.txt", 12);
        put_tnef(tnef, ATTACHMENT, 0x0006800f, "They are ready.\r\n", 17);
        winmail = g_byte_array_free_to_bytes(tnef);
        entity = up_compose_base64("Content-Type: application/ms-tnef; name=\"winmail.dat\"\n"
                                   "Content-Disposition: attachment; filename=\"winmail.dat\"\n",
            winmail);
        return up_compose_message(UP_SEED_USUAL("TNEF"), entity);
}

static GBytes *eicar(void)
{
        return up_eicar_expand((const guint8 *)UP_EICAR_PLACEHOLDER, strlen(UP_EICAR_PLACEHOLDER));
}

static GBytes *make_eicar_base64(void)
{
        g_autoptr(GBytes) virus = eicar();
        g_autoptr(GBytes) entity =
            up_compose_base64("Content-Type: application/octet-stream; name=\"eicar.com\"\n"
                              "Content-Disposition: attachment; filename=\"eicar.com\"\n",
                virus);

        return up_compose_message(UP_SEED_USUAL("EICAR in base64"), entity);
}

/* "X" becomes "=58": every byte is encoded, as quoted-printable allows. */
static GBytes *make_eicar_qp(void)
{
        GString *text = g_string_new(UP_SEED_USUAL("EICAR in quoted-printable"));
        g_autoptr(GBytes) virus = eicar();
        const guint8 *data = g_bytes_get_data(virus, NULL);

        g_string_append(text, "Content-Type: text/plain\n"
                              "Content-Transfer-Encoding: quoted-printable\n\n");
        for (size_t i = 0; i < UP_EICAR_BYTES; i++)
                g_string_append_printf(text, "=%02X%s", data[i], i % 20 == 19 ? "=\n" : "");
        g_string_append_c(text, '\n');
        return lines_of(text);
}

/* --- the table -------------------------------------------------------------------------------- */

#define TEXT(subject, rest) .text = UP_SEED_USUAL(subject) rest

#define PGP(what, lines)                                                                           \
        "-----BEGIN PGP " what "-----\n\n" lines "\n=njUN\n-----END PGP " what "-----\n"

const struct up_seed up_seed_mime[] = {
        /* Bodies. */
        { "mime", "plain", "a plain message", TEXT("plain", "\nBob,\n\nall is well.\n") },
        { "mime", "empty-body", "empty body", TEXT("empty body", "\n") },
        { "mime", "no-body", "a header without the empty line", TEXT("no body", "") },
        { "mime", "no-header", "a body without a header", .text = "\nno header\n" },
        { "mime", "lf-only", "lines end with LF", .raw = true,
            TEXT("LF", "Content-Type: multipart/mixed; boundary=b\n\n"
                       "--b\n\none\n--b\nContent-Type: text/html\n\n<b>two</b>\n--b--\n") },
        { "mime", "mixed-line-ends", "lines end with LF, CRLF and CR", .raw = true,
            .text = "From: alice@example.com\r\nSubject: line ends\nX-Cr: a\rb\r\n\r\n"
                    "one\ntwo\r\nthree\rfour\r\r\n" },
        { "mime", "nul-bytes", "NUL bytes in header and body", .make = make_nul_bytes },
        { "mime", "8bit", "8bit",
            TEXT("8bit", "Content-Type: text/plain; charset=iso-8859-1\n"
                         "Content-Transfer-Encoding: 8bit\n\nGr\xfc\xdf"
                         "e aus K\xf6ln\n") },
        { "mime", "quoted-printable", "quoted-printable with soft line ends and small letters",
            TEXT("QP", "Content-Type: text/plain; charset=utf-8\n"
                       "Content-Transfer-Encoding: quoted-printable\n\n"
                       "Gr=C3=BC=c3=9fe =3D =\nsoft = \nodd =4 =ZZ end=20\nlast=") },
        { "mime", "base64", "base64 with blanks, padding inside and text after it",
            TEXT("base64", "Content-Type: text/plain; charset=utf-8\n"
                           "Content-Transfer-Encoding: base64\n\n"
                           "R3LDvMOf\n ZSBhdXM=\nIEvDtmxuCg==\n\n-- \nfooter of a list\n") },
        { "mime", "long-lines", "lines of 997, 998 and 999 bytes", .make = make_long_lines },
        { "mime", "uuencode", "uuencoded text in a plain body",
            TEXT("uuencode", "\nBob,\n\nbegin 644 hello.txt\n-:&5L;&\\@=V]R;&0A\"@  \n`\nend\n") },
        { "mime", "x-uuencode", "transfer encoding x-uuencode",
            TEXT("x-uuencode", "Content-Type: application/octet-stream\n"
                               "Content-Transfer-Encoding: x-uuencode\n\n"
                               "begin 644 hello.txt\n-:&5L;&\\@=V]R;&0A\"@  \n`\nend\n") },
        { "mime", "yenc", "yEnc in a plain body",
            TEXT("yEnc", "\n=ybegin line=128 size=5 name=hello.txt\n"
                         "\x92\x8f\x96\x96\x99\n=yend size=5 crc32=3610a686\n") },
        { "mime", "flowed", "format=flowed with stuffed and quoted lines",
            TEXT("flowed", "Content-Type: text/plain; format=flowed; delsp=yes\n\n"
                           "> quoted \n> and flowed\n From stuffed\n-- \nAlice\n") },
        { "mime", "iso-2022-jp", "a charset with shifts",
            TEXT("=?ISO-2022-JP?B?GyRCRnxLXDhsGyhC?=",
                "Content-Type: text/plain; "
                "charset=iso-2022-jp\n\n\x1b$BF|K\\8l\x1b(B\n\x1b$BF|\n") },
        { "mime", "utf-7", "charset UTF-7",
            TEXT("UTF-7", "Content-Type: text/plain; charset=utf-7\n\nGr+APwA3w-e +AGE-\n") },
        { "mime", "unknown-charset", "a charset that does not exist",
            TEXT("=?x-nowhere?Q?=80?=",
                "Content-Type: text/plain; charset=\"x-nowhere\"\n\n\x80\n") },
        { "mime", "unknown-encoding", "a transfer encoding that does not exist",
            TEXT("encoding", "Content-Transfer-Encoding: x-nothing\n\ntext\n") },

        /* Headers. */
        { "mime", "rfc2047", "encoded words, whole, split and broken",
            TEXT("=?utf-8?Q?Gr=C3=BC?= =?utf-8?B?w59l?=\n =?iso-8859-1?q?_aus_K=F6ln?=",
                "From: =?utf-8?B?w4RsaWNl?= (=?utf-8?Q?=C3=84?=) <alice@example.com>\n"
                "Comments: =?utf-8?Q?broken =?utf-8?X?a?= =?utf-8?B?=C3?= =?utf-8*de?Q?a?=\n"
                "\ntext\n") },
        { "mime", "rfc2231", "parameters in pieces, with charset and language",
            TEXT("parameters", "Content-Type: application/octet-stream;\n"
                               " name*0*=utf-8'de'Gr%C3%BC; name*1*=%C3%9Fe; name*2=\".txt\"\n"
                               "Content-Disposition: attachment; filename*=iso-8859-1''%a3.txt;\n"
                               " filename=\"pound.txt\"; size=\"6\";\n"
                               " creation-date=\"Sun, 01 Jun 2025 12:00:00 +0000\"\n\ntext\n") },
        { "mime", "rfc2231-odd", "parameters in pieces: missing, doubled, out of order, huge",
            TEXT("odd parameters", "Content-Type: text/plain; a*1=one; a*0=zero; a*3=three;\n"
                                   " b*0*=x'y; b*999999999999=z; c*=''%; c*=again; *=; d*0;\n"
                                   " charset*=us-ascii'en-us'utf-8\n\ntext\n") },
        { "mime", "rfc6532", "raw UTF-8 in header and addresses",
            .text = "From: Ärni <ärni@exämple.com>\nTo: 用户@例子.example\nSubject: Grüße\n"
                    "MIME-Version: 1.0\nContent-Type: text/plain; name=\"ß.txt\"\n\ntext\n" },
        { "mime", "address-groups", "groups, nested comments, routes, quoted pairs",
            .text = "From: \"Al\\\"ice\" (a (nested \\) comment)) <@a,@b:alice@example.com>\n"
                    "To: friends: Bob <bob@example.com>, \"C, D\" <c@example.com>;,\n"
                    " undisclosed-recipients:;, e@[127.0.0.1], <f@g>\n"
                    "Cc: a: b: c@example.com;;, <<d@example.com>>, @, , e at example.com\n"
                    "Bcc:\nReply-To: =?utf-8?Q?group?=: x@example.com;\n\ntext\n" },
        { "mime", "duplicate-content-type", "two Content-Type headers",
            TEXT("duplicate", "Content-Type: text/plain\n"
                              "Content-Type: multipart/mixed; boundary=b\n\n"
                              "--b\n\nhidden or not\n--b--\n") },
        { "mime", "duplicate-parameters", "two boundaries, two charsets",
            TEXT("duplicate", "Content-Type: multipart/mixed; boundary=a; boundary=b\n\n"
                              "--a\nContent-Type: text/plain; charset=utf-8; charset=utf-16\n\n"
                              "one\n--b\n\ntwo\n--a--\n--b--\n") },
        { "mime", "duplicate-headers", "two From, two Subject, two transfer encodings",
            TEXT("first", "From: mallory@example.net\nSubject: second\n"
                          "Content-Transfer-Encoding: base64\n"
                          "Content-Transfer-Encoding: quoted-printable\n\nPT09\n") },
        { "mime", "odd-headers", "blanks before colons, no names, folded blanks, mbox line",
            .text = "From alice@example.com Sun Jun  1 12:00:00 2025\nFrom : alice@example.com\n"
                    "Subject:\n \n\t\n: no name\nno colon at all\nX-Empty:\nDate: yesterday\n"
                    "Message-ID: <a@b> <c@[d]> junk\nReferences: <a@b><c@d>\n\t<e@f\n"
                    "Content-Type: text/; charset\nContent-Transfer-Encoding: BASE64 (x)\n\n"
                    "Zm9v\n" },
        { "mime", "dates", "dates old, odd and impossible",
            .text = "Date: Thu, 31 Feb 1969 25:61:61 -9999\nResent-Date: 1 Jan 70 00:00 EST\n"
                    "Date: Fri, 1 Jan 99999 00:00:00 (comment) +0000\nFrom: a@example.com\n\n\n" },
        { "mime", "list-headers", "headers of a mailing list and of transport",
            TEXT("[seeds] list", "Return-Path: <seeds-bounces@lists.example.org>\n"
                                 "Received: from a.example.com (a [192.0.2.1]) by b.example.org\n"
                                 "\twith ESMTPS id 4711 for <bob@example.com>;\n"
                                 "\tSun, 1 Jun 2025 12:00:00 +0000 (UTC)\n"
                                 "List-Id: Seeds <seeds.lists.example.org>\n"
                                 "List-Unsubscribe: <mailto:u@example.org>,\n"
                                 " <https://lists.example.org/u>\n"
                                 "List-Unsubscribe-Post: List-Unsubscribe=One-Click\n"
                                 "Precedence: list\nAuto-Submitted: auto-generated\n"
                                 "DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=s;\n"
                                 "\th=from:to; bh=AA==; b=AA==\n\ntext\n") },
        { "mime", "autocrypt", "Autocrypt header, whole and broken",
            TEXT("autocrypt", "Autocrypt: addr=alice@example.com; prefer-encrypt=mutual;\n"
                              " keydata=mDMEZ/////8WCSsGAQQB2kcPAQEHQAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
                              " AAAAAAAAAAAAAAA=\n"
                              "Autocrypt: addr=; keydata=%%%\n"
                              "Autocrypt-Gossip: addr=bob@example.com; keydata=AA==\n\ntext\n") },

        /* Multiparts. */
        { "mime", "preamble-epilogue", "preamble and epilogue",
            TEXT("around", "Content-Type: multipart/mixed; boundary=\"a b\"\n\n"
                           "This is a message in MIME format.\n--a bc\nnot a boundary\n"
                           "--a b \t\n\none\n--a b--\nepilogue\n--a b\nnot a part\n") },
        { "mime", "boundary-prefix", "an inner boundary that begins as the outer one",
            TEXT("prefix", "Content-Type: multipart/mixed; boundary=b\n\n--b\n"
                           "Content-Type: multipart/alternative; boundary=bb\n\n"
                           "--bb\n\none\n--b\n\ntwo\n--bb--\n--b--\n") },
        { "mime", "same-boundary", "an inner boundary that is the outer one",
            TEXT("same", "Content-Type: multipart/mixed; boundary=b\n\n--b\n"
                         "Content-Type: multipart/mixed; boundary=b\n\n"
                         "--b\n\none\n--b--\n--b\n\ntwo\n--b--\n") },
        { "mime", "no-closing-line", "a multipart that does not end",
            TEXT("open", "Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b\n"
                         "Content-Type: text/plain\n") },
        { "mime", "no-parts", "multiparts without parts and without boundary",
            TEXT("none", "Content-Type: multipart/mixed; boundary=b\n\n"
                         "--b\nContent-Type: multipart/mixed\n\n--\n\n"
                         "--b\nContent-Type: multipart/mixed; boundary=\"\"\n\n--\n--\n--b--\n") },
        { "mime", "alternative", "plain text and HTML",
            TEXT("alternative", "Content-Type: multipart/alternative; boundary=b\n\n"
                                "--b\nContent-Type: text/plain\n\nhello\n"
                                "--b\nContent-Type: text/html; charset=utf-8\n\n"
                                "<!DOCTYPE html><p>hello &amp; <a href=\"//example.com\">bye</a>\n"
                                "--b--\n") },
        { "mime", "html-cid", "HTML with an image inside",
            TEXT("picture", "Content-Type: multipart/related; type=\"text/html\"; boundary=b;\n"
                            " start=\"<html@example.com>\"\n\n"
                            "--b\nContent-Type: text/html\nContent-ID: <html@example.com>\n\n"
                            "<img src=\"cid:dot@example.com\">\n"
                            "--b\nContent-Type: image/png\nContent-ID: <dot@example.com>\n"
                            "Content-Disposition: inline\n"
                            "Content-Transfer-Encoding: base64\n\n" UP_SEED_PNG "--b--\n") },
        { "mime", "digest", "multipart/digest",
            TEXT("digest", "Content-Type: multipart/digest; boundary=b\n\n"
                           "--b\n\nFrom: a@example.com\nSubject: one\n\nfirst\n"
                           "--b\nContent-Type: message/rfc822\n\nSubject: two\n\nsecond\n"
                           "--b--\n") },
        { "mime", "calendar", "an invitation",
            TEXT("invitation", "Content-Type: text/calendar; charset=utf-8; method=REQUEST\n"
                               "Content-Disposition: attachment; filename=\"invite.ics\"\n\n"
                               "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//unpend//seeds//EN\n"
                               "METHOD:REQUEST\nBEGIN:VEVENT\nUID:1@example.com\n"
                               "DTSTAMP:20250601T120000Z\nDTSTART:20250602T120000Z\n"
                               "ORGANIZER:mailto:alice@example.com\n"
                               "ATTENDEE;RSVP=TRUE:mailto:bob@example.com\n"
                               "SUMMARY:The minutes\nEND:VEVENT\nEND:VCALENDAR\n") },
        { "mime", "nesting-1023", "1023 multiparts inside each other: within GMime's limit",
            .make = make_nesting_1023 },
        { "mime", "nesting-1024", "1024 multiparts inside each other: GMime's limit",
            .make = make_nesting_1024 },
        { "mime", "nesting-1025", "1025 multiparts inside each other: beyond GMime's limit",
            .make = make_nesting_1025 },
        { "mime", "nesting-rfc822", "512 messages inside each other: GMime's limit",
            .make = make_nesting_rfc822 },

        /* Messages about messages, and from other worlds. */
        { "mime", "partial", "message/partial, the second of three",
            TEXT("part 2 of 3", "Content-Type: message/partial; id=\"abc@example.com\";\n"
                                " number=2; total=3\n\nthe middle of it\n") },
        { "mime", "partial-odd", "message/partial with numbers out of order",
            TEXT("part 9 of 0", "Content-Type: message/partial; id=; number=99999999999; total=-1\n"
                                "\nContent-Type: text/plain\n\nall\n") },
        { "mime", "external-body", "message/external-body",
            TEXT("elsewhere", "Content-Type: message/external-body; access-type=URL;\n"
                              " URL=\"https://example.com/a\"\n\n"
                              "Content-Type: image/png\nContent-ID: <x@example.com>\n\n") },
        { "mime", "dsn", "a delivery status notification",
            TEXT("Undelivered Mail Returned to Sender",
                "Auto-Submitted: auto-replied\n"
                "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"
                "--b\nContent-Type: text/plain\n\nIt could not be delivered.\n"
                "--b\nContent-Type: message/delivery-status\n\n"
                "Reporting-MTA: dns; mx.example.com\nArrival-Date: Sun, 1 Jun 2025 12:00:00 +0000\n"
                "\nOriginal-Recipient: rfc822;bob@example.com\n"
                "Final-Recipient: rfc822;bob@example.com\nAction: failed\nStatus: 5.1.1\n"
                "Diagnostic-Code: smtp; 550 5.1.1 no such user\n"
                "\nFinal-Recipient: utf-8;b\\x{F6}b@example.com\nAction: delayed\nStatus: 4.0.0\n\n"
                "--b\nContent-Type: text/rfc822-headers\n\n" UP_SEED_USUAL("lost") "\n--b--\n") },
        { "mime", "mdn", "a message disposition notification",
            TEXT("Disposition notification",
                "Content-Type: multipart/report; report-type=disposition-notification; boundary=b\n"
                "\n--b\nContent-Type: text/plain\n\nIt was displayed.\n"
                "--b\nContent-Type: message/disposition-notification\n\n"
                "Reporting-UA: mail.example.com; unpend\n"
                "Final-Recipient: rfc822;bob@example.com\n"
                "Original-Message-ID: <seed@example.com>\n"
                "Disposition: manual-action/MDN-sent-manually; displayed/error\n\n"
                "--b\nContent-Type: message/rfc822\n\n" UP_SEED_USUAL("read") "\nread\n--b--\n") },
        { "mime", "feedback-report", "an abuse report",
            TEXT("abuse",
                "Content-Type: multipart/report; report-type=feedback-report; boundary=b\n"
                "\n--b\n\nabuse\n--b\nContent-Type: message/feedback-report\n\n"
                "Feedback-Type: abuse\nUser-Agent: unpend/1\nVersion: 1\n\n"
                "--b\nContent-Type: message/rfc822\n\nSubject: spam\n\nspam\n--b--\n") },
        { "mime", "tnef", "TNEF with an attachment", .make = make_tnef },
        { "mime", "pgp-signed", "PGP/MIME, signed",
            TEXT("PGP signed",
                "Content-Type: multipart/signed; micalg=pgp-sha256; boundary=b;\n"
                " protocol=\"application/pgp-signature\"\n\n"
                "--b\nContent-Type: text/plain\n\nsigned\n"
                "--b\nContent-Type: application/pgp-signature; name=signature.asc\n\n" PGP(
                    "SIGNATURE", "iHUEARYIAB0WIQQAAAAAAAAAAAAAAAAAAAAAAAAAAA==") "--b--\n") },
        { "mime", "pgp-encrypted", "PGP/MIME, encrypted",
            TEXT("PGP encrypted", "Content-Type: multipart/encrypted; boundary=b;\n"
                                  " protocol=\"application/pgp-encrypted\"\n\n"
                                  "--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n"
                                  "--b\nContent-Type: application/octet-stream\n\n" PGP("MESSAGE",
                                      "hF4DAAAAAAAAAAASAQdAAAAAAAAAAAAAAAAAAAAAAAAA") "--b--\n") },
        { "mime", "pgp-inline", "PGP without MIME",
            TEXT("PGP inline", "\n-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n"
                               "- -- dashed\nsigned\n" PGP(
                                   "SIGNATURE", "iHUEARYIAB0WIQQAAAAAAAAAAAAAAAAAAAAAAAAAAA==")) },

        /* What a scanner has to find. */
        { "mime", "eicar", "EICAR as the body", .infected = true, TEXT("EICAR", "\n{{EICAR}}\n") },
        { "mime", "eicar-attached", "EICAR as an attachment", .infected = true,
            TEXT("EICAR", "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nsee there\n--b\n"
                          "Content-Type: application/octet-stream; name=\"eicar.com\"\n"
                          "Content-Disposition: attachment; filename=\"eicar.com\"\n\n"
                          "{{EICAR}}\n--b--\n") },
        { "mime", "eicar-forwarded", "EICAR in a message in a message", .infected = true,
            TEXT("EICAR", "Content-Type: message/rfc822\n\nSubject: inner\n\n{{EICAR}}\n") },
        { "mime", "eicar-epilogue", "EICAR where no part is", .infected = true,
            TEXT("EICAR", "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nclean\n--b--\n"
                          "{{EICAR}}\n") },
        { "mime", "eicar-base64", "EICAR in base64", .infected = true, .make = make_eicar_base64 },
        { "mime", "eicar-qp", "EICAR in quoted-printable", .infected = true,
            .make = make_eicar_qp },
};
const size_t up_seed_mime_count = G_N_ELEMENTS(up_seed_mime);
