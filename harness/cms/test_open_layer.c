/*
 * What a layer was made of comes out of it, whatever kind it is, unless it is too large or is
 * addressed to others; all of a recipient's keys are tried.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cms/protect.h"
#include "cms/identity.h"
#include "cms/open_layer.h"
#include "mutate/der.h"

#define CONTENT "Content-Type: text/plain\r\n\r\nhello\r\n"

static int load(void **state)
{
        (void)state;
        up_identities_load();
        return 0;
}

/* The CMS in an entity. */
static GBytes *cms_in(GBytes *entity)
{
        struct up_limits limits;
        struct up_observations observed;

        assert_non_null(entity);
        up_limits_init(&limits);
        up_observations_init(&observed, &limits, 0);
        g_autoptr(GPtrArray) entities = up_entities_read(entity, &observed);
        up_observations_clear(&observed);
        return up_entity_content(entity, g_ptr_array_index(entities, 0), G_MAXSIZE);
}

static GBytes *signed_layer(GBytes *content)
{
        const struct up_signing signing = { .signers = { { "alice", NULL, false } },
                .opaque = true };

        return up_sign_entity(content, &signing, NULL);
}

static GBytes *compressed_layer(GBytes *content)
{
        return up_compress_entity(content, UP_NAMING_STANDARD);
}

static GBytes *encrypted_to(GBytes *content, const char *recipient, const char *cipher)
{
        const struct up_encrypting encrypting = { .recipients = { recipient }, .cipher = cipher };

        return up_encrypt_entity(content, &encrypting, NULL);
}

static GBytes *rsa_layer(GBytes *content)
{
        return encrypted_to(content, "bob", NULL);
}

static GBytes *key_agreement_layer(GBytes *content)
{
        return encrypted_to(content, "bob-ec", NULL);
}

static GBytes *authenticated_layer(GBytes *content)
{
        return encrypted_to(content, "bob", "aes-128-gcm");
}

static GBytes *password_layer(GBytes *content)
{
        const struct up_encrypting encrypting = { .password = UP_TEST_PASSWORD, .iterations = 1 };

        return up_encrypt_entity(content, &encrypting, NULL);
}

static const struct {
        const char *what;
        GBytes *(*compose)(GBytes *content);
        bool opens, is_bounded;
} layers[] = {
        { "signed", signed_layer, true, false },
        { "compressed", compressed_layer, true, true },
        { "encrypted, RSA", rsa_layer, true, false },
        { "encrypted, key agreement", key_agreement_layer, true, false },
        { "encrypted, authenticated", authenticated_layer, true, false },
        { "encrypted, password", password_layer, false, false },
};

static void each_layer_gives_back_its_content(void **state)
{
        g_autoptr(GBytes) content = g_bytes_new_static(CONTENT, strlen(CONTENT));
        size_t bytes = strlen(CONTENT);

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(layers); i++) {
                g_autoptr(GBytes) entity = layers[i].compose(content);
                g_autoptr(GBytes) cms = cms_in(entity);
                g_autoptr(GBytes) opened = up_cms_open_layer(cms, bytes);
                g_autoptr(GBytes) opened_in_less = up_cms_open_layer(cms, bytes - 1);

                assert_true(up_cms_is_layer(cms));
                if ((opened != NULL) != layers[i].opens ||
                    (opened != NULL && !g_bytes_equal(opened, content)))
                        fail_msg("%s", layers[i].what);
                if ((opened_in_less != NULL) != (layers[i].opens && !layers[i].is_bounded))
                        fail_msg("%s, in less room", layers[i].what);
        }
}

/* Puts a key of an unknown recipient before the one in a KeyAgreeRecipientInfo. */
static GBytes *with_unknown_key_first(GBytes *cms)
{
        gsize bytes;
        const guint8 *data = g_bytes_get_data(cms, &bytes);
        g_autoptr(up_tlv) root = up_tlv_read(data, bytes);
        struct up_tlv *explicit = up_tlv_at(up_tlv_at(root, 0), 1);
        struct up_tlv *recipients = up_tlv_find(up_tlv_at(explicit, 0), UP_DER_SET, 0);
        struct up_tlv *agree = up_tlv_find(recipients, UP_DER_CONTEXT_1, 0);
        struct up_tlv *keys = up_tlv_at(agree, agree->elements->len - 1);
        struct up_tlv *unknown = up_tlv_copy(up_tlv_at(keys, 0));

        up_tlv_set(up_tlv_find(up_tlv_at(unknown, 0), UP_DER_INTEGER, 0), "\x7f\x01", 2);
        up_tlv_insert(keys, 0, unknown);
        assert_int_equal(keys->elements->len, 2);
        return up_tlv_write(root);
}

static void every_key_of_a_key_agreement_is_tried(void **state)
{
        g_autoptr(GBytes) content = g_bytes_new_static(CONTENT, strlen(CONTENT));
        g_autoptr(GBytes) entity = key_agreement_layer(content);
        g_autoptr(GBytes) one_key = cms_in(entity);
        g_autoptr(GBytes) cms = with_unknown_key_first(one_key);
        g_autoptr(GBytes) opened = up_cms_open_layer(cms, G_MAXINT);

        (void)state;
        assert_non_null(opened);
        assert_true(g_bytes_equal(opened, content));
}

static void what_is_not_cms_is_not_a_layer(void **state)
{
        static const char *const names[] = { "alice", NULL };
        g_autoptr(GBytes) noise = g_bytes_new_static("0\x80noise", 7);
        g_autoptr(GBytes) entity = up_entity_of_certificates(names, NULL);
        g_autoptr(GBytes) certificates = cms_in(entity);

        (void)state;
        assert_null(up_cms_parse(noise));
        assert_null(up_cms_open_layer(noise, G_MAXINT));
        assert_false(up_cms_is_layer(noise));
        assert_false(up_cms_is_layer(certificates));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(each_layer_gives_back_its_content),
                cmocka_unit_test(every_key_of_a_key_agreement_is_tried),
                cmocka_unit_test(what_is_not_cms_is_not_a_layer),
        };
        return cmocka_run_group_tests(tests, load, NULL);
}
