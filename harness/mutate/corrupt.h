/*
 * corrupt - breaks a signature on purpose, so that it is certain which parts still verify
 *
 * Works on SignedData that the composer made in DER, with signed attributes. The grades are those
 * of mutate/draft.h.
 */
#ifndef UP_MUTATE_CORRUPT_H
#define UP_MUTATE_CORRUPT_H

#include <glib.h>

#include "cms/protect.h"
#include "mutate/rng.h"

enum up_corruption {
        UP_CORRUPT_NOTHING,
        UP_CORRUPT_DIGEST,           /* a letter of the opaque content changed */
        UP_CORRUPT_ATTRIBUTES,       /* what is signed, or a signature, changed by one bit */
        UP_CORRUPT_STRUCTURE,        /* changed where no signature reaches */
        UP_CORRUPT_ATTRIBUTES_AGAIN, /* signed attributes changed, and signed again */
};

/**
 * The structure corrupted; NULL when it cannot be. @signer is its first signer; with
 * UP_CORRUPT_ATTRIBUTES_AGAIN, its only one. Takes nothing; the caller owns the result.
 */
GBytes *up_corrupt(
    GBytes *der, enum up_corruption corruption, const struct up_signer *signer, struct up_rng *rng);

/**
 * The content, changed as if after signing: one letter differs, if it has one, so that no line,
 * boundary or canonical form changes. An entity that carries CMS gets one more line end instead,
 * which leaves the signatures inside as they are. The caller owns the result.
 */
GBytes *up_corrupt_content(struct up_rng *rng, GBytes *entity);

#endif
