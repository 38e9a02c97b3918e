/*
 * received - the Received fields, which record the hosts that handled a message
 *
 * Each host prepends one to the message (RFC 5321 section 4.4). A mail loop is detected by counting
 * them (section 6.3).
 */
#ifndef UP_SCAN_SUBMIT_RECEIVED_H
#define UP_SCAN_SUBMIT_RECEIVED_H

#include <glib.h>
#include <stdint.h>

#include "pipeline.h"

/** The name by which the reference pipeline calls itself. */
#define UP_RECEIVED_HOST "unpend.example"

/**
 * How many Received fields are in the top header. A folded one counts once, and lines that are no
 * fields are passed over. Time grows with the header.
 */
unsigned up_received_count(GBytes *message);

/**
 * The message with one Received field before it, whose line ends as the message's first line does
 * (CRLF if there is none); all bytes after it as they are. @wall_s is in seconds since 1970. The
 * caller owns the result.
 *
 * What the message begins with is not looked at: the "From " line of an mbox stands after the field
 * then, and a first line that begins with a blank continues it.
 */
GBytes *up_received_prepend(GBytes *message, up_id id, enum up_origin origin, int64_t wall_s);

/**
 * A wall clock's time as mail writes it (RFC 5322 section 3.3), in UTC. A year before 1900 or after
 * 9999 cannot be written: it becomes the nearest time that can. The caller owns the result.
 */
char *up_received_date(int64_t wall_s);

#endif
