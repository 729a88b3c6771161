/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tree/error.h"

#include <stdbool.h>

G_BEGIN_DECLS

/**
 * tree_rpm_root_enter:
 * @path: a mount point
 * @error: return location
 *
 * Makes @path the process's root, lets go of everything outside it, and gives up for good the
 * power to mount: nothing that this process or its children do reaches out of it. Nobody may
 * look into the process afterwards (PR_SET_DUMPABLE).
 */
bool tree_rpm_root_enter(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
