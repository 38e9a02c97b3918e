/*
 * engine - the two tables, and looking things up in them
 */
#include "tools/campaign/engine.h"

#include <glib.h>
#include <stddef.h>
#include <string.h>

#include "tools/cli/tool.h"

#define BOTH "both"

const struct up_engine *const up_engines[UP_ENGINE_COUNT] = { &up_engine_libfuzzer,
        &up_engine_afl };

const struct up_mutator up_mutators[UP_MUTATOR_COUNT] = {
        { "unpend", "cases by their structure, signed again", true },
        { "engine", "bytes, as the engine itself does it: for comparisons", false },
};

GPtrArray *up_engines_find(const char *name)
{
        g_autoptr(GPtrArray) found = g_ptr_array_new();
        g_autoptr(GPtrArray) names = g_ptr_array_new();

        for (size_t i = 0; i < UP_ENGINE_COUNT; i++) {
                const char *own = up_engines[i]->name;
                if (name == NULL ? i == 0 : strcmp(name, own) == 0 || strcmp(name, BOTH) == 0)
                        g_ptr_array_add(found, (void *)up_engines[i]);
                g_ptr_array_add(names, (char *)own);
        }
        if (found->len > 0)
                return g_steal_pointer(&found);
        g_ptr_array_add(names, (char *)BOTH);
        up_tool_unknown_name("engine", name, names);
        return NULL;
}

const struct up_mutator *up_mutator_find(const char *name)
{
        g_autoptr(GPtrArray) names = g_ptr_array_new();

        if (name == NULL)
                return &up_mutators[0];
        for (size_t i = 0; i < UP_MUTATOR_COUNT; i++) {
                if (strcmp(up_mutators[i].name, name) == 0)
                        return &up_mutators[i];
                g_ptr_array_add(names, (char *)up_mutators[i].name);
        }
        up_tool_unknown_name("mutator", name, names);
        return NULL;
}

static void append_choice(GString *help, size_t index, const char *name, const char *what)
{
        g_string_append_printf(help, "\n  %-11s%s%s", name, what, index == 0 ? " (standard)" : "");
}

char *up_engine_help(void)
{
        GString *help = g_string_new("Engines:");

        for (size_t i = 0; i < UP_ENGINE_COUNT; i++)
                append_choice(help, i, up_engines[i]->name, up_engines[i]->what);
        append_choice(help, UP_ENGINE_COUNT, BOTH,
            "both, sharing the workers, or the time if there is one worker");
        g_string_append(help, "\nMutators:");
        for (size_t i = 0; i < UP_MUTATOR_COUNT; i++)
                append_choice(help, i, up_mutators[i].name, up_mutators[i].what);
        return g_string_free(help, FALSE);
}
