/*
 * private - what lies where, links followed
 *
 * A work tree is known by its `.git`, a folder or a file. One that only GIT_DIR names is not seen.
 */
#include "tools/promote/private.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "tools/cli/tool.h"

char *up_private_folder(void)
{
        const char *said = g_getenv("UNPEND_PRIVATE");

        if (said != NULL && said[0] != '\0')
                return g_strdup(said);
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

/* The nearest of the path and the folders above it that is there. */
static GFile *real_folder(const char *path)
{
        g_autofree char *at = g_canonicalize_filename(path, NULL);
        g_autofree char *real = NULL;

        while ((real = realpath(at, NULL)) == NULL) {
                g_autofree char *inside = g_steal_pointer(&at);
                at = g_path_get_dirname(inside);
        }
        return g_file_new_for_path(real);
}

/* That the folder is in; NULL: it is in none. */
static GFile *work_tree_of(GFile *folder)
{
        GFile *at = g_object_ref(folder);

        while (at != NULL) {
                g_autoptr(GFile) git = g_file_get_child(at, ".git");
                if (g_file_query_exists(git, NULL))
                        break;
                g_autoptr(GFile) inside = at;
                at = g_file_get_parent(inside);
        }
        return at;
}

static bool is_open_to_others(const char *folder)
{
        GStatBuf status;

        return g_stat(folder, &status) == 0 && (status.st_mode & (S_IRWXG | S_IRWXO)) != 0;
}

bool up_private_is_safe(const char *folder, const char *target, GError **error)
{
        g_autofree char *inner = g_build_filename(folder, target, NULL);
        g_autoptr(GFile) real = real_folder(inner);
        g_autoptr(GFile) tree = work_tree_of(real);
        const char *open_one = is_open_to_others(folder)  ? folder
                               : is_open_to_others(inner) ? inner
                                                          : NULL;

        if (tree != NULL)
                g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_PERM,
                    "%s is in the git work tree %s: let UNPEND_PRIVATE name a folder outside",
                    folder, g_file_peek_path(tree));
        else if (open_one != NULL)
                g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_PERM,
                    "%s is open to others than you: chmod 700 it first", open_one);
        else
                return true;
        return false;
}
