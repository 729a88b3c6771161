/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "packages/error.h"

#include <stdbool.h>
#include <stdint.h>

G_BEGIN_DECLS

/**
 * PackagesRelease:
 *
 * A parsed Release file: the list of a suite's index files with their digests.
 */
typedef struct _PackagesRelease PackagesRelease;

/**
 * PackagesReleaseEntry:
 * @path: (borrowed from the query): path below the Release file's directory
 * @sha256: its digest in lower-case hex
 * @size_bytes: its size
 */
typedef struct {
    const char *path;
    char sha256[65];
    uint64_t size_bytes;
} PackagesReleaseEntry;

/**
 * packages_release_parse:
 * @text: contents of a Release file, its signature verified and removed
 * @error: %PACKAGES_ERROR_INVALID: no SHA256 list, a bad date, or no deb822
 *
 * Returns: (transfer full): the release
 */
PackagesRelease *packages_release_parse(GBytes *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;

void packages_release_free(PackagesRelease *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PackagesRelease, packages_release_free)

/**
 * packages_release_check_suite:
 * @self: a release
 * @suite: the suite that was asked for
 * @error: %PACKAGES_ERROR_INVALID when @self names itself otherwise
 */
bool packages_release_check_suite(const PackagesRelease *self, const char *suite,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * packages_release_check_expiry:
 * @self: a release
 * @now_seconds: the time, since the epoch
 * @error: %PACKAGES_ERROR_INVALID when Valid-Until lies before @now_seconds
 */
bool packages_release_check_expiry(const PackagesRelease *self, int64_t now_seconds,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** packages_release_date: when it was made, since the epoch; 0 when it does not say */
int64_t packages_release_date(const PackagesRelease *self);

/** packages_release_has_by_hash: %TRUE if index files can be fetched by their digest */
bool packages_release_has_by_hash(const PackagesRelease *self);

/**
 * packages_release_has_all_index:
 * @self: a release
 *
 * Returns: %TRUE if packages of architecture "all" stand in an index of their own only
 */
bool packages_release_has_all_index(const PackagesRelease *self);

/** packages_release_find: finds the entry of @path; %FALSE when there is none */
bool packages_release_find(const PackagesRelease *self, const char *path,
                           PackagesReleaseEntry *out_entry);

G_END_DECLS
