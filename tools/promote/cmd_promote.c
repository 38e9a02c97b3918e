/*
 * unpend promote - from a finding to a permanent regression, in one command
 *
 * Each step may refuse; only the last one writes. A finding that is known, does not come each time,
 * or does not pass where the gate wants it to pass, becomes no regression.
 *
 * An unpublished bug of a library is reported to its owners first. So where a library may be at
 * fault, nothing is written before the user has said whose bug it is; a private case is written
 * where no `git add .` finds it, and others cannot read it.
 *
 * Cases in other branches are not seen, and nothing is committed.
 */
#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "faults/faults.h"
#include "tools/cli/tool.h"
#include "tools/promote/private.h"
#include "tools/promote/promotion.h"

#define NAME_BYTES 60

static void clear(struct up_promotion *promotion)
{
        char *texts[] = { promotion->name, promotion->target, promotion->flavour, promotion->fault,
                promotion->slug, promotion->title, promotion->reference, promotion->known_text,
                promotion->into, promotion->time, promotion->root, promotion->place };

        for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
                g_free(texts[i]);
        up_known_clear(&promotion->known);
        g_clear_pointer(&promotion->triage, up_triage_free);
        up_triaged_free(promotion->triaged);
        up_case_free(promotion->result);
}

/* --- the options: an exit status, or -1 to go on ---------------------------------------------- */

/* May it stand in a head? */
static bool is_line(const char *text)
{
        g_autofree char *stripped = g_strstrip(g_strdup(text));
        g_autofree char *printable = up_printable(stripped);

        return stripped[0] != '\0' && strcmp(printable, text) == 0;
}

static int check_texts(struct up_promotion *promotion)
{
        const struct {
                const char *option, *text;
        } lines[] = {
                { "title", promotion->title },
                { "reference", promotion->reference },
                { "known", promotion->known_text },
        };

        if (promotion->name == NULL)
                return up_tool_usage("a name is missing: --name SLUG");
        if (strlen(promotion->name) > NAME_BYTES ||
            !g_regex_match_simple("\\A[a-z0-9]+(-[a-z0-9]+)*\\z", promotion->name, 0, 0)) {
                g_autofree char *printable = up_printable(promotion->name);
                return up_tool_usage("--name %s: want small letters and digits, with single "
                                     "hyphens between, %d in all at most",
                    printable, NAME_BYTES);
        }
        for (size_t i = 0; i < G_N_ELEMENTS(lines); i++)
                if (lines[i].text != NULL && !is_line(lines[i].text))
                        return up_tool_usage(
                            "--%s: want one line of text, without blanks at its ends",
                            lines[i].option);
        if (promotion->known_text != NULL &&
            !up_known_read(promotion->known_text, &promotion->known))
                return up_tool_usage("--known %s: want three words as one argument, \"LIBRARY "
                                     "VERSION URL\"",
                    promotion->known_text);
        if (promotion->time != NULL && !up_tool_parse_seconds(promotion->time, &promotion->seconds))
                return up_tool_usage(
                    "--time %s: want a time such as 90s, 10m or 2h", promotion->time);
        if ((promotion->known_text != NULL) + promotion->private + promotion->ours > 1)
                return up_tool_usage("--known, --private, --ours exclude each other");
        if (promotion->private && promotion->into != NULL)
                return up_tool_usage("--into: UNPEND_PRIVATE names the folder for --private");
        return -1;
}

static int check_target(struct up_promotion *promotion)
{
        g_autoptr(GError) error = NULL;
        g_autoptr(GBytes) input = up_tool_read_file(promotion->path, &error);
        g_autoptr(up_case) c = NULL;

        if (input == NULL)
                return up_tool_fail(UP_STATUS_FOUND, "%s", error->message);
        c = up_case_read(g_bytes_get_data(input, NULL), g_bytes_get_size(input), NULL);
        if (!up_tool_check_selection((char *[]){ promotion->target, NULL }, promotion->fault))
                return UP_STATUS_USAGE;
        if (promotion->target == NULL)
                promotion->target = g_strdup(up_tool_target_of_path(promotion->path));
        if (promotion->target == NULL)
                return up_tool_usage(
                    "%s: its folder names no target; use --target NAME", promotion->path);
        if (promotion->fault == NULL && up_tool_has_pipeline(promotion->target))
                promotion->fault = g_strdup(c->fault);
        if (!up_tool_check_selection((char *[]){ promotion->target, NULL }, promotion->fault))
                return UP_STATUS_USAGE;
        promotion->run.target = promotion->target;
        promotion->run.fault = promotion->fault;
        promotion->run.flavour = up_flavour_find(promotion->flavour);
        if (promotion->run.flavour == NULL)
                return UP_STATUS_USAGE;
        if (promotion->fault != NULL &&
            (promotion->known_text != NULL || promotion->private || promotion->ours))
                return up_tool_usage("--known, --private, --ours: with --fault %s the bug is the "
                                     "planted fault",
                    promotion->fault);
        return -1;
}

static int check_place(struct up_promotion *promotion)
{
        g_autofree char *file = g_strconcat(promotion->name, ".case", NULL);
        g_autoptr(GError) error = NULL;

        promotion->root = promotion->private        ? up_private_folder()
                          : promotion->into != NULL ? g_strdup(promotion->into)
                                                    : g_strdup(UP_PROMOTION_FOLDER);
        promotion->place = g_build_filename(promotion->root, promotion->target, file, NULL);
        if (g_file_test(promotion->place, G_FILE_TEST_EXISTS | G_FILE_TEST_IS_SYMLINK))
                return up_tool_fail(
                    UP_STATUS_FOUND, "%s exists: choose another --name", promotion->place);
        if (promotion->private && !up_private_is_safe(promotion->root, promotion->target, &error))
                return up_tool_fail(UP_STATUS_FOUND, "%s", error->message);
        return -1;
}

/* --- the steps: the same ---------------------------------------------------------------------- */

static int refuse(const struct up_promotion *promotion, const char *format, ...)
    G_GNUC_PRINTF(2, 3);
static int refuse(const struct up_promotion *promotion, const char *format, ...)
{
        g_autofree char *text = NULL;
        va_list args;

        up_status_line_clear(&promotion->line);
        if (up_tool_interrupted())
                return up_tool_fail(UP_STATUS_INTERRUPTED, "interrupted: nothing was written");
        va_start(args, format);
        text = g_strdup_vprintf(format, args);
        va_end(args);
        return up_tool_fail(UP_STATUS_FOUND, "%s", text);
}

static int refuse_triaged(const struct up_promotion *promotion)
{
        const struct up_triaged *triaged = promotion->triaged;
        const char *fault = promotion->fault;
        g_autofree char *slug = triaged->finding != NULL ? up_finding_slug(triaged->finding) : NULL;

        switch (triaged->status) {
        case UP_TRIAGE_NOTHING:
                return refuse(promotion,
                    "%s shows no finding in %s, %s%s%s: try another --target, --fault, or "
                    "--flavour asan, which sees more",
                    promotion->path, promotion->target, promotion->run.flavour->name,
                    fault != NULL ? " under " : "", fault != NULL ? fault : "");
        case UP_TRIAGE_OTHER:
                return refuse(promotion,
                    "%s shows no %s, but %s: repro --json prints the slugs for --finding",
                    promotion->path, promotion->slug, triaged->reason);
        case UP_TRIAGE_FLAKY:
                return refuse(promotion, "%s does not always show %s (%s): %s", promotion->path,
                    slug, triaged->finding->signature, triaged->reason);
        default:
                return refuse(promotion, "%s: %s", promotion->path, triaged->reason);
        }
}

/* Is the bug a library's or ours? Of a crash, or a call without a reason, the user has to say. */
static int find_owner(struct up_promotion *promotion)
{
        const struct up_known *head = &promotion->triaged->input_case->known;

        if (promotion->private)
                promotion->owner = UP_OWNER_PRIVATE;
        else if (promotion->fault != NULL)
                promotion->owner = UP_OWNER_FAULT;
        else if (promotion->known_text != NULL)
                promotion->owner = UP_OWNER_KNOWN;
        else if (promotion->ours)
                promotion->owner = UP_OWNER_OWN;
        else if (head->name != NULL) {
                promotion->owner = UP_OWNER_KNOWN;
                promotion->known = (struct up_known){ g_strdup(head->name), g_strdup(head->version),
                        g_strdup(head->url) };
        } else if (up_class_rows[promotion->triaged->finding->class].of_pipeline)
                promotion->owner = UP_OWNER_OWN;
        else {
                up_status_line_clear(&promotion->line);
                return up_tool_usage(
                    "whose bug is it? --private: a library's, and not published; "
                    "--known \"LIBRARY VERSION URL\": a library's, and published; --ours: ours");
        }
        return -1;
}

static int refuse_known(struct up_promotion *promotion, const char *fault)
{
        const struct up_finding *finding = promotion->triaged->finding;
        const struct up_known_case *known =
            up_triage_find_known(promotion->triage, finding, fault, false);

        if (known == NULL)
                return -1;
        return refuse(promotion, "%s shows what %s shows already: %s", promotion->path, known->path,
            finding->signature);
}

static void make_result(struct up_promotion *promotion)
{
        GBytes *small = promotion->triaged->small->bytes;
        struct up_case *c =
            up_case_read(g_bytes_get_data(small, NULL), g_bytes_get_size(small), NULL);

        promotion->result = c;
        up_minimize_set_head(
            c, promotion->triaged->finding, promotion->target, promotion->result_fault);
        if (promotion->title != NULL)
                up_case_put(&c->title, promotion->title);
        if (promotion->reference != NULL)
                up_case_put(&c->reference, promotion->reference);
        up_known_clear(&c->known);
        c->known = promotion->known;
        promotion->known = (struct up_known){ 0 };
}

/* The gate accepts a known breakage of the finding's class alone. */
static int check_result(struct up_promotion *promotion, GBytes *bytes)
{
        struct up_triaged *triaged = promotion->triaged;
        g_autoptr(GPtrArray) complaints = up_complaints_new();

        up_case_free(
            up_case_read(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), complaints));
        if (complaints->len > 0)
                return refuse(promotion, "%s: the result is no valid case: %s", promotion->path,
                    ((struct up_complaint *)complaints->pdata[0])->text);
        if (!up_triage_verify(promotion->triage, triaged, bytes, promotion->result_fault))
                return refuse_triaged(promotion);
        for (guint i = 0; i < triaged->run->result.findings->len; i++) {
                const struct up_finding *other = triaged->run->result.findings->pdata[i];
                g_autofree char *shown = up_run_describe_findings(triaged->run);
                if (promotion->owner == UP_OWNER_KNOWN && other->class != triaged->finding->class)
                        return refuse(promotion,
                            "%s shows more than the known breakage, which the gate does not "
                            "accept: %s",
                            promotion->path, shown);
        }
        return -1;
}

/* Written under another name first, so that an existing file is never replaced. */
static int write_result(struct up_promotion *promotion, GBytes *bytes)
{
        g_autofree char *folder = g_path_get_dirname(promotion->place);
        g_autofree char *name = g_strdup_printf(".%s.%d", promotion->name, (int)getpid());
        g_autofree char *path = g_build_filename(folder, name, NULL);
        g_autoptr(GError) error = NULL;
        int status = -1;

        if (up_tool_interrupted())
                return refuse(promotion, "interrupted");
        if (g_mkdir_with_parents(folder, promotion->private ? 0700 : 0777) < 0)
                return refuse(promotion, "%s: cannot be made: %s", folder, g_strerror(errno));
        if (!g_file_set_contents_full(path, g_bytes_get_data(bytes, NULL),
                (gssize)g_bytes_get_size(bytes),
                G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE,
                promotion->private ? 0600 : 0666, &error))
                return refuse(promotion, "%s", error->message);
        if (link(path, promotion->place) != 0)
                status = refuse(
                    promotion, "%s: cannot be written: %s", promotion->place, g_strerror(errno));
        g_unlink(path);
        return status;
}

static int promote(struct up_promotion *promotion)
{
        g_autoptr(GBytes) bytes = NULL;
        int status;

        up_tool_interrupt_fd();
        up_status_line_init(&promotion->line);
        promotion->triage = up_triage_new(&promotion->run,
            promotion->into != NULL ? promotion->into : UP_PROMOTION_FOLDER, promotion->path,
            &promotion->line);
        promotion->triaged =
            up_triage_identify(promotion->triage, promotion->path, promotion->slug);
        if (promotion->triaged->status != UP_TRIAGE_FOUND)
                return refuse_triaged(promotion);
        if ((status = find_owner(promotion)) >= 0 ||
            (status = refuse_known(promotion, promotion->fault)) >= 0)
                return status;
        if (!up_triage_reduce(promotion->triage, promotion->triaged, promotion->seconds, true))
                return refuse_triaged(promotion);
        promotion->result_fault = promotion->triaged->small->fault;
        /* Minimising dropped a fault: a case of the rest may show the finding. */
        if (!up_fault_same(promotion->result_fault, promotion->fault) &&
            (status = refuse_known(promotion, promotion->result_fault)) >= 0)
                return status;
        make_result(promotion);
        bytes = up_case_write(promotion->result);
        if ((status = check_result(promotion, bytes)) >= 0 ||
            (status = write_result(promotion, bytes)) >= 0)
                return status;
        up_status_line_clear(&promotion->line);
        if (promotion->as_json)
                up_promotion_print_json(promotion);
        else
                up_promotion_print_text(promotion);
        return UP_STATUS_PASSED;
}

/* --- the command ------------------------------------------------------------------------------ */

int up_tool_promote(int argc, char **argv)
{
        struct up_promotion promotion = { 0 };
        g_autofree char *flavours = up_flavour_names();
        const GOptionEntry entries[] = {
                { "name", 0, 0, G_OPTION_ARG_STRING, &promotion.name,
                    "its name: " UP_PROMOTION_FOLDER "/TARGET/SLUG.case", "SLUG" },
                { "target", 't', 0, G_OPTION_ARG_STRING, &promotion.target,
                    "run it on this target (standard: by its folder)", "NAME" },
                { "flavour", 'f', 0, G_OPTION_ARG_STRING, &promotion.flavour, flavours, "NAME" },
                { "fault", 0, 0, G_OPTION_ARG_STRING, &promotion.fault,
                    "plant this fault (standard: the case's own)", "NAME" },
                { "finding", 0, 0, G_OPTION_ARG_STRING, &promotion.slug,
                    "which of several findings, as in repro --json", "SLUG" },
                { "title", 0, 0, G_OPTION_ARG_STRING, &promotion.title,
                    "its title (standard: made from the finding)", "TEXT" },
                { "reference", 0, 0, G_OPTION_ARG_STRING, &promotion.reference,
                    "where it comes from", "TEXT" },
                { "known", 0, 0, G_OPTION_ARG_STRING, &promotion.known_text,
                    "a library's bug, published", "\"LIB VERSION URL\"" },
                { "private", 0, 0, G_OPTION_ARG_NONE, &promotion.private,
                    "a library's bug, not published: write it to UNPEND_PRIVATE", NULL },
                { "ours", 0, 0, G_OPTION_ARG_NONE, &promotion.ours, "a bug of ours", NULL },
                { "into", 0, 0, G_OPTION_ARG_FILENAME, &promotion.into,
                    "folder of regressions (standard: " UP_PROMOTION_FOLDER ")", "DIR" },
                { "time", 0, 0, G_OPTION_ARG_STRING, &promotion.time,
                    "minimise no longer (standard: when complete)", "TIME" },
                { "json", 0, 0, G_OPTION_ARG_NONE, &promotion.as_json, "print the result as JSON",
                    NULL },
                G_OPTION_ENTRY_NULL,
        };
        int status = up_tool_options(&argc, &argv, entries, "FINDING",
            "Makes a permanent regression of a finding: a file of a campaign, a crash, any\n"
            "message. It must show the finding each time, in fresh processes and after other\n"
            "cases in one, no other case of the target may show it already, and with a fault\n"
            "it must pass without. Then it is minimised, unless a campaign or minimize did\n"
            "so, and written. Of several findings it is the one that the head names, or\n"
            "the first. Where no fault is planted, and a library may be to blame, say whose\n"
            "bug it is: --known, --private or --ours. UNPEND_PRIVATE names the folder of\n"
            "unpublished ones (standard: unpend/private in the user's folder for data).\n"
            "Exit status: 0 written, 1 refused, 2 wrong usage, 130 interrupted.");

        promotion.path = argc == 2 ? argv[1] : NULL;
        if (status < 0 && promotion.path == NULL)
                status = up_tool_usage(argc < 2 ? "which finding?" : "one finding at a time");
        if (status < 0)
                status = check_texts(&promotion);
        if (status < 0)
                status = check_target(&promotion);
        if (status < 0)
                status = check_place(&promotion);
        if (status < 0)
                status = promote(&promotion);
        clear(&promotion);
        return status;
}
