/*
 * minimize - delta debugging by passes
 *
 * Each pass sees the case as a sequence of things (mutate/shrink.h). First all of them are left
 * out, then each half, each quarter, down to single ones (Zeller and Hildebrandt, Simplifying and
 * Isolating Failure-Inducing Input, 2002, without the complements, which later passes make up for).
 * All passes are repeated until a whole round changed nothing.
 *
 * Candidates are run in batches, some at once. Of a batch the first in order that shows the finding
 * counts, and those behind it are as if they had not been run: so neither the number of cores nor
 * their speed decides what comes out. What has failed once is not run again.
 */
#include "tools/minimize/minimize.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>

#include "faults/faults.h"
#include "tools/cli/tool.h"

/* A candidate that takes so much longer than the case did is none. */
#define LIMIT_LEAST_S 5
#define LIMIT_TIMES   10

/* A hang is looked for within this time; where that was too short for what is no hang, so many
 * times longer. */
#define HANG_LIMIT_S     2
#define HANG_LIMIT_TIMES 4

struct trial {
        struct up_case *c;          /* owned */
        GBytes *bytes;              /* owned */
        size_t at;                  /* what was left out began there */
        char *sum;                  /* of the bytes; owned */
        struct up_finding *finding; /* what it shows of what is looked for; owned, or NULL */
};

struct minimizing {
        const struct up_minimize_request *order;
        struct up_run_request run;
        struct up_minimized *result;
        struct up_case *c;     /* the smallest so far */
        struct up_case *dress; /* what its head says, whatever is left out */
        double seconds;        /* that the case took */
        unsigned
            whole_limit_s;  /* of a run that nothing is known of; that in `run` may be shorter */
        GHashTable *failed; /* sums of candidates */
        gint64 end_us;      /* G_MAXINT64: none */
        bool clean_without; /* it passes without the fault, and has to */
        const char *pass;
        bool told; /* the smallest one was */

        /* Of what hangs: the smallest that does within the whole limit. */
        struct up_case *settled;
        GBytes *settled_bytes;
        unsigned unsettled; /* how many smaller ones came since */

        /* One batch. */
        GPtrArray *batch; /* of struct trial */
        gint next;        /* which one to run next */
        gint first;       /* the first that is known to show the finding */
        gint runs;
};

static void trial_free(void *data)
{
        struct trial *trial = data;

        up_case_free(trial->c);
        g_bytes_unref(trial->bytes);
        g_free(trial->sum);
        up_finding_free(trial->finding);
        g_free(trial);
}

void up_minimized_free(struct up_minimized *minimized)
{
        if (minimized == NULL)
                return;
        if (minimized->bytes != NULL)
                g_bytes_unref(minimized->bytes);
        up_finding_free(minimized->finding);
        g_free(minimized->fault);
        g_ptr_array_unref(minimized->others);
        g_free(minimized->why);
        g_free(minimized);
}

/* --- one run ---------------------------------------------------------------------------------- */

/* It hangs until the limit, and not until its fuel is used up. */
static bool hangs_by_the_clock(const struct minimizing *minimizing)
{
        return minimizing->result->finding->class == UP_CLASS_HANG &&
               !minimizing->run.flavour->counts_edges;
}

/* What takes much longer than the case did need not be waited for. */
static void set_limit(struct minimizing *minimizing)
{
        unsigned limit_s = hangs_by_the_clock(minimizing)
                               ? HANG_LIMIT_S
                               : LIMIT_LEAST_S + (unsigned)(LIMIT_TIMES * minimizing->seconds);

        minimizing->run.limit_s = MIN(limit_s, minimizing->whole_limit_s);
}

/* No run goes on much beyond the end of the time. Where there is no end yet it may; and in less
 * than its limit nothing is seen of a hang. */
static unsigned limit_of(const struct minimizing *minimizing)
{
        unsigned limit_s = minimizing->run.limit_s;
        gint64 left_us = minimizing->end_us - g_get_monotonic_time();

        if (minimizing->end_us == G_MAXINT64 || hangs_by_the_clock(minimizing))
                return limit_s;
        return (unsigned)CLAMP(left_us / G_TIME_SPAN_SECOND + 1, 1, (gint64)limit_s);
}

static struct up_run *run_bytes(struct minimizing *minimizing, GBytes *bytes, const char *fault)
{
        struct up_run_request order = minimizing->run;
        g_autofree char *path = up_tool_write_temporary_case(
            g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), NULL);
        struct up_run *run;

        if (path == NULL)
                return NULL;
        order.path = path;
        order.limit_s = limit_of(minimizing);
        order.fault = fault;
        g_atomic_int_inc(&minimizing->runs);
        run = up_runner_run(minimizing->order->runner, &order);
        g_remove(path);
        return run;
}

static bool passes_without_fault(struct minimizing *minimizing, GBytes *bytes)
{
        g_autoptr(up_run) run = run_bytes(minimizing, bytes, NULL);

        return run != NULL && run->status == UP_RUN_PASSED;
}

static struct up_finding *show(struct minimizing *minimizing, GBytes *bytes)
{
        g_autoptr(up_run) run = run_bytes(minimizing, bytes, minimizing->run.fault);
        struct up_finding *finding =
            run != NULL
                ? up_run_steal_finding(run, up_run_find_same(run, minimizing->result->finding))
                : NULL;

        if (finding != NULL && minimizing->clean_without &&
            !passes_without_fault(minimizing, bytes))
                g_clear_pointer(&finding, up_finding_free);
        return finding;
}

/* --- a batch ---------------------------------------------------------------------------------- */

/* Whoever comes behind one that shows the finding need not be run. */
static void run_trials(struct minimizing *minimizing)
{
        gint at;

        while ((at = g_atomic_int_add(&minimizing->next, 1)) < (gint)minimizing->batch->len &&
               at < g_atomic_int_get(&minimizing->first) && !up_tool_interrupted()) {
                struct trial *trial = g_ptr_array_index(minimizing->batch, at);
                gint first;
                trial->finding = show(minimizing, trial->bytes);
                while (trial->finding != NULL &&
                       at < (first = g_atomic_int_get(&minimizing->first)) &&
                       !g_atomic_int_compare_and_exchange(&minimizing->first, first, at))
                        ;
        }
}

static void *run_in_thread(void *data)
{
        run_trials(data);
        return NULL;
}

/* The first that shows the finding; NULL when none does. */
static struct trial *run_batch(struct minimizing *minimizing)
{
        guint helpers = MIN(minimizing->order->jobs, minimizing->batch->len);
        g_autoptr(GPtrArray) threads = g_ptr_array_new();
        guint first;

        minimizing->next = 0;
        minimizing->first = G_MAXINT;
        for (guint i = 1; i < helpers; i++)
                g_ptr_array_add(threads, g_thread_new("minimize", run_in_thread, minimizing));
        run_trials(minimizing);
        for (guint i = 0; i < threads->len; i++)
                g_thread_join(g_ptr_array_index(threads, i));
        first = (guint)minimizing->first;
        if (up_tool_interrupted())
                return NULL;
        for (guint i = 0; i < MIN(first, minimizing->batch->len); i++) {
                struct trial *trial = g_ptr_array_index(minimizing->batch, i);
                g_hash_table_add(minimizing->failed, g_strdup(trial->sum));
        }
        return first < minimizing->batch->len ? g_ptr_array_index(minimizing->batch, first) : NULL;
}

/* --- candidates ------------------------------------------------------------------------------- */

/* Puts on what the head of the result will say. */
static void dress(const struct minimizing *minimizing, struct up_case *c)
{
        const struct up_case *as = minimizing->dress;

        up_case_put(&c->title, as->title);
        up_case_put(&c->reference, as->reference);
        up_case_put(&c->fault, as->fault);
        up_case_put(&c->finding, as->finding);
        up_case_put(&c->evidence, as->evidence);
}

/* Takes the case. Nothing, if it is not smaller with its head on, or was run before. */
static void add_trial(struct minimizing *minimizing, struct up_case *c, size_t at)
{
        struct trial *trial = g_new0(struct trial, 1);
        struct up_shrink_size size;

        trial->c = c;
        trial->at = at;
        dress(minimizing, c);
        trial->bytes = up_case_write(c);
        trial->sum = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, trial->bytes);
        size = up_shrink_measure(c);
        if (!g_hash_table_contains(minimizing->failed, trial->sum) &&
            up_shrink_is_smaller(&size, &minimizing->result->after))
                g_ptr_array_add(minimizing->batch, trial);
        else
                trial_free(trial);
}

static void add_trials(
    struct minimizing *minimizing, const struct up_shrink_pass *pass, size_t at, size_t to)
{
        g_autoptr(GPtrArray) candidates =
            up_shrink_without(pass, minimizing->c, &minimizing->result->after, at, to);

        while (candidates->len > 0)
                add_trial(minimizing, g_ptr_array_steal_index(candidates, 0), at);
}

/* --- passes ----------------------------------------------------------------------------------- */

/* A hang that is not seen before the end is not looked for. */
static bool is_over(const struct minimizing *minimizing)
{
        gint64 need_us =
            hangs_by_the_clock(minimizing) ? minimizing->run.limit_s * G_TIME_SPAN_SECOND : 0;

        return up_tool_interrupted() || g_get_monotonic_time() + need_us >= minimizing->end_us;
}

static void tell(struct minimizing *minimizing)
{
        struct up_minimized *result = minimizing->result;

        result->runs = (unsigned)minimizing->runs;
        if (minimizing->order->step == NULL)
                return;
        minimizing->order->step(
            &(struct up_minimize_step){
                .pass = minimizing->pass,
                .round = result->rounds,
                .runs = result->runs,
                .size = result->after,
                .smallest = minimizing->told ? NULL : result->bytes,
            },
            minimizing->order->data);
        minimizing->told = true;
}

static void accept(struct minimizing *minimizing, struct trial *trial)
{
        struct up_minimized *result = minimizing->result;

        up_case_free(minimizing->c);
        minimizing->c = up_shrink_copy(trial->c);
        g_bytes_unref(result->bytes);
        result->bytes = g_bytes_ref(trial->bytes);
        if (!hangs_by_the_clock(minimizing)) { /* of a hang the whole limit is told, and stays */
                up_finding_free(result->finding);
                result->finding = g_steal_pointer(&trial->finding);
        }
        result->after = up_shrink_measure(minimizing->c);
        minimizing->told = false;
        minimizing->unsettled++;
}

/* --- what hangs -------------------------------------------------------------------------------
 *
 * A short limit takes what is slow for what hangs. So the smallest one is looked at within the
 * whole limit, too: in the end, and whenever as much time was spent on smaller ones. If it does not
 * hang then, a longer limit has to do, from the last one on that did.
 */

static void settle(struct minimizing *minimizing)
{
        up_case_free(minimizing->settled);
        minimizing->settled = up_shrink_copy(minimizing->c);
        g_clear_pointer(&minimizing->settled_bytes, g_bytes_unref);
        minimizing->settled_bytes = g_bytes_ref(minimizing->result->bytes);
        minimizing->unsettled = 0;
}

static void go_back(struct minimizing *minimizing)
{
        struct up_minimized *result = minimizing->result;

        up_case_free(minimizing->c);
        minimizing->c = up_shrink_copy(minimizing->settled);
        g_bytes_unref(result->bytes);
        result->bytes = g_bytes_ref(minimizing->settled_bytes);
        result->after = up_shrink_measure(minimizing->c);
        minimizing->told = false;
        minimizing->unsettled = 0;
        g_hash_table_remove_all(minimizing->failed);
        minimizing->run.limit_s =
            MIN(minimizing->run.limit_s * HANG_LIMIT_TIMES, minimizing->whole_limit_s);
}

/* However late it is. Not when it was interrupted: then nothing is run any more. */
static bool hangs_in_earnest(struct minimizing *minimizing)
{
        unsigned limit_s = minimizing->run.limit_s;
        struct up_finding *finding;
        bool hangs;

        if (limit_s == minimizing->whole_limit_s)
                return true;
        minimizing->run.limit_s = minimizing->whole_limit_s;
        finding = show(minimizing, minimizing->result->bytes);
        minimizing->run.limit_s = limit_s;
        hangs = finding != NULL;
        up_finding_free(finding);
        return hangs;
}

/* False: it went back. */
static bool look_in_earnest(struct minimizing *minimizing)
{
        bool hangs = minimizing->unsettled == 0 || hangs_in_earnest(minimizing);

        if (hangs)
                settle(minimizing);
        else
                go_back(minimizing);
        return hangs;
}

static bool is_time_to_look(const struct minimizing *minimizing)
{
        return hangs_by_the_clock(minimizing) &&
               minimizing->unsettled * minimizing->run.limit_s >= minimizing->whole_limit_s;
}

/* --- all passes ------------------------------------------------------------------------------- */

/* Pieces of that size, one after the other. Was anything left out? */
static bool leave_out_pieces(
    struct minimizing *minimizing, const struct up_shrink_pass *pass, size_t piece)
{
        bool changed = false;
        size_t at = 0;

        while (!is_over(minimizing) && at < pass->count(minimizing->c)) {
                size_t count = pass->count(minimizing->c);
                struct trial *best;
                g_ptr_array_set_size(minimizing->batch, 0);
                size_t next = at;
                while (next < count && minimizing->batch->len < 2 * minimizing->order->jobs &&
                       !is_over(minimizing)) {
                        size_t to = MIN(next + piece, count);
                        add_trials(minimizing, pass, next, to);
                        next = to;
                }
                best = run_batch(minimizing);
                if (best != NULL) {
                        at = best->at;
                        accept(minimizing, best);
                        changed = true;
                        if (is_time_to_look(minimizing))
                                look_in_earnest(minimizing);
                } else {
                        at = next;
                }
                tell(minimizing);
        }
        return changed;
}

static bool run_pass(struct minimizing *minimizing, const struct up_shrink_pass *pass)
{
        size_t piece = pass->single ? 1 : pass->count(minimizing->c);
        bool changed = false;

        minimizing->pass = pass->name;
        for (; piece > 0 && !is_over(minimizing); piece /= 2)
                changed |= leave_out_pieces(minimizing, pass, piece);
        return changed;
}

static void run_rounds(struct minimizing *minimizing)
{
        bool changed = true;

        while (changed && !is_over(minimizing)) {
                changed = false;
                minimizing->result->rounds++;
                for (size_t i = 0; i < up_shrink_passes_count; i++)
                        changed |= run_pass(minimizing, &up_shrink_passes[i]);
        }
        if (up_tool_interrupted())
                minimizing->result->end = UP_MINIMIZE_INTERRUPTED;
        else if (is_over(minimizing))
                minimizing->result->end = UP_MINIMIZE_TIME;
        else
                minimizing->result->end = UP_MINIMIZE_WHOLE;
}

/* --- where it begins -------------------------------------------------------------------------- */

/* False: the result says why. */
static bool find_finding(struct minimizing *minimizing, GBytes *input)
{
        struct up_minimized *result = minimizing->result;
        g_autoptr(up_run) run = run_bytes(minimizing, input, minimizing->run.fault);

        if (run == NULL || run->status == UP_RUN_UNRUNNABLE) {
                result->end = UP_MINIMIZE_UNRUNNABLE;
                result->why = g_strdup(run != NULL ? run->reason : "cannot write a temporary file");
                return false;
        }
        if (run->status == UP_RUN_INTERRUPTED) {
                result->end = UP_MINIMIZE_INTERRUPTED;
                return false;
        }
        result->finding = up_run_steal_finding(
            run, up_run_select_finding(run, minimizing->c, minimizing->order->slug));
        for (guint i = 0; i < run->findings->len; i++)
                g_ptr_array_add(
                    result->others, up_finding_slug(g_ptr_array_index(run->findings, i)));
        if (result->finding == NULL) {
                result->end = UP_MINIMIZE_ABSENT;
                return false;
        }
        minimizing->seconds = run->seconds;
        return true;
}

/* The faults but for that one; NULL: there is no other. The caller owns the result. */
static char *faults_without(const char *faults, const char *name)
{
        g_auto(GStrv) each = up_fault_names(faults);
        g_autoptr(GPtrArray) others = g_ptr_array_new();

        for (char **one = each; *one != NULL; one++)
                if (strcmp(*one, name) != 0)
                        g_ptr_array_add(others, *one);
        g_ptr_array_add(others, NULL);
        return others->len > 1 ? g_strjoinv(",", (char **)others->pdata) : NULL;
}

/* What the finding shows without was not planted for it. */
static void leave_out_faults(struct minimizing *minimizing, GBytes *input)
{
        struct up_minimized *result = minimizing->result;
        g_auto(GStrv) each = result->fault != NULL ? up_fault_names(result->fault) : NULL;

        for (char **name = each; name != NULL && *name != NULL; name++) {
                g_autofree char *others = faults_without(result->fault, *name);
                g_autoptr(up_run) run = run_bytes(minimizing, input, others);
                if (run == NULL || up_run_find_same(run, result->finding) == NULL)
                        continue;
                g_free(result->fault);
                minimizing->run.fault = result->fault = g_steal_pointer(&others);
        }
}

void up_minimize_head(struct up_case *c, const struct up_finding *finding, const char *fault)
{
        bool has_evidence = finding->evidence != UP_EVIDENCE_NONE;

        up_case_put(&c->fault, fault);
        up_case_put(&c->finding, up_class_rows[finding->class].name);
        up_case_put(&c->evidence, has_evidence ? up_evidence_rows[finding->evidence].name : NULL);
}

static void make_dress(struct minimizing *minimizing)
{
        struct up_case *as = up_shrink_copy(minimizing->c);

        up_minimize_head(as, minimizing->result->finding, minimizing->run.fault);
        minimizing->dress = as;
}

/*
 * With its head on it is another file. A target that looks at the file, and not at the case, may
 * see something else in it; then the head is what it was.
 */
static void put_head_on(struct minimizing *minimizing, GBytes *input)
{
        struct up_minimized *result = minimizing->result;
        g_autoptr(up_case) dressed = up_shrink_copy(minimizing->c);
        g_autoptr(GBytes) bytes = NULL;
        struct up_finding *finding;

        minimizing->clean_without =
            minimizing->run.fault != NULL && passes_without_fault(minimizing, input);
        make_dress(minimizing);
        dress(minimizing, dressed);
        bytes = up_case_write(dressed);
        finding = show(minimizing, bytes);
        if (finding != NULL) {
                up_case_free(minimizing->c);
                minimizing->c = g_steal_pointer(&dressed);
                result->bytes = g_steal_pointer(&bytes);
                up_finding_free(finding);
        } else {
                up_case_free(minimizing->dress);
                minimizing->dress = up_shrink_copy(minimizing->c);
                result->bytes = g_bytes_ref(input);
        }
        result->after = up_shrink_measure(minimizing->c);
}

static void shrink_hang(struct minimizing *minimizing)
{
        settle(minimizing);
        do
                run_rounds(minimizing);
        while (!look_in_earnest(minimizing));
}

struct up_minimized *up_minimize(const struct up_minimize_request *order, GBytes *input)
{
        struct up_minimized *result = g_new0(struct up_minimized, 1);
        gsize bytes;
        const uint8_t *data = g_bytes_get_data(input, &bytes);
        struct minimizing minimizing = {
                .order = order,
                .run = order->run,
                .result = result,
                .c = up_case_read(data, bytes, NULL),
                .failed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
                .end_us = G_MAXINT64,
                .batch = g_ptr_array_new_with_free_func(trial_free),
        };

        g_assert(order->jobs > 0);
        minimizing.whole_limit_s = up_run_limit_s(&order->run);
        minimizing.run.limit_s = minimizing.whole_limit_s;
        minimizing.run.fault = result->fault = g_strdup(order->run.fault);
        result->others = g_ptr_array_new_with_free_func(g_free);
        result->before = up_shrink_measure(minimizing.c);
        result->before.bytes = bytes;
        if (find_finding(&minimizing, input)) {
                leave_out_faults(&minimizing, input);
                put_head_on(&minimizing, input);
                set_limit(&minimizing);
                if (order->seconds > 0)
                        minimizing.end_us =
                            g_get_monotonic_time() + order->seconds * G_TIME_SPAN_SECOND;
                if (hangs_by_the_clock(&minimizing))
                        shrink_hang(&minimizing);
                else
                        run_rounds(&minimizing);
        }
        result->runs = (unsigned)minimizing.runs;
        up_case_free(minimizing.c);
        up_case_free(minimizing.dress);
        up_case_free(minimizing.settled);
        g_clear_pointer(&minimizing.settled_bytes, g_bytes_unref);
        g_hash_table_unref(minimizing.failed);
        g_ptr_array_unref(minimizing.batch);
        return result;
}
