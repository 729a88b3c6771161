/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tree/format.h"

G_BEGIN_DECLS

/**
 * tree_finish_find_kernel:
 * @root: the configured tree
 * @out_kernel: (transfer full) (nullable): kernel version, %NULL when the tree has none
 * @error: %TREE_ERROR_KERNEL when there are several
 */
bool tree_finish_find_kernel(StoreNode *root, char **out_kernel,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * tree_finish_clean:
 * @format: knows the litter of its package database
 * @root: the configured tree; changed in place
 * @repo_fd: directory descriptor of the build repo
 * @error: return location
 *
 * Removes what belongs to one machine or one moment: ids, host keys, locks, backups. What
 * is left is the same for the same inputs.
 */
bool tree_finish_clean(const TreeFormat *format, StoreNode *root, int repo_fd,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * TreeFinish:
 * @format: of the packages
 * @manifest: what it removes
 * @kernel: (nullable): kernel version
 * @public_key: base64 of the key that signs the branch, one line
 */
typedef struct {
    const TreeFormat *format;
    const Manifest *manifest;
    const char *kernel;
    const char *public_key;
} TreeFinish;

/**
 * tree_finish:
 * @self: what to do
 * @root: the configured tree; changed in place
 * @repo_fd: directory descriptor of the build repo
 * @error: return location
 *
 * Turns a configured and cleaned root into an OSTree tree: kernel below /usr/lib/modules, /etc as
 * /usr/etc, /var empty, links into it, and the signing key among
 * the trusted ones.
 */
bool tree_finish(const TreeFinish *self, StoreNode *root, int repo_fd,
                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
