/*
 * decoders - one content, two decoders
 *
 * A scanner that reads other content than the recipient lets through what it was to stop. Decoders
 * are free to differ on malformed text, and do: so only content that is well-formed by its
 * standard is judged. There, any difference is a bug.
 *
 *   base64           RFC 2045 section 6.8                        GMime, GLib and OpenSSL
 *   quoted-printable RFC 2045 section 6.7                        GMime and mail/quoted_printable.h
 *   charset          text that GLib converts without an error    GMime and GLib
 *   encoded words    RFC 2047 sections 2 and 6.2                 GMime and GLib
 *
 * Encoded words are compared in text, and in the phrase of an address (RFC 2047 section 5).
 *
 * GMime chooses the converter by the charset's name (it reads gb2312 as GBK, as browsers do); only
 * the conversion is compared.
 */
#include "gmime/decoders.h"

#include <openssl/evp.h>
#include <string.h>

#include "gmime/objects.h"
#include "mail/base64.h"
#include "mail/quoted_printable.h"
#include "mail/words.h"

#define ENCODED_WORD_BYTES 75 /* at most (RFC 2047 section 2) */

static GBytes *raw_content(GMimePart *part)
{
        GMimeDataWrapper *content = g_mime_part_get_content(part);
        GMimeStream *stream = content != NULL ? g_mime_data_wrapper_get_stream(content) : NULL;
        g_autoptr(GByteArray) bytes = g_byte_array_new();

        if (stream != NULL) {
                g_autoptr(GMimeStream) memory = g_mime_stream_mem_new_with_byte_array(bytes);
                g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(memory), FALSE);
                g_mime_stream_reset(stream);
                g_mime_stream_write_to_stream(stream, memory);
        }
        return g_byte_array_free_to_bytes(g_steal_pointer(&bytes));
}

/* The text has been found well-formed. */
static GBytes *openssl_base64(const uint8_t *text, size_t bytes)
{
        uint8_t *decoded = g_malloc(bytes / 4 * 3 + 4);
        EVP_ENCODE_CTX *context = EVP_ENCODE_CTX_new();
        int length = 0, rest = 0;

        EVP_DecodeInit(context);
        bool ok = EVP_DecodeUpdate(context, decoded, &length, text, (int)bytes) >= 0 &&
                  EVP_DecodeFinal(context, decoded + length, &rest) >= 0;
        EVP_ENCODE_CTX_free(context);
        if (!ok) {
                g_free(decoded);
                return NULL;
        }
        return g_bytes_new_take(decoded, (gsize)(length + rest));
}

static GBytes *glib_base64(const uint8_t *text, size_t bytes)
{
        g_autofree char *string = g_strndup((const char *)text, bytes);
        gsize length;
        guchar *decoded = g_base64_decode(string, &length);

        return g_bytes_new_take(decoded, length);
}

static void disagree(
    struct up_observations *observed, const char *site, GBytes *ours, GBytes *theirs)
{
        up_observations_count(observed, UP_COUNT_DECODERS_JUDGED);
        if (theirs == NULL || !g_bytes_equal(ours, theirs))
                up_observations_remark(observed, UP_REMARK_DISAGREE, site,
                    "GMime reads %" G_GSIZE_FORMAT " bytes, the other %" G_GSSIZE_FORMAT,
                    g_bytes_get_size(ours),
                    theirs != NULL ? (gssize)g_bytes_get_size(theirs) : (gssize)-1);
}

static void compare_base64(GMimePart *part, struct up_observations *observed)
{
        g_autoptr(GBytes) raw = raw_content(part);
        gsize bytes;
        const uint8_t *text = g_bytes_get_data(raw, &bytes);

        if (bytes == 0 || !up_base64_is_well_formed(text, bytes))
                return;
        g_autoptr(GBytes) gmime = up_mime_decoded(part, G_MAXSIZE);
        g_autoptr(GBytes) openssl = openssl_base64(text, bytes);
        g_autoptr(GBytes) glib = glib_base64(text, bytes);
        disagree(observed, "base64: GMime and OpenSSL", gmime, openssl);
        disagree(observed, "base64: GMime and GLib", gmime, glib);
}

static void compare_quoted_printable(GMimePart *part, struct up_observations *observed)
{
        g_autoptr(GBytes) raw = raw_content(part);
        gsize bytes;
        const char *text = g_bytes_get_data(raw, &bytes);
        g_autoptr(GBytes) ours = bytes > 0 ? up_quoted_printable_decode(text, bytes) : NULL;

        if (ours == NULL)
                return;
        g_autoptr(GBytes) gmime = up_mime_decoded(part, G_MAXSIZE);
        disagree(observed, "quoted-printable: GMime and ours", gmime, ours);
}

static void compare_charset(GMimeTextPart *text_part, struct up_observations *observed)
{
        const char *name =
            g_mime_object_get_content_type_parameter(GMIME_OBJECT(text_part), "charset");
        const char *charset = g_mime_charset_iconv_name(name);

        if (charset == NULL)
                return;
        g_autoptr(GBytes) decoded = up_mime_decoded(GMIME_PART(text_part), G_MAXSIZE);
        gsize bytes, converted_bytes;
        const char *data = g_bytes_get_data(decoded, &bytes);

        if (bytes == 0)
                return;
        g_autofree char *converted =
            g_convert(data, (gssize)bytes, "UTF-8", charset, NULL, &converted_bytes, NULL);

        /* GMime hands out a C string, so text with a NUL in it cannot be compared. */
        if (converted == NULL || memchr(converted, '\0', converted_bytes) != NULL)
                return;
        g_autofree char *text = g_mime_text_part_get_text(text_part);
        g_autoptr(GBytes) gmime = g_bytes_new(text, text != NULL ? strlen(text) : 0);
        g_autoptr(GBytes) glib = g_bytes_new(converted, converted_bytes);
        disagree(observed, "charset: GMime and GLib", gmime, glib);
}

static bool is_printable(const char *text, size_t bytes)
{
        if (!g_utf8_validate(text, (gssize)bytes, NULL))
                return false;
        for (const char *at = text; at < text + bytes; at = g_utf8_next_char(at))
                if (g_unichar_iscntrl(g_utf8_get_char(at)))
                        return false;
        return true;
}

/* The bytes of an encoded word's text; NULL when it is not well-formed. */
static GBytes *word_bytes(const char *encoding, const char *text)
{
        if (g_ascii_strcasecmp(encoding, "Q") == 0)
                return up_q_encoding_decode(text);
        if (g_ascii_strcasecmp(encoding, "B") == 0 &&
            up_base64_is_well_formed((const uint8_t *)text, strlen(text)))
                return glib_base64((const uint8_t *)text, strlen(text));
        return NULL;
}

/* Appends the text of a word like "=?utf-8?B?w4RwZmVs?="; false when it is not well-formed. */
static bool append_encoded_word(GString *text, const char *word)
{
        g_auto(GStrv) pieces = g_strsplit(word, "?", 0); /* "=", charset, "B", base64, "=" */

        if (strlen(word) > ENCODED_WORD_BYTES || g_strv_length(pieces) != 5 ||
            strcmp(pieces[0], "=") != 0 || *pieces[1] == '\0' || strcmp(pieces[4], "=") != 0 ||
            *pieces[3] == '\0')
                return false;
        g_autoptr(GBytes) decoded = word_bytes(pieces[2], pieces[3]);
        if (decoded == NULL)
                return false;

        const char *charset = g_mime_charset_iconv_name(pieces[1]);
        gsize bytes, converted_bytes;
        const char *data = g_bytes_get_data(decoded, &bytes);
        g_autofree char *converted =
            g_convert(data, (gssize)bytes, "UTF-8", charset, NULL, &converted_bytes, NULL);

        /* What becomes of control characters in a header is GMime's to say. */
        if (converted == NULL || !is_printable(converted, converted_bytes))
                return false;
        g_string_append_len(text, converted, (gssize)converted_bytes);
        return true;
}

/* The text of a value that is nothing but encoded words; blanks between them are no part of it. 0
 * when it is anything else; how many words. */
static unsigned read_encoded_words(const char *value, GString *text)
{
        g_auto(GStrv) words = g_strsplit_set(value, " \t", 0);
        unsigned count = 0;

        for (char **word = words; *word != NULL; word++) {
                if (**word == '\0')
                        continue;
                if (!append_encoded_word(text, *word))
                        return 0;
                count++;
        }
        return count;
}

static void compare_text(
    const char *read, const GString *text, const char *site, struct up_observations *observed)
{
        g_autoptr(GBytes) gmime = g_bytes_new(read, read != NULL ? strlen(read) : 0);
        g_autoptr(GBytes) glib = g_bytes_new(text->str, text->len);

        disagree(observed, site, gmime, glib);
}

static void compare_encoded_words(GMimeHeader *header, struct up_observations *observed)
{
        g_autofree char *value = g_mime_utils_header_unfold(g_mime_header_get_raw_value(header));
        g_autoptr(GString) text = g_string_new(NULL);
        unsigned count = read_encoded_words(value, text);

        if (count > 0)
                compare_text(g_mime_header_get_value(header), text,
                    count == 1 ? "encoded word: GMime and GLib"
                               : "encoded words in a row: GMime and GLib",
                    observed);
}

/* "WORDS <ADDRESS>" alone: a phrase of encoded words, in which Q allows few characters. */
static void compare_phrase(GMimeHeader *header, struct up_observations *observed)
{
        g_autofree char *value = g_mime_utils_header_unfold(g_mime_header_get_raw_value(header));
        const char *address = strchr(value, '<');
        size_t bytes = address != NULL ? (size_t)(address - value) : 0;
        g_autofree char *phrase = g_strndup(value, bytes);
        g_autoptr(GString) text = g_string_new(NULL);

        if (bytes == 0 || strpbrk(address, ",;:\"()") != NULL ||
            strspn(phrase, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                           "!*+-/=_? \t") != bytes)
                return;
        unsigned count = read_encoded_words(phrase, text);
        g_autoptr(InternetAddressList) list =
            count > 0 ? internet_address_list_parse(NULL, value) : NULL;
        if (list == NULL || internet_address_list_length(list) != 1)
                return;
        compare_text(internet_address_get_name(internet_address_list_get_address(list, 0)), text,
            count == 1 ? "encoded word in a phrase: GMime and GLib"
                       : "encoded words in a row in a phrase: GMime and GLib",
            observed);
}

static void compare_headers(GMimeObject *object, struct up_observations *observed)
{
        static const struct {
                enum up_form form;
                void (*compare)(GMimeHeader *header, struct up_observations *observed);
        } forms[] = { { UP_FORM_TEXT, compare_encoded_words },
                { UP_FORM_ADDRESSES, compare_phrase }, { UP_FORM_OWN, compare_phrase } };
        GMimeHeaderList *headers = g_mime_object_get_header_list(object);

        for (size_t i = 0; i < G_N_ELEMENTS(forms); i++)
                for (const char *const *name = up_fields[forms[i].form]; *name != NULL; name++) {
                        GMimeHeader *header = g_mime_header_list_get_header(headers, *name);
                        if (header != NULL && g_mime_header_get_raw_value(header) != NULL)
                                forms[i].compare(header, observed);
                }
}

static void compare_leaf(GMimeObject *object, struct up_observations *observed)
{
        if (!GMIME_IS_PART(object))
                return;
        if (g_mime_part_get_content_encoding(GMIME_PART(object)) == GMIME_CONTENT_ENCODING_BASE64)
                compare_base64(GMIME_PART(object), observed);
        else if (g_mime_part_get_content_encoding(GMIME_PART(object)) ==
                 GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE)
                compare_quoted_printable(GMIME_PART(object), observed);
        if (GMIME_IS_TEXT_PART(object))
                compare_charset(GMIME_TEXT_PART(object), observed);
}

void up_mime_compare_decoders(GMimeMessage *message, struct up_observations *observed)
{
        g_autoptr(GPtrArray) objects = up_mime_objects(message, observed);

        for (guint i = 0; i < objects->len; i++) {
                compare_headers(g_ptr_array_index(objects, i), observed);
                compare_leaf(g_ptr_array_index(objects, i), observed);
        }
}
