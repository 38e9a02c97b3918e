/*
 * spoil - breaking a signature on purpose, so that it is certain what then still holds
 *
 * Works on SignedData that the composer made in DER, with signed attributes. The grades are those
 * of mutate/draft.h.
 */
#ifndef UP_MUTATE_CORRUPT_H
#define UP_MUTATE_CORRUPT_H

#include <glib.h>

#include "cms/compose.h"
#include "mutate/rng.h"

enum up_spoiling {
        UP_SPOIL_NOTHING,
        UP_SPOIL_DIGEST,           /* a letter of the opaque content changed */
        UP_SPOIL_ATTRIBUTES,       /* what is signed, or a signature, changed by one bit */
        UP_SPOIL_STRUCTURE,        /* changed where no signature reaches */
        UP_SPOIL_ATTRIBUTES_AGAIN, /* signed attributes changed, and signed again */
};

/**
 * The structure spoiled; NULL when it cannot be. @signer is who signed it, the first one at least:
 * with UP_SPOIL_ATTRIBUTES_AGAIN, the only one. Takes nothing; the caller owns the result.
 */
GBytes *up_spoil(
    GBytes *der, enum up_spoiling spoiling, const struct up_signer *signer, struct up_rng *rng);

/**
 * A content as somebody changed it after it was signed: one letter is another, where there is one,
 * so that neither line nor boundary nor canonical form changes. The caller owns the result.
 */
GBytes *up_spoil_content(struct up_rng *rng, GBytes *entity);

#endif
