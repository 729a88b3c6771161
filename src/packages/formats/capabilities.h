/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * packages_capabilities_parse:
 * @text: a file's capabilities in the form of cap_from_text(3) ("cap_net_raw=ep")
 * @error: %PACKAGES_ERROR_INVALID
 *
 * Returns: (transfer full): what security.capability holds for them (struct vfs_cap_data of
 *   linux/capability.h, revision 2)
 */
GBytes *packages_capabilities_parse(const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
