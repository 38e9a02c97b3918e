/*
 * fields - the raw fields of a message's top header, one after the other
 *
 * For those who need one field of each message that passes and cannot afford a MIME parser: which
 * Message-ID has it, how many times was it received, what may be shown of its header. Where the
 * header ends is decided as slice.h does: at the first empty line, CRLF or LF; else it is all of
 * the message. Nothing is copied; time grows with the header alone.
 */
#ifndef UP_SCAN_SUBMIT_FIELDS_H
#define UP_SCAN_SUBMIT_FIELDS_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/** A place in a header. The message must outlive it. */
struct up_fields {
        const char *data;
        size_t size;
        size_t at;
};

/** A line of the header, with the lines that continue it. */
struct up_field {
        const char *raw; /* with all its line ends */
        size_t raw_bytes;
        size_t name_bytes; /* of the name, which stands first; 0: this is no header field at all */
        size_t value;      /* offset in @raw of what follows the colon */
};

/** At the beginning of @message, which is kept by the caller. */
struct up_fields up_fields_of(GBytes *message);

/** The next line of the header, whether it is a field or not. False at the header's end. */
bool up_fields_next(struct up_fields *fields, struct up_field *ret_field);

/** Has the field that name, in whatever case? Blanks before the colon are let pass (RFC 5322 4.5).
 */
bool up_field_is(const struct up_field *field, const char *name);

/**
 * The value for a person: unfolded, without blanks at its ends, every byte that is not printable
 * ASCII a question mark, no more than @most bytes. The caller owns the result.
 */
char *up_field_value(const struct up_field *field, size_t most);

#endif
