/*
 * openssl - calling OpenSSL so that its failures can be judged
 *
 * OpenSSL reports why a call failed in a queue of errors. A failure that leaves the queue empty is
 * the "error code 0" that no log can explain, so the queue is checked after each failing call.
 */
#ifndef UP_CMS_OPENSSL_H
#define UP_CMS_OPENSSL_H

#include <glib.h>
#include <openssl/bio.h>
#include <openssl/x509_vfy.h>
#include <stdbool.h>

#include "mail/observations.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(BIO, BIO_free_all)

/** Did a call fail and leave no error behind? */
bool up_openssl_is_silent(bool ok);

/**
 * Has an allocation failed (allocation.h) in what was called since the last call that was judged?
 * Then @observed is out of memory, with the first error in the queue as its code, and 0 if there is
 * none. For calls that return the same for a failure and for an empty result.
 */
bool up_openssl_ran_out(struct up_observations *observed);

/**
 * Passes @ok through. A call that failed for lack of memory, when an allocation was made to fail,
 * is judged as up_openssl_ran_out() does: OpenSSL promises no reason for that. When another call
 * failed and left no error behind, a UP_REMARK_NO_REASON is added. Its site is @call, the
 * function of OpenSSL that is at fault; @way, in which of several ways it was called (NULL when
 * there is one), is for the person who reads it. Empties the error queue, so that the next call
 * begins with none.
 */
bool up_openssl_judge(struct up_observations *observed, const char *call, const char *way, bool ok);

/** The first error in the queue as text for a person, which stays there. The caller owns it. */
char *up_openssl_reason(void);

/** How a caller hands over a content that is kept outside of the structure. */
enum up_given { UP_GIVEN_MEMORY, UP_GIVEN_NOTHING, UP_GIVEN_EMPTY, UP_GIVEN_FILE };

/**
 * A BIO that reads @content, or nothing with UP_GIVEN_EMPTY. NULL with UP_GIVEN_NOTHING, and where
 * there is no @content to give, or memory was made to fail. The caller owns it, and keeps @content
 * meanwhile.
 */
BIO *up_openssl_give(GBytes *content, enum up_given given);

/**
 * A BIO that is written to and keeps at most @most bytes; more is an error with a reason. NULL when
 * memory was made to fail.
 */
BIO *up_openssl_sink(uint64_t most);

/** What a sink was given. The caller owns the result, and still the sink. */
GBytes *up_openssl_sink_bytes(BIO *sink);

/** Are the number of these certificates and the size of their keys within the limits? */
bool up_openssl_affords(struct up_observations *observed, const STACK_OF(X509) * certificates);

/**
 * The store that trusts the test authority alone, and judges certificates at @now_s. One store a
 * process: owned by this module, valid until the next call.
 */
X509_STORE *up_openssl_store(int64_t now_s);

/** All test certificates, for messages that come without: owned by this module. */
STACK_OF(X509) * up_openssl_certificates(void);

#endif
