/*
 * envelope - are sender and recipients of a transaction those submitted?
 *
 * The sender is the one that the message was submitted with; a notice has the null sender (RFC 5321
 * section 4.5.5). Each address stands for the recipient that it was submitted as. An address is the
 * same in A-labels, which a next hop without SMTPUTF8 may demand of its domain (RFC 5890 section
 * 2.3.2.1). A copy to an address that was never given is `stray`, as is a notice to anybody but the
 * sender.
 */
#include "oracle/oracles.h"

#include <string.h>

/* Domains are compared without regard to case, local parts with it (RFC 5321 section 2.4). */
static bool is_same_address(const char *one, const char *other)
{
        if (strcmp(one, other) == 0)
                return true;

        const char *at = strrchr(one, '@'), *other_at = strrchr(other, '@');
        if (at == NULL || other_at == NULL || at - one != other_at - other ||
            memcmp(one, other, (size_t)(at - one)) != 0)
                return false;
        g_autofree char *domain = g_hostname_to_ascii(at + 1);
        g_autofree char *other_domain = g_hostname_to_ascii(other_at + 1);
        return domain != NULL && other_domain != NULL &&
               g_ascii_strcasecmp(domain, other_domain) == 0;
}

static bool is_among(const char *const *list, const char *address)
{
        for (; *list != NULL; list++)
                if (is_same_address(*list, address))
                        return true;
        return false;
}

static const char *sender_problem(const struct up_index_message *message, const char *sender)
{
        /* One that says itself that it has a sender is a notice-loop. */
        if (message->parent_id != 0)
                return g_strcmp0(message->from, "") == 0 && *sender != '\0'
                           ? "a notice was sent with a sender"
                           : NULL;
        return message->submit == NULL || is_same_address(message->submit->as.submit.from, sender)
                   ? NULL
                   : "another sender";
}

/* What is wrong with the recipients of a submitted message, which has @count of them. */
static const char *recipient_problem(
    const struct up_entry *submit, unsigned count, const struct up_entry *send)
{
        const char *const *to = submit->as.submit.to;

        for (unsigned i = 0; i < send->as.send.count; i++) {
                unsigned place = send->as.send.recipients[i];
                const char *address = send->as.send.to[i];
                if (place >= count)
                        return "a recipient that there is not";
                if (!is_same_address(to[place], address) && is_among(to, address))
                        return "the address of another recipient";
        }
        return NULL;
}

static const char *envelope_problem(
    const struct up_index_message *message, unsigned count, const struct up_entry *send)
{
        const char *problem = sender_problem(message, send->as.send.from);

        if (problem == NULL && send->as.send.count == 0)
                problem = "no recipient";
        /* A submission without a receipt may be another one's, with fewer recipients. */
        if (problem == NULL && message->accepted)
                problem = recipient_problem(message->submit, count, send);
        return problem;
}

uint64_t up_judge_envelope(const struct up_ledger_index *index, GPtrArray *findings)
{
        g_autofree unsigned *counts = g_new0(unsigned, index->messages->len + 1);
        uint64_t judged = 0;

        for (guint i = 0; i < index->messages->len; i++) {
                const struct up_entry *submit = up_index_message(index, i)->submit;
                if (submit != NULL)
                        counts[i] = g_strv_length((char **)(gpointer)submit->as.submit.to);
        }
        for (guint i = 0; i < index->requests->len; i++) {
                const struct up_index_request *request = up_index_request(index, i);
                const struct up_index_message *message = request->message;

                if (request->asked->kind != UP_ENTRY_SEND || message == NULL)
                        continue;
                judged++;
                const char *problem =
                    envelope_problem(message, counts[message->place], request->asked);
                if (problem != NULL)
                        up_report(index, findings, UP_CLASS_ALTERED, message, NULL,
                            request->asked_at, problem, "%s, in a transaction from <%s>", problem,
                            request->asked->as.send.from);
        }
        return judged;
}
