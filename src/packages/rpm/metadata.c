/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The chain of trust of an rpm-md repository: metalink or keys → repomd.xml → the digests of
 * its metadata files. Mirrors are tried one after the other; none is believed.
 */
#include "packages/rpm/metadata.h"

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/http.h"
#include "manifest/rpm-repo.h"
#include "packages/rpm/metalink.h"
#include "packages/signature.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define MAX_MIRRORS_TRIED 6
#define MAX_KEY_BYTES (16u << 20)
#define MAX_SIGNATURE_BYTES (64u << 10)
#define MAX_INDEX_BYTES (UINT64_C(1) << 30)

typedef struct {
    const ManifestRepo *repo;
    const char *cache_dir;
    const BaseProgress *progress;
    GCancellable *cancellable;
    bool is_offline;           /* only what was fetched before */
    PackagesMetalink *mirrors; /* owned */
} Refresh;

static void refresh_clear(Refresh *self)
{
    packages_metalink_free(self->mirrors);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Refresh, refresh_clear)

void packages_rpm_metadata_free(PackagesRpmMetadata *self)
{
    if (self == NULL)
        return;
    g_clear_pointer(&self->bases, g_ptr_array_unref);
    packages_repomd_free(self->repomd);
    g_clear_pointer(&self->keys, g_bytes_unref);
    g_free(self->dir);
    g_free(self);
}

static bool prefix_repo(const ManifestRepo *repo, GError **error)
{
    g_prefix_error(error, "%s:%u: repository ‘%s’: ", repo->place.file, repo->place.line, repo->id);
    return false;
}

/* --- fetching --- */

static char *list_path(const Refresh *self, const char *url, const char *name)
{
    g_autofree char *digest = base_sha256_hex(url, strlen(url));
    g_autofree char *file = g_strdup_printf("%.32s-%s", digest, name);
    return g_build_filename(self->cache_dir, "rpmmd", file, NULL);
}

/* What stands under a fixed name: it is asked for anew each time, and replaced when it changed. */
static GBytes *fetch_text(const Refresh *self, const char *url, const char *name,
                          uint64_t max_bytes, GError **error)
{
    g_autofree char *path = list_path(self, url, name);
    BaseHttpItem item = {.url = url, .path = path, .max_bytes = max_bytes, .only_if_newer = true};
    if (!self->is_offline && !base_http_fetch_all(&item, 1, NULL, self->cancellable, error))
        return NULL;
    return base_fd_read_file(AT_FDCWD, path, max_bytes, error);
}

/* What did not verify is not worth asking the server whether it has changed. */
static void forget_text(const Refresh *self, const char *url, const char *name)
{
    g_autofree char *path = list_path(self, url, name);
    (void)unlink(path);
}

/* --- mirrors --- */

static PackagesMetalink *fetch_mirrors(const Refresh *self, GError **error)
{
    const ManifestRpmRepo *rpm = self->repo->rpm;
    const char *url = rpm->metalink != NULL ? rpm->metalink : rpm->mirrorlist;
    if (url == NULL) {
        PackagesMetalink *none = g_new0(PackagesMetalink, 1);
        none->bases = g_ptr_array_new_with_free_func(g_free);
        none->digests = g_ptr_array_new_with_free_func(g_free);
        return none;
    }
    const char *name = rpm->metalink != NULL ? "metalink.xml" : "mirrorlist";
    g_autoptr(GBytes) text = fetch_text(self, url, name, PACKAGES_METALINK_MAX_BYTES, error);
    if (text == NULL)
        return NULL;
    PackagesMetalink *mirrors = rpm->metalink != NULL ? packages_metalink_parse(text, error)
                                                      : packages_metalink_parse_list(text, error);
    if (mirrors == NULL) {
        forget_text(self, url, name);
        g_prefix_error(error, "‘%s’: ", url);
    }
    return mirrors;
}

/* The URLs that the manifest names come before those of a list. */
static void add_urls(PackagesMetalink *mirrors, char **urls)
{
    for (guint i = 0; urls[i] != NULL; i++) {
        char *base = g_strdup(urls[i]);
        for (size_t n = strlen(base); n > 0 && base[n - 1] == '/'; n--)
            base[n - 1] = '\0';
        g_ptr_array_insert(mirrors->bases, (gint)i, base);
    }
}

/* --- keys --- */

static GBytes *load_key(const char *key, GError **error)
{
    if (manifest_rpm_repo_is_armoured(key))
        return g_bytes_new(key, strlen(key));
    GBytes *bytes = base_fd_read_file(AT_FDCWD, key, MAX_KEY_BYTES, error);
    if (bytes == NULL)
        g_prefix_error(error, "key ‘%s’: ", key);
    return bytes;
}

static bool load_keys(const ManifestRepo *repo, GBytes **out_keys, GError **error)
{
    GByteArray *all = g_byte_array_new();
    for (char **key = repo->rpm->gpgkeys; *key != NULL; key++) {
        g_autoptr(GBytes) text = load_key(*key, error);
        if (text == NULL) {
            g_byte_array_unref(all);
            return false;
        }
        g_autoptr(GBytes) packets = packages_signature_dearmor(text);
        gsize size_bytes = 0;
        const guint8 *data = g_bytes_get_data(packets, &size_bytes);
        g_byte_array_append(all, data, (guint)size_bytes);
    }
    *out_keys = g_byte_array_free_to_bytes(all);
    return true;
}

static char *join_armoured(char **keys)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (; *keys != NULL; keys++)
        if (manifest_rpm_repo_is_armoured(*keys))
            g_string_append_printf(text, "%s\n", *keys);
    return text->len > 0 ? g_string_free(g_steal_pointer(&text), FALSE) : NULL;
}

static char **list_files(char **keys)
{
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    for (; *keys != NULL; keys++)
        if (!manifest_rpm_repo_is_armoured(*keys))
            g_strv_builder_add(builder, *keys);
    return g_strv_builder_end(builder);
}

static bool check_signature(const Refresh *self, GBytes *text, const char *url, GError **error)
{
    g_autofree char *signature_url = g_strconcat(url, ".asc", NULL);
    g_autoptr(GBytes) signature =
        fetch_text(self, signature_url, "repomd.xml.asc", MAX_SIGNATURE_BYTES, error);
    if (signature == NULL) {
        g_prefix_error(error, "the signature of repomd.xml, which ‘repo_gpgcheck’ wants: ");
        return false;
    }
    g_autofree char *scratch_dir = g_build_filename(self->cache_dir, "gpgv-XXXXXX", NULL);
    if (g_mkdtemp(scratch_dir) == NULL)
        return base_error_set_errno(error, errno, "making a directory in ‘%s’", self->cache_dir);
    PackagesSource source = {.repo_id = self->repo->id};
    source.keyrings = list_files(self->repo->rpm->gpgkeys);
    source.inline_key = join_armoured(self->repo->rpm->gpgkeys);
    g_autoptr(GBytes) checked =
        packages_signature_check(&source, text, signature, scratch_dir, self->cancellable, error);
    g_strfreev(source.keyrings);
    g_free(source.inline_key);
    if (checked == NULL) {
        forget_text(self, signature_url, "repomd.xml.asc");
        g_prefix_error(error, "‘%s’: ", url);
    }
    return base_fd_remove_tree(AT_FDCWD, scratch_dir, checked != NULL ? error : NULL) &&
           checked != NULL;
}

/* --- repomd.xml --- */

static PackagesRepomd *check_repomd(const Refresh *self, GBytes *text, const char *url,
                                    GError **error)
{
    gsize size_bytes = 0;
    const void *data = g_bytes_get_data(text, &size_bytes);
    g_autofree char *sha256 = base_sha256_hex(data, size_bytes);
    if (!packages_metalink_allows(self->mirrors, sha256)) {
        g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_DIGEST,
                    "‘%s’ has SHA-256 %s, which is none that the metalink allows: the mirror is "
                    "out of date or altered",
                    url, sha256);
        return NULL;
    }
    if (self->repo->rpm->repo_gpgcheck && !check_signature(self, text, url, error))
        return NULL;
    PackagesRepomd *repomd = packages_repomd_parse(text, error);
    if (repomd == NULL)
        g_prefix_error(error, "‘%s’: ", url);
    return repomd;
}

static PackagesRepomd *fetch_repomd(const Refresh *self, const char *base, GError **error)
{
    g_autofree char *url = g_strconcat(base, "/repodata/repomd.xml", NULL);
    g_autoptr(GBytes) text = fetch_text(self, url, "repomd.xml", PACKAGES_REPOMD_MAX_BYTES, error);
    if (text == NULL)
        return NULL;
    PackagesRepomd *repomd = check_repomd(self, text, url, error);
    if (repomd == NULL)
        forget_text(self, url, "repomd.xml");
    return repomd;
}

/* Puts the mirror that answered first, so that all that follows comes from it. */
static void prefer(GPtrArray *bases, guint index)
{
    char *base = g_ptr_array_steal_index(bases, index);
    g_ptr_array_insert(bases, 0, base);
}

static PackagesRepomd *try_mirrors(const Refresh *self, GError **error)
{
    GPtrArray *bases = self->mirrors->bases;
    g_autoptr(GError) first = NULL;
    for (guint i = 0; i < MIN(bases->len, MAX_MIRRORS_TRIED); i++) {
        g_autoptr(GError) local = NULL;
        PackagesRepomd *repomd = fetch_repomd(self, bases->pdata[i], &local);
        if (repomd != NULL) {
            prefer(bases, i);
            return repomd;
        }
        if (g_cancellable_is_cancelled(self->cancellable)) {
            g_propagate_error(error, g_steal_pointer(&local));
            return NULL;
        }
        if (first == NULL)
            first = g_steal_pointer(&local);
    }
    if (bases->len > 1)
        g_prefix_error(&first, "no mirror of %u could be used; the first: ",
                       MIN(bases->len, MAX_MIRRORS_TRIED));
    g_propagate_error(error, g_steal_pointer(&first));
    return NULL;
}

static bool make_dirs(const char *cache_dir, GError **error)
{
    g_autofree char *lists = g_build_filename(cache_dir, "rpmmd", NULL);
    g_autofree char *index = g_build_filename(cache_dir, "index", NULL);
    return base_fd_make_dirs(AT_FDCWD, lists, 0755, error) &&
           base_fd_make_dirs(AT_FDCWD, index, 0755, error);
}

static PackagesRpmMetadata *open_repo(Refresh *refresh, GError **error)
{
    const ManifestRepo *repo = refresh->repo;
    g_autoptr(PackagesRpmMetadata) self = g_new0(PackagesRpmMetadata, 1);
    self->repo = repo;
    self->dir = g_build_filename(refresh->cache_dir, "index", NULL);
    if (!refresh->is_offline && !make_dirs(refresh->cache_dir, error))
        return NULL;
    if (repo->rpm->gpgcheck && !load_keys(repo, &self->keys, error)) {
        (void)prefix_repo(repo, error);
        return NULL;
    }
    refresh->mirrors = fetch_mirrors(refresh, error);
    if (refresh->mirrors != NULL) {
        add_urls(refresh->mirrors, repo->urls);
        self->repomd = try_mirrors(refresh, error);
    }
    if (self->repomd == NULL) {
        (void)prefix_repo(repo, error);
        return NULL;
    }
    self->bases = g_ptr_array_ref(refresh->mirrors->bases);
    return g_steal_pointer(&self);
}

PackagesRpmMetadata *packages_rpm_metadata_refresh(const ManifestRepo *repo, const char *cache_dir,
                                                   const BaseProgress *progress,
                                                   GCancellable *cancellable, GError **error)
{
    g_auto(Refresh) refresh = {
        .repo = repo, .cache_dir = cache_dir, .progress = progress, .cancellable = cancellable};
    return open_repo(&refresh, error);
}

PackagesRpmMetadata *packages_rpm_metadata_cached(const ManifestRepo *repo, const char *cache_dir,
                                                  GError **error)
{
    g_auto(Refresh) refresh = {.repo = repo, .cache_dir = cache_dir, .is_offline = true};
    return open_repo(&refresh, error);
}

/* --- metadata files --- */

char *packages_rpm_metadata_path(const PackagesRpmMetadata *self,
                                 const PackagesRepomdRecord *record)
{
    g_autofree char *name = g_strconcat(record->sha256, "-", record->type, NULL);
    return g_build_filename(self->dir, name, NULL);
}

static bool fetch_from(const PackagesRpmMetadata *self, const char *base, GPtrArray *records,
                       const BaseProgress *progress, GCancellable *cancellable, GError **error)
{
    g_autofree BaseHttpItem *items = g_new0(BaseHttpItem, records->len + 1);
    g_autoptr(GPtrArray) strings = g_ptr_array_new_with_free_func(g_free);
    size_t n_items = 0;
    for (guint i = 0; i < records->len; i++) {
        const PackagesRepomdRecord *record = records->pdata[i];
        char *path = packages_rpm_metadata_path(self, record);
        g_ptr_array_add(strings, path);
        if (access(path, F_OK) == 0)
            continue;
        g_autofree char *escaped = g_uri_escape_string(record->location, "/!$&'()*+,;=:@", FALSE);
        char *url = g_strconcat(base, "/", escaped, NULL);
        g_ptr_array_add(strings, url);
        items[n_items++] = (BaseHttpItem){.url = url,
                                          .path = path,
                                          .size_bytes = record->size_bytes,
                                          .max_bytes = record->size_bytes > 0 ? 0 : MAX_INDEX_BYTES,
                                          .sha256 = record->sha256};
    }
    return base_http_fetch_all(items, n_items, progress, cancellable, error);
}

static bool translate(GError *inner, GError **error)
{
    g_assert(inner != NULL);
    if (g_error_matches(inner, BASE_ERROR, BASE_ERROR_INVALID))
        g_set_error_literal(error, PACKAGES_ERROR, PACKAGES_ERROR_DIGEST, inner->message);
    else
        g_propagate_error(error, g_error_copy(inner));
    return false;
}

bool packages_rpm_metadata_fetch(const PackagesRpmMetadata *self, const char *const *types,
                                 const BaseProgress *progress, GCancellable *cancellable,
                                 GError **error)
{
    g_autoptr(GPtrArray) records = g_ptr_array_new();
    g_autoptr(GError) first = NULL;
    for (; *types != NULL; types++) {
        const PackagesRepomdRecord *record = packages_repomd_find(self->repomd, *types);
        if (record != NULL)
            g_ptr_array_add(records, (gpointer)record);
    }
    for (guint i = 0; i < MIN(self->bases->len, MAX_MIRRORS_TRIED); i++) {
        g_autoptr(GError) local = NULL;
        if (fetch_from(self, self->bases->pdata[i], records, progress, cancellable, &local))
            return true;
        if (first == NULL || g_cancellable_is_cancelled(cancellable)) {
            g_clear_error(&first);
            first = g_steal_pointer(&local);
        }
        if (g_cancellable_is_cancelled(cancellable))
            break;
    }
    (void)translate(first, error);
    return prefix_repo(self->repo, error);
}

int packages_rpm_metadata_open(const PackagesRpmMetadata *self, const char *type, GError **error)
{
    const PackagesRepomdRecord *record = packages_repomd_find(self->repomd, type);
    g_assert(record != NULL);
    g_autofree char *path = packages_rpm_metadata_path(self, record);
    int fd = packages_repomd_unpack(record, path, self->dir, error);
    if (fd < 0) {
        /* a copy that was damaged since is fetched again the next time */
        (void)unlink(path);
        (void)prefix_repo(self->repo, error);
    }
    return fd;
}
