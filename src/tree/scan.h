/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tree/delta.h"
#include "tree/users.h"

G_BEGIN_DECLS

/**
 * tree_scan:
 * @repo_fd: directory descriptor of the build repo
 * @upper: an overlay's upper directory
 * @ids: (nullable): uids and gids to give instead of those found
 * @error: return location
 *
 * Reads what changed in an overlay: new and changed files are hashed into the repo, whiteouts
 * and opaque directories remove. Sockets, pipes and devices are left out.
 *
 * Returns: (transfer full): the change
 */
TreeDelta *tree_scan(int repo_fd, const char *upper, const TreeUsersMap *ids,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
