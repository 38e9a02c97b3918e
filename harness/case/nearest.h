/*
 * nearest - the valid name that a misspelt one most resembles
 *
 *     struct up_nearest nearest = up_nearest_to(word);
 *
 *     for (…) // each valid name
 *             up_nearest_try(&nearest, name);
 *     if (nearest.name != NULL)
 *             … // "did you mean NAME?"
 */
#ifndef UP_CASE_NEAREST_H
#define UP_CASE_NEAREST_H

#include <stddef.h>

struct up_nearest {
        const char *word;
        const char *name; /* the nearest one so far; NULL: none is near */
        size_t distance;  /* a nearer one is below this */
};

/** Starts a search. Only a name that mostly matches counts. Neither text is copied. */
struct up_nearest up_nearest_to(const char *word);

void up_nearest_try(struct up_nearest *nearest, const char *name);

#endif
