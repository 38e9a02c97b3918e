/*
 * parse_ways - runs GMime's parser in the ways that different programs use it
 */
#ifndef UP_GMIME_PARSE_WAYS_H
#define UP_GMIME_PARSE_WAYS_H

#include "gmime/objects.h"

/**
 * Parses the message from every kind of stream, in small pieces, persistent or not, as mbox, with
 * strict and with lenient options; at UP_DEPTH_EXPLORE in one of these ways. Adds a
 * UP_REMARK_REWRITTEN for each kind of difference between the results, or between the message and
 * what GMime writes for it.
 */
void up_mime_parse_ways(GBytes *message, struct up_observations *observed);

#endif
