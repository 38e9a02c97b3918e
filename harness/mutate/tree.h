/*
 * tree - a message as a tree that can be edited, and written again
 *
 *     g_autoptr(up_node) root = up_tree_read(message, &policy->limits);
 *     struct up_node *node = up_tree_first_signed(root);
 *
 *     if (node != NULL)
 *             up_node_become(node, other_bytes);
 *     g_autoptr(GBytes) written = up_node_bytes(root);
 *
 * What is not edited is written byte for byte as it was read, however broken it is: a node holds
 * raw header fields, the raw bytes between header and body, and a raw body or its parts with the
 * raw bytes between them. Nothing is decoded or repaired.
 *
 * mail/entity.h finds the entities, and its limits bound the tree: an entity that is
 * too deep, or one too many, is part of the raw bytes around it. Reading and writing take linear
 * time. All functions take any bytes and none of them fails.
 *
 * Raw pieces are GBytes, and never changed in place: an edit replaces one.
 */
#ifndef UP_MUTATE_TREE_H
#define UP_MUTATE_TREE_H

#include <gmime/gmime.h>
#include <stdbool.h>

#include "mail/limits.h"
#include "mutate/draft.h"

/** An entity: the message, a part, or a message inside one. Owns all but its parent. */
struct up_node {
        GPtrArray *fields; /* of GBytes: one field each, with its folded lines and line ends */
        GBytes *gap;       /* between header and body: the empty line, or nothing */

        /* Either a body, or parts and what is around them. */
        GBytes *body;     /* NULL when there are parts */
        GPtrArray *parts; /* of struct up_node, in order; NULL when there is a body */
        /* Of GBytes, one more than parts: what stands before the first part (preamble and
         * boundary line), between any two, and after the last (closing line and epilogue). */
        GPtrArray *seams;

        struct up_node *parent; /* NULL: it is the message */

        /* As they were when the node was read; an edit of the fields does not change them. */
        char *type;     /* "multipart/mixed", in lower case; "" for raw bytes */
        char *boundary; /* of a multipart; NULL: new parts can not be put in */
        char *filename; /* or NULL */
        GMimeContentEncoding encoding;
        const char *line_end; /* that of the message's first line: "\r\n" or "\n"; static */
};

void up_node_free(struct up_node *node);
typedef struct up_node up_node;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(up_node, up_node_free)

/** Reads a message, or any entity by itself. Listens to GLib's log meanwhile, see
 * mail/observations.h. */
struct up_node *up_tree_read(GBytes *message, const struct up_limits *limits);

/** A node that is nothing but these bytes: to be put in somewhere. */
struct up_node *up_node_raw(GBytes *bytes);

/** The raw bytes of an entity, header and body: what a signature over it covers. */
GBytes *up_node_bytes(const struct up_node *node);

/** How many bytes that is. */
size_t up_node_size(const struct up_node *node);

/** The node and all below it, parents before their parts. The array owns none of them. */
GPtrArray *up_tree_nodes(struct up_node *root);

/* --- signed entities -------------------------------------------------------------------------- */

/** Is it multipart/signed, or CMS by its type or name: [x-]pkcs7-mime, a file *.p7m? */
bool up_node_is_signed(const struct up_node *node);

/** The first such entity in the order of up_tree_nodes(), or NULL. */
struct up_node *up_tree_first_signed(struct up_node *root);

/**
 * The content of a node as an entity by itself: its fields that begin with "Content-", and its
 * body. That is what can be signed; the other fields of a message stay outside (RFC 8551 section
 * 3.1).
 */
GBytes *up_node_content(const struct up_node *node);

/** Puts an entity in place of that content. The other fields of the node stay, before it. */
void up_node_set_content(struct up_node *node, GBytes *entity);

/** Becomes these bytes, header and all, and keeps its place. The nodes below it are freed. */
void up_node_become(struct up_node *node, GBytes *bytes);

/* --- header fields ---------------------------------------------------------------------------- */

/** Index of the first field of that name, in any case; -1 when there is none. */
int up_node_find_field(const struct up_node *node, const char *name);

/** Is the field's name this one? A name that ends with "-" stands for all that begin so. */
bool up_field_is_named(GBytes *field, const char *name);

/** Where the value begins, behind the colon; 0 in a line that is no field. */
size_t up_field_value_at(GBytes *field);

/** Where the value ends: before the last line end, if there is one. */
size_t up_field_value_end(GBytes *field);

/** Puts bytes in the place of a field; they should hold the line end. Takes over @bytes. */
void up_node_set_field(struct up_node *node, guint index, GString *bytes);

/**
 * Puts a field before that index; as many as there are, or more: after the last. A field without
 * a line end gets one, and so does the one before it. Takes over @bytes.
 */
void up_node_insert_field(struct up_node *node, guint index, GString *bytes);

void up_node_remove_field(struct up_node *node, guint index);

/** Takes the field from one index to another, others make room; mends a missing line end. */
void up_node_move_field(struct up_node *node, guint from, guint to);

/** Replaces the body of a node that has no parts, or all its parts. Takes over @body. */
void up_node_set_body(struct up_node *node, GString *body);

/* --- parts ------------------------------------------------------------------------------------ */

/** Can parts be put in: is it a multipart with a boundary? */
bool up_node_holds_parts(const struct up_node *node);

/**
 * Puts a part before that index, with a boundary line; as many as there are, or more: after the
 * last. Takes over @part. Only where up_node_holds_parts().
 */
void up_node_insert_part(struct up_node *node, guint index, struct up_node *part);

/**
 * Takes a part out, with the boundary line before it; the preamble and the closing line stay. The
 * caller owns the result.
 */
struct up_node *up_node_take_part(struct up_node *node, guint index);

/**
 * Puts another boundary into every boundary line of the multipart. The header field that names it
 * is not changed: tree_fields.c does that.
 */
void up_node_set_boundary(struct up_node *node, const char *boundary);

/* --- two messages ----------------------------------------------------------------------------- */

/**
 * Puts a part or some header fields of the other's message into the draft's. False when nothing
 * changed, or it would be too long. In tree_operators.c, as is the layer's table of operators.
 */
bool up_tree_cross(struct up_draft *draft, const struct up_case *other);

#endif
