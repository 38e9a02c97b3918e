/*
 * report - what a gate has to say, in the forms that people and programs read
 *
 * A report is a row: the option that asks for it, and what is written when the gate begins, of
 * each item as soon as it and all before it are done, and when it ends. All reports are made of the
 * same items. TAP (or JSON in its place) goes to standard output, the others to a file.
 */
#ifndef UP_TOOLS_GATE_REPORT_H
#define UP_TOOLS_GATE_REPORT_H

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdio.h>

#include "tools/gate/gate.h"

struct up_report;

struct up_report_row {
        const char *name; /* of its option */
        const char *what; /* for help */
        void (*begin)(struct up_report *report);
        void (*item)(struct up_report *report, guint number, const struct up_gate_item *item);
        void (*end)(struct up_report *report);
};

extern const struct up_report_row up_report_tap, up_report_json, up_report_junit, up_report_sarif;

/** One that is being written. */
struct up_report {
        const struct up_report_row *row;
        const struct up_gate *gate;
        const char *path; /* of its file; NULL: standard output */
        FILE *file;
        JsonBuilder *json; /* of those that are JSON */
};

/**
 * Begins a report in the file @path, or on standard output for NULL. False when it cannot be
 * written, which was told as a usage error. @gate and @path stay the caller's, and must stay.
 */
bool up_report_begin(struct up_report *report, const struct up_report_row *row,
    const struct up_gate *gate, const char *path);

void up_report_item(struct up_report *report, guint number, const struct up_gate_item *item);

/** Ends and closes it. False when not all of it could be written, which was told. */
bool up_report_end(struct up_report *report);

/** Closes it as it is, where the gate was not run. */
void up_report_clear(struct up_report *report);

#endif
