/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "packages/error.h"

#include <stdbool.h>
#include <stdint.h>

G_BEGIN_DECLS

#define PACKAGES_REPOMD_MAX_BYTES (4u << 20)

/**
 * PackagesRepomdRecord:
 * @type: (owned): "primary", "filelists", "group", "modules", "updateinfo", …
 * @location: (owned): path relative to the repository, without ".."
 * @sha256: (owned): digest of the file
 * @size_bytes: its size; 0 when it is not said
 * @open_sha256: (owned) (nullable): digest of what it unpacks to
 * @open_size_bytes: size of what it unpacks to; 0 when it is not said
 *
 * One metadata file of a repository.
 */
typedef struct {
    char *type;
    char *location;
    char *sha256;
    uint64_t size_bytes;
    char *open_sha256;
    uint64_t open_size_bytes;
} PackagesRepomdRecord;

/**
 * PackagesRepomd:
 * @records: (owned) (element-type PackagesRepomdRecord)
 * @time_s: newest timestamp in it, since the epoch; 0 when there is none
 *
 * The list of a repository's metadata files, repodata/repomd.xml.
 */
typedef struct {
    GPtrArray *records;
    int64_t time_s;
} PackagesRepomd;

/**
 * packages_repomd_parse:
 * @text: a repomd.xml
 * @error: %PACKAGES_ERROR_INVALID with the line: no XML, a type twice, a path that leaves the
 *   repository, a digest that is missing or weaker than SHA-256, sizes beyond reason
 *
 * Records of kinds that atoll does not read (databases, deltas, zchunk) are passed over.
 *
 * Returns: (transfer full): what it says
 */
PackagesRepomd *packages_repomd_parse(GBytes *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;

void packages_repomd_free(PackagesRepomd *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PackagesRepomd, packages_repomd_free)

/** packages_repomd_find: (transfer none) (nullable): the record of @type */
const PackagesRepomdRecord *packages_repomd_find(const PackagesRepomd *self, const char *type);

/**
 * packages_repomd_unpack:
 * @record: what is promised
 * @path: the fetched file, whose digest was checked
 * @scratch_dir: directory for a nameless temporary file
 * @error: %PACKAGES_ERROR_INVALID, %PACKAGES_ERROR_DIGEST when what comes out is not what was
 *   promised; it stops as soon as it is more
 *
 * Unpacks a metadata file (zstd, gzip, xz, bzip2 or plain).
 *
 * Returns: (transfer full): a descriptor of the text, at its start; -1 on error
 */
int packages_repomd_unpack(const PackagesRepomdRecord *record, const char *path,
                           const char *scratch_dir, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
