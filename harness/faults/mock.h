/*
 * sick - one small pipeline that can be sick in as many ways as there are oracles
 *
 * A judge who has never convicted anybody is not to be trusted. So for each oracle
 * (oracle/judge.h) there is a pipeline that commits what this one has to see, and nothing else.
 * All are one and the same: whatever can happen to a mail is an event, and for each event there is
 * a deed that a healthy pipeline does. A sick one does another deed at one event. That, what the
 * pipeline can tell of itself, and a case in which it shows, are a row of up_mock_rows.
 *
 * The target `canary` plays it (canaries.h); `unpend doctor` says whether it was seen, and that the
 * healthy one was found to be so in the same case.
 */
#ifndef UP_FAULTS_MOCK_H
#define UP_FAULTS_MOCK_H

#include <stdint.h>

#include "oracle/judge.h"
#include "pipeline.h"

/** What happens to a mail, and what is to be done then. */
enum up_mock_event {
        UP_MOCK_ARRIVED,   /* it was accepted: look for a loop, then it is ready */
        UP_MOCK_READY,     /* put it at the end of the queue */
        UP_MOCK_BEGUN,     /* its turn has come: ask the scanner, or else the next hop */
        UP_MOCK_CLEAN,     /* said the scanner: it is ready to be sent */
        UP_MOCK_CONDEMNED, /* said the scanner: put it aside */
        UP_MOCK_DELIVERED, /* said the next hop: that is the end */
        UP_MOCK_REFUSED,   /* said the next hop: bounce it */
        UP_MOCK_FAILED,    /* no verdict, deferred, no answer in time: log it, try again */
        UP_MOCK_LOGGED,    /* a failure is to be written to the event log */
        UP_MOCK_POSTPONED, /* it is to be tried again: wait until when? */
        UP_MOCK_DUE,       /* it has waited: it is ready again */
        UP_MOCK_BOUNCED,   /* and somebody wants to know: tell the sender */
};
#define UP_MOCK_EVENTS 12

struct up_mock; /* a pipeline, and one mail of it */
struct up_mock_mail;
typedef void up_mock_action(struct up_mock *self, struct up_mock_mail *mail, int64_t now_ms);

struct up_mock_row {
        const char *oracle;    /* its name in up_oracle_rows */
        const char *what;      /* what this pipeline does: a few words */
        unsigned capabilities; /* a set of enum up_capability: what it tells of itself */
        enum up_mock_event event;
        up_mock_action *instead; /* what it does then */
        const char *signature;   /* how that of the finding begins */
        const char *head;        /* of a case: the lines `policy:` and `script:` */
};

/** UP_ORACLES of them, by the index of the oracle. */
extern const struct up_mock_row up_mock_rows[];

/** The row of that oracle; NULL when there is none of that name. */
const struct up_mock_row *up_mock_find(const char *oracle);

/** That pipeline, which keeps @row; with NULL the healthy one, which tells all that it can. */
struct up_pipeline up_mock_pipeline(const struct up_mock_row *row);

#endif
