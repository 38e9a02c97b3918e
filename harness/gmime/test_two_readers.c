/*
 * Two readers of one message: they see the same in what is conforming, and where they differ the
 * first difference is named; a message that is ambiguous is not judged.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gmime/two_readers.h"

#define MIXED "Content-Type: multipart/mixed; boundary=b\n"

static const struct {
        const char *message;
        const char *difference; /* NULL: none */
        bool judged;
} rows[] = {
        { "Subject: a\n\ntext\n", NULL, true },
        { MIXED "\n--b\n\none\n--b\nContent-Type: message/rfc822\n\n" MIXED "\n--b--\n--b--\n",
            NULL, false },
        { MIXED "\n--b\nContent-Type: application/x; name=a\nContent-Transfer-Encoding: base64\n\n"
                "aGVsbG8h\n--b\nContent-Disposition: inline; filename*=utf-8''%c3%a4\n"
                "Content-Transfer-Encoding: quoted-printable\n\n=41=\n--b--\n",
            NULL, true },
        { "Content-Type: message/global\nContent-Transfer-Encoding: base64\n\nQTogYgo=\n", NULL,
            true },
        { "Content-Type: text/plain\nContent-Type: text/html\n\ntext\n", "type", false },
        { "Content-Transfer-Encoding: 7bit\nContent-Transfer-Encoding: 8bit\n\ntext\n",
            "transfer encoding", false },
        { "Content-Transfer-Encoding: base64\nContent-Transfer-Encoding: 8bit\n\naGVsbG8h\n",
            "transfer encoding", false },
        { "Content-Disposition: a; filename=1\nContent-Disposition: a; filename=2\n\ntext\n",
            "file name", false },
};

static void differences_are_named(void **state)
{
        unsigned differing = 0;

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                g_autoptr(GBytes) bytes = g_bytes_new(rows[i].message, strlen(rows[i].message));
                struct up_observations observed;
                struct up_limits limits;
                guint index;

                up_limits_init(&limits);
                limits.decoded_bytes = 4; /* does not cut what one of the two reads */
                up_observations_init(&observed, &limits, 0);
                g_autoptr(GMimeMessage) message = up_mime_parse(bytes, &observed);
                g_autoptr(GPtrArray) ours = up_sights_of_entities(bytes, &observed);
                g_autoptr(GPtrArray) gmime = up_sights_of_gmime(message, &observed);
                const char *found = up_sights_difference(ours, gmime, &index);
                if (g_strcmp0(found, rows[i].difference) != 0)
                        fail_msg("%s, not %s:\n%s", found, rows[i].difference, rows[i].message);
                differing += found != NULL;
                up_mime_compare_readers(message, bytes, &observed);
                assert_int_equal(observed.counts[UP_COUNT_DECODERS_JUDGED], rows[i].judged);
                assert_int_equal(observed.remarks->len, 0);
                up_observations_clear(&observed);
        }
        assert_true(differing >= 4);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(differences_are_named) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
