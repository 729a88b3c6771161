/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tree/format.h"

G_BEGIN_DECLS

/**
 * tree_rpm_run:
 * @run: the sandboxed tree and its packages
 * @cancellable: (nullable)
 * @error: %TREE_ERROR_SCRIPT names the package, the script, what it failed with and its last
 *   lines
 *
 * Runs tree_rpm_transaction_main() in a sandbox, as the program atoll-rpm-transaction.
 */
bool tree_rpm_run(const TreeFormatRun *run, GCancellable *cancellable,
                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** tree_rpm_run_recipe: (transfer full): all that decides what tree_rpm_run() does to a tree
 * besides the tree: headers, rules, librpm, what the manifest says of files */
char *tree_rpm_run_recipe(const Manifest *manifest, const GPtrArray *imported);

G_END_DECLS
