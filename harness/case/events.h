/*
 * events - what the environment does: a list of events, each a line
 */
#ifndef UP_CASE_EVENTS_H
#define UP_CASE_EVENTS_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/** A limit; the excess is skipped with a complaint. */
#define UP_CASE_EVENTS 4096

/** The verbs of the script. Each has a row of up_verb_rows, and a handler in the world. */
enum up_verb_id {
        UP_VERB_SUBMIT,
        UP_VERB_BYSTANDER,
        UP_VERB_SCAN,
        UP_VERB_ALLOCATION,
        UP_VERB_HOP,
        UP_VERB_RCPT,
        UP_VERB_OFFERS,
        UP_VERB_LOOP,
        UP_VERB_WAIT,
        UP_VERB_CLOCK,
        UP_VERB_CRASH,
        UP_VERB_RESTART,
        UP_VERB_HOLD,
        UP_VERB_RELEASE,
        UP_VERB_DELETE,
        UP_VERB_TRANSPORT_SCAN,
        UP_VERB_STORE_SCAN,
        UP_VERB_SIGNATURES,
        UP_VERB_COUNT,
};

/* A script numbers its messages up to this; a number may be reused, for another copy. */
#define UP_CASE_NUMBERS 64

/** A verb of the script. The reader, help and the dictionary use the table. */
struct up_verb {
        const char *name;
        /* Words separated by blanks, or "". Each is a range of numbers "1..64", a range of times
         * "1ms..60d", or a choice "local|smtp". */
        const char *arguments;
        const char *what;
        bool disturbs; /* it makes the environment worse; a healthy run skips it */
};

/** By enum up_verb_id. */
extern const struct up_verb up_verb_rows[UP_VERB_COUNT];

/** One event of the script: the verb, and a word for each of its arguments. */
struct up_event {
        const struct up_verb *verb;
        /* NULL-terminated; owned. Decimal numbers, and times as up_policy_print_time() writes them,
         * all within bounds. */
        char **words;
};

static inline enum up_verb_id up_event_id(const struct up_event *event)
{
        return (enum up_verb_id)(event->verb - up_verb_rows);
}

/** The event as a line of the script, without its indent. The caller owns the result. */
char *up_event_line(const struct up_event *event);

/** A script is an array of struct up_event, which it owns. This one submits the message. */
GPtrArray *up_script_standard(void);
bool up_script_is_standard(const GPtrArray *script);

GPtrArray *up_script_copy(GPtrArray *script);

/** Is it the name of a verb? */
bool up_script_is_verb(const char *name);

struct up_case_reader;

/** Appends the event of a line, which it modifies, or a complaint. */
void up_script_read(struct up_case_reader *reader, GPtrArray *script, char *line);

/** Appends the events as lines, indented. */
void up_script_write(const GPtrArray *script, GString *file);

#endif
