/*
 * peel - from the message to the first layer, then from layer to layer
 */
#include "mutate/peel.h"

#include <string.h>

#include "cms/open_layer.h"
#include "mutate/raw.h"

#define LAYERS_PEELED 8

/* --- where they stand ------------------------------------------------------------------------- */

void up_peeled_clear(struct up_peeled *peeled)
{
        g_clear_pointer(&peeled->outside, g_bytes_unref);
        g_clear_pointer(&peeled->inside, g_bytes_unref);
}

/* The content of an entity that carries CMS, decoded as a reader does it; NULL for others. */
static GBytes *carried_cms(GBytes *message, const struct up_entity *entity)
{
        return up_carries_cms(entity) ? up_entity_content(message, entity, G_MAXSIZE) : NULL;
}

/* The content of the entity at @index, one layer further in; NULL when it is no layer. */
static GBytes *peel_entity(GBytes *message, GPtrArray *entities, guint index, size_t most)
{
        guint first, second;

        if (up_is_clear_signed(entities, index, &first, &second))
                return up_slice_bytes(message, up_entity_whole(g_ptr_array_index(entities, first)));
        g_autoptr(GBytes) encoded = carried_cms(message, g_ptr_array_index(entities, index));
        return encoded != NULL ? up_cms_open_layer(encoded, most) : NULL;
}

/* Takes @inside, returns what is in its innermost layer. */
static GBytes *peel_further(GBytes *inside, size_t most)
{
        for (unsigned layer = 0; layer < LAYERS_PEELED; layer++) {
                g_autoptr(GPtrArray) entities = up_raw_entities(inside);
                GBytes *next = peel_entity(inside, entities, 0, most);
                if (next == NULL)
                        break;
                g_bytes_unref(inside);
                inside = next;
        }
        return inside;
}

/* The header's fields about content, or the others, each of which ends its line. */
static void append_fields(GByteArray *to, GBytes *message, struct up_slice slice, bool content)
{
        const char *data = g_bytes_get_data(message, NULL);
        struct up_header header = up_header_in(data, slice);
        struct up_field field;

        while (up_header_next(&header, &field))
                if (up_field_begins(data, &field, "Content-") == content)
                        up_raw_append(to, message, field.whole);
        if (!content && to->len > 0 && to->data[to->len - 1] != '\n')
                g_byte_array_append(to, (const guint8 *)"\r\n", 2);
}

static GBytes *outside_of(GBytes *message, const struct up_entity *entity)
{
        GByteArray *fields = g_byte_array_new();

        append_fields(fields, message, entity->header, false);
        return g_byte_array_free_to_bytes(fields);
}

static GBytes *inside_of(GBytes *message, const struct up_entity *entity)
{
        GByteArray *inside = g_byte_array_new();

        append_fields(inside, message, entity->header, true);
        up_raw_append(inside, message, (struct up_slice){ entity->header.end, entity->body.end });
        return g_byte_array_free_to_bytes(inside);
}

static bool is_cut_by_parents(GPtrArray *entities, int parent, GBytes *inside)
{
        gsize bytes;
        const char *data = g_bytes_get_data(inside, &bytes);

        while (parent >= 0) {
                const struct up_entity *entity = g_ptr_array_index(entities, (guint)parent);
                const char *boundary = g_mime_content_type_get_parameter(entity->type, "boundary");
                g_autofree char *line = g_strconcat("--", boundary, NULL);
                if (boundary != NULL && bytes > 0 &&
                    memmem(data, bytes, line, strlen(line)) != NULL)
                        return true;
                parent = entity->parent;
        }
        return false;
}

static bool is_layer(GBytes *message, const struct up_entity *entity)
{
        g_autoptr(GBytes) encoded = carried_cms(message, entity);

        return encoded != NULL && up_cms_is_layer(encoded);
}

/* What begins as DER is read as a structure, and as an entity too. */
static bool is_bare_structure(GBytes *message)
{
        return up_raw_is_bare(message) && up_cms_is_layer(message);
}

/* Is there any of it in these entities, but for a slice? */
static bool is_any_layer_beside(GBytes *message, GPtrArray *entities, struct up_slice slice)
{
        for (guint i = 0; i < entities->len; i++) {
                const struct up_entity *entity = g_ptr_array_index(entities, i);
                struct up_slice whole = up_entity_whole(entity);
                bool beside = whole.begin >= slice.end || whole.end <= slice.begin;
                if (beside && is_layer(message, entity))
                        return true;
        }
        return false;
}

bool up_peel_holds_more(GBytes *inside)
{
        g_autoptr(GPtrArray) entities = up_raw_entities(inside);

        return is_bare_structure(inside) ||
               is_any_layer_beside(inside, entities, (struct up_slice){ 0, 0 });
}

/* In what calls itself signed, a reader may look for that signature alone. */
static bool is_in_signed(GPtrArray *entities, int parent)
{
        while (parent >= 0) {
                const struct up_entity *entity = g_ptr_array_index(entities, (guint)parent);
                if (g_mime_content_type_is_type(entity->type, "multipart", "signed"))
                        return true;
                parent = entity->parent;
        }
        return false;
}

static bool peel_first(GBytes *message, GPtrArray *entities, size_t most, struct up_peeled *peeled)
{
        for (guint i = 0; i < entities->len; i++) {
                const struct up_entity *entity = g_ptr_array_index(entities, i);
                GBytes *inside = peel_entity(message, entities, i, most);
                if (inside == NULL)
                        continue;
                peeled->where = up_entity_whole(entity);
                peeled->outside = outside_of(message, entity);
                peeled->inside = peel_further(inside, most);
                peeled->layers = true;
                peeled->cut = is_cut_by_parents(entities, entity->parent, peeled->inside);
                peeled->others = is_in_signed(entities, entity->parent) ||
                                 is_any_layer_beside(message, entities, peeled->where);
                return true;
        }
        return false;
}

void up_peel(GBytes *message, bool as_it_is, size_t most, struct up_peeled *ret_peeled)
{
        g_autoptr(GPtrArray) entities = up_raw_entities(message);
        const struct up_entity *root = g_ptr_array_index(entities, 0);
        GBytes *bare =
            !as_it_is && up_raw_is_bare(message) ? up_cms_open_layer(message, most) : NULL;
        struct up_peeled peeled = { .where = { 0, g_bytes_get_size(message) } };

        if (bare != NULL) {
                peeled.outside = g_bytes_new(NULL, 0);
                peeled.inside = peel_further(bare, most);
                peeled.layers = true;
        } else if (as_it_is || !peel_first(message, entities, most, &peeled)) {
                peeled.outside = outside_of(message, root);
                peeled.inside = inside_of(message, root);
        }
        if (bare == NULL && is_bare_structure(message))
                peeled.others = true;
        *ret_peeled = peeled;
}

GBytes *up_peeled_put(GBytes *message, const struct up_peeled *peeled, GBytes *entity)
{
        GByteArray *whole = g_byte_array_new();
        GBytes *put;

        up_raw_append(
            whole, peeled->outside, (struct up_slice){ 0, g_bytes_get_size(peeled->outside) });
        up_raw_append(whole, entity, (struct up_slice){ 0, g_bytes_get_size(entity) });
        put = up_raw_replace(message, peeled->where, whole->data, whole->len);
        g_byte_array_unref(whole);
        return put;
}
