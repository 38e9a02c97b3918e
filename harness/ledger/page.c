/*
 * page - words are broken into lines; of a group of steps that comes often, some rounds are shown
 */
#include "ledger/page.h"

#include <stdbool.h>
#include <string.h>

#include "ledger/ledger.h"

/* The layout of a line: the time, two blanks, text; lines that go on are indented further. */
#define TIME_COLUMNS  12
#define TEXT_COLUMN   14
#define HANG_COLUMNS  2
#define LEAST_COLUMNS 60

/* A group of up to so many steps is folded when it comes more often than is shown of it. */
#define GROUP_STEPS   8
#define ROUNDS_BEFORE 3
#define ROUNDS_AFTER  1

char *up_page_number(uint64_t number)
{
        GString *digits = g_string_new(NULL);

        g_string_printf(digits, "%" G_GUINT64_FORMAT, number);
        for (gssize at = (gssize)digits->len - 3; at > 0; at -= 3)
                g_string_insert_c(digits, at, ',');
        return g_string_free(digits, FALSE);
}

char *up_page_counted(uint64_t count, const char *one, const char *many)
{
        g_autofree char *number = up_page_number(count);

        return g_strconcat(number, UP_PAGE_FIXED_BLANK, count == 1 ? one : many, NULL);
}

char *up_page_time(int64_t ms)
{
        char *time = up_ledger_time(ms);

        for (const char *end = ".:"; *end != '\0' && strlen(time) > TIME_COLUMNS; end++) {
                char *cut = strrchr(time, *end);
                if (cut != NULL)
                        *cut = '\0';
        }
        return time;
}

/* --- lines ------------------------------------------------------------------------------------ */

unsigned up_page_columns(const char *text, const char *end)
{
        unsigned columns = 0;

        for (; text < end; text = g_utf8_next_char(text))
                columns += g_unichar_iswide(g_utf8_get_char(text)) ? 2 : 1;
        return columns;
}

/* A page being written, and the column at which its last line stands. */
struct page {
        GString *text;
        unsigned columns;
        unsigned at;
        unsigned hang; /* where lines go on */
        bool line_is_empty;
};

static void put_blanks(GString *text, size_t count)
{
        for (size_t i = 0; i < count; i++)
                g_string_append_c(text, ' ');
}

static void end_line(struct page *page)
{
        while (page->text->len > 0 && page->text->str[page->text->len - 1] == ' ')
                g_string_truncate(page->text, page->text->len - 1);
        g_string_append_c(page->text, '\n');
}

static void break_line(struct page *page)
{
        end_line(page);
        put_blanks(page->text, page->hang);
        page->at = page->hang;
        page->line_is_empty = true;
}

/* A word that is longer than a line is broken where it must be. */
static void put_word(struct page *page, const char *word, const char *end)
{
        unsigned columns = up_page_columns(word, end);

        if (!page->line_is_empty) {
                if (page->at + 1 + columns <= page->columns) {
                        g_string_append_c(page->text, ' ');
                        page->at++;
                } else {
                        break_line(page);
                }
        }
        while (word < end) {
                const char *next = g_utf8_next_char(word);
                unsigned width = up_page_columns(word, next);

                if (page->at + width > page->columns)
                        break_line(page);
                if (*word == *UP_PAGE_FIXED_BLANK)
                        g_string_append_c(page->text, ' ');
                else
                        g_string_append_len(page->text, word, next - word);
                page->at += width;
                page->line_is_empty = false;
                word = next;
        }
}

/* One paragraph after @lead, which is as wide as it is long. */
static void put_paragraph(struct page *page, const char *lead, const char *text, size_t bytes)
{
        g_autofree char *shown = g_strndup(text, bytes);
        char *end = shown;

        for (const char *at = shown; *at != '\0'; at++) {
                if (*at != *UP_PAGE_VARIES_BEGIN && *at != *UP_PAGE_VARIES_END &&
                    *at != *UP_PAGE_STANDS_OUT)
                        *end++ = *at;
        }
        *end = '\0';
        g_string_append(page->text, lead);
        page->at = (unsigned)strlen(lead);
        page->line_is_empty = true;
        for (const char *at = shown; *at != '\0';) {
                size_t word = strcspn(at, " ");
                if (word > 0)
                        put_word(page, at, at + word);
                at += word + strspn(at + word, " ");
        }
        end_line(page);
}

static void put_step(struct page *page, const struct up_page_step *step)
{
        g_autofree char *time = up_page_time(step->at_ms);
        g_autofree char *timed = g_strdup_printf("%*s  ", TIME_COLUMNS, time);
        g_autofree char *untimed = g_strnfill(strlen(timed), ' ');
        const char *lead = timed;

        for (const char *text = step->text; *text != '\0';) {
                size_t bytes = strcspn(text, "\n");

                if (*text == *UP_PAGE_STANDS_OUT) {
                        page->hang = 6;
                        put_paragraph(page, "  >>> ", text, bytes);
                } else {
                        page->hang = TEXT_COLUMN + HANG_COLUMNS;
                        put_paragraph(page, lead, text, bytes);
                        lead = untimed;
                }
                text += bytes + 1;
        }
}

/* --- folding ---------------------------------------------------------------------------------- */

/* A group of steps, and how often it comes in a row. */
struct group {
        guint steps;
        guint rounds;
};

static guint key_at(const GArray *steps, guint index)
{
        return g_array_index(steps, struct up_page_step, index).key;
}

/* How many steps from @at on are like those that stand @period further on. */
static guint alike_from(const GArray *steps, guint at, guint period)
{
        guint count = 0;

        while (at + count + period < steps->len && key_at(steps, at + count) != 0 &&
               key_at(steps, at + count) == key_at(steps, at + count + period))
                count++;
        return count;
}

/* The group from @at on that folds the most; the shorter one if two fold alike. */
static struct group find_group(const GArray *steps, guint at)
{
        struct group best = { 1, 1 };
        guint covered = 0;

        for (guint period = 1; period <= GROUP_STEPS; period++) {
                guint rounds = alike_from(steps, at, period) / period + 1;

                if (rounds > ROUNDS_BEFORE + ROUNDS_AFTER && rounds * period > covered) {
                        best = (struct group){ period, rounds };
                        covered = rounds * period;
                }
        }
        return best;
}

static void put_folded(struct page *page, const GArray *steps, guint first, struct group group)
{
        guint hidden = group.rounds - ROUNDS_BEFORE - ROUNDS_AFTER;
        guint last = first + (group.rounds - ROUNDS_AFTER) * group.steps - 1;
        g_autofree char *until =
            up_page_time(g_array_index(steps, struct up_page_step, last).at_ms);
        g_strdelimit(until, " ", *UP_PAGE_FIXED_BLANK);
        g_autofree char *which = group.steps == 1 ? g_strdup("this step")
                                                  : g_strdup_printf("these %u steps", group.steps);
        g_autofree char *times = up_page_counted(hidden, "more time", "more times");
        g_autofree char *line = g_strdup_printf("… %s %s until %s", which, times, until);
        g_autofree char *lead = g_strnfill(TEXT_COLUMN, ' ');

        page->hang = TEXT_COLUMN + HANG_COLUMNS;
        put_paragraph(page, lead, line, strlen(line));
}

static void put_steps(struct page *page, const GArray *steps)
{
        for (guint at = 0; at < steps->len;) {
                struct group group = find_group(steps, at);
                guint end = at + group.rounds * group.steps;
                bool is_folded = group.rounds > 1;
                guint hide_from = is_folded ? at + ROUNDS_BEFORE * group.steps : end;
                guint show_from = is_folded ? end - ROUNDS_AFTER * group.steps : end;

                for (guint i = at; i < hide_from; i++)
                        put_step(page, &g_array_index(steps, struct up_page_step, i));
                if (is_folded)
                        put_folded(page, steps, at, group);
                for (guint i = show_from; i < end; i++)
                        put_step(page, &g_array_index(steps, struct up_page_step, i));
                at = end;
        }
}

char *up_page_write(const GArray *steps, unsigned columns)
{
        struct page page = {
                .text = g_string_new(NULL),
                .columns = MAX(columns, LEAST_COLUMNS),
        };

        put_steps(&page, steps);
        return g_string_free(page.text, FALSE);
}
