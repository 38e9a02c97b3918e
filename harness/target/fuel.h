/*
 * fuel - hangs without a clock: work is counted in edges of the code, and bounded
 *
 * A case or a call that was given so many bytes may take so many edges. What has not come back by
 * then hangs, on any machine and under any load. Edges are counted in our own code, in GMime and in
 * OpenSSL, in builds whose compiler calls us at each (edges.c: the flavours fuel and fuel-gcc); in
 * any other build nothing is counted and nothing runs out. GLib and the C library are not counted:
 * a loop inside them that calls nothing of these three is for the watchdog (tools/child.h).
 *
 * Out of fuel means the end of the process, with a line "unpend: out of fuel: ..." on standard
 * error and SIGABRT, on which a sanitizer prints the stack. That is not where the fuel ran out,
 * which chance decides, but in the loop: the function is found to which all the others return.
 */
#ifndef UP_TARGET_FUEL_H
#define UP_TARGET_FUEL_H

#include <stdbool.h>
#include <stdint.h>

/** A start, and so much for each byte that was given. Zeroes: as much as it wants. */
struct up_fuel_budget {
        uint64_t start;
        uint64_t each_byte;
};

/** Does this build count at all? */
bool up_fuel_counts(void);

/**
 * A case of @bytes begins: nothing was spent yet. Up to its end everything that is counted is the
 * case's, whatever call it belongs to. @what is not copied.
 */
void up_fuel_begin(const char *what, const struct up_fuel_budget *budget, uint64_t bytes);

/** The case ends. Returns what it has spent. */
uint64_t up_fuel_end(void);

/** A call under way. */
struct up_fuel_call {
        const char *what;
        uint64_t left; /* of its own fuel */
};

/**
 * Inside the case a call begins, with fuel of its own: until it returns nothing is spent of the
 * fuel of the call that it was made from. Returns that one, for up_fuel_return(). @what is not
 * copied.
 */
struct up_fuel_call up_fuel_call(
    const char *what, const struct up_fuel_budget *budget, uint64_t bytes);
void up_fuel_return(struct up_fuel_call outer);

/** For edges.c: one edge more, in the function whose frame lies above @frame. */
extern uint64_t up_fuel_edges, up_fuel_most;
void up_fuel_out(const void *frame);
static inline void up_fuel_edge(const void *frame)
{
        if (++up_fuel_edges >= up_fuel_most)
                up_fuel_out(frame);
}

#endif
