/*
 * canary - the faults of canaries.h, each committed when the message's first line names it
 *
 * Each is kept out of the optimiser's sight by a volatile, and out of its caller by noinline, so
 * that it happens at run time and its function stands in the stack. What no sanitizer sees goes
 * the whole way of a real fault: through the reader that remarks it, and the oracle.
 */
#include <gmime/gmime.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <string.h>

#include "fuzz/target.h"
#include "mail/mime.h"
#include "mail/openssl.h"

static void *volatile hidden;

static GMimeObject *freed_object(void)
{
        GMimePart *part = g_mime_part_new();

        hidden = part;
        g_object_unref(part);
        return hidden;
}

/* g_mime_object_get_content_type() without the library. */
static G_NO_INLINE void gmime_object(struct up_exam *exam)
{
        hidden = freed_object()->content_type;
        (void)exam;
}

static G_NO_INLINE void gmime_inside(struct up_exam *exam)
{
        hidden = g_mime_object_get_content_type(freed_object());
        (void)exam;
}

/* The copy goes through memcpy(), which AddressSanitizer watches in every library. */
static G_NO_INLINE void openssl_copy(struct up_exam *exam)
{
        BIO *bio = BIO_new_mem_buf("twelve bytes", 12);

        hidden = g_malloc(11);
        BIO_read(bio, hidden, 12);
        g_free(hidden);
        BIO_free(bio);
        (void)exam;
}

static G_NO_INLINE void openssl_inside(struct up_exam *exam)
{
        hidden = g_malloc(16);
        EVP_EncodeBlock(hidden, (const unsigned char *)"twelve bytes", 12);
        g_free(hidden);
        (void)exam;
}

static G_NO_INLINE void leak(struct up_exam *exam)
{
        hidden = g_malloc(100);
        hidden = NULL;
        (void)exam;
}

static G_NO_INLINE void shift(struct up_exam *exam)
{
        static volatile int bits = 40;
        volatile int shifted = 1 << bits;

        (void)shifted;
        (void)exam;
}

static void critical(struct up_exam *exam)
{
        up_exam_listen(exam);
        g_mime_part_set_content_description(NULL, "canary");
        up_exam_unlisten(exam);
}

static void no_reason(struct up_exam *exam)
{
        ASN1_OBJECT *object = OBJ_txt2obj("no object identifier", 1);

        ERR_clear_error();
        up_openssl_judge(exam, "OBJ_txt2obj", NULL, object != NULL);
        ASN1_OBJECT_free(object);
}

/* Stands in front of GLib's for all code in this program, and reads the same from any text. */
guchar *g_base64_decode(const char *text, gsize *ret_bytes)
{
        (void)text;
        *ret_bytes = strlen("lie");
        return (guchar *)g_strdup("lie");
}

static void disagree(struct up_exam *exam)
{
        static const char text[] = "Content-Type: application/octet-stream\n"
                                   "Content-Transfer-Encoding: base64\n\ndHJ1dGg=\n";
        g_autoptr(GBytes) bytes = g_bytes_new_static(text, strlen(text));
        g_autoptr(GMimeMessage) message = up_mime_parse(bytes, exam);

        up_mime_compare(message, exam);
}

#define UP_CANARY(function) function
#include "fuzz/canaries.h"

static void examine(const struct up_case *c, struct up_examination *examination)
{
        gsize bytes;
        const char *message = g_bytes_get_data(c->message, &bytes);
        const char *end = bytes > 0 ? memchr(message, '\n', bytes) : NULL;
        g_autofree char *name = g_strndup(message, end != NULL ? (gsize)(end - message) : bytes);

        up_mime_start();
        for (size_t i = 0; i < G_N_ELEMENTS(up_canaries); i++)
                if (strcmp(up_canaries[i].name, name) == 0)
                        up_canaries[i].commit(&examination->exam);
}

const struct up_target up_target = { .name = "canary", .examine = examine };
