/*
 * changed - git is asked what is not as it was
 *
 * Paths are compared as the file system has them, so that it does not matter from which folder of
 * the repository the gate is called, or by what name a case was given. What is not known to be
 * harmless changes every case: better one gate too many than a regression passed over.
 */
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

/* What git prints, NULL with @error; @what names what it was asked for. The caller owns it. */
static char *ask_git(GError **error, const char *const *words)
{
        g_autoptr(GPtrArray) argv = g_ptr_array_new();
        g_autofree char *said = NULL, *complaint = NULL;
        int wait_status;

        g_ptr_array_add(argv, (char *)"git");
        for (; *words != NULL; words++)
                g_ptr_array_add(argv, (char *)*words);
        g_ptr_array_add(argv, NULL);
        if (!g_spawn_sync(NULL, (char **)argv->pdata, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &said,
                &complaint, &wait_status, error))
                return NULL;
        if (g_spawn_check_wait_status(wait_status, NULL))
                return g_steal_pointer(&said);
        g_strdelimit(g_strchomp(complaint), "\n", ' ');
        g_set_error_literal(error, G_SPAWN_ERROR, G_SPAWN_ERROR_FAILED,
            complaint[0] != '\0' ? complaint : "git says no more");
        return NULL;
}

#define GIT(error, ...) ask_git((error), (const char *const[]){ __VA_ARGS__, NULL })

/* The same without the line end. */
static char *first_line(char *text)
{
        return text != NULL ? g_strchomp(text) : NULL;
}

static char *commit_of(const char *name)
{
        g_autofree char *commit = g_strconcat(name, "^{commit}", NULL);

        return first_line(
            GIT(NULL, "rev-parse", "--verify", "--quiet", "--end-of-options", commit));
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
                g_set_error(error, G_SPAWN_ERROR, G_SPAWN_ERROR_FAILED,
                    ref != NULL ? "%s is no commit here: fetch it first"
                                : "%s has no commit before it: name one, --changed=COMMIT",
                    ref != NULL ? ref : "HEAD");
                return NULL;
        }
        base = first_line(GIT(NULL, "merge-base", tip, "HEAD"));
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

/* Adds the real paths of what git lists; false when one of them changes everything. */
static bool add_changed(GHashTable *changed, const char *top, const char *list)
{
        bool harmless_all = true;

        for (const char *path = list; *path != '\0'; path += strlen(path) + 1) {
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

/* g_spawn_sync() ends a text with a NUL of its own: two of them end a list. */
bool up_gate_keep_changed(struct up_gate *gate, const char *ref, GError **error)
{
        g_autoptr(GHashTable) changed =
            g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        guint before = gate->items->len;
        g_autofree char *top = first_line(GIT(error, "rev-parse", "--show-toplevel"));
        g_autofree char *base = top != NULL ? base_of(ref, error) : NULL;
        g_autofree char *tracked = NULL, *others = NULL;

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
