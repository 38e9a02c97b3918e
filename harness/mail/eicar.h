/*
 * eicar - the anti-virus test file, and the placeholder that replaces it in our files
 *
 * Every scanner treats the 68 bytes of EICAR's test file as a virus. Tests of mail scanning need
 * that, but it would get a checkout quarantined. So files contain a placeholder instead, which is
 * expanded when they are read and restored when they are written. The bytes themselves are put
 * together at run time, and are neither in the source nor in the program.
 *
 * See https://www.eicar.org/download-anti-malware-testfile/
 */
#ifndef UP_MAIL_EICAR_H
#define UP_MAIL_EICAR_H

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

#define UP_EICAR_PLACEHOLDER "{{EICAR}}"
#define UP_EICAR_BYTES       68

/** Each placeholder in @data becomes the test file. The caller owns the result. */
GBytes *up_eicar_expand(const uint8_t *data, size_t bytes);

/** Each test file in @data becomes the placeholder. The caller owns the result. */
GBytes *up_eicar_fold(const uint8_t *data, size_t bytes);

#endif
