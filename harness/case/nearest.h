/*
 * nearest - which name a misspelt one most likely meant
 *
 *     struct up_nearest nearest = up_nearest_to(word);
 *
 *     for (…) // each name that would have been right
 *             up_nearest_try(&nearest, name);
 *     if (nearest.name != NULL)
 *             … // "did you mean NAME?"
 */
#ifndef UP_CASE_NEAREST_H
#define UP_CASE_NEAREST_H

#include <stddef.h>

struct up_nearest {
        const char *word;
        const char *name; /* the nearest one so far; NULL: nothing is near */
        size_t distance;  /* what a nearer one has to be below */
};

/** Nothing tried yet. Only a name that is mostly right will count; neither text is copied. */
struct up_nearest up_nearest_to(const char *word);

void up_nearest_try(struct up_nearest *nearest, const char *name);

#endif
