/*
 * client - the scan client: what stands between the queue and the scanner
 *
 * It looks at a message once, when it is accepted, and says what kind of mail it is and whether it
 * is within the policy's limits; and it makes an event for the machine out of what the scanner
 * answered. The scanner may be perfectly healthy and this may be sick: that was KB843545.
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

/** What the client knows of a message, and keeps with it. Plain data. */
struct up_look {
        enum up_protection protection;
        bool within_limits; /* false: unscannable, without asking anybody */
        bool header_8bit;   /* the top header or the rest has bytes that are not ASCII, */
        bool body_8bit;     /* which a next hop need not take */
};

/** What is known when an answer comes. */
struct up_client_question {
        up_id message;
        enum up_origin origin;
        enum up_level level;
        struct up_look look;
};

/** The event that an answer is to the machine, and the error code to log with it. */
struct up_client_reading {
        enum up_content_event event;
        uint32_t code;
};

/** Error codes of our own, for answers that carry none: no failure is without a reason. */
enum up_client_code {
        UP_CLIENT_NO_VERDICT = 0x80040101,    /* success was reported, and no verdict */
        UP_CLIENT_WRONG_MESSAGE = 0x80040102, /* the answer is about another message */
        UP_CLIENT_TIMEOUT = 0x80040103,       /* no answer within the time-out */
        UP_CLIENT_INTERRUPTED = 0x80040104,   /* the process died while it was being scanned */
        UP_CLIENT_LIMIT = 0x80040105,         /* the message is over a limit */
        UP_CLIENT_UNSCANNABLE = 0x80040106,   /* the scanner says that it cannot, and not why */
};

/**
 * A scan client. A sick one is a decorator: what it does not spoil is the business of the client
 * that it is put round.
 */
struct up_client {
        /* What it does besides with as much of a message as it reads; NULL: nothing. */
        void (*peek)(GBytes *read, const struct up_policy *policy);
        /* NULL: as the one within. */
        struct up_client_reading (*read)(const struct up_client *self,
            const struct up_client_question *question, const struct up_scan_answer *answer);
        const struct up_client *within; /* NULL: this is the reference */
};

/** The reference. An answer about another message is an error to it. */
extern const struct up_client up_client;

/**
 * Looks at the message. Of one that is over the limit of bytes no more than that is read. What
 * GMime logs meanwhile is the caller's to listen to (mail/observations.h).
 */
struct up_look up_client_look(
    const struct up_client *client, GBytes *message, const struct up_policy *policy);

/** What an answer is to the machine. */
struct up_client_reading up_client_read(const struct up_client *client,
    const struct up_client_question *question, const struct up_scan_answer *answer);

#endif
