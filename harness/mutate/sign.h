/*
 * sign - signed again, encrypted, wrapped; how much of the signature then holds
 *
 * A change inside a signed message breaks its signature, and a pipeline does not read far into a
 * message whose signature is broken. So after a change the message is signed again by a test
 * identity, in one of many ways; some of them break the signature on purpose.
 *
 * The innermost entity is signed: layers of signature, encryption and compression that a test key
 * opens are removed first, wherever they are in the message, and new ones put in their place. In a
 * message without layers it is the whole entity: the header fields that describe content go
 * inside, the others stay where they are (RFC 8551 section 3.1).
 *
 * The draft's grade says what an independent verifier that trusts only the test authority will
 * find at the case's time: UP_EXPECTED_VALID, UP_EXPECTED_DIGEST and UP_EXPECTED_ATTRIBUTES are
 * promises, unless a limit of the case's policy ends the check. If the verifier would need
 * something that the message does not contain (certificates, a certificate's time, canonical line
 * ends), the grade is UP_EXPECTED_UNKNOWN, even if the signature is valid. It is also
 * UP_EXPECTED_UNKNOWN if CMS that was not made here is beside or inside the signed content.
 *
 * The time of signing is the case's; random choices come from the rng. Each call restarts
 * cms/random.h, so restart it again before what follows if that is to have one outcome.
 */
#ifndef UP_MUTATE_SIGN_H
#define UP_MUTATE_SIGN_H

#include <stdbool.h>

#include "mutate/draft.h"

/**
 * Signs the draft's message again, in a way that the rng choose: mostly so that it holds, or so
 * that the content's digest alone does not. Sets the grade, and appends the name of the operator
 * that it came to to draft->applied. False when nothing fits or OpenSSL refuses: then nothing was
 * changed. For after the operators of other layers have changed what is inside.
 */
bool up_sign_again(struct up_draft *draft);

/**
 * Signs the message as it is, layers and all: for what was changed in them, and would be lost if
 * they were taken off. Otherwise as up_sign_again().
 */
bool up_sign_around(struct up_draft *draft);

/** Takes the layers off, so that what is inside can be changed; false when there are none. */
bool up_sign_unwrap(struct up_draft *draft);

#endif
