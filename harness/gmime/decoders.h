/*
 * compare - what counts as well-formed when two decoders are held against each other
 *
 * up_mime_compare() of mime.h makes the comparisons; a finding needs content that leaves a decoder
 * no freedom, and these predicates say when that is so.
 */
#ifndef UP_GMIME_DECODERS_H
#define UP_GMIME_DECODERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * RFC 2045 section 6.8 read strictly: digits of the alphabet and line ends alone, whole groups of
 * four, padding at the very end. Line length is not looked at.
 */
bool up_base64_is_well_formed(const uint8_t *text, size_t bytes);

#endif
