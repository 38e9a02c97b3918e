/*
 * minimize - the smallest case with the same finding
 *
 * Things are left out of a case (mutate/shrink.h), and what is left is run. It is kept if it shows
 * the same finding: the same slug (class and signature), the same evidence, and the same role of
 * the message (submitted by the script, a bystander, a notice). Where a fault is planted, and the
 * case passes without it, what is left has to pass without it as well: so the result is a
 * regression that the gate takes.
 *
 * Where several faults are planted, those that the finding does not need are left out first.
 *
 * The head of the result names finding, evidence and fault, and keeps title, reference and `known:`
 * if there were any; cases are run as they will be written.
 *
 * The same case has the same result, on any machine and any number of cores, unless the time was
 * over before the end. Where edges are not counted, each look at a `hang` takes as long as the
 * limit: so it is looked for within a short one, and what comes out has to be a hang within the
 * whole one, however it ends.
 *
 * BUGS: the message is read by GMime in this very process, to see its parts. Where a message breaks
 * GMime's reading of header fields itself, it can break this too.
 */
#ifndef UP_TOOLS_MINIMIZE_MINIMIZE_H
#define UP_TOOLS_MINIMIZE_MINIMIZE_H

#include <glib.h>

#include "mutate/shrink.h"
#include "tools/exec/run.h"

/** What is told while it goes on, after each batch of runs. */
struct up_minimize_step {
        const char *pass;
        unsigned round; /* from 1; all passes make one */
        unsigned runs;
        struct up_shrink_size size; /* of the smallest so far */
        GBytes *smallest;           /* NULL: the one that was told last time */
};

struct up_minimize_request {
        struct up_run_request run; /* but for its path; a limit of 0 is set by the first run */
        struct up_runner *runner;
        const char *slug; /* which finding; NULL: the first that the head asks for, or the first */
        unsigned seconds; /* to stop after, once the finding was seen; 0: when nothing more helps */
        unsigned jobs;    /* runs at once, 1 at least */
        void (*step)(const struct up_minimize_step *step, void *data); /* may be NULL */
        void *data;
};

enum up_minimize_end {
        UP_MINIMIZE_WHOLE,       /* nothing can be left out any more */
        UP_MINIMIZE_TIME,        /* smaller may be possible: the time was over */
        UP_MINIMIZE_INTERRUPTED, /* likewise, by up_tool_interrupt_fd() */
        UP_MINIMIZE_ABSENT,      /* the case shows no such finding */
        UP_MINIMIZE_UNRUNNABLE,  /* it cannot be run: `why` says why */
};

struct up_minimized {
        enum up_minimize_end end;
        GBytes *bytes;              /* the smallest case file; NULL in the last two ends */
        struct up_finding *finding; /* as the smallest one shows it; NULL likewise */
        char *fault;                /* the faults that it takes; NULL: none */
        struct up_shrink_size before, after;
        unsigned runs, rounds;
        GPtrArray *others; /* of char *: slugs that the case shows, when it is absent */
        char *why;
};

/** Never fails: what went wrong is an end. Prints nothing. The caller owns the result. */
struct up_minimized *up_minimize(const struct up_minimize_request *order, GBytes *input);

/** Has the head of @c ask for @finding, under @fault or NULL: what a result's head says. */
void up_minimize_head(struct up_case *c, const struct up_finding *finding, const char *fault);

void up_minimized_free(struct up_minimized *minimized);
typedef struct up_minimized up_minimized;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(up_minimized, up_minimized_free)

#endif
