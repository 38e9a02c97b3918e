/*
 * draft - a case while it is being mutated, and the operators that change it
 *
 * Operators are rows of tables, one table for each layer:
 *
 *     - tree_operators.c: parts, header fields, parameters, encodings, line ends
 *     - sign.c: signs again, encrypts, compresses, corrupts on purpose
 *     - der.c: elements of CMS structures
 *     - damage.c: what relays and mailing lists do to a message that was signed
 *     - script_operators.c: script, policy, envelope, time
 *     - havoc.c: bytes, as AFL++'s havoc stage changes them
 */
#ifndef UP_MUTATE_DRAFT_H
#define UP_MUTATE_DRAFT_H

#include <glib.h>
#include <stdbool.h>

#include "case/case.h"
#include "mutate/expected.h"
#include "mutate/rng.h"

struct up_draft {
        struct up_case *c; /* owned; operators change it in place */
        struct up_rng rng;
        size_t most_bytes; /* of the message; an operator that would need more does nothing */
        enum up_expected_grade expected;
        GString *applied; /* names of the operators applied so far, comma-separated; owned */
};

/** A draft of @c, which it takes over. Clear it with _clear. */
void up_draft_init(struct up_draft *draft, struct up_case *c, struct up_rng rng, size_t most_bytes);
void up_draft_clear(struct up_draft *draft);

/** Puts @message in place of the draft's, unless it is too long: then false. */
bool up_draft_set_message(struct up_draft *draft, GBytes *message);

/** Records the name of an operator that was applied. */
void up_draft_add_applied(struct up_draft *draft, const char *name);

/** The message was changed in a way that may break a signature. */
void up_draft_doubt_signature(struct up_draft *draft);

/** A way of changing a draft. */
struct up_operator {
        const char *name; /* as in the head of the case: "part-duplicate" */
        unsigned weight;  /* among those of its layer */
        const char *what; /* for help */
        /* Changes the draft; false: it found nothing to change, and nothing was changed. */
        bool (*apply)(struct up_draft *draft);
};

struct up_layer {
        const char *name;
        const struct up_operator *operators;
        size_t count;
};

extern const struct up_layer up_tree_layer;
extern const struct up_layer up_sign_layer;
extern const struct up_layer up_der_layer;
extern const struct up_layer up_damage_layer;
extern const struct up_layer up_script_layer;
extern const struct up_layer up_havoc_layer;

enum up_layer_id {
        UP_LAYER_TREE,
        UP_LAYER_SIGN,
        UP_LAYER_DER,
        UP_LAYER_DAMAGE,
        UP_LAYER_SCRIPT,
        UP_LAYER_HAVOC,
        UP_LAYER_COUNT,
};
extern const struct up_layer *const up_layers[UP_LAYER_COUNT];

#endif
