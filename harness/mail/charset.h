/*
 * charset - the fixed set of character set converters
 *
 * Which converters a machine's C library has depends on how it was installed, so what GMime makes
 * of a text would depend on the machine. This module stands in for iconv_open() in the whole
 * process and knows the charsets of this table alone; any other name fails with EINVAL, as an
 * unknown charset does everywhere.
 */
#ifndef UP_MAIL_CHARSET_H
#define UP_MAIL_CHARSET_H

#include <stddef.h>

/** Canonical names: lower case, letters and digits alone; NULL-terminated. */
extern const char *const up_charsets[];

/** Once a process; more calls do nothing. A program that never calls it links the C library's. */
void up_charsets_fix(void);

#endif
