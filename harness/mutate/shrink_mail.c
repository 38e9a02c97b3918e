/*
 * shrink_mail - the passes that are about the message
 *
 * The message is read as a tree (tree.h), and what is sealed inside it as further trees: layers.
 * A place is a node of any of them. Each candidate is made on trees of its own: something is taken
 * out, then every seal whose content is no longer what it was is made again, the inner ones before
 * those around them.
 *
 * What is taken out of a tree is kept until the end, for other places may still point into it.
 */
#include "mutate/shrink_mail.h"

#include <string.h>

#include "cms/identity.h"
#include "mail/base64.h"
#include "mail/header.h"
#include "mail/lines.h"
#include "mutate/peel.h"
#include "mutate/seal.h"
#include "mutate/tree.h"

#define LAYERS_MOST 8
#define PEEL_BYTES  ((size_t)16 << 20)

struct layer {
        struct up_node *root;   /* owned */
        struct up_node *holder; /* in another layer, whose body it is in; NULL: the message */
        bool can_change;        /* it can be put back */
};

struct place {
        struct up_node *node;
        struct layer *layer;
};

struct sealed {
        struct up_node *node;
        struct up_seal *seal;  /* owned */
        struct layer *content; /* of an opaque one */
};

struct trees {
        const struct up_case *c;
        struct up_limits limits;
        GPtrArray *layers; /* of struct layer */
        GPtrArray *seals;  /* of struct sealed, an outer one before those inside it */
        GPtrArray *places; /* of struct place */
        GPtrArray *taken;  /* of struct up_node */
};

static void node_free(void *node)
{
        up_node_free(node);
}

static void layer_free(void *data)
{
        struct layer *layer = data;

        up_node_free(layer->root);
        g_free(layer);
}

static void sealed_free(void *data)
{
        struct sealed *sealed = data;

        up_seal_free(sealed->seal);
        g_free(sealed);
}

static void trees_free(struct trees *work)
{
        g_ptr_array_unref(work->layers);
        g_ptr_array_unref(work->seals);
        g_ptr_array_unref(work->places);
        g_ptr_array_unref(work->taken);
        g_free(work);
}
typedef struct trees trees;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(trees, trees_free)

static struct place *place_at(const struct trees *work, size_t index)
{
        return g_ptr_array_index(work->places, index);
}

/* --- reading ---------------------------------------------------------------------------------- */

static void add_place(struct trees *work, struct layer *layer, struct up_node *node)
{
        struct place *place = g_new(struct place, 1);

        *place = (struct place){ .node = node, .layer = layer };
        g_ptr_array_add(work->places, place);
}

static struct layer *add_layer(
    struct trees *work, GBytes *bytes, struct up_node *holder, bool can_change);

static void open_seal(struct trees *work, struct layer *layer, struct up_node *node)
{
        struct up_seal *seal = up_seal_read(node, work->c->time_s);
        struct up_peeled peeled;
        struct sealed *sealed;

        if (seal != NULL) {
                sealed = g_new0(struct sealed, 1);
                sealed->node = node;
                sealed->seal = seal;
                g_ptr_array_add(work->seals, sealed);
                if (up_seal_is_opaque(seal)) {
                        g_autoptr(GBytes) content = up_seal_content(seal);
                        sealed->content = add_layer(work, content, node, layer->can_change);
                }
                return;
        }
        if (node->body == NULL)
                return;
        g_autoptr(GBytes) bytes = up_node_bytes(node);
        up_peel(bytes, false, PEEL_BYTES, &peeled);
        if (peeled.layers)
                add_layer(work, peeled.inside, node, false);
        up_peeled_clear(&peeled);
}

static struct layer *add_layer(
    struct trees *work, GBytes *bytes, struct up_node *holder, bool can_change)
{
        struct layer *layer = g_new0(struct layer, 1);
        g_autoptr(GPtrArray) nodes = NULL;

        layer->root = up_tree_read(bytes, &work->limits);
        layer->holder = holder;
        layer->can_change = can_change;
        g_ptr_array_add(work->layers, layer);
        nodes = up_tree_nodes(layer->root);
        for (guint i = 0; i < nodes->len; i++) {
                struct up_node *node = g_ptr_array_index(nodes, i);
                add_place(work, layer, node);
                if (up_node_is_signed(node) && work->layers->len < LAYERS_MOST)
                        open_seal(work, layer, node);
        }
        return layer;
}

/* The standard limits: those of the case are about what a pipeline reads. */
static struct trees *trees_new(const struct up_case *c)
{
        struct trees *work = g_new0(struct trees, 1);

        work->c = c;
        up_limits_init(&work->limits);
        up_identities_load();
        work->layers = g_ptr_array_new_with_free_func(layer_free);
        work->seals = g_ptr_array_new_with_free_func(sealed_free);
        work->places = g_ptr_array_new_with_free_func(g_free);
        work->taken = g_ptr_array_new_with_free_func(node_free);
        add_layer(work, c->message, NULL, true);
        return work;
}

void up_shrink_count_mail(const struct up_case *c, unsigned *ret_parts, unsigned *ret_fields)
{
        g_autoptr(trees) work = trees_new(c);

        *ret_parts = work->places->len;
        *ret_fields = 0;
        for (guint i = 0; i < work->places->len; i++)
                *ret_fields += place_at(work, i)->node->fields->len;
}

/* --- writing ---------------------------------------------------------------------------------- */

/* Is the node still in the message, and not only what was taken out of it? */
static bool stands(const struct trees *work, const struct up_node *node)
{
        while (node->parent != NULL)
                node = node->parent;
        for (guint i = 0; i < work->layers->len; i++) {
                const struct layer *layer = g_ptr_array_index(work->layers, i);
                if (layer->root == node)
                        return layer->holder == NULL || stands(work, layer->holder);
        }
        return false;
}

/* What the seal is to be made of now; NULL where that is what it was made of, or nothing. */
static GBytes *changed_content(const struct trees *work, const struct sealed *sealed)
{
        g_autoptr(GBytes) before = up_seal_content(sealed->seal);
        g_autoptr(GBytes) now = NULL;

        if (!stands(work, sealed->node))
                return NULL;
        if (sealed->content != NULL)
                now = up_node_bytes(sealed->content->root);
        else if (sealed->node->parts != NULL && sealed->node->parts->len == 2)
                now = up_node_bytes(g_ptr_array_index(sealed->node->parts, 0));
        return now != NULL && !g_bytes_equal(before, now) ? g_steal_pointer(&now) : NULL;
}

static void add_message(const struct up_case *c, GBytes *message, GPtrArray *candidates)
{
        struct up_case *less = up_case_copy(c);

        g_bytes_unref(less->message);
        less->message = g_bytes_ref(message);
        g_ptr_array_add(candidates, less);
}

static GBytes *message_of(const struct trees *work)
{
        const struct layer *outermost = g_ptr_array_index(work->layers, 0);

        return up_node_bytes(outermost->root);
}

/* Signed again, then as it is. What was opened is nowhere but in what is signed again. */
static void add_candidates(const struct trees *work, GPtrArray *candidates)
{
        g_autoptr(GBytes) as_it_is = message_of(work);
        bool signed_again = false;

        for (guint i = work->seals->len; i-- > 0;) {
                const struct sealed *sealed = g_ptr_array_index(work->seals, i);
                g_autoptr(GBytes) content = changed_content(work, sealed);
                if (content != NULL)
                        signed_again |= up_seal_again(sealed->seal, sealed->node, content);
        }
        if (signed_again) {
                g_autoptr(GBytes) again = message_of(work);
                add_message(work->c, again, candidates);
        }
        if (!g_bytes_equal(as_it_is, work->c->message))
                add_message(work->c, as_it_is, candidates);
}

/* --- parts ------------------------------------------------------------------------------------ */

static bool is_part(const struct place *place)
{
        return place->layer->can_change && place->node->parent != NULL;
}

size_t up_shrink_count_parts(const struct up_case *c)
{
        g_autoptr(trees) work = trees_new(c);
        size_t count = 0;

        for (guint i = 0; i < work->places->len; i++)
                count += is_part(place_at(work, i)) ? 1 : 0;
        return count;
}

static guint index_of(const struct up_node *part)
{
        guint index;

        g_ptr_array_find(part->parent->parts, part, &index);
        return index;
}

static void take(struct trees *work, struct up_node *part)
{
        g_ptr_array_add(work->taken, up_node_take_part(part->parent, index_of(part)));
}

void up_shrink_leave_out_parts(
    const struct up_case *c, size_t from, size_t to, GPtrArray *candidates)
{
        g_autoptr(trees) work = trees_new(c);
        size_t at = 0;

        for (guint i = 0; i < work->places->len; i++) {
                struct place *place = place_at(work, i);
                if (!is_part(place))
                        continue;
                if (at >= from && at < to)
                        take(work, place->node);
                at++;
        }
        add_candidates(work, candidates);
}

/* --- a part in the place of others ------------------------------------------------------------ */

/* The roots of inner layers too, but not the message. */
static bool is_inner(const struct place *place)
{
        return place->node->parent != NULL || place->layer->holder != NULL;
}

/* Each first as the whole message, then as what is around it. */
size_t up_shrink_count_inner(const struct up_case *c)
{
        g_autoptr(trees) work = trees_new(c);
        size_t count = 0;

        for (guint i = 0; i < work->places->len; i++)
                count += is_inner(place_at(work, i)) ? 1 : 0;
        return 2 * count;
}

static const struct place *inner_place(const struct trees *work, size_t index)
{
        for (guint i = 0; i < work->places->len; i++)
                if (is_inner(place_at(work, i)) && index-- == 0)
                        return place_at(work, i);
        g_assert_not_reached();
}

/* By itself, and under the fields that a message has besides those of its content. */
static void become_message(
    const struct trees *work, const struct place *place, GPtrArray *candidates)
{
        struct layer *outermost = g_ptr_array_index(work->layers, 0);
        g_autoptr(GBytes) alone = up_node_bytes(place->node);
        g_autoptr(GBytes) content = up_node_content(place->node);
        g_autoptr(GBytes) under = NULL;

        up_node_set_content(outermost->root, content); /* which frees what it was */
        under = message_of(work);
        add_message(work->c, alone, candidates);
        if (!g_bytes_equal(alone, under))
                add_message(work->c, under, candidates);
}

/* What is around it goes, and it stands there. */
static void rise(struct trees *work, const struct place *place)
{
        struct up_node *node = place->node;
        struct up_node *around = node->parent;

        if (around == NULL) {
                g_autoptr(GBytes) bytes = up_node_bytes(node);
                up_node_become(place->layer->holder, bytes);
                return;
        }
        up_node_take_part(around, index_of(node));
        node->parent = around->parent;
        if (around->parent != NULL)
                g_ptr_array_index(around->parent->parts, index_of(around)) = node;
        else
                place->layer->root = node;
        around->parent = NULL;
        g_ptr_array_add(work->taken, around);
}

void up_shrink_leave_out_inner(
    const struct up_case *c, size_t from, size_t to, GPtrArray *candidates)
{
        g_autoptr(trees) work = trees_new(c);
        size_t count = up_shrink_count_inner(c) / 2;
        const struct place *place = inner_place(work, from % count);
        bool in_layer = place->node->parent != NULL;

        g_assert(to == from + 1);
        if (from < count) {
                become_message(work, place, candidates);
                return;
        }
        /* In a layer that can not be put back nothing can rise, but the whole of it out of it. */
        if (in_layer && !place->layer->can_change)
                return;
        rise(work, place);
        add_candidates(work, candidates);
}

/* --- header fields ---------------------------------------------------------------------------- */

size_t up_shrink_count_fields(const struct up_case *c)
{
        g_autoptr(trees) work = trees_new(c);
        size_t count = 0;

        for (guint i = 0; i < work->places->len; i++)
                if (place_at(work, i)->layer->can_change)
                        count += place_at(work, i)->node->fields->len;
        return count;
}

void up_shrink_leave_out_fields(
    const struct up_case *c, size_t from, size_t to, GPtrArray *candidates)
{
        g_autoptr(trees) work = trees_new(c);
        size_t at = 0;

        for (guint i = 0; i < work->places->len; i++) {
                struct up_node *node = place_at(work, i)->node;
                if (!place_at(work, i)->layer->can_change)
                        continue;
                size_t begin = at;
                at += node->fields->len;
                for (guint j = node->fields->len; j-- > 0;)
                        if (begin + j >= from && begin + j < to)
                                up_node_remove_field(node, j);
        }
        add_candidates(work, candidates);
}

/* --- parameters ------------------------------------------------------------------------------- */

/* Leaves out those parameters whose number, counted on from @at, is among them. The next number. */
static size_t walk_parameters(struct up_node *node, guint index, size_t at, size_t from, size_t to)
{
        GBytes *field = g_ptr_array_index(node->fields, index);
        gsize size;
        const char *data = g_bytes_get_data(field, &size);
        size_t end = up_field_value_end(field);
        size_t begin = up_field_semicolon(data, up_field_value_at(field), end);
        GString *kept = g_string_new_len(data, (gssize)begin);

        while (begin < end) {
                size_t next = up_field_semicolon(data, begin + 1, end);
                if (at < from || at >= to)
                        g_string_append_len(kept, data + begin, (gssize)(next - begin));
                at++;
                begin = next;
        }
        g_string_append_len(kept, data + end, (gssize)(size - end));
        if (kept->len < size)
                up_node_set_field(node, index, kept);
        else
                g_string_free(kept, TRUE);
        return at;
}

/* How many there are, all in all. */
static size_t walk_all_parameters(const struct trees *work, size_t from, size_t to)
{
        size_t at = 0;

        for (guint i = 0; i < work->places->len; i++) {
                struct up_node *node = place_at(work, i)->node;
                if (!place_at(work, i)->layer->can_change)
                        continue;
                for (guint j = 0; j < node->fields->len; j++)
                        at = walk_parameters(node, j, at, from, to);
        }
        return at;
}

size_t up_shrink_count_parameters(const struct up_case *c)
{
        g_autoptr(trees) work = trees_new(c);

        return walk_all_parameters(work, 0, 0);
}

void up_shrink_leave_out_parameters(
    const struct up_case *c, size_t from, size_t to, GPtrArray *candidates)
{
        g_autoptr(trees) work = trees_new(c);

        walk_all_parameters(work, from, to);
        add_candidates(work, candidates);
}

/* --- bodies ----------------------------------------------------------------------------------- */

static bool has_body(const struct place *place)
{
        return place->layer->can_change && place->node->body != NULL &&
               g_bytes_get_size(place->node->body) > 0;
}

size_t up_shrink_count_bodies(const struct up_case *c)
{
        g_autoptr(trees) work = trees_new(c);
        size_t count = 0;

        for (guint i = 0; i < work->places->len; i++)
                count += has_body(place_at(work, i)) ? 1 : 0;
        return count;
}

static struct up_node *node_with_body(const struct trees *work, size_t index)
{
        for (guint i = 0; i < work->places->len; i++)
                if (has_body(place_at(work, i)) && index-- == 0)
                        return place_at(work, i)->node;
        g_assert_not_reached();
}

enum rest { NOTHING, FIRST_HALF, SECOND_HALF, RESTS };

#define BASE64_LINE 76

static GString *half_of(GString *whole, enum rest rest)
{
        size_t half = rest == NOTHING ? 0 : whole->len / 2;

        if (rest == SECOND_HALF)
                return g_string_new_len(whole->str + half, (gssize)(whole->len - half));
        return g_string_new_len(whole->str, (gssize)half);
}

static GString *half_of_base64(const struct up_node *node, GString *text, enum rest rest)
{
        g_autoptr(GString) decoded = g_string_sized_new(text->len + 3);
        g_autoptr(GString) half = NULL;
        GString *lines = g_string_new(NULL);
        int state = 0;
        unsigned save = 0;

        g_string_set_size(decoded, text->len);
        g_string_set_size(decoded,
            g_base64_decode_step(text->str, text->len, (guchar *)decoded->str, &state, &save));
        half = half_of(decoded, rest);
        up_base64_append(lines, half->str, half->len, BASE64_LINE, node->line_end);
        return lines;
}

void up_shrink_leave_out_bodies(
    const struct up_case *c, size_t from, size_t to, GPtrArray *candidates)
{
        g_assert(to == from + 1);
        for (enum rest rest = NOTHING; rest < RESTS; rest++) {
                g_autoptr(trees) work = trees_new(c);
                struct up_node *node = node_with_body(work, from);
                gsize bytes;
                const char *data = g_bytes_get_data(node->body, &bytes);
                g_autoptr(GString) body = g_string_new_len(data, (gssize)bytes);
                bool base64 = node->encoding == GMIME_CONTENT_ENCODING_BASE64;

                up_node_set_body(
                    node, base64 ? half_of_base64(node, body, rest) : half_of(body, rest));
                add_candidates(work, candidates);
        }
}

/* --- lines and bytes -------------------------------------------------------------------------- */

static size_t count_lines(GBytes *bytes)
{
        gsize size;
        const char *data = g_bytes_get_data(bytes, &size);
        size_t count = 0;

        for (size_t at = 0; at < size; at = up_line_at(data, size, at).next)
                count++;
        return count;
}

/* Those lines whose number, counted on from @first, is not among them. */
static GString *other_lines(GBytes *bytes, size_t first, size_t from, size_t to)
{
        gsize size;
        const char *data = g_bytes_get_data(bytes, &size);
        GString *others = g_string_sized_new(size);

        for (size_t at = 0, next; at < size; at = next, first++) {
                next = up_line_at(data, size, at).next;
                if (first < from || first >= to)
                        g_string_append_len(others, data + at, (gssize)(next - at));
        }
        return others;
}

size_t up_shrink_count_text(const struct up_case *c)
{
        g_autoptr(trees) work = trees_new(c);
        size_t count = 0;

        for (guint i = 0; i < work->places->len; i++)
                if (has_body(place_at(work, i)))
                        count += count_lines(place_at(work, i)->node->body);
        return count;
}

void up_shrink_leave_out_text(
    const struct up_case *c, size_t from, size_t to, GPtrArray *candidates)
{
        g_autoptr(trees) work = trees_new(c);
        size_t first = 0;

        for (guint i = 0; i < work->places->len; i++) {
                struct up_node *node = place_at(work, i)->node;
                if (!has_body(place_at(work, i)))
                        continue;
                size_t lines = count_lines(node->body);
                if (first < to && first + lines > from)
                        up_node_set_body(node, other_lines(node->body, first, from, to));
                first += lines;
        }
        add_candidates(work, candidates);
}

size_t up_shrink_count_lines(const struct up_case *c)
{
        return count_lines(c->message);
}

void up_shrink_leave_out_lines(
    const struct up_case *c, size_t from, size_t to, GPtrArray *candidates)
{
        g_autoptr(GBytes) others = g_string_free_to_bytes(other_lines(c->message, 0, from, to));

        add_message(c, others, candidates);
}

size_t up_shrink_count_bytes(const struct up_case *c)
{
        return g_bytes_get_size(c->message);
}

void up_shrink_leave_out_bytes(
    const struct up_case *c, size_t from, size_t to, GPtrArray *candidates)
{
        gsize size;
        const char *data = g_bytes_get_data(c->message, &size);
        GString *others = g_string_new_len(data, (gssize)from);
        g_autoptr(GBytes) message = NULL;

        g_string_append_len(others, data + to, (gssize)(size - to));
        message = g_string_free_to_bytes(others);
        add_message(c, message, candidates);
}
