/*
 * limits - the table
 *
 * Standard values are those of a careful gateway: GMime itself stops at a depth of 1024, Postfix
 * at a nesting of 100 and at 50 MB; OpenSSL refuses RSA keys of more than 16384 bits. The fuzzers
 * never come near the sizes, because an engine's inputs are smaller.
 */
#include "mail/limits.h"

#define LIMIT(field, name, what, standard, most)                                                   \
        {                                                                                          \
                name, what, offsetof(struct up_limits, field), standard, most                      \
        }

const struct up_limit_row up_limit_rows[UP_LIMIT_ROWS] = {
        LIMIT(message_bytes, "max-message", "bytes in the message", 64 << 20, 1 << 30),
        LIMIT(header_bytes, "max-header", "bytes in the header of one part", 1 << 20, 16 << 20),
        LIMIT(depth, "max-depth", "parts inside parts", 1024, 1024),
        LIMIT(layers, "max-layers", "signed or encrypted layers inside each other", 8, 64),
        LIMIT(parts, "max-parts", "parts in the message", 4096, 65536),
        LIMIT(structures, "max-structures", "CMS structures in the message", 64, 4096),
        LIMIT(decoded_bytes, "max-decoded", "bytes of decoded content", 32 << 20, 1 << 30),
        LIMIT(decompressed_bytes, "max-decompressed", "bytes of decompressed content", 16 << 20,
            1 << 30),
        LIMIT(pbkdf2_iterations, "max-iterations", "PBKDF2 iterations of a password recipient",
            100000, 10000000),
        LIMIT(key_bits, "max-key-bits", "bits in a public key", 8192, 16384),
        LIMIT(certificates, "max-certificates", "certificates in a CMS structure", 64, 4096),
        LIMIT(signers, "max-signers", "signers, digests or recipients of a structure", 32, 4096),
};

void up_limits_init(struct up_limits *limits)
{
        for (size_t i = 0; i < UP_LIMIT_ROWS; i++)
                *up_limit_field(limits, &up_limit_rows[i]) = up_limit_rows[i].standard;
}

uint64_t *up_limit_field(struct up_limits *limits, const struct up_limit_row *row)
{
        return (uint64_t *)(void *)((char *)limits + row->offset);
}
