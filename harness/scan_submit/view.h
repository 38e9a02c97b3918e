/*
 * view - the views and the digest of a record
 */
#ifndef UP_SCAN_SUBMIT_VIEW_H
#define UP_SCAN_SUBMIT_VIEW_H

#include <stdint.h>

#include "pipeline.h"
#include "scan_submit/store.h"

/** The view of a recipient (pipeline.h). Its strings belong to the record, or are static. */
struct up_view up_record_view(const struct up_record *record, unsigned index);

/**
 * Continues @digest over all that determines the record's future: times count relative to @now_ms.
 */
uint64_t up_record_digest(uint64_t digest, const struct up_record *record, int64_t now_ms);

#endif
