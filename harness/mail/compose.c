/*
 * compose - MIME by concatenation
 */
#include "mail/compose.h"

#include <string.h>

#include "mail/base64.h"
#include "mail/lines.h"

#define BASE64_LINE 64

static void put_bytes(GString *to, GBytes *bytes)
{
        gsize size;
        const char *data = g_bytes_get_data(bytes, &size);

        if (size > 0)
                g_string_append_len(to, data, (gssize)size);
}

GBytes *up_compose_lines(const char *text)
{
        return g_string_free_to_bytes(up_lines_as_crlf(text, strlen(text)));
}

/* Message and entity alike: header lines, then bytes that begin with more of them or not. */
static GBytes *under(const char *header, const char *separator, GBytes *rest)
{
        GString *whole = up_lines_as_crlf(header, strlen(header));

        g_string_append(whole, separator);
        put_bytes(whole, rest);
        return g_string_free_to_bytes(whole);
}

GBytes *up_compose_message(const char *header, GBytes *entity)
{
        return under(header, "", entity);
}

GBytes *up_compose_entity(const char *header, GBytes *body)
{
        return under(header, "\r\n", body);
}

GBytes *up_compose_base64(const char *header, GBytes *body)
{
        gsize size;
        const void *data = g_bytes_get_data(body, &size);
        GString *text = g_string_new(NULL);
        g_autoptr(GBytes) encoded = NULL;

        up_base64_append(text, data, size, BASE64_LINE, "\r\n");
        encoded = g_string_free_to_bytes(text);
        return up_compose_entity(header, encoded);
}

GBytes *up_compose_multipart(const char *type, const char *boundary, GBytes *const *parts)
{
        GString *body = g_string_new(NULL);
        g_autoptr(GBytes) whole = NULL;
        g_autofree char *header =
            g_strdup_printf("Content-Type: %s; boundary=\"%s\"\n", type, boundary);

        for (; *parts != NULL; parts++) {
                g_string_append_printf(body, "--%s\r\n", boundary);
                put_bytes(body, *parts);
                g_string_append(body, "\r\n");
        }
        g_string_append_printf(body, "--%s--\r\n", boundary);
        whole = g_string_free_to_bytes(body);
        return up_compose_entity(header, whole);
}
