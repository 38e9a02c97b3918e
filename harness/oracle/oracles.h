/*
 * oracles - functions that oracles share; the list of them is UP_ORACLES in judge.h
 */
#ifndef UP_ORACLE_ORACLES_H
#define UP_ORACLE_ORACLES_H

#include "oracle/judge.h"

/** Must it come to a final disposition? Notices must as well as accepted messages. */
static inline bool up_is_promised(const struct up_index_message *message)
{
        return message->accepted || message->parent_id != 0;
}

/** Has the recipient no disposition? */
static inline bool up_is_unfinished(const struct up_index_change *change)
{
        return !change->gone && change->view->disposition == UP_DISPOSITION_NONE;
}

/** Is it unfinished, or delivered and undecided whether it can be read? */
bool up_is_waiting(const struct up_index_change *change);

/** The result of an answered transaction for the recipient at a place of its SEND. */
enum up_outcome up_outcome_of(
    const struct up_entry *send, const struct up_entry *sent, unsigned place);

/** Room for one worker to work on all recipients of a run in turn, in a healthy environment. */
int64_t up_turns_ms(const struct up_ledger_index *index);

/** For texts; "unknown state" where the pipeline gives none, or @change is NULL. */
const char *up_state_of(const struct up_index_change *change);
const char *up_disposition_of(const struct up_index_change *change);

/** `recipient 0 (v@example.com) of message 1`, without @recipient `message 1`. Caller owns. */
char *up_describe_subject(
    const struct up_index_message *message, const struct up_index_recipient *recipient);

/**
 * Appends a finding about a recipient, or with @recipient NULL about the message, which may be NULL
 * as well, and returns it so that more can be filled in. The detail is printf-style; the subject is
 * put before it.
 */
struct up_finding *up_report(const struct up_ledger_index *index, GPtrArray *findings,
    enum up_class class, const struct up_index_message *message,
    const struct up_index_recipient *recipient, guint shown_at, const char *signature,
    const char *detail_format, ...) G_GNUC_PRINTF(8, 9);

#endif
