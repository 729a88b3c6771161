/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Between a lock and packages: making a lock, following one, saying where they differ, and
 * getting files that a mirror may have moved or dropped.
 */
#include "packages/locked.h"

#include "base/error.h"
#include "packages/format.h"
#include "packages/sources.h"

#include <string.h>
#include <unistd.h>

#define DRIFT_MAX_NAMES 20

void packages_change_free(PackagesChange *self)
{
    if (self == NULL)
        return;
    g_free(self->name);
    g_free(self->arch);
    g_free(self->from);
    g_free(self->to);
    g_free(self);
}

/* --- where files are --- */

static const ManifestRepo *find_repo(const Manifest *manifest, const char *id)
{
    for (guint i = 0; i < manifest->repos->len; i++) {
        const ManifestRepo *repo = manifest->repos->pdata[i];
        if (strcmp(repo->id, id) == 0)
            return repo;
    }
    return NULL;
}

static void add_base(GPtrArray *bases, const char *url)
{
    g_autofree char *base = g_strdup(url);
    while (g_str_has_suffix(base, "/"))
        base[strlen(base) - 1] = '\0';
    for (guint i = 0; i < bases->len; i++) {
        if (strcmp(bases->pdata[i], base) == 0)
            return;
    }
    g_ptr_array_add(bases, g_steal_pointer(&base));
}

/* URLs of one repository, without a slash at the end: of debs those of its sources. */
static GPtrArray *bases_of(const Manifest *manifest, const char *id)
{
    GPtrArray *bases = g_ptr_array_new_with_free_func(g_free);
    const ManifestRepo *repo = find_repo(manifest, id);
    if (repo == NULL)
        return bases;
    for (size_t i = 0; repo->urls[i] != NULL; i++)
        add_base(bases, repo->urls[i]);
    if (repo->kind != MANIFEST_REPO_HOST_APT)
        return bases;
    g_autoptr(GPtrArray) one = g_ptr_array_new();
    g_ptr_array_add(one, (gpointer)repo);
    g_autoptr(GPtrArray) sources = packages_sources_load(one, "", "amd64", NULL);
    for (guint i = 0; sources != NULL && i < sources->len; i++)
        add_base(bases, ((const PackagesSource *)sources->pdata[i])->url);
    return bases;
}

/* Bases by repository, each looked up once. */
static GPtrArray *cached_bases(GHashTable *cache, const Manifest *manifest, const char *id)
{
    GPtrArray *bases = g_hash_table_lookup(cache, id);
    if (bases == NULL) {
        bases = bases_of(manifest, id);
        g_hash_table_insert(cache, g_strdup(id), bases);
    }
    return bases;
}

static GHashTable *new_cache(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                 (GDestroyNotify)g_ptr_array_unref);
}

static char *relative_path(const GPtrArray *bases, const char *url)
{
    const char *best = url;
    for (guint i = 0; i < bases->len; i++) {
        size_t length = strlen(bases->pdata[i]);
        if (strncmp(url, bases->pdata[i], length) == 0 && url[length] == '/' &&
            strlen(url + length + 1) < strlen(best))
            best = url + length + 1;
    }
    return g_strdup(best);
}

static char *join(const char *base, const char *path)
{
    return strstr(path, "://") != NULL ? g_strdup(path) : g_strconcat(base, "/", path, NULL);
}

/* Takes the place @url; a file there is used where it is. */
static void set_url(PackagesPackage *package, char *url)
{
    g_free(package->url);
    package->url = url;
    g_clear_pointer(&package->path, g_free);
    if (!g_str_has_prefix(url, "file://"))
        return;
    g_autofree char *path = g_uri_unescape_string(url + strlen("file://"), NULL);
    if (path != NULL && access(path, R_OK) == 0)
        package->path = g_steal_pointer(&path);
}

/* --- lock and packages --- */

static PackagesPackage *new_package(const ManifestLockPackage *locked)
{
    PackagesPackage *package = g_new0(PackagesPackage, 1);
    package->format = packages_format_find(locked->format);
    package->name = g_strdup(locked->name);
    package->version = g_strdup(locked->version);
    package->arch = g_strdup(locked->arch);
    package->source = g_strdup(locked->source);
    package->sha256 = g_strdup(locked->sha256);
    package->size_bytes = locked->size_bytes;
    package->installed_bytes = locked->installed_bytes;
    package->repo_id = g_strdup(locked->repository);
    return package;
}

GPtrArray *packages_locked_packages(const ManifestLock *lock, const Manifest *manifest,
                                    GError **error)
{
    g_autoptr(GHashTable) cache = new_cache();
    g_autoptr(GPtrArray) packages =
        g_ptr_array_new_with_free_func((GDestroyNotify)packages_package_free);
    for (guint i = 0; i < lock->packages->len; i++) {
        const ManifestLockPackage *locked = lock->packages->pdata[i];
        const GPtrArray *bases = cached_bases(cache, manifest, locked->repository);
        PackagesPackage *package = new_package(locked);
        g_ptr_array_add(packages, package);
        set_url(package, join(bases->len > 0 ? bases->pdata[0] : "", locked->path));
        for (guint n = 0; package->path == NULL && n < bases->len; n++)
            if (g_str_has_prefix(bases->pdata[n], "file://"))
                set_url(package, join(bases->pdata[n], locked->path));
        if (bases->len == 0 && strstr(locked->path, "://") == NULL) {
            g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_LOCK,
                        "%s: package ‘%s’ comes from repository ‘%s’, which the manifest has not "
                        "got: make the lock anew with ‘atoll lock’",
                        lock->path, locked->name, locked->repository);
            return NULL;
        }
    }
    return g_steal_pointer(&packages);
}

static void add_repos(ManifestLock *lock, const GPtrArray *snapshots)
{
    for (guint i = 0; snapshots != NULL && i < snapshots->len; i++) {
        const PackagesSnapshot *snapshot = snapshots->pdata[i];
        g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(snapshot->time_s);
        ManifestLockRepo *repo = g_new0(ManifestLockRepo, 1);
        repo->repository = g_strdup(snapshot->repo_id);
        repo->suite = g_strdup(snapshot->suite);
        repo->time =
            snapshot->time_s > 0 ? g_date_time_format(time, "%Y-%m-%dT%H:%M:%SZ") : g_strdup("");
        g_ptr_array_add(lock->repos, repo);
    }
}

static void add_package(ManifestLock *lock, const GPtrArray *bases, const PackagesPackage *package)
{
    ManifestLockPackage *locked = g_new0(ManifestLockPackage, 1);
    locked->name = g_strdup(package->name);
    locked->version = g_strdup(package->version);
    locked->arch = g_strdup(package->arch);
    locked->format = g_strdup(package->format->name);
    locked->source = g_strdup(package->source);
    locked->sha256 = g_strdup(package->sha256);
    locked->repository = g_strdup(package->repo_id);
    locked->path = relative_path(bases, package->url);
    locked->size_bytes = package->size_bytes;
    locked->installed_bytes = package->installed_bytes;
    g_ptr_array_add(lock->packages, locked);
}

ManifestLock *packages_locked_new(const PackagesResolve *resolve, const GPtrArray *packages,
                                  GError **error)
{
    g_autoptr(ManifestLock) lock = manifest_lock_new();
    g_autoptr(GHashTable) cache = new_cache();
    lock->wanted = manifest_wanted_digest(resolve->manifest, error);
    if (lock->wanted == NULL)
        return NULL;
    lock->manifest = g_strdup(resolve->manifest->digest);
    lock->arch = g_strdup(resolve->arch);
    add_repos(lock, resolve->snapshots);
    for (guint i = 0; i < packages->len; i++) {
        const PackagesPackage *package = packages->pdata[i];
        add_package(lock, cached_bases(cache, resolve->manifest, package->repo_id), package);
    }
    return g_steal_pointer(&lock);
}

/* --- differences --- */

static int compare_keys(const PackagesPackage *a, const PackagesPackage *b)
{
    int order = strcmp(a->name, b->name);
    return order != 0 ? order : strcmp(a->arch, b->arch);
}

static void add_change(GPtrArray *changes, const PackagesPackage *from, const PackagesPackage *to)
{
    const PackagesPackage *any = to != NULL ? to : from;
    g_assert(any != NULL);
    PackagesChange *change = g_new0(PackagesChange, 1);
    change->name = g_strdup(any->name);
    change->arch = g_strdup(any->arch);
    change->from = g_strdup(from != NULL ? from->version : NULL);
    change->to = g_strdup(to != NULL ? to->version : NULL);
    change->package = to;
    g_ptr_array_add(changes, change);
}

GPtrArray *packages_locked_compare(const GPtrArray *before, const GPtrArray *after)
{
    GPtrArray *changes = g_ptr_array_new_with_free_func((GDestroyNotify)packages_change_free);
    guint b = 0;
    guint a = 0;
    while (b < before->len || a < after->len) {
        const PackagesPackage *old = b < before->len ? before->pdata[b] : NULL;
        const PackagesPackage *new = a < after->len ? after->pdata[a] : NULL;
        int order = old == NULL ? 1 : new == NULL ? -1 : compare_keys(old, new);
        if (order < 0)
            add_change(changes, old, NULL);
        else if (order > 0)
            add_change(changes, NULL, new);
        else if (strcmp(old->version, new->version) != 0 || strcmp(old->sha256, new->sha256) != 0)
            add_change(changes, old, new);
        b += order <= 0 ? 1 : 0;
        a += order >= 0 ? 1 : 0;
    }
    return changes;
}

/* "missing NAME VERSION; extra …; different …", of a lock. */
static char *describe(const GPtrArray *changes)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < changes->len && i < DRIFT_MAX_NAMES; i++) {
        const PackagesChange *change = changes->pdata[i];
        if (change->from == NULL)
            g_string_append_printf(text, "\n  missing: %s %s", change->name, change->to);
        else if (change->to == NULL)
            g_string_append_printf(text, "\n  extra: %s %s", change->name, change->from);
        else if (strcmp(change->from, change->to) != 0)
            g_string_append_printf(text, "\n  different: %s is locked at %s, wanted %s",
                                   change->name, change->from, change->to);
        else
            g_string_append_printf(text, "\n  different: %s %s with another digest", change->name,
                                   change->from);
    }
    if (changes->len > DRIFT_MAX_NAMES)
        g_string_append_printf(text, "\n  and %u more", changes->len - DRIFT_MAX_NAMES);
    return g_string_free(text, FALSE);
}

static GPtrArray *resolve_drifted(const PackagesResolve *resolve, const ManifestLock *lock,
                                  GPtrArray *locked, PackagesLockedFlags flags, char **out_note,
                                  GCancellable *cancellable, GError **error)
{
    PackagesResolve pinned = *resolve;
    pinned.pins = locked;
    g_autoptr(GPtrArray) packages = packages_resolve_pinned(&pinned, cancellable, error);
    if (packages == NULL) {
        g_prefix_error(error, "with the versions of %s held: ", lock->path);
        return NULL;
    }
    g_autoptr(GPtrArray) changes = packages_locked_compare(locked, packages);
    g_autofree char *text = describe(changes);
    if (changes->len > 0 && (flags & PACKAGES_LOCKED_STRICT) != 0) {
        g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_LOCK,
                    "%s does not fit the manifest any more; renew it with ‘atoll lock %s’:%s",
                    lock->path, resolve->manifest->path, text);
        return NULL;
    }
    if (changes->len > 0)
        *out_note = g_strdup_printf("%s does not fit the manifest any more; renew it with ‘atoll "
                                    "lock %s’:%s",
                                    lock->path, resolve->manifest->path, text);
    return g_steal_pointer(&packages);
}

GPtrArray *packages_locked_resolve(const PackagesResolve *resolve, const ManifestLock *lock,
                                   PackagesLockedFlags flags, char **out_note,
                                   GCancellable *cancellable, GError **error)
{
    g_autofree char *wanted = manifest_wanted_digest(resolve->manifest, error);
    if (wanted == NULL)
        return NULL;
    if (strcmp(lock->arch, resolve->arch) != 0) {
        g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_LOCK,
                    "%s is a lock for %s, and this tree is for %s", lock->path, lock->arch,
                    resolve->arch);
        return NULL;
    }
    *out_note = NULL;
    g_autoptr(GPtrArray) locked = NULL;
    bool fits = strcmp(wanted, lock->wanted) == 0;
    g_autoptr(GError) inner = NULL;
    locked = packages_locked_packages(lock, resolve->manifest, &inner);
    if (locked == NULL) {
        g_propagate_error(error, g_steal_pointer(&inner));
        return NULL;
    }
    return fits ? g_steal_pointer(&locked)
                : resolve_drifted(resolve, lock, locked, flags, out_note, cancellable, error);
}

/* --- files --- */

static bool fetch_one(PackagesPackage *package, const GPtrArray *bases, const char *cache_dir,
                      GCancellable *cancellable, GError **error)
{
    g_autoptr(GPtrArray) one = g_ptr_array_new();
    g_autoptr(GError) last = NULL;
    g_ptr_array_add(one, package);
    g_autofree char *path = NULL;
    for (guint i = 0; i < bases->len; i++) {
        if (g_str_has_prefix(package->url, bases->pdata[i]) && path == NULL)
            path = g_strdup(package->url + strlen(bases->pdata[i]) + 1);
    }
    for (guint i = 0; i < MAX(bases->len, 1); i++) {
        if (path != NULL)
            set_url(package, join(bases->pdata[i], path));
        g_clear_error(&last);
        if (packages_fetch(one, cache_dir, NULL, cancellable, &last))
            return true;
        if (g_error_matches(last, G_IO_ERROR, G_IO_ERROR_CANCELLED) ||
            g_error_matches(last, PACKAGES_ERROR, PACKAGES_ERROR_DIGEST))
            break;
    }
    if (g_error_matches(last, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
        g_propagate_error(error, g_steal_pointer(&last));
        return false;
    }
    g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_LOCK,
                "package ‘%s’ %s of the lock is not to be had from repository ‘%s’ any more (%s): "
                "find the file with SHA-256 %s, for instance in the archive of old packages that "
                "the distribution keeps (its snapshot service), and put it at ‘%s/%s%s’; or let it "
                "move with ‘atoll lock --update MANIFEST %s’",
                package->name, package->version, package->repo_id, last->message, package->sha256,
                cache_dir, package->sha256, package->format->suffix, package->name);
    return false;
}

bool packages_locked_fetch(const Manifest *manifest, GPtrArray *packages, const char *cache_dir,
                           const BaseProgress *progress, GCancellable *cancellable, GError **error)
{
    g_autoptr(GError) together = NULL;
    if (packages_fetch(packages, cache_dir, progress, cancellable, &together))
        return true;
    if (g_error_matches(together, G_IO_ERROR, G_IO_ERROR_CANCELLED) ||
        base_error_is_no_space(together)) {
        g_propagate_error(error, g_steal_pointer(&together));
        return false;
    }
    g_autoptr(GHashTable) cache = new_cache();
    for (guint i = 0; i < packages->len; i++) {
        PackagesPackage *package = packages->pdata[i];
        const GPtrArray *bases = cached_bases(cache, manifest, package->repo_id);
        if (package->path == NULL && !fetch_one(package, bases, cache_dir, cancellable, error))
            return false;
    }
    return true;
}
