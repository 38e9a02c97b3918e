/*
 * protect - CMS by OpenSSL, and an entity around it
 *
 * CMS_sign() takes the time of signing from the clock. So the structure is made in parts: an empty
 * one, a signer, its signingTime attribute, and only then the content (CMS_final), which adds the
 * digest and signs. OpenSSL adds a signingTime only where there is none.
 *
 * CompressedData is written here in DER, because OpenSSL makes it only when it was built with zlib,
 * and Debian's is not.
 */
#include "cms/protect.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <string.h>
#include <zlib.h>

#include "cms/identity.h"
#include "mail/compose.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(BIO, BIO_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CMS_ContentInfo, CMS_ContentInfo_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ASN1_TIME, ASN1_TIME_free)

GQuark up_protect_error_quark(void)
{
        return g_quark_from_static_string("up-protect-error");
}

/* What a kind of CMS is called; the names of RFC 8551 section 3.2. */
struct wording {
        const char *subtype; /* of application/ */
        const char *smime_type;
        const char *filename;
};

static const struct wording signature_wording = { "pkcs7-signature", NULL, "smime.p7s" };
static const struct wording signed_wording = { "pkcs7-mime", "signed-data", "smime.p7m" };
static const struct wording certificates_wording = { "pkcs7-mime", "certs-only", "smime.p7c" };
static const struct wording enveloped_wording = { "pkcs7-mime", "enveloped-data", "smime.p7m" };
static const struct wording auth_wording = { "pkcs7-mime", "authEnveloped-data", "smime.p7m" };
static const struct wording compressed_wording = { "pkcs7-mime", "compressed-data", "smime.p7z" };

/* --- errors ----------------------------------------------------------------------------------- */

/* Some of OpenSSL's functions refuse, and leave no error behind. */
static GBytes *fail_openssl(GError **error, const char *doing)
{
        unsigned long code = ERR_peek_error();
        char text[256] = "OpenSSL refused, and did not say why";

        if (code != 0)
                ERR_error_string_n(code, text, sizeof text);
        ERR_clear_error();
        g_set_error(error, UP_PROTECT_ERROR, 0, "%s: %s", doing, text);
        return NULL;
}

static const void *known(const void *found, const char *what, const char *name, GError **error)
{
        if (found == NULL)
                g_set_error(error, UP_PROTECT_ERROR, 0, "no %s is called %s", what, name);
        return found;
}

static const struct up_identity *identity(const char *name, GError **error)
{
        return known(up_identity_find(name), "identity", name, error);
}

/* --- CMS to entity ---------------------------------------------------------------------------- */

static char *cms_media_type(const struct wording *wording, enum up_naming naming)
{
        return naming == UP_NAMING_OCTET_STREAM
                   ? g_strdup("application/octet-stream")
                   : g_strdup_printf(
                         "application/%s%s", naming == UP_NAMING_OLD ? "x-" : "", wording->subtype);
}

static GBytes *cms_entity(GBytes *der, const struct wording *wording, enum up_naming naming)
{
        bool typed = wording->smime_type != NULL && naming != UP_NAMING_OCTET_STREAM;
        g_autofree char *media_type = cms_media_type(wording, naming);
        g_autofree char *header =
            g_strdup_printf("Content-Type: %s; name=\"%s\"%s%s\n"
                            "Content-Transfer-Encoding: base64\n"
                            "Content-Disposition: attachment; filename=\"%s\"\n",
                media_type, wording->filename, typed ? ";\n smime-type=" : "",
                typed ? wording->smime_type : "", wording->filename);

        return up_compose_base64(header, der);
}

static BIO *bio_of(GBytes *bytes)
{
        gsize size;
        const void *data = g_bytes_get_data(bytes, &size);

        return BIO_new_mem_buf(size > 0 ? data : "", (int)size);
}

static GBytes *cms_der(CMS_ContentInfo *cms)
{
        unsigned char *encoded = NULL;
        int size = i2d_CMS_ContentInfo(cms, &encoded);
        GBytes *bytes;

        g_assert(size > 0);
        bytes = g_bytes_new(encoded, (gsize)size);
        OPENSSL_free(encoded);
        return bytes;
}

/* BER of indefinite length, as programs write that stream their content. */
static GBytes *cms_stream(CMS_ContentInfo *cms, BIO *content)
{
        g_autoptr(BIO) out = BIO_new(BIO_s_mem());
        char *data;
        long size;

        if (i2d_CMS_bio_stream(out, cms, content, CMS_STREAM | CMS_BINARY) != 1)
                return NULL;
        size = BIO_get_mem_data(out, &data);
        return g_bytes_new(data, (gsize)size);
}

/* Gives the content to a structure that is complete but for it. */
static GBytes *cms_finish(CMS_ContentInfo *cms, GBytes *entity, bool indefinite, GError **error)
{
        g_autoptr(BIO) content = bio_of(entity);
        GBytes *done = NULL;

        if (indefinite)
                done = cms_stream(cms, content);
        else if (CMS_final(cms, content, NULL, CMS_BINARY) == 1)
                done = cms_der(cms);
        return done != NULL ? done : fail_openssl(error, "signing or encrypting");
}

/* --- signing ---------------------------------------------------------------------------------- */

static const char *digest_name(const struct up_signer *signer)
{
        return signer->digest != NULL ? signer->digest : "sha256";
}

/* "sha256" -> "sha-256": the names of RFC 8551 section 3.5.3.2, but sha1 as all the world has it */
static char *micalg(const struct up_signing *signing)
{
        GString *names = g_string_new(NULL);

        for (size_t i = 0; i < UP_SIGNERS && signing->signers[i].identity != NULL; i++) {
                const char *name = digest_name(&signing->signers[i]);
                bool dashed = g_str_has_prefix(name, "sha") && strcmp(name, "sha1") != 0;
                g_autofree char *word =
                    dashed ? g_strdup_printf("sha-%s", name + strlen("sha")) : g_strdup(name);
                if (strstr(names->str, word) == NULL)
                        g_string_append_printf(names, "%s%s", names->len > 0 ? "," : "", word);
        }
        return g_string_free(names, FALSE);
}

static bool add_certificate(CMS_ContentInfo *cms, const char *name, GError **error)
{
        const struct up_identity *who = identity(name, error);

        if (who == NULL)
                return false;
        if (CMS_add1_cert(cms, who->certificate) != 1) {
                fail_openssl(error, name);
                return false;
        }
        return true;
}

static bool add_signing_time(CMS_SignerInfo *info, int64_t time_s)
{
        g_autoptr(ASN1_TIME) time = ASN1_TIME_set(NULL, (time_t)time_s);

        return time != NULL &&
               CMS_signed_add1_attr_by_NID(info, NID_pkcs9_signingTime, time->type, time, -1) == 1;
}

static bool set_pss(EVP_PKEY_CTX *context)
{
        return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
               EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
}

static bool add_signer(CMS_ContentInfo *cms, const struct up_signer *signer,
    const struct up_signing *signing, GError **error)
{
        const struct up_identity *who = identity(signer->identity, error);
        const char *name = digest_name(signer);
        const EVP_MD *digest = known(EVP_get_digestbyname(name), "digest", name, error);
        unsigned flags = CMS_PARTIAL | (signer->pss ? CMS_KEY_PARAM : 0) |
                         (signing->without_attributes ? CMS_NOATTR : 0) |
                         (signing->without_certificates ? CMS_NOCERTS : 0) |
                         (signing->by_key ? CMS_USE_KEYID : 0);
        CMS_SignerInfo *info;

        if (who == NULL || digest == NULL)
                return false;
        info = CMS_add1_signer(cms, who->certificate, who->key, digest, flags);
        if (info == NULL || (signer->pss && !set_pss(CMS_SignerInfo_get0_pkey_ctx(info))) ||
            (!signing->without_attributes && !add_signing_time(info, signing->time_s))) {
                fail_openssl(error, signer->identity);
                return false;
        }
        return true;
}

GBytes *up_sign_content(GBytes *entity, const struct up_signing *signing, GError **error)
{
        unsigned flags = CMS_PARTIAL | (signing->opaque ? 0 : CMS_DETACHED);
        g_autoptr(CMS_ContentInfo) cms = CMS_sign(NULL, NULL, NULL, NULL, flags);

        g_assert(signing->signers[0].identity != NULL);
        for (size_t i = 0; i < UP_SIGNERS && signing->signers[i].identity != NULL; i++)
                if (!add_signer(cms, &signing->signers[i], signing, error))
                        return NULL;
        if (signing->chain != NULL && !add_certificate(cms, signing->chain, error))
                return NULL;
        return cms_finish(cms, entity, signing->opaque && signing->indefinite, error);
}

GBytes *up_entity_of_signature(GBytes *entity, GBytes *signature, const struct up_signing *signing)
{
        g_autoptr(GBytes) second = cms_entity(signature, &signature_wording, signing->naming);
        g_autofree char *algorithms = micalg(signing);
        g_autofree char *type = g_strdup_printf("multipart/signed;\n"
                                                " protocol=\"application/%spkcs7-signature\";\n"
                                                " micalg=\"%s\"",
            signing->naming == UP_NAMING_OLD ? "x-" : "", algorithms);
        GBytes *const parts[] = { entity, second, NULL };

        return up_compose_multipart(type, signing->boundary, parts);
}

GBytes *up_sign_entity(GBytes *entity, const struct up_signing *signing, GError **error)
{
        g_autoptr(GBytes) der = up_sign_content(entity, signing, error);

        if (der == NULL)
                return NULL;
        return signing->opaque ? cms_entity(der, &signed_wording, signing->naming)
                               : up_entity_of_signature(entity, der, signing);
}

GBytes *up_entity_of_certificates(const char *const *identities, GError **error)
{
        g_autoptr(CMS_ContentInfo) cms =
            CMS_sign(NULL, NULL, NULL, NULL, CMS_PARTIAL | CMS_DETACHED);
        g_autoptr(GBytes) der = NULL;

        for (; *identities != NULL; identities++)
                if (!add_certificate(cms, *identities, error))
                        return NULL;
        der = cms_der(cms);
        return cms_entity(der, &certificates_wording, UP_NAMING_STANDARD);
}

/* --- encrypting ------------------------------------------------------------------------------- */

static bool add_recipient(
    CMS_ContentInfo *cms, const char *name, const struct up_encrypting *encrypting, GError **error)
{
        const struct up_identity *who = identity(name, error);
        CMS_RecipientInfo *info;
        unsigned flags;
        bool oaep;

        if (who == NULL)
                return false;
        oaep = encrypting->oaep && EVP_PKEY_is_a(who->key, "RSA");
        flags = (oaep ? CMS_KEY_PARAM : 0) | (encrypting->by_key ? CMS_USE_KEYID : 0);
        info = CMS_add1_recipient_cert(cms, who->certificate, flags);
        if (info == NULL ||
            (oaep && EVP_PKEY_CTX_set_rsa_padding(
                         CMS_RecipientInfo_get0_pkey_ctx(info), RSA_PKCS1_OAEP_PADDING) != 1)) {
                fail_openssl(error, name);
                return false;
        }
        return true;
}

/* The structure owns the password. A key is wrapped in CBC whatever the content is encrypted in. */
static bool add_password(CMS_ContentInfo *cms, const struct up_encrypting *encrypting)
{
        unsigned char *password = (unsigned char *)OPENSSL_strdup(encrypting->password);

        return CMS_add0_recipient_password(
                   cms, encrypting->iterations, -1, -1, password, -1, EVP_aes_256_cbc()) != NULL;
}

GBytes *up_encrypt_entity(GBytes *entity, const struct up_encrypting *encrypting, GError **error)
{
        const char *name = encrypting->cipher != NULL ? encrypting->cipher : "aes-256-cbc";
        const EVP_CIPHER *cipher = known(EVP_get_cipherbyname(name), "cipher", name, error);
        g_autoptr(CMS_ContentInfo) cms = NULL;
        g_autoptr(GBytes) der = NULL;
        bool authenticated;

        if (cipher == NULL)
                return NULL;
        cms = CMS_encrypt(NULL, NULL, cipher, CMS_PARTIAL);
        if (cms == NULL)
                return fail_openssl(error, name);
        for (size_t i = 0; i < UP_RECIPIENTS && encrypting->recipients[i] != NULL; i++)
                if (!add_recipient(cms, encrypting->recipients[i], encrypting, error))
                        return NULL;
        if (encrypting->password != NULL && !add_password(cms, encrypting))
                return fail_openssl(error, "password recipient");
        der = cms_finish(cms, entity, encrypting->indefinite, error);
        if (der == NULL)
                return NULL;
        authenticated = OBJ_obj2nid(CMS_get0_type(cms)) == NID_id_smime_ct_authEnvelopedData;
        return cms_entity(
            der, authenticated ? &auth_wording : &enveloped_wording, encrypting->naming);
}

/* --- compressing ------------------------------------------------------------------------------ */

enum { DER_INTEGER = 0x02, DER_OCTETS = 0x04, DER_SEQUENCE = 0x30, DER_EXPLICIT_0 = 0xa0 };

/* Puts tag and length before the content; consumes it and returns it. */
static GByteArray *der(guint8 tag, GByteArray *content)
{
        guint8 head[6] = { tag };
        guint size = content->len;
        guint used = 1;

        if (size >= 0x80) {
                guint octets = (g_bit_storage(size) + 7) / 8;
                head[used++] = (guint8)(0x80 | octets);
                while (octets-- > 0)
                        head[used++] = (guint8)(size >> (8 * octets));
        } else {
                head[used++] = (guint8)size;
        }
        return g_byte_array_prepend(content, head, used);
}

static GByteArray *der_object(int nid)
{
        unsigned char *data = NULL;
        int size = i2d_ASN1_OBJECT(OBJ_nid2obj(nid), &data);
        GByteArray *object = g_byte_array_new();

        g_assert(size > 0);
        g_byte_array_append(object, data, (guint)size);
        OPENSSL_free(data);
        return object;
}

/* Appends the second to the first; consumes it. */
static GByteArray *der_join(GByteArray *first, GByteArray *second)
{
        g_byte_array_append(first, second->data, second->len);
        g_byte_array_unref(second);
        return first;
}

static GByteArray *deflated(GBytes *content)
{
        gsize size;
        const guint8 *data = g_bytes_get_data(content, &size);
        uLongf bound = compressBound(size);
        GByteArray *result = g_byte_array_new();

        int status;

        g_byte_array_set_size(result, (guint)bound);
        status = compress2(result->data, &bound, data, size, Z_BEST_COMPRESSION);
        g_assert(status == Z_OK);
        return g_byte_array_set_size(result, (guint)bound);
}

/*
 * ContentInfo { id-ct-compressedData, [0] CompressedData { version 0, { zlib },
 *     EncapsulatedContentInfo { id-data, [0] OCTET STRING } } }
 */
GBytes *up_compress_entity(GBytes *entity, enum up_naming naming)
{
        static const guint8 version_0[] = { DER_INTEGER, 1, 0 };
        GByteArray *octets = der(DER_EXPLICIT_0, der(DER_OCTETS, deflated(entity)));
        GByteArray *inner = der(DER_SEQUENCE, der_join(der_object(NID_pkcs7_data), octets));
        GByteArray *algorithm = der(DER_SEQUENCE, der_object(NID_zlib_compression));
        GByteArray *data = g_byte_array_append(g_byte_array_new(), version_0, sizeof version_0);
        g_autoptr(GBytes) whole = NULL;

        data = der(DER_EXPLICIT_0, der(DER_SEQUENCE, der_join(data, der_join(algorithm, inner))));
        data = der(DER_SEQUENCE, der_join(der_object(NID_id_smime_ct_compressedData), data));
        whole = g_byte_array_free_to_bytes(data);
        return cms_entity(whole, &compressed_wording, naming);
}
