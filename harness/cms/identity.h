/*
 * identity - the test keys and certificates of signers and readers
 *
 * The keys and certificates are in seeds/identities/, one PEM file each, and are built into the
 * program, so that a fuzz target is one file that runs anywhere. They are committed, not generated,
 * and do not expire in practice, except those that test expiry. They are not used anywhere else.
 */
#ifndef UP_CMS_IDENTITY_H
#define UP_CMS_IDENTITY_H

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stddef.h>

/** What opens mail that is encrypted to no certificate: for a password recipient (RFC 3211), */
#define UP_TEST_PASSWORD "unpend"
/** and, AES-128, for a KEK recipient and for EncryptedData. */
extern const unsigned char up_test_key[16];

struct up_identity {
        const char *name;  /* of its file, without .pem; as a case or the composer calls it */
        const char *what;  /* what is special about it */
        X509 *certificate; /* NULL until up_identities_load() */
        EVP_PKEY *key;     /* NULL likewise */
};

/** The table of all identities; the one named "root" is the authority that is trusted. */
extern struct up_identity up_identities[];
extern const size_t up_identities_count;

/** Reads them all, once a process; more calls do nothing. A file that cannot be read aborts. */
void up_identities_load(void);

/** By name; NULL when there is none. Owned by the table. Call up_identities_load() first. */
const struct up_identity *up_identity_find(const char *name);

#endif
