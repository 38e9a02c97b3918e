/*
 * random - a fixed stream in place of OpenSSL's random generator
 *
 * OpenSSL draws salts, nonces, keys and, when a decryption fails, replacement keys from its
 * generator. One case must have one outcome, so all of it comes from a stream that the caller
 * restarts for each case. GMime reads /dev/urandom for boundaries, which this file cannot replace:
 * code that makes a multipart must set its boundary. Test code only: nothing here is secret.
 */
#ifndef UP_CMS_RANDOM_H
#define UP_CMS_RANDOM_H

#include <stdint.h>

/** Replaces the generator of the whole process, once, and restarts its stream at @seed. */
void up_random_restart(uint64_t seed);

#endif
