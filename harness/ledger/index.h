/*
 * index - a ledger read once: what each entry is about, and how the entries belong together
 *
 * A ledger is a list in the order of time. The index adds its messages, recipients, requests and
 * steps, and links them: which views of a recipient follow each other, which answer belongs to
 * which request and whether it came in time. Oracles, trace and feedback read it; it judges
 * nothing.
 *
 * A *step* ends when the pipeline is alive and has reported all its views. A crash and everything
 * until the end of the restart is one step: views of a dead process do not count, and an answer
 * sent to it may never have arrived.
 *
 * Time and memory are linear in the entries. All pointers are good as long as index and ledger are.
 * Entries are named by their place in the ledger; UP_NOWHERE, which is greater than any, is none.
 */
#ifndef UP_LEDGER_INDEX_H
#define UP_LEDGER_INDEX_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "ledger/ledger.h"

#define UP_NOWHERE G_MAXUINT

/** Key of hash tables by recipient: pass both functions to g_hash_table_new(). */
struct up_recipient_key {
        up_id message;
        unsigned number; /* of the message's recipients, from 0 */
};
guint up_recipient_key_hash(gconstpointer key);
gboolean up_recipient_key_equal(gconstpointer a, gconstpointer b);

/** Entries @begin up to, and without, @end. */
struct up_index_step {
        guint begin, end;
        int64_t at_ms;   /* at its end */
        int64_t next_ms; /* when the pipeline asks to be run next */
        bool whole;      /* ends with views of a live pipeline; only the last step may not */
        bool crashed;    /* the process died in it and was restarted */
        bool run;        /* the pipeline was run because a timer was due */
};

struct up_index_message {
        guint place; /* in index->messages */
        up_id id;
        up_id parent_id;                 /* of a notice; 0: it was submitted */
        struct up_index_message *parent; /* NULL: none, or never seen */
        const struct up_entry *submit;   /* NULL for a notice or a message of unknown origin */
        bool accepted;
        const char *from; /* NULL: unknown */
        /* In force when it was handed in; of a notice, the latest. NULL: unknown. */
        const struct up_policy *policy;
        guint born; /* the entry: SUBMIT, or the first VIEW */
        guint born_step;
        int64_t length_ms; /* time allowed until the final disposition */
        int64_t bound_ms;  /* the same as a time */
        unsigned attempts; /* scans and transactions requested */
        struct up_index_recipient *first_recipient, *last_recipient;
        guint recipients; /* how many */
        struct up_index_command *first_command, *last_command;
        /* Entries, by enum up_level: the first answer with that verdict, infected only in time. */
        guint infected[2];
        guint clean[2];
        bool maybe_infected;                   /* any answer said so, in time or not */
        guint last_scanned;                    /* the last answer of a scanner */
        struct up_index_request *last_scan[2]; /* by enum up_level: the last request */
};

struct up_index_recipient {
        guint place; /* in index->recipients */
        struct up_recipient_key key;
        struct up_index_message *message;
        struct up_index_recipient *next; /* of the same message */
        const char *to;                  /* NULL: unknown */
        struct up_index_change *first_change, *last_change;
        const struct up_view *last_view; /* of all views, those of a dead process too */
        bool reports_access;             /* a view said once that reading is undecided */
};

/** A view at the end of a step that differs from the one before. */
struct up_index_change {
        struct up_index_recipient *recipient;
        struct up_index_change *next; /* of the same recipient */
        guint entry;
        guint step;
        const struct up_view *view;
        bool gone; /* the pipeline no longer lists it, and it had no disposition */
};

/** An administrator's command about a message. */
struct up_index_command {
        struct up_index_command *next; /* about the same message */
        guint step;
        enum up_command command;
};

struct up_index_request {
        struct up_index_message *message; /* NULL: unknown */
        const struct up_entry *asked;     /* SCAN or SEND */
        guint asked_at;                   /* its place */
        guint asked_step;
        guint answered_at; /* the first answer; UP_NOWHERE: none came */
        guint answered_step;
        bool crashed; /* the process died before it took in the answer */
        /* For a scan: the answer counts. It is the first one, to the last request at this level,
         * with no crash and no time-out in between. */
        bool in_time;
};

/** What an entry is about; members that do not apply are NULL. */
struct up_index_subject {
        struct up_index_message *message; /* SUBMIT (accepted), SCAN, SEND, OPEN, COMMAND, LOG */
        struct up_index_recipient *recipient; /* VIEW */
        struct up_index_change *change;       /* VIEW, if it is the last of its step */
        struct up_index_request *request;     /* SCAN, SEND, SCANNED, SENT */
};

struct up_ledger_index {
        const struct up_ledger *ledger;
        GArray *steps;                     /* of struct up_index_step */
        GPtrArray *messages;               /* of struct up_index_message, in the order first seen */
        GPtrArray *recipients;             /* of struct up_index_recipient, likewise */
        GArray *changes;                   /* of struct up_index_change, in order */
        GArray *requests;                  /* of struct up_index_request, in order */
        GArray *commands;                  /* of struct up_index_command, in order */
        guint script_end;                  /* the entry; UP_NOWHERE */
        guint end;                         /* the entry; UP_NOWHERE */
        struct up_index_subject *subjects; /* by entry */

        GHashTable *message_by_id, *recipient_by_key, *request_by_id;

        GData **kept; /* what readers keep with the index, by name; never NULL */
};
typedef struct up_ledger_index up_ledger_index;

/** Borrows the ledger, to which nothing may be added. Free with up_ledger_index_free(). */
struct up_ledger_index *up_ledger_index_new(const struct up_ledger *ledger);
void up_ledger_index_free(struct up_ledger_index *index);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(up_ledger_index, up_ledger_index_free)

static inline const struct up_entry *up_index_entry(const struct up_ledger_index *index, guint at)
{
        return up_ledger_at(index->ledger, at);
}

static inline struct up_index_step *up_index_step(const struct up_ledger_index *index, guint place)
{
        return &g_array_index(index->steps, struct up_index_step, place);
}

static inline struct up_index_change *up_index_change(
    const struct up_ledger_index *index, guint place)
{
        return &g_array_index(index->changes, struct up_index_change, place);
}

static inline struct up_index_request *up_index_request(
    const struct up_ledger_index *index, guint place)
{
        return &g_array_index(index->requests, struct up_index_request, place);
}

static inline struct up_index_message *up_index_message(
    const struct up_ledger_index *index, guint place)
{
        return (struct up_index_message *)g_ptr_array_index(index->messages, place);
}

static inline struct up_index_recipient *up_index_recipient(
    const struct up_ledger_index *index, guint place)
{
        return (struct up_index_recipient *)g_ptr_array_index(index->recipients, place);
}

/** NULL: never seen. */
struct up_index_message *up_index_find_message(const struct up_ledger_index *index, up_id id);
struct up_index_recipient *up_index_find_recipient(
    const struct up_ledger_index *index, up_id id, unsigned number);

/** The recipient at a place of a SEND; NULL: unknown. */
static inline struct up_index_recipient *up_index_send_recipient(
    const struct up_ledger_index *index, const struct up_entry *send, unsigned place)
{
        return up_index_find_recipient(index, send->message, send->as.send.recipients[place]);
}

/** Is the message on hold by command, not yet released, when the step ends? */
bool up_index_on_hold(
    const struct up_ledger_index *index, const struct up_index_message *message, guint step);

/** A period in which nothing changed for a recipient. */
struct up_index_span {
        const struct up_index_change *change;
        guint begin; /* the step at whose end it began */
        guint end;   /* the step in which it ended; the number of steps if it never did */
        bool held;   /* by an administrator's command */
};

/** The first span, or the one after @span; false if there is none, @span is then spent. */
bool up_index_span_first(const struct up_ledger_index *index,
    const struct up_index_recipient *recipient, struct up_index_span *ret_span);
bool up_index_span_next(const struct up_ledger_index *index, struct up_index_span *span);

/** When the span ended, or the ledger: time in which the pipeline was dead does not count. */
int64_t up_index_span_end_ms(const struct up_ledger_index *index, const struct up_index_span *span);

/** The first entry later than @at_ms; UP_NOWHERE. */
guint up_index_first_after(const struct up_ledger_index *index, int64_t at_ms);

#endif
