/*
 * seed_mutate - the seeds for the mutator: one for each kind of thing that its layers work on
 *
 * A tree, a signature, layers around one, DER alone, a head with all that it can hold, and bytes
 * that are nothing. What a person could get wrong in a head is left to the fuzzer: a seed is a
 * valid file.
 */
#include "tools/seed_table.h"

#define TARGET "mutate"

/* Elliptic curves, because a signature takes most of a run's time. */
#define BY_CURVES (&up_seed_suites[2])

static GBytes *make_noise(void)
{
        static const guint8 bytes[] = { 0x00, 0xff, 0x30, 0x80, 0x0a, 0x0d, 0x7f, 0x1b, 0xc3,
                0x28 };

        return g_bytes_new_static(bytes, sizeof bytes);
}

const struct up_seed up_seed_mutate[] = {
        { TARGET, "tree", "parts of several kinds, the signature around them",
            .steps = { UP_STEP_ATTACH, UP_STEP_CLEAR, UP_STEP_LIST }, .suite = BY_CURVES },
        { TARGET, "layers", "signed, encrypted, signed again",
            .steps = { UP_STEP_CLEAR, UP_STEP_ENCRYPT, UP_STEP_OPAQUE }, .suite = BY_CURVES },
        { TARGET, "bare", "DER alone", .steps = { UP_STEP_BARE }, .suite = BY_CURVES, .header = "",
            .ending = "p7m" },
        { TARGET, "head", "each key that a mutation keeps, and the test virus",
            .text = UP_SEED_USUAL("a full head") "\n{{EICAR}}\n", .infected = true,
            .head = "title: as much as a head holds\nreference: none\ntime: 2030-06-01T12:00:00Z\n"
                    "envelope: from=<> to=bob@example.com,carol@example.com notify=never\n"
                    "policy: lifetime=1h attempts=3 backoff=1m..10m unscannable=deliver\n"
                    "script:\n  scan 1 busy\n  submit 1 smtp\n  wait 1h\n  submit 2 local\n"
                    "  hold 2\n  crash 1\n  restart\n  release 2\n" },
        { TARGET, "noise", "what is nothing at all", .make = make_noise },
};
const size_t up_seed_mutate_count = G_N_ELEMENTS(up_seed_mutate);
