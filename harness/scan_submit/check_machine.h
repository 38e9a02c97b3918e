/*
 * check_machine - checks the pure machine against rules, driven by bytes
 *
 * Simulates one message with one recipient on a machine alone: no queue, no store, no ports. Each
 * byte lets some time pass, then names an event of the content or the recipient, which is taken if
 * the machine has a row for it. Timers fire when time reaches them, so a byte cannot name a timer's
 * event. After the last byte only timers are left, and they must finish the message within its
 * bound.
 *
 * Every rule is checked after each step; the first broken rule ends the run. The whole pipeline
 * checks more, but is ten to twenty times slower.
 */
#ifndef UP_SCAN_SUBMIT_CHECK_MACHINE_H
#define UP_SCAN_SUBMIT_CHECK_MACHINE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "scan_submit/machine.h"

enum up_machine_rule {
        UP_RULE_ATTEMPTS_LEFT, /* first: below zero the rank, which is unsigned, rises as well */
        UP_RULE_RANK_FALLS,
        UP_RULE_DECISION_STAYS,
        UP_RULE_DISPOSITION_STAYS,
        UP_RULE_TIMER_ARMED,
        UP_RULE_EXPIRY_ARMED,
        UP_RULE_EXPIRY_ENDS,
        UP_RULE_FINAL_HAS_DISPOSITION,
        UP_RULE_MEANING_HEEDED,
        UP_RULE_NO_SPIN,
        UP_RULE_WAKEUP,
        UP_RULE_WITHIN_BOUND,
        UP_RULE_COUNT,
};

/** One step, as a caller may record it. Names belong to the machine's tables. */
struct up_machine_step {
        int64_t now_ms;
        const char *part; /* "content", "recipient"; "waits" once, after the last byte */
        const char *before, *event, *after;
        uint64_t attempts_left;
        uint64_t rank;
        unsigned actions; /* a set of enum up_action */
};

/** One run: the caller sets the first part, up_check_machine() the rest. */
struct up_machine_check {
        const struct up_machine *machine;
        const struct up_policy *policy;
        bool null_sender;
        void (*on_step)(const struct up_machine_step *step, void *data); /* may be NULL */
        void *data;

        unsigned checked[UP_RULE_COUNT]; /* how often each rule was checked */
        const char *broken;              /* description of the broken rule; NULL: none */
        enum up_machine_rule rule;       /* the broken rule */
        char *where;                     /* "state + event" of the broken rule; owned */
        const char *content, *recipient; /* names of the last states */
        int64_t now_ms;
};

/** Runs the machine on @events until a rule is broken or the recipient is final. Free ->where. */
void up_check_machine(struct up_machine_check *check, const uint8_t *events, size_t bytes);

#endif
