/*
 * store - durable storage with the semantics of a disk
 *
 * Holds one record for each message that was ever accepted or generated. The next sync makes the
 * records that were put durable, all of them or none, as a journal with a commit record does. A
 * crash loses everything since the last sync.
 *
 * The power can fail at each put and each sync: see `has_power` in pipeline.h. The store then
 * refuses all operations until it is recovered.
 */
#ifndef UP_SCAN_SUBMIT_STORE_H
#define UP_SCAN_SUBMIT_STORE_H

#include <glib.h>
#include <stdbool.h>

#include "case/policy.h"
#include "pipeline.h"
#include "scan_submit/client.h"
#include "scan_submit/machine.h"

/**
 * The durable state of a message. Texts and bytes never change after acceptance and are shared by
 * all copies of the record; the rest is plain data.
 */
struct up_record {
        up_id id;
        up_id parent; /* of a notice; otherwise 0 */
        enum up_origin origin;
        bool notify;
        char *from;       /* GRefString */
        char **to;        /* NULL-terminated; GRefStrings in a reference-counted box */
        char *message_id; /* GRefString */
        GBytes *bytes;    /* as delivered: with the Received field */
        struct up_look look;
        struct up_policy policy;
        int64_t accepted_wall_s;

        struct up_content content[UP_LEVEL_COUNT]; /* scanned before submission, and in the store */
        bool deposited;   /* delivered to a recipient: from then on the store scans it */
        bool expired;     /* the lifetime is over */
        bool hold;        /* held by an administrator */
        bool deleted;     /* deleted by an administrator */
        unsigned notices; /* how many were sent about it */
        unsigned recipients;
        struct up_recipient *recipient; /* `recipients` of them; owned */
};

/** How many of its contents the record uses: the store's only from the deposit on. */
static inline unsigned up_record_levels(const struct up_record *record)
{
        return record->deposited ? UP_LEVEL_COUNT : UP_LEVEL_STORE;
}

struct up_store;

/** An empty store. @ports outlives it. Free with up_store_free(), which takes NULL. */
struct up_store *up_store_new(const struct up_ports *ports);
void up_store_free(struct up_store *store);

/** Puts a copy of the record, which replaces the one with its id. False: the power is out. */
bool up_store_put(struct up_store *store, const struct up_record *record);

/** Makes all that was put durable. False: the power is out, and none of it is durable. */
bool up_store_sync(struct up_store *store);

/** Is the power out? */
bool up_store_is_dead(const struct up_store *store);

/**
 * Restores the power and drops what was not synced. Returns copies of all durable records, ordered
 * by id: an array that owns its struct up_record. The caller owns it.
 */
GPtrArray *up_store_recover(struct up_store *store);

/** A copy; the caller owns it. */
struct up_record *up_record_copy(const struct up_record *record);
void up_record_free(struct up_record *record);

/** A copy of @addresses that records can share. The caller owns the reference. */
char **up_record_addresses(const char *const *addresses);

#endif
