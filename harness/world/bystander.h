/*
 * bystander - messages of our own, for the verb `bystander`
 *
 * Harmless mail that goes through beside the case's message: if it waits too, it is not the
 * message that is to blame.
 */
#ifndef UP_WORLD_BYSTANDER_H
#define UP_WORLD_BYSTANDER_H

#include <glib.h>

/** The message of that kind, a choice of the verb. The caller owns the result. */
GBytes *up_bystander(const char *kind);

#endif
