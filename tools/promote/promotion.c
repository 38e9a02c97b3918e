/*
 * promotion - a row of steps, each of which may refuse; only the last one writes
 *
 * What is there already, shows now this and now that, or does not pass where the gate wants it to
 * pass, is no regression.
 *
 * That it comes again is tried in fresh processes, and after other cases in one process, each time
 * others before it: an address, or what a library keeps from case to case, must not decide.
 *
 * A library's bug that is not published belongs to its owners. So where a finding may be one,
 * nothing is written before the user has said whose it is; in private it is written where no
 * `git add .` finds it, and others cannot read it.
 *
 * It commits nothing, and knows nothing of cases in other branches.
 */
#include "tools/promote/promotion.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "faults/faults.h"
#include "tools/promote/private.h"
#include "tools/cli/tool.h"

#define TITLE_CHARS 100
#define TIMES       3  /* each way; a hang, which takes its limit, once */
#define HANDFUL     20 /* at most, before it in one process */

const struct up_whose_row up_whose_rows[UP_WHOSE_ROWS] = {
        [UP_WHOSE_PLANT] = { "fault", "green",
            "The gate is green now: the case passes, and shows its finding under the fault." },
        [UP_WHOSE_USER] = { "own", "red", "The gate is red until the bug is mended." },
        [UP_WHOSE_KNOWN] = { "known", "green",
            "The gate is green now: it expects the finding, and where it is built from that very "
            "source says when it is gone." },
        [UP_WHOSE_PRIVATE] = { "private", "none",
            "No gate runs it there. Campaigns know the finding from now on. Once it is "
            "published:" },
};

/* Another case of the target. */
struct peer {
        char *path;
        struct up_case *c;
        bool is_private;
        const char *fault;  /* to be planted when it is run */
        struct up_run *run; /* NULL before */
};

static void peer_free(void *data)
{
        struct peer *peer = data;

        g_free(peer->path);
        up_case_free(peer->c);
        up_run_free(peer->run);
        g_free(peer);
}

static int refuse(const struct up_promotion *promote, const char *format, ...) G_GNUC_PRINTF(2, 3);
static int refuse(const struct up_promotion *promote, const char *format, ...)
{
        g_autofree char *text = NULL;
        va_list args;

        up_telling_end(&promote->telling);
        if (up_tool_interrupted())
                return up_tool_fail(UP_STATUS_INTERRUPTED, "interrupted: nothing was written");
        va_start(args, format);
        text = g_strdup_vprintf(format, args);
        va_end(args);
        return up_tool_fail(UP_STATUS_FOUND, "%s", text);
}

/* --- the other cases of the target ------------------------------------------------------------ */

static bool is_same_file(const char *one, const char *other)
{
        GStatBuf first, second;

        return g_stat(one, &first) == 0 && g_stat(other, &second) == 0 &&
               first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

/* No case by its name, or the finding itself, is none. */
static void add_peer(struct up_promotion *promote, const char *path, bool is_private)
{
        g_autoptr(GBytes) bytes = NULL;
        struct peer *peer;

        if (*up_tool_case_ending(path) == '\0' || is_same_file(path, promote->path))
                return;
        bytes = up_tool_read_file(path, NULL);
        if (bytes == NULL)
                return;
        peer = g_new0(struct peer, 1);
        peer->path = g_strdup(path);
        peer->c = up_case_read(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), NULL);
        peer->is_private = is_private;
        g_ptr_array_add(promote->peers, peer);
}

static void add_peers(struct up_promotion *promote, const char *root, bool is_private)
{
        g_autofree char *folder = g_build_filename(root, promote->target, NULL);
        g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
        const char *name;

        while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
                g_autofree char *path = g_build_filename(folder, name, NULL);
                if (name[0] != '.')
                        add_peer(promote, path, is_private);
        }
}

static int by_path(gconstpointer a, gconstpointer b)
{
        const struct peer *const *left = a;
        const struct peer *const *right = b;

        return strcmp((*left)->path, (*right)->path);
}

static int collect_peers(struct up_promotion *promote)
{
        g_autofree char *private = up_private_folder();

        promote->peers = g_ptr_array_new_with_free_func(peer_free);
        add_peers(promote, promote->into != NULL ? promote->into : UP_PROMOTION_FOLDER, false);
        add_peers(promote, private, true);
        g_ptr_array_sort(promote->peers, by_path);
        return -1;
}

/* In a thread of the pool. */
static void run_peer(gpointer data, gpointer user_data)
{
        const struct up_promotion *promote = user_data;
        struct up_run_request order = promote->order;
        struct peer *peer = data;

        order.path = peer->path;
        order.fault = peer->fault;
        up_run_free(peer->run);
        peer->run = up_runner_run(promote->runner, &order);
}

static void run_peers(struct up_promotion *promote, GPtrArray *peers)
{
        GThreadPool *pool =
            g_thread_pool_new(run_peer, promote, (gint)g_get_num_processors(), FALSE, NULL);

        for (guint i = 0; i < peers->len; i++)
                g_thread_pool_push(pool, peers->pdata[i], NULL);
        g_thread_pool_free(pool, FALSE, TRUE);
}

/* --- the steps: a status, or -1 to go on ------------------------------------------------------ */

/* What the run found, or why there is nothing. The caller owns the result. */
static char *shown_text(const struct up_run *run)
{
        if (run->findings->len > 0)
                return up_run_describe_findings(run);
        return g_strdup(run->reason != NULL ? run->reason : "nothing");
}

static int find(struct up_promotion *promote)
{
        g_autoptr(up_run) run = NULL;
        g_autofree char *shown = NULL;
        struct up_finding *finding;

        up_telling_say(&promote->telling, "looking for the finding");
        run = up_run_case(&promote->order);
        shown = shown_text(run);
        if (run->status == UP_RUN_UNRUNNABLE)
                return refuse(promote, "%s", run->reason);
        if (run->findings->len == 0)
                return refuse(promote,
                    "%s shows no finding in %s, %s%s%s: try another --target, --fault, or "
                    "--flavour libfuzzer, which sees more",
                    promote->path, promote->target, promote->order.flavour->name,
                    promote->fault != NULL ? " under " : "",
                    promote->fault != NULL ? promote->fault : "");
        finding = up_run_select_finding(run, promote->c, promote->slug);
        if (finding == NULL)
                return refuse(promote,
                    "%s shows no %s, but %s: repro --json tells the slugs for --finding",
                    promote->path, promote->slug, shown);
        promote->finding = up_run_steal_finding(run, finding);
        return -1;
}

/* Only the user knows whose a crash is, or a call without a reason: ours, or a library's. */
static int find_owner(struct up_promotion *promote)
{
        const struct up_known *head = &promote->c->known;

        if (promote->private)
                promote->owner = UP_WHOSE_PRIVATE;
        else if (promote->fault != NULL)
                promote->owner = UP_WHOSE_PLANT;
        else if (promote->known != NULL)
                promote->owner = UP_WHOSE_KNOWN;
        else if (promote->ours)
                promote->owner = UP_WHOSE_USER;
        else if (head->name != NULL) {
                promote->owner = UP_WHOSE_KNOWN;
                promote->known_as = (struct up_known){ g_strdup(head->name),
                        g_strdup(head->version), g_strdup(head->url) };
        } else if (up_class_rows[promote->finding->class].of_pipeline)
                promote->owner = UP_WHOSE_USER;
        else {
                up_telling_end(&promote->telling);
                return up_tool_usage(
                    "whose bug is it? --private: a library's, and not published; "
                    "--known \"LIBRARY VERSION URL\": a library's, and published; --ours: ours");
        }
        return -1;
}

/* It shows some finding where this one is looked for. */
static bool breaks(const struct up_promotion *promote, const struct peer *peer)
{
        return peer->c->finding != NULL && up_fault_same(peer->c->fault, promote->order.fault);
}

static int refuse_duplicate(struct up_promotion *promote)
{
        g_autoptr(GPtrArray) alike = g_ptr_array_new();

        up_telling_say(&promote->telling, "looking whether another case shows the same");
        for (guint i = 0; i < promote->peers->len; i++) {
                struct peer *peer = promote->peers->pdata[i];
                peer->fault = peer->c->fault;
                if (breaks(promote, peer))
                        g_ptr_array_add(alike, peer);
        }
        run_peers(promote, alike);
        for (guint i = 0; i < alike->len; i++) {
                const struct peer *peer = alike->pdata[i];
                if (up_run_find_same(peer->run, promote->finding) != NULL)
                        return refuse(promote, "%s shows what %s shows already: %s", promote->path,
                            peer->path, promote->finding->signature);
        }
        return -1;
}

static void shuffle(GPtrArray *array, GRand *chance)
{
        for (guint i = array->len; i > 1; i--) {
                gint32 other = g_rand_int_range(chance, 0, (gint32)i);
                void *kept = array->pdata[i - 1];
                array->pdata[i - 1] = array->pdata[other];
                array->pdata[other] = kept;
        }
}

/* Paths, owned by the peers, of some that pass where the finding is looked for. */
static GPtrArray *handful(struct up_promotion *promote, GRand *chance)
{
        g_autoptr(GPtrArray) some = g_ptr_array_new();
        GPtrArray *paths = g_ptr_array_new();

        for (guint i = 0; i < promote->peers->len; i++) {
                struct peer *peer = promote->peers->pdata[i];
                peer->fault = promote->order.fault;
                if (!peer->is_private && !breaks(promote, peer))
                        g_ptr_array_add(some, peer);
        }
        shuffle(some, chance);
        g_ptr_array_set_size(some, (gint)MIN(some->len, HANDFUL));
        run_peers(promote, some);
        for (guint i = 0; i < some->len; i++) {
                const struct peer *peer = some->pdata[i];
                if (peer->run->status == UP_RUN_PASSED)
                        g_ptr_array_add(paths, peer->path);
        }
        return paths;
}

/* How the gate will run it. */
static struct up_run_request gate_order(const struct up_promotion *promote)
{
        struct up_run_request order = promote->order;

        if (promote->finding->class == UP_CLASS_HANG)
                order.limit_s = up_run_hang_limit_s(&order);
        return order;
}

static int must_show(const struct up_promotion *promote, const struct up_run *run, const char *when)
{
        g_autofree char *slug = up_finding_slug(promote->finding);
        g_autofree char *shown = shown_text(run);

        if (up_run_find_same(run, promote->finding) != NULL)
                return -1;
        return refuse(promote, "%s does not always show %s (%s): %s it showed %s", promote->path,
            slug, promote->finding->signature, when, shown);
}

static int verify_fresh(struct up_promotion *promote)
{
        const struct up_run_request order = gate_order(promote);
        int status = -1;

        for (unsigned i = 1; i <= promote->times && status < 0; i++) {
                g_autofree char *when =
                    g_strdup_printf("in a fresh process, time %u of %u,", i, promote->times);
                up_telling_say(&promote->telling, when);
                g_autoptr(up_run) run = up_run_case(&order);
                status = must_show(promote, run, when);
        }
        return status;
}

/* Where there is no other, that was seen in fresh processes. */
static int verify_after_others(struct up_promotion *promote)
{
        g_autoptr(GRand) chance = g_rand_new_with_seed(1); /* the same each time */
        g_autoptr(GPtrArray) others = handful(promote, chance);
        const struct up_run_request order = gate_order(promote);
        int status = -1;

        promote->others = others->len;
        for (unsigned i = 1; i <= promote->times && others->len > 0 && status < 0; i++) {
                g_autofree char *when =
                    g_strdup_printf("after %u other%s in one process, time %u of %u,", others->len,
                        others->len == 1 ? "" : "s", i, promote->times);
                g_autoptr(GPtrArray) paths = NULL;
                shuffle(others, chance);
                paths = g_ptr_array_copy(others, NULL, NULL);
                g_ptr_array_add(paths, (char *)promote->path);
                g_ptr_array_add(paths, NULL);
                up_telling_say(&promote->telling, when);
                g_autoptr(up_run) run = up_run_sequence(&order, (char *const *)paths->pdata);
                status = must_show(promote, run, when);
        }
        return status;
}

/* What the gate demands of a case that names a fault. */
static int must_pass_without_fault(const struct up_promotion *promote, const char *path)
{
        struct up_run_request order = promote->order;
        g_autoptr(up_run) run = NULL;
        g_autofree char *shown = NULL;

        if (promote->order.fault == NULL)
                return -1;
        order.path = path;
        order.fault = NULL;
        order.repeat = true;
        run = up_run_case(&order);
        if (run->status == UP_RUN_PASSED)
                return -1;
        shown = shown_text(run);
        return refuse(promote,
            "%s does not pass without %s, where it showed %s: it tells of more "
            "than the fault",
            promote->path, promote->order.fault, shown);
}

static int verify(struct up_promotion *promote)
{
        int status;

        promote->times = promote->finding->class == UP_CLASS_HANG ? 1 : TIMES;
        status = verify_fresh(promote);
        if (status < 0)
                status = verify_after_others(promote);
        return status < 0 ? must_pass_without_fault(promote, promote->path) : status;
}

static void step(const struct up_minimize_step *step, void *data)
{
        up_telling_step(data, step);
}

static int minimize(struct up_promotion *promote)
{
        g_autofree char *slug = up_finding_slug(promote->finding);
        const void *data;
        gsize bytes;

        promote->small = up_minimize(
            &(struct up_minimize_request){
                .run = promote->order,
                .runner = promote->runner,
                .slug = slug,
                .seconds = promote->seconds,
                .jobs = g_get_num_processors(),
                .step = step,
                .data = &promote->telling,
            },
            promote->input);
        if (promote->small->end == UP_MINIMIZE_UNRUNNABLE)
                return refuse(promote, "%s", promote->small->why);
        if (promote->small->bytes == NULL)
                return refuse(promote, "%s does not show %s any more", promote->path, slug);
        data = g_bytes_get_data(promote->small->bytes, &bytes);
        promote->dressed = up_case_read(data, bytes, NULL);
        if (up_fault_same(promote->small->fault, promote->order.fault))
                return -1;
        /* Of several faults not all were needed: under the others it may be there already. */
        promote->order.fault = promote->small->fault;
        return refuse_duplicate(promote);
}

/* --- the head of the result ------------------------------------------------------------------- */

static char *made_title(const struct up_finding *finding)
{
        g_autofree char *text =
            g_strdup_printf("%s: %s", up_class_rows[finding->class].what, finding->signature);
        char *title = up_tool_printable(g_strstrip(text));

        title[0] = g_ascii_toupper(title[0]);
        if (g_utf8_strlen(title, -1) > TITLE_CHARS) {
                g_autofree char *whole = title;
                g_autofree char *begin = g_utf8_substring(whole, 0, TITLE_CHARS - 1);
                title = g_strconcat(g_strchomp(begin), "…", NULL);
        }
        return title;
}

static int dress(struct up_promotion *promote)
{
        struct up_case *c = promote->dressed;

        if (promote->title != NULL)
                up_case_put(&c->title, promote->title);
        else if (c->title == NULL)
                c->title = made_title(promote->finding);
        if (promote->reference != NULL)
                up_case_put(&c->reference, promote->reference);
        up_minimize_head(c, promote->finding, promote->order.fault);
        up_known_clear(&c->known);
        c->known = promote->known_as;
        promote->known_as = (struct up_known){ 0 };
        promote->result = up_case_write(c);
        return -1;
}

/* Every finding is of the class: the gate takes a known breakage for nothing else. */
static bool is_pure(const struct up_promotion *promote, const struct up_run *run)
{
        for (guint i = 0; i < run->findings->len; i++) {
                const struct up_finding *finding = g_ptr_array_index(run->findings, i);
                if (finding->class != promote->finding->class)
                        return false;
        }
        return true;
}

/* As the gate will run it. */
static int run_result(struct up_promotion *promote, const char *path)
{
        struct up_run_request order = gate_order(promote);
        g_autoptr(up_run) run = NULL;
        g_autofree char *shown = NULL;

        order.path = path;
        order.repeat = true;
        run = up_run_case(&order);
        shown = shown_text(run);
        if (up_run_find_same(run, promote->finding) == NULL)
                return refuse(promote, "%s, made small and with its head on, showed %s",
                    promote->path, shown);
        if (promote->owner == UP_WHOSE_KNOWN && !is_pure(promote, run))
                return refuse(promote,
                    "%s shows more than the known breakage, which the gate will not take: %s",
                    promote->path, shown);
        return must_pass_without_fault(promote, path);
}

static int verify_result(struct up_promotion *promote)
{
        g_autoptr(GPtrArray) complaints = up_complaints_new();
        g_autoptr(up_case) read = NULL;
        g_autofree char *path = NULL;
        g_autoptr(GError) error = NULL;
        gsize bytes;
        const void *data = g_bytes_get_data(promote->result, &bytes);
        int status;

        up_telling_say(&promote->telling, "looking at the result as the gate will");
        read = up_case_read(data, bytes, complaints);
        if (complaints->len > 0)
                return refuse(promote, "%s: the result is no valid case: %s", promote->path,
                    ((struct up_complaint *)complaints->pdata[0])->text);
        path = up_tool_write_temporary_case(data, bytes, &error);
        if (path == NULL)
                return refuse(promote, "%s", error->message);
        status = run_result(promote, path);
        g_remove(path);
        return status;
}

/* --- writing ---------------------------------------------------------------------------------- */

/* By another name in the folder, which then gets the right one if nobody else has it. */
static bool write_file(const struct up_promotion *promote, const char *folder, GError **error)
{
        g_autofree char *name = g_strdup_printf(".%s.%d", promote->name, (int)getpid());
        g_autofree char *path = g_build_filename(folder, name, NULL);
        gsize bytes;
        const void *data = g_bytes_get_data(promote->result, &bytes);
        bool done;

        if (!g_file_set_contents_full(path, data, (gssize)bytes,
                G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE,
                promote->private ? 0600 : 0666, error))
                return false;
        done = link(path, promote->place) == 0;
        if (!done)
                g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "%s: cannot be written: %s",
                    promote->place, g_strerror(errno));
        g_unlink(path);
        return done;
}

static int write_result(struct up_promotion *promote)
{
        g_autofree char *folder = g_path_get_dirname(promote->place);
        g_autoptr(GError) error = NULL;

        if (up_tool_interrupted())
                return refuse(promote, "interrupted");
        if (g_mkdir_with_parents(folder, promote->private ? 0700 : 0777) < 0)
                return refuse(promote, "%s: cannot be made: %s", folder, g_strerror(errno));
        return write_file(promote, folder, &error) ? -1 : refuse(promote, "%s", error->message);
}

/* --- all of it -------------------------------------------------------------------------------- */

int up_promotion_run(struct up_promotion *promote)
{
        static int (*const steps[])(struct up_promotion *) = { find, find_owner, collect_peers,
                refuse_duplicate, verify, minimize, dress, verify_result, write_result };
        int status = -1;

        up_tool_interrupt_fd();
        up_telling_begin(&promote->telling);
        promote->runner = up_runner_new();
        for (size_t i = 0; i < G_N_ELEMENTS(steps) && status < 0; i++)
                status = steps[i](promote);
        if (status >= 0)
                return status;
        up_telling_end(&promote->telling);
        return UP_STATUS_PASSED;
}
