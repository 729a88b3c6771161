/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manifest/lock.h"
#include "manifest/manifest.h"
#include "packages/import.h"
#include "store/sign.h"
#include "tree/error.h"

G_BEGIN_DECLS

/** TREE_ACCOUNT_SBOM: in the tree: the SBOM without files */
#define TREE_ACCOUNT_SBOM "usr/share/atoll/sbom.spdx.json"
/** TREE_ACCOUNT_MANIFEST_KEY: commit metadata: the flattened manifest as JSON, files by their
 * digests: the text whose SHA-256 is atoll.manifest-digest */
#define TREE_ACCOUNT_MANIFEST_KEY "atoll.manifest"

/** TREE_ACCOUNT_LOCK_KEY: commit metadata: SHA-256 of the lock, in hex */
#define TREE_ACCOUNT_LOCK_KEY "atoll.lock-digest"

/** TREE_ACCOUNT_SBOM_KEY: commit metadata: SHA-256 of the SBOM with files, in hex */
#define TREE_ACCOUNT_SBOM_KEY "atoll.sbom-digest"
/** In the published repo: extensions/atoll/COMMIT/… */
#define TREE_ACCOUNT_BESIDE "extensions/atoll"
#define TREE_ACCOUNT_BESIDE_SBOM "sbom.spdx.json.zst"
#define TREE_ACCOUNT_BESIDE_LOCK "lock.json.zst"
#define TREE_ACCOUNT_BESIDE_PROVENANCE "provenance.dsse.json"

/**
 * TreeAccount:
 *
 * What accounts for a commit, on its way: gathered beside the scripts, put into the tree,
 * finished with the tree, signed with the commit.
 */
typedef struct _TreeAccount TreeAccount;

/**
 * tree_account_new:
 * @store: the store
 * @manifest: what is composed
 * @imported: (element-type PackagesImported): of which packages
 * @inputs: digest of all inputs
 *
 * All borrowed. Returns: (transfer full): an account
 */
TreeAccount *tree_account_new(const Store *store, const Manifest *manifest,
                              const GPtrArray *imported, const char *inputs);

void tree_account_free(TreeAccount *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TreeAccount, tree_account_free)

/**
 * tree_account_gather:
 * @self: an account
 * @merged: the packages' files, as they were merged
 * @n_workers: threads at most
 * @cancellable: (nullable)
 * @error: return location
 *
 * Digests files, those of a tree that is not finished yet. May run beside other work that reads
 * the repo.
 */
bool tree_account_gather(TreeAccount *self, StoreNode *merged, unsigned n_workers,
                         GCancellable *cancellable, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * tree_account_put:
 * @self: an account that was gathered
 * @root: the finished tree
 * @cancellable: (nullable)
 * @error: return location
 *
 * Reads what the packages say of themselves, their licences too. Puts the SBOM without files into
 * the tree. It depends on nothing but the packages and the branch's name.
 */
bool tree_account_put(TreeAccount *self, StoreNode *root, GCancellable *cancellable,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** tree_account_manifest: (transfer none): the manifest's text for the commit's metadata; of an
 * account that was put */
const char *tree_account_manifest(const TreeAccount *self);

/**
 * tree_account_set_lock:
 * @self: an account
 * @lock: the lock that describes the packages
 *
 * Returns: (transfer none): its SHA-256 in hex, for the commit's metadata
 */
const char *tree_account_set_lock(TreeAccount *self, const ManifestLock *lock);

/** tree_account_set_detached: a{sv} that comes into the commit's detached metadata as well */
void tree_account_set_detached(TreeAccount *self, GVariant *detached);

/**
 * tree_account_finish:
 * @self: an account that was put
 * @root: the tree, as it will be committed
 * @version: of the commit
 * @timestamp_s: its time
 * @cancellable: (nullable)
 * @error: return location
 *
 * Makes the SBOM with files.
 *
 * Returns: (transfer none): its SHA-256 in hex, for the commit's metadata
 */
const char *tree_account_finish(TreeAccount *self, StoreNode *root, const char *version,
                                uint64_t timestamp_s, GCancellable *cancellable,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * tree_account_sign:
 * @self: an account that was finished
 * @commit: the commit in the build repo
 * @key: signs
 * @cancellable: (nullable)
 * @error: return location
 *
 * Adds signed provenance to the commit's detached metadata, and writes it, SBOM and lock beside
 * the published repo's objects. Nothing is synced: store_export_commit() does.
 */
bool tree_account_sign(TreeAccount *self, const char *commit, const StoreKey *key,
                       GCancellable *cancellable, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
