/*
 * private - where cases wait whose bug is not published yet
 *
 * FOLDER/TARGET/NAME.case, each for its user alone. FOLDER is what UNPEND_PRIVATE says, else
 * unpend/private in the user's folder for data (XDG Base Directory Specification).
 */
#ifndef UP_TOOLS_PROMOTE_PRIVATE_H
#define UP_TOOLS_PROMOTE_PRIVATE_H

#include <glib.h>
#include <stdbool.h>

/** FOLDER, whether it is there or not. The caller owns the result. */
char *up_private_folder(void);

/** Is it the path of such a case? By whatever links it, or FOLDER, is named. */
bool up_private_holds(const char *path);

/**
 * May a case of @target be written there? Not in a git work tree, where it would be added by and
 * by, nor where others can read. False with @error, one line with a remedy. A folder that is not
 * there yet is in what the nearest above it is in, and not open to others.
 */
bool up_private_is_safe(const char *folder, const char *target, GError **error);

#endif
