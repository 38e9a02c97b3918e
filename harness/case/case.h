/*
 * case - one test as a file: a text head, then one raw message
 *
 *     unpend-case: 1
 *     title: Clear-signed mail of a local user is never submitted
 *     envelope: from=u@example.com to=v@example.com,w@example.com
 *     policy: lifetime=2d attempts=8 backoff=1m..1h max-depth=64
 *     script:
 *       submit 1 local
 *     message:
 *     <raw bytes to the end of the file>
 *
 * Any bytes at all are some case: what does not begin with the key `unpend-case:` is a message
 * with the standard head, so any .eml file is a case; in a head, what cannot be understood is
 * passed over, and what is out of bounds is brought back. That is what a fuzzer needs. A person
 * needs to be told: each such thing is a complaint with line and column, and a case with
 * complaints is not a valid file.
 *
 * The head is UTF-8 without control characters, its lines end with LF, its keys come in any order
 * but `message:`, which ends it. A key stands once. Empty lines mean nothing.
 *
 * The message is raw bytes, with one exception: the placeholder {{EICAR}} stands for the 68 bytes
 * of the anti-virus test file, which no file may hold or checkouts are quarantined. Reading expands
 * it, writing puts it back.
 *
 * Writing what was read gives a file that reads and writes as the same bytes. The head is written
 * in the order of the table of keys, lines that hold their standard value are left out.
 */
#ifndef UP_CASE_CASE_H
#define UP_CASE_CASE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "case/policy.h"

/* What is more than that is a complaint, and passed over. A full envelope fits into one line. */
#define UP_CASE_LINE_BYTES    (1 << 20)
#define UP_CASE_ADDRESS_BYTES 1000
#define UP_CASE_RECIPIENTS    1024
#define UP_CASE_EVENTS        4096
#define UP_CASE_COMPLAINTS    100

/**
 * Who sends to whom, as given to MAIL and RCPT. An address has no blank and no comma in it, so a
 * quoted local part with one cannot be written in a case.
 */
struct up_envelope {
        char *from;        /* "" is the null sender; owned */
        GPtrArray *to;     /* of char *, owned; never empty */
        bool notify_never; /* NOTIFY=NEVER (RFC 3461): the sender wants no report of a failure */
};

/** A known breakage of a library: `known: gmime 3.2.13 https://...`. Its fields are NULL if none.
 */
struct up_known {
        char *name; /* of the library */
        char *version;
        char *url;
};

/** Reads the value of a `known:` line. False, and @ret_known untouched, when it is not three words.
 */
bool up_known_read(const char *text, struct up_known *ret_known);

/** Frees its fields, which are NULL from then on. */
void up_known_clear(struct up_known *known);

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

/* How many messages a script can tell apart; a number may be used again, for another copy. */
#define UP_CASE_NUMBERS 64

/** A verb of the script. The reader, help and the dictionary use the table: a new verb is a row. */
struct up_verb {
        const char *name;
        /* Words with a blank between them, or "". Each is a range of numbers "1..64", a range of
         * times "1ms..60d", or a choice "local|smtp". */
        const char *arguments;
        const char *what;
        bool disturbs; /* it makes the environment worse: left out where all is to be well */
};

/** By enum up_verb_id. */
extern const struct up_verb up_verb_rows[UP_VERB_COUNT];

/** One event of the script: the verb, and a word for each of its arguments. */
struct up_event {
        const struct up_verb *verb;
        /* NULL-terminated; owned. Numbers are plain decimal, times as up_policy_print_time() writes
         * them, both within their bounds. */
        char **words;
};

static inline enum up_verb_id up_event_id(const struct up_event *event)
{
        return (enum up_verb_id)(event->verb - up_verb_rows);
}

/** The event as a line of the script, without its indent. The caller owns the result. */
char *up_event_line(const struct up_event *event);

/** The keys of the head, in the order in which they are written. */
enum up_case_key_id {
        UP_CASE_VERSION,
        UP_CASE_TITLE,
        UP_CASE_REFERENCE,
        UP_CASE_FAULT,
        UP_CASE_FINDING,
        UP_CASE_EVIDENCE,
        UP_CASE_KNOWN,
        UP_CASE_MUTATION,
        UP_CASE_TIME,
        UP_CASE_ENVELOPE,
        UP_CASE_POLICY,
        UP_CASE_SCRIPT,
        UP_CASE_MESSAGE,
        UP_CASE_KEY_COUNT,
};

/** A place in a file. */
struct up_place {
        unsigned line;   /* from 1; 0 is nowhere */
        unsigned column; /* from 1, in bytes */
};

/** The texts are one line without blanks at its ends, and NULL where the head has none. */
struct up_case {
        char *title; /* all texts owned */
        char *reference;
        char *fault;
        char *finding; /* class of the finding that the case must produce, under its fault */
        char *evidence;
        struct up_known known;
        char *mutation; /* what a mutator did to it, for an independent judge */
        int64_t time_s; /* virtual time when the case begins, seconds since 1970 */
        struct up_envelope envelope;
        struct up_policy policy;
        GPtrArray *script; /* of struct up_event, owned; never empty */
        GBytes *message;   /* owned; never NULL */

        /* Where the value of each key was read, for whoever judges what this layer cannot: is
         * this the name of a finding, of a fault? */
        struct up_place places[UP_CASE_KEY_COUNT];
};

/** What is wrong in a file, where: for a person. */
struct up_complaint {
        struct up_place place;
        char *text; /* what, and what to do instead; one line; owned */
};

struct up_case_reader;

/** A key of the head. The reader, the writer, help and the dictionary use this table. */
struct up_case_key {
        const char *name;
        const char *what; /* for help */

        /* Takes the value, which it may cut up, into the case. */
        void (*read)(struct up_case_reader *reader, const struct up_case_key *key, char *value);
        /* Appends the line, or nothing where the value is the standard one. */
        void (*write)(const struct up_case *c, const struct up_case_key *key, GString *file);
        size_t text; /* offset of the field, for the keys that are a line of text */
};

/** By enum up_case_key_id. */
extern const struct up_case_key up_case_key_rows[UP_CASE_KEY_COUNT];

/** The virtual time of a case that names none: 2026-01-01 00:00:00 UTC. */
#define UP_CASE_TIME_S INT64_C(1767225600)

/** The standard case: one local submission of an empty message. Free with up_case_free(). */
struct up_case *up_case_new(void);
void up_case_free(struct up_case *c);
typedef struct up_case up_case;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(up_case, up_case_free)

/** A copy; the message's bytes are shared. The caller owns it. */
struct up_case *up_case_copy(const struct up_case *c);

/**
 * Reads any bytes; never fails. Complaints are appended to @complaints, which up_complaints_new()
 * made, unless it is NULL; after UP_CASE_COMPLAINTS the last one says that there are more. Time
 * and memory grow with the size alone. The caller owns the result.
 */
struct up_case *up_case_read(const uint8_t *data, size_t bytes, GPtrArray *complaints);

/** An empty array of complaints, which frees them. */
GPtrArray *up_complaints_new(void);

/** Replaces a text of the case, or of its `known`, by a copy of @value, which may be NULL. */
void up_case_put(char **text, const char *value);

/** The case as a file. The caller owns the result. */
GBytes *up_case_write(const struct up_case *c);

/** Does the file begin as a case, rather than as a bare message? */
bool up_case_has_head(const uint8_t *data, size_t bytes);

#endif
