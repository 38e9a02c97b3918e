/*
 * private - the folder of cases that show a bug which is not published yet
 *
 * FOLDER/TARGET/NAME.case, readable by its user alone. FOLDER is the value of UNPEND_PRIVATE, else
 * unpend/private in the user's folder for data (XDG Base Directory Specification).
 */
#ifndef UP_TOOLS_PROMOTE_PRIVATE_H
#define UP_TOOLS_PROMOTE_PRIVATE_H

#include <glib.h>
#include <stdbool.h>

/** FOLDER, which need not exist. The caller owns the result. */
char *up_private_folder(void);

/** Is it the path of such a case? Links are followed. */
bool up_private_holds(const char *path);

/**
 * May a case of @target be written there? Not in a git work tree, where it would be added sooner or
 * later, nor where others can read. False with @error, one line with a remedy. A folder that does
 * not exist is judged by its nearest existing parent, and will not be open to others.
 */
bool up_private_is_safe(const char *folder, const char *target, GError **error);

/** Is the path in the git work tree of the current folder, so that `git add` accepts it? */
bool up_private_can_git_add(const char *path);

#endif
