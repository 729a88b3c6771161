/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The advisories of rpm-md repositories, from metadata that was fetched before: which of them
 * chosen packages mend. What is kept of one is what rpm-ostree's clients show.
 */
#include "packages/rpm/updateinfo.h"

#include "base/error.h"
#include "base/fd.h"
#include "manifest/lock-advisories.h"
#include "packages/rpm/metadata.h"

#include <errno.h>
#include <fcntl.h>
#include <solv/knownid.h>
#include <solv/pool.h>
#include <solv/repo.h>
#include <solv/repo_updateinfoxml.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef FILE Stream;

static void stream_close(Stream *stream)
{
    (void)fclose(stream);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Stream, stream_close)

typedef struct {
    Pool *pool;        /* owned */
    GHashTable *known; /* owned: "NAME-VERSION.ARCH" of what was chosen */
    GHashTable *found; /* owned: id to a GVariant */
} Search;

static void search_clear(Search *self)
{
    g_clear_pointer(&self->pool, pool_free);
    g_clear_pointer(&self->known, g_hash_table_unref);
    g_clear_pointer(&self->found, g_hash_table_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Search, search_clear)

bool packages_rpm_updateinfo_open(const ManifestRepo *repo, const char *cache_dir, int *out_fd,
                                  int64_t *out_time_s, GError **error)
{
    g_autoptr(PackagesRpmMetadata) metadata = packages_rpm_metadata_cached(repo, cache_dir, error);
    if (metadata == NULL)
        return false;
    const PackagesRepomdRecord *record = packages_repomd_find(metadata->repomd, "updateinfo");
    if (out_time_s != NULL)
        *out_time_s = metadata->repomd->time_s;
    if (record == NULL) {
        *out_fd = -1;
        return true;
    }
    g_autofree char *path = packages_rpm_metadata_path(metadata, record);
    if (access(path, R_OK) != 0) {
        g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID,
                    "the advisories of repository ‘%s’ were not fetched", repo->id);
        return false;
    }
    int fd = packages_rpm_metadata_open(metadata, "updateinfo", error);
    if (fd < 0)
        return false;
    *out_fd = fd;
    return true;
}

/* --- one advisory --- */

static int compare_strings(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Those of its packages that were chosen, in this very version. */
static GPtrArray *find_packages(const Search *self, Id advisory)
{
    Pool *pool = self->pool;
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    Dataiterator iter;
    (void)dataiterator_init(&iter, pool, NULL, advisory, UPDATE_COLLECTION, NULL, 0);
    while (dataiterator_step(&iter)) {
        dataiterator_setpos(&iter);
        const char *name = pool_lookup_str(pool, SOLVID_POS, UPDATE_COLLECTION_NAME);
        const char *evr = pool_lookup_str(pool, SOLVID_POS, UPDATE_COLLECTION_EVR);
        const char *arch = pool_lookup_str(pool, SOLVID_POS, UPDATE_COLLECTION_ARCH);
        g_autofree char *key = g_strdup_printf("%s-%s.%s", name != NULL ? name : "",
                                               evr != NULL ? evr : "", arch != NULL ? arch : "");
        if (g_hash_table_contains(self->known, key) &&
            !g_ptr_array_find_with_equal_func(names, key, g_str_equal, NULL))
            g_ptr_array_add(names, g_steal_pointer(&key));
    }
    dataiterator_free(&iter);
    g_ptr_array_sort(names, compare_strings);
    g_ptr_array_add(names, NULL);
    return names;
}

/* Adds the names of vulnerabilities in @title to @seen; whether one of them is new. */
static bool names_new_cve(const char *title, GHashTable *seen)
{
    bool is_new = false;
    for (const char *at = strstr(title, "CVE-"); at != NULL; at = strstr(at + 1, "CVE-")) {
        size_t length = 4 + strspn(at + 4, "0123456789-");
        is_new |= length > 4 && g_hash_table_add(seen, g_strndup(at, length));
    }
    return is_new;
}

static char *lookup(Pool *pool, Id key)
{
    const char *text = pool_lookup_str(pool, SOLVID_POS, key);
    return text != NULL ? g_utf8_make_valid(text, -1) : g_strdup("");
}

/* Links to what is told of each vulnerability, the first one of each. */
static GVariant *find_references(Pool *pool, Id advisory)
{
    g_auto(GVariantBuilder) builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("a(ss)"));
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    Dataiterator iter;
    (void)dataiterator_init(&iter, pool, NULL, advisory, UPDATE_REFERENCE, NULL, 0);
    while (dataiterator_step(&iter)) {
        dataiterator_setpos(&iter);
        g_autofree char *type = lookup(pool, UPDATE_REFERENCE_TYPE);
        g_autofree char *id = lookup(pool, UPDATE_REFERENCE_ID);
        g_autofree char *url = lookup(pool, UPDATE_REFERENCE_HREF);
        g_autofree char *said = lookup(pool, UPDATE_REFERENCE_TITLE);
        /* of a bug the title names it, of a vulnerability the id */
        const char *title = strstr(said, "CVE-") != NULL ? said : id;
        bool counts = strcmp(type, "bugzilla") == 0 || strcmp(type, "cve") == 0;
        if (counts && *url != '\0' && names_new_cve(title, seen))
            g_variant_builder_add(&builder, "(ss)", url, title);
    }
    dataiterator_free(&iter);
    return g_variant_builder_end(&builder);
}

static void take_advisory(Search *self, Id advisory)
{
    Pool *pool = self->pool;
    const char *category = pool_lookup_str(pool, advisory, SOLVABLE_PATCHCATEGORY);
    if (g_strcmp0(category, "security") != 0)
        return;
    g_autoptr(GPtrArray) packages = find_packages(self, advisory);
    if (packages->len <= 1)
        return;
    const char *name = pool_id2str(pool, pool_id2solvable(pool, advisory)->name);
    const char *severity = pool_lookup_str(pool, advisory, UPDATE_SEVERITY);
    g_autofree char *id =
        g_utf8_make_valid(g_str_has_prefix(name, "patch:") ? name + strlen("patch:") : name, -1);
    g_autoptr(GVariantDict) more = g_variant_dict_new(NULL);
    g_variant_dict_insert_value(more, "cve_references", find_references(pool, advisory));
    GVariant *row = g_variant_new("(suu^as@a{sv})", id, MANIFEST_LOCK_ADVISORY_SECURITY,
                                  manifest_lock_severity_parse(severity != NULL ? severity : ""),
                                  packages->pdata, g_variant_dict_end(more));
    g_hash_table_replace(self->found, g_steal_pointer(&id), g_variant_ref_sink(row));
}

/* --- all of them --- */

static bool read_repo(Search *self, const ManifestRepo *manifest_repo, int fd, GError **error)
{
    g_autoptr(Stream) text = fdopen(fd, "r");
    if (text == NULL) {
        int saved_errno = errno;
        (void)close(fd);
        return base_error_set_errno(error, saved_errno, "opening advisories");
    }
    Repo *repo = repo_create(self->pool, manifest_repo->id);
    if (repo_add_updateinfoxml(repo, text, 0) != 0) {
        g_autofree char *reason = g_utf8_make_valid(pool_errstr(self->pool), -1);
        g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID,
                    "repository ‘%s’, updateinfo: %s", manifest_repo->id, reason);
        return false;
    }
    for (Id id = repo->start; id < repo->end; id++)
        if (pool_id2solvable(self->pool, id)->repo == repo)
            take_advisory(self, id);
    repo_free(repo, 0);
    return true;
}

static GVariant *list_found(const Search *self)
{
    g_autoptr(GList) ids = g_list_sort(g_hash_table_get_keys(self->found), (GCompareFunc)strcmp);
    g_auto(GVariantBuilder) builder =
        G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE(MANIFEST_LOCK_ADVISORIES_TYPE));
    for (GList *id = ids; id != NULL; id = id->next)
        g_variant_builder_add_value(&builder, g_hash_table_lookup(self->found, id->data));
    return g_variant_ref_sink(g_variant_builder_end(&builder));
}

GVariant *packages_rpm_updateinfo_mended(const Manifest *manifest, const char *cache_dir,
                                         const GPtrArray *packages, GError **error)
{
    g_auto(Search) search = {
        .pool = pool_create(),
        .known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
        .found =
            g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_variant_unref),
    };
    g_assert(pool_setdisttype(search.pool, DISTTYPE_RPM) >= 0);
    for (guint i = 0; i < packages->len; i++) {
        const PackagesPackage *package = packages->pdata[i];
        g_hash_table_add(search.known, g_strdup_printf("%s-%s.%s", package->name, package->version,
                                                       package->arch));
    }
    for (guint i = 0; i < manifest->repos->len; i++) {
        const ManifestRepo *repo = manifest->repos->pdata[i];
        int fd = -1;
        if (!packages_rpm_updateinfo_open(repo, cache_dir, &fd, NULL, error) ||
            (fd >= 0 && !read_repo(&search, repo, fd, error)))
            return NULL;
    }
    return list_found(&search);
}
