/*
 * seed_table - which seeds there are, and how each is composed
 *
 * A seed is a text that is the message, or a function that makes it, or an entity that goes
 * through steps: signed, encrypted, compressed, wrapped, in the order given, as a suite says.
 * Texts are written with LF and have CRLF in the file. {{EICAR}} is expanded before anything is
 * signed or encoded; a seed that holds it is a case file, so that no scanner takes the file for
 * mail and opens it. So is a seed with a head.
 */
#ifndef UP_TOOLS_SEED_TABLE_H
#define UP_TOOLS_SEED_TABLE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#include "mail/compose.h"

enum up_seed_step {
        UP_STEP_END,
        UP_STEP_CLEAR,        /* multipart/signed, by suite->signing */
        UP_STEP_TAMPERED,     /* the same, with another text than the one that was signed */
        UP_STEP_FORGED,       /* the same, with one bit of the signature changed */
        UP_STEP_OPAQUE,       /* signed-data, by suite->signing */
        UP_STEP_BARE,         /* the same, DER alone */
        UP_STEP_CERTIFICATES, /* only those of the signers in suite->signing */
        UP_STEP_ENCRYPT,      /* by suite->encrypting */
        UP_STEP_COMPRESS,     /* called what suite->encrypting.naming says */
        UP_STEP_FORWARD,      /* a note, and what was so far as a message of its own */
        UP_STEP_LIST,         /* what was so far, and a mailing list's footer as a second part */
        UP_STEP_ATTACH,       /* a note, what was so far, a picture */
};
#define UP_SEED_STEPS 4

/** Algorithms and identities; boundary and time are added. */
struct up_seed_suite {
        const char *name;
        const char *what;
        struct up_signing signing;
        struct up_encrypting encrypting;
};

struct up_seed {
        const char *target; /* folder */
        const char *name;   /* without ending */
        const char *what;   /* what is special about it */

        /* One of these three, or none. */
        const char *text;
        GBytes *(*make)(void);
        const char *entity; /* NULL too: up_seed_plain, or up_seed_infected */

        enum up_seed_step steps[UP_SEED_STEPS]; /* of the entity */
        const struct up_seed_suite *suite;      /* of the steps */
        const char *header; /* of the message around the entity, or NULL for the usual one */
        bool raw;           /* line ends of text and entity stay as they are */
        bool infected;      /* holds EICAR */
        const char *head;   /* lines of a case: envelope, policy, script; NULL: it is no case */
        const char *ending; /* of the file, or NULL for eml, or case if it is one */
};

/** Header lines of a message around an entity. */
#define UP_SEED_FROM(address, subject)                                                             \
        "From: Alice <" address ">\nTo: Bob <bob@example.com>\nSubject: " subject "\n"             \
        "Date: Sun, 01 Jun 2025 12:00:00 +0000\nMessage-ID: <seed@example.com>\n"                  \
        "MIME-Version: 1.0\n"

#define UP_SEED_USUAL(subject) UP_SEED_FROM("alice@example.com", subject)

/** The same with any subject. The caller owns the result. */
char *up_seed_header(const char *subject);

/** A picture of one dot, in base64. */
#define UP_SEED_PNG                                                                                \
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAA\n"           \
        "AABJRU5ErkJggg==\n"

/** Signed and encrypted in all usual ways: each of these is made by each suite, and with EICAR. */
extern const struct up_seed up_seed_wrappings[];
extern const size_t up_seed_wrappings_count;

/** The suites of the above; the first one is that of the infected seeds. */
extern const struct up_seed_suite up_seed_suites[];
extern const size_t up_seed_suites_count;

/** The odd ones. */
extern const struct up_seed up_seed_smime[];
extern const size_t up_seed_smime_count;

/** Those about MIME. */
extern const struct up_seed up_seed_mime[];
extern const size_t up_seed_mime_count;

/** Those about the pipeline, and about its machine alone; none of them shows a planted fault. */
extern const struct up_seed up_seed_scan_submit[];
extern const size_t up_seed_scan_submit_count;
extern const struct up_seed up_seed_machine[];
extern const size_t up_seed_machine_count;

/** Those for the mutator, which takes any bytes. */
extern const struct up_seed up_seed_mutate[];
extern const size_t up_seed_mutate_count;

/** What goes through the steps of a seed that names no entity. */
extern const char up_seed_plain[];
extern const char up_seed_infected[];

/** Parts that steps put beside it. */
extern const char up_seed_note[];
extern const char up_seed_footer[];
extern const char up_seed_picture[];

#endif
