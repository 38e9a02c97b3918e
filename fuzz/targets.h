/*
 * targets - the table of fuzz targets, for the tools and for the build
 */
#ifndef UP_FUZZ_TARGETS_H
#define UP_FUZZ_TARGETS_H

#include <stddef.h>

struct up_target_row {
        const char *name; /* of fuzz/NAME.c, seeds/NAME/, regressions/NAME/ */
        const char *what;
};

static const struct up_target_row up_target_rows[] = {
        { "mime", "GMime: every accessor, decoding, and what gateways do to a message" },
        { "smime", "OpenSSL: every signed and encrypted entity, verified and opened" },
};

#endif
