/*
 * mock - one small pipeline that can be faulty in as many ways as there are oracles
 *
 * An oracle that never reported anything proves nothing. So each oracle (oracle/judge.h) names a
 * faulty pipeline on which it must report a finding, and nothing else may. All are the same
 * pipeline: each event in the life of a message has an action, and a faulty pipeline replaces the
 * action of one event. That action, what the pipeline claims to report, and a case in which the
 * fault shows are a row of up_mock_rows.
 *
 * The target `canary` runs them (canaries.h); `unpend doctor` checks that the fault is found, and
 * that the fixed counterpart passes the same case.
 */
#ifndef UP_FAULTS_MOCK_H
#define UP_FAULTS_MOCK_H

#include <stddef.h>
#include <stdint.h>

#include "pipeline.h"

/** What happens to a message. */
enum up_mock_event {
        UP_MOCK_ACCEPTED,  /* submitted: check for a loop, then queue it */
        UP_MOCK_QUEUED,    /* append it to the queue */
        UP_MOCK_STARTED,   /* a worker is free: request a scan or a transaction */
        UP_MOCK_CLEAN,     /* verdict: queue it for sending */
        UP_MOCK_NOT_CLEAN, /* verdict, or there will be none: do what policy says */
        UP_MOCK_DELIVERED, /* the next hop accepted it: done, or queue it for the scan in the store
                            */
        UP_MOCK_READABLE,  /* verdict in the store: it may be read */
        UP_MOCK_REJECTED,  /* the next hop rejected it: bounce it */
        UP_MOCK_FAILED,    /* no verdict, deferred, or time-out: log it, retry it */
        UP_MOCK_LOGGED,    /* write the failure to the event log */
        UP_MOCK_DELAYED,   /* set the timer of the next attempt */
        UP_MOCK_DUE,       /* that timer fired: queue it again */
        UP_MOCK_BOUNCED,   /* send its sender a notice */
        UP_MOCK_COMMANDED, /* an administrator's command: note it, for it may be under way */
        UP_MOCK_EVENT_COUNT
};

struct up_mock; /* a pipeline, and one message of it */
struct up_mock_message;
typedef void up_mock_action(struct up_mock *self, struct up_mock_message *message, int64_t now_ms);

struct up_mock_row {
        const char *name;      /* as an oracle's row names its canary */
        const char *what;      /* what this pipeline does wrong: a few words */
        unsigned capabilities; /* a set of enum up_capability that it claims */
        enum up_mock_event event;
        up_mock_action *action; /* what it does then, instead of the right thing */
        const char *signature;  /* how the signature of the finding begins */
        const char *head;       /* of a case: the lines `policy:` and `script:` */
};
extern const struct up_mock_row up_mock_rows[];
extern const size_t up_mock_count;

/** NULL if there is no row with that name. */
const struct up_mock_row *up_mock_find(const char *name);

/** The pipeline of a row, which it borrows; for NULL the fixed one, which claims everything. */
struct up_pipeline up_mock_pipeline(const struct up_mock_row *row);

#endif
