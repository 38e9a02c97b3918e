/*
 * protect - entities that are signed, encrypted or compressed by CMS
 *
 * Each function makes an entity of an entity (mail/compose.h), so that they nest in any order:
 * sign, then encrypt, then sign again. Boundaries, signing time and identities are given;
 * randomness comes from random.h: after up_random_restart() the same calls make the same bytes.
 *
 * Call up_identities_load() first. A function that fails, for an unknown name of an identity or an
 * algorithm too, returns NULL and sets the error, whose domain is UP_PROTECT_ERROR. The caller owns
 * the results.
 *
 * Follows RFC 8551 (S/MIME), 5652 (CMS), 5083 (AuthEnvelopedData), 3274 (CompressedData).
 */
#ifndef UP_CMS_PROTECT_H
#define UP_CMS_PROTECT_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define UP_PROTECT_ERROR up_protect_error_quark()
GQuark up_protect_error_quark(void);

/** How an entity made of CMS calls itself. */
enum up_naming {
        UP_NAMING_STANDARD,     /* application/pkcs7-mime, application/pkcs7-signature */
        UP_NAMING_OLD,          /* application/x-pkcs7-mime, application/x-pkcs7-signature */
        UP_NAMING_OCTET_STREAM, /* application/octet-stream with a file name, as some gateways do */
};

/** One signer. Zero in all members but the identity selects the defaults. */
struct up_signer {
        const char *identity; /* NULL ends a list of signers */
        const char *digest;   /* as OpenSSL names it; NULL is sha256 */
        bool pss;             /* RSASSA-PSS in place of PKCS #1 v1.5; of RSA keys */
};

#define UP_SIGNERS 4

struct up_signing {
        struct up_signer signers[UP_SIGNERS]; /* the first at least */
        bool opaque;                          /* content inside the CMS, not multipart/signed */
        bool without_attributes;              /* the signature covers the content directly */
        bool without_certificates;            /* of the signers */
        bool by_key;          /* signers named by key identifier, not issuer and serial */
        bool indefinite;      /* opaque content in BER of indefinite length, as streamed */
        const char *chain;    /* identity whose certificate is put in too, or NULL */
        int64_t time_s;       /* of the signingTime attribute, seconds since 1970 */
        const char *boundary; /* of multipart/signed */
        enum up_naming naming;
};

/** multipart/signed or signed-data of an entity. A detached signature covers exactly its bytes. */
GBytes *up_sign_entity(GBytes *entity, const struct up_signing *signing, GError **error);

/**
 * The DER alone: SignedData, with the entity inside if signing->opaque. For callers that
 * wrap it themselves, by up_entity_of_signature() or otherwise.
 */
GBytes *up_sign_content(GBytes *entity, const struct up_signing *signing, GError **error);

/** multipart/signed of an entity and a signature in DER, which need not match. Cannot fail. */
GBytes *up_entity_of_signature(GBytes *entity, GBytes *signature, const struct up_signing *signing);

#define UP_RECIPIENTS 4

struct up_encrypting {
        const char *recipients[UP_RECIPIENTS]; /* identities; NULL ends the list */
        bool oaep;                             /* RSAES-OAEP, not PKCS #1 v1.5, for RSA keys */
        bool by_key;                           /* recipients named by key identifier */
        bool indefinite;                       /* BER of indefinite length, as streamed */
        const char *password;                  /* of one more recipient, or NULL */
        int iterations;                        /* of PBKDF2, for the password */
        const char *cipher; /* as OpenSSL names it; NULL is aes-256-cbc; GCM: authEnveloped-data */
        enum up_naming naming;
};

/** enveloped-data or authEnveloped-data of an entity. */
GBytes *up_encrypt_entity(GBytes *entity, const struct up_encrypting *encrypting, GError **error);

/** compressed-data of an entity, by zlib at its best level. Cannot fail. */
GBytes *up_compress_entity(GBytes *entity, enum up_naming naming);

/** certs-only: SignedData with the certificates of these identities, NULL-terminated. */
GBytes *up_entity_of_certificates(const char *const *identities, GError **error);

#endif
