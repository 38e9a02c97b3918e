/*
 * trace - formats a run as text to read
 */
#ifndef UP_LEDGER_TRACE_H
#define UP_LEDGER_TRACE_H

#include <stddef.h>

#include "ledger/index.h"

/** A line that is put into a trace. */
struct up_trace_mark {
        guint entry;      /* before this one */
        const char *text; /* "critical step: …" */
};

/**
 * The trace of a run in virtual time, in lines of at most @columns (at least 60): what the script
 * did, what was requested, answered and logged, and how recipients changed. Of steps that repeat,
 * the first three rounds and the last are shown, and the number of those in between. @marks, sorted
 * by entry, are inserted; those past the last entry come at the end. The result is UTF-8 that is
 * safe on a terminal, whatever a message holds. The caller owns it.
 */
char *up_ledger_trace(const struct up_ledger_index *index, unsigned columns,
    const struct up_trace_mark *marks, size_t mark_count);

#endif
