/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/tree.h"
#include "tree/error.h"
#include "tree/users.h"

G_BEGIN_DECLS

/**
 * tree_ids_apply:
 * @root: a tree with ids as scripts gave them; changed in place
 * @repo_fd: directory descriptor of the build repo
 * @ids: the ids to have instead
 * @error: return location
 */
bool tree_ids_apply(StoreNode *root, int repo_fd, const TreeUsersMap *ids,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
