/*
 * bystander - messages of our own, for the verb `bystander`
 *
 * Harmless mail that is sent along with the case's message: if it also waits, the cause is not
 * that message.
 */
#ifndef UP_WORLD_BYSTANDER_H
#define UP_WORLD_BYSTANDER_H

#include <glib.h>

/** The message of that kind, a choice of the verb. The caller owns the result. */
GBytes *up_bystander(const char *kind);

#endif
