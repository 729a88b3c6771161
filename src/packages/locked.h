/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manifest/lock.h"
#include "packages/resolve.h"

G_BEGIN_DECLS

/**
 * PackagesChange:
 * @name: (owned)
 * @arch: (owned)
 * @from: (owned) (nullable): version before; %NULL when it is new
 * @to: (owned) (nullable): version after; %NULL when it is gone
 * @package: (borrowed) (nullable): what it is after
 *
 * One difference between two sets of packages.
 */
typedef struct {
    char *name;
    char *arch;
    char *from;
    char *to;
    const PackagesPackage *package;
} PackagesChange;

void packages_change_free(PackagesChange *self);

/**
 * packages_locked_packages:
 * @lock: a lock
 * @manifest: whose repositories say where the files are
 * @error: a repository of the lock that the manifest has not got
 *
 * Returns: (transfer full) (element-type PackagesPackage): the packages of @lock, sorted
 */
GPtrArray *packages_locked_packages(const ManifestLock *lock, const Manifest *manifest,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * packages_locked_new:
 * @resolve: what was resolved, with its snapshots
 * @packages: (element-type PackagesPackage): the result
 * @error: return location
 *
 * Returns: (transfer full): the lock of @packages, without a path and without ids
 */
ManifestLock *packages_locked_new(const PackagesResolve *resolve, const GPtrArray *packages,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * packages_locked_compare:
 * @before: (element-type PackagesPackage)
 * @after: (element-type PackagesPackage): must outlive the result
 *
 * Returns: (transfer full) (element-type PackagesChange): what differs, by name
 */
GPtrArray *packages_locked_compare(const GPtrArray *before, const GPtrArray *after);

/**
 * PackagesLockedFlags:
 * @PACKAGES_LOCKED_DEFAULT: a lock that no longer fits is followed as far as it goes
 * @PACKAGES_LOCKED_STRICT: a lock that no longer fits is an error
 */
typedef enum {
    PACKAGES_LOCKED_DEFAULT = 0,
    PACKAGES_LOCKED_STRICT = 1 << 0,
} PackagesLockedFlags;

/**
 * packages_locked_resolve:
 * @resolve: what to resolve
 * @lock: its lock
 * @flags: see #PackagesLockedFlags
 * @out_note: (transfer full) (nullable): what to tell people, when the lock was not enough
 * @cancellable: (nullable)
 * @error: %PACKAGES_ERROR_LOCK names every package that differs
 *
 * The packages of @lock when it fits the manifest, without asking any repository; else those
 * that the manifest resolves to with all locked versions held.
 *
 * Returns: (transfer full) (element-type PackagesPackage): the choice, sorted
 */
GPtrArray *packages_locked_resolve(const PackagesResolve *resolve, const ManifestLock *lock,
                                   PackagesLockedFlags flags, char **out_note,
                                   GCancellable *cancellable,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * packages_locked_fetch:
 * @manifest: whose repositories are tried, one after the other
 * @packages: (element-type PackagesPackage): as packages_fetch()
 * @cache_dir: as packages_fetch()
 * @progress: (nullable)
 * @cancellable: (nullable)
 * @error: a package that no repository has any more, with its digest and where to look
 *
 * As packages_fetch(), for packages of a lock, whose mirror may be another one today.
 */
bool packages_locked_fetch(const Manifest *manifest, GPtrArray *packages, const char *cache_dir,
                           const BaseProgress *progress, GCancellable *cancellable,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
