/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/object.h"

G_BEGIN_DECLS

/**
 * StoreNode:
 * @meta: what it is; xattrs owned
 * @checksum: content object of a file or link; unused for a directory
 * @size_bytes: size of a regular file
 * @target: (owned) (nullable): target of a symbolic link
 * @children: (owned) (nullable): name to StoreNode, for a directory
 * @owner: (nullable): interned name of the package it comes from
 *
 * A file system tree in memory: names and metadata, contents by checksum. Merging,
 * finishing and comparing trees happens on this.
 */
typedef struct {
    StoreMeta meta;
    uint8_t checksum[BASE_SHA256_BYTES];
    uint64_t size_bytes;
    char *target;
    GHashTable *children;
    const char *owner;
} StoreNode;

/** store_node_new_dir: (transfer full): an empty directory owned by root */
StoreNode *store_node_new_dir(uint32_t permissions);

/** store_node_copy: (transfer full): a deep copy */
StoreNode *store_node_copy(const StoreNode *self);

void store_node_free(StoreNode *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StoreNode, store_node_free)

/** store_node_is_dir: whether it has children */
bool store_node_is_dir(const StoreNode *self);

/** store_node_find: (nullable): the node at @path ("usr/bin"), following no links */
StoreNode *store_node_find(StoreNode *root, const char *path);

/** store_node_make_dirs: (transfer none): the directory at @path; missing ones are made 0755.
 * What is there and no directory is replaced. */
StoreNode *store_node_make_dirs(StoreNode *root, const char *path);

/** store_node_put: puts @child (transfer full) at @path, making parents, replacing what is there */
void store_node_put(StoreNode *root, const char *path, StoreNode *child);

/** store_node_steal: (transfer full) (nullable): takes the node at @path out of the tree */
StoreNode *store_node_steal(StoreNode *root, const char *path);

/** store_node_remove: removes what is at @path, if anything; %TRUE if there was something */
bool store_node_remove(StoreNode *root, const char *path);

/** store_node_names: (transfer container): names of the children, sorted bytewise */
GPtrArray *store_node_names(const StoreNode *dir);

/**
 * StoreTreeVisit:
 * @path: relative to the root, "" for the root itself
 * @node: what is there
 * @user_data: passed through
 *
 * Called for each node, parents first, in sorted order.
 */
typedef void (*StoreTreeVisit)(const char *path, StoreNode *node, void *user_data);

/** store_tree_visit: walks the whole tree below @root */
void store_tree_visit(StoreNode *root, StoreTreeVisit visit, void *user_data);

/**
 * store_tree_put_text:
 * @root: a tree
 * @repo_fd: directory descriptor of a bare-user repo
 * @path: where
 * @permissions: permission bits
 * @text: contents
 * @error: return location
 *
 * Puts a small file owned by root into the tree and its contents into the repo.
 */
bool store_tree_put_text(StoreNode *root, int repo_fd, const char *path, uint32_t permissions,
                         const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** store_tree_put_link: puts a symbolic link to @target at @path */
bool store_tree_put_link(StoreNode *root, int repo_fd, const char *path, const char *target,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * store_tree_load:
 * @repo_fd: directory descriptor of a bare-user repo
 * @commit: commit checksum in hex
 * @error: return location
 *
 * Returns: (transfer full): the tree of a commit
 */
StoreNode *store_tree_load(int repo_fd, const char *commit,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * store_tree_write:
 * @root: a tree whose contents are in the repo
 * @repo_fd: directory descriptor of the repo
 * @out_dirtree: checksum of the root's dirtree
 * @out_dirmeta: checksum of the root's dirmeta
 * @error: return location
 *
 * Writes the dirtree and dirmeta objects of @root.
 */
bool store_tree_write(const StoreNode *root, int repo_fd,
                      uint8_t out_dirtree[static BASE_SHA256_BYTES],
                      uint8_t out_dirmeta[static BASE_SHA256_BYTES],
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
