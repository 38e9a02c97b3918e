/*
 * fnv - FNV-1a, the 64-bit hash of Fowler, Noll and Vo (draft-eastlake-fnv)
 *
 * For telling values apart, not for security. A hash begins with UP_FNV_BASIS and takes in value
 * after value.
 */
#ifndef UP_FNV_H
#define UP_FNV_H

#include <stddef.h>
#include <stdint.h>

#define UP_FNV_BASIS UINT64_C(14695981039346656037)
#define UP_FNV_PRIME UINT64_C(1099511628211)

static inline uint64_t up_fnv_byte(uint64_t hash, uint8_t byte)
{
        return (hash ^ byte) * UP_FNV_PRIME;
}

/** One step for all eight bytes; the fold brings the high bits back down. */
static inline uint64_t up_fnv_number(uint64_t hash, int64_t number)
{
        hash = (hash ^ (uint64_t)number) * UP_FNV_PRIME;
        return hash ^ hash >> 32;
}

/** Bytes and their number, a word of eight at a time, the first byte lowest. @data may be NULL. */
static inline uint64_t up_fnv_bytes(uint64_t hash, const void *data, size_t size)
{
        const uint8_t *bytes = data;
        size_t at = 0;

        for (; at + 8 <= size; at += 8) {
                uint64_t word = 0;
                for (unsigned i = 0; i < 8; i++)
                        word |= (uint64_t)bytes[at + i] << 8 * i;
                hash = up_fnv_number(hash, (int64_t)word);
        }
        for (; at < size; at++)
                hash = up_fnv_byte(hash, bytes[at]);
        return up_fnv_number(hash, (int64_t)size);
}

/** The text and an end, so that "ab" "c" differs from "a" "bc". NULL equals "". */
static inline uint64_t up_fnv_text(uint64_t hash, const char *text)
{
        for (; text != (const char *)0 && *text != '\0'; text++)
                hash = up_fnv_byte(hash, (uint8_t)*text);
        return up_fnv_byte(hash, 0);
}

#endif
