/*
 * report - opening and closing; the rows are in report_*.c
 */
#include "tools/gate/report.h"

#include <errno.h>
#include <string.h>

#include "tools/cli/tool.h"

bool up_report_begin(struct up_report *report, const struct up_report_row *row,
    const struct up_gate *gate, const char *path)
{
        *report = (struct up_report){ .row = row, .gate = gate, .path = path };
        report->file = path != NULL ? fopen(path, "we") : stdout;
        if (report->file == NULL) {
                up_tool_usage("--%s %s: cannot be written: %s", row->name, path, g_strerror(errno));
                return false;
        }
        report->json = json_builder_new();
        row->begin(report);
        fflush(report->file);
        return true;
}

void up_report_item(struct up_report *report, guint number, const struct up_gate_item *item)
{
        report->row->item(report, number, item);
        fflush(report->file);
}

bool up_report_end(struct up_report *report)
{
        bool written;

        report->row->end(report);
        written = fflush(report->file) == 0 && ferror(report->file) == 0;
        if (!written && report->path != NULL)
                up_tool_fail(0, "--%s %s: not all of it could be written: is the disk full?",
                    report->row->name, report->path);
        up_report_clear(report);
        return written;
}

void up_report_clear(struct up_report *report)
{
        if (report->path != NULL && report->file != NULL)
                fclose(report->file);
        g_clear_object(&report->json);
        *report = (struct up_report){ 0 };
}
