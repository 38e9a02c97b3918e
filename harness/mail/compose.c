/*
 * compose - MIME by concatenation
 */
#include "mail/compose.h"

#include <string.h>

#define BASE64_LINE 64

static void put_text(GByteArray *to, const char *text)
{
        g_byte_array_append(to, (const guint8 *)text, (guint)strlen(text));
}

static void put_bytes(GByteArray *to, GBytes *bytes)
{
        gsize size;
        const guint8 *data = g_bytes_get_data(bytes, &size);

        g_byte_array_append(to, data, (guint)size);
}

static void put_lines(GByteArray *to, const char *text)
{
        for (const char *at = text; *at != '\0'; at++) {
                if (*at == '\n' && (at == text || at[-1] != '\r'))
                        put_text(to, "\r");
                g_byte_array_append(to, (const guint8 *)at, 1);
        }
}

static void put_base64(GByteArray *to, GBytes *bytes)
{
        gsize size;
        const guint8 *data = g_bytes_get_data(bytes, &size);
        g_autofree char *text = g_base64_encode(data, size);
        size_t left = strlen(text);

        for (const char *at = text; left > 0;) {
                size_t line = MIN(left, BASE64_LINE);
                g_byte_array_append(to, (const guint8 *)at, (guint)line);
                put_text(to, "\r\n");
                at += line;
                left -= line;
        }
}

GBytes *up_compose_lines(const char *text)
{
        GByteArray *lines = g_byte_array_new();

        put_lines(lines, text);
        return g_byte_array_free_to_bytes(lines);
}

/* Message and entity alike: header lines, then bytes that begin with more of them or not. */
static GBytes *under(const char *header, const char *separator, GBytes *rest)
{
        GByteArray *whole = g_byte_array_new();

        put_lines(whole, header);
        put_text(whole, separator);
        put_bytes(whole, rest);
        return g_byte_array_free_to_bytes(whole);
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
        GByteArray *text = g_byte_array_new();
        g_autoptr(GBytes) encoded = NULL;

        put_base64(text, body);
        encoded = g_byte_array_free_to_bytes(text);
        return up_compose_entity(header, encoded);
}

GBytes *up_compose_multipart(const char *type, const char *boundary, GBytes *const *parts)
{
        GByteArray *body = g_byte_array_new();
        g_autoptr(GBytes) whole = NULL;
        g_autofree char *header =
            g_strdup_printf("Content-Type: %s; boundary=\"%s\"\n", type, boundary);
        g_autofree char *delimiter = g_strdup_printf("--%s\r\n", boundary);
        g_autofree char *close = g_strdup_printf("--%s--\r\n", boundary);

        for (; *parts != NULL; parts++) {
                put_text(body, delimiter);
                put_bytes(body, *parts);
                put_text(body, "\r\n");
        }
        put_text(body, close);
        whole = g_byte_array_free_to_bytes(body);
        return up_compose_entity(header, whole);
}

GBytes *up_compose_attached(GBytes *message)
{
        return up_compose_entity("Content-Type: message/rfc822\n", message);
}
