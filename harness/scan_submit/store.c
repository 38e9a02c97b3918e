/*
 * store - durable records by id, and those put since the last sync
 *
 * A sync moves all records from `unsynced` to `durable`, which cannot fail halfway. Nothing is ever
 * deleted.
 */
#include "scan_submit/store.h"

struct up_store {
        const struct up_ports *ports;
        GTree *durable;      /* of up_id: struct up_record, owned */
        GPtrArray *unsynced; /* of struct up_record, owned */
        bool dead;
};

/* --- records ---------------------------------------------------------------------------------- */

static void addresses_clear(void *data)
{
        for (char **address = data; *address != NULL; address++)
                g_ref_string_release(*address);
}

char **up_record_addresses(const char *const *addresses)
{
        guint count = g_strv_length((char **)addresses);
        char **copy = g_rc_box_alloc0((count + 1) * sizeof *copy);

        for (guint i = 0; i < count; i++)
                copy[i] = g_ref_string_new(addresses[i]);
        return copy;
}

struct up_record *up_record_copy(const struct up_record *record)
{
        struct up_record *copy = g_memdup2(record, sizeof *record);

        g_ref_string_acquire(copy->from);
        g_ref_string_acquire(copy->message_id);
        g_rc_box_acquire(copy->to);
        g_bytes_ref(copy->bytes);
        copy->recipient =
            g_memdup2(record->recipient, record->recipients * sizeof *record->recipient);
        return copy;
}

void up_record_free(struct up_record *record)
{
        if (record == NULL)
                return;
        g_ref_string_release(record->from);
        g_ref_string_release(record->message_id);
        g_rc_box_release_full(record->to, addresses_clear);
        g_bytes_unref(record->bytes);
        g_free(record->recipient);
        g_free(record);
}

static void free_record(void *data)
{
        up_record_free(data);
}

/* --- the store -------------------------------------------------------------------------------- */

static int by_id(const void *a, const void *b, void *data)
{
        const up_id *left = a, *right = b;
        (void)data;

        return (*left > *right) - (*left < *right);
}

struct up_store *up_store_new(const struct up_ports *ports)
{
        struct up_store *store = g_new0(struct up_store, 1);

        store->ports = ports;
        store->durable = g_tree_new_full(by_id, NULL, NULL, free_record);
        store->unsynced = g_ptr_array_new_with_free_func(free_record);
        return store;
}

void up_store_free(struct up_store *store)
{
        if (store == NULL)
                return;
        g_tree_destroy(store->durable);
        g_ptr_array_unref(store->unsynced);
        g_free(store);
}

/* Counts as one operation. */
static bool has_power(struct up_store *store)
{
        if (!store->dead)
                store->dead = !store->ports->has_power(store->ports->world);
        return !store->dead;
}

bool up_store_is_dead(const struct up_store *store)
{
        return store->dead;
}

bool up_store_put(struct up_store *store, const struct up_record *record)
{
        if (!has_power(store))
                return false;
        g_ptr_array_add(store->unsynced, up_record_copy(record));
        return true;
}

bool up_store_sync(struct up_store *store)
{
        if (!has_power(store))
                return false;
        for (guint i = 0; i < store->unsynced->len; i++) {
                struct up_record *record = g_steal_pointer(&store->unsynced->pdata[i]);
                g_tree_replace(store->durable, &record->id, record);
        }
        g_ptr_array_set_size(store->unsynced, 0);
        return true;
}

static gboolean add_copy(void *id, void *record, void *records)
{
        (void)id;
        g_ptr_array_add(records, up_record_copy(record));
        return FALSE;
}

GPtrArray *up_store_recover(struct up_store *store)
{
        GPtrArray *records = g_ptr_array_new_with_free_func(free_record);

        store->dead = false;
        g_ptr_array_set_size(store->unsynced, 0);
        g_tree_foreach(store->durable, add_copy, records);
        return records;
}
