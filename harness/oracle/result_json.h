/*
 * result_json - the one JSON form of findings and results
 *
 * Targets write it (UNPEND_REPORT), the tools read it and write it again for `--json`. One table
 * lists the members of a finding: name, type, place in the struct. A member with nothing to say
 * (no evidence, no message, no ledger entry) is left out.
 */
#ifndef UP_ORACLE_RESULT_JSON_H
#define UP_ORACLE_RESULT_JSON_H

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "mail/observations.h"
#include "oracle/finding.h"
#include "oracle/judge.h"
#include "oracle/outage.h"

/** What one input showed on one target. */
struct up_input_result {
        GPtrArray *findings;              /* of struct up_finding */
        uint64_t counts[UP_COUNTS];       /* of the readers of mail */
        uint64_t judged[UP_ORACLE_COUNT]; /* by oracle; written where it is not 0 */
        uint64_t fuel;                    /* edges; left out where it is 0 */
        struct up_outage outage;          /* left out where nothing bounced */
        bool unscannable;
        char **limits; /* those that were hit */
        char *trace;   /* NULL: left out */
};

/** An empty result. */
void up_input_result_init(struct up_input_result *result);

void up_input_result_clear(struct up_input_result *result);

/** Appends the members of @result to an object that was begun. */
void up_input_result_build_members(const struct up_input_result *result, JsonBuilder *json);

/**
 * Adds to @result, which is empty, what up_input_result_build_members() wrote. False, with @result
 * untouched, when members are missing or have another type. A finding of an unknown class is
 * skipped; unknown members are ignored.
 */
bool up_input_result_read(struct up_input_result *result, JsonObject *object);

/** Appends the members of a finding to an object that was begun, without its slug. */
void up_finding_build_members(const struct up_finding *finding, JsonBuilder *json);

/** Appends the finding as an object: these members and its slug. */
void up_finding_build_json(const struct up_finding *finding, JsonBuilder *json);

/**
 * The finding that such members describe, owned by the caller; NULL without a known class, a
 * signature and a detail.
 */
struct up_finding *up_finding_read_json(JsonObject *object);

/** Valid UTF-8 without control characters, which become "?". The caller owns the result. */
char *up_printable(const char *text);

#endif
