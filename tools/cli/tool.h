/*
 * tool - the frame of the `unpend` program, and what its commands share
 *
 * A command is one file of this folder and one row of the table in unpend.c. It is a function of
 * its own arguments (argv[0] is its name) that returns the exit status:
 *
 *     int up_tool_gate(int argc, char **argv)
 *     {
 *             bool json = false;
 *             const GOptionEntry entries[] = { …, G_OPTION_ENTRY_NULL };
 *             int status = up_tool_options(&argc, &argv, entries, "[PATH…]", "More about it.");
 *
 *             if (status >= 0)
 *                     return status;
 *             …
 *     }
 *
 * Only tools/ prints. Results go to standard output, errors to standard error: one line with place,
 * problem and remedy.
 */
#ifndef UP_TOOLS_CLI_TOOL_H
#define UP_TOOLS_CLI_TOOL_H

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdio.h>

#include "oracle/finding.h"

#define UP_VERSION "0.1"

/** Exit statuses. That of a usage error is up to the command: see up_tool_usage(). */
enum up_status {
        UP_STATUS_PASSED = 0,
        UP_STATUS_FOUND = 1,
        UP_STATUS_USAGE = 2,
        UP_STATUS_UNRUNNABLE = 125,   /* `git bisect run` skips the commit */
        UP_STATUS_BISECT_USAGE = 129, /* `git bisect run` stops */
        UP_STATUS_INTERRUPTED = 130,
};

struct up_tool_command {
        const char *name;
        int (*run)(int argc, char **argv);
        int usage_status; /* what a usage error of this command ends with */
        const char *what; /* one line for help */
};

/** Once, first of all, with the name that the program was called by. */
void up_tool_start(const char *argv0);

/** Runs a command, to which all that follows here then belongs. Returns its status. */
int up_tool_run(const struct up_tool_command *command, int argc, char **argv);

/** Prints "unpend COMMAND: text" to standard error. Returns @status, to be returned from main. */
int up_tool_fail(int status, const char *format, ...) G_GNUC_PRINTF(2, 3);

/** up_tool_fail() with the command's own status for usage errors, and a hint at --help. */
int up_tool_usage(const char *format, ...) G_GNUC_PRINTF(1, 2);

/**
 * Reads the command's options by GOption; what is left in @argv are its arguments, from argv[1].
 * @arguments names them for help, @text is what help says more; both may be NULL.
 * Negative: go on. Otherwise help or a usage error was printed: return this status.
 */
int up_tool_options(
    int *argc, char ***argv, const GOptionEntry *entries, const char *arguments, const char *text);

/**
 * up_tool_usage(): @word is not a @what. Suggests the closest of @names (of char *), or lists them
 * if they are few.
 */
int up_tool_unknown_name(const char *what, const char *word, GPtrArray *names);

/** Is there a fuzz target of that name (fuzz/targets.h)? If not, a usage error was printed. */
bool up_tool_check_target(const char *name);

/** Is it the name of a target with a pipeline? False for NULL. */
bool up_tool_has_pipeline(const char *target);

/**
 * Can these faults be planted into that target, and change it? @faults are names of the table, as
 * up_tool_check_faults() has it; with NULL any target will do. False for no target.
 */
bool up_tool_faults_apply(const char *target, const char *faults);

/** Are these planted faults, "NAME,NAME" (faults/faults.h)? If not, a usage error was printed. */
bool up_tool_check_faults(const char *names);

/**
 * What --target and --fault of a command say, either of them NULL if it was not given: is each a
 * target, are they faults, and can they be planted into every one of them? If not, a usage
 * error was printed.
 */
bool up_tool_check_selection(char **targets, const char *fault);

/** Appends, to words that a shell reads, " --fault NAME"; nothing for NULL. The caller owns it. */
char *up_tool_fault_option(const char *fault);

/** What COLUMNS says, else the columns of the terminal that the stream is, else 80. */
unsigned up_tool_stream_columns(FILE *stream);

/** Columns to write for on standard output: never less than 60. */
unsigned up_tool_columns(void);

/**
 * The words of @text in lines that fit up_tool_columns(), if what is printed before the first one
 * ends at column @indent; the others begin there by themselves. The caller owns the result.
 */
char *up_tool_wrap(const char *text, unsigned indent);

/** The same of @items, NULL-terminated, with @comma between them: none is broken in itself. */
char *up_tool_wrap_items(char **items, const char *comma, unsigned indent);

/** A time on the command line, 90s, 10m or 2h: a second to a year. False when it is none. */
bool up_tool_parse_seconds(const char *text, unsigned *ret_seconds);

/** How the name of a case ends, any bytes being one: ".case", ".eml", ".p7m"; "" otherwise. Static.
 */
const char *up_tool_case_ending(const char *path);

/**
 * The target that the parent folder of @path names, or of what a campaign keeps (TARGET/findings/,
 * see worker.h) the folder above. NULL when it names none. Static.
 */
const char *up_tool_target_of_path(const char *path);

/** FOLDER of FOLDER/TARGET/NAME, absolute. The caller owns the result. */
char *up_tool_case_root(const char *path);

/**
 * The command that makes a regression of that finding, named by its slug. Where the bug may be a
 * library's, the command keeps it private first; the user decides. The caller owns the result.
 */
char *up_tool_promote_command(const char *flavour, const char *target, const char *fault,
    const struct up_finding *finding, const char *path);

/**
 * The path of what an argument names: itself, or for `-` a file below the user's cache folder that
 * holds standard input, so that other commands can be run on it. Only its user can read it, the
 * same input has the same name, and standard error says where it is. NULL with @error. The caller
 * owns the result.
 */
char *up_tool_input_path(const char *argument, GError **error);

/**
 * A whole file. NULL with @error, whose message is one line with path and remedy, when it is
 * missing, a folder, not a regular file, unreadable, or larger than the standard max-message. The
 * caller owns the result.
 */
GBytes *up_tool_read_file(const char *path, GError **error);

/**
 * Writes a new temporary file, as a case by its name, that others cannot read. Its path, which the
 * caller owns and removes; NULL with @error.
 */
char *up_tool_write_temporary_case(const void *data, gsize bytes, GError **error);

/** The program as the user called it, quoted: for commands to go on with. Static. */
const char *up_tool_program(void);

/** Where the program is, and build/FLAVOUR/ with it; UNPEND_BUILD says otherwise. Static. */
const char *up_tool_build(void);

/** Colours belong on a terminal, unless NO_COLOR is set (https://no-color.org). */
bool up_tool_colour(FILE *stream);

/** Escape sequences for up_tool_print_coloured(). */
#define UP_RED   "\033[31m"
#define UP_GREEN "\033[32m"
#define UP_BOLD  "\033[1m"
#define UP_DIM   "\033[2m"

/** Prints the text, coloured if the stream can. */
void up_tool_print_coloured(FILE *stream, const char *colour, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/** The column of the values in lines of up_tool_print_field(). */
#define UP_TOOL_INDENT 12

/** Prints "  name      value", not wrapped. */
void up_tool_print_field(const char *name, const char *format, ...) G_GNUC_PRINTF(2, 3);

/** The same, wrapped. */
void up_tool_print_wrapped(const char *name, const char *text);

/** What a shell reads as this one word; without quotes where none are needed. Caller owns it. */
char *up_tool_quote(const char *word);

/** Members of a JSON object. A text is made printable, and null if it is NULL. */
void up_tool_json_text(JsonBuilder *json, const char *name, const char *text);
void up_tool_json_number(JsonBuilder *json, const char *name, gint64 number);
void up_tool_json_bool(JsonBuilder *json, const char *name, bool truth);

/** Prints what was built, indented, to standard output. */
void up_tool_print_json(JsonBuilder *builder);

/**
 * From the first call on, SIGINT, SIGTERM and SIGHUP no longer end the program. Returns a
 * descriptor that polls readable from the moment that one of them came; not to be read or closed.
 */
int up_tool_interrupt_fd(void);

/** Has one come? */
bool up_tool_interrupted(void);

/* The commands. */
int up_tool_campaign(int argc, char **argv);
int up_tool_repro(int argc, char **argv);
int up_tool_gate(int argc, char **argv);
int up_tool_minimize(int argc, char **argv);
int up_tool_promote(int argc, char **argv);
int up_tool_inspect(int argc, char **argv);
int up_tool_mutate(int argc, char **argv);
int up_tool_dictionary(int argc, char **argv);
int up_tool_doctor(int argc, char **argv);
int up_tool_machine(int argc, char **argv);
int up_tool_faults(int argc, char **argv);

#endif
