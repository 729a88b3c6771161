/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Differences between trees, in memory and as commits of the build repo.
 */
#include "tree/delta.h"

#include "store/commit.h"

#include <string.h>

#define REMOVED_KEY "atoll.removed"

TreeDelta *tree_delta_new(void)
{
    TreeDelta *self = g_new0(TreeDelta, 1);
    self->changed = store_node_new_dir(0755);
    self->removed = g_ptr_array_new_with_free_func(g_free);
    return self;
}

void tree_delta_free(TreeDelta *self)
{
    if (self == NULL)
        return;
    store_node_free(self->changed);
    g_clear_pointer(&self->removed, g_ptr_array_unref);
    g_free(self);
}

static void take_meta(StoreNode *into, const StoreNode *from)
{
    if (from->meta.xattrs != NULL)
        g_variant_ref(from->meta.xattrs);
    g_clear_pointer(&into->meta.xattrs, g_variant_unref);
    into->meta = from->meta;
}

static void lay_over(StoreNode *into, const StoreNode *from)
{
    GHashTableIter iter;
    void *name = NULL, *value = NULL;
    g_hash_table_iter_init(&iter, from->children);
    while (g_hash_table_iter_next(&iter, &name, &value)) {
        const StoreNode *child = value;
        StoreNode *old = g_hash_table_lookup(into->children, name);
        const char *owner = old != NULL ? old->owner : TREE_DELTA_MADE;
        if (store_node_is_dir(child)) {
            if (old == NULL || !store_node_is_dir(old)) {
                old = store_node_new_dir(0);
                old->owner = owner;
                g_hash_table_replace(into->children, g_strdup(name), old);
            }
            take_meta(old, child);
            lay_over(old, child);
        } else {
            StoreNode *copy = store_node_copy(child);
            copy->owner = owner;
            g_hash_table_replace(into->children, g_strdup(name), copy);
        }
    }
}

void tree_delta_apply(const TreeDelta *self, StoreNode *root)
{
    for (guint i = 0; i < self->removed->len; i++)
        (void)store_node_remove(root, self->removed->pdata[i]);
    lay_over(root, self->changed);
}

char *tree_delta_save(const TreeDelta *self, const Store *store, GError **error)
{
    g_autoptr(GVariantDict) dict = g_variant_dict_new(NULL);
    g_variant_dict_insert_value(
        dict, REMOVED_KEY,
        g_variant_new_strv((const char *const *)self->removed->pdata, (gssize)self->removed->len));
    g_autoptr(GVariant) metadata = g_variant_ref_sink(g_variant_dict_end(dict));
    StoreCommit commit = {.subject = "stage", .metadata = metadata};
    return store_commit_write(store_get_build_fd(store), self->changed, &commit, error);
}

TreeDelta *tree_delta_load(const Store *store, const char *ref)
{
    OstreeRepo *repo = store_get_build_repo(store);
    g_autofree char *commit = NULL;
    g_autoptr(GVariant) object = NULL;
    g_auto(GStrv) removed = NULL;
    if (!ostree_repo_resolve_rev(repo, ref, TRUE, &commit, NULL) || commit == NULL ||
        !ostree_repo_load_variant(repo, OSTREE_OBJECT_TYPE_COMMIT, commit, &object, NULL))
        return NULL;
    g_autoptr(GVariant) metadata = g_variant_get_child_value(object, 0);
    StoreNode *changed = g_variant_lookup(metadata, REMOVED_KEY, "^as", &removed)
                             ? store_tree_load(store_get_build_fd(store), commit, NULL)
                             : NULL;
    if (changed == NULL)
        return NULL;
    TreeDelta *self = tree_delta_new();
    store_node_free(self->changed);
    self->changed = changed;
    for (char **path = removed; *path != NULL; path++)
        g_ptr_array_add(self->removed, g_strdup(*path));
    return self;
}
