/*
 * Ledgers made by hand: an entry is kept whole and apart from what it was made of, the text of a
 * ledger distinguishes any two, the index has the last view of each recipient, and the trace is
 * short, in order, and safe on a terminal.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "ledger/index.h"
#include "ledger/trace.h"

#define MINUTE INT64_C(60000)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

static const struct up_pipeline pipeline = { .name = "by hand",
        .capabilities = UP_CAN_OWNER | UP_CAN_RANK };

static const char *const one_recipient[] = { "v@example.com", NULL };

static const struct up_view waiting_view = {
        .message = 1,
        .from = "u@example.com",
        .to = "v@example.com",
        .state = "scanning/waiting",
        .owner = UP_OWNER_WORKER,
        .owner_ms = 5 * MINUTE,
        .expiry_ms = 2 * DAY,
};

static void add(struct up_ledger *ledger, struct up_entry entry)
{
        up_ledger_add(ledger, &entry);
}

static void add_view(struct up_ledger *ledger, int64_t at_ms, struct up_view view)
{
        add(ledger,
            (struct up_entry){
                .kind = UP_ENTRY_VIEW, .at_ms = at_ms, .message = view.message, .as.view = view });
}

static void add_plain(struct up_ledger *ledger, enum up_entry_kind kind, int64_t at_ms)
{
        add(ledger, (struct up_entry){ .kind = kind, .at_ms = at_ms });
}

static void add_text(
    struct up_ledger *ledger, enum up_entry_kind kind, int64_t at_ms, const char *text)
{
        add(ledger, (struct up_entry){ .kind = kind, .at_ms = at_ms, .text = text });
}

static void add_end(struct up_ledger *ledger, int64_t at_ms, enum up_ending ending)
{
        add(ledger, (struct up_entry){ .kind = UP_ENTRY_END, .at_ms = at_ms, .as.ending = ending });
}

static GBytes *message_of(size_t bytes)
{
        return g_bytes_new_take(g_strnfill(bytes, 'x'), bytes);
}

static void add_submit(struct up_ledger *ledger, const char *from, const char *const *to)
{
        struct up_policy policy;

        up_policy_init(&policy);
        g_autoptr(GBytes) bytes = message_of(2345);

        add(ledger, (struct up_entry){ .kind = UP_ENTRY_SUBMIT,
                        .number = 1,
                        .message = 1,
                        .bytes = bytes,
                        .as.submit = { .from = from,
                            .to = to,
                            .notify = true,
                            .bound_ms = 2 * DAY + 65 * MINUTE,
                            .policy = &policy } });
}

static void add_scan(struct up_ledger *ledger, int64_t at_ms, up_request request)
{
        g_autoptr(GBytes) bytes = message_of(2345);

        add(ledger, (struct up_entry){ .kind = UP_ENTRY_SCAN,
                        .at_ms = at_ms,
                        .number = 1,
                        .message = 1,
                        .request = request,
                        .bytes = bytes });
}

static void add_scanned(
    struct up_ledger *ledger, int64_t at_ms, up_request request, struct up_scan_answer answer)
{
        add(ledger, (struct up_entry){ .kind = UP_ENTRY_SCANNED,
                        .at_ms = at_ms,
                        .number = 1,
                        .message = 1,
                        .request = request,
                        .as.scan.answer = answer });
}

static void add_log_348(struct up_ledger *ledger, int64_t at_ms)
{
        add(ledger, (struct up_entry){ .kind = UP_ENTRY_LOG,
                        .at_ms = at_ms,
                        .number = 1,
                        .message = 1,
                        .as.log = { .event = 348,
                            .source = "MSExchangeTransport",
                            .category = "Exchange Store Driver",
                            .message = 1,
                            .message_id = "<a@example.com>",
                            .failure = true,
                            .text = "A message could not be virus scanned - this operation will be "
                                    "retried later." } });
}

/* The answer of a scanner that is well, and a client that makes nothing of it: KB843545. */
static void add_failed_scan(
    struct up_ledger *ledger, int64_t at_ms, up_request request, int64_t retry_ms)
{
        struct up_view view = waiting_view;

        add_scanned(ledger, at_ms, request, (struct up_scan_answer){ .message = 1 });
        add_log_348(ledger, at_ms);
        view.state = "scan-wait/waiting";
        view.owner = UP_OWNER_TIMER;
        view.owner_ms = retry_ms;
        add_view(ledger, at_ms, view);
        add_plain(ledger, UP_ENTRY_STEP, at_ms);
}

static void add_retry(struct up_ledger *ledger, int64_t at_ms, up_request request)
{
        struct up_view view = waiting_view;

        add_plain(ledger, UP_ENTRY_RUN, at_ms);
        add_scan(ledger, at_ms, request);
        view.owner_ms = at_ms + 5 * MINUTE;
        add_view(ledger, at_ms, view);
        add_plain(ledger, UP_ENTRY_STEP, at_ms);
}

/* Signed mail of a local user is asked about again and again, once at first and then @retries. */
static struct up_ledger *kb843545(unsigned retries)
{
        struct up_ledger *ledger = up_ledger_new(&pipeline, false);

        add_text(ledger, UP_ENTRY_EVENT, 0, "submit 1 local");
        add_scan(ledger, 0, 1);
        add_submit(ledger, "u@example.com", one_recipient);
        add_view(ledger, 0, waiting_view);
        add_plain(ledger, UP_ENTRY_STEP, 0);
        add_plain(ledger, UP_ENTRY_SCRIPT_END, 0);
        add_failed_scan(ledger, 200, 1, HOUR);
        for (unsigned i = 1; i <= retries; i++) {
                add_retry(ledger, i * HOUR, i + 1);
                add_failed_scan(ledger, i * HOUR + 200, i + 1, (i + 1) * HOUR);
        }
        add_end(ledger, retries * HOUR + 200, UP_ENDING_CYCLE);
        return ledger;
}

static char *marked_trace_of(const struct up_ledger *ledger, unsigned columns,
    const struct up_trace_mark *marks, size_t mark_count)
{
        g_autoptr(up_ledger_index) index = up_ledger_index_new(ledger);

        return up_ledger_trace(index, columns, marks, mark_count);
}

/* The trace of 80 columns, and the same with its lines made one, for looking for phrases. */
static char *trace_of(const struct up_ledger *ledger)
{
        return marked_trace_of(ledger, 80, NULL, 0);
}

static char *flat(const char *trace)
{
        GString *out = g_string_new(" ");

        for (; *trace != '\0'; trace++) {
                bool is_blank = *trace == ' ' || *trace == '\n';
                if (!is_blank || out->str[out->len - 1] != ' ')
                        g_string_append_c(out, is_blank ? ' ' : *trace);
        }
        return g_string_free(out, FALSE);
}

static void assert_shows(const struct up_ledger *ledger, const char *phrase)
{
        g_autofree char *trace = trace_of(ledger);
        g_autofree char *line = flat(trace);

        if (strstr(line, phrase) == NULL)
                fail_msg("the trace does not show `%s`:\n%s", phrase, trace);
}

static void assert_does_not_show(const struct up_ledger *ledger, const char *phrase)
{
        g_autofree char *trace = trace_of(ledger);
        g_autofree char *line = flat(trace);

        if (strstr(line, phrase) != NULL)
                fail_msg("the trace shows `%s`:\n%s", phrase, trace);
}

static unsigned count_of(const char *trace, const char *phrase)
{
        unsigned times = 0;

        while ((trace = strstr(trace, phrase)) != NULL) {
                times++;
                trace += strlen(phrase);
        }
        return times;
}

/* --- writing down ----------------------------------------------------------------------------- */

/* What an entry was made of is overwritten and freed before it is read again. */
static void entry_is_kept_apart_from_what_it_was_made_of(void **state)
{
        struct up_ledger *ledger = up_ledger_new(&pipeline, true);
        char from[] = "u@example.com", first[] = "v@example.com", second[] = "w@example.com";
        const char *to[] = { first, second, NULL };
        unsigned recipients[] = { 0, 1 };
        enum up_reply rcpt[] = { UP_REPLY_ACCEPT, UP_REPLY_DEFER };
        GBytes *bytes = message_of(10);

        (void)state;
        add(ledger,
            (struct up_entry){ .kind = UP_ENTRY_SENT,
                .bytes = bytes,
                .as.send = {
                    .from = from, .to = to, .recipients = recipients, .count = 2, .rcpt = rcpt } });
        g_bytes_unref(bytes);
        from[0] = first[0] = second[0] = 'X';
        to[0] = to[1] = NULL;
        recipients[0] = recipients[1] = 77;
        rcpt[0] = rcpt[1] = UP_REPLY_LOST;

        const struct up_entry *kept = up_ledger_at(ledger, 0);
        assert_string_equal(kept->as.send.from, "u@example.com");
        assert_string_equal(kept->as.send.to[0], "v@example.com");
        assert_string_equal(kept->as.send.to[1], "w@example.com");
        assert_null(kept->as.send.to[2]);
        assert_int_equal(kept->as.send.recipients[1], 1);
        assert_int_equal(kept->as.send.rcpt[1], UP_REPLY_DEFER);
        assert_int_equal(g_bytes_get_size(kept->bytes), 10);
        up_ledger_free(ledger);
        up_ledger_free(NULL);
}

static void ledger_says_what_was_run(void **state)
{
        g_autoptr(up_ledger) ledger = up_ledger_new(&pipeline, true);
        struct up_entry entry = { .kind = UP_ENTRY_RUN };

        (void)state;
        assert_string_equal(ledger->pipeline, "by hand");
        assert_int_equal(ledger->capabilities, pipeline.capabilities);
        assert_true(ledger->healed);
        assert_int_equal(up_ledger_add(ledger, &entry), 0);
        assert_int_equal(up_ledger_add(ledger, &entry), 1);
}

static void equal_strings_are_kept_once(void **state)
{
        g_autoptr(up_ledger) ledger = up_ledger_new(&pipeline, false);
        struct up_view view = waiting_view;
        g_autofree char *other_copy = g_strdup(view.to);

        (void)state;
        add_view(ledger, 0, view);
        view.to = other_copy;
        add_view(ledger, 1, view);
        assert_ptr_equal(up_ledger_at(ledger, 0)->as.view.to, up_ledger_at(ledger, 1)->as.view.to);
        assert_ptr_not_equal(up_ledger_at(ledger, 1)->as.view.to, other_copy);
}

/* --- as text ---------------------------------------------------------------------------------- */

static char *text_of(const struct up_entry *entry)
{
        g_autoptr(up_ledger) ledger = up_ledger_new(&pipeline, false);

        up_ledger_add(ledger, entry);
        return up_ledger_write(ledger);
}

static void assert_differ(
    const struct up_entry *one, const struct up_entry *other, const char *what)
{
        g_autofree char *one_text = text_of(one);
        g_autofree char *other_text = text_of(other);

        if (strcmp(one_text, other_text) == 0)
                fail_msg("%s is not in `%s`", what, one_text);
        if (up_entry_is_same(one, other) || !up_entry_is_same(one, one))
                fail_msg("%s is not compared", what);
        assert_int_equal(count_of(one_text, "\n"), 2);
        assert_int_equal(count_of(other_text, "\n"), 2);
}

#define DIFFERS(base, member, value)                                                               \
        do {                                                                                       \
                struct up_entry changed = (base);                                                  \
                changed.member = (value);                                                          \
                assert_differ(&(base), &changed, #member);                                         \
        } while (0)

static void each_kind_writes_the_common_fields(void **state)
{
        g_autoptr(GBytes) bytes = message_of(2);
        g_autoptr(GBytes) other_bytes = g_bytes_new_static("xy", 2);

        (void)state;
        for (int kind = 0; kind < UP_ENTRY_KIND_COUNT; kind++) {
                struct up_entry base = { .kind = (enum up_entry_kind)kind, .bytes = bytes };

                DIFFERS(base, kind, (enum up_entry_kind)((kind + 1) % UP_ENTRY_KIND_COUNT));
                DIFFERS(base, at_ms, 1);
                DIFFERS(base, number, 1);
                DIFFERS(base, message, 1);
                DIFFERS(base, request, 1);
                DIFFERS(base, bytes, NULL);
                DIFFERS(base, bytes, other_bytes);
                DIFFERS(base, text, "");
        }
}

static void each_field_of_a_submission_is_written(void **state)
{
        static const char *const two[] = { "v@example.com", "w@example.com", NULL };
        static const char *const one_of_both[] = { "v@example.com w@example.com", NULL };
        static const char *const empty[] = { NULL };
        struct up_entry base = { .kind = UP_ENTRY_SUBMIT, .as.submit = { .from = "", .to = two } };
        struct up_policy standard, bounded;

        (void)state;
        up_policy_init(&standard);
        bounded = standard;
        bounded.limits.depth = 3;
        DIFFERS(base, as.submit.origin, UP_ORIGIN_SMTP);
        DIFFERS(base, as.submit.receipt, UP_RECEIPT_REJECTED);
        DIFFERS(base, as.submit.from, NULL);
        DIFFERS(base, as.submit.from, "u@example.com");
        DIFFERS(base, as.submit.to, one_recipient);
        DIFFERS(base, as.submit.to, one_of_both);
        DIFFERS(base, as.submit.to, empty);
        DIFFERS(base, as.submit.to, NULL);
        DIFFERS(base, as.submit.notify, true);
        DIFFERS(base, as.submit.copy, true);
        DIFFERS(base, as.submit.hops, 1);
        DIFFERS(base, as.submit.bound_ms, UP_NEVER_MS);
        DIFFERS(base, as.submit.policy, &standard);
        base.as.submit.policy = &standard;
        DIFFERS(base, as.submit.policy, &bounded);
}

static void each_field_of_a_scan_is_written(void **state)
{
        struct up_entry asked = { .kind = UP_ENTRY_SCAN };
        struct up_entry answered = { .kind = UP_ENTRY_SCANNED };

        (void)state;
        DIFFERS(asked, as.scan.level, UP_LEVEL_STORE);
        DIFFERS(answered, as.scan.level, UP_LEVEL_STORE);
        DIFFERS(answered, as.scan.answer.message, 1);
        DIFFERS(answered, as.scan.answer.verdict, UP_VERDICT_NONE);
        DIFFERS(answered, as.scan.answer.verdict, (enum up_verdict)77);
        DIFFERS(answered, as.scan.answer.code, 0x80040101);
}

static void each_field_of_a_transaction_is_written(void **state)
{
        static const char *const two[] = { "v@example.com", "w@example.com", NULL };
        static const unsigned places[] = { 0, 1, 2 }, other_places[] = { 0, 2, 2 };
        static const enum up_reply replies[] = { UP_REPLY_ACCEPT, UP_REPLY_LOST, UP_REPLY_LOST };
        static const enum up_reply others[] = { UP_REPLY_ACCEPT, UP_REPLY_DEFER, UP_REPLY_LOST };
        const enum up_entry_kind kinds[] = { UP_ENTRY_SEND, UP_ENTRY_SENT };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
                struct up_entry base = { .kind = kinds[i],
                        .as.send = { .from = "",
                            .to = two,
                            .recipients = places,
                            .count = 2,
                            .rcpt = replies } };

                DIFFERS(base, as.send.from, "u@example.com");
                DIFFERS(base, as.send.to, one_recipient);
                DIFFERS(base, as.send.recipients, other_places);
                DIFFERS(base, as.send.recipients, NULL);
                DIFFERS(base, as.send.count, 3);
                DIFFERS(base, as.send.gated, true);
                base.as.send.recipients = NULL;
                base.as.send.rcpt = NULL;
                DIFFERS(base, as.send.count, 3);
                base.as.send.rcpt = replies;
                if (kinds[i] == UP_ENTRY_SEND)
                        continue;
                DIFFERS(base, as.send.mail, UP_REPLY_LOST);
                DIFFERS(base, as.send.data, UP_REPLY_LOST);
                DIFFERS(base, as.send.dot, UP_REPLY_LOST);
                DIFFERS(base, as.send.rcpt, others);
                DIFFERS(base, as.send.rcpt, NULL);
        }
}

static void each_field_of_a_log_entry_is_written(void **state)
{
        struct up_entry base = { .kind = UP_ENTRY_LOG };

        (void)state;
        DIFFERS(base, as.log.event, 348);
        DIFFERS(base, as.log.source, "MSExchangeTransport");
        DIFFERS(base, as.log.category, "Exchange Store Driver");
        DIFFERS(base, as.log.message, 1);
        DIFFERS(base, as.log.message_id, "<a@example.com>");
        DIFFERS(base, as.log.failure, true);
        DIFFERS(base, as.log.code, 1);
        DIFFERS(base, as.log.text, "");
}

static void each_field_of_a_view_is_written(void **state)
{
        struct up_entry base = { .kind = UP_ENTRY_VIEW, .as.view = waiting_view };

        (void)state;
        DIFFERS(base, as.view.message, 2);
        DIFFERS(base, as.view.parent, 1);
        DIFFERS(base, as.view.from, "");
        DIFFERS(base, as.view.recipient, 1);
        DIFFERS(base, as.view.to, "w@example.com");
        DIFFERS(base, as.view.state, "held");
        DIFFERS(base, as.view.disposition, UP_DISPOSITION_BOUNCED);
        DIFFERS(base, as.view.access, UP_ACCESS_REFUSED);
        DIFFERS(base, as.view.owner, UP_OWNER_NONE);
        DIFFERS(base, as.view.owner_ms, UP_NEVER_MS);
        DIFFERS(base, as.view.expiry_ms, UP_NEVER_MS);
        DIFFERS(base, as.view.rank, 1);
        DIFFERS(base, as.view.eligible, true);
}

static void each_field_of_the_rest_is_written(void **state)
{
        struct up_entry step = { .kind = UP_ENTRY_STEP };
        struct up_entry command = { .kind = UP_ENTRY_COMMAND };
        struct up_entry jump = { .kind = UP_ENTRY_CLOCK, .as.jump_s = 1 };
        struct up_entry crash = { .kind = UP_ENTRY_CRASH };
        struct up_entry end = { .kind = UP_ENTRY_END };

        (void)state;
        DIFFERS(step, as.step.digest, UINT64_MAX);
        DIFFERS(step, as.step.next_ms, UP_NEVER_MS);
        DIFFERS(step, as.step.outstanding, 1);
        DIFFERS(command, as.command.command, UP_COMMAND_DELETE);
        DIFFERS(jump, as.jump_s, -1);
        DIFFERS(jump, as.jump_s, INT64_MIN);
        DIFFERS(crash, as.operation, 1);
        DIFFERS(end, as.ending, UP_ENDING_STEPS);
}

static char *head_of(const char *name, unsigned can, bool healed)
{
        const struct up_pipeline other = { .name = name, .capabilities = can };
        g_autoptr(up_ledger) ledger = up_ledger_new(&other, healed);

        return up_ledger_write(ledger);
}

static void the_head_of_a_ledger_is_written(void **state)
{
        g_autofree char *base = head_of("one", 0, false);
        g_autofree char *healed = head_of("one", 0, true);
        g_autofree char *able = head_of("one", UP_CAN_CRASH, false);
        g_autofree char *other = head_of("two", 0, false);

        (void)state;
        assert_string_not_equal(base, healed);
        assert_string_not_equal(base, able);
        assert_string_not_equal(base, other);
}

/* A text that looks like more of the line, or like a line of its own, is no such thing. */
static void texts_cannot_pose_as_fields(void **state)
{
        static const char *const texts[] = { "a\" says=\"b", "a\\x22 says=\\x22b", "a\n0ms run",
                "a\\n0ms run", "a", "a ", "\xff", "\xc3\xbf", "\\xff" };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
                for (size_t j = 0; j < G_N_ELEMENTS(texts); j++) {
                        struct up_entry one = { .kind = UP_ENTRY_EVENT, .text = texts[i] };
                        struct up_entry other = { .kind = UP_ENTRY_EVENT, .text = texts[j] };
                        if (i != j)
                                assert_differ(&one, &other, "text");
                }
        }
}

/* Written out: texts of ledgers are compared with what other builds wrote. */
static void text_is_what_it_was(void **state)
{
        g_autoptr(up_ledger) ledger = up_ledger_new(&pipeline, false);
        static const enum up_reply rcpt[] = { UP_REPLY_DEFER };

        (void)state;
        add_submit(ledger, "", one_recipient);
        add(ledger, (struct up_entry){ .kind = UP_ENTRY_SENT,
                        .at_ms = 700,
                        .request = 3,
                        .as.send = { .count = 1, .rcpt = rcpt } });
        add(ledger, (struct up_entry){ .kind = UP_ENTRY_STEP,
                        .at_ms = 700,
                        .as.step = { .digest = 9, .next_ms = UP_NEVER_MS } });

        g_autofree char *text = up_ledger_write(ledger);
        assert_string_equal(text,
            "ledger pipeline=\"by hand\" can=0x3 healed=no healthy=no\n"
            "0ms submit number=1 message=1 bytes=2345:8e1c88670f87 origin=local receipt=accepted "
            "from=\"\" to=[\"v@example.com\"] notify=yes copy=no hops=0 bound=176700000ms "
            "policy=[]\n"
            "700ms sent request=3 from=- to=- count=1 recipients=- gated=no mail=accept "
            "rcpt=defer data=accept dot=accept\n"
            "700ms step digest=9 next=never outstanding=0\n");
}

/* --- index ------------------------------------------------------------------------------------ */

static void index_has_the_last_view_of_each_recipient(void **state)
{
        g_autoptr(up_ledger) ledger = up_ledger_new(&pipeline, false);
        const guint last[] = { 0, 3, 4 };
        struct up_view view = waiting_view;

        (void)state;
        view.recipient = 1;
        add_view(ledger, 0, view);
        view.recipient = 0;
        add_view(ledger, 0, view);
        add_plain(ledger, UP_ENTRY_STEP, 0);
        view.disposition = UP_DISPOSITION_DELIVERED;
        add_view(ledger, 5, view);
        view.message = UINT64_MAX;
        add_view(ledger, 5, view);

        g_autoptr(up_ledger_index) index = up_ledger_index_new(ledger);
        assert_null(up_index_find_recipient(index, 1, 2));
        assert_int_equal(index->recipients->len, G_N_ELEMENTS(last));
        for (guint i = 0; i < G_N_ELEMENTS(last); i++) {
                const struct up_index_recipient *recipient = up_index_recipient(index, i);
                const struct up_view *is = recipient->last_view;
                assert_ptr_equal(is, &up_ledger_at(ledger, last[i])->as.view);
                assert_ptr_equal(
                    recipient, up_index_find_recipient(index, is->message, is->recipient));
        }
}

static void each_time_has_its_shape(void **state)
{
        static const struct {
                int64_t ms;
                const char *shape;
        } rows[] = {
                { 0, "0.000" },
                { 200, "0.200" },
                { 60200, "1:00.200" },
                { 59 * MINUTE + 59999, "59:59.999" },
                { HOUR, "1:00:00.000" },
                { DAY - 1, "23:59:59.999" },
                { 2 * DAY + 3 * HOUR + 4 * MINUTE + 5006, "2d 03:04:05.006" },
                { -1500, "-1.500" },
                { INT64_MIN, "-106751991167d 07:12:55.808" },
                { UP_NEVER_MS - 1, "106751991167d 07:12:55.806" },
                { UP_NEVER_MS, "never" },
        };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                g_autofree char *shape = up_ledger_time(rows[i].ms);
                assert_string_equal(shape, rows[i].shape);
        }
}

/* --- the trace -------------------------------------------------------------------------------- */

static void an_empty_ledger_has_a_trace(void **state)
{
        g_autoptr(up_ledger) ledger = up_ledger_new(&pipeline, false);
        g_autofree char *trace = trace_of(ledger);

        (void)state;
        assert_string_equal(trace, "       0.000  empty ledger\n");
}

static void trace_of_kb843545(void **state)
{
        g_autoptr(up_ledger) ledger = kb843545(0);
        g_autofree char *trace = trace_of(ledger);

        (void)state;
        assert_string_equal(trace,
            "       0.000  script: submit 1 local\n"
            "              scan #1 requested: message 1, transport, 2,345 bytes\n"
            "              accepted: message 1, submitted locally, 2,345 bytes, from\n"
            "                <u@example.com> to <v@example.com>; bound 2d 01:05:00\n"
            "              message 1 to <v@example.com>: scanning/waiting, time-out\n"
            "                at 5:00.000, expires at 2d 00:00:00\n"
            "       0.000  end of script; scanner and next hop keep their last behaviour\n"
            "       0.200  scanner answers #1: clean\n"
            "              event 348, MSExchangeTransport, Exchange Store Driver: A message\n"
            "                could not be virus scanned - this operation will be retried\n"
            "                later. Message-ID <a@example.com>, error code 0x0\n"
            "              message 1 to <v@example.com>: scan-wait/waiting, next attempt\n"
            "                at 1:00:00.000\n"
            "       0.200  END: the same state recurs, and recipients are waiting\n"
            "              message 1 to <v@example.com>: PENDING, scan-wait/waiting, waiting\n"
            "                for its next attempt\n");
}

/* --- folding ---------------------------------------------------------------------------------- */

/* A step of one line. */
static void add_step(struct up_ledger *ledger, int64_t at_ms, const char *text)
{
        add_plain(ledger, UP_ENTRY_RUN, at_ms);
        add_text(ledger, UP_ENTRY_COMMAND, at_ms, text);
        add_plain(ledger, UP_ENTRY_STEP, at_ms);
}

/* One step a second: of each letter one. */
static struct up_ledger *ledger_of_steps(const char *letters)
{
        struct up_ledger *ledger = up_ledger_new(&pipeline, false);

        for (int64_t i = 0; letters[i] != '\0'; i++) {
                const char text[] = { letters[i], '\0' };
                add_step(ledger, i * 1000, text);
        }
        add_end(ledger, 0, UP_ENDING_SETTLED);
        return ledger;
}

/* What is shown of those steps: their letters, and the line of each fold. */
static char *shape_of(const char *letters)
{
        g_autoptr(up_ledger) ledger = ledger_of_steps(letters);
        g_autofree char *trace = trace_of(ledger);
        g_auto(GStrv) lines = g_strsplit(trace, "\n", -1);
        GString *shape = g_string_new(NULL);

        for (char **line = lines; *line != NULL; line++) {
                const char *shown = strstr(*line, "command: ");
                const char *fold = strstr(*line, "…");
                if (shown != NULL)
                        g_string_append(shape, shown + strlen("command: "));
                if (fold != NULL)
                        g_string_append_printf(shape, "(%s)", fold);
        }
        return g_string_free(shape, FALSE);
}

static void what_repeats_is_folded(void **state)
{
        static const struct {
                const char *steps;
                const char *shape;
        } rows[] = {
                { "aaaa", "aaaa" },
                { "aaaaa", "aaa(… this step 1 more time until 3.000)a" },
                { "xaaaaaaaay", "xaaa(… this step 4 more times until 7.000)ay" },
                { "abababab", "abababab" },
                { "ababababab", "ababab(… these 2 steps 1 more time until 7.000)ab" },
                { "xababababababay", "xababab(… these 2 steps 2 more times until 10.000)abay" },
                /* Repetition within what repeats: the larger group is the trace. */
                { "aaaaabaaaaabaaaaabaaaaabaaaaabaaaaab",
                    "aaaaabaaaaabaaaaab(… these 6 steps 2 more times until 29.000)aaaaab" },
                { "abcdefghabcdefghabcdefghabcdefghabcdefgh",
                    "abcdefghabcdefghabcdefgh(… these 8 steps 1 more time until 31.000)"
                    "abcdefgh" },
                /* Nine are too many. */
                { "abcdefghiabcdefghiabcdefghiabcdefghiabcdefghi",
                    "abcdefghiabcdefghiabcdefghiabcdefghiabcdefghi" },
                { "aaaaaabbbbbb", "aaa(… this step 2 more times until 4.000)a"
                                  "bbb(… this step 2 more times until 10.000)b" },
        };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                g_autofree char *shape = shape_of(rows[i].steps);
                assert_string_equal(shape, rows[i].shape);
        }
}

/* Rounds that differ in times and request numbers alone. */
static void days_of_waiting_fit_on_a_page(void **state)
{
        g_autoptr(up_ledger) ledger = kb843545(47);
        g_autofree char *trace = trace_of(ledger);
        g_autofree char *few = flat(trace);

        (void)state;
        assert_non_null(strstr(few, " … these 2 steps 43 more times until 1d 22:00:00 "));
        assert_int_equal(count_of(trace, "scanner answers #"), 3 + 1 + 1);
        assert_true(count_of(trace, "\n") < 60);
}

/* A marked step is shown, wherever it stands in what is folded. */
static void marks_stand_out(void **state)
{
        g_autoptr(up_ledger) ledger = ledger_of_steps("aaaaaaaaaaaaaaaaaaaa");
        const struct up_trace_mark marks[] = { { 0, "at the start" }, { 31, "in a step" },
                { 31, "once more,\nin two lines" }, { ledger->entries->len, "at the end" },
                { G_MAXUINT, "beyond" } };
        g_autofree char *trace = marked_trace_of(ledger, 80, marks, G_N_ELEMENTS(marks));

        (void)state;
        assert_true(g_str_has_prefix(trace, "  >>> at the start\n       0.000  command: a\n"));
        assert_non_null(strstr(trace, "\n  >>> in a step\n  >>> once more, in two lines\n"
                                      "      10.000  command: a\n"));
        assert_non_null(strstr(trace, "… this step 5 more times until 8.000\n"));
        assert_non_null(strstr(trace, "… this step 5 more times until 18.000\n"));
        assert_true(g_str_has_suffix(trace, "nothing is due\n  >>> at the end\n  >>> beyond\n"));
}

static void marked_steps_are_never_folded(void **state)
{
        g_autoptr(up_ledger) ledger = ledger_of_steps("aaaaaaa");
        struct up_trace_mark marks[7];

        (void)state;
        for (guint i = 0; i < G_N_ELEMENTS(marks); i++)
                marks[i] = (struct up_trace_mark){ 3 * i, "critical step" };
        g_autofree char *trace = marked_trace_of(ledger, 80, marks, G_N_ELEMENTS(marks));
        assert_int_equal(count_of(trace, "  >>> critical step\n"), G_N_ELEMENTS(marks));
}

static void changes_and_entries_keep_their_order(void **state)
{
        g_autoptr(up_ledger) ledger = up_ledger_new(&pipeline, false);

        (void)state;
        add_plain(ledger, UP_ENTRY_RUN, 0);
        add_view(ledger, 0, waiting_view);
        add_text(ledger, UP_ENTRY_COMMAND, 0, "after the change");
        g_autofree char *trace = trace_of(ledger);
        assert_true(strstr(trace, "scanning/waiting") < strstr(trace, "command: after the change"));
}

static void mark_stands_before_the_view_that_it_names(void **state)
{
        g_autoptr(up_ledger) ledger = up_ledger_new(&pipeline, false);
        const struct up_trace_mark mark = { 2, "here" };
        struct up_view view = waiting_view;

        (void)state;
        add_plain(ledger, UP_ENTRY_RUN, 0);
        add_view(ledger, 0, view);
        view.recipient = 1;
        add_view(ledger, 0, view);
        g_autofree char *trace = marked_trace_of(ledger, 80, &mark, 1);
        const char *at = strstr(trace, "\n  >>> here\n");

        assert_non_null(at);
        assert_int_equal(count_of(at, "id 1 to"), 2); /* the change, and the end */
        assert_int_equal(count_of(trace, "id 1 to"), 3);
}

/* --- recipients ------------------------------------------------------------------------------- */

static void many_equal_changes_are_counted(void **state)
{
        g_autoptr(up_ledger) ledger = up_ledger_new(&pipeline, false);
        struct up_view view = waiting_view;

        (void)state;
        for (unsigned round = 0; round < 2; round++) {
                add_plain(ledger, UP_ENTRY_RUN, round);
                for (view.recipient = 0; view.recipient < 1000; view.recipient++) {
                        g_autofree char *to = g_strdup_printf("r%u@example.com", view.recipient);
                        view.to = to;
                        if (round > 0)
                                view.disposition = view.recipient == 500 ? UP_DISPOSITION_BOUNCED
                                                                         : UP_DISPOSITION_DELIVERED;
                        add_view(ledger, round, view);
                }
                add_plain(ledger, UP_ENTRY_STEP, round);
        }
        add_end(ledger, 1, UP_ENDING_SETTLED);

        g_autofree char *trace = trace_of(ledger);
        assert_non_null(strstr(trace, "1,000 recipients of message with id 1: scanning/waiting"));
        assert_int_equal(count_of(trace, "999 recipients of message with id 1: delivered\n"), 2);
        assert_int_equal(count_of(trace, "to <r500@example.com>: bounced\n"), 2);
        assert_true(count_of(trace, "\n") < 10);
}

/* Each row is one change and its text. */
static void only_what_matters_of_a_change_is_shown(void **state)
{
        static const struct {
                struct up_view view;
                const char *shown; /* NULL: nothing */
        } rows[] = {
                { { .state = "a", .owner = UP_OWNER_QUEUE, .expiry_ms = 5 },
                    "a, ready for a worker, expires at 0.005" },
                { { .state = "a", .owner = UP_OWNER_QUEUE, .expiry_ms = 5, .rank = 7 }, NULL },
                { { .state = "b", .owner = UP_OWNER_QUEUE, .expiry_ms = 5 }, "b" },
                { { .state = "b", .owner = UP_OWNER_TIMER, .owner_ms = 3, .expiry_ms = 5 },
                    "next attempt at 0.003" },
                { { .state = "b", .owner = UP_OWNER_TIMER, .owner_ms = 4, .expiry_ms = 5 },
                    "next attempt at 0.004" },
                { { .state = "b", .owner = UP_OWNER_NONE, .expiry_ms = UP_NEVER_MS },
                    "no owner, never expires" },
                { { .state = "b", .owner = (enum up_owner)99, .expiry_ms = UP_NEVER_MS },
                    "unknown value" },
                { { .state = "c",
                      .disposition = UP_DISPOSITION_DELIVERED,
                      .access = UP_ACCESS_UNDECIDED },
                    "delivered, not readable yet" },
                { { .state = "c", .disposition = UP_DISPOSITION_DELIVERED }, "readable" },
                { { .state = "d", .disposition = UP_DISPOSITION_BOUNCED },
                    "bounced, was delivered, d" },
                { { .state = "d", .owner = UP_OWNER_ADMINISTRATOR },
                    "pending again, was bounced, held by an administrator" },
        };
        struct up_ledger *ledger = up_ledger_new(&pipeline, false);

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                struct up_view view = rows[i].view;
                g_autofree char *phrase =
                    g_strdup_printf(" message with id 4 to <v@example.com>: %s ",
                        rows[i].shown == NULL ? "" : rows[i].shown);

                view.message = 4;
                view.to = "v@example.com";
                add_plain(ledger, UP_ENTRY_RUN, (int64_t)i);
                add_view(ledger, (int64_t)i, view);
                add_plain(ledger, UP_ENTRY_STEP, (int64_t)i);
                if (rows[i].shown == NULL)
                        assert_shows(ledger, "pipeline runs, nothing changes");
                else
                        assert_shows(ledger, phrase);
        }
        up_ledger_free(ledger);
}

/* A pipeline that does not report owners is not shown to have none. */
static void unclaimed_capabilities_are_not_shown(void **state)
{
        static const struct up_pipeline black_box = { .name = "black box" };
        g_autoptr(up_ledger) ledger = up_ledger_new(&black_box, false);

        (void)state;
        add_view(ledger, 0, (struct up_view){ .message = 1, .to = "v@example.com" });
        add_end(ledger, 0, UP_ENDING_IDLE);
        assert_does_not_show(ledger, "no owner");
        assert_does_not_show(ledger, "expires");
        assert_shows(ledger, "<v@example.com>: PENDING ");
}

static void messages_have_names(void **state)
{
        g_autoptr(up_ledger) ledger = up_ledger_new(&pipeline, false);
        struct up_view view = waiting_view;

        (void)state;
        for (unsigned i = 0; i < 2; i++)
                add(ledger, (struct up_entry){ .kind = UP_ENTRY_SUBMIT,
                                .number = 3,
                                .message = 70 + i,
                                .as.submit = {
                                    .from = "", .to = one_recipient, .copy = i > 0, .hops = i } });
        view.message = 99;
        view.parent = 70;
        view.to = "u@example.com";
        add_view(ledger, 0, view);
        add_end(ledger, 0, UP_ENDING_SETTLED);
        assert_shows(
            ledger, "accepted: message 3, submitted locally, 0 bytes, from <> to <v@example.com>");
        assert_shows(ledger, ", id 70; ");
        assert_shows(ledger, "accepted: message 3 (copy 2), submitted");
        assert_shows(ledger, "looped back, hop 1");
        assert_shows(ledger, "notice 1 to <u@example.com>: reports on message 3, scanning");
}

/* --- answers ---------------------------------------------------------------------------------- */

static void answers_of_the_scanner(void **state)
{
        g_autoptr(up_ledger) ledger = up_ledger_new(&pipeline, false);

        (void)state;
        add_scan(ledger, 0, 1);
        add_scanned(ledger, 1, 1, (struct up_scan_answer){ .message = 1, .verdict = 77 });
        add_scanned(
            ledger, 2, 1, (struct up_scan_answer){ .message = 5, .verdict = UP_VERDICT_INFECTED });
        add_scanned(
            ledger, 3, 44, (struct up_scan_answer){ .message = 1, .verdict = UP_VERDICT_NONE });
        add_scanned(ledger, 4, 45,
            (struct up_scan_answer){
                .message = 1, .verdict = UP_VERDICT_NONE, .code = 0x80040101 });
        assert_shows(ledger, "scanner answers #1: unknown value ");
        assert_shows(ledger,
            "scanner answers #1 again: INFECTED; the answer names unknown message, id 5, the "
            "request message 1 ");
        assert_shows(ledger, "scanner answers #44 (unknown request): no verdict, error code 0x0 ");
        assert_shows(ledger, "no verdict, error code 0x80040101 ");
}

static void answers_of_the_next_hop(void **state)
{
        static const char *const to[] = { "a@x", "b@x", "c@x", NULL };
        static const enum up_reply all[] = { 0, 0, 0 }, some[] = { 0, 1, 2 }, none[] = { 2, 2, 2 };
        static const struct {
                enum up_reply mail;
                const enum up_reply *rcpt;
                enum up_reply data, dot;
                const char *shown;
        } rows[] = {
                { 0, all, 0, 0, ": accepted after the dot " },
                { 0, all, 0, UP_REPLY_LOST, ": connection lost after the dot, delivered or not " },
                { 0, all, UP_REPLY_DEFER, 0, ": DATA deferred (4xx) " },
                { UP_REPLY_REJECT, all, 0, 0, ": MAIL rejected (5xx) " },
                { 0, some, 0, UP_REPLY_REJECT,
                    ": RCPT deferred (4xx) for <b@x>; RCPT rejected (5xx) for <c@x>; rejected "
                    "(5xx) after the dot " },
                { 0, none, 0, 0, ": RCPT rejected (5xx) for <a@x>, <b@x>, <c@x> " },
        };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                g_autoptr(up_ledger) ledger = up_ledger_new(&pipeline, false);

                add(ledger,
                    (struct up_entry){ .kind = UP_ENTRY_SEND,
                        .request = 8,
                        .number = 1,
                        .as.send = { .from = "u@x", .to = to, .count = 3, .gated = true } });
                add(ledger, (struct up_entry){ .kind = UP_ENTRY_SENT,
                                .request = 8,
                                .as.send = { .count = 3,
                                    .mail = rows[i].mail,
                                    .rcpt = rows[i].rcpt,
                                    .data = rows[i].data,
                                    .dot = rows[i].dot } });
                assert_shows(ledger,
                    " send #8 begins: message 1, 0 bytes, from <u@x> to <a@x>, <b@x>, <c@x>, not "
                    "readable until opened ");
                g_autofree char *shown = g_strconcat(" next hop answers #8", rows[i].shown, NULL);
                assert_shows(ledger, shown);
        }
}

static void events_of_the_environment(void **state)
{
        g_autoptr(up_ledger) ledger = up_ledger_new(&pipeline, true);

        (void)state;
        add_text(ledger, UP_ENTRY_EVENT, 0, "hold 1");
        add_text(ledger, UP_ENTRY_COMMAND, 0, "hold 1");
        add(ledger,
            (struct up_entry){
                .kind = UP_ENTRY_COMMAND, .number = 1, .as.command.command = UP_COMMAND_RELEASE });
        add(ledger, (struct up_entry){ .kind = UP_ENTRY_CLOCK, .as.jump_s = -86400 });
        add(ledger, (struct up_entry){ .kind = UP_ENTRY_CLOCK, .as.jump_s = INT64_MIN });
        add(ledger, (struct up_entry){ .kind = UP_ENTRY_CRASH, .as.operation = 12 });
        add_plain(ledger, UP_ENTRY_RESTART, 1);
        add(ledger, (struct up_entry){ .kind = UP_ENTRY_OPEN, .number = 1 });
        add_plain(ledger, UP_ENTRY_SCRIPT_END, 2);
        add(ledger, (struct up_entry){ .kind = UP_ENTRY_END, .as.ending = UP_ENDING_IDLE });
        assert_shows(ledger, " script: hold 1 administrator: release message 1 ");
        assert_shows(ledger, " wall clock jumps back by 1d 00:00:00 ");
        assert_shows(ledger, " CRASH: power lost at storage operation 12 ");
        assert_shows(ledger, " pipeline restarted opened for reading: message 1 ");
        assert_shows(ledger, " scanner and next hop are healthy from here on ");
        assert_shows(ledger, " nothing is due or outstanding, and recipients are waiting ");
}

/* --- safe on a terminal ----------------------------------------------------------------------- */

static unsigned columns_of(const char *line)
{
        unsigned columns = 0;

        for (; *line != '\0'; line = g_utf8_next_char(line))
                columns += g_unichar_iswide(g_utf8_get_char(line)) ? 2 : 1;
        return columns;
}

static void assert_fits(const char *trace, unsigned columns)
{
        g_auto(GStrv) lines = g_strsplit(trace, "\n", -1);

        assert_true(g_utf8_validate(trace, -1, NULL));
        for (char **line = lines; *line != NULL; line++) {
                if (columns_of(*line) > columns)
                        fail_msg("wider than %u: %s", columns, *line);
                assert_false(g_str_has_suffix(*line, " "));
                for (const char *at = *line; *at != '\0'; at = g_utf8_next_char(at))
                        assert_true(g_unichar_isprint(g_utf8_get_char(at)));
        }
}

/* All text of a run is this one. */
static struct up_ledger *ledger_full_of(const char *text)
{
        struct up_ledger *ledger = up_ledger_new(&pipeline, false);
        const char *const to[] = { text, text, NULL };
        struct up_view view = waiting_view;

        add_text(ledger, UP_ENTRY_EVENT, 0, text);
        add_submit(ledger, text, to);
        add(ledger, (struct up_entry){ .kind = UP_ENTRY_SEND,
                        .number = 1,
                        .request = UINT64_MAX,
                        .as.send = { .from = text, .to = to, .count = 2 } });
        add(ledger, (struct up_entry){ .kind = UP_ENTRY_LOG,
                        .at_ms = INT64_MAX - 1,
                        .text = text,
                        .as.log = { .source = text, .category = text, .message_id = text } });
        view.to = view.state = view.from = text;
        add_view(ledger, 0, view);
        add_text(ledger, UP_ENTRY_COMMAND, 0, text);
        add_plain(ledger, UP_ENTRY_END, INT64_MAX - 1);
        return ledger;
}

static void hostile_text_stays_in_its_lines(void **state)
{
        g_autofree char *long_word = g_strnfill(5000, 'a');
        g_autofree char *every_byte = g_malloc0(256);
        g_autofree char *wide = g_strnfill(3000, '\0');
        const char *const texts[] = { "", " ", "      ", "\033[2J\033]0;title\007", "a\r\nb\n\n\tc",
                "\xff\xfe\x80", "caf\xc3",
                "\xe2\x80\xae"
                "drowssap",
                "\xe2\x80\xa8\xe2\x80\xa9", "\x01 forged \x02\x03\x04", "%s%n%1000000d", long_word,
                every_byte, wide, "e\xcc\x81\xcc\x81\xcc\x81\xcc\x81",
                "\xf4\x8f\xbf\xbf\xee\x80\x80",
                "\xc2\x9b"
                "31m" };

        (void)state;
        for (int i = 0; i < 255; i++)
                every_byte[i] = (char)(i + 1);
        for (size_t i = 0; i < 2997; i += 3)
                memcpy(wide + i, "\xe6\xbc\xa2", 3);
        for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
                static const unsigned widths[] = { 0, 60, 61, 80, 132 };
                g_autoptr(up_ledger) ledger = ledger_full_of(texts[i]);

                for (size_t j = 0; j < G_N_ELEMENTS(widths); j++) {
                        const struct up_trace_mark mark = { 1, texts[i] };
                        g_autofree char *trace = marked_trace_of(ledger, widths[j], &mark, 1);
                        assert_fits(trace, MAX(widths[j], 60));
                }
        }
}

static void what_cannot_be_shown_is_spelled(void **state)
{
        g_autoptr(up_ledger) ledger =
            ledger_full_of("\033[m\xff\xe2\x80\xae\xc3\xa9\xe2\x80\xa8\xe2\x80\xa9\xee\x80\x80@x");

        (void)state;
        assert_shows(ledger, "<\\x1b[m\\xff\\u{202e}é\\u{2028}\\u{2029}\\u{e000}@x>");
}

/* People search for them, so they are in one piece if a line can hold them. */
static void addresses_and_message_ids_are_not_broken(void **state)
{
        static const char id[] = "<0123456789.0123456789.0123456789.01234567@mail.example.com>";
        g_autoptr(up_ledger) ledger = ledger_full_of(id);
        g_autofree char *trace = trace_of(ledger);
        g_autofree char *line = flat(trace);

        (void)state;
        assert_true(count_of(trace, id) >= 12);
        assert_int_equal(count_of(trace, id), count_of(line, id));
}

static void both_ends_of_a_long_value_are_shown(void **state)
{
        g_autofree char *middle = g_strnfill(100000, 'm');
        g_autofree char *text = g_strdup_printf("first%slast@example.com", middle);
        g_autoptr(up_ledger) ledger = ledger_full_of(text);
        g_autofree char *trace = trace_of(ledger);

        (void)state;
        assert_non_null(strstr(trace, "first"));
        assert_non_null(strstr(trace, "last@example.com"));
        assert_true(strlen(trace) < 20000);
}

/* --- cost ------------------------------------------------------------------------------------- */

/* Of the processor, so that other work on the machine does not count. */
static double seconds_since(clock_t begin)
{
        return (double)(clock() - begin) / CLOCKS_PER_SEC;
}

/* Without sanitizers each takes a quarter of a second; what grows with the square takes minutes. */
#define MOST_SECONDS 8.0

static void long_ledger_is_written_in_a_moment(void **state)
{
        clock_t begin = clock();
        g_autoptr(up_ledger) ledger = kb843545(12500);

        (void)state;
        assert_true(ledger->entries->len > 100000);
        double added = seconds_since(begin);

        begin = clock();
        g_autofree char *text = up_ledger_write(ledger);
        double written = seconds_since(begin);
        assert_true(strlen(text) > 100000 * strlen("0ms run\n"));

        begin = clock();
        g_autofree char *trace = trace_of(ledger);
        double shown = seconds_since(begin);

        if (MAX(added, MAX(written, shown)) > MOST_SECONDS)
                fail_msg(
                    "added in %.2f s, written in %.2f s, traced in %.2f s", added, written, shown);
        assert_true(strlen(trace) < 10000);
}

static void what_each_recipient_does_in_its_own_way_is_counted(void **state)
{
        g_autoptr(up_ledger) ledger = up_ledger_new(&pipeline, false);
        struct up_view view = waiting_view;
        clock_t begin = clock();

        (void)state;
        for (int64_t i = 0; i < 100000; i++) {
                view.message = (up_id)(1 + i / 1000);
                view.recipient = (unsigned)(i % 1000);
                view.owner_ms = i;
                if (i % 1000 == 0)
                        add_plain(ledger, UP_ENTRY_RUN, i);
                add_view(ledger, i, view);
        }
        g_autofree char *trace = trace_of(ledger);
        double shown = seconds_since(begin);

        if (shown > MOST_SECONDS)
                fail_msg("traced in %.2f s", shown);
        assert_non_null(strstr(trace, "and 980 more recipients with 980 other changes\n"));
        assert_non_null(strstr(trace, "100,000 recipients of message with id 1 and 99 others"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(entry_is_kept_apart_from_what_it_was_made_of),
                cmocka_unit_test(ledger_says_what_was_run),
                cmocka_unit_test(equal_strings_are_kept_once),
                cmocka_unit_test(each_kind_writes_the_common_fields),
                cmocka_unit_test(each_field_of_a_submission_is_written),
                cmocka_unit_test(each_field_of_a_scan_is_written),
                cmocka_unit_test(each_field_of_a_transaction_is_written),
                cmocka_unit_test(each_field_of_a_log_entry_is_written),
                cmocka_unit_test(each_field_of_a_view_is_written),
                cmocka_unit_test(each_field_of_the_rest_is_written),
                cmocka_unit_test(the_head_of_a_ledger_is_written),
                cmocka_unit_test(texts_cannot_pose_as_fields),
                cmocka_unit_test(text_is_what_it_was),
                cmocka_unit_test(index_has_the_last_view_of_each_recipient),
                cmocka_unit_test(each_time_has_its_shape),
                cmocka_unit_test(an_empty_ledger_has_a_trace),
                cmocka_unit_test(trace_of_kb843545),
                cmocka_unit_test(what_repeats_is_folded),
                cmocka_unit_test(days_of_waiting_fit_on_a_page),
                cmocka_unit_test(marks_stand_out),
                cmocka_unit_test(marked_steps_are_never_folded),
                cmocka_unit_test(changes_and_entries_keep_their_order),
                cmocka_unit_test(mark_stands_before_the_view_that_it_names),
                cmocka_unit_test(many_equal_changes_are_counted),
                cmocka_unit_test(only_what_matters_of_a_change_is_shown),
                cmocka_unit_test(unclaimed_capabilities_are_not_shown),
                cmocka_unit_test(messages_have_names),
                cmocka_unit_test(answers_of_the_scanner),
                cmocka_unit_test(answers_of_the_next_hop),
                cmocka_unit_test(events_of_the_environment),
                cmocka_unit_test(hostile_text_stays_in_its_lines),
                cmocka_unit_test(what_cannot_be_shown_is_spelled),
                cmocka_unit_test(addresses_and_message_ids_are_not_broken),
                cmocka_unit_test(both_ends_of_a_long_value_are_shown),
                cmocka_unit_test(long_ledger_is_written_in_a_moment),
                cmocka_unit_test(what_each_recipient_does_in_its_own_way_is_counted),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
