/*
 * base64 - writes base64 in lines, and checks whether a text is well-formed base64
 *
 * Decoders may differ on malformed text, and do; on well-formed text they must agree.
 */
#ifndef UP_MAIL_BASE64_H
#define UP_MAIL_BASE64_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * RFC 2045 section 6.8 read strictly: digits of the alphabet and line ends alone, whole groups of
 * four, padding at the very end. Lines may have any length.
 */
bool up_base64_is_well_formed(const uint8_t *text, size_t bytes);

/** Appends the data in lines of @line_bytes digits, above 0, each ended by @line_end. */
void up_base64_append(
    GString *to, const void *data, size_t bytes, size_t line_bytes, const char *line_end);

#endif
