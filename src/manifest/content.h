/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manifest/manifest.h"

G_BEGIN_DECLS

/**
 * manifest_content_digest:
 * @path: a file or directory that a manifest names
 * @place: where the manifest names it
 * @error: %MANIFEST_ERROR_INVALID, with the place: it does not exist, cannot be read, or
 *   holds something that is no file, directory or symbolic link
 *
 * Digests what goes into a tree: of files the contents and whether they are executable, of
 * links the target, of directories all that is in them, by name. Owners, times and the
 * other permission bits differ from one checkout to the next and do not count.
 *
 * Returns: (transfer full): SHA-256 in hex
 */
char *manifest_content_digest(const char *path, const ManifestPlace *place,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
