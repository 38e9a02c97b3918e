/*
 * open_layer - the layers of S/MIME: which entities carry them, and what is inside
 *
 * A layer is a multipart/signed, or CMS in the body of an entity. Both the reader under test
 * (smime.c, cms.c), which reports what OpenSSL makes of it, and the mutator, which only needs what
 * is inside, find and open layers by these functions.
 *
 * Follows RFC 8551 (S/MIME), 1847 (multipart/signed), 5652 (CMS), 3274 (CompressedData).
 */
#ifndef UP_CMS_OPEN_LAYER_H
#define UP_CMS_OPEN_LAYER_H

#include <glib.h>
#include <openssl/cms.h>
#include <stdbool.h>

#include "mail/entity.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(CMS_ContentInfo, CMS_ContentInfo_free)

/** A media type that carries CMS in its body. */
struct up_carrier {
        const char *type; /* NULL ends the table */
        const char *subtype;
        const char *const *suffixes; /* of the file name: lower case, NULL-terminated; NULL: any */
};

extern const struct up_carrier up_carriers[];

/** Is it a carrier, by its type and file name? Its body is not looked at. */
bool up_carries_cms(const struct up_entity *entity);

/**
 * Is the entity at @index of up_entities_read() a multipart/signed whose second part carries CMS?
 * Then the indices of its first two parts are returned. Anything else, PGP/MIME too, is not.
 */
bool up_is_clear_signed(
    const GPtrArray *entities, guint index, guint *ret_content, guint *ret_signature);

/** Parses CMS in BER or DER; NULL when it is none. The caller owns the result. */
CMS_ContentInfo *up_cms_parse(GBytes *encoded);

/** Does it parse, and is it more than certificates? */
bool up_cms_is_layer(GBytes *encoded);

/** The first test identity to which any recipient of the structure is addressed, or NULL. */
const struct up_identity *up_cms_find_reader(CMS_ContentInfo *cms);

/**
 * Inflates zlib's format to at most @most bytes, in steps of up to 16 KiB. What came out until the
 * data ended or went wrong is appended to @to. *ret_total: bytes inflated; beyond @most when it
 * stopped for that. True when the data was whole and within @most.
 */
bool up_inflate(const ASN1_OCTET_STRING *data, uint64_t most, GByteArray *to, uint64_t *ret_total);

/**
 * What is inside a structure, whatever its signature is worth: of SignedData with content,
 * CompressedData, and EnvelopedData or AuthEnvelopedData for a test identity. NULL when that cannot
 * be opened; CompressedData must not hold more than @most bytes. Call up_identities_load() first.
 *
 * BUGS: password recipients are not opened, because their cost is the message's to choose.
 */
GBytes *up_cms_open_layer(GBytes *encoded, size_t most);

#endif
