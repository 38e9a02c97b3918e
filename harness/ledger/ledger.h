/*
 * ledger - the record of a run: everything that was observed, in order
 *
 * The world writes it, entry by entry. Oracles, trace and feedback read only the ledger, through
 * its index (index.h), so that the trace shows a person everything that an oracle has judged.
 *
 * A view (what the pipeline reports about a recipient) is written when it has changed.
 */
#ifndef UP_LEDGER_LEDGER_H
#define UP_LEDGER_LEDGER_H

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>

#include "case/case.h"
#include "pipeline.h"

enum up_entry_kind {
        UP_ENTRY_EVENT,      /* an event of the script begins: text is its line */
        UP_ENTRY_SUBMIT,     /* a message was handed in, with its receipt */
        UP_ENTRY_SCAN,       /* the pipeline asked the scanner */
        UP_ENTRY_SCANNED,    /* the scanner answered */
        UP_ENTRY_SEND,       /* the pipeline opened a transaction */
        UP_ENTRY_SENT,       /* the next hop answered */
        UP_ENTRY_OPEN,       /* a gated message may be read */
        UP_ENTRY_LOG,        /* the pipeline wrote to the event log */
        UP_ENTRY_RUN,        /* the pipeline was run, because it wanted to be */
        UP_ENTRY_COMMAND,    /* an administrator's command, a reload, new signatures */
        UP_ENTRY_CLOCK,      /* the wall clock jumped */
        UP_ENTRY_CRASH,      /* the power went out */
        UP_ENTRY_RESTART,    /* the pipeline was started again */
        UP_ENTRY_VIEW,       /* what the pipeline says of a recipient has changed */
        UP_ENTRY_STEP,       /* end of one call of the pipeline; all views are up to date */
        UP_ENTRY_SCRIPT_END, /* from here on the environment goes on as it last did, or heals */
        UP_ENTRY_END,        /* the world stopped */
        UP_ENTRY_KIND_COUNT
};
extern const char *const up_entry_kind_names[UP_ENTRY_KIND_COUNT];

/** Why the world stopped. */
enum up_ending {
        UP_ENDING_SETTLED, /* every recipient has a disposition, and nothing is due */
        UP_ENDING_IDLE,    /* nothing is due or outstanding, and recipients wait */
        UP_ENDING_BOUND,   /* past every bound, and recipients wait */
        UP_ENDING_CYCLE,   /* the same state came again and again */
        UP_ENDING_SPIN,    /* too many steps at one instant */
        UP_ENDING_STEPS,   /* the world's own limits of steps, views or bytes */
        UP_ENDING_COUNT
};
extern const char *const up_ending_names[UP_ENDING_COUNT];

/* Names of what the contract enumerates. A value of a pipeline may be none of them: look at the
 * bound before using one as an index. */
extern const char *const up_origin_names[UP_ORIGIN_COUNT];
extern const char *const up_receipt_names[UP_RECEIPT_COUNT];
extern const char *const up_level_names[UP_LEVEL_COUNT];
extern const char *const up_verdict_names[UP_VERDICT_COUNT];
extern const char *const up_reply_names[UP_REPLY_COUNT];
extern const char *const up_disposition_names[UP_DISPOSITION_COUNT];
extern const char *const up_access_names[UP_ACCESS_COUNT];
extern const char *const up_owner_names[UP_OWNER_COUNT];
extern const char *const up_command_names[UP_COMMAND_COUNT];

/** One entry. Fields that a kind does not use are 0; pointers belong to the ledger. */
struct up_entry {
        enum up_entry_kind kind;
        int64_t at_ms;      /* since the run began, monotonic */
        unsigned number;    /* which message of the script: 0 is none, or born inside */
        up_id message;      /* as the pipeline names it; 0 while it is not accepted */
        up_request request; /* SCAN, SCANNED, SEND, SENT */
        GBytes *bytes;      /* SUBMIT, SCAN, SEND */
        const char *text;   /* EVENT, COMMAND, LOG: what an operator reads; SCANNED: why */
        union {
                struct {
                        enum up_origin origin;
                        enum up_receipt receipt;
                        const char *from;
                        const char *const *to;
                        bool notify;
                        bool copy;        /* a delivered message that came back: see lineage */
                        unsigned hops;    /* how many times it came back */
                        int64_t bound_ms; /* by when it must be done with, since the run began */
                        const struct up_policy *policy; /* in force when it was handed in */
                } submit;
                struct {
                        enum up_level level;
                        struct up_scan_answer answer; /* SCANNED */
                } scan;
                struct {
                        const char *from;
                        const char *const *to;
                        const unsigned *recipients;
                        unsigned count;
                        bool gated;
                        enum up_reply mail, data, dot; /* SENT */
                        const enum up_reply *rcpt;     /* SENT */
                } send;
                struct up_log_entry log;
                struct up_view view;
                struct {
                        uint64_t digest;      /* 0 when the pipeline cannot tell */
                        int64_t next_ms;      /* since the run began; UP_NEVER_MS */
                        unsigned outstanding; /* requests that will still be answered */
                } step;
                struct {
                        enum up_command command;
                } command;
                int64_t jump_s;        /* CLOCK */
                unsigned operation;    /* CRASH: at which storage operation of the run */
                enum up_ending ending; /* END */
        } as;
};

struct up_ledger {
        const char *pipeline;  /* its name */
        unsigned capabilities; /* its capabilities */
        bool healed;           /* did the environment heal after the script? */
        bool healthy;          /* was nothing ever wrong with the environment? */
        GArray *entries;       /* of struct up_entry */
        GStringChunk *strings;
        GPtrArray *blocks;              /* what entries point to besides */
        const struct up_policy *policy; /* the last one that was copied; NULL: none */
};
typedef struct up_ledger up_ledger;

/** An empty ledger of a run; the name is copied. Free with up_ledger_free(), which takes NULL. */
struct up_ledger *up_ledger_new(const struct up_pipeline *pipeline, bool healed);
void up_ledger_free(struct up_ledger *ledger);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(up_ledger, up_ledger_free)

/**
 * Appends a copy of the entry, with copies of all it points to (bytes by reference). Returns its
 * index. Equal strings are kept once. Pointers to entries, and to views of a replay, are good until
 * the next entry is added.
 */
guint up_ledger_add(struct up_ledger *ledger, const struct up_entry *entry);

static inline const struct up_entry *up_ledger_at(const struct up_ledger *ledger, guint index)
{
        return &g_array_index(ledger->entries, struct up_entry, index);
}

/** Are both the same in everything that the text of a ledger contains? */
bool up_entry_is_same(const struct up_entry *a, const struct up_entry *b);

/* --- showing ---------------------------------------------------------------------------------- */

/** The ledger as text, one line an entry, complete: two runs are alike if these are. Caller owns.
 */
char *up_ledger_write(const struct up_ledger *ledger);

/**
 * A virtual time as "0.200", "1:00.200" or "2d 03:04:05.006", and UP_NEVER_MS as "never"; the
 * caller owns it.
 */
char *up_ledger_time(int64_t ms);

#endif
