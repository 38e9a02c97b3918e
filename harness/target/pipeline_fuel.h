/*
 * pipeline_fuel - a fuel budget for each call of a pipeline
 *
 * Set as the world's hooks (world/hooks.h). A call may execute so many edges for each byte of all
 * mail handed in before it, because a call that works off a queue may touch all of it. Reading a
 * message for the scanner has a budget by the size of the message; other ports have none.
 */
#ifndef UP_TARGET_PIPELINE_FUEL_H
#define UP_TARGET_PIPELINE_FUEL_H

#include "world/hooks.h"

extern const struct up_hooks up_pipeline_fuel;

#endif
