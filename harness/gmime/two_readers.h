/*
 * two_readers - what GMime and our own reader of raw bytes see in one message
 *
 * GMime's tree against the entities of mail/entity.h: which entities there are, and of each leaf
 * its type, transfer encoding, file name and decoded content. Where the message hits no row of
 * mail/ambiguity.h the standards leave no choice, and a difference is a bug of one of the two.
 */
#ifndef UP_GMIME_TWO_READERS_H
#define UP_GMIME_TWO_READERS_H

#include "gmime/objects.h"

/** An entity as one reader sees it. */
struct up_sight {
        unsigned depth; /* 0 for the message itself */
        bool is_leaf;
        char *type;
        const char *encoding; /* NULL: none, or one that GMime does not know. Static */
        char *filename;       /* or NULL */
        size_t bytes;         /* of a leaf's decoded content */
        uint64_t hash;        /* of that */
};

/**
 * The entities of a message, parents before their parts, siblings in order. Returns an array of
 * struct up_sight; g_ptr_array_unref() frees it. Within the limits of @observed, where a remark
 * says so if they are exceeded.
 */
GPtrArray *up_sights_of_entities(GBytes *message, struct up_observations *observed);
GPtrArray *up_sights_of_gmime(GMimeMessage *message, struct up_observations *observed);

/** Name of the first thing in which the two differ, as "type" or "content"; NULL: they agree. */
const char *up_sights_difference(
    const GPtrArray *entities, const GPtrArray *gmime, guint *ret_index);

/** Remarks UP_REMARK_DISAGREE where the two differ about a message that is not ambiguous. */
void up_mime_compare_readers(
    GMimeMessage *message, GBytes *bytes, struct up_observations *observed);

#endif
