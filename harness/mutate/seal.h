/*
 * seal - signs an entity again, in the way it was signed before
 *
 *     g_autoptr(up_seal) seal = up_seal_read(node, c->time_s);
 *
 *     if (seal != NULL) {
 *             … // change what is signed
 *             up_seal_again(seal, node, changed);
 *     }
 *
 * Where sign.h lets the rng choose, here the new signature is like the old one: of the same form,
 * by the same signers if they are test identities, with the same algorithms, and in the same
 * entity, which keeps its header fields, boundary lines and length of lines. A signer that is not a
 * test identity is replaced by "alice".
 *
 * A seal is a multipart/signed of two parts whose second carries SignedData, or an entity that
 * carries SignedData with its content inside. Whether it holds does not matter. Any bytes may come
 * in; time is linear in them, but for one signature by each of UP_SIGNERS signers.
 */
#ifndef UP_MUTATE_SEAL_H
#define UP_MUTATE_SEAL_H

#include <stdint.h>

#include "mutate/tree.h"

struct up_seal;

/** Reads the seal of a node; NULL: it bears none. @time_s becomes the time of signing. */
struct up_seal *up_seal_read(const struct up_node *node, int64_t time_s);

/** What is signed, as an entity. The caller owns the result. */
GBytes *up_seal_content(const struct up_seal *seal);

/** Is the content inside the structure, rather than beside it in the tree? */
bool up_seal_is_opaque(const struct up_seal *seal);

/**
 * Signs @entity, and puts the signature into the node that the seal was read from: into its second
 * part, or, with the content, into its body. False when OpenSSL refuses, or the parts are no longer
 * there: then nothing is changed. Restarts cms/random.h.
 */
bool up_seal_again(const struct up_seal *seal, struct up_node *node, GBytes *entity);

void up_seal_free(struct up_seal *seal);
typedef struct up_seal up_seal;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(up_seal, up_seal_free)

#endif
