/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/tree.h"

G_BEGIN_DECLS

/**
 * support_scratch_repo_fd:
 *
 * Returns: directory descriptor of a bare-user repo that lasts until the process exits
 */
int support_scratch_repo_fd(void);

/** support_check_tree: aborts unless every name in @root can be a file's name and nothing lies
 * too deep to be loaded again */
void support_check_tree(const StoreNode *root);

G_END_DECLS
