/*
 * notices - is every failure reported once, and does no notice cause another?
 *
 * A notice is a message with a parent. Its message/delivery-status part names the recipients that
 * it reports on, in fields Final-Recipient (RFC 3464 section 2.3.2); only that part counts, because
 * the returned message may hold any such line. The bytes of a notice are seen when it is scanned or
 * sent. One that never was is taken to be complete.
 *
 * BUGS: an address that is not ASCII may be spelled differently (another Unicode normalisation,
 * A-labels), and one longer than a path may be (RFC 5321 section 4.5.3.1.3) truncated. If no notice
 * names such a recipient it counts as reported if there is any notice.
 */
#include "oracle/oracles.h"

#include <string.h>

#include "mail/entity.h"
#include "mail/header.h"

/* --- recipients named in a notice ------------------------------------------------------------- */

/* RFC 5321 section 4.5.3.1.3. */
#define PATH_BYTES 256

/* RFC 6533 section 3: `\x{3D}` is an equals sign. Anything else stays as it is. */
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
        bool unseen;      /* the bytes of one of them were never seen */
};

/* By message: the bytes of each notice that was scanned or sent; borrowed. */
static GBytes **notice_bytes(const struct up_ledger_index *index)
{
        GBytes **bytes = g_new0(GBytes *, index->messages->len + 1);

        for (guint i = 0; i < index->requests->len; i++) {
                const struct up_index_request *request = up_index_request(index, i);
                if (request->message != NULL && request->message->parent_id != 0)
                        bytes[request->message->place] = request->asked->bytes;
        }
        return bytes;
}

/* Must the failure of a recipient be reported? */
static bool is_owed_notices(const struct up_index_message *message)
{
        return message->accepted && *message->submit->as.submit.from != '\0' &&
               message->submit->as.submit.notify && !message->maybe_infected;
}

/* Counts by recipient of the parent how many notices name it. */
static void count_names(const struct up_index_message *parent, GBytes *notice, unsigned *named)
{
        g_autoptr(GHashTable) names = names_in(notice);

        for (const struct up_index_recipient *recipient = parent->first_recipient;
             recipient != NULL; recipient = recipient->next) {
                g_autofree char *lower =
                    recipient->to != NULL ? g_ascii_strdown(recipient->to, -1) : NULL;
                if (lower != NULL && g_hash_table_contains(names, lower))
                        named[recipient->place]++;
        }
}

static void read_notices(
    const struct up_ledger_index *index, struct report *reports, unsigned *named)
{
        g_autofree GBytes **bytes = notice_bytes(index);

        for (guint i = 0; i < index->messages->len; i++) {
                const struct up_index_message *parent = up_index_message(index, i)->parent;
                if (parent == NULL)
                        continue;
                reports[parent->place].notices++;
                if (bytes[i] == NULL)
                        reports[parent->place].unseen = true;
                else if (is_owed_notices(parent))
                        count_names(parent, bytes[i], named);
        }
}

/* An envelope may have an address more than once, and each of them may fail by itself. */
static unsigned times_given(const struct up_index_recipient *recipient)
{
        unsigned times = 0;

        for (const struct up_index_recipient *other = recipient->message->first_recipient;
             other != NULL; other = other->next)
                times += other->to != NULL && g_ascii_strcasecmp(other->to, recipient->to) == 0;
        return times;
}

/* What is wrong; NULL: nothing. */
static const char *notice_problem(
    const struct report *report, const struct up_index_recipient *recipient, unsigned named)
{
        const char *to = recipient->to;

        if (named > 1 && named > times_given(recipient))
                return "reported more than once";
        if (named > 0 || report->unseen)
                return NULL;
        if (report->notices == 0)
                return "bounced without a notice";
        return to == NULL || !g_str_is_ascii(to) || strlen(to) > PATH_BYTES
                   ? NULL
                   : "bounced, and no notice names it";
}

uint64_t up_judge_no_notice(const struct up_ledger_index *index, GPtrArray *findings)
{
        g_autofree struct report *reports = g_new0(struct report, index->messages->len + 1);
        g_autofree unsigned *named = g_new0(unsigned, index->recipients->len + 1);
        uint64_t judged = 0;

        read_notices(index, reports, named);
        for (guint i = 0; i < index->recipients->len; i++) {
                const struct up_index_recipient *recipient = up_index_recipient(index, i);
                const struct up_index_change *last = recipient->last_change;
                const struct report *report = &reports[recipient->message->place];

                if (last == NULL || last->view->disposition != UP_DISPOSITION_BOUNCED ||
                    !is_owed_notices(recipient->message))
                        continue;
                judged++;
                const char *problem = notice_problem(report, recipient, named[i]);
                if (problem != NULL)
                        up_report(index, findings, UP_CLASS_NO_NOTICE, recipient->message,
                            recipient, last->entry, problem, "%s; the message has %u notices",
                            problem, report->notices);
        }
        return judged;
}

/* --- loops ------------------------------------------------------------------------------------ */

static const char *loop_problem(const struct up_index_message *notice)
{
        if (notice->parent != NULL && notice->parent->parent_id != 0)
                return "a notice on a notice";
        if (notice->parent != NULL && g_strcmp0(notice->parent->from, "") == 0)
                return "a notice to the null sender";
        /* RFC 5321 section 4.5.5: with a sender, its own failure would be reported. */
        return notice->from != NULL && *notice->from != '\0' ? "a notice with a sender" : NULL;
}

uint64_t up_judge_notice_loop(const struct up_ledger_index *index, GPtrArray *findings)
{
        uint64_t judged = 0;

        for (guint i = 0; i < index->messages->len; i++) {
                const struct up_index_message *message = up_index_message(index, i);
                if (message->parent_id == 0)
                        continue;
                judged++;
                const char *problem = loop_problem(message);
                if (problem != NULL)
                        up_report(index, findings, UP_CLASS_NOTICE_LOOP, message, NULL,
                            message->born, problem, "it is %s", problem);
        }
        return judged;
}

/* RFC 5321 section 6.3 wants a limit of at least 100; the policy's is at most that. */
#define MOST_HOPS 100

uint64_t up_judge_mail_loop(const struct up_ledger_index *index, GPtrArray *findings)
{
        uint64_t judged = 0;

        for (guint at = 0; at < index->ledger->entries->len; at++) {
                const struct up_entry *entry = up_index_entry(index, at);

                if (entry->kind != UP_ENTRY_SUBMIT || !entry->as.submit.copy)
                        continue;
                judged++;
                if (entry->as.submit.receipt == UP_RECEIPT_ACCEPTED &&
                    entry->as.submit.hops > MOST_HOPS)
                        up_report(index, findings, UP_CLASS_MAIL_LOOP, index->subjects[at].message,
                            NULL, at, "a looping copy was accepted",
                            "it was accepted after %u hops", entry->as.submit.hops);
        }
        return judged;
}
