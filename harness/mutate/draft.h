/*
 * draft - a case while it is being mutated
 *
 * A mutation works on the parsed case, never on anonymous bytes alone: operators change a draft,
 * and a draft can always be written as a case file. What was done is noted in it, so that the
 * file's head says so and somebody else can check it.
 *
 * Operators are rows of tables, one table a layer:
 *
 *     - tree.c: the MIME tree: parts, header fields, parameters, words, encodings, line ends
 *     - sign.c: signed again, encrypted, wrapped, and how much of the signature then holds
 *     - der.c: inside CMS structures: TLVs whose lengths are put right again
 *     - damage.c: what relays do to a message that was signed
 *     - play.c: script, policy, envelope
 *     - havoc.c: anonymous bytes, as every fuzzer does it
 */
#ifndef UP_MUTATE_DRAFT_H
#define UP_MUTATE_DRAFT_H

#include <glib.h>
#include <stdbool.h>

#include "case/case.h"
#include "mutate/rng.h"

/** How much of a signature is meant to hold. */
enum up_intended {
        UP_INTENDED_UNSIGNED,   /* there is none, or nobody has looked */
        UP_INTENDED_VALID,      /* signed by us, nothing was done to it since: the outermost one */
        UP_INTENDED_DIGEST,     /* the attributes' signature holds, the content's digest does not */
        UP_INTENDED_ATTRIBUTES, /* the attributes' signature does not hold */
        UP_INTENDED_STRUCTURE,  /* the CMS structure was changed and what it signs signed again */
        UP_INTENDED_UNKNOWN,    /* damaged after signing: it may hold or not */
};
#define UP_INTENDED_COUNT 6
extern const char *const up_intended_names[UP_INTENDED_COUNT];

/** What the line `mutation:` of a head says of it; UP_INTENDED_UNKNOWN where it says nothing, or
 * NULL. */
enum up_intended up_intended_of(const char *mutation);

struct up_draft {
        struct up_case *c; /* owned; operators change it in place */
        struct up_rng rng;
        size_t most_bytes; /* of the message; an operator that would need more does nothing */
        enum up_intended graded;
        GString *done; /* names of the operators that were applied, with commas */
};

enum up_layer {
        UP_LAYER_TREE,
        UP_LAYER_SIGN,
        UP_LAYER_DER,
        UP_LAYER_DAMAGE,
        UP_LAYER_SCRIPT,
        UP_LAYER_HAVOC,
};
#define UP_LAYERS 6
extern const char *const up_layer_names[UP_LAYERS];

/** A way of changing a draft. */
struct up_operator {
        const char *name; /* as in the head of the case: "part-duplicate" */
        unsigned weight;  /* among those of its layer */
        const char *what; /* for help */
        /* Changes the draft; false: there was nothing for it to do, and nothing was changed. */
        bool (*apply)(struct up_draft *draft);
};

/** The operators of a layer, `*ret_count` of them. */
const struct up_operator *up_operators(enum up_layer layer, size_t *ret_count);

/** Each layer's table, for up_operators(). */
extern const struct up_operator up_tree_operators[];
extern const size_t up_tree_operators_count;
extern const struct up_operator up_sign_operators[];
extern const size_t up_sign_operators_count;
extern const struct up_operator up_der_operators[];
extern const size_t up_der_operators_count;
extern const struct up_operator up_damage_operators[];
extern const size_t up_damage_operators_count;
extern const struct up_operator up_script_operators[];
extern const size_t up_script_operators_count;
extern const struct up_operator up_havoc_operators[];
extern const size_t up_havoc_operators_count;

/** Puts @message in place of the draft's, unless it is too long: then false. Takes nothing. */
bool up_draft_set_message(struct up_draft *draft, GBytes *message);

#endif
