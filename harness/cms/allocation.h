/*
 * allocation - OpenSSL runs out of memory once, at the allocation that a case names
 *
 * The best known source of a failure without a reason: a call finds no memory, gives up, and says
 * so to nobody. Here the k-th allocation that OpenSSL makes from some point on fails, and the ones
 * after it succeed again.
 *
 * All of OpenSSL's memory goes through this file, from the start of the process: it must have been
 * told so before its first allocation, or it refuses. That is done in a constructor, so it holds
 * for whoever is linked with it; should it come too late, the process ends there with an assertion.
 * Between up_allocation_fail() and up_allocation_restore() allocations are counted; otherwise the
 * C library's functions are called at once, so that a sanitizer sees what it always sees.
 *
 * What OpenSSL keeps from one call for the next makes k mean different things to different
 * processes. Who fails something therefore does the very same without a failure first, and then
 * calls up_allocation_fail(), which puts the error queue's own buffers in order.
 * Of what a number means there is still one thing left open: which allocations a build of OpenSSL
 * makes. Another version makes others, and so does the same one without its assembler.
 *
 * GLib's and zlib's memory never fails. One thread.
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

/** Has one failed since this was asked last, or since up_allocation_fail()? */
bool up_allocation_take_failure(void);

#endif
