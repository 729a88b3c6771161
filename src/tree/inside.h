/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tree/error.h"

#include <stdbool.h>
#include <stddef.h>

G_BEGIN_DECLS

/*
 * Paths of a mounted tree: links on the way are resolved inside the tree, so that no package can
 * lead the way out of it.
 */

/**
 * tree_inside_remove:
 * @root: directory of the mounted tree
 * @path: relative to it
 * @error: return location
 *
 * Removes the file, link or empty directory at @path. A directory with something in it stays,
 * and what is not there is no error.
 */
bool tree_inside_remove(const char *root, const char *path,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * tree_inside_read:
 * @root: directory of the mounted tree
 * @path: of a regular file
 * @max_bytes: a larger file is an error
 * @error: return location
 *
 * Returns: (transfer full): its text
 */
char *tree_inside_read(const char *root, const char *path, size_t max_bytes,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** tree_inside_write: replaces the file at @path, whose directory is there */
bool tree_inside_write(const char *root, const char *path, const char *text,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** tree_inside_list: (transfer full) (element-type utf8): names in the directory @path, sorted;
 * none when there is no such directory */
GPtrArray *tree_inside_list(const char *root, const char *path);

G_END_DECLS
