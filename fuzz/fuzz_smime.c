/*
 * smime - every signed and encrypted entity of the message through OpenSSL, on its raw bytes, at
 * the case's own time. The script is not played, but for its lack of memory: each `allocation` is
 * one more look at the message, as the scanner's would be.
 */
#include "target/target.h"
#include "cms/smime.h"

/* Of a long script, only what stands among its first events: each costs three looks. */
#define EVENTS_MOST 8

static void examine(
    const struct up_case *c, const struct up_target_input *input, struct up_case_result *result)
{
        (void)input;
        up_smime_examine(c->message, &result->observed);
        for (guint i = 0; i < MIN(c->script->len, EVENTS_MOST); i++) {
                const struct up_event *event = g_ptr_array_index(c->script, i);
                if (up_event_id(event) == UP_VERB_ALLOCATION)
                        up_smime_examine_failing(c->message, &result->observed,
                            g_ascii_strtoull(event->words[0], NULL, 10));
        }
}

const struct up_target up_target = {
        .name = "smime",
        .examine = examine,
        .linear = true,
        .fuel = { 1000000000, 280000 },
};
