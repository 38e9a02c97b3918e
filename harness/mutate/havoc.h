/*
 * havoc - anonymous bytes of the message, as every fuzzer changes them
 *
 * The operators are in up_havoc_operators (draft.h).
 */
#ifndef UP_MUTATE_HAVOC_H
#define UP_MUTATE_HAVOC_H

#include <glib.h>
#include <stdbool.h>

#include "mutate/draft.h"

/** Puts a stretch of @other, as it is, somewhere into the message. False: that changed nothing. */
bool up_havoc_cross(struct up_draft *draft, GBytes *other);

#endif
