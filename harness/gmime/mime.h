/*
 * mime - every use that mail software makes of GMime, on one message
 *
 * A gateway, a filter or a scanner never just parses: it decodes headers, resolves addresses, reads
 * parameters, decodes parts, then adds a header and writes the message out again. Each of those
 * calls can fail on some input, so all of them are made here.
 *
 * Follows RFC 5322, 2045 to 2049, 2183, 2231 as far as GMime does.
 */
#ifndef UP_GMIME_MIME_H
#define UP_GMIME_MIME_H

#include "mail/observations.h"

/**
 * Parses a message in several ways, calls every accessor, compares decoders, rewrites the message.
 * At UP_DEPTH_EXPLORE it is parsed once, its content goes through one filter, and either it is
 * parsed in one other way or one edit is made. Listens to GLib's log meanwhile. What is found
 * becomes remarks; a message that GMime cannot parse is not an error.
 */
void up_mime_examine(GBytes *message, struct up_observations *observed);

#endif
