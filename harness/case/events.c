/*
 * events - the table of verbs, and events as lines
 */
#include "case/events.h"

#include <string.h>

#include "case/policy.h"
#include "case/reader.h"

const struct up_verb up_verb_rows[UP_VERB_COUNT] = {
        [UP_VERB_SUBMIT] = { "submit", "1..64 local|smtp",
            "submit the case's message under this number", false },
        [UP_VERB_BYSTANDER] = { "bystander", "1..64 plain|signed local|smtp",
            "submit a built-in message under this number", false },
        [UP_VERB_SCAN] = { "scan",
            "0..64 clean|infected|unscannable|rewritten|busy|error|no-verdict|never|late|twice|"
            "other|died|by-content",
            "how the scanner treats this message from now on; 0: all messages without a setting of "
            "their own",
            true },
        [UP_VERB_ALLOCATION] = { "allocation", "1..1000000",
            "this allocation by OpenSSL fails during the next scan", true },
        [UP_VERB_HOP] = { "hop", "0..64 mail|data|dot accept|defer|reject|lost|never",
            "the next hop's reply to this message at this point; 0: all messages without a setting "
            "of their own",
            true },
        [UP_VERB_RCPT] = { "rcpt", "1..1024 accept|defer|reject|lost",
            "the next hop's reply to this recipient of any message", true },
        [UP_VERB_OFFERS] = { "offers", "8bitmime|smtputf8|size on|off",
            "an extension of the next hop; at first all are on but size, which limits a message to "
            "16k",
            true },
        [UP_VERB_LOOP] = { "loop", "on|off", "each delivered message is submitted again", true },
        [UP_VERB_WAIT] = { "wait", "1ms..60d", "time passes; the pipeline runs when it asks to",
            false },
        [UP_VERB_CLOCK] = { "clock", "forward|back 1s..3650d", "the wall clock jumps", true },
        [UP_VERB_CRASH] = { "crash", "1..100000",
            "the power fails at this storage operation, counted from now, and returns", true },
        [UP_VERB_RESTART] = { "restart", "", "the pipeline is stopped and started again", false },
        [UP_VERB_HOLD] = { "hold", "1..64", "an administrator holds the message", false },
        [UP_VERB_RELEASE] = { "release", "1..64", "an administrator releases the message", false },
        [UP_VERB_DELETE] = { "delete", "1..64", "an administrator deletes the message", false },
        [UP_VERB_TRANSPORT_SCAN] = { "transport-scan", "on|off",
            "scan mail before it is submitted, from now on", false },
        [UP_VERB_STORE_SCAN] = { "store-scan", "on|off", "scan mail in the store, from now on",
            false },
        [UP_VERB_SIGNATURES] = { "signatures", "", "the scanner receives new signatures", false },
};

static void event_free(void *data)
{
        struct up_event *event = data;

        g_strfreev(event->words);
        g_free(event);
}

static void add_event(GPtrArray *script, const struct up_verb *verb, char **words)
{
        struct up_event *event = g_new0(struct up_event, 1);

        event->verb = verb;
        event->words = words;
        g_ptr_array_add(script, event);
}

GPtrArray *up_script_standard(void)
{
        GPtrArray *script = g_ptr_array_new_with_free_func(event_free);

        add_event(script, &up_verb_rows[UP_VERB_SUBMIT], g_strsplit("1 local", " ", -1));
        return script;
}

static bool event_equals(const struct up_event *a, const struct up_event *b)
{
        return a->verb == b->verb &&
               g_strv_equal((const char *const *)a->words, (const char *const *)b->words);
}

char *up_event_line(const struct up_event *event)
{
        g_autofree char *words = g_strjoinv(" ", event->words);

        return g_strconcat(event->verb->name, *words != '\0' ? " " : "", words, NULL);
}

static const char *verb_name(size_t index)
{
        return up_verb_rows[index].name;
}

/* NULL, with a complaint, if @word is not a number. */
static char *read_number(
    struct up_case_reader *reader, const char *word, guint64 least, guint64 most)
{
        char *end;
        guint64 number = g_ascii_strtoull(word, &end, 10);

        if (!g_ascii_isdigit(*word) || *end != '\0') {
                up_reader_complain(reader, word,
                    "`%.40s` is not a number; write one from %" G_GUINT64_FORMAT
                    " to %" G_GUINT64_FORMAT,
                    word, least, most);
                return NULL;
        }
        if (number < least || number > most)
                up_reader_complain(reader, word,
                    "out of bounds; the number goes from %" G_GUINT64_FORMAT
                    " to %" G_GUINT64_FORMAT,
                    least, most);
        return g_strdup_printf("%" G_GUINT64_FORMAT, CLAMP(number, least, most));
}

/* NULL, with a complaint, if @word is not a time. */
static char *read_duration(
    struct up_case_reader *reader, const char *word, const char *least, const char *most)
{
        int64_t time_ms = 0, least_ms = 0, most_ms = 0;

        if (!up_policy_parse_time(least, &least_ms) || !up_policy_parse_time(most, &most_ms))
                g_assert_not_reached();
        if (!up_policy_parse_time(word, &time_ms)) {
                up_reader_complain(reader, word, "`%.40s` is not a time; write one from %s to %s",
                    word, least, most);
                return NULL;
        }
        if (time_ms < least_ms || time_ms > most_ms)
                up_reader_complain(
                    reader, word, "out of bounds; the time goes from %s to %s", least, most);
        return up_policy_print_time(CLAMP(time_ms, least_ms, most_ms));
}

/* @pattern is LEAST..MOST: a range of times if its ends have units, otherwise of numbers. */
static char *read_range(struct up_case_reader *reader, const char *pattern, const char *word)
{
        g_auto(GStrv) ends = g_strsplit(pattern, "..", 2);

        if (!g_ascii_isdigit(ends[0][strlen(ends[0]) - 1]))
                return read_duration(reader, word, ends[0], ends[1]);
        return read_number(
            reader, word, g_ascii_strtoull(ends[0], NULL, 10), g_ascii_strtoull(ends[1], NULL, 10));
}

/* @pattern is one word of a verb's arguments. NULL, with a complaint, if @word does not match. */
static char *read_argument(struct up_case_reader *reader, const char *pattern, const char *word)
{
        if (strstr(pattern, "..") != NULL)
                return read_range(reader, pattern, word);

        g_auto(GStrv) choices = g_strsplit(pattern, "|", -1);
        if (g_strv_contains((const char *const *)choices, word))
                return g_strdup(word);
        up_reader_complain(reader, word, "`%.40s` is not valid; write %s", word, pattern);
        return NULL;
}

static void complain_shape(
    struct up_case_reader *reader, const char *at, const char *what, const struct up_verb *verb)
{
        up_reader_complain(reader, at, "%s; write %s%s%s", what, verb->name,
            *verb->arguments != '\0' ? " " : "", verb->arguments);
}

void up_script_read(struct up_case_reader *reader, GPtrArray *script, char *line)
{
        char *rest = line;
        char *name = up_reader_cut_word(&rest);
        const struct up_verb *verb;
        size_t index;

        reader->event_seen = true;
        if (!up_reader_find(reader, name, "verb", verb_name, UP_VERB_COUNT, &index))
                return;
        verb = &up_verb_rows[index];

        g_auto(GStrv) patterns = g_strsplit(verb->arguments, " ", -1);
        g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
        for (char **pattern = patterns; *pattern != NULL; pattern++) {
                char *given = up_reader_cut_word(&rest);
                char *word = NULL;
                if (*given == '\0')
                        complain_shape(reader, name, "too few words", verb);
                else
                        word = read_argument(reader, *pattern, given);
                if (word == NULL)
                        return;
                g_ptr_array_add(words, word);
        }
        g_ptr_array_add(words, NULL);

        char *excess = up_reader_cut_word(&rest);
        if (*excess != '\0')
                complain_shape(reader, excess, "too many words", verb);
        if (script->len == UP_CASE_EVENTS)
                up_reader_complain(
                    reader, name, "more than %d events; leave the rest out", UP_CASE_EVENTS);
        else
                add_event(script, verb, (char **)g_ptr_array_steal(words, NULL));
}

bool up_script_is_verb(const char *name)
{
        for (size_t i = 0; i < UP_VERB_COUNT; i++)
                if (strcmp(up_verb_rows[i].name, name) == 0)
                        return true;
        return false;
}

bool up_script_is_standard(const GPtrArray *script)
{
        g_autoptr(GPtrArray) standard = up_script_standard();

        return script->len == 1 && event_equals(script->pdata[0], standard->pdata[0]);
}

void up_script_write(const GPtrArray *script, GString *file)
{
        for (guint i = 0; i < script->len; i++) {
                g_autofree char *line = up_event_line(script->pdata[i]);
                g_string_append_printf(file, "  %s\n", line);
        }
}

static void *copy_event(const void *data, void *unused)
{
        struct up_event *copy = g_memdup2(data, sizeof *copy);

        (void)unused;
        copy->words = g_strdupv(copy->words);
        return copy;
}

GPtrArray *up_script_copy(GPtrArray *script)
{
        return g_ptr_array_copy(script, copy_event, NULL);
}
