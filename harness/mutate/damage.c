/*
 * damage - what relays, lists and old software do to a message after it was signed
 *
 * Most of it is done line by line: a function gets each line and writes what becomes of it. The
 * grade stays if only header fields at the message's top change that do not describe content:
 * nothing there is signed. After any other damage it is unknown: most kinds of damage break some
 * signatures and not others.
 */
#include "mutate/draft.h"

#include <string.h>

#include "mail/quoted_printable.h"
#include "mutate/raw.h"

#define LINE_MOST 998 /* RFC 5322 section 2.1.1 */
#define QP_LINE   76  /* RFC 2045 section 6.7 */

/* A line without its end, and the end by itself. */
struct line {
        const char *text;
        size_t bytes;
        const char *end;
        size_t end_bytes;
};

struct edit {
        struct up_rng *rng;
        GByteArray *out;
        unsigned one_in;      /* of the lines; 1: all */
        size_t width;         /* for folding */
        const char *line_end; /* the message's */
};

typedef void (*line_editor)(struct edit *edit, const struct line *line);

static void put(struct edit *edit, const void *data, size_t bytes)
{
        if (bytes > 0)
                g_byte_array_append(edit->out, data, (guint)bytes);
}

static void put_text(struct edit *edit, const char *text)
{
        put(edit, text, strlen(text));
}

static void put_line(struct edit *edit, const struct line *line)
{
        put(edit, line->text, line->bytes);
        put(edit, line->end, line->end_bytes);
}

/* --- on a draft ------------------------------------------------------------------------------- */

/* Takes @out. False, and nothing is changed, when it is the same or too long. */
static bool set_message(struct up_draft *draft, GByteArray *out, bool harmless)
{
        g_autoptr(GBytes) message = g_byte_array_free_to_bytes(out);

        /* In front of a bare structure there is no place for anything. */
        harmless = harmless && !up_raw_is_bare(draft->c->message);
        if (g_bytes_equal(message, draft->c->message) || !up_draft_set_message(draft, message))
                return false;
        if (!harmless)
                up_draft_doubt_signature(draft);
        return true;
}

static bool replace(struct up_draft *draft, struct up_slice slice, GByteArray *with, bool harmless)
{
        GByteArray *out = g_byte_array_new();

        up_raw_append(out, draft->c->message, (struct up_slice){ 0, slice.begin });
        g_byte_array_append(out, with->data, with->len);
        up_raw_append(out, draft->c->message,
            (struct up_slice){ slice.end, g_bytes_get_size(draft->c->message) });
        g_byte_array_unref(with);
        return set_message(draft, out, harmless);
}

static struct edit new_edit(struct up_draft *draft)
{
        static const unsigned shares[] = { 1, 1, 4, 16 };

        return (struct edit){ .rng = &draft->rng,
                .out = g_byte_array_new(),
                .one_in = shares[up_rng_below(&draft->rng, G_N_ELEMENTS(shares))],
                .line_end = up_line_end_of(g_bytes_get_data(draft->c->message, NULL),
                    g_bytes_get_size(draft->c->message)) };
}

/* One of the entities that are so; NULL when there is none. */
static const struct up_entity *pick_entity(
    struct up_draft *draft, GPtrArray *entities, bool (*is_so)(const struct up_entity *entity))
{
        g_autofree guint *fit = g_new(guint, entities->len);
        guint count = 0;

        for (guint i = 0; i < entities->len; i++)
                if (is_so(g_ptr_array_index(entities, i)))
                        fit[count++] = i;
        return count > 0 ? g_ptr_array_index(entities, fit[up_rng_below(&draft->rng, count)])
                         : NULL;
}

static bool is_any(const struct up_entity *entity)
{
        return entity != NULL;
}

/* What a relay changes: all of the message, its body, or the body of one part. */
static struct up_slice choose_scope(struct up_draft *draft, bool header_too)
{
        g_autoptr(GPtrArray) entities = up_raw_entities(draft->c->message);
        const struct up_entity *root = g_ptr_array_index(entities, 0);

        if (up_rng_one_in(&draft->rng, 2))
                return header_too ? up_entity_whole(root) : root->body;
        return pick_entity(draft, entities, is_any)->body;
}

static struct line line_at(const char *data, size_t at, size_t end)
{
        struct up_line found = up_line_at(data, end, at);

        return (struct line){ .text = data + found.begin,
                .bytes = found.end - found.begin,
                .end = data + found.end,
                .end_bytes = found.next - found.end };
}

static bool edit_lines(
    struct up_draft *draft, struct edit *edit, struct up_slice scope, line_editor editor)
{
        const char *data = g_bytes_get_data(draft->c->message, NULL);

        for (size_t at = scope.begin; at < scope.end;) {
                struct line line = line_at(data, at, scope.end);
                if (edit->out->len > draft->most_bytes || !up_rng_one_in(edit->rng, edit->one_in))
                        put_line(edit, &line);
                else
                        editor(edit, &line);
                at += line.bytes + line.end_bytes;
        }
        return replace(draft, scope, edit->out, false);
}

/* --- line by line ----------------------------------------------------------------------------- */

static void end_by_lf(struct edit *edit, const struct line *line)
{
        put(edit, line->text, line->bytes);
        put(edit, "\n", line->end_bytes > 0 ? 1 : 0);
}

static void end_by_crlf(struct edit *edit, const struct line *line)
{
        put(edit, line->text, line->bytes);
        put(edit, "\r\n", line->end_bytes > 0 ? 2 : 0);
}

static void end_by_cr(struct edit *edit, const struct line *line)
{
        put(edit, line->text, line->bytes);
        put(edit, "\r", line->end_bytes > 0 ? 1 : 0);
}

static void strip_blanks(struct edit *edit, const struct line *line)
{
        size_t bytes = line->bytes;

        while (bytes > 0 && (line->text[bytes - 1] == ' ' || line->text[bytes - 1] == '\t'))
                bytes--;
        put(edit, line->text, bytes);
        put(edit, line->end, line->end_bytes);
}

static void add_blanks(struct edit *edit, const struct line *line)
{
        put(edit, line->text, line->bytes);
        put(edit, "  \t", 1 + up_rng_below(edit->rng, 3));
        put(edit, line->end, line->end_bytes);
}

/* As Postfix does: the rest begins with a blank, so that in a header it stays one field. */
static void fold(struct edit *edit, const struct line *line)
{
        size_t at = 0;

        while (line->bytes - at > edit->width) {
                put(edit, line->text + at, edit->width);
                put_text(edit, edit->line_end);
                put_text(edit, " ");
                at += edit->width;
        }
        put(edit, line->text + at, line->bytes - at);
        put(edit, line->end, line->end_bytes);
}

/* mbox: mboxrd quotes what is quoted already, the others do not. */
static void escape_from(struct edit *edit, const struct line *line)
{
        static const char from[] = "From ";
        size_t quotes = 0;

        while (quotes < line->bytes && line->text[quotes] == '>')
                quotes++;
        if (line->bytes - quotes >= strlen(from) &&
            memcmp(line->text + quotes, from, strlen(from)) == 0)
                put_text(edit, ">");
        put_line(edit, line);
}

/* RFC 5321 section 4.5.2, done by one side alone. */
static void stuff_dot(struct edit *edit, const struct line *line)
{
        put(edit, ".", line->bytes > 0 && line->text[0] == '.' ? 1 : 0);
        put_line(edit, line);
}

static void unstuff_dot(struct edit *edit, const struct line *line)
{
        size_t dots = line->bytes > 0 && line->text[0] == '.' ? 1 : 0;

        put(edit, line->text + dots, line->bytes - dots);
        put(edit, line->end, line->end_bytes);
}

static void put_without(struct edit *edit, const struct line *line, bool nul, guint8 mask)
{
        for (size_t i = 0; i < line->bytes; i++) {
                guint8 octet = (guint8)line->text[i] & mask;
                if (octet != 0 || !nul)
                        put(edit, &octet, 1);
        }
        put(edit, line->end, line->end_bytes);
}

static void remove_nul(struct edit *edit, const struct line *line)
{
        put_without(edit, line, true, 0xff);
}

static void clear_high_bits(struct edit *edit, const struct line *line)
{
        put_without(edit, line, false, 0x7f);
}

static bool apply_fold_lines(struct up_draft *draft)
{
        static const size_t widths[] = { LINE_MOST, LINE_MOST, LINE_MOST - 8, 512, 76 };
        struct up_slice scope = choose_scope(draft, true);
        struct edit edit = new_edit(draft);

        edit.one_in = 1;
        edit.width = widths[up_rng_below(&draft->rng, G_N_ELEMENTS(widths))];
        return edit_lines(draft, &edit, scope, fold);
}

#define LINE_OPERATOR(editor, header_too)                                                          \
        static bool apply_##editor(struct up_draft *draft)                                         \
        {                                                                                          \
                struct up_slice scope = choose_scope(draft, header_too);                           \
                struct edit edit = new_edit(draft);                                                \
                                                                                                   \
                return edit_lines(draft, &edit, scope, editor);                                    \
        }

LINE_OPERATOR(end_by_lf, true)
LINE_OPERATOR(end_by_crlf, true)
LINE_OPERATOR(end_by_cr, false)
LINE_OPERATOR(strip_blanks, true)
LINE_OPERATOR(add_blanks, false)
LINE_OPERATOR(escape_from, false)
LINE_OPERATOR(stuff_dot, false)
LINE_OPERATOR(unstuff_dot, false)
LINE_OPERATOR(remove_nul, true)
LINE_OPERATOR(clear_high_bits, true)

/* --- header fields ---------------------------------------------------------------------------- */

/* Fields of one header; @harmless when nothing about content is among them. */
struct header {
        GArray *fields; /* of struct up_field, those with a name and a line end; owned */
        bool harmless;
};

/* Mostly the message's own header without what describes content, else any entity's, all of it. */
static struct header choose_header(struct up_draft *draft)
{
        g_autoptr(GPtrArray) entities = up_raw_entities(draft->c->message);
        GBytes *message = draft->c->message;
        const char *data = g_bytes_get_data(message, NULL);
        struct header header = { .harmless = !up_rng_one_in(&draft->rng, 3) };
        const struct up_entity *entity =
            header.harmless ? g_ptr_array_index(entities, 0) : pick_entity(draft, entities, is_any);

        header.fields = up_raw_fields(message, entity->header);
        for (guint i = header.fields->len; i-- > 0;) {
                const struct up_field *field = &g_array_index(header.fields, struct up_field, i);
                if (field->name.end == field->name.begin || data[field->whole.end - 1] != '\n' ||
                    (header.harmless && up_field_begins(data, field, "Content-")))
                        g_array_remove_index(header.fields, i);
        }
        return header;
}

/* @field is one of @data. */
typedef void (*field_editor)(struct edit *edit, const char *data, const struct up_field *field);

/* Changes one of the fields. */
static bool edit_field(struct up_draft *draft, field_editor editor)
{
        struct header header = choose_header(draft);
        const char *data = g_bytes_get_data(draft->c->message, NULL);
        bool done = false;

        if (header.fields->len > 0) {
                struct up_field field = g_array_index(
                    header.fields, struct up_field, up_rng_below(&draft->rng, header.fields->len));
                struct edit edit = new_edit(draft);
                editor(&edit, data, &field);
                done = replace(draft, field.whole, edit.out, header.harmless);
        }
        g_array_unref(header.fields);
        return done;
}

static bool is_blank(char c)
{
        return c == ' ' || c == '\t';
}

/* Before a blank that a word follows, so that no line is all blank. */
static void fold_field(struct edit *edit, const char *data, const struct up_field *field)
{
        put(edit, data + field->whole.begin, field->value.begin - field->whole.begin);
        for (size_t i = field->value.begin; i < field->whole.end; i++) {
                bool can = i + 1 < field->whole.end && is_blank(data[i]) && data[i + 1] > ' ' &&
                           data[i - 1] > ' ';
                if (can && up_rng_one_in(edit->rng, 2))
                        put_text(edit, edit->line_end);
                put(edit, &data[i], 1);
        }
}

static void unfold_field(struct edit *edit, const char *data, const struct up_field *field)
{
        for (size_t at = field->whole.begin; at < field->whole.end;) {
                struct line line = line_at(data, at, field->whole.end);
                put(edit, line.text, line.bytes);
                at += line.bytes + line.end_bytes;
                if (at >= field->whole.end)
                        put(edit, line.end, line.end_bytes);
        }
}

static void change_case(struct edit *edit, const char *data, const struct up_field *field)
{
        size_t way = up_rng_below(edit->rng, 3);

        for (size_t i = field->name.begin; i < field->name.end; i++) {
                bool first = i == field->name.begin || data[i - 1] == '-';
                bool upper = way == 0 || (way == 1 && first);
                char c = upper ? g_ascii_toupper(data[i]) : g_ascii_tolower(data[i]);
                put(edit, &c, 1);
        }
        put(edit, data + field->name.end, field->whole.end - field->name.end);
}

static bool apply_fold_field(struct up_draft *draft)
{
        return edit_field(draft, fold_field);
}

static bool apply_unfold_field(struct up_draft *draft)
{
        return edit_field(draft, unfold_field);
}

static bool apply_change_case(struct up_draft *draft)
{
        return edit_field(draft, change_case);
}

/* Two fields exchanged. */
static bool apply_reorder_fields(struct up_draft *draft)
{
        struct header header = choose_header(draft);
        GBytes *message = draft->c->message;
        bool done = false;

        if (header.fields->len > 1) {
                guint first = (guint)up_rng_below(&draft->rng, header.fields->len - 1);
                guint second =
                    first + 1 + (guint)up_rng_below(&draft->rng, header.fields->len - first - 1);
                struct up_slice a = g_array_index(header.fields, struct up_field, first).whole;
                struct up_slice b = g_array_index(header.fields, struct up_field, second).whole;
                GByteArray *between = g_byte_array_new();
                up_raw_append(between, message, b);
                up_raw_append(between, message, (struct up_slice){ a.end, b.begin });
                up_raw_append(between, message, a);
                done =
                    replace(draft, (struct up_slice){ a.begin, b.end }, between, header.harmless);
        }
        g_array_unref(header.fields);
        return done;
}

/* What each hop puts in front of all there is. */
static bool apply_add_trace(struct up_draft *draft)
{
        static const char *const fields[] = {
                "Received: from a.example.com (a.example.com [192.0.2.1])\n"
                "\tby b.example.org with ESMTPS id 4711 for <bob@example.com>;\n"
                "\tSun, 1 Jun 2025 12:00:00 +0000 (UTC)\n",
                "Received: (qmail 815 invoked by uid 0); 1 Jun 2025 12:00:00 -0000\n",
                "Return-Path: <>\n",
                "X-Spam-Status: No, score=-0.1 required=5.0 tests=NONE\n"
                "\tautolearn=unavailable version=4.0.0\n",
                "X-Virus-Scanned: unpend at example.org\n",
                "Authentication-Results: example.org;\n\tdkim=none; spf=pass\n",
                "DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=s; h=from:to; bh=AA==; "
                "b=AA==\n",
                "List-Id: <seeds.lists.example.org>\nPrecedence: list\n",
        };
        struct edit edit = new_edit(draft);
        size_t hops = up_rng_one_in(edit.rng, 8) ? 1 + up_rng_below(edit.rng, 60) : 1;

        while (hops-- > 0) {
                const char *text = fields[up_rng_below(edit.rng, G_N_ELEMENTS(fields))];
                for (const char *lf; (lf = strchr(text, '\n')) != NULL; text = lf + 1) {
                        put(&edit, text, (size_t)(lf - text));
                        put_text(&edit, edit.line_end);
                }
        }
        return replace(draft, (struct up_slice){ 0, 0 }, edit.out, true);
}

/* --- content fields --------------------------------------------------------------------------- */

/* The slice of the first field of that name in a header; empty when there is none. */
static struct up_slice find_field(GBytes *message, struct up_slice slice, const char *name)
{
        struct up_header header = up_header_in(g_bytes_get_data(message, NULL), slice);
        struct up_field field;

        return up_header_find(&header, name, &field)
                   ? field.whole
                   : (struct up_slice){ slice.begin, slice.begin };
}

static bool has_parameters(const struct up_entity *entity)
{
        GMimeParamList *parameters = g_mime_content_type_get_parameters(entity->type);

        return g_mime_param_list_length(parameters) > 1;
}

/* "a; b; c" becomes "a; c; b". */
static bool apply_reorder_parameters(struct up_draft *draft)
{
        g_autoptr(GPtrArray) entities = up_raw_entities(draft->c->message);
        const struct up_entity *entity = pick_entity(draft, entities, has_parameters);
        const char *data = g_bytes_get_data(draft->c->message, NULL);
        size_t cuts[3];
        size_t count = 0;
        struct up_slice field;
        GByteArray *out;

        if (entity == NULL)
                return false;
        field = find_field(draft->c->message, entity->header, "Content-Type");
        while (field.end > field.begin && g_ascii_isspace(data[field.end - 1]))
                field.end--;
        for (size_t at = field.begin; count < G_N_ELEMENTS(cuts); at = cuts[count++] + 1) {
                cuts[count] = up_field_semicolon(data, at, field.end);
                if (cuts[count] == field.end)
                        break;
        }
        if (count < 2)
                return false;
        out = g_byte_array_new();
        up_raw_append(out, draft->c->message, (struct up_slice){ cuts[1], cuts[2] });
        up_raw_append(out, draft->c->message, (struct up_slice){ cuts[0], cuts[1] });
        return replace(draft, (struct up_slice){ cuts[0], cuts[2] }, out, false);
}

static bool has_boundary(const struct up_entity *entity)
{
        const char *boundary = g_mime_content_type_get_parameter(entity->type, "boundary");

        return g_mime_content_type_is_type(entity->type, "multipart", "*") && boundary != NULL &&
               strlen(boundary) >= 3;
}

/* Everywhere in that entity, as software does that writes a multipart anew. */
static bool apply_change_boundary(struct up_draft *draft)
{
        g_autoptr(GPtrArray) entities = up_raw_entities(draft->c->message);
        const struct up_entity *entity = pick_entity(draft, entities, has_boundary);
        const char *data = g_bytes_get_data(draft->c->message, NULL);
        g_autofree char *other = NULL;
        const char *boundary;
        struct up_slice whole;
        struct edit edit;

        if (entity == NULL)
                return false;
        boundary = g_mime_content_type_get_parameter(entity->type, "boundary");
        whole = up_entity_whole(entity);
        edit = new_edit(draft);
        other =
            g_strdup_printf("----=_Part_%u", (unsigned)up_rng_below(edit.rng, UINT32_C(1) << 30));
        for (size_t at = whole.begin; at < whole.end;) {
                const char *hit = memmem(data + at, whole.end - at, boundary, strlen(boundary));
                size_t stop = hit != NULL ? (size_t)(hit - data) : whole.end;
                put(&edit, data + at, stop - at);
                if (hit != NULL)
                        put_text(&edit, other);
                at = stop + (hit != NULL ? strlen(boundary) : 0);
        }
        return replace(draft, whole, edit.out, false);
}

/* --- encodings -------------------------------------------------------------------------------- */

static bool is_multipart_or_message(const struct up_entity *entity)
{
        return g_mime_content_type_is_type(entity->type, "multipart", "*") ||
               g_mime_content_type_is_type(entity->type, "message", "*");
}

static bool is_unencoded_leaf(const struct up_entity *entity)
{
        return !is_multipart_or_message(entity) &&
               entity->encoding != GMIME_CONTENT_ENCODING_BASE64 &&
               entity->encoding != GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE &&
               entity->encoding != GMIME_CONTENT_ENCODING_UUENCODE;
}

/* As to a next hop without 8BITMIME. */
static bool apply_quoted_printable(struct up_draft *draft)
{
        g_autoptr(GPtrArray) entities = up_raw_entities(draft->c->message);
        const struct up_entity *entity = pick_entity(draft, entities, is_unencoded_leaf);
        g_autoptr(GString) body = g_string_new(NULL);
        const char *data = g_bytes_get_data(draft->c->message, NULL);
        GBytes *message = draft->c->message;
        struct up_slice field;
        struct edit edit;

        /* Without an empty line after the header there is no body to encode. */
        if (entity == NULL || entity->body.begin == entity->body.end ||
            entity->body.begin == entity->header.end)
                return false;
        edit = new_edit(draft);
        field = find_field(message, entity->header, "Content-Transfer-Encoding");
        up_raw_append(edit.out, message, (struct up_slice){ entity->header.begin, field.begin });
        put_text(&edit, "Content-Transfer-Encoding: quoted-printable");
        put_text(&edit, edit.line_end);
        up_raw_append(edit.out, message, (struct up_slice){ field.end, entity->body.begin });
        up_quoted_printable_append(body, data + entity->body.begin,
            entity->body.end - entity->body.begin, QP_LINE, edit.line_end);
        put(&edit, body->str, body->len);
        return replace(draft, up_entity_whole(entity), edit.out, false);
}

static bool is_base64(const struct up_entity *entity)
{
        return entity->encoding == GMIME_CONTENT_ENCODING_BASE64 &&
               entity->body.end > entity->body.begin;
}

static bool apply_wrap_base64(struct up_draft *draft)
{
        static const size_t widths[] = { 4, 60, 64, 72, 75, 76, LINE_MOST, SIZE_MAX };
        g_autoptr(GPtrArray) entities = up_raw_entities(draft->c->message);
        const struct up_entity *entity = pick_entity(draft, entities, is_base64);
        const char *data = g_bytes_get_data(draft->c->message, NULL);
        size_t width = widths[up_rng_below(&draft->rng, G_N_ELEMENTS(widths))];
        size_t column = 0;
        struct edit edit;

        if (entity == NULL)
                return false;
        edit = new_edit(draft);
        for (size_t i = entity->body.begin; i < entity->body.end; i++) {
                if (g_ascii_isspace(data[i]))
                        continue;
                if (column == width) {
                        put_text(&edit, edit.line_end);
                        column = 0;
                }
                put(&edit, &data[i], 1);
                column++;
        }
        if (data[entity->body.end - 1] == '\n')
                put_text(&edit, edit.line_end);
        return replace(draft, entity->body, edit.out, false);
}

/* --- what is added and lost ------------------------------------------------------------------- */

static bool is_leaf(const struct up_entity *entity)
{
        return !is_multipart_or_message(entity);
}

/* Behind a text, or behind all there is. */
static bool apply_footer(struct up_draft *draft)
{
        static const char *const lines[] = { "____", "seeds mailing list",
                "https://lists.example.org/seeds" };
        g_autoptr(GPtrArray) entities = up_raw_entities(draft->c->message);
        const struct up_entity *leaf = pick_entity(draft, entities, is_leaf);
        size_t at = leaf != NULL && !up_rng_one_in(&draft->rng, 3)
                        ? leaf->body.end
                        : g_bytes_get_size(draft->c->message);
        struct edit edit = new_edit(draft);

        for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
                put_text(&edit, edit.line_end);
                put_text(&edit, lines[i]);
        }
        return replace(draft, (struct up_slice){ at, at }, edit.out, false);
}

static bool apply_final_newline(struct up_draft *draft)
{
        g_autoptr(GPtrArray) entities = up_raw_entities(draft->c->message);
        const struct up_entity *entity = pick_entity(draft, entities, is_any);
        const char *data = g_bytes_get_data(draft->c->message, NULL);
        struct up_slice end = { entity->body.end, entity->body.end };
        struct edit edit = new_edit(draft);

        if (end.begin > entity->body.begin && data[end.begin - 1] == '\n')
                end.begin -=
                    end.begin > entity->body.begin + 1 && data[end.begin - 2] == '\r' ? 2 : 1;
        if (end.begin == end.end || up_rng_one_in(&draft->rng, 3)) {
                end.begin = end.end;
                put_text(&edit, edit.line_end);
        }
        return replace(draft, end, edit.out, false);
}

/* As by a size limit. */
static bool apply_cut_off(struct up_draft *draft)
{
        size_t bytes = g_bytes_get_size(draft->c->message);
        size_t left = up_rng_below(&draft->rng, bytes);

        return bytes > 0 &&
               replace(draft, (struct up_slice){ left, bytes }, g_byte_array_new(), false);
}

/* --- the table -------------------------------------------------------------------------------- */

static const struct up_operator operators[] = {
        { "lf", 4, "line ends become LF", apply_end_by_lf },
        { "crlf", 4, "line ends become CRLF", apply_end_by_crlf },
        { "bare-cr", 3, "line ends become CR", apply_end_by_cr },
        { "blanks-stripped", 3, "blanks at the ends of lines are gone", apply_strip_blanks },
        { "blanks-added", 3, "lines end with blanks", apply_add_blanks },
        { "lines-folded", 3, "long lines are cut, at 998 bytes or earlier", apply_fold_lines },
        { "from-escaped", 3, "From at the beginning of a line becomes >From", apply_escape_from },
        { "dots-doubled", 1, "a dot at the beginning of a line is two", apply_stuff_dot },
        { "dots-lost", 1, "a dot at the beginning of a line is gone", apply_unstuff_dot },
        { "nul-removed", 2, "bytes of zero are gone", apply_remove_nul },
        { "high-bits-cleared", 1, "8 bits become 7", apply_clear_high_bits },
        { "field-folded", 3, "a header field is on more lines", apply_fold_field },
        { "field-unfolded", 3, "a header field is on one line", apply_unfold_field },
        { "field-case", 3, "a header field's name in other letters", apply_change_case },
        { "fields-reordered", 3, "two header fields exchanged", apply_reorder_fields },
        { "trace-added", 4, "Received, or what else a hop adds on top", apply_add_trace },
        { "parameters-reordered", 3, "Content-Type with its parameters in another order",
            apply_reorder_parameters },
        { "boundary-changed", 3, "another boundary everywhere in a multipart",
            apply_change_boundary },
        { "quoted-printable", 4, "content in quoted-printable", apply_quoted_printable },
        { "base64-wrapped", 3, "base64 in lines of another length", apply_wrap_base64 },
        { "footer-added", 4, "a mailing list's footer", apply_footer },
        { "final-newline", 3, "the last line end of an entity lost, or one more",
            apply_final_newline },
        { "cut-off", 1, "the end is gone", apply_cut_off },
};
const struct up_layer up_damage_layer = { "damage", operators, G_N_ELEMENTS(operators) };
