/*
 * notice - composes a delivery status notification (RFC 3464)
 *
 * Three kinds of untrusted text go into a notice, each through one function: addresses, escaped as
 * in RFC 6533 where they are not plain ASCII (a line end becomes \x{0D}); one line of text for each
 * failure; and the header of the original, in quoted-printable where it is not plain.
 *
 * No content can contain the boundary: it begins with "=_", which does not occur in
 * quoted-printable, and text that contains the beginning of a boundary is encoded.
 *
 * BUGS: a sender address that needs quoting is left out of To, which then has no address.
 */
#include "scan_submit/notice.h"

#include <stdbool.h>
#include <string.h>

#include "mail/compose.h"
#include "mail/header.h"
#include "mail/quoted_printable.h"
#include "scan_submit/received.h"

#define BOUNDARY_BEGINNING "=_unpend."

/* RFC 5322 section 2.1.1, and RFC 2045 section 6.7: without the line end. */
#define LINE_BYTES   998
#define QUOTED_BYTES 76

/* --- foreign text ----------------------------------------------------------------------------- */

/* Can the address stand in Final-Recipient as it is? */
static bool is_plain_address(const char *address)
{
        size_t bytes = 0;

        for (; g_ascii_isprint(address[bytes]); bytes++)
                ;
        return address[bytes] == '\0' && bytes > 0 && bytes <= UP_NOTICE_ADDRESS_BYTES &&
               address[0] != ' ' && address[bytes - 1] != ' ' &&
               strstr(address, BOUNDARY_BEGINNING) == NULL;
}

/* RFC 6533 section 3, utf-8-addr-xtext: what may not stand in it, and what begins an escape. */
static bool must_be_escaped(gunichar c)
{
        return c <= ' ' || c >= 0x7f || c == '+' || c == '=' || c == '\\';
}

static char *escaped_address(const char *address)
{
        GString *text = g_string_new(NULL);

        while (*address != '\0' && text->len <= UP_NOTICE_ADDRESS_BYTES) {
                gunichar c = g_utf8_get_char_validated(address, -1);
                bool is_valid = c < 0x110000;
                if (!is_valid)
                        c = 0xfffd;
                if (must_be_escaped(c))
                        g_string_append_printf(text, "\\x{%02X}", c);
                else
                        g_string_append_c(text, (char)c);
                address = is_valid ? g_utf8_next_char(address) : address + 1;
        }
        if (*address != '\0')
                g_string_append(text, "...");
        return g_string_free(text, FALSE);
}

static char *shown_address(const char *address)
{
        return is_plain_address(address) ? g_strdup(address) : escaped_address(address);
}

/* RFC 5322 section 3.4.1 without quoting, or RFC 6532. */
static bool can_stand_in_to(const char *address)
{
        if (!g_utf8_validate(address, -1, NULL) || strlen(address) > UP_NOTICE_ADDRESS_BYTES)
                return false;
        for (const char *at = address; *at != '\0'; at = g_utf8_next_char(at)) {
                gunichar c = g_utf8_get_char(at);
                bool is_special = c < 0x80 && strchr("()<>[]:;,\\\" ", (int)c) != NULL;
                if (is_special || !g_unichar_isprint(c))
                        return false;
        }
        return true;
}

static char *shown_text(const char *text)
{
        char *shown = g_strndup(text, UP_NOTICE_TEXT_BYTES);

        for (char *at = shown; *at != '\0'; at++)
                if (!g_ascii_isprint(*at))
                        *at = '?';
        for (char *hit = shown; (hit = strstr(hit, BOUNDARY_BEGINNING)) != NULL;)
                *hit = '?';
        return shown;
}

/* Does it begin as an SMTP reply? */
static bool is_reply(const char *text)
{
        return (text[0] == '4' || text[0] == '5') && g_ascii_isdigit(text[1]) &&
               g_ascii_isdigit(text[2]) && (text[3] == ' ' || text[3] == '\0');
}

/* A status code of a permanent failure (RFC 3463 section 2). */
static bool is_status(const char *status)
{
        static const char digits[] = "0123456789";
        size_t subject, detail;

        if (!g_str_has_prefix(status, "5."))
                return false;
        subject = strspn(status + 2, digits);
        if (subject < 1 || subject > 3 || status[2 + subject] != '.')
                return false;
        detail = strspn(status + 3 + subject, digits);
        return detail >= 1 && detail <= 3 && status[3 + subject + detail] == '\0';
}

/* --- parts ------------------------------------------------------------------------------------ */

static GBytes *text_part(const struct up_notice *notice)
{
        GString *text = g_string_new("This is the mail system at " UP_RECEIVED_HOST ".\r\n\r\n"
                                     "Your message could not be delivered to:\r\n");
        g_autoptr(GBytes) body = NULL;

        for (unsigned i = 0; i < notice->count; i++) {
                const struct up_notice_failure *failure = &notice->failures[i];
                g_autofree char *address = shown_address(failure->to);
                g_autofree char *why = shown_text(failure->text != NULL ? failure->text : "");
                g_string_append_printf(text, "\r\n    %s\r\n", address);
                if (*why != '\0')
                        g_string_append_printf(text, "        %s\r\n", why);
        }
        g_string_append(text, "\r\nThe header of your message is attached, its body is not.\r\n");
        body = g_string_free_to_bytes(text);
        return up_compose_entity("Content-Type: text/plain; charset=us-ascii\n", body);
}

static void put_failure(GString *status, const struct up_notice_failure *failure)
{
        g_autofree char *address = shown_address(failure->to);

        g_assert(is_status(failure->status));
        g_string_append_printf(status,
            "\r\n"
            "Final-Recipient: %s; %s\r\n"
            "Action: failed\r\n"
            "Status: %s\r\n",
            is_plain_address(failure->to) ? "rfc822" : "utf-8", address, failure->status);
        if (failure->text != NULL && *failure->text != '\0') {
                g_autofree char *text = shown_text(failure->text);
                g_string_append_printf(status, "Diagnostic-Code: %s; %s\r\n",
                    is_reply(text) ? "smtp" : "x-unpend", text);
        }
}

static GBytes *status_part(const struct up_notice *notice)
{
        GString *status = g_string_new("Reporting-MTA: dns; " UP_RECEIVED_HOST "\r\n");
        g_autofree char *arrival = up_received_date(notice->arrival_s);
        g_autoptr(GBytes) body = NULL;

        g_string_append_printf(status, "Arrival-Date: %s\r\n", arrival);
        for (unsigned i = 0; i < notice->count; i++)
                put_failure(status, &notice->failures[i]);
        body = g_string_free_to_bytes(status);
        return up_compose_entity("Content-Type: message/delivery-status\n", body);
}

/*
 * The fields up to the first line that is not one, because parsers disagree whether the rest is
 * header or body. A "From " line of an mbox before them is skipped.
 */
static struct up_slice original_header(GBytes *original)
{
        struct up_header header = up_header_of(original);
        struct up_slice shown = { 0, 0 };
        struct up_field field;

        while (up_header_next(&header, &field)) {
                bool is_field = field.name.end > field.name.begin;
                bool is_mbox_line = !is_field && field.whole.begin == 0 && field.whole.end > 5 &&
                                    memcmp(header.data, "From ", 5) == 0;
                if (is_mbox_line) {
                        shown.begin = shown.end = field.whole.end;
                        continue;
                }
                if (!is_field || field.whole.end - shown.begin > UP_NOTICE_HEADER_BYTES)
                        break;
                shown.end = field.whole.end;
        }
        return shown;
}

static bool is_plain_line(const char *line, size_t bytes)
{
        for (size_t i = 0; i < bytes; i++)
                if (!g_ascii_isprint(line[i]) && line[i] != '\t')
                        return false;
        return bytes <= LINE_BYTES && g_strstr_len(line, (gssize)bytes, BOUNDARY_BEGINNING) == NULL;
}

static bool is_plain(const char *data, struct up_slice lines)
{
        struct up_line line;

        for (size_t at = lines.begin; at < lines.end; at = line.next) {
                line = up_line_at(data, lines.end, at);
                if (!is_plain_line(data + at, line.end - at))
                        return false;
        }
        return true;
}

static GBytes *header_part(const struct up_notice *notice)
{
        const char *data = g_bytes_get_data(notice->original, NULL);
        struct up_slice header = original_header(notice->original);
        bool plain = is_plain(data, header);
        GString *text = g_string_new(NULL);
        g_autoptr(GBytes) body = NULL;
        struct up_line line;

        for (size_t at = header.begin; at < header.end; at = line.next) {
                line = up_line_at(data, header.end, at);
                if (plain)
                        g_string_append_len(text, data + at, (gssize)(line.end - at));
                else
                        up_quoted_printable_append(
                            text, data + at, line.end - at, QUOTED_BYTES, "\r\n");
                g_string_append(text, "\r\n");
        }
        body = g_string_free_to_bytes(text);
        return up_compose_entity(plain ? "Content-Type: text/rfc822-headers\n"
                                       : "Content-Type: text/rfc822-headers\n"
                                         "Content-Transfer-Encoding: quoted-printable\n",
            body);
}

/* --- the message ------------------------------------------------------------------------------ */

static char *notice_header(const struct up_notice *notice)
{
        g_autofree char *date = up_received_date(notice->wall_s);
        g_autofree char *to = can_stand_in_to(notice->sender)
                                  ? g_strdup_printf("<%s>", notice->sender)
                                  : g_strdup("undisclosed-recipients:;");

        return g_strdup_printf("From: Mail Delivery System <MAILER-DAEMON@" UP_RECEIVED_HOST ">\n"
                               "To: %s\n"
                               "Subject: Undelivered Mail Returned to Sender\n"
                               "Date: %s\n"
                               "Message-ID: <notice.%" G_GUINT64_FORMAT ".%u@" UP_RECEIVED_HOST
                               ">\n"
                               "Auto-Submitted: auto-replied\n"
                               "MIME-Version: 1.0\n",
            to, date, notice->parent, notice->serial);
}

GBytes *up_notice_compose(const struct up_notice *notice)
{
        g_autofree char *boundary = g_strdup_printf(
            BOUNDARY_BEGINNING "%" G_GUINT64_FORMAT ".%u", notice->parent, notice->serial);
        g_autofree char *header = notice_header(notice);
        g_autoptr(GBytes) text = text_part(notice);
        g_autoptr(GBytes) status = status_part(notice);
        g_autoptr(GBytes) header_only = header_part(notice);
        GBytes *const parts[] = { text, status, header_only, NULL };
        g_autoptr(GBytes) report =
            up_compose_multipart("multipart/report; report-type=delivery-status", boundary, parts);

        g_assert(notice->count > 0 && *notice->sender != '\0');
        return up_compose_message(header, report);
}
