/*
 * What a structure asks to be computed is looked at before: the number of its digests.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/pkcs7.h>

#include "mail/cms.h"
#include "mail/identity.h"

#define NOW_S 1767225600

/* A signed structure with so many digests. */
static GBytes *signed_with(unsigned digests)
{
        const struct up_identity *alice = up_identity_find("alice-ec");
        BIO *content = BIO_new_mem_buf("content", -1);
        PKCS7 *p7 = PKCS7_sign(alice->certificate, alice->key, NULL, content, PKCS7_BINARY);
        unsigned char *der = NULL;

        assert_non_null(p7);
        while ((unsigned)sk_X509_ALGOR_num(p7->d.sign->md_algs) < digests) {
                X509_ALGOR *first = sk_X509_ALGOR_value(p7->d.sign->md_algs, 0);
                sk_X509_ALGOR_push(p7->d.sign->md_algs, X509_ALGOR_dup(first));
        }
        int bytes = i2d_PKCS7(p7, &der);
        GBytes *encoded = g_bytes_new(der, (gsize)bytes);
        OPENSSL_free(der);
        PKCS7_free(p7);
        BIO_free(content);
        return encoded;
}

static enum up_grade grade_of(unsigned digests, bool *ret_unscannable)
{
        g_autoptr(GBytes) encoded = signed_with(digests);
        struct up_limits limits;
        struct up_exam exam;
        struct up_cms_report report;

        up_limits_init(&limits);
        limits.signers = 3;
        up_exam_init(&exam, &limits, NOW_S);
        up_cms_examine(encoded, NULL, &exam, &report);
        enum up_grade grade = report.grade;
        *ret_unscannable = exam.unscannable;
        up_cms_report_clear(&report);
        up_exam_clear(&exam);
        return grade;
}

static void digests_are_counted_before_they_are_computed(void **state)
{
        bool unscannable;

        (void)state;
        up_identities_load();
        assert_int_equal(grade_of(1, &unscannable), UP_GRADE_VALID);
        assert_false(unscannable);
        assert_int_equal(grade_of(3, &unscannable), UP_GRADE_VALID);
        assert_false(unscannable);
        assert_int_equal(grade_of(4, &unscannable), UP_GRADE_UNKNOWN);
        assert_true(unscannable);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(digests_are_counted_before_they_are_computed),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
