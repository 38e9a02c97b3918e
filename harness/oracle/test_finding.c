/*
 * Every class has its row, every remark that breaks a promise becomes a finding of its class and
 * no other does, and a finding's name stays what it is, because files are called by it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "oracle/finding.h"

static void each_class_is_found_by_its_name(void **state)
{
        (void)state;
        for (int i = 0; i < UP_CLASS_COUNT; i++) {
                enum up_class found = UP_CLASS_COUNT;
                const char *name = up_class_rows[i].name;

                assert_non_null(name);
                assert_true(up_class_by_name(name, &found));
                assert_int_equal(found, i);
                /* Names are words of file names, meanings are parts of a sentence. */
                assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz-"), strlen(name));
                assert_non_null(up_class_rows[i].what);
                assert_null(strchr(up_class_rows[i].what, '\n'));
                assert_false(g_str_has_suffix(up_class_rows[i].what, "."));
        }
        assert_int_equal(UP_CLASS_HARNESS, UP_CLASS_COUNT - 1);
}

static void each_evidence_is_found_by_its_name(void **state)
{
        enum up_evidence found = UP_EVIDENCE_CYCLE;

        (void)state;
        assert_string_equal(up_evidence_rows[UP_EVIDENCE_NONE].name, "");
        assert_false(up_evidence_by_name("", &found));
        assert_false(up_evidence_by_name("no-Progress", &found));
        assert_int_equal(found, UP_EVIDENCE_CYCLE);
        for (int i = 1; i < UP_EVIDENCE_COUNT; i++) {
                const char *name = up_evidence_rows[i].name;

                assert_true(up_evidence_by_name(name, &found));
                assert_int_equal(found, i);
                assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz-"), strlen(name));
                assert_false(g_str_has_suffix(up_evidence_rows[i].what, "."));
        }
        /* The last is the weakest. */
        assert_int_equal(UP_EVIDENCE_PAST_BOUND, UP_EVIDENCE_COUNT - 1);
}

static void other_names_are_no_class(void **state)
{
        static const char *const names[] = { "", "Pending", "pending ", "pend", "no-such-class" };
        enum up_class found = UP_CLASS_LEAK;

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
                assert_false(up_class_by_name(names[i], &found));
        assert_int_equal(found, UP_CLASS_LEAK);
}

static void finding_owns_its_texts(void **state)
{
        char signature[] = "mechanism", detail[] = "for a person";
        struct up_finding *finding = up_finding_new(UP_CLASS_HANG, signature, detail);

        (void)state;
        signature[0] = detail[0] = 'X';
        assert_int_equal(finding->class, UP_CLASS_HANG);
        assert_string_equal(finding->signature, "mechanism");
        assert_string_equal(finding->detail, "for a person");
        assert_int_equal(finding->evidence, UP_EVIDENCE_NONE);
        assert_int_equal(finding->message, 0);
        assert_int_equal(finding->recipient, G_MAXUINT);
        assert_int_equal(finding->shown_at, G_MAXUINT);
        assert_int_equal(finding->critical_at, G_MAXUINT);
        up_finding_free(finding);
        up_finding_free(NULL);
}

static char *slug(enum up_class class, const char *signature, const char *detail)
{
        struct up_finding *finding = up_finding_new(class, signature, detail);
        char *name = up_finding_slug(finding);

        up_finding_free(finding);
        return name;
}

/* Written out: a change would rename every finding that a campaign has kept. */
static void slug_is_what_it_was(void **state)
{
        g_autofree char *known = slug(UP_CLASS_DISAGREE, "base64: GMime and OpenSSL", "3 bytes");
        g_autofree char *detail = slug(UP_CLASS_DISAGREE, "base64: GMime and OpenSSL", "4 bytes");
        g_autofree char *other = slug(UP_CLASS_DISAGREE, "base64: GMime and GLib", "3 bytes");
        g_autofree char *class = slug(UP_CLASS_CRASH, "base64: GMime and OpenSSL", "3 bytes");
        g_autofree char *empty = slug(UP_CLASS_DELIVERED_UNSCANNED, "", "");

        (void)state;
        assert_string_equal(known, "disagree-6697ea5e");
        assert_string_equal(detail, known);
        assert_string_not_equal(other, known);
        assert_string_equal(class + strlen("crash"), known + strlen("disagree"));
        assert_true(g_str_has_prefix(class, "crash-"));
        assert_string_equal(empty, "delivered-unscanned-e3b0c442");
}

static void each_remark_is_judged_by_its_kind(void **state)
{
        static const struct {
                enum up_remark_kind kind;
                bool fault;
                enum up_class class;
        } rows[UP_REMARK_KINDS] = {
                { UP_REMARK_LIMIT, false, 0 },
                { UP_REMARK_LOG, true, UP_CLASS_LIBRARY_CRITICAL },
                { UP_REMARK_NO_REASON, true, UP_CLASS_ERROR_WITHOUT_REASON },
                { UP_REMARK_DISAGREE, true, UP_CLASS_DISAGREE },
                { UP_REMARK_ACCEPTED, true, UP_CLASS_ACCEPTED_AGAINST_STANDARD },
                { UP_REMARK_REWRITTEN, false, 0 },
        };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                g_autoptr(GPtrArray) findings =
                    g_ptr_array_new_with_free_func((GDestroyNotify)up_finding_free);
                struct up_limits limits;
                struct up_observations observed;

                assert_int_equal(rows[i].kind, i);
                up_limits_init(&limits);
                up_observations_init(&observed, &limits, 0);
                up_oracle_mail(&observed, findings);
                assert_int_equal(findings->len, 0);
                up_observations_remark(&observed, rows[i].kind, "site", "first");
                up_observations_remark(&observed, rows[i].kind, "site", "again");
                up_oracle_mail(&observed, findings);
                up_observations_clear(&observed);

                assert_int_equal(findings->len, rows[i].fault);
                if (rows[i].fault) {
                        const struct up_finding *finding = g_ptr_array_index(findings, 0);
                        assert_int_equal(finding->class, rows[i].class);
                        assert_string_equal(finding->signature, "site");
                        assert_string_equal(finding->detail, "first");
                }
        }
}

static void findings_are_appended_in_order(void **state)
{
        g_autoptr(GPtrArray) findings =
            g_ptr_array_new_with_free_func((GDestroyNotify)up_finding_free);
        struct up_limits limits;
        struct up_observations observed;

        (void)state;
        g_ptr_array_add(findings, up_finding_new(UP_CLASS_LEAK, "from elsewhere", ""));
        up_limits_init(&limits);
        up_observations_init(&observed, &limits, 0);
        up_observations_remark(&observed, UP_REMARK_DISAGREE, "one", "1");
        up_observations_remark(&observed, UP_REMARK_LIMIT, "max-depth", "no fault");
        up_observations_remark(&observed, UP_REMARK_LOG, "two", "2");
        up_oracle_mail(&observed, findings);
        up_observations_clear(&observed);

        static const char *const signatures[] = { "from elsewhere", "one", "two" };
        assert_int_equal(findings->len, G_N_ELEMENTS(signatures));
        for (guint i = 0; i < findings->len; i++) {
                const struct up_finding *finding = g_ptr_array_index(findings, i);
                assert_string_equal(finding->signature, signatures[i]);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(each_class_is_found_by_its_name),
                cmocka_unit_test(each_evidence_is_found_by_its_name),
                cmocka_unit_test(other_names_are_no_class),
                cmocka_unit_test(finding_owns_its_texts),
                cmocka_unit_test(slug_is_what_it_was),
                cmocka_unit_test(each_remark_is_judged_by_its_kind),
                cmocka_unit_test(findings_are_appended_in_order),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
