/*
 * accessors - every accessor of every object
 *
 * One walk over the tree; each object is given to every row of `kinds` whose type it has, so a text
 * part is read as an object, as a part and as a text part. Headers go through `header_readers`,
 * content through `filters`. What an accessor returns is read to its end: a string that is freed
 * or not terminated shows only then.
 *
 * A string is checked for NULL only where GMime's documentation says that it can be NULL.
 *
 * Not called, because the answer depends on the machine: whatever starts gpg or draws a random
 * boundary. Calls that fail whatever the message holds are left out too, because they would hide
 * all else.
 */
#include "gmime/accessors.h"

#include <string.h>

#include "mail/words.h"

#define GROUP_DEPTH  64 /* groups in groups that are looked into */
#define PATHS        64 /* parts whose path is read: a path is as long as its part is deep */
#define FIRST_CHUNK  1  /* content meets a filter in pieces that double, so that it is cut at odd */
#define CHUNK_GROWTH 2  /* places while the number of pieces stays small */

#define AGAIN_SHARE 4 /* of so many header fields one is parsed again when exploring */

struct touch {
        struct up_observations *observed;
        GDateTime *now;
        GPtrArray *partials; /* of GMimeMessagePartial, borrowed: all that were met */
};

/* --- what is returned is read -------------------------------------------------------------- */

static volatile size_t bytes_seen;

static void see(const char *text)
{
        bytes_seen += strlen(text);
}

static void see_any(const char *text)
{
        if (text != NULL)
                see(text);
}

static void take(char *text)
{
        see(text);
        g_free(text);
}

static void take_any(char *text)
{
        see_any(text);
        g_free(text);
}

/* --- addresses ----------------------------------------------------------------------------- */

static void touch_mailbox(InternetAddressMailbox *mailbox)
{
        InternetAddress *address = INTERNET_ADDRESS(mailbox);

        see_any(internet_address_mailbox_get_addr(mailbox));
        see_any(internet_address_mailbox_get_idn_addr(mailbox));
        take(internet_address_to_string(address, NULL, FALSE));
        take(internet_address_to_string(address, NULL, TRUE));
}

/* GMime nests groups as deep as the header says; this does not follow it all the way. */
static void touch_members(InternetAddressList *list, unsigned depth)
{
        int length = internet_address_list_length(list);

        for (int i = 0; i < length; i++) {
                InternetAddress *address = internet_address_list_get_address(list, i);
                see_any(internet_address_get_name(address));
                see_any(internet_address_get_charset(address));
                if (INTERNET_ADDRESS_IS_MAILBOX(address))
                        touch_mailbox(INTERNET_ADDRESS_MAILBOX(address));
                else if (depth < GROUP_DEPTH)
                        touch_members(
                            internet_address_group_get_members(INTERNET_ADDRESS_GROUP(address)),
                            depth + 1);
        }
}

static void touch_addresses(InternetAddressList *list)
{
        GString *encoded = g_string_new("To: ");

        touch_members(list, 0);
        take_any(internet_address_list_to_string(list, NULL, FALSE));
        take_any(internet_address_list_to_string(list, NULL, TRUE));
        internet_address_list_encode(list, NULL, encoded);
        take(g_string_free(encoded, FALSE));
}

/* --- parameters, types, dates -------------------------------------------------------------- */

static void touch_params(GMimeParamList *params)
{
        GString *encoded = g_string_new(NULL);
        int length = g_mime_param_list_length(params);

        for (int i = 0; i < length; i++) {
                GMimeParam *param = g_mime_param_list_get_parameter_at(params, i);
                see(g_mime_param_get_name(param));
                see(g_mime_param_get_value(param));
                see_any(g_mime_param_get_charset(param));
                see_any(g_mime_param_get_lang(param));
                g_mime_param_get_encoding_method(param);
                g_mime_param_list_get_parameter(params, g_mime_param_get_name(param));
        }
        g_mime_param_list_encode(params, NULL, TRUE, encoded);
        g_mime_param_list_encode(params, NULL, FALSE, encoded);
        take(g_string_free(encoded, FALSE));
}

static void touch_content_type(GMimeContentType *type)
{
        take(g_mime_content_type_get_mime_type(type));
        see(g_mime_content_type_get_media_type(type));
        see(g_mime_content_type_get_media_subtype(type));
        g_mime_content_type_is_type(type, "text", "*");
        g_mime_content_type_is_type(type, "*", "*");
        for (const char *const *name = up_type_parameters; *name != NULL; name++)
                see_any(g_mime_content_type_get_parameter(type, *name));
        touch_params(g_mime_content_type_get_parameters(type));
        take(g_mime_content_type_encode(type, NULL));
}

static void touch_disposition(GMimeContentDisposition *disposition)
{
        see(g_mime_content_disposition_get_disposition(disposition));
        g_mime_content_disposition_is_attachment(disposition);
        for (const char *const *name = up_disposition_parameters; *name != NULL; name++)
                see_any(g_mime_content_disposition_get_parameter(disposition, *name));
        touch_params(g_mime_content_disposition_get_parameters(disposition));
        take(g_mime_content_disposition_encode(disposition, NULL));
}

static void touch_date(GDateTime *date)
{
        g_date_time_to_unix(date);
        g_date_time_get_utc_offset(date);
        see_any(g_date_time_get_timezone_abbreviation(date));
        take(g_mime_utils_header_format_date(date));
}

static void touch_autocrypt(GMimeAutocryptHeader *autocrypt)
{
        InternetAddressMailbox *address = g_mime_autocrypt_header_get_address(autocrypt);
        g_autoptr(GMimeAutocryptHeader) copy = g_mime_autocrypt_header_new();

        see_any(g_mime_autocrypt_header_get_address_as_string(autocrypt));
        g_mime_autocrypt_header_get_prefer_encrypt(autocrypt);
        g_mime_autocrypt_header_get_keydata(autocrypt);
        g_mime_autocrypt_header_get_effective_date(autocrypt);
        g_mime_autocrypt_header_is_complete(autocrypt);
        take_any(g_mime_autocrypt_header_to_string(autocrypt, FALSE));
        take_any(g_mime_autocrypt_header_to_string(autocrypt, TRUE));
        g_mime_autocrypt_header_set_address(copy, address);
        g_mime_autocrypt_header_clone(copy, autocrypt);
        g_mime_autocrypt_header_compare(copy, autocrypt);
}

static void touch_autocrypt_list(GMimeAutocryptHeaderList *list)
{
        guint count = g_mime_autocrypt_header_list_get_count(list);

        for (guint i = 0; i < count; i++)
                touch_autocrypt(g_mime_autocrypt_header_list_get_header_at(list, i));
}

/* --- headers ------------------------------------------------------------------------------- */

static void read_text(const char *value)
{
        g_autofree char *quoted = g_mime_utils_quote_string(value);

        take(g_mime_utils_header_decode_text(NULL, value));
        take(g_mime_utils_header_decode_phrase(NULL, value));
        take(g_mime_utils_decode_8bit(NULL, value, strlen(value)));
        g_mime_utils_text_is_8bit((const unsigned char *)value, strlen(value));
        g_mime_utils_best_encoding((const unsigned char *)value, strlen(value));
        see(quoted);
        g_mime_utils_unquote_string(quoted);
        see(quoted);
}

/* What a header would look like if software had composed it of this value. */
static void read_folded(const char *value)
{
        g_autofree char *text = g_mime_utils_header_decode_text(NULL, value);
        g_autofree char *header = g_strconcat("X-Copy: ", text, NULL);

        take(g_mime_utils_header_encode_text(NULL, text, NULL));
        take(g_mime_utils_header_encode_phrase(NULL, text, "utf-8"));
        take(g_mime_utils_structured_header_fold(NULL, NULL, header));
        take(g_mime_utils_unstructured_header_fold(NULL, NULL, header));
        take(g_mime_utils_header_printf(NULL, NULL, "X-Copy: %s", text));
}

static void read_date(const char *value)
{
        GDateTime *date = g_mime_utils_header_decode_date(value);

        if (date == NULL)
                return;
        touch_date(date);
        g_date_time_unref(date);
}

static void read_message_id(const char *value)
{
        take_any(g_mime_utils_decode_message_id(value));
}

static void read_references(const char *value)
{
        GMimeReferences *references = g_mime_references_parse(NULL, value);
        GMimeReferences *copy = g_mime_references_copy(references);
        int length = g_mime_references_length(copy);

        for (int i = 0; i < length; i++)
                see(g_mime_references_get_message_id(copy, i));
        if (length > 0)
                g_mime_references_set_message_id(copy, 0, "first@example.com");
        g_mime_references_append(copy, "last@example.com");
        g_mime_references_clear(copy);
        g_mime_references_free(copy);
        g_mime_references_free(references);
}

static void read_addresses(const char *value)
{
        g_autoptr(InternetAddressList) list = internet_address_list_parse(NULL, value);

        if (list != NULL)
                touch_addresses(list);
}

static void read_params(const char *value)
{
        g_autoptr(GMimeParamList) params = g_mime_param_list_parse(NULL, value);

        if (params != NULL)
                touch_params(params);
}

static void read_content_type(const char *value)
{
        g_autoptr(GMimeContentType) type = g_mime_content_type_parse(NULL, value);

        touch_content_type(type);
}

static void read_disposition(const char *value)
{
        g_autoptr(GMimeContentDisposition) disposition =
            g_mime_content_disposition_parse(NULL, value);

        touch_disposition(disposition);
}

static void read_encoding(const char *value)
{
        see_any(g_mime_content_encoding_to_string(g_mime_content_encoding_from_string(value)));
}

static void read_autocrypt(const char *value)
{
        g_autoptr(GMimeAutocryptHeader) autocrypt = g_mime_autocrypt_header_new_from_string(value);

        if (autocrypt != NULL)
                touch_autocrypt(autocrypt);
}

/* What reads the unfolded value of a header field, by its form; read_text() reads any. */
static void (*const header_readers[UP_FORMS])(const char *value) = {
        [UP_FORM_TEXT] = read_folded,
        [UP_FORM_DATE] = read_date,
        [UP_FORM_MESSAGE_ID] = read_message_id,
        [UP_FORM_REFERENCES] = read_references,
        [UP_FORM_ADDRESSES] = read_addresses,
        [UP_FORM_PARAMETERS] = read_params,
        [UP_FORM_CONTENT_TYPE] = read_content_type,
        [UP_FORM_DISPOSITION] = read_disposition,
        [UP_FORM_ENCODING] = read_encoding,
        [UP_FORM_AUTOCRYPT] = read_autocrypt,
};

static bool is_of_form(const char *name, enum up_form form)
{
        for (const char *const *field = up_fields[form]; *field != NULL; field++)
                if (g_ascii_strcasecmp(*field, name) == 0)
                        return true;
        return false;
}

/* Has GMime parsed it by this form already, with the object? */
static bool is_parsed(enum up_form form)
{
        return form == UP_FORM_CONTENT_TYPE || form == UP_FORM_DISPOSITION;
}

/* @again: parses the value as text, and once more where GMime has parsed it. */
static void touch_header(GMimeHeader *header, bool again)
{
        const char *raw = g_mime_header_get_raw_value(header);
        const char *name = g_mime_header_get_name(header);

        see(name);
        see(g_mime_header_get_raw_name(header));
        see_any(g_mime_header_get_value(header));
        g_mime_header_get_offset(header);
        if (raw == NULL)
                return;

        g_autofree char *value = g_mime_utils_header_unfold(raw);
        see(raw);
        if (again)
                read_text(value);
        for (enum up_form form = 0; form < UP_FORMS; form++)
                if (header_readers[form] != NULL && (again || !is_parsed(form)) &&
                    is_of_form(name, form))
                        header_readers[form](value);
}

static void touch_headers(GMimeHeaderList *headers, struct up_observations *observed)
{
        int count = g_mime_header_list_get_count(headers);
        uint64_t bytes = 0;

        for (int i = 0; i < count; i++) {
                GMimeHeader *header = g_mime_header_list_get_header_at(headers, i);
                const char *raw = g_mime_header_get_raw_value(header);

                bytes += strlen(g_mime_header_get_raw_name(header)) + 1;
                bytes += raw != NULL ? strlen(raw) : 0;
                if (!up_observations_within(observed, &observed->limits.header_bytes, bytes))
                        return;
                touch_header(header, up_observations_take(observed, "header again",
                                         (size_t)i % AGAIN_SHARE, AGAIN_SHARE, true));
        }
}

static void write_each_header(GMimeObject *object)
{
        GMimeHeaderList *headers = g_mime_object_get_header_list(object);
        g_autoptr(GMimeStream) nowhere = g_mime_stream_null_new();

        for (int i = 0; i < g_mime_header_list_get_count(headers); i++)
                g_mime_header_write_to_stream(
                    g_mime_header_list_get_header_at(headers, i), NULL, nowhere);
}

static void write_header_list(GMimeObject *object)
{
        take(g_mime_header_list_to_string(g_mime_object_get_header_list(object), NULL));
}

static void write_headers_of_object(GMimeObject *object)
{
        take(g_mime_object_get_headers(object, NULL));
}

static void (*const header_writers[])(GMimeObject *object) = {
        write_each_header,
        write_header_list,
        write_headers_of_object,
};

/* --- content ------------------------------------------------------------------------------- */

#define HTML_DISPLAY                                                                               \
        (GMIME_FILTER_HTML_CONVERT_NL | GMIME_FILTER_HTML_CONVERT_SPACES |                         \
            GMIME_FILTER_HTML_CONVERT_URLS | GMIME_FILTER_HTML_CONVERT_ADDRESSES |                 \
            GMIME_FILTER_HTML_MARK_CITATION)
#define HTML_QUOTE                                                                                 \
        (GMIME_FILTER_HTML_PRE | GMIME_FILTER_HTML_CITE | GMIME_FILTER_HTML_ESCAPE_8BIT |          \
            GMIME_FILTER_HTML_BLOCKQUOTE_CITATION)

static GMimeFilter *encode_base64(void)
{
        return g_mime_filter_basic_new(GMIME_CONTENT_ENCODING_BASE64, TRUE);
}

static GMimeFilter *encode_quoted_printable(void)
{
        return g_mime_filter_basic_new(GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE, TRUE);
}

static GMimeFilter *encode_uu(void)
{
        return g_mime_filter_basic_new(GMIME_CONTENT_ENCODING_UUENCODE, TRUE);
}

static GMimeFilter *decode_base64(void)
{
        return g_mime_filter_basic_new(GMIME_CONTENT_ENCODING_BASE64, FALSE);
}

static GMimeFilter *decode_quoted_printable(void)
{
        return g_mime_filter_basic_new(GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE, FALSE);
}

static GMimeFilter *decode_uu(void)
{
        return g_mime_filter_basic_new(GMIME_CONTENT_ENCODING_UUENCODE, FALSE);
}

static GMimeFilter *encode_yenc(void)
{
        return g_mime_filter_yenc_new(TRUE);
}

static GMimeFilter *decode_yenc(void)
{
        return g_mime_filter_yenc_new(FALSE);
}

static GMimeFilter *best(void)
{
        return g_mime_filter_best_new(GMIME_FILTER_BEST_CHARSET | GMIME_FILTER_BEST_ENCODING);
}

static GMimeFilter *checksum(void)
{
        return g_mime_filter_checksum_new(G_CHECKSUM_SHA256);
}

static GMimeFilter *unzip(void)
{
        return g_mime_filter_gzip_new(GMIME_FILTER_GZIP_MODE_UNZIP, 0);
}

static GMimeFilter *dos2unix(void)
{
        return g_mime_filter_dos2unix_new(TRUE);
}

static GMimeFilter *unix2dos(void)
{
        return g_mime_filter_unix2dos_new(TRUE);
}

static GMimeFilter *from_escaped(void)
{
        return g_mime_filter_from_new(GMIME_FILTER_FROM_MODE_ESCAPE);
}

static GMimeFilter *from_armoured(void)
{
        return g_mime_filter_from_new(GMIME_FILTER_FROM_MODE_ARMOR);
}

static GMimeFilter *html_display(void)
{
        return g_mime_filter_html_new(HTML_DISPLAY, 0x737373);
}

static GMimeFilter *html_quote(void)
{
        return g_mime_filter_html_new(HTML_QUOTE, 0);
}

static GMimeFilter *enriched(void)
{
        return g_mime_filter_enriched_new(0);
}

static GMimeFilter *richtext(void)
{
        return g_mime_filter_enriched_new(GMIME_FILTER_ENRICHED_IS_RICHTEXT);
}

static GMimeFilter *windows(void)
{
        return g_mime_filter_windows_new("iso-8859-1");
}

static void ask_best(GMimeFilter *filter)
{
        GMimeFilterBest *asked = GMIME_FILTER_BEST(filter);

        see_any(g_mime_filter_best_charset(asked));
        g_mime_filter_best_encoding(asked, GMIME_ENCODING_CONSTRAINT_7BIT);
}

static void ask_checksum(GMimeFilter *filter)
{
        take(g_mime_filter_checksum_get_string(GMIME_FILTER_CHECKSUM(filter)));
}

static void ask_gzip(GMimeFilter *filter)
{
        see_any(g_mime_filter_gzip_get_filename(GMIME_FILTER_GZIP(filter)));
        see_any(g_mime_filter_gzip_get_comment(GMIME_FILTER_GZIP(filter)));
}

static void ask_openpgp(GMimeFilter *filter)
{
        GMimeFilterOpenPGP *asked = GMIME_FILTER_OPENPGP(filter);

        g_mime_filter_openpgp_get_data_type(asked);
        g_mime_filter_openpgp_get_begin_offset(asked);
        g_mime_filter_openpgp_get_end_offset(asked);
}

static void ask_windows(GMimeFilter *filter)
{
        GMimeFilterWindows *asked = GMIME_FILTER_WINDOWS(filter);

        g_mime_filter_windows_is_windows_charset(asked);
        see_any(g_mime_filter_windows_real_charset(asked));
}

static void ask_yenc(GMimeFilter *filter)
{
        g_mime_filter_yenc_get_pcrc(GMIME_FILTER_YENC(filter));
        g_mime_filter_yenc_get_crc(GMIME_FILTER_YENC(filter));
}

/* Content after transfer decoding goes through each of these. */
static const struct content_filter {
        GMimeFilter *(*make)(void);
        void (*ask)(GMimeFilter *filter); /* afterwards; NULL: nothing to ask */
        bool text_only;                   /* what only a client does, with what it displays */
        const char *marker;  /* only from here on, in one piece, for a decoder that is given where
                                its data begins; NULL: all of the content */
        const char *subtype; /* only of text/subtype; NULL: any */
} filters[] = {
        { best, ask_best, false, NULL, NULL },
        { checksum, ask_checksum, false, NULL, NULL },
        { g_mime_filter_openpgp_new, ask_openpgp, false, NULL, NULL },
        { unzip, ask_gzip, false, NULL, NULL },
        { encode_base64, NULL, false, NULL, NULL },
        { encode_quoted_printable, NULL, false, NULL, NULL },
        { encode_uu, NULL, false, NULL, NULL },
        { encode_yenc, ask_yenc, false, NULL, NULL },
        { decode_base64, NULL, true, NULL, NULL },
        { decode_quoted_printable, NULL, true, NULL, NULL },
        { decode_uu, NULL, true, NULL, NULL },
        { decode_yenc, ask_yenc, true, "=ybegin ", NULL },
        { dos2unix, NULL, true, NULL, NULL },
        { unix2dos, NULL, true, NULL, NULL },
        { g_mime_filter_smtp_data_new, NULL, true, NULL, NULL },
        { g_mime_filter_strip_new, NULL, true, NULL, NULL },
        { from_escaped, NULL, true, NULL, NULL },
        { from_armoured, NULL, true, NULL, NULL },
        { windows, ask_windows, true, NULL, NULL },
        { html_display, NULL, true, NULL, NULL },
        { html_quote, NULL, true, NULL, NULL },
        { enriched, NULL, true, NULL, "enriched" },
        { richtext, NULL, true, NULL, "richtext" },
};

static void pass_through(const struct content_filter *row, const char *data, size_t size)
{
        g_autoptr(GMimeStream) nowhere = g_mime_stream_null_new();
        g_autoptr(GMimeStream) stream = g_mime_stream_filter_new(nowhere);
        g_autoptr(GMimeFilter) filter = row->make();
        size_t chunk = row->marker != NULL ? size : FIRST_CHUNK;

        g_mime_stream_filter_add(GMIME_STREAM_FILTER(stream), filter);
        for (size_t at = 0; at < size; at += chunk, chunk *= CHUNK_GROWTH) {
                chunk = MIN(chunk, size - at);
                if (g_mime_stream_write(stream, data + at, chunk) < 0)
                        break;
        }
        g_mime_stream_flush(stream);
        if (row->ask != NULL)
                row->ask(filter);
        g_mime_filter_reset(filter);
}

static bool concerns(const struct content_filter *row, GMimePart *part)
{
        GMimeContentType *type = g_mime_object_get_content_type(GMIME_OBJECT(part));

        return (!row->text_only || GMIME_IS_TEXT_PART(part)) &&
               (row->subtype == NULL || g_mime_content_type_is_type(type, "text", row->subtype));
}

static void touch_content(GMimePart *part, struct up_observations *observed)
{
        uint64_t left = observed->limits.decoded_bytes - observed->decoded_bytes;
        g_autoptr(GBytes) content = up_mime_decoded(part, left + 1); /* so that too much shows */
        gsize size;
        const char *data = g_bytes_get_data(content, &size);

        if (!up_observations_spend(observed, size) || size == 0)
                return;
        for (size_t i = 0; i < G_N_ELEMENTS(filters); i++) {
                const struct content_filter *row = &filters[i];
                const char *begin =
                    row->marker != NULL ? g_strstr_len(data, (gssize)size, row->marker) : data;
                if (begin != NULL && concerns(row, part) &&
                    up_observations_take(observed, "filter", i, G_N_ELEMENTS(filters), true))
                        pass_through(row, begin, size - (size_t)(begin - data));
        }
}

static void touch_wrapper(GMimeDataWrapper *wrapper)
{
        GMimeStream *stream = g_mime_data_wrapper_get_stream(wrapper);
        g_autoptr(GMimeStream) buffered = NULL;
        char line[80];

        g_mime_data_wrapper_get_encoding(wrapper);
        g_mime_stream_length(stream);
        g_mime_stream_reset(stream);
        buffered = g_mime_stream_buffer_new(stream, GMIME_STREAM_BUFFER_BLOCK_READ);
        while (g_mime_stream_buffer_gets(buffered, line, sizeof line) > 0)
                see(line);
        g_mime_stream_eos(buffered);
        g_mime_stream_tell(buffered);
        g_mime_stream_reset(stream);
}

/* --- objects by kind ----------------------------------------------------------------------- */

static void touch_object(GMimeObject *object, struct touch *touch)
{
        GMimeContentType *type = g_mime_object_get_content_type(object);
        GMimeContentDisposition *disposition = g_mime_object_get_content_disposition(object);

        if (!GMIME_IS_MESSAGE(object))
                touch_content_type(type);
        if (disposition != NULL)
                touch_disposition(disposition);
        see_any(g_mime_object_get_disposition(object));
        see_any(g_mime_object_get_content_id(object));
        see_any(g_mime_object_get_header(object, "Content-Type"));
        see_any(g_mime_object_get_content_disposition_parameter(object, "filename"));
        touch_headers(g_mime_object_get_header_list(object), touch->observed);
        for (size_t i = 0; i < G_N_ELEMENTS(header_writers); i++)
                if (up_observations_take(
                        touch->observed, "header writer", i, G_N_ELEMENTS(header_writers), true))
                        header_writers[i](object);
}

static void touch_part(GMimeObject *object, struct touch *touch)
{
        static const GMimeEncodingConstraint constraints[] = { GMIME_ENCODING_CONSTRAINT_7BIT,
                GMIME_ENCODING_CONSTRAINT_8BIT, GMIME_ENCODING_CONSTRAINT_BINARY };
        GMimePart *part = GMIME_PART(object);
        GMimeDataWrapper *wrapper = g_mime_part_get_content(part);

        see_any(g_mime_part_get_content_description(part));
        see_any(g_mime_part_get_content_location(part));
        see_any(g_mime_part_get_content_id(part));
        see_any(g_mime_part_get_filename(part));
        g_mime_part_is_attachment(part);
        see_any(g_mime_content_encoding_to_string(g_mime_part_get_content_encoding(part)));
        g_mime_part_get_openpgp_data(part);
        for (size_t i = 0; i < G_N_ELEMENTS(constraints); i++)
                if (up_observations_take(
                        touch->observed, "encoding constraint", i, G_N_ELEMENTS(constraints), true))
                        g_mime_part_get_best_content_encoding(part, constraints[i]);
        if (g_mime_part_get_content_md5(part) != NULL)
                g_mime_part_verify_content_md5(part);
        if (wrapper != NULL)
                touch_wrapper(wrapper);
        touch_content(part, touch->observed);
}

static void touch_text_part(GMimeObject *object, struct touch *touch)
{
        (void)touch;
        see_any(g_mime_text_part_get_charset(GMIME_TEXT_PART(object)));
        take_any(g_mime_text_part_get_text(GMIME_TEXT_PART(object)));
}

static void touch_pkcs7_mime(GMimeObject *object, struct touch *touch)
{
        (void)touch;
        g_mime_application_pkcs7_mime_get_smime_type(GMIME_APPLICATION_PKCS7_MIME(object));
}

static void touch_partial(GMimeObject *object, struct touch *touch)
{
        GMimeMessagePartial *partial = GMIME_MESSAGE_PARTIAL(object);

        see_any(g_mime_message_partial_get_id(partial));
        g_mime_message_partial_get_number(partial);
        g_mime_message_partial_get_total(partial);
        g_ptr_array_add(touch->partials, partial);
}

static void count_part(GMimeObject *parent, GMimeObject *part, gpointer data)
{
        unsigned *count = data;

        (void)parent;
        if (part != NULL)
                (*count)++;
}

static void touch_multipart(GMimeObject *object, struct touch *touch)
{
        GMimeMultipart *multipart = GMIME_MULTIPART(object);
        int count = g_mime_multipart_get_count(multipart);

        (void)touch;
        see_any(g_mime_multipart_get_prologue(multipart));
        see_any(g_mime_multipart_get_epilogue(multipart));
        /* Without one, GMime would make up a boundary and write it into the message. */
        if (g_mime_object_get_content_type_parameter(object, "boundary") != NULL)
                see(g_mime_multipart_get_boundary(multipart));
        if (count > 0) {
                GMimeObject *last = g_mime_multipart_get_part(multipart, count - 1);
                g_mime_multipart_contains(multipart, last);
                g_mime_multipart_index_of(multipart, last);
        }
}

static void touch_message_part(GMimeObject *object, struct touch *touch)
{
        GMimeMessage *message = g_mime_message_part_get_message(GMIME_MESSAGE_PART(object));

        (void)touch;
        if (message != NULL)
                up_mime_call_common_accessors(message);
}

static InternetAddressList *(*const address_lists[])(GMimeMessage *message) = {
        g_mime_message_get_sender,
        g_mime_message_get_from,
        g_mime_message_get_reply_to,
        g_mime_message_get_to,
        g_mime_message_get_cc,
        g_mime_message_get_bcc,
};

static void touch_iterator(GMimeObject *top)
{
        GMimePartIter *iterator = g_mime_part_iter_new(top);
        unsigned asked = 0;

        while (g_mime_part_iter_is_valid(iterator)) {
                g_mime_part_iter_get_current(iterator);
                g_mime_part_iter_get_parent(iterator);
                if (asked++ < PATHS) {
                        GMimePartIter *clone = g_mime_part_iter_clone(iterator);
                        take(g_mime_part_iter_get_path(iterator));
                        take_any(g_mime_part_iter_get_path(clone));
                        g_mime_part_iter_prev(clone);
                        g_mime_part_iter_free(clone);
                }
                g_mime_part_iter_next(iterator);
        }
        g_mime_part_iter_get_toplevel(iterator);
        g_mime_part_iter_reset(iterator);
        g_mime_part_iter_free(iterator);
}

/* Clients look for gossip in encrypted mail. Other mail is tried too, but only if it has
 * recipients: gossip is about them. */
static void touch_gossip(GMimeMessage *message, GMimeObject *inner, GDateTime *now)
{
        g_autoptr(InternetAddressList) recipients = g_mime_message_get_all_recipients(message);
        g_autoptr(GMimeAutocryptHeaderList) gossip = NULL;

        if (recipients == NULL && !GMIME_IS_MULTIPART_ENCRYPTED(inner))
                return;
        gossip = g_mime_message_get_autocrypt_gossip_headers_from_inner_part(message, now, inner);
        if (gossip != NULL)
                touch_autocrypt_list(gossip);
}

static void touch_message(GMimeObject *object, struct touch *touch)
{
        GMimeMessage *message = GMIME_MESSAGE(object);
        GMimeObject *top = g_mime_message_get_mime_part(message);
        GDateTime *date = g_mime_message_get_date(message);
        unsigned count = 0;

        for (size_t i = 0; i < G_N_ELEMENTS(address_lists); i++)
                touch_addresses(address_lists[i](message));
        see_any(g_mime_message_get_subject(message));
        see_any(g_mime_message_get_message_id(message));
        if (date != NULL)
                touch_date(date);
        up_mime_call_common_accessors(message);
        if (top == NULL)
                return;
        g_mime_message_foreach(message, count_part, &count);

        g_autoptr(GMimeAutocryptHeader) autocrypt =
            g_mime_message_get_autocrypt_header(message, touch->now);
        if (autocrypt != NULL)
                touch_autocrypt(autocrypt);
        touch_gossip(message, top, touch->now);
}

/* Every row whose type an object has applies to it. */
static const struct kind {
        GType (*type)(void);
        void (*touch)(GMimeObject *object, struct touch *touch);
} kinds[] = {
        { g_mime_object_get_type, touch_object },
        { g_mime_message_get_type, touch_message },
        { g_mime_message_part_get_type, touch_message_part },
        { g_mime_multipart_get_type, touch_multipart },
        { g_mime_part_get_type, touch_part },
        { g_mime_text_part_get_type, touch_text_part },
        { g_mime_application_pkcs7_mime_get_type, touch_pkcs7_mime },
        { g_mime_message_partial_get_type, touch_partial },
};

/* As a client does with pieces that seem to belong together. GMime sorts the array. */
static void reconstruct(GPtrArray *partials)
{
        GMimeMessagePartial **pieces = (GMimeMessagePartial **)partials->pdata;
        g_autoptr(GMimeMessage) message = NULL;

        if (partials->len == 0)
                return;
        message = g_mime_message_partial_reconstruct_message(pieces, partials->len);
        if (message != NULL)
                up_mime_call_common_accessors(message);
}

void up_mime_call_accessors(GMimeMessage *message, struct up_observations *observed)
{
        g_autoptr(GPtrArray) objects = up_mime_objects(message, observed);
        g_autoptr(GPtrArray) partials = g_ptr_array_new();
        g_autoptr(GDateTime) now = g_date_time_new_from_unix_utc(observed->now_s);
        struct touch touch = { observed, now, partials };

        for (guint i = 0; i < objects->len; i++) {
                GMimeObject *object = g_ptr_array_index(objects, i);

                if (!GMIME_IS_MESSAGE(object))
                        up_observations_count(observed, UP_COUNT_PARTS);
                for (size_t row = 0; row < G_N_ELEMENTS(kinds); row++)
                        if (G_TYPE_CHECK_INSTANCE_TYPE(object, kinds[row].type()))
                                kinds[row].touch(object, &touch);
        }
        touch_iterator(GMIME_OBJECT(message));
        reconstruct(partials);
}
