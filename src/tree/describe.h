/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manifest/lock.h"
#include "manifest/manifest.h"
#include "tree/users.h"

G_BEGIN_DECLS

/**
 * TreeParent:
 * @commit: (owned) (nullable): the branch's last commit
 * @metadata: (owned) (nullable): its a{sv}
 * @timestamp_s: its time
 */
typedef struct {
    char *commit;
    GVariant *metadata;
    uint64_t timestamp_s;
} TreeParent;

void tree_parent_clear(TreeParent *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(TreeParent, tree_parent_clear)

/** tree_parent_text: (nullable): a string of the parent's metadata */
const char *tree_parent_text(const TreeParent *self, const char *key);

/** TREE_DESCRIBE_MANIFEST_KEY: commit metadata: digest of the manifest */
#define TREE_DESCRIBE_MANIFEST_KEY "atoll.manifest-digest"

/** TREE_DESCRIBE_INPUTS_KEY: commit metadata: digest of all that went into the compose */
#define TREE_DESCRIBE_INPUTS_KEY "atoll.inputs"

/**
 * tree_describe_inputs:
 * @manifest: the manifest
 * @packages: (element-type PackagesPackage): what it resolved to
 * @public_key: base64 of the signing key
 *
 * Returns: (transfer full): digest in hex; the same digest means the same tree
 */
char *tree_describe_inputs(const Manifest *manifest, GPtrArray *packages, const char *public_key);

/**
 * tree_describe_version:
 * @prefix: (nullable): automatic-version-prefix; "<date:FORMAT>" is strftime(3) in UTC
 * @suffix: (nullable): automatic-version-suffix; "." unless said
 * @last: (nullable): version of the last commit
 * @now: the time
 *
 * rpm-ostree's rule: the prefix itself first (with a date in it PREFIX.0), then PREFIX.1,
 * PREFIX.2, and so on.
 *
 * Returns: (transfer full): the next version
 */
char *tree_describe_version(const char *prefix, const char *suffix, const char *last,
                            GDateTime *now);

/**
 * TreeDescription:
 * @manifest: the manifest
 * @packages: (element-type PackagesPackage): what is in the tree
 * @ids: users and groups
 * @inputs: as tree_describe_inputs()
 * @version: the commit's version
 * @kernel: (nullable): kernel version
 * @manifest_text: the flattened manifest as JSON
 * @lock: (nullable): the packages as a lock, with repositories and advisories
 * @again: (nullable): a{sv} of the commit that is made again, whose repositories and advisories
 *   count
 * @lock_digest: (nullable): SHA-256 of the lock, in hex
 * @sbom_digest: SHA-256 of the SBOM with files, in hex
 */
typedef struct {
    const Manifest *manifest;
    GPtrArray *packages;
    const TreeUsersMap *ids;
    const char *inputs;
    const char *version;
    const char *kernel;
    const char *manifest_text;
    const ManifestLock *lock;
    GVariant *again;
    const char *lock_digest;
    const char *sbom_digest;
} TreeDescription;

/** tree_describe_metadata: (transfer full): a{sv} of the commit */
GVariant *tree_describe_metadata(const TreeDescription *self);

/** tree_describe_detached: (transfer full): a{sv} for the commit's detached metadata */
GVariant *tree_describe_detached(const TreeDescription *self);

G_END_DECLS
