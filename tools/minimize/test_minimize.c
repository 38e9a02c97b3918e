/*
 * Minimising with shell scripts that stand in for targets: what is left is what they look for, and
 * nothing else; the finding never becomes another; cores and their speed make no difference. What
 * is told meanwhile fits the terminal.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <glib/gstdio.h>

#include "tools/minimize/minimize.h"
#include "tools/cli/status_line.h"
#include "tools/cli/tool.h"

/* A function of the script: appends the report with this finding. */
#define SHOW                                                                                       \
        "show() { echo \"{\\\"input\\\":\\\"x\\\",\\\"findings\\\":[$1],\\\"counts\\\":{},"        \
        "\\\"unscannable\\\":false,\\\"limits\\\":[]}\" >>\"$UNPEND_REPORT\"; }\n"                 \
        "finding() { echo \"{\\\"class\\\":\\\"pending\\\",\\\"signature\\\":\\\"$1\\\","          \
        "\\\"evidence\\\":\\\"$2\\\",\\\"role\\\":\\\"$3\\\",\\\"detail\\\":\\\"d\\\"}\"; }\n"     \
        "has() { grep -q \"$1\" \"$file\"; }\n"                                                    \
        "file=$1\n"

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

static char *folder; /* where the targets are built */

static int set_up(void **state)
{
        g_autofree char *fuzz = NULL;
        (void)state;

        folder = g_dir_make_tmp("unpend-test-XXXXXX", NULL);
        g_setenv("UNPEND_BUILD", folder, TRUE);
        g_unsetenv("COLUMNS");
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
    const char *script, const char *text, const struct up_minimize_request *wishes)
{
        g_autofree char *path = g_build_filename(folder, "libfuzzer", "fuzz", "fake", NULL);
        g_autofree char *program = g_strconcat("#!/bin/sh\n" SHOW, script, NULL);
        g_autoptr(GBytes) input = g_bytes_new(text, strlen(text));
        struct up_minimize_request order = *wishes;
        struct up_minimized *result;

        assert_true(g_file_set_contents(path, program, -1, NULL));
        assert_int_equal(chmod(path, 0700), 0);
        order.run.flavour = up_flavour_find("libfuzzer");
        order.run.target = "fake";
        order.runner = up_runner_new();
        order.jobs = MAX(order.jobs, 1);
        result = up_minimize(&order, input);
        up_runner_free(order.runner);
        return result;
}

static void assert_text(const struct up_minimized *result, const char *expected)
{
        gsize bytes;
        const char *data;

        if (result->bytes == NULL)
                fail_msg("nothing came out: %s", result->why != NULL ? result->why : "no why");
        data = g_bytes_get_data(result->bytes, &bytes);
        g_autofree char *text = g_strndup(data, bytes);
        assert_string_equal(text, expected);
}

#define HEAD(more) "unpend-case: 1\ntitle: what it is\n" more "finding: pending\nevidence: cycle\n"

#define NEEDLE "if has needle; then show \"$(finding n cycle)\"; exit 1; fi; show ''\n"

/* The empty line stays: without it the text would be a header field, which is one thing more. */
static void test_what_is_left(void **state)
{
        g_autoptr(up_minimized) result = minimize(NEEDLE, CASE, &(struct up_minimize_request){ 0 });
        (void)state;

        assert_int_equal(result->end, UP_MINIMIZE_WHOLE);
        assert_text(result, HEAD("") "message:\n\nneedle");
        assert_int_equal(result->before.events, 4);
        assert_int_equal(result->before.recipients, 2);
        assert_int_equal(result->before.parts, 3);
        assert_int_equal(result->after.events, 1);
        assert_int_equal(result->after.fields, 0);
        assert_string_equal(result->finding->signature, "n");
}

/* What does not matter to the message may matter to the script. */
static void test_event_that_matters(void **state)
{
        g_autoptr(up_minimized) result = minimize(
            "if has 'submit 2' && has attempts=3; then show \"$(finding n cycle)\"; exit 1; fi\n"
            "show ''\n",
            CASE, &(struct up_minimize_request){ 0 });
        (void)state;

        assert_text(result, HEAD("") "policy: attempts=3\nscript:\n  submit 2 smtp\nmessage:\n");
}

/* Another signature, evidence or role of the message makes another finding, though smaller cases
 * show it. */
static void test_no_drift(void **state)
{
        static const char *const others[] = { "$(finding other cycle)", "$(finding n past-bound)",
                "$(finding n cycle bystander)" };
        (void)state;

        for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
                g_autofree char *script = g_strdup_printf(
                    "if has needle && has poison; then show \"$(finding n cycle)\"; exit 1; fi\n"
                    "if has needle; then show \"%s\"; exit 1; fi; show ''\n",
                    others[i]);
                g_autoptr(up_minimized) result =
                    minimize(script, CASE, &(struct up_minimize_request){ 0 });
                assert_text(result, HEAD("") "message:\n\nneedlepoison");
        }
}

/* Of several findings, the one that is asked for, by slug or by the head. */
static void test_which(void **state)
{
        static const char both[] =
            "has needle && a=$(finding n cycle); has poison && b=$(finding p past-bound)\n"
            "if [ \"$a\" ] && [ \"$b\" ]; then show \"$a,$b\"; else show \"$a$b\"; fi\n"
            "[ -z \"$a$b\" ]\n";
        struct up_finding *wanted = up_finding_new(UP_CLASS_PENDING, "p", "");
        g_autofree char *slug = up_finding_slug(wanted);
        g_autofree char *asking =
            g_strconcat("unpend-case: 1\nfinding: pending\nevidence: past-bound\n",
                strchr(CASE, '\n') + 1, NULL);
        g_autoptr(up_minimized) first = minimize(both, CASE, &(struct up_minimize_request){ 0 });
        g_autoptr(up_minimized) named =
            minimize(both, CASE, &(struct up_minimize_request){ .slug = slug });
        g_autoptr(up_minimized) asked = minimize(both, asking, &(struct up_minimize_request){ 0 });
        (void)state;

        up_finding_free(wanted);
        assert_string_equal(first->finding->signature, "n");
        assert_string_equal(named->finding->signature, "p");
        assert_string_equal(asked->finding->signature, "p");
}

static void test_absent(void **state)
{
        g_autoptr(up_minimized) none =
            minimize("show ''\n", CASE, &(struct up_minimize_request){ 0 });
        g_autoptr(up_minimized) other =
            minimize(NEEDLE, CASE, &(struct up_minimize_request){ .slug = "lost-00000000" });
        g_autoptr(up_minimized) broken =
            minimize("exit 3\n", CASE, &(struct up_minimize_request){ 0 });
        (void)state;

        assert_int_equal(none->end, UP_MINIMIZE_ABSENT);
        assert_null(none->bytes);
        assert_int_equal(other->end, UP_MINIMIZE_ABSENT);
        assert_int_equal(other->others->len, 1);
        assert_int_equal(broken->end, UP_MINIMIZE_UNRUNNABLE);
        assert_non_null(broken->why);
}

/* Whichever of several runs ends first, the first in order counts. */
static void test_cores(void **state)
{
        static const char script[] =
            "has needle && has hay && sleep 0.0$(($$ % 5))\n"
            "if has needle || has poison; then show \"$(finding n cycle)\"; exit 1; fi; show ''\n";
        g_autoptr(up_minimized) one =
            minimize(script, CASE, &(struct up_minimize_request){ .jobs = 1 });
        (void)state;

        for (unsigned jobs = 2; jobs <= 4; jobs += 2) {
                g_autoptr(up_minimized) several =
                    minimize(script, CASE, &(struct up_minimize_request){ .jobs = jobs });
                assert_true(g_bytes_equal(one->bytes, several->bytes));
        }
}

/* A regression has to pass without its fault. */
static void test_clean_without_fault(void **state)
{
        g_autoptr(up_minimized) result =
            minimize("[ \"$UNPEND_FAULT\" ] || has antidote || has script || { show \"$(finding x "
                     "cycle)\"; exit 1; }\n"
                     "[ \"$UNPEND_FAULT\" ] || { show ''; exit 0; }\n" NEEDLE,
                CASE, &(struct up_minimize_request){ .run.fault = "kb843545" });
        (void)state;

        assert_text(result, HEAD("fault: kb843545\n") "message:\n\nantidoteneedle");
}

/* Of several faults those stay that it takes; where it takes none, the head names none. */
static void test_faults(void **state)
{
        static const struct {
                const char *needs, *fault;
        } rows[] = {
                { "*b*", "b" },
                { "*a*c*", "a,c" },
                { "*", NULL },
        };
        (void)state;

        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                g_autofree char *script = g_strdup_printf(
                    "case $UNPEND_FAULT in %s) ;; *) show ''; exit 0 ;; esac\n" NEEDLE,
                    rows[i].needs);
                g_autofree char *head =
                    rows[i].fault != NULL
                        ? g_strdup_printf("unpend-case: 1\ntitle: what it is\nfault: %s\n"
                                          "finding: pending\nevidence: cycle\nmessage:\n\nneedle",
                              rows[i].fault)
                        : g_strdup(HEAD("") "message:\n\nneedle");
                g_autoptr(up_minimized) result =
                    minimize(script, CASE, &(struct up_minimize_request){ .run.fault = "a,b,c" });
                assert_int_equal(g_strcmp0(result->fault, rows[i].fault), 0);
                assert_text(result, head);
        }
}

#define LOOP          "exec perl -e '1 while 1'"
#define BURN(seconds) "exec perl -e '1 while (times)[0] + (times)[1] < " seconds "'\n"

/* What takes 2.5 seconds hangs within the short limit, and not within the whole one. */
static void test_hang(void **state)
{
        g_autoptr(up_minimized) result =
            minimize("has Q && " LOOP "\nshow ''\nhas Z && " BURN("2.5"), "\nZQ",
                &(struct up_minimize_request){ .run.limit_s = 3, .jobs = 2 });
        (void)state;

        assert_int_equal(result->end, UP_MINIMIZE_WHOLE);
        assert_int_equal(result->finding->class, UP_CLASS_HANG);
        assert_text(result, "unpend-case: 1\nfinding: hang\nmessage:\n\nQ");
}

static unsigned steps, smaller;

static void count_step(const struct up_minimize_step *step, void *data)
{
        (void)data;
        steps++;
        smaller += step->smallest != NULL ? 1 : 0;
        assert_non_null(step->pass);
}

/* When the time is over there is the smallest so far, and it was told before. */
static void test_time(void **state)
{
        g_autoptr(up_minimized) result = minimize("sleep 0.2\n" NEEDLE, CASE,
            &(struct up_minimize_request){ .seconds = 1, .step = count_step });
        (void)state;

        assert_int_equal(result->end, UP_MINIMIZE_TIME);
        assert_non_null(result->bytes);
        assert_true(up_shrink_is_smaller(&result->after, &result->before));
        assert_true(steps > 0 && smaller > 0);
}

static void keep_last(const struct up_minimize_step *step, void *data)
{
        GBytes **last = data;

        if (step->smallest == NULL)
                return;
        g_clear_pointer(last, g_bytes_unref);
        *last = g_bytes_ref(step->smallest);
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

static bool holds(GBytes *bytes, char what)
{
        gsize size;
        const void *data = g_bytes_get_data(bytes, &size);

        return memchr(data, what, size) != NULL;
}

static void interrupt_without_Q(const struct up_minimize_step *step, void *data)
{
        keep_last(step, data);
        if (step->smallest != NULL && !holds(step->smallest, 'Q'))
                raise(SIGTERM);
}

/* What only hangs within the short limit does not come out, but the last one before that does in
 * earnest. It is the last test: nothing runs once the program was interrupted. */
static void test_hang_interrupted(void **state)
{
        GBytes *last = NULL;
        g_autoptr(up_minimized) result = NULL;
        (void)state;

        up_tool_interrupt_fd();
        result = minimize("has Q && " LOOP "\nshow ''\nhas Z && " BURN("2.5"), "\nabcdefZQ",
            &(struct up_minimize_request){
                .run.limit_s = 3, .step = interrupt_without_Q, .data = &last });
        assert_int_equal(result->end, UP_MINIMIZE_INTERRUPTED);
        assert_non_null(last);
        assert_false(holds(last, 'Q'));
        assert_text(result, "unpend-case: 1\nfinding: hang\nmessage:\n\nZQ");
        g_bytes_unref(last);
}

/* Any bytes are a case: without a head they get one. */
static void test_bare_message(void **state)
{
        g_autoptr(up_minimized) result =
            minimize(NEEDLE, "Subject: s\n\na needle\n", &(struct up_minimize_request){ 0 });
        (void)state;

        assert_text(
            result, "unpend-case: 1\nfinding: pending\nevidence: cycle\nmessage:\n\nneedle");
}

/* What up_telling_say() writes for the text when standard error is a terminal of 20 columns. */
static char *told_on_terminal(const char *text)
{
        char *told = g_malloc0(1000);
        int terminal = posix_openpt(O_RDWR | O_NOCTTY);
        assert_int_equal(grantpt(terminal) | unlockpt(terminal), 0);
        int line = open(ptsname(terminal), O_RDWR | O_NOCTTY);
        int kept = dup(STDERR_FILENO);
        struct up_telling telling;

        assert_int_equal(ioctl(line, TIOCSWINSZ, &(struct winsize){ .ws_col = 20 }), 0);
        dup2(line, STDERR_FILENO);
        up_telling_begin(&telling);
        up_telling_say(&telling, text);
        dup2(kept, STDERR_FILENO);
        for (size_t bytes = 0; !g_str_has_suffix(told, "\033[K"); bytes = strlen(told))
                assert_true(read(terminal, told + bytes, 999 - bytes) > 0);
        close(kept);
        close(line);
        close(terminal);
        return told;
}

static void test_line_fits_terminal(void **state)
{
        (void)state;
        static const struct {
                const char *text, *told;
        } rows[] = {
                { "short", "\rshort\033[K" },
                { "0123456789012345678", "\r0123456789012345678\033[K" },
                { "01234567890123456789", "\r0123456789012345678\033[K" },
                { "ääääääääääääääääääää", "\räääääääääääääääääää\033[K" },
                { "漢漢漢漢漢漢漢漢漢漢漢漢", "\r漢漢漢漢漢漢漢漢漢\033[K" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                g_autofree char *told = told_on_terminal(rows[i].text);
                assert_string_equal(told, rows[i].told);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_what_is_left),
                cmocka_unit_test(test_event_that_matters),
                cmocka_unit_test(test_no_drift),
                cmocka_unit_test(test_which),
                cmocka_unit_test(test_absent),
                cmocka_unit_test(test_cores),
                cmocka_unit_test(test_clean_without_fault),
                cmocka_unit_test(test_faults),
                cmocka_unit_test(test_hang),
                cmocka_unit_test(test_hang_at_the_end),
                cmocka_unit_test(test_time),
                cmocka_unit_test(test_bare_message),
                cmocka_unit_test(test_line_fits_terminal),
                cmocka_unit_test(test_hang_interrupted),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
