/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/progress.h"
#include "tree/reproduce.h"

#include <stdbool.h>
#include <stdint.h>

G_BEGIN_DECLS

/**
 * TreeComposeFlags:
 * @TREE_COMPOSE_DEFAULT: no commit when nothing changed
 * @TREE_COMPOSE_FORCE: a commit in any case
 * @TREE_COMPOSE_LOCKED: only by a lock, and only when that fits
 */
typedef enum {
    TREE_COMPOSE_DEFAULT = 0,
    TREE_COMPOSE_FORCE = 1 << 0,
    TREE_COMPOSE_LOCKED = 1 << 1,
} TreeComposeFlags;

/**
 * TreeComposeOptions:
 * @manifest_path: the manifest
 * @lock_path: (nullable): the lock; %NULL is the one beside the manifest, if there is one
 * @state_dir: the state directory
 * @version: (nullable): version of the commit; %NULL makes the next one of the manifest's
 *   automatic-version-prefix, or of today's date
 * @script_limit_s: seconds that one script may take; 0 for no limit
 * @reproduce: (nullable): a commit to make again: nothing is resolved, signed, exported or
 *   published, and no ref moves; the result's commit is in the build repo
 * @flags: see #TreeComposeFlags
 * @progress: (nullable)
 *
 * What to compose. All borrowed.
 */
typedef struct {
    const char *manifest_path;
    const char *lock_path;
    const char *state_dir;
    const char *version;
    unsigned script_limit_s;
    const TreeReproduce *reproduce;
    TreeComposeFlags flags;
    const BaseProgress *progress;
} TreeComposeOptions;

/**
 * TreeComposePhase:
 * @name: static text
 * @duration_ms: how long it took
 * @bytes: bytes that it moved, 0 when that means nothing
 * @files: files that it moved
 */
typedef struct {
    const char *name;
    uint64_t duration_ms;
    uint64_t bytes;
    uint64_t files;
} TreeComposePhase;

/**
 * TreeComposeResult:
 * @ref: (owned): the branch
 * @commit: (owned): its commit, new or the last one
 * @version: (owned): of that commit
 * @unchanged: nothing had changed, and no commit was made
 * @n_packages: packages in the tree
 * @phases: (owned) (element-type TreeComposePhase): in the order they ended
 * @privileged: (owned) (nullable): as tree_privileged_list(), of a tree that was made
 */
typedef struct {
    char *ref;
    char *commit;
    char *version;
    bool unchanged;
    unsigned n_packages;
    GArray *phases;
    GPtrArray *privileged;
} TreeComposeResult;

void tree_compose_result_free(TreeComposeResult *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TreeComposeResult, tree_compose_result_free)

/**
 * tree_compose:
 * @options: what to compose
 * @cancellable: (nullable)
 * @error: from any room below, with the manifest's, package's or script's name
 *
 * From a manifest to a signed commit in the published repo. Needs base_userns_enter() to
 * have been called. Whatever happens before the last step, refs stay as they were.
 *
 * Returns: (transfer full): what was done
 */
TreeComposeResult *tree_compose(const TreeComposeOptions *options, GCancellable *cancellable,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
