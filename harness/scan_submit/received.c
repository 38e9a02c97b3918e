/*
 * received - counts Received fields, and writes one
 *
 * Names of days and months come from tables: those of strftime() and GLib depend on the locale.
 */
#include "scan_submit/received.h"

#include <string.h>

#include "mail/header.h"

/* 1900-01-01 00:00:00 and 9999-12-31 23:59:59, UTC. */
#define EARLIEST_S INT64_C(-2208988800)
#define LATEST_S   INT64_C(253402300799)

static const char *const days[] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };
static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep",
        "Oct", "Nov", "Dec" };

/* RFC 5321 section 4.4: the protocol after "with". */
static const char *const origins[] = {
        [UP_ORIGIN_LOCAL] = "LOCAL",
        [UP_ORIGIN_SMTP] = "ESMTP",
};

unsigned up_received_count(GBytes *message)
{
        struct up_header header = up_header_of(message);
        struct up_field field;
        unsigned hops = 0;

        while (up_header_find(&header, "Received", &field))
                hops++;
        return hops;
}

char *up_received_date(int64_t wall_s)
{
        g_autoptr(GDateTime) time =
            g_date_time_new_from_unix_utc(CLAMP(wall_s, EARLIEST_S, LATEST_S));

        return g_strdup_printf("%s, %02d %s %04d %02d:%02d:%02d +0000",
            days[g_date_time_get_day_of_week(time) - 1], g_date_time_get_day_of_month(time),
            months[g_date_time_get_month(time) - 1], g_date_time_get_year(time),
            g_date_time_get_hour(time), g_date_time_get_minute(time), g_date_time_get_second(time));
}

GBytes *up_received_prepend(GBytes *message, up_id id, enum up_origin origin, int64_t wall_s)
{
        gsize bytes;
        const char *data = g_bytes_get_data(message, &bytes);
        g_autofree char *date = up_received_date(wall_s);
        g_autofree char *field =
            g_strdup_printf("Received: by %s with %s id %" G_GUINT64_FORMAT "; %s%s",
                UP_RECEIVED_HOST, origins[origin], id, date, up_line_end_of(data, bytes));
        size_t field_bytes = strlen(field);
        char *whole = g_malloc(field_bytes + bytes);

        memcpy(whole, field, field_bytes);
        if (bytes > 0)
                memcpy(whole + field_bytes, data, bytes);
        return g_bytes_new_take(whole, field_bytes + bytes);
}
