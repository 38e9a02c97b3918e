/*
 * readings - the content of messages as the simulated scanner reads it
 *
 * It looks for EICAR's test file: in a message as it stands, in each of its parts after transfer
 * decoding, and in whatever OpenSSL opens without a key, layer in layer (up_smime_open() in
 * cms/smime.h). On the way it verifies signatures, as scanners do that report them to
 * their users; a bad one is no reason to refuse mail, so the verdict is by content alone. Encrypted
 * content is not opened, and neither are archives; CMS that cannot be read has no content. What
 * other readers may read differently (mail/ambiguity.h) is unscannable, as is what exceeds a limit.
 *
 * Decoding begins after the Received fields that stand first, of which each relay adds one: what
 * they say is no content. Pipelines request scans of the same content many times, so results are
 * cached by the bytes that are decoded. They do not depend on the request or its time: runs of one
 * case may share their readings.
 */
#ifndef UP_WORLD_READINGS_H
#define UP_WORLD_READINGS_H

#include <glib.h>
#include <stdint.h>

#include "mail/observations.h"
#include "pipeline.h"

struct up_readings;
typedef struct up_readings up_readings;

/** No message was read yet. Free with up_readings_free(), which takes NULL. */
struct up_readings *up_readings_new(void);
void up_readings_free(struct up_readings *readings);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(up_readings, up_readings_free)

struct up_found {
        enum up_verdict verdict;
        const char *reason; /* with UP_VERDICT_UNSCANNABLE: the ambiguity, or the limit; static */
        uint32_t code;      /* with UP_VERDICT_NONE: OpenSSL's error, packed; 0 if it left none */
};

/**
 * Reads a message, if that was not done before. With @failing not 0 it is read in any case, and
 * OpenSSL gets no memory for its allocation of that number: where a call fails for it, there is no
 * verdict. That result is not cached. Captures GLib's log (up_observations_listen()) meanwhile, so
 * the caller must not be capturing it.
 */
struct up_found up_readings_read(struct up_readings *readings, GBytes *bytes, uint64_t failing);

/**
 * Adds to @observed what was counted in all messages read so far, each once: parts, structures,
 * signatures that hold, and so on, but no failures.
 */
void up_readings_count(const struct up_readings *readings, struct up_observations *observed);

#endif
