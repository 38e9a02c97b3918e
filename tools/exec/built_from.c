/*
 * built_from - hashes of the tree, and the section of a binary that holds them
 *
 * The section has three lines: the hash of the sources, that of BUILD/FLAVOUR/libraries ("none" for
 * the system's libraries), and the compiler with its flags.
 */
#include "tools/exec/built_from.h"

#include <string.h>

#include "tools/cli/tool.h"
#include "tools/exec/elf_section.h"

#define SECTION "unpend_built_from" /* as in the Makefile */

enum { SOURCES, LIBRARIES, FLAGS, LINES };

/* What a target and the program are built from; tools/build/sources.sh has the same rules. */
enum set { TARGETS, PROGRAM, SETS };

/* --- the tree --------------------------------------------------------------------------------- */

static bool is_in(enum set set, const char *path)
{
        if (strstr(path, "/test_") != NULL)
                return false;
        if (set == TARGETS)
                return !g_str_has_prefix(path, "tools/");
        return !(g_str_has_prefix(path, "fuzz/") && g_str_has_suffix(path, ".c"));
}

static bool is_source(const char *name)
{
        return g_str_has_suffix(name, ".c") || g_str_has_suffix(name, ".h") ||
               g_str_has_suffix(name, ".pem") || strcmp(name, "Makefile") == 0;
}

/* Appends the paths, relative to @tree, of the sources in @path. */
static void add_sources(GPtrArray *paths, const char *tree, const char *path)
{
        g_autofree char *full = g_build_filename(tree, path, NULL);
        g_autoptr(GDir) folder = g_dir_open(full, 0, NULL);
        const char *name;

        if (folder == NULL && is_source(path) && g_file_test(full, G_FILE_TEST_IS_REGULAR))
                g_ptr_array_add(paths, g_strdup(path));
        while (folder != NULL && (name = g_dir_read_name(folder)) != NULL) {
                g_autofree char *inside = g_build_filename(path, name, NULL);
                if (is_source(name) || strchr(name, '.') == NULL)
                        add_sources(paths, tree, inside);
        }
}

static gint compare_paths(gconstpointer a, gconstpointer b)
{
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static char *hash_file(const char *path)
{
        g_autoptr(GMappedFile) file = g_mapped_file_new(path, FALSE, NULL);

        if (file == NULL)
                return NULL;
        g_autoptr(GBytes) bytes = g_mapped_file_get_bytes(file);
        return g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, bytes);
}

static char *find_tree(void)
{
        g_autofree char *folder = g_canonicalize_filename(up_tool_build(), NULL);

        while (strcmp(folder, "/") != 0) {
                g_autofree char *contract = g_build_filename(folder, "harness", "pipeline.h", NULL);
                if (g_file_test(contract, G_FILE_TEST_EXISTS))
                        return g_steal_pointer(&folder);
                char *parent = g_path_get_dirname(folder);
                g_free(folder);
                folder = parent;
        }
        return NULL;
}

/* The hash of a set of the tree's sources, static; NULL outside of a tree. */
static const char *hash_tree(enum set set)
{
        static const char *const roots[] = { "Makefile", "fuzz", "harness", "seeds/identities",
                "tools" };
        static gsize done;
        static char *hashes[SETS];

        if (!g_once_init_enter(&done))
                return hashes[set];
        g_autofree char *tree = find_tree();
        if (tree != NULL) {
                g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
                GChecksum *sums[SETS];
                for (int i = 0; i < SETS; i++)
                        sums[i] = g_checksum_new(G_CHECKSUM_SHA256);
                for (size_t i = 0; i < G_N_ELEMENTS(roots); i++)
                        add_sources(paths, tree, roots[i]);
                g_ptr_array_sort(paths, compare_paths);
                for (guint i = 0; i < paths->len; i++) {
                        const char *path = g_ptr_array_index(paths, i);
                        g_autofree char *full = g_build_filename(tree, path, NULL);
                        g_autofree char *hash = hash_file(full);
                        g_autofree char *line = g_strdup_printf("%s  %s\n", hash, path);
                        for (int j = 0; j < SETS; j++)
                                if (is_in((enum set)j, path))
                                        g_checksum_update(sums[j], (const guchar *)line, -1);
                }
                for (int i = 0; i < SETS; i++) {
                        hashes[i] = g_strdup(g_checksum_get_string(sums[i]));
                        g_checksum_free(sums[i]);
                }
        }
        g_once_init_leave(&done, 1);
        return hashes[set];
}

/* --- a binary --------------------------------------------------------------------------------- */

/* The lines of a binary's section; NULL if it has none. g_strfreev() frees them. */
static char **read_lines(const char *binary)
{
        g_autoptr(GBytes) section = up_elf_section(binary, SECTION);
        g_autofree char *text = NULL;
        char **lines;

        if (section == NULL)
                return NULL;
        text = g_strndup(g_bytes_get_data(section, NULL), g_bytes_get_size(section));
        lines = g_strsplit(text, "\n", LINES);
        if (g_strv_length(lines) == LINES)
                return lines;
        g_strfreev(lines);
        return NULL;
}

static bool has_libraries(const struct up_flavour *flavour, const char *wanted)
{
        g_autofree char *path = g_build_filename(up_tool_build(), flavour->name, "libraries", NULL);
        g_autofree char *hash = flavour->from_source ? hash_file(path) : NULL;

        return hash == NULL || strcmp(hash, wanted) == 0;
}

bool up_built_from_check_target(
    const struct up_flavour *flavour, const char *target, char **ret_problem)
{
        const char *now = hash_tree(TARGETS);
        g_autofree char *binary = up_flavour_binary(flavour, target);
        g_auto(GStrv) lines = now != NULL ? read_lines(binary) : NULL;

        if (lines == NULL)
                return true;
        if (strcmp(lines[SOURCES], now) != 0)
                *ret_problem =
                    g_strdup_printf("%s was not built from the sources as they are now: %s", binary,
                        flavour->remedy);
        else if (!has_libraries(flavour, lines[LIBRARIES]))
                *ret_problem = g_strdup_printf(
                    "%s was not built with the libraries that %s/%s/libraries names: %s", binary,
                    up_tool_build(), flavour->name, flavour->remedy);
        else
                return true;
        return false;
}

bool up_built_from_check_program(char **ret_problem)
{
        const char *now = hash_tree(PROGRAM);
        g_auto(GStrv) lines = now != NULL ? read_lines("/proc/self/exe") : NULL;

        if (lines == NULL || strcmp(lines[SOURCES], now) == 0)
                return true;
        *ret_problem = g_strdup_printf(
            "%s was not built from the sources as they are now: make tools", up_tool_program());
        return false;
}

char *up_built_from_note(const struct up_flavour *flavour, const char *target)
{
        g_autofree char *binary = up_flavour_binary(flavour, target);
        g_auto(GStrv) lines = hash_tree(TARGETS) == NULL ? read_lines(binary) : NULL;

        if (lines == NULL)
                return NULL;
        return g_strdup_printf(
            "%s: built from sources %.12s by %s", binary, lines[SOURCES], lines[FLAGS]);
}
