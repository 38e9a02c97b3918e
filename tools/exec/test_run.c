/*
 * Runs of small programs that stand in for targets: what they do is what happened.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <glib/gstdio.h>

#include "faults/canaries.h"
#include "target/fork_server.h"
#include "tools/exec/child.h"
#include "tools/exec/run.h"
#include "tools/exec/sanitizer.h"

#define REPORT(findings)                                                                           \
        "echo '{\"input\":\"x\",\"findings\":[" findings "],\"counts\":{\"parts\":3},"             \
        "\"unscannable\":true,\"limits\":[\"65 parts inside parts, the limit is 64\"]}'"           \
        " >>\"$UNPEND_REPORT\"\n"

static char *folder; /* where the targets are built */

static int set_up(void **state)
{
        (void)state;
        folder = g_dir_make_tmp("unpend-test-XXXXXX", NULL);
        g_setenv("UNPEND_BUILD", folder, TRUE);
        return folder != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
        g_autofree char *target = g_build_filename(folder, "replay", "fuzz", "fake", NULL);
        g_autofree char *fuzz = g_path_get_dirname(target);
        g_autofree char *flavour = g_path_get_dirname(fuzz);
        (void)state;

        g_remove(target);
        g_rmdir(fuzz);
        g_rmdir(flavour);
        g_rmdir(folder);
        g_clear_pointer(&folder, g_free);
        return 0;
}

/* Makes a shell script the target. */
static void write_script(const char *script)
{
        g_autofree char *path = g_build_filename(folder, "replay", "fuzz", "fake", NULL);
        g_autofree char *parent = g_path_get_dirname(path);
        g_autofree char *text = g_strconcat("#!/bin/sh\n", script, NULL);

        assert_int_equal(g_mkdir_with_parents(parent, 0700), 0);
        assert_true(g_file_set_contents(path, text, -1, NULL));
        assert_int_equal(chmod(path, 0700), 0);
}

static struct up_run *run_script(const char *script, unsigned limit_s)
{
        write_script(script);
        return up_run_case(&(struct up_run_request){ .flavour = up_flavour_find("replay"),
            .target = "fake",
            .path = "/dev/null",
            .limit_s = limit_s });
}

static void assert_finding(const struct up_run *run, enum up_class class, const char *signature)
{
        const struct up_finding *finding;

        assert_int_equal(run->status, UP_RUN_FOUND);
        assert_int_equal(run->result.findings->len, 1);
        finding = g_ptr_array_index(run->result.findings, 0);
        assert_string_equal(up_class_rows[finding->class].name, up_class_rows[class].name);
        assert_string_equal(finding->signature, signature);
}

static void test_pass(void **state)
{
        g_autoptr(up_run) run = run_script(REPORT(""), 10);
        (void)state;

        assert_int_equal(run->status, UP_RUN_PASSED);
        assert_int_equal(run->result.findings->len, 0);
        assert_int_equal(run->result.counts[UP_COUNT_PARTS], 3);
        assert_true(run->result.unscannable);
        assert_string_equal(run->result.limits[0], "65 parts inside parts, the limit is 64");
}

static void test_soft_finding(void **state)
{
        g_autoptr(up_run) run =
            run_script(REPORT("{\"class\":\"disagree\",\"signature\":\"base64\",\"detail\":\"d\","
                              "\"slug\":\"s\"}") "exit 1\n",
                10);
        (void)state;

        assert_finding(run, UP_CLASS_DISAGREE, "base64");
        const struct up_finding *finding = g_ptr_array_index(run->result.findings, 0);
        assert_int_equal(finding->evidence, UP_EVIDENCE_NONE);
        assert_int_equal(finding->message, 0);
        assert_int_equal(finding->recipient, G_MAXUINT);
        assert_int_equal(finding->shown_at, G_MAXUINT);
        assert_int_equal(finding->critical_at, G_MAXUINT);
}

/* The subject of a finding and the entry that shows it: each member is read back. */
static void test_finding_of_ledger(void **state)
{
        g_autoptr(up_run) run =
            run_script(REPORT("{\"class\":\"pending\",\"evidence\":\"cycle\",\"signature\":\"s\","
                              "\"detail\":\"d\","
                              "\"message\":2,\"recipient\":0,\"shown-at\":14,\"critical-at\":0}"),
                10);
        const struct up_finding *finding;
        (void)state;

        assert_finding(run, UP_CLASS_PENDING, "s");
        finding = g_ptr_array_index(run->result.findings, 0);
        assert_int_equal(finding->evidence, UP_EVIDENCE_CYCLE);
        assert_int_equal(finding->message, 2);
        assert_int_equal(finding->recipient, 0);
        assert_int_equal(finding->shown_at, 14);
        assert_int_equal(finding->critical_at, 0);
        assert_string_equal(finding->detail, "d");
}

/* Silence is no pass, and neither is a broken report. */
static void test_no_report(void **state)
{
        static const char *const scripts[] = { "exit 0\n", "echo '{' >>\"$UNPEND_REPORT\"\n",
                "echo no such library >&2; exit 127\n" };
        (void)state;

        for (size_t i = 0; i < G_N_ELEMENTS(scripts); i++) {
                g_autoptr(up_run) run = run_script(scripts[i], 10);
                assert_int_equal(run->status, UP_RUN_UNRUNNABLE);
                assert_non_null(strstr(run->reason, "left no report"));
                if (i == 2)
                        assert_non_null(strstr(run->reason, "no such library"));
        }
}

static void test_crash(void **state)
{
        g_autoptr(up_run) run =
            run_script("echo '==1==ERROR: AddressSanitizer: SEGV on unknown address 0x0' >&2\n"
                       "printf '" UP_FRAME_MARK
                       "\\t0\\tcms_read\\tharness/mail/cms.c:3\\tx\\t0x1\\n' >&2\nexit 1\n",
                10);
        (void)state;

        assert_finding(run, UP_CLASS_CRASH, "SEGV cms_read");
        assert_int_equal(run->frames->len, 1);
}

static void test_signal(void **state)
{
        g_autoptr(up_run) run = run_script("kill -SEGV $$\n", 10);
        (void)state;

        assert_finding(run, UP_CLASS_CRASH, "SIGSEGV");
}

/* The watchdog sends SIGABRT for a stack, then kills the child and all that it started. */
static void test_hang(void **state)
{
        g_autofree char *pid_path = g_build_filename(folder, "pid", NULL);
        g_autofree char *script = g_strdup_printf(
            "sleep 300 & echo $! >%s\n"
            "trap 'echo \"==1==ERROR: AddressSanitizer: ABRT on unknown address 0x1\" >&2\n"
            "printf \"" UP_FRAME_MARK
            "\\\\t0\\\\tspin\\\\tharness/mail/a.c:3\\\\tx\\\\t0x1\\\\n\" >&2; exit 1' ABRT\n"
            "while :; do :; done\n",
            pid_path);
        g_autoptr(up_run) run = run_script(script, 1);
        g_autofree char *pid = NULL;
        (void)state;

        assert_finding(run, UP_CLASS_HANG, "hang spin");
        assert_true(run->seconds < UP_CHILD_WAITS);
        assert_true(g_file_get_contents(pid_path, &pid, NULL, NULL));
        g_remove(pid_path);
        for (int tries = 0; tries < 50 && kill((pid_t)atoi(pid), 0) == 0; tries++)
                g_usleep(100000); /* until init has reaped it */
        assert_int_equal(kill((pid_t)atoi(pid), 0), -1);
        assert_int_equal(errno, ESRCH);
}

/* What others take of the processor is not its own: it waits, and has not used up its second. */
static void test_processor_time(void **state)
{
        g_autoptr(up_run) run = run_script("sleep 2\n" REPORT(""), 1);
        (void)state;

        assert_int_equal(run->status, UP_RUN_PASSED);
        assert_true(run->seconds >= 2);
}

/* A megabyte of noise neither blocks the child nor hides the report at its end. */
static void test_noise(void **state)
{
        g_autoptr(up_run) run = run_script(
            "head -c 1000000 /dev/zero | tr '\\0' x >&2; echo >&2\n"
            "echo '==1==ERROR: AddressSanitizer: SEGV on unknown address 0x0' >&2; exit 1\n",
            20);
        (void)state;

        assert_finding(run, UP_CLASS_CRASH, "SEGV");
        assert_true(strlen(run->output) <= 600 << 10);
}

/* LeakSanitizer does not work under a tracer: not a fault of the case, but it is reported. */
static void test_blind_to_leaks(void **state)
{
        g_autoptr(up_run) run = run_script(
            REPORT("") "echo '==1==LeakSanitizer has encountered a fatal error.' >&2; exit 1\n",
            10);
        (void)state;

        assert_int_equal(run->status, UP_RUN_PASSED);
        assert_true(run->leaks_unchecked);
}

/* The user's own settings change nothing. */
static void test_environment(void **state)
{
        g_autoptr(up_run) run = NULL;
        (void)state;

        g_setenv("G_SLICE", "all", TRUE);
        g_setenv("MALLOC_ARENA_MAX", "1", TRUE);
        g_setenv("LC_ALL", "tr_TR", TRUE);
        run = run_script("[ \"$G_SLICE$LC_ALL$TZ\" = always-mallocC.UTF-8UTC ] || exit 3\n"
                         "[ -z \"$MALLOC_ARENA_MAX\" ] || exit 4\n" REPORT(""),
            10);
        assert_int_equal(run->status, UP_RUN_PASSED);
}

static void test_missing_binary(void **state)
{
        g_autoptr(up_run) run = up_run_case(&(struct up_run_request){
            .flavour = up_flavour_find("replay"), .target = "absent", .path = "/dev/null" });
        (void)state;

        assert_int_equal(run->status, UP_RUN_UNRUNNABLE);
        assert_non_null(strstr(run->reason, "replay/fuzz/absent"));
        assert_non_null(strstr(run->reason, "make replay"));
}

/* --- forks ------------------------------------------------------------------------------------ */

static struct up_run *run_canary(struct up_runner *runner, const char *path)
{
        struct up_run_request order = { .flavour = up_flavour_find("replay"),
                .target = "canary",
                .path = path,
                .repeat = runner != NULL };

        return runner != NULL ? up_runner_run(runner, &order) : up_run_case(&order);
}

/*
 * Each canary by itself, and all of them one after the other out of one warm parent, twice in their
 * fork: where a leak is looked for only if something was left behind.
 */
static void test_forks(void **state)
{
        struct up_runner *runner = up_runner_new();
        g_autofree char *path = g_build_filename(folder, "canary.eml", NULL);

        (void)state;
        g_setenv("UNPEND_BUILD", "build", TRUE);
        for (size_t i = 0; i < G_N_ELEMENTS(up_canaries); i++) {
                if (up_canaries[i].endless)
                        continue;
                assert_true(g_file_set_contents(path, up_canaries[i].name, -1, NULL));
                g_autoptr(up_run) fresh = run_canary(NULL, path);
                g_autoptr(up_run) fork = run_canary(runner, path);
                assert_int_equal(fork->status, fresh->status);
                assert_int_equal(fork->result.findings->len, fresh->result.findings->len);
                for (guint j = 0; j < fresh->result.findings->len; j++) {
                        const struct up_finding *finding = fresh->result.findings->pdata[j];
                        const struct up_finding *same = fork->result.findings->pdata[j];
                        assert_string_equal(same->signature, finding->signature);
                        assert_int_equal(same->class, finding->class);
                }
        }
        up_runner_free(runner);
        g_remove(path);
        g_setenv("UNPEND_BUILD", folder, TRUE);
}

/* A program that cannot wait for cases, as an engine's cannot, runs them all the same. */
static void test_no_forks(void **state)
{
        struct up_runner *runner = up_runner_new();
        g_autoptr(up_run) first = run_script(REPORT(""), 10);
        g_autoptr(up_run) run = NULL;
        (void)state;

        run = up_runner_run(runner, &(struct up_run_request){ .flavour = up_flavour_find("replay"),
                                        .target = "fake",
                                        .path = "/dev/null",
                                        .limit_s = 10 });
        assert_int_equal(run->status, first->status);
        assert_int_equal(run->result.counts[UP_COUNT_PARTS], 3);
        up_runner_free(runner);
}

/* --- one case, one outcome ---------------------------------------------------------------------
 */

#define COUNTING                                                                                   \
        "for input; do n=$((n + 1)); echo "                                                        \
        "'{\"input\":\"x\",\"findings\":[],\"counts\":{\"parts\":'$n'},"                           \
        "\"unscannable\":false,\"limits\":[]}' >>\"$UNPEND_REPORT\"; done\n"

static struct up_run_request order_twice(void)
{
        return (struct up_run_request){ .flavour = up_flavour_find("replay"),
                .target = "fake",
                .path = "/dev/null",
                .limit_s = 10,
                .repeat = true };
}

static void test_another_outcome(void **state)
{
        struct up_run_request order = order_twice();
        g_autoptr(up_run) run = NULL;
        (void)state;

        write_script(COUNTING);
        run = up_run_case(&order);
        assert_finding(run, UP_CLASS_NONDETERMINISTIC, "counts, parts");
        assert_int_equal(run->result.counts[UP_COUNT_PARTS], 1);
}

static void test_same_outcome(void **state)
{
        struct up_run_request order = order_twice();
        g_autoptr(up_run) run = NULL;
        (void)state;

        write_script("for input; do " REPORT("") "done\n");
        run = up_run_case(&order);
        assert_int_equal(run->status, UP_RUN_PASSED);
        assert_non_null(run->outcome);
}

/* One that ends well without a word of the second time says nothing of it. */
static void test_no_second_outcome(void **state)
{
        struct up_run_request order = order_twice();
        g_autoptr(up_run) run = NULL;
        (void)state;

        write_script(REPORT(""));
        run = up_run_case(&order);
        assert_int_equal(run->status, UP_RUN_UNRUNNABLE);
}

static struct up_run *run_batch(
    const struct up_run_request *request, char *const *paths, char *const *outcomes)
{
        struct up_run *run = up_run_batch(request, paths);

        up_run_compare_batch(run, paths, outcomes);
        return run;
}

/* What is found is known; that it is found again counts, though the process says it found. */
static void test_together(void **state)
{
        static const char finding[] =
            "{\"class\":\"disagree\",\"signature\":\"s\",\"detail\":\"d\"}";
        char *const paths[] = { (char *)"/dev/null", (char *)"/dev/zero", NULL };
        g_autofree char *script =
            g_strdup_printf("for input; do " REPORT("%s") "done; exit 1\n", finding);
        struct up_run_request order = order_twice();
        g_autoptr(up_run) alone = NULL;
        (void)state;

        write_script(script);
        alone = up_run_case(&order);
        assert_finding(alone, UP_CLASS_DISAGREE, "s");
        char *const outcomes[] = { alone->outcome, alone->outcome, NULL };
        g_autoptr(up_run) same = run_batch(&order, paths, outcomes);
        assert_int_equal(same->status, UP_RUN_PASSED);

        write_script("for input; do " REPORT("") "done\n");
        g_autoptr(up_run) other = run_batch(&order, paths, outcomes);
        assert_int_equal(other->result.findings->len, 2);
        const struct up_finding *second = g_ptr_array_index(other->result.findings, 1);
        assert_int_equal(second->class, UP_CLASS_NONDETERMINISTIC);
        assert_non_null(strstr(second->detail, "/dev/zero"));
}

/* The process dies over the second one, or ends before it. */
static void test_not_all_together(void **state)
{
        char *const paths[] = { (char *)"/dev/null", (char *)"/dev/zero", NULL };
        struct up_run_request order = order_twice();
        g_autoptr(up_run) alone = NULL;
        (void)state;

        write_script("for input; do " REPORT("") "done\n");
        alone = up_run_case(&order);
        char *const outcomes[] = { alone->outcome, alone->outcome, NULL };
        write_script(REPORT("") "kill -SEGV $$\n");
        g_autoptr(up_run) run = run_batch(&order, paths, outcomes);
        assert_int_equal(run->result.findings->len, 2);
        const struct up_finding *crash = g_ptr_array_index(run->result.findings, 0);
        const struct up_finding *where = g_ptr_array_index(run->result.findings, 1);
        assert_int_equal(crash->class, UP_CLASS_CRASH);
        assert_int_equal(where->class, UP_CLASS_NONDETERMINISTIC);
        assert_non_null(strstr(where->detail, "/dev/zero"));
}

/* --- too large, in a fork that nothing measures from inside ---------------------------------- */

#define BLOCK_BYTES ((size_t)64 << 20)

/* One block, seen so often that it looks like more than a fork may take. */
static void grow(void)
{
        int fd = memfd_create("block", MFD_CLOEXEC);

        if (ftruncate(fd, (off_t)BLOCK_BYTES) != 0)
                _exit(2);
        for (size_t i = 0; i * BLOCK_BYTES <= (size_t)UP_CHILD_MEMORY_MB << 20; i++)
                mmap(NULL, BLOCK_BYTES, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
        pause();
}

static void run_files(const char *report, char **paths)
{
        for (; *paths != NULL; paths++) {
                FILE *file = fopen(report, "a");
                if (strcmp(*paths, "/dev/zero") == 0)
                        grow();
                fputs("{\"input\":\"x\",\"findings\":[],\"counts\":{},\"unscannable\":false,"
                      "\"limits\":[]}\n",
                    file);
                fclose(file);
        }
        _exit(0);
}

/* This very program as a target that waits for one order. /dev/zero makes it large. */
static int stand_in(void)
{
        g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(free);
        char *text = NULL;
        size_t size = 0;
        pid_t pid;

        while (getdelim(&text, &size, '\0', stdin) > 1) {
                g_ptr_array_add(texts, text);
                text = NULL;
        }
        g_ptr_array_add(texts, NULL);
        pid = fork();
        if (pid == 0)
                run_files(texts->pdata[0], (char **)texts->pdata + 1);
        setpgid(pid, pid); /* which is killed */
        printf("%d\n", pid);
        fflush(stdout);
        if (getdelim(&text, &size, '\0', stdin) > 0) {
                int wait_status;
                waitpid(pid, &wait_status, 0);
                printf("%d\n", wait_status);
        }
        free(text);
        return 0;
}

/* As the sanitizer of a fresh process would tell it. */
static void test_large_last(void **state)
{
        char *const paths[] = { (char *)"/dev/null", (char *)"/dev/zero", NULL };
        char *const reversed[] = { (char *)"/dev/zero", (char *)"/dev/null", NULL };
        struct up_run_request order = {
                .flavour = up_flavour_find("libfuzzer"), .target = "large", .limit_s = 10
        };
        g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
        g_autofree char *binary = up_flavour_binary(order.flavour, order.target);
        g_autofree char *fuzz = g_path_get_dirname(binary);
        g_autofree char *flavour = g_path_get_dirname(fuzz);
        (void)state;

        assert_int_equal(g_mkdir_with_parents(fuzz, 0700), 0);
        assert_int_equal(symlink(self, binary), 0);
        g_autoptr(up_run) last = up_run_sequence(&order, paths);
        g_autoptr(up_run) earlier = up_run_sequence(&order, reversed);
        g_remove(binary);
        g_rmdir(fuzz);
        g_rmdir(flavour);
        assert_finding(last, UP_CLASS_MEMORY, "too-much-memory");
        assert_int_equal(earlier->status, UP_RUN_UNRUNNABLE);
        assert_non_null(strstr(earlier->reason, "did not come to /dev/null, for /dev/zero"));
}

int main(int argc, char **argv)
{
        if (argc == 2 && strcmp(argv[1], UP_FORK_SERVER_OPTION) == 0)
                return stand_in();

        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_pass),
                cmocka_unit_test(test_soft_finding),
                cmocka_unit_test(test_finding_of_ledger),
                cmocka_unit_test(test_no_report),
                cmocka_unit_test(test_crash),
                cmocka_unit_test(test_signal),
                cmocka_unit_test(test_hang),
                cmocka_unit_test(test_processor_time),
                cmocka_unit_test(test_noise),
                cmocka_unit_test(test_blind_to_leaks),
                cmocka_unit_test(test_environment),
                cmocka_unit_test(test_missing_binary),
                cmocka_unit_test(test_forks),
                cmocka_unit_test(test_no_forks),
                cmocka_unit_test(test_another_outcome),
                cmocka_unit_test(test_same_outcome),
                cmocka_unit_test(test_no_second_outcome),
                cmocka_unit_test(test_together),
                cmocka_unit_test(test_not_all_together),
                cmocka_unit_test(test_large_last),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
