/*
 * operators - the tables of all layers by number, their names, and what all operators share
 */
#include "mutate/draft.h"

const char *const up_graded_names[UP_GRADES_MEANT] = {
        [UP_GRADED_UNSIGNED] = "unsigned",
        [UP_GRADED_VALID] = "valid",
        [UP_GRADED_DIGEST] = "digest",
        [UP_GRADED_ATTRIBUTES] = "attributes",
        [UP_GRADED_STRUCTURE] = "structure",
        [UP_GRADED_UNKNOWN] = "unknown",
};

enum up_graded up_graded_of(const char *mutation)
{
        for (int i = 0; mutation != NULL && i < UP_GRADES_MEANT; i++) {
                g_autofree char *end = g_strconcat("; graded ", up_graded_names[i], NULL);
                if (g_str_has_suffix(mutation, end))
                        return (enum up_graded)i;
        }
        return UP_GRADED_UNKNOWN;
}

const char *const up_layer_names[UP_LAYERS] = {
        [UP_LAYER_TREE] = "tree",
        [UP_LAYER_SIGN] = "sign",
        [UP_LAYER_DER] = "der",
        [UP_LAYER_DAMAGE] = "damage",
        [UP_LAYER_PLAY] = "play",
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
        [UP_LAYER_PLAY] = { up_play_operators, &up_play_operators_count },
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
