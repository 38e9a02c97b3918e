/*
 * header - the fields of a raw message header, in order
 *
 * The only parser of header fields in the tree. A field is a line with a name and a colon, and the
 * lines that continue it (those that begin with a blank). Follows RFC 5322 section 2.2, and section
 * 4.5 in that blanks may stand between name and colon. Lines that are not fields (mbox's "From ",
 * text without a colon, a blank line before any field) are reported, too, with an empty name, so
 * that the fields reported cover every byte of the header. They do not end it.
 *
 * Nothing is copied; any bytes are accepted; a whole pass is linear in the size of the header.
 *
 *     struct up_header header = up_header_of(message);
 *     struct up_field field;
 *
 *     while (up_header_find(&header, "Received", &field))
 *             hops++;
 */
#ifndef UP_MAIL_HEADER_H
#define UP_MAIL_HEADER_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#include "mail/lines.h"

/** A position in a header: from @at on is still to be read. @data must outlive it. */
struct up_header {
        const char *data;
        size_t at;
        size_t end;
};

/** One field. All slices are offsets into the data of its header. */
struct up_field {
        struct up_slice whole; /* all its lines, their line ends included */
        struct up_slice name;  /* without the blanks before the colon; empty: it is not a field */
        struct up_slice value; /* after the colon, up to the last line end; folded, not trimmed */
};

/** Reads a header that lies at @slice of @data: up to the first empty line, or all of it. */
struct up_header up_header_in(const char *data, struct up_slice slice);

/** Reads the top header of a message, which the caller keeps alive. */
struct up_header up_header_of(GBytes *message);

/** The next field, or the next lines that are not one. False at the end of the header. */
bool up_header_next(struct up_header *header, struct up_field *ret_field);

/** The next field of that name, case-insensitively. False if there is none any more. */
bool up_header_find(struct up_header *header, const char *name, struct up_field *ret_field);

/** Does the field have this name? Case-insensitive. */
bool up_field_is(const char *data, const struct up_field *field, const char *name);

/** Does its name begin with @prefix, as "Content-"? Case-insensitive. */
bool up_field_begins(const char *data, const struct up_field *field, const char *prefix);

/**
 * The value unfolded (RFC 5322 section 2.2.3: line ends go, the blanks after them stay), without
 * blanks at both ends. It may hold NUL bytes. The caller owns it.
 */
GString *up_field_value(const char *data, const struct up_field *field);

/**
 * Index of the first semicolon from @at on that is neither in a quoted string nor in a comment (RFC
 * 5322 sections 3.2.2 and 3.2.4); @end if there is none. @at must be outside of both.
 */
size_t up_field_semicolon(const char *data, size_t at, size_t end);

#endif
