/*
 * entity - where in the raw bytes each entity of a message lies
 *
 * A signature covers bytes as they were sent. A MIME library returns what it parsed, and writes
 * that back slightly changed, so a signature must not be verified on it. This reader finds where
 * each entity's header and body begin and end; the values of header fields are parsed by GMime.
 *
 * Follows RFC 2046 section 5.1: a boundary line is "--" boundary, then only blanks; the line end
 * before it belongs to it. A multipart without a closing line ends with its parent; the boundary of
 * an outer multipart ends all inner ones. Entities beyond the limits of depth and parts are not
 * read, and a remark says so.
 */
#ifndef UP_MAIL_ENTITY_H
#define UP_MAIL_ENTITY_H

#include <gmime/gmime.h>
#include <stdbool.h>

#include "mail/observations.h"
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
GPtrArray *up_entities_read(GBytes *message, struct up_observations *observed);

/** The raw bytes of header and body together: what multipart/signed signs of its first part. */
struct up_slice up_entity_whole(const struct up_entity *entity);

/**
 * The content of an entity: the first @most bytes of its body, with base64, quoted-printable and
 * uuencode decoded by GMime, which skips what is malformed. The caller owns the result.
 */
GBytes *up_entity_content(GBytes *message, const struct up_entity *entity, size_t most);

/**
 * Is it a multipart or an enclosed message that is encoded by base64, quoted-printable or uuencode?
 * RFC 2045 section 6.4 forbids that, but for message/global (RFC 6532 section 3.5). The parts of
 * such a multipart are those of the bytes as they stand; such a message has none.
 */
bool up_entity_is_encoded_composite(const struct up_entity *entity);

/**
 * What is in an encoded composite, as a message of its own; NULL for other entities. A multipart is
 * given its Content-Type as header. The caller owns the result.
 */
GBytes *up_entity_decoded_composite(GBytes *message, const struct up_entity *entity);

/** Where an entity stands: "1.2" is the second part of the first; the message is "". Free it. */
char *up_entity_path(const GPtrArray *entities, int index);

#endif
