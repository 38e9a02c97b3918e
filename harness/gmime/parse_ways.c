/*
 * parse_ways - one message, read as different programs drive GMime's parser
 *
 * Each row of `ways` is a kind of stream, a format and a set of options. Rows of the same reading
 * (the message format, lenient options) must make the same message of it, whatever pieces the
 * stream hands out: the first row is what the others are compared with.
 *
 * No files: the descriptor is a memfd.
 */
#include "gmime/parse_ways.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MESSAGES 64 /* that are read of one mailbox */

/* --- streams ------------------------------------------------------------------------------- */

static GMimeStream *open_memory(const char *data, size_t size)
{
        return g_mime_stream_mem_new_with_buffer(data != NULL ? data : "", size);
}

/* A chain of pieces of 1, 2, 4, 8... bytes, so that reads end at odd places. */
static GMimeStream *open_pieces(const char *data, size_t size)
{
        GMimeStream *chain = g_mime_stream_cat_new();
        size_t piece = 1;

        for (size_t at = 0; at < size; at += piece, piece *= 2) {
                piece = MIN(piece, size - at);
                g_autoptr(GMimeStream) memory = open_memory(data + at, piece);
                g_mime_stream_cat_add_source(GMIME_STREAM_CAT(chain), memory);
        }
        return chain;
}

static GMimeStream *open_crlf(const char *data, size_t size)
{
        g_autoptr(GMimeStream) memory = open_memory(data, size);
        g_autoptr(GMimeFilter) filter = g_mime_filter_unix2dos_new(FALSE);
        GMimeStream *filtered = g_mime_stream_filter_new(memory);

        g_mime_stream_filter_add(GMIME_STREAM_FILTER(filtered), filter);
        return filtered;
}

static int open_memfd(const char *data, size_t size)
{
        int fd = memfd_create("message", MFD_CLOEXEC);

        if (fd < 0)
                return -1;
        if (write(fd, data, size) != (ssize_t)size || lseek(fd, 0, SEEK_SET) != 0) {
                close(fd);
                return -1;
        }
        return fd;
}

static GMimeStream *open_descriptor(const char *data, size_t size)
{
        int fd = open_memfd(data, size);

        return fd >= 0 ? g_mime_stream_fs_new(fd) : NULL;
}

/* --- options ------------------------------------------------------------------------------- */

static void on_warning(gint64 offset, GMimeParserWarning warning, const char *item, void *data)
{
        size_t *bytes = data;

        (void)offset;
        (void)warning;
        if (item != NULL)
                *bytes += strlen(item);
}

static void on_header(
    GMimeParser *parser, const char *name, const char *value, gint64 offset, void *data)
{
        size_t *bytes = data;

        (void)parser;
        (void)offset;
        *bytes += strlen(name) + strlen(value);
}

static GMimeParserOptions *lenient(size_t *bytes)
{
        (void)bytes;
        return g_mime_parser_options_new();
}

/* GMime 3.2.14 asks for one argument more. */
static void hear_warnings(GMimeParserOptions *options, size_t *bytes)
{
#if GMIME_CHECK_VERSION(3, 2, 14)
        g_mime_parser_options_set_warning_callback(options, on_warning, bytes, NULL);
#else
        g_mime_parser_options_set_warning_callback(options, on_warning, bytes);
#endif
}

static GMimeParserOptions *strict(size_t *bytes)
{
        GMimeParserOptions *options = g_mime_parser_options_new();

        g_mime_parser_options_set_address_compliance_mode(options, GMIME_RFC_COMPLIANCE_STRICT);
        g_mime_parser_options_set_parameter_compliance_mode(options, GMIME_RFC_COMPLIANCE_STRICT);
        g_mime_parser_options_set_rfc2047_compliance_mode(options, GMIME_RFC_COMPLIANCE_STRICT);
        hear_warnings(options, bytes);
        return options;
}

static GMimeParserOptions *generous(size_t *bytes)
{
        static const char *charsets[] = { "utf-8", "shift_jis", "gb18030", "windows-1252", NULL };
        GMimeParserOptions *options = g_mime_parser_options_new();

        g_mime_parser_options_set_allow_addresses_without_domain(options, TRUE);
        g_mime_parser_options_set_fallback_charsets(options, charsets);
        hear_warnings(options, bytes);
        return options;
}

/* --- the ways ------------------------------------------------------------------------------ */

static const struct way {
        const char *name;
        GMimeStream *(*open)(const char *data, size_t size);
        GMimeParserOptions *(*options)(size_t *bytes);
        GMimeFormat format;
        bool persist; /* parts refer to the stream, and are read from it when they are used */
        bool same;    /* must make the same message as the first row; else it is glanced at too */
        bool watched; /* some headers are handed out while they are read: slow, so by one row */
} ways[] = {
        { "memory", open_memory, lenient, GMIME_FORMAT_MESSAGE, true, false, false },
        { "pieces", open_pieces, lenient, GMIME_FORMAT_MESSAGE, false, true, false },
        { "descriptor", open_descriptor, lenient, GMIME_FORMAT_MESSAGE, true, true, false },
        { "with CRLF", open_crlf, generous, GMIME_FORMAT_MESSAGE, false, false, true },
        { "strict", open_memory, strict, GMIME_FORMAT_MESSAGE, true, false, false },
        { "mbox", open_memory, lenient, GMIME_FORMAT_MBOX, true, false, false },
        { "mmdf", open_memory, lenient, GMIME_FORMAT_MMDF, true, false, false },
};

static void ask_parser(GMimeParser *parser)
{
        g_free(g_mime_parser_get_mbox_marker(parser));
        g_mime_parser_get_mbox_marker_offset(parser);
        g_mime_parser_get_headers_begin(parser);
        g_mime_parser_get_headers_end(parser);
        g_mime_parser_tell(parser);
}

/*
 * The first message of the stream as GMime writes it, NULL when there is none. Only an mbox is read
 * further.
 */
static GBytes *read_all(GMimeParser *parser, GMimeParserOptions *options, bool glance)
{
        GBytes *first = NULL;

        for (unsigned i = 0; i < MESSAGES; i++) {
                g_autoptr(GMimeMessage) message = g_mime_parser_construct_message(parser, options);
                if (message == NULL)
                        break;
                ask_parser(parser);
                if (glance)
                        up_mime_call_common_accessors(message);
                if (first == NULL)
                        first = up_mime_written(message, NULL);
                if (g_mime_parser_get_format(parser) != GMIME_FORMAT_MBOX ||
                    g_mime_parser_eos(parser))
                        break;
        }
        return first;
}

static GBytes *read_by(const struct way *way, const char *data, size_t size)
{
        g_autoptr(GMimeStream) stream = way->open(data, size);
        size_t bytes = 0;

        if (stream == NULL)
                return NULL;
        g_autoptr(GMimeParserOptions) options = way->options(&bytes);
        g_autoptr(GMimeParser) parser = g_mime_parser_new_with_stream(stream);
        g_mime_parser_set_format(parser, way->format);
        g_mime_parser_set_persist_stream(parser, way->persist);
        g_mime_parser_set_respect_content_length(parser, way->format == GMIME_FORMAT_MBOX);
        if (way->watched)
                g_mime_parser_set_header_regex(parser, "^(Subject|X-.*)$", on_header, &bytes);
        return read_all(parser, options, !way->same);
}

void up_mime_parse_ways(GBytes *message, struct up_observations *observed)
{
        gsize size;
        const char *data = g_bytes_get_data(message, &size);
        g_autoptr(GBytes) expected = NULL;

        if (!up_observations_within(observed, &observed->limits.message_bytes, size))
                return;
        for (size_t i = 0; i < G_N_ELEMENTS(ways); i++) {
                bool taken =
                    up_observations_take(observed, "parse way", i, G_N_ELEMENTS(ways), true);
                g_autoptr(GBytes) written = taken ? read_by(&ways[i], data, size) : NULL;

                if (written == NULL)
                        continue;
                if (i == 0)
                        expected = g_bytes_ref(written);
                else if (ways[i].same && expected != NULL)
                        up_mime_remark_difference(observed, ways[i].name, expected, written);
        }
        if (expected != NULL)
                up_mime_remark_difference(observed, "written", message, expected);
}
