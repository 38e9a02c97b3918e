/*
 * feedback - a hash of each way of waiting is the place of its counter
 *
 * Two ways that share a place are one to the fuzzer: with 2^15 places and some hundreds of ways
 * that is rare, and loses little. The hash is of names, not of numbers of states, so that any
 * pipeline's own words will do.
 *
 * libFuzzer finds the section by its name (works with clang 14); it must be written to before the
 * run ends, and not be instrumented, which arrays in a section of one's own never are.
 *
 * AFL++ has one map for all, made as large as there are guards: words in a section that the
 * compiler fills, one for each edge, in which AFL++'s runtime writes the edge's place in the map
 * before main() runs. Words of ours in that section get places of their own. For that this file
 * alone is compiled without instrumentation there. In other flavours nobody numbers them, and there
 * is no map.
 */
#include "target/feedback.h"

#include <stddef.h>
#include <string.h>

#include "fnv.h"

#define PLACES 32768 /* a power of two */

__attribute__((section("__libfuzzer_extra_counters"))) static uint8_t counters[PLACES];

__attribute__((section("__sancov_guards"))) static uint32_t guards[PLACES];

/* The steps that were seen since the process began, each a bit. */
static uint64_t transitions[UP_FEEDBACK_WORDS];

/* Of AFL++'s runtime; absent without it. */
extern uint8_t *__afl_area_ptr __attribute__((weak));

/* --- a way of waiting ------------------------------------------------------------------------- */

/* Of a number only its magnitude counts, or every input would be a new one. */
static uint64_t mix_magnitude(uint64_t hash, uint64_t number)
{
        return up_fnv_byte(hash, number == 0 ? 0 : (uint8_t)(64 - __builtin_clzll(number)));
}

static void set(uint64_t hash)
{
        size_t place = (hash ^ (hash >> 32)) % PLACES;

        counters[place] = 1;
        if (&__afl_area_ptr != NULL && guards[place] != 0)
                __afl_area_ptr[guards[place]] = 1;
}

static void see_transition(uint64_t hash)
{
        size_t bit = (hash ^ (hash >> 32)) % (64 * UP_FEEDBACK_WORDS);

        transitions[bit / 64] |= UINT64_C(1) << bit % 64;
}

void up_feedback_step(const char *machine, const char *from, const char *to, uint64_t left)
{
        uint64_t hash = up_fnv_text(up_fnv_text(up_fnv_text(UP_FNV_BASIS, machine), from), to);

        set(mix_magnitude(hash, left));
        if (strcmp(from, to) != 0)
                see_transition(hash);
}

void up_feedback_transitions(uint64_t seen[UP_FEEDBACK_WORDS])
{
        for (size_t i = 0; i < UP_FEEDBACK_WORDS; i++)
                seen[i] |= transitions[i];
}

/* --- out of a ledger -------------------------------------------------------------------------- */

/* What is known of one message. */
struct message {
        int64_t accepted_ms;
        unsigned attempts; /* scans and transactions that were begun */
        int verdict;       /* the last one; -1: none yet */
};

/* What is known of one recipient of it. */
struct recipient {
        const struct up_view *view; /* the last one */
        int64_t final_ms;           /* when it had a disposition; -1: not yet */
};

struct reading {
        GHashTable *messages;   /* by up_id: struct message */
        GHashTable *recipients; /* by key_of(): struct recipient */
        GPtrArray *order;       /* the recipients, as they were first seen */
};

static struct message *message_of(const struct reading *reading, up_id id, int64_t now_ms)
{
        struct message *message = g_hash_table_lookup(reading->messages, &id);

        if (message == NULL) {
                up_id *key = g_new(up_id, 1);
                *key = id;
                message = g_new0(struct message, 1);
                message->accepted_ms = now_ms;
                message->verdict = -1;
                g_hash_table_insert(reading->messages, key, message);
        }
        return message;
}

static struct recipient *recipient_of(const struct reading *reading, const struct up_view *view)
{
        g_autofree char *key =
            g_strdup_printf("%" G_GUINT64_FORMAT "/%u", view->message, view->recipient);
        struct recipient *recipient = g_hash_table_lookup(reading->recipients, key);

        if (recipient == NULL) {
                recipient = g_new0(struct recipient, 1);
                recipient->final_ms = -1;
                g_hash_table_insert(reading->recipients, g_steal_pointer(&key), recipient);
                g_ptr_array_add(reading->order, recipient);
        }
        return recipient;
}

static void read_view(const struct reading *reading, const struct up_entry *entry)
{
        const struct up_view *view = &entry->as.view;
        struct recipient *recipient = recipient_of(reading, view);

        message_of(reading, view->message, entry->at_ms);
        if (recipient->view != NULL)
                up_feedback_step("pipeline", recipient->view->state, view->state, 0);
        recipient->view = view;
        if (recipient->final_ms < 0 && view->disposition != UP_DISPOSITION_NONE)
                recipient->final_ms = entry->at_ms;
}

static void read_entry(const struct reading *reading, const struct up_entry *entry)
{
        switch (entry->kind) {
        case UP_ENTRY_VIEW:
                read_view(reading, entry);
                break;
        case UP_ENTRY_SCAN:
        case UP_ENTRY_SEND:
                message_of(reading, entry->message, entry->at_ms)->attempts++;
                break;
        case UP_ENTRY_SCANNED:
                message_of(reading, entry->message, entry->at_ms)->verdict =
                    (int)entry->as.scan.answer.verdict;
                break;
        default:
                break;
        }
}

static int64_t waited_ms(
    const struct recipient *recipient, const struct message *message, int64_t end_ms)
{
        int64_t until_ms = recipient->final_ms >= 0 ? recipient->final_ms : end_ms;

        return MAX(until_ms - message->accepted_ms, 0);
}

static int64_t longest_wait_ms(const struct reading *reading, int64_t end_ms)
{
        int64_t longest_ms = 0;

        for (guint i = 0; i < reading->order->len; i++) {
                const struct recipient *recipient = g_ptr_array_index(reading->order, i);
                longest_ms = MAX(
                    longest_ms, waited_ms(recipient,
                                    message_of(reading, recipient->view->message, end_ms), end_ms));
        }
        return longest_ms;
}

static void set_recipients(const struct reading *reading, int64_t end_ms)
{
        int64_t longest_ms = longest_wait_ms(reading, end_ms);

        for (guint i = 0; i < reading->order->len; i++) {
                const struct recipient *recipient = g_ptr_array_index(reading->order, i);
                const struct message *message =
                    message_of(reading, recipient->view->message, end_ms);
                uint64_t hash = up_fnv_text(UP_FNV_BASIS, recipient->view->state);
                hash = up_fnv_byte(hash, (uint8_t)(message->verdict + 1));
                hash = mix_magnitude(hash, message->attempts);
                hash = mix_magnitude(hash, (uint64_t)longest_ms);
                set(up_fnv_byte(hash, (uint8_t)recipient->view->disposition));
        }
}

void up_feedback_ledger(const struct up_ledger *ledger)
{
        g_autoptr(GHashTable) messages =
            g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
        g_autoptr(GHashTable) recipients =
            g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        g_autoptr(GPtrArray) order = g_ptr_array_new();
        const struct reading reading = { messages, recipients, order };

        for (guint i = 0; i < ledger->entries->len; i++)
                read_entry(&reading, up_ledger_at(ledger, i));
        if (ledger->entries->len > 0)
                set_recipients(&reading, up_ledger_at(ledger, ledger->entries->len - 1)->at_ms);
}

unsigned up_feedback_count(void)
{
        unsigned count = 0;

        for (size_t i = 0; i < PLACES; i++)
                count += counters[i] != 0;
        return count;
}
