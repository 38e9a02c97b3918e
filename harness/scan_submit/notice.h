/*
 * notice - telling a sender that a message was not delivered (RFC 3464)
 *
 * A notice is a message of its own, from the null sender, in three parts (RFC 6522): some words for
 * a person, the failed recipients for a program, and the header of the original. Never its body: no
 * infected content goes back to an address that is most likely forged.
 *
 * Every line of it is 7-bit and short enough for any host, whatever the original's header and the
 * addresses are made of; only an internationalised sender in the To field stands as it is (RFC
 * 6532), because a host that accepts mail for it accepts that too.
 *
 * A notice is deterministic: its Message-ID and boundary are made only of the parent's number and
 * the serial number.
 */
#ifndef UP_SCAN_SUBMIT_NOTICE_H
#define UP_SCAN_SUBMIT_NOTICE_H

#include <glib.h>
#include <stdint.h>

#include "pipeline.h"

/** No more of the original's header is returned, in whole fields. */
#define UP_NOTICE_HEADER_BYTES 32768

/** An address is shown up to that length, as it is written; "..." for the rest (a path has 256). */
#define UP_NOTICE_ADDRESS_BYTES 900

/** No more of a failure's text is shown. */
#define UP_NOTICE_TEXT_BYTES 400

/** A recipient that failed. */
struct up_notice_failure {
        const char *to;
        const char *status; /* RFC 3463: "5.7.1" */
        const char *text;   /* one line: a reply beginning with its code, "550 no such user", or a
                             * sentence of ours; NULL without */
};

/** What a notice is made of. Nothing is kept. */
struct up_notice {
        up_id parent;       /* of the message that failed */
        unsigned serial;    /* of the notice, among those of that parent */
        const char *sender; /* of the original; not the null sender */
        int64_t wall_s;     /* when the notice is made, in seconds since 1970 */
        int64_t arrival_s;  /* when the original was accepted, likewise */
        GBytes *original;
        const struct up_notice_failure *failures;
        unsigned count; /* of failures; at least 1 */
};

/**
 * The notice as raw bytes, lines ended by CRLF. Any address, text or original will do; that a
 * status is one is asserted. Time and size grow with addresses and header. The caller owns the
 * result.
 */
GBytes *up_notice_compose(const struct up_notice *notice);

#endif
