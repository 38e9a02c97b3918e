/*
 * facts - what explains the end of a recipient: verdicts, replies, attempts, time, limits
 *
 * A walk through a ledger takes entry after entry, and can ask at any of them what policy allows by
 * now. Where a pipeline may have seen something or not, because it came late or the process died,
 * the pipeline gets the benefit of the doubt: it explains what it would explain, and forbids
 * nothing.
 *
 *     struct up_facts facts;
 *
 *     up_facts_init(&facts, index);
 *     for (guint at = 0; at < index->ledger->entries->len; at++)
 *             up_facts_take(&facts, at);
 *     up_facts_clear(&facts);
 */
#ifndef UP_ORACLE_FACTS_H
#define UP_ORACLE_FACTS_H

#include "oracle/oracles.h"

/** Of a message, so far. Arrays are by enum up_level. */
struct up_message_facts {
        unsigned scans[2];                         /* requested */
        const struct up_index_request *last[2];    /* the latest request */
        enum up_verdict verdict[2];                /* the last that came in time; NONE: none */
        const struct up_index_request *decided[2]; /* what it answers */
        unsigned decided_restarts[2];              /* restarts before it */
        unsigned doubtful[2];                      /* set of 1 << verdict: those out of time */
        unsigned born_restarts, born_signatures;   /* how many there were before it */
        bool is_measured;                          /* the rest is known */
        bool is_beyond, is_looping, is_8bit; /* beyond a limit, for too many hops, not ASCII */
};

/** Of a recipient, so far. */
struct up_recipient_facts {
        unsigned sends;                                 /* transactions requested */
        const struct up_index_request *last;            /* the latest */
        bool is_rejected;                               /* a reply said so */
        const struct up_index_change *current, *before; /* the two latest changes; NULL: none yet */
};

struct up_facts {
        const struct up_ledger_index *index;
        struct up_message_facts *messages;     /* by place */
        struct up_recipient_facts *recipients; /* by place */
        unsigned restarts, signatures;
        bool is_small_hop, is_ascii_hop; /* the next hop was once without an extension */
};

void up_facts_init(struct up_facts *facts, const struct up_ledger_index *index);
void up_facts_clear(struct up_facts *facts);

/** Takes the next entry. */
void up_facts_take(struct up_facts *facts, guint at);

/** Did the scanner say so, for sure or perhaps? */
bool up_facts_has(const struct up_facts *facts, const struct up_index_message *message,
    enum up_level level, enum up_verdict verdict);

/** Is the last verdict certain, and clean? */
bool up_facts_is_clean(
    const struct up_facts *facts, const struct up_index_message *message, enum up_level level);

/** Is its lifetime over at the entry? */
bool up_facts_is_expired(const struct up_index_message *message, const struct up_entry *entry);

/**
 * May the pipeline have given up on a verdict at the entry: by verdict, by a limit, after the last
 * attempt, or at the end of the lifetime? False for a message that is not to be scanned.
 */
bool up_facts_is_unscannable(struct up_facts *facts, const struct up_index_message *message,
    enum up_level level, const struct up_entry *entry);

/** May the pipeline have given up on delivery at the entry: by a reply, attempts, time, a loop, or
 * because the next hop cannot take it? */
bool up_facts_is_undeliverable(struct up_facts *facts, const struct up_index_recipient *recipient,
    const struct up_entry *entry);

/** Was something definite said of the recipient or its message: a verdict other than clean, a
 * rejection, a limit, a loop, or that the next hop cannot take it? */
bool up_facts_is_condemned(struct up_facts *facts, const struct up_index_recipient *recipient);

#endif
