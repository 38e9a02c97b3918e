/*
 * reader - what the readers of a case's parts share: complaints, and words
 *
 * Texts are made and names are suggested only where there is an array for complaints.
 */
#ifndef UP_CASE_READER_H
#define UP_CASE_READER_H

#include <stdbool.h>
#include <stddef.h>

#include "case/complaint.h"

#define UP_CASE_BLANKS " \t"

/** What an indented line belongs to. */
enum up_section {
        UP_SECTION_NONE,
        UP_SECTION_SCRIPT,
        UP_SECTION_INVALID, /* a key with a complaint; its lines get none of their own */
};

struct up_case_reader {
        struct up_case *c;
        GPtrArray *complaints; /* may be NULL */
        char *line;            /* printable copy of the current line, without its end */
        unsigned line_number;
        enum up_section section;
        bool event_seen; /* valid or not */
        bool crlf_seen;
        bool head_ended;
};

/** The place of @at, which points into the reader's line. */
struct up_place up_reader_place(const struct up_case_reader *reader, const char *at);

/** Adds a complaint about the place @at. Does nothing if there is no array for it. */
void up_reader_complain(struct up_case_reader *reader, const char *at, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/** Splits the next word off @rest; returns "" at the end of the line. */
char *up_reader_cut_word(char **rest);

/**
 * The index of @word among @count names. If it is none of them: false, and a complaint about an
 * unknown @what.
 */
bool up_reader_find(struct up_case_reader *reader, const char *word, const char *what,
    const char *(*name_of)(size_t index), size_t count, size_t *ret_index);

#endif
