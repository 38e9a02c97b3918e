/*
 * fuel - counting edges, and finding the loop when a budget is used up
 *
 * When fuel runs out the program goes on for a while, and the outermost frame that executes edges
 * is recorded: a function that loops, and whatever it calls, returns to no other. The next edge in
 * that function ends the process, so the stack that is printed is that of the loop. A call that
 * returns after all was late, and has no loop to be named.
 *
 * Compiled without the instrumentation that calls it.
 *
 * BUGS: a loop in an inlined function is named by the caller; only the debug information
 * that a sanitizer's symbolizer reads distinguishes them. If one round of a loop takes longer than
 * the observation, a smaller loop inside it is named.
 */
#include "target/fuel.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define OBSERVED_EDGES 5000000
#define UNBOUNDED      UINT64_MAX
#define DEEPEST        8

uint64_t up_fuel_edges;
uint64_t up_fuel_limit = UNBOUNDED;

/* Budgets in force: [0] is the case's, [depth] that of the call which is running. */
static struct {
        const char *name;
        uint64_t end;  /* the count at which it is used up */
        uint64_t left; /* while a call within it runs */
} budgets[DEEPEST + 1] = { [0] = { .name = "", .end = UNBOUNDED } };
static unsigned depth;

/* OBSERVING: in search of the outermost frame. STOPPING: at the next edge in it. */
static enum { COUNTING, OBSERVING, STOPPING } state;
static unsigned used_up;    /* the depth whose budget it was */
static uintptr_t outermost; /* stacks grow downwards: the highest address of a frame */
static uint64_t state_end;  /* the count at which the state changes */

/* Defined in edges.c, where that is linked. */
extern const bool up_fuel_is_counted __attribute__((weak));

bool up_fuel_counts(void)
{
        return &up_fuel_is_counted != NULL;
}

/* --- budgets ---------------------------------------------------------------------------------- */

static _Noreturn void stop(const char *how)
{
        fprintf(stderr, "unpend: out of fuel: %s%s%s %s, after %" PRIu64 " edges\n",
            budgets[0].name, used_up > 0 ? ": " : "", used_up > 0 ? budgets[used_up].name : "", how,
            up_fuel_edges);
        abort();
}

/* After fuel has run out, each edge has to be looked at. */
static void set_limit(void)
{
        if (state == COUNTING)
                up_fuel_limit = depth > 0 && budgets[depth].end < budgets[0].end
                                    ? budgets[depth].end
                                    : budgets[0].end;
}

static void stop_if_late(void)
{
        if (state != COUNTING && depth == used_up)
                stop("came back late");
}

static uint64_t end_of(const struct up_fuel_budget *budget, uint64_t bytes)
{
        uint64_t left = UNBOUNDED - up_fuel_edges - budget->start;

        if (budget->start == 0 && budget->each_byte == 0)
                return UNBOUNDED;
        if (bytes > 0 && budget->each_byte > left / bytes)
                return UNBOUNDED;
        return up_fuel_edges + budget->start + budget->each_byte * bytes;
}

void up_fuel_begin(const char *name, const struct up_fuel_budget *budget, uint64_t bytes)
{
        up_fuel_edges = 0;
        budgets[0].name = name;
        budgets[0].end = end_of(budget, bytes);
        set_limit();
}

uint64_t up_fuel_end(void)
{
        stop_if_late();
        budgets[0].end = UNBOUNDED;
        set_limit();
        return up_fuel_edges;
}

void up_fuel_push(const char *name, const struct up_fuel_budget *budget, uint64_t bytes)
{
        uint64_t end = budgets[depth].end;

        if (depth == DEEPEST)
                abort();
        budgets[depth].left = end == UNBOUNDED      ? UNBOUNDED
                              : end > up_fuel_edges ? end - up_fuel_edges
                                                    : 0;
        depth++;
        budgets[depth].name = name;
        budgets[depth].end = end_of(budget, bytes);
        set_limit();
}

void up_fuel_pop(void)
{
        stop_if_late();
        depth--;
        if (depth > 0)
                budgets[depth].end = budgets[depth].left == UNBOUNDED
                                         ? UNBOUNDED
                                         : up_fuel_edges + budgets[depth].left;
        set_limit();
}

/* --- out of fuel ------------------------------------------------------------------------------ */

static void observe(uintptr_t frame)
{
        state = OBSERVING;
        outermost = frame;
        state_end = up_fuel_edges + OBSERVED_EDGES;
}

void up_fuel_run_out(const void *address)
{
        uintptr_t frame = (uintptr_t)address;

        switch (state) {
        case COUNTING:
                used_up = up_fuel_edges >= budgets[0].end ? 0 : depth;
                up_fuel_limit = 0;
                observe(frame);
                break;
        case OBSERVING:
                outermost = frame > outermost ? frame : outermost;
                if (up_fuel_edges >= state_end) {
                        state = STOPPING;
                        state_end = up_fuel_edges + OBSERVED_EDGES;
                }
                break;
        case STOPPING:
                if (frame >= outermost)
                        stop("does not come back");
                if (up_fuel_edges >= state_end)
                        observe(frame); /* it has called a function that does not return to it */
                break;
        }
}
