#include "faults/scan_clients.h"

#include <string.h>

#include "mail/observations.h"
#include "mail/entity.h"

#define BOUNDARY_BYTES 70 /* RFC 2046 section 5.1.1 */

/* --- the scanner's answer --------------------------------------------------------------------- */

struct up_client_reading up_client_loses_verdict(const struct up_client *self,
    const struct up_client_question *question, const struct up_scan_answer *answer)
{
        if (question->level == UP_LEVEL_TRANSPORT && question->origin == UP_ORIGIN_LOCAL &&
            question->look.protection == UP_PROTECTION_CLEAR_SIGNED)
                return (struct up_client_reading){ UP_CONTENT_NO_VERDICT, 0 };
        return up_client_read(self->within, question, answer);
}

/* --- the message ------------------------------------------------------------------------------ */

static GPtrArray *read_entities(GBytes *message, const struct up_policy *policy)
{
        struct up_observations observed;
        GPtrArray *entities;

        up_observations_init(&observed, &policy->limits, 0);
        entities = up_entities_read(message, &observed);
        up_observations_clear(&observed);
        return entities;
}

static void copy_boundary(const struct up_entity *entity)
{
        const char *boundary = g_mime_content_type_get_parameter(entity->type, "boundary");

        if (g_mime_content_type_is_type(entity->type, "multipart", "*") && boundary != NULL) {
                g_autofree char *copy = g_malloc0(BOUNDARY_BYTES + 1);
                strcpy(copy, boundary);
        }
}

void up_client_overruns_boundary(GBytes *message, const struct up_policy *policy)
{
        g_autoptr(GPtrArray) entities = read_entities(message, policy);

        for (guint i = 0; i < entities->len; i++)
                copy_boundary(g_ptr_array_index(entities, i));
}

/* volatile: C lets a compiler assume that a loop without side effects ends. */
static size_t count_words(const char *begin, const char *end)
{
        const char *volatile at = begin;
        size_t words = 0;

        while ((at = memmem(at, (size_t)(end - at), "=?", 2)) != NULL) {
                const char *close = memmem(at + 2, (size_t)(end - at) - 2, "?=", 2);
                if (close == NULL)
                        continue;
                words++;
                at = close + 2;
        }
        return words;
}

void up_client_loops_in_word(GBytes *message, const struct up_policy *policy)
{
        g_autoptr(GPtrArray) entities = read_entities(message, policy);
        const char *data = g_bytes_get_data(message, NULL);

        for (guint i = 0; i < entities->len; i++) {
                const struct up_entity *entity = g_ptr_array_index(entities, i);
                count_words(data + entity->header.begin, data + entity->header.end);
        }
}

static bool is_known_charset(const char *name)
{
        static const char *const known[] = { "us-ascii", "utf-8", "iso-8859-", "windows-125" };

        for (size_t i = 0; i < G_N_ELEMENTS(known); i++)
                if (g_str_has_prefix(name, known[i]))
                        return true;
        return false;
}

static void note_charset(const char *charset)
{
        char *name = g_ascii_strdown(charset, -1);

        if (!is_known_charset(name))
                return;
        g_free(name);
}

void up_client_leaks_charset(GBytes *message, const struct up_policy *policy)
{
        g_autoptr(GPtrArray) entities = read_entities(message, policy);

        for (guint i = 0; i < entities->len; i++) {
                const struct up_entity *entity = g_ptr_array_index(entities, i);
                const char *charset = g_mime_content_type_get_parameter(entity->type, "charset");
                if (charset != NULL)
                        note_charset(charset);
        }
}
