/*
 * telling - what a command says while it minimises, and how large a case is
 *
 * On a terminal one line of standard error that is written over; else a line now and then.
 */
#ifndef UP_TOOLS_CLI_STATUS_LINE_H
#define UP_TOOLS_CLI_STATUS_LINE_H

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>

#include "mutate/shrink.h"
#include "tools/minimize/minimize.h"

struct up_telling {
        gint64 begin_us; /* monotonic */
        gint64 told_us;
        bool terminal;
};

void up_telling_begin(struct up_telling *telling);

/** What is done just now. */
void up_telling_say(struct up_telling *telling, const char *text);

/** The same of a step of up_minimize(). */
void up_telling_step(struct up_telling *telling, const struct up_minimize_step *step);

/** Takes the line away. Before anything else is printed. */
void up_telling_end(const struct up_telling *telling);

/** "1 event, 1 recipient, …, 2611 bytes". The caller owns the result. */
char *up_telling_size(const struct up_shrink_size *size);

/** The same as a member of a JSON object. */
void up_telling_build_size(JsonBuilder *json, const char *name, const struct up_shrink_size *size);

#endif
