/*
 * standard - structures that OpenSSL accepts and a standard tells receivers to refuse
 *
 * OpenSSL leaves some checks to its callers, and most callers do not make them. Each such check is
 * a row: its name, what is wrong, and where it is demanded. A row speaks of a structure that
 * OpenSSL has verified or decrypted; the remark is UP_REMARK_ACCEPTED.
 */
#ifndef UP_CMS_STANDARD_H
#define UP_CMS_STANDARD_H

#include <glib.h>
#include <openssl/cms.h>

#include "mail/observations.h"

struct up_standard_row {
        const char *name;   /* stable: the site of the remark */
        const char *what;   /* a clause, for a person */
        const char *source; /* what demands it */
        bool (*is_broken)(CMS_ContentInfo *cms, GBytes *encoded, GBytes *detached);
};
extern const struct up_standard_row up_standard_rows[];
extern const size_t up_standard_count;

/**
 * Judges the structure @cms, which was read from @encoded, and whose signatures hold on its content
 * or on @detached (NULL without), or whose content was decrypted. Linear in their sizes. Leaves the
 * error queue empty.
 */
void up_standard_judge(
    CMS_ContentInfo *cms, GBytes *encoded, GBytes *detached, struct up_observations *observed);

#endif
