/*
 * expected - the names of the grades, and the rule that each promise follows
 */
#include "mutate/expected.h"

#include <string.h>

#include "cms/smime.h"

#define GRADED "; graded "

const char *const up_expected_grade_names[UP_EXPECTED_COUNT] = {
        [UP_EXPECTED_UNSIGNED] = "unsigned",
        [UP_EXPECTED_VALID] = "valid",
        [UP_EXPECTED_DIGEST] = "digest",
        [UP_EXPECTED_ATTRIBUTES] = "attributes",
        [UP_EXPECTED_STRUCTURE] = "structure",
        [UP_EXPECTED_UNKNOWN] = "unknown",
};

enum up_expected_grade up_expected_grade_of(const char *mutation)
{
        const char *graded = mutation != NULL ? g_strrstr(mutation, GRADED) : NULL;

        for (int i = 0; graded != NULL && i < UP_EXPECTED_COUNT; i++)
                if (g_str_equal(graded + strlen(GRADED), up_expected_grade_names[i]))
                        return (enum up_expected_grade)i;
        return UP_EXPECTED_UNKNOWN;
}

static void count_signature(unsigned layer, GBytes *message, const struct up_entity *entity,
    const struct up_cms_report *report, void *data)
{
        struct up_signatures *signatures = data;

        (void)layer, (void)message, (void)entity;
        signatures->count[report->grade]++;
        signatures->untrusted += report->grade == UP_GRADE_VALID && !report->trusted ? 1 : 0;
}

struct up_signatures up_signatures_count(GBytes *message, struct up_observations *observed)
{
        struct up_signatures signatures = { .untrusted = 0 };

        up_smime_walk(message, observed, count_signature, &signatures);
        signatures.unscannable = observed->unscannable;
        return signatures;
}

bool up_expected_grade_is_promise(enum up_expected_grade grade)
{
        return grade == UP_EXPECTED_VALID || grade == UP_EXPECTED_DIGEST ||
               grade == UP_EXPECTED_ATTRIBUTES;
}

bool up_expected_grade_holds(enum up_expected_grade grade, const struct up_signatures *found)
{
        const unsigned *count = found->count;

        switch (grade) {
        case UP_EXPECTED_VALID:
                return count[UP_GRADE_VALID] > 0 && count[UP_GRADE_DIGEST] == 0 &&
                       count[UP_GRADE_BROKEN] == 0 && found->untrusted == 0;
        case UP_EXPECTED_DIGEST:
                return count[UP_GRADE_DIGEST] > 0 && count[UP_GRADE_BROKEN] == 0;
        case UP_EXPECTED_ATTRIBUTES:
                return count[UP_GRADE_BROKEN] > 0;
        case UP_EXPECTED_UNSIGNED: /* parts of other messages may be in it */
        case UP_EXPECTED_STRUCTURE:
        case UP_EXPECTED_UNKNOWN:
        case UP_EXPECTED_COUNT:
                break;
        }
        return true;
}
