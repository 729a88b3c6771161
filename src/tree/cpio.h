/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tree/error.h"

#include <stdbool.h>
#include <stddef.h>

G_BEGIN_DECLS

/**
 * tree_cpio_list:
 * @data: an uncompressed cpio archive of the "newc" form (kernel,
 *   Documentation/driver-api/early-userspace/buffer-format.rst)
 * @size_bytes: its length
 * @names: (element-type utf8): a set that owns its keys; gets the entries' names, without
 *   leading "./" or "/"
 * @error: %TREE_ERROR_FAILED with the offset of what is malformed
 */
bool tree_cpio_list(const char *data, size_t size_bytes, GHashTable *names,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
