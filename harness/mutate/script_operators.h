/*
 * script_operators - the mutator's operators on script, policy, envelope and time of a case
 *
 * What makes a message wait is rarely in its bytes alone: it is a scanner that answers a
 * millisecond too late, a power cut at one operation on the storage, a lifetime that is shorter
 * than a gap. The operators (up_script_operators, draft.h) are led by the tables of verbs and of
 * settings in case/, so a new verb or setting is mutated without a change here; what they write is
 * within the bounds that the reader of cases keeps.
 */
#ifndef UP_MUTATE_SCRIPT_OPERATORS_H
#define UP_MUTATE_SCRIPT_OPERATORS_H

#include <stdbool.h>

#include "case/case.h"
#include "mutate/draft.h"

/** Events are added up to so many; a script that has more keeps them. */
#define UP_SCRIPT_EVENTS 64

/**
 * Some of what @other has of script, policy, envelope and time becomes the draft's. False: that
 * changed nothing. Takes nothing of @other.
 */
bool up_script_cross(struct up_draft *draft, const struct up_case *other);

#endif
