/*
 * next_hop - the mail server that the pipeline under test hands its mail to
 *
 * By default it accepts everything. The script says what it answers to the messages of one number,
 * or to all that have no answer of their own, at each point of a transaction, and what it answers
 * to one recipient of any message; and what it offers.
 *
 * It is strict: what needs a capability that it does not offer is refused. An address that is not
 * ASCII is one without SMTPUTF8 (RFC 6531 section 3.4), a message with a byte above 127 without
 * 8BITMIME (RFC 6152 section 3), one of more than UP_HOP_SIZE_BYTES with SIZE (RFC 1870 section 6).
 */
#ifndef UP_WORLD_NEXT_HOP_H
#define UP_WORLD_NEXT_HOP_H

#include <glib.h>
#include <stdbool.h>

#include "case/case.h"
#include "pipeline.h"

#define UP_NEXT_HOP_POINTS 3 /* MAIL, DATA, the dot */

struct up_next_hop {
        int replies[UP_CASE_NUMBERS + 1][UP_NEXT_HOP_POINTS]; /* rows of next_hop.c, or -1 */
        enum up_reply recipients[UP_CASE_RECIPIENTS];
        unsigned offers; /* a set of enum up_hop_capability */
};

/** All is well, as in the beginning. Nothing is owned. */
void up_next_hop_heal(struct up_next_hop *hop);

/** The verbs `hop`, `rcpt` (@recipient from 0) and `offers`, by the words of the script. */
void up_next_hop_set(
    struct up_next_hop *hop, unsigned number, const char *point, const char *reply);
void up_next_hop_set_recipient(struct up_next_hop *hop, unsigned recipient, const char *reply);
void up_next_hop_offer(struct up_next_hop *hop, const char *capability, bool on);

/**
 * What is answered to a transaction with a message of that number. False: nothing, ever. @ret_rcpt
 * has room for each recipient, and @ret_answer points to it. What comes after a point at which the
 * transaction ended is answered as that point was.
 */
bool up_next_hop_ask(const struct up_next_hop *hop, unsigned number,
    const struct up_transaction *transaction, struct up_send_answer *ret_answer,
    enum up_reply *ret_rcpt);

#endif
