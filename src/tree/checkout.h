/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/tree.h"
#include "tree/error.h"

G_BEGIN_DECLS

/**
 * tree_checkout:
 * @root: a tree
 * @repo_fd: directory descriptor of the build repo
 * @path: directory to fill, on the repo's file system
 * @error: return location
 *
 * Lays @root out as hard links to the repo's objects, to be the lower layer of an overlay:
 * nobody may write to it. A file whose owner, mode or attributes a bare-user object cannot
 * carry is a copy.
 */
bool tree_checkout(const StoreNode *root, int repo_fd, const char *path,
                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
