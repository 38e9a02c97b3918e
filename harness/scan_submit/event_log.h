/*
 * event_log - the pipeline's log for its operator
 *
 * Each event is a row of one table: its number, source and category, and whether it is a failure.
 * The text of an entry is the row's sentence, then the message and the error code, as on the server
 * of KB843545:
 *
 *     348 MSExchangeTransport, Exchange Store Driver
 *     A message could not be virus scanned - this operation will be retried later.
 *     Internet Message ID <a@example.com>, Error Code 0x0
 *
 * That 0x0 is a finding: a failure has a reason. This module writes any code unchanged, so that
 * a faulty pipeline shows; a correct one always has a code, from client.h or reason.h.
 */
#ifndef UP_SCAN_SUBMIT_EVENT_LOG_H
#define UP_SCAN_SUBMIT_EVENT_LOG_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "pipeline.h"

enum up_log_event {
        UP_LOG_SCAN_RETRY,       /* failure: no verdict, the scan will be tried again */
        UP_LOG_UNSCANNABLE,      /* failure: there will never be a verdict */
        UP_LOG_OVER_LIMIT,       /* failure: the message is over a limit, and is not scanned */
        UP_LOG_INFECTED,         /* verdict */
        UP_LOG_REWRITTEN,        /* verdict */
        UP_LOG_DEFERRED,         /* failure: a recipient will be tried again */
        UP_LOG_FAILED,           /* failure: a recipient will never be delivered to */
        UP_LOG_EXPIRED,          /* failure: the lifetime is over */
        UP_LOG_LOOP,             /* failure: refused, it has too many Received fields */
        UP_LOG_NOTICE_MADE,      /* a failure is reported to the sender */
        UP_LOG_NOTICE_ABANDONED, /* failure: it cannot be reported to the sender */
        UP_LOG_HELD,             /* administrator's command */
        UP_LOG_RELEASED,         /* administrator's command */
        UP_LOG_DELETED,          /* administrator's command */
        UP_LOG_RESTARTED,        /* the code is the number of messages found */
        UP_LOG_EVENT_COUNT,
};

struct up_log_row {
        unsigned event; /* the number that an operator filters by */
        const char *source;
        const char *category;
        bool failure;
        bool counts;      /* the code is a number of messages */
        const char *text; /* one sentence without its full stop */
};

/** By enum up_log_event. */
extern const struct up_log_row up_log_rows[UP_LOG_EVENT_COUNT];

/**
 * Writes one entry through ports->log. @message is 0, and @message_id "", where it is about none.
 * A code of 0 is passed on as it is, even of a failure.
 */
void up_event_log(const struct up_ports *ports, enum up_log_event event, up_id message,
    const char *message_id, uint32_t code);

#define UP_EVENT_LOG_ID_BYTES 250

/**
 * The value of the message's first Message-ID field as an operator may read it: unfolded, printable
 * ASCII (anything else is a question mark), at most UP_EVENT_LOG_ID_BYTES; "" without one. Reads no
 * further than the header. The caller owns the result.
 */
char *up_event_log_message_id(GBytes *message);

#endif
