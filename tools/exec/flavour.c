/*
 * flavour - a table, and the manifests of what was built
 */
#include "tools/exec/flavour.h"

#include <gmime/gmime.h>
#include <openssl/crypto.h>
#include <string.h>

#include "tools/cli/tool.h"

const struct up_flavour up_flavours[UP_FLAVOUR_COUNT] = {
        [UP_FLAVOUR_REPLAY] = { "replay", "gcc, ASan and UBSan, the system's libraries",
            "make replay", .sanitized = true },
        [UP_FLAVOUR_LIBFUZZER] = { "libfuzzer", "clang, libFuzzer, coverage alone: explores",
            "make libfuzzer", .from_source = true, .engine = true },
        [UP_FLAVOUR_AFL] = { "afl", "clang, AFL++, coverage alone: explores", "make afl",
            .from_source = true, .engine = true },
        [UP_FLAVOUR_ASAN] = { "asan", "clang, ASan and UBSan, in the libraries too: examines",
            "make asan", .from_source = true, .sanitized = true },
        [UP_FLAVOUR_FUEL] = { "fuel",
            "clang, edges counted, ASan and UBSan, instrumented libraries", "make fuel",
            .from_source = true, .sanitized = true, .counts_edges = true },
        [UP_FLAVOUR_FUEL_GCC] = { "fuel-gcc",
            "gcc, edges counted, ASan and UBSan, instrumented libraries", "make fuel-gcc",
            .from_source = true, .sanitized = true, .counts_edges = true },
};

const struct up_flavour *up_flavour_find(const char *name)
{
        g_autoptr(GPtrArray) names = g_ptr_array_new();

        if (name == NULL)
                return &up_flavours[UP_FLAVOUR_REPLAY];
        for (size_t i = 0; i < UP_FLAVOUR_COUNT; i++) {
                if (strcmp(up_flavours[i].name, name) == 0)
                        return &up_flavours[i];
                g_ptr_array_add(names, (char *)up_flavours[i].name);
        }
        up_tool_unknown_name("flavour", name, names);
        return NULL;
}

char *up_flavour_names(void)
{
        const char *names[UP_FLAVOUR_COUNT + 1] = { NULL };

        for (size_t i = 0; i < UP_FLAVOUR_COUNT; i++)
                names[i] = up_flavours[i].name;
        return g_strjoinv(", ", (char **)names);
}

char *up_flavour_binary(const struct up_flavour *flavour, const char *target)
{
        return g_build_filename(up_tool_build(), flavour->name, "fuzz", target, NULL);
}

char *up_flavour_check_built(const struct up_flavour *flavour, const char *target)
{
        g_autofree char *binary = up_flavour_binary(flavour, target);

        if (g_file_test(binary, G_FILE_TEST_IS_EXECUTABLE))
                return NULL;
        return g_strdup_printf("%s is not built: %s", binary, flavour->remedy);
}

/* --- libraries -------------------------------------------------------------------------------- */

static void library_free(void *data)
{
        struct up_library *library = data;

        g_free(library->name);
        g_free(library->version);
        g_free(library->source);
        g_free(library);
}

static void add(GPtrArray *libraries, const char *name, char *version, char *source)
{
        struct up_library *library = g_new0(struct up_library, 1);

        library->name = g_strdup(name);
        library->version = version;
        library->source = source;
        g_ptr_array_add(libraries, library);
}

static void add_system(GPtrArray *libraries)
{
        add(libraries, "gmime",
            g_strdup_printf(
                "%u.%u.%u", gmime_major_version, gmime_minor_version, gmime_micro_version),
            g_strdup("the system's"));
        add(libraries, "openssl", g_strdup(OpenSSL_version(OPENSSL_VERSION_STRING)),
            g_strdup("the system's"));
}

/* The value of "name: value" in a manifest. */
static char *manifest_value(char **lines, const char *name)
{
        for (; *lines != NULL; lines++) {
                const char *after = *lines + strlen(name);
                if (g_str_has_prefix(*lines, name) && g_str_has_prefix(after, ": "))
                        return g_strdup(after + 2);
        }
        return g_strdup("unknown");
}

static void add_entry(GPtrArray *libraries, const char *name, const char *entry)
{
        g_autofree char *path = g_build_filename(entry, "manifest", NULL);
        g_autofree char *text = NULL;
        g_auto(GStrv) lines = NULL;

        if (!g_file_get_contents(path, &text, NULL, NULL))
                return;
        lines = g_strsplit(text, "\n", -1);
        add(libraries, name, manifest_value(lines, "version"), manifest_value(lines, "source"));
}

static void add_built(GPtrArray *libraries, const struct up_flavour *flavour)
{
        g_autofree char *path = g_build_filename(up_tool_build(), flavour->name, "libraries", NULL);
        g_autofree char *text = NULL;
        g_auto(GStrv) lines = NULL;

        if (!g_file_get_contents(path, &text, NULL, NULL))
                return;
        lines = g_strsplit(text, "\n", -1);
        for (char **line = lines; *line != NULL; line++) {
                g_auto(GStrv) words = g_strsplit(*line, " ", 2);
                if (g_strv_length(words) == 2)
                        add_entry(libraries, words[0], words[1]);
        }
}

GPtrArray *up_libraries_of(const struct up_flavour *flavour)
{
        GPtrArray *libraries = g_ptr_array_new_with_free_func(library_free);

        if (flavour->from_source)
                add_built(libraries, flavour);
        else
                add_system(libraries);
        return libraries;
}

char *up_libraries_text(const struct up_flavour *flavour)
{
        g_autoptr(GPtrArray) libraries = up_libraries_of(flavour);
        GString *text = g_string_new(NULL);

        for (guint i = 0; i < libraries->len; i++) {
                const struct up_library *library = g_ptr_array_index(libraries, i);
                g_string_append_printf(
                    text, "%s%s %s", i > 0 ? ", " : "", library->name, library->version);
        }
        g_string_append_printf(text, "%s",
            libraries->len == 0    ? "unknown"
            : flavour->from_source ? " from source"
                                   : " of the system");
        return g_string_free(text, FALSE);
}
