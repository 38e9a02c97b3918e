/*
 * canary - the faults of canaries.h, each committed when the message's first line names it
 *
 * Each is kept out of the optimiser's sight by a volatile, and out of its caller by noinline, so
 * that it happens at run time and its function stands in the stack.
 */
#include <gmime/gmime.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <string.h>

#include "fuzz/target.h"
#include "mail/mime.h"

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
        up_exam_remark(exam, UP_REMARK_NO_REASON, "canary", "failed on purpose");
}

static void disagree(struct up_exam *exam)
{
        up_exam_remark(exam, UP_REMARK_DISAGREE, "canary", "disagrees on purpose");
}

#define UP_CANARY(function) function
#include "fuzz/canaries.h"

static void examine(const struct up_case *c, struct up_exam *exam)
{
        gsize bytes;
        const char *message = g_bytes_get_data(c->message, &bytes);
        const char *end = bytes > 0 ? memchr(message, '\n', bytes) : NULL;
        g_autofree char *name = g_strndup(message, end != NULL ? (gsize)(end - message) : bytes);

        up_mime_start();
        for (size_t i = 0; i < G_N_ELEMENTS(up_canaries); i++)
                if (strcmp(up_canaries[i].name, name) == 0)
                        up_canaries[i].commit(exam);
}

const struct up_target up_target = { .name = "canary", .examine = examine };
