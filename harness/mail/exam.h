/*
 * exam - what was seen while one message was read
 *
 * The readers of this layer (MIME, CMS) do not judge. They put into an exam what they counted and
 * what they noticed; the oracles turn that into findings. An exam belongs to one message, carries
 * the limits and the virtual time it is read under, and holds no pointer into the message.
 */
#ifndef UP_MAIL_EXAM_H
#define UP_MAIL_EXAM_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "mail/limits.h"

/** What a reader can notice. Each kind but the first and the last is matter for an oracle. */
enum up_remark_kind {
        UP_REMARK_LIMIT,     /* a limit was hit: the message is unscannable */
        UP_REMARK_LOG,       /* a library logged a GLib CRITICAL or WARNING */
        UP_REMARK_NO_REASON, /* a call failed and left no error behind */
        UP_REMARK_DISAGREE,  /* two decoders read one well-formed content differently */
        UP_REMARK_REWRITTEN, /* GMime wrote the message in other bytes than it had read; no fault */
};
#define UP_REMARK_KINDS 5

struct up_remark {
        enum up_remark_kind kind;
        char *site;     /* where it comes from: stable text without numbers that vary by input */
        char *detail;   /* for a person */
        unsigned times; /* how often this kind was seen at this site; detail is the first one's */
};

/**
 * What a reader counts. Each has one row in up_count_names, and reaches the campaign's summary.
 * A count of "judged" says how often an oracle had something to judge, so that none is vacuous.
 */
enum up_count {
        UP_COUNT_PARTS,          /* MIME parts walked */
        UP_COUNT_CMS,            /* CMS structures that were parsed */
        UP_COUNT_SIGNED,         /* SignedData among them */
        UP_COUNT_VERIFIED,       /* signatures that hold, content and attributes, whoever signed */
        UP_COUNT_DIGEST_ONLY,    /* attributes' signature holds, only the content digest does not */
        UP_COUNT_TRUSTED,        /* signatures that hold and chain to the test authority */
        UP_COUNT_DECRYPTED,      /* EnvelopedData and its like that a test key opened */
        UP_COUNT_DECOMPRESSED,   /* CompressedData that was inflated within its limit */
        UP_COUNT_LOGS_JUDGED,    /* library calls made while the log was listened to */
        UP_COUNT_REASONS_JUDGED, /* failed library calls whose reason was looked for */
        UP_COUNT_DECODERS_JUDGED, /* well-formed contents that two decoders were given */
};
#define UP_COUNTS 11
extern const char *const up_count_names[UP_COUNTS];

struct up_exam {
        struct up_limits limits;
        int64_t now_s; /* virtual time, seconds since 1970, for certificates */
        uint64_t counts[UP_COUNTS];
        uint64_t decoded_bytes; /* spent of limits.decoded_bytes */
        bool unscannable;       /* a limit was hit */
        bool out_of_memory;   /* a call failed for want of it (allocation.h), and nothing went on */
        uint32_t memory_code; /* the error that it left, packed as OpenSSL does; 0: none */
        GPtrArray *remarks;   /* of struct up_remark, owned; in the order first seen */
};

/** An empty exam under these limits (copied) at this virtual time. Clear it with _clear. */
void up_exam_init(struct up_exam *exam, const struct up_limits *limits, int64_t now_s);
void up_exam_clear(struct up_exam *exam);

void up_exam_count(struct up_exam *exam, enum up_count count);

/**
 * Notes something. A remark of the same kind at the same site only raises the first one's times.
 * @site is copied. The detail is printf-style, at most 400 bytes of it are kept, made printable.
 */
void up_exam_remark(struct up_exam *exam, enum up_remark_kind kind, const char *site,
    const char *detail_format, ...) G_GNUC_PRINTF(4, 5);

/**
 * Is @value within the limit @field, a field of exam->limits? If not, the exam becomes unscannable
 * and remarks which limit it was. Use as: up_exam_within(exam, &exam->limits.depth, depth).
 */
bool up_exam_within(struct up_exam *exam, const uint64_t *field, uint64_t value);

/** Spends @bytes of decoded content; false, and unscannable, when that is more than is left. */
bool up_exam_spend(struct up_exam *exam, uint64_t bytes);

/**
 * GLib has one log a process. Between _listen and _unlisten each CRITICAL and WARNING goes into
 * @exam as a UP_REMARK_LOG whose site is "DOMAIN: text" with addresses and numbers taken out;
 * outside, messages go to stderr as GLib would have it. Not reentrant, one thread.
 */
void up_exam_listen(struct up_exam *exam);
void up_exam_unlisten(struct up_exam *exam);

#endif
