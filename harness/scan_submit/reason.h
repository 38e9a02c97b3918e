/*
 * reason - why a recipient was deferred, or has failed
 *
 * One table: the code for the event log, and status and text for the notice to the sender.
 * Statuses are those of RFC 3463 and its registry.
 */
#ifndef UP_SCAN_SUBMIT_REASON_H
#define UP_SCAN_SUBMIT_REASON_H

#include <stdint.h>

enum up_reason {
        UP_REASON_NONE,
        UP_REASON_DEFERRED,
        UP_REASON_UNKNOWN,
        UP_REASON_TIMEOUT,
        UP_REASON_INTERRUPTED,
        UP_REASON_REJECTED,
        UP_REASON_EXPIRED,
        UP_REASON_INFECTED,
        UP_REASON_UNSCANNABLE,
        UP_REASON_REWRITTEN,
        UP_REASON_NO_8BITMIME,
        UP_REASON_NO_SMTPUTF8,
        UP_REASON_TOO_LARGE,
        UP_REASON_LOOP,
        UP_REASON_COUNT,
};

struct up_reason_row {
        uint32_t code;      /* for the event log; 0 of UP_REASON_NONE alone */
        const char *status; /* of a failure: "5.7.1" */
        const char *text;
};
extern const struct up_reason_row up_reason_rows[UP_REASON_COUNT];

#endif
