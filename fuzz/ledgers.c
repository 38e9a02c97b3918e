/*
 * ledgers - what every case did, as a sum: the same by any compiler, in any order, however often
 *
 *     build/fast/fuzz/ledgers CASE...
 *
 * Prints a line "SUM MODE PIPELINE CASE" for each way that a case is run: in each mode, on the
 * reference pipeline and on that of the fault it names, unless what the fault breaks is the
 * process. SUM is SHA-256 of the whole ledger. Exit status 2 when a file cannot be read.
 * tools/determinism.sh compares.
 */
#include <glib.h>
#include <stdio.h>

#include "case/case.h"
#include "faults/faults.h"
#include "mail/chance.h"
#include "scan_submit/scan_submit.h"
#include "world/world.h"

static const struct {
        enum up_mode mode;
        const char *name;
} modes[] = {
        { UP_MODE_AS_IT_WAS, "as-it-was" },
        { UP_MODE_HEALED, "healed" },
        { UP_MODE_HEALTHY, "healthy" },
        { UP_MODE_STEADY, "steady" },
};

static void print_sums(
    const char *path, const struct up_case *c, const struct up_pipeline *pipeline)
{
        for (size_t i = 0; i < G_N_ELEMENTS(modes); i++) {
                up_chance_restart(0);
                g_autoptr(up_ledger) ledger = up_world_run(c, pipeline, modes[i].mode);
                g_autofree char *text = up_ledger_write(ledger);
                g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
                printf("%s %s %s %s\n", sum, modes[i].name, pipeline->name, path);
        }
}

/* The pipeline of the faults; NULL when there are none, or they end the process. */
static const struct up_pipeline *sick_pipeline(const char *names)
{
        g_auto(GStrv) each = names != NULL ? up_fault_names(names) : NULL;

        for (char **name = each; name != NULL && *name != NULL; name++) {
                const struct up_fault_row *fault = up_fault_find(*name);
                if (fault == NULL || fault->client.peek != NULL)
                        return NULL;
        }
        return names != NULL ? up_fault_plant(names) : NULL;
}

int main(int argc, char **argv)
{
        for (int i = 1; i < argc; i++) {
                g_autoptr(GError) error = NULL;
                g_autofree char *data = NULL;
                gsize size;

                if (!g_file_get_contents(argv[i], &data, &size, &error)) {
                        fprintf(stderr, "%s: %s\n", argv[0], error->message);
                        return 2;
                }
                g_autoptr(up_case) c = up_case_read((const uint8_t *)data, size, NULL);
                const struct up_pipeline *sick = sick_pipeline(c->fault);
                print_sums(argv[i], c, &up_scan_submit);
                if (sick != NULL)
                        print_sums(argv[i], c, sick);
        }
        return 0;
}
