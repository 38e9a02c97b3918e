/*
 * der - operators on the elements of CMS structures that stand in the message
 *
 * Each operator is a function that changes a tree; change() finds a structure, reads it, lets the
 * function change it, writes it back in the same encoding, and puts the grade right. Structures
 * inside encrypted or opaque-signed content are bytes like any others.
 *
 * The tables of values at the edges come from what decoders trip over: X.690 section 8 (lengths,
 * integers, object identifiers), X.680 section 46 and 47 (times).
 */
#include "mutate/der.h"

#include <openssl/objects.h>
#include <string.h>

#include "mutate/draft.h"
#include "mutate/raw.h"

#define OVERSIZE_COPIES 1024
#define STRING_PIECES   64
#define STRING_DEPTH    40
#define LONG_STRING     4096

/* An element of a tree, and where it stands. */
struct node {
        struct up_tlv *tlv;
        struct up_tlv *parent; /* never NULL: the root itself is no node */
        guint index;
};

struct change {
        struct up_rng *rng;
        GArray *nodes; /* of struct node, parents before their elements; what is raw left out */
        size_t room;   /* by how many bytes it may grow */
};

typedef bool (*changer)(struct change *change);

/* --- choosing --------------------------------------------------------------------------------- */

static void list_nodes(GArray *nodes, struct up_tlv *parent)
{
        for (guint i = 0; parent->elements != NULL && i < parent->elements->len; i++) {
                struct node node = { g_ptr_array_index(parent->elements, i), parent, i };
                if (node.tlv->raw)
                        continue;
                g_array_append_val(nodes, node);
                list_nodes(nodes, node.tlv);
        }
}

static bool is_any(const struct node *node)
{
        return node->tlv != NULL;
}

static bool is_set(const struct node *node)
{
        return node->tlv->identifier == UP_DER_SET || node->tlv->identifier == UP_DER_CONTEXT_0 ||
               node->tlv->identifier == UP_DER_CONTEXT_1;
}

static bool is_filled_set(const struct node *node)
{
        return is_set(node) && up_tlv_at(node->tlv, 0) != NULL;
}

static bool is_constructed(const struct node *node)
{
        return node->tlv->elements != NULL;
}

static bool has_siblings(const struct node *node)
{
        return node->parent->elements->len > 1;
}

static bool is_primitive_of(const struct node *node, guint8 identifier)
{
        return node->tlv->contents != NULL && node->tlv->identifier == identifier;
}

static bool is_integer(const struct node *node)
{
        return is_primitive_of(node, UP_DER_INTEGER);
}

static bool is_object(const struct node *node)
{
        return is_primitive_of(node, UP_DER_OBJECT);
}

static bool is_time(const struct node *node)
{
        return is_primitive_of(node, UP_DER_UTC_TIME) || is_primitive_of(node, UP_DER_TIME);
}

static bool is_bits(const struct node *node)
{
        return is_primitive_of(node, UP_DER_BITS) || is_primitive_of(node, UP_DER_BOOLEAN);
}

/* Of octets or characters; [0] in its primitive form too, as encryptedContent is. */
static bool is_string(const struct node *node)
{
        return is_primitive_of(node, UP_DER_OCTETS) || is_primitive_of(node, UP_DER_UTF8) ||
               is_primitive_of(node, UP_DER_PRINTABLE) || is_primitive_of(node, UP_DER_IA5) ||
               is_primitive_of(node, UP_DER_CONTEXT);
}

/* One of the nodes that are so; NULL when there is none. */
static struct node *pick(struct change *change, bool (*is_so)(const struct node *node))
{
        g_autofree guint *fit = g_new(guint, change->nodes->len + 1);
        guint count = 0;

        for (guint i = 0; i < change->nodes->len; i++)
                if (is_so(&g_array_index(change->nodes, struct node, i)))
                        fit[count++] = i;
        if (count == 0)
                return NULL;
        return &g_array_index(change->nodes, struct node, fit[up_rng_below(change->rng, count)]);
}

/* --- changes of the tree ---------------------------------------------------------------------- */

static bool change_tag(struct change *change)
{
        static const guint8 primitive[] = { UP_DER_BOOLEAN, UP_DER_INTEGER, UP_DER_BITS,
                UP_DER_OCTETS, UP_DER_NULL, UP_DER_OBJECT, UP_DER_UTF8, UP_DER_PRINTABLE,
                UP_DER_IA5, UP_DER_UTC_TIME, UP_DER_TIME, UP_DER_CONTEXT, UP_DER_CONTEXT + 1, 0x0a,
                0x1e, 0x40, 0xc0 };
        static const guint8 constructed[] = { UP_DER_SEQUENCE, UP_DER_SET, UP_DER_CONTEXT_0,
                UP_DER_CONTEXT_1, UP_DER_CONTEXT_0 + 2, UP_DER_CONTEXT_0 + 3,
                UP_DER_OCTETS | UP_DER_CONSTRUCTED, 0x60, 0xe0 };
        struct node *node = pick(change, is_any);
        guint8 tag;

        if (node == NULL)
                return false;
        if (up_rng_one_in(change->rng, 8))
                tag = node->tlv->identifier ^ UP_DER_CONSTRUCTED;
        else if (is_constructed(node))
                tag = constructed[up_rng_below(change->rng, G_N_ELEMENTS(constructed))];
        else
                tag = primitive[up_rng_below(change->rng, G_N_ELEMENTS(primitive))];
        if (node->tlv->indefinite)
                tag |= UP_DER_CONSTRUCTED;
        node->tlv->identifier = tag;
        if ((tag & 0x1f) != 0x1f)
                node->tlv->high_bytes = 0;
        return true;
}

static bool empty_set(struct change *change)
{
        struct node *node = pick(change, is_filled_set);

        if (node != NULL)
                g_ptr_array_set_size(node->tlv->elements, 0);
        return node != NULL;
}

static bool duplicate(struct change *change)
{
        struct node *node = pick(change, is_any);

        if (node == NULL || up_tlv_bytes(node->tlv) > change->room)
                return false;
        up_tlv_insert(node->parent, (int)node->index, up_tlv_copy(node->tlv));
        return true;
}

static bool drop(struct change *change)
{
        struct node *node = pick(change, is_any);

        if (node != NULL)
                g_ptr_array_remove_index(node->parent->elements, node->index);
        return node != NULL;
}

static bool reorder(struct change *change)
{
        struct node *node = pick(change, has_siblings);
        guint other;
        void **elements;

        if (node == NULL)
                return false;
        other = (guint)up_rng_below(change->rng, node->parent->elements->len - 1);
        other += other >= node->index ? 1 : 0;
        elements = node->parent->elements->pdata;
        elements[node->index] = elements[other];
        elements[other] = node->tlv;
        return true;
}

/* Lists without bound: certificates, signers, attributes, digests. */
static bool oversize_set(struct change *change)
{
        struct node *node = pick(change, is_filled_set);
        const struct up_tlv *one = node != NULL ? up_tlv_at(node->tlv, 0) : NULL;
        size_t bytes, most, copies;

        if (node == NULL)
                return false;
        bytes = MAX(up_tlv_bytes((struct up_tlv *)one), 1);
        most = MIN(change->room / bytes, (size_t)1 << up_rng_below(change->rng, 11));
        for (copies = 0; copies < MIN(most, OVERSIZE_COPIES); copies++)
                up_tlv_insert(node->tlv, -1, up_tlv_copy(one));
        return copies > 0;
}

/* An element of one place in another. */
static bool graft(struct change *change)
{
        struct node *from = pick(change, is_any);
        struct node *to = pick(change, is_constructed);
        struct up_tlv *copy;

        if (from == NULL || to == NULL || up_tlv_bytes(from->tlv) > change->room)
                return false;
        copy = up_tlv_copy(from->tlv);
        up_tlv_insert(to->tlv, (int)up_rng_below(change->rng, to->tlv->elements->len + 1), copy);
        return true;
}

/* --- changes of encoding: the same value when read as BER ------------------------------------- */

static bool make_indefinite(struct change *change)
{
        struct node *node = pick(change, is_constructed);

        if (node == NULL)
                return false;
        if (node->tlv->indefinite && up_rng_one_in(change->rng, 4)) {
                node->tlv->unended = !node->tlv->unended;
                return true;
        }
        node->tlv->indefinite = !node->tlv->indefinite;
        node->tlv->unended = false;
        return true;
}

/* X.690 section 8.7.3: a string in pieces, which may be in pieces again. */
static bool make_constructed(struct change *change)
{
        struct node *node = pick(change, is_string);
        guint8 piece_tag;
        g_autoptr(GByteArray) whole = NULL;
        size_t pieces, levels;

        if (node == NULL || change->room < 4 * (STRING_PIECES + STRING_DEPTH))
                return false;
        piece_tag = (node->tlv->identifier & 0xc0) == 0 ? node->tlv->identifier : UP_DER_OCTETS;
        whole = g_byte_array_ref(node->tlv->contents);
        pieces = 1 + up_rng_below(change->rng, MIN(whole->len + 1, STRING_PIECES));
        levels = up_rng_one_in(change->rng, 2) ? up_rng_below(change->rng, STRING_DEPTH) : 0;
        g_clear_pointer(&node->tlv->contents, g_byte_array_unref);
        node->tlv->identifier |= UP_DER_CONSTRUCTED;
        struct up_tlv *parent = up_tlv_new(piece_tag | UP_DER_CONSTRUCTED, NULL, 0);
        for (size_t i = 0, at = 0; i < pieces; i++) {
                size_t end = whole->len * (i + 1) / pieces;
                up_tlv_insert(parent, -1, up_tlv_new(piece_tag, whole->data + at, end - at));
                at = end;
        }
        for (; levels > 0; levels--) {
                struct up_tlv *around = up_tlv_new(piece_tag | UP_DER_CONSTRUCTED, NULL, 0);
                around->indefinite = up_rng_one_in(change->rng, 2);
                up_tlv_insert(around, -1, parent);
                parent = around;
        }
        node->tlv->elements = g_steal_pointer(&parent->elements);
        node->tlv->indefinite = up_rng_one_in(change->rng, 2);
        up_tlv_free(parent);
        return true;
}

static bool lengthen_length(struct change *change)
{
        struct node *node = pick(change, is_any);

        if (node == NULL || node->tlv->indefinite)
                return false;
        node->tlv->length_octets = (guint8)(1 + up_rng_below(change->rng, 8));
        return true;
}

static bool lie_about_length(struct change *change)
{
        static const gint32 errors[] = { -1, 1, -2, 2, -128, 127, 256, 65536, G_MAXINT32,
                G_MININT32 };
        struct node *node = pick(change, is_any);

        if (node == NULL || node->tlv->indefinite)
                return false;
        node->tlv->length_error = errors[up_rng_below(change->rng, G_N_ELEMENTS(errors))];
        return true;
}

/* --- changes of values ------------------------------------------------------------------------ */

struct value {
        const char *bytes;
        size_t length;
};

#define VALUE(text)                                                                                \
        {                                                                                          \
                text, sizeof(text) - 1                                                             \
        }

static bool set_value(struct change *change, bool (*is_so)(const struct node *node),
    const struct value *values, size_t count)
{
        struct node *node = pick(change, is_so);
        const struct value *value = &values[up_rng_below(change->rng, count)];

        if (node == NULL || value->length > change->room)
                return false;
        up_tlv_set(node->tlv, value->bytes, value->length);
        return true;
}

static bool change_integer(struct change *change)
{
        static const struct value values[] = {
                VALUE(""), /* no octets at all: X.690 section 8.3.1 forbids it */
                VALUE("\x00"),
                VALUE("\x01"),
                VALUE("\x02"),
                VALUE("\x03"),
                VALUE("\x7f"),
                VALUE("\x80"),
                VALUE("\xff"),
                VALUE("\x00\x00\x01"),
                VALUE("\xff\xff\xff"),
                VALUE("\x7f\xff\xff\xff"),
                VALUE("\x00\x80\x00\x00\x00"),
                VALUE("\x80\x00\x00\x00"),
                VALUE("\x00\xff\xff\xff\xff"),
                VALUE("\x01\x00\x00\x00\x00"),
                VALUE("\x7f\xff\xff\xff\xff\xff\xff\xff"),
                VALUE("\x80\x00\x00\x00\x00\x00\x00\x00"),
                VALUE("\x00\xff\xff\xff\xff\xff\xff\xff\xff"),
        };
        static const guint8 huge[512] = { 0x7f };
        struct node *node;

        if (!up_rng_one_in(change->rng, 8))
                return set_value(change, is_integer, values, G_N_ELEMENTS(values));
        node = pick(change, is_integer);
        if (node == NULL || change->room < sizeof huge)
                return false;
        up_tlv_set(node->tlv, huge, sizeof huge);
        return true;
}

/* What an OBJECT IDENTIFIER in CMS may be, so that it is some other valid thing in that place. */
static const int object_nids[] = { NID_pkcs7_data, NID_pkcs7_signed, NID_pkcs7_enveloped,
        NID_pkcs7_signedAndEnveloped, NID_pkcs7_digest, NID_pkcs7_encrypted,
        NID_id_smime_ct_receipt, NID_id_smime_ct_authData, NID_id_smime_ct_TSTInfo,
        NID_id_smime_ct_compressedData, NID_id_smime_ct_authEnvelopedData, NID_pkcs9_contentType,
        NID_pkcs9_messageDigest, NID_pkcs9_signingTime, NID_pkcs9_countersignature,
        NID_pkcs9_challengePassword, NID_SMIMECapabilities, NID_id_smime_aa_receiptRequest,
        NID_id_smime_aa_securityLabel, NID_id_smime_aa_mlExpandHistory, NID_id_smime_aa_contentHint,
        NID_id_smime_aa_msgSigDigest, NID_id_smime_aa_encrypKeyPref,
        NID_id_smime_aa_signingCertificate, NID_id_smime_aa_signingCertificateV2,
        NID_id_smime_aa_timeStampToken, NID_md5, NID_sha1, NID_sha224, NID_sha256, NID_sha384,
        NID_sha512, NID_sha3_256, NID_shake128, NID_shake256, NID_ripemd160, NID_rsaEncryption,
        NID_rsassaPss, NID_rsaesOaep, NID_mgf1, NID_pSpecified, NID_md5WithRSAEncryption,
        NID_sha1WithRSAEncryption, NID_sha256WithRSAEncryption, NID_dsa, NID_dsaWithSHA1,
        NID_ecdsa_with_SHA1, NID_ecdsa_with_SHA256, NID_ecdsa_with_SHA512, NID_X9_62_id_ecPublicKey,
        NID_X9_62_prime256v1, NID_secp384r1, NID_secp521r1, NID_brainpoolP512r1, NID_ED25519,
        NID_ED448, NID_X25519, NID_X448, NID_dhSinglePass_stdDH_sha1kdf_scheme,
        NID_dhSinglePass_stdDH_sha256kdf_scheme, NID_dhSinglePass_cofactorDH_sha1kdf_scheme,
        NID_id_smime_alg_ESDH, NID_id_smime_alg_CMS3DESwrap, NID_id_smime_alg_CMSRC2wrap,
        NID_id_aes128_wrap, NID_id_aes256_wrap, NID_id_alg_PWRI_KEK, NID_id_pbkdf2, NID_pbes2,
        NID_id_scrypt, NID_hmacWithSHA1, NID_hmacWithSHA256, NID_aes_128_cbc, NID_aes_256_cbc,
        NID_aes_128_gcm, NID_aes_256_gcm, NID_aes_128_ccm, NID_chacha20_poly1305, NID_des_ede3_cbc,
        NID_des_cbc, NID_rc2_cbc, NID_rc4, NID_zlib_compression, NID_key_usage, NID_ext_key_usage,
        NID_basic_constraints, NID_subject_alt_name, NID_subject_key_identifier,
        NID_authority_key_identifier, NID_commonName, NID_pkcs9_emailAddress };

static bool change_object(struct change *change)
{
        static const struct value odd[] = {
                VALUE(""), VALUE("\x80"), VALUE("\x00"),
                VALUE("\x2a\x86"),     /* ends in the midst of a number */
                VALUE("\x2a\x80\x01"), /* a number with a leading zero */
                VALUE("\x2a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f"),
                VALUE("\x88\x37\x03"), /* 2.999.3 */
        };
        struct node *node;

        if (up_rng_one_in(change->rng, 8))
                return set_value(change, is_object, odd, G_N_ELEMENTS(odd));
        node = pick(change, is_object);
        if (node == NULL)
                return false;
        g_autoptr(up_tlv) other =
            up_tlv_new_object(object_nids[up_rng_below(change->rng, G_N_ELEMENTS(object_nids))]);
        up_tlv_set(node->tlv, other->contents->data, other->contents->len);
        return true;
}

static bool change_time(struct change *change)
{
        static const struct value values[] = {
                VALUE(""),
                VALUE("Z"),
                VALUE("000101000000Z"),
                VALUE("491231235959Z"),
                VALUE("500101000000Z"), /* 1950: where UTCTime begins */
                VALUE("700101000000Z"),
                VALUE("380119031408Z"), /* one second more than 31 bits hold */
                VALUE("251301000000Z"),
                VALUE("250230250061Z"),
                VALUE("2506011200Z"), /* BER: without seconds */
                VALUE("250601120000+0200"),
                VALUE("250601120000-9999"),
                VALUE("00000101000000Z"),
                VALUE("19700101000000Z"),
                VALUE("20380119031408Z"),
                VALUE("99991231235959Z"),
                VALUE("20250601120000.5Z"),
                VALUE("20250601120000"),
                VALUE("20250601120000.000000000000000000000000000000000000000000000001Z"),
                VALUE("2025-06-01T12:00:00Z"),
                VALUE("-250601120000Z"),
        };

        return set_value(change, is_time, values, G_N_ELEMENTS(values));
}

/* The first octet of a BIT STRING says how many of its last bits are unused: 7 at most. */
static bool change_bits(struct change *change)
{
        static const guint8 unused[] = { 0, 1, 7, 8, 9, 0x80, 0xff };
        struct node *node = pick(change, is_bits);

        if (node == NULL)
                return false;
        if (node->tlv->contents->len == 0 || up_rng_one_in(change->rng, 4))
                up_tlv_set(node->tlv, "\x07", up_rng_below(change->rng, 2));
        else
                node->tlv->contents->data[0] =
                    unused[up_rng_below(change->rng, G_N_ELEMENTS(unused))];
        return true;
}

static bool change_string(struct change *change)
{
        struct node *node = pick(change, is_string);
        GByteArray *bytes = node != NULL ? node->tlv->contents : NULL;

        if (bytes == NULL)
                return false;
        switch (up_rng_below(change->rng, 4)) {
        case 0:
                g_byte_array_set_size(bytes, 0);
                return true;
        case 1:
                g_byte_array_set_size(bytes, (guint)up_rng_below(change->rng, bytes->len));
                return true;
        case 2: /* what ends a text in C is nothing special here */
                if (bytes->len > 0)
                        bytes->data[up_rng_below(change->rng, bytes->len)] = 0;
                return bytes->len > 0;
        default: {
                size_t wanted = 1 + up_rng_below(change->rng, LONG_STRING);
                size_t more = MIN(change->room, wanted); /* MIN throws twice what is thrown in it */
                guint old = bytes->len;
                if (more == 0)
                        return false; /* and there may be no data yet to append to */
                g_byte_array_set_size(bytes, old + (guint)more);
                memset(bytes->data + old, 'A', more);
                return true;
        }
        }
}

/* --- on a draft ------------------------------------------------------------------------------- */

static size_t room_in(const struct up_draft *draft)
{
        size_t bytes = g_bytes_get_size(draft->c->message);

        /* In base64 three octets become four, and a line end comes now and then. */
        return bytes < draft->most_bytes ? (draft->most_bytes - bytes) * 7 / 10 : 0;
}

static bool change_structure(
    struct up_draft *draft, const struct up_carried *carried, changer function)
{
        gsize bytes;
        const guint8 *data = g_bytes_get_data(carried->encoded, &bytes);
        g_autoptr(up_tlv) root = up_tlv_read(data, bytes);
        struct up_tlv_signed parts;
        bool is_signed = up_tlv_signed(root, &parts);
        struct change change = { .rng = &draft->rng, .room = room_in(draft) };
        g_autoptr(GBytes) encoded = NULL;
        g_autoptr(GBytes) message = NULL;
        bool changed;

        change.nodes = g_array_new(FALSE, FALSE, sizeof(struct node));
        list_nodes(change.nodes, root);
        changed = change.nodes->len > 0 && function(&change);
        g_array_unref(change.nodes);
        if (!changed)
                return false;
        encoded = up_tlv_write(root);
        if (g_bytes_equal(encoded, carried->encoded))
                return false;
        message = up_raw_put(draft->c->message, carried, encoded);
        if (!up_draft_set_message(draft, message))
                return false;
        if (is_signed || draft->expected != UP_EXPECTED_UNSIGNED)
                draft->expected = UP_EXPECTED_UNKNOWN;
        return true;
}

static bool change(struct up_draft *draft, changer function)
{
        g_autoptr(GArray) all = up_raw_all_carried(draft->c->message);

        if (all->len == 0)
                return false;
        return change_structure(draft,
            &g_array_index(all, struct up_carried, up_rng_below(&draft->rng, all->len)), function);
}

#define OPERATOR(function)                                                                         \
        static bool apply_##function(struct up_draft *draft)                                       \
        {                                                                                          \
                return change(draft, function);                                                    \
        }

OPERATOR(change_tag)
OPERATOR(empty_set)
OPERATOR(duplicate)
OPERATOR(drop)
OPERATOR(reorder)
OPERATOR(oversize_set)
OPERATOR(graft)
OPERATOR(make_indefinite)
OPERATOR(make_constructed)
OPERATOR(lengthen_length)
OPERATOR(lie_about_length)
OPERATOR(change_integer)
OPERATOR(change_object)
OPERATOR(change_time)
OPERATOR(change_bits)
OPERATOR(change_string)

static const struct up_operator operators[] = {
        { "der-tag", 6, "another type for an element of a CMS structure", apply_change_tag },
        { "der-empty", 6, "a SET, or an implicit one, without its elements", apply_empty_set },
        { "der-duplicate", 6, "an element twice", apply_duplicate },
        { "der-drop", 6, "an element left out", apply_drop },
        { "der-reorder", 4, "two elements of one parent exchanged", apply_reorder },
        { "der-oversize", 3, "an element of a SET up to a thousand times", apply_oversize_set },
        { "der-graft", 3, "an element copied to another place", apply_graft },
        { "der-indefinite", 4, "indefinite length for definite, or back", apply_make_indefinite },
        { "der-pieces", 4, "a string in pieces, nested", apply_make_constructed },
        { "der-long-length", 3, "a length in more octets than it needs", apply_lengthen_length },
        { "der-wrong-length", 1, "a length that is wrong", apply_lie_about_length },
        { "der-integer", 8, "an INTEGER at an edge", apply_change_integer },
        { "der-object", 8, "an object identifier that means something else", apply_change_object },
        { "der-time", 4, "a time at an edge", apply_change_time },
        { "der-bits", 3, "unused bits, or a boolean, at an edge", apply_change_bits },
        { "der-string", 4, "a string empty, shorter, longer, with a zero in it",
            apply_change_string },
};
const struct up_layer up_der_layer = { "der", operators, G_N_ELEMENTS(operators) };
