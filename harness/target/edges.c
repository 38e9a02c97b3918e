/*
 * edges - what the compiler calls at each edge of the code
 *
 * Clang's -fsanitize-coverage=trace-pc-guard, gcc's trace-pc. A program that this file is linked
 * with counts; it is compiled without either, and without sanitizers, for it is called everywhere.
 */
#include "target/fuel.h"

void __sanitizer_cov_trace_pc_guard_init(uint32_t *start, uint32_t *stop);
void __sanitizer_cov_trace_pc_guard(uint32_t *guard);
void __sanitizer_cov_trace_pc(void);

extern const bool up_fuel_is_counted;
const bool up_fuel_is_counted = true;

void __sanitizer_cov_trace_pc_guard_init(uint32_t *start, uint32_t *stop)
{
        (void)start;
        (void)stop;
}

void __sanitizer_cov_trace_pc_guard(uint32_t *guard)
{
        (void)guard;
        up_fuel_edge(__builtin_frame_address(0));
}

void __sanitizer_cov_trace_pc(void)
{
        up_fuel_edge(__builtin_frame_address(0));
}
