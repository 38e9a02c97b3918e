/*
 * charset - the fixed set of character set converters
 *
 * Which converters a machine's C library has depends on how it was installed, so what GMime makes
 * of a text would depend on the machine. This module stands in for iconv_open() in the whole
 * process and supports only the charsets of this table; any other name fails with EINVAL, as an
 * unknown charset does everywhere.
 */
#ifndef UP_MAIL_CHARSET_H
#define UP_MAIL_CHARSET_H

/** Canonical names: lower case, letters and digits alone; NULL-terminated. */
extern const char *const up_charsets[];

/**
 * Starts GMime, with this module's iconv_open(). Call it before any other use of GMime; more calls
 * do nothing. The readers of this library call it themselves.
 */
void up_mail_start(void);

#endif
