/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tree/error.h"

#include <rpm/header.h>
#include <stdbool.h>

G_BEGIN_DECLS

/**
 * tree_rpm_owners_apply:
 * @header: a package whose files are in place below /
 * @states: one byte a file, as tree_rpm_files_states()
 * @folders: (element-type utf8): set of directories that packages before this one have; gets
 *   this one's
 * @out_missing: (transfer full) (nullable): a user or group that does not exist; nothing is
 *   changed then
 * @error: return location
 *
 * Gives files to the owners that the header names, by the root's own /etc/passwd and
 * /etc/group, and to directories the mode of the first package that has them.
 */
bool tree_rpm_owners_apply(Header header, GBytes *states, GHashTable *folders, char **out_missing,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
