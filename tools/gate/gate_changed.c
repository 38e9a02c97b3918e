/*
 * gate_changed - the cases that a change in git can affect
 *
 * Real paths are compared, so the current folder and the name that a case was given by do not
 * matter. A change that is not listed as harmless affects every case.
 */
#include <gio/gio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/gate/gate.h"
#include "tools/cli/tool.h"

/* Changes from which no outcome of an unchanged case can depend. */
static const struct {
        const char *prefix, *suffix; /* of a path in the repository */
} harmless[] = {
        { "regressions/", "" }, /* cases, which are looked for one by one */
        { "seeds/machine/", "" },
        { "seeds/mime/", "" },
        { "seeds/mutate/", "" },
        { "seeds/scan_submit/", "" },
        { "seeds/smime/", "" },
        { ".github/", "" },
        { ".gitlab-ci.yml", "" },
        { "LICENSE", "" },
        { "", ".md" },
        { "", ".svg" },
};

/* The output of git, NUL-terminated; NULL with @error. The caller owns it. */
static GBytes *ask_git(GError **error, const char *const *argv)
{
        g_autoptr(GSubprocess) git = g_subprocess_newv(
            argv, G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE, error);
        g_autoptr(GBytes) output = NULL, complaint = NULL;

        if (git == NULL || !g_subprocess_communicate(git, NULL, NULL, &output, &complaint, error))
                return NULL;
        if (g_subprocess_get_successful(git))
                return g_steal_pointer(&output);
        gsize size;
        const char *data = g_bytes_get_data(complaint, &size);
        g_autofree char *text = g_strndup(data != NULL ? data : "", size);
        g_strdelimit(g_strchomp(text), "\n", ' ');
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_FAILED,
            text[0] != '\0' ? text : "git failed without a message");
        return NULL;
}

#define GIT(error, ...) ask_git((error), (const char *const[]){ "git", __VA_ARGS__, NULL })

/* The text without its line end; NULL for NULL. The caller owns it. */
static char *line_of(GBytes *output)
{
        gsize size;
        char *line;

        if (output == NULL)
                return NULL;
        line = g_bytes_unref_to_data(output, &size);
        line = g_realloc(line, size + 1);
        line[size] = '\0';
        return g_strchomp(line);
}

static char *commit_of(const char *name)
{
        g_autofree char *commit = g_strconcat(name, "^{commit}", NULL);

        return line_of(GIT(NULL, "rev-parse", "--verify", "--quiet", "--end-of-options", commit));
}

/* The commit that is compared with. The caller owns the result. */
static char *base_of(const char *ref, GError **error)
{
        static const char *const standards[] = { "@{upstream}", "origin/HEAD", "HEAD~1" };
        g_autofree char *tip = NULL;
        char *base;

        for (size_t i = 0; ref == NULL && tip == NULL && i < G_N_ELEMENTS(standards); i++)
                tip = commit_of(standards[i]);
        if (ref != NULL)
                tip = commit_of(ref);
        if (tip == NULL) {
                g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED,
                    ref != NULL ? "%s is no commit here: fetch it first"
                                : "%s has no commit before it: name one, --changed=COMMIT",
                    ref != NULL ? ref : "HEAD");
                return NULL;
        }
        base = line_of(GIT(NULL, "merge-base", tip, "HEAD"));
        return base != NULL ? base : g_steal_pointer(&tip); /* a shallow clone may know none */
}

static bool is_harmless(const char *path)
{
        for (size_t i = 0; i < G_N_ELEMENTS(harmless); i++)
                if (g_str_has_prefix(path, harmless[i].prefix) &&
                    g_str_has_suffix(path, harmless[i].suffix))
                        return true;
        return false;
}

/* Adds the real paths in a list that git printed; false if one of them affects all cases. */
static bool add_changed(GHashTable *changed, const char *top, GBytes *list)
{
        gsize size;
        const char *list_begin = g_bytes_get_data(list, &size);
        bool harmless_all = true;

        for (const char *path = list_begin; size > 0 && path < list_begin + size;
             path += strlen(path) + 1) {
                g_hash_table_add(changed, g_build_filename(top, path, NULL));
                harmless_all &= is_harmless(path);
        }
        return harmless_all;
}

static char *real_path(const char *path)
{
        char *real = realpath(path, NULL);
        char *copy = g_strdup(real != NULL ? real : path);

        free(real);
        return copy;
}

static void keep(struct up_gate *gate, GHashTable *changed)
{
        for (guint i = gate->items->len; i > 0; i--) {
                const struct up_gate_item *item = gate->items->pdata[i - 1];
                g_autofree char *path = real_path(item->path);
                if (!g_hash_table_contains(changed, path))
                        g_ptr_array_remove_index(gate->items, i - 1);
        }
}

bool up_gate_keep_changed(struct up_gate *gate, const char *ref, GError **error)
{
        g_autoptr(GHashTable) changed =
            g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        guint before = gate->items->len;
        g_autofree char *top = line_of(GIT(error, "rev-parse", "--show-toplevel"));
        g_autofree char *base = top != NULL ? base_of(ref, error) : NULL;
        g_autoptr(GBytes) tracked = NULL, others = NULL;

        if (base == NULL)
                return false;
        tracked = GIT(error, "-C", top, "diff", "--name-only", "--no-renames", "-z", base, "--");
        if (tracked == NULL)
                return false;
        others = GIT(error, "-C", top, "ls-files", "--others", "--exclude-standard", "-z");
        if (others == NULL)
                return false;
        bool all = !add_changed(changed, top, tracked);
        all |= !add_changed(changed, top, others);
        if (all)
                return true;
        keep(gate, changed);
        if (gate->items->len == 0)
                gate->unchanged = g_strdup_printf(
                    "none of %u cases changed since %.10s, nor what they depend on", before, base);
        return true;
}
