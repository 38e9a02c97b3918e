/*
 * account - a ledger read once, for all oracles: whose each entry is, and what it means
 *
 * The ledger is a list in the order of time. An account adds what every oracle would have to find
 * out for itself: which message, recipient or request an entry is about, in which step it stands,
 * which views follow each other, and which answers came in time. It judges nothing.
 *
 * A *step* here is what lies between two moments at which the pipeline is alive and has said how
 * things are. A crash, and all until the restart after it, is one step: what a dead process says
 * is worth nothing, and what it was told may never have reached it.
 *
 * Costs are linear in the entries of the ledger. All indices are into the arrays of the account;
 * UP_NOWHERE is none. Pointers are into the ledger, which must outlive the account.
 */
#ifndef UP_ORACLE_ACCOUNT_H
#define UP_ORACLE_ACCOUNT_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "ledger/ledger.h"
#include "oracle/finding.h"
#include "oracle/judge.h"

#define UP_NOWHERE G_MAXUINT

/** Entries @begin up to, and without, @end. */
struct up_account_step {
        guint begin;
        guint end;
        int64_t at_ms;   /* at its end */
        int64_t next_ms; /* when the pipeline wants to be run next */
        bool whole;      /* ends with the pipeline alive and asked; only the last may not */
        bool crashed;    /* the process died, and was started again */
        bool run;        /* the pipeline was run */
};

struct up_account_message {
        up_id id;
        up_id parent;                  /* of a notice; 0: it was handed in */
        guint parent_message;          /* UP_NOWHERE when the parent is none that was seen */
        const struct up_entry *submit; /* NULL of a notice, and of a stray */
        bool accepted;    /* and so promised something; a notice is promised the same */
        const char *from; /* NULL: not known */
        guint born;       /* the entry: SUBMIT, or the first VIEW */
        guint born_step;
        int64_t length_ms;     /* how long it may take */
        int64_t bound_ms;      /* when it must be done with */
        unsigned attempts;     /* scans and transactions that were asked for */
        guint first_recipient; /* a list */
        guint last_recipient;
        guint recipients;    /* how many */
        guint first_command; /* a list, of an administrator's commands */
        guint last_command;
        /* The first answers in time that said so, by enum up_level: entries. */
        guint infected[2];
        guint clean[2];
        bool maybe_infected; /* any answer at all said so, late, or to a dying process */
        guint last_scan[2];  /* by enum up_level, while the account is drawn up: requests */
};

struct up_account_recipient {
        guint message;
        unsigned number; /* of the message's recipients, from 0 */
        const char *to;  /* NULL: not known */
        guint next;      /* of the same message */
        guint first_change;
        guint last_change;
        bool tells_reading; /* it was once undecided whether it can be read */
};

/** What was said of a recipient at the end of a step, where it is not what was said before. */
struct up_account_change {
        guint recipient;
        guint entry;
        guint step;
        guint next; /* of the same recipient */
        const struct up_view *view;
        bool gone; /* the pipeline knows it no longer, and it had no disposition */
};

struct up_account_command {
        guint entry;
        guint step;
        guint next; /* of the same message */
};

struct up_account_request {
        guint message;
        guint asked; /* SCAN or SEND */
        guint asked_step;
        guint answered; /* the first answer; UP_NOWHERE: none came */
        guint answered_step;
        bool crashed; /* the process died before the answer was taken in */
        /* Of a scan: this answer counts. It is the first, to the last question at this level,
         * nothing crashed since, and no time-out had passed. */
        bool in_time;
};

struct up_account {
        const struct up_ledger *ledger;
        const char *run;    /* "healed"; "" of the run as it was */
        GArray *steps;      /* of struct up_account_step */
        GArray *messages;   /* of struct up_account_message, in the order first seen */
        GArray *recipients; /* of struct up_account_recipient, likewise */
        GArray *changes;    /* of struct up_account_change, in order */
        GArray *requests;   /* of struct up_account_request, in order */
        GArray *commands;   /* of struct up_account_command, in order */
        guint script_end;   /* the entry; UP_NOWHERE */
        guint end;          /* the entry; UP_NOWHERE */

        /* By entry, the index of: the change of a VIEW (one that was overtaken within its step
         * has UP_NOWHERE), the request of a SCAN, SEND, SCANNED or SENT, the message of a SUBMIT,
         * OPEN or COMMAND. */
        guint *subjects;

        GHashTable *message_by_id;
        GHashTable *recipient_by_view;
        GHashTable *request_by_id;
};

/** The account of one run; @run is borrowed. Free with up_account_free(), which takes NULL. */
struct up_account *up_account_new(const struct up_ledger *ledger, const char *run);
void up_account_free(struct up_account *account);
typedef struct up_account up_account;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(up_account, up_account_free)

/** The accounts of all runs that there are, for those oracles that compare. */
struct up_accounts {
        const struct up_account *baseline;
        const struct up_account *repeat;
        const struct up_account *healed;
        const struct up_account *healthy;
        const struct up_account *no_clock_jumps;
};

static inline struct up_account_step *up_account_step_at(const struct up_account *a, guint index)
{
        return &g_array_index(a->steps, struct up_account_step, index);
}

static inline struct up_account_message *up_account_message_at(
    const struct up_account *a, guint index)
{
        return &g_array_index(a->messages, struct up_account_message, index);
}

static inline struct up_account_recipient *up_account_recipient_at(
    const struct up_account *a, guint index)
{
        return &g_array_index(a->recipients, struct up_account_recipient, index);
}

static inline struct up_account_change *up_account_change_at(
    const struct up_account *a, guint index)
{
        return &g_array_index(a->changes, struct up_account_change, index);
}

static inline struct up_account_request *up_account_request_at(
    const struct up_account *a, guint index)
{
        return &g_array_index(a->requests, struct up_account_request, index);
}

/** Indices; UP_NOWHERE: never seen. */
guint up_account_find_message(const struct up_account *account, up_id id);
guint up_account_find_recipient(const struct up_account *account, up_id id, unsigned number);

/** Has an administrator put the message on hold, and not released it, when the step ends? */
bool up_account_on_hold(
    const struct up_account *account, const struct up_account_message *message, guint step);

/** A part of a recipient's life during which nothing changed for it. */
struct up_span {
        const struct up_account_change *change;
        guint begin; /* the step at whose end it began */
        guint end;   /* the step in which it ended; the number of steps when it never did */
        bool held;   /* by an administrator's command */
};

/** The first span, or the one after @span; false when there is none, @span is then spent. */
bool up_span_first(const struct up_account *account, guint recipient, struct up_span *ret_span);
bool up_span_next(const struct up_account *account, struct up_span *span);

/** Is it promised to come to an end, and has it not, or can nobody ever read what was delivered? */
bool up_account_is_promised(const struct up_account_message *message);
bool up_account_waits(const struct up_account_change *change);

/** The first entry of the ledger later than @at_ms; UP_NOWHERE. */
guint up_account_first_after(const struct up_account *account, int64_t at_ms);

/** When the span was over, if it was: time during which the pipeline was dead is not counted. */
int64_t up_span_end_ms(const struct up_account *account, const struct up_span *span);

/** The disposition's name; a pipeline may say what has none. */
const char *up_account_disposition(enum up_disposition disposition);

/** For a person: `recipient 0 (v@example.com) of message 1`. The caller owns the result. */
char *up_account_whose(const struct up_account *account, guint message, guint recipient);

/**
 * A finding about a recipient, or with UP_NOWHERE for it, about the message. Appends it and
 * returns it for what is still to be filled in; the text is printf-style.
 */
struct up_finding *up_account_find(const struct up_account *account, GPtrArray *findings,
    enum up_class class, guint message, guint recipient, guint shown_at, const char *signature,
    const char *detail_format, ...) G_GNUC_PRINTF(8, 9);

#endif
