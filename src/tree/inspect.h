/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "packages/import.h"
#include "store/tree.h"
#include "tree/error.h"
#include "tree/os-release.h"

G_BEGIN_DECLS

/**
 * TreeInspect:
 *
 * A commit to look at, of a state directory (without its lock: objects never change) or of any
 * OSTree repository.
 */
typedef struct _TreeInspect TreeInspect;

/**
 * tree_inspect_open:
 * @state_dir: the state directory
 * @repo: (nullable): path of a repository to look into instead of the state's
 * @rev: branch or commit
 * @error: %TREE_ERROR_NOT_FOUND when there is no such repository, branch or commit
 *
 * Returns: (transfer full): the commit
 */
TreeInspect *tree_inspect_open(const char *state_dir, const char *repo, const char *rev,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

void tree_inspect_free(TreeInspect *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TreeInspect, tree_inspect_free)

/** tree_inspect_commit: its checksum in hex */
const char *tree_inspect_commit(const TreeInspect *self);

/** tree_inspect_parent: (nullable): checksum of the commit before it */
const char *tree_inspect_parent(const TreeInspect *self);

/** tree_inspect_time: its time, since the epoch */
uint64_t tree_inspect_time(const TreeInspect *self);

/** tree_inspect_metadata: its a{sv} */
GVariant *tree_inspect_metadata(const TreeInspect *self);

/** tree_inspect_text: (nullable): a string of its metadata */
const char *tree_inspect_text(const TreeInspect *self, const char *key);

/**
 * tree_inspect_tree:
 * @self: a commit
 * @error: return location
 *
 * Returns: (transfer none): its tree, loaded once; owners of nodes are not set
 */
StoreNode *tree_inspect_tree(TreeInspect *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * tree_inspect_read:
 * @self: a commit
 * @path: of a regular file, "usr/lib/os-release"
 * @max_bytes: larger ones are refused
 * @error: %TREE_ERROR_NOT_FOUND
 *
 * Returns: (transfer full): the file
 */
GBytes *tree_inspect_read(TreeInspect *self, const char *path, size_t max_bytes,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** tree_inspect_read_object: (transfer full): as tree_inspect_read(), of a node of the tree */
GBytes *tree_inspect_read_object(TreeInspect *self, const StoreNode *node, size_t max_bytes,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * tree_inspect_sbom:
 * @self: a commit
 * @error: %TREE_ERROR_NOT_FOUND; %TREE_ERROR_SIGNATURE when it is not the one that the commit
 *   names by its digest
 *
 * Returns: (transfer full): the SBOM with files, which lies beside the repository's objects
 */
GBytes *tree_inspect_sbom(TreeInspect *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** tree_inspect_lock: (transfer full): the text of the lock that its packages come to, checked as
 * the SBOM is */
GBytes *tree_inspect_lock(TreeInspect *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** tree_inspect_provenance: (transfer full): the signed envelope out of the commit's detached
 * metadata; %TREE_ERROR_NOT_FOUND */
GBytes *tree_inspect_provenance(TreeInspect *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * tree_inspect_imported:
 * @self: a commit
 * @package: a package of it: format, name, version, architecture and digest
 *
 * Returns: (transfer full) (nullable): the package as the state directory imported it, if it is
 *   still there
 */
PackagesImported *tree_inspect_imported(TreeInspect *self, const PackagesPackage *package);

/** tree_inspect_objects_fd: directory descriptor of the repository that contents are read from */
int tree_inspect_objects_fd(const TreeInspect *self);

/** tree_inspect_os_release: reads what the tree says it is into @out_os (cleared by the caller) */
bool tree_inspect_os_release(TreeInspect *self, TreeOsRelease *out_os,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
