/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/progress.h"
#include "tree/assemble.h"
#include "tree/scripts.h"

G_BEGIN_DECLS

/**
 * TreeStages:
 *
 * Packages unpacked and configured stage by stage. What the scripts of a stage change is a
 * function of what they see, and is remembered under the digest of exactly that: the whole
 * tree with the stage's packages unpacked, the sandbox's environment and the stage's packages.
 * A stage sees nothing of later ones, so that with and without anything remembered the same
 * tree comes out.
 */
typedef struct _TreeStages TreeStages;

/**
 * tree_stages_new:
 * @store: (borrowed): the store
 * @assemble: what to assemble; copied, what it points to borrowed
 * @limit_s: as tree_scripts_set_limit()
 * @progress: (nullable) (borrowed): packages configured
 */
TreeStages *tree_stages_new(const Store *store, const TreeAssemble *assemble, unsigned limit_s,
                            const BaseProgress *progress);

void tree_stages_free(TreeStages *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TreeStages, tree_stages_free)

/**
 * tree_stages_run:
 * @self: stages
 * @cancellable: (nullable)
 * @error: as tree_assemble_add() and #TreeFormat.run_scripts
 *
 * Runs all stages, or takes what is remembered of them.
 *
 * Returns: (transfer full): the tree with all packages configured; ids as scripts gave them
 */
StoreNode *tree_stages_run(TreeStages *self, GCancellable *cancellable,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * tree_stages_open:
 * @self: stages that have run
 * @root: a tree
 * @error: return location
 *
 * Returns: (transfer full): @root, sandboxed
 */
TreeScripts *tree_stages_open(TreeStages *self, const StoreNode *root,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** tree_stages_ran: packages whose scripts ran, and were not remembered */
unsigned tree_stages_ran(const TreeStages *self);

/**
 * tree_stages_keep:
 * @self: stages
 * @cancellable: (nullable)
 * @error: return location
 *
 * Makes what was found out last: writes the refs by which a later compose finds it, and drops
 * those that no compose has used for a month. The build repo has to be synced before.
 */
bool tree_stages_keep(TreeStages *self, GCancellable *cancellable,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
