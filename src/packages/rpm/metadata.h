/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/progress.h"
#include "manifest/manifest.h"
#include "packages/rpm/repomd.h"

G_BEGIN_DECLS

/**
 * PackagesRpmMetadata:
 * @repo: (borrowed): the repository
 * @bases: (owned) (element-type utf8): URLs of it that may be fetched from, without "/" at
 *   their ends; the one that its repomd.xml came from is the first
 * @repomd: (owned): what it has
 * @keys: (owned) (nullable): OpenPGP keys, binary, one of which must have signed each package
 * @dir: (owned): where its metadata files are kept, by digest
 *
 * A repository whose repomd.xml is verified.
 */
typedef struct {
    const ManifestRepo *repo;
    GPtrArray *bases;
    PackagesRepomd *repomd;
    GBytes *keys;
    char *dir;
} PackagesRpmMetadata;

void packages_rpm_metadata_free(PackagesRpmMetadata *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PackagesRpmMetadata, packages_rpm_metadata_free)

/**
 * packages_rpm_metadata_refresh:
 * @repo: an rpm-md repository; must outlive the result
 * @cache_dir: directory for what is fetched, made when missing
 * @progress: (nullable): bytes
 * @cancellable: (nullable)
 * @error: %PACKAGES_ERROR_SIGNATURE, %PACKAGES_ERROR_DIGEST, %PACKAGES_ERROR_INVALID or a fetch
 *   error, of the first mirror; names the repository
 *
 * Fetches the list of mirrors, then repomd.xml from the first of them that has one which the
 * metalink and the keys agree with.
 *
 * Returns: (transfer full): what the repository is
 */
PackagesRpmMetadata *packages_rpm_metadata_refresh(const ManifestRepo *repo, const char *cache_dir,
                                                   const BaseProgress *progress,
                                                   GCancellable *cancellable,
                                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * packages_rpm_metadata_cached:
 * @repo: an rpm-md repository; must outlive the result
 * @cache_dir: where packages_rpm_metadata_refresh() has kept its repomd.xml
 * @error: as packages_rpm_metadata_refresh(); that nothing is kept
 *
 * What was the last to verify, verified again; no server is asked.
 *
 * Returns: (transfer full): what the repository was
 */
PackagesRpmMetadata *packages_rpm_metadata_cached(const ManifestRepo *repo, const char *cache_dir,
                                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * packages_rpm_metadata_fetch:
 * @self: a repository
 * @types: %NULL-terminated: metadata to bring; what the repository has not got is passed over
 * @progress: (nullable): bytes
 * @cancellable: (nullable)
 * @error: as packages_rpm_metadata_refresh()
 *
 * Brings metadata files to this machine, from one mirror after the other.
 */
bool packages_rpm_metadata_fetch(const PackagesRpmMetadata *self, const char *const *types,
                                 const BaseProgress *progress, GCancellable *cancellable,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** packages_rpm_metadata_path: (transfer full): where a fetched metadata file is */
char *packages_rpm_metadata_path(const PackagesRpmMetadata *self,
                                 const PackagesRepomdRecord *record);

/**
 * packages_rpm_metadata_open:
 * @self: a repository whose @type was fetched
 * @type: "primary", …
 * @error: %PACKAGES_ERROR_INVALID, %PACKAGES_ERROR_DIGEST
 *
 * Returns: (transfer full): a descriptor of the unpacked and verified text; -1 on error
 */
int packages_rpm_metadata_open(const PackagesRpmMetadata *self, const char *type,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
