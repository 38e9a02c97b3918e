/*
 * test_case - mistakes are reported with their place, any bytes are a case, and a written case
 * reads back as the same case
 *
 * The property tests use a generator with a fixed seed, so they test the same cases everywhere.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <glib.h>

#include "case/case.h"
#include "case/nearest.h"
#include "mail/eicar.h"

#define HEAD "unpend-case: 1\n"

/* Every key, none with its default. */
static const char full_case[] =
    HEAD "title: Clear-signed mail of a local user is never submitted\n"
         "reference: KB843545\n"
         "fault: kb843545\n"
         "finding: pending\n"
         "evidence: no-progress\n"
         "known: gmime 3.2.13 https://example.com/issues/1\n"
         "mutation: part-duplicate, sign-again; graded valid\n"
         "time: 2003-11-05T08:30:59Z\n"
         "envelope: from=<> to=v@example.com,w@example.com notify=never\n"
         "policy: lifetime=3d attempts=9 backoff=90s..2h scan-timeout=2500s unscannable=quarantine "
         "transport-scan=off max-depth=64 max-decoded=8m\n"
         "script:\n"
         "  submit 1 smtp\n"
         "  submit 64 local\n"
         "  wait 90s\n"
         "  restart\n"
         "message:\n"
         "Subject: x\r\n\r\nunpend-case: 1\nmessage:\n";

static struct up_case *read_text(const char *text, GPtrArray *complaints)
{
        return up_case_read((const uint8_t *)text, strlen(text), complaints);
}

static struct up_case *read_bytes(GBytes *file, GPtrArray *complaints)
{
        gsize bytes;
        const uint8_t *data = g_bytes_get_data(file, &bytes);

        return up_case_read(data, bytes, complaints);
}

static void assert_bytes(GBytes *bytes, const char *text)
{
        assert_int_equal(g_bytes_get_size(bytes), strlen(text));
        if (*text != '\0')
                assert_memory_equal(g_bytes_get_data(bytes, NULL), text, strlen(text));
}

static void assert_no_complaint(const GPtrArray *complaints)
{
        if (complaints->len > 0) {
                const struct up_complaint *first = complaints->pdata[0];
                fail_msg("%u:%u: %s", first->place.line, first->place.column, first->text);
        }
}

/* The case is written to a valid file, which reads and writes as itself. */
static void assert_writes_as_itself(const struct up_case *c)
{
        g_autoptr(GBytes) written = up_case_write(c);
        g_autoptr(GPtrArray) complaints = up_complaints_new();
        g_autoptr(up_case) again = read_bytes(written, complaints);
        g_autoptr(GBytes) written_again = up_case_write(again);

        assert_no_complaint(complaints);
        assert_true(g_bytes_equal(written, written_again));
        assert_true(g_bytes_equal(c->message, again->message));
}

/* --- reading and writing ---------------------------------------------------------------------- */

static void a_message_without_a_head_is_the_default_case(void **state)
{
        (void)state;
        g_autoptr(GPtrArray) complaints = up_complaints_new();
        g_autoptr(up_case) c = read_text("From: a@example.com\n\nbody\n", complaints);
        const struct up_event *event = c->script->pdata[0];

        assert_no_complaint(complaints);
        assert_null(c->title);
        assert_int_equal(c->time_s, UP_CASE_TIME_S);
        assert_string_equal(c->envelope.from, "sender@example.com");
        assert_int_equal(c->envelope.to->len, 1);
        assert_int_equal(c->policy.limits.depth, 1024);
        assert_int_equal(c->policy.transport_scan, 1);
        assert_string_equal(event->verb->name, "submit");
        assert_string_equal(event->words[1], "local");
        assert_bytes(c->message, "From: a@example.com\n\nbody\n");

        g_autoptr(GBytes) written = up_case_write(c);
        assert_bytes(written, HEAD "message:\nFrom: a@example.com\n\nbody\n");
}

static void an_empty_file_is_an_empty_message(void **state)
{
        (void)state;
        g_autoptr(GPtrArray) complaints = up_complaints_new();
        g_autoptr(up_case) c = up_case_read(NULL, 0, complaints);
        g_autoptr(GBytes) written = up_case_write(c);

        assert_no_complaint(complaints);
        assert_bytes(written, HEAD "message:\n");
}

static void every_key_is_read(void **state)
{
        (void)state;
        g_autoptr(GPtrArray) complaints = up_complaints_new();
        g_autoptr(up_case) c = read_text(full_case, complaints);
        const struct up_event *second = c->script->pdata[1];
        const struct up_event *last = c->script->pdata[3];

        assert_no_complaint(complaints);
        assert_string_equal(c->title, "Clear-signed mail of a local user is never submitted");
        assert_string_equal(c->reference, "KB843545");
        assert_string_equal(c->fault, "kb843545");
        assert_string_equal(c->finding, "pending");
        assert_string_equal(c->evidence, "no-progress");
        assert_string_equal(c->known.name, "gmime");
        assert_string_equal(c->known.version, "3.2.13");
        assert_string_equal(c->known.url, "https://example.com/issues/1");
        assert_string_equal(c->mutation, "part-duplicate, sign-again; graded valid");
        assert_int_equal(c->time_s, 1068021059);
        assert_string_equal(c->envelope.from, "");
        assert_int_equal(c->envelope.to->len, 2);
        assert_string_equal(c->envelope.to->pdata[1], "w@example.com");
        assert_true(c->envelope.notify_never);
        assert_int_equal(c->policy.lifetime_ms, INT64_C(3) * 24 * 60 * 60 * 1000);
        assert_int_equal(c->policy.attempts, 9);
        assert_int_equal(c->policy.backoff_min_ms, 90 * 1000);
        assert_int_equal(c->policy.backoff_max_ms, 2 * 60 * 60 * 1000);
        assert_int_equal(c->policy.scan_timeout_ms, 2500 * 1000);
        assert_int_equal(c->policy.unscannable, UP_UNSCANNABLE_QUARANTINE);
        assert_int_equal(c->policy.transport_scan, 0);
        assert_int_equal(c->policy.limits.depth, 64);
        assert_int_equal(c->policy.limits.decoded_bytes, 8 << 20);
        assert_int_equal(c->policy.limits.signers, 32);
        assert_int_equal(c->script->len, 4);
        assert_int_equal(up_event_id(second), UP_VERB_SUBMIT);
        assert_string_equal(second->words[0], "64");
        assert_string_equal(second->words[1], "local");
        assert_null(second->words[2]);
        assert_int_equal(up_event_id(last), UP_VERB_RESTART);
        assert_null(last->words[0]);
        assert_bytes(c->message, "Subject: x\r\n\r\nunpend-case: 1\nmessage:\n");

        for (size_t i = 0; i < UP_CASE_KEY_COUNT; i++)
                assert_int_not_equal(c->places[i].line, 0);
        assert_int_equal(c->places[UP_CASE_FINDING].line, 5);
        assert_int_equal(c->places[UP_CASE_FINDING].column, 10);
}

static void every_key_is_written(void **state)
{
        (void)state;
        g_autoptr(up_case) c = read_text(full_case, NULL);
        g_autoptr(GBytes) written = up_case_write(c);

        assert_bytes(written, full_case);
}

static void order_and_spacing_are_free(void **state)
{
        (void)state;
        g_autoptr(GPtrArray) complaints = up_complaints_new();
        g_autoptr(up_case) c = read_text(HEAD "script:\n\tsubmit  2\tsmtp \n\n  submit 1 local\n\n"
                                              "title:  two words \t\nmessage:\n\nx",
            complaints);

        assert_no_complaint(complaints);
        assert_int_equal(c->script->len, 2);
        assert_string_equal(c->title, "two words");
        assert_bytes(c->message, "\nx");
}

static void the_test_virus_is_never_written(void **state)
{
        (void)state;
        g_autoptr(up_case) bare = read_text("a " UP_EICAR_PLACEHOLDER " b", NULL);
        g_autoptr(GBytes) written = up_case_write(bare);
        g_autoptr(up_case) again = read_bytes(written, NULL);

        assert_int_equal(g_bytes_get_size(bare->message), 4 + UP_EICAR_BYTES);
        assert_bytes(written, HEAD "message:\na " UP_EICAR_PLACEHOLDER " b");
        assert_true(g_bytes_equal(bare->message, again->message));
}

/* Each verb as a user may write it, and as it is written back. */
static void every_verb_is_read_and_written(void **state)
{
        (void)state;
        static const char *const lines[UP_VERB_COUNT][2] = {
                [UP_VERB_SUBMIT] = { "submit 01 smtp", "submit 1 smtp" },
                [UP_VERB_BYSTANDER] = { "bystander 2 signed local", "bystander 2 signed local" },
                [UP_VERB_SCAN] = { "scan 0 no-verdict", "scan 0 no-verdict" },
                [UP_VERB_ALLOCATION] = { "allocation 0017", "allocation 17" },
                [UP_VERB_HOP] = { "hop 3 dot lost", "hop 3 dot lost" },
                [UP_VERB_RCPT] = { "rcpt 1024 defer", "rcpt 1024 defer" },
                [UP_VERB_OFFERS] = { "offers size on", "offers size on" },
                [UP_VERB_LOOP] = { "loop  on", "loop on" },
                [UP_VERB_WAIT] = { "wait 120m", "wait 2h" },
                [UP_VERB_CLOCK] = { "clock back 3600s", "clock back 1h" },
                [UP_VERB_CRASH] = { "crash 7", "crash 7" },
                [UP_VERB_RESTART] = { "restart ", "restart" },
                [UP_VERB_HOLD] = { "hold 1", "hold 1" },
                [UP_VERB_RELEASE] = { "release 1", "release 1" },
                [UP_VERB_DELETE] = { "delete 1", "delete 1" },
                [UP_VERB_TRANSPORT_SCAN] = { "transport-scan off", "transport-scan off" },
                [UP_VERB_STORE_SCAN] = { "store-scan on", "store-scan on" },
                [UP_VERB_SIGNATURES] = { "signatures", "signatures" },
        };

        for (size_t i = 0; i < UP_VERB_COUNT; i++) {
                g_autofree char *file = g_strdup_printf(
                    HEAD "script:\n  %s\n  submit 2 local\nmessage:\n", lines[i][0]);
                g_autoptr(GPtrArray) complaints = up_complaints_new();
                g_autoptr(up_case) c = read_text(file, complaints);
                g_autoptr(GBytes) written = up_case_write(c);
                g_autofree char *expected = g_strdup_printf(
                    HEAD "script:\n  %s\n  submit 2 local\nmessage:\n", lines[i][1]);

                assert_no_complaint(complaints);
                assert_int_equal(up_event_id(c->script->pdata[0]), i);
                assert_bytes(written, expected);
        }
}

/* --- complaints ------------------------------------------------------------------------------- */

static const struct {
        const char *file;
        unsigned line;
        unsigned column;
        const char *part; /* of the text of the first complaint */
} mistakes[] = {
        /* the head itself */
        { "unpend-case: 2\nmessage:\n", 1, 14, "version `2`" },
        { "unpend-case:\nmessage:\n", 1, 13, "write `unpend-case: 1`" },
        { "Unpend-Case: 1\nmessage:\n", 1, 1, "read as a message" },
        { "unpend-case 1\nmessage:\n", 1, 1, "read as a message" },
        { "upend-case: 1\nmessage:\n", 1, 1, "begin a case with `unpend-case: 1`" },
        { "\xef\xbb\xbfunpend-case: 1\nmessage:\n", 1, 1, "read as a message" },
        { "unpend-case: 1", 1, 15, "without `message:`" },
        { HEAD, 2, 1, "without `message:`" },
        { HEAD "title: x\n", 3, 1, "last line of the head" },
        { HEAD "title: x", 2, 9, "without `message:`" },
        { HEAD "mess", 2, 1, "not a line of a head" },
        { HEAD "tilte: x\nmessage:\n", 2, 1, "did you mean `title`?" },
        { HEAD "Title: x\nmessage:\n", 2, 1, "did you mean `title`?" },
        { HEAD "subject: x\nmessage:\n", 2, 1, "`unpend inspect --help`" },
        { HEAD "title: x\nfault: y\ntitle: z\nmessage:\n", 4, 1, "a second `title:`" },
        { HEAD "title:  \nmessage:\n", 2, 7, "leave the line out" },
        { HEAD "title\nmessage:\n", 2, 1, "write `key: value`" },
        { HEAD "  title: x\nmessage:\n", 2, 3, "outside `script:`" },
        { HEAD "title: a\x01\nmessage:\n", 2, 9, "byte 0x01" },
        { HEAD "title: \x1b[31mred\nmessage:\n", 2, 8, "byte 0x1b" },
        { HEAD "title: caf\xe9\nmessage:\n", 2, 11, "byte 0xe9" },
        { HEAD "title: \xc2\x9bm\nmessage:\n", 2, 8, "byte 0xc2" },
        { HEAD "title: x\r\nfault: y\r\nmessage:\r\n", 2, 9, "end all with LF" },
        { HEAD "message: Subject: x\n", 2, 10, "on the next line" },
        /* known, time */
        { HEAD "known: gmime 3.2.13\nmessage:\n", 2, 8, "LIBRARY VERSION URL" },
        { HEAD "known: a b c d\nmessage:\n", 2, 8, "three words" },
        { HEAD "time: yesterday\nmessage:\n", 2, 7, "2026-01-01T00:00:00Z" },
        { HEAD "time: 2026-01-01T00:00:00+01:00\nmessage:\n", 2, 7, "UTC" },
        { HEAD "time: 2026-02-30T00:00:00Z\nmessage:\n", 2, 7, "no such day" },
        { HEAD "time: 1969-12-31T23:59:59Z\nmessage:\n", 2, 7, "from 1970 to 9999" },
        /* envelope */
        { HEAD "envelope: u@example.com\nmessage:\n", 2, 11, "has no value" },
        { HEAD "envelope: from=a cc=b\nmessage:\n", 2, 18, "unknown envelope `cc`" },
        { HEAD "envelope: to=a to=b\nmessage:\n", 2, 16, "a second `to=`" },
        { HEAD "envelope: to=a,,b\nmessage:\n", 2, 16, "empty recipient" },
        { HEAD "envelope: to=\nmessage:\n", 2, 14, "empty recipient" },
        { HEAD "envelope: notify=success\nmessage:\n", 2, 18, "write failure|never" },
        { HEAD "envelope: notify=never notify=never\nmessage:\n", 2, 24, "a second `notify=`" },
        /* policy */
        { HEAD "policy: lifetme=2d\nmessage:\n", 2, 9, "did you mean `lifetime`?" },
        { HEAD "policy: attempts=8 max-dept=2\nmessage:\n", 2, 20, "`max-depth`" },
        { HEAD "policy: colour=red\nmessage:\n", 2, 9, "unknown policy `colour`" },
        { HEAD "policy: attempts\nmessage:\n", 2, 9, "write attempts=VALUE" },
        { HEAD "policy: attempts=many\nmessage:\n", 2, 18, "a number" },
        { HEAD "policy: attempts=0\nmessage:\n", 2, 18, "from 1 to 1000" },
        { HEAD "policy: attempts=99999999999999999999\nmessage:\n", 2, 18, "from 1 to 1000" },
        { HEAD "policy: attempts=-1\nmessage:\n", 2, 18, "a number" },
        { HEAD "policy: max-depth=2k\nmessage:\n", 2, 19, "from 0 to 1k" },
        { HEAD "policy: lifetime=2\nmessage:\n", 2, 18, "5m, 1h or 2d" },
        { HEAD "policy: lifetime=31d\nmessage:\n", 2, 18, "from 0ms to 30d" },
        { HEAD "policy: lifetime=9999999999999d\nmessage:\n", 2, 18, "from 0ms to 30d" },
        { HEAD "policy: backoff=1m\nmessage:\n", 2, 17, "1m..1h" },
        { HEAD "policy: backoff=1h..1m\nmessage:\n", 2, 17, "reversed" },
        { HEAD "policy: backoff=1m..99d\nmessage:\n", 2, 17, "from 1s to 1d" },
        { HEAD "policy: unscannable=maybe\nmessage:\n", 2, 21, "bounce, deliver, quarantine" },
        { HEAD "policy: transport-scan=yes\nmessage:\n", 2, 24, "one of: off, on" },
        { HEAD "policy: attempts=8 attempts=9\nmessage:\n", 2, 20, "a second `attempts=`" },
        /* script */
        { HEAD "script: submit 1 local\nmessage:\n", 2, 9, "on a line of its own" },
        { HEAD "script:\nmessage:\n", 3, 1, "has no event" },
        { HEAD "script:\nsubmit 1 local\nmessage:\n", 3, 1, "indent it" },
        { HEAD "script:\n  sumbit 1 local\nmessage:\n", 3, 3, "did you mean `submit`?" },
        { HEAD "script:\n  dance\nmessage:\n", 3, 3, "unknown verb `dance`" },
        { HEAD "script:\n  submit\nmessage:\n", 3, 3, "write submit 1..64 local|smtp" },
        { HEAD "script:\n  submit 1\nmessage:\n", 3, 3, "too few words" },
        { HEAD "script:\n  submit one local\nmessage:\n", 3, 10, "not a number" },
        { HEAD "script:\n  submit 65 local\nmessage:\n", 3, 10, "from 1 to 64" },
        { HEAD "script:\n  submit 1 uucp\nmessage:\n", 3, 12, "local|smtp" },
        { HEAD "script:\n  submit 1 smtp twice\nmessage:\n", 3, 17, "too many words" },
        { HEAD "script:\n  restart now\nmessage:\n", 3, 11, "too many words; write restart" },
        { HEAD "script:\n  wait\nmessage:\n", 3, 3, "too few words; write wait 1ms..60d" },
        { HEAD "script:\n  wait 5\nmessage:\n", 3, 8, "not a time; write one from 1ms to 60d" },
        { HEAD "script:\n  wait 0ms\nmessage:\n", 3, 8, "the time goes from 1ms to 60d" },
        { HEAD "script:\n  wait 61d\nmessage:\n", 3, 8, "the time goes from 1ms to 60d" },
        { HEAD "script:\n  clock forward 1ms\nmessage:\n", 3, 17, "from 1s to 3650d" },
        { HEAD "script:\n  clock sideways 1s\nmessage:\n", 3, 9, "write forward|back" },
        { HEAD "script:\n  scan 0 clena\nmessage:\n", 3, 10, "write clean|infected|" },
        { HEAD "script:\n  hop 65 dot never\nmessage:\n", 3, 7, "from 0 to 64" },
        { HEAD "script:\n  rcpt 1 never\nmessage:\n", 3, 10, "accept|defer|reject|lost" },
        { HEAD "script:\n  submit 1 smtp\nscript:\n  submit 2 smtp\nmessage:\n", 4, 1,
            "a second `script:`" },
};

static void mistakes_are_reported_with_their_place(void **state)
{
        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(mistakes); i++) {
                g_autoptr(GPtrArray) complaints = up_complaints_new();
                g_autoptr(up_case) c = read_text(mistakes[i].file, complaints);

                if (complaints->len == 0)
                        fail_msg("nothing was wrong in: %s", mistakes[i].file);
                const struct up_complaint *first = complaints->pdata[0];
                if (first->place.line != mistakes[i].line ||
                    first->place.column != mistakes[i].column ||
                    strstr(first->text, mistakes[i].part) == NULL)
                        fail_msg("%u:%u: %s\n instead of %u:%u: %s\n in: %s", first->place.line,
                            first->place.column, first->text, mistakes[i].line, mistakes[i].column,
                            mistakes[i].part, mistakes[i].file);
                assert_null(strchr(first->text, '\n'));
                assert_writes_as_itself(c);
        }
}

static void one_mistake_is_one_complaint(void **state)
{
        (void)state;
        g_autoptr(GPtrArray) complaints = up_complaints_new();
        g_autoptr(up_case) c = read_text(HEAD
            "title: a\x01\x02\x03\r\nscirpt:\n  submit 2 smtp\r\n  dance\nmessage:\r\n",
            complaints);

        /* CR LF, the control bytes of one line, and a key with all that belongs to it */
        assert_int_equal(complaints->len, 3);
        assert_string_equal(c->title, "a???");
        assert_int_equal(c->script->len, 1);
}

static void a_nul_does_not_end_a_line(void **state)
{
        (void)state;
        static const char file[] = HEAD "title: a\0b\nmessage:\nx\0y";
        g_autoptr(GPtrArray) complaints = up_complaints_new();
        g_autoptr(up_case) c = up_case_read((const uint8_t *)file, sizeof file - 1, complaints);
        const struct up_complaint *first = complaints->pdata[0];

        assert_int_equal(complaints->len, 1);
        assert_int_equal(first->place.line, 2);
        assert_int_equal(first->place.column, 9);
        assert_string_equal(c->title, "a?b");
        assert_int_equal(g_bytes_get_size(c->message), 3);
}

static void a_value_out_of_bounds_becomes_the_nearest(void **state)
{
        (void)state;
        g_autoptr(up_case) c =
            read_text(HEAD "time: 1900-01-01T00:00:00Z\n"
                           "policy: lifetime=99d attempts=4000000000k backoff=1h..1m max-depth=1m\n"
                           "script:\n  submit 99 smtp\n  wait 100d\nmessage:\n",
                NULL);
        const struct up_event *event = c->script->pdata[0];
        const struct up_event *wait = c->script->pdata[1];

        assert_int_equal(c->time_s, 0);
        assert_int_equal(c->policy.lifetime_ms, INT64_C(30) * 24 * 60 * 60 * 1000);
        assert_int_equal(c->policy.attempts, 1000);
        assert_int_equal(c->policy.backoff_min_ms, 60 * 60 * 1000);
        assert_int_equal(c->policy.backoff_max_ms, 60 * 60 * 1000);
        assert_int_equal(c->policy.limits.depth, 1024);
        assert_string_equal(event->words[0], "64");
        assert_string_equal(wait->words[0], "60d");
}

static void invalid_values_leave_the_defaults(void **state)
{
        (void)state;
        g_autoptr(up_case) c = read_text(HEAD
            "time: now\nenvelope: to=,, from notify=maybe\npolicy: lifetime=long unscannable=eat\n"
            "script:\n  dance\ncolour: red\nmessage:\nx",
            NULL);
        g_autoptr(GBytes) written = up_case_write(c);

        assert_bytes(written, HEAD "message:\nx");
}

/* --- bounds ----------------------------------------------------------------------------------- */

static void assert_first_complaint(
    const char *file, unsigned line, unsigned column, const char *part)
{
        g_autoptr(GPtrArray) complaints = up_complaints_new();
        g_autoptr(up_case) c = read_text(file, complaints);
        const struct up_complaint *first;

        assert_int_equal(complaints->len, 1);
        first = complaints->pdata[0];
        assert_int_equal(first->place.line, line);
        assert_int_equal(first->place.column, column);
        assert_non_null(strstr(first->text, part));
        assert_writes_as_itself(c);
}

static GString *repeated(const char *text, size_t times)
{
        GString *many = g_string_new(NULL);

        while (times-- > 0)
                g_string_append(many, text);
        return many;
}

static void a_long_line_is_skipped(void **state)
{
        (void)state;
        g_autoptr(GString) longest = repeated("x", UP_CASE_LINE_BYTES - strlen("title: "));
        g_autofree char *fits = g_strdup_printf(HEAD "title: %s\nmessage:\n", longest->str);
        g_autofree char *exceeds = g_strdup_printf(HEAD "title: %sx\nmessage:\n", longest->str);
        g_autoptr(GPtrArray) complaints = up_complaints_new();
        g_autoptr(up_case) c = read_text(fits, complaints);

        assert_no_complaint(complaints);
        assert_int_equal(strlen(c->title), longest->len);
        assert_first_complaint(exceeds, 2, 1, "the limit is 1048576");
}

static void events_and_recipients_are_bounded(void **state)
{
        (void)state;
        g_autoptr(GString) events = repeated("  submit 1 smtp\n", UP_CASE_EVENTS);
        g_autoptr(GString) address = repeated("a", UP_CASE_ADDRESS_BYTES);
        g_string_append_c(address, ',');
        g_autoptr(GString) to = repeated(address->str, UP_CASE_RECIPIENTS);
        g_string_truncate(to, to->len - 1);
        g_string_truncate(address, address->len - 1);
        g_autofree char *full =
            g_strdup_printf(HEAD "envelope: from=%s to=%s\nscript:\n%smessage:\n", address->str,
                to->str, events->str);
        g_autoptr(GPtrArray) complaints = up_complaints_new();
        g_autoptr(up_case) c = read_text(full, complaints);

        assert_no_complaint(complaints);
        assert_int_equal(c->envelope.to->len, UP_CASE_RECIPIENTS);
        assert_int_equal(c->script->len, UP_CASE_EVENTS);
        assert_writes_as_itself(c);

        g_autofree char *more_events =
            g_strdup_printf(HEAD "script:\n%s  submit 1 smtp\nmessage:\n", events->str);
        g_autofree char *more_to = g_strdup_printf(HEAD "envelope: to=%s,a\nmessage:\n", to->str);
        g_autofree char *longer =
            g_strdup_printf(HEAD "envelope: to=a,%sa\nmessage:\n", address->str);
        assert_first_complaint(more_events, 3 + UP_CASE_EVENTS, 3, "more than 4096 events");
        assert_first_complaint(more_to, 2, (unsigned)to->len + 15, "more than 1024 recipients");
        assert_first_complaint(longer, 2, 16, "the limit is 1000");
}

static void complaints_are_bounded(void **state)
{
        (void)state;
        g_autoptr(GString) lines = repeated("x: y\n", 10 * UP_CASE_COMPLAINTS);
        g_string_prepend(lines, HEAD);
        g_autoptr(GPtrArray) complaints = up_complaints_new();
        g_autoptr(up_case) c = read_text(lines->str, complaints);
        const struct up_complaint *last = complaints->pdata[UP_CASE_COMPLAINTS - 1];

        assert_int_equal(complaints->len, UP_CASE_COMPLAINTS);
        assert_non_null(strstr(last->text, "too many mistakes"));
        assert_int_equal(g_bytes_get_size(c->message), 0);
}

/* Quadratic time would take hours. */
static void assert_read_in_linear_time(const uint8_t *data, size_t bytes)
{
        gint64 begin_us = g_get_monotonic_time();
        g_autoptr(GPtrArray) complaints = up_complaints_new();
        g_autoptr(up_case) c = up_case_read(data, bytes, complaints);

        assert_int_equal(complaints->len, UP_CASE_COMPLAINTS);
        assert_int_equal(g_bytes_get_size(c->message), 0);
        assert_true(g_get_monotonic_time() - begin_us < 60 * G_USEC_PER_SEC);
}

static void large_files_are_read_in_linear_time(void **state)
{
        (void)state;
        static const char head[] = HEAD "script:\n";
        const size_t bytes = (size_t)4 << 20;
        g_autofree uint8_t *noise = g_malloc(bytes);
        g_autofree uint8_t *short_lines = g_malloc(bytes / 4);
        g_autoptr(GRand) rand = g_rand_new_with_seed(1);

        for (size_t i = 0; i < bytes; i++)
                noise[i] = (uint8_t)g_rand_int(rand);
        for (size_t i = 0; i < bytes / 4; i++)
                short_lines[i] = (uint8_t) " x\n"[i % 3];
        memcpy(noise, HEAD, strlen(HEAD));
        memcpy(short_lines, head, strlen(head));
        assert_read_in_linear_time(noise, bytes);
        assert_read_in_linear_time(short_lines, bytes / 4);
}

/* --- properties ------------------------------------------------------------------------------- */

#define CASES 1000

static char *random_word(GRand *rand)
{
        static const char *const pieces[] = { "a", "Z", "0", "@", ".", "-", "=", "%", ":", "ü",
                "\"", "message:", UP_EICAR_PLACEHOLDER };
        GString *word = g_string_new(NULL);

        for (int n = g_rand_int_range(rand, 1, 12); n > 0; n--)
                g_string_append(word, pieces[g_rand_int_range(rand, 0, G_N_ELEMENTS(pieces))]);
        return g_string_free(word, FALSE);
}

static void maybe_set_text(GRand *rand, char **text)
{
        if (g_rand_boolean(rand)) {
                g_autofree char *first = random_word(rand);
                g_autofree char *second = random_word(rand);
                *text = g_strdup_printf("%s \t %s", first, second);
        }
}

static int64_t random_between(GRand *rand, int64_t least, int64_t most)
{
        return least + (int64_t)(g_rand_double(rand) * (double)(most - least));
}

static void maybe_set_policy(GRand *rand, struct up_policy *policy)
{
        for (size_t i = 0; i < UP_POLICY_SETTINGS; i++) {
                struct up_policy_row setting = up_policy_setting(i);
                int64_t *value = (int64_t *)(void *)((char *)policy + setting.offset);

                if (g_rand_boolean(rand))
                        continue;
                value[0] = random_between(rand, setting.least, setting.most + 1);
                if (setting.kind == UP_POLICY_TIME_RANGE)
                        value[1] = random_between(rand, value[0], setting.most);
        }
}

static char *random_from_range(GRand *rand, const char *least, const char *most)
{
        int64_t least_ms, most_ms;

        if (up_policy_parse_time(least, &least_ms) && up_policy_parse_time(most, &most_ms))
                return up_policy_print_time(random_between(rand, least_ms, most_ms + 1));
        return g_strdup_printf(
            "%" G_GINT64_FORMAT, random_between(rand, g_ascii_strtoll(least, NULL, 10),
                                     g_ascii_strtoll(most, NULL, 10) + 1));
}

static char *random_argument(GRand *rand, const char *pattern)
{
        g_auto(GStrv) ends = g_strsplit(pattern, "..", 2);
        g_auto(GStrv) choices = g_strsplit(pattern, "|", -1);

        if (g_strv_length(ends) == 2)
                return random_from_range(rand, ends[0], ends[1]);
        return g_strdup(choices[g_rand_int_range(rand, 0, (gint32)g_strv_length(choices))]);
}

static void random_script(GRand *rand, GPtrArray *script)
{
        g_ptr_array_set_size(script, 0);
        for (int n = g_rand_int_range(rand, 1, 20); n > 0; n--) {
                struct up_event *event = g_new0(struct up_event, 1);

                event->verb = &up_verb_rows[g_rand_int_range(rand, 0, UP_VERB_COUNT)];
                event->words = g_strsplit(event->verb->arguments, " ", -1);
                for (char **word = event->words; *word != NULL; word++) {
                        g_autofree char *pattern = *word;
                        *word = random_argument(rand, pattern);
                }
                g_ptr_array_add(script, event);
        }
}

static GBytes *random_message(GRand *rand)
{
        gsize bytes = (gsize)g_rand_int_range(rand, 0, 300);
        uint8_t *data = g_malloc(bytes);

        for (gsize i = 0; i < bytes; i++)
                data[i] = (uint8_t)g_rand_int(rand);
        return g_bytes_new_take(data, bytes);
}

#define AT(name) offsetof(struct up_case, name)
static const size_t texts[] = { AT(title), AT(reference), AT(fault), AT(finding), AT(evidence),
        AT(mutation) };

static struct up_case *random_case(GRand *rand)
{
        struct up_case *c = up_case_new();

        for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
                maybe_set_text(rand, &G_STRUCT_MEMBER(char *, c, texts[i]));
        if (g_rand_boolean(rand))
                c->known =
                    (struct up_known){ random_word(rand), random_word(rand), random_word(rand) };
        if (g_rand_boolean(rand))
                c->time_s = random_between(rand, 0, INT64_C(253402300799));
        if (g_rand_boolean(rand)) {
                g_free(c->envelope.from);
                c->envelope.from = g_rand_boolean(rand) ? random_word(rand) : g_strdup("");
                for (int n = g_rand_int_range(rand, 0, 5); n > 0; n--)
                        g_ptr_array_add(c->envelope.to, random_word(rand));
                c->envelope.notify_never = g_rand_boolean(rand);
        }
        if (g_rand_boolean(rand))
                maybe_set_policy(rand, &c->policy);
        if (g_rand_boolean(rand))
                random_script(rand, c->script);
        g_bytes_unref(c->message);
        c->message = random_message(rand);
        return c;
}

static void assert_same_text(const char *a, const char *b)
{
        if (g_strcmp0(a, b) != 0)
                fail_msg("%s instead of %s", b, a);
}

static void assert_same_case(const struct up_case *a, const struct up_case *b)
{
        for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
                assert_same_text(
                    G_STRUCT_MEMBER(char *, a, texts[i]), G_STRUCT_MEMBER(char *, b, texts[i]));
        assert_same_text(a->known.name, b->known.name);
        assert_same_text(a->known.version, b->known.version);
        assert_same_text(a->known.url, b->known.url);
        assert_int_equal(a->time_s, b->time_s);
        assert_same_text(a->envelope.from, b->envelope.from);
        assert_int_equal(a->envelope.notify_never, b->envelope.notify_never);
        assert_int_equal(a->envelope.to->len, b->envelope.to->len);
        for (guint i = 0; i < a->envelope.to->len; i++)
                assert_same_text(a->envelope.to->pdata[i], b->envelope.to->pdata[i]);
        assert_memory_equal(&a->policy, &b->policy, sizeof a->policy);
        assert_int_equal(a->script->len, b->script->len);
        for (guint i = 0; i < a->script->len; i++) {
                const struct up_event *event_a = a->script->pdata[i];
                const struct up_event *event_b = b->script->pdata[i];
                assert_ptr_equal(event_a->verb, event_b->verb);
                assert_true(g_strv_equal(
                    (const char *const *)event_a->words, (const char *const *)event_b->words));
        }
        assert_true(g_bytes_equal(a->message, b->message));
}

static void any_case_reads_back(void **state)
{
        (void)state;
        g_autoptr(GRand) rand = g_rand_new_with_seed(2);

        for (int i = 0; i < CASES; i++) {
                g_autoptr(up_case) c = random_case(rand);
                g_autoptr(GBytes) written = up_case_write(c);
                g_autoptr(GPtrArray) complaints = up_complaints_new();
                g_autoptr(up_case) again = read_bytes(written, complaints);

                assert_no_complaint(complaints);
                assert_same_case(c, again);
                assert_writes_as_itself(again);
        }
}

static void every_prefix_of_a_case_is_a_case(void **state)
{
        (void)state;
        size_t head_bytes = (size_t)(strstr(full_case, "message:\n") - full_case);

        for (size_t bytes = 0; bytes <= strlen(full_case); bytes++) {
                /* on the heap at its exact size, so that a sanitizer sees a byte too many */
                g_autofree uint8_t *data = g_memdup2(full_case, bytes);
                g_autoptr(GPtrArray) complaints = up_complaints_new();
                g_autoptr(up_case) c = up_case_read(data, bytes, complaints);

                if (bytes >= strlen("unpend-case:") && bytes < head_bytes + strlen("message:"))
                        assert_int_not_equal(complaints->len, 0);
                assert_writes_as_itself(c);
        }
}

static void every_damaged_case_is_a_case(void **state)
{
        (void)state;
        g_autoptr(GRand) rand = g_rand_new_with_seed(3);

        for (int i = 0; i < CASES; i++) {
                g_autofree uint8_t *data = g_memdup2(full_case, strlen(full_case));
                for (int n = g_rand_int_range(rand, 1, 20); n > 0; n--)
                        data[g_rand_int_range(rand, 0, (gint32)strlen(full_case))] =
                            (uint8_t)g_rand_int(rand);
                g_autoptr(up_case) c = up_case_read(data, strlen(full_case), NULL);
                assert_writes_as_itself(c);
        }
}

static void the_tables_are_sound(void **state)
{
        (void)state;
        struct up_policy policy;

        up_policy_init(&policy);
        for (size_t i = 0; i < UP_CASE_KEY_COUNT; i++) {
                assert_non_null(up_case_key_rows[i].name);
                assert_non_null(up_case_key_rows[i].what);
        }
        for (size_t i = 0; i < UP_POLICY_SETTINGS; i++) {
                struct up_policy_row setting = up_policy_setting(i);
                g_autofree char *written = up_policy_get(&policy, &setting);

                assert_true(up_policy_is_standard(&policy, &setting));
                assert_in_range(setting.standard, setting.least, setting.most);
                assert_true(up_policy_set(&policy, &setting, written, NULL));
                assert_true(up_policy_is_standard(&policy, &setting));
        }
}

static void only_a_near_name_is_suggested(void **state)
{
        (void)state;
        static const struct {
                const char *word;
                const char *name;
        } words[] = {
                { "scrpt", "script" },
                { "SCRIPT", "script" },
                { "scritp", "script" },
                { "titel", "title" },
                { "t", NULL },
                { "", NULL },
                { "envelopes-and-more", NULL },
                { "a-word-that-is-longer-than-any-name-there-is", NULL },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
                struct up_nearest nearest = up_nearest_to(words[i].word);
                for (size_t j = 0; j < UP_CASE_KEY_COUNT; j++)
                        up_nearest_try(&nearest, up_case_key_rows[j].name);
                assert_same_text(words[i].name, nearest.name);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_message_without_a_head_is_the_default_case),
                cmocka_unit_test(an_empty_file_is_an_empty_message),
                cmocka_unit_test(every_key_is_read),
                cmocka_unit_test(every_key_is_written),
                cmocka_unit_test(order_and_spacing_are_free),
                cmocka_unit_test(the_test_virus_is_never_written),
                cmocka_unit_test(every_verb_is_read_and_written),
                cmocka_unit_test(mistakes_are_reported_with_their_place),
                cmocka_unit_test(one_mistake_is_one_complaint),
                cmocka_unit_test(a_nul_does_not_end_a_line),
                cmocka_unit_test(a_value_out_of_bounds_becomes_the_nearest),
                cmocka_unit_test(invalid_values_leave_the_defaults),
                cmocka_unit_test(a_long_line_is_skipped),
                cmocka_unit_test(events_and_recipients_are_bounded),
                cmocka_unit_test(complaints_are_bounded),
                cmocka_unit_test(large_files_are_read_in_linear_time),
                cmocka_unit_test(any_case_reads_back),
                cmocka_unit_test(every_prefix_of_a_case_is_a_case),
                cmocka_unit_test(every_damaged_case_is_a_case),
                cmocka_unit_test(the_tables_are_sound),
                cmocka_unit_test(only_a_near_name_is_suggested),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
