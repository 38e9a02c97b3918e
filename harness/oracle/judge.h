/*
 * judge - the oracles: each a function of what was seen in a case's runs, and its findings
 *
 * Each oracle is a row of up_oracle_rows: the class that it finds, what it judges, and the
 * function. It counts how often it had something to judge. An oracle that is never asked has proved
 * nothing, so the gate fails on a count of zero.
 *
 * An oracle must not speak of what a good pipeline may do. So what a dead process says is not
 * heard, an answer that comes after its time-out binds nobody, and where a pipeline cannot tell
 * enough to know, it is believed.
 */
#ifndef UP_ORACLE_JUDGE_H
#define UP_ORACLE_JUDGE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "ledger/ledger.h"
#include "oracle/finding.h"

struct up_account; /* account.h */
struct up_accounts;

/** A case's runs. Each may be NULL, but the first. */
struct up_runs {
        const struct up_ledger *baseline; /* no heal */
        const struct up_ledger *repeat;   /* the same once more */
        const struct up_ledger *healed;
        const struct up_ledger *healthy;
        const struct up_ledger
            *no_clock_jumps; /* without jumps of the wall clock; NULL: it never jumps */
};

struct up_judgement {
        GPtrArray *findings; /* of struct up_finding, owned by whoever made the array */
        uint64_t *judged;    /* by oracle, UP_ORACLES of them; what is judged is added */
};

/** Judges either each run by itself, or some of them beside each other. */
struct up_oracle_row {
        const char *name; /* "pending/no-progress", "lost": the class, and the evidence if any */
        enum up_class class;
        enum up_evidence evidence; /* of UP_CLASS_PENDING; else UP_EVIDENCE_NONE */
        unsigned needs;            /* capabilities, a set of enum up_capability */
        const char *what;          /* what it has to judge: one line for help */

        /* Both append to @findings and return how many things they judged. One is NULL. */
        uint64_t (*judge)(const struct up_account *account, GPtrArray *findings);
        uint64_t (*compare)(const struct up_accounts *accounts, GPtrArray *findings);
};

#define UP_ORACLES 21
extern const struct up_oracle_row up_oracle_rows[UP_ORACLES];

/**
 * Asks every oracle whose needs the pipeline of the run has. Each run but `again` is judged by
 * itself. Appends the findings: of several `pending` about one recipient only the one with the
 * strongest evidence, of several of one class and signature only the first. The entries that a
 * finding names are those of `baseline`; one that only another run shows names none, and its
 * detail says which run it was.
 */
void up_judge(const struct up_runs *runs, struct up_judgement *judgement);

#endif
