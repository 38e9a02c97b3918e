/*
 * quoted_printable - writes quoted-printable (RFC 2045 section 6.7), and decodes what is
 * well-formed
 *
 * Decoders may differ on malformed text, and do; on well-formed text they must agree.
 */
#ifndef UP_MAIL_QUOTED_PRINTABLE_H
#define UP_MAIL_QUOTED_PRINTABLE_H

#include <glib.h>
#include <stddef.h>

/**
 * Appends the data, its line ends (CRLF or LF) as they are. Longer lines are cut to @line_bytes, at
 * least 4, by soft line breaks that end with @line_end.
 */
void up_quoted_printable_append(
    GString *to, const char *data, size_t bytes, size_t line_bytes, const char *line_end);

/**
 * Decodes quoted-printable, read strictly: printable ASCII, tabs, pairs of upper-case digits, soft
 * line breaks, and no blank at the end of a line. Line ends stay as they are. NULL for anything
 * else. The caller owns the result.
 */
GBytes *up_quoted_printable_decode(const char *text, size_t bytes);

/**
 * Decodes the Q encoding of an encoded word (RFC 2047 section 4.2), read as strictly; NULL for
 * anything else. The caller owns the result.
 */
GBytes *up_q_encoding_decode(const char *text);

#endif
