/*
 * minimize - the smallest case with the same finding
 *
 * Delta debugging: things are left out of the case (mutate/shrink.h), and the rest is kept if it
 * still shows the same finding: class, signature, evidence, and role of the message. Planted faults
 * that the finding does not need are dropped first. A case that passes without its fault goes on
 * passing without it, so that the gate accepts the result.
 *
 * The head of the result names finding, evidence and fault. It keeps title, reference and `known:`
 * of a case that already asked for this finding; any other gets a title made from the finding, as
 * its own describes the seed that it was mutated from. A result from which nothing more can be left
 * out is marked by `mutation: minimized`.
 *
 * The same case has the same result on any machine and any number of cores, unless the time was
 * over first. Where edges are not counted, a hang is looked for within a short limit; the result is
 * confirmed within the full one.
 *
 * BUGS: GMime reads the message in this very process, so a message that crashes GMime's reading of
 * header fields can crash this, too.
 */
#ifndef UP_TOOLS_MINIMIZE_MINIMIZE_H
#define UP_TOOLS_MINIMIZE_MINIMIZE_H

#include <glib.h>
#include <json-glib/json-glib.h>

#include "mutate/shrink.h"
#include "tools/exec/run.h"

/** Progress, after each batch of runs. */
struct up_minimize_step {
        const char *pass;
        unsigned round; /* from 1; all passes make one */
        unsigned runs;
        struct up_shrink_size size; /* of the smallest case so far */
        GBytes *smallest;           /* NULL: unchanged since the last step */
};

struct up_minimize_request {
        struct up_run_request run; /* path unused; a limit of 0 is the flavour's */
        struct up_runner *runner;  /* NULL: each run in a fresh process */
        const char *slug; /* which finding; NULL: the first that the head asks for, or the first */
        unsigned seconds; /* to stop after, once the finding was seen; 0: no limit */
        unsigned jobs;    /* runs at once, 1 at least */
        void (*step)(const struct up_minimize_step *step, void *data); /* may be NULL */
        void *data;
};

enum up_minimize_end {
        UP_MINIMIZE_COMPLETE,    /* nothing more can be left out */
        UP_MINIMIZE_TIME,        /* the time was over: a smaller case may exist */
        UP_MINIMIZE_INTERRUPTED, /* likewise, by up_tool_interrupt_fd() */
        UP_MINIMIZE_ABSENT,      /* the case shows no such finding */
        UP_MINIMIZE_UNRUNNABLE,  /* `reason` says why */
};

struct up_minimized {
        enum up_minimize_end end;
        GBytes *bytes;              /* the smallest case file; NULL in the last two ends */
        struct up_finding *finding; /* as the smallest case shows it; NULL likewise */
        char *fault;                /* the faults that it needs; NULL: none */
        struct up_shrink_size before, after;
        unsigned runs, rounds;
        GPtrArray *others; /* of char *: slugs of all findings of the case */
        char *reason;
};

/** Never fails: errors are an end. Prints nothing. The caller owns the result. */
struct up_minimized *up_minimize(const struct up_minimize_request *request, GBytes *input);

/**
 * Has the head ask for @finding under @fault, or NULL. Title and reference stay where it did so
 * before; else the title is made from the finding and the @target.
 */
void up_minimize_set_head(
    struct up_case *c, const struct up_finding *finding, const char *target, const char *fault);

/** Does the head say that the case is a complete result of up_minimize()? */
bool up_minimize_is_marked(const struct up_case *c);

/** "1 event, 1 recipient, …, 2611 bytes". The caller owns the result. */
char *up_minimize_size_text(const struct up_shrink_size *size);

/** The same as a member of a JSON object. */
void up_minimize_build_size(JsonBuilder *json, const char *name, const struct up_shrink_size *size);

/** "round 1, fields: 1 event, …, 24 runs". The caller owns the result. */
char *up_minimize_step_text(const struct up_minimize_step *step);

void up_minimized_free(struct up_minimized *minimized);
typedef struct up_minimized up_minimized;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(up_minimized, up_minimized_free)

#endif
