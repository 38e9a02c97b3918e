/*
 * accessors - calls every GMime accessor that mail software uses on a message
 */
#ifndef UP_GMIME_ACCESSORS_H
#define UP_GMIME_ACCESSORS_H

#include "gmime/objects.h"

/** Calls every accessor of every object in the tree, within the limits, and counts the parts. */
void up_mime_call_accessors(GMimeMessage *message, struct up_observations *observed);

#endif
