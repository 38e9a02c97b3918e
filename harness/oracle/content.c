/*
 * content - are the bytes sent those that were submitted, and those that were scanned?
 *
 * A signed entity must leave byte for byte: it is searched in the bytes sent, at any place. A
 * message is parsed only if it mentions a signature and its bytes are not the end of those sent, as
 * they are after a Received field was prepended.
 *
 * BUGS: a signed entity that only a file name (.p7m) identifies is not searched.
 */
#include "oracle/oracles.h"

#include <string.h>

#include "mail/entity.h"
#include "mail/header.h"

static bool ends_with(GBytes *bytes, GBytes *end)
{
        gsize size, end_size;
        const char *data = g_bytes_get_data(bytes, &size);
        const char *end_data = g_bytes_get_data(end, &end_size);

        return bytes == end ||
               (size >= end_size &&
                   (end_size == 0 || memcmp(data + size - end_size, end_data, end_size) == 0));
}

/* --- altered ---------------------------------------------------------------------------------- */

static bool contains_word(GBytes *bytes, const char *word)
{
        gsize size, length = strlen(word);
        const char *data = g_bytes_get_data(bytes, &size);

        for (gsize i = 0; i + length <= size; i++)
                if (g_ascii_tolower(data[i]) == word[0] &&
                    g_ascii_strncasecmp(data + i, word, length) == 0)
                        return true;
        return false;
}

static bool contains(GBytes *bytes, GBytes *part)
{
        gsize size, part_size;
        const char *data = g_bytes_get_data(bytes, &size);
        const char *part_data = g_bytes_get_data(part, &part_size);

        return part_size == 0 || (size > 0 && memmem(data, size, part_data, part_size) != NULL);
}

/* Part @number of a multipart, from 0; NULL: none. */
static const struct up_entity *part_of(const GPtrArray *entities, guint multipart, unsigned number)
{
        for (guint i = multipart + 1; i < entities->len; i++) {
                const struct up_entity *entity = g_ptr_array_index(entities, i);
                if (entity->parent == (int)multipart && number-- == 0)
                        return entity;
        }
        return NULL;
}

struct look {
        GBytes *submitted;
        GBytes *sent;
        unsigned signed_entities; /* how many were searched */
        const char *missing;      /* the first that is not in @sent; NULL: none */
};

static void look_for(struct look *look, struct up_slice slice, const char *name)
{
        g_autoptr(GBytes) part = up_slice_bytes(look->submitted, slice);

        look->signed_entities++;
        if (look->missing == NULL && !contains(look->sent, part))
                look->missing = name;
}

static bool is_opaque(const struct up_entity *entity)
{
        return g_mime_content_type_is_type(entity->type, "application", "pkcs7-mime") ||
               g_mime_content_type_is_type(entity->type, "application", "x-pkcs7-mime");
}

/* Only the outermost signed entities: those inside are part of their bytes. */
static void look_at_all(struct look *look)
{
        struct up_limits limits;
        struct up_observations observed;

        up_limits_init(&limits);
        up_observations_init(&observed, &limits, 0);
        g_autoptr(GPtrArray) entities = up_entities_read(look->submitted, &observed);
        g_autofree bool *covered = g_new0(bool, entities->len + 1);
        for (guint i = 0; i < entities->len; i++) {
                const struct up_entity *entity = g_ptr_array_index(entities, i);
                bool clear = g_mime_content_type_is_type(entity->type, "multipart", "signed");

                covered[i] =
                    clear || is_opaque(entity) || (entity->parent >= 0 && covered[entity->parent]);
                if (entity->parent >= 0 && covered[entity->parent])
                        continue;
                if (is_opaque(entity))
                        look_for(look, entity->body, "pkcs7-mime: body");
                const struct up_entity *content = clear ? part_of(entities, i, 0) : NULL;
                const struct up_entity *signature = clear ? part_of(entities, i, 1) : NULL;
                if (content != NULL)
                        look_for(look, up_entity_whole(content), "multipart/signed: content");
                if (signature != NULL)
                        look_for(look, up_entity_whole(signature), "multipart/signed: signature");
        }
        up_observations_clear(&observed);
}

/* What is known of a message so far. */
enum signing { UNKNOWN, UNSIGNED, MAYBE_SIGNED, REPORTED };

struct memory {
        enum signing signing;
        GBytes *sent; /* the last that was looked at; borrowed */
};

static uint64_t judge_send(const struct up_ledger_index *index, GPtrArray *findings,
    const struct up_index_request *request, struct memory *memory)
{
        struct look look = { .submitted = request->message->submit->bytes,
                .sent = request->asked->bytes };

        if (look.submitted == NULL || look.sent == NULL)
                return 0;
        if (memory->signing == UNKNOWN)
                memory->signing = contains_word(look.submitted, "signed") ||
                                          contains_word(look.submitted, "pkcs7-mime")
                                      ? MAYBE_SIGNED
                                      : UNSIGNED;
        if (memory->signing != MAYBE_SIGNED || memory->sent == look.sent)
                return 0;
        memory->sent = look.sent;
        if (ends_with(look.sent, look.submitted))
                return 1;
        look_at_all(&look);
        if (look.missing != NULL) {
                memory->signing = REPORTED;
                up_report(index, findings, UP_CLASS_ALTERED, request->message, NULL,
                    request->asked_at, look.missing,
                    "the signed bytes do not occur in the bytes that were sent (%s)", look.missing);
        }
        return look.signed_entities > 0;
}

uint64_t up_judge_altered(const struct up_ledger_index *index, GPtrArray *findings)
{
        g_autofree struct memory *memory = g_new0(struct memory, index->messages->len + 1);
        uint64_t judged = 0;

        for (guint i = 0; i < index->requests->len; i++) {
                const struct up_index_request *request = up_index_request(index, i);
                if (request->asked->kind == UP_ENTRY_SEND && request->message != NULL &&
                    request->message->submit != NULL)
                        judged +=
                            judge_send(index, findings, request, &memory[request->message->place]);
        }
        return judged;
}

/* --- disagree/scanned-sent -------------------------------------------------------------------- */

/* Are these only whole header fields that do not affect how the message is parsed? */
static bool is_harmless_header(const char *data, size_t size)
{
        struct up_header header = up_header_in(data, (struct up_slice){ 0, size });
        struct up_field field;

        while (up_header_next(&header, &field))
                if (field.name.end == field.name.begin ||
                    up_field_begins(data, &field, "Content-") ||
                    up_field_begins(data, &field, "MIME-Version"))
                        return false;
        return header.at == size && (size == 0 || data[size - 1] == '\n');
}

/* One may have fields such as Received before the other. */
static bool is_same_content(GBytes *one, GBytes *other)
{
        GBytes *longer = g_bytes_get_size(one) > g_bytes_get_size(other) ? one : other;
        GBytes *shorter = longer == one ? other : one;

        return one == other || (ends_with(longer, shorter) &&
                                   is_harmless_header(g_bytes_get_data(longer, NULL),
                                       g_bytes_get_size(longer) - g_bytes_get_size(shorter)));
}

/* The bytes that the scanner called clean; before that, those that it was given last. */
static GBytes *scanned_bytes(
    const struct up_ledger_index *index, const struct up_index_request *send, GBytes *last)
{
        guint clean = send->message->clean[UP_LEVEL_TRANSPORT];

        return clean > send->asked_at ? last : index->subjects[clean].request->asked->bytes;
}

uint64_t up_judge_scanned_sent(const struct up_ledger_index *index, GPtrArray *findings)
{
        g_autofree GBytes **last = g_new0(GBytes *, index->messages->len + 1);
        g_autofree bool *reported = g_new0(bool, index->messages->len + 1);
        uint64_t judged = 0;

        for (guint i = 0; i < index->requests->len; i++) {
                const struct up_index_request *request = up_index_request(index, i);
                const struct up_entry *asked = request->asked;

                if (request->message == NULL)
                        continue;
                guint place = request->message->place;
                if (asked->kind == UP_ENTRY_SCAN && asked->as.scan.level == UP_LEVEL_TRANSPORT)
                        last[place] = asked->bytes;
                if (asked->kind != UP_ENTRY_SEND || last[place] == NULL || asked->bytes == NULL)
                        continue;
                GBytes *scanned = scanned_bytes(index, request, last[place]);
                judged++;
                if (scanned == NULL || is_same_content(scanned, asked->bytes) || reported[place])
                        continue;
                reported[place] = true;
                up_report(index, findings, UP_CLASS_DISAGREE, request->message, NULL,
                    request->asked_at, "scanned and sent",
                    "the scanner was given %" G_GSIZE_FORMAT " bytes, and %" G_GSIZE_FORMAT
                    " different ones were sent",
                    g_bytes_get_size(scanned), g_bytes_get_size(asked->bytes));
        }
        return judged;
}
