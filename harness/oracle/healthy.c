/*
 * healthy - what a pipeline owes where nothing is wrong with its environment
 *
 * A comparison of runs sees no constant error, so here a pipeline is measured by what everybody may
 * expect: that mail is accepted, and that it does not wait. Only a run in which the script disturbs
 * nothing is judged. Recipients that never end are `pending`.
 */
#include "oracle/oracles.h"

#include <string.h>

#include "mail/header.h"

/* --- unavailable ------------------------------------------------------------------------------ */

/* RFC 5321 section 4.5.3.1.6, with the line end. */
#define LINE_BYTES 1000

/* Lines end in CRLF, and there is nothing else in them that a server may refuse. */
static bool has_valid_lines(const char *data, gsize size)
{
        gsize line = 0;

        for (gsize i = 0; i < size; i++) {
                bool is_end = data[i] == '\r' && i + 1 < size && data[i + 1] == '\n';

                if (data[i] == '\0' || (data[i] & 0x80) != 0 || (data[i] == '\r' && !is_end) ||
                    (data[i] == '\n' && (i == 0 || data[i - 1] != '\r')) || ++line > LINE_BYTES)
                        return false;
                if (data[i] == '\n')
                        line = 0;
        }
        return size > 0 && data[size - 1] == '\n';
}

/* RFC 5322 section 3.6: a header of fields, with one origin and one date. */
static bool has_valid_header(GBytes *message, int64_t max_hops)
{
        struct up_header header = up_header_of(message);
        const char *data = g_bytes_get_data(message, NULL);
        struct up_field field;
        int64_t from = 0, date = 0, hops = 0;

        while (up_header_next(&header, &field)) {
                if (field.name.end == field.name.begin)
                        return false;
                from += up_field_is(data, &field, "From");
                date += up_field_is(data, &field, "Date");
                hops += up_field_is(data, &field, "Received");
        }
        return from == 1 && date == 1 && hops < max_hops;
}

/* Letters, digits, dots and dashes, with one @; the null sender, too. */
static bool is_plain_address(const char *address)
{
        const char *at = strchr(address, '@');

        if (*address == '\0')
                return true;
        for (const char *c = address; *c != '\0'; c++)
                if (c != at && !g_ascii_isalnum(*c) && *c != '.' && *c != '-')
                        return false;
        return at != NULL && at > address && at[1] != '\0' && strstr(address, "..") == NULL;
}

/* Not every pipeline has a store, or takes more than one recipient at a time. */
static bool is_supported(unsigned capabilities, const struct up_entry *submit)
{
        return (submit->as.submit.to[1] == NULL || (capabilities & UP_CAN_SEVERAL) != 0) &&
               (submit->as.submit.policy->store_scan == 0 || (capabilities & UP_CAN_STORE) != 0);
}

static bool is_valid(const struct up_entry *submit)
{
        const struct up_policy *policy = submit->as.submit.policy;
        gsize size;
        const char *data = g_bytes_get_data(submit->bytes, &size);

        if (!is_plain_address(submit->as.submit.from))
                return false;
        for (const char *const *to = submit->as.submit.to; *to != NULL; to++)
                if (**to == '\0' || !is_plain_address(*to))
                        return false;
        return size <= policy->limits.message_bytes && has_valid_lines(data, size) &&
               has_valid_header(submit->bytes, policy->max_hops);
}

/* A temporary error says that it will be accepted some day; for that, too, a message has to be
 * accepted where all is well, whatever its content. */
uint64_t up_judge_unavailable(const struct up_ledger_index *index, GPtrArray *findings)
{
        uint64_t judged = 0;

        for (guint at = 0; index->ledger->healthy && at < index->ledger->entries->len; at++) {
                const struct up_entry *entry = up_index_entry(index, at);

                if (entry->kind != UP_ENTRY_SUBMIT)
                        continue;
                judged++;
                bool deferred = entry->as.submit.receipt == UP_RECEIPT_DEFERRED;
                if (deferred ||
                    (entry->as.submit.receipt == UP_RECEIPT_REJECTED &&
                        is_supported(index->ledger->capabilities, entry) && is_valid(entry)))
                        up_report(index, findings, UP_CLASS_UNAVAILABLE, NULL, NULL, at,
                            deferred ? "deferred at submission" : "rejected at submission",
                            "submission %u was answered %s, and nothing is wrong with it or with "
                            "the environment",
                            entry->number, deferred ? "4xx" : "5xx");
        }
        return judged;
}

/* --- late ------------------------------------------------------------------------------------- */

/* The change by which it was done with; NULL: none. @ret_before is the one before. */
static const struct up_index_change *end_of(
    const struct up_index_recipient *recipient, const struct up_index_change **ret_before)
{
        const struct up_index_change *change = recipient->first_change;

        *ret_before = change;
        while (change != NULL && (change->gone || up_is_waiting(change))) {
                *ret_before = change;
                change = change->next;
        }
        return change;
}

/* By message: when it was opened, as a time; INT64_MIN: never. */
static int64_t *openings(const struct up_ledger_index *index)
{
        int64_t *opened_ms = g_new(int64_t, index->messages->len + 1);

        for (guint i = 0; i <= index->messages->len; i++)
                opened_ms[i] = INT64_MIN;
        for (guint at = 0; at < index->ledger->entries->len; at++) {
                const struct up_index_message *message = index->subjects[at].message;
                if (up_index_entry(index, at)->kind == UP_ENTRY_OPEN && message != NULL)
                        opened_ms[message->place] = up_index_entry(index, at)->at_ms;
        }
        return opened_ms;
}

static guint last_restart(const struct up_ledger_index *index)
{
        guint at = index->ledger->entries->len;

        while (at > 0 && up_index_entry(index, at - 1)->kind != UP_ENTRY_RESTART)
                at--;
        return at;
}

/* Commands and restarts cost time. */
uint64_t up_judge_late(const struct up_ledger_index *index, GPtrArray *findings)
{
        if (!index->ledger->healthy)
                return 0;
        g_autofree int64_t *opened_ms = openings(index);
        guint restart = last_restart(index);
        uint64_t judged = 0;

        for (guint i = 0; i < index->recipients->len; i++) {
                const struct up_index_recipient *recipient = up_index_recipient(index, i);
                const struct up_index_message *message = recipient->message;
                const struct up_index_change *before, *end = end_of(recipient, &before);

                if (end == NULL || !up_is_promised(message) || message->policy == NULL ||
                    message->first_command != NULL || message->born < restart)
                        continue;
                int64_t born_ms = up_index_entry(index, message->born)->at_ms;
                int64_t end_ms =
                    MAX(up_index_entry(index, end->entry)->at_ms, opened_ms[message->place]);
                judged++;
                if (end_ms - born_ms <=
                    up_policy_healthy_bound_ms(message->policy) + up_turns_ms(index))
                        continue;
                g_autofree char *taken = up_ledger_time(end_ms - born_ms);
                g_autofree char *allowed =
                    up_ledger_time(up_policy_healthy_bound_ms(message->policy));
                up_report(index, findings, UP_CLASS_LATE, message, recipient, end->entry,
                    up_state_of(before),
                    "it was %s after %s in a healthy environment, where attempts take %s at most",
                    up_disposition_of(end), taken, allowed);
        }
        return judged;
}
