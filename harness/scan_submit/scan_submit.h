/*
 * scan_submit - the reference pipeline: mail is scanned, then submitted for delivery
 *
 * What it is made of, from the inside out:
 *
 *     machine.h    what becomes of a message and of a recipient: two tables, no I/O
 *     store.h      durable storage with the semantics of a disk: what was not synced is gone
 *     client.h     the scan client: looks at a message, asks the scanner, reads its answer
 *     notice.h     a report to the sender (RFC 3464), a message of its own
 *     event_log.h  what an operator reads
 *     queue.c      the shell round the machine: messages, timers, workers, durability
 *
 * Each event is a step of the machine, then one sync, then what the step wants done. So nobody is
 * told of anything that a crash could undo, and nothing is done twice that was told.
 *
 * The bytes of a message are carried as they came; a Received field is put before them (RFC 5321
 * section 4.4). The policy of a message is the one that stood when it was accepted.
 */
#ifndef UP_SCAN_SUBMIT_SCAN_SUBMIT_H
#define UP_SCAN_SUBMIT_SCAN_SUBMIT_H

#include "pipeline.h"
#include "scan_submit/client.h"
#include "scan_submit/machine.h"

/** What can be replaced: what `struct up_pipeline.variant` points to. */
struct up_scan_submit_parts {
        const struct up_machine *machine;
        const struct up_client *client;
};

/** The reference pipeline, with all capabilities. */
extern const struct up_pipeline up_scan_submit;

/** A pipeline of the same make with other parts; @parts must outlive it. */
struct up_pipeline up_scan_submit_with(const char *name, const struct up_scan_submit_parts *parts);

/** The machine of a pipeline of this make; NULL of any other. */
const struct up_machine *up_scan_submit_machine(const struct up_pipeline *pipeline);

#endif
