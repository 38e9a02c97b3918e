/*
 * minimize - delta debugging by passes
 *
 * Each pass sees the case as a sequence of things (mutate/shrink.h). First all of them are left
 * out, then each half, each quarter, down to single ones (Zeller and Hildebrandt, Simplifying and
 * Isolating Failure-Inducing Input, 2002, without the complements, which later passes make up for).
 * All passes are repeated until a whole round changed nothing.
 *
 * Candidates run in batches, several at once. The first of a batch, in order, that shows the
 * finding counts, and those behind it are discarded: neither the number of cores nor their speed
 * changes the result. A candidate that failed once does not run again.
 */
#include "tools/minimize/minimize.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>

#include "faults/faults.h"
#include "tools/cli/tool.h"

#define MARK "minimized" /* value of the head's `mutation:` */

#define TITLE_CHARS 100

/* A candidate that takes so much longer than the case did has failed. */
#define LIMIT_LEAST_S 5
#define LIMIT_FACTOR  10

/* A hang is looked for within this time; where the result is no hang within the full limit, the
 * short one grows by the factor. */
#define HANG_LIMIT_S      2
#define HANG_LIMIT_FACTOR 4

struct candidate {
        struct up_case *c;          /* owned */
        GBytes *bytes;              /* owned */
        size_t at;                  /* where the removed things began */
        char *checksum;             /* of the bytes; owned */
        struct up_finding *finding; /* the wanted one, as this case shows it; owned, or NULL */
};

struct minimization {
        const struct up_minimize_request *request;
        struct up_run_request run;
        unsigned full_limit_s; /* that in `run` may be shorter */
        struct up_minimized *result;
        struct up_case *smallest;
        struct up_case *head; /* metadata that each candidate gets */
        bool has_metadata;    /* false: the target reads the file itself, see start_from() */
        GHashTable *failed;   /* checksums of candidates */
        gint64 end_us;        /* G_MAXINT64: none */
        bool must_pass_without_fault;
        bool reported; /* the smallest case was given to the step function */
        const char *pass;

        /* The smallest case that hangs within the full limit. */
        struct up_case *confirmed;
        GBytes *confirmed_bytes;
        unsigned unconfirmed; /* smaller cases found since */

        GPtrArray *batch; /* of struct candidate */
        gint next;        /* index of the next candidate to run */
        gint first;       /* lowest index known to show the finding */
        gint runs;
};

static void candidate_free(void *data)
{
        struct candidate *candidate = data;

        up_case_free(candidate->c);
        g_bytes_unref(candidate->bytes);
        g_free(candidate->checksum);
        up_finding_free(candidate->finding);
        g_free(candidate);
}

void up_minimized_free(struct up_minimized *minimized)
{
        if (minimized == NULL)
                return;
        g_clear_pointer(&minimized->bytes, g_bytes_unref);
        up_finding_free(minimized->finding);
        g_free(minimized->fault);
        g_ptr_array_unref(minimized->others);
        g_free(minimized->reason);
        g_free(minimized);
}

/* --- one run ---------------------------------------------------------------------------------- */

/* A hang that only the time limit shows, not the fuel. */
static bool hangs_by_clock(const struct minimization *m)
{
        return m->result->finding->class == UP_CLASS_HANG && !m->run.flavour->counts_edges;
}

/* Near the end of the time a run gets what is left of it, but a hang needs its whole limit. */
static unsigned run_limit_s(const struct minimization *m)
{
        gint64 left_us = m->end_us - g_get_monotonic_time();

        if (m->end_us == G_MAXINT64 || hangs_by_clock(m))
                return m->run.limit_s;
        return (unsigned)CLAMP(left_us / G_TIME_SPAN_SECOND + 1, 1, (gint64)m->run.limit_s);
}

/* NULL: the temporary file cannot be written. */
static struct up_run *run_bytes(struct minimization *m, GBytes *bytes, const char *fault)
{
        struct up_run_request request = m->run;
        struct up_runner *runner = m->request->runner;
        g_autofree char *path = up_tool_write_temporary_case(
            g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), NULL);
        struct up_run *run;

        if (path == NULL)
                return NULL;
        request.path = path;
        request.limit_s = run_limit_s(m);
        request.fault = fault;
        g_atomic_int_inc(&m->runs);
        run = runner != NULL ? up_runner_run(runner, &request) : up_run_case(&request);
        g_remove(path);
        return run;
}

static bool passes_without_fault(struct minimization *m, GBytes *bytes)
{
        g_autoptr(up_run) run = run_bytes(m, bytes, NULL);

        return run != NULL && run->status == UP_RUN_PASSED;
}

/* The wanted finding, or NULL. The caller owns the result. */
static struct up_finding *find_same(struct minimization *m, GBytes *bytes)
{
        g_autoptr(up_run) run = run_bytes(m, bytes, m->run.fault);
        struct up_finding *finding =
            run != NULL ? up_run_steal_finding(run, up_run_find_same(run, m->result->finding))
                        : NULL;

        if (finding != NULL && m->must_pass_without_fault && !passes_without_fault(m, bytes))
                g_clear_pointer(&finding, up_finding_free);
        return finding;
}

/* --- a batch ---------------------------------------------------------------------------------- */

/* In each thread. Candidates behind one that shows the finding need not run. */
static void *run_candidates(void *data)
{
        struct minimization *m = data;
        gint at, first;

        while ((at = g_atomic_int_add(&m->next, 1)) < (gint)m->batch->len &&
               at < g_atomic_int_get(&m->first) && !up_tool_interrupted()) {
                struct candidate *candidate = g_ptr_array_index(m->batch, at);
                candidate->finding = find_same(m, candidate->bytes);
                while (candidate->finding != NULL && at < (first = g_atomic_int_get(&m->first)) &&
                       !g_atomic_int_compare_and_exchange(&m->first, first, at))
                        ;
        }
        return NULL;
}

/* The first that shows the finding; NULL when none does. */
static struct candidate *run_batch(struct minimization *m)
{
        g_autoptr(GPtrArray) threads = g_ptr_array_new();
        guint first;

        m->next = 0;
        m->first = G_MAXINT;
        for (guint i = 1; i < MIN(m->request->jobs, m->batch->len); i++)
                g_ptr_array_add(threads, g_thread_new("minimize", run_candidates, m));
        run_candidates(m);
        for (guint i = 0; i < threads->len; i++)
                g_thread_join(g_ptr_array_index(threads, i));
        if (up_tool_interrupted())
                return NULL;
        first = MIN((guint)m->first, m->batch->len);
        for (guint i = 0; i < first; i++) {
                const struct candidate *candidate = g_ptr_array_index(m->batch, i);
                g_hash_table_add(m->failed, g_strdup(candidate->checksum));
        }
        return first < m->batch->len ? g_ptr_array_index(m->batch, first) : NULL;
}

static void apply_metadata(const struct minimization *m, struct up_case *c)
{
        up_case_put(&c->title, m->head->title);
        up_case_put(&c->reference, m->head->reference);
        up_case_put(&c->fault, m->head->fault);
        up_case_put(&c->finding, m->head->finding);
        up_case_put(&c->evidence, m->head->evidence);
}

/* Cases are measured and run as they will be written. Takes the case. */
static void add_candidate(struct minimization *m, struct up_case *c, size_t at)
{
        struct candidate *candidate = g_new0(struct candidate, 1);
        struct up_shrink_size size;

        apply_metadata(m, c);
        candidate->c = c;
        candidate->at = at;
        candidate->bytes = up_case_write(c);
        candidate->checksum = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, candidate->bytes);
        size = up_shrink_measure(c);
        if (!g_hash_table_contains(m->failed, candidate->checksum) &&
            up_shrink_is_smaller(&size, &m->result->after))
                g_ptr_array_add(m->batch, candidate);
        else
                candidate_free(candidate);
}

/* --- the smallest case ------------------------------------------------------------------------ */

static void set_smallest(struct minimization *m, const struct up_case *c, GBytes *bytes)
{
        struct up_case *before = m->smallest;

        m->smallest = up_case_copy(c);
        up_case_free(before);
        g_bytes_ref(bytes);
        g_clear_pointer(&m->result->bytes, g_bytes_unref);
        m->result->bytes = bytes;
        m->result->after = up_shrink_measure(m->smallest);
        m->reported = false;
}

/* A hang that only the time limit shows keeps its first finding, which names the full limit. */
static void accept(struct minimization *m, struct candidate *candidate)
{
        set_smallest(m, candidate->c, candidate->bytes);
        m->unconfirmed++;
        if (hangs_by_clock(m))
                return;
        up_finding_free(m->result->finding);
        m->result->finding = g_steal_pointer(&candidate->finding);
}

static void confirm(struct minimization *m)
{
        up_case_free(m->confirmed);
        m->confirmed = up_case_copy(m->smallest);
        g_clear_pointer(&m->confirmed_bytes, g_bytes_unref);
        m->confirmed_bytes = g_bytes_ref(m->result->bytes);
        m->unconfirmed = 0;
}

static bool hangs_at_full_limit(struct minimization *m)
{
        unsigned limit_s = m->run.limit_s;
        struct up_finding *finding;

        if (limit_s == m->full_limit_s)
                return true;
        m->run.limit_s = m->full_limit_s;
        finding = find_same(m, m->result->bytes);
        m->run.limit_s = limit_s;
        up_finding_free(finding);
        return finding != NULL;
}

/*
 * A short limit takes a slow case for a hang. False, if it did: then the last confirmed case is the
 * smallest again, and the limit is longer. An interrupted program runs nothing, and reverts, too.
 */
static bool confirm_or_revert(struct minimization *m)
{
        if (m->unconfirmed == 0 || hangs_at_full_limit(m)) {
                confirm(m);
                return true;
        }
        set_smallest(m, m->confirmed, m->confirmed_bytes);
        m->unconfirmed = 0;
        g_hash_table_remove_all(m->failed);
        m->run.limit_s = MIN(m->run.limit_s * HANG_LIMIT_FACTOR, m->full_limit_s);
        return false;
}

/* --- passes ----------------------------------------------------------------------------------- */

/* What is left of the time is too short for the run of a hang? Then it is over, too. */
static bool is_over(const struct minimization *m)
{
        gint64 need_us = hangs_by_clock(m) ? m->run.limit_s * G_TIME_SPAN_SECOND : 0;

        return up_tool_interrupted() || g_get_monotonic_time() + need_us >= m->end_us;
}

static void report_step(struct minimization *m)
{
        struct up_minimized *result = m->result;

        result->runs = (unsigned)m->runs;
        if (m->request->step != NULL)
                m->request->step(
                    &(struct up_minimize_step){
                        .pass = m->pass,
                        .round = result->rounds,
                        .runs = result->runs,
                        .size = result->after,
                        .smallest = m->reported ? NULL : result->bytes,
                    },
                    m->request->data);
        m->reported = true;
}

/* Tries to leave out pieces of that many things, one piece after the other. */
static bool leave_out_pieces(
    struct minimization *m, const struct up_shrink_pass *pass, size_t piece)
{
        bool changed = false;
        size_t at = 0, count;

        while (!is_over(m) && at < (count = pass->count(m->smallest))) {
                struct candidate *best;
                size_t next = at;
                g_ptr_array_set_size(m->batch, 0);
                while (next < count && m->batch->len < 2 * m->request->jobs && !is_over(m)) {
                        size_t to = MIN(next + piece, count);
                        g_autoptr(GPtrArray) cases =
                            up_shrink_without(pass, m->smallest, &m->result->after, next, to);
                        while (cases->len > 0)
                                add_candidate(m, g_ptr_array_steal_index(cases, 0), next);
                        next = to;
                }
                best = run_batch(m);
                at = best != NULL ? best->at : next;
                if (best != NULL) {
                        accept(m, best);
                        changed = true;
                        if (hangs_by_clock(m) && m->unconfirmed * m->run.limit_s >= m->full_limit_s)
                                confirm_or_revert(m);
                }
                report_step(m);
        }
        return changed;
}

static void run_rounds(struct minimization *m)
{
        bool changed = true;

        while (changed && !is_over(m)) {
                changed = false;
                m->result->rounds++;
                for (size_t i = 0; i < up_shrink_passes_count; i++) {
                        const struct up_shrink_pass *pass = &up_shrink_passes[i];
                        size_t piece = pass->single ? 1 : pass->count(m->smallest);
                        m->pass = pass->name;
                        for (; piece > 0 && !is_over(m); piece /= 2)
                                changed |= leave_out_pieces(m, pass, piece);
                }
        }
        m->result->end = up_tool_interrupted() ? UP_MINIMIZE_INTERRUPTED
                         : is_over(m)          ? UP_MINIMIZE_TIME
                                               : UP_MINIMIZE_COMPLETE;
}

/* --- before the first pass -------------------------------------------------------------------- */

/* False: the result says why there is none. */
static bool find_wanted(struct minimization *m, GBytes *input)
{
        struct up_minimized *result = m->result;
        g_autoptr(up_run) run = run_bytes(m, input, m->run.fault);

        if (run == NULL || run->status == UP_RUN_UNRUNNABLE) {
                result->end = UP_MINIMIZE_UNRUNNABLE;
                result->reason =
                    g_strdup(run != NULL ? run->reason : "cannot write a temporary file");
                return false;
        }
        result->end =
            run->status == UP_RUN_INTERRUPTED ? UP_MINIMIZE_INTERRUPTED : UP_MINIMIZE_ABSENT;
        for (guint i = 0; i < run->result.findings->len; i++)
                g_ptr_array_add(result->others, up_finding_slug(run->result.findings->pdata[i]));
        if (run->status != UP_RUN_INTERRUPTED)
                result->finding = up_run_steal_finding(
                    run, up_run_select_finding(run, m->smallest, m->request->slug));
        if (result->finding == NULL)
                return false;
        /* What takes much longer than the case did need not be waited for. */
        m->full_limit_s = m->run.limit_s;
        m->run.limit_s = MIN(m->full_limit_s,
            hangs_by_clock(m) ? CLAMP(m->full_limit_s - 1, 1, HANG_LIMIT_S)
                              : LIMIT_LEAST_S + (unsigned)(LIMIT_FACTOR * run->seconds));
        return true;
}

/* The faults but for that one; NULL: there is no other. The caller owns the result. */
static char *faults_without(const char *faults, const char *name)
{
        g_auto(GStrv) names = up_fault_names(faults);
        g_autoptr(GStrvBuilder) others = g_strv_builder_new();

        for (char **each = names; *each != NULL; each++)
                if (strcmp(*each, name) != 0)
                        g_strv_builder_add(others, *each);
        g_auto(GStrv) left = g_strv_builder_end(others);
        return left[0] != NULL ? g_strjoinv(",", left) : NULL;
}

static void drop_unneeded_faults(struct minimization *m, GBytes *input)
{
        struct up_minimized *result = m->result;
        g_auto(GStrv) names = result->fault != NULL ? up_fault_names(result->fault) : NULL;

        for (char **name = names; name != NULL && *name != NULL; name++) {
                g_autofree char *others = faults_without(result->fault, *name);
                g_autoptr(up_run) run = run_bytes(m, input, others);
                if (run == NULL || up_run_find_same(run, result->finding) == NULL)
                        continue;
                g_free(result->fault);
                m->run.fault = result->fault = g_steal_pointer(&others);
        }
}

/* "Pending in scan_submit: no-progress: ...". The caller owns the result. */
static char *title_of(const struct up_finding *finding, const char *target)
{
        g_autofree char *text = g_strdup_printf(
            "%s in %s: %s", up_class_rows[finding->class].name, target, finding->signature);
        g_autofree char *title = up_printable(g_strstrip(text));

        title[0] = g_ascii_toupper(title[0]);
        if (g_utf8_strlen(title, -1) <= TITLE_CHARS)
                return g_steal_pointer(&title);
        g_autofree char *begin = g_utf8_substring(title, 0, TITLE_CHARS - 1);
        return g_strconcat(g_strchomp(begin), "…", NULL);
}

void up_minimize_set_head(
    struct up_case *c, const struct up_finding *finding, const char *target, const char *fault)
{
        const char *class = up_class_rows[finding->class].name;
        const char *evidence =
            finding->evidence != UP_EVIDENCE_NONE ? up_evidence_rows[finding->evidence].name : NULL;

        if (g_strcmp0(c->finding, class) != 0 ||
            (c->evidence != NULL && g_strcmp0(c->evidence, evidence) != 0)) {
                g_clear_pointer(&c->title, g_free);
                g_clear_pointer(&c->reference, g_free);
        }
        if (c->title == NULL)
                c->title = title_of(finding, target);
        up_case_put(&c->fault, fault);
        up_case_put(&c->finding, class);
        up_case_put(&c->evidence, evidence);
}

/*
 * With the metadata it is another file. A target that reads the file itself, and not the case, may
 * not show the finding any more; then the head stays as it was.
 */
static void start_from(struct minimization *m, GBytes *input)
{
        g_autoptr(up_case) c = up_case_copy(m->smallest);
        g_autoptr(GBytes) bytes = NULL;
        struct up_finding *finding;

        m->must_pass_without_fault = m->run.fault != NULL && passes_without_fault(m, input);
        m->head = up_case_copy(m->smallest);
        up_minimize_set_head(m->head, m->result->finding, m->run.target, m->run.fault);
        apply_metadata(m, c);
        up_case_put(&c->mutation, NULL);
        bytes = up_case_write(c);
        finding = find_same(m, bytes);
        m->has_metadata = finding != NULL;
        if (!m->has_metadata) {
                up_case_free(m->head);
                m->head = up_case_copy(m->smallest);
        }
        set_smallest(m, m->has_metadata ? c : m->smallest, m->has_metadata ? bytes : input);
        up_finding_free(finding);
}

static void mark_complete(struct minimization *m)
{
        up_case_put(&m->smallest->mutation, MARK);
        g_bytes_unref(m->result->bytes);
        m->result->bytes = up_case_write(m->smallest);
}

bool up_minimize_is_marked(const struct up_case *c)
{
        return c->finding != NULL && g_strcmp0(c->mutation, MARK) == 0;
}

struct up_minimized *up_minimize(const struct up_minimize_request *request, GBytes *input)
{
        struct up_minimized *result = g_new0(struct up_minimized, 1);
        gsize bytes;
        const uint8_t *data = g_bytes_get_data(input, &bytes);
        struct minimization m = {
                .request = request,
                .run = request->run,
                .result = result,
                .smallest = up_case_read(data, bytes, NULL),
                .failed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
                .end_us = G_MAXINT64,
                .batch = g_ptr_array_new_with_free_func(candidate_free),
        };

        g_assert(request->jobs > 0);
        m.run.limit_s = up_run_limit_s(&request->run);
        m.run.fault = result->fault = g_strdup(request->run.fault);
        result->others = g_ptr_array_new_with_free_func(g_free);
        result->before = up_shrink_measure(m.smallest);
        result->before.bytes = bytes;
        if (find_wanted(&m, input)) {
                drop_unneeded_faults(&m, input);
                start_from(&m, input);
                if (request->seconds > 0)
                        m.end_us = g_get_monotonic_time() + request->seconds * G_TIME_SPAN_SECOND;
                confirm(&m);
                do
                        run_rounds(&m);
                while (hangs_by_clock(&m) && !confirm_or_revert(&m));
                if (result->end == UP_MINIMIZE_COMPLETE && m.has_metadata)
                        mark_complete(&m);
        }
        result->runs = (unsigned)m.runs;
        up_case_free(m.smallest);
        up_case_free(m.head);
        up_case_free(m.confirmed);
        g_clear_pointer(&m.confirmed_bytes, g_bytes_unref);
        g_hash_table_unref(m.failed);
        g_ptr_array_unref(m.batch);
        return result;
}

/* --- progress and sizes as text --------------------------------------------------------------- */

char *up_minimize_size_text(const struct up_shrink_size *size)
{
        const struct {
                size_t count;
                const char *name;
        } rows[] = {
                { size->events, "event" },
                { size->recipients, "recipient" },
                { size->settings, "setting" },
                { size->parts, "part" },
                { size->fields, "field" },
                { size->bytes, "byte" },
        };
        GString *text = g_string_new(NULL);

        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
                g_string_append_printf(text, "%s%" G_GSIZE_FORMAT " %s%s", i > 0 ? ", " : "",
                    rows[i].count, rows[i].name, rows[i].count == 1 ? "" : "s");
        return g_string_free(text, FALSE);
}

char *up_minimize_step_text(const struct up_minimize_step *step)
{
        g_autofree char *size = up_minimize_size_text(&step->size);

        return g_strdup_printf(
            "round %u, %s: %s, %u runs", step->round, step->pass, size, step->runs);
}

void up_minimize_build_size(JsonBuilder *json, const char *name, const struct up_shrink_size *size)
{
        json_builder_set_member_name(json, name);
        json_builder_begin_object(json);
        up_tool_json_number(json, "events", size->events);
        up_tool_json_number(json, "recipients", size->recipients);
        up_tool_json_number(json, "settings", size->settings);
        up_tool_json_number(json, "parts", size->parts);
        up_tool_json_number(json, "fields", size->fields);
        up_tool_json_number(json, "bytes", (gint64)size->bytes);
        json_builder_end_object(json);
}
