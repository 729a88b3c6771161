/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>

G_BEGIN_DECLS

/** provision_unpack_is_packed: whether @bytes begin as gzip or zstd do */
bool provision_unpack_is_packed(GBytes *bytes);

/**
 * provision_unpack:
 * @bytes: gzip or zstd, by their first bytes; hostile
 * @max_bytes: of the result: more is an error, found before the memory is taken
 * @error: %PROVISION_ERROR_INVALID
 */
GBytes *provision_unpack(GBytes *bytes, size_t max_bytes, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_unpack_base64: (nullable): what @bytes stand for, if they are base64 as a whole (white
 * space is passed over), else %NULL */
GBytes *provision_unpack_base64(GBytes *bytes);

G_END_DECLS
