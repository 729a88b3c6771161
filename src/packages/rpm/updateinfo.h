/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manifest/manifest.h"
#include "packages/package.h"

#include <stdbool.h>

G_BEGIN_DECLS

/**
 * packages_rpm_updateinfo_open:
 * @repo: an rpm-md repository
 * @cache_dir: where its metadata was fetched to
 * @out_fd: its updateinfo.xml, verified and unpacked; -1 when the repository has none
 * @out_time_s: (optional): date of the repository's metadata, since the epoch
 * @error: %PACKAGES_ERROR_INVALID, %PACKAGES_ERROR_DIGEST, or what is missing from @cache_dir
 *
 * Asks no server.
 */
bool packages_rpm_updateinfo_open(const ManifestRepo *repo, const char *cache_dir, int *out_fd,
                                  int64_t *out_time_s, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * packages_rpm_updateinfo_mended:
 * @manifest: with the repositories
 * @cache_dir: where their metadata was fetched to
 * @packages: (element-type PackagesPackage)
 * @error: as packages_rpm_updateinfo_open()
 *
 * Security advisories that name one of @packages in exactly its version as what mends them.
 *
 * Returns: (transfer full): %MANIFEST_LOCK_ADVISORIES_TYPE, sorted by id, none twice
 */
GVariant *packages_rpm_updateinfo_mended(const Manifest *manifest, const char *cache_dir,
                                         const GPtrArray *packages,
                                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
