/*
 * client - two tables: what a kind of CMS is as protection, and what a verdict is to the machine
 *
 * Looking is one pass over the message's lines (entity.h), with the types of its parts read by
 * GMime but no content decoded. The kind of a CMS comes from the parameter smime-type, or without
 * one from the first bytes of its body (RFC 5652 section 3). Nothing is verified.
 *
 * BUGS: a header that says one kind over a body of another is believed. Certificates alone
 * (certs-only) are no protection when the header says so, and signed data when it does not.
 */
#include "scan_submit/client.h"

#include <openssl/objects.h>
#include <string.h>

#include "mail/observations.h"
#include "mail/entity.h"
#include "cms/open_layer.h"

/* So much of an encoded body holds the first bytes of the CMS, however it is broken into lines. */
#define FIRST_BYTES 1024

#define DER_SEQUENCE   0x30
#define DER_OBJECT     0x06
#define DER_LONG       0x80 /* a length of more than one byte, or an indefinite one */
#define DER_LONG_BYTES 0x7f

static const struct kind {
        const char *smime_type; /* RFC 8551 section 3.2.2, RFC 2634; NULL: has none */
        int nid;                /* OpenSSL's number of the content type; or NID_undef */
        enum up_protection protection;
} kinds[] = {
        { "signed-data", NID_pkcs7_signed, UP_PROTECTION_OPAQUE_SIGNED },
        { "signed-receipt", NID_undef, UP_PROTECTION_OPAQUE_SIGNED },
        { "enveloped-data", NID_pkcs7_enveloped, UP_PROTECTION_ENCRYPTED },
        { "authEnveloped-data", NID_id_smime_ct_authEnvelopedData, UP_PROTECTION_ENCRYPTED },
        { NULL, NID_pkcs7_signedAndEnveloped, UP_PROTECTION_ENCRYPTED },
        { NULL, NID_pkcs7_encrypted, UP_PROTECTION_ENCRYPTED },
        { "compressed-data", NID_id_smime_ct_compressedData, UP_PROTECTION_NONE },
        { "certs-only", NID_undef, UP_PROTECTION_NONE },
};

/* --- looking ---------------------------------------------------------------------------------- */

/*
 * The content type's identifier: SEQUENCE { OBJECT IDENTIFIER, ... }, in BER or DER. Of the rest
 * nothing needs to be there. False when it is something else.
 */
static bool find_content_type(
    const unsigned char *data, size_t bytes, const unsigned char **ret_object, size_t *ret_bytes)
{
        size_t at = 2;

        if (bytes < at || data[0] != DER_SEQUENCE)
                return false;
        if (data[1] >= DER_LONG)
                at += data[1] & DER_LONG_BYTES;
        if (bytes < at + 2 || data[at] != DER_OBJECT || data[at + 1] >= DER_LONG ||
            bytes < at + 2 + data[at + 1])
                return false;
        *ret_object = data + at + 2;
        *ret_bytes = data[at + 1];
        return true;
}

static enum up_protection protection_by_content(GBytes *message, const struct up_entity *entity)
{
        g_autoptr(GBytes) first = up_entity_content(message, entity, FIRST_BYTES);
        gsize bytes;
        const unsigned char *data = g_bytes_get_data(first, &bytes);
        const unsigned char *object;
        size_t object_bytes;

        if (!find_content_type(data, bytes, &object, &object_bytes))
                return UP_PROTECTION_NONE;
        for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
                const ASN1_OBJECT *known = OBJ_nid2obj(kinds[i].nid);
                if (kinds[i].nid != NID_undef && OBJ_length(known) == object_bytes &&
                    memcmp(OBJ_get0_data(known), object, object_bytes) == 0)
                        return kinds[i].protection;
        }
        return UP_PROTECTION_NONE;
}

static enum up_protection protection_of(GBytes *message, const struct up_entity *entity)
{
        const char *smime_type;

        if (g_mime_content_type_is_type(entity->type, "multipart", "signed"))
                return UP_PROTECTION_CLEAR_SIGNED;
        if (!up_carries_cms(entity))
                return UP_PROTECTION_NONE;
        smime_type = g_mime_content_type_get_parameter(entity->type, "smime-type");
        for (size_t i = 0; smime_type != NULL && i < G_N_ELEMENTS(kinds); i++)
                if (kinds[i].smime_type != NULL &&
                    g_ascii_strcasecmp(kinds[i].smime_type, smime_type) == 0)
                        return kinds[i].protection;
        return protection_by_content(message, entity);
}

static bool is_8bit(GBytes *message, size_t begin, size_t end)
{
        const unsigned char *data = g_bytes_get_data(message, NULL);

        for (size_t i = begin; i < end; i++)
                if (data[i] >= 0x80)
                        return true;
        return false;
}

/* At what was @read of a message of so many bytes. */
static struct up_look look(GBytes *read, gsize bytes, const struct up_policy *policy)
{
        g_autoptr(GPtrArray) entities = NULL;
        size_t header_bytes = 0;
        struct up_observations observed;
        struct up_look seen;

        up_observations_init(&observed, &policy->limits, 0);
        up_observations_within(&observed, &observed.limits.message_bytes, bytes);
        entities = up_entities_read(read, &observed);
        seen = (struct up_look){ .within_limits = !observed.unscannable };
        if (entities->len > 0) {
                const struct up_entity *top = g_ptr_array_index(entities, 0);
                header_bytes = top->header.end;
                seen.protection = protection_of(read, top);
        }
        seen.header_8bit = is_8bit(read, 0, header_bytes);
        seen.body_8bit = is_8bit(read, header_bytes, g_bytes_get_size(read));
        up_observations_clear(&observed);
        return seen;
}

/* --- reading ---------------------------------------------------------------------------------- */

/* Of the verdicts that are some; a code of the scanner's own goes before ours. */
static const struct up_client_reading readings[UP_VERDICT_COUNT] = {
        [UP_VERDICT_CLEAN] = { UP_CONTENT_CLEAN, 0 },
        [UP_VERDICT_INFECTED] = { UP_CONTENT_INFECTED, 0 },
        [UP_VERDICT_UNSCANNABLE] = { UP_CONTENT_OPAQUE, UP_CLIENT_UNSCANNABLE },
        [UP_VERDICT_REWRITTEN] = { UP_CONTENT_CHANGED, 0 },
        [UP_VERDICT_NONE] = { UP_CONTENT_NO_VERDICT, UP_CLIENT_NO_VERDICT },
};

static struct up_client_reading read_answer(const struct up_client *self,
    const struct up_client_question *question, const struct up_scan_answer *answer)
{
        struct up_client_reading reading;

        (void)self;
        if (answer->message != question->message)
                return (struct up_client_reading){ UP_CONTENT_ERROR, UP_CLIENT_WRONG_MESSAGE };
        if (answer->verdict == UP_VERDICT_NONE && answer->code != 0)
                return (struct up_client_reading){ UP_CONTENT_ERROR, answer->code };
        g_assert((unsigned)answer->verdict < UP_VERDICT_COUNT);
        reading = readings[answer->verdict];
        if (answer->code != 0)
                reading.code = answer->code;
        return reading;
}

/* --- decorators ---------------------------------------------------------------------------------
 */

const struct up_client up_client = { .read = read_answer };

struct up_look up_client_look(
    const struct up_client *client, GBytes *message, const struct up_policy *policy)
{
        gsize bytes = g_bytes_get_size(message);
        g_autoptr(GBytes) read =
            g_bytes_new_from_bytes(message, 0, MIN(bytes, (gsize)policy->limits.message_bytes));

        for (; client != NULL; client = client->within)
                if (client->peek != NULL)
                        client->peek(read, policy);
        return look(read, bytes, policy);
}

struct up_client_reading up_client_read(const struct up_client *client,
    const struct up_client_question *question, const struct up_scan_answer *answer)
{
        while (client->read == NULL)
                client = client->within;
        return client->read(client, question, answer);
}
