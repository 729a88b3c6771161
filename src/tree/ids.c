/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Settled ids for a whole tree: OSTree hashes owners, so what changes owner is hashed anew.
 */
#include "tree/ids.h"

#include "store/loose.h"

#include <sys/stat.h>

static bool put_again(StoreNode *node, int repo_fd, GError **error)
{
    if (S_ISLNK(node->meta.mode))
        return store_put_symlink(repo_fd, &node->meta, node->target, node->checksum, error);
    g_autoptr(GBytes) contents = store_load_contents(repo_fd, node->checksum, error);
    return contents != NULL &&
           store_put_file(repo_fd, &node->meta, contents, node->checksum, error);
}

bool tree_ids_apply(StoreNode *root, int repo_fd, const TreeUsersMap *ids, GError **error)
{
    uint32_t uid = tree_users_map_uid(ids, root->meta.uid);
    uint32_t gid = tree_users_map_gid(ids, root->meta.gid);
    bool same = uid == root->meta.uid && gid == root->meta.gid;
    root->meta.uid = uid;
    root->meta.gid = gid;
    if (!store_node_is_dir(root))
        return same || put_again(root, repo_fd, error);
    GHashTableIter iter;
    void *name = NULL, *child = NULL;
    g_hash_table_iter_init(&iter, root->children);
    while (g_hash_table_iter_next(&iter, &name, &child))
        if (!tree_ids_apply(child, repo_fd, ids, error)) {
            g_prefix_error(error, "giving ‘%s’ its owner: ", (const char *)name);
            return false;
        }
    return true;
}
