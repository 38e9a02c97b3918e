/*
 * ambiguity - what lets conforming readers of one message see different content
 *
 * Where a message is off from the standards, or uses what few readers support, each reader goes its
 * own way: it takes the first of two fields or the last, skips a stray byte or stops at it. A
 * scanner that reads it one way says nothing about a recipient that reads it another way, so a
 * message that hits a row here has no verdict but `unscannable`. What is legal and read alike,
 * however odd (folding, quoted pairs, preambles, empty parts, continued parameters), hits none.
 *
 * Sources, as the rows name them: the RFCs by number and section; "MIME-tools" is ambiguous_content
 * of Perl's MIME::Parser.
 */
#ifndef UP_MAIL_AMBIGUITY_H
#define UP_MAIL_AMBIGUITY_H

#include <glib.h>
#include <stddef.h>

#include "mail/entity.h"

/** Deeper entities hit a row: readers stop at 17 levels, at 100, at 1024, or never. */
#define UP_AMBIGUITY_DEPTH 32

/** Each has a row in up_ambiguity_rows. */
enum up_ambiguity {
        UP_AMBIGUITY_REPEATED_TYPE,
        UP_AMBIGUITY_REPEATED_ENCODING,
        UP_AMBIGUITY_REPEATED_DISPOSITION,
        UP_AMBIGUITY_REPEATED_PARAMETER,
        UP_AMBIGUITY_BROKEN_EXTENSION,
        UP_AMBIGUITY_TWO_NAMES,
        UP_AMBIGUITY_MIME_VERSION,
        UP_AMBIGUITY_MALFORMED_TYPE,
        UP_AMBIGUITY_MALFORMED_PARAMETER,
        UP_AMBIGUITY_UNQUOTED_VALUE,
        UP_AMBIGUITY_COMMENT,
        UP_AMBIGUITY_ENCODED_WORD,
        UP_AMBIGUITY_CONTROL_CHARACTER,
        UP_AMBIGUITY_LONG_LINE,
        UP_AMBIGUITY_LONG_BODY_LINE,
        UP_AMBIGUITY_NUL_IN_HEADER,
        UP_AMBIGUITY_NUL_IN_BODY,
        UP_AMBIGUITY_BARE_CR,
        UP_AMBIGUITY_MIXED_LINE_ENDS,
        UP_AMBIGUITY_NOT_A_FIELD,
        UP_AMBIGUITY_BLANK_LINE_IN_HEADER,
        UP_AMBIGUITY_BLANK_BEFORE_COLON,
        UP_AMBIGUITY_FIELDS_IN_BODY,
        UP_AMBIGUITY_BOUNDARY_MISSING,
        UP_AMBIGUITY_BOUNDARY_EMPTY,
        UP_AMBIGUITY_BOUNDARY_LONG,
        UP_AMBIGUITY_BOUNDARY_BLANK,
        UP_AMBIGUITY_BOUNDARY_CHARACTER,
        UP_AMBIGUITY_BOUNDARY_ENCODED,
        UP_AMBIGUITY_BOUNDARY_PREFIX,
        UP_AMBIGUITY_BOUNDARY_OF_LEAF,
        UP_AMBIGUITY_PADDED_SEPARATOR,
        UP_AMBIGUITY_ODD_SEPARATOR,
        UP_AMBIGUITY_NO_SEPARATOR,
        UP_AMBIGUITY_UNCLOSED,
        UP_AMBIGUITY_PART_IN_PREAMBLE,
        UP_AMBIGUITY_PART_IN_EPILOGUE,
        UP_AMBIGUITY_UNKNOWN_ENCODING,
        UP_AMBIGUITY_ENCODED_COMPOSITE,
        UP_AMBIGUITY_BASE64_STRAY,
        UP_AMBIGUITY_BASE64_AFTER_PADDING,
        UP_AMBIGUITY_BASE64_INCOMPLETE,
        UP_AMBIGUITY_QP_ESCAPE,
        UP_AMBIGUITY_QP_STRAY,
        UP_AMBIGUITY_DEEP,
        UP_AMBIGUITY_PARTIAL,
        UP_AMBIGUITY_EXTERNAL_BODY,
        UP_AMBIGUITY_FILE_IN_TEXT,
        UP_AMBIGUITY_COUNT,
};

struct up_ambiguity_row {
        const char *name;
        const char *what;   /* one sentence */
        const char *source; /* what says that readers may differ, or that the message is wrong */
};
extern const struct up_ambiguity_row up_ambiguity_rows[UP_AMBIGUITY_COUNT];

struct up_ambiguity_hit {
        enum up_ambiguity row;
        size_t offset; /* into the message, where it was seen first */
        int entity;    /* index of the entity in which it was seen */
};

/** All rows that a message hits, each once, in the order of the table. */
struct up_ambiguities {
        unsigned count;
        struct up_ambiguity_hit hits[UP_AMBIGUITY_COUNT];
};

/**
 * Finds the rows that a message hits. @entities are those of up_entities_read() for these bytes.
 * Bytes without a header field, other than Received, are no message and hit none. One pass over the
 * bytes, with a look at the open multiparts for each line that begins with "--".
 */
struct up_ambiguities up_ambiguities_find(GBytes *message, const GPtrArray *entities);

#endif
