/*
 * faults - the table
 *
 * Each sick pipeline is made once a process, from parts of the reference with something replaced.
 */
#include "faults/faults.h"

#include <string.h>

#include "scan_submit/scan_submit.h"

/* --- kb843545 --------------------------------------------------------------------------------- */

/*
 * The scanner is healthy, and has answered. For clear-signed mail of a local user the store's own
 * scan client loses the verdict on the way and reports success, error code 0x0. An opaque or an
 * encrypted message, and mail by SMTP, never goes through that piece of code.
 */
static struct up_client_reading lose_verdict(
    const struct up_client_question *question, const struct up_scan_answer *answer)
{
        if (question->level == UP_LEVEL_TRANSPORT && question->origin == UP_ORIGIN_LOCAL &&
            question->look.protection == UP_PROTECTION_CLEAR_SIGNED)
                return (struct up_client_reading){ UP_CONTENT_NO_VERDICT, 0 };
        return up_client_read(question, answer);
}

/*
 * Success without a verdict is taken for "retry later", and the message for one that was just
 * taken in: no attempt is counted, and the lifetime begins anew.
 */
static const struct up_pipeline *kb843545(void)
{
        static struct up_machine machine;
        static const struct up_scan_submit_parts parts = { &machine, lose_verdict };
        static struct up_pipeline pipeline;

        if (pipeline.name == NULL) {
                machine = up_machine;
                machine.content[UP_CONTENT_SCANNING][UP_CONTENT_NO_VERDICT] =
                    (struct up_content_row){ true, UP_CONTENT_SCAN_WAIT,
                            UP_DO_ARM_RETRY | UP_DO_ARM_EXPIRY | UP_DO_LOG_RETRY };
                pipeline = up_scan_submit_with("kb843545", &parts);
        }
        return &pipeline;
}

/* --- the table -------------------------------------------------------------------------------- */

const struct up_fault_row up_fault_rows[UP_FAULTS] = {
        { "kb843545",
            "the pipeline's own scan client loses the verdict on clear-signed mail of local users, "
            "success and error code 0x0; that is taken for \"retry later\" with neither an attempt "
            "nor the lifetime counted",
            "Microsoft KB843545, KB842801; Exchange Server 2003, event 348", kb843545 },
};

const struct up_fault_row *up_fault_find(const char *name)
{
        for (size_t i = 0; i < UP_FAULTS; i++)
                if (strcmp(up_fault_rows[i].name, name) == 0)
                        return &up_fault_rows[i];
        return NULL;
}
