/*
 * sightings - what a campaign has found so far on a target, as it comes
 *
 * By what targets and examiners print, before anything is triaged. One slug (class and signature)
 * is seen once; of crashes the smallest input is kept.
 */
#ifndef UP_TOOLS_CAMPAIGN_SIGHTINGS_H
#define UP_TOOLS_CAMPAIGN_SIGHTINGS_H

#include <glib.h>
#include <stdbool.h>

#include "oracle/finding.h"
#include "tools/campaign/folders.h"

struct up_sighting {
        char *slug, *class, *signature;
        char *path; /* of the input */
        gsize bytes;
        bool is_new; /* no earlier campaign in the folder reported it */
};

struct up_sightings {
        const char *target;
        const struct up_folders *folders;
        GPtrArray *seen; /* of struct up_sighting, which it frees */
        /* A slug was seen for the first time. */
        void (*show)(void *data, const char *target, const struct up_sighting *sighting);
        void *data;
};

void up_sightings_init(
    struct up_sightings *sightings, const char *target, const struct up_folders *folders);
void up_sightings_clear(struct up_sightings *sightings);

/** Reads a line that a target printed (UP_TARGET_FOUND of target/target.h), or any other. */
void up_sightings_parse_line(struct up_sightings *sightings, const char *line);

/**
 * Moves an input that ended an examiner into the folder of crashes, unless a smaller one showed the
 * same finding before: then it is removed.
 */
void up_sightings_add_crash(
    struct up_sightings *sightings, const struct up_finding *finding, const char *path);

/** How many are new. */
unsigned up_sightings_new(const struct up_sightings *sightings);

#endif
