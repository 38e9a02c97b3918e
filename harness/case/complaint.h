/*
 * complaint - a mistake in a case file, and its place
 */
#ifndef UP_CASE_COMPLAINT_H
#define UP_CASE_COMPLAINT_H

#include <glib.h>

/** A limit; the last complaint says that there are more. */
#define UP_CASE_COMPLAINTS 100

/** A place in a file. */
struct up_place {
        unsigned line;   /* from 1; 0 is nowhere */
        unsigned column; /* from 1, in bytes */
};

/** A mistake in a file. */
struct up_complaint {
        struct up_place place;
        char *text; /* the mistake, and its correction; one line; owned */
};

/** An empty array that owns its complaints. */
GPtrArray *up_complaints_new(void);

#endif
