/*
 * Each oracle speaks of a run that breaks its promise, and is silent about one that is just on the
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
        bool silent, copy, unsafe;
        bool no_transport_scan, store_scan;
        unsigned hops;
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

        return (struct scene){ .ledger = up_ledger_new(&pipeline, false), .from = "u@example.com" };
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

/* One of a pipeline that tells its digest, and has more to do at once. */
static void digested_step(struct scene *scene, uint64_t digest)
{
        add(scene, (struct up_entry){ .kind = UP_ENTRY_STEP,
                       .as.step = { .digest = digest, .next_ms = scene->now_ms } });
}

static void run_at(struct scene *scene, int64_t at_ms)
{
        scene->now_ms = at_ms;
        mark(scene, UP_ENTRY_RUN);
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
                           .transport_scan = !scene->no_transport_scan,
                           .store_scan = scene->store_scan,
                           .deliver_unscanned = scene->unsafe },
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

        add(scene,
            (struct up_entry){ .kind = UP_ENTRY_SEND,
                .message = id,
                .request = ++scene->last_request,
                .bytes = message,
                .as.send = {
                    .from = "", .to = list, .recipients = places, .count = 1, .gated = gated } });
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

/* The oracle speaks @times, has judged something or nothing, and its first says @signature. The
 * scene is used up. */
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
        g_autoptr(up_ledger_index) repeat = index_of(ledgers->repeat);
        g_autoptr(up_ledger_index) with_healing = index_of(ledgers->with_healing);
        g_autoptr(up_ledger_index) healthy = index_of(ledgers->healthy);
        g_autoptr(up_ledger_index) no_clock_jumps = index_of(ledgers->no_clock_jumps);
        const struct up_runs runs = { baseline, repeat, with_healing, healthy, no_clock_jumps };

        up_judge(&runs, judgement);
}

static void silent(struct scene *scene, const char *name)
{
        expect(scene, name, 0, true, NULL);
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

/* --- pending ---------------------------------------------------------------------------------- */

static void view_of_owner(enum up_owner owner, int64_t due_ms, bool hold, const char *signature)
{
        struct scene scene = scene_new(ALL_CAPABILITIES);

        submit(&scene, 1);
        queued(&scene, 1, 9);
        step(&scene);
        if (hold)
                command(&scene, 1, UP_COMMAND_HOLD);
        see(&scene, 1, 0, "somewhere", UP_DISPOSITION_NONE, owner, due_ms, 8);
        step(&scene);
        expect(&scene, "pending/unowned", signature != NULL, true, signature);
}

static void unowned_is_who_has_no_owner_or_no_timer(void **state)
{
        (void)state;
        view_of_owner(UP_OWNER_NONE, 0, false, "unowned: somewhere");
        view_of_owner(UP_OWNER_TIMER, UP_NEVER_MS, false, "unowned: somewhere");
        view_of_owner(UP_OWNER_WORKER, UP_NEVER_MS, false, "unowned: somewhere");
        view_of_owner(UP_OWNER_TIMER, 5, false, NULL);
        view_of_owner(UP_OWNER_QUEUE, UP_NEVER_MS, false, NULL);
        /* Parked by itself, and held by command. */
        view_of_owner(UP_OWNER_ADMINISTRATOR, 0, false, "unowned: somewhere");
        view_of_owner(UP_OWNER_ADMINISTRATOR, 0, true, NULL);
}

static void who_is_released_and_stays_held_is_unowned(void **state)
{
        struct scene scene = scene_new(ALL_CAPABILITIES);

        (void)state;
        submit(&scene, 1);
        queued(&scene, 1, 9);
        step(&scene);
        command(&scene, 1, UP_COMMAND_HOLD);
        see(&scene, 1, 0, "held", UP_DISPOSITION_NONE, UP_OWNER_ADMINISTRATOR, 0, 9);
        step(&scene);
        command(&scene, 1, UP_COMMAND_RELEASE);
        step(&scene);
        expect(&scene, "pending/unowned", 1, true, "unowned: held");
}

/* A worker's scan is answered with no verdict, and the rank afterwards is @rank. */
static void answered(int64_t at_ms, bool crashed, up_id about, uint64_t rank, unsigned findings)
{
        up_request asked;
        struct scene scene = under_way(&asked);

        scene.now_ms = at_ms;
        scanned(&scene, 1, asked, UP_LEVEL_TRANSPORT, about, UP_VERDICT_NONE);
        if (crashed)
                crash(&scene);
        waiting(&scene, 1, 5000, rank);
        step(&scene);
        expect(&scene, "pending/no-progress", findings, true, "no-progress: scan-wait");
}

static void an_answer_must_lower_the_rank(void **state)
{
        (void)state;
        answered(200, false, 1, 20, 1);
        answered(200, false, 1, 19, 0);
        answered(200, false, 1, 21, 1);
        /* At its time-out the timer may have been quicker; a dead process hears nothing; what is
         * said of another message may be passed over. But none of them raises the rank. */
        answered(1000, false, 1, 20, 0);
        answered(999, false, 1, 20, 1);
        answered(200, true, 1, 20, 0);
        answered(200, false, 2, 20, 0);
        answered(200, true, 1, 21, 1);
}

static void an_answer_that_changes_nothing_is_no_progress(void **state)
{
        up_request asked;
        struct scene scene = under_way(&asked);

        (void)state;
        verdict(&scene, 1, asked, UP_VERDICT_NONE);
        step(&scene);
        expect(&scene, "pending/no-progress", 1, true, "no-progress: busy");
}

static void a_second_or_stale_answer_binds_nobody(void **state)
{
        up_request first, second;
        struct scene scene = under_way(&first);

        (void)state;
        run_at(&scene, 1000);
        waiting(&scene, 1, 2000, 19);
        step(&scene);
        run_at(&scene, 2000);
        second = scan(&scene, 1);
        busy(&scene, 1, 3000, 18);
        step(&scene);
        verdict(&scene, 1, first, UP_VERDICT_NONE); /* late: the second is under way */
        step(&scene);
        scene.now_ms = 2100;
        verdict(&scene, 1, second, UP_VERDICT_NONE);
        waiting(&scene, 1, 4000, 17);
        step(&scene);
        verdict(&scene, 1, second, UP_VERDICT_NONE); /* doubled */
        step(&scene);
        silent(&scene, "pending/no-progress");
}

/* A retry timer due at 1000; the pipeline is run at @run_ms and then the rank is @rank. */
static void timer(int64_t run_ms, uint64_t rank, int64_t next_ms, unsigned findings)
{
        struct scene scene = scene_new(ALL_CAPABILITIES);

        submit(&scene, 1);
        waiting(&scene, 1, 1000, 20);
        step(&scene);
        run_at(&scene, run_ms);
        if (rank != 20)
                queued(&scene, 1, rank);
        add(&scene, (struct up_entry){ .kind = UP_ENTRY_STEP, .as.step.next_ms = next_ms });
        expect(&scene, "pending/no-progress", findings, rank != 20 || findings > 0, NULL);
}

static void a_timer_that_fires_must_lower_the_rank(void **state)
{
        (void)state;
        timer(1000, 20, 5000, 1);
        timer(1000, 19, 5000, 0);
        timer(999, 20, 5000, 0);  /* somebody else's */
        timer(1000, 20, 1000, 0); /* not finished yet: it wants to be run again at once */
}

/* It says something else after the timer, and is no nearer to its end. */
static void a_new_state_is_no_progress(void **state)
{
        struct scene scene = scene_new(ALL_CAPABILITIES);

        (void)state;
        submit(&scene, 1);
        waiting(&scene, 1, 1000, 20);
        step(&scene);
        run_at(&scene, 1000);
        queued(&scene, 1, 20);
        step(&scene);
        expect(&scene, "pending/no-progress", 1, true, "no-progress: queued");
}

static void a_transaction_must_lower_the_rank_of_its_recipient_alone(void **state)
{
        for (unsigned bad = 0; bad < 2; bad++) {
                struct scene scene = scene_new(ALL_CAPABILITIES);
                up_request transaction;

                submit_bytes(&scene, 1, two, UP_RECEIPT_ACCEPTED, "");
                transaction = send(&scene, 1);
                busy(&scene, 1, 1000, 20);
                see(&scene, 1, 1, "busy", UP_DISPOSITION_NONE, UP_OWNER_WORKER, 1000, 20);
                step(&scene);
                scene.now_ms = 500;
                sent(&scene, 1, transaction, UP_REPLY_DEFER);
                waiting(&scene, 1, 2000, bad ? 20 : 19);
                step(&scene);
                expect(&scene, "pending/no-progress", bad, true, "no-progress: scan-wait");
        }
        (void)state;
}

/* At the very moment of the time-out the timer may have been quicker. */
static void a_transaction_answered_at_its_time_out_binds_nobody(void **state)
{
        (void)state;
        for (int64_t early = 0; early < 2; early++) {
                struct scene scene = scene_new(ALL_CAPABILITIES);
                up_request transaction;

                submit(&scene, 1);
                transaction = send(&scene, 1);
                busy(&scene, 1, 1000, 20);
                step(&scene);
                queued(&scene, 2, 7); /* a stray, of whom nothing is promised */
                scene.now_ms = 1000 - early;
                sent(&scene, 1, transaction, UP_REPLY_DEFER);
                waiting(&scene, 1, 2000, 20);
                step(&scene);
                expect(&scene, "pending/no-progress", (unsigned)early, true, NULL);
        }
}

/* Of two recipients one is delivered and scanned for in the store, the other is still on its way:
 * what the scanner says is not about its attempt. */
static void a_scan_in_the_store_is_no_attempt_of_who_is_on_the_way(void **state)
{
        struct scene scene = scene_new(ALL_CAPABILITIES);
        up_request asked;

        (void)state;
        submit_bytes(&scene, 1, two, UP_RECEIPT_ACCEPTED, "");
        send(&scene, 1);
        busy(&scene, 1, 1000, 20);
        see(&scene, 1, 1, "final", UP_DISPOSITION_DELIVERED, UP_OWNER_WORKER, 900, 0);
        asked = scan_bytes(&scene, 1, UP_LEVEL_STORE, "");
        step(&scene);
        scene.now_ms = 200;
        scanned(&scene, 1, asked, UP_LEVEL_STORE, 1, UP_VERDICT_CLEAN);
        step(&scene);
        run_at(&scene, 1000);
        waiting(&scene, 1, 2000, 19);
        step(&scene);
        silent(&scene, "pending/no-progress");
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

static void how_a_run_ends_shows_who_waits(void **state)
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
static void a_cycle_is_told_by_all_its_states_wherever_it_stops(void **state)
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

/* The world has a limit of its own, which is nobody's fault if there was much to do. */
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

static void starved_is_who_is_passed_over_too_often(void **state)
{
        (void)state;
        passed_over(64 + 2, 1, false, 0);
        passed_over(64 + 3, 1, false, 1);
        passed_over(64 + 30, 1, true, 0);     /* they take turns */
        passed_over(64 + 2 * 2, 2, false, 0); /* and so may the recipients of one message */
        passed_over(64 + 2 * 2 + 1, 2, false, 2);
}

/* It comes to its end at @at_ms, if at all. */
static void done_at(int64_t at_ms, bool is_final, unsigned findings, bool judged)
{
        struct scene scene = scene_new(ALL_CAPABILITIES & ~UP_CAN_OWNER);

        submit(&scene, 1);
        queued(&scene, 1, 9);
        step(&scene);
        run_at(&scene, at_ms);
        if (is_final)
                final(&scene, 1, UP_DISPOSITION_BOUNCED);
        step(&scene);
        end(&scene, UP_ENDING_BOUND);
        expect(&scene, "pending/past-bound", findings, judged, "past-bound: queued");
}

static void the_bound_is_the_last_moment(void **state)
{
        (void)state;
        done_at(BOUND_MS - 1, true, 0, true);
        done_at(BOUND_MS, true, 0, true);
        done_at(BOUND_MS + 1, true, 1, true);
        done_at(BOUND_MS + 1, false, 1, true);
        done_at(BOUND_MS, false, 0, false); /* not yet decided */
}

/* Held at 10, released at @release_ms, ends at @end_ms. */
static void held(int64_t release_ms, int64_t end_ms, unsigned findings)
{
        struct scene scene = scene_new(ALL_CAPABILITIES);

        submit(&scene, 1);
        queued(&scene, 1, 9);
        step(&scene);
        scene.now_ms = 10;
        command(&scene, 1, UP_COMMAND_HOLD);
        see(&scene, 1, 0, "held", UP_DISPOSITION_NONE, UP_OWNER_ADMINISTRATOR, 0, 9);
        step(&scene);
        scene.now_ms = release_ms;
        command(&scene, 1, UP_COMMAND_RELEASE);
        queued(&scene, 1, 8);
        step(&scene);
        run_at(&scene, end_ms);
        final(&scene, 1, UP_DISPOSITION_BOUNCED);
        step(&scene);
        expect(&scene, "pending/past-bound", findings, true, "past-bound: queued");
}

static void while_it_is_held_the_promise_rests(void **state)
{
        (void)state;
        held(3 * BOUND_MS, 4 * BOUND_MS, 0);
        held(3 * BOUND_MS, 4 * BOUND_MS + 1, 1);
        held(20, BOUND_MS + 20, 0);
}

static void a_notice_has_a_bound_of_its_own(void **state)
{
        for (int64_t late = 0; late < 2; late++) {
                struct scene scene = scene_new(ALL_CAPABILITIES);

                submit(&scene, 1);
                queued(&scene, 1, 9);
                step(&scene);
                run_at(&scene, 500);
                final(&scene, 1, UP_DISPOSITION_BOUNCED);
                scene.parent = 1;
                queued(&scene, 2, 9);
                step(&scene);
                run_at(&scene, 500 + BOUND_MS + late);
                final(&scene, 2, UP_DISPOSITION_ABANDONED);
                step(&scene);
                expect(&scene, "pending/past-bound", (unsigned)late, true, "past-bound: queued");
        }
        (void)state;
}

static void what_can_never_be_read_is_pending(void **state)
{
        struct scene scene = scene_new(ALL_CAPABILITIES);

        (void)state;
        submit(&scene, 1);
        scene.access = UP_ACCESS_UNDECIDED;
        final(&scene, 1, UP_DISPOSITION_DELIVERED);
        step(&scene);
        run_at(&scene, BOUND_MS + 1);
        step(&scene);
        expect(&scene, "pending/past-bound", 1, true, "past-bound: final");
}

/* --- delivery --------------------------------------------------------------------------------- */

static void lost_is_who_is_not_known_after_acceptance(void **state)
{
        struct scene scene = scene_new(ALL_CAPABILITIES);

        (void)state;
        submit_bytes(&scene, 1, two, UP_RECEIPT_ACCEPTED, "");
        queued(&scene, 1, 9);
        step(&scene);
        expect(&scene, "lost", 1, true, "a recipient is not listed");

        scene = scene_new(ALL_CAPABILITIES);
        submit(&scene, 1);
        step(&scene);
        queued(&scene, 1, 9); /* one step late */
        step(&scene);
        expect(&scene, "lost", 1, true, "accepted and not listed");

        scene = scene_new(ALL_CAPABILITIES);
        submit_bytes(&scene, 1, two, UP_RECEIPT_DEFERRED, "");
        step(&scene);
        expect(&scene, "lost", 0, false, NULL);

        scene = scene_new(ALL_CAPABILITIES);
        submit(&scene, 1);
        queued(&scene, 1, 9);
        step(&scene);
        submit(&scene, 1);
        step(&scene);
        expect(&scene, "lost", 1, true, "accepted with an invalid id");
}

/* One view, then another. */
static void became(enum up_disposition first, enum up_disposition second, bool gone, bool crashed,
    const char *signature)
{
        struct scene scene = scene_new(ALL_CAPABILITIES);

        submit(&scene, 1);
        up_request transaction = send(&scene, 1);
        sent(&scene, 1, transaction, UP_REPLY_ACCEPT);
        see(&scene, 1, 0, "first", first, UP_OWNER_QUEUE, 0, 9);
        step(&scene);
        if (crashed) {
                mark(&scene, UP_ENTRY_CRASH);
                see(&scene, 1, 0, "", UP_DISPOSITION_NONE, UP_OWNER_NONE, 0, 0);
                step(&scene);
                mark(&scene, UP_ENTRY_RESTART);
        }
        if (!crashed || !gone) /* the world says it once */
                see(&scene, 1, 0, gone ? "" : "then", second, gone ? UP_OWNER_NONE : UP_OWNER_QUEUE,
                    0, 9);
        step(&scene);
        expect(&scene, "lost", signature != NULL, true, signature);
}

/* As the world writes it: no state, no owner. From who never had a state it tells nothing. */
static void lost_is_who_has_no_state_any_more(void **state)
{
        static const char *const states[] = { "queued", "" };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(states); i++) {
                struct scene scene = scene_new(0);

                submit(&scene, 1);
                see(&scene, 1, 0, states[i], UP_DISPOSITION_NONE, UP_OWNER_NONE, 0, 0);
                step(&scene);
                see(&scene, 1, 0, "", UP_DISPOSITION_NONE, UP_OWNER_NONE, 1, 0);
                step(&scene);
                expect(&scene, "lost", i == 0, true, "gone: queued");
        }
}

static void lost_is_who_is_gone_or_undone(void **state)
{
        (void)state;
        became(UP_DISPOSITION_NONE, UP_DISPOSITION_NONE, true, false, "gone: first");
        became(UP_DISPOSITION_NONE, UP_DISPOSITION_NONE, true, true, "gone: first");
        became(UP_DISPOSITION_NONE, UP_DISPOSITION_NONE, false, true, NULL); /* only while dead */
        became(UP_DISPOSITION_DELIVERED, UP_DISPOSITION_NONE, true, false, NULL); /* done with */
        became(
            UP_DISPOSITION_DELIVERED, UP_DISPOSITION_NONE, false, false, "taken back: delivered");
        became(UP_DISPOSITION_BOUNCED, UP_DISPOSITION_QUARANTINED, false, false,
            "two dispositions: bounced, then quarantined");
        became(UP_DISPOSITION_DELIVERED, UP_DISPOSITION_DELIVERED, false, false, NULL);
}

static void lost_is_what_is_said_to_be_done_and_is_not(void **state)
{
        static const struct {
                enum up_disposition disposition;
                int dot; /* of the transaction; -1: there was none */
                const char *from;
                const char *signature;
        } rows[] = {
                { UP_DISPOSITION_DELIVERED, -1, "u@x", "delivered without a transmission" },
                { UP_DISPOSITION_DELIVERED, UP_REPLY_DEFER, "u@x",
                    "delivered without a transmission" },
                { UP_DISPOSITION_DELIVERED, UP_REPLY_ACCEPT, "u@x", NULL },
                { UP_DISPOSITION_DELIVERED, UP_REPLY_LOST, "u@x", NULL },
                { UP_DISPOSITION_DISCARDED, -1, "u@x",
                    "discarded, but neither infected nor deleted" },
                { UP_DISPOSITION_ABANDONED, -1, "u@x", "abandoned, but not a notice" },
                { UP_DISPOSITION_ABANDONED, -1, "", NULL },
                { UP_DISPOSITION_BOUNCED, -1, "u@x", NULL },
        };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                struct scene scene = scene_new(ALL_CAPABILITIES);

                scene.from = rows[i].from;
                submit(&scene, 1);
                queued(&scene, 1, 9);
                step(&scene);
                up_request transaction = rows[i].dot >= 0 ? send(&scene, 1) : 0;
                if (transaction != 0)
                        sent(&scene, 1, transaction, (enum up_reply)rows[i].dot);
                final(&scene, 1, rows[i].disposition);
                step(&scene);
                expect(&scene, "lost", rows[i].signature != NULL, true, rows[i].signature);
        }
}

/* Two transactions, both accepted; how the first one ended is what matters. */
static void twice(const char *first, unsigned findings)
{
        bool is_unknown = strcmp(first, "unknown") == 0, late = strcmp(first, "late") == 0;
        struct scene scene = scene_new(ALL_CAPABILITIES);
        up_request one_request, other;

        submit(&scene, 1);
        one_request = send(&scene, 1);
        busy(&scene, 1, 1000, 20);
        step(&scene);
        scene.now_ms = 500;
        if (!late) {
                sent(&scene, 1, one_request, is_unknown ? UP_REPLY_LOST : UP_REPLY_ACCEPT);
                if (strcmp(first, "crash") == 0)
                        crash(&scene);
                waiting(&scene, 1, 600, 19);
                step(&scene);
        }
        scene.now_ms = 1000;
        other = send(&scene, 1);
        busy(&scene, 1, 2000, 18);
        step(&scene);
        if (late)
                sent(&scene, 1, one_request, UP_REPLY_ACCEPT);
        step(&scene);
        scene.now_ms = 1500;
        sent(&scene, 1, other, UP_REPLY_ACCEPT);
        waiting(&scene, 1, 9000, 17);
        step(&scene);
        if (strcmp(first, "doubled") == 0)
                sent(&scene, 1, one_request, UP_REPLY_ACCEPT);
        if (is_unknown) { /* one ambiguity allows one more, not two */
                up_request third = send(&scene, 1);
                step(&scene);
                sent(&scene, 1, third, UP_REPLY_ACCEPT);
                step(&scene);
        }
        expect(&scene, "duplicate", findings, true, NULL);
}

static void a_duplicate_needs_an_excuse(void **state)
{
        (void)state;
        twice("clean", 1);
        twice("crash", 0);
        twice("late", 0);
        twice("doubled", 1);
        twice("unknown", 1); /* the third */
}

static void a_doubled_answer_is_no_second_copy(void **state)
{
        struct scene scene = scene_new(ALL_CAPABILITIES);
        up_request transaction;

        (void)state;
        submit(&scene, 1);
        transaction = send(&scene, 1);
        busy(&scene, 1, 1000, 20);
        step(&scene);
        for (unsigned i = 0; i < 2; i++) {
                sent(&scene, 1, transaction, UP_REPLY_ACCEPT);
                final(&scene, 1, UP_DISPOSITION_DELIVERED);
                step(&scene);
        }
        silent(&scene, "duplicate");
}

/* A verdict at @level comes at @at_ms, then the message is handed over, or opened. */
static void infected(
    enum up_level level, int64_t at_ms, up_id about, bool open, unsigned findings, bool judged)
{
        up_request asked;
        struct scene scene = under_way(&asked);

        if (level == UP_LEVEL_STORE)
                asked = scan_bytes(&scene, 1, level, "");
        scene.now_ms = at_ms;
        scanned(&scene, 1, asked, level, about, UP_VERDICT_INFECTED);
        waiting(&scene, 1, 5000, 10);
        step(&scene);
        if (open)
                add(&scene, (struct up_entry){ .kind = UP_ENTRY_OPEN, .message = 1 });
        else
                send(&scene, 1);
        step(&scene);
        expect(&scene, "delivered-infected", findings, judged, NULL);
}

static void infected_mail_is_not_delivered(void **state)
{
        (void)state;
        infected(UP_LEVEL_TRANSPORT, 200, 1, false, 1, true);
        infected(UP_LEVEL_TRANSPORT, 200, 2, false, 0, false);  /* of another message */
        infected(UP_LEVEL_TRANSPORT, 1000, 1, false, 0, false); /* after the time-out */
        infected(UP_LEVEL_STORE, 200, 1, true, 1, true);
        infected(UP_LEVEL_STORE, 200, 1, false, 0, true); /* deposited, and not to be read */
}

static void unscanned_mail_is_not_delivered(void **state)
{
        static const struct {
                const char *what;
                bool clean, no_transport_scan, store_scan, unsafe, gated, open;
                unsigned findings;
                bool judged;
        } rows[] = {
                { "clean", .clean = true, .judged = true },
                { "sent and never scanned", .findings = 1, .judged = true },
                { "not wanted", .no_transport_scan = true },
                { "policy lets it go", .unsafe = true },
                { "deposited readable before its scan", .no_transport_scan = true,
                    .store_scan = true, .findings = 1, .judged = true },
                { "gated", .no_transport_scan = true, .store_scan = true, .gated = true,
                    .judged = true },
                { "opened without a clean verdict", .no_transport_scan = true, .store_scan = true,
                    .gated = true, .open = true, .findings = 1, .judged = true },
        };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                struct scene scene = scene_new(ALL_CAPABILITIES);

                scene.no_transport_scan = rows[i].no_transport_scan;
                scene.store_scan = rows[i].store_scan;
                scene.unsafe = rows[i].unsafe;
                submit(&scene, 1);
                queued(&scene, 1, 20);
                step(&scene);
                if (rows[i].clean)
                        verdict(&scene, 1, scan(&scene, 1), UP_VERDICT_CLEAN);
                send_bytes(&scene, 1, one[0], rows[i].gated, "");
                step(&scene);
                if (rows[i].open)
                        add(&scene, (struct up_entry){ .kind = UP_ENTRY_OPEN, .message = 1 });
                expect(
                    &scene, "delivered-unscanned", rows[i].findings, rows[i].judged, rows[i].what);
        }
}

static void other_verdicts_are_not_clean(void **state)
{
        (void)state;
        for (int i = 0; i < UP_VERDICT_COUNT; i++) {
                up_request asked;
                struct scene scene = under_way(&asked);

                verdict(&scene, 1, asked, (enum up_verdict)i);
                send(&scene, 1);
                step(&scene);
                expect(&scene, "delivered-unscanned", i != UP_VERDICT_CLEAN, true,
                    "sent without a clean verdict");
        }
}

static void stray_is_what_nobody_handed_in(void **state)
{
        struct scene scene = scene_new(ALL_CAPABILITIES);

        (void)state;
        submit(&scene, 1);
        queued(&scene, 1, 9);
        step(&scene);
        send(&scene, 7);
        step(&scene);
        expect(&scene, "stray", 1, true, "a message that was never submitted");

        scene = scene_new(ALL_CAPABILITIES);
        submit(&scene, 1);
        queued(&scene, 1, 9);
        step(&scene);
        send_bytes(&scene, 1, "x@example.com", false, "");
        step(&scene);
        expect(&scene, "stray", 1, true, "a copy to an address that is not a recipient");

        scene = scene_new(ALL_CAPABILITIES);
        submit(&scene, 1);
        queued(&scene, 1, 9);
        step(&scene);
        send(&scene, 1);
        step(&scene);
        silent(&scene, "stray");
}

/* The power goes out while it is handed in, so there is no receipt; and it is there afterwards. */
static void a_message_that_a_crash_left_in_doubt_is_no_stray(void **state)
{
        for (unsigned crashed = 0; crashed < 2; crashed++) {
                struct scene scene = scene_new(ALL_CAPABILITIES);

                submit_bytes(&scene, 1, one, UP_RECEIPT_DEFERRED, "");
                if (crashed)
                        crash(&scene);
                queued(&scene, 1, 9);
                step(&scene);
                send(&scene, 1);
                step(&scene);
                expect(&scene, "stray", !crashed, true, "a message that was never submitted");
        }
        (void)state;
}

static void nobody_wants_a_notice_on_infected_mail(void **state)
{
        for (unsigned bad = 0; bad < 2; bad++) {
                up_request asked;
                struct scene scene = under_way(&asked);

                verdict(&scene, 1, asked, bad ? UP_VERDICT_INFECTED : UP_VERDICT_UNSCANNABLE);
                final(&scene, 1, UP_DISPOSITION_BOUNCED);
                scene.parent = 1;
                scene.to = "u@example.com";
                queued(&scene, 2, 9);
                step(&scene);
                send_bytes(&scene, 2, "u@example.com", false, "");
                step(&scene);
                expect(&scene, "stray", bad, true, "backscatter");
        }
        (void)state;
}

/* The store's scan was given up when the scanner answers; only a transaction is still watched. */
static void what_the_store_is_told_too_late_makes_no_backscatter(void **state)
{
        for (unsigned late = 0; late < 2; late++) {
                struct scene scene = scene_new(ALL_CAPABILITIES);

                scene.store_scan = scene.no_transport_scan = true;
                submit_bytes(&scene, 1, two, UP_RECEIPT_ACCEPTED, "");
                up_request asked = scan_bytes(&scene, 1, UP_LEVEL_STORE, "");
                scene.access = UP_ACCESS_UNDECIDED;
                see(&scene, 1, 0, "store", UP_DISPOSITION_DELIVERED, UP_OWNER_WORKER, 1000, 0);
                scene.access = UP_ACCESS_OPEN;
                see(&scene, 1, 1, "sending", UP_DISPOSITION_NONE, UP_OWNER_WORKER, 9000, 9);
                step(&scene);
                if (late) {
                        run_at(&scene, 1000);
                        scene.access = UP_ACCESS_REFUSED;
                        see(&scene, 1, 0, "store", UP_DISPOSITION_DELIVERED, UP_OWNER_NONE, 0, 0);
                        scene.access = UP_ACCESS_OPEN;
                        step(&scene);
                }
                scanned(&scene, 1, asked, UP_LEVEL_STORE, 1, UP_VERDICT_INFECTED);
                step(&scene);
                see(&scene, 1, 1, "final", UP_DISPOSITION_BOUNCED, UP_OWNER_NONE, 0, 0);
                scene.parent = 1;
                scene.to = "u@example.com";
                queued(&scene, 2, 9);
                step(&scene);
                expect(&scene, "stray", !late, true, "backscatter");
        }
        (void)state;
}

static void a_notice_goes_to_the_sender_alone(void **state)
{
        struct scene scene = scene_new(ALL_CAPABILITIES);

        (void)state;
        submit(&scene, 1);
        final(&scene, 1, UP_DISPOSITION_BOUNCED);
        scene.parent = 1;
        queued(&scene, 2, 9);
        step(&scene);
        send(&scene, 2);
        step(&scene);
        expect(&scene, "stray", 1, true, "a notice to an address other than the sender's");
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

/* --- notices ---------------------------------------------------------------------------------- */

#define NOTICE(fields)                                                                             \
        "Content-Type: multipart/report; report-type=delivery-status; boundary=n\r\n\r\n"          \
        "--n\r\n\r\nIt failed.\r\n--n\r\nContent-Type: message/delivery-status\r\n\r\n"            \
        "Reporting-MTA: dns; x\r\n\r\n" fields "\r\n--n\r\nContent-Type: message/rfc822\r\n\r\n"   \
        "Subject: s\r\n\r\nFinal-Recipient: rfc822; w@example.com\r\n--n--\r\n"
/* What is returned is a report itself, on somebody else. */
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
        up_request asked;
        struct scene scene = under_way(&asked);

        (void)state;
        verdict(&scene, 1, asked, UP_VERDICT_INFECTED);
        final(&scene, 1, UP_DISPOSITION_BOUNCED);
        step(&scene);
        expect(&scene, "no-notice", 0, false, NULL);
}

static void a_notice_breeds_none(void **state)
{
        static const struct {
                const char *from;
                bool on_a_notice;
                const char *signature;
        } rows[] = {
                { "u@example.com", false, NULL },
                { "", false, "a notice to the null sender" },
                { "u@example.com", true, "a notice on a notice" },
        };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                struct scene scene = scene_new(ALL_CAPABILITIES);

                scene.from = rows[i].from;
                submit(&scene, 1);
                final(&scene, 1, UP_DISPOSITION_BOUNCED);
                scene.parent = 1;
                final(&scene, 2, UP_DISPOSITION_ABANDONED);
                scene.parent = 2;
                if (rows[i].on_a_notice)
                        queued(&scene, 3, 9);
                step(&scene);
                expect(&scene, "notice-loop", rows[i].signature != NULL, true, rows[i].signature);
        }
}

static void came_back(unsigned hops, enum up_receipt receipt, unsigned findings)
{
        struct scene scene = scene_new(ALL_CAPABILITIES);

        scene.copy = true;
        scene.hops = hops;
        submit_bytes(&scene, 1, one, receipt, "");
        expect(&scene, "mail-loop", findings, true, "a looping copy was accepted");
}

static void a_loop_is_recognised(void **state)
{
        (void)state;
        came_back(100, UP_RECEIPT_ACCEPTED, 0);
        came_back(101, UP_RECEIPT_ACCEPTED, 1);
        came_back(101, UP_RECEIPT_REJECTED, 0);
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

/* --- two runs --------------------------------------------------------------------------------- */

/* One message, whose disposition at the end is given. When the script ends it waits for a timer. */
static struct up_ledger *timed_run(
    int64_t due_ms, bool command_too, int64_t at_ms, enum up_disposition disposition)
{
        struct scene scene = scene_new(ALL_CAPABILITIES);

        scene.no_transport_scan = true;
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

/* The expiry is at 90 s, so an attempt of a quarter of an hour never fits: a run of its own. */
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
    unsigned findings, uint64_t judged)
{
        g_autoptr(up_ledger) sick = long_run(expiry_ms, command_too, end_as);
        g_autoptr(up_ledger) well = long_run(expiry_ms, false, UP_DISPOSITION_DELIVERED);
        const struct ledgers runs = { .baseline = sick, .with_healing = sick, .healthy = well };
        g_autofree char *signature = NULL;
        uint64_t count;

        assert_int_equal(judge_runs(&runs, "worse-when-healed", &count, &signature), findings);
        assert_int_equal(count, judged);
        if (findings > 0)
                assert_string_equal(signature, "scan-wait: bounced instead of delivered");
}

static void who_waits_when_all_becomes_well_fares_well(void **state)
{
        const int64_t fits_ms = 1000 + 15 * 60 * 1000 + 1000; /* one recipient has its turn */

        (void)state;
        healed(fits_ms, false, UP_DISPOSITION_BOUNCED, 1, 1);
        healed(fits_ms, false, UP_DISPOSITION_DELIVERED, 0, 1);
        healed(fits_ms - 1, false, UP_DISPOSITION_BOUNCED, 0, 0);
        healed(fits_ms, true, UP_DISPOSITION_BOUNCED, 0, 0);
        healed(UP_NEVER_MS, false, UP_DISPOSITION_BOUNCED, 1, 1);
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
                                entry->as.submit.transport_scan = true;
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

/* --- what is told ----------------------------------------------------------------------------- */

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

/* Its owner is nobody, its rank rose, nothing is due, and the bound is past: one finding. */
static void the_strongest_evidence_is_told(void **state)
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

/* The role of a message that nobody will move on, as the script or the pipeline brought it forth.
 */
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

static void a_finding_tells_how_its_message_came(void **state)
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
                cmocka_unit_test(unowned_is_who_has_no_owner_or_no_timer),
                cmocka_unit_test(who_is_released_and_stays_held_is_unowned),
                cmocka_unit_test(an_answer_must_lower_the_rank),
                cmocka_unit_test(an_answer_that_changes_nothing_is_no_progress),
                cmocka_unit_test(a_second_or_stale_answer_binds_nobody),
                cmocka_unit_test(a_timer_that_fires_must_lower_the_rank),
                cmocka_unit_test(a_new_state_is_no_progress),
                cmocka_unit_test(a_transaction_must_lower_the_rank_of_its_recipient_alone),
                cmocka_unit_test(a_transaction_answered_at_its_time_out_binds_nobody),
                cmocka_unit_test(a_scan_in_the_store_is_no_attempt_of_who_is_on_the_way),
                cmocka_unit_test(how_a_run_ends_shows_who_waits),
                cmocka_unit_test(a_cycle_is_told_by_all_its_states_wherever_it_stops),
                cmocka_unit_test(steps_are_too_many_by_how_many_there_were_to_take),
                cmocka_unit_test(starved_is_who_is_passed_over_too_often),
                cmocka_unit_test(the_bound_is_the_last_moment),
                cmocka_unit_test(while_it_is_held_the_promise_rests),
                cmocka_unit_test(a_notice_has_a_bound_of_its_own),
                cmocka_unit_test(what_can_never_be_read_is_pending),
                cmocka_unit_test(lost_is_who_is_not_known_after_acceptance),
                cmocka_unit_test(lost_is_who_has_no_state_any_more),
                cmocka_unit_test(lost_is_who_is_gone_or_undone),
                cmocka_unit_test(lost_is_what_is_said_to_be_done_and_is_not),
                cmocka_unit_test(a_duplicate_needs_an_excuse),
                cmocka_unit_test(a_doubled_answer_is_no_second_copy),
                cmocka_unit_test(infected_mail_is_not_delivered),
                cmocka_unit_test(unscanned_mail_is_not_delivered),
                cmocka_unit_test(other_verdicts_are_not_clean),
                cmocka_unit_test(stray_is_what_nobody_handed_in),
                cmocka_unit_test(a_message_that_a_crash_left_in_doubt_is_no_stray),
                cmocka_unit_test(nobody_wants_a_notice_on_infected_mail),
                cmocka_unit_test(what_the_store_is_told_too_late_makes_no_backscatter),
                cmocka_unit_test(a_notice_goes_to_the_sender_alone),
                cmocka_unit_test(a_signed_entity_leaves_as_it_came),
                cmocka_unit_test(what_is_sent_is_what_was_scanned),
                cmocka_unit_test(each_failure_is_reported_once),
                cmocka_unit_test(an_address_may_stand_in_a_notice_in_another_writing),
                cmocka_unit_test(an_address_given_twice_may_be_reported_twice),
                cmocka_unit_test(infected_mail_is_owed_no_notice),
                cmocka_unit_test(a_notice_breeds_none),
                cmocka_unit_test(a_loop_is_recognised),
                cmocka_unit_test(a_failure_has_a_code_and_a_text),
                cmocka_unit_test(who_waits_when_all_becomes_well_fares_well),
                cmocka_unit_test(a_verdict_that_was_given_stands),
                cmocka_unit_test(two_runs_of_one_case_are_alike),
                cmocka_unit_test(the_wall_clock_decides_nothing),
                cmocka_unit_test(every_oracle_has_a_row),
                cmocka_unit_test(the_strongest_evidence_is_told),
                cmocka_unit_test(a_finding_tells_how_its_message_came),
                cmocka_unit_test(what_only_another_run_shows_names_that_run),
                cmocka_unit_test(a_pipeline_is_judged_by_what_it_can_tell),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
