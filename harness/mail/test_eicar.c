/*
 * The test file is the published one, and the placeholder stands for it in any place.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mail/eicar.h"

static void eicar_expands_and_folds(void **state)
{
        static const char folded[] = "a" UP_EICAR_PLACEHOLDER UP_EICAR_PLACEHOLDER "{{EICAR}";
        g_autoptr(GBytes) one =
            up_eicar_expand((const uint8_t *)UP_EICAR_PLACEHOLDER, strlen(UP_EICAR_PLACEHOLDER));
        g_autoptr(GBytes) expanded = up_eicar_expand((const uint8_t *)folded, strlen(folded));
        g_autoptr(GBytes) again = NULL;
        g_autoptr(GBytes) none = up_eicar_fold(NULL, 0);
        g_autofree char *sum = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, one);
        gsize size;
        const uint8_t *data = g_bytes_get_data(expanded, &size);

        (void)state;
        assert_string_equal(
            sum, "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f");
        assert_int_equal(size, strlen("a") + 2 * UP_EICAR_BYTES + strlen("{{EICAR}"));
        again = up_eicar_fold(data, size);
        assert_int_equal(g_bytes_get_size(again), strlen(folded));
        assert_memory_equal(g_bytes_get_data(again, NULL), folded, strlen(folded));
        assert_int_equal(g_bytes_get_size(none), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(eicar_expands_and_folds),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
