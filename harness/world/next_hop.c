/*
 * next_hop - replies by number and point, and what a strict server refuses
 *
 * Connections are not simulated: a transaction is answered as a whole. After a reply `lost` at one
 * point, no reply arrives at later points.
 */
#include "world/next_hop.h"

#include <string.h>

/* In the order of enum up_reply; after them, no reply. */
static const char *const reply_names[] = { "accept", "defer", "reject", "lost", "never" };
#define NEVER 4
#define UNSET -1

static const char *const point_names[UP_NEXT_HOP_POINTS] = { "mail", "data", "dot" };
enum point { POINT_MAIL, POINT_DATA, POINT_DOT };

static const struct {
        const char *name;
        enum up_hop_capability capability;
        bool offered; /* in the beginning */
} capabilities[] = {
        { "8bitmime", UP_HOP_8BITMIME, true },
        { "smtputf8", UP_HOP_SMTPUTF8, true },
        { "size", UP_HOP_SIZE, false },
};

/* The parser of the case accepts no other names. */
static int place_of(const char *const *names, size_t count, const char *name)
{
        for (size_t i = 0; i < count; i++)
                if (strcmp(names[i], name) == 0)
                        return (int)i;
        g_assert_not_reached();
}

void up_next_hop_heal(struct up_next_hop *hop)
{
        for (size_t i = 0; i < G_N_ELEMENTS(hop->replies); i++)
                for (size_t point = 0; point < UP_NEXT_HOP_POINTS; point++)
                        hop->replies[i][point] = UNSET;
        for (size_t i = 0; i < G_N_ELEMENTS(hop->recipients); i++)
                hop->recipients[i] = UP_REPLY_ACCEPT;
        hop->offers = 0;
        for (size_t i = 0; i < G_N_ELEMENTS(capabilities); i++)
                if (capabilities[i].offered)
                        hop->offers |= capabilities[i].capability;
}

void up_next_hop_set(struct up_next_hop *hop, unsigned number, const char *point, const char *reply)
{
        g_assert(number < G_N_ELEMENTS(hop->replies));

        int at = place_of(point_names, G_N_ELEMENTS(point_names), point);
        hop->replies[number][at] = place_of(reply_names, G_N_ELEMENTS(reply_names), reply);
}

void up_next_hop_set_recipient(struct up_next_hop *hop, unsigned recipient, const char *reply)
{
        g_assert(recipient < G_N_ELEMENTS(hop->recipients));

        hop->recipients[recipient] =
            (enum up_reply)place_of(reply_names, G_N_ELEMENTS(reply_names) - 1, reply);
}

void up_next_hop_offer(struct up_next_hop *hop, const char *capability, bool on)
{
        for (size_t i = 0; i < G_N_ELEMENTS(capabilities); i++) {
                unsigned bit = capabilities[i].capability;
                if (strcmp(capabilities[i].name, capability) == 0)
                        hop->offers = on ? hop->offers | bit : hop->offers & ~bit;
        }
}

/* --- a transaction ---------------------------------------------------------------------------- */

static bool is_ascii(const char *data, gsize bytes)
{
        for (gsize i = 0; i < bytes; i++)
                if ((data[i] & 0x80) != 0)
                        return false;
        return true;
}

static bool offers(const struct up_next_hop *hop, enum up_hop_capability capability)
{
        return (hop->offers & capability) != 0;
}

/* What the script has answered to a message at some point; NEVER is no answer. */
static int scripted(const struct up_next_hop *hop, unsigned number, enum point point)
{
        int reply = hop->replies[number][point];

        if (reply == UNSET)
                reply = hop->replies[0][point];
        return reply == UNSET ? UP_REPLY_ACCEPT : reply;
}

static int reply_to_mail(
    const struct up_next_hop *hop, unsigned number, const struct up_transaction *transaction)
{
        if (!offers(hop, UP_HOP_SMTPUTF8) &&
            !is_ascii(transaction->from, strlen(transaction->from)))
                return UP_REPLY_REJECT;
        if (offers(hop, UP_HOP_SIZE) && g_bytes_get_size(transaction->bytes) > UP_HOP_SIZE_BYTES)
                return UP_REPLY_REJECT;
        return scripted(hop, number, POINT_MAIL);
}

static enum up_reply reply_to_recipient(
    const struct up_next_hop *hop, const struct up_transaction *transaction, unsigned index)
{
        const char *to = transaction->to[index];
        unsigned recipient = transaction->recipients[index];

        if (!offers(hop, UP_HOP_SMTPUTF8) && !is_ascii(to, strlen(to)))
                return UP_REPLY_REJECT;
        return recipient < UP_CASE_RECIPIENTS ? hop->recipients[recipient] : UP_REPLY_ACCEPT;
}

static int reply_to_dot(
    const struct up_next_hop *hop, unsigned number, const struct up_transaction *transaction)
{
        gsize bytes;
        const char *data = g_bytes_get_data(transaction->bytes, &bytes);

        if (!offers(hop, UP_HOP_8BITMIME) && !is_ascii(data, bytes))
                return UP_REPLY_REJECT;
        return scripted(hop, number, POINT_DOT);
}

/* How the transaction goes on after RCPT: without one recipient, DATA is refused. */
static enum up_reply reply_to_recipients(const struct up_next_hop *hop,
    const struct up_transaction *transaction, unsigned count, enum up_reply *ret_rcpt)
{
        bool lost = false, accepted = false;

        for (unsigned i = 0; i < count; i++) {
                ret_rcpt[i] = lost ? UP_REPLY_LOST : reply_to_recipient(hop, transaction, i);
                lost = lost || ret_rcpt[i] == UP_REPLY_LOST;
                accepted = accepted || ret_rcpt[i] == UP_REPLY_ACCEPT;
        }
        return lost ? UP_REPLY_LOST : accepted ? UP_REPLY_ACCEPT : UP_REPLY_REJECT;
}

bool up_next_hop_ask(const struct up_next_hop *hop, unsigned number,
    const struct up_transaction *transaction, struct up_send_answer *ret_answer,
    enum up_reply *ret_rcpt)
{
        g_assert(number < G_N_ELEMENTS(hop->replies));

        unsigned count = g_strv_length((char **)transaction->to);
        int reply = reply_to_mail(hop, number, transaction);
        if (reply == NEVER)
                return false;
        ret_answer->mail = (enum up_reply)reply;
        ret_answer->rcpt = ret_rcpt;
        ret_answer->recipients = count;
        if (reply == UP_REPLY_ACCEPT)
                reply = (int)reply_to_recipients(hop, transaction, count, ret_rcpt);
        else
                for (unsigned i = 0; i < count; i++)
                        ret_rcpt[i] = (enum up_reply)reply;

        if (reply == UP_REPLY_ACCEPT)
                reply = scripted(hop, number, POINT_DATA);
        if (reply == NEVER)
                return false;
        ret_answer->data = (enum up_reply)reply;
        if (reply == UP_REPLY_ACCEPT)
                reply = reply_to_dot(hop, number, transaction);
        if (reply == NEVER)
                return false;
        ret_answer->dot = (enum up_reply)reply;
        return true;
}
