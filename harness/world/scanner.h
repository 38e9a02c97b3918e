/*
 * scanner - the scanner that the world simulates
 *
 * Left alone it is healthy and reads content (readings.h): a message is infected when EICAR's test
 * file is in it, wherever it can be found without a key; unscannable when a standard limit of
 * mail/limits.h ends the search, or when other readers may read it differently; else clean. The
 * script can have it treat the messages of one number, or all that have no behaviour of their own,
 * differently: see the choices of the verb `scan`.
 *
 * It decides the answer and its delay. The world assigns the answer to a message, and delivers it
 * to the pipeline.
 */
#ifndef UP_WORLD_SCANNER_H
#define UP_WORLD_SCANNER_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "case/case.h"
#include "pipeline.h"
#include "world/readings.h"

/* Why a scanner has no verdict, in the words of its platform. */
#define UP_SCANNER_BUSY  UINT32_C(0x800700aa) /* the resource is in use */
#define UP_SCANNER_ERROR UINT32_C(0x80004005) /* unspecified */
#define UP_SCANNER_DIED  UINT32_C(0x800706be) /* the remote procedure call failed */

struct up_scanner {
        int manners[UP_CASE_NUMBERS + 1]; /* by number; rows of the table in scanner.c, or -1 */
        struct up_readings *readings;     /* borrowed */
        uint64_t failing; /* of its next look at a message: OpenSSL's allocation; 0: none */
};

/** A healthy scanner; @readings must outlive it. Nothing is owned. */
void up_scanner_init(struct up_scanner *scanner, struct up_readings *readings);

/** From now on all is well again. */
void up_scanner_heal(struct up_scanner *scanner);

/**
 * From now on messages of that number are treated in that manner, a choice of the verb `scan`.
 * Number 0: all that have no manner of their own.
 */
void up_scanner_set(struct up_scanner *scanner, unsigned number, const char *manner);

/**
 * OpenSSL gets no memory for that allocation (mail/allocation.h) of the next look at a message, of
 * any number; then there is memory again. A manner that does not look leaves it for the next.
 */
void up_scanner_starve(struct up_scanner *scanner, uint64_t failing);

/** What the scanner will answer. */
struct up_scanner_plan {
        unsigned answers;    /* how many times: 0 is never */
        int64_t after_ms[2]; /* of each, from now */
        enum up_verdict verdict;
        const char *reason; /* as up_scan_answer has it */
        uint32_t code;
        bool other;          /* the answer names another message */
        uint64_t starved_at; /* why it has no verdict: the allocation that failed; 0: not that */
};

/**
 * Scans a message of that number. @timeout_ms is how long the pipeline waits for an answer.
 * Captures GLib's log meanwhile (up_observations_listen()), so the caller must not be capturing it.
 */
struct up_scanner_plan up_scanner_ask(
    struct up_scanner *scanner, unsigned number, GBytes *bytes, int64_t timeout_ms);

#endif
