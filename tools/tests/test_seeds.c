/*
 * test_seeds - the command `unpend seeds`, run as a user runs it, and the seeds that are committed
 *
 * The program is the one in build/, or where UNPEND_BUILD says. The working folder is the
 * repository's top.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <openssl/cms.h>
#include <openssl/crypto.h>
#include <zlib.h>

#include "case/case.h"
#include "faults/faults.h"
#include "mail/eicar.h"
#include "oracle/judge.h"
#include "scan_submit/machine.h"
#include "scan_submit/scan_submit.h"
#include "world/world.h"

/* Those of the pipeline are small: the fuzzer puts them together. */
#define SEED_BYTES 3072

/* --- files ------------------------------------------------------------------------------------ */

/* Paths of all files in @folder/@below, seen from @folder. */
static void collect(const char *folder, const char *below, GPtrArray *paths)
{
        g_autofree char *here = g_build_filename(folder, below, NULL);
        g_autoptr(GDir) dir = g_dir_open(here, 0, NULL);
        const char *name;

        while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
                g_autofree char *path = g_build_filename(below, name, NULL);
                g_autofree char *whole = g_build_filename(folder, path, NULL);
                if (g_file_test(whole, G_FILE_TEST_IS_DIR))
                        collect(folder, path, paths);
                else
                        g_ptr_array_add(paths, g_steal_pointer(&path));
        }
}

static GPtrArray *files_in(const char *folder)
{
        GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);

        collect(folder, "", paths);
        return paths;
}

static GBytes *contents(const char *folder, const char *path)
{
        g_autofree char *whole = g_build_filename(folder, path, NULL);
        char *data;
        gsize size;

        if (!g_file_get_contents(whole, &data, &size, NULL))
                fail_msg("%s is missing", whole);
        return g_bytes_new_take(data, size);
}

static bool holds(GBytes *bytes, const void *what, size_t size)
{
        gsize all;
        const void *data = g_bytes_get_data(bytes, &all);

        return data != NULL && memmem(data, all, what, size) != NULL;
}

/* --- the program ------------------------------------------------------------------------------ */

struct outcome {
        int status;
        char *out;
        char *err;
};

static struct outcome run(const char *const *arguments)
{
        const char *build = g_getenv("UNPEND_BUILD");
        g_autofree char *program =
            g_build_filename(build != NULL ? build : "build", "unpend", NULL);
        g_autoptr(GPtrArray) words = g_ptr_array_new();
        g_autoptr(GError) error = NULL;
        struct outcome outcome = { 0 };
        int wait_status;

        g_ptr_array_add(words, program);
        g_ptr_array_add(words, (void *)(uintptr_t) "seeds");
        for (; *arguments != NULL; arguments++)
                g_ptr_array_add(words, (void *)(uintptr_t)*arguments);
        g_ptr_array_add(words, NULL);
        if (!g_spawn_sync(NULL, (char **)words->pdata, NULL, G_SPAWN_DEFAULT, NULL, NULL,
                &outcome.out, &outcome.err, &wait_status, &error))
                fail_msg("%s", error->message);
        assert_true(WIFEXITED(wait_status));
        outcome.status = WEXITSTATUS(wait_status);
        return outcome;
}

static void outcome_clear(struct outcome *outcome)
{
        g_free(outcome->out);
        g_free(outcome->err);
}

#define RUN(...) run((const char *const[]){ __VA_ARGS__, NULL })

static void remove_folder(const char *folder)
{
        g_autoptr(GPtrArray) paths = files_in(folder);
        static const char *const inner[] = { "mime", "smime", "scan_submit", "machine", "mutate",
                "." };

        for (guint i = 0; i < paths->len; i++) {
                g_autofree char *path = g_build_filename(folder, g_ptr_array_index(paths, i), NULL);
                g_unlink(path);
        }
        for (size_t i = 0; i < G_N_ELEMENTS(inner); i++) {
                g_autofree char *path = g_build_filename(folder, inner[i], NULL);
                g_rmdir(path);
        }
        g_rmdir(folder);
}

/* --- tests ------------------------------------------------------------------------------------ */

/* Which OpenSSL and zlib made the committed seeds, as far as it matters: "3.0", "1.2". */
static bool made_by_these_libraries(void)
{
        g_autoptr(GBytes) readme = contents("seeds", "README.md");
        g_autofree char *text = g_strndup(g_bytes_get_data(readme, NULL), g_bytes_get_size(readme));
        const char *line = strstr(text, "\nMade with OpenSSL ");
        unsigned ssl_major, ssl_minor, zlib_major, zlib_minor;
        g_autofree char *made = NULL;
        g_autofree char *here = g_strdup_printf("%u.%u %c.%c", OPENSSL_version_major(),
            OPENSSL_version_minor(), zlibVersion()[0], zlibVersion()[2]);

        assert_non_null(line);
        assert_int_equal(sscanf(line, "\nMade with OpenSSL %u.%u.%*u and zlib %u.%u.", &ssl_major,
                             &ssl_minor, &zlib_major, &zlib_minor),
            4);
        made = g_strdup_printf("%u.%u %u.%u", ssl_major, ssl_minor, zlib_major, zlib_minor);
        return strcmp(made, here) == 0;
}

static void committed_seeds_are_what_is_composed_now(void **state)
{
        g_autofree char *folder = g_dir_make_tmp("unpend-seeds-XXXXXX", NULL);
        struct outcome outcome;
        g_autoptr(GPtrArray) paths = NULL;

        (void)state;
        if (!made_by_these_libraries()) {
                print_message("other OpenSSL or zlib than seeds/README.md names: not compared\n");
                skip();
        }
        outcome = RUN("--out", folder);
        assert_int_equal(outcome.status, 0);
        paths = files_in(folder);
        assert_true(paths->len > 100);
        for (guint i = 0; i < paths->len; i++) {
                const char *path = g_ptr_array_index(paths, i);
                g_autoptr(GBytes) now = contents(folder, path);
                g_autoptr(GBytes) committed = contents("seeds", path);
                if (!g_bytes_equal(now, committed))
                        fail_msg("seeds/%s is not what is composed now", path);
        }
        remove_folder(folder);
        outcome_clear(&outcome);
}

static void the_list_names_each_seed_and_no_other(void **state)
{
        static const char *const folders[] = { "mime", "smime", "scan_submit", "machine",
                "mutate" };
        struct outcome outcome = RUN("--list");
        g_auto(GStrv) lines = g_strsplit(outcome.out, "\n", -1);
        g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);

        (void)state;
        assert_int_equal(outcome.status, 0);
        for (size_t i = 0; i < G_N_ELEMENTS(folders); i++)
                collect("seeds", folders[i], paths);
        for (guint i = 0; i < paths->len; i++) {
                g_autofree char *start = g_strconcat(g_ptr_array_index(paths, i), " ", NULL);
                bool listed = false;
                for (size_t j = 0; lines[j] != NULL; j++)
                        listed = listed || g_str_has_prefix(lines[j], start);
                if (!listed)
                        fail_msg("seeds/%s is not listed", start);
        }
        assert_int_equal(g_strv_length(lines), paths->len + 1);
        outcome_clear(&outcome);
}

static void usage_errors_name_the_option(void **state)
{
        struct outcome unknown = RUN("--colour");
        struct outcome nothing = RUN(NULL);
        struct outcome unwritable = RUN("--out", "/proc/none");

        (void)state;
        assert_int_equal(unknown.status, 2);
        assert_non_null(strstr(unknown.err, "--colour"));
        assert_int_equal(nothing.status, 2);
        assert_non_null(strstr(nothing.err, "--out"));
        assert_int_equal(unwritable.status, 125);
        assert_non_null(strstr(unwritable.err, "/proc/none"));
        outcome_clear(&unknown);
        outcome_clear(&nothing);
        outcome_clear(&unwritable);
}

/* In base64 three alignments are possible; the middle of each is free of what stands around it. */
static bool holds_in_base64(GBytes *file, GBytes *virus)
{
        const guint8 *data = g_bytes_get_data(virus, NULL);

        for (size_t skipped = 0; skipped < 3; skipped++) {
                g_autofree char *text = g_base64_encode(data + skipped, 30);
                if (holds(file, text, strlen(text)))
                        return true;
        }
        return false;
}

static void no_file_is_taken_for_a_virus(void **state)
{
        static const char *const folders[] = { "seeds", "regressions" };
        g_autoptr(GBytes) virus =
            up_eicar_expand((const uint8_t *)UP_EICAR_PLACEHOLDER, strlen(UP_EICAR_PLACEHOLDER));
        const void *data = g_bytes_get_data(virus, NULL);

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(folders); i++) {
                g_autoptr(GPtrArray) paths = files_in(folders[i]);
                for (guint j = 0; j < paths->len; j++) {
                        const char *path = g_ptr_array_index(paths, j);
                        g_autoptr(GBytes) file = contents(folders[i], path);
                        if (holds(file, data, UP_EICAR_BYTES) ||
                            (!g_str_has_suffix(path, ".case") && holds_in_base64(file, virus)))
                                fail_msg("%s/%s holds EICAR", folders[i], path);
                }
        }
}

/* Read as a case, the signature holds: it covers the test file, not the placeholder. */
static void signature_covers_what_is_expanded(void **state)
{
        g_autoptr(GBytes) file = contents("seeds", "smime/clear-eicar.case");
        g_autoptr(up_case) c =
            up_case_read(g_bytes_get_data(file, NULL), g_bytes_get_size(file), NULL);
        BIO *in =
            BIO_new_mem_buf(g_bytes_get_data(c->message, NULL), (int)g_bytes_get_size(c->message));
        BIO *content = NULL;
        CMS_ContentInfo *cms = SMIME_read_CMS(in, &content);

        (void)state;
        assert_false(holds(c->message, UP_EICAR_PLACEHOLDER, strlen(UP_EICAR_PLACEHOLDER)));
        assert_non_null(cms);
        assert_int_equal(CMS_verify(cms, NULL, NULL, content, NULL, CMS_NO_SIGNER_CERT_VERIFY), 1);
        CMS_ContentInfo_free(cms);
        BIO_free(content);
        BIO_free(in);
}

/* --- the pipeline ----------------------------------------------------------------------------- */

/* The case in a file, which must be one that a person could have written: nothing to complain of.
 */
static struct up_case *case_in(const char *path)
{
        g_autoptr(GBytes) file = contents("seeds", path);
        g_autoptr(GPtrArray) complaints = up_complaints_new();
        struct up_case *c =
            up_case_read(g_bytes_get_data(file, NULL), g_bytes_get_size(file), complaints);

        if (complaints->len > 0)
                fail_msg("seeds/%s: %s", path, ((struct up_complaint *)complaints->pdata[0])->text);
        assert_true(g_bytes_get_size(file) <= SEED_BYTES);
        return c;
}

static void assert_nothing_is_found(
    const char *path, const struct up_case *c, const struct up_pipeline *pipeline)
{
        g_autoptr(GPtrArray) findings =
            g_ptr_array_new_with_free_func((GDestroyNotify)up_finding_free);
        g_autoptr(up_ledger) as_it_was = up_world_run(c, pipeline, UP_MODE_AS_IT_WAS);
        g_autoptr(up_ledger) again = up_world_run(c, pipeline, UP_MODE_AS_IT_WAS);
        g_autoptr(up_ledger) healed = up_world_run(c, pipeline, UP_MODE_HEALED);
        g_autoptr(up_ledger) healthy = up_world_run(c, pipeline, UP_MODE_HEALTHY);
        g_autoptr(up_ledger) steady = up_world_run(c, pipeline, UP_MODE_STEADY);
        const struct up_runs runs = { as_it_was, again, healed, healthy, steady };
        uint64_t judged[UP_ORACLES] = { 0 };

        up_judge(&runs, &(struct up_judgement){ findings, judged });
        if (findings->len > 0)
                fail_msg("seeds/%s under %s: %s", path, pipeline->name,
                    ((struct up_finding *)findings->pdata[0])->signature);
}

/* Else the fuzzer would not find the fault, but be given it. */
static void seeds_of_the_pipeline_show_no_fault(void **state)
{
        g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);

        (void)state;
        collect("seeds", "scan_submit", paths);
        assert_true(paths->len >= 25);
        for (guint i = 0; i < paths->len; i++) {
                g_autoptr(up_case) c = case_in(paths->pdata[i]);
                assert_nothing_is_found(paths->pdata[i], c, &up_scan_submit);
                for (size_t j = 0; j < UP_FAULTS; j++)
                        assert_nothing_is_found(paths->pdata[i], c, up_fault_plant(up_fault_rows[j].name));
        }
}

static void seeds_of_the_pipeline_say_each_verb(void **state)
{
        g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
        bool said[UP_VERB_ROWS] = { false };

        (void)state;
        collect("seeds", "scan_submit", paths);
        for (guint i = 0; i < paths->len; i++) {
                g_autoptr(up_case) c = case_in(paths->pdata[i]);
                for (guint j = 0; j < c->script->len; j++)
                        said[up_event_id(c->script->pdata[j])] = true;
        }
        for (size_t i = 0; i < UP_VERB_ROWS; i++)
                if (!said[i])
                        fail_msg("no seed of scan_submit says `%s`", up_verb_rows[i].name);
}

/* The five lower bits of a byte choose the event (fuzz/machine.c). */
static void seeds_of_the_machine_give_a_reason(void **state)
{
        g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);

        (void)state;
        collect("seeds", "machine", paths);
        assert_true(paths->len >= 6);
        for (guint i = 0; i < paths->len; i++) {
                g_autoptr(up_case) c = case_in(paths->pdata[i]);
                gsize size;
                const guint8 *data = g_bytes_get_data(c->message, &size);
                assert_true(size > 0);
                for (gsize j = 0; j < size; j++)
                        assert_int_not_equal(data[j] & 31, UP_CONTENT_NO_VERDICT);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(committed_seeds_are_what_is_composed_now),
                cmocka_unit_test(the_list_names_each_seed_and_no_other),
                cmocka_unit_test(usage_errors_name_the_option),
                cmocka_unit_test(no_file_is_taken_for_a_virus),
                cmocka_unit_test(signature_covers_what_is_expanded),
                cmocka_unit_test(seeds_of_the_pipeline_show_no_fault),
                cmocka_unit_test(seeds_of_the_pipeline_say_each_verb),
                cmocka_unit_test(seeds_of_the_machine_give_a_reason),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
