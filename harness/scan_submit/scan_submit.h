/*
 * scan_submit - the reference pipeline: mail is scanned, then submitted for delivery
 *
 * Its parts:
 *
 *     machine.h        the states of a message and of a recipient: two tables, no I/O
 *     check_machine.h  checks the machine against rules
 *     store.h          durable storage with the semantics of a disk
 *     client.h         the scan client: classifies a message, interprets the scanner's answer
 *     notice.h         the report to the sender (RFC 3464), a message of its own
 *     event_log.h      the operator's log
 *     queue.h          messages, timers, workers, durability
 *
 * Each event is a step of the machine, then one sync, then the effects of the step. So no effect
 * becomes visible that a crash could undo.
 *
 * The bytes of a message are unchanged, with a Received field before them (RFC 5321 section 4.4). A
 * message keeps the policy under which it was accepted.
 */
#ifndef UP_SCAN_SUBMIT_SCAN_SUBMIT_H
#define UP_SCAN_SUBMIT_SCAN_SUBMIT_H

#include "pipeline.h"
#include "scan_submit/client.h"
#include "scan_submit/machine.h"

/** The replaceable parts; `struct up_pipeline.variant` points to them. */
struct up_scan_submit_parts {
        const struct up_machine *machine;
        const struct up_client *client;
};

/** The reference pipeline, with all capabilities. */
extern const struct up_pipeline up_scan_submit;

/** The same pipeline with other parts; @parts must outlive it. */
struct up_pipeline up_scan_submit_with(const char *name, const struct up_scan_submit_parts *parts);

/** The machine of the reference pipeline or of a variant; NULL for any other pipeline. */
const struct up_machine *up_scan_submit_machine(const struct up_pipeline *pipeline);

#endif
