/*
 * metered - a pipeline each of whose calls has a fuel of its own
 *
 * Stands in front of another pipeline and hands every call on, unchanged. A call may spend what its
 * row of the table in metered.c says (fuel.h): a start, and so much for each byte of mail that the
 * pipeline was given so far. What it asks of the world meanwhile, through its ports, is the world's
 * to spend; reading a message for the scanner has a fuel of its own too. Where nothing is counted
 * nothing is bounded, and nothing else changes.
 */
#ifndef UP_TARGET_METERED_H
#define UP_TARGET_METERED_H

#include "pipeline.h"

/** @real has to outlive the result. */
struct up_pipeline up_metered(const struct up_pipeline *real);

#endif
