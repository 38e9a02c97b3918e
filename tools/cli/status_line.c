/*
 * status_line - a line longer than the terminal would wrap, and could not be overwritten
 */
#include "tools/cli/status_line.h"

#include <stdio.h>
#include <unistd.h>

#include "ledger/page.h"
#include "tools/cli/tool.h"

#define PRINT_EVERY_US (10 * G_TIME_SPAN_SECOND)

void up_status_line_init(struct up_status_line *line)
{
        line->printed_us = g_get_monotonic_time();
        line->terminal = isatty(STDERR_FILENO);
}

void up_status_line_show(struct up_status_line *line, const char *text)
{
        gint64 now_us = g_get_monotonic_time();
        unsigned columns = up_tool_stream_columns(stderr);
        const char *end = text;

        if (line->terminal) {
                /* The last column stays free: some terminals wrap as soon as it is filled. */
                while (*end != '\0' && up_page_columns(text, g_utf8_next_char(end)) < columns)
                        end = g_utf8_next_char(end);
                fprintf(stderr, "\r%.*s\033[K", (int)(end - text), text);
        } else if (now_us >= line->printed_us + PRINT_EVERY_US) {
                line->printed_us = now_us;
                fprintf(stderr, "%s\n", text);
        }
}

void up_status_line_clear(const struct up_status_line *line)
{
        if (line->terminal)
                fputs("\r\033[K", stderr);
}
