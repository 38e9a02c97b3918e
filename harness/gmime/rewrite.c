/*
 * rewrite - what gateways, lists and clients do to a message before they send it on
 *
 * First the message is written and read again untouched, to see whether GMime's own writing is
 * stable. Then every row of `edits` changes it, one after the other and each on what the one before
 * it left. The result is written in every format of `formats`; the last of them is read again.
 *
 * Boundaries and identifiers are given, never made up, so that one message has one outcome. What
 * is set again is a copy. Calls that fail whatever the message holds are left out, because they
 * would hide all else.
 *
 * A message with more objects than UP_MIME_MANY_OBJECTS is only written and read again, because an
 * edit of each object costs as much as its headers are many.
 */
#include "gmime/rewrite.h"

#include <string.h>

#define SPLIT_PIECES 2 /* into which a message is split, at most */
#define SPLIT_LEAST  128

struct edit_context {
        GPtrArray *objects; /* of the message as it was before the first edit, parents first */
        GDateTime *now;
        unsigned boundaries; /* given so far */
};

/* --- headers ------------------------------------------------------------------------------- */

static void add_trace(GMimeMessage *message, struct edit_context *context)
{
        GMimeObject *object = GMIME_OBJECT(message);
        g_autofree char *date = g_mime_utils_header_format_date(context->now);
        g_autofree char *received = g_strconcat(
            "from mail.example.com (mail.example.com [192.0.2.1])\n\tby mx.example.org with ESMTPS "
            "id 4C0FFEE for <w@example.com>; ",
            date, NULL);

        g_mime_object_prepend_header(object, "Received", received, NULL);
        g_mime_object_prepend_header(object, "Return-Path", "<u@example.com>", NULL);
        g_mime_object_append_header(object, "X-Scanned", "clean", NULL);
        g_mime_object_append_header(
            object, "X-Scanned-By", "gr\u00fc\u00dfe vom Filter", "iso-8859-1");
        g_mime_object_set_header(object, "X-Scanned", "clean; twice", "utf-8");
}

static void remove_trace(GMimeMessage *message, struct edit_context *context)
{
        GMimeObject *object = GMIME_OBJECT(message);
        GMimeHeaderList *headers = g_mime_object_get_header_list(object);

        (void)context;
        g_mime_object_remove_header(object, "Received");
        g_mime_object_remove_header(object, "Bcc");
        g_mime_object_remove_header(object, "No-Such-Header");
        g_mime_header_list_remove_at(headers, g_mime_header_list_get_count(headers) - 1);
}

/* Every header gets the value that GMime read from it, decoded. */
static void set_headers_again(GMimeMessage *message, struct edit_context *context)
{
        (void)message;
        for (guint i = 0; i < context->objects->len; i++) {
                GMimeHeaderList *headers =
                    g_mime_object_get_header_list(g_ptr_array_index(context->objects, i));
                for (int j = 0; j < g_mime_header_list_get_count(headers); j++) {
                        GMimeHeader *header = g_mime_header_list_get_header_at(headers, j);
                        g_autofree char *value = g_strdup(g_mime_header_get_value(header));
                        if (value != NULL)
                                g_mime_header_set_value(header, NULL, value, "utf-8");
                }
        }
}

static void set_subject_again(GMimeMessage *message, struct edit_context *context)
{
        g_autofree char *subject = g_strdup(g_mime_message_get_subject(message));
        g_autofree char *id = g_strdup(g_mime_message_get_message_id(message));
        GDateTime *date = g_mime_message_get_date(message);

        g_mime_message_set_subject(message, subject != NULL ? subject : "(no subject)", NULL);
        g_mime_message_set_message_id(message, id != NULL ? id : "given@example.com");
        g_mime_message_set_date(message, date != NULL ? date : context->now);
}

/* GMime encodes the whole field anew for each name or address that is set: so many of a field are,
 * spread over it. */
#define ADDRESSES_SET 64

static void set_mailbox_again(InternetAddressMailbox *mailbox)
{
        g_autofree char *address = g_strdup(internet_address_mailbox_get_addr(mailbox));

        if (address != NULL)
                internet_address_mailbox_set_addr(mailbox, address);
}

/* Each list: its own names and addresses, one more, one moved to its end, and a copy of all. */
static void set_addresses_again(GMimeMessage *message, struct edit_context *context)
{
        (void)context;
        for (int type = GMIME_ADDRESS_TYPE_SENDER; type <= GMIME_ADDRESS_TYPE_BCC; type++) {
                InternetAddressList *list =
                    g_mime_message_get_addresses(message, (GMimeAddressType)type);
                g_autoptr(InternetAddressList) copy = internet_address_list_new();
                g_autoptr(InternetAddress) first = NULL;

                if (internet_address_list_length(list) == 0)
                        continue;
                internet_address_list_append(copy, list);
                int length = internet_address_list_length(list);
                int step = MAX(1, (length + ADDRESSES_SET - 1) / ADDRESSES_SET);
                for (int i = 0; i < length; i += step) {
                        InternetAddress *address = internet_address_list_get_address(list, i);
                        g_autofree char *name = g_strdup(internet_address_get_name(address));
                        internet_address_set_name(address, name);
                        if (INTERNET_ADDRESS_IS_MAILBOX(address))
                                set_mailbox_again(INTERNET_ADDRESS_MAILBOX(address));
                }
                first = g_object_ref(internet_address_list_get_address(list, 0));
                internet_address_list_remove_at(list, 0);
                internet_address_list_insert(list, internet_address_list_length(list), first);
                internet_address_list_contains(list, first);
                internet_address_list_clear(list);
                internet_address_list_append(list, copy);
        }
        g_mime_message_add_mailbox(
            message, GMIME_ADDRESS_TYPE_CC, "J\u00fcrgen", "archive@example.com");
}

/* --- types and dispositions ---------------------------------------------------------------- */

static void set_params_again(GMimeParamList *params, GMimeParamEncodingMethod method)
{
        for (int i = 0; i < g_mime_param_list_length(params); i++) {
                GMimeParam *param = g_mime_param_list_get_parameter_at(params, i);
                g_autofree char *name = g_strdup(g_mime_param_get_name(param));
                g_autofree char *value = g_strdup(g_mime_param_get_value(param));

                g_mime_param_set_encoding_method(param, method);
                g_mime_param_set_charset(param, "utf-8");
                g_mime_param_set_lang(param, "en");
                g_mime_param_list_set_parameter(params, name, value);
        }
}

static void set_type_again(GMimeObject *object)
{
        GMimeContentType *type = g_mime_object_get_content_type(object);
        g_autofree char *media = g_strdup(g_mime_content_type_get_media_type(type));
        g_autofree char *subtype = g_strdup(g_mime_content_type_get_media_subtype(type));

        g_mime_content_type_set_media_type(type, media);
        g_mime_content_type_set_media_subtype(type, subtype);
        g_mime_object_set_content_type_parameter(object, "x-filter", "caf\u00e9");
}

static void set_disposition_again(GMimeObject *object)
{
        g_autofree char *disposition = g_strdup(g_mime_object_get_disposition(object));

        g_mime_object_set_disposition(object, GMIME_DISPOSITION_ATTACHMENT);
        g_mime_object_set_content_disposition_parameter(object, "size", "1");
        if (disposition != NULL)
                g_mime_object_set_disposition(object, disposition);
}

static void set_types_again(GMimeMessage *message, struct edit_context *context)
{
        (void)message;
        for (guint i = 0; i < context->objects->len; i++) {
                GMimeObject *object = g_ptr_array_index(context->objects, i);

                if (GMIME_IS_MESSAGE(object))
                        continue;
                for (int method = GMIME_PARAM_ENCODING_METHOD_DEFAULT;
                     method <= GMIME_PARAM_ENCODING_METHOD_RFC2047; method++) {
                        GMimeContentDisposition *disposition =
                            g_mime_object_get_content_disposition(object);
                        set_params_again(g_mime_content_type_get_parameters(
                                             g_mime_object_get_content_type(object)),
                            (GMimeParamEncodingMethod)method);
                        if (disposition != NULL)
                                set_params_again(
                                    g_mime_content_disposition_get_parameters(disposition),
                                    (GMimeParamEncodingMethod)method);
                }
                set_type_again(object);
                set_disposition_again(object);
        }
}

static void set_part_again(GMimePart *part)
{
        g_autofree char *description = g_strdup(g_mime_part_get_content_description(part));
        g_autofree char *location = g_strdup(g_mime_part_get_content_location(part));
        g_autofree char *id = g_strdup(g_mime_part_get_content_id(part));
        g_autofree char *filename = g_strdup(g_mime_part_get_filename(part));

        if (description != NULL)
                g_mime_part_set_content_description(part, description);
        if (location != NULL)
                g_mime_part_set_content_location(part, location);
        g_mime_part_set_content_id(part, id != NULL ? id : "given@example.com");
        if (filename != NULL)
                g_mime_part_set_filename(part, filename);
        if (g_mime_part_get_content(part) != NULL)
                g_mime_part_set_content_md5(part, NULL);
}

static void set_parts_again(GMimeMessage *message, struct edit_context *context)
{
        (void)message;
        for (guint i = 0; i < context->objects->len; i++)
                if (GMIME_IS_PART(g_ptr_array_index(context->objects, i)))
                        set_part_again(g_ptr_array_index(context->objects, i));
}

/* --- content ------------------------------------------------------------------------------- */

static void constrain(GMimeMessage *message, struct edit_context *context)
{
        (void)context;
        for (int to = GMIME_ENCODING_CONSTRAINT_BINARY; to >= GMIME_ENCODING_CONSTRAINT_7BIT; to--)
                g_mime_object_encode(GMIME_OBJECT(message), (GMimeEncodingConstraint)to);
}

/* GMime before 3.2.8 cannot leave out the header. */
static void write_content(GMimePart *part, GMimeStream *to)
{
#if GMIME_CHECK_VERSION(3, 2, 8)
        g_mime_object_write_content_to_stream(GMIME_OBJECT(part), NULL, to);
#else
        g_mime_object_write_to_stream(GMIME_OBJECT(part), NULL, to);
#endif
}

static void encode_part(GMimePart *part)
{
        static const GMimeContentEncoding encodings[] = {
                GMIME_CONTENT_ENCODING_7BIT,
                GMIME_CONTENT_ENCODING_8BIT,
                GMIME_CONTENT_ENCODING_BINARY,
                GMIME_CONTENT_ENCODING_UUENCODE,
                GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE,
                GMIME_CONTENT_ENCODING_BASE64,
        };
        g_autoptr(GMimeStream) nowhere = g_mime_stream_null_new();

        for (size_t i = 0; i < G_N_ELEMENTS(encodings); i++) {
                g_mime_part_set_content_encoding(part, encodings[i]);
                write_content(part, nowhere);
        }
}

static void encode_parts(GMimeMessage *message, struct edit_context *context)
{
        (void)message;
        for (guint i = 0; i < context->objects->len; i++)
                if (GMIME_IS_PART(g_ptr_array_index(context->objects, i)))
                        encode_part(g_ptr_array_index(context->objects, i));
}

/* As after a conversion: what is displayed becomes what is sent. */
static void set_texts_again(GMimeMessage *message, struct edit_context *context)
{
        (void)message;
        for (guint i = 0; i < context->objects->len; i++) {
                GMimeObject *object = g_ptr_array_index(context->objects, i);
                g_autofree char *text = NULL;
                g_autofree char *charset = NULL;

                if (!GMIME_IS_TEXT_PART(object))
                        continue;
                text = g_mime_text_part_get_text(GMIME_TEXT_PART(object));
                if (text == NULL)
                        continue;
                g_mime_text_part_set_text(GMIME_TEXT_PART(object), text);
                charset = g_strdup(g_mime_text_part_get_charset(GMIME_TEXT_PART(object)));
                g_mime_text_part_set_charset(GMIME_TEXT_PART(object), charset);
        }
}

/* --- structure ----------------------------------------------------------------------------- */

static void give_boundary(GMimeMultipart *multipart, struct edit_context *context)
{
        g_autofree char *boundary = g_strdup_printf("=-unpend-%u", context->boundaries++);

        g_mime_multipart_set_boundary(multipart, boundary);
}

static GMimeObject *new_text(const char *text)
{
        GMimeTextPart *part = g_mime_text_part_new();

        g_mime_text_part_set_text(part, text);
        return GMIME_OBJECT(part);
}

static void edit_multipart(GMimeMultipart *multipart, struct edit_context *context)
{
        g_autofree char *prologue = g_strdup(g_mime_multipart_get_prologue(multipart));
        g_autofree char *epilogue = g_strdup(g_mime_multipart_get_epilogue(multipart));
        g_autoptr(GMimeObject) first = new_text("removed: an attachment\n");
        g_autoptr(GMimeObject) last = new_text("scanned\n");
        GMimeObject *replaced;

        give_boundary(multipart, context);
        g_mime_multipart_set_prologue(multipart, prologue);
        g_mime_multipart_set_epilogue(multipart, epilogue);
        g_mime_multipart_insert(multipart, 0, first);
        g_mime_multipart_add(multipart, last);
        replaced = g_mime_multipart_replace(multipart, 0, last);
        g_object_unref(replaced);
        g_mime_multipart_remove(multipart, last);
}

static void edit_multiparts(GMimeMessage *message, struct edit_context *context)
{
        (void)message;
        for (guint i = 0; i < context->objects->len; i++)
                if (GMIME_IS_MULTIPART(g_ptr_array_index(context->objects, i)))
                        edit_multipart(g_ptr_array_index(context->objects, i), context);
}

static GMimeMultipart *new_mixed(struct edit_context *context)
{
        g_autoptr(GMimeContentType) type = g_mime_content_type_new("multipart", "mixed");
        GMimeMultipart *mixed = GMIME_MULTIPART(g_mime_object_new(NULL, type));

        give_boundary(mixed, context);
        return mixed;
}

/* As mailing lists do: the message becomes the first part, a text about the list the second. */
static void add_footer(GMimeMessage *message, struct edit_context *context)
{
        GMimeObject *top = g_mime_message_get_mime_part(message);
        g_autoptr(GMimeObject) mixed = GMIME_OBJECT(new_mixed(context));
        g_autoptr(GMimeObject) footer = new_text("-- \nyou get this because you asked for it\n");

        if (top != NULL)
                g_mime_multipart_add(GMIME_MULTIPART(mixed), top);
        g_mime_multipart_add(GMIME_MULTIPART(mixed), footer);
        g_mime_message_set_mime_part(message, mixed);
}

/* As a bounce or a report of spam does: the whole message becomes a part of a new one. */
static void forward(GMimeMessage *message, struct edit_context *context)
{
        g_autoptr(GMimeMessage) outer = g_mime_message_new(TRUE);
        g_autoptr(GMimeObject) mixed = GMIME_OBJECT(new_mixed(context));
        g_autoptr(GMimeObject) part =
            GMIME_OBJECT(g_mime_message_part_new_with_message("rfc822", message));
        g_autoptr(GBytes) written = NULL;

        g_mime_message_set_subject(outer, "Fwd", NULL);
        g_mime_message_set_date(outer, context->now);
        g_mime_multipart_add(GMIME_MULTIPART(mixed), part);
        g_mime_message_set_mime_part(outer, mixed);
        written = up_mime_written(outer, NULL);
}

/* --- written and read again ---------------------------------------------------------------- */

static GMimeMessage *read_again(GBytes *written)
{
        gsize size;
        const char *data = g_bytes_get_data(written, &size);
        g_autoptr(GMimeStream) stream =
            g_mime_stream_mem_new_with_buffer(data != NULL ? data : "", size);
        g_autoptr(GMimeParser) parser = g_mime_parser_new_with_stream(stream);

        return g_mime_parser_construct_message(parser, NULL);
}

static void split(GMimeMessage *message, struct edit_context *context)
{
        g_autoptr(GBytes) whole = up_mime_written(message, NULL);
        size_t most = MAX(SPLIT_LEAST, g_bytes_get_size(whole) / SPLIT_PIECES + 1);
        g_autoptr(GPtrArray) partials = g_ptr_array_new();
        g_autoptr(GMimeMessage) joined = NULL;
        size_t count;
        GMimeMessage **pieces = g_mime_message_partial_split_message(message, most, &count);

        (void)context;
        for (size_t i = 0; i < count; i++) {
                GMimeObject *part = g_mime_message_get_mime_part(pieces[i]);
                if (GMIME_IS_MESSAGE_PARTIAL(part))
                        g_ptr_array_add(partials, part);
        }
        if (partials->len > 0)
                joined = g_mime_message_partial_reconstruct_message(
                    (GMimeMessagePartial **)partials->pdata, partials->len);
        if (joined != NULL)
                up_mime_call_common_accessors(joined);
        for (size_t i = 0; i < count; i++)
                g_object_unref(pieces[i]);
        g_free(pieces);
}

static const struct format {
        GMimeNewLineFormat newline;
        GMimeParamEncodingMethod method;
        const char *hidden; /* a header that is left out, NULL for none */
} formats[] = {
        { GMIME_NEWLINE_FORMAT_UNIX, GMIME_PARAM_ENCODING_METHOD_RFC2231, NULL },
        { GMIME_NEWLINE_FORMAT_DOS, GMIME_PARAM_ENCODING_METHOD_RFC2047, "Bcc" },
};

/* What was written last, the form of a message on its way by SMTP, is read again. */
static void write_formats(GMimeMessage *message, struct edit_context *context)
{
        g_autoptr(GMimeMessage) again = NULL;
        g_autoptr(GBytes) written = NULL;

        (void)context;
        for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
                g_autoptr(GMimeFormatOptions) options = g_mime_format_options_new();
                g_mime_format_options_set_newline_format(options, formats[i].newline);
                g_mime_format_options_set_param_encoding_method(options, formats[i].method);
                if (formats[i].hidden != NULL)
                        g_mime_format_options_add_hidden_header(options, formats[i].hidden);
                g_clear_pointer(&written, g_bytes_unref);
                written = up_mime_written(message, options);
        }
        again = read_again(written);
        if (again != NULL)
                up_mime_call_common_accessors(again);
}

/*
 * One after the other, each on what the one before it left. Those that copy the whole message come
 * while it is small; a split needs the Message-ID that set_subject_again() sees to (RFC 2046
 * section 5.2.2.1).
 */
static void (*const edits[])(GMimeMessage *message, struct edit_context *context) = {
        set_subject_again,
        forward,
        split,
        add_trace,
        set_addresses_again,
        set_headers_again,
        remove_trace,
        set_types_again,
        set_parts_again,
        constrain,
        encode_parts,
        set_texts_again,
        edit_multiparts,
        add_footer,
        write_formats,
};

static void remark_stability(GMimeMessage *message, struct up_observations *observed)
{
        g_autoptr(GBytes) first = up_mime_written(message, NULL);
        g_autoptr(GMimeMessage) again = read_again(first);

        if (again == NULL) {
                up_observations_remark(observed, UP_REMARK_REWRITTEN, "unstable: unreadable",
                    "GMime reads nothing from %zu bytes of its own", g_bytes_get_size(first));
                return;
        }
        g_autoptr(GBytes) second = up_mime_written(again, NULL);
        up_mime_remark_difference(observed, "unstable", first, second);
}

static void make_edits(
    GMimeMessage *message, struct up_observations *observed, size_t first, size_t count)
{
        g_autoptr(GPtrArray) objects = up_mime_objects(message, observed);
        g_autoptr(GDateTime) now = g_date_time_new_from_unix_utc(observed->now_s);
        struct edit_context context = { objects, now, 0 };

        for (size_t i = first; i < first + count && objects->len <= UP_MIME_MANY_OBJECTS; i++)
                edits[i](message, &context);
}

void up_mime_edit_once(GMimeMessage *message, struct up_observations *observed)
{
        make_edits(
            message, observed, up_observations_draw(observed, "edit", G_N_ELEMENTS(edits)), 1);
        g_bytes_unref(up_mime_written(message, NULL));
}

void up_mime_rewrite(GMimeMessage *message, struct up_observations *observed)
{
        remark_stability(message, observed);
        make_edits(message, observed, 0, G_N_ELEMENTS(edits));
}
