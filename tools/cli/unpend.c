/*
 * unpend - main() and the table of commands
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "tools/cli/tool.h"

static const struct up_tool_command commands[] = {
        { "campaign", up_tool_campaign, UP_STATUS_USAGE, "fuzz, and collect what breaks" },
        { "repro", up_tool_repro, UP_STATUS_BISECT_USAGE,
            "run cases or messages, print what they show" },
        { "minimize", up_tool_minimize, UP_STATUS_USAGE,
            "the smallest case with the same finding" },
        { "promote", up_tool_promote, UP_STATUS_USAGE, "make a regression of a finding" },
        { "gate", up_tool_gate, UP_STATUS_USAGE, "run all regressions, as TAP" },
        { "inspect", up_tool_inspect, UP_STATUS_USAGE, "what a case or a message holds" },
        { "mutate", up_tool_mutate, UP_STATUS_USAGE, "what the mutator makes of a case" },
        { "dictionary", up_tool_dictionary, UP_STATUS_USAGE, "print the dictionary of a target" },
        { "faults", up_tool_faults, UP_STATUS_USAGE, "the planted faults" },
        { "machine", up_tool_machine, UP_STATUS_USAGE,
            "the pipeline's two tables, as text or picture" },
        { "doctor", up_tool_doctor, UP_STATUS_USAGE, "which planted faults each flavour detects" },
};

static int print_help(void)
{
        puts("Usage: unpend COMMAND [OPTION...] [ARGUMENT...]\n"
             "\n"
             "Finds messages that make a mail pipeline crash, hang, or keep mail pending.\n"
             "\n"
             "Commands:");
        for (size_t i = 0; i < G_N_ELEMENTS(commands); i++)
                printf("  %-10s %s\n", commands[i].name, commands[i].what);
        puts("\n"
             "unpend help COMMAND     its options and arguments\n"
             "unpend --version        the version");
        return UP_STATUS_PASSED;
}

static int run_command(int argc, char **argv)
{
        static const char *const others[] = { "help", "--help", "--version" };
        g_autoptr(GPtrArray) names = g_ptr_array_new();

        for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
                if (strcmp(commands[i].name, argv[0]) == 0)
                        return up_tool_run(&commands[i], argc, argv);
                g_ptr_array_add(names, (char *)commands[i].name);
        }
        for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
                g_ptr_array_add(names, (char *)others[i]);
        return up_tool_unknown_name(argv[0][0] == '-' ? "option" : "command", argv[0], names);
}

static bool asks_for_help(const char *word)
{
        return strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static int run(int argc, char **argv)
{
        char *help[] = { argc > 2 ? argv[2] : NULL, (char *)"--help", NULL };

        if (argc < 2)
                return up_tool_usage("which command?");
        if (strcmp(argv[1], "--version") == 0) {
                puts("unpend " UP_VERSION);
                return UP_STATUS_PASSED;
        }
        if (strcmp(argv[1], "help") == 0 && argc > 2 && !asks_for_help(argv[2]))
                return run_command(2, help);
        if (asks_for_help(argv[1]))
                return print_help();
        return run_command(argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
        up_tool_start(argv[0]);
        int status = run(argc, argv);

        /* A full disk must not make a result look whole. */
        if (fflush(stdout) != 0 || ferror(stdout))
                return up_tool_fail(UP_STATUS_UNRUNNABLE,
                    "not all of the result could be written: is the disk full?");
        return status;
}
