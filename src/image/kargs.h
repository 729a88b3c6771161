/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * image_kargs_merge:
 * @root_uuid: UUID of the root file system
 * @wanted: (nullable): %NULL-terminated arguments of the user, "name" or "name=value"
 * @error: %IMAGE_ERROR_OPTION when one holds what the boot loader would take for its own syntax
 *
 * Returns: (transfer full): the defaults (root, rw, consoles) without those whose name the user
 *   gives himself, then the user's; "ro" and "rw" count as one name
 */
char **image_kargs_merge(const char *root_uuid, const char *const *wanted,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
