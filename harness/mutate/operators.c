/*
 * operators - the tables of all layers by number, their names, and what all operators share
 */
#include "mutate/draft.h"

const char *const up_intended_names[UP_INTENDED_COUNT] = {
        [UP_INTENDED_UNSIGNED] = "unsigned",
        [UP_INTENDED_VALID] = "valid",
        [UP_INTENDED_DIGEST] = "digest",
        [UP_INTENDED_ATTRIBUTES] = "attributes",
        [UP_INTENDED_STRUCTURE] = "structure",
        [UP_INTENDED_UNKNOWN] = "unknown",
};

enum up_intended up_intended_of(const char *mutation)
{
        for (int i = 0; mutation != NULL && i < UP_INTENDED_COUNT; i++) {
                g_autofree char *end = g_strconcat("; graded ", up_intended_names[i], NULL);
                if (g_str_has_suffix(mutation, end))
                        return (enum up_intended)i;
        }
        return UP_INTENDED_UNKNOWN;
}

const char *const up_layer_names[UP_LAYERS] = {
        [UP_LAYER_TREE] = "tree",
        [UP_LAYER_SIGN] = "sign",
        [UP_LAYER_DER] = "der",
        [UP_LAYER_DAMAGE] = "damage",
        [UP_LAYER_SCRIPT] = "play",
        [UP_LAYER_HAVOC] = "havoc",
};

static const struct {
        const struct up_operator *operators;
        const size_t *count;
} layers[UP_LAYERS] = {
        [UP_LAYER_TREE] = { up_tree_operators, &up_tree_operators_count },
        [UP_LAYER_SIGN] = { up_sign_operators, &up_sign_operators_count },
        [UP_LAYER_DER] = { up_der_operators, &up_der_operators_count },
        [UP_LAYER_DAMAGE] = { up_damage_operators, &up_damage_operators_count },
        [UP_LAYER_SCRIPT] = { up_script_operators, &up_script_operators_count },
        [UP_LAYER_HAVOC] = { up_havoc_operators, &up_havoc_operators_count },
};

const struct up_operator *up_operators(enum up_layer layer, size_t *ret_count)
{
        g_assert(layer < UP_LAYERS);

        *ret_count = *layers[layer].count;
        return layers[layer].operators;
}

bool up_draft_set_message(struct up_draft *draft, GBytes *message)
{
        if (g_bytes_get_size(message) > draft->most_bytes)
                return false;

        /* The new one first: it may be a part of the old. */
        g_bytes_ref(message);
        g_bytes_unref(draft->c->message);
        draft->c->message = message;
        return true;
}
