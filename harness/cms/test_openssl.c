/*
 * A failure without a reason is remarked, once for each call of OpenSSL that is at fault, in
 * whatever ways it was called; one with a reason is not. Output is bounded, and a remark says what
 * exceeds it. Content is read alike from wherever it is given.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/err.h>

#include "cms/openssl.h"

static void begin(struct up_observations *observed)
{
        struct up_limits limits;

        up_limits_init(&limits);
        up_observations_init(observed, &limits, 0);
        ERR_clear_error();
}

static void raise_reason(void)
{
        ERR_raise_data(ERR_LIB_USER, 1, "the reason");
}

static void silence_is_remarked_once_a_call(void **state)
{
        struct up_observations observed;

        (void)state;
        begin(&observed);
        assert_false(up_openssl_judge(&observed, "CMS_verify", "as text", false));
        assert_false(up_openssl_judge(&observed, "CMS_verify", "as it is", false));
        assert_false(up_openssl_judge(&observed, "CMS_data", NULL, false));
        assert_int_equal(observed.counts[UP_COUNT_REASONS_JUDGED], 3);
        assert_int_equal(observed.remarks->len, 2);

        const struct up_remark *verify = g_ptr_array_index(observed.remarks, 0);
        const struct up_remark *data = g_ptr_array_index(observed.remarks, 1);
        assert_int_equal(verify->kind, UP_REMARK_NO_REASON);
        assert_string_equal(verify->site, "CMS_verify");
        assert_int_equal(verify->times, 2);
        assert_string_equal(
            verify->detail, "CMS_verify failed and the error queue is empty (as text)");
        assert_string_equal(data->detail, "CMS_data failed and the error queue is empty");
        up_observations_clear(&observed);
}

static void failure_with_a_reason_is_no_fault(void **state)
{
        struct up_observations observed;

        (void)state;
        begin(&observed);
        raise_reason();
        assert_false(up_openssl_is_silent(false));
        assert_false(up_openssl_judge(&observed, "CMS_verify", NULL, false));
        assert_int_equal(observed.counts[UP_COUNT_REASONS_JUDGED], 1);
        assert_int_equal(observed.remarks->len, 0);
        up_observations_clear(&observed);
}

/* Or the next silent failure would pass for one with a reason. */
static void judging_empties_the_queue(void **state)
{
        struct up_observations observed;

        (void)state;
        begin(&observed);
        for (int ok = 0; ok < 2; ok++) {
                raise_reason();
                assert_int_equal(up_openssl_judge(&observed, "CMS_verify", NULL, ok == 1), ok);
                assert_int_equal(ERR_peek_error(), 0);
        }
        assert_false(up_openssl_is_silent(true));
        assert_true(up_openssl_is_silent(false));
        up_observations_clear(&observed);
}

static void success_is_not_judged(void **state)
{
        struct up_observations observed;

        (void)state;
        begin(&observed);
        assert_true(up_openssl_judge(&observed, "CMS_verify", NULL, true));
        assert_int_equal(observed.counts[UP_COUNT_REASONS_JUDGED], 0);
        assert_int_equal(observed.remarks->len, 0);
        up_observations_clear(&observed);
}

static void content_reads_alike_from_wherever_it_is_given(void **state)
{
        static const struct {
                const char *content;
                enum up_given given;
                const char *read; /* NULL: no BIO */
        } rows[] = {
                { "content", UP_GIVEN_MEMORY, "content" },
                { "content", UP_GIVEN_FILE, "content" },
                { "content", UP_GIVEN_EMPTY, "" },
                { "content", UP_GIVEN_NOTHING, NULL },
                { "", UP_GIVEN_MEMORY, "" },
                { "", UP_GIVEN_FILE, "" },
                { NULL, UP_GIVEN_MEMORY, NULL },
                { NULL, UP_GIVEN_FILE, NULL },
                { NULL, UP_GIVEN_EMPTY, "" },
                { NULL, UP_GIVEN_NOTHING, NULL },
        };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                g_autoptr(GBytes) content = NULL;
                char read[16] = "";

                if (rows[i].content != NULL)
                        content = g_bytes_new(rows[i].content, strlen(rows[i].content));
                g_autoptr(BIO) bio = up_openssl_give(content, rows[i].given);
                if ((bio != NULL) != (rows[i].read != NULL))
                        fail_msg("row %zu", i);
                if (bio == NULL)
                        continue;
                BIO_read(bio, read, sizeof read - 1);
                assert_string_equal(read, rows[i].read);
        }
}

static void sink_keeps_to_its_bound_and_says_why(void **state)
{
        BIO *sink = up_openssl_sink(5);

        (void)state;
        ERR_clear_error();
        assert_int_equal(BIO_write(sink, "four", 4), 4);
        assert_true(BIO_write(sink, "ab", 2) < 0);
        g_autofree char *reason = up_openssl_reason();
        assert_non_null(strstr(reason, "more output than the limit"));
        assert_int_equal(BIO_write(sink, "5", 1), 1);
        g_autoptr(GBytes) kept = up_openssl_sink_bytes(sink);
        assert_int_equal(g_bytes_get_size(kept), 5);
        assert_memory_equal(g_bytes_get_data(kept, NULL), "four5", 5);
        ERR_clear_error();
        BIO_free(sink);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(silence_is_remarked_once_a_call),
                cmocka_unit_test(failure_with_a_reason_is_no_fault),
                cmocka_unit_test(judging_empties_the_queue),
                cmocka_unit_test(success_is_not_judged),
                cmocka_unit_test(content_reads_alike_from_wherever_it_is_given),
                cmocka_unit_test(sink_keeps_to_its_bound_and_says_why),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
