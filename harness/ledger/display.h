/*
 * display - values as text that is safe on a terminal, whatever a message holds
 *
 * Results are printable UTF-8 on one line; the caller owns them. NULL is shown as empty.
 */
#ifndef UP_LEDGER_DISPLAY_H
#define UP_LEDGER_DISPLAY_H

#include <glib.h>

/** A value such as an address: escapes for what cannot be shown, and an ellipsis if it is long. */
char *up_display_value(const char *text);

/** The same for prose: line ends become blanks. */
char *up_display_sentence(const char *text);

/** "<v@example.com>" */
char *up_display_address(const char *text);

/** "<a@example.com>, <b@example.com>", of many the first three and how many more. */
char *up_display_addresses(const char *const *list);

/** "2,345 bytes" */
char *up_display_size(GBytes *bytes);

/** A time in a paragraph of a page; it does not count when steps are compared. */
char *up_display_time(int64_t ms);

#endif
