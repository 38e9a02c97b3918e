/*
 * store - durable storage with the semantics of a disk
 *
 * Holds one record for each message that was ever taken in or made. A record that is put is durable
 * from the next sync on; at a crash everything since the last sync is gone. What one sync makes
 * durable it makes durable at once, all or nothing, as a journal with a commit record does.
 *
 * Each put and each sync is an operation at which the power can go out: see `power` in pipeline.h.
 * From then on the store refuses everything, until it is recovered.
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
 * What is durable of a message. Plain data but for texts and bytes, which never change after the
 * message was taken in and are shared by all copies of its record.
 */
struct up_record {
        up_id id;
        up_id parent; /* of a notice; else 0 */
        enum up_origin origin;
        bool notify;
        char *from;       /* GRefString */
        char **to;        /* NULL-terminated; GRefStrings in a reference-counted box */
        char *message_id; /* GRefString */
        GBytes *bytes;    /* as delivered: with the Received field */
        struct up_look look;
        struct up_policy policy;
        int64_t accepted_wall_s;

        struct up_content transport; /* before it is submitted */
        struct up_content deposit;   /* before it can be read; only with policy.store_scan */
        bool deposited;              /* some recipient has it, so the deposit is scanned */
        bool expired;                /* the lifetime is over */
        bool hold;                   /* an administrator wants it held */
        bool deleted;                /* an administrator wants it gone */
        unsigned notices;            /* how many were made about it */
        unsigned recipients;
        struct up_recipient *recipient; /* `recipients` of them; owned */
};

struct up_store;

/** An empty store that asks @ports for power. Free with up_store_free(), which takes NULL. */
struct up_store *up_store_new(const struct up_ports *ports);
void up_store_free(struct up_store *store);

/** Puts a copy of the record in place of the last one of its id. False: the power is out. */
bool up_store_put(struct up_store *store, const struct up_record *record);

/** Makes durable what was put. False: the power is out, and nothing of it is. */
bool up_store_sync(struct up_store *store);

/** Is the power out? */
bool up_store_is_dead(const struct up_store *store);

/**
 * The power is back: what was not synced is forgotten. Returns copies of all durable records in
 * the order of their ids, an array of struct up_record that frees them; the caller owns it.
 */
GPtrArray *up_store_recover(struct up_store *store);

/** A copy; the caller owns it. */
struct up_record *up_record_copy(const struct up_record *record);
void up_record_free(struct up_record *record);

/** A vector of strings as records share it. The caller owns the reference. */
char **up_record_addresses(const char *const *addresses);

#endif
