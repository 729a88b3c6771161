/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tree/format.h"

G_BEGIN_DECLS

/**
 * tree_assemble:
 * @repo_fd: directory descriptor of the build repo
 * @format: what is particular to their format
 * @imported: (element-type PackagesImported): sorted by name
 * @manifest: what it says of documentation and languages
 * @error: %TREE_ERROR_CONFLICT names the path and both packages
 *
 * Merges the packages' trees in memory into a root as it is after unpacking all and
 * before any script, with the package database that the scripts need.
 *
 * Returns: (transfer full): the root
 */
StoreNode *tree_assemble(int repo_fd, const TreeFormat *format, GPtrArray *imported,
                         const Manifest *manifest, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
