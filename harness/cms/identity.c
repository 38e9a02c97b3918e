/*
 * identity - the table of test keys, and the PEM files built in
 *
 * The assembler includes each file as it stands, followed by a zero; the path is relative to the
 * repository's top, where the compiler runs. tools/dev/identities.sh makes the files.
 */
#include "cms/identity.h"

#include <glib.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <stdbool.h>
#include <string.h>

const unsigned char up_test_key[16] = { 'u', 'n', 'p', 'e', 'n', 'd' };

/* X(symbol, name of the file, what is special about it) */
#define IDENTITIES(X)                                                                              \
        X(root, "root", "the authority that is trusted")                                           \
        X(middle, "middle", "an authority under root, P-256")                                      \
        X(alice, "alice",                                                                          \
            "alice@example.com, RSA-2048; signs with PKCS #1 v1.5 or PSS, and reads")              \
        X(alice_pss, "alice-pss", "alice@example.com, RSA-2048 for RSASSA-PSS only")               \
        X(alice_ec, "alice-ec", "alice@example.com, P-256")                                        \
        X(alice_middle, "alice-middle", "alice@example.com, P-384, certified by middle")           \
        X(carol, "carol", "carol@example.com, RSA-2048, the second signer")                        \
        X(bob, "bob", "bob@example.com, RSA-2048, reads by key transport")                         \
        X(bob_ec, "bob-ec", "bob@example.com, P-256, reads by key agreement")                      \
        X(expired, "expired", "alice@example.com, valid in the year 2000 only")                    \
        X(future, "future", "alice@example.com, valid from 2998 only")                             \
        X(untrusted, "untrusted", "alice@example.com, certified by itself")                        \
        X(mallory, "mallory", "mallory@example.net, who signs what claims to be from alice")

#define BUILD_IN(symbol, file, what)                                                               \
        extern const char up_identity_##symbol[] __attribute__((visibility("hidden")));            \
        __asm__(".pushsection .rodata\n"                                                           \
                ".global up_identity_" #symbol "\n"                                                \
                "up_identity_" #symbol ":\n"                                                       \
                ".incbin \"seeds/identities/" file ".pem\"\n"                                      \
                ".byte 0\n"                                                                        \
                ".popsection\n");
IDENTITIES(BUILD_IN)

#define ROW(symbol, file, special) { .name = file, .what = special },
struct up_identity up_identities[] = { IDENTITIES(ROW) };
const size_t up_identities_count = G_N_ELEMENTS(up_identities);

#define FILE_OF(symbol, file, what) up_identity_##symbol,
static const char *const files[] = { IDENTITIES(FILE_OF) };

void up_identities_load(void)
{
        static bool loaded;

        for (size_t i = 0; i < up_identities_count && !loaded; i++) {
                struct up_identity *identity = &up_identities[i];
                BIO *file = BIO_new_mem_buf(files[i], -1);
                identity->certificate = PEM_read_bio_X509(file, NULL, NULL, NULL);
                identity->key = PEM_read_bio_PrivateKey(file, NULL, NULL, NULL);
                g_assert(identity->certificate != NULL && identity->key != NULL);
                BIO_free(file);
        }
        loaded = true;
}

const struct up_identity *up_identity_find(const char *name)
{
        for (size_t i = 0; i < up_identities_count; i++)
                if (strcmp(up_identities[i].name, name) == 0)
                        return &up_identities[i];
        return NULL;
}
