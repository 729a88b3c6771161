/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "packages/package.h"
#include "tree/inspect.h"

G_BEGIN_DECLS

/**
 * TreeVerifyInput:
 * @commit: the commit
 * @state_dir: state directory whose cache may have its packages
 * @scratch: directory for what is made of it
 *
 * What a commit says it was made of. All borrowed.
 */
typedef struct {
    TreeInspect *commit;
    const char *state_dir;
    const char *scratch;
} TreeVerifyInput;

/**
 * tree_verify_input_packages:
 * @error: %TREE_ERROR_NOT_FOUND names a package that is neither in the cache nor has a place in
 *   the commit's provenance
 *
 * Returns: (transfer full) (element-type PackagesPackage): the commit's packages
 */
GPtrArray *tree_verify_input_packages(const TreeVerifyInput *self,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** tree_verify_input_key: (transfer full): base64 of the signing key that the tree trusts */
char *tree_verify_input_key(const TreeVerifyInput *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * tree_verify_input_manifest:
 * @error: %TREE_ERROR_NOT_FOUND when an added file is not in the tree as it was added
 *
 * Writes the commit's manifest to the scratch directory, with the files that it adds.
 *
 * Returns: (transfer full): its path
 */
char *tree_verify_input_manifest(const TreeVerifyInput *self,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** tree_verify_input_check_manifest: (transfer full): @path, if it is the manifest of the commit */
char *tree_verify_input_check_manifest(const TreeVerifyInput *self, const char *path,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
