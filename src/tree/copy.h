/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tree/error.h"

#include <stdbool.h>

G_BEGIN_DECLS

/**
 * tree_copy_into:
 * @root: directory of a mounted tree
 * @source: a file, link or directory outside
 * @target: absolute path in the tree
 * @error: return location
 *
 * Copies @source to @target as root-owned files with the source's permission bits; links of
 * the tree on the way to @target are resolved inside the tree.
 */
bool tree_copy_into(const char *root, const char *source, const char *target,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
