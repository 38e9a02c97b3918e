/*
 * tree - built from the entities' slices, in one pass
 *
 * The entities come parents first, siblings in order. So for each node only one offset is
 * kept, up to which its body belongs to parts: what lies between that and the next part is a seam.
 *
 * A node that was edited is not read again: type, boundary and encoding stay as they were. To get
 * them anew, write the tree and read it again.
 */
#include "mutate/tree.h"

#include <string.h>

#include "mail/entity.h"
#include "mail/header.h"
#include "mail/lines.h"

static void bytes_free(void *bytes)
{
        g_bytes_unref(bytes);
}

static void node_free(void *node)
{
        up_node_free(node);
}

static GPtrArray *new_pieces(void)
{
        return g_ptr_array_new_with_free_func(bytes_free);
}

static GBytes *no_bytes(void)
{
        return g_bytes_new_static("", 0);
}

static void clear_content(struct up_node *node)
{
        g_clear_pointer(&node->body, g_bytes_unref);
        g_clear_pointer(&node->parts, g_ptr_array_unref);
        g_clear_pointer(&node->seams, g_ptr_array_unref);
}

void up_node_free(struct up_node *node)
{
        if (node == NULL)
                return;
        clear_content(node);
        g_ptr_array_unref(node->fields);
        g_bytes_unref(node->gap);
        g_free(node->type);
        g_free(node->boundary);
        g_free(node->filename);
        g_free(node);
}

static struct up_node *new_node(const char *line_end)
{
        struct up_node *node = g_new0(struct up_node, 1);

        node->fields = new_pieces();
        node->gap = no_bytes();
        node->type = g_strdup("");
        node->line_end = line_end;
        return node;
}

static const char *line_end_of(GBytes *bytes)
{
        gsize size;
        const char *data = g_bytes_get_data(bytes, &size);

        return up_line_end_of(data, size);
}

/* --- reading ---------------------------------------------------------------------------------- */

static void read_fields(struct up_node *node, GBytes *message, struct up_slice slice)
{
        struct up_header header = up_header_in(g_bytes_get_data(message, NULL), slice);
        struct up_field field;

        while (up_header_next(&header, &field))
                g_ptr_array_add(node->fields, up_slice_bytes(message, field.whole));
        if (header.at < slice.end)
                g_ptr_array_add(node->fields,
                    up_slice_bytes(message, (struct up_slice){ header.at, slice.end }));
}

static struct up_node *read_node(
    GBytes *message, const struct up_entity *entity, const char *line_end)
{
        struct up_node *node = new_node(line_end);
        const char *boundary = g_mime_content_type_get_parameter(entity->type, "boundary");
        g_autofree char *type = g_mime_content_type_get_mime_type(entity->type);

        read_fields(node, message, entity->header);
        g_bytes_unref(node->gap);
        node->gap =
            up_slice_bytes(message, (struct up_slice){ entity->header.end, entity->body.begin });
        g_free(node->type);
        node->type = g_ascii_strdown(type, -1);
        node->encoding = entity->encoding;
        node->filename = g_strdup(entity->filename);
        if (g_str_has_prefix(node->type, "multipart/"))
                node->boundary = g_strdup(boundary);
        return node;
}

/* What lies between the parts that there are and @until becomes a seam. */
static void add_seam(struct up_node *node, GBytes *message, size_t *at, size_t until)
{
        if (node->seams == NULL) {
                node->seams = new_pieces();
                node->parts = g_ptr_array_new_with_free_func(node_free);
        }
        g_ptr_array_add(node->seams, up_slice_bytes(message, (struct up_slice){ *at, until }));
        *at = until;
}

static struct up_node *build(GBytes *message, const GPtrArray *entities)
{
        g_autofree struct up_node **nodes = g_new(struct up_node *, entities->len);
        g_autofree size_t *given = g_new(size_t, entities->len); /* away, of each body */
        const char *line_end = line_end_of(message);

        for (guint i = 0; i < entities->len; i++) {
                const struct up_entity *entity = g_ptr_array_index(entities, i);
                nodes[i] = read_node(message, entity, line_end);
                given[i] = entity->body.begin;
                if (entity->parent < 0)
                        continue;
                struct up_node *parent = nodes[entity->parent];
                add_seam(parent, message, &given[entity->parent], entity->header.begin);
                g_ptr_array_add(parent->parts, nodes[i]);
                nodes[i]->parent = parent;
                given[entity->parent] = entity->body.end;
        }
        for (guint i = 0; i < entities->len; i++) {
                const struct up_entity *entity = g_ptr_array_index(entities, i);
                if (nodes[i]->parts != NULL || nodes[i]->boundary != NULL)
                        add_seam(nodes[i], message, &given[i], entity->body.end);
                else
                        nodes[i]->body = up_slice_bytes(message, entity->body);
        }
        return nodes[0];
}

struct up_node *up_tree_read(GBytes *message, const struct up_limits *limits)
{
        struct up_observations observed;
        struct up_node *root;

        up_observations_init(&observed, limits, 0);
        up_observations_listen(&observed);
        g_autoptr(GPtrArray) entities = up_entities_read(message, &observed);
        root = build(message, entities);
        up_observations_unlisten(&observed);
        up_observations_clear(&observed);
        return root;
}

struct up_node *up_node_raw(GBytes *bytes)
{
        struct up_node *node = new_node(line_end_of(bytes));

        node->body = g_bytes_ref(bytes);
        return node;
}

/* --- writing ---------------------------------------------------------------------------------- */

static void write_piece(GString *out, GBytes *piece)
{
        gsize size;
        const char *data = g_bytes_get_data(piece, &size);

        if (size > 0)
                g_string_append_len(out, data, (gssize)size);
}

static void write_pieces(GString *out, const GPtrArray *pieces)
{
        for (guint i = 0; i < pieces->len; i++)
                write_piece(out, g_ptr_array_index(pieces, i));
}

/* Once for each level of the tree: the limit of depth, 1024 at most, bounds it. */
static void write_node(GString *out, const struct up_node *node);

static void write_body(GString *out, const struct up_node *node)
{
        if (node->parts == NULL) {
                write_piece(out, node->body);
                return;
        }
        for (guint i = 0; i < node->seams->len; i++) {
                write_piece(out, g_ptr_array_index(node->seams, i));
                if (i < node->parts->len)
                        write_node(out, g_ptr_array_index(node->parts, i));
        }
}

static void write_node(GString *out, const struct up_node *node)
{
        write_pieces(out, node->fields);
        write_piece(out, node->gap);
        write_body(out, node);
}

GBytes *up_node_bytes(const struct up_node *node)
{
        GString *out = g_string_new(NULL);

        write_node(out, node);
        return g_string_free_to_bytes(out);
}

size_t up_node_size(const struct up_node *node)
{
        size_t size = g_bytes_get_size(node->gap);

        for (guint i = 0; i < node->fields->len; i++)
                size += g_bytes_get_size(g_ptr_array_index(node->fields, i));
        if (node->parts == NULL)
                return size + g_bytes_get_size(node->body);
        for (guint i = 0; i < node->seams->len; i++) {
                size += g_bytes_get_size(g_ptr_array_index(node->seams, i));
                if (i < node->parts->len)
                        size += up_node_size(g_ptr_array_index(node->parts, i));
        }
        return size;
}

static void list_nodes(struct up_node *node, GPtrArray *nodes)
{
        g_ptr_array_add(nodes, node);
        for (guint i = 0; node->parts != NULL && i < node->parts->len; i++)
                list_nodes(g_ptr_array_index(node->parts, i), nodes);
}

GPtrArray *up_tree_nodes(struct up_node *root)
{
        GPtrArray *nodes = g_ptr_array_new();

        list_nodes(root, nodes);
        return nodes;
}

/* --- signed entities -------------------------------------------------------------------------- */

static bool is_smime_name(const char *filename)
{
        size_t bytes = filename != NULL ? strlen(filename) : 0;

        return bytes >= 4 && g_ascii_strcasecmp(filename + bytes - 4, ".p7m") == 0;
}

bool up_node_is_signed(const struct up_node *node)
{
        static const char *const types[] = { "multipart/signed", "application/pkcs7-mime",
                "application/x-pkcs7-mime", NULL };

        return g_strv_contains(types, node->type) || is_smime_name(node->filename);
}

struct up_node *up_tree_first_signed(struct up_node *root)
{
        g_autoptr(GPtrArray) nodes = up_tree_nodes(root);

        for (guint i = 0; i < nodes->len; i++)
                if (up_node_is_signed(g_ptr_array_index(nodes, i)))
                        return g_ptr_array_index(nodes, i);
        return NULL;
}

#define CONTENT_FIELDS "Content-"

GBytes *up_node_content(const struct up_node *node)
{
        GString *out = g_string_new(NULL);

        for (guint i = 0; i < node->fields->len; i++) {
                GBytes *field = g_ptr_array_index(node->fields, i);
                if (up_field_is_named(field, CONTENT_FIELDS))
                        write_piece(out, field);
        }
        if (g_bytes_get_size(node->gap) > 0)
                write_piece(out, node->gap);
        else
                g_string_append(out, node->line_end);
        write_body(out, node);
        return g_string_free_to_bytes(out);
}

static bool ends_line(GBytes *piece)
{
        gsize size;
        const char *data = g_bytes_get_data(piece, &size);

        return size > 0 && data[size - 1] == '\n';
}

/* Fields that follow each other must not become one line. */
static void end_field(struct up_node *node, guint index)
{
        GBytes *field = g_ptr_array_index(node->fields, index);
        GString *ended;

        if (ends_line(field))
                return;
        ended = g_string_new(NULL);
        write_piece(ended, field);
        g_string_append(ended, node->line_end);
        up_node_set_field(node, index, ended);
}

void up_node_set_content(struct up_node *node, GBytes *entity)
{
        GBytes *body = g_bytes_ref(entity); /* which may be the node's own */

        for (guint i = node->fields->len; i-- > 0;)
                if (up_field_is_named(g_ptr_array_index(node->fields, i), CONTENT_FIELDS))
                        g_ptr_array_remove_index(node->fields, i);
        if (node->fields->len > 0)
                end_field(node, node->fields->len - 1);
        clear_content(node);
        g_clear_pointer(&node->boundary, g_free);
        g_bytes_unref(node->gap);
        node->gap = no_bytes();
        node->body = body;
}

void up_node_become(struct up_node *node, GBytes *bytes)
{
        GBytes *body = g_bytes_ref(bytes);

        g_ptr_array_set_size(node->fields, 0);
        clear_content(node);
        g_clear_pointer(&node->boundary, g_free);
        g_bytes_unref(node->gap);
        node->gap = no_bytes();
        node->body = body;
}

/* --- header fields ---------------------------------------------------------------------------- */

/* What mail/header.h reads in a piece; without a name when it is not a field. */
static struct up_field read_field(GBytes *piece, const char **ret_data)
{
        struct up_header header = up_header_of(piece);
        struct up_field field;

        *ret_data = header.data;
        return up_header_next(&header, &field) ? field : (struct up_field){ .whole = { 0, 0 } };
}

bool up_field_is_named(GBytes *piece, const char *name)
{
        const char *data;
        struct up_field field = read_field(piece, &data);

        if (field.name.end == field.name.begin)
                return false;
        return g_str_has_suffix(name, "-") ? up_field_begins(data, &field, name)
                                           : up_field_is(data, &field, name);
}

int up_node_find_field(const struct up_node *node, const char *name)
{
        for (guint i = 0; i < node->fields->len; i++)
                if (up_field_is_named(g_ptr_array_index(node->fields, i), name))
                        return (int)i;
        return -1;
}

size_t up_field_value_at(GBytes *piece)
{
        const char *data;

        return read_field(piece, &data).value.begin;
}

size_t up_field_value_end(GBytes *field)
{
        gsize size;
        const char *data = g_bytes_get_data(field, &size);

        if (size > 0 && data[size - 1] == '\n')
                size--;
        if (size > 0 && data[size - 1] == '\r')
                size--;
        return MAX(size, up_field_value_at(field));
}

void up_node_set_field(struct up_node *node, guint index, GString *bytes)
{
        g_assert(index < node->fields->len);
        g_bytes_unref(g_ptr_array_index(node->fields, index));
        g_ptr_array_index(node->fields, index) = g_string_free_to_bytes(bytes);
}

void up_node_insert_field(struct up_node *node, guint index, GString *bytes)
{
        guint at = MIN(index, node->fields->len);

        if (at > 0)
                end_field(node, at - 1);
        g_ptr_array_insert(node->fields, (gint)at, g_string_free_to_bytes(bytes));
        end_field(node, at);
}

void up_node_remove_field(struct up_node *node, guint index)
{
        g_ptr_array_remove_index(node->fields, index);
}

void up_node_move_field(struct up_node *node, guint from, guint to)
{
        GBytes *field;

        g_assert(from < node->fields->len && to < node->fields->len);
        end_field(node, node->fields->len - 1);
        field = g_ptr_array_steal_index(node->fields, from);
        g_ptr_array_insert(node->fields, (gint)to, field);
}

void up_node_set_body(struct up_node *node, GString *body)
{
        clear_content(node);
        node->body = g_string_free_to_bytes(body);
}

/* --- parts ------------------------------------------------------------------------------------ */

bool up_node_holds_parts(const struct up_node *node)
{
        return node->boundary != NULL && node->parts != NULL;
}

/* The line end before a boundary line belongs to it. */
static GBytes *new_boundary_line(const struct up_node *node, GBytes *before, const char *end)
{
        GString *line = g_string_new(NULL);

        if (before != NULL)
                write_piece(line, before);
        if (before == NULL || (g_bytes_get_size(before) > 0 && !ends_line(before)))
                g_string_append(line, node->line_end);
        g_string_append_printf(line, "--%s%s%s", node->boundary, end, node->line_end);
        return g_string_free_to_bytes(line);
}

static void insert_first_part(struct up_node *node, struct up_node *part)
{
        GBytes *preamble = g_ptr_array_steal_index(node->seams, 0);

        g_ptr_array_add(node->seams, new_boundary_line(node, preamble, ""));
        g_ptr_array_add(node->parts, part);
        g_ptr_array_add(node->seams, new_boundary_line(node, NULL, "--"));
        g_bytes_unref(preamble);
}

void up_node_insert_part(struct up_node *node, guint index, struct up_node *part)
{
        guint at = MIN(index, node->parts->len);

        g_assert(up_node_holds_parts(node));
        part->parent = node;
        if (node->parts->len == 0) {
                insert_first_part(node, part);
                return;
        }
        g_ptr_array_insert(node->seams, (gint)(at < node->parts->len ? at + 1 : at),
            new_boundary_line(node, NULL, ""));
        g_ptr_array_insert(node->parts, (gint)at, part);
}

/* The only part goes: preamble and boundary line, closing line and epilogue come together. */
static void join_seams(struct up_node *node)
{
        GString *joined = g_string_new(NULL);

        write_pieces(joined, node->seams);
        g_ptr_array_set_size(node->seams, 0);
        g_ptr_array_add(node->seams, g_string_free_to_bytes(joined));
}

struct up_node *up_node_take_part(struct up_node *node, guint index)
{
        struct up_node *part;

        g_assert(index < node->parts->len);
        part = g_ptr_array_steal_index(node->parts, index);
        part->parent = NULL;
        if (node->parts->len == 0)
                join_seams(node);
        else
                g_ptr_array_remove_index(node->seams, index > 0 ? index : 1);
        return part;
}

/* Does a boundary line begin here, with nothing after it but "--" and blanks? */
static bool is_boundary_line(const char *text, size_t bytes, const char *boundary, size_t length)
{
        size_t at = length + 2;

        if (bytes < at || text[0] != '-' || text[1] != '-' ||
            memcmp(text + 2, boundary, length) != 0)
                return false;
        if (bytes >= at + 2 && text[at] == '-' && text[at + 1] == '-')
                at += 2;
        while (at < bytes && memchr(" \t\r\n", text[at], 4) != NULL)
                at++;
        return at == bytes;
}

static GBytes *with_boundary(GBytes *seam, const char *from, const char *to)
{
        gsize size;
        const char *data = g_bytes_get_data(seam, &size);
        size_t length = strlen(from);
        GString *out = g_string_new(NULL);

        for (size_t at = 0; at < size;) {
                size_t next = up_line_at(data, size, at).next;
                if (is_boundary_line(data + at, next - at, from, length)) {
                        g_string_append_printf(out, "--%s", to);
                        at += length + 2;
                }
                g_string_append_len(out, data + at, (gssize)(next - at));
                at = next;
        }
        return g_string_free_to_bytes(out);
}

void up_node_set_boundary(struct up_node *node, const char *boundary)
{
        g_assert(up_node_holds_parts(node));
        for (guint i = 0; i < node->seams->len; i++) {
                GBytes *seam = g_ptr_array_index(node->seams, i);
                g_ptr_array_index(node->seams, i) = with_boundary(seam, node->boundary, boundary);
                g_bytes_unref(seam);
        }
        g_free(node->boundary);
        node->boundary = g_strdup(boundary);
}
