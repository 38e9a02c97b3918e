/*
 * outage - how many recipients an outage of scanner or next hop made bounce, and how soon
 *
 * That is what policy asks for, so it is no finding. But after few attempts in a row an outage of
 * some hours becomes a mass bounce, which whoever sets the policy should see.
 */
#ifndef UP_ORACLE_OUTAGE_H
#define UP_ORACLE_OUTAGE_H

#include <stdint.h>

#include "ledger/index.h"

struct up_outage {
        uint64_t bounced;    /* recipients of submitted messages */
        int64_t earliest_ms; /* the shortest time from submission to bounce; 0 if none bounced */
};

/** Counts the recipients that bounced although nothing definite was said of them: no verdict but
 * clean, no rejection, and no limit. */
struct up_outage up_outage_of(const struct up_ledger_index *index);

#endif
