/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "packages/sources.h"

#include <solv/repo.h>
#include <stdio.h>

G_BEGIN_DECLS

/** PACKAGES_INDEX_BASE: key of a repo's SOLVID_META: names of Essential and required packages */
#define PACKAGES_INDEX_BASE "atoll:base"

/** PACKAGES_INDEX_PRIORITY: number of a solvable, 0 (required) to 4; absent means optional */
#define PACKAGES_INDEX_PRIORITY "atoll:priority"

#define PACKAGES_INDEX_PRIORITY_OPTIONAL 3

/**
 * PackagesIndex:
 * @source: (borrowed): the suite it belongs to
 * @path: (owned): a Packages file on this machine, compressed as its name ends
 * @sha256: (owned): digest of that file
 * @time_s: date of the suite's Release file; 0 when it has none
 *
 * One verified list of packages. Filename fields in it are relative to @source's URL.
 */
typedef struct {
    const PackagesSource *source;
    char *path;
    char *sha256;
    int64_t time_s;
} PackagesIndex;

void packages_index_free(PackagesIndex *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PackagesIndex, packages_index_free)

/**
 * packages_index_load:
 * @self: an index
 * @repo: an empty repo of a pool of DISTTYPE_DEB
 * @error: %PACKAGES_ERROR_INVALID names file, line and package
 *
 * Fills @repo. Reading the text of a whole distribution takes a second, so the result is kept
 * beside the index, under its digest, in libsolv's own form.
 */
bool packages_index_load(const PackagesIndex *self, Repo *repo,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * packages_index_parse:
 * @repo: an empty repo of a pool of DISTTYPE_DEB
 * @text: a Packages file's text, read to its end
 * @error: %PACKAGES_ERROR_INVALID names line and package
 *
 * Makes a solvable of each package: name, version, architecture, dependencies, and as
 * attributes source name, SHA-256, both sizes, location and priority.
 */
bool packages_index_parse(Repo *repo, FILE *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
