/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/tree.h"

G_BEGIN_DECLS

/**
 * tree_privileged_list:
 * @root: a tree
 *
 * Finds what runs with more rights than its caller's: set-uid and set-gid programs, and those
 * with capabilities.
 *
 * Returns: (transfer full) (element-type utf8): "usr/bin/su 4755", "usr/bin/ping 0755
 *   capabilities", sorted by path; with " PACKAGE" at the end where one brought it
 */
GPtrArray *tree_privileged_list(StoreNode *root);

G_END_DECLS
