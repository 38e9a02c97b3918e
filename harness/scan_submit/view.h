/*
 * view - the views and the digest of a record
 */
#ifndef UP_SCAN_SUBMIT_VIEW_H
#define UP_SCAN_SUBMIT_VIEW_H

#include <stdint.h>

#include "pipeline.h"
#include "scan_submit/store.h"

/** The view of a recipient (pipeline.h). Its strings belong to the record, or are static. */
struct up_view up_record_view(const struct up_record *record, unsigned index);

/**
 * A digest of a state with timers, which count relative to the time of the call. It is
 * linear: each timer adds its time, multiplied by a hash of what it belongs to, so that digests of
 * parts can be added and subtracted as the parts change, and time passes without looking at any.
 */
struct up_digest {
        uint64_t sum;    /* of the hashes of all parts, and of time times weight */
        uint64_t weight; /* of all timers together */
};

static inline void up_digest_add(struct up_digest *digest, const struct up_digest *part)
{
        digest->sum += part->sum;
        digest->weight += part->weight;
}

static inline void up_digest_subtract(struct up_digest *digest, const struct up_digest *part)
{
        digest->sum -= part->sum;
        digest->weight -= part->weight;
}

/** The digest at @now_ms. No timer may be in the past. */
static inline uint64_t up_digest_at(const struct up_digest *digest, int64_t now_ms)
{
        return digest->sum - digest->weight * (uint64_t)now_ms;
}

/**
 * The digests of a recipient, and of all else that determines the record's future. @next_turn: the
 * recipient that the next transaction begins with.
 */
struct up_digest up_recipient_digest(const struct up_record *record, unsigned index);
struct up_digest up_record_digest(const struct up_record *record, unsigned next_turn);

#endif
