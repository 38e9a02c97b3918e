/*
 * tree_fields - operators on header fields, their parameters and their words
 *
 * A field is cut only at what mail readers cut it at: the colon, semicolons outside quotes and
 * comments, line ends. What lies between is moved and copied as it is.
 */
#include "mutate/tree_edit.h"

#include <string.h>

#include "mail/charset.h"
#include "mail/header.h"
#include "mail/words.h"

#define FORM_VALUES 14

/* Values of each form: usual ones, and such as readers have stumbled over. */
static const char *const form_values[UP_FORMS][FORM_VALUES] = {
        [UP_FORM_TEXT] = { "", " ", "=?utf-8?q?=?=",
            "=?utf-8?b?4pyT?= =?iso-2022-jp?b?GyRCJCIbKEI=?=", "Re: Fwd: [list] \xff\xfe",
            "a\xe2\x80\xaegpj.exe", "a\tb  c ", ":", "a\rb" },
        [UP_FORM_DATE] = { "Thu, 1 Jan 1970 00:00:00 +0000", "31 Dec 9999 23:59:60 -9999",
            "Mon, 29 Feb 2023 25:61:61 EST", "Fri, 1 Jan 38 1:1 (c(o)mment) Z", "0",
            "99999999999999999999", "1 Jan -1 00:00 +2460", "", "Jan", "Tue, 19 Jan 2038 03:14:08",
            "1 Jan 2026 00:00:00 +99999999999" },
        [UP_FORM_MESSAGE_ID] = { "<a@example.com>", "<>", "<a@b@c>", "a@example.com",
            "<\"q\\\"\"@[127.0.0.1]>", "<a@example.com", "<a b@c>", "", "<@>", "<a@(c)b>" },
        [UP_FORM_REFERENCES] = { "<a@example.com> <b@example.com>",
            "<a@example.com><b@example.com>", "text <a@b> (c)", "<<a@b>>", ",", "<a@b", "" },
        [UP_FORM_ADDRESSES] = { "a@example.com", "", "<>", "undisclosed-recipients:;",
            "G: a@example.com, H: b@example.com;;", "\"q\\\"q\" (c (d)) <a@example.com>",
            "<@a,@b:c@example.com>", "a@[IPv6:::1]",
            "=?utf-8?q?=C3=BC?= <\xc3\xbc@ex\xc3\xa4mple.com>", "a@xn--exmple-cua.com, ,,b@",
            "a.@.b", "\"unclosed <a@b>", "a@b (unclosed", "::;:" },
        [UP_FORM_PARAMETERS] = { "v=1; a=rsa-sha256; d=example.com; s=s; bh=; b=", ";;;",
            "i=1; a=b=c", "List <list.example.com>", "=;=", "" },
        [UP_FORM_CONTENT_TYPE] = { "text/plain", "text", "/", "text/plain; charset", "text / plain",
            "multipart/mixed; boundary=", "multipart/mixed; boundary=\"\"",
            "text/plain; charset=utf-8; charset=utf-16",
            "TEXT/PLAIN (c); (c) Charset = (c) \"us\\-ascii\" (c)",
            "multipart/signed; protocol=\"application/pkcs7-signature\"; boundary=s", "*/*",
            "application/pkcs7-mime; smime-type=signed-data; name=smime.p7m", "", ";" },
        [UP_FORM_DISPOSITION] = { "attachment", "inline; filename=\"a\\\"b\"",
            "attachment; filename*=utf-8''%e2%82%ac; filename=\"=?utf-8?q?e?=\"",
            "attachment; size=-1; size=99999999999999999999", "; filename=a",
            "attachment; filename=../../a", "form-data; name=a", "attachment; filename", "" },
        [UP_FORM_ENCODING] = { "7bit", "8bit", "binary", "base64", "quoted-printable", "x-uuencode",
            "base64 (c)", "BASE64;", "x-unknown", "", "quoted-printable, base64", "\"base64\"" },
        [UP_FORM_AUTOCRYPT] = { "addr=a@example.com; prefer-encrypt=mutual; keydata=AAECAw==",
            "addr=a; keydata=", "prefer-encrypt=x", "addr=a; addr=b; _x=y; keydata=%%%", "" },
        [UP_FORM_OWN] = { "a@example.com", "=?utf-8?q?a?= <a@example.com>", "\"a, b\" <a@b>, c@d",
            "G:;", "0", "-1", "18446744073709551616", "Q2hlY2sgSW50ZWdyaXR5IQ==", "", "<" },
};

static const char *value_of_form(struct up_edit *edit, enum up_form form)
{
        size_t count = 0;

        while (count < FORM_VALUES && form_values[form][count] != NULL)
                count++;
        return form_values[form][up_rng_below(edit->rng, count)];
}

static size_t fields_of_form(enum up_form form)
{
        size_t count = 0;

        while (count < UP_FORM_FIELDS && up_fields[form][count] != NULL)
                count++;
        return count;
}

/* --- picking ---------------------------------------------------------------------------------- */

/* A field of a node. */
struct place {
        struct up_node *node;
        guint index;
};

static GBytes *field_at(const struct place *place)
{
        return g_ptr_array_index(place->node->fields, place->index);
}

/* Each field that passes has the same chance; false when there is none. */
static bool pick_field(struct up_edit *edit, bool (*test)(GBytes *field), struct place *ret_place)
{
        g_autoptr(GArray) places = g_array_new(FALSE, FALSE, sizeof(struct place));

        for (guint i = 0; i < edit->nodes->len; i++) {
                struct place place = { .node = g_ptr_array_index(edit->nodes, i) };
                for (; place.index < place.node->fields->len; place.index++)
                        if (test == NULL || test(field_at(&place)))
                                g_array_append_val(places, place);
        }
        if (places->len == 0)
                return false;
        *ret_place = g_array_index(places, struct place, up_rng_below(edit->rng, places->len));
        return true;
}

static bool has_value(GBytes *field)
{
        return up_field_value_at(field) > 0;
}

static bool is_content_type(GBytes *field)
{
        return up_field_is_named(field, "Content-Type");
}

static bool is_encoding(GBytes *field)
{
        return up_field_is_named(field, "Content-Transfer-Encoding");
}

/* Puts bytes in place of those from @begin to @end of the field. */
static void replace(const struct place *place, size_t begin, size_t end, const GString *by)
{
        GString *field = up_edit_copy(field_at(place));

        g_string_erase(field, (gssize)begin, (gssize)(end - begin));
        g_string_insert_len(field, (gssize)begin, by->str, (gssize)by->len);
        up_node_set_field(place->node, place->index, field);
}

static void replace_value(const struct place *place, const char *value)
{
        GBytes *field = field_at(place);
        g_autoptr(GString) by = g_string_new(" ");

        g_string_append(by, value);
        replace(place, up_field_value_at(field), up_field_value_end(field), by);
}

static void insert(const struct place *place, size_t at, const char *text)
{
        g_autoptr(GString) by = g_string_new(text);

        replace(place, at, at, by);
}

/* --- whole fields ----------------------------------------------------------------------------- */

static void insert_line(struct up_edit *edit, struct up_node *node, GString *line)
{
        up_node_insert_field(node, (guint)up_rng_below(edit->rng, node->fields->len + 1), line);
}

bool up_tree_field_add(struct up_edit *edit)
{
        struct up_node *node = up_edit_pick(edit, NULL);
        enum up_form form = (enum up_form)up_rng_below(edit->rng, UP_FORMS);
        size_t name = up_rng_below(edit->rng, fields_of_form(form));
        GString *line = g_string_new(NULL);

        g_string_append_printf(
            line, "%s: %s%s", up_fields[form][name], value_of_form(edit, form), node->line_end);
        insert_line(edit, node, line);
        return true;
}

bool up_tree_field_drop(struct up_edit *edit)
{
        struct place place;

        if (!pick_field(edit, NULL, &place))
                return false;
        up_node_remove_field(place.node, place.index);
        return true;
}

bool up_tree_field_duplicate(struct up_edit *edit)
{
        struct place place;

        if (!pick_field(edit, NULL, &place))
                return false;
        GString *line = up_edit_copy(field_at(&place));
        if (up_rng_one_in(edit->rng, 3) && has_value(field_at(&place)))
                for (size_t i = 0; line->str[i] != ':'; i++)
                        line->str[i] = g_ascii_toupper(line->str[i]);
        insert_line(edit, place.node, line);
        return true;
}

bool up_tree_field_move(struct up_edit *edit)
{
        struct place place;

        if (!pick_field(edit, NULL, &place) || place.node->fields->len < 2)
                return false;
        guint to = (guint)up_rng_below(edit->rng, place.node->fields->len - 1);
        up_node_move_field(place.node, place.index, to < place.index ? to : to + 1);
        return true;
}

/* The form of a known field, else text. */
static enum up_form form_of(GBytes *field)
{
        for (size_t form = 0; form < UP_FORMS; form++)
                for (size_t i = 0; i < fields_of_form((enum up_form)form); i++)
                        if (up_field_is_named(field, up_fields[form][i]))
                                return (enum up_form)form;
        return UP_FORM_TEXT;
}

bool up_tree_field_value(struct up_edit *edit)
{
        struct place place;

        if (!pick_field(edit, has_value, &place))
                return false;
        replace_value(&place, value_of_form(edit, form_of(field_at(&place))));
        return true;
}

/* Lengths are those of a whole line without its end, or of the name alone. */
bool up_tree_field_length(struct up_edit *edit)
{
        static const char fillings[] = "a, ;<(\"=\xc3";
        struct place place;

        if (!pick_field(edit, has_value, &place))
                return false;
        GBytes *field = field_at(&place);
        bool name = up_rng_one_in(edit->rng, 5);
        size_t at = name ? up_field_value_at(field) - 1 : up_field_value_end(field);
        const char *data = g_bytes_get_data(field, NULL);
        size_t begin = at;
        while (begin > 0 && data[begin - 1] != '\n')
                begin--;
        size_t length = up_edit_length(edit, at - begin + edit->room);
        if (up_rng_one_in(edit->rng, 8))
                length =
                    up_edit_near(edit, edit->policy->limits.header_bytes, at - begin + edit->room);
        if (length <= at - begin)
                return false;
        char filling = name ? 'n' : fillings[up_rng_below(edit->rng, sizeof fillings - 1)];
        g_autofree char *text = g_strnfill(length - (at - begin), filling);
        insert(&place, at, text);
        return true;
}

/* Every fold of the field goes. */
static void unfold(const struct place *place)
{
        GBytes *field = field_at(place);
        const char *data = g_bytes_get_data(field, NULL);
        size_t end = up_field_value_end(field);
        g_autoptr(GString) unfolded = g_string_new(NULL);

        for (size_t i = 0; i < end; i++)
                if (data[i] != '\r' && data[i] != '\n')
                        g_string_append_c(unfolded, data[i]);
        replace(place, 0, end, unfolded);
}

bool up_tree_field_fold(struct up_edit *edit)
{
        /* The last ones are no folds to some readers, and are to others. */
        static const char *const folds[] = { "\n ", "\n\t", "\n  \n ", "\n \n \n ", "\n", "\r\n ",
                "\r ", "\n\v", "\n\xc2\xa0", "\n\r\n " };
        struct place place;

        if (!pick_field(edit, has_value, &place))
                return false;
        GBytes *field = field_at(&place);
        size_t begin = up_field_value_at(field);
        size_t end = up_field_value_end(field);
        if (up_rng_one_in(edit->rng, 4)) {
                unfold(&place);
                return true;
        }
        g_autoptr(GString) fold = up_edit_text(UP_EDIT_ONE_OF(edit, folds), place.node->line_end);
        size_t at = begin + up_rng_below(edit->rng, end - begin + 1);
        const char *data = g_bytes_get_data(field, NULL);
        if (up_rng_one_in(edit->rng, 2))
                while (at > begin && data[at - 1] != ' ' && data[at - 1] != ';')
                        at--;
        replace(&place, at, at, fold);
        return true;
}

bool up_tree_field_break(struct up_edit *edit)
{
        static const char *const lines[] = { "no colon\n", ": no name\n", " begins with a blank\n",
                "Subject : blank before the colon\n",
                "From a@example.com Thu Jan  1 00:00:00 1970\n", ">From a@example.com\n",
                "X-\xc3\xbc: 8bit name\n", "Two Words: a\n", "X:\n", "X\n", "Content-Type\n",
                "\t\n", "X: a\r", "X: a\r\r\n", "X: a\vb\f\n", "Content-Type:\n",
                "MIME-Version: 2.0\n", "MIME-Version: 1.0 (c)\n", "--b\n", ".\n", "X: \x1b$B\n" };
        struct up_node *node = up_edit_pick(edit, NULL);
        GString *line = up_edit_text(UP_EDIT_ONE_OF(edit, lines), node->line_end);

        if (up_rng_one_in(edit->rng, 8))
                line->str[up_rng_below(edit->rng, line->len)] = '\0';
        insert_line(edit, node, line);
        return true;
}

bool up_tree_field_hops(struct up_edit *edit)
{
        const char *line_end = edit->root->line_end;
        GString *line = g_string_new("Received: from a by b; Thu, 1 Jan 2026 00:00:00 +0000");

        g_string_append(line, line_end);
        g_autofree char *text = g_string_free(line, FALSE);
        size_t hops =
            up_edit_near(edit, (uint64_t)edit->policy->max_hops, edit->room / strlen(text));
        for (size_t i = 0; i < hops; i++)
                up_node_insert_field(edit->root, 0, g_string_new(text));
        return hops > 0;
}

/* --- encoded words (RFC 2047) ----------------------------------------------------------------- */

/* %c is a charset, %t a text in the encoding that is named, ' ' ends a word. */
static const char *const word_shapes[] = { "=?%c?q?%t?=", "=?%c?b?%t?=", "=?%c?Q?%t?= =?%c?B?%t?=",
        "=?%c?q?%t", "=?%c?q?", "=?%c", "=?%c?x?%t?=", "=?%c*en?q?%t?=", "=??q?%t?=", "=?%c??%t?=",
        "=?%c?q?%t?==?%c?q?%t?=", "\"=?%c?q?%t?=\"", "(=?%c?b?%t?=)", "=?%c?b?%t===?=",
        "=?%c?q?=?=", "=?%c?q?a b?=", "=?=?%c?q?%t?=?=", "=?%c?b?\xff?=", "=?%c?q?%t? =" };

static const char *const q_texts[] = { "", "a", "a_b", "=C3=BC", "=c3", "=", "=4", "=GG", "=00",
        "=0D=0AX:_y", "=1B$B$=22=1B(B", "+ADwAPg-", "=80=FF", "=E2=80=AE", "?", "=3D=3Fq=3F" };
static const char *const b_texts[] = { "", "YQ==", "YQ", "Y", "w7w=", "wg==", "AA==", "DQpYOiB5",
        "GyRCJCIbKEI=", "K0FEdy0=", "/////w==", "=", "YQ==YQ==", "Y!Q=", "4oCu" };

static GString *new_word(struct up_edit *edit)
{
        GString *word = g_string_new(NULL);
        bool base64 = false;

        for (const char *at = UP_EDIT_ONE_OF(edit, word_shapes); *at != '\0'; at++) {
                if (*at == '?' && g_ascii_tolower(at[1]) == 'b' && at[2] == '?')
                        base64 = true;
                if (*at != '%')
                        g_string_append_c(word, *at);
                else if (*++at == 'c')
                        g_string_append(word, up_edit_word(edit, up_charsets));
                else
                        g_string_append(word,
                            base64 ? UP_EDIT_ONE_OF(edit, b_texts) : UP_EDIT_ONE_OF(edit, q_texts));
        }
        return word;
}

bool up_tree_field_word(struct up_edit *edit)
{
        struct place place;

        if (!pick_field(edit, has_value, &place))
                return false;
        GBytes *field = field_at(&place);
        size_t begin = up_field_value_at(field);
        size_t end = up_field_value_end(field);
        g_autoptr(GString) word = new_word(edit);
        size_t at = begin + up_rng_below(edit->rng, end - begin + 1);
        if (!up_rng_one_in(edit->rng, 4)) {
                g_string_prepend_c(word, ' ');
                g_string_append_c(word, ' ');
        }
        replace(&place, up_rng_one_in(edit->rng, 3) ? begin : at, at, word);
        return true;
}

/* --- parameters (RFC 2045, 2231) -------------------------------------------------------------- */

/* Offsets into a field: from its semicolon to before the next one, or the value's end. */
struct parameter {
        size_t begin; /* of the semicolon */
        size_t name;
        size_t name_end;
        size_t value; /* after the equals sign; the end when there is none */
        size_t end;   /* without the blanks and line ends before the next semicolon */
};

static bool is_blank(char c)
{
        return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The parameters of a field, in order: an array of struct parameter. */
static GArray *parameters_of(GBytes *field)
{
        GArray *parameters = g_array_new(FALSE, FALSE, sizeof(struct parameter));
        const char *data = g_bytes_get_data(field, NULL);
        size_t end = up_field_value_end(field);
        size_t at = up_field_semicolon(data, up_field_value_at(field), end);

        while (at < end) {
                struct parameter parameter = { .begin = at, .name = at + 1 };
                size_t next = up_field_semicolon(data, at + 1, end);
                while (parameter.name < next && is_blank(data[parameter.name]))
                        parameter.name++;
                parameter.end = next;
                while (parameter.end > parameter.name && is_blank(data[parameter.end - 1]))
                        parameter.end--;
                const char *equals =
                    memchr(data + parameter.name, '=', parameter.end - parameter.name);
                parameter.name_end = equals != NULL ? (size_t)(equals - data) : parameter.end;
                parameter.value = equals != NULL ? parameter.name_end + 1 : parameter.end;
                g_array_append_val(parameters, parameter);
                at = next;
        }
        return parameters;
}

/* Any field with a semicolon, whatever its name. */
static bool has_parameters(GBytes *field)
{
        const char *data = g_bytes_get_data(field, NULL);
        size_t at = up_field_value_at(field);
        size_t end = up_field_value_end(field);

        return at > 0 && up_field_semicolon(data, at, end) < end;
}

static bool takes_parameters(GBytes *field)
{
        enum up_form form = form_of(field);

        return form == UP_FORM_CONTENT_TYPE || form == UP_FORM_DISPOSITION ||
               form == UP_FORM_PARAMETERS || form == UP_FORM_AUTOCRYPT;
}

static bool pick_parameter(
    struct up_edit *edit, struct place *ret_place, struct parameter *ret_parameter)
{
        if (!pick_field(edit, has_parameters, ret_place))
                return false;
        g_autoptr(GArray) parameters = parameters_of(field_at(ret_place));
        *ret_parameter =
            g_array_index(parameters, struct parameter, up_rng_below(edit->rng, parameters->len));
        return true;
}

static char *piece_text(const struct place *place, size_t begin, size_t end)
{
        const char *data = g_bytes_get_data(field_at(place), NULL);

        return g_strndup(data + begin, end - begin);
}

/* The value without its quotes. A NUL ends it, for us as for any reader. */
static char *plain_value(const struct place *place, const struct parameter *parameter)
{
        g_autofree char *raw = piece_text(place, parameter->value, parameter->end);
        g_strstrip(raw);
        if (raw[0] != '"')
                return g_steal_pointer(&raw);
        GString *plain = g_string_new(NULL);
        for (const char *at = raw + 1; *at != '\0' && *at != '"'; at++) {
                if (at[0] == '\\' && at[1] != '\0')
                        at++;
                g_string_append_c(plain, *at);
        }
        return g_string_free(plain, FALSE);
}

bool up_edit_set_parameter(
    struct up_node *node, const char *field, const char *parameter, const char *written)
{
        int index = up_node_find_field(node, field);

        if (index < 0)
                return false;
        GBytes *bytes = g_ptr_array_index(node->fields, (guint)index);
        const char *data = g_bytes_get_data(bytes, NULL);
        g_autoptr(GArray) parameters = parameters_of(bytes);
        for (guint i = 0; i < parameters->len; i++) {
                const struct parameter *old = &g_array_index(parameters, struct parameter, i);
                size_t name_bytes = strlen(parameter);
                if (old->end - old->name < name_bytes ||
                    g_ascii_strncasecmp(data + old->name, parameter, name_bytes) != 0 ||
                    (old->name_end > old->name + name_bytes &&
                        !is_blank(data[old->name + name_bytes])))
                        continue;
                GString *out = up_edit_copy(bytes);
                g_string_erase(out, (gssize)old->name, (gssize)(old->end - old->name));
                g_string_insert(out, (gssize)old->name, written);
                up_node_set_field(node, (guint)index, out);
                return true;
        }
        return false;
}

/* Values of parameters by name: what is looked at, and what is odd. */
static const struct {
        const char *name;
        const char *values[8];
} parameter_values[] = {
        { "boundary", { "b", "\"\"", "\"b \"", "=_b", "\"a\\\"b\"" } },
        { "name", { "smime.p7m", "smime.p7s", "smime.p7c", "winmail.dat", "\"=?utf-8?q?=C3=BC?=\"",
                      "a.exe", "\"a.txt\\0.exe\"" } },
        { "filename",
            { "smime.p7m", "smime.p7s", "smime.p7z", "\"../a\"", "\"\xc3\xbc\"", "\"a" } },
        { "format", { "flowed", "fixed", "x" } },
        { "delsp", { "yes", "no", "x" } },
        { "protocol",
            { "\"application/pkcs7-signature\"", "\"application/x-pkcs7-signature\"",
                "\"application/pgp-signature\"", "application/pkcs7-signature", "\"\"" } },
        { "micalg", { "sha-256", "sha256", "sha1", "md5", "sha-384,sha-512", "unknown", "\"\"" } },
        { "number", { "1", "0", "-1", "99999999999999999999", "x" } },
        { "total", { "1", "2", "0", "-1", "4294967297" } },
        { "size", { "0", "-1", "99999999999999999999", "x" } },
        { "access-type", { "anon-ftp", "local-file", "URL; URL=\"http://example.com/\"" } },
        { "report-type", { "delivery-status", "disposition-notification", "x" } },
        { "type", { "\"text/html\"", "text/html", "\"/\"" } },
        { "creation-date", { "\"Thu, 1 Jan 1970 00:00:00 +0000\"", "0", "\"\"" } },
};

static const char *value_for(struct up_edit *edit, const char *name)
{
        static const char *const values[] = { "", "a", "\"\"", "\"a b\"", "\"\\", "a=b", "''",
                "%41", "(c)a", "\xff", "=?utf-8?q?a?=", "<a@example.com>" };

        if (strcmp(name, "charset") == 0)
                return up_edit_word(edit, up_charsets);
        if (strcmp(name, "smime-type") == 0)
                return up_edit_word(edit, up_smime_types);
        for (size_t i = 0; i < G_N_ELEMENTS(parameter_values); i++)
                if (strcmp(name, parameter_values[i].name) == 0 && !up_rng_one_in(edit->rng, 4))
                        return up_edit_word(edit, parameter_values[i].values);
        return UP_EDIT_ONE_OF(edit, values);
}

bool up_tree_parameter_add(struct up_edit *edit)
{
        static const char *const shapes[] = { "; ", ";", ";\n ", ";\n\t", ";;", "; ;", " " };
        struct place place;

        if (!pick_field(edit, takes_parameters, &place))
                return false;
        GBytes *field = field_at(&place);
        const char *name = up_edit_word(edit,
            form_of(field) == UP_FORM_DISPOSITION ? up_disposition_parameters : up_type_parameters);
        g_autoptr(GString) text = up_edit_text(UP_EDIT_ONE_OF(edit, shapes), place.node->line_end);
        g_string_append_printf(text, "%s=%s", name, value_for(edit, name));
        size_t at = up_field_value_end(field);
        if (up_rng_one_in(edit->rng, 2))
                at =
                    up_field_semicolon(g_bytes_get_data(field, NULL), up_field_value_at(field), at);
        replace(&place, at, at, text);
        return true;
}

bool up_tree_parameter_drop(struct up_edit *edit)
{
        struct place place;
        struct parameter parameter;
        g_autoptr(GString) nothing = g_string_new(NULL);

        if (!pick_parameter(edit, &place, &parameter))
                return false;
        replace(&place, parameter.begin, parameter.end, nothing);
        return true;
}

bool up_tree_parameter_duplicate(struct up_edit *edit)
{
        struct place place;
        struct parameter parameter;

        if (!pick_parameter(edit, &place, &parameter))
                return false;
        g_autofree char *name = piece_text(&place, parameter.name, parameter.name_end);
        g_autofree char *lower = g_ascii_strdown(name, -1);
        g_autoptr(GString) text = g_string_new(NULL);
        g_string_append_printf(text, "; %s=%s", name, value_for(edit, lower));
        bool before = up_rng_one_in(edit->rng, 2);
        size_t at = before ? parameter.begin : parameter.end;
        replace(&place, at, at, text);
        return true;
}

bool up_tree_parameter_quote(struct up_edit *edit)
{
        /* %n is the name, %v the value without quotes. */
        static const char *const shapes[] = { "%n=\"%v\"", "%n=%v", "%n = %v", "%n=\"%v", "%n=%v\"",
                "%n=(c)%v(c)", "%n=(c(d)%v", "%n(c)=\"%v\"", "%n=\"\\%v\"", "%n='%v'",
                "%n=\"%v\" x", "%n=%v=%v", "%n=\"%v\"\"%v\"", "%n", "=%v", "%n==%v", "%n=\"%v\\",
                "%n=\"%v\\\"", "%n=<%v>" };
        struct place place;
        struct parameter parameter;

        if (!pick_parameter(edit, &place, &parameter))
                return false;
        g_autofree char *name = piece_text(&place, parameter.name, parameter.name_end);
        g_autofree char *value = plain_value(&place, &parameter);
        g_autoptr(GString) text = g_string_new(NULL);
        for (const char *at = UP_EDIT_ONE_OF(edit, shapes); *at != '\0'; at++) {
                if (*at != '%')
                        g_string_append_c(text, *at);
                else
                        g_string_append(text, *++at == 'n' ? name : value);
        }
        replace(&place, parameter.name, parameter.end, text);
        return true;
}

/* Every byte that is no letter or digit as %XX; now and then all, and now and then a broken one. */
static void append_percent(struct up_edit *edit, GString *out, const char *text, size_t bytes)
{
        bool all = up_rng_one_in(edit->rng, 3);

        for (size_t i = 0; i < bytes; i++) {
                if (all || !g_ascii_isalnum(text[i]))
                        g_string_append_printf(out, "%%%02x", (unsigned char)text[i]);
                else
                        g_string_append_c(out, text[i]);
        }
        if (up_rng_one_in(edit->rng, 6))
                g_string_append(out, up_rng_one_in(edit->rng, 2) ? "%" : "%g0");
}

/* The value in one piece: name*=charset'language'text. */
static void append_extended(struct up_edit *edit, GString *out, const char *name, const char *value)
{
        static const char *const shapes[] = { "'", "'en", "", "''", "'a'b" };
        const char *shape = UP_EDIT_ONE_OF(edit, shapes);

        g_string_append_printf(out, "%s*=%s%s'", name, up_edit_word(edit, up_charsets), shape);
        append_percent(edit, out, value, strlen(value));
}

/* The value in pieces: name*0=a; name*1=b; numbered as it should be, or not. */
static void append_continued(
    struct up_edit *edit, GString *out, const char *name, const char *value)
{
        enum { IN_ORDER, REVERSED, ALL_ZERO, GAPS, LEADING_ZEROS, HUGE_NUMBERS, NUMBERINGS };
        size_t numbering = up_rng_below(edit->rng, NUMBERINGS);
        bool extended = up_rng_one_in(edit->rng, 2);
        size_t bytes = strlen(value);
        size_t pieces = 2 + up_rng_below(edit->rng, up_rng_one_in(edit->rng, 8) ? 40 : 3);

        pieces = MIN(pieces, 1 + edit->room / (strlen(name) + 16));

        for (size_t i = 0; i < pieces; i++) {
                const size_t numbers[] = { i, pieces - 1 - i, 0, 2 * i, i, SIZE_MAX - i };
                const char *zeros = numbering == LEADING_ZEROS ? "00" : "";
                size_t begin = bytes * i / pieces;
                size_t end = bytes * (i + 1) / pieces;
                g_string_append_printf(out, "%s%s*%s%zu%s=%s", i > 0 ? "; " : "", name, zeros,
                    numbers[numbering], extended ? "*" : "", extended && i == 0 ? "utf-8''" : "");
                if (extended)
                        append_percent(edit, out, value + begin, end - begin);
                else
                        g_string_append_printf(out, "\"%.*s\"", (int)(end - begin), value + begin);
        }
}

bool up_tree_parameter_encode(struct up_edit *edit)
{
        struct place place;
        struct parameter parameter;

        if (!pick_parameter(edit, &place, &parameter))
                return false;
        g_autofree char *name = piece_text(&place, parameter.name, parameter.name_end);
        g_autofree char *value = plain_value(&place, &parameter);
        g_autoptr(GString) text = g_string_new(NULL);
        if (up_rng_one_in(edit->rng, 2))
                append_extended(edit, text, name, value);
        else
                append_continued(edit, text, name, value);
        /* The plain one stays beside it at times: readers differ in which of them they take. */
        if (up_rng_one_in(edit->rng, 4))
                g_string_append_printf(text, "; %s=\"%s\"", name, value);
        replace(&place, parameter.name, parameter.end, text);
        return true;
}

bool up_tree_parameter_length(struct up_edit *edit)
{
        struct place place;
        struct parameter parameter;

        if (!pick_parameter(edit, &place, &parameter) || edit->room == 0)
                return false;
        bool name = up_rng_one_in(edit->rng, 2);
        size_t begin = name ? parameter.name : parameter.value;
        size_t end = name ? parameter.name_end : parameter.end;
        g_autoptr(GString) text = g_string_new(NULL);
        g_autofree char *filling =
            g_strnfill(up_edit_length(edit, edit->room), up_rng_one_in(edit->rng, 4) ? '%' : 'p');
        g_string_append(text, filling);
        replace(&place, begin, end, text);
        return true;
}

/* --- what the content says of itself ---------------------------------------------------------- */

bool up_tree_type_change(struct up_edit *edit)
{
        struct place place;
        const char *type = up_edit_word(edit, up_media_types);

        if (!pick_field(edit, is_content_type, &place)) {
                struct up_node *node = up_edit_pick(edit, NULL);
                GString *line = g_string_new(NULL);
                g_string_append_printf(line, "Content-Type: %s%s", type, node->line_end);
                insert_line(edit, node, line);
                return true;
        }
        GBytes *field = field_at(&place);
        size_t end = up_field_semicolon(
            g_bytes_get_data(field, NULL), up_field_value_at(field), up_field_value_end(field));
        g_autoptr(GString) value = g_string_new(" ");
        g_string_append(value, type);
        replace(&place, up_field_value_at(field), end, value);
        return true;
}

bool up_tree_charset_declare(struct up_edit *edit)
{
        static const char *const odd[] = { "\"\"", "unknown-8bit", "x-unknown", "utf-8//TRANSLIT",
                "UTF-8;", "iso-8859-1 (c)", "\"utf-8", "utf\xff", "utf-8*en", "0" };
        struct place place;

        if (!pick_field(edit, is_content_type, &place))
                return false;
        const char *charset = up_rng_one_in(edit->rng, 4) ? UP_EDIT_ONE_OF(edit, odd)
                                                          : up_edit_word(edit, up_charsets);
        g_autofree char *written = g_strconcat("charset=", charset, NULL);
        g_autofree char *added = g_strconcat("; ", written, NULL);
        if (!up_edit_set_parameter(place.node, "Content-Type", "charset", written))
                insert(&place, up_field_value_end(field_at(&place)), added);
        return true;
}

bool up_tree_encoding_declare(struct up_edit *edit)
{
        struct place place;
        const char *encoding = up_rng_one_in(edit->rng, 3) ? value_of_form(edit, UP_FORM_ENCODING)
                                                           : up_edit_word(edit, up_encodings);

        if (pick_field(edit, is_encoding, &place) && !up_rng_one_in(edit->rng, 4)) {
                replace_value(&place, encoding);
                return true;
        }
        struct up_node *node = up_edit_pick(edit, NULL);
        GString *line = g_string_new(NULL);
        g_string_append_printf(line, "Content-Transfer-Encoding: %s%s", encoding, node->line_end);
        insert_line(edit, node, line);
        return true;
}
