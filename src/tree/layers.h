/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manifest/manifest.h"
#include "store/store.h"
#include "store/tree.h"
#include "tree/error.h"

G_BEGIN_DECLS

/**
 * TreeLayers:
 *
 * The commits that a manifest lays over its packages (ostree-layers, ostree-override-layers).
 */
typedef struct _TreeLayers TreeLayers;

/**
 * tree_layers_find:
 * @manifest: what it names
 * @store: where the refs are; commits of the published repo are copied into the build repo
 * @cancellable: (nullable)
 * @error: names the place of a ref that is in neither
 *
 * Returns: (transfer full): the commits
 */
TreeLayers *tree_layers_find(const Manifest *manifest, const Store *store,
                             GCancellable *cancellable, GError **error) G_GNUC_WARN_UNUSED_RESULT;

void tree_layers_free(TreeLayers *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TreeLayers, tree_layers_free)

/** tree_layers_digest: (transfer full): @inputs, with the commits mixed in */
char *tree_layers_digest(const TreeLayers *self, const char *inputs);

/**
 * tree_layers_merge:
 * @self: the commits
 * @root: the configured tree; changed in place
 * @repo_fd: directory descriptor of the build repo
 * @error: %TREE_ERROR_CONFLICT names path and layer
 */
bool tree_layers_merge(const TreeLayers *self, StoreNode *root, int repo_fd,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
