/*
 * test_der - what is not changed is written as it was read, what is changed has lengths that are
 * right again, and the rest of the message stays as it was
 *
 * Lengths are judged by OpenSSL's ASN1_get_object(), not by the reader under test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/objects.h>

#include "cms/random.h"
#include "mutate/der.h"
#include "mutate/raw.h"
#include "mutate/drafts.h"

static const char *const folders[] = { "seeds/smime", NULL };
static GPtrArray *seeds;

static int set_up(void **state)
{
        (void)state;
        up_random_restart(0);
        seeds = read_seeds(folders);
        return seeds->len > 50 ? 0 : -1;
}

static int tear_down(void **state)
{
        (void)state;
        g_ptr_array_unref(seeds);
        return 0;
}

static const struct up_operator *find(const char *name)
{
        return operator_named(&up_der_layer, name);
}

/* --- the tree --------------------------------------------------------------------------------- */

static void assert_written_as_read(const guint8 *data, size_t bytes)
{
        g_autoptr(up_tlv) read = up_tlv_read(data, bytes);
        g_autoptr(up_tlv) copy = up_tlv_copy(read);
        g_autoptr(GBytes) written = up_tlv_write(read);
        g_autoptr(GBytes) of_copy = up_tlv_write(copy);

        assert_int_equal(g_bytes_get_size(written), bytes);
        if (bytes > 0)
                assert_memory_equal(g_bytes_get_data(written, NULL), data, bytes);
        assert_true(g_bytes_equal(written, of_copy));
}

static void structures_are_written_as_read(void **state)
{
        unsigned count = 0;

        (void)state;
        for (guint i = 0; i < seeds->len; i++) {
                const struct seed *seed = g_ptr_array_index(seeds, i);
                struct up_draft draft;
                g_autoptr(GArray) all = NULL;
                draft_init(&draft, seed->file, 0);
                all = up_raw_all_carried(draft.c->message);
                for (guint at = 0; at < all->len; at++) {
                        GBytes *encoded = g_array_index(all, struct up_carried, at).encoded;
                        g_autoptr(up_tlv) read =
                            up_tlv_read(g_bytes_get_data(encoded, NULL), g_bytes_get_size(encoded));
                        assert_written_as_read(
                            g_bytes_get_data(encoded, NULL), g_bytes_get_size(encoded));
                        assert_int_equal(up_tlv_at(read, 0)->identifier, UP_DER_SEQUENCE);
                        assert_null(up_tlv_at(read, 1)); /* all of it was understood */
                        count++;
                }
                up_draft_clear(&draft);
        }
        assert_true(count > 50);
}

/* Bytes that look like elements more often than chance would have it. */
static void any_bytes_are_written_as_read(void **state)
{
        static const guint8 likely[] = { 0x30, 0x31, 0xa0, 0x80, 0x00, 0x02, 0x04, 0x24, 0x81, 0x82,
                0x84, 0x88, 0x89, 0xff, 0x1f, 0x3f, 0x05, 0x10 };
        struct up_rng rng = { 1 };

        (void)state;
        for (unsigned i = 0; i < 5000; i++) {
                guint8 data[64];
                size_t bytes = up_rng_below(&rng, sizeof data);
                for (size_t at = 0; at < bytes; at++)
                        data[at] = up_rng_one_in(&rng, 4)
                                       ? (guint8)up_rng_below(&rng, 256)
                                       : likely[up_rng_below(&rng, sizeof likely)];
                assert_written_as_read(data, bytes);
        }
}

static void depth_and_number_are_bounded(void **state)
{
        static const guint8 patterns[][2] = { { 0x30, 0x80 }, { 0xa0, 0x80 }, { 0x05, 0x00 },
                { 0x30, 0x00 }, { 0x24, 0x80 }, { 0x30, 0x82 } };
        size_t bytes = 100000;
        g_autofree guint8 *data = g_malloc(bytes);

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(patterns); i++) {
                for (size_t at = 0; at < bytes; at++)
                        data[at] = patterns[i][at % 2];
                assert_written_as_read(data, bytes);
        }
}

static void nested_lengths_are_put_right(void **state)
{
        static const guint8 before[] = { 0x30, 0x07, 0x31, 0x05, 0x02, 0x03, 1, 2, 3 };
        g_autoptr(up_tlv) root = up_tlv_read(before, sizeof before);
        struct up_tlv *set = up_tlv_at(up_tlv_at(root, 0), 0);
        guint8 long_contents[200] = { 0 };
        g_autoptr(GBytes) written = NULL;
        const guint8 *data;

        (void)state;
        up_tlv_insert(set, 0, up_tlv_new(UP_DER_OCTETS, long_contents, sizeof long_contents));
        written = up_tlv_write(root);
        data = g_bytes_get_data(written, NULL);
        /* 200 bytes and 3 of their head, 5 as before; then the SET's head. */
        assert_int_equal(g_bytes_get_size(written), 3 + 3 + 3 + 200 + 5);
        assert_memory_equal(data, "\x30\x81\xd3\x31\x81\xd0\x04\x81\xc8", 9);
        assert_memory_equal(data + 9 + 200, before + 4, 5);
}

static void parts_of_signed_data_are_found(void **state)
{
        struct up_draft draft;
        g_autoptr(up_tlv) root = NULL;
        struct up_tlv_signed parts;
        GBytes *message;

        (void)state;
        draft_init(&draft, seed_named(seeds, "seeds/smime/bare.p7m")->file, 0);
        message = draft.c->message;
        root = up_tlv_read(g_bytes_get_data(message, NULL), g_bytes_get_size(message));
        up_draft_clear(&draft);
        assert_true(up_tlv_signed(root, &parts));
        assert_true(up_tlv_is_object(up_tlv_at(parts.encapsulated, 0), NID_pkcs7_data));
        assert_int_equal(up_tlv_at(parts.signers, 0)->identifier, UP_DER_SEQUENCE);
        assert_non_null(parts.certificates);
        assert_null(parts.crls);
}

/* --- the operators ---------------------------------------------------------------------------- */

/* Does every length end inside the one around it? Where the value of a primitive lies is enough. */
static bool is_well_formed(const unsigned char *data, long bytes, unsigned depth, long *ret_used)
{
        const unsigned char *at = data;
        bool indefinite = ret_used != NULL;

        while (at < data + bytes) {
                long length;
                int tag, class, form;
                if (indefinite && data + bytes - at >= 2 && at[0] == 0 && at[1] == 0) {
                        *ret_used = (long)(at + 2 - data);
                        return true;
                }
                form = ASN1_get_object(&at, &length, &tag, &class, data + bytes - at);
                if ((form & 0x80) != 0 || depth > 200)
                        return false;
                if ((form & 1) != 0) {
                        long used = 0;
                        if (!is_well_formed(at, data + bytes - at, depth + 1, &used))
                                return false;
                        at += used;
                } else {
                        if ((form & V_ASN1_CONSTRUCTED) != 0 &&
                            !is_well_formed(at, length, depth + 1, NULL))
                                return false;
                        at += length;
                }
        }
        return !indefinite;
}

static unsigned count_malformed(GBytes *message)
{
        g_autoptr(GArray) all = up_raw_all_carried(message);
        unsigned malformed = 0;

        for (guint i = 0; i < all->len; i++) {
                GBytes *encoded = g_array_index(all, struct up_carried, i).encoded;
                malformed += is_well_formed(g_bytes_get_data(encoded, NULL),
                                 (long)g_bytes_get_size(encoded), 0, NULL)
                                 ? 0
                                 : 1;
        }
        ERR_clear_error();
        return malformed;
}

/* These are meant to be wrong, now and then or always. */
static bool may_malform(const char *name)
{
        return strcmp(name, "der-wrong-length") == 0 || strcmp(name, "der-tag") == 0 ||
               strcmp(name, "der-indefinite") == 0;
}

static void lengths_are_right_again(void **state)
{
        unsigned wrong = 0;

        (void)state;
        for (size_t at = 0; at < up_der_layer.count; at++) {
                const struct up_operator *row = &up_der_layer.operators[at];
                unsigned times = 0;
                for (guint i = (guint)at % 3; i < seeds->len; i += 3) {
                        const struct seed *seed = g_ptr_array_index(seeds, i);
                        struct up_draft draft;
                        unsigned before, after;
                        draft_init(&draft, seed->file, at * 1000 + i);
                        before = count_malformed(draft.c->message);
                        times += row->apply(&draft) ? 1 : 0;
                        after = count_malformed(draft.c->message);
                        if (may_malform(row->name))
                                wrong += after - before;
                        else if (after > before)
                                fail_msg("%s leaves a wrong length in %s", row->name, seed->path);
                        up_draft_clear(&draft);
                }
                if (times < seeds->len / 12)
                        fail_msg("%s changed %u of %u seeds", row->name, times, seeds->len / 3);
        }
        assert_true(wrong > 10);
}

/* The longest line of a body in base64. */
static size_t longest_line(GBytes *message, struct up_slice body)
{
        const char *data = g_bytes_get_data(message, NULL);
        size_t longest = 0, line = 0;

        for (size_t i = body.begin; i < body.end; i++) {
                line = data[i] == '\n' || data[i] == '\r' ? 0 : line + 1;
                longest = MAX(longest, line);
        }
        return longest;
}

/* One signature, 64 characters a line: what stands in front of it and behind it is untouched. */
static void rest_of_the_message_stays(void **state)
{
        (void)state;
        for (guint i = 0; i < seeds->len; i++) {
                const struct seed *seed = g_ptr_array_index(seeds, i);
                struct up_draft draft;
                g_autoptr(GBytes) before = NULL;
                g_autoptr(GArray) old = NULL, new = NULL;
                if (!g_str_has_prefix(seed->path, "seeds/smime/clear-"))
                        continue;
                draft_init(&draft, seed->file, i);
                before = g_bytes_ref(draft.c->message);
                assert_true(find("der-duplicate")->apply(&draft));
                old = up_raw_all_carried(before);
                new = up_raw_all_carried(draft.c->message);
                assert_int_equal(old->len, 1);
                assert_int_equal(new->len, 1);
                struct up_slice was = g_array_index(old, struct up_carried, 0).body;
                struct up_slice is = g_array_index(new, struct up_carried, 0).body;
                const char *a = g_bytes_get_data(before, NULL);
                const char *b = g_bytes_get_data(draft.c->message, NULL);
                assert_int_equal(was.begin, is.begin);
                assert_memory_equal(a, b, was.begin);
                assert_int_equal(g_bytes_get_size(before) - was.end,
                    g_bytes_get_size(draft.c->message) - is.end);
                assert_memory_equal(a + was.end, b + is.end, g_bytes_get_size(before) - was.end);
                assert_int_equal(longest_line(draft.c->message, is), 64);
                up_draft_clear(&draft);
        }
}

static void grade_is_unknown_where_there_is_a_signature(void **state)
{
        static const struct {
                const char *path;
                enum up_expected_grade before, after;
        } rows[] = {
                { "seeds/smime/clear-rsa.eml", UP_EXPECTED_UNSIGNED, UP_EXPECTED_UNKNOWN },
                { "seeds/smime/clear-rsa.eml", UP_EXPECTED_VALID, UP_EXPECTED_UNKNOWN },
                { "seeds/smime/encrypted-rsa.eml", UP_EXPECTED_UNSIGNED, UP_EXPECTED_UNSIGNED },
                { "seeds/smime/signed-encrypted-rsa.eml", UP_EXPECTED_VALID, UP_EXPECTED_UNKNOWN },
        };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                struct up_draft draft;
                draft_init(&draft, seed_named(seeds, rows[i].path)->file, i);
                draft.expected = rows[i].before;
                assert_true(find("der-drop")->apply(&draft));
                assert_int_equal(draft.expected, rows[i].after);
                up_draft_clear(&draft);
        }
}

/* A change of encoding alone is none of meaning: some readers take such signatures. */
static void encodings_keep_what_is_said(void **state)
{
        static const char *const names[] = { "der-indefinite", "der-long-length", "der-pieces" };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
                unsigned valid = 0;
                for (uint64_t rng = 0; rng < 20; rng++) {
                        struct up_draft draft;
                        draft_init(
                            &draft, seed_named(seeds, "seeds/smime/clear-ec.eml")->file, rng);
                        if (find(names[i])->apply(&draft))
                                valid += judge(draft.c).count[UP_GRADE_VALID];
                        up_draft_clear(&draft);
                }
                assert_true(valid >= 4);
        }
}

static void operators_are_sound(void **state)
{
        (void)state;
        assert_sound_layer(&up_der_layer, seeds, 3);
}

static void without_cms_nothing_is_done(void **state)
{
        g_autoptr(GBytes) file = g_bytes_new_static("Subject: s\r\n\r\nplain\r\n", 21);

        (void)state;
        for (size_t at = 0; at < up_der_layer.count; at++) {
                struct up_draft draft;
                draft_init(&draft, file, at);
                assert_false(up_der_layer.operators[at].apply(&draft));
                up_draft_clear(&draft);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(structures_are_written_as_read),
                cmocka_unit_test(any_bytes_are_written_as_read),
                cmocka_unit_test(depth_and_number_are_bounded),
                cmocka_unit_test(nested_lengths_are_put_right),
                cmocka_unit_test(parts_of_signed_data_are_found),
                cmocka_unit_test(lengths_are_right_again),
                cmocka_unit_test(rest_of_the_message_stays),
                cmocka_unit_test(grade_is_unknown_where_there_is_a_signature),
                cmocka_unit_test(encodings_keep_what_is_said),
                cmocka_unit_test(operators_are_sound),
                cmocka_unit_test(without_cms_nothing_is_done),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
