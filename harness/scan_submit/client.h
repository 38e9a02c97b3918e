/*
 * client - the scan client, between the queue and the scanner
 *
 * It classifies a message once, at acceptance: how it is protected, and whether it is within the
 * policy's limits. It turns the scanner's answer into an event of the machine. In KB843545 the
 * scanner was healthy, and the scan client faulty.
 */
#ifndef UP_SCAN_SUBMIT_CLIENT_H
#define UP_SCAN_SUBMIT_CLIENT_H

#include "case/policy.h"
#include "pipeline.h"
#include "scan_submit/machine.h"

/** How a message is protected, by its outermost layer (RFC 8551). */
enum up_protection {
        UP_PROTECTION_NONE,
        UP_PROTECTION_CLEAR_SIGNED,  /* multipart/signed */
        UP_PROTECTION_OPAQUE_SIGNED, /* pkcs7-mime, signed-data */
        UP_PROTECTION_ENCRYPTED,     /* pkcs7-mime, enveloped-data or authEnveloped-data */
};

/** The classification of a message. Plain data. */
struct up_look {
        enum up_protection protection;
        bool within_limits; /* false: unscannable, without a scan */
        bool header_8bit;   /* the top header or the rest has bytes that are not ASCII, */
        bool body_8bit;     /* which a next hop need not take */
};

/** The request that an answer belongs to. */
struct up_client_question {
        up_id message;
        enum up_origin origin;
        enum up_level level;
        struct up_look look;
};

/** The machine's event for an answer, and the error code to log with it. */
struct up_client_reading {
        enum up_content_event event;
        uint32_t code;
};

/** Our own error codes, for answers without one: every failure has a reason. */
enum up_client_code {
        UP_CLIENT_NO_VERDICT = 0x80040101,    /* success was reported, and no verdict */
        UP_CLIENT_WRONG_MESSAGE = 0x80040102, /* the answer is about another message */
        UP_CLIENT_TIMEOUT = 0x80040103,       /* no answer within the time-out */
        UP_CLIENT_INTERRUPTED = 0x80040104,   /* the process died while it was being scanned */
        UP_CLIENT_LIMIT = 0x80040105,         /* the message is over a limit */
        UP_CLIENT_UNSCANNABLE = 0x80040106,   /* the scanner gave no reason */
};

/**
 * A scan client. A faulty one is a decorator: it delegates what it does not change.
 */
struct up_client {
        /* Called with the part of a message that is read; NULL: nothing. */
        void (*peek)(GBytes *read, const struct up_policy *policy);
        /* NULL: delegates to `within`. */
        struct up_client_reading (*read)(const struct up_client *self,
            const struct up_client_question *question, const struct up_scan_answer *answer);
        const struct up_client *within; /* NULL: this is the reference */
};

/** The reference. It treats an answer about another message as an error. */
extern const struct up_client up_client;

/**
 * Looks at the message. Of one that is over the limit of bytes no more than that is read. What
 * GMime logs meanwhile is the caller's to listen to (mail/observations.h).
 */
struct up_look up_client_look(
    const struct up_client *client, GBytes *message, const struct up_policy *policy);

/** Turns an answer into an event. */
struct up_client_reading up_client_read(const struct up_client *client,
    const struct up_client_question *question, const struct up_scan_answer *answer);

#endif
