/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The chain of trust from a keyring to the Packages files: Release files are fetched and
 * verified, and what they promise by digest is fetched next. In the cache, Release files
 * stand by what they were asked for, indexes by their digest.
 */
#include "packages/metadata.h"

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/http.h"
#include "packages/release.h"
#include "packages/signature.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define MAX_RELEASE_BYTES (64u << 20)
#define MAX_INDEX_BYTES (1ull << 30)

/* In the order of our preference: what costs least to fetch, then to unpack. */
static const char *const suffixes[] = {".xz", ".zst", ".gz", ""};

/* Items to fetch together with the strings that they borrow. */
typedef struct {
    GArray *items;
    GStringChunk *strings;
} ItemList;

static void item_list_init(ItemList *self)
{
    self->items = g_array_new(FALSE, TRUE, sizeof(BaseHttpItem));
    self->strings = g_string_chunk_new(4096);
}

static void item_list_clear(ItemList *self)
{
    g_array_unref(self->items);
    g_string_chunk_free(self->strings);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ItemList, item_list_clear)

typedef struct {
    const GPtrArray *sources;
    const char *cache_dir;
    const char *scratch_dir;
    const char *arch;
    const BaseProgress *progress;
    GCancellable *cancellable;
    ItemList *list;
    GPtrArray *indexes;
} Refresh;

static BaseHttpItem *item_list_add(ItemList *self, const char *url, const char *path)
{
    BaseHttpItem item = {.url = g_string_chunk_insert(self->strings, url),
                         .path = g_string_chunk_insert(self->strings, path)};
    g_array_append_val(self->items, item);
    return &g_array_index(self->items, BaseHttpItem, self->items->len - 1);
}

static bool fetch_items(const Refresh *self, ItemList *list, GError **error)
{
    return base_http_fetch_all((BaseHttpItem *)(void *)list->items->data, list->items->len,
                               self->progress, self->cancellable, error);
}

static char *release_url(const PackagesSource *source, const char *name)
{
    if (!packages_source_is_flat(source))
        return g_strconcat(source->url, "/dists/", source->suite, "/", name, NULL);
    const char *suite = source->suite;
    while (g_str_has_prefix(suite, "./") || suite[0] == '/')
        suite += suite[0] == '/' ? 1 : 2;
    return g_strconcat(source->url, "/", suite, name, NULL);
}

static char *release_path(const Refresh *self, const PackagesSource *source, const char *name)
{
    g_autofree char *what = g_strconcat(source->url, "\n", source->suite, NULL);
    g_autofree char *digest = base_sha256_hex(what, strlen(what));
    g_autofree char *file = g_strdup_printf("%.32s-%s", digest, name);
    return g_build_filename(self->cache_dir, "release", file, NULL);
}

static bool prefix_source(const PackagesSource *source, GError **error)
{
    g_prefix_error(error, "%s: suite ‘%s’ of ‘%s’: ", source->origin, source->suite, source->url);
    return false;
}

/* --- Release files --- */

static void add_release_item(const Refresh *self, ItemList *list, const PackagesSource *source,
                             const char *name)
{
    g_autofree char *url = release_url(source, name);
    g_autofree char *path = release_path(self, source, name);
    BaseHttpItem *item = item_list_add(list, url, path);
    item->max_bytes = MAX_RELEASE_BYTES;
    item->optional = true;
    item->only_if_newer = true;
}

/* What the server has no more must not be taken from the cache. */
static bool drop_missing(const ItemList *list, GError **error)
{
    for (unsigned i = 0; i < list->items->len; i++) {
        const BaseHttpItem *item = &g_array_index(list->items, BaseHttpItem, i);
        if (item->out_missing && unlink(item->path) < 0 && errno != ENOENT)
            return base_error_set_errno(error, errno, "removing ‘%s’", item->path);
    }
    return true;
}

static bool fetch_releases(const Refresh *self, GError **error)
{
    g_auto(ItemList) list;
    g_auto(ItemList) old_list;
    item_list_init(&list);
    item_list_init(&old_list);
    for (unsigned i = 0; i < self->sources->len; i++)
        add_release_item(self, &list, g_ptr_array_index(self->sources, i), "InRelease");
    if (!fetch_items(self, &list, error) || !drop_missing(&list, error))
        return false;
    for (unsigned i = 0; i < self->sources->len; i++) {
        const PackagesSource *source = g_ptr_array_index(self->sources, i);
        if (!g_array_index(list.items, BaseHttpItem, i).out_missing)
            continue;
        add_release_item(self, &old_list, source, "Release");
        if (!source->trusted)
            add_release_item(self, &old_list, source, "Release.gpg");
    }
    return fetch_items(self, &old_list, error) && drop_missing(&old_list, error);
}

static GBytes *read_if_there(const Refresh *self, const PackagesSource *source, const char *name,
                             GError **error)
{
    g_autofree char *path = release_path(self, source, name);
    if (access(path, F_OK) < 0)
        return NULL;
    return base_fd_read_file(AT_FDCWD, path, MAX_RELEASE_BYTES, error);
}

/* "trusted: true" takes a clear-signed text without its signature, which has to go. */
static GBytes *strip_signature(GBytes *clearsigned)
{
    size_t size_bytes = 0;
    const char *data = g_bytes_get_data(clearsigned, &size_bytes);
    g_autofree char *text = g_strndup(data, size_bytes);
    char *start = strstr(text, "\n\n");
    char *end = strstr(text, "\n-----BEGIN PGP SIGNATURE-----");
    if (!g_str_has_prefix(text, "-----BEGIN PGP SIGNED MESSAGE-----") || start == NULL ||
        end == NULL || end < start + 2)
        return g_bytes_ref(clearsigned);
    return g_bytes_new(start + 2, (size_t)(end + 1 - start - 2));
}

/* Sets @out_text to %NULL for a trusted repository that has no Release file at all. */
static bool open_release(const Refresh *self, const PackagesSource *source, GBytes **out_text,
                         GError **error)
{
    g_autoptr(GError) read_error = NULL;
    g_autoptr(GBytes) clearsigned = read_if_there(self, source, "InRelease", &read_error);
    g_autoptr(GBytes) plain = NULL;
    g_autoptr(GBytes) signature = NULL;
    if (clearsigned == NULL && read_error == NULL)
        plain = read_if_there(self, source, "Release", &read_error);
    if (plain != NULL && !source->trusted)
        signature = read_if_there(self, source, "Release.gpg", &read_error);
    if (read_error != NULL) {
        g_propagate_error(error, g_steal_pointer(&read_error));
        return false;
    }
    if (source->trusted) {
        *out_text = clearsigned != NULL ? strip_signature(clearsigned) : g_steal_pointer(&plain);
        return true;
    }
    if (clearsigned == NULL && (plain == NULL || signature == NULL)) {
        g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_SIGNATURE,
                    plain == NULL ? "it has neither InRelease nor Release"
                                  : "it is not signed; say ‘trusted: true’ to use it nevertheless");
        return false;
    }
    *out_text = clearsigned != NULL
                    ? packages_signature_open(source, clearsigned, self->scratch_dir,
                                              self->cancellable, error)
                    : packages_signature_check(source, plain, signature, self->scratch_dir,
                                               self->cancellable, error);
    return *out_text != NULL;
}

static PackagesRelease *load_release(const PackagesSource *source, GBytes *text, GError **error)
{
    g_autoptr(PackagesRelease) release = packages_release_parse(text, error);
    if (release == NULL)
        return NULL;
    if (!packages_source_is_flat(source) &&
        !packages_release_check_suite(release, source->suite, error))
        return NULL;
    if (!source->ignore_expiry &&
        !packages_release_check_expiry(release, g_get_real_time() / G_USEC_PER_SEC, error))
        return NULL;
    return g_steal_pointer(&release);
}

/* --- Packages files --- */

static PackagesIndex *new_index(const Refresh *self, const PackagesSource *source,
                                const char *sha256, const char *suffix)
{
    g_autofree char *file = g_strconcat(sha256, suffix, NULL);
    PackagesIndex *index = g_new0(PackagesIndex, 1);
    index->source = source;
    index->sha256 = g_strdup(sha256);
    index->path = g_build_filename(self->cache_dir, "index", file, NULL);
    return index;
}

static void add_index(const Refresh *self, const PackagesSource *source,
                      const PackagesRelease *release, const PackagesReleaseEntry *entry,
                      const char *suffix)
{
    ItemList *list = self->list;
    PackagesIndex *index = new_index(self, source, entry->sha256, suffix);
    index->time_s = packages_release_date(release);
    g_ptr_array_add(self->indexes, index);
    for (unsigned i = 0; i < list->items->len; i++)
        if (strcmp(g_array_index(list->items, BaseHttpItem, i).path, index->path) == 0)
            return;
    if (access(index->path, F_OK) == 0)
        return;
    g_autofree char *name = g_strdup(entry->path);
    if (packages_release_has_by_hash(release)) {
        g_autofree char *directory = g_path_get_dirname(entry->path);
        g_free(name);
        name = g_build_filename(directory, "by-hash", "SHA256", entry->sha256, NULL);
    }
    g_autofree char *url = release_url(source, name);
    BaseHttpItem *item = item_list_add(list, url, index->path);
    item->size_bytes = entry->size_bytes;
    item->sha256 = g_string_chunk_insert(list->strings, entry->sha256);
}

/* An index of no bytes at all is one without packages. */
static bool add_best(const Refresh *self, const PackagesSource *source,
                     const PackagesRelease *release, const char *base)
{
    for (size_t i = 0; i < G_N_ELEMENTS(suffixes); i++) {
        g_autofree char *path = g_strconcat(base, suffixes[i], NULL);
        PackagesReleaseEntry entry;
        if (!packages_release_find(release, path, &entry))
            continue;
        if (entry.size_bytes > 0)
            add_index(self, source, release, &entry, suffixes[i]);
        return true;
    }
    return false;
}

static bool add_component(const Refresh *self, const PackagesSource *source,
                          const PackagesRelease *release, const char *component)
{
    g_autofree char *own = g_strdup_printf("%s/binary-%s/Packages", component, self->arch);
    g_autofree char *all = g_strdup_printf("%s/binary-all/Packages", component);
    bool found = add_best(self, source, release, own);
    if ((!found || packages_release_has_all_index(release)) && add_best(self, source, release, all))
        found = true;
    return found;
}

static bool add_indexes(const Refresh *self, const PackagesSource *source,
                        const PackagesRelease *release, GError **error)
{
    if (packages_source_is_flat(source)) {
        if (add_best(self, source, release, "Packages"))
            return true;
        g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID,
                    "its Release file lists no Packages file");
        return false;
    }
    for (char **component = source->components; *component != NULL; component++)
        if (!add_component(self, source, release, *component)) {
            g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID,
                        "it has no component ‘%s’ for %s", *component, self->arch);
            return false;
        }
    return true;
}

/* A trusted flat repository may consist of a Packages file alone. */
static bool add_bare(const Refresh *self, const PackagesSource *source, GError **error)
{
    if (!packages_source_is_flat(source)) {
        g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID,
                    "it has neither InRelease nor Release");
        return false;
    }
    g_auto(ItemList) list;
    item_list_init(&list);
    for (size_t i = 0; i < G_N_ELEMENTS(suffixes); i++) {
        g_autofree char *name = g_strconcat("Packages", suffixes[i], NULL);
        add_release_item(self, &list, source, name);
        g_array_index(list.items, BaseHttpItem, i).max_bytes = MAX_INDEX_BYTES;
    }
    if (!fetch_items(self, &list, error) || !drop_missing(&list, error))
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(suffixes); i++) {
        const BaseHttpItem *item = &g_array_index(list.items, BaseHttpItem, i);
        if (item->out_missing)
            continue;
        base_autofd fd = open(item->path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            return base_error_set_errno(error, errno, "opening ‘%s’", item->path);
        g_autofree char *sha256 = base_sha256_hex_of_fd(fd, error);
        if (sha256 == NULL)
            return false;
        PackagesIndex *index = new_index(self, source, sha256, suffixes[i]);
        g_free(index->path);
        index->path = g_strdup(item->path);
        g_ptr_array_add(self->indexes, index);
        return true;
    }
    g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID, "it has no Packages file");
    return false;
}

static bool plan_source(const Refresh *self, const PackagesSource *source, GError **error)
{
    g_autoptr(GBytes) text = NULL;
    if (!open_release(self, source, &text, error))
        return false;
    if (text == NULL)
        return add_bare(self, source, error);
    g_autoptr(PackagesRelease) release = load_release(source, text, error);
    return release != NULL && add_indexes(self, source, release, error);
}

/* What did not verify is not worth asking the server whether it has changed. */
static void forget_release(const Refresh *self, const PackagesSource *source)
{
    static const char *const names[] = {"InRelease", "Release", "Release.gpg"};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = release_path(self, source, names[i]);
        (void)unlink(path);
    }
}

static bool plan_all(const Refresh *self, GError **error)
{
    for (unsigned i = 0; i < self->sources->len; i++) {
        const PackagesSource *source = g_ptr_array_index(self->sources, i);
        if (!plan_source(self, source, error)) {
            forget_release(self, source);
            return prefix_source(source, error);
        }
    }
    return true;
}

static bool fetch_indexes(const Refresh *self, GError **error)
{
    g_autoptr(GError) fetch_error = NULL;
    if (fetch_items(self, self->list, &fetch_error))
        return true;
    if (g_error_matches(fetch_error, BASE_ERROR, BASE_ERROR_INVALID))
        g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_DIGEST, "%s", fetch_error->message);
    else
        g_propagate_error(error, g_steal_pointer(&fetch_error));
    return false;
}

static bool make_dirs(const Refresh *self, GError **error)
{
    g_autofree char *release_dir = g_build_filename(self->cache_dir, "release", NULL);
    g_autofree char *index_dir = g_build_filename(self->cache_dir, "index", NULL);
    return base_fd_make_dirs(AT_FDCWD, release_dir, 0755, error) &&
           base_fd_make_dirs(AT_FDCWD, index_dir, 0755, error);
}

GPtrArray *packages_metadata_refresh(const GPtrArray *sources, const char *cache_dir,
                                     const char *arch, const BaseProgress *progress,
                                     GCancellable *cancellable, GError **error)
{
    g_auto(ItemList) list;
    item_list_init(&list);
    g_autoptr(GPtrArray) indexes =
        g_ptr_array_new_with_free_func((GDestroyNotify)packages_index_free);
    Refresh self = {.sources = sources,
                    .cache_dir = cache_dir,
                    .arch = arch,
                    .progress = progress,
                    .cancellable = cancellable,
                    .list = &list,
                    .indexes = indexes};
    if (!make_dirs(&self, error) || !fetch_releases(&self, error))
        return NULL;
    g_autofree char *scratch_dir = g_build_filename(cache_dir, "gpgv-XXXXXX", NULL);
    if (g_mkdtemp(scratch_dir) == NULL) {
        base_error_set_errno(error, errno, "making a directory in ‘%s’", cache_dir);
        return NULL;
    }
    self.scratch_dir = scratch_dir;
    bool ok = plan_all(&self, error);
    if (!base_fd_remove_tree(AT_FDCWD, scratch_dir, ok ? error : NULL) || !ok ||
        !fetch_indexes(&self, error))
        return NULL;
    return g_steal_pointer(&indexes);
}
