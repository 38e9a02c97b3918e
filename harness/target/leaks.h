/*
 * leaks - does a run leave memory behind?
 *
 * LeakSanitizer names what leaked, but ends the process or repeats the same leak. A campaign counts
 * blocks instead: how many more are allocated after a run than before it. Caches fill once, so only
 * growth that repeats is a leak; LeakSanitizer names it when the input runs alone.
 */
#ifndef UP_TARGET_LEAKS_H
#define UP_TARGET_LEAKS_H

#include <stddef.h>
#include <stdint.h>

/** The line that a target prints before the whole stack of an allocation that is too large. */
#define UP_ALLOCATION_STACK "unpend: stack of the allocation:"

/** Begins to count, once per process. Without a sanitizer's runtime all counts stay 0. */
void up_leaks_start(void);

/** Blocks allocated less blocks freed, since up_leaks_start(). */
int64_t up_leaks_live(void);

/** Calls @run; LeakSanitizer does not report what it leaves behind. */
void up_leaks_run_unreported(
    void (*run)(const uint8_t *data, size_t size), const uint8_t *data, size_t size);

/**
 * For an input that ran and left blocks behind: calls @run again, and a third time if the second
 * one left some, too. Returns how many blocks these two left each; 0 if not the same number.
 */
int64_t up_leaks_of(
    void (*run)(const uint8_t *data, size_t size), const uint8_t *data, size_t size);

#endif
