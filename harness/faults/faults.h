/*
 * faults - planted faults: how pipelines really came to make mail wait for ever
 *
 * A fault is data: a row of the reference machine replaced, or a decorator round its scan client.
 * It is never an `if` in the reference. Each row says what the incident was, and where it was seen.
 *
 * Several can be planted into one pipeline. They are named in one text, with a comma between them:
 * `--fault kb843545,word-loop`.
 */
#ifndef UP_FAULTS_FAULTS_H
#define UP_FAULTS_FAULTS_H

#include <stdbool.h>
#include <stddef.h>

#include "pipeline.h"
#include "scan_submit/client.h"
#include "scan_submit/machine.h"

/** One row of the content's table, as it is under a fault. */
struct up_fault_content {
        enum up_content_state state;
        enum up_content_event event;
        struct up_content_row row;
};

struct up_fault_row {
        const char *name; /* as in `--fault kb843545` and `fault: kb843545` */
        const char *what; /* the mechanism, one or two sentences */
        const char *seen; /* where: a reference */

        const struct up_fault_content *content; /* NULL: the machine is healthy */
        struct up_client client; /* a decorator; a function that is NULL is healthy */
};

#define UP_FAULTS 4
extern const struct up_fault_row up_fault_rows[UP_FAULTS];

/** The fault of that name; NULL when there is none. */
const struct up_fault_row *up_fault_find(const char *name);

/**
 * The names in @names, NULL-terminated; never empty, but a name may be of no fault. g_strfreev()
 * frees it.
 */
char **up_fault_names(const char *names);

/** Do both name the same faults, in whatever order? NULL names none. */
bool up_fault_same(const char *names, const char *others);

/**
 * The reference pipeline with all faults planted that @names names; NULL when one of them is none.
 * It is made once a process, and stays.
 */
const struct up_pipeline *up_fault_plant(const char *names);

#endif
