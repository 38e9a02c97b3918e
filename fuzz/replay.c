/*
 * replay - a target as a plain program, without a fuzz engine
 *
 *     build/replay/fuzz/smime FILE...
 *     build/replay/fuzz/smime --fork-server
 *     build/asan/fuzz/smime --examine FOLDER
 *
 * Runs each file once. Exit status 0, 1 with findings, 2 when a file cannot be read. With none of
 * the variables of target/target.h set, the first finding aborts, as under an engine. The other
 * forms are for tools (target/fork_server.h, target/inbox.h).
 */
#include <stdio.h>
#include <string.h>

#include "target/target.h"
#include "target/fork_server.h"
#include "target/inbox.h"

int main(int argc, char **argv)
{
        int status = 0;

        if (argc < 2) {
                fprintf(stderr, "usage: %s FILE... | %s | %s FOLDER\n", argv[0],
                    UP_FORK_SERVER_OPTION, UP_INBOX_EXAMINE_OPTION);
                return 2;
        }
        LLVMFuzzerInitialize(&argc, &argv);
        if (argc == 3 && strcmp(argv[1], UP_INBOX_EXAMINE_OPTION) == 0)
                return up_inbox_examine(argv[2], up_target_run_file);
        for (int i = 1; i < argc; i++) {
                int findings = up_target_run_file(argv[i]);
                if (findings < 0)
                        return 2;
                status = findings > 0 ? 1 : status;
        }
        return status;
}
