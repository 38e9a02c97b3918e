/*
 * raw - finds header fields, entities and CMS in a raw message, and replaces them
 *
 * What the layers sign, der and damage share. Everything is a slice of the raw bytes; nothing is
 * parsed and written again, so what is not changed on purpose stays byte for byte as it was.
 */
#ifndef UP_MUTATE_RAW_H
#define UP_MUTATE_RAW_H

#include <glib.h>
#include <stdbool.h>

#include "mail/entity.h"
#include "mail/header.h"

/**
 * The entities of a message, as up_entities_read() has them, under the standard limits. What GMime
 * logs about them is discarded. g_ptr_array_unref() frees the result.
 */
GPtrArray *up_raw_entities(GBytes *message);

/** The fields of a header (mail/header.h), of struct up_field, in order: they cover all of it. */
GArray *up_raw_fields(GBytes *message, struct up_slice header);

/** What stands in front of all other CMS: a bare structure, which is the whole message. */
bool up_raw_is_bare(GBytes *message);

/** A CMS structure in a message. */
struct up_carried {
        struct up_slice body; /* its transfer encoding, in the message */
        GBytes *encoded;      /* the structure itself; owned */
        bool base64;          /* or as it is */
        size_t line_bytes;    /* of its lines in base64 */
        const char *line_end;
};

/**
 * What an entity carries; false when it is in an encoding that is not read here (it is none of
 * base64, 7bit, 8bit, binary). Clear it afterwards.
 */
bool up_raw_carried(
    GBytes *message, const struct up_entity *entity, struct up_carried *ret_carried);
void up_carried_clear(struct up_carried *carried);

/** All CMS structures of a message that are not inside another: of struct up_carried, owned. */
GArray *up_raw_all_carried(GBytes *message);

/** The message with another structure there, in lines as long as before. The caller owns it. */
GBytes *up_raw_put(GBytes *message, const struct up_carried *carried, GBytes *encoded);

/** The message with other bytes in place of the slice. The caller owns the result. */
GBytes *up_raw_replace(GBytes *message, struct up_slice slice, const void *data, size_t bytes);

/** Appends a slice of the message. */
void up_raw_append(GByteArray *to, GBytes *message, struct up_slice slice);

#endif
