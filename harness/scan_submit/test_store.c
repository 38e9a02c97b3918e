/*
 * test_store - what was synced survives a crash at any operation, and nothing else does
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "scan_submit/store.h"

/* Power for so many operations. */
static bool draw_power(void *world)
{
        int *left = world;

        return (*left)-- > 0;
}

static struct up_record *record_new(up_id id, unsigned notices)
{
        static const char *const to[] = { "v@example.com", "w@example.com", NULL };
        struct up_record *record = g_new0(struct up_record, 1);

        record->id = id;
        record->notices = notices;
        record->from = g_ref_string_new("u@example.com");
        record->message_id = g_ref_string_new("<a@example.com>");
        record->to = up_record_addresses(to);
        record->bytes = g_bytes_new_static("x", 1);
        record->recipients = 2;
        record->recipient = g_new0(struct up_recipient, 2);
        return record;
}

static bool put(struct up_store *store, up_id id, unsigned notices)
{
        struct up_record *record = record_new(id, notices);
        bool ok = up_store_put(store, record);

        up_record_free(record);
        return ok;
}

/* Messages 1 and 2 are synced, then 2 is changed and 3 is new, and both are synced at once. */
static unsigned recovered_after(int operations)
{
        int left = operations;
        const struct up_ports ports = { .world = &left, .has_power = draw_power };
        struct up_store *store = up_store_new(&ports);

        bool all = put(store, 2, 0) && put(store, 1, 0) && up_store_sync(store) &&
                   put(store, 2, 7) && put(store, 3, 0) && up_store_sync(store);
        assert_true(all == (operations >= 6));
        assert_true(up_store_is_dead(store) == (operations < 6));
        g_autoptr(GPtrArray) records = up_store_recover(store);
        assert_false(up_store_is_dead(store));
        for (guint i = 0; i < records->len; i++) {
                const struct up_record *record = records->pdata[i];
                assert_int_equal(record->id, i + 1);
                assert_string_equal(record->to[1], "w@example.com");
                assert_int_equal(record->notices, record->id == 2 && operations >= 6 ? 7 : 0);
        }
        unsigned count = records->len;
        up_store_free(store);
        return count;
}

static void a_sync_is_all_or_nothing(void **state)
{
        const unsigned expected[] = { 0, 0, 0, 2, 2, 2, 3, 3 };
        (void)state;

        for (int operations = 0; operations < (int)G_N_ELEMENTS(expected); operations++)
                assert_int_equal(recovered_after(operations), expected[operations]);
}

static void a_dead_store_refuses_all(void **state)
{
        int left = 1;
        const struct up_ports ports = { .world = &left, .has_power = draw_power };
        struct up_store *store = up_store_new(&ports);
        (void)state;

        assert_true(put(store, 1, 0));
        assert_false(up_store_sync(store));
        left = 10;
        assert_false(put(store, 2, 0));
        assert_false(up_store_sync(store));
        g_autoptr(GPtrArray) records = up_store_recover(store);
        assert_int_equal(records->len, 0);
        assert_true(put(store, 2, 0));
        up_store_free(store);
}

/* What a caller does to its own record after putting it is not stored. */
static void a_put_is_a_copy(void **state)
{
        int left = 100;
        const struct up_ports ports = { .world = &left, .has_power = draw_power };
        struct up_store *store = up_store_new(&ports);
        struct up_record *record = record_new(1, 0);
        (void)state;

        up_store_put(store, record);
        record->recipient[0].attempts_left = 99;
        record->notices = 5;
        up_store_sync(store);
        g_autoptr(GPtrArray) records = up_store_recover(store);
        const struct up_record *stored = records->pdata[0];
        assert_int_equal(stored->notices, 0);
        assert_int_equal(stored->recipient[0].attempts_left, 0);
        up_record_free(record);
        up_store_free(store);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_sync_is_all_or_nothing),
                cmocka_unit_test(a_dead_store_refuses_all),
                cmocka_unit_test(a_put_is_a_copy),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
