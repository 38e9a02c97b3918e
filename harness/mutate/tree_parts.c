/*
 * tree_parts - operators on the parts of a message and on the boundaries between them
 *
 * Parts are moved as they are, with the header and the boundaries that they came with: that one
 * boundary then stands for two multiparts, or that a part says of itself what is no longer so, is
 * wanted.
 */
#include "mutate/tree_edit.h"

#include <string.h>

#include "mail/lines.h"

/* --- parts ------------------------------------------------------------------------------------ */

/* What mail is made of, and what is treated in a way of its own. */
static const char *const new_parts[] = {
        "",
        "\n",
        "\nno header at all\n",
        "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n"
        "Gr\xc3\xbc\xc3\x9f"
        "e\n",
        "Content-Type: text/plain; format=flowed; delsp=yes\n\n> a \n>> b \nc \n-- \nd\n",
        "Content-Type: text/html\n\n<html><body><a "
        "href=\"cid:1@example.com\">x</a></body></html>\n",
        "Content-Type: text/rfc822-headers\n\nSubject: only\nFrom: a@example.com\n",
        "Content-Type: text/calendar; method=REQUEST\n\nBEGIN:VCALENDAR\nEND:VCALENDAR\n",
        "Content-Type: text/plain\nContent-Transfer-Encoding: x-uuencode\n\n"
        "begin 644 a\n#0V%T\n`\nend\n",
        "Content-Type: application/octet-stream; name=\"a.bin\"\n"
        "Content-Transfer-Encoding: base64\n"
        "Content-Disposition: attachment; filename=\"a.bin\"\n\nAAECAwQFBgc=\n",
        "Content-Type: application/octet-stream\n\n{{EICAR}}\n",
        "Content-Type: application/ms-tnef; name=winmail.dat\n"
        "Content-Transfer-Encoding: base64\n\neJ8+IgEA\n",
        "Content-Type: application/pkcs7-signature; name=smime.p7s\n"
        "Content-Transfer-Encoding: base64\n\n"
        "MIAGCSqGSIb3DQEHAqCAMIACAQExADCABgkqhkiG9w0BBwEAADEAAAAAAAAA\n",
        "Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\n"
        "Content-Transfer-Encoding: base64\n\nMAA=\n",
        "Content-Type: message/rfc822\n\nFrom: a@example.com\nSubject: inner\n\ninner\n",
        "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nU3ViamVjdDogYQoKYgo=\n",
        "Content-Type: message/partial; id=\"1@example.com\"; number=1; total=2\n\n"
        "Subject: half\n\nfirst\n",
        "Content-Type: message/external-body; access-type=anon-ftp; site=\"example.com\"; "
        "name=a\n\n"
        "Content-Type: text/plain\n\n",
        "Content-Type: message/delivery-status\n\nReporting-MTA: dns; example.com\n\n"
        "Final-Recipient: rfc822; v@example.com\nAction: failed\nStatus: 5.0.0\n",
        "Content-Type: message/disposition-notification\n\nFinal-Recipient: rfc822; v@example.com\n"
        "Disposition: manual-action/MDN-sent-manually; displayed\n",
        "Content-Type: multipart/mixed; boundary=n\n\n--n\n\na\n--n--\n",
        "Content-Type: multipart/mixed; boundary=n\n\n--n\n\nnever closed\n",
        "Content-Type: multipart/digest; boundary=d\n\n--d\n\nSubject: a\n\nb\n--d--\n",
        "Content-Type: multipart/mixed\n\nno boundary\n",
};

bool up_tree_part_add(struct up_edit *edit)
{
        struct up_node *node = up_edit_pick(edit, up_node_holds_parts);

        if (node == NULL)
                return false;
        GString *text = up_edit_text(UP_EDIT_ONE_OF(edit, new_parts), node->line_end);
        g_autoptr(GBytes) part = g_string_free_to_bytes(text);
        up_node_insert_part(
            node, (guint)up_rng_below(edit->rng, node->parts->len + 1), up_node_raw(part));
        return true;
}

bool up_tree_part_drop(struct up_edit *edit)
{
        struct up_node *node = up_edit_pick(edit, up_edit_has_parts);

        if (node == NULL)
                return false;
        up_node_free(up_node_take_part(node, (guint)up_rng_below(edit->rng, node->parts->len)));
        return true;
}

/* How many copies: one, or as many as the limit of parts allows, or one off. */
static size_t copies_that_fit(struct up_edit *edit, size_t copy_bytes)
{
        uint64_t limit = edit->policy->limits.parts;
        size_t most = edit->room / copy_bytes;

        if (!up_rng_one_in(edit->rng, 4))
                return MIN(most, 1);
        return up_edit_near(edit, limit > edit->nodes->len ? limit - edit->nodes->len : 1, most);
}

bool up_tree_part_duplicate(struct up_edit *edit)
{
        struct up_node *node = up_edit_pick(edit, up_edit_has_parts);

        if (node == NULL)
                return false;
        size_t index = up_rng_below(edit->rng, node->parts->len);
        g_autoptr(GBytes) part = up_node_bytes(g_ptr_array_index(node->parts, index));
        size_t line_bytes = 2 * strlen(node->line_end) + strlen(node->boundary) + 2;
        size_t copies = copies_that_fit(edit, g_bytes_get_size(part) + line_bytes);
        if (copies == 0)
                return false;
        /* Many go to the end, where putting them in is cheap. */
        guint at = copies == 1 ? (guint)index + 1 : node->parts->len;
        for (size_t i = 0; i < copies; i++)
                up_node_insert_part(node, at + (guint)i, up_node_raw(part));
        return true;
}

static bool has_siblings(const struct up_node *node)
{
        return up_node_holds_parts(node) && node->parts->len > 1;
}

bool up_tree_part_reorder(struct up_edit *edit)
{
        struct up_node *node = up_edit_pick(edit, has_siblings);

        if (node == NULL)
                return false;
        guint from = (guint)up_rng_below(edit->rng, node->parts->len);
        guint to = (guint)up_rng_below(edit->rng, node->parts->len - 1);
        up_node_insert_part(node, to < from ? to : to + 1, up_node_take_part(node, from));
        return true;
}

static bool is_within(const struct up_node *node, const struct up_node *other)
{
        for (; node != NULL; node = node->parent)
                if (node == other)
                        return true;
        return false;
}

static guint index_in_parent(const struct up_node *node)
{
        guint index;

        if (!g_ptr_array_find(node->parent->parts, node, &index))
                g_assert_not_reached();
        return index;
}

bool up_tree_part_move(struct up_edit *edit)
{
        struct up_node *part = up_edit_pick(edit, up_edit_is_part);
        struct up_node *to = NULL;

        for (unsigned throws = 0; part != NULL && throws < 4; throws++) {
                to = up_edit_pick(edit, up_node_holds_parts);
                if (to != part->parent && !is_within(to, part))
                        break;
                to = NULL;
        }
        if (to == NULL)
                return false;
        up_node_insert_part(to, (guint)up_rng_below(edit->rng, to->parts->len + 1),
            up_node_take_part(part->parent, index_in_parent(part)));
        return true;
}

bool up_tree_part_exchange(struct up_edit *edit)
{
        struct up_node *one = up_edit_pick(edit, up_edit_is_part);
        struct up_node *other = up_edit_pick(edit, up_edit_is_part);

        if (one == NULL || is_within(one, other) || is_within(other, one))
                return false;
        g_autoptr(GBytes) one_bytes = up_node_bytes(one);
        g_autoptr(GBytes) other_bytes = up_node_bytes(other);
        up_node_become(one, other_bytes);
        up_node_become(other, one_bytes);
        return true;
}

/* --- parts inside parts ----------------------------------------------------------------------- */

/* Before and after what is wrapped. */
struct wrapping {
        const char *before;
        const char *after;
};

static const struct wrapping wrappings[] = {
        { "Content-Type: multipart/mixed; boundary=w\n\n--w\n", "\n--w--\n" },
        { "Content-Type: multipart/mixed; boundary=\"w w\"\n\npreamble\n--w w\n",
            "\n--w w--\nepilogue\n" },
        { "Content-Type: multipart/mixed; boundary=w\n\n--w\n", "" },
        { "Content-Type: multipart/alternative; boundary=w\n\n--w\n\nplain\n--w\n", "\n--w--\n" },
        { "Content-Type: multipart/related; boundary=w; type=\"text/html\"\n\n--w\n", "\n--w--\n" },
        { "Content-Type: multipart/digest; boundary=w\n\n--w\n\n", "\n--w--\n" },
        { "Content-Type: multipart/report; boundary=w; report-type=delivery-status\n\n"
          "--w\n\nfailed\n--w\nContent-Type: message/delivery-status\n\nStatus: 5.0.0\n--w\n",
            "\n--w--\n" },
        { "Content-Type: multipart/signed; boundary=w; micalg=sha-256;\n"
          " protocol=\"application/pkcs7-signature\"\n\n--w\n",
            "\n--w\nContent-Type: application/pkcs7-signature\n\nMAA=\n--w--\n" },
        { "Content-Type: multipart/encrypted; boundary=w; "
          "protocol=\"application/pgp-encrypted\"\n\n"
          "--w\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n--w\n",
            "\n--w--\n" },
        { "Content-Type: message/rfc822\n\n", "" },
        { "Content-Type: message/rfc822\n\nFrom: a@example.com\nSubject: forwarded\n", "" },
        { "Content-Type: message/external-body; access-type=local-file; name=a\n\n", "" },
        { "Content-Type: message/partial; id=a; number=1; total=1\n\n", "" },
};

static void append_piece(GString *out, GBytes *piece)
{
        gsize size;
        const char *data = g_bytes_get_data(piece, &size);

        if (size > 0)
                g_string_append_len(out, data, (gssize)size);
}

/* Puts @before (taken over) and @after round the content of a node. */
static void wrap(struct up_node *node, GString *before, const GString *after)
{
        g_autoptr(GBytes) content = up_edit_content(node);

        append_piece(before, content);
        g_string_append_len(before, after->str, (gssize)after->len);
        g_autoptr(GBytes) wrapped = g_string_free_to_bytes(before);
        up_edit_set_content(node, wrapped);
}

bool up_tree_part_nest(struct up_edit *edit)
{
        struct up_node *node = up_edit_pick(edit, NULL);
        const struct wrapping *wrapping = &UP_EDIT_ONE_OF(edit, wrappings);
        g_autoptr(GString) after = up_edit_text(wrapping->after, node->line_end);

        wrap(node, up_edit_text(wrapping->before, node->line_end), after);
        return true;
}

/* The bounds that readers of mail have been seen to have, and our own. */
static size_t depth_near_limit(struct up_edit *edit, size_t most)
{
        const struct up_limits *limits = &edit->policy->limits;
        const uint64_t depths[] = { limits->depth, limits->layers, 4, 16, 32, 64, 100, 128, 256 };

        return up_edit_near(edit, UP_EDIT_ONE_OF(edit, depths), most);
}

enum nesting { NESTING_MESSAGES, NESTING_MULTIPARTS, NESTING_ONE_BOUNDARY, NESTINGS };

#define LEVEL_BYTES 96 /* at most, of each nesting below */

bool up_tree_part_nest_deep(struct up_edit *edit)
{
        struct up_node *node = up_edit_pick(edit, NULL);
        size_t levels = depth_near_limit(edit, edit->room / LEVEL_BYTES);
        enum nesting nesting = (enum nesting)up_rng_below(edit->rng, NESTINGS);
        bool closed = up_rng_one_in(edit->rng, 2);
        const char *end = node->line_end;
        GString *before = g_string_new(NULL);
        g_autoptr(GString) after = g_string_new(NULL);

        for (size_t level = 0; level < levels; level++) {
                size_t boundary = nesting == NESTING_ONE_BOUNDARY ? 0 : level;
                if (nesting == NESTING_MESSAGES) {
                        g_string_append_printf(
                            before, "Content-Type: message/rfc822%s%s", end, end);
                        continue;
                }
                g_string_append_printf(before,
                    "Content-Type: multipart/mixed; boundary=d%zu%s%s--d%zu%s", boundary, end, end,
                    boundary, end);
                if (closed)
                        g_string_append_printf(after, "%s--d%zu--", end,
                            nesting == NESTING_ONE_BOUNDARY ? 0 : levels - 1 - level);
        }
        wrap(node, before, after);
        return levels > 0;
}

static bool has_inside(const struct up_node *node)
{
        return node->parts != NULL && node->parts->len > 0;
}

bool up_tree_part_lift(struct up_edit *edit)
{
        struct up_node *node = up_edit_pick(edit, has_inside);

        if (node == NULL)
                return false;
        g_autoptr(GBytes) part = up_node_bytes(
            g_ptr_array_index(node->parts, up_rng_below(edit->rng, node->parts->len)));
        up_edit_set_content(node, part);
        return true;
}

static bool can_be_spliced(const struct up_node *node)
{
        return up_edit_is_part(node) && has_inside(node);
}

bool up_tree_part_splice(struct up_edit *edit)
{
        struct up_node *node = up_edit_pick(edit, can_be_spliced);

        if (node == NULL)
                return false;
        struct up_node *parent = node->parent;
        guint at = index_in_parent(node);
        up_node_take_part(parent, at);
        for (guint i = 0; i < node->parts->len; i++) {
                g_autoptr(GBytes) part = up_node_bytes(g_ptr_array_index(node->parts, i));
                up_node_insert_part(parent, at + i, up_node_raw(part));
        }
        up_node_free(node);
        return true;
}

bool up_tree_part_split(struct up_edit *edit)
{
        struct up_node *node = up_edit_pick(edit, up_edit_has_body);

        if (node == NULL)
                return false;
        gsize size;
        const char *data = g_bytes_get_data(node->body, &size);
        size_t cut = up_line_at(data, size, up_rng_below(edit->rng, size)).next;
        g_autoptr(GBytes) content = up_edit_content(node);
        const char *head = g_bytes_get_data(content, NULL);
        size_t head_bytes = g_bytes_get_size(content) - size;
        GString *split =
            up_edit_text("Content-Type: multipart/mixed; boundary=s\n\n--s\n", node->line_end);
        g_string_append_len(split, head, (gssize)(head_bytes + cut));
        g_string_append_printf(split, "%s--s%s", node->line_end, node->line_end);
        g_string_append_len(split, head, (gssize)head_bytes);
        g_string_append_len(split, data + cut, (gssize)(size - cut));
        g_string_append_printf(split, "%s--s--%s", node->line_end, node->line_end);
        g_autoptr(GBytes) bytes = g_string_free_to_bytes(split);
        up_edit_set_content(node, bytes);
        return true;
}

bool up_tree_body_exchange(struct up_edit *edit)
{
        struct up_node *one = up_edit_pick(edit, up_edit_has_body);
        struct up_node *other = up_edit_pick(edit, up_edit_has_body);

        if (one == NULL || one == other)
                return false;
        GBytes *body = one->body;
        one->body = other->body;
        other->body = body;
        return true;
}

/* --- boundaries ------------------------------------------------------------------------------- */

/* The parameter, quoted as RFC 2045 requires, or, at times, cut in two as RFC 2231 allows. */
static bool set_boundary_parameter(struct up_edit *edit, struct up_node *node, const char *boundary)
{
        g_autoptr(GString) quoted = g_string_new("boundary=\"");
        size_t half = strlen(boundary) / 2;
        bool cut = up_rng_one_in(edit->rng, 6);

        if (cut)
                g_string_insert(quoted, (gssize)strlen("boundary"), "*0");
        for (size_t i = 0; boundary[i] != '\0'; i++) {
                if (cut && i == half)
                        g_string_append(quoted, "\"; boundary*1=\"");
                if (boundary[i] == '"' || boundary[i] == '\\')
                        g_string_append_c(quoted, '\\');
                g_string_append_c(quoted, boundary[i]);
        }
        g_string_append_c(quoted, '"');
        return up_edit_set_parameter(node, "Content-Type", "boundary", quoted->str);
}

static bool rename_boundary(struct up_edit *edit, struct up_node *node, const char *boundary)
{
        if (!set_boundary_parameter(edit, node, boundary))
                return false;
        up_node_set_boundary(node, boundary);
        return true;
}

bool up_tree_boundary_rename(struct up_edit *edit)
{
        static const char *const boundaries[] = { "", "-", "--", "b", "b ", " b", "b--", "a b",
                "'()+_,-./:=?", "\"", "\\", "=", "=_", "b\tb", "\xc3\xbc", "=?utf-8?q?b?=", "From ",
                ".", "%62", "b;c", "(b)", "*" };
        struct up_node *node = up_edit_pick(edit, up_node_holds_parts);

        if (node == NULL)
                return false;
        if (up_rng_one_in(edit->rng, 2))
                return rename_boundary(edit, node, UP_EDIT_ONE_OF(edit, boundaries));
        g_autofree char *name =
            g_strnfill(up_edit_length(edit, edit->room / (node->parts->len + 2)),
                up_rng_one_in(edit->rng, 4) ? '-' : 'b');
        return rename_boundary(edit, node, name);
}

static const struct up_node *outer_multipart(const struct up_node *node)
{
        do
                node = node->parent;
        while (node != NULL && !up_node_holds_parts(node));
        return node;
}

static bool is_inner_multipart(const struct up_node *node)
{
        return up_node_holds_parts(node) && outer_multipart(node) != NULL;
}

bool up_tree_boundary_relate(struct up_edit *edit)
{
        static const char *const relations[] = { "%s", "%sb", "%s--", "%s ", "--%s", "%s-", "-%s" };
        struct up_node *node = up_edit_pick(edit, is_inner_multipart);

        if (node == NULL)
                return false;
        GString *boundary = g_string_new(UP_EDIT_ONE_OF(edit, relations));
        g_string_replace(boundary, "%s", outer_multipart(node)->boundary, 1);
        g_autofree char *related = g_string_free(boundary, FALSE);
        if (up_rng_one_in(edit->rng, 4))
                related[strlen(related) / 2] = '\0';
        return rename_boundary(edit, node, related);
}

bool up_tree_boundary_mismatch(struct up_edit *edit)
{
        struct up_node *node = up_edit_pick(edit, up_node_holds_parts);

        if (node == NULL || node->boundary[0] == '\0')
                return false;
        g_autofree char *as_read = g_strdup(node->boundary);
        g_autofree char *upper = g_ascii_strup(as_read, -1);
        g_autofree char *lower = g_ascii_strdown(as_read, -1);
        g_autofree char *longer = g_strconcat(as_read, "x", NULL);
        g_autofree char *shorter = g_strndup(as_read, strlen(as_read) - 1);
        g_autofree char *dashes = g_strconcat("--", as_read, NULL);
        const char *const others[] = { upper, lower, longer, shorter, dashes };
        const char *other = UP_EDIT_ONE_OF(edit, others);

        if (up_rng_one_in(edit->rng, 2))
                return set_boundary_parameter(edit, node, other);
        up_node_set_boundary(node, other);
        return true;
}

/* The last boundary line of a seam: where it begins; the size of the seam when there is none. */
static size_t find_boundary_line(const GString *seam, const char *boundary)
{
        g_autofree char *line = g_strconcat("--", boundary, NULL);
        size_t bytes = strlen(line);
        size_t found = seam->len;

        for (size_t at = 0; at < seam->len; at = up_line_at(seam->str, seam->len, at).next)
                if (seam->len - at >= bytes && memcmp(seam->str + at, line, bytes) == 0)
                        found = at;
        return found;
}

bool up_tree_boundary_line(struct up_edit *edit)
{
        /* %s is the boundary, %c the rest of the line with its end, %n a line end. */
        static const char *const lines[] = { "--%s \t%c", "--%s x%c", "--%s--%n--%s%c",
                "--%s%n--%s%c", "", "%n", " --%s%c", "-%s%c", "---%s%c", "--%s--%c", "--%s",
                "%n%n%n--%s%c", "--%sx%c", "-- %s%c", "--%s%c%n", "--%s\r\r\n", "--%s--%n--%s--%n",
                "--%s\v%c" };
        struct up_node *node = up_edit_pick(edit, up_node_holds_parts);

        if (node == NULL)
                return false;
        size_t index = up_rng_below(edit->rng, node->seams->len);
        GBytes *bytes = g_ptr_array_index(node->seams, index);
        g_autoptr(GString) seam = up_edit_copy(bytes);
        size_t begin = find_boundary_line(seam, node->boundary);
        if (begin == seam->len)
                return false;
        size_t rest = begin + 2 + strlen(node->boundary);
        size_t end = up_line_at(seam->str, seam->len, begin).next;
        GString *out = g_string_new_len(seam->str, (gssize)begin);
        for (const char *at = UP_EDIT_ONE_OF(edit, lines); *at != '\0'; at++) {
                if (at[0] != '%')
                        g_string_append_c(out, at[0]);
                else if (*++at == 's')
                        g_string_append(out, node->boundary);
                else if (*at == 'c')
                        g_string_append_len(out, seam->str + rest, (gssize)(end - rest));
                else
                        g_string_append(out, node->line_end);
        }
        g_string_append_len(out, seam->str + end, (gssize)(seam->len - end));
        g_ptr_array_index(node->seams, index) = g_string_free_to_bytes(out);
        g_bytes_unref(bytes);
        return true;
}

bool up_tree_boundary_around(struct up_edit *edit)
{
        static const char *const texts[] = { "This is a multi-part message in MIME format.\n", "\n",
                "--\n", "Content-Type: text/plain\n\nno part\n", "{{EICAR}}\n",
                "\n--b\n\nno part\n", "begin 644 a\n#0V%T\n`\nend\n",
                "From a@example.com\n\nSubject: another\n\n", ".\n" };
        struct up_node *node = up_edit_pick(edit, up_edit_has_parts);

        if (node == NULL)
                return false;
        g_autoptr(GString) text = up_edit_text(UP_EDIT_ONE_OF(edit, texts), node->line_end);
        bool before = up_rng_one_in(edit->rng, 2);
        size_t index = before ? 0 : node->seams->len - 1;
        GBytes *seam = g_ptr_array_index(node->seams, index);
        GString *out = up_edit_copy(seam);
        g_string_insert_len(out, before ? 0 : -1, text->str, (gssize)text->len);
        g_ptr_array_index(node->seams, index) = g_string_free_to_bytes(out);
        g_bytes_unref(seam);
        return true;
}

static bool has_body_in_multipart(const struct up_node *node)
{
        return up_edit_has_body(node) && outer_multipart(node) != NULL;
}

bool up_tree_boundary_in_body(struct up_edit *edit)
{
        static const char *const lines[] = { "--%s\n", "--%s--\n", " --%s\n", "--%s x\n", "--%sx\n",
                "-- %s\n", "--%s \t\n", "--%s\n\n", "\n--%s", "--%s\n--%s\n" };
        struct up_node *node = up_edit_pick(edit, has_body_in_multipart);

        if (node == NULL)
                return false;
        const struct up_node *outer = outer_multipart(node);
        for (; outer_multipart(outer) != NULL && up_rng_one_in(edit->rng, 2);)
                outer = outer_multipart(outer);
        g_autoptr(GString) line = up_edit_text(UP_EDIT_ONE_OF(edit, lines), node->line_end);
        g_string_replace(line, "%s", outer->boundary, 0);
        GString *body = up_edit_copy(node->body);
        size_t at = up_line_at(body->str, body->len, up_rng_below(edit->rng, body->len)).next;
        g_string_insert_len(body, (gssize)at, line->str, (gssize)line->len);
        up_node_set_body(node, body);
        return true;
}
