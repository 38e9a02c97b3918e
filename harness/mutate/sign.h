/*
 * sign - signed again, encrypted, wrapped; how much of the signature then holds
 *
 * What was changed inside a signed message no longer bears its signature, and no pipeline reads
 * far into a message whose signature is broken by chance. So whoever changed the inside lets it be
 * signed again: by a test identity, in one of many ways, and on purpose broken in some of them.
 *
 * What is signed is the innermost entity: the layers of signature, encryption and compression that
 * a test key opens are taken off first, wherever in the message they stand, and new ones put in
 * their place. In a message that has none it is the whole entity: the header fields that describe
 * content go inside, the others stay where they are (RFC 8551 section 3.1).
 *
 * The draft's grade says what an independent judge who trusts the test authority alone will find
 * at the case's time: UP_EXPECTED_VALID, UP_EXPECTED_DIGEST and UP_EXPECTED_ATTRIBUTES are
 * promises, unless a limit of the case's policy forbids to look. Where such a judge would need
 * something that the message does not bring (certificates, a certificate's time, canonical line
 * ends) it is UP_EXPECTED_UNKNOWN, though the signature is as good; and so it is where other CMS
 * stands beside what was signed or deeper in it, which was not made here.
 *
 * The time of signing is the case's; chance comes from the rng. Each call restarts cms/random.h,
 * so restart it again before what follows if that is to have one outcome.
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
