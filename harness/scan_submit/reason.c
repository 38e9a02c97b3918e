/*
 * reason - the table
 */
#include "scan_submit/reason.h"

const struct up_reason_row up_reason_rows[UP_REASON_COUNT] = {
        [UP_REASON_NONE] = { 0, "5.0.0", "no reason" },
        [UP_REASON_DEFERRED] = { 0x80040201, "5.4.7", "the next host never took it" },
        [UP_REASON_UNKNOWN] = { 0x80040202, "5.4.2",
            "the next host did not say whether it took it" },
        [UP_REASON_TIMEOUT] = { 0x80040203, "5.4.1", "the next host does not answer" },
        [UP_REASON_INTERRUPTED] = { 0x80040204, "5.3.0", "this host failed while it delivered it" },
        [UP_REASON_REJECTED] = { 0x80040205, "5.0.0", "550 the next host refused it" },
        [UP_REASON_EXPIRED] = { 0x80040206, "5.4.7", "it could not be delivered in its lifetime" },
        [UP_REASON_INFECTED] = { 0x80040207, "5.7.0", "it is infected" },
        [UP_REASON_UNSCANNABLE] = { 0x80040208, "5.7.0", "it cannot be scanned for viruses" },
        [UP_REASON_REWRITTEN] = { 0x80040209, "5.6.5", "it would have to be changed" },
        [UP_REASON_NO_8BITMIME] = { 0x8004020a, "5.6.3", "the next host takes no 8-bit content" },
        [UP_REASON_NO_SMTPUTF8] = { 0x8004020b, "5.6.7", "the next host takes no UTF-8 header" },
        [UP_REASON_TOO_LARGE] = { 0x8004020c, "5.3.4", "it is too large for the next host" },
        [UP_REASON_LOOP] = { 0x8004020d, "5.4.6", "it goes round in a loop" },
};
