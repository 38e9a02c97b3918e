/*
 * telling - the line that is written over
 *
 * It is cut to what the terminal holds: one that wraps could not be written over.
 */
#include "tools/cli/status_line.h"

#include <stdio.h>
#include <unistd.h>

#include "ledger/page.h"
#include "tools/cli/tool.h"

#define TELL_EVERY_US (10 * G_TIME_SPAN_SECOND)

void up_telling_begin(struct up_telling *telling)
{
        telling->begin_us = telling->told_us = g_get_monotonic_time();
        telling->terminal = isatty(STDERR_FILENO);
}

/* Bytes of the text that the line holds; in the last column some terminals go on to the next. */
static int bytes_that_fit(const char *text)
{
        unsigned columns = up_tool_stream_columns(stderr);
        const char *end = text;

        while (*end != '\0' && up_page_columns(text, g_utf8_next_char(end)) < columns)
                end = g_utf8_next_char(end);
        return (int)(end - text);
}

void up_telling_say(struct up_telling *telling, const char *text)
{
        gint64 now_us = g_get_monotonic_time();

        if (!telling->terminal && now_us < telling->told_us + TELL_EVERY_US)
                return;
        telling->told_us = now_us;
        if (telling->terminal)
                fprintf(stderr, "\r%.*s\033[K", bytes_that_fit(text), text);
        else
                fprintf(stderr, "%s\n", text);
}

void up_telling_step(struct up_telling *telling, const struct up_minimize_step *step)
{
        g_autofree char *size = up_telling_size(&step->size);
        g_autofree char *text =
            g_strdup_printf("round %u, %s: %s, %u runs", step->round, step->pass, size, step->runs);

        up_telling_say(telling, text);
}

void up_telling_end(const struct up_telling *telling)
{
        if (telling->terminal)
                fputs("\r\033[K", stderr);
}

char *up_telling_size(const struct up_shrink_size *size)
{
        return g_strdup_printf("%u event%s, %u recipient%s, %u setting%s, %u part%s, %u field%s, "
                               "%" G_GSIZE_FORMAT " bytes",
            size->events, size->events == 1 ? "" : "s", size->recipients,
            size->recipients == 1 ? "" : "s", size->settings, size->settings == 1 ? "" : "s",
            size->parts, size->parts == 1 ? "" : "s", size->fields, size->fields == 1 ? "" : "s",
            size->bytes);
}

void up_telling_build_size(JsonBuilder *json, const char *name, const struct up_shrink_size *size)
{
        json_builder_set_member_name(json, name);
        json_builder_begin_object(json);
        up_tool_json_number(json, "events", size->events);
        up_tool_json_number(json, "recipients", size->recipients);
        up_tool_json_number(json, "settings", size->settings);
        up_tool_json_number(json, "parts", size->parts);
        up_tool_json_number(json, "fields", size->fields);
        up_tool_json_number(json, "bytes", (gint64)size->bytes);
        json_builder_end_object(json);
}
