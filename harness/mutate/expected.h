/*
 * expected - how much of a mutant's signature should hold, and whether it does
 *
 * The mutator signs a message and may corrupt it on purpose. The grade says what a verifier that
 * trusts the test authority alone should find, at the virtual time of the case. It stands at
 * the end of the line `mutation:` of the head, after "; graded ".
 */
#ifndef UP_MUTATE_EXPECTED_H
#define UP_MUTATE_EXPECTED_H

#include <glib.h>
#include <stdbool.h>

#include "cms/cms.h"
#include "mail/observations.h"

enum up_expected_grade {
        UP_EXPECTED_UNSIGNED,   /* no signature was made or seen */
        UP_EXPECTED_VALID,      /* the outermost signature was made here and not touched since */
        UP_EXPECTED_DIGEST,     /* the attributes' signature holds, the content's digest does not */
        UP_EXPECTED_ATTRIBUTES, /* the attributes' signature does not hold */
        UP_EXPECTED_STRUCTURE,  /* the structure was changed; what it signs was signed again */
        UP_EXPECTED_UNKNOWN,    /* damaged after signing, or not signed here: it may hold or not */
        UP_EXPECTED_COUNT,
};
extern const char *const up_expected_grade_names[UP_EXPECTED_COUNT];

/** The grade at the end of a line `mutation:`; UP_EXPECTED_UNKNOWN if there is none, or for NULL.
 */
enum up_expected_grade up_expected_grade_of(const char *mutation);

/** Can the grade be checked? Only `valid`, `digest` and `attributes` promise something. */
bool up_expected_grade_is_promise(enum up_expected_grade grade);

/** The signatures of a message, as cms/smime.h verifies them. */
struct up_signatures {
        unsigned count[UP_GRADES];
        unsigned untrusted; /* of the valid ones: signers without a chain to the test authority */
        bool unscannable;   /* a limit was hit, so that there may be more */
};

/** Verifies every signature of @message under the limits and at the time of @observed. */
struct up_signatures up_signatures_count(GBytes *message, struct up_observations *observed);

/** Is a promise kept by these signatures? True for a grade that promises nothing. */
bool up_expected_grade_holds(enum up_expected_grade grade, const struct up_signatures *found);

#endif
