/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manifest/manifest.h"
#include "packages/import.h"
#include "tree/error.h"

G_BEGIN_DECLS

/**
 * tree_assemble:
 * @repo_fd: directory descriptor of the build repo
 * @imported: (element-type PackagesImported): sorted by name
 * @manifest: what it says of documentation and languages
 * @error: %TREE_ERROR_CONFLICT names the path and both packages
 *
 * Merges the packages' trees in memory into a root as dpkg would leave it after unpacking
 * all and configuring none: merged /usr, the skeleton, dpkg's database with every package
 * "unpacked" and its triggers noted.
 *
 * Returns: (transfer full): the root
 */
StoreNode *tree_assemble(int repo_fd, GPtrArray *imported, const Manifest *manifest,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
