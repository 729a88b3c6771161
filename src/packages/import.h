/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/progress.h"
#include "packages/format.h"
#include "store/store.h"
#include "store/tree.h"

G_BEGIN_DECLS

/**
 * PackagesImported:
 * @package: (borrowed): which package
 * @root: (owned): its files in the build repo; of a deb with dpkg's info/ files, of an rpm
 *   with paths as the package has them, all owned by ids 0 (@header has the owners' names)
 * @stanza: (owned) (nullable): of a deb its paragraph for dpkg's status file
 * @header: (owned) (nullable): of an rpm its main header as librpm's headerImport() takes it,
 *   with the tags that rpm merges from the signature header when it installs
 * @fresh_commit: (owned) (nullable): commit in the build repo when it was read anew
 *
 * A package whose contents are in the build repo.
 */
typedef struct {
    const PackagesPackage *package;
    StoreNode *root;
    char *stanza;
    GBytes *header;
    char *fresh_commit;
} PackagesImported;

void packages_imported_free(PackagesImported *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PackagesImported, packages_imported_free)

/**
 * PackagesImportStats:
 * @packages: how many were read from their files (the others were cached)
 * @bytes: uncompressed size of their files
 * @files: how many files
 */
typedef struct {
    uint64_t packages;
    uint64_t bytes;
    uint64_t files;
} PackagesImportStats;

/** packages_import_ref: (transfer full): the build repo's ref of an imported package:
 * atoll/pkg/FORMAT/NAME/VERSION.ARCH.DIGEST, odd bytes as _XX */
char *packages_import_ref(const PackagesPackage *package);

/**
 * packages_import_load:
 * @repo: a build repo, which need not be locked
 * @package: format, name, version, architecture and digest of a package
 *
 * Returns: (transfer full) (nullable): the package, if @repo has it
 */
PackagesImported *packages_import_load(OstreeRepo *repo, const PackagesPackage *package);

/**
 * packages_import_missing:
 * @store: the store
 * @packages: (element-type PackagesPackage)
 *
 * Returns: (transfer container): those of @packages that the build repo has not got, so whose
 *   files are needed
 */
GPtrArray *packages_import_missing(const Store *store, GPtrArray *packages);

/**
 * packages_import_keep:
 * @store: the store
 * @imported: (element-type PackagesImported)
 * @cancellable: (nullable)
 * @error: return location
 *
 * Makes what was read anew last: syncs the build repo, then writes the refs by which later
 * imports find it. May run beside other work that reads the repo.
 */
bool packages_import_keep(const Store *store, GPtrArray *imported, GCancellable *cancellable,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * packages_import:
 * @store: the store
 * @packages: (element-type PackagesPackage): with their path set where they are missing
 * @progress: (nullable): packages done
 * @out_stats: (out) (optional): what was read anew
 * @cancellable: (nullable)
 * @error: names the package; %PACKAGES_ERROR_DIGEST when a file is not what the index says
 *
 * Brings each package's contents into the build repo, all CPUs at once, each package once
 * in the life of the store.
 *
 * Returns: (transfer full) (element-type PackagesImported): in the order of @packages
 */
GPtrArray *packages_import(const Store *store, GPtrArray *packages, const BaseProgress *progress,
                           PackagesImportStats *out_stats, GCancellable *cancellable,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
