/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Commits as they are, for the commands that only look.
 */
#include "tree/inspect.h"

#include "base/error.h"
#include "base/fd.h"
#include "tree/account.h"
#include "tree/provenance.h"

#include <fcntl.h>
#include <ostree.h>
#include <string.h>
#include <sys/stat.h>
#include <zstd.h>

#define DEPTH_MAX 128
#define SBOM_MAX_BYTES (512u << 20)

struct _TreeInspect {
    OstreeRepo *objects; /* owned: where contents are read */
    char *beside;        /* owned: path of the repository with extensions/ */
    char *commit;        /* owned */
    char *parent;        /* owned, nullable */
    uint64_t time_s;
    GVariant *metadata; /* owned */
    StoreNode *tree;    /* owned, nullable */
};

void tree_inspect_free(TreeInspect *self)
{
    if (self == NULL)
        return;
    g_clear_object(&self->objects);
    g_free(self->beside);
    g_free(self->commit);
    g_free(self->parent);
    g_clear_pointer(&self->metadata, g_variant_unref);
    store_node_free(self->tree);
    g_free(self);
}

static OstreeRepo *open_repo(const char *path, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(GFile) file = g_file_new_for_path(path);
    g_autoptr(OstreeRepo) repo = ostree_repo_new(file);
    if (ostree_repo_open(repo, NULL, &local))
        return g_steal_pointer(&repo);
    g_set_error(error, TREE_ERROR, TREE_ERROR_NOT_FOUND,
                "‘%s’ is no repository (compose something first, or name one with --repo): %s",
                path, local->message);
    return NULL;
}

static bool load_commit(TreeInspect *self, const char *rev, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(GVariant) object = NULL;
    if (!ostree_repo_resolve_rev(self->objects, rev, FALSE, &self->commit, &local) ||
        !ostree_repo_load_variant(self->objects, OSTREE_OBJECT_TYPE_COMMIT, self->commit, &object,
                                  &local)) {
        g_set_error(error, TREE_ERROR, TREE_ERROR_NOT_FOUND, "‘%s’ has no commit ‘%s’: %s",
                    self->beside, rev, local->message);
        return false;
    }
    self->metadata = g_variant_get_child_value(object, 0);
    self->parent = ostree_commit_get_parent(object);
    self->time_s = ostree_commit_get_timestamp(object);
    return true;
}

TreeInspect *tree_inspect_open(const char *state_dir, const char *repo, const char *rev,
                               GError **error)
{
    g_autoptr(TreeInspect) self = g_new0(TreeInspect, 1);
    self->beside = repo != NULL ? g_strdup(repo) : g_build_filename(state_dir, "repo", NULL);
    /* the build repo has the same commits, and needs no inflating */
    g_autofree char *build = g_build_filename(state_dir, "build", NULL);
    if (repo == NULL && g_file_test(build, G_FILE_TEST_IS_DIR)) {
        self->objects = open_repo(build, error);
        if (self->objects == NULL)
            return NULL;
        if (load_commit(self, rev, NULL))
            return g_steal_pointer(&self);
        g_clear_object(&self->objects);
        g_clear_pointer(&self->commit, g_free);
    }
    self->objects = open_repo(self->beside, error);
    if (self->objects == NULL || !load_commit(self, rev, error))
        return NULL;
    return g_steal_pointer(&self);
}

const char *tree_inspect_commit(const TreeInspect *self)
{
    return self->commit;
}

const char *tree_inspect_parent(const TreeInspect *self)
{
    return self->parent;
}

uint64_t tree_inspect_time(const TreeInspect *self)
{
    return self->time_s;
}

GVariant *tree_inspect_metadata(const TreeInspect *self)
{
    return self->metadata;
}

const char *tree_inspect_text(const TreeInspect *self, const char *key)
{
    const char *text = NULL;
    (void)g_variant_lookup(self->metadata, key, "&s", &text);
    return text;
}

/* --- the tree, of a repository of any mode --- */

static bool set_corrupt(const TreeInspect *self, GError **error)
{
    g_set_error(error, TREE_ERROR, TREE_ERROR_FAILED, "commit %s has a malformed tree",
                self->commit);
    return false;
}

static StoreNode *load_leaf(TreeInspect *self, GVariant *bytes, GError **error)
{
    size_t n = 0;
    const uint8_t *checksum = g_variant_get_fixed_array(bytes, &n, 1);
    if (n != BASE_SHA256_BYTES)
        return set_corrupt(self, error), NULL;
    char hex[BASE_SHA256_HEX_CHARS + 1];
    base_digest_to_hex(checksum, n, hex);
    g_autoptr(GFileInfo) info = NULL;
    g_autoptr(GVariant) xattrs = NULL;
    if (!ostree_repo_load_file(self->objects, hex, NULL, &info, &xattrs, NULL, error))
        return NULL;
    StoreNode *node = g_new0(StoreNode, 1);
    memcpy(node->checksum, checksum, n);
    node->meta = (StoreMeta){
        .uid = g_file_info_get_attribute_uint32(info, "unix::uid"),
        .gid = g_file_info_get_attribute_uint32(info, "unix::gid"),
        .mode = g_file_info_get_attribute_uint32(info, "unix::mode"),
        .xattrs = g_variant_n_children(xattrs) > 0 ? g_steal_pointer(&xattrs) : NULL,
    };
    node->size_bytes = (uint64_t)g_file_info_get_size(info);
    if (S_ISLNK(node->meta.mode)) {
        const char *target = g_file_info_get_symlink_target(info);
        node->target = g_strdup(target != NULL ? target : "");
        node->size_bytes = strlen(node->target);
    }
    return node;
}

static StoreNode *load_dir(TreeInspect *self, GVariant *tree_bytes, GVariant *meta_bytes,
                           unsigned depth, GError **error)
{
    if (depth > DEPTH_MAX || g_variant_n_children(tree_bytes) != BASE_SHA256_BYTES ||
        g_variant_n_children(meta_bytes) != BASE_SHA256_BYTES)
        return set_corrupt(self, error), NULL;
    g_autofree char *tree_hex = ostree_checksum_from_bytes_v(tree_bytes);
    g_autofree char *meta_hex = ostree_checksum_from_bytes_v(meta_bytes);
    g_autoptr(GVariant) tree = NULL;
    g_autoptr(GVariant) meta = NULL;
    if (!ostree_repo_load_variant(self->objects, OSTREE_OBJECT_TYPE_DIR_TREE, tree_hex, &tree,
                                  error) ||
        !ostree_repo_load_variant(self->objects, OSTREE_OBJECT_TYPE_DIR_META, meta_hex, &meta,
                                  error))
        return NULL;
    g_autoptr(StoreNode) dir = store_node_new_dir(0755);
    if (!store_object_parse_user_meta(g_variant_get_data(meta), g_variant_get_size(meta),
                                      &dir->meta, error))
        return NULL;
    g_autoptr(GVariant) files = g_variant_get_child_value(tree, 0);
    for (size_t i = 0; i < g_variant_n_children(files); i++) {
        const char *name = NULL;
        g_autoptr(GVariant) bytes = NULL;
        g_variant_get_child(files, i, "(&s@ay)", &name, &bytes);
        StoreNode *node = load_leaf(self, bytes, error);
        if (node == NULL)
            return NULL;
        g_hash_table_insert(dir->children, g_strdup(name), node);
    }
    g_autoptr(GVariant) dirs = g_variant_get_child_value(tree, 1);
    for (size_t i = 0; i < g_variant_n_children(dirs); i++) {
        const char *name = NULL;
        g_autoptr(GVariant) child_tree = NULL;
        g_autoptr(GVariant) child_meta = NULL;
        g_variant_get_child(dirs, i, "(&s@ay@ay)", &name, &child_tree, &child_meta);
        StoreNode *child = load_dir(self, child_tree, child_meta, depth + 1, error);
        if (child == NULL)
            return NULL;
        g_hash_table_insert(dir->children, g_strdup(name), child);
    }
    return g_steal_pointer(&dir);
}

StoreNode *tree_inspect_tree(TreeInspect *self, GError **error)
{
    if (self->tree != NULL)
        return self->tree;
    if (ostree_repo_get_mode(self->objects) == OSTREE_REPO_MODE_BARE_USER) {
        self->tree = store_tree_load(ostree_repo_get_dfd(self->objects), self->commit, error);
        return self->tree;
    }
    g_autoptr(GVariant) object = NULL;
    if (!ostree_repo_load_variant(self->objects, OSTREE_OBJECT_TYPE_COMMIT, self->commit, &object,
                                  error))
        return NULL;
    g_autoptr(GVariant) tree = g_variant_get_child_value(object, 6);
    g_autoptr(GVariant) meta = g_variant_get_child_value(object, 7);
    self->tree = load_dir(self, tree, meta, 0, error);
    return self->tree;
}

/* --- contents --- */

static GBytes *read_stream(GInputStream *stream, const char *what, size_t max_bytes, GError **error)
{
    g_autoptr(GByteArray) out = g_byte_array_new();
    g_autofree uint8_t *chunk = g_malloc(65536);
    for (;;) {
        gssize n = g_input_stream_read(stream, chunk, 65536, NULL, error);
        if (n < 0)
            return NULL;
        if (n == 0)
            break;
        if (out->len + (size_t)n > max_bytes) {
            g_set_error(error, TREE_ERROR, TREE_ERROR_FAILED, "‘%s’ is larger than %zu bytes", what,
                        max_bytes);
            return NULL;
        }
        g_byte_array_append(out, chunk, (guint)n);
    }
    /* readers of text may rely on a NUL behind the end */
    g_byte_array_append(out, (const uint8_t *)"", 1);
    size_t size_bytes = out->len - 1;
    g_autoptr(GBytes) whole = g_byte_array_free_to_bytes(g_steal_pointer(&out));
    return g_bytes_new_from_bytes(whole, 0, size_bytes);
}

GBytes *tree_inspect_read_object(TreeInspect *self, const StoreNode *node, size_t max_bytes,
                                 GError **error)
{
    char hex[BASE_SHA256_HEX_CHARS + 1];
    base_digest_to_hex(node->checksum, BASE_SHA256_BYTES, hex);
    g_autoptr(GInputStream) stream = NULL;
    if (!ostree_repo_load_file(self->objects, hex, &stream, NULL, NULL, NULL, error))
        return NULL;
    if (stream == NULL)
        return base_error_set(error, BASE_ERROR_INVALID, "object %s is no regular file", hex), NULL;
    return read_stream(stream, hex, max_bytes, error);
}

GBytes *tree_inspect_read(TreeInspect *self, const char *path, size_t max_bytes, GError **error)
{
    g_autoptr(GFile) root = NULL;
    g_autoptr(GError) local = NULL;
    if (!ostree_repo_read_commit(self->objects, self->commit, &root, NULL, NULL, error))
        return NULL;
    g_autoptr(GFile) file = g_file_resolve_relative_path(root, path);
    g_autoptr(GFileInputStream) stream = g_file_read(file, NULL, &local);
    if (stream == NULL) {
        g_set_error(error, TREE_ERROR, TREE_ERROR_NOT_FOUND, "commit %s has no ‘/%s’", self->commit,
                    path);
        return NULL;
    }
    return read_stream(G_INPUT_STREAM(stream), path, max_bytes, error);
}

static GBytes *decompress(const void *data, size_t size_bytes, size_t max_bytes, GError **error)
{
    g_autoptr(GByteArray) out = g_byte_array_new();
    g_autofree uint8_t *chunk = g_malloc(65536);
    ZSTD_DStream *context = ZSTD_createDStream();
    ZSTD_inBuffer input = {.src = data, .size = size_bytes};
    size_t left = 1;
    while (left != 0 && !ZSTD_isError(left) && out->len <= max_bytes) {
        ZSTD_outBuffer output = {.dst = chunk, .size = 65536};
        left = ZSTD_decompressStream(context, &output, &input);
        g_byte_array_append(out, chunk, (guint)output.pos);
        if (left != 0 && output.pos == 0 && input.pos == input.size)
            break;
    }
    ZSTD_freeDStream(context);
    if (left != 0 || input.pos != input.size || out->len > max_bytes)
        return base_error_set(error, BASE_ERROR_INVALID,
                              "malformed zstd data, or more than %zu bytes", max_bytes),
               NULL;
    return g_byte_array_free_to_bytes(g_steal_pointer(&out));
}

/* What lies beside the commit is bound to it by a digest in its metadata. */
static GBytes *read_beside(TreeInspect *self, const char *what, const char *name, const char *key,
                           GError **error)
{
    const char *digest = tree_inspect_text(self, key);
    g_autofree char *path =
        g_build_filename(self->beside, TREE_ACCOUNT_BESIDE, self->commit, name, NULL);
    g_autoptr(GError) local = NULL;
    g_autoptr(GBytes) compressed =
        digest != NULL ? base_fd_read_file(AT_FDCWD, path, SBOM_MAX_BYTES, &local) : NULL;
    if (compressed == NULL) {
        g_set_error(error, TREE_ERROR, TREE_ERROR_NOT_FOUND, "commit %s has no %s%s%s",
                    self->commit, what, local != NULL ? " here: " : ": it was composed without one",
                    local != NULL ? local->message : "");
        return NULL;
    }
    g_autoptr(GBytes) text = decompress(g_bytes_get_data(compressed, NULL),
                                        g_bytes_get_size(compressed), SBOM_MAX_BYTES, error);
    if (text == NULL) {
        g_prefix_error(error, "‘%s’: ", path);
        return NULL;
    }
    g_autofree char *got = base_sha256_hex(g_bytes_get_data(text, NULL), g_bytes_get_size(text));
    if (strcmp(got, digest) == 0)
        return g_steal_pointer(&text);
    g_set_error(error, TREE_ERROR, TREE_ERROR_SIGNATURE,
                "‘%s’ is not the %s of commit %s: want SHA-256 %s, got %s", path, what,
                self->commit, digest, got);
    return NULL;
}

GBytes *tree_inspect_sbom(TreeInspect *self, GError **error)
{
    return read_beside(self, "SBOM", TREE_ACCOUNT_BESIDE_SBOM, TREE_ACCOUNT_SBOM_KEY, error);
}

GBytes *tree_inspect_lock(TreeInspect *self, GError **error)
{
    return read_beside(self, "lock", TREE_ACCOUNT_BESIDE_LOCK, TREE_ACCOUNT_LOCK_KEY, error);
}

GBytes *tree_inspect_provenance(TreeInspect *self, GError **error)
{
    g_autoptr(GVariant) detached = NULL;
    if (!ostree_repo_read_commit_detached_metadata(self->objects, self->commit, &detached, NULL,
                                                   error))
        return NULL;
    g_autoptr(GVariant) value =
        detached != NULL
            ? g_variant_lookup_value(detached, TREE_PROVENANCE_KEY, G_VARIANT_TYPE_BYTESTRING)
            : NULL;
    if (value == NULL) {
        g_set_error(error, TREE_ERROR, TREE_ERROR_NOT_FOUND, "commit %s has no provenance",
                    self->commit);
        return NULL;
    }
    size_t n = 0;
    const void *data = g_variant_get_fixed_array(value, &n, 1);
    GBytes *envelope = decompress(data, n, TREE_PROVENANCE_MAX_BYTES, error);
    if (envelope == NULL)
        g_prefix_error(error, "provenance of commit %s: ", self->commit);
    return envelope;
}

PackagesImported *tree_inspect_imported(TreeInspect *self, const PackagesPackage *package)
{
    if (ostree_repo_get_mode(self->objects) != OSTREE_REPO_MODE_BARE_USER)
        return NULL;
    return packages_import_load(self->objects, package);
}

int tree_inspect_objects_fd(const TreeInspect *self)
{
    return ostree_repo_get_dfd(self->objects);
}

bool tree_inspect_os_release(TreeInspect *self, TreeOsRelease *out_os, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(GBytes) text = tree_inspect_read(self, "usr/lib/os-release", 65536, &local);
    if (text == NULL && !g_error_matches(local, TREE_ERROR, TREE_ERROR_NOT_FOUND)) {
        g_propagate_error(error, g_steal_pointer(&local));
        return false;
    }
    tree_os_release_parse(out_os, text != NULL ? g_bytes_get_data(text, NULL) : "",
                          text != NULL ? g_bytes_get_size(text) : 0);
    return true;
}
