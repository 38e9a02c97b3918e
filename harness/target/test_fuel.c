/*
 * Fuel, in forks because it ends the process: edges are called by hand, from real frames. And
 * growth, with work that is computed.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "target/fuel.h"
#include "target/growth.h"
#include "oracle/finding.h"

#define MANY 1000000

static const struct up_fuel_budget tight = { 1000, 10 };
static const struct up_fuel_budget wide = { 100 * (uint64_t)MANY, 0 };
static const struct up_fuel_budget unbounded = { 0, 0 };

/* As a compiler would call it: from the function's own frame. */
#define EDGE() up_fuel_edge(__builtin_frame_address(0))

static void burn(unsigned edges)
{
        for (unsigned i = 0; i < edges; i++)
                EDGE();
}

/* What it printed before SIGABRT; "" if it was not aborted. The caller owns the result. */
static char *abort_message(void (*body)(void))
{
        g_autoptr(GString) words = g_string_new(NULL);
        char buffer[4096];
        int ends[2], wait_status = 0;
        ssize_t got;
        pid_t pid;

        assert_int_equal(pipe(ends), 0);
        pid = fork();
        if (pid == 0) {
                signal(SIGABRT, SIG_DFL);
                prctl(PR_SET_DUMPABLE, 0);
                dup2(ends[1], STDERR_FILENO);
                close(ends[0]);
                body();
                _exit(0);
        }
        close(ends[1]);
        while ((got = read(ends[0], buffer, sizeof buffer)) > 0)
                g_string_append_len(words, buffer, got);
        close(ends[0]);
        waitpid(pid, &wait_status, 0);
        assert_int_equal(WIFSIGNALED(wait_status), words->len > 0);
        return g_strdup(words->str);
}

/* --- budgets ---------------------------------------------------------------------------------- */

static void enough(void)
{
        up_fuel_begin("case", &tight, 100);
        burn(1900);
        if (up_fuel_end() != 1900)
                fprintf(stderr, "miscounted\n");
}

static void next_case(void)
{
        enough();
        burn(5000); /* between cases */
        enough();
}

static void late(void)
{
        up_fuel_begin("case", &tight, 100);
        burn(2100);
        up_fuel_end();
}

static void endless(void)
{
        up_fuel_begin("case", &tight, 100);
        burn(20 * MANY);
}

static void call_is_late(void)
{
        up_fuel_begin("case", &wide, 0);
        up_fuel_push("run", &tight, 0);
        burn(1100);
        up_fuel_pop();
}

/* What a call within a call spends is not spent from the budget around it. */
static void call_of_call(void)
{
        up_fuel_begin("case", &wide, 0);
        up_fuel_push("run", &tight, 0);
        for (int i = 0; i < 9; i++) {
                burn(100);
                up_fuel_push("the world", &unbounded, 0);
                burn(5000);
                up_fuel_pop();
        }
        up_fuel_pop();
        up_fuel_end();
}

static void call_around_is_late(void)
{
        up_fuel_begin("case", &wide, 0);
        up_fuel_push("run", &tight, 0);
        burn(900);
        up_fuel_push("the world", &unbounded, 0);
        burn(5000);
        up_fuel_pop();
        burn(200);
        up_fuel_pop();
}

/* Each call returns; the loop around them does not. */
static void loop_around_calls(void)
{
        up_fuel_begin("case", &tight, 100);
        for (;;) {
                up_fuel_push("run", &wide, 0);
                burn(1500);
                up_fuel_pop();
                EDGE();
        }
}

static void test_budgets(void **state)
{
        static const struct {
                void (*body)(void);
                const char *words;
        } samples[] = {
                { enough, "" },
                { next_case, "" },
                { call_of_call, "" },
                { late, "unpend: out of fuel: case came back late, after 2100 edges\n" },
                { call_is_late,
                    "unpend: out of fuel: case: run came back late, after 1100 edges\n" },
                { call_around_is_late,
                    "unpend: out of fuel: case: run came back late, after 6100 edges\n" },
                { endless, "unpend: out of fuel: case does not come back, after " },
                { loop_around_calls, "unpend: out of fuel: case does not come back, after " },
        };
        (void)state;

        for (size_t i = 0; i < G_N_ELEMENTS(samples); i++) {
                g_autofree char *words = abort_message(samples[i].body);
                if (samples[i].words[0] != '\0' && !g_str_has_suffix(samples[i].words, "\n"))
                        assert_ptr_equal(strstr(words, samples[i].words), words);
                else
                        assert_string_equal(words, samples[i].words);
        }
}

/* --- the function that is named --------------------------------------------------------------- */

static const char *volatile inside = "none";

static G_NO_INLINE void leaf(unsigned edges)
{
        const char *volatile before = inside;

        inside = "leaf";
        burn(edges);
        inside = before;
}

static void print_inside(int signal)
{
        (void)signal;
        fprintf(stderr, "in %s\n", inside);
        _exit(0);
}

/* Nearly all edges are the leaf's; the loop is here, and here it must be stopped. */
static G_NO_INLINE void loop_over_leaves(void)
{
        signal(SIGABRT, print_inside);
        inside = "loop";
        up_fuel_begin("case", &tight, 100);
        for (;;) {
                leaf(1000);
                EDGE();
        }
}

/* The observation ends before the loop begins, which is further down the stack. */
static G_NO_INLINE void loop_after_work(void)
{
        signal(SIGABRT, print_inside);
        inside = "work";
        up_fuel_begin("case", &tight, 100);
        for (int i = 0; i < 4 * MANY; i++)
                EDGE();
        loop_over_leaves();
}

static void test_loop_is_named(void **state)
{
        static void (*const bodies[])(void) = { loop_over_leaves, loop_after_work };
        (void)state;

        for (size_t i = 0; i < G_N_ELEMENTS(bodies); i++) {
                int ends[2], wait_status;
                char buffer[4096] = "";
                pid_t pid;

                assert_int_equal(pipe(ends), 0);
                pid = fork();
                if (pid == 0) {
                        dup2(ends[1], STDERR_FILENO);
                        bodies[i]();
                        _exit(1);
                }
                close(ends[1]);
                waitpid(pid, &wait_status, 0);
                assert_true(read(ends[0], buffer, sizeof buffer - 1) > 0);
                close(ends[0]);
                assert_non_null(strstr(buffer, "does not come back"));
                assert_non_null(strstr(buffer, "in loop\n"));
        }
}

/* --- growth ----------------------------------------------------------------------------------- */

static unsigned power; /* work is the size to that power */
static unsigned times; /* that work was measured */

static uint64_t spend(const struct up_case *c)
{
        uint64_t work = 1;

        times++;
        for (unsigned i = 0; i < power; i++)
                work *= g_bytes_get_size(c->message);
        return 1000 * work;
}

static unsigned judge(size_t bytes, uint64_t spent, char **ret_detail)
{
        g_autoptr(GPtrArray) findings =
            g_ptr_array_new_with_free_func((GDestroyNotify)up_finding_free);
        g_autofree char *data = g_strnfill(bytes, 'x');
        g_autoptr(up_case) c = up_case_read((const uint8_t *)data, bytes, NULL);

        times = 0;
        up_growth_judge(c, spent, spend, "mime", findings);
        if (findings->len > 0) {
                const struct up_finding *finding = g_ptr_array_index(findings, 0);
                assert_int_equal(finding->class, UP_CLASS_SUPERLINEAR);
                assert_string_equal(finding->signature, "mime: faster than the message");
                *ret_detail = g_strdup(finding->detail);
        }
        return findings->len;
}

static void test_growth(void **state)
{
        g_autofree char *detail = NULL;
        (void)state;

        power = 1;
        assert_int_equal(judge(8000, 8000000, &detail), 0);
        power = 2;
        assert_int_equal(judge(8000, UINT64_C(64000000000), &detail), 1);
        assert_non_null(strstr(detail, "a factor of 4.0, then of 4.0"));
        /* The first run of a process took more than it would again. */
        power = 1;
        assert_int_equal(judge(8000, UINT64_C(64000000000), &detail), 0);
        /* Too small to judge. */
        power = 2;
        assert_int_equal(judge(4000, UINT64_C(16000000000), &detail), 0);
        assert_int_equal(judge(8000, 1000, &detail), 0);
        assert_int_equal(times, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_budgets),
                cmocka_unit_test(test_loop_is_named),
                cmocka_unit_test(test_growth),
        };

        return cmocka_run_group_tests_name("fuel", tests, NULL, NULL);
}
