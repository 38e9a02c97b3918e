/*
 * finding - a broken promise: of which class, by what mechanism
 *
 * The classes are one closed list. A finding's signature says by what mechanism the promise broke
 * (the place in a library, the kinds of decoder, the frames of a stack), so that a thousand inputs
 * which break it in the same way are one finding.
 */
#ifndef UP_ORACLE_FINDING_H
#define UP_ORACLE_FINDING_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "mail/observations.h"

/** All classes there are. The name of each, and what it means, is a row of up_class_rows. */
enum up_class {
        UP_CLASS_PENDING,
        UP_CLASS_LOST,
        UP_CLASS_DUPLICATE,
        UP_CLASS_DELIVERED_INFECTED,
        UP_CLASS_DELIVERED_UNSCANNED,
        UP_CLASS_ALTERED,
        UP_CLASS_NO_NOTICE,
        UP_CLASS_NOTICE_LOOP,
        UP_CLASS_MAIL_LOOP,
        UP_CLASS_STRAY,
        UP_CLASS_WORSE_WHEN_HEALED,
        UP_CLASS_ERROR_WITHOUT_REASON,
        UP_CLASS_DISAGREE,
        UP_CLASS_METAMORPHIC,
        UP_CLASS_NONDETERMINISTIC,
        UP_CLASS_LIBRARY_CRITICAL,
        UP_CLASS_CRASH,
        UP_CLASS_LEAK,
        UP_CLASS_HANG,
        UP_CLASS_SUPERLINEAR,
        UP_CLASS_MEMORY,
        UP_CLASS_HARNESS,
};
#define UP_CLASSES 22

struct up_class_row {
        const char *name; /* as in `finding: pending` and in reports */
        const char *what; /* one sentence for the person who reads the finding */
        bool of_pipeline; /* only a pipeline can be at fault, never a library */
};
extern const struct up_class_row up_class_rows[UP_CLASSES];

/** The class of that name; false, and @ret_class untouched, when there is none. */
bool up_class_by_name(const char *name, enum up_class *ret_class);

/** What shows that a message is pending for ever, the strongest first. */
enum up_evidence {
        UP_EVIDENCE_NONE,
        UP_EVIDENCE_UNOWNED,
        UP_EVIDENCE_NO_PROGRESS,
        UP_EVIDENCE_NO_WAKEUP,
        UP_EVIDENCE_CYCLE,
        UP_EVIDENCE_SPIN,
        UP_EVIDENCE_STARVED,
        UP_EVIDENCE_PAST_BOUND,
};
#define UP_EVIDENCES 8

struct up_evidence_row {
        const char *name; /* as in `evidence: no-progress`; "" of UP_EVIDENCE_NONE */
        const char *what;
};
extern const struct up_evidence_row up_evidence_rows[UP_EVIDENCES];

/** The evidence of that name; false, and @ret_evidence untouched, when there is none. */
bool up_evidence_by_name(const char *name, enum up_evidence *ret_evidence);

/** How a message came to be, of those that a finding can be about. */
enum up_role {
        UP_ROLE_NONE,      /* it is about no message, or one that nobody handed in */
        UP_ROLE_SUBMITTED, /* by the script's verb `submit`: the case's own */
        UP_ROLE_BYSTANDER, /* by `bystander` */
        UP_ROLE_COPY,      /* a delivered message that came back */
        UP_ROLE_NOTICE,    /* born inside the pipeline */
};
#define UP_ROLES 5
extern const char *const up_role_names[UP_ROLES]; /* "" of UP_ROLE_NONE */

/** The role of that name; UP_ROLE_NONE when there is none. */
enum up_role up_role_by_name(const char *name);

struct up_finding {

        enum up_class class;
        enum up_evidence evidence; /* of UP_CLASS_PENDING */
        char *signature;           /* the mechanism; one printable line; owned */
        char *detail;              /* for a person; owned */

        /* Whose, as the pipeline names it: 0 where it is about no message of a run. */
        uint64_t message;
        unsigned recipient; /* of that message, from 0; G_MAXUINT: the message itself */
        enum up_role role;  /* of that message */

        /* Where in a ledger: entries of it, G_MAXUINT for none. */
        unsigned shown_at;    /* where it shows */
        unsigned critical_at; /* the last from which it could still have ended well */
};

void up_finding_free(struct up_finding *finding);

/**
 * A finding that says neither whose nor where: evidence, message and recipient are none, and so are
 * the entries. The caller owns the result; both texts are copied.
 */
struct up_finding *up_finding_new(enum up_class class, const char *signature, const char *detail);

/**
 * A name for a file that holds the finding: its class and 8 hexadecimal digits of its signature.
 * The caller owns the result.
 */
char *up_finding_slug(const struct up_finding *finding);

/**
 * Judges observations: the kinds of remark that break a promise become findings, appended to
 * @findings, an array of struct up_finding that frees them.
 */
void up_oracle_mail(const struct up_observations *observed, GPtrArray *findings);

#endif
