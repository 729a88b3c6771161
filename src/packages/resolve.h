/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/progress.h"
#include "manifest/manifest.h"
#include "packages/error.h"
#include "packages/package.h"
#include "store/store.h"

G_BEGIN_DECLS

/**
 * PackagesSnapshot:
 * @repo_id: (owned): ManifestRepo.id
 * @suite: (owned): its suite; "" where repositories have none
 * @time_s: date of its metadata, since the epoch; 0 when it says none
 *
 * State of a repository when its packages were chosen.
 */
typedef struct {
    char *repo_id;
    char *suite;
    int64_t time_s;
} PackagesSnapshot;

void packages_snapshot_free(PackagesSnapshot *self);

/**
 * PackagesResolve:
 * @manifest: what is wanted
 * @cache_dir: as in packages_resolve()
 * @arch: as in packages_resolve()
 * @pins: (nullable) (element-type PackagesPackage): versions to hold
 * @store: (nullable): what it has imported stands in for pins that repositories have no more
 * @snapshots: (nullable) (element-type PackagesSnapshot): gets the repositories' states
 * @progress: (nullable)
 *
 * What to choose packages by. All borrowed.
 */
typedef struct {
    const Manifest *manifest;
    const char *cache_dir;
    const char *arch;
    const GPtrArray *pins;
    const Store *store;
    GPtrArray *snapshots;
    const BaseProgress *progress;
} PackagesResolve;

/** packages_resolve_pinned: as packages_resolve(), with some packages held at their version */
GPtrArray *packages_resolve_pinned(const PackagesResolve *self, GCancellable *cancellable,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * packages_resolve:
 * @manifest: what is wanted
 * @cache_dir: directory for repository metadata, made when missing; safe to delete
 * @arch: Debian architecture ("amd64")
 * @progress: (nullable): phases "metadata" and "solving"
 * @cancellable: (nullable)
 * @error: %PACKAGES_ERROR_SIGNATURE, %PACKAGES_ERROR_DIGEST, %PACKAGES_ERROR_UNSOLVABLE (in words,
 *   naming the manifest's line) or a fetch error
 *
 * Refreshes the metadata of the manifest's repositories (InRelease against its keyring, then
 * Packages by digest), and chooses packages: all that are Essential or of required priority,
 * what the manifest names, and what these depend on; Recommends when the manifest wants them.
 *
 * Returns: (transfer full) (element-type PackagesPackage): the choice, sorted by name, then
 *   architecture; the array frees its elements
 */
GPtrArray *packages_resolve(const Manifest *manifest, const char *cache_dir, const char *arch,
                            const BaseProgress *progress, GCancellable *cancellable,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * packages_fetch:
 * @packages: (element-type PackagesPackage): those whose file is needed
 * @cache_dir: directory of package files by digest ("SHA256.deb", "SHA256.rpm"), made when missing
 * @progress: (nullable): bytes
 * @cancellable: (nullable)
 * @error: %PACKAGES_ERROR_DIGEST or a fetch error
 *
 * Brings the files of @packages to this machine and sets their @path. Files of file: URLs
 * are used where they are, unread (their importer checks the digest while it streams).
 */
bool packages_fetch(GPtrArray *packages, const char *cache_dir, const BaseProgress *progress,
                    GCancellable *cancellable, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
