/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/tree.h"
#include "tree/error.h"

G_BEGIN_DECLS

/**
 * tree_units_put:
 * @root: the configured tree; changed in place
 * @repo_fd: directory descriptor of the build repo
 * @error: return location
 *
 * Adds the systemd units that a tree needs because it is one: /tmp as a mount, since the root
 * is read-only, and SSH host keys made on the first boot, since compose removes those that
 * every host would share.
 */
bool tree_units_put(StoreNode *root, int repo_fd, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
