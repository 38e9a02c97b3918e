/*
 * slice - where in the raw bytes each entity of a message lies
 *
 * A signature covers bytes as they were sent. A MIME library hands out what it understood of them,
 * and writes them back slightly changed: so whoever verifies on a library's rewriting verifies
 * something else. This reader only says where each entity's header and body begin and end; what
 * a header field means is left to GMime.
 *
 * Follows RFC 2046 section 5.1: a boundary line is "--" boundary, then only blanks; the line end
 * before it belongs to it. Lines end with CRLF or LF. A multipart whose closing line is missing
 * ends with its parent. Entities beyond the limits of depth and parts are not read; the exam says
 * so. A boundary of an outer multipart ends all inner ones.
 */
#ifndef UP_MAIL_SLICE_H
#define UP_MAIL_SLICE_H

#include <gmime/gmime.h>

#include "mail/exam.h"
#include "mail/lines.h"

struct up_entity {
        struct up_slice header; /* all header lines, their line ends included */
        struct up_slice body; /* after the empty line; for a part: up to the line end before "--" */
        int parent;           /* index in the array, -1 for the message itself */
        unsigned depth;       /* 0 for the message itself */
        GMimeContentType *type; /* as GMime reads the first Content-Type; owned; never NULL */
        GMimeContentEncoding encoding; /* of the first Content-Transfer-Encoding */
        char *filename; /* of Content-Disposition or the type's name; owned, or NULL */
};

/**
 * Reads the entities of a message, parents before their parts, siblings in order.
 * Returns an array of struct up_entity; g_ptr_array_unref() frees it. Never empty.
 */
GPtrArray *up_entities_read(GBytes *message, struct up_exam *exam);

/** The raw bytes of header and body together: what multipart/signed signs of its first part. */
struct up_slice up_entity_whole(const struct up_entity *entity);

#endif
