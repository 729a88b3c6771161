/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/tree.h"
#include "tree/error.h"
#include "tree/users.h"

G_BEGIN_DECLS

/**
 * tree_scan:
 * @root: the tree that the overlay's lower layer was checked out from; changed in place
 * @repo_fd: directory descriptor of the build repo
 * @upper: the overlay's upper directory
 * @ids: (nullable): uids and gids to give instead of those found
 * @error: return location
 *
 * Takes over what changed in an overlay: new and changed files are hashed into the repo,
 * whiteouts and opaque directories remove. Sockets, pipes and devices are left out.
 */
bool tree_scan(StoreNode *root, int repo_fd, const char *upper, const TreeUsersMap *ids,
               GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
