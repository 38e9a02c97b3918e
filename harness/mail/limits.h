/*
 * limits - how much of a message the harness is willing to read
 *
 * Any byte can ask for any amount of work: a MIME tree a thousand levels deep, a compressed part
 * of a gigabyte, a password stretched ten million times. What a mail pipeline is willing to do is
 * policy, and all of that policy is this one table. Exceeding a limit is a definite verdict about
 * the message, "unscannable", and never an error of the reader.
 *
 * The table is the only list of the limits: the case file's `policy:` line, its help and its
 * bounds are read from it.
 */
#ifndef UP_MAIL_LIMITS_H
#define UP_MAIL_LIMITS_H

#include <stddef.h>
#include <stdint.h>

/** One field for each row of up_limit_rows. */
struct up_limits {
        uint64_t message_bytes;      /* whole message as it was submitted */
        uint64_t header_bytes;       /* all header fields of one entity together */
        uint64_t depth;              /* entities inside entities */
        uint64_t layers;             /* signed or encrypted content inside such content */
        uint64_t parts;              /* entities in one message, whatever their depth */
        uint64_t structures;         /* CMS structures in one message, whatever their layer */
        uint64_t decoded_bytes;      /* content of all parts after transfer decoding */
        uint64_t decompressed_bytes; /* content of one CMS CompressedData */
        uint64_t pbkdf2_iterations;  /* of a password recipient (RFC 3211) */
        uint64_t key_bits;           /* of any public key that a signature uses */
        uint64_t certificates;       /* in one CMS structure */
        uint64_t signers;            /* in one CMS structure; digests and recipients too */
};

struct up_limit_row {
        const char *name;  /* as in `policy: max-depth=64` */
        const char *what;  /* for help and for the message of an exceeded limit */
        size_t offset;     /* of the field in struct up_limits */
        uint64_t standard; /* value where a case says nothing */
        uint64_t most;     /* largest value that a case may ask for */
};

/** All members of the struct are limits, and each has a row. */
#define UP_LIMIT_ROWS (sizeof(struct up_limits) / sizeof(uint64_t))
extern const struct up_limit_row up_limit_rows[UP_LIMIT_ROWS];

/** Sets every limit to its standard value. */
void up_limits_init(struct up_limits *limits);

/** The field that a row limits, for reading and for writing. */
uint64_t *up_limit_field(struct up_limits *limits, const struct up_limit_row *row);

#endif
