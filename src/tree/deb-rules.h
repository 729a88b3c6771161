/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/sandbox.h"
#include "packages/import.h"
#include "tree/error.h"

G_BEGIN_DECLS

/**
 * TreeDebRules:
 * @binds: (array zero-terminated): what to mount for scripts to be others
 *
 * Maintainer scripts that rules (atoll-script-rules(5)) leave out, replace or allow to fail: other
 * files are mounted over them while they run, so that dpkg's database keeps the package's own.
 */
typedef struct {
    BaseSandboxBind *binds;
    GPtrArray *paths; /* owned: what @binds borrows */
} TreeDebRules;

void tree_deb_rules_clear(TreeDebRules *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(TreeDebRules, tree_deb_rules_clear)

/**
 * tree_deb_rules_prepare:
 * @imported: (element-type PackagesImported): debs whose scripts will run
 * @root: the mounted tree
 * @scratch: a directory outside of it, for the other files
 * @out_rules: (out): what to mount
 * @error: return location
 */
bool tree_deb_rules_prepare(GPtrArray *imported, const char *root, const char *scratch,
                            TreeDebRules *out_rules, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
