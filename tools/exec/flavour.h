/*
 * flavour - the ways of building the targets, and the libraries that each runs
 *
 * A flavour is built in BUILD/NAME/; its targets are BUILD/NAME/fuzz/TARGET. The system's libraries
 * are those that this program is linked with. Libraries built from source have a manifest in their
 * cache entry; BUILD/NAME/libraries, the output of tools/build/libraries.sh, names the entries.
 */
#ifndef UP_TOOLS_EXEC_FLAVOUR_H
#define UP_TOOLS_EXEC_FLAVOUR_H

#include <glib.h>
#include <stdbool.h>

struct up_flavour {
        const char *name;
        const char *what;
        const char *remedy; /* the command that builds it */
        bool from_source;   /* its GMime and OpenSSL are built from pinned source */
        bool sanitized;     /* by ASan and UBSan, so that memory errors are seen */
        bool engine;        /* a fuzz engine runs the files, and may run a file more than once */
        bool counts_edges;  /* so that hangs and growth are seen without a clock (fuel.h) */
};

enum up_flavour_id {
        UP_FLAVOUR_REPLAY,
        UP_FLAVOUR_LIBFUZZER,
        UP_FLAVOUR_AFL,
        UP_FLAVOUR_ASAN, /* what campaigns find is reproduced by this one */
        UP_FLAVOUR_FUEL,
        UP_FLAVOUR_FUEL_GCC,
        UP_FLAVOUR_COUNT
};
extern const struct up_flavour up_flavours[UP_FLAVOUR_COUNT];

/** The flavour of that name; NULL after a usage error was printed. A @name of NULL is "replay". */
const struct up_flavour *up_flavour_find(const char *name);

/** All names, for help. The caller owns the result. */
char *up_flavour_names(void);

/** The path of a target's binary. The caller owns the result. */
char *up_flavour_binary(const struct up_flavour *flavour, const char *target);

/** NULL if the binary is there, else the line to print, with the remedy. The caller owns it. */
char *up_flavour_check_built(const struct up_flavour *flavour, const char *target);

struct up_library {
        char *name; /* "gmime", "openssl": as in the `known:` line of a case */
        char *version;
        char *source; /* where it comes from, for a person */
};

/** An array of struct up_library, which frees them; empty if the flavour was never built. */
GPtrArray *up_libraries_of(const struct up_flavour *flavour);

/** "gmime 3.2.13, openssl 3.0.22" and where from. The caller owns the result. */
char *up_libraries_text(const struct up_flavour *flavour);

#endif
