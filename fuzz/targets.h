/*
 * targets - the table of fuzz targets, for the tools and for the build
 */
#ifndef UP_FUZZ_TARGETS_H
#define UP_FUZZ_TARGETS_H

#include <stdbool.h>
#include <stddef.h>

struct up_target_row {
        const char *name; /* of fuzz/NAME.c, seeds/NAME/, regressions/NAME/ */
        const char *what;
        bool takes_mail;   /* any message is an input that makes sense */
        bool verifies;     /* signatures: a campaign says of how many inputs one held */
        bool has_pipeline; /* into which a fault can be planted */
        bool is_machine;   /* of it the tables alone are run: most faults do not touch them */
        bool on_request;   /* of this suite itself: no campaign takes it that does not name it */
};

static const struct up_target_row up_target_rows[] = {
        { "mime", "GMime: every accessor, decoding, and what gateways do to a message",
            .takes_mail = true },
        { "smime", "OpenSSL: every signed and encrypted entity, verified and opened",
            .takes_mail = true, .verifies = true },
        { "scan_submit", "the pipeline: does every message come to an end, and to the right one?",
            .takes_mail = true, .verifies = true, .has_pipeline = true },
        { "machine", "the pipeline's pure machine: the bytes of the message are its events",
            .has_pipeline = true, .is_machine = true },
        { "mutate", "the mutator: does what it makes of any bytes fit, read, and verify?",
            .verifies = true, .on_request = true },
};

#endif
