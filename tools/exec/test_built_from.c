/*
 * A binary against the tree that it stands in: this tree, a tree with other sources, and no tree.
 * Each sample runs in a fork, because the hash of a tree is computed once per process.
 *
 * Runs on the replay targets, which must have been built.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <gio/gio.h>

#include "tools/cli/tool.h"
#include "tools/exec/built_from.h"

static void copy(const char *from, const char *folder, const char *to)
{
        g_autoptr(GFile) source = g_file_new_for_path(from);
        g_autofree char *path = g_build_filename(folder, to, NULL);
        g_autoptr(GFile) target = g_file_new_for_path(path);
        g_autofree char *parent = g_path_get_dirname(path);

        assert_int_equal(g_mkdir_with_parents(parent, 0700), 0);
        assert_true(g_file_copy(source, target, G_FILE_COPY_OVERWRITE, NULL, NULL, NULL, NULL));
}

enum { CURRENT, STALE, NO_TREE, WRONG };

/* What is said of the target in a build folder, as an exit status. */
static int state_of(const char *build)
{
        const struct up_flavour *replay = up_flavour_find("replay");
        g_autofree char *problem = NULL;

        setenv("UNPEND_BUILD", build, 1);
        g_autofree char *note = up_built_from_note(replay, "mime");
        if (!up_built_from_check_target(replay, "mime", &problem))
                return note == NULL && strstr(problem, ": make replay") != NULL ? STALE : WRONG;
        if (note == NULL)
                return CURRENT;
        return strstr(note, " by gcc ") != NULL ? NO_TREE : WRONG;
}

static void test_target(void **state)
{
        g_autofree char *folder = g_dir_make_tmp("unpend-test-XXXXXX", NULL);
        g_autofree char *other = g_build_filename(folder, "other", "build", NULL);
        g_autofree char *outside = g_build_filename(folder, "outside", NULL);
        g_autofree char *script = g_build_filename(folder, "other", "script", NULL);
        const struct {
                const char *build;
                int state;
        } samples[] = {
                { "build", CURRENT }, { other, STALE }, { outside, NO_TREE },
                { script, CURRENT }, /* a stand-in without our section says nothing */
        };
        (void)state;

        copy("harness/pipeline.h", folder, "other/harness/pipeline.h");
        copy("build/replay/fuzz/mime", folder, "other/build/replay/fuzz/mime");
        copy("build/replay/fuzz/mime", folder, "outside/replay/fuzz/mime");
        copy("tools/dev/layers.sh", folder, "other/script/replay/fuzz/mime");
        for (size_t i = 0; i < G_N_ELEMENTS(samples); i++) {
                int wait_status;
                pid_t pid = fork();
                if (pid == 0)
                        _exit(state_of(samples[i].build));
                assert_int_equal(waitpid(pid, &wait_status, 0), pid);
                assert_true(WIFEXITED(wait_status));
                assert_int_equal(WEXITSTATUS(wait_status), samples[i].state);
        }

        const char *remove[] = { "rm", "-rf", folder, NULL };
        assert_true(g_spawn_sync(
            NULL, (char **)remove, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL));
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_target) };

        up_tool_start("build/unpend");
        return cmocka_run_group_tests_name("built_from", tests, NULL, NULL);
}
