/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/tree.h"
#include "tree/error.h"

G_BEGIN_DECLS

/**
 * tree_checkout:
 * @root: a tree
 * @old: (nullable): the tree that @path holds; %NULL when it is empty
 * @repo_fd: directory descriptor of the build repo
 * @path: directory on the repo's file system
 * @error: return location
 *
 * Lays @root out as hard links to the repo's objects, to be the lower layer of an overlay:
 * nobody may write to it. A file whose owner, mode or attributes a bare-user object cannot
 * carry is a copy. All times are the epoch. Where @old is given, only what differs is touched.
 */
bool tree_checkout(const StoreNode *root, const StoreNode *old, int repo_fd, const char *path,
                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
