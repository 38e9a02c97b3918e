/*
 * status_line - one line of progress on standard error
 *
 * On a terminal the line is overwritten; elsewhere a line is printed every ten seconds.
 */
#ifndef UP_TOOLS_CLI_STATUS_LINE_H
#define UP_TOOLS_CLI_STATUS_LINE_H

#include <glib.h>
#include <stdbool.h>

struct up_status_line {
        gint64 printed_us; /* monotonic */
        bool terminal;
};

void up_status_line_init(struct up_status_line *line);

/** Shows what is being done. It is cut to the columns of the terminal. */
void up_status_line_show(struct up_status_line *line, const char *text);

/** Erases the line, with a "^C" that the terminal may have echoed. Before any other output. */
void up_status_line_clear(const struct up_status_line *line);

#endif
