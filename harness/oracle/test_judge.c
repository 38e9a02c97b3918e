/*
 * Each oracle reports a run that breaks its promise, and does not report one that is just on the
 * right side of the line; and it counts nothing where it had nothing to judge. The runs are written
 * by hand, entry by entry, as a world would.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "oracle/judge.h"
#include "oracle/outage.h"

/* --- a run by hand ---------------------------------------------------------------------------- */

#define ALL_CAPABILITIES 0x3f
#define BOUND_MS         100000
#define EXPIRY_MS        90000

struct scene {
        struct up_ledger *ledger;
        int64_t now_ms;
        up_request last_request;
        /* What the next submission is like. */
        const char *from;
        bool silent, copy;
        unsigned hops;
        struct up_policy policy;
        /* What the next view is like, beside what is given. */
        up_id parent;
        const char *view_from;
        enum up_access access;
        bool eligible;
        const char *to;
};

static struct scene scene_new(unsigned can)
{
        const struct up_pipeline pipeline = { .name = "by hand", .capabilities = can };

        struct scene scene = { .ledger = up_ledger_new(&pipeline, false), .from = "u@example.com" };

        up_policy_init(&scene.policy);
        return scene;
}

static guint add(struct scene *scene, struct up_entry entry)
{
        entry.at_ms = scene->now_ms;
        return up_ledger_add(scene->ledger, &entry);
}

static void mark(struct scene *scene, enum up_entry_kind kind)
{
        add(scene, (struct up_entry){ .kind = kind });
}

/* A step after which nothing is due at once. */
static void step(struct scene *scene)
{
        add(scene,
            (struct up_entry){ .kind = UP_ENTRY_STEP, .as.step.next_ms = scene->now_ms + 1 });
}

/* A step of a pipeline that reports its digest and wants to be run at once. */
static void digested_step(struct scene *scene, uint64_t digest)
{
        add(scene, (struct up_entry){ .kind = UP_ENTRY_STEP,
                       .as.step = { .digest = digest, .next_ms = scene->now_ms } });
}

static void end(struct scene *scene, enum up_ending ending)
{
        add(scene, (struct up_entry){ .kind = UP_ENTRY_END, .as.ending = ending });
}

static const char *const two[] = { "v@example.com", "w@example.com", NULL };
static const char *const one[] = { "v@example.com", NULL };

static void submit_bytes(struct scene *scene, up_id id, const char *const *to,
    enum up_receipt receipt, const char *bytes)
{
        g_autoptr(GBytes) message = g_bytes_new(bytes, strlen(bytes));

        add(scene, (struct up_entry){
                       .kind = UP_ENTRY_SUBMIT,
                       .number = (unsigned)id,
                       .message = receipt == UP_RECEIPT_ACCEPTED ? id : 0,
                       .bytes = message,
                       .as.submit = { .receipt = receipt,
                           .from = scene->from,
                           .to = to,
                           .notify = !scene->silent,
                           .copy = scene->copy,
                           .hops = scene->hops,
                           .bound_ms = scene->now_ms + BOUND_MS,
                           .policy = &scene->policy },
                   });
}

static void submit(struct scene *scene, up_id id)
{
        submit_bytes(scene, id, one, UP_RECEIPT_ACCEPTED, "Subject: s\r\n\r\nbody\r\n");
}

static void see(struct scene *scene, up_id id, unsigned recipient, const char *state,
    enum up_disposition disposition, enum up_owner owner, int64_t due_ms, uint64_t rank)
{
        add(scene, (struct up_entry){
                       .kind = UP_ENTRY_VIEW,
                       .message = id,
                       .as.view = { .message = id,
                           .parent = scene->parent,
                           .from = scene->parent != 0 ? "" : scene->from,
                           .recipient = recipient,
                           .to = scene->to != NULL ? scene->to : two[recipient % 2],
                           .state = state,
                           .disposition = disposition,
                           .access = scene->access,
                           .owner = owner,
                           .owner_ms = due_ms,
                           .expiry_ms = EXPIRY_MS,
                           .rank = rank,
                           .eligible = scene->eligible },
                   });
}

/* The usual states of recipient 0. */
static void queued(struct scene *scene, up_id id, uint64_t rank)
{
        see(scene, id, 0, "queued", UP_DISPOSITION_NONE, UP_OWNER_QUEUE, 0, rank);
}

static void busy(struct scene *scene, up_id id, int64_t due_ms, uint64_t rank)
{
        see(scene, id, 0, "busy", UP_DISPOSITION_NONE, UP_OWNER_WORKER, due_ms, rank);
}

static void waiting(struct scene *scene, up_id id, int64_t due_ms, uint64_t rank)
{
        see(scene, id, 0, "scan-wait", UP_DISPOSITION_NONE, UP_OWNER_TIMER, due_ms, rank);
}

static void final(struct scene *scene, up_id id, enum up_disposition disposition)
{
        see(scene, id, 0, "final", disposition, UP_OWNER_NONE, 0, 0);
}

static up_request scan_bytes(struct scene *scene, up_id id, enum up_level level, const char *bytes)
{
        g_autoptr(GBytes) message = g_bytes_new(bytes, strlen(bytes));

        add(scene, (struct up_entry){ .kind = UP_ENTRY_SCAN,
                       .message = id,
                       .request = ++scene->last_request,
                       .bytes = message,
                       .as.scan.level = level });
        return scene->last_request;
}

static up_request scan(struct scene *scene, up_id id)
{
        return scan_bytes(scene, id, UP_LEVEL_TRANSPORT, "Subject: s\r\n\r\nbody\r\n");
}

static void scanned(struct scene *scene, up_id id, up_request request, enum up_level level,
    up_id about, enum up_verdict verdict)
{
        add(scene, (struct up_entry){ .kind = UP_ENTRY_SCANNED,
                       .message = id,
                       .request = request,
                       .as.scan = { level, { .message = about, .verdict = verdict } } });
}

static void verdict(struct scene *scene, up_id id, up_request request, enum up_verdict what)
{
        scanned(scene, id, request, UP_LEVEL_TRANSPORT, id, what);
}

static const unsigned places[] = { 0, 1 };

static up_request send_bytes(
    struct scene *scene, up_id id, const char *to, bool gated, const char *bytes)
{
        const char *const list[] = { to, NULL };
        g_autoptr(GBytes) message = g_bytes_new(bytes, strlen(bytes));

        add(scene, (struct up_entry){ .kind = UP_ENTRY_SEND,
                       .message = id,
                       .request = ++scene->last_request,
                       .bytes = message,
                       .as.send = { .from = scene->parent != 0 ? "" : scene->from,
                           .to = list,
                           .recipients = places,
                           .count = 1,
                           .gated = gated } });
        return scene->last_request;
}

static up_request send(struct scene *scene, up_id id)
{
        return send_bytes(scene, id, one[0], false, "Subject: s\r\n\r\nbody\r\n");
}

static void sent(struct scene *scene, up_id id, up_request request, enum up_reply dot)
{
        static const enum up_reply accept[] = { UP_REPLY_ACCEPT };

        add(scene,
            (struct up_entry){ .kind = UP_ENTRY_SENT,
                .message = id,
                .request = request,
                .as.send = { .recipients = places, .count = 1, .rcpt = accept, .dot = dot } });
}

static void command(struct scene *scene, up_id id, enum up_command what)
{
        add(scene, (struct up_entry){
                       .kind = UP_ENTRY_COMMAND, .message = id, .as.command.command = what });
}

static void crash(struct scene *scene)
{
        mark(scene, UP_ENTRY_CRASH);
        mark(scene, UP_ENTRY_RESTART);
}

/* --- what an oracle says ---------------------------------------------------------------------- */

static size_t oracle(const char *name)
{
        for (size_t i = 0; i < UP_ORACLE_COUNT; i++)
                if (strcmp(up_oracle_rows[i].name, name) == 0)
                        return i;
        fail_msg("no oracle %s", name);
        return 0;
}

static GPtrArray *findings_new(void)
{
        return g_ptr_array_new_with_free_func((GDestroyNotify)up_finding_free);
}

static const struct up_finding *finding_at(const GPtrArray *findings, guint index)
{
        return g_ptr_array_index(findings, index);
}

/* The oracle reports @times findings, judged something or nothing, and the first has @signature.
 * The scene is used up. */
static void expect(
    struct scene *scene, const char *name, unsigned times, bool judged, const char *signature)
{
        const struct up_oracle_row *row = &up_oracle_rows[oracle(name)];
        g_autoptr(GPtrArray) findings = findings_new();
        g_autoptr(up_ledger_index) index = up_ledger_index_new(scene->ledger);
        uint64_t count = row->judge(index, findings);

        if (findings->len != times || (count > 0) != judged)
                print_message("%s: %u findings, %u judged\n", name, findings->len, (unsigned)count);
        for (guint i = 0; i < findings->len; i++) {
                const struct up_finding *finding = finding_at(findings, i);
                if (findings->len != times)
                        print_message("  %s | %s\n", finding->signature, finding->detail);
                assert_int_equal(finding->class, row->class);
                assert_int_equal(finding->evidence, row->evidence);
        }
        assert_int_equal(findings->len, times);
        assert_int_equal(count > 0, judged);
        if (times > 0 && signature != NULL)
                assert_string_equal(finding_at(findings, 0)->signature, signature);
        g_clear_pointer(&scene->ledger, up_ledger_free);
}

/* The ledgers of a case's runs; NULL: not run. */
struct ledgers {
        const struct up_ledger *baseline, *repeat, *with_healing, *healthy, *no_clock_jumps;
};

static struct up_ledger_index *index_of(const struct up_ledger *ledger)
{
        return ledger != NULL ? up_ledger_index_new(ledger) : NULL;
}

static void judge(const struct ledgers *ledgers, struct up_judgement *judgement)
{
        g_autoptr(up_ledger_index) baseline = index_of(ledgers->baseline);
        g_autoptr(up_ledger_index) with_healing = index_of(ledgers->with_healing);
        g_autoptr(up_ledger_index) healthy = index_of(ledgers->healthy);
        g_autoptr(up_ledger_index) no_clock_jumps = index_of(ledgers->no_clock_jumps);
        const struct up_runs runs = { baseline, ledgers->repeat, with_healing, healthy,
                no_clock_jumps };

        up_judge(&runs, judgement);
}

/* Accepted, and at once under way: in the worker's hands until 1000. */
static struct scene under_way(up_request *ret_scan)
{
        struct scene scene = scene_new(ALL_CAPABILITIES);

        submit(&scene, 1);
        *ret_scan = scan(&scene, 1);
        busy(&scene, 1, 1000, 20);
        step(&scene);
        scene.now_ms = 200;
        return scene;
}

static void nothing_is_judged_in_an_empty_run(void **state)
{
        (void)state;
        for (size_t i = 0; i < UP_ORACLE_COUNT; i++) {
                struct scene scene = scene_new(ALL_CAPABILITIES);

                if (up_oracle_rows[i].judge == NULL) {
                        up_ledger_free(scene.ledger);
                        continue;
                }
                end(&scene, UP_ENDING_SETTLED);
                expect(&scene, up_oracle_rows[i].name, 0, false, NULL);
        }
}

/* A run in which all goes well. */
static struct up_ledger *good_run(void)
{
        up_request asked, transaction;
        struct scene scene = under_way(&asked);

        verdict(&scene, 1, asked, UP_VERDICT_CLEAN);
        transaction = send(&scene, 1);
        busy(&scene, 1, 2000, 10);
        step(&scene);
        scene.now_ms = 700;
        sent(&scene, 1, transaction, UP_REPLY_ACCEPT);
        final(&scene, 1, UP_DISPOSITION_DELIVERED);
        step(&scene);
        mark(&scene, UP_ENTRY_SCRIPT_END);
        end(&scene, UP_ENDING_SETTLED);
        return scene.ledger;
}

static void a_good_run_has_no_finding(void **state)
{
        g_autoptr(up_ledger) first = good_run(), second = good_run();
        g_autoptr(GPtrArray) findings = findings_new();
        uint64_t judged[UP_ORACLE_COUNT] = { 0 };
        const struct ledgers runs = { first, second, first, first, second };
        struct up_judgement judgement = { findings, judged };

        (void)state;
        judge(&runs, &judgement);
        assert_int_equal(findings->len, 0);
        assert_int_equal(judged[oracle("nondeterministic")], 1);
        assert_int_equal(judged[oracle("metamorphic")], 1);
        assert_int_equal(judged[oracle("duplicate")], 4);
        assert_int_equal(judged[oracle("worse-when-healed")], 0);
}

/* --- runs as scripts -------------------------------------------------------------------------- */

static unsigned named(const char *word, const char *const *names, size_t count)
{
        for (unsigned i = 0; i < count; i++)
                if (strcmp(names[i], word) == 0)
                        return i;
        fail_msg("unknown word %s", word);
        return 0;
}
#define NAMED(word, names) named(word, names, G_N_ELEMENTS(names))

static int64_t number(const char *word)
{
        return strcmp(word, "never") == 0 ? UP_NEVER_MS : g_ascii_strtoll(word, NULL, 10);
}

/* The words of a command; absent ones are NULL. A dash is the empty string. */
#define MOST_WORDS 10

/* NAME=VALUE, as in a case */
static void set_policy(struct up_policy *policy, const char *word)
{
        g_auto(GStrv) halves = g_strsplit(word, "=", 2);

        for (size_t i = 0; i < UP_POLICY_SETTINGS; i++) {
                struct up_policy_row setting = up_policy_setting(i);
                if (strcmp(setting.name, halves[0]) == 0) {
                        assert_true(up_policy_set(policy, &setting, halves[1], NULL));
                        return;
                }
        }
        fail_msg("no setting %s", halves[0]);
}

static void set(struct scene *scene, const char *const *words)
{
        const char *key = words[1], *value = words[2];

        if (strcmp(key, "no-owner") == 0)
                scene->ledger->capabilities &= ~(unsigned)UP_CAN_OWNER;
        if (strcmp(key, "black-box") == 0)
                scene->ledger->capabilities = 0;
        scene->silent |= strcmp(key, "silent") == 0;
        scene->copy |= strcmp(key, "copy") == 0;
        scene->eligible =
            strcmp(key, "eligible") == 0 || (scene->eligible && strcmp(key, "not-eligible") != 0);
        if (strcmp(key, "from") == 0)
                scene->from = g_intern_string(value);
        else if (strcmp(key, "to") == 0)
                scene->to = g_intern_string(value);
        else if (strcmp(key, "parent") == 0)
                scene->parent = (up_id)number(value);
        else if (strcmp(key, "hops") == 0)
                scene->hops = (unsigned)number(value);
        else if (strcmp(key, "policy") == 0)
                set_policy(&scene->policy, value);
        else if (strcmp(key, "access") == 0)
                scene->access = (enum up_access)NAMED(value, up_access_names);
}

/* submit ID [both] */
static void submit_words(struct scene *scene, const char *const *words)
{
        bool both = g_strcmp0(words[2], "both") == 0;

        submit_bytes(scene, (up_id)number(words[1]), both ? two : one, UP_RECEIPT_ACCEPTED,
            "Subject: s\r\n\r\nbody\r\n");
}

/* refuse ID RECEIPT */
static void refuse(struct scene *scene, const char *const *words)
{
        submit_bytes(scene, (up_id)number(words[1]), one,
            (enum up_receipt)NAMED(words[2], up_receipt_names), "");
}

/* view ID RECIPIENT STATE DISPOSITION OWNER DUE RANK */
static void view(struct scene *scene, const char *const *words)
{
        see(scene, (up_id)number(words[1]), (unsigned)number(words[2]), g_intern_string(words[3]),
            (enum up_disposition)NAMED(words[4], up_disposition_names),
            (enum up_owner)NAMED(words[5], up_owner_names), number(words[6]),
            (uint64_t)number(words[7]));
}

/* queued ID RANK */
static void queued_words(struct scene *scene, const char *const *words)
{
        queued(scene, (up_id)number(words[1]), (uint64_t)number(words[2]));
}

/* busy ID DUE RANK */
static void busy_words(struct scene *scene, const char *const *words)
{
        busy(scene, (up_id)number(words[1]), number(words[2]), (uint64_t)number(words[3]));
}

/* waiting ID DUE RANK */
static void waiting_words(struct scene *scene, const char *const *words)
{
        waiting(scene, (up_id)number(words[1]), number(words[2]), (uint64_t)number(words[3]));
}

/* final ID DISPOSITION */
static void final_words(struct scene *scene, const char *const *words)
{
        final(scene, (up_id)number(words[1]),
            (enum up_disposition)NAMED(words[2], up_disposition_names));
}

static enum up_level level_of(const char *word)
{
        return word == NULL ? UP_LEVEL_TRANSPORT : (enum up_level)NAMED(word, up_level_names);
}

/* scan ID [LEVEL]; requests are numbered from 1 */
static void scan_words(struct scene *scene, const char *const *words)
{
        scan_bytes(scene, (up_id)number(words[1]), level_of(words[2]), "");
}

/* verdict ID REQUEST VERDICT [ABOUT [LEVEL]] */
static void verdict_words(struct scene *scene, const char *const *words)
{
        const char *about = words[4] != NULL ? words[4] : words[1];

        scanned(scene, (up_id)number(words[1]), (up_request)number(words[2]),
            words[4] != NULL ? level_of(words[5]) : UP_LEVEL_TRANSPORT, (up_id)number(about),
            (enum up_verdict)NAMED(words[3], up_verdict_names));
}

/* send ID [ADDRESS|gated] */
static void send_words(struct scene *scene, const char *const *words)
{
        bool gated = g_strcmp0(words[2], "gated") == 0;
        const char *to = words[2] != NULL && !gated ? words[2] : one[0];

        send_bytes(scene, (up_id)number(words[1]), to, gated, "");
}

/* sent ID REQUEST REPLY */
static void sent_words(struct scene *scene, const char *const *words)
{
        sent(scene, (up_id)number(words[1]), (up_request)number(words[2]),
            (enum up_reply)NAMED(words[3], up_reply_names));
}

/* open ID */
static void open_words(struct scene *scene, const char *const *words)
{
        add(scene, (struct up_entry){ .kind = UP_ENTRY_OPEN, .message = (up_id)number(words[1]) });
}

/* event WORD WORD [WORD] */
static void event_words(struct scene *scene, const char *const *words)
{
        g_autofree char *line = g_strjoin(" ", words[1], words[2], words[3], NULL);

        add(scene, (struct up_entry){ .kind = UP_ENTRY_EVENT, .text = line });
}

static void healthy_words(struct scene *scene, const char *const *words)
{
        (void)words;
        scene->ledger->healthy = true;
}

/* hold ID, release ID, delete ID */
static void command_words(struct scene *scene, const char *const *words)
{
        command(scene, (up_id)number(words[1]), (enum up_command)NAMED(words[0], up_command_names));
}

static void crash_words(struct scene *scene, const char *const *words)
{
        (void)words;
        crash(scene);
}

/* power-off, restart: the halves of a crash */
static void mark_words(struct scene *scene, const char *const *words)
{
        mark(scene, strcmp(words[0], "restart") == 0 ? UP_ENTRY_RESTART : UP_ENTRY_CRASH);
}

/* at MS, run MS */
static void at_words(struct scene *scene, const char *const *words)
{
        scene->now_ms = number(words[1]);
        if (strcmp(words[0], "run") == 0)
                mark(scene, UP_ENTRY_RUN);
}

/* step [NEXT_MS] */
static void step_words(struct scene *scene, const char *const *words)
{
        int64_t next_ms = words[1] != NULL ? number(words[1]) : scene->now_ms + 1;

        add(scene, (struct up_entry){ .kind = UP_ENTRY_STEP, .as.step.next_ms = next_ms });
}

/* end ENDING */
static void end_words(struct scene *scene, const char *const *words)
{
        end(scene, (enum up_ending)NAMED(words[1], up_ending_names));
}

static const struct {
        const char *name;
        void (*play)(struct scene *scene, const char *const *words);
} verbs[] = { { "set", set }, { "submit", submit_words }, { "refuse", refuse }, { "view", view },
        { "queued", queued_words }, { "busy", busy_words }, { "waiting", waiting_words },
        { "final", final_words }, { "scan", scan_words }, { "verdict", verdict_words },
        { "send", send_words }, { "sent", sent_words }, { "open", open_words },
        { "event", event_words }, { "hold", command_words }, { "release", command_words },
        { "delete", command_words }, { "healthy", healthy_words }, { "crash", crash_words },
        { "power-off", mark_words }, { "restart", mark_words }, { "at", at_words },
        { "run", at_words }, { "step", step_words }, { "end", end_words } };

/* Adds what a script says, commands between semicolons. */
static void play(struct scene *scene, const char *script)
{
        g_auto(GStrv) commands = g_strsplit(script, ";", -1);

        for (char **command = commands; *command != NULL; command++) {
                g_auto(GStrv) words = g_strsplit(g_strstrip(*command), " ", -1);
                const char *args[MOST_WORDS] = { NULL };
                size_t verb = 0;

                if (*words == NULL)
                        continue;
                assert_true(g_strv_length(words) < MOST_WORDS);
                for (size_t i = 0; words[i] != NULL; i++)
                        args[i] = strcmp(words[i], "-") == 0 ? "" : words[i];
                while (verb < G_N_ELEMENTS(verbs) && strcmp(verbs[verb].name, args[0]) != 0)
                        verb++;
                if (verb == G_N_ELEMENTS(verbs))
                        fail_msg("unknown command %s", *command);
                verbs[verb].play(scene, args);
        }
}

#define ACCEPTED  "submit 1; queued 1 9; step; "
#define UNDER_WAY "submit 1; scan 1; busy 1 1000 20; step; at 200; "

struct row {
        const char *script;
        const char *signature; /* of the one finding; NULL: none; IDLE: and nothing is judged */
};

static const char IDLE[] = "";

static void expect_rows(const char *oracle_name, const struct row *rows, size_t count)
{
        assert_true(count > 0);
        for (size_t i = 0; i < count; i++) {
                const char *signature = rows[i].signature != IDLE ? rows[i].signature : NULL;
                struct scene scene = scene_new(ALL_CAPABILITIES);

                play(&scene, rows[i].script);
                print_message("%s\n", rows[i].script);
                expect(
                    &scene, oracle_name, signature != NULL, rows[i].signature != IDLE, signature);
        }
}
#define EXPECT_ROWS(oracle_name, rows) expect_rows(oracle_name, rows, G_N_ELEMENTS(rows))

/* --- pending ---------------------------------------------------------------------------------- */

static void a_waiting_recipient_has_an_owner(void **state)
{
        static const struct row rows[] = {
                { ACCEPTED "view 1 0 s none none 0 8; step", "unowned: s" },
                { ACCEPTED "view 1 0 s none timer never 8; step", "unowned: s" },
                { ACCEPTED "view 1 0 s none worker never 8; step", "unowned: s" },
                { ACCEPTED "view 1 0 s none timer 5 8; step", NULL },
                { ACCEPTED "view 1 0 s none queue never 8; step", NULL },
                /* Parked by the pipeline; held by command; released, but still held. */
                { ACCEPTED "view 1 0 s none administrator 0 8; step", "unowned: s" },
                { ACCEPTED "hold 1; view 1 0 s none administrator 0 8; step", NULL },
                { ACCEPTED "hold 1; view 1 0 s none administrator 0 9; step; release 1; step",
                    "unowned: s" },
        };

        (void)state;
        EXPECT_ROWS("pending/unowned", rows);
}

static void answers_lower_the_rank(void **state)
{
        static const char scan_wait[] = "no-progress: scan-wait";
        static const struct row rows[] = {
                { UNDER_WAY "verdict 1 1 none; waiting 1 5000 20; step", scan_wait },
                { UNDER_WAY "verdict 1 1 none; waiting 1 5000 19; step", NULL },
                { UNDER_WAY "verdict 1 1 none; waiting 1 5000 21; step", scan_wait },
                { UNDER_WAY "verdict 1 1 none; step", "no-progress: busy" },
                /* At the time-out the timer may have been first; a dead process gets no answer; an
                 * answer about another message may be ignored. But none of them raises the rank. */
                { UNDER_WAY "at 1000; verdict 1 1 none; waiting 1 5000 20; step", NULL },
                { UNDER_WAY "at 999; verdict 1 1 none; waiting 1 5000 20; step", scan_wait },
                { UNDER_WAY "verdict 1 1 none; crash; waiting 1 5000 20; step", NULL },
                { UNDER_WAY "verdict 1 1 none 2; waiting 1 5000 20; step", NULL },
                { UNDER_WAY "verdict 1 1 none; crash; waiting 1 5000 21; step", scan_wait },
                /* The first answer is late, the second comes twice. */
                { UNDER_WAY "run 1000; waiting 1 2000 19; step; run 2000; scan 1; busy 1 3000 18; "
                            "step; verdict 1 1 none; step; at 2100; verdict 1 2 none; "
                            "waiting 1 4000 17; step; verdict 1 2 none; step",
                    NULL },
                /* A transaction lowers the rank of its own recipient. */
                { "submit 1 both; send 1; busy 1 1000 20; view 1 1 busy none worker 1000 20; step; "
                  "at 500; sent 1 1 defer; waiting 1 2000 20; step",
                    scan_wait },
                { "submit 1 both; send 1; busy 1 1000 20; view 1 1 busy none worker 1000 20; step; "
                  "at 500; sent 1 1 defer; waiting 1 2000 19; step",
                    NULL },
                /* Answered at its time-out, and just before. Message 2 is not promised anything. */
                { "submit 1; send 1; busy 1 1000 20; step; queued 2 7; at 1000; sent 1 1 defer; "
                  "waiting 1 2000 20; step",
                    NULL },
                { "submit 1; send 1; busy 1 1000 20; step; queued 2 7; at 999; sent 1 1 defer; "
                  "waiting 1 2000 20; step",
                    scan_wait },
                /* A scan in the store is for the delivered recipient, not for the other. */
                { "submit 1 both; send 1; busy 1 1000 20; view 1 1 final delivered worker 900 0; "
                  "scan 1 store; step; at 200; verdict 1 2 clean 1 store; step; run 1000; "
                  "waiting 1 2000 19; step",
                    NULL },
        };

        (void)state;
        EXPECT_ROWS("pending/no-progress", rows);
}

static void timers_lower_the_rank(void **state)
{
        static const struct row rows[] = {
                { "submit 1; waiting 1 1000 20; step; run 1000; step 5000",
                    "no-progress: scan-wait" },
                { "submit 1; waiting 1 1000 20; step; run 1000; queued 1 19; step 5000", NULL },
                /* Another message's timer; then a run that is not finished yet. */
                { "submit 1; waiting 1 1000 20; step; run 999; step 5000", IDLE },
                { "submit 1; waiting 1 1000 20; step; run 1000; step 1000", IDLE },
                /* A new state with the same rank. */
                { "submit 1; waiting 1 1000 20; step; run 1000; queued 1 20; step",
                    "no-progress: queued" },
        };

        (void)state;
        EXPECT_ROWS("pending/no-progress", rows);
}

static void ended(const char *name, enum up_ending ending, bool is_final, enum up_access access,
    bool hold, unsigned findings)
{
        struct scene scene = scene_new(ALL_CAPABILITIES);

        submit(&scene, 1);
        queued(&scene, 1, 9);
        step(&scene);
        if (hold) {
                command(&scene, 1, UP_COMMAND_HOLD);
                see(&scene, 1, 0, "held", UP_DISPOSITION_NONE, UP_OWNER_ADMINISTRATOR, 0, 9);
        }
        scene.access = access;
        mark(&scene, UP_ENTRY_SCRIPT_END);
        mark(&scene, UP_ENTRY_RUN);
        if (is_final)
                final(&scene, 1, UP_DISPOSITION_DELIVERED);
        step(&scene);
        end(&scene, ending);
        bool wakes = strcmp(name, "pending/no-wakeup") == 0;
        expect(&scene, name, findings,
            !wakes || ending == UP_ENDING_IDLE || ending == UP_ENDING_SETTLED, NULL);
}

static void what_waits_at_the_end_is_reported(void **state)
{
        static const struct {
                const char *name;
                enum up_ending ending;
        } rows[] = {
                { "pending/no-wakeup", UP_ENDING_IDLE },
                { "pending/cycle", UP_ENDING_CYCLE },
                { "pending/spin", UP_ENDING_SPIN },
        };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                bool turns = rows[i].ending == UP_ENDING_SPIN;
                ended(rows[i].name, rows[i].ending, false, UP_ACCESS_OPEN, false, 1);
                ended(rows[i].name, rows[i].ending, true, UP_ACCESS_OPEN, false, turns);
                ended(rows[i].name, rows[i].ending, true, UP_ACCESS_UNDECIDED, false, 1);
                ended(rows[i].name, rows[i].ending, true, UP_ACCESS_REFUSED, false, turns);
                ended(rows[i].name, rows[i].ending, false, UP_ACCESS_OPEN, true, turns);
                ended(rows[i].name, UP_ENDING_BOUND, false, UP_ACCESS_OPEN, false, 0);
        }
        ended("pending/no-wakeup", UP_ENDING_SETTLED, true, UP_ACCESS_UNDECIDED, false, 1);
}

/* It turns through two states, and stops in one of them. */
static void a_cycle_has_all_its_states_wherever_it_stops(void **state)
{
        static const char *const states[] = { "waiting", "asking" };

        (void)state;
        for (unsigned steps = 5; steps <= 6; steps++) {
                struct scene scene = scene_new(ALL_CAPABILITIES);

                submit(&scene, 1);
                queued(&scene, 1, 9);
                digested_step(&scene, 7);
                mark(&scene, UP_ENTRY_SCRIPT_END);
                for (unsigned i = 0; i < steps; i++) {
                        mark(&scene, UP_ENTRY_RUN);
                        see(&scene, 1, 0, states[i % 2], UP_DISPOSITION_NONE, UP_OWNER_QUEUE, 0, 9);
                        digested_step(&scene, 1 + i % 2);
                }
                end(&scene, UP_ENDING_CYCLE);
                expect(&scene, "pending/cycle", 1, true, "cycle: asking, waiting");
        }
}

/* A large case reaches the limit of the world without a fault. */
static void steps_are_too_many_by_how_many_there_were_to_take(void **state)
{
        for (unsigned recipients = 1; recipients <= 2; recipients++) {
                struct scene scene = scene_new(ALL_CAPABILITIES);

                submit_bytes(&scene, 1, two, UP_RECEIPT_ACCEPTED, "");
                for (unsigned i = 0; i < recipients; i++)
                        see(&scene, 1, i, "queued", UP_DISPOSITION_NONE, UP_OWNER_QUEUE, 0, 9);
                for (unsigned i = 0; i < 10001; i++) {
                        mark(&scene, UP_ENTRY_RUN);
                        step(&scene);
                }
                end(&scene, UP_ENDING_STEPS);
                expect(&scene, "pending/spin", recipients == 1, true, "spin: queued");
        }
        (void)state;
}

/* One message is eligible from the start; others that come later are scanned, @times of them. */
static void passed_over(unsigned times, unsigned recipients, bool earlier, unsigned findings)
{
        struct scene scene = scene_new(ALL_CAPABILITIES);

        scene.eligible = true;
        submit(&scene, earlier ? 2 : 1);
        for (unsigned i = 0; i < recipients; i++)
                see(&scene, earlier ? 2 : 1, i, "queued", UP_DISPOSITION_NONE, UP_OWNER_QUEUE, 0,
                    9);
        step(&scene);
        submit(&scene, earlier ? 1 : 2);
        queued(&scene, earlier ? 1 : 2, 9);
        step(&scene);
        for (unsigned i = 0; i < times; i++) {
                scene.eligible = false;
                scan(&scene, 2);
                busy(&scene, 2, 1000, 9);
                step(&scene);
                /* Comes again later than message 1, unless that waits from later on. */
                scene.eligible = true;
                queued(&scene, 2, 9);
                if (earlier)
                        scan(&scene, 1), queued(&scene, 1, 9);
                step(&scene);
        }
        expect(&scene, "pending/starved", findings, true, "starved: queued");
}

static void a_recipient_overtaken_too_often_is_starved(void **state)
{
        (void)state;
        passed_over(64 + 2, 1, false, 0);
        passed_over(64 + 3, 1, false, 1);
        passed_over(64 + 30, 1, true, 0);     /* they take turns */
        passed_over(64 + 2 * 2, 2, false, 0); /* and so may the recipients of one message */
        passed_over(64 + 2 * 2 + 1, 2, false, 2);
}

/* The bound is at 100,000 ms; while a message is held, its time stops. */
static void the_bound_is_the_last_moment(void **state)
{
        static const char queued_late[] = "past-bound: queued";
#define HELD          ACCEPTED "at 10; hold 1; view 1 0 held none administrator 0 9; step; "
#define NOTICE_AT_500 ACCEPTED "run 500; final 1 bounced; set parent 1; queued 2 9; step; "
        static const struct row rows[] = {
                { "set no-owner; " ACCEPTED "run 99999; final 1 bounced; step; end bound", NULL },
                { "set no-owner; " ACCEPTED "run 100000; final 1 bounced; step; end bound", NULL },
                { "set no-owner; " ACCEPTED "run 100001; final 1 bounced; step; end bound",
                    queued_late },
                { "set no-owner; " ACCEPTED "run 100001; step; end bound", queued_late },
                { "set no-owner; " ACCEPTED "run 100000; step; end bound", IDLE },
                { HELD "at 300000; release 1; queued 1 8; step; run 400000; final 1 bounced; step",
                    NULL },
                { HELD "at 300000; release 1; queued 1 8; step; run 400001; final 1 bounced; step",
                    queued_late },
                { HELD "at 20; release 1; queued 1 8; step; run 100020; final 1 bounced; step",
                    NULL },
                /* A notice has a bound of its own. */
                { NOTICE_AT_500 "run 100500; final 2 abandoned; step", NULL },
                { NOTICE_AT_500 "run 100501; final 2 abandoned; step", queued_late },
                /* Delivered, but not readable. */
                { "submit 1; set access undecided; final 1 delivered; step; run 100001; step",
                    "past-bound: final" },
        };

        (void)state;
        EXPECT_ROWS("pending/past-bound", rows);
}

/* --- delivery --------------------------------------------------------------------------------- */

static void nothing_accepted_is_lost(void **state)
{
#define SENT "submit 1; send 1; sent 1 1 accept; "
        static const struct row rows[] = {
                { "submit 1 both; queued 1 9; step", "a recipient is not listed" },
                { "submit 1; step; queued 1 9; step", "accepted and not listed" },
                { "refuse 1 later; step", IDLE },
                { ACCEPTED "submit 1; step", "accepted with an invalid id" },
                /* No longer listed, as the world writes it; while the process is dead that does not
                 * count, nor for a finished recipient. */
                { SENT "view 1 0 first none queue 0 9; step; view 1 0 - none none 0 9; step",
                    "gone: first" },
                { SENT "view 1 0 first none queue 0 9; step; power-off; view 1 0 - none none 0 0; "
                       "step; restart; step",
                    "gone: first" },
                { SENT "view 1 0 first none queue 0 9; step; power-off; view 1 0 - none none 0 0; "
                       "step; restart; view 1 0 then none queue 0 9; step",
                    NULL },
                { SENT "view 1 0 first delivered queue 0 9; step; view 1 0 - none none 0 9; step",
                    NULL },
                /* A pipeline that reports no states cannot show it. */
                { "set black-box; submit 1; view 1 0 queued none none 0 0; step; view 1 0 - none "
                  "none 1 0; step",
                    "gone: queued" },
                { "set black-box; submit 1; view 1 0 - none none 0 0; step; view 1 0 - none none 1 "
                  "0; step",
                    NULL },
                /* One disposition each. */
                { SENT "view 1 0 s delivered queue 0 9; step; view 1 0 t none queue 0 9; step",
                    "taken back: delivered" },
                { SENT "view 1 0 s bounced queue 0 9; step; view 1 0 t quarantined queue 0 9; step",
                    "two dispositions: bounced, then quarantined" },
                { SENT "view 1 0 s delivered queue 0 9; step; view 1 0 t delivered queue 0 9; step",
                    NULL },
                /* Dispositions that hide a loss. */
                { ACCEPTED "final 1 delivered; step", "delivered, but never accepted" },
                { ACCEPTED "send 1; sent 1 1 defer; final 1 delivered; step",
                    "delivered, but never accepted" },
                { ACCEPTED "send 1; sent 1 1 accept; final 1 delivered; step", NULL },
                { ACCEPTED "send 1; sent 1 1 lost; final 1 delivered; step",
                    "delivered, but never accepted" },
                { ACCEPTED "final 1 discarded; step",
                    "discarded, but neither infected nor deleted" },
                { ACCEPTED "final 1 abandoned; step", "abandoned, but not a notice" },
                { "set from -; " ACCEPTED "final 1 abandoned; step", NULL },
                { ACCEPTED "final 1 bounced; step", NULL },
        };

        (void)state;
        EXPECT_ROWS("lost", rows);
}

/* Two transactions, both accepted: what matters is how the first one ended. */
static void a_duplicate_follows_a_certain_acceptance(void **state)
{
        static const char again[] = "transmitted again: busy";
#define FIRST  "submit 1; send 1; busy 1 1000 20; step; at 500; "
#define SECOND "at 1000; send 1; busy 1 2000 18; step; "
#define ENDS   "step; at 1500; sent 1 2 accept; waiting 1 9000 17; step"
        static const struct row rows[] = {
                { FIRST "sent 1 1 accept; waiting 1 600 19; step; " SECOND ENDS, again },
                { FIRST "sent 1 1 accept; crash; waiting 1 600 19; step; " SECOND ENDS, NULL },
                { FIRST SECOND "sent 1 1 accept; " ENDS, NULL },
                { FIRST "sent 1 1 accept; waiting 1 600 19; step; " SECOND ENDS "; sent 1 1 accept",
                    again },
                /* One ambiguity allows one more transmission, not two. */
                { FIRST "sent 1 1 lost; waiting 1 600 19; step; " SECOND ENDS
                        "; send 1; step; sent 1 3 accept; step",
                    "transmitted again: scan-wait" },
                { FIRST "sent 1 1 accept; final 1 delivered; step; sent 1 1 accept; "
                        "final 1 delivered; step",
                    NULL },
        };

        (void)state;
        EXPECT_ROWS("duplicate", rows);
}

static void infected_mail_is_not_delivered(void **state)
{
        static const struct row rows[] = {
                { UNDER_WAY "verdict 1 1 infected; waiting 1 5000 10; step; send 1; step",
                    "sent after the scanner called it infected" },
                /* About another message; after the time-out. */
                { UNDER_WAY "verdict 1 1 infected 2; waiting 1 5000 10; step; send 1; step", IDLE },
                { UNDER_WAY "at 1000; verdict 1 1 infected; waiting 1 5000 10; step; send 1; step",
                    IDLE },
                { UNDER_WAY "scan 1 store; verdict 1 2 infected 1 store; waiting 1 5000 10; step; "
                            "open 1; step",
                    "opened after the store's scan called it infected" },
                { UNDER_WAY "scan 1 store; verdict 1 2 infected 1 store; waiting 1 5000 10; step; "
                            "send 1; step",
                    NULL },
        };

        (void)state;
        EXPECT_ROWS("delivered-infected", rows);
}

static void unscanned_mail_is_not_delivered(void **state)
{
#define UNCLEAN  "sent without a clean verdict"
#define IN_STORE "set policy transport-scan=off; set policy store-scan=on; " ACCEPTED
        static const struct row rows[] = {
                { ACCEPTED "scan 1; verdict 1 1 clean; send 1; step", NULL },
                { ACCEPTED "send 1; step", "sent and never scanned" },
                { "set policy transport-scan=off; " ACCEPTED "send 1; step", IDLE },
                { "set policy unscannable=deliver; " ACCEPTED "send 1; step", IDLE },
                { IN_STORE "send 1; step", "deposited readable before its scan" },
                { IN_STORE "send 1 gated; step", NULL },
                { IN_STORE "send 1 gated; step; open 1", "opened without a clean verdict" },
                { UNDER_WAY "verdict 1 1 infected; send 1; step", UNCLEAN },
                { UNDER_WAY "verdict 1 1 unscannable; send 1; step", UNCLEAN },
                { UNDER_WAY "verdict 1 1 rewritten; send 1; step", UNCLEAN },
                { UNDER_WAY "verdict 1 1 none; send 1; step", UNCLEAN },
        };

        (void)state;
        EXPECT_ROWS("delivered-unscanned", rows);
}

static void only_submitted_mail_and_wanted_notices_are_sent(void **state)
{
        static const char unknown[] = "a message that was never submitted";
#define BOUNCED_WITH_NOTICE                                                                        \
        "final 1 bounced; set parent 1; set to u@example.com; queued 2 9; step; "                  \
        "send 2 u@example.com; step"
#define STORE_SCAN                                                                                 \
        "set policy store-scan=on; set policy transport-scan=off; submit 1 both; scan 1 store; "   \
        "set access undecided; view 1 0 store delivered worker 1000 0; set access open; "          \
        "view 1 1 sending none worker 9000 9; step; "
#define STORE_VERDICT                                                                              \
        "verdict 1 1 infected 1 store; step; view 1 1 final bounced none 0 0; set parent 1; "      \
        "set to u@example.com; queued 2 9; step"
        static const struct row rows[] = {
                { ACCEPTED "send 7; step", unknown },
                { ACCEPTED "send 1 x@example.com; step",
                    "a copy to an address that is not a recipient" },
                { ACCEPTED "send 1; step", NULL },
                /* The power went out during the submission: no receipt, but it may be there. */
                { "refuse 1 later; crash; queued 1 9; step; send 1; step", NULL },
                { "refuse 1 later; queued 1 9; step; send 1; step", unknown },
                { UNDER_WAY "verdict 1 1 infected; " BOUNCED_WITH_NOTICE, "backscatter" },
                { UNDER_WAY "verdict 1 1 unscannable; " BOUNCED_WITH_NOTICE, NULL },
                /* The store's scan was given up before the answer; only a transaction waits. */
                { STORE_SCAN STORE_VERDICT, "backscatter" },
                { STORE_SCAN "run 1000; set access refused; view 1 0 store delivered none 0 0; "
                             "set access open; step; " STORE_VERDICT,
                    NULL },
                { "submit 1; final 1 bounced; set parent 1; queued 2 9; step; send 2; step",
                    "a notice to an address other than the sender's" },
        };

        (void)state;
        EXPECT_ROWS("stray", rows);
}

/* --- content ---------------------------------------------------------------------------------- */

#define SIGNED_HEAD                                                                                \
        "Subject: s\r\nContent-Type: multipart/signed; boundary=b; micalg=sha-256;\r\n"            \
        " protocol=\"application/pkcs7-signature\"\r\n\r\n"
#define BLANK_HEAD "Content-Type \t: multipart/signed; boundary=b\r\n\r\n"
#define SIGNED_BODY(text, signature)                                                               \
        "--b\r\nContent-Type: text/plain\r\n\r\n" text "\r\n--b\r\n"                               \
        "Content-Type: application/pkcs7-signature\r\n\r\n" signature "\r\n--b--\r\n"
#define OPAQUE(body)                                                                               \
        "Content-Type: application/pkcs7-mime; smime-type=signed-data\r\n\r\n" body "\r\n"

static void a_signed_entity_leaves_as_it_came(void **state)
{
        static const struct {
                const char *submitted, *sent, *signature;
                bool judged;
        } rows[] = {
                { SIGNED_HEAD SIGNED_BODY("text ", "c2ln"),
                    "Received: r\r\n" SIGNED_HEAD SIGNED_BODY("text ", "c2ln"), NULL, true },
                { SIGNED_HEAD SIGNED_BODY("text ", "c2ln"),
                    "X-Spam: no\r\n" SIGNED_HEAD "added preamble\r\n" SIGNED_BODY("text ", "c2ln"),
                    NULL, true },
                { SIGNED_HEAD SIGNED_BODY("text ", "c2ln"), SIGNED_HEAD SIGNED_BODY("text", "c2ln"),
                    "multipart/signed: content", true },
                { SIGNED_HEAD SIGNED_BODY("text", "c2ln"), SIGNED_HEAD SIGNED_BODY("text", "c2lm"),
                    "multipart/signed: signature", true },
                { BLANK_HEAD SIGNED_BODY("text ", "c2ln"), BLANK_HEAD SIGNED_BODY("text", "c2ln"),
                    "multipart/signed: content", true },
                { OPAQUE("MIIB"), OPAQUE("MIIC"), "pkcs7-mime: body", true },
                { OPAQUE("MIIB"), "Received: r\r\n" OPAQUE("MIIB"), NULL, true },
                { "Subject: signed\r\n\r\ntext\r\n", "Subject: signed\r\n\r\nother\r\n", NULL,
                    false },
                { "Subject: s\r\n\r\ntext\r\n", "Subject: s\r\n\r\nother\r\n", NULL, false },
        };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                struct scene scene = scene_new(ALL_CAPABILITIES);

                submit_bytes(&scene, 1, one, UP_RECEIPT_ACCEPTED, rows[i].submitted);
                queued(&scene, 1, 9);
                step(&scene);
                send_bytes(&scene, 1, one[0], false, rows[i].sent);
                step(&scene);
                expect(&scene, "altered", rows[i].signature != NULL, rows[i].judged,
                    rows[i].signature);
        }
}

static void what_is_sent_is_what_was_scanned(void **state)
{
        static const struct {
                const char *scanned, *sent;
                unsigned findings;
        } rows[] = {
                { "A: b\r\n\r\nbody", "A: b\r\n\r\nbody", 0 },
                { "A: b\r\n\r\nbody", "Received: r\r\n\tby x\r\nA: b\r\n\r\nbody", 0 },
                { "Received: r\r\nA: b\r\n\r\nbody", "A: b\r\n\r\nbody", 0 },
                { "A: b\r\n\r\nbody", "A: b\r\n\r\nBody", 1 },
                { "A: b\r\n\r\nbody", "Content-Type: text/html\r\nA: b\r\n\r\nbody", 1 },
                { "A: b\r\n\r\nbody", "Content-Type : text/html\r\nA: b\r\n\r\nbody", 1 },
                { "A: b\r\n\r\nbody", "Received : r\r\nA: b\r\n\r\nbody", 0 },
                { "A: b\r\n\r\nbody", "Received: rA: b\r\n\r\nbody", 1 },
                { "A: b\r\n\r\nbody", "no field\r\nA: b\r\n\r\nbody", 1 },
                { "A: b\r\n\r\nbody", "\r\nA: b\r\n\r\nbody", 1 },
        };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                struct scene scene = scene_new(ALL_CAPABILITIES);

                submit(&scene, 1);
                queued(&scene, 1, 9);
                step(&scene);
                verdict(&scene, 1, scan_bytes(&scene, 1, UP_LEVEL_TRANSPORT, rows[i].scanned),
                    UP_VERDICT_CLEAN);
                send_bytes(&scene, 1, one[0], false, rows[i].sent);
                step(&scene);
                expect(&scene, "disagree/scanned-sent", rows[i].findings, true, "scanned and sent");
        }
}

#define LATIN_1(encoding, text)                                                                    \
        "Subject: s\r\nContent-Type: text/plain; charset=iso-8859-1\r\n"                           \
        "Content-Transfer-Encoding: " encoding "\r\n\r\n" text "\r\n"

/* Sent without a scan, so that nothing else is compared. */
static void content_stays_what_was_submitted(void **state)
{
        static const char plain[] = "Subject: s\r\n\r\nbody\r\n";
        static const struct {
                const char *submitted, *sent;
                unsigned findings;
                bool hop_is_7bit;
        } rows[] = {
                { plain, plain, 0, false },
                { plain, "Received: r\r\n\tby x\r\nSubject: s\r\n\r\nbody\r\n", 0, false },
                { plain, "Message-ID: <1@x>\r\nDate: d\r\nSubject: s\r\n\r\nbody\r\n", 0, false },
                { plain, "Subject: other\r\nSubject: s\r\n\r\nbody\r\n", 1, false },
                { "Received: r\r\nSubject: s\r\n\r\nbody\r\n", plain, 1, false },
                { plain, "MIME-Version: 1.0\r\nSubject: s\r\n\r\nbody\r\n", 1, false },
                { plain, "Content-Type: text/html\r\nSubject: s\r\n\r\nbody\r\n", 1, false },
                { plain, "Subject: s\r\n\r\nbody", 1, false },
                { plain, "Subject: s\r\n\r\nbody\r\n.\r\n", 1, false },
                { plain, "Subject: S\r\n\r\nbody\r\n", 1, false },
                { plain, "", 1, false },
                { "Subject: s\n\nbody\n", plain, 0, false },
                { plain, "Received: r\nSubject: s\n\nbody\n", 0, false },
                { "Subject: s\n\nbo\rdy\n", "Subject: s\r\n\r\nbo\r\ndy\r\n", 1, false },
                { LATIN_1("8bit", "caf\xe9"), LATIN_1("quoted-printable", "caf=E9"), 1, false },
                { LATIN_1("8bit", "caf\xe9"), LATIN_1("quoted-printable", "caf=E9"), 0, true },
                { LATIN_1("8bit", "caf\xe9"), LATIN_1("base64", "Y2Fm6Q=="), 0, true },
                { LATIN_1("8bit", "caf\xe9"), LATIN_1("base64", "Y2Fm6A=="), 1, true },
                { LATIN_1("8bit", "caf\xe9"), LATIN_1("quoted-printable", "caf=E9=0D=0A="), 0,
                    true },
                { LATIN_1("7bit", "cafe"), LATIN_1("quoted-printable", "cafe"), 1, true },
                /* What the signature covers is the other oracle's. */
                { OPAQUE("MIIB"), OPAQUE("MIIC"), 0, false },
        };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                struct scene scene = scene_new(ALL_CAPABILITIES);

                submit_bytes(&scene, 1, one, UP_RECEIPT_ACCEPTED, rows[i].submitted);
                queued(&scene, 1, 9);
                step(&scene);
                if (rows[i].hop_is_7bit)
                        add(&scene, (struct up_entry){
                                        .kind = UP_ENTRY_EVENT, .text = "offers 8bitmime off" });
                send_bytes(&scene, 1, one[0], false, rows[i].sent);
                send_bytes(&scene, 1, one[0], false, rows[i].sent);
                step(&scene);
                expect(&scene, "altered/content", rows[i].findings, true, "submitted and sent");
        }
}

/* One change, one finding: it is scanned as it will be sent. */
static void what_is_scanned_is_what_was_submitted(void **state)
{
        static const struct {
                const char *scanned, *sent, *oracle;
        } rows[] = {
                { "A: b\r\n\r\nbody", "A: b\r\n\r\nbody", NULL },
                { "A: b\r\n\r\nbo", "A: b\r\n\r\nbo", "altered/content" },
                { "A: b\r\n\r\nbody", "A: b\r\n\r\nbo", "disagree/scanned-sent" },
        };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
                for (unsigned j = 0; j < 2; j++) {
                        const char *name = j == 0 ? "altered/content" : "disagree/scanned-sent";
                        bool found = g_strcmp0(rows[i].oracle, name) == 0;
                        struct scene scene = scene_new(ALL_CAPABILITIES);

                        submit_bytes(&scene, 1, one, UP_RECEIPT_ACCEPTED, "A: b\r\n\r\nbody");
                        queued(&scene, 1, 9);
                        step(&scene);
                        scan_bytes(&scene, 1, UP_LEVEL_TRANSPORT, rows[i].scanned);
                        scan_bytes(&scene, 1, UP_LEVEL_STORE, "another oracle's");
                        send_bytes(&scene, 1, one[0], false, rows[i].sent);
                        step(&scene);
                        expect(&scene, name, found ? 1 : 0, true,
                            j == 0 ? "submitted and scanned" : "scanned and sent");
                }
}

/* A transaction with @to as recipient @place; without @to, with none. */
static void send_envelope(
    struct scene *scene, up_id id, const char *from, const char *to, unsigned place)
{
        const char *const list[] = { to, NULL };
        g_autoptr(GBytes) bytes = g_bytes_new_static("", 0);

        add(scene, (struct up_entry){ .kind = UP_ENTRY_SEND,
                       .message = id,
                       .request = ++scene->last_request,
                       .bytes = bytes,
                       .as.send = { .from = from,
                           .to = list,
                           .recipients = &place,
                           .count = to != NULL ? 1 : 0 } });
}

static void an_envelope_stays_what_was_submitted(void **state)
{
        static const char *const to[] = { "v@example.com", "w@ex\xc3\xa4mple.com", NULL };
        static const struct {
                const char *from, *to;
                unsigned place;
                const char *signature;
        } rows[] = {
                { "u@example.com", "v@example.com", 0, NULL },
                { "u@EXAMPLE.com", "v@example.COM", 0, NULL },
                { "u@example.com", "w@ex\xc3\xa4mple.com", 1, NULL },
                { "u@example.com", "w@xn--exmple-cua.com", 1, NULL },
                { "", "v@example.com", 0, "another sender" },
                { "U@example.com", "v@example.com", 0, "another sender" },
                { "u@example.org", "v@example.com", 0, "another sender" },
                { "u@example.com", "w@ex\xc3\xa4mple.com", 0, "the address of another recipient" },
                { "u@example.com", "v@example.com", 1, "the address of another recipient" },
                { "u@example.com", "v@example.com", 2, "a recipient that there is not" },
                { "u@example.com", NULL, 0, "no recipient" },
                /* It is stray. */
                { "u@example.com", "x@example.com", 0, NULL },
        };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                struct scene scene = scene_new(ALL_CAPABILITIES);

                submit_bytes(&scene, 1, to, UP_RECEIPT_ACCEPTED, "");
                queued(&scene, 1, 9);
                step(&scene);
                send_envelope(&scene, 1, rows[i].from, rows[i].to, rows[i].place);
                expect(
                    &scene, "altered/envelope", rows[i].signature != NULL, true, rows[i].signature);
        }
}

/* Found after a crash: it has the envelope of one submission, and may be that of another. */
static void an_interrupted_submission_may_be_another_one(void **state)
{
        static const char *const more[] = { "w@example.com", "v@example.com", NULL };
        struct scene scene = scene_new(ALL_CAPABILITIES);

        (void)state;
        submit_bytes(&scene, 1, more, UP_RECEIPT_DEFERRED, "");
        crash(&scene);
        queued(&scene, 1, 9);
        step(&scene);
        send_envelope(&scene, 1, "u@example.com", "v@example.com", 0);
        expect(&scene, "altered/envelope", 0, true, NULL);
}

static void a_notice_is_sent_without_a_sender(void **state)
{
        (void)state;
        for (unsigned i = 0; i < 2; i++) {
                struct scene scene = scene_new(ALL_CAPABILITIES);

                submit(&scene, 1);
                final(&scene, 1, UP_DISPOSITION_BOUNCED);
                scene.parent = 1;
                scene.to = "u@example.com";
                queued(&scene, 2, 9);
                step(&scene);
                send_envelope(&scene, 2, i == 0 ? "" : "postmaster@example.com", scene.to, 0);
                expect(&scene, "altered/envelope", i, true, "a notice was sent with a sender");
        }
}

/* --- notices ---------------------------------------------------------------------------------- */

#define NOTICE(fields)                                                                             \
        "Content-Type: multipart/report; report-type=delivery-status; boundary=n\r\n\r\n"          \
        "--n\r\n\r\nIt failed.\r\n--n\r\nContent-Type: message/delivery-status\r\n\r\n"            \
        "Reporting-MTA: dns; x\r\n\r\n" fields "\r\n--n\r\nContent-Type: message/rfc822\r\n\r\n"   \
        "Subject: s\r\n\r\nFinal-Recipient: rfc822; w@example.com\r\n--n--\r\n"
/* The returned message is a report itself, on another recipient. */
#define RETURNS_A_REPORT                                                                           \
        "Content-Type: multipart/report; report-type=delivery-status; boundary=n\r\n\r\n"          \
        "--n\r\nContent-Type: message/delivery-status\r\n\r\n" NAMES_V                             \
        "\r\n--n\r\nContent-Type: message/rfc822\r\n\r\n"                                          \
        "Content-Type: multipart/report; boundary=m\r\n\r\n"                                       \
        "--m\r\nContent-Type: message/delivery-status\r\n\r\n" NAMES_W "\r\n--m--\r\n"             \
        "--n--\r\n"
#define NAMES_V "Final-Recipient: rfc822; v@example.com\r\nAction: failed\r\n\r\n"
#define NAMES_W "final-recipient : RFC822;\r\n W@example.com\r\nAction: failed\r\n\r\n"

/* Both recipients bounce, and these notices are sent; "" is one that is never seen. */
static void bounce(
    const char *first, const char *second, bool owed, unsigned findings, const char *signature)
{
        const char *const notices[] = { first, second };
        struct scene scene = scene_new(ALL_CAPABILITIES);

        scene.silent = !owed;
        submit_bytes(&scene, 1, two, UP_RECEIPT_ACCEPTED, "Subject: s\r\n\r\nbody\r\n");
        final(&scene, 1, UP_DISPOSITION_BOUNCED);
        see(&scene, 1, 1, "final", UP_DISPOSITION_BOUNCED, UP_OWNER_NONE, 0, 0);
        scene.parent = 1;
        for (up_id i = 0; i < 2; i++)
                if (notices[i] != NULL)
                        queued(&scene, 2 + i, 9);
        step(&scene);
        for (up_id i = 0; i < 2; i++)
                if (notices[i] != NULL && *notices[i] != '\0')
                        send_bytes(&scene, 2 + i, "u@example.com", false, notices[i]);
        step(&scene);
        end(&scene, UP_ENDING_SETTLED);
        expect(&scene, "no-notice", findings, owed, signature);
}

static void each_failure_is_reported_once(void **state)
{
        (void)state;
        bounce(NULL, NULL, true, 2, "bounced without a notice");
        bounce(NULL, NULL, false, 0, NULL);
        bounce("", NULL, true, 0, NULL);
        bounce(NOTICE(NAMES_V NAMES_W), NULL, true, 0, NULL);
        bounce(NOTICE(NAMES_V), NOTICE(NAMES_W), true, 0, NULL);
        bounce(NOTICE(NAMES_V), NULL, true, 1, "bounced, and no notice names it");
        bounce(NOTICE(NAMES_V NAMES_W), NOTICE(NAMES_W), true, 1, "reported more than once");
        bounce(RETURNS_A_REPORT, NULL, true, 1, "bounced, and no notice names it");
        bounce(RETURNS_A_REPORT, NOTICE(NAMES_W), true, 0, NULL);
        bounce("Subject: sorry\r\n\r\n" NAMES_V NAMES_W, NULL, true, 2, NULL);
}

/* Recipient 0 bounces and recipient 1 is delivered, or not; both have this address. */
static void only_failures_are_reported(void **state)
{
        static const struct {
                const char *first, *second, *named, *action;
                enum up_disposition disposition;
                unsigned findings;
        } rows[] = {
                { "v@x", "w@x", "v@x", "failed", UP_DISPOSITION_DELIVERED, 0 },
                { "v@x", "w@x", "w@x", "failed", UP_DISPOSITION_DELIVERED, 1 },
                { "v@x", "w@x", "w@x", "Failed", UP_DISPOSITION_DELIVERED, 1 },
                { "v@x", "w@x", "w@x", "delivered", UP_DISPOSITION_DELIVERED, 0 },
                { "v@x", "w@x", "w@x", "failed", UP_DISPOSITION_BOUNCED, 0 },
                { "v@x", "w@x", "w@x", "failed", UP_DISPOSITION_NONE, 0 },
                { "v@x", "V@x", "v@x", "failed", UP_DISPOSITION_DELIVERED, 0 },
        };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                const char *const list[] = { rows[i].first, rows[i].second, NULL };
                struct scene scene = scene_new(ALL_CAPABILITIES);
                g_autofree char *notice =
                    g_strdup_printf(NOTICE("Final-Recipient: rfc822; %s\r\nAction: %s\r\n\r\n"),
                        rows[i].named, rows[i].action);

                submit_bytes(&scene, 1, list, UP_RECEIPT_ACCEPTED, "");
                scene.to = rows[i].first;
                final(&scene, 1, UP_DISPOSITION_BOUNCED);
                scene.to = rows[i].second;
                see(&scene, 1, 1, "final", rows[i].disposition, UP_OWNER_NONE, 0, 0);
                scene.parent = 1;
                scene.to = "u@example.com";
                queued(&scene, 2, 9);
                step(&scene);
                send_bytes(&scene, 2, "u@example.com", false, notice);
                step(&scene);
                expect(&scene, "stray/reported", rows[i].findings, true,
                    "a delivered recipient is reported as failed");
        }
}

#define REPORT(type, parts) "To: u\r\nContent-Type: " type "; boundary=n\r\n\r\n" parts "--n--\r\n"
#define PART(head, body)    "--n\r\n" head "\r\n" body "\r\n"
#define REPORTS             "multipart/report; report-type=delivery-status"
#define WORDS               PART("", "It failed.")
#define STATUS(fields)      PART("Content-Type: message/delivery-status\r\n", fields)
#define MTA                 "Reporting-MTA: dns; x\r\nArrival-Date: d\r\n\r\n"
#define V_FAILED            "Final-Recipient: rfc822; v@x\r\nAction: failed\r\nStatus: 5.0.0\r\n"
#define HEADER              PART("Content-Type: text/rfc822-headers\r\n", "Subject: s\r\n")

static void a_program_can_read_a_notice(void **state)
{
        static const char no_status[] = "its second part of two or three is no status";
        static const struct {
                const char *notice, *signature, *to;
        } rows[] = {
                { REPORT(REPORTS, WORDS STATUS(MTA V_FAILED) HEADER), NULL, NULL },
                { REPORT(REPORTS, WORDS STATUS(MTA V_FAILED)), NULL, NULL },
                { REPORT("Multipart/Report; Report-Type=\"Delivery-Status\"",
                      WORDS STATUS(MTA V_FAILED) HEADER),
                    NULL, NULL },
                { REPORT(REPORTS, WORDS STATUS(MTA "\r\n" V_FAILED "\r\n" V_FAILED) HEADER), NULL,
                    NULL },
                { REPORT(REPORTS,
                      WORDS STATUS(MTA "Final-Recipient: rfc822; v@x\r\naction : Delayed\r\n"
                                       "Status:\r\n 4.447.120 (later)\r\n")),
                    NULL, NULL },
                { "Subject: sorry\r\n\r\nIt failed.\r\n",
                    "not a multipart/report of a delivery-status", NULL },
                { REPORT("multipart/report", WORDS STATUS(MTA V_FAILED)),
                    "not a multipart/report of a delivery-status", NULL },
                { REPORT(
                      "multipart/mixed; report-type=delivery-status", WORDS STATUS(MTA V_FAILED)),
                    "not a multipart/report of a delivery-status", NULL },
                { REPORT(REPORTS, STATUS(MTA V_FAILED)), no_status, NULL },
                { REPORT(REPORTS, STATUS(MTA V_FAILED) WORDS), no_status, NULL },
                { REPORT(REPORTS, WORDS STATUS(MTA V_FAILED) HEADER HEADER), no_status, NULL },
                { REPORT(REPORTS, WORDS PART("Content-Type: message/delivery-status\r\n"
                                             "Content-Transfer-Encoding: base64\r\n",
                                      "")),
                    "its status is encoded", NULL },
                { REPORT(REPORTS, WORDS STATUS("")), "its status is empty", NULL },
                { REPORT(REPORTS, WORDS STATUS(V_FAILED)), "no Reporting-MTA", NULL },
                { REPORT(REPORTS, WORDS STATUS("Reporting-MTA: x\r\n\r\n" V_FAILED)),
                    "no Reporting-MTA", NULL },
                { REPORT(REPORTS, WORDS STATUS(MTA)), "it reports no recipient", NULL },
                { REPORT(REPORTS,
                      WORDS STATUS(MTA V_FAILED "\r\nAction: failed\r\nStatus: 5.0.0\r\n")),
                    "a recipient without Final-Recipient", NULL },
                { REPORT(REPORTS, WORDS STATUS(MTA "Final-Recipient: rfc822; v@x\r\n"
                                                   "Action: failure\r\nStatus: 5.0.0\r\n")),
                    "a recipient without Action", NULL },
                { REPORT(REPORTS, WORDS STATUS(MTA "Final-Recipient: rfc822; v@x\r\n"
                                                   "Action: failed\r\nStatus: 550\r\n")),
                    "a recipient without Status", NULL },
                { REPORT(REPORTS, WORDS STATUS(MTA "Final-Recipient: rfc822; v@x\r\n"
                                                   "Action: failed\r\nStatus: 3.0.0\r\n")),
                    "a recipient without Status", NULL },
                { REPORT(REPORTS, PART("", "caf\xe9") STATUS(MTA V_FAILED)), "it has 8-bit content",
                    NULL },
                { "From: \xc3\xbc\r\n" REPORT(REPORTS, WORDS STATUS(MTA V_FAILED)),
                    "it has 8-bit content", NULL },
                { "To: \xc3\xbc@x\r\n" REPORT(REPORTS, WORDS STATUS(MTA V_FAILED)), NULL,
                    "\xc3\xbc@x" },
                { REPORT(REPORTS, WORDS PART("Content-Type: message/global-delivery-status\r\n",
                                      MTA "Final-Recipient: utf-8; \xc3\xbc@x\r\n"
                                          "Action: failed\r\nStatus: 5.0.0\r\n")),
                    NULL, NULL },
        };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                const char *to = rows[i].to != NULL ? rows[i].to : "u@example.com";
                struct scene scene = scene_new(ALL_CAPABILITIES);

                scene.from = to;
                submit(&scene, 1);
                final(&scene, 1, UP_DISPOSITION_BOUNCED);
                scene.parent = 1;
                scene.to = to;
                queued(&scene, 2, 9);
                step(&scene);
                send_bytes(&scene, 2, to, false, rows[i].notice);
                step(&scene);
                expect(
                    &scene, "no-notice/form", rows[i].signature != NULL, true, rows[i].signature);
        }
}

#define WITH_NOTICE                                                                                \
        "set policy send-attempts=2; set policy lifetime=1h; submit 1; final 1 bounced; step; "    \
        "set parent 1; set to u@example.com; queued 2 9; step; "
#define TOO_SOON "abandoned before its attempts and lifetime were used up"

static void a_notice_is_given_up_after_its_attempts(void **state)
{
        static const struct row rows[] = {
                { WITH_NOTICE "send 2; sent 2 1 accept; final 2 delivered; step", NULL },
                { WITH_NOTICE "send 2; sent 2 1 reject; final 2 abandoned; step", NULL },
                { WITH_NOTICE "final 2 abandoned; step", TOO_SOON },
                { WITH_NOTICE "final 2 discarded; step",
                    "discarded before its attempts and lifetime were used up" },
                { WITH_NOTICE "send 2; sent 2 1 defer; final 2 abandoned; step", TOO_SOON },
                { WITH_NOTICE "send 2; sent 2 1 defer; send 2; final 2 abandoned; step", TOO_SOON },
                { WITH_NOTICE
                    "send 2; sent 2 1 defer; send 2; sent 2 2 defer; final 2 abandoned; step",
                    NULL },
                { WITH_NOTICE "at 3599999; final 2 abandoned; step", TOO_SOON },
                { WITH_NOTICE "at 3600000; final 2 abandoned; step", NULL },
                { WITH_NOTICE "event offers size on; final 2 abandoned; step", NULL },
                { WITH_NOTICE "event offers smtputf8 off; final 2 abandoned; step", TOO_SOON },
                { WITH_NOTICE "send 2; sent 2 1 defer; crash; final 2 abandoned; step", NULL },
        };

        (void)state;
        EXPECT_ROWS("no-notice/abandoned", rows);
}

/* An address that RFC 6533 has written otherwise, or cut short, is still that address. */
static void an_address_may_stand_in_a_notice_in_another_writing(void **state)
{
        g_autofree char *filler = g_strnfill(300, 'a');
        g_autofree char *long_address = g_strconcat(filler, "@example.com", NULL);
        const struct {
                const char *to, *named;
                unsigned findings;
        } rows[] = {
                { "x=y@example.com", "utf-8; x\\x{3D}y@example.com", 0 },
                { "x=y@example.com", "utf-8; x\\x{3d}y@example.com", 0 },
                { "x=y@example.com", "utf-8; x\\x{3E}y@example.com", 1 },
                { "x=y@example.com", "rfc822; x\\x{3D}y@example.com", 1 },
                { "x=y@example.com", "utf-8; x\\x{3D", 1 },
                { "x=y@example.com", "utf-8; x\\x{3D}y\\x{FFFFFFFF}\\x{}", 1 },
                { "\xc3\xbc@example.com", "utf-8; \\x{FC}@example.com", 0 },
                { long_address, "utf-8; aaaaaaaa...", 0 },
        };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                const char *const list[] = { rows[i].to, NULL };
                struct scene scene = scene_new(ALL_CAPABILITIES);
                g_autofree char *notice = g_strdup_printf(
                    NOTICE("Final-Recipient: %s\r\nAction: failed\r\n\r\n"), rows[i].named);

                submit_bytes(&scene, 1, list, UP_RECEIPT_ACCEPTED, "");
                scene.to = rows[i].to;
                final(&scene, 1, UP_DISPOSITION_BOUNCED);
                scene.parent = 1;
                scene.to = "u@example.com";
                queued(&scene, 2, 9);
                step(&scene);
                send_bytes(&scene, 2, "u@example.com", false, notice);
                step(&scene);
                expect(&scene, "no-notice", rows[i].findings, true, NULL);
        }
}

/* One address stands in the envelope twice, and each fails at another time. */
static void an_address_given_twice_may_be_reported_twice(void **state)
{
        static const char *const same[] = { "v@example.com", "v@example.com", NULL };

        (void)state;
        for (up_id notices = 2; notices <= 3; notices++) {
                struct scene scene = scene_new(ALL_CAPABILITIES);

                submit_bytes(&scene, 1, same, UP_RECEIPT_ACCEPTED, "");
                scene.to = "v@example.com";
                final(&scene, 1, UP_DISPOSITION_BOUNCED);
                see(&scene, 1, 1, "final", UP_DISPOSITION_BOUNCED, UP_OWNER_NONE, 0, 0);
                scene.parent = 1;
                for (up_id i = 0; i < notices; i++)
                        queued(&scene, 2 + i, 9);
                step(&scene);
                for (up_id i = 0; i < notices; i++)
                        send_bytes(&scene, 2 + i, "u@example.com", false, NOTICE(NAMES_V));
                expect(&scene, "no-notice", notices == 3 ? 2 : 0, true, "reported more than once");
        }
}

static void infected_mail_is_owed_no_notice(void **state)
{
        static const struct row rows[] = {
                { UNDER_WAY "verdict 1 1 infected; final 1 bounced; step", IDLE },
        };

        (void)state;
        EXPECT_ROWS("no-notice", rows);
}

static void a_notice_causes_none(void **state)
{
#define NOTICE_ON_1 "submit 1; final 1 bounced; set parent 1; final 2 abandoned; set parent 2; "
        static const struct row rows[] = {
                { NOTICE_ON_1 "step", NULL },
                { "set from -; " NOTICE_ON_1 "step", "a notice to the null sender" },
                { NOTICE_ON_1 "queued 3 9; step", "a notice on a notice" },
        };

        (void)state;
        EXPECT_ROWS("notice-loop", rows);
}

static void a_loop_is_recognised(void **state)
{
        static const struct row rows[] = {
                { "set copy; set hops 100; submit 1", NULL },
                { "set copy; set hops 101; submit 1", "a looping copy was accepted" },
                { "set copy; set hops 101; refuse 1 rejected", NULL },
        };

        (void)state;
        EXPECT_ROWS("mail-loop", rows);
}

/* --- reasons ---------------------------------------------------------------------------------- */

static void logged(bool failure, uint32_t code, const char *text, const char *signature)
{
        struct scene scene = scene_new(ALL_CAPABILITIES);

        add(&scene, (struct up_entry){ .kind = UP_ENTRY_LOG,
                        .as.log = { .event = 348,
                            .source = "transport",
                            .category = "store driver",
                            .message_id = "",
                            .failure = failure,
                            .code = code,
                            .text = text } });
        expect(&scene, "error-without-reason", signature != NULL, failure, signature);
}

static void a_failure_has_a_code_and_a_text(void **state)
{
        (void)state;
        logged(true, 0, "retried later", "transport, store driver, event 348: error code 0");
        logged(true, 5, "", "transport, store driver, event 348: no text");
        logged(true, 5, "retried later", NULL);
        logged(false, 0, "", NULL);
}

/* --- policy ----------------------------------------------------------------------------------- */

#define POLICY(setting)  "set policy " setting "; "
#define VERDICT(verdict) UNDER_WAY "verdict 1 1 " verdict "; "
#define BOUNCED          "final 1 bounced; step"
#define QUARANTINED      "final 1 quarantined; step"
#define DISCARDED        "final 1 discarded; step"

static void quarantine_needs_a_reason(void **state)
{
        static const char parked[] = "parked: final";
        static const struct row rows[] = {
                { ACCEPTED QUARANTINED, parked },
                { VERDICT("clean") QUARANTINED, parked },
                { VERDICT("none") QUARANTINED, parked },
                { VERDICT("infected") QUARANTINED, NULL },
                /* Policy says otherwise: not for this oracle. */
                { VERDICT("unscannable") QUARANTINED, NULL },
                /* Late, cut off by a crash, or about another message: it may have been read. */
                { UNDER_WAY "verdict 1 1 infected 2; " QUARANTINED, NULL },
                { VERDICT("infected") "crash; " QUARANTINED, NULL },
                /* A verdict of another message explains nothing. */
                { "submit 2; " VERDICT("clean") "step; verdict 2 1 infected 1; " QUARANTINED,
                    NULL },
                { ACCEPTED BOUNCED, NULL },
                { "set policy lifetime=1s; " UNDER_WAY "at 1000; " QUARANTINED, NULL },
                { "set policy lifetime=1s; " UNDER_WAY "at 999; " QUARANTINED, parked },
        };

        (void)state;
        EXPECT_ROWS("pending/parked", rows);
}

static void each_disposition_is_what_policy_says(void **state)
{
        static const char early[] = "bounced: attempts and lifetime were not used up";
        static const struct row rows[] = {
                { VERDICT("clean") BOUNCED, early },
                { VERDICT("none") BOUNCED, early },
                { VERDICT("clean") "step; send 1; step; sent 1 2 reject; " BOUNCED, NULL },
                { VERDICT("clean") "step; send 1; step; sent 1 2 defer; " BOUNCED, early },
                /* Attempts, just before and when they are used up; a restart may count as one. */
                { POLICY("attempts=1") VERDICT("none") BOUNCED, NULL },
                { POLICY("attempts=1") VERDICT("clean") BOUNCED, early },
                { POLICY("attempts=1") UNDER_WAY BOUNCED, early },
                { POLICY("attempts=2") VERDICT("none") BOUNCED, early },
                { POLICY("attempts=2") UNDER_WAY "crash; " BOUNCED, NULL },
                { POLICY("send-attempts=1")
                        VERDICT("clean") "step; send 1; step; sent 1 2 defer; " BOUNCED,
                    NULL },
                { POLICY("send-attempts=1") VERDICT("clean") "step; send 1; step; " BOUNCED,
                    early },
                { POLICY("send-attempts=2")
                        VERDICT("clean") "step; send 1; step; sent 1 2 lost; " BOUNCED,
                    early },
                { POLICY("lifetime=1s") UNDER_WAY "at 999; " BOUNCED, early },
                { POLICY("lifetime=1s") UNDER_WAY "at 1000; " BOUNCED, NULL },
                /* Verdicts. */
                { VERDICT("infected") BOUNCED, "bounced: infected, for quarantine" },
                { VERDICT("infected") DISCARDED, "discarded: infected, for quarantine" },
                { VERDICT("infected") QUARANTINED, NULL },
                { POLICY("infected=discard") VERDICT("infected") QUARANTINED,
                    "quarantined: infected, to be discarded" },
                { POLICY("infected=discard") VERDICT("infected") DISCARDED, NULL },
                { VERDICT("unscannable") BOUNCED, NULL },
                { VERDICT("unscannable") QUARANTINED, "quarantined: unscannable, to be bounced" },
                { POLICY("unscannable=quarantine") VERDICT("unscannable") QUARANTINED, NULL },
                { POLICY("unscannable=quarantine") VERDICT("unscannable") BOUNCED,
                    "bounced: unscannable, for quarantine" },
                { POLICY("unscannable=deliver") VERDICT("unscannable") BOUNCED,
                    "bounced: unscannable, to be delivered" },
                { VERDICT("rewritten") BOUNCED, NULL },
                { VERDICT("rewritten") QUARANTINED, "quarantined: rewritten, to be bounced" },
                { POLICY("rewritten=quarantine") VERDICT("rewritten") QUARANTINED, NULL },
                /* The last verdict in time counts. */
                { VERDICT("unscannable") "step; scan 1; busy 1 5000 18; step; verdict 1 2 "
                                         "clean; " BOUNCED,
                    early },
                { VERDICT("clean") "step; scan 1; busy 1 5000 18; step; verdict 1 2 "
                                   "unscannable; " BOUNCED,
                    NULL },
                { UNDER_WAY "verdict 1 1 unscannable 2; " BOUNCED, NULL },
                /* Deleted; from the null sender, without a failure, and with one. */
                { ACCEPTED "delete 1; " DISCARDED, NULL },
                { "set from -; " ACCEPTED DISCARDED,
                    "discarded: attempts and lifetime were not used up" },
                { "set from -; " POLICY("attempts=1") VERDICT("none") DISCARDED, NULL },
                /* What the next hop does not offer; the message is ASCII and small. */
                { "event offers size on; " VERDICT("clean") BOUNCED, early },
                { "event offers smtputf8 off; " VERDICT("clean") BOUNCED, early },
                { "set from \xc3\xa4@example.com; event offers smtputf8 off; " VERDICT("clean")
                        BOUNCED,
                    NULL },
                { "set from \xc3\xa4@example.com; event offers smtputf8 on; " VERDICT("clean")
                        BOUNCED,
                    early },
                /* A limit, and too many hops. */
                { POLICY("max-message=1k") VERDICT("none") BOUNCED, NULL },
                { POLICY("max-message=2k") VERDICT("none") BOUNCED, early },
                /* Requests: policy wants no scan; attempts that it does not allow; after the end.
                 */
                { POLICY("transport-scan=off") "submit 1; scan 1; queued 1 9; step",
                    "scanned in transport, which is switched off" },
                { "submit 1; scan 1 store; queued 1 9; step",
                    "scanned in the store, which is switched off" },
                { POLICY("store-scan=on") "submit 1; scan 1 store; queued 1 9; step", NULL },
                { POLICY("attempts=1")
                        VERDICT("none") "step; scan 1; step; verdict 1 2 none; " BOUNCED,
                    "scanned more often than policy allows" },
                { POLICY("attempts=1") VERDICT("none") "crash; step; scan 1; step; "
                                                       "verdict 1 2 none; " BOUNCED,
                    NULL },
                { POLICY("send-attempts=1")
                        VERDICT("clean") "step; send 1; step; sent 1 2 defer; "
                                         "step; send 1; step; sent 1 3 defer; " BOUNCED,
                    "sent more often than policy allows" },
                { VERDICT("infected") QUARANTINED "; send 1; step",
                    "sent after it was quarantined" },
                /* Access in the store. */
                { POLICY("store-scan=on") "submit 1; scan 1 store; set access undecided; "
                                          "view 1 0 s delivered worker 900 0; step; at 200; "
                                          "verdict 1 1 clean 1 store; set access refused; "
                                          "view 1 0 s delivered none 0 0; step",
                    "refused in the store, though clean" },
                { POLICY("store-scan=on") "submit 1; scan 1 store; set access undecided; "
                                          "view 1 0 s delivered worker 900 0; step; at 200; "
                                          "verdict 1 1 infected 1 store; set access refused; "
                                          "view 1 0 s delivered none 0 0; step",
                    NULL },
        };

        (void)state;
        EXPECT_ROWS("against-policy", rows);
}

static void a_delivered_message_does_not_fail(void **state)
{
        static const struct row rows[] = {
                { SENT "final 1 bounced; step", "delivered, and bounced" },
                { SENT "final 1 delivered; step", NULL },
                { "submit 1; send 1; sent 1 1 lost; final 1 bounced; step", IDLE },
                /* In doubt: the answer came after the time-out, or into a crash. */
                { FIRST "at 1000; sent 1 1 accept; final 1 bounced; step", NULL },
                { FIRST "at 999; sent 1 1 accept; final 1 bounced; step",
                    "delivered, and bounced" },
                { FIRST "sent 1 1 accept; crash; final 1 bounced; step", NULL },
        };

        (void)state;
        EXPECT_ROWS("against-policy/outcome", rows);
}

static void unscanned_mail_needs_an_attempt(void **state)
{
#define DELIVER POLICY("unscannable=deliver")
        static const struct row rows[] = {
                { DELIVER "submit 1; send 1; queued 1 9; step", "released and never scanned" },
                { DELIVER VERDICT("none") "send 1; step", "released before its scan was given up" },
                { DELIVER POLICY("attempts=1") VERDICT("none") "send 1; step", NULL },
                { DELIVER POLICY("attempts=1") UNDER_WAY "send 1; step",
                    "released before its scan was given up" },
                { DELIVER VERDICT("unscannable") "send 1; step", NULL },
                { DELIVER VERDICT("clean") "send 1; step", NULL },
                { DELIVER VERDICT("rewritten") "send 1; step",
                    "released although the scanner wants other bytes" },
                { DELIVER POLICY("lifetime=1s") UNDER_WAY "at 999; send 1; step",
                    "released before its scan was given up" },
                { DELIVER POLICY("lifetime=1s") UNDER_WAY "at 1000; send 1; step", NULL },
                { DELIVER POLICY("max-message=1k") "submit 1; send 1; queued 1 9; step", NULL },
                { DELIVER POLICY("transport-scan=off") "submit 1; send 1; queued 1 9; step", IDLE },
                { DELIVER POLICY("transport-scan=off")
                        POLICY("store-scan=on") "submit 1; open 1; queued 1 9; step",
                    "released and never scanned" },
                { "submit 1; send 1; queued 1 9; step", IDLE },
        };

        (void)state;
        EXPECT_ROWS("delivered-unscanned/given-up", rows);
}

/* What bounces for want of an answer is counted: policy asked for it, so it is no finding. */
static void bounces_by_an_outage_are_counted(void **state)
{
        static const struct {
                const char *script;
                unsigned bounced;
                int64_t earliest_ms;
        } rows[] = {
                { POLICY("attempts=1") VERDICT("none") "at 700; " BOUNCED, 1, 700 },
                { POLICY("attempts=1") VERDICT("none") "at 700; " QUARANTINED, 0, 0 },
                { VERDICT("clean") "step; send 1; step; sent 1 2 defer; at 900; " BOUNCED, 1, 900 },
                { VERDICT("clean") "step; send 1; step; sent 1 2 reject; " BOUNCED, 0, 0 },
                { VERDICT("unscannable") BOUNCED, 0, 0 },
                { POLICY("max-message=1k") VERDICT("none") BOUNCED, 0, 0 },
                { ACCEPTED BOUNCED "; final 1 bounced; step", 1, 0 },
                { "submit 1; submit 2; queued 1 9; queued 2 9; step; at 800; final 2 bounced; "
                  "step; "
                  "at 900; final 1 bounced; step",
                    2, 800 },
        };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                struct scene scene = scene_new(ALL_CAPABILITIES);

                play(&scene, rows[i].script);
                print_message("%s\n", rows[i].script);
                g_autoptr(up_ledger) ledger = scene.ledger;
                g_autoptr(up_ledger_index) index = up_ledger_index_new(ledger);
                struct up_outage outage = up_outage_of(index);
                assert_int_equal(outage.bounced, rows[i].bounced);
                assert_int_equal(outage.earliest_ms, rows[i].earliest_ms);
        }
}

/* --- the store -------------------------------------------------------------------------------- */

static void what_may_be_read_is_opened(void **state)
{
#define DEPOSITED                                                                                  \
        POLICY("store-scan=on")                                                                    \
        "submit 1; send 1 gated; queued 1 9; step; sent 1 1 accept; "                              \
        "scan 1 store; set access undecided; "                                                     \
        "view 1 0 s delivered worker 900 0; step; "                                                \
        "verdict 1 2 clean 1 store; set access open; "
        static const struct row rows[] = {
                { DEPOSITED "view 1 0 s delivered none 0 0; step", "never opened" },
                { DEPOSITED "open 1; view 1 0 s delivered none 0 0; step", NULL },
                { DEPOSITED "view 1 0 s delivered none 0 0; step; open 1; step", "never opened" },
                { DEPOSITED "set access refused; view 1 0 s delivered none 0 0; step", IDLE },
                /* A pipeline that reports no access. */
                { POLICY("store-scan=on") "submit 1; send 1 gated; sent 1 1 accept; "
                                          "final 1 delivered; step",
                    IDLE },
        };

        (void)state;
        EXPECT_ROWS("lost/unopened", rows);
}

static void the_store_scans_what_was_deposited(void **state)
{
        static const struct {
                const char *first, *second, *scanned;
                bool is_reported;
        } rows[] = {
                { "a\r\n", "a\r\n", "a\r\n", false },
                { "a\r\n", "b\r\n", "a\r\n", false },
                { "a\r\n", "b\r\n", "b\r\n", false },
                { "a\r\n", "b\r\n", "ab\r\n", true },
        };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                struct scene scene = scene_new(ALL_CAPABILITIES);

                submit(&scene, 1);
                send_bytes(&scene, 1, one[0], true, rows[i].first);
                send_bytes(&scene, 1, one[0], true, rows[i].second);
                scan_bytes(&scene, 1, UP_LEVEL_STORE, rows[i].scanned);
                step(&scene);
                expect(&scene, "disagree/scanned-stored", rows[i].is_reported, true,
                    rows[i].is_reported ? "deposited and scanned" : NULL);
        }
}

/* --- a healthy environment -------------------------------------------------------------------- */

static void valid_mail_is_accepted(void **state)
{
#define VALID "Date: Tue, 1 Dec 2026 12:00:00 +0000\r\nFrom: u@example.com\r\n"
        static const char received[] = "Received: from a by b; Tue, 1 Dec 2026 12:00:00 +0000\r\n";
        static const struct {
                const char *bytes;
                enum up_receipt receipt;
                bool is_reported;
        } rows[] = {
                { VALID "\r\nbody\r\n", UP_RECEIPT_ACCEPTED, false },
                { VALID "\r\nbody\r\n", UP_RECEIPT_DEFERRED, true },
                { VALID "\r\nbody\r\n", UP_RECEIPT_REJECTED, true },
                { "no mail", UP_RECEIPT_DEFERRED, true },
                { "no mail", UP_RECEIPT_REJECTED, false },
                { VALID "From: w@example.com\r\n\r\nbody\r\n", UP_RECEIPT_REJECTED, false },
                { "From: u@example.com\r\n\r\nbody\r\n", UP_RECEIPT_REJECTED, false },
                { VALID "\r\nbody\n", UP_RECEIPT_REJECTED, false },
                { VALID "\r\nbo\rdy\r\n", UP_RECEIPT_REJECTED, false },
                { VALID "\r\nbod\xff\r\n", UP_RECEIPT_REJECTED, false },
                { VALID "\r\nbody", UP_RECEIPT_REJECTED, false },
                { VALID "not a field\r\n\r\nbody\r\n", UP_RECEIPT_REJECTED, false },
        };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                struct scene scene = scene_new(ALL_CAPABILITIES);

                print_message("%s", rows[i].bytes);
                scene.ledger->healthy = true;
                submit_bytes(&scene, 1, one, rows[i].receipt, rows[i].bytes);
                expect(&scene, "unavailable", rows[i].is_reported, true, NULL);
        }
        for (int64_t most = 1; most <= 2; most++) {
                struct scene scene = scene_new(ALL_CAPABILITIES);
                g_autofree char *looping = g_strconcat(received, VALID "\r\nbody\r\n", NULL);

                scene.ledger->healthy = true;
                scene.policy.max_hops = most;
                submit_bytes(&scene, 1, one, UP_RECEIPT_REJECTED, looping);
                expect(&scene, "unavailable", most == 2, true, NULL);
        }
        struct scene scene = scene_new(ALL_CAPABILITIES);
        submit_bytes(&scene, 1, one, UP_RECEIPT_DEFERRED, "");
        expect(&scene, "unavailable", 0, false, NULL);
}

/* A scan and a transaction of five minutes each, and one second for each recipient. */
static void healthy_mail_is_not_late(void **state)
{
        static const struct row rows[] = {
                { "healthy; " ACCEPTED "at 601000; final 1 delivered; step", NULL },
                { "healthy; " ACCEPTED "at 601001; final 1 delivered; step", "queued" },
                { "healthy; " ACCEPTED "at 601001; final 1 bounced; step", "queued" },
                { ACCEPTED "at 601001; final 1 delivered; step", IDLE },
                { "healthy; " POLICY("transport-scan=off") ACCEPTED
                    "at 301001; final 1 delivered; step",
                    "queued" },
                { "healthy; submit 1; submit 2; queued 1 9; queued 2 9; step; at 602000; "
                  "final 1 delivered; final 2 delivered; step",
                    NULL },
                /* It never ends: not late, but pending. */
                { "healthy; " ACCEPTED "at 999999; step", IDLE },
                { "healthy; " ACCEPTED "hold 1; step; release 1; step; at 601001; "
                  "final 1 delivered; step",
                    IDLE },
                { "healthy; " ACCEPTED "restart; step; at 601001; final 1 delivered; step", IDLE },
                /* In the store it ends when it may be read, and is opened. */
                { "healthy; " POLICY("store-scan=on") ACCEPTED
                    "at 900; set access undecided; "
                    "view 1 0 s delivered worker 999 0; step; at 901000; set access open; open 1; "
                    "view 1 0 s delivered none 0 0; step",
                    NULL },
                { "healthy; " POLICY("store-scan=on") ACCEPTED
                    "at 900; set access undecided; "
                    "view 1 0 s delivered worker 999 0; step; at 901001; set access open; open 1; "
                    "view 1 0 s delivered none 0 0; step",
                    "s" },
                { "healthy; " POLICY("store-scan=on") ACCEPTED "at 900; final 1 delivered; step; "
                                                               "at 901001; open 1; step",
                    "queued" },
        };

        (void)state;
        EXPECT_ROWS("late", rows);
}

static void no_worker_is_idle_while_work_waits(void **state)
{
#define ELIGIBLE "set eligible; submit 1; queued 1 9; step; set not-eligible; "
        static const char idle[] = "idle: queued";
        static const struct row rows[] = {
                { ELIGIBLE "at 60001; scan 1; busy 1 99999 8; step", idle },
                { ELIGIBLE "at 60000; scan 1; busy 1 99999 8; step", NULL },
                { ELIGIBLE "at 60001; end settled", idle },
                { "submit 1; queued 1 9; step; at 60001; end settled", IDLE },
                /* The only worker is busy until its answer, its time-out, or a restart. */
                { POLICY("workers=1") "submit 2; scan 2; busy 2 300000 9; step; " ELIGIBLE
                                      "at 300000; scan 1; busy 1 999999 8; step",
                    NULL },
                { POLICY("workers=1") "submit 2; scan 2; busy 2 300000 9; step; " ELIGIBLE
                                      "at 360000; scan 1; busy 1 999999 8; step",
                    NULL },
                { POLICY("workers=1") "submit 2; scan 2; busy 2 300000 9; step; " ELIGIBLE
                                      "at 360001; scan 1; busy 1 999999 8; step",
                    idle },
                { POLICY("workers=1") "submit 2; scan 2; busy 2 300000 9; step; " ELIGIBLE
                                      "at 100; verdict 2 1 clean; step; at 60101; end settled",
                    idle },
                { POLICY("workers=1") "submit 2; scan 2; busy 2 300000 9; step; " ELIGIBLE
                                      "at 100; crash; step; at 60101; end settled",
                    idle },
                { POLICY("workers=2") "submit 2; scan 2; busy 2 300000 9; step; " ELIGIBLE
                                      "at 60001; scan 1; busy 1 999999 8; step",
                    idle },
        };

        (void)state;
        EXPECT_ROWS("pending/idle", rows);
}

/* --- commands --------------------------------------------------------------------------------- */

static void commands_are_obeyed(void **state)
{
        static const struct row rows[] = {
                { ACCEPTED "delete 1; step; send 1; step", "sent after its deletion" },
                { ACCEPTED "delete 1; final 1 discarded; step", NULL },
                { ACCEPTED "send 1; step", IDLE },
                { ACCEPTED "hold 1; step; send 1; step", "sent while held" },
                { ACCEPTED "hold 1; step; release 1; step; send 1; step", NULL },
                { ACCEPTED "hold 1; crash; step; send 1; step", IDLE },
                /* A transaction that is under way may finish; another may not begin. */
                { FIRST "hold 1; step; sent 1 1 defer; step; send 1; step", "sent while held" },
                { FIRST "delete 1; step; sent 1 1 reject; final 1 bounced; step", NULL },
                { ACCEPTED "hold 1; step; final 1 bounced; step", "bounced while held" },
                { ACCEPTED "hold 1; step; final 1 quarantined; step", NULL },
                { ACCEPTED "hold 1; step; release 1; final 1 bounced; step", NULL },
                /* It is gone when the longest attempt can be over. */
                { ACCEPTED "delete 1; step; at 300001; step", "still there after its deletion" },
                { ACCEPTED "delete 1; step; at 300000; step", NULL },
                { ACCEPTED "delete 1; step; at 300000; final 1 discarded; step; at 300001; step",
                    NULL },
                /* Commands on one message are not for another. */
                { "submit 1; submit 2; queued 1 9; queued 2 9; step; delete 1; final 1 discarded; "
                  "step; send 2; step",
                    NULL },
                { "submit 1; submit 2; queued 1 9; queued 2 9; step; delete 2; step; send 2; step",
                    "sent after its deletion" },
        };

        (void)state;
        EXPECT_ROWS("disobeyed", rows);
}

/* --- two runs --------------------------------------------------------------------------------- */

/* One message, whose disposition at the end is given. When the script ends it waits for a timer. */
static struct up_ledger *timed_run(
    int64_t due_ms, bool command_too, int64_t at_ms, enum up_disposition disposition)
{
        struct scene scene = scene_new(ALL_CAPABILITIES);

        scene.policy.transport_scan = 0;
        submit(&scene, 1);
        waiting(&scene, 1, due_ms, 20);
        step(&scene);
        if (command_too) {
                command(&scene, 1, UP_COMMAND_RELEASE);
                step(&scene);
        }
        mark(&scene, UP_ENTRY_SCRIPT_END);
        scene.now_ms = at_ms;
        if (disposition == UP_DISPOSITION_DELIVERED)
                sent(&scene, 1, send(&scene, 1), UP_REPLY_ACCEPT);
        final(&scene, 1, disposition);
        step(&scene);
        end(&scene, UP_ENDING_SETTLED);
        return scene.ledger;
}

static unsigned judge_runs(
    const struct ledgers *runs, const char *name, uint64_t *ret_judged, char **ret_signature)
{
        g_autoptr(GPtrArray) findings = findings_new();
        uint64_t judged[UP_ORACLE_COUNT] = { 0 };
        struct up_judgement judgement = { findings, judged };
        unsigned count = 0;

        judge(runs, &judgement);
        for (guint i = 0; i < findings->len; i++) {
                const struct up_finding *finding = finding_at(findings, i);
                if (finding->class != up_oracle_rows[oracle(name)].class)
                        continue;
                if (count++ == 0 && ret_signature != NULL)
                        *ret_signature = g_strdup(finding->signature);
        }
        *ret_judged = judged[oracle(name)];
        return count;
}

/* The expiry is at 90 s, so a transaction of five minutes never fits: a run of its own. */
static struct up_ledger *long_run(int64_t expiry_ms, bool command_too, enum up_disposition end_as)
{
        struct up_ledger *ledger = timed_run(1000, command_too, 5000, end_as);

        for (guint i = 0; i < ledger->entries->len; i++) {
                struct up_entry *entry = &g_array_index(ledger->entries, struct up_entry, i);
                if (entry->kind == UP_ENTRY_VIEW)
                        entry->as.view.expiry_ms = expiry_ms;
        }
        return ledger;
}

static void healed(int64_t expiry_ms, bool command_too, enum up_disposition end_as,
    enum up_disposition healthy_end, unsigned findings, uint64_t judged)
{
        g_autoptr(up_ledger) sick = long_run(expiry_ms, command_too, end_as);
        g_autoptr(up_ledger) well = long_run(expiry_ms, false, healthy_end);
        const struct ledgers runs = { .baseline = sick, .with_healing = sick, .healthy = well };
        g_autofree char *signature = NULL;
        uint64_t count;

        assert_int_equal(judge_runs(&runs, "worse-when-healed", &count, &signature), findings);
        assert_int_equal(count, judged);
        if (findings > 0)
                assert_string_equal(signature, "scan-wait: bounced instead of delivered");
}

static void recipients_that_wait_at_healing_end_well(void **state)
{
        const int64_t fits_ms = 1000 + 5 * 60 * 1000 + 1000; /* one recipient has its turn */
        const enum up_disposition bounced = UP_DISPOSITION_BOUNCED,
                                  delivered = UP_DISPOSITION_DELIVERED;

        (void)state;
        healed(fits_ms, false, bounced, delivered, 1, 1);
        healed(fits_ms, false, delivered, delivered, 0, 1);
        healed(fits_ms - 1, false, bounced, delivered, 0, 0);
        healed(fits_ms, true, bounced, delivered, 0, 0);
        healed(UP_NEVER_MS, false, bounced, delivered, 1, 1);
        healed(UP_NEVER_MS, false, delivered, bounced, 0, 1);
}

/* The sick scanner has given a verdict before all became well: it stands, whatever it would say. */
static void a_verdict_that_was_given_stands(void **state)
{
        (void)state;
        for (unsigned given = 0; given < 2; given++) {
                struct scene scene = scene_new(ALL_CAPABILITIES);
                up_request asked;

                submit(&scene, 1);
                asked = scan(&scene, 1);
                waiting(&scene, 1, 1000, 20);
                step(&scene);
                verdict(&scene, 1, asked, given ? UP_VERDICT_CLEAN : UP_VERDICT_NONE);
                step(&scene);
                mark(&scene, UP_ENTRY_SCRIPT_END);
                final(&scene, 1, UP_DISPOSITION_DELIVERED);
                step(&scene);
                g_autoptr(up_ledger) sick = scene.ledger;
                g_autoptr(up_ledger) well = long_run(0, false, UP_DISPOSITION_QUARANTINED);
                for (guint i = 0; i < well->entries->len; i++) {
                        struct up_entry *entry = &g_array_index(well->entries, struct up_entry, i);
                        if (entry->kind == UP_ENTRY_SUBMIT)
                                entry->as.submit.policy = &scene.policy;
                }
                for (guint i = 0; i < sick->entries->len; i++) {
                        struct up_entry *entry = &g_array_index(sick->entries, struct up_entry, i);
                        if (entry->kind == UP_ENTRY_VIEW)
                                entry->as.view.expiry_ms = UP_NEVER_MS;
                }
                const struct ledgers runs = {
                        .baseline = sick, .with_healing = sick, .healthy = well
                };
                uint64_t judged;
                assert_int_equal(judge_runs(&runs, "worse-when-healed", &judged, NULL), !given);
        }
}

static void two_runs_of_one_case_are_alike(void **state)
{
        g_autoptr(up_ledger) first = good_run(), second = good_run();
        const struct ledgers runs = { .baseline = first, .repeat = second };
        g_autofree char *signature = NULL;
        uint64_t judged;

        (void)state;
        for (guint i = 0; i < second->entries->len; i++) {
                struct up_entry *entry = &g_array_index(second->entries, struct up_entry, i);
                entry->at_ms++;
                assert_int_equal(judge_runs(&runs, "nondeterministic", &judged, NULL), 1);
                entry->at_ms--;
                assert_int_equal(judge_runs(&runs, "nondeterministic", &judged, NULL), 0);
        }
        struct up_entry *view = &g_array_index(second->entries, struct up_entry, 2);
        view->as.view.rank++;
        assert_int_equal(judge_runs(&runs, "nondeterministic", &judged, &signature), 1);
        assert_string_equal(signature, "first difference: view");
        view->as.view.rank--;
        g_array_set_size(second->entries, second->entries->len - 1);
        assert_int_equal(judge_runs(&runs, "nondeterministic", &judged, NULL), 1);
}

static void the_wall_clock_decides_nothing(void **state)
{
        g_autoptr(up_ledger) run = timed_run(1000, false, 5000, UP_DISPOSITION_BOUNCED);
        g_autoptr(up_ledger) later = timed_run(1000, false, 5001, UP_DISPOSITION_BOUNCED);
        g_autoptr(up_ledger) otherwise = timed_run(1000, false, 5000, UP_DISPOSITION_DELIVERED);
        struct ledgers runs = { .baseline = run, .no_clock_jumps = run };
        uint64_t judged;

        (void)state;
        assert_int_equal(judge_runs(&runs, "metamorphic", &judged, NULL), 0);
        assert_int_equal(judged, 1);
        runs.no_clock_jumps = later;
        assert_int_equal(judge_runs(&runs, "metamorphic", &judged, NULL), 1);
        runs.no_clock_jumps = otherwise;
        assert_int_equal(judge_runs(&runs, "metamorphic", &judged, NULL), 1);
        runs.no_clock_jumps = NULL;
        assert_int_equal(judge_runs(&runs, "metamorphic", &judged, NULL), 0);
        assert_int_equal(judged, 0);
}

/* --- which findings are reported -------------------------------------------------------------- */

static void every_oracle_has_a_row(void **state)
{
        (void)state;
        for (size_t i = 0; i < UP_ORACLE_COUNT; i++) {
                const struct up_oracle_row *row = &up_oracle_rows[i];
                g_autofree char *pending =
                    g_strdup_printf("pending/%s", up_evidence_rows[row->evidence].name);

                assert_non_null(row->name);
                assert_true((row->judge == NULL) != (row->compare == NULL));
                assert_int_equal(row->class == UP_CLASS_PENDING, row->evidence != 0);
                assert_true(g_str_has_prefix(row->name, up_class_rows[row->class].name));
                if (row->class == UP_CLASS_PENDING)
                        assert_string_equal(row->name, pending);
        }
}

/* It has no owner, its rank rose, nothing is due, and the bound is past: one finding. */
static void the_strongest_evidence_is_reported(void **state)
{
        struct scene scene = scene_new(ALL_CAPABILITIES);
        g_autoptr(GPtrArray) findings = findings_new();
        uint64_t judged[UP_ORACLE_COUNT] = { 0 };
        struct up_judgement judgement = { findings, judged };

        (void)state;
        for (up_id id = 1; id <= 2; id++) {
                submit(&scene, id);
                queued(&scene, id, 9);
                step(&scene);
        }
        queued(&scene, 1, 8);
        step(&scene);
        for (up_id id = 1; id <= 2; id++)
                see(&scene, id, 0, "nowhere", UP_DISPOSITION_NONE, UP_OWNER_NONE, 0, 10);
        step(&scene);
        scene.now_ms = BOUND_MS + 1;
        end(&scene, UP_ENDING_IDLE);

        const struct ledgers runs = { .baseline = scene.ledger, .with_healing = scene.ledger };
        judge(&runs, &judgement);
        assert_int_equal(findings->len, 1);
        assert_string_equal(finding_at(findings, 0)->signature, "unowned: nowhere");
        assert_int_equal(finding_at(findings, 0)->message, 1);
        assert_int_equal(finding_at(findings, 0)->recipient, 0);
        assert_int_equal(finding_at(findings, 0)->shown_at, 8);
        assert_int_equal(finding_at(findings, 0)->critical_at, 6);
        assert_non_null(strstr(finding_at(findings, 0)->detail, "v@example.com"));
        up_ledger_free(scene.ledger);
}

/* The role of a stuck message, by its origin. */
static enum up_role role_after(const char *event, bool copy, up_id parent)
{
        struct scene scene = scene_new(ALL_CAPABILITIES);
        g_autoptr(GPtrArray) findings = findings_new();
        uint64_t judged[UP_ORACLE_COUNT] = { 0 };
        struct up_judgement judgement = { findings, judged };
        up_id id = parent + 1;
        enum up_role role = UP_ROLE_NONE;

        add(&scene, (struct up_entry){ .kind = UP_ENTRY_EVENT, .text = event });
        scene.copy = copy;
        submit(&scene, 1);
        if (parent != 0) {
                see(&scene, 1, 0, "bounced", UP_DISPOSITION_BOUNCED, UP_OWNER_NONE, 0, 0);
                scene.parent = parent;
        }
        see(&scene, id, 0, "nowhere", UP_DISPOSITION_NONE, UP_OWNER_NONE, 0, 9);
        step(&scene);
        end(&scene, UP_ENDING_IDLE);

        const struct ledgers runs = { .baseline = scene.ledger, .with_healing = scene.ledger };
        judge(&runs, &judgement);
        for (guint i = 0; i < findings->len; i++)
                if (finding_at(findings, i)->class == UP_CLASS_PENDING)
                        role = finding_at(findings, i)->role;
        up_ledger_free(scene.ledger);
        return role;
}

static void a_finding_has_the_role_of_its_message(void **state)
{
        (void)state;
        assert_int_equal(role_after("submit 1 local", false, 0), UP_ROLE_SUBMITTED);
        assert_int_equal(role_after("bystander 1 plain smtp", false, 0), UP_ROLE_BYSTANDER);
        assert_int_equal(role_after("submit 1 local", true, 0), UP_ROLE_COPY);
        assert_int_equal(role_after("submit 1 local", false, 1), UP_ROLE_NOTICE);
        for (int i = 0; i < UP_ROLE_COUNT; i++)
                assert_int_equal(up_role_by_name(up_role_names[i]), i);
}

static void what_only_another_run_shows_names_that_run(void **state)
{
        struct scene scene = scene_new(ALL_CAPABILITIES);
        g_autoptr(up_ledger) good = good_run();
        g_autoptr(GPtrArray) findings = findings_new();
        uint64_t judged[UP_ORACLE_COUNT] = { 0 };
        struct up_judgement judgement = { findings, judged };

        (void)state;
        submit(&scene, 1);
        queued(&scene, 1, 9);
        step(&scene);
        end(&scene, UP_ENDING_IDLE);
        const struct ledgers runs = { .baseline = good, .with_healing = scene.ledger };
        judge(&runs, &judgement);
        assert_int_equal(findings->len, 1);
        assert_true(g_str_has_suffix(finding_at(findings, 0)->detail, " (run with healing)"));
        assert_int_equal(finding_at(findings, 0)->shown_at, G_MAXUINT);
        up_ledger_free(scene.ledger);
}

static void a_pipeline_is_judged_by_what_it_can_tell(void **state)
{
        struct scene scene = scene_new(0);
        g_autoptr(GPtrArray) findings = findings_new();
        uint64_t judged[UP_ORACLE_COUNT] = { 0 };
        struct up_judgement judgement = { findings, judged };

        (void)state;
        submit(&scene, 1);
        see(&scene, 1, 0, NULL, UP_DISPOSITION_NONE, UP_OWNER_NONE, 0, 0);
        step(&scene);
        end(&scene, UP_ENDING_IDLE);
        const struct ledgers runs = { .baseline = scene.ledger };
        judge(&runs, &judgement);
        assert_int_equal(findings->len, 1);
        assert_string_equal(finding_at(findings, 0)->signature, "no-wakeup: unknown state");
        assert_int_equal(judged[oracle("pending/unowned")], 0);
        up_ledger_free(scene.ledger);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(nothing_is_judged_in_an_empty_run),
                cmocka_unit_test(a_good_run_has_no_finding),
                cmocka_unit_test(a_waiting_recipient_has_an_owner),
                cmocka_unit_test(answers_lower_the_rank),
                cmocka_unit_test(timers_lower_the_rank),
                cmocka_unit_test(what_waits_at_the_end_is_reported),
                cmocka_unit_test(a_cycle_has_all_its_states_wherever_it_stops),
                cmocka_unit_test(steps_are_too_many_by_how_many_there_were_to_take),
                cmocka_unit_test(a_recipient_overtaken_too_often_is_starved),
                cmocka_unit_test(the_bound_is_the_last_moment),
                cmocka_unit_test(nothing_accepted_is_lost),
                cmocka_unit_test(a_duplicate_follows_a_certain_acceptance),
                cmocka_unit_test(infected_mail_is_not_delivered),
                cmocka_unit_test(unscanned_mail_is_not_delivered),
                cmocka_unit_test(only_submitted_mail_and_wanted_notices_are_sent),
                cmocka_unit_test(a_signed_entity_leaves_as_it_came),
                cmocka_unit_test(what_is_sent_is_what_was_scanned),
                cmocka_unit_test(content_stays_what_was_submitted),
                cmocka_unit_test(what_is_scanned_is_what_was_submitted),
                cmocka_unit_test(an_envelope_stays_what_was_submitted),
                cmocka_unit_test(an_interrupted_submission_may_be_another_one),
                cmocka_unit_test(a_notice_is_sent_without_a_sender),
                cmocka_unit_test(each_failure_is_reported_once),
                cmocka_unit_test(only_failures_are_reported),
                cmocka_unit_test(a_program_can_read_a_notice),
                cmocka_unit_test(a_notice_is_given_up_after_its_attempts),
                cmocka_unit_test(an_address_may_stand_in_a_notice_in_another_writing),
                cmocka_unit_test(an_address_given_twice_may_be_reported_twice),
                cmocka_unit_test(infected_mail_is_owed_no_notice),
                cmocka_unit_test(a_notice_causes_none),
                cmocka_unit_test(a_loop_is_recognised),
                cmocka_unit_test(a_failure_has_a_code_and_a_text),
                cmocka_unit_test(quarantine_needs_a_reason),
                cmocka_unit_test(each_disposition_is_what_policy_says),
                cmocka_unit_test(a_delivered_message_does_not_fail),
                cmocka_unit_test(unscanned_mail_needs_an_attempt),
                cmocka_unit_test(bounces_by_an_outage_are_counted),
                cmocka_unit_test(what_may_be_read_is_opened),
                cmocka_unit_test(the_store_scans_what_was_deposited),
                cmocka_unit_test(valid_mail_is_accepted),
                cmocka_unit_test(healthy_mail_is_not_late),
                cmocka_unit_test(no_worker_is_idle_while_work_waits),
                cmocka_unit_test(commands_are_obeyed),
                cmocka_unit_test(recipients_that_wait_at_healing_end_well),
                cmocka_unit_test(a_verdict_that_was_given_stands),
                cmocka_unit_test(two_runs_of_one_case_are_alike),
                cmocka_unit_test(the_wall_clock_decides_nothing),
                cmocka_unit_test(every_oracle_has_a_row),
                cmocka_unit_test(the_strongest_evidence_is_reported),
                cmocka_unit_test(a_finding_has_the_role_of_its_message),
                cmocka_unit_test(what_only_another_run_shows_names_that_run),
                cmocka_unit_test(a_pipeline_is_judged_by_what_it_can_tell),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
