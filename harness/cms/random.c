/*
 * random - numbers by hashing a counter (splitmix64), one counter for each length of draw
 *
 * Draws of different lengths do not disturb each other. This matters: an RSA key draws a blinding
 * factor as long as its modulus when it is first used and at every 32nd use after that, so that
 * with one counter for all, the session key of the next encryption would depend on how often the
 * process had used the key before.
 *
 * The method table is deprecated since OpenSSL 3.0, but is the one way to replace what RAND_bytes()
 * and RAND_priv_bytes() give to the library itself, to its providers and to big numbers alike.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "cms/random.h"

#include <glib.h>
#include <openssl/rand.h>
#include <stdbool.h>
#include <string.h>

#define LENGTHS 1025 /* moduli of 8192 bits; longer draws share the last counter */

static uint64_t seed_now;
static uint64_t counters[LENGTHS];
static bool drawn; /* since the last restart */

static uint64_t splitmix64(uint64_t x)
{
        x += UINT64_C(0x9e3779b97f4a7c15);
        x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
        return x ^ (x >> 31);
}

static int draw(unsigned char *buffer, int bytes)
{
        size_t length = bytes > 0 ? (size_t)bytes : 0;
        size_t counter = MIN(length, LENGTHS - 1);
        uint64_t stream = splitmix64(splitmix64(seed_now ^ length) + counters[counter]++);

        drawn = true;
        for (size_t at = 0; at < length; at += sizeof stream) {
                stream = splitmix64(stream);
                memcpy(buffer + at, &stream, MIN(sizeof stream, length - at));
        }
        return 1;
}

static int ready(void)
{
        return 1;
}

void up_random_restart(uint64_t seed)
{
        static const RAND_METHOD method = { .bytes = draw, .pseudorand = draw, .status = ready };
        static bool installed;

        if (!installed)
                installed = RAND_set_rand_method(&method) == 1;
        g_assert(installed);
        seed_now = seed;
        if (drawn)
                memset(counters, 0, sizeof counters);
        drawn = false;
}
