/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Making a lock, and composing by one.
 */
#include "tree/lock.h"

#include "base/digest.h"
#include "base/nearest.h"
#include "packages/changelog.h"
#include "packages/format.h"
#include "packages/rpm/updateinfo.h"
#include "tree/users.h"

#include <string.h>
#include <unistd.h>

#define TREE_LOCK_ARCH "amd64"

typedef struct {
    const TreeLockOptions *options;
    GCancellable *cancellable;
    Manifest *manifest;     /* owned */
    Store *store;           /* owned */
    char *cache;            /* owned */
    ManifestLock *before;   /* owned, nullable */
    GPtrArray *locked;      /* owned: packages of @before */
    ManifestLock *after;    /* owned */
    TreeLockResult *result; /* owned */
} Run;

static void run_clear(Run *run)
{
    tree_lock_result_free(run->result);
    manifest_lock_free(run->after);
    g_clear_pointer(&run->locked, g_ptr_array_unref);
    manifest_lock_free(run->before);
    g_free(run->cache);
    store_close(run->store);
    g_clear_pointer(&run->manifest, manifest_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Run, run_clear)

void tree_lock_result_free(TreeLockResult *self)
{
    if (self == NULL)
        return;
    g_free(self->path);
    g_clear_pointer(&self->changes, g_ptr_array_unref);
    g_clear_pointer(&self->packages, g_ptr_array_unref);
    g_clear_pointer(&self->before, g_ptr_array_unref);
    g_free(self->release);
    g_clear_pointer(&self->changelogs, g_hash_table_unref);
    g_free(self);
}

static bool open_inputs(Run *run, GError **error)
{
    const TreeLockOptions *options = run->options;
    run->manifest = manifest_load(options->manifest_path, error);
    if (run->manifest == NULL)
        return false;
    run->result->path = options->lock_path != NULL ? g_strdup(options->lock_path)
                                                   : manifest_lock_path(options->manifest_path);
    if (!manifest_lock_load(run->result->path, &run->before, error))
        return false;
    run->store = store_open(options->state_dir, run->cancellable, error);
    if (run->store == NULL)
        return false;
    run->cache = store_path(run->store, "cache/metadata");
    run->result->is_new = run->before == NULL;
    run->locked = run->before == NULL
                      ? g_ptr_array_new_with_free_func((GDestroyNotify)packages_package_free)
                      : packages_locked_packages(run->before, run->manifest, error);
    return run->locked != NULL;
}

static bool check_names(const Run *run, GError **error)
{
    g_autoptr(GPtrArray) known = g_ptr_array_new();
    for (guint i = 0; i < run->locked->len; i++)
        g_ptr_array_add(known, ((PackagesPackage *)run->locked->pdata[i])->name);
    g_ptr_array_add(known, NULL);
    for (const char *const *name = run->options->names; *name != NULL; name++) {
        if (g_strv_contains((const char *const *)known->pdata, *name))
            continue;
        const char *nearest = base_nearest_name(*name, (const char *const *)known->pdata);
        g_set_error(error, TREE_ERROR, TREE_ERROR_FAILED, "package ‘%s’ is not in %s%s%s%s", *name,
                    run->result->path, nearest != NULL ? "; did you mean ‘" : "",
                    nearest != NULL ? nearest : "", nearest != NULL ? "’?" : "");
        return false;
    }
    return true;
}

/* What stays: everything that is locked, but for what may move. */
static GPtrArray *choose_pins(const Run *run)
{
    GPtrArray *pins = g_ptr_array_new();
    const TreeLockOptions *options = run->options;
    bool all_move =
        options->names[0] == NULL && (options->flags & (TREE_LOCK_UPDATE | TREE_LOCK_CHECK)) != 0;
    for (guint i = 0; !all_move && i < run->locked->len; i++) {
        PackagesPackage *package = run->locked->pdata[i];
        if (!g_strv_contains(options->names, package->name))
            g_ptr_array_add(pins, package);
    }
    return pins;
}

/* "bookworm" of "bookworm-security": the suites of one release begin alike. */
static char *find_release(const GPtrArray *snapshots)
{
    for (guint i = 0; i < snapshots->len; i++) {
        const char *suite = ((const PackagesSnapshot *)snapshots->pdata[i])->suite;
        if (suite[0] != '\0' && !g_str_has_suffix(suite, "/"))
            return g_strndup(suite, strcspn(suite, "-/"));
    }
    return NULL;
}

static bool resolve(Run *run, GError **error)
{
    g_autoptr(GPtrArray) pins = choose_pins(run);
    g_autoptr(GPtrArray) snapshots =
        g_ptr_array_new_with_free_func((GDestroyNotify)packages_snapshot_free);
    const PackagesResolve resolve = {
        .manifest = run->manifest,
        .cache_dir = run->cache,
        .arch = TREE_LOCK_ARCH,
        .pins = pins,
        .store = run->store,
        .snapshots = snapshots,
        .progress = run->options->progress,
    };
    run->result->packages = packages_resolve_pinned(&resolve, run->cancellable, error);
    if (run->result->packages == NULL) {
        if (pins->len > 0)
            g_prefix_error(error, "with %u packages held at their versions: ", pins->len);
        return false;
    }
    run->after = packages_locked_new(&resolve, run->result->packages, error);
    if (run->after == NULL)
        return false;
    if (!tree_lock_add_advisories(run->after, run->manifest, run->store, run->result->packages,
                                  error))
        return false;
    run->after->path = g_strdup(run->result->path);
    run->result->before = g_ptr_array_ref(run->locked);
    run->result->release = find_release(snapshots);
    run->result->changes = packages_locked_compare(run->locked, run->result->packages);
    return true;
}

static GVariant *ids_of_commit(GVariant *metadata, const char *key)
{
    return metadata != NULL ? g_variant_lookup_value(metadata, key, G_VARIANT_TYPE("a{su}")) : NULL;
}

/* Of the branch's last commit, which knows every id ever given; else what was locked before. */
static bool take_ids(Run *run, GError **error)
{
    OstreeRepo *repo = store_get_published_repo(run->store);
    g_autofree char *commit = NULL;
    g_autoptr(GVariant) object = NULL;
    g_autoptr(GVariant) metadata = NULL;
    if (!ostree_repo_resolve_rev(repo, run->manifest->ref, TRUE, &commit, error))
        return false;
    if (commit != NULL) {
        if (!ostree_repo_load_variant(repo, OSTREE_OBJECT_TYPE_COMMIT, commit, &object, error))
            return false;
        metadata = g_variant_get_child_value(object, 0);
    }
    run->after->uids = ids_of_commit(metadata, TREE_USERS_UIDS_KEY);
    run->after->gids = ids_of_commit(metadata, TREE_USERS_GIDS_KEY);
    if (run->before != NULL && run->after->uids == NULL && run->before->uids != NULL)
        run->after->uids = g_variant_ref(run->before->uids);
    if (run->before != NULL && run->after->gids == NULL && run->before->gids != NULL)
        run->after->gids = g_variant_ref(run->before->gids);
    return true;
}

/* Changelogs are in the packages, which the next compose needs anyway. */
static bool read_changelogs(Run *run, GError **error)
{
    g_autoptr(GPtrArray) moved = g_ptr_array_new();
    for (guint i = 0; i < run->result->changes->len; i++) {
        const PackagesChange *change = run->result->changes->pdata[i];
        if (change->from != NULL && change->to != NULL)
            g_ptr_array_add(moved, (gpointer)change->package);
    }
    if (moved->len == 0)
        return true;
    g_autofree char *cache = store_path(run->store, "cache/packages");
    g_autoptr(GPtrArray) missing = packages_import_missing(run->store, moved);
    if (!packages_fetch(missing, cache, run->options->progress, run->cancellable, error))
        return false;
    g_autoptr(GPtrArray) imported =
        packages_import(run->store, moved, run->options->progress, NULL, run->cancellable, error);
    if (imported == NULL || !packages_import_keep(run->store, imported, run->cancellable, error))
        return false;
    for (guint i = 0; i < imported->len; i++) {
        const PackagesImported *one = imported->pdata[i];
        const char *from = NULL;
        for (guint n = 0; n < run->result->changes->len; n++) {
            const PackagesChange *change = run->result->changes->pdata[n];
            if (change->package == one->package)
                from = change->from;
        }
        char *text = packages_changelog_since(one, store_get_build_fd(run->store), from);
        if (text != NULL)
            g_hash_table_replace(run->result->changelogs, g_strdup(one->package->name), text);
    }
    return true;
}

static bool is_same_variant(GVariant *a, GVariant *b)
{
    return (a == NULL && b == NULL) || (a != NULL && b != NULL && g_variant_equal(a, b));
}

/* The time of a repository alone is no reason for a new file. */
static bool needs_writing(const Run *run)
{
    return run->before == NULL || run->result->changes->len > 0 ||
           strcmp(run->before->manifest, run->after->manifest) != 0 ||
           strcmp(run->before->wanted, run->after->wanted) != 0 ||
           !is_same_variant(run->before->uids, run->after->uids) ||
           !is_same_variant(run->before->gids, run->after->gids);
}

static bool save(Run *run, GError **error)
{
    if ((run->options->flags & TREE_LOCK_CHECK) != 0 || !needs_writing(run))
        return true;
    run->result->is_written = true;
    return manifest_lock_save(run->after, error);
}

TreeLockResult *tree_lock(const TreeLockOptions *options, GCancellable *cancellable, GError **error)
{
    g_auto(Run) run = {.options = options, .cancellable = cancellable};
    run.result = g_new0(TreeLockResult, 1);
    run.result->changelogs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    if (!open_inputs(&run, error) || !check_names(&run, error) || !resolve(&run, error) ||
        !take_ids(&run, error) || !read_changelogs(&run, error) || !save(&run, error))
        return NULL;
    return g_steal_pointer(&run.result);
}

/* --- composing --- */

static void take_newest(const TreeLockUse *self, int64_t time_s)
{
    if (self->out_time_s != NULL)
        *self->out_time_s = MAX(*self->out_time_s, time_s);
}

static void take_locked_time(const TreeLockUse *self, const ManifestLock *lock)
{
    for (guint i = 0; i < lock->repos->len; i++) {
        const ManifestLockRepo *repo = lock->repos->pdata[i];
        g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(repo->time, NULL);
        if (time != NULL)
            take_newest(self, g_date_time_to_unix(time));
    }
}

/* Of a lock that was used, what it knows beyond the packages stays. */
static bool put_made(const TreeLockUse *self, const PackagesResolve *resolve,
                     const ManifestLock *used, const GPtrArray *packages, GError **error)
{
    if (self->out_made == NULL)
        return true;
    g_autoptr(ManifestLock) lock = packages_locked_new(resolve, packages, error);
    if (lock == NULL)
        return false;
    if (used != NULL) {
        g_ptr_array_unref(lock->repos);
        lock->repos = g_ptr_array_ref(used->repos);
        lock->uids = used->uids != NULL ? g_variant_ref(used->uids) : NULL;
        lock->gids = used->gids != NULL ? g_variant_ref(used->gids) : NULL;
        if (used->advisories != NULL && strcmp(used->wanted, lock->wanted) == 0)
            lock->advisories = g_variant_ref(used->advisories);
    }
    *self->out_made = g_steal_pointer(&lock);
    return true;
}

static GPtrArray *resolve_unlocked(const TreeLockUse *self, PackagesResolve resolve,
                                   GCancellable *cancellable, GError **error)
{
    g_autoptr(GPtrArray) snapshots =
        g_ptr_array_new_with_free_func((GDestroyNotify)packages_snapshot_free);
    resolve.snapshots = snapshots;
    g_autoptr(GPtrArray) packages = packages_resolve_pinned(&resolve, cancellable, error);
    if (packages == NULL || !put_made(self, &resolve, NULL, packages, error))
        return NULL;
    for (guint i = 0; i < snapshots->len; i++)
        take_newest(self, ((const PackagesSnapshot *)snapshots->pdata[i])->time_s);
    return g_steal_pointer(&packages);
}

GPtrArray *tree_lock_resolve(const TreeLockUse *self, ManifestLock **out_lock,
                             GCancellable *cancellable, GError **error)
{
    g_autofree char *path =
        self->path != NULL ? g_strdup(self->path) : manifest_lock_path(self->manifest->path);
    g_autofree char *cache = store_path(self->store, "cache/metadata");
    g_autoptr(ManifestLock) lock = NULL;
    if (!manifest_lock_load(path, &lock, error))
        return NULL;
    if (lock == NULL && (self->strict || self->path != NULL)) {
        g_set_error(error, TREE_ERROR, TREE_ERROR_FAILED,
                    "there is no lock ‘%s’; make it with ‘atoll lock %s’", path,
                    self->manifest->path);
        return NULL;
    }
    const PackagesResolve resolve = {
        .manifest = self->manifest,
        .cache_dir = cache,
        .arch = TREE_LOCK_ARCH,
        .store = self->store,
        .progress = self->progress,
    };
    if (lock == NULL)
        return resolve_unlocked(self, resolve, cancellable, error);
    take_locked_time(self, lock);
    g_autofree char *note = NULL;
    g_autoptr(GPtrArray) packages = packages_locked_resolve(
        &resolve, lock, self->strict ? PACKAGES_LOCKED_STRICT : PACKAGES_LOCKED_DEFAULT, &note,
        cancellable, error);
    if (note != NULL)
        base_progress_note(self->progress, "%s", note);
    if (packages == NULL || !put_made(self, &resolve, lock, packages, error))
        return NULL;
    *out_lock = g_steal_pointer(&lock);
    return g_steal_pointer(&packages);
}

bool tree_lock_add_advisories(ManifestLock *lock, const Manifest *manifest, const Store *store,
                              const GPtrArray *packages, GError **error)
{
    const PackagesPackage *first = packages->len > 0 ? packages->pdata[0] : NULL;
    if (first == NULL || first->format != packages_format_find("rpm") ||
        g_strcmp0(manifest->advisories_metadata, "disabled") == 0)
        return true;
    g_autofree char *cache = store_path(store, "cache/metadata");
    lock->advisories = packages_rpm_updateinfo_mended(manifest, cache, packages, error);
    return lock->advisories != NULL;
}

static void add_ids(BaseSha256 *sha256, GVariant *ids)
{
    g_autofree char *text = ids != NULL ? g_variant_print(ids, TRUE) : g_strdup("");
    base_sha256_update(sha256, text, strlen(text) + 1);
}

char *tree_lock_ids_digest(const char *inputs, const ManifestLock *lock)
{
    if (lock == NULL || (lock->uids == NULL && lock->gids == NULL))
        return g_strdup(inputs);
    g_autoptr(BaseSha256) sha256 = base_sha256_new();
    base_sha256_update(sha256, inputs, strlen(inputs) + 1);
    add_ids(sha256, lock->uids);
    add_ids(sha256, lock->gids);
    char *hex = g_malloc(BASE_SHA256_HEX_CHARS + 1);
    base_sha256_finish_hex(sha256, hex);
    return hex;
}
