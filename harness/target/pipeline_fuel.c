#include "target/pipeline_fuel.h"

#include "target/fuel.h"

/*
 * Measured on all seeds and regressions of scan_submit (`make fuel`): some ten times the most that
 * the call took for each byte, and as a start some ten times what the smallest took. Reading has
 * what the targets mime and smime have together.
 */
#define START 1000000
static const struct {
        const char *name;
        struct up_fuel_budget budget;
} rows[UP_HOOK_COUNT] = {
        [UP_HOOK_OPEN] = { "open", { START, 0 } },
        [UP_HOOK_CLOSE] = { "close", { START, 10 } },
        [UP_HOOK_SUBMIT] = { "submit", { START, 150 } },
        [UP_HOOK_SCANNED] = { "scanned", { START, 400 } },
        [UP_HOOK_SENT] = { "sent", { START, 400 } },
        [UP_HOOK_RUN] = { "run", { START, 500 } },
        [UP_HOOK_NEXT] = { "next_ms", { START, 10 } },
        [UP_HOOK_EACH] = { "each", { START, 10 } },
        [UP_HOOK_DIGEST] = { "digest", { START, 20 } },
        [UP_HOOK_COMMAND] = { "command", { START, 400 } },
        [UP_HOOK_RELOAD] = { "reload", { START, 10 } },
        [UP_HOOK_SIGNATURES] = { "signatures", { START, 20 } },
        [UP_HOOK_RESTART] = { "restart", { START, 400 } },
        [UP_HOOK_SCAN] = { "reading for the scanner", { 1000000000, 300000 } },
        [UP_HOOK_WORLD] = { "the world", { 0, 0 } },
};

static void before(enum up_hook hook, uint64_t bytes)
{
        up_fuel_push(rows[hook].name, &rows[hook].budget, bytes);
}

const struct up_hooks up_pipeline_fuel = { .before = before, .after = up_fuel_pop };
