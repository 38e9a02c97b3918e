/*
 * view - what the pipeline tells of a record, and what of it decides what comes
 */
#ifndef UP_SCAN_SUBMIT_VIEW_H
#define UP_SCAN_SUBMIT_VIEW_H

#include <stdint.h>

#include "pipeline.h"
#include "scan_submit/store.h"

/** A recipient as pipeline.h has it seen. Its strings are the record's, or static. */
struct up_view up_record_view(const struct up_record *record, unsigned index);

/**
 * @digest, gone on with over all that the record's future depends on: two records alike in that
 * have the same, whatever the time is.
 */
uint64_t up_record_digest(uint64_t digest, const struct up_record *record, int64_t now_ms);

#endif
