/* The line of progress fits the terminal, and is erased. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmocka.h>

#include "tools/cli/status_line.h"

/* What is written for the text when standard error is a terminal of 20 columns. */
static char *output_on_terminal(const char *text)
{
        static const char end[] = "\r\033[K";
        char *output = g_malloc0(1000);
        int terminal = posix_openpt(O_RDWR | O_NOCTTY);
        assert_int_equal(grantpt(terminal) | unlockpt(terminal), 0);
        int other_end = open(ptsname(terminal), O_RDWR | O_NOCTTY);
        int kept = dup(STDERR_FILENO);
        struct up_status_line line;

        assert_int_equal(ioctl(other_end, TIOCSWINSZ, &(struct winsize){ .ws_col = 20 }), 0);
        dup2(other_end, STDERR_FILENO);
        up_status_line_init(&line);
        up_status_line_show(&line, text);
        up_status_line_clear(&line);
        dup2(kept, STDERR_FILENO);
        while (!g_str_has_suffix(output, end)) {
                size_t bytes = strlen(output);
                assert_true(read(terminal, output + bytes, 999 - bytes) > 0);
        }
        output[strlen(output) - strlen(end)] = '\0';
        close(kept);
        close(other_end);
        close(terminal);
        return output;
}

static void test_line_fits_terminal(void **state)
{
        (void)state;
        static const struct {
                const char *text, *output;
        } rows[] = {
                { "short", "\rshort\033[K" },
                { "0123456789012345678", "\r0123456789012345678\033[K" },
                { "01234567890123456789", "\r0123456789012345678\033[K" },
                { "ääääääääääääääääääää", "\räääääääääääääääääää\033[K" },
                { "漢漢漢漢漢漢漢漢漢漢漢漢", "\r漢漢漢漢漢漢漢漢漢\033[K" },
        };

        g_unsetenv("COLUMNS");
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                g_autofree char *output = output_on_terminal(rows[i].text);
                assert_string_equal(output, rows[i].output);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_line_fits_terminal),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
