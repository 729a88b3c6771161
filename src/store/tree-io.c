/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Trees in memory from and to the repo's dirtree, dirmeta and content objects
 * (formats: libostree, ostree-core.h).
 */
#include "store/tree.h"

#include "base/error.h"
#include "base/fd.h"
#include "store/loose.h"

#include <ostree.h>
#include <string.h>
#include <sys/stat.h>

#define METADATA_MAX_BYTES (64 * 1024 * 1024)
#define DEPTH_MAX 128

static bool set_corrupt(GError **error, const char *what)
{
    g_set_error(error, STORE_ERROR, STORE_ERROR_CORRUPT, "malformed %s object", what);
    return false;
}

static GVariant *load_variant(int repo_fd, const uint8_t *checksum, const char *extension,
                              const GVariantType *type, GError **error)
{
    char path[96];
    store_object_path(checksum, extension, path);
    g_autoptr(GBytes) bytes = base_fd_read_file(repo_fd, path, METADATA_MAX_BYTES, error);
    if (bytes == NULL)
        return NULL;
    g_autoptr(GVariant) variant = g_variant_ref_sink(g_variant_new_from_bytes(type, bytes, FALSE));
    if (!g_variant_is_normal_form(variant))
        return set_corrupt(error, extension), NULL;
    return g_steal_pointer(&variant);
}

static bool take_checksum(GVariant *bytes, uint8_t out_checksum[static BASE_SHA256_BYTES],
                          GError **error)
{
    size_t n = 0;
    const void *data = g_variant_get_fixed_array(bytes, &n, 1);
    if (n != BASE_SHA256_BYTES)
        return set_corrupt(error, "dirtree");
    memcpy(out_checksum, data, n);
    return true;
}

static StoreNode *load_dir(int repo_fd, const uint8_t *dirtree, const uint8_t *dirmeta,
                           unsigned depth, GError **error);

static StoreNode *load_leaf(int repo_fd, GVariant *checksum, GError **error)
{
    g_autoptr(StoreNode) node = g_new0(StoreNode, 1);
    if (!take_checksum(checksum, node->checksum, error) ||
        !store_load_meta(repo_fd, node->checksum, &node->meta, &node->size_bytes, &node->target,
                         error))
        return NULL;
    return g_steal_pointer(&node);
}

static bool load_files(int repo_fd, GVariant *files, StoreNode *dir, GError **error)
{
    GVariantIter iter;
    const char *name = NULL;
    GVariant *checksum = NULL;
    g_variant_iter_init(&iter, files);
    while (g_variant_iter_next(&iter, "(&s@ay)", &name, &checksum)) {
        StoreNode *node = load_leaf(repo_fd, checksum, error);
        g_variant_unref(checksum);
        if (node == NULL)
            return false;
        g_hash_table_insert(dir->children, g_strdup(name), node);
    }
    return true;
}

static bool load_dirs(int repo_fd, GVariant *dirs, StoreNode *dir, unsigned depth, GError **error)
{
    for (size_t i = 0; i < g_variant_n_children(dirs); i++) {
        const char *name = NULL;
        g_autoptr(GVariant) entry = g_variant_get_child_value(dirs, i);
        g_autoptr(GVariant) tree_bytes = NULL;
        g_autoptr(GVariant) meta_bytes = NULL;
        g_variant_get(entry, "(&s@ay@ay)", &name, &tree_bytes, &meta_bytes);
        uint8_t dirtree[BASE_SHA256_BYTES], dirmeta[BASE_SHA256_BYTES];
        if (!take_checksum(tree_bytes, dirtree, error) ||
            !take_checksum(meta_bytes, dirmeta, error))
            return false;
        StoreNode *child = load_dir(repo_fd, dirtree, dirmeta, depth + 1, error);
        if (child == NULL)
            return false;
        g_hash_table_insert(dir->children, g_strdup(name), child);
    }
    return true;
}

static StoreNode *load_dir(int repo_fd, const uint8_t *dirtree, const uint8_t *dirmeta,
                           unsigned depth, GError **error)
{
    if (depth > DEPTH_MAX)
        return set_corrupt(error, "dirtree"), NULL;
    g_autoptr(GVariant) meta =
        load_variant(repo_fd, dirmeta, "dirmeta", OSTREE_DIRMETA_GVARIANT_FORMAT, error);
    g_autoptr(GVariant) tree =
        meta != NULL ? load_variant(repo_fd, dirtree, "dirtree", OSTREE_TREE_GVARIANT_FORMAT, error)
                     : NULL;
    if (tree == NULL)
        return NULL;
    g_autoptr(StoreNode) dir = store_node_new_dir(0);
    g_autoptr(GVariant) files = g_variant_get_child_value(tree, 0);
    g_autoptr(GVariant) dirs = g_variant_get_child_value(tree, 1);
    if (!store_object_parse_user_meta(g_variant_get_data(meta), g_variant_get_size(meta),
                                      &dir->meta, error) ||
        !load_files(repo_fd, files, dir, error) || !load_dirs(repo_fd, dirs, dir, depth, error))
        return NULL;
    return g_steal_pointer(&dir);
}

StoreNode *store_tree_load(int repo_fd, const char *commit, GError **error)
{
    if (!base_digest_is_sha256_hex(commit))
        return set_corrupt(error, "commit"), NULL;
    uint8_t checksum[BASE_SHA256_BYTES];
    ostree_checksum_inplace_to_bytes(commit, checksum);
    g_autoptr(GVariant) variant =
        load_variant(repo_fd, checksum, "commit", OSTREE_COMMIT_GVARIANT_FORMAT, error);
    if (variant == NULL)
        return NULL;
    g_autoptr(GVariant) tree_bytes = g_variant_get_child_value(variant, 6);
    g_autoptr(GVariant) meta_bytes = g_variant_get_child_value(variant, 7);
    uint8_t dirtree[BASE_SHA256_BYTES], dirmeta[BASE_SHA256_BYTES];
    if (!take_checksum(tree_bytes, dirtree, error) || !take_checksum(meta_bytes, dirmeta, error))
        return NULL;
    return load_dir(repo_fd, dirtree, dirmeta, 0, error);
}

static GVariant *checksum_variant(const uint8_t checksum[static BASE_SHA256_BYTES])
{
    return g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, checksum, BASE_SHA256_BYTES, 1);
}

bool store_tree_write(const StoreNode *root, int repo_fd,
                      uint8_t out_dirtree[static BASE_SHA256_BYTES],
                      uint8_t out_dirmeta[static BASE_SHA256_BYTES], GError **error)
{
    g_auto(GVariantBuilder) files = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("a(say)"));
    g_auto(GVariantBuilder) dirs = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("a(sayay)"));
    g_autoptr(GPtrArray) names = store_node_names(root);
    for (guint i = 0; i < names->len; i++) {
        const char *name = names->pdata[i];
        const StoreNode *child = g_hash_table_lookup(root->children, name);
        if (!store_node_is_dir(child)) {
            g_variant_builder_add(&files, "(s@ay)", name, checksum_variant(child->checksum));
            continue;
        }
        uint8_t dirtree[BASE_SHA256_BYTES], dirmeta[BASE_SHA256_BYTES];
        if (!store_tree_write(child, repo_fd, dirtree, dirmeta, error))
            return false;
        g_variant_builder_add(&dirs, "(s@ay@ay)", name, checksum_variant(dirtree),
                              checksum_variant(dirmeta));
    }
    g_autoptr(GVariant) tree = g_variant_ref_sink(g_variant_new("(a(say)a(sayay))", &files, &dirs));
    g_autoptr(GVariant) meta = store_object_user_meta(&root->meta);
    return store_put_metadata(repo_fd, "dirtree", tree, out_dirtree, error) &&
           store_put_metadata(repo_fd, "dirmeta", meta, out_dirmeta, error);
}
