/*
 * bystander - the texts of two messages
 *
 * The signature is well-formed DER of signed-data, in base64, without a signer: a reader of the
 * structure sees a signed message, and a verifier has no signature to verify. Lines end with CR LF,
 * as on the wire.
 */
#include "world/bystander.h"

#include <string.h>

#define FIELDS(subject)                                                                            \
        "From: sender@example.com\r\n"                                                             \
        "To: recipient@example.com\r\n"                                                            \
        "Date: Thu, 01 Jan 2026 00:00:00 +0000\r\n"                                                \
        "Message-ID: <bystander-" subject "@example.com>\r\n"                                      \
        "Subject: " subject "\r\n"                                                                 \
        "MIME-Version: 1.0\r\n"

static const struct {
        const char *kind;
        const char *message;
} bystanders[] = {
        { "plain", FIELDS("plain") "Content-Type: text/plain; charset=us-ascii\r\n"
                                   "\r\n"
                                   "Nothing is wrong with this message.\r\n" },
        { "signed",
            FIELDS("signed") "Content-Type: multipart/signed; "
                             "protocol=\"application/pkcs7-signature\";\r\n"
                             " micalg=sha-256; boundary=\"bystander\"\r\n"
                             "\r\n"
                             "--bystander\r\n"
                             "Content-Type: text/plain; charset=us-ascii\r\n"
                             "\r\n"
                             "Nothing is wrong with this message.\r\n"
                             "\r\n"
                             "--bystander\r\n"
                             "Content-Type: application/pkcs7-signature; name=\"smime.p7s\"\r\n"
                             "Content-Transfer-Encoding: base64\r\n"
                             "Content-Disposition: attachment; filename=\"smime.p7s\"\r\n"
                             "\r\n"
                             "MCMGCSqGSIb3DQEHAqAWMBQCAQExADALBgkqhkiG9w0BBwExAA==\r\n"
                             "\r\n"
                             "--bystander--\r\n" },
};

GBytes *up_bystander(const char *kind)
{
        for (size_t i = 0; i < G_N_ELEMENTS(bystanders); i++)
                if (strcmp(bystanders[i].kind, kind) == 0)
                        return g_bytes_new_static(
                            bystanders[i].message, strlen(bystanders[i].message));
        g_assert_not_reached(); /* each choice of the verb is a row */
}
