/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The cache of imported packages: one commit a package in the build repo.
 */
#include "packages/import.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/parallel.h"
#include "packages/error.h"
#include "store/commit.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define VERSION_KEY "atoll.import-version"
#define DIGEST_KEY "atoll.package-digest"
#define STANZA_KEY "atoll.dpkg-stanza"
#define HEADER_KEY "atoll.rpm-header"

typedef struct {
    const Store *store;
    GPtrArray *packages; /* borrowed */
    GPtrArray *order;    /* owned: indices, largest package first */
    GPtrArray *imported; /* owned */
    const BaseProgress *progress;
    GMutex mutex;
    PackagesImportStats stats;
    uint64_t done;
} Import;

void packages_imported_free(PackagesImported *self)
{
    if (self == NULL)
        return;
    store_node_free(self->root);
    g_free(self->stanza);
    g_clear_pointer(&self->header, g_bytes_unref);
    g_free(self->fresh_commit);
    g_free(self);
}

static void append_escaped(GString *ref, const char *text)
{
    for (; *text != '\0'; text++) {
        if (g_ascii_isalnum(*text) || *text == '-' || *text == '.')
            g_string_append_c(ref, *text);
        else
            g_string_append_printf(ref, "_%02X", (unsigned char)*text);
    }
}

char *packages_import_ref(const PackagesPackage *package)
{
    g_autoptr(GString) ref = g_string_new("atoll/pkg/");
    g_string_append_printf(ref, "%s/", package->format->name);
    append_escaped(ref, package->name);
    g_string_append_c(ref, '/');
    append_escaped(ref, package->version);
    g_string_append_printf(ref, ".%s.%.12s", package->arch, package->sha256);
    return g_string_free(g_steal_pointer(&ref), FALSE);
}

/* The cached commit's checksum and what is beside its tree, or FALSE. */
static bool find_cached(OstreeRepo *repo, const PackagesPackage *package, char **out_commit,
                        PackagesImported *out_imported)
{
    g_autofree char *ref = packages_import_ref(package);
    g_autofree char *commit = NULL;
    g_autoptr(GVariant) object = NULL;
    if (!ostree_repo_resolve_rev(repo, ref, TRUE, &commit, NULL) || commit == NULL ||
        !ostree_repo_load_variant(repo, OSTREE_OBJECT_TYPE_COMMIT, commit, &object, NULL))
        return false;
    g_autoptr(GVariant) metadata = g_variant_get_child_value(object, 0);
    uint32_t version = 0;
    const char *digest = NULL;
    if (!g_variant_lookup(metadata, VERSION_KEY, "u", &version) ||
        version != package->format->import_version ||
        !g_variant_lookup(metadata, DIGEST_KEY, "&s", &digest) ||
        strcmp(digest, package->sha256) != 0)
        return false;
    (void)g_variant_lookup(metadata, STANZA_KEY, "s", &out_imported->stanza);
    g_autoptr(GVariant) header =
        g_variant_lookup_value(metadata, HEADER_KEY, G_VARIANT_TYPE_BYTESTRING);
    if (header != NULL)
        out_imported->header = g_variant_get_data_as_bytes(header);
    *out_commit = g_steal_pointer(&commit);
    return true;
}

PackagesImported *packages_import_load(OstreeRepo *repo, const PackagesPackage *package)
{
    g_autofree char *commit = NULL;
    g_autoptr(PackagesImported) imported = g_new0(PackagesImported, 1);
    imported->package = package;
    if (!find_cached(repo, package, &commit, imported))
        return NULL;
    imported->root = store_tree_load(ostree_repo_get_dfd(repo), commit, NULL);
    return imported->root != NULL ? g_steal_pointer(&imported) : NULL;
}

GPtrArray *packages_import_missing(const Store *store, GPtrArray *packages)
{
    GPtrArray *missing = g_ptr_array_new();
    for (guint i = 0; i < packages->len; i++) {
        g_autofree char *commit = NULL;
        g_autoptr(PackagesImported) imported = g_new0(PackagesImported, 1);
        if (!find_cached(store_get_build_repo(store), packages->pdata[i], &commit, imported))
            g_ptr_array_add(missing, packages->pdata[i]);
    }
    return missing;
}

/* A damaged copy in our own cache is removed: the next compose fetches it again. */
static bool set_damaged(GError **error, const PackagesPackage *package, int fd, const char *sha256)
{
    struct stat st = {0};
    (void)fstat(fd, &st);
    g_autofree char *cached =
        g_strconcat("/cache/packages/", package->sha256, package->format->suffix, NULL);
    if (g_str_has_suffix(package->path, cached))
        (void)unlink(package->path);
    g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_DIGEST,
                "‘%s’ is damaged: it has %" G_GUINT64_FORMAT " bytes with SHA-256 %s, but its "
                "repository's index says %" G_GUINT64_FORMAT " bytes with %s",
                package->path, (uint64_t)st.st_size, sha256, package->size_bytes, package->sha256);
    return false;
}

static bool read_file(const PackagesPackage *package, int build_fd, PackagesContents *out_contents,
                      GError **error)
{
    if (package->path == NULL)
        return base_error_set(error, BASE_ERROR_NOT_FOUND, "the file was not fetched");
    base_autofd fd = open(package->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return base_error_set_errno(error, errno, "opening ‘%s’", package->path);
    (void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    g_autoptr(GError) local = NULL;
    if (!package->format->read(package, fd, build_fd, out_contents, &local)) {
        /* a broken archive is nearly always a damaged copy: that is what to say, then */
        g_autofree char *sha256 =
            lseek(fd, 0, SEEK_SET) == 0 ? base_sha256_hex_of_fd(fd, NULL) : NULL;
        if (sha256 != NULL && strcmp(sha256, package->sha256) != 0)
            return set_damaged(error, package, fd, sha256);
        g_propagate_prefixed_error(error, g_steal_pointer(&local), "‘%s’: ", package->path);
        return false;
    }
    if (strcmp(out_contents->sha256, package->sha256) == 0)
        return true;
    (void)set_damaged(error, package, fd, out_contents->sha256);
    packages_contents_clear(out_contents);
    return false;
}

static char *commit_contents(const Store *store, const PackagesPackage *package,
                             const PackagesContents *contents, GError **error)
{
    g_autoptr(GVariantDict) dict = g_variant_dict_new(NULL);
    g_variant_dict_insert(dict, VERSION_KEY, "u", package->format->import_version);
    g_variant_dict_insert(dict, DIGEST_KEY, "s", contents->sha256);
    if (contents->stanza != NULL)
        g_variant_dict_insert(dict, STANZA_KEY, "s", contents->stanza);
    if (contents->header != NULL)
        g_variant_dict_insert_value(
            dict, HEADER_KEY,
            g_variant_new_from_bytes(G_VARIANT_TYPE_BYTESTRING, contents->header, TRUE));
    g_autoptr(GVariant) metadata = g_variant_ref_sink(g_variant_dict_end(dict));
    StoreCommit commit = {.subject = package->name, .metadata = metadata};
    return store_commit_write(store_get_build_fd(store), contents->root, &commit, error);
}

bool packages_import_keep(const Store *store, GPtrArray *imported, GCancellable *cancellable,
                          GError **error)
{
    if (syncfs(store_get_build_fd(store)) != 0)
        return base_error_set_errno(error, errno, "syncing ‘%s’", store_get_dir(store));
    OstreeRepo *repo = store_get_build_repo(store);
    for (guint i = 0; i < imported->len; i++) {
        const PackagesImported *one = imported->pdata[i];
        if (one->fresh_commit == NULL)
            continue;
        g_autofree char *ref = packages_import_ref(one->package);
        if (!ostree_repo_set_ref_immediate(repo, NULL, ref, one->fresh_commit, cancellable, error))
            return false;
    }
    return true;
}

static bool import_file(Import *import, const PackagesPackage *package, PackagesImported *out,
                        GError **error)
{
    g_auto(PackagesContents) contents = {0};
    if (!read_file(package, store_get_build_fd(import->store), &contents, error))
        return false;
    out->fresh_commit = commit_contents(import->store, package, &contents, error);
    if (out->fresh_commit == NULL)
        return false;
    g_mutex_lock(&import->mutex);
    import->stats.packages++;
    import->stats.bytes += contents.bytes;
    import->stats.files += contents.files;
    g_mutex_unlock(&import->mutex);
    out->root = g_steal_pointer(&contents.root);
    out->stanza = g_steal_pointer(&contents.stanza);
    out->header = g_steal_pointer(&contents.header);
    return true;
}

static bool import_one(size_t position, unsigned worker, void *user_data, GError **error)
{
    (void)worker;
    Import *import = user_data;
    guint index = GPOINTER_TO_UINT(import->order->pdata[position]);
    const PackagesPackage *package = import->packages->pdata[index];
    g_autoptr(PackagesImported) imported = g_new0(PackagesImported, 1);
    imported->package = package;
    g_autofree char *commit = NULL;
    bool ok = false;
    if (find_cached(store_get_build_repo(import->store), package, &commit, imported)) {
        imported->root = store_tree_load(store_get_build_fd(import->store), commit, error);
        ok = imported->root != NULL;
    } else {
        ok = import_file(import, package, imported, error);
    }
    if (!ok) {
        g_prefix_error(error, "importing package ‘%s’ %s: ", package->name, package->version);
        return false;
    }
    import->imported->pdata[index] = g_steal_pointer(&imported);
    g_mutex_lock(&import->mutex);
    uint64_t done = ++import->done;
    g_mutex_unlock(&import->mutex);
    base_progress_update(import->progress, done, import->packages->len, "packages");
    return true;
}

static int compare_size(const void *a, const void *b, void *packages)
{
    GPtrArray *array = packages;
    const PackagesPackage *left = array->pdata[GPOINTER_TO_UINT(*(void *const *)a)];
    const PackagesPackage *right = array->pdata[GPOINTER_TO_UINT(*(void *const *)b)];
    return (left->size_bytes < right->size_bytes) - (left->size_bytes > right->size_bytes);
}

GPtrArray *packages_import(const Store *store, GPtrArray *packages, const BaseProgress *progress,
                           PackagesImportStats *out_stats, GCancellable *cancellable,
                           GError **error)
{
    Import import = {.store = store, .packages = packages, .progress = progress};
    g_mutex_init(&import.mutex);
    import.order = g_ptr_array_new();
    for (guint i = 0; i < packages->len; i++)
        g_ptr_array_add(import.order, GUINT_TO_POINTER(i));
    g_ptr_array_sort_with_data(import.order, compare_size, packages);
    import.imported = g_ptr_array_new_with_free_func((GDestroyNotify)packages_imported_free);
    g_ptr_array_set_size(import.imported, (int)packages->len);
    bool ok = base_parallel_for(packages->len, 0, import_one, &import, cancellable, error);
    g_ptr_array_unref(import.order);
    g_mutex_clear(&import.mutex);
    if (!ok) {
        g_ptr_array_unref(import.imported);
        return NULL;
    }
    if (out_stats != NULL)
        *out_stats = import.stats;
    return import.imported;
}
