/*
 * facts - each entry adds to what is known of its message or recipient
 *
 * Whether a message is beyond a limit, or has too many Received fields, is found only when nothing
 * else explains an end: few messages are read for it. A pipeline sees the message with its own
 * trace fields in front, so a message counts as beyond a limit a little before it is.
 */
#include "oracle/facts.h"

#include <string.h>

#include "mail/entity.h"
#include "mail/header.h"

/* Room for the trace fields of a pipeline. */
#define TRACE_BYTES 1024

void up_facts_init(struct up_facts *facts, const struct up_ledger_index *index)
{
        *facts = (struct up_facts){ .index = index,
                .messages = g_new0(struct up_message_facts, index->messages->len + 1),
                .recipients = g_new0(struct up_recipient_facts, index->recipients->len + 1) };
        for (guint i = 0; i < index->messages->len; i++)
                for (size_t level = 0; level < UP_LEVEL_COUNT; level++)
                        facts->messages[i].verdict[level] = UP_VERDICT_NONE;
}

void up_facts_clear(struct up_facts *facts)
{
        g_free(facts->messages);
        g_free(facts->recipients);
}

static struct up_message_facts *facts_of(
    const struct up_facts *facts, const struct up_index_message *message)
{
        return &facts->messages[message->place];
}

/* --- entries ---------------------------------------------------------------------------------- */

static void take_scan(struct up_facts *facts, const struct up_index_request *request)
{
        struct up_message_facts *of = facts_of(facts, request->message);
        size_t level = request->asked->as.scan.level != UP_LEVEL_TRANSPORT;

        of->scans[level]++;
        of->last[level] = request;
}

/* A worker is through with a request after its answer, its time-out or a restart. */
static bool has_ended(
    const struct up_facts *facts, const struct up_index_request *request, int64_t at_ms)
{
        const struct up_policy *policy = request->message->policy;
        int64_t timeout_ms = request->asked->kind == UP_ENTRY_SCAN ? policy->scan_timeout_ms
                                                                   : policy->send_timeout_ms;

        return request->crashed || at_ms - request->asked->at_ms >= timeout_ms ||
               (request->answered_at != UP_NOWHERE &&
                   up_index_entry(facts->index, request->answered_at)->at_ms <= at_ms);
}

/* An answer about another message may count for either. */
static void take_verdict(struct up_facts *facts, guint at, const struct up_index_request *request)
{
        const struct up_entry *entry = up_index_entry(facts->index, at);
        const struct up_scan_answer *answer = &entry->as.scan.answer;
        const struct up_index_message *message = request->message, *named;
        size_t level = entry->as.scan.level != UP_LEVEL_TRANSPORT;
        struct up_message_facts *of = facts_of(facts, message);

        if (answer->verdict == UP_VERDICT_NONE || (unsigned)answer->verdict >= UP_VERDICT_COUNT)
                return;
        if (answer->message == message->id && request->answered_at == at && request->in_time &&
            message->policy != NULL &&
            entry->at_ms - request->asked->at_ms < message->policy->scan_timeout_ms) {
                of->verdict[level] = answer->verdict;
                of->decided[level] = request;
                of->decided_restarts[level] = facts->restarts;
                return;
        }
        of->doubtful[level] |= 1U << answer->verdict;
        named = up_index_find_message(facts->index, answer->message);
        if (named != NULL)
                facts_of(facts, named)->doubtful[level] |= 1U << answer->verdict;
}

static void take_transaction(
    struct up_facts *facts, guint at, const struct up_index_request *request)
{
        const struct up_entry *entry = up_index_entry(facts->index, at);

        for (unsigned i = 0; i < request->asked->as.send.count; i++) {
                const struct up_index_recipient *recipient =
                    up_index_send_recipient(facts->index, request->asked, i);
                if (recipient == NULL)
                        continue;
                struct up_recipient_facts *of = &facts->recipients[recipient->place];
                if (entry->kind == UP_ENTRY_SEND) {
                        of->sends++;
                        of->last = request;
                } else if (up_outcome_of(request->asked, entry, i) == UP_OUTCOME_REJECTED) {
                        of->is_rejected = true;
                }
        }
}

static void take_event(struct up_facts *facts, const char *line)
{
        if (!g_str_has_prefix(line, up_verb_rows[UP_VERB_OFFERS].name))
                return;
        if (strstr(line, "size") != NULL)
                facts->is_small_hop |= g_str_has_suffix(line, "on");
        else
                facts->is_ascii_hop |= g_str_has_suffix(line, "off");
}

static void take_change(struct up_facts *facts, const struct up_index_change *change)
{
        struct up_recipient_facts *of = &facts->recipients[change->recipient->place];

        of->before = of->current;
        of->current = change;
}

void up_facts_take(struct up_facts *facts, guint at)
{
        const struct up_entry *entry = up_index_entry(facts->index, at);
        const struct up_index_subject *subject = &facts->index->subjects[at];
        const struct up_index_request *request = subject->request;

        if (subject->message != NULL && subject->message->born == at) {
                facts_of(facts, subject->message)->born_restarts = facts->restarts;
                facts_of(facts, subject->message)->born_signatures = facts->signatures;
        }
        switch (entry->kind) {
        case UP_ENTRY_EVENT:
                take_event(facts, entry->text);
                break;
        case UP_ENTRY_SCAN:
                if (request->message != NULL)
                        take_scan(facts, request);
                break;
        case UP_ENTRY_SCANNED:
                if (request != NULL && request->message != NULL)
                        take_verdict(facts, at, request);
                break;
        case UP_ENTRY_SEND:
        case UP_ENTRY_SENT:
                if (request != NULL)
                        take_transaction(facts, at, request);
                break;
        case UP_ENTRY_COMMAND:
                facts->signatures += entry->message == 0;
                break;
        case UP_ENTRY_RESTART:
                facts->restarts++;
                break;
        case UP_ENTRY_VIEW:
                if (subject->change != NULL)
                        take_change(facts, subject->change);
                break;
        default:
                break;
        }
}

/* --- what they allow -------------------------------------------------------------------------- */

/* A verdict need not outlive the process that got it, or the next request. */
static bool is_certain(
    const struct up_facts *facts, const struct up_message_facts *of, size_t level)
{
        return of->decided[level] != NULL && of->decided[level] == of->last[level] &&
               of->decided_restarts[level] == facts->restarts;
}

bool up_facts_has(const struct up_facts *facts, const struct up_index_message *message,
    enum up_level level, enum up_verdict verdict)
{
        const struct up_message_facts *of = facts_of(facts, message);

        return of->verdict[level] == verdict || (of->doubtful[level] & 1U << verdict) != 0;
}

bool up_facts_is_clean(
    const struct up_facts *facts, const struct up_index_message *message, enum up_level level)
{
        const struct up_message_facts *of = facts_of(facts, message);

        return is_certain(facts, of, level) && of->verdict[level] == UP_VERDICT_CLEAN;
}

bool up_facts_is_expired(const struct up_index_message *message, const struct up_entry *entry)
{
        int64_t begin_ms = message->bound_ms - message->length_ms;

        return entry->at_ms - begin_ms >= message->policy->lifetime_ms;
}

static bool is_beyond(const struct up_index_message *message)
{
        struct up_limits limits = message->policy->limits;
        struct up_observations observed;
        GBytes *bytes = message->submit->bytes;

        limits.message_bytes -= MIN(limits.message_bytes, TRACE_BYTES);
        limits.header_bytes -= MIN(limits.header_bytes, TRACE_BYTES);
        up_observations_init(&observed, &limits, 0);
        up_observations_within(&observed, &observed.limits.message_bytes, g_bytes_get_size(bytes));
        g_ptr_array_unref(up_entities_read(bytes, &observed));
        bool unscannable = observed.unscannable;
        up_observations_clear(&observed);
        return unscannable;
}

static bool is_looping(const struct up_index_message *message)
{
        struct up_header header = up_header_of(message->submit->bytes);
        struct up_field field;
        int64_t hops = 0;

        while (up_header_find(&header, "Received", &field))
                hops++;
        return hops + 1 > message->policy->max_hops; /* with that of the pipeline */
}

static bool is_8bit(const struct up_index_message *message)
{
        gsize size;
        const char *data = g_bytes_get_data(message->submit->bytes, &size);

        for (gsize i = 0; i < size; i++)
                if ((data[i] & 0x80) != 0)
                        return true;
        return !g_str_is_ascii(message->from);
}

static const struct up_message_facts *measured(
    struct up_facts *facts, const struct up_index_message *message)
{
        struct up_message_facts *of = facts_of(facts, message);

        if (!of->is_measured && message->submit != NULL && message->submit->bytes != NULL) {
                of->is_beyond = is_beyond(message);
                of->is_looping = is_looping(message);
                of->is_8bit = is_8bit(message);
        }
        of->is_measured = true;
        return of;
}

static bool is_wanted(const struct up_policy *policy, enum up_level level)
{
        return (level == UP_LEVEL_TRANSPORT ? policy->transport_scan : policy->store_scan) != 0;
}

/* A restart may count as an attempt. */
bool up_facts_is_unscannable(struct up_facts *facts, const struct up_index_message *message,
    enum up_level level, const struct up_entry *entry)
{
        const struct up_message_facts *of = facts_of(facts, message);
        unsigned restarts = facts->restarts - of->born_restarts;

        if (!is_wanted(message->policy, level))
                return false;
        if (up_facts_has(facts, message, level, UP_VERDICT_UNSCANNABLE))
                return true;
        if (is_certain(facts, of, level))
                return false;
        return up_facts_is_expired(message, entry) ||
               (of->scans[level] + restarts >= message->policy->attempts &&
                   (of->last[level] == NULL || has_ended(facts, of->last[level], entry->at_ms))) ||
               measured(facts, message)->is_beyond;
}

/* Of a notice the size is known once it was sent. */
static bool may_be_too_large(
    const struct up_facts *facts, const struct up_index_recipient *recipient)
{
        const struct up_entry *submit = recipient->message->submit;
        const struct up_index_request *last = facts->recipients[recipient->place].last;
        GBytes *bytes = submit != NULL ? submit->bytes : last != NULL ? last->asked->bytes : NULL;

        return bytes == NULL || g_bytes_get_size(bytes) + TRACE_BYTES > UP_HOP_SIZE_BYTES;
}

static bool cannot_go_on(struct up_facts *facts, const struct up_index_recipient *recipient)
{
        const struct up_index_message *message = recipient->message;

        if (facts->is_small_hop && may_be_too_large(facts, recipient))
                return true;
        return facts->is_ascii_hop &&
               (measured(facts, message)->is_8bit ||
                   (recipient->to != NULL && !g_str_is_ascii(recipient->to)));
}

bool up_facts_is_undeliverable(struct up_facts *facts, const struct up_index_recipient *recipient,
    const struct up_entry *entry)
{
        const struct up_index_message *message = recipient->message;
        const struct up_recipient_facts *of = &facts->recipients[recipient->place];
        unsigned restarts = facts->restarts - facts_of(facts, message)->born_restarts;

        return of->is_rejected || up_facts_is_expired(message, entry) ||
               (of->sends + restarts >= message->policy->send_attempts &&
                   (of->last == NULL || has_ended(facts, of->last, entry->at_ms))) ||
               cannot_go_on(facts, recipient) || measured(facts, message)->is_looping;
}

bool up_facts_is_condemned(struct up_facts *facts, const struct up_index_recipient *recipient)
{
        const struct up_index_message *message = recipient->message;

        for (unsigned verdict = 0; verdict < UP_VERDICT_NONE; verdict++)
                if (verdict != UP_VERDICT_CLEAN &&
                    up_facts_has(facts, message, UP_LEVEL_TRANSPORT, (enum up_verdict)verdict))
                        return true;
        return facts->recipients[recipient->place].is_rejected || cannot_go_on(facts, recipient) ||
               measured(facts, message)->is_looping || measured(facts, message)->is_beyond;
}
