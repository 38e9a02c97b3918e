/*
 * test_world - the environment does what the script says, on a pipeline that is small and known
 *
 * The toy below takes mail in, scans it, sends it and is done with it; its sick kinds each have one
 * fault that ends a run badly. What is asserted is what the ledger says, for nothing else is
 * judged.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <gmime/gmime.h>

#include "mail/eicar.h"
#include "gmime/objects.h"
#include "world/bystander.h"
#include "world/cycle_detector.h"
#include "world/views.h"
#include "world/world.h"

/* --- a toy pipeline --------------------------------------------------------------------------- */

#define TOY_RETRY_MS (60 * 1000)

struct toy_kind {
        bool never_expires; /* retries for ever */
        bool sleeps;        /* asks for no retry */
        bool spins;         /* wants to be run at once, and does nothing */
        bool forgets;       /* a message without a verdict is gone */
        bool hides;         /* reports no recipients */
        bool saves_twice;   /* a submission takes two operations */
        bool undecided;     /* what is deposited gated is never opened */
        int64_t retry_ms;   /* 0: TOY_RETRY_MS */
};

enum toy_state { TOY_READY, TOY_SCANNING, TOY_CLEARED, TOY_SENDING, TOY_WAITING, TOY_DONE };
static const char *const toy_states[] = { "ready", "scanning", "cleared", "sending", "waiting",
        "done" };

struct toy_mail {
        up_id id;
        char *from;
        char **to;
        GBytes *bytes;
        enum toy_state state;
        enum toy_state after_wait;
        enum up_disposition *dispositions;
        up_request request;
        int64_t due_ms; /* of a retry or a time-out */
        int64_t expiry_ms;
        bool held, gated;
};

struct toy {
        struct toy_kind kind;
        struct up_policy policy;
        const struct up_ports *ports;
        GPtrArray *mails; /* of struct toy_mail */
        up_id last_id;
};

static void toy_mail_free(void *data)
{
        struct toy_mail *mail = data;

        g_free(mail->from);
        g_strfreev(mail->to);
        g_bytes_unref(mail->bytes);
        g_free(mail->dispositions);
        g_free(mail);
}

static void *toy_open(const struct up_pipeline *pipeline, const struct up_policy *policy,
    const struct up_ports *ports)
{
        struct toy *toy = g_new0(struct toy, 1);

        toy->kind = *(const struct toy_kind *)pipeline->variant;
        toy->policy = *policy;
        toy->ports = ports;
        toy->mails = g_ptr_array_new_with_free_func(toy_mail_free);
        return toy;
}

static void toy_close(void *self)
{
        struct toy *toy = self;

        g_ptr_array_unref(toy->mails);
        g_free(toy);
}

static bool toy_save(struct toy *toy)
{
        return toy->ports->has_power(toy->ports->world);
}

static void toy_log(struct toy *toy, const struct toy_mail *mail, uint32_t code, const char *text)
{
        const struct up_log_entry log = {
                .event = 1,
                .source = "toy",
                .category = "toy",
                .message = mail->id,
                .message_id = "",
                .code = code,
                .text = text,
        };

        toy->ports->log(toy->ports->world, &log);
}

static enum up_receipt toy_submit(
    void *self, const struct up_mail *mail, int64_t now_ms, up_id *ret_id)
{
        struct toy *toy = self;

        if (!toy_save(toy))
                return UP_RECEIPT_ACCEPTED; /* the receipt is lost in the crash */

        struct toy_mail *kept = g_new0(struct toy_mail, 1);
        kept->id = ++toy->last_id;
        kept->from = g_strdup(mail->from);
        kept->to = g_strdupv((char **)mail->to);
        kept->bytes = g_bytes_ref(mail->bytes);
        kept->state = toy->policy.transport_scan ? TOY_READY : TOY_CLEARED;
        kept->gated = toy->policy.store_scan;
        kept->dispositions = g_new0(enum up_disposition, g_strv_length(kept->to));
        kept->expiry_ms = toy->kind.never_expires ? UP_NEVER_MS : now_ms + toy->policy.lifetime_ms;
        g_ptr_array_add(toy->mails, kept);
        if (toy->kind.saves_twice && !toy_save(toy))
                toy->ports->scan(toy->ports->world, kept->id, UP_LEVEL_TRANSPORT, kept->bytes);
        toy_log(toy, kept, (uint32_t)toy->ports->wall_s(toy->ports->world), "accepted");
        *ret_id = kept->id;
        return UP_RECEIPT_ACCEPTED;
}

static void toy_finish(struct toy *toy, struct toy_mail *mail, enum up_disposition disposition)
{
        if (!toy_save(toy))
                return;
        for (guint i = 0; mail->to[i] != NULL; i++)
                if (mail->dispositions[i] == UP_DISPOSITION_NONE)
                        mail->dispositions[i] = disposition;
        mail->state = TOY_DONE;
}

static void toy_wait(struct toy *toy, struct toy_mail *mail, int64_t now_ms)
{
        if (!toy_save(toy))
                return;
        mail->after_wait = mail->state == TOY_SCANNING ? TOY_READY : TOY_CLEARED;
        mail->state = TOY_WAITING;
        mail->due_ms = toy->kind.sleeps
                           ? UP_NEVER_MS
                           : now_ms + (toy->kind.retry_ms ? toy->kind.retry_ms : TOY_RETRY_MS);
        if (toy->kind.forgets)
                g_ptr_array_remove(toy->mails, mail);
}

static struct toy_mail *toy_find(
    struct toy *toy, up_request request, up_id message, enum toy_state state)
{
        for (guint i = 0; i < toy->mails->len; i++) {
                struct toy_mail *mail = toy->mails->pdata[i];
                if (request != 0 ? mail->request == request && mail->state == state
                                 : mail->id == message)
                        return mail;
        }
        return NULL;
}

static void toy_scanned(
    void *self, up_request request, const struct up_scan_answer *answer, int64_t now_ms)
{
        struct toy *toy = self;
        struct toy_mail *mail = toy_find(toy, request, 0, TOY_SCANNING);

        if (mail == NULL)
                return;
        if (answer->verdict == UP_VERDICT_NONE || answer->message != mail->id)
                toy_wait(toy, mail, now_ms);
        else if (answer->verdict == UP_VERDICT_INFECTED)
                toy_finish(toy, mail, UP_DISPOSITION_QUARANTINED);
        else if (answer->verdict != UP_VERDICT_CLEAN)
                toy_finish(toy, mail, UP_DISPOSITION_BOUNCED);
        else if (toy_save(toy))
                mail->state = TOY_CLEARED;
}

static void toy_sent(
    void *self, up_request request, const struct up_send_answer *answer, int64_t now_ms)
{
        struct toy *toy = self;
        struct toy_mail *mail = toy_find(toy, request, 0, TOY_SENDING);
        bool again = false;

        if (mail == NULL || !toy_save(toy))
                return;
        for (unsigned i = 0, asked = 0; mail->to[i] != NULL; i++) {
                if (mail->dispositions[i] != UP_DISPOSITION_NONE)
                        continue;
                enum up_outcome outcome = up_send_outcome(answer, asked++);
                mail->dispositions[i] = outcome == UP_OUTCOME_DELIVERED  ? UP_DISPOSITION_DELIVERED
                                        : outcome == UP_OUTCOME_REJECTED ? UP_DISPOSITION_BOUNCED
                                                                         : UP_DISPOSITION_NONE;
                again = again || mail->dispositions[i] == UP_DISPOSITION_NONE;
        }
        if (again)
                toy_wait(toy, mail, now_ms);
        else
                mail->state = TOY_DONE;
        if (mail->gated && !toy->kind.undecided)
                toy->ports->make_readable(toy->ports->world, mail->id);
}

static void toy_send(struct toy *toy, struct toy_mail *mail)
{
        guint count = g_strv_length(mail->to), open = 0;
        g_autofree const char **to = g_new0(const char *, count + 1);
        g_autofree unsigned *recipients = g_new0(unsigned, count);
        struct up_transaction transaction = { mail->id, mail->from, to, recipients, mail->bytes,
                mail->gated };

        for (guint i = 0; i < count; i++) {
                if (mail->dispositions[i] == UP_DISPOSITION_NONE) {
                        to[open] = mail->to[i];
                        recipients[open++] = i;
                }
        }
        mail->state = TOY_SENDING;
        mail->request = toy->ports->send(toy->ports->world, &transaction);
}

/* When something is to be done about a message. */
static int64_t toy_due_ms(const struct toy *toy, const struct toy_mail *mail)
{
        if (mail->state == TOY_DONE || mail->held)
                return UP_NEVER_MS;
        if (mail->state == TOY_READY || mail->state == TOY_CLEARED)
                return 0;
        return toy->kind.sleeps ? UP_NEVER_MS : MIN(mail->due_ms, mail->expiry_ms);
}

static void toy_act(struct toy *toy, struct toy_mail *mail, int64_t now_ms)
{
        if (toy_due_ms(toy, mail) > now_ms)
                return;
        if (now_ms >= mail->expiry_ms) {
                toy_finish(toy, mail, UP_DISPOSITION_BOUNCED);
        } else if (mail->state == TOY_WAITING) {
                mail->state = mail->after_wait;
        } else if (mail->state == TOY_SCANNING || mail->state == TOY_SENDING) {
                toy_wait(toy, mail, now_ms);
        } else if (mail->state == TOY_READY) {
                mail->state = TOY_SCANNING;
                mail->due_ms = now_ms + toy->policy.scan_timeout_ms;
                mail->request =
                    toy->ports->scan(toy->ports->world, mail->id, UP_LEVEL_TRANSPORT, mail->bytes);
        } else {
                mail->due_ms = now_ms + toy->policy.send_timeout_ms;
                toy_send(toy, mail);
        }
}

static void toy_run(void *self, int64_t now_ms)
{
        struct toy *toy = self;

        for (guint i = toy->mails->len; i > 0; i--)
                toy_act(toy, toy->mails->pdata[toy->mails->len - i], now_ms);
}

static int64_t toy_next_ms(void *self)
{
        const struct toy *toy = self;
        int64_t next_ms = UP_NEVER_MS;

        for (guint i = 0; i < toy->mails->len; i++)
                next_ms = MIN(next_ms, toy_due_ms(toy, toy->mails->pdata[i]));
        return toy->kind.spins ? 0 : next_ms;
}

static void toy_each(void *self, up_view_visitor see, void *data)
{
        const struct toy *toy = self;

        for (guint i = 0; i < toy->mails->len && !toy->kind.hides; i++) {
                const struct toy_mail *mail = toy->mails->pdata[i];
                int64_t due_ms = toy_due_ms(toy, mail);
                for (unsigned j = 0; mail->to[j] != NULL; j++) {
                        bool done = mail->dispositions[j] != UP_DISPOSITION_NONE;
                        const struct up_view view = {
                                .message = mail->id,
                                .from = mail->from,
                                .recipient = j,
                                .to = mail->to[j],
                                .state = toy_states[mail->state],
                                .disposition = mail->dispositions[j],
                                .access = done && mail->gated && toy->kind.undecided
                                              ? UP_ACCESS_UNDECIDED
                                              : UP_ACCESS_OPEN,
                                .owner = done         ? UP_OWNER_NONE
                                         : mail->held ? UP_OWNER_ADMINISTRATOR
                                                      : UP_OWNER_TIMER,
                                .owner_ms = done ? 0 : due_ms,
                                .expiry_ms = done ? 0 : mail->expiry_ms,
                        };
                        see(&view, data);
                }
        }
}

static uint64_t toy_digest(void *self, int64_t now_ms)
{
        const struct toy *toy = self;
        uint64_t digest = 1;

        for (guint i = 0; i < toy->mails->len; i++) {
                const struct toy_mail *mail = toy->mails->pdata[i];
                bool timed = mail->state != TOY_DONE && mail->state != TOY_READY;
                const int64_t times_ms[] = { timed ? mail->due_ms : 0, mail->expiry_ms };
                digest = digest * 31 + (uint64_t)mail->state + (mail->held ? 7 : 0);
                for (size_t t = 0; t < G_N_ELEMENTS(times_ms); t++)
                        digest = digest * 31 + (uint64_t)(times_ms[t] == UP_NEVER_MS
                                                              ? -1
                                                              : MAX(times_ms[t] - now_ms, 0));
        }
        return digest;
}

static void toy_command(void *self, enum up_command command, up_id message, int64_t now_ms)
{
        struct toy *toy = self;
        struct toy_mail *mail = toy_find(toy, 0, message, TOY_DONE);

        (void)now_ms;
        if (mail == NULL || mail->state == TOY_DONE)
                return;
        if (command == UP_COMMAND_DELETE) {
                toy_finish(toy, mail, UP_DISPOSITION_DISCARDED);
        } else {
                mail->held = command == UP_COMMAND_HOLD;
                mail->expiry_ms = mail->held ? UP_NEVER_MS : now_ms + toy->policy.lifetime_ms;
        }
}

static void toy_reload(void *self, const struct up_policy *policy, int64_t now_ms)
{
        struct toy *toy = self;

        (void)now_ms;
        toy->policy = *policy;
}

static void toy_signatures(void *self, int64_t now_ms)
{
        struct toy *toy = self;

        for (guint i = 0; i < toy->mails->len; i++) {
                struct toy_mail *mail = toy->mails->pdata[i];
                if (mail->state == TOY_WAITING)
                        mail->due_ms = now_ms;
        }
}

static void toy_restart(void *self, int64_t now_ms)
{
        struct toy *toy = self;

        (void)now_ms;
        for (guint i = 0; i < toy->mails->len; i++) {
                struct toy_mail *mail = toy->mails->pdata[i];
                mail->request = mail->state == TOY_SCANNING ? mail->request : 0;
                if (mail->state == TOY_SENDING)
                        mail->state = TOY_CLEARED;
        }
}

static struct up_pipeline toy_of(const struct toy_kind *kind)
{
        return (struct up_pipeline){
                .name = "toy",
                .capabilities = UP_CAN_OWNER | UP_CAN_DIGEST | UP_CAN_CRASH | UP_CAN_COMMANDS,
                .variant = kind,
                .open = toy_open,
                .close = toy_close,
                .submit = toy_submit,
                .scanned = toy_scanned,
                .sent = toy_sent,
                .run = toy_run,
                .next_ms = toy_next_ms,
                .for_each_recipient = toy_each,
                .digest = toy_digest,
                .command = toy_command,
                .reload = toy_reload,
                .signatures_updated = toy_signatures,
                .restart = toy_restart,
        };
}

/* --- running it ------------------------------------------------------------------------------- */

static const struct toy_kind sound = { .retry_ms = 0 };

static struct up_case *read_case(const char *head, const char *script, const char *message)
{
        g_autofree char *file =
            g_strdup_printf("unpend-case: 1\n%sscript:\n%s\nmessage:\n%s", head, script, message);
        g_autoptr(GPtrArray) complaints = up_complaints_new();
        struct up_case *c = up_case_read((const uint8_t *)file, strlen(file), complaints);

        if (complaints->len > 0)
                fail_msg("%s", ((const struct up_complaint *)complaints->pdata[0])->text);
        return c;
}

static struct up_ledger *run_case(
    const char *head, const char *script, const struct toy_kind *kind, enum up_mode mode)
{
        g_autoptr(up_case) c = read_case(head, script, "Subject: x\n\nbody\n");
        const struct up_pipeline pipeline = toy_of(kind);

        return up_world_run(c, &pipeline, mode);
}

static struct up_ledger *run(const char *script)
{
        return run_case("", script, &sound, UP_MODE_BASELINE);
}

/* The n-th entry of a kind, from 0; NULL when there are not so many. */
static const struct up_entry *nth(
    const struct up_ledger *ledger, enum up_entry_kind kind, unsigned n)
{
        for (guint i = 0; i < ledger->entries->len; i++)
                if (up_ledger_at(ledger, i)->kind == kind && n-- == 0)
                        return up_ledger_at(ledger, i);
        return NULL;
}

static const struct up_entry *the(const struct up_ledger *ledger, enum up_entry_kind kind)
{
        const struct up_entry *entry = nth(ledger, kind, 0);

        if (entry == NULL)
                fail_msg("no %s in the ledger", up_entry_kind_names[kind]);
        return entry;
}

static unsigned count(const struct up_ledger *ledger, enum up_entry_kind kind)
{
        unsigned n = 0;

        while (nth(ledger, kind, n) != NULL)
                n++;
        return n;
}

static void assert_ending(const struct up_ledger *ledger, enum up_ending ending)
{
        const struct up_entry *last = up_ledger_at(ledger, ledger->entries->len - 1);

        assert_int_equal(last->kind, UP_ENTRY_END);
        if (last->as.ending != ending)
                fail_msg(
                    "%s instead of %s", up_ending_names[last->as.ending], up_ending_names[ending]);
}

/* What became of a recipient of the message with that number of the script. */
static const struct up_view *last_view(
    const struct up_ledger *ledger, unsigned number, unsigned recipient)
{
        const struct up_view *view = NULL;

        for (guint i = 0; i < ledger->entries->len; i++) {
                const struct up_entry *entry = up_ledger_at(ledger, i);
                if (entry->kind == UP_ENTRY_VIEW && entry->number == number &&
                    entry->as.view.recipient == recipient)
                        view = &entry->as.view;
        }
        if (view == NULL)
                fail_msg("no view of %u:%u", number, recipient);
        return view;
}

static void assert_became(
    const struct up_ledger *ledger, unsigned number, enum up_disposition disposition)
{
        assert_int_equal(last_view(ledger, number, 0)->disposition, disposition);
}

/* --- a healthy run ---------------------------------------------------------------------------- */

static void healthy_mail_is_delivered_and_all_is_written_down(void **state)
{
        (void)state;
        g_autoptr(up_ledger) ledger = run_case("envelope: from=<> to=v@a,w@a notify=never\n",
            "  submit 7 smtp", &sound, UP_MODE_BASELINE);
        static const enum up_entry_kind kinds[] = { UP_ENTRY_EVENT, UP_ENTRY_SUBMIT, UP_ENTRY_LOG,
                UP_ENTRY_VIEW, UP_ENTRY_VIEW, UP_ENTRY_STEP, UP_ENTRY_RUN, UP_ENTRY_SCAN,
                UP_ENTRY_VIEW, UP_ENTRY_VIEW, UP_ENTRY_STEP, UP_ENTRY_SCRIPT_END, UP_ENTRY_SCANNED,
                UP_ENTRY_VIEW, UP_ENTRY_VIEW, UP_ENTRY_STEP, UP_ENTRY_RUN, UP_ENTRY_SEND,
                UP_ENTRY_VIEW, UP_ENTRY_VIEW, UP_ENTRY_STEP, UP_ENTRY_SENT, UP_ENTRY_VIEW,
                UP_ENTRY_VIEW, UP_ENTRY_STEP, UP_ENTRY_END };

        assert_int_equal(ledger->entries->len, G_N_ELEMENTS(kinds));
        for (guint i = 0; i < ledger->entries->len; i++)
                assert_int_equal(up_ledger_at(ledger, i)->kind, kinds[i]);
        assert_ending(ledger, UP_ENDING_SETTLED);
        assert_became(ledger, 7, UP_DISPOSITION_DELIVERED);

        const struct up_entry *submit = the(ledger, UP_ENTRY_SUBMIT);
        assert_int_equal(submit->number, 7);
        assert_int_equal(submit->message, 1);
        assert_int_equal(submit->as.submit.origin, UP_ORIGIN_SMTP);
        assert_int_equal(submit->as.submit.receipt, UP_RECEIPT_ACCEPTED);
        assert_string_equal(submit->as.submit.from, "");
        assert_string_equal(submit->as.submit.to[1], "w@a");
        assert_false(submit->as.submit.notify);
        assert_false(submit->as.submit.copy);
        assert_true(submit->as.submit.policy->transport_scan);
        assert_false(submit->as.submit.policy->store_scan);
        /* two days, one hour, five minutes */
        assert_int_equal(submit->as.submit.bound_ms, INT64_C(1000) * 60 * (48 * 60 + 60 + 5));

        assert_string_equal(the(ledger, UP_ENTRY_EVENT)->text, "submit 7 smtp");
        assert_int_equal(the(ledger, UP_ENTRY_LOG)->number, 7);
        assert_int_equal(the(ledger, UP_ENTRY_SCANNED)->at_ms, UP_WORLD_SCAN_MS);
        assert_int_equal(the(ledger, UP_ENTRY_SENT)->at_ms, UP_WORLD_SCAN_MS + UP_WORLD_SEND_MS);
        assert_int_equal(the(ledger, UP_ENTRY_SENT)->as.send.count, 2);
        assert_string_equal(the(ledger, UP_ENTRY_SEND)->as.send.to[1], "w@a");
}

static void times_count_from_the_beginning_of_the_run(void **state)
{
        (void)state;
        g_autoptr(up_ledger) ledger = run("  wait 1m\n  submit 1 local");
        const struct up_view *first = &the(ledger, UP_ENTRY_VIEW)->as.view;
        const struct up_view *scanning = &nth(ledger, UP_ENTRY_VIEW, 1)->as.view;
        const struct up_view *last = last_view(ledger, 1, 0);

        assert_int_equal(first->expiry_ms, 60000 + INT64_C(2) * 24 * 3600 * 1000);
        assert_int_equal(scanning->owner_ms, 60000 + 5 * 60 * 1000);
        assert_int_equal(last->owner_ms, 0);
        assert_int_equal(nth(ledger, UP_ENTRY_STEP, 1)->as.step.next_ms, 60000 + 5 * 60 * 1000);
        assert_int_equal(nth(ledger, UP_ENTRY_STEP, 1)->as.step.outstanding, 1);
        assert_true(nth(ledger, UP_ENTRY_STEP, 4)->as.step.next_ms == UP_NEVER_MS);
        assert_int_equal(nth(ledger, UP_ENTRY_STEP, 4)->as.step.outstanding, 0);
}

/* --- the scanner ------------------------------------------------------------------------------ */

static const struct {
        const char *manner;
        unsigned answers;
        enum up_verdict verdict;
        uint32_t code;
        int64_t first_ms;
        up_id message;
} answers[] = {
        { "by-content", 1, UP_VERDICT_CLEAN, 0, 200, 1 },
        { "clean", 1, UP_VERDICT_CLEAN, 0, 200, 1 },
        { "infected", 1, UP_VERDICT_INFECTED, 0, 200, 1 },
        { "unscannable", 1, UP_VERDICT_UNSCANNABLE, 0, 200, 1 },
        { "rewritten", 1, UP_VERDICT_REWRITTEN, 0, 200, 1 },
        { "busy", 1, UP_VERDICT_NONE, 0x800700aa, 200, 1 },
        { "error", 1, UP_VERDICT_NONE, 0x80004005, 200, 1 },
        { "died", 1, UP_VERDICT_NONE, 0x800706be, 200, 1 },
        { "no-verdict", 1, UP_VERDICT_NONE, 0, 200, 1 },
        { "never", 0, UP_VERDICT_CLEAN, 0, 0, 0 },
        { "late", 1, UP_VERDICT_CLEAN, 0, 5 * 60 * 1000 + UP_WORLD_LATE_MS, 1 },
        { "twice", 2, UP_VERDICT_CLEAN, 0, 200, 1 },
        { "other", 1, UP_VERDICT_CLEAN, 0, 200, 2 },
};

static void the_scanner_answers_in_each_way(void **state)
{
        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(answers); i++) {
                g_autofree char *script = g_strdup_printf(
                    "  scan 1 %s\n  submit 1 local\n  wait 5500ms\n  scan 1 clean\n  wait 10m",
                    answers[i].manner);
                g_autoptr(up_ledger) ledger = run(script);
                up_request first = the(ledger, UP_ENTRY_SCAN)->request;
                unsigned n = 0;

                for (unsigned j = 0; j < count(ledger, UP_ENTRY_SCANNED); j++) {
                        const struct up_entry *entry = nth(ledger, UP_ENTRY_SCANNED, j);
                        if (entry->request != first)
                                continue;
                        assert_int_equal(entry->as.scan.answer.verdict, answers[i].verdict);
                        assert_int_equal(entry->as.scan.answer.code, answers[i].code);
                        assert_int_equal(entry->as.scan.answer.message, answers[i].message);
                        assert_int_equal(entry->message, 1);
                        if (n++ == 0)
                                assert_int_equal(entry->at_ms, answers[i].first_ms);
                }
                assert_int_equal(n, answers[i].answers);
                assert_ending(ledger, UP_ENDING_SETTLED);
        }
}

/* A manner that is in the verb and in no row of the tables would end the process here. */
static void every_choice_of_every_verb_is_played(void **state)
{
        (void)state;
        for (size_t i = 0; i < UP_VERB_COUNT; i++) {
                g_auto(GStrv) patterns = g_strsplit(up_verb_rows[i].arguments, " ", -1);
                for (char **pattern = patterns; *pattern != NULL; pattern++) {
                        g_auto(GStrv) choices = g_strsplit(*pattern, "|", -1);
                        for (char **choice = choices; *choice != NULL; choice++) {
                                GString *script = g_string_new("  submit 1 local\n  ");
                                g_string_append(script, up_verb_rows[i].name);
                                for (char **word = patterns; *word != NULL; word++) {
                                        const char *end = word == pattern ? *choice : *word;
                                        g_string_append_printf(script, " %.*s",
                                            (int)MIN(strcspn(end, "|"),
                                                (size_t)(strstr(end, "..") != NULL
                                                             ? strstr(end, "..") - end
                                                             : 1000)),
                                            end);
                                }
                                g_string_append(script, "\n  submit 1 smtp");
                                g_autofree char *text = g_string_free(script, FALSE);
                                g_autoptr(up_ledger) ledger = run(text);
                                assert_ending(ledger, UP_ENDING_SETTLED);
                        }
                }
        }
}

static void number_0_is_all_mail_without_a_line_of_its_own(void **state)
{
        (void)state;
        g_autoptr(up_ledger) ledger =
            run("  scan 2 by-content\n  scan 0 infected\n  submit 1 local\n  submit 2 local\n"
                "  hop 0 dot reject\n  hop 4 dot accept\n  scan 0 clean\n  wait 1ms\n"
                "  submit 3 local\n  submit 4 local");

        assert_became(ledger, 1, UP_DISPOSITION_QUARANTINED);
        assert_became(ledger, 2, UP_DISPOSITION_BOUNCED);
        assert_became(ledger, 3, UP_DISPOSITION_BOUNCED);
        assert_became(ledger, 4, UP_DISPOSITION_DELIVERED);
}

static void the_answer_other_names_another_outstanding_scan(void **state)
{
        (void)state;
        g_autoptr(up_ledger) ledger =
            run("  scan 2 other\n  submit 1 local\n  submit 2 local\n  wait 1s\n  scan 2 clean");

        assert_int_equal(nth(ledger, UP_ENTRY_SCANNED, 1)->message, 2);
        assert_int_equal(nth(ledger, UP_ENTRY_SCANNED, 1)->as.scan.answer.message, 1);

        /* it was asked about this one alone, and still owes an answer */
        static const struct toy_kind kind = { .retry_ms = 500 };
        g_autoptr(up_ledger) alone = run_case("",
            "  scan 1 late\n  submit 1 local\n  wait 5m\n  scan 1 other\n  wait 700ms\n"
            "  scan 1 clean",
            &kind, UP_MODE_BASELINE);
        assert_int_equal(the(alone, UP_ENTRY_SCANNED)->request, 2);
        assert_int_equal(the(alone, UP_ENTRY_SCANNED)->as.scan.answer.message, 2);
}

static void the_scanner_reads_content(void **state)
{
        (void)state;
        g_autoptr(GBytes) virus =
            up_eicar_expand((const uint8_t *)UP_EICAR_PLACEHOLDER, strlen(UP_EICAR_PLACEHOLDER));
        g_autofree char *encoded =
            g_base64_encode(g_bytes_get_data(virus, NULL), g_bytes_get_size(virus));
        g_autofree char *hidden = g_strdup_printf("Content-Type: multipart/mixed; boundary=b\n\n"
                                                  "--b\nContent-Transfer-Encoding: base64\n\n%s\n"
                                                  "--b--\n",
            encoded);
        GString *wide = g_string_new("Content-Type: multipart/mixed; boundary=b\n\n");
        for (int i = 0; i < 5000; i++)
                g_string_append(wide, "--b\n\n\n");
        g_autofree char *too_wide = g_string_free(wide, FALSE);
        const struct {
                const char *message;
                enum up_verdict verdict;
        } messages[] = {
                { "Subject: x\n\nbody\n", UP_VERDICT_CLEAN },
                { "", UP_VERDICT_CLEAN },
                { "Subject: x\n\n" UP_EICAR_PLACEHOLDER, UP_VERDICT_INFECTED },
                { hidden, UP_VERDICT_INFECTED },
                { too_wide, UP_VERDICT_UNSCANNABLE },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(messages); i++) {
                g_autoptr(up_case) c = read_case("", "  submit 1 local", messages[i].message);
                const struct up_pipeline pipeline = toy_of(&sound);
                g_autoptr(up_ledger) ledger = up_world_run(c, &pipeline, UP_MODE_BASELINE);
                assert_int_equal(
                    the(ledger, UP_ENTRY_SCANNED)->as.scan.answer.verdict, messages[i].verdict);
        }
}

/* The file of a seed; the caller owns it. */
static char *signed_message(void)
{
        char *message = NULL;

        if (!g_file_get_contents("seeds/smime/opaque-ec.eml", &message, NULL, NULL))
                fail_msg("the signed seed cannot be read");
        return message;
}

static struct up_ledger *run_signed(const char *script, enum up_mode mode)
{
        g_autofree char *message = signed_message();
        g_autoptr(up_case) c = read_case("", script, message);
        const struct up_pipeline pipeline = toy_of(&sound);

        return up_world_run(c, &pipeline, mode);
}

static enum up_verdict nth_verdict(const struct up_ledger *ledger, unsigned n)
{
        return nth(ledger, UP_ENTRY_SCANNED, n)->as.scan.answer.verdict;
}

static void memory_runs_out_in_the_next_look_alone(void **state)
{
        (void)state;
        /* a manner that does not look leaves the failure for the one that does */
        g_autoptr(up_ledger) ledger =
            run_signed("  allocation 1\n  scan 1 clean\n  submit 1 local\n  submit 2 local\n"
                       "  wait 1s\n  submit 3 local",
                UP_MODE_BASELINE);
        const struct up_entry *failed = nth(ledger, UP_ENTRY_SCANNED, 1);

        assert_int_equal(nth_verdict(ledger, 0), UP_VERDICT_CLEAN);
        assert_int_equal(failed->number, 2);
        assert_int_equal(failed->as.scan.answer.verdict, UP_VERDICT_NONE);
        assert_true(failed->as.scan.answer.code != 0);
        assert_string_equal(failed->text, "OpenSSL got no memory for its allocation 1");
        assert_int_equal(nth_verdict(ledger, 2), UP_VERDICT_CLEAN);
        assert_null(nth(ledger, UP_ENTRY_SCANNED, 2)->text);
        assert_became(ledger, 1, UP_DISPOSITION_DELIVERED);
        assert_became(ledger, 2, UP_DISPOSITION_DELIVERED);
        assert_became(ledger, 3, UP_DISPOSITION_DELIVERED);
}

static void memory_belongs_to_the_environment(void **state)
{
        (void)state;
        g_autoptr(up_ledger) healthy =
            run_signed("  allocation 1\n  submit 1 local", UP_MODE_HEALTHY);
        g_autoptr(up_ledger) healed =
            run_signed("  scan 1 busy\n  submit 1 local\n  wait 1s\n  scan 1 by-content\n"
                       "  allocation 1",
                UP_MODE_HEALED);
        g_autoptr(up_ledger) baseline =
            run_signed("  scan 1 busy\n  submit 1 local\n  wait 1s\n  scan 1 by-content\n"
                       "  allocation 1",
                UP_MODE_BASELINE);

        assert_int_equal(nth_verdict(healthy, 0), UP_VERDICT_CLEAN);
        assert_int_equal(nth_verdict(healed, 1), UP_VERDICT_CLEAN);
        assert_int_equal(nth_verdict(baseline, 1), UP_VERDICT_NONE);
        assert_int_equal(nth_verdict(baseline, 2), UP_VERDICT_CLEAN);
}

static void runs_share_what_was_read_and_no_failure(void **state)
{
        (void)state;
        g_autofree char *message = signed_message();
        g_autoptr(up_case) c = read_case("", "  allocation 1\n  submit 1 local", message);
        const struct up_pipeline pipeline = toy_of(&sound);
        g_autoptr(up_readings) readings = up_readings_new();
        struct up_limits limits;
        struct up_observations observed;

        up_limits_init(&limits);
        up_observations_init(&observed, &limits, 0);
        for (int i = 0; i < 2; i++) {
                g_autoptr(up_ledger) sick =
                    up_world_run_sharing(c, &pipeline, UP_MODE_BASELINE, readings);
                g_autoptr(up_ledger) well =
                    up_world_run_sharing(c, &pipeline, UP_MODE_HEALTHY, readings);
                assert_int_equal(nth_verdict(sick, 0), UP_VERDICT_NONE);
                assert_int_equal(nth_verdict(well, 0), UP_VERDICT_CLEAN);
        }
        up_readings_count(readings, &observed);
        assert_int_equal(observed.counts[UP_COUNT_VERIFIED], 1);
        up_observations_clear(&observed);
}

/* --- the next hop ----------------------------------------------------------------------------- */

static void the_next_hop_answers_at_each_point(void **state)
{
        (void)state;
        static const struct {
                const char *point;
                const char *reply;
                enum up_outcome outcome;
        } replies[] = {
                { "mail", "accept", UP_OUTCOME_DELIVERED },
                { "mail", "defer", UP_OUTCOME_DEFERRED },
                { "mail", "reject", UP_OUTCOME_REJECTED },
                { "mail", "lost", UP_OUTCOME_DEFERRED },
                { "data", "defer", UP_OUTCOME_DEFERRED },
                { "data", "reject", UP_OUTCOME_REJECTED },
                { "data", "lost", UP_OUTCOME_DEFERRED },
                { "dot", "defer", UP_OUTCOME_DEFERRED },
                { "dot", "reject", UP_OUTCOME_REJECTED },
                { "dot", "lost", UP_OUTCOME_UNKNOWN },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(replies); i++) {
                g_autofree char *script =
                    g_strdup_printf("  hop 1 %s %s\n  submit 1 local\n  wait 1s\n  hop 1 %s accept",
                        replies[i].point, replies[i].reply, replies[i].point);
                g_autoptr(up_ledger) ledger = run(script);
                const struct up_entry *sent = the(ledger, UP_ENTRY_SENT);
                const struct up_send_answer answer = { sent->as.send.mail, sent->as.send.rcpt,
                        sent->as.send.count, sent->as.send.data, sent->as.send.dot };
                assert_int_equal(up_send_outcome(&answer, 0), replies[i].outcome);
                assert_ending(ledger, UP_ENDING_SETTLED);
        }
}

static void a_next_hop_can_be_silent_at_each_point(void **state)
{
        (void)state;
        static const char *const points[] = { "mail", "data", "dot" };

        for (size_t i = 0; i < G_N_ELEMENTS(points); i++) {
                g_autofree char *script =
                    g_strdup_printf("  hop 0 %s never\n  submit 1 local", points[i]);
                g_autoptr(up_ledger) ledger = run(script);
                assert_true(count(ledger, UP_ENTRY_SEND) > 1);
                assert_int_equal(count(ledger, UP_ENTRY_SENT), 0);
                assert_became(ledger, 1, UP_DISPOSITION_BOUNCED);
        }

        /* it says no more than was asked for */
        g_autoptr(up_ledger) ledger =
            run("  hop 1 dot never\n  hop 1 mail reject\n  submit 1 local");
        assert_int_equal(the(ledger, UP_ENTRY_SENT)->as.send.dot, UP_REPLY_REJECT);
}

static void the_next_hop_answers_each_recipient(void **state)
{
        (void)state;
        g_autoptr(up_ledger) ledger = run_case("envelope: to=a,b,c,d\n",
            "  rcpt 2 reject\n  rcpt 3 defer\n  submit 1 local\n  wait 1s\n  rcpt 3 accept", &sound,
            UP_MODE_BASELINE);
        const struct up_entry *first = the(ledger, UP_ENTRY_SENT);
        const struct up_entry *second = nth(ledger, UP_ENTRY_SENT, 1);

        assert_int_equal(first->as.send.rcpt[0], UP_REPLY_ACCEPT);
        assert_int_equal(first->as.send.rcpt[1], UP_REPLY_REJECT);
        assert_int_equal(first->as.send.rcpt[2], UP_REPLY_DEFER);
        assert_int_equal(first->as.send.rcpt[3], UP_REPLY_ACCEPT);
        assert_int_equal(first->as.send.dot, UP_REPLY_ACCEPT);
        assert_int_equal(second->as.send.count, 1);
        assert_int_equal(second->as.send.recipients[0], 2);
        assert_int_equal(last_view(ledger, 1, 1)->disposition, UP_DISPOSITION_BOUNCED);
        assert_int_equal(last_view(ledger, 1, 2)->disposition, UP_DISPOSITION_DELIVERED);

        g_autoptr(up_ledger) lost = run_case("envelope: to=a,b,c\n",
            "  rcpt 2 lost\n  submit 1 local\n  wait 1s\n  rcpt 2 accept", &sound,
            UP_MODE_BASELINE);
        first = the(lost, UP_ENTRY_SENT);
        assert_int_equal(first->as.send.rcpt[0], UP_REPLY_ACCEPT);
        assert_int_equal(first->as.send.rcpt[2], UP_REPLY_LOST);
        assert_int_equal(first->as.send.data, UP_REPLY_LOST);
        assert_int_equal(nth(lost, UP_ENTRY_SENT, 1)->as.send.count, 3);
}

static void the_next_hop_refuses_what_it_does_not_offer(void **state)
{
        (void)state;
        g_autofree char *large = g_strnfill(UP_HOP_SIZE_BYTES + 1, 'x');
        const struct {
                const char *envelope;
                const char *offers;
                const char *message;
                enum up_disposition disposition;
        } mails[] = {
                { "", "size off", large, UP_DISPOSITION_DELIVERED },
                { "", "size on", large, UP_DISPOSITION_BOUNCED },
                { "", "size on", "\n\nsmall", UP_DISPOSITION_DELIVERED },
                { "", "8bitmime on", "\n\n\xc3\xbc", UP_DISPOSITION_DELIVERED },
                { "", "8bitmime off", "\n\n\xc3\xbc", UP_DISPOSITION_BOUNCED },
                { "", "8bitmime off", "\n\nu", UP_DISPOSITION_DELIVERED },
                { "envelope: to=\xc3\xbc@a\n", "smtputf8 on", "", UP_DISPOSITION_DELIVERED },
                { "envelope: to=\xc3\xbc@a\n", "smtputf8 off", "", UP_DISPOSITION_BOUNCED },
                { "envelope: from=\xc3\xbc@a\n", "smtputf8 off", "", UP_DISPOSITION_BOUNCED },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(mails); i++) {
                g_autofree char *script =
                    g_strdup_printf("  offers %s\n  submit 1 local", mails[i].offers);
                g_autoptr(up_case) c = read_case(mails[i].envelope, script, mails[i].message);
                const struct up_pipeline pipeline = toy_of(&sound);
                g_autoptr(up_ledger) ledger = up_world_run(c, &pipeline, UP_MODE_BASELINE);
                assert_became(ledger, 1, mails[i].disposition);
        }
}

static void a_loop_hands_in_what_was_delivered_and_ends(void **state)
{
        (void)state;
        g_autoptr(up_ledger) ledger = run_case("envelope: from=<> to=a,b\n",
            "  rcpt 1 reject\n  loop on\n  submit 5 local", &sound, UP_MODE_BASELINE);
        const struct up_entry *original = the(ledger, UP_ENTRY_SUBMIT);
        const struct up_entry *copy = nth(ledger, UP_ENTRY_SUBMIT, 1);

        assert_false(original->as.submit.copy);
        assert_true(copy->as.submit.copy);
        assert_int_equal(copy->number, 5);
        assert_int_equal(copy->message, 2);
        assert_int_equal(copy->as.submit.hops, 1);
        assert_int_equal(copy->as.submit.origin, UP_ORIGIN_SMTP);
        assert_string_equal(copy->as.submit.from, "");
        assert_string_equal(copy->as.submit.to[0], "b");
        assert_null(copy->as.submit.to[1]);
        assert_int_equal(copy->at_ms, the(ledger, UP_ENTRY_SENT)->at_ms + UP_WORLD_LOOP_MS);
        assert_true(g_bytes_equal(copy->bytes, original->bytes));
        /* its one recipient is rejected in turn: it has become the first */
        assert_int_equal(count(ledger, UP_ENTRY_SUBMIT), 2);

        g_autoptr(up_ledger) endless = run("  loop on\n  submit 1 local");
        assert_int_equal(count(endless, UP_ENTRY_SUBMIT), 1 + UP_WORLD_HOPS);
        assert_ending(endless, UP_ENDING_SETTLED);

        g_autoptr(up_ledger) off = run("  loop on\n  submit 1 local\n  wait 2s\n  loop off");
        assert_int_equal(count(off, UP_ENTRY_SUBMIT), 2);
}

/* --- time, power ------------------------------------------------------------------------------ */

static void what_falls_due_while_waiting_is_done_in_its_time(void **state)
{
        (void)state;
        g_autoptr(up_ledger) ledger =
            run("  scan 0 busy\n  submit 1 local\n  wait 90s\n  submit 2 smtp");

        assert_int_equal(nth(ledger, UP_ENTRY_SCAN, 1)->at_ms, 200 + TOY_RETRY_MS);
        assert_int_equal(nth(ledger, UP_ENTRY_SUBMIT, 1)->at_ms, 90 * 1000);
        assert_int_equal(nth(ledger, UP_ENTRY_EVENT, 3)->at_ms, 90 * 1000);
}

static void a_jump_moves_the_wall_clock_alone(void **state)
{
        (void)state;
        static const char script[] = "  submit 1 local\n  clock forward 2d\n  submit 1 local\n"
                                     "  wait 10s\n  clock back 3d\n  submit 1 local";
        g_autoptr(up_ledger) ledger = run(script);

        assert_int_equal(the(ledger, UP_ENTRY_LOG)->as.log.code, UP_CASE_TIME_S);
        assert_int_equal(nth(ledger, UP_ENTRY_LOG, 1)->as.log.code, UP_CASE_TIME_S + 2 * 86400);
        assert_int_equal(nth(ledger, UP_ENTRY_LOG, 2)->as.log.code, UP_CASE_TIME_S - 86400 + 10);
        assert_int_equal(nth(ledger, UP_ENTRY_SUBMIT, 2)->at_ms, 10 * 1000);
        assert_int_equal(the(ledger, UP_ENTRY_CLOCK)->as.jump_s, 2 * 86400);
        assert_int_equal(nth(ledger, UP_ENTRY_CLOCK, 1)->as.jump_s, -3 * 86400);
}

static void a_submission_that_the_power_cuts_off_has_no_receipt(void **state)
{
        (void)state;
        g_autoptr(up_ledger) ledger = run("  crash 1\n  submit 1 local\n  submit 2 local");
        const struct up_entry *first = the(ledger, UP_ENTRY_SUBMIT);

        assert_int_equal(first->as.submit.receipt, UP_RECEIPT_DEFERRED);
        assert_int_equal(first->message, 0);
        assert_int_equal(first[1].kind, UP_ENTRY_CRASH);
        assert_int_equal(first[1].as.operation, 1);
        assert_int_equal(first[2].kind, UP_ENTRY_RESTART);
        assert_int_equal(first[3].kind, UP_ENTRY_STEP);
        assert_int_equal(count(ledger, UP_ENTRY_SUBMIT), 2);
        assert_int_equal(count(ledger, UP_ENTRY_CRASH), 1);
        assert_became(ledger, 2, UP_DISPOSITION_DELIVERED);
        assert_ending(ledger, UP_ENDING_SETTLED);
}

static void what_is_found_of_it_after_all_has_its_number(void **state)
{
        (void)state;
        static const struct toy_kind kind = { .saves_twice = true };
        g_autoptr(up_ledger) ledger =
            run_case("", "  crash 2\n  submit 9 local", &kind, UP_MODE_BASELINE);

        assert_int_equal(the(ledger, UP_ENTRY_SUBMIT)->as.submit.receipt, UP_RECEIPT_DEFERRED);
        assert_int_equal(the(ledger, UP_ENTRY_CRASH)->as.operation, 2);
        /* a dead process says nothing: what it asked and logged after that is not there */
        assert_int_equal(count(ledger, UP_ENTRY_LOG), 0);
        assert_int_equal(count(ledger, UP_ENTRY_SCAN), 1);
        assert_true(the(ledger, UP_ENTRY_SCAN) > the(ledger, UP_ENTRY_RESTART));
        assert_became(ledger, 9, UP_DISPOSITION_DELIVERED);
}

static void the_power_goes_out_at_the_operation_that_was_named(void **state)
{
        (void)state;
        /* submission, verdict, delivery: the third operation is that of the delivery */
        g_autoptr(up_ledger) ledger = run("  crash 3\n  submit 1 local");
        const struct up_entry *crash = the(ledger, UP_ENTRY_CRASH);

        assert_int_equal(crash[-1].kind, UP_ENTRY_SENT);
        assert_int_equal(crash->as.operation, 3);
        assert_int_equal(count(ledger, UP_ENTRY_SEND), 2);
        assert_became(ledger, 1, UP_DISPOSITION_DELIVERED);

        g_autoptr(up_ledger) twice =
            run("  crash 3\n  crash 1\n  crash 3\n  submit 1 local\n  submit 2 local");
        assert_int_equal(count(twice, UP_ENTRY_CRASH), 2);
        assert_int_equal(nth(twice, UP_ENTRY_CRASH, 1)->as.operation, 3);
}

static void an_answer_still_comes_after_a_restart(void **state)
{
        (void)state;
        g_autoptr(up_ledger) ledger = run("  submit 1 local\n  restart\n  wait 1s\n");
        const struct up_entry *restart = the(ledger, UP_ENTRY_RESTART);

        assert_int_equal(count(ledger, UP_ENTRY_CRASH), 0);
        assert_int_equal(restart[-1].kind, UP_ENTRY_EVENT);
        assert_int_equal(restart[1].kind, UP_ENTRY_STEP);
        assert_int_equal(the(ledger, UP_ENTRY_SCANNED)->at_ms, 200);
        assert_became(ledger, 1, UP_DISPOSITION_DELIVERED);
}

static void a_pipeline_that_cannot_crash_is_left_alone(void **state)
{
        (void)state;
        g_autoptr(up_case) c =
            read_case("", "  crash 1\n  restart\n  submit 1 local\n  hold 1", "");
        struct up_pipeline pipeline = toy_of(&sound);
        pipeline.capabilities = 0;
        pipeline.restart = NULL;
        pipeline.command = NULL;
        pipeline.digest = NULL;
        g_autoptr(up_ledger) ledger = up_world_run(c, &pipeline, UP_MODE_BASELINE);

        assert_int_equal(count(ledger, UP_ENTRY_CRASH), 0);
        assert_int_equal(count(ledger, UP_ENTRY_RESTART), 0);
        assert_int_equal(count(ledger, UP_ENTRY_COMMAND), 0);
        assert_int_equal(the(ledger, UP_ENTRY_STEP)->as.step.digest, 0);
        assert_became(ledger, 1, UP_DISPOSITION_DELIVERED);
}

/* --- the administrator ------------------------------------------------------------------------ */

static void held_mail_does_not_keep_the_run_going(void **state)
{
        (void)state;
        g_autoptr(up_ledger) held = run("  submit 1 local\n  hold 1");
        assert_ending(held, UP_ENDING_SETTLED);
        assert_became(held, 1, UP_DISPOSITION_NONE);
        assert_int_equal(last_view(held, 1, 0)->owner, UP_OWNER_ADMINISTRATOR);
        assert_int_equal(the(held, UP_ENTRY_COMMAND)->as.command.command, UP_COMMAND_HOLD);
        assert_int_equal(the(held, UP_ENTRY_COMMAND)->number, 1);
        assert_int_equal(the(held, UP_ENTRY_COMMAND)->message, 1);

        /* released after its bound, it has time again */
        g_autoptr(up_ledger) released = run("  submit 1 local\n  hold 1\n  wait 30d\n  release 1");
        assert_ending(released, UP_ENDING_SETTLED);
        assert_became(released, 1, UP_DISPOSITION_DELIVERED);

        g_autoptr(up_ledger) deleted = run("  submit 1 local\n  delete 1");
        assert_became(deleted, 1, UP_DISPOSITION_DISCARDED);
}

static void a_command_on_what_was_not_accepted_does_nothing(void **state)
{
        (void)state;
        g_autoptr(up_ledger) ledger = run("  submit 1 local\n  hold 2\n  delete 64");

        assert_int_equal(count(ledger, UP_ENTRY_EVENT), 3);
        assert_int_equal(count(ledger, UP_ENTRY_COMMAND), 0);
        assert_became(ledger, 1, UP_DISPOSITION_DELIVERED);
}

static void the_policy_can_be_switched(void **state)
{
        (void)state;
        g_autoptr(up_ledger) ledger =
            run("  transport-scan off\n  submit 1 local\n  wait 1s\n  transport-scan on\n"
                "  store-scan on\n  submit 2 local");
        const struct up_entry *second = nth(ledger, UP_ENTRY_SUBMIT, 1);

        assert_false(the(ledger, UP_ENTRY_SUBMIT)->as.submit.policy->transport_scan);
        assert_true(second->as.submit.policy->transport_scan);
        assert_true(second->as.submit.policy->store_scan);
        assert_int_equal(count(ledger, UP_ENTRY_SCAN), 1);
        assert_int_equal(the(ledger, UP_ENTRY_SCAN)->number, 2);
        assert_false(the(ledger, UP_ENTRY_SEND)->as.send.gated);
        assert_true(nth(ledger, UP_ENTRY_SEND, 1)->as.send.gated);
        assert_int_equal(the(ledger, UP_ENTRY_OPEN)->number, 2);
        assert_string_equal(the(ledger, UP_ENTRY_COMMAND)->text, "transport-scan off");
        assert_int_equal(the(ledger, UP_ENTRY_COMMAND)->message, 0);
}

static void new_signatures_reach_the_pipeline(void **state)
{
        (void)state;
        g_autoptr(up_ledger) ledger =
            run("  scan 1 busy\n  submit 1 local\n  wait 1s\n  scan 1 clean\n  signatures");

        assert_int_equal(nth(ledger, UP_ENTRY_SCAN, 1)->at_ms, 1000);
        assert_string_equal(the(ledger, UP_ENTRY_COMMAND)->text, "signatures");
}

static void a_bystander_is_mail_of_its_own(void **state)
{
        (void)state;
        g_autoptr(up_ledger) ledger = run("  bystander 1 plain local\n  bystander 2 signed smtp");
        g_autoptr(GBytes) plain = up_bystander("plain");
        g_autoptr(GBytes) signed_bytes = up_bystander("signed");

        assert_true(g_bytes_equal(the(ledger, UP_ENTRY_SUBMIT)->bytes, plain));
        assert_true(g_bytes_equal(nth(ledger, UP_ENTRY_SUBMIT, 1)->bytes, signed_bytes));
        assert_int_equal(nth(ledger, UP_ENTRY_SUBMIT, 1)->as.submit.origin, UP_ORIGIN_SMTP);
        assert_became(ledger, 1, UP_DISPOSITION_DELIVERED);
        assert_became(ledger, 2, UP_DISPOSITION_DELIVERED);

        struct up_limits limits;
        struct up_observations observed;
        up_limits_init(&limits);
        up_observations_init(&observed, &limits, 0);
        g_autoptr(GMimeMessage) message = up_mime_parse(signed_bytes, &observed);
        assert_true(GMIME_IS_MULTIPART_SIGNED(g_mime_message_get_mime_part(message)));
        up_observations_clear(&observed);
}

/* --- endings ---------------------------------------------------------------------------------- */

static void each_fault_ends_its_run(void **state)
{
        (void)state;
        static const struct toy_kind sleeps = { .sleeps = true };
        static const struct toy_kind never_expires = { .never_expires = true };
        static const struct toy_kind spins = { .spins = true };
        static const struct toy_kind forgets = { .forgets = true };
        static const struct toy_kind hides = { .hides = true };
        static const struct toy_kind undecided = { .undecided = true };
        static const struct toy_kind hasty = { .retry_ms = 1, .never_expires = true };
        static const struct {
                const struct toy_kind *kind;
                unsigned can_not;
                const char *script;
                enum up_ending ending;
        } runs[] = {
                { &sound, 0, "  scan 0 no-verdict\n  submit 1 local", UP_ENDING_SETTLED },
                { &sleeps, 0, "  scan 0 no-verdict\n  submit 1 local", UP_ENDING_IDLE },
                { &sleeps, 0, "  scan 0 never\n  submit 1 local", UP_ENDING_IDLE },
                { &forgets, 0, "  scan 0 busy\n  submit 1 local", UP_ENDING_IDLE },
                { &undecided, 0, "  store-scan on\n  submit 1 local", UP_ENDING_IDLE },
                { &hides, 0, "  submit 1 local", UP_ENDING_IDLE },
                { &never_expires, 0, "  scan 0 no-verdict\n  submit 1 local", UP_ENDING_CYCLE },
                { &never_expires, 0, "  scan 0 never\n  submit 1 local", UP_ENDING_CYCLE },
                { &never_expires, 0, "  scan 0 late\n  submit 1 local", UP_ENDING_CYCLE },
                { &never_expires, UP_CAN_DIGEST, "  scan 0 no-verdict\n  submit 1 local",
                    UP_ENDING_BOUND },
                { &spins, 0, "  submit 1 local", UP_ENDING_SPIN },
                { &spins, UP_CAN_DIGEST, "  wait 1s\n  submit 1 local", UP_ENDING_SPIN },
                { &hasty, UP_CAN_DIGEST, "  hop 0 mail defer\n  submit 1 local", UP_ENDING_STEPS },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(runs); i++) {
                g_autoptr(up_case) c = read_case("", runs[i].script, "");
                struct up_pipeline pipeline = toy_of(runs[i].kind);
                pipeline.capabilities &= ~runs[i].can_not;
                g_autoptr(up_ledger) ledger = up_world_run(c, &pipeline, UP_MODE_BASELINE);
                assert_ending(ledger, runs[i].ending);
        }
}

static void a_bound_is_seen_to_pass(void **state)
{
        (void)state;
        static const struct toy_kind kind = { .never_expires = true };
        g_autoptr(up_case) c =
            read_case("policy: lifetime=1h\n", "  hop 0 dot defer\n  submit 1 local", "");
        struct up_pipeline pipeline = toy_of(&kind);
        pipeline.capabilities = 0;
        g_autoptr(up_ledger) ledger = up_world_run(c, &pipeline, UP_MODE_BASELINE);

        /* the longest gap after it, and not a moment longer */
        assert_int_equal(the(ledger, UP_ENTRY_END)->at_ms,
            the(ledger, UP_ENTRY_SUBMIT)->as.submit.bound_ms + 3600 * 1000 + 1);
        assert_ending(ledger, UP_ENDING_BOUND);
}

static void a_message_no_longer_reported_is_recorded(void **state)
{
        (void)state;
        static const struct toy_kind kind = { .forgets = true };
        g_autoptr(up_ledger) ledger = run_case(
            "", "  scan 1 busy\n  submit 1 local\n  submit 2 local", &kind, UP_MODE_BASELINE);
        const struct up_view *view = last_view(ledger, 1, 0);

        assert_string_equal(view->state, "");
        assert_int_equal(view->owner, UP_OWNER_NONE);
        assert_int_equal(view->disposition, UP_DISPOSITION_NONE);
        assert_became(ledger, 2, UP_DISPOSITION_DELIVERED);
        assert_ending(ledger, UP_ENDING_IDLE);
}

/* --- a pipeline that names its changes -------------------------------------------------------- */

static struct up_ledger *run_naming(
    const struct toy_kind *kind, const char *script, void (*each)(void *, up_view_visitor, void *))
{
        g_autoptr(up_case) c = read_case("", script, "");
        struct up_pipeline pipeline = toy_of(kind);

        pipeline.capabilities |= UP_CAN_CHANGES;
        pipeline.for_each_changed = each;
        return up_world_run(c, &pipeline, UP_MODE_BASELINE);
}

static guint last_of(const struct up_ledger *ledger, enum up_entry_kind kind)
{
        guint at = ledger->entries->len;

        while (at-- > 0)
                if (up_ledger_at(ledger, at)->kind == kind)
                        return at;
        fail_msg("there is no such entry");
        return 0;
}

static void toy_each_unfinished(void *self, up_view_visitor see, void *data)
{
        struct toy *toy = self;
        GPtrArray *all = toy->mails;

        toy->mails = g_ptr_array_new();
        for (guint i = 0; i < all->len; i++)
                if (((struct toy_mail *)all->pdata[i])->state != TOY_DONE)
                        g_ptr_array_add(toy->mails, all->pdata[i]);
        toy_each(toy, see, data);
        g_ptr_array_unref(toy->mails);
        toy->mails = all;
}

static void named_changes_are_seen_at_once(void **state)
{
        (void)state;
        g_autoptr(up_ledger) ledger =
            run_naming(&sound, "  submit 1 local\n  submit 2 local\n  crash 1", toy_each);

        assert_became(ledger, 1, UP_DISPOSITION_DELIVERED);
        assert_became(ledger, 2, UP_DISPOSITION_DELIVERED);
        assert_true(last_of(ledger, UP_ENTRY_VIEW) < last_of(ledger, UP_ENTRY_STEP));
        assert_ending(ledger, UP_ENDING_SETTLED);
}

static void a_change_that_is_not_named_is_seen_at_the_end(void **state)
{
        (void)state;
        g_autoptr(up_ledger) ledger = run_naming(&sound, "  submit 1 local", toy_each_unfinished);

        assert_became(ledger, 1, UP_DISPOSITION_DELIVERED);
        assert_true(last_of(ledger, UP_ENTRY_VIEW) > last_of(ledger, UP_ENTRY_STEP));
        assert_ending(ledger, UP_ENDING_IDLE);

        /* a restart is no call that can name anything */
        g_autoptr(up_ledger) restarted =
            run_naming(&sound, "  submit 1 local\n  wait 1s\n  restart", toy_each_unfinished);
        assert_became(restarted, 1, UP_DISPOSITION_DELIVERED);
        assert_true(last_of(restarted, UP_ENTRY_VIEW) < last_of(restarted, UP_ENTRY_STEP));
}

static void a_recipient_lost_in_silence_is_seen_at_the_end(void **state)
{
        (void)state;
        static const struct toy_kind forgets = { .forgets = true };
        g_autoptr(up_ledger) ledger =
            run_naming(&forgets, "  scan 1 busy\n  submit 1 local\n  submit 2 local", toy_each);

        assert_string_equal(last_view(ledger, 1, 0)->state, "");
        assert_true(last_of(ledger, UP_ENTRY_VIEW) > last_of(ledger, UP_ENTRY_STEP));
        assert_became(ledger, 2, UP_DISPOSITION_DELIVERED);
}

/* --- its parts -------------------------------------------------------------------------------- */

static bool lasso_sees(const char *states, int64_t step_ms)
{
        struct up_cycle_detector cycle_detector;
        bool seen = false;

        up_cycle_detector_init(&cycle_detector);
        for (size_t i = 0; states[i] != '\0'; i++) {
                assert_false(seen);
                seen = up_cycle_detector_add(
                    &cycle_detector, (uint64_t)states[i], (int64_t)i * step_ms);
        }
        up_cycle_detector_clear(&cycle_detector);
        return seen;
}

static void a_cycle_is_one_that_was_gone_round_again_and_again(void **state)
{
        (void)state;
        assert_true(lasso_sees("aaaaa", 1));
        assert_false(lasso_sees("aaaa", 1));
        assert_true(lasso_sees("xabcabcabcabca", 1));
        assert_false(lasso_sees("xabcabcabcabc", 1));
        assert_true(lasso_sees("aabaabaabaabaab", 1));
        assert_false(lasso_sees("abcabcabcxbcabc", 1));
        assert_false(lasso_sees("abcdefghijklmno", 1));
        /* at one instant it is no cycle, but a pipeline that spins */
        assert_false(lasso_sees("aaaaaaaaaaaaaaa", 0));
}

/* A pipeline that reports the views of an array. */
struct reported {
        struct up_view views[3];
        unsigned count;
        unsigned kept;
};

static void tell(void *self, up_view_visitor see, void *data)
{
        const struct reported *reported = self;

        for (unsigned i = 0; i < reported->count; i++)
                see(&reported->views[i], data);
}

static const struct up_view *keep(void *data, const struct up_view *view)
{
        struct reported *reported = data;

        reported->kept++;
        return view;
}

static unsigned changes(struct up_views *views, struct reported *reported)
{
        const struct up_pipeline pipeline = { .for_each_recipient = tell };

        reported->kept = 0;
        up_views_update(views, &pipeline, reported, 1000, keep, reported);
        return reported->kept;
}

static void each_change_of_a_view_is_seen_once(void **state)
{
        (void)state;
        const struct up_view blank = { .message = 5, .from = "f", .to = "t", .state = "s" };
        struct up_view others[] = { blank, blank, blank, blank, blank, blank, blank, blank, blank };
        struct reported reported = { .views = { blank }, .count = 1 };
        struct up_views views;

        others[0].parent = 1;
        others[1].state = "r";
        others[2].disposition = UP_DISPOSITION_BOUNCED;
        others[3].access = UP_ACCESS_REFUSED;
        others[4].owner = UP_OWNER_TIMER;
        others[5].owner_ms = 7;
        others[6].expiry_ms = UP_NEVER_MS;
        others[7].rank = 1;
        others[8].eligible = true;
        up_views_init(&views);
        assert_int_equal(changes(&views, &reported), 1);
        for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
                reported.views[0] = others[i];
                assert_int_equal(changes(&views, &reported), 1);
                assert_int_equal(changes(&views, &reported), 0);
                reported.views[0] = blank;
                assert_int_equal(changes(&views, &reported), 1);
        }
        up_views_clear(&views);
}

static void another_order_is_no_change(void **state)
{
        (void)state;
        struct reported reported = {
                .views = { { .message = 1 }, { .message = 2 }, { .message = 3 } }, .count = 3
        };
        struct up_views views;

        up_views_init(&views);
        assert_int_equal(changes(&views, &reported), 3);
        assert_int_equal(views.waiting, 3);
        const struct up_view first = reported.views[0];
        reported.views[0] = reported.views[2];
        reported.views[2] = first;
        assert_int_equal(changes(&views, &reported), 0);

        /* one is forgotten, which is recorded once; comes back; is forgotten while another comes
         * back
         */
        reported.count = 2;
        assert_int_equal(changes(&views, &reported), 1);
        assert_int_equal(changes(&views, &reported), 0);
        reported.views[1] = first;
        assert_int_equal(changes(&views, &reported), 2);
        assert_int_equal(views.waiting, 3);
        up_views_clear(&views);
}

/* --- modes ------------------------------------------------------------------------------------ */

static void the_environment_heals_after_the_script(void **state)
{
        (void)state;
        static const struct toy_kind kind = { .never_expires = true };
        static const char script[] = "  scan 0 no-verdict\n  hop 0 mail defer\n  rcpt 1 defer\n"
                                     "  offers size on\n  loop on\n  submit 1 local\n"
                                     "  wait 1h\n  crash 1";
        g_autoptr(up_ledger) sick = run_case("", script, &kind, UP_MODE_BASELINE);
        g_autoptr(up_ledger) healed = run_case("", script, &kind, UP_MODE_HEALED);

        assert_false(sick->healed);
        assert_ending(sick, UP_ENDING_CYCLE);
        assert_int_equal(count(sick, UP_ENTRY_CRASH), 1);
        assert_true(healed->healed);
        assert_ending(healed, UP_ENDING_SETTLED);
        assert_became(healed, 1, UP_DISPOSITION_DELIVERED);
        assert_int_equal(count(healed, UP_ENTRY_SUBMIT), 1);
        assert_int_equal(count(healed, UP_ENTRY_CRASH), 0);
}

static void a_healthy_run_has_no_failure_from_the_start(void **state)
{
        (void)state;
        g_autoptr(up_ledger) ledger = run_case("",
            "  scan 0 infected\n  hop 0 dot reject\n  rcpt 1 reject\n  loop on\n  crash 1\n"
            "  clock back 1d\n  submit 1 local\n  hold 1\n  wait 1h\n  release 1",
            &sound, UP_MODE_HEALTHY);

        assert_int_equal(count(ledger, UP_ENTRY_EVENT), 4);
        assert_int_equal(count(ledger, UP_ENTRY_COMMAND), 2);
        assert_int_equal(count(ledger, UP_ENTRY_CLOCK), 0);
        assert_became(ledger, 1, UP_DISPOSITION_DELIVERED);
}

static void in_a_steady_run_the_wall_clock_never_jumps(void **state)
{
        (void)state;
        g_autoptr(up_ledger) ledger = run_case("",
            "  scan 0 infected\n  clock back 1d\n  submit 1 local", &sound, UP_MODE_NO_CLOCK_JUMPS);

        assert_int_equal(count(ledger, UP_ENTRY_CLOCK), 0);
        assert_became(ledger, 1, UP_DISPOSITION_QUARANTINED);
}

/* --- properties ------------------------------------------------------------------------------- */

static char *random_word(GRand *rand, const char *pattern)
{
        g_auto(GStrv) ends = g_strsplit(pattern, "..", 2);
        g_auto(GStrv) choices = g_strsplit(pattern, "|", -1);

        /* small numbers meet each other more often, and short times are still many steps */
        if (g_strv_length(ends) < 2)
                return g_strdup(choices[g_rand_int_range(rand, 0, (gint)g_strv_length(choices))]);
        return g_strdup_printf("%d%s", g_rand_int_range(rand, 1, 5),
            g_ascii_isdigit(ends[0][strlen(ends[0]) - 1]) ? "" : "h");
}

static char *random_script(GRand *rand)
{
        GString *script = g_string_new("  submit 1 local");

        for (int n = g_rand_int_range(rand, 1, 15); n > 0; n--) {
                const struct up_verb *verb =
                    &up_verb_rows[g_rand_int_range(rand, 0, UP_VERB_COUNT)];
                g_auto(GStrv) patterns = g_strsplit(verb->arguments, " ", -1);
                g_string_append_printf(script, "\n  %s", verb->name);
                for (char **pattern = patterns; *pattern != NULL; pattern++) {
                        g_autofree char *word = random_word(rand, *pattern);
                        g_string_append_printf(script, " %s", word);
                }
        }
        return g_string_free(script, FALSE);
}

/* The toy has an expiry, so on it every script must end well; and twice in the same way. */
static void any_script_ends_well_and_twice_the_same(void **state)
{
        (void)state;
        g_autoptr(GRand) rand = g_rand_new_with_seed(4);

        for (int i = 0; i < 300; i++) {
                g_autofree char *script = random_script(rand);
                enum up_mode mode = (enum up_mode)(i % 4);
                static const char head[] = "envelope: to=a,b,c\npolicy: lifetime=4h\n";
                g_autoptr(up_ledger) first = run_case(head, script, &sound, mode);
                g_autoptr(up_ledger) second = run_case(head, script, &sound, mode);
                g_autofree char *one = up_ledger_write(first);
                g_autofree char *other = up_ledger_write(second);

                assert_string_equal(one, other);
                if (up_ledger_at(first, first->entries->len - 1)->as.ending != UP_ENDING_SETTLED)
                        fail_msg("in mode %d:\n%s", mode, script);
        }
}

/* Were a step's work not linear in the recipients, this would not end before one's patience. */
static void much_mail_is_run_in_bounded_time(void **state)
{
        (void)state;
        gint64 begin_us = g_get_monotonic_time();
        GString *to = g_string_new("envelope: to=v@a");
        GString *submissions = g_string_new("  submit 1 local");

        for (int i = 1; i < 1000; i++) {
                g_string_append_printf(to, ",v%d@a", i);
                g_string_append_printf(submissions, "\n  submit %d local", 1 + i % 64);
        }
        g_string_append_c(to, '\n');
        g_autofree char *head = g_string_free(to, FALSE);
        g_autofree char *script = g_string_free(submissions, FALSE);
        g_autoptr(up_ledger) wide = run_case(head, "  submit 1 smtp", &sound, UP_MODE_BASELINE);
        g_autoptr(up_ledger) many = run_case("", script, &sound, UP_MODE_BASELINE);

        assert_ending(wide, UP_ENDING_SETTLED);
        assert_int_equal(last_view(wide, 1, 999)->disposition, UP_DISPOSITION_DELIVERED);
        assert_ending(many, UP_ENDING_SETTLED);
        assert_true(g_get_monotonic_time() - begin_us < 60 * G_USEC_PER_SEC);
}

static void the_world_has_a_limit_of_its_own(void **state)
{
        (void)state;
        GString *to = g_string_new("envelope: to=v");
        GString *submissions = g_string_new("  submit 1 local");

        for (int i = 1; i < UP_CASE_RECIPIENTS; i++)
                g_string_append(to, ",v");
        for (int i = 1; i < UP_CASE_EVENTS; i++)
                g_string_append(submissions, "\n  submit 1 local");
        g_string_append_c(to, '\n');
        g_autofree char *head = g_string_free(to, FALSE);
        g_autofree char *script = g_string_free(submissions, FALSE);
        g_autoptr(up_ledger) ledger = run_case(head, script, &sound, UP_MODE_BASELINE);

        assert_ending(ledger, UP_ENDING_STEPS);
}

/* How many recipients the toys have reported. */
static guint64 reported;

struct counted {
        up_view_visitor visit;
        void *data;
};

static void count_view(const struct up_view *view, void *data)
{
        const struct counted *counted = data;

        reported++;
        counted->visit(view, counted->data);
}

static void report_counted(void *self, up_view_visitor visit, void *data)
{
        struct counted counted = { visit, data };

        toy_of(&sound).for_each_recipient(self, count_view, &counted);
}

/* Looks at recipients are cheap one by one, and all runs of a case together must not seem a hang.
 * Beyond its share a run does no more than it has begun: one look at all. */
static void the_looks_of_all_runs_have_one_limit(void **state)
{
        static const enum up_mode modes[UP_WORLD_RUNS] = { UP_MODE_BASELINE, UP_MODE_BASELINE,
                UP_MODE_HEALED, UP_MODE_HEALTHY, UP_MODE_NO_CLOCK_JUMPS };
        GString *file = g_string_new("unpend-case: 1\nenvelope: to=v");
        struct up_pipeline pipeline = toy_of(&sound);

        (void)state;
        for (int i = 1; i < UP_CASE_RECIPIENTS; i++)
                g_string_append(file, ",v");
        g_string_append(file, "\nscript:\n");
        for (int i = 1; i <= UP_CASE_NUMBERS; i++)
                g_string_append_printf(file, "  submit %d local\n", i);
        g_string_append(file, "message:\n\nbody\n");
        g_autoptr(up_case) c = up_case_read((const uint8_t *)file->str, file->len, NULL);
        g_string_free(file, TRUE);
        pipeline.capabilities &= ~(unsigned)UP_CAN_CHANGES;
        pipeline.for_each_recipient = report_counted;
        reported = 0;
        for (size_t i = 0; i < UP_WORLD_RUNS; i++)
                up_ledger_free(up_world_run(c, &pipeline, modes[i]));
        assert_in_range(reported, UP_WORLD_VIEWS / 2,
            UP_WORLD_VIEWS + UP_WORLD_RUNS * UP_CASE_NUMBERS * UP_CASE_RECIPIENTS);
}

/* Whoever is accepted is kept, so a large message cannot be handed in for ever. */
static void many_large_messages_do_not_fill_the_memory(void **state)
{
        (void)state;
        g_autofree char *message = g_strnfill(1 << 20, 'x');
        GString *file = g_string_new("unpend-case: 1\nscript:\n");

        for (int i = 0; i < UP_CASE_EVENTS; i++)
                g_string_append(file, "  submit 1 local\n");
        g_string_append_printf(file, "message:\n\n%s", message);
        struct up_case *c = up_case_read((const uint8_t *)file->str, file->len, NULL);
        const struct up_pipeline pipeline = toy_of(&sound);
        g_autoptr(up_ledger) ledger = up_world_run(c, &pipeline, UP_MODE_BASELINE);

        assert_ending(ledger, UP_ENDING_STEPS);
        assert_in_range(count(ledger, UP_ENTRY_SUBMIT), 100, 128);
        up_case_free(c);
        g_string_free(file, TRUE);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(healthy_mail_is_delivered_and_all_is_written_down),
                cmocka_unit_test(times_count_from_the_beginning_of_the_run),
                cmocka_unit_test(the_scanner_answers_in_each_way),
                cmocka_unit_test(every_choice_of_every_verb_is_played),
                cmocka_unit_test(number_0_is_all_mail_without_a_line_of_its_own),
                cmocka_unit_test(the_answer_other_names_another_outstanding_scan),
                cmocka_unit_test(the_scanner_reads_content),
                cmocka_unit_test(memory_runs_out_in_the_next_look_alone),
                cmocka_unit_test(memory_belongs_to_the_environment),
                cmocka_unit_test(runs_share_what_was_read_and_no_failure),
                cmocka_unit_test(the_next_hop_answers_at_each_point),
                cmocka_unit_test(a_next_hop_can_be_silent_at_each_point),
                cmocka_unit_test(the_next_hop_answers_each_recipient),
                cmocka_unit_test(the_next_hop_refuses_what_it_does_not_offer),
                cmocka_unit_test(a_loop_hands_in_what_was_delivered_and_ends),
                cmocka_unit_test(what_falls_due_while_waiting_is_done_in_its_time),
                cmocka_unit_test(a_jump_moves_the_wall_clock_alone),
                cmocka_unit_test(a_submission_that_the_power_cuts_off_has_no_receipt),
                cmocka_unit_test(what_is_found_of_it_after_all_has_its_number),
                cmocka_unit_test(the_power_goes_out_at_the_operation_that_was_named),
                cmocka_unit_test(an_answer_still_comes_after_a_restart),
                cmocka_unit_test(a_pipeline_that_cannot_crash_is_left_alone),
                cmocka_unit_test(held_mail_does_not_keep_the_run_going),
                cmocka_unit_test(a_command_on_what_was_not_accepted_does_nothing),
                cmocka_unit_test(the_policy_can_be_switched),
                cmocka_unit_test(new_signatures_reach_the_pipeline),
                cmocka_unit_test(a_bystander_is_mail_of_its_own),
                cmocka_unit_test(each_fault_ends_its_run),
                cmocka_unit_test(a_bound_is_seen_to_pass),
                cmocka_unit_test(a_message_no_longer_reported_is_recorded),
                cmocka_unit_test(named_changes_are_seen_at_once),
                cmocka_unit_test(a_change_that_is_not_named_is_seen_at_the_end),
                cmocka_unit_test(a_recipient_lost_in_silence_is_seen_at_the_end),
                cmocka_unit_test(a_cycle_is_one_that_was_gone_round_again_and_again),
                cmocka_unit_test(each_change_of_a_view_is_seen_once),
                cmocka_unit_test(another_order_is_no_change),
                cmocka_unit_test(the_environment_heals_after_the_script),
                cmocka_unit_test(a_healthy_run_has_no_failure_from_the_start),
                cmocka_unit_test(in_a_steady_run_the_wall_clock_never_jumps),
                cmocka_unit_test(any_script_ends_well_and_twice_the_same),
                cmocka_unit_test(much_mail_is_run_in_bounded_time),
                cmocka_unit_test(the_world_has_a_limit_of_its_own),
                cmocka_unit_test(the_looks_of_all_runs_have_one_limit),
                cmocka_unit_test(many_large_messages_do_not_fill_the_memory),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
