/*
 * event_log - the table, and putting an entry into words
 *
 * Event 348 is worded as Exchange words it. Our own events are numbered from 3000: 30 the scan
 * client, 31 the next hop, 32 the queue, 33 the store.
 */
#include "scan_submit/event_log.h"

#include "mail/header.h"

#define OURS        "unpend"
#define SCAN_CLIENT "Scan Client"
#define NEXT_HOP    "Next Hop"
#define QUEUE       "Queue"
#define STORE       "Store"

const struct up_log_row up_log_rows[UP_LOG_EVENT_COUNT] = {
        [UP_LOG_SCAN_RETRY] = { 348, "MSExchangeTransport", "Exchange Store Driver", true, false,
            "A message could not be virus scanned - this operation will be retried later" },
        [UP_LOG_UNSCANNABLE] = { 3001, OURS, SCAN_CLIENT, true, false,
            "A message cannot be virus scanned, and policy decides what becomes of it" },
        [UP_LOG_OVER_LIMIT] = { 3002, OURS, SCAN_CLIENT, true, false,
            "A message is over a limit and was not given to the scanner" },
        [UP_LOG_INFECTED] = { 3003, OURS, SCAN_CLIENT, false, false, "A message is infected" },
        [UP_LOG_REWRITTEN] = { 3004, OURS, SCAN_CLIENT, false, false,
            "The scanner wants a message to be changed, which is refused" },
        [UP_LOG_DEFERRED] = { 3101, OURS, NEXT_HOP, true, false,
            "A message could not be delivered - this operation will be retried later" },
        [UP_LOG_FAILED] = { 3102, OURS, NEXT_HOP, true, false,
            "A message could not be delivered to a recipient, and is not tried again" },
        [UP_LOG_EXPIRED] = { 3201, OURS, QUEUE, true, false,
            "The lifetime of a message is over before it could be delivered" },
        [UP_LOG_LOOP] = { 3202, OURS, QUEUE, true, false,
            "A message was refused because it goes round in a loop" },
        [UP_LOG_NOTICE_MADE] = { 3203, OURS, QUEUE, false, false,
            "A notice of failure is sent to the sender" },
        [UP_LOG_NOTICE_ABANDONED] = { 3204, OURS, QUEUE, true, false,
            "A notice could not be delivered and is abandoned" },
        [UP_LOG_HELD] = { 3205, OURS, QUEUE, false, false,
            "An administrator put a message on hold" },
        [UP_LOG_RELEASED] = { 3206, OURS, QUEUE, false, false,
            "An administrator released a message" },
        [UP_LOG_DELETED] = { 3207, OURS, QUEUE, false, false,
            "An administrator deleted a message" },
        [UP_LOG_RESTARTED] = { 3301, OURS, STORE, false, true,
            "The pipeline was started again. Messages in the store" },
};

static void put_text(
    GString *text, const struct up_log_row *row, const char *message_id, uint32_t code)
{
        g_string_append(text, row->text);
        if (row->counts) {
                g_string_append_printf(text, ": %u", (unsigned)code);
                return;
        }
        g_string_append_printf(text, ". Internet Message ID %s", message_id);
        if (row->failure || code != 0)
                g_string_append_printf(text, ", Error Code 0x%x", (unsigned)code);
}

void up_event_log(const struct up_ports *ports, enum up_log_event event, up_id message,
    const char *message_id, uint32_t code)
{
        const struct up_log_row *row = &up_log_rows[event];
        g_autoptr(GString) text = g_string_new(NULL);

        put_text(text, row, message_id, code);
        struct up_log_entry log = {
                .event = row->event,
                .source = row->source,
                .category = row->category,
                .message = message,
                .message_id = message_id,
                .failure = row->failure,
                .code = row->counts ? 0 : code,
                .text = text->str,
        };
        ports->log(ports->world, &log);
}

char *up_event_log_message_id(GBytes *message)
{
        struct up_header header = up_header_of(message);
        struct up_field field;

        if (!up_header_find(&header, "Message-ID", &field))
                return g_strdup("");
        GString *id = up_field_value(header.data, &field);
        g_string_truncate(id, MIN(id->len, UP_EVENT_LOG_ID_BYTES));
        for (size_t i = 0; i < id->len; i++)
                if (!g_ascii_isprint(id->str[i]))
                        id->str[i] = id->str[i] == '\t' ? ' ' : '?';
        return g_strchomp(g_string_free(id, FALSE));
}
