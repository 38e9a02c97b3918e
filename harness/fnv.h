/*
 * fnv - FNV-1a, the 64-bit hash of Fowler, Noll and Vo (draft-eastlake-fnv)
 *
 * For telling things apart that nobody makes alike on purpose. A hash begins with UP_FNV_BASIS and
 * is gone on with, value by value.
 */
#ifndef UP_FNV_H
#define UP_FNV_H

#include <stdint.h>

#define UP_FNV_BASIS UINT64_C(14695981039346656037)

static inline uint64_t up_fnv_byte(uint64_t hash, uint8_t byte)
{
        return (hash ^ byte) * UINT64_C(1099511628211);
}

/** All eight bytes, the lowest first, on any machine. */
static inline uint64_t up_fnv_number(uint64_t hash, int64_t number)
{
        for (unsigned i = 0; i < sizeof number; i++)
                hash = up_fnv_byte(hash, (uint8_t)((uint64_t)number >> 8 * i));
        return hash;
}

/** With an end after it, so that "ab" "c" is not "a" "bc". NULL is as "". */
static inline uint64_t up_fnv_text(uint64_t hash, const char *text)
{
        for (; text != (const char *)0 && *text != '\0'; text++)
                hash = up_fnv_byte(hash, (uint8_t)*text);
        return up_fnv_byte(hash, 0);
}

#endif
