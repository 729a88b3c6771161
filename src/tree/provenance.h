/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "packages/facts.h"
#include "store/sign.h"
#include "tree/os-release.h"

G_BEGIN_DECLS

/** TREE_PROVENANCE_KEY: detached metadata of a commit: ay, the envelope compressed with zstd */
#define TREE_PROVENANCE_KEY "atoll.provenance.zst"
#define TREE_PROVENANCE_MAX_BYTES (32u << 20)

/**
 * TreeProvenance:
 * @ref: the branch
 * @version: of the commit
 * @commit: its checksum
 * @timestamp_s: its time
 * @manifest: the flattened manifest as JSON, files by their digests
 * @inputs: digest of all inputs
 * @sbom_sha256: digest of the SBOM with files
 * @os: what the tree says it is
 * @imported: (element-type PackagesImported): its packages
 * @facts: as many as @imported
 *
 * How a commit came to be. All borrowed.
 */
typedef struct {
    const char *ref;
    const char *version;
    const char *commit;
    uint64_t timestamp_s;
    const char *manifest;
    const char *inputs;
    const char *sbom_sha256;
    const TreeOsRelease *os;
    const GPtrArray *imported;
    const PackagesFacts *facts;
} TreeProvenance;

/**
 * tree_provenance_sign:
 * @self: what to state
 * @key: signs it
 * @error: return location
 *
 * An in-toto statement (v1) with SLSA provenance (v1) in a DSSE envelope (v1) as JSON. Subject
 * is the commit; a package's mirror is said here and not in the commit, since it may differ
 * from machine to machine.
 *
 * Returns: (transfer full): the envelope
 */
char *tree_provenance_sign(const TreeProvenance *self, const StoreKey *key,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * tree_provenance_open:
 * @envelope: a DSSE envelope
 * @size_bytes: its length
 * @public_keys: (element-type GBytes): ed25519 keys of which one must have signed it
 * @commit: (nullable): commit that has to be the subject
 * @error: %TREE_ERROR_SIGNATURE: nobody of these signed it, or it is about something else;
 *   %TREE_ERROR_FAILED: it is malformed
 *
 * Returns: (transfer full): the statement, which is JSON
 */
GBytes *tree_provenance_open(const char *envelope, size_t size_bytes, GPtrArray *public_keys,
                             const char *commit, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
