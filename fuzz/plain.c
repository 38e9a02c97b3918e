/*
 * plain - a harness as a user of libFuzzer would write it, to compare with (tools/dev/bench.sh)
 *
 * Parses the message by GMime, and verifies what is signed by CMS_verify(), of a multipart/signed
 * over the raw bytes. Of a case file it takes the message. PLAIN_COUNTS names a file for two
 * numbers of 64 bits: executions, and those in which a signature held.
 *
 * It is linked with libFuzzer's own mutator, or with unpend's, which calls up_target_mutated().
 */
#include <fcntl.h>
#include <gmime/gmime.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "target/target.h"

#define HEAD       "unpend-case:"
#define HEAD_END   "\nmessage:\n"
#define NOT_SIGNED ((size_t)-1)

static uint64_t counts[2];
static uint64_t *shared = counts;

void up_target_mutated(void)
{
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
        const char *path = getenv("PLAIN_COUNTS");
        int file = path == NULL ? -1 : open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);

        (void)argc;
        (void)argv;
        if (file >= 0 && ftruncate(file, sizeof counts) == 0)
                shared = mmap(NULL, sizeof counts, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        if (shared == MAP_FAILED)
                abort();
        g_mime_init();
        return 0;
}

/* The raw bytes of the first part of a multipart with this boundary. */
static size_t first_part(const char *message, size_t size, const char *boundary, const char **ret)
{
        g_autofree char *open = g_strdup_printf("\n--%s\n", boundary);
        g_autofree char *close = g_strdup_printf("\n--%s", boundary);
        const char *begin = memmem(message, size, open, strlen(open));
        const char *end;

        if (begin == NULL) {
                g_free(open);
                open = g_strdup_printf("\n--%s\r\n", boundary);
                begin = memmem(message, size, open, strlen(open));
        }
        if (begin == NULL)
                return NOT_SIGNED;
        begin += strlen(open);
        end = memmem(begin, (size_t)(message + size - begin), close, strlen(close));
        if (end == NULL)
                return NOT_SIGNED;
        if (end > begin && end[-1] == '\r')
                end--;
        *ret = begin;
        return (size_t)(end - begin);
}

/* Without @content the signed bytes are those in the CMS. */
static bool verify(GMimePart *part, const char *content, size_t size)
{
        GMimeDataWrapper *wrapper = g_mime_part_get_content(part);
        GMimeStream *der;
        GByteArray *bytes;
        const unsigned char *at;
        CMS_ContentInfo *cms;
        BIO *detached = NULL;
        BIO *out;
        bool holds = false;

        if (wrapper == NULL)
                return false;
        der = g_mime_stream_mem_new();
        g_mime_data_wrapper_write_to_stream(wrapper, der);
        bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(der));
        at = bytes->data;
        cms = d2i_CMS_ContentInfo(NULL, &at, (long)bytes->len);
        if (cms != NULL) {
                if (content != NULL)
                        detached = BIO_new_mem_buf(content, (int)size);
                out = BIO_new(BIO_s_null());
                holds = CMS_verify(cms, NULL, NULL, detached, out,
                            CMS_NO_SIGNER_CERT_VERIFY | CMS_BINARY) == 1;
                BIO_free(out);
                BIO_free(detached);
                CMS_ContentInfo_free(cms);
        }
        g_object_unref(der);
        ERR_clear_error();
        return holds;
}

struct walk {
        const char *message;
        size_t size;
        bool holds;
};

static void on_part(GMimeObject *parent, GMimeObject *object, void *data)
{
        struct walk *walk = data;
        GMimeContentType *type = g_mime_object_get_content_type(object);
        const char *content;

        if (!GMIME_IS_PART(object))
                return;
        if (g_mime_content_type_is_type(type, "application", "pkcs7-mime") ||
            g_mime_content_type_is_type(type, "application", "x-pkcs7-mime"))
                walk->holds |= verify(GMIME_PART(object), NULL, 0);
        if (parent != NULL && GMIME_IS_MULTIPART_SIGNED(parent) &&
            g_mime_multipart_index_of(GMIME_MULTIPART(parent), object) == 1) {
                const char *boundary = g_mime_multipart_get_boundary(GMIME_MULTIPART(parent));
                size_t bytes = boundary == NULL
                                   ? NOT_SIGNED
                                   : first_part(walk->message, walk->size, boundary, &content);
                if (bytes != NOT_SIGNED)
                        walk->holds |= verify(GMIME_PART(object), content, bytes);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct walk walk = { .message = (const char *)data, .size = size };
        const char *end = memmem(data, size, HEAD_END, strlen(HEAD_END));
        GMimeStream *stream;
        GMimeParser *parser;
        GMimeMessage *message;

        if (size > strlen(HEAD) && memcmp(data, HEAD, strlen(HEAD)) == 0 && end != NULL) {
                walk.message = end + strlen(HEAD_END);
                walk.size = size - (size_t)(walk.message - (const char *)data);
        }
        stream = g_mime_stream_mem_new_with_buffer(walk.message, walk.size);
        parser = g_mime_parser_new_with_stream(stream);
        message = g_mime_parser_construct_message(parser, NULL);
        if (message != NULL) {
                if (GMIME_IS_PART(g_mime_message_get_mime_part(message)))
                        on_part(NULL, g_mime_message_get_mime_part(message), &walk);
                g_mime_message_foreach(message, on_part, &walk);
                g_object_unref(message);
        }
        g_object_unref(parser);
        g_object_unref(stream);
        shared[0]++;
        shared[1] += walk.holds;
        return 0;
}
