/*
 * canary - commits the fault that the message names in its first line that is not empty; the table
 * is canaries.h
 *
 * Faulty pipelines are in faults/mock.c. The other faults are hidden from the optimiser by a
 * volatile, and kept out of their caller by noinline, so that they happen at run time and their
 * function is a frame of the stack. Faults that no sanitizer detects take the whole way of a real
 * one: through the reader that remarks them, and the oracle.
 */
#include <fcntl.h>
#include <gmime/gmime.h>
#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <string.h>

#include "mail/charset.h"
#include "run/judge_case.h"
#include "target/target.h"
#include "gmime/decoders.h"
#include "gmime/objects.h"
#include "cms/cms.h"
#include "cms/identity.h"
#include "cms/openssl.h"

static void *volatile hidden;

static GMimeObject *freed_object(void)
{
        GMimePart *part = g_mime_part_new();

        hidden = part;
        g_object_unref(part);
        return hidden;
}

/* g_mime_object_get_content_type() without the library. */
static G_NO_INLINE void gmime_object(const struct up_case *c, struct up_observations *observed)
{
        hidden = freed_object()->content_type;
        (void)c;
        (void)observed;
}

static G_NO_INLINE void gmime_inside(const struct up_case *c, struct up_observations *observed)
{
        hidden = g_mime_object_get_content_type(freed_object());
        (void)c;
        (void)observed;
}

/* Copies by memcpy(), which AddressSanitizer checks in every library. */
static G_NO_INLINE void openssl_copy(const struct up_case *c, struct up_observations *observed)
{
        BIO *bio = BIO_new_mem_buf("twelve bytes", 12);

        hidden = g_malloc(11);
        BIO_read(bio, hidden, 12);
        g_free(hidden);
        BIO_free(bio);
        (void)c;
        (void)observed;
}

static G_NO_INLINE void openssl_inside(const struct up_case *c, struct up_observations *observed)
{
        hidden = g_malloc(16);
        EVP_EncodeBlock(hidden, (const unsigned char *)"twelve bytes", 12);
        g_free(hidden);
        (void)c;
        (void)observed;
}

static G_NO_INLINE void leak(const struct up_case *c, struct up_observations *observed)
{
        hidden = g_malloc(100);
        hidden = NULL;
        (void)c;
        (void)observed;
}

static G_NO_INLINE void shift(const struct up_case *c, struct up_observations *observed)
{
        static volatile int bits = 40;
        volatile int shifted = 1 << bits;

        (void)shifted;
        (void)c;
        (void)observed;
}

static void critical(const struct up_case *c, struct up_observations *observed)
{
        (void)c;
        up_observations_listen(observed);
        g_mime_part_set_content_description(NULL, "canary");
        up_observations_unlisten(observed);
}

static void no_reason(const struct up_case *c, struct up_observations *observed)
{
        ASN1_OBJECT *object = OBJ_txt2obj("no object identifier", 1);

        (void)c;
        ERR_clear_error();
        up_openssl_judge(observed, "OBJ_txt2obj", NULL, object != NULL);
        ASN1_OBJECT_free(object);
}

/* Replaces GLib's function for all code in this program, and decodes any text to the same. */
guchar *g_base64_decode(const char *text, gsize *ret_bytes)
{
        (void)text;
        *ret_bytes = strlen("lie");
        return (guchar *)g_strdup("lie");
}

static void disagree(const struct up_case *c, struct up_observations *observed)
{
        static const char text[] = "Content-Type: application/octet-stream\n"
                                   "Content-Transfer-Encoding: base64\n\ndHJ1dGg=\n";
        g_autoptr(GBytes) bytes = g_bytes_new_static(text, strlen(text));
        g_autoptr(GMimeMessage) message = up_mime_parse(bytes, observed);

        (void)c;
        up_mime_compare_decoders(message, observed);
}

static void accepted(const struct up_case *c, struct up_observations *observed)
{
        up_identities_load();
        const struct up_identity *alice = up_identity_find("alice-ec");
        BIO *content = BIO_new_mem_buf("canary", -1);
        CMS_ContentInfo *cms =
            CMS_sign(alice->certificate, alice->key, NULL, content, CMS_BINARY | CMS_NOATTR);
        unsigned char *der = NULL;
        int bytes = i2d_CMS_ContentInfo(cms, &der);
        g_autoptr(GByteArray) whole = g_byte_array_new();
        struct up_cms_report report;

        (void)c;
        g_byte_array_append(whole, der, (guint)bytes);
        g_byte_array_append(whole, (const guint8 *)"", 1);
        g_autoptr(GBytes) encoded = g_bytes_new(whole->data, whole->len);
        up_cms_examine(encoded, NULL, observed, &report);
        up_cms_report_clear(&report);
        OPENSSL_free(der);
        CMS_ContentInfo_free(cms);
        BIO_free(content);
}

/* --- endless loops, recursion, growth --------------------------------------------------------- */

/* Most of the time is spent in its callee, which is not what hangs. */
static G_NO_INLINE void loop(const struct up_case *c, struct up_observations *observed)
{
        for (;;)
                g_free(g_mime_utils_header_encode_phrase(NULL, "not the \xc3\xa9nd", NULL));
        (void)c;
        (void)observed;
}

/* Reads from the system, writes nowhere, and calls nothing of ours. */
static void gmime_loop(const struct up_case *c, struct up_observations *observed)
{
        GMimeStream *endless = g_mime_stream_fs_open("/dev/zero", O_RDONLY, 0, NULL);
        GMimeStream *nowhere = g_mime_stream_null_new();

        g_mime_stream_write_to_stream(endless, nowhere);
        g_object_unref(endless);
        g_object_unref(nowhere);
        (void)c;
        (void)observed;
}

static void openssl_loop(const struct up_case *c, struct up_observations *observed)
{
        unsigned char key[32];

        PKCS5_PBKDF2_HMAC("password", -1, (const unsigned char *)"salt", 4, G_MAXINT, EVP_sha256(),
            sizeof key, key);
        (void)c;
        (void)observed;
}

static volatile unsigned depth;

static unsigned even(unsigned number);

static G_NO_INLINE unsigned odd(unsigned number)
{
        depth = number;
        return even(number + 1) + depth;
}

static G_NO_INLINE unsigned even(unsigned number)
{
        depth = number;
        return odd(number + 1) + depth;
}

static void deep(const struct up_case *c, struct up_observations *observed)
{
        depth = even(0);
        (void)c;
        (void)observed;
}

static void gmime_deep(const struct up_case *c, struct up_observations *observed)
{
        InternetAddress *group = internet_address_group_new("group");

        internet_address_group_add_member(INTERNET_ADDRESS_GROUP(group), group);
        g_free(internet_address_to_string(group, NULL, FALSE));
        (void)c;
        (void)observed;
}

/* Compares each byte of the message with a tenth of those before it. */
static void square(const struct up_case *c, struct up_observations *observed)
{
        static volatile unsigned alike;
        gsize bytes;
        const char *message = g_bytes_get_data(c->message, &bytes);

        for (gsize i = 0; i < bytes; i++)
                for (gsize j = 0; j < i; j += 10)
                        if (message[i] == message[j])
                                alike++;
        (void)observed;
}

#define UP_CANARY(function) function
#include "faults/canaries.h"

/* The calls of a pipeline have a budget of their own (target/pipeline_fuel.h); their number is not
 * bounded. */
static void judge_mock(
    const struct up_case *c, const struct up_mock_row *row, struct up_case_result *result)
{
        static const struct up_fuel_budget unlimited = { 0 };
        const struct up_pipeline pipeline = up_mock_pipeline(row);

        up_fuel_begin("canary", &unlimited, 0);
        up_judge_case(c, &pipeline, result);
}

static void examine(
    const struct up_case *c, const struct up_target_input *input, struct up_case_result *result)
{
        (void)input;
        gsize bytes;
        const char *message = g_bytes_get_data(c->message, &bytes);

        for (; bytes > 0 && *message == '\n'; message++)
                bytes--;
        const char *end = bytes > 0 ? memchr(message, '\n', bytes) : NULL;
        g_autofree char *name = g_strndup(message, end != NULL ? (gsize)(end - message) : bytes);
        const struct up_mock_row *mock = up_mock_find(name);

        up_mail_start();
        for (size_t i = 0; i < G_N_ELEMENTS(up_canaries); i++)
                if (strcmp(up_canaries[i].name, name) == 0)
                        up_canaries[i].commit(c, &result->observed);
        if (mock != NULL || strcmp(name, UP_CANARY_FIXED) == 0)
                judge_mock(c, mock, result);
}

const struct up_target up_target = {
        .name = "canary", .examine = examine, .fuel = { 50000000, 10000 }, .linear = true
};
