/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The merge of package trees in memory.
 */
#include "tree/assemble.h"

#include "tree/delta.h"
#include "tree/filter.h"

#include <string.h>
#include <sys/stat.h>

#define LINK_DEPTH_MAX 8

typedef struct {
    int repo_fd;
    const TreeFormat *format;
    const Manifest *manifest;
    const TreeFilter *filter; /* NULL when the format selects */
    GHashTable *replaces;     /* "NEW\nOLD" */
    GHashTable *diversions;   /* path to "PLACE\nPACKAGE", NULL for none */
    StoreNode *root;
} Merge;

static bool replaces(const Merge *merge, const char *winner, const char *loser)
{
    g_autofree char *key = g_strconcat(winner, "\n", loser, NULL);
    return g_hash_table_contains(merge->replaces, key);
}

static bool same_leaf(const StoreNode *a, const StoreNode *b)
{
    return !store_node_is_dir(a) && !store_node_is_dir(b) &&
           memcmp(a->checksum, b->checksum, BASE_SHA256_BYTES) == 0;
}

static bool set_conflict(GError **error, const char *path, const StoreNode *old, const char *owner)
{
    g_set_error(error, TREE_ERROR, TREE_ERROR_CONFLICT,
                "packages ‘%s’ and ‘%s’ both own ‘/%s’ and neither replaces the other: leave one "
                "out of the manifest",
                old->owner != NULL ? old->owner : "?", owner, path);
    return false;
}

static bool merge_dir(Merge *merge, StoreNode *into, const StoreNode *from, const char *path,
                      const char *owner, GError **error);

static StoreNode *own_copy(const StoreNode *node, const char *owner)
{
    StoreNode *copy = NULL;
    if (store_node_is_dir(node)) {
        copy = store_node_new_dir(0);
        copy->meta = node->meta;
        if (copy->meta.xattrs != NULL)
            g_variant_ref(copy->meta.xattrs);
    } else {
        copy = store_node_copy(node);
    }
    copy->owner = owner;
    return copy;
}

/* The directory that a link of the tree stands for, made when it dangles; NULL for a leaf. */
static StoreNode *follow_link(StoreNode *root, const char *path, const StoreNode *link)
{
    g_autofree char *place = g_strconcat("/", path, NULL);
    for (int depth = 0; depth < LINK_DEPTH_MAX; depth++) {
        g_autofree char *parent = g_path_get_dirname(place);
        g_free(place);
        place = g_canonicalize_filename(link->target, parent);
        StoreNode *node = store_node_find(root, place);
        if (node == NULL)
            return store_node_make_dirs(root, place);
        if (store_node_is_dir(node))
            return node;
        if (!S_ISLNK(node->meta.mode))
            return NULL;
        link = node;
    }
    return NULL;
}

/* One package's directory where another has a link: what is in it lands behind the link. */
static bool merge_behind_link(Merge *merge, const StoreNode *link, const StoreNode *child,
                              const char *path, const char *owner, GError **error)
{
    StoreNode *dir = follow_link(merge->root, path, link);
    if (dir == NULL)
        return set_conflict(error, path, link, owner);
    return merge_dir(merge, dir, child, path, owner, error);
}

static bool merge_child(Merge *merge, StoreNode *into, const char *name, const StoreNode *child,
                        const char *path, const char *owner, GError **error)
{
    StoreNode *old = g_hash_table_lookup(into->children, name);
    bool both_dirs = old != NULL && store_node_is_dir(old) && store_node_is_dir(child);
    if (old != NULL && !both_dirs) {
        if (store_node_is_dir(child) && S_ISLNK(old->meta.mode))
            return merge_behind_link(merge, old, child, path, owner, error);
        /* a directory is not replaced by a link */
        if (store_node_is_dir(old) && S_ISLNK(child->meta.mode))
            return true;
        if (same_leaf(old, child) || (old->owner != NULL && replaces(merge, old->owner, owner)))
            return true;
        bool made = g_strcmp0(old->owner, TREE_DELTA_MADE) == 0;
        if (!made && (old->owner == NULL || !replaces(merge, owner, old->owner)))
            return set_conflict(error, path, old, owner);
    }
    if (!both_dirs) {
        old = own_copy(child, owner);
        g_hash_table_replace(into->children, g_strdup(name), old);
    }
    return !store_node_is_dir(child) || merge_dir(merge, old, child, path, owner, error);
}

/* A file that a script of an earlier stage diverts lands where the diversion says. */
static bool divert(Merge *merge, const StoreNode *child, const char *path, const char *owner)
{
    const char *diversion = merge->diversions != NULL && !store_node_is_dir(child)
                                ? g_hash_table_lookup(merge->diversions, path)
                                : NULL;
    const char *by = diversion != NULL ? strchr(diversion, '\n') : NULL;
    if (by == NULL || strcmp(by + 1, owner) == 0)
        return false;
    g_autofree char *place = g_strndup(diversion, (size_t)(by - diversion));
    store_node_put(merge->root, place, own_copy(child, owner));
    return true;
}

static bool merge_dir(Merge *merge, StoreNode *into, const StoreNode *from, const char *path,
                      const char *owner, GError **error)
{
    g_autoptr(GPtrArray) names = store_node_names(from);
    for (guint i = 0; i < names->len; i++) {
        const char *name = names->pdata[i];
        const StoreNode *child = g_hash_table_lookup(from->children, name);
        g_autofree char *child_path =
            *path == '\0' ? g_strdup(name) : g_strconcat(path, "/", name, NULL);
        if (merge->filter != NULL &&
            tree_filter_drops(merge->filter, child_path, store_node_is_dir(child)))
            continue;
        if (divert(merge, child, child_path, owner))
            continue;
        if (!merge_child(merge, into, name, child, child_path, owner, error))
            return false;
    }
    return true;
}

static bool merge_package(Merge *merge, const PackagesImported *one, GError **error)
{
    g_autoptr(StoreNode) selected = NULL;
    if (merge->format->select != NULL &&
        !merge->format->select(one, merge->manifest, merge->replaces, &selected, error))
        return false;
    return merge_dir(merge, merge->root, selected != NULL ? selected : one->root, "",
                     g_intern_string(one->package->name), error);
}

/* The first package's directory modes are the ones that count. */
static bool merge_all(Merge *merge, GPtrArray *imported, GError **error)
{
    for (int pass = 0; pass < 2; pass++)
        for (guint i = 0; i < imported->len; i++) {
            const PackagesImported *one = imported->pdata[i];
            bool is_first = strcmp(one->package->name, merge->format->first_package) == 0;
            if (is_first == (pass == 0) && !merge_package(merge, one, error))
                return false;
        }
    return true;
}

StoreNode *tree_assemble_start(int repo_fd, const TreeFormat *format, GError **error)
{
    g_autoptr(StoreNode) root = store_node_new_dir(0755);
    return format->put_skeleton(root, repo_fd, error) ? g_steal_pointer(&root) : NULL;
}

bool tree_assemble_add(StoreNode *root, const TreeAssemble *self, GPtrArray *packages,
                       GError **error)
{
    const TreeFormat *format = self->format;
    g_autoptr(TreeFilter) filter = format->select == NULL ? tree_filter_new(self->manifest) : NULL;
    g_autoptr(GHashTable) replacements = format->replacements(self->imported);
    g_autoptr(GHashTable) diversions = NULL;
    if (format->diversions != NULL && !format->diversions(root, self->repo_fd, &diversions, error))
        return false;
    Merge merge = {.repo_fd = self->repo_fd,
                   .format = format,
                   .manifest = self->manifest,
                   .filter = filter,
                   .replaces = replacements,
                   .diversions = diversions,
                   .root = root};
    return merge_all(&merge, packages, error);
}

StoreNode *tree_assemble(const TreeAssemble *self, GError **error)
{
    g_autoptr(StoreNode) root = tree_assemble_start(self->repo_fd, self->format, error);
    if (root == NULL || !tree_assemble_add(root, self, self->imported, error))
        return NULL;
    return g_steal_pointer(&root);
}
