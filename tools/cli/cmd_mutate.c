/*
 * mutate - `unpend mutate`: writes mutants of a case as files
 *
 * Shows what the fuzzer does, or feeds another harness. The same case, count and seed make the same
 * files. A folder that holds anything else than an earlier run's files is refused, so that no other
 * file is overwritten.
 */
#include "tools/cli/tool.h"

#include <glib/gstdio.h>
#include <string.h>

#include "case/case.h"
#include "mutate/mutate.h"

#define COUNT      100
#define COUNT_MOST 999999

/* Of a mutant, unless the case is larger than half of it: as for the fuzz targets. */
#define MOST_BYTES ((size_t)64 << 10)

/* Mutants in a row that were there already. */
#define TRIES 1000

struct run {
        GBytes *file; /* to be mutated; owned */
        size_t most_bytes;
        struct up_rng rng;
        GHashTable *seen; /* checksums of the case and of all mutants; owned */
        unsigned graded[UP_EXPECTED_COUNT];
        JsonBuilder *json; /* NULL: print text; owned */
};

/* --- the folder ------------------------------------------------------------------------------- */

static bool is_mutant_name(const char *name)
{
        return strlen(name) == strlen("000001.case") && strspn(name, "0123456789") == 6 &&
               strcmp(name + 6, ".case") == 0;
}

/* Was it written by an earlier run? By its name, and the line `mutation:` of its head. */
static bool is_mutant(const char *folder, const char *name)
{
        g_autofree char *path = g_build_filename(folder, name, NULL);
        g_autofree char *data = NULL;
        gsize bytes;

        if (!is_mutant_name(name) || !g_file_get_contents(path, &data, &bytes, NULL))
                return false;
        g_autoptr(up_case) c = up_case_read((const uint8_t *)data, bytes, NULL);
        return c->mutation != NULL;
}

/* The names of an earlier run's files; NULL, reported, if there is anything else, or no folder. */
static GPtrArray *earlier_files(const char *folder)
{
        g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
        g_autoptr(GError) error = NULL;
        g_autoptr(GDir) dir = NULL;
        const char *name;

        if (g_mkdir_with_parents(folder, 0777) == 0)
                dir = g_dir_open(folder, 0, &error);
        if (dir == NULL) {
                up_tool_usage("%s: no folder can be made there; choose another with --out", folder);
                return NULL;
        }
        while ((name = g_dir_read_name(dir)) != NULL) {
                if (!is_mutant(folder, name)) {
                        up_tool_usage(
                            "%s holds %s, which is not an earlier mutant; choose an empty "
                            "folder with --out",
                            folder, name);
                        return NULL;
                }
                g_ptr_array_add(names, g_strdup(name));
        }
        return g_steal_pointer(&names);
}

static bool empty_folder(const char *folder)
{
        g_autoptr(GPtrArray) names = earlier_files(folder);

        for (guint i = 0; names != NULL && i < names->len; i++) {
                g_autofree char *path = g_build_filename(folder, names->pdata[i], NULL);
                g_unlink(path);
        }
        return names != NULL;
}

/* --- mutating --------------------------------------------------------------------------------- */

/* Mutants that differ only in what their heads say about them count as one. */
static bool is_new(struct run *run, const struct up_case *c)
{
        g_autoptr(up_case) bare = up_case_copy(c);
        g_autoptr(GBytes) file = NULL;

        g_clear_pointer(&bare->mutation, g_free);
        file = up_case_write(bare);
        return g_hash_table_add(run->seen, g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, file));
}

static struct up_case *read_case(GBytes *file)
{
        gsize bytes;
        const uint8_t *data = g_bytes_get_data(file, &bytes);

        return up_case_read(data, bytes, NULL);
}

/* NULL: no new one was found. */
static GBytes *next_mutant(struct run *run, struct up_case **ret_case)
{
        gsize bytes;
        const uint8_t *data = g_bytes_get_data(run->file, &bytes);

        for (int i = 0; i < TRIES; i++) {
                GBytes *file = up_mutate(data, bytes, run->most_bytes, up_rng_next(&run->rng));
                struct up_case *c = read_case(file);
                if (is_new(run, c)) {
                        *ret_case = c;
                        return file;
                }
                up_case_free(c);
                g_bytes_unref(file);
        }
        return NULL;
}

static void report_file(struct run *run, const char *name, GBytes *file, const struct up_case *c)
{
        run->graded[up_expected_grade_of(c->mutation)]++;
        if (run->json == NULL)
                return;
        json_builder_begin_object(run->json);
        up_tool_json_text(run->json, "file", name);
        up_tool_json_number(run->json, "bytes", (gint64)g_bytes_get_size(file));
        up_tool_json_text(run->json, "mutation", c->mutation);
        json_builder_end_object(run->json);
}

static int write_all(struct run *run, const char *folder, int count)
{
        for (int i = 1; i <= count; i++) {
                g_autofree char *name = g_strdup_printf("%06d.case", i);
                g_autofree char *path = g_build_filename(folder, name, NULL);
                g_autoptr(up_case) c = NULL;
                g_autoptr(GBytes) file = next_mutant(run, &c);
                g_autoptr(GError) error = NULL;
                const char *data;
                gsize bytes;

                if (up_tool_interrupted())
                        return up_tool_fail(UP_STATUS_INTERRUPTED, "%d are written", i - 1);
                if (file == NULL)
                        return up_tool_fail(UP_STATUS_UNRUNNABLE,
                            "no more than %d distinct ones are found; lower --count", i - 1);
                data = g_bytes_get_data(file, &bytes);
                if (!g_file_set_contents(path, data, (gssize)bytes, &error))
                        return up_tool_fail(UP_STATUS_UNRUNNABLE, "%s", error->message);
                report_file(run, name, file, c);
        }
        return UP_STATUS_PASSED;
}

/* --- the command ------------------------------------------------------------------------------ */

static void run_init(struct run *run, GBytes *file, gint64 seed, bool json)
{
        gsize bytes = g_bytes_get_size(file);

        *run = (struct run){
                .file = g_bytes_ref(file),
                .most_bytes = MOST_BYTES,
                .rng = { (uint64_t)seed },
                .seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
                .json = json ? json_builder_new() : NULL,
        };
        if (bytes > MOST_BYTES / 2)
                run->most_bytes = 2 * bytes;
        g_autoptr(up_case) c = read_case(file);
        is_new(run, c);
}

static void run_clear(struct run *run)
{
        g_bytes_unref(run->file);
        g_hash_table_unref(run->seen);
        g_clear_object(&run->json);
}

static void print_grades(const struct run *run, const char *folder, int count)
{
        g_autoptr(GString) grades = g_string_new(NULL);

        for (int i = 0; i < UP_EXPECTED_COUNT; i++)
                if (run->graded[i] > 0)
                        g_string_append_printf(grades, "%s %u %s", grades->len > 0 ? "," : "",
                            run->graded[i], up_expected_grade_names[i]);
        printf("%d cases in %s, their signatures:%s\n", count, folder, grades->str);
}

static int mutate(struct run *run, const char *name, const char *folder, int count)
{
        int status;

        if (run->json != NULL) {
                json_builder_begin_object(run->json);
                up_tool_json_text(run->json, "case", name);
                up_tool_json_text(run->json, "out", folder);
                json_builder_set_member_name(run->json, "mutations");
                json_builder_begin_array(run->json);
        }
        up_tool_interrupt_fd();
        status = write_all(run, folder, count);
        if (run->json != NULL) {
                json_builder_end_array(run->json);
                json_builder_end_object(run->json);
                up_tool_print_json(run->json);
        } else if (status == UP_STATUS_PASSED) {
                print_grades(run, folder, count);
        }
        return status;
}

/* All operators by layer, from the tables that apply them. */
static char *help(void)
{
        GString *text = g_string_new(
            "Writes DIR/000001.case and so on, no two alike: the same case, count and seed make\n"
            "the same files. What was done to each stands in its head (mutation:). DIR is made if\n"
            "need be; files of an earlier run in it are replaced, anything else is left alone and\n"
            "the run refused. The exit status is 0, or 2 for wrong usage.\n");

        for (int i = 0; i < UP_LAYER_COUNT; i++) {
                const struct up_layer *layer = up_layers[i];

                g_string_append_printf(text, "\nOperators of %s:\n", layer->name);
                for (size_t j = 0; j < layer->count; j++)
                        g_string_append_printf(text, "  %-20s %s\n", layer->operators[j].name,
                            layer->operators[j].what);
        }
        g_string_truncate(text, text->len - 1);
        return g_string_free(text, FALSE);
}

int up_tool_mutate(int argc, char **argv)
{
        gint count = COUNT;
        gint64 seed = 1;
        gboolean json = FALSE;
        g_autofree char *folder = NULL;
        const GOptionEntry entries[] = {
                { "count", 'n', 0, G_OPTION_ARG_INT, &count, "how many cases (100)", "N" },
                { "seed", 's', 0, G_OPTION_ARG_INT64, &seed, "which of all mutations (1)", "S" },
                { "out", 'o', 0, G_OPTION_ARG_FILENAME, &folder, "write them here", "DIR" },
                { "json", 0, 0, G_OPTION_ARG_NONE, &json, "print what was done, as JSON", NULL },
                G_OPTION_ENTRY_NULL,
        };
        g_autofree char *text = help();
        int status = up_tool_options(&argc, &argv, entries, "CASE", text);

        if (status >= 0)
                return status;
        if (argc != 2)
                return up_tool_usage(argc < 2 ? "which CASE?" : "one CASE at a time");
        if (count < 1 || count > COUNT_MOST)
                return up_tool_usage("--count goes from 1 to %d", COUNT_MOST);
        if (folder == NULL)
                return up_tool_usage("--out DIR is needed");

        g_autoptr(GError) error = NULL;
        g_autoptr(GBytes) file = up_tool_read_file(argv[1], &error);
        if (file == NULL)
                return up_tool_fail(UP_STATUS_USAGE, "%s", error->message);
        if (!empty_folder(folder))
                return UP_STATUS_USAGE;

        struct run run;
        run_init(&run, file, seed, json);
        status = mutate(&run, argv[1], folder, count);
        run_clear(&run);
        return status;
}
