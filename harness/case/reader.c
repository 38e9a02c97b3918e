/*
 * reader - complaints, and words
 */
#include "case/reader.h"

#include <string.h>

#include "case/nearest.h"

static void complaint_free(void *data)
{
        struct up_complaint *complaint = data;

        g_free(complaint->text);
        g_free(complaint);
}

GPtrArray *up_complaints_new(void)
{
        return g_ptr_array_new_with_free_func(complaint_free);
}

struct up_place up_reader_place(const struct up_case_reader *reader, const char *at)
{
        return (struct up_place){ reader->line_number, (unsigned)(at - reader->line) + 1 };
}

void up_reader_complain(struct up_case_reader *reader, const char *at, const char *format, ...)
{
        if (reader->complaints == NULL || reader->complaints->len >= UP_CASE_COMPLAINTS)
                return;

        va_list args;
        va_start(args, format);
        g_autofree char *text = g_strdup_vprintf(format, args);
        va_end(args);

        struct up_complaint *complaint = g_new0(struct up_complaint, 1);
        bool last = reader->complaints->len + 1 == UP_CASE_COMPLAINTS;
        complaint->place = up_reader_place(reader, at);
        complaint->text = last ? g_strdup("too many mistakes; correct the lines above first")
                               : g_utf8_make_valid(text, -1);
        g_ptr_array_add(reader->complaints, complaint);
}

/* Suggests the nearest valid name. */
static void complain_unknown(struct up_case_reader *reader, const char *word, const char *what,
    const char *(*name_of)(size_t index), size_t count)
{
        struct up_nearest nearest = up_nearest_to(word);

        for (size_t i = 0; i < count; i++)
                up_nearest_try(&nearest, name_of(i));
        if (nearest.name != NULL)
                up_reader_complain(reader, word, "unknown %s `%.40s`; did you mean `%s`?", what,
                    word, nearest.name);
        else
                up_reader_complain(reader, word,
                    "unknown %s `%.40s`; `unpend inspect --help` lists all", what, word);
}

bool up_reader_find(struct up_case_reader *reader, const char *word, const char *what,
    const char *(*name_of)(size_t index), size_t count, size_t *ret_index)
{
        for (size_t i = 0; i < count; i++) {
                if (strcmp(name_of(i), word) == 0) {
                        *ret_index = i;
                        return true;
                }
        }
        if (reader->complaints != NULL)
                complain_unknown(reader, word, what, name_of, count);
        return false;
}

char *up_reader_cut_word(char **rest)
{
        char *word = *rest + strspn(*rest, UP_CASE_BLANKS);
        size_t bytes = strcspn(word, UP_CASE_BLANKS);

        *rest = word + bytes;
        if (**rest != '\0')
                *(*rest)++ = '\0';
        return word;
}
