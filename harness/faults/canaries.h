/*
 * canaries - planted faults that show whether sanitizers and oracles detect anything
 *
 * The target `canary` commits the fault that the message names in its first line that is not empty;
 * `unpend doctor` runs each in each flavour and compares. Sanitizers reach only code that was
 * compiled with them: a fault inside the system's own libraries is detected only where they were
 * built from source, none in the flavours that explore, and a hang or growth, at once and without a
 * clock, only where edges are counted.
 *
 * The canary of a pipeline oracle is no row of this table but a faulty pipeline (mock.h), which
 * brings the head of a case along, and is named in the body of a message without a header, so that
 * nothing in it is ambiguous. UP_CANARY_FIXED in place of a name runs that case on the fixed
 * pipeline.
 */
#ifndef UP_FAULTS_CANARIES_H
#define UP_FAULTS_CANARIES_H

#include "case/case.h"
#include "faults/mock.h"
#include "oracle/judge.h"

#define UP_CANARY_FIXED "fixed"

/** Where a canary has to be detected. */
enum up_canary_claim {
        UP_CANARY_EVERYWHERE,
        UP_CANARY_SANITIZED,   /* where the harness has sanitizers */
        UP_CANARY_FROM_SOURCE, /* where GMime and OpenSSL have them, too */
        UP_CANARY_COUNTED,     /* where edges are counted */
};

struct up_canary {
        const char *name;
        const char *what;
        enum up_class class;
        const char *signature; /* how the finding's signature begins */
        enum up_canary_claim claim;
        bool endless; /* does not return: run only where edges are counted */
        size_t bytes; /* its message is padded to this size */
        void (*commit)(
            const struct up_case *c, struct up_observations *observed); /* only in fuzz_canary.c */

        /* Of an oracle's canary. */
        const struct up_oracle_row *oracle; /* NULL: it is none */
        enum up_evidence evidence;
        const char *head; /* of its case, without the version */
};

#ifndef UP_CANARY
#define UP_CANARY(function) NULL
#endif

static const struct up_canary up_canaries[] = {
        { "gmime-object", "a freed GMime object, read by the harness", UP_CLASS_CRASH,
            "heap-use-after-free", UP_CANARY_SANITIZED, .commit = UP_CANARY(gmime_object) },
        { "gmime-inside", "a freed GMime object, passed to GMime", UP_CLASS_CRASH,
            "heap-use-after-free", UP_CANARY_FROM_SOURCE, .commit = UP_CANARY(gmime_inside) },
        { "openssl-copy", "OpenSSL copies beyond a heap block", UP_CLASS_CRASH,
            "heap-buffer-overflow", UP_CANARY_SANITIZED, .commit = UP_CANARY(openssl_copy) },
        { "openssl-inside", "OpenSSL writes beyond a heap block", UP_CLASS_CRASH,
            "heap-buffer-overflow", UP_CANARY_FROM_SOURCE, .commit = UP_CANARY(openssl_inside) },
        { "leak", "memory that is never freed", UP_CLASS_LEAK, "leak", UP_CANARY_SANITIZED,
            .commit = UP_CANARY(leak) },
        { "shift", "an undefined shift", UP_CLASS_CRASH, "undefined-shift", UP_CANARY_SANITIZED,
            .commit = UP_CANARY(shift) },
        { "critical", "a GLib CRITICAL from GMime", UP_CLASS_LIBRARY_CRITICAL,
            "gmime: g_mime_part_set_content_description", UP_CANARY_EVERYWHERE,
            .commit = UP_CANARY(critical) },
        { "no-reason", "a failure without a reason", UP_CLASS_ERROR_WITHOUT_REASON, "OBJ_txt2obj",
            UP_CANARY_EVERYWHERE, .commit = UP_CANARY(no_reason) },
        { "disagree", "two decoders that disagree", UP_CLASS_DISAGREE, "base64: GMime and GLib",
            UP_CANARY_EVERYWHERE, .commit = UP_CANARY(disagree) },
        { "accepted", "OpenSSL accepts a structure with a byte after it",
            UP_CLASS_ACCEPTED_AGAINST_STANDARD, "bytes after the structure", UP_CANARY_EVERYWHERE,
            .commit = UP_CANARY(accepted) },
        { "loop", "an endless loop of the harness", UP_CLASS_HANG, "hang loop", UP_CANARY_COUNTED,
            .endless = true, .commit = UP_CANARY(loop) },
        { "gmime-loop", "GMime copies an endless stream", UP_CLASS_HANG,
            "hang g_mime_stream_write_to_stream", UP_CANARY_COUNTED, .endless = true,
            .commit = UP_CANARY(gmime_loop) },
        { "openssl-loop", "OpenSSL hashes 2,000 million times", UP_CLASS_HANG, "hang pbkdf2_derive",
            UP_CANARY_COUNTED, .endless = true, .commit = UP_CANARY(openssl_loop) },
        { "deep", "endless recursion in the harness", UP_CLASS_CRASH, "stack-overflow (even odd)*",
            UP_CANARY_SANITIZED, .commit = UP_CANARY(deep) },
        { "gmime-deep", "endless recursion in GMime: a group of addresses in itself",
            UP_CLASS_CRASH, "stack-overflow ", UP_CANARY_SANITIZED,
            .commit = UP_CANARY(gmime_deep) },
        { "square", "work that grows as the square of the message", UP_CLASS_SUPERLINEAR,
            "canary: faster", UP_CANARY_COUNTED, .bytes = 4096, .commit = UP_CANARY(square) },
};

/** The canary of an oracle. */
static inline struct up_canary up_canary_of_oracle(const struct up_oracle_row *oracle)
{
        const struct up_mock_row *mock = up_mock_find(oracle->canary);

        return (struct up_canary){ .name = mock->name,
                .what = mock->what,
                .class = oracle->class,
                .signature = mock->signature,
                .claim = UP_CANARY_EVERYWHERE,
                .oracle = oracle,
                .evidence = oracle->evidence,
                .head = mock->head };
}

#endif
