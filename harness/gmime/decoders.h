/*
 * decoders - GMime's decoding compared with that of other decoders
 *
 * Only well-formed content is compared: on malformed content, decoders may differ without a bug in
 * either.
 */
#ifndef UP_GMIME_DECODERS_H
#define UP_GMIME_DECODERS_H

#include "gmime/objects.h"

/** Compares the decoding of every leaf and header; a difference is a UP_REMARK_DISAGREE. */
void up_mime_compare_decoders(GMimeMessage *message, struct up_observations *observed);

#endif
