/*
 * replay - a target as a plain program, without a fuzz engine
 *
 *     build/replay/fuzz/smime FILE...
 *     build/replay/fuzz/smime --fork-server
 *
 * Runs each file once. Exit status 0, 1 with findings, 2 when a file cannot be read. With none of
 * the variables of target/target.h set, the first finding aborts, as under an engine. The second
 * form is for tools (target/fork_server.h).
 */
#include <stdio.h>

#include "target/target.h"
#include "target/fork_server.h"

int main(int argc, char **argv)
{
        int status = 0;

        if (argc < 2) {
                fprintf(stderr, "usage: %s FILE... | %s\n", argv[0], UP_FORK_SERVER_OPTION);
                return 2;
        }
        LLVMFuzzerInitialize(&argc, &argv);
        for (int i = 1; i < argc; i++) {
                int findings = up_target_run_file(argv[i]);
                if (findings < 0)
                        return 2;
                status = findings > 0 ? 1 : status;
        }
        return status;
}
