/*
 * tree_edit - what the operators of the MIME tree share
 *
 * One application of an operator: the draft's message as a tree, and the rng. The operators are
 * rows of UP_TREE_OPERATORS; a new one is a row and a function, in tree_parts.c, tree_fields.c or
 * tree_bodies.c.
 *
 * An operator changes the tree and returns true, or finds nothing to do and returns false; then the
 * tree is discarded. It does not write the draft: tree_operators.c does that, and detects that
 * nothing has changed, that the message became too long, or that a signed entity has changed. But
 * an operator that can make a message much longer must check @room first.
 *
 * An edit may free a node, so pick nodes from the list before editing.
 */
#ifndef UP_MUTATE_TREE_EDIT_H
#define UP_MUTATE_TREE_EDIT_H

#include "mutate/draft.h"
#include "mutate/tree.h"

struct up_edit {
        const struct up_policy *policy; /* of the draft: where the limits are */
        struct up_rng *rng;             /* of the draft */
        struct up_node *root;
        GPtrArray *nodes; /* as up_tree_nodes() lists them */
        size_t room;      /* how many bytes longer the message may become */
};

/** The rows: function, name, weight, what it does. */
#define UP_TREE_OPERATORS(X)                                                                       \
        X(part_add, "part-add", 6, "puts a part of another kind into a multipart")                 \
        X(part_drop, "part-drop", 5, "takes a part out")                                           \
        X(part_duplicate, "part-duplicate", 4, "puts a part in again, once or up to the limit")    \
        X(part_reorder, "part-reorder", 4, "takes a part to another place among its siblings")     \
        X(part_move, "part-move", 4, "takes a part into another multipart")                        \
        X(part_exchange, "part-exchange", 3, "exchanges two parts of the tree")                    \
        X(part_nest, "part-nest", 5, "wraps a part in a multipart or a message")                   \
        X(part_nest_deep, "part-nest-deep", 2, "wraps a part as often as a limit allows")          \
        X(part_lift, "part-lift", 4, "puts a part in the place of what it is in")                  \
        X(part_splice, "part-splice", 3, "puts the parts of a multipart among its siblings")       \
        X(part_split, "part-split", 3, "makes two parts of one")                                   \
        X(body_exchange, "body-exchange", 3, "exchanges two bodies under their headers")           \
        X(boundary_rename, "boundary-rename", 3, "another boundary, odd or of a length at limits") \
        X(boundary_relate, "boundary-relate", 4, "a boundary made from that of an outer part")     \
        X(boundary_mismatch, "boundary-mismatch", 3, "header and lines name two boundaries")       \
        X(boundary_line, "boundary-line", 5, "a boundary line missing, doubled or odd")            \
        X(boundary_around, "boundary-around", 2, "more preamble or epilogue")                      \
        X(boundary_in_body, "boundary-in-body", 3, "a line like an outer boundary in a body")      \
        X(field_add, "field-add", 6, "one more header field, with a value of its form")            \
        X(field_drop, "field-drop", 4, "takes a header field out")                                 \
        X(field_duplicate, "field-duplicate", 4, "a header field twice")                           \
        X(field_move, "field-move", 2, "takes a header field to another place")                    \
        X(field_value, "field-value", 6, "another value of its form for a header field")           \
        X(field_length, "field-length", 5, "a header line as long as a limit, or one off")         \
        X(field_fold, "field-fold", 4, "folds a header field, or unfolds it")                      \
        X(field_break, "field-break", 4, "a line in the header that is no proper field")           \
        X(field_word, "field-word", 5, "an encoded word (RFC 2047), proper or broken")             \
        X(field_hops, "field-hops", 2, "as many Received fields as there may be, or one off")      \
        X(parameter_add, "parameter-add", 4, "one more parameter")                                 \
        X(parameter_drop, "parameter-drop", 3, "takes a parameter out")                            \
        X(parameter_duplicate, "parameter-duplicate", 3, "a parameter twice, the second other")    \
        X(parameter_quote, "parameter-quote", 3, "quotes, comments and blanks in a parameter")     \
        X(parameter_encode, "parameter-encode", 5, "a parameter as RFC 2231 writes it, or nearly") \
        X(parameter_length, "parameter-length", 3, "a parameter as long as a limit, or one off")   \
        X(type_change, "type-change", 5, "another media type, other parameters as they are")       \
        X(charset_declare, "charset-declare", 4, "another charset declared")                       \
        X(charset_bytes, "charset-bytes", 4, "bytes in a text that charsets treat differently")    \
        X(encoding_declare, "encoding-declare", 4, "another transfer encoding declared")           \
        X(encoding_real, "encoding-real", 4, "a body really in another encoding than declared")    \
        X(encoding_both, "encoding-both", 4, "a body in another encoding, and declared so")        \
        X(encoding_damage, "encoding-damage", 5, "odd or broken base64, quoted-printable, uu")     \
        X(line_ends, "line-ends", 4, "other line ends in a part")                                  \
        X(line_length, "line-length", 4, "a body line as long as a limit, or one off")             \
        X(body_fill, "body-fill", 3, "a body as long as a limit, or one off")                      \
        X(body_cut, "body-cut", 4, "a body cut short, or a piece of it gone")                      \
        X(body_mark, "body-mark", 3, "what begins or ends something inside a text")                \
        X(gap_change, "gap-change", 3, "between header and body no empty line, or an odd one")

#define UP_TREE_DECLARE(function, name, weight, what) bool up_tree_##function(struct up_edit *edit);
UP_TREE_OPERATORS(UP_TREE_DECLARE)

/** A node that passes @test (NULL: any), each with the same chance; NULL when there is none. */
struct up_node *up_edit_pick(struct up_edit *edit, bool (*test)(const struct up_node *node));

/** Tests for up_edit_pick(). */
bool up_edit_is_part(const struct up_node *node);   /* of a multipart with a boundary */
bool up_edit_has_parts(const struct up_node *node); /* a multipart with a boundary, not empty */
bool up_edit_has_body(const struct up_node *node);  /* no parts; not empty */

/** One of a NULL-terminated list. */
const char *up_edit_word(struct up_edit *edit, const char *const *words);

/** One of an array. */
#define UP_EDIT_ONE_OF(edit, array) ((array)[up_rng_below((edit)->rng, G_N_ELEMENTS(array))])

/** A length at which some code has a limit, or one off; never above @most. */
size_t up_edit_length(struct up_edit *edit, size_t most);

/** @limit, or one off, not below 1; never above @most. */
size_t up_edit_near(struct up_edit *edit, uint64_t limit, size_t most);

/** A text of ours, its lines ended by @line_end in place of LF, {{EICAR}} expanded. */
GString *up_edit_text(const char *text, const char *line_end);

/** Puts the whole content of a node (up_node_content(), for the message) into other bytes. */
void up_edit_set_content(struct up_node *node, GBytes *entity);

/** The bytes of that content. */
GBytes *up_edit_content(const struct up_node *node);

/** A copy that can be changed. */
GString *up_edit_copy(GBytes *bytes);

/**
 * Puts @written, "name=value" in full, in place of the first parameter of that name in the first
 * field of that name. False when there is none.
 */
bool up_edit_set_parameter(
    struct up_node *node, const char *field, const char *parameter, const char *written);

#endif
