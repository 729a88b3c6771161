/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/tree.h"
#include "tree/error.h"

G_BEGIN_DECLS

/** TREE_USERS_UIDS_KEY, TREE_USERS_GIDS_KEY: commit metadata, a{su}: every system id that a
 * tree of this branch ever gave out, so that none is given twice */
#define TREE_USERS_UIDS_KEY "atoll.uids"
#define TREE_USERS_GIDS_KEY "atoll.gids"

/**
 * TreeUsersMap:
 *
 * Which ids the scripts of this compose gave to users and groups, and which ids they get in
 * the tree: those of the branch's last commit where it had them.
 */
typedef struct _TreeUsersMap TreeUsersMap;

/**
 * tree_users_plan:
 * @passwd: (nullable): text of passwd(5) after the scripts ran
 * @group: (nullable): text of group(5)
 * @last_uids: (nullable): a{su} of the last commit
 * @last_gids: (nullable): a{su} of the last commit
 *
 * Static ids (below 100) stay. A name that had an id keeps it; a new name keeps what it got,
 * or gets a free one when that is somebody else's.
 *
 * Returns: (transfer full): the map
 */
TreeUsersMap *tree_users_plan(const char *passwd, const char *group, GVariant *last_uids,
                              GVariant *last_gids);

void tree_users_map_free(TreeUsersMap *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TreeUsersMap, tree_users_map_free)

/** tree_users_map_uid: the uid to write for @uid; @self may be %NULL */
uint32_t tree_users_map_uid(const TreeUsersMap *self, uint32_t uid);
/** tree_users_map_gid: the gid to write for @gid; @self may be %NULL */
uint32_t tree_users_map_gid(const TreeUsersMap *self, uint32_t gid);

/** tree_users_uids: (transfer full): a{su} for the commit: names of old and new users */
GVariant *tree_users_uids(const TreeUsersMap *self);
/** tree_users_gids: (transfer full): a{su} for the commit */
GVariant *tree_users_gids(const TreeUsersMap *self);

/** tree_users_rewrite: (transfer full): @text of passwd(5) or group(5) with mapped ids */
char *tree_users_rewrite(const TreeUsersMap *self, const char *text);

/**
 * tree_users_sysusers:
 * @passwd: text of passwd(5), ids mapped
 * @group: text of group(5), ids mapped
 *
 * Returns: (transfer full): a sysusers.d(5) fragment that gives a host whose own /etc/passwd
 *   was edited the users that a newer tree brings, with the tree's ids
 */
char *tree_users_sysusers(const char *passwd, const char *group);

G_END_DECLS
