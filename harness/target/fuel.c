/*
 * fuel - the gauge, and who is named when it is empty
 *
 * When the fuel is out the program goes on for a while, and it is seen how far up the stack it
 * comes: a function that does nothing but call itself and others in a loop is the uppermost one
 * there. The next edge in that function ends the process. So the stack that is printed is that of
 * the loop, whatever it was doing when the fuel ran out. What comes back after all is late, and has
 * no loop to be named after.
 *
 * Compiled without the instrumentation that calls it.
 *
 * BUGS: what a compiler has put inline bears its caller's name, loops too; only debug information
 * tells them apart, and a sanitizer's symbolizer reads it. Of a loop whose round takes more than
 * the look does, a smaller one inside is named.
 */
#include "target/fuel.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define LOOK_EDGES 5000000
#define ENDLESS    UINT64_MAX

uint64_t up_fuel_edges;
uint64_t up_fuel_most = ENDLESS;

static const char *of_case = "", *of_call;
static uint64_t case_end = ENDLESS, call_end = ENDLESS; /* where each is out of fuel, in edges */
static unsigned depth;                                  /* of calls in calls; 0: the case itself */

static enum { DRIVING, LOOKING, WAITING } state;
static unsigned out_depth;  /* of what ran out */
static const char *out_of;  /* its name, if it is a call */
static uintptr_t uppermost; /* stacks grow downwards: of all addresses seen, the highest */
static uint64_t look_end;

/* edges.c defines it, where it is linked. */
extern const bool up_fuel_is_counted __attribute__((weak));

bool up_fuel_counts(void)
{
        return &up_fuel_is_counted != NULL;
}

/* --- the gauge -------------------------------------------------------------------------------- */

static _Noreturn void give_up(const char *how)
{
        fprintf(stderr, "unpend: out of fuel: %s%s%s %s, after %" PRIu64 " edges\n", of_case,
            out_of != NULL ? ": " : "", out_of != NULL ? out_of : "", how, up_fuel_edges);
        abort();
}

/* Once it is out every edge has to come by. */
static void set_most(void)
{
        if (state == DRIVING)
                up_fuel_most = call_end < case_end ? call_end : case_end;
}

static void stop_if_late(void)
{
        if (state != DRIVING && depth == out_depth)
                give_up("came back late");
}

static uint64_t end_of(const struct up_fuel_budget *budget, uint64_t bytes)
{
        uint64_t left = ENDLESS - up_fuel_edges - budget->start;

        if (budget->start == 0 && budget->each_byte == 0)
                return ENDLESS;
        if (bytes > 0 && budget->each_byte > left / bytes)
                return ENDLESS;
        return up_fuel_edges + budget->start + budget->each_byte * bytes;
}

void up_fuel_begin(const char *what, const struct up_fuel_budget *budget, uint64_t bytes)
{
        up_fuel_edges = 0;
        of_case = what;
        case_end = end_of(budget, bytes);
        set_most();
}

uint64_t up_fuel_end(void)
{
        stop_if_late();
        case_end = ENDLESS;
        set_most();
        return up_fuel_edges;
}

struct up_fuel_call up_fuel_call(
    const char *what, const struct up_fuel_budget *budget, uint64_t bytes)
{
        const struct up_fuel_call outer = {
                .what = of_call,
                .left = call_end == ENDLESS        ? ENDLESS
                        : call_end > up_fuel_edges ? call_end - up_fuel_edges
                                                   : 0,
        };

        depth++;
        of_call = what;
        call_end = end_of(budget, bytes);
        set_most();
        return outer;
}

void up_fuel_return(struct up_fuel_call outer)
{
        stop_if_late();
        depth--;
        of_call = outer.what;
        call_end = outer.left == ENDLESS ? ENDLESS : up_fuel_edges + outer.left;
        set_most();
}

/* --- it is empty ------------------------------------------------------------------------------ */

static void look(uintptr_t address)
{
        state = LOOKING;
        uppermost = address;
        look_end = up_fuel_edges + LOOK_EDGES;
}

void up_fuel_out(const void *frame)
{
        uintptr_t address = (uintptr_t)frame;

        if (state == DRIVING) {
                bool case_is_out = up_fuel_edges >= case_end;
                out_depth = case_is_out ? 0 : depth;
                out_of = case_is_out ? NULL : of_call;
                up_fuel_most = 0; /* each edge comes by here */
                look(address);
        } else if (state == LOOKING) {
                uppermost = address > uppermost ? address : uppermost;
                if (up_fuel_edges >= look_end) {
                        state = WAITING;
                        look_end = up_fuel_edges + LOOK_EDGES;
                }
        } else if (address >= uppermost) {
                give_up("does not come back");
        } else if (up_fuel_edges >= look_end) {
                look(address); /* that function called another one, which does not return to it */
        }
}
