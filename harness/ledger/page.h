/*
 * page - formats steps as lines of text with their times: wraps them, and folds repeated
 * steps
 *
 * A step is a list of paragraphs, each with a line end. They are printable UTF-8, except the marks
 * below, which no text of a message can hold.
 */
#ifndef UP_LEDGER_PAGE_H
#define UP_LEDGER_PAGE_H

#include <glib.h>
#include <stdint.h>

/* In paragraphs, beside printable text. */
#define UP_PAGE_VARIES_BEGIN "\001" /* what follows does not count when steps are compared */
#define UP_PAGE_VARIES_END   "\002"
#define UP_PAGE_STANDS_OUT   "\003" /* first in a paragraph: a mark of the reader's */
#define UP_PAGE_FIXED_BLANK  "\004" /* a blank at which no line is broken */

/* One step. */
struct up_page_step {
        int64_t at_ms;
        char *text; /* paragraphs, each with a line end */
        guint key;  /* equal for steps that can be folded; 0: never folded */
};

/**
 * The page, at least 60 columns wide, of an array of struct up_page_step. The caller owns the
 * result.
 */
char *up_page_write(const GArray *steps, unsigned columns);

/** A time that fits into its column: without fractions from a day on. The caller owns the result.
 */
char *up_page_time(int64_t ms);

/** The columns that the text up to @end takes, valid UTF-8. */
unsigned up_page_columns(const char *text, const char *end);

/** "1,234,567". The caller owns the result. */
char *up_page_number(uint64_t number);

/** "1 time", "1,234 times". The caller owns the result. */
char *up_page_counted(uint64_t count, const char *one, const char *many);

#endif
