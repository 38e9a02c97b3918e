/*
 * smime - every signed and encrypted entity of a message, through OpenSSL
 *
 * Finds what a mail client would treat as S/MIME (RFC 8551): multipart/signed, application/
 * (x-)pkcs7-mime of every smime-type, a .p7m, .p7s, .p7c or .p7z that calls itself
 * application/octet-stream, bare DER, and all of those inside message/rfc822. Each is verified on
 * its raw slice, decrypted with the test identities, decompressed; what comes out is a message
 * again and is read likewise, to the limit of layers.
 *
 * OpenSSL is called as programs in the field call it: CMS and PKCS7, with memory, file, empty and
 * absent BIOs, with each flag that callers use. Certificates are judged at the virtual time.
 * Randomness is a fixed stream for each message (random.h), so that one message has one outcome.
 */
#ifndef UP_CMS_SMIME_H
#define UP_CMS_SMIME_H

#include "cms/cms.h"
#include "mail/observations.h"
#include "mail/entity.h"

/**
 * Called for each CMS structure, outer layers first: @layer is 0 for the message itself, @message
 * the bytes of that layer, @entity the multipart/signed or the carrying part in them, NULL for bare
 * CMS. All are valid during the call alone.
 */
typedef void (*up_smime_seen)(unsigned layer, GBytes *message, const struct up_entity *entity,
    const struct up_cms_report *report, void *data);

/** Examines a message and calls @seen, unless it is NULL, for each structure. */
void up_smime_walk(
    GBytes *message, struct up_observations *observed, up_smime_seen seen, void *data);

/** Called for the message given and for each that was opened out of it, with its entities. */
typedef void (*up_smime_opened)(GBytes *message, const GPtrArray *entities, void *data);

/**
 * Opens a message as a scanner does that has no key: the signatures are graded by one careful way
 * and counted in @observed, signed and compressed content is opened to the limit of layers
 * (up_cms_open() in cms.h), and so are encoded messages and multiparts. @opened, unless it is NULL,
 * is called for each layer, outer ones first. The caller listens to the log.
 *
 * With @failing not 0, OpenSSL's allocation of that number, counted from the beginning, fails
 * (allocation.h). Everything is opened once before, without a failure, and the random numbers
 * restart each time (random.h), so that the count is the same whatever the process did before. A
 * call that fails for it ends the reading: observed->out_of_memory. Returns how many were made
 * until the end then, and else 0.
 */
uint64_t up_smime_open(GBytes *message, struct up_observations *observed, uint64_t failing,
    up_smime_opened opened, void *data);

/**
 * Opens a message so, with and without the failure. OpenSSL may fail then, without a reason even,
 * for it promises none; but when no call fails, all must be as it was without: else @observed
 * remarks UP_REMARK_DISAGREE.
 */
void up_smime_examine_failing(GBytes *message, struct up_observations *observed, uint64_t failing);

/** Examines a message; bytes that start with an ASN.1 SEQUENCE are also read as bare CMS. */
void up_smime_examine(GBytes *message, struct up_observations *observed);

#endif
