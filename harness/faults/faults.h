/*
 * faults - planted faults: how pipelines really came to make mail wait for ever
 *
 * A fault is data: the reference machine with a row replaced, a scan client of another mind, or a
 * small pipeline of its own. It is never an `if` in the reference. Each row says what the incident
 * was, where it was seen, and which class of finding it must produce.
 */
#ifndef UP_FAULTS_FAULTS_H
#define UP_FAULTS_FAULTS_H

#include <stddef.h>

#include "pipeline.h"

struct up_fault_row {
        const char *name; /* as in `--fault kb843545` and `fault: kb843545` */
        const char *what; /* the mechanism, one or two sentences */
        const char *seen; /* where: a reference */
        /* The sick pipeline; static. */
        const struct up_pipeline *(*pipeline)(void);
};

#define UP_FAULTS 1
extern const struct up_fault_row up_fault_rows[UP_FAULTS];

/** The fault of that name; NULL when there is none. */
const struct up_fault_row *up_fault_find(const char *name);

#endif
