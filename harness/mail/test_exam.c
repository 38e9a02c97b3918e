/*
 * What is noted is noted once, in words that are the same for the same fault; the log is heard
 * while it is listened to and no longer; a limit that is hit is named.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "mail/exam.h"

#define NOW_S 1800000000

static void begin(struct up_exam *exam)
{
        struct up_limits limits;

        up_limits_init(&limits);
        up_exam_init(exam, &limits, NOW_S);
}

static const struct up_remark *remark_at(const struct up_exam *exam, guint index)
{
        assert_true(index < exam->remarks->len);
        return g_ptr_array_index(exam->remarks, index);
}

static void exam_begins_empty(void **state)
{
        struct up_limits limits;
        struct up_exam exam;

        (void)state;
        up_limits_init(&limits);
        limits.depth = 3;
        memset(&exam, 0xff, sizeof exam);
        up_exam_init(&exam, &limits, NOW_S);
        limits.depth = 4;
        assert_int_equal(exam.limits.depth, 3);
        assert_int_equal(exam.now_s, NOW_S);
        for (int i = 0; i < UP_COUNTS; i++)
                assert_int_equal(exam.counts[i], 0);
        assert_int_equal(exam.decoded_bytes, 0);
        assert_false(exam.unscannable);
        assert_int_equal(exam.remarks->len, 0);
        up_exam_clear(&exam);
}

static void each_count_has_a_name_of_its_own(void **state)
{
        struct up_exam exam;

        (void)state;
        begin(&exam);
        for (int i = 0; i < UP_COUNTS; i++) {
                up_exam_count(&exam, (enum up_count)i);
                assert_int_equal(exam.counts[i], 1);
                assert_non_null(up_count_names[i]);
                for (int j = 0; j < i; j++)
                        assert_string_not_equal(up_count_names[i], up_count_names[j]);
        }
        up_exam_clear(&exam);
}

/* --- remarks ---------------------------------------------------------------------------------- */

static void remarks_merge_by_kind_and_site(void **state)
{
        char site[] = "here";
        struct up_exam exam;

        (void)state;
        begin(&exam);
        up_exam_remark(&exam, UP_REMARK_DISAGREE, site, "first %d", 1);
        up_exam_remark(&exam, UP_REMARK_DISAGREE, "here", "second %d", 2);
        up_exam_remark(&exam, UP_REMARK_NO_REASON, "here", "another kind");
        up_exam_remark(&exam, UP_REMARK_DISAGREE, "there", "another site");
        up_exam_remark(&exam, UP_REMARK_DISAGREE, "here", "third");
        site[0] = 'X';

        assert_int_equal(exam.remarks->len, 3);
        assert_int_equal(remark_at(&exam, 0)->kind, UP_REMARK_DISAGREE);
        assert_string_equal(remark_at(&exam, 0)->site, "here");
        assert_string_equal(remark_at(&exam, 0)->detail, "first 1");
        assert_int_equal(remark_at(&exam, 0)->times, 3);
        assert_int_equal(remark_at(&exam, 1)->kind, UP_REMARK_NO_REASON);
        assert_int_equal(remark_at(&exam, 1)->times, 1);
        assert_string_equal(remark_at(&exam, 2)->site, "there");
        assert_false(exam.unscannable);
        up_exam_clear(&exam);
}

static bool is_printable(const char *text)
{
        for (; *text != '\0'; text++)
                if (!g_ascii_isprint(*text))
                        return false;
        return true;
}

static void detail_is_short_and_printable(void **state)
{
        g_autofree char *longest = g_strnfill(10000, '\n');
        struct up_exam exam;

        (void)state;
        begin(&exam);
        up_exam_remark(&exam, UP_REMARK_DISAGREE, "a", "%s", "two\nlines \"\xc3\xbc\xff\x01\"");
        up_exam_remark(&exam, UP_REMARK_DISAGREE, "b", "%s", longest);
        assert_true(is_printable(remark_at(&exam, 0)->detail));
        assert_non_null(strstr(remark_at(&exam, 0)->detail, "two\\nlines \"\\303\\274"));
        assert_true(is_printable(remark_at(&exam, 1)->detail));
        assert_int_equal(strlen(remark_at(&exam, 1)->detail), 2 * 400);
        up_exam_clear(&exam);
}

/* --- limits ----------------------------------------------------------------------------------- */

static void each_limit_is_remarked_by_its_name(void **state)
{
        (void)state;
        for (size_t i = 0; i < UP_LIMIT_ROWS; i++) {
                const struct up_limit_row *row = &up_limit_rows[i];
                struct up_exam exam;

                begin(&exam);
                uint64_t *field = up_limit_field(&exam.limits, row);
                assert_int_equal(*field, row->standard);
                *field = 7;
                assert_true(up_exam_within(&exam, field, 0));
                assert_true(up_exam_within(&exam, field, 7));
                assert_false(exam.unscannable);
                assert_int_equal(exam.remarks->len, 0);

                assert_false(up_exam_within(&exam, field, 8));
                assert_false(up_exam_within(&exam, field, UINT64_MAX));
                assert_true(exam.unscannable);
                assert_int_equal(exam.remarks->len, 1);
                assert_int_equal(remark_at(&exam, 0)->kind, UP_REMARK_LIMIT);
                assert_string_equal(remark_at(&exam, 0)->site, row->name);
                assert_int_equal(remark_at(&exam, 0)->times, 2);
                g_autofree char *expected = g_strdup_printf("8 %s, the limit is 7", row->what);
                assert_string_equal(remark_at(&exam, 0)->detail, expected);
                up_exam_clear(&exam);
        }
}

/* The table is the only list of the limits: a field without a row would go unnamed. */
static void each_limit_has_a_row(void **state)
{
        (void)state;
        assert_int_equal(sizeof(struct up_limits), UP_LIMIT_ROWS * sizeof(uint64_t));
        for (size_t i = 0; i < UP_LIMIT_ROWS; i++) {
                const struct up_limit_row *row = &up_limit_rows[i];

                assert_true(row->standard > 0);
                assert_true(row->standard <= row->most);
                for (size_t j = 0; j < i; j++) {
                        assert_int_not_equal(row->offset, up_limit_rows[j].offset);
                        assert_string_not_equal(row->name, up_limit_rows[j].name);
                }
        }
}

static void decoded_bytes_are_spent(void **state)
{
        struct up_exam exam;

        (void)state;
        begin(&exam);
        exam.limits.decoded_bytes = 10;
        assert_true(up_exam_spend(&exam, 0));
        assert_true(up_exam_spend(&exam, 4));
        assert_true(up_exam_spend(&exam, 6));
        assert_false(exam.unscannable);
        assert_false(up_exam_spend(&exam, 1));
        assert_true(exam.unscannable);
        assert_string_equal(remark_at(&exam, 0)->site, "max-decoded");
        /* What is overspent stays so. */
        assert_false(up_exam_spend(&exam, 0));
        up_exam_clear(&exam);
}

/* --- the log ---------------------------------------------------------------------------------- */

/* What is logged by one message. */
static char *site_of(const char *message)
{
        struct up_exam exam;

        begin(&exam);
        up_exam_listen(&exam);
        g_log("domain", G_LOG_LEVEL_CRITICAL, "%s", message);
        up_exam_unlisten(&exam);
        assert_int_equal(exam.remarks->len, 1);
        char *site = g_strdup(remark_at(&exam, 0)->site);
        up_exam_clear(&exam);
        return site;
}

static void numbers_and_addresses_are_folded(void **state)
{
        static const struct {
                const char *message, *site;
        } rows[] = {
                { "assertion 'GMIME_IS_PART (part)' failed",
                    "domain: assertion 'GMIME_IS_PART (part)' failed" },
                { "12", "domain: #" },
                { "instance '0x60200000aBcD' has no handler 7",
                    "domain: instance '#' has no handler #" },
                { "at offset 4096 (0x1000), 1.5 of -3", "domain: at offset # (#), #.# of -#" },
                /* A digit in a name is part of the name. */
                { "utf8 and base64 in g_utf8_validate",
                    "domain: utf8 and base64 in g_utf8_validate" },
                { "two\nlines, \xff", "domain: two\\nlines, \\377" },
                { "", "domain: " },
        };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                g_autofree char *site = site_of(rows[i].message);
                assert_string_equal(site, rows[i].site);
        }
}

static void warnings_are_heard_while_listened_to(void **state)
{
        struct up_exam exam;

        (void)state;
        begin(&exam);
        up_exam_listen(&exam);
        g_critical("critical %d", 1);
        g_critical("critical %d", 2);
        g_warning("warning");
        g_log_structured("other", G_LOG_LEVEL_WARNING, "MESSAGE", "structured %d", 3);
        g_log(NULL, G_LOG_LEVEL_WARNING, "no domain");
        g_return_if_fail_warning("GLib", "function", "expression");
        /* These are no faults. */
        g_message("message");
        g_info("info");
        g_debug("debug");
        up_exam_unlisten(&exam);

        static const struct {
                const char *site, *detail;
                unsigned times;
        } heard[] = {
                { "(no domain): critical #", "CRITICAL: critical 1", 2 },
                { "(no domain): warning", "WARNING: warning", 1 },
                { "other: structured #", "WARNING: structured 3", 1 },
                { "(no domain): no domain", "WARNING: no domain", 1 },
                { "GLib: function: assertion 'expression' failed",
                    "CRITICAL: function: assertion 'expression' failed", 1 },
        };
        assert_int_equal(exam.remarks->len, G_N_ELEMENTS(heard));
        for (guint i = 0; i < G_N_ELEMENTS(heard); i++) {
                assert_int_equal(remark_at(&exam, i)->kind, UP_REMARK_LOG);
                assert_string_equal(remark_at(&exam, i)->site, heard[i].site);
                assert_string_equal(remark_at(&exam, i)->detail, heard[i].detail);
                assert_int_equal(remark_at(&exam, i)->times, heard[i].times);
        }
        up_exam_clear(&exam);
}

/* Two exams, one after the other, and a message to neither of them. */
static void each_exam_hears_its_own(void **state)
{
        struct up_exam first, second;
        FILE *log = tmpfile();
        int screen = dup(STDERR_FILENO);
        char text[200] = "";

        (void)state;
        assert_non_null(log);
        begin(&first);
        begin(&second);
        up_exam_listen(&first);
        g_warning("for the first");
        up_exam_unlisten(&first);
        fflush(stderr);
        dup2(fileno(log), STDERR_FILENO);
        g_warning("for nobody");
        fflush(stderr);
        dup2(screen, STDERR_FILENO);
        close(screen);
        up_exam_listen(&second);
        g_warning("for the second");
        up_exam_unlisten(&second);

        assert_int_equal(first.remarks->len, 1);
        assert_string_equal(remark_at(&first, 0)->detail, "WARNING: for the first");
        assert_int_equal(second.remarks->len, 1);
        assert_string_equal(remark_at(&second, 0)->detail, "WARNING: for the second");
        rewind(log);
        assert_true(fread(text, 1, sizeof text - 1, log) > 0);
        assert_non_null(strstr(text, "for nobody"));
        fclose(log);
        up_exam_clear(&first);
        up_exam_clear(&second);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(exam_begins_empty),
                cmocka_unit_test(each_count_has_a_name_of_its_own),
                cmocka_unit_test(remarks_merge_by_kind_and_site),
                cmocka_unit_test(detail_is_short_and_printable),
                cmocka_unit_test(each_limit_is_remarked_by_its_name),
                cmocka_unit_test(each_limit_has_a_row),
                cmocka_unit_test(decoded_bytes_are_spent),
                cmocka_unit_test(numbers_and_addresses_are_folded),
                cmocka_unit_test(warnings_are_heard_while_listened_to),
                cmocka_unit_test(each_exam_hears_its_own),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
