/*
 * built_from - is a binary up to date with the source tree?
 *
 * The Makefile puts a hash of the sources and the compiler's flags into each binary, as text in an
 * ELF section of its own. The same hash of the tree as it is now is computed here, without git:
 * SHA-256 of the "SHA-256  PATH" lines of tools/build/sources.sh. The tree is the closest folder
 * above the build folder that has harness/pipeline.h.
 *
 * Takes some 20 ms once per process. Safe in several threads.
 */
#ifndef UP_TOOLS_EXEC_BUILT_FROM_H
#define UP_TOOLS_EXEC_BUILT_FROM_H

#include <stdbool.h>

#include "tools/exec/run.h"

/**
 * Is this target up to date? If not, @ret_problem is one line that says so and names the make
 * command; the caller owns it. True, too, where there is nothing to compare: outside of a source
 * tree, without the binary, or for a binary that the Makefile did not link.
 */
bool up_built_from_check_target(
    const struct up_flavour *flavour, const char *target, char **ret_problem);

/** The same of the program that is running. */
bool up_built_from_check_program(char **ret_problem);

/**
 * Outside of a source tree, one line on what is run: path, hash and flags of the binary. NULL in a
 * tree, or when the binary does not say. The caller owns the result.
 */
char *up_built_from_note(const struct up_flavour *flavour, const char *target);

#endif
