/*
 * fuel - hangs without a clock: edges of the code are counted, and bounded
 *
 * A case, and each call of its pipeline, may execute so many edges for so many bytes of input. What
 * executes more hangs, on any machine and under any load. Edges are counted in our code, in GMime
 * and in OpenSSL, in builds whose compiler calls edges.c at each (flavours fuel and fuel-gcc).
 * Other builds count nothing, and nothing runs out. GLib and the C library are not counted: a loop
 * inside them that calls none of the three is left to the watchdog (tools/exec/child.h).
 *
 * Out of fuel ends the process: a line "unpend: out of fuel: ..." on standard error, then SIGABRT,
 * on which a sanitizer prints the stack. The process is stopped in the function that loops, not
 * where the fuel happened to run out.
 */
#ifndef UP_TARGET_FUEL_H
#define UP_TARGET_FUEL_H

#include <stdbool.h>
#include <stdint.h>

/** A fixed amount, and so much for each byte. Both 0: unbounded. */
struct up_fuel_budget {
        uint64_t start;
        uint64_t each_byte;
};

/** Does this build count edges? */
bool up_fuel_counts(void);

/**
 * Begins a case: sets the count to 0. Up to up_fuel_end() all edges count for the case, those of
 * calls too. @name is not copied.
 */
void up_fuel_begin(const char *name, const struct up_fuel_budget *budget, uint64_t bytes);

/** Ends the case. Returns the edges that it executed. */
uint64_t up_fuel_end(void);

/**
 * Begins a call with a budget of its own, within the case or another call. Until up_fuel_pop()
 * nothing is spent from the budget of the call around it. At most 8 deep. @name is not copied.
 */
void up_fuel_push(const char *name, const struct up_fuel_budget *budget, uint64_t bytes);
void up_fuel_pop(void);

/** For edges.c: counts an edge of the function whose frame is above @frame. */
extern uint64_t up_fuel_edges, up_fuel_limit;
void up_fuel_run_out(const void *frame);
static inline void up_fuel_edge(const void *frame)
{
        if (++up_fuel_edges >= up_fuel_limit)
                up_fuel_run_out(frame);
}

#endif
