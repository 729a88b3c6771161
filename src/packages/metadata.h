/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/progress.h"
#include "packages/index.h"

G_BEGIN_DECLS

/**
 * packages_metadata_refresh:
 * @sources: (element-type PackagesSource): the suites; they must outlive the result
 * @cache_dir: directory for what is fetched, made when missing
 * @arch: Debian architecture
 * @progress: (nullable): bytes
 * @cancellable: (nullable)
 * @error: %PACKAGES_ERROR_SIGNATURE, %PACKAGES_ERROR_DIGEST, %PACKAGES_ERROR_INVALID (an expired or
 *   misnamed suite, a component that does not exist) or a fetch error; names the source
 *
 * Brings the indexes of all @sources up to date: Release files first, all at once, then
 * after their signatures are verified the Packages files that changed, all at once.
 *
 * Returns: (transfer full) (element-type PackagesIndex): the indexes, in the order of @sources
 */
GPtrArray *packages_metadata_refresh(const GPtrArray *sources, const char *cache_dir,
                                     const char *arch, const BaseProgress *progress,
                                     GCancellable *cancellable,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
