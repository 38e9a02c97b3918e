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

GMimeMessage *up_mime_parse(GBytes *message, struct up_exam *exam)
{
        gsize size;
        const char *data = g_bytes_get_data(message, &size);

        if (!up_exam_within(exam, &exam->limits.message_bytes, size))
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

void up_mime_examine(GBytes *bytes, struct up_exam *exam)
{
        g_autoptr(GMimeMessage) message = NULL;

        up_mime_start();
        up_exam_listen(exam);
        message = up_mime_parse(bytes, exam);
        if (message != NULL) {
                g_autoptr(GPtrArray) objects = up_mime_objects(message, exam);
                if (objects->len <= UP_MIME_MANY_OBJECTS)
                        up_mime_parse_ways(bytes, exam);
                up_mime_touch(message, exam);
                up_mime_compare(message, exam);
                up_mime_rewrite(message, exam);
        }
        up_exam_count(exam, UP_COUNT_LOGS_JUDGED);
        g_clear_object(&message);
        up_exam_unlisten(exam);
}
