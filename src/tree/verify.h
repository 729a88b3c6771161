/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/progress.h"
#include "store/tree.h"
#include "tree/error.h"

#include <stdbool.h>

G_BEGIN_DECLS

/**
 * TreeVerifyOptions:
 * @state_dir: the state directory that has the commit
 * @rev: branch or commit
 * @manifest_path: (nullable): its manifest; %NULL makes it of what the commit says
 * @script_limit_s: as in #TreeComposeOptions
 * @progress: (nullable)
 *
 * What to make again. All borrowed.
 */
typedef struct {
    const char *state_dir;
    const char *rev;
    const char *manifest_path;
    unsigned script_limit_s;
    const BaseProgress *progress;
} TreeVerifyOptions;

/**
 * TreeVerifyDifference:
 * @path: (owned): in the tree; or the commit's metadata key
 * @what: "missing" (only the commit has it), "added" (only what was rebuilt has it), "type",
 *   "mode", "owner", "attributes", "content", "target" or "metadata"
 *
 * One thing that did not come out the same. @what is static text.
 */
typedef struct {
    char *path;
    const char *what;
} TreeVerifyDifference;

/**
 * TreeVerifyResult:
 * @commit: (owned): checksum of the commit
 * @rebuilt: (owned): checksum of what was made again
 * @differences: (owned) (element-type TreeVerifyDifference): sorted by path; none means reproduced
 */
typedef struct {
    char *commit;
    char *rebuilt;
    GPtrArray *differences;
} TreeVerifyResult;

void tree_verify_result_free(TreeVerifyResult *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TreeVerifyResult, tree_verify_result_free)

/**
 * tree_verify:
 * @options: what to make again
 * @cancellable: (nullable)
 * @error: %TREE_ERROR_NOT_FOUND: the commit, or what it was made of; or from any room below
 *
 * Composes a commit's packages by its manifest in a state directory of its own, where nothing
 * is remembered, and compares. Needs base_userns_enter() to have been called.
 *
 * Returns: (transfer full): what came out
 */
TreeVerifyResult *tree_verify(const TreeVerifyOptions *options, GCancellable *cancellable,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** tree_verify_compare: adds to @differences what differs between the trees below @path */
void tree_verify_compare(const StoreNode *was, const StoreNode *is, const char *path,
                         GPtrArray *differences);

G_END_DECLS
