/*
 * tree_bodies - operators on what a part holds: its bytes, their encoding, charset and line ends
 *
 * Decoders and encoders here are small ones of our own or GLib's, not those of the library under
 * test: the mutator must not fall over what it makes.
 */
#include "mutate/tree_edit.h"

#include <string.h>

#include "mail/base64.h"
#include "mail/quoted_printable.h"
#include "mail/words.h"

/* --- encodings -------------------------------------------------------------------------------- */

enum encoded { ENCODED_NOT, ENCODED_BASE64, ENCODED_QUOTED, ENCODED_UU, ENCODED_KINDS };

static const char *const encoded_names[ENCODED_KINDS] = { "8bit", "base64", "quoted-printable",
        "x-uuencode" };

static enum encoded encoded_as(const struct up_node *node)
{
        switch (node->encoding) {
        case GMIME_CONTENT_ENCODING_BASE64:
                return ENCODED_BASE64;
        case GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE:
                return ENCODED_QUOTED;
        case GMIME_CONTENT_ENCODING_UUENCODE:
                return ENCODED_UU;
        default:
                return ENCODED_NOT;
        }
}

static GString *decode_base64(const GString *text)
{
        GString *out = g_string_sized_new(text->len);
        int state = 0;
        unsigned save = 0;
        gsize bytes = g_base64_decode_step(text->str, text->len, (guchar *)out->str, &state, &save);

        return g_string_set_size(out, bytes);
}

static GString *decode_quoted(const GString *text)
{
        GString *out = g_string_sized_new(text->len);

        for (size_t i = 0; i < text->len; i++) {
                const char *at = text->str + i; /* a NUL follows the last */
                if (at[0] != '=') {
                        g_string_append_c(out, at[0]);
                } else if (g_ascii_isxdigit(at[1]) && g_ascii_isxdigit(at[2])) {
                        int byte = g_ascii_xdigit_value(at[1]) * 16 + g_ascii_xdigit_value(at[2]);
                        g_string_append_c(out, (char)byte);
                        i += 2;
                } else if (at[1] == '\r' && at[2] == '\n') {
                        i += 2;
                } else if (at[1] == '\n') {
                        i++;
                }
        }
        return out;
}

/* The content of a body; what cannot be decoded here is taken as it is. */
static GString *decoded(const struct up_node *node)
{
        g_autoptr(GString) body = up_edit_copy(node->body);

        switch (encoded_as(node)) {
        case ENCODED_BASE64:
                return decode_base64(body);
        case ENCODED_QUOTED:
                return decode_quoted(body);
        default:
                return g_steal_pointer(&body);
        }
}

#define UU_LINE_BYTES 45

static char uu_character(unsigned bits)
{
        return bits == 0 ? '`' : (char)(' ' + bits);
}

static GString *encode_uu(const GString *content, const char *line_end)
{
        GString *out = g_string_new("begin 644 a");

        g_string_append(out, line_end);
        for (size_t at = 0; at < content->len; at += UU_LINE_BYTES) {
                unsigned char line[UU_LINE_BYTES] = { 0 };
                size_t bytes = MIN(content->len - at, sizeof line);
                memcpy(line, content->str + at, bytes);
                g_string_append_c(out, uu_character((unsigned)bytes));
                for (size_t i = 0; i < bytes; i += 3) {
                        unsigned three =
                            (unsigned)line[i] << 16 | (unsigned)line[i + 1] << 8 | line[i + 2];
                        for (int shift = 18; shift >= 0; shift -= 6)
                                g_string_append_c(out, uu_character(three >> shift & 63));
                }
                g_string_append(out, line_end);
        }
        g_string_append_printf(out, "`%send%s", line_end, line_end);
        return out;
}

/* Takes over @content. */
static GString *encode(GString *content, enum encoded as, size_t line_bytes, const char *line_end)
{
        g_autoptr(GString) from = content;
        GString *out;

        switch (as) {
        case ENCODED_BASE64:
                out = g_string_new(NULL);
                up_base64_append(out, from->str, from->len, line_bytes, line_end);
                return out;
        case ENCODED_QUOTED:
                out = g_string_new(NULL);
                up_quoted_printable_append(out, from->str, from->len, line_bytes, line_end);
                return out;
        case ENCODED_UU:
                return encode_uu(from, line_end);
        default:
                return g_steal_pointer(&from);
        }
}

/* As long as lines usually are, or at a limit. */
static size_t line_bytes(struct up_edit *edit)
{
        size_t length = up_edit_length(edit, SIZE_MAX);

        return up_rng_one_in(edit->rng, 2) ? 76 : MAX(length, 4);
}

bool up_tree_encoding_real(struct up_edit *edit)
{
        struct up_node *node = up_edit_pick(edit, up_edit_has_body);

        if (node == NULL)
                return false;
        enum encoded as = (enum encoded)up_rng_below(edit->rng, ENCODED_KINDS);
        GString *content = as == ENCODED_NOT ? decoded(node) : up_edit_copy(node->body);
        up_node_set_body(node, encode(content, as, line_bytes(edit), node->line_end));
        return true;
}

bool up_tree_encoding_both(struct up_edit *edit)
{
        struct up_node *node = up_edit_pick(edit, up_edit_has_body);

        if (node == NULL)
                return false;
        enum encoded as = (enum encoded)up_rng_below(edit->rng, ENCODED_KINDS);
        int index = up_node_find_field(node, "Content-Transfer-Encoding");
        GString *field = g_string_new(NULL);
        g_string_append_printf(
            field, "Content-Transfer-Encoding: %s%s", encoded_names[as], node->line_end);
        if (index >= 0)
                up_node_set_field(node, (guint)index, field);
        else
                up_node_insert_field(node, G_MAXUINT, field);
        up_node_set_body(node, encode(decoded(node), as, line_bytes(edit), node->line_end));
        return true;
}

/* --- pieces put into a body ------------------------------------------------------------------- */

static size_t line_begin(const GString *text, size_t at)
{
        while (at > 0 && text->str[at - 1] != '\n')
                at--;
        return at;
}

/* Where to put something: anywhere, or at the beginning, at the end, before a line. */
static size_t place_in(struct up_edit *edit, const GString *text)
{
        size_t anywhere = up_rng_below(edit->rng, text->len + 1);

        switch (up_rng_below(edit->rng, 6)) {
        case 0:
                return 0;
        case 1:
                return text->len;
        case 2:
        case 3:
                return line_begin(text, anywhere);
        default:
                return anywhere;
        }
}

/* Puts a text of ours into the body as it stands. */
static void put_in(struct up_edit *edit, struct up_node *node, const char *text)
{
        g_autoptr(GString) piece = up_edit_text(text, node->line_end);
        GString *body = up_edit_copy(node->body);

        g_string_insert_len(body, (gssize)place_in(edit, body), piece->str, (gssize)piece->len);
        up_node_set_body(node, body);
}

static const char *const base64_pieces[] = { "=", "==", "====", " ", "\n\n", "\t", "!", "\xff", "-",
        "_", "YQ==", "=\nYQ==", "\r", "--", ".", "A", "AA", "\n=\n",
        "\nContent-Type: text/html\n" };
static const char *const quoted_pieces[] = { "=", "=\n", "= \n", "=X", "=3", "=c3=BC", "=C3", " \n",
        "\t\n", "=\r", "=00", "=0D=0A", "==", "=0", "=\n=\n", "=3D=\n", "=0A.=0A", "\xff" };
static const char *const uu_pieces[] = { "begin 644 a\n", "`\nend\n", "end\n", "M", "\n", "#0V%T\n",
        " ", "~~~~\n", "begin 999 ../a\n", "begin 644\n", "begin-base64 644 a\nYQ==\n" };

static bool is_encoded(const struct up_node *node)
{
        return up_edit_has_body(node) && encoded_as(node) != ENCODED_NOT;
}

static bool cut_end(struct up_edit *edit, struct up_node *node)
{
        GString *body = up_edit_copy(node->body);

        while (body->len > 0 && strchr("=\r\n", body->str[body->len - 1]) != NULL)
                g_string_truncate(body, body->len - 1);
        size_t fewer = up_rng_below(edit->rng, 4);
        g_string_truncate(body, body->len - MIN(body->len, fewer));
        up_node_set_body(node, body);
        return true;
}

bool up_tree_encoding_damage(struct up_edit *edit)
{
        struct up_node *node = up_edit_pick(edit, is_encoded);

        if (node == NULL)
                return false;
        enum encoded as = encoded_as(node);
        if (up_rng_one_in(edit->rng, 6))
                return cut_end(edit, node);
        if (as == ENCODED_UU)
                put_in(edit, node, UP_EDIT_ONE_OF(edit, uu_pieces));
        else if (up_rng_one_in(edit->rng, 5)) /* only the lines are other */
                up_node_set_body(node, encode(decoded(node), as, line_bytes(edit), node->line_end));
        else if (as == ENCODED_BASE64)
                put_in(edit, node, UP_EDIT_ONE_OF(edit, base64_pieces));
        else
                put_in(edit, node, UP_EDIT_ONE_OF(edit, quoted_pieces));
        return true;
}

bool up_tree_charset_bytes(struct up_edit *edit)
{
        /* ISO-2022, UTF-7, byte order marks, UTF-8 as it must not be, beginnings of characters. */
        static const char *const pieces[] = { "\x1b$B$\"\x1b(B", "\x1b$B", "\x1b(J\\~",
                "\x1b$)C\x0e\x41\x42\x0f", "\x0e", "+ADw-", "+AGEAY", "+", "\xef\xbb\xbf",
                "\xff\xfe", "\xfe\xff", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82",
                "\x81", "\x81\x30\x81\x30", "\xa1", "\x80", "\xe2\x80\xa8", "\xc2\x85", "\xc3\xbc",
                "\xf0\x9f\x98\x80", "\x7f" };
        struct up_node *node = up_edit_pick(edit, up_edit_has_body);

        if (node == NULL)
                return false;
        const char *piece = UP_EDIT_ONE_OF(edit, pieces);
        enum encoded as = encoded_as(node);
        if (as != ENCODED_BASE64 && as != ENCODED_QUOTED) {
                put_in(edit, node, piece);
                return true;
        }
        GString *content = decoded(node);
        g_string_insert(content, (gssize)place_in(edit, content), piece);
        up_node_set_body(node, encode(content, as, 76, node->line_end));
        return true;
}

bool up_tree_body_mark(struct up_edit *edit)
{
        static const char *const marks[] = { "{{EICAR}}", "{{EICAR}}\n", ".\n", "..\n", "\n.\n",
                "From a@example.com\n", "-- \n", ">From \n", "\nContent-Type: text/html\n\n",
                "PK\3\4", "MZ", "%PDF-1.7\n", "\n\n", "\x1a", "\f", "\b" };
        struct up_node *node = up_edit_pick(edit, up_edit_has_body);

        if (node == NULL)
                return false;
        put_in(edit, node,
            up_rng_one_in(edit->rng, 2) ? UP_EDIT_ONE_OF(edit, marks)
                                        : up_edit_word(edit, up_text_marks));
        return true;
}

/* --- lengths ---------------------------------------------------------------------------------- */

bool up_tree_line_length(struct up_edit *edit)
{
        static const char fillings[] = "x. =>A\xc3\t-";
        struct up_node *node = up_edit_pick(edit, up_edit_has_body);

        if (node == NULL)
                return false;
        g_autoptr(GString) body = up_edit_copy(node->body);
        size_t end = up_rng_below(edit->rng, body->len + 1);
        while (end < body->len && body->str[end] != '\r' && body->str[end] != '\n')
                end++;
        size_t has = end - line_begin(body, end);
        size_t length = up_edit_length(edit, has + edit->room);
        if (length <= has)
                return false;
        g_autofree char *filling =
            g_strnfill(length - has, fillings[up_rng_below(edit->rng, sizeof fillings - 1)]);
        g_string_insert(body, (gssize)end, filling);
        up_node_set_body(node, g_steal_pointer(&body));
        return true;
}

/* At a length of some buffer, or at one of our limits. */
static size_t fill_length(struct up_edit *edit, size_t most, size_t rest_of_message)
{
        const struct up_limits *limits = &edit->policy->limits;

        switch (up_rng_below(edit->rng, 6)) {
        case 0:
                return up_edit_near(edit, limits->decoded_bytes, most);
        case 1:
                return up_edit_near(edit,
                    limits->message_bytes - MIN(limits->message_bytes, rest_of_message), most);
        default:
                return up_edit_length(edit, most);
        }
}

bool up_tree_body_fill(struct up_edit *edit)
{
        static const char *const fillings[] = { "x", "\n", "a line\n", "=\n", "\xc3\xbc", ".\n",
                "AAAA", " ", "> ", "--\n", "a ", "\r", "<b>", "%" };
        struct up_node *node = up_edit_pick(edit, up_edit_has_body);

        if (node == NULL)
                return false;
        size_t has = g_bytes_get_size(node->body);
        size_t rest = up_node_size(edit->root) - has;
        size_t length = fill_length(edit, has + edit->room, rest);
        g_autoptr(GString) filling = up_edit_text(UP_EDIT_ONE_OF(edit, fillings), node->line_end);
        GString *body = up_rng_one_in(edit->rng, 2) ? up_edit_copy(node->body) : g_string_new(NULL);
        while (body->len < length)
                g_string_append_len(body, filling->str, (gssize)filling->len);
        g_string_truncate(body, length);
        up_node_set_body(node, body);
        return true;
}

bool up_tree_body_cut(struct up_edit *edit)
{
        struct up_node *node = up_edit_pick(edit, up_edit_has_body);

        if (node == NULL)
                return false;
        GString *body = up_edit_copy(node->body);
        size_t begin = up_rng_below(edit->rng, body->len);
        size_t bytes = body->len - begin;
        if (up_rng_one_in(edit->rng, 8)) {
                begin = 0;
                bytes = body->len;
        } else if (!up_rng_one_in(edit->rng, 3)) {
                bytes = 1 + up_rng_below(edit->rng, MIN(bytes, 100));
        }
        g_string_erase(body, (gssize)begin, (gssize)bytes);
        up_node_set_body(node, body);
        return true;
}

/* --- line ends -------------------------------------------------------------------------------- */

/* Puts @by in place of the line ends of @text, of one in @times of them. */
static GString *with_line_ends(
    struct up_edit *edit, const GString *text, const char *by, unsigned times)
{
        GString *out = g_string_sized_new(text->len);

        for (size_t i = 0; i < text->len; i++) {
                size_t bytes = text->str[i] == '\r' && text->str[i + 1] == '\n' ? 2 : 1;
                if (text->str[i + bytes - 1] == '\n' && up_rng_one_in(edit->rng, times))
                        g_string_append(out, by);
                else
                        g_string_append_len(out, text->str + i, (gssize)bytes);
                i += bytes - 1;
        }
        return out;
}

bool up_tree_line_ends(struct up_edit *edit)
{
        static const char *const ends[] = { "\n", "\n", "\r\n", "\r\n", "\r", "\r\r\n", "\n\r", "",
                " \n", " \t\r\n", "\xe2\x80\xa8", "\v\n" };
        static const unsigned times[] = { 1, 1, 2, 20 };
        bool whole = up_rng_one_in(edit->rng, 2);
        struct up_node *node = up_edit_pick(edit, whole ? NULL : up_edit_has_body);
        const char *by = UP_EDIT_ONE_OF(edit, ends);

        if (node == NULL)
                return false;
        g_autoptr(GBytes) bytes = whole ? up_node_bytes(node) : g_bytes_ref(node->body);
        g_autoptr(GString) text = up_edit_copy(bytes);
        GString *changed = with_line_ends(edit, text, by, UP_EDIT_ONE_OF(edit, times));
        g_autoptr(GBytes) other = g_string_free_to_bytes(changed);
        if (whole)
                up_node_become(node, other);
        else
                up_node_set_body(node, up_edit_copy(other));
        return true;
}

bool up_tree_gap_change(struct up_edit *edit)
{
        static const char *const gaps[] = { "", "\n\n", " \n", "\t\n", "\r\n", "\n", "\r\r\n", "\r",
                "--\n", "\n \n", "X\n\n", ":\n\n" };
        struct up_node *node = up_edit_pick(edit, NULL);
        GString *gap = up_edit_text(
            UP_EDIT_ONE_OF(edit, gaps), up_rng_one_in(edit->rng, 4) ? "\n" : node->line_end);

        g_bytes_unref(node->gap);
        node->gap = g_string_free_to_bytes(gap);
        return true;
}
