/*
 * libraries - which GMime and which OpenSSL a flavour runs
 *
 * The system's own are those that this program is linked with. Those built from source are told
 * by the manifest of their cache entry; BUILD/FLAVOUR/libraries, which is the output of
 * tools/build/libraries.sh, says where that is.
 */
#ifndef UP_TOOLS_EXEC_LIBRARIES_H
#define UP_TOOLS_EXEC_LIBRARIES_H

#include <glib.h>

#include "tools/exec/run.h"

struct up_library {
        char *name; /* "gmime", "openssl": as in the `known:` line of a case */
        char *version;
        char *source; /* where it comes from, for a person */
};

/**
 * An array of struct up_library, which frees them; empty when the flavour was never built.
 */
GPtrArray *up_libraries_of(const struct up_flavour *flavour);

/** "gmime 3.2.13, openssl 3.0.22" and where from. The caller owns the result. */
char *up_libraries_text(const struct up_flavour *flavour);

#endif
