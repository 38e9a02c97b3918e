/*
 * quoted_printable - writes quoted-printable (RFC 2045 section 6.7)
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

#endif
