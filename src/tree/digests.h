/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/tree.h"
#include "tree/error.h"

G_BEGIN_DECLS

/**
 * TreeDigest:
 * @sha1: SHA-1 of a file's contents
 * @sha256: their SHA-256
 */
typedef struct {
    uint8_t sha1[BASE_SHA1_BYTES];
    uint8_t sha256[BASE_SHA256_BYTES];
} TreeDigest;

/**
 * TreeDigests:
 *
 * Digests of files' contents by the checksums of their objects, which OSTree makes of contents
 * and metadata together. Remembered in a file of the cache, so that each object is read for
 * them once.
 */
typedef struct _TreeDigests TreeDigests;

/**
 * tree_digests_open:
 * @dir_fd: directory of @path; borrowed
 * @path: (nullable): the file that remembers; a missing or damaged one counts as empty
 *
 * Returns: (transfer full): what it remembers
 */
TreeDigests *tree_digests_open(int dir_fd, const char *path);

void tree_digests_free(TreeDigests *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TreeDigests, tree_digests_free)

/**
 * tree_digests_add:
 * @self: what is known
 * @repo_fd: directory descriptor of the bare-user repo with the contents
 * @root: a tree
 * @n_workers: threads at most, 0 for one a CPU
 * @cancellable: (nullable)
 * @error: return location
 *
 * Digests those regular files of @root that are not known yet.
 */
bool tree_digests_add(TreeDigests *self, int repo_fd, StoreNode *root, unsigned n_workers,
                      GCancellable *cancellable, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** tree_digests_find: (nullable) (transfer none): of the object @checksum; valid until the next
 * tree_digests_add() */
const TreeDigest *tree_digests_find(const TreeDigests *self,
                                    const uint8_t checksum[static BASE_SHA256_BYTES]);

/** tree_digests_save: remembers what was found out, and what was known unless that is much more
 * than was asked for */
bool tree_digests_save(TreeDigests *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
