/*
 * charset - iconv_open() of the process, in front of the C library's
 */
#include "mail/charset.h"

#include <dlfcn.h>
#include <errno.h>
#include <gmime/gmime.h>
#include <iconv.h>
#include <stdbool.h>
#include <string.h>

#define NAME_BYTES 32

const char *const up_charsets[] = { "ascii", "usascii", "ansix341968", "utf8", "utf7", "utf16",
        "utf16be", "utf16le", "utf32", "ucs2", "ucs4", "latin1", "iso88591", "iso88592", "iso88593",
        "iso88594", "iso88595", "iso88596", "iso88597", "iso88598", "iso88599", "iso885910",
        "iso885913", "iso885914", "iso885915", "cp437", "cp850", "cp866", "cp932", "cp936", "cp949",
        "cp950", "cp1250", "cp1251", "cp1252", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257",
        "cp1258", "windows1250", "windows1251", "windows1252", "windows1253", "windows1254",
        "windows1255", "windows1256", "windows1257", "windows1258", "koi8r", "koi8u", "gb2312",
        "gbk", "gb18030", "euccn", "big5", "big5hkscs", "eucjp", "shiftjis", "sjis", "iso2022jp",
        "euckr", "iso2022kr", "tis620", NULL };

static bool is_known(const char *charset)
{
        char name[NAME_BYTES];
        size_t bytes = 0;

        for (const char *at = charset; *at != '\0'; at++) {
                if (*at == '/' || bytes == sizeof name - 1)
                        return false;
                if (g_ascii_isalnum(*at))
                        name[bytes++] = g_ascii_tolower(*at);
        }
        name[bytes] = '\0';
        return g_strv_contains(up_charsets, name);
}

static iconv_t (*library_open)(const char *, const char *);

void up_mail_start(void)
{
        static bool started;

        if (!started)
                g_mime_init();
        started = true;
}

/* GMime, GLib and gettext call this one; see the head of the header. */
iconv_t iconv_open(const char *to, const char *from)
{
        if (library_open == NULL)
                library_open =
                    (iconv_t(*)(const char *, const char *))dlsym(RTLD_NEXT, "iconv_open");
        if (!is_known(to) || !is_known(from)) {
                errno = EINVAL;
                return (iconv_t)-1;
        }
        return library_open(to, from);
}
