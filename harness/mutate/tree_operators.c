/*
 * tree_operators - the table, and what is around each operator
 *
 * The message is read as a tree, the operator changes the tree, the tree is written. Whether that
 * changed anything, and whether the signed entity is still the same, is not believed but compared.
 */

#include "mutate/tree_edit.h"

#include <string.h>

#include "mail/eicar.h"

/* --- for the operators ------------------------------------------------------------------------ */

struct up_node *up_edit_pick(struct up_edit *edit, bool (*test)(const struct up_node *node))
{
        g_autoptr(GPtrArray) passing = g_ptr_array_new();

        for (guint i = 0; i < edit->nodes->len; i++) {
                struct up_node *node = g_ptr_array_index(edit->nodes, i);
                if (test == NULL || test(node))
                        g_ptr_array_add(passing, node);
        }
        if (passing->len == 0)
                return NULL;
        return g_ptr_array_index(passing, up_rng_below(edit->rng, passing->len));
}

bool up_edit_is_part(const struct up_node *node)
{
        return node->parent != NULL && up_node_holds_parts(node->parent);
}

bool up_edit_has_parts(const struct up_node *node)
{
        return up_node_holds_parts(node) && node->parts->len > 0;
}

bool up_edit_has_body(const struct up_node *node)
{
        return node->body != NULL && g_bytes_get_size(node->body) > 0;
}

const char *up_edit_word(struct up_edit *edit, const char *const *words)
{
        size_t count = 0;

        while (words[count] != NULL)
                count++;
        g_assert(count > 0);
        return words[up_rng_below(edit->rng, count)];
}

size_t up_edit_near(struct up_edit *edit, uint64_t limit, size_t most)
{
        uint64_t near = limit + up_rng_below(edit->rng, 3);

        return (size_t)MIN(MAX(near, 2) - 1, most);
}

size_t up_edit_length(struct up_edit *edit, size_t most)
{
        /* Lines: 72 to 80 and 998 (RFC 5322), 512 and 1000 (RFC 5321), 1024 (OpenSSL's reader of
         * S/MIME); words: 75 (RFC 2047); names: 255; buffers: powers of two. */
        static const size_t lengths[] = { 2, 16, 32, 64, 70, 72, 75, 76, 78, 80, 128, 255, 256, 512,
                998, 1000, 1024, 2048, 4096, 8192, 16384, 65536 };
        size_t fitting = 0;

        while (fitting < G_N_ELEMENTS(lengths) && lengths[fitting] < most)
                fitting++;
        return up_edit_near(edit, lengths[up_rng_below(edit->rng, fitting)], most);
}

GString *up_edit_text(const char *text, const char *line_end)
{
        g_autoptr(GBytes) expanded = up_eicar_expand((const uint8_t *)text, strlen(text));
        gsize bytes;
        const char *data = g_bytes_get_data(expanded, &bytes);
        GString *out = g_string_sized_new(bytes + 1);

        for (size_t i = 0; i < bytes; i++) {
                if (data[i] == '\n')
                        g_string_append(out, line_end);
                else
                        g_string_append_c(out, data[i]);
        }
        return out;
}

void up_edit_set_content(struct up_node *node, GBytes *entity)
{
        if (node->parent == NULL)
                up_node_set_content(node, entity);
        else
                up_node_become(node, entity);
}

GBytes *up_edit_content(const struct up_node *node)
{
        return node->parent == NULL ? up_node_content(node) : up_node_bytes(node);
}

GString *up_edit_copy(GBytes *bytes)
{
        gsize size;
        const char *data = g_bytes_get_data(bytes, &size);

        return g_string_new_len(size > 0 ? data : "", (gssize)size);
}

/* --- one application -------------------------------------------------------------------------- */

static void edit_init(struct up_edit *edit, struct up_draft *draft)
{
        size_t bytes = g_bytes_get_size(draft->c->message);

        *edit = (struct up_edit){ .policy = &draft->c->policy, .rng = &draft->rng };
        edit->root = up_tree_read(draft->c->message, &draft->c->policy.limits);
        edit->nodes = up_tree_nodes(edit->root);
        edit->room = draft->most_bytes > bytes ? draft->most_bytes - bytes : 0;
}

static void edit_clear(struct up_edit *edit)
{
        g_ptr_array_unref(edit->nodes);
        up_node_free(edit->root);
}

static bool write_draft(struct up_draft *draft, const struct up_edit *edit)
{
        g_autoptr(GBytes) after = up_node_bytes(edit->root);

        if (g_bytes_equal(after, draft->c->message) || !up_draft_set_message(draft, after))
                return false;
        up_draft_doubt_signature(draft);
        return true;
}

static bool applied(struct up_draft *draft, bool (*change)(struct up_edit *edit))
{
        struct up_edit edit;
        bool changed;

        edit_init(&edit, draft);
        changed = change(&edit) && write_draft(draft, &edit);
        edit_clear(&edit);
        return changed;
}

#define APPLY(function, name, weight, what)                                                        \
        static bool apply_##function(struct up_draft *draft)                                       \
        {                                                                                          \
                return applied(draft, up_tree_##function);                                         \
        }
UP_TREE_OPERATORS(APPLY)

#define ROW(function, name, weight, what) { name, weight, what, apply_##function },
static const struct up_operator operators[] = { UP_TREE_OPERATORS(ROW) };
const struct up_layer up_tree_layer = { "tree", operators, G_N_ELEMENTS(operators) };

/* --- two messages ----------------------------------------------------------------------------- */

/* A part, or the content, of the other message. */
static GBytes *piece_of(struct up_edit *edit, struct up_node *other)
{
        g_autoptr(GPtrArray) nodes = up_tree_nodes(other);

        return up_edit_content(g_ptr_array_index(nodes, up_rng_below(edit->rng, nodes->len)));
}

static bool cross_part(struct up_edit *edit, struct up_node *other)
{
        struct up_node *multipart = up_edit_pick(edit, up_node_holds_parts);
        g_autoptr(GBytes) piece = piece_of(edit, other);

        if (multipart != NULL && !up_rng_one_in(edit->rng, 3)) {
                size_t index = up_rng_below(edit->rng, multipart->parts->len + 1);
                up_node_insert_part(multipart, (guint)index, up_node_raw(piece));
        } else {
                struct up_node *node = up_edit_pick(edit, NULL);
                up_edit_set_content(node, piece);
        }
        return true;
}

/* Each field of one node of the other's, with even chance, put in or in place of ours. */
static bool cross_fields(struct up_edit *edit, struct up_node *other)
{
        g_autoptr(GPtrArray) nodes = up_tree_nodes(other);
        const struct up_node *from = g_ptr_array_index(nodes, up_rng_below(edit->rng, nodes->len));
        struct up_node *to = up_edit_pick(edit, NULL);

        for (guint i = 0; i < from->fields->len; i++) {
                GBytes *field = g_ptr_array_index(from->fields, i);
                if (!up_rng_one_in(edit->rng, 2))
                        continue;
                size_t index = up_rng_below(edit->rng, to->fields->len + 1);
                if (index < to->fields->len && up_rng_one_in(edit->rng, 2))
                        up_node_remove_field(to, (guint)index);
                up_node_insert_field(to, (guint)index, up_edit_copy(field));
        }
        return true;
}

bool up_tree_cross(struct up_draft *draft, const struct up_case *other)
{
        struct up_edit edit;
        bool changed;

        g_autoptr(up_node) tree = up_tree_read(other->message, &draft->c->policy.limits);
        edit_init(&edit, draft);
        changed = up_rng_one_in(edit.rng, 3) ? cross_fields(&edit, tree) : cross_part(&edit, tree);
        changed = changed && write_draft(draft, &edit);
        edit_clear(&edit);
        return changed;
}
