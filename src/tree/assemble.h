/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tree/format.h"

G_BEGIN_DECLS

/**
 * TreeAssemble:
 * @repo_fd: directory descriptor of the build repo
 * @format: what is particular to the packages' format
 * @imported: (element-type PackagesImported): all packages, sorted by name
 * @manifest: what it says of documentation and languages
 *
 * What a tree is assembled from. All borrowed.
 */
typedef struct {
    int repo_fd;
    const TreeFormat *format;
    GPtrArray *imported;
    const Manifest *manifest;
} TreeAssemble;

/**
 * tree_assemble_start:
 *
 * Returns: (transfer full): the root before the first package
 */
StoreNode *tree_assemble_start(int repo_fd, const TreeFormat *format,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * tree_assemble_add:
 * @root: a root, with what earlier packages and their scripts put there; changed in place
 * @self: all packages
 * @packages: (element-type PackagesImported): those of them to add
 * @error: %TREE_ERROR_CONFLICT names the path and both packages
 *
 * Merges trees of packages in memory, as unpacking them would. What a script had put where a
 * package has a file makes way.
 */
bool tree_assemble_add(StoreNode *root, const TreeAssemble *self, GPtrArray *packages,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * tree_assemble:
 * @self: all packages
 * @error: as tree_assemble_add()
 *
 * Returns: (transfer full): the root as it is after unpacking all, without a package database
 */
StoreNode *tree_assemble(const TreeAssemble *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
