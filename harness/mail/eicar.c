/*
 * eicar - the test file in pieces, and replacing one string by another in raw bytes
 *
 * Folding is the inverse of expanding for bytes without a placeholder, and the other way round for
 * bytes without the test file; nothing else is possible with a placeholder in plain sight.
 */
#include "mail/eicar.h"

#include <string.h>

/* Split where no scanner's signature ends, and joined when it is first needed. */
static const char *eicar(void)
{
        static char *joined;

        if (joined == NULL)
                joined = g_strjoin("EICAR", "X5O!P%@AP[4\\PZX54(P^)7CC)7}$",
                    "-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*", NULL);
        return joined;
}

static GBytes *replace(const uint8_t *data, size_t bytes, const char *from, const char *to)
{
        size_t from_bytes = strlen(from);
        GByteArray *result = g_byte_array_sized_new((guint)bytes);

        for (size_t at = 0; at < bytes;) {
                const uint8_t *hit = memmem(data + at, bytes - at, from, from_bytes);
                size_t stop = hit != NULL ? (size_t)(hit - data) : bytes;
                g_byte_array_append(result, data + at, (guint)(stop - at));
                if (hit == NULL)
                        break;
                g_byte_array_append(result, (const uint8_t *)to, (guint)strlen(to));
                at = stop + from_bytes;
        }
        return g_byte_array_free_to_bytes(result);
}

GBytes *up_eicar_expand(const uint8_t *data, size_t bytes)
{
        g_assert(strlen(eicar()) == UP_EICAR_BYTES);
        return replace(data, bytes, UP_EICAR_PLACEHOLDER, eicar());
}

GBytes *up_eicar_fold(const uint8_t *data, size_t bytes)
{
        return replace(data, bytes, eicar(), UP_EICAR_PLACEHOLDER);
}
