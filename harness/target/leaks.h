/*
 * leaks - is memory left behind? A question that does not end the process
 *
 * LeakSanitizer names what leaked, but ends the process or says the same leak again each time. A
 * campaign asks this first: how many blocks are allocated more after a run than before it. Caches
 * fill once, so only growth that repeats is a leak; LeakSanitizer names it when the input is run
 * alone.
 */
#ifndef UP_TARGET_LEAKS_H
#define UP_TARGET_LEAKS_H

#include <stddef.h>
#include <stdint.h>

/** Begins to count, once a process. Without a sanitizer's runtime nothing is ever counted. */
void up_leaks_start(void);

/** Blocks allocated since up_leaks_start() less blocks freed. */
int64_t up_leaks_live(void);

/** Runs @run. LeakSanitizer, if there is one, never names what it leaves behind. */
void up_leaks_forgive(
    void (*run)(const uint8_t *data, size_t size), const uint8_t *data, size_t size);

/**
 * Runs @run three times; how many blocks the second and the third left behind, 0 unless both left
 * the same number.
 */
int64_t up_leaks_of(
    void (*run)(const uint8_t *data, size_t size), const uint8_t *data, size_t size);

#endif
