/*
 * judge_one_case - a program of your own on the installed library
 *
 *     cc judge_one_case.c $(pkg-config --cflags --libs unpend) -o judge_one_case
 *     ./judge_one_case CASE
 *
 * Judges a case on the reference pipeline, with a planted fault, and prints the findings. Put your
 * own struct up_pipeline in its place. Exit status: 0 without findings, 1 with, 2 without a case.
 */
#include <stdio.h>

#include "faults/faults.h"
#include "run/judge_case.h"

int main(int argc, char **argv)
{
        struct up_case_result result;
        char *data;
        gsize size;

        if (argc != 2 || !g_file_get_contents(argv[1], &data, &size, NULL))
                return 2;
        struct up_case *c = up_case_read((const uint8_t *)data, size, NULL);
        up_case_result_init(&result, c);
        up_judge_case(c, up_fault_plant("kb843545"), &result);
        for (guint i = 0; i < result.findings->len; i++) {
                const struct up_finding *finding = g_ptr_array_index(result.findings, i);
                printf("%s: %s\n", up_class_rows[finding->class].name, finding->signature);
        }
        int status = result.findings->len > 0 ? 1 : 0;
        up_case_result_clear(&result);
        up_case_free(c);
        g_free(data);
        return status;
}
