/*
 * depth - how much of a case is run
 *
 * A fuzz engine lives on executions per second, a finding on everything being looked at. So a
 * campaign explores at every execution, and examines what is new. What is found at one depth is
 * found at every greater one, too.
 */
#ifndef UP_DEPTH_H
#define UP_DEPTH_H

enum up_depth {
        UP_DEPTH_EXPLORE, /* parsed, verified and run once, and one way more */
        UP_DEPTH_EXAMINE, /* in every way; of those that are alike, in some */
        UP_DEPTH_JUDGE,   /* everything, twice where one case must have one outcome */
        UP_DEPTH_COUNT,
};

/** As in UNPEND_DEPTH. */
static const char *const up_depth_names[UP_DEPTH_COUNT] = { "explore", "examine", "judge" };

#endif
