/*
 * observations - what the readers of one message counted and remarked
 *
 * The readers (MIME, CMS) do not judge. They record what they see; the oracles turn it into
 * findings. Observations belong to one message, carry the limits and the virtual time under which
 * it is read, and hold no pointer into the message.
 */
#ifndef UP_MAIL_OBSERVATIONS_H
#define UP_MAIL_OBSERVATIONS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "depth.h"
#include "mail/limits.h"

/** Kinds of remarks. An oracle judges each kind but the first and the last. */
enum up_remark_kind {
        UP_REMARK_LIMIT,     /* a limit was hit: the message is unscannable */
        UP_REMARK_LOG,       /* a library logged a GLib CRITICAL or WARNING */
        UP_REMARK_NO_REASON, /* a call failed and left no error behind */
        UP_REMARK_DISAGREE,  /* two decoders read one well-formed content differently */
        UP_REMARK_ACCEPTED,  /* a library accepted what a standard forbids to accept */
        UP_REMARK_REWRITTEN, /* GMime wrote the message in other bytes than it had read; no fault */
        UP_REMARK_KINDS,
};

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
        UP_COUNT_REASONS_JUDGED, /* failed library calls, checked for a reason */
        UP_COUNT_DECODERS_JUDGED, /* well-formed contents that two decoders were given */
        UP_COUNT_ACCEPTED_JUDGED, /* structures that were verified or decrypted */
        UP_COUNTS,
};
extern const char *const up_count_names[UP_COUNTS];

struct up_observations {
        struct up_limits limits;
        int64_t now_s;       /* virtual time, seconds since 1970, for certificates */
        enum up_depth depth; /* how much the readers do */
        uint64_t hash;       /* of the input: decides what they do at less than full depth */
        uint64_t counts[UP_COUNTS];
        uint64_t decoded_bytes; /* spent of limits.decoded_bytes */
        bool unscannable;       /* a limit was hit */
        bool out_of_memory;   /* a call failed for lack of it (allocation.h); the run ended there */
        uint32_t memory_code; /* the error that it left, packed as OpenSSL does; 0: none */
        GPtrArray *remarks;   /* of struct up_remark, owned; in the order first seen */
};

/**
 * No observations, under these limits (copied) at this virtual time, and UP_DEPTH_JUDGE. Free them
 * with _clear.
 */
void up_observations_init(
    struct up_observations *observed, const struct up_limits *limits, int64_t now_s);
void up_observations_clear(struct up_observations *observed);

void up_observations_count(struct up_observations *observed, enum up_count count);

/**
 * Adds a remark. Another of the same kind at the same site only raises its times. @site is copied.
 * The detail is printf-style, made printable, and cut after 400 bytes.
 */
void up_observations_remark(struct up_observations *observed, enum up_remark_kind kind,
    const char *site, const char *detail_format, ...) G_GNUC_PRINTF(4, 5);

/**
 * Is @value within the limit @field, a field of observed->limits? If not, the message becomes
 * unscannable, and a remark names the limit. Use as:
 * up_observations_within(observed, &observed->limits.depth, depth).
 */
bool up_observations_within(
    struct up_observations *observed, const uint64_t *field, uint64_t value);

/**
 * A number below @count, by a hash of the input and of @choice, which names what is chosen among.
 * One input has one choice, at any depth.
 */
size_t up_observations_draw(
    const struct up_observations *observed, const char *choice, size_t count);

/**
 * Is row @row of @rows ways that are alike taken? All are at UP_DEPTH_JUDGE; at other depths the
 * one that is drawn for @choice is, and at UP_DEPTH_EXAMINE those that are @examined.
 */
bool up_observations_take(const struct up_observations *observed, const char *choice, size_t row,
    size_t rows, bool examined);

/** Spends @bytes of decoded content; false, and unscannable, when that is more than is left. */
bool up_observations_spend(struct up_observations *observed, uint64_t bytes);

/**
 * Takes over GLib's log, of which a process has one. Between _listen and _unlisten each CRITICAL
 * and WARNING becomes a UP_REMARK_LOG whose site is "DOMAIN: text" without addresses and numbers;
 * outside, messages go to stderr. Not reentrant, one thread.
 */
void up_observations_listen(struct up_observations *observed);
void up_observations_unlisten(struct up_observations *observed);

#endif
