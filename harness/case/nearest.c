/*
 * nearest - Levenshtein distance, ignoring case
 *
 * A file may hold words of any length; long ones are ignored.
 */
#include "case/nearest.h"

#include <glib.h>
#include <stdbool.h>
#include <string.h>

#define WORD_BYTES 32

static size_t distance(const char *a, const char *b)
{
        size_t row[WORD_BYTES + 1];
        size_t columns = strlen(b) + 1;

        for (size_t j = 0; j < columns; j++)
                row[j] = j;
        for (size_t i = 1; a[i - 1] != '\0'; i++) {
                size_t diagonal = row[0];
                row[0] = i;
                for (size_t j = 1; j < columns; j++) {
                        bool same = g_ascii_tolower(a[i - 1]) == g_ascii_tolower(b[j - 1]);
                        size_t changed = diagonal + (same ? 0 : 1);
                        diagonal = row[j];
                        row[j] = MIN(changed, MIN(row[j], row[j - 1]) + 1);
                }
        }
        return row[columns - 1];
}

struct up_nearest up_nearest_to(const char *word)
{
        return (struct up_nearest){
                .word = word,
                .distance = MIN(strlen(word) / 2, 2) + 1,
        };
}

void up_nearest_try(struct up_nearest *nearest, const char *name)
{
        if (strlen(nearest->word) > WORD_BYTES || strlen(name) > WORD_BYTES)
                return;

        size_t tried = distance(nearest->word, name);
        if (tried < nearest->distance) {
                nearest->distance = tried;
                nearest->name = name;
        }
}
