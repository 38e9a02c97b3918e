/*
 * unpend promote - from a finding to a permanent regression, in one command
 *
 * A row of steps, each of which may refuse; only the last one writes. What is there already, shows
 * now this and now that, or does not pass where the gate wants it to pass, is no regression.
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
#include <errno.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "case/case.h"
#include "tools/minimize.h"
#include "tools/private.h"
#include "tools/run.h"
#include "tools/telling.h"
#include "tools/tool.h"

#define FOLDER      "regressions"
#define NAME_BYTES  60
#define TITLE_CHARS 100
#define TIMES       3  /* each way; a hang, which takes its limit, once */
#define HANDFUL     20 /* at most, before it in one process */
#define INDENT      12 /* of what is behind a name */

enum owner { OWNER_PLANT, OWNER_USER, OWNER_KNOWN, OWNER_PRIVATE };

/** Whose finding it is, and what the gate makes of it. */
static const struct {
        const char *name, *gate; /* in JSON */
        const char *what;
} owners[] = {
        [OWNER_PLANT] = { "fault", "green",
            "The gate is green now: the case passes, and shows its finding under the fault." },
        [OWNER_USER] = { "own", "red", "The gate is red until the bug is mended." },
        [OWNER_KNOWN] = { "known", "green",
            "The gate is green now: it expects the finding, and where it is built from that very "
            "source says when it is gone." },
        [OWNER_PRIVATE] = { "private", "none",
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

struct promote {
        /* What was asked; NULL or false where it was not. All owned but the path. */
        char *name, *target, *flavour, *fault, *slug, *title, *reference, *known, *into, *time;
        gboolean private, ours, as_json;
        const char *path;

        enum owner owner;
        struct up_known known_as;
        char *root;  /* where regressions are; those of the target are in a folder of it */
        char *place; /* the file to be written */
        GBytes *input;
        struct up_case *c;
        unsigned seconds;          /* to make it small in; 0: until it is */
        struct up_run_order order; /* for the input, and without its path for all others */
        struct up_runner *runner;
        struct up_telling telling;

        GPtrArray *peers; /* of struct peer */
        struct up_finding *finding;
        unsigned times;  /* that it showed the finding, each way */
        unsigned others; /* before it in one process */
        struct up_minimized *small;
        struct up_case *dressed;
        GBytes *result;
};

static void peer_free(void *data)
{
        struct peer *peer = data;

        g_free(peer->path);
        up_case_free(peer->c);
        up_run_free(peer->run);
        g_free(peer);
}

static void clear(struct promote *promote)
{
        char *texts[] = { promote->name, promote->target, promote->flavour, promote->fault,
                promote->slug, promote->title, promote->reference, promote->known, promote->into,
                promote->time, promote->root, promote->place };

        for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
                g_free(texts[i]);
        up_known_clear(&promote->known_as);
        g_clear_pointer(&promote->input, g_bytes_unref);
        up_case_free(promote->c);
        g_clear_pointer(&promote->runner, up_runner_free);
        g_clear_pointer(&promote->peers, g_ptr_array_unref);
        up_finding_free(promote->finding);
        up_minimized_free(promote->small);
        up_case_free(promote->dressed);
        g_clear_pointer(&promote->result, g_bytes_unref);
}

static int refuse(const struct promote *promote, const char *format, ...) G_GNUC_PRINTF(2, 3);
static int refuse(const struct promote *promote, const char *format, ...)
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

/* --- what was asked: a status, or -1 to go on ------------------------------------------------- */

static bool is_slug(const char *name)
{
        return strlen(name) <= NAME_BYTES &&
               g_regex_match_simple("\\A[a-z0-9]+(-[a-z0-9]+)*\\z", name, 0, 0);
}

/* It can stand in a head. */
static bool is_line(const char *text)
{
        g_autofree char *stripped = g_strstrip(g_strdup(text));
        g_autofree char *printable = up_tool_printable(stripped);

        return stripped[0] != '\0' && strcmp(printable, text) == 0;
}

static int check_words(struct promote *promote)
{
        const struct {
                const char *option, *text;
        } lines[] = {
                { "title", promote->title },
                { "reference", promote->reference },
                { "known", promote->known },
        };

        if (promote->name == NULL)
                return up_tool_usage("what is it to be called? --name SLUG");
        if (!is_slug(promote->name)) {
                g_autofree char *printable = up_tool_printable(promote->name);
                return up_tool_usage("--name %s: want small letters and digits, with single "
                                     "hyphens between, %d in all at most",
                    printable, NAME_BYTES);
        }
        for (size_t i = 0; i < G_N_ELEMENTS(lines); i++)
                if (lines[i].text != NULL && !is_line(lines[i].text))
                        return up_tool_usage(
                            "--%s: want one line of text, without blanks at its ends",
                            lines[i].option);
        if (promote->known != NULL && !up_known_read(promote->known, &promote->known_as))
                return up_tool_usage("--known %s: want three words as one argument, \"LIBRARY "
                                     "VERSION URL\"",
                    promote->known);
        if (promote->time != NULL && !up_tool_read_time(promote->time, &promote->seconds))
                return up_tool_usage(
                    "--time %s: want a time such as 90s, 10m or 2h", promote->time);
        if ((promote->known != NULL) + promote->private + promote->ours > 1)
                return up_tool_usage("--known, --private, --ours: one of them alone");
        if (promote->private && promote->into != NULL)
                return up_tool_usage("--into: where --private writes, UNPEND_PRIVATE says");
        return -1;
}

static int read_input(struct promote *promote)
{
        g_autoptr(GError) error = NULL;
        const void *data;
        gsize bytes;

        promote->input = up_tool_read_file(promote->path, &error);
        if (promote->input == NULL)
                return up_tool_fail(UP_STATUS_FOUND, "%s", error->message);
        data = g_bytes_get_data(promote->input, &bytes);
        promote->c = up_case_read(data, bytes, NULL);
        return -1;
}

static int check_target(struct promote *promote)
{
        char *targets[] = { promote->target, NULL };

        if (!up_tool_can_run(targets, promote->fault))
                return UP_STATUS_USAGE;
        if (promote->target == NULL)
                promote->target = g_strdup(up_tool_target_of(promote->path));
        if (promote->target == NULL)
                return up_tool_usage(
                    "%s: its folder names no target; say --target NAME", promote->path);
        if (promote->fault == NULL && up_tool_has_pipeline(promote->target))
                promote->fault = g_strdup(promote->c->fault);
        targets[0] = promote->target;
        if (!up_tool_can_run(targets, promote->fault))
                return UP_STATUS_USAGE;
        promote->order.target = promote->target;
        promote->order.fault = promote->fault;
        promote->order.path = promote->path;
        promote->order.flavour = up_flavour_find(promote->flavour);
        return promote->order.flavour != NULL ? -1 : UP_STATUS_USAGE;
}

static int check_owner(struct promote *promote)
{
        const struct up_known *head = &promote->c->known;

        if (promote->fault != NULL && (promote->known != NULL || promote->ours))
                return up_tool_usage(
                    "--known, --ours: with --fault %s it is the plant's finding", promote->fault);
        if (promote->private)
                promote->owner = OWNER_PRIVATE;
        else if (promote->fault != NULL)
                promote->owner = OWNER_PLANT;
        else if (promote->known != NULL)
                promote->owner = OWNER_KNOWN;
        else if (promote->ours || up_tool_has_pipeline(promote->target))
                promote->owner = OWNER_USER;
        else if (head->name != NULL) {
                promote->owner = OWNER_KNOWN;
                promote->known_as = (struct up_known){ g_strdup(head->name),
                        g_strdup(head->version), g_strdup(head->url) };
        } else
                return up_tool_usage(
                    "whose bug is it? --private: a library's, and not published; "
                    "--known \"LIBRARY VERSION URL\": a library's, and published; --ours: ours");
        return -1;
}

/* --- where it will be: the same --------------------------------------------------------------- */

static int check_place(struct promote *promote)
{
        g_autofree char *file = g_strconcat(promote->name, ".case", NULL);
        g_autofree char *folder = NULL;
        g_autoptr(GError) error = NULL;

        if (promote->private)
                promote->root = up_private_folder();
        else
                promote->root = g_strdup(promote->into != NULL ? promote->into : FOLDER);
        folder = g_build_filename(promote->root, promote->target, NULL);
        promote->place = g_build_filename(folder, file, NULL);
        if (g_file_test(promote->place, G_FILE_TEST_EXISTS | G_FILE_TEST_IS_SYMLINK))
                return up_tool_fail(
                    UP_STATUS_FOUND, "%s is there already: choose another --name", promote->place);
        if (promote->private && !up_private_is_safe(promote->root, promote->target, &error))
                return up_tool_fail(UP_STATUS_FOUND, "%s", error->message);
        return -1;
}

/* --- the other cases of the target ------------------------------------------------------------ */

static bool is_same_file(const char *one, const char *other)
{
        GStatBuf first, second;

        return g_stat(one, &first) == 0 && g_stat(other, &second) == 0 &&
               first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

/* No case by its name, or the finding itself, is none. */
static void add_peer(struct promote *promote, const char *path, bool is_private)
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

static void add_peers(struct promote *promote, const char *root, bool is_private)
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

static int collect_peers(struct promote *promote)
{
        g_autofree char *private = up_private_folder();

        promote->peers = g_ptr_array_new_with_free_func(peer_free);
        add_peers(promote, promote->into != NULL ? promote->into : FOLDER, false);
        add_peers(promote, private, true);
        g_ptr_array_sort(promote->peers, by_path);
        return -1;
}

/* In a thread of the pool. */
static void run_peer(gpointer data, gpointer user_data)
{
        const struct promote *promote = user_data;
        struct up_run_order order = promote->order;
        struct peer *peer = data;

        order.path = peer->path;
        order.fault = peer->fault;
        up_run_free(peer->run);
        peer->run = up_runner_run(promote->runner, &order);
}

static void run_peers(struct promote *promote, GPtrArray *peers)
{
        GThreadPool *pool =
            g_thread_pool_new(run_peer, promote, (gint)g_get_num_processors(), FALSE, NULL);

        for (guint i = 0; i < peers->len; i++)
                g_thread_pool_push(pool, peers->pdata[i], NULL);
        g_thread_pool_free(pool, FALSE, TRUE);
}

/* --- the steps: a status, or -1 to go on ------------------------------------------------------ */

/* "pending, no-progress: scan-wait/waiting; lost: …", or why there is nothing. Caller owns it. */
static char *shown_text(const struct up_run *run)
{
        GString *text = g_string_new(NULL);

        for (guint i = 0; i < run->findings->len; i++) {
                const struct up_finding *finding = g_ptr_array_index(run->findings, i);
                const char *evidence = up_evidence_rows[finding->evidence].name;
                g_string_append_printf(text, "%s%s%s%s: %s", text->len > 0 ? "; " : "",
                    up_class_rows[finding->class].name, *evidence != '\0' ? ", " : "", evidence,
                    finding->signature);
        }
        if (text->len == 0)
                g_string_append(text, run->why != NULL ? run->why : "nothing");
        return g_string_free(text, FALSE);
}

static int find(struct promote *promote)
{
        g_autoptr(up_run) run = NULL;
        g_autofree char *shown = NULL;
        struct up_finding *finding;
        guint index;

        up_telling_say(&promote->telling, "looking for the finding");
        run = up_run_case(&promote->order);
        shown = shown_text(run);
        if (run->status == UP_RUN_CANNOT)
                return refuse(promote, "%s", run->why);
        if (run->findings->len == 0)
                return refuse(promote,
                    "%s shows no finding in %s, %s%s%s: try another --target, --fault, or "
                    "--flavour libfuzzer, which sees more",
                    promote->path, promote->target, promote->order.flavour->name,
                    promote->fault != NULL ? " under " : "",
                    promote->fault != NULL ? promote->fault : "");
        finding = up_run_choose(run, promote->c, promote->slug);
        if (finding == NULL)
                return refuse(promote,
                    "%s shows no %s, but %s: repro --json tells the slugs for --finding",
                    promote->path, promote->slug, shown);
        g_ptr_array_find(run->findings, finding, &index);
        promote->finding = g_ptr_array_steal_index(run->findings, index);
        return -1;
}

static bool is_duplicate(const struct promote *promote, const struct peer *peer)
{
        for (guint i = 0; i < peer->run->findings->len; i++) {
                const struct up_finding *finding = g_ptr_array_index(peer->run->findings, i);
                if (finding->class == promote->finding->class &&
                    finding->evidence == promote->finding->evidence &&
                    strcmp(finding->signature, promote->finding->signature) == 0)
                        return true;
        }
        return false;
}

static int refuse_duplicate(struct promote *promote)
{
        const char *class = up_class_rows[promote->finding->class].name;
        g_autoptr(GPtrArray) alike = g_ptr_array_new();

        up_telling_say(&promote->telling, "looking whether another case shows the same");
        for (guint i = 0; i < promote->peers->len; i++) {
                struct peer *peer = promote->peers->pdata[i];
                peer->fault = peer->c->fault;
                if (g_strcmp0(peer->fault, promote->order.fault) == 0 &&
                    g_strcmp0(peer->c->finding, class) == 0)
                        g_ptr_array_add(alike, peer);
        }
        run_peers(promote, alike);
        for (guint i = 0; i < alike->len; i++) {
                const struct peer *peer = alike->pdata[i];
                if (is_duplicate(promote, peer))
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
static GPtrArray *handful(struct promote *promote, GRand *chance)
{
        g_autoptr(GPtrArray) some = g_ptr_array_new();
        GPtrArray *paths = g_ptr_array_new();

        for (guint i = 0; i < promote->peers->len; i++) {
                struct peer *peer = promote->peers->pdata[i];
                bool breaks = peer->c->finding != NULL &&
                              g_strcmp0(peer->c->fault, promote->order.fault) == 0;
                peer->fault = promote->order.fault;
                if (!peer->is_private && !breaks)
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

static int must_show(const struct promote *promote, const struct up_run *run, const char *when)
{
        g_autofree char *slug = up_finding_slug(promote->finding);
        g_autofree char *shown = shown_text(run);

        if (up_run_same(run, promote->finding) != NULL)
                return -1;
        return refuse(promote, "%s does not always show %s (%s): %s it showed %s", promote->path,
            slug, promote->finding->signature, when, shown);
}

static int verify_fresh(struct promote *promote)
{
        int status = -1;

        for (unsigned i = 1; i <= promote->times && status < 0; i++) {
                g_autofree char *when =
                    g_strdup_printf("in a fresh process, time %u of %u,", i, promote->times);
                up_telling_say(&promote->telling, when);
                g_autoptr(up_run) run = up_run_case(&promote->order);
                status = must_show(promote, run, when);
        }
        return status;
}

/* Where there is no other, that was seen in fresh processes. */
static int verify_after_others(struct promote *promote)
{
        g_autoptr(GRand) chance = g_rand_new_with_seed(1); /* the same each time */
        g_autoptr(GPtrArray) others = handful(promote, chance);
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
                g_autoptr(up_run) run = up_run_last(&promote->order, (char *const *)paths->pdata);
                status = must_show(promote, run, when);
        }
        return status;
}

/* What the gate demands of a case that names a fault. */
static int must_pass_without_fault(const struct promote *promote, const char *path)
{
        struct up_run_order order = promote->order;
        g_autoptr(up_run) run = NULL;
        g_autofree char *shown = NULL;

        if (promote->order.fault == NULL)
                return -1;
        order.path = path;
        order.fault = NULL;
        order.twice = true;
        run = up_run_case(&order);
        if (run->status == UP_RUN_PASSED)
                return -1;
        shown = shown_text(run);
        return refuse(promote,
            "%s does not pass without %s, where it showed %s: it tells of more "
            "than the fault",
            promote->path, promote->order.fault, shown);
}

static int verify(struct promote *promote)
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

static int minimize(struct promote *promote)
{
        g_autofree char *slug = up_finding_slug(promote->finding);
        const void *data;
        gsize bytes;

        promote->small = up_minimize(
            &(struct up_minimize_order){
                .run = promote->order,
                .runner = promote->runner,
                .slug = slug,
                .seconds = promote->seconds,
                .jobs = g_get_num_processors(),
                .step = step,
                .data = &promote->telling,
            },
            promote->input);
        if (promote->small->end == UP_MINIMIZE_CANNOT)
                return refuse(promote, "%s", promote->small->why);
        if (promote->small->bytes == NULL)
                return refuse(promote, "%s does not show %s any more", promote->path, slug);
        data = g_bytes_get_data(promote->small->bytes, &bytes);
        promote->dressed = up_case_read(data, bytes, NULL);
        if (g_strcmp0(promote->small->fault, promote->order.fault) == 0)
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

static void put_text(char **text, const char *value)
{
        g_free(*text);
        *text = g_strdup(value);
}

static int dress(struct promote *promote)
{
        const struct up_finding *finding = promote->finding;
        bool has_evidence = finding->evidence != UP_EVIDENCE_NONE;
        struct up_case *c = promote->dressed;

        if (promote->title != NULL)
                put_text(&c->title, promote->title);
        else if (c->title == NULL)
                c->title = made_title(finding);
        if (promote->reference != NULL)
                put_text(&c->reference, promote->reference);
        put_text(&c->fault, promote->order.fault);
        put_text(&c->finding, up_class_rows[finding->class].name);
        put_text(&c->evidence, has_evidence ? up_evidence_rows[finding->evidence].name : NULL);
        up_known_clear(&c->known);
        c->known = promote->known_as;
        promote->known_as = (struct up_known){ 0 };
        promote->result = up_case_write(c);
        return -1;
}

/* Every finding is of the class: the gate takes a known breakage for nothing else. */
static bool is_pure(const struct promote *promote, const struct up_run *run)
{
        for (guint i = 0; i < run->findings->len; i++) {
                const struct up_finding *finding = g_ptr_array_index(run->findings, i);
                if (finding->class != promote->finding->class)
                        return false;
        }
        return true;
}

/* As the gate will run it. */
static int run_result(struct promote *promote, const char *path)
{
        struct up_run_order order = promote->order;
        g_autoptr(up_run) run = NULL;
        g_autofree char *shown = NULL;

        order.path = path;
        order.twice = true;
        run = up_run_case(&order);
        shown = shown_text(run);
        if (up_run_same(run, promote->finding) == NULL)
                return refuse(promote, "%s, made small and with its head on, showed %s",
                    promote->path, shown);
        if (promote->owner == OWNER_KNOWN && !is_pure(promote, run))
                return refuse(promote,
                    "%s shows more than the known breakage, which the gate will not take: %s",
                    promote->path, shown);
        return must_pass_without_fault(promote, path);
}

static int verify_result(struct promote *promote)
{
        g_autoptr(GPtrArray) complaints = up_complaints_new();
        g_autoptr(up_case) read = NULL;
        g_autofree char *path = NULL;
        g_autoptr(GError) error = NULL;
        gsize bytes;
        const void *data = g_bytes_get_data(promote->result, &bytes);
        int fd, status;

        up_telling_say(&promote->telling, "looking at the result as the gate will");
        read = up_case_read(data, bytes, complaints);
        if (complaints->len > 0)
                return refuse(promote, "%s: the result is no valid case: %s", promote->path,
                    ((struct up_complaint *)complaints->pdata[0])->text);
        fd = g_file_open_tmp("unpend-XXXXXX.case", &path, &error);
        if (fd < 0)
                return refuse(promote, "%s", error->message);
        close(fd);
        status = g_file_set_contents(path, data, (gssize)bytes, &error)
                     ? run_result(promote, path)
                     : refuse(promote, "%s", error->message);
        g_remove(path);
        return status;
}

/* --- writing ---------------------------------------------------------------------------------- */

/* By another name in the folder, which then gets the right one if nobody else has it. */
static bool write_file(const struct promote *promote, const char *folder, GError **error)
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

static int write_result(struct promote *promote)
{
        g_autofree char *folder = g_path_get_dirname(promote->place);
        g_autoptr(GError) error = NULL;

        if (up_tool_interrupted())
                return refuse(promote, "interrupted");
        if (g_mkdir_with_parents(folder, promote->private ? 0700 : 0777) < 0)
                return refuse(promote, "%s: cannot be made: %s", folder, g_strerror(errno));
        return write_file(promote, folder, &error) ? -1 : refuse(promote, "%s", error->message);
}

/* --- telling ---------------------------------------------------------------------------------- */

static void line(const char *name, const char *text)
{
        g_autofree char *wrapped = up_tool_wrap(text, INDENT);

        up_tool_paint(stdout, UP_DIM, "  %-10s", name);
        puts(wrapped);
}

static void tell_finding(const struct up_finding *finding)
{
        const struct up_class_row *class = &up_class_rows[finding->class];
        const struct up_evidence_row *evidence = &up_evidence_rows[finding->evidence];
        g_autofree char *what = g_strdup_printf("%s: %s", class->name, class->what);
        g_autofree char *why = g_strdup_printf("%s: %s", evidence->name, evidence->what);

        line("finding", what);
        if (finding->evidence != UP_EVIDENCE_NONE)
                line("evidence", why);
        line("signature", finding->signature);
}

static void tell_verified(const struct promote *promote)
{
        g_autoptr(GString) text = g_string_new(NULL);

        g_string_append_printf(text, "%u times in fresh processes, ", promote->times);
        if (promote->others > 0)
                g_string_append_printf(text, "%u times after %u other%s in one, ", promote->times,
                    promote->others, promote->others == 1 ? "" : "s");
        g_string_append(text, "and as written");
        if (promote->order.fault != NULL)
                g_string_append_printf(text, "; passes without %s", promote->order.fault);
        line("verified", text->str);
}

static void tell_next(const struct promote *promote)
{
        g_autofree char *place = up_tool_quote(promote->place);
        g_autofree char *input = up_tool_quote(promote->path);
        const char *flavour = promote->order.flavour->name;
        g_autofree char *wrapped = up_tool_wrap(owners[promote->owner].what, 2);

        if (promote->private) {
                printf("\n  %s\n    %s promote --flavour %s --target %s --name %s "
                       "--known \"LIBRARY VERSION URL\" %s\n",
                    wrapped, up_tool_program(), flavour, promote->target, promote->name, place);
                return;
        }
        printf("\n  To go on:\n    git add %s\n    %s gate --flavour %s %s\n", place,
            up_tool_program(), flavour, place);
        if (up_private_holds(promote->path))
                printf("    rm %s\n", input);
        printf("\n  %s\n", wrapped);
}

static void tell_text(const struct promote *promote)
{
        g_autofree char *before = up_telling_size(&promote->small->before);
        g_autofree char *after = up_telling_size(&promote->small->after);

        up_tool_paint(stdout, UP_BOLD, "%s", promote->path);
        putchar('\n');
        tell_finding(promote->finding);
        line("title", promote->dressed->title);
        if (promote->order.fault != NULL)
                line("fault", promote->order.fault);
        tell_verified(promote);
        line("before", before);
        line("after", after);
        line("written", promote->place);
        tell_next(promote);
}

static void build_verified(const struct promote *promote, JsonBuilder *json)
{
        json_builder_set_member_name(json, "verified");
        json_builder_begin_object(json);
        up_tool_json_number(json, "fresh", promote->times);
        up_tool_json_number(json, "after-others", promote->others > 0 ? promote->times : 0);
        up_tool_json_number(json, "others", promote->others);
        json_builder_end_object(json);
}

static void build_finding(const struct promote *promote, JsonBuilder *json)
{
        g_autofree char *slug = up_finding_slug(promote->finding);

        json_builder_set_member_name(json, "finding");
        json_builder_begin_object(json);
        up_run_build_finding(promote->finding, json);
        up_tool_json_text(json, "slug", slug);
        json_builder_end_object(json);
}

static void tell_json(const struct promote *promote)
{
        g_autoptr(JsonBuilder) json = json_builder_new();

        json_builder_begin_object(json);
        up_tool_json_text(json, "case", promote->path);
        up_tool_json_text(json, "target", promote->target);
        up_tool_json_text(json, "flavour", promote->order.flavour->name);
        up_tool_json_text(json, "fault", promote->order.fault);
        build_finding(promote, json);
        up_tool_json_text(json, "title", promote->dressed->title);
        build_verified(promote, json);
        up_telling_build_size(json, "before", &promote->small->before);
        up_telling_build_size(json, "after", &promote->small->after);
        up_tool_json_text(json, "owner", owners[promote->owner].name);
        up_tool_json_text(json, "gate", owners[promote->owner].gate);
        up_tool_json_text(json, "written", promote->place);
        json_builder_end_object(json);
        up_tool_print_json(json);
}

/* --- all of it -------------------------------------------------------------------------------- */

static int check(struct promote *promote)
{
        static int (*const checks[])(
            struct promote *) = { check_words, read_input, check_target, check_owner, check_place };
        int status = -1;

        for (size_t i = 0; i < G_N_ELEMENTS(checks) && status < 0; i++)
                status = checks[i](promote);
        return status;
}

static int run(struct promote *promote)
{
        static int (*const steps[])(struct promote *) = { find, collect_peers, refuse_duplicate,
                verify, minimize, dress, verify_result, write_result };
        int status = -1;

        up_tool_interrupts();
        up_telling_begin(&promote->telling);
        promote->runner = up_runner_new();
        for (size_t i = 0; i < G_N_ELEMENTS(steps) && status < 0; i++)
                status = steps[i](promote);
        if (status >= 0)
                return status;
        up_telling_end(&promote->telling);
        if (promote->as_json)
                tell_json(promote);
        else
                tell_text(promote);
        return UP_STATUS_PASSED;
}

int up_tool_promote(int argc, char **argv)
{
        struct promote promote = { 0 };
        g_autofree char *flavours = up_flavour_help();
        const GOptionEntry entries[] = {
                { "name", 0, 0, G_OPTION_ARG_STRING, &promote.name,
                    "what it is called from now on: " FOLDER "/TARGET/SLUG.case", "SLUG" },
                { "target", 't', 0, G_OPTION_ARG_STRING, &promote.target,
                    "run it on this target (standard: the one that its folder names)", "NAME" },
                { "flavour", 'f', 0, G_OPTION_ARG_STRING, &promote.flavour, flavours, "NAME" },
                { "fault", 0, 0, G_OPTION_ARG_STRING, &promote.fault,
                    "plant this fault (standard: the one that the case names)", "NAME" },
                { "finding", 0, 0, G_OPTION_ARG_STRING, &promote.slug,
                    "which of several findings, as repro --json names them", "SLUG" },
                { "title", 0, 0, G_OPTION_ARG_STRING, &promote.title, "what the case is about",
                    "TEXT" },
                { "reference", 0, 0, G_OPTION_ARG_STRING, &promote.reference, "where it comes from",
                    "TEXT" },
                { "known", 0, 0, G_OPTION_ARG_STRING, &promote.known,
                    "a library's bug that is published", "\"LIBRARY VERSION URL\"" },
                { "private", 0, 0, G_OPTION_ARG_NONE, &promote.private,
                    "a library's bug that is not: keep it where UNPEND_PRIVATE says", NULL },
                { "ours", 0, 0, G_OPTION_ARG_NONE, &promote.ours, "a bug of ours", NULL },
                { "into", 0, 0, G_OPTION_ARG_FILENAME, &promote.into,
                    "where the regressions are (standard: " FOLDER ")", "DIR" },
                { "time", 0, 0, G_OPTION_ARG_STRING, &promote.time,
                    "make it no smaller after that (standard: when it is done)", "TIME" },
                { "json", 0, 0, G_OPTION_ARG_NONE, &promote.as_json, "tell it as JSON", NULL },
                G_OPTION_ENTRY_NULL,
        };
        int status = up_tool_options(&argc, &argv, entries, "FINDING",
            "Makes a permanent regression of a finding: a file of a campaign, a crash, any\n"
            "message. It must show the finding each time, in fresh processes and after other\n"
            "cases in one, no other case of the target may show it already, and with a fault\n"
            "it must pass without. Then it is made small, and written. Which finding, the\n"
            "head of the case says, or it is the first. Where a finding is neither that of a\n"
            "planted fault nor that of a pipeline, say whose bug it is: --known, --private or\n"
            "--ours. UNPEND_PRIVATE names the folder of those that are not published\n"
            "(standard: unpend/private in the user's folder for data).\n"
            "Exit status: 0 written, 1 refused, 2 wrong usage, 130 interrupted.");

        if (status < 0 && argc != 2)
                status = up_tool_usage(argc < 2 ? "which finding?" : "one finding at a time");
        if (status < 0) {
                promote.path = argv[1];
                status = check(&promote);
        }
        if (status < 0)
                status = run(&promote);
        clear(&promote);
        return status;
}
