/*
 * draft - what all operators share, and the table of layers
 */
#include "mutate/draft.h"

const struct up_layer *const up_layers[UP_LAYER_COUNT] = {
        [UP_LAYER_TREE] = &up_tree_layer,
        [UP_LAYER_SIGN] = &up_sign_layer,
        [UP_LAYER_DER] = &up_der_layer,
        [UP_LAYER_DAMAGE] = &up_damage_layer,
        [UP_LAYER_SCRIPT] = &up_script_layer,
        [UP_LAYER_HAVOC] = &up_havoc_layer,
};

void up_draft_init(struct up_draft *draft, struct up_case *c, struct up_rng rng, size_t most_bytes)
{
        *draft = (struct up_draft){
                .c = c,
                .rng = rng,
                .most_bytes = most_bytes,
                .applied = g_string_new(NULL),
        };
}

void up_draft_clear(struct up_draft *draft)
{
        up_case_free(draft->c);
        g_string_free(draft->applied, TRUE);
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

void up_draft_add_applied(struct up_draft *draft, const char *name)
{
        g_string_append_printf(draft->applied, "%s%s", draft->applied->len > 0 ? "," : "", name);
}

void up_draft_doubt_signature(struct up_draft *draft)
{
        if (draft->expected != UP_EXPECTED_UNSIGNED)
                draft->expected = UP_EXPECTED_UNKNOWN;
}
