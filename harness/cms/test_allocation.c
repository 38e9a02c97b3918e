/*
 * test_allocation - exactly the allocation that is named fails, and its number means the same
 * whatever the process did before; OpenSSL fails then, or does all that it would have done
 */
#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/cms.h>
#include <openssl/err.h>

#include "case/case.h"
#include "cms/allocation.h"
#include "cms/random.h"
#include "cms/smime.h"

#define STEP 41 /* of so many allocations one is tried */

static void one_allocation_fails_and_no_other(void **state)
{
        (void)state;
        up_allocation_fail(3);
        void *first = OPENSSL_malloc(8);
        void *none = OPENSSL_malloc(0);
        void *second = OPENSSL_zalloc(8);
        assert_false(up_allocation_take_failure());
        void *third = OPENSSL_realloc(first, 4096);
        void *fourth = OPENSSL_malloc(8);

        assert_non_null(first);
        assert_null(none);
        assert_non_null(second);
        assert_null(third);
        assert_non_null(fourth);
        assert_true(up_allocation_take_failure());
        assert_false(up_allocation_take_failure());
        assert_int_equal(up_allocation_restore(), 4);
        OPENSSL_free(first);
        OPENSSL_free(second);
        OPENSSL_free(fourth);

        up_allocation_fail(0);
        first = OPENSSL_malloc(8);
        assert_non_null(first);
        assert_false(up_allocation_take_failure());
        assert_int_equal(up_allocation_restore(), 1);
        OPENSSL_free(first);
}

static uint64_t allocations_of_errors(void)
{
        up_allocation_fail(0);
        for (int i = 0; i < 5; i++)
                ERR_raise_data(ERR_LIB_USER, 1, "the same words, at each place: %d", i);
        return up_allocation_restore();
}

static void the_error_queue_does_not_remember(void **state)
{
        (void)state;
        uint64_t before = allocations_of_errors();

        for (int i = 0; i < 7; i++)
                ERR_raise_data(ERR_LIB_USER, 1, "longer and longer: %0*d", 100 * i, i);
        ERR_clear_error();
        assert_true(before > 0);
        assert_int_equal(allocations_of_errors(), before);
}

/* --- looks at messages ------------------------------------------------------------------------ */

static GBytes *seed(const char *name)
{
        g_autofree char *path = g_strconcat("seeds/smime/", name, NULL);
        g_autofree char *data = NULL;
        gsize bytes;

        if (!g_file_get_contents(path, &data, &bytes, NULL))
                fail_msg("%s cannot be read", path);
        g_autoptr(up_case) c = up_case_read((const uint8_t *)data, bytes, NULL);
        return g_bytes_ref(c->message);
}

struct look {
        bool out_of_memory;
        uint32_t code;
        uint64_t verified;
};

static struct look look(GBytes *message, uint64_t failing)
{
        struct up_limits limits;
        struct up_observations observed;

        up_limits_init(&limits);
        up_observations_init(&observed, &limits, UP_CASE_TIME_S);
        up_smime_open(message, &observed, failing, NULL, NULL);
        const struct look seen = { observed.out_of_memory, observed.memory_code,
                observed.counts[UP_COUNT_VERIFIED] };
        up_observations_clear(&observed);
        return seen;
}

/* How many allocations a look makes. */
static uint64_t allocations_of(GBytes *message)
{
        struct up_limits limits;
        struct up_observations observed;

        up_limits_init(&limits);
        up_observations_init(&observed, &limits, UP_CASE_TIME_S);
        uint64_t allocations = up_smime_open(message, &observed, UINT64_MAX, NULL, NULL);
        up_observations_clear(&observed);
        return allocations;
}

static const char *const names[] = { "clear-ec.eml", "opaque-ec.eml", "signed-compressed.eml" };

/* This stands first in the group: OpenSSL has fetched and kept nothing yet. */
static void the_first_look_makes_as_many_as_the_next(void **state)
{
        (void)state;
        g_autoptr(GBytes) message = seed("opaque-ec.eml");
        uint64_t first = allocations_of(message);

        assert_true(first > 100);
        assert_int_equal(allocations_of(message), first);
}

static void a_failure_has_one_outcome_whatever_came_before(void **state)
{
        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
                g_autoptr(GBytes) message = seed(names[i]);
                g_autoptr(GBytes) other = seed("opaque-rsa.eml");
                g_autoptr(GArray) looks = g_array_new(FALSE, TRUE, sizeof(struct look));
                uint64_t all = allocations_of(message);
                unsigned out_of_memory = 0;

                assert_true(all > 100);
                assert_int_equal(look(message, 0).verified, 1);
                for (uint64_t k = 1; k <= all; k += STEP) {
                        struct look seen = look(message, k);
                        g_array_append_val(looks, seen);
                        out_of_memory += seen.out_of_memory;
                        if (!seen.out_of_memory)
                                assert_int_equal(seen.verified, 1);
                }
                assert_true(out_of_memory >= 5);
                for (guint j = looks->len; j > 0; j--) {
                        look(other, j);
                        struct look seen = look(message, 1 + (j - 1) * STEP);
                        const struct look *before = &g_array_index(looks, struct look, j - 1);
                        assert_int_equal(seen.out_of_memory, before->out_of_memory);
                        assert_int_equal(seen.code, before->code);
                        assert_int_equal(seen.verified, before->verified);
                }
        }
}

/* --- an OpenSSL that goes on without the memory ------------------------------------------------
 */

static bool lies;

/* In place of the library's own. */
int CMS_verify(CMS_ContentInfo *cms, STACK_OF(X509) * certificates, X509_STORE *store, BIO *content,
    BIO *out, unsigned flags)
{
        int (*verify)(CMS_ContentInfo *, STACK_OF(X509) *, X509_STORE *, BIO *, BIO *, unsigned);

        *(void **)&verify = dlsym(RTLD_NEXT, "CMS_verify");
        assert_non_null(verify);
        int result = verify(cms, certificates, store, content, out, flags);
        return result != 1 && lies && up_allocation_take_failure() ? 1 : result;
}

static unsigned disagreements(GBytes *message)
{
        uint64_t all = allocations_of(message);
        unsigned found = 0;

        for (uint64_t k = 1; k <= all; k += STEP) {
                struct up_limits limits;
                struct up_observations observed;
                up_limits_init(&limits);
                up_observations_init(&observed, &limits, UP_CASE_TIME_S);
                up_smime_examine_failing(message, &observed, k);
                for (guint i = 0; i < observed.remarks->len; i++) {
                        const struct up_remark *remark = g_ptr_array_index(observed.remarks, i);
                        assert_int_equal(remark->kind, UP_REMARK_DISAGREE);
                        found++;
                }
                up_observations_clear(&observed);
        }
        return found;
}

/* A broken signature must not hold when memory is short; failing, without a reason even, is fair.
 */
static void a_success_without_memory_is_reported(void **state)
{
        (void)state;
        g_autoptr(GBytes) message = seed("tampered.eml");

        lies = false;
        assert_int_equal(disagreements(message), 0);
        lies = true;
        assert_true(disagreements(message) > 0);
        lies = false;
}

static void one_beyond_the_last_changes_nothing(void **state)
{
        (void)state;
        g_autoptr(GBytes) message = seed("opaque-ec.eml");

        assert_false(look(message, 1 << 20).out_of_memory);
        assert_int_equal(look(message, 1 << 20).verified, 1);
        assert_true(look(message, 1).out_of_memory);
        assert_int_equal(look(message, 0).verified, 1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_first_look_makes_as_many_as_the_next),
                cmocka_unit_test(one_allocation_fails_and_no_other),
                cmocka_unit_test(the_error_queue_does_not_remember),
                cmocka_unit_test(a_failure_has_one_outcome_whatever_came_before),
                cmocka_unit_test(one_beyond_the_last_changes_nothing),
                cmocka_unit_test(a_success_without_memory_is_reported),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
