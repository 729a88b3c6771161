/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tree/sbom-read.h"

G_BEGIN_DECLS

/**
 * TreeChange:
 * @TREE_CHANGE_ADDED: only in the new commit
 * @TREE_CHANGE_REMOVED: only in the old one
 * @TREE_CHANGE_UPGRADED: of packages: a newer version
 * @TREE_CHANGE_DOWNGRADED: of packages: an older version
 * @TREE_CHANGE_CHANGED: of packages the same version with other contents; of files other contents
 *   or metadata
 */
typedef enum {
    TREE_CHANGE_ADDED,
    TREE_CHANGE_REMOVED,
    TREE_CHANGE_UPGRADED,
    TREE_CHANGE_DOWNGRADED,
    TREE_CHANGE_CHANGED,
} TreeChange;

/** tree_change_name: "added" */
const char *tree_change_name(TreeChange change);

/**
 * TreePackageChange:
 * @change: what became of it
 * @old: (borrowed) (nullable): the package in the old commit
 * @new: (borrowed) (nullable): the package in the new one
 * @changelog: (owned) (nullable): what its changelog says of the versions between
 */
typedef struct {
    TreeChange change;
    const TreeSbomPackage *old;
    const TreeSbomPackage *new;
    char *changelog;
} TreePackageChange;

/**
 * TreeFileChange:
 * @change: added, removed or changed
 * @path: (owned): without leading slash
 * @old_bytes: its size in the old commit
 * @new_bytes: its size in the new one
 */
typedef struct {
    TreeChange change;
    char *path;
    uint64_t old_bytes;
    uint64_t new_bytes;
} TreeFileChange;

/**
 * TreeTextChange:
 * @change: added or removed
 * @text: (owned): what
 */
typedef struct {
    TreeChange change;
    char *text;
} TreeTextChange;

/**
 * TreeDifference:
 * @old_packages: (owned) (element-type TreeSbomPackage)
 * @new_packages: (owned) (element-type TreeSbomPackage)
 * @packages: (owned) (element-type TreePackageChange): by name
 * @files: (owned) (element-type TreeFileChange): by path; no directories
 * @users: (owned) (element-type TreeTextChange): "NAME (id)"
 * @groups: (owned) (element-type TreeTextChange): "NAME (id)"
 * @units: (owned) (element-type TreeTextChange): "UNIT (TARGET)" that are started by themselves
 * @old_bytes: bytes of all files, each object once
 * @new_bytes: likewise
 *
 * What differs between two commits.
 */
typedef struct {
    GPtrArray *old_packages;
    GPtrArray *new_packages;
    GPtrArray *packages;
    GPtrArray *files;
    GPtrArray *users;
    GPtrArray *groups;
    GPtrArray *units;
    uint64_t old_bytes;
    uint64_t new_bytes;
} TreeDifference;

/** tree_difference_new: (transfer full): what differs between commits @old and @new */
TreeDifference *tree_difference_new(TreeInspect *old, TreeInspect *new,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

void tree_difference_free(TreeDifference *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TreeDifference, tree_difference_free)

G_END_DECLS
