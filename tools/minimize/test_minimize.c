/*
 * Minimising with shell scripts as targets: the result is what the script looks for and nothing
 * else, the finding never becomes another, and cores and their speed make no difference.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>
#include <glib/gstdio.h>

#include "tools/cli/tool.h"
#include "tools/minimize/minimize.h"

/* Functions of the scripts. show appends the report; has looks for a text. No process is forked. */
#define PREAMBLE                                                                                   \
        "#!/bin/sh\n"                                                                              \
        "show() { echo \"{\\\"input\\\":\\\"x\\\",\\\"findings\\\":[$1],\\\"counts\\\":{},"        \
        "\\\"unscannable\\\":false,\\\"limits\\\":[]}\" >>\"$UNPEND_REPORT\"; }\n"                 \
        "finding() { found=\"{\\\"class\\\":\\\"pending\\\",\\\"signature\\\":\\\"$1\\\","         \
        "\\\"evidence\\\":\\\"$2\\\",\\\"role\\\":\\\"$3\\\",\\\"detail\\\":\\\"d\\\"}\"; }\n"     \
        "has() { case $text in *\"$1\"*) ;; *) return 1 ;; esac }\n"                               \
        "text=\nwhile IFS= read -r line; do text=\"$text$line\n\"; done <\"$1\"\n"                 \
        "text=\"$text$line\"\n"

/* Shows the finding and ends. */
#define SHOW(arguments) "finding " arguments "; show \"$found\"; exit 1"
#define NEEDLE          "if has needle; then " SHOW("n cycle") "; fi; show ''\n"

#define CASE                                                                                       \
        "unpend-case: 1\n"                                                                         \
        "title: what it is\n"                                                                      \
        "mutation: field-add; graded unknown\n"                                                    \
        "envelope: from=a@example.com to=b@example.com,c@example.com\n"                            \
        "policy: lifetime=1d attempts=3\n"                                                         \
        "script:\n"                                                                                \
        "  submit 1 local\n"                                                                       \
        "  wait 1m\n"                                                                              \
        "  submit 2 smtp\n"                                                                        \
        "  restart\n"                                                                              \
        "message:\n"                                                                               \
        "Subject: s\n"                                                                             \
        "Content-Type: multipart/mixed; boundary=b\n"                                              \
        "\n"                                                                                       \
        "--b\n"                                                                                    \
        "X-Other: field\n"                                                                         \
        "\n"                                                                                       \
        "hay\n"                                                                                    \
        "antidote\n"                                                                               \
        "hay\n"                                                                                    \
        "a needle in it\n"                                                                         \
        "more hay\n"                                                                               \
        "--b\n"                                                                                    \
        "\n"                                                                                       \
        "poison\n"                                                                                 \
        "--b--\n"

#define SMALL "\nhay\nantidote\na needle in it\npoison\n"

#define HEAD(title, more)                                                                          \
        "unpend-case: 1\ntitle: " title "\n" more                                                  \
        "finding: pending\nevidence: cycle\nmutation: minimized\n"

static char *folder; /* where the targets are built */

static int set_up(void **state)
{
        g_autofree char *fuzz = NULL;
        (void)state;

        folder = g_dir_make_tmp("unpend-test-XXXXXX", NULL);
        g_setenv("UNPEND_BUILD", folder, TRUE);
        fuzz = g_build_filename(folder, "libfuzzer", "fuzz", NULL);
        return g_mkdir_with_parents(fuzz, 0700);
}

static int tear_down(void **state)
{
        static const char *const inside[] = { "libfuzzer/fuzz/fake", "libfuzzer/fuzz", "libfuzzer",
                "" };
        (void)state;

        for (size_t i = 0; i < G_N_ELEMENTS(inside); i++) {
                g_autofree char *path = g_build_filename(folder, inside[i], NULL);
                g_remove(path);
        }
        g_clear_pointer(&folder, g_free);
        return 0;
}

static struct up_minimized *minimize(
    const char *script, const char *text, const struct up_minimize_request *options)
{
        g_autofree char *path = g_build_filename(folder, "libfuzzer", "fuzz", "fake", NULL);
        g_autofree char *program = g_strconcat(PREAMBLE, script, NULL);
        g_autoptr(GBytes) input = g_bytes_new(text, strlen(text));
        struct up_minimize_request request = *options;

        assert_true(g_file_set_contents(path, program, -1, NULL));
        assert_int_equal(chmod(path, 0700), 0);
        request.run.flavour = up_flavour_find("libfuzzer");
        request.run.target = "fake";
        request.jobs = MAX(request.jobs, 1);
        return up_minimize(&request, input);
}

static void assert_text(const struct up_minimized *result, const char *expected)
{
        if (result->bytes == NULL)
                fail_msg("no result: %s", result->reason != NULL ? result->reason : "no reason");
        g_autofree char *text =
            g_strndup(g_bytes_get_data(result->bytes, NULL), g_bytes_get_size(result->bytes));
        assert_string_equal(text, expected);
}

/* The empty line stays: without it the text would be a header field, which is one thing more. */
static void test_results(void **state)
{
        static const struct {
                const char *what, *script, *text, *fault, *expected;
        } rows[] = {
                { "what the finding needs", NEEDLE, CASE, NULL,
                    HEAD("Pending in fake: n", "") "message:\n\nneedle" },
                { "a bare message", NEEDLE, "Subject: s\n\na needle\n", NULL,
                    HEAD("Pending in fake: n", "") "message:\n\nneedle" },
                { "an event and a setting",
                    "if has 'submit 2' && has attempts=3; then " SHOW("n cycle") "; fi\nshow ''\n",
                    CASE, NULL,
                    HEAD("Pending in fake: n", "") "policy: attempts=3\nscript:\n  submit 2 smtp\n"
                                                   "message:\n" },
                { "its own title, where it asked for the finding", NEEDLE,
                    "unpend-case: 1\ntitle: mine\nfinding: pending\nmessage:\n\na needle", NULL,
                    HEAD("mine", "") "message:\n\nneedle" },
                { "not another signature",
                    "if has needle && has poison; then " SHOW(
                        "n cycle") "; fi\n"
                                   "if has needle; then " SHOW("other cycle") "; fi; show ''\n",
                    SMALL, NULL, HEAD("Pending in fake: n", "") "message:\n\nneedlepoison" },
                { "nor other evidence",
                    "if has needle && has poison; then " SHOW(
                        "n cycle") "; fi\n"
                                   "if has needle; then " SHOW("n past-bound") "; fi; show ''\n",
                    SMALL, NULL, HEAD("Pending in fake: n", "") "message:\n\nneedlepoison" },
                { "nor another role",
                    "if has needle && has poison; then " SHOW(
                        "n cycle") "; fi\n"
                                   "if has needle; then " SHOW(
                                       "n cycle bystander") "; fi; show ''\n",
                    SMALL, NULL, HEAD("Pending in fake: n", "") "message:\n\nneedlepoison" },
                { "it passes without the fault",
                    "[ \"$UNPEND_FAULT\" ] || has antidote || has script || { " SHOW(
                        "x cycle") "; }\n"
                                   "[ \"$UNPEND_FAULT\" ] || { show ''; exit 0; }\n" NEEDLE,
                    SMALL, "kb843545",
                    HEAD("Pending in fake: n", "fault: kb843545\n") "message:\n\nantidoteneedle" },
                { "one fault of three",
                    "case $UNPEND_FAULT in *b*) ;; *) show ''; exit 0 ;; esac\n" NEEDLE, SMALL,
                    "a,b,c", HEAD("Pending in fake: n", "fault: b\n") "message:\n\nneedle" },
                { "two faults of three",
                    "case $UNPEND_FAULT in *a*c*) ;; *) show ''; exit 0 ;; esac\n" NEEDLE, SMALL,
                    "a,b,c", HEAD("Pending in fake: n", "fault: a,c\n") "message:\n\nneedle" },
                { "none of them", NEEDLE, SMALL, "a,b,c",
                    HEAD("Pending in fake: n", "") "message:\n\nneedle" },
        };
        (void)state;

        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                print_message("%s\n", rows[i].what);
                g_autoptr(up_minimized) result = minimize(rows[i].script, rows[i].text,
                    &(struct up_minimize_request){ .run.fault = rows[i].fault });
                assert_int_equal(result->end, UP_MINIMIZE_COMPLETE);
                assert_text(result, rows[i].expected);
        }
}

/* Of several findings, the one that is asked for, by slug or by the head. */
static void test_which(void **state)
{
        static const char both[] =
            "has needle && finding n cycle && a=$found; has poison && finding p past-bound && "
            "b=$found\n"
            "if [ \"$a\" ] && [ \"$b\" ]; then show \"$a,$b\"; else show \"$a$b\"; fi\n"
            "[ -z \"$a$b\" ]\n";
        static const char
            plain[] = "\nneedle poison",
            *asking =
                "unpend-case: 1\nfinding: pending\nevidence: past-bound\nmessage:\n\nneedle poison";
        struct up_finding *wanted = up_finding_new(UP_CLASS_PENDING, "p", "");
        g_autofree char *slug = up_finding_slug(wanted);
        const struct {
                const char *text, *slug, *signature;
        } rows[] = { { plain, NULL, "n" }, { plain, slug, "p" }, { asking, NULL, "p" } };
        (void)state;

        up_finding_free(wanted);
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                g_autoptr(up_minimized) result = minimize(
                    both, rows[i].text, &(struct up_minimize_request){ .slug = rows[i].slug });
                assert_int_equal(result->end, UP_MINIMIZE_COMPLETE);
                assert_string_equal(result->finding->signature, rows[i].signature);
        }
}

static void test_no_result(void **state)
{
        static const struct {
                const char *script, *slug;
                enum up_minimize_end end;
                guint others;
        } rows[] = {
                { "show ''\n", NULL, UP_MINIMIZE_ABSENT, 0 },
                { NEEDLE, "lost-00000000", UP_MINIMIZE_ABSENT, 1 },
                { "exit 3\n", NULL, UP_MINIMIZE_UNRUNNABLE, 0 },
        };
        (void)state;

        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                g_autoptr(up_minimized) result = minimize(
                    rows[i].script, CASE, &(struct up_minimize_request){ .slug = rows[i].slug });
                assert_int_equal(result->end, rows[i].end);
                assert_int_equal(result->others->len, rows[i].others);
                assert_null(result->bytes);
                assert_true((result->reason != NULL) == (result->end == UP_MINIMIZE_UNRUNNABLE));
        }
}

/* Whichever of several runs ends first, the first in order counts. */
static void test_cores(void **state)
{
        static const char script[] =
            "has needle && has hay && sleep 0.0$(($$ % 3))\n"
            "if has needle || has poison; then " SHOW("n cycle") "; fi; show ''\n";
        g_autoptr(up_minimized) one =
            minimize(script, SMALL, &(struct up_minimize_request){ .jobs = 1 });
        g_autoptr(up_minimized) several =
            minimize(script, SMALL, &(struct up_minimize_request){ .jobs = 4 });
        (void)state;

        assert_int_equal(one->end, UP_MINIMIZE_COMPLETE);
        assert_true(g_bytes_equal(one->bytes, several->bytes));
}

/* A script in endless loops, and one that takes so many seconds of processor time. */
#define LOOP          "while :; do :; done"
#define BURN(seconds) "exec perl -e '1 while (times)[0] + (times)[1] < " seconds "'\n"

/* The short limit is 1 s: what takes 1.4 s hangs within that, but not within the full one. */
static void test_hang(void **state)
{
        g_autoptr(up_minimized) result =
            minimize("has Q && " LOOP "\nshow ''\nhas Z && " BURN("1.4"), "\nZQ",
                &(struct up_minimize_request){ .run.limit_s = 2, .jobs = 2 });
        (void)state;

        assert_int_equal(result->end, UP_MINIMIZE_COMPLETE);
        assert_int_equal(result->finding->class, UP_CLASS_HANG);
        assert_text(result,
            "unpend-case: 1\ntitle: Hang in fake: hang\nfinding: hang\nmutation: minimized\n"
            "message:\n\nQ");
}

static void keep_last(const struct up_minimize_step *step, void *data)
{
        GBytes **last = data;

        assert_non_null(step->pass);
        if (step->smallest == NULL)
                return;
        g_clear_pointer(last, g_bytes_unref);
        *last = g_bytes_ref(step->smallest);
}

/* When the time is over there is the smallest case so far, and the step function got it. */
static void test_time(void **state)
{
        GBytes *last = NULL;
        g_autoptr(up_minimized) result = minimize("sleep 0.2\n" NEEDLE, CASE,
            &(struct up_minimize_request){ .seconds = 1, .step = keep_last, .data = &last });
        g_autoptr(up_case) c = NULL;
        (void)state;

        assert_int_equal(result->end, UP_MINIMIZE_TIME);
        assert_true(up_shrink_is_smaller(&result->after, &result->before));
        assert_non_null(last);
        assert_true(g_bytes_equal(last, result->bytes));
        c = up_case_read(g_bytes_get_data(last, NULL), g_bytes_get_size(last), NULL);
        assert_false(up_minimize_is_marked(c));
        g_bytes_unref(last);
}

/* What takes 1.1 seconds is no hang, however little of the three is left when it begins. */
static void test_hang_at_the_end(void **state)
{
        static const char whole[] = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz";
        g_autofree char *first = g_build_filename(folder, "libfuzzer", "fuzz", "first", NULL);
        g_autofree char *text = g_strconcat("\n", whole, NULL);
        g_autofree char *script = g_strdup_printf("has %s && " LOOP "\nshow ''\n"
                                                  "now=$(date +%%s%%1N)\n" /* tenths of a second */
                                                  "[ -e %s ] || echo $now >%s\n"
                                                  "[ $((now - $(cat %s))) -lt 21 ] || " BURN("1.1"),
            whole, first, first, first);
        GBytes *last = NULL;
        g_autoptr(up_minimized) result = minimize(script, text,
            &(struct up_minimize_request){
                .run.limit_s = 3, .seconds = 3, .step = keep_last, .data = &last });
        (void)state;

        g_remove(first);
        assert_int_equal(result->end, UP_MINIMIZE_TIME);
        assert_true(last == NULL || g_bytes_equal(last, result->bytes));
        g_clear_pointer(&last, g_bytes_unref);
}

static bool contains(GBytes *bytes, char what)
{
        return memchr(g_bytes_get_data(bytes, NULL), what, g_bytes_get_size(bytes)) != NULL;
}

static void interrupt_without_Q(const struct up_minimize_step *step, void *data)
{
        keep_last(step, data);
        if (step->smallest != NULL && !contains(step->smallest, 'Q'))
                raise(SIGTERM);
}

/* An interruption leaves the last case that hangs within the full limit. This is the last test:
 * an interrupted program runs nothing. */
static void test_hang_interrupted(void **state)
{
        GBytes *last = NULL;
        g_autoptr(up_minimized) result = NULL;
        (void)state;

        up_tool_interrupt_fd();
        result = minimize("has Q && " LOOP "\nshow ''\nhas Z && " BURN("1.4"), "\nZQ",
            &(struct up_minimize_request){
                .run.limit_s = 2, .step = interrupt_without_Q, .data = &last });
        assert_int_equal(result->end, UP_MINIMIZE_INTERRUPTED);
        assert_non_null(last);
        assert_false(contains(last, 'Q'));
        assert_true(contains(result->bytes, 'Q'));
        g_bytes_unref(last);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_results),
                cmocka_unit_test(test_which),
                cmocka_unit_test(test_no_result),
                cmocka_unit_test(test_cores),
                cmocka_unit_test(test_hang),
                cmocka_unit_test(test_hang_at_the_end),
                cmocka_unit_test(test_time),
                cmocka_unit_test(test_hang_interrupted),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
