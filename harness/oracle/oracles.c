/*
 * oracles - functions that oracles share: describing subjects, reporting findings
 */
#include "oracle/oracles.h"

bool up_is_waiting(const struct up_index_change *change)
{
        return up_is_unfinished(change) ||
               (!change->gone && change->view->disposition == UP_DISPOSITION_DELIVERED &&
                   change->view->access == UP_ACCESS_UNDECIDED);
}

enum up_outcome up_outcome_of(
    const struct up_entry *send, const struct up_entry *sent, unsigned place)
{
        const struct up_send_answer answer = { .mail = sent->as.send.mail,
                .rcpt = sent->as.send.rcpt,
                .recipients = send->as.send.count,
                .data = sent->as.send.data,
                .dot = sent->as.send.dot };

        return up_send_outcome(&answer, place);
}

/* A transaction and two scans take less. */
#define TURN_MS 1000

int64_t up_turns_ms(const struct up_ledger_index *index)
{
        return TURN_MS * (int64_t)index->recipients->len;
}

const char *up_state_of(const struct up_index_change *change)
{
        const char *state = change != NULL ? change->view->state : NULL;

        return state != NULL && *state != '\0' ? state : "unknown state";
}

const char *up_disposition_of(const struct up_index_change *change)
{
        unsigned disposition = change != NULL ? change->view->disposition : UP_DISPOSITION_NONE;

        return disposition < G_N_ELEMENTS(up_disposition_names) ? up_disposition_names[disposition]
                                                                : "unknown disposition";
}

/* Uses the number that the script gives a message; a notice is described by its parent. */
static char *describe_message(const struct up_index_message *message)
{
        if (message == NULL)
                return g_strdup("unknown message");
        if (message->submit != NULL && message->submit->number != 0)
                return g_strdup_printf("message %u", message->submit->number);
        if (message->parent == NULL)
                return g_strdup_printf("message with id %" G_GUINT64_FORMAT, message->id);
        g_autofree char *parent = describe_message(message->parent);
        return message->parent->parent_id != 0 ? g_strdup("notice on a notice")
                                               : g_strdup_printf("notice on %s", parent);
}

char *up_describe_subject(
    const struct up_index_message *message, const struct up_index_recipient *recipient)
{
        g_autofree char *name = describe_message(message);

        if (recipient == NULL)
                return g_steal_pointer(&name);
        return g_strdup_printf("recipient %u (%s) of %s", recipient->key.number,
            recipient->to != NULL ? recipient->to : "unknown address", name);
}

/* The script event that submitted a message is the last event before its submission. */
static enum up_role role_of(
    const struct up_ledger_index *index, const struct up_index_message *message)
{
        if (message->parent_id != 0)
                return UP_ROLE_NOTICE;
        if (message->submit == NULL)
                return UP_ROLE_NONE;
        if (message->submit->as.submit.copy)
                return UP_ROLE_COPY;
        for (guint at = message->born; at-- > 0;) {
                const struct up_entry *entry = up_index_entry(index, at);
                if (entry->kind == UP_ENTRY_EVENT)
                        return g_str_has_prefix(entry->text, up_verb_rows[UP_VERB_BYSTANDER].name)
                                   ? UP_ROLE_BYSTANDER
                                   : UP_ROLE_SUBMITTED;
        }
        return UP_ROLE_SUBMITTED;
}

struct up_finding *up_report(const struct up_ledger_index *index, GPtrArray *findings,
    enum up_class class, const struct up_index_message *message,
    const struct up_index_recipient *recipient, guint shown_at, const char *signature,
    const char *detail_format, ...)
{
        g_autofree char *subject = up_describe_subject(message, recipient), *text, *detail;
        struct up_finding *finding;
        va_list arguments;

        va_start(arguments, detail_format);
        text = g_strdup_vprintf(detail_format, arguments);
        va_end(arguments);
        detail = g_strdup_printf("%s: %s", subject, text);
        finding = up_finding_new(class, signature, detail);
        if (message != NULL) {
                finding->role = role_of(index, message);
                finding->message = message->id;
        }
        if (recipient != NULL)
                finding->recipient = recipient->key.number;
        finding->shown_at = shown_at;
        g_ptr_array_add(findings, finding);
        return finding;
}
