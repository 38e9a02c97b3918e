/*
 * feedback - each way of waiting is hashed to the place of its counter
 *
 * Two ways that share a place are one to the fuzzer: with 2^15 places and some hundreds of ways
 * that is rare and loses little. The hash is of names, not of numbers of states, so that it works
 * with any pipeline's states.
 *
 * libFuzzer finds the section by its name (works with clang 14). It must be written before the run
 * ends and must not be instrumented, which arrays in a section of their own never are.
 *
 * AFL++ has one map, as large as there are guards: words in a section that the compiler fills, one
 * for each edge, into which AFL++'s runtime writes the edge's place in the map before main() runs.
 * Words of ours in that section get places of their own; for that this file must not be
 * instrumented. In other flavours the guards stay 0, and there is no map.
 */
#include "target/feedback.h"

#include <stddef.h>
#include <string.h>

#include "fnv.h"

__attribute__((section("__libfuzzer_extra_counters"))) static uint8_t counters[UP_FEEDBACK_PLACES];

/* Volatile, as the compiler does not see them written. */
__attribute__((section("__sancov_guards"))) static volatile uint32_t guards[UP_FEEDBACK_PLACES];

/* The transitions seen since the process began, each a bit. */
static uint64_t transitions[UP_FEEDBACK_WORDS];

/* Of AFL++'s runtime; absent without it. */
extern uint8_t *__afl_area_ptr __attribute__((weak));

/* --- a way of waiting ------------------------------------------------------------------------- */

/* Only the magnitude of a number counts, or every input would be new. */
static uint64_t mix_magnitude(uint64_t hash, uint64_t number)
{
        return up_fnv_byte(hash, number == 0 ? 0 : (uint8_t)(64 - __builtin_clzll(number)));
}

static void set(uint64_t hash)
{
        size_t place = (hash ^ (hash >> 32)) % UP_FEEDBACK_PLACES;

        counters[place] = 1;
        if (&__afl_area_ptr != NULL && guards[place] != 0)
                __afl_area_ptr[guards[place]] = 1;
}

static void add_transition(uint64_t hash)
{
        size_t bit = (hash ^ (hash >> 32)) % (64 * UP_FEEDBACK_WORDS);

        transitions[bit / 64] |= UINT64_C(1) << bit % 64;
}

void up_feedback_step(const char *machine, const char *from, const char *to, uint64_t left)
{
        uint64_t hash = up_fnv_text(up_fnv_text(up_fnv_text(UP_FNV_BASIS, machine), from), to);

        set(mix_magnitude(hash, left));
        if (strcmp(from, to) != 0)
                add_transition(hash);
}

void up_feedback_transitions(uint64_t seen[UP_FEEDBACK_WORDS])
{
        for (size_t i = 0; i < UP_FEEDBACK_WORDS; i++)
                seen[i] |= transitions[i];
}

/* --- from a ledger ---------------------------------------------------------------------------- */

/* The last view of a recipient, and when it first had a disposition; -1: never. */
struct outcome {
        const struct up_view *view;
        int64_t final_ms;
};

static struct outcome *read_outcomes(const struct up_ledger_index *index)
{
        struct outcome *outcomes = g_new0(struct outcome, index->recipients->len + 1);

        for (guint i = 0; i < index->recipients->len; i++)
                outcomes[i].final_ms = -1;
        for (guint at = 0; at < index->ledger->entries->len; at++) {
                const struct up_entry *entry = up_index_entry(index, at);

                if (entry->kind != UP_ENTRY_VIEW)
                        continue;
                struct outcome *outcome = &outcomes[index->subjects[at].recipient->place];
                if (outcome->view != NULL)
                        up_feedback_step("pipeline", outcome->view->state, entry->as.view.state, 0);
                outcome->view = &entry->as.view;
                if (outcome->final_ms < 0 && outcome->view->disposition != UP_DISPOSITION_NONE)
                        outcome->final_ms = entry->at_ms;
        }
        return outcomes;
}

void up_feedback_ledger(const struct up_ledger_index *index)
{
        guint entries = index->ledger->entries->len;
        int64_t end_ms = entries > 0 ? up_index_entry(index, entries - 1)->at_ms : 0;
        g_autofree struct outcome *outcomes = read_outcomes(index);
        int64_t longest_ms = 0;

        for (guint i = 0; i < index->recipients->len; i++) {
                guint born = up_index_recipient(index, i)->message->born;
                int64_t until_ms = outcomes[i].final_ms >= 0 ? outcomes[i].final_ms : end_ms;
                longest_ms = MAX(longest_ms, until_ms - up_index_entry(index, born)->at_ms);
        }
        for (guint i = 0; i < index->recipients->len; i++) {
                const struct up_index_message *message = up_index_recipient(index, i)->message;
                uint8_t verdict = 0;

                if (message->last_scanned != UP_NOWHERE)
                        verdict = (uint8_t)(up_index_entry(index, message->last_scanned)
                                                ->as.scan.answer.verdict +
                                            1);
                uint64_t hash = up_fnv_text(UP_FNV_BASIS, outcomes[i].view->state);
                hash = up_fnv_byte(hash, verdict);
                hash = mix_magnitude(hash, message->attempts);
                hash = mix_magnitude(hash, (uint64_t)longest_ms);
                set(up_fnv_byte(hash, (uint8_t)outcomes[i].view->disposition));
        }
}

const uint8_t *up_feedback_counters(void)
{
        return counters;
}

unsigned up_feedback_count(void)
{
        unsigned count = 0;

        for (size_t i = 0; i < UP_FEEDBACK_PLACES; i++)
                count += counters[i] != 0;
        return count;
}
