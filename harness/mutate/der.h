/*
 * der - reads BER and DER as a tree of elements, for editing and writing it again
 *
 * An element (X.690 section 8.1) has an identifier, a length and contents, which are elements again
 * where it is constructed. Any bytes are read: what is no element is kept as raw bytes, up to the
 * end of the element around it. What is not changed is written as it was read, long and indefinite
 * lengths too. Lengths are never kept: they are those of what is written, all the way up, unless
 * an element is set to have a wrong one.
 *
 * Reading and writing take linear time. Deeper than UP_TLV_DEPTH, and beyond UP_TLV_ELEMENTS, what
 * is constructed is kept as raw contents.
 */
#ifndef UP_MUTATE_DER_H
#define UP_MUTATE_DER_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define UP_TLV_DEPTH    48
#define UP_TLV_ELEMENTS 20000

/** The identifier octets that have a name here. */
enum {
        UP_DER_BOOLEAN = 0x01,
        UP_DER_INTEGER = 0x02,
        UP_DER_BITS = 0x03,
        UP_DER_OCTETS = 0x04,
        UP_DER_NULL = 0x05,
        UP_DER_OBJECT = 0x06,
        UP_DER_UTF8 = 0x0c,
        UP_DER_PRINTABLE = 0x13,
        UP_DER_IA5 = 0x16,
        UP_DER_UTC_TIME = 0x17,
        UP_DER_TIME = 0x18, /* GeneralizedTime */
        UP_DER_SEQUENCE = 0x30,
        UP_DER_SET = 0x31,
        UP_DER_CONSTRUCTED = 0x20, /* the bit */
        UP_DER_CONTEXT = 0x80,     /* the bit: [0] is this, constructed or not */
        UP_DER_CONTEXT_0 = 0xa0,   /* constructed */
        UP_DER_CONTEXT_1 = 0xa1,
};

struct up_tlv {
        guint8 identifier; /* the first octet; nothing is written of it when @raw */
        guint8 high[5];    /* what follows where the tag number is 31 or more */
        guint8 high_bytes;

        bool raw;              /* contents alone, no element */
        bool indefinite;       /* its end is marked */
        bool unended;          /* or, where the bytes ended before, should be */
        guint8 length_octets;  /* of the long form; 0: the shortest form that fits; at most 8 */
        int32_t length_error;  /* added to the length that is written */
        GByteArray *contents;  /* owned; NULL when there are @elements */
        GPtrArray *elements;   /* of struct up_tlv, owned; NULL when there are @contents */
        size_t contents_bytes; /* while it is written */
};

void up_tlv_free(struct up_tlv *tlv);
typedef struct up_tlv up_tlv;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(up_tlv, up_tlv_free)

/** Reads any bytes: the result is raw, and holds the elements that follow one another. */
struct up_tlv *up_tlv_read(const guint8 *data, size_t bytes);

/** The bytes. Inverse of up_tlv_read() when nothing was changed. The caller owns the result. */
GBytes *up_tlv_write(struct up_tlv *tlv);

/** How many bytes that would be. */
size_t up_tlv_bytes(struct up_tlv *tlv);

/** A primitive element with these contents, or an empty constructed one. */
struct up_tlv *up_tlv_new(guint8 identifier, const void *contents, size_t bytes);
struct up_tlv *up_tlv_copy(const struct up_tlv *tlv);

/** OpenSSL's number (NID) as an OBJECT IDENTIFIER. */
struct up_tlv *up_tlv_new_object(int nid);

/** Puts an element in at @index, or at the end when that is negative. Takes it. */
void up_tlv_insert(struct up_tlv *parent, int index, struct up_tlv *element);

/** Puts other contents in place of all there is. */
void up_tlv_set(struct up_tlv *tlv, const void *contents, size_t bytes);

/** The element at @index, or NULL: of a primitive one too. */
struct up_tlv *up_tlv_at(const struct up_tlv *tlv, guint index);

/** The first element inside that has this identifier, from @from on; NULL when there is none. */
struct up_tlv *up_tlv_find(const struct up_tlv *tlv, guint8 identifier, guint from);

/** Is it this OBJECT IDENTIFIER? */
bool up_tlv_is_object(const struct up_tlv *tlv, int nid);

/** The parts of SignedData (RFC 5652 section 5.1), owned by the tree. */
struct up_tlv_signed {
        struct up_tlv *data; /* the SignedData itself */
        struct up_tlv *version;
        struct up_tlv *digests;
        struct up_tlv *encapsulated;
        struct up_tlv *certificates; /* NULL when there are none */
        struct up_tlv *crls;         /* likewise */
        struct up_tlv *signers;
};

/** Finds them in what up_tlv_read() read of a ContentInfo; false when it is none of SignedData. */
bool up_tlv_signed(const struct up_tlv *root, struct up_tlv_signed *ret_parts);

#endif
