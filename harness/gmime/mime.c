/*
 * mime - starting GMime, reading a message, and the order in which it is examined
 */
#include "gmime/mime.h"

#include "mail/charset.h"
#include "gmime/objects.h"

void up_mime_start(void)
{
        static bool started;

        if (started)
                return;
        up_charsets_fix();
        g_mime_init();
        started = true;
}

GMimeMessage *up_mime_parse(GBytes *message, struct up_observations *observed)
{
        gsize size;
        const char *data = g_bytes_get_data(message, &size);

        if (!up_observations_within(observed, &observed->limits.message_bytes, size))
                return NULL;

        g_autoptr(GMimeStream) stream =
            g_mime_stream_mem_new_with_buffer(data != NULL ? data : "", size);
        g_autoptr(GMimeParser) parser = g_mime_parser_new_with_stream(stream);
        return g_mime_parser_construct_message(parser, NULL);
}

GBytes *up_mime_decoded(GMimePart *part, size_t most)
{
        GMimeDataWrapper *content = g_mime_part_get_content(part);
        g_autoptr(GByteArray) bytes = g_byte_array_new();

        if (content != NULL) {
                g_autoptr(GMimeStream) memory = g_mime_stream_mem_new_with_byte_array(bytes);
                g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(memory), FALSE);
                g_mime_data_wrapper_write_to_stream(content, memory);
        }
        if (bytes->len > most)
                g_byte_array_set_size(bytes, (guint)most);
        return g_byte_array_free_to_bytes(g_steal_pointer(&bytes));
}

void up_mime_examine(GBytes *bytes, struct up_observations *observed)
{
        g_autoptr(GMimeMessage) message = NULL;

        up_mime_start();
        up_observations_listen(observed);
        message = up_mime_parse(bytes, observed);
        if (message != NULL) {
                g_autoptr(GPtrArray) objects = up_mime_objects(message, observed);
                if (objects->len <= UP_MIME_MANY_OBJECTS)
                        up_mime_parse_ways(bytes, observed);
                up_mime_touch(message, observed);
                up_mime_compare(message, observed);
                up_mime_rewrite(message, observed);
        }
        up_observations_count(observed, UP_COUNT_LOGS_JUDGED);
        g_clear_object(&message);
        up_observations_unlisten(observed);
}
