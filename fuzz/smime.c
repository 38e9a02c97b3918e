/*
 * smime - every signed and encrypted entity of the message through OpenSSL, on its raw bytes, at
 * the case's own time.
 */
#include "fuzz/target.h"
#include "mail/smime.h"

static void examine(const struct up_case *c, struct up_examination *examination)
{
        up_smime_examine(c->message, &examination->exam);
}

const struct up_target up_target = { .name = "smime", .examine = examine };
