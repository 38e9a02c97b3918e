/*
 * eicar - the anti-virus test file, which no file of ours may hold
 *
 * Any scanner takes the 68 bytes of EICAR's test file for a virus, which is what a test of mail
 * scanning needs, and what gets a checkout quarantined. So files hold a placeholder in its place;
 * whoever reads them expands it, whoever writes them folds it. The bytes themselves are put
 * together at run time, and stand neither in the source nor in the program.
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
