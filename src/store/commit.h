/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/tree.h"

G_BEGIN_DECLS

/**
 * StoreCommit:
 * @parent: (nullable): checksum of the commit before it, in hex
 * @subject: one line
 * @metadata: (nullable): a{sv}
 * @timestamp_s: seconds since the epoch
 *
 * What a commit says besides its tree. All borrowed.
 */
typedef struct {
    const char *parent;
    const char *subject;
    GVariant *metadata;
    uint64_t timestamp_s;
} StoreCommit;

/**
 * store_commit_write:
 * @repo_fd: directory descriptor of the repo that has the tree's objects
 * @root: the tree
 * @commit: the rest
 * @error: return location
 *
 * Writes the tree's metadata objects and the commit object; moves no ref.
 *
 * Returns: (transfer full): the commit's checksum in hex
 */
char *store_commit_write(int repo_fd, const StoreNode *root, const StoreCommit *commit,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
