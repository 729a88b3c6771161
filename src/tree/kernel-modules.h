/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/progress.h"
#include "tree/scripts.h"

G_BEGIN_DECLS

/**
 * tree_kernel_modules_choose:
 * @dep: text of modules.dep (depmod(8))
 * @softdep: (nullable): text of modules.softdep
 * @patterns: what stays: paths below the modules' directory, * and ? as in glob(7)
 * @error: %TREE_ERROR_KERNEL: a line that is none, or a path that leads out
 *
 * Returns: (transfer full) (element-type utf8): the modules that can go: neither among
 *   @patterns nor needed by one that is, sorted
 */
GPtrArray *tree_kernel_modules_choose(const char *dep, const char *softdep,
                                      const char *const *patterns,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * tree_kernel_modules_trim:
 * @scripts: the mounted tree
 * @manifest: its kernel-modules
 * @progress: (nullable)
 * @cancellable: (nullable)
 * @error: return location
 *
 * Removes what the manifest's set of kernel modules has not got, and makes their indexes anew; and
 * those of a kernel that comes without.
 */
bool tree_kernel_modules_trim(TreeScripts *scripts, const Manifest *manifest,
                              const BaseProgress *progress, GCancellable *cancellable,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
