/*
 * canaries - planted faults that show whether the sanitizers and the oracles see anything at all
 *
 * The target `canary` commits the fault that the message's first line names; `unpend doctor` runs
 * each in each flavour and compares. Instrumentation reaches only code that was compiled with it:
 * what happens inside the system's own libraries is seen by libfuzzer's instrumented ones alone.
 */
#ifndef UP_FUZZ_CANARIES_H
#define UP_FUZZ_CANARIES_H

#include "oracle/finding.h"

struct up_canary {
        const char *name;
        const char *what;
        enum up_class class;
        const char *signature; /* how the finding's signature begins */
        bool from_source_only; /* claimed only where GMime and OpenSSL are instrumented */
        void (*commit)(struct up_exam *exam); /* set in canary.c only */
};

#ifndef UP_CANARY
#define UP_CANARY(function) NULL
#endif

static const struct up_canary up_canaries[] = {
        { "gmime-object", "a freed GMime object, looked into by us", UP_CLASS_CRASH,
            "heap-use-after-free", false, UP_CANARY(gmime_object) },
        { "gmime-inside", "a freed GMime object, given to GMime", UP_CLASS_CRASH,
            "heap-use-after-free", true, UP_CANARY(gmime_inside) },
        { "openssl-copy", "OpenSSL copies beyond a heap block", UP_CLASS_CRASH,
            "heap-buffer-overflow", false, UP_CANARY(openssl_copy) },
        { "openssl-inside", "OpenSSL writes beyond a heap block", UP_CLASS_CRASH,
            "heap-buffer-overflow", true, UP_CANARY(openssl_inside) },
        { "leak", "memory that is lost", UP_CLASS_LEAK, "leak", false, UP_CANARY(leak) },
        { "shift", "an undefined shift", UP_CLASS_CRASH, "undefined-shift", false,
            UP_CANARY(shift) },
        { "critical", "a GLib CRITICAL out of GMime", UP_CLASS_LIBRARY_CRITICAL,
            "gmime: g_mime_part_set_content_description", false, UP_CANARY(critical) },
        { "no-reason", "a failure that leaves no reason", UP_CLASS_ERROR_WITHOUT_REASON,
            "OBJ_txt2obj", false, UP_CANARY(no_reason) },
        { "disagree", "two decoders that disagree", UP_CLASS_DISAGREE, "base64: GMime and GLib",
            false, UP_CANARY(disagree) },
};

#endif
