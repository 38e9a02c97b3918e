/*
 * lines - byte ranges of a message, and its lines
 *
 * A line ends with CRLF or LF (RFC 5322 section 2.1 allows CRLF alone; stored mail has both). A CR
 * that stands alone is a byte like any other. All offsets are into the data that the caller passes.
 */
#ifndef UP_MAIL_LINES_H
#define UP_MAIL_LINES_H

#include <glib.h>
#include <stddef.h>

/** Bytes from @begin up to, and without, @end. */
struct up_slice {
        size_t begin;
        size_t end;
};

struct up_line {
        size_t begin;
        size_t end;  /* without its line end; the end of the data does not end a line */
        size_t next; /* where the next line begins */
};

/** The line that begins at @begin, which must not be beyond @size. Linear in the line's length. */
struct up_line up_line_at(const char *data, size_t size, size_t begin);

/** The line end of the first line: "\r\n" or "\n"; "\r\n" if no line ends. Static. */
const char *up_line_end_of(const char *data, size_t size);

/** The text with CRLF in place of each LF that no CR precedes. The caller owns the result. */
GString *up_lines_as_crlf(const char *text, size_t bytes);

/** A view of @slice that keeps @message alive. The caller owns the result. */
GBytes *up_slice_bytes(GBytes *message, struct up_slice slice);

#endif
