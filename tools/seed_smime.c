/*
 * seed_smime - the seeds about S/MIME: what is signed, encrypted and compressed, by whom and how
 *
 * Everything here goes through the composer, so that each signature holds unless it is the point
 * of the seed that it does not.
 */
#include "tools/seed_table.h"

#include <string.h>

#define BOMB_BYTES (1 << 20)

const char up_seed_plain[] = "Content-Type: text/plain; charset=us-ascii\n"
                             "\n"
                             "Bob,\n"
                             "\n"
                             "the minutes are ready.\n"
                             "-- \n"
                             "Alice\n";

const char up_seed_infected[] = "Content-Type: application/octet-stream; name=\"eicar.com\"\n"
                                "Content-Disposition: attachment; filename=\"eicar.com\"\n"
                                "\n"
                                "{{EICAR}}\n";

const char up_seed_note[] = "Content-Type: text/plain\n\nSee what Alice wrote.\n";

const char up_seed_footer[] = "Content-Type: text/plain\nContent-Disposition: inline\n\n"
                              "____\nseeds mailing list\nhttps://lists.example.org/seeds\n";

const char up_seed_picture[] = "Content-Type: image/png; name=\"dot.png\"\n"
                               "Content-Disposition: attachment; filename=\"dot.png\"\n"
                               "Content-Transfer-Encoding: base64\n\n" UP_SEED_PNG;

/* --- suites and wrappings --------------------------------------------------------------------- */

const struct up_seed_suite up_seed_suites[] = {
        { "rsa", "RSA-2048", .signing.signers = { { .identity = "alice" } },
            .encrypting.recipients = { "bob" } },
        { "pss", "RSA-PSS and RSA-OAEP",
            .signing.signers = { { .identity = "alice", .pss = true } },
            .encrypting = { .recipients = { "bob" }, .oaep = true } },
        { "ec", "ECDSA and ECDH P-256", .signing.signers = { { .identity = "alice-ec" } },
            .encrypting.recipients = { "bob-ec" } },
};
const size_t up_seed_suites_count = G_N_ELEMENTS(up_seed_suites);

const struct up_seed up_seed_wrappings[] = {
        { "smime", "clear", "clear-signed", .steps = { UP_STEP_CLEAR } },
        { "smime", "opaque", "opaque-signed", .steps = { UP_STEP_OPAQUE } },
        { "smime", "encrypted", "encrypted", .steps = { UP_STEP_ENCRYPT } },
        { "smime", "signed-encrypted", "signed, then encrypted",
            .steps = { UP_STEP_CLEAR, UP_STEP_ENCRYPT } },
        { "smime", "triple", "signed, encrypted, signed again",
            .steps = { UP_STEP_CLEAR, UP_STEP_ENCRYPT, UP_STEP_CLEAR } },
        { "smime", "forwarded", "signed inside message/rfc822",
            .steps = { UP_STEP_CLEAR, UP_STEP_FORWARD } },
        { "smime", "attachments", "signed multipart with attachments",
            .steps = { UP_STEP_ATTACH, UP_STEP_CLEAR } },
};
const size_t up_seed_wrappings_count = G_N_ELEMENTS(up_seed_wrappings);

/* Suites of the odd ones. */
#define SUITE(...)    (&(const struct up_seed_suite){ __VA_ARGS__ })
#define SIGNED(...)   SUITE(.signing = { __VA_ARGS__ })
#define SIGNER(...)   SIGNED(.signers = { { .identity = __VA_ARGS__ } })
#define READABLE(...) SUITE(.encrypting = { __VA_ARGS__ })
#define SUITE_NAMED(way)                                                                           \
        SUITE(.signing = { .signers = { { .identity = "alice" } }, .naming = way },                \
            .encrypting = { .recipients = { "bob" }, .naming = way })

/* A thousand times smaller than what is in it. */
static GBytes *make_bomb(void)
{
        static const char header[] = "Content-Type: application/octet-stream\r\n\r\n";
        g_autofree char *data = g_malloc0(BOMB_BYTES);
        g_autofree char *usual = up_seed_header("a megabyte of zeros");
        g_autoptr(GBytes) content = NULL;
        g_autoptr(GBytes) entity = NULL;

        memcpy(data, header, strlen(header));
        content = g_bytes_new(data, BOMB_BYTES);
        entity = up_compose_compress(content, UP_NAMING_STANDARD);
        return up_compose_message(usual, entity);
}

/* --- the odd ones ----------------------------------------------------------------------------- */

const struct up_seed up_seed_smime[] = {
        /* Who signs. */
        { "smime", "two-signers", "two signers", .steps = { UP_STEP_CLEAR },
            .suite = SIGNED(.signers = { { .identity = "alice" },
                                { .identity = "carol", .digest = "sha512" } }) },
        { "smime", "two-kinds-of-signer", "two signers, opaque, RSA-PSS and ECDSA",
            .steps = { UP_STEP_OPAQUE },
            .suite = SIGNED(.signers = { { .identity = "alice", .pss = true },
                                { .identity = "alice-ec", .digest = "sha384" } }) },
        { "smime", "expired", "the signer's certificate has expired", .steps = { UP_STEP_CLEAR },
            .suite = SIGNER("expired") },
        { "smime", "not-yet-valid", "the signer's certificate is not yet valid",
            .steps = { UP_STEP_CLEAR }, .suite = SIGNER("future") },
        { "smime", "untrusted", "the signer's certificate is signed by itself",
            .steps = { UP_STEP_CLEAR }, .suite = SIGNER("untrusted") },
        { "smime", "mismatched", "From is not the signer's address", .steps = { UP_STEP_CLEAR },
            .suite = SIGNER("mallory") },
        { "smime", "mismatched-sender", "Sender is the signer's address, From is not",
            .steps = { UP_STEP_CLEAR }, .suite = SIGNER("alice"),
            .header =
                UP_SEED_FROM("mallory@example.net", "on behalf") "Sender: alice@example.com\n" },
        { "smime", "pss-key", "the signer's key is for RSASSA-PSS only", .steps = { UP_STEP_CLEAR },
            .suite = SIGNER("alice-pss", .pss = true) },
        { "smime", "chain", "certified by an authority under the root, which is included",
            .steps = { UP_STEP_CLEAR },
            .suite = SIGNED(.signers = { { .identity = "alice-middle", .digest = "sha384" } },
                .chain = "middle") },
        { "smime", "broken-chain", "certified by an authority that is not included",
            .steps = { UP_STEP_CLEAR }, .suite = SIGNER("alice-middle", .digest = "sha384") },

        /* What is signed, and how. */
        { "smime", "no-certificate", "no certificate included", .steps = { UP_STEP_CLEAR },
            .suite = SIGNED(.signers = { { .identity = "alice" } }, .without_certificates = true) },
        { "smime", "certs-only", "certificates only", .steps = { UP_STEP_CERTIFICATES },
            .suite = SIGNED(.signers = { { .identity = "alice" }, { .identity = "alice-ec" },
                                { .identity = "middle" }, { .identity = "root" } }) },
        { "smime", "by-key", "the signer named by key identifier, then encrypted likewise",
            .steps = { UP_STEP_CLEAR, UP_STEP_ENCRYPT },
            .suite = SUITE(.signing = { .signers = { { .identity = "alice-ec" } }, .by_key = true },
                .encrypting = { .recipients = { "bob", "bob-ec" }, .by_key = true }) },
        { "smime", "indefinite-opaque", "opaque-signed, BER of indefinite length",
            .steps = { UP_STEP_OPAQUE },
            .suite = SIGNED(.signers = { { .identity = "alice" } }, .indefinite = true) },
        { "smime", "indefinite-encrypted", "encrypted, BER of indefinite length",
            .steps = { UP_STEP_ENCRYPT },
            .suite = READABLE(.recipients = { "bob" }, .indefinite = true) },
        { "smime", "no-attributes", "no signed attributes", .steps = { UP_STEP_CLEAR },
            .suite = SIGNED(.signers = { { .identity = "alice" } }, .without_attributes = true) },
        { "smime", "no-attributes-pss", "no signed attributes, RSA-PSS, opaque",
            .steps = { UP_STEP_OPAQUE },
            .suite = SIGNED(.signers = { { .identity = "alice", .pss = true } },
                .without_attributes = true) },
        { "smime", "sha1", "digest SHA-1", .steps = { UP_STEP_CLEAR },
            .suite = SIGNER("alice", .digest = "sha1") },
        { "smime", "md5", "digest MD5", .steps = { UP_STEP_CLEAR },
            .suite = SIGNER("alice", .digest = "md5") },
        { "smime", "sha512", "digest SHA-512", .steps = { UP_STEP_CLEAR },
            .suite = SIGNER("alice-ec", .digest = "sha512") },
        { "smime", "tampered", "changed after it was signed", .steps = { UP_STEP_TAMPERED },
            .suite = SIGNER("alice") },
        { "smime", "forged", "a signature that does not hold", .steps = { UP_STEP_FORGED },
            .suite = SIGNER("alice") },
        { "smime", "bare", "opaque-signed, DER without a message around it",
            .steps = { UP_STEP_BARE }, .suite = SIGNER("alice-ec"), .header = "", .ending = "p7m" },
        { "smime", "signed-empty", "clear-signed, empty body", .steps = { UP_STEP_CLEAR },
            .suite = SIGNER("alice-ec"), .entity = "Content-Type: text/plain\n\n" },
        { "smime", "signed-no-header", "clear-signed, a part without header",
            .steps = { UP_STEP_CLEAR }, .suite = SIGNER("alice-ec"),
            .entity = "\nno header at all\n" },
        { "smime", "signed-8bit", "clear-signed, 8bit", .steps = { UP_STEP_CLEAR },
            .suite = SIGNER("alice-ec"),
            .entity = "Content-Type: text/plain; charset=utf-8\n"
                      "Content-Transfer-Encoding: 8bit\n\nGr\xc3\xbc\xc3\x9f"
                      "e aus K\xc3\xb6ln\n" },
        { "smime", "signed-lf", "clear-signed, lines of the signed part end with LF",
            .steps = { UP_STEP_CLEAR }, .suite = SIGNER("alice-ec"), .raw = true,
            .entity = "Content-Type: text/plain\n\nbare line feeds\ninside\n" },
        { "smime", "signed-blanks", "clear-signed, trailing blanks and dot lines",
            .steps = { UP_STEP_CLEAR }, .suite = SIGNER("alice-ec"),
            .entity = "Content-Type: text/plain \nX-Folded: a\n\tb  \n\n"
                      "trailing  \n\t\n.\n..\nFrom here\n \n" },
        { "smime", "signed-multipart", "clear-signed, a multipart with preamble and epilogue",
            .steps = { UP_STEP_CLEAR }, .suite = SIGNER("alice-ec"),
            .entity = "Content-Type: multipart/alternative; boundary=\"alt\"\n\n"
                      "preamble\n--alt\n\nplain\n--alt \nContent-Type: text/html\n\n"
                      "<p>html</p>\n--alt--\t\nepilogue\n\n" },
        { "smime", "signed-twice", "clear-signed inside clear-signed",
            .steps = { UP_STEP_CLEAR, UP_STEP_CLEAR }, .suite = SIGNER("alice-ec") },
        { "smime", "opaque-in-clear", "opaque-signed inside clear-signed",
            .steps = { UP_STEP_OPAQUE, UP_STEP_CLEAR }, .suite = SIGNER("alice-ec") },
        { "smime", "opaque-twice", "opaque-signed inside opaque-signed",
            .steps = { UP_STEP_OPAQUE, UP_STEP_OPAQUE }, .suite = SIGNER("alice-ec") },
        { "smime", "list-footer", "clear-signed, with a mailing list's footer beside it",
            .steps = { UP_STEP_CLEAR, UP_STEP_LIST }, .suite = SIGNER("alice-ec") },
        { "smime", "forwarded-opaque", "opaque-signed inside message/rfc822",
            .steps = { UP_STEP_OPAQUE, UP_STEP_FORWARD }, .suite = SIGNER("alice-ec") },

        /* What is encrypted, and how. */
        { "smime", "encrypted-signed", "encrypted, then signed",
            .steps = { UP_STEP_ENCRYPT, UP_STEP_CLEAR }, .suite = &up_seed_suites[0] },
        { "smime", "opaque-encrypted", "opaque-signed, then encrypted",
            .steps = { UP_STEP_OPAQUE, UP_STEP_ENCRYPT }, .suite = &up_seed_suites[2] },
        { "smime", "encrypted-twice", "encrypted inside encrypted",
            .steps = { UP_STEP_ENCRYPT, UP_STEP_ENCRYPT }, .suite = &up_seed_suites[2] },
        { "smime", "two-recipients", "encrypted for an RSA and an EC key",
            .steps = { UP_STEP_ENCRYPT }, .suite = READABLE(.recipients = { "bob", "bob-ec" }) },
        { "smime", "auth-enveloped", "AuthEnvelopedData, AES-256-GCM, RSA",
            .steps = { UP_STEP_ENCRYPT },
            .suite = READABLE(.recipients = { "bob" }, .cipher = "aes-256-gcm") },
        { "smime", "auth-enveloped-ec", "AuthEnvelopedData, AES-128-GCM, ECDH, signed inside",
            .steps = { UP_STEP_CLEAR, UP_STEP_ENCRYPT },
            .suite = SUITE(.signing.signers = { { .identity = "alice-ec" } },
                .encrypting = { .recipients = { "bob-ec" }, .cipher = "aes-128-gcm" }) },
        { "smime", "triple-des", "encrypted with triple DES", .steps = { UP_STEP_ENCRYPT },
            .suite = READABLE(.recipients = { "bob" }, .cipher = "des-ede3-cbc") },
        { "smime", "password", "encrypted for a password", .steps = { UP_STEP_ENCRYPT },
            .suite = READABLE(.password = "unpend", .iterations = 16) },
        { "smime", "password-or-key", "encrypted for a password and a key, AES-256-GCM",
            .steps = { UP_STEP_ENCRYPT },
            .suite = READABLE(.recipients = { "bob-ec" }, .password = "unpend", .iterations = 16,
                .cipher = "aes-256-gcm") },

        /* What is compressed. */
        { "smime", "compressed", "compressed", .steps = { UP_STEP_COMPRESS },
            .suite = SIGNER("alice-ec") },
        { "smime", "compressed-signed", "compressed, then signed",
            .steps = { UP_STEP_COMPRESS, UP_STEP_CLEAR }, .suite = SIGNER("alice-ec") },
        { "smime", "signed-compressed", "signed, then compressed",
            .steps = { UP_STEP_CLEAR, UP_STEP_COMPRESS }, .suite = SIGNER("alice-ec") },
        { "smime", "signed-compressed-encrypted", "signed, compressed, encrypted",
            .steps = { UP_STEP_OPAQUE, UP_STEP_COMPRESS, UP_STEP_ENCRYPT },
            .suite = &up_seed_suites[2] },
        { "smime", "bomb", "a megabyte of zeros, compressed", .make = make_bomb },
        { "smime", "compressed-eicar", "compressed, EICAR inside", .infected = true,
            .steps = { UP_STEP_COMPRESS }, .suite = SIGNER("alice-ec") },

        /* How it is called. */
        { "smime", "old-names-clear", "clear-signed, called x-pkcs7-signature",
            .steps = { UP_STEP_CLEAR }, .suite = SUITE_NAMED(UP_NAMING_OLD) },
        { "smime", "old-names-opaque", "opaque-signed, called x-pkcs7-mime",
            .steps = { UP_STEP_OPAQUE }, .suite = SUITE_NAMED(UP_NAMING_OLD) },
        { "smime", "old-names-encrypted", "encrypted, called x-pkcs7-mime",
            .steps = { UP_STEP_ENCRYPT }, .suite = SUITE_NAMED(UP_NAMING_OLD) },
        { "smime", "octet-stream-clear", "clear-signed, signature called octet-stream",
            .steps = { UP_STEP_CLEAR }, .suite = SUITE_NAMED(UP_NAMING_OCTET_STREAM) },
        { "smime", "octet-stream-opaque", "opaque-signed, smime.p7m called octet-stream",
            .steps = { UP_STEP_OPAQUE }, .suite = SUITE_NAMED(UP_NAMING_OCTET_STREAM) },
        { "smime", "octet-stream-encrypted", "encrypted, smime.p7m called octet-stream",
            .steps = { UP_STEP_ENCRYPT }, .suite = SUITE_NAMED(UP_NAMING_OCTET_STREAM) },
        { "smime", "octet-stream-compressed", "compressed, smime.p7z called octet-stream",
            .steps = { UP_STEP_COMPRESS }, .suite = SUITE_NAMED(UP_NAMING_OCTET_STREAM) },
};
const size_t up_seed_smime_count = G_N_ELEMENTS(up_seed_smime);
