/*
 * peel - finds the content inside layers of signature, encryption and compression
 *
 * A layer is a multipart/signed, or CMS that a test identity opens. Searches the entities of the
 * message in order, and removes the first nest of layers down to the innermost content. If there is
 * none, the content is the message itself, without the header fields that do not describe content
 * (RFC 8551 section 3.1). It does not matter whether a signature is valid.
 *
 * Call up_identities_load() first. Time is linear in the message, but for a bounded number of
 * decryptions.
 */
#ifndef UP_MUTATE_PEEL_H
#define UP_MUTATE_PEEL_H

#include <glib.h>
#include <stdbool.h>

#include "mail/entity.h"

struct up_peeled {
        struct up_slice where; /* in the message: what is made of the inside goes there */
        GBytes *outside;       /* header fields that stay in front of it; owned */
        GBytes *inside;        /* an entity; owned */
        bool layers;           /* were there any? */
        bool cut;              /* a boundary from around would cut it: let it be encoded */
        bool others;           /* there is CMS beside it, which can be read */
};

/**
 * Takes the layers off, or, with @as_it_is, none. A layer that holds more than @most bytes is none.
 * Clear the result afterwards.
 */
void up_peel(GBytes *message, bool as_it_is, size_t most, struct up_peeled *ret_peeled);
void up_peeled_clear(struct up_peeled *peeled);

/** Is there CMS in an entity, deeper in than its layers, that can be read? */
bool up_peel_holds_more(GBytes *inside);

/** The message with this entity where the layers were. The caller owns the result. */
GBytes *up_peeled_put(GBytes *message, const struct up_peeled *peeled, GBytes *entity);

#endif
