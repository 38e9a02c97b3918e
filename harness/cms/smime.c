/*
 * smime - where CMS hides in a message, and what comes out of it
 *
 * A table says which media types carry CMS. What a structure opens to is a message again and joins
 * a queue of layers, so that depth costs heap and the limits see all of it. So does what is in a
 * multipart or message that is itself encoded.
 *
 * OpenSSL's own S/MIME reader gets each entity too: where it and our slices both understand a
 * well-formed entity, they must see the same structure and the same signed content.
 */
#include "cms/smime.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <string.h>

#include "cms/allocation.h"
#include "cms/random.h"
#include "cms/identity.h"
#include "cms/open_layer.h"
#include "cms/openssl.h"
#include "mail/base64.h"
#include "mail/entity.h"

#define DER_SEQUENCE      0x30
#define SMIME_READER_LINE 1000 /* longer lines are split by OpenSSL's reader (MAX_SMLEN 1024) */

struct layer {
        GBytes *message;
        unsigned depth;
};

struct walk {
        struct up_observations *observed;
        GQueue layers; /* of struct layer, those still to be read */
        uint64_t structures;
        bool opens_only; /* what needs no key; else all is examined */
        up_smime_opened opened;
        up_smime_seen seen;
        void *data;
};

/* --- OpenSSL's reader against ours ------------------------------------------------------------ */

static GBytes *der_of(CMS_ContentInfo *cms)
{
        unsigned char *der = NULL;
        int bytes = i2d_CMS_ContentInfo(cms, &der);
        GBytes *copy = bytes > 0 ? g_bytes_new(der, (gsize)bytes) : NULL;

        OPENSSL_free(der);
        return copy;
}

static GBytes *der_of_bytes(GBytes *encoded)
{
        g_autoptr(CMS_ContentInfo) cms = up_cms_parse(encoded);

        return cms != NULL ? der_of(cms) : NULL;
}

/* LF or CRLF alone as line ends, no NUL, no line that OpenSSL's reader would cut. */
static bool has_plain_lines(GBytes *text)
{
        gsize bytes, line = 0;
        const char *data = g_bytes_get_data(text, &bytes);

        for (gsize i = 0; i < bytes; i++, line++) {
                if (data[i] == '\0' || line > SMIME_READER_LINE ||
                    (data[i] == '\r' && (i + 1 == bytes || data[i + 1] != '\n')))
                        return false;
                if (data[i] == '\n')
                        line = 0;
        }
        return true;
}

static GBytes *canonical(GBytes *text)
{
        gsize bytes;
        const char *data = g_bytes_get_data(text, &bytes);

        return g_string_free_to_bytes(up_lines_as_crlf(data, bytes));
}

static void judge_same(
    struct up_observations *observed, const char *site, GBytes *ours, GBytes *theirs)
{
        up_observations_count(observed, UP_COUNT_DECODERS_JUDGED);
        if (!g_bytes_equal(ours, theirs))
                up_observations_remark(observed, UP_REMARK_DISAGREE, site,
                    "our slice holds %" G_GSIZE_FORMAT " bytes, OpenSSL reads %" G_GSIZE_FORMAT,
                    g_bytes_get_size(ours), g_bytes_get_size(theirs));
}

/* @carrier is the entity whose body the structure was decoded from. */
static void compare_with_smime_reader(const struct walk *walk, GBytes *message,
    const struct up_entity *whole, const struct up_entity *carrier, GBytes *encoded,
    GBytes *detached)
{
        struct up_observations *observed = walk->observed;

        if (walk->opens_only || !up_cms_takes(observed, UP_CMS_SMIME_READER))
                return;

        g_autoptr(GBytes) raw = up_slice_bytes(message, up_entity_whole(whole));
        g_autoptr(GBytes) base64 = up_slice_bytes(message, carrier->body);
        g_autoptr(GBytes) ours = der_of_bytes(encoded);
        g_autoptr(BIO) content = NULL;

        ERR_clear_error();
        if (ours == NULL || carrier->encoding != GMIME_CONTENT_ENCODING_BASE64 ||
            !up_base64_is_well_formed(g_bytes_get_data(base64, NULL), g_bytes_get_size(base64)) ||
            !has_plain_lines(raw))
                return;
        g_autoptr(BIO) input = up_openssl_give(raw, UP_GIVEN_MEMORY);
        g_autoptr(CMS_ContentInfo) cms = SMIME_read_CMS(input, &content);
        if (!up_openssl_judge(observed, "SMIME_read_CMS", NULL, cms != NULL))
                return;
        g_autoptr(GBytes) theirs = der_of(cms);
        if (theirs != NULL)
                judge_same(observed, "S/MIME: the structure, slice and OpenSSL", ours, theirs);
        if (content != NULL && detached != NULL) {
                char *data;
                long bytes = BIO_get_mem_data(content, &data);
                g_autoptr(GBytes) read = g_bytes_new(data, (gsize)bytes);
                g_autoptr(GBytes) signed_content = canonical(detached);
                judge_same(observed, "S/MIME: the signed content, slice and OpenSSL",
                    signed_content, read);
        }
        ERR_clear_error();
}

/* --- the walk --------------------------------------------------------------------------------- */

static void add_layer(struct walk *walk, GBytes *message, unsigned depth)
{
        struct layer *layer;

        if (!up_observations_within(walk->observed, &walk->observed->limits.layers, depth) ||
            !up_observations_spend(walk->observed, g_bytes_get_size(message)))
                return;
        layer = g_new(struct layer, 1);
        *layer = (struct layer){ g_bytes_ref(message), depth };
        g_queue_push_tail(&walk->layers, layer);
}

static void examine_structure(struct walk *walk, const struct layer *layer,
    const struct up_entity *entity, GBytes *encoded, GBytes *detached)
{
        struct up_cms_report report;

        if (!up_observations_within(
                walk->observed, &walk->observed->limits.structures, ++walk->structures))
                return;
        if (walk->opens_only)
                up_cms_open(encoded, detached, walk->observed, &report);
        else
                up_cms_examine(encoded, detached, walk->observed, &report);
        if (walk->seen != NULL)
                walk->seen(layer->depth, layer->message, entity, &report, walk->data);
        if (report.content != NULL)
                add_layer(walk, report.content, layer->depth + 1);
        up_cms_report_clear(&report);
}

static void examine_clear_signed(
    struct walk *walk, const struct layer *layer, const GPtrArray *entities, guint index)
{
        guint first, second;

        if (!up_is_clear_signed(entities, index, &first, &second))
                return;
        const struct up_entity *whole = g_ptr_array_index(entities, index);
        const struct up_entity *signature = g_ptr_array_index(entities, second);
        g_autoptr(GBytes) detached =
            up_slice_bytes(layer->message, up_entity_whole(g_ptr_array_index(entities, first)));
        g_autoptr(GBytes) encoded = up_entity_content(layer->message, signature, G_MAXSIZE);
        examine_structure(walk, layer, whole, encoded, detached);
        compare_with_smime_reader(walk, layer->message, whole, signature, encoded, detached);
}

/* The first part of a multipart/signed stands right after it, and is content; the rest signs. */
static bool is_signature_of_parent(GPtrArray *entities, int index)
{
        const struct up_entity *entity = g_ptr_array_index(entities, (guint)index);
        const struct up_entity *parent =
            entity->parent >= 0 ? g_ptr_array_index(entities, (guint)entity->parent) : NULL;

        return parent != NULL && index > entity->parent + 1 &&
               g_mime_content_type_is_type(parent->type, "multipart", "signed");
}

static void examine_layer(struct walk *walk, const struct layer *layer)
{
        g_autoptr(GPtrArray) entities = up_entities_read(layer->message, walk->observed);
        gsize bytes;
        const unsigned char *data = g_bytes_get_data(layer->message, &bytes);

        if (walk->opened != NULL)
                walk->opened(layer->message, entities, walk->data);
        if (bytes > 0 && data[0] == DER_SEQUENCE)
                examine_structure(walk, layer, NULL, layer->message, NULL);
        for (guint i = 0; i < entities->len && !walk->observed->out_of_memory; i++) {
                const struct up_entity *entity = g_ptr_array_index(entities, i);
                g_autoptr(GBytes) decoded = up_entity_decoded_composite(layer->message, entity);
                up_observations_count(walk->observed, UP_COUNT_PARTS);
                if (decoded != NULL)
                        add_layer(walk, decoded, layer->depth + 1);
                if (g_mime_content_type_is_type(entity->type, "multipart", "signed")) {
                        examine_clear_signed(walk, layer, entities, i);
                } else if (up_carries_cms(entity) && !is_signature_of_parent(entities, (int)i)) {
                        g_autoptr(GBytes) encoded =
                            up_entity_content(layer->message, entity, G_MAXSIZE);
                        examine_structure(walk, layer, entity, encoded, NULL);
                        compare_with_smime_reader(
                            walk, layer->message, entity, entity, encoded, NULL);
                }
        }
}

static void begin(struct walk *walk, GBytes *message)
{
        struct up_observations *observed = walk->observed;

        up_identities_load();
        if (up_observations_within(
                observed, &observed->limits.message_bytes, g_bytes_get_size(message)))
                add_layer(walk, message, 0);
}

static void go_through(struct walk *walk)
{
        struct layer *layer;

        while ((layer = g_queue_pop_head(&walk->layers)) != NULL) {
                if (!walk->observed->out_of_memory)
                        examine_layer(walk, layer);
                g_bytes_unref(layer->message);
                g_free(layer);
        }
}

void up_smime_walk(
    GBytes *message, struct up_observations *observed, up_smime_seen seen, void *data)
{
        struct walk walk = { .observed = observed, .seen = seen, .data = data };

        up_observations_listen(observed);
        begin(&walk, message);
        go_through(&walk);
        up_observations_count(observed, UP_COUNT_LOGS_JUDGED);
        up_observations_unlisten(observed);
}

void up_smime_examine(GBytes *message, struct up_observations *observed)
{
        up_smime_walk(message, observed, NULL, NULL);
}

/* --- opening ---------------------------------------------------------------------------------- */

uint64_t up_smime_open(GBytes *message, struct up_observations *observed, uint64_t failing,
    up_smime_opened opened, void *data)
{
        uint64_t allocations = 0;
        struct walk walk = {
                .observed = observed, .opens_only = true, .opened = opened, .data = data
        };

        if (failing > 0) {
                struct up_observations unused;
                up_observations_init(&unused, &observed->limits, observed->now_s);
                up_smime_open(message, &unused, 0, NULL, NULL);
                up_observations_clear(&unused);
        }
        begin(&walk, message);
        up_random_restart(0);
        if (failing > 0)
                up_allocation_fail(failing);
        go_through(&walk);
        if (failing > 0)
                allocations = up_allocation_restore();
        ERR_clear_error();
        return allocations;
}

/* What a look saw, by its bytes. */
static void take_sum(GBytes *message, const GPtrArray *entities, void *data)
{
        (void)entities;
        g_checksum_update(data, g_bytes_get_data(message, NULL), (gssize)g_bytes_get_size(message));
}

/* The caller owns the result. */
static char *look(GBytes *message, struct up_observations *observed, uint64_t failing)
{
        g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);

        up_observations_listen(observed);
        up_smime_open(message, observed, failing, take_sum, sum);
        up_observations_unlisten(observed);
        return g_strdup(g_checksum_get_string(sum));
}

void up_smime_examine_failing(GBytes *message, struct up_observations *observed, uint64_t failing)
{
        struct up_observations whole, failed;

        up_observations_init(&whole, &observed->limits, observed->now_s);
        up_observations_init(&failed, &observed->limits, observed->now_s);
        g_autofree char *seen = look(message, &whole, 0);
        g_autofree char *seen_failing = look(message, &failed, failing);
        if (!failed.out_of_memory &&
            (strcmp(seen, seen_failing) != 0 ||
                memcmp(whole.counts, failed.counts, sizeof whole.counts) != 0))
                up_observations_remark(observed, UP_REMARK_DISAGREE,
                    "S/MIME: with all memory and with a failed allocation",
                    "no call failed when allocation %" G_GUINT64_FORMAT
                    " did, but another outcome came of it",
                    failing);
        if (!failed.out_of_memory)
                up_observations_count(observed, UP_COUNT_DECODERS_JUDGED);
        up_observations_clear(&whole);
        up_observations_clear(&failed);
}
