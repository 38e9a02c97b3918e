/*
 * compose - building mail: entities out of entities
 *
 * An entity is raw bytes: header lines that begin with "Content-", an empty line, a body (RFC 2045
 * section 2.4). Each function takes entities and makes one of them, so that they nest in any order.
 * A message is the other header lines, put before an entity's own. What is added has CRLF as line
 * ends; what is given is copied byte for byte. Nothing fails; the caller owns the results.
 */
#ifndef UP_MAIL_COMPOSE_H
#define UP_MAIL_COMPOSE_H

#include <glib.h>

/** An entity of header lines (each ended by LF or CRLF) and a body. */
GBytes *up_compose_entity(const char *header, GBytes *body);

/** As above, the body in base64, in lines of 64 characters (RFC 2045 section 6.8 allows 76). */
GBytes *up_compose_base64(const char *header, GBytes *body);

/**
 * A multipart of the parts, NULL-terminated. @type is the media type with parameters other than
 * the boundary: "multipart/mixed", "multipart/related; type=\"text/html\"".
 */
GBytes *up_compose_multipart(const char *type, const char *boundary, GBytes *const *parts);

/** The message with these header lines (each ended by LF or CRLF), then the entity's own. */
GBytes *up_compose_message(const char *header, GBytes *entity);

/** Text whose lines end with LF, with CRLF. */
GBytes *up_compose_lines(const char *text);

#endif
