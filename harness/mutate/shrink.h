/*
 * shrink - makes smaller cases by removing items from a case
 *
 * A minimiser removes items from a case and checks whether it still shows its finding. A table of
 * passes lists the kinds of items, the large ones first: events, recipients, parts, header fields,
 * down to single bytes. Each pass treats a case as a sequence of items, and returns the case
 * without some consecutive ones:
 *
 *     for (size_t i = 0; i < up_shrink_passes_count; i++) {
 *             const struct up_shrink_pass *pass = &up_shrink_passes[i];
 *             if (pass->count(c) > 0)
 *                     candidates = up_shrink_without(pass, c, &size, 0, 1);
 *     }
 *
 * The rest stays byte for byte as it was. If an item was inside a signed entity, there are two
 * candidates: one signed again (seal.h), so that a finding behind a valid signature is still
 * reached, and one with the old signature. Content inside signed-data is opened, changed and
 * signed again; encrypted or compressed data cannot be changed, only replaced by its content.
 *
 * Any case may come in. All candidates read without complaint, and are smaller. Time is linear in
 * the case, but for bounded numbers of signatures and decryptions. The same case has the same
 * candidates, on any machine. For one thread at a time (mail/observations.h); restarts
 * cms/random.h.
 */
#ifndef UP_MUTATE_SHRINK_H
#define UP_MUTATE_SHRINK_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#include "case/case.h"

/** How large a case is. Parts and fields are those that can be seen: sealed ones are opened. */
struct up_shrink_size {
        unsigned events;
        unsigned recipients;
        unsigned settings; /* of the policy, that are not the standard */
        unsigned parts;
        unsigned fields;
        size_t bytes; /* of the file */
};

struct up_shrink_size up_shrink_measure(const struct up_case *c);

/** Is the first one smaller: fewer things in all, or as many in fewer bytes? */
bool up_shrink_is_smaller(const struct up_shrink_size *one, const struct up_shrink_size *other);

struct up_shrink_pass {
        const char *name;
        const char *what;
        bool single; /* its things can not be left out together: one at a time */
        size_t (*count)(const struct up_case *c);
        /* For up_shrink_without(). */
        void (*leave_out)(const struct up_case *c, size_t from, size_t to, GPtrArray *candidates);
};

/** In the order in which they are worth trying. */
extern const struct up_shrink_pass up_shrink_passes[];
extern const size_t up_shrink_passes_count;

/**
 * The case without the things @from up to, and without, @to: an array of struct up_case, the best
 * one first, which owns them. Empty where that makes nothing smaller than @size, which is the size
 * of @c.
 */
GPtrArray *up_shrink_without(const struct up_shrink_pass *pass, const struct up_case *c,
    const struct up_shrink_size *size, size_t from, size_t to);

#endif
