/*
 * tlv - reading, changing and writing the tree of der.h
 *
 * The reader goes down one level for each constructed element, to a bounded depth. Where an
 * element cannot be read, the rest of the bytes around it becomes one raw piece: nothing is lost,
 * and everything in front of it is still a tree. The writer measures from the leaves up, then
 * writes.
 */
#include "mutate/der.h"

#include <openssl/objects.h>
#include <string.h>

#define HIGH_TAG       31
#define LENGTH_LONG    0x80
#define LENGTH_OCTETS  8
#define CONTENTS_BYTES ((guint64)G_MAXINT32)

struct reader {
        const guint8 *data;
        unsigned elements; /* read so far */
};

static struct up_tlv *empty(guint8 identifier)
{
        struct up_tlv *tlv = g_new0(struct up_tlv, 1);

        tlv->identifier = identifier;
        return tlv;
}

static void tlv_free(void *tlv)
{
        up_tlv_free(tlv);
}

static void set_elements(struct up_tlv *tlv)
{
        tlv->elements = g_ptr_array_new_with_free_func(tlv_free);
}

static void set_contents(struct up_tlv *tlv, const void *data, size_t bytes)
{
        tlv->contents = g_byte_array_sized_new((guint)bytes);
        if (bytes > 0)
                g_byte_array_append(tlv->contents, data, (guint)bytes);
}

void up_tlv_free(struct up_tlv *tlv)
{
        if (tlv == NULL)
                return;
        g_clear_pointer(&tlv->contents, g_byte_array_unref);
        g_clear_pointer(&tlv->elements, g_ptr_array_unref);
        g_free(tlv);
}

/* --- reading ---------------------------------------------------------------------------------- */

static bool read_identifier(
    const struct reader *reader, size_t *at, size_t end, struct up_tlv *element)
{
        element->identifier = reader->data[(*at)++];
        if ((element->identifier & HIGH_TAG) != HIGH_TAG)
                return true;
        while (*at < end && element->high_bytes < sizeof element->high) {
                guint8 octet = reader->data[(*at)++];
                element->high[element->high_bytes++] = octet;
                if ((octet & 0x80) == 0)
                        return true;
        }
        return false;
}

static unsigned octets_of(guint64 value)
{
        unsigned octets = 0;

        for (; value > 0; value >>= 8)
                octets++;
        return octets;
}

/* False when it is no length, or one that goes beyond the end. */
static bool read_length(
    const struct reader *reader, size_t *at, size_t end, struct up_tlv *element, size_t *ret_bytes)
{
        guint8 first;
        guint64 value = 0;

        if (*at >= end)
                return false;
        first = reader->data[(*at)++];
        if (first == LENGTH_LONG) {
                element->indefinite = true;
                return (element->identifier & UP_DER_CONSTRUCTED) != 0;
        }
        if ((first & LENGTH_LONG) != 0) {
                element->length_octets = first & 0x7f;
                if (element->length_octets > LENGTH_OCTETS || element->length_octets > end - *at)
                        return false;
                for (unsigned i = 0; i < element->length_octets; i++)
                        value = value << 8 | reader->data[(*at)++];
        } else {
                value = first;
        }
        if (value >= LENGTH_LONG && octets_of(value) == element->length_octets)
                element->length_octets = 0; /* the shortest form, and to stay so */
        *ret_bytes = (size_t)value;
        return value <= end - *at;
}

static size_t read_elements(
    struct reader *reader, size_t at, size_t end, unsigned depth, struct up_tlv *parent);

/* Where it ends; 0 when there is none at @at. */
static size_t read_contents(
    struct reader *reader, size_t at, size_t bytes, size_t end, unsigned depth, struct up_tlv *to)
{
        bool constructed = (to->identifier & UP_DER_CONSTRUCTED) != 0;
        bool deep = depth >= UP_TLV_DEPTH || reader->elements >= UP_TLV_ELEMENTS;

        if (to->indefinite && deep)
                return 0;
        if (!constructed || deep) {
                set_contents(to, reader->data + at, bytes);
                return at + bytes;
        }
        set_elements(to);
        return read_elements(reader, at, to->indefinite ? end : at + bytes, depth + 1, to);
}

static struct up_tlv *read_element(struct reader *reader, size_t *at, size_t end, unsigned depth)
{
        g_autoptr(up_tlv) element = empty(0);
        size_t after = *at, bytes = 0;

        reader->elements++;
        if (!read_identifier(reader, &after, end, element) ||
            !read_length(reader, &after, end, element, &bytes))
                return NULL;
        after = read_contents(reader, after, bytes, end, depth, element);
        if (after == 0)
                return NULL;
        *at = after;
        return g_steal_pointer(&element);
}

static struct up_tlv *read_raw(const struct reader *reader, size_t at, size_t end)
{
        struct up_tlv *rest = empty(0);

        rest->raw = true;
        set_contents(rest, reader->data + at, end - at);
        return rest;
}

/* Up to @end, or to the end mark of a parent of indefinite length. Returns where that is. */
static size_t read_elements(
    struct reader *reader, size_t at, size_t end, unsigned depth, struct up_tlv *parent)
{
        while (at < end) {
                struct up_tlv *element;

                if (parent->indefinite && end - at >= 2 && reader->data[at] == 0 &&
                    reader->data[at + 1] == 0)
                        return at + 2;
                element = reader->elements < UP_TLV_ELEMENTS ? read_element(reader, &at, end, depth)
                                                             : NULL;
                if (element == NULL) {
                        element = read_raw(reader, at, end);
                        at = end;
                }
                g_ptr_array_add(parent->elements, element);
        }
        parent->unended = parent->indefinite;
        return end;
}

struct up_tlv *up_tlv_read(const guint8 *data, size_t bytes)
{
        struct reader reader = { .data = data };
        struct up_tlv *root = empty(0);

        root->raw = true;
        set_elements(root);
        read_elements(&reader, 0, bytes, 0, root);
        return root;
}

/* --- writing ---------------------------------------------------------------------------------- */

static guint64 written_length(const struct up_tlv *tlv)
{
        gint64 length = (gint64)tlv->contents_bytes + tlv->length_error;

        return (guint64)MAX(length, 0);
}

/* How many octets follow the first one of the length. */
static unsigned more_octets(const struct up_tlv *tlv)
{
        guint64 length = written_length(tlv);

        if (tlv->length_octets == 0 && length < LENGTH_LONG)
                return 0;
        return MAX(tlv->length_octets, MAX(1, octets_of(length)));
}

static size_t measure(struct up_tlv *tlv)
{
        size_t bytes = 0;

        if (tlv->contents != NULL)
                bytes = tlv->contents->len;
        for (guint i = 0; tlv->elements != NULL && i < tlv->elements->len; i++)
                bytes += measure(g_ptr_array_index(tlv->elements, i));
        tlv->contents_bytes = bytes;
        if (tlv->raw)
                return bytes;
        bytes += 1u + tlv->high_bytes + 1u;
        return tlv->indefinite ? bytes + (tlv->unended ? 0 : 2) : bytes + more_octets(tlv);
}

static void put(GByteArray *to, guint8 octet)
{
        g_byte_array_append(to, &octet, 1);
}

static void put_length(GByteArray *to, const struct up_tlv *tlv)
{
        guint64 length = written_length(tlv);
        unsigned more = more_octets(tlv);

        if (more == 0) {
                put(to, (guint8)length);
                return;
        }
        put(to, (guint8)(LENGTH_LONG | more));
        while (more-- > 0)
                put(to, (guint8)(length >> (8 * more)));
}

static void put_element(GByteArray *to, const struct up_tlv *tlv)
{
        if (!tlv->raw) {
                put(to, tlv->identifier);
                g_byte_array_append(to, tlv->high, tlv->high_bytes);
                if (tlv->indefinite)
                        put(to, LENGTH_LONG);
                else
                        put_length(to, tlv);
        }
        if (tlv->contents != NULL)
                g_byte_array_append(to, tlv->contents->data, tlv->contents->len);
        for (guint i = 0; tlv->elements != NULL && i < tlv->elements->len; i++)
                put_element(to, g_ptr_array_index(tlv->elements, i));
        if (!tlv->raw && tlv->indefinite && !tlv->unended) {
                put(to, 0);
                put(to, 0);
        }
}

GBytes *up_tlv_write(struct up_tlv *tlv)
{
        size_t bytes = measure(tlv);
        GByteArray *written;

        g_assert(bytes < CONTENTS_BYTES);
        written = g_byte_array_sized_new((guint)bytes);
        put_element(written, tlv);
        g_assert(written->len == bytes);
        return g_byte_array_free_to_bytes(written);
}

size_t up_tlv_bytes(struct up_tlv *tlv)
{
        return measure(tlv);
}

/* --- making and changing ---------------------------------------------------------------------- */

struct up_tlv *up_tlv_new(guint8 identifier, const void *contents, size_t bytes)
{
        struct up_tlv *tlv = empty(identifier);

        if ((identifier & UP_DER_CONSTRUCTED) != 0)
                set_elements(tlv);
        else
                set_contents(tlv, contents, bytes);
        return tlv;
}

struct up_tlv *up_tlv_copy(const struct up_tlv *tlv)
{
        struct up_tlv *copy = g_memdup2(tlv, sizeof *tlv);

        if (tlv->contents != NULL)
                set_contents(copy, tlv->contents->data, tlv->contents->len);
        if (tlv->elements != NULL) {
                set_elements(copy);
                for (guint i = 0; i < tlv->elements->len; i++)
                        g_ptr_array_add(
                            copy->elements, up_tlv_copy(g_ptr_array_index(tlv->elements, i)));
        }
        return copy;
}

struct up_tlv *up_tlv_new_object(int nid)
{
        const ASN1_OBJECT *object = OBJ_nid2obj(nid);

        return up_tlv_new(UP_DER_OBJECT, OBJ_get0_data(object), OBJ_length(object));
}

void up_tlv_insert(struct up_tlv *parent, int index, struct up_tlv *element)
{
        g_assert(parent->elements != NULL);
        g_ptr_array_insert(
            parent->elements, index < 0 ? -1 : MIN(index, (int)parent->elements->len), element);
}

void up_tlv_set(struct up_tlv *tlv, const void *contents, size_t bytes)
{
        GByteArray *old = tlv->contents; /* what is put in may be a part of it */

        g_clear_pointer(&tlv->elements, g_ptr_array_unref);
        set_contents(tlv, contents, bytes);
        if (old != NULL)
                g_byte_array_unref(old);
}

/* --- finding ---------------------------------------------------------------------------------- */

struct up_tlv *up_tlv_at(const struct up_tlv *tlv, guint index)
{
        return tlv != NULL && tlv->elements != NULL && index < tlv->elements->len
                   ? g_ptr_array_index(tlv->elements, index)
                   : NULL;
}

struct up_tlv *up_tlv_find(const struct up_tlv *tlv, guint8 identifier, guint from)
{
        struct up_tlv *element;

        for (guint i = from; (element = up_tlv_at(tlv, i)) != NULL; i++)
                if (!element->raw && element->identifier == identifier)
                        return element;
        return NULL;
}

bool up_tlv_is_object(const struct up_tlv *tlv, int nid)
{
        const ASN1_OBJECT *object = OBJ_nid2obj(nid);
        size_t bytes = OBJ_length(object);

        return bytes > 0 && tlv != NULL && !tlv->raw && tlv->identifier == UP_DER_OBJECT &&
               tlv->contents != NULL && tlv->contents->len == bytes &&
               memcmp(tlv->contents->data, OBJ_get0_data(object), bytes) == 0;
}

bool up_tlv_signed(const struct up_tlv *root, struct up_tlv_signed *ret_parts)
{
        const struct up_tlv *info = up_tlv_at(root, 0);
        struct up_tlv *data = up_tlv_at(up_tlv_at(info, 1), 0);

        if (!up_tlv_is_object(up_tlv_at(info, 0), NID_pkcs7_signed) || data == NULL)
                return false;
        *ret_parts = (struct up_tlv_signed){
                .data = data,
                .version = up_tlv_find(data, UP_DER_INTEGER, 0),
                .digests = up_tlv_find(data, UP_DER_SET, 0),
                .encapsulated = up_tlv_find(data, UP_DER_SEQUENCE, 2),
                .certificates = up_tlv_find(data, UP_DER_CONTEXT_0, 3),
                .crls = up_tlv_find(data, UP_DER_CONTEXT_1, 3),
                .signers = up_tlv_find(data, UP_DER_SET, 3),
        };
        return ret_parts->version != NULL && ret_parts->digests != NULL &&
               ret_parts->encapsulated != NULL && ret_parts->signers != NULL;
}
