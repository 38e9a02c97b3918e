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
 * Any bytes are a case, as a fuzzer needs it. A file that does not begin with the key
 * `unpend-case:` is a message with the default head, so any .eml file is a case. In a head, invalid
 * text is skipped, and a value out of bounds becomes the nearest bound. Each of these is reported
 * as a complaint with line and column; a file with complaints is not valid.
 *
 * The head is UTF-8 without control characters, its lines end with LF. Its keys come in any
 * order but `message:`, which ends it, and at most once. Empty lines are ignored.
 *
 * The message is raw bytes, with one exception: the placeholder {{EICAR}} stands for the 68 bytes
 * of the anti-virus test file, because virus scanners quarantine a checkout that holds them.
 * Reading expands it, writing restores it.
 *
 * A case that was read and written reads and writes as the same bytes again. The head is written in
 * the order of the table of keys; defaults are left out.
 */
#ifndef UP_CASE_CASE_H
#define UP_CASE_CASE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "case/complaint.h"
#include "case/policy.h"
#include "case/events.h"

/* Limits; the excess is skipped with a complaint. A full envelope fits into one line. */
#define UP_CASE_LINE_BYTES    (1 << 20)
#define UP_CASE_ADDRESS_BYTES 1000
#define UP_CASE_RECIPIENTS    1024

/**
 * Sender and recipients, as given to MAIL and RCPT. A case cannot express an address with a blank
 * or a comma, that is, some quoted local parts.
 */
struct up_envelope {
        char *from;        /* "" is the null sender; owned */
        GPtrArray *to;     /* of char *, owned; never empty */
        bool notify_never; /* NOTIFY=NEVER (RFC 3461): send no failure report */
};

/** A known bug of a library: `known: gmime 3.2.13 https://...`. All fields are NULL without one. */
struct up_known {
        char *name; /* of the library */
        char *version;
        char *url;
};

/** Parses a `known:` line's value. False, and @ret_known untouched, if it is not three words. */
bool up_known_read(const char *text, struct up_known *ret_known);

/** Frees its fields and sets them to NULL. */
void up_known_clear(struct up_known *known);

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

/** Texts are one line without blanks at its ends, and NULL if the head has none. */
struct up_case {
        char *title; /* all texts owned */
        char *reference;
        char *fault;
        char *finding; /* class of the finding that the case must produce under its fault */
        char *evidence;
        struct up_known known;
        char *mutation; /* what a mutator changed, for an independent judge */
        int64_t time_s; /* virtual time when the case begins, seconds since 1970 */
        struct up_envelope envelope;
        struct up_policy policy;
        GPtrArray *script; /* of struct up_event, owned; never empty */
        GBytes *message;   /* owned; never NULL */

        /* Where each key's value was read, for checks that this layer cannot make: whether a
         * finding or a fault exists. */
        struct up_place places[UP_CASE_KEY_COUNT];
};

struct up_case_reader;

/** A key of the head. The reader, the writer, help and the dictionary use this table. */
struct up_case_key {
        const char *name;
        const char *what; /* for help */

        /* Parses the value, which it may modify, into the case. */
        void (*read)(struct up_case_reader *reader, const struct up_case_key *key, char *value);
        /* Appends the line, or nothing if the value is the default. */
        void (*write)(const struct up_case *c, const struct up_case_key *key, GString *file);
        size_t text; /* offset of the field, for the keys that are a line of text */
};

/** By enum up_case_key_id. */
extern const struct up_case_key up_case_key_rows[UP_CASE_KEY_COUNT];

/** The default virtual time: 2026-01-01 00:00:00 UTC. */
#define UP_CASE_TIME_S INT64_C(1767225600)

/** The default case: one local submission of an empty message. Free with up_case_free(). */
struct up_case *up_case_new(void);
void up_case_free(struct up_case *c);
typedef struct up_case up_case;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(up_case, up_case_free)

/** A copy; the message's bytes are shared. The caller owns it. */
struct up_case *up_case_copy(const struct up_case *c);

/**
 * Reads any bytes; never fails. Complaints are appended to @complaints, from up_complaints_new(),
 * unless it is NULL; after UP_CASE_COMPLAINTS the last one says that there are more. Time and
 * memory are linear in the size. The caller owns the result.
 */
struct up_case *up_case_read(const uint8_t *data, size_t bytes, GPtrArray *complaints);

/** Replaces a text of the case, or of its `known`, with a copy of @value, which may be NULL. */
void up_case_put(char **text, const char *value);

/** The case as a file. The caller owns the result. */
GBytes *up_case_write(const struct up_case *c);

/** Does the file begin with a head, rather than being a bare message? */
bool up_case_has_head(const uint8_t *data, size_t bytes);

#endif
