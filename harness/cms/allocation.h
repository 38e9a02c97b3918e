/*
 * allocation - OpenSSL runs out of memory once, at the allocation that a case names
 *
 * The best-known cause of a failure without a reason: a call runs out of memory and fails without
 * reporting an error. Here the k-th allocation that OpenSSL makes after some point fails, and the
 * ones after it succeed again.
 *
 * All of OpenSSL's memory goes through this file, from the start of the process. OpenSSL accepts
 * other allocation functions only before its first allocation, so a constructor installs them in
 * every program that links this file; if it runs too late, an assertion ends the process.
 * Between up_allocation_fail() and up_allocation_restore() allocations are counted; otherwise the
 * C library's functions are called directly, so that sanitizers work as usual.
 *
 * OpenSSL caches memory between calls, so k can mean a different allocation in another process. A
 * caller therefore runs the same operation once without a failure, and then calls
 * up_allocation_fail(), which also brings the buffers of the error queue to a fixed size.
 * The meaning of k still depends on the build of OpenSSL: another version makes other allocations,
 * and so does the same version without its assembler code.
 *
 * Allocations of GLib and zlib never fail. For use by one thread.
 */
#ifndef UP_CMS_ALLOCATION_H
#define UP_CMS_ALLOCATION_H

#include <stdbool.h>
#include <stdint.h>

/** From now on the @kth allocation fails, counted from 1; with 0 none does. Empties the queue of
 * errors. Not twice without a restore. */
void up_allocation_fail(uint64_t kth);

/** All allocations succeed again. Returns how many were counted, the failed one too. */
uint64_t up_allocation_restore(void);

/** Has one failed since the last call, or since up_allocation_fail()? */
bool up_allocation_take_failure(void);

#endif
