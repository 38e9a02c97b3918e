/*
 * campaign_findings - group by slug, triage, find root causes
 *
 * A worker runs many inputs under load. An input that was too slow or too large there, and passes
 * alone, is no finding; one that crashed there and passes alone is nondeterministic.
 */
#include "tools/campaign/campaign_findings.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>

#include "case/case.h"
#include "target/target.h"
#include "tools/campaign/corpus.h"
#include "tools/cli/tool.h"
#include "tools/exec/run.h"
#include "tools/promote/triage.h"

/* For one run: more than a worker waits (fuzz/TARGET.options). */
#define LIMIT_S 25

/* Each finding is minimised for so long at least, however many share the time. */
#define LEAST_S 5

struct state {
        const struct up_collection *collection;
        struct up_triage *triage;
        GHashTable *smallest; /* slug to the path of the smallest input that shows it */
        GHashTable *reported; /* slugs that earlier campaigns reported as root causes */
        char *
            passes_alone; /* the smallest input that ended an explorer, and passes alone; or NULL */
        gint64 left_us;   /* of the time for minimising */
        guint left;       /* findings that may still use it */
        GPtrArray *findings;
        GError **error;
};

static void campaign_finding_free(void *data)
{
        struct up_campaign_finding *found = data;

        g_free(found->path);
        g_free(found->slug);
        g_free(found->fault);
        up_finding_free(found->finding);
        g_free(found->known);
        g_strfreev(found->shown);
        g_free(found);
}

GPtrArray *up_campaign_findings_new(void)
{
        return g_ptr_array_new_with_free_func(campaign_finding_free);
}

static GPtrArray *files_in(const char *folder)
{
        GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
        g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
        const char *name;

        while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
                g_autofree char *path = g_build_filename(folder, name, NULL);
                if (g_file_test(path, G_FILE_TEST_IS_REGULAR))
                        g_ptr_array_add(paths, g_steal_pointer(&path));
        }
        return paths;
}

static bool fail(const struct state *state, const char *path, const char *reason)
{
        if (up_tool_interrupted())
                g_set_error_literal(state->error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "interrupted");
        else
                g_set_error(state->error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s: %s", path, reason);
        return false;
}

static struct up_finding *nondeterministic(const char *path, const char *reason)
{
        g_autofree char *name = g_path_get_basename(path);
        g_autofree char *detail =
            g_strdup_printf("broke in the campaign, but not each time that it is run: %s", reason);

        return up_finding_new(UP_CLASS_NONDETERMINISTIC, name, detail);
}

/* --- the smallest input of each slug ---------------------------------------------------------- */

static void add_input(const struct state *state, const char *slug, const char *path)
{
        const char *smallest = g_hash_table_lookup(state->smallest, slug);

        if (smallest == NULL || up_file_bytes(path) < up_file_bytes(smallest))
                g_hash_table_insert(state->smallest, g_strdup(slug), g_strdup(path));
}

/* A file of kept/ is named by its slug, but for leaks, which LeakSanitizer has to name. Of other
 * files the first finding is the one that ended the process. */
static bool sort_input(struct state *state, const char *path, bool is_kept)
{
        g_autofree char *name = g_path_get_basename(path);
        bool leaks = g_str_has_prefix(name, UP_TARGET_LEAKS);
        bool hit_limit = g_str_has_prefix(name, "timeout-") || g_str_has_prefix(name, "oom-");
        struct up_run_request request = state->triage->run;
        g_autoptr(up_run) run = NULL;

        if (is_kept && !leaks) {
                add_input(state, name, path);
                return true;
        }
        request.path = path;
        run = up_run_case(&request);
        if (run->status != UP_RUN_PASSED && run->status != UP_RUN_FOUND)
                return fail(state, path, run->reason);
        if (!is_kept && run->result.findings->len == 0 && !hit_limit &&
            (state->passes_alone == NULL ||
                up_file_bytes(path) < up_file_bytes(state->passes_alone))) {
                g_free(state->passes_alone);
                state->passes_alone = g_strdup(path);
        }
        for (guint i = 0;
             i < (is_kept ? run->result.findings->len : MIN(run->result.findings->len, 1)); i++) {
                const struct up_finding *finding = g_ptr_array_index(run->result.findings, i);
                g_autofree char *slug = up_finding_slug(finding);
                if (!is_kept || finding->class == UP_CLASS_LEAK)
                        add_input(state, slug, path);
        }
        return true;
}

/* An explorer that a memory error has corrupted dies of any input. Only without one is it a finding
 * that what it died of passes alone. */
static void add_unexplained_crash(const struct state *state)
{
        g_autofree char *crash = g_strconcat(up_class_rows[UP_CLASS_CRASH].name, "-", NULL);
        GHashTableIter iterator;
        gpointer slug;

        if (state->passes_alone == NULL)
                return;
        g_hash_table_iter_init(&iterator, state->smallest);
        while (g_hash_table_iter_next(&iterator, &slug, NULL))
                if (g_str_has_prefix(slug, crash))
                        return;
        struct up_finding *finding = nondeterministic(state->passes_alone, "it passes alone");
        g_autofree char *own_slug = up_finding_slug(finding);
        add_input(state, own_slug, state->passes_alone);
        up_finding_free(finding);
}

static bool sort_inputs(struct state *state, const char *folder, bool is_kept)
{
        g_autoptr(GPtrArray) paths = files_in(folder);

        for (guint i = 0; i < paths->len; i++)
                if (!sort_input(state, paths->pdata[i], is_kept))
                        return false;
        return true;
}

/* Once all findings are written; after an interruption the next campaign sorts them again. */
static void move_crashes_to_done(const struct state *state)
{
        const char *crashes = state->collection->folders->crashes;
        g_autofree char *done = g_build_filename(crashes, UP_CRASHES_DONE, NULL);
        g_autoptr(GPtrArray) paths = files_in(crashes);

        g_mkdir_with_parents(done, 0777);
        for (guint i = 0; i < paths->len; i++) {
                g_autofree char *name = g_path_get_basename(paths->pdata[i]);
                g_autofree char *to = g_build_filename(done, name, NULL);
                g_rename(paths->pdata[i], to);
        }
}

/* --- triage ----------------------------------------------------------------------------------- */

/* Hangs take long to minimise: they come last, and get what the others leave. */
static bool is_hang(const char *slug)
{
        return g_str_has_prefix(slug, up_class_rows[UP_CLASS_HANG].name);
}

static unsigned share_s(const struct state *state)
{
        gint64 share_s = state->left_us / MAX(state->left, 1) / G_TIME_SPAN_SECOND;

        return (unsigned)MAX(share_s, LEAST_S);
}

/* Of an earlier campaign's case: the faults that it needs. The caller owns the result. */
static char *fault_of_case(const struct state *state, const char *path)
{
        g_autoptr(GBytes) bytes = up_tool_read_file(path, NULL);
        g_autoptr(up_case) c = NULL;

        if (bytes == NULL)
                return g_strdup(state->collection->folders->fault);
        c = up_case_read(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), NULL);
        return g_strdup(c->finding != NULL ? c->fault : state->collection->folders->fault);
}

/* Under a planted fault each finding is new: the question is whether it is found. */
static char *find_known(const struct state *state, const struct up_finding *finding)
{
        const struct up_known_case *known =
            state->collection->folders->fault == NULL
                ? up_triage_find_known(state->triage, finding, NULL, true)
                : NULL;

        if (known == NULL)
                return NULL;
        return g_strdup(
            known->c->known.url != NULL && !known->is_private ? known->c->known.url : known->path);
}

static GStrv slugs_of(const GPtrArray *findings)
{
        g_autoptr(GStrvBuilder) slugs = g_strv_builder_new();

        for (guint i = 0; i < findings->len; i++) {
                g_autofree char *slug = up_finding_slug(findings->pdata[i]);
                g_strv_builder_add(slugs, slug);
        }
        return g_strv_builder_end(slugs);
}

/* False with the error when it was interrupted or cannot be done. */
static bool collect_finding(struct state *state, const char *slug, const char *path)
{
        const char *campaign_fault = state->collection->folders->fault;
        g_autofree char *name = g_strconcat(slug, ".case", NULL);
        g_autofree char *result =
            g_build_filename(state->collection->folders->findings, name, NULL);
        bool is_done = up_file_bytes(path) >= up_file_bytes(result); /* by an earlier campaign */
        g_autofree char *fault = is_done ? fault_of_case(state, result) : g_strdup(campaign_fault);
        g_autofree char *known = NULL;
        gint64 began_us = g_get_monotonic_time();
        GBytes *bytes;

        state->triage->run.fault = fault;
        g_autoptr(up_triaged) triaged =
            up_triage_identify(state->triage, is_done ? result : path, slug);
        if (triaged->status == UP_TRIAGE_FOUND)
                known = find_known(state, triaged->finding);
        if (triaged->status == UP_TRIAGE_FOUND && known == NULL && !is_done &&
            up_triage_reduce(state->triage, triaged, share_s(state), false))
                up_triage_verify(
                    state->triage, triaged, triaged->small->bytes, triaged->small->fault);
        state->triage->run.fault = campaign_fault;
        state->left_us -= MIN(state->left_us, g_get_monotonic_time() - began_us);
        state->left--;
        if (up_tool_interrupted() ||
            (triaged->status == UP_TRIAGE_UNRUNNABLE && triaged->finding == NULL))
                return fail(state, path, triaged->reason);
        if (triaged->status == UP_TRIAGE_UNRUNNABLE) {
                up_status_line_clear(state->collection->line);
                up_tool_fail(0, "%s: not triaged: %s", path, triaged->reason);
        }
        if (triaged->finding == NULL || triaged->status == UP_TRIAGE_FLAKY) {
                up_finding_free(triaged->finding);
                triaged->finding = nondeterministic(path, triaged->reason);
                g_clear_pointer(&triaged->small, up_minimized_free);
        }
        bytes = triaged->small != NULL ? triaged->small->bytes : triaged->input;
        if (!is_done && !g_file_set_contents(result, g_bytes_get_data(bytes, NULL),
                            (gssize)g_bytes_get_size(bytes), state->error))
                return false;

        struct up_campaign_finding *found = g_new0(struct up_campaign_finding, 1);
        found->bytes = up_file_bytes(result);
        found->path = g_steal_pointer(&result);
        found->slug = g_strdup(slug);
        found->fault = g_strdup(triaged->small != NULL ? triaged->small->fault : fault);
        found->finding = g_steal_pointer(&triaged->finding);
        found->is_new = known == NULL && !g_hash_table_contains(state->reported, slug);
        found->known = g_steal_pointer(&known);
        found->shown = slugs_of(triaged->run->result.findings);
        g_ptr_array_add(state->findings, found);
        return true;
}

static int by_text(const void *a, const void *b)
{
        return strcmp(a, b);
}

static gint by_slug(gconstpointer a, gconstpointer b)
{
        const struct up_campaign_finding *const *left = a, *const *right = b;

        return strcmp((*left)->slug, (*right)->slug);
}

static bool collect_all(struct state *state)
{
        g_autoptr(GList) slugs = g_list_sort(g_hash_table_get_keys(state->smallest), by_text);
        bool ok = true;

        state->left_us = state->collection->minimise_s * G_TIME_SPAN_SECOND;
        state->left = g_list_length(slugs);
        for (int hangs = 0; hangs < 2; hangs++)
                for (GList *slug = slugs; ok && slug != NULL; slug = slug->next)
                        if (is_hang(slug->data) == hangs)
                                ok = collect_finding(state, slug->data,
                                    g_hash_table_lookup(state->smallest, slug->data));
        g_ptr_array_sort(state->findings, by_slug);
        return ok;
}

/* --- root causes ------------------------------------------------------------------------------ */

/* The finding of that slug, if it may be grouped: what is known stands alone. */
static const struct up_campaign_finding *find_unknown(const GPtrArray *findings, const char *slug)
{
        for (guint i = 0; i < findings->len; i++) {
                const struct up_campaign_finding *found = g_ptr_array_index(findings, i);
                if (strcmp(found->slug, slug) == 0)
                        return found->known == NULL ? found : NULL;
        }
        return NULL;
}

static bool is_graver(const struct up_finding *finding, const struct up_finding *than)
{
        return finding->class != than->class ? finding->class < than->class
                                             : finding->evidence < than->evidence;
}

static void offer_root_cause(
    struct up_campaign_finding *found, const struct up_campaign_finding *other)
{
        const struct up_campaign_finding *root = found->root_cause;

        if (is_graver(other->finding, found->finding) &&
            (root == NULL || is_graver(other->finding, root->finding)))
                found->root_cause = other;
}

/* Behind "spin: ". */
static const char *state_of(const struct up_finding *finding)
{
        const char *colon = strchr(finding->signature, ':');

        return colon != NULL ? colon : finding->signature;
}

/* The same kind of message, pending in the same state. */
static bool are_of_one_message(
    const struct up_campaign_finding *a, const struct up_campaign_finding *b)
{
        return a->finding->class == UP_CLASS_PENDING && b->finding->class == UP_CLASS_PENDING &&
               a->finding->role == b->finding->role &&
               strcmp(state_of(a->finding), state_of(b->finding)) == 0;
}

static void find_graver(const GPtrArray *findings, struct up_campaign_finding *found)
{
        for (guint i = 0; i < findings->len; i++) {
                const struct up_campaign_finding *other = g_ptr_array_index(findings, i);
                if (other->known == NULL && (other->is_new || !found->is_new) &&
                    are_of_one_message(other, found))
                        offer_root_cause(found, other);
        }
        for (char **slug = found->shown; *slug != NULL; slug++) {
                const struct up_campaign_finding *other = find_unknown(findings, *slug);
                if (other != NULL)
                        offer_root_cause(found, other);
        }
}

static void find_sibling(const GPtrArray *findings, struct up_campaign_finding *found)
{
        for (char **slug = found->shown; *slug != NULL && found->root_cause == NULL; slug++) {
                const struct up_campaign_finding *shared = find_unknown(findings, *slug);
                const struct up_campaign_finding *root = shared != NULL ? shared->root_cause : NULL;
                if (root != NULL && root != found && root->root_cause == NULL &&
                    (root->is_new || !found->is_new) &&
                    root->finding->class == found->finding->class)
                        found->root_cause = root;
        }
}

/* What ends the process shows nothing else, and is its own root cause. */
static void find_root_causes(const GPtrArray *findings)
{
        static void (*const steps[])(
            const GPtrArray *, struct up_campaign_finding *) = { find_graver, find_sibling };

        for (size_t step = 0; step < G_N_ELEMENTS(steps); step++)
                for (guint i = 0; i < findings->len; i++) {
                        struct up_campaign_finding *found = g_ptr_array_index(findings, i);
                        if (found->known == NULL && found->finding->class < UP_CLASS_CRASH)
                                steps[step](findings, found);
                }
        for (guint i = 0; i < findings->len; i++) {
                struct up_campaign_finding *found = g_ptr_array_index(findings, i);
                while (found->root_cause != NULL && found->root_cause->root_cause != NULL)
                        found->root_cause = found->root_cause->root_cause;
        }
}

/* --- what was reported ------------------------------------------------------------------------ */

static char *reported_path(const struct up_folders *folders)
{
        return g_build_filename(folders->findings, "reported", NULL);
}

GHashTable *up_reported_read(const struct up_folders *folders)
{
        GHashTable *reported = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        g_autofree char *path = reported_path(folders);
        g_autofree char *text = NULL;
        g_auto(GStrv) slugs = NULL;

        if (!g_file_get_contents(path, &text, NULL, NULL))
                return reported;
        slugs = g_strsplit(g_strchomp(text), "\n", -1);
        for (char **slug = slugs; *slug != NULL; slug++)
                g_hash_table_add(reported, g_strdup(*slug));
        return reported;
}

/* Not the consequences of a graver finding: one that stays when that is fixed is new. */
static bool write_reported(const struct state *state)
{
        g_autofree char *path = reported_path(state->collection->folders);
        g_autoptr(GString) text = g_string_new(NULL);
        g_autoptr(GList) slugs = NULL;

        for (guint i = 0; i < state->findings->len; i++) {
                const struct up_campaign_finding *found = g_ptr_array_index(state->findings, i);
                if (found->root_cause == NULL ||
                    found->root_cause->finding->class == found->finding->class)
                        g_hash_table_add(state->reported, g_strdup(found->slug));
        }
        slugs = g_list_sort(g_hash_table_get_keys(state->reported), by_text);
        for (GList *slug = slugs; slug != NULL; slug = slug->next)
                g_string_append_printf(text, "%s\n", (const char *)slug->data);
        return g_file_set_contents(path, text->str, (gssize)text->len, state->error);
}

bool up_collect_findings(
    const struct up_collection *collection, GPtrArray *findings, GError **error)
{
        const struct up_folders *folders = collection->folders;
        const struct up_run_request run = {
                .flavour = &up_flavours[UP_FLAVOUR_ASAN],
                .target = collection->target,
                .limit_s = LIMIT_S,
                .fault = folders->fault,
        };
        g_autoptr(GHashTable) smallest =
            g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        g_autoptr(GHashTable) reported = up_reported_read(folders);
        GError *failure = NULL;
        struct state state = {
                .collection = collection,
                .triage = up_triage_new(&run, collection->regressions, NULL, collection->line),
                .smallest = smallest,
                .reported = reported,
                .findings = findings,
                .error = &failure,
        };
        bool done;

        up_status_line_show(collection->line, "sorting what was found");
        done = sort_inputs(&state, folders->kept, true) &&
               sort_inputs(&state, folders->crashes, false);
        add_unexplained_crash(&state);
        done = done && collect_all(&state);
        find_root_causes(findings);
        done = done && write_reported(&state);
        if (done)
                move_crashes_to_done(&state);
        if (failure != NULL)
                g_propagate_error(error, failure);
        up_triage_free(state.triage);
        g_free(state.passes_alone);
        return done;
}
