/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Trees in memory: the node, its children, and paths into them.
 */
#include "store/tree.h"

#include "store/loose.h"

#include <string.h>
#include <sys/stat.h>

StoreNode *store_node_new_dir(uint32_t permissions)
{
    StoreNode *self = g_new0(StoreNode, 1);
    self->meta.mode = S_IFDIR | permissions;
    self->children =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)store_node_free);
    return self;
}

void store_node_free(StoreNode *self)
{
    if (self == NULL)
        return;
    g_clear_pointer(&self->meta.xattrs, g_variant_unref);
    g_clear_pointer(&self->children, g_hash_table_unref);
    g_free(self->target);
    g_free(self);
}

StoreNode *store_node_copy(const StoreNode *self)
{
    StoreNode *copy = g_memdup2(self, sizeof *self);
    if (copy->meta.xattrs != NULL)
        g_variant_ref(copy->meta.xattrs);
    copy->target = g_strdup(self->target);
    if (self->children == NULL)
        return copy;
    copy->children =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)store_node_free);
    GHashTableIter iter;
    void *name = NULL, *child = NULL;
    g_hash_table_iter_init(&iter, self->children);
    while (g_hash_table_iter_next(&iter, &name, &child))
        g_hash_table_insert(copy->children, g_strdup(name), store_node_copy(child));
    return copy;
}

bool store_node_is_dir(const StoreNode *self)
{
    return self->children != NULL;
}

/* Splits off the first component of *path into name; FALSE at the end. */
static bool next_component(const char **path, char name[static 256])
{
    while (**path == '/')
        (*path)++;
    size_t length = strcspn(*path, "/");
    if (length == 0 || length > 255)
        return false;
    memcpy(name, *path, length);
    name[length] = '\0';
    *path += length;
    return true;
}

StoreNode *store_node_find(StoreNode *root, const char *path)
{
    char name[256];
    StoreNode *node = root;
    while (node != NULL && next_component(&path, name))
        node = node->children != NULL ? g_hash_table_lookup(node->children, name) : NULL;
    return node;
}

StoreNode *store_node_make_dirs(StoreNode *root, const char *path)
{
    char name[256];
    StoreNode *node = root;
    while (next_component(&path, name)) {
        StoreNode *child = g_hash_table_lookup(node->children, name);
        if (child == NULL || !store_node_is_dir(child)) {
            child = store_node_new_dir(0755);
            g_hash_table_replace(node->children, g_strdup(name), child);
        }
        node = child;
    }
    return node;
}

void store_node_put(StoreNode *root, const char *path, StoreNode *child)
{
    g_autofree char *parent = g_path_get_dirname(path);
    g_autofree char *name = g_path_get_basename(path);
    StoreNode *dir = store_node_make_dirs(root, strcmp(parent, ".") == 0 ? "" : parent);
    g_hash_table_replace(dir->children, g_steal_pointer(&name), child);
}

StoreNode *store_node_steal(StoreNode *root, const char *path)
{
    g_autofree char *parent = g_path_get_dirname(path);
    g_autofree char *name = g_path_get_basename(path);
    StoreNode *dir = store_node_find(root, strcmp(parent, ".") == 0 ? "" : parent);
    if (dir == NULL || !store_node_is_dir(dir))
        return NULL;
    void *key = NULL, *node = NULL;
    if (!g_hash_table_steal_extended(dir->children, name, &key, &node))
        return NULL;
    g_free(key);
    return node;
}

bool store_node_remove(StoreNode *root, const char *path)
{
    g_autoptr(StoreNode) node = store_node_steal(root, path);
    return node != NULL;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

GPtrArray *store_node_names(const StoreNode *dir)
{
    GPtrArray *names = g_ptr_array_sized_new(g_hash_table_size(dir->children));
    GHashTableIter iter;
    void *name = NULL;
    g_hash_table_iter_init(&iter, dir->children);
    while (g_hash_table_iter_next(&iter, &name, NULL))
        g_ptr_array_add(names, name);
    g_ptr_array_sort(names, compare_names);
    return names;
}

static void visit_below(const char *path, StoreNode *node, StoreTreeVisit visit, void *user_data)
{
    visit(path, node, user_data);
    if (!store_node_is_dir(node))
        return;
    g_autoptr(GPtrArray) names = store_node_names(node);
    for (guint i = 0; i < names->len; i++) {
        const char *name = names->pdata[i];
        g_autofree char *child_path =
            *path == '\0' ? g_strdup(name) : g_strconcat(path, "/", name, NULL);
        StoreNode *child = g_hash_table_lookup(node->children, name);
        if (child != NULL)
            visit_below(child_path, child, visit, user_data);
    }
}

void store_tree_visit(StoreNode *root, StoreTreeVisit visit, void *user_data)
{
    visit_below("", root, visit, user_data);
}

bool store_tree_put_text(StoreNode *root, int repo_fd, const char *path, uint32_t permissions,
                         const char *text, GError **error)
{
    g_autoptr(StoreNode) node = g_new0(StoreNode, 1);
    node->meta.mode = S_IFREG | permissions;
    node->size_bytes = strlen(text);
    g_autoptr(GBytes) contents = g_bytes_new(text, strlen(text));
    if (!store_put_file(repo_fd, &node->meta, contents, node->checksum, error))
        return false;
    store_node_put(root, path, g_steal_pointer(&node));
    return true;
}

bool store_tree_put_link(StoreNode *root, int repo_fd, const char *path, const char *target,
                         GError **error)
{
    g_autoptr(StoreNode) node = g_new0(StoreNode, 1);
    node->meta.mode = S_IFLNK | 0777;
    node->target = g_strdup(target);
    if (!store_put_symlink(repo_fd, &node->meta, target, node->checksum, error))
        return false;
    store_node_put(root, path, g_steal_pointer(&node));
    return true;
}
