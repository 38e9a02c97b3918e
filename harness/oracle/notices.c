/*
 * notices - is every failure reported, once, and does no report breed another?
 *
 * A notice is a message with a parent. Whom it reports on stands in its message/delivery-status
 * part, in fields Final-Recipient (RFC 3464 section 2.3.2); only there, for the message that is
 * returned with it may hold any such line. Its bytes are seen when it is scanned or sent. Of one
 * that never was nothing is known but that it exists, and so it is believed to be complete.
 *
 * BUGS: an address that is not ASCII may stand there in other letters (of another form of Unicode,
 * or as A-labels), and one longer than a path may be (RFC 5321 section 4.5.3.1.3) cut short. Where
 * no notice names such a recipient it counts as reported if there is any notice.
 */
#include "oracle/themes.h"

#include <string.h>

#include "mail/entity.h"
#include "mail/header.h"

/* --- whom a notice names ---------------------------------------------------------------------- */

/* RFC 5321 section 4.5.3.1.3. */
#define PATH_BYTES 256

/* RFC 6533 section 3: `\x{3D}` is an equals sign. What is no such escape stays as it is. */
static char *unescaped(const char *address)
{
        GString *text = g_string_new(NULL);

        while (*address != '\0') {
                char *end = NULL;
                guint64 c = 0;
                if (g_str_has_prefix(address, "\\x{") && g_ascii_isxdigit(address[3]))
                        c = g_ascii_strtoull(address + 3, &end, 16);
                if (end != NULL && *end == '}' && c <= 0x10ffff &&
                    g_unichar_validate((gunichar)c)) {
                        g_string_append_unichar(text, (gunichar)c);
                        address = end + 1;
                } else {
                        g_string_append_c(text, *address++);
                }
        }
        return g_string_free(text, FALSE);
}

/* Adds the address of `Final-Recipient: TYPE; ADDRESS`, in lower case. */
static void add_address(GHashTable *names, const char *value)
{
        g_auto(GStrv) halves = g_strsplit(value, ";", 2);

        if (g_strv_length(halves) < 2)
                return;
        bool escaped = g_ascii_strcasecmp(g_strstrip(halves[0]), "utf-8") == 0;
        g_autofree char *address =
            escaped ? unescaped(g_strstrip(halves[1])) : g_strdup(g_strstrip(halves[1]));
        g_hash_table_add(names, g_ascii_strdown(address, -1));
}

/* The fields of a status part stand in groups between empty lines (RFC 3464 section 2.1). */
static void add_fields(GHashTable *names, const char *data, struct up_slice status)
{
        while (status.begin < status.end) {
                struct up_header group = up_header_in(data, status);
                struct up_field field;

                while (up_header_find(&group, "Final-Recipient", &field)) {
                        g_autoptr(GString) value = up_field_value(data, &field);
                        add_address(names, value->str);
                }
                status.begin = up_line_at(data, status.end, group.at).next;
        }
}

static GHashTable *names_in(GBytes *notice)
{
        GHashTable *names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        struct up_limits limits;
        struct up_observations observed;

        up_limits_init(&limits);
        up_observations_init(&observed, &limits, 0);
        g_autoptr(GPtrArray) entities = up_entities_read(notice, &observed);
        for (guint i = 0; i < entities->len; i++) {
                const struct up_entity *entity = g_ptr_array_index(entities, i);
                if (entity->parent != 0 ||
                    (!g_mime_content_type_is_type(entity->type, "message", "delivery-status") &&
                        !g_mime_content_type_is_type(
                            entity->type, "message", "global-delivery-status")))
                        continue;
                add_fields(names, g_bytes_get_data(notice, NULL), entity->body);
        }
        up_observations_clear(&observed);
        return names;
}

/* --- no-notice -------------------------------------------------------------------------------- */

struct report {
        unsigned notices; /* on the message */
        bool unseen;      /* one of them was never shown */
};

/* By message: the bytes of each notice that was scanned or sent; borrowed. */
static GBytes **notice_bytes(const struct up_account *account)
{
        GBytes **bytes = g_new0(GBytes *, account->messages->len + 1);

        for (guint i = 0; i < account->requests->len; i++) {
                guint message = up_account_request_at(account, i)->message;
                if (message != UP_NOWHERE && up_account_message_at(account, message)->parent != 0)
                        bytes[message] =
                            up_ledger_at(account->ledger, up_account_request_at(account, i)->asked)
                                ->bytes;
        }
        return bytes;
}

static const struct up_account_change *last_of(const struct up_account *account, guint recipient)
{
        guint last = up_account_recipient_at(account, recipient)->last_change;

        return last != UP_NOWHERE ? up_account_change_at(account, last) : NULL;
}

/* Must somebody be told if a recipient of it has failed? */
static bool is_owed_notices(const struct up_account_message *message)
{
        return message->accepted && *message->submit->as.submit.from != '\0' &&
               message->submit->as.submit.notify && !message->maybe_infected;
}

/* Counts by recipient of the parent in how many notices it is named. */
static void count_names(const struct up_account *account, const struct up_account_message *parent,
    GBytes *notice, unsigned *named)
{
        g_autoptr(GHashTable) names = names_in(notice);

        for (guint i = parent->first_recipient; i != UP_NOWHERE;
             i = up_account_recipient_at(account, i)->next) {
                const char *to = up_account_recipient_at(account, i)->to;
                g_autofree char *lower = to != NULL ? g_ascii_strdown(to, -1) : NULL;
                if (lower != NULL && g_hash_table_contains(names, lower))
                        named[i]++;
        }
}

static void read_notices(const struct up_account *account, struct report *reports, unsigned *named)
{
        g_autofree GBytes **bytes = notice_bytes(account);

        for (guint i = 0; i < account->messages->len; i++) {
                guint parent = up_account_message_at(account, i)->parent_message;
                if (parent == UP_NOWHERE)
                        continue;
                reports[parent].notices++;
                if (bytes[i] == NULL)
                        reports[parent].unseen = true;
                else if (is_owed_notices(up_account_message_at(account, parent)))
                        count_names(
                            account, up_account_message_at(account, parent), bytes[i], named);
        }
}

/* An address may stand in an envelope more than once, and each of them may fail by itself. */
static unsigned times_given(
    const struct up_account *account, const struct up_account_recipient *recipient)
{
        unsigned times = 0;

        for (guint i = up_account_message_at(account, recipient->message)->first_recipient;
             i != UP_NOWHERE; i = up_account_recipient_at(account, i)->next) {
                const char *to = up_account_recipient_at(account, i)->to;
                times += to != NULL && g_ascii_strcasecmp(to, recipient->to) == 0;
        }
        return times;
}

/* What is wrong; NULL: nothing. */
static const char *unreported(const struct up_account *account, const struct report *report,
    const struct up_account_recipient *recipient, unsigned named)
{
        const char *to = recipient->to;

        if (named > 1 && named > times_given(account, recipient))
                return "reported more than once";
        if (named > 0 || report->unseen)
                return NULL;
        if (report->notices == 0)
                return "bounced without a notice";
        return to == NULL || !g_str_is_ascii(to) || strlen(to) > PATH_BYTES
                   ? NULL
                   : "bounced, and no notice names it";
}

uint64_t up_judge_no_notice(const struct up_account *account, GPtrArray *findings)
{
        g_autofree struct report *reports = g_new0(struct report, account->messages->len + 1);
        g_autofree unsigned *named = g_new0(unsigned, account->recipients->len + 1);
        uint64_t judged = 0;

        read_notices(account, reports, named);
        for (guint i = 0; i < account->recipients->len; i++) {
                const struct up_account_recipient *recipient = up_account_recipient_at(account, i);
                const struct up_account_change *last = last_of(account, i);

                if (last == NULL || last->view->disposition != UP_DISPOSITION_BOUNCED ||
                    !is_owed_notices(up_account_message_at(account, recipient->message)))
                        continue;
                judged++;
                const char *what =
                    unreported(account, &reports[recipient->message], recipient, named[i]);
                if (what != NULL)
                        up_account_find(account, findings, UP_CLASS_NO_NOTICE, recipient->message,
                            i, last->entry, what, "%s; there are %u notices on the message", what,
                            reports[recipient->message].notices);
        }
        return judged;
}

/* --- loops ------------------------------------------------------------------------------------ */

static const char *loop_of(
    const struct up_account *account, const struct up_account_message *notice)
{
        if (notice->parent_message != UP_NOWHERE) {
                const struct up_account_message *parent =
                    up_account_message_at(account, notice->parent_message);
                if (parent->parent != 0)
                        return "a notice on a notice";
                if (parent->from != NULL && *parent->from == '\0')
                        return "a notice to the null sender";
        }
        /* RFC 5321 section 4.5.5: else its own failure would be reported. */
        return notice->from != NULL && *notice->from != '\0' ? "a notice with a sender" : NULL;
}

uint64_t up_judge_notice_loop(const struct up_account *account, GPtrArray *findings)
{
        uint64_t judged = 0;

        for (guint i = 0; i < account->messages->len; i++) {
                const struct up_account_message *message = up_account_message_at(account, i);
                if (message->parent == 0)
                        continue;
                judged++;
                const char *what = loop_of(account, message);
                if (what != NULL)
                        up_account_find(account, findings, UP_CLASS_NOTICE_LOOP, i, UP_NOWHERE,
                            message->born, what, "it is %s", what);
        }
        return judged;
}

/* RFC 5321 section 6.3 wants a limit of at least 100; the policy's is at most that. */
#define MOST_HOPS 100

uint64_t up_judge_mail_loop(const struct up_account *account, GPtrArray *findings)
{
        uint64_t judged = 0;

        for (guint at = 0; at < account->ledger->entries->len; at++) {
                const struct up_entry *entry = up_ledger_at(account->ledger, at);

                if (entry->kind != UP_ENTRY_SUBMIT || !entry->as.submit.copy)
                        continue;
                judged++;
                if (entry->as.submit.receipt == UP_RECEIPT_ACCEPTED &&
                    entry->as.submit.hops > MOST_HOPS)
                        up_account_find(account, findings, UP_CLASS_MAIL_LOOP,
                            account->subjects[at], UP_NOWHERE, at, "a copy was taken in again",
                            "it came back for the %uth time, and was accepted",
                            entry->as.submit.hops);
        }
        return judged;
}
