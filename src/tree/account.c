/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Accounting for a commit while it is composed. What does not depend on the commit is in the
 * tree; what lists the tree's files is beside it, bound by its digest in the commit; what names
 * the commit is in its detached metadata.
 */
#include "tree/account.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/parallel.h"
#include "manifest/print.h"
#include "store/loose.h"
#include "tree/digests.h"
#include "tree/provenance.h"
#include "tree/sbom.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <zstd.h>

#define DIGESTS_FILE "cache/digests"
#define ZSTD_LEVEL 6
/* in the tree there is no time: the same inputs are the same tree on any day */
#define NO_TIME "1970-01-01T00:00:00Z"

struct _TreeAccount {
    const Store *store;
    const Manifest *manifest;
    const GPtrArray *imported;
    const char *inputs;
    int dir_fd;           /* owned: the state directory */
    TreeDigests *digests; /* owned */
    PackagesFacts *facts; /* owned, one a package */
    char *manifest_json;  /* owned */
    TreeOsRelease os;
    char *version; /* owned */
    uint64_t timestamp_s;
    GString *sbom;      /* owned: with files */
    char *sbom_sha256;  /* owned */
    char *lock;         /* owned, nullable */
    char *lock_sha256;  /* owned, nullable */
    GVariant *detached; /* owned, nullable: a{sv} */
};

TreeAccount *tree_account_new(const Store *store, const Manifest *manifest,
                              const GPtrArray *imported, const char *inputs)
{
    TreeAccount *self = g_new0(TreeAccount, 1);
    self->store = store;
    self->manifest = manifest;
    self->imported = imported;
    self->inputs = inputs;
    self->dir_fd = base_fd_open_dir(AT_FDCWD, store_get_dir(store), NULL);
    self->digests = tree_digests_open(self->dir_fd, DIGESTS_FILE);
    self->facts = g_new0(PackagesFacts, imported->len + 1);
    return self;
}

void tree_account_free(TreeAccount *self)
{
    if (self == NULL)
        return;
    for (guint i = 0; i < self->imported->len; i++)
        packages_facts_clear(&self->facts[i]);
    g_free(self->facts);
    tree_digests_free(self->digests);
    tree_os_release_clear(&self->os);
    base_fd_clear(&self->dir_fd);
    g_free(self->manifest_json);
    g_free(self->version);
    g_free(self->sbom_sha256);
    g_free(self->lock);
    g_free(self->lock_sha256);
    g_clear_pointer(&self->detached, g_variant_unref);
    if (self->sbom != NULL)
        (void)g_string_free(self->sbom, TRUE);
    g_free(self);
}

bool tree_account_gather(TreeAccount *self, StoreNode *merged, unsigned n_workers,
                         GCancellable *cancellable, GError **error)
{
    return tree_digests_add(self->digests, store_get_build_fd(self->store), merged, n_workers,
                            cancellable, error);
}

typedef struct {
    TreeAccount *account;
    StoreNode *root;
} Reading;

static bool read_facts(size_t index, unsigned worker, void *user_data, GError **error)
{
    (void)worker;
    Reading *reading = user_data;
    TreeAccount *self = reading->account;
    return packages_facts_read(self->imported->pdata[index], reading->root,
                               store_get_build_fd(self->store), &self->facts[index], error);
}

static bool read_os_release(TreeAccount *self, StoreNode *root, GError **error)
{
    const StoreNode *node = store_node_find(root, "usr/lib/os-release");
    if (node == NULL || !S_ISREG(node->meta.mode)) {
        tree_os_release_parse(&self->os, "", 0);
        return true;
    }
    g_autoptr(GBytes) text =
        store_load_contents(store_get_build_fd(self->store), node->checksum, error);
    if (text == NULL)
        return false;
    tree_os_release_parse(&self->os, g_bytes_get_data(text, NULL), g_bytes_get_size(text));
    return true;
}

static TreeSbom describe(const TreeAccount *self)
{
    return (TreeSbom){.name = self->manifest->ref,
                      .created = NO_TIME,
                      .os = &self->os,
                      .imported = self->imported,
                      .facts = self->facts};
}

static char *packages_digest(const GPtrArray *imported)
{
    g_autoptr(BaseSha256) sha256 = base_sha256_new();
    for (guint i = 0; i < imported->len; i++)
        base_sha256_update(sha256, ((const PackagesImported *)imported->pdata[i])->package->sha256,
                           BASE_SHA256_HEX_CHARS);
    char *hex = g_malloc(BASE_SHA256_HEX_CHARS + 1);
    base_sha256_finish_hex(sha256, hex);
    return hex;
}

bool tree_account_put(TreeAccount *self, StoreNode *root, GCancellable *cancellable, GError **error)
{
    int repo_fd = store_get_build_fd(self->store);
    Reading reading = {.account = self, .root = root};
    self->manifest_json = manifest_print_for_digest(self->manifest, error);
    if (self->manifest_json == NULL || !read_os_release(self, root, error) ||
        !base_parallel_for(self->imported->len, 0, read_facts, &reading, cancellable, error))
        return false;
    g_autofree char *document = packages_digest(self->imported);
    TreeSbom sbom = describe(self);
    sbom.document = document;
    g_autoptr(GString) text = tree_sbom_print(&sbom);
    return store_tree_put_text(root, repo_fd, TREE_ACCOUNT_SBOM, 0644, text->str, error);
}

const char *tree_account_manifest(const TreeAccount *self)
{
    return self->manifest_json;
}

const char *tree_account_finish(TreeAccount *self, StoreNode *root, const char *version,
                                uint64_t timestamp_s, GCancellable *cancellable, GError **error)
{
    if (!tree_digests_add(self->digests, store_get_build_fd(self->store), root, 0, cancellable,
                          error) ||
        !tree_digests_save(self->digests, error))
        return NULL;
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc((gint64)timestamp_s);
    g_autofree char *created = g_date_time_format(time, "%Y-%m-%dT%H:%M:%SZ");
    g_autofree char *document =
        g_strdup_printf("%s/%s/%" G_GUINT64_FORMAT, self->inputs, version, timestamp_s);
    TreeSbom sbom = describe(self);
    sbom.version = version;
    sbom.created = created;
    sbom.document = document;
    sbom.root = root;
    sbom.digests = self->digests;
    self->version = g_strdup(version);
    self->timestamp_s = timestamp_s;
    self->sbom = tree_sbom_print(&sbom);
    self->sbom_sha256 = base_sha256_hex(self->sbom->str, self->sbom->len);
    return self->sbom_sha256;
}

const char *tree_account_set_lock(TreeAccount *self, const ManifestLock *lock)
{
    g_free(self->lock);
    g_free(self->lock_sha256);
    self->lock = manifest_lock_print(lock);
    self->lock_sha256 = base_sha256_hex(self->lock, strlen(self->lock));
    return self->lock_sha256;
}

void tree_account_set_detached(TreeAccount *self, GVariant *detached)
{
    g_clear_pointer(&self->detached, g_variant_unref);
    self->detached = g_variant_ref(detached);
}

static GBytes *compress(const void *data, size_t size_bytes, GError **error)
{
    size_t room = ZSTD_compressBound(size_bytes);
    g_autofree void *buffer = g_malloc(room);
    size_t n = ZSTD_compress(buffer, room, data, size_bytes, ZSTD_LEVEL);
    if (ZSTD_isError(n))
        return base_error_set(error, BASE_ERROR_FAILED, "compressing: %s", ZSTD_getErrorName(n)),
               NULL;
    return g_bytes_new(buffer, n);
}

static bool add_detached(TreeAccount *self, const char *commit, const char *envelope,
                         GCancellable *cancellable, GError **error)
{
    OstreeRepo *repo = store_get_build_repo(self->store);
    g_autoptr(GVariant) old = NULL;
    g_autoptr(GBytes) compressed = compress(envelope, strlen(envelope), error);
    if (compressed == NULL ||
        !ostree_repo_read_commit_detached_metadata(repo, commit, &old, cancellable, error))
        return false;
    g_autoptr(GVariantDict) dict = g_variant_dict_new(old);
    for (gsize i = 0; self->detached != NULL && i < g_variant_n_children(self->detached); i++) {
        const char *key = NULL;
        g_autoptr(GVariant) value = NULL;
        g_variant_get_child(self->detached, i, "{&sv}", &key, &value);
        g_variant_dict_insert_value(dict, key, value);
    }
    g_variant_dict_insert_value(
        dict, TREE_PROVENANCE_KEY,
        g_variant_new_from_bytes(G_VARIANT_TYPE_BYTESTRING, compressed, TRUE));
    g_autoptr(GVariant) detached = g_variant_ref_sink(g_variant_dict_end(dict));
    return ostree_repo_write_commit_detached_metadata(repo, commit, detached, cancellable, error);
}

static bool write_compressed(int repo_fd, const char *folder, const char *name, const char *text,
                             size_t size_bytes, GError **error)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autoptr(GBytes) bytes = compress(text, size_bytes, error);
    return bytes != NULL &&
           base_fd_replace_file(repo_fd, path, g_bytes_get_data(bytes, NULL),
                                g_bytes_get_size(bytes), 0644, BASE_FD_REPLACE_NO_SYNC, error);
}

static bool write_beside(TreeAccount *self, const char *commit, const char *envelope,
                         GError **error)
{
    int repo_fd = store_get_published_fd(self->store);
    g_autofree char *folder = g_strdup_printf(TREE_ACCOUNT_BESIDE "/%s", commit);
    g_autofree char *provenance = g_build_filename(folder, TREE_ACCOUNT_BESIDE_PROVENANCE, NULL);
    return base_fd_make_dirs(repo_fd, folder, 0755, error) &&
           write_compressed(repo_fd, folder, TREE_ACCOUNT_BESIDE_SBOM, self->sbom->str,
                            self->sbom->len, error) &&
           (self->lock == NULL || write_compressed(repo_fd, folder, TREE_ACCOUNT_BESIDE_LOCK,
                                                   self->lock, strlen(self->lock), error)) &&
           base_fd_replace_file(repo_fd, provenance, envelope, strlen(envelope), 0644,
                                BASE_FD_REPLACE_NO_SYNC, error);
}

bool tree_account_sign(TreeAccount *self, const char *commit, const StoreKey *key,
                       GCancellable *cancellable, GError **error)
{
    TreeProvenance provenance = {.ref = self->manifest->ref,
                                 .version = self->version,
                                 .commit = commit,
                                 .timestamp_s = self->timestamp_s,
                                 .manifest = self->manifest_json,
                                 .inputs = self->inputs,
                                 .sbom_sha256 = self->sbom_sha256,
                                 .os = &self->os,
                                 .imported = self->imported,
                                 .facts = self->facts};
    g_autofree char *envelope = tree_provenance_sign(&provenance, key, error);
    return envelope != NULL && add_detached(self, commit, envelope, cancellable, error) &&
           write_beside(self, commit, envelope, error);
}
