/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/progress.h"
#include "manifest/lock.h"
#include "manifest/manifest.h"
#include "store/store.h"
#include "tree/describe.h"
#include "tree/users.h"

G_BEGIN_DECLS

/**
 * TreeAccounts:
 * @root: directory of the mounted tree, all scripts done
 * @manifest: preserve-passwd, check-passwd, check-groups and what belongs to them
 * @lock: (nullable): its ids come before those of the parent
 * @parent: the branch's last commit
 * @store: has the parent
 * @progress: (nullable)
 *
 * Users and groups of a tree. All borrowed.
 */
typedef struct {
    const char *root;
    const Manifest *manifest;
    const ManifestLock *lock;
    const TreeParent *parent;
    const Store *store;
    const BaseProgress *progress;
} TreeAccounts;

/**
 * tree_accounts_settle:
 * @self: whose
 * @error: %TREE_ERROR_FAILED names the user or group that is not as the manifest says
 *
 * Decides on the ids that users and groups have, writes them into the tree's passwd and group,
 * and checks the result as the manifest asks.
 *
 * Returns: (transfer full): the map from what scripts gave to what the tree has
 */
TreeUsersMap *tree_accounts_settle(const TreeAccounts *self,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * tree_accounts_check:
 * @what: "user" or "group"
 * @wanted: (element-type ManifestId): what there should be
 * @text: of passwd(5) or group(5)
 * @ignored: (element-type ManifestString): names that may be missing; "*" is all
 * @error: names everything that is wrong
 *
 * Each of @wanted has to be in @text with the same number, and a user with the same group.
 */
bool tree_accounts_check(const char *what, const GPtrArray *wanted, const char *text,
                         const GPtrArray *ignored, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** tree_accounts_parse: (transfer full) (element-type ManifestId): the lines of passwd(5), or of
 * group(5) when @what is "group" */
GPtrArray *tree_accounts_parse(const char *what, const char *text);

G_END_DECLS
