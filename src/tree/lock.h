/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/progress.h"
#include "packages/locked.h"
#include "store/store.h"
#include "tree/error.h"

G_BEGIN_DECLS

/**
 * TreeLockFlags:
 * @TREE_LOCK_DEFAULT: versions that are locked stay
 * @TREE_LOCK_UPDATE: what @names says may move, or everything
 * @TREE_LOCK_CHECK: only say what would change; write nothing
 */
typedef enum {
    TREE_LOCK_DEFAULT = 0,
    TREE_LOCK_UPDATE = 1 << 0,
    TREE_LOCK_CHECK = 1 << 1,
} TreeLockFlags;

/**
 * TreeLockOptions:
 * @manifest_path: the manifest
 * @lock_path: (nullable): the lock; %NULL is the one beside the manifest
 * @state_dir: the state directory
 * @names: packages that may move; none is all, with %TREE_LOCK_UPDATE
 * @flags: see #TreeLockFlags
 * @progress: (nullable)
 *
 * What to lock. All borrowed.
 */
typedef struct {
    const char *manifest_path;
    const char *lock_path;
    const char *state_dir;
    const char *const *names;
    TreeLockFlags flags;
    const BaseProgress *progress;
} TreeLockOptions;

/**
 * TreeLockResult:
 * @path: (owned): of the lock
 * @before: (owned) (element-type PackagesPackage): what was locked
 * @packages: (owned) (element-type PackagesPackage): what is locked now
 * @release: (owned) (nullable): release of the distribution, as its repositories name it
 * @changes: (owned) (element-type PackagesChange): against the lock that was there
 * @changelogs: (owned): package name to what its changelog says since
 * @is_new: there was no lock
 * @is_written: the file was written
 */
typedef struct {
    char *path;
    GPtrArray *before;
    GPtrArray *packages;
    char *release;
    GPtrArray *changes;
    GHashTable *changelogs;
    bool is_new;
    bool is_written;
} TreeLockResult;

void tree_lock_result_free(TreeLockResult *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TreeLockResult, tree_lock_result_free)

/**
 * tree_lock:
 * @options: what to lock
 * @cancellable: (nullable)
 * @error: from any room below
 *
 * Writes the exact packages that a manifest resolves to, with the ids of users and groups that
 * the branch's last commit has.
 *
 * Returns: (transfer full): what was done
 */
TreeLockResult *tree_lock(const TreeLockOptions *options, GCancellable *cancellable,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * TreeLockUse:
 * @manifest: what is composed
 * @path: (nullable): the lock; %NULL is the one beside the manifest, if there is one
 * @strict: a lock has to be there, and to fit
 * @store: the store
 * @out_time_s: (nullable): gets the date of the newest repository, of the lock or, without one,
 *   of today; stays as it is when none says one
 * @out_made: (nullable): gets, to be freed, the lock that the packages come to, one that was used
 *   or as ‘atoll lock’ would write it, but for tree_lock_add_advisories()
 * @progress: (nullable)
 *
 * How a compose uses its lock. All borrowed.
 */
typedef struct {
    const Manifest *manifest;
    const char *path;
    bool strict;
    const Store *store;
    int64_t *out_time_s;
    ManifestLock **out_made;
    const BaseProgress *progress;
} TreeLockUse;

/**
 * tree_lock_resolve:
 * @self: how
 * @out_lock: (transfer full) (nullable): the lock, %NULL when there is none
 * @cancellable: (nullable)
 * @error: from any room below
 *
 * Returns: (transfer full) (element-type PackagesPackage): packages by the lock, else by the
 *   repositories
 */
GPtrArray *tree_lock_resolve(const TreeLockUse *self, ManifestLock **out_lock,
                             GCancellable *cancellable, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * tree_lock_add_advisories:
 * @lock: a lock that was just made
 * @manifest: its manifest
 * @store: the store, which has the metadata by which it was made
 * @packages: (element-type PackagesPackage): what is locked
 * @error: from reading the metadata
 *
 * Notes what the packages mend: of rpms, unless the manifest has none of it.
 */
bool tree_lock_add_advisories(ManifestLock *lock, const Manifest *manifest, const Store *store,
                              const GPtrArray *packages, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** tree_lock_ids_digest: (transfer full): @inputs, with the ids of @lock (nullable) mixed in */
char *tree_lock_ids_digest(const char *inputs, const ManifestLock *lock);

G_END_DECLS
