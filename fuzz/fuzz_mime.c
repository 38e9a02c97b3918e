/*
 * mime - the message through GMime: parsed, every accessor called, decoded by several decoders,
 * changed as gateways change it, written out and parsed again.
 */
#include "target/target.h"
#include "gmime/mime.h"

static void examine(
    const struct up_case *c, const struct up_target_input *input, struct up_case_result *result)
{
        (void)input;
        up_mime_examine(c->message, &result->observed);
}

const struct up_target up_target = {
        .name = "mime", .examine = examine, .fuel = { 5000000, 20000 }, .linear = true
};
