/*
 * scanner - a table of manners; what is in a message is for readings.c to say
 */
#include "world/scanner.h"

#include <string.h>

#include "case/latency.h"

/* One way of treating a message. All zero is what a healthy scanner does, but for the answers. */
static const struct manner {
        const char *name;
        unsigned answers;
        bool scripted; /* the verdict is given here, whatever the content is */
        enum up_verdict verdict;
        uint32_t code;
        bool late;
        bool other;
} manners[] = {
        { .name = "by-content", .answers = 1 },
        { .name = "clean", .answers = 1, .scripted = true, .verdict = UP_VERDICT_CLEAN },
        { .name = "infected", .answers = 1, .scripted = true, .verdict = UP_VERDICT_INFECTED },
        { .name = "unscannable",
            .answers = 1,
            .scripted = true,
            .verdict = UP_VERDICT_UNSCANNABLE },
        { .name = "rewritten", .answers = 1, .scripted = true, .verdict = UP_VERDICT_REWRITTEN },
        { .name = "busy",
            .answers = 1,
            .scripted = true,
            .verdict = UP_VERDICT_NONE,
            .code = UP_SCANNER_BUSY },
        { .name = "error",
            .answers = 1,
            .scripted = true,
            .verdict = UP_VERDICT_NONE,
            .code = UP_SCANNER_ERROR },
        { .name = "died",
            .answers = 1,
            .scripted = true,
            .verdict = UP_VERDICT_NONE,
            .code = UP_SCANNER_DIED },
        { .name = "no-verdict", .answers = 1, .scripted = true, .verdict = UP_VERDICT_NONE },
        { .name = "never" },
        { .name = "late", .answers = 1, .late = true },
        { .name = "twice", .answers = 2 },
        { .name = "other", .answers = 1, .other = true },
};

#define UNSET   -1
#define HEALTHY 0

void up_scanner_init(struct up_scanner *scanner, struct up_readings *readings)
{
        scanner->readings = readings;
        up_scanner_heal(scanner);
}

void up_scanner_heal(struct up_scanner *scanner)
{
        for (size_t i = 0; i < G_N_ELEMENTS(scanner->manners); i++)
                scanner->manners[i] = UNSET;
        scanner->failing = 0;
}

void up_scanner_set(struct up_scanner *scanner, unsigned number, const char *manner)
{
        g_assert(number < G_N_ELEMENTS(scanner->manners));

        for (size_t i = 0; i < G_N_ELEMENTS(manners); i++) {
                if (strcmp(manners[i].name, manner) == 0) {
                        scanner->manners[number] = (int)i;
                        return;
                }
        }
        g_assert_not_reached(); /* the verb has a choice that the table has not */
}

void up_scanner_starve(struct up_scanner *scanner, uint64_t failing)
{
        scanner->failing = failing;
}

static void read_content(struct up_scanner *scanner, GBytes *bytes, struct up_scanner_plan *plan)
{
        struct up_found reading = up_readings_read(scanner->readings, bytes, scanner->failing);

        plan->verdict = reading.verdict;
        plan->reason = reading.reason;
        plan->code = reading.code;
        if (reading.verdict == UP_VERDICT_NONE)
                plan->starved_at = scanner->failing;
        scanner->failing = 0;
}

struct up_scanner_plan up_scanner_ask(
    struct up_scanner *scanner, unsigned number, GBytes *bytes, int64_t timeout_ms)
{
        g_assert(number < G_N_ELEMENTS(scanner->manners));

        int row =
            scanner->manners[number] != UNSET ? scanner->manners[number] : scanner->manners[0];
        const struct manner *manner = &manners[row != UNSET ? row : HEALTHY];
        int64_t first_ms = manner->late ? timeout_ms + UP_WORLD_LATE_MS : UP_WORLD_SCAN_MS;
        struct up_scanner_plan plan = {
                .answers = manner->answers,
                .after_ms = { first_ms, first_ms + UP_WORLD_SCAN_MS },
                .verdict = manner->verdict,
                .code = manner->code,
                .other = manner->other,
        };

        if (plan.answers > 0 && !manner->scripted)
                read_content(scanner, bytes, &plan);
        return plan;
}
