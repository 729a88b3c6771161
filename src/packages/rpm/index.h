/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "packages/rpm/metadata.h"

#include <solv/repo.h>
#include <stdio.h>

G_BEGIN_DECLS

/**
 * packages_rpm_index_load:
 * @metadata: a repository whose "primary" was fetched
 * @repo: an empty repo of a pool of DISTTYPE_RPM
 * @error: %PACKAGES_ERROR_INVALID, %PACKAGES_ERROR_DIGEST
 *
 * Fills @repo from the primary metadata, or from the copy of it in libsolv's own form.
 */
bool packages_rpm_index_load(const PackagesRpmMetadata *metadata, Repo *repo,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** packages_rpm_index_load_files: adds to the packages of @repo what files they have */
bool packages_rpm_index_load_files(const PackagesRpmMetadata *metadata, Repo *repo,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * packages_rpm_index_parse:
 * @repo: an empty repo of a pool of DISTTYPE_RPM
 * @text: a primary.xml, read to its end
 * @error: %PACKAGES_ERROR_INVALID
 */
bool packages_rpm_index_parse(Repo *repo, FILE *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
