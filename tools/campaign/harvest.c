/*
 * harvest - group by slug, minimise, verify
 *
 * What has one outcome is minimised (minimize.h), and a bare input becomes a case whose head says
 * what it shows.
 *
 * A worker runs many inputs under load. One that was too slow or too large there, and is not alone,
 * is no finding; one that crashed there and does not alone had two outcomes, which is the harness's
 * own fault.
 */
#include "tools/campaign/harvest.h"

#include <glib/gstdio.h>
#include <string.h>

#include "case/case.h"
#include "faults/faults.h"
#include "target/target.h"
#include "tools/minimize/minimize.h"
#include "tools/promote/private.h"
#include "tools/exec/run.h"
#include "tools/cli/tool.h"

/* As long as a worker waits (fuzz/TARGET.options). */
#define LIMIT_S 25

/* However many findings share the time, each is minimised for so long, if that is not done before.
 */
#define LEAST_S      5
#define SLOW_LEAST_S 90

struct state {
        const struct up_harvest *harvest;
        GHashTable *known;    /* slug to URL, or path of a private case */
        GHashTable *smallest; /* slug to the path of the smallest input that shows it */
        GHashTable *told;     /* slugs that were told, but for what came of a graver one */
        gint64 left_us;       /* of the time for minimising */
        guint left;           /* findings that may take of it */
        GError **error;
};

static void catch_free(void *data)
{
        struct up_catch *catch = data;

        g_free(catch->path);
        g_free(catch->slug);
        g_free(catch->fault);
        up_finding_free(catch->finding);
        g_free(catch->known);
        g_ptr_array_unref(catch->shows);
        g_free(catch);
}

GPtrArray *up_catches_new(void)
{
        return g_ptr_array_new_with_free_func(catch_free);
}

static gsize file_bytes(const char *path)
{
        GStatBuf status;
        return g_stat(path, &status) == 0 ? (gsize)status.st_size : G_MAXSIZE;
}

static GPtrArray *files_in(const char *folder)
{
        GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
        g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
        const char *name;

        while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
                char *path = g_build_filename(folder, name, NULL);
                if (g_file_test(path, G_FILE_TEST_IS_REGULAR))
                        g_ptr_array_add(paths, path);
                else
                        g_free(path);
        }
        return paths;
}

/* Runs a file alone. NULL with @error when that says nothing about it. */
static up_run *run_alone(
    const struct state *state, const char *path, const char *fault, GError **error)
{
        g_autoptr(up_run) run = up_run_case(&(struct up_run_request){
            .flavour = up_flavour_find("libfuzzer"),
            .target = state->harvest->target,
            .path = path,
            .limit_s = LIMIT_S,
            .fault = fault,
        });

        if (run->status == UP_RUN_PASSED || run->status == UP_RUN_FOUND)
                return g_steal_pointer(&run);
        if (run->status == UP_RUN_UNRUNNABLE)
                g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s: %s", path, run->reason);
        else
                g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "interrupted");
        return NULL;
}

/* The finding of that slug; NULL when the run has none. Owned by the run. */
static struct up_finding *finding_of(const struct up_run *run, const char *slug)
{
        for (guint i = 0; i < run->result.findings->len; i++) {
                struct up_finding *finding = g_ptr_array_index(run->result.findings, i);
                g_autofree char *its = up_finding_slug(finding);
                if (strcmp(its, slug) == 0)
                        return finding;
        }
        return NULL;
}

/* What its head asks for is known by its URL, and while that is not public by its path. What it
 * shows besides is not. */
static bool learn_case(const struct state *state, const char *path, bool is_private, GError **error)
{
        const char *fault = state->harvest->folders->fault;
        g_autoptr(GBytes) bytes = up_tool_read_file(path, error);
        struct up_finding *asked;

        if (bytes == NULL)
                return false;
        g_autoptr(up_case) c =
            up_case_read(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), NULL);
        const char *known = is_private ? path : c->known.url;
        /* Under another fault it shows what that does. */
        if (known == NULL || !up_fault_same(c->fault, fault))
                return true;
        g_autoptr(up_run) run = run_alone(state, path, fault, error);
        if (run == NULL)
                return false;
        while ((asked = up_run_steal_finding(run, up_run_expected_finding(run, c))) != NULL) {
                g_hash_table_insert(state->known, up_finding_slug(asked), g_strdup(known));
                up_finding_free(asked);
        }
        return true;
}

/* One that cannot be run is passed over; false with the error when it was interrupted. */
static bool try_case(const struct state *state, const char *path, bool is_private)
{
        g_autoptr(GError) error = NULL;

        if (*up_tool_case_ending(path) == '\0' || learn_case(state, path, is_private, &error))
                return true;
        if (!g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
                g_autofree char *text = g_strdup_printf("passed over: %s", error->message);
                state->harvest->warn(text);
                return true;
        }
        g_propagate_error(state->error, g_steal_pointer(&error));
        return false;
}

static bool learn_folder(const struct state *state, const char *folder, bool is_private)
{
        g_autofree char *inside = g_build_filename(folder, state->harvest->target, NULL);
        g_autoptr(GPtrArray) paths = files_in(inside);

        for (guint i = 0; i < paths->len; i++)
                if (!try_case(state, g_ptr_array_index(paths, i), is_private))
                        return false;
        return true;
}

/* What is published by now is told by its URL, whoever still has it in private. */
static bool learn_known(const struct state *state)
{
        g_autofree char *private = up_private_folder();

        return learn_folder(state, private, true) &&
               learn_folder(state, state->harvest->regressions, false);
}

/* --- the smallest of each --------------------------------------------------------------------- */

static void offer(const struct state *state, const char *slug, const char *path)
{
        const char *best = g_hash_table_lookup(state->smallest, slug);

        if (best == NULL || file_bytes(path) < file_bytes(best))
                g_hash_table_insert(state->smallest, g_strdup(slug), g_strdup(path));
}

/* Once all of it is written: what was interrupted is looked at again by the next campaign. */
static void move_to_done(const struct state *state)
{
        const char *crashes = state->harvest->folders->crashes;
        g_autofree char *done = g_build_filename(crashes, "done", NULL);
        g_autoptr(GPtrArray) paths = files_in(crashes);

        g_mkdir_with_parents(done, 0777);
        for (guint i = 0; i < paths->len; i++) {
                g_autofree char *name = g_path_get_basename(paths->pdata[i]);
                g_autofree char *to = g_build_filename(done, name, NULL);
                g_rename(paths->pdata[i], to);
        }
}

static bool broke_by_a_bound(const char *path)
{
        g_autofree char *name = g_path_get_basename(path);

        return g_str_has_prefix(name, "timeout-") || g_str_has_prefix(name, "oom-");
}

static struct up_finding *two_outcomes(const char *path)
{
        g_autofree char *name = g_path_get_basename(path);

        return up_finding_new(UP_CLASS_NONDETERMINISTIC, name,
            "broke in the campaign, and passes when it is run alone");
}

static bool sort_crashes(const struct state *state)
{
        g_autoptr(GPtrArray) paths = files_in(state->harvest->folders->crashes);

        for (guint i = 0; i < paths->len; i++) {
                const char *path = g_ptr_array_index(paths, i);
                g_autoptr(up_run) run =
                    run_alone(state, path, state->harvest->folders->fault, state->error);
                if (run == NULL)
                        return false;
                if (run->result.findings->len == 0 && !broke_by_a_bound(path))
                        g_ptr_array_add(run->result.findings, two_outcomes(path));
                if (run->result.findings->len > 0) {
                        g_autofree char *slug =
                            up_finding_slug(g_ptr_array_index(run->result.findings, 0));
                        offer(state, slug, path);
                }
        }
        return true;
}

/* What the target kept is named by its slug, but for leaks, which LeakSanitizer names now. */
static bool sort_kept(const struct state *state)
{
        g_autoptr(GPtrArray) paths = files_in(state->harvest->folders->kept);

        for (guint i = 0; i < paths->len; i++) {
                const char *path = g_ptr_array_index(paths, i);
                g_autofree char *name = g_path_get_basename(path);
                if (!g_str_has_prefix(name, UP_TARGET_LEAKS)) {
                        offer(state, name, path);
                        continue;
                }
                g_autoptr(up_run) run =
                    run_alone(state, path, state->harvest->folders->fault, state->error);
                if (run == NULL)
                        return false;
                for (guint j = 0; j < run->result.findings->len; j++) {
                        const struct up_finding *finding = g_ptr_array_index(run->result.findings, j);
                        g_autofree char *slug = up_finding_slug(finding);
                        if (finding->class == UP_CLASS_LEAK)
                                offer(state, slug, path);
                }
        }
        return true;
}

/* --- minimising ------------------------------------------------------------------------------- */

/* What hangs takes long to minimise: it comes last, and has what the others leave. */
static bool is_slow(const char *slug)
{
        return g_str_has_prefix(slug, up_class_rows[UP_CLASS_HANG].name);
}

/* Of the time that is left; never none. */
static unsigned share_s(const struct state *state, const char *slug)
{
        gint64 share_s = state->left_us / state->left / G_TIME_SPAN_SECOND;

        return (unsigned)MAX(share_s, is_slow(slug) ? SLOW_LEAST_S : LEAST_S);
}

/* The smallest case that shows the same; NULL with the error when that was interrupted. */
static GBytes *minimised(struct state *state, GBytes *input, const char *slug)
{
        const struct up_harvest *harvest = state->harvest;
        struct up_runner *runner = up_runner_new();
        gint64 begin_us = g_get_monotonic_time();
        g_autoptr(up_minimized) result = up_minimize(
            &(struct up_minimize_request){
                .run = { .flavour = up_flavour_find("libfuzzer"),
                    .target = harvest->target,
                    .limit_s = LIMIT_S,
                    .fault = harvest->folders->fault },
                .runner = runner,
                .slug = slug,
                .seconds = share_s(state, slug),
                .jobs = g_get_num_processors(),
            },
            input);

        state->left_us -= MIN(state->left_us, g_get_monotonic_time() - begin_us);
        up_runner_free(runner);
        if (result->end == UP_MINIMIZE_INTERRUPTED)
                g_set_error_literal(state->error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "interrupted");
        else if (result->bytes == NULL) /* it shows it now and then: two outcomes */
                return g_bytes_ref(input);
        return result->end != UP_MINIMIZE_INTERRUPTED ? g_bytes_ref(result->bytes) : NULL;
}

/* Writes the smallest case to @result, which may hold an earlier campaign's. */
static bool write_smallest(struct state *state, const char *path, const char *slug,
    const struct up_finding *finding, const char *result)
{
        g_autofree char *text = g_strdup_printf("minimising %s", slug);
        g_autoptr(GBytes) bytes = NULL;
        gsize size;

        if (file_bytes(path) >= file_bytes(result))
                return true;
        bytes = up_tool_read_file(path, state->error);
        /* What is known has its smallest case in regressions/ already. */
        if (bytes != NULL && finding->class != UP_CLASS_NONDETERMINISTIC &&
            !g_hash_table_contains(state->known, slug)) {
                g_autoptr(GBytes) whole = g_steal_pointer(&bytes);
                state->harvest->step(text);
                bytes = minimised(state, whole, slug);
        }
        if (bytes == NULL)
                return false;
        const char *data = g_bytes_get_data(bytes, &size);
        return g_file_set_contents(result, data, (gssize)size, state->error);
}

/* What is minimised says itself which faults it takes. The caller owns the result. */
static char *faults_of(const struct state *state, const char *result)
{
        g_autoptr(GBytes) bytes = up_tool_read_file(result, NULL);
        gsize size = 0;
        const uint8_t *data = bytes != NULL ? g_bytes_get_data(bytes, &size) : NULL;
        g_autoptr(up_case) c = up_case_read(data, size, NULL);

        return g_strdup(c->finding != NULL ? c->fault : state->harvest->folders->fault);
}

/* NULL with the error when it was interrupted or cannot be done. */
static struct up_catch *bring_in(struct state *state, const char *slug, const char *path)
{
        g_autofree char *name = g_strconcat(slug, ".case", NULL);
        g_autofree char *result = g_build_filename(state->harvest->folders->findings, name, NULL);
        const char *known = g_hash_table_lookup(state->known, slug);
        g_autoptr(up_run) run =
            run_alone(state, path, state->harvest->folders->fault, state->error);

        if (run == NULL)
                return NULL;
        if (finding_of(run, slug) == NULL)
                g_ptr_array_add(run->result.findings, two_outcomes(path));
        struct up_finding *finding = finding_of(run, slug);
        if (finding == NULL)
                finding = g_ptr_array_index(run->result.findings, run->result.findings->len - 1);
        if (!write_smallest(state, path, slug, finding, result))
                return NULL;

        struct up_catch *catch = g_new0(struct up_catch, 1);
        catch->bytes = file_bytes(result);
        catch->fault = faults_of(state, result);
        catch->path = g_steal_pointer(&result);
        catch->slug = g_strdup(slug);
        catch->finding = up_run_steal_finding(run, finding);
        catch->known = g_strdup(known);
        catch->shows = g_ptr_array_new();
        catch->is_new = known == NULL && !g_hash_table_contains(state->told, slug);
        return catch;
}

static int by_text(const void *a, const void *b)
{
        return strcmp(a, b);
}

static bool bring_in_those(struct state *state, GList *slugs, bool slow, GPtrArray *catches)
{
        for (GList *slug = slugs; slug != NULL; slug = slug->next) {
                struct up_catch *catch;
                if (is_slow(slug->data) != slow)
                        continue;
                catch =
                    bring_in(state, slug->data, g_hash_table_lookup(state->smallest, slug->data));
                if (catch == NULL)
                        return false;
                g_ptr_array_add(catches, catch);
                state->left--;
        }
        return true;
}

static gint by_slug(gconstpointer a, gconstpointer b)
{
        const struct up_catch *const *left = a, *const *right = b;

        return strcmp((*left)->slug, (*right)->slug);
}

static struct up_catch *catch_of(const GPtrArray *catches, const char *slug)
{
        for (guint i = 0; i < catches->len; i++) {
                struct up_catch *catch = g_ptr_array_index(catches, i);
                if (strcmp(catch->slug, slug) == 0)
                        return catch;
        }
        return NULL;
}

/* Of what ends the process there is nothing else to see. */
static bool may_come_with(const struct up_catch *catch)
{
        return catch->known == NULL && catch->finding->class < UP_CLASS_CRASH;
}

/* False with the error when its case could not be run. */
static bool learn_shown(const struct state *state, const GPtrArray *catches, struct up_catch *catch)
{
        g_autoptr(up_run) run = run_alone(state, catch->path, catch->fault, state->error);

        for (guint i = 0; run != NULL && i < run->result.findings->len; i++) {
                g_autofree char *slug = up_finding_slug(run->result.findings->pdata[i]);
                struct up_catch *other = catch_of(catches, slug);
                if (other != NULL && other != catch && other->known == NULL)
                        g_ptr_array_add(catch->shows, other);
        }
        return run != NULL;
}

/* Of several the gravest. */
static void put_with_graver(struct up_catch *catch)
{
        for (guint i = 0; i < catch->shows->len; i++) {
                const struct up_catch *other = catch->shows->pdata[i];
                if (other->finding->class < catch->finding->class &&
                    (catch->with == NULL || other->finding->class < catch->with->finding->class))
                        catch->with = other;
        }
}

/* Of two of one class that have a consequence in common, that stands for both with which it is
 * told. But what is not new does not stand for what is. */
static void put_with_sibling(struct up_catch *catch)
{
        for (guint i = 0; i < catch->shows->len && catch->with == NULL; i++) {
                const struct up_catch *shared = catch->shows->pdata[i];
                const struct up_catch *other = shared->with;
                if (other != NULL && other != catch && other->with == NULL &&
                    (other->is_new || !catch->is_new) &&
                    other->finding->class == catch->finding->class)
                        catch->with = other;
        }
}

static bool put_together(const struct state *state, const GPtrArray *catches)
{
        for (guint i = 0; i < catches->len; i++)
                if (may_come_with(catches->pdata[i]) &&
                    !learn_shown(state, catches, catches->pdata[i]))
                        return false;
        for (guint i = 0; i < catches->len; i++)
                put_with_graver(catches->pdata[i]);
        for (guint i = 0; i < catches->len; i++)
                put_with_sibling(catches->pdata[i]);
        for (guint i = 0; i < catches->len; i++) {
                struct up_catch *catch = catches->pdata[i];
                while (catch->with != NULL && catch->with->with != NULL)
                        catch->with = catch->with->with;
        }
        return true;
}

/* --- what was told ---------------------------------------------------------------------------- */

static char *told_path(const struct state *state)
{
        return g_build_filename(state->harvest->folders->findings, "told", NULL);
}

static void learn_told(const struct state *state)
{
        g_autofree char *path = told_path(state);
        g_autofree char *text = NULL;
        g_auto(GStrv) slugs = NULL;

        if (!g_file_get_contents(path, &text, NULL, NULL))
                return;
        slugs = g_strsplit(g_strchomp(text), "\n", -1);
        for (char **slug = slugs; *slug != NULL; slug++)
                g_hash_table_add(state->told, g_strdup(*slug));
}

/* What came of a graver one is new once that is mended, and it is not. */
static bool keep_told(const struct state *state, const GPtrArray *catches)
{
        g_autofree char *path = told_path(state);
        g_autoptr(GString) text = g_string_new(NULL);
        g_autoptr(GList) slugs = NULL;

        for (guint i = 0; i < catches->len; i++) {
                const struct up_catch *catch = catches->pdata[i];
                if (catch->with == NULL || catch->with->finding->class == catch->finding->class)
                        g_hash_table_add(state->told, g_strdup(catch->slug));
        }
        slugs = g_list_sort(g_hash_table_get_keys(state->told), by_text);
        for (GList *slug = slugs; slug != NULL; slug = slug->next)
                g_string_append_printf(text, "%s\n", (const char *)slug->data);
        return g_file_set_contents(path, text->str, (gssize)text->len, state->error);
}

/* --- all of it -------------------------------------------------------------------------------- */

static bool bring_in_all(struct state *state, GPtrArray *catches)
{
        g_autoptr(GList) slugs = g_list_sort(g_hash_table_get_keys(state->smallest), by_text);
        bool done;

        state->left_us = state->harvest->minimise_s * G_TIME_SPAN_SECOND;
        state->left = g_list_length(slugs);
        done = bring_in_those(state, slugs, false, catches) &&
               bring_in_those(state, slugs, true, catches) && put_together(state, catches);
        g_ptr_array_sort(catches, by_slug);
        return done;
}

bool up_harvest(const struct up_harvest *harvest, GPtrArray *catches, GError **error)
{
        g_autoptr(GHashTable) known =
            g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        g_autoptr(GHashTable) smallest =
            g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        GError *failure = NULL;
        g_autoptr(GHashTable) told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        struct state state = { harvest, known, smallest, told, 0, 0, &failure };

        harvest->step("sorting what was found");
        learn_told(&state);
        bool done = learn_known(&state) && sort_kept(&state) && sort_crashes(&state) &&
                    bring_in_all(&state, catches) && keep_told(&state, catches);
        if (done)
                move_to_done(&state);
        if (failure != NULL)
                g_propagate_error(error, failure);
        return done;
}
