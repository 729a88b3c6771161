/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tree/inspect.h"

G_BEGIN_DECLS

/**
 * tree_verify_account_keys:
 * @text: base64 of ed25519 public keys, one a line
 * @size_bytes: its length
 * @error: %TREE_ERROR_FAILED names the line
 *
 * Returns: (transfer full) (element-type GBytes): the keys
 */
GPtrArray *tree_verify_account_keys(const char *text, size_t size_bytes,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * tree_verify_account:
 * @commit: a commit
 * @public_keys: (element-type GBytes): who is trusted
 * @error: %TREE_ERROR_SIGNATURE says what does not hold; %TREE_ERROR_NOT_FOUND what is missing
 *
 * Checks that a trusted key signed provenance of this very commit, and that SBOMs, manifest and
 * provenance tell the same: the digest of the SBOM with files, the manifest's digest, and the
 * digest of each package.
 */
bool tree_verify_account(TreeInspect *commit, GPtrArray *public_keys,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
