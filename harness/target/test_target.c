/*
 * The targets as tools and engines run them, by files, environment variables and exit statuses:
 * each finding is reported in the requested way, and in no other.
 *
 * Runs the replay targets, which must have been built.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>

#include "target/progress.h"
#include "oracle/judge.h"
#include "scan_submit/machine.h"

#define TARGETS "build/replay/fuzz/"
#define CLEAR   "seeds/smime/clear-rsa.eml"

static char *folder; /* all that a test writes */

static int set_up(void **state)
{
        (void)state;
        folder = g_dir_make_tmp("unpend-test-XXXXXX", NULL);
        return folder != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
        g_autoptr(GDir) files = g_dir_open(folder, 0, NULL);
        const char *name;

        (void)state;
        while ((name = g_dir_read_name(files)) != NULL) {
                g_autofree char *path = g_build_filename(folder, name, NULL);
                g_remove(path);
        }
        g_rmdir(folder);
        g_clear_pointer(&folder, g_free);
        return 0;
}

/* A file in the folder, until the test ends. The caller owns the path. */
static char *file(const char *name, const char *content)
{
        char *path = g_build_filename(folder, name, NULL);

        if (content != NULL)
                assert_true(g_file_set_contents(path, content, -1, NULL));
        return path;
}

static char *text_of(const char *path)
{
        char *text = NULL;

        assert_true(g_file_get_contents(path, &text, NULL, NULL));
        return text;
}

/* --- running a target ------------------------------------------------------------------------- */

struct result {
        int status; /* of exit, or -1 */
        int signal; /* that ended it, or 0 */
        char *errors;
};

/* @variables and @inputs are NULL-terminated; a variable is "NAME=value". */
static struct result run(
    const char *target, const char *const *variables, const char *const *inputs)
{
        g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new(
            G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
        g_autoptr(GPtrArray) arguments = g_ptr_array_new_with_free_func(g_free);
        struct result result = { .status = -1 };

        for (; *variables != NULL; variables++) {
                g_auto(GStrv) parts = g_strsplit(*variables, "=", 2);
                g_subprocess_launcher_setenv(launcher, parts[0], parts[1], TRUE);
        }
        g_ptr_array_add(arguments, g_strconcat(TARGETS, target, NULL));
        for (; *inputs != NULL; inputs++)
                g_ptr_array_add(arguments, g_strdup(*inputs));
        g_ptr_array_add(arguments, NULL);

        g_autoptr(GSubprocess) child =
            g_subprocess_launcher_spawnv(launcher, (const char *const *)arguments->pdata, NULL);
        if (child == NULL)
                fail_msg("%s%s is not built", TARGETS, target);
        g_autoptr(GBytes) errors = NULL;
        assert_true(g_subprocess_communicate(child, NULL, NULL, NULL, &errors, NULL));
        gsize bytes;
        const char *text = g_bytes_get_data(errors, &bytes);
        result.errors = g_strndup(text != NULL ? text : "", bytes);
        if (g_subprocess_get_if_exited(child))
                result.status = g_subprocess_get_exit_status(child);
        else
                result.signal = g_subprocess_get_term_sig(child);
        return result;
}

#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })
static const char *const none[] = { NULL };

static void assert_exits(struct result result, int status, const char *errors)
{
        if (result.status != status || strstr(result.errors, errors) == NULL)
                fail_msg("exit %d, signal %d: %s", result.status, result.signal, result.errors);
        g_free(result.errors);
}

static void assert_aborts(struct result result, const char *errors)
{
        if (result.signal != SIGABRT || strstr(result.errors, errors) == NULL)
                fail_msg("exit %d, signal %d: %s", result.status, result.signal, result.errors);
        g_free(result.errors);
}

/* What the canaries' oracles say: fuzz/canaries.h. */
#define DISAGREES "base64: GMime and GLib"
#define NO_REASON "OBJ_txt2obj"
#define IN_WHAT   "GMime reads 5 bytes, the other 3"

/* The name of what a canary finds. */
static char *slug_of(enum up_class class, const char *signature)
{
        struct up_finding *finding = up_finding_new(class, signature, "");
        char *slug = up_finding_slug(finding);

        up_finding_free(finding);
        return slug;
}

/* --- by hand ---------------------------------------------------------------------------------- */

static void replayer_says_what_is_wrong(void **state)
{
        g_autofree char *missing = file("missing", NULL);
        g_autofree char *empty = file("empty", "");

        (void)state;
        assert_exits(run("mime", none, none), 2, "usage:");
        assert_exits(run("mime", none, LIST(missing)), 2, missing);
        assert_exits(run("mime", none, LIST(folder)), 2, folder);
        assert_exits(run("mime", none, LIST(empty)), 0, "");
        assert_exits(run("smime", none, LIST(empty, CLEAR)), 0, "");
}

/* Any fuzz engine detects an abort. */
static void first_finding_aborts(void **state)
{
        g_autofree char *plain = file("plain", "Subject: nothing\n\n");
        g_autofree char *disagree = file("disagree", "disagree\n");
        static const char message[] = "unpend: disagree: " DISAGREES "\n"
                                      "  two readers see different content in one message\n"
                                      "  " IN_WHAT "\n";

        (void)state;
        assert_exits(run("canary", none, LIST(plain)), 0, "");
        assert_aborts(run("canary", none, LIST(plain, disagree)), message);
}

static char *message_of_regression(const char *path)
{
        g_autofree char *text = text_of(path);

        return g_strdup(strstr(text, "\nmessage:\n") + strlen("\nmessage:\n"));
}

static void all_findings_of_an_input_are_printed(void **state)
{
        g_autofree char *one =
            message_of_regression("regressions/smime/attributes-as-content.case");
        g_autofree char *other =
            message_of_regression("regressions/smime/bytes-after-structure.case");
        g_autofree char *text = g_strdup_printf(
            "Content-Type: multipart/mixed; boundary=b\n\n--b\n%s\n--b\n%s\n--b--\n", one, other);
        g_autofree char *both = file("both", text);

        (void)state;
        assert_aborts(
            run("smime", none, LIST(both)), "accepted-against-standard: attributes as content");
        assert_aborts(
            run("smime", none, LIST(both)), "accepted-against-standard: bytes after the structure");
}

/* GSlice hides a freed object from the sanitizer unless G_SLICE was set before the start. */
static void environment_is_made_right(void **state)
{
        g_autofree char *freed = file("freed", "gmime-object\n");
        g_autofree char *garbage = file("openssl.cnf", "[[[\n");
        g_autofree char *configuration = g_strconcat("OPENSSL_CONF=", garbage, NULL);
        static const char *const environments[][4] = {
                { "G_SLICE=", "LC_ALL=", "TZ=", NULL },
                { "G_SLICE=debug-blocks", "LC_ALL=tr_TR.ISO-8859-9", "TZ=Pacific/Chatham", NULL },
        };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(environments); i++) {
                const char *const *e = environments[i];
                struct result result = run("canary", e, LIST(freed));
                assert_non_null(strstr(result.errors, "heap-use-after-free"));
                g_free(result.errors);

                g_autofree char *report = file("report", NULL);
                g_autofree char *reported = g_strconcat("UNPEND_REPORT=", report, NULL);
                g_autofree char *usual = file("usual", NULL);
                g_autofree char *usually = g_strconcat("UNPEND_REPORT=", usual, NULL);
                assert_exits(run("smime", LIST(e[0], e[1], e[2], configuration, reported),
                                 LIST(CLEAR, "seeds/smime/md5.eml", "seeds/smime/password.eml")),
                    0, "");
                assert_exits(run("smime", LIST(usually),
                                 LIST(CLEAR, "seeds/smime/md5.eml", "seeds/smime/password.eml")),
                    0, "");
                g_autofree char *text = text_of(report);
                g_autofree char *usual_text = text_of(usual);
                assert_string_equal(text, usual_text);
        }
}

/* --- the report ------------------------------------------------------------------------------- */

/* The n-th line of a report. The caller owns the result. */
static JsonObject *line_of(const char *path, guint line)
{
        g_autofree char *text = text_of(path);
        g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
        g_autoptr(JsonParser) parser = json_parser_new();

        assert_true(line + 1 < g_strv_length(lines));
        assert_true(g_utf8_validate(lines[line], -1, NULL));
        assert_true(json_parser_load_from_data(parser, lines[line], -1, NULL));
        return json_object_ref(json_node_get_object(json_parser_get_root(parser)));
}

static guint lines_in(const char *path)
{
        g_autofree char *text = text_of(path);
        guint lines = 0;

        for (const char *at = text; *at != '\0'; at++)
                lines += *at == '\n';
        return lines;
}

static void report_has_a_line_for_each_input(void **state)
{
        g_autofree char *plain = file("plain", "nothing\n");
        g_autofree char *disagree = file("disagree", "disagree\n");
        g_autofree char *report = file("report", NULL);
        g_autofree char *variable = g_strconcat("UNPEND_REPORT=", report, NULL);
        g_autofree char *slug = slug_of(UP_CLASS_DISAGREE, DISAGREES);

        (void)state;
        assert_exits(run("canary", LIST(variable), LIST(plain)), 0, "");
        assert_exits(run("canary", LIST(variable), LIST(disagree, plain)), 1, "");
        assert_int_equal(lines_in(report), 3);

        g_autoptr(JsonObject) first = line_of(report, 0);
        assert_string_equal(json_object_get_string_member(first, "input"), plain);
        assert_int_equal(json_array_get_length(json_object_get_array_member(first, "findings")), 0);
        assert_false(json_object_get_boolean_member(first, "unscannable"));
        assert_int_equal(json_array_get_length(json_object_get_array_member(first, "limits")), 0);
        JsonObject *counts = json_object_get_object_member(first, "counts");
        assert_int_equal(json_object_get_size(counts), UP_COUNTS);
        for (int i = 0; i < UP_COUNTS; i++)
                assert_true(json_object_has_member(counts, up_count_names[i]));

        g_autoptr(JsonObject) second = line_of(report, 1);
        JsonArray *findings = json_object_get_array_member(second, "findings");
        assert_string_equal(json_object_get_string_member(second, "input"), disagree);
        assert_int_equal(json_array_get_length(findings), 1);
        JsonObject *finding = json_array_get_object_element(findings, 0);
        assert_string_equal(json_object_get_string_member(finding, "class"), "disagree");
        assert_string_equal(json_object_get_string_member(finding, "signature"), DISAGREES);
        assert_string_equal(json_object_get_string_member(finding, "detail"), IN_WHAT);
        assert_string_equal(json_object_get_string_member(finding, "slug"), slug);

        g_autoptr(JsonObject) third = line_of(report, 2);
        assert_string_equal(json_object_get_string_member(third, "input"), plain);
}

static void report_has_counts_and_limits(void **state)
{
        g_autofree char *message = text_of(CLEAR);
        g_autofree char *text =
            g_strconcat("unpend-case: 1\npolicy: max-key-bits=1024\nmessage:\n", message, NULL);
        g_autofree char *limited = file("limited.case", text);
        g_autofree char *report = file("report", NULL);
        g_autofree char *variable = g_strconcat("UNPEND_REPORT=", report, NULL);

        (void)state;
        assert_exits(run("smime", LIST(variable), LIST(CLEAR, limited)), 0, "");
        g_autoptr(JsonObject) clear = line_of(report, 0);
        JsonObject *counts = json_object_get_object_member(clear, "counts");
        assert_int_equal(json_object_get_int_member(counts, "parts"), 3);
        assert_int_equal(json_object_get_int_member(counts, "trusted"), 1);
        g_autoptr(JsonObject) unscannable = line_of(report, 1);
        JsonArray *limits = json_object_get_array_member(unscannable, "limits");
        assert_true(json_object_get_boolean_member(unscannable, "unscannable"));
        assert_int_equal(json_array_get_length(limits), 1);
        assert_string_equal(json_array_get_string_element(limits, 0),
            "2048 bits in a public key, the limit is 1024");
}

static void report_is_json_whatever_the_file_is_called(void **state)
{
        g_autofree char *odd = file("\xff\"\n\x01.eml", "nothing\n");
        g_autofree char *report = file("report", NULL);
        g_autofree char *variable = g_strconcat("UNPEND_REPORT=", report, NULL);

        (void)state;
        assert_exits(run("canary", LIST(variable), LIST(odd)), 0, "");
        assert_int_equal(lines_in(report), 1);
        g_autoptr(JsonObject) line = line_of(report, 0);
        assert_non_null(json_object_get_string_member(line, "input"));
}

/* --- findings kept, progress counted ---------------------------------------------------------- */

static void smallest_input_of_a_finding_is_kept(void **state)
{
        g_autofree char *large = file("large", "disagree\nand more text than is needed\n");
        g_autofree char *small = file("small", "disagree\n\n");
        g_autofree char *other = file("other", "no-reason\n");
        g_autofree char *slug = slug_of(UP_CLASS_DISAGREE, DISAGREES);
        g_autofree char *other_slug = slug_of(UP_CLASS_ERROR_WITHOUT_REASON, NO_REASON);
        g_autofree char *kept = file(slug, NULL);
        g_autofree char *other_kept = file(other_slug, NULL);
        g_autofree char *variable = g_strconcat("UNPEND_FINDINGS=", folder, NULL);
        const char *const orders[][4] = { { large, NULL }, { small, other, NULL },
                { small, large, NULL } };
        static const char *const smallest[] = { "disagree\nand more text than is needed\n",
                "disagree\n\n", "disagree\n\n" };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(orders); i++) {
                assert_exits(run("canary", LIST(variable), orders[i]), 1, "");
                g_autofree char *text = text_of(kept);
                assert_string_equal(text, smallest[i]);
        }
        g_autofree char *text = text_of(other_kept);
        assert_string_equal(text, "no-reason\n");
}

/* --- between explorer and examiner ------------------------------------------------------------ */

/* The text of the file in the folder whose name begins so; NULL: there is none. */
static char *text_of_prefix(const char *prefix)
{
        g_autoptr(GDir) files = g_dir_open(folder, 0, NULL);
        const char *name;

        while ((name = g_dir_read_name(files)) != NULL)
                if (g_str_has_prefix(name, prefix)) {
                        g_autofree char *path = g_build_filename(folder, name, NULL);
                        return text_of(path);
                }
        return NULL;
}

static void explorer_hands_on_what_is_new(void **state)
{
        static const struct {
                const char *target, *text, *prefix;
                bool comes;
        } rows[] = {
                { "scan_submit", "Subject: one\n\n", "new-", true },
                { "scan_submit", "Subject: two\n\n", "new-", false }, /* waits in no new way */
                { "scan_submit",
                    "unpend-case: 1\nscript:\n  scan 1 busy\n  submit 1 smtp\nmessage:\n", "new-",
                    true },
                { "canary", "disagree\n\n", "found-", true },
                { "canary", "disagree\n\nlarger", "found-", false },
                { "canary", "disagree\n", "found-", true },
        };
        g_autofree char *kept = g_strconcat("UNPEND_FINDINGS=", folder, NULL);
        g_autofree char *inbox = g_strconcat("UNPEND_INBOX=", folder, NULL);
        g_autofree char *reached = g_strconcat("UNPEND_REACHED=", folder, NULL);

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                g_autofree char *input = file("input", rows[i].text);
                struct result result = run(rows[i].target, LIST(kept, inbox, reached), LIST(input));
                g_autofree char *text = text_of_prefix(rows[i].prefix);

                assert_int_equal(result.status, strcmp(rows[i].target, "canary") == 0);
                g_free(result.errors);
                if (!rows[i].comes) {
                        assert_null(text);
                        continue;
                }
                assert_non_null(text);
                assert_string_equal(text, rows[i].text);
                g_autofree char *command = g_strdup_printf("rm %s/%s*", folder, rows[i].prefix);
                assert_int_equal(system(command), 0);
        }
}

static void explorer_leaves_what_it_died_of(void **state)
{
        g_autofree char *input = file("input", "deep\n");
        g_autofree char *inbox = g_strconcat("UNPEND_INBOX=", folder, NULL);
        struct result result = run("canary", LIST(inbox), LIST(input));

        (void)state;
        assert_int_equal(result.signal, SIGSEGV);
        g_free(result.errors);
        g_autofree char *text = text_of_prefix(".died-");
        assert_non_null(text);
        assert_string_equal(text, "deep\n");
}

static void examiner_runs_what_is_there(void **state)
{
        g_autofree char *disagree = file("new-1", "disagree\n");
        g_autofree char *leak = file("new-2", "leak\n");
        g_autofree char *dies = file("sample-1", "openssl-copy\n");
        g_autofree char *half = file(".writing-1", "no-reason\n");
        g_autofree char *slug = slug_of(UP_CLASS_DISAGREE, DISAGREES);
        g_autofree char *kept = g_strconcat("UNPEND_FINDINGS=", folder, NULL);
        g_autofree char *line =
            g_strdup_printf("unpend-found\t%s\tdisagree\t%s\n", slug, DISAGREES);
        struct result result =
            run("canary", LIST(kept, "ASAN_OPTIONS=detect_leaks=0"), LIST("--examine", folder));

        (void)state;
        assert_non_null(strstr(result.errors, line));
        assert_non_null(strstr(result.errors, "unpend-found\tleak-of-1\tleak\t"));
        assert_exits(result, 1, "AddressSanitizer: heap-buffer-overflow");
        g_autofree char *running = text_of_prefix(".examining-");
        g_autofree char *found = text_of_prefix(slug);
        g_autofree char *leaked = text_of_prefix("leak-of-1");
        assert_string_equal(running, "openssl-copy\n");
        assert_string_equal(found, "disagree\n");
        assert_string_equal(leaked, "leak\n");
        assert_false(g_file_test(disagree, G_FILE_TEST_EXISTS));
        assert_false(g_file_test(leak, G_FILE_TEST_EXISTS));
        assert_false(g_file_test(dies, G_FILE_TEST_EXISTS));
        assert_true(g_file_test(half, G_FILE_TEST_EXISTS));
}

/* --- progress --------------------------------------------------------------------------------- */

static void read_progress(const char *path, struct up_progress *progress)
{
        g_autofree char *data = NULL;
        gsize bytes;

        assert_true(g_file_get_contents(path, &data, &bytes, NULL));
        assert_int_equal(bytes, sizeof *progress);
        memcpy(progress, data, sizeof *progress);
}

static void progress_survives_a_crash(void **state)
{
        g_autofree char *disagree = file("disagree", "disagree\n");
        g_autofree char *path = file("progress", NULL);
        g_autofree char *variable = g_strconcat("UNPEND_PROGRESS=", path, NULL);
        struct up_progress progress;

        (void)state;
        assert_exits(run("smime", LIST(variable),
                         LIST(CLEAR, "seeds/smime/tampered.eml", "seeds/smime/encrypted-rsa.eml")),
            0, "");
        assert_aborts(run("canary", LIST(variable), LIST(disagree, CLEAR)), "unpend: disagree");

        read_progress(path, &progress);
        assert_int_equal(progress.executions, 4);
        assert_int_equal(progress.verified, 1);
        assert_int_equal(progress.digest_only, 1);
        assert_int_equal(progress.findings, 1);
        assert_int_equal(progress.unscannable, 0);
        assert_int_equal(progress.counts[UP_COUNT_CMS], 3);
        assert_int_equal(progress.counts[UP_COUNT_DECRYPTED], 1);
        for (int i = 0; i < UP_ORACLE_COUNT; i++)
                assert_int_equal(progress.judged[i], 0);
}

/* --- pipelines -------------------------------------------------------------------------------- */

/* A name of the dictionary of a report, and its count; 0 without. */
static gint64 count_of(JsonObject *line, const char *name)
{
        return json_object_get_int_member_with_default(
            json_object_get_object_member(line, "counts"), name, 0);
}

static void fault_is_planted_into_a_pipeline(void **state)
{
        g_autofree char *report = file("report", NULL);
        g_autofree char *variable = g_strconcat("UNPEND_REPORT=", report, NULL);

        (void)state;
        assert_exits(run("scan_submit", LIST(variable), LIST(CLEAR)), 0, "");
        assert_exits(
            run("scan_submit", LIST(variable, "UNPEND_FAULT=kb843545"), LIST(CLEAR)), 1, "");
        g_autoptr(JsonObject) healthy = line_of(report, 0);
        assert_int_equal(
            json_array_get_length(json_object_get_array_member(healthy, "findings")), 0);
        assert_true(count_of(healthy, "pending/no-progress") > 0);
        assert_false(json_object_has_member(healthy, "trace"));

        g_autoptr(JsonObject) sick = line_of(report, 1);
        JsonArray *findings = json_object_get_array_member(sick, "findings");
        bool pending = false;
        for (guint i = 0; i < json_array_get_length(findings); i++) {
                JsonObject *finding = json_array_get_object_element(findings, i);
                if (strcmp(json_object_get_string_member(finding, "class"), "pending") != 0)
                        continue;
                pending = true;
                assert_string_equal(
                    json_object_get_string_member(finding, "evidence"), "no-progress");
        }
        assert_true(pending);
}

static void unknown_fault_stops_the_target(void **state)
{
        (void)state;
        assert_exits(run("scan_submit", LIST("UNPEND_FAULT=kb84354"), LIST(CLEAR)), 125,
            "UNPEND_FAULT=kb84354: unknown fault");
        assert_exits(run("scan_submit", LIST("UNPEND_DEPTH=all"), LIST(CLEAR)), 125,
            "UNPEND_DEPTH=all: want explore, examine or judge");
}

static void trace_is_in_the_report_on_request(void **state)
{
        g_autofree char *report = file("report", NULL);
        g_autofree char *variable = g_strconcat("UNPEND_REPORT=", report, NULL);

        (void)state;
        assert_exits(run("scan_submit", LIST(variable, "UNPEND_TRACE=60", "UNPEND_FAULT=kb843545"),
                         LIST(CLEAR)),
            1, "");
        g_autoptr(JsonObject) line = line_of(report, 0);
        const char *trace = json_object_get_string_member(line, "trace");
        g_auto(GStrv) lines = g_strsplit(trace, "\n", -1);
        for (char **at = lines; *at != NULL; at++)
                assert_true(g_utf8_strlen(*at, -1) <= 60);
        assert_non_null(strstr(trace, "submit 1 local"));
        assert_non_null(strstr(trace, "critical step"));
        assert_non_null(strstr(trace, "pending: no-progress"));
}

/* One byte an event, without time passing. */
static void machine_reads_events(void **state)
{
        const char events[] = { UP_CONTENT_BEGIN, UP_CONTENT_NO_VERDICT, 0 };
        g_autofree char *text = g_strconcat("unpend-case: 1\nmessage:\n", events, NULL);
        g_autofree char *input = file("events.case", text);
        g_autofree char *report = file("report", NULL);
        g_autofree char *variable = g_strconcat("UNPEND_REPORT=", report, NULL);

        (void)state;
        assert_exits(run("machine", LIST(variable, "UNPEND_TRACE=80"), LIST(input)), 0, "");
        assert_aborts(run("machine", LIST("UNPEND_FAULT=kb843545"), LIST(input)),
            "unpend: pending: no-progress: scanning + no-verdict\n");
        g_autoptr(JsonObject) line = line_of(report, 0);
        const char *trace = json_object_get_string_member(line, "trace");
        assert_non_null(strstr(trace, "scanning + no-verdict -> scan-wait"));
        assert_non_null(strstr(trace, "scan-wait + retry -> pending"));
        assert_true(count_of(line, "pending/no-progress") > 0);
        assert_true(count_of(line, "pending/past-bound") > 0);
}

static void progress_counts_what_oracles_judged(void **state)
{
        g_autofree char *path = file("progress", NULL);
        g_autofree char *variable = g_strconcat("UNPEND_PROGRESS=", path, NULL);
        struct up_progress progress;
        unsigned judged = 0;

        (void)state;
        assert_exits(run("scan_submit", LIST(variable), LIST(CLEAR)), 0, "");
        read_progress(path, &progress);
        for (int i = 0; i < UP_ORACLE_COUNT; i++)
                if (up_oracle_rows[i].class == UP_CLASS_LOST)
                        judged += progress.judged[i] > 0;
        assert_int_equal(judged, 1);
        assert_int_equal(progress.verified, 1); /* though the scanner reads it in each run */
}

static void what_cannot_be_written_stops_the_target(void **state)
{
        g_autofree char *disagree = file("disagree", "disagree\n");

        (void)state;
        assert_exits(run("canary", LIST("UNPEND_REPORT=/nowhere/report"), LIST(disagree)), 125,
            "/nowhere/report");
        assert_exits(
            run("canary", LIST("UNPEND_FINDINGS=/nowhere"), LIST(disagree)), 125, "/nowhere");
        assert_exits(run("canary", LIST("UNPEND_PROGRESS=/nowhere/progress"), LIST(disagree)), 125,
            "/nowhere/progress");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(replayer_says_what_is_wrong),
                TEST(first_finding_aborts),
                TEST(all_findings_of_an_input_are_printed),
                TEST(environment_is_made_right),
                TEST(report_has_a_line_for_each_input),
                TEST(report_has_counts_and_limits),
                TEST(report_is_json_whatever_the_file_is_called),
                TEST(smallest_input_of_a_finding_is_kept),
                TEST(explorer_hands_on_what_is_new),
                TEST(explorer_leaves_what_it_died_of),
                TEST(examiner_runs_what_is_there),
                TEST(progress_survives_a_crash),
                TEST(progress_counts_what_oracles_judged),
                TEST(fault_is_planted_into_a_pipeline),
                TEST(unknown_fault_stops_the_target),
                TEST(trace_is_in_the_report_on_request),
                TEST(machine_reads_events),
                TEST(what_cannot_be_written_stops_the_target),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
