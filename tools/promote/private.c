/*
 * private - folders, with links followed
 *
 * A work tree has a `.git`, a folder or a file. One that only GIT_DIR names is not seen.
 */
#include "tools/promote/private.h"

#include <string.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "tools/cli/tool.h"

char *up_private_folder(void)
{
        const char *folder = g_getenv("UNPEND_PRIVATE");

        if (folder != NULL && folder[0] != '\0')
                return g_strdup(folder);
        return g_build_filename(g_get_user_data_dir(), "unpend", "private", NULL);
}

bool up_private_holds(const char *path)
{
        g_autofree char *named = up_private_folder();
        g_autofree char *root = up_tool_case_root(path);
        g_autofree char *private = realpath(named, NULL);
        g_autofree char *real = realpath(root, NULL);

        return private != NULL && g_strcmp0(real, private) == 0;
}

/* The path, or its nearest parent that exists. The caller owns the result. */
static char *real_folder(const char *path)
{
        g_autofree char *at = g_canonicalize_filename(path, NULL);
        char *real;

        while ((real = realpath(at, NULL)) == NULL) {
                g_autofree char *inside = g_steal_pointer(&at);
                at = g_path_get_dirname(inside);
        }
        return real;
}

/* The work tree that the path is in; NULL: none. The caller owns the result. */
static char *work_tree_of(const char *path)
{
        g_autofree char *at = real_folder(path);

        for (;;) {
                g_autofree char *git = g_build_filename(at, ".git", NULL);
                g_autofree char *inside = NULL;
                if (g_file_test(git, G_FILE_TEST_EXISTS))
                        return g_steal_pointer(&at);
                if (strcmp(at, "/") == 0)
                        return NULL;
                inside = g_steal_pointer(&at);
                at = g_path_get_dirname(inside);
        }
}

static bool others_can_read(const char *folder)
{
        GStatBuf status;

        return g_stat(folder, &status) == 0 && (status.st_mode & (S_IRWXG | S_IRWXO)) != 0;
}

bool up_private_is_safe(const char *folder, const char *target, GError **error)
{
        g_autofree char *inner = g_build_filename(folder, target, NULL);
        g_autofree char *tree = work_tree_of(inner);
        const char *open_one = others_can_read(folder)  ? folder
                               : others_can_read(inner) ? inner
                                                        : NULL;

        if (tree != NULL)
                g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_PERM,
                    "%s is in the git work tree %s: let UNPEND_PRIVATE name a folder outside",
                    folder, tree);
        else if (open_one != NULL)
                g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_PERM,
                    "%s is open to others than you: chmod 700 it first", open_one);
        else
                return true;
        return false;
}

bool up_private_can_git_add(const char *path)
{
        g_autofree char *tree = work_tree_of(path);
        g_autofree char *own_tree = work_tree_of(".");

        return tree != NULL && g_strcmp0(tree, own_tree) == 0;
}
