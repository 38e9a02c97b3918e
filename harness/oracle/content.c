/*
 * content - are the bytes still those that came in, and those that were scanned?
 *
 * A signed entity must leave byte for byte: it is looked for in what was sent, wherever it stands.
 * A message is read (entity.h) only if it speaks of a signature and was not sent with its very
 * bytes at the end, as it is after a Received field was put before it.
 *
 * BUGS: a signed entity in a part that only its file name betrays (.p7m) is not looked for.
 */
#include "oracle/themes.h"

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

/* Part @number of a multipart, from 0; NULL: it has not so many. */
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
        unsigned signed_entities; /* how many were looked for */
        const char *missing;      /* the first that is not in what was sent; NULL: none */
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

/* Only the outermost signed entities: what lies in one is part of its bytes. */
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
enum signing { NOT_ASKED, UNSIGNED, MAYBE_SIGNED, FOUND };

struct memory {
        enum signing signing;
        GBytes *sent; /* the last that was looked at; borrowed */
};

static uint64_t judge_send(const struct up_account *account, GPtrArray *findings,
    const struct up_account_request *request, struct memory *memory)
{
        const struct up_account_message *message = up_account_message_at(account, request->message);
        struct look look = { .submitted = message->submit->bytes };

        look.sent = up_ledger_at(account->ledger, request->asked)->bytes;
        if (look.submitted == NULL || look.sent == NULL)
                return 0;
        if (memory->signing == NOT_ASKED)
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
                memory->signing = FOUND;
                up_account_find(account, findings, UP_CLASS_ALTERED, request->message, UP_NOWHERE,
                    request->asked, look.missing,
                    "what was signed is not in what was sent, byte for byte (%s)", look.missing);
        }
        return look.signed_entities > 0;
}

uint64_t up_judge_altered(const struct up_account *account, GPtrArray *findings)
{
        g_autofree struct memory *memory = g_new0(struct memory, account->messages->len + 1);
        uint64_t judged = 0;

        for (guint i = 0; i < account->requests->len; i++) {
                const struct up_account_request *request = up_account_request_at(account, i);
                if (up_ledger_at(account->ledger, request->asked)->kind == UP_ENTRY_SEND &&
                    request->message != UP_NOWHERE &&
                    up_account_message_at(account, request->message)->submit != NULL)
                        judged += judge_send(account, findings, request, &memory[request->message]);
        }
        return judged;
}

/* --- scanner and recipient -------------------------------------------------------------------- */

/* Is that nothing but whole header fields, none of which says how the message is to be read? */
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

/* The one may have fields such as Received before the other. */
static bool is_same_content(GBytes *one, GBytes *other)
{
        GBytes *longer = g_bytes_get_size(one) > g_bytes_get_size(other) ? one : other;
        GBytes *shorter = longer == one ? other : one;

        return one == other || (ends_with(longer, shorter) &&
                                   is_harmless_header(g_bytes_get_data(longer, NULL),
                                       g_bytes_get_size(longer) - g_bytes_get_size(shorter)));
}

/* What the scanner called clean, or else was shown last. */
static GBytes *scanned_bytes(
    const struct up_account *account, guint message, guint sent_at, GBytes *shown)
{
        guint clean = up_account_message_at(account, message)->clean[UP_LEVEL_TRANSPORT];

        if (clean > sent_at)
                return shown;
        const struct up_account_request *scan =
            up_account_request_at(account, account->subjects[clean]);
        return up_ledger_at(account->ledger, scan->asked)->bytes;
}

uint64_t up_judge_scanned_sent(const struct up_account *account, GPtrArray *findings)
{
        g_autofree GBytes **shown = g_new0(GBytes *, account->messages->len + 1);
        g_autofree bool *found = g_new0(bool, account->messages->len + 1);
        uint64_t judged = 0;

        for (guint i = 0; i < account->requests->len; i++) {
                const struct up_account_request *request = up_account_request_at(account, i);
                const struct up_entry *asked = up_ledger_at(account->ledger, request->asked);
                guint message = request->message;

                if (message == UP_NOWHERE)
                        continue;
                if (asked->kind == UP_ENTRY_SCAN && asked->as.scan.level == UP_LEVEL_TRANSPORT)
                        shown[message] = asked->bytes;
                if (asked->kind != UP_ENTRY_SEND || shown[message] == NULL || asked->bytes == NULL)
                        continue;
                GBytes *scanned = scanned_bytes(account, message, request->asked, shown[message]);
                judged++;
                if (scanned == NULL || is_same_content(scanned, asked->bytes) || found[message])
                        continue;
                found[message] = true;
                up_account_find(account, findings, UP_CLASS_DISAGREE, message, UP_NOWHERE,
                    request->asked, "scanned and sent",
                    "the scanner was shown %" G_GSIZE_FORMAT " bytes, and %" G_GSIZE_FORMAT
                    " others were sent",
                    g_bytes_get_size(scanned), g_bytes_get_size(asked->bytes));
        }
        return judged;
}
