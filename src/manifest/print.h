/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manifest/manifest.h"

G_BEGIN_DECLS

/**
 * manifest_print_for_digest:
 * @self: a manifest
 * @error: a file that it names cannot be read; with the place
 *
 * As manifest_to_json(), but files and keyrings by the digest of what they hold instead of
 * their path: the same on every machine.
 *
 * Returns: (transfer full): JSON
 */
char *manifest_print_for_digest(const Manifest *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
