/*
 * content - are the bytes sent those that were submitted, and those that were scanned?
 *
 * A signed entity must leave byte for byte: it is searched in the bytes sent, at any place. A
 * message is parsed only if it mentions a signature and its bytes are not the end of those sent, as
 * they are after a Received field was prepended.
 *
 * All other content is that of the message submitted, but for three changes that a relay may make:
 * fields put in front that neither say how the message is read nor are shown to its reader (RFC
 * 5321 section 4.4; section 8 of RFC 6409 for a missing Date or Message-ID); line ends, because
 * SMTP has only CRLF; and once the next hop has been without 8BITMIME or SMTPUTF8, another transfer
 * encoding, under which each part has the content that it had.
 *
 * BUGS: a signed entity that only a file name (.p7m) identifies is not searched. Of a message that
 * was encoded anew the header is not compared.
 */
#include "oracle/oracles.h"

#include <string.h>

#include "mail/entity.h"
#include "mail/header.h"
#include "mail/lines.h"

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

/* --- the same content ------------------------------------------------------------------------- */

/* What a reader is shown, which a message has once (RFC 5322 section 3.6), and how it is read. */
static bool is_harmless_field(const char *data, const struct up_field *field)
{
        static const char *const shown[] = { "From", "Reply-To", "To", "Cc", "Bcc", "Subject",
                "In-Reply-To", "References", "MIME-Version" };

        for (size_t i = 0; i < G_N_ELEMENTS(shown); i++)
                if (up_field_is(data, field, shown[i]))
                        return false;
        return field->name.end > field->name.begin && !up_field_begins(data, field, "Content-");
}

static bool is_harmless_header(const char *data, size_t size)
{
        struct up_header header = up_header_in(data, (struct up_slice){ 0, size });
        struct up_field field;

        while (up_header_next(&header, &field))
                if (!is_harmless_field(data, &field))
                        return false;
        return header.at == size && (size == 0 || data[size - 1] == '\n');
}

/* Is it @end, with or without fields such as Received before that? */
static bool is_preceded(GBytes *bytes, GBytes *end)
{
        return bytes == end ||
               (ends_with(bytes, end) && is_harmless_header(g_bytes_get_data(bytes, NULL),
                                             g_bytes_get_size(bytes) - g_bytes_get_size(end)));
}

static GBytes *with_crlf(GBytes *bytes)
{
        gsize size;
        const char *data = g_bytes_get_data(bytes, &size);

        return g_string_free_to_bytes(up_lines_as_crlf(data, size));
}

static bool is_7bit(GBytes *bytes)
{
        gsize size;
        const char *data = g_bytes_get_data(bytes, &size);

        for (gsize i = 0; i < size; i++)
                if ((data[i] & 0x80) != 0)
                        return false;
        return true;
}

/* The end of the last line may be missing: an encoding can add it. */
static GBytes *decoded(GBytes *message, const struct up_entity *entity)
{
        g_autoptr(GBytes) content = up_entity_content(message, entity, G_MAXSIZE);
        g_autoptr(GBytes) lines = with_crlf(content);
        gsize size;
        const char *data = g_bytes_get_data(lines, &size);

        while (size > 0 && (data[size - 1] == '\n' || data[size - 1] == '\r'))
                size--;
        return g_bytes_new_from_bytes(lines, 0, size);
}

/* Parents stand before their parts. */
static bool is_leaf(const GPtrArray *entities, guint index)
{
        const struct up_entity *next =
            index + 1 < entities->len ? g_ptr_array_index(entities, index + 1) : NULL;

        return next == NULL || next->parent != (int)index;
}

static bool has_same_parts(GBytes *one, GBytes *other)
{
        struct up_limits limits;
        struct up_observations observed;

        up_limits_init(&limits);
        up_observations_init(&observed, &limits, 0);
        g_autoptr(GPtrArray) left = up_entities_read(one, &observed);
        g_autoptr(GPtrArray) right = up_entities_read(other, &observed);
        up_observations_clear(&observed);
        bool same = left->len == right->len;
        for (guint i = 0; same && i < left->len; i++) {
                const struct up_entity *a = g_ptr_array_index(left, i);
                const struct up_entity *b = g_ptr_array_index(right, i);
                same =
                    a->parent == b->parent && g_mime_content_type_is_type(a->type,
                                                  g_mime_content_type_get_media_type(b->type),
                                                  g_mime_content_type_get_media_subtype(b->type));
                if (!same || !is_leaf(left, i))
                        continue;
                g_autoptr(GBytes) before = decoded(one, a), after = decoded(other, b);
                same = g_bytes_equal(before, after);
        }
        return same;
}

/* Are the bytes @after what a relay may make of those @before? @encodes: the next hop demanded, at
 * some time, that 8-bit content be encoded. */
static bool is_same_content(GBytes *before, GBytes *after, bool encodes)
{
        if (is_preceded(after, before))
                return true;
        g_autoptr(GBytes) from = with_crlf(before), to = with_crlf(after);
        if (is_preceded(to, from))
                return true;
        return encodes && is_7bit(after) && !is_7bit(before) && has_same_parts(before, after);
}

/* The first entry from which on the next hop may have demanded an encoding; UP_NOWHERE. */
static guint encodes_from(const struct up_ledger_index *index)
{
        for (guint at = 0; at < index->ledger->entries->len; at++) {
                const struct up_entry *entry = up_index_entry(index, at);
                if (entry->kind == UP_ENTRY_EVENT &&
                    (strcmp(entry->text, "offers 8bitmime off") == 0 ||
                        strcmp(entry->text, "offers smtputf8 off") == 0))
                        return at;
        }
        return UP_NOWHERE;
}

/* --- altered/content -------------------------------------------------------------------------- */

/* What was asked for a message so far. */
struct handled {
        GBytes *bytes; /* the last that were judged; borrowed */
        bool scanned;  /* it was, so what is sent is compared with that */
        bool reported;
};

static bool is_signed_altered(GBytes *submitted, GBytes *sent)
{
        struct look look = { .submitted = submitted, .sent = sent };

        look_at_all(&look);
        return look.missing != NULL;
}

/*
 * Whether what is sent is what was scanned is another oracle's question, and so is a signed entity
 * that does not leave as it came: one change is one finding.
 */
static uint64_t judge_handled(const struct up_ledger_index *index, GPtrArray *findings,
    const struct up_index_request *request, struct handled *handled, bool encodes)
{
        const struct up_entry *asked = request->asked;
        GBytes *submitted = request->message->submit->bytes;
        bool scan = asked->kind == UP_ENTRY_SCAN;

        if (submitted == NULL || asked->bytes == NULL || handled->reported ||
            (scan ? asked->as.scan.level != UP_LEVEL_TRANSPORT : handled->scanned))
                return 0;
        handled->scanned |= scan;
        if (asked->bytes == handled->bytes)
                return 1;
        handled->bytes = asked->bytes;
        if (is_same_content(submitted, asked->bytes, encodes) ||
            is_signed_altered(submitted, asked->bytes))
                return 1;
        handled->reported = true;
        up_report(index, findings, UP_CLASS_ALTERED, request->message, NULL, request->asked_at,
            scan ? "submitted and scanned" : "submitted and sent",
            "%" G_GSIZE_FORMAT " bytes were submitted, and %" G_GSIZE_FORMAT
            " bytes with another content were %s",
            g_bytes_get_size(submitted), g_bytes_get_size(asked->bytes), scan ? "scanned" : "sent");
        return 1;
}

uint64_t up_judge_content(const struct up_ledger_index *index, GPtrArray *findings)
{
        g_autofree struct handled *handled = g_new0(struct handled, index->messages->len + 1);
        guint encodes_at = encodes_from(index);
        uint64_t judged = 0;

        for (guint i = 0; i < index->requests->len; i++) {
                const struct up_index_request *request = up_index_request(index, i);
                /* A submission without a receipt may be another one's. */
                if (request->message != NULL && request->message->accepted)
                        judged += judge_handled(index, findings, request,
                            &handled[request->message->place], request->asked_at > encodes_at);
        }
        return judged;
}

/* --- disagree/scanned-sent -------------------------------------------------------------------- */

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
        guint encodes_at = encodes_from(index);
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
                bool encodes = request->asked_at > encodes_at;
                judged++;
                /* A pipeline may have it scanned with its trace fields, or put them on later. */
                if (scanned == NULL || reported[place] ||
                    is_same_content(scanned, asked->bytes, encodes) ||
                    is_same_content(asked->bytes, scanned, false))
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
