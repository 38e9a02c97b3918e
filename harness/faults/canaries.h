/*
 * canaries - planted faults that show whether the sanitizers and the oracles see anything at all
 *
 * The target `canary` commits the fault that the message's first line names; `unpend doctor` runs
 * each in each flavour and compares. Instrumentation reaches only code that was compiled with it:
 * what happens inside the system's own libraries is seen where they were built from source alone,
 * and a hang or growth, at once and without a clock, where edges are counted.
 *
 * Those of the oracles that judge a pipeline are no rows of this table: each is made of a row of
 * up_oracle_rows and one of up_mock_rows (mock.h), bears the oracle's name, and brings the head of
 * a case along. A message whose first line is UP_CANARY_HEALTHY has the healthy pipeline play the
 * case.
 */
#ifndef UP_FAULTS_CANARIES_H
#define UP_FAULTS_CANARIES_H

#include "case/case.h"
#include "faults/mock.h"
#include "oracle/judge.h"

#define UP_CANARY_HEALTHY "healthy"

/** Where a canary has to be seen. */
enum up_canary_claim {
        UP_CANARY_EVERYWHERE,
        UP_CANARY_FROM_SOURCE, /* where GMime and OpenSSL are instrumented */
        UP_CANARY_COUNTED,     /* where edges are counted; elsewhere it is not even run */
};

struct up_canary {
        const char *name;
        const char *what;
        enum up_class class;
        const char *signature; /* how the finding's signature begins */
        enum up_canary_claim claim;
        size_t bytes; /* of its message, which is made so long; 0: as short as it can be */
        void (*commit)(
            const struct up_case *c, struct up_observations *observed); /* set in canary.c only */

        /* Of an oracle's canary. */
        enum up_evidence evidence;
        const char *head; /* of its case, without the version */
};

#ifndef UP_CANARY
#define UP_CANARY(function) NULL
#endif

static const struct up_canary up_canaries[] = {
        { "gmime-object", "a freed GMime object, looked into by us", UP_CLASS_CRASH,
            "heap-use-after-free", UP_CANARY_EVERYWHERE, .commit = UP_CANARY(gmime_object) },
        { "gmime-inside", "a freed GMime object, given to GMime", UP_CLASS_CRASH,
            "heap-use-after-free", UP_CANARY_FROM_SOURCE, .commit = UP_CANARY(gmime_inside) },
        { "openssl-copy", "OpenSSL copies beyond a heap block", UP_CLASS_CRASH,
            "heap-buffer-overflow", UP_CANARY_EVERYWHERE, .commit = UP_CANARY(openssl_copy) },
        { "openssl-inside", "OpenSSL writes beyond a heap block", UP_CLASS_CRASH,
            "heap-buffer-overflow", UP_CANARY_FROM_SOURCE, .commit = UP_CANARY(openssl_inside) },
        { "leak", "memory that is lost", UP_CLASS_LEAK, "leak", UP_CANARY_EVERYWHERE,
            .commit = UP_CANARY(leak) },
        { "shift", "an undefined shift", UP_CLASS_CRASH, "undefined-shift", UP_CANARY_EVERYWHERE,
            .commit = UP_CANARY(shift) },
        { "critical", "a GLib CRITICAL out of GMime", UP_CLASS_LIBRARY_CRITICAL,
            "gmime: g_mime_part_set_content_description", UP_CANARY_EVERYWHERE,
            .commit = UP_CANARY(critical) },
        { "no-reason", "a failure that leaves no reason", UP_CLASS_ERROR_WITHOUT_REASON,
            "OBJ_txt2obj", UP_CANARY_EVERYWHERE, .commit = UP_CANARY(no_reason) },
        { "disagree", "two decoders that disagree", UP_CLASS_DISAGREE, "base64: GMime and GLib",
            UP_CANARY_EVERYWHERE, .commit = UP_CANARY(disagree) },
        { "loop", "a loop of ours without an end", UP_CLASS_HANG, "hang loop", UP_CANARY_COUNTED,
            .commit = UP_CANARY(loop) },
        { "gmime-loop", "GMime writes what never ends", UP_CLASS_HANG,
            "hang g_mime_stream_write_to_stream", UP_CANARY_COUNTED,
            .commit = UP_CANARY(gmime_loop) },
        { "openssl-loop", "OpenSSL hashes two thousand million times", UP_CLASS_HANG,
            "hang pbkdf2_derive", UP_CANARY_COUNTED, .commit = UP_CANARY(openssl_loop) },
        { "deep", "functions of ours that call each other, and no end", UP_CLASS_CRASH,
            "stack-overflow (even odd)*", UP_CANARY_EVERYWHERE, .commit = UP_CANARY(deep) },
        { "gmime-deep", "a group of addresses in itself, written by GMime", UP_CLASS_CRASH,
            "stack-overflow ", UP_CANARY_EVERYWHERE, .commit = UP_CANARY(gmime_deep) },
        { "square", "work that grows as the square of the message", UP_CLASS_SUPERLINEAR,
            "canary: faster", UP_CANARY_COUNTED, .bytes = 4096, .commit = UP_CANARY(square) },
};

/** The canary of an oracle, by its index in up_oracle_rows. */
static inline struct up_canary up_canary_of_oracle(size_t index)
{
        const struct up_oracle_row *oracle = &up_oracle_rows[index];
        const struct up_mock_row *sick = &up_mock_rows[index];

        return (struct up_canary){ .name = oracle->name,
                .what = sick->what,
                .class = oracle->class,
                .signature = sick->signature,
                .claim = UP_CANARY_EVERYWHERE,
                .evidence = oracle->evidence,
                .head = sick->head };
}

#endif
