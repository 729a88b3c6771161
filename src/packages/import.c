/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The cache of imported packages: one commit a package in the build repo.
 */
#include "packages/import.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/parallel.h"
#include "packages/error.h"
#include "packages/formats/deb.h"
#include "store/commit.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* raised when the importer starts to give another result for the same file */
#define IMPORT_VERSION 2
#define VERSION_KEY "atoll.import-version"
#define DIGEST_KEY "atoll.package-digest"
#define STANZA_KEY "atoll.dpkg-stanza"

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
    g_autoptr(GString) ref = g_string_new("atoll/pkg/deb/");
    append_escaped(ref, package->name);
    g_string_append_c(ref, '/');
    append_escaped(ref, package->version);
    g_string_append_printf(ref, ".%s.%.12s", package->arch, package->sha256);
    return g_string_free(g_steal_pointer(&ref), FALSE);
}

/* The cached commit's checksum and status paragraph, or FALSE. */
static bool find_cached(OstreeRepo *repo, const PackagesPackage *package, char **out_commit,
                        char **out_stanza)
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
    g_autofree char *stanza = NULL;
    if (!g_variant_lookup(metadata, VERSION_KEY, "u", &version) || version != IMPORT_VERSION ||
        !g_variant_lookup(metadata, DIGEST_KEY, "&s", &digest) ||
        strcmp(digest, package->sha256) != 0 ||
        !g_variant_lookup(metadata, STANZA_KEY, "s", &stanza))
        return false;
    *out_commit = g_steal_pointer(&commit);
    *out_stanza = g_steal_pointer(&stanza);
    return true;
}

GPtrArray *packages_import_missing(const Store *store, GPtrArray *packages)
{
    GPtrArray *missing = g_ptr_array_new();
    for (guint i = 0; i < packages->len; i++) {
        g_autofree char *commit = NULL;
        g_autofree char *stanza = NULL;
        if (!find_cached(store_get_build_repo(store), packages->pdata[i], &commit, &stanza))
            g_ptr_array_add(missing, packages->pdata[i]);
    }
    return missing;
}

/* A damaged copy in our own cache is removed: the next compose fetches it again. */
static bool set_damaged(GError **error, const PackagesPackage *package, int fd, const char *sha256)
{
    struct stat st = {0};
    (void)fstat(fd, &st);
    g_autofree char *cached = g_strconcat("/cache/packages/", package->sha256, ".deb", NULL);
    if (g_str_has_suffix(package->path, cached))
        (void)unlink(package->path);
    g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_DIGEST,
                "‘%s’ is damaged: it has %" G_GUINT64_FORMAT " bytes with SHA-256 %s, but its "
                "repository's index says %" G_GUINT64_FORMAT " bytes with %s",
                package->path, (uint64_t)st.st_size, sha256, package->size_bytes, package->sha256);
    return false;
}

static bool read_deb(const PackagesPackage *package, int build_fd, PackagesDeb *out_deb,
                     GError **error)
{
    if (package->path == NULL)
        return base_error_set(error, BASE_ERROR_NOT_FOUND, "the file was not fetched");
    base_autofd fd = open(package->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return base_error_set_errno(error, errno, "opening ‘%s’", package->path);
    (void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    g_autoptr(GError) local = NULL;
    if (!packages_deb_read(fd, build_fd, out_deb, &local)) {
        /* a broken archive is nearly always a damaged copy: that is what to say, then */
        g_autofree char *sha256 =
            lseek(fd, 0, SEEK_SET) == 0 ? base_sha256_hex_of_fd(fd, NULL) : NULL;
        if (sha256 != NULL && strcmp(sha256, package->sha256) != 0)
            return set_damaged(error, package, fd, sha256);
        g_propagate_prefixed_error(error, g_steal_pointer(&local), "‘%s’: ", package->path);
        return false;
    }
    if (strcmp(out_deb->sha256, package->sha256) == 0)
        return true;
    (void)set_damaged(error, package, fd, out_deb->sha256);
    packages_deb_clear(out_deb);
    return false;
}

static char *commit_deb(const Store *store, const PackagesPackage *package, const PackagesDeb *deb,
                        GError **error)
{
    g_autoptr(GVariantDict) dict = g_variant_dict_new(NULL);
    g_variant_dict_insert(dict, VERSION_KEY, "u", IMPORT_VERSION);
    g_variant_dict_insert(dict, DIGEST_KEY, "s", deb->sha256);
    g_variant_dict_insert(dict, STANZA_KEY, "s", deb->stanza);
    g_autoptr(GVariant) metadata = g_variant_ref_sink(g_variant_dict_end(dict));
    StoreCommit commit = {.subject = package->name, .metadata = metadata};
    return store_commit_write(store_get_build_fd(store), deb->root, &commit, error);
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

static bool import_deb(Import *import, const PackagesPackage *package, PackagesImported *out,
                       GError **error)
{
    g_auto(PackagesDeb) deb = {0};
    if (!read_deb(package, store_get_build_fd(import->store), &deb, error))
        return false;
    out->fresh_commit = commit_deb(import->store, package, &deb, error);
    if (out->fresh_commit == NULL)
        return false;
    g_mutex_lock(&import->mutex);
    import->stats.packages++;
    import->stats.bytes += deb.bytes;
    import->stats.files += deb.files;
    g_mutex_unlock(&import->mutex);
    out->root = g_steal_pointer(&deb.root);
    out->stanza = g_steal_pointer(&deb.stanza);
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
    if (find_cached(store_get_build_repo(import->store), package, &commit, &imported->stanza)) {
        imported->root = store_tree_load(store_get_build_fd(import->store), commit, error);
        ok = imported->root != NULL;
    } else {
        ok = import_deb(import, package, imported, error);
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
