/*
 * test_scan_submit - the reference pipeline in the world: dispositions, and what is sent
 *
 * Each test runs a script and reads only the ledger. Broken promises are for the oracles, which the
 * regressions cover; these tests fix the exact behaviour of the reference.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "faults/faults.h"
#include "scan_submit/scan_submit.h"
#include "ledger/index.h"
#include "world/world.h"

/* --- cases ------------------------------------------------------------------------------------ */

#define MESSAGE_ID "<minutes@example.com>"
#define HEADER                                                                                     \
        "From: alice@example.com\r\n"                                                              \
        "Subject: minutes\r\n"                                                                     \
        "Message-ID: " MESSAGE_ID "\r\n"

#define PLAIN    HEADER "\r\nThe minutes are ready.\r\n"
#define INFECTED HEADER "\r\n{{EICAR}}\r\n"
#define EIGHT    HEADER "Content-Transfer-Encoding: 8bit\r\n\r\nGr\xc3\xbc\xc3\x9f\x65.\r\n"
#define SIGNED                                                                                     \
        HEADER                                                                                     \
        "MIME-Version: 1.0\r\n"                                                                    \
        "Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\";\r\n"            \
        " micalg=sha-256; boundary=b\r\n"                                                          \
        "\r\n"                                                                                     \
        "--b\r\n\r\nThe minutes are ready.\r\n"                                                    \
        "--b\r\nContent-Type: application/pkcs7-signature\r\n"                                     \
        "Content-Transfer-Encoding: base64\r\n\r\n"                                                \
        "MCMGCSqGSIb3DQEHAqAWMBQCAQExADALBgkqhkiG9w0BBwExAA==\r\n"                                 \
        "--b--\r\n"

#define TO_THREE "envelope: from=alice@example.com to=b@example.com,c@example.com,d@example.com\n"

/* @head is whole lines of a case. */
static struct up_case *case_of(const char *head, const char *message)
{
        g_autofree char *file = g_strconcat("unpend-case: 1\n", head, "message:\n", message, NULL);
        g_autoptr(GPtrArray) complaints = up_complaints_new();
        struct up_case *c = up_case_read((const uint8_t *)file, strlen(file), complaints);

        if (complaints->len > 0)
                fail_msg("%s", ((struct up_complaint *)complaints->pdata[0])->text);
        return c;
}

static struct up_ledger *play(
    const char *head, const char *message, const struct up_pipeline *pipeline)
{
        g_autoptr(up_case) c = case_of(head, message);

        return up_world_run(c, pipeline, UP_MODE_BASELINE);
}

/* --- looking at the ledger -------------------------------------------------------------------- */

static unsigned count_of(const struct up_ledger *ledger, enum up_entry_kind kind)
{
        unsigned count = 0;

        for (guint i = 0; i < ledger->entries->len; i++)
                count += up_ledger_at(ledger, i)->kind == kind;
        return count;
}

static enum up_ending ending_of(const struct up_ledger *ledger)
{
        const struct up_entry *last = up_ledger_at(ledger, ledger->entries->len - 1);

        assert_int_equal(last->kind, UP_ENTRY_END);
        return last->as.ending;
}

static void add_fate(GString *fates, const struct up_view *view)
{
        if (fates->len > 0)
                g_string_append_c(fates, ' ');
        g_string_append(fates, up_disposition_names[view->disposition]);
        if (view->access != UP_ACCESS_OPEN)
                g_string_append_printf(fates, "/%s", up_access_names[view->access]);
        if (view->owner == UP_OWNER_ADMINISTRATOR)
                g_string_append(fates, "/held");
}

/* The dispositions of all recipients of what was handed in, or of the notices. */
static char *fates_of(const struct up_ledger *ledger, bool of_notices)
{
        g_autoptr(up_ledger_index) index = up_ledger_index_new(ledger);
        GString *fates = g_string_new(NULL);

        for (guint i = 0; i < index->recipients->len; i++) {
                const struct up_view *view = up_index_recipient(index, i)->last_view;
                if ((view->parent != 0) == of_notices)
                        add_fate(fates, view);
        }
        return g_string_free(fates, FALSE);
}

static bool ends_with(GBytes *bytes, GBytes *end)
{
        gsize all, size;
        const char *data = g_bytes_get_data(bytes, &all);
        const void *wanted = g_bytes_get_data(end, &size);

        return all >= size && memcmp(data + all - size, wanted, size) == 0;
}

/* Whatever is sent of mail that was handed in has trace fields before it, and is else as it came.
 */
static void assert_sent_as_it_came(const struct up_ledger *ledger, GBytes *message)
{
        for (guint i = 0; i < ledger->entries->len; i++) {
                const struct up_entry *entry = up_ledger_at(ledger, i);
                if (entry->kind == UP_ENTRY_SEND && entry->number != 0)
                        assert_true(ends_with(entry->bytes, message));
        }
}

/* --- what becomes of mail --------------------------------------------------------------------- */

static const struct fate {
        const char *what;
        const char *head;
        const char *message;
        const char *fates;   /* of each recipient of each message, in order */
        const char *notices; /* what became of those */
        unsigned sent;       /* transactions, those of notices too */
} fates[] = {
        { "a message", "script:\n  submit 1 local\n", PLAIN, "delivered", "", 1 },
        { "a clear-signed message", "script:\n  submit 1 local\n", SIGNED, "delivered", "", 1 },
        { "three recipients, three fates",
            TO_THREE "script:\n  rcpt 2 defer\n  rcpt 3 reject\n  submit 1 local\n  wait 30s\n"
                     "  rcpt 2 accept\n",
            PLAIN, "delivered delivered bounced", "delivered", 3 },
        { "infected: nothing is sent, not even a notice", "script:\n  submit 1 smtp\n", INFECTED,
            "quarantined", "", 0 },
        { "infected, and discarded by policy",
            "policy: infected=discard\nscript:\n  submit 1 smtp\n", INFECTED, "discarded", "", 0 },
        { "infected, found in the store: deposited, and never readable",
            "policy: transport-scan=off store-scan=on\nscript:\n  submit 1 local\n", INFECTED,
            "delivered/refused", "", 1 },
        { "infected, and nothing is scanned at all",
            "policy: transport-scan=off\nscript:\n  submit 1 local\n", INFECTED, "delivered", "",
            1 },
        { "a scanner that never answers", "script:\n  scan 0 never\n  submit 1 local\n", PLAIN,
            "bounced", "delivered", 1 },
        { "the same, and policy delivers it",
            "policy: unscannable=deliver\nscript:\n  scan 0 never\n  submit 1 local\n", PLAIN,
            "delivered", "", 1 },
        { "the same, and policy puts it aside",
            "policy: unscannable=quarantine\nscript:\n  scan 0 never\n  submit 1 local\n", PLAIN,
            "quarantined", "", 0 },
        { "the verdict on one message is never another's",
            "policy: attempts=2\nscript:\n  scan 1 other\n  submit 1 local\n  submit 2 local\n",
            PLAIN, "bounced delivered", "delivered", 2 },
        { "a next hop that never accepts: three attempts, and three of the notice",
            "policy: send-attempts=3\nscript:\n  hop 0 mail defer\n  submit 1 local\n", PLAIN,
            "bounced", "abandoned", 6 },
        { "notify=never: no notice",
            "envelope: from=alice@example.com to=b@example.com notify=never\n"
            "script:\n  hop 0 mail reject\n  submit 1 local\n",
            PLAIN, "bounced", "", 1 },
        { "there is no notice of a notice",
            "envelope: from=<> to=b@example.com\nscript:\n  hop 0 dot reject\n  submit 1 smtp\n",
            PLAIN, "abandoned", "", 1 },
        { "no time at all", "policy: lifetime=0ms\nscript:\n  submit 1 local\n", PLAIN, "bounced",
            "delivered", 1 },
        { "accepted after its lifetime, in a transaction that began before",
            "policy: lifetime=10m backoff=599s..599s\n"
            "script:\n  hop 0 dot defer\n  submit 1 local\n  wait 1m\n  hop 0 dot accept\n",
            PLAIN, "delivered", "", 2 },
        { "8-bit, and a next hop without 8BITMIME: not changed, not tried",
            "script:\n  offers 8bitmime off\n  submit 1 local\n", EIGHT, "bounced", "delivered",
            1 },
        { "without SMTPUTF8 only the recipient that needs it fails",
            "envelope: from=alice@example.com to=bø@example.com,c@example.com\n"
            "script:\n  offers smtputf8 off\n  submit 1 local\n",
            PLAIN, "bounced delivered", "delivered", 2 },
        { "held, its lifetime over, forgotten",
            "script:\n  hop 1 dot defer\n  submit 1 local\n  wait 10s\n  hold 1\n", PLAIN,
            "none/held", "", 1 },
        { "released when its lifetime was over",
            "script:\n  hop 1 dot defer\n  submit 1 local\n  wait 10s\n  hold 1\n  wait 5d\n"
            "  hop 1 dot accept\n  release 1\n",
            PLAIN, "bounced", "delivered", 2 },
        { "released in time",
            "script:\n  hop 1 dot defer\n  submit 1 local\n  wait 10s\n  hold 1\n  wait 1h\n"
            "  hop 1 dot accept\n  release 1\n",
            PLAIN, "delivered", "", 2 },
        { "held while a transaction is under way, which fails",
            "script:\n  hop 1 dot never\n  submit 1 local\n  wait 1s\n  hold 1\n  wait 1h\n"
            "  hop 1 dot accept\n",
            PLAIN, "none/held", "", 1 },
        { "deleted while a transaction is under way, which fails",
            "script:\n  hop 1 dot lost\n  submit 1 local\n  wait 300ms\n  delete 1\n", PLAIN,
            "discarded", "", 1 },
        { "deleted while it is scanned",
            "script:\n  scan 1 never\n  submit 1 local\n  wait 1s\n  delete 1\n", PLAIN,
            "discarded", "", 0 },
        { "jumps of the wall clock do not change the lifetime",
            "script:\n  hop 0 mail defer\n  submit 1 local\n  wait 10s\n  clock forward 3650d\n"
            "  wait 10s\n  hop 0 mail accept\n  clock back 3650d\n",
            PLAIN, "delivered", "", 2 },
        { "a looping copy is refused at max-hops",
            "policy: max-hops=2\nscript:\n  loop on\n  submit 1 smtp\n", PLAIN,
            "delivered delivered delivered", "", 3 },
};

static void mail_ends_as_it_should(void **state)
{
        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(fates); i++) {
                const struct fate *fate = &fates[i];
                g_autoptr(up_case) c = case_of(fate->head, fate->message);
                g_autoptr(up_ledger) ledger = up_world_run(c, &up_scan_submit, UP_MODE_BASELINE);
                g_autofree char *ends = fates_of(ledger, false);
                g_autofree char *notices = fates_of(ledger, true);

                if (strcmp(ends, fate->fates) != 0 || strcmp(notices, fate->notices) != 0 ||
                    count_of(ledger, UP_ENTRY_SEND) != fate->sent)
                        fail_msg("%s: %s; notices: %s; %u sent", fate->what, ends, notices,
                            count_of(ledger, UP_ENTRY_SEND));
                assert_int_equal(ending_of(ledger), UP_ENDING_SETTLED);
                assert_sent_as_it_came(ledger, c->message);
        }
}

/* The gate in front of a mailbox: it opens by a verdict of the store's scan, once, or never. */
static void only_a_verdict_opens_the_store(void **state)
{
        g_autoptr(up_ledger) healthy =
            play("policy: store-scan=on\nscript:\n  submit 1 local\n", PLAIN, &up_scan_submit);
        g_autoptr(up_ledger) infected =
            play("policy: transport-scan=off store-scan=on\nscript:\n  submit 1 local\n", INFECTED,
                &up_scan_submit);
        guint at = 0;

        (void)state;
        assert_int_equal(count_of(healthy, UP_ENTRY_OPEN), 1);
        assert_int_equal(count_of(infected, UP_ENTRY_OPEN), 0);
        while (up_ledger_at(healthy, at)->kind != UP_ENTRY_OPEN)
                at++;
        assert_int_equal(up_ledger_at(healthy, at - 1)->kind, UP_ENTRY_SCANNED);
        assert_int_equal(up_ledger_at(healthy, at - 1)->as.scan.level, UP_LEVEL_STORE);
}

/* --- crashes ---------------------------------------------------------------------------------- */

/* Three messages with three recipients each, all kinds of trouble, and both levels of scan. */
#define RICH                                                                                       \
        TO_THREE "policy: store-scan=on\nscript:\n"                                                \
                 "  rcpt 2 defer\n  rcpt 3 reject\n  scan 2 infected\n  hop 3 dot lost\n"          \
                 "%s"                                                                              \
                 "  submit 1 local\n  submit 2 smtp\n  wait 100ms\n  submit 3 smtp\n  wait 30s\n"  \
                 "  rcpt 2 accept\n  hop 3 dot accept\n  wait 1h\n  submit 4 local\n"

#define NUMBERS    5 /* 0 is not used */
#define RECIPIENTS 3

static const enum up_disposition rich_fates[NUMBERS][RECIPIENTS] = {
        [1] = { UP_DISPOSITION_DELIVERED, UP_DISPOSITION_DELIVERED, UP_DISPOSITION_BOUNCED },
        [2] = { UP_DISPOSITION_QUARANTINED, UP_DISPOSITION_QUARANTINED,
            UP_DISPOSITION_QUARANTINED },
        [3] = { UP_DISPOSITION_DELIVERED, UP_DISPOSITION_DELIVERED, UP_DISPOSITION_BOUNCED },
        [4] = { UP_DISPOSITION_DELIVERED, UP_DISPOSITION_DELIVERED, UP_DISPOSITION_BOUNCED },
};

/* What the next hop has got, and how often it cannot be known whether it has. */
struct copies {
        unsigned delivered, ambiguous;
};

/* A transaction from its beginning to the end of the step that took its answer. */
struct handover {
        const struct up_entry *send;
        bool answered;
};

static void count_copies(struct copies copies[NUMBERS][RECIPIENTS], const struct up_entry *sent)
{
        const struct up_send_answer answer = { sent->as.send.mail, sent->as.send.rcpt,
                sent->as.send.count, sent->as.send.data, sent->as.send.dot };

        for (unsigned i = 0; i < sent->as.send.count; i++) {
                struct copies *of = &copies[sent->number][sent->as.send.recipients[i]];
                enum up_outcome outcome = up_send_outcome(&answer, i);
                of->delivered += outcome == UP_OUTCOME_DELIVERED;
                of->ambiguous += outcome == UP_OUTCOME_UNKNOWN;
        }
}

static void count_crash(struct copies copies[NUMBERS][RECIPIENTS], const GArray *handovers)
{
        for (guint i = 0; i < handovers->len; i++) {
                const struct up_entry *send = g_array_index(handovers, struct handover, i).send;
                for (unsigned j = 0; j < send->as.send.count; j++)
                        copies[send->number][send->as.send.recipients[j]].ambiguous++;
        }
}

static void find_copies(const struct up_ledger *ledger, struct copies copies[NUMBERS][RECIPIENTS])
{
        g_autoptr(GArray) handovers = g_array_new(FALSE, FALSE, sizeof(struct handover));

        for (guint i = 0; i < ledger->entries->len; i++) {
                const struct up_entry *entry = up_ledger_at(ledger, i);
                struct handover begun = { entry, false };
                if (entry->kind == UP_ENTRY_SEND)
                        g_array_append_val(handovers, begun);
                if (entry->kind == UP_ENTRY_SENT)
                        count_copies(copies, entry);
                if (entry->kind == UP_ENTRY_CRASH)
                        count_crash(copies, handovers);
                for (guint j = 0; j < handovers->len; j++) {
                        struct handover *open = &g_array_index(handovers, struct handover, j);
                        open->answered |=
                            entry->kind == UP_ENTRY_SENT && entry->request == open->send->request;
                        if (open->answered && entry->kind == UP_ENTRY_STEP)
                                g_array_remove_index(handovers, j--);
                }
        }
}

static void assert_no_more_copies_than_doubts(const struct up_ledger *ledger, unsigned operation)
{
        struct copies copies[NUMBERS][RECIPIENTS] = { 0 };

        find_copies(ledger, copies);
        for (unsigned number = 1; number < NUMBERS; number++)
                for (unsigned i = 0; i < RECIPIENTS; i++)
                        if (copies[number][i].delivered > 1 + copies[number][i].ambiguous)
                                fail_msg("crash %u: recipient %u of message %u got it %u times",
                                    operation, i, number, copies[number][i].delivered);
}

static bool was_accepted(const struct up_ledger *ledger, unsigned number, up_id *ret_message)
{
        for (guint i = 0; i < ledger->entries->len; i++) {
                const struct up_entry *entry = up_ledger_at(ledger, i);
                if (entry->kind == UP_ENTRY_SUBMIT && entry->number == number) {
                        *ret_message = entry->message;
                        return entry->as.submit.receipt == UP_RECEIPT_ACCEPTED;
                }
        }
        fail_msg("message %u was never handed in", number);
        return false;
}

static unsigned notices_about(const struct up_ledger_index *index, up_id message)
{
        unsigned count = 0;

        for (guint i = 0; i < index->recipients->len; i++) {
                const struct up_view *view = up_index_recipient(index, i)->last_view;
                count += view->parent == message;
                if (view->parent == message)
                        assert_int_equal(view->disposition, UP_DISPOSITION_DELIVERED);
        }
        return count;
}

/* A step that ends in a crash has no effect outside: it has no entry but the call. */
static void assert_no_effect_before_crash(const struct up_ledger *ledger, unsigned operation)
{
        for (guint i = 0; i < ledger->entries->len; i++) {
                if (up_ledger_at(ledger, i)->kind != UP_ENTRY_CRASH)
                        continue;
                for (guint j = i; j > 0 && up_ledger_at(ledger, j)->kind != UP_ENTRY_STEP; j--) {
                        enum up_entry_kind kind = up_ledger_at(ledger, j)->kind;
                        if (kind == UP_ENTRY_SCAN || kind == UP_ENTRY_SEND ||
                            kind == UP_ENTRY_OPEN || kind == UP_ENTRY_LOG)
                                fail_msg("crash %u: %s before it was durable", operation,
                                    up_entry_kind_names[kind]);
                }
        }
}

static void assert_nothing_is_lost(const struct up_ledger *ledger, unsigned operation)
{
        g_autoptr(up_ledger_index) index = up_ledger_index_new(ledger);
        up_id message;

        for (unsigned number = 1; number < NUMBERS; number++) {
                if (!was_accepted(ledger, number, &message))
                        continue;
                for (unsigned i = 0; i < RECIPIENTS; i++) {
                        const struct up_index_recipient *recipient =
                            up_index_find_recipient(index, message, i);
                        assert_non_null(recipient);
                        const struct up_view *view = recipient->last_view;
                        if (view->disposition != rich_fates[number][i])
                                fail_msg("crash %u: recipient %u of message %u is %s", operation, i,
                                    number, up_disposition_names[view->disposition]);
                        if (view->disposition == UP_DISPOSITION_DELIVERED)
                                assert_int_equal(view->access, UP_ACCESS_OPEN);
                }
                assert_int_equal(notices_about(index, message), number == 2 ? 0 : 1);
        }
}

static struct up_ledger *play_rich(unsigned operation)
{
        g_autofree char *crash =
            operation > 0 ? g_strdup_printf("  crash %u\n", operation) : g_strdup("");
        g_autofree char *head = g_strdup_printf(RICH, crash);

        return play(head, SIGNED, &up_scan_submit);
}

static void a_crash_at_any_operation_loses_nothing(void **state)
{
        unsigned operation = 0, refused = 0;
        bool crashed = true;

        (void)state;
        while (crashed) {
                g_autoptr(up_ledger) ledger = play_rich(++operation);
                up_id message;

                crashed = count_of(ledger, UP_ENTRY_CRASH) > 0;
                assert_int_equal(ending_of(ledger), UP_ENDING_SETTLED);
                assert_nothing_is_lost(ledger, operation);
                assert_no_more_copies_than_doubts(ledger, operation);
                assert_no_effect_before_crash(ledger, operation);
                for (unsigned number = 1; number < NUMBERS; number++)
                        refused += !was_accepted(ledger, number, &message);
        }
        /* Every operation had its turn; each submission is a put and a sync, and refused in both.
         */
        assert_true(operation > 40);
        assert_int_equal(refused, 2 * (NUMBERS - 1));
}

/* --- restarts --------------------------------------------------------------------------------- */

static void a_restart_leaves_settled_mail_alone(void **state)
{
        g_autofree char *plain = g_strdup_printf(RICH, "");
        g_autofree char *head = g_strconcat(plain, "  wait 1d\n  restart\n  restart\n", NULL);
        g_autoptr(up_ledger) ledger = play(head, SIGNED, &up_scan_submit);
        guint at = 0;

        (void)state;
        while (up_ledger_at(ledger, at)->kind != UP_ENTRY_RESTART)
                at++;
        for (; at < ledger->entries->len; at++) {
                const struct up_entry *entry = up_ledger_at(ledger, at);
                if (entry->kind == UP_ENTRY_SEND || entry->kind == UP_ENTRY_SCAN ||
                    entry->kind == UP_ENTRY_OPEN || entry->kind == UP_ENTRY_VIEW)
                        fail_msg("after the restart: %s", up_entry_kind_names[entry->kind]);
        }
        assert_int_equal(count_of(ledger, UP_ENTRY_RESTART), 2);
}

/* A message in which the process dies each time is given up like one that cannot be scanned. */
static void restarts_use_up_attempts(void **state)
{
        g_autoptr(GString) head =
            g_string_new("policy: attempts=4\nscript:\n  scan 1 never\n  submit 1 local\n");

        (void)state;
        for (unsigned i = 0; i < 4; i++)
                g_string_append(head, "  restart\n  wait 1h\n");
        g_autoptr(up_ledger) ledger = play(head->str, PLAIN, &up_scan_submit);
        g_autofree char *ends = fates_of(ledger, false);
        assert_string_equal(ends, "bounced");
        assert_true(count_of(ledger, UP_ENTRY_SCAN) <= 4);
}

/* --- KB843545 --------------------------------------------------------------------------------- */

/* How often event 348 stands in the event log of that run, each time as the KB article has it. */
static unsigned events_348(const struct up_ledger *ledger)
{
        unsigned count = 0;

        for (guint i = 0; i < ledger->entries->len; i++) {
                const struct up_entry *entry = up_ledger_at(ledger, i);
                if (entry->kind != UP_ENTRY_LOG || entry->as.log.event != 348)
                        continue;
                count++;
                assert_true(entry->as.log.failure);
                assert_int_equal(entry->as.log.code, 0);
                assert_string_equal(entry->as.log.source, "MSExchangeTransport");
                assert_string_equal(entry->as.log.category, "Exchange Store Driver");
                assert_string_equal(entry->as.log.message_id, MESSAGE_ID);
                assert_non_null(
                    strstr(entry->text, "Internet Message ID " MESSAGE_ID ", Error Code 0x0"));
        }
        return count;
}

static void kb843545_retries_for_ever(void **state)
{
        const struct up_pipeline *sick = up_fault_plant("kb843545");
        g_autoptr(up_ledger) healthy = play("script:\n  submit 1 local\n", SIGNED, &up_scan_submit);
        g_autoptr(up_ledger) stuck = play("script:\n  submit 1 local\n", SIGNED, sick);
        g_autofree char *ends = fates_of(stuck, false);

        (void)state;
        assert_int_equal(events_348(healthy), 0);
        /* Eight attempts is what policy grants. */
        assert_true(events_348(stuck) > 8);
        assert_string_equal(ends, "none");
        assert_int_equal(count_of(stuck, UP_ENTRY_SEND), 0);
        assert_int_equal(ending_of(stuck), UP_ENDING_CYCLE);
}

/* Everything that the KB article says passes, or makes it pass. */
static void kb843545_touches_nothing_else(void **state)
{
        static const struct {
                const char *head, *message, *fates;
        } rows[] = {
                { "script:\n  submit 1 local\n", PLAIN, "delivered" },
                { "script:\n  submit 1 smtp\n", SIGNED, "delivered" },
                { "script:\n  transport-scan off\n  submit 1 local\n", SIGNED, "delivered" },
                { "policy: transport-scan=off store-scan=on\nscript:\n  submit 1 local\n", SIGNED,
                    "delivered" },
                { "script:\n  submit 1 local\n  wait 10m\n  transport-scan off\n"
                  "  submit 2 local\n",
                    SIGNED, "none delivered" },
                { "script:\n  submit 1 local\n  wait 1h\n  restart\n", SIGNED, "none" },
        };
        const struct up_pipeline *sick = up_fault_plant("kb843545");

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                g_autoptr(up_ledger) ledger = play(rows[i].head, rows[i].message, sick);
                g_autofree char *ends = fates_of(ledger, false);
                if (strcmp(ends, rows[i].fates) != 0)
                        fail_msg("%s%s", rows[i].head, ends);
        }
}

static void faults_are_the_same_in_any_order(void **state)
{
        (void)state;
        assert_true(up_fault_same("kb843545,word-loop", "word-loop,kb843545"));
        assert_true(up_fault_same("word-loop", "word-loop,word-loop"));
        assert_true(up_fault_same(NULL, NULL));
        assert_false(up_fault_same("kb843545,word-loop", "kb843545"));
        assert_false(up_fault_same("kb843545", "kb843545,word-loop"));
        assert_false(up_fault_same("kb843545", NULL));
}

/* --- turns ------------------------------------------------------------------------------------ */

/* Four of twelve recipients break every connection, and come back for their next attempt sooner
 * than one worker is through with all. */
static void retries_wait_for_first_attempts(void **state)
{
        enum { TWELVE = 12, TOGETHER = 2 };
        unsigned attempts[TWELVE] = { 0 };

        (void)state;
        g_autoptr(up_ledger) ledger =
            play("envelope: from=s@example.com to=a,b,c,d,e,f,g,h,i,j,k,l\n"
                 "policy: workers=1 backoff=1s..1s\n"
                 "script:\n"
                 "  rcpt 1 lost\n  rcpt 2 lost\n"
                 "  rcpt 3 lost\n  rcpt 4 lost\n"
                 "  submit 1 local\n",
                PLAIN, &up_scan_submit);
        for (guint i = 0; i < ledger->entries->len; i++) {
                const struct up_entry *entry = up_ledger_at(ledger, i);
                if (entry->kind != UP_ENTRY_SEND || entry->number != 1)
                        continue;
                for (unsigned j = 0; j < entry->as.send.count; j++)
                        attempts[entry->as.send.recipients[j]]++;
                for (unsigned j = 0; attempts[0] > TOGETHER + 1 && j < TWELVE; j++)
                        assert_true(attempts[j] > TOGETHER);
        }
        assert_true(attempts[0] > TOGETHER + 1);
}

/* It fails during submission, so its notice is sent before either id is known to the world. */
static void script_lines_for_a_message_do_not_apply_to_its_notice(void **state)
{
        (void)state;
        g_autoptr(up_ledger) ledger = play("policy: max-message=1\n"
                                           "script:\n  hop 1 mail reject\n  submit 1 local\n",
            PLAIN, &up_scan_submit);
        g_autofree char *fate = fates_of(ledger, false);
        g_autofree char *notices = fates_of(ledger, true);

        assert_string_equal(fate, "bounced");
        assert_string_equal(notices, "delivered");
        for (guint i = 0; i < ledger->entries->len; i++)
                if (up_ledger_at(ledger, i)->kind == UP_ENTRY_SEND)
                        assert_int_equal(up_ledger_at(ledger, i)->number, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(mail_ends_as_it_should),
                cmocka_unit_test(only_a_verdict_opens_the_store),
                cmocka_unit_test(a_crash_at_any_operation_loses_nothing),
                cmocka_unit_test(a_restart_leaves_settled_mail_alone),
                cmocka_unit_test(restarts_use_up_attempts),
                cmocka_unit_test(kb843545_retries_for_ever),
                cmocka_unit_test(kb843545_touches_nothing_else),
                cmocka_unit_test(faults_are_the_same_in_any_order),
                cmocka_unit_test(retries_wait_for_first_attempts),
                cmocka_unit_test(script_lines_for_a_message_do_not_apply_to_its_notice),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
