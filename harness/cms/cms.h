/*
 * cms - one CMS structure (RFC 5652) through OpenSSL: read, verified, opened
 *
 * Each structure is graded once, verified as a careful client does it, and then processed in
 * every other way that programs in the field use: with each flag, with content given, absent,
 * empty or in a file, and through the older PKCS7 calls (pkcs7.c).
 *
 * Costs that the input controls are checked before anything is computed: key sizes, the number of
 * certificates and signers, PBKDF2 iterations; see limits.h.
 */
#ifndef UP_CMS_CMS_H
#define UP_CMS_CMS_H

#include <glib.h>
#include <stdbool.h>

#include "mail/observations.h"

/** How far a signature holds. A message is only as good as the worst of its signers. */
enum up_grade {
        UP_GRADE_UNSIGNED, /* no SignedData, or one without signers */
        UP_GRADE_VALID,    /* content and attributes hold, whoever signed */
        UP_GRADE_DIGEST,   /* the attributes' signature holds, the content's digest does not */
        UP_GRADE_BROKEN,   /* no signature holds */
        UP_GRADE_UNKNOWN,  /* a limit forbade to look, or memory ran out */
        UP_GRADES,
};
extern const char *const up_grade_names[UP_GRADES];

struct up_cms_signer {
        char *who;       /* subject of the certificate; its issuer and serial when it is absent */
        char *algorithm; /* of digest and signature */
        char *signed_at; /* the signingTime attribute as text; NULL without */
};

struct up_cms_report {
        const char *kind; /* "signed-data", ...; NULL when it is no CMS structure at all */
        enum up_grade grade;
        char *grade_reason; /* OpenSSL's reason when the grade is not valid; NULL otherwise */
        bool trusted;       /* certificates chain to the test authority at the virtual time */
        char *trust_reason; /* OpenSSL's reason when not; NULL otherwise */
        GPtrArray *signers; /* of struct up_cms_signer, owned */
        GBytes *content;    /* what was inside, opened; NULL when there is nothing, or no key */
};

void up_cms_report_clear(struct up_cms_report *report);

/** What is done with a structure beside grading and opening it. */
enum up_cms_extra {
        UP_CMS_VERIFY_WAYS,  /* with other flags, and with content given in other ways */
        UP_CMS_ACCESSORS,    /* every accessor; printed and written */
        UP_CMS_TRUST,        /* its signers' certificates verified */
        UP_CMS_NO_INTERN,    /* its own certificates not used */
        UP_CMS_PKCS7,        /* by the PKCS7 calls */
        UP_CMS_SMIME_READER, /* by OpenSSL's own reader of S/MIME */
        UP_CMS_EXTRAS,
};

/** Is it done? At UP_DEPTH_EXPLORE one of them at most is, drawn by weight. */
bool up_cms_takes(const struct up_observations *observed, enum up_cms_extra extra);

/**
 * Examines @encoded, BER or DER. @detached is the content it signs elsewhere, NULL without.
 * @report is filled in whatever happens; clear it afterwards. At UP_DEPTH_EXPLORE the signers are
 * not listed.
 */
void up_cms_examine(GBytes *encoded, GBytes *detached, struct up_observations *observed,
    struct up_cms_report *report);

/**
 * Opens @encoded as a scanner does that has no key: signatures are graded by the one careful way,
 * and what needs no key is opened; of anything else the report has the kind. Where memory ran out
 * (observed->out_of_memory) the report ends there. Otherwise as above.
 */
void up_cms_open(GBytes *encoded, GBytes *detached, struct up_observations *observed,
    struct up_cms_report *report);

/**
 * OpenSSL's number (NID) of the content type of each kind of structure that is opened, by an index
 * from 0 on; NID_undef after the last.
 */
int up_cms_content_type(size_t index);

/**
 * The same bytes through the PKCS7 calls, whether CMS can read them or not. What they cost there is
 * looked at first.
 */
void up_pkcs7_examine(GBytes *encoded, GBytes *detached, struct up_observations *observed);

#endif
