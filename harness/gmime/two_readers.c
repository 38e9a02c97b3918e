/*
 * two_readers - one list of what was seen for each reader, and the two compared
 */
#include "gmime/two_readers.h"

#include <string.h>

#include "fnv.h"
#include "mail/ambiguity.h"
#include "mail/entity.h"

static void sight_free(void *data)
{
        struct up_sight *sight = data;

        g_free(sight->type);
        g_free(sight->filename);
        g_free(sight);
}

static struct up_sight *add_sight(GPtrArray *sights, GMimeContentType *type, unsigned depth)
{
        struct up_sight *sight = g_new0(struct up_sight, 1);
        g_autofree char *text = g_mime_content_type_get_mime_type(type);

        sight->depth = depth;
        sight->type = g_ascii_strdown(text, -1);
        g_ptr_array_add(sights, sight);
        return sight;
}

static void set_content(struct up_sight *sight, GMimeContentEncoding encoding, GBytes *content)
{
        gsize bytes;
        const void *data = g_bytes_get_data(content, &bytes);

        sight->is_leaf = true;
        sight->encoding = g_mime_content_encoding_to_string(encoding);
        sight->bytes = bytes;
        sight->hash = up_fnv_bytes(UP_FNV_BASIS, data, bytes);
}

static GPtrArray *sights_of(GBytes *message, const GPtrArray *entities)
{
        GPtrArray *sights = g_ptr_array_new_with_free_func(sight_free);

        for (guint i = 0; i < entities->len; i++) {
                const struct up_entity *entity = g_ptr_array_index(entities, i);
                const struct up_entity *next =
                    i + 1 < entities->len ? g_ptr_array_index(entities, i + 1) : NULL;
                struct up_sight *sight = add_sight(sights, entity->type, entity->depth);

                if (next != NULL && next->parent == (int)i)
                        continue;
                g_autoptr(GBytes) content = up_entity_content(message, entity, G_MAXSIZE);
                set_content(sight, entity->encoding, content);
                sight->filename = g_strdup(entity->filename);
        }
        return sights;
}

GPtrArray *up_sights_of_entities(GBytes *message, struct up_observations *observed)
{
        g_autoptr(GPtrArray) entities = up_entities_read(message, observed);

        return sights_of(message, entities);
}

GPtrArray *up_sights_of_gmime(GMimeMessage *message, struct up_observations *observed)
{
        GPtrArray *sights = g_ptr_array_new_with_free_func(sight_free);
        g_autoptr(GArray) depths = g_array_new(FALSE, FALSE, sizeof(unsigned));
        g_autoptr(GPtrArray) objects = up_mime_objects_and_depths(message, observed, depths);

        for (guint i = 0; i < objects->len; i++) {
                GMimeObject *object = g_ptr_array_index(objects, i);

                if (GMIME_IS_MESSAGE(object))
                        continue;
                struct up_sight *sight = add_sight(sights, g_mime_object_get_content_type(object),
                    g_array_index(depths, unsigned, i));
                if (!GMIME_IS_PART(object))
                        continue;
                GMimePart *part = GMIME_PART(object);
                g_autoptr(GBytes) content = up_mime_decoded(part, G_MAXSIZE);
                set_content(sight, g_mime_part_get_content_encoding(part), content);
                sight->filename = g_strdup(g_mime_part_get_filename(part));
        }
        return sights;
}

/* A multipart without a part is a leaf for one reader, and for the other it is not. */
static const char *difference(const struct up_sight *a, const struct up_sight *b)
{
        bool leaves = a->is_leaf && b->is_leaf;

        return a->depth != b->depth                                     ? "structure"
               : strcmp(a->type, b->type) != 0                          ? "type"
               : leaves && g_strcmp0(a->encoding, b->encoding) != 0     ? "transfer encoding"
               : leaves && g_strcmp0(a->filename, b->filename) != 0     ? "file name"
               : leaves && (a->bytes != b->bytes || a->hash != b->hash) ? "content"
                                                                        : NULL;
}

const char *up_sights_difference(
    const GPtrArray *entities, const GPtrArray *gmime, guint *ret_index)
{
        const char *found = NULL;
        guint most = MIN(entities->len, gmime->len), i = 0;

        while (i < most && (found = difference(entities->pdata[i], gmime->pdata[i])) == NULL)
                i++;
        if (found == NULL && entities->len != gmime->len)
                found = "structure";
        *ret_index = i;
        return found;
}

static char *describe(const GPtrArray *sights, guint index)
{
        const struct up_sight *sight = index < sights->len ? sights->pdata[index] : NULL;

        return sight == NULL
                   ? g_strdup("nothing")
                   : g_strdup_printf("%s, %s, file %s, %" G_GSIZE_FORMAT " bytes", sight->type,
                         sight->encoding != NULL ? sight->encoding : "not encoded",
                         sight->filename != NULL ? sight->filename : "without a name",
                         sight->bytes);
}

void up_mime_compare_readers(GMimeMessage *message, GBytes *bytes, struct up_observations *observed)
{
        struct up_observations within;

        up_observations_init(&within, &observed->limits, observed->now_s);
        g_autoptr(GPtrArray) entities = up_entities_read(bytes, &within);
        if (!within.unscannable && up_ambiguities_find(bytes, entities).count == 0) {
                g_autoptr(GPtrArray) ours = sights_of(bytes, entities);
                g_autoptr(GPtrArray) gmime = up_sights_of_gmime(message, &within);
                guint index;
                const char *what = up_sights_difference(ours, gmime, &index);

                up_observations_count(observed, UP_COUNT_DECODERS_JUDGED);
                if (what != NULL && !within.unscannable) {
                        g_autofree char *site = g_strdup_printf("entities and GMime: %s", what);
                        g_autofree char *first = describe(ours, index);
                        g_autofree char *second = describe(gmime, index);
                        up_observations_remark(observed, UP_REMARK_DISAGREE, site,
                            "entity %u: we read %s; GMime %s", index, first, second);
                }
        }
        up_observations_clear(&within);
}
