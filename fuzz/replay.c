/*
 * replay - a target as a plain program, without any fuzz engine
 *
 *     build/replay/fuzz/smime FILE...
 *
 * Runs each file once. Exit status 0, 1 when there was a finding, 2 when a file cannot be read.
 * With none of the variables of target.h set, the first finding aborts, as under an engine.
 */
#include <glib.h>
#include <stdio.h>

#include "fuzz/target.h"

int main(int argc, char **argv)
{
        if (argc < 2) {
                fprintf(stderr, "usage: %s FILE...\n", argv[0]);
                return 2;
        }
        LLVMFuzzerInitialize(&argc, &argv);
        for (int i = 1; i < argc; i++) {
                g_autoptr(GError) error = NULL;
                g_autofree char *data = NULL;
                gsize size;

                if (!g_file_get_contents(argv[i], &data, &size, &error)) {
                        fprintf(stderr, "%s: %s\n", argv[0], error->message);
                        return 2;
                }
                up_target_name_input(argv[i]);
                LLVMFuzzerTestOneInput((const uint8_t *)data, size);
        }
        return up_target_findings() > 0 ? 1 : 0;
}
