/*
 * judge - the oracles: each reads what was seen in a case's runs and reports broken promises
 *
 * An oracle is one function in this folder and one row of UP_ORACLES. It counts how often it had
 * something to judge: one that never had has proved nothing, so the gate fails on a count of zero.
 *
 * An oracle must not report what a good pipeline may do. So views of a dead process do not count,
 * an answer after its time-out requires no reaction, and where a pipeline cannot report
 * enough to be sure, it gets the benefit of the doubt.
 */
#ifndef UP_ORACLE_JUDGE_H
#define UP_ORACLE_JUDGE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "ledger/index.h"
#include "oracle/finding.h"

/**
 * The oracles: those of one run, each called for each run of a case but the repeated one, and those
 * that compare runs.
 *
 *     ROW(function, name: its class and the evidence if any, class, evidence, capabilities needed,
 *         what it judges, its canary: a row of faults/mock.c)
 */
/* clang-format off */
#define UP_ORACLES(OF_RUN, OF_RUNS)                                                                \
        OF_RUN(judge_changes, "harness/changes", HARNESS, NONE, UP_CAN_CHANGES,                    \
            "recipients at the end of a run, and whether each change was named",                   \
            "unnamed-change")                                                                      \
        OF_RUN(judge_unowned, "pending/unowned", PENDING, UNOWNED, UP_CAN_OWNER,                   \
            "waiting recipients, and what will move each of them on", "no-retry-time")             \
        OF_RUN(judge_no_progress, "pending/no-progress", PENDING, NO_PROGRESS, UP_CAN_RANK,        \
            "answers, timers and changes, and the rank after each", "uncounted-attempts")          \
        OF_RUN(judge_no_wakeup, "pending/no-wakeup", PENDING, NO_WAKEUP, 0,                        \
            "recipients when nothing more will happen", "no-time-out")                             \
        OF_RUN(judge_cycle, "pending/cycle", PENDING, CYCLE, UP_CAN_DIGEST,                        \
            "states after the script, compared with each other", "uncounted-attempts-digest")      \
        OF_RUN(judge_spin, "pending/spin", PENDING, SPIN, 0,                                       \
            "calls that the pipeline asked for", "ignored-time-out")                               \
        OF_RUN(judge_idle, "pending/idle", PENDING, IDLE, UP_CAN_ELIGIBILITY,                      \
            "recipients that could be worked on, and whether workers are idle",                    \
            "unqueued-for-minutes")                                                                \
        OF_RUN(judge_starved, "pending/starved", PENDING, STARVED, UP_CAN_ELIGIBILITY,             \
            "recipients that could be worked on, and how many overtake them", "newest-first")      \
        OF_RUN(judge_parked, "pending/parked", PENDING, PARKED, 0,                                 \
            "dispositions, and whether quarantine was asked for",                                       \
            "parked-without-verdict")                                                              \
        OF_RUN(judge_past_bound, "pending/past-bound", PENDING, PAST_BOUND, 0,                     \
            "recipients with a disposition, or past their bound", "uncounted-attempts-silent")     \
        OF_RUN(judge_lost, "lost", LOST, NONE, 0,                                                  \
            "accepted recipients, and every change of them", "dropped-rejection")                  \
        OF_RUN(judge_unopened, "lost/unopened", LOST, NONE, 0,                                     \
            "deposits that may be read",                                                           \
            "unopened-deposit")                                                                    \
        OF_RUN(judge_duplicate, "duplicate", DUPLICATE, NONE, 0,                                   \
            "transmissions that the next hop accepted", "sent-again")                              \
        OF_RUN(judge_delivered_infected, "delivered-infected", DELIVERED_INFECTED, NONE, 0,        \
            "verdicts that a message is infected", "all-verdicts-clean")                           \
        OF_RUN(judge_delivered_unscanned, "delivered-unscanned", DELIVERED_UNSCANNED, NONE, 0,     \
            "transactions with a message that policy wants scanned", "no-answer-clean")            \
        OF_RUN(judge_given_up, "delivered-unscanned/given-up", DELIVERED_UNSCANNED, NONE, 0,       \
            "releases of mail that policy delivers unscanned if need be",                          \
            "never-scanned")                                                                       \
        OF_RUN(judge_altered, "altered", ALTERED, NONE, 0,                                         \
            "transactions with a message that has a signed entity", "changed-line-ends")           \
        OF_RUN(judge_content, "altered/content", ALTERED, NONE, 0,                                 \
            "messages scanned or sent, and what was submitted", "cut-at-intake")                   \
        OF_RUN(judge_envelope, "altered/envelope", ALTERED, NONE, 0,                               \
            "transactions, and the envelopes that were submitted", "forgotten-sender")             \
        OF_RUN(judge_no_notice, "no-notice", NO_NOTICE, NONE, 0,                                   \
            "bounced recipients whose sender accepts notices", "unreported-bounce")                \
        OF_RUN(judge_notice_form, "no-notice/form", NO_NOTICE, NONE, 0,                            \
            "notices that were sent, and whether a program can read them", "eight-bit-notice")     \
        OF_RUN(judge_abandoned, "no-notice/abandoned", NO_NOTICE, NONE, 0,                         \
            "notices that ended, and how often they were sent", "notice-sent-once")                \
        OF_RUN(judge_reported, "stray/reported", STRAY, NONE, 0,                                   \
            "notices, and whether their recipients were delivered", "reported-delivery")           \
        OF_RUN(judge_notice_loop, "notice-loop", NOTICE_LOOP, NONE, 0,                             \
            "notices, and the messages that they report on", "notice-with-sender")                 \
        OF_RUN(judge_mail_loop, "mail-loop", MAIL_LOOP, NONE, 0,                                   \
            "copies that came back", "uncounted-hops")                                             \
        OF_RUN(judge_stray, "stray", STRAY, NONE, 0,                                               \
            "transactions and notices, and their recipients", "reported-infection")                 \
        OF_RUN(judge_unavailable, "unavailable", UNAVAILABLE, NONE, 0,                             \
            "submissions in a healthy environment",                                                \
            "refused-at-intake")                                                                   \
        OF_RUN(judge_late, "late", LATE, NONE, 0,                                                  \
            "recipients in a healthy environment, and how long they took",                         \
            "scanned-next-day")                                                                    \
        OF_RUN(judge_against_policy, "against-policy", AGAINST_POLICY, NONE, 0,                    \
            "dispositions and requests, and what policy says of them",                             \
            "discarded-for-quarantine")                                                            \
        OF_RUN(judge_outcome, "against-policy/outcome", AGAINST_POLICY, NONE, 0,                   \
            "transmissions that the next hop accepted, and the dispositions",                      \
            "bounced-delivery")                                                                    \
        OF_RUN(judge_disobeyed, "disobeyed", DISOBEYED, NONE, UP_CAN_COMMANDS,                     \
            "commands to hold or delete a message",                                                \
            "ignored-command")                                                                     \
        OF_RUN(judge_scanned_sent, "disagree/scanned-sent", DISAGREE, NONE, 0,                     \
            "transactions with a message that was scanned in transport", "footer-after-scan")      \
        OF_RUN(judge_scanned_stored, "disagree/scanned-stored", DISAGREE, NONE, 0,                 \
            "scans in the store, and what was deposited",                                          \
            "footer-in-store")                                                                     \
        OF_RUN(judge_reasons, "error-without-reason", ERROR_WITHOUT_REASON, NONE, 0,               \
            "failures in the event log", "log-code-0")                                             \
        OF_RUNS(compare_healing, "worse-when-healed", WORSE_WHEN_HEALED, NONE, UP_CAN_OWNER,       \
            "recipients that wait when the environment heals", "unqueued-retry")                    \
        OF_RUNS(compare_repeat, "nondeterministic", NONDETERMINISTIC, NONE, 0,                     \
            "cases that were run twice", "state-across-runs")                                      \
        OF_RUNS(compare_clock, "metamorphic", METAMORPHIC, NONE, 0,                                \
            "dispositions in a case whose wall clock jumps", "wall-clock-timer")
/* clang-format on */

#define UP_ORACLE_ID(function, ...) UP_ORACLE_##function,
enum up_oracle { UP_ORACLES(UP_ORACLE_ID, UP_ORACLE_ID) UP_ORACLE_COUNT };
#undef UP_ORACLE_ID

/** The ledgers of a case's runs, all but one with its index. Each may be NULL, but the first. */
struct up_runs {
        const struct up_ledger_index *baseline;
        const struct up_ledger *repeat; /* the same case again; has no index */
        const struct up_ledger_index *with_healing;
        const struct up_ledger_index *healthy;
        const struct up_ledger_index *no_clock_jumps; /* NULL if the script has no jumps */
};

/* The functions of the rows. They append to @findings and return how many things they judged. */
#define UP_ORACLE_OF_RUN(function, ...)                                                            \
        uint64_t up_##function(const struct up_ledger_index *index, GPtrArray *findings);
#define UP_ORACLE_OF_RUNS(function, ...)                                                           \
        uint64_t up_##function(const struct up_runs *runs, GPtrArray *findings);
UP_ORACLES(UP_ORACLE_OF_RUN, UP_ORACLE_OF_RUNS)
#undef UP_ORACLE_OF_RUN
#undef UP_ORACLE_OF_RUNS

struct up_oracle_row {
        const char *name;
        enum up_class class;
        enum up_evidence evidence; /* of UP_CLASS_PENDING; else UP_EVIDENCE_NONE */
        unsigned needs;            /* a set of enum up_capability */
        const char *what;          /* what it judges: one line for help */
        const char *canary;        /* a faulty pipeline on which it must report, by its name */

        /* One of both is NULL. */
        uint64_t (*judge)(const struct up_ledger_index *index, GPtrArray *findings);
        uint64_t (*compare)(const struct up_runs *runs, GPtrArray *findings);
};
extern const struct up_oracle_row up_oracle_rows[UP_ORACLE_COUNT];

struct up_judgement {
        GPtrArray *findings; /* of struct up_finding, owned by the caller */
        uint64_t *judged;    /* by enum up_oracle; counts are added */
};

/**
 * Calls every oracle whose needs the pipeline satisfies. Appends the findings: of several `pending`
 * about one recipient only the one with the strongest evidence, of several of one class and
 * signature only the first. The entries that a finding names are those of the baseline; a finding
 * that only another run shows names none, and its detail names the run.
 */
void up_judge(const struct up_runs *runs, struct up_judgement *judgement);

#endif
