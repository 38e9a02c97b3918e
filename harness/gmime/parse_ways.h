/*
 * parse_ways - the parser as different programs drive it
 */
#ifndef UP_GMIME_PARSE_WAYS_H
#define UP_GMIME_PARSE_WAYS_H

#include "gmime/objects.h"

/**
 * Parses the message from every kind of stream, in small pieces, persistent or not, as mbox, with
 * strict and with lenient options. Each kind of difference between the results, or between the
 * message and GMime's writing of it, is a UP_REMARK_REWRITTEN.
 */
void up_mime_parse_ways(GBytes *message, struct up_observations *observed);

#endif
