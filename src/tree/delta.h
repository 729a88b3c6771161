/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/store.h"
#include "store/tree.h"
#include "tree/error.h"

G_BEGIN_DECLS

/** TREE_DELTA_MADE: StoreNode.owner of what no package brought but a script made */
#define TREE_DELTA_MADE ""

/**
 * TreeDelta:
 * @changed: (owned): what is new or different, with the directories above it
 * @removed: (owned) (element-type utf8): paths that go before @changed is laid over a tree
 *
 * The difference that scripts make to a tree.
 */
typedef struct {
    StoreNode *changed;
    GPtrArray *removed;
} TreeDelta;

TreeDelta *tree_delta_new(void);
void tree_delta_free(TreeDelta *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TreeDelta, tree_delta_free)

/**
 * tree_delta_apply:
 * @self: a difference
 * @root: the tree that it was made from; changed in place
 *
 * Changed files keep the owning package that they had; new ones get %TREE_DELTA_MADE.
 */
void tree_delta_apply(const TreeDelta *self, StoreNode *root);

/**
 * tree_delta_save:
 * @self: a difference whose contents are in the build repo
 * @store: the store
 * @error: return location
 *
 * Returns: (transfer full): commit in the build repo that holds it; no ref points to it yet
 */
char *tree_delta_save(const TreeDelta *self, const Store *store,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * tree_delta_load:
 * @store: the store
 * @ref: a ref that points to what tree_delta_save() returned
 *
 * Returns: (transfer full) (nullable): the difference; %NULL when there is none, or none that
 *   can be read
 */
TreeDelta *tree_delta_load(const Store *store, const char *ref);

G_END_DECLS
