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

#include "mail/observations.h"

#define NOW_S 1800000000

static void begin(struct up_observations *observed)
{
        struct up_limits limits;

        up_limits_init(&limits);
        up_observations_init(observed, &limits, NOW_S);
}

static const struct up_remark *remark_at(const struct up_observations *observed, guint index)
{
        assert_true(index < observed->remarks->len);
        return g_ptr_array_index(observed->remarks, index);
}

static void observations_begin_empty(void **state)
{
        struct up_limits limits;
        struct up_observations observed;

        (void)state;
        up_limits_init(&limits);
        limits.depth = 3;
        memset(&observed, 0xff, sizeof observed);
        up_observations_init(&observed, &limits, NOW_S);
        limits.depth = 4;
        assert_int_equal(observed.limits.depth, 3);
        assert_int_equal(observed.now_s, NOW_S);
        for (int i = 0; i < UP_COUNTS; i++)
                assert_int_equal(observed.counts[i], 0);
        assert_int_equal(observed.decoded_bytes, 0);
        assert_false(observed.unscannable);
        assert_int_equal(observed.remarks->len, 0);
        up_observations_clear(&observed);
}

static void each_count_has_a_name_of_its_own(void **state)
{
        struct up_observations observed;

        (void)state;
        begin(&observed);
        for (int i = 0; i < UP_COUNTS; i++) {
                up_observations_count(&observed, (enum up_count)i);
                assert_int_equal(observed.counts[i], 1);
                assert_non_null(up_count_names[i]);
                for (int j = 0; j < i; j++)
                        assert_string_not_equal(up_count_names[i], up_count_names[j]);
        }
        up_observations_clear(&observed);
}

/* --- remarks ---------------------------------------------------------------------------------- */

static void remarks_merge_by_kind_and_site(void **state)
{
        char site[] = "here";
        struct up_observations observed;

        (void)state;
        begin(&observed);
        up_observations_remark(&observed, UP_REMARK_DISAGREE, site, "first %d", 1);
        up_observations_remark(&observed, UP_REMARK_DISAGREE, "here", "second %d", 2);
        up_observations_remark(&observed, UP_REMARK_NO_REASON, "here", "another kind");
        up_observations_remark(&observed, UP_REMARK_DISAGREE, "there", "another site");
        up_observations_remark(&observed, UP_REMARK_DISAGREE, "here", "third");
        site[0] = 'X';

        assert_int_equal(observed.remarks->len, 3);
        assert_int_equal(remark_at(&observed, 0)->kind, UP_REMARK_DISAGREE);
        assert_string_equal(remark_at(&observed, 0)->site, "here");
        assert_string_equal(remark_at(&observed, 0)->detail, "first 1");
        assert_int_equal(remark_at(&observed, 0)->times, 3);
        assert_int_equal(remark_at(&observed, 1)->kind, UP_REMARK_NO_REASON);
        assert_int_equal(remark_at(&observed, 1)->times, 1);
        assert_string_equal(remark_at(&observed, 2)->site, "there");
        assert_false(observed.unscannable);
        up_observations_clear(&observed);
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
        struct up_observations observed;

        (void)state;
        begin(&observed);
        up_observations_remark(
            &observed, UP_REMARK_DISAGREE, "a", "%s", "two\nlines \"\xc3\xbc\xff\x01\"");
        up_observations_remark(&observed, UP_REMARK_DISAGREE, "b", "%s", longest);
        assert_true(is_printable(remark_at(&observed, 0)->detail));
        assert_non_null(strstr(remark_at(&observed, 0)->detail, "two\\nlines \"\\303\\274"));
        assert_true(is_printable(remark_at(&observed, 1)->detail));
        assert_int_equal(strlen(remark_at(&observed, 1)->detail), 2 * 400);
        up_observations_clear(&observed);
}

/* --- limits ----------------------------------------------------------------------------------- */

static void each_limit_is_remarked_by_its_name(void **state)
{
        (void)state;
        for (size_t i = 0; i < UP_LIMIT_ROWS; i++) {
                const struct up_limit_row *row = &up_limit_rows[i];
                struct up_observations observed;

                begin(&observed);
                uint64_t *field = up_limit_field(&observed.limits, row);
                assert_int_equal(*field, row->standard);
                *field = 7;
                assert_true(up_observations_within(&observed, field, 0));
                assert_true(up_observations_within(&observed, field, 7));
                assert_false(observed.unscannable);
                assert_int_equal(observed.remarks->len, 0);

                assert_false(up_observations_within(&observed, field, 8));
                assert_false(up_observations_within(&observed, field, UINT64_MAX));
                assert_true(observed.unscannable);
                assert_int_equal(observed.remarks->len, 1);
                assert_int_equal(remark_at(&observed, 0)->kind, UP_REMARK_LIMIT);
                assert_string_equal(remark_at(&observed, 0)->site, row->name);
                assert_int_equal(remark_at(&observed, 0)->times, 2);
                g_autofree char *expected = g_strdup_printf("8 %s, the limit is 7", row->what);
                assert_string_equal(remark_at(&observed, 0)->detail, expected);
                up_observations_clear(&observed);
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
        struct up_observations observed;

        (void)state;
        begin(&observed);
        observed.limits.decoded_bytes = 10;
        assert_true(up_observations_spend(&observed, 0));
        assert_true(up_observations_spend(&observed, 4));
        assert_true(up_observations_spend(&observed, 6));
        assert_false(observed.unscannable);
        assert_false(up_observations_spend(&observed, 1));
        assert_true(observed.unscannable);
        assert_string_equal(remark_at(&observed, 0)->site, "max-decoded");
        /* What is overspent stays so. */
        assert_false(up_observations_spend(&observed, 0));
        up_observations_clear(&observed);
}

/* --- the log ---------------------------------------------------------------------------------- */

/* What is logged by one message. */
static char *site_of(const char *message)
{
        struct up_observations observed;

        begin(&observed);
        up_observations_listen(&observed);
        g_log("domain", G_LOG_LEVEL_CRITICAL, "%s", message);
        up_observations_unlisten(&observed);
        assert_int_equal(observed.remarks->len, 1);
        char *site = g_strdup(remark_at(&observed, 0)->site);
        up_observations_clear(&observed);
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
        struct up_observations observed;

        (void)state;
        begin(&observed);
        up_observations_listen(&observed);
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
        up_observations_unlisten(&observed);

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
        assert_int_equal(observed.remarks->len, G_N_ELEMENTS(heard));
        for (guint i = 0; i < G_N_ELEMENTS(heard); i++) {
                assert_int_equal(remark_at(&observed, i)->kind, UP_REMARK_LOG);
                assert_string_equal(remark_at(&observed, i)->site, heard[i].site);
                assert_string_equal(remark_at(&observed, i)->detail, heard[i].detail);
                assert_int_equal(remark_at(&observed, i)->times, heard[i].times);
        }
        up_observations_clear(&observed);
}

/* Two listeners, one after the other, and a message between them. */
static void each_listener_gets_its_own_messages(void **state)
{
        struct up_observations first, second;
        FILE *log = tmpfile();
        int screen = dup(STDERR_FILENO);
        char text[200] = "";

        (void)state;
        assert_non_null(log);
        begin(&first);
        begin(&second);
        up_observations_listen(&first);
        g_warning("for the first");
        up_observations_unlisten(&first);
        fflush(stderr);
        dup2(fileno(log), STDERR_FILENO);
        g_warning("to no listener");
        fflush(stderr);
        dup2(screen, STDERR_FILENO);
        close(screen);
        up_observations_listen(&second);
        g_warning("for the second");
        up_observations_unlisten(&second);

        assert_int_equal(first.remarks->len, 1);
        assert_string_equal(remark_at(&first, 0)->detail, "WARNING: for the first");
        assert_int_equal(second.remarks->len, 1);
        assert_string_equal(remark_at(&second, 0)->detail, "WARNING: for the second");
        rewind(log);
        assert_true(fread(text, 1, sizeof text - 1, log) > 0);
        assert_non_null(strstr(text, "to no listener"));
        fclose(log);
        up_observations_clear(&first);
        up_observations_clear(&second);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(observations_begin_empty),
                cmocka_unit_test(each_count_has_a_name_of_its_own),
                cmocka_unit_test(remarks_merge_by_kind_and_site),
                cmocka_unit_test(detail_is_short_and_printable),
                cmocka_unit_test(each_limit_is_remarked_by_its_name),
                cmocka_unit_test(each_limit_has_a_row),
                cmocka_unit_test(decoded_bytes_are_spent),
                cmocka_unit_test(numbers_and_addresses_are_folded),
                cmocka_unit_test(warnings_are_heard_while_listened_to),
                cmocka_unit_test(each_listener_gets_its_own_messages),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
