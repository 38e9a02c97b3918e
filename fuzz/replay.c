/*
 * replay - a target as a plain program, without any fuzz engine
 *
 *     build/replay/fuzz/smime FILE...
 *     build/replay/fuzz/smime --warm
 *
 * Runs each file once. Exit status 0, 1 when there was a finding, 2 when a file cannot be read.
 * With none of the variables of target.h set, the first finding aborts, as under an engine.
 *
 * With --warm it starts, and then runs the files that it is told of in forks (warm.h).
 */
#include <stdio.h>

#include "target/target.h"
#include "target/fork_server.h"

int main(int argc, char **argv)
{
        if (argc < 2) {
                fprintf(stderr, "usage: %s FILE... | %s\n", argv[0], UP_FORK_SERVER_OPTION);
                return 2;
        }
        LLVMFuzzerInitialize(&argc, &argv);
        for (int i = 1; i < argc; i++)
                if (!up_target_run_file(argv[0], argv[i]))
                        return 2;
        return up_target_findings() > 0 ? 1 : 0;
}
