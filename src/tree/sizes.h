/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/tree.h"

G_BEGIN_DECLS

/**
 * TreeSize:
 * @name: (owned): package, folder, or manifest key
 * @bytes: what its files take; an object that several names share counts once, for the first
 * @n_files: how many names of regular files
 */
typedef struct {
    char *name;
    uint64_t bytes;
    unsigned n_files;
} TreeSize;

/**
 * TreeSizes:
 * @rows: (owned) (element-type TreeSize): largest first
 * @savings: (owned) (element-type TreeSize): what could be left out
 * @total_bytes: all of it
 * @n_files: names of regular files
 */
typedef struct {
    GPtrArray *rows;
    GPtrArray *savings;
    uint64_t total_bytes;
    unsigned n_files;
} TreeSizes;

/**
 * tree_sizes_new:
 * @root: a tree
 * @owners: (nullable): path to package of each file; %NULL counts by folder
 * @depth: levels of folders
 *
 * Returns: (transfer full): where its bytes are
 */
TreeSizes *tree_sizes_new(StoreNode *root, GHashTable *owners, unsigned depth);

void tree_sizes_free(TreeSizes *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TreeSizes, tree_sizes_free)

G_END_DECLS
