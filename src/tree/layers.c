/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Commits laid over the packages of a tree. Their /usr/etc is the tree's /etc, as long as it is
 * not finished; a top directory that is a link of the tree is followed.
 */
#include "tree/layers.h"

#include "base/digest.h"

#include <string.h>
#include <sys/stat.h>

typedef struct {
    const char *ref; /* borrowed from the manifest */
    char *commit;    /* owned */
    bool overrides;
} Layer;

struct _TreeLayers {
    GArray *layers; /* owned: of Layer */
};

static void layer_clear(Layer *layer)
{
    g_clear_pointer(&layer->commit, g_free);
}

void tree_layers_free(TreeLayers *self)
{
    if (self == NULL)
        return;
    g_array_unref(self->layers);
    g_free(self);
}

/* By its checksum: the summary lists only what atoll has composed. */
static bool copy_commit(const Store *store, const char *commit, GCancellable *cancellable,
                        GError **error)
{
    g_autofree char *repo = store_path(store, "repo");
    g_autofree char *absolute = g_canonicalize_filename(repo, NULL);
    g_autofree char *url = g_strconcat("file://", absolute, NULL);
    const char *const refs[] = {commit, NULL};
    g_auto(GVariantBuilder) builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("a{sv}"));
    g_variant_builder_add(&builder, "{sv}", "refs", g_variant_new_strv(refs, -1));
    g_variant_builder_add(&builder, "{sv}", "gpg-verify", g_variant_new_boolean(FALSE));
    g_variant_builder_add(&builder, "{sv}", "gpg-verify-summary", g_variant_new_boolean(FALSE));
    g_autoptr(GVariant) options = g_variant_ref_sink(g_variant_builder_end(&builder));
    return ostree_repo_pull_with_options(store_get_build_repo(store), url, options, NULL,
                                         cancellable, error);
}

static bool find_layer(const Store *store, const ManifestString *ref, Layer *out_layer,
                       GCancellable *cancellable, GError **error)
{
    OstreeRepo *published = store_get_published_repo(store);
    OstreeRepo *build = store_get_build_repo(store);
    g_autofree char *commit = NULL;
    gboolean has = FALSE;
    if (!ostree_repo_resolve_rev(published, ref->text, TRUE, &commit, error) ||
        (commit == NULL && !ostree_repo_resolve_rev(build, ref->text, TRUE, &commit, error)))
        return false;
    if (commit == NULL) {
        g_set_error(error, TREE_ERROR, TREE_ERROR_FAILED,
                    "%s:%u:%u: there is no ref ‘%s’ in the state directory's repositories; commit "
                    "it there, as in ‘ostree --repo=%s/repo commit --branch=%s …’",
                    ref->place.file, ref->place.line, ref->place.column, ref->text,
                    store_get_dir(store), ref->text);
        return false;
    }
    if (!ostree_repo_has_object(build, OSTREE_OBJECT_TYPE_COMMIT, commit, &has, cancellable,
                                error) ||
        (!has && !copy_commit(store, commit, cancellable, error)))
        return false;
    out_layer->ref = ref->text;
    out_layer->commit = g_steal_pointer(&commit);
    return true;
}

static bool find_all(TreeLayers *self, const GPtrArray *refs, bool overrides, const Store *store,
                     GCancellable *cancellable, GError **error)
{
    for (guint i = 0; i < refs->len; i++) {
        Layer layer = {.overrides = overrides};
        if (!find_layer(store, refs->pdata[i], &layer, cancellable, error))
            return false;
        g_array_append_val(self->layers, layer);
    }
    return true;
}

TreeLayers *tree_layers_find(const Manifest *manifest, const Store *store,
                             GCancellable *cancellable, GError **error)
{
    g_autoptr(TreeLayers) self = g_new0(TreeLayers, 1);
    self->layers = g_array_new(FALSE, TRUE, sizeof(Layer));
    g_array_set_clear_func(self->layers, (GDestroyNotify)layer_clear);
    if (!find_all(self, manifest->ostree_layers, false, store, cancellable, error) ||
        !find_all(self, manifest->ostree_override_layers, true, store, cancellable, error))
        return NULL;
    return g_steal_pointer(&self);
}

char *tree_layers_digest(const TreeLayers *self, const char *inputs)
{
    if (self->layers->len == 0)
        return g_strdup(inputs);
    g_autoptr(BaseSha256) sha256 = base_sha256_new();
    base_sha256_update(sha256, inputs, strlen(inputs) + 1);
    for (guint i = 0; i < self->layers->len; i++) {
        const Layer *layer = &g_array_index(self->layers, Layer, i);
        base_sha256_update(sha256, layer->commit, strlen(layer->commit) + 1);
        base_sha256_update(sha256, layer->overrides ? "o" : "l", 2);
    }
    char *hex = g_malloc(BASE_SHA256_HEX_CHARS + 1);
    base_sha256_finish_hex(sha256, hex);
    return hex;
}

typedef struct {
    const Layer *layer;
    char *conflict; /* owned: the first path that is in the way */
    const char *owner;
} Merge;

static bool is_same(const StoreNode *a, const StoreNode *b)
{
    return (a->meta.mode & S_IFMT) == (b->meta.mode & S_IFMT) &&
           memcmp(a->checksum, b->checksum, sizeof a->checksum) == 0;
}

static void merge_dir(StoreNode *into, StoreNode *from, const char *path, Merge *merge);

static void merge_child(StoreNode *into, const char *name, StoreNode *child, const char *path,
                        Merge *merge)
{
    g_autofree char *place = path[0] == '\0' ? g_strdup(name) : g_strconcat(path, "/", name, NULL);
    StoreNode *there = g_hash_table_lookup(into->children, name);
    if (there != NULL && store_node_is_dir(there) && store_node_is_dir(child)) {
        merge_dir(there, child, place, merge);
        return;
    }
    if (there != NULL && !merge->layer->overrides) {
        if (!is_same(there, child) && merge->conflict == NULL) {
            merge->conflict = g_strdup(place);
            merge->owner = there->owner;
        }
        return;
    }
    StoreNode *copy = store_node_copy(child);
    g_hash_table_replace(into->children, g_strdup(name), copy);
}

static void merge_dir(StoreNode *into, StoreNode *from, const char *path, Merge *merge)
{
    g_autoptr(GPtrArray) names = store_node_names(from);
    for (guint i = 0; i < names->len; i++)
        merge_child(into, names->pdata[i], g_hash_table_lookup(from->children, names->pdata[i]),
                    path, merge);
}

/* "lib" of a layer goes to where the tree's link of this name leads. */
static void follow_links(StoreNode *layer, StoreNode *root)
{
    static const char *const names[] = {"bin", "sbin", "lib", "lib32", "lib64", "libx32"};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        const StoreNode *link = store_node_find(root, names[i]);
        const StoreNode *dir = store_node_find(layer, names[i]);
        if (link == NULL || !S_ISLNK(link->meta.mode) || dir == NULL || !store_node_is_dir(dir) ||
            !g_str_has_prefix(link->target, "usr/"))
            continue;
        StoreNode *moved = store_node_steal(layer, names[i]);
        if (store_node_find(layer, link->target) == NULL) {
            store_node_put(layer, link->target, moved);
            continue;
        }
        Layer own = {.overrides = true};
        Merge merge = {.layer = &own};
        merge_dir(store_node_find(layer, link->target), moved, link->target, &merge);
        store_node_free(moved);
    }
}

static bool merge_layer(const Layer *layer, StoreNode *root, int repo_fd, GError **error)
{
    g_autoptr(StoreNode) tree = store_tree_load(repo_fd, layer->commit, error);
    if (tree == NULL)
        return false;
    StoreNode *etc = store_node_steal(tree, "usr/etc");
    if (etc != NULL)
        store_node_put(tree, "etc", etc);
    follow_links(tree, root);
    Merge merge = {.layer = layer};
    merge_dir(root, tree, "", &merge);
    g_autofree char *conflict = merge.conflict;
    if (conflict == NULL)
        return true;
    g_set_error(error, TREE_ERROR, TREE_ERROR_CONFLICT,
                "‘/%s’ is in ostree-layers ‘%s’ and, with other contents, in %s%s%s; to let the "
                "layer win, name it in ostree-override-layers",
                conflict, layer->ref,
                merge.owner != NULL && merge.owner[0] != '\0' ? "package ‘" : "the tree",
                merge.owner != NULL ? merge.owner : "",
                merge.owner != NULL && merge.owner[0] != '\0' ? "’" : "");
    return false;
}

bool tree_layers_merge(const TreeLayers *self, StoreNode *root, int repo_fd, GError **error)
{
    for (guint i = 0; i < self->layers->len; i++) {
        if (!merge_layer(&g_array_index(self->layers, Layer, i), root, repo_fd, error))
            return false;
    }
    return true;
}
