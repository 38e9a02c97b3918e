/*
 * case - a reader that never fails, and a writer; both use the table of keys
 *
 * The script is in events.c, complaints and words are in reader.c.
 *
 * There is no second, strict parser. The reader turns any input into a case and reports whatever it
 * skipped or corrected as a complaint; a file without complaints is valid.
 *
 * The reader copies each line of the head into a buffer, replaces unprintable bytes, and splits the
 * line into words in place. A column is the offset of a word in that buffer.
 */
#include "case/case.h"

#include <stdio.h>
#include <string.h>

#include "case/nearest.h"
#include "case/reader.h"
#include "mail/eicar.h"

#define TIME_SHAPE "0000-00-00T00:00:00Z"

/* --- settings --------------------------------------------------------------------------------- */

/* Reads a list of NAME=VALUE. The names are @count; @read takes the value of the one at an index.
 */
static void read_settings(struct up_case_reader *reader, const struct up_case_key *key, char *list,
    const char *(*name_of)(size_t index), size_t count,
    void (*read)(struct up_case_reader *reader, size_t index, char *value))
{
        bool seen[UP_POLICY_SETTINGS] = { false };
        char *name;

        while (*(name = up_reader_cut_word(&list)) != '\0') {
                char *equals = strchr(name, '=');
                size_t index;

                if (equals == NULL) {
                        up_reader_complain(
                            reader, name, "`%.40s` has no value; write %.40s=VALUE", name, name);
                        continue;
                }
                *equals = '\0';
                if (!up_reader_find(reader, name, key->name, name_of, count, &index))
                        continue;
                if (seen[index])
                        up_reader_complain(reader, name, "a second `%s=`; leave one out", name);
                else {
                        seen[index] = true;
                        read(reader, index, equals + 1);
                }
        }
}

static void cut_trailing_blanks(char *text)
{
        size_t bytes = strlen(text);

        while (bytes > 0 && strchr(UP_CASE_BLANKS, text[bytes - 1]) != NULL)
                bytes--;
        text[bytes] = '\0';
}

/* --- unpend-case ------------------------------------------------------------------------------ */

static void read_version(struct up_case_reader *reader, const struct up_case_key *key, char *value)
{
        if (strcmp(value, "1") != 0)
                up_reader_complain(
                    reader, value, "unsupported version `%.40s`; write `%s: 1`", value, key->name);
}

static void write_version(const struct up_case *c, const struct up_case_key *key, GString *file)
{
        (void)c;
        g_string_append_printf(file, "%s: 1\n", key->name);
}

/* --- lines of text ---------------------------------------------------------------------------- */

static void read_text(struct up_case_reader *reader, const struct up_case_key *key, char *value)
{
        if (*value == '\0')
                up_reader_complain(reader, value, "`%s:` is empty; leave the line out", key->name);
        else
                G_STRUCT_MEMBER(char *, reader->c, key->text) = g_strdup(value);
}

static void write_text(const struct up_case *c, const struct up_case_key *key, GString *file)
{
        const char *text = G_STRUCT_MEMBER(char *, c, key->text);

        if (text != NULL)
                g_string_append_printf(file, "%s: %s\n", key->name, text);
}

/* --- known ------------------------------------------------------------------------------------ */

bool up_known_read(const char *text, struct up_known *ret_known)
{
        g_autofree char *words = g_strdup(text);
        char *rest = words;
        char *library = up_reader_cut_word(&rest);
        char *version = up_reader_cut_word(&rest);
        char *url = up_reader_cut_word(&rest);
        char *excess = up_reader_cut_word(&rest);

        if (*url == '\0' || *excess != '\0')
                return false;
        *ret_known = (struct up_known){
                .name = g_strdup(library),
                .version = g_strdup(version),
                .url = g_strdup(url),
        };
        return true;
}

void up_known_clear(struct up_known *known)
{
        g_clear_pointer(&known->name, g_free);
        g_clear_pointer(&known->version, g_free);
        g_clear_pointer(&known->url, g_free);
}

static void read_known(struct up_case_reader *reader, const struct up_case_key *key, char *value)
{
        if (!up_known_read(value, &reader->c->known))
                up_reader_complain(
                    reader, value, "`%s:` takes three words; write LIBRARY VERSION URL", key->name);
}

static void write_known(const struct up_case *c, const struct up_case_key *key, GString *file)
{
        if (c->known.name != NULL)
                g_string_append_printf(file, "%s: %s %s %s\n", key->name, c->known.name,
                    c->known.version, c->known.url);
}

/* --- time ------------------------------------------------------------------------------------- */

static bool has_time_shape(const char *text)
{
        if (strlen(text) != strlen(TIME_SHAPE))
                return false;
        for (size_t i = 0; text[i] != '\0'; i++) {
                bool fits =
                    TIME_SHAPE[i] == '0' ? g_ascii_isdigit(text[i]) : text[i] == TIME_SHAPE[i];
                if (!fits)
                        return false;
        }
        return true;
}

static void read_time(struct up_case_reader *reader, const struct up_case_key *key, char *value)
{
        if (!has_time_shape(value)) {
                up_reader_complain(
                    reader, value, "`%s:` is in UTC; write it as 2026-01-01T00:00:00Z", key->name);
                return;
        }
        int year, month, day, hour, minute, second;
        sscanf(value, "%d-%d-%dT%d:%d:%dZ", &year, &month, &day, &hour, &minute, &second);
        g_autoptr(GDateTime) date = g_date_time_new_utc(year, month, day, hour, minute, second);
        gint64 time_s = date != NULL ? g_date_time_to_unix(date) : -1;
        if (date == NULL)
                up_reader_complain(reader, value, "no such day or time: `%s`", value);
        else if (time_s < 0)
                up_reader_complain(
                    reader, value, "out of bounds; `%s:` goes from 1970 to 9999", key->name);
        if (date != NULL)
                reader->c->time_s = MAX(time_s, 0);
}

static void write_time(const struct up_case *c, const struct up_case_key *key, GString *file)
{
        if (c->time_s == UP_CASE_TIME_S)
                return;

        g_autoptr(GDateTime) date = g_date_time_new_from_unix_utc(c->time_s);
        g_autofree char *text = g_date_time_format(date, "%Y-%m-%dT%H:%M:%SZ");
        g_string_append_printf(file, "%s: %s\n", key->name, text);
}

/* --- envelope --------------------------------------------------------------------------------- */

static GPtrArray *standard_to(void)
{
        GPtrArray *to = g_ptr_array_new_with_free_func(g_free);

        g_ptr_array_add(to, g_strdup("recipient@example.com"));
        return to;
}

static void envelope_init(struct up_envelope *envelope)
{
        envelope->from = g_strdup("sender@example.com");
        envelope->to = standard_to();
}

static void envelope_clear(struct up_envelope *envelope)
{
        g_free(envelope->from);
        g_ptr_array_unref(envelope->to);
}

static bool address_fits(struct up_case_reader *reader, const char *address)
{
        size_t bytes = strlen(address);

        if (bytes > UP_CASE_ADDRESS_BYTES)
                up_reader_complain(reader, address, "an address of %zu bytes; the limit is %d",
                    bytes, UP_CASE_ADDRESS_BYTES);
        return bytes <= UP_CASE_ADDRESS_BYTES;
}

static void read_from(struct up_case_reader *reader, char *address)
{
        if (!address_fits(reader, address))
                return;
        g_free(reader->c->envelope.from);
        reader->c->envelope.from = g_strdup(strcmp(address, "<>") == 0 ? "" : address);
}

static void read_to(struct up_case_reader *reader, char *list)
{
        g_autoptr(GPtrArray) to = g_ptr_array_new_with_free_func(g_free);

        for (char *address = list, *next; address != NULL; address = next) {
                next = strchr(address, ',');
                if (next != NULL)
                        *next++ = '\0';
                if (to->len == UP_CASE_RECIPIENTS) {
                        up_reader_complain(reader, address,
                            "more than %d recipients; leave the rest out", UP_CASE_RECIPIENTS);
                        break;
                }
                if (*address == '\0')
                        up_reader_complain(
                            reader, address, "an empty recipient; write to=v@example.com");
                else if (address_fits(reader, address))
                        g_ptr_array_add(to, g_strdup(address));
        }
        if (to->len > 0) {
                g_ptr_array_unref(reader->c->envelope.to);
                reader->c->envelope.to = g_steal_pointer(&to);
        }
}

static void read_notify(struct up_case_reader *reader, char *word)
{
        bool never = strcmp(word, "never") == 0;

        if (never || strcmp(word, "failure") == 0)
                reader->c->envelope.notify_never = never;
        else
                up_reader_complain(reader, word, "`%.40s` is not valid; write failure|never", word);
}

static const struct {
        const char *name;
        void (*read)(struct up_case_reader *reader, char *value);
} envelope_parts[] = {
        { "from", read_from },
        { "to", read_to },
        { "notify", read_notify },
};

static const char *envelope_part_name(size_t index)
{
        return envelope_parts[index].name;
}

static void read_envelope_part(struct up_case_reader *reader, size_t index, char *value)
{
        envelope_parts[index].read(reader, value);
}

static void read_envelope(struct up_case_reader *reader, const struct up_case_key *key, char *value)
{
        read_settings(reader, key, value, envelope_part_name, G_N_ELEMENTS(envelope_parts),
            read_envelope_part);
}

static bool envelope_is_standard(const struct up_envelope *envelope)
{
        struct up_envelope standard;
        envelope_init(&standard);
        bool same = !envelope->notify_never && strcmp(envelope->from, standard.from) == 0 &&
                    envelope->to->len == 1 &&
                    strcmp(envelope->to->pdata[0], standard.to->pdata[0]) == 0;

        envelope_clear(&standard);
        return same;
}

static void write_envelope(const struct up_case *c, const struct up_case_key *key, GString *file)
{
        const struct up_envelope *envelope = &c->envelope;

        if (envelope_is_standard(envelope))
                return;
        g_string_append_printf(
            file, "%s: from=%s to=", key->name, *envelope->from != '\0' ? envelope->from : "<>");
        for (guint i = 0; i < envelope->to->len; i++)
                g_string_append_printf(
                    file, "%s%s", i > 0 ? "," : "", (const char *)envelope->to->pdata[i]);
        g_string_append(file, envelope->notify_never ? " notify=never\n" : "\n");
}

/* --- policy ----------------------------------------------------------------------------------- */

static void read_setting(struct up_case_reader *reader, size_t index, char *value)
{
        struct up_policy_row setting = up_policy_setting(index);
        g_autofree char *wrong = NULL;

        if (!up_policy_set(
                &reader->c->policy, &setting, value, reader->complaints != NULL ? &wrong : NULL) &&
            reader->complaints != NULL)
                up_reader_complain(reader, value, "%s", wrong);
}

static void read_policy(struct up_case_reader *reader, const struct up_case_key *key, char *value)
{
        read_settings(reader, key, value, up_policy_name, UP_POLICY_SETTINGS, read_setting);
}

static void write_policy(const struct up_case *c, const struct up_case_key *key, GString *file)
{
        bool begun = false;

        for (size_t i = 0; i < UP_POLICY_SETTINGS; i++) {
                struct up_policy_row setting = up_policy_setting(i);
                if (up_policy_is_standard(&c->policy, &setting))
                        continue;
                g_autofree char *value = up_policy_get(&c->policy, &setting);
                if (!begun)
                        g_string_append_printf(file, "%s:", key->name);
                g_string_append_printf(file, " %s=%s", setting.name, value);
                begun = true;
        }
        if (begun)
                g_string_append_c(file, '\n');
}

/* --- script ----------------------------------------------------------------------------------- */

static void read_script(struct up_case_reader *reader, const struct up_case_key *key, char *value)
{
        reader->section = UP_SECTION_SCRIPT;
        g_ptr_array_set_size(reader->c->script, 0);
        if (*value != '\0')
                up_reader_complain(reader, value,
                    "text after `%s:`; write each event on a line of its own, indented", key->name);
}

static void write_script(const struct up_case *c, const struct up_case_key *key, GString *file)
{
        if (up_script_is_standard(c->script))
                return;
        g_string_append_printf(file, "%s:\n", key->name);
        up_script_write(c->script, file);
}

/* --- message ---------------------------------------------------------------------------------- */

static void read_message(struct up_case_reader *reader, const struct up_case_key *key, char *value)
{
        reader->head_ended = true;
        if (*value != '\0')
                up_reader_complain(reader, value,
                    "text after `%s:`; begin the message on the next line", key->name);
}

static void write_message(const struct up_case *c, const struct up_case_key *key, GString *file)
{
        gsize bytes;
        const uint8_t *data = g_bytes_get_data(c->message, &bytes);
        g_autoptr(GBytes) folded = up_eicar_fold(data, bytes);

        data = g_bytes_get_data(folded, &bytes);
        g_string_append_printf(file, "%s:\n", key->name);
        g_string_append_len(file, (const char *)data, (gssize)bytes);
}

/* --- the head --------------------------------------------------------------------------------- */

#define TEXT(field) read_text, write_text, offsetof(struct up_case, field)

const struct up_case_key up_case_key_rows[UP_CASE_KEY_COUNT] = {
        [UP_CASE_VERSION] = { "unpend-case", "version of this format: 1", read_version,
            write_version, 0 },
        [UP_CASE_TITLE] = { "title", "what the case shows", TEXT(title) },
        [UP_CASE_REFERENCE] = { "reference", "where it comes from: a bug report, an article",
            TEXT(reference) },
        [UP_CASE_FAULT] = { "fault", "planted fault under which the case must fail", TEXT(fault) },
        [UP_CASE_FINDING] = { "finding", "class of the finding that it must then produce",
            TEXT(finding) },
        [UP_CASE_EVIDENCE] = { "evidence", "evidence that the finding must have", TEXT(evidence) },
        [UP_CASE_KNOWN] = { "known", "a known bug of a library: LIBRARY VERSION URL", read_known,
            write_known, 0 },
        [UP_CASE_MUTATION] = { "mutation", "what a mutator changed, and how valid the result is",
            TEXT(mutation) },
        [UP_CASE_TIME] = { "time", "virtual time at its start, in UTC: 2026-01-01T00:00:00Z",
            read_time, write_time, 0 },
        [UP_CASE_ENVELOPE] = { "envelope", "from=ADDRESS to=ADDRESS,ADDRESS notify=failure|never",
            read_envelope, write_envelope, 0 },
        [UP_CASE_POLICY] = { "policy", "SETTING=VALUE for each setting that is not the default",
            read_policy, write_policy, 0 },
        [UP_CASE_SCRIPT] = { "script", "events, one on each line, indented", read_script,
            write_script, 0 },
        [UP_CASE_MESSAGE] = { "message", "raw bytes to the end of the file", read_message,
            write_message, 0 },
};

static const char *key_name(size_t index)
{
        return up_case_key_rows[index].name;
}

static void read_key(struct up_case_reader *reader, char *name, char *value)
{
        size_t index;

        reader->section = UP_SECTION_INVALID;
        if (!up_reader_find(reader, name, "key", key_name, UP_CASE_KEY_COUNT, &index))
                return;

        const struct up_case_key *key = &up_case_key_rows[index];
        struct up_place *place = &reader->c->places[index];
        if (place->line != 0) {
                up_reader_complain(reader, name, "a second `%s:`; leave one out", name);
                return;
        }
        value += strspn(value, UP_CASE_BLANKS);
        *place = up_reader_place(reader, value);
        reader->section = UP_SECTION_NONE;
        key->read(reader, key, value);
}

static bool is_event(const char *line)
{
        g_autofree char *name = g_strndup(line, strcspn(line, UP_CASE_BLANKS));

        return up_script_is_verb(name);
}

/* The line is printable and has no trailing blanks. */
static void read_line(struct up_case_reader *reader)
{
        char *line = reader->line;
        bool indented = strchr(UP_CASE_BLANKS, *line) != NULL;
        char *colon = strchr(line, ':');

        if (*line == '\0')
                return;
        if (indented && reader->section == UP_SECTION_SCRIPT) {
                up_script_read(reader, reader->c->script, line);
        } else if (indented) {
                if (reader->section == UP_SECTION_NONE)
                        up_reader_complain(reader, line + strspn(line, UP_CASE_BLANKS),
                            "an indented line outside `script:`; begin it with a key");
        } else if (colon != NULL) {
                *colon = '\0';
                read_key(reader, line, colon + 1);
        } else if (reader->section == UP_SECTION_SCRIPT && is_event(line)) {
                up_reader_complain(
                    reader, line, "an event without indentation; indent it by two blanks");
                up_script_read(reader, reader->c->script, line);
        } else {
                up_reader_complain(reader, line, "not a line of a head; write `key: value`");
        }
}

/* Replaces bytes that are not printable UTF-8, and complains about the first one. */
static void make_printable(struct up_case_reader *reader, char *end)
{
        bool complained = false;

        for (char *at = reader->line; at < end;) {
                if (g_ascii_isprint(*at)) {
                        at++;
                        continue;
                }
                gunichar character = g_utf8_get_char_validated(at, end - at);
                bool valid = (character & 0x80000000) == 0 && *at != '\0';
                size_t bytes = valid ? (size_t)g_unichar_to_utf8(character, NULL) : 1;

                if (!valid || (g_unichar_iscntrl(character) && character != '\t')) {
                        if (!complained)
                                up_reader_complain(reader, at, "byte 0x%02x is not text; remove it",
                                    (unsigned char)*at);
                        complained = true;
                        memset(at, '?', bytes);
                }
                at += bytes;
        }
}

/* Returns the next line without its LF, and moves @at past it. False at the end. */
static bool next_line(const char **at, const char *end, const char **ret_line, size_t *ret_bytes)
{
        if (*at == end)
                return false;

        const char *feed = memchr(*at, '\n', (size_t)(end - *at));
        *ret_line = *at;
        *ret_bytes = (size_t)((feed != NULL ? feed : end) - *at);
        *at = feed != NULL ? feed + 1 : end;
        return true;
}

static void read_raw_line(struct up_case_reader *reader, const char *raw, size_t bytes)
{
        bool crlf = bytes > 0 && raw[bytes - 1] == '\r';

        if (crlf)
                bytes--;
        if (bytes > UP_CASE_LINE_BYTES) {
                up_reader_complain(reader, reader->line, "a line of %zu bytes; the limit is %d",
                    bytes, UP_CASE_LINE_BYTES);
                return;
        }
        memcpy(reader->line, raw, bytes);
        reader->line[bytes] = '\0';
        if (crlf && !reader->crlf_seen)
                up_reader_complain(
                    reader, reader->line + bytes, "the line ends with CR LF; end all with LF");
        reader->crlf_seen = reader->crlf_seen || crlf;
        make_printable(reader, reader->line + bytes);
        cut_trailing_blanks(reader->line);
        read_line(reader);
}

/* @rest is the length of an unterminated last line. */
static void end_head(struct up_case_reader *reader, size_t rest)
{
        struct up_case *c = reader->c;

        if (c->places[UP_CASE_SCRIPT].line != 0 && !reader->event_seen)
                up_reader_complain(
                    reader, reader->line, "the `script:` above has no event; leave it out");
        if (c->script->len == 0) {
                g_ptr_array_unref(c->script);
                c->script = up_script_standard();
        }
        if (!reader->head_ended)
                up_reader_complain(reader, reader->line + MIN(rest, UP_CASE_LINE_BYTES),
                    "the head ends without `message:`; add it as the last line of the head");
}

/* Returns where the message begins. */
static const char *read_head(struct up_case_reader *reader, const char *at, const char *end)
{
        const char *line;
        size_t bytes = 0;

        while (!reader->head_ended && next_line(&at, end, &line, &bytes)) {
                reader->line_number++;
                read_raw_line(reader, line, bytes);
        }
        if (!reader->head_ended && end[-1] == '\n') {
                reader->line_number++;
                bytes = 0;
        }
        end_head(reader, bytes);
        return at;
}

/* A misspelt head is read as a message, which is surely a mistake. */
static void complain_of_near_head(struct up_case_reader *reader, const char *at, const char *end)
{
        static const char byte_order_mark[] = "\xef\xbb\xbf";
        const char *key = up_case_key_rows[UP_CASE_VERSION].name;
        char name[32] = "";

        memcpy(name, at, MIN((size_t)(end - at), sizeof name - 1));
        if (g_str_has_prefix(name, byte_order_mark))
                memmove(
                    name, name + strlen(byte_order_mark), sizeof name - strlen(byte_order_mark));
        name[strcspn(name, ": \t\r\n")] = '\0';

        struct up_nearest nearest = up_nearest_to(name);
        up_nearest_try(&nearest, key);
        if (nearest.name != NULL) {
                reader->line_number = 1;
                up_reader_complain(reader, reader->line,
                    "the whole file is read as a message; begin a case with `%s: 1`", key);
        }
}

void up_case_put(char **text, const char *value)
{
        g_free(*text);
        *text = g_strdup(value);
}

bool up_case_has_head(const uint8_t *data, size_t bytes)
{
        const char *key = up_case_key_rows[UP_CASE_VERSION].name;
        size_t key_bytes = strlen(key);

        return bytes > key_bytes && memcmp(data, key, key_bytes) == 0 && data[key_bytes] == ':';
}

struct up_case *up_case_read(const uint8_t *data, size_t bytes, GPtrArray *complaints)
{
        g_autofree char *line = g_malloc0(MIN(bytes, UP_CASE_LINE_BYTES) + 1);
        struct up_case_reader reader = {
                .c = up_case_new(),
                .complaints = complaints,
                .line = line,
        };
        const char *at = bytes > 0 ? (const char *)data : "";
        const char *end = at + bytes;

        if (up_case_has_head(data, bytes))
                at = read_head(&reader, at, end);
        else if (complaints != NULL)
                complain_of_near_head(&reader, at, end);
        g_bytes_unref(reader.c->message);
        reader.c->message = up_eicar_expand((const uint8_t *)at, (size_t)(end - at));
        return reader.c;
}

GBytes *up_case_write(const struct up_case *c)
{
        GString *file = g_string_new(NULL);

        for (size_t i = 0; i < UP_CASE_KEY_COUNT; i++)
                up_case_key_rows[i].write(c, &up_case_key_rows[i], file);
        return g_string_free_to_bytes(file);
}

struct up_case *up_case_new(void)
{
        struct up_case *c = g_new0(struct up_case, 1);

        c->time_s = UP_CASE_TIME_S;
        envelope_init(&c->envelope);
        up_policy_init(&c->policy);
        c->script = up_script_standard();
        c->message = g_bytes_new(NULL, 0);
        return c;
}

static void *copy_text(const void *text, void *unused)
{
        (void)unused;
        return g_strdup(text);
}

struct up_case *up_case_copy(const struct up_case *c)
{
        struct up_case *copy = g_memdup2(c, sizeof *c);
        char **texts[] = { &copy->title, &copy->reference, &copy->fault, &copy->finding,
                &copy->evidence, &copy->known.name, &copy->known.version, &copy->known.url,
                &copy->mutation, &copy->envelope.from };

        for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
                *texts[i] = g_strdup(*texts[i]);
        copy->envelope.to = g_ptr_array_copy(c->envelope.to, copy_text, NULL);
        copy->script = up_script_copy(c->script);
        g_bytes_ref(copy->message);
        return copy;
}

void up_case_free(struct up_case *c)
{
        if (c == NULL)
                return;
        g_free(c->title);
        g_free(c->reference);
        g_free(c->fault);
        g_free(c->finding);
        g_free(c->evidence);
        up_known_clear(&c->known);
        g_free(c->mutation);
        envelope_clear(&c->envelope);
        g_ptr_array_unref(c->script);
        g_bytes_unref(c->message);
        g_free(c);
}
