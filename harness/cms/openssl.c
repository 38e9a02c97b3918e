/*
 * openssl - error queue, input, bounded output, trust
 */
#include "cms/openssl.h"

#include <openssl/err.h>
#include <string.h>

#include "cms/allocation.h"
#include "cms/identity.h"

bool up_openssl_is_silent(bool ok)
{
        return !ok && ERR_peek_error() == 0;
}

bool up_openssl_ran_out(struct up_observations *observed)
{
        if (!up_allocation_take_failure())
                return false;
        observed->out_of_memory = true;
        observed->memory_code = (uint32_t)ERR_peek_error();
        ERR_clear_error();
        return true;
}

bool up_openssl_judge(struct up_observations *observed, const char *call, const char *way, bool ok)
{
        if (ok)
                up_allocation_take_failure(); /* what went well could do without */
        else if (up_openssl_ran_out(observed))
                return false;

        if (!ok)
                up_observations_count(observed, UP_COUNT_REASONS_JUDGED);
        if (up_openssl_is_silent(ok))
                up_observations_remark(observed, UP_REMARK_NO_REASON, call,
                    "%s failed and the error queue is empty%s%s%s", call, way != NULL ? " (" : "",
                    way != NULL ? way : "", way != NULL ? ")" : "");
        ERR_clear_error();
        return ok;
}

char *up_openssl_reason(void)
{
        const char *data = NULL;
        int flags = 0;
        unsigned long code = ERR_peek_error_all(NULL, NULL, NULL, &data, &flags);
        const char *reason = ERR_reason_error_string(code);
        bool has_data = (flags & ERR_TXT_STRING) != 0 && data != NULL && *data != '\0';

        return g_strdup_printf("%s%s%s", reason != NULL ? reason : "no reason",
            has_data ? ": " : "", has_data ? data : "");
}

static BIO *file_of(const void *data, size_t bytes)
{
        FILE *file =
            bytes > 0 ? fmemopen((void *)(uintptr_t)data, bytes, "r") : fopen("/dev/null", "r");

        return BIO_new_fp(file, BIO_CLOSE);
}

BIO *up_openssl_give(GBytes *content, enum up_given given)
{
        gsize bytes;
        const void *data;

        if (given == UP_GIVEN_EMPTY)
                return BIO_new_mem_buf("", 0);
        if (given == UP_GIVEN_NOTHING || content == NULL)
                return NULL;
        data = g_bytes_get_data(content, &bytes);
        return given == UP_GIVEN_FILE ? file_of(data, bytes)
                                      : BIO_new_mem_buf(data != NULL ? data : "", (int)bytes);
}

struct sink {
        GByteArray *bytes;
        uint64_t most;
};

static int sink_write(BIO *bio, const char *data, int bytes)
{
        struct sink *sink = BIO_get_data(bio);

        if (bytes < 0 || sink->bytes->len + (uint64_t)bytes > sink->most) {
                ERR_raise_data(ERR_LIB_USER, 1, "more output than the limit");
                return -1;
        }
        g_byte_array_append(sink->bytes, (const guint8 *)data, (guint)bytes);
        return bytes;
}

static long sink_ctrl(BIO *bio, int command, long number, void *pointer)
{
        (void)bio, (void)number, (void)pointer;
        return command == BIO_CTRL_FLUSH ? 1 : 0;
}

static int sink_destroy(BIO *bio)
{
        struct sink *sink = BIO_get_data(bio);

        g_byte_array_unref(sink->bytes);
        g_free(sink);
        return 1;
}

static const BIO_METHOD *sink_method(void)
{
        static BIO_METHOD *method;

        if (method == NULL) {
                method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "bounded sink");
                BIO_meth_set_write(method, sink_write);
                BIO_meth_set_ctrl(method, sink_ctrl);
                BIO_meth_set_destroy(method, sink_destroy);
        }
        return method;
}

BIO *up_openssl_sink(uint64_t most)
{
        BIO *bio = BIO_new(sink_method());
        struct sink *sink;

        if (bio == NULL)
                return NULL;
        sink = g_new0(struct sink, 1);
        sink->bytes = g_byte_array_new();
        sink->most = most;
        BIO_set_data(bio, sink);
        BIO_set_init(bio, 1);
        return bio;
}

GBytes *up_openssl_sink_bytes(BIO *bio)
{
        const struct sink *sink = BIO_get_data(bio);
        return g_bytes_new(sink->bytes->data, sink->bytes->len);
}

bool up_openssl_affords(struct up_observations *observed, const STACK_OF(X509) * certificates)
{
        if (!up_observations_within(observed, &observed->limits.certificates,
                (uint64_t)MAX(0, sk_X509_num(certificates))))
                return false;
        for (int i = 0; i < sk_X509_num(certificates); i++) {
                EVP_PKEY *key = X509_get0_pubkey(sk_X509_value(certificates, i));
                if (key != NULL && !up_observations_within(observed, &observed->limits.key_bits,
                                       (uint64_t)EVP_PKEY_get_bits(key)))
                        return false;
        }
        return true;
}

X509_STORE *up_openssl_store(int64_t now_s)
{
        static X509_STORE *store;

        if (store == NULL) {
                up_identities_load();
                store = X509_STORE_new();
                X509_STORE_add_cert(store, up_identity_find("root")->certificate);
        }
        X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(store), (time_t)now_s);
        return store;
}

STACK_OF(X509) * up_openssl_certificates(void)
{
        static STACK_OF(X509) * certificates;

        if (certificates == NULL) {
                up_identities_load();
                certificates = sk_X509_new_null();
                for (size_t i = 0; i < up_identities_count; i++)
                        sk_X509_push(certificates, up_identities[i].certificate);
        }
        return certificates;
}
