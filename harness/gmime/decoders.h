/*
 * decoders - GMime's decoding compared with that of other decoders
 *
 * A finding needs content that leaves a decoder no freedom, so only well-formed content is
 * compared.
 */
#ifndef UP_GMIME_DECODERS_H
#define UP_GMIME_DECODERS_H

#include "gmime/objects.h"

/** Compares the decoding of every leaf and header; a difference is a UP_REMARK_DISAGREE. */
void up_mime_compare_decoders(GMimeMessage *message, struct up_observations *observed);

#endif
