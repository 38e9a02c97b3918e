/*
 * notices - is every failure reported once, readably, and does no notice cause another?
 *
 * A notice is a message with a parent. Its message/delivery-status part names the recipients that
 * it reports on, in fields Final-Recipient (RFC 3464 section 2.3.2); only that part counts, because
 * the returned message may hold any such line. The bytes of a notice are seen when it is scanned or
 * sent. One that never was is taken to be complete, because it may be given up only after its
 * attempts, or when it cannot be sent: that is judged by itself.
 *
 * BUGS: an address that is not ASCII may be spelled differently (another Unicode normalisation,
 * A-labels), and one longer than a path may be (RFC 5321 section 4.5.3.1.3) truncated. If no notice
 * names such a recipient it counts as reported if there is any notice.
 */
#include "oracle/facts.h"
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

/* The fields of a status part stand in groups between empty lines (RFC 3464 section 2.1). Takes the
 * next one off @rest; false if there is none. */
static bool next_group(const char *data, struct up_slice *rest, struct up_slice *ret_group)
{
        while (rest->begin < rest->end) {
                struct up_header group = up_header_in(data, *rest);
                struct up_slice fields = { rest->begin, rest->begin };
                struct up_field field;

                while (up_header_next(&group, &field))
                        fields.end = group.at;
                rest->begin = up_line_at(data, rest->end, group.at).next;
                *ret_group = fields;
                if (fields.end > fields.begin)
                        return true;
        }
        return false;
}

/* The value of a group's field; NULL: it has none. The caller owns it. */
static char *value_in(const char *data, struct up_slice group, const char *name)
{
        struct up_header header = up_header_in(data, group);
        struct up_field field;

        return up_header_find(&header, name, &field)
                   ? g_string_free(up_field_value(data, &field), FALSE)
                   : NULL;
}

static bool is_failure(const char *data, struct up_slice group)
{
        g_autofree char *action = value_in(data, group, "Action");

        return action != NULL && g_ascii_strcasecmp(action, "failed") == 0;
}

static void add_fields(GHashTable *names, const char *data, struct up_slice status)
{
        struct up_slice group;

        while (next_group(data, &status, &group)) {
                g_autofree char *recipient = value_in(data, group, "Final-Recipient");
                if (recipient != NULL && is_failure(data, group))
                        add_address(names, recipient);
        }
}

static bool is_status_part(const struct up_entity *entity)
{
        return g_mime_content_type_is_type(entity->type, "message", "delivery-status") ||
               g_mime_content_type_is_type(entity->type, "message", "global-delivery-status");
}

/* --- what is wrong with a notice -------------------------------------------------------------- */

static bool is_typed_value(const char *value)
{
        const char *semicolon = value != NULL ? strchr(value, ';') : NULL;

        return semicolon != NULL && semicolon > value && semicolon[1] != '\0';
}

static bool is_action(const char *value)
{
        static const char *const actions[] = { "failed", "delayed", "delivered", "relayed",
                "expanded" };

        for (size_t i = 0; value != NULL && i < G_N_ELEMENTS(actions); i++)
                if (g_ascii_strcasecmp(value, actions[i]) == 0)
                        return true;
        return false;
}

/* RFC 3464 section 2.3.4: three numbers; a comment may follow. */
static bool is_status_code(const char *value)
{
        static const char digits[] = "0123456789";

        if (value == NULL || strchr("245", value[0]) == NULL)
                return false;
        for (unsigned i = 0; i < 3; i++) {
                size_t length = strspn(value, digits);
                if (length < 1 || length > 3 || (i < 2 && value[length] != '.'))
                        return false;
                value += length + (i < 2 ? 1 : 0);
        }
        return *value == '\0' || g_ascii_isspace(*value) || *value == '(';
}

/* What is wrong with the fields; NULL: nothing (RFC 3464 sections 2.2.2, 2.3.2 to 2.3.4). */
static const char *fields_problem(const char *data, struct up_slice status)
{
        struct up_slice group;

        if (!next_group(data, &status, &group))
                return "its status is empty";
        g_autofree char *mta = value_in(data, group, "Reporting-MTA");
        if (!is_typed_value(mta))
                return "no Reporting-MTA";
        if (!next_group(data, &status, &group))
                return "it reports no recipient";
        do {
                g_autofree char *recipient = value_in(data, group, "Final-Recipient");
                g_autofree char *action = value_in(data, group, "Action");
                g_autofree char *code = value_in(data, group, "Status");
                if (!is_typed_value(recipient))
                        return "a recipient without Final-Recipient";
                if (!is_action(action))
                        return "a recipient without Action";
                if (!is_status_code(code))
                        return "a recipient without Status";
        } while (next_group(data, &status, &group));
        return NULL;
}

static bool has_8bit(const char *data, struct up_slice slice)
{
        for (size_t i = slice.begin; i < slice.end; i++)
                if ((data[i] & 0x80) != 0)
                        return true;
        return false;
}

/*
 * What is wrong with the message; NULL: nothing. RFC 6522 section 3: two or three parts, the second
 * the status. It is 7-bit, unless the status is a global one (RFC 6533 section 4); a sender that is
 * not ASCII may stand in the header.
 */
static const char *form_problem(GBytes *notice, const GPtrArray *entities, bool is_ascii)
{
        const struct up_entity *top = g_ptr_array_index(entities, 0), *status = NULL;
        const char *type = g_mime_content_type_get_parameter(top->type, "report-type");
        const char *data = g_bytes_get_data(notice, NULL);
        unsigned parts = 0;

        if (!g_mime_content_type_is_type(top->type, "multipart", "report") || type == NULL ||
            g_ascii_strcasecmp(type, "delivery-status") != 0)
                return "not a multipart/report of a delivery-status";
        for (guint i = 1; i < entities->len; i++) {
                const struct up_entity *entity = g_ptr_array_index(entities, i);
                if (entity->parent == 0 && ++parts == 2)
                        status = entity;
        }
        if (status == NULL || parts > 3 || !is_status_part(status))
                return "its second part of two or three is no status";
        if (status->encoding != GMIME_CONTENT_ENCODING_DEFAULT &&
            status->encoding != GMIME_CONTENT_ENCODING_7BIT)
                return "its status is encoded";
        if (g_mime_content_type_is_type(status->type, "message", "delivery-status") &&
            has_8bit(data,
                (struct up_slice){ is_ascii ? 0 : top->header.end, g_bytes_get_size(notice) }))
                return "it has 8-bit content";
        return fields_problem(data, status->body);
}

/* --- reading a notice once -------------------------------------------------------------------- */

struct reading {
        GHashTable *names;   /* reported as failed, in lower case */
        const char *problem; /* of its form; NULL: none */
};

static void reading_free(void *data)
{
        struct reading *reading = data;

        g_hash_table_unref(reading->names);
        g_free(reading);
}

static struct reading *read_notice(GBytes *notice, bool is_ascii)
{
        struct reading *reading = g_new(struct reading, 1);
        struct up_limits limits;
        struct up_observations observed;

        up_limits_init(&limits);
        up_observations_init(&observed, &limits, 0);
        g_autoptr(GPtrArray) entities = up_entities_read(notice, &observed);
        reading->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        for (guint i = 0; i < entities->len; i++) {
                const struct up_entity *entity = g_ptr_array_index(entities, i);
                if (entity->parent == 0 && is_status_part(entity))
                        add_fields(reading->names, g_bytes_get_data(notice, NULL), entity->body);
        }
        reading->problem = form_problem(notice, entities, is_ascii);
        up_observations_clear(&observed);
        return reading;
}

/* Several oracles read the notices of a ledger. Borrowed from the index. */
static const struct reading *reading_of(
    const struct up_ledger_index *index, const struct up_index_message *notice, GBytes *bytes)
{
        const struct up_index_message *parent = notice->parent;
        bool is_ascii = parent == NULL || parent->from == NULL || g_str_is_ascii(parent->from);
        GHashTable *readings = g_datalist_get_data(index->kept, "readings of notices");

        if (readings == NULL) {
                readings = g_hash_table_new_full(NULL, NULL, NULL, reading_free);
                g_datalist_set_data_full(index->kept, "readings of notices", readings,
                    (GDestroyNotify)g_hash_table_unref);
        }
        struct reading *reading = g_hash_table_lookup(readings, bytes);
        if (reading == NULL) {
                reading = read_notice(bytes, is_ascii);
                g_hash_table_insert(readings, bytes, reading);
        }
        return reading;
}

static bool is_named(GHashTable *names, const struct up_index_recipient *recipient)
{
        g_autofree char *lower = recipient->to != NULL ? g_ascii_strdown(recipient->to, -1) : NULL;

        return lower != NULL && g_hash_table_contains(names, lower);
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
static void count_names(
    const struct up_index_message *parent, const struct reading *notice, unsigned *named)
{
        for (const struct up_index_recipient *recipient = parent->first_recipient;
             recipient != NULL; recipient = recipient->next)
                named[recipient->place] += is_named(notice->names, recipient);
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
                        count_names(
                            parent, reading_of(index, up_index_message(index, i), bytes[i]), named);
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

/* --- stray/reported --------------------------------------------------------------------------- */

static bool is_delivered(const struct up_index_recipient *recipient)
{
        const struct up_index_change *last = recipient->last_change;

        return last != NULL && last->view->disposition == UP_DISPOSITION_DELIVERED;
}

/* Each time that the address stands in the envelope. */
static bool is_always_delivered(const struct up_index_recipient *recipient)
{
        const struct up_index_recipient *other = recipient->message->first_recipient;

        while (other != NULL && (other->to == NULL || is_delivered(other) ||
                                    g_ascii_strcasecmp(other->to, recipient->to) != 0))
                other = other->next;
        return other == NULL;
}

uint64_t up_judge_reported(const struct up_ledger_index *index, GPtrArray *findings)
{
        g_autofree GBytes **bytes = notice_bytes(index);
        uint64_t judged = 0;

        for (guint i = 0; i < index->messages->len; i++) {
                const struct up_index_message *notice = up_index_message(index, i);
                if (notice->parent == NULL || bytes[i] == NULL)
                        continue;
                judged++;
                for (const struct up_index_recipient *recipient = notice->parent->first_recipient;
                     recipient != NULL; recipient = recipient->next) {
                        if (!is_delivered(recipient) ||
                            !is_named(reading_of(index, notice, bytes[i])->names, recipient) ||
                            !is_always_delivered(recipient))
                                continue;
                        up_report(index, findings, UP_CLASS_STRAY, notice->parent, recipient,
                            notice->born, "a delivered recipient is reported as failed",
                            "it was delivered, and notice %" G_GUINT64_FORMAT
                            " reports it as failed",
                            notice->id);
                        break;
                }
        }
        return judged;
}

/* --- no-notice/form --------------------------------------------------------------------------- */

uint64_t up_judge_notice_form(const struct up_ledger_index *index, GPtrArray *findings)
{
        g_autofree GBytes **judged_bytes = g_new0(GBytes *, index->messages->len + 1);
        uint64_t judged = 0;

        for (guint i = 0; i < index->requests->len; i++) {
                const struct up_index_request *request = up_index_request(index, i);
                const struct up_index_message *message = request->message;
                if (request->asked->kind != UP_ENTRY_SEND || message == NULL ||
                    message->parent_id == 0 || request->asked->bytes == NULL ||
                    judged_bytes[message->place] == request->asked->bytes)
                        continue;
                judged_bytes[message->place] = request->asked->bytes;
                judged++;
                const char *problem = reading_of(index, message, request->asked->bytes)->problem;
                if (problem != NULL)
                        up_report(index, findings, UP_CLASS_NO_NOTICE, message, NULL,
                            request->asked_at, problem, "a program cannot read the notice: %s",
                            problem);
        }
        return judged;
}

/* --- no-notice/abandoned ---------------------------------------------------------------------- */

static bool has_notices(const struct up_ledger_index *index)
{
        for (guint i = 0; i < index->messages->len; i++)
                if (up_index_message(index, i)->parent_id != 0)
                        return true;
        return false;
}

/* May the notice have ended like that? One that the pipeline has scanned has a verdict. */
static bool may_be_given_up(struct up_facts *facts, const struct up_index_change *end)
{
        const struct up_index_message *notice = end->recipient->message;

        return up_facts_is_undeliverable(
                   facts, end->recipient, up_index_entry(facts->index, end->entry)) ||
               up_facts_has(facts, notice, UP_LEVEL_TRANSPORT, UP_VERDICT_INFECTED) ||
               up_facts_has(facts, notice, UP_LEVEL_TRANSPORT, UP_VERDICT_UNSCANNABLE) ||
               up_facts_has(facts, notice, UP_LEVEL_TRANSPORT, UP_VERDICT_REWRITTEN);
}

static uint64_t judge_end(struct up_facts *facts, GPtrArray *findings, guint at)
{
        const struct up_index_change *end = facts->index->subjects[at].change;

        if (end == NULL || end->recipient->message->parent_id == 0 ||
            end->recipient->message->policy == NULL ||
            end->view->disposition == UP_DISPOSITION_NONE)
                return 0;
        const struct up_index_message *notice = end->recipient->message;
        const struct up_index_change *before = facts->recipients[end->recipient->place].before;
        if ((before != NULL && before->view->disposition != UP_DISPOSITION_NONE) ||
            end->view->disposition == UP_DISPOSITION_DELIVERED || may_be_given_up(facts, end))
                return 1;
        g_autofree char *signature = g_strdup_printf(
            "%s before its attempts and lifetime were used up", up_disposition_of(end));
        up_report(facts->index, findings, UP_CLASS_NO_NOTICE, notice, end->recipient, end->entry,
            signature, "the notice was %s, after %u transactions", signature,
            facts->recipients[end->recipient->place].sends);
        return 1;
}

uint64_t up_judge_abandoned(const struct up_ledger_index *index, GPtrArray *findings)
{
        struct up_facts facts;
        uint64_t judged = 0;

        if (!has_notices(index))
                return 0;
        up_facts_init(&facts, index);
        for (guint at = 0; at < index->ledger->entries->len; at++) {
                up_facts_take(&facts, at);
                judged += judge_end(&facts, findings, at);
        }
        up_facts_clear(&facts);
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
