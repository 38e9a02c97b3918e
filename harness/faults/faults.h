/*
 * faults - planted faults: bugs of real pipelines that made mail wait for ever
 *
 * A fault is a row of up_fault_rows: it replaces a row of the reference machine, or wraps its
 * scan client. It is never an `if` in the reference. Each row says what happens, and where that was
 * seen. Several can be planted into one pipeline, with commas between their names:
 * `--fault kb843545,word-loop`.
 */
#ifndef UP_FAULTS_FAULTS_H
#define UP_FAULTS_FAULTS_H

#include <stdbool.h>
#include <stddef.h>

#include "pipeline.h"
#include "scan_submit/client.h"
#include "scan_submit/machine.h"

/** Replaces one row of the machine's table for contents. */
struct up_fault_content {
        enum up_content_state state;
        enum up_content_event event;
        struct up_content_row row;
};

struct up_fault_row {
        const char *name; /* as in `--fault kb843545` and `fault: kb843545` */
        const char *what; /* the mechanism, one or two sentences */
        const char *seen; /* where: a reference */

        const struct up_fault_content *content; /* NULL: none is replaced */
        struct up_client client; /* a decorator; functions that are NULL are the reference's */
};

extern const struct up_fault_row up_fault_rows[];
extern const size_t up_fault_count;

/** The fault of that name; NULL when there is none. */
const struct up_fault_row *up_fault_find(const char *name);

/** Splits @names. At least one name, which may be no fault's. Free with g_strfreev(). */
char **up_fault_names(const char *names);

/** Do both name the same faults, in any order? NULL names none. */
bool up_fault_same(const char *names, const char *others);

/**
 * The reference pipeline with the faults that @names lists; NULL if one is unknown. Made once per
 * process for each text and never freed. Safe in several threads.
 */
const struct up_pipeline *up_fault_plant(const char *names);

#endif
