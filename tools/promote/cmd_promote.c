/*
 * unpend promote - from a finding to a permanent regression, in one command
 *
 * Here is what was asked, and whether it can be; promotion.c does it.
 */
#include <glib/gstdio.h>
#include <string.h>

#include "tools/promote/private.h"
#include "tools/promote/promotion.h"
#include "tools/cli/tool.h"

#define NAME_BYTES 60

static void clear(struct up_promotion *promote)
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

static int check_words(struct up_promotion *promote)
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
        if (promote->time != NULL && !up_tool_parse_seconds(promote->time, &promote->seconds))
                return up_tool_usage(
                    "--time %s: want a time such as 90s, 10m or 2h", promote->time);
        if ((promote->known != NULL) + promote->private + promote->ours > 1)
                return up_tool_usage("--known, --private, --ours: one of them alone");
        if (promote->private && promote->into != NULL)
                return up_tool_usage("--into: where --private writes, UNPEND_PRIVATE says");
        return -1;
}

static int read_input(struct up_promotion *promote)
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

static int check_target(struct up_promotion *promote)
{
        char *targets[] = { promote->target, NULL };

        if (!up_tool_check_selection(targets, promote->fault))
                return UP_STATUS_USAGE;
        if (promote->target == NULL)
                promote->target = g_strdup(up_tool_target_of_path(promote->path));
        if (promote->target == NULL)
                return up_tool_usage(
                    "%s: its folder names no target; say --target NAME", promote->path);
        if (promote->fault == NULL && up_tool_has_pipeline(promote->target))
                promote->fault = g_strdup(promote->c->fault);
        targets[0] = promote->target;
        if (!up_tool_check_selection(targets, promote->fault))
                return UP_STATUS_USAGE;
        promote->order.target = promote->target;
        promote->order.fault = promote->fault;
        promote->order.path = promote->path;
        promote->order.flavour = up_flavour_find(promote->flavour);
        return promote->order.flavour != NULL ? -1 : UP_STATUS_USAGE;
}

static int check_owner(struct up_promotion *promote)
{
        if (promote->fault != NULL && (promote->known != NULL || promote->private || promote->ours))
                return up_tool_usage(
                    "--known, --private, --ours: with --fault %s it is the plant's finding",
                    promote->fault);
        return -1;
}

/* --- where it will be: the same --------------------------------------------------------------- */

static int check_place(struct up_promotion *promote)
{
        g_autofree char *file = g_strconcat(promote->name, ".case", NULL);
        g_autofree char *folder = NULL;
        g_autoptr(GError) error = NULL;

        if (promote->private)
                promote->root = up_private_folder();
        else
                promote->root =
                    g_strdup(promote->into != NULL ? promote->into : UP_PROMOTION_FOLDER);
        folder = g_build_filename(promote->root, promote->target, NULL);
        promote->place = g_build_filename(folder, file, NULL);
        if (g_file_test(promote->place, G_FILE_TEST_EXISTS | G_FILE_TEST_IS_SYMLINK))
                return up_tool_fail(
                    UP_STATUS_FOUND, "%s is there already: choose another --name", promote->place);
        if (promote->private && !up_private_is_safe(promote->root, promote->target, &error))
                return up_tool_fail(UP_STATUS_FOUND, "%s", error->message);
        return -1;
}

/* --- the command ------------------------------------------------------------------------------ */

static int check(struct up_promotion *promote)
{
        static int (*const checks[])(struct up_promotion *) = { check_words, read_input,
                check_target, check_owner, check_place };
        int status = -1;

        for (size_t i = 0; i < G_N_ELEMENTS(checks) && status < 0; i++)
                status = checks[i](promote);
        return status;
}

static int run(struct up_promotion *promote)
{
        int status = up_promotion_run(promote);

        if (status == UP_STATUS_PASSED && promote->as_json)
                up_promotion_tell_json(promote);
        else if (status == UP_STATUS_PASSED)
                up_promotion_tell(promote);
        return status;
}

int up_tool_promote(int argc, char **argv)
{
        struct up_promotion promote = { 0 };
        g_autofree char *flavours = up_flavour_names();
        const GOptionEntry entries[] = {
                { "name", 0, 0, G_OPTION_ARG_STRING, &promote.name,
                    "what it is called from now on: " UP_PROMOTION_FOLDER "/TARGET/SLUG.case",
                    "SLUG" },
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
                    "where the regressions are (standard: " UP_PROMOTION_FOLDER ")", "DIR" },
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
            "head of the case says, or it is the first. Where it is not a planted fault's,\n"
            "and a library may be to blame, say whose bug it is: --known, --private or\n"
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
