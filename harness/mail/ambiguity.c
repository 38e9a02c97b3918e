/*
 * ambiguity - the table, and three passes: over headers, over lines, over the bodies of leaves
 *
 * Fields are read by a strict grammar of their own here (RFC 2045 section 5.1, RFC 5322 section
 * 3.2), because a lenient reader does not say what it forgave. After a mistake the reader goes on
 * at the next semicolon.
 *
 * BUGS: a file in text (uuencode, yEnc, BinHex) is looked for in text without a transfer encoding
 * only.
 */
#include "mail/ambiguity.h"

#include <string.h>

#include "mail/header.h"

#define CHEN  "draft-chen-email-mime-ambiguity-defense"
#define TOOLS "MIME-tools"

#define LONGEST_LINE 998 /* RFC 5322 section 2.1.1 */

const struct up_ambiguity_row up_ambiguity_rows[UP_AMBIGUITY_COUNT] = {
        [UP_AMBIGUITY_REPEATED_TYPE] = { "repeated-content-type",
            "Content-Type stands twice: some readers take the first, some the last",
            "RFC 7103 7.5.1; " CHEN "; " TOOLS "; rspamd #1225" },
        [UP_AMBIGUITY_REPEATED_ENCODING] = { "repeated-transfer-encoding",
            "Content-Transfer-Encoding stands twice: some readers take the first, some the last",
            "RFC 7103 7.5.1; " CHEN "; " TOOLS },
        [UP_AMBIGUITY_REPEATED_DISPOSITION] = { "repeated-disposition",
            "Content-Disposition stands twice, maybe with two file names",
            "RFC 7103 7.5.1; RFC 2183 2; " CHEN "; " TOOLS },
        [UP_AMBIGUITY_REPEATED_PARAMETER] = { "repeated-parameter",
            "a parameter stands twice, or plain beside a continued or encoded one",
            "RFC 2045 5; RFC 2231 3; " CHEN "; " TOOLS },
        [UP_AMBIGUITY_BROKEN_EXTENSION] = { "broken-extension",
            "a parameter whose pieces are not numbered 0, 1, 2 and so on, or whose encoding is "
            "wrong",
            "RFC 2231 3, 4 and 7" },
        [UP_AMBIGUITY_TWO_NAMES] = { "two-names",
            "name and filename of one part end in different extensions", "RFC 2183 2.3; " CHEN },
        [UP_AMBIGUITY_MIME_VERSION] = { "mime-version",
            "MIME-Version stands twice or is not 1.0: some readers then read no MIME",
            "RFC 2045 4" },
        [UP_AMBIGUITY_MALFORMED_TYPE] = { "malformed-type",
            "Content-Type does not begin with a type, one slash and a subtype",
            "RFC 2045 5.1 and 5.2; RFC 7103 7.5.2; " CHEN },
        [UP_AMBIGUITY_MALFORMED_PARAMETER] = { "malformed-parameter",
            "what follows the type is not a semicolon, a name, an equals sign and a value",
            "RFC 2045 5.1; CVE-2026-116264 of " TOOLS },
        [UP_AMBIGUITY_UNQUOTED_VALUE] = { "unquoted-value",
            "a value with a blank or a special character in it is not quoted", "RFC 2045 5.1" },
        [UP_AMBIGUITY_COMMENT] = { "comment-in-value",
            "a comment stands where few readers expect one: in the type, among its parameters, "
            "beside a transfer encoding",
            "RFC 2045 5.1; RFC 5322 3.2.2; CVE-2026-116272 of " TOOLS },
        [UP_AMBIGUITY_ENCODED_WORD] = { "encoded-word",
            "an encoded word stands for a type, a boundary or a transfer encoding",
            "RFC 2047 5; " CHEN },
        [UP_AMBIGUITY_CONTROL_CHARACTER] = { "control-character",
            "a control character stands in a field of the structure", "RFC 2045 5.1" },
        [UP_AMBIGUITY_LONG_LINE] = { "long-header-line",
            "a line of a header is longer than 998 bytes: some readers cut it, or lose the part",
            "RFC 5322 2.1.1" },
        [UP_AMBIGUITY_LONG_BODY_LINE] = { "long-encoded-line",
            "a line of base64 or quoted-printable is longer than 998 bytes: relays and some "
            "readers "
            "cut it",
            "RFC 2045 6.7 and 6.8; RFC 5322 2.1.1; OpenSSL reads 1,000" },
        [UP_AMBIGUITY_NUL_IN_HEADER] = { "nul-in-header",
            "a NUL byte in a header ends the field or the header for some readers",
            "RFC 5322 4; RFC 7103 7.4" },
        [UP_AMBIGUITY_NUL_IN_BODY] = { "nul-in-body",
            "a NUL byte in a body that is not binary ends it or the line for some readers",
            "RFC 2045 2.7 and 2.8; RFC 7103 7.4" },
        [UP_AMBIGUITY_BARE_CR] = { "bare-cr-in-header",
            "a CR without LF in a header ends a line for some readers",
            "RFC 5322 2.2; RFC 7103 6" },
        [UP_AMBIGUITY_MIXED_LINE_ENDS] = { "mixed-line-ends",
            "lines that end in CRLF and in LF alone: in one header, or at a separator and before "
            "it",
            "RFC 5322 2.3; RFC 7103 6" },
        [UP_AMBIGUITY_NOT_A_FIELD] = { "not-a-field",
            "a line in a header is no field: some readers begin the body there",
            "RFC 5322 2.2; RFC 7103 7.3 and 7.7" },
        [UP_AMBIGUITY_BLANK_LINE_IN_HEADER] = { "blank-line-in-header",
            "a line of blanks in a header ends it for some readers and folds for others",
            "RFC 5322 4.2" },
        [UP_AMBIGUITY_BLANK_BEFORE_COLON] = { "blank-before-colon",
            "blanks before a colon: some readers do not know the field then, or begin the body "
            "there",
            "RFC 5322 4.5; RFC 7103 7.1.3; pazz/alot #1459" },
        [UP_AMBIGUITY_FIELDS_IN_BODY] = { "fields-in-body",
            "the header has no Content- field, and the body begins with one",
            "RFC 2046 5.1; RFC 7103 7.7" },
        [UP_AMBIGUITY_BOUNDARY_MISSING] = { "boundary-missing",
            "a multipart has no boundary: some readers guess one from the body",
            "RFC 2046 5.1; " CHEN "; " TOOLS },
        [UP_AMBIGUITY_BOUNDARY_EMPTY] = { "boundary-empty", "a boundary is empty",
            "RFC 2046 5.1.1; " CHEN },
        [UP_AMBIGUITY_BOUNDARY_LONG] = { "boundary-long", "a boundary is longer than 70 characters",
            "RFC 2046 5.1.1; " CHEN },
        [UP_AMBIGUITY_BOUNDARY_BLANK] = { "boundary-blank",
            "a boundary begins or ends in a blank, which some readers remove", "RFC 2046 5.1.1" },
        [UP_AMBIGUITY_BOUNDARY_CHARACTER] = { "boundary-character",
            "a boundary holds a character that none may hold", "RFC 2046 5.1.1; " CHEN },
        [UP_AMBIGUITY_BOUNDARY_ENCODED] = { "boundary-encoded",
            "a boundary is percent-encoded, which some readers do not decode",
            "RFC 2231 4; " TOOLS " 5.518; CVE-2026-116266" },
        [UP_AMBIGUITY_BOUNDARY_PREFIX] = { "boundary-prefix",
            "a separator begins with the boundary of another open multipart, too",
            "RFC 2046 5.1.1 and 5.1.2" },
        [UP_AMBIGUITY_BOUNDARY_OF_LEAF] = { "boundary-of-leaf",
            "a part that is no multipart has a boundary, and the separator is in its body",
            "RFC 2046 5.1; " CHEN },
        [UP_AMBIGUITY_PADDED_SEPARATOR] = { "padded-separator",
            "a separator ends in blanks, which are not to be generated, and not all readers skip",
            "RFC 2046 5.1.1" },
        [UP_AMBIGUITY_ODD_SEPARATOR] = { "odd-separator",
            "a line that some readers take for a separator: more follows the boundary, or blanks "
            "or a CR precede it",
            "RFC 2046 5.1.1; " CHEN },
        [UP_AMBIGUITY_NO_SEPARATOR] = { "no-separator",
            "no separator of its boundary begins a part of a multipart", "RFC 2046 5.1.1; " CHEN },
        [UP_AMBIGUITY_UNCLOSED] = { "unclosed-multipart",
            "a multipart has no closing line: some readers drop the last part", "RFC 2046 5.1.1" },
        [UP_AMBIGUITY_PART_IN_PREAMBLE] = { "part-in-preamble",
            "what looks like a part stands before the first separator", "RFC 2046 5.1.1; " CHEN },
        [UP_AMBIGUITY_PART_IN_EPILOGUE] = { "part-in-epilogue",
            "what looks like a part follows the closing line", "RFC 2046 5.1.1; " CHEN },
        [UP_AMBIGUITY_UNKNOWN_ENCODING] = { "unknown-encoding",
            "a transfer encoding that is none of the five: some readers decode, some do not",
            "RFC 2045 6.1 and 6.4; RFC 7103 7.5.2; " CHEN },
        [UP_AMBIGUITY_ENCODED_COMPOSITE] = { "encoded-composite",
            "a multipart or a message/rfc822 is encoded: some readers decode it, some do not",
            "RFC 2045 6.4; RFC 2046 5.2.1" },
        [UP_AMBIGUITY_BASE64_STRAY] = { "base64-stray",
            "a character that is not base64: some readers skip it, some stop",
            "RFC 2045 6.8; RFC 4648 12; " CHEN },
        [UP_AMBIGUITY_BASE64_AFTER_PADDING] = { "base64-after-padding",
            "base64 goes on after its padding: some readers stop there",
            "RFC 2045 6.8; " CHEN "; gmime #150" },
        [UP_AMBIGUITY_BASE64_INCOMPLETE] = { "base64-incomplete",
            "base64 ends within a group of four: some readers drop it",
            "RFC 2045 6.8; RFC 4648 3.2; " CHEN },
        [UP_AMBIGUITY_QP_ESCAPE] = { "quoted-printable-escape",
            "an equals sign without two hexadecimal digits or a line end after it",
            "RFC 2045 6.7" },
        [UP_AMBIGUITY_QP_STRAY] = { "quoted-printable-stray",
            "a byte that quoted-printable may not hold", "RFC 2045 6.7" },
        [UP_AMBIGUITY_DEEP] = { "deep-nesting",
            "parts lie deeper inside each other than some readers go",
            "ClamAV MaxRecursion; Postfix mime_nesting_limit; " CHEN },
        [UP_AMBIGUITY_PARTIAL] = { "partial-message",
            "a fragment of a message, which some readers put together", "RFC 2046 5.2.2 and 7" },
        [UP_AMBIGUITY_EXTERNAL_BODY] = { "external-body",
            "the content is elsewhere, and some readers fetch it", "RFC 2046 5.2.3 and 7" },
        [UP_AMBIGUITY_FILE_IN_TEXT] = { "file-in-text",
            "a file in text by uuencode, yEnc or BinHex, which some readers show as an attachment",
            "RFC 2045 6.3; CVE-2005-3500 of ClamAV" },
};

struct search {
        const char *data;
        size_t size;
        const GPtrArray *entities;
        int entity; /* in which it looks */
        struct up_ambiguities *found;
        bool seen[UP_AMBIGUITY_COUNT];
};

static void hit(struct search *search, enum up_ambiguity row, size_t offset)
{
        if (search->seen[row])
                return;
        search->seen[row] = true;
        search->found->hits[row] =
            (struct up_ambiguity_hit){ .row = row, .offset = offset, .entity = search->entity };
}

static const struct up_entity *entity_at(const struct search *search, int index)
{
        return g_ptr_array_index(search->entities, (guint)index);
}

static bool is_blank(char c)
{
        return c == ' ' || c == '\t';
}

static bool is_control(char c)
{
        return (c >= 0 && c < ' ' && c != '\t' && c != '\r' && c != '\n') || c == 0x7f;
}

/* --- the value of a field --------------------------------------------------------------------- */

/* RFC 2045 section 5.1: a token is printable ASCII without these. */
static bool is_token_character(char c)
{
        return c > ' ' && c < 0x7f && strchr("()<>@,;:\\\"/[]?=", c) == NULL;
}

static struct up_slice token_at(const char *data, size_t at, size_t end)
{
        struct up_slice token = { at, at };

        while (token.end < end && is_token_character(data[token.end]))
                token.end++;
        return token;
}

static bool is_empty(struct up_slice slice)
{
        return slice.begin == slice.end;
}

static bool is_text(const char *data, struct up_slice slice, const char *text)
{
        return slice.end - slice.begin == strlen(text) &&
               g_ascii_strncasecmp(data + slice.begin, text, slice.end - slice.begin) == 0;
}

/* After the blanks, line ends and comments at @at; an unclosed comment ends with the value. */
static size_t skip_comments(const char *data, size_t at, size_t end, bool *ret_comment)
{
        unsigned depth = 0;

        for (; at < end; at++) {
                if (data[at] == '(') {
                        depth++;
                        *ret_comment = true;
                } else if (depth == 0) {
                        if (!g_ascii_isspace(data[at]))
                                break;
                } else if (data[at] == ')') {
                        depth--;
                } else if (data[at] == '\\' && at + 1 < end) {
                        at++;
                }
        }
        return at;
}

/* Behind the closing quote of the string whose opening quote is at @at; 0: it has none. */
static size_t skip_quoted(const char *data, size_t at, size_t end)
{
        for (at++; at < end; at++) {
                if (data[at] == '\\')
                        at++;
                else if (data[at] == '"')
                        return at + 1;
        }
        return 0;
}

#define PARAMETERS 64   /* of one field, that are compared with each other */
#define PLAIN      (-1) /* not a piece of a continued parameter */

struct parameter {
        struct up_slice base; /* name without the asterisks and the number */
        int section;          /* or PLAIN */
        bool encoded;
        size_t begin;
};

struct parameters {
        unsigned count;
        struct parameter list[PARAMETERS];
        bool has_boundary;
        size_t boundary_bytes; /* of all pieces */
};

static bool same_name(const char *data, struct up_slice a, struct up_slice b)
{
        return a.end - a.begin == b.end - b.begin &&
               g_ascii_strncasecmp(data + a.begin, data + b.begin, a.end - a.begin) == 0;
}

/* NAME, NAME*, NAME*NUMBER or NAME*NUMBER* (RFC 2231 section 7); false: none of them. */
static bool split_name(const char *data, struct up_slice name, struct parameter *ret)
{
        const char *star = memchr(data + name.begin, '*', name.end - name.begin);
        size_t at = star != NULL ? (size_t)(star - data) : name.end;
        int section = 0;

        *ret = (struct parameter){ { name.begin, at }, PLAIN, false, name.begin };
        if (at == name.end)
                return true;
        size_t digits = ++at;
        for (; at < name.end && g_ascii_isdigit(data[at]) && section < PARAMETERS; at++)
                section = section * 10 + (data[at] - '0');
        if (at > digits)
                ret->section = section;
        ret->encoded = at == digits || (at < name.end && data[at] == '*');
        if (at > digits && ret->encoded)
                at++;
        return at == name.end &&
               !(data[digits] == '0' && at - digits > 1 && g_ascii_isdigit(data[digits + 1]));
}

static void add_parameter(
    struct search *search, struct parameters *parameters, const struct parameter *added)
{
        for (unsigned i = 0; i < parameters->count; i++) {
                const struct parameter *other = &parameters->list[i];
                if (same_name(search->data, other->base, added->base) &&
                    (other->section == added->section || other->section == PLAIN ||
                        added->section == PLAIN))
                        hit(search, UP_AMBIGUITY_REPEATED_PARAMETER, added->begin);
        }
        if (parameters->count < PARAMETERS)
                parameters->list[parameters->count++] = *added;
}

/* As many pieces of a name as the highest number says, and piece 0. */
static void check_continuations(struct search *search, const struct parameters *parameters)
{
        for (unsigned i = 0; i < parameters->count; i++) {
                const struct parameter *piece = &parameters->list[i];
                bool has_previous = piece->section <= 0;

                for (unsigned j = 0; j < parameters->count && !has_previous; j++)
                        has_previous =
                            parameters->list[j].section == piece->section - 1 &&
                            same_name(search->data, parameters->list[j].base, piece->base);
                if (!has_previous)
                        hit(search, UP_AMBIGUITY_BROKEN_EXTENSION, piece->begin);
        }
}

/* "=?charset?B?...?=" */
static bool is_encoded_word(const char *data, struct up_slice text)
{
        return text.end - text.begin >= 8 && memcmp(data + text.begin, "=?", 2) == 0 &&
               memcmp(data + text.end - 2, "?=", 2) == 0;
}

/* RFC 2046 section 5.1.1, bchars. */
static bool is_boundary_character(char c)
{
        return g_ascii_isalnum(c) || (c != '\0' && strchr("'()+_,-./:=? ", c) != NULL);
}

/* @value is what stands between the quotes, or the token. */
static void check_boundary(struct search *search, struct parameters *parameters,
    const struct parameter *parameter, struct up_slice value)
{
        const char *data = search->data;
        size_t bytes = 0;
        char last = '\0';

        for (size_t at = value.begin; at < value.end; at++) {
                if (data[at] == '\\' && at + 1 < value.end)
                        at++;
                if (data[at] == '\r' || data[at] == '\n')
                        continue;
                last = data[at];
                bytes++;
                if (!is_boundary_character(last) && !(parameter->encoded && last == '%'))
                        hit(search, UP_AMBIGUITY_BOUNDARY_CHARACTER, at);
        }
        parameters->has_boundary = true;
        parameters->boundary_bytes += bytes;
        if (bytes == 0)
                hit(search, UP_AMBIGUITY_BOUNDARY_EMPTY, parameter->begin);
        if (parameters->boundary_bytes > 70)
                hit(search, UP_AMBIGUITY_BOUNDARY_LONG, parameter->begin);
        if (is_blank(last) || (value.begin < value.end && is_blank(data[value.begin])))
                hit(search, UP_AMBIGUITY_BOUNDARY_BLANK, value.begin);
        if (parameter->encoded)
                hit(search, UP_AMBIGUITY_BOUNDARY_ENCODED, parameter->begin);
        if (is_encoded_word(data, value))
                hit(search, UP_AMBIGUITY_ENCODED_WORD, value.begin);
}

/* CHARSET'LANGUAGE'TEXT, of a later piece only the text, with %XX in it (RFC 2231 section 4). */
static void check_encoded(
    struct search *search, const struct parameter *parameter, struct up_slice value)
{
        const char *data = search->data;
        unsigned apostrophes = 0;
        bool wrong = false;

        for (size_t at = value.begin; at < value.end; at++) {
                apostrophes += data[at] == '\'';
                wrong = wrong || (data[at] == '%' &&
                                     (value.end - at < 3 || !g_ascii_isxdigit(data[at + 1]) ||
                                         !g_ascii_isxdigit(data[at + 2])));
        }
        if (wrong || apostrophes != (parameter->section <= 0 ? 2 : 0))
                hit(search, UP_AMBIGUITY_BROKEN_EXTENSION, parameter->begin);
}

/*
 * Reads the parameter that begins at @at, after its semicolon. Returns where the next semicolon is
 * to be; after a mistake, where it is.
 */
static size_t read_parameter(
    struct search *search, struct parameters *parameters, size_t at, size_t end)
{
        const char *data = search->data;
        bool comment = false;
        struct up_slice name = token_at(data, at, end), value;
        struct parameter parameter;
        size_t next = skip_comments(data, name.end, end, &comment);

        if (is_empty(name) || next == end || data[next] != '=') {
                hit(search, UP_AMBIGUITY_MALFORMED_PARAMETER, at);
                return up_field_semicolon(data, name.end, end);
        }
        if (!split_name(data, name, &parameter))
                hit(search, UP_AMBIGUITY_BROKEN_EXTENSION, name.begin);
        add_parameter(search, parameters, &parameter);

        bool is_boundary = is_text(data, parameter.base, "boundary");
        next = skip_comments(data, next + 1, end, &comment);
        if (next < end && data[next] == '"') {
                size_t closed = skip_quoted(data, next, end);
                value = (struct up_slice){ next + 1, closed > 0 ? closed - 1 : end };
                next = closed > 0 ? closed : end;
                if (closed == 0)
                        hit(search, UP_AMBIGUITY_MALFORMED_PARAMETER, value.begin - 1);
        } else {
                value = token_at(data, next, end);
                next = value.end;
                if (is_empty(value) && !is_boundary)
                        hit(search, UP_AMBIGUITY_MALFORMED_PARAMETER, name.begin);
        }
        if (parameter.encoded)
                check_encoded(search, &parameter, value);
        if (is_boundary)
                check_boundary(search, parameters, &parameter, value);
        at = skip_comments(data, next, end, &comment);
        if (comment)
                hit(search, UP_AMBIGUITY_COMMENT, name.end);
        if (at == end || data[at] == ';')
                return at;
        hit(search,
            data[value.begin - 1] == '"' ? UP_AMBIGUITY_MALFORMED_PARAMETER
                                         : UP_AMBIGUITY_UNQUOTED_VALUE,
            next);
        return up_field_semicolon(data, at, end);
}

/* From the first semicolon on. */
static void read_parameters(
    struct search *search, struct parameters *parameters, size_t at, size_t end)
{
        const char *data = search->data;

        while (at < end) {
                bool comment = false;
                size_t begin = skip_comments(data, at + 1, end, &comment);
                if (begin == end)
                        break; /* many mailers write a semicolon after the last one, too */
                if (comment)
                        hit(search, UP_AMBIGUITY_COMMENT, at + 1);
                at = read_parameter(search, parameters, begin, end);
        }
        check_continuations(search, parameters);
}

/* --- fields ----------------------------------------------------------------------------------- */

static void read_type(struct search *search, const struct up_field *field)
{
        const char *data = search->data;
        size_t end = field->value.end;
        bool comment = false, after = false;
        struct parameters parameters = { .count = 0 };
        struct up_slice type =
            token_at(data, skip_comments(data, field->value.begin, end, &comment), end);
        size_t slash = skip_comments(data, type.end, end, &comment);
        struct up_slice subtype = { end, end };

        if (slash < end && data[slash] == '/')
                subtype = token_at(data, skip_comments(data, slash + 1, end, &comment), end);
        size_t at = skip_comments(data, subtype.end, end, &after);
        if (is_empty(type) || is_empty(subtype) || (at < end && data[at] != ';')) {
                bool is_word = type.begin + 1 < end && memcmp(data + type.begin, "=?", 2) == 0;
                hit(search, is_word ? UP_AMBIGUITY_ENCODED_WORD : UP_AMBIGUITY_MALFORMED_TYPE,
                    field->value.begin);
                at = up_field_semicolon(data, type.end, end);
        } else if (comment) {
                hit(search, UP_AMBIGUITY_COMMENT, field->value.begin);
        }
        read_parameters(search, &parameters, at, end);
        if (is_text(data, type, "multipart") && !parameters.has_boundary)
                hit(search, UP_AMBIGUITY_BOUNDARY_MISSING, field->whole.begin);
}

static void read_disposition(struct search *search, const struct up_field *field)
{
        const char *data = search->data;
        size_t end = field->value.end;
        bool comment = false, after = false;
        struct parameters parameters = { .count = 0 };
        struct up_slice word =
            token_at(data, skip_comments(data, field->value.begin, end, &comment), end);
        size_t at = skip_comments(data, word.end, end, &after);

        if (is_empty(word) || (at < end && data[at] != ';')) {
                hit(search, UP_AMBIGUITY_MALFORMED_PARAMETER, field->value.begin);
                at = up_field_semicolon(data, word.end, end);
        }
        read_parameters(search, &parameters, at, end);
}

static void read_encoding(struct search *search, const struct up_field *field)
{
        static const char *const known[] = { "7bit", "8bit", "binary", "base64",
                "quoted-printable" };
        const char *data = search->data;
        size_t end = field->value.end;
        bool comment = false;
        struct up_slice word =
            token_at(data, skip_comments(data, field->value.begin, end, &comment), end);
        bool is_known = false, decodes = false;

        for (size_t i = 0; i < G_N_ELEMENTS(known) && !is_known; i++) {
                is_known = is_text(data, word, known[i]);
                decodes = is_known && i >= 3;
        }
        if (word.begin + 1 < end && memcmp(data + word.begin, "=?", 2) == 0)
                hit(search, UP_AMBIGUITY_ENCODED_WORD, word.begin);
        else if (!is_known || skip_comments(data, word.end, end, &comment) < end)
                hit(search, UP_AMBIGUITY_UNKNOWN_ENCODING, field->whole.begin);
        else if (comment && decodes)
                hit(search, UP_AMBIGUITY_COMMENT, field->value.begin);
}

static void read_version(struct search *search, const struct up_field *field)
{
        const char *data = search->data;
        size_t at = field->value.begin, end = field->value.end;
        bool comment = false;

        for (const char *expected = "1.0"; *expected != '\0'; expected++) {
                at = skip_comments(data, at, end, &comment);
                if (at == end || data[at] != *expected) {
                        hit(search, UP_AMBIGUITY_MIME_VERSION, field->whole.begin);
                        return;
                }
                at++;
        }
        if (skip_comments(data, at, end, &comment) < end)
                hit(search, UP_AMBIGUITY_MIME_VERSION, field->whole.begin);
}

/* The fields that say how a message is read. */
static const struct structural {
        const char *name;
        enum up_ambiguity repeated;
        void (*read)(struct search *search, const struct up_field *field);
} structural[] = {
        { "Content-Type", UP_AMBIGUITY_REPEATED_TYPE, read_type },
        { "Content-Transfer-Encoding", UP_AMBIGUITY_REPEATED_ENCODING, read_encoding },
        { "Content-Disposition", UP_AMBIGUITY_REPEATED_DISPOSITION, read_disposition },
        { "MIME-Version", UP_AMBIGUITY_MIME_VERSION, read_version },
};

/* What is wrong with the bytes of a field, whatever they say. */
static void check_bytes(struct search *search, const struct up_field *field)
{
        const char *data = search->data;

        for (size_t at = field->value.begin; at < field->value.end; at++)
                if (is_control(data[at]) && data[at] != '\0')
                        hit(search, UP_AMBIGUITY_CONTROL_CHARACTER, at);
}

static void check_field(
    struct search *search, const struct up_field *field, bool seen[static G_N_ELEMENTS(structural)])
{
        for (size_t i = 0; i < G_N_ELEMENTS(structural); i++) {
                if (!up_field_is(search->data, field, structural[i].name))
                        continue;
                if (seen[i])
                        hit(search, structural[i].repeated, field->whole.begin);
                seen[i] = true;
                check_bytes(search, field);
                structural[i].read(search, field);
        }
}

static bool is_blank_line(const char *data, const struct up_line *line)
{
        size_t at = line->begin;

        while (at < line->end && is_blank(data[at]))
                at++;
        return at == line->end;
}

/* An mbox has a line before the first field. */
static bool is_mbox_line(const struct search *search, const struct up_field *field)
{
        size_t at = field->whole.begin;

        if (at < search->size && search->data[at] == '>')
                at++;
        return field->whole.begin == entity_at(search, 0)->header.begin && search->size - at >= 5 &&
               memcmp(search->data + at, "From ", 5) == 0;
}

/* Lines that are too long, hold nothing but blanks, or are no field. */
static void check_header_lines(struct search *search, const struct up_field *field)
{
        for (size_t at = field->whole.begin; at < field->whole.end;) {
                struct up_line line = up_line_at(search->data, field->whole.end, at);
                if (line.end - line.begin > LONGEST_LINE)
                        hit(search, UP_AMBIGUITY_LONG_LINE, line.begin);
                if (is_blank_line(search->data, &line))
                        hit(search, UP_AMBIGUITY_BLANK_LINE_IN_HEADER, line.begin);
                else if (at == field->whole.begin && is_empty(field->name) &&
                         !is_mbox_line(search, field))
                        hit(search, UP_AMBIGUITY_NOT_A_FIELD, at);
                at = line.next;
        }
}

/* --- headers ---------------------------------------------------------------------------------- */

/* Is it the top of a message, whose header may be no header at all? */
static bool is_root(const struct search *search, const struct up_entity *entity)
{
        return entity->parent < 0 || !g_mime_content_type_is_type(
                                         entity_at(search, entity->parent)->type, "multipart", "*");
}

/* Of its own: relays put Received before whatever they are given. */
static bool has_field(const struct search *search, struct up_slice slice)
{
        struct up_header header = up_header_in(search->data, slice);
        struct up_field field;

        while (up_header_next(&header, &field))
                if (!is_empty(field.name) && !up_field_is(search->data, &field, "Received"))
                        return true;
        return false;
}

/* The header with the empty line that ends it. */
static void check_line_ends(struct search *search, struct up_slice header)
{
        const char *data = search->data;
        bool crlf = false, lf = false;

        for (size_t at = header.begin; at < header.end; at++) {
                const char *found = memchr(data + at, '\n', header.end - at);
                if (found == NULL)
                        break;
                at = (size_t)(found - data);
                *(at > header.begin && data[at - 1] == '\r' ? &crlf : &lf) = true;
                if (crlf && lf) {
                        hit(search, UP_AMBIGUITY_MIXED_LINE_ENDS, at);
                        break;
                }
        }
        for (size_t at = header.begin; at < header.end; at++) {
                const char *found = memchr(data + at, '\r', header.end - at);
                if (found == NULL)
                        break;
                at = (size_t)(found - data);
                if (at + 1 < search->size && data[at + 1] != '\n')
                        hit(search, UP_AMBIGUITY_BARE_CR, at);
        }
}

/* A header that says nothing of its content, and a body that begins as if it were the header. */
static void check_fields_in_body(struct search *search, const struct up_entity *entity)
{
        struct up_header header = up_header_in(search->data, entity->header);
        struct up_header body = up_header_in(search->data, entity->body);
        struct up_field field;

        while (up_header_next(&header, &field))
                if (up_field_begins(search->data, &field, "Content-"))
                        return;
        while (body.at < body.end && strchr("\r\n", search->data[body.at]) != NULL)
                body.at++;
        while (up_header_next(&body, &field) && !is_empty(field.name))
                if (up_field_begins(search->data, &field, "Content-"))
                        hit(search, UP_AMBIGUITY_FIELDS_IN_BODY, field.whole.begin);
}

static void check_names(struct search *search, const struct up_entity *entity)
{
        const char *name = g_mime_content_type_get_parameter(entity->type, "name");
        const char *other = entity->filename;
        const char *name_dot = name != NULL ? strrchr(name, '.') : NULL;
        const char *other_dot = other != NULL ? strrchr(other, '.') : NULL;

        if (name != NULL && other != NULL &&
            g_ascii_strcasecmp(
                name_dot != NULL ? name_dot : "", other_dot != NULL ? other_dot : "") != 0)
                hit(search, UP_AMBIGUITY_TWO_NAMES, entity->header.begin);
}

static void check_header(struct search *search, const struct up_entity *entity)
{
        const char *data = search->data;
        struct up_slice whole = { entity->header.begin,
                MAX(entity->header.end, entity->body.begin) };
        struct up_header header = up_header_in(data, entity->header);
        bool seen[G_N_ELEMENTS(structural)] = { false };
        struct up_field field;
        const char *nul = whole.end > whole.begin
                              ? memchr(data + whole.begin, '\0', whole.end - whole.begin)
                              : NULL;

        if (nul != NULL)
                hit(search, UP_AMBIGUITY_NUL_IN_HEADER, (size_t)(nul - data));
        check_line_ends(search, whole);
        while (up_header_next(&header, &field)) {
                check_header_lines(search, &field);
                if (!is_empty(field.name) && data[field.name.end] != ':')
                        hit(search, UP_AMBIGUITY_BLANK_BEFORE_COLON, field.name.end);
                if (!is_empty(field.name))
                        check_field(search, &field, seen);
        }
        if (entity->depth > UP_AMBIGUITY_DEPTH)
                hit(search, UP_AMBIGUITY_DEEP, entity->header.begin);
        if (g_mime_content_type_is_type(entity->type, "message", "partial"))
                hit(search, UP_AMBIGUITY_PARTIAL, entity->header.begin);
        if (g_mime_content_type_is_type(entity->type, "message", "external-body"))
                hit(search, UP_AMBIGUITY_EXTERNAL_BODY, entity->header.begin);
        if (up_entity_is_encoded_composite(entity) &&
            !g_mime_content_type_is_type(entity->type, "message", "global"))
                hit(search, UP_AMBIGUITY_ENCODED_COMPOSITE, entity->header.begin);
        check_names(search, entity);
}

/* --- lines ------------------------------------------------------------------------------------ */

enum state { PREAMBLE, PARTS, EPILOGUE };

/* An entity that is open, and whose type has a boundary. */
struct open {
        const char *boundary;
        size_t bytes;
        int entity;
        bool multipart;
        enum state state;
};

struct lines {
        struct search *search;
        GArray *open;  /* of struct open, innermost last; NULL while there is none */
        int innermost; /* open entity */
        int next;      /* entity, not opened so far */
        size_t before; /* bytes of the line end before this line; 0: none */
};

static const char *boundary_of(const struct up_entity *entity)
{
        const char *boundary = g_mime_content_type_get_parameter(entity->type, "boundary");

        return boundary != NULL && *boundary != '\0' ? boundary : NULL;
}

static void close_innermost(struct lines *lines, size_t at)
{
        const struct open *open =
            lines->open != NULL && lines->open->len > 0
                ? &g_array_index(lines->open, struct open, lines->open->len - 1)
                : NULL;

        if (open != NULL && open->entity == lines->innermost) {
                lines->search->entity = open->entity;
                if (open->multipart && open->state != EPILOGUE)
                        hit(lines->search,
                            open->state == PARTS ? UP_AMBIGUITY_UNCLOSED
                                                 : UP_AMBIGUITY_NO_SEPARATOR,
                            at);
                g_array_set_size(lines->open, lines->open->len - 1);
        }
        lines->innermost = entity_at(lines->search, lines->innermost)->parent;
}

static void open_next(struct lines *lines)
{
        const struct up_entity *entity = entity_at(lines->search, lines->next);
        const char *boundary = boundary_of(entity);

        lines->innermost = lines->next++;
        if (boundary == NULL)
                return;
        struct open open = { boundary, strlen(boundary), lines->innermost,
                g_mime_content_type_is_type(entity->type, "multipart", "*"), PREAMBLE };
        if (lines->open == NULL)
                lines->open = g_array_new(FALSE, FALSE, sizeof(struct open));
        g_array_append_val(lines->open, open);
}

enum match { NONE, BEGINS, PADDED, EXACT };

/* Does the text behind "--" begin with the boundary, and what follows it? */
static enum match match_boundary(
    const struct open *open, const char *text, size_t bytes, bool *ret_last)
{
        size_t at = open->bytes;

        if (bytes < at || memcmp(text, open->boundary, at) != 0)
                return NONE;
        *ret_last = bytes >= at + 2 && memcmp(text + at, "--", 2) == 0;
        at += *ret_last ? 2 : 0;
        if (at == bytes)
                return EXACT;
        while (at < bytes && is_blank(text[at]))
                at++;
        return at == bytes ? PADDED : BEGINS;
}

/* True when the line with "--" at @at is, or may be taken for, a separator. */
static bool check_separator(struct lines *lines, size_t at, const struct up_line *line)
{
        const char *text = lines->search->data + at + 2;
        size_t bytes = line->end - at - 2;
        struct open *taken = NULL, *begun = NULL;
        bool padded = false, last = false;

        for (guint i = lines->open->len; i-- > 0;) {
                struct open *open = &g_array_index(lines->open, struct open, i);
                bool closes = false;
                enum match match = match_boundary(open, text, bytes, &closes);

                if (match >= PADDED && (taken == NULL || taken->state == EPILOGUE)) {
                        taken = open;
                        padded = match == PADDED;
                        last = closes;
                } else if (match != NONE && open->state != EPILOGUE) {
                        begun = open;
                }
        }
        if (taken == NULL && begun == NULL)
                return false;
        lines->search->entity = (taken != NULL ? taken : begun)->entity;
        if (taken == NULL || at > line->begin) {
                hit(lines->search, UP_AMBIGUITY_ODD_SEPARATOR, at);
                return true;
        }
        if (begun != NULL)
                hit(lines->search, UP_AMBIGUITY_BOUNDARY_PREFIX, at);
        if (lines->before > 0 && line->next > line->end && line->next - line->end != lines->before)
                hit(lines->search, UP_AMBIGUITY_MIXED_LINE_ENDS, line->end);
        if (padded)
                hit(lines->search, UP_AMBIGUITY_PADDED_SEPARATOR, at);
        if (!taken->multipart)
                hit(lines->search, UP_AMBIGUITY_BOUNDARY_OF_LEAF, at);
        else if (taken->state == EPILOGUE)
                hit(lines->search, UP_AMBIGUITY_PART_IN_EPILOGUE, at);
        if (last && taken->state == PREAMBLE && taken->multipart)
                hit(lines->search, UP_AMBIGUITY_NO_SEPARATOR, at);
        taken->state = last ? EPILOGUE : PARTS;
        return true;
}

/* Where blanks or a CR precede "--", and where the line begins with it. */
static bool check_separators(struct lines *lines, const struct up_line *line)
{
        const char *data = lines->search->data;
        size_t at = line->begin;
        bool found = false;

        if (lines->open == NULL || lines->open->len == 0)
                return false;
        while (at < line->end && is_blank(data[at]))
                at++;
        while (at + 2 <= line->end) {
                if (memcmp(data + at, "--", 2) == 0)
                        found = check_separator(lines, at, line) || found;
                const char *cr = memchr(data + at, '\r', line->end - at);
                if (cr == NULL)
                        break;
                at = (size_t)(cr - data) + 1;
        }
        return found;
}

/* Text of a multipart outside of its parts. */
static void check_outside(struct lines *lines, const struct up_line *line)
{
        struct search *search = lines->search;
        const struct open *open =
            lines->open != NULL && lines->open->len > 0
                ? &g_array_index(lines->open, struct open, lines->open->len - 1)
                : NULL;
        struct up_header text =
            up_header_in(search->data, (struct up_slice){ line->begin, line->end });
        struct up_field field;

        if (open == NULL || open->entity != lines->innermost || !open->multipart ||
            open->state == PARTS || line->begin < entity_at(search, open->entity)->body.begin ||
            !up_header_next(&text, &field))
                return;
        search->entity = open->entity;
        for (size_t i = 0; i < G_N_ELEMENTS(structural); i++)
                if (up_field_is(search->data, &field, structural[i].name))
                        hit(search,
                            open->state == PREAMBLE ? UP_AMBIGUITY_PART_IN_PREAMBLE
                                                    : UP_AMBIGUITY_PART_IN_EPILOGUE,
                            line->begin);
}

static void check_lines(struct search *search)
{
        struct lines lines = { .search = search, .innermost = -1 };
        int count = (int)search->entities->len;

        for (size_t at = 0; at < search->size;) {
                struct up_line line = up_line_at(search->data, search->size, at);

                while (lines.innermost > 0 &&
                       line.begin >= up_entity_whole(entity_at(search, lines.innermost)).end &&
                       line.begin > entity_at(search, lines.innermost)->header.begin)
                        close_innermost(&lines, line.begin);
                while (
                    lines.next < count && entity_at(search, lines.next)->header.begin <= line.begin)
                        open_next(&lines);
                if (!check_separators(&lines, &line))
                        check_outside(&lines, &line);
                lines.before = line.next - line.end;
                at = line.next;
        }
        while (lines.innermost >= 0)
                close_innermost(&lines, search->size);
        if (lines.open != NULL)
                g_array_unref(lines.open);
}

/* --- bodies ----------------------------------------------------------------------------------- */

/* Of an encoded body, whose lines may be cut anywhere; other text comes in longer lines. */
static void check_line_lengths(struct search *search, struct up_slice body)
{
        for (size_t at = body.begin; at < body.end;) {
                struct up_line line = up_line_at(search->data, body.end, at);
                if (line.end - line.begin > LONGEST_LINE)
                        hit(search, UP_AMBIGUITY_LONG_BODY_LINE, line.begin);
                at = line.next;
        }
}

static void check_base64(struct search *search, struct up_slice body)
{
        const char *data = search->data;
        size_t digits = 0, padding = 0, blank = 0;

        for (size_t at = body.begin; at < body.end; at++) {
                char c = data[at];
                bool digit = g_ascii_isalnum(c) || c == '+' || c == '/';

                if (c == '\n' || (c == '\r' && at + 1 < search->size && data[at + 1] == '\n')) {
                        blank = 0;
                } else if (is_blank(c)) {
                        blank = digits > 0 ? at : 0;
                } else if (digit || c == '=') {
                        if (blank > 0)
                                hit(search, UP_AMBIGUITY_BASE64_STRAY, blank);
                        if (digit && padding > 0) {
                                hit(search, UP_AMBIGUITY_BASE64_AFTER_PADDING, at);
                                return;
                        }
                        digits += digit;
                        padding += !digit;
                } else {
                        hit(search, UP_AMBIGUITY_BASE64_STRAY, at);
                }
        }
        if (padding > 2 || (digits + padding) % 4 != 0)
                hit(search, UP_AMBIGUITY_BASE64_INCOMPLETE, body.end);
}

static void check_quoted_printable(struct search *search, struct up_slice body)
{
        const char *data = search->data;

        for (size_t at = body.begin; at < body.end; at++) {
                bool bare_cr = data[at] == '\r' && (at + 1 == search->size || data[at + 1] != '\n');
                if ((data[at] & 0x80) != 0 || is_control(data[at]) || bare_cr)
                        hit(search, UP_AMBIGUITY_QP_STRAY, at);
                if (data[at] != '=')
                        continue;
                size_t next = at + 1;
                while (next < body.end && is_blank(data[next]))
                        next++;
                if (next < body.end && data[next] != '\n' && data[next] != '\r' &&
                    !(next == at + 1 && next + 1 < body.end && g_ascii_isxdigit(data[next]) &&
                        g_ascii_isxdigit(data[next + 1])))
                        hit(search, UP_AMBIGUITY_QP_ESCAPE, at);
        }
}

/* "begin 644 name", and a line of uuencode after it whose length is as its first byte says. */
static bool begins_uuencode(const char *data, const struct up_line *line, size_t end)
{
        size_t at = line->begin + 6;

        while (at < line->end && data[at] >= '0' && data[at] <= '7')
                at++;
        if (at < line->begin + 9 || at + 1 >= line->end || data[at] != ' ' || line->next >= end)
                return false;
        struct up_line next = up_line_at(data, end, line->next);
        size_t bytes = next.end - next.begin;
        size_t said = bytes > 0 ? ((size_t)(data[next.begin] - ' ') & 0x3f) : 0;
        for (size_t i = next.begin; i < next.end; i++)
                if (data[i] < ' ' || data[i] > '`')
                        return false;
        return said > 0 && bytes >= 1 + (said + 2) / 3 * 4;
}

static void check_text(struct search *search, struct up_slice body)
{
        static const char *const marks[] = { "begin ", "=ybegin ",
                "(This file must be converted with BinHex" };
        const char *data = search->data;

        for (size_t at = body.begin; at < body.end;) {
                struct up_line line = up_line_at(data, body.end, at);
                for (size_t i = 0; i < G_N_ELEMENTS(marks); i++) {
                        size_t bytes = strlen(marks[i]);
                        if (line.end - line.begin >= bytes &&
                            memcmp(data + line.begin, marks[i], bytes) == 0 &&
                            (i > 0 || begins_uuencode(data, &line, body.end)))
                                hit(search, UP_AMBIGUITY_FILE_IN_TEXT, line.begin);
                }
                at = line.next;
        }
}

static void check_body(struct search *search, const struct up_entity *entity)
{
        struct up_slice body = entity->body;
        const char *nul;

        if (body.begin >= body.end)
                return;
        switch (entity->encoding) {
        case GMIME_CONTENT_ENCODING_BASE64:
                check_line_lengths(search, body);
                check_base64(search, body);
                break;
        case GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE:
                check_line_lengths(search, body);
                check_quoted_printable(search, body);
                break;
        case GMIME_CONTENT_ENCODING_BINARY:
                break;
        default:
                nul = memchr(search->data + body.begin, '\0', body.end - body.begin);
                if (nul != NULL)
                        hit(search, UP_AMBIGUITY_NUL_IN_BODY, (size_t)(nul - search->data));
                if (g_mime_content_type_is_type(entity->type, "text", "*"))
                        check_text(search, body);
        }
}

/* --- the whole -------------------------------------------------------------------------------- */

static bool is_leaf(const struct search *search, int index)
{
        return index + 1 == (int)search->entities->len ||
               entity_at(search, index + 1)->parent != index;
}

struct up_ambiguities up_ambiguities_find(GBytes *message, const GPtrArray *entities)
{
        struct up_ambiguities found = { .count = 0 };
        struct search search = { .entities = entities, .found = &found };

        search.data = g_bytes_get_data(message, &search.size);
        for (guint i = 0; i < entities->len; i++) {
                const struct up_entity *entity = entity_at(&search, (int)i);

                search.entity = (int)i;
                if (is_leaf(&search, (int)i))
                        check_fields_in_body(&search, entity);
                if (is_root(&search, entity) && !has_field(&search, entity->header))
                        continue;
                check_header(&search, entity);
                if (is_leaf(&search, (int)i))
                        check_body(&search, entity);
        }
        check_lines(&search);
        for (int row = 0; row < UP_AMBIGUITY_COUNT; row++)
                if (search.seen[row])
                        found.hits[found.count++] = found.hits[row];
        return found;
}
