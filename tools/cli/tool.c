/*
 * tool - what the commands share
 *
 * GLib's program name is "unpend COMMAND" while a command runs, so that GOption's help and every
 * error begin with what the user typed.
 */
#include "oracle/result_json.h"
#include "tools/cli/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <locale.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "case/nearest.h"
#include "case/policy.h"
#include "faults/faults.h"
#include "fuzz/targets.h"
#include "mail/limits.h"
#include "scan_submit/scan_submit.h"

#define COLUMNS       80
#define COLUMNS_LEAST 60
#define COLUMNS_MOST  1000

static char *program;
static const struct up_tool_command *command; /* NULL outside one */

/* In place of one that is closed the next file would be opened, and printed to or waited for. */
static void open_standard_descriptors(void)
{
        int fd;

        do
                fd = open("/dev/null", O_RDWR);
        while (fd >= 0 && fd <= STDERR_FILENO);
        if (fd >= 0)
                close(fd);
}

void up_tool_start(const char *argv0)
{
        open_standard_descriptors();
        setlocale(LC_CTYPE, "");
        program = up_tool_quote(argv0);
}

int up_tool_run(const struct up_tool_command *chosen, int argc, char **argv)
{
        g_autofree char *name = g_strconcat("unpend ", chosen->name, NULL);

        g_set_prgname(name);
        command = chosen;
        return chosen->run(argc, argv);
}

/* --- printing ------------------------------------------------------------------------------ */

static const char *name(void)
{
        return command != NULL ? g_get_prgname() : "unpend";
}

int up_tool_fail(int status, const char *format, ...)
{
        g_autofree char *text = NULL;
        va_list args;

        va_start(args, format);
        text = g_strdup_vprintf(format, args);
        va_end(args);
        fflush(stdout);
        fprintf(stderr, "%s: %s\n", name(), text);
        return status;
}

int up_tool_usage(const char *format, ...)
{
        g_autofree char *text = NULL;
        va_list args;

        va_start(args, format);
        text = g_strdup_vprintf(format, args);
        va_end(args);
        return up_tool_fail(command != NULL ? command->usage_status : UP_STATUS_USAGE,
            "%s (see %s --help)", text, name());
}

bool up_tool_colour(FILE *stream)
{
        const char *off = g_getenv("NO_COLOR");

        return isatty(fileno(stream)) && (off == NULL || off[0] == '\0');
}

unsigned up_tool_stream_columns(FILE *stream)
{
        const char *columns = g_getenv("COLUMNS");
        struct winsize size;

        if (columns != NULL && g_ascii_strtoull(columns, NULL, 10) > 0)
                return (unsigned)MIN(g_ascii_strtoull(columns, NULL, 10), COLUMNS_MOST);
        if (ioctl(fileno(stream), TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
                return COLUMNS;
        return size.ws_col;
}

unsigned up_tool_columns(void)
{
        return MAX(up_tool_stream_columns(stdout), COLUMNS_LEAST);
}

char *up_tool_wrap_items(char **items, const char *comma, unsigned indent)
{
        size_t columns = up_tool_columns() - indent;
        GString *text = g_string_new(NULL);
        size_t at = 0;

        for (; *items != NULL; items++) {
                size_t bytes = strlen(*items) + (items[1] != NULL ? strlen(comma) : 0);
                if (at > 0 && at + 1 + bytes > columns) {
                        g_string_append_printf(text, "\n%*s", (int)indent, "");
                        at = 0;
                }
                g_string_append_printf(
                    text, "%s%s%s", at > 0 ? " " : "", *items, items[1] != NULL ? comma : "");
                at += bytes + (at > 0 ? 1 : 0);
        }
        return g_string_free(text, FALSE);
}

char *up_tool_wrap(const char *text, unsigned indent)
{
        g_auto(GStrv) words = g_strsplit(text, " ", -1);

        return up_tool_wrap_items(words, "", indent);
}

void up_tool_print_coloured(FILE *stream, const char *colour, const char *format, ...)
{
        bool painted = up_tool_colour(stream);
        va_list args;

        if (painted)
                fputs(colour, stream);
        va_start(args, format);
        vfprintf(stream, format, args);
        va_end(args);
        if (painted)
                fputs("\033[0m", stream);
}

void up_tool_print_field(const char *name, const char *format, ...)
{
        va_list args;

        up_tool_print_coloured(stdout, UP_DIM, "  %-*s", UP_TOOL_INDENT - 2, name);
        va_start(args, format);
        vprintf(format, args);
        va_end(args);
        putchar('\n');
}

void up_tool_print_wrapped(const char *name, const char *text)
{
        g_autofree char *wrapped = up_tool_wrap(text, UP_TOOL_INDENT);

        up_tool_print_field(name, "%s", wrapped);
}

char *up_tool_quote(const char *word)
{
        static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                    "0123456789/._-+=:,@%";

        if (word[0] != '\0' && strspn(word, plain) == strlen(word))
                return g_strdup(word);
        return g_shell_quote(word);
}

void up_tool_json_text(JsonBuilder *json, const char *name, const char *text)
{
        g_autofree char *printable = text != NULL ? up_printable(text) : NULL;

        json_builder_set_member_name(json, name);
        if (printable != NULL)
                json_builder_add_string_value(json, printable);
        else
                json_builder_add_null_value(json);
}

void up_tool_json_number(JsonBuilder *json, const char *name, gint64 number)
{
        json_builder_set_member_name(json, name);
        json_builder_add_int_value(json, number);
}

void up_tool_json_bool(JsonBuilder *json, const char *name, bool truth)
{
        json_builder_set_member_name(json, name);
        json_builder_add_boolean_value(json, truth);
}

void up_tool_print_json(JsonBuilder *builder)
{
        g_autoptr(JsonNode) root = json_builder_get_root(builder);
        g_autofree char *text = json_to_string(root, TRUE);

        puts(text);
}

/* --- names -------------------------------------------------------------------------------- */

/* So few that all are listed. */
#define NAMES_LISTED 6

int up_tool_unknown_name(const char *what, const char *word, GPtrArray *names)
{
        struct up_nearest nearest = up_nearest_to(word);
        g_autoptr(GString) list = g_string_new(NULL);

        for (guint i = 0; i < names->len; i++) {
                up_nearest_try(&nearest, g_ptr_array_index(names, i));
                g_string_append_printf(
                    list, "%s%s", i > 0 ? ", " : "", (const char *)g_ptr_array_index(names, i));
        }
        if (nearest.name != NULL)
                return up_tool_usage("unknown %s %s, did you mean %s?", what, word, nearest.name);
        if (names->len <= NAMES_LISTED)
                return up_tool_usage("unknown %s %s, there is: %s", what, word, list->str);
        return up_tool_usage("unknown %s %s", what, word);
}

static const struct up_target_row *target_row(const char *name)
{
        for (size_t i = 0; name != NULL && i < G_N_ELEMENTS(up_target_rows); i++)
                if (strcmp(up_target_rows[i].name, name) == 0)
                        return &up_target_rows[i];
        return NULL;
}

bool up_tool_check_target(const char *name)
{
        g_autoptr(GPtrArray) names = g_ptr_array_new();

        if (target_row(name) != NULL)
                return true;
        for (size_t i = 0; i < G_N_ELEMENTS(up_target_rows); i++)
                g_ptr_array_add(names, (char *)up_target_rows[i].name);
        up_tool_unknown_name("target", name, names);
        return false;
}

bool up_tool_has_pipeline(const char *target)
{
        const struct up_target_row *row = target_row(target);

        return row != NULL && row->has_pipeline;
}

bool up_tool_faults_apply(const char *target, const char *faults)
{
        const struct up_target_row *row = target_row(target);

        if (faults == NULL || row == NULL || !row->has_pipeline)
                return faults == NULL && row != NULL;
        return !row->is_machine || up_scan_submit_machine(up_fault_plant(faults)) != &up_machine;
}

bool up_tool_check_faults(const char *names)
{
        g_auto(GStrv) each = up_fault_names(names);
        g_autoptr(GPtrArray) known = g_ptr_array_new();

        for (size_t i = 0; i < up_fault_count; i++)
                g_ptr_array_add(known, (char *)up_fault_rows[i].name);
        for (char **name = each; *name != NULL; name++) {
                if (up_fault_find(*name) == NULL) {
                        up_tool_unknown_name("fault", *name, known);
                        return false;
                }
        }
        return true;
}

bool up_tool_check_selection(char **targets, const char *fault)
{
        for (char **target = targets; target != NULL && *target != NULL; target++)
                if (!up_tool_check_target(*target))
                        return false;
        if (fault == NULL)
                return true;
        if (!up_tool_check_faults(fault))
                return false;
        for (char **target = targets; target != NULL && *target != NULL; target++) {
                if (!up_tool_faults_apply(*target, fault)) {
                        up_tool_usage("%s changes nothing in target %s", fault, *target);
                        return false;
                }
        }
        return true;
}

char *up_tool_fault_option(const char *fault)
{
        g_autofree char *quoted = fault != NULL ? up_tool_quote(fault) : NULL;

        return fault != NULL ? g_strconcat(" --fault ", quoted, NULL) : g_strdup("");
}

/* What a campaign keeps of a target stands in these: see campaign.c. */
static bool is_of_campaign(const char *name)
{
        static const char *const names[] = { "findings", "crashes", "done", "kept", "corpus" };

        for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
                if (strcmp(names[i], name) == 0)
                        return true;
        return false;
}

const char *up_tool_target_of_path(const char *path)
{
        g_autofree char *folder = g_canonicalize_filename(path, NULL);
        g_autofree char *name = NULL;

        do {
                g_autofree char *inside = g_steal_pointer(&folder);
                folder = g_path_get_dirname(inside);
                g_free(name);
                name = g_path_get_basename(folder);
        } while (is_of_campaign(name));
        const struct up_target_row *row = target_row(name);
        return row != NULL ? row->name : NULL;
}

char *up_tool_case_root(const char *path)
{
        g_autofree char *whole = g_canonicalize_filename(path, NULL);
        g_autofree char *target = g_path_get_dirname(whole);

        return g_path_get_dirname(target);
}

char *up_tool_promote_command(const char *flavour, const char *target, const char *fault,
    const struct up_finding *finding, const char *path)
{
        g_autofree char *file = up_tool_quote(path);
        g_autofree char *option = up_tool_fault_option(fault);
        g_autofree char *slug = up_finding_slug(finding);
        bool ours = fault != NULL || up_class_rows[finding->class].of_pipeline;

        return g_strdup_printf("%s promote --flavour %s --target %s%s --finding %s%s --name %s %s",
            program, flavour, target, option, slug, ours ? "" : " --private", slug, file);
}

bool up_tool_parse_seconds(const char *text, unsigned *ret_seconds)
{
        int64_t ms;

        if (!up_policy_parse_time(text, &ms) || ms < 1000 || ms > INT64_C(366) * 86400 * 1000)
                return false;
        *ret_seconds = (unsigned)(ms / 1000);
        return true;
}

const char *up_tool_case_ending(const char *path)
{
        static const char *const endings[] = { ".case", ".eml", ".p7m" };

        for (size_t i = 0; i < G_N_ELEMENTS(endings); i++)
                if (g_str_has_suffix(path, endings[i]))
                        return endings[i];
        return "";
}

/* --- options ------------------------------------------------------------------------------ */

static int bad_option(const GError *error, const GOptionEntry *entries)
{
        g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
        const char *option = strrchr(error->message, ' ');

        /* GOption names the option only in its message, "Unknown option --name". */
        if (!g_error_matches(error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION) ||
            option == NULL)
                return up_tool_usage("%s", error->message);
        g_ptr_array_add(names, g_strdup("--help"));
        for (; entries->long_name != NULL; entries++)
                g_ptr_array_add(names, g_strconcat("--", entries->long_name, NULL));
        return up_tool_unknown_name("option", option + 1, names);
}

/* "-j4", as make has it, in GOption's words; NULL: the word is none of these. Static. */
static const char *long_option(const char *word, const GOptionEntry *entries)
{
        if (word[0] != '-' || word[1] == '-' || word[1] == '\0' || word[2] == '\0')
                return NULL;
        for (; entries->long_name != NULL; entries++) {
                if (entries->short_name == word[1] && entries->arg != G_OPTION_ARG_NONE) {
                        g_autofree char *option =
                            g_strdup_printf("--%s=%s", entries->long_name, word + 2);
                        return g_intern_string(option);
                }
        }
        return NULL;
}

static void lengthen_options(int argc, char **argv, const GOptionEntry *entries)
{
        for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
                const char *option = long_option(argv[i], entries);
                if (option != NULL)
                        argv[i] = (char *)option;
        }
}

/* The column of the last text on the line that stands behind two blanks, or where it begins. */
static size_t hanging_indent(const char *line)
{
        size_t indent = strspn(line, " ");

        for (const char *gap = strstr(line + indent, "  "); gap != NULL; gap = strstr(gap, "  ")) {
                gap += strspn(gap, " ");
                indent = (size_t)g_utf8_pointer_to_offset(line, gap);
        }
        return indent;
}

/* Bytes of @text that fit into @columns, up to a blank or a bar; all of it without one. */
static size_t bytes_that_fit(const char *text, size_t columns)
{
        const char *end = g_utf8_strlen(text, -1) > (glong)columns
                              ? g_utf8_offset_to_pointer(text, (glong)columns)
                              : text + strlen(text);
        const char *at = end;

        while (*end != '\0' && at > text && *at != ' ' && at[-1] != '|')
                at--;
        return at > text ? (size_t)(at - text) : strlen(text);
}

static bool is_prose(const char *line)
{
        return line != NULL && *line != '\0' && *line != ' ';
}

/* GOption breaks no lines: prose is filled anew, and what is indented keeps its column. */
static void print_help(GOptionContext *context)
{
        g_autofree char *help = g_option_context_get_help(context, TRUE, NULL);
        g_auto(GStrv) lines = g_strsplit(g_strchomp(help), "\n", -1);
        size_t columns = up_tool_columns();

        for (char **line = lines; *line != NULL; line++) {
                g_autoptr(GString) text = g_string_new(*line);
                while (is_prose(line[0]) && is_prose(line[1]) && !g_str_has_suffix(line[0], ":"))
                        g_string_append_printf(text, " %s", *++line);

                size_t indent = MIN(hanging_indent(text->str), columns / 2);
                size_t bytes = bytes_that_fit(text->str, columns);
                const char *rest = text->str + bytes;
                printf("%.*s\n", (int)bytes, text->str);
                while (*(rest += strspn(rest, " ")) != '\0') {
                        bytes = bytes_that_fit(rest, columns - indent);
                        printf("%*s%.*s\n", (int)indent, "", (int)bytes, rest);
                        rest += bytes;
                }
        }
}

static bool asks_for_help(int argc, char **argv)
{
        for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
                if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
                        return true;
        return false;
}

int up_tool_options(
    int *argc, char ***argv, const GOptionEntry *entries, const char *arguments, const char *text)
{
        g_autoptr(GOptionContext) context = g_option_context_new(arguments);
        g_autoptr(GError) error = NULL;

        g_option_context_add_main_entries(context, entries, NULL);
        g_option_context_set_description(context, text);
        g_option_context_set_summary(context, command->what);
        if (asks_for_help(*argc, *argv)) {
                print_help(context);
                return UP_STATUS_PASSED;
        }
        lengthen_options(*argc, *argv, entries);
        if (!g_option_context_parse(context, argc, argv, &error))
                return bad_option(error, entries);
        if (*argc > 1 && strcmp((*argv)[1], "--") == 0) {
                (*argv)++;
                (*argc)--;
        }
        return -1;
}

/* --- files -------------------------------------------------------------------------------- */

/* Why the file is not read; NULL when there is no reason. */
static char *refusal(const char *path)
{
        struct up_limits limits;
        struct stat st;

        up_limits_init(&limits);
        if (stat(path, &st) < 0)
                return g_strdup(errno == ENOENT ? "there is no such file" : g_strerror(errno));
        if (S_ISDIR(st.st_mode))
                return g_strdup("is a folder: name the files in it");
        if (!S_ISREG(st.st_mode))
                return g_strdup("is not a regular file; save its contents to a file first");
        if ((uint64_t)st.st_size > limits.message_bytes)
                return g_strdup_printf("is larger than %" G_GUINT64_FORMAT
                                       " MB, the most that is read (max-message)",
                    limits.message_bytes >> 20);
        return NULL;
}

GBytes *up_tool_read_file(const char *path, GError **error)
{
        g_autofree char *why = refusal(path);
        char *data;
        gsize bytes;

        if (why != NULL) {
                g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "%s: %s", path, why);
                return NULL;
        }
        if (!g_file_get_contents(path, &data, &bytes, NULL)) {
                g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_ACCES,
                    "%s: cannot be read: check its owner and mode", path);
                return NULL;
        }
        return g_bytes_new_take(data, bytes);
}

/* All of standard input. NULL with @error. The caller owns the result. */
static GBytes *read_standard_input(GError **error)
{
        struct up_limits limits;
        g_autoptr(GByteArray) all = g_byte_array_new();
        guint8 some[1 << 16];
        ssize_t bytes;

        up_limits_init(&limits);
        while ((bytes = read(STDIN_FILENO, some, sizeof some)) != 0 &&
               all->len <= limits.message_bytes)
                if (bytes > 0)
                        g_byte_array_append(all, some, (guint)bytes);
                else if (errno != EINTR)
                        break;
        if (bytes == 0)
                return g_byte_array_free_to_bytes(g_steal_pointer(&all));
        if (bytes < 0)
                g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
                    "standard input cannot be read: %s", g_strerror(errno));
        else
                g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
                    "standard input is larger than %" G_GUINT64_FORMAT
                    " MB, the most that is read (max-message)",
                    limits.message_bytes >> 20);
        return NULL;
}

char *up_tool_input_path(const char *argument, GError **error)
{
        if (strcmp(argument, "-") != 0)
                return g_strdup(argument);

        g_autoptr(GBytes) bytes = read_standard_input(error);
        if (bytes == NULL)
                return NULL;
        g_autofree char *sum = g_compute_checksum_for_bytes(G_CHECKSUM_SHA1, bytes);
        g_autofree char *name = g_strdup_printf("%.12s.eml", sum);
        g_autofree char *folder =
            g_build_filename(g_get_user_cache_dir(), "unpend", "standard-input", NULL);
        g_autofree char *path = g_build_filename(folder, name, NULL);

        g_mkdir_with_parents(folder, 0700);
        if (!g_file_set_contents_full(path, g_bytes_get_data(bytes, NULL),
                (gssize)g_bytes_get_size(bytes), G_FILE_SET_CONTENTS_CONSISTENT, 0600, error))
                return NULL;
        up_tool_fail(0, "standard input was saved as %s", path);
        return g_steal_pointer(&path);
}

static bool write_all(int fd, const char *data, gsize bytes)
{
        while (bytes > 0) {
                ssize_t written = write(fd, data, bytes);
                if (written < 0 && errno != EINTR)
                        return false;
                data += MAX(written, 0);
                bytes -= (gsize)MAX(written, 0);
        }
        return true;
}

char *up_tool_write_temporary_case(const void *data, gsize bytes, GError **error)
{
        g_autofree char *path = NULL;
        int fd = g_file_open_tmp("unpend-XXXXXX.case", &path, error);
        int failure;

        if (fd < 0)
                return NULL;
        failure = write_all(fd, data, bytes) ? 0 : errno;
        close(fd);
        if (failure == 0)
                return g_steal_pointer(&path);
        unlink(path);
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "%s: cannot be written: %s", path,
            g_strerror(failure));
        return NULL;
}

const char *up_tool_program(void)
{
        return program;
}

/* A path as seen from the current directory, when it is below it: paths are for reading. */
static char *seen_from_here(const char *path)
{
        g_autofree char *here = g_get_current_dir();
        size_t bytes = strlen(here);

        if (g_str_has_prefix(path, here) && path[bytes] == '/')
                return g_strdup(path + bytes + 1);
        return g_strdup(path);
}

const char *up_tool_build(void)
{
        static char *build;

        if (g_once_init_enter(&build)) {
                const char *other = g_getenv("UNPEND_BUILD");
                g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
                g_autofree char *folder = g_path_get_dirname(self != NULL ? self : "");
                bool elsewhere = other != NULL && other[0] != '\0';
                g_once_init_leave(&build, elsewhere ? g_strdup(other) : seen_from_here(folder));
        }
        return build;
}

/* --- interruption ------------------------------------------------------------------------- */

static int interrupt_pipe[2] = { -1, -1 };
static volatile sig_atomic_t interrupted;

static void interrupt(int signal)
{
        int saved = errno;
        ssize_t written;

        (void)signal;
        interrupted = 1;
        written = write(interrupt_pipe[1], "", 1);
        (void)written; /* a full pipe is readable already */
        errno = saved;
}

int up_tool_interrupt_fd(void)
{
        static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
        const struct sigaction action = { .sa_handler = interrupt, .sa_flags = SA_RESTART };

        if (interrupt_pipe[0] >= 0)
                return interrupt_pipe[0];
        if (!g_unix_open_pipe(interrupt_pipe, FD_CLOEXEC, NULL))
                g_error("no pipe can be made: %s", g_strerror(errno));
        g_unix_set_fd_nonblocking(interrupt_pipe[1], TRUE, NULL);
        for (size_t i = 0; i < G_N_ELEMENTS(signals); i++)
                sigaction(signals[i], &action, NULL);
        return interrupt_pipe[0];
}

bool up_tool_interrupted(void)
{
        return interrupted != 0;
}
